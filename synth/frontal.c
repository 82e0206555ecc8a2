/* frontal.c - frontal films: trunk, lungs, heart, ribs, collar bones, shoulder blades, windpipe, pelvis. Everything is placed relative to
 * the middle line of the spine, of which the rib cage follows a share only: a scoliosis is sharper than the chest round it. */
#include "synth/picture.h"
#include "synth/scene.h"
#include <math.h>
#include <string.h>

#define LENGTH(t) ((int)(sizeof(t) / sizeof *(t)))
enum { RIGHT = -1, LEFT = 1 };           /* of the patient: the left side is on the right of the image */

/* half width of the trunk, thickness along the beam at its middle, mm */
static const by_level half_width[] = { { -2, 75 }, { 1, 72 }, { 3, 60 }, { 5.5, 58 }, { 7, 90 }, { 8, 165 }, { 10, 185 }, { 13, 160 },
    { 18, 142 }, { 21, 132 }, { 24, 150 },
    { 27, 172 }, { 31, 175 } };
static const by_level depth[] = { { -2, 160 }, { 2, 130 }, { 5, 115 }, { 8, 150 }, { 11, 200 }, { 15, 222 }, { 20, 212 }, { 25, 215 },
    { 30, 200 } };
/* lung: from the mediastinum to the chest wall */
static const by_level lung_in[] = { { 8, 20 }, { 10, 24 }, { 19, 26 } };
static const by_level lung_out[] = { { 7.6, 24 }, { 8.2, 52 }, { 9.5, 86 }, { 12, 112 }, { 16, 126 }, { 19, 128 } };
static const by_level lung_thick[] = { { 7.6, 0 }, { 8.6, 40 }, { 11, 78 }, { 15, 94 }, { 19, 80 } };

/* The chest's own middle at a row: a third of the way from the straight line to the spine. */
static double middle(const scene *s, int64_t y)
{
    const double straight = 0.5 * (s->x[0] + s->x[s->knots - 1]);
    return straight + 0.45 * (s->row_x[y] - straight);
}

static void place(const scene *s, double level, double x, double p[2])
{
    const double straight = 0.5 * (s->x[0] + s->x[s->knots - 1]);
    scene_place(s, level, 0, p);
    p[0] = straight + 0.45 * (p[0] - straight) + x * s->size;
}

static void trunk(scene *s)
{
    float *soft = maps_of(s->m, MATERIAL_SOFT);
    const maps *m = s->m;
    for (int64_t y = 0; y < m->h; y++) {
        const double level = s->row_level[y], half = s->size * scene_table(half_width, LENGTH(half_width), level) * (0.75 + 0.25 * s->fat);
        const double thick = 0.1 * s->size * s->fat * scene_table(depth, LENGTH(depth), level), c = middle(s, y);
        for (int64_t x = 0; x < m->w; x++) {
            const float u = (float)((m->origin[0] + (double)x * m->spacing - c) / half), r = 1 - u * u * u * u;
            if (r > 0) soft[y * m->w + x] += (float)thick * sqrtf(sqrtf(r)) * (1 - 0.22f * u * u);
        }
    }
}

static void lung(scene *s, draws *d, int side)
{
    const maps *m = s->m;
    float *map = maps_of(s->m, MATERIAL_LUNG);
    double top[2];
    place(s, draws_range(d, 16.6, 17.4) + (side == LEFT ? 0.5 : 0), side * 68, top);
    const double air = draws_range(d, 0.85, 1.1), sag = draws_range(d, 34, 52) * s->size;
    for (int64_t y = 0; y < m->h; y++) {
        const double level = s->row_level[y], mm = m->origin[1] + (double)y * m->spacing, c = middle(s, y);
        const double a = s->size * scene_table(lung_in, LENGTH(lung_in), level),
            b = s->size * scene_table(lung_out, LENGTH(lung_out), level);
        const float thick = (float)(0.1 * air * s->size * scene_table(lung_thick, LENGTH(lung_thick), level));
        if (thick <= 0 || mm > top[1] + sag || b <= a) continue;
        for (int64_t x = 0; x < m->w; x++) {
            const double px = m->origin[0] + (double)x * m->spacing, u = side * (px - c), q = (u - a) / (b - a),
                off = (px - top[0]) / (62 * s->size);
            const double floor_ = top[1] + sag * off * off, in = (floor_ - mm) / m->spacing;
            if (q <= 0 || q >= 1 || in <= 0) continue;
            const float r = (float)(1 - pow(fabs(2 * q - 1), 3.5)), grain = texture_at(s->t, (float)(px * 0.6), (float)(mm * 0.6));
            map[y * m->w + x] += thick * sqrtf(r) * (float)fmin(in, 1) * (1 - 0.1f * grain);
        }
    }
    for (int i = 0; i < 16; i++) {                             /* vessels from the root of the lung */
        tube t = { .n = 10 };
        double at[2], turn = draws_range(d, -1.3, 1.3), bend = 0;
        const double step = draws_range(d, 6, 10), wide = draws_range(d, 1.4, 3);
        place(s, draws_range(d, 12.2, 13.8), side * draws_range(d, 30, 46), at);
        for (int k = 0; k < t.n; k++) {
            memcpy(t.p[k], at, sizeof at);
            t.radius[k] = wide * (1 - 0.09 * k), t.stretch[k] = 1;
            bend = 0.7 * bend + draws_normal(d, 0, 0.12), turn += bend;
            at[0] += side * step * cos(turn), at[1] += step * sin(turn);
        }
        shape_tube(s->m, MATERIAL_LUNG, MATERIAL_LUNG, &t, 0, -1.1);
    }
}

static void heart(scene *s, draws *d)
{
    double p[2];
    place(s, draws_range(d, 14.6, 15.4), draws_range(d, 20, 30), p);
    shape_ball(s->m, MATERIAL_LUNG, (ball){ { p[0], p[1] }, 62 * s->size, 46 * s->size, draws_range(d, 0.5, 0.8), -75 * s->size });
    place(s, 11, 18, p);
    shape_ball(s->m, MATERIAL_LUNG, (ball){ { p[0], p[1] }, 19, 19, 0, -40 });                            /* the aortic arch */
    float *lung_map = maps_of(s->m, MATERIAL_LUNG);
    for (int64_t i = 0; i < s->m->h * s->m->w; i++) if (lung_map[i] < 0) lung_map[i] = 0;
}

/* A rib from its vertebra outwards, round the side, and forwards: the front part crosses the back parts of lower ribs. */
static void rib(scene *s, draws *d, int k, int side)
{
    static const double reach[12] = { 46, 78, 98, 112, 121, 127, 131, 132, 131, 127, 112, 80 };
    tube t = { .n = k < 10 ? 26 : 14 };
    double head[2], chest[2];
    scene_place(s, GEO_T1 + k - 0.3, side * (16 + 0.3 * k), head);
    place(s, GEO_T1 + k, 0, chest);
    const double R = reach[k] * s->size * draws_range(d, 0.95, 1.05), slope = draws_range(d, 0.8, 1.2),
        r = s->size * draws_range(d, 4.2, 5.4);
    for (int i = 0; i < t.n; i++) {
        /* from the vertebra to the chest's curve */
        const double u = (double)i / (t.n - 1), f = u * (k < 10 ? 2.35 : 1.1), start = fmax(0, 1 - f / 0.5);
        const double along = (1 - cos(f)) / 2, out = k < 10 ? sin(f) : u * (1.15 - 0.35 * u);
        t.p[i][0] = (chest[0] + side * R * out) * (1 - start) + head[0] * start + side * 8 * start * f;
        t.p[i][1] = head[1] + (k < 10 ? slope * (24 + 4.5 * k) * s->size * along * 2 - 9 * sin(2.2 * fmin(f, 1.43)) : slope * s->size
            * (k == 10 ? 95 : 60) * u * (0.5 + 0.5 * u));
        t.radius[i] = r * (k < 10 ? 1 : 0.85), t.stretch[i] = (1 + 1.1 * exp(-fabs(f - M_PI / 2) * 5))
            * (f > 1.9 ? 1 - 1.4 * (f - 1.9) : 1);
    }
    shape_tube(s->m, MATERIAL_SPONGIOSA, MATERIAL_CORTICAL, &t, 1.1, 1);
}

static void shoulder(scene *s, draws *d, int side)
{
    static const double clavicle[5][2] = { { 10.0, 14 }, { 9.0, 50 }, { 8.3, 95 }, { 8.2, 128 }, { 8.2, 150 } };
    static const double blade[8][2] = { { 8.4, 148 }, { 8.9, 100 }, { 9.4, 92 }, { 11.5, 97 }, { 13.5, 104 }, { 13.8, 112 }, { 12, 134 },
        { 9.8, 150 } };
    double p[8][2];
    tube t = { .n = 5 };
    const double up = draws_normal(d, 0, 0.4);
    for (int i = 0; i < 5; i++) place(s, clavicle[i][0] + up, side * clavicle[i][1], t.p[i]), t.radius[i] = 5.5 * s->size, t.stretch[i] = 1;
    shape_tube(s->m, MATERIAL_SPONGIOSA, MATERIAL_CORTICAL, &t, 1.4, 0.9);
    for (int i = 0; i < 8; i++) place(s, blade[i][0] + up, side * blade[i][1], p[i]);
    shape_plate(s->m, MATERIAL_SPONGIOSA, (const double (*)[2])p, 8, 4, 2.5, 2.5);
    place(s, 9.2 + up, side * 170, p[0]);
    shape_shell(s->m, MATERIAL_CORTICAL, (ball){ { p[0][0], p[0][1] }, 24, 24, 0, 48 }, 0.8);
    shape_ball(s->m, MATERIAL_SPONGIOSA, (ball){ { p[0][0], p[0][1] }, 24, 24, 0, 40 });
}

static void windpipe(scene *s)
{
    tube t = { .n = 9 };
    for (int i = 0; i < t.n; i++) place(s, 3.5 + 8.7 * i / (t.n - 1), 0.7 * i, t.p[i]), t.radius[i] = i ? 7.5 : 4,
        t.stretch[i] = i ? 1 : 0.2;
    shape_tube(s->m, MATERIAL_SOFT, MATERIAL_SOFT, &t, 0, -1);
    for (int side = RIGHT; side <= LEFT; side += 2) {
        tube b = { .n = 4 };
        for (int i = 0; i < b.n; i++) place(s, 12.2 + 0.35 * i, 6 + side * 12.0 * i, b.p[i]), b.radius[i] = 6, b.stretch[i] = 1;
        shape_tube(s->m, MATERIAL_SOFT, MATERIAL_SOFT, &b, 0, -1);
    }
}

/* The jaw above the neck, and the skull. */
static void head(scene *s, draws *d)
{
    double p[1][2];
    tube jaw = { .n = 13 };
    const double up = draws_range(d, -0.5, 0.8);
    for (int i = 0; i < jaw.n; i++) {
        const double t = M_PI * i / (jaw.n - 1);
        place(s, 0.6 - up + 2.6 * sin(t), 52 * cos(t), jaw.p[i]), jaw.radius[i] = 8, jaw.stretch[i] = 1.5;
    }
    shape_tube(s->m, MATERIAL_SPONGIOSA, MATERIAL_CORTICAL, &jaw, 2.2, 0.9);
    place(s, -2.2 - up, 0, p[0]);
    shape_ball(s->m, MATERIAL_SPONGIOSA, (ball){ { p[0][0], p[0][1] }, 62, 78, 0, 90 });
}

static void pelvis(scene *s, draws *d, int side)
{
    static const double wing[15][2] = { { 25.3, 30 }, { 24.7, 42 }, { 24.05, 66 }, { 23.85, 92 }, { 24.2, 120 }, { 24.9, 138 },
        { 25.7, 140 }, { 26.5, 130 }, { 27.3, 118 },
        { 27.9, 104 }, { 28.0, 82 }, { 27.6, 66 }, { 27.0, 60 }, { 26.6, 56 }, { 26.2, 44 } };
    static const double ring[10][2] = { { 27.6, 70 }, { 28.1, 96 }, { 29.0, 92 }, { 29.9, 70 }, { 30.7, 58 }, { 30.6, 44 }, { 29.9, 28 },
        { 29.8, 6 }, { 29.1, 6 }, { 28.5, 34 } };
    double p[15][2], h[2];
    const double up = draws_normal(d, 0, 0.08), open = draws_range(d, 0.95, 1.06);
    for (int i = 0; i < 15; i++) place(s, wing[i][0] + up, side * open * wing[i][1], p[i]);
    shape_plate(s->m, MATERIAL_SPONGIOSA, (const double (*)[2])p, 15, 16 * s->size, 6, 3);
    for (int i = 0; i < 10; i++) place(s, ring[i][0] + up, side * ring[i][1], p[i]);
    shape_plate(s->m, MATERIAL_SPONGIOSA, (const double (*)[2])p, 10, 14 * s->size, 4, 3);
    place(s, 28.6 + up, side * 92, h);
    shape_shell(s->m, MATERIAL_CORTICAL, (ball){ { h[0], h[1] }, 24, 24, 0, 48 }, 0.9);
    shape_ball(s->m, MATERIAL_SPONGIOSA, (ball){ { h[0], h[1] }, 24, 24, 0, 44 });
    tube neck = { .n = 3 };
    place(s, 28.6, side * 92, neck.p[0]), place(s, 29.5, side * 132, neck.p[1]), place(s, 33, side * 140, neck.p[2]);
    for (int i = 0; i < 3; i++) neck.radius[i] = i ? 16 : 17, neck.stretch[i] = 1;
    shape_tube(s->m, MATERIAL_SPONGIOSA, MATERIAL_CORTICAL, &neck, 3, 0.9);
}

void scene_frontal(scene *s)
{
    draws d = draws_begin(s->a->seed, s->a->index, STAGE_FRONT);
    trunk(s), scene_grain(s, 0.032);
    for (int side = RIGHT; side <= LEFT; side += 2) lung(s, &d, side);
    heart(s, &d), windpipe(s);
    if (!s->overlap) return;
    head(s, &d);
    for (int side = RIGHT; side <= LEFT; side += 2) {
        for (int k = 0; k < 12; k++) rib(s, &d, k, side);
        shoulder(s, &d, side), pelvis(s, &d, side);
    }
}
