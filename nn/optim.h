/* optim.h - optimisers: sgd, adam, adamw, rmsprop over the whole parameter arena, global-norm clipping, and a running average of
 * the weights (EMA). The exact rules stand in kernels/optim.h.
 *
 * One training step is   norm = optim_clip(o, c);   if (!isfinite(norm)) ... stop ...;   optim_step(o, c, lr);
 * The state (m, v, counters, average) is plain and public, because a checkpoint must hold every bit of it. */
#ifndef NN_OPTIM_H
#define NN_OPTIM_H
#include "nn/key.h"
#include "nn/params.h"

#define OPTIM_WORDS "sgd|adam|adamw|rmsprop"
typedef enum { OPTIM_SGD, OPTIM_ADAM, OPTIM_ADAMW, OPTIM_RMSPROP } optim_kind;

typedef struct optim_conf {
    int optimiser, nesterov, decay_norm, ema_warmup;
    double momentum, beta1, beta2, alpha, eps, decay, clip, ema;
    int64_t swa;
} optim_conf;

/* The rows of a key table that fill an optim_conf standing `base` bytes into the struct the table is for. */
#define OPTIM_KEYS(base) \
    { "optimiser", K_WORD, (base) + offsetof(optim_conf, optimiser), "sgd", "the update rule", 0, 0, OPTIM_WORDS }, \
    { "momentum", K_REAL, (base) + offsetof(optim_conf, momentum), "0.9", "sgd, rmsprop: share of the last step kept; 0: none", 0, 0.999999, 0 }, \
    { "nesterov", K_BOOL, (base) + offsetof(optim_conf, nesterov), "0", "sgd: look ahead by the momentum", 0, 0, 0 }, \
    { "beta1", K_REAL, (base) + offsetof(optim_conf, beta1), "0.9", "adam, adamw: decay of the mean gradient", 0, 0.999999, 0 }, \
    { "beta2", K_REAL, (base) + offsetof(optim_conf, beta2), "0.999", "adam, adamw: decay of the mean squared gradient", 0, 0.999999, 0 }, \
    { "alpha", K_REAL, (base) + offsetof(optim_conf, alpha), "0.99", "rmsprop: decay of the mean squared gradient", 0, 0.999999, 0 }, \
    { "eps", K_REAL, (base) + offsetof(optim_conf, eps), "1e-8", "adam, adamw, rmsprop: added to the root of the mean square", 1e-30, 1, 0 }, \
    { "decay", K_REAL, (base) + offsetof(optim_conf, decay), "0.0001", "weight decay", 0, 1, 0 }, \
    { "decay_norm", K_BOOL, (base) + offsetof(optim_conf, decay_norm), "1", "decay biases and norm parameters as well", 0, 0, 0 }, \
    { "clip", K_REAL, (base) + offsetof(optim_conf, clip), "0", "largest global norm of the gradient; 0: no limit", 0, 1e30, 0 }, \
    { "ema", K_REAL, (base) + offsetof(optim_conf, ema), "0", "decay of the weights' running average, then evaluated; 0: none", 0, 0.999999, 0 }, \
    { "ema_warmup", K_BOOL, (base) + offsetof(optim_conf, ema_warmup), "1", "1: ema is min(ema, (1 + n) / (10 + n)) after n updates", 0, 0, 0 }, \
    { "swa", K_INT, (base) + offsetof(optim_conf, swa), "0", \
      "from the end of this epoch on the weights are averaged, an equal share each epoch, into swa.h5; 0: not", 0, 1000000, 0 }

extern const key optim_keys[];           /* OPTIM_KEYS(0), for tests and `help` */

typedef struct optim {
    optim_conf conf;
    params *p;
    int64_t step;                        /* steps done */
    real *m, *v;                         /* p->trainable numbers on the device, in the order of p; v is NULL under sgd */
    real *ema;                           /* p->total numbers (running statistics are copied, not averaged); NULL without ema */
    int64_t ema_updates;
    real *swa;                           /* p->total numbers, the mean of swa_updates sets of weights; NULL without swa */
    int64_t swa_updates;
    double scale;                        /* the clip factor of the next step: min(1, clip / (norm + 1e-6)) */
    struct optim_range { size_t at, count; int decay, group; } *range; int ranges;      /* neighbours that are treated alike, as one run */
    double *partial;                     /* on the device: sums of squares a block */
    double lr, spent;                    /* between begin and end: the rate; the sum of squares of what was spent */
    const param *bad;                    /* the first parameter whose gradient made that sum not finite; NULL: none */
} optim;

/* Needs p->g. The state starts as zeros; the average starts from the weights at the first step. */
optim *optim_new(const optim_conf *conf, params *p);
void   optim_free(optim *o);
/* The L2 norm of all gradients, summed in double in a fixed order, and the clip factor for the step that follows. A result that
 * is not finite means that a gradient is not: do not step then. */
double optim_clip(optim *o, const context *c);
void   optim_step(optim *o, const context *c, double lr);        /* updates p->x, the state and the average */
/* The same for the parameters of one group alone (params.group), where several objectives take turns on one arena. A step of the whole is one
 * of each group, group 0 first: it moves the counters. */
double optim_clip_group(optim *o, const context *c, int group);
void   optim_step_group(optim *o, const context *c, double lr, int group);
/* The same step, run by run of parameters as their gradients become known (schedule_spend): begin, spend each, end; or that for every group, group
 * 0 first. For conf.clip = 0: a limit would have to know all gradients first. optim_spend: `count` numbers from element `at` of the arena on, all of one tensor, gradient g; from
 * a gradient on that is not finite nothing more is changed. optim_spend_end: the L2 norm of all gradients, NaN where one was not finite;
 * the counters have moved then all the same. */
void   optim_spend_begin(optim *o, const context *c, double lr, int group);
void   optim_spend(optim *o, const context *c, size_t at, size_t count, const real *g);
double optim_spend_end(optim *o, const context *c);
/* The weights as they are become an equal share of o->swa (Izmailov et al. 2018). Running statistics are averaged too, which is not what
 * the averaged weights would see: they must be taken anew before it is used (train/swa.c). */
void   optim_average(optim *o, const context *c);
/* A step of a GPU that the host does not wait for, in this order: begin counts it and fills in the numbers that the device is to have for it;
 * then, with these in context.live: judge, when the gradient is there, and update. undo: judge said stop, and nothing was updated. */
void optim_begin(optim *o, const context *c, double lr, live_numbers *now);
void optim_judge(const optim *o, const context *c, int n, const real *losses);
void optim_update(optim *o, const context *c);
void optim_undo(optim *o);
/* What is evaluated and kept as the result: the average where there is one, the weights elsewhere; p->total numbers. */
const real *optim_weights(const optim *o);
/* Dies where a key that the chosen rule does not read differs from its default: at = "lumbar.cfg:12: solver". */
void   optim_check(const optim_conf *conf, const char *at);
#endif
