/* norm.c - normalisation on the CPU; see norm.h. Work is cut into (sample, part of the pixels, tile of the channels); within a part
 * the statistics loop reads each block of pixels twice, the second time from L1. */
#include "kernels/norm.h"
#include "kernels/elem.h"
#include <math.h>

enum { BLOCK = 32 };                                           /* pixels summed in `real` before double takes over */

/* A pair of rows of `channels` doubles: mean and squares, or the two sums of the gradient */
typedef struct { double *a, *b; } pair;
static pair pair_at(const norm_size *s, double *work, int64_t row) { return (pair){ work + row * 2 * s->channels, work + (row * 2 + 1) * s->channels }; }

/* Mean and sum of squared deviations of w channels over n pixels. */
static void tile_moments(int64_t w, int64_t n, const elem *x, int64_t xs, double *mean, double *squares)
{
    for (int64_t c = 0; c < w; c++) mean[c] = squares[c] = 0;
    for (int64_t p = 0; p < n; p += BLOCK) {
        const int64_t nb = least(BLOCK, n - p);
        const elem *b = x + p * xs;
        real m[TILE] = { 0 }, d[TILE] = { 0 }, q[TILE] = { 0 };
        for (int64_t i = 0; i < nb; i++) {
            #pragma omp simd
            for (int64_t c = 0; c < w; c++) m[c] += get(b[i * xs + c]);
        }
        for (int64_t c = 0; c < w; c++) m[c] /= (real)nb;
        for (int64_t i = 0; i < nb; i++) {
            #pragma omp simd
            for (int64_t c = 0; c < w; c++) {
                real e = get(b[i * xs + c]) - m[c];
                d[c] += e, q[c] += e * e;
            }
        }
        #pragma omp simd
        for (int64_t c = 0; c < w; c++) {
            double e = (double)d[c] / (double)nb;              /* what rounding left of the block's mean */
            norm_merge((double)p, &mean[c], &squares[c], (double)nb, (double)m[c] + e, (double)q[c] - e * (double)d[c]);
        }
    }
}

/* All tiles of all parts: code sees sample i, part j of `parts`, its pixels begin..end-1, channels at..at+w-1 */
#define EACH_TILE(s, code) do { \
    const int64_t parts = part_count((s).pixels), tiles = ((s).channels + TILE - 1) / TILE; \
    _Pragma("omp parallel for collapse(3) schedule(static) if ((s).samples * (s).pixels * (s).channels > SERIAL)") \
    for (int64_t i = 0; i < (s).samples; i++) for (int64_t j = 0; j < parts; j++) for (int64_t t = 0; t < tiles; t++) { \
        const int64_t begin = part_begin((s).pixels, parts, j), end = part_begin((s).pixels, parts, j + 1), at = t * TILE, \
                      w = least(TILE, (s).channels - at); code; } } while (0)

void CPU(norm_moments)(const context *c, norm_size s, const elem *x, int64_t xs, double eps, real *mean, real *rstd, real *running_mean,
                       real *running_var, double momentum, void *work)
{
    (void)c;
    const int64_t each = s.channels / s.groups, np = part_count(s.pixels);
    EACH_TILE(s, pair p = pair_at(&s, work, i * parts + j);
              tile_moments(w, end - begin, x + (i * s.pixels + begin) * xs + at, xs, p.a + at, p.b + at));
    for (int64_t i = 0; i < s.samples; i++)
        for (int64_t g = 0; g < s.groups; g++) {
            double n = 0, m = 0, q = 0;
            for (int64_t k = g * each; k < (g + 1) * each; k++)
                for (int64_t j = 0; j < np; j++) {
                    pair p = pair_at(&s, work, i * np + j);
                    double nb = (double)(part_begin(s.pixels, np, j + 1) - part_begin(s.pixels, np, j));
                    norm_merge(n, &m, &q, nb, p.a[k], p.b[k]), n += nb;
                }
            mean[i * s.groups + g] = (real)m, rstd[i * s.groups + g] = (real)(1 / sqrt(q / n + eps));
            if (running_mean) {
                running_mean[g] = norm_follow(running_mean[g], m, momentum);
                running_var[g] = norm_follow(running_var[g], q / (n > 1 ? n - 1 : 1), momentum);
            }
        }
}

void CPU(norm_running)(const context *c, int64_t channels, const real *running_mean, const real *running_var, double eps, real *mean, real *rstd)
{
    (void)c;
    for (int64_t k = 0; k < channels; k++) mean[k] = running_mean[k], rstd[k] = (real)(1 / sqrt((double)running_var[k] + eps));
}

/* z = (x - m) * k + b of w channels: what the tiles of a sample share */
typedef struct { real m[TILE], k[TILE], b[TILE], r[TILE]; } line;

static void line_of(const norm_size *s, int64_t i, int64_t at, int64_t w, const norm_affine *f, const real *mean, const real *rstd, line *l)
{
    const int64_t each = s->channels / s->groups;
    for (int64_t c = 0; c < w; c++) {
        const int64_t g = i * s->groups + (at + c) / each;
        l->m[c] = mean[g], l->r[c] = rstd[g], l->k[c] = rstd[g] * f->gamma[at + c], l->b[c] = f->beta[at + c];
    }
}

static inline void apply(activation a, real slope, int64_t w, int64_t n, const line *l, const elem *x, int64_t xs, elem *y, int64_t ys)
{
    for (int64_t p = 0; p < n; p++, x += xs, y += ys) {
        #pragma omp simd
        for (int64_t c = 0; c < w; c++) y[c] = put(act_value(a, (get(x[c]) - l->m[c]) * l->k[c] + l->b[c], slope));
    }
}

void CPU(norm_forward)(const context *c, norm_size s, const elem *x, int64_t xs, elem *y, int64_t ys, norm_affine f, const real *mean,
                       const real *rstd)
{
    (void)c;
    #define CALL(act) apply(act, f.slope, w, end - begin, &l, x + from * xs + at, xs, y + from * ys + at, ys)
    EACH_TILE(s, line l;
              const int64_t from = i * s.pixels + begin;
              line_of(&s, i, at, w, &f, mean, rstd, &l);
              ACT_SWITCH(f.a, CALL));
    #undef CALL
}

/* g = gy * f'(z): sum of g and of g * (x - mean), over n pixels of w channels; keep: where g is left, by the stride of x, or NULL */
static inline void tile_sums(activation a, real slope, int64_t w, int64_t n, const line *l, const elem *x, int64_t xs, const elem *gy,
                             int64_t gys, elem *keep, double *sum, double *sum_x)
{
    for (int64_t c = 0; c < w; c++) sum[c] = sum_x[c] = 0;
    for (int64_t p = 0; p < n; p += BLOCK) {
        real u[TILE] = { 0 }, v[TILE] = { 0 };
        for (int64_t i = p; i < least(p + BLOCK, n); i++) {
            #pragma omp simd
            for (int64_t c = 0; c < w; c++) {
                real d = get(x[i * xs + c]) - l->m[c], g = get(gy[i * gys + c]) * act_slope(a, d * l->k[c] + l->b[c], slope);
                u[c] += g, v[c] += g * d;
                if (keep) keep[i * xs + c] = put(g);
            }
        }
        for (int64_t c = 0; c < w; c++) sum[c] += (double)u[c], sum_x[c] += (double)v[c];
    }
}

/* gx = k * g - a - (x - mean) * b; k, the line's, is rstd * gamma */
static inline void tile_gradient(activation act, real slope, int64_t w, int64_t n, const line *l, const real *a, const real *b, const elem *x,
                                 int64_t xs, const elem *gy, int64_t gys, elem *gx, int add)
{
    for (int64_t p = 0; p < n; p++, x += xs, gy += gys, gx += xs) {
        #pragma omp simd
        for (int64_t c = 0; c < w; c++) {
            real d = get(x[c]) - l->m[c], g = get(gy[c]) * act_slope(act, d * l->k[c] + l->b[c], slope);
            gx[c] = put((add ? get(gx[c]) : 0) + norm_gradient(l->k[c], g, d, a[c], b[c]));
        }
    }
}

/* Sums of all parts of sample i -> row i of `total`: sum g and sum g * xhat of every channel */
static void total_sums(const norm_size *s, double *work, double *total, const real *rstd)
{
    const int64_t np = part_count(s->pixels), each = s->channels / s->groups;
    for (int64_t i = 0; i < s->samples; i++) {
        pair t = pair_at(s, total, i);
        for (int64_t c = 0; c < s->channels; c++) t.a[c] = t.b[c] = 0;
        for (int64_t j = 0; j < np; j++) {
            pair p = pair_at(s, work, i * np + j);
            for (int64_t c = 0; c < s->channels; c++) t.a[c] += p.a[c], t.b[c] += p.b[c];
        }
        for (int64_t c = 0; c < s->channels; c++) t.b[c] *= (double)rstd[i * s->groups + c / each];
    }
}

/* The two means that gx takes off, for w channels from `at` of sample i */
static void means(const norm_size *s, int64_t i, int64_t at, int64_t w, double *total, const real *gamma, const real *rstd, real *a, real *b)
{
    const int64_t each = s->channels / s->groups;
    const double m = (double)(s->pixels * each);
    pair t = pair_at(s, total, i);
    int64_t group = -1;
    double u = 0, v = 0;
    for (int64_t c = 0; c < w; c++) {
        const int64_t g = (at + c) / each;
        if (g != group) {
            u = v = 0, group = g;
            for (int64_t k = g * each; k < (g + 1) * each; k++) u += (double)gamma[k] * t.a[k], v += (double)gamma[k] * t.b[k];
        }
        const double r = (double)rstd[i * s->groups + g];
        a[c] = (real)(r * u / m), b[c] = (real)(r * r * v / m);
    }
}

void CPU(norm_backward)(const context *c, norm_size s, int batch, const elem *x, int64_t xs, const elem *gy, int64_t gys, norm_affine f,
                        const real *mean, const real *rstd, elem *gx, int add_x, real *ggamma, int add_gamma, real *gbeta, int add_beta,
                        void *work)
{
    (void)c;
    double *total = pair_at(&s, work, s.samples * part_count(s.pixels)).a;
    /* An exponential costs more than a store: g is left in gx, to be read where it would be computed again. In bf16 it would be rounded. */
    const int costly = f.a != ACT_LINEAR && f.a != ACT_RELU && f.a != ACT_LEAKY;
    elem *keep = gx && !add_x && costly && sizeof(elem) == sizeof(real) ? gx : NULL;
    #define CALL(act) tile_sums(act, f.slope, w, end - begin, &l, x + from * xs + at, xs, gy + from * gys + at, gys, keep ? keep + from * xs + at : NULL, \
                                p.a + at, p.b + at)
    EACH_TILE(s, line l;
              pair p = pair_at(&s, work, i * parts + j);
              const int64_t from = i * s.pixels + begin;
              line_of(&s, i, at, w, &f, mean, rstd, &l);
              ACT_SWITCH(f.a, CALL));
    #undef CALL
    total_sums(&s, work, total, rstd);
    for (int64_t k = 0; k < s.channels; k++) {
        double u = 0, v = 0;
        for (int64_t i = 0; i < s.samples; i++) u += pair_at(&s, total, i).a[k], v += pair_at(&s, total, i).b[k];
        if (gbeta) gbeta[k] = (add_beta ? gbeta[k] : 0) + (real)u;
        if (ggamma) ggamma[k] = (add_gamma ? ggamma[k] : 0) + (real)v;
    }
    if (!gx) return;
    if (keep) gy = keep, gys = xs, f.a = ACT_LINEAR;
    #define CALL(act) tile_gradient(act, f.slope, w, end - begin, &l, a, b, x + from * xs + at, xs, gy + from * gys + at, gys, \
                                    gx + from * xs + at, add_x)
    EACH_TILE(s, line l;
              real a[TILE] = { 0 };
              real b[TILE] = { 0 };
              const int64_t from = i * s.pixels + begin;
              line_of(&s, i, at, w, &f, mean, rstd, &l);
              if (batch) means(&s, i, at, w, total, f.gamma, rstd, a, b);
              ACT_SWITCH(f.a, CALL));
    #undef CALL
}
