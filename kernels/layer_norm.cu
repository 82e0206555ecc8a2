/* layer_norm.cu - layer normalisation on a GPU; see layer_norm.h. A warp takes a pixel; its channels are summed about the first one, so
 * that float is enough however far the mean lies from zero. The gradients of gamma and beta are summed in double, a part of the pixels
 * (loop.h) a block, and a second kernel adds the parts in order. */
#include "kernels/layer_norm.h"
#include "kernels/reduce.cuh"

#define EACH_PIXEL(pixels) \
    for (int64_t p = (int64_t)blockIdx.x * blockDim.y + threadIdx.y; p < (pixels); p += (int64_t)gridDim.x * blockDim.y)
#define EACH_CHANNEL(W, channels) for (int64_t k = (int64_t)threadIdx.x * (W); k < (channels); k += 32 * (W))

template <int W> static __global__ void forward(int64_t pixels, int64_t channels, double eps, const real *x, int64_t xs, const real *gamma,
                                                const real *beta, real *y, int64_t ys, real *mean, real *rstd, int aligned)
{
    EACH_PIXEL(pixels) {
        const real *from = x + p * xs, first = from[0];
        real sum = 0, square = 0;
        EACH_CHANNEL(W, channels) {
            const pack<real, W> a = load<W>(from + k, aligned);
            for (int m = 0; m < W; m++) sum += a.v[m] - first;
        }
        const real u = first + warp_sum(sum) / (real)channels;
        EACH_CHANNEL(W, channels) {
            const pack<real, W> a = load<W>(from + k, aligned);
            for (int m = 0; m < W; m++) square += (a.v[m] - u) * (a.v[m] - u);
        }
        const real r = 1 / sqrt(warp_sum(square) / (real)channels + (real)eps);
        if (!threadIdx.x) mean[p] = u, rstd[p] = r;
        EACH_CHANNEL(W, channels) {
            pack<real, W> a = load<W>(from + k, aligned);
            for (int m = 0; m < W; m++) a.v[m] = (a.v[m] - u) * r * gamma[k + m] + beta[k + m];
            store(y + p * ys + k, a, aligned);
        }
    }
}

#define LAUNCH_WARPS(kernel, pixels, channels, stream, ...) do { \
    const dim3 warps(32, THREADS / 32), grid(blocks_for(pixels, warps.y)); \
    if (pack_width(channels) == 1) LAUNCH(kernel<1>, grid, warps, 0, stream, __VA_ARGS__); \
    else LAUNCH(kernel<WIDE>, grid, warps, 0, stream, __VA_ARGS__); } while (0)

void layer_norm_forward_cuda(const context *c, int64_t pixels, int64_t channels, double eps, const real *x, int64_t xs, const real *gamma,
                             const real *beta, real *y, int64_t ys, real *mean, real *rstd)
{
    LAUNCH_WARPS(forward, pixels, channels, c->stream, pixels, channels, eps, x, xs, gamma, beta, y, ys, mean, rstd,
                 is_aligned(x, xs) && is_aligned(y, ys));
}

template <int W> static __global__ void backward(int64_t pixels, int64_t channels, const real *x, int64_t xs, const real *gy, int64_t gys,
                                                 const real *gamma, const real *mean, const real *rstd, real *gx, int add, int aligned)
{
    EACH_PIXEL(pixels) {
        const real u = mean[p], r = rstd[p];
        real a = 0, b = 0;
        EACH_CHANNEL(W, channels) {
            const pack<real, W> v = load<W>(x + p * xs + k, aligned), g = load<W>(gy + p * gys + k, aligned);
            for (int m = 0; m < W; m++) a += gamma[k + m] * g.v[m], b += gamma[k + m] * g.v[m] * (v.v[m] - u) * r;
        }
        a = warp_sum(a) / (real)channels, b = warp_sum(b) / (real)channels;
        EACH_CHANNEL(W, channels) {
            const pack<real, W> v = load<W>(x + p * xs + k, aligned), g = load<W>(gy + p * gys + k, aligned);
            pack<real, W> to = add ? load<W>(gx + p * xs + k, aligned) : zeros<W>();
            for (int m = 0; m < W; m++) to.v[m] += r * (gamma[k + m] * g.v[m] - a - (v.v[m] - u) * r * b);
            store(gx + p * xs + k, to, aligned);
        }
    }
}

/* sums [parts][2][channels] of gy and of gy * z */
template <int W> static __global__ void sum_parts(int64_t pixels, int64_t channels, const real *x, int64_t xs, const real *gy, int64_t gys,
                                                  const real *mean, const real *rstd, double *sums, int aligned)
{
    const int64_t parts = gridDim.x, begin = part_begin(pixels, parts, blockIdx.x), end = part_begin(pixels, parts, blockIdx.x + 1);
    const int64_t k = ((int64_t)blockIdx.y * blockDim.x + threadIdx.x) * W;
    double sum[W] = { }, sum_z[W] = { };
    for (int64_t p = begin + threadIdx.y; p < end && k < channels; p += blockDim.y) {
        const pack<real, W> v = load<W>(x + p * xs + k, aligned), g = load<W>(gy + p * gys + k, aligned);
        for (int m = 0; m < W; m++) sum[m] += (double)g.v[m], sum_z[m] += (double)(g.v[m] * ((v.v[m] - mean[p]) * rstd[p]));
    }
    sum_over_y(sum), sum_over_y(sum_z);
    if (threadIdx.y || k >= channels) return;
    double *to = sums + 2 * blockIdx.x * channels + k;
    for (int m = 0; m < W; m++) to[m] = sum[m], to[channels + m] = sum_z[m];
}

static __global__ void add_parts(int64_t parts, int64_t channels, const double *sums, real *ggamma, int add_gamma, real *gbeta, int add_beta)
{
    const int64_t k = (int64_t)blockIdx.x * blockDim.x + threadIdx.x;
    double a = 0, b = 0;
    if (k >= channels) return;
    for (int64_t j = 0; j < parts; j++) a += sums[2 * j * channels + k], b += sums[(2 * j + 1) * channels + k];
    if (gbeta) gbeta[k] = (add_beta ? gbeta[k] : 0) + (real)a;
    if (ggamma) ggamma[k] = (add_gamma ? ggamma[k] : 0) + (real)b;
}

void layer_norm_backward_cuda(const context *c, int64_t pixels, int64_t channels, const real *x, int64_t xs, const real *gy, int64_t gys,
                              const real *gamma, const real *mean, const real *rstd, real *gx, int add_x, real *ggamma, int add_gamma,
                              real *gbeta, int add_beta, void *work)
{
    enum { ACROSS = 8 };                                       /* packs of channels a block takes; its other threads share the pixels */
    const int64_t parts = part_count(pixels);
    const int aligned = is_aligned(x, xs) && is_aligned(gy, gys);
    double *sums = (double *)work;
    if (gx) LAUNCH_WARPS(backward, pixels, channels, c->stream, pixels, channels, x, xs, gy, gys, gamma, mean, rstd, gx, add_x,
                         aligned && is_aligned(gx, xs));
    if (!ggamma && !gbeta) return;
    LAUNCH_PACKS(sum_parts, channels, ACROSS, dim3((unsigned)parts, blocks_for(channels, block.x * pack_width(channels))), c->stream, pixels, channels,
                 x, xs, gy, gys, mean, rstd, sums, aligned);
    LAUNCH(add_parts, blocks_for(channels, THREADS), THREADS, 0, c->stream, parts, channels, sums, ggamma, add_gamma, gbeta, add_beta);
}
