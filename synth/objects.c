/* objects.c - what lies on the patient or the cassette: leads, buttons, brace clips (in the beam); letters, ruler, collimator, border (on
 * the finished film, in its margins). */
#include "synth/objects.h"
#include "synth/picture.h"
#include <math.h>
#include <string.h>

static void film_point(const maps *m, draws *d, double p[2])
{
    p[0] = m->origin[0] + m->spacing * (double)m->w * draws_u01(d), p[1] = m->origin[1] + m->spacing * (double)m->h * draws_u01(d);
}

static void lead(scene *s, draws *d)
{
    tube t = { .n = 40 };
    double p[2], turn = draws_range(d, 0, 6.28), bend = draws_normal(d, 0, 0.05);
    film_point(s->m, d, p);
    shape_ball(s->m, MATERIAL_STEEL, (ball){ { p[0], p[1] }, 5, 5, 0, 0.5 });
    shape_ball(s->m, MATERIAL_STEEL, (ball){ { p[0], p[1] }, 2, 2, 0, 2 });
    for (int i = 0; i < t.n; i++) {
        t.p[i][0] = p[0], t.p[i][1] = p[1], t.radius[i] = 0.5, t.stretch[i] = 1;
        bend += draws_normal(d, 0, 0.02), turn += bend;
        p[0] += 9 * cos(turn), p[1] += 9 * sin(turn);
    }
    shape_tube(s->m, MATERIAL_TITANIUM, MATERIAL_TITANIUM, &t, 0, 0.5);
}

static void clip(scene *s, draws *d)
{
    double at[2], turn = draws_range(d, -0.4, 0.4), p[4][2];
    static const double side[4][2] = { { -9, -4 }, { 9, -4 }, { 9, 4 }, { -9, 4 } };
    film_point(s->m, d, at);
    for (int i = 0; i < 4; i++) {
        p[i][0] = at[0] + side[i][0] * cos(turn) - side[i][1] * sin(turn),
            p[i][1] = at[1] + side[i][0] * sin(turn) + side[i][1] * cos(turn);
    }
    shape_plate(s->m, MATERIAL_TITANIUM, (const double (*)[2])p, 4, draws_range(d, 0.8, 2), 0, 0.5);
}

void scene_objects(scene *s)
{
    draws d = draws_begin(s->a->seed, s->a->index, STAGE_OBJECTS);
    const int leads = draws_chance(&d, 0.12) ? 1 + draws_below(&d, 3) : 0, clips = draws_chance(&d, 0.1) ? 2 + draws_below(&d, 4) : 0;
    const int buttons = draws_chance(&d, 0.15) ? 1 + draws_below(&d, 4) : 0;
    for (int i = 0; i < leads; i++) lead(s, &d);
    for (int i = 0; i < clips; i++) clip(s, &d);
    for (int i = 0; i < buttons; i++) {
        double p[2];
        film_point(s->m, &d, p);
        shape_ball(s->m, MATERIAL_STEEL, (ball){ { p[0], p[1] }, 5.5, 5.5, 0, 0.6 });
    }
}

/* 5 x 7 dots, the leftmost is bit 4. */
static const struct { char c; uint8_t row[7]; } font[] = {
    { 'L', { 16, 16, 16, 16, 16, 16, 31 } }, { 'R', { 30, 17, 17, 30, 20, 18, 17 } }, { 'A', { 14, 17, 17, 31, 17, 17, 17 } },
        { 'P', { 30, 17, 17, 30, 16, 16, 16 } },
    { 'E', { 31, 16, 16, 30, 16, 16, 31 } }, { 'C', { 14, 17, 16, 16, 16, 17, 14 } }, { 'T', { 31, 4, 4, 4, 4, 4, 4 } },
        { '0', { 14, 17, 19, 21, 25, 17, 14 } },
    { '1', { 4, 12, 4, 4, 4, 4, 14 } }, { '2', { 14, 17, 1, 6, 8, 16, 31 } }, { '3', { 31, 2, 4, 2, 1, 17, 14 } },
        { '4', { 2, 6, 10, 18, 31, 2, 2 } },
    { '5', { 31, 16, 30, 1, 1, 17, 14 } }, { '6', { 6, 8, 16, 30, 17, 17, 14 } }, { '7', { 31, 1, 2, 4, 8, 8, 8 } },
        { '8', { 14, 17, 17, 14, 17, 17, 14 } },
    { '9', { 14, 17, 17, 15, 1, 2, 12 } } };

static void letter(float *grey, int64_t h, int64_t w, int64_t x, int64_t y, int scale, char c, float value)
{
    for (size_t f = 0; f < sizeof font / sizeof *font; f++) {
        if (font[f].c != c) continue;
        for (int64_t i = 0; i < 7 * scale; i++)
            for (int64_t j = 0; j < 5 * scale; j++)
                if (font[f].row[i / scale] >> (4 - j / scale) & 1 && y + i >= 0 && y + i < h && x + j >= 0 && x + j < w) grey[(y + i) * w
                    + x + j] = value;
    }
}

static void text(float *grey, int64_t h, int64_t w, int64_t x, int64_t y, int scale, const char *s, float value)
{
    for (; *s; s++, x += 6 * scale) letter(grey, h, w, x, y, scale, *s, value);
}

static void ruler(float *grey, int64_t h, int64_t w, int64_t x, double spacing)
{
    for (int mm = 0; mm * spacing >= 0 && mm < 2000; mm += 10) {
        const int64_t y = (int64_t)(mm / spacing), long_ = mm % 100 ? mm % 50 ? 3 : 6 : 10;
        for (int64_t k = 0; k < long_ && y < h && x + k < w; k++) grey[y * w + x + k] = 0.95f;
    }
}

/* Straight edges of the collimator, slightly oblique, and outside of them the unexposed film. */
static void collimate(float *grey, int64_t h, int64_t w, draws *d, double share, float outside)
{
    double edge[4], tilt[4];
    for (int i = 0; i < 4; i++) edge[i] = draws_chance(d, 0.6) ? share * draws_u01(d) : 0, tilt[i] = draws_normal(d, 0, 0.004);
    for (int64_t y = 0; y < h; y++)
        for (int64_t x = 0; x < w; x++) {
            const double X = (double)x, Y = (double)y, W = (double)w, H = (double)h;
            double in = fmin(edge[0] > 0 ? X - edge[0] * W - tilt[0] * Y : 9, edge[1] > 0 ? W - X - edge[1] * W - tilt[1] * Y : 9);
            in = fmin(in, fmin(edge[2] > 0 ? Y - edge[2] * H * 0.5 - tilt[2] * X : 9,
                edge[3] > 0 ? H - Y - edge[3] * H * 0.5 - tilt[3] * X : 9));
            if (in < 1) grey[y * w + x] = outside + (in > 0 ? (float)in : 0) * (grey[y * w + x] - outside);
        }
}

void objects_mark(float *grey, const anatomy *a, int inverted)
{
    draws d = draws_begin(a->seed, a->index, STAGE_MARKS);
    const int64_t h = a->film.h, w = a->film.w;
    const int scale = (int)(h / 512 > 0 ? h / 512 + 1 : 1), side = draws_chance(&d, 0.5);
    const float white = inverted ? 0.04f : 0.97f, black = inverted ? 1 : 0;
    if (draws_chance(&d, 0.5)) collimate(grey, h, w, &d, 0.05, black);
    if (draws_chance(&d, 0.55)) {
        static const char *const words[] = { "L", "R", "AP", "PA", "ERECT", "LAT" };
        const int frontal = a->region == REGION_AP, k = frontal ? draws_below(&d, 5) : draws_chance(&d, 0.5) ? draws_below(&d, 2) : 4
            + draws_below(&d, 2);
        const int64_t x = side ? w - w / 24 - 6 * scale * (int64_t)strlen(words[k]) : w / 40;
        text(grey, h, w, x, (int64_t)draws_range(&d, 0.02 * (double)h, 0.2 * (double)h), scale, words[k], white);
    }
    if (draws_chance(&d, 0.2)) {
        char number[12] = { 0 };
        const int n = 4 + draws_below(&d, 7);
        for (int i = 0; i < n; i++) number[i] = (char)('0' + draws_below(&d, 10));
        text(grey, h, w, w / 40, h - 10 * scale, scale, number, white);
    }
    if (draws_chance(&d, 0.1)) ruler(grey, h, w, side ? 2 : w - 13, a->film.spacing);
}
