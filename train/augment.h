/* augment.h - random variation of training samples, as a pure function of (seed, epoch, sample).
 *
 * What moves is ONE affine: the fit of the film to the net (datasets/fit.h) followed by a rotation, scale, shear, shift and mirror
 * about the film's centre. Film, label map and points go through it together, in one resampling pass. Grey values are then changed
 * within the film's own range, and noise is added. The trap is the mirror: left and right classes change places with it, so a
 * mirror without its pairs teaches the net a falsehood. */
#ifndef TRAIN_AUGMENT_H
#define TRAIN_AUGMENT_H
#include "nn/key.h"
#include "datasets/fit.h"

typedef struct augment_conf {
    double flip, flip_vertical, geometry, rotate, shear, shift, intensity, brightness, noise;
    key_list scale, gamma, contrast;         /* lowest, highest; or one v: 1 - v, 1 + v */
    const char *pairs;
} augment_conf;

extern const key augment_keys[];
/* Dies on ranges that are none and pairs that are no classes; at = "run.cfg:12: augment". swap (256): what each class becomes in a mirror. */
void augment_check(const augment_conf *c, int64_t classes, const char *at, uint8_t swap[256]);

typedef struct augmentation {                /* what is done to one sample */
    affine to_film;                          /* net pixel -> film pixel */
    int mirrored;                            /* left and right have changed places */
    double gamma, contrast, brightness, noise;
} augmentation;

/* turn: how often the sample stood in this epoch before. */
augmentation augment_draw(const augment_conf *c, const fit *f, uint64_t seed, int64_t epoch, int64_t sample, int64_t turn);
augmentation augment_none(const fit *f);
/* image (n) net pixels as fit_sample left them, changed where inside (n) is 1; lo, hi: the film's normalised range. */
void augment_grey(const augmentation *a, uint64_t seed, int64_t epoch, int64_t sample, int64_t turn, float lo, float hi,
                  const uint8_t *inside, int64_t n, float *image);
void augment_labels(const augmentation *a, const uint8_t swap[256], int64_t n, uint8_t *labels);
#endif
