/* check.h - what the infer functions of several ops ask of their inputs. Each dies with the place in the cfg, what it got and what it
 * wanted. */
#ifndef NN_OPS_CHECK_H
#define NN_OPS_CHECK_H
#include "nn/op.h"
#include "base/die.h"

/* That there are at least `from` and at most `to` inputs */
static inline void check_inputs(const node *n, int from, int to)
{
    if (n->nin < from || n->nin > to) die_at(n->at, "%s: got %d inputs, wanted %d to %d", n->op->name, n->nin, from, to);
}

/* That input i is a map n,h,w,c of the compute type */
static inline void check_map(const node *n, int i)
{
    char a[64];
    const tensor *t = n->in[i];
    if (t->s.nd != 4 || t->type != REAL_TYPE) die_at(n->at, "%s: %s is %s, wanted a map n,h,w,c", n->op->name, t->name, shape_text(&t->s, a));
}

/* That input i has this shape and type */
static inline void check_shape(const node *n, int i, shape want, dtype type)
{
    char a[64], b[64];
    const tensor *t = n->in[i];
    if (!shape_same(&t->s, &want)) die_at(n->at, "%s: %s is %s, wanted %s", n->op->name, t->name, shape_text(&t->s, a), shape_text(&want, b));
    if (t->type != type) die_at(n->at, "%s: %s has the wrong element type", n->op->name, t->name);
}
#endif
