/* taps.h - resampling that reads more than two pixels along an axis: bicubic and area; the modes and sizes are those of resample.h.
 *   bicubic    four taps of the cubic convolution with a = -0.75 (Keys 1981) about the position that bilinear reads, which here may lie
 *              outside of the map; a tap beyond the border reads the border;
 *   area       the mean of the inputs floor(d in / out) .. ceil((d + 1) in / out) - 1, pooling with windows that fit the sizes.
 * Backward gathers: an input pixel sums over the outputs that read it. */
#ifndef KERNELS_TAPS_H
#define KERNELS_TAPS_H
#include <math.h>
#include "kernels/loop.h"
#include "kernels/resample.h"

/* Tap k of `count` reads input first + k, held to the map, with weight w[k], or w[0] where all weigh the same */
typedef struct { int64_t first, count; int even; real w[4]; } tap_list;

static inline DEVICE real cubic_near(double x) { return (real)((1.25 * x - 2.25) * x * x + 1); }                    /* 0 <= x <= 1 */
static inline DEVICE real cubic_far(double x) { return (real)(((-0.75 * x + 3.75) * x - 6) * x + 3); }               /* 1 <= x <= 2 */

/* What output position d of `out` reads along an axis of `in` */
static inline DEVICE tap_list taps_read(int64_t d, int64_t in, int64_t out, resample_mode mode, int align_corners)
{
    tap_list t = { d * in / out, 0, 1, { 0 } };
    if (mode == RESAMPLE_AREA) {
        t.count = ((d + 1) * in + out - 1) / out - t.first;
        t.w[0] = (real)(1.0 / (double)t.count);
        return t;
    }
    const double x = align_corners ? (out > 1 ? (double)(d * (in - 1)) / (double)(out - 1) : 0)
                                   : ((double)d + 0.5) * ((double)in / (double)out) - 0.5;
    const double low = floor(x), f = x - low;
    t.first = (int64_t)low - 1, t.count = 4, t.even = 0;
    t.w[0] = cubic_far(1 + f), t.w[1] = cubic_near(f), t.w[2] = cubic_near(1 - f), t.w[3] = cubic_far(2 - f);
    return t;
}

static inline DEVICE int64_t tap_at(const tap_list *t, int64_t k, int64_t in) { return least(most(t->first + k, 0), in - 1); }
static inline DEVICE real tap_weight(const tap_list *t, int64_t k) { return t->w[t->even ? 0 : k]; }

/* The weight with which these taps read input i: 0 where they do not */
static inline DEVICE real taps_weight(const tap_list *t, int64_t i, int64_t in)
{
    real w = 0;
    if (t->even) return i >= t->first && i < t->first + t->count ? t->w[0] : 0;
    for (int64_t k = 0; k < t->count; k++) w += tap_at(t, k, in) == i ? t->w[k] : 0;
    return w;
}

/* Outputs first..last hold all that read input i (and a few that do not) */
static inline DEVICE void taps_readers(int64_t i, int64_t in, int64_t out, resample_mode mode, int align_corners, int64_t *first, int64_t *last)
{
    *first = i * out / in, *last = ((i + 1) * out + in - 1) / in - 1;
    if (mode == RESAMPLE_AREA) return;
    const double scale = align_corners ? (in > 1 ? (double)(out - 1) / (double)(in - 1) : (double)out) : (double)out / (double)in;
    const double half = align_corners ? 0 : 0.5, low = ((double)(i - 2) + half) * scale - half, high = ((double)(i + 2) + half) * scale - half;
    *first = i == 0 || low < 1 ? 0 : (int64_t)low;             /* the outputs at low and high weigh 0, so rounding costs nothing */
    *last = i == in - 1 || high + 1 > (double)(out - 1) ? out - 1 : (int64_t)high + 1;
}

KERNEL(taps_forward, resample_size s, const elem *x, int64_t xs, elem *y, int64_t ys);
KERNEL(taps_backward, resample_size s, const elem *gy, int64_t gys, elem *gx, int64_t gxs, int add);
#endif
