/* connected.c - [connected] [layernorm] [groupnorm]. A connected layer sees all of a sample, laid out as one token in the order rows,
 * columns, channels; or, with each=pixel, every pixel (token) by itself. Its weights are outputs x inputs, as reference checkpoints
 * have them. */
#include "nn/layer.h"
#include "nn/net.h"
#include "kernels/activation.h"
#include <stdlib.h>

typedef struct { int64_t output; int each, bias, batch_normalize, start; double deviation; layer_tail tail; } connected_layer;
enum { BIAS_AUTO, BIAS_OFF, BIAS_ON };
enum { EACH_SAMPLE, EACH_PIXEL };
enum { START_UNIFORM, START_XAVIER, START_LECUN, START_NORMAL };

#define AT(field) offsetof(connected_layer, field)
static const key connected_keys[] = {
    { "output", K_INT,  AT(output), "0",    "numbers that come out; 0: as many as [net] classes", 0, 1 << 20, 0 },
    { "each",   K_WORD, AT(each),   "sample", "what is seen at once: a whole sample, or each pixel (token) by itself", 0, 0, "sample|pixel" },
    { "init",   K_WORD, AT(start),  "uniform", "starting weights: U(-1/sqrt(inputs), ..); Xavier's and biases of N(0, 1e-6); LeCun's uniform or normal, and biases 0", 0, 0, "uniform|xavier|lecun|normal" },
    { "init_deviation", K_REAL, AT(deviation), "0.01", "init=normal: standard deviation", 0, 10, 0 },
    { "bias",   K_WORD, AT(bias),   "auto", "auto: unless a batch norm follows", 0, 0, "auto|0|1" },
    { "batch_normalize", K_BOOL, AT(batch_normalize), "0", "a batch norm before the activation", 0, 0, 0 },
    { "activation", K_WORD, AT(tail.activation), "linear", "applied last", 0, 0, ACT_WORDS },
    { "slope",      K_REAL, AT(tail.slope), "0.01", "of leaky, left of 0 (Darknet: 0.1)", 0, 1, 0 },
    { "eps",        K_REAL, AT(tail.eps), "1e-5", "batch norm: added to the variance", 0, 1, 0 },
    { "momentum",   K_REAL, AT(tail.momentum), "0.1", "batch norm: share of the new batch in the running statistics", 0, 1, 0 },
    { 0 }
};

static init start_weights(const connected_layer *v, int64_t input, int64_t output)
{
    switch (v->start) {
    case START_XAVIER: return init_xavier(input, output);
    case START_LECUN:  return init_lecun(input);
    case START_NORMAL: return init_normal(v->deviation);
    default:           return init_fan_in(input);
    }
}

static init start_biases(const connected_layer *v, int64_t input)
{
    return v->start == START_UNIFORM ? init_fan_in(input) : v->start == START_XAVIER ? init_normal(1e-6) : init_constant(0);
}

static tensor *connected_build(const place *p, const void *values, tensor **from, int nfrom)
{
    (void)nfrom;
    const connected_layer *v = values;
    const int64_t output = v->output ? v->output : p->net->conf.classes;
    const int bias = v->bias == BIAS_ON || (v->bias == BIAS_AUTO && !v->batch_normalize);
    layer_tail tail = v->tail;
    tail.normalize = v->batch_normalize ? NORM_BATCH : NORM_NONE;
    tensor *in[3] = { from[0] };
    const int64_t pixels = v->each == EACH_SAMPLE ? from[0]->s.d[1] * from[0]->s.d[2] : 1;
    if (pixels > 1) in[0] = layer_node(p, "reshape", "flat", 1, from, "height=1 width=1");
    const int64_t input = tensor_channels(in[0]);
    in[1] = layer_param(p, "weight", (shape){ 2, { output, input } }, PARAM, pixels > 1 ? LAYOUT_FLAT : LAYOUT_PLAIN, start_weights(v, input, output), 1);
    in[1]->pixels = pixels;
    if (bias) in[2] = layer_param(p, "bias", SHAPE1(output), PARAM, LAYOUT_PLAIN, start_biases(v, input), 0);
    return layer_finish(p, &tail, layer_node(p, "linear", layer_has_tail(&tail) ? "sum" : NULL, bias ? 3 : 2, in, " "));
}

typedef struct { double eps, slope; int64_t groups; int activation; } norm_layer;
#define EPS_KEY { "eps", K_REAL, offsetof(norm_layer, eps), "1e-5", "added to the variance", 0, 1, 0 }
static const key layernorm_keys[] = { EPS_KEY, { 0 } };
static const key groupnorm_keys[] = {
    EPS_KEY,
    { "groups",     K_INT,  offsetof(norm_layer, groups),     "32",     "parts the channels are cut into; each has its own statistics", 1, 65536, 0 },
    { "activation", K_WORD, offsetof(norm_layer, activation), "linear", "applied last", 0, 0, ACT_WORDS },
    { "slope",      K_REAL, offsetof(norm_layer, slope),      "0.01",   "of leaky, left of 0", 0, 1, 0 },
    { 0 }
};

/* x and the two parameters of a norm without running statistics */
static void norm_inputs(const place *p, tensor *x, tensor *in[3])
{
    const shape s = SHAPE1(tensor_channels(x));
    in[0] = x;
    in[1] = layer_param(p, "norm.weight", s, PARAM, LAYOUT_PLAIN, init_constant(1), 0);
    in[2] = layer_param(p, "norm.bias", s, PARAM, LAYOUT_PLAIN, init_constant(0), 0);
}

static tensor *layernorm_build(const place *p, const void *values, tensor **from, int nfrom)
{
    (void)nfrom;
    tensor *in[3];
    norm_inputs(p, from[0], in);
    return layer_node(p, "layer_norm", NULL, 3, in, "eps=%.17g", ((const norm_layer *)values)->eps);
}

static tensor *groupnorm_build(const place *p, const void *values, tensor **from, int nfrom)
{
    (void)nfrom;
    const norm_layer *v = values;
    tensor *in[3];
    norm_inputs(p, from[0], in);
    char *act = key_word(ACT_WORDS, v->activation);
    tensor *t = layer_node(p, "group_norm", NULL, 3, in, "groups=%lld eps=%.17g activation=%s slope=%.17g", (long long)v->groups, v->eps, act,
                           v->slope);
    free(act);
    return t;
}

const layer layer_connected = {
    "connected", "every output sees every input of its sample, then norm, then activation", connected_keys, sizeof(connected_layer), 1, 1,
    connected_build
};
const layer layer_layernorm = {
    "layernorm", "normalisation of the channels of each pixel (Ba, Kiros and Hinton 2016)", layernorm_keys, sizeof(norm_layer), 1, 1,
    layernorm_build
};
const layer layer_groupnorm = { "groupnorm", "group normalisation (Wu and He 2018)", groupnorm_keys, sizeof(norm_layer), 1, 1, groupnorm_build };
