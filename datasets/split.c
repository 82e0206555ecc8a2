/* split.c - see split.h. */
#include "datasets/split.h"
#include "base/die.h"
#include "base/rng.h"
#include <stdlib.h>
#include <string.h>

typedef struct member { const char *patient; int64_t at; } member;          /* a case */
typedef struct patient { int64_t first, films; uint64_t draw; } patient;    /* films members from `first` on */

static int by_patient(const void *a, const void *b)
{
    const member *p = a, *q = b;
    int c = strcmp(p->patient, q->patient);
    return c ? c : (p->at > q->at) - (p->at < q->at);
}

/* Most films first; among equals the drawn number decides, and after it the order of names. */
static int by_films(const void *a, const void *b)
{
    const patient *p = a, *q = b;
    if (p->films != q->films) return p->films < q->films ? 1 : -1;
    if (p->draw != q->draw) return p->draw < q->draw ? -1 : 1;
    return (p->first > q->first) - (p->first < q->first);
}

/* The part that is emptiest in proportion, among those with room for the patient; where none has, the one that lacks most films.
 * (By room alone the largest part would take all patients with many films.) */
static int choose(const double *lack, const double *want, int parts, double films)
{
    int best = -1, fallback = -1;
    for (int k = 0; k < parts; k++) {
        if (!(want[k] > 0)) continue;
        if (fallback < 0 || lack[k] > lack[fallback]) fallback = k;
        if (films <= lack[k] && (best < 0 || lack[k] / want[k] > lack[best] / want[best])) best = k;
    }
    return best >= 0 ? best : fallback;
}

/* Deals the patients of these cases, m (n), out: to[at] becomes their part, 0 to parts - 1. share (parts) */
static void deal(member *m, int64_t n, const double *share, int parts, uint64_t seed, int *to)
{
    int64_t np = 0;
    patient *p = xalloc_n((size_t)n, sizeof *p);
    double *lack = xalloc_n((size_t)parts, sizeof *lack), *want = xalloc_n((size_t)parts, sizeof *want);
    if (n) qsort(m, (size_t)n, sizeof *m, by_patient);
    for (int64_t i = 0, j; i < n; i = j) {
        for (j = i + 1; j < n && m[i].patient[0] && !strcmp(m[i].patient, m[j].patient); j++) {}
        rng4 r = rng_draw(seed, RNG_SPLIT, 0, 0, (uint64_t)np);
        p[np++] = (patient){ i, j - i, (uint64_t)r.v[0] << 32 | r.v[1] };
    }
    if (np) qsort(p, (size_t)np, sizeof *p, by_films);
    for (int k = 0; k < parts; k++) lack[k] = want[k] = share[k] * (double)n;
    for (int64_t i = 0; i < np; i++) {
        const int k = choose(lack, want, parts, (double)p[i].films);
        for (int64_t j = 0; j < p[i].films; j++) to[m[p[i].first + j].at] = k;
        lack[k] -= (double)p[i].films;
    }
    free(p), free(lack), free(want);
}

void split_by_patient(const store *s, const double share[SPLITS], uint64_t seed, split *out)
{
    const int64_t n = store_count(s);
    member *m = xalloc_n((size_t)n, sizeof *m);
    int *to = xalloc_n((size_t)n, sizeof *to);
    for (int64_t i = 0; i < n; i++) m[i] = (member){ store_at(s, i)->patient, i };
    deal(m, n, share + SPLIT_TRAIN, SPLITS - SPLIT_TRAIN, seed, to);
    for (int64_t i = 0; i < n; i++) out[i] = (split)(SPLIT_TRAIN + to[i]);
    free(m), free(to);
}

void split_folds(const store *s, int folds, uint64_t seed, int *out)
{
    const int64_t n = store_count(s);
    int64_t k = 0;
    double share[STORE_FOLDS];
    member *m = xalloc_n((size_t)n, sizeof *m);
    for (int i = 0; i < folds; i++) share[i] = 1.0 / folds;
    for (int64_t i = 0; i < n; i++) {
        out[i] = -1;
        if (store_at(s, i)->split != SPLIT_TEST) m[k++] = (member){ store_at(s, i)->patient, i };
    }
    deal(m, k, share, folds, seed, out);
    for (int64_t i = 0; i < n; i++) out[i]++;
    free(m);
}

int part_find(const char *name, part *out)
{
    static const char *const words[] = { "fold", "rest" };
    const int which = *name ? split_find(name) : -1;
    int64_t k;
    *out = (part){ PART_SPLIT, which };
    if (which > SPLIT_NONE) return 1;
    if (!strcmp(name, "all")) return out->kind = PART_ALL, 1;
    if (!strcmp(name, "none")) return out->kind = PART_NONE, 1;
    for (int i = 0; i < 2; i++)
        if (!strncmp(name, words[i], 4) && text_int(name + 4, &k) && k >= 1 && k <= STORE_FOLDS)
            return *out = (part){ i ? PART_REST : PART_FOLD, (int)k }, 1;
    return 0;
}

part part_get(const char *name, const char *at)
{
    static const char *const names[] = { "train", "val", "test", "all", "none", "fold1", "rest1" };
    part p;
    if (!part_find(name, &p)) die_at(at, "got part '%s', wanted " PART_WORDS "%s", name, die_nearest(name, names, 7));
    return p;
}

int part_has(const part *p, const store_case *c)
{
    switch (p->kind) {
    case PART_SPLIT: return (int)c->split == p->number;
    case PART_FOLD:  return c->fold == p->number;
    case PART_REST:  return c->fold > 0 && c->fold != p->number;
    case PART_ALL:   return 1;
    case PART_NONE:  return 0;
    }
    return 0;
}
