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
static int choose(const double lack[SPLITS], const double want[SPLITS], double films)
{
    int best = 0, fallback = 0;
    for (int k = SPLIT_TRAIN; k < SPLITS; k++) {
        if (!(want[k] > 0)) continue;
        if (!fallback || lack[k] > lack[fallback]) fallback = k;
        if (films <= lack[k] && (!best || lack[k] / want[k] > lack[best] / want[best])) best = k;
    }
    return best ? best : fallback;
}

void split_by_patient(const store *s, const double share[SPLITS], uint64_t seed, split *out)
{
    int64_t n = store_count(s), np = 0;
    member *m = xalloc_n((size_t)n, sizeof *m);
    patient *p = xalloc_n((size_t)n, sizeof *p);
    for (int64_t i = 0; i < n; i++) m[i] = (member){ store_at(s, i)->patient, i };
    if (n) qsort(m, (size_t)n, sizeof *m, by_patient);
    for (int64_t i = 0, j; i < n; i = j) {
        for (j = i + 1; j < n && m[i].patient[0] && !strcmp(m[i].patient, m[j].patient); j++) {}
        rng4 r = rng_draw(seed, RNG_SPLIT, 0, 0, (uint64_t)np);
        p[np++] = (patient){ i, j - i, (uint64_t)r.v[0] << 32 | r.v[1] };
    }
    if (np) qsort(p, (size_t)np, sizeof *p, by_films);
    double lack[SPLITS], want[SPLITS];
    for (int k = 0; k < SPLITS; k++) lack[k] = want[k] = share[k] * (double)n;
    for (int64_t i = 0; i < np; i++) {
        int to = choose(lack, want, (double)p[i].films);
        for (int64_t j = 0; j < p[i].films; j++) out[m[p[i].first + j].at] = (split)to;
        lack[to] -= (double)p[i].films;
    }
    free(m), free(p);
}
