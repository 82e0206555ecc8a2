/* element.h - losses that look at one number and its target at a time: their sum or mean over a map, rows weighted or not.
 *
 * With d = x - t:
 *   l1          |d|
 *   smooth_l1   |d| < beta: d^2 / (2 beta), else |d| - beta / 2; beta 0 is l1         (Girshick 2015, Fast R-CNN)
 *   mse         d^2
 *   bce         max(x, 0) - x t + log(1 + exp(-|x|)): x a logit, t in 0..1, soft or not; t = 1 and t = 0 are the discriminator
 *               loss of Goodfellow et al. 2014
 *   hinge       max(1 - (2 t - 1) x, 0): t = 1 for what is real, 0 for what is not    (Lim and Ye 2017)
 *   linear      -(2 t - 1) x: t = 1 is the generator's side of the hinge loss
 * The trap: where a weight is 0 the element is not looked at, so rows of no meaning may hold anything, NaN included. */
#ifndef KERNELS_ELEMENT_H
#define KERNELS_ELEMENT_H
#include "kernels/kernel.h"
#include "kernels/math.h"

#define ELEMENT_WORDS "l1|smooth_l1|mse|bce|hinge|linear"
typedef enum { ELEMENT_L1, ELEMENT_SMOOTH_L1, ELEMENT_MSE, ELEMENT_BCE, ELEMENT_HINGE, ELEMENT_LINEAR } element_kind;

typedef struct {
    element_kind kind;
    real beta;                           /* of smooth_l1 */
    real target;                         /* t of every element where there is no map of targets */
    int mean;                            /* divide by the sum of the weights of all elements; 0 where nothing counts */
} element_rule;

/* Maps of pixels x channels. Weight i is that of the pixels i * each .. (i + 1) * each - 1. */
typedef struct { int64_t pixels, channels, each; } element_size;

static inline DEVICE real element_value(element_rule r, real x, real t)
{
    const real d = x - t, size = d < 0 ? -d : d, sign = 2 * t - 1, margin = 1 - sign * x;
    switch (r.kind) {
    case ELEMENT_L1:        return size;
    case ELEMENT_SMOOTH_L1: return size < r.beta ? d * d / (2 * r.beta) : size - r.beta / 2;
    case ELEMENT_MSE:       return d * d;
    case ELEMENT_BCE:       return (x > 0 ? x : 0) - x * t + real_log(1 + real_exp(x < 0 ? x : -x));
    case ELEMENT_HINGE:     return margin < 0 ? 0 : margin;
    case ELEMENT_LINEAR:    return -sign * x;
    }
    return 0;
}

/* d value / d x; 0 at the corner of l1 and of hinge */
static inline DEVICE real element_slope(element_rule r, real x, real t)
{
    const real d = x - t, size = d < 0 ? -d : d, side = (real)((d > 0) - (d < 0)), sign = 2 * t - 1;
    switch (r.kind) {
    case ELEMENT_L1:        return side;
    case ELEMENT_SMOOTH_L1: return size < r.beta ? d / r.beta : side;
    case ELEMENT_MSE:       return 2 * d;
    case ELEMENT_BCE:       return 1 / (1 + real_exp(-x)) - t;
    case ELEMENT_HINGE:     return 1 - sign * x > 0 ? -sign : 0;
    case ELEMENT_LINEAR:    return -sign;
    }
    return 0;
}

/* d value / d t */
static inline DEVICE real element_target_slope(element_rule r, real x, real t)
{
    switch (r.kind) {
    case ELEMENT_BCE:       return -x;
    case ELEMENT_HINGE:     return 1 - (2 * t - 1) * x > 0 ? -2 * x : 0;
    case ELEMENT_LINEAR:    return -2 * x;
    default:                return -element_slope(r, x, t);
    }
}

size_t element_work(element_size s);     /* bytes of scratch for the forward kernel */

/* y: [1], the loss. total: [2], the weighted sum and what it was divided by. t: targets, or NULL; w: [pixels / each] weights with
 * stride ws, or NULL: all 1. */
KERNEL(element_forward, element_size s, element_rule r, const real *x, int64_t xs, const real *t, int64_t ts, const real *w, int64_t ws,
       real *y, double *total, void *work);
/* gx, gt: like x and t, NULL where not wanted */
KERNEL(element_backward, element_size s, element_rule r, const real *x, int64_t xs, const real *t, int64_t ts, const real *w, int64_t ws,
       const double *total, const real *gy, real *gx, int add_x, real *gt, int add_t);
/* gw: [pixels / each] with stride ws */
KERNEL(element_backward_weights, element_size s, element_rule r, const real *x, int64_t xs, const real *t, int64_t ts,
       const double *total, const real *gy, real *gw, int64_t ws, int add);
#endif
