/* winograd.c - the three passes of a Winograd convolution: what is cut how, who computes it, and where it is a gain.
 *
 * Tiles are taken in blocks that stay in cache: transform the patches of a block, multiply in each of the 36 planes, transform back.
 * Either every thread has blocks of its own, or, where filters are larger than a cache or tiles are few, all threads share one block at
 * a time and divide its channels. Which, and into how many parts a sum over tiles is cut, follows from the shape alone, never from
 * the number of threads, so that the bits do not either.
 *
 * Times as fast as oneDNN's direct convolution (2 images; forward, data, weights; the Zen 5 ran an earlier form of this code):
 *   channels, side    Xeon with AMX, 1 thread    Zen 5, 2 threads
 *     32, 128 (Zen: 256) 2.2  2.2  1.9             1.7  1.7  2.2
 *     64, 256            2.6  2.5  3.2             3.0  3.0  4.1
 *    512,  32            2.0  2.0  2.2             3.1  2.9  3.4
 *   1024,  16            1.8  1.9  2.2             2.0  1.8  3.9
 *    512,   8            1.3  1.4  1.2             1.2  1.0  1.9
 * and since half columns are not computed, of 16 channels at 512 x 256 (1 image, Xeon, 2 threads) 2.0 forward and 2.2 backward; not measured
 * on the Zen 5. Hence: from 16 channels on both sides on, and from 8 tiles on (2 images of 8 x 8). With 2 tiles it is no gain. */
#include "kernels/winograd.h"
#include "kernels/loop.h"
#include "kernels/winograd_avx512.h"
#include "base/die.h"
#include "base/machine.h"
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct plan {
    tiling g;
    int64_t c, k, depth, width;          /* channels in and out of the products; the same in blocks of 16 and 32 */
    int64_t in_stride, out_stride;       /* of the maps that have them; in the weights pass of x and of gy */
    int turned;                          /* backward data: the filters are turned */
    int shared;                          /* all threads share a block, and in map passes filters are transformed where they are used */
    int64_t block, blocks, parts;        /* tiles of a block; blocks of all; parts of the sum of a weights pass, 0: one running sum */
    int64_t step;                        /* blocks of 16 depth that are summed before they are added to what stands there */
    int threads;                         /* most that there is scratch for */
    size_t v, y, u, m;                   /* floats from one plane to the next; y: gradients, u: filters, m: products */
    size_t at_v, at_y, at_u, at_m, at_d; /* floats from the start of the scratch memory; u: where it is shared, else packed before */
} plan;

typedef struct job { const plan *p; const float *a, *b; float *out, *work; wino_finish f; } job;    /* b of a map pass: packed, if not shared */

static int64_t blocks_of(int64_t n, int64_t size) { return (n + size - 1) / size; }
static int team(const plan *p) { return (int)least(p->threads, omp_get_max_threads()); }
static float *own(const job *j, size_t at, size_t plane) { return j->work + at + (size_t)omp_get_thread_num() * WINO_PLANES * plane; }
/* Are there no more than 16 outputs in this column of 32? */
static int half(const plan *p, int64_t column) { return p->k - column * WINO_WIDTH <= WINO_LANES; }
static int64_t block_size(const plan *p, int64_t i) { return least(p->block, p->g.tiles - i * p->block); }

/* ---- forward, and backward data: the same with turned filters ---- */

/* Filters of 32 outputs from `first` on, rows from .. to - 1 of the depth */
static void transform(const plan *p, const float *w, int64_t from, int64_t to, int64_t first, float *u)
{
    wino_filter(w, p->turned ? p->k : p->c, p->turned ? p->c : p->k, p->turned, from, to, first, u, p->u);
}

/* All filters into U [width][36][depth * 16][32]. They change once per step of training and never in inference. */
static void pack(const context *c, const conv_kernel *k, const real *w, void *to)
{
    const plan *p = k->state;
    (void)c;
    #pragma omp parallel for schedule(static)
    for (int64_t i = 0; i < p->width * p->depth; i++) {
        int64_t column = i / p->depth, row = i % p->depth * WINO_LANES;
        float *u = (float *)to + (size_t)column * WINO_PLANES * p->u + row * WINO_WIDTH;
        transform(p, (const float *)w, row, row + WINO_LANES, column * WINO_WIDTH, u);
    }
}

/* tile t of block i into v */
static void read_tile(const job *j, int64_t i, int64_t t, float *v)
{
    const plan *p = j->p;
    wino_input(&p->g, j->a, p->in_stride, p->c, i * p->block + t, v + t * WINO_LANES, p->v, (size_t)p->block * WINO_LANES);
}

/* 32 channels of the output of block i */
static void write_block(const job *j, int64_t i, int64_t column, const float *v)
{
    const plan *p = j->p;
    int64_t tiles = block_size(p, i);
    float *m = own(j, p->at_m, p->m), *filters = p->shared ? own(j, p->at_u, p->u) : NULL;
    for (int64_t from = 0; from < p->depth; from += p->step) {
        int64_t n = least(p->step, p->depth - from);
        const float *u = filters;
        if (p->shared) transform(p, j->b, from * WINO_LANES, (from + n) * WINO_LANES, column * WINO_WIDTH, filters);
        else u = j->b + (size_t)column * WINO_PLANES * p->u + from * WINO_LANES * WINO_WIDTH;
        for (size_t q = 0; q < WINO_PLANES; q++)
            wino_multiply(tiles, n, v + q * p->v + from * p->block * WINO_LANES, (size_t)p->block * WINO_LANES, u + q * p->u, m + q * p->m,
                from > 0, half(p, column));
    }
    for (int64_t t = 0; t < tiles; t++)
        wino_output(&p->g, m + t * WINO_WIDTH, p->m, i * p->block + t, column * WINO_WIDTH, p->k, &j->f, j->out, p->out_stride);
}

static void map_apart(const job *j)
{
    const plan *p = j->p;
    #pragma omp parallel num_threads(team(p))
    {
        float *v = own(j, p->at_v, p->v);
        #pragma omp for schedule(static) nowait
        for (int64_t i = 0; i < p->blocks; i++) {
            for (int64_t t = 0; t < block_size(p, i); t++) read_tile(j, i, t, v);
            for (int64_t column = 0; column < p->width; column++) write_block(j, i, column, v);
        }
        wino_fence();
    }
}

static void map_shared(const job *j)
{
    const plan *p = j->p;
    float *v = j->work + p->at_v;
    #pragma omp parallel num_threads(team(p))
    {
        for (int64_t i = 0; i < p->blocks; i++) {
            #pragma omp for schedule(static)
            for (int64_t t = 0; t < block_size(p, i); t++) read_tile(j, i, t, v);
            #pragma omp for schedule(static)
            for (int64_t column = 0; column < p->width; column++) write_block(j, i, column, v);
        }
        wino_fence();
    }
}

static void run_map(const context *c, const conv_kernel *k, const real *a, const real *b, const real *bias, real *out, int add)
{
    const plan *p = k->state;
    enum { CACHE = 16 << 20 };           /* a map larger than this is not read again from cache: stores go past it */
    int stream = !add && p->k % WINO_LANES == 0 && p->out_stride % WINO_LANES == 0 && (uintptr_t)out % 64 == 0 &&
        p->g.n * p->g.h * p->g.w * p->k * (int64_t)sizeof(float) > CACHE;
    job j = { p, (const float *)a, (const float *)b, (float *)out, c->work,
        { (const float *)bias, p->turned ? ACT_LINEAR : k->s.act, (float)k->s.slope, add, stream } };
    (p->shared ? map_shared : map_apart)(&j);
}

/* ---- backward weights ---- */

static void read_pair(const job *j, int64_t i, int64_t t, float *v, float *y)
{
    const plan *p = j->p;
    read_tile(j, i, t, v);
    wino_gradient(&p->g, j->b, p->out_stride, p->k, i * p->block + t, y + t * WINO_WIDTH, p->y, (size_t)p->block * WINO_WIDTH);
}

/* A unit: 16 channels of x by 32 of gy. The sums of units from .. to - 1 over the tiles of block i, d: of the first. Plane by plane, since one plane of all
 * channels stays in cache where all planes do not. */
static void sum_block(const job *j, int64_t i, int64_t from, int64_t to, const float *v, const float *y, float *d, int add)
{
    const plan *p = j->p;
    for (size_t q = 0; q < WINO_PLANES; q++)
        for (int64_t u = from; u < to; u++)
            wino_multiply_transposed(block_size(p, i), v + q * p->v + u % p->depth * p->block * WINO_LANES,
                y + q * p->y + u / p->depth * p->block * WINO_WIDTH, d + (u - from) * WINO_UNIT + q * (WINO_LANES * WINO_WIDTH), add, half(p, u / p->depth));
}

static void write_unit(const job *j, int64_t unit, const float *d)
{
    const plan *p = j->p;
    wino_filter_gradient(d, (size_t)(p->depth * p->width) * WINO_UNIT, p->parts ? p->parts : 1, j->out, p->c, p->k,
        unit % p->depth * WINO_LANES, unit / p->depth * WINO_WIDTH, j->f.add);
}

/* Each part of the blocks is summed by one thread, into units of its own. */
static void weights_apart(const job *j)
{
    const plan *p = j->p;
    int64_t units = p->depth * p->width;
    #pragma omp parallel num_threads(team(p))
    {
        float *v = own(j, p->at_v, p->v), *y = own(j, p->at_y, p->y), *d = j->work + p->at_d;
        #pragma omp for schedule(static)
        for (int64_t part = 0; part < p->parts; part++) {
            int64_t first = part_begin(p->blocks, p->parts, part);
            for (int64_t i = first; i < part_begin(p->blocks, p->parts, part + 1); i++) {
                for (int64_t t = 0; t < block_size(p, i); t++) read_pair(j, i, t, v, y);
                sum_block(j, i, 0, units, v, y, d + part * units * WINO_UNIT, i > first);
            }
        }
        #pragma omp for schedule(static)
        for (int64_t u = 0; u < units; u++) write_unit(j, u, d + u * WINO_UNIT);
    }
}

/* Each unit is summed by one thread; where there is one block only, it needs a place for one unit at a time. */
static void weights_shared(const job *j)
{
    const plan *p = j->p;
    const int64_t units = p->depth * p->width;
    float *v = j->work + p->at_v, *y = j->work + p->at_y;
    #pragma omp parallel num_threads(team(p))
    for (int64_t i = 0; i < p->blocks; i++) {
        #pragma omp for schedule(static)
        for (int64_t t = 0; t < block_size(p, i); t++) read_pair(j, i, t, v, y);
        const int64_t shares = p->blocks > 1 ? omp_get_num_threads() : units;
        #pragma omp for schedule(static)
        for (int64_t k = 0; k < shares; k++) {
            const int64_t from = part_begin(units, shares, k), to = part_begin(units, shares, k + 1);
            float *d = j->work + p->at_d + (p->blocks > 1 ? from : omp_get_thread_num()) * WINO_UNIT;
            sum_block(j, i, from, to, v, y, d, i > 0);
            for (int64_t u = from; u < to && i + 1 == p->blocks; u++) write_unit(j, u, d + (u - from) * WINO_UNIT);
        }
    }
}

static void run_weights(const context *c, const conv_kernel *k, const real *a, const real *b, const real *bias, real *out, int add)
{
    const plan *p = k->state;
    job j = { p, (const float *)a, (const float *)b, (float *)out, c->work, { .add = add } };
    (void)bias;
    (p->parts ? weights_apart : weights_shared)(&j);
}

/* ---- plan ---- */

enum {
    KIB = 1 << 10, MIB = 1 << 20,
    OWN_TILES = 28, OWN_PAIRS = 32, SHARED_TILES = 128, SHARED_PAIRS = 128      /* tiles of a block; pairs: of the weights pass */
};

static int64_t bytes(int64_t units) { return units * WINO_UNIT * (int64_t)sizeof(float); }

/* Filters transformed on the way need no scratch of their size; read once per block, they cost no more than reading them back would. */
static void plan_map(plan *p)
{
    int64_t tile = p->depth * WINO_LANES * WINO_PLANES * (int64_t)sizeof(float);
    p->shared = bytes(p->depth * p->width) > 16 * MIB || p->g.tiles < 96;
    int64_t high = p->shared ? most(1, least(SHARED_TILES, 10 * MIB / tile)) : OWN_TILES;
    p->blocks = blocks_of(p->g.tiles, high);
    p->block = blocks_of(p->g.tiles, p->blocks);
    p->step = p->shared ? 4 : 16;
}

/* Parts of a sum where a copy for each part is small. */
static void plan_weights(plan *p)
{
    int64_t sums = bytes(p->depth * p->width);
    p->shared = sums > 3072 * KIB || p->g.tiles <= 256;
    p->blocks = blocks_of(p->g.tiles, p->shared ? SHARED_PAIRS : OWN_PAIRS);
    p->block = blocks_of(p->g.tiles, p->blocks);
    p->parts = p->shared ? 0 : least(p->blocks, most(8, least(32, 4 * MIB / sums)));
}

static size_t take(size_t *work, int64_t count, size_t floats)
{
    size_t at = *work;
    *work += (size_t)count * floats;
    return at;
}

/* Distances between planes and places in scratch; floats of all. The 16 more keep 36 streams off one set of the cache. */
static size_t place(plan *p, conv_pass pass)
{
    size_t work = 0, rows = (size_t)p->block * WINO_LANES;
    int64_t each = p->shared ? 1 : p->threads, units = p->depth * p->width;
    p->v = (size_t)p->depth * rows + 16;
    p->y = (size_t)p->width * rows * 2 + 16;
    p->m = rows * 2 + 16;
    p->u = (size_t)(p->shared ? p->step : p->depth) * WINO_LANES * WINO_WIDTH + 16;
    p->at_v = take(&work, each * WINO_PLANES, p->v);
    if (pass == CONV_WEIGHTS) {
        p->at_y = take(&work, each * WINO_PLANES, p->y);
        p->at_d = take(&work, p->parts ? p->parts * units : p->blocks > 1 ? units : p->threads, WINO_UNIT);
    } else {
        p->at_m = take(&work, (int64_t)p->threads * WINO_PLANES, p->m);
        if (p->shared) p->at_u = take(&work, (int64_t)p->threads * WINO_PLANES, p->u);
    }
    return work;
}

static void release(conv_kernel *k) { free(k->state); }

static int takes(const conv_shape *s, conv_pass pass)
{
    return __builtin_cpu_supports("avx512f") && !s->transposed && s->groups == 1 && s->kh == 3 && s->kw == 3 && s->sh == 1 && s->sw == 1 &&
        s->dh == 1 && s->dw == 1 && s->top == 1 && s->left == 1 && s->bottom == 1 && s->right == 1 &&
        (pass != CONV_FORWARD || s->act == ACT_LINEAR || s->act == ACT_RELU || s->act == ACT_LEAKY);
}

static tiling tiling_of(const conv_shape *s)
{
    int64_t down = blocks_of(s->h, 4), across = blocks_of(s->w, 4);
    return (tiling){ s->n, s->h, s->w, down, across, s->n * down * across };
}

int winograd_build(const conv_shape *s, conv_pass pass, conv_kernel *k)
{
    if (!takes(s, pass)) return 0;
    int turned = pass == CONV_DATA;
    plan *p = xalloc(sizeof *p);
    *p = (plan){ .g = tiling_of(s), .c = turned ? s->k : s->c, .k = turned ? s->c : s->k, .in_stride = turned ? s->ys : s->xs,
        .out_stride = turned ? s->xs : s->ys, .turned = turned, .threads = omp_get_max_threads() };
    p->depth = blocks_of(p->c, WINO_LANES), p->width = blocks_of(p->k, WINO_WIDTH);
    (pass == CONV_WEIGHTS ? plan_weights : plan_map)(p);
    *k = (conv_kernel){ .s = *s, .run = pass == CONV_WEIGHTS ? run_weights : run_map, .release = release, .state = p };
    k->work = place(p, pass) * sizeof(float);
    if (pass != CONV_WEIGHTS && !p->shared) k->pack = pack, k->packed = (size_t)p->width * WINO_PLANES * p->u * sizeof(float);
    snprintf(k->name, sizeof k->name, "winograd 4x4%s", p->parts ? " parts" : p->shared && pass != CONV_WEIGHTS ? " fused" : "");
    return 1;
}

/* Where maps may be multiplied in bf16, oneDNN with AMX is 1.6 to 5 times as fast as this; with avx512_bf16 alone (1,100 GFLOP/s on the
 * Zen 5 above) it is faster below 64 channels. Weight gradients are float32 there too. */
static int bf16_is_faster(const conv_shape *s, conv_pass pass)
{
    if (!s->bf16 || pass == CONV_WEIGHTS) return 0;
    machine m = machine_read();
    return machine_has(&m, "amx_bf16") || (machine_has(&m, "avx512_bf16") && least(s->c, s->k) < 64);
}

int winograd_make(const conv_shape *s, conv_pass pass, conv_kernel *k)
{
    enum { CHANNELS = 16, TILES = 8 };
    int wanted = s->winograd && sizeof(real) == sizeof(float) && !bf16_is_faster(s, pass);
    if (!wanted || least(s->c, s->k) < CHANNELS || tiling_of(s).tiles < TILES) return 0;
    return winograd_build(s, pass, k);
}
