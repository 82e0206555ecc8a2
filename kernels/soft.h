/* soft.h - losses of logits against soft targets: maps of numbers rather than labels, several classes at one place allowed.
 *
 * x, t: pixels x channels with pixel strides xs, ts. Sums are taken in double over fixed parts, added in order. */
#ifndef KERNELS_SOFT_H
#define KERNELS_SOFT_H
#include "kernels/kernel.h"
#include "kernels/math.h"

enum { SOFT_WEIGHTS = 32 };
typedef struct {
    int n; double v[SOFT_WEIGHTS];       /* a weight a channel; n = 0: 1 / channels each */
    int squares;                         /* e = 2 rather than 1 */
    double eps;
} soft_rule;

static inline DEVICE real soft_logistic(real x) { return 1 / (1 + real_exp(-x)); }

/* log sum exp(v / T) of a pixel */
static inline DEVICE real soft_log_sum(int64_t channels, const real *v, real cold)
{
    real high = v[0], sum = 0;
    for (int64_t j = 1; j < channels; j++) high = v[j] > high ? v[j] : high;
    for (int64_t j = 0; j < channels; j++) sum += real_exp((v[j] - high) * cold);
    return high * cold + real_log(sum);
}

/* KL of a pixel; a, b: the logs of the sums of t and x; cold: 1 / T */
static inline DEVICE real soft_divergence(int64_t channels, const real *x, const real *t, real cold, real a, real b)
{
    real sum = 0;
    for (int64_t j = 0; j < channels; j++) sum += real_exp(t[j] * cold - a) * ((t[j] - x[j]) * cold - a + b);
    return sum;
}

/* With p = logistic(x) and, of each channel over all pixels, r = (2 sum p t + eps) / (sum p^e + sum t^e + eps): the sum over channels
 * of weight * (1 - r). Squares: Milletari et al. 2016. slope: [channels, 2] with d loss / d p = slope[0] t + slope[1] (squares ? p : 1);
 * the same with p and t exchanged. */
KERNEL(soft_dice_forward, int64_t pixels, int64_t channels, soft_rule r, const real *x, int64_t xs, const real *t, int64_t ts, real *y,
       double *slope, void *work);
/* gx, gt: like x and t, NULL where not wanted */
KERNEL(soft_dice_backward, int64_t pixels, int64_t channels, soft_rule r, const real *x, int64_t xs, const real *t, int64_t ts,
       const double *slope, const real *gy, real *gx, int add_x, real *gt, int add_t);

/* T^2 times the mean over pixels of KL(softmax(t / T) || softmax(x / T)): t are the logits of a teacher (Hinton et al. 2015). The
 * factor T^2 keeps the size of the gradient from falling with T. */
KERNEL(distill_forward, int64_t pixels, int64_t channels, double temperature, const real *x, int64_t xs, const real *t, int64_t ts,
       real *y, void *work);
KERNEL(distill_backward, int64_t pixels, int64_t channels, double temperature, const real *x, int64_t xs, const real *t, int64_t ts,
       const real *gy, real *gx, int add_x, real *gt, int add_t);

size_t soft_work(int64_t pixels, int64_t channels);          /* bytes of scratch for any of the forward kernels */
#endif
