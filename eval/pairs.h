/* pairs.h - the films of an evaluation: a predicted and a true label map each, wherever they lie.
 *
 * Either side is a store, a predictions.h5, or a folder: one with a predictions.h5 inside means that, else its label maps
 * (*.png; with masks/ inside, those of masks/). They are paired by stem or case id. Nothing is skipped in silence: what has no partner, or a partner of another size, is an error. Only a store as
 * truth can choose: --split, and the cases that `check --exclude` marked; predictions of films not chosen are then left aside. */
#ifndef EVAL_PAIRS_H
#define EVAL_PAIRS_H
#include <stdint.h>
#include "datasets/classes.h"
#include "datasets/store.h"
#include "eval/instances.h"

typedef struct pair {
    const char *id, *patient;            /* patient: "" unknown */
    double spacing[2];                   /* mm per pixel, x then y, as the truth knows it, both finite and above 0; 0 0: unknown */
} pair;

typedef struct pairs pairs;

/* split: a part of the store by name (datasets/split.h), or NULL for all. Dies 2. */
pairs  *pairs_open(const char *pred, const char *truth, const char *split);
void    pairs_close(pairs *p);
int64_t pairs_count(const pairs *p);                          /* >= 1 */
int64_t pairs_excluded(const pairs *p);                       /* true cases left out because they are marked as faulty */
const pair *pairs_at(const pairs *p, int64_t i);              /* ascending by id; lives until close */
/* Fresh arrays (h, w): free() both. Dies 2 on an unreadable map, different sizes, a value above 255. */
void    pairs_load(const pairs *p, int64_t i, int64_t *h, int64_t *w, uint8_t **pred, uint8_t **truth);
/* The store that pair i's truth lies in, and its place there; NULL where the truth is no store. */
const store *pairs_store(const pairs *p, int64_t i, int64_t *at);
/* What a detector has predicted on pair i, where PRED holds that; free(out->number). 0 and nothing where it does not. */
int     pairs_found(const pairs *p, int64_t i, instances *out);
/* The store that pair i's prediction lies in, likewise. */
const store *pairs_pred_store(const pairs *p, int64_t i, int64_t *at);
/* The class that each value (256) of the truth is read as. */
const uint8_t *pairs_reading(const pairs *p);
const uint8_t *pairs_pred_reading(const pairs *p);           /* and each value of the prediction */
/* How true label maps are read: as data.labels of a run says (all; any: all but 0 are class 1, in predicted maps and
 * instances too, whose classes may be more; or a list of values, the others become 0).
 * pairs_open takes it from a predictions.h5, else all; `at`: what messages call it. */
void    pairs_read_as(pairs *p, const char *labels, const char *at);
const char *pairs_labels(const pairs *p);
/* The classes that the truth names, as they are read, or else the prediction; n = 0 where neither does. classes_free */
classes pairs_classes(const pairs *p);
#endif
