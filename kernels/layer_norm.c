/* layer_norm.c - layer normalisation on the CPU; see layer_norm.h. A pixel's channels are walked several times, all but the first from
 * L1. Sums over pixels are cut into (part of the pixels, tile of the channels). */
#include "kernels/layer_norm.h"
#include <math.h>

/* [parts][2][channels]: sums of gy and of gy * z */
size_t layer_norm_work(int64_t pixels, int64_t channels) { return (size_t)(part_count(pixels) * 2 * channels) * sizeof(double); }

void layer_norm_forward_cpu(const context *c, int64_t pixels, int64_t channels, double eps, const real *x, int64_t xs, const real *gamma,
                            const real *beta, real *y, int64_t ys, real *mean, real *rstd)
{
    (void)c;
    #pragma omp parallel for schedule(static) if (pixels * channels > SERIAL)
    for (int64_t p = 0; p < pixels; p++) {
        const real *a = x + p * xs;
        real *b = y + p * ys;
        double m = 0, q = 0;
        #pragma omp simd reduction(+ : m)
        for (int64_t k = 0; k < channels; k++) m += (double)a[k];
        m /= (double)channels;
        #pragma omp simd reduction(+ : q)
        for (int64_t k = 0; k < channels; k++) q += ((double)a[k] - m) * ((double)a[k] - m);
        const real u = mean[p] = (real)m, r = rstd[p] = (real)(1 / sqrt(q / (double)channels + eps));
        #pragma omp simd
        for (int64_t k = 0; k < channels; k++) b[k] = (a[k] - u) * r * gamma[k] + beta[k];
    }
}

static void pixel_gradient(int64_t channels, const real *x, const real *gy, const real *gamma, real m, real r, real *gx, int add)
{
    double a = 0, b = 0;
    #pragma omp simd reduction(+ : a, b)
    for (int64_t k = 0; k < channels; k++) {
        const double g = (double)(gamma[k] * gy[k]);
        a += g, b += g * (double)((x[k] - m) * r);
    }
    const real u = (real)(a / (double)channels), v = (real)(b / (double)channels);
    #pragma omp simd
    for (int64_t k = 0; k < channels; k++) gx[k] = (add ? gx[k] : 0) + r * (gamma[k] * gy[k] - u - (x[k] - m) * r * v);
}

/* sums of gy and of gy * z, of w <= TILE channels over the pixels begin..end-1 */
static void tile_sums(int64_t w, int64_t begin, int64_t end, const real *x, int64_t xs, const real *gy, int64_t gys, const real *mean,
                      const real *rstd, double *sum, double *sum_z)
{
    for (int64_t k = 0; k < w; k++) sum[k] = sum_z[k] = 0;
    for (int64_t p = begin; p < end; p++) {
        const real *a = x + p * xs, *g = gy + p * gys, m = mean[p], r = rstd[p];
        #pragma omp simd
        for (int64_t k = 0; k < w; k++) sum[k] += (double)g[k], sum_z[k] += (double)(g[k] * ((a[k] - m) * r));
    }
}

void layer_norm_backward_cpu(const context *c, int64_t pixels, int64_t channels, const real *x, int64_t xs, const real *gy, int64_t gys,
                             const real *gamma, const real *mean, const real *rstd, real *gx, int add_x, real *ggamma, int add_gamma,
                             real *gbeta, int add_beta, void *work)
{
    (void)c;
    const int64_t parts = part_count(pixels), tiles = (channels + TILE - 1) / TILE;
    double *sums = work;
    #pragma omp parallel for schedule(static) if (pixels * channels > SERIAL)
    for (int64_t p = 0; p < (gx ? pixels : 0); p++)
        pixel_gradient(channels, x + p * xs, gy + p * gys, gamma, mean[p], rstd[p], gx + p * xs, add_x);
    if (!ggamma && !gbeta) return;
    #pragma omp parallel for collapse(2) schedule(static) if (pixels * channels > SERIAL)
    for (int64_t j = 0; j < parts; j++)
        for (int64_t t = 0; t < tiles; t++) {
            const int64_t at = t * TILE;
            tile_sums(least(TILE, channels - at), part_begin(pixels, parts, j), part_begin(pixels, parts, j + 1), x + at, xs, gy + at, gys, mean,
                      rstd, sums + 2 * j * channels + at, sums + (2 * j + 1) * channels + at);
        }
    for (int64_t k = 0; k < channels; k++) {
        double a = 0, b = 0;
        for (int64_t j = 0; j < parts; j++) a += sums[2 * j * channels + k], b += sums[(2 * j + 1) * channels + k];
        if (gbeta) gbeta[k] = (add_beta ? gbeta[k] : 0) + (real)a;
        if (ggamma) ggamma[k] = (add_gamma ? ggamma[k] : 0) + (real)b;
    }
}
