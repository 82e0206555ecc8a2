/* layers.h - what one optimiser step did to every layer: the gradient that reached it, how far its weights moved, and which of its filters
 * got nothing. The sign of a healthy rate is an update of about a thousandth of the weights; of a dead ReLU, filters without gradient. */
#ifndef TRAIN_LAYERS_H
#define TRAIN_LAYERS_H
#include "train/model.h"

typedef struct layer_step {
    const char *name;                        /* of the tensor; lives as long as the model */
    double weight, gradient, update;         /* rms of: the weights after the step, their gradient before clipping, the change */
    double ratio;                            /* |change| / |weights before|; NaN where those are 0 */
    double dead;                             /* share of the filters whose gradient is 0 in every number */
} layer_step;

/* The weights now, for layers_measure after the step; fresh, in the order of the arena. */
real *layers_before(const model *m);
/* Every weight (no bias, no norm) that is trained, into a fresh array of *n. before is freed. */
layer_step *layers_measure(const model *m, real *before, int *n);
#endif
