/* loss.h - the segmentation losses on logits and a label map, each one number, and their gradients to the logits.
 *
 * x: logits of samples x pixels x channels, pixel stride xs. truth: [samples, pixels] labels. `ignore`: the label of pixels that
 * count for nothing, -1: none. A label that is neither a class nor `ignore` makes the loss NaN, which stops a run with the step's
 * samples named: never an index out of bounds, never a class guessed.
 * Sums are taken in double over fixed parts, added in order: the same bits for any number of threads. */
#ifndef KERNELS_LOSS_H
#define KERNELS_LOSS_H
#include "kernels/kernel.h"
#include "kernels/math.h"

enum { LOSS_WEIGHTS = 32 };
typedef struct { int64_t samples, pixels, channels; int ignore; } loss_size;   /* pixels of one sample */
typedef struct { int n; double v[LOSS_WEIGHTS]; } loss_weights;                /* one a class; n = 0: all 1 */

/* What a pixel of this label counts: NaN where it is no class */
static inline DEVICE double loss_weight(const loss_size *s, const loss_weights *w, int label)
{
    if (label == s->ignore) return 0;
    if (label >= s->channels) return NAN;
    return w->n ? w->v[label] : 1;
}

/* The loss, of the sum of losses and the sum of weights */
static inline DEVICE real loss_mean(double sum, double weight) { return (real)(weight != 0 || sum != 0 ? sum / weight : 0); }

/* What the gradient of one pixel's loss is multiplied by, of the gradient of the loss and the sum of weights */
static inline DEVICE double loss_scale(real gy, double total) { return total != 0 ? (double)gy / total : 0; }

/* Binary cross-entropy of logit v with label t, 0 or 1; d loss / d v; and what a pixel of this label counts */
static inline DEVICE real loss_bce(real v, real t) { return (v > 0 ? v : 0) - v * t + real_log(1 + real_exp(v < 0 ? v : -v)); }
static inline DEVICE real loss_bce_slope(real v, real t) { return 1 / (1 + real_exp(-v)) - t; }
static inline DEVICE real loss_bce_weight(const loss_size *s, int label) { return label == s->ignore ? 0 : label > 1 ? (real)NAN : 1; }

size_t loss_work(loss_size s);           /* bytes of scratch for any of the forward kernels */

/* sum over pixels of w[label] * -log softmax(x)[label], over the sum of w[label]; where nothing counts, 0. total: [1] that sum */
KERNEL(cross_entropy_forward, loss_size s, loss_weights w, const real *x, int64_t xs, const uint8_t *truth, real *y, double *total, void *work);
KERNEL(cross_entropy_backward, loss_size s, loss_weights w, const real *x, int64_t xs, const uint8_t *truth, const double *total,
       const real *gy, real *gx, int add);

/* One channel, labels 0 and 1: mean of max(x, 0) - x t + log(1 + exp(-|x|)). total: [1] the pixels that count */
KERNEL(bce_forward, loss_size s, const real *x, int64_t xs, const uint8_t *truth, real *y, double *total, void *work);
KERNEL(bce_backward, loss_size s, const real *x, int64_t xs, const uint8_t *truth, const double *total, const real *gy, real *gx, int add);

/* Soft Dice. Regions (pooled over samples and / or classes, or not) each give (2 sum p t + eps) / (sum p^e + sum t^e + eps), e 1 or 2;
 * the loss is offset - their mean. p is the softmax, or, with one channel or `logistic`, the logistic of each channel, channel c
 * then standing for label c + 1.
 *   milesial        one ratio over the batch and all classes with background      1 - r    eps 1e-6
 *   transunet       a ratio a class over the batch, with background, squares      1 - r    eps 1e-5
 *   nnunet_batch    a ratio a class over the batch, without background            - r      eps 1e-5
 *   nnunet_sample   a ratio a class and sample, without background                - r      eps 1e-5
 *   peci            as transunet, logistic channels
 * (Milletari et al. 2016 with squares; Isensee et al. 2021, TransUNet and milesial/Pytorch-UNet as published.) */
#define DICE_WORDS "milesial|transunet|nnunet_batch|nnunet_sample|peci"
typedef struct { double eps, offset; int pool_classes, each_sample, squares, skip_background, logistic; } dice_rule;
/* row i is word i of DICE_WORDS */
static const dice_rule dice_rules[] = {
    { 1e-6, 1, 1, 0, 0, 0, 0 },
    { 1e-5, 1, 0, 0, 1, 0, 0 },
    { 1e-5, 0, 0, 0, 0, 1, 0 },
    { 1e-5, 0, 0, 1, 0, 1, 0 },
    { 1e-5, 1, 0, 0, 1, 0, 1 },
};
/* slope: [samples, channels, 2] with d loss / d p = slope[0] * t + slope[1] * (squares ? p : 1) */
KERNEL(dice_forward, loss_size s, dice_rule r, const real *x, int64_t xs, const uint8_t *truth, real *y, double *slope, void *work);
KERNEL(dice_backward, loss_size s, dice_rule r, const real *x, int64_t xs, const uint8_t *truth, const double *slope, const real *gy,
       real *gx, int add);
#endif
