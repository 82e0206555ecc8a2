/* loss.c - losses on logits n,h,w,c and a label map n,h,w,1 of bytes, each one number, and their weighted total.
 * Definitions in kernels/loss.h. A loss reads the gradient of its own output, so the total's weights and the scale of micro-batches
 * reach the logits without a word here. */
#include "nn/ops/check.h"
#include "kernels/loss.h"
#include "kernels/map.h"
#include "kernels/softmax.h"

typedef struct { int64_t ignore; key_list weights; int type; } loss_conf;

#define IGNORE_KEY { "ignore", K_INT, offsetof(loss_conf, ignore), "-1", "label of pixels that count for nothing; -1: none", -1, 255, NULL }
static const key cross_entropy_keys[] = {
    IGNORE_KEY,
    { "weights", K_LIST, offsetof(loss_conf, weights), "", "one a class", 0, 1e6, NULL },
    { 0 }
};
static const key bce_keys[] = { IGNORE_KEY, { 0 } };
static const key dice_keys[] = {
    IGNORE_KEY,
    { "type", K_WORD, offsetof(loss_conf, type), "milesial", "which definition; one channel: the logistic of it", 0, 0, DICE_WORDS },
    { 0 }
};
static const key total_keys[] = {
    { "weights", K_LIST, offsetof(loss_conf, weights), "", "one a loss; none: all 1", 0, 0, NULL },
    { 0 }
};

static loss_size size_of(const node *n)
{
    const tensor *x = n->in[0];
    return (loss_size){ x->s.d[0], tensor_pixels(x) / x->s.d[0], tensor_channels(x), (int)((const loss_conf *)n->conf)->ignore };
}
static const uint8_t *truth(const node *n) { return n->in[1]->x.p; }
static void *gradient(const node *n) { return n->in[0]->g.p; }

/* logits and labels of one size, from..to channels */
static void check_loss(node *n, int64_t from, int64_t to)
{
    check_inputs(n, 2, 2);
    check_map(n, 0);
    shape s = n->in[0]->s;
    if (s.d[3] < from || s.d[3] > to)
        die_at(n->at, "%s: %s has %lld channels, wanted %lld to %lld", n->op->name, n->in[0]->name, (long long)s.d[3], (long long)from, (long long)to);
    s.d[3] = 1;
    check_shape(n, 1, s, U8);
    n->work = loss_work(size_of(n));
    node_output(n, SHAPE1(1), REAL_TYPE);
}

static loss_weights weights_of(const node *n)
{
    const key_list *l = &((const loss_conf *)n->conf)->weights;
    loss_weights w = { .n = l->n };
    for (int i = 0; i < l->n; i++) w.v[i] = l->v[i];
    return w;
}

static void cross_entropy_infer(node *n)
{
    const loss_conf *f = n->conf;
    _Static_assert((int)LOSS_WEIGHTS == (int)KEY_LIST_MAX, "a list of weights fits the kernel's");
    check_loss(n, 2, SOFTMAX_MAX);
    if (f->weights.n && f->weights.n != tensor_channels(n->in[0]))
        die_at(n->at, "cross_entropy: weights: got %d, wanted %lld", f->weights.n, (long long)tensor_channels(n->in[0]));
    node_saved(n, "count", SHAPE1(1), F64);
}
static void cross_entropy_forward(const context *c, const node *n)
{
    RUN(cross_entropy_forward, size_of(n), weights_of(n), X(0), XS(0), truth(n), Y, SAVED(0), c->work);
}
static void cross_entropy_backward(const context *c, const node *n, const step *s)
{
    if (WANT(0)) RUN(cross_entropy_backward, size_of(n), weights_of(n), X(0), XS(0), truth(n), SAVED(0), GY, gradient(n), ADD(0));
}

static void bce_infer(node *n)
{
    check_loss(n, 1, 1);
    node_saved(n, "count", SHAPE1(1), F64);
}
static void bce_forward(const context *c, const node *n) { RUN(bce_forward, size_of(n), X(0), XS(0), truth(n), Y, SAVED(0), c->work); }
static void bce_backward(const context *c, const node *n, const step *s)
{
    if (WANT(0)) RUN(bce_backward, size_of(n), X(0), XS(0), truth(n), SAVED(0), GY, gradient(n), ADD(0));
}

static dice_rule rule(const node *n) { return dice_rules[((const loss_conf *)n->conf)->type]; }
static void dice_infer(node *n)
{
    check_loss(n, 1, SOFTMAX_MAX);
    node_saved(n, "slope", (shape){ 3, { n->in[0]->s.d[0], tensor_channels(n->in[0]), 2 } }, F64);
}
static void dice_forward(const context *c, const node *n) { RUN(dice_forward, size_of(n), rule(n), X(0), XS(0), truth(n), Y, SAVED(0), c->work); }
static void dice_backward(const context *c, const node *n, const step *s)
{
    if (WANT(0)) RUN(dice_backward, size_of(n), rule(n), X(0), XS(0), truth(n), SAVED(0), GY, gradient(n), ADD(0));
}

static double weight(const node *n, int i)
{
    const key_list *l = &((const loss_conf *)n->conf)->weights;
    return l->n ? l->v[i] : 1;
}
static void total_infer(node *n)
{
    const loss_conf *f = n->conf;
    check_inputs(n, 1, MAX_IN);
    for (int i = 0; i < n->nin; i++) check_shape(n, i, SHAPE1(1), REAL_TYPE);
    if (f->weights.n && f->weights.n != n->nin) die_at(n->at, "total: weights: got %d, wanted %d", f->weights.n, n->nin);
    node_output(n, SHAPE1(1), REAL_TYPE);
}
static void total_forward(const context *c, const node *n)
{
    for (int i = 0; i < n->nin; i++) RUN(map_scalar, weight(n, i), X(i), Y, i > 0);
}
static void total_backward(const context *c, const node *n, const step *s)
{
    for (int i = 0; i < n->nin; i++) if (WANT(i)) RUN(map_scalar, weight(n, i), GY, GX(i), ADD(i));
}

const op op_cross_entropy = {
    .name = "cross_entropy", .help = "cross-entropy of logits with a label map, the mean over the pixels that count",
    .conf = sizeof(loss_conf), .keys = cross_entropy_keys, .reads_x = 3,
    .infer = cross_entropy_infer, .forward = cross_entropy_forward, .backward = cross_entropy_backward,
};
const op op_bce = {
    .name = "bce", .help = "binary cross-entropy of one channel of logits with labels 0 and 1, the mean over the pixels that count",
    .conf = sizeof(loss_conf), .keys = bce_keys, .reads_x = 3, .infer = bce_infer, .forward = bce_forward, .backward = bce_backward,
};
const op op_dice = {
    .name = "dice", .help = "soft Dice loss of logits with a label map", .conf = sizeof(loss_conf), .keys = dice_keys, .reads_x = 3,
    .infer = dice_infer, .forward = dice_forward, .backward = dice_backward,
};
const op op_total = {
    .name = "total", .help = "the weighted sum of losses", .conf = sizeof(loss_conf), .keys = total_keys,
    .infer = total_infer, .forward = total_forward, .backward = total_backward,
};
