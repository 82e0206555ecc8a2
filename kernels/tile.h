/* tile.h - a tile of up to TILE pixels of a map, transposed to [channels][TILE], and its softmax or logistic: what softmax and the
 * losses have in common on the CPU. */
#ifndef KERNELS_TILE_H
#define KERNELS_TILE_H
#include "kernels/elem.h"
#include "kernels/loop.h"
#include "kernels/math.h"

/* Contiguous maps of few channels, their number k a constant: whole vectors are read and parted, or joined and written. */
static inline __attribute__((always_inline)) void load_few(const elem *restrict x, int64_t n, int k, real (*restrict t)[TILE])
{
    #pragma omp simd
    for (int64_t p = 0; p < n; p++) {
        #pragma GCC unroll 8
        for (int c = 0; c < k; c++) t[c][p] = get(x[p * k + c]);
    }
}
static inline __attribute__((always_inline)) void store_few(elem *restrict y, int64_t n, int k, const real (*restrict t)[TILE], int add)
{
    #pragma omp simd
    for (int64_t p = 0; p < n; p++) {
        #pragma GCC unroll 8
        for (int c = 0; c < k; c++) y[p * k + c] = put((add ? get(y[p * k + c]) : 0) + t[c][p]);
    }
}

static inline void tile_load(const elem *restrict x, int64_t xs, int64_t n, int64_t channels, real (*restrict t)[TILE])
{
    switch (xs == channels ? channels : 0) {
    case 2: load_few(x, n, 2, t); break;
    case 4: load_few(x, n, 4, t); break;
    case 8: load_few(x, n, 8, t); break;
    default:
        for (int64_t c = 0; c < channels; c++)
            for (int64_t p = 0; p < n; p++) t[c][p] = get(x[p * xs + c]);
    }
}

static inline void tile_store(elem *restrict y, int64_t ys, int64_t n, int64_t channels, const real (*restrict t)[TILE], int add)
{
    switch (ys == channels ? channels : 0) {
    case 2: store_few(y, n, 2, t, add); break;
    case 4: store_few(y, n, 4, t, add); break;
    case 8: store_few(y, n, 8, t, add); break;
    default:
        for (int64_t c = 0; c < channels; c++)
            for (int64_t p = 0; p < n; p++) y[p * ys + c] = put((add ? get(y[p * ys + c]) : 0) + t[c][p]);
    }
}

/* In place; high: the largest logit of each pixel, sum: the sum of exp(logit - high) */
static inline void tile_softmax(int64_t n, int64_t channels, real (*t)[TILE], real high[TILE], real sum[TILE])
{
    for (int64_t p = 0; p < n; p++) high[p] = t[0][p], sum[p] = 0;
    for (int64_t c = 1; c < channels; c++) {
        #pragma omp simd
        for (int64_t p = 0; p < n; p++) high[p] = t[c][p] > high[p] ? t[c][p] : high[p];
    }
    for (int64_t c = 0; c < channels; c++) {
        #pragma omp simd
        for (int64_t p = 0; p < n; p++) t[c][p] = real_exp(t[c][p] - high[p]), sum[p] += t[c][p];
    }
    for (int64_t c = 0; c < channels; c++) {
        #pragma omp simd
        for (int64_t p = 0; p < n; p++) t[c][p] /= sum[p];
    }
}

static inline void tile_logistic(int64_t n, int64_t channels, real (*t)[TILE])
{
    for (int64_t c = 0; c < channels; c++) {
        #pragma omp simd
        for (int64_t p = 0; p < n; p++) t[c][p] = 1 / (1 + real_exp(-t[c][p]));
    }
}

/* With q = d loss / d probability: t becomes d loss / d logit. p: the probabilities */
static inline void tile_softmax_gradient(int64_t n, int64_t channels, const real (*p)[TILE], real (*q)[TILE])
{
    real dot[TILE] = { 0 };
    for (int64_t c = 0; c < channels; c++) {
        #pragma omp simd
        for (int64_t i = 0; i < n; i++) dot[i] += q[c][i] * p[c][i];
    }
    for (int64_t c = 0; c < channels; c++) {
        #pragma omp simd
        for (int64_t i = 0; i < n; i++) q[c][i] = p[c][i] * (q[c][i] - dot[i]);
    }
}
#endif
