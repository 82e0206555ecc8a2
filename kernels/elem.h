/* elem.h - one number of a map, in whatever type maps have where this is compiled: get and put, between it and the `real` that every
 * kernel computes and sums in. Files whose maps are `elem` are compiled twice, for reals and, with -DMAPS_BF16, for bf16 (kernel.h). */
#ifndef KERNELS_ELEM_H
#define KERNELS_ELEM_H
#include "kernels/bf16.h"

enum { ROW = 512 };                      /* channels that a kernel sums at a time in reals of its own, in L1 */

#ifdef MAPS_BF16
static inline real get(elem v) { return (real)bf16_get(v); }
static inline elem put(real v) { return bf16_put((float)v); }
#else
static inline real get(elem v) { return v; }
static inline elem put(real v) { return v; }
#endif

/* n channels of a pixel's gradient before anything is added: what stands there, or zeros */
static inline void row_begin(int64_t n, const elem *g, real *sum, int add)
{
    #pragma omp simd
    for (int64_t k = 0; k < n; k++) sum[k] = add ? get(g[k]) : 0;
}
static inline void row_end(int64_t n, const real *sum, elem *g)
{
    #pragma omp simd
    for (int64_t k = 0; k < n; k++) g[k] = put(sum[k]);
}
#endif
