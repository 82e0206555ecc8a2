/* vq.cu - vector quantisation on a GPU; see vq.h. A block looks for the nearest code of a row, a warp a code; and a block sums what a code's
 * rows add, its threads over the channels. */
#include "kernels/vq.h"
#include "kernels/grid.cuh"

enum { WARPS = THREADS / 32 };

/* Is distance d of code k before that of code l? Strict, so the order of threads is of no account. */
static __device__ bool before(double d, int64_t k, double e, int64_t l) { return d < e || (d == e && k < l); }

static __global__ void nearest(vq_size s, const real *z, int64_t zs, const real *codes, real *q, int64_t qs, int32_t *index)
{
    __shared__ double best[WARPS];
    __shared__ int64_t at[WARPS];
    for (int64_t i = blockIdx.x; i < s.rows; i += gridDim.x) {
        double least_d = INFINITY;
        int64_t least_k = 0;
        for (int64_t k = threadIdx.y; k < s.codes; k += WARPS) {
            double d = 0;
            for (int64_t j = threadIdx.x; j < s.channels; j += 32) {
                const double a = (double)z[i * zs + j] - (double)codes[k * s.channels + j];
                d += a * a;
            }
            d = warp_sum(d);
            if (d < least_d) least_d = d, least_k = k;
        }
        __syncthreads();
        if (!threadIdx.x) best[threadIdx.y] = least_d, at[threadIdx.y] = least_k;
        __syncthreads();
        for (int w = 0; w < WARPS; w++) if (before(best[w], at[w], least_d, least_k)) least_d = best[w], least_k = at[w];
        if (!(least_d < INFINITY)) least_k = 0;
        if (!thread_index()) index[i] = (int32_t)least_k;
        for (int64_t j = thread_index(); j < s.channels; j += THREADS) q[i * qs + j] = codes[least_k * s.channels + j];
    }
}

void vq_nearest_cuda(const context *c, vq_size s, const real *z, int64_t zs, const real *codes, real *q, int64_t qs, int32_t *index)
{
    LAUNCH(nearest, dim3(grid_limited(s.rows)), dim3(32, WARPS), 0, c->stream, s, z, zs, codes, q, qs, index);
}

static __global__ void loss_parts(vq_size s, const real *z, int64_t zs, const real *codes, const int32_t *index, double *part)
{
    const int64_t from = part_begin(s.rows, gridDim.x, blockIdx.x), end = part_begin(s.rows, gridDim.x, blockIdx.x + 1);
    double sum = 0;
    for (int64_t e = threadIdx.x; e < (end - from) * s.channels; e += THREADS) {
        const int64_t i = from + e / s.channels, j = e % s.channels;
        if (!vq_is_code(index[i], s.codes)) continue;
        const double a = (double)z[i * zs + j] - (double)codes[index[i] * s.channels + j];
        sum += a * a;
    }
    sum = block_sum(sum);
    if (!threadIdx.x) part[blockIdx.x] = sum;
}

static __global__ void loss_total(int64_t parts, double scale, const double *part, real *y)
{
    const double sum = warp_total(part, parts, 1);
    if (!threadIdx.x) *y = (real)(scale * sum);
}

void vq_loss_cuda(const context *c, vq_size s, double scale, const real *z, int64_t zs, const real *codes, const int32_t *index, real *y,
                  void *work)
{
    const int64_t parts = part_count(s.rows);
    LAUNCH(loss_parts, dim3((unsigned)parts), dim3(THREADS), 0, c->stream, s, z, zs, codes, index, (double *)work);
    LAUNCH(loss_total, dim3(1), dim3(32), 0, c->stream, parts, scale / (double)(s.rows * s.channels), (const double *)work, y);
}

static __device__ real slope(const vq_size &s, double scale, const real *gy)
{
    return (real)(2 * scale * (double)*gy / (double)(s.rows * s.channels));
}

static __global__ void to_rows(vq_size s, double scale, const real *z, int64_t zs, const real *codes, const int32_t *index, const real *gy,
                               real *gz, int add)
{
    const real w = slope(s, scale, gy);
    for EACH_OF_GRID(e, s.rows * s.channels) {
        const int64_t i = e / s.channels, j = e % s.channels;
        real *g = gz + i * zs + j;
        *g = (add ? *g : 0) + (vq_is_code(index[i], s.codes) ? w * (z[i * zs + j] - codes[index[i] * s.channels + j]) : 0);
    }
}

void vq_loss_to_rows_cuda(const context *c, vq_size s, double scale, const real *z, int64_t zs, const real *codes, const int32_t *index,
                          const real *gy, real *gz, int add)
{
    LAUNCH_EACH(to_rows, s.rows * s.channels, c->stream, s, scale, z, zs, codes, index, gy, gz, add);
}

static __global__ void to_codes(vq_size s, double scale, const real *z, int64_t zs, const real *codes, const int32_t *index, const real *gy,
                                real *gcodes, int add)
{
    const real w = slope(s, scale, gy);
    for (int64_t k = blockIdx.x; k < s.codes; k += gridDim.x)
        for (int64_t j = threadIdx.x; j < s.channels; j += THREADS) {
            real sum = add ? gcodes[k * s.channels + j] : 0;
            for (int64_t i = 0; i < s.rows; i++) if (index[i] == k) sum += w * (codes[k * s.channels + j] - z[i * zs + j]);
            gcodes[k * s.channels + j] = sum;
        }
}

void vq_loss_to_codes_cuda(const context *c, vq_size s, double scale, const real *z, int64_t zs, const real *codes, const int32_t *index,
                           const real *gy, real *gcodes, int add)
{
    LAUNCH(to_codes, dim3(grid_limited(s.codes)), dim3(THREADS), 0, c->stream, s, scale, z, zs, codes, index, gy, gcodes, add);
}

/* count [codes]; with running means, size and sum take the batch in */
static __global__ void take(vq_size s, vq_rule r, const real *z, int64_t zs, const int32_t *index, vq_state t, double *count)
{
    for (int64_t k = blockIdx.x; k < s.codes; k += gridDim.x) {
        const int means = r.decay > 0, fresh = means && t.size[k] == 0;
        double n = 0;
        for (int64_t i = threadIdx.x; i < s.rows; i += THREADS) n += index[i] == k;
        n = block_sum(n);                                      /* and every thread has read the size */
        if (!threadIdx.x) count[k] = n;
        if (!threadIdx.x && means) t.size[k] = (real)vq_running(r.decay, fresh ? 1 : (double)t.size[k], n);
        for (int64_t j = threadIdx.x; means && j < s.channels; j += THREADS) {
            const int64_t g = k * s.channels + j;
            double now = 0;
            for (int64_t i = 0; i < s.rows; i++) if (index[i] == k) now += (double)z[i * zs + j];
            t.sum[g] = (real)vq_running(r.decay, fresh ? (double)t.codes[g] : (double)t.sum[g], now);
        }
    }
}

/* One block. count [codes + 1]: the last becomes the total of the sizes. */
static __global__ void measure(vq_size s, const real *size, double *count, real *perplexity)
{
    __shared__ double all;
    double n = 0, entropy = 0, total = 0;
    for (int64_t k = threadIdx.x; k < s.codes; k += THREADS) n += count[k], total += size ? (double)size[k] : 0;
    n = block_sum(n), total = block_sum(total);
    if (!threadIdx.x) all = n, count[s.codes] = total;
    __syncthreads();
    for (int64_t k = threadIdx.x; k < s.codes; k += THREADS) entropy += vq_entropy(count[k], all);
    entropy = block_sum(entropy);
    if (!threadIdx.x) *perplexity = (real)exp(entropy);
}

static __global__ void place(vq_size s, vq_rule r, uint64_t seed, uint32_t given, const live_numbers *now, const real *z, int64_t zs,
                             vq_state t, const double *count)
{
    const uint32_t step = now ? now->step : given;
    for (int64_t k = blockIdx.x; k < s.codes; k += gridDim.x) {
        const real idle = r.restart ? (count[k] > 0 ? 0 : t.idle[k] + 1) : 0;
        const int moved = r.restart && (double)idle >= (double)r.restart;
        const real *from = z + vq_drawn(&s, seed, step, k) * zs;
        const double size = r.decay > 0 ? vq_smoothed(&r, (double)t.size[k], count[s.codes], s.codes) : 1;
        __syncthreads();                                       /* all have read what thread 0 now writes */
        if (!threadIdx.x && r.restart) t.idle[k] = moved ? 0 : idle;
        if (!threadIdx.x && moved && t.size) t.size[k] = 1;
        for (int64_t j = threadIdx.x; j < s.channels; j += THREADS) {
            const int64_t g = k * s.channels + j;
            if (moved && t.sum) t.sum[g] = from[j];
            if (moved) t.codes[g] = from[j];
            else if (r.decay > 0) t.codes[g] = (real)((double)t.sum[g] / size);
        }
    }
}

void vq_update_cuda(const context *c, vq_size s, const vq_rule *rule, const real *z, int64_t zs, const int32_t *index, vq_state t,
                    real *perplexity, void *work)
{
    const vq_rule none = { 0, 0, 0 }, r = rule ? *rule : none;
    double *count = (double *)work;
    LAUNCH(take, dim3(grid_limited(s.codes)), dim3(THREADS), 0, c->stream, s, r, z, zs, index, t, count);
    LAUNCH(measure, dim3(1), dim3(THREADS), 0, c->stream, s, (const real *)t.size, count, perplexity);
    if (rule) LAUNCH(place, dim3(grid_limited(s.codes)), dim3(THREADS), 0, c->stream, s, r, c->seed, c->step,
                     (const live_numbers *)c->live, z, zs, t, (const double *)count);
}
