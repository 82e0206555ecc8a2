/* trained.h - what a checkpoint says of the run that wrote it, as far as prediction needs it. */
#ifndef VERBS_TRAINED_H
#define VERBS_TRAINED_H
#include "eval/predict.h"
#include "train/run.h"
#include "verbs/flags.h"

/* The checkpoint of this name; of a run's folder its best weights, or the state where there was no validation yet. */
checkpoint *trained_checkpoint(const char *path);
/* The run; a checkpoint without one (converted weights) gets every value at its default. Dies 2 where it holds no network either. */
run *trained_run(const checkpoint *k);
/* What the classes of its network mean by data.labels and the class table. names live as long as the table, and labels as the run. */
meaning trained_meaning(const run *r, const net_conf *c, const classes *t, const char *path);

/* Takes out of f->set what a trained network may be told: net.precision, which --precision has put there, and detector.KEY=value with a KEY that
 * needs no other weights; dies 2 on another KEY. Fresh; *n of them, which belong to f. */
const char **trained_words(flags *f, int *n);

/* A checkpoint ready to predict, with all that it was made from. */
typedef struct trained { checkpoint *k; run *r; net *t; classes table; meaning m; predictor *p; } trained;
/* words, n: settings instead of its network's own; see trained_words. */
trained trained_open(const char *path, const predict_how *how, const char *const *words, int n, const device *dev);
/* How a trained network sees a film, whatever becomes of what it says. */
#define TRAINED_FLAGS \
    { "--tta", NULL, "average with the prediction of the mirrored film (paired classes change places)" }, \
    { "--chain", NULL, "of a net whose classes are vertebral levels: each body one level, in order; what is none of them is left out" }, \
    { "--levels", "WEIGHTS", "of a net of one class: the bodies it draws get the levels that this network finds best, as by --chain" }
/* What these flags say; dies 2 where they cannot stand together. */
predict_how trained_how(const flags *f);
/* The network of --levels, which names the bodies that t draws, where it is given; else p is NULL. Closed after t. */
trained trained_namer(trained *t, const flags *f, const char *const *words, int n, const device *dev);
void    trained_close(trained *t);                           /* an empty one is fine */
/* What the values of its label maps mean, as far as it is known; classes_free. */
classes trained_classes(const trained *t);
#endif
