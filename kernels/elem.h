/* elem.h - one number of a map, in whatever type maps have where this is compiled: get and put, between it and the `real` that every
 * kernel computes and sums in. Files whose maps are `elem` are compiled twice, for reals and, with -DMAPS_BF16, for bf16 (kernel.h).
 *
 * bf16 is the upper half of a float. Rounding is to the nearest, ties to even; NaN stays NaN, and what is larger than the largest bf16
 * becomes infinite. In whole numbers and without a branch, so that loops become vectors on any machine, with the same bits on all. */
#ifndef KERNELS_ELEM_H
#define KERNELS_ELEM_H
#include <string.h>
#include "kernels/kernel.h"

static inline float bf16_get(bf16 v)
{
    const uint32_t u = (uint32_t)v.bits << 16;
    float f;
    memcpy(&f, &u, sizeof f);
    return f;
}

static inline bf16 bf16_put(float f)
{
    uint32_t u;
    memcpy(&u, &f, sizeof u);
    const uint32_t rounded = (u + 0x7fff + (u >> 16 & 1)) >> 16;
    return (bf16){ (uint16_t)((u & 0x7fffffff) > 0x7f800000 ? 0x7fc0 : rounded) };
}

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
