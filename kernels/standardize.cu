/* standardize.cu - weight standardisation on a GPU; see standardize.h. A block owns COLUMNS filters, which is one 32-byte sector of every
 * row, and its other threads share the rows. Sums are in double: there are few weights, and they are summed once a step. */
#include "kernels/standardize.h"
#include "kernels/reduce.cuh"

enum { COLUMNS = 8 };

/* What thread row 0 has of column threadIdx.x, in all threads of the column */
template <int N> static __device__ inline void share(pack<double, N> *v)
{
    __shared__ double kept[N][COLUMNS];
    __syncthreads();
    if (!threadIdx.y) for (int i = 0; i < N; i++) kept[i][threadIdx.x] = v->v[i];
    __syncthreads();
    for (int i = 0; i < N; i++) v->v[i] = kept[i][threadIdx.x];
}

/* Inside a kernel: every row i of this thread's column j */
#define EACH_ROW(rows, columns) \
    for (int64_t i = threadIdx.y; i < (rows) && j < (columns); i += blockDim.y)

static __global__ void forward(int64_t rows, int64_t columns, double eps, const real *w, int64_t ws, real *y, int64_t ys, real *mean, real *rstd)
{
    const int64_t j = (int64_t)blockIdx.x * COLUMNS + threadIdx.x;
    pack<double, 1> m = { }, q = { };
    EACH_ROW(rows, columns) m.v[0] += (double)w[i * ws + j];
    m = sum_over_y(m), share(&m);
    m.v[0] /= (double)rows;
    EACH_ROW(rows, columns) q.v[0] += ((double)w[i * ws + j] - m.v[0]) * ((double)w[i * ws + j] - m.v[0]);
    q = sum_over_y(q), share(&q);
    const real u = (real)m.v[0], r = (real)(1 / sqrt(q.v[0] / (double)rows + eps));
    if (!threadIdx.y && j < columns) mean[j] = u, rstd[j] = r;
    EACH_ROW(rows, columns) y[i * ys + j] = (w[i * ws + j] - u) * r;
}

void standardize_forward_cuda(const context *c, int64_t rows, int64_t columns, double eps, const real *w, int64_t ws, real *y, int64_t ys,
                              real *mean, real *rstd)
{
    LAUNCH(forward, blocks_for(columns, COLUMNS), dim3(COLUMNS, THREADS / COLUMNS), 0, c->stream, rows, columns, eps, w, ws, y, ys, mean, rstd);
}

static __global__ void backward(int64_t rows, int64_t columns, const real *w, int64_t ws, const real *gy, int64_t gys, const real *mean,
                                const real *rstd, real *gw, int add)
{
    const int64_t j = (int64_t)blockIdx.x * COLUMNS + threadIdx.x;
    const real m = j < columns ? mean[j] : 0, r = j < columns ? rstd[j] : 0;
    pack<double, 2> sum = { };                                 /* of gy and of gy * z */
    EACH_ROW(rows, columns) {
        const double g = (double)gy[i * gys + j];
        sum.v[0] += g, sum.v[1] += g * (double)((w[i * ws + j] - m) * r);
    }
    sum = sum_over_y(sum), share(&sum);
    const real a = (real)(sum.v[0] / (double)rows), b = (real)(sum.v[1] / (double)rows);
    EACH_ROW(rows, columns)
        gw[i * ws + j] = (add ? gw[i * ws + j] : 0) + r * (gy[i * gys + j] - a - (w[i * ws + j] - m) * r * b);
}

void standardize_backward_cuda(const context *c, int64_t rows, int64_t columns, const real *w, int64_t ws, const real *gy, int64_t gys,
                               const real *mean, const real *rstd, real *gw, int add)
{
    LAUNCH(backward, blocks_for(columns, COLUMNS), dim3(COLUMNS, THREADS / COLUMNS), 0, c->stream, rows, columns, w, ws, gy, gys, mean, rstd, gw,
           add);
}
