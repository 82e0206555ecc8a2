/* norm.c - batch norm and group norm with a fused activation. Backward reads x and the saved statistics, never y, so y lives no longer
 * than the next layer needs it. In evaluation batch norm uses its running statistics and changes nothing; its saved mean and rstd are
 * then those, so that a gradient taken in that mode treats them as the constants they are. */
#include "nn/ops/check.h"
#include "kernels/norm_fixed.h"

typedef struct { double eps, momentum, slope; int64_t groups; int activation; } norm_conf;

#define NORM_KEYS \
    { "eps",        K_REAL, offsetof(norm_conf, eps),        "1e-5",   "added to the variance", 0, 1, NULL }, \
    { "activation", K_WORD, offsetof(norm_conf, activation), "linear", "applied last, in the same pass", 0, 0, ACT_WORDS }, \
    { "slope",      K_REAL, offsetof(norm_conf, slope),      "0.01",   "of leaky, left of 0", 0, 1, NULL }

static const key batch_keys[] = {
    NORM_KEYS,
    { "momentum",   K_REAL, offsetof(norm_conf, momentum),   "0.1",    "share of the new batch in the running statistics", 0, 1, NULL },
    { 0 }
};
static const key fixed_keys[] = { NORM_KEYS, { 0 } };
static const key group_keys[] = {
    NORM_KEYS,
    { "groups",     K_INT,  offsetof(norm_conf, groups),     NULL,     "parts the channels are cut into; one a channel: instance norm", 1, 65536, NULL },
    { 0 }
};

static norm_affine affine(const node *n)
{
    const norm_conf *f = n->conf;
    return (norm_affine){ (activation)f->activation, (real)f->slope, P(1), P(2) };
}

static norm_size batch_size(const node *n)
{
    const tensor *x = n->in[0];
    return (norm_size){ 1, tensor_pixels(x), tensor_channels(x), tensor_channels(x) };
}

static norm_size group_size(const node *n)
{
    const tensor *x = n->in[0];
    return (norm_size){ x->s.d[0], tensor_pixels(x) / x->s.d[0], tensor_channels(x), ((const norm_conf *)n->conf)->groups };
}

static void infer(node *n, int inputs, norm_size (*size)(const node *))
{
    check_inputs(n, inputs, inputs);
    check_map(n, 0);
    for (int i = 1; i < inputs; i++) check_shape(n, i, SHAPE1(tensor_channels(n->in[0])), REAL_TYPE);
    const norm_size s = size(n);
    if (s.groups < 1 || s.channels % s.groups) die_at(n->at, "%s: groups: got %lld, wanted a divisor of %lld channels", n->op->name,
                                                      (long long)s.groups, (long long)s.channels);
    n->work = norm_work(s);
    node_output(n, n->in[0]->s, REAL_TYPE);
    node_saved(n, "mean", SHAPE1(s.samples * s.groups), REAL_TYPE);
    node_saved(n, "rstd", SHAPE1(s.samples * s.groups), REAL_TYPE);
}

static void batch_infer(node *n) { infer(n, 5, batch_size); }
static void group_infer(node *n) { infer(n, 3, group_size); }

/* With the moments that have been measured */
static void apply(const context *c, const node *n, norm_size s)
{
    RUN(norm_forward, s, X(0), XS(0), Y, YS, affine(n), SAVED(0), SAVED(1));
}
static void batch_again(const context *c, const node *n) { apply(c, n, batch_size(n)); }
static void group_again(const context *c, const node *n) { apply(c, n, group_size(n)); }

static int measures(const context *c, const node *n) { return c->training && !n->still; }

static void batch_forward(const context *c, const node *n)
{
    const norm_conf *f = n->conf;
    const norm_size s = batch_size(n);
    if (measures(c, n))
        RUN(norm_moments, s, X(0), XS(0), f->eps, SAVED(0), SAVED(1), n->in[3]->x.p, n->in[4]->x.p, f->momentum, c->work);
    else RUN(norm_running, s.channels, P(3), P(4), f->eps, SAVED(0), SAVED(1));
    apply(c, n, s);
}

/* Nothing in it is learnt or measured, so what goes in need not be kept: the slope of a rectifier is told from what comes out. */
static void fixed_infer(node *n)
{
    const activation a = (activation)((const norm_conf *)n->conf)->activation;
    batch_infer(n);
    if (a != ACT_LINEAR && !act_rectifies(a)) die_at(n->at, "fixed_norm: activation: wanted linear, relu or leaky; others stand alone");
    n->reads_y = a != ACT_LINEAR;
}

static void fixed_forward(const context *c, const node *n)
{
    const norm_size s = batch_size(n);
    RUN(norm_running, s.channels, P(3), P(4), ((const norm_conf *)n->conf)->eps, SAVED(0), SAVED(1));
    apply(c, n, s);
}

static void fixed_backward(const context *c, const node *n, const step *s)
{
    if (WANT(0)) RUN(norm_fixed_backward, tensor_pixels(n->in[0]), tensor_channels(n->in[0]), Y, YS, GY, YS, affine(n), SAVED(1), GX(0), XS(0), ADD(0));
}

static void group_forward(const context *c, const node *n)
{
    const norm_size s = group_size(n);
    RUN(norm_moments, s, X(0), XS(0), ((const norm_conf *)n->conf)->eps, SAVED(0), SAVED(1), NULL, NULL, 0, c->work);
    apply(c, n, s);
}

static void backward(const context *c, const node *n, const step *s, norm_size size, int batch)
{
    RUN(norm_backward, size, batch, X(0), XS(0), GY, YS, affine(n), SAVED(0), SAVED(1), WANT(0) ? GX(0) : NULL, ADD(0),
        WANT(1) ? GP(1) : NULL, ADD(1), WANT(2) ? GP(2) : NULL, ADD(2), c->work);
}
static void batch_backward(const context *c, const node *n, const step *s) { backward(c, n, s, batch_size(n), measures(c, n)); }
static void group_backward(const context *c, const node *n, const step *s) { backward(c, n, s, group_size(n), 1); }

const op OP(batch_norm) = {
    .name = "batch_norm", .help = "batch normalisation of x with gamma, beta and running mean, variance (Ioffe and Szegedy 2015)",
    .conf = sizeof(norm_conf), .keys = batch_keys, .reads_x = 1u << 0 | 1u << 1 | 1u << 2,
    .maps = 1, .infer = batch_infer, .forward = batch_forward, .backward = batch_backward, .again = batch_again,
};
const op OP(fixed_norm) = {
    .name = "fixed_norm", .help = "batch normalisation by running statistics, scale and shift that are all constants",
    .conf = sizeof(norm_conf), .keys = fixed_keys, .reads_x = 1u << 1, .reads_y = 1, .stops = 30,
    .maps = 1, .infer = fixed_infer, .forward = fixed_forward, .backward = fixed_backward, .again = fixed_forward,
};
const op OP(group_norm) = {
    .name = "group_norm", .help = "group normalisation of x with gamma, beta (Wu and He 2018); groups = channels is instance norm",
    .conf = sizeof(norm_conf), .keys = group_keys, .reads_x = 1u << 0 | 1u << 1 | 1u << 2,
    .maps = 1, .infer = group_infer, .forward = group_forward, .backward = group_backward, .again = group_again,
};
