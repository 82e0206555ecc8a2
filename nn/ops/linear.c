/* linear.c - y = x w' + b for the channels x of every pixel or token, w [outputs inputs] as reference checkpoints have it.
 *
 * In float32 it is a matrix product. Where factors are multiplied in bf16 it runs on the kernels of a convolution, whose weights are rounded
 * and packed in steps of their own: read as [1 1 outputs inputs], w is that of a 1x1 convolution from y back to x. So the product's forward
 * pass is the convolution's pass to its input, the gradient of x its forward pass, and the two factors of the gradient of w change places. */
#include "nn/ops/check.h"
#include "kernels/conv.h"
#include "kernels/gemm.h"
#include "kernels/map.h"
#include "kernels/rows.h"
#include "nn/backend.h"
#include "nn/device.h"
#include <stdio.h>
#include <stdlib.h>

typedef struct { conv_kernel pass[CONV_PASSES]; char text[200]; } products;

static int64_t pixels(const node *n) { return tensor_pixels(n->in[0]); }
static int64_t inputs(const node *n) { return tensor_channels(n->in[0]); }
static int64_t outputs(const node *n) { return tensor_channels(n->out[0]); }

static void infer(node *n)
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
    node_packs(n);
}

/* In float32: the matrix products of the three passes */
typedef struct { gemm_shape forward, data, weights; } plain_products;
static plain_products plain_of(const node *n)
{
    return (plain_products){ { pixels(n), outputs(n), inputs(n), 0, 1, XS(0), inputs(n), YS },
                             { pixels(n), inputs(n), outputs(n), 0, 0, YS, inputs(n), XS(0) },
                             { outputs(n), inputs(n), pixels(n), 1, 0, YS, XS(0), inputs(n) } };
}

static void more_work(node *n, size_t bytes) { if (bytes > n->work) n->work = bytes; }

static void release(node *n)
{
    products *p = n->state;
    for (int i = 0; p && i < CONV_PASSES; i++) conv_release(&p->pass[i]);
    free(p);
    n->state = NULL, n->kernel = NULL;
}

/* The convolution from y back to x */
static conv_shape back(const node *n)
{
    const shape *x = &n->in[0]->s;
    return (conv_shape){ .n = x->d[0], .h = x->d[1], .w = x->d[2], .c = outputs(n), .xs = YS, .oh = x->d[1], .ow = x->d[2], .k = inputs(n), .ys = XS(0),
                         .kh = 1, .kw = 1, .sh = 1, .sw = 1, .dh = 1, .dw = 1, .groups = 1, .bf16 = 1 };
}

static size_t aligned(size_t bytes) { return (bytes + 63) / 64 * 64; }

/* Beside the kernel's scratch: the gradient of x before it is added */
static size_t gradient_bytes(const node *n) { return (size_t)(pixels(n) * XS(0)) * sizeof(real); }

static void prepare(const context *c, node *n)
{
    static const unsigned wanted[CONV_PASSES] = { [CONV_FORWARD] = 1, [CONV_DATA] = ~0u, [CONV_WEIGHTS] = 2 };
    const backend *code = c->dev->code;
    release(n);
    n->work = n->nin > 2 ? bias_work(pixels(n), outputs(n)) : 0;
    for (int i = 0; i < 2; i++) node_pack_size(n, i, 0);
    if (!c->bf16 || !code->maps_bf16 || !code->maps_bf16()) {
        const plain_products p = plain_of(n);
        const gemm_shape *const each[] = { &p.forward, &p.data, &p.weights };
        for (int i = 0; i < 3; i++) {
            size_t bytes;
            RUN(gemm_work, each[i], &bytes);
            more_work(n, bytes);
        }
        return;
    }
    const conv_shape s = back(n);
    products *p = n->state = xalloc(sizeof *p);
    for (int i = 0; i < CONV_PASSES; i++) {
        if (!(wanted[i] == ~0u || n->want & wanted[i])) { snprintf(p->pass[i].name, sizeof p->pass[i].name, "-"); continue; }
        RUN(conv_choose, &s, (conv_pass)i, &p->pass[i]);
        more_work(n, aligned(p->pass[i].work) + (i == CONV_FORWARD ? gradient_bytes(n) : 0));
        if (i != CONV_WEIGHTS) node_pack_size(n, i == CONV_FORWARD, p->pass[i].packed);
    }
    snprintf(p->text, sizeof p->text, "%s | %s | %s", p->pass[CONV_DATA].name, p->pass[CONV_FORWARD].name, p->pass[CONV_WEIGHTS].name);
    n->kernel = p->text;
}

static const conv_kernel *kernel_of(const node *n, conv_pass pass) { return n->state ? &((const products *)n->state)->pass[pass] : NULL; }

static void pack(const context *c, const node *n, int backward)
{
    const conv_kernel *k = kernel_of(n, backward ? CONV_FORWARD : CONV_DATA);
    if (k && k->pack) k->pack(c, k, X(1), n->packed[backward]->x.p);
}

static const real *weights_for(const node *n, int backward) { return n->packed[backward]->x.size ? n->packed[backward]->x.p : X(1); }

static void forward(const context *c, const node *n)
{
    const plain_products p = plain_of(n);
    const conv_kernel *k = kernel_of(n, CONV_DATA);
    if (!k) {
        RUN(gemm_bias, &p.forward, X(0), X(1), n->nin > 2 ? X(2) : NULL, Y);
        return;
    }
    k->run(c, k, X(0), weights_for(n, 0), NULL, Y, 0);
    if (n->nin > 2) RUN(table_add, pixels(n), 1, outputs(n), Y, YS, X(2), outputs(n), Y, YS);
}

static void to_input(const context *c, const node *n, const conv_kernel *k, int add)
{
    real *sum = (real *)((char *)c->work + aligned(k->work));
    k->run(c, k, GY, weights_for(n, 1), NULL, add ? sum : GX(0), 0);
    if (add) RUN(map_copy, pixels(n), inputs(n), sum, XS(0), GX(0), XS(0), 1);
}

static void backward(const context *c, const node *n, const step *s)
{
    const plain_products p = plain_of(n);
    const conv_kernel *kx = kernel_of(n, CONV_FORWARD), *kw = kernel_of(n, CONV_WEIGHTS);
    if (WANT(0)) {
        if (kx) to_input(c, n, kx, ADD(0));
        else RUN(gemm, &p.data, 1, GY, X(1), GX(0), ADD(0));
    }
    if (WANT(1)) {
        if (kw) kw->run(c, kw, GY, X(0), NULL, GX(1), ADD(1));
        else RUN(gemm, &p.weights, 1, GY, X(0), GX(1), ADD(1));
    }
    if (n->nin > 2 && WANT(2)) RUN(bias_backward, pixels(n), outputs(n), GY, YS, GX(2), ADD(2));
}

static int64_t macs(const node *n) { return pixels(n) * inputs(n) * outputs(n); }

const op op_linear = {
    .name = "linear", .help = "y = x w' + b for the channels x of every pixel or token; w is outputs x inputs",
    .reads_x = 3, .infer = infer, .prepare = prepare, .pack = pack, .forward = forward, .backward = backward, .release = release, .macs = macs,
};
