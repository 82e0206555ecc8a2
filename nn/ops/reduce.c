/* reduce.c - the op reduce: sums and means of a map. The mean over the pixels is global average pooling. */
#include "nn/ops/check.h"
#include "kernels/sums.h"

typedef struct { int over, kind; } reduce_conf;
enum { SUM, MEAN };
static const key reduce_keys[] = {
    { "over", K_WORD, offsetof(reduce_conf, over), "pixels", "what is summed; the result is n 1 1 c, n h w 1 or one number", 0, 0, SUMS_WORDS },
    { "kind", K_WORD, offsetof(reduce_conf, kind), "mean",   "which", 0, 0, "sum|mean" },
    { 0 }
};

static sums_size size_of(const node *n)
{
    const reduce_conf *f = n->conf;
    const tensor *x = n->in[0];
    const int64_t pixels = tensor_pixels(x) / x->s.d[0], channels = tensor_channels(x);
    const double count[] = { [SUMS_PIXELS] = (double)pixels, [SUMS_CHANNELS] = (double)channels, [SUMS_ALL] = (double)shape_volume(&x->s) };
    return (sums_size){ x->s.d[0], pixels, channels, (sums_over)f->over, f->kind == MEAN ? 1 / count[f->over] : 1 };
}

static void infer(node *n)
{
    check_inputs(n, 1, 1);
    check_map(n, 0);
    const sums_size s = size_of(n);
    const int64_t *d = n->in[0]->s.d;
    n->work = sums_work(s);
    if (s.over == SUMS_ALL) node_output(n, SHAPE1(1), REAL_TYPE);
    else node_output(n, s.over == SUMS_PIXELS ? SHAPE4(d[0], 1, 1, d[3]) : SHAPE4(d[0], d[1], d[2], 1), REAL_TYPE);
}

static void forward(const context *c, const node *n) { RUN(sums_forward, size_of(n), X(0), XS(0), Y, YS, c->work); }
static void backward(const context *c, const node *n, const step *s)
{
    if (WANT(0)) RUN(sums_backward, size_of(n), GY, YS, GX(0), XS(0), ADD(0));
}

const op op_reduce = {
    .name = "reduce", .help = "the sum or mean over the pixels of each sample (global average pooling), over channels, or over everything",
    .conf = sizeof(reduce_conf), .keys = reduce_keys, .infer = infer, .forward = forward, .backward = backward,
};
