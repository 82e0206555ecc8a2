/* map.cu - moving and adding maps on a GPU; see map.h. Nothing here computes much: these kernels run as fast as memory does, and what
 * matters is that every access is whole and 16 bytes wide (vector.cuh). */
#include "kernels/map.h"
#include "kernels/vector.cuh"

enum { EACH = 4 };                       /* pixels a thread walks over */

template <int W> static __global__ void map_copy(int64_t pixels, int64_t channels, const real *x, int64_t xs, real *y, int64_t ys, int add,
                                             int aligned)
{
    EACH_PACK(W, pixels, channels) {
        pack<real, W> a = load<W>(x + p * xs + k, aligned);
        if (add) accumulate(&a, load<W>(y + p * ys + k, aligned));
        store(y + p * ys + k, a, aligned);
    }
}

void map_copy_cuda(const context *c, int64_t pixels, int64_t channels, const real *x, int64_t xs, real *y, int64_t ys, int add)
{
    flatten(&pixels, &channels, &xs, &ys, &ys);
    LAUNCH_EACH_PACK(map_copy, pixels, channels, EACH, c->stream, pixels, channels, x, xs, y, ys, add,
                      is_aligned(x, xs) && is_aligned(y, ys));
}

template <int W>
static __global__ void map_sum(int64_t pixels, int64_t channels, const real *a, int64_t as, const real *b, int64_t bs, real *y, int64_t ys,
                               int aligned)
{
    EACH_PACK(W, pixels, channels) {
        pack<real, W> u = load<W>(a + p * as + k, aligned);
        accumulate(&u, load<W>(b + p * bs + k, aligned));
        store(y + p * ys + k, u, aligned);
    }
}

void map_sum_cuda(const context *c, int64_t pixels, int64_t channels, const real *a, int64_t as, const real *b, int64_t bs, real *y,
                  int64_t ys)
{
    flatten(&pixels, &channels, &as, &bs, &ys);
    LAUNCH_EACH_PACK(map_sum, pixels, channels, EACH, c->stream, pixels, channels, a, as, b, bs, y, ys,
                     is_aligned(a, as) && is_aligned(b, bs) && is_aligned(y, ys));
}

template <int W> static __global__ void map_window(window_size s, const real *x, int64_t xs, real *y, int64_t ys, int add, int aligned)
{
    EACH_PLACE(s.samples, s.yh, s.yw) {
        const int64_t u = i - s.top, v = j - s.left;
        const int inside = u >= 0 && u < s.xh && v >= 0 && v < s.xw;
        const real *from = x + ((n * s.xh + u) * s.xw + v) * xs;
        real *to = y + ((n * s.yh + i) * s.yw + j) * ys;
        if (add && !inside) continue;
        for (int64_t k = (int64_t)threadIdx.x * W; k < s.channels; k += (int64_t)blockDim.x * W) {
            pack<real, W> a = inside ? load<W>(from + k, aligned) : zeros<W>();
            if (add) accumulate(&a, load<W>(to + k, aligned));
            store(to + k, a, aligned);
        }
    }
}

void map_window_cuda(const context *c, window_size s, const real *x, int64_t xs, real *y, int64_t ys, int add)
{
    LAUNCH_EACH_PLACE(map_window, s.samples, s.yh, s.yw, s.channels, c->stream, s, x, xs, y, ys, add,
                      is_aligned(x, xs) && is_aligned(y, ys));
}

/* What dropout_draw needs to know: a context's pointer is the host's */
typedef struct { uint64_t seed; uint32_t step, micro, node, threshold; real scale; } dropout;

/* W divides 4 and the elements of a pack are numbered on from a multiple of W, so that one draw of four numbers serves a pack. */
template <int W>
static __global__ void map_drop(int64_t pixels, int64_t channels, dropout d, const live_numbers *now, const real *x, int64_t xs, real *y,
                                int64_t ys, int add, int aligned)
{
    const uint32_t step = now ? now->step : d.step, micro = now ? now->micro : d.micro;
    EACH_PACK(W, pixels, channels) {
        const int64_t element = p * channels + k;
        const rng4 draw = dropout_draw(d.seed, step, micro, d.node, element);
        pack<real, W> a = load<W>(x + p * xs + k, aligned);
        for (int j = 0; j < W; j++) a.v[j] = draw.v[element % 4 + j] >= d.threshold ? a.v[j] * d.scale : 0;
        if (add) accumulate(&a, load<W>(y + p * ys + k, aligned));
        store(y + p * ys + k, a, aligned);
    }
}

void map_dropout_cuda(const context *c, int64_t pixels, int64_t channels, double p, uint32_t node, const real *x, int64_t xs, real *y,
                      int64_t ys, int add)
{
    const dropout d = { c->seed, c->step, c->micro, node, dropout_threshold(p), (real)(1 / (1 - p)) };
    flatten(&pixels, &channels, &xs, &ys, &ys);
    LAUNCH_EACH_PACK(map_drop, pixels, channels, EACH, c->stream, pixels, channels, d, (const live_numbers *)c->live, x, xs, y, ys, add,
                     is_aligned(x, xs) && is_aligned(y, ys));
}

static __global__ void map_scalar(real w, const real *x, real *y, int add) { *y = (add ? *y : 0) + w * *x; }

void map_scalar_cuda(const context *c, double w, const real *x, real *y, int add)
{
    LAUNCH(map_scalar, dim3(1), dim3(1), 0, c->stream, (real)w, x, y, add);
}
