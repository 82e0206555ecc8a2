/* frame.c - which part of the anatomy a film shows, at which spacing, and where the beam comes from. */
#include "synth/frame.h"
#include "synth/plane.h"
#include "synth/spine.h"
#include <string.h>

const char *const region_names[REGIONS] = { "whole", "cervical", "thoracic", "lumbar", "ap" };

const char *level_name(int level) { return level == LEVEL_L6 ? "L6" : geo_level_name(level); }

void film_pixel(const film *f, const double mm[2], double px[2])
{
    const double x = (mm[0] - f->origin[0]) / f->spacing, y = (mm[1] - f->origin[1]) / f->spacing;
    px[0] = f->facing < 0 ? (double)(f->w - 1) - x : x, px[1] = y;
}

/* The field of view of a region: levels that bound it, and room around them in mm (least, most): above, below, behind, before. */
typedef struct view { int top, bottom; double above[2], below[2], behind[2], before[2]; } view;
static const view views[REGIONS] = {
    [REGION_WHOLE]    = { GEO_C2, GEO_S1, { 45, 110 }, { 30, 80 }, { 50, 80 }, { 60, 90 } },
    [REGION_CERVICAL] = { GEO_C2, GEO_T2, { 55, 80 }, { 0, 18 }, { 55, 75 }, { 62, 80 } },
    [REGION_THORACIC] = { GEO_C7, GEO_L2, { 0, 40 }, { 5, 40 }, { 55, 75 }, { 60, 100 } },
    [REGION_LUMBAR]   = { GEO_T12, GEO_S1, { 5, 45 }, { 20, 60 }, { 50, 80 }, { 55, 85 } },
    [REGION_AP]       = { GEO_T1, GEO_L5, { 30, 90 }, { 60, 140 }, { 70, 120 }, { 70, 120 } },
};

/* Close framing, as on most films of a ward: nothing of the skin, and whole bodies are not insisted on. Upper and lower level are drawn. */
static const struct close_view { int top[2], bottom[2]; double above[2], below[2], behind[2], before[2]; } close_views[REGIONS] = {
    [REGION_THORACIC] = { { GEO_T3, GEO_T7 }, { GEO_T11, GEO_L2 }, { -12, 14 }, { -12, 14 }, { 14, 55 }, { 8, 60 } },
    [REGION_LUMBAR]   = { { GEO_T9, GEO_L1 }, { GEO_L4, GEO_S1 }, { -14, 14 }, { -14, 22 }, { 14, 55 }, { 8, 60 } },
};

static void grow(double lo[2], double hi[2], const double p[2], double room)
{
    for (int k = 0; k < 2; k++) lo[k] = fmin(lo[k], p[k] - room), hi[k] = fmax(hi[k], p[k] + room);
}

/* Between levels .. to: S1 stands for the upper end of the sacrum, hips for all of the pelvis. */
static void bounds(const anatomy *a, int top, int bottom, const double *hip, double lo[2], double hi[2])
{
    for (int k = 0; k < 2; k++) lo[k] = INFINITY, hi[k] = -INFINITY;
    for (int k = 0; k < a->n; k++) {
        const int level = a->chain[k], at = level == LEVEL_L6 ? GEO_L5 : level;
        if (at < top || at > bottom) continue;
        for (int c = 0; c < 4; c++) grow(lo, hi, a->v[level].corner[c], 0);
    }
    if (bottom == GEO_S1) for (int i = 0; i < 2; i++) grow(lo, hi, a->s1[i], 0);
    if (hip) {
        grow(lo, hi, hip, 28);
        for (int i = 0; i < 4; i++) grow(lo, hi, a->sacral[i], 10);
    }
    if (a->region == REGION_CERVICAL) grow(lo, hi, a->point[GEO_HARD_PALATE], 0), hi[0] -= 40;
}

/* The rectangle to show, and how evenly what the film's shape leaves over is shared between two sides: 0.5 +- this. */
static double choose(const anatomy *a, const double *hip, draws *d, double lo[2], double hi[2])
{
    const struct close_view *c = &close_views[a->region];
    if (c->top[0] && draws_chance(d, a->set.close)) {
        const int top = c->top[0] + draws_below(d, c->top[1] - c->top[0] + 1), bottom = c->bottom[0] + draws_below(d, c->bottom[1] - c->bottom[0] + 1);
        bounds(a, top, bottom, NULL, lo, hi);
        lo[1] -= draws_range(d, c->above[0], c->above[1]), hi[1] += draws_range(d, c->below[0], c->below[1]);
        lo[0] -= draws_range(d, c->behind[0], c->behind[1]), hi[0] += draws_range(d, c->before[0], c->before[1]);
        return 0.45;
    }
    const view *v = &views[a->region];
    bounds(a, v->top, v->bottom, v->bottom == GEO_S1 ? hip : NULL, lo, hi);
    lo[1] -= draws_range(d, v->above[0], v->above[1]), hi[1] += draws_range(d, v->below[0], v->below[1]);
    lo[0] -= draws_range(d, v->behind[0], v->behind[1]), hi[0] += draws_range(d, v->before[0], v->before[1]);
    return 0.15;
}

void frame_draw(anatomy *a, const double hip[2], draws *d)
{
    film *f = &a->film;
    double lo[2], hi[2];
    const double uneven = choose(a, hip, d, lo, hi);
    f->h = a->set.h, f->w = a->set.w;
    f->spacing = fmax((hi[1] - lo[1]) / (double)(f->h - 1), (hi[0] - lo[0]) / (double)(f->w - 1));
    const double slack[2] = { f->spacing * (double)(f->w - 1) - (hi[0] - lo[0]), f->spacing * (double)(f->h - 1) - (hi[1] - lo[1]) };
    for (int k = 0; k < 2; k++) f->origin[k] = lo[k] - slack[k] * draws_range(d, 0.5 - uneven, 0.5 + uneven);
    f->facing = a->region == REGION_AP || draws_chance(d, 0.5) ? 1 : -1;
    if (a->set.facing && a->region != REGION_AP) f->facing = a->set.facing;
    const int tall = a->region == REGION_WHOLE || a->region == REGION_AP;
    const double sid = tall ? draws_range(d, 1800, 2000) : a->region == REGION_CERVICAL ? draws_range(d, 1500, 1850) : draws_range(d,
        1000, 1300);
    f->source_distance = sid - (tall ? draws_range(d, 250, 400) : draws_range(d, 180, 300));
    f->slot = tall && draws_chance(d, 0.3);
    for (int k = 0; k < 2; k++) f->focus[k] = f->origin[k] + 0.5 * f->spacing * (double)((k ? f->h : f->w) - 1) + draws_normal(d, 0, 15);
}
