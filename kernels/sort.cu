/* sort.cu - sort and top-k on a GPU: blocks of SORT_TILE entries are sorted in shared memory by a bitonic network (Batcher 1968), then
 * runs are merged two by two. An entry's place in a merged run is its place in its own plus the number of entries of the other before
 * it, found by halving; no two entries are equal, so every place is taken once. */
#include "kernels/grid.cuh"
#include "kernels/sort.cuh"

enum { SORT_TILE = 1024 };

/* Of this block's tile; entries beyond n are put last and not written back. */
static __global__ void sort_tiles(int64_t tiles, int64_t n, sort_entry *a)
{
    __shared__ sort_entry e[SORT_TILE];
    const int64_t from = blockIdx.x % tiles * SORT_TILE;
    sort_entry *const row = a + blockIdx.x / tiles * n;
    for (int i = threadIdx.x; i < SORT_TILE; i += THREADS) {
        const sort_entry beyond = { UINT64_MAX, INT64_MAX };
        e[i] = from + i < n ? row[from + i] : beyond;
    }
    for (int run = 2; run <= SORT_TILE; run *= 2)
        for (int step = run / 2; step; step /= 2) {
            __syncthreads();
            for (int k = threadIdx.x; k < SORT_TILE / 2; k += THREADS) {
                const int i = 2 * k - (k & (step - 1)), j = i + step;         /* i: k with a 0 put in at the bit of `step` */
                const bool rising = !(i & run);
                if (entry_before(e[j], e[i]) == rising) {
                    const sort_entry t = e[i];
                    e[i] = e[j], e[j] = t;
                }
            }
        }
    __syncthreads();
    for (int i = threadIdx.x; i < SORT_TILE; i += THREADS) if (from + i < n) row[from + i] = e[i];
}

/* Runs of `run` entries of a, two by two, into b */
static __global__ void merge_runs(int64_t samples, int64_t n, int64_t run, const sort_entry *a, sort_entry *b)
{
    for EACH_OF_GRID(g, samples * n) {
        const int64_t i = g % n, mine = i / run, other = mine ^ 1;
        const sort_entry *const row = a + (g - i), *const there = row + other * run, e = row[i];
        int64_t low = 0, high = least(run, most(n - other * run, 0));
        while (low < high) {
            const int64_t mid = (low + high) / 2;
            if (entry_before(there[mid], e)) low = mid + 1;
            else high = mid;
        }
        b[g - i + (mine & ~(int64_t)1) * run + i % run + low] = e;
    }
}

sort_entry *sort_entries(const context *c, int64_t samples, int64_t n, sort_entry *a, sort_entry *b)
{
    const int64_t tiles = (n + SORT_TILE - 1) / SORT_TILE;
    LAUNCH(sort_tiles, dim3((unsigned)(samples * tiles)), dim3(THREADS), 0, c->stream, tiles, n, a);
    for (int64_t run = SORT_TILE; run < n; run *= 2) {
        LAUNCH_EACH(merge_runs, samples * n, c->stream, samples, n, run, (const sort_entry *)a, b);
        sort_entry *t = a;
        a = b, b = t;
    }
    return a;
}

static __device__ int64_t element_at(sort_size s, int64_t i, int64_t j, int64_t stride)
{
    return (i * s.pixels + j / s.channels) * stride + j % s.channels;
}

/* elements that take no part come last, behind NaN */
static __global__ void sort_fill(sort_size s, const real *x, int64_t xs, const int32_t *count, sort_entry *a)
{
    const int64_t n = s.pixels * s.channels;
    for EACH_OF_GRID(g, s.samples * n) {
        const int64_t i = g / n, j = g % n;
        a[g].key = j < sort_length(s, count, i) ? sort_key(x[element_at(s, i, j, xs)], s.ascending) : UINT64_MAX;
        a[g].place = j;
    }
}

static __global__ void sort_take(sort_size s, const real *x, int64_t xs, const int32_t *count, const sort_entry *a, real *y, int64_t ys,
                                 int32_t *order)
{
    for EACH_OF_GRID(g, s.samples * s.take) {
        const int64_t i = g / s.take, k = g % s.take, j = k < sort_length(s, count, i) ? a[i * s.pixels * s.channels + k].place : -1;
        y[g * ys] = j < 0 ? 0 : x[element_at(s, i, j, xs)];
        order[g] = (int32_t)j;
    }
}

void sort_rows_cuda(const context *c, sort_size s, const real *x, int64_t xs, const int32_t *count, real *y, int64_t ys, int32_t *order,
                       void *work)
{
    const int64_t n = s.pixels * s.channels;
    sort_entry *a = (sort_entry *)work, *b = a + s.samples * n;
    LAUNCH_EACH(sort_fill, s.samples * n, c->stream, s, x, xs, count, a);
    a = sort_entries(c, s.samples, n, a, b);
    LAUNCH_EACH(sort_take, s.samples * s.take, c->stream, s, x, xs, count, (const sort_entry *)a, y, ys, order);
}

static __global__ void sort_zero(sort_size s, real *gx, int64_t gxs)
{
    const int64_t n = s.pixels * s.channels;
    for EACH_OF_GRID(g, s.samples * n) gx[element_at(s, g / n, g % n, gxs)] = 0;
}

static __global__ void sort_put(sort_size s, const int32_t *order, const real *gy, int64_t gys, real *gx, int64_t gxs)
{
    for EACH_OF_GRID(g, s.samples * s.take) {
        const int64_t j = order[g];
        if (j >= 0 && j < s.pixels * s.channels) gx[element_at(s, g / s.take, j, gxs)] += gy[g * gys];
    }
}

void sort_backward_cuda(const context *c, sort_size s, const int32_t *order, const real *gy, int64_t gys, real *gx, int64_t gxs, int add)
{
    if (!add) LAUNCH_EACH(sort_zero, s.samples * s.pixels * s.channels, c->stream, s, gx, gxs);
    LAUNCH_EACH(sort_put, s.samples * s.take, c->stream, s, order, gy, gys, gx, gxs);
}
