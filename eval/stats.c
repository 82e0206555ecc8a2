/* stats.c - see stats.h. One idea: a statistic sees indices of resampling units, so that the bootstrap and the jackknife are the same
 * loop for a mean, a macro mean over classes or a difference. The trap: a draw that holds the same films in another order must tie
 * with the estimate, so a statistic must not depend on the order: ours add up in long double. */
#include "eval/stats.h"
#include "base/die.h"
#include <assert.h>
#include <math.h>
#include <stdlib.h>

double stats_mean(const double *x, int64_t n)
{
    assert(n >= 1);
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += x[i];
    return sum / (double)n;
}

double stats_sd(const double *x, int64_t n)
{
    assert(n >= 2);
    double mean = stats_mean(x, n), sum = 0;
    for (int64_t i = 0; i < n; i++) sum += (x[i] - mean) * (x[i] - mean);
    return sqrt(sum / (double)(n - 1));
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void stats_sort(double *x, int64_t n) { qsort(x, (size_t)n, sizeof *x, ascending); }

double stats_percentile(const double *sorted, int64_t n, double percent)
{
    assert(n >= 1 && percent >= 0 && percent <= 100);
    double at = (double)(n - 1) * (percent / 100);
    int64_t i = (int64_t)floor(at);
    if (i >= n - 1) return sorted[n - 1];
    double t = at - (double)i, step = sorted[i + 1] - sorted[i];
    return t < 0.5 ? sorted[i] + step * t : sorted[i + 1] - step * (1 - t);      /* numpy's own way of rounding */
}

double stats_normal(double z) { return 0.5 * erfc(-z / M_SQRT2); }

double stats_normal_inverse(double p)
{
    assert(p > 0 && p < 1);
    if (p > 0.5) return -stats_normal_inverse(1 - p);            /* the lower tail keeps all its digits */
    double lo = -40, hi = 1;
    for (;;) {                                                   /* bisection ends when no double lies between */
        double mid = 0.5 * (lo + hi);
        if (mid <= lo || mid >= hi) return mid;
        if (stats_normal(mid) < p) lo = mid; else hi = mid;
    }
}

uint64_t stats_splitmix64(uint64_t *state)
{
    uint64_t z = *state += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

/* Efron's acceleration: the skewness of the leave-one-unit-out values. 0 where they are all the same. */
static double acceleration(stats_of statistic, const void *data, int64_t units, int64_t *unit)
{
    double *left = xalloc_n((size_t)units, sizeof *left), cubes = 0, squares = 0;
    for (int64_t i = 0; i < units; i++) {
        for (int64_t j = 0, k = 0; j < units; j++) if (j != i) unit[k++] = j;
        left[i] = statistic(data, unit, units - 1);
    }
    double mean = stats_mean(left, units);
    for (int64_t i = 0; i < units; i++) {
        double d = mean - left[i];
        squares += d * d, cubes += d * d * d;
    }
    free(left);
    double scale = fabs(mean) * 1e-12;                           /* differences of rounding only have no skewness */
    return squares > (double)units * scale * scale ? cubes / (6 * pow(squares, 1.5)) : 0;
}

/* The percentile, 0..100, at which BCa reads the draws instead of at the normal quantile z. */
static double corrected(double z0, double a, double z)
{
    return 100 * stats_normal(z0 + (z0 + z) / (1 - a * (z0 + z)));
}

interval stats_bootstrap(stats_of statistic, const void *data, int64_t units, int64_t draws, uint64_t seed, double level)
{
    assert(units >= 2 && draws >= 100 && level > 0 && level < 1);
    int64_t *unit = xalloc_n((size_t)units, sizeof *unit);
    double *drawn = xalloc_n((size_t)draws, sizeof *drawn), below = 0;
    interval r = { 0 };
    for (int64_t i = 0; i < units; i++) unit[i] = i;
    r.estimate = statistic(data, unit, units);
    r.a = acceleration(statistic, data, units, unit);
    for (int64_t b = 0; b < draws; b++) {
        for (int64_t i = 0; i < units; i++) unit[i] = (int64_t)(((unsigned __int128)stats_splitmix64(&seed) * (uint64_t)units) >> 64);
        drawn[b] = statistic(data, unit, units);
        below += drawn[b] < r.estimate ? 1 : drawn[b] == r.estimate ? 0.5 : 0;
    }
    stats_sort(drawn, draws);
    double share = below / (double)draws, least = 0.5 / (double)draws;
    r.z0 = stats_normal_inverse(fmin(fmax(share, least), 1 - least));            /* a share of 0 or 1 has no normal quantile */
    double z = stats_normal_inverse(0.5 * (1 - level));
    r.lo = stats_percentile(drawn, draws, corrected(r.z0, r.a, z));
    r.hi = stats_percentile(drawn, draws, corrected(r.z0, r.a, -z));
    free(unit), free(drawn);
    return r;
}

typedef struct { int64_t group; double sum, n; } patient;        /* n films and the sum of their values */

static double mean_of_patients(const void *data, const int64_t *unit, int64_t n)
{
    const patient *p = data;
    long double sum = 0, films = 0;
    for (int64_t i = 0; i < n; i++) sum += p[unit[i]].sum, films += p[unit[i]].n;
    return (double)(sum / films);
}

static int by_group(const void *a, const void *b)
{
    int64_t x = ((const patient *)a)->group, y = ((const patient *)b)->group;
    return (x > y) - (x < y);
}

int stats_bootstrap_mean(const double *x, const int64_t *group, int64_t n, int64_t draws, uint64_t seed, double level, interval *out)
{
    patient *p = xalloc_n((size_t)n, sizeof *p);
    for (int64_t i = 0; i < n; i++) p[i] = (patient){ group ? group[i] : i, x[i], 1 };
    qsort(p, (size_t)n, sizeof *p, by_group);
    int64_t units = 0;
    for (int64_t i = 0; i < n; i++) {
        if (units && p[units - 1].group == p[i].group) p[units - 1].sum += p[i].sum, p[units - 1].n += p[i].n;
        else p[units++] = p[i];
    }
    if (units >= 2) *out = stats_bootstrap(mean_of_patients, p, units, draws, seed, level);
    free(p);
    return units >= 2;
}
