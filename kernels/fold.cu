/* fold.cu - see fold.h. Threads walk the channels of the weights; each computes its channel's factor anew, which costs less than
 * bringing it. */
#include "kernels/fold.h"
#include "kernels/reduce.cuh"

static __global__ void fold(int64_t rows, int64_t channels, const real *w, int64_t ws, const real *b, fold_norm f, real *w2,
                            int64_t ys, real *b2)
{
    const int64_t n = rows * channels;
    for (int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; i < n; i += (int64_t)gridDim.x * blockDim.x) {
        const int64_t row = i / channels, k = i % channels;
        const double s = (double)f.gamma[k] / sqrt((double)f.var[k] + f.eps);
        w2[row * ys + k] = w[row * ws + k] * (real)s;
        if (!row) b2[k] = (real)(((b ? (double)b[k] : 0) - (double)f.mean[k]) * s + (double)f.beta[k]);
    }
}

void norm_fold_cuda(const context *c, int64_t rows, int64_t channels, const real *w, int64_t ws, const real *b, fold_norm f, real *w2,
                    int64_t ys, real *b2)
{
    LAUNCH(fold, dim3(blocks_for(rows * channels, THREADS)), dim3(THREADS), 0, c->stream, rows, channels, w, ws, b, f, w2, ys, b2);
}
