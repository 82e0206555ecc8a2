/* sums.h - sums of a map over the pixels of each sample, over the channels of each pixel, or over everything. A mean is a sum with
 * another scale. Sums are in double, over fixed parts of the pixels that are then added in order: the same bits for any number of
 * threads, and a mean over a million pixels is as good as one over ten. */
#ifndef KERNELS_SUMS_H
#define KERNELS_SUMS_H
#include "kernels/loop.h"

#define SUMS_WORDS "pixels|channels|all"
typedef enum { SUMS_PIXELS, SUMS_CHANNELS, SUMS_ALL } sums_over;
typedef struct { int64_t samples, pixels, channels; sums_over over; double scale; } sums_size;     /* pixels of one sample */

/* Samples and pixels as the sums see them: over everything, the samples are pixels too */
static inline DEVICE int64_t sums_rows(const sums_size *s) { return s->over == SUMS_ALL ? 1 : s->samples; }
static inline DEVICE int64_t sums_each(const sums_size *s) { return s->over == SUMS_ALL ? s->samples * s->pixels : s->pixels; }

size_t sums_work(sums_size s);       /* bytes of scratch that sums_forward needs */

/* y = scale * sum of x: [samples 1 1 channels], [samples h w 1] or one number */
KERNEL(sums_forward, sums_size s, const real *x, int64_t xs, real *y, int64_t ys, void *work);
/* gx = scale * the gy of the sum that x went into */
KERNEL(sums_backward, sums_size s, const real *gy, int64_t gys, real *gx, int64_t gxs, int add);
#endif
