/* counted.h - maps whose samples are a list of fixed capacity, of which only the first count[i] of image i mean anything (tensor.count).
 *
 * An op that treats every sample by itself works on such a map in parts of a few samples, and leaves out the parts in which none counts:
 * a detector's mask head costs what it found, not what it has room for. What is left out is 0, in gradients too. Samples that do not
 * count but share a part with one that does are computed like any other: they are finite, and get no gradient from above.
 * On a GPU the counts lie there, so all samples are computed. */
#ifndef NN_OPS_COUNTED_H
#define NN_OPS_COUNTED_H
#include "nn/op.h"

enum { PART_LEAST = 4, PART_MOST = 16 };             /* samples of a part */

/* Into how many parts the samples of in[0] are cut; 1: none are left out */
static inline int64_t counted_parts(const node *n)
{
#ifndef DARKSPINE_CUDA
    const tensor *x = n->in[0];
    const int dense = tensor_stride(x) == tensor_channels(x) && (!n->nout || tensor_stride(n->out[0]) == tensor_channels(n->out[0]));
    for (int64_t size = PART_MOST; x->count && dense && size >= PART_LEAST; size--)
        if (x->s.d[0] % size == 0) return x->s.d[0] / size;
#else
    (void)n;
#endif
    return 1;
}

/* Does a sample of this part count? */
static inline int counted_any(const node *n, int64_t parts, int64_t part)
{
    if (parts == 1) return 1;
    const tensor *count = n->in[0]->count;
    const int64_t samples = n->in[0]->s.d[0], room = samples / count->s.d[0], from = part * (samples / parts), to = from + samples / parts;
    for (int64_t i = from / room; i * room < to; i++) {
        const int64_t first = i * room > from ? i * room : from;         /* of this part, the first of image i */
        if (first - i * room < ((const int32_t *)count->x.p)[i]) return 1;
    }
    return 0;
}
#endif
