/* pool.h - max pooling. Padding is -infinity; of equal values the first in row-major window order wins and gets the gradient; a NaN
 * wins over every number, so that it cannot disappear. Backward gathers: every input pixel asks the windows it lies in. */
#ifndef KERNELS_POOL_H
#define KERNELS_POOL_H
#include "kernels/loop.h"

enum { POOL_MAX = 256 };                 /* pixels of the largest window: a position in it fits a byte */
typedef struct { int64_t samples, channels, h, w, oh, ow, size_h, size_w, stride_h, stride_w, top, left; } pool_size;

/* Along one axis, the windows o with o * stride - pad <= i < o * stride - pad + size: first..last, of `count` */
static inline DEVICE void pool_windows(int64_t i, int64_t pad, int64_t size, int64_t stride, int64_t count, int64_t *first, int64_t *last)
{
    const int64_t low = i + pad - size + 1;
    *first = low <= 0 ? 0 : (low + stride - 1) / stride;
    *last = least((i + pad) / stride, count - 1);
}

/* which: [samples, oh, ow, channels], row * size_w + column of the maximum in its window */
KERNEL(pool_forward, pool_size s, const elem *x, int64_t xs, elem *y, int64_t ys, uint8_t *which);
KERNEL(pool_backward, pool_size s, const uint8_t *which, const elem *gy, int64_t gys, elem *gx, int64_t gxs, int add);
#endif
