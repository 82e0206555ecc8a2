/* loader.h - threads that prepare batches ahead of the training loop.
 *
 * What batch b holds is a pure function of (seed, b) and of the weights: epoch b / steps, order by a Philox shuffle of (seed, epoch; Fisher
 * and Yates 1938, Durstenfeld 1964), augmentation of (seed, epoch, sample). So a loader needs no state to resume and gives the same bits
 * with any number of threads. An epoch has ceil(n / batch) batches; the last is filled up with the epoch's first samples, augmented anew:
 * none is left out. With several input sizes that holds for the samples of each, and a batch has one size (train/sampling.h). */
#ifndef TRAIN_LOADER_H
#define TRAIN_LOADER_H
#include "train/augment_apply.h"
#include "train/samples.h"

typedef struct loader_conf {
    samples *set;
    const augment_conf *augment;             /* NULL: none */
    uint8_t swap[256];                       /* from augment_check */
    uint64_t seed;
    int64_t batch, channels;
    int shuffle;                             /* 0: samples in their order, every epoch */
    int workers, ahead;                      /* threads; batches prepared ahead, at least 1 */
    const double *weight;                    /* (set->n) how often a case stands in an epoch (train/sampling.h); NULL: once */
    int one_epoch;                           /* nothing of an epoch is prepared before loader_next asks for it: weights change in between */
    int skip;                                /* a case that cannot be read is left out, and the next one of the set stands in for it */
    int64_t first;                           /* the batch to start with */
} loader_conf;

typedef struct batch {
    int64_t index;                           /* which batch of the run */
    int size;                                /* of the input, one of the set's */
    float *image;                            /* (batch, h, w, channels) of that size */
    uint8_t *labels;                         /* (batch, h, w) classes, or numbers of instances */
    uint8_t *classes;                        /* (batch, INSTANCE_IDS) classes of these numbers */
    int64_t *sample;                         /* (batch) index into the set */
} batch;

typedef struct loader loader;

loader *loader_new(const loader_conf *c);
void    loader_free(loader *l);              /* also in the middle of anything */
/* The next batch, waiting for it where it is not ready; valid until the next call. Dies of what a worker met. */
const batch *loader_next(loader *l);
/* The batch that loader_next will give, where it is ready; NULL where it is not. Valid as long as that one. */
const batch *loader_peek(loader *l);
double  loader_waited(const loader *l);      /* seconds spent waiting in loader_next so far */

int64_t loader_skipped(loader *l);           /* cases that could not be read so far, with skip */

/* One sample, as a worker makes it; image (h, w, channels), labels (h, w) of its input size. scratch: grows, start with {0}. */
typedef augment_scratch loader_scratch;
augmentation loader_sample(const loader_conf *c, int64_t epoch, int64_t i, int64_t turn, loader_scratch *scratch, float *image,
    uint8_t *labels);
void loader_scratch_free(loader_scratch *s);
#endif
