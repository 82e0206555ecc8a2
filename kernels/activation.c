/* activation.c - y = f(x) and its gradient over maps, on the CPU; see activation.h. One pass, memory bound. */
#include "kernels/activation.h"
#include "kernels/elem.h"
#include "kernels/loop.h"

static inline void value_row(activation a, real slope, int64_t n, const elem *x, elem *y)
{
    #pragma omp simd
    for (int64_t i = 0; i < n; i++) y[i] = put(act_value(a, get(x[i]), slope));
}

static inline void slope_row(activation a, real slope, int64_t n, const elem *x, const elem *gy, elem *gx, int add)
{
    #pragma omp simd
    for (int64_t i = 0; i < n; i++) gx[i] = put((add ? get(gx[i]) : 0) + get(gy[i]) * act_slope(a, get(x[i]), slope));
}

void CPU(act_forward)(const context *c, int64_t pixels, int64_t channels, const elem *x, int64_t xs, elem *y, int64_t ys,
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

void CPU(act_backward)(const context *c, int64_t pixels, int64_t channels, const elem *x, int64_t xs, const elem *gy, int64_t gys,
                       elem *gx, int64_t gxs, activation a, real slope, int add)
{
    (void)c;
    const map_rows r = rows_of(pixels, channels, xs == channels && gys == channels && gxs == channels);
    #pragma omp parallel for schedule(static) if (r.n > SERIAL)
    for (int64_t i = 0; i < r.rows; i++) {
        #define CALL(act) slope_row(act, slope, row_width(&r, i), x + row_at(&r, i, xs), gy + row_at(&r, i, gys), gx + row_at(&r, i, gxs), add)
        ACT_SWITCH(a, CALL)
        #undef CALL
    }
}
