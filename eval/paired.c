/* paired.c - see paired.h. */
#include "eval/paired.h"
#include "base/die.h"
#include "eval/distributions.h"
#include <assert.h>
#include <math.h>
#include <stdlib.h>

static const char few_patients[] = "fewer than two patients";

/* ---- signed ranks -------------------------------------------------------------------------------------------------------------------- */

enum { EXACT = 25 };

/* Probability that the ranks 1..n with random signs give a sum of positive ones of at most w: sums are counted. */
static double at_most(int n, double w)
{
    double ways[EXACT * (EXACT + 1) / 2 + 1] = { 1 }, below = 0;
    int top = n * (n + 1) / 2;
    for (int r = 1; r <= n; r++)
        for (int s = top; s >= r; s--) ways[s] += ways[s - r];
    for (int s = 0; s <= top && s <= w; s++) below += ways[s];
    return below / ldexp(1, n);
}

/* Sum of t^3 - t over the groups of t equal numbers; x is sorted. */
static double ties_in(const double *x, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0, end; i < n; i = end) {
        for (end = i; end < n && x[end] == x[i];) end++;
        double t = (double)(end - i);
        sum += t * t * t - t;
    }
    return sum;
}

wilcoxon wilcoxon_of(const double *difference, int64_t films)
{
    double *size = xalloc_n((size_t)(2 * films), sizeof *size), *rank = size + films;
    char *positive = xalloc((size_t)films);
    wilcoxon w = { .z = quantity_missing("the test is exact") };
    for (int64_t i = 0; i < films; i++) {
        double d = round(difference[i] * 1e9) / 1e9;
        if (d != 0) positive[w.n] = d > 0, size[w.n++] = fabs(d);
    }
    ranks_of(size, w.n, rank);
    for (int64_t i = 0; i < w.n; i++) *(positive[i] ? &w.w_plus : &w.w_minus) += rank[i];
    stats_sort(size, w.n);
    double n = (double)w.n, ties = ties_in(size, w.n), least = fmin(w.w_plus, w.w_minus);
    w.exact = w.n && w.n <= EXACT && ties == 0;
    if (!w.n) w.p = w.z = quantity_missing("no difference is other than zero");
    else if (w.exact) w.p = quantity_of(fmin(1, 2 * at_most((int)w.n, least)));
    else {
        double sd = sqrt(n * (n + 1) * (2 * n + 1) / 24 - ties / 48), z = fmin(0, (least - n * (n + 1) / 4 + 0.5) / sd);
        w.z = quantity_of(z), w.p = quantity_of(fmin(1, 2 * stats_normal(z)));
    }
    free(size), free(positive);
    return w;
}

/* ---- equivalence, families of tests -------------------------------------------------------------------------------------------------- */

tost tost_of(const double *d, int64_t n, double margin)
{
    assert(margin > 0);
    static const char few[] = "fewer than two differences";
    tost t = { .n = n, .mean = n ? stats_mean(d, n) : 0, .p = quantity_missing(few), .lo = quantity_missing(few),
        .hi = quantity_missing(few) };
    if (n < 2) return t;
    double se = stats_sd(d, n) / sqrt((double)n), v = (double)(n - 1), half = student_inverse(0.95, v) * se;
    t.lo = quantity_of(t.mean - half), t.hi = quantity_of(t.mean + half);
    if (!(se > 0)) t.p = quantity_of(fabs(t.mean) < margin ? 0 : 1);
    else t.p = quantity_of(fmax(student_below(-(t.mean + margin) / se, v), student_below((t.mean - margin) / se, v)));
    return t;
}

typedef struct { double p; int64_t at; } ordered;

static int by_p(const void *a, const void *b)
{
    double x = ((const ordered *)a)->p, y = ((const ordered *)b)->p;
    return (x > y) - (x < y);
}

void holm_adjust(const double *p, int64_t n, double *adjusted)
{
    ordered *o = xalloc_n((size_t)n, sizeof *o);
    double highest = 0;
    for (int64_t i = 0; i < n; i++) o[i] = (ordered){ p[i], i };
    qsort(o, (size_t)n, sizeof *o, by_p);
    for (int64_t i = 0; i < n; i++) adjusted[o[i].at] = highest = fmax(highest, fmin(1, (double)(n - i) * o[i].p));
    free(o);
}

/* ---- patients ------------------------------------------------------------------------------------------------------------------------ */

typedef struct { int64_t patient, film; } member;

static int by_patient(const void *a, const void *b)
{
    const member *x = a, *y = b;
    return x->patient != y->patient ? (x->patient > y->patient) - (x->patient < y->patient) : (x->film > y->film) - (x->film < y->film);
}

static member *members_of(const int64_t *patient, int64_t n)
{
    member *m = xalloc_n((size_t)n, sizeof *m);
    for (int64_t i = 0; i < n; i++) m[i] = (member){ patient ? patient[i] : i, i };
    qsort(m, (size_t)n, sizeof *m, by_patient);
    return m;
}

int64_t stats_by_patient(const double *x, const int64_t *patient, int64_t n, double *out)
{
    member *m = members_of(patient, n);
    int64_t patients = 0;
    for (int64_t i = 0, end; i < n; i = end) {
        double sum = 0;
        int64_t k = 0;
        for (end = i; end < n && m[end].patient == m[i].patient; end++) if (!isnan(x[m[end].film])) sum += x[m[end].film], k++;
        if (k) out[patients++] = sum / (double)k;
    }
    free(m);
    return patients;
}

/* The mean of x with its interval over patients; NAN is left out. */
static bounded mean_of(const double *x, const int64_t *patient, int64_t n, int64_t draws, uint64_t seed)
{
    double *kept = xalloc_n((size_t)n, sizeof *kept);
    int64_t *who = xalloc_n((size_t)n, sizeof *who), k = 0;
    interval r;
    for (int64_t i = 0; i < n; i++) if (!isnan(x[i])) kept[k] = x[i], who[k++] = patient ? patient[i] : i;
    bounded b = { quantity_missing("no film has all values"), quantity_missing(few_patients), quantity_missing(few_patients) };
    if (k) b.value = quantity_of(stats_mean(kept, k));
    if (k && stats_bootstrap_mean(kept, who, k, draws, seed, 0.95, &r)) b.lo = quantity_of(r.lo), b.hi = quantity_of(r.hi);
    free(kept), free(who);
    return b;
}

/* ---- kappa --------------------------------------------------------------------------------------------------------------------------- */

/* A patient's films stand together: film[first[u]] .. film[first[u + 1] - 1]. */
typedef struct { const int *a, *b; int classes, power; int64_t units, *first, *film; } classed;

static double kappa_value(const classed *c, const int64_t *unit, int64_t n)
{
    int k = c->classes;
    double *cell = xalloc_n((size_t)(k * k + 2 * k), sizeof *cell), *row = cell + k * k, *column = row + k, total = 0, seen = 0, chance = 0;
    for (int64_t u = 0; u < n; u++)
        for (int64_t i = c->first[unit[u]]; i < c->first[unit[u] + 1]; i++) {
            int x = c->a[c->film[i]], y = c->b[c->film[i]];
            cell[x * k + y]++, row[x]++, column[y]++, total++;
        }
    for (int i = 0; i < k; i++)
        for (int j = 0; j < k; j++) {
            double weight = c->power ? pow(abs(i - j), c->power) : i != j;
            seen += weight * cell[i * k + j] / total, chance += weight * row[i] * column[j] / (total * total);
        }
    free(cell);
    return chance > 0 ? 1 - seen / chance : NAN;
}

/* For draws: where all is one class, both agree by necessity. */
static double kappa_draw(const void *data, const int64_t *unit, int64_t n)
{
    double value = kappa_value(data, unit, n);
    return isnan(value) ? 1 : value;
}

kappa kappa_of(const int *a, const int *b, const int64_t *patient, int64_t n, int classes, int power, int64_t draws, uint64_t seed)
{
    assert(classes >= 2 && power >= 0);
    static const char why[] = "no film has both classes", same[] = "both always give the same one class";
    kappa k = { .n = n, .value = { quantity_missing(why), quantity_missing(why), quantity_missing(why) },
        .one_off = quantity_missing(why) };
    if (!n) return k;
    member *m = members_of(patient, n);
    classed c = { a, b, classes, power, 0, xalloc_n((size_t)n + 1, 8), xalloc_n((size_t)n, 8) };
    int64_t *all = xalloc_n((size_t)n, sizeof *all), off = 0;
    for (int64_t i = 0; i < n; i++) {
        assert(a[i] >= 0 && a[i] < classes && b[i] >= 0 && b[i] < classes);
        if (!i || m[i].patient != m[i - 1].patient) all[c.units] = c.units, c.first[c.units++] = i;
        c.film[i] = m[i].film, off += abs(a[i] - b[i]) == 1;
    }
    c.first[c.units] = n;
    double value = kappa_value(&c, all, c.units);
    k.one_off = quantity_of((double)off / (double)n);
    k.value = (bounded){ isnan(value) ? quantity_missing(same) : quantity_of(value), quantity_missing(few_patients),
        quantity_missing(few_patients) };
    if (!isnan(value) && c.units > 1) {
        interval r = stats_bootstrap(kappa_draw, &c, c.units, draws, seed, 0.95);
        k.value.lo = quantity_of(r.lo), k.value.hi = quantity_of(r.hi);
    }
    free(m), free(all), free(c.first), free(c.film);
    return k;
}

/* ---- methods and readers ------------------------------------------------------------------------------------------------------------- */

compared compare_methods(const double *a, const double *b, const double *ref, const int64_t *patient, int64_t n, int64_t draws,
    uint64_t seed)
{
    double *d = xalloc_n((size_t)(2 * n), sizeof *d), *means = d + n, sum_a = 0, sum_b = 0;
    compared c = { 0 };
    for (int64_t i = 0; i < n; i++) {
        d[i] = fabs(a[i] - ref[i]) - fabs(b[i] - ref[i]);        /* NAN where one of the three is */
        if (!isnan(ref[i])) c.films++, c.failed_a += isnan(a[i]), c.failed_b += isnan(b[i]);
        if (!isnan(d[i])) c.n++, sum_a += fabs(a[i] - ref[i]), sum_b += fabs(b[i] - ref[i]);
    }
    c.difference = mean_of(d, patient, n, draws, seed);
    c.mae_a = c.n ? quantity_of(sum_a / (double)c.n) : c.difference.value, c.mae_b = c.n ? quantity_of(sum_b / (double)c.n)
        : c.difference.value;
    c.test = wilcoxon_of(means, stats_by_patient(d, patient, n, means));
    free(d);
    return c;
}

triad triad_of(const double *ai, const double *r1, const double *r2, const int64_t *patient, int64_t n, int64_t draws, uint64_t seed)
{
    double *d = xalloc_n((size_t)(4 * n), sizeof *d), *second = d + n, *readers = d + 2 * n, *excess = d + 3 * n;
    triad t = { 0 };
    for (int64_t i = 0; i < n; i++) {
        double a = ai[i] - r1[i], b = ai[i] - r2[i], c = r1[i] - r2[i];
        int all = !isnan(a) && !isnan(c);
        t.n += all;
        d[i] = all ? fabs(a) : NAN, second[i] = all ? fabs(b) : NAN, readers[i] = all ? fabs(c) : NAN;
        excess[i] = all ? 0.5 * (a * a + b * b) - c * c : NAN;
    }
    t.ai_r1 = mean_of(d, patient, n, draws, seed), t.ai_r2 = mean_of(second, patient, n, draws, seed);
    t.r1_r2 = mean_of(readers, patient, n, draws, seed), t.excess = mean_of(excess, patient, n, draws, seed);
    free(d);
    return t;
}
