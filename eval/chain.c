/* chain.c - bodies in the network's scores, their levels, and the scores that say so; see chain.h. */
#include "eval/chain.h"
#include "base/die.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 64 };                             /* bodies; a spine has 24 */
static const double NEVER = 6;                  /* a level that is not the body's has exp(-6) of what all levels have there */

typedef struct body { geo_point centre; double area, mean[GEO_LEVELS], none; int level; } body;      /* mean: of the levels' probabilities */

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
        if (c->level[i]) c->known[c->level[i]] = 1, n++;
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

/* Parts of at least a fifth of the usual body: first as if all levels were seen, then by the middle one of what that finds. */
static void find_bodies(field *f)
{
    int64_t areas[MOST], bone = 0, n = 0;
    int levels = 0;
    for (int l = 0; l < GEO_LEVELS; l++) levels += f->c->known[l];
    for (int64_t i = 0; i < f->h * f->w; i++) bone += f->bone[i] > 0.5f;
    int64_t least = 1 + bone / (5 * levels);
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

static void describe_bodies(field *f)
{
    const int k = f->c->classes;
    for (int64_t i = 0; i < f->h * f->w; i++) {
        if (!f->number[i]) continue;
        body *b = &f->of[f->number[i] - 1];
        b->area++, b->centre.x += (double)(i % f->w), b->centre.y += (double)(i / f->w), b->none += 1 - (double)of_levels(f->c, f->p + i * k);
        for (int j = 1; j < k; j++) if (f->c->level[j]) b->mean[f->c->level[j]] += (double)f->p[i * k + j];
    }
    for (int i = 0; i < f->n; i++) {
        body *b = &f->of[i];
        b->centre.x /= b->area, b->centre.y /= b->area, b->none /= b->area;
        for (int l = 0; l < GEO_LEVELS; l++) b->mean[l] /= b->area;
    }
}

/* The likeliest level of a body by itself; 0: it is rather none of them. */
static int likeliest(const body *b)
{
    int best = 0;
    for (int l = 1; l < GEO_LEVELS; l++) if (b->mean[l] > b->mean[best]) best = l;
    return b->none > 0.5 ? 0 : best;
}

/* A level without a class is as likely as that the body is none of the network's levels. What does not stand in line is named by itself: a
 * body of a badly bent spine should not be lost for that. */
static void name_bodies(field *f)
{
    const int n = f->n;
    geo_point *centre = xalloc_n((size_t)n, sizeof *centre);
    double *size = xalloc_n((size_t)n, sizeof *size), *log_p = xalloc_n((size_t)n * GEO_LEVELS, sizeof *log_p);
    int *order = xalloc_n((size_t)n, sizeof *order), *level = xalloc_n((size_t)n, sizeof *level);
    uint8_t *dropped = xalloc_n((size_t)n, sizeof *dropped);
    for (int i = 0; i < n; i++) centre[i] = f->of[i].centre, size[i] = sqrt(f->of[i].area), f->of[i].level = likeliest(&f->of[i]);
    const int m = geo_chain_order(centre, size, n, NULL, 1, order, dropped);
    if (m == GEO_MEMORY) die_machine("out of memory");
    for (int i = 0; i < m; i++)
        for (int l = 0; l < GEO_LEVELS; l++) {
            const body *b = &f->of[order[i]];
            log_p[i * GEO_LEVELS + l] = log(1e-6 + (f->c->known[l] ? b->mean[l] : b->none));
        }
    if (m > 0 && !geo_levels_decode(log_p, m, level, NULL)) for (int i = 0; i < m; i++) f->of[order[i]].level = level[i];
    free(centre), free(size), free(log_p), free(order), free(level), free(dropped);
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

static const float least = 1e-30f;              /* of what others have: the background's where all are 0 */

static float score(float probability) { return logf(1e-6f + fmaxf(probability, 0)); }

/* f->n 0: no body decides anything. */
static void rewrite(const field *f, float *p)
{
    const chain *c = f->c;
    const int k = c->classes;
    for (int64_t i = 0; i < f->h * f->w; i++) {
        float *q = p + i * k;
        float others = least;                   /* summed, since 1 less the levels would round to nothing where they are sure */
        for (int j = 0; j < k; j++) if (!c->level[j]) others += q[j];
        const float bone = f->bone[i], levels = of_levels(c, q) + least, rest = (1 - bone) / others;
        const int level = f->n ? f->of[f->number[i] - 1].level : 0, left_out = f->n && !c->known[level];
        for (int j = 0; j < k; j++) {
            if (!c->level[j]) q[j] = score((q[j] + (j ? 0 : least)) * rest + (!j && left_out ? bone : 0));
            else if (!f->n) q[j] = score(bone * q[j] / levels);
            else q[j] = score(bone) - (c->level[j] == level ? 0 : (float)NEVER);
        }
    }
}

int chain_decide(const chain *c, int64_t h, int64_t w, const float *bone, float *p)
{
    const size_t n = (size_t)(h * w);
    field f = { c, h, w, p, xalloc_n(n, sizeof *f.bone), xalloc_n(n, sizeof *f.number), NULL, 0 };
    int named = 0;
    for (size_t i = 0; i < n; i++) f.bone[i] = bone ? bone[i] : of_levels(c, p + i * (size_t)c->classes);
    find_bodies(&f);
    if (f.n) describe_bodies(&f), name_bodies(&f), spread(&f);
    rewrite(&f, p);
    for (int i = 0; i < f.n; i++) named += c->known[f.of[i].level];
    free(f.bone), free(f.number), free(f.of);
    return named;
}
