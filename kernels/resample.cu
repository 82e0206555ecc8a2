/* resample.cu - resampling on a GPU; see resample.h. A block handles ROWS rows and blockDim.y columns. Positions need double, which many
 * GPUs do slowly: they are worked out once a block, in shared memory, and all rows, samples and channels use them.
 * The trap: loops round a barrier are the block's, and a thread whose column lies outside of the map goes through them too. */
#include "kernels/resample.h"
#include "kernels/vector.cuh"

enum { ROWS = 8, READERS = 8 };          /* readers of an input position that are held at a time */

static __device__ inline int thread_index() { return (int)(threadIdx.y * blockDim.x + threadIdx.x); }

#define LAUNCH_ROWS(kernel, h, w, ...) \
    LAUNCH_PACKS(kernel, s.channels, THREADS, dim3(blocks_for(w, block.y), grid_limited(blocks_for(h, ROWS)), grid_limited(s.samples)), \
                 c->stream, __VA_ARGS__)

/* Every block of rows begin.. that falls to this block of threads; column j of it is this thread's */
#define EACH_BLOCK(h) \
    const int64_t left = (int64_t)blockIdx.x * blockDim.y, j = left + threadIdx.y; \
    for (int64_t begin = (int64_t)blockIdx.y * ROWS; begin < (h); begin += (int64_t)gridDim.y * ROWS)

/* and every row i of it in every sample, channel k of column j */
#define EACH_PACK_OF_BLOCK(W, s, h, w) \
    for (int64_t n = blockIdx.z; n < (s).samples; n += gridDim.z) \
        for (int64_t i = begin; i < least(begin + ROWS, h) && j < (w); i++) \
            for (int64_t k = (int64_t)threadIdx.x * (W); k < (s).channels; k += (int64_t)blockDim.x * (W))

template <int W> static __global__ void forward(resample_size s, const real *x, int64_t xs, real *y, int64_t ys, int aligned)
{
    __shared__ resample_tap row[ROWS], column[THREADS];
    const int t = thread_index();
    EACH_BLOCK(s.oh) {
        __syncthreads();
        if (t < ROWS) row[t] = resample_read(begin + t, s.h, s.oh, s.mode, s.align_corners);
        if (t < (int)blockDim.y) column[t] = resample_read(left + t, s.w, s.ow, s.mode, s.align_corners);
        __syncthreads();
        EACH_PACK_OF_BLOCK(W, s, s.oh, s.ow) {
            const resample_tap v = row[i - begin], u = column[threadIdx.y];
            const real *top = x + (n * s.h + v.at) * s.w * xs + k, *low = x + (n * s.h + v.next) * s.w * xs + k;
            pack<real, W> a = load<W>(top + u.at * xs, aligned);
            if (s.mode == RESAMPLE_BILINEAR) {
                const real wa = (1 - v.more) * (1 - u.more), wb = (1 - v.more) * u.more, wd = v.more * (1 - u.more), we = v.more * u.more;
                const pack<real, W> b = load<W>(top + u.next * xs, aligned), d = load<W>(low + u.at * xs, aligned),
                                    e = load<W>(low + u.next * xs, aligned);
                for (int m = 0; m < W; m++) a.v[m] = wa * a.v[m] + wb * b.v[m] + wd * d.v[m] + we * e.v[m];
            }
            store(y + ((n * s.oh + i) * s.ow + j) * ys + k, a, aligned);
        }
    }
}

void resample_forward_cuda(const context *c, resample_size s, const real *x, int64_t xs, real *y, int64_t ys)
{
    LAUNCH_ROWS(forward, s.oh, s.ow, s, x, xs, y, ys, is_aligned(x, xs) && is_aligned(y, ys));
}

/* Outputs first.. read one input position with these weights, 0 where they do not */
typedef struct { int64_t first; real weight[READERS]; } readers;

/* The readers of position i, after the first `skip` of them; whether there are more than fit */
static __device__ inline int find_readers(int64_t i, int64_t skip, int64_t in, int64_t out, const resample_size &s, readers *r)
{
    int64_t first, last;
    resample_readers(i, in, out, s.mode, s.align_corners, &first, &last);
    r->first = first + skip;
    for (int a = 0; a < READERS; a++) {
        const int64_t d = r->first + a;
        r->weight[a] = d <= last ? resample_weight(resample_read(d, in, out, s.mode, s.align_corners), i) : 0;
    }
    return r->first + READERS <= last;
}

/* What the readers of row and column weigh of the gradient gy of sample n, at its channel k */
template <int W> static __device__ inline void gather(const resample_size &s, const readers &row, const readers &column, int64_t n,
                                                      const real *gy, int64_t gys, int aligned, pack<real, W> *sum)
{
    for (int a = 0; a < READERS; a++)
        for (int b = 0; b < READERS && row.weight[a] != 0; b++) {
            const real w = row.weight[a] * column.weight[b];
            if (w == 0) continue;
            const pack<real, W> g = load<W>(gy + ((n * s.oh + row.first + a) * s.ow + column.first + b) * gys, aligned);
            for (int m = 0; m < W; m++) sum->v[m] += w * g.v[m];
        }
}

/* Where an input has more than READERS readers along an axis, as after a large enlargement, they come in several rounds; from the second
 * on a round adds to what the ones before left. */
template <int W> static __global__ void backward(resample_size s, const real *gy, int64_t gys, real *gx, int64_t gxs, int add, int aligned)
{
    __shared__ readers row[ROWS], column[THREADS];
    const int t = thread_index();
    EACH_BLOCK(s.h) {
        int more_rows = 1, adding = add;
        for (int64_t u = 0; more_rows; u += READERS) {
            int more_columns = 1;
            __syncthreads();
            more_rows = __syncthreads_or(t < ROWS && begin + t < s.h && find_readers(begin + t, u, s.h, s.oh, s, &row[t]));
            for (int64_t v = 0; more_columns; v += READERS, adding = 1) {
                __syncthreads();
                more_columns = __syncthreads_or(t < (int)blockDim.y && left + t < s.w
                                                && find_readers(left + t, v, s.w, s.ow, s, &column[t]));
                EACH_PACK_OF_BLOCK(W, s, s.h, s.w) {
                    real *to = gx + ((n * s.h + i) * s.w + j) * gxs + k;
                    pack<real, W> sum = adding ? load<W>(to, aligned) : zeros<W>();
                    gather<W>(s, row[i - begin], column[threadIdx.y], n, gy + k, gys, aligned, &sum);
                    store(to, sum, aligned);
                }
            }
        }
    }
}

void resample_backward_cuda(const context *c, resample_size s, const real *gy, int64_t gys, real *gx, int64_t gxs, int add)
{
    LAUNCH_ROWS(backward, s.h, s.w, s, gy, gys, gx, gxs, add, is_aligned(gy, gys) && is_aligned(gx, gxs));
}
