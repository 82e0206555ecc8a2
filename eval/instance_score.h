/* instance_score.h - the evaluation of a set of objects, whole: average precision, panoptic quality and detection, as tables and as JSON.
 *
 *     instance_score r = instance_score_of(&set, &options);
 *     table *t = instance_ap_table(&r);  json_t *j = instance_json(&r);          and so on
 *     instance_score_free(&r);
 *
 * Masks are what panoptic quality and detection compare, boxes where there are no masks; average precision is of both. */
#ifndef EVAL_INSTANCE_SCORE_H
#define EVAL_INSTANCE_SCORE_H
#include "eval/coco.h"
#include "eval/panoptic.h"
#include "eval/table.h"
#include <jansson.h>

typedef struct instance_options {
    double least;                        /* score from which a prediction counts as given, for all but average precision */
    int64_t draws, ap_draws;             /* of the bootstrap; of that of AP, where a draw costs much more */
    uint64_t seed;
} instance_options;
instance_options instance_defaults(void);        /* 0.5; 10,000 and 1,000 draws of seed 1 */

typedef struct instance_score {
    const object_set *set;               /* kept by the caller */
    instance_options o;
    coco ap[OBJECT_KINDS];               /* where the set has the kind */
    enum object_kind kind;               /* of the two below */
    panoptic quality;
    detection found;
} instance_score;

instance_score instance_score_of(const object_set *s, const instance_options *o);
void           instance_score_free(instance_score *r);

table *instance_ap_table(const instance_score *r);               /* a row for boxes, one for masks */
table *instance_class_table(const instance_score *r);            /* a row a class: AP and panoptic quality, and their means */
table *instance_detection_table(const instance_score *r);
/* {films, score, compared, bbox:{AP, AP_ci, AP50, ... AR_large, by_threshold:[10], classes:[{value, name, truths, predictions, AP, ...}]},
 * segm:{...}, panoptic:{PQ, PQ_ci, SQ, RQ, TP, FP, FN, classes:[...]}, detection:{truths, detected, detected_ci, centred, named, extra}}; a
 * kind that is not there is null. Fresh. */
json_t *instance_json(const instance_score *r);
#endif
