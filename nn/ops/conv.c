/* conv.c - the ops conv and deconv. x [n h w c]; w [kh kw c/groups k], or [c kh kw k] for deconv; bias [k] if there is a third
 * input. The kernel size is that of the weights. An activation only at inference, where nn/fold.c sets it: its backward would keep one
 * more map alive, so in training it is an op of its own. */
#include "nn/op.h"
#include "nn/ops/counted.h"
#include "kernels/conv.h"
#include "base/die.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct conf {
    int64_t stride, stride_h, stride_w, pad, top, bottom, left, right, dilation, groups, output_pad;
    double slope;
    int activation;
} conf;

#define COMMON_KEYS \
    { "stride",     K_INT, offsetof(conf, stride),   "1",  "pixels from one kernel position to the next", 1, 1024, 0 }, \
    { "stride_h",   K_INT, offsetof(conf, stride_h), "0",  "along h; 0: stride", 0, 1024, 0 }, \
    { "stride_w",   K_INT, offsetof(conf, stride_w), "0",  "along w; 0: stride", 0, 1024, 0 }, \
    { "pad",        K_INT, offsetof(conf, pad),      "0",  "pixels of zeros on every side", 0, 65536, 0 }, \
    { "pad_top",    K_INT, offsetof(conf, top),      "-1", "on this side; -1: pad", -1, 65536, 0 }, \
    { "pad_bottom", K_INT, offsetof(conf, bottom),   "-1", "on this side; -1: pad", -1, 65536, 0 }, \
    { "pad_left",   K_INT, offsetof(conf, left),     "-1", "on this side; -1: pad", -1, 65536, 0 }, \
    { "pad_right",  K_INT, offsetof(conf, right),    "-1", "on this side; -1: pad", -1, 65536, 0 }, \
    { "dilation",   K_INT, offsetof(conf, dilation), "1",  "distance between taps; 1: neighbours", 1, 1024, 0 }, \
    { "groups",     K_INT, offsetof(conf, groups),   "1",  "channel groups that do not see each other; deconv takes 1", 1, 65536, 0 }, \
    { "activation", K_WORD, offsetof(conf, activation), "linear", "applied last, where there is no gradient; fast: linear, relu, leaky", 0, 0, ACT_WORDS }, \
    { "slope",      K_REAL, offsetof(conf, slope), "0.01", "of leaky, left of 0", 0, 1, 0 }

static const key conv_keys[] = { COMMON_KEYS, { 0 } };
static const key deconv_keys[] = {
    COMMON_KEYS,
    { "output_pad", K_INT, offsetof(conf, output_pad), "0", "rows and columns more at the end; less than the stride", 0, 1023, 0 },
    { 0 }
};

extern const op op_conv, op_deconv;

/* Channels before a map in the one whose memory it lies in */
static int64_t offset(const tensor *t)
{
    int64_t before = 0;
    for (; t->of; t = t->of) before += t->offset;
    return before;
}

static conv_shape shape_of(const node *n)
{
    const conf *f = n->conf;
    const int64_t *x = n->in[0]->s.d, *w = n->in[1]->s.d;
    int transposed = n->op == &op_deconv;
    conv_shape s = {
        .n = x[0], .h = x[1], .w = x[2], .c = x[3], .xs = XS(0), .k = w[3], .ys = w[3],
        .kh = w[transposed ? 1 : 0], .kw = w[transposed ? 2 : 1],
        .sh = f->stride_h ? f->stride_h : f->stride, .sw = f->stride_w ? f->stride_w : f->stride, .dh = f->dilation, .dw = f->dilation,
        .top = f->top < 0 ? f->pad : f->top, .bottom = f->bottom < 0 ? f->pad : f->bottom,
        .left = f->left < 0 ? f->pad : f->left, .right = f->right < 0 ? f->pad : f->right,
        .groups = f->groups, .transposed = transposed, .bias = n->nin > 2, .x16 = n->in[0]->type == BF16
    };
    int64_t v = s.top + s.bottom, h = s.left + s.right;
    s.oh = transposed ? deconv_size(s.h, s.kh, s.sh, s.dh, v, f->output_pad) : conv_size(s.h, s.kh, s.sh, s.dh, v);
    s.ow = transposed ? deconv_size(s.w, s.kw, s.sw, s.dw, h, f->output_pad) : conv_size(s.w, s.kw, s.sw, s.dw, h);
    if (n->nout) s.ys = YS, s.y16 = n->out[0]->type == BF16, s.apart = (offset(n->in[0]) | offset(n->out[0])) % 4 != 0;
    return s;
}

static void check(const node *n)
{
    const char *name = n->op->name;
    const conf *f = n->conf;
    if (n->nin < 2 || n->nin > 3) die_at(n->at, "%s: got %d inputs, wanted x, w and maybe a bias", name, n->nin);
    for (int i = 0; i < 2; i++)
        if (n->in[i]->s.nd != 4) die_at(n->at, "%s: got %s with %d sizes, wanted 4", name, i ? "weights" : "an input", n->in[i]->s.nd);
    int64_t c = n->in[0]->s.d[3], k = n->in[1]->s.d[3], wc = n->in[1]->s.d[n->op == &op_deconv ? 0 : 2];
    if (n->op == &op_deconv && f->groups != 1) die_at(n->at, "deconv: got groups=%lld, wanted 1", (long long)f->groups);
    if (c % f->groups || k % f->groups)
        die_at(n->at, "%s: got groups=%lld, wanted a divisor of %lld input and %lld output channels", name, (long long)f->groups,
               (long long)c, (long long)k);
    if (wc != c / f->groups)
        die_at(n->at, "%s: got weights for %lld channels, wanted %lld", name, (long long)wc, (long long)(c / f->groups));
    if (n->nin > 2 && (n->in[2]->s.nd != 1 || n->in[2]->s.d[0] != k))
        die_at(n->at, "%s: got a bias of %lld numbers, wanted %lld", name, (long long)shape_volume(&n->in[2]->s), (long long)k);
}

static void infer(node *n)
{
    const conf *f = n->conf;
    check(n);
    conv_shape s = shape_of(n);
    int64_t least = s.sh < s.sw ? s.sh : s.sw;
    if (f->output_pad >= least)
        die_at(n->at, "deconv: got output_pad=%lld, wanted less than the stride, %lld", (long long)f->output_pad, (long long)least);
    if (s.oh < 1 || s.ow < 1)
        die_at(n->at, "%s: got a %lldx%lld map for a %lldx%lld kernel, wanted one that leaves an output", n->op->name, (long long)s.h,
               (long long)s.w, (long long)(s.dh * (s.kh - 1) + 1), (long long)(s.dw * (s.kw - 1) + 1));
    node_output(n, SHAPE4(s.n, s.oh, s.ow, s.k), REAL_TYPE);
    node_packs(n);
}

static int64_t macs(const node *n) { conv_shape s = shape_of(n); return conv_macs(&s); }

typedef struct { conv_kernel pass[CONV_PASSES]; int64_t parts; char text[240]; } passes;      /* parts: of the samples (counted.h) */

static void release(node *n)
{
    passes *p = n->state;
    for (int i = 0; p && i < CONV_PASSES; i++) conv_release(&p->pass[i]);
    free(p);
    n->state = NULL, n->kernel = NULL;
}

/* "forward | data | weights", or of inference "forward + bias + relu" */
static void name_kernels(node *n, passes *p, const conv_shape *s)
{
    const conf *f = n->conf;
    char *act = key_word(ACT_WORDS, f->activation);
    const conv_kernel *k = p->pass;
    if (n->want) snprintf(p->text, sizeof p->text, "%s | %s | %s", k[CONV_FORWARD].name, k[CONV_DATA].name, k[CONV_WEIGHTS].name);
    else snprintf(p->text, sizeof p->text, "%s%s%s%s", p->pass[CONV_FORWARD].name, s->bias ? " + bias" : "", f->activation ? " + " : "",
                  f->activation ? act : "");
    const size_t used = strlen(p->text);
    if (p->parts > 1) snprintf(p->text + used, sizeof p->text - used, ", %lld samples at a time", (long long)s->n);
    n->kernel = p->text;
    free(act);
}

static void prepare(const context *c, node *n)
{
    const conf *f = n->conf;
    release(n);                          /* views and threads may have changed since the last plan */
    conv_shape s = shape_of(n);
    s.bf16 = c->bf16, s.tf32 = c->tf32, s.winograd = c->winograd, s.by = c->by;
    passes *p = n->state = xalloc(sizeof *p);
    p->parts = counted_parts(n), s.n /= p->parts;
    s.act = (activation)f->activation, s.slope = (real)f->slope;
    n->work = n->want & 4 ? bias_work(p->parts * s.n * s.oh * s.ow, s.k) : 0;
    /* the sums for a bias over a map in bf16 belong to the weights' kernel, also where the weights are frozen */
    const int halves = n->want & 4 && n->out[0]->type == BF16;
    const int wanted[CONV_PASSES] = { [CONV_FORWARD] = 1, [CONV_DATA] = n->want & 1, [CONV_WEIGHTS] = (n->want & 2) || halves };
    for (int i = 0; i < CONV_PASSES; i++) {
        if (wanted[i]) RUN(conv_choose, &s, (conv_pass)i, &p->pass[i]);
        else snprintf(p->pass[i].name, sizeof p->pass[i].name, "-");
        if (p->pass[i].work > n->work) n->work = p->pass[i].work;
        if (i != CONV_WEIGHTS) node_pack_size(n, i == CONV_DATA, p->pass[i].packed);
    }
    name_kernels(n, p, &s);
}

static void pack(const context *c, const node *n, int backward)
{
    const conv_kernel *k = &((passes *)n->state)->pass[backward ? CONV_DATA : CONV_FORWARD];
    if (k->pack) k->pack(c, k, X(1), n->packed[backward]->x.p);
}

static const real *weights_for(const node *n, int backward)
{
    return n->packed[backward]->x.size ? n->packed[backward]->x.p : X(1);
}

/* Bytes from one part of a map to the next, or of its gradient; 0 where there is one part */
static size_t part_bytes(const node *n, const tensor *t)
{
    const int64_t parts = ((const passes *)n->state)->parts;
    return parts == 1 ? 0 : (size_t)(tensor_pixels(t) / parts * tensor_channels(t)) * dtype_size(t->type);
}

static void *part_at(const buffer *b, size_t bytes, int64_t i) { return (char *)b->p + (size_t)i * bytes; }

static void forward(const context *c, const node *n)
{
    const passes *p = n->state;
    const conv_kernel *k = &p->pass[CONV_FORWARD];
    const size_t in = part_bytes(n, n->in[0]), out = part_bytes(n, n->out[0]);
    for (int64_t i = 0; i < p->parts; i++) {
        void *y = part_at(&n->out[0]->x, out, i);
        if (counted_any(n, p->parts, i)) k->run(c, k, part_at(&n->in[0]->x, in, i), weights_for(n, 0), n->nin > 2 ? X(2) : NULL, y, 0);
        else memset(y, 0, out);
    }
}

static void backward_data(const context *c, const node *n, int add)
{
    const passes *p = n->state;
    const conv_kernel *k = &p->pass[CONV_DATA];
    const size_t in = part_bytes(n, n->in[0]), out = part_bytes(n, n->out[0]);
    for (int64_t i = 0; i < p->parts; i++) {
        void *gx = part_at(&n->in[0]->g, in, i);
        if (counted_any(n, p->parts, i)) k->run(c, k, part_at(&n->out[0]->g, out, i), weights_for(n, 1), NULL, gx, add);
        else if (!add) memset(gx, 0, in);
    }
}

static void backward_weights(const context *c, const node *n, int add)
{
    const passes *p = n->state;
    const conv_kernel *k = &p->pass[CONV_WEIGHTS];
    const size_t in = part_bytes(n, n->in[0]), out = part_bytes(n, n->out[0]);
    for (int64_t i = 0; i < p->parts; i++) {
        if (!counted_any(n, p->parts, i)) continue;
        k->run(c, k, part_at(&n->in[0]->x, in, i), part_at(&n->out[0]->g, out, i), NULL, GX(1), add);
        add = 1;
    }
    if (!add) memset(GX(1), 0, n->in[1]->g.size);
}

static void backward_bias(const context *c, const node *n, int add)
{
    const passes *p = n->state;
    const conv_kernel *k = &p->pass[CONV_WEIGHTS];
    const size_t out = part_bytes(n, n->out[0]);
    if (!k->bias) {
        RUN(bias_backward, tensor_pixels(n->out[0]), tensor_channels(n->out[0]), GY, YS, GX(2), add);
        return;
    }
    for (int64_t i = 0; i < p->parts; i++, add = 1) k->bias(c, k, part_at(&n->out[0]->g, out, i), GX(2), add);
}

static void backward(const context *c, const node *n, const step *s)
{
    assert(((const conf *)n->conf)->activation == ACT_LINEAR);
    if (WANT(0)) backward_data(c, n, ADD(0));
    if (WANT(1)) backward_weights(c, n, ADD(1));
    if (n->nin > 2 && WANT(2)) backward_bias(c, n, ADD(2));
}

const op op_conv = { .name = "conv", .help = "convolution", .conf = sizeof(conf), .keys = conv_keys, .reads_x = 3, .samples = 1, .maps = 1, .mixed = 1, .infer = infer,
    .prepare = prepare, .pack = pack, .forward = forward, .backward = backward, .again = forward, .release = release, .macs = macs };
const op op_deconv = { .name = "deconv", .help = "transposed convolution", .conf = sizeof(conf), .keys = deconv_keys, .reads_x = 3, .samples = 1, .maps = 1, .mixed = 1,
    .infer = infer, .prepare = prepare, .pack = pack, .forward = forward, .backward = backward, .release = release, .macs = macs };
