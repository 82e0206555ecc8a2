/* maximum.c - maximum and argmax. Which elements belong together (`over`) becomes groups of pixels, and whether channels stay apart. */
#include "nn/ops/check.h"
#include "kernels/maximum.h"

#define OVER_WORDS "all|sample|pixels|channels"
typedef enum { OVER_ALL, OVER_SAMPLE, OVER_PIXELS, OVER_CHANNELS } over;
typedef struct { int over; } maximum_conf;
static const key maximum_keys[] = {
    { "over", K_WORD, offsetof(maximum_conf, over), NULL, "what a group is: the result is one number, n 1 1 1, n 1 1 c, n h w 1", 0, 0,
      OVER_WORDS },
    { 0 }
};

static maximum_size grouped(const node *n, over o)
{
    const shape *s = &n->in[0]->s;
    const int64_t pixels = s->d[1] * s->d[2], groups[] = { 1, s->d[0], s->d[0], s->d[0] * pixels };
    return (maximum_size){ groups[o], s->d[0] * pixels / groups[o], s->d[3], o == OVER_PIXELS };
}
static maximum_size size_of(const node *n) { return grouped(n, (over)((const maximum_conf *)n->conf)->over); }

static void maximum_infer(node *n)
{
    check_inputs(n, 1, 1);
    check_map(n, 0);
    const int64_t *d = n->in[0]->s.d;
    const shape y[] = { SHAPE1(1), SHAPE4(d[0], 1, 1, 1), SHAPE4(d[0], 1, 1, d[3]), SHAPE4(d[0], d[1], d[2], 1) };
    n->work = maximum_work(size_of(n));
    node_output(n, y[((const maximum_conf *)n->conf)->over], REAL_TYPE);
    node_saved(n, "which", n->out[0]->s, I32);
}
static void forward(const context *c, const node *n) { RUN(maximum_forward, size_of(n), X(0), XS(0), Y, YS, SAVED(0), c->work); }
static void backward(const context *c, const node *n, const step *s)
{
    if (WANT(0)) RUN(maximum_backward, size_of(n), SAVED(0), GY, YS, GX(0), XS(0), ADD(0));
}

static void argmax_infer(node *n)
{
    check_inputs(n, 1, 1);
    check_map(n, 0);
    const int64_t *d = n->in[0]->s.d;
    n->work = maximum_work(grouped(n, OVER_CHANNELS));
    node_output(n, (shape){ 3, { d[0], d[1], d[2] } }, I32);
}
static void argmax_forward(const context *c, const node *n)
{
    RUN(maximum_forward, grouped(n, OVER_CHANNELS), X(0), XS(0), NULL, 0, n->out[0]->x.p, c->work);
}

const op op_maximum = {
    .name = "maximum", .help = "the largest value of a map, of each sample, of each sample's channels or of each pixel",
    .conf = sizeof(maximum_conf), .keys = maximum_keys, .infer = maximum_infer, .forward = forward, .backward = backward,
};
const op op_argmax = {
    .name = "argmax", .help = "the channel with the largest value, as a whole number", .why = "a channel's number has no slope",
    .infer = argmax_infer, .forward = argmax_forward,
};
