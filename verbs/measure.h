/* measure.h - what the files of `darkspine measure` share, and `run` with them: the films of an input, and the forms of a report. */
#ifndef VERBS_MEASURE_H
#define VERBS_MEASURE_H
#include "eval/drawing.h"
#include "eval/findings.h"
#include "eval/predict.h"
#include "eval/table.h"
#include "datasets/classes.h"
#include "verbs/flags.h"
#include <jansson.h>
#include <stdio.h>

/* What may be said of how to measure; the choices where papers differ stand beside it as NAME=CHOICE words. */
#define MEASURE_FLAGS \
    { "--region", "whole|cervical|thoracic|lumbar|ap", \
        "what the film shows; ap: a frontal film (default: whole, or as the landmarks say)" }, \
    { "--spacing", "SX,SY", "mm per pixel, x first (default: what the input knows)" }, \
    { "--age", "YEARS", "of the patient, for the GAP score" }, \
    { "--facing", "left|right|auto", "which way the patient looks (default auto: by votes of the anatomy)" }, \
    { "--classes", "FILE.csv", "what the values of a label map mean: value,name,kind; or a table of classes/ by name (default levels)" }, \
    { "--cobb-method", "midline|endplate", "of frontal films (default midline)" }, \
    { "--corners", "METHOD", "auto, mean, extreme, lines, rdp, rdp_hull, rectangle, axis, sides: how corners are found (default auto)" }, \
    { "--uncertainty", "PX", "also the SD of every value and the odds of GAP categories, for outlines off by PX pixels (SD)" }, \
    { "--ranges", "FILE.csv", "normal ranges: code,low,high,unit,population,source (default: those in configs/ranges.csv)" }

/* The flags of a verb that declared them, FLAG_SEED and settings. *base: geo_case_free it when s is done with. */
measure_settings measure_settings_read(const flags *f, geo_case **base);
ranges           measure_ranges_read(const flags *f);

/* A film of the input, measured and handed on. film: the radiograph where the input holds it, else NULL. */
typedef void measure_each(void *arg, findings *f, const image *film);

typedef struct measure_job {
    measure_settings settings;
    const char *classes;                         /* --classes, or NULL */
    int instances;                               /* the PNGs of an input are instances of one film */
    int blind;                                   /* films themselves are not wanted and not read */
    int64_t *total;                              /* number of films, once known; may be NULL */
    measure_each *each;
    void *arg;
} measure_job;

/* Every film of one input (file, folder, store), in order; returns how many. Dies 2 on whatever cannot be read. */
int64_t measure_input(const measure_job *job, const char *path);
/* PNGs that are instances of one film. */
int64_t measure_instances(const measure_job *job, char *const *paths, int n, const char *id);

/* What the store knows of case i and the user has not said, added to the job's settings: spacing, age. *base: geo_case_free it. */
measure_settings measure_settings_case(const measure_settings *s, const store *from, int64_t i, geo_case **base);
/* One film as a network sees it. path: what messages call it; t: what its values mean, n 0 where that is not known. */
void measure_segmentation(const measure_job *job, const char *path, const char *id, const image *film, const segmentation *s,
                          const classes *t);
/* The same of what a detector has found on it. film: only its size is looked at where the job is blind. */
void measure_found(const measure_job *job, const char *path, const char *id, const image *film, const uint8_t *labels, const instances *o,
                   const classes *t);
/* Does t name anything of a spine? One label map whose values t names so. */
int  measure_names(const classes *t);
void measure_labels(const measure_job *job, const char *id, int64_t h, int64_t w, const uint8_t *labels, const classes *t);
/* One case of a store as its labels have it, with the job's settings and what the store adds to them; t: its classes. */
void measure_case(const measure_job *job, const store *s, int64_t i, const classes *t);
/* What a class is of a spine: a level, or GEO_ROLE_*. */
int  role_of_class(const class *c);
/* Fills role (256); 0 where the table knows nothing of a spine. */
int  roles_of(const classes *t, int role[256]);
/* Which values occur. */
void roles_present(const uint8_t *labels, int64_t n, int seen[256]);
/* Roles where no table was given: levels, else the region's table, else instances; a line on stderr says so. */
void roles_guess(int region, const int seen[256], int role[256]);
/* Dies 2 of a value that neither the roles nor the table know. path: what messages call the map. */
void roles_refuse_strangers(const char *path, const int role[256], const int seen[256], const classes *t);

/* The object of section `measure` in docs/measure.md. normal: NULL where there are none. */
json_t *measure_json(const findings *f, const ranges *normal);

/* All about one film, for people. */
void measure_print(FILE *out, const findings *f, const ranges *normal);
/* Its last part alone: scores, bodies that stand out, warnings. Nothing for a film that failed as a whole. */
void measure_print_remarks(FILE *out, const findings *f);
/* A row a film, one table for each view, with the parameters that are looked at first on films of this region (-1: whole). */
typedef struct measure_summary { table *view[2]; int rows[2], region; } measure_summary;             /* lateral, frontal */
measure_summary measure_summary_new(int region);
void measure_summary_add(measure_summary *s, const findings *f);
void measure_summary_free(measure_summary *s);
/* A row a value. */
table *measure_list_new(void);
void   measure_list_add(table *t, const findings *f, const ranges *normal);
#endif
