/* reflect.h - a frame of mirrored pixels: beyond its edge a map goes on backwards, the edge itself not repeated, as often as need be. */
#ifndef KERNELS_REFLECT_H
#define KERNELS_REFLECT_H
#include "kernels/kernel.h"

/* y is x with `top` rows and `left` columns of mirror images before it, the rest of yh x yw behind it */
typedef struct { int64_t samples, channels, xh, xw, yh, yw, top, left; } reflect_size;

KERNEL(reflect_forward, reflect_size s, const real *x, int64_t xs, real *y, int64_t ys);
/* gx: the sum of gy over all images of a pixel, in their order */
KERNEL(reflect_backward, reflect_size s, const real *gy, int64_t gys, real *gx, int64_t gxs, int add);

/* Which of n pixels stands at place i of an endless row of mirror images; place 0 is pixel 0 */
static inline DEVICE int64_t reflect_at(int64_t i, int64_t n)
{
    const int64_t period = 2 * (n - 1);
    if (n == 1) return 0;
    i = i % period < 0 ? i % period + period : i % period;
    return i < n ? i : period - i;
}
#endif
