/* softmax.cu - softmax over channels on a GPU; see softmax.h and softmax.cuh. */
#include "kernels/softmax.cuh"

enum { EACH = 4 };                       /* pixels a thread walks over */

template <int K> static __global__ void forward(int64_t pixels, int64_t channels, const real *x, int64_t xs, real *y, int64_t ys)
{
    EACH_PIXEL(pixels) {
        const int64_t p = at + threadIdx.y;
        const int here = p < pixels;
        real t[K], high, sum;
        load_pixel(t, x + p * xs, channels, here);
        pixel_softmax(t, channels, &high, &sum);
        store_pixel(t, y + p * ys, channels, here, 0);
    }
}

void softmax_forward_cuda(const context *c, int64_t pixels, int64_t channels, const real *x, int64_t xs, real *y, int64_t ys)
{
    LAUNCH_LANES(forward, channels, THREADS, dim3(blocks_for(pixels, (int64_t)block.y * EACH)), c->stream, pixels, channels, x, xs, y, ys);
}

template <int K> static __global__ void backward(int64_t pixels, int64_t channels, const real *y, int64_t ys, const real *gy, int64_t gys,
                                                 real *gx, int64_t gxs, int add)
{
    EACH_PIXEL(pixels) {
        const int64_t p = at + threadIdx.y;
        const int here = p < pixels;
        real t[K], q[K];
        load_pixel(t, y + p * ys, channels, here);
        load_pixel(q, gy + p * gys, channels, here);
        pixel_gradient(t, q);
        store_pixel(q, gx + p * gxs, channels, here, add);
    }
}

void softmax_backward_cuda(const context *c, int64_t pixels, int64_t channels, const real *y, int64_t ys, const real *gy, int64_t gys,
                           real *gx, int64_t gxs, int add)
{
    LAUNCH_LANES(backward, channels, THREADS, dim3(blocks_for(pixels, (int64_t)block.y * EACH)), c->stream, pixels, channels, y, ys, gy, gys,
                 gx, gxs, add);
}
