/* norm_fixed.h - the gradient of a norm whose scale, shift and statistics are all constants: gx = gy * f'(z) * gamma * rstd.
 *
 * It needs none of the sums that norm_backward makes, and where f is a rectifier not even x: the sign of y is that of z. So what goes into
 * such a norm need not be kept. */
#ifndef KERNELS_NORM_FIXED_H
#define KERNELS_NORM_FIXED_H
#include "kernels/norm.h"

/* f.a: linear (y is not read) or a rectifier. f.gamma, rstd: [channels] */
KERNEL(norm_fixed_backward, int64_t pixels, int64_t channels, const elem *y, int64_t ys, const elem *gy, int64_t gys, norm_affine f,
       const real *rstd, elem *gx, int64_t gxs, int add);
#endif
