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

static void grow(double lo[2], double hi[2], const double p[2], double room)
{
    for (int k = 0; k < 2; k++) lo[k] = fmin(lo[k], p[k] - room), hi[k] = fmax(hi[k], p[k] + room);
}

static void bounds(const anatomy *a, const view *v, const double hip[2], double lo[2], double hi[2])
{
    for (int k = 0; k < 2; k++) lo[k] = INFINITY, hi[k] = -INFINITY;
    for (int k = 0; k < a->n; k++) {
        const int level = a->chain[k], at = level == LEVEL_L6 ? GEO_L5 : level;
        if (at < v->top || at > v->bottom) continue;
        for (int c = 0; c < 4; c++) grow(lo, hi, a->v[level].corner[c], 0);
    }
    if (v->bottom == GEO_S1) {
        grow(lo, hi, hip, 28);
        for (int i = 0; i < 4; i++) grow(lo, hi, a->sacral[i], 10);
    }
    if (a->region == REGION_CERVICAL) grow(lo, hi, a->point[GEO_HARD_PALATE], 0), hi[0] -= 40;
}

void frame_draw(anatomy *a, const double hip[2], draws *d)
{
    const view *v = &views[a->region];
    film *f = &a->film;
    double lo[2], hi[2];
    bounds(a, v, hip, lo, hi);
    lo[1] -= draws_range(d, v->above[0], v->above[1]), hi[1] += draws_range(d, v->below[0], v->below[1]);
    lo[0] -= draws_range(d, v->behind[0], v->behind[1]), hi[0] += draws_range(d, v->before[0], v->before[1]);
    f->h = a->set.h, f->w = a->set.w;
    f->spacing = fmax((hi[1] - lo[1]) / (double)(f->h - 1), (hi[0] - lo[0]) / (double)(f->w - 1));
    const double slack[2] = { f->spacing * (double)(f->w - 1) - (hi[0] - lo[0]), f->spacing * (double)(f->h - 1) - (hi[1] - lo[1]) };
    for (int k = 0; k < 2; k++) f->origin[k] = lo[k] - slack[k] * draws_range(d, 0.35, 0.65);
    f->facing = a->region == REGION_AP || draws_chance(d, 0.5) ? 1 : -1;
    const int tall = a->region == REGION_WHOLE || a->region == REGION_AP;
    const double sid = tall ? draws_range(d, 1800, 2000) : a->region == REGION_CERVICAL ? draws_range(d, 1500, 1850) : draws_range(d,
        1000, 1300);
    f->source_distance = sid - (tall ? draws_range(d, 250, 400) : draws_range(d, 180, 300));
    f->slot = tall && draws_chance(d, 0.3);
    for (int k = 0; k < 2; k++) f->focus[k] = f->origin[k] + 0.5 * f->spacing * (double)((k ? f->h : f->w) - 1) + draws_normal(d, 0, 15);
}
