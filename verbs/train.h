/* train.h - what the two forms of `train` share: one run (verbs/train.c), and a run for every fold (verbs/folds.c). */
#ifndef VERBS_TRAIN_H
#define VERBS_TRAIN_H
#include "train/train.h"
#include "verbs/compute.h"
#include <jansson.h>

/* The run of the command line, or of folder/last.h5 where it names none. fold > 0: with data.fold=fold. */
run *train_read(const flags *f, const compute *c, const char *folder, int fold);
/* A folder that holds a run is continued or, with --force, emptied of it; never mixed. Dies 2. */
void train_check_folder(const flags *f, const char *folder, int resume);
/* Trains r with progress on stderr; the status of train(). used: seconds of --max-time that are gone. */
int  train_session(const flags *f, compute *c, run *r, const char *folder, int resume, double used, train_result *out);
json_t *train_best(const train_result *t);                   /* the object `best` of train --json */
/* train --folds: every fold in turn, then the table of all. */
int  folds_train(const flags *f, compute *c, const char *folder);
#endif
