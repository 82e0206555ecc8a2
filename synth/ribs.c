/* ribs.c - lateral films: ribs, sternum, shoulder blades, arms. A rib is a curve in space, given by five points relative to its vertebra,
 * and seen from the side; the two of a pair differ by the beam's divergence and by a little disorder. */
#include "synth/picture.h"
#include "synth/scene.h"
#include <math.h>

enum { CURVE = 24 };
/* forwards, sideways, down from the vertebra's middle, mm, of a sixth rib */
static const double course[5][3] = { { -6, 18, -6 }, { -37, 52, 6 }, { -14, 112, 30 }, { 52, 126, 66 }, { 104, 84, 92 } };
/* by rib: scale forwards, sideways, down; how much of the curve there is */
static const double rib_scale[12][4] = { { .50, .45, .40, 1 }, { .62, .62, .62, 1 }, { .76, .76, .80, 1 }, { .88, .88, .92, 1 },
    { .95, .95, 1, 1 },
    { 1, 1, 1.02, 1 }, { 1.03, 1.03, 1.05, .97 }, { 1.05, 1.05, 1.05, .92 }, { 1.05, 1.06, 1.02, .86 }, { 1.03, 1.05, 1, .78 },
        { .98, 1, 1, .62 }, { .9, .9, 1, .42 } };

/* Catmull and Rom 1974; t in 0..4 */
static double curve(const double p[5][3], int axis, double t)
{
    const int i = t >= 4 ? 3 : (int)t;
    const double u = t - i, b = p[i][axis], c = p[i + 1][axis];
    const double a = i ? p[i - 1][axis] : 2 * b - c, d = i < 3 ? p[i + 2][axis] : 2 * c - b;
    return b + 0.5 * u * (c - a + u * (2 * a - 5 * b + 4 * c - d + u * (3 * (b - c) + d - a)));
}

/* A bar through points in space (n, 3: x, y, z) as the beam sees it. */
static void space_tube(const scene *s, double (*p)[3], int n, double radius, double shell, double density)
{
    tube t = { .n = n };
    for (int i = 0; i < n; i++) {
        const int a = i ? i - 1 : 0, b = i < n - 1 ? i + 1 : i;
        const double dx = p[b][0] - p[a][0], dy = p[b][1] - p[a][1], dz = p[b][2] - p[a][2], plane = hypot(dx, dy), all = hypot(plane, dz);
        scene_project(s, p[i], p[i][2], t.p[i]);
        t.radius[i] = radius, t.stretch[i] = fmin(all / fmax(plane, 1e-3), 2.6)
            * (i > n * 3 / 4 && n > 4 ? 1 - 0.8 * (i - 0.75 * n) / (0.25 * n) : 1);
    }
    shape_tube(s->m, MATERIAL_SPONGIOSA, MATERIAL_CORTICAL, &t, shell, density);
}

static void rib(const scene *s, draws *d, int k, int side)
{
    double at[2], p[CURVE][3];
    const double *f = rib_scale[k], slope = draws_range(d, 0.85, 1.2), wide = draws_range(d, 0.93, 1.07), up = draws_normal(d, 0, 2.0);
    scene_place(s, GEO_T1 + k, 0, at);
    for (int i = 0; i < CURVE; i++) {
        const double t = 4 * f[3] * i / (CURVE - 1);
        p[i][0] = at[0] + s->size * f[0] * curve(course, 0, t) * (0.5 + 0.5 * wide);
        p[i][1] = at[1] + s->size * f[2] * slope * curve(course, 2, t) + up;
        p[i][2] = side * s->size * f[1] * wide * curve(course, 1, t);
    }
    space_tube(s, p, CURVE, s->size * draws_range(d, 3.4, 4.5), 0.65, 0.85);
}

static void sternum(const scene *s)
{
    tube t = { .n = 5 };
    static const double path[5][2] = { { 9.6, 82 }, { 11, 98 }, { 12, 110 }, { 13.2, 118 }, { 14.6, 121 } };
    for (int i = 0; i < t.n; i++) {
        scene_place(s, path[i][0], path[i][1], t.p[i]);
        t.radius[i] = (i % 2 ? 4.4 : 5.4) * s->size, t.stretch[i] = 2;
    }
    shape_tube(s->m, MATERIAL_SPONGIOSA, MATERIAL_CORTICAL, &t, 0.5, 0.45);
}

static void blade(const scene *s, draws *d, int side)
{
    static const double corner[9][2] = { { 9.2, -12 }, { 9.0, -34 }, { 9.8, -56 }, { 11.4, -66 }, { 13.2, -62 }, { 14.6, -46 },
        { 13.4, -34 }, { 11.6, -22 }, { 10.2, -8 } };
    double p[9][2];
    const double down = draws_normal(d, 0.1, 0.35), ahead = draws_normal(d, 2, 9);
    for (int i = 0; i < 9; i++) {
        scene_place(s, corner[i][0] + down, corner[i][1] + ahead, p[i]);
        scene_project(s, p[i], side * 110 * s->size, p[i]);
    }
    shape_plate(s->m, MATERIAL_SPONGIOSA, (const double (*)[2])p, 9, 3, 3.5, 2.2);
}

static void arm(const scene *s, draws *d, int side)
{
    double head[2], p[2][3];
    scene_place(s, draws_normal(d, 10.0, 0.5), draws_normal(d, 16, 10), head);
    scene_project(s, head, side * 165 * s->size, head);
    const double up = draws_range(d, -0.35, 0.5), r = 23.5 * s->size;
    shape_shell(s->m, MATERIAL_CORTICAL, (ball){ { head[0], head[1] }, r, r, 0, 2 * r }, 0.7);
    shape_ball(s->m, MATERIAL_SPONGIOSA, (ball){ { head[0], head[1] }, r, r, 0, 1.5 * r });
    for (int i = 0; i < 2; i++) p[i][0] = head[0] + i * 300 * cos(up), p[i][1] = head[1] + 10 - i * 300 * sin(up), p[i][2] = 0;
    space_tube(s, p, 2, 12 * s->size, 4, 0.8);
    tube flesh = { .n = 2, .p = { { p[0][0], p[0][1] }, { p[1][0], p[1][1] } }, .radius = { 52 * s->fat, 40 * s->fat },
        .stretch = { 0.6, 1 } };
    shape_tube(s->m, MATERIAL_SOFT, MATERIAL_SOFT, &flesh, 0, 1);
}

void scene_ribs(scene *s)
{
    draws d = draws_begin(s->a->seed, s->a->index, STAGE_RIBS);
    for (int k = 0; k < 12; k++) for (int side = -1; side <= 1; side += 2) rib(s, &d, k, side);
    sternum(s);
    for (int side = -1; side <= 1; side += 2) blade(s, &d, side), arm(s, &d, side);
}
