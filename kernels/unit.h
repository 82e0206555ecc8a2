/* unit.h - how far two maps are apart in direction, pixel by pixel: y = (a / (|a| + eps) - b / (|b| + eps))^2, |.| over the channels of a
 * pixel. With weights for the channels it is a perceptual distance (Zhang et al. 2018, LPIPS).
 * The trap: at a vector of zeros the norm has no slope; its gradient is 0 there, where the reference's is not a number. */
#ifndef KERNELS_UNIT_H
#define KERNELS_UNIT_H
#include "kernels/loop.h"

KERNEL(unit_difference, int64_t pixels, int64_t channels, double eps, const real *a, int64_t as, const real *b, int64_t bs, real *y, int64_t ys);
/* The gradient of one side, `mine`; y is symmetric. */
KERNEL(unit_difference_backward, int64_t pixels, int64_t channels, double eps, const real *mine, int64_t ms, const real *other, int64_t os,
       const real *gy, int64_t gys, real *g, int add);

/* d (mine[k] / (r + eps)) pulled back: `pull` on the unit vector's element, dot = sum of pull * mine, r = |mine| */
static inline DEVICE double unit_slope(double mine, double pull, double dot, double r, double eps)
{
    return r > 0 ? pull / (r + eps) - mine * dot / (r * (r + eps) * (r + eps)) : 0;
}
#endif
