/* conv_few_avx512.c - convolutions to one to four outputs (a rebuilt film, a critic's verdict), stride 1, in float32 on a processor with AVX-512. A
 * product of matrices wants 16 outputs beside each other and would throw most of them away; here the lanes are channels of x.
 *
 * Weights are packed as P [tap][16 channels][output][16]. Forward 6 pixels x all outputs stay in registers while taps and channels run by, and lanes are
 * added at the end. Backward the small map gy is copied with a frame of zeros, so that no pixel has a border: data takes 8 pixels x 32 channels, gw
 * 32 channels x all taps of a kernel row, summed over image rows in parts that the shape alone decides. Each sum has one order, whatever
 * the number of threads. */
#include "kernels/conv.h"
#include "kernels/loop.h"
#include "kernels/winograd_avx512.h"
#include "base/die.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FEW = 4, AHEAD = 6, BACK = 8, ROW_PAIRS = 16, MOST_CHANNELS = 4096, MIB = 1 << 20 };

typedef struct plan { int64_t taps, lines, parts, wide, frame; } plan;    /* lines: of 16 channels; wide, frame: floats of a row, of all, of framed gy */

static const float zeros[MOST_CHANNELS];
static __attribute__((aligned(64))) const float none[WINO_LANES];

static void pack(const context *c, const conv_kernel *k, const real *w, void *to)
{
    const plan *p = k->state;
    const conv_shape *s = &k->s;
    (void)c;
    for (int64_t t = 0; t < p->taps; t++)
        for (int64_t i = 0; i < s->c; i++)
            for (int64_t o = 0; o < s->k; o++)
                ((float *)to)[((t * p->lines + i / WINO_LANES) * s->k + o) * WINO_LANES + i % WINO_LANES] = (float)w[(t * s->c + i) * s->k + o];
}

/* ---- forward ---- */

/* `count` of AHEAD output pixels of a row from column j on: u, its row */
INLINE void ahead(const int outputs, const plan *p, const conv_shape *s, const float *x, const float *w, const float *bias, int64_t u, int64_t j,
                  int64_t count, float *y)
{
    vec sum[AHEAD][FEW];
    UNROLL(6) for (int r = 0; r < AHEAD; r++) UNROLL(4) for (int o = 0; o < outputs; o++) sum[r][o] = _mm512_setzero_ps();
    for (int64_t t = 0; t < p->taps; t++, w += p->lines * outputs * WINO_LANES) {
        const int64_t row = u % s->oh + t / s->kw - s->top, at = j + t % s->kw - s->left;
        if (row < 0 || row >= s->h) continue;
        const float *in[AHEAD], *line = x + (u / s->oh * s->h + row) * s->w * s->xs, *b = w;
        for (int64_t r = 0; r < AHEAD; r++) in[r] = r < count && at + r >= 0 && at + r < s->w ? line + (at + r) * s->xs : zeros;
        for (int64_t i = 0; i < p->lines * WINO_LANES; i += WINO_LANES, b += outputs * WINO_LANES) {
            vec weight[FEW];
            UNROLL(4) for (int o = 0; o < outputs; o++) weight[o] = _mm512_load_ps(b + o * WINO_LANES);
            UNROLL(6) for (int r = 0; r < AHEAD; r++) {
                const vec one = _mm512_loadu_ps(in[r] + i);
                UNROLL(4) for (int o = 0; o < outputs; o++) sum[r][o] = _mm512_fmadd_ps(one, weight[o], sum[r][o]);
            }
        }
    }
    for (int64_t r = 0; r < count; r++)
        UNROLL(4) for (int o = 0; o < outputs; o++)
            y[r * s->ys + o] = (float)act_value(s->act, (real)((bias ? bias[o] : 0) + _mm512_reduce_add_ps(sum[r][o])), s->slope);
}

typedef void ahead_of(const plan *, const conv_shape *, const float *, const float *, const float *, int64_t, int64_t, int64_t, float *);
#define AHEAD_OF(n) static AVX512 void ahead_##n(const plan *p, const conv_shape *s, const float *x, const float *w, const float *bias, int64_t u, \
    int64_t j, int64_t count, float *y) { ahead(n, p, s, x, w, bias, u, j, count, y); }
AHEAD_OF(1) AHEAD_OF(2) AHEAD_OF(3) AHEAD_OF(4)
static ahead_of *const ahead_by[FEW + 1] = { NULL, ahead_1, ahead_2, ahead_3, ahead_4 };

static void run_forward(const context *c, const conv_kernel *k, const real *x, const real *w, const real *bias, real *y, int add)
{
    const plan *p = k->state;
    const conv_shape *s = &k->s;
    (void)c, (void)add;
    #pragma omp parallel for schedule(static)
    for (int64_t u = 0; u < s->n * s->oh; u++)
        for (int64_t j = 0; j < s->ow; j += AHEAD)
            ahead_by[s->k](p, s, (const float *)x, (const float *)w, (const float *)bias, u, j, least(AHEAD, s->ow - j), (float *)y + (u * s->ow + j) * s->ys);
}

/* ---- backward: gy in its frame ---- */

/* Row i of sample n of x reads, for kernel row a, row i + kh - 1 - a of the frame; pixels likewise. */
static void put_frame(const plan *p, const conv_shape *s, const float *gy, float *frame)
{
    const int64_t high = s->h + s->kh - 1, up = s->kh - 1 - s->top, before = s->kw - 1 - s->left;
    #pragma omp parallel for schedule(static)
    for (int64_t r = 0; r < s->n * high; r++) {
        float *to = frame + r * p->wide;
        const int64_t u = r % high - up;
        memset(to, 0, (size_t)p->wide * sizeof *to);
        for (int64_t j = 0; j < s->ow && u >= 0 && u < s->oh; j++)
            for (int64_t o = 0; o < s->k; o++) to[(j + before) * s->k + o] = gy[((r / high * s->oh + u) * s->ow + j) * s->ys + o];
    }
    memset(frame + s->n * high * p->wide, 0, (size_t)(p->frame - s->n * high * p->wide) * sizeof *frame);
}

/* where kernel row a of image row r (all samples) begins in the frame */
static int64_t framed(const plan *p, const conv_shape *s, int64_t r, int64_t a)
{
    return (r / s->h * (s->h + s->kh - 1) + r % s->h + s->kh - 1 - a) * p->wide;
}

/* `count` of BACK pixels of image row r from column j on, one or two lines of 16 channels */
INLINE void back(const int columns, const plan *p, const conv_shape *s, const float *frame, const float *w, int64_t r, int64_t j, int64_t count,
                 int64_t line, float *gx, int add)
{
    vec sum[BACK][2];
    UNROLL(8) for (int q = 0; q < BACK; q++) sum[q][0] = sum[q][1] = _mm512_setzero_ps();
    for (int64_t t = 0; t < p->taps; t++) {
        const float *g = frame + framed(p, s, r, t / s->kw) + (j + s->kw - 1 - t % s->kw) * s->k, *b = w + (t * p->lines + line) * s->k * WINO_LANES;
        for (int64_t o = 0; o < s->k; o++) {
            const vec low = _mm512_load_ps(b + o * WINO_LANES), high = columns > 1 ? _mm512_load_ps(b + (s->k + o) * WINO_LANES) : low;
            UNROLL(8) for (int q = 0; q < BACK; q++) {
                const vec one = _mm512_set1_ps(g[q * s->k + o]);
                sum[q][0] = _mm512_fmadd_ps(one, low, sum[q][0]);
                if (columns > 1) sum[q][1] = _mm512_fmadd_ps(one, high, sum[q][1]);
            }
        }
    }
    for (int q = 0; q < count; q++)
        for (int h = 0; h < columns; h++) {
            float *to = gx + q * s->xs + h * WINO_LANES;
            _mm512_storeu_ps(to, add ? _mm512_add_ps(_mm512_loadu_ps(to), sum[q][h]) : sum[q][h]);
        }
}

static AVX512 void back_row(const plan *p, const conv_shape *s, const float *frame, const float *w, int64_t r, float *gx, int add)
{
    for (int64_t j = 0; j < s->w; j += BACK)
        for (int64_t line = 0; line < p->lines; line += 2) {
            float *to = gx + (r * s->w + j) * s->xs + line * WINO_LANES;
            if (line + 1 < p->lines) back(2, p, s, frame, w, r, j, least(BACK, s->w - j), line, to, add);
            else back(1, p, s, frame, w, r, j, least(BACK, s->w - j), line, to, add);
        }
}

static void run_data(const context *c, const conv_kernel *k, const real *gy, const real *w, const real *bias, real *gx, int add)
{
    const plan *p = k->state;
    const conv_shape *s = &k->s;
    (void)bias;
    put_frame(p, s, (const float *)gy, c->work);
    #pragma omp parallel for schedule(static)
    for (int64_t r = 0; r < s->n * s->h; r++) back_row(p, s, c->work, (const float *)w, r, (float *)gx, add);
}

/* ---- weights ---- */

/* Kernel row a, `pairs` of its taps x outputs, 32 channels (or 16: the second line is then `none`), over image rows from .. to - 1, into d [taps c k] */
INLINE void sum(const int pairs, const plan *p, const conv_shape *s, const float *x, const float *frame, int64_t from, int64_t to, int64_t a, int64_t line,
                float *d)
{
    const int both = line + 1 < p->lines;
    vec v[ROW_PAIRS][2];
    UNROLL(16) for (int q = 0; q < pairs; q++) v[q][0] = v[q][1] = _mm512_setzero_ps();
    for (int64_t r = from; r < to; r++) {
        const float *g = frame + framed(p, s, r, a), *in = x + r * s->w * s->xs + line * WINO_LANES;
        for (int64_t j = 0; j < s->w; j++, g += s->k, in += s->xs) {
            const vec low = _mm512_loadu_ps(in), high = _mm512_loadu_ps(both ? in + WINO_LANES : none);
            UNROLL(16) for (int q = 0; q < pairs; q++) {
                const vec one = _mm512_set1_ps(g[q]);
                v[q][0] = _mm512_fmadd_ps(one, low, v[q][0]), v[q][1] = _mm512_fmadd_ps(one, high, v[q][1]);
            }
        }
    }
    for (int q = 0; q < pairs; q++)
        for (int h = 0; h < 1 + both; h++) {
            float lane[WINO_LANES], *out = d + ((a * s->kw + s->kw - 1 - q / s->k) * s->c + (line + h) * WINO_LANES) * s->k + q % s->k;
            _mm512_storeu_ps(lane, v[q][h]);
            for (int i = 0; i < WINO_LANES; i++) out[i * s->k] = lane[i];
        }
}

typedef void sum_of(const plan *, const conv_shape *, const float *, const float *, int64_t, int64_t, int64_t, int64_t, float *);
#define SUM(n) static AVX512 void sum_##n(const plan *p, const conv_shape *s, const float *x, const float *frame, int64_t from, int64_t to, int64_t a, \
    int64_t line, float *d) { sum(n, p, s, x, frame, from, to, a, line, d); }
SUM(1) SUM(2) SUM(3) SUM(4) SUM(5) SUM(6) SUM(7) SUM(8) SUM(9) SUM(10) SUM(11) SUM(12) SUM(13) SUM(14) SUM(15) SUM(16)
static sum_of *const sum_by[ROW_PAIRS + 1] = { NULL, sum_1, sum_2, sum_3, sum_4, sum_5, sum_6, sum_7, sum_8, sum_9, sum_10, sum_11, sum_12, sum_13, sum_14,
                                               sum_15, sum_16 };

static int64_t in_work(int64_t floats) { return (floats + WINO_LANES - 1) / WINO_LANES * WINO_LANES; }

static void run_weights(const context *c, const conv_kernel *k, const real *x, const real *gy, const real *bias, real *gw, int add)
{
    const plan *p = k->state;
    const conv_shape *s = &k->s;
    const int64_t size = conv_weights(s), rows = s->n * s->h;
    float *frame = c->work, *d = frame + in_work(p->frame);
    (void)bias;
    put_frame(p, s, (const float *)gy, frame);
    #pragma omp parallel
    {
        #pragma omp for collapse(3) schedule(static)
        for (int64_t part = 0; part < p->parts; part++)
            for (int64_t line = 0; line < p->lines; line += 2)
                for (int64_t a = 0; a < s->kh; a++)
                    sum_by[s->kw * s->k](p, s, (const float *)x, frame, part_begin(rows, p->parts, part), part_begin(rows, p->parts, part + 1), a, line,
                        d + part * size);
        #pragma omp for simd schedule(static)
        for (int64_t i = 0; i < size; i++) {
            float whole = add ? (float)gw[i] : 0;
            for (int64_t part = 0; part < p->parts; part++) whole += d[part * size + i];
            gw[i] = (real)whole;
        }
    }
}

static void release(conv_kernel *k) { free(k->state); }

int conv_few_make(const conv_shape *s, conv_pass pass, conv_kernel *k)
{
    const int plain = !s->transposed && s->sh == 1 && s->sw == 1 && s->dh == 1 && s->dw == 1 && s->groups == 1;
    const int inside = s->top < s->kh && s->bottom < s->kh && s->left < s->kw && s->right < s->kw;
    if (!plain || !inside || sizeof(real) != sizeof(float) || !__builtin_cpu_supports("avx512f")) return 0;
    if (s->k > FEW || s->c % WINO_LANES || s->c > MOST_CHANNELS || s->kw * s->k > ROW_PAIRS || s->kh * s->kw < 2) return 0;
    plan *p = xalloc(sizeof *p);
    *p = (plan){ .taps = s->kh * s->kw, .lines = s->c / WINO_LANES, .wide = (s->w + s->kw - 1) * s->k };
    p->frame = s->n * (s->h + s->kh - 1) * p->wide + BACK * s->k;             /* the last block reads beyond its row */
    p->parts = least(s->n * s->h, most(1, least(s->n * s->h * s->w * s->c * 4 / MIB, 4 * MIB / (conv_weights(s) * 4))));
    *k = (conv_kernel){ .name = "few avx512", .s = *s, .release = release, .state = p };
    if (pass == CONV_FORWARD) k->run = run_forward;
    else if (pass == CONV_DATA) k->run = run_data, k->work = (size_t)p->frame * sizeof(float);
    else k->run = run_weights, k->work = (size_t)(in_work(p->frame) + p->parts * conv_weights(s)) * sizeof(float);
    if (pass != CONV_WEIGHTS) k->pack = pack, k->packed = (size_t)(p->taps * s->c * s->k) * sizeof(float);
    return 1;
}
