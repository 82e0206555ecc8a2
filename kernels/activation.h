/* activation.h - the activations and their slopes, once for CPU and CUDA.
 * The order is that of ACT_WORDS, the words a cfg uses. Slopes are taken from the input x, never from the output: swish and gelu
 * are not monotone, and a norm that fuses its activation can recompute x but does not keep y. */
#ifndef KERNELS_ACTIVATION_H
#define KERNELS_ACTIVATION_H
#include <math.h>
#include "kernels/kernel.h"
#include "kernels/math.h"

#define ACT_WORDS "linear|relu|leaky|logistic|tanh|swish|gelu"
typedef enum { ACT_LINEAR, ACT_RELU, ACT_LEAKY, ACT_LOGISTIC, ACT_TANH, ACT_SWISH, ACT_GELU } activation;

/* slope: of `leaky` for x < 0 (Darknet 0.1, nnU-Net 0.01, PatchGAN 0.2), ignored by the others */
static inline DEVICE real act_value(activation a, real x, real slope)
{
    switch (a) {
    case ACT_LINEAR:   return x;
    case ACT_RELU:     return x > 0 ? x : 0;
    case ACT_LEAKY:    return x > 0 ? x : slope * x;
    case ACT_LOGISTIC: return 1 / (1 + real_exp(-x));
    case ACT_TANH:     return real_tanh(x);
    case ACT_SWISH:    return x / (1 + real_exp(-x));
    case ACT_GELU:     return (real)0.5 * x * (1 + real_erf(x * (real)0.70710678118654752));
    }
    return x;
}

/* d value / d x at x */
static inline DEVICE real act_slope(activation a, real x, real slope)
{
    real s;
    switch (a) {
    case ACT_LINEAR:   return 1;
    case ACT_RELU:     return x > 0 ? 1 : 0;
    case ACT_LEAKY:    return x > 0 ? 1 : slope;
    case ACT_LOGISTIC: s = 1 / (1 + real_exp(-x)); return s * (1 - s);
    case ACT_TANH:     s = real_exp(x < 0 ? x + x : -x - x); return 4 * s / ((1 + s) * (1 + s));
    case ACT_SWISH:    s = 1 / (1 + real_exp(-x)); return s + x * s * (1 - s);
    case ACT_GELU:     s = x * (real)0.39894228040143268 * real_exp((real)-0.5 * x * x);
                       return (real)0.5 * (1 + real_erf(x * (real)0.70710678118654752)) + s;
    }
    return 1;
}

/* CALL(ACT_X) with a constant for the activation a, so that the compiler makes one plain vector loop of each */
#define ACT_SWITCH(a, CALL) switch (a) { \
    case ACT_LINEAR: CALL(ACT_LINEAR); break; case ACT_RELU: CALL(ACT_RELU); break; case ACT_LEAKY: CALL(ACT_LEAKY); break; \
    case ACT_LOGISTIC: CALL(ACT_LOGISTIC); break; case ACT_TANH: CALL(ACT_TANH); break; case ACT_SWISH: CALL(ACT_SWISH); break; \
    case ACT_GELU: CALL(ACT_GELU); break; }

/* Can its slope be told from its value alone? */
static inline int act_rectifies(activation a) { return a == ACT_RELU || a == ACT_LEAKY; }

/* y = f(x) elementwise. x, y: pixels x channels maps with pixel strides xs, ys; a gradient lies like its value. */
KERNEL(act_forward, int64_t pixels, int64_t channels, const elem *x, int64_t xs, elem *y, int64_t ys, activation a, real slope);
/* gx = gy * f'(x). Of a rectifier x may as well be y. */
KERNEL(act_backward, int64_t pixels, int64_t channels, const elem *x, int64_t xs, const elem *gy, int64_t gys, elem *gx, int64_t gxs, activation a,
       real slope, int add);
#endif
