/* affine.cu - constant shift and scale of channels on a GPU; see affine.h. */
#include "kernels/affine.h"
#include "kernels/grid.cuh"

static __global__ void forward(int64_t pixels, int64_t channels, affine_rule r, const real *x, int64_t xs, real *y, int64_t ys)
{
    for EACH_OF_GRID(i, pixels * channels) {
        const int64_t p = i / channels, k = i % channels;
        y[p * ys + k] = (x[p * xs + k] - (real)r.shift[k % r.n]) / (real)r.scale[k % r.n];
    }
}

void affine_forward_cuda(const context *c, int64_t pixels, int64_t channels, affine_rule r, const real *x, int64_t xs, real *y, int64_t ys)
{
    LAUNCH_EACH(forward, pixels * channels, c->stream, pixels, channels, r, x, xs, y, ys);
}

static __global__ void backward(int64_t pixels, int64_t channels, affine_rule r, const real *gy, int64_t gys, real *gx, int64_t gxs, int add)
{
    for EACH_OF_GRID(i, pixels * channels) {
        const int64_t p = i / channels, k = i % channels;
        gx[p * gxs + k] = (add ? gx[p * gxs + k] : 0) + gy[p * gys + k] / (real)r.scale[k % r.n];
    }
}

void affine_backward_cuda(const context *c, int64_t pixels, int64_t channels, affine_rule r, const real *gy, int64_t gys, real *gx, int64_t gxs,
                          int add)
{
    LAUNCH_EACH(backward, pixels * channels, c->stream, pixels, channels, r, gy, gys, gx, gxs, add);
}
