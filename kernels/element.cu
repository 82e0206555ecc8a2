/* element.cu - losses of single elements on a GPU; see element.h. One block a part, one warp for the parts. */
#include "kernels/element.h"
#include "kernels/grid.cuh"

struct element_maps { const real *x, *t, *w; int64_t xs, ts, ws; };

static __device__ real target_of(const element_maps &m, element_rule r, int64_t p, int64_t j) { return m.t ? m.t[p * m.ts + j] : r.target; }
static __device__ double weight_of(const element_maps &m, element_size s, int64_t p) { return m.w ? (double)m.w[p / s.each * m.ws] : 1; }

static __global__ void element_parts(element_size s, element_rule r, element_maps m, double *part)
{
    const int64_t from = part_begin(s.pixels, gridDim.x, blockIdx.x), end = part_begin(s.pixels, gridDim.x, blockIdx.x + 1);
    double sum = 0, weight = 0;
    for (int64_t i = threadIdx.x; i < (end - from) * s.channels; i += THREADS) {
        const int64_t p = from + i / s.channels, j = i % s.channels;
        const double k = weight_of(m, s, p);
        if (k == 0) continue;
        sum += k * (double)element_value(r, m.x[p * m.xs + j], target_of(m, r, p, j));
        if (j == 0) weight += k;
    }
    sum = block_sum(sum), weight = block_sum(weight);
    if (threadIdx.x == 0) part[2 * blockIdx.x] = sum, part[2 * blockIdx.x + 1] = weight;
}

static __global__ void element_total(int64_t parts, int64_t channels, int mean, const double *part, real *y, double *total)
{
    const double sum = warp_total(part, parts, 2), weight = warp_total(part + 1, parts, 2);
    if (threadIdx.x) return;
    total[0] = sum, total[1] = mean ? weight * (double)channels : 1;
    *y = (real)(total[1] != 0 ? sum / total[1] : 0);
}

void element_forward_cuda(const context *c, element_size s, element_rule r, const real *x, int64_t xs, const real *t, int64_t ts,
                          const real *w, int64_t ws, real *y, double *total, void *work)
{
    const element_maps m = { x, t, w, xs, ts, ws };
    const int64_t parts = part_count(s.pixels);
    LAUNCH(element_parts, dim3((unsigned)parts), dim3(THREADS), 0, c->stream, s, r, m, (double *)work);
    LAUNCH(element_total, dim3(1), dim3(32), 0, c->stream, parts, s.channels, r.mean, (const double *)work, y, total);
}

template <int W> static __global__ void element_slopes(element_size s, element_rule r, element_maps m, const double *total, const real *gy,
                                                       real *gx, int add_x, real *gt, int add_t, int aligned)
{
    __shared__ real scale;                                     /* the division is done once a block */
    if (thread_index() == 0) scale = (real)(total[1] != 0 ? (double)*gy / total[1] : 0);
    __syncthreads();
    EACH_PACK(W, s.pixels, s.channels) {
        const real w = scale * (m.w ? m.w[p / s.each * m.ws] : 1);
        const pack<real, W> u = load<W>(m.x + p * m.xs + k, aligned), v = m.t ? load<W>(m.t + p * m.ts + k, aligned) : zeros<W>();
        pack<real, W> a = zeros<W>(), b = zeros<W>();
        for (int j = 0; j < W && w != 0; j++) {
            const real t = m.t ? v.v[j] : r.target;
            a.v[j] = w * element_slope(r, u.v[j], t), b.v[j] = w * element_target_slope(r, u.v[j], t);
        }
        if (gx) put(gx + p * m.xs + k, a, add_x, aligned);
        if (gt) put(gt + p * m.ts + k, b, add_t, aligned);
    }
}

void element_backward_cuda(const context *c, element_size s, element_rule r, const real *x, int64_t xs, const real *t, int64_t ts,
                           const real *w, int64_t ws, const double *total, const real *gy, real *gx, int add_x, real *gt, int add_t)
{
    const element_maps m = { x, t, w, xs, ts, ws };
    const int aligned = is_aligned(x, xs) && is_aligned(t, ts) && is_aligned(gx, xs) && is_aligned(gt, ts);     /* NULL is */
    LAUNCH_EACH_PACK(element_slopes, s.pixels, s.channels, 1, c->stream, s, r, m, total, gy, gx, add_x, gt, add_t, aligned);
}

/* a warp a weight */
static __global__ void element_weight_slopes(element_size s, element_rule r, element_maps m, const double *total, const real *gy, real *gw,
                                             int64_t gws, int add)
{
    const double scale = total[1] != 0 ? (double)*gy / total[1] : 0, mean = r.mean && total[1] != 0 ? total[0] / total[1] : 0;
    const int64_t count = s.each * s.channels, i = ((int64_t)blockIdx.x * THREADS + threadIdx.x) / 32;
    if (i >= s.pixels / s.each) return;
    double sum = 0;
    for (int64_t e = threadIdx.x % 32; e < count; e += 32) {
        const int64_t p = i * s.each + e / s.channels, j = e % s.channels;
        sum += (double)element_value(r, m.x[p * m.xs + j], target_of(m, r, p, j));
    }
    sum = warp_sum(sum) - mean * (double)count;
    if (threadIdx.x % 32 == 0) gw[i * gws] = (add ? gw[i * gws] : 0) + (real)(scale * sum);
}

void element_backward_weights_cuda(const context *c, element_size s, element_rule r, const real *x, int64_t xs, const real *t, int64_t ts,
                                   const double *total, const real *gy, real *gw, int64_t ws, int add)
{
    const element_maps m = { x, t, NULL, xs, ts, 0 };
    LAUNCH_EACH(element_weight_slopes, s.pixels / s.each * 32, c->stream, s, r, m, total, gy, gw, ws, add);
}
