/* optim.cu - optimiser steps on a GPU; see optim.h. Bound by memory like the CPU's: every array is read and written once, 16 bytes at a
 * time, the few elements that are left at the end by a second launch. */
#include "kernels/optim.h"
#include "kernels/reduce.cuh"

enum { EACH = 4 };                       /* packs a thread walks over */

/* kernel<WIDE> over as many of n elements as are whole packs, none where an array is not aligned, and kernel<1> over the rest. `at` in
 * the arguments: where the elements begin, `count`: how many they are */
#define LAUNCH_ROW(kernel, n, aligned, stream, ...) do { \
    const size_t packed = (aligned) ? (n) / WIDE * WIDE : 0; \
    { const size_t at = 0, count = packed; \
      const dim3 grid(blocks_for((int64_t)count, (int64_t)THREADS * WIDE * EACH)); \
      LAUNCH(kernel<WIDE>, grid, dim3(THREADS), 0, stream, count, __VA_ARGS__); } \
    { const size_t at = packed, count = (n) - packed; \
      const dim3 grid(blocks_for((int64_t)count, (int64_t)THREADS * EACH)); \
      LAUNCH(kernel<1>, grid, dim3(THREADS), 0, stream, count, __VA_ARGS__); } } while (0)

/* Inside such a kernel: every pack, at i */
#define EACH_OF_ROW(W, count) \
    for (size_t i = ((size_t)blockIdx.x * blockDim.x + threadIdx.x) * (W); i < (count); i += (size_t)gridDim.x * blockDim.x * (W))

/* The running average e of a pack of weights, where there is one */
template <int W> static __device__ inline void average(real *e, size_t i, const pack<real, W> &x, const optim_rule &r)
{
    if (!e) return;
    pack<real, W> a = load<W>(e + i, 1);
    for (int j = 0; j < W; j++) a.v[j] = optim_mean(a.v[j], x.v[j], r.take);
    store(e + i, a, 1);
}

template <int W> static __global__ void optim_sgd(size_t n, real *x, const real *g, real *m, real *e, optim_rule r,
                                                            const live_numbers *now)
{
    if (!optim_rule_now(&r, now)) return;
    EACH_OF_ROW(W, n) {
        pack<real, W> a = load<W>(x + i, 1), b = load<W>(m + i, 1);
        const pack<real, W> d = load<W>(g + i, 1);
        for (int j = 0; j < W; j++) optim_sgd_one(&a.v[j], d.v[j], &b.v[j], &r);
        store(x + i, a, 1), store(m + i, b, 1), average(e, i, a, r);
    }
}

/* adam and rmsprop: `one` is the formula of a parameter with two moments */
typedef void two_moments(real *x, real g, real *m, real *v, const optim_rule *r);
template <int W, two_moments one>
static __device__ inline void step(size_t n, real *x, const real *g, real *m, real *v, real *average_of, optim_rule r,
                                   const live_numbers *now)
{
    if (!optim_rule_now(&r, now)) return;
    EACH_OF_ROW(W, n) {
        pack<real, W> a = load<W>(x + i, 1), b = load<W>(m + i, 1), e = load<W>(v + i, 1);
        const pack<real, W> d = load<W>(g + i, 1);
        for (int j = 0; j < W; j++) one(&a.v[j], d.v[j], &b.v[j], &e.v[j], &r);
        store(x + i, a, 1), store(m + i, b, 1), store(v + i, e, 1), average(average_of, i, a, r);
    }
}
template <int W> static __global__ void optim_adam(size_t n, real *x, const real *g, real *m, real *v, real *e, optim_rule r,
                                                   const live_numbers *now)
{
    step<W, optim_adam_one>(n, x, g, m, v, e, r, now);
}
template <int W> static __global__ void optim_rmsprop(size_t n, real *x, const real *g, real *m, real *v, real *e, optim_rule r,
                                                      const live_numbers *now)
{
    step<W, optim_rmsprop_one>(n, x, g, m, v, e, r, now);
}

static int aligned4(const real *a, const real *b, const real *c, const real *d)
{
    return is_aligned(a, 0) && is_aligned(b, 0) && is_aligned(c, 0) && is_aligned(d, 0);
}

static const live_numbers *live(const context *c) { return c->live; }

void optim_sgd_cuda(const context *c, size_t n, real *x, const real *g, real *m, real *e, const optim_rule *r)
{
    LAUNCH_ROW(optim_sgd, n, aligned4(x, g, m, m) && is_aligned(e, 0), c->stream, x + at, g + at, m + at, e ? e + at : e, *r,
               live(c));
}
void optim_adam_cuda(const context *c, size_t n, real *x, const real *g, real *m, real *v, real *e, const optim_rule *r)
{
    LAUNCH_ROW(optim_adam, n, aligned4(x, g, m, v) && is_aligned(e, 0), c->stream, x + at, g + at, m + at, v + at, e ? e + at : e, *r,
               live(c));
}
void optim_rmsprop_cuda(const context *c, size_t n, real *x, const real *g, real *m, real *v, real *e, const optim_rule *r)
{
    LAUNCH_ROW(optim_rmsprop, n, aligned4(x, g, m, v) && is_aligned(e, 0), c->stream, x + at, g + at, m + at, v + at, e ? e + at : e, *r,
               live(c));
}

/* A block sums OPTIM_BLOCK squares, in double as on the CPU: a gradient that runs away must not overflow before its norm is taken. */
static __global__ void optim_squares(size_t n, const real *g, double *partial)
{
    const size_t blocks = (n + OPTIM_BLOCK - 1) / OPTIM_BLOCK;
    for (size_t b = blockIdx.x; b < blocks; b += gridDim.x) {
        const size_t end = b + 1 < blocks ? (b + 1) * OPTIM_BLOCK : n;
        double sum = 0;
        for (size_t i = b * OPTIM_BLOCK + threadIdx.x; i < end; i += blockDim.x) sum += (double)g[i] * (double)g[i];
        sum = block_sum(sum);
        if (threadIdx.x == 0) partial[b] = sum;
    }
}

void optim_squares_cuda(const context *c, size_t n, const real *g, double *partial)
{
    LAUNCH(optim_squares, dim3(blocks_for((int64_t)n, OPTIM_BLOCK)), dim3(THREADS), 0, c->stream, n, g, partial);
}

template <int W> static __global__ void optim_average(size_t n, const real *x, real *e, real take, const live_numbers *now)
{
    if (now && now->stop) return;
    EACH_OF_ROW(W, n) {
        const pack<real, W> new_ = load<W>(x + i, 1);
        pack<real, W> a = load<W>(e + i, 1);
        for (int j = 0; j < W; j++) a.v[j] = optim_mean(a.v[j], new_.v[j], take);
        store(e + i, a, 1);
    }
}

void optim_average_cuda(const context *c, size_t n, const real *x, real *e, double keep)
{
    LAUNCH_ROW(optim_average, n, aligned4(x, e, x, e), c->stream, x + at, e + at, (real)(1 - keep), live(c));
}

static __global__ void optim_note(const real *loss, real *losses, const live_numbers *now) { losses[now->micro] = *loss; }
void optim_note_cuda(const context *c, const real *loss, real *losses) { LAUNCH(optim_note, dim3(1), dim3(1), 0, c->stream, loss, losses, live(c)); }

/* One block: its threads bring the parts, the first adds them up, in the order in which the host would. */
static __global__ void optim_judge(size_t parts, const double *partial, double clip, int n, const real *losses, live_numbers *now)
{
    __shared__ double part[THREADS];
    double sum = 0;
    for (size_t at = 0; at < parts; at += THREADS) {
        const size_t here = parts - at < (size_t)THREADS ? parts - at : (size_t)THREADS;
        if (threadIdx.x < here) part[threadIdx.x] = partial[at + threadIdx.x];
        __syncthreads();
        for (size_t i = 0; threadIdx.x == 0 && i < here; i++) sum += part[i];
        __syncthreads();
    }
    if (threadIdx.x) return;
    now->norm = sqrt(sum), now->scale = (real)optim_factor(now->norm, clip);
    int finite = isfinite(now->norm) != 0;
    for (int i = 0; i < n; i++) finite &= isfinite(losses[i]) != 0;
    now->stop = !finite;
}

void optim_judge_cuda(const context *c, size_t parts, const double *partial, double clip, int n, const real *losses)
{
    LAUNCH(optim_judge, dim3(1), dim3(THREADS), 0, c->stream, parts, partial, clip, n, losses, c->live);
}
