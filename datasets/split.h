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
#endif
