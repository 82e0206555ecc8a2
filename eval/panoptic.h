/* panoptic.h - objects that are either found or not: panoptic quality, and how many are detected at all.
 *
 * Both look at predictions of a score of `least` and more, best first, each against the free true object that it overlaps most. What lies
 * with more than half of it in a crowd counts neither way, nor does the crowd. */
#ifndef EVAL_PANOPTIC_H
#define EVAL_PANOPTIC_H
#include "eval/agreement.h"
#include "eval/objects.h"

/* Panoptic quality (Kirillov et al., CVPR 2019): a hit is of the same class and overlaps by more than half (IoU > 0.5).
 * PQ = sum of the hits' IoU / (TP + FP / 2 + FN / 2) = SQ RQ. */
typedef struct panoptic_class { int class; int64_t tp, fp, fn; double overlap; quantity pq, sq, rq; } panoptic_class;
typedef struct panoptic {
    int n; panoptic_class *class;        /* those with any of the three counts */
    int64_t tp, fp, fn;
    quantity pq, sq, rq, lo, hi;         /* means over the classes that have them; 95 % of PQ, BCa bootstrap over patients */
} panoptic;

/* Whatever the class: true objects that some prediction overlaps by half or more (one each); those in which the centre of mass of some
 * prediction lies; those detected by a prediction of their own class; predictions that detect nothing. */
typedef struct detection {
    int64_t films, truths, detected, centred, named, extra;
    bounded rate, centred_rate, named_rate;      /* of the true objects; 95 %: BCa bootstrap over patients */
    bounded extra_rate;                          /* extra predictions a film */
} detection;

typedef struct panoptic_options { enum object_kind kind; double least; int64_t draws; uint64_t seed; } panoptic_options;
panoptic  panoptic_of(const object_set *s, const panoptic_options *o);
void      panoptic_free(panoptic *p);
detection detection_of(const object_set *s, const panoptic_options *o);

/* Sum of over[i] by sum of under[i] with its interval over patients, unit by unit of n; missing where under is 0 altogether. */
bounded ratio_of(const double *over, const double *under, const int64_t *patient, int64_t n, int64_t draws, uint64_t seed);
#endif
