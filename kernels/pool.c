/* pool.c - max pooling on the CPU; see pool.h. Channels are the vector direction; a window's taps are walked in order. Maps of 16, 32 and
 * 64 channels have loops of that constant length: elsewhere what stands around a loop would take longer than the loop. */
#include "kernels/pool.h"
#include "kernels/elem.h"

#define INLINE static inline __attribute__((always_inline))
/* CALL(n) with a constant n for w channels where there is one */
#define WIDTHS(w, CALL) switch (w) { case 16: CALL(16); break; case 32: CALL(32); break; case 64: CALL(64); break; default: CALL(w); }

/* The maximum of one window: rows i0..i1-1 and columns j0..j1-1 of x, which lie in the map; u, v: the window's own corner; w: channels from
 * `at`, at most ROW */
INLINE void window_row(const pool_size *s, const elem *x, int64_t xs, int64_t u, int64_t v, elem *y, uint8_t *which, int64_t at, const int64_t w)
{
    const int64_t i0 = most(u, 0), i1 = least(u + s->size_h, s->h), j0 = most(v, 0), j1 = least(v + s->size_w, s->w);
    const uint8_t first = (uint8_t)((i0 - u) * s->size_w + j0 - v);
    uint8_t *restrict a = which + at;
    real high[ROW];
    row_begin(w, x + (i0 * s->w + j0) * xs + at, high, 1);
    #pragma omp simd
    for (int64_t c = 0; c < w; c++) a[c] = first;
    for (int64_t i = i0; i < i1; i++)
        for (int64_t j = j0; j < j1; j++) {
            const uint8_t k = (uint8_t)((i - u) * s->size_w + j - v);
            const elem *restrict t = x + (i * s->w + j) * xs + at;
            #pragma omp simd
            for (int64_t c = 0; c < w; c++) {
                const real now = get(t[c]);
                const int more = now > high[c] || now != now;
                high[c] = more ? now : high[c], a[c] = more ? k : a[c];
            }
        }
    row_end(w, high, y + at);
}

static void window_max(const pool_size *s, const elem *x, int64_t xs, int64_t u, int64_t v, elem *y, uint8_t *which)
{
    for (int64_t at = 0; at < s->channels; at += ROW) {
        #define CALL(n) window_row(s, x, xs, u, v, y, which, at, n)
        WIDTHS(least(ROW, s->channels - at), CALL)
        #undef CALL
    }
}

void CPU(pool_forward)(const context *c, pool_size s, const elem *x, int64_t xs, elem *y, int64_t ys, uint8_t *which)
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

/* What the windows o0..o1, q0..q1 of sample n give to w channels from `at` of its pixel i, j */
INLINE void gather(const pool_size *s, int64_t n, int64_t i, int64_t j, const int64_t o[2], const int64_t q[2], int64_t at, const int64_t w,
                   const uint8_t *which, const elem *gy, int64_t gys, elem *g, int add)
{
    real sum[ROW];
    row_begin(w, g, sum, add);
    for (int64_t u = o[0]; u <= o[1]; u++)
        for (int64_t v = q[0]; v <= q[1]; v++) {
            const int64_t p = (n * s->oh + u) * s->ow + v;
            const uint8_t k = (uint8_t)((i - u * s->stride_h + s->top) * s->size_w + j - v * s->stride_w + s->left);
            const uint8_t *a = which + p * s->channels + at;
            const elem *t = gy + p * gys + at;
            #pragma omp simd
            for (int64_t m = 0; m < w; m++) {
                const real now = get(t[m]);                     /* whether it counts or not: a load that depends would not be a vector's */
                sum[m] += a[m] == k ? now : 0;
            }
        }
    row_end(w, sum, g);
}

/* Along one axis, from the windows of i - 1 to those of i */
static void next_windows(int64_t i, int64_t pad, int64_t size, int64_t stride, int64_t count, int64_t q[2])
{
    if (q[0] * stride + size <= i + pad) q[0]++;
    if (q[1] + 1 < count && (q[1] + 1) * stride <= i + pad) q[1]++;
}

void CPU(pool_backward)(const context *c, pool_size s, const uint8_t *which, const elem *gy, int64_t gys, elem *gx, int64_t gxs, int add)
{
    (void)c;
    #pragma omp parallel for collapse(2) schedule(static) if (s.samples * s.h * s.w * s.channels > SERIAL)
    for (int64_t n = 0; n < s.samples; n++)
        for (int64_t i = 0; i < s.h; i++) {
            int64_t o[2], q[2];
            pool_windows(i, s.top, s.size_h, s.stride_h, s.oh, &o[0], &o[1]);
            pool_windows(0, s.left, s.size_w, s.stride_w, s.ow, &q[0], &q[1]);
            for (int64_t j = 0; j < s.w; j++) {
                elem *g = gx + ((n * s.h + i) * s.w + j) * gxs;
                if (j) next_windows(j, s.left, s.size_w, s.stride_w, s.ow, q);
                for (int64_t at = 0; at < s.channels; at += ROW) {
                    #define CALL(n_) gather(&s, n, i, j, o, q, at, n_, which, gy, gys, g + at, add)
                    WIDTHS(least(ROW, s.channels - at), CALL)
                    #undef CALL
                }
            }
        }
}
