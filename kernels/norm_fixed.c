/* norm_fixed.c - see norm_fixed.h. One pass, memory bound. */
#include "kernels/norm_fixed.h"
#include "kernels/elem.h"

static inline void row(activation a, const norm_affine *f, int64_t n, const elem *y, const elem *gy, const real *rstd, elem *gx, int add)
{
    #pragma omp simd
    for (int64_t k = 0; k < n; k++) {
        const real slope = a == ACT_LINEAR ? 1 : act_slope(a, get(y[k]), f->slope);
        gx[k] = put((add ? get(gx[k]) : 0) + get(gy[k]) * slope * (f->gamma[k] * rstd[k]));
    }
}

void CPU(norm_fixed_backward)(const context *c, int64_t pixels, int64_t channels, const elem *y, int64_t ys, const elem *gy, int64_t gys,
                              norm_affine f, const real *rstd, elem *gx, int64_t gxs, int add)
{
    (void)c;
    #pragma omp parallel for schedule(static) if (pixels * channels > SERIAL)
    for (int64_t i = 0; i < pixels; i++) {
        #define CALL(act) row(act, &f, channels, y + i * ys, gy + i * gys, rstd, gx + i * gxs, add)
        ACT_SWITCH(f.a, CALL)
        #undef CALL
    }
}
