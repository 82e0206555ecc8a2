/* norm.h - normalisation with a fused activation: y = f((x - mean) * rstd * gamma + beta).
 *
 * One family serves batch norm (one sample of n*h*w pixels, as many groups as channels), group norm (statistics of each sample and
 * group) and instance norm (groups = channels). Ioffe and Szegedy 2015; Wu and He 2018.
 * Backward recomputes f' from x and the saved mean and rstd, so it never needs y.
 * Sums run over fixed parts of the pixels, in double from block to block and about the block's own mean (Chan, Golub and LeVeque
 * 1983): no cancellation where the mean is large against the deviation, and the same bits for any number of threads. */
#ifndef KERNELS_NORM_H
#define KERNELS_NORM_H
#include "kernels/activation.h"
#include "kernels/loop.h"

typedef struct { int64_t samples, pixels, channels, groups; } norm_size;       /* pixels of one sample; groups divide channels */
typedef struct { activation a; real slope; const real *gamma, *beta; } norm_affine;   /* gamma, beta: [channels] */

/* mean and sum of squared deviations of na values become those of them and of nb more; na + nb > 0 */
static inline DEVICE void norm_merge(double na, double *mean, double *squares, double nb, double mean_b, double squares_b)
{
    const double delta = mean_b - *mean, n = na + nb;
    *mean += delta * (nb / n), *squares += squares_b + delta * delta * (na * nb / n);
}

/* (1 - momentum) * old + momentum * now */
static inline DEVICE real norm_follow(real old, double now, double momentum)
{
    return (real)((1 - momentum) * (double)old + momentum * now);
}

/* gx of one value: d = x - mean, k = rstd * gamma, a and b the two means of norm_backward times rstd, and rstd squared */
static inline DEVICE real norm_gradient(real k, real g, real d, real a, real b) { return k * g - a - d * b; }

/* bytes of scratch that norm_moments and norm_backward need */
static inline size_t norm_work(norm_size s)
{
    return (size_t)(s.samples * s.channels * (part_count(s.pixels) + 1) * 2) * sizeof(double);
}

/* mean, rstd = 1 / sqrt(biased variance + eps): [samples, groups]. Where running_mean is not NULL (samples = 1, groups = channels):
 * running = (1 - momentum) * running + momentum * new, with the unbiased variance (of one value: the biased one). */
KERNEL(norm_moments, norm_size s, const elem *x, int64_t xs, double eps, real *mean, real *rstd, real *running_mean, real *running_var,
       double momentum, void *work);
/* mean, rstd from running statistics, all [channels] */
KERNEL(norm_running, int64_t channels, const real *running_mean, const real *running_var, double eps, real *mean, real *rstd);
KERNEL(norm_forward, norm_size s, const elem *x, int64_t xs, elem *y, int64_t ys, norm_affine f, const real *mean, const real *rstd);
/* With g = gy * f'(z): gbeta = sum g, ggamma = sum g * xhat, and, m values in a group,
 * gx = rstd * (gamma * g - sum(gamma * g) / m - xhat * sum(gamma * g * xhat) / m); the two means are left out where the statistics
 * were constants (batch = 0). gx, ggamma, gbeta: NULL where not wanted. */
KERNEL(norm_backward, norm_size s, int batch, const elem *x, int64_t xs, const elem *gy, int64_t gys, norm_affine f, const real *mean,
       const real *rstd, elem *gx, int add_x, real *ggamma, int add_gamma, real *gbeta, int add_beta, void *work);
#endif
