/* schedule_test.c - autograd and the memory planner on whole nets at tiny size: shared memory gives the bits of separate memory, a
 * restricted backward leaves the rest alone, views cost no copy, micro-batches add up to the whole batch. */
#include "tests/test.h"
#include "base/file.h"
#include "base/rng.h"
#include "nn/net.h"
#include "kernels/dnn_cpu.h"

typedef struct { net *t; params *p; schedule plan; context c; tensor *truth, *loss; int forward; } model;

static tensor *op_node(graph *g, const char *op, const char *name, int nin, tensor **in, const char *words)
{
    void *conf = xalloc(op_find(op)->conf + 1);
    key_words(op_find(op)->keys, conf, words, "test");
    tensor *t = graph_add(g, op_find(op), name, "test", nin, in, conf);
    free(conf);
    return t;
}

/* The net of a file; of a U-Net with an eighth of the filters where it has 64 and more: the same shape, and a test that takes seconds. */
static net *narrow_net(const char *path, const char *const *set, int n)
{
    if (!strstr(path, "/unet")) return net_load(path, set, n);
    size_t length;
    char *text = file_read(path, 1 << 20, &length);
    for (char *at = text; (at = strstr(at, "\nfilters=")); at++) {
        char *digits = at + strlen("\nfilters="), *end;
        const long filters = strtol(digits, &end, 10);
        if (filters >= 64) memset(digits, ' ', (size_t)(end - digits)), digits[snprintf(digits, (size_t)(end - digits), "%ld", filters / 8)] = ' ';
    }
    net *t = net_parse(text, path, set, n);
    free(text);
    return t;
}

/* wrt: one parameter's name, or NULL for all; size: height and width */
static model model_planned(const char *path, int64_t size, const char *wrt, int share, int bf16, int recompute)
{
    char height[32], width[32];
    snprintf(height, sizeof height, "net.height=%lld", (long long)size), snprintf(width, sizeof width, "net.width=%lld", (long long)size);
    model m = { .c = { .dev = &device_cpu, .loss_scale = 1, .training = 1, .seed = 5, .bf16 = bf16 } };
    const char *set[] = { "net.batch=2", height, width };
    m.t = narrow_net(path, set, 3);
    graph *g = m.t->g;
    m.truth = graph_leaf(g, "truth", SHAPE4(2, size, size, 1), U8, INPUT);
    m.loss = op_node(g, "cross_entropy", "loss", 2, (tensor *[]){ m.t->output, m.truth }, " ");
    m.p = params_new(g, &device_cpu, 1);
    params_init(m.p, 7);
    params_bind(m.p, g);
    tensor *all[512];
    int n = 0;
    for (int i = 0; i < g->nt; i++)
        if (g->tensor[i]->role == PARAM && (!wrt || !strcmp(wrt, g->tensor[i]->name))) all[n++] = g->tensor[i];
    assert_true(n > 0);
    schedule_forward(&m.plan, g, (tensor *[]){ m.loss }, 1);
    m.forward = m.plan.n;
    schedule_backward(&m.plan, g, m.loss, all, n);
    m.plan.recompute = recompute ? RECOMPUTE_ALWAYS : RECOMPUTE_NEVER;
    plan_make(&m.plan, &m.c, share);
    m.t->input->x.p = xalloc(m.t->input->x.size), m.truth->x.p = xalloc(m.truth->x.size);
    plan_place(&m.plan, &device_cpu);
    memset(m.plan.base, 0xff, m.plan.arena);                   /* NaN everywhere: nothing may rely on fresh memory */
    for (int64_t i = 0; i < shape_volume(&m.t->input->s); i++)
        ((real *)m.t->input->x.p)[i] = (real)rng_u01(rng_draw(1, RNG_TEST, 0, 0, (uint64_t)i).v[0]);
    for (int64_t i = 0; i < shape_volume(&m.truth->s); i++) ((uint8_t *)m.truth->x.p)[i] = rng_draw(1, RNG_TEST, 1, 0, (uint64_t)i).v[0] & 1;
    return m;
}

static model model_typed(const char *path, int64_t size, const char *wrt, int share, int bf16)
{
    return model_planned(path, size, wrt, share, bf16, 0);
}

static model model_new(const char *path, int64_t size, const char *wrt, int share) { return model_typed(path, size, wrt, share, 0); }

static void model_free(model *m)
{
    free(m->t->input->x.p), free(m->truth->x.p);
    schedule_free(&m->plan), params_free(m->p), net_free(m->t);
}

static const struct { const char *path; int64_t size; } nets[] = {         /* as small as their halvings allow */
    { "configs/nets/unet-small.cfg", 32 }, { "configs/nets/unet-bilinear.cfg", 32 }, { "configs/nets/unet-nn.cfg", 64 }
};

static void shared_is_apart(void **state)
{
    (void)state;
    for (size_t k = 0; k < 2 * sizeof nets / sizeof *nets; k++) {          /* in float32, then with maps in bf16 */
        model a = model_typed(nets[k / 2].path, nets[k / 2].size, NULL, 1, k % 2), b = model_typed(nets[k / 2].path, nets[k / 2].size, NULL, 0, k % 2);
        schedule_run(&a.plan, &a.c), schedule_run(&b.plan, &b.c);
        assert_true(isfinite(*(real *)a.loss->x.p));
        assert_memory_equal(a.loss->x.p, b.loss->x.p, sizeof(real));
        assert_memory_equal(a.p->g, b.p->g, a.p->trainable * sizeof(real));
        assert_memory_equal(a.p->x, b.p->x, a.p->total * sizeof(real));
        assert_true(a.plan.arena < b.plan.arena * 3 / 4);
        real keep = a.p->g[0];
        schedule_run(&b.plan, &b.c);                           /* and again: the same bits, from memory now full of old values */
        assert_memory_equal(&keep, b.p->g, sizeof keep);
        model_free(&a), model_free(&b);
    }
}

/* Maps that are made again are those that were given up, to the bit: loss, gradients and running statistics, twice in the same memory. */
static void made_again_is_kept(void **state)
{
    (void)state;
    static const struct { const char *path; int64_t size; double share; } of[] = {
        { "configs/nets/unet-small.cfg", 64, 0.92 }, { "configs/nets/unet-nn.cfg", 64, 0.98 }, { "configs/nets/transunet-small.cfg", 64, 0.98 } };
    for (size_t k = 0; k < 2 * sizeof of / sizeof *of; k++) {
        model a = model_planned(of[k / 2].path, of[k / 2].size, NULL, 1, k % 2, 0), b = model_planned(of[k / 2].path, of[k / 2].size, NULL, 1, k % 2, 1);
        int again = 0;
        for (int i = 0; i < b.plan.n; i++) again += b.plan.s[i].again;
        assert_true(again > 4 && b.plan.n == a.plan.n + again);
        assert_true((double)b.plan.arena < of[k / 2].share * (double)a.plan.arena && b.plan.arena >= plan_bound(&b.plan));
        for (int twice = 0; twice < 2; twice++) {
            a.c.step = b.c.step = (uint32_t)twice;                 /* another dropout */
            schedule_run(&a.plan, &a.c), schedule_run(&b.plan, &b.c);
            assert_true(isfinite(*(real *)a.loss->x.p));
            assert_memory_equal(a.loss->x.p, b.loss->x.p, sizeof(real));
            assert_memory_equal(a.p->g, b.p->g, a.p->trainable * sizeof(real));
            assert_memory_equal(a.p->x, b.p->x, a.p->total * sizeof(real));
        }
        model_free(&a), model_free(&b);
    }
}

/* A trained tensor that no loss rests on has no gradient, and that is told. */
static void gradients_reach_or_not(void **state)
{
    (void)state;
    graph *g = graph_new();
    tensor *x = graph_leaf(g, "x", SHAPE4(1, 2, 2, 1), REAL_TYPE, INPUT);
    tensor *w[2] = { graph_leaf(g, "a", SHAPE4(1, 1, 1, 1), REAL_TYPE, PARAM), graph_leaf(g, "b", SHAPE4(1, 1, 1, 1), REAL_TYPE, PARAM) };
    tensor *y = op_node(g, "conv", "y", 2, (tensor *[]){ x, w[0] }, " "), *loss = op_node(g, "reduce", "loss", 1, &y, "over=all kind=sum");
    op_node(g, "conv", "aside", 2, (tensor *[]){ x, w[1] }, " ");
    schedule s = { 0 };
    schedule_forward(&s, g, &loss, 1), schedule_backward(&s, g, loss, w, 2);
    assert_true(schedule_reaches(w, 1) && !schedule_reaches(w, 2));
    schedule_spend(&s);
    int spent = 0;
    for (int i = 0; i < s.n; i++) spent += s.s[i].spend == w[0] ? 1 : s.s[i].spend ? 100 : 0;
    assert_int_equal(spent, 1);
    schedule_free(&s), graph_free(g);
}

/* A weight that two nodes read is spent once, when both have added to its gradient. */
static void spent_when_whole(void **state)
{
    (void)state;
    graph *g = graph_new();
    tensor *x = graph_leaf(g, "x", SHAPE4(1, 2, 2, 1), REAL_TYPE, INPUT), *w = graph_leaf(g, "w", SHAPE4(1, 1, 1, 1), REAL_TYPE, PARAM);
    tensor *y = op_node(g, "conv", "y", 2, (tensor *[]){ x, w }, " "), *z = op_node(g, "conv", "z", 2, (tensor *[]){ y, w }, " ");
    tensor *loss = op_node(g, "reduce", "loss", 1, &z, "over=all kind=sum");
    schedule s = { 0 };
    schedule_forward(&s, g, &loss, 1), schedule_backward(&s, g, loss, &w, 1);
    schedule_spend(&s);
    int at = -1, added = 0;
    for (int i = 0; i < s.n; i++) {
        if (s.s[i].spend) assert_true(at < 0 && s.s[i].spend == w && added == 2), at = i;
        added += s.s[i].backward && s.s[i].n->nin == 2 && s.s[i].n->in[1] == w && s.s[i].params;
    }
    assert_true(at > 0);
    schedule_free(&s), graph_free(g);
}

/* The place in the list where a map is made again; -1: nowhere */
static int again_at(const schedule *s, const tensor *t)
{
    for (int i = 0; i < s->n; i++) if (s->s[i].again && s->s[i].n->out[0] == t) return i;
    return -1;
}

/* One map made from another that is made again too, before it; not one that would need two others kept; but one whose factor is kept for the
 * sake of another. */
static void made_again_where_factors_are_there(void **state)
{
    (void)state;
    enum { C = 200 };                    /* channels: too many for a convolution to be cheap */
    graph *g = graph_new();
    tensor *x = graph_leaf(g, "x", SHAPE4(1, 16, 16, C), REAL_TYPE, INPUT), *w[8], *end[4], *of[4];
    for (int i = 0; i < 8; i++) w[i] = graph_leaf(g, (char[]){ 'w', (char)('0' + i), 0 }, SHAPE4(1, 1, C, C), REAL_TYPE, PARAM);
    tensor *first = op_node(g, "dropout", "first", 1, &x, " "), *second = op_node(g, "dropout", "second", 1, &first, " ");
    end[0] = op_node(g, "conv", "chain", 2, (tensor *[]){ second, w[0] }, " ");
    tensor *p = op_node(g, "conv", "p", 2, (tensor *[]){ x, w[1] }, " "), *q = op_node(g, "conv", "q", 2, (tensor *[]){ x, w[2] }, " ");
    tensor *sum = op_node(g, "add", "sum", 2, (tensor *[]){ p, q }, " ");
    end[1] = op_node(g, "conv", "of_sum", 2, (tensor *[]){ sum, w[3] }, " ");
    tensor *half = op_node(g, "conv", "half", 2, (tensor *[]){ x, w[4] }, "stride=2"), *same = op_node(g, "dropout", "same", 1, &half, " ");
    tensor *wide = op_node(g, "upsample", "wide", 1, &half, "stride=2");
    end[2] = op_node(g, "conv", "of_wide", 2, (tensor *[]){ wide, w[5] }, " ");
    end[3] = op_node(g, "conv", "of_same", 2, (tensor *[]){ same, w[6] }, " ");
    for (int i = 0; i < 4; i++) of[i] = op_node(g, "reduce", (char[]){ 'r', (char)('0' + i), 0 }, 1, &end[i], "over=all kind=sum");
    tensor *loss = op_node(g, "total", "loss", 4, of, " ");
    schedule s = { .recompute = RECOMPUTE_ALWAYS };
    schedule_forward(&s, g, &loss, 1), schedule_backward(&s, g, loss, w, 7);
    plan_make(&s, &(context){ .dev = &device_cpu, .loss_scale = 1, .training = 1 }, 1);
    assert_true(again_at(&s, first) > 0 && again_at(&s, second) == again_at(&s, first) + 1);
    assert_int_equal(again_at(&s, sum), -1);
    assert_true(again_at(&s, same) > 0 && again_at(&s, wide) > again_at(&s, same));
    schedule_free(&s), graph_free(g);
}

static int made_again(const char *path, enum recompute how)
{
    const char *const words[] = { "net.height=64", "net.width=64" };
    net *t = net_load(path, words, 2);
    graph *g = t->g;
    tensor *truth = graph_leaf(g, "truth", SHAPE4(t->conf.batch, 64, 64, 1), U8, INPUT);
    tensor *loss = op_node(g, "cross_entropy", "loss", 2, (tensor *[]){ t->output, truth }, " "), *wrt[512];
    const context c = { .dev = &device_cpu, .loss_scale = 1, .training = 1 };
    schedule s = { .recompute = how };
    int n = 0, again = 0;
    for (int i = 0; i < g->nt; i++) if (g->tensor[i]->role == PARAM) wrt[n++] = g->tensor[i];
    schedule_forward(&s, g, &loss, 1), schedule_backward(&s, g, loss, wrt, n);
    plan_make(&s, &c, 1);
    for (int i = 0; i < s.n; i++) again += s.s[i].again;
    schedule_free(&s), net_free(t);
    return again;
}

/* Of its own accord it makes maps again where products are many beside them. */
static void made_again_where_that_is_cheap(void **state)
{
    (void)state;
    assert_int_equal(made_again("configs/nets/unet-small.cfg", RECOMPUTE_AUTO), 0);
    assert_true(made_again("configs/nets/unet-small.cfg", RECOMPUTE_ALWAYS) > 4);
    assert_true(made_again("configs/nets/unet.cfg", RECOMPUTE_AUTO) > 4);
    assert_int_equal(made_again("configs/nets/unet.cfg", RECOMPUTE_NEVER), 0);
}

static void restricted_backward(void **state)
{
    (void)state;
    model all = model_new(nets[0].path, 32, NULL, 1), one = model_new(nets[0].path, 32, "outc.weight", 1);
    assert_true(one.plan.n - one.forward < (all.plan.n - all.forward) / 8);
    schedule_run(&all.plan, &all.c), schedule_run(&one.plan, &one.c);
    for (int i = 0; i < one.p->n; i++) {
        const param *q = &one.p->p[i];
        if (q->role != PARAM) continue;
        if (!strcmp(q->name, "outc.weight")) assert_memory_equal(one.p->g + q->at, all.p->g + q->at, q->count * sizeof(real));
        else for (size_t j = 0; j < q->count; j++) assert_true(one.p->g[q->at + j] == 0);
    }
    model_free(&all), model_free(&one);
}

static void concats_are_views(void **state)
{
    (void)state;
    net *t = net_load("configs/nets/unet.cfg", NULL, 0);
    int concats = 0, views = 0;
    for (int i = 0; i < t->g->n; i++) {
        node *n = t->g->node[i];
        if (strcmp(n->op->name, "concat")) continue;
        concats++;
        for (int j = 0; j < n->nin; j++) views += n->in[j]->of == n->out[0];
    }
    assert_int_equal(concats, 4);
    assert_int_equal(views, 8);
    net_free(t);
}

/* A value read again after the concat must not live in it: its gradient would be overwritten. */
static void late_readers_are_no_views(void **state)
{
    (void)state;
    net *t = net_parse("[net]\nheight=8\nwidth=8\nclasses=2\n[convolutional]\nname=a\nfilters=2\n[convolutional]\nname=b\nfilters=2\n"
                       "[route]\nname=c\nlayers=a,b\n[convolutional]\nname=d\nfilters=2\n[shortcut]\nfrom=a\n", "late.cfg", NULL, 0);
    assert_null(graph_find(t->g, "a")->of);
    assert_ptr_equal(graph_find(t->g, "b")->of, graph_find(t->g, "c"));
    net_free(t);
}

static void micro_batches_add(void **state)
{
    (void)state;
    model m = model_new(nets[0].path, 32, NULL, 1);
    m.c.training = 0;                                          /* running statistics: the batch is then a plain mean */
    schedule_run(&m.plan, &m.c);
    real *once = xalloc(m.p->trainable * sizeof *once);
    memcpy(once, m.p->g, m.p->trainable * sizeof *once);
    m.c.loss_scale = 0.5;
    schedule_run(&m.plan, &m.c);
    m.c.accumulate = 1;
    schedule_run(&m.plan, &m.c);
    double worst = 0, largest = 0;
    for (size_t i = 0; i < m.p->trainable; i++) {
        worst = fmax(worst, fabs((double)(m.p->g[i] - once[i])));
        largest = fmax(largest, fabs((double)once[i]));
    }
    assert_true(largest > 0);
    near(worst, 0, 1e-6 * largest);
    free(once);
    model_free(&m);
}

static dtype type_of(const net *t, const char *name) { return graph_find(t->g, name)->type; }

/* A map lies in bf16 where its writer and all its readers can; an op that cannot makes its neighbours real, as far as a convolution. */
static void types_of_maps(void **state)
{
    (void)state;
    net *t = net_parse("[net]\nheight=8\nwidth=8\nclasses=2\nprecision=bf16\n[convolutional]\nname=a\nfilters=8\nbatch_normalize=1\nactivation=relu\n"
                       "[convolutional]\nname=b\nfilters=8\n[route]\nname=c\nlayers=a,b\n[convolutional]\nname=d\nfilters=4\nbatch_normalize=1\n"
                       "[layernorm]\nname=e\n[convolutional]\nname=f\nfilters=4\n[convolutional]\nname=g\nfilters=2\n", "types.cfg", NULL, 0);
    static const char *const half[] = { "a.sum", "a", "b", "c", "f" }, *const real_[] = { "d.sum", "d", "e", "g", "input" };
    const dtype wanted = dnn_multiplies_bf16() ? BF16 : REAL_TYPE;
    for (int precision = 1; precision >= 0; precision--) {     /* planned again in float32, nothing is left of it */
        context c = net_context(t, &device_cpu);
        schedule s = { 0 };
        c.bf16 = precision;
        schedule_forward(&s, t->g, &t->output, 1);
        plan_make(&s, &c, 1);
        for (size_t i = 0; i < sizeof half / sizeof *half; i++) assert_int_equal(type_of(t, half[i]), precision ? wanted : REAL_TYPE);
        for (size_t i = 0; i < sizeof real_ / sizeof *real_; i++) assert_int_equal(type_of(t, real_[i]), REAL_TYPE);
        schedule_free(&s);
    }
    net_free(t);
}

/* Views of one map have its type, also where the schedule ends before their concat: offsets in it are counted in its elements. */
static void types_of_views(void **state)
{
    (void)state;
    net *t = net_parse("[net]\nheight=8\nwidth=8\nclasses=2\nprecision=bf16\n[convolutional]\nname=a\nfilters=8\n[convolutional]\nname=b\nfilters=8\n"
                       "[layernorm]\nname=e\n[route]\nname=c\nlayers=a,e\n[convolutional]\nname=g\nfilters=2\n", "views.cfg", NULL, 0);
    tensor *e = graph_find(t->g, "e");
    context c = net_context(t, &device_cpu);
    schedule s = { 0 };
    assert_non_null(e->of);
    schedule_forward(&s, t->g, &e, 1);
    plan_make(&s, &c, 1);
    assert_int_equal(type_of(t, "b"), REAL_TYPE);
    assert_int_equal(type_of(t, "a"), type_of(t, "e"));
    assert_int_equal(type_of(t, "c"), type_of(t, "e"));
    schedule_free(&s);
    net_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shared_is_apart), cmocka_unit_test(gradients_reach_or_not), cmocka_unit_test(made_again_is_kept), cmocka_unit_test(made_again_where_that_is_cheap),
        cmocka_unit_test(spent_when_whole), cmocka_unit_test(made_again_where_factors_are_there),
        cmocka_unit_test(restricted_backward), cmocka_unit_test(concats_are_views),
        cmocka_unit_test(late_readers_are_no_views), cmocka_unit_test(micro_batches_add), cmocka_unit_test(types_of_maps),
        cmocka_unit_test(types_of_views),
    };
    return RUN_TESTS(tests);
}
