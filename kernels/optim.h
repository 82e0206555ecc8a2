/* optim.h - one optimiser step over a run of parameters, the sum of squares of their gradients, and the running average.
 *
 * Each rule is one scalar formula, shared by CPU and CUDA, and one pass: weight decay and the clip factor are applied on the way,
 * so a gradient is read once and never rewritten; the running average of the weights is taken in the same pass. Rules are those of PyTorch
 * 1.13 (torch.optim), from the papers named below.
 * The trap: eps stands OUTSIDE the square root in adam and rmsprop, and adam divides by the root of the bias-corrected v. */
#ifndef KERNELS_OPTIM_H
#define KERNELS_OPTIM_H
#include <math.h>
#include "kernels/kernel.h"

typedef struct optim_rule {              /* the numbers of one step */
    real lr;                             /* adam: lr / (1 - beta1^t) */
    real scale;                          /* the gradient is multiplied by it first: the clip factor */
    real decay;                          /* the gradient gets decay * x added; adamw: x shrinks by lr * decay instead */
    real shrink;                         /* adamw: 1 - lr * decay; 1 elsewhere */
    real momentum, beta1, beta2, eps;    /* beta2: rmsprop's alpha */
    real take1, take2;                   /* 1 - beta1, 1 - beta2, subtracted in double: 1 - 0.999f is off by 1e-5 of itself */
    real root;                           /* adam: sqrt(1 - beta2^t) */
    real take;                           /* of the running average: e = e + take (x - e), x as this step leaves it */
    int nesterov, first;                 /* first: the buffer of sgd starts as the gradient itself */
    int shrinks;                         /* adamw: these parameters decay */
} optim_rule;

enum { OPTIM_BLOCK = 4096 };             /* gradients whose squares are summed together */

/* The factor that brings a gradient of this norm to the length `clip`; 1 where it is no longer, or clip is 0 */
static inline DEVICE double optim_factor(double norm, double clip)
{
    const double factor = clip / (norm + 1e-6);
    return clip > 0 && factor < 1 ? factor : 1;
}

/* The numbers that change, of the step that runs. 0: there is to be no step. */
static inline DEVICE int optim_rule_now(optim_rule *r, const live_numbers *now)
{
    if (!now) return 1;
    r->lr = now->lr, r->root = now->root, r->take = now->take, r->scale = now->scale, r->first = now->first;
    if (r->shrinks) r->shrink = now->shrink;
    return !now->stop;
}

static inline DEVICE real optim_sqrt(real x) { return sizeof(real) == 8 ? (real)sqrt((double)x) : (real)sqrtf((float)x); }

/* Sutskever et al. 2013, in the form m = momentum m + g, x -= lr m; dampening 0. */
static inline DEVICE void optim_sgd_one(real *x, real g, real *m, const optim_rule *r)
{
    g = g * r->scale + r->decay * *x;
    *m = r->first ? g : r->momentum * *m + g;
    *x -= r->lr * (r->nesterov ? g + r->momentum * *m : *m);
}

/* Kingma and Ba 2015; with shrink: Loshchilov and Hutter 2019. */
static inline DEVICE void optim_adam_one(real *x, real g, real *m, real *v, const optim_rule *r)
{
    real w = *x * r->shrink;
    g = g * r->scale + r->decay * w;
    *m = r->beta1 * *m + r->take1 * g;
    *v = r->beta2 * *v + r->take2 * g * g;
    *x = w - r->lr * *m / (optim_sqrt(*v) / r->root + r->eps);
}

/* Tieleman and Hinton 2012 (lecture 6.5), not centred; the momentum buffer holds steps, not gradients. */
static inline DEVICE void optim_rmsprop_one(real *x, real g, real *m, real *v, const optim_rule *r)
{
    g = g * r->scale + r->decay * *x;
    *v = r->beta2 * *v + r->take2 * g * g;
    *m = r->momentum * *m + g / (optim_sqrt(*v) + r->eps);
    *x -= r->lr * *m;
}

/* A part `take` of the way from an average to a new number. Not (1 - take) e + take x: rounded, the two factors do not add up to 1, and the average
 * of a constant would drift. take = 1: e may hold anything. */
static inline DEVICE real optim_mean(real e, real x, real take) { return take == 1 ? x : e + take * (x - e); }

/* x, g, m, v, e: n numbers each; all but g are updated. e: the running average of x, NULL for none */
KERNEL(optim_sgd,     size_t n, real *x, const real *g, real *m, real *e, const optim_rule *r);
KERNEL(optim_adam,    size_t n, real *x, const real *g, real *m, real *v, real *e, const optim_rule *r);
KERNEL(optim_rmsprop, size_t n, real *x, const real *g, real *m, real *v, real *e, const optim_rule *r);
/* partial[b] = sum of squares of g[b * OPTIM_BLOCK ..]; ceil(n / OPTIM_BLOCK) of them. The order of the additions is fixed, so the
 * bits do not depend on the number of threads. */
KERNEL(optim_squares, size_t n, const real *g, double *partial);
/* For a GPU only, with context.live. losses[micro] = *loss */
KERNEL(optim_note, const real *loss, real *losses);
/* Sets norm, from the parts in their order, scale and stop */
KERNEL(optim_judge, size_t parts, const double *partial, double clip, int n, const real *losses);
/* optim_mean of n numbers with take = 1 - keep, where no step goes by; with context.live not where there is to be no step */
KERNEL(optim_average, size_t n, const real *x, real *e, double keep);
#endif
