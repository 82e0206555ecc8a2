/* attention.c - attention on the CPU; see attention.h. A thread owns a block of queries (or keys) of one head and walks along the
 * keys (or queries); its scores are on its stack. The products are gemm's, which inside a parallel region runs on the one thread, so the
 * bits do not depend on the number of threads. That is why no region here may be left out when the work is small. */
#include "kernels/attention.h"
#include "kernels/gemm.h"
#include "kernels/math.h"

enum { QUERIES = 64, KEYS = 128 };                             /* scores of a block: 32 KiB of float */

typedef struct { int64_t at, n; } span;                        /* tokens at..at+n-1 */
static int64_t blocks_of(int64_t tokens, int64_t each) { return (tokens + each - 1) / each; }
static span block_at(int64_t tokens, int64_t each, int64_t i) { return (span){ i * each, least(each, tokens - i * each) }; }

/* One sample's head: pointers to the first channel of the first token of each map */
typedef struct { const real *q, *k, *v, *gy, *lse, *d; } head;

/* y [m n] (+)= alpha a b; a [m k], or [k m] with ta; b [k n], or [n k] with tb */
static void product(const context *c, int64_t m, int64_t n, int64_t k, real alpha, const real *a, int64_t lda, int ta, const real *b, int64_t ldb,
                    int tb, real *y, int64_t ldc, int add)
{
    const gemm_shape g = { m, n, k, ta, tb, lda, ldb, ldc };
    gemm_cpu(c, &g, alpha, a, b, y, add);
}

static void scores(const context *c, const attention_size *s, const head *h, span i, span j, real t[QUERIES][KEYS])
{
    product(c, i.n, j.n, s->dim, attention_scale(s), h->q + i.at * s->qs, s->qs, 0, h->k + j.at * s->ks, s->ks, 1, t[0], KEYS, 0);
}

/* Scores of one query and n keys become exp(score - high); high and sum take them in; y, what the query has so far, is brought to
 * the new high. */
static void take_row(int64_t n, real *t, real *high, real *sum, int64_t dim, real *y, int first)
{
    real top = first ? t[0] : *high, all = 0;
    #pragma omp simd reduction(max : top)
    for (int64_t j = 0; j < n; j++) top = t[j] > top ? t[j] : top;
    #pragma omp simd reduction(+ : all)
    for (int64_t j = 0; j < n; j++) t[j] = real_exp(t[j] - top), all += t[j];
    const real less = first ? 0 : real_exp(*high - top);
    *sum = (first ? 0 : *sum * less) + all;
    if (!first && top > *high) {
        #pragma omp simd
        for (int64_t k = 0; k < dim; k++) y[k] *= less;
    }
    *high = top;
}

static void forward_block(const context *c, const attention_size *s, const head *h, span i, real *y, real *lse)
{
    real t[QUERIES][KEYS], high[QUERIES], sum[QUERIES];
    for (int64_t b = 0; b < blocks_of(s->keys, KEYS); b++) {
        const span j = block_at(s->keys, KEYS, b);
        scores(c, s, h, i, j, t);
        for (int64_t r = 0; r < i.n; r++) take_row(j.n, t[r], &high[r], &sum[r], s->dim, y + (i.at + r) * s->ys, b == 0);
        product(c, i.n, s->dim, j.n, 1, t[0], KEYS, 0, h->v + j.at * s->vs, s->vs, 0, y + i.at * s->ys, s->ys, b > 0);
    }
    for (int64_t r = 0; r < i.n; r++) {
        real *to = y + (i.at + r) * s->ys;
        const real share = 1 / sum[r];
        #pragma omp simd
        for (int64_t k = 0; k < s->dim; k++) to[k] *= share;
        lse[i.at + r] = high[r] + real_log(sum[r]);
    }
}

static head head_at(const attention_size *s, int64_t n, int64_t h, const real *q, const real *k, const real *v)
{
    const int64_t at = h * s->dim;
    return (head){ .q = q + n * s->queries * s->qs + at, .k = k + n * s->keys * s->ks + at, .v = v + n * s->keys * s->vs + at };
}

void attention_forward_cpu(const context *c, attention_size s, const real *q, const real *k, const real *v, real *y, real *lse)
{
    const int64_t blocks = blocks_of(s.queries, QUERIES);
    #pragma omp parallel for collapse(3) schedule(static)
    for (int64_t n = 0; n < s.samples; n++)
        for (int64_t i = 0; i < s.heads; i++)
            for (int64_t b = 0; b < blocks; b++) {
                const head h = head_at(&s, n, i, q, k, v);
                forward_block(c, &s, &h, block_at(s.queries, QUERIES, b), y + n * s.queries * s.ys + i * s.dim, lse + (n * s.heads + i) * s.queries);
            }
}

/* Probabilities p and gradient of the scores g of one block */
static void gradient_block(const context *c, const attention_size *s, const head *h, span i, span j, real p[QUERIES][KEYS], real g[QUERIES][KEYS])
{
    scores(c, s, h, i, j, p);
    product(c, i.n, j.n, s->dim, 1, h->gy + i.at * s->ys, s->ys, 0, h->v + j.at * s->vs, s->vs, 1, g[0], KEYS, 0);
    for (int64_t r = 0; r < i.n; r++) {
        const real lse = h->lse[i.at + r], d = h->d[i.at + r];
        #pragma omp simd
        for (int64_t k = 0; k < j.n; k++) p[r][k] = real_exp(p[r][k] - lse), g[r][k] = p[r][k] * (g[r][k] - d);
    }
}

/* gk, gv: of this head, or NULL */
static void keys_backward(const context *c, const attention_size *s, const head *h, span j, real *gk, int add_k, real *gv, int add_v)
{
    real p[QUERIES][KEYS], g[QUERIES][KEYS];
    for (int64_t b = 0; b < blocks_of(s->queries, QUERIES); b++) {
        const span i = block_at(s->queries, QUERIES, b);
        gradient_block(c, s, h, i, j, p, g);
        if (gv) product(c, j.n, s->dim, i.n, 1, p[0], KEYS, 1, h->gy + i.at * s->ys, s->ys, 0, gv + j.at * s->vs, s->vs, add_v || b);
        if (gk) product(c, j.n, s->dim, i.n, attention_scale(s), g[0], KEYS, 1, h->q + i.at * s->qs, s->qs, 0, gk + j.at * s->ks, s->ks, add_k || b);
    }
}

static void queries_backward(const context *c, const attention_size *s, const head *h, span i, real *gq, int add_q)
{
    real p[QUERIES][KEYS], g[QUERIES][KEYS];
    for (int64_t b = 0; b < blocks_of(s->keys, KEYS); b++) {
        const span j = block_at(s->keys, KEYS, b);
        gradient_block(c, s, h, i, j, p, g);
        product(c, i.n, s->dim, j.n, attention_scale(s), g[0], KEYS, 0, h->k + j.at * s->ks, s->ks, 0, gq + i.at * s->qs, s->qs, add_q || b);
    }
}

size_t attention_work(attention_size s) { return (size_t)(s.samples * s.heads * s.queries) * sizeof(real); }

/* d [samples heads queries] */
static void dots(const attention_size *s, const real *y, const real *gy, real *d)
{
    #pragma omp parallel for collapse(3) schedule(static)
    for (int64_t n = 0; n < s->samples; n++)
        for (int64_t h = 0; h < s->heads; h++)
            for (int64_t i = 0; i < s->queries; i++) {
                const int64_t at = (n * s->queries + i) * s->ys + h * s->dim;
                real sum = 0;
                #pragma omp simd reduction(+ : sum)
                for (int64_t k = 0; k < s->dim; k++) sum += y[at + k] * gy[at + k];
                d[(n * s->heads + h) * s->queries + i] = sum;
            }
}

void attention_backward_cpu(const context *c, attention_size s, const real *q, const real *k, const real *v, const real *y, const real *gy,
                            const real *lse, real *gq, int add_q, real *gk, int add_k, real *gv, int add_v, void *work)
{
    const int64_t by_key = gk || gv ? blocks_of(s.keys, KEYS) : 0, by_query = gq ? blocks_of(s.queries, QUERIES) : 0;
    dots(&s, y, gy, work);
    #pragma omp parallel for collapse(3) schedule(static)
    for (int64_t n = 0; n < s.samples; n++)
        for (int64_t i = 0; i < s.heads; i++)
            for (int64_t b = 0; b < by_key + by_query; b++) {
                const int64_t of_q = n * s.queries, of_k = n * s.keys, at = i * s.dim, row = (n * s.heads + i) * s.queries;
                head h = head_at(&s, n, i, q, k, v);
                h.gy = gy + of_q * s.ys + at, h.lse = lse + row, h.d = (const real *)work + row;
                if (b >= by_key) queries_backward(c, &s, &h, block_at(s.queries, QUERIES, b - by_key), gq + of_q * s.qs + at, add_q);
                else keys_backward(c, &s, &h, block_at(s.keys, KEYS, b), gk ? gk + of_k * s.ks + at : NULL, add_k,
                                   gv ? gv + of_k * s.vs + at : NULL, add_v);
            }
}
