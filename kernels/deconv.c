/* deconv.c - transposed convolution whose kernel equals its stride, like the 2 x 2 of U-Net. No two taps meet, so it is one matrix
 * product, x [pixels c] times w [c, kh kw k], whose rows are then dealt out to kh kw output pixels; backward collects the rows of gy
 * and multiplies. Done in bands of image rows, so that the rows are still in cache when they are dealt out or multiplied: through
 * memory the shuffle costs as much as the product. Input, output and gradients may be views; the product reads and writes x in place. */
#include "kernels/conv.h"
#include "kernels/gemm.h"
#include "kernels/loop.h"
#include <assert.h>
#include <string.h>

/* Rows of the input (n h of them) in one band: about 1 MiB of dealt rows, but enough for the product to pay for packing w. */
static int64_t band_rows(const conv_shape *s)
{
    int64_t pixels = most(512, (1 << 20) / (s->kh * s->kw * s->k * (int64_t)sizeof(real)));
    return least(most(1, pixels / s->w), s->n * s->h);
}

/* where tap t of input pixel p stands in y or gy */
static int64_t place(const conv_shape *s, int64_t p, int64_t t)
{
    int64_t row = p / s->w * s->kh + t / s->kw, column = p % s->w * s->kw + t % s->kw;
    return (row * s->ow + column) * s->ys;
}

/* rows [pixels, taps, k] of input pixels first.. -> y */
static void deal(const conv_shape *s, int64_t first, int64_t pixels, const real *rows, const real *bias, real *y)
{
    int64_t taps = s->kh * s->kw;
    #pragma omp parallel for schedule(static)
    for (int64_t r = 0; r < pixels * taps; r++) {
        const real *in = rows + r * s->k;
        real *out = y + place(s, first + r / taps, r % taps);
        #pragma omp simd
        for (int64_t o = 0; o < s->k; o++) out[o] = bias ? in[o] + bias[o] : in[o];
        if (s->act != ACT_LINEAR) for (int64_t o = 0; o < s->k; o++) out[o] = act_value(s->act, out[o], s->slope);
    }
}

static void collect(const conv_shape *s, int64_t first, int64_t pixels, const real *gy, real *rows)
{
    int64_t taps = s->kh * s->kw;
    #pragma omp parallel for schedule(static)
    for (int64_t r = 0; r < pixels * taps; r++)
        memcpy(rows + r * s->k, gy + place(s, first + r / taps, r % taps), (size_t)s->k * sizeof(real));
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
        collect(s, p, g.m, gy, c->work);
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
        collect(s, p, g.k, gy, c->work);
        gemm_cpu(c, &g, 1, x + p * s->xs, c->work, gw, add || p > 0);
    }
}

int deconv_gemm_make(const conv_shape *s, conv_pass pass, conv_kernel *k)
{
    static void (*const run[])(const context *, const conv_kernel *, const real *, const real *, const real *, real *, int) =
        { run_forward, run_data, run_weights };
    int apart = s->kh == s->sh && s->kw == s->sw && s->dh == 1 && s->dw == 1 && !s->top && !s->left;
    if (!s->transposed || !apart || s->oh != s->h * s->sh || s->ow != s->w * s->sw) return 0;
    size_t rows = (size_t)(band_rows(s) * s->w * s->kh * s->kw * s->k);
    *k = (conv_kernel){ .name = "gemm", .s = *s, .run = run[pass], .work = rows * sizeof(real) };
    return 1;
}
