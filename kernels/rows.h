/* rows.h - what a map is as rows of channels: a table that all samples share is added to it, two maps are multiplied, and the same
 * numbers are put under another shape. All maps are NHWC with a pixel stride; a gradient lies like its value. */
#ifndef KERNELS_ROWS_H
#define KERNELS_ROWS_H
#include "kernels/loop.h"

/* y = x + t in every sample: x, y [samples pixels channels], t [pixels channels] (one pixel: a bias). y may be x. */
KERNEL(table_add, int64_t samples, int64_t pixels, int64_t channels, const real *x, int64_t xs, const real *t, int64_t ts, real *y, int64_t ys);
/* gt = sum of gy over the samples, in their order */
KERNEL(table_backward, int64_t samples, int64_t pixels, int64_t channels, const real *gy, int64_t gys, real *gt, int64_t gts, int add);

/* y = a * b, or y += a * b; the product and both of its gradients */
KERNEL(map_product, int64_t pixels, int64_t channels, const real *a, int64_t as, const real *b, int64_t bs, real *y, int64_t ys, int add);

/* y = x, or y += x, with n numbers in the same order: x in pixels of xc channels, y in pixels of yc */
KERNEL(map_reshape, int64_t n, int64_t xc, const real *x, int64_t xs, int64_t yc, real *y, int64_t ys, int add);
#endif
