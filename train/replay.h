/* replay.h - a model's training step on a GPU. The host only starts it: forward and backward pass, norm, optimiser and average are recorded
 * once (a CUDA graph) and then started as a whole; the next batch is on its way while this one is computed; loss and norm are read as
 * soon as they are known, while the optimiser still runs.
 *
 * Shapes are static, so all that changes from step to step is a few numbers (live_numbers): they are copied to the device before each part of a
 * batch, and kernels read them there. A step is first made once without being recorded. The records are two: up to the norm, one for each
 * size of input and kind of part (the first sets the gradients, the last judges), and from there on.
 * Nets with an op that looks at maps on the host, and those with a critic, do without (replay_says). classes: as model.classes. */
#ifndef TRAIN_REPLAY_H
#define TRAIN_REPLAY_H
#include "train/model.h"

/* How the device makes a step, in words; fresh. NULL where it has no queues. */
char  *replay_says(const model *m);
size_t replay_bytes(const model *m);         /* that it takes on the device; 0 where the model does without */
size_t replay_pinned(const model *m);        /* that it takes of the host's memory; likewise */
void   replay_take(model *m);                /* into m->replay, NULL where the model does without */
void   replay_free(model *m);
/* The batch of step `step` on its way, beside what is computed now. The arrays need not stay. */
void   replay_send(model *m, int64_t step, int size, const float *image, const uint8_t *labels, const uint8_t *classes);
double replay_step(model *m, int64_t step, double lr, int size, const float *image, const uint8_t *labels, double *loss);   /* as model_step */
#endif
