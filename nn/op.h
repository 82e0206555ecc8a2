/* op.h - nodes and ops. An op is a row in a table: shapes, forward, backward. It holds no loop over data; kernels/ does.
 *
 * The rules that keep planner and autograd right, all held by tests/op_test.c:
 *   infer fills out[], saved[] and their shapes from in[] and conf, and dies (die_at(n->at, ...)) on what does not fit;
 *   forward reads in[], writes all of out[] and saved[];
 *   backward reads saved[], out[i]->g, and only those values that reads_x / reads_y declare; for each i with WANT(i) it sets
 *   (ADD(i) == 0) or adds to (ADD(i) == 1) the whole of in[i]->g; nothing else is touched;
 *   with context.training == 0 forward changes nothing but its outputs. */
#ifndef NN_OP_H
#define NN_OP_H
#include "nn/key.h"
#include "nn/tensor.h"

enum { MAX_IN = 16, MAX_OUT = 8, MAX_SAVED = 4 };

typedef struct step {
    struct node *n;
    int pack;                            /* 1, 2: only bring the weights into the form that forward, backward reads: op.pack */
    int backward;
    int again;                           /* out[0], which has been forgotten since, is made again: op.again */
    unsigned want, add;                  /* bit i: the gradient of in[i] is wanted; add to it rather than set it */
    unsigned params;                     /* bit i: in[i] is a parameter, whose gradient adds when context.accumulate is set */
    tensor *seed;                        /* no node: set this loss's gradient to context.loss_scale */
    tensor *spend;                       /* no node: this parameter's gradient is whole: schedule.spend */
    buffer work;                         /* its scratch memory: node.work bytes that live in this step alone */
} step;

typedef struct op {
    const char *name, *help;
    size_t conf;                         /* bytes of node->conf */
    const key *keys;                     /* how words fill the conf; NULL: no settings */
    unsigned reads_x, reads_y;           /* bit i: backward reads the value of in[i], of out[i]; a node's may be fewer */
    const char *why;                     /* why there is no backward, where there is none */
    const char *surrogate;               /* why its gradient is not the derivative; NULL: it is */
    unsigned stops;                      /* bit i: by definition no gradient goes to in[i], whatever stands before it */
    void (*infer)(struct node *);
    void (*prepare)(const context *, struct node *);      /* may be NULL: choose kernels, set n->kernel and n->work (bytes) */
    /* May be NULL: n->packed[backward] from the weights, in[1]; a step of its own, because weights change more seldom than maps. */
    void (*pack)(const context *, const struct node *, int backward);
    void (*forward)(const context *, const struct node *);
    void (*backward)(const context *, const struct node *, const step *);
    /* May be NULL (law 10): out[0] once more, to the bit, from in[], packed[0] and the saved[] of forward, and nothing else changed. Where that
     * costs little beside the layers around it, the map need not be kept from forward to backward (nn/recompute.h). */
    void (*again)(const context *, const struct node *);
    void (*release)(struct node *);                       /* may be NULL: free what prepare kept in n->state */
    int64_t (*macs)(const struct node *);                 /* may be NULL: multiply-adds of one forward, whole batch */
    int samples;                         /* 1: every sample of out[0] comes from the same one of in[0], so that its count is that of in[0] */
    unsigned maps;                       /* bit i: in[i] is a map that may lie in bf16, as then out[0] may; asked where a device has rows
                                          * for such maps (nn/types.h) */
    int host;                            /* 1: it looks at the step or at maps on the host, so that it cannot be recorded (train/replay.h) */
    int mixed;                           /* 1: one map in bf16 and another not will do; 0: all of them, or none */
} op;

typedef struct node {
    const op *op;
    void *conf;
    char at[112];                        /* "unet.cfg:42", for messages */
    int layer;                           /* index of the layer it belongs to */
    tensor *in[MAX_IN], *out[MAX_OUT], *saved[MAX_SAVED];
    tensor *packed[2];                   /* weights as the kernels of forward and backward read them; infer makes, prepare sizes them */
    int nin, nout, nsaved;
    unsigned reads_x, reads_y;           /* what its backward reads: as its op says, unless infer knows better */
    unsigned want;                       /* bit i: a backward step may ask for the gradient of in[i]; the plan sets it before prepare */
    int still;                           /* while training it does as in evaluation: statistics of a frozen norm */
    size_t work;                         /* scratch bytes it needs while it runs */
    const char *kernel;                  /* the kernel chosen, for `plan`; NULL: the only one */
    void *state;                         /* the op's own: primitives, packed sizes */
} node;

extern const op *const ops[];            /* NULL at the end; nn/ops.c */
extern const op *const ops_bf16[];       /* those that work where maps lie in bf16; on the CPU only */
const op *op_row(const op *const *table, const char *name);      /* NULL: no such op in this table, or no table */
const op *op_find(const char *name);     /* in ops */

/* Shorthands for ops, with `n` the node, `s` the step, `c` the context in scope. X, Y and their gradients are maps, in the type that
 * maps have where this is compiled (kernel.h); P and GP are parameters. OP names the row of an op. */
#define X(i)    ((const elem *)n->in[i]->x.p)
#define Y       ((elem *)n->out[0]->x.p)
#define GY      ((const elem *)n->out[0]->g.p)
#define GX(i)   ((elem *)n->in[i]->g.p)
#define P(i)    ((const real *)n->in[i]->x.p)
#define GP(i)   ((real *)n->in[i]->g.p)
#ifdef MAPS_BF16
#define OP(name) op_##name##_bf16
#else
#define OP(name) op_##name
#endif
#define SAVED(i) ((void *)n->saved[i]->x.p)
#define WANT(i) ((int)(s->want >> (i) & 1))
#define ADD(i)  ((int)((s->add | (c->accumulate ? s->params : 0)) >> (i) & 1))
#define XS(i)   tensor_stride(n->in[i])
#define YS      tensor_stride(n->out[0])

/* For infer: the output (role VALUE, named after the node) and saved tensors. */
tensor *node_output(node *n, shape s, dtype type);
tensor *node_saved(node *n, const char *what, shape s, dtype type);
/* For infer: packed[0] and [1], without a size; and their size, for prepare. */
void node_packs(node *n);
void node_pack_size(node *n, int backward, size_t bytes);
#endif
