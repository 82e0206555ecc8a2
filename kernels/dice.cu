/* dice.cu - soft Dice on a GPU; see loss.h and dice.h. Forward leaves the three sums of each part, sample and channel in scratch, adds
 * the parts into the first of them, and turns them into the loss and its slopes in one block; backward is one pass. */
#include "kernels/dice.h"
#include "kernels/softmax.cuh"

enum { RUN = 16, EACH = 4, SUMS = 3 };   /* pixels summed in `real`, pixels a thread walks over, numbers of a channel */

/* Softmax or logistic of the channels of a pixel in place; 0 past the last channel */
template <int K> static __device__ inline void probabilities(real (&t)[K], const loss_size &s, int logistic)
{
    real high, sum;
    if (!logistic) pixel_softmax(t, s.channels, &high, &sum);
    else for (int j = 0; j < K; j++) t[j] = channel_of(j) < s.channels ? 1 / (1 + real_exp(-t[j])) : 0;
}

/* Part blockIdx.x of sample blockIdx.y, ..: sum p t, sum p^e, sum t^e of every channel -> work[samples][parts][channels][SUMS] */
template <int K> static __global__ void part_sums(loss_size s, dice_rule r, const real *x, int64_t xs, const uint8_t *truth, double *work)
{
    const int64_t parts = gridDim.x;
    const int logistic = dice_logistic(&s, &r);
    for (int64_t i = blockIdx.y; i < s.samples; i += gridDim.y) {
        const int64_t begin = i * s.pixels + part_begin(s.pixels, parts, blockIdx.x), end = i * s.pixels + part_begin(s.pixels, parts, blockIdx.x + 1);
        double sum[K][SUMS] = { };
        for (int64_t at = begin; at < end; at += RUN * blockDim.y) {
            real run[K][SUMS] = { };
            for (int64_t base = at; base < least(at + RUN * blockDim.y, end); base += blockDim.y) {
                const int64_t p = base + threadIdx.y;
                const int here = p < end, label = here ? truth[p] : 0;
                const real count = here ? dice_count(&s, logistic, label) : 0;
                real t[K];
                load_pixel(t, x + p * xs, s.channels, here);
                probabilities(t, s, logistic);
                for (int j = 0; j < K; j++) {
                    const real hit = label == channel_of(j) + logistic ? count : 0;
                    run[j][0] += hit * t[j], run[j][1] += count * (r.squares ? t[j] * t[j] : t[j]), run[j][2] += hit;
                }
            }
            for (int j = 0; j < K; j++) for (int m = 0; m < SUMS; m++) sum[j][m] += (double)run[j][m];
        }
        for (int j = 0; j < K; j++) sum_over_y(sum[j]);
        double *to = work + (i * parts + blockIdx.x) * s.channels * SUMS;
        if (threadIdx.y == 0) EACH_CHANNEL(j, K, s.channels) for (int m = 0; m < SUMS; m++) to[channel_of(j) * SUMS + m] = sum[j][m];
    }
}

/* Of each sample (grid's y) the parts are added into part 0; a thread touches one number of each part, so none is read after it changed. */
static __global__ void add_parts(loss_size s, int64_t parts, double *work)
{
    const int64_t row = s.channels * SUMS, k = (int64_t)blockIdx.x * blockDim.x + threadIdx.x;
    for (int64_t i = blockIdx.y; i < s.samples && k < row; i += gridDim.y) {
        double *to = work + i * parts * row + k, sum = 0;
        for (int64_t j = 0; j < parts; j++) sum += to[j * row];
        *to = sum;
    }
}

/* One block. row: numbers from one sample's sums to the next's */
static __global__ void loss_of_sums(loss_size s, dice_rule r, const double *sums, int64_t row, double *slope, real *y)
{
    const dice_regions g = dice_regions_of(&s, &r);
    double mean = 0;
    for (int64_t i = threadIdx.x; i < s.samples * s.channels * 2; i += blockDim.x) slope[i] = 0;
    __syncthreads();
    for (int64_t i = threadIdx.x; i < g.outer * g.inner; i += blockDim.x) mean += dice_region(&s, &r, &g, i, sums, row, slope);
    mean = block_sum(mean);
    if (threadIdx.x == 0) *y = (real)(r.offset - mean);
}

void dice_forward_cuda(const context *c, loss_size s, dice_rule r, const real *x, int64_t xs, const uint8_t *truth, real *y, double *slope,
                       void *work)
{
    const int64_t parts = part_count(s.pixels), row = s.channels * SUMS;
    double *sums = (double *)work;
    LAUNCH_LANES(part_sums, s.channels, THREADS, dim3((unsigned)parts, grid_limited(s.samples)), c->stream, s, r, x, xs, truth, sums);
    LAUNCH(add_parts, dim3(blocks_for(row, 32), grid_limited(s.samples)), dim3(32), 0, c->stream, s, parts, sums);
    LAUNCH(loss_of_sums, dim3(1), dim3(THREADS), 0, c->stream, s, r, sums, parts * row, slope, y);
}

template <int K> static __global__ void gradient(loss_size s, dice_rule r, const real *x, int64_t xs, const uint8_t *truth, const double *slope,
                                                 const real *gy, real *gx, int add)
{
    const int logistic = dice_logistic(&s, &r);
    for (int64_t i = blockIdx.y; i < s.samples; i += gridDim.y) {
        real a[K] = { 0 }, b[K] = { 0 };
        EACH_CHANNEL(j, K, s.channels) {
            const double *v = slope + (i * s.channels + channel_of(j)) * 2;
            a[j] = (real)(v[0] * (double)*gy), b[j] = (real)(v[1] * (double)*gy);
        }
        EACH_PIXEL(s.pixels) {
            const int here = at + threadIdx.y < s.pixels;
            const int64_t p = i * s.pixels + at + threadIdx.y;
            const int label = here ? truth[p] : 0;
            const real count = dice_count(&s, logistic, label);
            real t[K], q[K];
            load_pixel(t, x + p * xs, s.channels, here);
            probabilities(t, s, logistic);
            for (int j = 0; j < K; j++) q[j] = dice_gradient(&r, logistic, count, label == channel_of(j) + logistic, t[j], a[j], b[j]);
            if (!logistic) pixel_gradient(t, q);
            store_pixel(q, gx + p * xs, s.channels, here, add);
        }
    }
}

void dice_backward_cuda(const context *c, loss_size s, dice_rule r, const real *x, int64_t xs, const uint8_t *truth, const double *slope,
                        const real *gy, real *gx, int add)
{
    LAUNCH_LANES(gradient, s.channels, THREADS, dim3(blocks_for(s.pixels, (int64_t)block.y * EACH), grid_limited(s.samples)), c->stream,
                 s, r, x, xs, truth, slope, gy, gx, add);
}
