/* check_objects.c - faults of single objects (instances): nothing in them, the same object twice, none of it in the label map. See check.h.
 *
 * Structures overlap on a projection film, so an overlap alone is nothing; that one object lies all but wholly in another of its class
 * is. */
#include "datasets/check.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TWICE 0.9                            /* common share of the larger one: an error */
#define NESTED 0.9                           /* share of one within another of its class: a warning */
#define OUTSIDE 0.5                          /* share of an object that the label map calls background */

static int64_t area_of(const instance *o)
{
    int64_t n = 0;
    for (int64_t k = 1; k < o->nruns; k += 2) n += o->runs[k];
    return n;
}

/* Pixels common to two objects: their runs side by side. */
static int64_t common(const instance *a, const instance *b)
{
    int64_t i = 0, j = 0, end_a = 0, end_b = 0, at = 0, n = 0;
    while (i < a->nruns && j < b->nruns) {
        if (at >= end_a + (int64_t)a->runs[i]) { end_a += a->runs[i++]; continue; }
        if (at >= end_b + (int64_t)b->runs[j]) { end_b += b->runs[j++]; continue; }
        const int64_t to_a = end_a + a->runs[i], to_b = end_b + b->runs[j], to = to_a < to_b ? to_a : to_b;
        if (i % 2 && j % 2) n += to - at;
        at = to;
    }
    return n;
}

/* First and last pixel, to leave out pairs that cannot meet. */
typedef struct extent { int64_t from, to, area; } extent;

static extent extent_of(const instance *o)
{
    extent e = { o->nruns ? o->runs[0] : 0, 0, area_of(o) };
    int64_t at = 0;
    for (int64_t k = 0; k < o->nruns; k++) { at += o->runs[k]; if (k % 2 && o->runs[k]) e.to = at; }
    return e;
}

static const char *called(const instance *o, int k, char out[96])
{
    snprintf(out, 96, *o->level ? "object %d (%s)" : "object %d", k + 1, o->level);
    return out;
}

static void check_pairs(faults *f, int64_t at, const labels *l, const extent *e)
{
    char a[96], b[96];
    for (int i = 0; i < l->ninstances; i++)
        for (int j = 0; j < i; j++) {
            if (l->instances[i].value != l->instances[j].value || e[i].from >= e[j].to || e[j].from >= e[i].to || !e[i].area ||
                !e[j].area) continue;
            if (!strcmp(l->instances[i].level, "crowd") || !strcmp(l->instances[j].level, "crowd")) continue;
            if (l->ncorners && strcmp(l->instances[i].level, l->instances[j].level)) continue;       /* quads are judged by their corners */
            const int64_t n = common(&l->instances[i], &l->instances[j]), small = e[i].area < e[j].area ? e[i].area : e[j].area;
            const double of_large = (double)n / (double)(e[i].area + e[j].area - small), of_small = (double)n / (double)small;
            if (of_large >= TWICE) faults_add(f, at, 1, "object_twice", "%s is the same as %s (%.0f %% in common)",
                called(&l->instances[i], i, a),
                called(&l->instances[j], j, b), 100 * of_large);
            else if (of_small >= NESTED) faults_add(f, at, 0, "object_nested", "%s and %s: one lies in the other (%.0f %% of it)",
                called(&l->instances[i], i, a), called(&l->instances[j], j, b), 100 * of_small);
        }
}

static void check_drawn(faults *f, int64_t at, const instance *o, int k, int64_t area, const uint8_t *mask)
{
    int64_t place = 0, off = 0;
    char name[96];
    for (int64_t r = 0; r < o->nruns; place += o->runs[r++])
        for (int64_t i = place; r % 2 && i < place + (int64_t)o->runs[r]; i++) off += mask[i] == 0;
    if ((double)off > OUTSIDE * (double)area)
        faults_add(f, at, 1, "mask_object", "%.0f %% of %s is background in the label map", 100.0 * (double)off / (double)area, called(o,
            k, name));
}

void check_objects(faults *f, int64_t at, const labels *l, const uint8_t *mask)
{
    extent *e = xalloc_n((size_t)l->ninstances, sizeof *e);
    char name[96];
    for (int k = 0; k < l->ninstances; k++) {
        e[k] = extent_of(&l->instances[k]);
        if (!e[k].area) faults_add(f, at, 1, "object_empty", "%s has no pixel", called(&l->instances[k], k, name));
        else if (mask) check_drawn(f, at, &l->instances[k], k, e[k].area, mask);
    }
    check_pairs(f, at, l, e);
    free(e);
}
