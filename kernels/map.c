/* map.c - moving and adding maps on the CPU; see map.h. */
#include "kernels/map.h"
#include "kernels/elem.h"
#include "kernels/loop.h"

void CPU(map_copy)(const context *c, int64_t pixels, int64_t channels, const elem *x, int64_t xs, elem *y, int64_t ys, int add)
{
    (void)c;
    const map_rows r = rows_of(pixels, channels, xs == channels && ys == channels);
    #pragma omp parallel for schedule(static) if (r.n > SERIAL)
    for (int64_t i = 0; i < r.rows; i++) {
        const elem *a = x + row_at(&r, i, xs);
        elem *b = y + row_at(&r, i, ys);
        #pragma omp simd
        for (int64_t k = 0; k < row_width(&r, i); k++) b[k] = add ? put(get(b[k]) + get(a[k])) : a[k];
    }
}

void CPU(map_sum)(const context *c, int64_t pixels, int64_t channels, const elem *a, int64_t as, const elem *b, int64_t bs, elem *y, int64_t ys)
{
    (void)c;
    const map_rows r = rows_of(pixels, channels, as == channels && bs == channels && ys == channels);
    #pragma omp parallel for schedule(static) if (r.n > SERIAL)
    for (int64_t i = 0; i < r.rows; i++) {
        const elem *u = a + row_at(&r, i, as), *v = b + row_at(&r, i, bs);
        elem *w = y + row_at(&r, i, ys);
        #pragma omp simd
        for (int64_t k = 0; k < row_width(&r, i); k++) w[k] = put(get(u[k]) + get(v[k]));
    }
}

void CPU(map_window)(const context *c, window_size s, const elem *x, int64_t xs, elem *y, int64_t ys, int add)
{
    (void)c;
    #pragma omp parallel for collapse(2) schedule(static) if (s.samples * s.yh * s.yw * s.channels > SERIAL)
    for (int64_t n = 0; n < s.samples; n++)
        for (int64_t i = 0; i < s.yh; i++)
            for (int64_t j = 0; j < s.yw; j++) {
                const int64_t u = i - s.top, v = j - s.left;
                elem *to = y + ((n * s.yh + i) * s.yw + j) * ys;
                if (u >= 0 && u < s.xh && v >= 0 && v < s.xw) {
                    const elem *from = x + ((n * s.xh + u) * s.xw + v) * xs;
                    #pragma omp simd
                    for (int64_t k = 0; k < s.channels; k++) to[k] = add ? put(get(to[k]) + get(from[k])) : from[k];
                } else if (!add)
                    for (int64_t k = 0; k < s.channels; k++) to[k] = put(0);
            }
}

enum { AT_ONCE = 64 };                                         /* elements: the lanes of a vector, four numbers each */

/* The numbers of AT_ONCE elements from `element` on, a multiple of 4: those of dropout_draw, Philox4x32-10 (rng.h) side by side in the lanes of
 * vectors. */
static inline void dropout_draws(uint64_t seed, uint32_t step, uint32_t micro, uint32_t node, int64_t element, uint32_t number[AT_ONCE])
{
    enum { LANES = AT_ONCE / 4 };
    uint32_t x[4][LANES], k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32) ^ (RNG_DROPOUT * 0x9E3779B9u);
    for (int i = 0; i < LANES; i++) {
        const uint64_t at = (uint64_t)element / 4 + (uint64_t)i;
        x[0][i] = (uint32_t)at, x[1][i] = (uint32_t)(at >> 32), x[2][i] = step, x[3][i] = node + micro * 0x9E3779B9u;
    }
    for (int round = 0; round < 10; round++, k0 += 0x9E3779B9u, k1 += 0xBB67AE85u) {
        #pragma omp simd
        for (int i = 0; i < LANES; i++) {
            const uint64_t p = (uint64_t)0xD2511F53u * x[0][i], q = (uint64_t)0xCD9E8D57u * x[2][i];
            x[0][i] = (uint32_t)(q >> 32) ^ x[1][i] ^ k0, x[1][i] = (uint32_t)q;
            x[2][i] = (uint32_t)(p >> 32) ^ x[3][i] ^ k1, x[3][i] = (uint32_t)p;
        }
    }
    for (int i = 0; i < LANES; i++) for (int k = 0; k < 4; k++) number[4 * i + k] = x[k][i];
}

void CPU(map_dropout)(const context *c, int64_t pixels, int64_t channels, double p, uint32_t node, const elem *x, int64_t xs, elem *y,
                      int64_t ys, int add)
{
    const map_rows r = rows_of(pixels, channels, xs == channels && ys == channels);
    const real scale = (real)(1 / (1 - p));
    const uint32_t threshold = dropout_threshold(p);
    #pragma omp parallel for schedule(static) if (r.n > SERIAL)
    for (int64_t i = 0; i < r.rows; i++) {
        const elem *a = x + row_at(&r, i, xs);
        elem *b = y + row_at(&r, i, ys);
        rng4 draw = { { 0 } };
        int64_t k = 0;
        for (; i * r.width % 4 == 0 && k + AT_ONCE <= row_width(&r, i); k += AT_ONCE) {
            uint32_t number[AT_ONCE];
            dropout_draws(c->seed, c->step, c->micro, node, i * r.width + k, number);
            #pragma omp simd
            for (int64_t j = 0; j < AT_ONCE; j++)
                b[k + j] = put((add ? get(b[k + j]) : 0) + (number[j] >= threshold ? get(a[k + j]) * scale : 0));
        }
        for (; k < row_width(&r, i); k++) {
            const int64_t element = i * r.width + k;
            if (k == 0 || element % 4 == 0) draw = dropout_draw(c->seed, c->step, c->micro, node, element);
            b[k] = put((add ? get(b[k]) : 0) + (draw.v[element % 4] >= threshold ? get(a[k]) * scale : 0));
        }
    }
}

void CPU(map_scalar)(const context *c, double w, const real *x, real *y, int add)
{
    (void)c;
    *y = (add ? *y : 0) + (real)w * *x;
}
