/* sort.h - the elements of each sample in order, or the first few of them: sort and top-k.
 *
 * Larger values first, or smaller ones; equal values (0 and -0 too) by their place, NaN after all numbers. An element's sort_key is a whole
 * number in which that order is the order of numbers, so that the sort need not know what it sorts; with its place it makes a
 * strict order, which a CPU (radix) and a GPU (bitonic blocks, then merges) cannot but agree on. */
#ifndef KERNELS_SORT_H
#define KERNELS_SORT_H
#include <string.h>
#include "kernels/kernel.h"

/* The element at place i of a sample of pixels x channels is channel i % channels of pixel i / channels. */
typedef struct { int64_t samples, pixels, channels, take; int ascending; } sort_size;   /* take: at most pixels * channels */
typedef struct { uint64_t key; int64_t place; } sort_entry;

static inline DEVICE uint64_t sort_key(real x, int ascending)
{
    const uint64_t top = (uint64_t)1 << (8 * sizeof(real) - 1), all = top | (top - 1);
    uint64_t u = 0;
    if (x != x) return all;
    x = x == 0 ? 0 : x;
    memcpy(&u, &x, sizeof x);                                  /* little-endian: the low bytes */
    u = u & top ? ~u & all : u | top;
    return ascending ? u : ~u & all;
}

/* How many elements of sample i take part */
static inline DEVICE int64_t sort_length(sort_size s, const int32_t *count, int64_t i)
{
    const int64_t n = s.pixels * s.channels;
    return !count ? n : count[i] < 0 ? 0 : count[i] < n ? count[i] : n;
}

/* bytes of scratch: of sort_rows, and of whoever sorts n entries of each sample */
size_t sort_work(sort_size s);
KERNEL_C size_t sort_entries_work(int64_t samples, int64_t n);

/* y [samples, take] with stride ys: the values in order. order [samples, take]: their places. count: [samples], only so many first
 * elements of a sample take part; NULL: all. Where there are fewer than `take`, y is 0 and order -1. */
KERNEL(sort_rows, sort_size s, const real *x, int64_t xs, const int32_t *count, real *y, int64_t ys, int32_t *order, void *work);
KERNEL(sort_backward, sort_size s, const int32_t *order, const real *gy, int64_t gys, real *gx, int64_t gxs, int add);
#endif
