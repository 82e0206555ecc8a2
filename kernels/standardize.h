/* standardize.h - weight standardisation (Qiao et al. 2019): every output channel of a convolution's weights gets mean 0 and variance 1
 * before it is used. The weights lie H, W, I, O, so that an output channel is a column of a matrix of kh * kw * i rows.
 * The trap: the variance is the biased one, and eps is added to it under the root. */
#ifndef KERNELS_STANDARDIZE_H
#define KERNELS_STANDARDIZE_H
#include "kernels/loop.h"

/* y = (w - mean) * rstd, rstd = 1 / sqrt(variance + eps), of each column; w, y: [rows columns], ws, ys from row to row; mean, rstd [columns] */
KERNEL(standardize_forward, int64_t rows, int64_t columns, double eps, const real *w, int64_t ws, real *y, int64_t ys, real *mean, real *rstd);
/* gw = rstd * (gy - mean(gy) - z * mean(gy * z)), z = (w - mean) * rstd */
KERNEL(standardize_backward, int64_t rows, int64_t columns, const real *w, int64_t ws, const real *gy, int64_t gys, const real *mean,
       const real *rstd, real *gw, int add);
#endif
