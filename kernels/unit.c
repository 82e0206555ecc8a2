/* unit.c - distance in direction on the CPU; see unit.h. */
#include "kernels/unit.h"
#include <math.h>

static double length(int64_t channels, const real *x)
{
    double sum = 0;
    #pragma omp simd reduction(+ : sum)
    for (int64_t k = 0; k < channels; k++) sum += (double)x[k] * (double)x[k];
    return sqrt(sum);
}

void unit_difference_cpu(const context *c, int64_t pixels, int64_t channels, double eps, const real *a, int64_t as, const real *b, int64_t bs,
                         real *y, int64_t ys)
{
    (void)c;
    #pragma omp parallel for schedule(static) if (pixels * channels > SERIAL)
    for (int64_t p = 0; p < pixels; p++) {
        const real *u = a + p * as, *v = b + p * bs;
        const double r = 1 / (length(channels, u) + eps), q = 1 / (length(channels, v) + eps);
        #pragma omp simd
        for (int64_t k = 0; k < channels; k++) {
            const double d = (double)u[k] * r - (double)v[k] * q;
            y[p * ys + k] = (real)(d * d);
        }
    }
}

void unit_difference_backward_cpu(const context *c, int64_t pixels, int64_t channels, double eps, const real *mine, int64_t ms,
                                  const real *other, int64_t os, const real *gy, int64_t gys, real *g, int add)
{
    (void)c;
    #pragma omp parallel for schedule(static) if (pixels * channels > SERIAL)
    for (int64_t p = 0; p < pixels; p++) {
        const real *u = mine + p * ms, *v = other + p * os, *slope = gy + p * gys;
        const double r = length(channels, u), i = 1 / (r + eps), j = 1 / (length(channels, v) + eps);
        double dot = 0;
        #pragma omp simd reduction(+ : dot)
        for (int64_t k = 0; k < channels; k++) dot += 2 * ((double)u[k] * i - (double)v[k] * j) * (double)slope[k] * (double)u[k];
        for (int64_t k = 0; k < channels; k++) {
            const double pull = 2 * ((double)u[k] * i - (double)v[k] * j) * (double)slope[k];
            g[p * ms + k] = (add ? g[p * ms + k] : 0) + (real)unit_slope((double)u[k], pull, dot, r, eps);
        }
    }
}
