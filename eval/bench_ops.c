/* bench_ops.c - the layers of a 31 M U-Net and the ops of other nets, one by one, as the graph runs them; see bench.h.
 *
 * Each case is a graph of one node, planned and placed like any other, of which single steps are timed. Arithmetic-bound ops are
 * rated by their multiply-adds, the others by the bytes that must move at least: every input read once a pass over it, every output
 * written once. Steps that pack weights are rows of their own. */
#include "eval/bench.h"
#include "base/die.h"
#include "base/rng.h"
#include "nn/plan.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BATCH = 2, MOST_LEAVES = 5 };

typedef struct { const char *op, *words; int64_t side, c, k, size; double forward, backward; } one;
/* forward, backward: bytes moved, in sizes of the input map; 0: rated by multiply-adds. k: output channels of a convolution */
static const one cases[] = {
    { "conv", "pad_top=1 pad_bottom=1 pad_left=1 pad_right=1", 256, 1, 64, 3, 0, 0 },
    { "conv", "pad_top=1 pad_bottom=1 pad_left=1 pad_right=1", 256, 64, 64, 3, 0, 0 },
    { "conv", "pad_top=1 pad_bottom=1 pad_left=1 pad_right=1", 256, 128, 64, 3, 0, 0 },
    { "conv", "pad_top=1 pad_bottom=1 pad_left=1 pad_right=1", 128, 128, 128, 3, 0, 0 },
    { "conv", "pad_top=1 pad_bottom=1 pad_left=1 pad_right=1", 64, 256, 256, 3, 0, 0 },
    { "conv", "pad_top=1 pad_bottom=1 pad_left=1 pad_right=1", 32, 512, 512, 3, 0, 0 },
    { "conv", "pad_top=1 pad_bottom=1 pad_left=1 pad_right=1", 16, 1024, 1024, 3, 0, 0 },
    { "conv", " ", 256, 64, 2, 1, 0, 0 },
    { "deconv", "stride_h=2 stride_w=2", 16, 1024, 512, 2, 0, 0 },
    { "deconv", "stride_h=2 stride_w=2", 128, 128, 64, 2, 0, 0 },
    { "batch_norm", "activation=relu", 256, 64, 0, 0, 3, 5 },
    { "batch_norm", "activation=relu", 128, 128, 0, 0, 3, 5 },
    { "maxpool", "size_h=2 size_w=2 stride_h=2 stride_w=2", 256, 64, 0, 0, 1.25, 2.25 },
    { "upsample", "stride=2 mode=nearest", 128, 64, 0, 0, 5, 5 },
    { "upsample", "stride=2 mode=bilinear align_corners=1", 128, 64, 0, 0, 5, 5 },
    { "avgpool", "size_h=2 size_w=2 stride_h=2 stride_w=2", 256, 64, 0, 0, 1.25, 1.25 },
    { "group_norm", "groups=32", 256, 64, 0, 0, 3, 5 },
    { "layer_norm", " ", 128, 256, 0, 0, 2, 3 },
    { "add", " ", 256, 64, 0, 0, 3, 3 },
    { "activation", "activation=gelu", 256, 64, 0, 0, 2, 3 },
    { "activation", "activation=swish", 256, 64, 0, 0, 2, 3 },
    { "activation", "activation=tanh", 256, 64, 0, 0, 2, 3 },
    { "activation", "activation=logistic", 256, 64, 0, 0, 2, 3 },
    { "softmax", " ", 256, 64, 0, 0, 2, 3 },
    { "dropout", "probability=0.5", 256, 64, 0, 0, 2, 2 },
    { "cross_entropy", " ", 512, 8, 0, 0, 1, 2 },
    { "dice", " ", 512, 8, 0, 0, 1, 2 },
};

typedef struct { graph *g; schedule s; context c; tensor *leaf[MOST_LEAVES]; int nleaf, at; } trial;

static void add_leaf(trial *t, const char *name, shape s, dtype type, role r) { t->leaf[t->nleaf++] = graph_leaf(t->g, name, s, type, r); }

static void leaves(trial *t, const one *e)
{
    const char *kind = e->op;
    shape c = SHAPE1(e->c);
    add_leaf(t, "x", SHAPE4(BATCH, e->side, e->side, e->c), REAL_TYPE, INPUT);
    if (!strcmp(kind, "conv")) add_leaf(t, "w", SHAPE4(e->size, e->size, e->c, e->k), REAL_TYPE, PARAM);
    if (!strcmp(kind, "deconv")) add_leaf(t, "w", SHAPE4(e->c, e->size, e->size, e->k), REAL_TYPE, PARAM);
    if (!strcmp(kind, "cross_entropy") || !strcmp(kind, "dice")) add_leaf(t, "truth", SHAPE4(BATCH, e->side, e->side, 1), U8, INPUT);
    if (!strcmp(kind, "add")) add_leaf(t, "x2", SHAPE4(BATCH, e->side, e->side, e->c), REAL_TYPE, INPUT);
    if (!strstr(kind, "_norm")) return;
    add_leaf(t, "gamma", c, REAL_TYPE, PARAM), add_leaf(t, "beta", c, REAL_TYPE, PARAM);
    if (strcmp(kind, "batch_norm")) return;
    add_leaf(t, "mean", c, REAL_TYPE, STATE), add_leaf(t, "var", c, REAL_TYPE, STATE);
}

/* Numbers in 0..1 for maps, labels 0 for label maps: speed must not depend on denormals. */
static void fill(const context *c, void *p, const shape *s, dtype type)
{
    size_t n = (size_t)shape_volume(s), bytes = n * dtype_size(type);
    if (type != REAL_TYPE) { c->dev->zero(c->dev, p, bytes); return; }
    real *host = xalloc(bytes);
    for (size_t i = 0; i < n; i++) host[i] = (real)rng_u01(rng_draw(1, RNG_TEST, 0, 0, i).v[0]);
    c->dev->put(c->dev, p, host, bytes);
    free(host);
}

static void *take(const context *c, const tensor *t)
{
    void *p = device_alloc(c->dev, t->x.size, "an op's tensors");
    fill(c, p, &t->s, t->type);
    return p;
}

static void add_step(trial *t, step s)
{
    t->s.s = xgrow(t->s.s, (size_t)(t->s.n + 1) * sizeof *t->s.s);
    t->s.s[t->s.n++] = s;
}

/* Steps: forward, then one backward step a mask of wanted gradients; before each the packing of the weights it reads. */
static trial open_trial(const one *e, const device *dev, int bf16, const unsigned *want, int nwant)
{
    trial t = { .g = graph_new(), .c = { .dev = dev, .bf16 = bf16, .winograd = 1, .training = 1, .loss_scale = 1 } };
    const op *o = op_find(e->op);
    void *conf = xalloc(o->conf);
    key_words(o->keys, conf, e->words, "bench");
    leaves(&t, e);
    graph_add(t.g, o, "y", "bench", t.nleaf, t.leaf, conf);
    free(conf);
    node *n = t.g->node[0];
    if (o->pack) add_step(&t, (step){ .n = n, .pack = 1 });
    add_step(&t, (step){ .n = n });
    for (int i = 0; i < nwant; i++) {
        if (o->pack && want[i] & 1) add_step(&t, (step){ .n = n, .pack = 2 });
        add_step(&t, (step){ .n = n, .backward = 1, .want = want[i] });
    }
    plan_make(&t.s, &t.c, 1);
    for (int i = 0; i < t.nleaf; i++) {
        t.leaf[i]->x.p = take(&t.c, t.leaf[i]);
        if (t.leaf[i]->role == PARAM) t.leaf[i]->g.p = take(&t.c, t.leaf[i]);
    }
    plan_place(&t.s, dev);
    fill(&t.c, n->out[0]->g.p, &n->out[0]->s, n->out[0]->type);
    return t;
}

static void close_trial(trial *t)
{
    for (int i = 0; i < t->nleaf; i++) {
        t->c.dev->free(t->c.dev, t->leaf[i]->x.p);
        if (t->leaf[i]->role == PARAM) t->c.dev->free(t->c.dev, t->leaf[i]->g.p);
    }
    schedule_free(&t->s);
    graph_free(t->g);
}

static void run_step(void *arg)
{
    trial *t = arg;
    schedule_run_part(&t->s, &t->c, t->at, t->at + 1);
    t->c.dev->sync(t->c.dev);
}

/* Of "forward | data | weights", as the op names its kernels, the part of this pass; the whole where it is one name. */
static void note(bench_row *r, const char *kernel, int pass)
{
    const char *p = kernel ? kernel : "", *bar;
    for (; pass && (bar = strstr(p, " | ")); pass--) p = bar + 3;
    bar = strstr(p, " | ");
    snprintf(r->note, sizeof r->note, "%.*s", bar ? (int)(bar - p) : (int)sizeof r->note - 1, p);
}

/* "conv 3x3 64->64, 256x256", or "batch_norm 64, 256x256" */
static void describe(const one *e, char text[80])
{
    char more[32] = "";
    if (strstr(e->words, "bilinear")) strcpy(more, " bilinear");
    if (!strcmp(e->op, "activation")) snprintf(more, sizeof more, " %s", strchr(e->words, '=') + 1);
    if (e->k) snprintf(text, 80, "%s %" PRId64 "x%" PRId64 " %" PRId64 "->%" PRId64 ", %" PRId64 "x%" PRId64, e->op, e->size, e->size, e->c, e->k,
                       e->side, e->side);
    else snprintf(text, 80, "%s%s %" PRId64 ", %" PRId64 "x%" PRId64, e->op, more, e->c, e->side, e->side);
}

/* Packing: the weights read once and what becomes of them written. */
static void add_pack(bench *b, const char *what, double seconds, const node *n, int pass)
{
    char text[112];
    const size_t bytes = n->packed[pass]->x.size;
    if (!bytes) return;
    snprintf(text, sizeof text, "%s, %s", what, pass ? "pack backward" : "pack");
    bench_add(b, text, seconds, (double)(n->in[1]->x.size + bytes) * 1e-9, "GB/s", b->triad);
}

static void measure(bench *b, const one *e, const device *dev, int bf16)
{
    static const char *const passes[] = { "forward", "backward data", "backward weights" };
    static const unsigned each[] = { 1, 2 }, all_of_norm[] = { 7 }, both[] = { 3 }, data[] = { 1 };
    int products = !e->forward;
    trial t = open_trial(e, dev, bf16, products ? each : strstr(e->op, "_norm") ? all_of_norm : !strcmp(e->op, "add") ? both : data, products ? 2 : 1);
    const node *n = t.g->node[0];
    char what[80], text[112];
    const double peak = bf16 && b->flops_bf16 > 0 ? b->flops_bf16 : b->flops;
    describe(e, what);
    schedule_run(&t.s, &t.c);                                  /* packed weights are there, whichever step is timed */
    for (t.at = 0; t.at < t.s.n; t.at++) {
        const step *s = &t.s.s[t.at];
        const int pass = !s->backward ? 0 : products && s->want == 2 ? 2 : 1;
        double seconds = bench_time(run_step, &t, b->repeats), map = (double)(t.leaf[0]->x.size) * 1e-9;
        if (s->pack) { add_pack(b, what, seconds, n, s->pack - 1); continue; }
        snprintf(text, sizeof text, "%s, %s", what, products || !pass ? passes[pass] : "backward");
        bench_row *r = products ? bench_add(b, text, seconds, 2e-9 * (double)n->op->macs(n), "GFLOP/s", peak)
                                : bench_add(b, text, seconds, map * (pass ? e->backward : e->forward), "GB/s", b->triad);
        note(r, n->kernel, pass);
    }
    close_trial(&t);
}

void bench_ops(bench *b, const device *dev, int bf16)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) measure(b, &cases[i], dev, bf16);
}
