/* model.h - a network in training: its graph with the objective on top, the one list of steps forward and backward, the parameters, the
 * optimiser. model_plan takes no memory, so that what it needs can be printed and checked; model_take takes it all; after that
 * nothing is allocated. */
#ifndef TRAIN_MODEL_H
#define TRAIN_MODEL_H
#include "datasets/sizes.h"
#include "train/adversary.h"
#include "train/layers.h"
#include "train/run.h"

/* The network at one size of its input: the same parameters, another graph and list of steps. */
typedef struct model_size {
    net *t;                                  /* for one part of a batch: batch / subdivisions images */
    tensor *truth, *loss;                    /* labels n,h,w,1 bytes (NULL: a detector, train/instances.h); one number */
    schedule plan;
    int forward;                             /* steps of the plan that are the forward pass */
} model_size;

typedef struct model {
    model_size of[FIT_SIZES]; int sizes;     /* of[0]: the network's own; then those of data.sizes */
    net *t;                                  /* of[0].t */
    void *maps, *input, *labels;             /* on the device, as large as the largest size wants them: one size is computed at a time */
    context c;
    params *p;
    optim *o;
    int spends;                              /* every gradient is used up as soon as it is whole: params hold none */
    int64_t parts, images;                   /* subdivisions; images of one part */
    double *part_loss;                       /* (parts) of the last step */
    const uint8_t *classes;                  /* of a detector: batch.classes, set with every batch */
    layer_step *layers;                      /* p->n of them, which the next step is to fill; NULL: it need not */
    real *staging;                           /* one part of a batch as real, where real is not float */
    struct replay *replay;                   /* how a GPU makes a step (train/replay.h); NULL: as a CPU does, the host waiting for each pass */
    void (*meanwhile)(void *arg); void *meanwhile_arg;       /* replay: called while a step is computed, to send the next batch; may be NULL */
    adversary *a;                            /* with adversary.critic: of[0], p and o are its own, and truth is NULL */
    adversary_losses said;                   /* a: of the last step */
} model;
typedef struct replay replay;

/* r must have passed run_check against t, which then belongs to the model; a detector's graph is built anew, with the truth in it. */
model *model_plan(const run *r, net *t, const device *dev);
void   model_take(model *m, const run *r);
void   model_free(model *m);
/* How many numbers all tensors of this role hold together. */
int64_t model_numbers(const graph *g, role which);
/* Bytes: maps and scratch of the plan of the size that wants most; parameters with gradients, optimiser and average; one state checkpoint. */
size_t model_map_bytes(const model *m);
size_t model_state_bytes(const model *m, const run *r);
size_t model_file_bytes(const model *m, const run *r);

/* One optimiser step on a batch of this input size: image (batch, h, w, channels), labels (batch, h, w). *loss is the mean over the parts; returns the
 * gradient's norm before clipping. Where either is not finite the weights have not been changed, but with a critic, whose norm is known only
 * after the generator has stepped, and where gradients are spent one by one: then those before the bad one have been. */
double model_step(model *m, int64_t step, double lr, int size, const float *image, const uint8_t *labels, double *loss);
/* The forward passes of a step alone: running statistics take the batch in, nothing else changes. */
void   model_look(model *m, int64_t step, int size, const float *image, const uint8_t *labels);
/* Repeats the batch and names what first holds a number that is not finite ("down3.conv1", "gradient of ...", or "input"), into out. */
void   model_first_bad(model *m, int size, const float *image, const uint8_t *labels, char out[160]);
#endif
