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

/* The numbers of 4 n elements, n at most DRAWS, from `first` on, which is a multiple of 4. Each round of the generator is a vector's work. */
enum { DRAWS = 64 };
static void dropout_numbers(const context *c, uint32_t node, int64_t first, int64_t n, uint32_t number[DRAWS * 4])
{
    uint32_t v[4][DRAWS];
    #pragma omp simd
    for (int64_t k = 0; k < n; k++) {
        const rng4 draw = dropout_draw(c->seed, c->step, c->micro, node, first + 4 * k);
        v[0][k] = draw.v[0], v[1][k] = draw.v[1], v[2][k] = draw.v[2], v[3][k] = draw.v[3];
    }
    #pragma omp simd
    for (int64_t k = 0; k < n; k++)
        number[4 * k] = v[0][k], number[4 * k + 1] = v[1][k], number[4 * k + 2] = v[2][k], number[4 * k + 3] = v[3][k];
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
        const int64_t begin = i * r.width, end = begin + row_width(&r, i);
        uint32_t number[DRAWS * 4];
        for (int64_t block = begin / 4 * 4, from = begin; from < end; block += DRAWS * 4, from = block) {
            const int64_t n = least(block + DRAWS * 4, end) - from;
            const uint32_t *u = number + (from - block);
            const elem *s = a + (from - begin);
            elem *t = b + (from - begin);
            dropout_numbers(c, node, block, (from - block + n + 3) / 4, number);
            #pragma omp simd
            for (int64_t k = 0; k < n; k++) t[k] = put((add ? get(t[k]) : 0) + (u[k] >= threshold ? get(s[k]) * scale : 0));
        }
    }
}

void CPU(map_scalar)(const context *c, double w, const real *x, real *y, int add)
{
    (void)c;
    *y = (add ? *y : 0) + (real)w * *x;
}
