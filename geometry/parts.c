/* parts.c - the bodies in a probability map, one by one, those that touch told apart. See geometry.h.
 *
 * The map is flooded from its peaks down, in steps of 1/256 (a watershed; Vincent and Soille 1991, IEEE Trans. Pattern Anal. Mach. Intell.
 * 13:583). Where two floods meet they become one, unless both were of body size well above the level where they meet: noise on top of one
 * body never is, two bodies with a darker line between them are. */
#include "geometry/geometry.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LEVELS = 256, DEPTH = LEVELS / 32 };     /* a line between two bodies is lower than both by at least 1/32 */

typedef struct flood {
    int64_t h, w, least;
    int32_t *up;                                /* (h, w): a pixel of the same part nearer to its root, which is its own; -1: not flooded */
    int32_t *area;                              /* of a root */
    int16_t *grown;                             /* of a root: level at which it was of body size; -1: not yet */
} flood;

static int32_t root_of(flood *f, int32_t i)
{
    while (f->up[i] != i) i = f->up[i] = f->up[f->up[i]];
    return i;
}

static void grow(flood *f, int32_t root, int32_t by, int level)
{
    f->area[root] += by;
    if (f->grown[root] < 0 && f->area[root] >= f->least) f->grown[root] = (int16_t)level;
}

/* The root of both, or a where they stay apart. */
static int32_t meet(flood *f, int32_t a, int32_t b, int level)
{
    if (a == b || (f->grown[a] >= level + DEPTH && f->grown[b] >= level + DEPTH)) return a;
    int32_t keep = f->area[a] >= f->area[b] ? a : b, gone = keep == a ? b : a;
    f->up[gone] = keep;
    if (f->grown[gone] > f->grown[keep]) f->grown[keep] = f->grown[gone];
    grow(f, keep, f->area[gone], level);
    return keep;
}

/* Pixel i joins the highest neighbour that is flooded, and lets the others meet it. */
static void wet(flood *f, const float *map, int32_t i, int level)
{
    const int64_t y = i / f->w, x = i % f->w;
    const int32_t beside[4] = { y > 0 ? (int32_t)(i - f->w) : -1, x > 0 ? i - 1 : -1, x + 1 < f->w ? i + 1 : -1,
                                y + 1 < f->h ? (int32_t)(i + f->w) : -1 };
    int32_t highest = -1;
    for (int k = 0; k < 4; k++)
        if (beside[k] >= 0 && f->up[beside[k]] >= 0 && (highest < 0 || map[beside[k]] > map[highest])) highest = beside[k];
    int32_t root = f->up[i] = highest < 0 ? i : root_of(f, highest);
    f->grown[i] = -1;
    grow(f, root, 1, level);
    for (int k = 0; k < 4; k++) if (beside[k] >= 0 && f->up[beside[k]] >= 0) root = meet(f, root, root_of(f, beside[k]), level);
}

static int level_of(float p) { return p > 0.5f ? (int)((p < 1 ? p : 1) * LEVELS + 0.5f) : -1; }

/* Pixels above 0.5, the highest level first, in raster order within a level. Returns how many. */
static int64_t sort(const float *map, int64_t n, int32_t *order)
{
    int64_t start[LEVELS + 2] = { 0 };
    for (int64_t i = 0; i < n; i++) if (level_of(map[i]) >= 0) start[LEVELS + 1 - level_of(map[i])]++;
    for (int l = 0; l <= LEVELS; l++) start[l + 1] += start[l];
    for (int64_t i = 0; i < n; i++) if (level_of(map[i]) >= 0) order[start[LEVELS - level_of(map[i])]++] = (int32_t)i;
    return start[LEVELS + 1];
}

static int64_t number_parts(flood *f, int32_t *number, int64_t *areas, int64_t room)
{
    const int64_t pixels = f->h * f->w;
    int64_t n = 0;
    memset(number, 0, (size_t)pixels * sizeof *number);
    for (int64_t i = 0; i < pixels; i++) {
        if (f->up[i] < 0) continue;
        const int32_t root = root_of(f, (int32_t)i);
        if (f->area[root] < f->least) continue;
        if (!number[root]) {
            if (n < room && areas) areas[n] = f->area[root];
            number[root] = (int32_t)++n;
        }
        number[i] = number[root];
    }
    return n;
}

int64_t geo_parts_find(const float *map, int64_t h, int64_t w, int64_t least, int32_t *number, int64_t *areas, int64_t room)
{
    if (!map || !number || least < 1 || h < 1 || w < 1 || h > INT32_MAX / w) return GEO_BAD;
    const size_t n = (size_t)(h * w);
    flood f = { h, w, least, malloc(n * sizeof *f.up), calloc(n, sizeof *f.area), malloc(n * sizeof *f.grown) };
    int32_t *order = malloc(n * sizeof *order);
    int64_t found = GEO_MEMORY;
    if (f.up && f.area && f.grown && order) {
        const int64_t all = sort(map, (int64_t)n, order);
        memset(f.up, -1, n * sizeof *f.up);
        for (int64_t i = 0; i < all; i++) wet(&f, map, order[i], level_of(map[order[i]]));
        found = number_parts(&f, number, areas, room);
    }
    free(f.up), free(f.area), free(f.grown), free(order);
    return found;
}
