/* grid.cuh - how a grid walks numbers that are no map: entries of a sort, rows of an index, results of a reduction. */
#ifndef KERNELS_GRID_CUH
#define KERNELS_GRID_CUH
#include "kernels/reduce.cuh"

/* for EACH_OF_GRID(i, n): the threads of a one-dimensional grid together take every i once */
#define EACH_OF_GRID(i, n) (int64_t i = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; i < (n); i += (int64_t)gridDim.x * blockDim.x)
#define LAUNCH_EACH(kernel, n, stream, ...) LAUNCH(kernel, dim3(blocks_for(n, THREADS)), dim3(THREADS), 0, stream, __VA_ARGS__)

/* The sum of n numbers, every `step`th, by one warp; in every lane */
static __device__ inline double warp_total(const double *v, int64_t n, int64_t step)
{
    double sum = 0;
    for (int64_t i = threadIdx.x; i < n; i += 32) sum += v[i * step];
    return warp_sum(sum);
}

/* a into a gradient */
template <int W> static __device__ inline void put(real *to, pack<real, W> a, int add, int aligned)
{
    if (add) accumulate(&a, load<W>(to, aligned));
    store(to, a, aligned);
}
#endif
