/* check.h - every fault of every case of a store, at once.
 *
 * A rule gives a fault a level: ERROR means that the case would teach or measure something wrong (corners crossed, a vertebra out
 * of order, a film twice, a patient in two parts), WARNING that somebody should look. Limits stand in one table (check_corners.c) and
 * were set so that some 400 carefully labelled films of scoliotic spines give none. Rules compare a vertebra with its neighbours on the
 * same film, never with absolute sizes: films come in any scale. Texts of faults are clean UTF-8, safe for a terminal. */
#ifndef DATASETS_CHECK_H
#define DATASETS_CHECK_H
#include "base/die.h"
#include "datasets/store.h"

typedef struct fault { int64_t at; int error; const char *code; char *text; } fault;        /* at: case number, -1: the whole store */
typedef struct faults { int64_t n, room; fault *f; int64_t errors, warnings; } faults;

/* In the order of the cases, errors and warnings as found; data that cannot be read are a fault, not an end. Cases are looked at on all
 * threads; tick (may be NULL) is called by one of them at a time. */
faults check_store(const store *s, void (*tick)(void *with, int64_t done, int64_t total), void *with);
void   faults_free(faults *f);
/* marks (count of the store) gets 1 where a case has an error-level fault; returns their number. */
int64_t faults_cases(const faults *f, int64_t count, uint8_t *marks);

/* The geometry alone: n quads in any order of an image (h, w). Exposed for tests and for other label sources. */
void   check_corners(faults *out, int64_t at, const corners *c, int n, int64_t h, int64_t w);
/* The objects alone; mask (their image's) may be NULL. */
void   check_objects(faults *out, int64_t at, const labels *l, const uint8_t *mask);
void   faults_add(faults *f, int64_t at, int error, const char *code, const char *fmt, ...) PRINTF(5, 6);
/* Rank of a level from the head down, in steps of 2 (C1 2 ... T1 16 ... L5 48, S1 50), the rare T13 and L6 between; 0: not a vertebra. */
int    level_rank(const char *level);

/* A contact sheet (PNG): these cases (n) side by side under their names, masks tinted, corners drawn; a vertebra that a fault of the case
 * names is drawn red. At most SHEET_MOST cases fit. */
enum { SHEET_MOST = 400 };
void   check_sheet(const store *s, const int64_t *cases, int64_t n, const faults *f, const char *path);
#endif
