/* reduce.cuh - sums over the threads of a block, in an order that depends on the block's size alone: the same bits every time, and no
 * atomics. Kernels sum a part of a map (kernels/loop.h) in each block and leave it in scratch; a second kernel adds the parts.
 * The trap: every thread of the block must call these, also one that has nothing to add. */
#ifndef KERNELS_REDUCE_CUH
#define KERNELS_REDUCE_CUH
#include "kernels/vector.cuh"

static __device__ inline int thread_index() { return (int)(threadIdx.y * blockDim.x + threadIdx.x); }
static __device__ inline int block_threads() { return (int)(blockDim.x * blockDim.y); }

/* The sum over a block of whole warps; right in thread 0 only */
static __device__ inline double block_sum(double v)
{
    __shared__ double warp[32];
    const int t = thread_index();
    v = warp_sum(v);
    __syncthreads();                                           /* `warp` may still be read for a sum before this one */
    if (t % 32 == 0) warp[t / 32] = v;
    __syncthreads();
    if (t == 0) for (int i = 1; i < block_threads() / 32; i++) v += warp[i];
    return v;
}

/* v[] becomes the sum of v[] over threadIdx.y, for each x, in a block of THREADS; right where y is 0 only. blockDim.y is a power of 2. */
template <int N> static __device__ inline void sum_over_y(double (&v)[N])
{
    __shared__ double sum[N][THREADS];
    const int t = thread_index();
    __syncthreads();                                           /* as above */
    for (int j = 0; j < N; j++) sum[j][t] = v[j];
    for (unsigned half = blockDim.y / 2; half; half /= 2) {
        __syncthreads();
        if (threadIdx.y < half) for (int j = 0; j < N; j++) sum[j][t] += sum[j][t + half * blockDim.x];
    }
    for (int j = 0; j < N; j++) v[j] = sum[j][t];
}
#endif
