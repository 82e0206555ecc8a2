/* fold_test.c - networks for inference: norms folded into convolutions compute what the norms did, with running statistics far from 0 and
 * 1, within rounding; what depends on parameters alone is made once and again when they change; what must not be folded is left alone.
 *
 * Tolerances, of the largest value of the output: 1e-12 in double; 2e-5 in float32, of which Winograd's rounding is the larger part; with
 * bf16 the rounded factors are other ones, so 0.05, and 0.01 rms. */
#include "tests/test.h"
#include "base/machine.h"
#include "base/rng.h"
#include "nn/fold.h"
#include "nn/net.h"

static double draw(uint32_t which, int64_t i)                  /* -1 .. 1 */
{
    return 2 * rng_u01(rng_draw(31, RNG_TEST, which, 0, (uint64_t)i).v[0]) - 1;
}

/* Norms whose every number matters: gamma of both signs, variances from 0.05 to 5. */
static params *parameters(const net *t)
{
    params *p = params_new(t->g, &device_cpu, 0);
    params_init(p, 3);
    for (int k = 0; k < p->n; k++) {
        const param *q = &p->p[k];
        for (size_t i = 0; i < q->count; i++) {
            const double u = draw((uint32_t)k, (int64_t)i);
            real *x = &p->x[q->at + i];
            if (strstr(q->name, "norm.weight")) *x = (real)((u > 0 ? 1.2 : -1.2) + 0.4 * u);
            if (strstr(q->name, "norm.bias")) *x = (real)u;
            if (strstr(q->name, "running_mean")) *x = (real)(0.5 * u);
            if (strstr(q->name, "running_var")) *x = (real)pow(10, u * 0.99 - 0.3);
        }
    }
    return p;
}

typedef struct { net_program *r; params *p; real *in, *out; size_t bytes; } trial;

static trial trial_new(const char *text, const char *const *words, int n)
{
    net *t = net_parse(text, "test.cfg", words, n);
    trial a = { .p = parameters(t), .bytes = (size_t)shape_volume(&t->output->s) * sizeof(real) };
    a.r = net_program_new(text, "test.cfg", words, n, a.p, &device_cpu);
    a.in = xalloc(t->input->x.size), a.out = xalloc(a.bytes);
    for (int64_t i = 0; i < shape_volume(&t->input->s); i++) a.in[i] = (real)draw(99, i);
    net_free(t);
    return a;
}

static void trial_free(trial *a)
{
    net_program_free(a->r), params_free(a->p);
    free(a->in), free(a->out);
}

static void trial_run(trial *a) { net_program_run(a->r, a->in, a->out); }

static int count(const graph *g, const char *op)
{
    int n = 0;
    for (int i = 0; i < g->n; i++) n += !strcmp(g->node[i]->op->name, op);
    return n;
}

/* Folded and not, in otherwise the same words */
static void compare(const char *text, const char *first, const char *second, int norms, int left, double largest, double rms)
{
    const char *words[2][3] = { { "net.fold=0", first, second }, { "net.fold=1", first, second } };
    int n = first ? second ? 3 : 2 : 1;
    trial plain = trial_new(text, words[0], n), folded = trial_new(text, words[1], n);
    double worst = 0, big = 0, e2 = 0, v2 = 0;
    trial_run(&plain), trial_run(&folded);
    for (size_t i = 0; i < plain.bytes / sizeof(real); i++) {
        const double v = (double)plain.out[i], e = fabs((double)folded.out[i] - v);
        if (!(e <= worst)) worst = e;
        if (fabs(v) > big) big = fabs(v);
        e2 += e * e, v2 += v * v;
    }
    assert_int_equal(count(plain.r->t->g, "fold_norm"), 0);
    assert_int_equal(count(plain.r->t->g, "batch_norm") + count(plain.r->t->g, "fixed_norm"), norms + left);
    assert_int_equal(count(folded.r->t->g, "fold_norm"), norms);
    assert_int_equal(count(folded.r->t->g, "batch_norm") + count(folded.r->t->g, "fixed_norm"), left);
    assert_true(big > 0);
    near(worst / big, 0, largest);
    near(sqrt(e2 / v2), 0, rms);
    trial_free(&plain), trial_free(&folded);
}

/* Every kind of convolution and activation, biases, shared weights, a concat that is written in place, a residual sum. */
static const char zoo[] =
    "[net]\nbatch=2\nheight=24\nwidth=20\nchannels=2\nclasses=3\n"
    "[convolutional]\nname=a\nfilters=32\nsize=3\npad=1\nbatch_normalize=1\nactivation=leaky\nslope=0.2\neps=0.01\n"
    "[convolutional]\nname=b\nfilters=32\nsize=3\npad=1\nbatch_normalize=1\nactivation=relu\nbias=1\n"
    "[convolutional]\nname=c\nshare=b\nfilters=32\nsize=3\npad=1\nbatch_normalize=1\nactivation=swish\nbias=1\n"
    "[convolutional]\nname=d\nfilters=36\nsize=3\npad=1\nstride=2\ngroups=2\nbatch_normalize=1\nactivation=gelu\n"
    "[convolutional]\nname=e\nfilters=40\nsize=1\nactivation=relu\n"
    "[convolutional]\nname=f\nfilters=8\nsize=3\npad=1\nactivation=tanh\n"
    "[deconvolutional]\nname=up\nfilters=16\nsize=2\nstride=2\nbatch_normalize=1\nactivation=leaky\n"
    "[deconvolutional]\nname=wide\nfrom=f\nfilters=32\nsize=4\nstride=2\npadding=1\nbatch_normalize=1\nactivation=logistic\n"
    "[deconvolutional]\nname=wider\nfrom=f\nfilters=32\nsize=4\nstride=2\npadding=1\nbatch_normalize=1\nactivation=relu\n"
    "[route]\nlayers=c,up,wide,wider\n"
    "[convolutional]\nname=g\nfilters=32\nsize=3\npad=1\nbatch_normalize=1\n"
    "[shortcut]\nfrom=-1,b\n"
    "[convolutional]\nname=out\nsize=1\n";

static void folded_is_unfolded(void **state)
{
    (void)state;
    const double tight = sizeof(real) == 8 ? 1e-12 : 2e-5;
    compare(zoo, NULL, NULL, 8, 0, tight, tight);
    compare(zoo, "net.winograd=0", NULL, 8, 0, tight, tight);
    compare(zoo, "net.height=64", "net.width=64", 8, 0, tight, tight);      /* tiles enough for every plan of Winograd's */
}

static void bf16_too(void **state)
{
    (void)state;
    const machine m = machine_read();
    if (sizeof(real) == 8 || !machine_has(&m, "avx512_bf16")) skip();
    compare(zoo, "net.precision=bf16", NULL, 8, 0, 0.05, 0.01);
}

static void unet(void **state)
{
    (void)state;
    int norms = 0;
    const char *words[] = { "net.batch=1", "net.height=64", "net.width=32" };
    net *t = net_load("configs/nets/unet-small.cfg", words, 3);
    char *text = net_text(t);
    norms = count(t->g, "batch_norm");
    assert_true(norms > 10);
    compare(text, NULL, NULL, norms, 0, sizeof(real) == 8 ? 1e-11 : 5e-5, sizeof(real) == 8 ? 1e-11 : 5e-5);
    compare(text, "net.frozen_norms=1", NULL, norms, 0, sizeof(real) == 8 ? 1e-11 : 5e-5, sizeof(real) == 8 ? 1e-11 : 5e-5);
    free(text), net_free(t);
}

/* What depends on parameters alone runs once: a change of the parameters is seen when the program is told, and then as a whole. */
static void made_once(void **state)
{
    (void)state;
    trial a = trial_new(zoo, NULL, 0), b = trial_new(zoo, NULL, 0);
    real *before = xalloc(a.bytes);
    assert_true(a.r->plan.fixed >= 7);
    for (int i = 0; i < a.r->plan.n; i++) {
        const step *s = &a.r->plan.s[i];
        const int fixed = !strcmp(s->n->op->name, "fold_norm") || s->pack;
        assert_int_equal(fixed, i < a.r->plan.fixed);          /* in this net all filters are parameters */
    }
    trial_run(&a);
    memcpy(before, a.out, a.bytes);
    trial_run(&a);
    assert_memory_equal(before, a.out, a.bytes);
    for (size_t i = 0; i < a.p->total; i++) b.p->x[i] = a.p->x[i] = a.p->x[i] * (real)0.75;
    net_program_changed(a.r);
    trial_run(&a), trial_run(&b);                              /* b has never run with other ones */
    assert_memory_not_equal(before, a.out, a.bytes);
    assert_memory_equal(b.out, a.out, a.bytes);
    memset(a.r->plan.base, 0xff, a.r->plan.arena);             /* nothing is left over from before */
    net_program_changed(a.r);
    trial_run(&a);
    assert_memory_equal(b.out, a.out, a.bytes);
    free(before);
    trial_free(&a), trial_free(&b);
}

static tensor *add(graph *g, const char *op, const char *name, int nin, tensor **in, const char *words)
{
    void *conf = xalloc(op_find(op)->conf + 1);
    key_words(op_find(op)->keys, conf, words, "test");
    tensor *t = graph_add(g, op_find(op), name, "test", nin, in, conf);
    free(conf);
    return t;
}

/* keep: the sum is asked for. twice: the sum has another reader. instance: a norm whose statistics are not fixed. */
static int folds(int keep, int twice, int instance)
{
    graph *g = graph_new();
    tensor *x = graph_leaf(g, "x", SHAPE4(1, 4, 4, 2), REAL_TYPE, INPUT), *w = graph_leaf(g, "w", SHAPE4(3, 3, 2, 2), REAL_TYPE, PARAM);
    tensor *v[4];
    for (int i = 0; i < 4; i++) v[i] = graph_leaf(g, "v", SHAPE1(2), REAL_TYPE, i < 2 ? PARAM : STATE);
    tensor *y = add(g, "conv", "y", 2, (tensor *[]){ x, w }, "pad=1");
    if (twice) add(g, "activation", "s", 1, &y, "activation=tanh");
    tensor *z = instance ? add(g, "group_norm", "z", 3, (tensor *[]){ y, v[0], v[1] }, "groups=2")
                         : add(g, "batch_norm", "z", 5, (tensor *[]){ y, v[0], v[1], v[2], v[3] }, "activation=relu");
    y->keep = keep;
    int nodes = g->n, norms = graph_fold(g);
    assert_int_equal(g->n, nodes);                             /* a fold_norm for each batch_norm */
    assert_string_equal(g->node[norms ? 1 : 0]->op->name, "conv");
    assert_ptr_equal(z->from, g->node[twice ? 2 : 1]);
    graph_free(g);
    return norms;
}

static void left_alone(void **state)
{
    (void)state;
    assert_int_equal(folds(0, 0, 0), 1);
    assert_int_equal(folds(1, 0, 0), 0);
    assert_int_equal(folds(0, 1, 0), 0);
    assert_int_equal(folds(0, 0, 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folded_is_unfolded), cmocka_unit_test(bf16_too), cmocka_unit_test(unet), cmocka_unit_test(made_once),
        cmocka_unit_test(left_alone),
    };
    return RUN_TESTS(tests);
}
