/* roi_align.cu - RoIAlign on a GPU; see roi_align.h. A kernel first finds the level and the axes of every box. Forward: a thread a pack of
 * channels of a bin. Backward: a thread a pack of channels of a pixel, which asks every box of its image for the bins that touch it. */
#include "kernels/roi_align.h"
#include "kernels/grid.cuh"

static __global__ void place_kernel(pyramid m, roi_rule r, const real *boxes, int64_t bs, const int32_t *count, roi *o)
{
    for EACH_OF_GRID(i, m.images * r.boxes) o[i] = roi_of(&r, m.levels, boxes + i * bs, i % r.boxes < count[i / r.boxes]);
}

template <int W> static __device__ inline void add_row(pack<real, W> *sum, real weight, const real *row, int64_t xs, const roi_sample &u,
                                                       int aligned)
{
    add_scaled(sum, weight * u.at_low, load<W>(row + u.low * xs, aligned));
    add_scaled(sum, weight * u.at_high, load<W>(row + u.high * xs, aligned));
}

template <int W> static __global__ void forward_kernel(pyramid m, roi_rule r, const roi *o, real *y, int64_t ys, int aligned)
{
    const int64_t bins = r.out_h * r.out_w;
    EACH_PACK(W, m.images * r.boxes * bins, m.channels) {
        const roi b = o[p / bins];
        pack<real, W> sum = zeros<W>();
        if (b.level >= 0) {
            const int64_t h = m.h[b.level], w = m.w[b.level], xs = m.xs[b.level];
            const real *x = m.x[b.level] + p / bins / r.boxes * h * w * xs + k;
            roi_sample v, u;
            for (int64_t i = 0; i < b.y.n; i++) {
                if (!roi_sample_of(&b.y, p % bins / r.out_w, i, h, &v)) continue;
                for (int64_t j = 0; j < b.x.n; j++) {
                    if (!roi_sample_of(&b.x, p % r.out_w, j, w, &u)) continue;
                    add_row(&sum, v.at_low, x + v.low * w * xs, xs, u, aligned);
                    add_row(&sum, v.at_high, x + v.high * w * xs, xs, u, aligned);
                }
            }
        }
        store(y + p * ys + k, sum, aligned);
    }
}

void roi_align_forward_cuda(const context *c, pyramid m, roi_rule r, const real *boxes, int64_t bs, const int32_t *count, real *y,
                            int64_t ys, void *work)
{
    roi *o = (roi *)work;
    int aligned = is_aligned(y, ys);
    for (int l = 0; l < m.levels; l++) aligned &= is_aligned(m.x[l], m.xs[l]);
    LAUNCH_EACH(place_kernel, m.images * r.boxes, c->stream, m, r, boxes, bs, count, o);
    LAUNCH_EACH_PACK(forward_kernel, m.images * r.boxes * r.out_h * r.out_w, m.channels, 1, c->stream, m, r, (const roi *)o, y, ys,
                     aligned);
}

/* The bins first..last of `out` that may touch pixel `at`: their samples lie within a pixel of it */
static __device__ inline void bins_at(const roi_axis *a, int64_t at, int64_t out, int64_t *first, int64_t *last)
{
    const real low = ((real)(at - 1) - a->start) / a->bin - 1, high = ((real)(at + 1) - a->start) / a->bin + 1, end = (real)(out - 1);
    *first = 0, *last = out - 1;
    if (!(a->bin > 0)) return;
    *first = !(low > 0) ? 0 : low > end ? out : (int64_t)low;
    *last = !(high < end) ? out - 1 : high < 0 ? -1 : (int64_t)high;
}

/* What pixel `at` weighs in a bin */
static __device__ inline real weight_at(const roi_axis *a, int64_t bin, int64_t at, int64_t length)
{
    real sum = 0;
    roi_sample s;
    for (int64_t i = 0; i < a->n; i++)
        if (roi_sample_of(a, bin, i, length, &s)) sum += (s.low == at ? s.at_low : 0) + (s.high == at ? s.at_high : 0);
    return sum;
}

/* g: the gradients of the bins of box b, at the channels of this thread */
template <int W> static __device__ inline void add_box(pack<real, W> *sum, const roi &b, const roi_rule &r, int64_t row, int64_t column,
                                                       int64_t h, int64_t w, const real *g, int64_t gys, int aligned)
{
    int64_t v, v_last, first, last;
    bins_at(&b.y, row, r.out_h, &v, &v_last);
    bins_at(&b.x, column, r.out_w, &first, &last);
    for (; v <= v_last && first <= last; v++) {
        const real vertical = weight_at(&b.y, v, row, h);
        for (int64_t u = first; u <= last && vertical != 0; u++) {
            const real weight = vertical * weight_at(&b.x, u, column, w);
            if (weight != 0) add_scaled(sum, weight, load<W>(g + (v * r.out_w + u) * gys, aligned));
        }
    }
}

template <int W> static __global__ void backward_kernel(pyramid m, int level, roi_rule r, const roi *o, const real *gy, int64_t gys,
                                                        real *gx, int64_t gxs, int add, int aligned)
{
    const int64_t h = m.h[level], w = m.w[level], bins = r.out_h * r.out_w;
    EACH_PACK(W, m.images * h * w, m.channels) {
        const int64_t first = p / (h * w) * r.boxes;
        pack<real, W> sum = zeros<W>();
        for (int64_t b = first; b < first + r.boxes; b++)
            if (o[b].level == level) add_box(&sum, o[b], r, p / w % h, p % w, h, w, gy + b * bins * gys + k, gys, aligned);
        put(gx + p * gxs + k, sum, add, aligned);
    }
}

void roi_align_backward_cuda(const context *c, pyramid m, int level, roi_rule r, const real *boxes, int64_t bs, const int32_t *count,
                             const real *gy, int64_t gys, real *gx, int64_t gxs, int add, void *work)
{
    roi *o = (roi *)work;
    LAUNCH_EACH(place_kernel, m.images * r.boxes, c->stream, m, r, boxes, bs, count, o);
    LAUNCH_EACH_PACK(backward_kernel, m.images * m.h[level] * m.w[level], m.channels, 1, c->stream, m, level, r, (const roi *)o, gy, gys,
                     gx, gxs, add, is_aligned(gy, gys) && is_aligned(gx, gxs));
}
