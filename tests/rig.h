/* rig.h - one op alone on the bench: a node with all its buffers, every one between sentinels, dense or as channels of wider maps.
 *
 * rig_new builds the node; rig_forward and rig_backward run it the way a schedule would, on garbage-filled outputs and scratch;
 * rig_intact fails if anything outside the buffers was written. Elements are numbered as in the dense map, whatever the stride.
 * On another device each buffer has a twin there, sentinels included: all of them go over before a run and come back after it, so
 * that a test looks at host memory only. */
#ifndef TESTS_RIG_H
#define TESTS_RIG_H
#include "tests/test.h"
#include "nn/device.h"
#include "nn/graph.h"
#include "kernels/bf16.h"
#include "base/rng.h"

enum { GUARD = 256, SENTINEL = 0xA5 };                         /* bytes before and after; what they are filled with */

/* How maps lie: alone; as channels of a wider map at an odd place; so that 16-byte accesses stay possible. more: channels added to the
 * map, aside: those of them before ours */
typedef enum { DENSE, ODD, EVEN, LAYS } lay;
static const struct { int64_t more, aside; } lays[LAYS] = { { 0, 0 }, { 5, 2 }, { 12, 4 } };

typedef struct slot { unsigned char *base; size_t bytes, each; int64_t n, channels, stride; unsigned char *p, *far; } slot;   /* far: base on the device */

typedef struct rig {
    graph *g; node *n; context c; step s;
    slot x[MAX_IN], gx[MAX_IN], y[MAX_OUT], gy[MAX_OUT], saved[MAX_SAVED], packed[2], work;
} rig;
enum { RIG_SLOTS = 2 * MAX_IN + 2 * MAX_OUT + MAX_SAVED + 3 };
static inline slot *rig_slot(rig *r, int i)                    /* any of them; unused ones have no base */
{
    slot *const at[] = { r->x, r->gx, r->y, r->gy, r->saved, r->packed, &r->work };
    static const int count[] = { MAX_IN, MAX_IN, MAX_OUT, MAX_OUT, MAX_SAVED, 2, 1 };
    int k = 0;
    for (; i >= count[k]; k++) i -= count[k];
    return at[k] + i;
}

static inline slot slot_new(const device *d, int64_t n, int64_t channels, size_t each, lay how)
{
    slot s = { .n = n, .channels = channels, .each = each, .stride = channels + lays[how].more };
    s.bytes = ((size_t)(n / channels * s.stride) * each + 2 * GUARD + 63) / 64 * 64;
    s.base = aligned_alloc(64, s.bytes);
    memset(s.base, SENTINEL, s.bytes);
    s.p = s.base + GUARD + (size_t)lays[how].aside * each;
    s.far = d == &device_cpu ? s.base : d->alloc(d, s.bytes);
    return s;
}
static inline void slot_free(const device *d, slot *s)
{
    if (s->far && s->far != s->base) d->free(d, s->far);
    free(s->base);
}
static inline void *slot_address(const slot *s) { return s->far + (s->p - s->base); }        /* of element 0, for the op */
static inline void *slot_at(const slot *s, int64_t i) { return s->p + (size_t)(i / s->channels * s->stride + i % s->channels) * s->each; }
/* numbers: reals, or bf16 where they have two bytes */
static inline real number_at(const void *p, size_t each) { return each == sizeof(bf16) ? (real)bf16_get(*(const bf16 *)p) : *(const real *)p; }
static inline real slot_get(const slot *s, int64_t i) { return number_at(slot_at(s, i), s->each); }
static inline void slot_put(const slot *s, int64_t i, real v)
{
    if (s->each == sizeof(bf16)) *(bf16 *)slot_at(s, i) = bf16_put((float)v);
    else *(real *)slot_at(s, i) = v;
}
static inline size_t slot_row(const slot *s) { return (size_t)s->channels * s->each; }      /* bytes of a pixel */
static inline unsigned char *slot_pixel(const slot *s, int64_t p) { return s->p + (size_t)(p * s->stride) * s->each; }
static inline int64_t slot_pixels(const slot *s) { return s->base ? s->n / s->channels : 0; }
static inline void slot_fill(const slot *s, int byte) { for (int64_t i = 0; i < slot_pixels(s); i++) memset(slot_pixel(s, i), byte, slot_row(s)); }

/* fails if a byte that is not an element has changed */
static inline void slot_intact(const slot *s, const char *what)
{
    unsigned char *copy = xalloc(s->bytes + 1);
    slot c = *s;
    if (!s->base) { free(copy); return; }
    memcpy(copy, s->base, s->bytes);
    c.p = copy + (s->p - s->base);
    slot_fill(&c, SENTINEL);
    for (size_t i = 0; i < s->bytes; i++) if (copy[i] != SENTINEL) fail_msg("%s: wrote outside, at byte %zu of %zu", what, i, s->bytes);
    free(copy);
}
static inline unsigned char *slot_copy(const slot *s)          /* its elements, dense; free() it */
{
    unsigned char *v = xalloc((size_t)s->n * s->each + 1);
    for (int64_t i = 0; i < slot_pixels(s); i++) memcpy(v + (size_t)i * slot_row(s), slot_pixel(s, i), slot_row(s));
    return v;
}
static inline int slot_same(const slot *s, const unsigned char *v)
{
    for (int64_t i = 0; i < slot_pixels(s); i++) if (memcmp(slot_pixel(s, i), v + (size_t)i * slot_row(s), slot_row(s))) return 0;
    return 1;
}
static inline void slot_restore(const slot *s, const unsigned char *v)
{
    for (int64_t i = 0; i < slot_pixels(s); i++) memcpy(slot_pixel(s, i), v + (size_t)i * slot_row(s), slot_row(s));
}

/* a convolution's weights have four sizes too, but are no map */
static inline int rig_weighted(const op *o) { return !strcmp(o->name, "conv") || !strcmp(o->name, "deconv"); }
/* ops of matrix products that a library may cut by the number of threads */
static inline int rig_product(const op *o) { return rig_weighted(o) || !strcmp(o->name, "linear"); }
static inline int rig_is_map(const op *o, const tensor *t, int i) 
{
    return t->s.nd == 4 && tensor_differentiable(t) && (i == 0 || !rig_weighted(o));
}
static inline role rig_role(const op *o, dtype t, int i)
{
    const int state = o->stops >> i & 1 || (!strcmp(o->name, "batch_norm") && i > 2) || !strcmp(o->name, "codebook_update");
    return t != REAL_TYPE || i == 0 ? INPUT : state ? STATE : PARAM;
}

/* stopped: no gradient goes there */
static inline void rig_place(rig *r, tensor *t, slot *x, slot *g, int map, int stopped, lay how)
{
    const int64_t channels = map ? tensor_channels(t) : shape_volume(&t->s);
    if (!map) how = DENSE;
    *x = slot_new(r->c.dev, shape_volume(&t->s), channels, dtype_size(t->type), how);
    t->x.p = slot_address(x);
    if (tensor_differentiable(t) && t->role != STATE && r->n->op->backward && !stopped)
        *g = slot_new(r->c.dev, x->n, channels, x->each, how), t->g.p = slot_address(g);
    if (how == DENSE) return;
    shape wide = t->s;
    wide.d[3] += lays[how].more;
    t->of = graph_leaf(r->g, "wide", wide, t->type, VALUE), t->offset = lays[how].aside;
}

enum { HALF_X = 1, HALF_Y = 2 };                               /* maps that lie in bf16: the inputs, the outputs */

/* c: the device and how it may compute; what a run adds is filled in. halves: of HALF_X, HALF_Y */
static inline rig *rig_typed(context c, const char *name, const char *words, int nin, const shape *shapes, const dtype *types, lay how,
                             int halves)
{
    rig *r = xalloc(sizeof *r);
    const op *o = op_find(name);
    tensor *in[MAX_IN];
    if (!o) fail_msg("no op called %s", name);
    void *conf = xalloc(o->conf);
    r->g = graph_new();
    r->c = c, r->c.training = 1, r->c.seed = 11, r->c.step = 3, r->c.loss_scale = 1;
    key_words(o->keys, conf, words, name);
    for (int i = 0; i < nin; i++) {
        char t[16];
        snprintf(t, sizeof t, "in%d", i);
        in[i] = graph_leaf(r->g, t, shapes[i], types[i], rig_role(o, types[i], i));
    }
    r->n = graph_add(r->g, o, "node", name, nin, in, conf)->from;
    free(conf);
    for (int i = 0; i < nin && halves & HALF_X; i++) if (o->maps >> i & 1 && rig_is_map(o, in[i], i)) tensor_retype(in[i], BF16);
    for (int i = 0; i < r->n->nout && halves & HALF_Y; i++) tensor_retype(r->n->out[i], BF16);
    for (int i = 0; i < nin; i++) rig_place(r, in[i], &r->x[i], &r->gx[i], rig_is_map(o, in[i], i), (int)(o->stops >> i & 1), how);
    for (int i = 0; i < r->n->nout; i++) rig_place(r, r->n->out[i], &r->y[i], &r->gy[i], r->n->out[i]->s.nd == 4, 0, how);
    slot none;
    for (int i = 0; i < r->n->nsaved; i++) {
        r->n->saved[i]->role = STATE;                          /* no gradient */
        rig_place(r, r->n->saved[i], &r->saved[i], &none, 0, 0, DENSE);
    }
    node_prepare(&r->c, r->n);
    for (int i = 0; i < 2 && r->n->packed[i]; i++) {
        const int64_t bytes = (int64_t)r->n->packed[i]->x.size;
        if (!bytes) continue;
        r->packed[i] = slot_new(c.dev, bytes, bytes, 1, DENSE);
        r->n->packed[i]->x.p = slot_address(&r->packed[i]);
    }
    r->work = slot_new(c.dev, (int64_t)r->n->work + 1, (int64_t)r->n->work + 1, 1, DENSE);
    r->c.work = slot_address(&r->work);
    r->s = (step){ .n = r->n, .backward = 1 };
    for (int i = 0; i < nin; i++) {
        if (r->gx[i].base) r->s.want |= 1u << i;
        if (in[i]->role == PARAM) r->s.params |= 1u << i;
    }
    return r;
}

static inline rig *rig_on(context c, const char *name, const char *words, int nin, const shape *shapes, const dtype *types, lay how)
{
    return rig_typed(c, name, words, nin, shapes, types, how, 0);
}

static inline rig *rig_new(const char *name, const char *words, int nin, const shape *shapes, const dtype *types, lay how)
{
    return rig_on((context){ .dev = &device_cpu, .winograd = 1 }, name, words, nin, shapes, types, how);
}

static inline void rig_free(rig *r)
{
    for (int i = 0; i < RIG_SLOTS; i++) slot_free(r->c.dev, rig_slot(r, i));
    graph_free(r->g);
    free(r);
}

/* The op alone, forward (s NULL), backward or once more (op.again), on its device. An op without a gradient (op.why) is never asked for one. */
static inline void rig_step(rig *r, const step *s)
{
    const device *d = r->c.dev;
    for (int i = 0; i < RIG_SLOTS; i++) {
        const slot *x = rig_slot(r, i);
        if (x->far != x->base) d->put(d, x->far, x->base, x->bytes);
    }
    if (r->n->op->pack) r->n->op->pack(&r->c, r->n, s && s->backward);
    if (!s) r->n->op->forward(&r->c, r->n);
    else if (s->again) r->n->op->again(&r->c, r->n);
    else if (r->n->op->backward) r->n->op->backward(&r->c, r->n, s);
    for (int i = 0; i < RIG_SLOTS; i++) {
        const slot *x = rig_slot(r, i);
        if (x->far != x->base) d->get(d, x->base, x->far, x->bytes);
    }
}

static inline void rig_forward(rig *r)
{
    for (int i = 0; i < r->n->nout; i++) slot_fill(&r->y[i], 0xff);
    for (int i = 0; i < r->n->nsaved; i++) slot_fill(&r->saved[i], 0xff);
    slot_fill(&r->work, 0xff), slot_fill(&r->packed[0], 0xff);
    rig_step(r, NULL);
}

/* Gradients that are set are garbage before; those that are added to stay. */
static inline void rig_backward(rig *r)
{
    for (int i = 0; i < r->n->nin; i++)
        if (r->gx[i].base && !((r->s.add | (r->c.accumulate ? r->s.params : 0)) >> i & 1)) slot_fill(&r->gx[i], 0xff);
    slot_fill(&r->work, 0xff), slot_fill(&r->packed[1], 0xff);
    rig_step(r, &r->s);
}

static inline void rig_intact(const rig *r)
{
    for (int i = 0; i < r->n->nin; i++) slot_intact(&r->x[i], r->n->in[i]->name), slot_intact(&r->gx[i], "gradient of an input");
    for (int i = 0; i < r->n->nout; i++) slot_intact(&r->y[i], "output"), slot_intact(&r->gy[i], "gradient of the output");
    for (int i = 0; i < r->n->nsaved; i++) slot_intact(&r->saved[i], "saved");
    for (int i = 0; i < 2; i++) slot_intact(&r->packed[i], "packed weights");
    slot_intact(&r->work, "scratch");
}

/* -1..1 */
static inline double rig_u(uint32_t tensor_, int64_t i) { return 2 * rng_u01(rng_draw(2024, RNG_TEST, tensor_, 0, (uint64_t)i).v[0]) - 1; }
#endif
