/* layer_norm.h - layer normalisation (Ba, Kiros and Hinton 2016): the channels of each pixel, or token, on their own:
 * y = (x - mean) * rstd * gamma + beta, rstd = 1 / sqrt(biased variance + eps), mean and variance over the channels.
 * The trap: it is not the group norm of one group, whose statistics run over the pixels of a sample as well. */
#ifndef KERNELS_LAYER_NORM_H
#define KERNELS_LAYER_NORM_H
#include "kernels/loop.h"

size_t layer_norm_work(int64_t pixels, int64_t channels);      /* bytes of scratch that layer_norm_backward needs */

/* gamma, beta [channels]; mean, rstd [pixels] */
KERNEL(layer_norm_forward, int64_t pixels, int64_t channels, double eps, const real *x, int64_t xs, const real *gamma, const real *beta,
       real *y, int64_t ys, real *mean, real *rstd);
/* With z = (x - mean) * rstd: gbeta = sum gy, ggamma = sum gy * z over the pixels, and over the channels of a pixel
 * gx = rstd * (gamma gy - mean(gamma gy) - z mean(gamma gy z)). gx (it lies like x), ggamma, gbeta: NULL where not wanted. */
KERNEL(layer_norm_backward, int64_t pixels, int64_t channels, const real *x, int64_t xs, const real *gy, int64_t gys, const real *gamma,
       const real *mean, const real *rstd, real *gx, int add_x, real *ggamma, int add_gamma, real *gbeta, int add_beta, void *work);
#endif
