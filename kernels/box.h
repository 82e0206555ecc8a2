/* box.h - boxes, and the anchors of a pyramid: the formulas that CPU and CUDA kernels share. Boxes are x1 y1 x2 y2 in pixels of the padded
 * input, areas without + 1. Everything is computed in `real`, in the order in which the reference code computes it, since its
 * roundings decide ties; files that choose by it are compiled without fused multiply-adds, for a CPU and for a GPU (Makefile). */
#ifndef KERNELS_BOX_H
#define KERNELS_BOX_H
#include <math.h>
#include "kernels/kernel.h"

enum { DETECT_LEVELS = 5, DETECT_CELLS = 32 };           /* most maps of a pyramid, most anchors of one place */

typedef struct { real x1, y1, x2, y2; } box;
typedef struct { double x, y, w, h; } box_weights;       /* deltas are multiplied by these: 1 1 1 1 and 10 10 5 5 */

static inline DEVICE real box_higher(real a, real b) { return a > b ? a : b; }
static inline DEVICE real box_lower(real a, real b) { return a < b ? a : b; }

static inline DEVICE real box_width(box b) { return b.x2 - b.x1; }
static inline DEVICE real box_height(box b) { return b.y2 - b.y1; }
static inline DEVICE real box_area(box b) { return box_width(b) * box_height(b); }

/* 0 where both are empty */
static inline DEVICE real box_iou(box a, box b)
{
    const real w = box_lower(a.x2, b.x2) - box_higher(a.x1, b.x1), h = box_lower(a.y2, b.y2) - box_higher(a.y1, b.y1);
    const real both = box_higher(w, 0) * box_higher(h, 0), any = box_area(a) + box_area(b) - both;
    return both > 0 ? both / any : 0;
}

/* To [0, width] x [0, height] */
static inline DEVICE box box_clip(box b, real width, real height)
{
    const box held = { box_lower(box_higher(b.x1, 0), width), box_lower(box_higher(b.y1, 0), height),
                       box_lower(box_higher(b.x2, 0), width), box_lower(box_higher(b.y2, 0), height) };
    return held;
}

/* Every side moved outwards by this share of the width or height */
static inline DEVICE box box_widened(box b, double share)
{
    const real w = (real)share * box_width(b), h = (real)share * box_height(b);
    const box wide = { b.x1 - w, b.y1 - h, b.x2 + w, b.y2 + h };
    return wide;
}

static inline DEVICE int box_finite(box b) { return isfinite(b.x1) && isfinite(b.y1) && isfinite(b.x2) && isfinite(b.y2); }

/* Both sides >= side, or > side */
static inline DEVICE int box_large(box b, double side, int strict)
{
    const real least = (real)side, w = box_width(b), h = box_height(b);
    return strict ? w > least && h > least : w >= least && h >= least;
}

typedef struct { real x, y, w, h; } box_centred;
static inline DEVICE box_centred box_centre(box b)
{
    const real w = box_width(b), h = box_height(b);
    const box_centred c = { b.x1 + (real)0.5 * w, b.y1 + (real)0.5 * h, w, h };
    return c;
}

/* How `to` lies as seen from `from`: dx dy dw dh (Girshick et al. 2014), and back; dw, dh are held to log(1000 / 16) from above. */
static inline DEVICE void box_encode(box from, box to, box_weights w, real delta[4])
{
    const box_centred a = box_centre(from), b = box_centre(to);
    delta[0] = (real)w.x * (b.x - a.x) / a.w, delta[1] = (real)w.y * (b.y - a.y) / a.h;
    delta[2] = (real)w.w * (real)log((double)(b.w / a.w)), delta[3] = (real)w.h * (real)log((double)(b.h / a.h));
}

static inline DEVICE box box_decode(box from, const real delta[4], box_weights w)
{
    const real most = (real)4.135166556742356;                 /* log(1000 / 16) */
    const box_centred a = box_centre(from);
    const real x = delta[0] / (real)w.x * a.w + a.x, y = delta[1] / (real)w.y * a.h + a.y;
    const real dw = delta[2] / (real)w.w, dh = delta[3] / (real)w.h;           /* a NaN stays one */
    const real half_w = (real)0.5 * ((real)exp((double)(dw > most ? most : dw)) * a.w);
    const real half_h = (real)0.5 * ((real)exp((double)(dh > most ? most : dh)) * a.h);
    const box b = { x - half_w, y - half_h, x + half_w, y + half_h };
    return b;
}

/* ---- anchors ---- */
typedef struct {
    int levels, ratios, scales;
    double size[DETECT_LEVELS], ratio[DETECT_CELLS], scale[DETECT_CELLS];    /* side of each level's; height / width; factors of the side */
    int round;                           /* half sides to whole numbers, half to even */
    int scales_last;                     /* of one place the anchors of one scale follow each other (1), or those of one ratio (0) */
    int64_t h[DETECT_LEVELS], w[DETECT_LEVELS];          /* of the maps */
    real step_h[DETECT_LEVELS], step_w[DETECT_LEVELS];   /* pixels of the input from one place to the next */
} anchor_grid;

/* A grid worked out. Anchors of a level are numbered by row, column, cell; of all levels one level after the other. */
typedef struct {
    int levels, cells;                   /* cells: anchors of one place, ratios x scales */
    int64_t h[DETECT_LEVELS], w[DETECT_LEVELS];
    real step_h[DETECT_LEVELS], step_w[DETECT_LEVELS];
    box cell[DETECT_LEVELS][DETECT_CELLS];               /* those of the place 0, 0 */
} anchors;
anchors anchors_make(const anchor_grid *g);              /* detect_anchors.c */

static inline DEVICE int64_t anchor_count(const anchors *a, int level) { return a->h[level] * a->w[level] * a->cells; }
static inline DEVICE int64_t anchor_first(const anchors *a, int level)      /* among all; level = levels: how many there are */
{
    int64_t sum = 0;
    for (int l = 0; l < level; l++) sum += anchor_count(a, l);
    return sum;
}
static inline DEVICE box anchor_at(const anchors *a, int level, int64_t i)
{
    const int64_t place = i / a->cells;
    const real x = (real)(place % a->w[level]) * a->step_w[level], y = (real)(place / a->w[level]) * a->step_h[level];
    const box c = a->cell[level][i % a->cells], b = { x + c.x1, y + c.y1, x + c.x2, y + c.y2 };
    return b;
}
/* The i-th of all */
static inline DEVICE box anchor_of_all(const anchors *a, int64_t i)
{
    int level = 0;
    for (int64_t n; i >= (n = anchor_count(a, level)); level++) i -= n;
    return anchor_at(a, level, i);
}
#endif
