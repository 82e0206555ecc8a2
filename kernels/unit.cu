/* unit.cu - distance in direction on a GPU; see unit.h. A warp takes a pixel. */
#include "kernels/unit.h"
#include "kernels/vector.cuh"

#define EACH_PIXEL(pixels) \
    for (int64_t p = (int64_t)blockIdx.x * blockDim.y + threadIdx.y; p < (pixels); p += (int64_t)gridDim.x * blockDim.y)
#define EACH_CHANNEL(channels) for (int64_t k = threadIdx.x; k < (channels); k += 32)

static __device__ double length(int64_t channels, const real *x)
{
    double sum = 0;
    EACH_CHANNEL(channels) sum += (double)x[k] * (double)x[k];
    return sqrt(warp_sum(sum));
}

static __global__ void forward(int64_t pixels, int64_t channels, double eps, const real *a, int64_t as, const real *b, int64_t bs, real *y,
                               int64_t ys)
{
    EACH_PIXEL(pixels) {
        const real *u = a + p * as, *v = b + p * bs;
        const double r = 1 / (length(channels, u) + eps), q = 1 / (length(channels, v) + eps);
        EACH_CHANNEL(channels) {
            const double d = (double)u[k] * r - (double)v[k] * q;
            y[p * ys + k] = (real)(d * d);
        }
    }
}

static __global__ void backward(int64_t pixels, int64_t channels, double eps, const real *mine, int64_t ms, const real *other, int64_t os,
                                const real *gy, int64_t gys, real *g, int add)
{
    EACH_PIXEL(pixels) {
        const real *u = mine + p * ms, *v = other + p * os, *slope = gy + p * gys;
        const double r = length(channels, u), i = 1 / (r + eps), j = 1 / (length(channels, v) + eps);
        double dot = 0;
        EACH_CHANNEL(channels) dot += 2 * ((double)u[k] * i - (double)v[k] * j) * (double)slope[k] * (double)u[k];
        dot = warp_sum(dot);
        EACH_CHANNEL(channels) {
            const double pull = 2 * ((double)u[k] * i - (double)v[k] * j) * (double)slope[k];
            g[p * ms + k] = (add ? g[p * ms + k] : 0) + (real)unit_slope((double)u[k], pull, dot, r, eps);
        }
    }
}

#define LAUNCH_WARPS(kernel, pixels, stream, ...) \
    LAUNCH(kernel, dim3(blocks_for(pixels, THREADS / 32)), dim3(32, THREADS / 32), 0, stream, __VA_ARGS__)

void unit_difference_cuda(const context *c, int64_t pixels, int64_t channels, double eps, const real *a, int64_t as, const real *b, int64_t bs,
                          real *y, int64_t ys)
{
    LAUNCH_WARPS(forward, pixels, c->stream, pixels, channels, eps, a, as, b, bs, y, ys);
}

void unit_difference_backward_cuda(const context *c, int64_t pixels, int64_t channels, double eps, const real *mine, int64_t ms,
                                   const real *other, int64_t os, const real *gy, int64_t gys, real *g, int add)
{
    LAUNCH_WARPS(backward, pixels, c->stream, pixels, channels, eps, mine, ms, other, os, gy, gys, g, add);
}
