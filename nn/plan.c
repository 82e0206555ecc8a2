/* plan.c - the memory planner; see plan.h. A view has no bytes of its own: whatever touches it touches the tensor it lies in. */
#include "nn/plan.h"
#include "nn/recompute.h"
#include "nn/device.h"
#include "nn/types.h"
#include "base/die.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGN = 256 };                                          /* bytes; also what a GPU's widest loads want */

typedef enum { IS_VALUE, IS_GRADIENT, IS_SCRATCH } kind;
typedef struct { buffer *b; const tensor *t; kind what; } entry;      /* t: whose it is; scratch: of the node that makes t */
typedef struct { entry *e; int n; } entries;

static void touch(buffer *b, int at)
{
    if (b->first < 0 || at < b->first) b->first = at;
    if (at > b->last) b->last = at;
}

static void touch_x(tensor *t, int at) { t = tensor_root(t); if (t->role == VALUE) touch(&t->x, at); }
static void touch_g(tensor *t, int at) { t = tensor_root(t); if (tensor_planned_gradient(t)) touch(&t->g, at); }

/* fn for every tensor of every step, roots and views alike */
static void each(const schedule *s, void (*fn)(tensor *, void *), void *arg)
{
    for (int i = 0; i < s->n; i++) {
        const node *n = s->s[i].n;
        if (!n) { fn(s->s[i].seed ? s->s[i].seed : s->s[i].spend, arg); continue; }
        for (int j = 0; j < n->nin; j++) for (tensor *t = n->in[j]; t; t = t->of) fn(t, arg);
        for (int j = 0; j < n->nout; j++) for (tensor *t = n->out[j]; t; t = t->of) fn(t, arg);
        for (int j = 0; j < n->nsaved; j++) fn(n->saved[j], arg);
        for (int j = 0; j < 2 && n->packed[j]; j++) fn(n->packed[j], arg);
    }
}

static void forget(tensor *t, void *arg)
{
    (void)arg;
    if (t->role == VALUE) t->x.first = t->x.last = -1, t->x.rests = t->x.returns = 0;
    if (tensor_planned_gradient(t)) t->g.first = t->g.last = -1;
}

/* Step i only packs weights. */
static void live_pack(const step *t, int i)
{
    touch_x(t->n->in[1], i);
    touch_x(t->n->packed[t->pack - 1], i);
}

static void live(schedule *s)
{
    each(s, forget, NULL);
    for (int i = 0; i < s->n; i++) {
        const step *t = &s->s[i];
        node *n = t->n;
        if (!n) { touch_g(t->seed ? t->seed : t->spend, i); continue; }
        if (t->pack) { live_pack(t, i); continue; }
        if (t->again) n->out[0]->x.rests = n->out[0]->x.last, n->out[0]->x.returns = i;
        if (n->packed[0] && (!t->backward || t->want & 1)) touch_x(n->packed[t->backward], i);
        if (n->nin && n->in[0]->count) touch_x(n->in[0]->count, i);
        for (int j = 0; j < n->nout; j++) {
            if (!t->backward || n->reads_y >> j & 1) touch_x(n->out[j], i);
            if (t->backward) touch_g(n->out[j], i);
            if (n->out[j]->keep) touch_x(n->out[j], s->n - 1);
        }
        for (int j = 0; j < n->nin; j++) {
            const int read = !t->backward || n->reads_x >> j & 1;
            if (read && !(j == 1 && step_reads_packed(t))) touch_x(n->in[j], i);
            if (t->backward && t->want >> j & 1) touch_g(n->in[j], i);
        }
        for (int j = 0; j < n->nsaved; j++) touch_x(n->saved[j], i);
    }
    for (int i = 0; i < s->fixed; i++) {                       /* what later steps read of these is kept from run to run */
        node *n = s->s[i].n;
        if (s->s[i].pack) touch_x(n->packed[0], s->n - 1);
        else for (int j = 0; j < n->nout; j++) if (n->out[j]->x.last >= s->fixed) touch_x(n->out[j], s->n - 1);
    }
}

static void add(entries *e, buffer *b, const tensor *t, kind what)
{
    if (!b->size) return;
    for (int i = 0; i < e->n; i++) if (e->e[i].b == b) return;
    if ((e->n & (e->n + 1)) == 0) e->e = xgrow(e->e, (size_t)(2 * (e->n + 1)) * sizeof *e->e);
    e->e[e->n++] = (entry){ b, t, what };
}

static void collect_one(tensor *t, void *arg)
{
    if (t->of) return;
    if (t->role == VALUE && t->x.first >= 0) add(arg, &t->x, t, IS_VALUE);
    if (tensor_planned_gradient(t) && t->g.first >= 0) add(arg, &t->g, t, IS_GRADIENT);
}

/* Every buffer of the steps; free e */
static entries collect(const schedule *s)
{
    entries e = { 0 };
    each(s, collect_one, &e);
    for (int i = 0; i < s->n; i++) if (s->s[i].n) add(&e, &s->s[i].work, s->s[i].n->out[0], IS_SCRATCH);
    return e;
}

static int by_size(const void *a, const void *b)
{
    size_t x = ((const entry *)a)->b->size, y = ((const entry *)b)->b->size;
    int i = ((const entry *)a)->b->first, j = ((const entry *)b)->b->first;
    return x != y ? (x < y ? 1 : -1) : (i > j) - (i < j);
}

static size_t padded(size_t n) { return (n + ALIGN - 1) / ALIGN * ALIGN; }

/* The two spans of steps in which a buffer is in use; the second is empty where it never rests */
static void spans(const buffer *b, int from[2], int to[2])
{
    from[0] = b->first, to[0] = b->returns ? b->rests : b->last;
    from[1] = b->returns ? b->returns : 1, to[1] = b->returns ? b->last : 0;
}

/* Are both in use at any one step? */
static int meet(const buffer *a, const buffer *b)
{
    int from[2][2], to[2][2], met = 0;
    spans(a, from[0], to[0]), spans(b, from[1], to[1]);
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 2; j++) {
            const int start = from[0][i] > from[1][j] ? from[0][i] : from[1][j], end = to[0][i] < to[1][j] ? to[0][i] : to[1][j];
            met |= from[0][i] <= to[0][i] && from[1][j] <= to[1][j] && start <= end;
        }
    return met;
}

static size_t pack(entries *e, int share)
{
    size_t arena = 0;
    qsort(e->e, (size_t)e->n, sizeof *e->e, by_size);
    for (int i = 0; i < e->n; i++) {
        buffer *b = e->e[i].b;
        size_t at = 0, size = padded(b->size);
        for (int again = 1; again;) {
            again = 0;
            for (int j = 0; j < i; j++) {
                const buffer *o = e->e[j].b;
                if ((!share || meet(b, o)) && at < o->at + padded(o->size) && o->at < at + size) at = o->at + padded(o->size), again = 1;
            }
        }
        b->at = at;
        if (at + size > arena) arena = at + size;
    }
    return arena;
}

void plan_make(schedule *s, const context *c, int share)
{
    s->work = 0;
    types_choose(s, c);
    for (int i = 0; i < s->n; i++) if (s->s[i].n) s->s[i].n->want = 0;
    for (int i = 0; i < s->n; i++) if (s->s[i].n) s->s[i].n->want |= s->s[i].want;
    for (int i = 0; i < s->n; i++) {
        node *n = s->s[i].n;
        if (n && !s->s[i].backward && !s->s[i].pack && !s->s[i].again) node_prepare(c, n);
    }
    if (s->recompute != RECOMPUTE_NEVER) live(s), recompute_insert(s);
    for (int i = 0; i < s->n; i++) {
        s->s[i].work = (buffer){ .size = s->s[i].n ? s->s[i].n->work : 0, .first = i, .last = i };
        if (s->s[i].work.size > s->work) s->work = s->s[i].work.size;
    }
    live(s);
    entries e = collect(s);
    s->arena = pack(&e, share);
    free(e.e);
}

static void place_one(tensor *t, void *arg)
{
    schedule *s = arg;
    if (t->of) return;
    if (t->role == VALUE && t->x.first >= 0) t->x.p = s->base + t->x.at;
    if (tensor_planned_gradient(t) && t->g.first >= 0) t->g.p = s->base + t->g.at;
}

static void place_view(tensor *t, void *arg)
{
    (void)arg;
    if (!t->of) return;
    size_t offset = 0;
    for (const tensor *v = t; v->of; v = v->of) offset += (size_t)v->offset * dtype_size(t->type);
    const tensor *root = tensor_root(t);
    t->x.p = root->x.p ? (char *)root->x.p + offset : NULL;
    t->g.p = root->g.p ? (char *)root->g.p + offset : NULL;
}

static int in_use(const buffer *b, int k) { return b->first <= k && k <= b->last && !(b->rests < k && k < b->returns); }

static size_t live_at(const entries *e, int step)
{
    size_t sum = 0;
    for (int i = 0; i < e->n; i++) if (in_use(e->e[i].b, step)) sum += padded(e->e[i].b->size);
    return sum;
}

/* The largest sum of live buffers, and the first step where it is; e: all buffers */
static size_t peak_of(const schedule *s, const entries *e, int *at)
{
    size_t peak = 0;
    *at = 0;
    for (int k = 0; k < s->n; k++) {
        const size_t sum = live_at(e, k);
        if (sum > peak) peak = sum, *at = k;
    }
    return peak;
}

size_t plan_bound(const schedule *s)
{
    entries e = collect(s);
    int at;
    const size_t peak = peak_of(s, &e, &at);
    free(e.e);
    return peak;
}

void plan_place_at(schedule *s, void *memory)
{
    s->base = memory;
    each(s, place_one, s);
    each(s, place_view, NULL);
}

void plan_place(schedule *s, const device *dev)
{
    void *memory = device_alloc(dev, s->arena, "maps");
    s->dev = dev;                                            /* schedule_free gives it back */
    plan_place_at(s, memory);
}

void plan_print(const schedule *s)
{
    static const char *const what[] = { "value", "grad", "scratch" };
    entries e = collect(s);
    size_t bytes = 0;
    int at;
    qsort(e.e, (size_t)e.n, sizeof *e.e, by_size);
    printf("%-48s %-7s %14s %6s %6s %14s\n", "buffer", "type", "bytes", "from", "to", "offset");
    for (int i = 0; i < e.n; i++) {
        const buffer *b = e.e[i].b;
        printf("%-40s %-7s %-7s %14zu %6d %6d %14zu", e.e[i].t->name, what[e.e[i].what], e.e[i].what == IS_SCRATCH ? "-" : dtype_name(e.e[i].t->type),
               b->size, b->first, b->last, b->at);
        if (b->returns) printf("  given up after %d, made again at %d", b->rests, b->returns);
        putchar('\n');
    }
    const size_t peak = peak_of(s, &e, &at);
    for (int i = 0; i < e.n; i++) bytes += e.e[i].b->size;
    const node *n = s->n ? s->s[at].n : NULL;
    printf("%d buffers, %zu bytes if apart; arena %zu bytes; live at the peak %zu, in step %d (%s%s)\n", e.n, bytes, s->arena, peak, at,
           n ? n->out[0]->name : "loss, optimiser", n && s->s[at].backward ? ", backward" : "");
    free(e.e);
}
