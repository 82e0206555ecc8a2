/* model.c - see model.h. */
#include "train/model.h"
#include "base/words.h"
#include "base/die.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static tensor *loss_node(graph *g, const char *kind, const char *name, const char *at, int nin, tensor *const *in, const char *words)
{
    const op *o = op_find(kind);
    void *conf = xalloc(o->conf);
    key_words(o->keys, conf, words, at);
    tensor *t = graph_add(g, o, name, at, nin, in, conf);
    free(conf);
    return t;
}

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

static void add_objective(model *m, const run *r)
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
        term[i] = loss_node(g, loss_names[kind[i]], name, at, 2, (tensor *const[]){ m->t->output, m->truth }, words);
        term[i]->keep = 1;
        free(words), free(name);
    }
    char *words = list_words("weights", weight, n);
    m->loss = loss_node(g, "total", "loss", at, n, term, words);
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

model *model_plan(const run *r, net *t, const device *dev)
{
    model *m = xalloc(sizeof *m);
    m->t = t, m->images = t->conf.batch, m->parts = r->solver.subdivisions;
    m->c = net_context(t, dev), m->part_loss = xalloc_n((size_t)m->parts, sizeof *m->part_loss);
    m->c.training = 1, m->c.seed = (uint64_t)r->solver.seed, m->c.loss_scale = 1.0 / (double)m->parts;
    add_objective(m, r);
    graph *g = t->g;
    tensor **wrt = xalloc_n((size_t)g->nt, sizeof *wrt);
    const int n = trained(r, g, wrt);
    schedule_forward(&m->plan, g, &m->loss, 1);
    m->forward = m->plan.n;
    schedule_backward(&m->plan, g, m->loss, wrt, n);
    plan_make(&m->plan, &m->c, 1);
    free(wrt);
    return m;
}

static void *take(const device *dev, size_t bytes)
{
    void *p = dev->alloc(dev, bytes);
    if (!p) die_machine("out of memory on %s: need %s, have %s", dev->name, BYTES(bytes), BYTES(dev->room(dev)));
    return p;
}

void model_take(model *m, const run *r)
{
    const device *dev = m->c.dev;
    m->p = params_new(m->t->g, dev, 1);
    params_bind(m->p, m->t->g);
    params_init(m->p, (uint64_t)r->solver.seed);
    for (int i = 0; i < m->p->n; i++) m->p->p[i].frozen = params_fits(r->solver.freeze, m->p->p[i].name);
    m->o = optim_new(&r->solver.optim, m->p);
    m->t->input->x.p = take(dev, m->t->input->x.size);
    m->truth->x.p = take(dev, m->truth->x.size);
    plan_place(&m->plan, dev);
    if (sizeof(real) != sizeof(float)) m->staging = xalloc(m->t->input->x.size);
}

void model_free(model *m)
{
    if (!m) return;
    const device *dev = m->c.dev;
    if (m->p) dev->free(dev, m->t->input->x.p), dev->free(dev, m->truth->x.p);
    schedule_free(&m->plan);
    optim_free(m->o), params_free(m->p), net_free(m->t);
    free(m->staging), free(m->part_loss), free(m);
}

int64_t model_numbers(const graph *g, role which)
{
    int64_t n = 0;
    for (int i = 0; i < g->nt; i++) if (g->tensor[i]->role == which) n += shape_volume(&g->tensor[i]->s);
    return n;
}

static int moments(const run *r) { return r->solver.optim.optimiser == OPTIM_SGD ? 1 : 2; }

size_t model_map_bytes(const model *m) { return m->plan.arena + m->t->input->x.size + m->truth->x.size; }

size_t model_state_bytes(const model *m, const run *r)
{
    const size_t trained = (size_t)model_numbers(m->t->g, PARAM), all = trained + (size_t)model_numbers(m->t->g, STATE);
    return sizeof(real) * (all * (size_t)(1 + (r->solver.optim.ema > 0) + (r->solver.optim.swa > 0)) + trained * (size_t)(1 + moments(r)));
}

size_t model_file_bytes(const model *m, const run *r)
{
    const size_t gradients = sizeof(real) * (size_t)model_numbers(m->t->g, PARAM), hdf5 = (size_t)1 << 20;
    return model_state_bytes(m, r) - gradients + hdf5;
}

/* Part `part` of a batch onto the device. */
static void put_part(model *m, int64_t part, const float *image, const uint8_t *labels)
{
    const device *dev = m->c.dev;
    const int64_t n = shape_volume(&m->t->input->s), area = tensor_pixels(m->truth);
    const void *from = image + part * n;
    if (m->staging) {
        for (int64_t i = 0; i < n; i++) m->staging[i] = (real)image[part * n + i];
        from = m->staging;
    }
    dev->put(dev, m->t->input->x.p, from, m->t->input->x.size);
    dev->put(dev, m->truth->x.p, labels + part * area, m->truth->x.size);
}

double model_step(model *m, int64_t step, double lr, const float *image, const uint8_t *labels, double *loss)
{
    real one;
    *loss = 0;
    m->c.step = (uint32_t)step;
    for (int64_t part = 0; part < m->parts; part++) {
        m->c.micro = (uint32_t)part, m->c.accumulate = part > 0;
        put_part(m, part, image, labels);
        schedule_run(&m->plan, &m->c);
        m->c.dev->get(m->c.dev, &one, m->loss->x.p, sizeof one);
        m->part_loss[part] = (double)one;
        *loss += (double)one / (double)m->parts;
        if (!isfinite(*loss)) return NAN;
    }
    double norm = optim_clip(m->o, &m->c);
    if (isfinite(norm)) optim_step(m->o, &m->c, lr);
    return norm;
}

void model_look(model *m, int64_t step, const float *image, const uint8_t *labels)
{
    m->c.step = (uint32_t)step;
    for (int64_t part = 0; part < m->parts; part++) {
        m->c.micro = (uint32_t)part;
        put_part(m, part, image, labels);
        schedule_run_part(&m->plan, &m->c, 0, m->forward);
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

void model_first_bad(model *m, const float *image, const uint8_t *labels, char out[160])
{
    const char *what = "";
    snprintf(out, 160, "none when repeated");
    for (int i = 0; i < m->p->n; i++) {
        const tensor *t = graph_find(m->t->g, m->p->p[i].name);
        if (m->p->p[i].role == PARAM && !all_finite(m, t, t->x.p)) { snprintf(out, 160, "the parameter %s, before the step", t->name); return; }
    }
    for (int64_t part = 0; part < m->parts; part++) {
        m->c.micro = (uint32_t)part, m->c.accumulate = part > 0;
        put_part(m, part, image, labels);
        if (!all_finite(m, m->t->input, m->t->input->x.p)) { snprintf(out, 160, "input"); return; }
        for (int i = 0; i < m->plan.n; i++) {
            schedule_run_part(&m->plan, &m->c, i, i + 1);
            const tensor *t = bad_of(m, &m->plan.s[i], &what);
            if (t) { snprintf(out, 160, "%s%s", what, t->name); return; }
        }
    }
}
