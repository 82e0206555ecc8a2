/* affine.h - every channel moved and scaled by numbers that are no parameters: y = (x - shift) / scale. */
#ifndef KERNELS_AFFINE_H
#define KERNELS_AFFINE_H
#include "kernels/loop.h"

enum { AFFINE_MAX = 32 };                /* channels that may differ */
/* n = 1: all channels alike. float32 also in the double build: such constants come with weights, which were trained on float32. */
typedef struct { int64_t n; float shift[AFFINE_MAX], scale[AFFINE_MAX]; } affine_rule;

KERNEL(affine_forward, int64_t pixels, int64_t channels, affine_rule r, const real *x, int64_t xs, real *y, int64_t ys);
KERNEL(affine_backward, int64_t pixels, int64_t channels, affine_rule r, const real *gy, int64_t gys, real *gx, int64_t gxs, int add);
#endif
