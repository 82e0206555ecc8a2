/* pointwise.c - layers that keep the size of a map: [batchnorm] [instancenorm] [activation] [dropout] [softmax]. */
#include "nn/layer.h"
#include "kernels/activation.h"

typedef struct { layer_tail tail; } norm_layer;
#define NORM_KEYS \
    { "activation", K_WORD, offsetof(norm_layer, tail.activation), "linear", "applied last", 0, 0, ACT_WORDS }, \
    { "slope",      K_REAL, offsetof(norm_layer, tail.slope), "0.01", "of leaky, left of 0", 0, 1, 0 }, \
    { "eps",        K_REAL, offsetof(norm_layer, tail.eps), "1e-5", "added to the variance", 0, 1, 0 }
static const key batchnorm_keys[] = {
    NORM_KEYS,
    { "momentum", K_REAL, offsetof(norm_layer, tail.momentum), "0.1", "share of the new batch in the running statistics", 0, 1, 0 },
    { 0 }
};
static const key instancenorm_keys[] = { NORM_KEYS, { 0 } };

static tensor *norm(const place *p, const void *values, tensor *x, int normalize)
{
    layer_tail t = ((const norm_layer *)values)->tail;
    t.normalize = normalize;
    return layer_finish(p, &t, x);
}

static tensor *batchnorm_build(const place *p, const void *values, tensor **from, int nfrom)
{
    (void)nfrom;
    return norm(p, values, from[0], NORM_BATCH);
}

static tensor *instancenorm_build(const place *p, const void *values, tensor **from, int nfrom)
{
    (void)nfrom;
    return norm(p, values, from[0], NORM_INSTANCE);
}

static const key activation_keys[] = {
    { "activation", K_WORD, offsetof(norm_layer, tail.activation), NULL, "which", 0, 0, ACT_WORDS },
    { "slope",      K_REAL, offsetof(norm_layer, tail.slope), "0.01", "of leaky, left of 0", 0, 1, 0 },
    { 0 }
};

static tensor *activation_build(const place *p, const void *values, tensor **from, int nfrom)
{
    (void)nfrom;
    return norm(p, values, from[0], NORM_NONE);
}

typedef struct { double probability; } dropout_layer;
static const key dropout_keys[] = {
    { "probability", K_REAL, offsetof(dropout_layer, probability), "0.5", "of a value being zeroed in training", 0, 0.999, 0 },
    { 0 }
};

static tensor *dropout_build(const place *p, const void *values, tensor **from, int nfrom)
{
    (void)nfrom;
    return layer_node(p, "dropout", NULL, 1, from, "probability=%.17g", ((const dropout_layer *)values)->probability);
}

static const key softmax_keys[] = { { 0 } };

static tensor *softmax_build(const place *p, const void *values, tensor **from, int nfrom)
{
    (void)values, (void)nfrom;
    return layer_node(p, "softmax", NULL, 1, from, " ");
}

const layer layer_batchnorm = {
    "batchnorm", "batch normalisation (Ioffe and Szegedy 2015)", batchnorm_keys, sizeof(norm_layer), 1, 1, batchnorm_build
};
const layer layer_instancenorm = {
    "instancenorm", "instance normalisation (Ulyanov et al. 2016)", instancenorm_keys, sizeof(norm_layer), 1, 1, instancenorm_build
};
const layer layer_activation = { "activation", "a function of every value", activation_keys, sizeof(norm_layer), 1, 1, activation_build };
const layer layer_dropout = {
    "dropout", "zeroes values at random in training (Srivastava et al. 2014)", dropout_keys, sizeof(dropout_layer), 1, 1, dropout_build
};
const layer layer_softmax = { "softmax", "class probabilities from scores", softmax_keys, 1, 1, 1, softmax_build };
