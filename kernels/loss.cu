/* loss.cu - cross-entropy and binary cross-entropy on a GPU; see loss.h. Dice is in dice.cu. A block sums a part of the pixels
 * (kernels/loop.h), a run of RUN pixels a thread in `real` and all further sums in double; one more block adds the parts. */
#include "kernels/loss.h"
#include "kernels/softmax.cuh"

enum { MANY_THREADS = 512, RUN = 16, EACH = 4, LABELS = 256 };  /* MANY_THREADS: of a block that sums, for there are few of those */

/* Sums of losses and of weights of part blockIdx.x, as on the CPU */
static __device__ inline void part_store(double *part, double sum, double weight)
{
    sum = block_sum(sum), weight = block_sum(weight);
    if (thread_index() == 0) part[blockIdx.x * 2] = sum, part[blockIdx.x * 2 + 1] = weight;
}

static __global__ void mean_of_parts(int parts, const double *part, real *y, double *total)
{
    const int t = (int)threadIdx.x;
    const double sum = block_sum(t < parts ? part[t * 2] : 0), weight = block_sum(t < parts ? part[t * 2 + 1] : 0);
    if (t == 0) *total = weight, *y = loss_mean(sum, weight);
}

static void launch_mean(const context *c, loss_size s, const double *part, real *y, double *total)
{
    LAUNCH(mean_of_parts, dim3(1), dim3(MAX_PARTS), 0, c->stream, (int)part_count(s.samples * s.pixels), part, y, total);
}

/* What each label counts, times `scale`: the double arithmetic is done once a block */
static __device__ inline void label_table(real *table, const loss_size &s, const loss_weights &w, double scale)
{
    for (int i = thread_index(); i < LABELS; i += block_threads()) table[i] = (real)(loss_weight(&s, &w, i) * scale);
    __syncthreads();
}

/* Part blockIdx.x of `pixels` in runs: pixels at.. of a run, for all threads alike */
#define EACH_RUN(pixels) \
    const int64_t begin = part_begin(pixels, gridDim.x, blockIdx.x), end = part_begin(pixels, gridDim.x, blockIdx.x + 1); \
    for (int64_t at = begin; at < end; at += RUN * blockDim.y)
/* and in a run the pixel p of this thread, `here` where it is one */
#define EACH_OF_RUN \
    for (int64_t p = at + threadIdx.y, here = p < end; p - threadIdx.y < least(at + RUN * blockDim.y, end); p += blockDim.y, here = p < end)

template <int K> static __global__ void cross_entropy(loss_size s, loss_weights w, const real *x, int64_t xs, const uint8_t *truth, double *part)
{
    __shared__ real weight[LABELS];
    double sum = 0, count = 0;
    label_table(weight, s, w, 1);
    EACH_RUN(s.samples * s.pixels) {
        real run = 0, run_count = 0;
        EACH_OF_RUN {
            const int label = here ? truth[p] : 0;
            real t[K], high, total;
            load_pixel(t, x + p * xs, s.channels, here);
            pixel_softmax(t, s.channels, &high, &total);
            if (!here || threadIdx.x || weight[label] == 0) continue;          /* one lane adds the pixel, if it counts */
            run += weight[label] * (high - (label < s.channels ? x[p * xs + label] : 0) + real_log(total)), run_count += weight[label];
        }
        sum += (double)run, count += (double)run_count;
    }
    part_store(part, sum, count);
}

void cross_entropy_forward_cuda(const context *c, loss_size s, loss_weights w, const real *x, int64_t xs, const uint8_t *truth, real *y,
                                double *total, void *work)
{
    LAUNCH_LANES(cross_entropy, s.channels, MANY_THREADS, dim3((unsigned)part_count(s.samples * s.pixels)), c->stream, s, w, x, xs, truth,
                 (double *)work);
    launch_mean(c, s, (const double *)work, y, total);
}

template <int K> static __global__ void cross_entropy_gradient(loss_size s, loss_weights w, const real *x, int64_t xs, const uint8_t *truth,
                                                               const double *total, const real *gy, real *gx, int add)
{
    __shared__ real weight[LABELS];
    const int64_t all = s.samples * s.pixels;
    label_table(weight, s, w, loss_scale(*gy, *total));
    EACH_PIXEL(all) {
        const int64_t p = at + threadIdx.y;
        const int here = p < all, label = here ? truth[p] : 0;
        real t[K], high, sum;
        load_pixel(t, x + p * xs, s.channels, here);
        pixel_softmax(t, s.channels, &high, &sum);
        for (int j = 0; j < K; j++) t[j] = (t[j] - (channel_of(j) == label ? 1 : 0)) * weight[label];
        store_pixel(t, gx + p * xs, s.channels, here, add);
    }
}

void cross_entropy_backward_cuda(const context *c, loss_size s, loss_weights w, const real *x, int64_t xs, const uint8_t *truth,
                                 const double *total, const real *gy, real *gx, int add)
{
    LAUNCH_LANES(cross_entropy_gradient, s.channels, THREADS, dim3(blocks_for(s.samples * s.pixels, (int64_t)block.y * EACH)), c->stream,
                 s, w, x, xs, truth, total, gy, gx, add);
}

static __global__ void bce(loss_size s, const real *x, int64_t xs, const uint8_t *truth, double *part)
{
    double sum = 0, count = 0;
    EACH_RUN(s.samples * s.pixels) {
        real run = 0, run_count = 0;
        EACH_OF_RUN {
            const real k = here ? loss_bce_weight(&s, truth[p]) : 0;
            if (k != 0) run += k * loss_bce(x[p * xs], truth[p]), run_count += k;
        }
        sum += (double)run, count += (double)run_count;
    }
    part_store(part, sum, count);
}

void bce_forward_cuda(const context *c, loss_size s, const real *x, int64_t xs, const uint8_t *truth, real *y, double *total, void *work)
{
    LAUNCH(bce, dim3((unsigned)part_count(s.samples * s.pixels)), dim3(1, MANY_THREADS), 0, c->stream, s, x, xs, truth, (double *)work);
    launch_mean(c, s, (const double *)work, y, total);
}

static __global__ void bce_gradient(loss_size s, const real *x, int64_t xs, const uint8_t *truth, const double *total, const real *gy, real *gx,
                                    int add)
{
    __shared__ real scale;
    if (threadIdx.x == 0) scale = (real)loss_scale(*gy, *total);
    __syncthreads();
    for (int64_t p = (int64_t)blockIdx.x * blockDim.x + threadIdx.x; p < s.samples * s.pixels; p += (int64_t)gridDim.x * blockDim.x) {
        const real g = loss_bce_slope(x[p * xs], truth[p]) * scale;
        gx[p * xs] = (add ? gx[p * xs] : 0) + (truth[p] == s.ignore ? 0 : g);
    }
}

void bce_backward_cuda(const context *c, loss_size s, const real *x, int64_t xs, const uint8_t *truth, const double *total, const real *gy,
                       real *gx, int add)
{
    LAUNCH(bce_gradient, dim3(blocks_for(s.samples * s.pixels, (int64_t)THREADS * EACH)), dim3(THREADS), 0, c->stream, s, x, xs, truth, total,
           gy, gx, add);
}
