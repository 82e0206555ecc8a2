/* scoliosis.c - see scoliosis.h. Tilts of the bodies' middle lines run from knot to knot along half cosines; the knots are the end
 * vertebrae of
 * the curves, so the largest difference between two of them is the main Cobb angle by construction. Turned bodies show it by their
 * pedicles. */
#include "synth/contour.h"
#include "synth/dimensions.h"
#include "synth/frame.h"
#include "synth/parts.h"
#include "synth/plane.h"
#include "synth/scoliosis.h"
#include <string.h>

enum { BODIES = GEO_L5 - GEO_T1 + 1, KNOTS = 5 };
typedef struct curve { int knot[KNOTS]; double tilt[KNOTS]; } curve;

/* Main angle: a fifth straight, the rest mild, moderate or severe. */
static double main_draw(draws *d, int stress)
{
    const double u = draws_u01(d);
    if (stress) return draws_range(d, 35, 85);
    return u < 0.2 ? draws_range(d, 1, 10) : u < 0.5 ? draws_range(d, 10, 20) : u < 0.8 ? draws_range(d, 20, 40) : draws_range(d, 40, 75);
}

static curve curve_draw(anatomy *a, draws *d)
{
    const double main = main_draw(d, a->stress), side = draws_chance(d, 0.7) ? 1 : -1, part = draws_range(d, 0.42, 0.58),
        low = draws_range(d, 0.2, 0.9);
    const int lumbar = draws_chance(d, 0.35), first = lumbar ? 6 + draws_below(d, 4) : 3 + draws_below(d, 3),
        second = first + 5 + draws_below(d, 2);
    const double top = -draws_range(d, 0, 0.5) * part, up = part, down = part - 1;
    curve c = { .knot = { 0, first, second, second + (16 - second) / 2 + 1, 16 }, .tilt = { top, up, down, down + low * (up - down), 0 } };
    if (c.knot[3] >= 16) c.knot[3] = 15;
    c.tilt[3] = fmin(c.tilt[3], up - 0.02), c.tilt[4] = 0.4 * c.tilt[3];
    for (int i = 0; i < KNOTS; i++) c.tilt[i] *= side * main;
    a->cobb[0] = main;
    return c;
}

static double tilt_at(const curve *c, double k)
{
    int i = 0;
    while (i < KNOTS - 2 && k > c->knot[i + 1]) i++;
    const double t = (k - c->knot[i]) / (c->knot[i + 1] - c->knot[i]), w = 0.5 - 0.5 * cos(0.5 * TURN * fmin(1, fmax(0, t)));
    return c->tilt[i] + w * (c->tilt[i + 1] - c->tilt[i]);
}

/* Corners of a body about its centre; the plates open towards the convex side by `wedge` and keep the mid-body line at `tilt` exactly. */
static void body_corners(vertebra *v, const double centre[2], double tilt, double wedge, double height, const double width[2])
{
    const double sup = tilt + 0.5 * wedge, inf = tilt - asin(width[0] / width[1] * sin(DEGREE * 0.5 * wedge)) / DEGREE;
    double middle[2];
    for (int k = 0; k < 2; k++) {
        plane_at(middle, centre, tilt, 0, (k ? -0.5 : 0.5) * height);
        plane_at(v->corner[k ? IA : SA], middle, k ? inf : sup, 0.5 * width[k], 0), plane_at(v->corner[k ? IP : SP], middle, k
            ? inf : sup, -0.5 * width[k], 0);
    }
}

static void body_solids(anatomy *a, int level, const dimension *m, draws *d)
{
    vertebra *v = &a->v[level];
    static const double flat[2] = { 0, 0 };
    double out[CONTOUR_MOST][2];
    shape form = shape_draw(level, flat, d);
    form.uncinate = 0;
    form.wall[0] = form.wall[1] = draws_range(d, 1.2, 2.8), form.plate[0] *= 0.5, form.plate[1] *= 0.5;
    const int n = contour_make((const double (*)[2])v->corner, &form, out, v->middle);
    solid *s = solids_add(&a->solids, PART_BODY, level, (const double (*)[2])out, n);
    memcpy(s->corner, v->corner, sizeof s->corner);
    for (int i = 0; i < 2; i++) s->half[i] = 0.5 * m->depth[i], v->width[i] = m->depth[i];
    s->power[0] = 2.6, s->waist = 0.93, s->shell_mm = 0.5, s->plate_mm[0] = s->plate_mm[1] = 0.8, s->texture = 0.035;
    s->shear[1] = tan(DEGREE * draws_normal(d, 0, 8));                     /* kyphosis and lordosis seen from the front */
    v->outline = s->outline, v->n = n;
    const double tilt = plane_slope(v->corner[SA], v->corner[SP]), w = 0.5 * (m->width[0] + m->width[1]),
        shift = 0.35 * w * sin(DEGREE * v->rotation);
    double c[2], at[2];
    plane_mix(c, v->middle[0], v->middle[1], 0.5);
    for (int side = -1; side <= 1; side += 2) {
        plane_at(at, c, tilt, side * 0.33 * w + shift, 0.14 * m->height);
        solid *pedicle = parts_ellipse(a, PART_PEDICLE, level, at, tilt, 0.085 * w * (1 - 0.25 * side * sin(DEGREE * v->rotation)) + 1,
            0.27 * m->height, 9);
        pedicle->shell_mm = 1.2, pedicle->power[0] = pedicle->power[1] = 0;
        const double reach = level >= GEO_L1 ? 0.45 : 0.3;
        const double t[5][2] = { { 0, 2.5 }, { side * reach * w, 3.5 }, { side * (reach * w + 3), 0 }, { side * reach * w, -4 }, { 0,
            -3.5 } };
        plane_at(at, c, tilt, side * 0.46 * w + 0.5 * shift, 0.1 * m->height);
        parts_add(a, PART_TRANSVERSE, level, at, tilt, t, 5, 4)->shell_mm = 0.7;
        plane_at(at, c, tilt, side * 0.24 * w + shift, -0.42 * m->height);
        parts_ellipse(a, PART_FACET, level, at, tilt + 90, 0.32 * m->height, 0.1 * w, 7)->shell_mm = 0.8;
    }
    plane_at(at, c, tilt, 1.6 * shift, level >= GEO_L1 ? -0.18 * m->height : -0.45 * m->height);
    solid *spinous = parts_ellipse(a, PART_SPINOUS, level, at, tilt, 3.2, (level >= GEO_L1 ? 0.36 : 0.26) * m->height, 14);
    spinous->shell_mm = 1, spinous->power[0] = spinous->power[1] = 0;
}

static void sacrum(anatomy *a, const double top[2], double tilt)
{
    const double p[8][2] = { { -26, 0 }, { 26, 0 }, { 56, -6 }, { 52, -34 }, { 30, -66 }, { 12, -98 }, { -12, -98 }, { -30, -66 } };
    double q[10][2];
    memcpy(q, p, sizeof p), q[8][0] = -52, q[8][1] = -34, q[9][0] = -56, q[9][1] = -6;
    solid *s = parts_add(a, PART_SACRUM, GEO_S1, top, tilt, (const double (*)[2])q, 10, 14);
    s->shell_mm = 0.8, s->texture = 0.04;
    plane_at(a->s1[0], top, tilt, 26, 0), plane_at(a->s1[1], top, tilt, -26, 0);
    for (int i = 0; i < 6; i++) plane_at(a->sacral[i], top, tilt, 0, -18 * i);
}

/* The neck goes on above T1, without truth. */
static void neck(anatomy *a, const dimension *size, double at[2], double tilt, draws *d)
{
    static const double flat[2] = { 0, 0 };
    for (int level = GEO_C7; level >= GEO_C4; level--) {
        const dimension *m = &size[level];
        vertebra v = { 0 };
        double out[CONTOUR_MOST][2];
        plane_at(at, at, tilt, 0, 0.5 * (m->disc[0] + m->disc[1] + m->height));
        body_corners(&v, at, tilt, 0, m->height, m->width);
        const shape form = shape_draw(level, flat, d);
        const int n = contour_make((const double (*)[2])v.corner, &form, out, v.middle);
        solid *s = solids_add(&a->solids, PART_BODY, 0, (const double (*)[2])out, n);
        memcpy(s->corner, v.corner, sizeof s->corner);
        s->half[0] = s->half[1] = 0.5 * m->depth[0], s->power[0] = 2.6, s->shell_mm = 0.4, s->plate_mm[0] = s->plate_mm[1] = 0.6;
        plane_at(at, at, tilt, 0, 0.5 * m->height);
    }
}

void scoliosis_build(anatomy *a)
{
    draws who = draws_begin(a->seed, a->index, STAGE_PERSON), d = draws_begin(a->seed, a->index, STAGE_FRONTAL),
        view = draws_begin(a->seed, a->index, STAGE_FILM);
    dimension size[LEVEL_SLOTS];
    a->person = person_draw(&who), a->pathology = PATH_NONE, a->film.tilt = 0;
    dimensions_draw(a->person.size, &d, size);
    const curve c = curve_draw(a, &d);
    double at[2] = { 0, 0 }, top[2] = { 0, 0 };
    for (int k = BODIES - 1; k >= 0; k--) {
        const int level = GEO_T1 + k;
        const dimension *m = &size[level];
        vertebra *v = &a->v[level];
        const double tilt = tilt_at(&c, k), wedge = 0.45 * (tilt_at(&c, k - 0.5) - tilt_at(&c, k + 0.5)), h = m->height * 0.98,
            gap = 0.5 * (m->disc[0] + m->disc[1]) * 0.9;
        const double below = tilt_at(&c, k + 0.5);
        plane_at(at, at, below, 0, gap), plane_at(at, at, tilt, 0, 0.5 * h);
        a->chain[k] = level, v->there = 1, v->rotation = 2.2 * (tilt_at(&c, k + 0.5) - tilt_at(&c, k - 0.5)) + draws_normal(&d, 0, 2);
        for (int i = 0; i < 4; i++) v->visible[i] = 1;
        body_corners(v, at, tilt, wedge, h, m->width);
        plane_at(at, at, tilt, 0, 0.5 * h);
    }
    a->n = BODIES;
    neck(a, size, at, tilt_at(&c, -0.5), &d);
    sacrum(a, top, 0.5 * c.tilt[KNOTS - 1]);
    for (int k = 0; k < BODIES; k++) body_solids(a, GEO_T1 + k, &size[GEO_T1 + k], &d);
    frame_draw(a, top, &view);
    a->film.slot = 0;
}
