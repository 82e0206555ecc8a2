/* soft.cu - losses against soft targets on a GPU; see soft.h. Dice: a block a part and channel; distillation: a thread a pixel. */
#include "kernels/grid.cuh"
#include "kernels/soft.h"

struct soft_maps { int64_t pixels, channels; const real *x; int64_t xs; const real *t; int64_t ts; };

static __global__ void dice_parts(soft_maps m, int64_t parts, int squares, double *sums)     /* sums: [parts][channels][3] */
{
    const int64_t i = blockIdx.x / m.channels, j = blockIdx.x % m.channels, end = part_begin(m.pixels, parts, i + 1);
    double both = 0, ps = 0, ts = 0;
    for (int64_t at = part_begin(m.pixels, parts, i) + threadIdx.x; at < end; at += THREADS) {
        const double p = (double)soft_logistic(m.x[at * m.xs + j]), t = (double)m.t[at * m.ts + j];
        both += p * t, ps += squares ? p * p : p, ts += squares ? t * t : t;
    }
    both = block_sum(both), ps = block_sum(ps), ts = block_sum(ts);
    if (threadIdx.x == 0) sums[blockIdx.x * 3] = both, sums[blockIdx.x * 3 + 1] = ps, sums[blockIdx.x * 3 + 2] = ts;
}

/* one warp, a lane a channel */
static __global__ void dice_total(int64_t channels, int64_t parts, soft_rule r, const double *sums, real *y, double *slope)
{
    double loss = 0;
    for (int64_t j = threadIdx.x; j < channels; j += 32) {
        double both = 0, size = r.eps;
        for (int64_t i = 0; i < parts; i++) {
            const double *v = sums + (i * channels + j) * 3;
            both += v[0], size += v[1] + v[2];
        }
        const double k = r.n ? r.v[j] : 1 / (double)channels, ratio = (2 * both + r.eps) / size;
        loss += k * (1 - ratio);
        slope[2 * j] = -2 * k / size, slope[2 * j + 1] = k * ratio / size * (r.squares ? 2 : 1);
    }
    loss = warp_sum(loss);
    if (threadIdx.x == 0) *y = (real)loss;
}

void soft_dice_forward_cuda(const context *c, int64_t pixels, int64_t channels, soft_rule r, const real *x, int64_t xs, const real *t,
                            int64_t ts, real *y, double *slope, void *work)
{
    const soft_maps m = { pixels, channels, x, xs, t, ts };
    const int64_t parts = part_count(pixels);
    LAUNCH(dice_parts, dim3((unsigned)(parts * channels)), dim3(THREADS), 0, c->stream, m, parts, r.squares, (double *)work);
    LAUNCH(dice_total, dim3(1), dim3(32), 0, c->stream, channels, parts, r, (const double *)work, y, slope);
}

template <int W> static __global__ void dice_slopes(soft_maps m, int squares, const double *slope, const real *gy, real *gx, int add_x,
                                                    real *gt, int add_t, int aligned)
{
    EACH_PACK(W, m.pixels, m.channels) {
        const pack<real, W> u = load<W>(m.x + p * m.xs + k, aligned), v = load<W>(m.t + p * m.ts + k, aligned);
        pack<real, W> dx, dt;
        for (int j = 0; j < W; j++) {
            const real a = (real)(slope[2 * (k + j)] * (double)*gy), b = (real)(slope[2 * (k + j) + 1] * (double)*gy);
            const real q = soft_logistic(u.v[j]);
            dx.v[j] = (a * v.v[j] + b * (squares ? q : 1)) * q * (1 - q), dt.v[j] = a * q + b * (squares ? v.v[j] : 1);
        }
        if (gx) put(gx + p * m.xs + k, dx, add_x, aligned);
        if (gt) put(gt + p * m.ts + k, dt, add_t, aligned);
    }
}

void soft_dice_backward_cuda(const context *c, int64_t pixels, int64_t channels, soft_rule r, const real *x, int64_t xs, const real *t,
                             int64_t ts, const double *slope, const real *gy, real *gx, int add_x, real *gt, int add_t)
{
    const soft_maps m = { pixels, channels, x, xs, t, ts };
    const int aligned = is_aligned(x, xs) && is_aligned(t, ts) && is_aligned(gx, xs) && is_aligned(gt, ts);     /* NULL is */
    LAUNCH_EACH_PACK(dice_slopes, pixels, channels, 1, c->stream, m, r.squares, slope, gy, gx, add_x, gt, add_t, aligned);
}

static __global__ void distill_parts(soft_maps m, real cold, double *part)
{
    const int64_t end = part_begin(m.pixels, gridDim.x, blockIdx.x + 1);
    double sum = 0;
    for (int64_t p = part_begin(m.pixels, gridDim.x, blockIdx.x) + threadIdx.x; p < end; p += THREADS) {
        const real *u = m.x + p * m.xs, *v = m.t + p * m.ts;
        sum += (double)soft_divergence(m.channels, u, v, cold, soft_log_sum(m.channels, v, cold), soft_log_sum(m.channels, u, cold));
    }
    sum = block_sum(sum);
    if (threadIdx.x == 0) part[blockIdx.x] = sum;
}

static __global__ void distill_total(int64_t parts, double scale, const double *part, real *y)
{
    const double sum = warp_total(part, parts, 1);
    if (threadIdx.x == 0) *y = (real)(scale * sum);
}

void distill_forward_cuda(const context *c, int64_t pixels, int64_t channels, double temperature, const real *x, int64_t xs, const real *t,
                          int64_t ts, real *y, void *work)
{
    const soft_maps m = { pixels, channels, x, xs, t, ts };
    const int64_t parts = part_count(pixels);
    LAUNCH(distill_parts, dim3((unsigned)parts), dim3(THREADS), 0, c->stream, m, (real)(1 / temperature), (double *)work);
    LAUNCH(distill_total, dim3(1), dim3(32), 0, c->stream, parts, temperature * temperature / (double)pixels, (const double *)work, y);
}

static __global__ void distill_slopes(soft_maps m, real cold, double scale, const real *gy, real *gx, int add_x, real *gt, int add_t)
{
    const real k = (real)((double)*gy * scale);
    for EACH_OF_GRID(i, m.pixels) {
        const real *u = m.x + i * m.xs, *v = m.t + i * m.ts;
        const real a = soft_log_sum(m.channels, v, cold), b = soft_log_sum(m.channels, u, cold);
        const real mean = gt ? soft_divergence(m.channels, u, v, cold, a, b) : 0;
        for (int64_t j = 0; j < m.channels; j++) {
            const real p = real_exp(v[j] * cold - a), q = real_exp(u[j] * cold - b), l = (v[j] - u[j]) * cold - a + b;
            if (gx) gx[i * m.xs + j] = (add_x ? gx[i * m.xs + j] : 0) + k * (q - p);
            if (gt) gt[i * m.ts + j] = (add_t ? gt[i * m.ts + j] : 0) + k * p * (l - mean);
        }
    }
}

void distill_backward_cuda(const context *c, int64_t pixels, int64_t channels, double temperature, const real *x, int64_t xs, const real *t,
                           int64_t ts, const real *gy, real *gx, int add_x, real *gt, int add_t)
{
    const soft_maps m = { pixels, channels, x, xs, t, ts };
    LAUNCH_EACH(distill_slopes, pixels, c->stream, m, (real)(1 / temperature), temperature / (double)pixels,
           gy, gx, add_x, gt, add_t);
}
