/* screws.c - a pedicle screw construct: screws through the pedicles of a run of vertebrae, their heads, two rods, sometimes a cage. */
#include "synth/implants.h"
#include "synth/picture.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct side { tube rod; double diameter; enum material metal, rod_metal; int z; } side;

/* The upper and lower end of a construct, by how often they are seen. */
static const struct { double share; int upper, lower; } pattern[] = {
    { 0.34, GEO_L4, GEO_S1 }, { 0.14, GEO_L5, GEO_S1 }, { 0.14, GEO_L4, GEO_L5 }, { 0.12, GEO_L3, GEO_S1 }, { 0.08, GEO_L2, GEO_S1 },
        { 0.08, GEO_T10, GEO_S1 },
    { 0.05, GEO_T11, GEO_L2 }, { 0.05, GEO_T4, GEO_L2 } };

/* Where the pedicle's screw goes in, and along what: S1's is taken from its plate. */
static int pedicle_of(const anatomy *a, int level, double at[2], double axis[2], double *depth)
{
    double front[2], back[2];
    if (level == GEO_S1) {
        memcpy(front, a->s1[0], sizeof front), memcpy(back, a->s1[1], sizeof back);
    } else {
        if (!a->v[level].there) return 0;
        memcpy(front, a->v[level].corner[SA], sizeof front), memcpy(back, a->v[level].corner[SP], sizeof back);
    }
    const double len = hypot(front[0] - back[0], front[1] - back[1]);
    axis[0] = (front[0] - back[0]) / len, axis[1] = (front[1] - back[1]) / len, *depth = len;
    if (level == GEO_S1) at[0] = back[0] - axis[1] * 8, at[1] = back[1] + axis[0] * 8;
    else memcpy(at, a->v[level].pedicle[0], 2 * sizeof *at);
    return 1;
}

static double diameter_of(int level) { return level <= GEO_C7 ? 3.5 : level <= GEO_T9 ? 5 : level <= GEO_T12 ? 5.5 : 6.5; }

/* One screw from behind; its head joins the rod. */
static void screw(maps *m, draws *d, side *s, const double head[2], const double axis[2], double length, double diameter, double stretch)
{
    tube t = { .n = (int)fmin(TUBE_POINTS, 2 * length / 2.7 + 4) };
    for (int i = 0; i < t.n; i++) {
        const double f = (double)i / (t.n - 1), taper = f > 0.85 ? 1 - 3.5 * (f - 0.85) : 1;
        t.p[i][0] = head[0] + f * length * axis[0], t.p[i][1] = head[1] + f * length * axis[1];
        t.radius[i] = 0.5 * diameter * taper + (f < 0.15 ? 0 : i % 2 ? 0.2 : -0.4), t.stretch[i] = stretch;
    }
    shape_tube(m, s->metal, s->metal, &t, 0, 1);
    tube tulip = { .n = 2, .radius = { 6.3, 5.2 }, .stretch = { 0.75, 0.75 } };
    const double tilt = draws_range(d, -0.15, 0.15), ax = axis[0] - tilt * axis[1], ay = axis[1] + tilt * axis[0];
    for (int i = 0; i < 2; i++) tulip.p[i][0] = head[0] + (i ? 0.5 : -7.5) * ax, tulip.p[i][1] = head[1] + (i ? 0.5 : -7.5) * ay;
    shape_tube(m, s->metal, s->metal, &tulip, 0, stretch > 1.5 ? 1.6 : 1);
    tube set = { .n = 2, .p = { { tulip.p[0][0], tulip.p[0][1] }, { tulip.p[0][0] - 2.5 * ax, tulip.p[0][1] - 2.5 * ay } },
        .radius = { 4, 4 }, .stretch = { 1, 1 } };
    shape_tube(m, s->metal, s->metal, &set, 0, 1);
    for (int k = 0; k < 2; k++) s->rod.p[s->rod.n][k] = tulip.p[0][k] + 0.4 * (tulip.p[1][k] - tulip.p[0][k]);
    s->rod.radius[s->rod.n] = 0, s->rod.stretch[s->rod.n] = 1, s->rod.n++;
}

/* A smooth bar through the heads and a little beyond both ends. */
static void rod(maps *m, draws *d, const side *s)
{
    enum { STEPS = 6 };
    const tube *h = &s->rod;
    tube t = { 0 };
    const double over = draws_range(d, 5, 10), r = 0.5 * draws_range(d, 5.5, 6);
    if (h->n < 2) return;
    for (int i = 0; i < h->n - 1; i++) {
        const double *b = h->p[i], *c = h->p[i + 1], *a = i ? h->p[i - 1] : b, *e = i + 2 < h->n ? h->p[i + 2] : c;
        const int steps = h->n > 9 ? 3 : STEPS;
        for (int k = 0; k < steps + (i == h->n - 2) && t.n < TUBE_POINTS; k++, t.n++) {
            const double u = (double)k / steps;
            for (int x = 0; x < 2; x++)
                t.p[t.n][x] = b[x] + 0.5 * u * (c[x] - a[x] + u * (2 * a[x] - 5 * b[x] + 4 * c[x] - e[x] + u
                    * (3 * (b[x] - c[x]) + e[x] - a[x])));
            t.radius[t.n] = r, t.stretch[t.n] = 1;
        }
    }
    for (int end = 0; end < 2; end++) {
        double *p = t.p[end ? t.n - 1 : 0], *q = t.p[end ? t.n - 2 : 1];
        const double len = hypot(p[0] - q[0], p[1] - q[1]);
        for (int x = 0; x < 2; x++) p[x] += over * (p[x] - q[x]) / len;
    }
    shape_tube(m, s->rod_metal, s->rod_metal, &t, 0, 1);
}

static int lateral_screw(const scene *s, maps *m, draws *d, side *o, int level)
{
    double at[2], axis[2], head[2], depth;
    if (!pedicle_of(s->a, level, at, axis, &depth)) return 0;
    const double tilt = draws_normal(d, 0, 0.05) + o->z * 0.035, in = draws_range(d, 0.6, 0.85) * depth;
    const double x = axis[0] * cos(tilt) - axis[1] * sin(tilt), y = axis[0] * sin(tilt) + axis[1] * cos(tilt),
        behind = draws_range(d, 15, 20);
    const double across = draws_normal(d, 0, 1.2);
    head[0] = at[0] - behind * x - across * y, head[1] = at[1] - behind * y + across * x;
    scene_project(s, head, o->z * draws_range(d, 14, 20), head);
    screw(m, d, o, head, (double[2]){ x, y }, fmin(behind + in * cos(draws_range(d, 0.17, 0.44)), 58), o->diameter * diameter_of(level), 1);
    return 1;
}

/* Seen from the front a screw runs towards the viewer: short, and as long along the beam as it is deep. */
static int frontal_screw(const scene *s, maps *m, draws *d, side *o, int level)
{
    double at[2];
    const double width = level == GEO_S1 ? 46 : 0.5 * (s->a->v[level].width[0] + s->a->v[level].width[1]);
    scene_place(s, level - 0.12, 0, at);
    const double x = o->z * width * (level == GEO_S1 ? 0.42 : 0.36);
    at[0] += x;
    screw(m, d, o, at, (double[2]){ -o->z * 0.96, 0.28 * draws_range(d, -1, 1) }, draws_range(d, 11, 17), o->diameter * diameter_of(level),
        2.6);
    tube *r = &o->rod;
    r->p[r->n - 1][0] = at[0] + o->z * 2, r->p[r->n - 1][1] = at[1];
    return 1;
}

/* The broken body, for a construct that is to span it with one more on either side; 0: none is asked for. */
static int to_span(const anatomy *a)
{
    for (int k = 1; k < a->n && a->set.fractures == FRACTURES_SCREWED; k++)
        if (a->v[a->chain[k]].fracture && a->chain[k] < GEO_L5) return a->chain[k];
    return 0;
}

void implant_construct(const scene *s, maps *m, draws *d, implants *which)
{
    double u = draws_u01(d);
    int k = 0;
    while (k < (int)(sizeof pattern / sizeof *pattern) - 1 && u >= pattern[k].share) u -= pattern[k].share, k++;
    const int frontal = s->a->region == REGION_AP, thoracic = s->a->region == REGION_THORACIC;
    int upper = thoracic ? GEO_T4 + draws_below(d, 5) : pattern[k].upper,
        lower = thoracic ? upper + 2 + draws_below(d, 4) : pattern[k].lower;
    const double size = draws_range(d, 0.93, 1.12);
    const enum material metal = draws_chance(d, 0.85) ? MATERIAL_TITANIUM : MATERIAL_STEEL,
        rods = draws_chance(d, 0.7) ? metal : MATERIAL_COBALT;
    const int spanned = to_span(s->a), cage = draws_chance(d, 0.5), skip = draws_chance(d, 0.15) && !spanned ? 1 + draws_below(d, 3) : 0;
    if (spanned) upper = spanned - 1, lower = spanned + 1;
    for (int z = -1; z <= 1; z += 2) {
        side o = { .diameter = size, .metal = metal, .rod_metal = rods, .z = z };
        for (int i = 0; i <= s->a->n; i++) {
            const int level = i < s->a->n ? s->a->chain[i] : GEO_S1;
            const int inside = level == LEVEL_L6 ? lower == GEO_S1 : level >= upper && level <= lower;
            if (!inside || (skip && i % 4 == skip && level != upper && level != lower)) continue;
            which->screws[level] += frontal ? frontal_screw(s, m, d, &o, level) : lateral_screw(s, m, d, &o, level);
            if (cage && z > 0 && !frontal && i < s->a->n && level < lower && level >= GEO_L3) implant_cage(s, m, d, i);
        }
        rod(m, d, &o);
    }
    snprintf(which->words, IMPLANT_WORDS, "screws %s-%s, rods%s", level_name(upper), level_name(lower), cage && !frontal ? ", cages" : "");
}
