/* rows.cu - tables, products and reshapes on a GPU; see rows.h. Memory-bound: every access is a pack wide where sizes and addresses
 * allow it (vector.cuh). */
#include "kernels/rows.h"
#include "kernels/vector.cuh"

enum { EACH = 4 };                       /* pixels a thread walks over */

template <int W> static __global__ void add_rows(int64_t all, int64_t pixels, int64_t channels, const real *x, int64_t xs, const real *t,
                                                 int64_t ts, real *y, int64_t ys, int aligned)
{
    EACH_PACK(W, all, channels) {
        pack<real, W> a = load<W>(x + p * xs + k, aligned);
        accumulate(&a, load<W>(t + p % pixels * ts + k, aligned));
        store(y + p * ys + k, a, aligned);
    }
}

void table_add_cuda(const context *c, int64_t samples, int64_t pixels, int64_t channels, const real *x, int64_t xs, const real *t, int64_t ts,
                    real *y, int64_t ys)
{
    LAUNCH_EACH_PACK(add_rows, samples * pixels, channels, EACH, c->stream, samples * pixels, pixels, channels, x, xs, t, ts, y, ys,
                     is_aligned(x, xs) && is_aligned(t, ts) && is_aligned(y, ys));
}

template <int W> static __global__ void sum_samples(int64_t samples, int64_t pixels, int64_t channels, const real *gy, int64_t gys, real *gt,
                                                    int64_t gts, int add, int aligned)
{
    EACH_PACK(W, pixels, channels) {
        pack<real, W> sum = add ? load<W>(gt + p * gts + k, aligned) : zeros<W>();
        for (int64_t n = 0; n < samples; n++) accumulate(&sum, load<W>(gy + (n * pixels + p) * gys + k, aligned));
        store(gt + p * gts + k, sum, aligned);
    }
}

void table_backward_cuda(const context *c, int64_t samples, int64_t pixels, int64_t channels, const real *gy, int64_t gys, real *gt, int64_t gts,
                         int add)
{
    LAUNCH_EACH_PACK(sum_samples, pixels, channels, 1, c->stream, samples, pixels, channels, gy, gys, gt, gts, add,
                     is_aligned(gy, gys) && is_aligned(gt, gts));
}

template <int W> static __global__ void product(int64_t pixels, int64_t channels, const real *a, int64_t as, const real *b, int64_t bs, real *y,
                                                int64_t ys, int add, int aligned)
{
    EACH_PACK(W, pixels, channels) {
        const pack<real, W> u = load<W>(a + p * as + k, aligned), v = load<W>(b + p * bs + k, aligned);
        pack<real, W> w = add ? load<W>(y + p * ys + k, aligned) : zeros<W>();
        for (int m = 0; m < W; m++) w.v[m] += u.v[m] * v.v[m];
        store(y + p * ys + k, w, aligned);
    }
}

void map_product_cuda(const context *c, int64_t pixels, int64_t channels, const real *a, int64_t as, const real *b, int64_t bs, real *y,
                      int64_t ys, int add)
{
    flatten(&pixels, &channels, &as, &bs, &ys);
    LAUNCH_EACH_PACK(product, pixels, channels, EACH, c->stream, pixels, channels, a, as, b, bs, y, ys, add,
                     is_aligned(a, as) && is_aligned(b, bs) && is_aligned(y, ys));
}

/* whole: packs do not cross the end of a pixel of x either */
template <int W> static __global__ void reshape(int64_t pixels, int64_t xc, const real *x, int64_t xs, int64_t yc, real *y, int64_t ys, int add,
                                                int whole, int aligned)
{
    EACH_PACK(W, pixels, yc) {
        const int64_t i = p * yc + k;
        pack<real, W> a;
        if (whole) a = load<W>(x + i / xc * xs + i % xc, aligned);
        else for (int m = 0; m < W; m++) a.v[m] = x[(i + m) / xc * xs + (i + m) % xc];
        if (add) accumulate(&a, load<W>(y + p * ys + k, aligned));
        store(y + p * ys + k, a, aligned);
    }
}

void map_reshape_cuda(const context *c, int64_t n, int64_t xc, const real *x, int64_t xs, int64_t yc, real *y, int64_t ys, int add)
{
    LAUNCH_EACH_PACK(reshape, n / yc, yc, EACH, c->stream, n / yc, xc, x, xs, yc, y, ys, add, xc % pack_width(yc) == 0,
                     is_aligned(x, xs) && is_aligned(y, ys));
}
