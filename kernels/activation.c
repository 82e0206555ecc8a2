/* activation.c - y = f(x) and its gradient over maps, on the CPU; see activation.h. One pass, memory bound. */
#include "kernels/activation.h"
#include "kernels/loop.h"

static inline void value_row(activation a, real slope, int64_t n, const real *x, real *y)
{
    #pragma omp simd
    for (int64_t i = 0; i < n; i++) y[i] = act_value(a, x[i], slope);
}

static inline void slope_row(activation a, real slope, int64_t n, const real *x, const real *gy, real *gx, int add)
{
    #pragma omp simd
    for (int64_t i = 0; i < n; i++) gx[i] = (add ? gx[i] : 0) + gy[i] * act_slope(a, x[i], slope);
}

void act_forward_cpu(const context *c, int64_t pixels, int64_t channels, const real *x, int64_t xs, real *y, int64_t ys,
                     activation a, real slope)
{
    (void)c;
    const map_rows r = rows_of(pixels, channels, xs == channels && ys == channels);
    #pragma omp parallel for schedule(static) if (r.n > SERIAL)
    for (int64_t i = 0; i < r.rows; i++) {
        #define CALL(act) value_row(act, slope, row_width(&r, i), x + row_at(&r, i, xs), y + row_at(&r, i, ys))
        ACT_SWITCH(a, CALL)
        #undef CALL
    }
}

void act_backward_cpu(const context *c, int64_t pixels, int64_t channels, const real *x, int64_t xs, const real *gy, int64_t gys,
                      real *gx, activation a, real slope, int add)
{
    (void)c;
    const map_rows r = rows_of(pixels, channels, xs == channels && gys == channels);
    #pragma omp parallel for schedule(static) if (r.n > SERIAL)
    for (int64_t i = 0; i < r.rows; i++) {
        #define CALL(act) slope_row(act, slope, row_width(&r, i), x + row_at(&r, i, xs), gy + row_at(&r, i, gys), gx + row_at(&r, i, xs), add)
        ACT_SWITCH(a, CALL)
        #undef CALL
    }
}
