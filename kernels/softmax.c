/* softmax.c - softmax over channels on the CPU; see softmax.h. From BROAD channels on a pixel fills vectors by itself; below, tiles of pixels
 * are turned so that pixels do. */
#include "kernels/softmax.h"
#include "kernels/tile.h"

enum { BROAD = 16 };

static void pixel_softmax(int64_t channels, const elem *x, elem *y)
{
    real t[SOFTMAX_MAX], high = get(x[0]), sum = 0;
    #pragma omp simd reduction(max : high)
    for (int64_t k = 0; k < channels; k++) high = get(x[k]) > high ? get(x[k]) : high;
    #pragma omp simd reduction(+ : sum)
    for (int64_t k = 0; k < channels; k++) t[k] = real_exp(get(x[k]) - high), sum += t[k];
    #pragma omp simd
    for (int64_t k = 0; k < channels; k++) y[k] = put(t[k] / sum);
}

static void pixel_gradient(int64_t channels, const elem *y, const elem *gy, elem *gx, int add)
{
    real dot = 0;
    #pragma omp simd reduction(+ : dot)
    for (int64_t k = 0; k < channels; k++) dot += get(y[k]) * get(gy[k]);
    #pragma omp simd
    for (int64_t k = 0; k < channels; k++) gx[k] = put((add ? get(gx[k]) : 0) + get(y[k]) * (get(gy[k]) - dot));
}

void CPU(softmax_forward)(const context *c, int64_t pixels, int64_t channels, const elem *x, int64_t xs, elem *y, int64_t ys)
{
    (void)c;
    #pragma omp parallel for schedule(static) if (pixels * channels > SERIAL)
    for (int64_t at = 0; at < pixels; at += TILE) {
        const int64_t n = least(TILE, pixels - at);
        if (channels >= BROAD) {
            for (int64_t p = at; p < at + n; p++) pixel_softmax(channels, x + p * xs, y + p * ys);
            continue;
        }
        real t[BROAD][TILE], high[TILE], sum[TILE];
        tile_load(x + at * xs, xs, n, channels, t);
        tile_softmax(n, channels, t, high, sum);
        tile_store(y + at * ys, ys, n, channels, t, 0);
    }
}

void CPU(softmax_backward)(const context *c, int64_t pixels, int64_t channels, const elem *y, int64_t ys, const elem *gy, int64_t gys,
                           elem *gx, int64_t gxs, int add)
{
    (void)c;
    #pragma omp parallel for schedule(static) if (pixels * channels > SERIAL)
    for (int64_t at = 0; at < pixels; at += TILE) {
        const int64_t n = least(TILE, pixels - at);
        if (channels >= BROAD) {
            for (int64_t p = at; p < at + n; p++) pixel_gradient(channels, y + p * ys, gy + p * gys, gx + p * gxs, add);
            continue;
        }
        real p[BROAD][TILE], q[BROAD][TILE];
        tile_load(y + at * ys, ys, n, channels, p);
        tile_load(gy + at * gys, gys, n, channels, q);
        tile_softmax_gradient(n, channels, p, q);
        tile_store(gx + at * gxs, gxs, n, channels, q, add);
    }
}
