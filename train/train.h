/* train.h - the training loop.
 *
 * A run lives in one folder: run.cfg (resolved), run.json (train/record.h), log.jsonl, the same for TensorBoard (train/events.h), log.csv,
 * curves.svg, curves.png, worst.csv and worst/ (train/worst.h), last.h5 (the state, with the one before it), best.h5 (the weights of the
 * best validation), with solver.swa also swa.h5. Where a run stands is one number, the optimiser steps done: order, augmentation,
 * dropout and learning rate follow from it, so a run that was stopped anywhere continues to the bit, by the same build on as many threads.
 *
 * After a loss that is not finite, last.h5 is the last good state. failed.h5 is for inspection only: it is written after the pass that
 * went wrong, so the weights are those of before it, but running statistics may have taken the bad numbers up. */
#ifndef TRAIN_TRAIN_H
#define TRAIN_TRAIN_H
#include "train/run.h"
#include "train/validate.h"

typedef struct train_status {                /* after a step */
    int64_t epoch, epochs;                   /* from 1 */
    int64_t step, steps;                     /* of this epoch, from 1 */
    int64_t done, total;                     /* optimiser steps of the whole run */
    double loss, lr;                         /* mean over the epoch so far */
    double images_per_second, waiting;       /* of this process: while training; share of that time without data */
} train_status;

/* Who watches: every call may be NULL. stop is asked between steps; once it says 1 the state is saved and train returns. */
typedef struct train_watch {
    void *arg;
    void (*note)(void *arg, const char *line);
    void (*stepped)(void *arg, const train_status *s);
    void (*validated)(void *arg, int64_t epoch, const validation *v, double metric, int best);
    int  (*stop)(void *arg);
} train_watch;

typedef struct train_options {
    const char *out;                         /* the folder; made where it is missing */
    int resume;                              /* from out/last.h5; 0: whatever run the folder holds is removed first */
    int64_t overfit;                         /* > 0: train and validate on the first so many training samples, without augmentation */
    double max_seconds;                      /* > 0: stop as if asked to after this time */
    const device *dev;
    train_watch watch;
} train_options;

typedef struct train_result {
    int64_t steps, epochs;                   /* done, by all sessions of the run */
    double seconds;                          /* of all sessions */
    double images_per_second, waiting;       /* since the start or resume */
    const char *metric;
    double best; int64_t best_epoch;         /* NaN, 0: no validation yet */
    double swa;                              /* the metric with the averaged weights (solver.swa); NaN: none */
    int early;                               /* evaluate.patience ended it */
} train_result;

/* What a run writes into its folder; NULL at the end. */
extern const char *const train_products[];

/* Returns EXIT_OK, or EXIT_STOPPED with the state saved. Dies 2 on what does not fit (before anything is written), 3 on a loss or
 * gradient that is not finite (the state goes to out/failed.h5), 4 where disk or memory do not suffice or a GPU fails: last.h5 is then what
 * was saved last, and the line says after which step; on a GPU there is one from the start. A file named STOP in the folder stops the
 * run as well. */
int train(run *r, const train_options *o, train_result *out);

/* A run as out/last.h5 knows it, for resuming without its cfg; words as in run_read. */
run *train_stored(const char *folder, const char *const *words, int n);
#endif
