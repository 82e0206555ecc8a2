/* gather.cu - rows by number on a GPU; see gather.h. The adjoint sorts the takers by the row they name; equal names keep their order, so
 * each row adds up its takers as the CPU does. */
#include "kernels/block.cuh"
#include "kernels/gather.h"
#include "kernels/sort.cuh"

static __global__ void gather_kernel(row_size s, const int32_t *index, const real *x, int64_t xs, real *y, int64_t ys, int add)
{
    for EACH_OF_GRID(g, s.samples * s.taken * s.pixels * s.channels) {
        const int64_t p = g / s.channels, j = g % s.channels, k = p / s.pixels, from = index[k], first = k / s.taken * s.rows;
        real *to = y + p * ys + j;
        *to = (add ? *to : 0) + (from >= 0 && from < s.rows ? x[((first + from) * s.pixels + p % s.pixels) * xs + j] : 0);
    }
}

void gather_rows_cuda(const context *c, row_size s, const int32_t *index, const real *x, int64_t xs, real *y, int64_t ys, int add)
{
    const int64_t n = s.samples * s.taken * s.pixels * s.channels;
    LAUNCH(gather_kernel, dim3(blocks_for(n, BLOCK)), dim3(BLOCK), 0, c->stream, s, index, x, xs, y, ys, add);
}

static __global__ void list_takers(row_size s, const int32_t *index, sort_entry *e)
{
    for EACH_OF_GRID(k, s.samples * s.taken) e[k].key = index[k] >= 0 ? (uint64_t)index[k] : UINT64_MAX, e[k].place = k % s.taken;
}

static __global__ void scatter_kernel(row_size s, const sort_entry *e, const real *y, int64_t ys, real *x, int64_t xs, int add)
{
    for EACH_OF_GRID(g, s.samples * s.rows * s.pixels * s.channels) {
        const int64_t p = g / s.channels, j = g % s.channels, first = p / s.pixels / s.rows * s.taken, last = first + s.taken;
        const uint64_t row = (uint64_t)(p / s.pixels % s.rows);
        int64_t low = first, high = last;
        while (low < high) {                                   /* the first that names this row */
            const int64_t mid = (low + high) / 2;
            if (e[mid].key < row) low = mid + 1;
            else high = mid;
        }
        real sum = add ? x[p * xs + j] : 0;
        for (; low < last && e[low].key == row; low++) sum += y[((first + e[low].place) * s.pixels + p % s.pixels) * ys + j];
        x[p * xs + j] = sum;
    }
}

void scatter_rows_cuda(const context *c, row_size s, const int32_t *index, const real *y, int64_t ys, real *x, int64_t xs, int add, void *work)
{
    sort_entry *a = (sort_entry *)work;
    const int64_t takers = s.samples * s.taken, n = s.samples * s.rows * s.pixels * s.channels;
    LAUNCH(list_takers, dim3(blocks_for(takers, BLOCK)), dim3(BLOCK), 0, c->stream, s, index, a);
    a = sort_entries(c, s.samples, s.taken, a, a + takers);
    LAUNCH(scatter_kernel, dim3(blocks_for(n, BLOCK)), dim3(BLOCK), 0, c->stream, s, (const sort_entry *)a, y, ys, x, xs, add);
}

static __global__ void pick_kernel(pick_size s, const int32_t *index, const real *x, int64_t xs, real *y, int64_t ys)
{
    for EACH_OF_GRID(g, s.rows * s.pixels * s.width) {
        const int64_t p = g / s.width, j = g % s.width, of = index[p / s.pixels];
        y[p * ys + j] = of >= 0 && of < s.channels / s.width ? x[p * xs + of * s.width + j] : 0;
    }
}

void pick_rows_cuda(const context *c, pick_size s, const int32_t *index, const real *x, int64_t xs, real *y, int64_t ys)
{
    LAUNCH(pick_kernel, dim3(blocks_for(s.rows * s.pixels * s.width, BLOCK)), dim3(BLOCK), 0, c->stream, s, index, x, xs, y, ys);
}

static __global__ void pick_slopes(pick_size s, const int32_t *index, const real *gy, int64_t gys, real *gx, int64_t gxs, int add)
{
    for EACH_OF_GRID(g, s.rows * s.pixels * s.channels) {
        const int64_t p = g / s.channels, j = g % s.channels;
        real *to = gx + p * gxs + j;
        *to = (add ? *to : 0) + (j / s.width == index[p / s.pixels] ? gy[p * gys + j % s.width] : 0);
    }
}

void pick_rows_backward_cuda(const context *c, pick_size s, const int32_t *index, const real *gy, int64_t gys, real *gx, int64_t gxs, int add)
{
    LAUNCH(pick_slopes, dim3(blocks_for(s.rows * s.pixels * s.channels, BLOCK)), dim3(BLOCK), 0, c->stream, s, index, gy, gys, gx, gxs, add);
}
