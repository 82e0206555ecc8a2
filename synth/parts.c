/* parts.c - bodies as solids, and the two builders the other parts use; see parts.h. */
#include "synth/parts.h"
#include "synth/contour.h"
#include "synth/lesions.h"
#include "synth/plane.h"
#include <string.h>

enum { LOCAL_MOST = 256, ELLIPSE_POINTS = 40, HAND_MADE = 12 };

/* Cuts the corners of a hand-made polygon (Chaikin 1974): bone has none. Twice as many points. */
static int rounded(double (*p)[2], int n)
{
    double out[LOCAL_MOST][2];
    for (int i = 0; i < n; i++) plane_mix(out[2 * i], p[i], p[(i + 1) % n], 0.22), plane_mix(out[2 * i + 1], p[i], p[(i + 1) % n], 0.78);
    memcpy(p, out, (size_t)(2 * n) * sizeof *p);
    return 2 * n;
}

solid *parts_add(anatomy *a, enum part part, int level, const double origin[2], double slope, const double (*local)[2], int n,
    double half_mm)
{
    double p[LOCAL_MOST][2], area = 0;
    for (int i = 0; i < n; i++) plane_at(p[i], origin, slope, local[i][0], local[i][1]);
    for (int i = 0; i < 2 && n <= 2 * HAND_MADE; i++) n = rounded(p, n);
    for (int i = 0; i < n; i++) { const double *u = p[i], *v = p[(i + 1) % n]; area += u[0] * v[1] - u[1] * v[0]; }
    if (area < 0)                                                          /* clockwise on the screen: positive with y down */
        for (int i = 0; i < n / 2; i++) {
            double t[2];
            memcpy(t, p[i], sizeof t), memcpy(p[i], p[n - 1 - i], sizeof t), memcpy(p[n - 1 - i], t, sizeof t);
        }
    solid *s = solids_add(&a->solids, part, level, (const double (*)[2])p, n);
    s->half[0] = s->half[1] = half_mm;
    return s;
}

solid *parts_ellipse(anatomy *a, enum part part, int level, const double centre[2], double slope, double rx, double ry, double half_mm)
{
    double local[ELLIPSE_POINTS][2];
    for (int i = 0; i < ELLIPSE_POINTS; i++) local[i][0] = rx * cos(TURN * i / ELLIPSE_POINTS),
        local[i][1] = ry * sin(TURN * i / ELLIPSE_POINTS);
    solid *s = parts_add(a, part, level, centre, slope, (const double (*)[2])local, ELLIPSE_POINTS, half_mm);
    static const double side[4][2] = { { 1, 1 }, { -1, 1 }, { 1, -1 }, { -1, -1 } };
    for (int k = 0; k < 4; k++) plane_at(s->corner[k], centre, slope, side[k][0] * rx, side[k][1] * ry);
    s->power[0] = s->power[1] = 2;
    return s;
}

/* Shells of cortical bone, mm, and of the plates, by region: cervical, thoracic, lumbar (vertebral cortices of 0.3 to 0.6 mm). */
static void bone(const anatomy *a, solid *s, int level, draws *d)
{
    static const double shell[3][2] = { { 0.3, 0.5 }, { 0.3, 0.4 }, { 0.4, 0.6 } };
    int r = level <= GEO_C7 ? 0 : level <= GEO_T12 ? 1 : 2;
    s->shell_mm = draws_range(d, shell[r][0], shell[r][1]) * a->bone.cortex, s->filled = a->bone.filled;
    for (int k = 0; k < 2; k++) s->plate_mm[k] = draws_range(d, 0.6, 1.0) * (r == 0 ? 0.8 : 1);
    s->power[0] = 2.6, s->power[1] = 0, s->waist = 0.93, s->wall = 1.2, s->texture = draws_range(d, 0.02, 0.1);
    if (r == 0) s->density = 1.25;                                         /* transverse processes lie over the bodies of the neck */
}

/* Axial rotation and lateral bending: small, of one curve along the spine, in a few patients larger. */
static void turns(anatomy *a, draws *d)
{
    const int strong = a->set.stress || a->set.turned;
    double sd = draws_chance(d, a->set.stress ? 0.5 : 0.15) || a->set.turned ? (strong ? 12 : 7) : 3, phase = draws_range(d, 0, TURN),
        waves = draws_range(d, 0.5, 1.5);
    double rotation = draws_normal(d, 0, sd), bend = draws_normal(d, 0, sd);
    for (int k = 0; k < a->n; k++) {
        vertebra *v = &a->v[a->chain[k]];
        double t = TURN * waves * k / a->n + phase;
        v->rotation = rotation * sin(t) + draws_normal(d, 0, 1), v->bend = bend * cos(t) + draws_normal(d, 0, 1);
    }
}

void parts_bodies(anatomy *a, const lesion *lesions, const dimension *size, draws *d)
{
    turns(a, d);
    for (int k = 0; k < a->n; k++) {
        int level = a->chain[k];
        vertebra *v = &a->v[level];
        double sunken[2], out[CONTOUR_MOST][2];
        lesion_sunken(&lesions[level], size[level].height, sunken);
        shape form = shape_draw(level, sunken, d);
        if (level == GEO_C2) form.plate[0] = form.uncinate = 0;
        int n = contour_make((const double (*)[2])v->corner, &form, out, v->middle);
        solid *s = solids_add(&a->solids, PART_BODY, level, (const double (*)[2])out, n);
        memcpy(s->corner, v->corner, sizeof s->corner);
        for (int i = 0; i < 2; i++) s->half[i] = 0.5 * v->width[i];
        bone(a, s, level, d);
        s->shear[0] = tan(DEGREE * v->rotation), s->shear[1] = tan(DEGREE * v->bend);
        v->outline = s->outline, v->n = n;
        v->disc[0] = v->disc[1] = 0;
        const double *lower[2] = { k + 1 < a->n ? a->v[a->chain[k + 1]].corner[SA] : a->s1[0], k + 1 < a->n
            ? a->v[a->chain[k + 1]].corner[SP] : a->s1[1] };
        for (int i = 0; i < 2; i++) v->disc[i] = plane_distance(v->corner[IA + i], lower[i]);
    }
}
