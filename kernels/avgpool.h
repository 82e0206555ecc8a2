/* avgpool.h - average pooling over windows laid out as in pool.h. What the padding counts is a setting: with count_pad the divisor is
 * always the window's size, the padding being zeros; without it the mean is over the pixels that lie in the map.
 * The mean of a whole map is sums.h's: its sums are in double and cut into parts. */
#ifndef KERNELS_AVGPOOL_H
#define KERNELS_AVGPOOL_H
#include "kernels/pool.h"

/* What each pixel of window o, q (row, column of the output) weighs */
static inline DEVICE real avgpool_weight(const pool_size *s, int64_t o, int64_t q, int count_pad)
{
    const int64_t u = o * s->stride_h - s->top, v = q * s->stride_w - s->left;
    const int64_t rows = least(u + s->size_h, s->h) - most(u, 0), columns = least(v + s->size_w, s->w) - most(v, 0);
    return (real)(1.0 / (double)(count_pad ? s->size_h * s->size_w : rows * columns));
}

KERNEL(avgpool_forward, pool_size s, int count_pad, const elem *x, int64_t xs, elem *y, int64_t ys);
/* An input pixel gathers from the windows it lies in. */
KERNEL(avgpool_backward, pool_size s, int count_pad, const elem *gy, int64_t gys, elem *gx, int64_t gxs, int add);
#endif
