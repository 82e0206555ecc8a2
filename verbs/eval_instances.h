/* eval_instances.h - where `eval` gets the objects from that it compares: a detector's predictions and a store's instances, film by film. */
#ifndef VERBS_EVAL_INSTANCES_H
#define VERBS_EVAL_INSTANCES_H
#include "eval/objects_films.h"
#include "eval/pairs.h"
#include "verbs/eval_parameters.h"

/* why: the reason why there is nothing to compare, fresh, or NULL. */
typedef struct both_objects { object_set set; char *why; } both_objects;

both_objects objects_new(const classes *names);
/* Pair i; the first film without instances on one side, though its label map shows something, ends the comparison. */
void objects_pair(both_objects *q, const pairs *p, int64_t i, const both_maps *maps);
void both_objects_free(both_objects *q);

/* Are these COCO's results and annotations, by their names? */
int coco_like(const char *pred, const char *truth);
#endif
