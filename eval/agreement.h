/* agreement.h - how well two ways of measuring agree: errors, limits of agreement, reliability, correlation.
 *
 * The sign is fixed everywhere: error = prediction - reference. A value that was not produced is NAN on its side, and counts: a film whose
 * reference is there and whose prediction is not has `failed`, so that a method cannot gain by giving up on what is hard. Every figure is
 * a quantity with a reason where there is none; an interval is level 0.95. The trap: ICC depends on how far the patients
 * spread; SEM and MDC, in the unit of the parameter, do not. */
#ifndef EVAL_AGREEMENT_H
#define EVAL_AGREEMENT_H
#include "eval/stats.h"

/* A number with its 95 % interval; each of the three may be missing by itself. */
typedef struct bounded { quantity value, lo, hi; } bounded;

/* Two-way analysis of variance of n subjects (rows) by k raters without repetition: the mean of all, and the mean squares of rows, columns,
 * error, and within rows. */
typedef struct anova { int64_t n; int k; double mean, msr, msc, mse, msw; } anova;

/* y: (n, k), finite, n >= 2, k >= 2. */
anova anova_of(const double *y, int64_t n, int k);

/* Intraclass correlation of a single measurement (Shrout and Fleiss, Psychol Bull 1979): one-way random; two-way random, absolute
 * agreement (the main figure: bias counts); two-way mixed, consistency (bias does not). */
enum icc { ICC_1_1, ICC_2_1, ICC_3_1, ICCS };
extern const char *const icc_names[ICCS];                        /* "ICC(1,1)" ... */

/* With the F intervals of McGraw and Wong, Psychol Methods 1996; of ICC(2,1) with Satterthwaite's degrees of freedom, which go to *v
 * (may be NULL). */
bounded icc_of(const anova *a, enum icc which, double *v);

/* Standard error of measurement, of absolute agreement or of consistency (Weir, J Strength Cond Res 2005), in the unit of y; a variance of
 * raters below zero counts as zero. mdc_of: the smallest change that is not noise, 1.96 sqrt(2) SEM. */
double sem_of(const anova *a, int consistency);
double mdc_of(double sem);

/* k of n with Wilson's interval (J Am Stat Assoc 1927); n >= 1. */
bounded share_of(int64_t k, int64_t n);

double pearson_of(const double *x, const double *y, int64_t n);  /* n >= 2 and both spread, else NAN */
void   ranks_of(const double *x, int64_t n, double *rank);       /* 1..n, equal values share their mean rank */

enum { WITHINS = 3 };                                            /* shares within limit[0..2]: 3, 5 and 10 degrees or mm */
typedef struct agreement_options { double limit[WITHINS]; int64_t draws; uint64_t seed; } agreement_options;
agreement_options agreement_defaults(void);                      /* 3, 5, 10; 10,000 draws of seed 1 */

typedef struct agreement {
    int64_t films, n, failed, patients;      /* films with a reference = n + failed; patients among the n */
    bounded failure;                         /* failed / films */
    bounded mae;                             /* interval: BCa bootstrap over patients */
    quantity sd_abs, median, p90, max, rmse; /* of |error|; sd_abs is the SD of |error| */
    bounded bias, loa_low, loa_high;         /* Bland and Altman, Lancet 1986; intervals by t with n - 1 degrees of freedom */
    quantity sd;                             /* of the signed error */
    quantity slope;                          /* of error on the mean of both: proportional bias */
    bounded pearson;                         /* Fisher's z */
    quantity spearman, ccc;                  /* Lin, Biometrics 1989, with 1/n variances */
    bounded icc[ICCS];
    quantity sem, sem_consistency, mdc;
    bounded within[WITHINS];                 /* of the n */
    bounded within_all[WITHINS];             /* of all films: a failure is a miss */
} agreement;

/* pred, ref: n values, NAN where there is none. patient: any number that names the patient of a film, NULL: each film its own. o: NULL for
 * the defaults. */
agreement agreement_of(const double *pred, const double *ref, const int64_t *patient, int64_t n, const agreement_options *o);
#endif
