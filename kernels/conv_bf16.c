/* conv_bf16.c - weight gradients from bf16 factors: a matrix product along pixels, in AMX tiles or by AVX512-BF16.
 *
 * Of the two maps the taps read the broad one (x; gy of a transposed convolution), the narrow one has a pixel per kernel position.
 * Rows of both are packed as one line of `pitch` positions a row, wide enough for the padding: a tap then is nothing but a shift of
 * that line, (a pitch + b) positions, whatever the row. Instructions multiply neighbouring pixels in pairs, so the broad map lies
 * [channel][position], where any shift is an address, and the narrow one, which never shifts, [position / 2][channel][2]. Between its
 * rows the narrow line holds zeros, which takes what the broad line has there out of the sums. With a stride, the broad map is dealt
 * into as many lines as it has phases.
 * Chunks of rows that fit into L2 are packed and multiplied at once. A task is a part of the chunks and a group of narrow channels (with one
 * tap, where packing costs as much as multiplying, also a group of broad ones); it adds to sums of its own. Parts follow from the shape alone and are added in order: same bits for any number of threads.
 * The trap: gcc's tile instructions do not tell the compiler that they read and write memory; FENCE does. */
#include "kernels/conv_bf16.h"
#if DNN_TAKES(REAL) && defined __x86_64__
#include "kernels/loop.h"
#include "base/die.h"
#include "base/machine.h"
#include <immintrin.h>
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum {
    EDGE = 16,                           /* channels along a side of a block of sums */
    STEP = 32,                           /* positions that one tile instruction sums over */
    DEPTH = 12 * STEP,                   /* positions multiplied before the next block: what both factors keep in L1 */
    GROUP = 8,                           /* most blocks of narrow channels in a task */
    SQUARE = 24,                         /* with one tap: most blocks of either map's channels */
    CHUNK = 1 << 19,                     /* bytes of packed rows, about */
    SUMS = 16 << 20, PARTS = 32          /* bytes of sums of all parts, most parts */
};
#define PACKS __attribute__((target("avx512f,avx512bw,avx512vl,avx512bf16")))
#define INLINE inline __attribute__((always_inline))
#define FENCE __asm__ volatile("" ::: "memory")

typedef struct { int64_t h, w, channels, stride, blocks; int half; } map;        /* half: its numbers are bf16, not float */

/* sums (+)= a b for two by two blocks, fewer where m2 or n2 is 0. a: [EDGE][lda] of two blocks of the broad map; b: [STEP / 2][EDGE][2]
 * a step; sums: two blocks, those of the second b `wide` floats further. */
typedef void product(int64_t steps, const uint16_t *const a[2], int64_t lda, const uint16_t *const b[2], float *sums, int64_t wide,
                     int m2, int n2, int add);

typedef struct plan {
    map broad, narrow;
    int64_t n, taps, kw, sh, sw, top, left;
    int64_t phases_h, phases_w, reach_h, reach_w;              /* lines of the broad map; positions that a tap shifts at most */
    int64_t pitch, rows, length;                               /* positions a row, rows a chunk, positions a channel of a line */
    int64_t chunks, parts, groups, group;                      /* chunks of an image; group: blocks of narrow channels in one */
    int64_t broad_groups, broad_group;                         /* the same of broad channels */
    int64_t at_tap, at_broad, at_narrow;                       /* from one weight to the next along each */
    int transposed, threads;
    size_t at_packed, packed;                                  /* where packed rows lie in scratch; bytes of those of one thread */
    product *multiply;
    void (*enter)(void), (*leave)(void);                       /* around the work of a thread */
} plan;

static int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
static int64_t round_up(int64_t a, int64_t b) { return ceil_div(a, b) * b; }
static int64_t line_floats(const plan *p) { return p->broad_group * EDGE * p->length; }
static int64_t part_floats(const plan *p) { return p->taps * p->broad.blocks * p->narrow.blocks * EDGE * EDGE; }

/* ---- packing ---- */

/* where number i of a map stands */
static INLINE const void *number(int half, const void *p, int64_t i)
{
    return half ? (const void *)((const uint16_t *)p + i) : (const void *)((const float *)p + i);
}

/* Channels of two neighbouring pixels, each pair in one 32-bit word; NULL: a pixel of zeros */
PACKS static INLINE __m512i pixel_pair(int half, const void *even, const void *odd, __mmask16 channels)
{
    const __m512i deal = _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8,
                                          23, 7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
    if (half) {
        __m256i a = even ? _mm256_maskz_loadu_epi16(channels, even) : _mm256_setzero_si256();
        __m256i b = odd ? _mm256_maskz_loadu_epi16(channels, odd) : _mm256_setzero_si256();
        return _mm512_permutexvar_epi16(deal, _mm512_inserti64x4(_mm512_castsi256_si512(a), b, 1));
    }
    __m512 a = even ? _mm512_maskz_loadu_ps(channels, even) : _mm512_setzero_ps();
    __m512 b = odd ? _mm512_maskz_loadu_ps(channels, odd) : _mm512_setzero_ps();
    return _mm512_permutexvar_epi16(deal, (__m512i)_mm512_cvtne2ps_pbh(b, a));
}

PACKS static void transpose(__m512i r[EDGE])
{
    __m512i t[EDGE];
    #pragma GCC unroll 8
    for (int i = 0; i < 16; i += 2)
        t[i] = _mm512_unpacklo_epi32(r[i], r[i + 1]), t[i + 1] = _mm512_unpackhi_epi32(r[i], r[i + 1]);
    #pragma GCC unroll 4
    for (int i = 0; i < 16; i += 4) {
        r[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]), r[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
        r[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]), r[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
    }
    #pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
        t[i] = _mm512_shuffle_i32x4(r[i], r[4 + i], 0x88), t[4 + i] = _mm512_shuffle_i32x4(r[8 + i], r[12 + i], 0x88);
        t[8 + i] = _mm512_shuffle_i32x4(r[i], r[4 + i], 0xdd), t[12 + i] = _mm512_shuffle_i32x4(r[8 + i], r[12 + i], 0xdd);
    }
    #pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
        r[i] = _mm512_shuffle_i32x4(t[i], t[4 + i], 0x88), r[8 + i] = _mm512_shuffle_i32x4(t[i], t[4 + i], 0xdd);
        r[4 + i] = _mm512_shuffle_i32x4(t[8 + i], t[12 + i], 0x88), r[12 + i] = _mm512_shuffle_i32x4(t[8 + i], t[12 + i], 0xdd);
    }
}

static __mmask16 channels_of(const map *m, int64_t block)
{
    return (__mmask16)((1u << least(EDGE, m->channels - block * EDGE)) - 1);
}

/* column v of a row, or NULL outside it; row NULL: a row of padding */
static INLINE const void *pixel(int half, const map *m, const void *row, int64_t v)
{
    return row && v >= 0 && v < m->w ? number(half, row, v * m->stride) : NULL;
}

/* One row of EDGE channels of the broad map, every sw-th pixel from `left` before or behind its first, to `to` [EDGE][length]. Writes up
 * to STEP - 1 positions beyond the pitch: the next row or the tail writes them again. */
PACKS static INLINE void pack_broad_row(int half, const plan *p, const void *row, int64_t first, __mmask16 channels, uint16_t *to)
{
    for (int64_t q = 0; q < p->pitch; q += STEP) {
        __m512i r[EDGE];
        #pragma GCC unroll 16
        for (int i = 0; i < EDGE; i++) {
            int64_t v = (q + 2 * i) * p->sw + first;
            r[i] = pixel_pair(half, pixel(half, &p->broad, row, v), pixel(half, &p->broad, row, v + p->sw), channels);
        }
        transpose(r);
        #pragma GCC unroll 16
        for (int i = 0; i < EDGE; i++) _mm512_storeu_si512(to + i * p->length + q, r[i]);
    }
}

/* the lines that kernel positions of narrow rows row.. row + rows - 1 read, of `blocks` blocks of channels from `first_block` on */
PACKS static void pack_broad(const plan *p, const void *image, int64_t row, int64_t rows, int64_t first_block, int64_t blocks, uint16_t *to)
{
    const map *m = &p->broad;
    int64_t end = (rows + p->reach_h) * p->pitch, tail = least(p->length - end, 2 * STEP + p->reach_w);
    for (int64_t phase = 0; phase < p->phases_h * p->phases_w; phase++, to += line_floats(p))
        for (int64_t block = 0; block < blocks; block++) {
            const int64_t at = first_block + block;
            uint16_t *line = to + block * EDGE * p->length;
            for (int64_t r = 0; r < rows + p->reach_h; r++) {
                int64_t u = (row + r) * p->sh + phase / p->phases_w - p->top;
                const void *from = u >= 0 && u < m->h ? number(m->half, image, u * m->w * m->stride + at * EDGE) : NULL;
                const int64_t first = phase % p->phases_w - p->left;
                if (m->half) pack_broad_row(1, p, from, first, channels_of(m, at), line + r * p->pitch);
                else pack_broad_row(0, p, from, first, channels_of(m, at), line + r * p->pitch);
            }
            for (int i = 0; i < EDGE; i++) memset(line + i * p->length + end, 0, (size_t)tail * sizeof *line);
        }
}

/* narrow rows, channels of one block, to [position / 2][EDGE][2], with zeros up to a whole step */
PACKS static INLINE void pack_narrow_as(int half, const plan *p, const void *from, int64_t rows, __mmask16 channels, uint16_t *to)
{
    const map *m = &p->narrow;
    for (int64_t r = 0; r < rows; r++)
        for (int64_t j = 0; j < p->pitch; j += 2, to += 2 * EDGE) {
            const void *row = number(half, from, r * m->w * m->stride);
            _mm512_storeu_si512(to, pixel_pair(half, pixel(half, m, row, j), pixel(half, m, row, j + 1), channels));
        }
    memset(to, 0, (size_t)(round_up(rows * p->pitch, STEP) - rows * p->pitch) * EDGE * sizeof *to);
}

PACKS static void pack_narrow(const plan *p, const void *from, int64_t rows, __mmask16 channels, uint16_t *to)
{
    if (p->narrow.half) pack_narrow_as(1, p, from, rows, channels, to);
    else pack_narrow_as(0, p, from, rows, channels, to);
}

/* ---- multiplying ---- */

static void tiles_enter(void)
{
    const struct { uint8_t palette, start, zero[14]; uint16_t bytes[16]; uint8_t rows[16]; } config =
        { .palette = 1, .bytes = { 64, 64, 64, 64, 64, 64, 64, 64 }, .rows = { 16, 16, 16, 16, 16, 16, 16, 16 } };
    FENCE;
    __asm__ volatile("ldtilecfg %0" :: "m"(config));
}
static void tiles_leave(void) { __asm__ volatile("tilerelease"); }

__attribute__((target("amx-tile,amx-bf16")))
static void multiply_tiles(int64_t steps, const uint16_t *const a[2], int64_t lda, const uint16_t *const b[2], float *sums, int64_t wide,
                           int m2, int n2, int add)
{
    enum { BLOCK = EDGE * EDGE, LINE = EDGE * sizeof(float) };
    const size_t row = (size_t)lda * sizeof(uint16_t);
    FENCE;
    _tile_zero(0); _tile_zero(1); _tile_zero(2); _tile_zero(3);
    if (add) {
        _tile_loadd(0, sums, LINE);
        if (m2) _tile_loadd(1, sums + BLOCK, LINE);
        if (n2) _tile_loadd(2, sums + wide, LINE);
        if (m2 && n2) _tile_loadd(3, sums + wide + BLOCK, LINE);
    }
    for (int64_t i = 0; i < steps; i++) {
        _tile_loadd(4, a[0] + i * STEP, row);
        _tile_loadd(6, b[0] + i * STEP * EDGE, LINE);
        _tile_dpbf16ps(0, 4, 6);
        if (m2) { _tile_loadd(5, a[1] + i * STEP, row); _tile_dpbf16ps(1, 5, 6); }
        if (n2) { _tile_loadd(7, b[1] + i * STEP * EDGE, LINE); _tile_dpbf16ps(2, 4, 7); }
        if (m2 && n2) _tile_dpbf16ps(3, 5, 7);
    }
    _tile_stored(0, sums, LINE);
    if (m2) _tile_stored(1, sums + BLOCK, LINE);
    if (n2) _tile_stored(2, sums + wide, LINE);
    if (m2 && n2) _tile_stored(3, sums + wide + BLOCK, LINE);
    FENCE;
}

PACKS static void multiply_block(int64_t steps, const uint16_t *a, int64_t lda, const uint16_t *b, float *sums, int add)
{
    __m512 sum[EDGE];
    #pragma GCC unroll 16
    for (int i = 0; i < EDGE; i++) sum[i] = add ? _mm512_loadu_ps(sums + i * EDGE) : _mm512_setzero_ps();
    for (int64_t q = 0; q < steps * STEP; q += 2) {
        const __m512bh pairs = (__m512bh)_mm512_loadu_si512(b + q * EDGE);
        #pragma GCC unroll 16
        for (int i = 0; i < EDGE; i++) {
            int pair;
            memcpy(&pair, a + i * lda + q, sizeof pair);
            sum[i] = _mm512_dpbf16_ps(sum[i], (__m512bh)_mm512_set1_epi32(pair), pairs);
        }
    }
    #pragma GCC unroll 16
    for (int i = 0; i < EDGE; i++) _mm512_storeu_ps(sums + i * EDGE, sum[i]);
}

static void multiply_vectors(int64_t steps, const uint16_t *const a[2], int64_t lda, const uint16_t *const b[2], float *sums, int64_t wide,
                             int m2, int n2, int add)
{
    for (int n = 0; n <= n2; n++)
        for (int m = 0; m <= m2; m++) multiply_block(steps, a[m], lda, b[n], sums + n * wide + m * EDGE * EDGE, add);
}

/* where the line of block m, counted [broad block][tap], starts as its tap shifts it */
static const uint16_t *shifted(const plan *p, const uint16_t *lines, int64_t m)
{
    int64_t a = m % p->taps / p->kw, b = m % p->taps % p->kw, phase = a % p->sh * p->phases_w + b % p->sw;
    return lines + phase * line_floats(p) + m / p->taps * EDGE * p->length + a / p->sh * p->pitch + b / p->sw;
}

/* sums [blocks of narrow channels][broad block][tap][EDGE][EDGE] of one chunk; a depth of both factors stays in L1 while the taps pass */
static void multiply_chunk(const plan *p, int64_t steps, const uint16_t *lines, int64_t broad_blocks, const uint16_t *pairs, int64_t blocks,
                           float *sums, int add)
{
    const int64_t count = broad_blocks * p->taps, next = p->pitch * p->rows + STEP, wide = p->broad.blocks * p->taps * EDGE * EDGE;
    for (int64_t q = 0; q < steps * STEP; q += DEPTH)
        for (int64_t n = 0; n < blocks; n += 2)
            for (int64_t m = 0; m < count; m += 2) {
                const int m2 = m + 1 < count, n2 = n + 1 < blocks;
                const uint16_t *a[2] = { shifted(p, lines, m) + q, shifted(p, lines, m + m2) + q };
                const uint16_t *b[2] = { pairs + (n * next + q) * EDGE, pairs + ((n + n2) * next + q) * EDGE };
                p->multiply(least(DEPTH / STEP, steps - q / STEP), a, p->length, b, sums + n * wide + m * EDGE * EDGE, wide, m2, n2,
                            add || q);
            }
}

/* ---- running ---- */

/* one group of channels of either map, of one part: packed is this thread's own memory, sums those of the part */
static void run_task(const plan *p, const void *broad, const void *narrow, int64_t part, int64_t group, uint16_t *packed, float *sums)
{
    const map *x = &p->broad, *y = &p->narrow;
    const int64_t first = group % p->groups * p->group, blocks = least(p->group, y->blocks - first), all = p->n * p->chunks;
    const int64_t first_x = group / p->groups * p->broad_group, blocks_x = least(p->broad_group, x->blocks - first_x);
    const int64_t begin = part_begin(all, p->parts, part), end = part_begin(all, p->parts, part + 1);
    uint16_t *pairs = packed + p->phases_h * p->phases_w * line_floats(p);
    for (int64_t q = begin; q < end; q++) {
        const int64_t n = q / p->chunks, row = q % p->chunks * p->rows, rows = least(p->rows, y->h - row);
        pack_broad(p, number(x->half, broad, n * x->h * x->w * x->stride), row, rows, first_x, blocks_x, packed);
        for (int64_t b = 0; b < blocks; b++)
            pack_narrow(p, number(y->half, narrow, (n * y->h + row) * y->w * y->stride + (first + b) * EDGE), rows, channels_of(y, first + b),
                        pairs + b * (p->pitch * p->rows + STEP) * EDGE);
        multiply_chunk(p, ceil_div(rows * p->pitch, STEP), packed, blocks_x, pairs, blocks,
                       sums + (first * x->blocks + first_x) * p->taps * EDGE * EDGE, q > begin);
    }
}

static INLINE void add_line(const float *sum, float *to, int add)
{
    #pragma omp simd
    for (int j = 0; j < EDGE; j++) to[j] = (add ? to[j] : 0) + sum[j];
}

/* gw (+)= the sums of all parts, block by block */
static void add_parts(const plan *p, const float *sums, float *gw, int add)
{
    const int64_t count = p->broad.blocks * p->taps;
    #pragma omp parallel for schedule(static)
    for (int64_t q = 0; q < count * p->narrow.blocks; q++) {
        float sum[EDGE * EDGE] = { 0 };
        for (int64_t part = 0; part < p->parts; part++) {
            const float *from = sums + part * part_floats(p) + q * EDGE * EDGE;
            #pragma omp simd
            for (int i = 0; i < EDGE * EDGE; i++) sum[i] += from[i];
        }
        const int64_t m = q % count / p->taps * EDGE, n = q / count * EDGE;
        float *to = gw + q % p->taps * p->at_tap + m * p->at_broad + n * p->at_narrow;
        if (p->at_narrow == 1 && p->narrow.channels - n >= EDGE) {         /* whole lines of weights */
            for (int64_t i = 0; i < least(EDGE, p->broad.channels - m); i++) add_line(sum + i * EDGE, to + i * p->at_broad, add);
            continue;
        }
        for (int64_t i = 0; i < least(EDGE, p->broad.channels - m); i++)
            for (int64_t j = 0; j < least(EDGE, p->narrow.channels - n); j++) {
                float *w = to + i * p->at_broad + j * p->at_narrow;
                *w = (add ? *w : 0) + sum[i * EDGE + j];
            }
    }
}

static void run_weights(const context *c, const conv_kernel *k, const real *x, const real *gy, const real *bias, real *gw, int add)
{
    const plan *p = k->state;
    const void *broad = p->transposed ? gy : x, *narrow = p->transposed ? x : gy;
    const int64_t groups = p->groups * p->broad_groups;
    (void)bias;
    #pragma omp parallel num_threads((int)least(p->threads, omp_get_max_threads()))
    {
        uint16_t *packed = (uint16_t *)((char *)c->work + p->at_packed + (size_t)omp_get_thread_num() * p->packed);
        p->enter();
        #pragma omp for schedule(dynamic)
        for (int64_t q = 0; q < p->parts * groups; q++)
            run_task(p, broad, narrow, q / groups, q % groups, packed, (float *)c->work + q / groups * part_floats(p));
        p->leave();
    }
    add_parts(p, c->work, gw, add);
}

/* ---- choosing ---- */

static void nothing(void) {}
static void release(conv_kernel *k) { free(k->state); }

static int cpu_has(bf16_path path)
{
    enum { REQUEST_PERMISSION = 0x1023, TILE_DATA = 18 };      /* Linux gives the tiles' memory to who asks for it */
    const machine m = machine_read();                          /* not the compiler's test: not every compiler knows these names */
    if (!machine_has(&m, "avx512f") || !machine_has(&m, "avx512bw") || !machine_has(&m, "avx512vl") || !machine_has(&m, "avx512_bf16")) return 0;
    return path == BF16_AVX512 || (machine_has(&m, "amx_bf16") && !syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA));
}

static int taken(const conv_shape *s)
{
    return s->groups == 1 && s->dh == 1 && s->dw == 1 && s->kh <= 7 && s->kw <= 7 && s->sh <= 2 && s->sw <= 2
        && ((s->c >= 8 && s->k >= 8) || s->x16 || s->y16);     /* few channels: a gain only against a copy of the map */
}

/* rows a chunk, and how the sum is cut; from the shape alone */
static void cut(plan *p)
{
    const int64_t phases = p->phases_h * p->phases_w;
    p->groups = ceil_div(p->narrow.blocks, p->taps > 1 ? GROUP : SQUARE), p->group = ceil_div(p->narrow.blocks, p->groups);
    p->broad_groups = p->taps > 1 ? 1 : ceil_div(p->broad.blocks, SQUARE), p->broad_group = ceil_div(p->broad.blocks, p->broad_groups);
    p->pitch = round_up(p->narrow.w + p->reach_w, 2);
    const int64_t row = p->pitch * EDGE * (p->broad_group * phases + p->group) * (int64_t)sizeof(uint16_t);
    p->rows = least(most(1, CHUNK / row), p->narrow.h);
    p->chunks = ceil_div(p->narrow.h, p->rows), p->rows = ceil_div(p->narrow.h, p->chunks);
    /* an odd number of cache lines, so that the rows of a tile do not meet in one set of the cache */
    p->length = round_up((p->rows + p->reach_h) * p->pitch + 2 * STEP + p->reach_w, 2 * STEP) + STEP;
    p->parts = least(p->n * p->chunks, least(PARTS, most(1, SUMS / (part_floats(p) * (int64_t)sizeof(float)))));
    const int64_t packed = phases * line_floats(p) + p->group * (p->rows * p->pitch + STEP) * EDGE;
    p->packed = (size_t)round_up(packed * (int64_t)sizeof(uint16_t), 64);
    p->at_packed = (size_t)(p->parts * part_floats(p)) * sizeof(float);
}

int bf16_weights_make_by(bf16_path path, const conv_shape *s, conv_kernel *k)
{
    if (!taken(s) || !cpu_has(path)) return 0;
    const map x = { s->h, s->w, s->c, s->xs, ceil_div(s->c, EDGE), s->x16 }, y = { s->oh, s->ow, s->k, s->ys, ceil_div(s->k, EDGE), s->y16 };
    plan *p = xalloc(sizeof *p);
    *p = (plan){ .broad = s->transposed ? y : x, .narrow = s->transposed ? x : y, .n = s->n, .taps = s->kh * s->kw, .kw = s->kw,
        .sh = s->sh, .sw = s->sw, .top = s->top, .left = s->left, .phases_h = least(s->sh, s->kh), .phases_w = least(s->sw, s->kw),
        .reach_h = (s->kh - 1) / s->sh, .reach_w = (s->kw - 1) / s->sw, .transposed = s->transposed, .threads = omp_get_max_threads(),
        .at_tap = s->transposed ? s->k : s->c * s->k, .at_broad = s->transposed ? 1 : s->k,
        .at_narrow = s->transposed ? s->kh * s->kw * s->k : 1,
        .multiply = path == BF16_AMX ? multiply_tiles : multiply_vectors, .enter = path == BF16_AMX ? tiles_enter : nothing,
        .leave = path == BF16_AMX ? tiles_leave : nothing };
    if (p->taps == 1 && p->sh == 1 && p->sw == 1 && p->broad.h == p->narrow.h)     /* pixels of all images are one column: fewer, longer sums */
        p->broad.h *= p->n, p->narrow.h *= p->n, p->n = 1;
    cut(p);
    *k = (conv_kernel){ .s = *s, .run = run_weights, .release = release, .state = p,
        .work = p->at_packed + (size_t)p->threads * p->packed };
    snprintf(k->name, sizeof k->name, "bf16 %s", path == BF16_AMX ? "amx" : "avx512");
    return 1;
}

/* Vectors of bf16 are a gain where they multiply at the pace of float32; Intel's take twice as long, so that float32 is the faster, but
 * for maps in bf16. */
int bf16_weights_make(const conv_shape *s, conv_pass pass, conv_kernel *k)
{
    const int halves = s->x16 || s->y16;
    if (!(s->bf16 || halves) || pass != CONV_WEIGHTS) return 0;
    return bf16_weights_make_by(BF16_AMX, s, k) || ((halves || !__builtin_cpu_is("intel")) && bf16_weights_make_by(BF16_AVX512, s, k));
}
#endif
