/* tokens.c - linear and add_table, which with attention.c and layer_norm make a transformer; and multiply and reshape. Tokens are the
 * pixels of a map n,h,w,c, in their order: a map needs no reshape to become tokens, and tokens that are no image are a map n,1,t,c. */
#include "nn/ops/check.h"
#include "kernels/conv.h"
#include "kernels/gemm.h"
#include "kernels/map.h"
#include "kernels/rows.h"

static int64_t samples(const node *n) { return n->in[0]->s.d[0]; }
static int64_t pixels(const node *n) { return tensor_pixels(n->in[0]); }
static int64_t channels(const node *n) { return tensor_channels(n->in[0]); }
static int64_t outputs(const node *n) { return tensor_channels(n->out[0]); }

/* linear: w [k c] as reference checkpoints have it, so y = x w' + b */
static void linear_infer(node *n)
{
    char a[64];
    check_inputs(n, 2, 3);
    check_map(n, 0);
    shape s = n->in[0]->s;
    const shape *w = &n->in[1]->s;
    if (w->nd != 2 || w->d[1] != s.d[3])
        die_at(n->at, "linear: %s is %s, wanted outputs x %lld", n->in[1]->name, shape_text(w, a), (long long)s.d[3]);
    s.d[3] = w->d[0];
    if (n->nin > 2) check_shape(n, 2, SHAPE1(s.d[3]), REAL_TYPE);
    node_output(n, s, REAL_TYPE);
}

/* The products of the three passes: y, the gradients of x and of w */
typedef struct { gemm_shape forward, data, weights; } linear_products;
static linear_products products_of(const node *n)
{
    return (linear_products){ { pixels(n), outputs(n), channels(n), 0, 1, XS(0), channels(n), YS },
                              { pixels(n), channels(n), outputs(n), 0, 0, YS, channels(n), XS(0) },
                              { outputs(n), channels(n), pixels(n), 1, 0, YS, XS(0), channels(n) } };
}

static void linear_prepare(const context *c, node *n)
{
    const linear_products p = products_of(n);
    const gemm_shape *const each[] = { &p.forward, &p.data, &p.weights };
    n->work = n->nin > 2 ? bias_work(pixels(n), outputs(n)) : 0;
    for (int i = 0; i < 3; i++) {
        size_t bytes;
        RUN(gemm_work, each[i], &bytes);
        if (bytes > n->work) n->work = bytes;
    }
}

static void linear_forward(const context *c, const node *n)
{
    const linear_products p = products_of(n);
    RUN(gemm_bias, &p.forward, X(0), X(1), n->nin > 2 ? X(2) : NULL, Y);
}

static void linear_backward(const context *c, const node *n, const step *s)
{
    const linear_products p = products_of(n);
    if (WANT(0)) RUN(gemm, &p.data, 1, GY, X(1), GX(0), ADD(0));
    if (WANT(1)) RUN(gemm, &p.weights, 1, GY, X(0), GX(1), ADD(1));
    if (n->nin > 2 && WANT(2)) RUN(bias_backward, pixels(n), outputs(n), GY, YS, GX(2), ADD(2));
}

static int64_t linear_macs(const node *n) { return pixels(n) * channels(n) * outputs(n); }

/* add_table: the table is [1 t c], as reference checkpoints have it, or a map [1 h w c], which a resampled one is */
static void table_infer(node *n)
{
    char a[64], b[64];
    check_inputs(n, 2, 2);
    check_map(n, 0);
    const shape *x = &n->in[0]->s, *t = &n->in[1]->s;
    const shape flat = { 3, { 1, x->d[1] * x->d[2], x->d[3] } }, map = SHAPE4(1, x->d[1], x->d[2], x->d[3]);
    if (!shape_same(t, &flat) && !shape_same(t, &map))
        die_at(n->at, "add_table: %s is %s, wanted %s or 1,h,w,c like it", n->in[1]->name, shape_text(t, a), shape_text(&flat, b));
    node_output(n, *x, REAL_TYPE);
}

static int64_t table_rows(const node *n) { return tensor_pixels(n->in[1]); }

static void table_forward(const context *c, const node *n)
{
    RUN(table_add, samples(n), table_rows(n), channels(n), X(0), XS(0), X(1), XS(1), Y, YS);
}

static void table_backward(const context *c, const node *n, const step *s)
{
    if (WANT(0)) RUN(map_copy, pixels(n), channels(n), GY, YS, GX(0), XS(0), ADD(0));
    if (WANT(1)) RUN(table_backward, samples(n), table_rows(n), channels(n), GY, YS, GX(1), XS(1), ADD(1));
}

static void multiply_infer(node *n)
{
    check_inputs(n, 2, 2);
    check_map(n, 0);
    check_shape(n, 1, n->in[0]->s, REAL_TYPE);
    node_output(n, n->in[0]->s, REAL_TYPE);
}

static void multiply_forward(const context *c, const node *n)
{
    RUN(map_product, pixels(n), channels(n), X(0), XS(0), X(1), XS(1), Y, YS, 0);
}

static void multiply_backward(const context *c, const node *n, const step *s)
{
    for (int i = 0; i < 2; i++)
        if (WANT(i)) RUN(map_product, pixels(n), channels(n), GY, YS, X(1 - i), XS(1 - i), GX(i), XS(i), ADD(i));
}

typedef struct { int64_t height, width; } reshape_conf;
static const key reshape_keys[] = {
    { "height", K_INT, offsetof(reshape_conf, height), "1", "rows of the output", 1, 1 << 24, NULL },
    { "width",  K_INT, offsetof(reshape_conf, width),  "1", "columns of the output; its channels are what is left", 1, 1 << 24, NULL },
    { 0 }
};

static void reshape_infer(node *n)
{
    char a[64];
    const reshape_conf *f = n->conf;
    check_inputs(n, 1, 1);
    if (n->in[0]->s.nd != 3) check_map(n, 0);                  /* a table 1,t,c is tokens too */
    const shape *x = &n->in[0]->s;
    const int64_t each = shape_volume(x) / x->d[0];
    if (each % f->height || each / f->height % f->width)
        die_at(n->at, "reshape: %s does not divide into %lld x %lld pixels", shape_text(x, a), (long long)f->height, (long long)f->width);
    node_output(n, SHAPE4(x->d[0], f->height, f->width, each / f->height / f->width), REAL_TYPE);
}

static void reshape_forward(const context *c, const node *n)
{
    RUN(map_reshape, shape_volume(&n->in[0]->s), channels(n), X(0), XS(0), outputs(n), Y, YS, 0);
}

static void reshape_backward(const context *c, const node *n, const step *s)
{
    if (WANT(0)) RUN(map_reshape, shape_volume(&n->in[0]->s), outputs(n), GY, YS, channels(n), GX(0), XS(0), ADD(0));
}

const op op_linear = {
    .name = "linear", .help = "y = x w' + b for the channels x of every pixel or token; w is outputs x inputs",
    .reads_x = 3, .infer = linear_infer, .prepare = linear_prepare, .forward = linear_forward, .backward = linear_backward, .macs = linear_macs,
};
const op op_add_table = {
    .name = "add_table", .help = "a map plus a table 1,t,c or 1,h,w,c that all samples share: position embeddings",
    .infer = table_infer, .forward = table_forward, .backward = table_backward,
};
const op op_multiply = {
    .name = "multiply", .help = "the product of two maps, element by element", .reads_x = 3,
    .infer = multiply_infer, .forward = multiply_forward, .backward = multiply_backward,
};
const op op_reshape = {
    .name = "reshape", .help = "the numbers of each sample, in their order, as a map of another height and width",
    .conf = sizeof(reshape_conf), .keys = reshape_keys, .infer = reshape_infer, .forward = reshape_forward, .backward = reshape_backward,
};
