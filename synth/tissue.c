/* tissue.c - lateral films: the trunk from skin to skin, the lungs and what lies between them. Row by row: for each row of the film tables
 * give where the front and the back are and how thick the body is between them, and the thickness falls off towards both as a
 * superellipse. */
#include "synth/filter.h"
#include "synth/picture.h"
#include "synth/scene.h"
#include <math.h>

#define LENGTH(t) ((int)(sizeof(t) / sizeof *(t)))

/* mm along the beam; mm from the middle line of the bodies to the skin in front and behind */
static const by_level thickness[] = { { 0, 0 }, { 1.8, 60 }, { 3, 118 }, { 5, 122 }, { 6.4, 128 }, { 8, 170 }, { 9.5, 235 }, { 11, 285 },
    { 13, 305 }, { 16, 310 },
    { 19, 300 }, { 21, 295 }, { 23, 315 }, { 25, 345 }, { 28, 375 }, { 31, 360 } };
static const by_level front[] = { { -1, 105 }, { 1, 100 }, { 2.5, 88 }, { 3.6, 58 }, { 5, 52 }, { 7, 56 }, { 9, 88 }, { 12, 125 },
    { 15, 142 }, { 17, 140 },
    { 19, 132 }, { 22, 122 }, { 24, 120 }, { 26, 118 }, { 29, 105 }, { 32, 95 } };
static const by_level back[] = { { -1, 95 }, { 1, 80 }, { 3, 62 }, { 5, 62 }, { 7, 72 }, { 9, 84 }, { 12, 86 }, { 16, 82 }, { 19, 78 },
    { 21.5, 80 },
    { 24, 92 }, { 26, 112 }, { 28.5, 128 }, { 31, 105 } };

enum { TABLE = 256 };

static void shape_table(float t[TABLE + 2], double power)      /* relative thickness by relative place from front to back */
{
    for (int i = 0; i < TABLE + 2; i++) {
        const double q = fmin((double)i / TABLE, 1), r = 1 - pow(fabs(2 * q - 1), power);
        t[i] = (float)(r > 0 ? sqrt(r) : 0);
    }
}

typedef struct gap { double from, to; } gap;
static const gap whole = { 1e6, -1e6 };

/* Adds to row y of a map: thick mm between x0 and x1 mm, by the table; nothing within the gap. */
static void add_row(const scene *s, float *map, int64_t y, double x0, double x1, double thick, const float *table, gap g)
{
    const maps *m = s->m;
    const double from = (x0 - m->origin[0]) / m->spacing, to = (x1 - m->origin[0]) / m->spacing;
    if (to - from < 1) return;
    const int64_t a = from < 0 ? 0 : (int64_t)ceil(from), b = to > (double)m->w - 1 ? m->w - 1 : (int64_t)floor(to);
    const float k = (float)(TABLE / (to - from)), start = (float)(-from * TABLE / (to - from)), cm = 0.1f * (float)thick;
    const float g0 = (float)((g.from - m->origin[0]) / m->spacing), g1 = (float)((g.to - m->origin[0]) / m->spacing);
    float *row = map + y * m->w;
    for (int64_t x = a; x <= b; x++) {
        const float q = start + k * (float)x;
        const int i = (int)q;
        const float out = 0.5f + fmaxf(g0 - (float)x, (float)x - g1);                  /* pixels outside of the gap */
        row[x] += cm * (table[i] + (q - (float)i) * (table[i + 1] - table[i])) * (out < 0 ? 0 : out > 1 ? 1 : out);
    }
}

void scene_grain(scene *s, double share)
{
    const maps *m = s->m;
    float *soft = maps_of(s->m, MATERIAL_SOFT), k = (float)share, mm = (float)m->spacing;
    for (int64_t y = 0; y < m->h; y++)
        for (int64_t x = 0; x < m->w; x++)
            if (soft[y * m->w + x] > 0)
                soft[y * m->w + x] *= 1 + k * (texture_at(s->t, 0.16f * mm * (float)x, 0.16f * mm * (float)y) + 0.5f
                    * texture_at(s->t, 0.5f * mm * (float)x + 90, 0.35f * mm * (float)y));
}

void scene_trunk(scene *s)
{
    float table[TABLE + 2], *soft = maps_of(s->m, MATERIAL_SOFT);
    draws d = draws_begin(s->a->seed, s->a->index, STAGE_TRUNK);
    const double wide = s->size * (0.5 + 0.5 * s->fat), belly = draws_range(&d, 0.8, 1.25), phase = draws_range(&d, 0, 6.28);
    const int hidden = s->a->v[GEO_C7].hidden;
    shape_table(table, draws_range(&d, 2.0, 2.9));
    for (int64_t y = 0; y < s->m->h; y++) {
        const double level = s->row_level[y], x = s->row_skin[y], low = 1 / (1 + exp(-(level - 18) * 0.9));
        const double wave = 2 * sin(0.9 * level + phase);
        const double to = x + s->size * (scene_table(front, LENGTH(front), level) * (1 + low * (belly * s->fat - 1)) + wave);
        const double from = x - s->size * (scene_table(back, LENGTH(back), level) * (0.6 + 0.4 * s->fat) - wave);
        add_row(s, soft, y, from, to, wide * scene_table(thickness, LENGTH(thickness), level), table, whole);
    }
    for (int side = -1; side <= 1; side += 2)                  /* shoulders, and the muscles of the back */
        for (int i = 0; i < 2; i++) {
            double p[2];
            if (i) scene_place(s, 16, -44, p);
            else scene_place(s, hidden ? draws_range(&d, 7.8, 8.8) : draws_range(&d, 9.6, 10.8), draws_range(&d, -6, 22), p);
            scene_project(s, p, side * (i ? 35 : 150) * s->size, p);
            if (i) shape_haze(s->m, MATERIAL_SOFT, (ball){ { p[0], p[1] }, 34, 330, 0.04, 22 });
            else shape_haze(s->m, MATERIAL_SOFT, (ball){ { p[0], p[1] }, 88 * s->fat, draws_range(&d, 76, 104), draws_range(&d, -0.4, 0.4),
                draws_range(&d, 50, 75) * (hidden ? 1.4 : 1) });
        }
    scene_grain(s, 0.032);
}

/* One lung: 16 cm of both together where they are thickest. Its floor is a dome, from high in front to the deep recess behind. */
static const by_level lung_front[] = { { 7.4, 8 }, { 9, 55 }, { 11, 95 }, { 14, 112 }, { 18, 118 }, { 21, 118 } };
static const by_level lung_back[] = { { 7.4, 8 }, { 9, 34 }, { 11, 46 }, { 15, 50 }, { 18, 44 }, { 21, 34 } };
static const by_level lung_thick[] = { { 7.4, 0 }, { 8, 30 }, { 9, 62 }, { 11, 84 }, { 15, 90 }, { 21, 88 } };

static void lung(const scene *s, draws *d, double z, float *lung_map, const float *table)
{
    const maps *m = s->m;
    double top[2], base[2], low[2];
    scene_place(s, draws_range(d, 15.6, 16.8), 45, top), scene_place(s, draws_range(d, 18.6, 19.8), -36, base);
    scene_place(s, draws_range(d, 16.6, 17.8), 112, low);
    scene_project(s, top, z, top), scene_project(s, base, z, base), scene_project(s, low, z, low);
    const double air = draws_range(d, 0.8, 1.08);
    for (int64_t y = 0; y < m->h; y++) {
        const double level = s->row_level[y], mm = m->origin[1] + (double)y * m->spacing;
        double x0 = s->row_x[y] - s->size * scene_table(lung_back, LENGTH(lung_back), level);
        double x1 = s->row_x[y] + s->size * scene_table(lung_front, LENGTH(lung_front), level);
        if (mm > fmax(base[1], low[1]) || level < 7.4) continue;
        const double thick = air * s->size * scene_table(lung_thick, LENGTH(lung_thick), level);
        /* below the dome's top what is left of the lung lies behind and in front of it, ever thinner */
        const double b = (mm - top[1]) / fmax(base[1] - top[1], 1), f = (mm - top[1]) / fmax(low[1] - top[1], 1);
        const gap dome = b <= 0 ? whole : (gap){ b < 1 ? top[0] + (base[0] - top[0]) * sqrt(b) : -1e4,
            f < 1 ? top[0] + (low[0] - top[0]) * sqrt(f) : 1e4 };
        add_row(s, lung_map, y, x0, x1, thick * (1 - 0.85 * fmin(fmax(b, 0), 1)), table, dome);
    }
}

void scene_lungs(scene *s)
{
    draws d = draws_begin(s->a->seed, s->a->index, STAGE_LUNGS);
    float table[TABLE + 2], *map = maps_of(s->m, MATERIAL_LUNG);
    double p[2];
    shape_table(table, 3.2);
    lung(s, &d, 70, map, table), lung(s, &d, -70, map, table);
    scene_place(s, draws_range(&d, 14.6, 15.4), draws_range(&d, 62, 72), p);                            /* the heart */
    shape_haze(s->m, MATERIAL_LUNG, (ball){ { p[0], p[1] }, 44 * s->size, 60 * s->size, draws_range(&d, -0.7, -0.4), -62 * s->size });
    scene_place(s, draws_range(&d, 15.2, 16), draws_range(&d, 70, 84), p);
    shape_haze(s->m, MATERIAL_LUNG, (ball){ { p[0], p[1] }, 40 * s->size, 48 * s->size, draws_range(&d, -0.9, -0.2), -42 * s->size });
    tube aorta = { .n = 12 };
    for (int i = 0; i < aorta.n; i++) {                        /* from the heart over the arch and down before the spine */
        static const double path[12][2] = { { 13.5, 60 }, { 12.2, 58 }, { 11.2, 52 }, { 10.6, 40 }, { 10.6, 28 }, { 11, 18 }, { 12, 12 },
            { 13, 10 },
                                            { 14, 11 }, { 15.5, 14 }, { 17, 18 }, { 19, 24 } };
        scene_place(s, path[i][0], path[i][1], aorta.p[i]);
        aorta.radius[i] = 11.5 * s->size, aorta.stretch[i] = 1;
    }
    shape_tube(s->m, MATERIAL_LUNG, MATERIAL_LUNG, &aorta, 0, -0.6);
    filter_gauss(map, s->m->h, s->m->w, 0.9 / s->m->spacing, 0.9 / s->m->spacing);            /* rows step along a dome */
    for (int64_t y = 0; y < s->m->h; y++)                      /* vessels; and no lung where organs took more than there was */
        for (int64_t x = 0; x < s->m->w; x++) {
            float *v = &map[y * s->m->w + x];
            if (*v > 0) *v *= 1 - 0.05f * texture_at(s->t, (float)((double)x * s->m->spacing * 0.7),
                (float)((double)y * s->m->spacing * 0.7));
            else *v = 0;
        }
}
