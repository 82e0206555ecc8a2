/* reflect.c - the op reflect: a map in a frame of its own mirror images. */
#include "nn/ops/check.h"
#include "kernels/reflect.h"

typedef struct { int64_t top, bottom, left, right; } reflect_conf;
static const key reflect_keys[] = {
    { "top",    K_INT, offsetof(reflect_conf, top),    "0", "rows added", 0, 16384, NULL },
    { "bottom", K_INT, offsetof(reflect_conf, bottom), "0", "rows", 0, 16384, NULL },
    { "left",   K_INT, offsetof(reflect_conf, left),   "0", "columns", 0, 16384, NULL },
    { "right",  K_INT, offsetof(reflect_conf, right),  "0", "columns", 0, 16384, NULL },
    { 0 }
};

static reflect_size size_of(const node *n)
{
    const reflect_conf *f = n->conf;
    const int64_t *x = n->in[0]->s.d, *y = n->out[0]->s.d;
    return (reflect_size){ x[0], x[3], x[1], x[2], y[1], y[2], f->top, f->left };
}
static void infer(node *n)
{
    const reflect_conf *f = n->conf;
    check_inputs(n, 1, 1);
    check_map(n, 0);
    shape s = n->in[0]->s;
    s.d[1] += f->top + f->bottom, s.d[2] += f->left + f->right;
    node_output(n, s, REAL_TYPE);
}
static void forward(const context *c, const node *n) { RUN(reflect_forward, size_of(n), X(0), XS(0), Y, YS); }
static void backward(const context *c, const node *n, const step *s)
{
    if (WANT(0)) RUN(reflect_backward, size_of(n), GY, YS, GX(0), XS(0), ADD(0));
}

const op op_reflect = {
    .name = "reflect", .help = "a frame of mirrored pixels, the edge not repeated", .conf = sizeof(reflect_conf), .keys = reflect_keys,
    .infer = infer, .forward = forward, .backward = backward,
};
