/* ratio.c - a ratio of two sums over films with its interval; see panoptic.h. Patients of whose films nothing stands below the line say
 * nothing of the ratio and are not drawn, so every draw has one. */
#include "eval/panoptic.h"
#include <stdlib.h>

typedef struct sums { int64_t patient; double over, under; } sums;

static int by_patient(const void *a, const void *b)
{
    const sums *p = a, *q = b;
    return (p->patient > q->patient) - (p->patient < q->patient);
}

static double ratio_of_patients(const void *data, const int64_t *unit, int64_t n)
{
    const sums *s = data;
    long double over = 0, under = 0;
    for (int64_t i = 0; i < n; i++) over += s[unit[i]].over, under += s[unit[i]].under;
    return (double)(over / under);
}

bounded ratio_of(const double *over, const double *under, const int64_t *patient, int64_t n, int64_t draws, uint64_t seed)
{
    sums *s = xalloc_n((size_t)n, sizeof *s);
    int64_t units = 0, kept = 0;
    double a = 0, b = 0;
    for (int64_t i = 0; i < n; i++) s[i] = (sums){ patient[i], over[i], under[i] }, a += over[i], b += under[i];
    if (n) qsort(s, (size_t)n, sizeof *s, by_patient);
    for (int64_t i = 0; i < n; i++) {
        if (units && s[units - 1].patient == s[i].patient) s[units - 1].over += s[i].over, s[units - 1].under += s[i].under;
        else s[units++] = s[i];
    }
    for (int64_t i = 0; i < units; i++) if (s[i].under > 0) s[kept++] = s[i];
    bounded r = { quantity_missing("there is none"), quantity_missing("there is none"), quantity_missing("there is none") };
    if (b > 0) r = (bounded){ quantity_of(a / b), quantity_missing("one patient"), quantity_missing("one patient") };
    if (kept > 1) {
        const interval i = stats_bootstrap(ratio_of_patients, s, kept, draws, seed, 0.95);
        r.lo = quantity_of(i.lo), r.hi = quantity_of(i.hi);
    }
    free(s);
    return r;
}
