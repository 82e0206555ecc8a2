/* types.c - which maps lie in bf16; see types.h. All that might are marked, then those that an op forbids are taken back, until
 * nothing changes. */
#include "nn/types.h"
#include "nn/backend.h"
#include "nn/device.h"
#include "nn/graph.h"

static int may(const tensor *t) { return t->role == VALUE && t->from && !t->keep && t->s.nd == 4 && tensor_differentiable(t); }

/* 1 if that was a change */
static int make_real(tensor *t)
{
    if (t->type != BF16) return 0;
    tensor_retype(t, REAL_TYPE);
    return 1;
}

static int all_real(const node *n)
{
    int changed = 0;
    for (int j = 0; j < n->nin; j++) changed |= make_real(n->in[j]);
    for (int j = 0; j < n->nout; j++) changed |= make_real(n->out[j]);
    return changed;
}

/* Takes back what this op cannot have; 1 if there was anything. */
static int restrict_node(const context *c, const node *n)
{
    const op *o = op_row(c->dev->code->ops_bf16, n->op->name);
    int changed = 0, one_real = 0;
    if (!o) return all_real(n);
    for (int j = 0; j < n->nin; j++) {
        if (!(o->maps >> j & 1)) changed |= make_real(n->in[j]);
        else one_real |= n->in[j]->type != BF16;
    }
    one_real |= n->out[0]->type != BF16;
    for (int j = 1; j < n->nout; j++) changed |= make_real(n->out[j]);
    if (one_real && !o->mixed) changed |= all_real(n);
    return changed;
}

/* A view lies in a wider map, whose offsets are counted in elements of one type: 1 if they were not of one. */
static int restrict_view(tensor *t)
{
    int changed = 0;
    for (; t->of; t = t->of) if (t->type != t->of->type) changed |= make_real(t) | make_real(t->of);
    return changed;
}

static int restrict_views(const node *n)
{
    int changed = 0;
    for (int j = 0; j < n->nin; j++) changed |= restrict_view(n->in[j]);
    for (int j = 0; j < n->nout; j++) changed |= restrict_view(n->out[j]);
    return changed;
}

/* The wider map too: its concat may be no part of the schedule. */
static void mark(tensor *t, int bf16)
{
    for (; t; t = t->of) if (may(t)) tensor_retype(t, bf16 ? BF16 : REAL_TYPE);
}

void types_choose(const schedule *s, const context *c)
{
    const int bf16 = c->bf16 && c->dev->code->maps_bf16 && c->dev->code->maps_bf16();
    for (int i = 0; i < s->n; i++) {
        const node *n = s->s[i].n;
        if (!n) continue;
        for (int j = 0; j < n->nin; j++) mark(n->in[j], bf16);
        for (int j = 0; j < n->nout; j++) mark(n->out[j], bf16);
    }
    for (int again = bf16; again;) {
        again = 0;
        for (int i = 0; i < s->n; i++) if (s->s[i].n) again |= restrict_node(c, s->s[i].n) | restrict_views(s->s[i].n);
    }
}
