/* eval_films.c - many films for timing `darkspine eval`, without the seconds a drawn phantom takes: flat pictures, true label maps of a
 * lumbar spine (the eight classes of classes/hspine.csv) and predicted ones whose corners are off by a few pixels.
 *     build/cpu/tests/tools/eval_films DIR COUNT [HEIGHT WIDTH]
 *     darkspine import masks DIR DIR/truth.h5 --classes classes/hspine.csv --spacing 0.3,0.3
 *     darkspine eval DIR/predictions.h5 DIR/truth.h5 --region lumbar */
#include "base/die.h"
#include "base/file.h"
#include "datasets/image.h"
#include "datasets/store.h"
#include "eval/predictions.h"
#include "eval/stats.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CLASSES = 8, BODIES = 5 };
typedef struct { double x, y; } point;

static double uniform(uint64_t *s) { return (double)(stats_splitmix64(s) >> 11) / 9007199254740992.0 * 2 - 1; }

/* A convex quadrilateral, clockwise on the screen. */
static void fill_quad(uint8_t *map, int64_t h, int64_t w, const point q[4], uint8_t value)
{
    double x0 = INFINITY, x1 = -INFINITY, y0 = INFINITY, y1 = -INFINITY;
    for (int k = 0; k < 4; k++) x0 = fmin(x0, q[k].x), x1 = fmax(x1, q[k].x), y0 = fmin(y0, q[k].y), y1 = fmax(y1, q[k].y);
    for (int64_t y = (int64_t)fmax(0, y0); y <= (int64_t)fmin((double)h - 1, y1); y++)
        for (int64_t x = (int64_t)fmax(0, x0); x <= (int64_t)fmin((double)w - 1, x1); x++) {
            int inside = 1;
            for (int k = 0; k < 4; k++) {
                const point a = q[k], b = q[(k + 1) & 3];
                inside &= (b.x - a.x) * ((double)y - a.y) - (b.y - a.y) * ((double)x - a.x) >= 0;
            }
            if (inside) map[y * w + x] = value;
        }
}

static void fill_disc(uint8_t *map, int64_t h, int64_t w, point c, double r, uint8_t value)
{
    for (int64_t y = (int64_t)fmax(0, c.y - r); y <= (int64_t)fmin((double)h - 1, c.y + r); y++)
        for (int64_t x = (int64_t)fmax(0, c.x - r); x <= (int64_t)fmin((double)w - 1, c.x + r); x++)
            if (hypot((double)x - c.x, (double)y - c.y) <= r) map[y * w + x] = value;
}

/* A box of these sides, turned by `angle` degrees, each corner off by up to `off`. */
static void draw_box(uint8_t *map, int64_t h, int64_t w, point c, double wide, double high, double angle, double off, uint64_t *s,
    uint8_t value)
{
    const double t = angle * M_PI / 180, sides[4][2] = { { -1, -1 }, { 1, -1 }, { 1, 1 }, { -1, 1 } };
    point q[4];
    for (int k = 0; k < 4; k++) {
        const double x = 0.5 * wide * sides[k][0], y = 0.5 * high * sides[k][1];
        q[k] = (point){ c.x + x * cos(t) - y * sin(t) + off * uniform(s), c.y + x * sin(t) + y * cos(t) + off * uniform(s) };
    }
    fill_quad(map, h, w, q, value);
}

/* The same spine for every `off`: film i decides the anatomy, `noise` only the errors. Facing right; sizes follow the film. */
static void draw_film(uint8_t *map, int64_t h, int64_t w, int64_t i, double off, uint64_t noise)
{
    uint64_t s = (uint64_t)i * 7919 + 1;
    const double u = (double)h / 1024, lean = 12 * uniform(&s), slope = 38 + 8 * uniform(&s), x0 = 0.42 * (double)w + 20 * u * uniform(&s);
    memset(map, 0, (size_t)(h * w));
    for (int k = 0; k < BODIES; k++) {
        const double bend = (k - 1.5) * (k - 1.5) * 7 * u, tilt = -18 + 11 * k + lean * 0.3;
        draw_box(map, h, w, (point){ x0 + 60 * u - bend, (150 + 112 * k) * u }, 118 * u, 82 * u, tilt, off, &noise, (uint8_t)(1 + k));
    }
    draw_box(map, h, w, (point){ x0 - 25 * u, 735 * u }, 120 * u, 90 * u, slope, off, &noise, BODIES + 1);
    for (int k = 0; k < 2; k++)
        fill_disc(map, h, w, (point){ x0 + (60 + 18 * k) * u + off * uniform(&noise), (900 - 12 * k) * u + off * uniform(&noise) },
            52 * u, (uint8_t)(BODIES + 2 + k));
}

int main(int argc, char **argv)
{
    int64_t n = 0, h = 1024, w = 512;
    if (argc < 3 || !text_int(argv[2], &n) || n < 1 || (argc == 5 && (!text_int(argv[3], &h) || !text_int(argv[4], &w))))
        die("wanted DIR COUNT [HEIGHT WIDTH]");
    if (h < 64 || w < 64 || h > 16384 || w > 16384) die("got %lld x %lld, wanted 64 to 16384", (long long)h, (long long)w);
    store_library();
    static const int values[CLASSES + 1] = { 0, 1, 2, 3, 4, 5, 6, 7, 8 };
    static const char *const names[CLASSES + 1] = { "", "L1", "L2", "L3", "L4", "L5", "sacrum", "femoral_head_1", "femoral_head_2" };
    char *images = path_join(argv[1], "images"), *masks = path_join(argv[1], "masks"), *found = path_join(argv[1], "predictions.h5");
    file_make_folders(images), file_make_folders(masks);
    predictions *p = predictions_create(found, "eval_films", "all", CLASSES + 1, values, names);
    image map = image_new(h, w, 8), film = image_new(h, w, 8);
    for (int64_t i = 0; i < n; i++) {
        char *name = xprintf("film%05lld", (long long)i), *file = xprintf("%s/%s.png", images, name),
            *mask = xprintf("%s/%s.png", masks, name);
        memset(film.p, (int)(20 + i % 200), (size_t)(h * w)), *(uint8_t *)film.p = (uint8_t)(i >> 8);
        image_write(file, &film);
        draw_film(map.p, h, w, i, 0, 0);
        image_write(mask, &map);
        draw_film(map.p, h, w, i, 4, (uint64_t)i + 1);
        predictions_add(p, name, mask, h, w, map.p, NULL);
        free(name), free(file), free(mask);
    }
    predictions_commit(p);
    image_free(&map), image_free(&film), free(images), free(masks), free(found);
    return 0;
}
