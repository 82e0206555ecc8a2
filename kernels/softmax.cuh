/* softmax.cuh - the channels of a pixel over the lanes of a warp: what softmax and the losses have in common on a GPU. blockDim.x lanes,
 * a power of 2 of at most 32, hold a pixel, lane l the channels l, l + lanes, ...; a warp holds one pixel or several, reads them whole
 * and shuffles the sums.
 * The trap: all lanes of a warp must meet at a shuffle, so loops over pixels run equally long for all threads of a block, and a thread
 * beyond the last pixel calculates on what it has and stores nothing. */
#ifndef KERNELS_SOFTMAX_CUH
#define KERNELS_SOFTMAX_CUH
#include "kernels/softmax.h"
#include "kernels/math.h"
#include "kernels/reduce.cuh"

/* K channels a lane: 1, or as many as SOFTMAX_MAX needs */
enum { LANES = 32, MANY = (int)SOFTMAX_MAX / 32 };

/* Of the lane's value j: its channel. EACH_CHANNEL leaves out those past the last. */
static __device__ inline int64_t channel_of(int j) { return (int64_t)threadIdx.x + (int64_t)j * blockDim.x; }
#define EACH_CHANNEL(j, K, channels) for (int j = 0; j < (K); j++) if (channel_of(j) < (channels))

template <int K> static __device__ inline void load_pixel(real (&t)[K], const real *x, int64_t channels, int here)
{
    for (int j = 0; j < K; j++) t[j] = here && channel_of(j) < channels ? x[channel_of(j)] : 0;
}

template <int K> static __device__ inline void store_pixel(const real (&t)[K], real *y, int64_t channels, int here, int add)
{
    if (here) EACH_CHANNEL(j, K, channels) y[channel_of(j)] = (add ? y[channel_of(j)] : 0) + t[j];
}

/* Over the lanes of a pixel, in all of them */
static __device__ inline real lane_sum(real v)
{
    for (int i = (int)blockDim.x / 2; i; i /= 2) v += __shfl_xor_sync(0xffffffffu, v, i);
    return v;
}
static __device__ inline real lane_max(real v)
{
    for (int i = (int)blockDim.x / 2; i; i /= 2) {
        const real w = __shfl_xor_sync(0xffffffffu, v, i);
        v = w > v ? w : v;
    }
    return v;
}

/* In place; high: the largest logit, sum: the sum of exp(logit - high) */
template <int K> static __device__ inline void pixel_softmax(real (&t)[K], int64_t channels, real *high, real *sum)
{
    real m = (real)-INFINITY, total = 0;
    EACH_CHANNEL(j, K, channels) m = t[j] > m ? t[j] : m;
    *high = m = lane_max(m);
    EACH_CHANNEL(j, K, channels) t[j] = real_exp(t[j] - m), total += t[j];
    *sum = total = lane_sum(total);
    for (int j = 0; j < K; j++) t[j] /= total;
}

/* With q = d loss / d probability: q becomes d loss / d logit. p: the probabilities; both 0 past the last channel */
template <int K> static __device__ inline void pixel_gradient(const real (&p)[K], real (&q)[K])
{
    real dot = 0;
    for (int j = 0; j < K; j++) dot += q[j] * p[j];
    dot = lane_sum(dot);
    for (int j = 0; j < K; j++) q[j] = p[j] * (q[j] - dot);
}

/* A block for this many channels, of `threads`, and LAUNCH of kernel<K> on it. grid may speak of the `block`. */
static inline dim3 block_of_lanes(int64_t channels, unsigned threads)
{
    unsigned x = 1;
    while (x < LANES && x < channels) x *= 2;
    return dim3(x, threads / x);
}
#define LAUNCH_LANES(kernel, channels, threads, grid, stream, ...) do { \
    const dim3 block = block_of_lanes(channels, threads); \
    if ((channels) <= LANES) LAUNCH(kernel<1>, (grid), block, 0, stream, __VA_ARGS__); \
    else LAUNCH(kernel<MANY>, (grid), block, 0, stream, __VA_ARGS__); } while (0)

/* Inside a kernel: pixels at.. of a block, for all threads alike; this thread's is p, `here` where it is one */
#define EACH_PIXEL(pixels) \
    for (int64_t at = (int64_t)blockIdx.x * blockDim.y; at < (pixels); at += (int64_t)gridDim.x * blockDim.y)
#endif
