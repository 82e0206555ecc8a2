/* score.h - the evaluation of a set of label maps: cases go in one by one, tables and the JSON of `eval --json` come out.
 *
 *     score *s = score_new(&options);
 *     score_add(s, "film1", "patient7", spacing, h, w, pred, truth);             for every case
 *     score_finish(s);
 *     table *t = score_class_table(s);  json_t *j = score_json(s);               and so on
 *     score_free(s);
 *
 * Means are over the images in which a metric has a value, class by class, background left out; confidence intervals draw patients,
 * not images. A class that occurs in no map of the set does not appear. */
#ifndef EVAL_SCORE_H
#define EVAL_SCORE_H
#include "eval/metrics.h"
#include "eval/table.h"
#include <jansson.h>

/* Zeroed options are valid: pixels, tau 2, 10,000 draws of seed 0, classes named by their numbers. */
typedef struct {
    const char *const *names;        /* [256] names of the values, NULL where there is none; or NULL */
    int in_mm;                       /* distances in mm: only where EVERY case has its spacing; else in px */
    const char *units_why;           /* what `units_why` of the JSON says, e.g. "2 of 9 cases have no pixel spacing"; or NULL */
    double tau;                      /* of NSD, in px or mm; 0: 2 px or 1 mm */
    int64_t draws;                   /* of the bootstrap, 0: 10,000 */
    int64_t seed;
    const uint8_t *twin;             /* [256] exchangeable classes, as of metrics_rename: predictions get the truth's names; NULL: none */
    int64_t excluded;                /* cases that the caller left out because they are marked as faulty: told in notes and JSON */
} score_options;

/* One metric of one class over the images in which it has a value. With n = 0 all is missing, with n = 1 the sd, with one patient
 * the interval. Percentiles are over images. */
typedef struct {
    int64_t n;
    quantity mean, sd, lo, hi, least, p5, p25, median, p75, p95, most;
} summary;

/* Is the class there at all, image by image? Counts of images: in both maps, only predicted, only true, in neither. */
typedef struct { int64_t both, only_pred, only_truth, neither; } presence;

typedef struct { int value; const char *name; presence seen; summary of[METRICS]; } score_class;

/* One image: its metrics class by class in the order of score.classes, and the mean DSC over the classes that have one. */
typedef struct { char *id; int64_t patient; int n; metrics *class; quantity dsc; } score_case;

typedef struct score {
    score_options options;
    char *names[256], **patient;
    uint8_t twin[256];               /* options.twin, or every class its own */
    int64_t ncases, npatients, unknown_patients, renamed;           /* renamed: cases with a pair whose names changed */
    int nclasses;
    score_case *cases;
    score_class *classes;            /* ascending values; after score_finish */
    summary overall[METRICS];        /* over classes: mean and sd of the class means, n = classes with one, interval by patients */
    int64_t *worst;                  /* indices of cases, worst mean DSC first, those without one last */
} score;

score *score_new(const score_options *o);
void   score_free(score *s);

/* pred, truth: h x w classes. id and patient are copied; patient NULL or "" counts the case as a patient of its own (and is told in
 * the notes). spacing {x, y} in mm is needed with in_mm (else dies 2, naming the case) and not used without. Not thread-safe; the
 * classes of one case are measured in parallel. */
void score_add(score *s, const char *id, const char *patient, const double *spacing, int64_t h, int64_t w, const uint8_t *pred, const uint8_t *truth);

/* Closes the set: no score_add after it, none of the calls below before it. */
void score_finish(score *s);

/* For people and for CSV; free with table_free. By class, mean ± sd over images and the mean over classes: overlap with the interval of
 * the DSC, and distances between borders beside their penalised forms. By case and class, the first so many metrics: the `most` worst
 * cases, worst first; or with 0 all cases in the order in which they came. Presence: sensitivity and specificity image by image. */
table *score_class_table(const score *s);
table *score_border_table(const score *s);
table *score_case_table(const score *s, int64_t most, int metrics);
table *score_presence_table(const score *s);

/* {units, tau, draws, seed, patients, cases_without_patient, excluded, exchangeable:[[a, b]], renamed, classes:[{value, name, n, METRIC:{mean, sd, ci:[lo,hi], n, min, p5, ... max},
 * presence}], overall:{METRIC:...}, worst:[{case, DSC}], cases:[{case, patient, DSC, classes:[{value, name, METRIC:number}]}],
 * parameters:[]}, with every METRIC of metric_table; a fresh object. A missing number is null and KEY_why beside it says why. */
json_t *score_json(const score *s);
#endif
