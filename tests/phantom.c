/* phantom.c - a spine made by hand; see phantom.h. */
#include "tests/phantom.h"
#include "base/die.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Slope of the spine's axis by level, radians forwards going up: neck and loins hollow, chest round. */
static double lean(int level, int frontal)
{
    if (frontal) return 0.25 * sin(0.45 * level);
    return level <= GEO_C7 ? 0.32 - 0.045 * level : level <= GEO_T12 ? 0.28 - 0.042 * (level - GEO_T1) : -0.2 + 0.13 * (level - GEO_L1);
}

static void body(anatomy *a, int level, const double c[2], double angle, double high, double deep, double wide)
{
    enum { N = 32 };
    vertebra *v = &a->v[level];
    const double ux = cos(angle), uy = sin(angle);            /* forwards, and down the axis: (-uy, ux) */
    double p[N][2];
    static const double corner[4][2] = { { 1, -1 }, { -1, -1 }, { 1, 1 }, { -1, 1 } };
    *v = (vertebra){ .there = 1, .width = { wide, wide }, .visible = { 1, 1, 1, 1 }, .disc = { 5, 4 } };
    for (int k = 0; k < 4; k++)
        for (int x = 0; x < 2; x++) v->corner[k][x] = c[x] + 0.5 * deep * corner[k][0] * (x ? uy : ux) + 0.5 * high * corner[k][1]
            * (x ? ux : -uy);
    for (int i = 0; i < N; i++) {
        static const int order[5] = { SP, SA, IA, IP, SP };
        const int edge = i / 8;
        const double t = i % 8 / 8.0, in = 4 * t * (1 - t) * (edge % 2 ? 0.05 * deep : 0.08 * high);
        for (int x = 0; x < 2; x++) {
            const double *from = v->corner[order[edge]], *to = v->corner[order[edge + 1]];
            p[i][x] = from[x] + t * (to[x] - from[x]);
        }
        const double towards = hypot(c[0] - p[i][0], c[1] - p[i][1]);
        for (int x = 0; x < 2; x++) p[i][x] += in * (c[x] - p[i][x]) / towards;
    }
    solid *s = solids_add(&a->solids, PART_BODY, level, (const double (*)[2])p, N);
    memcpy(s->corner, v->corner, sizeof s->corner);
    s->half[0] = s->half[1] = wide / 2, s->power[0] = 2.6, s->waist = 0.93, s->shell_mm = 0.4, s->plate_mm[0] = s->plate_mm[1] = 0.8,
        s->wall = 1.2, s->texture = 0.04;
    for (int k = 0; k < 2; k++) {
        v->pedicle[k][0] = c[0] - (0.5 * deep + 9 * k) * ux + 0.2 * high * uy,
            v->pedicle[k][1] = c[1] - (0.5 * deep + 9 * k) * uy - 0.2 * high * ux;
    }
}

/* A bar of bone from a to b. */
static void bar(anatomy *a, enum part part, int level, const double from[2], const double to[2], double thick, double wide, double z)
{
    const double dx = to[0] - from[0], dy = to[1] - from[1], len = hypot(dx, dy), nx = -dy / len * thick / 2, ny = dx / len * thick / 2;
    const double p[4][2] = { { from[0] - nx, from[1] - ny }, { to[0] - nx, to[1] - ny }, { to[0] + nx, to[1] + ny },
        { from[0] + nx, from[1] + ny } };
    solid *s = solids_add(&a->solids, part, level, p, 4);
    s->half[0] = s->half[1] = wide / 2, s->shell_mm = 1, s->z = z, s->density = 0.8;
}

anatomy *phantom_new(enum region region, uint64_t seed, uint32_t index, int64_t h, int64_t w, double spacing)
{
    anatomy *a = xalloc(sizeof *a);
    const int frontal = region == REGION_AP;
    double at[2] = { 17, 0 };
    *a = (anatomy){ .seed = seed, .index = index, .region = region, .person = { .age = 50, .size = 1 }, .solids = solids_new(256, 8192) };
    a->s1[0][0] = 30, a->s1[0][1] = 14;
    for (int level = GEO_L5; level >= GEO_C2; level--) {
        const double k = (double)(level - GEO_C2) / (GEO_L5 - GEO_C2), high = 13 + 14 * k, deep = 15 + 20 * k, wide = 18 + 30 * k,
            t = lean(level, frontal);
        const double step = high / 2 + 1.5 + 3 * k;
        at[0] += step * sin(t), at[1] -= step * cos(t);
        body(a, level, at, t, high, frontal ? wide : deep, frontal ? deep : wide);
        for (int z = -1; z <= 1 && !frontal; z += 2) bar(a, PART_PEDICLE, level, a->v[level].pedicle[0], a->v[level].pedicle[1],
            0.4 * high, 7, z * 13);
        const double *p = a->v[level].pedicle[1];
        const double tip[2] = { p[0] - (14 + 12 * k) * cos(t), p[1] - (14 + 12 * k) * sin(t) + 8 + 4 * k };
        if (!frontal) bar(a, PART_SPINOUS, level, p, tip, 8 + 8 * k, 6, 0);
        at[0] += step * sin(t), at[1] -= step * cos(t);
    }
    for (int level = GEO_C2; level <= GEO_L5; level++) a->chain[a->n++] = level;
    a->heads = frontal ? 0 : 2;
    for (int i = 0; i < a->heads; i++) a->head[i][0] = 38 + 5 * i, a->head[i][1] = 98 + 3 * i, a->head[i][2] = 24,
        a->head_z[i] = i ? 80 : -80;
    a->film = (film){ .h = h, .w = w, .spacing = spacing, .facing = index % 2 ? -1 : 1, .source_distance = 1800 };
    const double *c = region == REGION_LUMBAR ? a->v[GEO_L3].corner[SA] : region == REGION_CERVICAL ? a->v[GEO_C5].corner[SA]
        : a->v[GEO_T9].corner[SA];
    a->film.focus[0] = c[0], a->film.focus[1] = c[1];
    a->film.origin[0] = c[0] - 0.5 * spacing * (double)w, a->film.origin[1] = c[1] - 0.5 * spacing * (double)h;
    return a;
}

void phantom_free(anatomy *a)
{
    solids_free(&a->solids), free(a);
}
