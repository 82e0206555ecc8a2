/* standardize.cu - weight standardisation on a GPU; see standardize.h. A block owns COLUMNS filters, which is one 32-byte sector of every
 * row, and its other threads share the rows. Sums are in double: there are few weights, and they are summed once a step. */
#include "kernels/standardize.h"
#include "kernels/reduce.cuh"

enum { COLUMNS = 8 };

/* v[] becomes the sum of v[] over the threads of a column, in all of them */
template <int N> static __device__ inline void column_sum(double (&v)[N])
{
    __shared__ double kept[N][COLUMNS];
    sum_over_y(v);
    if (!threadIdx.y) for (int i = 0; i < N; i++) kept[i][threadIdx.x] = v[i];
    __syncthreads();
    for (int i = 0; i < N; i++) v[i] = kept[i][threadIdx.x];
    __syncthreads();                                           /* `kept` may be written by the next sum */
}

/* Inside a kernel: every row i of this thread's column j */
#define EACH_ROW(rows, columns) \
    for (int64_t i = threadIdx.y; i < (rows) && j < (columns); i += blockDim.y)

static __global__ void forward(int64_t rows, int64_t columns, double eps, const real *w, int64_t ws, real *y, int64_t ys, real *mean, real *rstd)
{
    const int64_t j = (int64_t)blockIdx.x * COLUMNS + threadIdx.x;
    double m[1] = { }, q[1] = { };
    EACH_ROW(rows, columns) m[0] += (double)w[i * ws + j];
    column_sum(m);
    m[0] /= (double)rows;
    EACH_ROW(rows, columns) q[0] += ((double)w[i * ws + j] - m[0]) * ((double)w[i * ws + j] - m[0]);
    column_sum(q);
    const real u = (real)m[0], r = (real)(1 / sqrt(q[0] / (double)rows + eps));
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
    double sum[2] = { };                                       /* of gy and of gy * z */
    EACH_ROW(rows, columns) {
        const double g = (double)gy[i * gys + j];
        sum[0] += g, sum[1] += g * (double)((w[i * ws + j] - m) * r);
    }
    column_sum(sum);
    const real a = (real)(sum[0] / (double)rows), b = (real)(sum[1] / (double)rows);
    EACH_ROW(rows, columns)
        gw[i * ws + j] = (add ? gw[i * ws + j] : 0) + r * (gy[i * gys + j] - a - (w[i * ws + j] - m) * r * b);
}

void standardize_backward_cuda(const context *c, int64_t rows, int64_t columns, const real *w, int64_t ws, const real *gy, int64_t gys,
                               const real *mean, const real *rstd, real *gw, int add)
{
    LAUNCH(backward, blocks_for(columns, COLUMNS), dim3(COLUMNS, THREADS / COLUMNS), 0, c->stream, rows, columns, w, ws, gy, gys, mean, rstd, gw,
           add);
}
