/* augment_apply.h - one training sample, made: film and labels through one augmentation, or four round a point. What the loader's
 * workers and the
 * preview call; a pure function of its arguments. */
#ifndef TRAIN_AUGMENT_APPLY_H
#define TRAIN_AUGMENT_APPLY_H
#include "train/augment.h"
#include "train/samples.h"

/* Memory of one thread; start with {0}. */
typedef struct augment_scratch {
    float *plane, *grey, *spare, *shift; size_t room; uint8_t *inside; int64_t pixels;
    int64_t reading;                     /* the sample being read: at fault where that dies */
    int alone;                           /* 1: no mosaic */
    uint8_t classes[INSTANCE_IDS];          /* of the sample made last: sample.classes */
} augment_scratch;
void augment_scratch_free(augment_scratch *t);

/* Sample i of the set into image (h, w, channels: all the same) and labels (h, w) of its input size. c NULL: as it is. swap: from
 * augment_check.
 * Returns what was done to it (to the first of the four, in a mosaic). */
augmentation augment_sample(const augment_conf *c, samples *set, const uint8_t swap[256], uint64_t seed, int64_t epoch, int64_t i,
    int64_t turn,
                            int64_t channels, augment_scratch *t, float *image, uint8_t *labels);
#endif
