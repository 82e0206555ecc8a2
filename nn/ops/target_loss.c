/* target_loss.c - losses of a map against a map of targets rather than labels, each one number: element by element, Dice on soft
 * targets, distillation. Definitions in kernels/element.h and kernels/soft.h. They have a gradient to both sides. */
#include "nn/ops/check.h"
#include "kernels/element.h"
#include "kernels/soft.h"

static int64_t pixels(const node *n) { return tensor_pixels(n->in[0]); }
static int64_t channels(const node *n) { return tensor_channels(n->in[0]); }
static real *gradient(const node *n, const step *s, int i) { return WANT(i) ? n->in[i]->g.p : NULL; }

typedef struct { int type, norm; double beta, target; } element_conf;
static const key element_keys[] = {
    { "type", K_WORD, offsetof(element_conf, type), NULL, "which function of an element and its target", 0, 0, ELEMENT_WORDS },
    { "norm", K_WORD, offsetof(element_conf, norm), "mean", "mean: divided by the sum of the weights of all elements", 0, 0, "sum|mean" },
    { "beta", K_REAL, offsetof(element_conf, beta), "1", "smooth_l1: where the parabola ends; 0: l1", 0, 1e6, NULL },
    { "target", K_REAL, offsetof(element_conf, target), "1", "of every element, where there is no map of targets", 0, 0, NULL },
    { 0 }
};

static element_rule element_of(const node *n)
{
    const element_conf *f = n->conf;
    return (element_rule){ (element_kind)f->type, (real)f->beta, (real)f->target, f->norm };
}
static element_size element_size_of(const node *n)
{
    return (element_size){ pixels(n), channels(n), n->nin > 2 ? pixels(n) / tensor_pixels(n->in[2]) : 1 };
}
#define T  (n->nin > 1 ? X(1) : NULL), (n->nin > 1 ? XS(1) : 0)
#define W  (n->nin > 2 ? X(2) : NULL), (n->nin > 2 ? XS(2) : 0)

/* x, targets of its shape, weights a pixel or a sample */
static void element_infer(node *n)
{
    const element_conf *f = n->conf;
    check_inputs(n, 1, 3);
    check_map(n, 0);
    shape s = n->in[0]->s;
    if (n->nin > 1) check_shape(n, 1, s, REAL_TYPE);
    s.d[3] = 1;
    if (n->nin > 2 && n->in[2]->s.d[1] == 1 && n->in[2]->s.d[2] == 1) s.d[1] = s.d[2] = 1;
    if (n->nin > 2) check_shape(n, 2, s, REAL_TYPE);
    key_unused(element_keys, f, "beta", f->type == ELEMENT_SMOOTH_L1, "this type", n->at);
    key_unused(element_keys, f, "target", n->nin == 1, "a map of targets", n->at);
    n->work = element_work(element_size_of(n));
    node_output(n, SHAPE1(1), REAL_TYPE);
    node_saved(n, "total", SHAPE1(2), F64);
}
static void element_loss_forward(const context *c, const node *n)
{
    RUN(element_forward, element_size_of(n), element_of(n), X(0), XS(0), T, W, Y, SAVED(0), c->work);
}
static void element_loss_backward(const context *c, const node *n, const step *s)
{
    const element_size z = element_size_of(n);
    real *gx = gradient(n, s, 0), *gt = n->nin > 1 ? gradient(n, s, 1) : NULL;
    if (gx || gt) RUN(element_backward, z, element_of(n), X(0), XS(0), T, W, SAVED(0), GY, gx, ADD(0), gt, ADD(1));
    if (n->nin > 2 && WANT(2)) RUN(element_backward_weights, z, element_of(n), X(0), XS(0), T, SAVED(0), GY, GX(2), XS(2), ADD(2));
}

static void two_maps(node *n)
{
    check_inputs(n, 2, 2);
    check_map(n, 0);
    check_shape(n, 1, n->in[0]->s, REAL_TYPE);
    n->work = soft_work(pixels(n), channels(n));
    node_output(n, SHAPE1(1), REAL_TYPE);
}

typedef struct { key_list weights; double eps; int squares; } soft_conf;
static const key soft_keys[] = {
    { "weights", K_LIST, offsetof(soft_conf, weights), "", "one a channel, the loss being their sum; none: the mean", 0, 1e6, NULL },
    { "squares", K_BOOL, offsetof(soft_conf, squares), "1", "divide by the sums of squares", 0, 0, NULL },
    { "eps", K_REAL, offsetof(soft_conf, eps), "1e-5", "added above and below", 1e-12, 1e6, NULL },
    { 0 }
};

static soft_rule soft_of(const node *n)
{
    const soft_conf *f = n->conf;
    soft_rule r = { .n = f->weights.n, .squares = f->squares, .eps = f->eps };
    for (int i = 0; i < r.n; i++) r.v[i] = f->weights.v[i];
    return r;
}
static void soft_infer(node *n)
{
    const soft_conf *f = n->conf;
    _Static_assert((int)SOFT_WEIGHTS == (int)KEY_LIST_MAX, "a list of weights fits the kernel's");
    two_maps(n);
    if (f->weights.n && f->weights.n != channels(n))
        die_at(n->at, "soft_dice: weights: got %d, wanted %lld", f->weights.n, (long long)channels(n));
    node_saved(n, "slope", (shape){ 2, { channels(n), 2 } }, F64);
}
static void soft_forward(const context *c, const node *n)
{
    RUN(soft_dice_forward, pixels(n), channels(n), soft_of(n), X(0), XS(0), X(1), XS(1), Y, SAVED(0), c->work);
}
static void soft_backward(const context *c, const node *n, const step *s)
{
    RUN(soft_dice_backward, pixels(n), channels(n), soft_of(n), X(0), XS(0), X(1), XS(1), SAVED(0), GY, gradient(n, s, 0), ADD(0),
        gradient(n, s, 1), ADD(1));
}

typedef struct { double temperature; } distill_conf;
static const key distill_keys[] = {
    { "temperature", K_REAL, offsetof(distill_conf, temperature), "1", "logits of both sides are divided by it", 1e-3, 1e3, NULL },
    { 0 }
};
static double temperature(const node *n) { return ((const distill_conf *)n->conf)->temperature; }
static void distillation_forward(const context *c, const node *n)
{
    RUN(distill_forward, pixels(n), channels(n), temperature(n), X(0), XS(0), X(1), XS(1), Y, c->work);
}
static void distillation_backward(const context *c, const node *n, const step *s)
{
    RUN(distill_backward, pixels(n), channels(n), temperature(n), X(0), XS(0), X(1), XS(1), GY, gradient(n, s, 0), ADD(0),
        gradient(n, s, 1), ADD(1));
}

const op op_element_loss = {
    .name = "element_loss", .help = "a function of every element and its target, weighted by rows or not: their sum or mean",
    .conf = sizeof(element_conf), .keys = element_keys, .reads_x = 7,
    .infer = element_infer, .forward = element_loss_forward, .backward = element_loss_backward,
};
const op op_soft_dice = {
    .name = "soft_dice", .help = "Dice loss of the logistic of each channel with a map of targets in 0..1", .conf = sizeof(soft_conf),
    .keys = soft_keys, .reads_x = 3, .infer = soft_infer, .forward = soft_forward, .backward = soft_backward,
};
const op op_distill = {
    .name = "distill", .help = "how far the softmax of logits is from that of a teacher's (Hinton et al. 2015)",
    .conf = sizeof(distill_conf), .keys = distill_keys, .reads_x = 3, .infer = two_maps,
    .forward = distillation_forward, .backward = distillation_backward,
};
