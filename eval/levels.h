/* levels.h - are vertebrae called by their right names? Identification as VerSe counts it (Sekuboyina et al., Med Image Anal 2021).
 *
 * A true level is identified where a body is predicted under its name, no other true level is nearer to that body, and the distance is
 * below a limit. It is detected where some body, whatever its name, has it as the nearest within the limit. The two tell a wrong count
 * from a bad outline: right masks whose numbering is off by one are all detected and none identified. */
#ifndef EVAL_LEVELS_H
#define EVAL_LEVELS_H
#include "eval/agreement.h"
#include "eval/findings.h"
#include "eval/table.h"
#include <jansson.h>

typedef struct level_point { int level; double x, y; } level_point;          /* GEO_C1 .. GEO_L5, 0: a body without a name; centre, pixels */

/* The bodies that were seen on a film that has been measured (not those made up), at most `most`. truth: without those whose number is
 * not sure. Returns how many. */
int levels_of(const findings *f, int truth, level_point *out, int most);

/* Adds to n points the levels that instances name (by themselves, else by their class) and that are not yet there: their centres of mass on
 * a film w wide. Vertebrae cut off by the film's edge have outlines and no corners. Returns how many there are then. */
int levels_of_instances(const labels *l, const classes *names, int64_t w, level_point *out, int n, int most);

/* Limits in mm; the last is none: nearest is enough. */
enum { LEVEL_LIMITS = 3, LEVEL_NO_LIMIT = LEVEL_LIMITS - 1 };
extern const double level_limits[LEVEL_LIMITS];                  /* 20, 10, infinity */

/* One film within one limit. precise: predicted bodies that identify a level; next: true levels detected as their upper or lower
 * neighbour; whole: every true level identified; shifted: all that were detected are off by one in the same direction. */
typedef struct level_counts { int truths, preds, identified, detected, precise, next, whole, shifted; } level_counts;
level_counts levels_count(const level_point *truth, int ntruth, const level_point *pred, int npred, const double spacing[2], double limit);

/* Mean distance between true and predicted centres of the same name: adds to *sum, returns how many. */
int levels_distance(const level_point *truth, int ntruth, const level_point *pred, int npred, const double spacing[2], double *sum);

typedef struct level_film { int64_t patient; int counted; level_counts of[LEVEL_LIMITS]; double distance; int distances; } level_film;
typedef struct levels {
    int64_t n; level_film *film;
    int64_t without_spacing;             /* films: no limit in mm can be held then, and no distance be given in mm */
} levels;

/* spacing: mm per pixel x, y; 0 0: not known. A film without a true level is kept out of all figures. */
void levels_add(levels *l, int64_t patient, const level_point *truth, int ntruth, const level_point *pred, int npred, const double spacing[2]);
void levels_free(levels *l);

table  *levels_table(const levels *l, int64_t draws, uint64_t seed);         /* NULL where no film has a true level */
/* {films, levels, predicted, distance, limits:[{limit, identified:{value, ci}, detected, precision, off_by_one, whole_films, shifted_films}]};
 * NULL where no film has a true level. */
json_t *levels_json(const levels *l, int64_t draws, uint64_t seed);
#endif
