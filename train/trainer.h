/* trainer.h - a run in progress: what train/begin.c sets up and train/train.c drives. Private to train/. */
#ifndef TRAIN_TRAINER_H
#define TRAIN_TRAINER_H
#include "base/die.h"
#include "nn/checkpoint.h"
#include "train/loader.h"
#include "train/log.h"
#include "train/model.h"
#include "train/sampling.h"
#include "train/train.h"

typedef struct trainer {
    run *r;
    const train_options *o;
    store *s;
    samples *set, *val;                      /* val->n 0: no validation */
    model *m;
    params judged;                           /* the parameters as validation sees them: the average, where there is one */
    net_program *judge[FIT_SIZES];           /* at each input size that validation has films of */
    loader *l;
    sampling drawn_by;                       /* how often a case stands in an epoch */
    run_log *log;
    char *text, *net;                        /* the run and its network, resolved */
    char *last, *best, *failed, *stop;       /* paths */
    uint8_t *told;                           /* layers whose dead filters the user has been told of, in the order of layers_measure */
    checkpoint k;
    int64_t step, steps, total;              /* done; an epoch; in all */
    int64_t closed;                          /* epochs that are done with their validation */
    double epoch_loss;                       /* sum over the steps of the epoch so far */
    double last_loss;                        /* mean over the last epoch that is closed; NaN before */
    double before;                           /* seconds of earlier sessions */
    double began, saved, drawn;              /* clock_now() of: start, last checkpoint, last curves */
    double training; int64_t images;         /* since the start or resume: seconds in steps with waiting; samples */
    double epoch_training, epoch_waited; int64_t epoch_images;      /* the same at the epoch's begin */
} trainer;

void trainer_begin(trainer *t, run *r, const train_options *o);
void trainer_end(trainer *t);
void trainer_note(const trainer *t, const char *fmt, ...) PRINTF(2, 3);
int  trainer_asked_to_stop(void *trainer);       /* as validate_watch.stop wants it */
/* solver.swa: swa.h5 from the weights of the last epochs, when the run is at its end. 0: asked to stop before it was done (train/swa.c). */
int  swa_finish(trainer *t, train_result *out);
/* The weights of a fresh run: solver.start, start_without; checks solver.freeze (train/start.c). */
void start_weights(trainer *t);
/* Writes the state, or (kind WEIGHTS) the weights, with the log synced before. */
void trainer_save(trainer *t, const char *path, checkpoint_kind kind);
#endif
