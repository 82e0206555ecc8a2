/* agreement.c - see agreement.h. Films without both values are taken out first, so that everything after works on two plain arrays. */
#include "eval/agreement.h"
#include "base/die.h"
#include "eval/distributions.h"
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const icc_names[ICCS] = { "ICC(1,1)", "ICC(2,1)", "ICC(3,1)" };
static const char no_pair[] = "no film has both values", few[] = "fewer than two films have both values",
    too_few[] = "fewer than three films have both values", no_spread[] = "the values do not spread", exact[] = "both agree exactly";

static bounded nothing(const char *why) { return (bounded){ quantity_missing(why), quantity_missing(why), quantity_missing(why) }; }
static bounded bounds(double value, double lo, double hi) { return (bounded){ quantity_of(value), quantity_of(lo), quantity_of(hi) }; }

anova anova_of(const double *y, int64_t n, int k)
{
    assert(n >= 2 && k >= 2);
    double *column = xalloc_n((size_t)k, sizeof *column), grand = stats_mean(y, n * k);
    anova a = { .n = n, .k = k };
    for (int64_t i = 0; i < n * k; i++) column[i % k] += y[i] / (double)n;
    for (int64_t i = 0; i < n; i++) {
        double row = stats_mean(y + i * k, k);
        a.msr += k * (row - grand) * (row - grand);
        for (int j = 0; j < k; j++) {
            double within = y[i * k + j] - row, rest = within - column[j] + grand;
            a.msw += within * within, a.mse += rest * rest;
        }
    }
    for (int j = 0; j < k; j++) a.msc += (double)n * (column[j] - grand) * (column[j] - grand);
    a.mean = grand, a.msr /= (double)(n - 1), a.msc /= k - 1, a.mse /= (double)((n - 1) * (k - 1)), a.msw /= (double)(n * (k - 1));
    free(column);
    return a;
}

/* Interval of (F - 1) / (F + k - 1) where F = MSR / other has n - 1 and v degrees of freedom. */
static bounded icc_by_ratio(const anova *a, double other, double v)
{
    double f = a->msr / other, n1 = (double)(a->n - 1), k = a->k;
    double lo = f / fisher_inverse(0.975, n1, v), hi = f * fisher_inverse(0.975, v, n1);
    return bounds((f - 1) / (f + k - 1), (lo - 1) / (lo + k - 1), (hi - 1) / (hi + k - 1));
}

static bounded icc_agreement(const anova *a, double *v)
{
    double n = (double)a->n, k = a->k, msr = a->msr, msc = a->msc, mse = a->mse;
    double icc = (msr - mse) / (msr + (k - 1) * mse + k * (msc - mse) / n);
    double p = k * icc / (n * (1 - icc)), q = 1 + k * icc * (n - 1) / (n * (1 - icc)), both = p * msc + q * mse;
    double df = both * both / (p * msc * p * msc / (k - 1) + q * mse * q * mse / ((n - 1) * (k - 1)));
    double rest = k * msc + (k * n - k - n) * mse, low = fisher_inverse(0.975, n - 1, df), high = fisher_inverse(0.975, df, n - 1);
    if (v) *v = df;
    return bounds(icc, n * (msr - low * mse) / (low * rest + n * msr), n * (high * msr - mse) / (rest + n * high * msr));
}

bounded icc_of(const anova *a, enum icc which, double *v)
{
    double noise = 1e-20 * (a->msr + a->msc), df = (double)((a->n - 1) * (a->k - 1));     /* what rounding leaves of a difference of zero */
    if (a->msr + a->msc + a->msw <= 1e-26 * a->mean * a->mean) return nothing(no_spread);
    if (a->msw <= noise || (a->mse <= noise && which == ICC_3_1))
        return (bounded){ quantity_of(1), quantity_missing(exact), quantity_missing(exact) };
    if (a->mse <= noise && which == ICC_2_1) {                   /* only a shift: no error to make an interval of */
        double n = (double)a->n;
        return (bounded){ quantity_of(a->msr / (a->msr + a->k * a->msc / n)), quantity_missing("the difference is the same for all"),
                          quantity_missing("the difference is the same for all") };
    }
    if (which == ICC_1_1) return icc_by_ratio(a, a->msw, (double)(a->n * (a->k - 1)));
    return which == ICC_3_1 ? icc_by_ratio(a, a->mse, df) : icc_agreement(a, v);
}

double sem_of(const anova *a, int consistency)
{
    return sqrt(a->mse + (consistency ? 0 : fmax(0, (a->msc - a->mse) / (double)a->n)));
}

double mdc_of(double sem) { return 1.96 * M_SQRT2 * sem; }

bounded share_of(int64_t k, int64_t n)
{
    assert(n >= 1 && k >= 0 && k <= n);
    double z = stats_normal_inverse(0.975), m = (double)n, p = (double)k / m, below = 1 + z * z / m;
    double middle = (p + z * z / (2 * m)) / below, half = z * sqrt(p * (1 - p) / m + z * z / (4 * m * m)) / below;
    return bounds(p, k ? fmax(0, middle - half) : 0, k < n ? fmin(1, middle + half) : 1);
}

double pearson_of(const double *x, const double *y, int64_t n)
{
    double mx = stats_mean(x, n), my = stats_mean(y, n), xx = 0, yy = 0, xy = 0;
    for (int64_t i = 0; i < n; i++) xx += (x[i] - mx) * (x[i] - mx), yy += (y[i] - my) * (y[i] - my), xy += (x[i] - mx) * (y[i] - my);
    return xx > 0 && yy > 0 ? fmax(-1, fmin(1, xy / sqrt(xx * yy))) : NAN;
}

typedef struct { double value; int64_t at; } placed;

static int by_value(const void *a, const void *b)
{
    double x = ((const placed *)a)->value, y = ((const placed *)b)->value;
    return (x > y) - (x < y);
}

void ranks_of(const double *x, int64_t n, double *rank)
{
    placed *p = xalloc_n((size_t)n, sizeof *p);
    for (int64_t i = 0; i < n; i++) p[i] = (placed){ x[i], i };
    qsort(p, (size_t)n, sizeof *p, by_value);
    for (int64_t i = 0, end; i < n; i = end) {
        for (end = i; end < n && p[end].value == p[i].value;) end++;
        for (int64_t j = i; j < end; j++) rank[p[j].at] = 0.5 * (double)(i + 1 + end);
    }
    free(p);
}

agreement_options agreement_defaults(void) { return (agreement_options){ { 3, 5, 10 }, 10000, 1 }; }

/* Bias, limits and the slope of the error on the mean of both. */
static void bland_altman(agreement *a, const double *pred, const double *ref, const double *e, int64_t n)
{
    double bias = stats_mean(e, n), *mid = xalloc_n((size_t)n, sizeof *mid), xx = 0, xy = 0;
    for (int64_t i = 0; i < n; i++) mid[i] = 0.5 * (pred[i] + ref[i]);
    double middle = stats_mean(mid, n);
    for (int64_t i = 0; i < n; i++) xx += (mid[i] - middle) * (mid[i] - middle), xy += (mid[i] - middle) * (e[i] - bias);
    free(mid);
    a->slope = xx > 0 ? quantity_of(xy / xx) : quantity_missing(no_spread);
    double s = stats_sd(e, n), m = (double)n, z = stats_normal_inverse(0.975), t = student_inverse(0.975, m - 1);
    double of_bias = t * s / sqrt(m), of_limit = t * s * sqrt(1 / m + z * z / (2 * (m - 1)));
    a->sd = quantity_of(s);
    a->bias = bounds(bias, bias - of_bias, bias + of_bias);
    a->loa_low = bounds(bias - z * s, bias - z * s - of_limit, bias - z * s + of_limit);
    a->loa_high = bounds(bias + z * s, bias + z * s - of_limit, bias + z * s + of_limit);
}

static void correlations(agreement *a, const double *pred, const double *ref, int64_t n)
{
    double r = pearson_of(pred, ref, n), *rank = xalloc_n((size_t)(2 * n), sizeof *rank);
    if (isnan(r)) a->pearson = nothing(no_spread), a->spearman = quantity_missing(no_spread);
    else {
        a->pearson = nothing(n < 4 ? "fewer than four films have both values" : exact), a->pearson.value = quantity_of(r);
        if (n >= 4 && fabs(r) < 1) {
            double half = stats_normal_inverse(0.975) / sqrt((double)n - 3);
            a->pearson.lo = quantity_of(tanh(atanh(r) - half)), a->pearson.hi = quantity_of(tanh(atanh(r) + half));
        }
        ranks_of(pred, n, rank), ranks_of(ref, n, rank + n);
        a->spearman = quantity_of(pearson_of(rank, rank + n, n));
    }
    free(rank);
    double mx = stats_mean(pred, n), my = stats_mean(ref, n), xx = 0, yy = 0, xy = 0;
    for (int64_t i = 0; i < n; i++) xx += (pred[i] - mx) * (pred[i] - mx), yy += (ref[i] - my) * (ref[i] - my), xy += (pred[i] - mx)
        * (ref[i] - my);
    double below = (xx + yy) / (double)n + (mx - my) * (mx - my);
    a->ccc = below > 0 ? quantity_of(2 * xy / (double)n / below) : quantity_missing(no_spread);
}

static void reliability(agreement *a, const double *pred, const double *ref, int64_t n)
{
    double *y = xalloc_n((size_t)(2 * n), sizeof *y);
    for (int64_t i = 0; i < n; i++) y[2 * i] = pred[i], y[2 * i + 1] = ref[i];
    anova v = anova_of(y, n, 2);
    free(y);
    for (int i = 0; i < ICCS; i++) a->icc[i] = n > 2 ? icc_of(&v, i, NULL) : nothing(too_few);
    a->sem = quantity_of(sem_of(&v, 0)), a->sem_consistency = quantity_of(sem_of(&v, 1)), a->mdc = quantity_of(mdc_of(a->sem.value));
}

static void sizes_of_errors(agreement *a, const double *e, const int64_t *patient, int64_t n, const agreement_options *o)
{
    double *size = xalloc_n((size_t)n, sizeof *size), squares = 0;
    for (int64_t i = 0; i < n; i++) size[i] = fabs(e[i]), squares += e[i] * e[i];
    interval r;
    a->mae = nothing("one patient has both values"), a->mae.value = quantity_of(stats_mean(size, n));
    if (stats_bootstrap_mean(size, patient, n, o->draws, o->seed, 0.95, &r)) a->mae.lo = quantity_of(r.lo), a->mae.hi = quantity_of(r.hi);
    a->sd_abs = n > 1 ? quantity_of(stats_sd(size, n)) : quantity_missing(few);
    stats_sort(size, n);
    a->median = quantity_of(stats_percentile(size, n, 50)), a->p90 = quantity_of(stats_percentile(size, n, 90));
    a->max = quantity_of(size[n - 1]), a->rmse = quantity_of(sqrt(squares / (double)n));
    for (int k = 0; k < WITHINS; k++) {
        int64_t inside = 0;
        for (int64_t i = 0; i < n; i++) inside += size[i] <= o->limit[k] * (1 + 1e-12);
        a->within[k] = share_of(inside, n), a->within_all[k] = share_of(inside, a->films);
    }
    free(size);
}

/* All that needs a pair is missing; what needs two is missing where there is one. */
static void without(agreement *a, int64_t n)
{
    const char *why = n ? few : no_pair;
    if (!n) {
        a->mae = nothing(why), a->median = a->p90 = a->max = a->rmse = a->sd_abs = quantity_missing(why);
        for (int k = 0; k < WITHINS; k++) a->within[k] = nothing(why), a->within_all[k] = a->films ? share_of(0, a->films) : nothing(why);
    }
    a->bias = a->loa_low = a->loa_high = a->pearson = nothing(why);
    a->sd = a->slope = a->spearman = a->ccc = a->sem = a->sem_consistency = a->mdc = quantity_missing(why);
    for (int i = 0; i < ICCS; i++) a->icc[i] = nothing(why);
}

static int ascending(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int64_t count_patients(const int64_t *patient, int64_t n)
{
    int64_t *p = xalloc_n((size_t)n, sizeof *p), k = 0;
    memcpy(p, patient, (size_t)n * sizeof *p), qsort(p, (size_t)n, sizeof *p, ascending);
    for (int64_t i = 0; i < n; i++) k += !i || p[i] != p[i - 1];
    free(p);
    return k;
}

agreement agreement_of(const double *pred, const double *ref, const int64_t *patient, int64_t films, const agreement_options *o)
{
    const agreement_options standard = agreement_defaults();
    double *kept = xalloc_n((size_t)(3 * films), sizeof *kept), *p = kept, *r = kept + films, *e = kept + 2 * films;
    int64_t *who = xalloc_n((size_t)films, sizeof *who), n = 0;
    agreement a = { 0 };
    if (!o) o = &standard;
    for (int64_t i = 0; i < films; i++) {
        if (isnan(ref[i])) continue;
        a.films++;
        if (isnan(pred[i])) a.failed++;
        else p[n] = pred[i], r[n] = ref[i], e[n] = pred[i] - ref[i], who[n++] = patient ? patient[i] : i;
    }
    a.n = n, a.patients = count_patients(who, n);
    a.failure = a.films ? share_of(a.failed, a.films) : nothing("no film has a reference");
    if (n < 2) without(&a, n);
    if (n) sizes_of_errors(&a, e, who, n, o);
    if (n == 1) a.bias.value = quantity_of(e[0]);
    if (n > 1) bland_altman(&a, p, r, e, n), correlations(&a, p, r, n), reliability(&a, p, r, n);
    free(kept), free(who);
    return a;
}
