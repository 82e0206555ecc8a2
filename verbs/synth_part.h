/* synth_part.h - what a stopped `synth` leaves, and goes on from: OUT.h5.part, a store of the first films, and OUT.h5.part.txt, the settings
 * that they were made with. Film i is a function of these alone, so the store is the same in the end, wherever it was stopped. */
#ifndef VERBS_SYNTH_PART_H
#define VERBS_SYNTH_PART_H
#include "datasets/store.h"

typedef struct synth_part { char *store, *words; } synth_part;
synth_part part_of(const char *out);
void part_free(synth_part *p);
/* May there be a part, and does it belong to these settings? Dies 2. */
void part_check(const synth_part *p, const char *settings, int resume, int force);
/* Copies its first n films into out, a pair being one; returns how many there were. */
int64_t part_take(const synth_part *p, store *out, int64_t n);
#endif
