/* attention.h - scaled dot-product attention of several heads (Vaswani et al. 2017), forward and backward, in memory that grows with
 * the tokens and not with their square.
 *
 * Head h is the channels h * dim .. (h + 1) * dim - 1. For each sample and head, y = softmax(q k' / sqrt(dim)) v over the keys.
 * Scores exist a block of queries by a block of keys at a time: forward keeps the largest score so far and the sum of exponentials and
 * corrects what it has when the largest grows (Milakov and Gimelshein 2018), backward computes the block again from the saved
 * logarithm of that sum, lse (Dao et al. 2022).
 * With p the probabilities, d = sum over the head's channels of gy y (which is the sum over the keys of p gp):
 *   gv = p' gy,   gp = gy v',   gs = p (gp - d),   gq = gs k / sqrt(dim),   gk = gs' q / sqrt(dim).
 * Nothing is added to by two threads: one pass owns blocks of keys (gk, gv), another blocks of queries (gq). */
#ifndef KERNELS_ATTENTION_H
#define KERNELS_ATTENTION_H
#include <math.h>
#include "kernels/loop.h"

/* q, y: [samples queries heads*dim]; k, v: [samples keys heads*dim]; qs, ks, vs, ys: their strides from token to token */
typedef struct { int64_t samples, queries, keys, heads, dim, qs, ks, vs, ys; } attention_size;

static inline DEVICE real attention_scale(const attention_size *s) { return (real)(1 / sqrt((double)s->dim)); }

size_t attention_work(attention_size s);                       /* bytes of scratch that attention_backward needs: d */

/* lse: [samples heads queries] */
KERNEL(attention_forward, attention_size s, const real *q, const real *k, const real *v, real *y, real *lse);
/* gy lies like y; gq, gk, gv like q, k, v, NULL where not wanted */
KERNEL(attention_backward, attention_size s, const real *q, const real *k, const real *v, const real *y, const real *gy, const real *lse,
       real *gq, int add_q, real *gk, int add_k, real *gv, int add_v, void *work);
#endif
