/* reduce.c - reduce and argmax: a map to fewer numbers. Which numbers belong together (`over`) becomes groups of pixels and whether
 * channels stay apart (kernels/reduce.h). */
#include "nn/ops/check.h"
#include "kernels/reduce.h"

#define OVER_WORDS "all|sample|pixels|channels"
typedef enum { OVER_ALL, OVER_SAMPLE, OVER_PIXELS, OVER_CHANNELS } over;
typedef struct { int type, over; } reduce_conf;
static const key reduce_keys[] = {
    { "type", K_WORD, offsetof(reduce_conf, type), NULL, "what becomes of a group", 0, 0, REDUCE_WORDS },
    { "over", K_WORD, offsetof(reduce_conf, over), NULL, "what a group is: pixels is global pooling", 0, 0, OVER_WORDS },
    { 0 }
};

static reduce_size grouped(const shape *s, over o, reduce_kind kind)
{
    const int64_t pixels = s->d[1] * s->d[2], groups[] = { 1, s->d[0], s->d[0], s->d[0] * pixels };
    return (reduce_size){ groups[o], s->d[0] * pixels / groups[o], s->d[3], o == OVER_PIXELS, kind };
}
static shape reduced(const shape *s, over o)
{
    const shape to[] = { SHAPE1(1), SHAPE4(s->d[0], 1, 1, 1), SHAPE4(s->d[0], 1, 1, s->d[3]), SHAPE4(s->d[0], s->d[1], s->d[2], 1) };
    return to[o];
}

static reduce_size size_of(const node *n)
{
    const reduce_conf *f = n->conf;
    return grouped(&n->in[0]->s, (over)f->over, (reduce_kind)f->type);
}
static int32_t *which(const node *n) { return n->nsaved ? SAVED(0) : NULL; }

static void reduce_infer(node *n)
{
    const reduce_conf *f = n->conf;
    check_inputs(n, 1, 1);
    check_map(n, 0);
    const shape y = reduced(&n->in[0]->s, (over)f->over);
    node_output(n, y, REAL_TYPE);
    n->work = reduce_work(size_of(n));
    if (f->type == REDUCE_MAX) node_saved(n, "which", y, I32);
}
static void reduction_forward(const context *c, const node *n) { RUN(reduce_forward, size_of(n), X(0), XS(0), Y, YS, which(n), c->work); }
static void reduction_backward(const context *c, const node *n, const step *s)
{
    if (WANT(0)) RUN(reduce_backward, size_of(n), which(n), GY, YS, GX(0), XS(0), ADD(0));
}

static void argmax_infer(node *n)
{
    check_inputs(n, 1, 1);
    check_map(n, 0);
    const shape *s = &n->in[0]->s;
    n->work = reduce_work(grouped(s, OVER_CHANNELS, REDUCE_MAX));
    node_output(n, (shape){ 3, { s->d[0], s->d[1], s->d[2] } }, I32);
}
static void argmax_forward(const context *c, const node *n)
{
    RUN(reduce_forward, grouped(&n->in[0]->s, OVER_CHANNELS, REDUCE_MAX), X(0), XS(0), NULL, 0, n->out[0]->x.p, c->work);
}

const op op_reduce = {
    .name = "reduce", .help = "sum, mean or maximum of a map", .conf = sizeof(reduce_conf), .keys = reduce_keys,
    .infer = reduce_infer, .forward = reduction_forward, .backward = reduction_backward,
};
const op op_argmax = {
    .name = "argmax", .help = "the channel with the largest value, as a whole number", .why = "a channel's number has no slope",
    .infer = argmax_infer, .forward = argmax_forward,
};
