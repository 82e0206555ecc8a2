/* block.cuh - sums over a block of BLOCK threads in a fixed order, and the loops that walk a map. */
#ifndef KERNELS_BLOCK_CUH
#define KERNELS_BLOCK_CUH
#include "kernels/cuda.h"

enum { BLOCK = 256, WARPS = BLOCK / 32 };

/* The sum of v over the block, in every thread. shared: [WARPS], free again afterwards */
static __device__ inline double block_sum(double v, double *shared)
{
    double sum = 0;
    v = warp_sum(v);
    if (threadIdx.x % 32 == 0) shared[threadIdx.x / 32] = v;
    __syncthreads();
    for (int i = 0; i < WARPS; i++) sum += shared[i];
    __syncthreads();
    return sum;
}

/* for (i of this thread; i < n; next): all threads of a one-dimensional grid together take every i once */
#define EACH_OF_GRID(i, n) (int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; i < (n); i += (int64_t)gridDim.x * blockDim.x)
#endif
