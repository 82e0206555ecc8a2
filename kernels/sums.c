/* sums.c - sums of maps on the CPU; see sums.h. */
#include "kernels/sums.h"

size_t sums_work(sums_size s)
{
    const int64_t parts = sums_rows(&s) * part_count(sums_each(&s));
    return s.over == SUMS_CHANNELS ? 0 : (size_t)(parts * s.channels) * sizeof(double);
}

/* sums of w <= TILE channels over n pixels */
static void tile_sum(int64_t w, int64_t n, const real *x, int64_t xs, double *sum)
{
    for (int64_t k = 0; k < w; k++) sum[k] = 0;
    for (int64_t p = 0; p < n; p++) {
        #pragma omp simd
        for (int64_t k = 0; k < w; k++) sum[k] += (double)x[p * xs + k];
    }
}

static void over_channels(const sums_size *s, const real *x, int64_t xs, real *y, int64_t ys)
{
    const int64_t pixels = s->samples * s->pixels;
    #pragma omp parallel for schedule(static) if (pixels * s->channels > SERIAL)
    for (int64_t p = 0; p < pixels; p++) {
        double sum = 0;
        #pragma omp simd reduction(+ : sum)
        for (int64_t k = 0; k < s->channels; k++) sum += (double)x[p * xs + k];
        y[p * ys] = (real)(s->scale * sum);
    }
}

void sums_forward_cpu(const context *c, sums_size s, const real *x, int64_t xs, real *y, int64_t ys, void *work)
{
    (void)c;
    const int64_t rows = sums_rows(&s), each = sums_each(&s), parts = part_count(each), tiles = (s.channels + TILE - 1) / TILE;
    double *sums = work, all = 0;
    if (s.over == SUMS_CHANNELS) { over_channels(&s, x, xs, y, ys); return; }
    #pragma omp parallel for collapse(3) schedule(static) if (rows * each * s.channels > SERIAL)
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < parts; j++)
            for (int64_t t = 0; t < tiles; t++) {
                const int64_t begin = part_begin(each, parts, j), end = part_begin(each, parts, j + 1), at = t * TILE;
                tile_sum(least(TILE, s.channels - at), end - begin, x + (i * each + begin) * xs + at, xs, sums + (i * parts + j) * s.channels + at);
            }
    for (int64_t i = 0; i < rows; i++)
        for (int64_t k = 0; k < s.channels; k++) {
            double sum = 0;
            for (int64_t j = 0; j < parts; j++) sum += sums[(i * parts + j) * s.channels + k];
            if (s.over == SUMS_PIXELS) y[i * ys + k] = (real)(s.scale * sum);
            all += sum;
        }
    if (s.over == SUMS_ALL) *y = (real)(s.scale * all);
}

void sums_backward_cpu(const context *c, sums_size s, const real *gy, int64_t gys, real *gx, int64_t gxs, int add)
{
    (void)c;
    const int64_t pixels = s.samples * s.pixels;
    const real scale = (real)s.scale;
    #pragma omp parallel for schedule(static) if (pixels * s.channels > SERIAL)
    for (int64_t p = 0; p < pixels; p++) {
        const real *from = s.over == SUMS_ALL ? gy : gy + (s.over == SUMS_PIXELS ? p / s.pixels : p) * gys, one = scale * *from;
        real *g = gx + p * gxs;
        #pragma omp simd
        for (int64_t k = 0; k < s.channels; k++) g[k] = (add ? g[k] : 0) + (s.over == SUMS_PIXELS ? scale * from[k] : one);
    }
}
