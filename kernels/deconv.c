/* deconv.c - transposed convolution whose kernel equals its stride, like the 2 x 2 of U-Net. No two taps meet, so it is one matrix
 * product, x [pixels c] times w [c, kh kw k], whose rows are then dealt out to kh kw output pixels; backward collects the rows of gy
 * and multiplies. Done in bands of image rows, so that the rows are still in cache when they are dealt out or multiplied: through
 * memory the shuffle costs as much as the product. Input, output and gradients may be views; the product reads and writes x in place.
 * Where a map lies in bf16 the product is a 1x1 convolution by oneDNN, for which our weights lie as they should. */
#include "kernels/conv.h"
#include "kernels/dnn_cpu.h"
#include "kernels/bf16.h"
#include "kernels/gemm.h"
#include "kernels/loop.h"
#include "base/die.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What multiplies bands of maps in bf16: all but the last, the last. at: of the rows in scratch; packed: bytes from the weights of the
 * first to those of the other */
typedef struct { conv_kernel product[2]; size_t at, packed; } state;

/* Rows of the input (n h of them) in one band: about 1 MiB of dealt rows, but enough for the product to pay for packing w. */
static int64_t band_rows(const conv_shape *s)
{
    int64_t pixels = most(s->x16 || s->y16 ? 2048 : 512, (1 << 20) / (s->kh * s->kw * s->k * (int64_t)sizeof(real)));
    return least(most(1, pixels / s->w), s->n * s->h);
}

/* where tap t of input pixel p stands in y or gy */
static int64_t place(const conv_shape *s, int64_t p, int64_t t)
{
    int64_t row = p / s->w * s->kh + t / s->kw, column = p % s->w * s->kw + t % s->kw;
    return (row * s->ow + column) * s->ys;
}

/* rows [pixels, taps, k] of input pixels first.. -> y */
static void deal(const conv_shape *s, int64_t first, int64_t pixels, real *rows, const real *bias, real *y)
{
    int64_t taps = s->kh * s->kw;
    #pragma omp parallel for schedule(static)
    for (int64_t r = 0; r < pixels * taps; r++) {
        const int64_t at = place(s, first + r / taps, r % taps);
        real *restrict in = rows + r * s->k, *restrict out = y + at;
        bf16 *restrict half = (bf16 *)y + at;
        #pragma omp simd
        for (int64_t o = 0; o < s->k; o++) in[o] += bias ? bias[o] : 0;
        if (s->act != ACT_LINEAR) for (int64_t o = 0; o < s->k; o++) in[o] = act_value(s->act, in[o], s->slope);
        if (!s->y16) { memcpy(out, in, (size_t)s->k * sizeof *out); continue; }
        #pragma omp simd
        for (int64_t o = 0; o < s->k; o++) half[o] = bf16_put((float)in[o]);
    }
}

/* each: bytes of a number of gy */
static void collect(const conv_shape *s, int64_t first, int64_t pixels, const void *gy, size_t each, void *rows)
{
    int64_t taps = s->kh * s->kw;
    #pragma omp parallel for schedule(static)
    for (int64_t r = 0; r < pixels * taps; r++)
        memcpy((char *)rows + (size_t)(r * s->k) * each, (const char *)gy + (size_t)place(s, first + r / taps, r % taps) * each,
               (size_t)s->k * each);
}

static void run_forward(const context *c, const conv_kernel *k, const real *x, const real *w, const real *bias, real *y, int add)
{
    const conv_shape *s = &k->s;
    int64_t columns = s->kh * s->kw * s->k, band = band_rows(s) * s->w, all = s->n * s->h * s->w;
    assert(!add);
    for (int64_t p = 0; p < all; p += band) {
        gemm_shape g = { .m = least(band, all - p), .n = columns, .k = s->c, .lda = s->xs, .ldb = columns, .ldc = columns };
        gemm_cpu(c, &g, 1, x + p * s->xs, w, c->work, 0);
        deal(s, p, g.m, c->work, bias, y);
    }
}

static void run_data(const context *c, const conv_kernel *k, const real *gy, const real *w, const real *bias, real *gx, int add)
{
    const conv_shape *s = &k->s;
    int64_t columns = s->kh * s->kw * s->k, band = band_rows(s) * s->w, all = s->n * s->h * s->w;
    (void)bias;
    for (int64_t p = 0; p < all; p += band) {
        gemm_shape g = { .m = least(band, all - p), .n = s->c, .k = columns, .tb = 1, .lda = columns, .ldb = columns, .ldc = s->xs };
        collect(s, p, g.m, gy, sizeof(real), c->work);
        gemm_cpu(c, &g, 1, c->work, w, gx + p * s->xs, add);
    }
}

static void run_weights(const context *c, const conv_kernel *k, const real *x, const real *gy, const real *bias, real *gw, int add)
{
    const conv_shape *s = &k->s;
    int64_t columns = s->kh * s->kw * s->k, band = band_rows(s) * s->w, all = s->n * s->h * s->w;
    (void)bias;
    for (int64_t p = 0; p < all; p += band) {
        gemm_shape g = { .m = s->c, .n = columns, .k = least(band, all - p), .ta = 1, .lda = s->xs, .ldb = columns, .ldc = columns };
        collect(s, p, g.k, gy, sizeof(real), c->work);
        gemm_cpu(c, &g, 1, x + p * s->xs, c->work, gw, add || p > 0);
    }
}

/* ---- maps in bf16 ---- */

/* pixel p of x or gx */
static real *x_at(const conv_shape *s, const real *x, int64_t p)
{
    return (real *)((char *)x + (size_t)(p * s->xs) * (s->x16 ? sizeof(bf16) : sizeof(real)));
}

static void pack_bf16(const context *c, const conv_kernel *k, const real *w, void *to)
{
    const state *t = k->state;
    for (int i = 0; i < 2 && t->product[i].pack; i++) t->product[i].pack(c, &t->product[i], w, (char *)to + (size_t)i * t->packed);
}

/* The weights of the product of all bands but the last, or of the last */
static const real *packed_for(const state *t, const real *w, int last) { return (const real *)((const char *)w + (last ? t->packed : 0)); }

/* The rows of a band are real here: the bias is added before they are rounded. */
static void run_forward_bf16(const context *c, const conv_kernel *k, const real *x, const real *w, const real *bias, real *y, int add)
{
    const conv_shape *s = &k->s;
    const state *t = k->state;
    int64_t band = band_rows(s) * s->w, all = s->n * s->h * s->w;
    real *rows = (real *)((char *)c->work + t->at);
    assert(!add);
    for (int64_t p = 0; p < all; p += band) {
        const int last = all - p < band;
        const conv_kernel *product = &t->product[last];
        product->run(c, product, x_at(s, x, p), packed_for(t, w, last), NULL, rows, 0);
        deal(s, p, least(band, all - p), rows, bias, y);
    }
}

static void run_data_bf16(const context *c, const conv_kernel *k, const real *gy, const real *w, const real *bias, real *gx, int add)
{
    const conv_shape *s = &k->s;
    const state *t = k->state;
    int64_t band = band_rows(s) * s->w, all = s->n * s->h * s->w;
    real *rows = (real *)((char *)c->work + t->at);
    (void)bias;
    for (int64_t p = 0; p < all; p += band) {
        const int last = all - p < band;
        const conv_kernel *product = &t->product[last];
        collect(s, p, least(band, all - p), gy, s->y16 ? sizeof(bf16) : sizeof(real), rows);
        product->run(c, product, rows, packed_for(t, w, last), NULL, x_at(s, gx, p), add);
    }
}

static void release(conv_kernel *k)
{
    state *t = k->state;
    for (int i = 0; i < 2; i++) conv_release(&t->product[i]);
    free(t);
}

static int make_bf16(const conv_shape *s, conv_pass pass, conv_kernel *k)
{
    const int64_t columns = s->kh * s->kw * s->k, band = band_rows(s), count[2] = { band, s->n * s->h % band };
    conv_kernel made = { .s = *s, .run = pass == CONV_DATA ? run_data_bf16 : run_forward_bf16, .release = release };
    if (pass == CONV_WEIGHTS) return 0;
    state *t = made.state = xalloc(sizeof *t);
    for (int i = 0; i < 2 && count[i]; i++) {
        conv_shape one = { .n = 1, .h = count[i], .w = s->w, .c = s->c, .xs = s->xs, .oh = count[i], .ow = s->w, .k = columns, .ys = columns,
            .kh = 1, .kw = 1, .sh = 1, .sw = 1, .dh = 1, .dw = 1, .groups = 1, .bf16 = 1, .x16 = s->x16, .y16 = pass == CONV_DATA && s->y16 };
        if (!dnn_conv_make(&one, pass, &t->product[i])) { release(&made); return 0; }
        made.work = (size_t)most((int64_t)made.work, (int64_t)t->product[i].work);
    }
    t->packed = (t->product[0].packed + 63) / 64 * 64;
    made.packed = t->packed + t->product[1].packed, made.pack = pack_bf16;
    t->at = (made.work + 63) / 64 * 64;
    made.work = t->at + (size_t)(band * s->w * columns) * sizeof(real);
    snprintf(made.name, sizeof made.name, "bands of %.50s", t->product[0].name);
    *k = made;
    return 1;
}

int deconv_gemm_make(const conv_shape *s, conv_pass pass, conv_kernel *k)
{
    static void (*const run[])(const context *, const conv_kernel *, const real *, const real *, const real *, real *, int) =
        { run_forward, run_data, run_weights };
    int apart = s->kh == s->sh && s->kw == s->sw && s->dh == 1 && s->dw == 1 && !s->top && !s->left;
    if (!s->transposed || !apart || s->oh != s->h * s->sh || s->ow != s->w * s->sw) return 0;
    if (s->x16 || s->y16) return make_bf16(s, pass, k);
    size_t rows = (size_t)(band_rows(s) * s->w * s->kh * s->kw * s->k);
    *k = (conv_kernel){ .name = "gemm", .s = *s, .run = run[pass], .work = rows * sizeof(real) };
    return 1;
}
