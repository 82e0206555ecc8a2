/* objects_films.h - the objects of films as the files hold them: a detector's predictions.h5, a store, COCO's JSON. */
#ifndef EVAL_OBJECTS_FILMS_H
#define EVAL_OBJECTS_FILMS_H
#include "datasets/classes.h"
#include "datasets/store.h"
#include "eval/objects.h"
#include "eval/predictions.h"

/* The classes of a set of label maps' values: class of value v stands at v. names: what they are called. */
void objects_of_values(object_set *s, const classes *names);

/* Adds a film's objects to a list. A detector's: masks of pixels that nothing else has, boxes as predicted. number is not kept. */
void objects_predicted(object **list, int *n, const instances *o, int64_t h, int64_t w);
/* A store's: boxes round the masks; crowds are those of level "crowd". read_as[value]: the class, 0 leaves it out; NULL: as it stands.
 * score 1. */
void objects_stored(object **list, int *n, const labels *l, int64_t w, const uint8_t *read_as);

/* COCO's list of results, and its file of annotations: films, classes and order as in the annotations, patients where the images name
 * them. Dies 2 on whatever cannot be used: an unknown image, a score that is no number, runs of another size. */
object_set objects_coco(const char *results, const char *annotations);
#endif
