/* vq.c - vector quantisation on the CPU; see vq.h. A row is one thread's, and so is a code: who chose it is looked for among all rows, in
 * their order. */
#include "kernels/vq.h"

static double distance(int64_t channels, const real *z, const real *e)
{
    double sum = 0;
    #pragma omp simd reduction(+ : sum)
    for (int64_t k = 0; k < channels; k++) sum += ((double)z[k] - (double)e[k]) * ((double)z[k] - (double)e[k]);
    return sum;
}

void vq_nearest_cpu(const context *c, vq_size s, const real *z, int64_t zs, const real *codes, real *q, int64_t qs, int32_t *index)
{
    (void)c;
    #pragma omp parallel for schedule(static) if (s.rows * s.codes * s.channels > SERIAL)
    for (int64_t i = 0; i < s.rows; i++) {
        double best = INFINITY;
        int64_t at = 0;
        for (int64_t k = 0; k < s.codes; k++) {
            const double d = distance(s.channels, z + i * zs, codes + k * s.channels);
            if (d < best) best = d, at = k;
        }
        index[i] = (int32_t)at;
        for (int64_t j = 0; j < s.channels; j++) q[i * qs + j] = codes[at * s.channels + j];
    }
}

size_t vq_loss_work(vq_size s) { return (size_t)part_count(s.rows) * sizeof(double); }

void vq_loss_cpu(const context *c, vq_size s, double scale, const real *z, int64_t zs, const real *codes, const int32_t *index, real *y,
                 void *work)
{
    (void)c;
    double *part = work, sum = 0;
    const int64_t parts = part_count(s.rows);
    #pragma omp parallel for schedule(static) if (s.rows * s.channels > SERIAL)
    for (int64_t j = 0; j < parts; j++) {
        part[j] = 0;
        for (int64_t i = part_begin(s.rows, parts, j); i < part_begin(s.rows, parts, j + 1); i++)
            if (vq_is_code(index[i], s.codes)) part[j] += distance(s.channels, z + i * zs, codes + index[i] * s.channels);
    }
    for (int64_t j = 0; j < parts; j++) sum += part[j];
    *y = (real)(scale * sum / (double)(s.rows * s.channels));
}

static real slope(const vq_size *s, double scale, const real *gy)
{
    return (real)(2 * scale * (double)*gy / (double)(s->rows * s->channels));
}

void vq_loss_to_rows_cpu(const context *c, vq_size s, double scale, const real *z, int64_t zs, const real *codes, const int32_t *index,
                         const real *gy, real *gz, int add)
{
    (void)c;
    const real w = slope(&s, scale, gy);
    #pragma omp parallel for schedule(static) if (s.rows * s.channels > SERIAL)
    for (int64_t i = 0; i < s.rows; i++) {
        const int there = vq_is_code(index[i], s.codes);
        const real *a = z + i * zs, *e = there ? codes + index[i] * s.channels : a;
        real *g = gz + i * zs;
        #pragma omp simd
        for (int64_t k = 0; k < s.channels; k++) g[k] = (add ? g[k] : 0) + (there ? w * (a[k] - e[k]) : 0);
    }
}

void vq_loss_to_codes_cpu(const context *c, vq_size s, double scale, const real *z, int64_t zs, const real *codes, const int32_t *index,
                          const real *gy, real *gcodes, int add)
{
    (void)c;
    const real w = slope(&s, scale, gy);
    #pragma omp parallel for schedule(static) if (s.rows * s.codes > SERIAL)
    for (int64_t k = 0; k < s.codes; k++) {
        const real *e = codes + k * s.channels;
        real *g = gcodes + k * s.channels;
        for (int64_t j = 0; j < s.channels && !add; j++) g[j] = 0;
        for (int64_t i = 0; i < s.rows; i++) {
            const real *a = z + i * zs;
            for (int64_t j = 0; j < s.channels && index[i] == k; j++) g[j] += w * (e[j] - a[j]);
        }
    }
}

/* [codes]: how many vectors chose each; and one more for the total of the sizes, where a GPU keeps it */
size_t vq_update_work(vq_size s) { return (size_t)(s.codes + 1) * sizeof(double); }

/* The running size and sum of code k take the batch in. */
static void take(const vq_size *s, const vq_rule *r, const real *z, int64_t zs, const int32_t *index, const vq_state *t, int64_t k, double count)
{
    real *sum = t->sum + k * s->channels;
    const int fresh = t->size[k] == 0;
    for (int64_t j = 0; j < s->channels; j++) {
        double now = 0;
        for (int64_t i = 0; i < s->rows; i++) if (index[i] == k) now += (double)z[i * zs + j];
        sum[j] = (real)vq_running(r->decay, fresh ? (double)t->codes[k * s->channels + j] : (double)sum[j], now);
    }
    t->size[k] = (real)vq_running(r->decay, fresh ? 1 : (double)t->size[k], count);
}

/* Puts a code that has been idle for too long onto a vector of the batch. */
static void restart(const context *c, const vq_size *s, const vq_rule *r, const real *z, int64_t zs, const vq_state *t, int64_t k, double count)
{
    t->idle[k] = count > 0 ? 0 : t->idle[k] + 1;
    if ((double)t->idle[k] < (double)r->restart) return;
    const real *from = z + vq_drawn(s, c->seed, c->step, k) * zs;
    for (int64_t j = 0; j < s->channels; j++) t->codes[k * s->channels + j] = from[j];
    for (int64_t j = 0; j < s->channels && t->sum; j++) t->sum[k * s->channels + j] = from[j];
    if (t->size) t->size[k] = 1;
    t->idle[k] = 0;
}

void vq_update_cpu(const context *c, vq_size s, const vq_rule *rule, const real *z, int64_t zs, const int32_t *index, vq_state t,
                   real *perplexity, void *work)
{
    double *count = work, n = 0, entropy = 0, total = 0;
    #pragma omp parallel for schedule(static) if (s.rows * s.codes > SERIAL)
    for (int64_t k = 0; k < s.codes; k++) {
        count[k] = 0;
        for (int64_t i = 0; i < s.rows; i++) count[k] += index[i] == k;
        if (rule && rule->decay > 0) take(&s, rule, z, zs, index, &t, k, count[k]);
    }
    for (int64_t k = 0; k < s.codes; k++) n += count[k], total += t.size ? (double)t.size[k] : 0;
    for (int64_t k = 0; k < s.codes; k++) entropy += vq_entropy(count[k], n);
    *perplexity = (real)exp(entropy);
    for (int64_t k = 0; rule && k < s.codes; k++) {
        const double size = rule->decay > 0 ? vq_smoothed(rule, (double)t.size[k], total, s.codes) : 0;
        for (int64_t j = k * s.channels; rule->decay > 0 && j < (k + 1) * s.channels; j++) t.codes[j] = (real)((double)t.sum[j] / size);
        if (rule->restart) restart(c, &s, rule, z, zs, &t, k, count[k]);
    }
}
