/* winograd_gemm.c - the matrix products of winograd_avx512.h, each a block of results held in registers while the depth runs by.
 *
 * 14 rows x 32 columns take 28 of the 32 registers. Every element is one chain of multiply-adds in the order of the depth, however
 * the rows are cut, so its bits do not depend on its neighbours. */
#include "kernels/winograd_avx512.h"

enum { ROWS = 14 };

/* columns: 1 or 2 vectors of 16, here and below */
INLINE void store_block(const int rows, const int columns, vec c[][2], float *m, int add)
{
    UNROLL(14) for (int r = 0; r < rows; r++)
        UNROLL(2) for (int h = 0; h < columns; h++) {
            float *p = m + r * WINO_WIDTH + h * WINO_LANES;
            _mm512_store_ps(p, add ? _mm512_add_ps(c[r][h], _mm512_load_ps(p)) : c[r][h]);
        }
}

INLINE void multiply(const int rows, const int columns, int64_t blocks, const float *a, size_t stride, const float *b, float *m, int add)
{
    vec c[ROWS][2];
    UNROLL(14) for (int r = 0; r < rows; r++) c[r][0] = c[r][1] = _mm512_setzero_ps();
    for (; blocks > 0; blocks--, a += stride)
        UNROLL(2) for (int d = 0; d < WINO_LANES; d++, b += WINO_WIDTH) {
            vec low = _mm512_load_ps(b), high = columns > 1 ? _mm512_load_ps(b + WINO_LANES) : low;
            UNROLL(14) for (int r = 0; r < rows; r++) {
                vec one = _mm512_set1_ps(a[r * WINO_LANES + d]);
                c[r][0] = _mm512_fmadd_ps(one, low, c[r][0]);
                if (columns > 1) c[r][1] = _mm512_fmadd_ps(one, high, c[r][1]);
            }
        }
    store_block(rows, columns, c, m, add);
}

#define MULTIPLY(n) static AVX512 void multiply_##n(int64_t blocks, const float *a, size_t stride, const float *b, float *m, int add) \
    { multiply(n, 2, blocks, a, stride, b, m, add); } \
    static AVX512 void half_##n(int64_t blocks, const float *a, size_t stride, const float *b, float *m, int add) \
    { multiply(n, 1, blocks, a, stride, b, m, add); }
MULTIPLY(1) MULTIPLY(2) MULTIPLY(3) MULTIPLY(4) MULTIPLY(5) MULTIPLY(6) MULTIPLY(7)
MULTIPLY(8) MULTIPLY(9) MULTIPLY(10) MULTIPLY(11) MULTIPLY(12) MULTIPLY(13) MULTIPLY(14)

void wino_multiply(int64_t rows, int64_t blocks, const float *a, size_t stride, const float *b, float *m, int add, int half)
{
    static void (*const of_rows[2][ROWS + 1])(int64_t, const float *, size_t, const float *, float *, int) = {
        { NULL, multiply_1, multiply_2, multiply_3, multiply_4, multiply_5, multiply_6, multiply_7,
          multiply_8, multiply_9, multiply_10, multiply_11, multiply_12, multiply_13, multiply_14 },
        { NULL, half_1, half_2, half_3, half_4, half_5, half_6, half_7, half_8, half_9, half_10, half_11, half_12, half_13, half_14 } };
    int64_t pieces = (rows + ROWS - 1) / ROWS;                 /* near-equal ones */
    for (int64_t i = 0; i < pieces; i++) {
        int64_t from = rows * i / pieces, to = rows * (i + 1) / pieces;
        of_rows[half][to - from](blocks, a + from * WINO_LANES, stride, b, m + from * WINO_WIDTH, add);
    }
}

INLINE void transposed(const int columns, int64_t tiles, const float *a, const float *b, float *d, int add)
{
    for (int part = 0; part < WINO_LANES; part += 8, a += 8, d += 8 * WINO_WIDTH) {
        vec c[8][2];
        const float *left = a, *right = b;
        UNROLL(8) for (int r = 0; r < 8; r++) c[r][0] = c[r][1] = _mm512_setzero_ps();
        UNROLL(2) for (int64_t t = 0; t < tiles; t++, left += WINO_LANES, right += WINO_WIDTH) {
            vec low = _mm512_load_ps(right), high = columns > 1 ? _mm512_load_ps(right + WINO_LANES) : low;
            UNROLL(8) for (int r = 0; r < 8; r++) {
                vec one = _mm512_set1_ps(left[r]);
                c[r][0] = _mm512_fmadd_ps(one, low, c[r][0]);
                if (columns > 1) c[r][1] = _mm512_fmadd_ps(one, high, c[r][1]);
            }
        }
        store_block(8, columns, c, d, add);
    }
}

void AVX512 wino_multiply_transposed(int64_t tiles, const float *a, const float *b, float *d, int add, int half)
{
    if (half) transposed(1, tiles, a, b, d, add);
    else transposed(2, tiles, a, b, d, add);
}
