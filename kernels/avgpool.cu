/* avgpool.cu - average pooling on a GPU; see avgpool.h. A thread keeps the sum of a pack of channels in registers while it walks the
 * window, or, backward, the windows. */
#include "kernels/avgpool.h"
#include "kernels/vector.cuh"

template <int W> static __global__ void forward(pool_size s, int count_pad, const real *x, int64_t xs, real *y, int64_t ys, int aligned)
{
    EACH_PLACE(s.samples, s.oh, s.ow) {
        const int64_t u = i * s.stride_h - s.top, v = j * s.stride_w - s.left;
        const int64_t i0 = most(u, 0), i1 = least(u + s.size_h, s.h), j0 = most(v, 0), j1 = least(v + s.size_w, s.w);
        const real weight = avgpool_weight(&s, i, j, count_pad);
        for (int64_t k = (int64_t)threadIdx.x * W; k < s.channels; k += (int64_t)blockDim.x * W) {
            pack<real, W> sum = zeros<W>();
            for (int64_t a = i0; a < i1; a++)
                for (int64_t b = j0; b < j1; b++) accumulate(&sum, load<W>(x + ((n * s.h + a) * s.w + b) * xs + k, aligned));
            for (int m = 0; m < W; m++) sum.v[m] *= weight;
            store(y + ((n * s.oh + i) * s.ow + j) * ys + k, sum, aligned);
        }
    }
}

void avgpool_forward_cuda(const context *c, pool_size s, int count_pad, const real *x, int64_t xs, real *y, int64_t ys)
{
    LAUNCH_EACH_PLACE(forward, s.samples, s.oh, s.ow, s.channels, c->stream, s, count_pad, x, xs, y, ys, is_aligned(x, xs) && is_aligned(y, ys));
}

template <int W> static __global__ void backward(pool_size s, int count_pad, const real *gy, int64_t gys, real *gx, int64_t gxs, int add,
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
                for (int64_t q = q0; q <= q1; q++)
                    add_scaled(&sum, avgpool_weight(&s, o, q, count_pad), load<W>(gy + ((n * s.oh + o) * s.ow + q) * gys + k, aligned));
            store(to + k, sum, aligned);
        }
    }
}

void avgpool_backward_cuda(const context *c, pool_size s, int count_pad, const real *gy, int64_t gys, real *gx, int64_t gxs, int add)
{
    LAUNCH_EACH_PLACE(backward, s.samples, s.h, s.w, s.channels, c->stream, s, count_pad, gy, gys, gx, gxs, add,
                      is_aligned(gy, gys) && is_aligned(gx, gxs));
}
