/* vector.cuh - how the CUDA kernels of this folder lie over a map: threadIdx.x walks the channels, threadIdx.y the pixels, and a thread
 * handles a pack of W neighbouring channels, which it reads and writes with one 16-byte access where the address allows it. So a warp
 * touches whole, consecutive sectors of memory for any number of channels.
 *
 * W depends on sizes alone (WIDE where it divides the channels, else 1), and so does the order of every sum: where the planner puts a
 * map changes its alignment, that is, which instruction loads a pack, but no bit of a result.
 * The trap: a grid has at most 65535 blocks in y and in z, so loops over those stride, too. */
#ifndef KERNELS_VECTOR_CUH
#define KERNELS_VECTOR_CUH
#include "kernels/cuda.h"
#include "kernels/loop.h"

enum { WIDE = 16 / (int)sizeof(real), THREADS = 256, GRID_LIMIT = 65535 };

template <typename T, int W> struct alignas(W * sizeof(T)) pack { T v[W]; };

/* W values at p; aligned: p is a multiple of their size */
template <int W, typename T> static __device__ inline pack<T, W> load(const T *p, int aligned)
{
    if (aligned) return *reinterpret_cast<const pack<T, W> *>(p);
    pack<T, W> a;
    for (int j = 0; j < W; j++) a.v[j] = p[j];
    return a;
}

template <int W, typename T> static __device__ inline void store(T *p, const pack<T, W> &a, int aligned)
{
    if (aligned) *reinterpret_cast<pack<T, W> *>(p) = a;
    else for (int j = 0; j < W; j++) p[j] = a.v[j];
}

template <int W> static __device__ inline pack<real, W> zeros()
{
    pack<real, W> a;
    for (int j = 0; j < W; j++) a.v[j] = 0;
    return a;
}

/* a += b */
template <int W> static __device__ inline void accumulate(pack<real, W> *a, const pack<real, W> &b)
{
    for (int j = 0; j < W; j++) a->v[j] += b.v[j];
}

/* sum += w * a */
template <int W> static __device__ inline void add_scaled(pack<real, W> *sum, real w, const pack<real, W> &a)
{
    for (int m = 0; m < W; m++) sum->v[m] += w * a.v[m];
}

/* Inside a kernel: every pack of a map, at channel k of pixel p */
#define EACH_PACK(W, pixels, channels) \
    for (int64_t p = (int64_t)blockIdx.x * blockDim.y + threadIdx.y; p < (pixels); p += (int64_t)gridDim.x * blockDim.y) \
        for (int64_t k = (int64_t)threadIdx.x * (W); k < (channels); k += (int64_t)blockDim.x * (W))

/* Every pixel of h x w maps: row i and column j of sample n */
#define EACH_PLACE(samples, h, w) \
    for (int64_t n = blockIdx.z; n < (samples); n += gridDim.z) \
        for (int64_t i = blockIdx.y; i < (h); i += gridDim.y) \
            for (int64_t j = (int64_t)blockIdx.x * blockDim.y + threadIdx.y; j < (w); j += (int64_t)gridDim.x * blockDim.y)

/* ---- on the host ---- */

/* Whether every pack of a map with this pixel stride starts at a multiple of 16 bytes */
static inline int is_aligned(const real *x, int64_t stride) { return (uintptr_t)x % 16 == 0 && stride % WIDE == 0; }

/* Channels of a pack */
static inline int64_t pack_width(int64_t channels) { return channels % WIDE ? 1 : WIDE; }

/* To a kernel that does not care where a pixel ends, maps that are all contiguous are a row of pixels of one pack each: all threads have
 * work then, whatever the number of channels. Changes the sizes and strides to that; leaves other maps alone. */
static inline void flatten(int64_t *pixels, int64_t *channels, int64_t *xs, int64_t *ys, int64_t *zs)
{
    const int64_t n = *pixels * *channels;
    if (*xs != *channels || *ys != *channels || *zs != *channels) return;
    *channels = *xs = *ys = *zs = pack_width(n);
    *pixels = n / *channels;
}

/* Threads of a block: x, at most `limit`, a power of 2, over the packs of a pixel, and the rest of them over pixels */
static inline dim3 block_over(int64_t channels, unsigned limit)
{
    unsigned x = 1;
    while (x < limit && x * pack_width(channels) < channels) x *= 2;
    return dim3(x, THREADS / x);
}
static inline unsigned grid_limited(int64_t n) { return (unsigned)least(n, GRID_LIMIT); }

/* LAUNCH kernel<WIDE> or kernel<1>, by the channels. grid may speak of the `block`. */
#define LAUNCH_PACKS(kernel, channels, limit, grid, stream, ...) do { \
    const dim3 block = block_over(channels, limit); \
    if (pack_width(channels) == 1) LAUNCH(kernel<1>, (grid), block, 0, stream, __VA_ARGS__); \
    else LAUNCH(kernel<WIDE>, (grid), block, 0, stream, __VA_ARGS__); } while (0)

/* For a kernel made of EACH_PACK, `each` pixels a thread, and for one made of EACH_PLACE */
#define LAUNCH_EACH_PACK(kernel, pixels, channels, each, stream, ...) \
    LAUNCH_PACKS(kernel, channels, THREADS, dim3(blocks_for(pixels, (int64_t)block.y * (each))), stream, __VA_ARGS__)
#define LAUNCH_EACH_PLACE(kernel, samples, h, w, channels, stream, ...) \
    LAUNCH_PACKS(kernel, channels, THREADS, dim3(blocks_for(w, block.y), grid_limited(h), grid_limited(samples)), stream, __VA_ARGS__)
#endif
