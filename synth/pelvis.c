/* pelvis.c - sacrum and femoral heads; see parts.h. The sacrum is a middle line that starts square to the S1 plate and bends forwards. */
#include "synth/parts.h"
#include "synth/plane.h"
#include <string.h>

enum { SEGMENTS = 5, STEPS = 4, LINE = SEGMENTS * STEPS + 1, PLATE_POINTS = 13 };

/* Bulge of a domed plate at t, 0 posterior .. 1 anterior: mostly of its front half. */
static double dome_at(double t) { double u = pow(t, 0.8); return 4 * u * (1 - u); }

static int sacrum_line(anatomy *a, draws *d, double line[LINE][2], double slope[LINE])
{
    static const double height[SEGMENTS] = { 29, 24, 19, 16, 14 };
    const double ss = plane_slope(a->s1[0], a->s1[1]), bend = draws_range(d, 25, 65),
        scale = (0.4 + 0.6 * a->person.size) * draws_range(d, 0.93, 1.07);
    plane_mix(line[0], a->s1[0], a->s1[1], 0.5);
    slope[0] = ss;
    memcpy(a->sacral[0], line[0], sizeof line[0]);
    for (int i = 1; i < LINE; i++) {
        double t = (double)i / (LINE - 1);
        slope[i] = ss - bend * t * t * (1.6 - 0.6 * t);
        plane_at(line[i], line[i - 1], 0.5 * (slope[i] + slope[i - 1]), 0, -scale * height[(i - 1) / STEPS] / STEPS);
        if (i % STEPS == 0) memcpy(a->sacral[i / STEPS], line[i], sizeof line[0]);
    }
    return LINE;
}

static void sacrum_crest(anatomy *a, const double (*line)[2], const double *slope, const double *half, draws *d)
{
    double p[2 * LINE][2];                                                 /* canal and crest behind the bodies */
    const double depth = draws_range(d, 20, 28);
    int n = 0, last = LINE - 5;
    for (int i = 0; i <= last; i++) plane_at(p[n++], line[i], slope[i], -half[i] - 1, 0);
    for (int i = last; i >= 0; i--) plane_at(p[n++], line[i], slope[i], -half[i] - depth * (1 - 0.6 * i / last) - (i % STEPS == 2
        ? 3 : 0), 0);
    static const double origin[2] = { 0, 0 };
    for (int i = 0; i < n; i++) p[i][1] = -p[i][1];
    solid *s = parts_add(a, PART_SACRUM, GEO_S1, origin, 0, (const double (*)[2])p, n, 7);
    s->shell_mm = 0.8;
}

void parts_sacrum(anatomy *a, draws *d)
{
    double line[LINE][2], slope[LINE], half[LINE], p[2 * LINE + PLATE_POINTS][2];
    const double plate = plane_distance(a->s1[0], a->s1[1]), ss = plane_slope(a->s1[0], a->s1[1]), ridge = draws_chance(d, 0.3)
        ? draws_range(d, 2, 5) : 0;
    a->dome = a->pathology == PATH_DOME ? draws_range(d, 3, 7) : draws_range(d, -0.6, 0.6);
    const int n = sacrum_line(a, d, line, slope);
    for (int i = 0; i < n; i++) {
        double t = (double)i / (n - 1), u = 1 - t;
        half[i] = 0.5 * (10 + (plate - 10) * (0.55 * u + 0.45 * u * u * u)) * (i % STEPS == 0 || i == n - 1 ? 1.0 : 0.96);
    }
    int m = 0;
    for (int i = 0; i < PLATE_POINTS; i++, m++) {                          /* posterior to anterior along the plate */
        double t = (double)i / (PLATE_POINTS - 1), at[2];
        plane_mix(at, a->s1[1], a->s1[0], t), plane_at(p[m], at, ss, 0, a->dome * dome_at(t));
    }
    for (int i = 1; i < n; i++) plane_at(p[m++], line[i], slope[i], half[i], 0);
    for (int i = n - 1; i > 0; i--) plane_at(p[m++], line[i], slope[i], -half[i] - ridge * (i < 9 ? 1 - 0.1 * i : 0), 0);
    solid *s = solids_add(&a->solids, PART_SACRUM, GEO_S1, (const double (*)[2])p, m);
    memcpy(s->corner[SA], a->s1[0], sizeof p[0]), memcpy(s->corner[SP], a->s1[1], sizeof p[0]);
    memcpy(s->corner[IA], p[PLATE_POINTS + n - 2], sizeof p[0]), memcpy(s->corner[IP], p[PLATE_POINTS + n - 1], sizeof p[0]);
    s->half[0] = draws_range(d, 26, 30), s->half[1] = 9, s->power[0] = 2.6, s->shell_mm = 0.5, s->plate_mm[0] = 0.9, s->wall = 1.2,
        s->texture = 0.04;
    s->shear[0] = tan(DEGREE * draws_normal(d, 0, 3)), s->shear[1] = tan(DEGREE * draws_normal(d, 0, 2));
    a->sacrum = s->outline, a->sacrum_n = m;
    memcpy(a->point[GEO_SACRUM_CENTROID], a->sacral[2], sizeof p[0]), a->point_there[GEO_SACRUM_CENTROID] = 1;
    sacrum_crest(a, (const double (*)[2])line, slope, half, d);
}

/* A stump of the neck and trochanter below a head. */
static void femur(anatomy *a, const double head[3], double z, draws *d)
{
    const double r = head[2], tilt = draws_range(d, -25, 5), l = draws_range(d, 62, 85);
    const double shape[8][2] = { { 0.55 * r, -0.5 * r }, { 0.75 * r, -1.4 * r }, { 0.85 * r, -2.1 * r }, { 0.62 * r, -0.4 * r - l },
        { -0.62 * r, -0.4 * r - l },
        { -0.95 * r, -2.2 * r }, { -1.05 * r, -1.5 * r }, { -0.6 * r, -0.5 * r } };
    solid *s = parts_add(a, PART_FEMUR, 0, head, tilt, shape, 8, 0.6 * r);
    s->shell_mm = 1.8, s->z = z, s->power[0] = 2, s->density = 0.8;
}

void parts_heads(anatomy *a, double radius, const double hip[2], draws *d)
{
    const double lateral = 55;                                             /* hips stand this far off the middle */
    const double apart = fabs(draws_normal(d, 0, 8)), towards = draws_normal(d, 0, 25) * DEGREE;
    a->heads = 2;
    for (int k = 0; k < 2; k++) {
        const double side = k ? -1 : 1, grow = a->film.source_distance < 1e8 ? lateral / a->film.source_distance : 0;
        double *h = a->head[k];
        h[0] = hip[0] + side * (0.5 * apart * cos(towards) + grow * (hip[0] - a->film.focus[0]));
        h[1] = hip[1] + side * (0.5 * apart * sin(towards) + (a->film.slot ? 0 : grow * (hip[1] - a->film.focus[1])));
        h[2] = radius * (1 + side * grow), a->head_z[k] = side * lateral;
        solid *s = parts_ellipse(a, PART_HEAD, 0, h, 0, h[2], h[2], h[2]);
        s->shell_mm = 0.8, s->texture = 0.03, s->z = a->head_z[k];
        femur(a, h, a->head_z[k], d);
    }
}
