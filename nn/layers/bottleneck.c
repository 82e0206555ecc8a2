/* bottleneck.c - [bottleneck]: the residual unit of ResNet-50 and deeper (He et al. 2016): 1x1, 3x3, 1x1 with batch norms, plus the input,
 * projected by a 1x1 where its shape differs. Made of convolutional layers and a shortcut, whose parameters are NAME.conv1, .conv2,
 * .conv3 and .proj. The trap: where the stride sits (first 1x1 or 3x3) changes no shape, only every number. */
#include "nn/layer.h"
#include "nn/net.h"
#include "kernels/activation.h"

typedef struct { int64_t filters, expand, stride; } bottleneck_layer;
static const key bottleneck_keys[] = {
    { "filters", K_INT, offsetof(bottleneck_layer, filters), NULL, "channels inside", 1, 65536, 0 },
    { "expand",  K_INT, offsetof(bottleneck_layer, expand),  "4",  "channels that come out are this many times filters", 1, 64, 0 },
    { "stride",  K_INT, offsetof(bottleneck_layer, stride),  "1",  "of the 3x3, or of the first 1x1 (detector.stride_in)", 1, 16, 0 },
    { 0 }
};

static tensor *conv(const place *p, const char *suffix, tensor *x, int64_t filters, int size, int64_t stride, const char *activation)
{
    const double eps = p->net->detector ? p->net->detector->conf.norm_eps : 1e-5;
    return layer_inner(p, "convolutional", suffix, 1, &x, "filters=%lld size=%d stride=%lld padding=%d batch_normalize=1 init=he_out eps=%.17g activation=%s",
                       (long long)filters, size, (long long)stride, size / 2, eps, activation);
}

static tensor *bottleneck_build(const place *p, const void *values, tensor **from, int nfrom)
{
    (void)nfrom;
    const bottleneck_layer *v = values;
    const int64_t out = v->filters * v->expand;
    const int first = p->net->detector && p->net->detector->conf.stride_in == STRIDE_IN_1X1;
    tensor *x = from[0], *sum[2] = { NULL, x };
    if (v->stride > 1 || tensor_channels(x) != out) sum[1] = conv(p, "proj", x, out, 1, v->stride, "linear");
    x = conv(p, "conv1", x, v->filters, 1, first ? v->stride : 1, "relu");
    x = conv(p, "conv2", x, v->filters, 3, first ? 1 : v->stride, "relu");
    sum[0] = conv(p, "conv3", x, out, 1, 1, "linear");
    const layer_tail relu = { .normalize = NORM_NONE, .activation = ACT_RELU };
    return layer_finish(p, &relu, layer_node(p, "add", "sum", 2, sum, " "));
}

const layer layer_bottleneck = {
    "bottleneck", "a residual unit of ResNet-50: 1x1, 3x3, 1x1, each with batch norm, plus the input (He et al. 2016)", bottleneck_keys,
    sizeof(bottleneck_layer), 1, 1, bottleneck_build
};
