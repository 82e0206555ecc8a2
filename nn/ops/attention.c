/* attention.c - the op attention. q, k, v are maps whose pixels are tokens; k and v may have other tokens than q. Backward reads y to save
 * a pass over the keys, and of the probabilities only the logarithm of each query's sum is kept. */
#include "nn/ops/check.h"
#include "kernels/attention.h"

typedef struct { int64_t heads; } attention_conf;
static const key attention_keys[] = {
    { "heads", K_INT, offsetof(attention_conf, heads), "1", "parts the channels are cut into, each with probabilities of its own", 1, 65536, NULL },
    { 0 }
};

static attention_size size_of(const node *n)
{
    const tensor *q = n->in[0];
    const int64_t heads = ((const attention_conf *)n->conf)->heads, samples = q->s.d[0];
    return (attention_size){ samples, tensor_pixels(q) / samples, tensor_pixels(n->in[1]) / samples, heads, tensor_channels(q) / heads,
                             XS(0), XS(1), XS(2), n->nout ? YS : 0 };
}

static void infer(node *n)
{
    char a[64], b[64];
    check_inputs(n, 3, 3);
    for (int i = 0; i < 3; i++) check_map(n, i);
    const shape *q = &n->in[0]->s, *k = &n->in[1]->s;
    const attention_size s = size_of(n);
    check_shape(n, 2, *k, REAL_TYPE);
    if (q->d[0] != k->d[0] || q->d[3] != k->d[3])
        die_at(n->at, "attention: queries are %s and keys %s, wanted the same n and c", shape_text(q, a), shape_text(k, b));
    if (q->d[3] % s.heads) die_at(n->at, "attention: heads: got %lld, wanted a divisor of %lld channels", (long long)s.heads, (long long)q->d[3]);
    n->work = attention_work(s);
    node_output(n, *q, REAL_TYPE);
    node_saved(n, "lse", SHAPE1(s.samples * s.heads * s.queries), REAL_TYPE);
}

static void forward(const context *c, const node *n) { RUN(attention_forward, size_of(n), X(0), X(1), X(2), Y, SAVED(0)); }

static void backward(const context *c, const node *n, const step *s)
{
    RUN(attention_backward, size_of(n), X(0), X(1), X(2), Y, GY, SAVED(0), WANT(0) ? GX(0) : NULL, ADD(0), WANT(1) ? GX(1) : NULL, ADD(1),
        WANT(2) ? GX(2) : NULL, ADD(2), c->work);
}

static int64_t macs(const node *n)
{
    const attention_size s = size_of(n);
    return 2 * s.samples * s.queries * s.keys * s.heads * s.dim;
}

const op op_attention = {
    .name = "attention", .help = "softmax(q k' / sqrt(c / heads)) v over the pixels of maps q, k, v, head by head (Vaswani et al. 2017)",
    .conf = sizeof(attention_conf), .keys = attention_keys, .reads_x = 7, .reads_y = 1,
    .infer = infer, .forward = forward, .backward = backward, .macs = macs,
};
