/* plant.h - damages random cases of any store, one fault each, and counts what check makes of it.
 *
 * The damaged store is written beside the sound one and both are checked. A fault counts as found when the damaged case has a fault, of
 * a code
 * that names this kind of damage, that it did not have before. Every new fault on a case that was left alone, and is not the fellow of a
 * damaged one, is a false alarm. */
#ifndef TESTS_PLANT_H
#define TESTS_PLANT_H
#include "datasets/store.h"

enum { PLANT_KINDS_MOST = 32 };
typedef struct plant_count { const char *name; int64_t planted, found, as_error; } plant_count;
typedef struct plant_result {
    int kinds; plant_count kind[PLANT_KINDS_MOST];
    int64_t left_alone, alarms, alarm_errors;        /* cases; of them, with a new fault; with a new error */
    char first_alarm[256], first_missed[256];
} plant_result;

/* share of the cases is damaged (0..1); only: a kind's name, NULL for all. Temporary files go to folder. Adds to r. */
void plant_measure(const char *path, const char *folder, uint64_t seed, double share, const char *only, plant_result *r);
#endif
