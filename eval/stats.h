/* stats.h - the statistics of an evaluation: plain descriptions, and confidence intervals by resampling patients.
 *
 * The unit of analysis is the patient: a mean over films is resampled by drawing patients with all their films, never film by
 * film. Conventions: percentiles as in numpy, BCa intervals (Efron 1987) with ties half in z0, and a fixed SplitMix64
 * stream. A number that does not exist is a `quantity` with its reason, never NaN. */
#ifndef EVAL_STATS_H
#define EVAL_STATS_H
#include <stdint.h>

/* A number, or the reason why there is none: why == NULL means that value holds. Zeroed, it is the number 0. */
typedef struct { double value; const char *why; } quantity;
static inline quantity quantity_of(double value) { return (quantity){ value, 0 }; }
static inline quantity quantity_missing(const char *why) { return (quantity){ 0, why }; }

/* x: n numbers, finite. mean wants n >= 1, sd (the divisor is n-1) n >= 2; two passes, so large offsets do no harm. */
double stats_mean(const double *x, int64_t n);
double stats_sd(const double *x, int64_t n);

/* Ascending, in place. Percentile of n >= 1 SORTED numbers, percent in 0..100, linear between ranks: position (n-1) percent/100,
 * numpy's default. The median is percent 50, the P90 percent 90. */
void   stats_sort(double *x, int64_t n);
double stats_percentile(const double *sorted, int64_t n, double percent);

/* Standard normal: probability below z, and its inverse for 0 < p < 1 (exact to rounding). */
double stats_normal(double z);
double stats_normal_inverse(double p);

/* SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): the next number of the stream; *state starts as the seed. */
uint64_t stats_splitmix64(uint64_t *state);

/* Two-sided interval of a statistic by the bootstrap. lo..hi is BCa: the percentile interval corrected for bias (z0) and for
 * acceleration (a, from the jackknife over units). */
typedef struct { double estimate, lo, hi, z0, a; } interval;

/* A statistic of a sample of units: unit[0..n) are indices into data, some drawn several times, some not at all. Must give a
 * finite number for every such sample, n >= 1, the same to the last bit in whatever order the units stand (add in long double):
 * equal means equal when draws are compared with the estimate. */
typedef double (*stats_of)(const void *data, const int64_t *unit, int64_t n);

/* units >= 2 resampling units, draws >= 100, level such as 0.95. Index i of each draw is (z * units) >> 64 with z the next number
 * of the SplitMix64 stream, whose seed is given: the same seed, the same interval on every machine. */
interval stats_bootstrap(stats_of statistic, const void *data, int64_t units, int64_t draws, uint64_t seed, double level);

/* The mean of x[0..n) where group[i] (any number, NULL = each by itself) names the patient of x[i]: patients are drawn, the mean is
 * over all films drawn. Returns 0 and leaves *out alone where there are fewer than two patients, else 1. */
int stats_bootstrap_mean(const double *x, const int64_t *group, int64_t n, int64_t draws, uint64_t seed, double level, interval *out);
#endif
