/* reflect.c - mirrored frames on the CPU; see reflect.h. */
#include "kernels/reflect.h"
#include "kernels/loop.h"

void reflect_forward_cpu(const context *c, reflect_size s, const real *x, int64_t xs, real *y, int64_t ys)
{
    (void)c;
    #pragma omp parallel for schedule(static) if (s.samples * s.yh * s.yw * s.channels > SERIAL)
    for (int64_t r = 0; r < s.samples * s.yh; r++)
        for (int64_t j = 0; j < s.yw; j++) {
            const int64_t u = reflect_at(r % s.yh - s.top, s.xh), v = reflect_at(j - s.left, s.xw);
            const real *from = x + ((r / s.yh * s.xh + u) * s.xw + v) * xs;
            for (int64_t k = 0; k < s.channels; k++) y[(r * s.yw + j) * ys + k] = from[k];
        }
}

void reflect_backward_cpu(const context *c, reflect_size s, const real *gy, int64_t gys, real *gx, int64_t gxs, int add)
{
    (void)c;
    #pragma omp parallel for schedule(static) if (s.samples * s.yh * s.yw * s.channels > SERIAL)
    for (int64_t n = 0; n < s.samples; n++) {
        real *to = gx + n * s.xh * s.xw * gxs;
        for (int64_t p = 0; p < s.xh * s.xw && !add; p++) for (int64_t k = 0; k < s.channels; k++) to[p * gxs + k] = 0;
        for (int64_t i = 0; i < s.yh; i++)
            for (int64_t j = 0; j < s.yw; j++) {
                real *g = to + (reflect_at(i - s.top, s.xh) * s.xw + reflect_at(j - s.left, s.xw)) * gxs;
                const real *from = gy + ((n * s.yh + i) * s.yw + j) * gys;
                for (int64_t k = 0; k < s.channels; k++) g[k] += from[k];
            }
    }
}
