/* bf16.h - numbers in bf16, the upper half of a float. Rounding is to the nearest, ties to even; NaN stays NaN, and what is larger than
 * the largest bf16 becomes infinite. In whole numbers and without a branch, so that loops become vectors on any machine, with the
 * same bits on all. */
#ifndef KERNELS_BF16_H
#define KERNELS_BF16_H
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
#endif
