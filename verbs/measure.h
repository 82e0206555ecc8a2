/* measure.h - what the files of `darkspine measure` share, and `run` with them: the films of an input, and the forms of a report. */
#ifndef VERBS_MEASURE_H
#define VERBS_MEASURE_H
#include "eval/drawing.h"
#include "eval/findings.h"
#include "eval/table.h"
#include "datasets/classes.h"
#include <jansson.h>
#include <stdio.h>

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

/* Does t name anything of a spine? One label map whose values t names so. */
int  measure_names(const classes *t);
void measure_labels(const measure_job *job, const char *id, int64_t h, int64_t w, const uint8_t *labels, const classes *t);
/* One case of a store: its landmarks, else its instances, else its label map. t as in measure_names, or empty. */
void measure_case(const measure_job *job, const store *s, int64_t i, const classes *t);

/* The object of section `measure` in docs/measure.md. normal: NULL where there are none. */
json_t *measure_json(const findings *f, const ranges *normal);

/* All about one film, for people. */
void measure_print(FILE *out, const findings *f, const ranges *normal);
/* A row a film of that view, with the parameters that are looked at first. */
table *measure_summary_new(int frontal);
void   measure_summary_add(table *t, const findings *f);
/* A row a value. */
table *measure_list_new(void);
void   measure_list_add(table *t, const findings *f, const ranges *normal);
#endif
