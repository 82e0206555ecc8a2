/* standardize.c - weight standardisation on the CPU; see standardize.h. A thread owns a strip of columns. */
#include "kernels/standardize.h"
#include <math.h>

enum { STRIP = 16 };                                           /* columns: one cache line of float */

void standardize_forward_cpu(const context *c, int64_t rows, int64_t columns, double eps, const real *w, int64_t ws, real *y, int64_t ys,
                             real *mean, real *rstd)
{
    (void)c;
    #pragma omp parallel for schedule(static) if (rows * columns > SERIAL)
    for (int64_t at = 0; at < columns; at += STRIP) {
        const int64_t n = least(STRIP, columns - at);
        double m[STRIP] = { 0 }, q[STRIP] = { 0 };
        for (int64_t i = 0; i < rows; i++)
            for (int64_t j = 0; j < n; j++) m[j] += (double)w[i * ws + at + j];
        for (int64_t j = 0; j < n; j++) m[j] /= (double)rows;
        for (int64_t i = 0; i < rows; i++)
            for (int64_t j = 0; j < n; j++) q[j] += ((double)w[i * ws + at + j] - m[j]) * ((double)w[i * ws + at + j] - m[j]);
        for (int64_t j = 0; j < n; j++) mean[at + j] = (real)m[j], rstd[at + j] = (real)(1 / sqrt(q[j] / (double)rows + eps));
        for (int64_t i = 0; i < rows; i++)
            for (int64_t j = 0; j < n; j++) y[i * ys + at + j] = (w[i * ws + at + j] - mean[at + j]) * rstd[at + j];
    }
}

void standardize_backward_cpu(const context *c, int64_t rows, int64_t columns, const real *w, int64_t ws, const real *gy, int64_t gys,
                              const real *mean, const real *rstd, real *gw, int add)
{
    (void)c;
    #pragma omp parallel for schedule(static) if (rows * columns > SERIAL)
    for (int64_t at = 0; at < columns; at += STRIP) {
        const int64_t n = least(STRIP, columns - at);
        const real *m = mean + at, *r = rstd + at;
        double a[STRIP] = { 0 }, b[STRIP] = { 0 };             /* means of gy and of gy * z */
        for (int64_t i = 0; i < rows; i++)
            for (int64_t j = 0; j < n; j++) {
                const double g = (double)gy[i * gys + at + j];
                a[j] += g, b[j] += g * (double)((w[i * ws + at + j] - m[j]) * r[j]);
            }
        for (int64_t j = 0; j < n; j++) a[j] /= (double)rows, b[j] /= (double)rows;
        for (int64_t i = 0; i < rows; i++)
            for (int64_t j = 0; j < n; j++) {
                const real z = (w[i * ws + at + j] - m[j]) * r[j];
                real *g = gw + i * ws + at + j;
                *g = (add ? *g : 0) + r[j] * (gy[i * gys + at + j] - (real)a[j] - z * (real)b[j]);
            }
    }
}
