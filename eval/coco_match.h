/* coco_match.h - detections of one film given to its true objects, by every threshold of overlap and every range of sizes; what coco.c
 * adds up. */
#ifndef EVAL_COCO_MATCH_H
#define EVAL_COCO_MATCH_H
#include "eval/coco.h"

/* A detection that was compared. Bit t: of the threshold coco_thresholds[t]. */
typedef struct coco_mark {
    double score;
    int64_t film;
    int class, rank;                     /* rank among the detections of its class in the film, from 0 */
    uint16_t hit[COCO_AREAS];            /* it has taken a true object */
    uint16_t none[COCO_AREAS];           /* it counts neither way */
} coco_mark;

/* One film: marks by class and falling score; how many true objects count, by class and range. */
typedef struct coco_film { int n; coco_mark *mark; int nclasses; struct coco_count { int class; int64_t truths[COCO_AREAS]; } *count; } coco_film;

extern const double coco_thresholds[COCO_THRESHOLDS];

coco_film coco_match(const object_film *f, int64_t number, enum object_kind kind);
void      coco_film_free(coco_film *f);
#endif
