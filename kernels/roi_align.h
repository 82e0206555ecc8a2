/* roi_align.h - RoIAlign (He et al. 2017, Mask R-CNN): the mean of bilinear samples in each bin of a box, from the level of a pyramid that
 * its size names, and the gradient to the maps.
 *
 * An axis of a box is cut into bins, a bin into n samples: the number given, or as many as it has pixels, rounded up. Pixel i lies at i;
 * `aligned` moves boxes by half a pixel to it, and without it no box is smaller than a pixel. A sample outside [-1, size] counts as 0;
 * inside, it is held to the pixels there are. Both axes are independent, so a bin is a product of two short lists of weights.
 * The backward pass gathers: each pixel adds up the bins that touch it, in the order of boxes and bins, so its bits are always the same. */
#ifndef KERNELS_ROI_ALIGN_H
#define KERNELS_ROI_ALIGN_H
#include <math.h>
#include "kernels/pyramid.h"

enum { ROI_SAMPLES = 4096 };             /* most samples of a bin along an axis, for boxes far larger than any image */

typedef struct {
    int64_t boxes, out_h, out_w, sampling;               /* boxes of an image; sampling 0: adaptive */
    int aligned;
    real scale[PYRAMID_LEVELS];          /* from box to map */
    int finest;                          /* log2 of the first level's step: a box of 224 x 224 belongs to the level of step 16 */
    double add; int inside;              /* see roi_level */
} roi_rule;

typedef struct { real start, bin; int64_t n; } roi_axis;
typedef struct { int32_t level; roi_axis y, x; } roi;    /* level < 0: no box */

/* floor(4 + log2(sqrt(area) / 224 + add)), or with add outside the logarithm, as a number of a level (Lin et al. 2017, FPN) */
static inline DEVICE int roi_level(const roi_rule *r, int levels, real area)
{
    const double side = sqrt((double)area) / 224;
    const double level = floor(4 + (r->inside ? log2(side + r->add) : log2(side) + r->add)) - r->finest;
    return level >= levels - 1 ? levels - 1 : level > 0 ? (int)level : 0;          /* NaN: 0 */
}

static inline DEVICE roi_axis roi_axis_of(const roi_rule *r, real from, real to, real scale, int64_t out)
{
    const real off = r->aligned ? (real)0.5 : 0, start = from * scale - off;
    real size = to * scale - off - start;
    if (!r->aligned && !(size > 1)) size = 1;
    const real bin = size / (real)out, most = (real)ROI_SAMPLES, n = ceil(bin);
    return (roi_axis){ start, bin, r->sampling ? r->sampling : n >= most ? (int64_t)ROI_SAMPLES : n > 0 ? (int64_t)n : 0 };
}

/* Box b of a list with `count` of them */
static inline DEVICE roi roi_of(const roi_rule *r, int levels, const real *b, int there)
{
    roi o = { -1, { 0, 0, 0 }, { 0, 0, 0 } };
    if (!there) return o;
    o.level = levels > 1 ? roi_level(r, levels, (b[2] - b[0]) * (b[3] - b[1])) : 0;
    o.y = roi_axis_of(r, b[1], b[3], r->scale[o.level], r->out_h);
    o.x = roi_axis_of(r, b[0], b[2], r->scale[o.level], r->out_w);
    return o;
}

/* Sample i of a bin, among `length` pixels: two pixels and their weights, which hold the mean over n; 0: outside */
typedef struct { int64_t low, high; real at_low, at_high; } roi_sample;
static inline DEVICE int roi_sample_of(const roi_axis *a, int64_t bin, int64_t i, int64_t length, roi_sample *s)
{
    real v = a->start + (real)bin * a->bin + ((real)i + (real)0.5) * a->bin / (real)a->n;
    if (!(v >= -1 && v <= (real)length)) return 0;
    v = v > 0 ? v : 0;
    s->low = (int64_t)v;
    if (s->low >= length - 1) s->low = length - 1, v = (real)s->low;
    s->high = s->low < length - 1 ? s->low + 1 : s->low;
    s->at_high = (v - (real)s->low) / (real)a->n, s->at_low = 1 / (real)a->n - s->at_high;
    return 1;
}

size_t roi_align_work(int64_t boxes);    /* bytes of scratch for this many boxes, all images */

/* boxes: [images boxes 4] with stride bs; count: [images]. y: [images boxes out_h out_w channels]; zeros behind the count. */
KERNEL(roi_align_forward, pyramid p, roi_rule r, const real *boxes, int64_t bs, const int32_t *count, real *y, int64_t ys, void *work);
/* gx: the gradient of one level */
KERNEL(roi_align_backward, pyramid p, int level, roi_rule r, const real *boxes, int64_t bs, const int32_t *count, const real *gy,
       int64_t gys, real *gx, int64_t gxs, int add, void *work);
#endif
