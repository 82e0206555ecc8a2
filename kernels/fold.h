/* fold.h - a batch norm with running statistics as part of the convolution before it. Both are linear maps of each output channel, and
 * so is one after the other:  gamma (conv(x, w) + b - mean) / sqrt(var + eps) + beta  =  conv(x, w') + b'  with
 * w' = w s,  b' = (b - mean) s + beta,  s = gamma / sqrt(var + eps)  (Jacob et al. 2018, section 3.2). s is computed in double. */
#ifndef KERNELS_FOLD_H
#define KERNELS_FOLD_H
#include "kernels/kernel.h"

/* All [channels], read only */
typedef struct fold_norm { const real *gamma, *beta, *mean, *var; double eps; } fold_norm;

/* w [rows, channels]: weights with the output channels last, rows ws apart; b [channels] or NULL: 0; w2, rows ys apart, and b2 alike */
KERNEL(norm_fold, int64_t rows, int64_t channels, const real *w, int64_t ws, const real *b, fold_norm f, real *w2, int64_t ys, real *b2);
#endif
