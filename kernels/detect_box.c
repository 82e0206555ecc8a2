/* detect_box.c - boxes and anchors; see detect.h. Everything is computed in `real`, in the order in which
 * the reference code computes it, since its roundings decide ties. */
#include "kernels/detect.h"
#include <math.h>

static real higher(real a, real b) { return a > b ? a : b; }
static real lower(real a, real b) { return a < b ? a : b; }

real box_iou(box a, box b)
{
    const real w = lower(a.x2, b.x2) - higher(a.x1, b.x1), h = lower(a.y2, b.y2) - higher(a.y1, b.y1);
    const real both = higher(w, 0) * higher(h, 0), any = box_area(a) + box_area(b) - both;
    return both > 0 ? both / any : 0;
}

box box_clip(box b, real width, real height)
{
    return (box){ lower(higher(b.x1, 0), width), lower(higher(b.y1, 0), height),
                  lower(higher(b.x2, 0), width), lower(higher(b.y2, 0), height) };
}

box box_widened(box b, double share)
{
    const real w = (real)share * box_width(b), h = (real)share * box_height(b);
    return (box){ b.x1 - w, b.y1 - h, b.x2 + w, b.y2 + h };
}

int box_finite(box b) { return isfinite(b.x1) && isfinite(b.y1) && isfinite(b.x2) && isfinite(b.y2); }

int box_large(box b, double side, int strict)
{
    const real least = (real)side, w = box_width(b), h = box_height(b);
    return strict ? w > least && h > least : w >= least && h >= least;
}

typedef struct { real x, y, w, h; } centred;
static centred centre_of(box b)
{
    const real w = box_width(b), h = box_height(b);
    return (centred){ b.x1 + (real)0.5 * w, b.y1 + (real)0.5 * h, w, h };
}

void box_encode(box from, box to, box_weights w, real delta[4])
{
    const centred a = centre_of(from), b = centre_of(to);
    delta[0] = (real)w.x * (b.x - a.x) / a.w, delta[1] = (real)w.y * (b.y - a.y) / a.h;
    delta[2] = (real)w.w * (real)log((double)(b.w / a.w)), delta[3] = (real)w.h * (real)log((double)(b.h / a.h));
}

box box_decode(box from, const real delta[4], box_weights w)
{
    const real most = (real)4.135166556742356;                 /* log(1000 / 16) */
    const centred a = centre_of(from);
    const real x = delta[0] / (real)w.x * a.w + a.x, y = delta[1] / (real)w.y * a.h + a.y;
    const real dw = delta[2] / (real)w.w, dh = delta[3] / (real)w.h;           /* a NaN stays one */
    const real half_w = (real)0.5 * ((real)exp((double)(dw > most ? most : dw)) * a.w);
    const real half_h = (real)0.5 * ((real)exp((double)(dh > most ? most : dh)) * a.h);
    return (box){ x - half_w, y - half_h, x + half_w, y + half_h };
}

int anchor_cells(const anchor_grid *g) { return g->ratios * g->scales; }

void anchor_cell(const anchor_grid *g, int level, box cell[DETECT_CELLS])
{
    const int cells = anchor_cells(g);
    for (int i = 0; i < cells; i++) {
        const int ratio = g->scales_last ? i % g->ratios : i / g->scales, scale = g->scales_last ? i / g->ratios : i % g->scales;
        const double side = g->size[level] * g->scale[scale], root = sqrt(g->ratio[ratio]);
        double w = side / root / 2, h = side * root / 2;
        if (g->round) w = nearbyint(w), h = nearbyint(h);      /* half to even */
        cell[i] = (box){ (real)-w, (real)-h, (real)w, (real)h };
    }
}

int64_t anchor_count(const anchor_grid *g, int level)
{
    if (level < g->levels) return g->h[level] * g->w[level] * anchor_cells(g);
    int64_t sum = 0;
    for (int l = 0; l < g->levels; l++) sum += anchor_count(g, l);
    return sum;
}

box anchor_at(const anchor_grid *g, int level, const box *cell, int64_t i)
{
    const int64_t cells = anchor_cells(g), place = i / cells;
    const real x = (real)(place % g->w[level]) * g->step_w[level], y = (real)(place / g->w[level]) * g->step_h[level];
    const box b = cell[i % cells];
    return (box){ x + b.x1, y + b.y1, x + b.x2, y + b.y2 };
}
