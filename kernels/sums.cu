/* sums.cu - sums of maps on a GPU; see sums.h. A block sums a part of the pixels (loop.h) for all channels in double, a second kernel
 * adds the parts in order. Over channels, a warp takes a pixel. */
#include "kernels/sums.h"
#include "kernels/reduce.cuh"

/* sums [rows parts channels] of `each` pixels a row */
template <int W> static __global__ void sum_parts(int64_t rows, int64_t each, int64_t channels, const real *x, int64_t xs, double *sums,
                                                  int aligned)
{
    const int64_t parts = part_count(each), begin = part_begin(each, parts, blockIdx.x), end = part_begin(each, parts, blockIdx.x + 1);
    for (int64_t i = blockIdx.y; i < rows; i += gridDim.y)
        for (int64_t at = 0; at < channels; at += (int64_t)blockDim.x * W) {
            const int64_t k = at + (int64_t)threadIdx.x * W;
            double sum[W] = { };
            for (int64_t p = begin + threadIdx.y; p < end && k < channels; p += blockDim.y) {
                const pack<real, W> a = load<W>(x + (i * each + p) * xs + k, aligned);
                for (int m = 0; m < W; m++) sum[m] += (double)a.v[m];
            }
            sum_over_y(sum);
            if (!threadIdx.y && k < channels) for (int m = 0; m < W; m++) sums[(i * parts + blockIdx.x) * channels + k + m] = sum[m];
        }
}

static __global__ void add_parts(int64_t rows, int64_t parts, int64_t channels, double scale, const double *sums, real *y, int64_t ys)
{
    for (int64_t q = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; q < rows * channels; q += (int64_t)gridDim.x * blockDim.x) {
        double sum = 0;
        for (int64_t j = 0; j < parts; j++) sum += sums[(q / channels * parts + j) * channels + q % channels];
        y[q / channels * ys + q % channels] = (real)(scale * sum);
    }
}

static __global__ void add_all(int64_t n, double scale, const double *sums, real *y)
{
    double sum = 0;
    for (int64_t q = threadIdx.x; q < n; q += blockDim.x) sum += sums[q];
    sum = block_sum(sum);
    if (!threadIdx.x) *y = (real)(scale * sum);
}

template <int W> static __global__ void over_channels(int64_t pixels, int64_t channels, double scale, const real *x, int64_t xs, real *y,
                                                      int64_t ys, int aligned)
{
    for (int64_t p = (int64_t)blockIdx.x * blockDim.y + threadIdx.y; p < pixels; p += (int64_t)gridDim.x * blockDim.y) {
        double sum = 0;
        for (int64_t k = (int64_t)threadIdx.x * W; k < channels; k += 32 * W) {
            const pack<real, W> a = load<W>(x + p * xs + k, aligned);
            for (int m = 0; m < W; m++) sum += (double)a.v[m];
        }
        sum = warp_sum(sum);
        if (!threadIdx.x) y[p * ys] = (real)(scale * sum);
    }
}

void sums_forward_cuda(const context *c, sums_size s, const real *x, int64_t xs, real *y, int64_t ys, void *work)
{
    const int64_t rows = sums_rows(&s), each = sums_each(&s), parts = part_count(each);
    const int aligned = is_aligned(x, xs);
    const dim3 warps(32, THREADS / 32);
    double *sums = (double *)work;
    if (s.over == SUMS_CHANNELS) {
        const int64_t pixels = s.samples * s.pixels;
        if (pack_width(s.channels) == 1)
            LAUNCH(over_channels<1>, blocks_for(pixels, warps.y), warps, 0, c->stream, pixels, s.channels, s.scale, x, xs, y, ys, aligned);
        else LAUNCH(over_channels<WIDE>, blocks_for(pixels, warps.y), warps, 0, c->stream, pixels, s.channels, s.scale, x, xs, y, ys, aligned);
        return;
    }
    LAUNCH_PACKS(sum_parts, s.channels, 32, dim3((unsigned)parts, grid_limited(rows)), c->stream, rows, each, s.channels, x, xs, sums, aligned);
    if (s.over == SUMS_ALL) LAUNCH(add_all, 1, THREADS, 0, c->stream, parts * s.channels, s.scale, sums, y);
    else LAUNCH(add_parts, blocks_for(rows * s.channels, THREADS), THREADS, 0, c->stream, rows, parts, s.channels, s.scale, sums, y, ys);
}

template <int W> static __global__ void backward(sums_size s, const real *gy, int64_t gys, real *gx, int64_t gxs, int add, int aligned)
{
    EACH_PACK(W, s.samples * s.pixels, s.channels) {
        const real *from = s.over == SUMS_ALL ? gy : gy + (s.over == SUMS_PIXELS ? p / s.pixels : p) * gys;
        pack<real, W> g = add ? load<W>(gx + p * gxs + k, aligned) : zeros<W>();
        for (int m = 0; m < W; m++) g.v[m] += (real)s.scale * from[s.over == SUMS_PIXELS ? k + m : 0];
        store(gx + p * gxs + k, g, aligned);
    }
}

void sums_backward_cuda(const context *c, sums_size s, const real *gy, int64_t gys, real *gx, int64_t gxs, int add)
{
    LAUNCH_EACH_PACK(backward, s.samples * s.pixels, s.channels, 4, c->stream, s, gy, gys, gx, gxs, add, is_aligned(gx, gxs));
}
