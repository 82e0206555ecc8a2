/* schedule.c - step lists and autograd; see schedule.h. */
#include "nn/schedule.h"
#include "nn/backend.h"
#include "nn/device.h"
#include "base/die.h"
#include <assert.h>
#include <stdlib.h>

static step *emit(schedule *s, step t)
{
    if ((s->n & (s->n + 1)) == 0) s->s = xgrow(s->s, (size_t)(2 * (s->n + 1)) * sizeof *s->s);
    s->s[s->n] = t;
    return &s->s[s->n++];
}

static int needed(const node *n)
{
    for (int i = 0; i < n->nout; i++) if (n->out[i]->need) return 1;
    return 0;
}

void schedule_forward(schedule *s, graph *g, tensor *const *out, int nout)
{
    for (int i = 0; i < g->nt; i++) g->tensor[i]->need = 0;
    for (int i = 0; i < nout; i++) out[i]->need = out[i]->keep = 1;
    for (int i = g->n; i-- > 0;)
        if (needed(g->node[i]))
            for (int j = 0; j < g->node[i]->nin; j++) g->node[i]->in[j]->need = 1;
    for (int i = 0; i < g->n; i++) {
        if (!needed(g->node[i])) continue;
        if (g->node[i]->op->pack) emit(s, (step){ .n = g->node[i], .pack = 1 });
        emit(s, (step){ .n = g->node[i] });
    }
}

void schedule_append(schedule *s, node *n)
{
    assert(!n->op->pack);
    emit(s, (step){ .n = n });
}

static int is_fixed(const step *t)
{
    const node *n = t->n;
    int fixed = 1;
    for (int j = t->pack ? 1 : 0; j < (t->pack ? 2 : n->nin); j++)
        fixed &= n->in[j]->role == PARAM || n->in[j]->role == STATE || n->in[j]->live;
    return fixed;
}

/* live: made by a fixed step */
void schedule_settle(schedule *s)
{
    step *rest = xalloc_n((size_t)s->n + 1, sizeof *rest);
    int n = 0;
    s->fixed = 0;
    for (int i = 0; i < s->n; i++) {
        const node *m = s->s[i].n;
        for (int j = 0; j < m->nout; j++) m->out[j]->live = 0;
        for (int j = 0; j < m->nin; j++) m->in[j]->live = 0;
    }
    for (int i = 0; i < s->n; i++) {
        const step t = s->s[i];
        assert(!t.backward && !t.seed);
        const int fixed = is_fixed(&t);
        if (fixed) s->s[s->fixed++] = t;
        else rest[n++] = t;
        for (int j = 0; fixed && !t.pack && j < t.n->nout; j++) t.n->out[j]->live = 1;
    }
    for (int i = 0; i < n; i++) s->s[s->fixed + i] = rest[i];
    free(rest);
}

/* live: depends on wrt. need: leads to the loss. written: its gradient has been set by an earlier step of this call. */
static void mark(graph *g, tensor *const *wrt, int nwrt)
{
    for (int i = 0; i < g->nt; i++) g->tensor[i]->live = g->tensor[i]->need = g->tensor[i]->written = 0;
    for (int i = 0; i < nwrt; i++) wrt[i]->live = 1;
    for (int i = 0; i < g->n; i++) {
        int live = 0;
        for (int j = 0; j < g->node[i]->nin; j++) live |= g->node[i]->in[j]->live && !(g->node[i]->op->stops >> j & 1);
        for (int j = 0; j < g->node[i]->nout; j++) g->node[i]->out[j]->live |= live;
    }
}

void schedule_backward(schedule *s, graph *g, tensor *loss, tensor *const *wrt, int nwrt)
{
    mark(g, wrt, nwrt);
    assert(loss->type == REAL_TYPE && shape_volume(&loss->s) == 1);
    emit(s, (step){ .seed = loss });
    loss->need = 1;
    for (int i = g->n; i-- > 0;) {
        node *n = g->node[i];
        step t = { .n = n, .backward = 1 };
        if (!needed(n)) continue;
        for (int j = 0; j < n->nin; j++) {
            tensor *x = n->in[j];
            if (!x->live || n->op->stops >> j & 1 || !tensor_differentiable(x) || x->role == STATE) continue;
            t.want |= 1u << j;
            if (x->written++) t.add |= 1u << j;
            if (x->role == PARAM) t.params |= 1u << j;
            x->need = 1;
        }
        if (!t.want) continue;
        if (!n->op->backward) die_at(n->at, "%s has no gradient: %s", n->op->name, n->op->why);
        if (n->op->pack && t.want & 1) emit(s, (step){ .n = n, .pack = 2 });
        emit(s, t);
    }
}

int schedule_reaches(tensor *const *wrt, int nwrt)
{
    int n = 0;
    while (n < nwrt && wrt[n]->written) n++;
    return n == nwrt;
}

/* written: has a gradient. live: the last step that names it. */
static void find_last(const schedule *s)
{
    for (int i = 0; i < s->n; i++) {
        const node *n = s->s[i].n;
        for (int j = 0; n && j < n->nin; j++) n->in[j]->written = 0;
    }
    for (int i = 0; i < s->n; i++) {
        const step *t = &s->s[i];
        for (int j = 0; t->n && j < t->n->nin; j++) t->n->in[j]->live = i, t->n->in[j]->written |= t->backward && t->params >> j & 1;
    }
}

void schedule_spend(schedule *s)
{
    schedule all = *s;
    all.s = NULL, all.n = 0;
    find_last(s);
    for (int i = 0; i < s->n; i++) {
        const node *n = s->s[i].n;
        emit(&all, s->s[i]);
        for (int j = 0; n && j < n->nin; j++) {
            tensor *t = n->in[j];
            if (t->role != PARAM || !t->written || t->live != i || t->spent) continue;
            t->spent = 1;
            emit(&all, (step){ .spend = t });
        }
    }
    free(s->s);
    *s = all;
}

int step_reads_packed(const step *t) { return t->n->packed[0] && t->n->packed[t->backward]->x.size; }

void schedule_run_part(const schedule *s, context *c, int from, int to)
{
    for (int i = from; i < to; i++) {
        const step *t = &s->s[i];
        c->work = s->base + t->work.at;
        if (t->seed) c->dev->code->fill(c, 1, t->seed->g.p, (real)c->loss_scale);
        else if (t->spend) s->spend(s->spender, c, t->spend);
        else if (t->pack) t->n->op->pack(c, t->n, t->pack - 1);
        else if (t->again) t->n->op->again(c, t->n);
        else if (t->backward) t->n->op->backward(c, t->n, t);
        else t->n->op->forward(c, t->n);
    }
}

void schedule_run(const schedule *s, context *c) { schedule_run_part(s, c, 0, s->n); }

void schedule_free(schedule *s)
{
    if (s->dev) s->dev->free(s->dev, s->base);
    free(s->s);
    *s = (schedule){ 0 };
}
