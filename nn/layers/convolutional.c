/* convolutional.c - [convolutional] and [deconvolutional]: sum, then norm, then activation. A bias is left out where a batch norm
 * follows (it would be subtracted again); instance norm keeps it, as nnU-Net does, unless bias=0. */
#include "nn/layer.h"
#include "nn/net.h"
#include "kernels/activation.h"
#include "base/die.h"

typedef struct conv_layer {
    int64_t filters, groups, dilation;
    key_list size, stride, padding;
    int pad, bias, start, batch_normalize, standardize;
    double standardize_eps, deviation;
    layer_tail tail;
} conv_layer;

enum { BIAS_AUTO, BIAS_OFF, BIAS_ON };
enum { START_UNIFORM, START_HE, START_HE_OUT, START_LECUN, START_NORMAL, START_DCGAN };

#define AT(field) offsetof(conv_layer, field)
static const key conv_keys[] = {
    { "filters",  K_INT,  AT(filters),  "0",  "output channels; 0: as many as [net] classes", 0, 65536, 0 },
    { "size",     K_LIST, AT(size),     "1",  "kernel size, rows[,columns]", 1, 99, 0 },
    { "stride",   K_LIST, AT(stride),   "1",  "rows[,columns]", 1, 99, 0 },
    { "pad",      K_BOOL, AT(pad),      "0",  "1: zero padding of size / 2 on every side", 0, 0, 0 },
    { "padding",  K_LIST, AT(padding),  "0",  "zero padding: all sides, or rows,columns, or top,bottom,left,right", 0, 99, 0 },
    { "groups",   K_INT,  AT(groups),   "1",  "channel groups that do not see each other", 1, 65536, 0 },
    { "dilation", K_INT,  AT(dilation), "1",  "distance between the kernel's taps", 1, 99, 0 },
    { "bias",     K_WORD, AT(bias),     "auto", "auto: unless a batch norm follows", 0, 0, "auto|0|1" },
    { "init",     K_WORD, AT(start),    "uniform", "starting weights: U(-1/sqrt(fan_in), ..); with biases 0: He normal by inputs or outputs, LeCun uniform, normal; dcgan: N(0, 0.02), norms N(1, 0.02) (Radford et al. 2016)",
      0, 0, "uniform|he|he_out|lecun|normal|dcgan" },
    { "init_deviation", K_REAL, AT(deviation), "0.01", "init=normal: standard deviation", 0, 10, 0 },
    { "batch_normalize", K_BOOL, AT(batch_normalize), "0", "Darknet's word for normalize=batch", 0, 0, 0 },
    { "standardize", K_BOOL, AT(standardize), "0", "weights of mean 0 and variance 1 for each filter (Qiao et al. 2019)", 0, 0, 0 },
    { "standardize_eps", K_REAL, AT(standardize_eps), "1e-5", "standardize=1: added to the variance", 0, 1, 0 },
    LAYER_TAIL_KEYS(conv_layer, tail),
    { 0 }
};

/* The settings both layers share, checked and made plain. */
typedef struct { int64_t filters, size[2], stride[2], pad[4]; int bias; layer_tail tail; } resolved;

static resolved settle(const place *p, const conv_layer *v)
{
    resolved r = { .filters = v->filters ? v->filters : p->net->conf.classes, .tail = v->tail };
    if (v->batch_normalize && v->tail.normalize != NORM_NONE && v->tail.normalize != NORM_BATCH)
        die_at(p->at, "batch_normalize=1 contradicts normalize=%s", key_word(NORM_WORDS, v->tail.normalize));
    if (v->batch_normalize) r.tail.normalize = NORM_BATCH;
    if (v->start == START_DCGAN) r.tail.spread = 0.02;
    layer_pair(p, "size", &v->size, r.size);
    layer_pair(p, "stride", &v->stride, r.stride);
    layer_padding(p, &v->padding, r.pad);
    if (v->pad) {
        if (r.pad[0] | r.pad[1] | r.pad[2] | r.pad[3]) die_at(p->at, "pad=1 and padding= contradict each other");
        r.pad[0] = r.pad[1] = r.size[0] / 2, r.pad[2] = r.pad[3] = r.size[1] / 2;
    }
    r.bias = v->bias == BIAS_ON || (v->bias == BIAS_AUTO && r.tail.normalize != NORM_BATCH);
    return r;
}

static init start_weights(const conv_layer *v, const resolved *r, int64_t fan_in, int64_t fan_out)
{
    switch (v->start) {
    case START_HE:     return init_he(fan_in, r->tail.activation == ACT_LEAKY ? r->tail.slope : 0);
    case START_HE_OUT: return init_he_out(fan_out);
    case START_LECUN:  return init_lecun(fan_in);
    case START_NORMAL: return init_normal(v->deviation);
    case START_DCGAN:  return init_normal(0.02);
    default:           return init_fan_in(fan_in);
    }
}

static tensor *sum(const place *p, const char *op, const conv_layer *v, const resolved *r, tensor *x, tensor *w, int64_t fan_in)
{
    tensor *in[3] = { x, w };
    const int spread = v->start == START_UNIFORM || v->start == START_DCGAN;
    if (r->bias) in[2] = layer_param(p, "bias", SHAPE1(r->filters), PARAM, LAYOUT_PLAIN, spread ? init_fan_in(fan_in) : init_constant(0), 0);
    return layer_node(p, op, layer_has_tail(&r->tail) ? "sum" : NULL, r->bias ? 3 : 2, in,
                      "stride_h=%lld stride_w=%lld pad_top=%lld pad_bottom=%lld pad_left=%lld pad_right=%lld dilation=%lld groups=%lld",
                      (long long)r->stride[0], (long long)r->stride[1], (long long)r->pad[0], (long long)r->pad[1], (long long)r->pad[2],
                      (long long)r->pad[3], (long long)v->dilation, (long long)v->groups);
}

static tensor *conv_build(const place *p, const void *values, tensor **from, int nfrom)
{
    (void)nfrom;
    const conv_layer *v = values;
    resolved r = settle(p, v);
    int64_t c = tensor_channels(from[0]);
    if (c % v->groups || r.filters % v->groups)
        die_at(p->at, "groups=%lld does not divide %lld input and %lld output channels", (long long)v->groups, (long long)c, (long long)r.filters);
    int64_t fan_in = c / v->groups * r.size[0] * r.size[1];
    tensor *w = layer_param(p, "weight", SHAPE4(r.size[0], r.size[1], c / v->groups, r.filters), PARAM, LAYOUT_CONV,
                            start_weights(v, &r, fan_in, r.filters / v->groups * r.size[0] * r.size[1]), 1);
    if (v->standardize) w = layer_node(p, "weight_standardize", "standardized", 1, &w, "eps=%.17g", v->standardize_eps);
    return layer_finish(p, &r.tail, sum(p, "conv", v, &r, from[0], w, fan_in));
}

/* fan_in of a transposed convolution is counted over its output channels and fan_out over its inputs, as PyTorch does (it reads dimensions
 * 1 and 0 of I,O,H,W). */
static tensor *deconv_build(const place *p, const void *values, tensor **from, int nfrom)
{
    (void)nfrom;
    const conv_layer *v = values;
    resolved r = settle(p, v);
    if (v->groups != 1 || v->dilation != 1) die_at(p->at, "groups and dilation are not for deconvolutional: wanted 1");
    if (v->standardize) die_at(p->at, "standardize is not for deconvolutional: wanted 0");
    int64_t c = tensor_channels(from[0]), fan_in = r.filters * r.size[0] * r.size[1];
    tensor *w = layer_param(p, "weight", SHAPE4(c, r.size[0], r.size[1], r.filters), PARAM, LAYOUT_DECONV,
                            start_weights(v, &r, fan_in, c * r.size[0] * r.size[1]), 1);
    return layer_finish(p, &r.tail, sum(p, "deconv", v, &r, from[0], w, fan_in));
}

const layer layer_convolutional = {
    "convolutional", "convolution, then norm, then activation", conv_keys, sizeof(conv_layer), 1, 1, conv_build
};
const layer layer_deconvolutional = {
    "deconvolutional", "transposed convolution, then norm, then activation", conv_keys, sizeof(conv_layer), 1, 1, deconv_build
};
