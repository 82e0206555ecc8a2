/* reflect.cu - mirrored frames on a GPU; see reflect.h. A pixel of x looks for its images among the rows and columns of y. */
#include "kernels/reflect.h"
#include "kernels/vector.cuh"

template <int W> static __global__ void forward(reflect_size s, const real *x, int64_t xs, real *y, int64_t ys, int aligned)
{
    EACH_PACK(W, s.samples * s.yh * s.yw, s.channels) {
        const int64_t n = p / s.yw / s.yh, u = reflect_at(p / s.yw % s.yh - s.top, s.xh), v = reflect_at(p % s.yw - s.left, s.xw);
        store(y + p * ys + k, load<W>(x + ((n * s.xh + u) * s.xw + v) * xs + k, aligned), aligned);
    }
}

void reflect_forward_cuda(const context *c, reflect_size s, const real *x, int64_t xs, real *y, int64_t ys)
{
    LAUNCH_EACH_PACK(forward, s.samples * s.yh * s.yw, s.channels, 1, c->stream, s, x, xs, y, ys, is_aligned(x, xs) && is_aligned(y, ys));
}

template <int W> static __global__ void backward(reflect_size s, const real *gy, int64_t gys, real *gx, int64_t gxs, int add, int aligned)
{
    EACH_PACK(W, s.samples * s.xh * s.xw, s.channels) {
        const int64_t n = p / s.xw / s.xh, u = p / s.xw % s.xh, v = p % s.xw;
        pack<real, W> sum = add ? load<W>(gx + p * gxs + k, aligned) : zeros<W>();
        for (int64_t i = 0; i < s.yh; i++) {
            if (reflect_at(i - s.top, s.xh) != u) continue;
            for (int64_t j = 0; j < s.yw; j++)
                if (reflect_at(j - s.left, s.xw) == v) accumulate(&sum, load<W>(gy + ((n * s.yh + i) * s.yw + j) * gys + k, aligned));
        }
        store(gx + p * gxs + k, sum, aligned);
    }
}

void reflect_backward_cuda(const context *c, reflect_size s, const real *gy, int64_t gys, real *gx, int64_t gxs, int add)
{
    LAUNCH_EACH_PACK(backward, s.samples * s.xh * s.xw, s.channels, 1, c->stream, s, gy, gys, gx, gxs, add,
                     is_aligned(gy, gys) && is_aligned(gx, gxs));
}
