/* adversary.c - what losses between two networks need besides the losses: unit_difference (perceptual distance), affine (the constants
 * a network of photographs wants its input scaled by), balance (the weight of an adversary). */
#include "nn/ops/check.h"
#include "kernels/affine.h"
#include "kernels/balance.h"
#include "kernels/unit.h"

static int64_t pixels(const node *n) { return tensor_pixels(n->in[0]); }
static int64_t channels(const node *n) { return tensor_channels(n->in[0]); }

typedef struct { double eps; } unit_conf;
static const key unit_keys[] = { { "eps", K_REAL, offsetof(unit_conf, eps), "1e-10", "added to the length", 1e-30, 1, NULL }, { 0 } };
static double eps_of(const node *n) { return ((const unit_conf *)n->conf)->eps; }
static void unit_infer(node *n)
{
    check_inputs(n, 2, 2);
    check_map(n, 0), check_shape(n, 1, n->in[0]->s, REAL_TYPE);
    node_output(n, n->in[0]->s, REAL_TYPE);
}
static void unit_forward(const context *c, const node *n)
{
    RUN(unit_difference, pixels(n), channels(n), eps_of(n), X(0), XS(0), X(1), XS(1), Y, YS);
}
static void unit_backward(const context *c, const node *n, const step *s)
{
    for (int i = 0; i < 2; i++)
        if (WANT(i)) RUN(unit_difference_backward, pixels(n), channels(n), eps_of(n), X(i), XS(i), X(1 - i), XS(1 - i), GY, YS, GX(i), ADD(i));
}

typedef struct { key_list shift, scale; } affine_conf;
static const key affine_keys[] = {
    { "shift", K_LIST, offsetof(affine_conf, shift), "0", "subtracted: one number, or one a channel", 0, 0, NULL },
    { "scale", K_LIST, offsetof(affine_conf, scale), "1", "then divided by", 1e-6, 1e6, NULL },
    { 0 }
};
static affine_rule rule_of(const node *n)
{
    const affine_conf *f = n->conf;
    affine_rule r = { .n = most(f->shift.n, f->scale.n) };
    for (int64_t i = 0; i < r.n; i++) r.shift[i] = (float)f->shift.v[i % f->shift.n], r.scale[i] = (float)f->scale.v[i % f->scale.n];
    return r;
}
static void affine_infer(node *n)
{
    const affine_conf *f = n->conf;
    _Static_assert((int)AFFINE_MAX == (int)KEY_LIST_MAX, "a list fits the kernel's");
    check_inputs(n, 1, 1);
    check_map(n, 0);
    const key_list *const lists[] = { &f->shift, &f->scale };
    for (int i = 0; i < 2; i++)
        if (lists[i]->n != 1 && lists[i]->n != channels(n))
            die_at(n->at, "affine: %s: got %d numbers, wanted 1 or %lld", affine_keys[i].name, lists[i]->n, (long long)channels(n));
    node_output(n, n->in[0]->s, REAL_TYPE);
}
static void affine_forward(const context *c, const node *n) { RUN(affine_forward, pixels(n), channels(n), rule_of(n), X(0), XS(0), Y, YS); }
static void affine_backward(const context *c, const node *n, const step *s)
{
    if (WANT(0)) RUN(affine_backward, pixels(n), channels(n), rule_of(n), GY, YS, GX(0), XS(0), ADD(0));
}

typedef struct { double weight, floor, limit; int64_t start; } balance_conf;
static const key balance_keys[] = {
    { "weight", K_REAL, offsetof(balance_conf, weight), "1",    "of the loss; multiplies after the limit", 0, 1e6, NULL },
    { "floor",  K_REAL, offsetof(balance_conf, floor),  "1e-4", "added to the length of the loss's own gradient", 0, 1, NULL },
    { "limit",  K_REAL, offsetof(balance_conf, limit),  "1e4",  "of the ratio of lengths", 0, 1e30, NULL },
    { "start",  K_INT,  offsetof(balance_conf, start),  "0",    "optimiser steps before which the loss is 0", 0, 0xffffffff, NULL },
    { 0 }
};
/* the loss; or the loss, and the squared lengths of the gradient it is measured by and of its own */
static void balance_infer(node *n)
{
    if (n->nin != 1) check_inputs(n, 3, 3);
    for (int i = 0; i < n->nin; i++) check_shape(n, i, SHAPE1(1), REAL_TYPE);
    node_output(n, SHAPE1(1), REAL_TYPE), node_output(n, SHAPE1(1), REAL_TYPE);
}
static void balance_forward(const context *c, const node *n)
{
    const balance_conf *f = n->conf;
    const balance_rule r = { c->step < f->start ? 0 : f->weight, f->floor, f->limit };
    RUN(balance_forward, r, X(0), n->nin > 1 ? X(1) : NULL, n->nin > 1 ? X(2) : NULL, Y, n->out[1]->x.p);
}
static void balance_backward(const context *c, const node *n, const step *s)
{
    if (WANT(0)) RUN(balance_backward, n->out[1]->x.p, GY, GX(0), ADD(0));
}

const op op_unit_difference = {
    .name = "unit_difference", .help = "squared differences of two maps whose pixels are made unit vectors (Zhang et al. 2018)", .reads_x = 3,
    .conf = sizeof(unit_conf), .keys = unit_keys, .infer = unit_infer, .forward = unit_forward, .backward = unit_backward,
};
const op op_affine = {
    .name = "affine", .help = "(x - shift) / scale, constants for each channel", .conf = sizeof(affine_conf), .keys = affine_keys,
    .infer = affine_infer, .forward = affine_forward, .backward = affine_backward,
};
const op op_balance = {
    .name = "balance", .help = "a loss times a weight that makes its gradient as long as another's (Esser et al. 2021), and that weight",
    .conf = sizeof(balance_conf), .keys = balance_keys, .reads_y = 2, .stops = 6, .host = 1,
    .infer = balance_infer, .forward = balance_forward, .backward = balance_backward,
};
