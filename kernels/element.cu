/* element.cu - losses of single elements on a GPU; see element.h. One block a part, one warp for the parts. */
#include "kernels/block.cuh"
#include "kernels/element.h"
#include "kernels/loop.h"

struct element_maps { const real *x, *t, *w; int64_t xs, ts, ws; };

static __device__ real target_of(const element_maps &m, element_rule r, int64_t p, int64_t j) { return m.t ? m.t[p * m.ts + j] : r.target; }
static __device__ double weight_of(const element_maps &m, element_size s, int64_t p) { return m.w ? (double)m.w[p / s.each * m.ws] : 1; }

static __global__ void element_parts(element_size s, element_rule r, element_maps m, double *part)
{
    __shared__ double shared[WARPS];
    const int64_t from = part_begin(s.pixels, gridDim.x, blockIdx.x), n = (part_begin(s.pixels, gridDim.x, blockIdx.x + 1) - from) * s.channels;
    double sum = 0, weight = 0;
    for (int64_t i = threadIdx.x; i < n; i += BLOCK) {
        const int64_t p = from + i / s.channels, j = i % s.channels;
        const double k = weight_of(m, s, p);
        if (k == 0) continue;
        sum += k * (double)element_value(r, m.x[p * m.xs + j], target_of(m, r, p, j));
        if (j == 0) weight += k;
    }
    sum = block_sum(sum, shared), weight = block_sum(weight, shared);
    if (threadIdx.x == 0) part[2 * blockIdx.x] = sum, part[2 * blockIdx.x + 1] = weight;
}

static __global__ void element_total(int64_t parts, int64_t channels, int mean, const double *part, real *y, double *total)
{
    double sum = 0, weight = 0;
    for (int64_t i = threadIdx.x; i < parts; i += 32) sum += part[2 * i], weight += part[2 * i + 1];
    sum = warp_sum(sum), weight = warp_sum(weight);
    if (threadIdx.x) return;
    total[0] = sum, total[1] = mean ? weight * (double)channels : 1;
    *y = (real)(total[1] != 0 ? sum / total[1] : 0);
}

void element_forward_cuda(const context *c, element_size s, element_rule r, const real *x, int64_t xs, const real *t, int64_t ts,
                          const real *w, int64_t ws, real *y, double *total, void *work)
{
    const element_maps m = { x, t, w, xs, ts, ws };
    const int64_t parts = part_count(s.pixels);
    LAUNCH(element_parts, dim3((unsigned)parts), dim3(BLOCK), 0, c->stream, s, r, m, (double *)work);
    LAUNCH(element_total, dim3(1), dim3(32), 0, c->stream, parts, s.channels, r.mean, (const double *)work, y, total);
}

static __global__ void element_slopes(element_size s, element_rule r, element_maps m, const double *total, const real *gy, real *gx, int add_x,
                                      real *gt, int add_t)
{
    const double scale = total[1] != 0 ? (double)*gy / total[1] : 0;
    for EACH_OF_GRID(i, s.pixels * s.channels) {
        const int64_t p = i / s.channels, j = i % s.channels;
        const real k = (real)(scale * weight_of(m, s, p)), u = m.x[p * m.xs + j], v = target_of(m, r, p, j);
        if (gx) gx[p * m.xs + j] = (add_x ? gx[p * m.xs + j] : 0) + (k != 0 ? k * element_slope(r, u, v) : 0);
        if (gt) gt[p * m.ts + j] = (add_t ? gt[p * m.ts + j] : 0) + (k != 0 ? k * element_target_slope(r, u, v) : 0);
    }
}

void element_backward_cuda(const context *c, element_size s, element_rule r, const real *x, int64_t xs, const real *t, int64_t ts,
                           const real *w, int64_t ws, const double *total, const real *gy, real *gx, int add_x, real *gt, int add_t)
{
    const element_maps m = { x, t, w, xs, ts, ws };
    LAUNCH(element_slopes, dim3(blocks_for(s.pixels * s.channels, BLOCK)), dim3(BLOCK), 0, c->stream, s, r, m, total, gy, gx, add_x, gt, add_t);
}

/* a warp a weight */
static __global__ void element_weight_slopes(element_size s, element_rule r, element_maps m, const double *total, const real *gy, real *gw,
                                             int64_t gws, int add)
{
    const double scale = total[1] != 0 ? (double)*gy / total[1] : 0, mean = r.mean && total[1] != 0 ? total[0] / total[1] : 0;
    const int64_t count = s.each * s.channels, i = (int64_t)blockIdx.x * WARPS + threadIdx.x / 32;
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
    LAUNCH(element_weight_slopes, dim3(blocks_for(s.pixels / s.each, WARPS)), dim3(BLOCK), 0, c->stream, s, r, m, total, gy, gw, ws, add);
}
