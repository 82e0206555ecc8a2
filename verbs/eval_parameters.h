/* eval_parameters.h - where `eval` gets parameters from: measured on the label maps it compares, or from readers' files. */
#ifndef VERBS_EVAL_PARAMETERS_H
#define VERBS_EVAL_PARAMETERS_H
#include "eval/levels.h"
#include "eval/pairs.h"
#include "eval/parameters.h"
#include "verbs/flags.h"

extern const char *const eval_regions[];                     /* GEO_REGIONS words for --region */

typedef struct eval_film { int region, facing; } eval_film;  /* what is said of the films: --region, -1 nothing; --facing, -1 left, 1 right, 0 nothing */

/* Parameters of both sides of every pair, measured, and the levels found on the way. */
typedef struct both_sides { readings pred, ref; levels named; } both_sides;
both_sides measured_new(const char *pred, const char *truth);
/* One pair of films: label maps (h, w), and what a detector found, or NULL; a number that names the patient. */
typedef struct both_maps { int64_t h, w, patient; const uint8_t *pred, *truth; const instances *found; } both_maps;
/* 0: names names nothing of a spine, nothing was measured. given: --spacing or NULL. */
int  measured_add(both_sides *m, const pairs *p, int64_t i, const both_maps *maps, const classes *names, const double *given, eval_film film);
void measured_free(both_sides *m);

/* Whatever `measure` can read, as readings: a CSV of readings as it stands, anything else measured. */
readings readings_from(const char *path, const char *classes, const double *given, eval_film film, int quiet);

/* --published FILE.csv: parameter,value and, where there, unit; (readings_parameters()) values, NAN none. Dies 2. */
double *published_read(const char *path);
#endif
