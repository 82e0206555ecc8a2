/* map.h - moving and adding maps: copy, sum, window (pad and crop), dropout.
 * All maps are NHWC with a pixel stride; a gradient lies like its value. */
#ifndef KERNELS_MAP_H
#define KERNELS_MAP_H
#include "kernels/kernel.h"
#include "base/rng.h"

/* y = x, or y += x: `pixels` x `channels` */
KERNEL(map_copy, int64_t pixels, int64_t channels, const elem *x, int64_t xs, elem *y, int64_t ys, int add);
/* y = a + b */
KERNEL(map_sum, int64_t pixels, int64_t channels, const elem *a, int64_t as, const elem *b, int64_t bs, elem *y, int64_t ys);

/* y[i][j] = x[i - top][j - left], 0 outside of x; top and left may be negative. Padding, cropping and the gradients of both. */
typedef struct { int64_t samples, channels, xh, xw, yh, yw, top, left; } window_size;
KERNEL(map_window, window_size s, const elem *x, int64_t xs, elem *y, int64_t ys, int add);

/* Inverted dropout (Srivastava et al. 2014): y = x / (1 - p) where the element is kept, else 0. `node` tells dropouts of one net
 * apart; with context.seed, .step and .micro it says everything, so that backward draws the same mask again. */
static inline DEVICE rng4 dropout_draw(uint64_t seed, uint32_t step, uint32_t micro, uint32_t node, int64_t element)
{
    return rng_draw(seed, RNG_DROPOUT, step, node + micro * 0x9E3779B9u, (uint64_t)element / 4);   /* v[element % 4] is the element's */
}
/* An element is kept where its number reaches this: the same as rng_u01(number) >= p, in whole numbers and to the last one */
static inline DEVICE uint32_t dropout_threshold(double p) { return p > 0 ? (uint32_t)ceil(p * 4294967296.0 - 0.5) : 0; }
KERNEL(map_dropout, int64_t pixels, int64_t channels, double p, uint32_t node, const elem *x, int64_t xs, elem *y, int64_t ys, int add);

/* y = w * x, or y += w * x: one number */
KERNEL(map_scalar, double w, const real *x, real *y, int add);
#endif
