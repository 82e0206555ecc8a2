/* pyramid.h - the maps of a feature pyramid, fine to coarse, as one argument, and its rows by number: one anchor of one place is a row
 * of `width` channels, counted by level, row, column, anchor. As in gather.h an index that is no row gives zeros and gets no gradient,
 * and the adjoint sums the rows that name a place in their order. */
#ifndef KERNELS_PYRAMID_H
#define KERNELS_PYRAMID_H
#include "kernels/kernel.h"

enum { PYRAMID_LEVELS = 5 };
typedef struct {
    int levels;
    int64_t images, channels, h[PYRAMID_LEVELS], w[PYRAMID_LEVELS];
    const real *x[PYRAMID_LEVELS];       /* [images h w channels], */
    int64_t xs[PYRAMID_LEVELS];          /* with these pixel strides */
} pyramid;

/* How many rows of `width` channels a level has */
static inline DEVICE int64_t level_rows_of(const pyramid *p, int level, int64_t width)
{
    return p->h[level] * p->w[level] * (p->channels / width);
}

/* Row r of all levels: its level, and r becomes its number there. levels: there is none */
static inline DEVICE int level_of_row(const pyramid *p, int64_t width, int64_t *r)
{
    int l = 0;
    if (*r < 0) return p->levels;
    for (; l < p->levels && *r >= level_rows_of(p, l, width); l++) *r -= level_rows_of(p, l, width);
    return l;
}

/* Where row r of a level lies in a map with this pixel stride */
static inline DEVICE int64_t level_row_at(const pyramid *p, int level, int64_t width, int64_t image, int64_t r, int64_t stride)
{
    const int64_t cells = p->channels / width;
    return (image * p->h[level] * p->w[level] + r / cells) * stride + r % cells * width;
}

/* y [images taken] rows of `width` by index [images taken] */
KERNEL(level_rows_forward, pyramid p, int64_t width, int64_t taken, const int32_t *index, real *y, int64_t ys);
/* gx: the gradient of one level, [images h w channels] */
KERNEL(level_rows_backward, pyramid p, int level, int64_t width, int64_t taken, const int32_t *index, const real *gy, int64_t gys, real *gx,
       int64_t gxs, int add);
#endif
