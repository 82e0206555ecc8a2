/* resample.h - nearest and bilinear resampling of maps, up or down, to any size.
 *
 * Where output position d reads along an axis of `in` positions that becomes `out`:
 *   nearest    min(floor(d in / out), in - 1), in whole numbers;
 *   bilinear   max((d + 1/2) in / out - 1/2, 0), between floor(.) and the next, which is held to the last; with align_corners
 *              d (in - 1) / (out - 1): end points map to end points.
 * Neither filters before it shrinks. Backward gathers: an input pixel sums over the outputs that read it. */
#ifndef KERNELS_RESAMPLE_H
#define KERNELS_RESAMPLE_H
#include "kernels/kernel.h"

#define RESAMPLE_WORDS "nearest|bilinear|bicubic|area"
typedef enum { RESAMPLE_NEAREST, RESAMPLE_BILINEAR, RESAMPLE_BICUBIC, RESAMPLE_AREA } resample_mode;   /* the last two: taps.h */
typedef struct { int64_t samples, channels, h, w, oh, ow; resample_mode mode; int align_corners; } resample_size;

/* Output position d reads input `at` with weight 1 - more and input `next` with weight more. */
typedef struct { int64_t at, next; real more; } resample_tap;

static inline DEVICE resample_tap resample_read(int64_t d, int64_t in, int64_t out, resample_mode mode, int align_corners)
{
    if (mode == RESAMPLE_NEAREST) return (resample_tap){ d * in / out, d * in / out, 0 };
    resample_tap t;
    double x = align_corners ? (out > 1 ? (double)(d * (in - 1)) / (double)(out - 1) : 0)
                             : ((double)d + 0.5) * ((double)in / (double)out) - 0.5;
    if (x < 0) x = 0;
    t.at = (int64_t)x;
    if (t.at > in - 1) t.at = in - 1;
    t.next = t.at + 1 < in ? t.at + 1 : t.at;
    t.more = (real)(x - (double)t.at);
    return t;
}

/* The weight with which output d reads input i: 0 where it does not */
static inline DEVICE real resample_weight(resample_tap t, int64_t i)
{
    return (t.at == i ? 1 - t.more : 0) + (t.next == i ? t.more : 0);
}

/* Outputs first..last hold all that read input i (and a few that do not): the inverse of the positions i - 1 and i + 1 */
static inline DEVICE void resample_readers(int64_t i, int64_t in, int64_t out, resample_mode mode, int align_corners, int64_t *first, int64_t *last)
{
    const double scale = (double)out / (double)in, corner = in > 1 ? (double)(out - 1) / (double)(in - 1) : (double)out;
    double low = (double)i * scale, high = (double)(i + 1) * scale;
    if (mode == RESAMPLE_BILINEAR && align_corners) low = (double)(i - 1) * corner, high = (double)(i + 1) * corner;
    else if (mode == RESAMPLE_BILINEAR) low = ((double)i - 0.5) * scale - 0.5, high = ((double)i + 1.5) * scale - 0.5;
    *first = i == 0 || low < 0 ? 0 : (int64_t)low;
    *last = high > (double)(out - 1) ? out - 1 : (int64_t)high;
}

KERNEL(resample_forward, resample_size s, const elem *x, int64_t xs, elem *y, int64_t ys);
KERNEL(resample_backward, resample_size s, const elem *gy, int64_t gys, elem *gx, int64_t gxs, int add);
#endif
