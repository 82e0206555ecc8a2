/* avgpool.c - average pooling on the CPU; see avgpool.h. Channels are the vector direction. */
#include "kernels/avgpool.h"

static void window_mean(const pool_size *s, const real *x, int64_t xs, int64_t u, int64_t v, real weight, real *y)
{
    const int64_t i0 = most(u, 0), i1 = least(u + s->size_h, s->h), j0 = most(v, 0), j1 = least(v + s->size_w, s->w);
    for (int64_t c = 0; c < s->channels; c++) y[c] = 0;
    for (int64_t i = i0; i < i1; i++)
        for (int64_t j = j0; j < j1; j++) {
            const real *t = x + (i * s->w + j) * xs;
            #pragma omp simd
            for (int64_t c = 0; c < s->channels; c++) y[c] += t[c];
        }
    #pragma omp simd
    for (int64_t c = 0; c < s->channels; c++) y[c] *= weight;
}

void avgpool_forward_cpu(const context *c, pool_size s, int count_pad, const real *x, int64_t xs, real *y, int64_t ys)
{
    (void)c;
    #pragma omp parallel for collapse(2) schedule(static) if (s.samples * s.h * s.w * s.channels > SERIAL)
    for (int64_t n = 0; n < s.samples; n++)
        for (int64_t i = 0; i < s.oh; i++)
            for (int64_t j = 0; j < s.ow; j++)
                window_mean(&s, x + n * s.h * s.w * xs, xs, i * s.stride_h - s.top, j * s.stride_w - s.left,
                            avgpool_weight(&s, i, j, count_pad), y + ((n * s.oh + i) * s.ow + j) * ys);
}

void avgpool_backward_cpu(const context *c, pool_size s, int count_pad, const real *gy, int64_t gys, real *gx, int64_t gxs, int add)
{
    (void)c;
    #pragma omp parallel for collapse(2) schedule(static) if (s.samples * s.h * s.w * s.channels > SERIAL)
    for (int64_t n = 0; n < s.samples; n++)
        for (int64_t i = 0; i < s.h; i++) {
            int64_t o0, o1;
            pool_windows(i, s.top, s.size_h, s.stride_h, s.oh, &o0, &o1);
            for (int64_t j = 0; j < s.w; j++) {
                real *g = gx + ((n * s.h + i) * s.w + j) * gxs;
                int64_t q0, q1;
                pool_windows(j, s.left, s.size_w, s.stride_w, s.ow, &q0, &q1);
                if (!add) for (int64_t k = 0; k < s.channels; k++) g[k] = 0;
                for (int64_t o = o0; o <= o1; o++)
                    for (int64_t q = q0; q <= q1; q++) {
                        const real w = avgpool_weight(&s, o, q, count_pad), *t = gy + ((n * s.oh + o) * s.ow + q) * gys;
                        #pragma omp simd
                        for (int64_t k = 0; k < s.channels; k++) g[k] += w * t[k];
                    }
            }
        }
}
