/* import_kinds.h - what import.c and the kinds share: a list of tasks, one a film; nobody else includes it. */
#ifndef DATASETS_IMPORT_KINDS_H
#define DATASETS_IMPORT_KINDS_H
#include "base/die.h"
#include "datasets/import.h"

typedef struct task {                /* all strings owned */
    char *film, *name;               /* path to open; how messages and the store call it (relative to SRC) */
    char *mask;                      /* label map to open; NULL: made from corners */
    char *id, *patient;
    char *bad;                       /* known to be wrong before anything is opened; NULL: fine so far */
    labels labels;
    int64_t labelled_h, labelled_w;
} task;

typedef struct tasks { int64_t n, room; task *t; } tasks;

task *tasks_add(tasks *l, char *film, char *name, char *id);        /* takes the strings */
void  tasks_free(tasks *l);
void  task_bad(task *t, const char *fmt, ...) PRINTF(2, 3);         /* the first reason stays */

/* Fill the list; die 2 on wrong folders, tables or options. */
void tasks_masks(const import_options *o, tasks *l);
void tasks_corners(const import_options *o, const classes *table, tasks *l);
/* Group 1 of the regular expression in every film's name. */
void tasks_patients(const char *regex, tasks *l);
/* The label value of a vertebra of this level: the class of that name, else the class called vertebra, else the first of that kind. */
int  class_of_level(const classes *t, const char *level);
#endif
