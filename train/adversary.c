/* adversary.c - see adversary.h. */
#include "train/adversary.h"
#include "base/die.h"
#include "base/rng.h"
#include "datasets/erase.h"
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CRITIC "discriminator."
#define FEATURES "perceptual."
static const char at[] = "adversary";

static tensor *add(net *t, const char *op, const char *name, int nin, tensor *const *in, const char *words)
{
    return graph_words(t->g, op, name, at, nin, in, words);
}
static tensor *add1(net *t, const char *op, const char *name, tensor *x, const char *words) { return add(t, op, name, 1, &x, words); }
static tensor *add2(net *t, const char *op, const char *name, tensor *x, tensor *y, const char *words)
{
    return add(t, op, name, 2, (tensor *[]){ x, y }, words);
}

/* ---- the perceptual distance ---- */

/* A network of photographs sees a grey picture three times. */
static tensor *coloured(net *t, tensor *x, const char *name)
{
    return tensor_channels(x) == 1 ? add(t, "concat", name, 3, (tensor *[]){ x, x, x }, " ") : x;
}

/* One tap: how far apart the two maps are, weighted by channel, the mean over the pixels. */
static tensor *tap(net *t, int i, int dropout, tensor *mine, tensor *truth)
{
    char name[40];
    snprintf(name, sizeof name, FEATURES "lin%d.weight", i);
    tensor *w = graph_leaf(t->g, name, SHAPE4(1, 1, tensor_channels(mine), 1), REAL_TYPE, PARAM);
    w->layout = LAYOUT_CONV, w->init = (init){ INIT_CONSTANT, 1 / (double)tensor_channels(mine) };
    snprintf(name, sizeof name, FEATURES "difference%d", i);
    tensor *d = add2(t, "unit_difference", name, mine, truth, " ");
    snprintf(name, sizeof name, FEATURES "dropped%d", i);
    if (dropout) d = add1(t, "dropout", name, d, "probability=0.5");
    snprintf(name, sizeof name, FEATURES "lin%d", i);
    d = add2(t, "conv", name, d, w, " ");
    snprintf(name, sizeof name, FEATURES "tap%d", i);
    return add1(t, "reduce", name, d, "over=pixels kind=mean");
}

tensor *adversary_distance(net *t, const char *features, int dropout, tensor *mine, tensor *truth, tensor *taps[ADVERSARY_TAPS])
{
    static const char *const at_layer[ADVERSARY_TAPS] = { "slice1.2", "slice2.7", "slice3.14", "slice4.21", "slice5.28" };
    net_extend(t, features, FEATURES, NULL, coloured(t, mine, "coloured"));
    net_extend(t, features, "truth." FEATURES, FEATURES, coloured(t, truth, "truth.coloured"));
    for (int i = 0; i < ADVERSARY_TAPS; i++) {
        char name[2][64];
        snprintf(name[0], sizeof name[0], FEATURES "%s", at_layer[i]), snprintf(name[1], sizeof name[1], "truth." FEATURES "%s", at_layer[i]);
        tensor *x = graph_find(t->g, name[0]), *y = graph_find(t->g, name[1]);
        if (!x || !y) die("%s: no layer %s, which a network of features must have", features, at_layer[i]);
        taps[i] = tap(t, i, dropout, x, y);
    }
    return add(t, "add", FEATURES "distance", ADVERSARY_TAPS, taps, " ");
}

/* Mean |difference of the gradients| along rows and columns: |(xr' + x) - (xr + x')| with ' one pixel further */
static tensor *gradients_apart(net *t, tensor *truth)
{
    static const char *const side[2][2] = { { "top=1", "bottom=1" }, { "left=1", "right=1" } };
    tensor *loss[2];
    for (int i = 0; i < 2; i++) {
        tensor *cut[2][2];
        char name[40];
        for (int j = 0; j < 2; j++)
            for (int k = 0; k < 2; k++) {
                snprintf(name, sizeof name, "gradient%d.%s%d", i, j ? "truth" : "output", k);
                cut[j][k] = add1(t, "crop", name, j ? truth : t->output, side[i][k]);
            }
        snprintf(name, sizeof name, "gradient%d.ahead", i);
        tensor *ahead = add2(t, "add", name, cut[0][0], cut[1][1], " ");
        snprintf(name, sizeof name, "gradient%d.behind", i);
        tensor *behind = add2(t, "add", name, cut[0][1], cut[1][0], " ");
        snprintf(name, sizeof name, "loss.gradient%d", i);
        loss[i] = add2(t, "element_loss", name, ahead, behind, "type=l1");
    }
    return add(t, "total", "loss.gradient", 2, loss, "weights=0.5,0.5");
}

/* ---- the generator's objective ---- */

static tensor *codebook_loss(const net *t)
{
    for (int i = 0; i < t->g->n; i++) if (!strcmp(t->g->node[i]->op->name, "codebook_loss")) return t->g->node[i]->out[0];
    return NULL;
}
static node *codebook_update(const net *t)
{
    for (int i = 0; i < t->g->n; i++) if (!strcmp(t->g->node[i]->op->name, "codebook_update")) return t->g->node[i];
    return NULL;
}

/* The weights of the convolution that the output comes out of, cut off or not */
static tensor *last_weights(const net *t)
{
    const node *n = t->output->from;
    while (n && !strcmp(n->op->name, "crop")) n = n->in[0]->from;
    if (!n || strcmp(n->op->name, "conv"))
        die_at(t->layer[t->n - 1].at, "wanted a convolution as the last layer, whose weights balance the losses");
    return n->in[1];
}

/* The squared length of the gradient at w, as it stands at that step of the list: a leaf that lies where that gradient does. */
static tensor *squared_length(net *t, const char *name, tensor *w)
{
    char leaf[96];
    snprintf(leaf, sizeof leaf, "%.70s.gradient", name);
    tensor *g = graph_leaf(t->g, leaf, w->s, REAL_TYPE, INPUT);
    return add1(t, "element_loss", name, g, "type=mse norm=sum target=0");
}

static int is_critics(const char *name) { return !strncmp(name, CRITIC, strlen(CRITIC)); }
int adversary_frozen(const char *name) { return !strncmp(name, FEATURES, strlen(FEATURES)); }

/* The parameters of one group, into wrt */
static int of_group(const net *t, int critics, tensor **wrt)
{
    int n = 0;
    for (int i = 0; i < t->g->nt; i++) {
        tensor *q = t->g->tensor[i];
        if (q->role == PARAM && !adversary_frozen(q->name) && is_critics(q->name) == critics) wrt[n++] = q;
    }
    return n;
}

/* Mean |difference| of what every convolution of the critic but the first reads, between the critic on xr (nodes from `mine`) and on x (from
 * `truth`, one for one), averaged over the convolutions */
static tensor *features_apart(net *t, int mine, int truth)
{
    enum { MOST = 16 };
    tensor *loss[MOST];
    char words[16 + 24 * MOST] = "weights=";
    int n = 0;
    for (int i = 1; mine + i < truth && n < MOST; i++) {
        const node *a = t->g->node[mine + i], *b = t->g->node[truth + i];
        char name[40];
        if (strcmp(a->op->name, "conv")) continue;
        snprintf(name, sizeof name, "loss.matching%d", n);
        a->in[0]->of = b->in[0]->of = NULL;       /* read after a concat that joins them: their gradients cannot live in its own */
        loss[n++] = add2(t, "element_loss", name, a->in[0], b->in[0], "type=l1");
    }
    if (!n) die("adversary.matching: the critic is one convolution, wanted more: their maps are compared");
    for (int i = 0; i < n; i++) snprintf(words + strlen(words), sizeof words - strlen(words), "%s%.17g", i ? "," : "", 1.0 / n);
    return add(t, "total", "loss.matching", n, loss, words);
}

static void add_losses(adversary *a, const adversary_conf *f)
{
    net *t = a->t;
    tensor *x = a->truth[0], *terms[3];
    char words[120];
    a->codebook = codebook_loss(t);
    a->l1 = add2(t, "element_loss", "loss.l1", t->output, x, "type=l1");
    if (f->features) {
        tensor *taps[ADVERSARY_TAPS];
        a->perceptual = add1(t, "reduce", "loss.perceptual", adversary_distance(t, f->features, f->dropout, t->output, x, taps),
                             "over=all kind=mean");
    } else a->perceptual = gradients_apart(t, x);
    const int mine = t->g->n;
    tensor *verdict = net_extend(t, f->critic, CRITIC, NULL, t->output);
    const int truth = t->g->n;
    if (f->matching > 0) {
        net_extend(t, f->critic, "truth." CRITIC, CRITIC, x);
        a->matching = features_apart(t, mine, truth);
    }
    terms[0] = a->l1, terms[1] = a->perceptual, terms[2] = a->matching;
    if (a->matching) snprintf(words, sizeof words, "weights=1,%.17g,%.17g", f->perceptual, f->matching);
    else snprintf(words, sizeof words, "weights=1,%.17g", f->perceptual);
    a->nll = add(t, "total", "loss.nll", a->matching ? 3 : 2, terms, words);
    a->fooled = add1(t, "element_loss", "loss.fooled", verdict, "type=linear");
}

/* The list of the generator: forward; the two gradients at the last weights; the weight; the gradient of everything; the codebook. */
static void plan_build(adversary *a, const adversary_conf *f, tensor **wrt)
{
    net *t = a->t;
    tensor *w = last_weights(t), *out[4] = { a->nll, a->fooled, t->output, a->codebook };
    char words[120];
    schedule_forward(&a->build, t->g, out, a->codebook ? 4 : 3);
    a->forward = a->build.n;
    tensor *sides[3] = { a->fooled };
    for (int i = 0; i < 2; i++) {
        schedule_backward(&a->build, t->g, i ? a->fooled : a->nll, &w, 1);
        sides[1 + i] = squared_length(t, i ? "length.fooled" : "length.nll", w);
        schedule_append(&a->build, sides[1 + i]->from);
    }
    snprintf(words, sizeof words, "weight=%.17g start=%lld", f->weight, (long long)f->start);
    tensor *balanced = add(t, "balance", "loss.balanced", 3, sides, words), *terms[3] = { a->nll, balanced, a->codebook };
    a->balance = balanced->from->out[1];
    snprintf(words, sizeof words, "weights=1,1,%.17g", f->codebook);
    a->loss = add(t, "total", "loss", a->codebook ? 3 : 2, terms, a->codebook ? words : "weights=1,1");
    schedule_append(&a->build, balanced->from), schedule_append(&a->build, a->loss->from);
    const int n = of_group(t, 0, wrt);
    schedule_backward(&a->build, t->g, a->loss, wrt, n);
    a->spends = f->spend && schedule_reaches(wrt, n);
    if (codebook_update(t)) schedule_append(&a->build, codebook_update(t)), a->perplexity = codebook_update(t)->out[0];
    tensor *kept[] = { a->l1, a->perceptual, a->matching, a->nll, a->fooled, a->codebook, a->loss, a->perplexity, a->balance, sides[1], sides[2] };
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) if (kept[i]) kept[i]->keep = 1;
}

/* ---- the critic's ---- */

static void plan_judge(adversary *a, const adversary_conf *f, tensor **wrt)
{
    net *u = a->u;
    char real_words[40], fake_words[40], words[40];
    snprintf(real_words, sizeof real_words, "type=%s target=1", f->vanilla ? "bce" : "hinge");
    snprintf(fake_words, sizeof fake_words, "type=%s target=0", f->vanilla ? "bce" : "hinge");
    tensor *side[2] = {                      /* films first: so the norms' statistics take them in */
        add1(u, "element_loss", "critic.real", net_extend(u, f->critic, CRITIC, NULL, a->truth[1]), real_words),
        add1(u, "element_loss", "critic.fake", net_extend(u, f->critic, "fake." CRITIC, CRITIC, u->output), fake_words) };
    tensor *both = add(u, "total", "critic", 2, side, "weights=0.5,0.5");
    snprintf(words, sizeof words, "start=%lld", (long long)f->start);
    a->critic_loss = add1(u, "balance", "critic.balanced", both, words);
    a->critic_loss->keep = 1;
    schedule_forward(&a->judge, u->g, &a->critic_loss, 1);
    a->judged = a->judge.n;
    const int n = of_group(u, 1, wrt);
    schedule_backward(&a->judge, u->g, a->critic_loss, wrt, n);
    a->spends = a->spends && schedule_reaches(wrt, n);
}

/* ---- both ---- */

static void bind_lengths(adversary *a)
{
    static const char *const leaf[] = { "length.nll.gradient", "length.fooled.gradient" };
    for (int i = 0; i < 2; i++) graph_find(a->t->g, leaf[i])->x.p = last_weights(a->t)->g.p;
}

/* What the output is to be: the input, or with erasing a leaf of its own */
static tensor *truth_of(net *t, int apart)
{
    return apart ? graph_leaf(t->g, "truth", t->input->s, REAL_TYPE, INPUT) : t->input;
}

adversary *adversary_plan(const adversary_conf *f, net *t, net *u, uint64_t seed, int share, const device *dev)
{
    adversary *a = xalloc(sizeof *a);
    const shape x = t->input->s, y = t->output->s;
    if (!shape_same(&x, &y))
        die("%s: the output has %lld channels, the input %lld: wanted as many", t->text->path, (long long)y.d[3], (long long)x.d[3]);
    a->t = t, a->u = u;
    a->c = net_context(t, dev), a->c.training = 1, a->c.seed = seed, a->erase = f->erase;
    a->truth[0] = truth_of(t, f->erase > 0), a->truth[1] = truth_of(u, f->erase > 0);
    add_losses(a, f);
    tensor **wrt = xalloc_n((size_t)t->g->nt + 64, sizeof *wrt);
    plan_build(a, f, wrt);
    plan_judge(a, f, wrt);
    if (a->spends) schedule_spend(&a->build), schedule_spend(&a->judge);
    a->build.recompute = a->judge.recompute = f->recompute;
    plan_make(&a->build, &a->c, share), plan_make(&a->judge, &a->c, share);
    free(wrt);
    return a;
}

/* What stands in one list's maps is read before the other runs: they share their memory. */
static size_t arena_of(const adversary *a) { return a->build.arena > a->judge.arena ? a->build.arena : a->judge.arena; }

static int is_frozen(const void *arg, const char *name) { (void)arg; return adversary_frozen(name); }

static void spend(void *arg, const context *c, tensor *t)
{
    const adversary *a = arg;
    layers_spend(a->layers, a->o, c, t);
}

void adversary_take(adversary *a, const optim_conf *o)
{
    const device *dev = a->c.dev;
    net *const both[] = { a->t, a->u };
    a->p = params_new_frozen(a->t->g, dev, !a->spends, is_frozen, NULL);
    for (int i = 0; i < a->p->n; i++) a->p->p[i].group = is_critics(a->p->p[i].name);
    params_init(a->p, a->c.seed);
    params_bind(a->p, a->t->g), params_bind(a->p, a->u->g);
    a->o = optim_new(o, a->p);
    for (int i = 0; i < 2; i++) {
        both[i]->input->x.p = device_alloc(dev, both[i]->input->x.size, "a batch");
        if (a->erase > 0) a->truth[i]->x.p = device_alloc(dev, both[i]->input->x.size, "a batch's truth");
    }
    schedule *const lists[] = { &a->build, &a->judge };
    a->maps = device_alloc(dev, arena_of(a), "maps");
    for (int i = 0; i < 2; i++) {
        plan_place_at(lists[i], a->maps);
        lists[i]->spend = spend, lists[i]->spender = a;
    }
    bind_lengths(a);
}

params adversary_result(const adversary *a)
{
    params of = *a->p;
    of.p = xalloc_n((size_t)a->p->n, sizeof *of.p), of.n = 0;
    for (int i = 0; i < a->p->n; i++) if (!a->p->p[i].group && !a->p->p[i].frozen) of.p[of.n++] = a->p->p[i];
    return of;
}

size_t adversary_map_bytes(const adversary *a) { return arena_of(a) + (size_t)(a->erase > 0 ? 4 : 2) * a->t->input->x.size; }

void adversary_free(adversary *a)
{
    if (!a) return;
    const device *dev = a->c.dev;
    net *const both[] = { a->t, a->u };
    for (int i = 0; i < 2 && a->p; i++) {
        dev->free(dev, both[i]->input->x.p);
        if (a->erase > 0) dev->free(dev, a->truth[i]->x.p);
    }
    if (a->maps) dev->free(dev, a->maps);
    schedule_free(&a->build), schedule_free(&a->judge);
    optim_free(a->o), params_free(a->p), net_free(a->t), net_free(a->u), free(a);
}

/* Film n of the batch without strokes, in place: all channels are the same grey */
static void erase(const adversary *a, uint32_t n, real *image)
{
    const int64_t h = a->t->conf.height, w = a->t->conf.width, c = a->t->conf.channels;
    uint8_t *mask = xalloc_n((size_t)h, (size_t)w);
    float *grey = xalloc_n((size_t)(h * w), sizeof *grey);
    erase_strokes(a->c.seed, a->c.step, n, h, w, mask);
    for (int64_t i = 0; i < h * w; i++) grey[i] = (float)image[i * c];
    erase_fill(grey, h, w, mask);
    for (int64_t i = 0; i < h * w * c; i++) if (mask[i / c]) image[i] = (real)grey[i / c];
    free(mask), free(grey);
}

void adversary_put(adversary *a, const real *image)
{
    const device *dev = a->c.dev;
    const size_t bytes = a->t->input->x.size;
    const real *seen = image;
    real *copy = NULL;
    if (a->erase > 0) {
        const int64_t each = shape_volume(&a->t->input->s) / a->t->conf.batch;
        seen = copy = xalloc(bytes);
        memcpy(copy, image, bytes);
        for (uint32_t n = 0; n < (uint32_t)a->t->conf.batch; n++) {
            const rng4 r = rng_draw(a->c.seed, RNG_ERASE, a->c.step, n, (uint64_t)1 << 32);
            if (rng_u01(r.v[0]) < a->erase) erase(a, n, copy + n * each);
        }
        for (int i = 0; i < 2; i++) dev->put(dev, a->truth[i]->x.p, image, bytes);
    }
    dev->put(dev, a->t->input->x.p, seen, bytes), dev->put(dev, a->u->input->x.p, seen, bytes);
    free(copy);
}

static double number(const adversary *a, const tensor *t)
{
    real v = 0;
    if (t) a->c.dev->get(a->c.dev, &v, t->x.p, sizeof v);
    return (double)v;
}

/* The steps of a list from `from` on, which make the gradients of a group, and its optimiser step; returns their norm */
static double finish(adversary *a, const schedule *s, int from, double lr, int group)
{
    if (a->spends) optim_spend_begin(a->o, &a->c, lr, group);
    schedule_run_part(s, &a->c, from, s->n);
    if (a->spends) return optim_spend_end(a->o, &a->c);
    const double norm = optim_clip_group(a->o, &a->c, group);
    if (isfinite(norm)) optim_step_group(a->o, &a->c, lr, group);
    return norm;
}

void adversary_step(adversary *a, int64_t step, double lr, const real *image, adversary_losses *out)
{
    int valued = 0;                          /* steps of `build` that end in the loss */
    while (a->build.s[valued++].n != a->loss->from) {}
    a->c.step = (uint32_t)step;
    adversary_put(a, image);
    schedule_run_part(&a->build, &a->c, 0, valued);
    *out = (adversary_losses){ .loss = number(a, a->loss), .l1 = number(a, a->l1), .perceptual = number(a, a->perceptual), .matching = number(a, a->matching),
        .codebook = number(a, a->codebook), .fooled = number(a, a->fooled), .balance = number(a, a->balance),
        .critic = NAN, .norm = NAN, .critic_norm = NAN };
    if (!isfinite(out->loss)) return;
    out->norm = finish(a, &a->build, valued, lr, 0);
    out->perplexity = number(a, a->perplexity);
    if (!isfinite(out->norm)) return;
    schedule_run_part(&a->judge, &a->c, 0, a->judged);
    out->critic = number(a, a->critic_loss);
    if (isfinite(out->critic)) out->critic_norm = finish(a, &a->judge, a->judged, lr, 1);
}
