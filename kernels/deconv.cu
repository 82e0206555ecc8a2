/* deconv.cu - transposed convolution on the GPU as loops: one thread computes one number and adds in a fixed order. The definition;
 * what a network runs is conv_tiles.cu, except where maps are too large for it. */
#include "kernels/conv.h"
#include "kernels/grid.cuh"

static __global__ void forward(conv_shape s, const real *x, const real *w, const real *b, real *y)
{
    const int64_t taps = s.kh * s.kw;
    for EACH_OF_GRID(e, s.n * s.oh * s.ow * s.k) {
        const int64_t o = e % s.k, p = e / s.k, n = p / (s.oh * s.ow), i = p / s.ow % s.oh, j = p % s.ow;
        real sum = b ? b[o] : 0;
        for (int64_t t = 0; t < taps; t++) {
            const int64_t u = conv_read_by(i, t / s.kw, s.sh, s.dh, s.top, s.h), v = conv_read_by(j, t % s.kw, s.sw, s.dw, s.left, s.w);
            if (u < 0 || v < 0) continue;
            const real *in = x + ((n * s.h + u) * s.w + v) * s.xs;
            for (int64_t q = 0; q < s.c; q++) sum += in[q] * w[(q * taps + t) * s.k + o];
        }
        y[p * s.ys + o] = act_value(s.act, sum, s.slope);
    }
}

static __global__ void backward_data(conv_shape s, const real *gy, const real *w, real *gx, int add)
{
    const int64_t taps = s.kh * s.kw;
    for EACH_OF_GRID(e, s.n * s.h * s.w * s.c) {
        const int64_t q = e % s.c, p = e / s.c, n = p / (s.h * s.w), i = p / s.w % s.h, j = p % s.w;
        real sum = add ? gx[p * s.xs + q] : 0;
        for (int64_t t = 0; t < taps; t++) {
            const int64_t u = conv_reads(i, t / s.kw, s.sh, s.dh, s.top, s.oh), v = conv_reads(j, t % s.kw, s.sw, s.dw, s.left, s.ow);
            if (u < 0 || v < 0) continue;
            const real *in = gy + ((n * s.oh + u) * s.ow + v) * s.ys, *row = w + (q * taps + t) * s.k;
            for (int64_t o = 0; o < s.k; o++) sum += in[o] * row[o];
        }
        gx[p * s.xs + q] = sum;
    }
}

static __global__ void backward_weights(conv_shape s, const real *x, const real *gy, real *gw, int add)
{
    const int64_t taps = s.kh * s.kw;
    for EACH_OF_GRID(e, s.c * taps * s.k) {
        const int64_t o = e % s.k, t = e / s.k % taps, q = e / s.k / taps;
        real sum = add ? gw[e] : 0;
        for (int64_t p = 0; p < s.n * s.h * s.w; p++) {
            const int64_t n = p / (s.h * s.w), i = p / s.w % s.h, j = p % s.w;
            const int64_t u = conv_reads(i, t / s.kw, s.sh, s.dh, s.top, s.oh), v = conv_reads(j, t % s.kw, s.sw, s.dw, s.left, s.ow);
            if (u >= 0 && v >= 0) sum += x[p * s.xs + q] * gy[((n * s.oh + u) * s.ow + v) * s.ys + o];
        }
        gw[e] = sum;
    }
}

void deconv_forward_cuda(const context *c, const conv_shape *s, const real *x, const real *w, const real *b, real *y)
{
    LAUNCH_EACH(forward, s->n * s->oh * s->ow * s->k, c->stream, *s, x, w, b, y);
}
void deconv_backward_data_cuda(const context *c, const conv_shape *s, const real *gy, const real *w, real *gx, int add)
{
    LAUNCH_EACH(backward_data, s->n * s->h * s->w * s->c, c->stream, *s, gy, w, gx, add);
}
void deconv_backward_weights_cuda(const context *c, const conv_shape *s, const real *x, const real *gy, real *gw, int add)
{
    LAUNCH_EACH(backward_weights, conv_weights(s), c->stream, *s, x, gy, gw, add);
}
