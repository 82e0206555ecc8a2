/* cuda.h - what every kernels/x.cu includes: how a kernel is launched and how it names its shared memory, so that the same file is
 * compiled by nvcc for a GPU and by a plain C++ compiler for the emulator (tests/cuda_emu), which runs it without one.
 *
 * Inside a .cu file: kernels are `static __global__ void`; x.h gives the scalar formulas (DEVICE); the host function f_cuda has C
 * linkage from KERNEL and only computes a grid and launches. Nothing is allocated and nothing is synchronised there: scratch comes
 * from context.work, and everything goes to context.stream.
 * The trap: a LAUNCH of no blocks is an error for CUDA, so LAUNCH leaves it out. */
#ifndef KERNELS_CUDA_H
#define KERNELS_CUDA_H
#include "kernels/kernel.h"

/* CUDA_CHECK(call, "computing"): dies with the runtime's words and the place if the call failed */
#define CUDA_CHECK(call, what) cuda_check((call), what, __FILE__, __LINE__)

#ifdef __CUDACC__
#include <cuda_runtime.h>
/* A template's name with a comma in it goes in parentheses. shared: bytes of dynamic shared memory. */
#define LAUNCH(kernel, grid, block, shared, stream, ...) do { \
    const dim3 launch_grid = (grid), launch_block = (block); \
    if (launch_grid.x && launch_grid.y && launch_grid.z) { \
        kernel<<<launch_grid, launch_block, (shared), (cudaStream_t)(stream)>>>(__VA_ARGS__); \
        CUDA_CHECK(cudaGetLastError(), "launching " #kernel); \
    } } while (0)

/* The dynamic shared memory of this block as an array of `type` called `name`, 16-byte aligned */
#define SHARED(type, name) \
    extern __shared__ __align__(16) unsigned char dynamic_shared[]; \
    type *const name = reinterpret_cast<type *>(dynamic_shared)
#else
#include "tests/cuda_emu/cuda_emu.h"
#endif
KERNEL_C void cuda_check(cudaError_t e, const char *what, const char *file, int line);

/* Blocks of `each` that cover n, as a grid's x; a kernel strides over what a grid of this size leaves */
static inline unsigned blocks_for(int64_t n, int64_t each)
{
    const int64_t blocks = (n + each - 1) / each, limit = 0x7fffffff;
    return (unsigned)(blocks < limit ? blocks : limit);
}

/* The sum of v over the 32 lanes of a warp, in every lane, in a fixed order */
template <typename T> static __device__ inline T warp_sum(T v)
{
    for (int i = 16; i; i /= 2) v += __shfl_xor_sync(0xffffffffu, v, i);
    return v;
}
#endif
