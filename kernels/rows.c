/* rows.c - tables, products and reshapes on the CPU; see rows.h. */
#include "kernels/rows.h"

void table_add_cpu(const context *c, int64_t samples, int64_t pixels, int64_t channels, const real *x, int64_t xs, const real *t, int64_t ts,
                   real *y, int64_t ys)
{
    (void)c;
    #pragma omp parallel for schedule(static) if (samples * pixels * channels > SERIAL)
    for (int64_t p = 0; p < samples * pixels; p++) {
        const real *a = x + p * xs, *b = t + p % pixels * ts;
        real *to = y + p * ys;
        #pragma omp simd
        for (int64_t k = 0; k < channels; k++) to[k] = a[k] + b[k];
    }
}

void table_backward_cpu(const context *c, int64_t samples, int64_t pixels, int64_t channels, const real *gy, int64_t gys, real *gt,
                        int64_t gts, int add)
{
    (void)c;
    #pragma omp parallel for schedule(static) if (samples * pixels * channels > SERIAL)
    for (int64_t p = 0; p < pixels; p++)
        for (int64_t n = 0; n < samples; n++) {
            const real *g = gy + (n * pixels + p) * gys;
            real *to = gt + p * gts;
            #pragma omp simd
            for (int64_t k = 0; k < channels; k++) to[k] = (n || add ? to[k] : 0) + g[k];
        }
}

void map_product_cpu(const context *c, int64_t pixels, int64_t channels, const real *a, int64_t as, const real *b, int64_t bs, real *y,
                     int64_t ys, int add)
{
    (void)c;
    const map_rows r = rows_of(pixels, channels, as == channels && bs == channels && ys == channels);
    #pragma omp parallel for schedule(static) if (r.n > SERIAL)
    for (int64_t i = 0; i < r.rows; i++) {
        const real *u = a + row_at(&r, i, as), *v = b + row_at(&r, i, bs);
        real *w = y + row_at(&r, i, ys);
        #pragma omp simd
        for (int64_t k = 0; k < row_width(&r, i); k++) w[k] = (add ? w[k] : 0) + u[k] * v[k];
    }
}

void map_reshape_cpu(const context *c, int64_t n, int64_t xc, const real *x, int64_t xs, int64_t yc, real *y, int64_t ys, int add)
{
    (void)c;
    #pragma omp parallel for schedule(static) if (n > SERIAL)
    for (int64_t p = 0; p < n / yc; p++)
        for (int64_t k = 0, run; k < yc; k += run) {           /* runs that lie in one pixel of both */
            const int64_t i = p * yc + k;
            const real *from = x + i / xc * xs + i % xc;
            real *to = y + p * ys + k;
            run = least(yc - k, xc - i % xc);
            #pragma omp simd
            for (int64_t j = 0; j < run; j++) to[j] = (add ? to[j] : 0) + from[j];
        }
}
