/* affine.c - constant shift and scale of channels on the CPU; see affine.h. */
#include "kernels/affine.h"

void affine_forward_cpu(const context *c, int64_t pixels, int64_t channels, affine_rule r, const real *x, int64_t xs, real *y, int64_t ys)
{
    (void)c;
    #pragma omp parallel for schedule(static) if (pixels * channels > SERIAL)
    for (int64_t p = 0; p < pixels; p++)
        for (int64_t k = 0; k < channels; k++) y[p * ys + k] = (x[p * xs + k] - (real)r.shift[k % r.n]) / (real)r.scale[k % r.n];
}

void affine_backward_cpu(const context *c, int64_t pixels, int64_t channels, affine_rule r, const real *gy, int64_t gys, real *gx, int64_t gxs,
                         int add)
{
    (void)c;
    #pragma omp parallel for schedule(static) if (pixels * channels > SERIAL)
    for (int64_t p = 0; p < pixels; p++)
        for (int64_t k = 0; k < channels; k++) gx[p * gxs + k] = (add ? gx[p * gxs + k] : 0) + gy[p * gys + k] / (real)r.scale[k % r.n];
}
