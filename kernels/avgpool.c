/* avgpool.c - average pooling on the CPU; see avgpool.h. Channels are the vector direction. */
#include "kernels/avgpool.h"
#include "kernels/elem.h"

static void window_mean(const pool_size *s, const elem *x, int64_t xs, int64_t u, int64_t v, real weight, elem *y)
{
    const int64_t i0 = most(u, 0), i1 = least(u + s->size_h, s->h), j0 = most(v, 0), j1 = least(v + s->size_w, s->w);
    real sum[ROW];
    for (int64_t at = 0; at < s->channels; at += ROW) {
        const int64_t w = least(ROW, s->channels - at);
        row_begin(w, NULL, sum, 0);
        for (int64_t i = i0; i < i1; i++)
            for (int64_t j = j0; j < j1; j++) {
                const elem *t = x + (i * s->w + j) * xs + at;
                #pragma omp simd
                for (int64_t k = 0; k < w; k++) sum[k] += get(t[k]);
            }
        for (int64_t k = 0; k < w; k++) sum[k] *= weight;
        row_end(w, sum, y + at);
    }
}

void CPU(avgpool_forward)(const context *c, pool_size s, int count_pad, const elem *x, int64_t xs, elem *y, int64_t ys)
{
    (void)c;
    #pragma omp parallel for collapse(2) schedule(static) if (s.samples * s.h * s.w * s.channels > SERIAL)
    for (int64_t n = 0; n < s.samples; n++)
        for (int64_t i = 0; i < s.oh; i++)
            for (int64_t j = 0; j < s.ow; j++)
                window_mean(&s, x + n * s.h * s.w * xs, xs, i * s.stride_h - s.top, j * s.stride_w - s.left,
                            avgpool_weight(&s, i, j, count_pad), y + ((n * s.oh + i) * s.ow + j) * ys);
}

/* Windows side by side that cover the map: each input pixel lies in one, and all weigh the same. */
static void spread(const pool_size *s, const elem *gy, int64_t gys, elem *gx, int64_t gxs, int add)
{
    const real weight = (real)(1.0 / (double)(s->size_h * s->size_w));
    #pragma omp parallel for collapse(2) schedule(static) if (s->samples * s->h * s->w * s->channels > SERIAL)
    for (int64_t n = 0; n < s->samples; n++)
        for (int64_t i = 0; i < s->h; i++) {
            const elem *t = gy + (n * s->oh + i / s->stride_h) * s->ow * gys;
            elem *g = gx + (n * s->h + i) * s->w * gxs;
            for (int64_t q = 0; q < s->ow; q++, t += gys)
                for (int64_t j = 0; j < s->stride_w; j++, g += gxs) {
                    #pragma omp simd
                    for (int64_t k = 0; k < s->channels; k++) g[k] = put((add ? get(g[k]) : 0) + weight * get(t[k]));
                }
        }
}

void CPU(avgpool_backward)(const context *c, pool_size s, int count_pad, const elem *gy, int64_t gys, elem *gx, int64_t gxs, int add)
{
    (void)c;
    if (!s.top && !s.left && s.stride_h == s.size_h && s.stride_w == s.size_w && s.oh * s.size_h == s.h && s.ow * s.size_w == s.w) {
        spread(&s, gy, gys, gx, gxs, add);
        return;
    }
    #pragma omp parallel for collapse(2) schedule(static) if (s.samples * s.h * s.w * s.channels > SERIAL)
    for (int64_t n = 0; n < s.samples; n++)
        for (int64_t i = 0; i < s.h; i++) {
            int64_t o0, o1;
            real sum[ROW];
            pool_windows(i, s.top, s.size_h, s.stride_h, s.oh, &o0, &o1);
            for (int64_t j = 0; j < s.w; j++) {
                elem *g = gx + ((n * s.h + i) * s.w + j) * gxs;
                int64_t q0, q1;
                pool_windows(j, s.left, s.size_w, s.stride_w, s.ow, &q0, &q1);
                for (int64_t at = 0; at < s.channels; at += ROW) {
                    const int64_t m = least(ROW, s.channels - at);
                    row_begin(m, g + at, sum, add);
                    for (int64_t o = o0; o <= o1; o++)
                        for (int64_t q = q0; q <= q1; q++) {
                            const real w = avgpool_weight(&s, o, q, count_pad);
                            const elem *t = gy + ((n * s.oh + o) * s.ow + q) * gys + at;
                            #pragma omp simd
                            for (int64_t k = 0; k < m; k++) sum[k] += w * get(t[k]);
                        }
                    row_end(m, sum, g + at);
                }
            }
        }
}
