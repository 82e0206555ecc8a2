/* soft.c - losses against soft targets on the CPU; see soft.h. */
#include "kernels/soft.h"
#include "kernels/loop.h"

size_t soft_work(int64_t pixels, int64_t channels) { return (size_t)(part_count(pixels) * channels * 3) * sizeof(double); }

void soft_dice_forward_cpu(const context *c, int64_t pixels, int64_t channels, soft_rule r, const real *x, int64_t xs, const real *t,
                           int64_t ts, real *y, double *slope, void *work)
{
    (void)c;
    double (*sums)[3] = work;                                  /* [parts][channels]: p t, p^e, t^e */
    const int64_t parts = part_count(pixels);
    #pragma omp parallel for schedule(static) if (pixels * channels > SERIAL)
    for (int64_t i = 0; i < parts; i++) {
        double (*to)[3] = sums + i * channels;
        for (int64_t j = 0; j < channels; j++) to[j][0] = to[j][1] = to[j][2] = 0;
        for (int64_t at = part_begin(pixels, parts, i); at < part_begin(pixels, parts, i + 1); at++)
            for (int64_t j = 0; j < channels; j++) {
                const double p = (double)soft_logistic(x[at * xs + j]), v = (double)t[at * ts + j];
                to[j][0] += p * v, to[j][1] += r.squares ? p * p : p, to[j][2] += r.squares ? v * v : v;
            }
    }
    double loss = 0;
    for (int64_t j = 0; j < channels; j++) {
        double both = 0, size = r.eps;
        for (int64_t i = 0; i < parts; i++) {
            const double *v = sums[i * channels + j];
            both += v[0], size += v[1] + v[2];
        }
        const double k = r.n ? r.v[j] : 1 / (double)channels, ratio = (2 * both + r.eps) / size;
        loss += k * (1 - ratio);
        slope[2 * j] = -2 * k / size, slope[2 * j + 1] = k * ratio / size * (r.squares ? 2 : 1);
    }
    *y = (real)loss;
}

void soft_dice_backward_cpu(const context *c, int64_t pixels, int64_t channels, soft_rule r, const real *x, int64_t xs, const real *t,
                            int64_t ts, const double *slope, const real *gy, real *gx, int add_x, real *gt, int add_t)
{
    (void)c;
    #pragma omp parallel for schedule(static) if (pixels * channels > SERIAL)
    for (int64_t i = 0; i < pixels; i++)
        for (int64_t j = 0; j < channels; j++) {
            const real a = (real)(slope[2 * j] * (double)*gy), b = (real)(slope[2 * j + 1] * (double)*gy);
            const real p = soft_logistic(x[i * xs + j]), v = t[i * ts + j];
            if (gx) gx[i * xs + j] = (add_x ? gx[i * xs + j] : 0) + (a * v + b * (r.squares ? p : 1)) * p * (1 - p);
            if (gt) gt[i * ts + j] = (add_t ? gt[i * ts + j] : 0) + a * p + b * (r.squares ? v : 1);
        }
}

void distill_forward_cpu(const context *c, int64_t pixels, int64_t channels, double temperature, const real *x, int64_t xs, const real *t,
                         int64_t ts, real *y, void *work)
{
    (void)c;
    double *part = work, sum = 0;
    const int64_t parts = part_count(pixels);
    const real cold = (real)(1 / temperature);
    #pragma omp parallel for schedule(static) if (pixels * channels > SERIAL)
    for (int64_t i = 0; i < parts; i++) {
        part[i] = 0;
        for (int64_t p = part_begin(pixels, parts, i); p < part_begin(pixels, parts, i + 1); p++) {
            const real a = soft_log_sum(channels, t + p * ts, cold), b = soft_log_sum(channels, x + p * xs, cold);
            part[i] += (double)soft_divergence(channels, x + p * xs, t + p * ts, cold, a, b);
        }
    }
    for (int64_t i = 0; i < parts; i++) sum += part[i];
    *y = (real)(temperature * temperature * sum / (double)pixels);
}

void distill_backward_cpu(const context *c, int64_t pixels, int64_t channels, double temperature, const real *x, int64_t xs, const real *t,
                          int64_t ts, const real *gy, real *gx, int add_x, real *gt, int add_t)
{
    (void)c;
    const real cold = (real)(1 / temperature), scale = (real)((double)*gy * temperature / (double)pixels);
    #pragma omp parallel for schedule(static) if (pixels * channels > SERIAL)
    for (int64_t i = 0; i < pixels; i++) {
        const real *u = x + i * xs, *v = t + i * ts;
        const real a = soft_log_sum(channels, v, cold), b = soft_log_sum(channels, u, cold);
        const real mean = gt ? soft_divergence(channels, u, v, cold, a, b) : 0;
        for (int64_t j = 0; j < channels; j++) {
            const real p = real_exp(v[j] * cold - a), q = real_exp(u[j] * cold - b), l = (v[j] - u[j]) * cold - a + b;
            if (gx) gx[i * xs + j] = (add_x ? gx[i * xs + j] : 0) + scale * (q - p);
            if (gt) gt[i * ts + j] = (add_t ? gt[i * ts + j] : 0) + scale * p * (l - mean);
        }
    }
}
