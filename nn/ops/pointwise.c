/* pointwise.c - ops that keep the size of a map: activation, add, dropout, softmax. */
#include "nn/ops/check.h"
#include "kernels/map.h"
#include "kernels/softmax.h"
#include "kernels/activation.h"

static int64_t pixels(const node *n) { return tensor_pixels(n->out[0]); }
static int64_t channels(const node *n) { return tensor_channels(n->out[0]); }

static void same(node *n)
{
    check_inputs(n, 1, 1);
    check_map(n, 0);
    node_output(n, n->in[0]->s, REAL_TYPE);
}

typedef struct { double slope; int activation; } act_conf;
static const key act_keys[] = {
    { "activation", K_WORD, offsetof(act_conf, activation), NULL,   "which", 0, 0, ACT_WORDS },
    { "slope",      K_REAL, offsetof(act_conf, slope),      "0.01", "of leaky, left of 0", 0, 1, NULL },
    { 0 }
};

/* What comes out of a rectifier is most often kept anyway, for whoever reads it next; what goes in need not be. */
static void act_infer(node *n)
{
    same(n);
    n->reads_x = !act_rectifies((activation)((const act_conf *)n->conf)->activation), n->reads_y = !n->reads_x;
}

static void act_forward(const context *c, const node *n)
{
    const act_conf *f = n->conf;
    RUN(act_forward, pixels(n), channels(n), X(0), XS(0), Y, YS, (activation)f->activation, (real)f->slope);
}

static void act_backward(const context *c, const node *n, const step *s)
{
    const act_conf *f = n->conf;
    const elem *from = n->reads_y ? Y : X(0);
    if (WANT(0)) RUN(act_backward, pixels(n), channels(n), from, n->reads_y ? YS : XS(0), GY, YS, GX(0), XS(0), (activation)f->activation,
                     (real)f->slope, ADD(0));
}

static void add_infer(node *n)
{
    check_inputs(n, 2, MAX_IN);
    check_map(n, 0);
    for (int i = 1; i < n->nin; i++) check_shape(n, i, n->in[0]->s, REAL_TYPE);
    node_output(n, n->in[0]->s, REAL_TYPE);
}

static void add_forward(const context *c, const node *n)
{
    RUN(map_sum, pixels(n), channels(n), X(0), XS(0), X(1), XS(1), Y, YS);
    for (int i = 2; i < n->nin; i++) RUN(map_copy, pixels(n), channels(n), X(i), XS(i), Y, YS, 1);
}

static void add_backward(const context *c, const node *n, const step *s)
{
    for (int i = 0; i < n->nin; i++)
        if (WANT(i)) RUN(map_copy, pixels(n), channels(n), GY, YS, GX(i), XS(i), ADD(i));
}

typedef struct { double probability; } dropout_conf;
static const key dropout_keys[] = {
    { "probability", K_REAL, offsetof(dropout_conf, probability), "0.5", "of a value being zeroed in training", 0, 0.999, NULL },
    { 0 }
};

/* FNV-1a of the output's name: stays the same when layers are added elsewhere in the net */
static uint32_t dropout_node(const node *n)
{
    uint32_t h = 2166136261u;
    for (const char *p = n->out[0]->name; *p; p++) h = (h ^ (unsigned char)*p) * 16777619u;
    return h;
}

static double dropped(const context *c, const node *n) { return c->training ? ((const dropout_conf *)n->conf)->probability : 0; }

static void dropout_forward(const context *c, const node *n)
{
    const double p = dropped(c, n);
    if (p > 0) RUN(map_dropout, pixels(n), channels(n), p, dropout_node(n), X(0), XS(0), Y, YS, 0);
    else RUN(map_copy, pixels(n), channels(n), X(0), XS(0), Y, YS, 0);
}

static void dropout_backward(const context *c, const node *n, const step *s)
{
    const double p = dropped(c, n);
    if (!WANT(0)) return;
    if (p > 0) RUN(map_dropout, pixels(n), channels(n), p, dropout_node(n), GY, YS, GX(0), XS(0), ADD(0));
    else RUN(map_copy, pixels(n), channels(n), GY, YS, GX(0), XS(0), ADD(0));
}

static void softmax_infer(node *n)
{
    same(n);
    if (channels(n) > SOFTMAX_MAX) die_at(n->at, "softmax: got %lld channels, wanted at most %d", (long long)channels(n), SOFTMAX_MAX);
}

static void softmax_forward(const context *c, const node *n) { RUN(softmax_forward, pixels(n), channels(n), X(0), XS(0), Y, YS); }

static void softmax_backward(const context *c, const node *n, const step *s)
{
    if (WANT(0)) RUN(softmax_backward, pixels(n), channels(n), Y, YS, GY, YS, GX(0), XS(0), ADD(0));
}

const op OP(activation) = {
    .name = "activation", .help = "a function of every value", .conf = sizeof(act_conf), .keys = act_keys, .reads_x = 1, .reads_y = 1,
    .samples = 1, .maps = 1, .infer = act_infer, .forward = act_forward, .backward = act_backward, .again = act_forward,
};
const op OP(add) = {
    .name = "add", .help = "the sum of two or more maps of one shape", .maps = ~0u,
    .infer = add_infer, .forward = add_forward, .backward = add_backward, .again = add_forward,
};
const op OP(dropout) = {
    .name = "dropout", .help = "zeroes values at random in training and scales up the others (Srivastava et al. 2014)",
    .conf = sizeof(dropout_conf), .keys = dropout_keys, .maps = 1, .infer = same, .forward = dropout_forward, .backward = dropout_backward,
    .again = dropout_forward,
};
const op OP(softmax) = {
    .name = "softmax", .help = "probabilities over the channels of each pixel", .reads_y = 1, .maps = 1,
    .infer = softmax_infer, .forward = softmax_forward, .backward = softmax_backward,
};
