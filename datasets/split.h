/* split.h - which patients train, which validate: a part for every case of a store, never two parts for one patient.
 *
 * Patients are shuffled by (seed), then dealt out one at a time, those with most films first, each to the part that is emptiest in proportion. So
 * patients with many films are spread over the parts, the single ones at the end even out the counts, and the same seed gives the
 * same split on any machine. */
#ifndef DATASETS_SPLIT_H
#define DATASETS_SPLIT_H
#include "datasets/store.h"

/* share[SPLIT_TRAIN..]: parts of 1, zero for a part that is not wanted. Writes a part for every case into out (count); a case without
 * patient counts as a patient of its own. With fewer patients than parts, some parts stay empty. */
void split_by_patient(const store *s, const double share[SPLITS], uint64_t seed, split *out);
/* The same for a cross-validation: a fold from 1 to `folds` (at most STORE_FOLDS) for every case that is not in the part test, whose folds are 0. */
void split_folds(const store *s, int folds, uint64_t seed, int *out);

/* A part of a store by name: train, val, test, all, none, foldN (the cases of fold N) or restN (those of every other fold). */
typedef struct part { enum { PART_SPLIT, PART_ALL, PART_NONE, PART_FOLD, PART_REST } kind; int number; } part;
#define PART_WORDS "train, val, test, foldN, restN, all or none"
int  part_find(const char *name, part *out);                 /* 0 where it is no such name */
part part_get(const char *name, const char *at);             /* dies 2 where it is none; at: "--split" */
int  part_has(const part *p, const store_case *c);
#endif
