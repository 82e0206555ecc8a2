/* softmax.c - softmax over channels on the CPU; see softmax.h. */
#include "kernels/softmax.h"
#include "kernels/tile.h"

void CPU(softmax_forward)(const context *c, int64_t pixels, int64_t channels, const elem *x, int64_t xs, elem *y, int64_t ys)
{
    (void)c;
    #pragma omp parallel for schedule(static) if (pixels * channels > SERIAL)
    for (int64_t at = 0; at < pixels; at += TILE) {
        const int64_t n = least(TILE, pixels - at);
        real t[SOFTMAX_MAX][TILE], high[TILE], sum[TILE];
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
        real p[SOFTMAX_MAX][TILE], q[SOFTMAX_MAX][TILE];
        tile_load(y + at * ys, ys, n, channels, p);
        tile_load(gy + at * gys, gys, n, channels, q);
        tile_softmax_gradient(n, channels, p, q);
        tile_store(gx + at * gxs, gxs, n, channels, q, add);
    }
}
