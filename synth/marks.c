/* marks.c - what lesions look like beside the change of form: spurs at the rims, bridges, dense bands under broken plates, clefts, dents
 * of the plates, gas and chalk in discs. See lesions.h. */
#include "synth/lesions.h"
#include "synth/parts.h"
#include "synth/plane.h"
#include <string.h>

/* A spur at one corner: its root lies on the wall and the plate, its tip beyond the rim. */
static void spur(anatomy *a, int level, int corner, double mm, draws *d)
{
    const vertebra *v = &a->v[level];
    const int anterior = corner == SA || corner == IA, superior = corner == SA || corner == SP;
    const double *c = v->corner[corner], slope = superior ? plane_slope(v->corner[SA], v->corner[SP]) : plane_slope(v->corner[IA],
        v->corner[IP]);
    const double out = anterior ? 1 : -1, up = superior ? 1 : -1, lift = tan(DEGREE * draws_range(d, -10, 45));
    const double p[5][2] = { { -0.9 * mm * out, -0.1 * up }, { 0.2 * mm * out, 0.25 * up * mm * lift }, { mm * out, up * mm * lift },
        { 0.55 * mm * out, -0.35 * up * mm },
        { -0.15 * mm * out, -1.1 * up * mm } };
    solid *s = parts_add(a, PART_OSTEOPHYTE, level, c, slope, p, 5, 0.5 * v->width[superior ? 0 : 1] * draws_range(d, 0.35, 0.7));
    s->shell_mm = 0.8, s->power[1] = 0;
}

/* A dense band under a broken plate. */
static void sclerosis(anatomy *a, int level, draws *d)
{
    const vertebra *v = &a->v[level];
    const double slope = plane_slope(v->corner[SA], v->corner[SP]), depth = plane_distance(v->corner[SA], v->corner[SP]);
    double middle[2];
    plane_mix(middle, v->corner[SA], v->corner[SP], 0.5);
    const double sag = (middle[0] - v->middle[0][0]) * -sin(DEGREE * slope) + (middle[1] - v->middle[0][1]) * cos(DEGREE * slope),
        w = draws_range(d, 1.2, 2.4);
    const double p[6][2] = { { -0.46 * depth, -1 }, { 0, sag - 0.8 }, { 0.46 * depth, -1 }, { 0.46 * depth, -1 - w }, { 0,
        sag - 0.8 - w }, { -0.46 * depth, -1 - w } };
    parts_add(a, PART_SCLEROSIS, level, middle, slope, p, 6, 0.3 * v->width[0])->density = draws_range(d, 0.5, 1.2);
}

static void cleft(anatomy *a, int level, draws *d)
{
    const vertebra *v = &a->v[level];
    double at[2];
    plane_mix(at, v->middle[0], v->middle[1], draws_range(d, 0.25, 0.45));
    solid *s = parts_ellipse(a, PART_CLEFT, level, at, plane_slope(v->corner[SA], v->corner[SP]), 0.3 * plane_distance(v->corner[SA],
        v->corner[SP]), 1.2, 0.25 * v->width[0]);
    s->density = -0.9, s->shell = s->core;
}

/* A dent of a plate (Schmorl 1927): a round hole in the spongiosa with a dense floor. */
static void dent(anatomy *a, int level, draws *d)
{
    vertebra *v = &a->v[level];
    const int inferior = draws_chance(d, 0.5);
    const double r = draws_range(d, 1.5, 4), slope = plane_slope(v->corner[inferior ? IA : SA], v->corner[inferior ? IP : SP]),
        in = inferior ? 1 : -1;
    double at[2];
    v->dent[inferior] = 2 * r;
    plane_mix(at, v->corner[inferior ? IA : SA], v->corner[inferior ? IP : SP], draws_range(d, 0.35, 0.65));
    plane_at(at, at, slope, 0, in * (0.6 * r + 1));
    solid *floor_ = parts_ellipse(a, PART_SCLEROSIS, level, at, slope, r + 0.8, 0.8 * r + 0.8, r + 2);
    floor_->density = 0.5;
    solid *hole = parts_ellipse(a, PART_CLEFT, level, at, slope, r, 0.8 * r, r + 2);
    hole->density = -0.9, hole->shell = hole->core;
}

/* Gas (dark) or chalk (bright) in a disc. */
static void disc_line(anatomy *a, int level, const double lower[2][2], double density, draws *d)
{
    const vertebra *v = &a->v[level];
    double front[2], back[2], at[2];
    plane_mix(front, v->corner[IA], lower[0], 0.5), plane_mix(back, v->corner[IP], lower[1], 0.5), plane_mix(at, front, back,
        draws_range(d, 0.35, 0.65));
    const double l = plane_distance(front, back), thick = fmax(0.6, 0.14 * (v->disc[0] + v->disc[1]) * 0.5);
    solid *s = parts_ellipse(a, PART_DISC, level, at, plane_slope(front, back), draws_range(d, 0.2, 0.36) * l, thick, 0.3 * v->width[1]);
    s->core = s->shell = density < 0 ? MATERIAL_SOFT : MATERIAL_CORTICAL, s->density = density;
}

/* A bridge of bone before the discs of some thoracic levels (DISH). */
static void bridges(anatomy *a, draws *d)
{
    if (a->person.age < 55 || !draws_chance(d, 0.08)) return;
    const int from = GEO_T6 + draws_below(d, 3), to = from + 3 + draws_below(d, 3);
    for (int level = from; level < to && level < GEO_T12; level++) {
        const double *u = a->v[level].corner[IA], *l = a->v[level + 1].corner[SA], w = draws_range(d, 2.5, 6), far = plane_distance(u, l);
        a->v[level].bridge = 1;
        const double p[6][2] = { { -1, 5 }, { 0.6 * w, 3 }, { w, -0.5 * far }, { 0.6 * w, -far - 3 }, { -1, -far - 5 }, { 0.1 * w,
            -0.5 * far } };
        parts_add(a, PART_OSTEOPHYTE, level, u, plane_slope(l, u) - 90, p, 6, 9)->shell_mm = 1;
    }
}

void lesions_solids(anatomy *a, const lesion f[LEVEL_SLOTS], draws *d)
{
    const double chance = 0.02 + 0.01 * fmax(0, a->person.age - 40) / 10;
    for (int k = 0; k < a->n; k++) {
        const int level = a->chain[k];
        vertebra *v = &a->v[level];
        for (int c = 0; c < 4; c++) if (level > GEO_C2 && draws_chance(d, chance)) spur(a, level, c, draws_range(d, 2, level <= GEO_C7
            ? 4 : 7), d);
        if (v->fracture != FRACTURE_NONE && f[level].share > 0 && draws_chance(d, 0.6)) sclerosis(a, level, d);
        if (v->fracture != FRACTURE_NONE && v->grade > 1 && draws_chance(d, 0.15)) cleft(a, level, d);
        if (level >= GEO_T6 && draws_chance(d, 0.03)) dent(a, level, d);
        double lower[2][2];
        const int last = k + 1 == a->n;
        for (int i = 0; i < 2; i++) memcpy(lower[i], last ? a->s1[i] : a->v[a->chain[k + 1]].corner[SA + i], sizeof lower[i]);
        if (v->vacuum > 0) disc_line(a, level, (const double (*)[2])lower, -v->vacuum, d);
        else if (level > GEO_C7 && draws_chance(d, 0.015)) disc_line(a, level, (const double (*)[2])lower, draws_range(d, 0.2, 0.6), d);
    }
    bridges(a, d);
}
