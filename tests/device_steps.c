/* device_steps.c - whole training steps of a small U-Net from one start on two devices; see device_steps.h. */
#include "tests/device_steps.h"
#include "tests/rig.h"
#include "nn/net.h"
#include "nn/optim.h"

typedef struct trained { tensor *loss, *truth; net *t; params *p; schedule plan; context c; optim *o; } trained;

static const char small_cfg[] =
    "[net]\nbatch=2\nheight=32\nwidth=32\nchannels=1\nclasses=3\n"
    "[convolutional]\nname=enc\nfilters=8\nsize=3\npad=1\nbatch_normalize=1\nactivation=relu\n"
    "[maxpool]\nsize=2\nstride=2\n"
    "[convolutional]\nname=low\nfilters=16\nsize=3\npad=1\nbatch_normalize=1\nactivation=relu\n"
    "[dropout]\nprobability=0.1\n"
    "[deconvolutional]\nname=up\nfilters=8\nsize=2\nstride=2\n"
    "[route]\nlayers=enc,up\n"
    "[convolutional]\nname=dec\nfilters=8\nsize=3\npad=1\nbatch_normalize=1\nactivation=leaky\n"
    "[convolutional]\nname=out\nfilters=3\nsize=1\n";

static tensor *loss_of(graph *g, const char *kind, const char *words, int nin, tensor *const *in)
{
    return graph_words(g, kind, kind, "test", nin, in, words);
}

static void *put(const device *d, const void *host, size_t bytes)
{
    void *p = d->alloc(d, bytes);
    assert_non_null(p);
    d->put(d, p, host, bytes);
    return p;
}

/* Noise with a bright disc in it, whose quarters are classes 1 and 2 */
static void place_inputs(trained *m)
{
    const device *d = m->c.dev;
    const int64_t n = shape_volume(&m->t->input->s);
    real *film = xalloc_n((size_t)n, sizeof *film);
    uint8_t *label = xalloc((size_t)n);
    for (int64_t i = 0; i < n; i++) {
        const double y = (double)(i / 32 % 32) - 16, x = (double)(i % 32) - 14;
        const int inside = x * x + y * y < 90;
        film[i] = (real)(0.3 * rig_u(7, i) + inside), label[i] = (uint8_t)(inside ? x * y > 0 ? 1 : 2 : 0);
    }
    m->t->input->x.p = put(d, film, m->t->input->x.size), m->truth->x.p = put(d, label, m->truth->x.size);
    free(film), free(label);
}

static trained begin(const device *d)
{
    trained m = { .t = net_parse(small_cfg, "small.cfg", NULL, 0) };
    graph *g = m.t->g;
    tensor *wrt[64];
    int n = 0;
    m.c = net_context(m.t, d), m.c.training = 1, m.c.seed = 5;
    m.truth = graph_leaf(g, "truth", SHAPE4(2, 32, 32, 1), U8, INPUT);
    tensor *in[] = { m.t->output, m.truth };
    tensor *parts[] = { loss_of(g, "cross_entropy", " ", 2, in), loss_of(g, "dice", "type=milesial", 2, in) };
    m.loss = loss_of(g, "total", "weights=1,1", 2, parts);
    m.loss->keep = 1;
    for (int i = 0; i < g->nt; i++) if (g->tensor[i]->role == PARAM) wrt[n++] = g->tensor[i];
    schedule_forward(&m.plan, g, &m.loss, 1);
    schedule_backward(&m.plan, g, m.loss, wrt, n);
    plan_make(&m.plan, &m.c, 1);
    m.p = params_new(g, d, 1);
    params_init(m.p, 3), params_bind(m.p, g);
    place_inputs(&m);
    plan_place(&m.plan, d);
    optim_conf conf;
    key_words(optim_keys, &conf, "optimiser=sgd momentum=0.9 decay=1e-4 clip=1 ema=0.9", "test");
    m.o = optim_new(&conf, m.p);
    return m;
}

/* Gradients of every size, in runs with and without decay, longer than the blocks that are summed together */
real *optim_course(const device *d, const char *words, size_t *n)
{
    graph *g = graph_new();
    const context c = { .dev = d };
    graph_leaf(g, "a", SHAPE1(5001), REAL_TYPE, PARAM)->decay = 1;
    graph_leaf(g, "b", SHAPE1(37), REAL_TYPE, PARAM);
    params *p = params_new(g, d, 1);
    optim_conf conf;
    key_words(optim_keys, &conf, words, "test");
    optim *o = optim_new(&conf, p);
    *n = p->total;
    real *x = xalloc_n(p->total, sizeof *x);
    for (size_t i = 0; i < p->total; i++) x[i] = (real)rig_u(60, (int64_t)i);
    for (int k = 0; k < p->n; k++) d->put(d, p->x + p->p[k].at, x + p->p[k].at, p->p[k].count * sizeof *x);
    for (int step = 0; step < COURSE_STEPS; step++) {
        for (size_t i = 0; i < p->total; i++) x[i] = (real)(rig_u(61 + (uint32_t)step, (int64_t)i) * pow(10, (double)(i % 7) - 4));
        for (int k = 0; k < p->n; k++) d->put(d, p->g + p->p[k].at, x + p->p[k].at, p->p[k].count * sizeof *x);
        optim_clip(o, &c);
        optim_step(o, &c, 0.01);
    }
    d->get(d, x, optim_weights(o), p->total * sizeof *x);
    optim_free(o), params_free(p), graph_free(g);
    return x;
}

course course_of(const device *d)
{
    trained m = begin(d);
    course c = { .n = m.p->total, .x = xalloc_n(m.p->total, sizeof *c.x) };
    for (int i = 0; i < COURSE_STEPS; i++) {
        real loss;
        m.c.step = (uint32_t)i;
        schedule_run(&m.plan, &m.c);
        d->get(d, &loss, m.loss->x.p, sizeof loss);
        c.loss[i] = (double)loss, c.norm[i] = optim_clip(m.o, &m.c);
        optim_step(m.o, &m.c, 0.05);
    }
    d->get(d, c.x, optim_weights(m.o), c.n * sizeof *c.x);
    d->free(d, m.t->input->x.p), d->free(d, m.truth->x.p);
    schedule_free(&m.plan), optim_free(m.o), params_free(m.p), net_free(m.t);
    return c;
}
