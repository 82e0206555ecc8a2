/* maximum.h - the largest element of each group of elements, and where it stands.
 *
 * A map is groups x pixels x channels. A group has one maximum (keep 0) or one a channel (keep 1): with groups = samples and keep 1
 * that is global max pooling, with pixels = 1 and keep 0 the largest channel of each pixel. Of equal ones the first wins and gets the
 * gradient; a NaN wins over every number, so that it cannot disappear. */
#ifndef KERNELS_MAXIMUM_H
#define KERNELS_MAXIMUM_H
#include "kernels/kernel.h"

typedef struct { int64_t groups, pixels, channels; int keep; } maximum_size;

static inline DEVICE int64_t maximum_width(maximum_size s) { return s.keep ? s.channels : 1; }    /* maxima a group */

/* The best so far: its value and its place in the group, pixel * channels + channel; -1: none yet */
typedef struct { real v; int64_t at; } maximum_best;

/* Whether b, which may stand anywhere, takes the place of a */
static inline DEVICE int maximum_beats(maximum_best b, maximum_best a)
{
    if (a.at < 0 || b.at < 0) return b.at >= 0;
    const int nan_a = a.v != a.v, nan_b = b.v != b.v, equal = (nan_a && nan_b) || a.v == b.v;
    return equal ? b.at < a.at : nan_b || (!nan_a && b.v > a.v);
}

size_t maximum_work(maximum_size s);     /* bytes of scratch for maximum_forward */

/* y: groups x width with stride ys, or NULL. which: [groups, width] the place of each */
KERNEL(maximum_forward, maximum_size s, const real *x, int64_t xs, real *y, int64_t ys, int32_t *which, void *work);
KERNEL(maximum_backward, maximum_size s, const int32_t *which, const real *gy, int64_t gys, real *gx, int64_t gxs, int add);
#endif
