/* choice.h - what the ops that choose among boxes have in common: their inputs and outputs as kernels/detect.h takes them. */
#ifndef NN_OPS_CHOICE_H
#define NN_OPS_CHOICE_H
#include "kernels/detect.h"
#include "nn/ops/check.h"

#define CHOICE .why = "a choice among boxes has no slope", .stops = ~0u

/* Scratch that only the CUDA kernels take, so only they know how much */
#ifdef DARKSPINE_CUDA
#define CHOICE_WORK(bytes) (bytes)
#else
#define CHOICE_WORK(bytes) 0
#endif

static inline real_rows real_rows_of(const tensor *t) { return (real_rows){ t->x.p, tensor_stride(t) }; }
static inline given_rows given_rows_of(const tensor *t) { return (given_rows){ t->x.p, tensor_stride(t) }; }

/* in[i]: boxes images,most,1,4; in[i + 1]: their count */
static inline box_lists box_lists_of(const node *n, int i)
{
    return (box_lists){ n->in[i]->s.d[0], n->in[i]->s.d[1], given_rows_of(n->in[i]), n->in[i + 1]->x.p };
}
#endif
