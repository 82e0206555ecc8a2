/* sort.cuh - sorting entries that are on the GPU already: what sort.cu and the adjoint of gather have in common. */
#ifndef KERNELS_SORT_CUH
#define KERNELS_SORT_CUH
#include "kernels/cuda.h"
#include "kernels/sort.h"

static __device__ inline bool entry_before(const sort_entry &a, const sort_entry &b)
{
    return a.key < b.key || (a.key == b.key && a.place < b.place);
}

/* The n entries of each sample in order, a [samples, n] with b as space; returns the one of them that holds the result. */
sort_entry *sort_entries(const context *c, int64_t samples, int64_t n, sort_entry *a, sort_entry *b);
#endif
