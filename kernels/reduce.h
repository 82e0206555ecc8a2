/* reduce.h - sum, mean or maximum over groups of elements, and where the maximum stands.
 *
 * A map is groups x pixels x channels. A group gives one number (keep 0) or one a channel (keep 1): with groups = samples and keep 1
 * that is global pooling, with pixels = 1 and keep 0 a reduction over channels. Sums are taken in double over fixed parts, added in
 * order. Of equal maxima the first wins and gets the gradient; a NaN wins over every number, so that it cannot disappear. */
#ifndef KERNELS_REDUCE_H
#define KERNELS_REDUCE_H
#include "kernels/kernel.h"

#define REDUCE_WORDS "sum|mean|max"
typedef enum { REDUCE_SUM, REDUCE_MEAN, REDUCE_MAX } reduce_kind;
typedef struct { int64_t groups, pixels, channels; int keep; reduce_kind kind; } reduce_size;

static inline DEVICE int64_t reduce_width(reduce_size s) { return s.keep ? s.channels : 1; }             /* results a group */
static inline DEVICE int64_t reduce_count(reduce_size s) { return s.pixels * (s.keep ? 1 : s.channels); }  /* elements a result */

/* What has been seen of a group: a sum, or a maximum and its element pixel * channels + channel of the group (-1: none yet) */
typedef struct { double v; int64_t at; } reduce_state;

static inline DEVICE void reduce_take(reduce_state *s, reduce_kind kind, double v, int64_t at)
{
    if (kind != REDUCE_MAX) s->v += v;
    else if (s->at < 0 || v > s->v || (v != v && s->v == s->v)) s->v = v, s->at = at;
}

size_t reduce_work(reduce_size s);       /* bytes of scratch for reduce_forward */

/* y: groups x width with stride ys, or NULL. which: [groups, width] the element of each maximum, or NULL */
KERNEL(reduce_forward, reduce_size s, const real *x, int64_t xs, real *y, int64_t ys, int32_t *which, void *work);
/* which: read where kind is REDUCE_MAX */
KERNEL(reduce_backward, reduce_size s, const int32_t *which, const real *gy, int64_t gys, real *gx, int64_t gxs, int add);
#endif
