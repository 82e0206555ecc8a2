/* model.c - see model.h. */
#include "train/model.h"
#include "base/die.h"
#include "nn/detector_input.h"
#include "train/instances.h"
#include "train/replay.h"
#include "nn/weights.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *list_words(const char *key, const double *v, int n)
{
    char *text = xdup(n ? key : "");
    for (int i = 0; i < n; i++) {
        char *more = xprintf("%s%s%.17g", text, i ? "," : "=", v[i]);
        free(text);
        text = more;
    }
    return text;
}

/* A detector's losses are part of its graph. */
static void add_detection(model_size *m, const run *r)
{
    char *at = xprintf("%s: objective", r->path);
    m->loss = graph_words(m->t->g, "total", "loss", at, m->t->detector->terms, m->t->detector->term, " ");
    m->loss->keep = 1;
    free(at);
}

/* With the truth as its input, instead of t, which is gone */
static net *with_truth(net *t)
{
    static const char *const word[] = { "net.training=1" };
    if (!t->detector || t->conf.training) return t;
    char *text = net_text(t);
    net *u = net_parse(text, t->text->path, word, 1);
    free(text), net_free(t);
    return u;
}

static void add_objective(model_size *m, const run *r)
{
    graph *g = m->t->g;
    const shape s = m->t->output->s;
    int kind[LOSSES], n;
    double weight[LOSSES];
    tensor *term[LOSSES];
    char *at = xprintf("%s: objective", r->path), *dice = run_value(r, "objective", "dice"), *w;
    w = list_words("weights", r->objective.class_weights.v, r->objective.class_weights.n);
    m->truth = graph_leaf(g, "truth", SHAPE4(s.d[0], s.d[1], s.d[2], 1), U8, INPUT);
    n = run_losses(r, kind, weight);
    for (int i = 0; i < n; i++) {
        char *words = xprintf("ignore=%d %s%s %s", r->objective.ignore < 0 ? -1 : IGNORED, kind[i] == LOSS_DICE ? "type=" : "",
                              kind[i] == LOSS_DICE ? dice : "", kind[i] == LOSS_CROSS_ENTROPY ? w : "");
        char *name = xprintf("loss.%s", loss_names[kind[i]]);
        term[i] = graph_words(g, loss_names[kind[i]], name, at, 2, (tensor *const[]){ m->t->output, m->truth }, words);
        term[i]->keep = 1;
        free(words), free(name);
    }
    char *words = list_words("weights", weight, n);
    m->loss = graph_words(g, "total", "loss", at, n, term, words);
    m->loss->keep = 1;
    free(words), free(w), free(dice), free(at);
}

/* Is a norm to keep its running statistics? Where all its parameters are frozen, or a statistic is. */
static int is_still(const node *k, const char *freeze)
{
    int parameters = 0, frozen = 0;
    for (int j = 0; j < k->nin; j++) {
        const int fits = params_fits(freeze, k->in[j]->name);
        if (k->in[j]->role == STATE && fits) return 1;
        if (k->in[j]->role == PARAM) parameters++, frozen += fits;
    }
    return parameters && frozen == parameters;
}

/* The parameters that are trained, into wrt; returns how many. */
static int trained(const run *r, graph *g, tensor **wrt)
{
    const char *freeze = r->solver.freeze;
    int n = 0;
    for (int i = 0; i < g->nt; i++)
        if (g->tensor[i]->role == PARAM && !params_fits(freeze, g->tensor[i]->name)) wrt[n++] = g->tensor[i];
    if (!n) die("%s: solver.freeze=%s leaves nothing to train", r->path, freeze ? freeze : "");
    for (int i = 0; i < g->n && freeze; i++) g->node[i]->still = is_still(g->node[i], freeze);
    return n;
}

static void plan_size(model *m, const run *r, net *t)
{
    model_size *z = &m->of[m->sizes++];
    tensor **wrt = xalloc_n((size_t)t->g->nt, sizeof *wrt);
    z->t = t;
    if (t->detector) add_detection(z, r);
    else add_objective(z, r);
    const int n = trained(r, t->g, wrt);
    schedule_forward(&z->plan, t->g, &z->loss, 1);
    z->forward = z->plan.n;
    schedule_backward(&z->plan, t->g, z->loss, wrt, n);
    m->spends = m->spends && schedule_reaches(wrt, n);         /* what gets no gradient is to decay and be told of like all else */
    if (m->spends) schedule_spend(&z->plan);
    z->plan.recompute = (enum recompute)r->solver.recompute;
    plan_make(&z->plan, &m->c, 1);
    free(wrt);
}

/* The network for another size. What cannot be built for it, or would have other parameters, is the size's fault. */
static net *resized(const model *m, const run *r, int64_t h, int64_t w)
{
    char at[80], a[64], b[64];
    die_trap trap;
    snprintf(at, sizeof at, "data.sizes: %lldx%lld", (long long)h, (long long)w);
    die_trap_push(&trap);
    if (setjmp(trap.jump)) {
        if (trap.status != EXIT_INPUT) die_again(&trap);
        die_at(at, "%s", trap.text);
    }
    net *t = with_truth(run_net_at(r, m->images, h, w));
    die_trap_pop(&trap);
    for (int i = 0; i < m->t->g->nt; i++) {
        const tensor *own = m->t->g->tensor[i], *here = graph_find(t->g, own->name);
        if ((own->role == PARAM || own->role == STATE) && (!here || !shape_same(&own->s, &here->s)))
            die_at(at, "%s would be %s and is %s at the net's own size: this network is for one size", own->name,
                   here ? shape_text(&here->s, a) : "missing", shape_text(&own->s, b));
    }
    return t;
}

static void plan_adversary(model *m, const run *r)
{
    const run_adversary *v = &r->adversary;
    char *critic = run_file(r, v->critic), *features = run_file(r, v->features);
    const adversary_conf f = { .critic = critic, .features = features, .perceptual = v->perceptual, .weight = v->weight, .codebook = v->codebook,
                                .matching = v->matching, .recompute = (enum recompute)r->solver.recompute, .spend = m->spends, .erase = v->erase, .start = v->start, .vanilla = v->loss, .dropout = v->dropout };
    m->a = adversary_plan(&f, m->t, run_net(r, m->images), (uint64_t)r->solver.seed, 1, m->c.dev);
    m->of[m->sizes++] = (model_size){ .t = m->t, .loss = m->a->loss, .plan = m->a->build, .forward = m->a->forward };
    m->c = m->a->c, m->spends = m->a->spends;
    free(critic), free(features);
}

/* Need gradients not all be there at once? A limit on their norm and their sum over the parts of a batch need them all; a GPU would have to be
 * waited for after each. */
static int may_spend(const run *r, const device *dev)
{
    return r->solver.fuse_step && r->solver.optim.clip == 0 && r->solver.subdivisions == 1 && dev == &device_cpu;
}

static void spend(void *arg, const context *c, tensor *t)
{
    const model *m = arg;
    layers_spend(m->layers, m->o, c, t);
}

model *model_plan(const run *r, net *t, const device *dev)
{
    const fit_sizes s = fit_sizes_of(&r->data.fit, t->conf.height, t->conf.width);
    model *m = xalloc(sizeof *m);
    m->t = t = with_truth(t), m->images = t->conf.batch, m->parts = r->solver.subdivisions;
    m->c = net_context(t, dev), m->part_loss = xalloc_n((size_t)m->parts, sizeof *m->part_loss);
    m->c.training = 1, m->c.seed = (uint64_t)r->solver.seed, m->c.loss_scale = 1.0 / (double)m->parts;
    m->spends = may_spend(r, dev);
    if (r->adversary.critic) { plan_adversary(m, r); return m; }
    plan_size(m, r, t);
    for (int k = 1; k < s.n; k++) plan_size(m, r, resized(m, r, s.h[k], s.w[k]));
    return m;
}

/* Bytes of the largest plan, input and label map; 0 for the last of a detector, whose sizes have their truth each for itself. */
static void largest(const model *m, size_t *maps, size_t *input, size_t *labels)
{
    *maps = *input = *labels = 0;
    for (int k = 0; k < m->sizes; k++) {
        const model_size *z = &m->of[k];
        if (z->plan.arena > *maps) *maps = z->plan.arena;
        if (z->t->input->x.size > *input) *input = z->t->input->x.size;
        if (z->truth && z->truth->x.size > *labels) *labels = z->truth->x.size;
    }
}

/* The weights of the network of features, which training leaves as they are */
static void read_features(const params *p, const char *path)
{
    params of = *p;
    of.p = xalloc_n((size_t)p->n, sizeof *of.p), of.n = 0;
    for (int i = 0; i < p->n; i++) if (p->p[i].frozen) of.p[of.n++] = p->p[i];
    weights_read(path, &of, key_map_find("lpips"));
    free(of.p);
}

static void take_adversary(model *m, const run *r)
{
    adversary_take(m->a, &r->solver.optim);
    char *weights = run_file(r, r->adversary.features_weights);
    if (weights) read_features(m->a->p, weights), free(weights);
    m->of[0].plan = m->a->build, m->p = m->a->p, m->o = m->a->o;
    if (sizeof(real) != sizeof(float)) m->staging = xalloc(m->t->input->x.size);
}

static int fits_patterns(const void *patterns, const char *name) { return params_fits(patterns, name); }

void model_take(model *m, const run *r)
{
    const device *dev = m->c.dev;
    if (m->a) { take_adversary(m, r); return; }
    m->p = params_new_frozen(m->t->g, dev, !m->spends, fits_patterns, r->solver.freeze);
    params_init(m->p, (uint64_t)r->solver.seed);
    m->o = optim_new(&r->solver.optim, m->p);
    size_t maps, input, labels;
    largest(m, &maps, &input, &labels);
    m->maps = device_alloc(dev, maps, "maps"), m->input = device_alloc(dev, input, "a batch");
    if (labels) m->labels = device_alloc(dev, labels, "labels");
    for (int k = 0; k < m->sizes; k++) {
        model_size *z = &m->of[k];
        params_bind(m->p, z->t->g);
        z->t->input->x.p = m->input;
        if (z->truth) z->truth->x.p = m->labels;
        else instances_take(z->t, dev);
        plan_place_at(&z->plan, m->maps);
        z->plan.spend = spend, z->plan.spender = m;
    }
    if (sizeof(real) != sizeof(float) || m->t->detector) m->staging = xalloc(input);
    replay_take(m);
}

void model_free(model *m)
{
    if (!m) return;
    const device *dev = m->c.dev;
    if (m->a) {
        adversary_free(m->a);
        free(m->staging), free(m->part_loss), free(m);
        return;
    }
    replay_free(m);
    if (m->p) dev->free(dev, m->input), dev->free(dev, m->maps);
    if (m->labels) dev->free(dev, m->labels);
    for (int k = 0; k < m->sizes && m->p; k++) if (!m->of[k].truth) instances_free(m->of[k].t, dev);
    optim_free(m->o), params_free(m->p);
    for (int k = 0; k < m->sizes; k++) schedule_free(&m->of[k].plan), net_free(m->of[k].t);
    free(m->staging), free(m->part_loss), free(m);
}

int64_t model_numbers(const graph *g, role which)
{
    int64_t n = 0;
    for (int i = 0; i < g->nt; i++) if (g->tensor[i]->role == which) n += shape_volume(&g->tensor[i]->s);
    return n;
}

static int64_t trained_numbers(const graph *g, const run *r)
{
    int64_t n = 0;
    for (int i = 0; i < g->nt; i++) {
        const tensor *t = g->tensor[i];
        if (t->role == PARAM && !params_fits(r->solver.freeze, t->name) && !adversary_frozen(t->name)) n += shape_volume(&t->s);
    }
    return n;
}

static int moments(const run *r) { return r->solver.optim.optimiser == OPTIM_SGD ? 1 : 2; }

size_t model_map_bytes(const model *m)
{
    size_t maps, input, labels;
    if (m->a) return adversary_map_bytes(m->a);
    largest(m, &maps, &input, &labels);
    for (int k = 0; k < m->sizes; k++) if (!m->of[k].truth) labels += instances_bytes(m->of[k].t);
    return maps + input + labels + replay_bytes(m);
}

size_t model_state_bytes(const model *m, const run *r)
{
    const size_t trained = (size_t)trained_numbers(m->t->g, r), all = (size_t)(model_numbers(m->t->g, PARAM) + model_numbers(m->t->g, STATE));
    return sizeof(real) * (all * (size_t)(1 + (r->solver.optim.ema > 0) + (r->solver.optim.swa > 0)) + trained * (size_t)(!m->spends + moments(r)));
}

size_t model_file_bytes(const model *m, const run *r)
{
    const size_t gradients = m->spends ? 0 : sizeof(real) * (size_t)trained_numbers(m->t->g, r), hdf5 = (size_t)1 << 20;
    return model_state_bytes(m, r) - gradients + hdf5;
}

/* Part `part` of the images as the network takes them */
static const void *staged(model *m, const net *t, int64_t part, const float *image)
{
    const int64_t n = shape_volume(&t->input->s);
    if (!m->staging) return image + part * n;
    for (int64_t i = 0; i < n; i++) m->staging[i] = (real)image[part * n + i];
    if (t->detector) detector_normalise(&t->detector->conf, n, m->staging);
    return m->staging;
}

/* Part `part` of a batch onto the device. */
static void put_part(model *m, const model_size *z, int64_t part, const float *image, const uint8_t *labels)
{
    const device *dev = m->c.dev;
    const int64_t area = tensor_pixels(z->t->input);
    dev->put(dev, z->t->input->x.p, staged(m, z->t, part, image), z->t->input->x.size);
    if (z->truth) dev->put(dev, z->truth->x.p, labels + part * area, z->truth->x.size);
    else if (z->t->detector) instances_put(z->t, dev, labels + part * area, m->classes + part * m->images * INSTANCE_IDS);
}

/* The worse of the two norms says whether all went well. */
static double adversary_turn(model *m, int64_t step, double lr, const float *image, double *loss)
{
    adversary_losses *l = &m->said;
    adversary_step(m->a, step, lr, staged(m, m->t, 0, image), l);
    *loss = m->part_loss[0] = l->loss;
    return isfinite(l->loss) && isfinite(l->critic) && isfinite(l->critic_norm) ? l->norm : NAN;
}

static double loss_of(const model *m, const model_size *z)
{
    real one;
    m->c.dev->get(m->c.dev, &one, z->loss->x.p, sizeof one);
    return (double)one;
}

/* A step whose gradients are spent on the way; the loss is looked at before the first. */
static double spending_step(model *m, const model_size *z, double lr, const float *image, const uint8_t *labels, double *loss)
{
    m->o->bad = NULL;
    put_part(m, z, 0, image, labels);
    schedule_run_part(&z->plan, &m->c, 0, z->forward);
    *loss = m->part_loss[0] = loss_of(m, z);
    if (!isfinite(*loss)) return NAN;
    optim_spend_begin(m->o, &m->c, lr, 0);
    schedule_run_part(&z->plan, &m->c, z->forward, z->plan.n);
    return optim_spend_end(m->o, &m->c);
}

/* A step with all gradients there at its end */
static double whole_step(model *m, const model_size *z, double lr, const float *image, const uint8_t *labels, double *loss)
{
    *loss = 0;
    for (int64_t part = 0; part < m->parts; part++) {
        m->c.micro = (uint32_t)part, m->c.accumulate = part > 0;
        put_part(m, z, part, image, labels);
        schedule_run(&z->plan, &m->c);
        m->part_loss[part] = loss_of(m, z);
        *loss += m->part_loss[part] / (double)m->parts;
        if (!isfinite(*loss)) return NAN;
    }
    double norm = optim_clip(m->o, &m->c);
    if (isfinite(norm)) optim_step(m->o, &m->c, lr);
    return norm;
}

double model_step(model *m, int64_t step, double lr, int size, const float *image, const uint8_t *labels, double *loss)
{
    const model_size *z = &m->of[size];
    real *before = m->layers && !m->spends ? layers_before(m->p, 0, m->p->trainable) : NULL;
    m->c.step = (uint32_t)step;
    if (m->a) m->a->layers = m->layers;
    const double norm = m->a ? adversary_turn(m, step, lr, image, loss) : m->replay ? replay_step(m, step, lr, size, image, labels, loss)
                      : m->spends ? spending_step(m, z, lr, image, labels, loss) : whole_step(m, z, lr, image, labels, loss);
    if (before) layers_measure(m->layers, m->p, 0, m->p->trainable, before, m->p->g);
    free(before);
    return norm;
}

void model_look(model *m, int64_t step, int size, const float *image, const uint8_t *labels)
{
    const model_size *z = &m->of[size];
    m->c.step = (uint32_t)step;
    for (int64_t part = 0; part < m->parts; part++) {
        m->c.micro = (uint32_t)part;
        put_part(m, z, part, image, labels);
        schedule_run_part(&z->plan, &m->c, 0, z->forward);
    }
}

/* Is every number of the tensor finite? A view's pixels lie apart. */
static int all_finite(const model *m, const tensor *t, const void *at)
{
    const int64_t c = tensor_channels(t), n = tensor_pixels(t), stride = tensor_stride(t);
    const size_t count = (size_t)((n - 1) * stride + c);
    if (!at || !tensor_differentiable(t)) return 1;
    void *host = xalloc_n(count, dtype_size(t->type));
    int ok = 1;
    m->c.dev->get(m->c.dev, host, at, count * dtype_size(t->type));
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < c; j++) ok &= isfinite(tensor_number(t, host, i * stride + j)) != 0;
    free(host);
    return ok;
}

static const tensor *bad_of(const model *m, const step *s, const char **what)
{
    if (!s->n || s->pack) return NULL;
    *what = s->backward ? "gradient of " : "";
    for (int i = 0; i < s->n->nout && !s->backward; i++) if (!all_finite(m, s->n->out[i], s->n->out[i]->x.p)) return s->n->out[i];
    for (int i = 0; i < s->n->nin && s->backward; i++)
        if (s->want >> i & 1 && !all_finite(m, s->n->in[i], s->n->in[i]->g.p)) return s->n->in[i];
    return NULL;
}

void model_first_bad(model *m, int size, const float *image, const uint8_t *labels, char out[160])
{
    const model_size *z = &m->of[size];
    const char *what = "";
    snprintf(out, 160, "none when repeated");
    for (int i = 0; i < m->p->n; i++) {
        const tensor *t = graph_find(m->t->g, m->p->p[i].name);
        if (m->p->p[i].role == PARAM && !all_finite(m, t, t->x.p)) { snprintf(out, 160, "the parameter %s, before the step", t->name); return; }
    }
    for (int64_t part = 0; part < m->parts; part++) {
        m->c.micro = (uint32_t)part, m->c.accumulate = part > 0;
        put_part(m, z, part, image, labels);
        if (!all_finite(m, z->t->input, z->t->input->x.p)) { snprintf(out, 160, "input"); return; }
        if (m->o->bad) { snprintf(out, 160, "gradient of %s", m->o->bad->name); return; }        /* repeated, it would meet other weights */
        for (int i = 0; i < z->plan.n; i++) {
            if (z->plan.s[i].spend) continue;
            schedule_run_part(&z->plan, &m->c, i, i + 1);
            const tensor *t = bad_of(m, &z->plan.s[i], &what);
            if (t) { snprintf(out, 160, "%s%s", what, t->name); return; }
        }
    }
}
