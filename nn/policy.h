/* policy.h - learning-rate policies: the rate of a step as a pure function of (step, total steps), so that resuming, extending or
 * plotting a run needs no saved state. Only `plateau` has state, because it listens to the validation metric.
 *
 * With t = step from 0, T = total steps, e = lr, m = min_lr:
 *   constant        e
 *   step            e * scale^floor(t / step)
 *   steps           e * product of scales[i] over steps[i] <= t
 *   exp             e * gamma^t
 *   poly            m + (e - m) (1 - t/T)^power
 *   poly_transunet  m + (e - m) (1 - max(t - 1, 0)/T)^power      the rate is set after the step, from the counter before it is raised
 *   linear          m + (e - m) (1 - t/T)
 *   cosine          m + (e - m) (1 + cos(pi t/T)) / 2            Loshchilov and Hutter 2017, without restarts
 *   plateau         e, times factor whenever the metric has not improved for more than `patience` observations (PyTorch's
 *                   ReduceLROnPlateau: relative threshold, changes of 1e-8 or less are not made), never below m
 * Then burn_in: while t < burn_in the rate is multiplied by ((t + 1) / burn_in)^burn_in_power. per_epoch=1 holds the rate through
 * each epoch: t is rounded down to the epoch's first step. */
#ifndef NN_POLICY_H
#define NN_POLICY_H
#include "nn/key.h"

#define POLICY_WORDS "constant|step|steps|exp|poly|poly_transunet|linear|cosine|plateau"
typedef enum { POLICY_CONSTANT, POLICY_STEP, POLICY_STEPS, POLICY_EXP, POLICY_POLY, POLICY_POLY_TRANSUNET, POLICY_LINEAR, POLICY_COSINE,
               POLICY_PLATEAU } policy_kind;

typedef struct policy_conf {
    int policy, per_epoch, mode;         /* mode: 0 max, 1 min */
    double lr, min_lr, power, scale, gamma, burn_in_power, factor, threshold;
    int64_t step, burn_in, patience, cooldown;
    key_list steps, scales;
} policy_conf;

#define POLICY_KEYS(base) \
    { "policy", K_WORD, (base) + offsetof(policy_conf, policy), "constant", "how the learning rate changes", 0, 0, POLICY_WORDS }, \
    { "lr", K_REAL, (base) + offsetof(policy_conf, lr), "0.01", "learning rate", 0, 1e6, 0 }, \
    { "min_lr", K_REAL, (base) + offsetof(policy_conf, min_lr), "0", "poly, linear, cosine: rate at the end; plateau: least rate", 0, 1e6, 0 }, \
    { "power", K_REAL, (base) + offsetof(policy_conf, power), "0.9", "poly: exponent", 0, 100, 0 }, \
    { "step", K_INT, (base) + offsetof(policy_conf, step), "0", "step: optimiser steps between two changes", 0, 1e15, 0 }, \
    { "scale", K_REAL, (base) + offsetof(policy_conf, scale), "0.1", "step: factor of each change", 0, 1e6, 0 }, \
    { "steps", K_LIST, (base) + offsetof(policy_conf, steps), "", "steps: optimiser steps at which the rate changes, rising", 0, 1e15, 0 }, \
    { "scales", K_LIST, (base) + offsetof(policy_conf, scales), "", "steps: factor of each change", 0, 1e6, 0 }, \
    { "gamma", K_REAL, (base) + offsetof(policy_conf, gamma), "0.999", "exp: factor of each step", 0, 1, 0 }, \
    { "mode", K_WORD, (base) + offsetof(policy_conf, mode), "max", "plateau: is a larger or a smaller metric better", 0, 0, "max|min" }, \
    { "patience", K_INT, (base) + offsetof(policy_conf, patience), "5", "plateau: observations without improvement that are borne", 0, 1e9, 0 }, \
    { "factor", K_REAL, (base) + offsetof(policy_conf, factor), "0.1", "plateau: factor of each change", 0, 1, 0 }, \
    { "threshold", K_REAL, (base) + offsetof(policy_conf, threshold), "1e-4", "plateau: relative change that counts as improvement", 0, 1, 0 }, \
    { "cooldown", K_INT, (base) + offsetof(policy_conf, cooldown), "0", "plateau: observations ignored after a change", 0, 1e9, 0 }, \
    { "burn_in", K_INT, (base) + offsetof(policy_conf, burn_in), "0", "steps over which the rate rises from near zero", 0, 1e9, 0 }, \
    { "burn_in_power", K_REAL, (base) + offsetof(policy_conf, burn_in_power), "1", "exponent of that rise (Darknet: 4)", 0, 100, 0 }, \
    { "per_epoch", K_BOOL, (base) + offsetof(policy_conf, per_epoch), "0", "change the rate between epochs only", 0, 0, 0 }

extern const key policy_keys[];          /* POLICY_KEYS(0) */

typedef struct policy_state {            /* plateau's memory; a checkpoint holds it. {0} before the first observation */
    int64_t observed;                    /* calls of policy_observe so far */
    double best;                         /* metric */
    int64_t bad, cooldown;               /* observations without improvement; cooldown left */
    double lr;                           /* rate now, before burn_in */
} policy_state;

/* Dies on settings that do not fit each other or that the chosen policy does not read; at = "lumbar.cfg:12: solver". */
void   policy_check(const policy_conf *p, const char *at);
/* The rate of step 0 <= step < total; epoch_steps: optimiser steps an epoch (read with per_epoch=1); s: NULL unless plateau. */
double policy_lr(const policy_conf *p, const policy_state *s, int64_t step, int64_t total, int64_t epoch_steps);
/* A new value of the validation metric; changes *s under plateau only. Returns 1 where the rate changed. */
int    policy_observe(const policy_conf *p, policy_state *s, double metric);
#endif
