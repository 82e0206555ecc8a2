/* policy.c - see policy.h for the formulas. */
#include "nn/policy.h"
#include "base/die.h"
#include "nn/optim.h"
#include <math.h>
#include <stdlib.h>

const key policy_keys[] = { POLICY_KEYS(0), { .name = NULL } };

#define BIT(k) (1u << POLICY_##k)
static const unsigned decays = BIT(POLY) | BIT(POLY_TRANSUNET) | BIT(LINEAR) | BIT(COSINE);

static void check_steps(const policy_conf *p, const char *at)
{
    if (!p->steps.n) die_at(at, "steps: got none, wanted the steps at which the rate changes (policy=steps)");
    if (p->steps.n != p->scales.n) die_at(at, "scales: got %d numbers, wanted one for each of the %d steps", p->scales.n, p->steps.n);
    for (int i = 1; i < p->steps.n; i++)
        if (p->steps.v[i] <= p->steps.v[i - 1]) die_at(at, "steps: got %.10g after %.10g, wanted rising steps", p->steps.v[i], p->steps.v[i - 1]);
}

void policy_check(const policy_conf *p, const char *at)
{
    const struct { const char *name; unsigned by; } keys[] = {
        { "min_lr", decays | BIT(PLATEAU) }, { "power", BIT(POLY) | BIT(POLY_TRANSUNET) }, { "step", BIT(STEP) }, { "scale", BIT(STEP) },
        { "steps", BIT(STEPS) }, { "scales", BIT(STEPS) }, { "gamma", BIT(EXP) }, { "mode", BIT(PLATEAU) }, { "patience", BIT(PLATEAU) },
        { "factor", BIT(PLATEAU) }, { "threshold", BIT(PLATEAU) }, { "cooldown", BIT(PLATEAU) },
    };
    char *name = key_text(&policy_keys[0], p), *choice = xprintf("policy=%s", name);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) key_unused(policy_keys, p, keys[i].name, keys[i].by >> p->policy & 1, choice, at);
    key_unused(policy_keys, p, "burn_in_power", p->burn_in > 0, "burn_in=0", at);
    if (p->policy == POLICY_STEP && p->step < 1) die_at(at, "step: got %lld, wanted 1 or more (policy=step)", (long long)p->step);
    if (p->policy == POLICY_STEPS) check_steps(p, at);
    if (p->min_lr > p->lr) die_at(at, "min_lr: got %.10g, wanted lr (%.10g) or less", p->min_lr, p->lr);
    if (p->policy == POLICY_PLATEAU && p->factor >= 1) die_at(at, "factor: got %.10g, wanted less than 1", p->factor);
    free(name), free(choice);
}

static double decayed(const policy_conf *p, double share) { return p->min_lr + (p->lr - p->min_lr) * share; }

static double rate(const policy_conf *p, const policy_state *s, int64_t step, int64_t total)
{
    const double t = (double)step, T = total > 0 ? (double)total : 1;
    double e = p->lr;
    switch ((policy_kind)p->policy) {
    case POLICY_CONSTANT: return e;
    case POLICY_STEP:     return e * pow(p->scale, floor(t / (double)p->step));
    case POLICY_STEPS:
        for (int i = 0; i < p->steps.n && p->steps.v[i] <= t; i++) e *= p->scales.v[i];
        return e;
    case POLICY_EXP:            return e * pow(p->gamma, t);
    case POLICY_POLY:           return decayed(p, pow(1 - t / T, p->power));
    case POLICY_POLY_TRANSUNET: return decayed(p, pow(1 - fmax(t - 1, 0) / T, p->power));
    case POLICY_LINEAR:         return decayed(p, 1 - t / T);
    case POLICY_COSINE:         return decayed(p, (1 + cos(M_PI * t / T)) / 2);
    case POLICY_PLATEAU:        return s && s->observed ? s->lr : e;
    }
    return e;
}

double policy_lr(const policy_conf *p, const policy_state *s, int64_t step, int64_t total, int64_t epoch_steps)
{
    int64_t t = p->per_epoch && epoch_steps > 0 ? step - step % epoch_steps : step;
    double e = rate(p, s, t, total);
    return step < p->burn_in ? e * pow((double)(step + 1) / (double)p->burn_in, p->burn_in_power) : e;
}

int policy_observe(const policy_conf *p, policy_state *s, double metric)
{
    if (p->policy != POLICY_PLATEAU) return 0;
    if (!s->observed++) s->lr = p->lr, s->best = p->mode == 0 ? -INFINITY : INFINITY;
    const int better = p->mode == 0 ? metric > s->best * (1 + p->threshold) : metric < s->best * (1 - p->threshold);
    if (better) s->best = metric, s->bad = 0;
    else s->bad++;
    if (s->cooldown > 0) s->cooldown--, s->bad = 0;
    if (s->bad <= p->patience) return 0;
    s->cooldown = p->cooldown, s->bad = 0;
    const double next = fmax(s->lr * p->factor, p->min_lr);
    if (s->lr - next <= 1e-8) return 0;
    s->lr = next;
    return 1;
}
