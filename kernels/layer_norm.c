/* layer_norm.c - layer normalisation on the CPU; see layer_norm.h. A pixel's channels are walked several times, all but the first from
 * L1; so are the sums over the pixels of a part. Parts are short: a transformer has few tokens, and all threads want some. */
#include "kernels/layer_norm.h"
#include <math.h>

enum { LEAST_PART = 16 };
static int64_t parts_of(int64_t pixels) { return most(1, least(MAX_PARTS, pixels / LEAST_PART)); }

/* [parts][2][channels]: sums of gy and of gy * z */
size_t layer_norm_work(int64_t pixels, int64_t channels)
{
    return (size_t)(most(parts_of(pixels), part_count(pixels)) * 2 * channels) * sizeof(double);
}

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

/* sums of gy and of gy * z, added to */
static void pixel_sums(int64_t channels, const real *x, const real *gy, real m, real r, double *restrict sum, double *restrict sum_z)
{
    #pragma omp simd
    for (int64_t k = 0; k < channels; k++) sum[k] += (double)gy[k], sum_z[k] += (double)(gy[k] * ((x[k] - m) * r));
}

void layer_norm_backward_cpu(const context *c, int64_t pixels, int64_t channels, const real *x, int64_t xs, const real *gy, int64_t gys,
                             const real *gamma, const real *mean, const real *rstd, real *gx, int add_x, real *ggamma, int add_gamma,
                             real *gbeta, int add_beta, void *work)
{
    (void)c;
    const int64_t parts = parts_of(pixels);
    const int summed = ggamma || gbeta;
    double *sums = work;
    #pragma omp parallel for schedule(static) if (pixels * channels > SERIAL)
    for (int64_t j = 0; j < parts; j++) {
        double *sum = sums + 2 * j * channels;
        for (int64_t k = 0; k < (summed ? 2 * channels : 0); k++) sum[k] = 0;
        for (int64_t p = part_begin(pixels, parts, j); p < part_begin(pixels, parts, j + 1); p++) {
            if (summed) pixel_sums(channels, x + p * xs, gy + p * gys, mean[p], rstd[p], sum, sum + channels);
            if (gx) pixel_gradient(channels, x + p * xs, gy + p * gys, gamma, mean[p], rstd[p], gx + p * xs, add_x);
        }
    }
    if (!summed) return;
    for (int64_t k = 0; k < channels; k++) {
        double a = 0, b = 0;
        for (int64_t j = 0; j < parts; j++) a += sums[2 * j * channels + k], b += sums[(2 * j + 1) * channels + k];
        if (gbeta) gbeta[k] = (add_beta ? gbeta[k] : 0) + (real)a;
        if (ggamma) ggamma[k] = (add_gamma ? ggamma[k] : 0) + (real)b;
    }
}
