/* attention.cu - attention on a GPU; see attention.h. A block of SIDE x SIDE threads owns ROWS queries (or keys) of one head and SLICE of
 * the head's channels, and walks along the keys (or queries) ROWS at a time. Of every tile of scores or of results a thread holds EACH x
 * EACH numbers in registers; factors come through shared memory in pieces. A head of more channels than a slice has its scores computed
 * once for every slice: that keeps one kernel for any head, at one and a half times the work for 128 channels.
 * The trap: everything round a barrier is the block's; where tokens or channels end, threads go on with zeros. */
#include "kernels/attention.h"
#include "kernels/math.h"
#include "kernels/vector.cuh"

enum {
    SIDE = 16, EACH = 4, ROWS = SIDE * EACH, SLICE = ROWS, LINE = ROWS + 4,     /* LINE: a row of a tile in shared memory, against bank conflicts */
    DEPTH = 64 / (int)sizeof(real)       /* of a piece */
};

typedef struct { real v[EACH][EACH]; } square;                 /* what a thread holds of a tile */
typedef struct { real a[DEPTH][LINE], b[DEPTH][LINE]; } pieces;

/* Up to ROWS rows of a matrix, `columns` numbers in each; aligned: packs may be read at once */
typedef struct { const real *p; int64_t stride, rows, columns; int aligned; } strip;

static __device__ inline square nothing()
{
    square s;
    for (int i = 0; i < EACH; i++) for (int j = 0; j < EACH; j++) s.v[i][j] = 0;
    return s;
}

/* EACH neighbours of row i from column k, zeros where the strip has none */
static __device__ inline void fetch(const strip &m, int64_t i, int64_t k, real v[EACH])
{
    const real *p = m.p + i * m.stride + k;
    const int64_t left = i < m.rows ? m.columns - k : 0;
    if (m.aligned && left >= EACH)
        for (int j = 0; j < EACH; j += WIDE) {
            const pack<real, WIDE> a = load<WIDE>(p + j, 1);
            for (int q = 0; q < WIDE; q++) v[j + q] = a.v[q];
        }
    else for (int j = 0; j < EACH; j++) v[j] = j < left ? p[j] : 0;
}

/* EACH neighbours in shared memory */
static __device__ inline void take(const real *p, real v[EACH])
{
    for (int j = 0; j < EACH; j += WIDE) {
        const pack<real, WIDE> a = load<WIDE>(p + j, 1);
        for (int q = 0; q < WIDE; q++) v[j + q] = a.v[q];
    }
}

static __device__ inline void multiply(square *s, const real a[EACH], const real b[EACH])
{
    for (int i = 0; i < EACH; i++) for (int j = 0; j < EACH; j++) s->v[i][j] += a[i] * b[j];
}

/* Columns k.. of a strip, turned: to[j][i] is column k + j of row i */
static __device__ inline void turn(const strip &m, int64_t k, real to[DEPTH][LINE])
{
    for (int t = threadIdx.y * SIDE + threadIdx.x; t < ROWS * DEPTH / EACH; t += SIDE * SIDE) {
        const int i = t / (DEPTH / EACH), j = t % (DEPTH / EACH) * EACH;
        real v[EACH];
        fetch(m, i, k + j, v);
        for (int q = 0; q < EACH; q++) to[j + q][i] = v[q];
    }
}

/* a b': this thread's products of the rows of a with the rows of b */
static __device__ inline square products(const strip &a, const strip &b, pieces *shared)
{
    square s = nothing();
    for (int64_t k = 0; k < a.columns; k += DEPTH) {
        turn(a, k, shared->a), turn(b, k, shared->b);
        __syncthreads();
        for (int j = 0; j < DEPTH; j++) {
            real u[EACH], v[EACH];
            take(&shared->a[j][threadIdx.y * EACH], u), take(&shared->b[j][threadIdx.x * EACH], v);
            multiply(&s, u, v);
        }
        __syncthreads();
    }
    return s;
}

/* sum += t b, or t' b with TURNED: t a tile in shared memory, b as many rows as the sum runs over */
template <int TURNED> static __device__ inline void mix(const real t[ROWS][LINE], const strip &b, pieces *shared, square *sum)
{
    for (int64_t k = 0; k < b.rows; k += DEPTH) {
        for (int q = threadIdx.y * SIDE + threadIdx.x; q < DEPTH * SIDE; q += SIDE * SIDE)
            fetch(b, k + q / SIDE, q % SIDE * EACH, &shared->b[q / SIDE][q % SIDE * EACH]);
        __syncthreads();
        for (int j = 0; j < DEPTH; j++) {
            real u[EACH], v[EACH];
            if (TURNED) take(&t[k + j][threadIdx.y * EACH], u);
            else for (int i = 0; i < EACH; i++) u[i] = t[threadIdx.y * EACH + i][k + j];
            take(&shared->b[j][threadIdx.x * EACH], v);
            multiply(sum, u, v);
        }
        __syncthreads();
    }
}

static __device__ inline void put(const square &s, real t[ROWS][LINE])
{
    for (int i = 0; i < EACH; i++) for (int j = 0; j < EACH; j++) t[threadIdx.y * EACH + i][threadIdx.x * EACH + j] = s.v[i][j];
}

/* The SIDE threads that hold a row are half a warp. */
static __device__ inline real row_high(real v)
{
    for (int i = SIDE / 2; i; i /= 2) {
        const real other = __shfl_xor_sync(0xffffffffu, v, i);
        v = other > v ? other : v;
    }
    return v;
}
static __device__ inline real row_sum(real v)
{
    for (int i = SIDE / 2; i; i /= 2) v += __shfl_xor_sync(0xffffffffu, v, i);
    return v;
}

/* What a block works on: head h, channels at.. of it; x walks over blocks of tokens, z over samples */
typedef struct { int64_t h, at, first; } job;
static __device__ inline job job_of(const attention_size &s)
{
    const int64_t slices = (s.dim + SLICE - 1) / SLICE;
    return job{ blockIdx.y / slices, blockIdx.y % slices * SLICE, (int64_t)blockIdx.x * ROWS };
}

/* Tokens first.. of sample n of a map with this many; all channels of the head, or a slice */
static __device__ inline strip whole(const attention_size &s, const real *x, int64_t stride, int64_t n, int64_t tokens, int64_t h, int64_t first,
                                     int aligned)
{
    return strip{ x + (n * tokens + first) * stride + h * s.dim, stride, least(ROWS, tokens - first), s.dim, aligned };
}
static __device__ inline strip slice(strip m, int64_t at)
{
    m.p += at, m.columns = least(SLICE, m.columns - at);
    return m;
}

/* to = scale * sum, or to += */
static __device__ inline void write(const square &s, real scale, real *to, int64_t stride, int64_t rows, int64_t columns, int add)
{
    for (int i = 0; i < EACH; i++)
        for (int j = 0; j < EACH; j++) {
            const int64_t r = threadIdx.y * EACH + i, k = threadIdx.x * EACH + j;
            if (r < rows && k < columns) to[r * stride + k] = (add ? to[r * stride + k] : 0) + scale * s.v[i][j];
        }
}

/* Scores of `keys` keys become exp(score - high); high and sum take them in, and what there is of the result is brought to the new high. */
static __device__ inline void take_scores(square *s, real scale, int64_t keys, real high[EACH], real sum[EACH], square *result)
{
    for (int i = 0; i < EACH; i++) {
        real top = high[i], all = 0;
        for (int j = 0; j < EACH; j++) {
            s->v[i][j] *= scale;
            if (threadIdx.x * EACH + j < keys && s->v[i][j] > top) top = s->v[i][j];
        }
        top = row_high(top);
        for (int j = 0; j < EACH; j++)
            s->v[i][j] = threadIdx.x * EACH + j < keys ? real_exp(s->v[i][j] - top) : 0, all += s->v[i][j];
        const real less = real_exp(high[i] - top);
        sum[i] = sum[i] * less + row_sum(all), high[i] = top;
        for (int j = 0; j < EACH; j++) result->v[i][j] *= less;
    }
}

static __global__ void forward(attention_size s, const real *q, const real *k, const real *v, real *y, real *lse, int aligned)
{
    __align__(16) __shared__ pieces shared;
    __align__(16) __shared__ real tile[ROWS][LINE];
    const job b = job_of(s);
    const real scale = attention_scale(&s);
    for (int64_t n = blockIdx.z; n < s.samples; n += gridDim.z) {
        const strip rows = whole(s, q, s.qs, n, s.queries, b.h, b.first, aligned);
        square result = nothing();
        real high[EACH], sum[EACH];
        for (int i = 0; i < EACH; i++) high[i] = -INFINITY, sum[i] = 0;
        for (int64_t j = 0; j < s.keys; j += ROWS) {
            const strip keys = whole(s, k, s.ks, n, s.keys, b.h, j, aligned), values = whole(s, v, s.vs, n, s.keys, b.h, j, aligned);
            square t = products(rows, keys, &shared);
            take_scores(&t, scale, keys.rows, high, sum, &result);
            put(t, tile);                                      /* seen by all after the first barrier of mix */
            mix<0>(tile, slice(values, b.at), &shared, &result);
        }
        for (int i = 0; i < EACH; i++) for (int j = 0; j < EACH; j++) result.v[i][j] /= sum[i];
        write(result, 1, y + (n * s.queries + b.first) * s.ys + b.h * s.dim + b.at, s.ys, rows.rows, least(SLICE, s.dim - b.at), 0);
        for (int i = 0; i < EACH && !b.at && !threadIdx.x; i++)
            if (threadIdx.y * EACH + i < rows.rows)
                lse[(n * s.heads + b.h) * s.queries + b.first + threadIdx.y * EACH + i] = high[i] + real_log(sum[i]);
    }
}

/* Blocks for a kernel whose blocks own tokens of one of the maps */
static dim3 grid_over(const attention_size &s, int64_t tokens)
{
    return dim3(blocks_for(tokens, ROWS), (unsigned)(s.heads * ((s.dim + SLICE - 1) / SLICE)), grid_limited(s.samples));
}

/* Whether all heads of the map start at a multiple of 16 bytes */
static int heads_aligned(const attention_size &s, const real *x, int64_t stride) { return is_aligned(x, stride) && s.dim % WIDE == 0; }
static int all_aligned(const attention_size &s, const real *q, const real *k, const real *v)
{
    return heads_aligned(s, q, s.qs) && heads_aligned(s, k, s.ks) && heads_aligned(s, v, s.vs);
}

void attention_forward_cuda(const context *c, attention_size s, const real *q, const real *k, const real *v, real *y, real *lse)
{
    LAUNCH(forward, grid_over(s, s.queries), dim3(SIDE, SIDE), 0, c->stream, s, q, k, v, y, lse, all_aligned(s, q, k, v));
}

/* d [samples heads queries]: a warp a token of a head */
static __global__ void dots(attention_size s, const real *y, const real *gy, real *d)
{
    const int64_t all = s.samples * s.heads * s.queries;
    for (int64_t i = (int64_t)blockIdx.x * blockDim.y + threadIdx.y; i < all; i += (int64_t)gridDim.x * blockDim.y) {
        const int64_t n = i / s.queries / s.heads, h = i / s.queries % s.heads, at = (n * s.queries + i % s.queries) * s.ys + h * s.dim;
        real sum = 0;
        for (int64_t k = threadIdx.x; k < s.dim; k += 32) sum += y[at + k] * gy[at + k];
        sum = warp_sum(sum);
        if (!threadIdx.x) d[i] = sum;
    }
}

typedef struct { const real *q, *k, *v, *gy, *lse, *d; int aligned; } factors;

/* Probabilities p and gradient of the scores g of queries i.. and keys j.. */
static __device__ inline void gradient_tile(const attention_size &s, const factors &f, int64_t n, int64_t h, int64_t i, int64_t j, pieces *shared,
                                            square *p, square *g)
{
    const strip q = whole(s, f.q, s.qs, n, s.queries, h, i, f.aligned), gy = whole(s, f.gy, s.ys, n, s.queries, h, i, f.aligned);
    const strip k = whole(s, f.k, s.ks, n, s.keys, h, j, f.aligned), v = whole(s, f.v, s.vs, n, s.keys, h, j, f.aligned);
    const real scale = attention_scale(&s);
    *p = products(q, k, shared), *g = products(gy, v, shared);
    for (int a = 0; a < EACH; a++) {
        const int64_t row = threadIdx.y * EACH + a, at = (n * s.heads + h) * s.queries + i + row;
        const real lse = row < q.rows ? f.lse[at] : 0, d = row < q.rows ? f.d[at] : 0;
        for (int b = 0; b < EACH; b++) {
            const int here = row < q.rows && threadIdx.x * EACH + b < k.rows;
            p->v[a][b] = here ? real_exp(scale * p->v[a][b] - lse) : 0;
            g->v[a][b] = p->v[a][b] * (g->v[a][b] - d);
        }
    }
}

static __global__ void queries_backward(attention_size s, const real *q, const real *k, const real *v, const real *gy, const real *lse,
                                        const real *d, real *gq, int add, int aligned)
{
    __align__(16) __shared__ pieces shared;
    __align__(16) __shared__ real tile[ROWS][LINE];
    const factors f = { q, k, v, gy, lse, d, aligned };
    const job b = job_of(s);
    for (int64_t n = blockIdx.z; n < s.samples; n += gridDim.z) {
        square result = nothing(), p, g;
        for (int64_t j = 0; j < s.keys; j += ROWS) {
            gradient_tile(s, f, n, b.h, b.first, j, &shared, &p, &g);
            put(g, tile);
            mix<0>(tile, slice(whole(s, k, s.ks, n, s.keys, b.h, j, aligned), b.at), &shared, &result);
        }
        write(result, attention_scale(&s), gq + (n * s.queries + b.first) * s.qs + b.h * s.dim + b.at, s.qs, s.queries - b.first,
              least(SLICE, s.dim - b.at), add);
    }
}

static __global__ void keys_backward(attention_size s, const real *q, const real *k, const real *v, const real *gy, const real *lse,
                                     const real *d, real *gk, int add_k, real *gv, int add_v, int aligned)
{
    __align__(16) __shared__ pieces shared;
    __align__(16) __shared__ real tile[ROWS][LINE];
    const factors f = { q, k, v, gy, lse, d, aligned };
    const job b = job_of(s);
    const int64_t columns = least(SLICE, s.dim - b.at), rows = s.keys - b.first;
    for (int64_t n = blockIdx.z; n < s.samples; n += gridDim.z) {
        square sum_k = nothing(), sum_v = nothing(), p, g;
        for (int64_t i = 0; i < s.queries; i += ROWS) {
            gradient_tile(s, f, n, b.h, i, b.first, &shared, &p, &g);
            put(p, tile);
            mix<1>(tile, slice(whole(s, gy, s.ys, n, s.queries, b.h, i, aligned), b.at), &shared, &sum_v);
            put(g, tile);
            mix<1>(tile, slice(whole(s, q, s.qs, n, s.queries, b.h, i, aligned), b.at), &shared, &sum_k);
        }
        const int64_t at = n * s.keys + b.first, channel = b.h * s.dim + b.at;
        if (gk) write(sum_k, attention_scale(&s), gk + at * s.ks + channel, s.ks, rows, columns, add_k);
        if (gv) write(sum_v, 1, gv + at * s.vs + channel, s.vs, rows, columns, add_v);
    }
}

void attention_backward_cuda(const context *c, attention_size s, const real *q, const real *k, const real *v, const real *y, const real *gy,
                             const real *lse, real *gq, int add_q, real *gk, int add_k, real *gv, int add_v, void *work)
{
    const int aligned = all_aligned(s, q, k, v) && heads_aligned(s, gy, s.ys);
    real *d = (real *)work;
    const dim3 block(SIDE, SIDE), warps(32, THREADS / 32);
    LAUNCH(dots, blocks_for(s.samples * s.heads * s.queries, warps.y), warps, 0, c->stream, s, y, gy, d);
    if (gq) LAUNCH(queries_backward, grid_over(s, s.queries), block, 0, c->stream, s, q, k, v, gy, lse, d, gq, add_q, aligned);
    if (gk || gv) LAUNCH(keys_backward, grid_over(s, s.keys), block, 0, c->stream, s, q, k, v, gy, lse, d, gk, add_k, gv, add_v, aligned);
}
