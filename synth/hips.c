/* hips.c - lateral films: the two iliac wings over L5 and the sacrum, ischium and pubis below the hips; and, on every film, gas in the
 * bowel. */
#include "synth/filter.h"
#include "synth/picture.h"
#include "synth/scene.h"
#include <math.h>
#include <string.h>

static void hip_bone(const scene *s, draws *d, int side)
{
    static const double wing[14][2] = { { 26.1, -54 }, { 25, -52 }, { 24.1, -38 }, { 23.5, -8 }, { 23.5, 26 }, { 24.0, 58 }, { 24.9, 78 },
        { 25.9, 82 }, { 26.9, 68 },
        { 27.9, 52 }, { 27.9, 28 }, { 27.2, 10 }, { 26.9, -14 }, { 26.9, -40 } };
    static const double below[10][2] = { { 27.6, 12 }, { 27.7, 48 }, { 28.6, 62 }, { 29.5, 76 }, { 30.1, 70 }, { 29.6, 50 }, { 30.4, 34 },
        { 31.3, 12 }, { 30.8, -8 },
        { 29.2, 2 } };
    double p[14][2];
    const double turn = draws_normal(d, 0, 5), up = draws_normal(d, 0, 0.12);
    for (int i = 0; i < 14; i++) scene_place(s, wing[i][0] + up, wing[i][1] + turn, p[i]),
        scene_project(s, p[i], side * 115 * s->size, p[i]);
    shape_plate(s->m, MATERIAL_SPONGIOSA, (const double (*)[2])p, 14, 9 * s->size, draws_range(d, 1, 4.5), draws_range(d, 2.4, 5));
    for (int i = 0; i < 10; i++) scene_place(s, below[i][0] + up, below[i][1] + turn, p[i]),
        scene_project(s, p[i], side * 85 * s->size, p[i]);
    shape_plate(s->m, MATERIAL_SPONGIOSA, (const double (*)[2])p, 10, 22 * s->size, 4, 2.6);
    for (int i = 0; i < s->a->heads; i++) {                    /* the socket's roof */
        const double *h = s->a->head[i];
        if (i != (side > 0)) continue;
        tube roof = { .n = 9 };
        for (int k = 0; k < roof.n; k++) {
            const double t = -2.7 + 2.2 * k / (roof.n - 1);
            roof.p[k][0] = h[0] + (h[2] + 4) * cos(t), roof.p[k][1] = h[1] + (h[2] + 4) * sin(t), roof.radius[k] = 2.2, roof.stretch[k] = 3;
        }
        shape_tube(s->m, MATERIAL_CORTICAL, MATERIAL_CORTICAL, &roof, 0, 0.8);
    }
}

void scene_pelvis(scene *s)
{
    draws d = draws_begin(s->a->seed, s->a->index, STAGE_HIPS);
    for (int side = -1; side <= 1; side += 2) hip_bone(s, &d, side);
}

/* A loop of bowel: a winding tube, now wider, now narrower. */
static void loop(const scene *s, maps *gas, draws *d, double level, double forwards)
{
    tube t = { .n = 5 + draws_below(d, 16) };
    double at[2], turn = draws_range(d, 0, 6.28), bend = draws_normal(d, 0, 0.25);
    const double wide = draws_range(d, 4, 15), period = draws_range(d, 1.2, 2.4), deep = draws_range(d, 0.6, 1.6);
    scene_place(s, level, forwards, at);
    for (int i = 0; i < t.n; i++) {
        const double end = fmin(i + 1, t.n - i) > 2 ? 1 : 0.72;
        memcpy(t.p[i], at, sizeof at);
        t.radius[i] = wide * end * (1 + 0.28 * sin(period * i)) * draws_range(d, 0.85, 1.12),
            t.stretch[i] = deep * draws_range(d, 0.8, 1.2);
        bend = 0.6 * bend + draws_normal(d, 0, 0.2), turn += bend;
        at[0] += 0.45 * wide * cos(turn), at[1] += 0.45 * wide * sin(turn);
    }
    shape_tube(gas, MATERIAL_SOFT, MATERIAL_SOFT, &t, 0, 1);
}

/* What else is in the bowel breaks the gas up, coarsely or into specks (fine); it never is deeper than the body has room for. */
static void take_away(scene *s, const maps *gas, float grain, float fine)
{
    float *from = gas->m[MATERIAL_SOFT];
    if (from) filter_gauss(from, gas->h, gas->w, 1.8 / gas->spacing, 1.8 / gas->spacing);
    float *soft = maps_of(s->m, MATERIAL_SOFT);
    for (int64_t y = 0; from && y < s->m->h; y++)
        for (int64_t x = 0; x < s->m->w; x++) {
            const int64_t at = y * s->m->w + x;
            if (from[at] <= 0) continue;
            const float mm = (float)s->m->spacing, k = 0.75f - 0.3f * fine + grain * texture_at(s->t, 0.45f * mm * (float)x, 0.45f * mm * (float)y)
                + fine * texture_at(s->t, 1.3f * mm * (float)x + 40, 1.3f * mm * (float)y + 17);
            soft[at] -= fminf(from[at], fminf(4, 0.14f * soft[at])) * (k < 0 ? 0 : k > 1.2f ? 1.2f : k);
        }
}

void scene_gas(scene *s)
{
    draws d = draws_begin(s->a->seed, s->a->index, STAGE_GAS);
    const int frontal = s->a->region == REGION_AP, loops = 4 + draws_below(&d, 12);
    maps gas = maps_new(s->m->h, s->m->w, s->m->spacing, s->m->origin);
    for (int i = 0; i < loops; i++) {
        const double level = draws_range(&d, 19.8, 27), side = frontal ? draws_range(&d, -100, 100) : draws_range(&d, -12, 88);
        loop(s, &gas, &d, level, side);
    }
    if (draws_chance(&d, 0.7)) {                               /* the stomach's bubble, under the left dome */
        double at[2];
        scene_place(s, draws_range(&d, 17.4, 18.6), frontal ? draws_range(&d, 55, 85) : draws_range(&d, 35, 75), at);
        shape_ball(&gas, MATERIAL_SOFT, (ball){ { at[0], at[1] }, draws_range(&d, 16, 32), draws_range(&d, 8, 18),
            draws_range(&d, -0.3, 0.3), draws_range(&d, 20, 45) });
    }
    const double grain = draws_range(&d, 0.1, 0.6);
    take_away(s, &gas, (float)grain, (float)(draws_chance(&d, 0.5) ? draws_range(&d, 0.3, 1) : 0));
    maps_free(&gas);
}
