/* import_kinds.h - what import.c and the kinds share: a list of tasks, one a film; nobody else includes it.
 *
 * A kind says for every film where it lies and what is drawn on it; decoding, painting and writing are import.c's. */
#ifndef DATASETS_IMPORT_KINDS_H
#define DATASETS_IMPORT_KINDS_H
#include "base/die.h"
#include "datasets/csv.h"
#include "datasets/import.h"
#include "datasets/pattern.h"
#include "datasets/shape.h"
#include <jansson.h>

typedef struct task {                /* all strings owned */
    char *film, *name;               /* path to open; how messages and the store call it (relative to SRC) */
    char *mask;                      /* label map to open; NULL: drawn from the shapes where `drawn`, else none */
    int drawn;                       /* a later shape covers an earlier one in the label map */
    char *planes[32]; int has_planes;        /* a label map of 0 and v for each class v of the planes that occurs */
    char *id, *patient, *source;     /* source NULL: the name */
    char *bad;                       /* known to be wrong before anything is opened; NULL: fine so far */
    labels labels;                   /* all but the instances, which the shapes become */
    int nshapes; shape *shapes;
    int64_t labelled_h, labelled_w;
    int exact;                       /* the labels mean nothing on a film of another size than the labelled one */
    double spacing[2]; char *spacing_source;
    split split; int excluded;
    int64_t row;                     /* of the table that the columns are asked for; -1: none */
} task;

typedef struct tasks { int64_t n, room; task *t; } tasks;

/* A table with one row a film: a CSV file, or the images of a JSON file. */
typedef struct columns columns;
struct columns {
    int   (*has)(const columns *c, const char *name);
    char *(*text)(const columns *c, int64_t row, const char *name);    /* fresh; "" where there is none */
    const void *table;
    const int *line;                 /* of each row in its file; NULL: it has none */
};
columns columns_csv(const csv *t);

extern const char film_suffixes[];
task  *tasks_add(tasks *l, char *film, char *name, char *id);        /* takes the strings; the patient is the id */
shape *task_shape(task *t, int value, const char *level);            /* a new one, empty */
void   task_spacing(task *t, const double xy[2], const char *source);        /* source NULL: "" */
void   tasks_free(tasks *l);
void   task_bad(task *t, const char *fmt, ...) PRINTF(2, 3);         /* the first reason stays */

/* The kinds. Fill the list; die 2 on wrong folders, tables or options. Where the class table is empty (no --classes), kinds whose labels
 * have
 * names of their own fill it. */
typedef void import_kind(const import_options *o, classes *table, tasks *l);
import_kind tasks_masks, tasks_instances, tasks_coco, tasks_labelme, tasks_corners, tasks_exported;

/* Patient and spacing of every task by the options; c: the kind's own table, NULL where it has none. */
void tasks_know(const import_options *o, tasks *l, const columns *c);
/* --map "FILMS:LABELS": both lists, joined by what the stars stand for; more: the right side may have stars of its own, behind those of
 * the left. */
int  tasks_map(const import_options *o, int more, found_list *films, found_list *maps);
void tasks_orphans(tasks *l, const found_list *maps, const char *what);     /* what was not used is a bad task each */
/* The label value of a vertebra of this level: the class of that name, else the class called vertebra, else the first of that kind; 0:
 * none. */
int  class_of_level(const classes *t, const char *level);
/* A category of this supercategory is no class: its annotations are landmarks of the film. `export --coco` writes one. */
#define LANDMARKS "landmarks"
/* The keypoints x, y, v, ... of a COCO annotation as landmarks, those with v = 0 left out. names: a list, or NULL: point_1, ...; prefix: goes
 * before the names where it is not ""; number: of the object among those of its kind on the film: from the second on the names end in _2,
 * ... (datasets/import_points.c). */
void task_keypoints(task *t, const json_t *a, const json_t *names, const char *prefix, int number, double shift);
/* Where a film named by a JSON file lies: below o->images, else beside the JSON file (in its images/ where that exists). NULL, and a bad
 * task, where the name would leave that folder. */
char *film_beside(const import_options *o, const char *json, const char *name);
#endif
