/* standardize.c - the ops layer_norm and weight_standardize: normalisations without running statistics whose samples are no samples of
 * the batch but tokens and filters. */
#include "nn/ops/check.h"
#include "kernels/layer_norm.h"
#include "kernels/standardize.h"

typedef struct { double eps; } eps_conf;
static const key eps_keys[] = {
    { "eps", K_REAL, offsetof(eps_conf, eps), "1e-5", "added to the variance", 0, 1, NULL },
    { 0 }
};
static double eps_of(const node *n) { return ((const eps_conf *)n->conf)->eps; }
static int64_t pixels(const node *n) { return tensor_pixels(n->in[0]); }
static int64_t channels(const node *n) { return tensor_channels(n->in[0]); }

static void layer_infer(node *n)
{
    check_inputs(n, 3, 3);
    check_map(n, 0);
    for (int i = 1; i < 3; i++) check_shape(n, i, SHAPE1(channels(n)), REAL_TYPE);
    n->work = layer_norm_work(pixels(n), channels(n));
    node_output(n, n->in[0]->s, REAL_TYPE);
    node_saved(n, "mean", SHAPE1(pixels(n)), REAL_TYPE);
    node_saved(n, "rstd", SHAPE1(pixels(n)), REAL_TYPE);
}

static void layer_forward(const context *c, const node *n)
{
    RUN(layer_norm_forward, pixels(n), channels(n), eps_of(n), X(0), XS(0), X(1), X(2), Y, YS, SAVED(0), SAVED(1));
}

static void layer_backward(const context *c, const node *n, const step *s)
{
    RUN(layer_norm_backward, pixels(n), channels(n), X(0), XS(0), GY, YS, X(1), SAVED(0), SAVED(1), WANT(0) ? GX(0) : NULL, ADD(0),
        WANT(1) ? GX(1) : NULL, ADD(1), WANT(2) ? GX(2) : NULL, ADD(2), c->work);
}

static void weight_infer(node *n)
{
    char a[64];
    check_inputs(n, 1, 1);
    if (n->in[0]->s.nd != 4 || n->in[0]->type != REAL_TYPE)
        die_at(n->at, "weight_standardize: %s is %s, wanted weights h,w,i,o", n->in[0]->name, shape_text(&n->in[0]->s, a));
    node_output(n, n->in[0]->s, REAL_TYPE);
    node_saved(n, "mean", SHAPE1(channels(n)), REAL_TYPE);
    node_saved(n, "rstd", SHAPE1(channels(n)), REAL_TYPE);
}

static void weight_forward(const context *c, const node *n)
{
    RUN(standardize_forward, pixels(n), channels(n), eps_of(n), X(0), XS(0), Y, YS, SAVED(0), SAVED(1));
}

static void weight_backward(const context *c, const node *n, const step *s)
{
    if (WANT(0)) RUN(standardize_backward, pixels(n), channels(n), X(0), XS(0), GY, YS, SAVED(0), SAVED(1), GX(0), ADD(0));
}

const op op_layer_norm = {
    .name = "layer_norm", .help = "normalisation of the channels of each pixel or token, with gamma, beta (Ba, Kiros and Hinton 2016)",
    .conf = sizeof(eps_conf), .keys = eps_keys, .reads_x = 1u << 0 | 1u << 1,
    .infer = layer_infer, .forward = layer_forward, .backward = layer_backward, .again = layer_forward,
};
const op op_weight_standardize = {
    .name = "weight_standardize", .help = "a convolution's weights with mean 0 and variance 1 for each output channel (Qiao et al. 2019)",
    .conf = sizeof(eps_conf), .keys = eps_keys, .reads_x = 1, .infer = weight_infer, .forward = weight_forward, .backward = weight_backward,
};
