/* pool.cu - max pooling on a GPU; see pool.h. A thread keeps the maximum of a pack of channels and where it stood in registers while it
 * walks the window; backward gathers, so that no two threads write one value and the sum has one order. */
#include "kernels/pool.h"
#include "kernels/vector.cuh"

/* The maximum of one window over the pack at x, in the order and with the rules of the CPU: the first of equals, the last NaN.
 * u, v: the window's corner; x: the sample's map, at the pack's channel. */
template <int W> static __device__ inline void window_max(const pool_size &s, int64_t u, int64_t v, const real *x, int64_t xs, int aligned,
                                                          pack<real, W> *high, pack<uint8_t, W> *which)
{
    const int64_t i0 = most(u, 0), i1 = least(u + s.size_h, s.h), j0 = most(v, 0), j1 = least(v + s.size_w, s.w);
    *high = load<W>(x + (i0 * s.w + j0) * xs, aligned);
    for (int m = 0; m < W; m++) which->v[m] = (uint8_t)((i0 - u) * s.size_w + j0 - v);
    for (int64_t i = i0; i < i1; i++)
        for (int64_t j = j0; j < j1; j++) {
            const pack<real, W> t = load<W>(x + (i * s.w + j) * xs, aligned);
            for (int m = 0; m < W; m++)
                if (t.v[m] > high->v[m] || t.v[m] != t.v[m])
                    high->v[m] = t.v[m], which->v[m] = (uint8_t)((i - u) * s.size_w + j - v);
        }
}

template <int W> static __global__ void forward(pool_size s, const real *x, int64_t xs, real *y, int64_t ys, uint8_t *which, int aligned)
{
    EACH_PLACE(s.samples, s.oh, s.ow) {
        const int64_t p = (n * s.oh + i) * s.ow + j;
        for (int64_t k = (int64_t)threadIdx.x * W; k < s.channels; k += (int64_t)blockDim.x * W) {
            pack<real, W> high;
            pack<uint8_t, W> at;
            window_max<W>(s, i * s.stride_h - s.top, j * s.stride_w - s.left, x + n * s.h * s.w * xs + k, xs, aligned, &high, &at);
            store(y + p * ys + k, high, aligned);
            store(which + p * s.channels + k, at, aligned);
        }
    }
}

/* Packs of `which`, whose pixels stand one after the other, are as aligned as its first byte */
static int bytes_aligned(const uint8_t *which) { return (uintptr_t)which % WIDE == 0; }

void pool_forward_cuda(const context *c, pool_size s, const real *x, int64_t xs, real *y, int64_t ys, uint8_t *which)
{
    const int aligned = is_aligned(x, xs) && is_aligned(y, ys) && bytes_aligned(which);
    LAUNCH_EACH_PLACE(forward, s.samples, s.oh, s.ow, s.channels, c->stream, s, x, xs, y, ys, which, aligned);
}

template <int W> static __global__ void backward(pool_size s, const uint8_t *which, const real *gy, int64_t gys, real *gx, int64_t gxs, int add,
                                                 int aligned)
{
    EACH_PLACE(s.samples, s.h, s.w) {
        real *to = gx + ((n * s.h + i) * s.w + j) * gxs;
        int64_t o0, o1, q0, q1;
        pool_windows(i, s.top, s.size_h, s.stride_h, s.oh, &o0, &o1);
        pool_windows(j, s.left, s.size_w, s.stride_w, s.ow, &q0, &q1);
        for (int64_t k = (int64_t)threadIdx.x * W; k < s.channels; k += (int64_t)blockDim.x * W) {
            pack<real, W> sum = add ? load<W>(to + k, aligned) : zeros<W>();
            for (int64_t o = o0; o <= o1; o++)
                for (int64_t q = q0; q <= q1; q++) {
                    const int64_t p = (n * s.oh + o) * s.ow + q;
                    const int here = (int)((i - o * s.stride_h + s.top) * s.size_w + j - q * s.stride_w + s.left);
                    const pack<uint8_t, W> at = load<W>(which + p * s.channels + k, aligned);
                    const pack<real, W> g = load<W>(gy + p * gys + k, aligned);
                    for (int m = 0; m < W; m++) sum.v[m] += at.v[m] == here ? g.v[m] : 0;
                }
            store(to + k, sum, aligned);
        }
    }
}

void pool_backward_cuda(const context *c, pool_size s, const uint8_t *which, const real *gy, int64_t gys, real *gx, int64_t gxs, int add)
{
    const int aligned = is_aligned(gy, gys) && is_aligned(gx, gxs) && bytes_aligned(which);
    LAUNCH_EACH_PLACE(backward, s.samples, s.h, s.w, s.channels, c->stream, s, which, gy, gys, gx, gxs, add, aligned);
}
