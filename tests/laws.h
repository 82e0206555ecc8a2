/* laws.h - the laws that hold on every device; see op_test.c. A law fails through cmocka. */
#ifndef TESTS_LAWS_H
#define TESTS_LAWS_H
#include "tests/bench.h"
#include <omp.h>

static unsigned mattered_x[64], mattered_y[64];                /* by op: inputs, outputs whose poisoning changed a gradient in some case */

static inline int op_index(const char *name)
{
    int i = 0;
    while (strcmp(ops[i]->name, name)) i++;
    return i;
}

static inline void law1_written(rig *r, const op_case *k)
{
    char got[64];
    if (k->out && strcmp(shape_text(&r->n->out[0]->s, got), k->out)) fail_msg("law 1: the output is %s, wanted %s", got, k->out);
    rig_forward(r);
    for (int o = 0; o < r->n->nout; o++)
        for (int64_t i = 0; i < r->y[o].n && tensor_differentiable(r->n->out[o]); i++)     /* whole numbers: laws 2 and 3 */
            if (isnan((double)slot_get(&r->y[o], i))) fail_msg("law 1: element %lld of the output was not written", (long long)i);
    rig_backward(r);
    for (int j = 0; j < r->n->nin; j++)
        for (int64_t i = 0; i < r->gx[j].n && r->gx[j].base; i++)
            if (isnan((double)slot_get(&r->gx[j], i))) fail_msg("law 1: element %lld of gradient %d was not written", (long long)i, j);
    rig_intact(r);
}

static inline void check_added(const rig *r, const shot *clean, unsigned added)
{
    for (int j = 0; j < r->n->nin; j++)
        for (int64_t i = 0; i < r->gx[j].n && r->gx[j].base; i++) {
            const size_t each = r->gx[j].each;
            const double g = (double)number_at(clean->g[j] + (size_t)i * each, each), want = (added >> j & 1 ? 3 : 0) + g;
            const double tol = (each == sizeof(bf16) ? 8e-3 : sizeof(real) == 8 ? 1e-13 : 2e-6) * (3 + fabs(g));
            if (!(fabs((double)slot_get(&r->gx[j], i) - want) <= tol))
                fail_msg("law 5: gradient %d, element %lld is %.9g, wanted %.9g", j, (long long)i, (double)slot_get(&r->gx[j], i), want);
        }
}

static inline void law5_add(const bench *b)
{
    rig *r = b->r;
    run(b);
    shot clean = shot_take(r);
    for (int way = 0; way <= r->n->nin; way++) {               /* each alone by the step; the parameters by the micro-batch */
        r->s.add = way < r->n->nin ? r->s.want & 1u << way : 0, r->c.accumulate = way == r->n->nin;
        for (int j = 0; j < r->n->nin; j++) for (int64_t i = 0; i < r->gx[j].n && r->gx[j].base; i++) slot_put(&r->gx[j], i, 3);
        rig_backward(r);
        check_added(r, &clean, r->c.accumulate ? r->s.params : r->s.add);
    }
    r->s.add = 0, r->c.accumulate = 0;
    const unsigned want = r->s.want;
    for (int j = 0; j < r->n->nin; j++) {                      /* one gradient alone: its bits, and no other touched */
        if (!(want >> j & 1)) continue;
        for (int i = 0; i < r->n->nin; i++) if (r->gx[i].base) slot_fill(&r->gx[i], 0x11);
        r->s.want = 1u << j;
        rig_step(r, &r->s);
        for (int i = 0; i < r->n->nin; i++) {
            if (!r->gx[i].base) continue;
            unsigned char *v = slot_copy(&r->gx[i]);
            if (i == j && !slot_same(&r->gx[i], clean.g[i])) fail_msg("law 5: gradient %d alone differs from that with the others", i);
            for (size_t q = 0; i != j && q < (size_t)r->gx[i].n * r->gx[i].each; q++)
                if (v[q] != 0x11) fail_msg("law 5: gradient %d was written unasked", i);
            free(v);
        }
    }
    r->s.want = want;
    shot_free(&clean);
}

/* Bytes of NaN, then of an ordinary number: a NaN can hide behind a comparison. */
static inline void law6_reads(const bench *b)
{
    rig *r = b->r;
    static const int poison[] = { 0xff, 0x3d };
    const op *o = r->n->op;
    run(b);
    shot clean = shot_take(r);
    for (int i = 0; i < r->n->nin + r->n->nout; i++)
        for (int p = 0; p < 2; p++) {
            const int out = i >= r->n->nin, at = out ? i - r->n->nin : i, declared = (int)((out ? r->n->reads_y : r->n->reads_x) >> at & 1);
            fill(b);
            rig_forward(r);
            slot_fill(out ? &r->y[at] : &r->x[at], r->n->in[out ? 0 : at]->type == U8 ? p : poison[p]);
            rig_backward(r);
            const int same = same_gradients(r, &clean);
            if (!declared && !same) fail_msg("law 6: backward reads %s %d and does not say so", out ? "output" : "input", at);
            if (!same) (out ? mattered_y : mattered_x)[op_index(o->name)] |= 1u << at;
        }
    shot_free(&clean);
}

static inline void law7_bits(const bench *b)
{
    rig *r = b->r;
    run(b);
    shot first = shot_take(r);
    run(b);
    if (!same_all(r, &first)) fail_msg("law 7: a second run gives other bits");
    if (r->c.dev != &device_cpu) {                             /* the emulator then runs blocks and threads backwards: a race shows */
        setenv("CUDA_EMU_ORDER", "reverse", 1);
        run(b);
        unsetenv("CUDA_EMU_ORDER");
        if (!same_all(r, &first)) fail_msg("law 7: another order of threads gives other bits");
    } else for (int threads = 2; threads <= 3 && !rig_product(r->n->op); threads++) {      /* products are partly a library's */
        omp_set_num_threads(threads);
        run(b);
        omp_set_num_threads(1);
        if (!same_all(r, &first)) fail_msg("law 7: %d threads give other bits", threads);
    }
    shot_free(&first);
}

static inline void law8_side_effects(const bench *b)
{
    rig *r = b->r;
    fill(b);
    shot before = shot_take(r);
    rig_forward(r);
    for (int i = 0; i < r->n->nin; i++)
        if (!(r->c.training && r->n->in[i]->role == STATE) && !slot_same(&r->x[i], before.x[i])) fail_msg("law 8: forward changed input %d", i);
    shot after = shot_take(r);
    rig_forward(r);
    if (!r->c.training && !same_all(r, &after)) fail_msg("law 8: a second evaluation differs");
    rig_backward(r);
    for (int i = 0; i < r->n->nout; i++) if (!r->c.training && !slot_same(&r->y[i], after.y[i])) fail_msg("law 8: backward changed output %d", i);
    shot_free(&before), shot_free(&after);
}

/* The output made again is the output, to the bit, and nothing else has changed. */
static inline void law10_again(const bench *b)
{
    rig *r = b->r;
    const step again = { .n = r->n, .again = 1 };
    if (!r->n->op->again) return;
    run(b);
    shot before = shot_take(r);
    slot_fill(&r->y[0], 0xff);
    rig_step(r, &again);
    if (!same_all(r, &before)) fail_msg("law 10: made again, the output or something else is not as it was");
    rig_intact(r);
    shot_free(&before);
}
#endif
