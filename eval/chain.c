/* chain.c - bodies on the canvas, their levels, and to which body each pixel belongs; see chain.h. */
#include "eval/chain.h"
#include "base/die.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 64, SPINE = 24 };                 /* bodies of a canvas; of a spine */

typedef struct body { geo_point centre; double area, seen, mean[GEO_LEVELS], none; int level; } body;    /* mean: of the levels' probabilities */

typedef struct field {
    const chain *c;
    int64_t h, w;
    const float *p;                             /* (h, w, classes) */
    float *bone;                                /* (h, w): what all levels have of a pixel */
    int32_t *number;                            /* (h, w): body from 1, 0 none */
    body *of;
    int n;
} field;

int chain_of(const char *const *names, int classes, chain *c)
{
    int n = 0;
    *c = (chain){ .classes = classes };
    for (int i = 1; i < classes; i++) {
        c->level[i] = geo_level_parse(names[i]);
        if (c->level[i]) c->class_of[c->level[i]] = i, n++;
    }
    return n > 1;
}

/* What all levels have of the pixel with the probabilities p (classes). */
static float of_levels(const chain *c, const float *p)
{
    float sum = 0;
    for (int j = 1; j < c->classes; j++) if (c->level[j]) sum += p[j];
    return sum;
}

static int by_size(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Parts of at least a fifth of the usual body: first as if the whole spine was seen, then by the middle one of what that finds. */
static void find_bodies(field *f)
{
    int64_t areas[MOST], bone = 0, n = 0;
    for (int64_t i = 0; i < f->h * f->w; i++) bone += f->bone[i] > 0.5f;
    int64_t least = 1 + bone / (5 * SPINE);
    for (int round = 0; round < 2; round++) {
        n = geo_parts_find(f->bone, f->h, f->w, least, f->number, areas, MOST);
        if (n == GEO_MEMORY) die_machine("out of memory");
        if (n < 1 || n > MOST) break;
        qsort(areas, (size_t)n, sizeof *areas, by_size);
        least = 1 + areas[n / 2] / 5;
    }
    f->n = n < 1 || n > MOST ? 0 : (int)n;
    f->of = xalloc_n((size_t)f->n + 1, sizeof *f->of);
}

/* A pixel that is no number says nothing of its body's level. */
static void describe_bodies(field *f)
{
    const int k = f->c->classes;
    for (int64_t i = 0; i < f->h * f->w; i++) {
        if (!f->number[i]) continue;
        body *b = &f->of[f->number[i] - 1];
        const float levels = of_levels(f->c, f->p + i * k);
        b->area++, b->centre.x += (double)(i % f->w), b->centre.y += (double)(i / f->w);
        if (!isfinite(levels)) continue;
        b->seen++, b->none += 1 - (double)levels;
        for (int j = 1; j < k; j++) if (f->c->level[j]) b->mean[f->c->level[j]] += (double)f->p[i * k + j];
    }
    for (int i = 0; i < f->n; i++) {
        body *b = &f->of[i];
        const double seen = fmax(b->seen, 1);
        b->centre.x /= b->area, b->centre.y /= b->area, b->none /= seen;
        for (int l = 0; l < GEO_LEVELS; l++) b->mean[l] /= seen;
    }
}

/* The likeliest level of a body by itself but for those taken (GEO_LEVELS); 0: it is rather none of them. */
static int likeliest(const body *b, const uint8_t *taken)
{
    int best = 0;
    for (int l = 1; l < GEO_LEVELS; l++) if (!taken[l] && b->mean[l] > (best ? b->mean[best] : 0)) best = l;
    return b->none > 0.5 ? 0 : best;
}

/* Levels of the bodies in order (m); 0 where the network has no class for it. A level without a class is as likely as that the body is none of
 * the network's, shared by the levels above those and below. How many have a class. */
static int decode(field *f, const int *order, int m)
{
    double *log_p = xalloc_n((size_t)m * GEO_LEVELS + 1, sizeof *log_p);
    int *level = xalloc_n((size_t)m + 1, sizeof *level), named = 0;
    for (int i = 0; i < m; i++)
        for (int l = 0; l < GEO_LEVELS; l++) {
            const body *b = &f->of[order[i]];
            log_p[i * GEO_LEVELS + l] = log(1e-6 + (f->c->class_of[l] ? b->mean[l] : b->none / 2));
        }
    const int status = m > 0 ? geo_levels_decode_by(log_p, m, 3, INFINITY, level, NULL) : GEO_EMPTY;
    for (int i = 0; i < m && !status; i++) {
        f->of[order[i]].level = f->c->class_of[level[i]] ? level[i] : 0;
        named += f->of[order[i]].level != 0;
    }
    free(log_p), free(level);
    return named;
}

/* What does not stand in line is named by itself, as are all where no line can be named: a body of a badly bent spine should not be lost for that. */
static void name_bodies(field *f, const chain_canvas *s)
{
    const int n = f->n;
    geo_point *centre = xalloc_n((size_t)n, sizeof *centre);
    double *size = xalloc_n((size_t)n, sizeof *size);
    int *order = xalloc_n((size_t)n, sizeof *order);
    uint8_t *alone = xalloc_n((size_t)n, sizeof *alone), taken[GEO_LEVELS] = { 0 };
    for (int i = 0; i < n; i++) {
        const body *b = &f->of[i];
        centre[i] = (geo_point){ b->centre.x * s->sx, b->centre.y * s->sy }, size[i] = sqrt(b->area * s->sx * s->sy);
    }
    const int m = geo_chain_order(centre, size, n, NULL, 1, order, alone);
    if (m == GEO_MEMORY) die_machine("out of memory");
    if (!decode(f, order, m)) memset(alone, 1, (size_t)n);
    for (int i = 0; i < n; i++) if (!alone[i]) taken[f->of[i].level] = 1;
    for (int i = 0; i < n; i++) if (alone[i]) f->of[i].level = likeliest(&f->of[i], taken), taken[f->of[i].level] = 1;
    free(centre), free(size), free(order), free(alone);
}

/* Every pixel gets the number of the body that is nearest, by steps from pixel to pixel. */
static void spread(field *f)
{
    const int64_t n = f->h * f->w, w = f->w;
    int32_t *queue = xalloc_n((size_t)n, sizeof *queue);
    int64_t end = 0;
    for (int64_t i = 0; i < n; i++) if (f->number[i]) queue[end++] = (int32_t)i;
    for (int64_t at = 0; at < end; at++) {
        const int64_t i = queue[at], x = i % w;
        const int64_t beside[4] = { i - w, x ? i - 1 : -1, x + 1 < w ? i + 1 : -1, i + w < n ? i + w : -1 };
        for (int k = 0; k < 4; k++)
            if (beside[k] >= 0 && !f->number[beside[k]]) f->number[beside[k]] = f->number[i], queue[end++] = (int32_t)beside[k];
    }
    free(queue);
}

static uint8_t likeliest_class(const chain *c, const float *p)
{
    int best = 0;
    for (int j = 1; j < c->classes; j++) if (c->level[j] && (!best || p[j] > p[best])) best = j;
    return (uint8_t)best;
}

int chain_decide(const chain *c, const chain_canvas *canvas, const float *bone, const float *p, uint8_t *class)
{
    const int64_t h = canvas->h, w = canvas->w, n = h * w;
    field f = { c, h, w, p, xalloc_n((size_t)n, sizeof *f.bone), xalloc_n((size_t)n, sizeof *f.number), NULL, 0 };
    int named = 0;
    for (int64_t i = 0; i < n; i++) f.bone[i] = bone ? bone[i] : of_levels(c, p + i * c->classes);
    find_bodies(&f);
    if (f.n) describe_bodies(&f), name_bodies(&f, canvas), spread(&f);
    for (int64_t i = 0; i < n; i++)
        class[i] = f.n ? (uint8_t)c->class_of[f.of[f.number[i] - 1].level] : likeliest_class(c, p + i * c->classes);
    for (int i = 0; i < f.n; i++) named += f.of[i].level != 0;
    free(f.bone), free(f.number), free(f.of);
    return named;
}
