/* fold.c - the op fold_norm: weights and bias of the convolution that stands for a convolution and the batch norm after it, at
 * inference. nn/fold.c puts it into a graph. Its inputs are weights, gamma, beta, running mean, running variance and maybe the
 * convolution's bias; its outputs weights and bias. */
#include "nn/ops/check.h"
#include "kernels/fold.h"

typedef struct { double eps; } fold_conf;
static const key fold_keys[] = {
    { "eps", K_REAL, offsetof(fold_conf, eps), "1e-5", "added to the variance", 0, 1, NULL },
    { 0 }
};

static void infer(node *n)
{
    char a[64];
    check_inputs(n, 5, 6);
    if (n->in[0]->s.nd != 4 || n->in[0]->type != REAL_TYPE)
        die_at(n->at, "fold_norm: %s is %s, wanted weights with four sizes", n->in[0]->name, shape_text(&n->in[0]->s, a));
    for (int i = 1; i < n->nin; i++) check_shape(n, i, SHAPE1(tensor_channels(n->in[0])), REAL_TYPE);
    node_output(n, n->in[0]->s, REAL_TYPE);
    node_output(n, SHAPE1(tensor_channels(n->in[0])), REAL_TYPE);
}

static void forward(const context *c, const node *n)
{
    const fold_norm f = { X(1), X(2), X(3), X(4), ((const fold_conf *)n->conf)->eps };
    RUN(norm_fold, tensor_pixels(n->in[0]), tensor_channels(n->in[0]), X(0), XS(0), n->nin > 5 ? X(5) : NULL, f, Y, YS, (real *)n->out[1]->x.p);
}

const op op_fold_norm = {
    .name = "fold_norm", .help = "weights and bias of a convolution and the batch norm after it, made one for inference (Jacob et al. 2018)",
    .conf = sizeof(fold_conf), .keys = fold_keys, .why = "it stands in networks for inference only", .infer = infer, .forward = forward,
};
