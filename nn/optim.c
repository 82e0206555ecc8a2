/* optim.c - see optim.h. The arena is walked in runs of parameters that decay alike, usually one; the padding between tensors is
 * zero with zero gradient and stays zero under every rule. */
#include "nn/optim.h"
#include "nn/backend.h"
#include "base/die.h"
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const key optim_keys[] = { OPTIM_KEYS(0), { .name = NULL } };

static const char WHAT[] = "the optimiser";

static real *zeros(const device *d, size_t n) { return device_zeroed(d, n * sizeof(real), WHAT); }

static size_t blocks(const params *p) { return (p->trainable + OPTIM_BLOCK - 1) / OPTIM_BLOCK; }

/* A run ends where the next tensor with another decay begins, so that the runs cover the padding too. */
static void find_ranges(optim *o)
{
    const params *p = o->p;
    o->range = xalloc_n((size_t)p->n + 1, sizeof *o->range);
    for (int i = 0; i < p->n && p->p[i].role == PARAM; i++) {
        const int decay = p->p[i].decay || o->conf.decay_norm, group = p->p[i].group;
        assert(p->p[i].frozen == (p->p[i].at >= p->trainable));      /* frozen from the first: params_new_frozen */
        if (p->p[i].frozen) continue;
        const struct optim_range *last = o->ranges ? &o->range[o->ranges - 1] : NULL;
        if (!last || last->decay != decay || last->group != group)
            o->range[o->ranges++] = (struct optim_range){ .at = p->p[i].at, .decay = decay, .group = group };
    }
    for (int i = 0; i < o->ranges; i++) o->range[i].count = (i + 1 < o->ranges ? o->range[i + 1].at : p->trainable) - o->range[i].at;
}

optim *optim_new(const optim_conf *conf, params *p)
{
    optim *o = xalloc(sizeof *o);
    o->conf = *conf, o->p = p, o->scale = 1;
    const int adam = conf->optimiser == OPTIM_ADAM || conf->optimiser == OPTIM_ADAMW;
    o->m = zeros(p->dev, p->trainable);
    if (adam || conf->optimiser == OPTIM_RMSPROP) o->v = zeros(p->dev, p->trainable);
    if (conf->ema > 0) o->ema = zeros(p->dev, p->total);
    if (conf->swa > 0) o->swa = zeros(p->dev, p->total);
    o->partial = device_alloc(p->dev, (blocks(p) + 1) * sizeof *o->partial, WHAT);
    find_ranges(o);
    return o;
}

void optim_free(optim *o)
{
    if (!o) return;
    const device *d = o->p->dev;
    void *const held[] = { o->m, o->v, o->ema, o->swa, o->partial };
    for (size_t i = 0; i < sizeof held / sizeof *held; i++) if (held[i]) d->free(d, held[i]);
    free(o->range), free(o);
}

/* The sum of squares of n gradients */
static double squares(const optim *o, const context *c, const real *g, size_t n)
{
    const params *p = o->p;
    const size_t parts = (n + OPTIM_BLOCK - 1) / OPTIM_BLOCK;
    double *host = xalloc_n(parts, sizeof *host), sum = 0;
    p->dev->code->squares(c, n, g, o->partial);
    p->dev->get(p->dev, host, o->partial, parts * sizeof *host);
    for (size_t i = 0; i < parts; i++) sum += host[i];
    free(host);
    return sum;
}

static double clip(optim *o, double sum)
{
    const double norm = sqrt(sum);
    o->scale = optim_factor(norm, o->conf.clip);
    return norm;
}

double optim_clip(optim *o, const context *c) { return clip(o, squares(o, c, o->p->g, o->p->trainable)); }

double optim_clip_group(optim *o, const context *c, int group)
{
    double sum = 0;
    for (int i = 0; i < o->ranges; i++)
        if (o->range[i].group == group) sum += squares(o, c, o->p->g + o->range[i].at, o->range[i].count);
    return clip(o, sum);
}

/* The share that the running average keeps at the update that begin_step has counted. */
static double keeps(const optim *o)
{
    const double n = (double)(o->ema_updates - 1), warm = (1 + n) / (10 + n);
    return o->conf.ema_warmup && warm < o->conf.ema ? warm : o->conf.ema;
}

/* The numbers of step t = 1, 2, ..., in double and rounded once. */
static optim_rule rule_of(const optim *o, double lr, double t)
{
    const optim_conf *f = &o->conf;
    const int adam = f->optimiser == OPTIM_ADAM || f->optimiser == OPTIM_ADAMW;
    const double beta2 = f->optimiser == OPTIM_RMSPROP ? f->alpha : f->beta2;
    optim_rule r = { .scale = (real)o->scale, .shrink = 1, .momentum = (real)f->momentum, .beta1 = (real)f->beta1, .beta2 = (real)beta2,
                     .take1 = (real)(1 - f->beta1), .take2 = (real)(1 - beta2), .eps = (real)f->eps, .nesterov = f->nesterov, .first = t == 1 };
    r.lr = (real)(adam ? lr / (1 - pow(f->beta1, t)) : lr);
    r.root = (real)(adam ? sqrt(1 - pow(beta2, t)) : 1);
    r.take = (real)(1 - keeps(o));
    return r;
}

enum { EVERY_GROUP = -1 };

/* n numbers from element `at` on, all of range k, by rule r but for the decay, which is the range's */
static void step_run(optim *o, const context *c, optim_rule r, double lr, const struct optim_range *k, size_t at, size_t n, const real *g)
{
    const params *p = o->p;
    const optim_conf *f = &o->conf;
    const backend *code = p->dev->code;
    const double decay = k->decay ? f->decay : 0;
    real *e = o->ema ? o->ema + at : NULL;
    r.decay = f->optimiser == OPTIM_ADAMW ? 0 : (real)decay;
    r.shrinks = f->optimiser == OPTIM_ADAMW && decay > 0;
    r.shrink = f->optimiser == OPTIM_ADAMW ? (real)(1 - lr * decay) : 1;
    if (f->optimiser == OPTIM_SGD)          code->sgd(c, n, p->x + at, g, o->m + at, e, &r);
    else if (f->optimiser == OPTIM_RMSPROP) code->rmsprop(c, n, p->x + at, g, o->m + at, o->v + at, e, &r);
    else                                    code->adam(c, n, p->x + at, g, o->m + at, o->v + at, e, &r);
}

/* Of running statistics the average is the last */
static void average_rest(optim *o, const context *c)
{
    const params *p = o->p;
    if (o->ema) p->dev->code->average(c, p->total - p->trainable, p->x + p->trainable, o->ema + p->trainable, 0);
}

static void step_group(optim *o, const context *c, double lr, int group)
{
    const optim_rule r = rule_of(o, lr, (double)o->step);
    for (int i = 0; i < o->ranges; i++) {
        const struct optim_range *k = &o->range[i];
        if (group == EVERY_GROUP || group == k->group) step_run(o, c, r, lr, k, k->at, k->count, o->p->g + k->at);
    }
    average_rest(o, c);
    o->scale = 1;
}

static void begin_step(optim *o, const context *c)
{
    if (o->ema && !o->ema_updates) o->p->dev->code->average(c, o->p->total, o->p->x, o->ema, 0);
    o->step++, o->ema_updates += o->ema != NULL;
}

void optim_step(optim *o, const context *c, double lr)
{
    begin_step(o, c);
    step_group(o, c, lr, EVERY_GROUP);
}

void optim_step_group(optim *o, const context *c, double lr, int group)
{
    if (!group) begin_step(o, c);
    step_group(o, c, lr, group);
}

void optim_spend_begin(optim *o, const context *c, double lr, int group)
{
    assert(o->conf.clip == 0);
    if (!group) begin_step(o, c);
    o->lr = lr, o->spent = 0, o->bad = NULL;
}

static const param *param_at(const params *p, size_t at)
{
    const param *q = p->p;
    while (q->role != PARAM || q->at != at) q++;
    return q;
}

void optim_spend(optim *o, const context *c, size_t at, size_t count, const real *g)
{
    const struct optim_range *k = o->range;
    while (k + 1 < o->range + o->ranges && k[1].at <= at) k++;
    o->spent += squares(o, c, g, count);
    if (!isfinite(o->spent) && !o->bad) o->bad = param_at(o->p, at);
    if (isfinite(o->spent)) step_run(o, c, rule_of(o, o->lr, (double)o->step), o->lr, k, at, count, g);
}

double optim_spend_end(optim *o, const context *c)
{
    if (!isfinite(o->spent)) return NAN;
    average_rest(o, c);
    return sqrt(o->spent);
}

void optim_begin(optim *o, const context *c, double lr, live_numbers *now)
{
    begin_step(o, c);
    const optim_rule r = rule_of(o, lr, (double)o->step);
    now->lr = r.lr, now->root = r.root, now->take = r.take, now->shrink = (real)(1 - lr * o->conf.decay), now->first = r.first;
}

void optim_judge(const optim *o, const context *c, int n, const real *losses)
{
    const params *p = o->p;
    p->dev->code->squares(c, p->trainable, p->g, o->partial);
    p->dev->code->judge(c, blocks(p), o->partial, o->conf.clip, n, losses);
}

void optim_update(optim *o, const context *c) { step_group(o, c, 0, EVERY_GROUP); }
void optim_undo(optim *o) { o->step--, o->ema_updates -= o->ema != NULL; }

void optim_average(optim *o, const context *c)
{
    const params *p = o->p;
    const double n = (double)o->swa_updates++;
    p->dev->code->average(c, p->total, p->x, o->swa, n / (n + 1));
}

const real *optim_weights(const optim *o) { return o->ema && o->ema_updates ? o->ema : o->p->x; }

void optim_check(const optim_conf *f, const char *at)
{
    const int sgd = f->optimiser == OPTIM_SGD, rms = f->optimiser == OPTIM_RMSPROP, adam = !sgd && !rms;
    char *name = key_text(&optim_keys[0], f), *rule = xprintf("optimiser=%s", name);
    const struct { const char *name; int used; const char *choice; } keys[] = {
        { "momentum", sgd || rms, rule }, { "nesterov", sgd, rule }, { "beta1", adam, rule }, { "beta2", adam, rule }, { "alpha", rms, rule },
        { "eps", !sgd, rule }, { "ema_warmup", f->ema > 0, "ema=0" }, { "decay_norm", f->decay > 0, "decay=0" },
    };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) key_unused(optim_keys, f, keys[i].name, keys[i].used, keys[i].choice, at);
    if (f->swa > 0 && f->ema > 0) die_at(at, "swa: got %lld with ema=%g, wanted one average", (long long)f->swa, f->ema);
    if (f->nesterov && f->momentum == 0) die_at(at, "nesterov: got 1, wanted a momentum above 0 with it");
    free(name), free(rule);
}
