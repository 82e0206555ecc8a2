/* layers.h - what one optimiser step did to every layer: the gradient that reached it, how far its weights moved, and which of its filters
 * got nothing. The sign of a healthy rate is an update of about a thousandth of the weights; of a dead ReLU, filters without gradient. */
#ifndef TRAIN_LAYERS_H
#define TRAIN_LAYERS_H
#include "nn/optim.h"

typedef struct layer_step {
    const char *name;                        /* of the tensor; lives as long as the params. NULL: not measured */
    double weight, gradient, update;         /* rms of: the weights after the step, their gradient before clipping, the change */
    double ratio;                            /* |change| / |weights before|; NaN where those are 0 */
    double dead;                             /* share of the filters whose gradient is 0 in every number */
} layer_step;

/* The `count` weights from element `at` of the arena on as they are now, for layers_measure after the step; fresh. */
real *layers_before(const params *p, size_t at, size_t count);
/* Fills out[i] for every weight (no bias, no norm) p->p[i] that is trained and lies in that run. g: the run's gradients, on the device. */
void layers_measure(layer_step *out, const params *p, size_t at, size_t count, const real *before, const real *g);
/* optim_spend of the gradient of parameter t, and where out is given, what that did. */
void layers_spend(layer_step *out, optim *o, const context *c, const tensor *t);
#endif
