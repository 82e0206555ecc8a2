/* vq.c - the ops of a codebook: quantize, its loss, and what becomes of the codes after a batch. Definitions in kernels/vq.h.
 *
 * Two gradients here are none: the decoder's passes quantize as if it did nothing (straight through; Bengio et al. 2013), and the loss
 * pulls its two sides at strengths of their own although it is one number.
 * The trap: codebook_update changes codes that the backward pass of the loss reads, so it must be scheduled after it. */
#include "nn/ops/check.h"
#include "kernels/map.h"
#include "kernels/vq.h"

static const shape *codes_of(const node *n, int i) { return &n->in[i]->s; }
static vq_size size_of(const node *n, int codes)
{
    return (vq_size){ tensor_pixels(n->in[0]), tensor_channels(n->in[0]), codes_of(n, codes)->d[0] };
}
static const int32_t *index_of(const node *n, int i) { return n->in[i]->x.p; }

/* That input i is a codebook for the channels of the map, input 0 */
static void check_codes(const node *n, int i)
{
    char a[64];
    const shape *s = codes_of(n, i);
    if (s->nd != 2 || s->d[1] != tensor_channels(n->in[0]) || n->in[i]->type != REAL_TYPE)
        die_at(n->at, "%s: %s is %s, wanted codes x %lld", n->op->name, n->in[i]->name, shape_text(s, a), (long long)tensor_channels(n->in[0]));
}
static shape index_shape(const node *n)
{
    const int64_t *d = n->in[0]->s.d;
    return (shape){ 3, { d[0], d[1], d[2] } };
}

static void quantize_infer(node *n)
{
    check_inputs(n, 2, 2);
    check_map(n, 0), check_codes(n, 1);
    node_output(n, n->in[0]->s, REAL_TYPE);
    node_output(n, index_shape(n), I32);
}
static void quantize_forward(const context *c, const node *n)
{
    RUN(vq_nearest, size_of(n, 1), X(0), XS(0), P(1), Y, YS, n->out[1]->x.p);
}
static void quantize_backward(const context *c, const node *n, const step *s)
{
    const vq_size z = size_of(n, 1);
    if (WANT(0)) RUN(map_copy, z.rows, z.channels, GY, YS, GX(0), XS(0), ADD(0));
}

typedef struct { double beta; int type; } loss_conf;
enum { LEGACY, CORRECTED, EMA };
static const key loss_keys[] = {
    { "beta", K_REAL, offsetof(loss_conf, beta), "0.25", "strength of the weaker side", 0, 1e6, NULL },
    { "type", K_WORD, offsetof(loss_conf, type), "legacy",
      "legacy: beta weakens the pull on the codes; corrected: that on the map; ema: codes follow by themselves, beta is the pull on the map",
      0, 0, "legacy|corrected|ema" },
    { 0 }
};
/* How strongly the map is pulled to the codes, and the codes to the map */
static double pull(const node *n, int on_codes)
{
    const loss_conf *f = n->conf;
    if (f->type == EMA) return on_codes ? 0 : f->beta;
    return (f->type == LEGACY) == on_codes ? f->beta : 1;
}
static void loss_infer(node *n)
{
    check_inputs(n, 3, 3);
    check_map(n, 0), check_codes(n, 1), check_shape(n, 2, index_shape(n), I32);
    n->work = vq_loss_work(size_of(n, 1));
    node_output(n, SHAPE1(1), REAL_TYPE);
}
static void loss_forward(const context *c, const node *n)
{
    RUN(vq_loss, size_of(n, 1), pull(n, 0) + pull(n, 1), X(0), XS(0), P(1), index_of(n, 2), Y, c->work);
}
static void loss_backward(const context *c, const node *n, const step *s)
{
    const vq_size z = size_of(n, 1);
    if (WANT(0)) RUN(vq_loss_to_rows, z, pull(n, 0), X(0), XS(0), P(1), index_of(n, 2), GY, GX(0), ADD(0));
    if (WANT(1)) RUN(vq_loss_to_codes, z, pull(n, 1), X(0), XS(0), P(1), index_of(n, 2), GY, GP(1), ADD(1));
}

typedef struct { double decay, eps; int64_t restart; } update_conf;
static const key update_keys[] = {
    { "decay",   K_REAL, offsetof(update_conf, decay),   "0",    "of the running means that are the codes; 0: codes are trained instead", 0, 0.999999, NULL },
    { "eps",     K_REAL, offsetof(update_conf, eps),     "1e-5", "spread over the running sizes", 0, 1, NULL },
    { "restart", K_INT,  offsetof(update_conf, restart), "0",    "batches without a vector after which a code is put onto one; 0: never", 0, 1 << 20, NULL },
    { 0 }
};
static int changes(const node *n)
{
    const update_conf *f = n->conf;
    return f->decay > 0 || f->restart > 0;
}
/* z, codes, index; where codes change, how long each has been idle; with running means, their sizes and sums */
static void update_infer(node *n)
{
    const update_conf *f = n->conf;
    const int wanted = f->decay > 0 ? 6 : f->restart > 0 ? 4 : 3;
    check_inputs(n, wanted, wanted);
    check_map(n, 0), check_codes(n, 1), check_shape(n, 2, index_shape(n), I32);
    for (int i = 3; i < n->nin; i++) check_shape(n, i, i < 5 ? SHAPE1(codes_of(n, 1)->d[0]) : *codes_of(n, 1), REAL_TYPE);
    n->work = vq_update_work(size_of(n, 1));
    node_output(n, SHAPE1(1), REAL_TYPE);
}
static void update_forward(const context *c, const node *n)
{
    const update_conf *f = n->conf;
    const vq_rule rule = { f->decay, f->eps, f->restart };
    const vq_state t = { n->in[1]->x.p, n->nin > 3 ? n->in[3]->x.p : NULL, n->nin > 4 ? n->in[4]->x.p : NULL, n->nin > 5 ? n->in[5]->x.p : NULL };
    RUN(vq_update, size_of(n, 1), c->training && changes(n) ? &rule : NULL, X(0), XS(0), index_of(n, 2), t, Y, c->work);
}

const op op_quantize = {
    .name = "quantize", .help = "the nearest code of every pixel, and its number (van den Oord et al. 2017)", .stops = 2,
    .surrogate = "the map's gradient passes straight through", .infer = quantize_infer, .forward = quantize_forward, .backward = quantize_backward,
};
const op op_codebook_loss = {
    .name = "codebook_loss", .help = "how far a map is from its codes: pulls both together", .conf = sizeof(loss_conf), .keys = loss_keys,
    .reads_x = 7, .surrogate = "map and codes are pulled at different strengths",
    .infer = loss_infer, .forward = loss_forward, .backward = loss_backward,
};
const op op_codebook_update = {
    .name = "codebook_update", .help = "perplexity of the codes' use; codes as running means, idle ones put elsewhere", .conf = sizeof(update_conf),
    .keys = update_keys, .why = "it comes after the gradient", .infer = update_infer, .forward = update_forward,
};
