/* coco.h - average precision and recall of detections as COCO defines them (Lin et al., Microsoft COCO, ECCV 2014).
 *
 * The rules are those of pycocotools, to the last one, so that a figure means what it means elsewhere: ten thresholds of overlap from 0.50
 * to 0.95; in each film the best 100 of a class by falling score, each to the free true object that it overlaps most; 101 recalls, the
 * precision at each the best at it or beyond; a crowd takes any number of detections, which then count neither way, and so does a true
 * object outside the range of sizes; classes without a true object are left out. Equal scores: in the order of the films, then as they
 * stand. */
#ifndef EVAL_COCO_H
#define EVAL_COCO_H
#include "eval/agreement.h"
#include "eval/objects.h"

enum { COCO_THRESHOLDS = 10, COCO_RECALLS = 101, COCO_MOST = 100, COCO_AREAS = 4 };

/* Small below 32^2 pixels, large above 96^2; AR1 and AR10 are the recall of the best 1 and 10 detections of a film and class. */
enum { COCO_AP, COCO_AP50, COCO_AP75, COCO_AP_SMALL, COCO_AP_MEDIUM, COCO_AP_LARGE, COCO_AR1, COCO_AR10, COCO_AR100, COCO_AR_SMALL,
       COCO_AR_MEDIUM, COCO_AR_LARGE, COCO_FIGURES };
extern const char *const coco_names[COCO_FIGURES];               /* "AP", "AP50" ... */

typedef struct coco_class {
    int class;                           /* place in the set's table */
    int64_t truths, preds;               /* true objects that are no crowd; detections */
    quantity of[COCO_FIGURES];
} coco_class;

typedef struct coco {
    enum object_kind kind;
    int n; coco_class *class;            /* those that occur on either side */
    quantity of[COCO_FIGURES];           /* means over the classes that have the figure */
    quantity at[COCO_THRESHOLDS];        /* AP by threshold of overlap */
    quantity lo, hi;                     /* 95 % of AP: BCa bootstrap over patients */
} coco;

/* draws: of the bootstrap, 0: none. */
coco coco_of(const object_set *s, enum object_kind kind, int64_t draws, uint64_t seed);
void coco_free(coco *c);
#endif
