/* deconv_avx512.c - transposed convolutions whose kernel equals their stride, in float32 on a processor with AVX-512: the product of
 * deconv.c without its shuffle. Every tap of a row of input pixels goes to output pixels that lie a constant distance apart, so the product
 * is stored where it belongs, with bias and activation, and backward data reads it from there.
 *
 * As in winograd_gemm.c a block of 14 pixels x 32 channels stays in registers while the depth runs by; here the factor with the pixels is
 * the map itself. Weights are packed as P [column of 32][depth][32]: forward a column is a tap and 32 outputs, the depth the channels of x;
 * backward a column is 32 channels of x, the depth taps x outputs. A band of image rows stays in cache while the columns run by. Each
 * element is one chain of multiply-adds along the depth, whatever the cut, so bits depend on nothing else.
 *
 * Weight gradients sum up to 14 channels of x x 32 outputs of a tap over pixels, in parts that the shape alone decides: as many as keep a
 * part's pixels in cache, as long as a copy of the weights for each is small. */
#include "kernels/conv.h"
#include "kernels/loop.h"
#include "kernels/winograd_avx512.h"
#include "base/die.h"
#include <stdio.h>
#include <stdlib.h>

enum { ROWS = 14, BAND = 128, MAX_TAPS = 64 };                  /* pixels of a block, least pixels of a band, taps taken */

/* A block: `rows` pixels of a, a_stride floats apart, for each of `taps` from at[] on `depth` deep; results out_stride apart */
typedef struct block {
    int64_t taps, depth, a_stride, out_stride, at[MAX_TAPS];
    __mmask16 mask[2];                   /* channels of the column that there are */
    vec bias[2];
    activation act;
    float slope;
    int add;
} block;

INLINE vec finish(const block *q, int h, vec v, const float *p)
{
    if (q->add) return _mm512_add_ps(v, _mm512_maskz_loadu_ps(q->mask[h], p));
    v = _mm512_add_ps(v, q->bias[h]);
    __mmask16 low = _mm512_cmp_ps_mask(v, _mm512_setzero_ps(), _CMP_NGT_UQ);
    if (q->act == ACT_RELU) return _mm512_mask_mov_ps(v, low, _mm512_setzero_ps());
    if (q->act == ACT_LEAKY) return _mm512_mask_mul_ps(v, low, v, _mm512_set1_ps(q->slope));
    return v;
}

INLINE void multiply(const int rows, const int columns, const block *q, const float *a, const float *b, float *out)
{
    vec c[ROWS][2];
    UNROLL(14) for (int r = 0; r < rows; r++) c[r][0] = c[r][1] = _mm512_setzero_ps();
    for (int64_t t = 0; t < q->taps; t++) {
        const float *in = a + q->at[t];
        UNROLL(2) for (int64_t d = 0; d < q->depth; d++, b += WINO_WIDTH) {
            vec low = _mm512_load_ps(b), high = columns > 1 ? _mm512_load_ps(b + WINO_LANES) : low;
            UNROLL(14) for (int r = 0; r < rows; r++) {
                vec one = _mm512_set1_ps(in[r * q->a_stride + d]);
                c[r][0] = _mm512_fmadd_ps(one, low, c[r][0]);
                if (columns > 1) c[r][1] = _mm512_fmadd_ps(one, high, c[r][1]);
            }
        }
    }
    UNROLL(14) for (int r = 0; r < rows; r++)
        UNROLL(2) for (int h = 0; h < columns; h++) {
            float *p = out + r * q->out_stride + h * WINO_LANES;
            _mm512_mask_storeu_ps(p, q->mask[h], finish(q, h, c[r][h], p));
        }
}

#define MULTIPLY(n) \
    static AVX512 void whole_##n(const block *q, const float *a, const float *b, float *out) { multiply(n, 2, q, a, b, out); } \
    static AVX512 void half_##n(const block *q, const float *a, const float *b, float *out) { multiply(n, 1, q, a, b, out); }
MULTIPLY(1) MULTIPLY(2) MULTIPLY(3) MULTIPLY(4) MULTIPLY(5) MULTIPLY(6) MULTIPLY(7)
MULTIPLY(8) MULTIPLY(9) MULTIPLY(10) MULTIPLY(11) MULTIPLY(12) MULTIPLY(13) MULTIPLY(14)

typedef void of_rows(const block *, const float *, const float *, float *);
static of_rows *const by_rows[2][ROWS + 1] = {
    { NULL, whole_1, whole_2, whole_3, whole_4, whole_5, whole_6, whole_7, whole_8, whole_9, whole_10, whole_11, whole_12, whole_13, whole_14 },
    { NULL, half_1, half_2, half_3, half_4, half_5, half_6, half_7, half_8, half_9, half_10, half_11, half_12, half_13, half_14 }
};

/* ---- what is cut how ---- */

/* width: columns of 32 of the output; band: image rows; bands: of the weights pass its parts */
typedef struct plan { int64_t taps, width, columns, depth, band, bands; int backward; } plan;

static int64_t blocks_of(int64_t n, int64_t size) { return (n + size - 1) / size; }

static void pack_column(const plan *p, const conv_shape *s, const float *w, int64_t column, float *to)
{
    for (int64_t d = 0; d < p->depth; d++, to += WINO_WIDTH)
        for (int64_t i = 0; i < WINO_WIDTH; i++) {
            const int64_t o = column % p->width * WINO_WIDTH + i;
            if (p->backward) to[i] = o < s->c ? w[o * p->depth + d] : 0;
            else to[i] = o < s->k ? w[(d * p->taps + column / p->width) * s->k + o] : 0;
        }
}

static void pack(const context *c, const conv_kernel *k, const real *w, void *to)
{
    const plan *p = k->state;
    (void)c;
    #pragma omp parallel for schedule(static)
    for (int64_t i = 0; i < p->columns; i++) pack_column(p, &k->s, (const float *)w, i, (float *)to + i * p->depth * WINO_WIDTH);
}

/* where tap t of the first pixel of image row r stands in the larger map, in pixels */
static int64_t place(const conv_shape *s, int64_t r, int64_t t) { return (r * s->kh + t / s->kw) * s->ow + t % s->kw; }

static AVX512 block block_of(const plan *p, const conv_kernel *k, const float *bias, int64_t column, int add)
{
    const conv_shape *s = &k->s;
    const int64_t first = column % p->width * WINO_WIDTH, left = (p->backward ? s->c : s->k) - first;
    block q = { .taps = 1, .depth = s->c, .a_stride = s->xs, .out_stride = s->sw * s->ys, .act = s->act, .slope = (float)s->slope,
                .add = add };
    if (p->backward) {
        q.taps = p->taps, q.depth = s->k, q.a_stride = s->sw * s->ys, q.out_stride = s->xs, q.act = ACT_LINEAR;
        for (int64_t t = 0; t < p->taps; t++) q.at[t] = place(s, 0, t) * s->ys;
    }
    for (int h = 0; h < 2; h++) {
        const int64_t n = left - h * WINO_LANES;
        q.mask[h] = n >= WINO_LANES ? 0xffff : n <= 0 ? 0 : (__mmask16)((1u << n) - 1);
        q.bias[h] = bias ? _mm512_maskz_loadu_ps(q.mask[h], bias + first + h * WINO_LANES) : _mm512_setzero_ps();
    }
    return q;
}

/* One column of the output pixels, or of the input's gradient, of image rows from .. to - 1 of the smaller map */
static AVX512 void run_column(const plan *p, const conv_kernel *k, const float *a, const float *b, const float *bias, float *out, int add,
                              int64_t from, int64_t to, int64_t column)
{
    const conv_shape *s = &k->s;
    const int64_t first = column % p->width * WINO_WIDTH, pieces = blocks_of(s->w, ROWS);
    const int half = (p->backward ? s->c : s->k) - first <= WINO_LANES;
    const block q = block_of(p, k, bias, column, add);
    for (int64_t r = from; r < to; r++) {
        const float *in = a + (p->backward ? place(s, r, 0) * s->ys : r * s->w * s->xs);
        float *row = out + first + (p->backward ? r * s->w * s->xs : place(s, r, column / p->width) * s->ys);
        for (int64_t i = 0; i < pieces; i++) {
            const int64_t j = s->w * i / pieces, n = s->w * (i + 1) / pieces - j;
            by_rows[half][n](&q, in + j * q.a_stride, b + column * p->depth * WINO_WIDTH, row + j * q.out_stride);
        }
    }
}

static void run(const context *c, const conv_kernel *k, const real *a, const real *b, const real *bias, real *out, int add)
{
    const plan *p = k->state;
    (void)c;
    #pragma omp parallel for collapse(2) schedule(static)
    for (int64_t i = 0; i < p->bands; i++)
        for (int64_t column = 0; column < p->columns; column++)
            run_column(p, k, (const float *)a, (const float *)b, (const float *)bias, (float *)out, add, i * p->band,
                least((i + 1) * p->band, k->s.n * k->s.h), column);
}

/* ---- weights ---- */

/* Sums over the pixels of image rows from .. to - 1: `rows` channels of a by a tap's outputs, 16 or 32 of b */
INLINE void sum(const int rows, const int columns, const conv_shape *s, int64_t from, int64_t to, const float *a, const float *b,
                const __mmask16 mask[2], float *out, int64_t out_stride)
{
    vec c[ROWS][2];
    UNROLL(14) for (int r = 0; r < rows; r++) c[r][0] = c[r][1] = _mm512_setzero_ps();
    for (int64_t i = from; i < to; i++) {
        const float *left = a + i * s->w * s->xs, *right = b + i * s->kh * s->ow * s->ys;
        for (int64_t j = 0; j < s->w; j++, left += s->xs, right += s->sw * s->ys) {
            vec low = _mm512_maskz_loadu_ps(mask[0], right), high = columns > 1 ? _mm512_maskz_loadu_ps(mask[1], right + WINO_LANES) : low;
            UNROLL(14) for (int r = 0; r < rows; r++) {
                vec one = _mm512_set1_ps(left[r]);
                c[r][0] = _mm512_fmadd_ps(one, low, c[r][0]);
                if (columns > 1) c[r][1] = _mm512_fmadd_ps(one, high, c[r][1]);
            }
        }
    }
    UNROLL(14) for (int r = 0; r < rows; r++)
        UNROLL(2) for (int h = 0; h < columns; h++) _mm512_mask_storeu_ps(out + r * out_stride + h * WINO_LANES, mask[h], c[r][h]);
}

typedef void sum_of_rows(const conv_shape *, int64_t, int64_t, const float *, const float *, const __mmask16[2], float *, int64_t);
#define SUM(n) \
    static AVX512 void sum_##n(const conv_shape *s, int64_t from, int64_t to, const float *a, const float *b, const __mmask16 mask[2], \
                               float *out, int64_t stride) { sum(n, 2, s, from, to, a, b, mask, out, stride); } \
    static AVX512 void sum_half_##n(const conv_shape *s, int64_t from, int64_t to, const float *a, const float *b, const __mmask16 mask[2], \
                                    float *out, int64_t stride) { sum(n, 1, s, from, to, a, b, mask, out, stride); }
SUM(1) SUM(2) SUM(3) SUM(4) SUM(5) SUM(6) SUM(7) SUM(8) SUM(9) SUM(10) SUM(11) SUM(12) SUM(13) SUM(14)

static sum_of_rows *const sums_by_rows[2][ROWS + 1] = {
    { NULL, sum_1, sum_2, sum_3, sum_4, sum_5, sum_6, sum_7, sum_8, sum_9, sum_10, sum_11, sum_12, sum_13, sum_14 },
    { NULL, sum_half_1, sum_half_2, sum_half_3, sum_half_4, sum_half_5, sum_half_6, sum_half_7, sum_half_8, sum_half_9, sum_half_10,
      sum_half_11, sum_half_12, sum_half_13, sum_half_14 }
};

/* One part of the sum for one tap's 32 outputs and all channels of x, into d [c, taps, k] */
static void sum_column(const plan *p, const conv_shape *s, const float *x, const float *gy, int64_t part, int64_t column, float *d)
{
    const int64_t tap = column / p->width, first = column % p->width * WINO_WIDTH, left = s->k - first, pieces = blocks_of(s->c, ROWS);
    const int64_t from = part_begin(s->n * s->h, p->bands, part), to = part_begin(s->n * s->h, p->bands, part + 1);
    const int64_t low = least(WINO_LANES, left), high = least(WINO_LANES, most(0, left - WINO_LANES));
    const __mmask16 mask[2] = { (__mmask16)((1u << low) - 1), (__mmask16)((1u << high) - 1) };
    for (int64_t i = 0; i < pieces; i++) {
        const int64_t at = s->c * i / pieces, n = s->c * (i + 1) / pieces - at;
        sums_by_rows[left <= WINO_LANES][n](s, from, to, x + at, gy + place(s, 0, tap) * s->ys + first, mask,
            d + (at * p->taps + tap) * s->k + first, p->taps * s->k);
    }
}

static void run_weights(const context *c, const conv_kernel *k, const real *x, const real *gy, const real *bias, real *gw, int add)
{
    const plan *p = k->state;
    const int64_t size = conv_weights(&k->s);
    float *d = c->work;
    (void)bias;
    #pragma omp parallel
    {
        #pragma omp for collapse(2) schedule(static)
        for (int64_t part = 0; part < p->bands; part++)
            for (int64_t column = 0; column < p->columns; column++)
                sum_column(p, &k->s, (const float *)x, (const float *)gy, part, column, d + part * size);
        #pragma omp for simd schedule(static)
        for (int64_t i = 0; i < size; i++) {
            float whole = add ? (float)gw[i] : 0;
            for (int64_t part = 0; part < p->bands; part++) whole += d[part * size + i];
            gw[i] = (real)whole;
        }
    }
}

/* Parts of the sum: about 1 MiB of maps each, their copies of the weights no more than 4 MiB together */
static int64_t parts_of(const conv_shape *s, const plan *p)
{
    enum { MIB = 1 << 20 };
    const int64_t each = (int64_t)sizeof(float), maps = s->n * s->h * s->w * (s->c + p->taps * s->k) * each;
    return least(s->n * s->h, most(1, least(maps / MIB, 4 * MIB / (conv_weights(s) * each))));
}

static void release(conv_kernel *k) { free(k->state); }

int deconv_avx512_make(const conv_shape *s, conv_pass pass, conv_kernel *k)
{
    const int apart = s->transposed && s->kh == s->sh && s->kw == s->sw && s->dh == 1 && s->dw == 1 && !s->top && !s->left &&
        s->oh == s->h * s->sh && s->ow == s->w * s->sw, simple = s->act == ACT_LINEAR || s->act == ACT_RELU || s->act == ACT_LEAKY;
    if (!apart || sizeof(real) != sizeof(float) || !__builtin_cpu_supports("avx512f")) return 0;
    if ((pass == CONV_FORWARD && !simple) || s->kh * s->kw > MAX_TAPS) return 0;
    const int backward = pass == CONV_DATA;
    plan *p = xalloc(sizeof *p);
    *p = (plan){ .taps = s->kh * s->kw, .width = blocks_of(backward ? s->c : s->k, WINO_WIDTH), .backward = backward };
    if (pass == CONV_WEIGHTS && conv_weights(s) > (1 << 18)) { free(p); return 0; }      /* 1 MiB: beyond, a matrix product is faster */
    if (pass == CONV_WEIGHTS) {
        p->columns = p->width * p->taps, p->bands = parts_of(s, p);
        *k = (conv_kernel){ .name = "rows avx512", .s = *s, .run = run_weights, .release = release, .state = p,
            .work = (size_t)(p->bands * conv_weights(s)) * sizeof(float) };
        return 1;
    }
    p->columns = backward ? p->width : p->width * p->taps, p->depth = backward ? p->taps * s->k : s->c;
    p->band = blocks_of(BAND, s->w), p->bands = blocks_of(s->n * s->h, p->band);
    *k = (conv_kernel){ .name = "rows avx512", .s = *s, .pack = pack, .run = run, .release = release, .state = p,
        .packed = (size_t)(p->columns * p->depth * WINO_WIDTH) * sizeof(float) };
    return 1;
}
