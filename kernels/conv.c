/* conv.c - convolution as loop nests, and the table of implementations.
 *
 * Every element of an output is summed by one thread in a fixed order, so the bits do not depend on the number of threads: passes
 * to a map gather (each output pixel collects what reaches it), passes to weights give each thread rows of the weights. */
#include "kernels/conv.h"
#include "kernels/conv_bf16.h"
#include "kernels/dnn_cpu.h"
#include "kernels/loop.h"
#include "kernels/winograd.h"
#include <assert.h>

int64_t conv_weights(const conv_shape *s) { return s->kh * s->kw * (s->c / s->groups) * s->k; }
int64_t conv_macs(const conv_shape *s) { return s->n * (s->transposed ? s->h * s->w : s->oh * s->ow) * conv_weights(s); }

static void axpy(int64_t n, real v, const real *restrict x, real *restrict y)
{
    #pragma omp simd
    for (int64_t i = 0; i < n; i++) y[i] += v * x[i];
}

static real dot(int64_t n, const real *restrict x, const real *restrict y)
{
    real sum = 0;
    #pragma omp simd reduction(+ : sum)
    for (int64_t i = 0; i < n; i++) sum += x[i] * y[i];
    return sum;
}

static void start(int64_t n, const real *b, real *y) { for (int64_t i = 0; i < n; i++) y[i] = b ? b[i] : 0; }
static void finish(const conv_shape *s, real *y)
{
    if (s->act != ACT_LINEAR) for (int64_t i = 0; i < s->k; i++) y[i] = act_value(s->act, y[i], s->slope);
}

void conv_forward_cpu(const context *c, const conv_shape *s, const real *x, const real *w, const real *b, real *y)
{
    (void)c;
    int64_t cg = s->c / s->groups, kg = s->k / s->groups;
    #pragma omp parallel for schedule(static)
    for (int64_t p = 0; p < s->n * s->oh * s->ow; p++) {
        int64_t n = p / (s->oh * s->ow), i = p / s->ow % s->oh, j = p % s->ow;
        real *out = y + p * s->ys;
        start(s->k, b, out);
        for (int64_t t = 0; t < s->kh * s->kw; t++) {
            int64_t u = conv_reads(i, t / s->kw, s->sh, s->dh, s->top, s->h), v = conv_reads(j, t % s->kw, s->sw, s->dw, s->left, s->w);
            if (u < 0 || v < 0) continue;
            const real *in = x + ((n * s->h + u) * s->w + v) * s->xs, *row = w + t * cg * s->k;
            for (int64_t q = 0; q < s->c; q++) axpy(kg, in[q], row + q % cg * s->k + q / cg * kg, out + q / cg * kg);
        }
        finish(s, out);
    }
}

void conv_backward_data_cpu(const context *c, const conv_shape *s, const real *gy, const real *w, real *gx, int add)
{
    (void)c;
    int64_t cg = s->c / s->groups, kg = s->k / s->groups;
    #pragma omp parallel for schedule(static)
    for (int64_t p = 0; p < s->n * s->h * s->w; p++) {
        int64_t n = p / (s->h * s->w), i = p / s->w % s->h, j = p % s->w;
        real *out = gx + p * s->xs;
        if (!add) start(s->c, NULL, out);
        for (int64_t t = 0; t < s->kh * s->kw; t++) {
            int64_t u = conv_read_by(i, t / s->kw, s->sh, s->dh, s->top, s->oh);
            int64_t v = conv_read_by(j, t % s->kw, s->sw, s->dw, s->left, s->ow);
            if (u < 0 || v < 0) continue;
            const real *in = gy + ((n * s->oh + u) * s->ow + v) * s->ys, *row = w + t * cg * s->k;
            for (int64_t q = 0; q < s->c; q++) out[q] += dot(kg, in + q / cg * kg, row + q % cg * s->k + q / cg * kg);
        }
    }
}

void conv_backward_weights_cpu(const context *c, const conv_shape *s, const real *x, const real *gy, real *gw, int add)
{
    (void)c;
    int64_t cg = s->c / s->groups, kg = s->k / s->groups;
    #pragma omp parallel for schedule(static)
    for (int64_t r = 0; r < s->kh * s->kw * cg; r++) {
        int64_t t = r / cg;
        real *out = gw + r * s->k;
        if (!add) start(s->k, NULL, out);
        for (int64_t p = 0; p < s->n * s->oh * s->ow; p++) {
            int64_t n = p / (s->oh * s->ow), i = p / s->ow % s->oh, j = p % s->ow;
            int64_t u = conv_reads(i, t / s->kw, s->sh, s->dh, s->top, s->h), v = conv_reads(j, t % s->kw, s->sw, s->dw, s->left, s->w);
            if (u < 0 || v < 0) continue;
            const real *in = x + ((n * s->h + u) * s->w + v) * s->xs + r % cg;
            for (int64_t g = 0; g < s->groups; g++) axpy(kg, in[g * cg], gy + p * s->ys + g * kg, out + g * kg);
        }
    }
}

void deconv_forward_cpu(const context *c, const conv_shape *s, const real *x, const real *w, const real *b, real *y)
{
    (void)c;
    int64_t taps = s->kh * s->kw;
    #pragma omp parallel for schedule(static)
    for (int64_t p = 0; p < s->n * s->oh * s->ow; p++) {
        int64_t n = p / (s->oh * s->ow), i = p / s->ow % s->oh, j = p % s->ow;
        real *out = y + p * s->ys;
        start(s->k, b, out);
        for (int64_t t = 0; t < taps; t++) {
            int64_t u = conv_read_by(i, t / s->kw, s->sh, s->dh, s->top, s->h), v = conv_read_by(j, t % s->kw, s->sw, s->dw, s->left, s->w);
            if (u < 0 || v < 0) continue;
            const real *in = x + ((n * s->h + u) * s->w + v) * s->xs;
            for (int64_t q = 0; q < s->c; q++) axpy(s->k, in[q], w + (q * taps + t) * s->k, out);
        }
        finish(s, out);
    }
}

void deconv_backward_data_cpu(const context *c, const conv_shape *s, const real *gy, const real *w, real *gx, int add)
{
    (void)c;
    int64_t taps = s->kh * s->kw;
    #pragma omp parallel for schedule(static)
    for (int64_t p = 0; p < s->n * s->h * s->w; p++) {
        int64_t n = p / (s->h * s->w), i = p / s->w % s->h, j = p % s->w;
        real *out = gx + p * s->xs;
        if (!add) start(s->c, NULL, out);
        for (int64_t t = 0; t < taps; t++) {
            int64_t u = conv_reads(i, t / s->kw, s->sh, s->dh, s->top, s->oh), v = conv_reads(j, t % s->kw, s->sw, s->dw, s->left, s->ow);
            if (u < 0 || v < 0) continue;
            const real *in = gy + ((n * s->oh + u) * s->ow + v) * s->ys;
            for (int64_t q = 0; q < s->c; q++) out[q] += dot(s->k, in, w + (q * taps + t) * s->k);
        }
    }
}

void deconv_backward_weights_cpu(const context *c, const conv_shape *s, const real *x, const real *gy, real *gw, int add)
{
    (void)c;
    int64_t taps = s->kh * s->kw;
    #pragma omp parallel for schedule(static)
    for (int64_t r = 0; r < s->c * taps; r++) {
        int64_t t = r % taps;
        real *out = gw + r * s->k;
        if (!add) start(s->k, NULL, out);
        for (int64_t p = 0; p < s->n * s->h * s->w; p++) {
            int64_t n = p / (s->h * s->w), i = p / s->w % s->h, j = p % s->w;
            int64_t u = conv_reads(i, t / s->kw, s->sh, s->dh, s->top, s->oh), v = conv_reads(j, t % s->kw, s->sw, s->dw, s->left, s->ow);
            if (u >= 0 && v >= 0) axpy(s->k, x[p * s->xs + r / taps], gy + ((n * s->oh + u) * s->ow + v) * s->ys, out);
        }
    }
}

size_t bias_work(int64_t pixels, int64_t k) { return (size_t)(part_count(pixels) * k) * sizeof(real); }

void bias_backward_cpu(const context *c, int64_t pixels, int64_t k, const real *gy, int64_t gys, real *gb, int add)
{
    int64_t parts = part_count(pixels);
    real *sums = c->work;
    #pragma omp parallel for schedule(static)
    for (int64_t i = 0; i < parts; i++) {
        start(k, NULL, sums + i * k);
        for (int64_t p = part_begin(pixels, parts, i); p < part_begin(pixels, parts, i + 1); p++) axpy(k, 1, gy + p * gys, sums + i * k);
    }
    if (!add) start(k, NULL, gb);
    for (int64_t i = 0; i < parts; i++) axpy(k, 1, sums + i * k, gb);
}

static void run_forward(const context *c, const conv_kernel *k, const real *a, const real *b, const real *bias, real *out, int add)
{
    assert(!add);
    (k->s.transposed ? deconv_forward_cpu : conv_forward_cpu)(c, &k->s, a, b, bias, out);
}
static void run_data(const context *c, const conv_kernel *k, const real *a, const real *b, const real *bias, real *out, int add)
{
    (void)bias;
    (k->s.transposed ? deconv_backward_data_cpu : conv_backward_data_cpu)(c, &k->s, a, b, out, add);
}
static void run_weights(const context *c, const conv_kernel *k, const real *a, const real *b, const real *bias, real *out, int add)
{
    (void)bias;
    (k->s.transposed ? deconv_backward_weights_cpu : conv_backward_weights_cpu)(c, &k->s, a, b, out, add);
}

static int loops_make(const conv_shape *s, conv_pass pass, conv_kernel *k)
{
    static void (*const run[])(const context *, const conv_kernel *, const real *, const real *, const real *, real *, int) =
        { run_forward, run_data, run_weights };
    *k = (conv_kernel){ .name = "loops", .s = *s, .run = run[pass] };
    return 1;
}

void conv_choose_cpu(const context *c, const conv_shape *s, conv_pass pass, conv_kernel *k)
{
    static conv_make *const reals[] = { bf16_weights_make, conv_few_make, deconv_avx512_make, deconv_gemm_make, winograd_make, dnn_conv_make, loops_make, NULL };
    static conv_make *const halves[] = { bf16_weights_make, deconv_gemm_make, dnn_conv_make, conv_through_make, NULL };
    conv_make *const *table = s->x16 || s->y16 ? halves : reals;
    (void)c;
    while (*table && !(*table)(s, pass, k)) table++;
    if (s->y16 && pass == CONV_WEIGHTS) k->bias = conv_bias_bf16;
}

void conv_release(conv_kernel *k)
{
    if (k->release) k->release(k);
    *k = (conv_kernel){ 0 };
}
