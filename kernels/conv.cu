/* conv.cu - convolution on the GPU as loops, the gradient of a bias, and the table of implementations. One thread computes one number
 * (of a gradient of weights, one part of it) and adds in a fixed order; this is the definition, and serves what neither cuDNN nor the tiles
 * (conv_tiles.cu) take: groups, huge maps. */
#include "kernels/conv.h"
#include "kernels/dnn_cuda.h"
#include "kernels/grid.cuh"
#include "kernels/loop.h"
#include <assert.h>
#include <stdio.h>

static __global__ void forward(conv_shape s, const real *x, const real *w, const real *b, real *y)
{
    const int64_t cg = s.c / s.groups, kg = s.k / s.groups;
    for EACH_OF_GRID(e, s.n * s.oh * s.ow * s.k) {
        const int64_t o = e % s.k, p = e / s.k, n = p / (s.oh * s.ow), i = p / s.ow % s.oh, j = p % s.ow;
        real sum = b ? b[o] : 0;
        for (int64_t t = 0; t < s.kh * s.kw; t++) {
            const int64_t u = conv_reads(i, t / s.kw, s.sh, s.dh, s.top, s.h), v = conv_reads(j, t % s.kw, s.sw, s.dw, s.left, s.w);
            if (u < 0 || v < 0) continue;
            const real *in = x + ((n * s.h + u) * s.w + v) * s.xs + o / kg * cg;
            for (int64_t q = 0; q < cg; q++) sum += in[q] * w[(t * cg + q) * s.k + o];
        }
        y[p * s.ys + o] = act_value(s.act, sum, s.slope);
    }
}

static __global__ void backward_data(conv_shape s, const real *gy, const real *w, real *gx, int add)
{
    const int64_t cg = s.c / s.groups, kg = s.k / s.groups;
    for EACH_OF_GRID(e, s.n * s.h * s.w * s.c) {
        const int64_t q = e % s.c, p = e / s.c, n = p / (s.h * s.w), i = p / s.w % s.h, j = p % s.w;
        real sum = add ? gx[p * s.xs + q] : 0;
        for (int64_t t = 0; t < s.kh * s.kw; t++) {
            const int64_t u = conv_read_by(i, t / s.kw, s.sh, s.dh, s.top, s.oh), v = conv_read_by(j, t % s.kw, s.sw, s.dw, s.left, s.ow);
            if (u < 0 || v < 0) continue;
            const real *in = gy + ((n * s.oh + u) * s.ow + v) * s.ys + q / cg * kg, *row = w + (t * cg + q % cg) * s.k + q / cg * kg;
            for (int64_t o = 0; o < kg; o++) sum += in[o] * row[o];
        }
        gx[p * s.xs + q] = sum;
    }
}

/* sums [parts weights]: a weight's sum over a part of the pixels. Grouped convolutions have few weights, each of them long sums. */
static __global__ void backward_weights(conv_shape s, int64_t parts, const real *x, const real *gy, real *sums)
{
    const int64_t cg = s.c / s.groups, kg = s.k / s.groups, weights = s.kh * s.kw * cg * s.k, pixels = s.n * s.oh * s.ow;
    for EACH_OF_GRID(e, parts * weights) {
        const int64_t part = e / weights, o = e % s.k, q = e % weights / s.k % cg + o / kg * cg, t = e % weights / s.k / cg;
        real sum = 0;
        for (int64_t p = part_begin(pixels, parts, part); p < part_begin(pixels, parts, part + 1); p++) {
            const int64_t n = p / (s.oh * s.ow), i = p / s.ow % s.oh, j = p % s.ow;
            const int64_t u = conv_reads(i, t / s.kw, s.sh, s.dh, s.top, s.h), v = conv_reads(j, t % s.kw, s.sw, s.dw, s.left, s.w);
            if (u >= 0 && v >= 0) sum += x[((n * s.h + u) * s.w + v) * s.xs + q] * gy[p * s.ys + o];
        }
        sums[e] = sum;
    }
}

/* Parts of the pixels: as many as keep a GPU busy, each of 32 pixels at least */
static int64_t weight_parts(const conv_shape *s)
{
    enum { BUSY = 1 << 18, PIXELS = 32 };
    return most(1, least(s->n * s->oh * s->ow / PIXELS, BUSY / conv_weights(s)));
}

/* out (+)= the sums of n numbers' parts, in order */
static __global__ void add_parts(int64_t parts, int64_t n, const real *sums, real *out, int add)
{
    for EACH_OF_GRID(i, n) {
        real sum = 0;
        for (int64_t p = 0; p < parts; p++) sum += sums[p * n + i];
        out[i] = (add ? out[i] : 0) + sum;
    }
}

void conv_forward_cuda(const context *c, const conv_shape *s, const real *x, const real *w, const real *b, real *y)
{
    LAUNCH_EACH(forward, s->n * s->oh * s->ow * s->k, c->stream, *s, x, w, b, y);
}
void conv_backward_data_cuda(const context *c, const conv_shape *s, const real *gy, const real *w, real *gx, int add)
{
    LAUNCH_EACH(backward_data, s->n * s->h * s->w * s->c, c->stream, *s, gy, w, gx, add);
}
void conv_backward_weights_cuda(const context *c, const conv_shape *s, const real *x, const real *gy, real *gw, int add)
{
    const int64_t parts = weight_parts(s), n = conv_weights(s);
    LAUNCH_EACH(backward_weights, parts * n, c->stream, *s, parts, x, gy, (real *)c->work);
    LAUNCH_EACH(add_parts, n, c->stream, parts, n, (const real *)c->work, gw, add);
}

/* ---- the gradient of a bias ---- */

/* sums [parts k]: block (part, 32 channels) sums its pixels in rows of threads, then the rows in order. lanes: threads of a row */
static __global__ void bias_sums(int64_t pixels, int64_t k, int lanes, const real *gy, int64_t gys, real *sums)
{
    __shared__ real rows[THREADS];
    const int64_t part = blockIdx.x, parts = gridDim.x, o = blockIdx.y * (int64_t)lanes + threadIdx.x % lanes;
    const int row = threadIdx.x / lanes, each = THREADS / lanes;
    real sum = 0;
    if (o < k)
        for (int64_t p = part_begin(pixels, parts, part) + row; p < part_begin(pixels, parts, part + 1); p += each) sum += gy[p * gys + o];
    rows[threadIdx.x] = sum;
    __syncthreads();
    if (row || o >= k) return;
    for (int i = 1; i < each; i++) sum += rows[i * lanes + threadIdx.x];
    sums[part * k + o] = sum;
}

void bias_backward_cuda(const context *c, int64_t pixels, int64_t k, const real *gy, int64_t gys, real *gb, int add)
{
    const int64_t parts = part_count(pixels);
    int lanes = 1;
    while (lanes < 32 && lanes < k) lanes *= 2;
    LAUNCH(bias_sums, dim3((unsigned)parts, blocks_for(k, lanes)), dim3(THREADS), 0, c->stream, pixels, k, lanes, gy, gys, (real *)c->work);
    LAUNCH_EACH(add_parts, k, c->stream, parts, k, (const real *)c->work, gb, add);
}

/* ---- the table ---- */

static void run_forward(const context *c, const conv_kernel *k, const real *a, const real *b, const real *bias, real *out, int add)
{
    assert(!add);
    (k->s.transposed ? deconv_forward_cuda : conv_forward_cuda)(c, &k->s, a, b, bias, out);
}
static void run_data(const context *c, const conv_kernel *k, const real *a, const real *b, const real *, real *out, int add)
{
    (k->s.transposed ? deconv_backward_data_cuda : conv_backward_data_cuda)(c, &k->s, a, b, out, add);
}
static void run_weights(const context *c, const conv_kernel *k, const real *a, const real *b, const real *, real *out, int add)
{
    (k->s.transposed ? deconv_backward_weights_cuda : conv_backward_weights_cuda)(c, &k->s, a, b, out, add);
}

static int loops_make(const conv_shape *s, conv_pass pass, conv_kernel *k)
{
    *k = {};
    k->s = *s, k->run = pass == CONV_FORWARD ? run_forward : pass == CONV_DATA ? run_data : run_weights;
    if (pass == CONV_WEIGHTS && !s->transposed) k->work = (size_t)(weight_parts(s) * conv_weights(s)) * sizeof(real);
    snprintf(k->name, sizeof k->name, "loops");
    return 1;
}

void conv_choose_cuda(const context *, const conv_shape *s, conv_pass pass, conv_kernel *k)
{
    static conv_make *const table[] = { dnn_cuda_conv_make, conv_tiles_make, loops_make };
    for (size_t i = 0; i < sizeof table / sizeof *table && !table[i](s, pass, k); i++) continue;
}
