/* norm_fixed.cu - see norm_fixed.h. A thread keeps the constants of its channel and walks over pixels. */
#include "kernels/cuda.h"
#include "kernels/norm_fixed.h"

static __global__ void fixed_backward(int64_t pixels, int64_t channels, const real *y, int64_t ys, const real *gy, int64_t gys,
                                      norm_affine f, const real *rstd, real *gx, int64_t gxs, int add)
{
    const int64_t k = (int64_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (k >= channels) return;
    const real scale = f.gamma[k] * rstd[k];
    for (int64_t i = (int64_t)blockIdx.y * blockDim.y + threadIdx.y; i < pixels; i += (int64_t)gridDim.y * blockDim.y) {
        const real slope = f.a == ACT_LINEAR ? 1 : act_slope(f.a, y[i * ys + k], f.slope);
        real *out = gx + i * gxs + k;
        *out = (add ? *out : 0) + gy[i * gys + k] * slope * scale;
    }
}

void norm_fixed_backward_cuda(const context *c, int64_t pixels, int64_t channels, const real *y, int64_t ys, const real *gy, int64_t gys,
                              norm_affine f, const real *rstd, real *gx, int64_t gxs, int add)
{
    const dim3 block(32, 8);
    const unsigned rows = blocks_for(pixels, block.y * 4);
    const dim3 grid(blocks_for(channels, block.x), rows < 65535 ? rows : 65535);
    LAUNCH(fixed_backward, grid, block, 0, c->stream, pixels, channels, y, ys, gy, gys, f, rstd, gx, gxs, add);
}
