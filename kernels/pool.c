/* pool.c - max pooling on the CPU; see pool.h. Channels are the vector direction; a window's taps are walked in order. */
#include "kernels/pool.h"
#include "kernels/loop.h"

/* The maximum of one window: rows i0..i1-1 and columns j0..j1-1 of x, which lie in the map; u, v: the window's own corner */
static void window_max(const pool_size *s, const real *x, int64_t xs, int64_t u, int64_t v, real *y, uint8_t *which)
{
    const int64_t i0 = most(u, 0), i1 = least(u + s->size_h, s->h), j0 = most(v, 0), j1 = least(v + s->size_w, s->w);
    const int first = (int)((i0 - u) * s->size_w + j0 - v);
    const real *t = x + (i0 * s->w + j0) * xs;
    #pragma omp simd
    for (int64_t c = 0; c < s->channels; c++) y[c] = t[c], which[c] = (uint8_t)first;
    for (int64_t i = i0; i < i1; i++)
        for (int64_t j = j0; j < j1; j++) {
            const uint8_t k = (uint8_t)((i - u) * s->size_w + j - v);
            t = x + (i * s->w + j) * xs;
            #pragma omp simd
            for (int64_t c = 0; c < s->channels; c++) {
                const int more = t[c] > y[c] || t[c] != t[c];
                y[c] = more ? t[c] : y[c], which[c] = more ? k : which[c];
            }
        }
}

void pool_forward_cpu(const context *c, pool_size s, const real *x, int64_t xs, real *y, int64_t ys, uint8_t *which)
{
    (void)c;
    #pragma omp parallel for collapse(2) schedule(static) if (s.samples * s.h * s.w * s.channels > SERIAL)
    for (int64_t n = 0; n < s.samples; n++)
        for (int64_t i = 0; i < s.oh; i++)
            for (int64_t j = 0; j < s.ow; j++) {
                const int64_t p = (n * s.oh + i) * s.ow + j;
                window_max(&s, x + n * s.h * s.w * xs, xs, i * s.stride_h - s.top, j * s.stride_w - s.left, y + p * ys, which + p * s.channels);
            }
}

void pool_backward_cpu(const context *c, pool_size s, const uint8_t *which, const real *gy, int64_t gys, real *gx, int64_t gxs, int add)
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
                int sum = add;
                pool_windows(j, s.left, s.size_w, s.stride_w, s.ow, &q0, &q1);
                for (int64_t o = o0; o <= o1; o++)
                    for (int64_t q = q0; q <= q1; q++, sum = 1) {
                        const int64_t p = (n * s.oh + o) * s.ow + q;
                        const uint8_t k = (uint8_t)((i - o * s.stride_h + s.top) * s.size_w + j - q * s.stride_w + s.left);
                        const uint8_t *a = which + p * s.channels;
                        const real *t = gy + p * gys;
                        #pragma omp simd
                        for (int64_t m = 0; m < s.channels; m++) g[m] = (sum ? g[m] : 0) + (a[m] == k ? t[m] : 0);
                    }
                if (!sum) for (int64_t m = 0; m < s.channels; m++) g[m] = 0;
            }
        }
}
