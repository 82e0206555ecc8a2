/* objects.h - objects on films, predicted and true, as metrics of instances compare them: boxes, masks as runs, classes, scores.
 *
 * A film's masks all run the same way, along rows (a store, predictions.h5) or down columns (COCO's files): overlaps need not know which.
 * Boxes are COCO's, x y width height from edge to edge in pixels, so a box of one pixel is 1 wide. */
#ifndef EVAL_OBJECTS_H
#define EVAL_OBJECTS_H
#include <stdint.h>
#include "base/die.h"

enum object_kind { OBJECT_BOX, OBJECT_MASK, OBJECT_KINDS };                  /* what is compared */

typedef struct object {
    int class;                           /* place in the set's table of classes */
    int crowd;                           /* of the truth: a region of many that nobody told apart */
    double score, box[4];                /* score: of a prediction, finite */
    double area;                         /* of the truth, by which it is small, medium or large */
    int64_t nruns; uint32_t *runs;       /* background, object, background, ...; owned */
    int64_t pixels, low[2], high[2];     /* of the mask: how many; their places along lines, and lines, high one beyond the last */
    int64_t middle;                      /* the pixel in which its centre of mass lies */
} object;

typedef struct object_film {
    char *id;
    int64_t patient;                     /* any number that names the patient */
    int npred, ntruth;
    object *pred, *truth;
} object_film;

/* Classes in the order of their values; films in the order in which equal scores are taken. */
typedef struct object_class { int64_t value; char *name; } object_class;
typedef struct object_set {
    int has[OBJECT_KINDS];               /* are there boxes, masks, on both sides? */
    int nclasses; object_class *class;
    int64_t n; object_film *film;
} object_set;

void         objects_free(object_set *s);
object_film *objects_add(object_set *s, const char *id, int64_t patient);    /* id is copied; lives until the next one is added */
object      *objects_append(object **list, int *n);                              /* zeroed, at the end of a film's list */

/* Takes the runs of an object on lines of this length; fills what is said of the mask and, with box, the box round it (all 0 where there is
 * no pixel). columns: runs go down. */
void object_take(object *o, uint32_t *runs, int64_t n, int64_t line, int columns, int box);
/* A map of numbers (h, w): the runs of each number 1..n, one list an object; one pass. */
void objects_runs(const uint8_t *number, int64_t len, int n, uint32_t **runs, int64_t *nruns);

/* What both share: pixels of masks, or the area common to boxes. */
double object_common(const object *a, const object *b, enum object_kind kind);
double object_size(const object *o, enum object_kind kind);
/* Intersection over union; over the prediction's size alone where the truth is a crowd. 0 where neither covers anything. */
double object_iou(const object *pred, const object *truth, enum object_kind kind);
/* Does the pixel in which a's centre of mass lies (of its box, where it has no mask) belong to b? */
int    object_centred_in(const object *a, const object *b);

/* Places of o[0..n) by falling score, equal ones as they stand; only those of at least `least`. Returns how many; order (n). */
int objects_by_score(const object *o, int n, double least, int *order);
#endif
