/* hips.c - lateral films: the two iliac wings over L5 and the sacrum, ischium and pubis below the hips; and, on every film, gas in the bowel. */
#include "synth/picture.h"
#include "synth/scene.h"
#include <math.h>

static void hip_bone(const scene *s, draws *d, int side)
{
    static const double wing[14][2] = { { 26.1, -54 }, { 25, -52 }, { 24.1, -38 }, { 23.5, -8 }, { 23.5, 26 }, { 24.0, 58 }, { 24.9, 78 }, { 25.9, 82 }, { 26.9, 68 },
        { 27.9, 52 }, { 27.9, 28 }, { 27.2, 10 }, { 26.9, -14 }, { 26.9, -40 } };
    static const double below[10][2] = { { 27.6, 12 }, { 27.7, 48 }, { 28.6, 62 }, { 29.5, 76 }, { 30.1, 70 }, { 29.6, 50 }, { 30.4, 34 }, { 31.3, 12 }, { 30.8, -8 },
        { 29.2, 2 } };
    double p[14][2];
    const double turn = draws_normal(d, 0, 5), up = draws_normal(d, 0, 0.12);
    for (int i = 0; i < 14; i++) scene_place(s, wing[i][0] + up, wing[i][1] + turn, p[i]), scene_project(s, p[i], side * 115 * s->size, p[i]);
    shape_plate(s->m, MATERIAL_SPONGIOSA, (const double (*)[2])p, 14, 9 * s->size, 5, 2.6);
    for (int i = 0; i < 10; i++) scene_place(s, below[i][0] + up, below[i][1] + turn, p[i]), scene_project(s, p[i], side * 85 * s->size, p[i]);
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

/* A loop of bowel: bubbles side by side along a short arc, their gas broken up by what else is in it. */
static void loop(scene *s, draws *d, double level, double forwards)
{
    double at[2];
    const double big = draws_range(d, 7, 19), turn = draws_range(d, 0, 6.28), bend = draws_range(d, -0.5, 0.5);
    const int n = 2 + draws_below(d, 6);
    scene_place(s, level, forwards, at);
    for (int i = 0; i < n; i++) {
        const double t = turn + bend * i, a = big * draws_range(d, 0.5, 1.1);
        at[0] += 1.1 * a * cos(t), at[1] += 0.8 * a * sin(t);
        shape_ball(s->m, MATERIAL_SOFT, (ball){ { at[0], at[1] }, a, a * draws_range(d, 0.5, 0.95), draws_range(d, 0, 3.1), -a * draws_range(d, 0.7, 1.5) });
        if (draws_chance(d, 0.5))
            shape_ball(s->m, MATERIAL_SOFT, (ball){ { at[0] + 0.3 * a, at[1] + 0.3 * a }, 0.6 * a, 0.4 * a, draws_range(d, 0, 3.1), 0.6 * a });
    }
}

void scene_gas(scene *s)
{
    draws d = draws_begin(s->a->seed, s->a->index, STAGE_GAS);
    const int frontal = s->a->region == REGION_AP, loops = 3 + draws_below(&d, 9);
    for (int i = 0; i < loops; i++) {
        const double level = draws_range(&d, 19.8, 26.5), side = frontal ? draws_normal(&d, 0, 65) : draws_range(&d, 12, 105);
        loop(s, &d, level, side);
    }
    if (draws_chance(&d, 0.7)) {                               /* the stomach's bubble, under the left dome */
        double at[2];
        scene_place(s, draws_range(&d, 17.2, 18.6), frontal ? draws_range(&d, 55, 85) : draws_range(&d, 35, 75), at);
        shape_ball(s->m, MATERIAL_SOFT, (ball){ { at[0], at[1] }, draws_range(&d, 18, 38), draws_range(&d, 9, 22), draws_range(&d, -0.3, 0.3), -draws_range(&d, 25, 60) });
    }
}
