/* element.c - losses of single elements on the CPU; see element.h. */
#include "kernels/element.h"
#include "kernels/loop.h"

size_t element_work(element_size s) { return (size_t)part_count(s.pixels) * 2 * sizeof(double); }

static double pixel_sum(const element_size *s, element_rule r, const real *x, const real *t)
{
    double sum = 0;
    for (int64_t c = 0; c < s->channels; c++) sum += (double)element_value(r, x[c], t ? t[c] : r.target);
    return sum;
}

void element_forward_cpu(const context *c, element_size s, element_rule r, const real *x, int64_t xs, const real *t, int64_t ts,
                         const real *w, int64_t ws, real *y, double *total, void *work)
{
    (void)c;
    double (*part)[2] = work;
    const int64_t parts = part_count(s.pixels);
    #pragma omp parallel for schedule(static) if (s.pixels * s.channels > SERIAL)
    for (int64_t i = 0; i < parts; i++) {
        double sum = 0, weight = 0;
        for (int64_t p = part_begin(s.pixels, parts, i); p < part_begin(s.pixels, parts, i + 1); p++) {
            const double k = w ? (double)w[p / s.each * ws] : 1;
            if (k != 0) sum += k * pixel_sum(&s, r, x + p * xs, t ? t + p * ts : NULL), weight += k;
        }
        part[i][0] = sum, part[i][1] = weight;
    }
    double sum = 0, weight = 0;
    for (int64_t i = 0; i < parts; i++) sum += part[i][0], weight += part[i][1];
    total[0] = sum, total[1] = r.mean ? weight * (double)s.channels : 1;
    *y = (real)(total[1] != 0 ? sum / total[1] : 0);
}

void element_backward_cpu(const context *c, element_size s, element_rule r, const real *x, int64_t xs, const real *t, int64_t ts,
                          const real *w, int64_t ws, const double *total, const real *gy, real *gx, int add_x, real *gt, int add_t)
{
    (void)c;
    const double scale = total[1] != 0 ? (double)*gy / total[1] : 0;
    #pragma omp parallel for schedule(static) if (s.pixels * s.channels > SERIAL)
    for (int64_t p = 0; p < s.pixels; p++) {
        const real k = (real)(scale * (w ? (double)w[p / s.each * ws] : 1));
        for (int64_t j = 0; j < s.channels; j++) {
            const real u = x[p * xs + j], v = t ? t[p * ts + j] : r.target;
            if (gx) gx[p * xs + j] = (add_x ? gx[p * xs + j] : 0) + (k != 0 ? k * element_slope(r, u, v) : 0);
            if (gt) gt[p * ts + j] = (add_t ? gt[p * ts + j] : 0) + (k != 0 ? k * element_target_slope(r, u, v) : 0);
        }
    }
}

void element_backward_weights_cpu(const context *c, element_size s, element_rule r, const real *x, int64_t xs, const real *t, int64_t ts,
                                  const double *total, const real *gy, real *gw, int64_t ws, int add)
{
    (void)c;
    const double scale = total[1] != 0 ? (double)*gy / total[1] : 0, mean = r.mean && total[1] != 0 ? total[0] / total[1] : 0;
    #pragma omp parallel for schedule(static) if (s.pixels * s.channels > SERIAL)
    for (int64_t i = 0; i < s.pixels / s.each; i++) {
        double sum = -mean * (double)(s.each * s.channels);
        for (int64_t p = i * s.each; p < (i + 1) * s.each; p++) sum += pixel_sum(&s, r, x + p * xs, t ? t + p * ts : NULL);
        gw[i * ws] = (add ? gw[i * ws] : 0) + (real)(scale * sum);
    }
}
