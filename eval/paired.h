/* paired.h - tests and comparisons on the same patients: is one method better than another, are two the same within a margin, does the
 * machine differ from readers more than readers do from each other.
 *
 * Differences of a film or patient are the data: what belongs to one patient is to be averaged before a test (stats_by_patient), since
 * tests count patients. A missing value is NAN, as in agreement.h. */
#ifndef EVAL_PAIRED_H
#define EVAL_PAIRED_H
#include "eval/agreement.h"

/* Wilcoxon's signed-rank test (Biometrics Bull 1945) on n differences: zeros are dropped, equal sizes share their mean rank; sizes are
 * first rounded to 1e-9, or noise of the last bit would break ties. Two-sided p: exact where at most 25 differences are left without
 * ties, else normal with corrections for ties and continuity (then z holds). */
typedef struct wilcoxon { int64_t n; double w_plus, w_minus; quantity p, z; int exact; } wilcoxon;
wilcoxon wilcoxon_of(const double *difference, int64_t n);

/* Equivalence by two one-sided t tests (Schuirmann, J Pharmacokinet Biopharm 1987): is the mean difference inside (-margin, margin)? p
 * is the larger of the two; lo..hi the 90 % interval that lies inside the margin exactly where p < 0.05. */
typedef struct tost { int64_t n; double mean; quantity p, lo, hi; } tost;
tost tost_of(const double *difference, int64_t n, double margin);

/* Holm's step-down correction (Scand J Stat 1979) of n p-values of one family: adjusted[i] >= p[i], at most 1. May be in place. */
void holm_adjust(const double *p, int64_t n, double *adjusted);

/* Agreement of two readers on ordered classes 0 .. classes - 1 (Cohen, Psychol Bull 1968). power 0: plain kappa; 1: linear, 2: quadratic
 * weights. one_off: share of pairs exactly one class apart. The interval is BCa over patients. */
typedef struct kappa { int64_t n; bounded value; quantity one_off; } kappa;
kappa kappa_of(const int *a, const int *b, const int64_t *patient, int64_t n, int classes, int power, int64_t draws, uint64_t seed);

/* The mean of x over the films of each patient; returns how many patients, out (n) their means in the order of the patients' numbers.
 * NAN is left out, and so is a patient of NAN only. */
int64_t stats_by_patient(const double *x, const int64_t *patient, int64_t n, double *out);

/* Two methods a and b against one reference, where all three have values: error at common coverage. difference = MAE a - MAE b with the
 * bootstrap interval over patients; test: Wilcoxon on the patients' means of |error a| - |error b|. failed: of the films with a
 * reference. */
typedef struct compared { int64_t films, n, failed_a, failed_b; quantity mae_a, mae_b; bounded difference; wilcoxon test; } compared;
compared compare_methods(const double *a, const double *b, const double *ref, const int64_t *patient, int64_t n, int64_t draws,
    uint64_t seed);

/* The machine and two readers on the films that all three have measured. excess: mean of ((AI-R1)^2 + (AI-R2)^2) / 2 - (R1-R2)^2, the
 * interchangeability index (Obuchowski, Radiology 2014); where its upper end is below a margin, the machine may stand in for a
 * reader. */
typedef struct triad { int64_t n; bounded ai_r1, ai_r2, r1_r2, excess; } triad;
triad triad_of(const double *ai, const double *r1, const double *r2, const int64_t *patient, int64_t n, int64_t draws, uint64_t seed);
#endif
