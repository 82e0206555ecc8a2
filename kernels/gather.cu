/* gather.cu - rows by number on a GPU; see gather.h. The adjoint sorts the takers by the row they name; equal names keep their order, so
 * each row adds up its takers as the CPU does. */
#include "kernels/gather.h"
#include "kernels/grid.cuh"
#include "kernels/sort.cuh"

template <int W> static __global__ void gather_kernel(row_size s, const int32_t *index, const real *x, int64_t xs, real *y, int64_t ys,
                                                      int add, int aligned)
{
    EACH_PACK(W, s.samples * s.taken * s.pixels, s.channels) {
        const int64_t to = p / s.pixels, row = index[to], from = to / s.taken * s.rows + row;
        const int there = row >= 0 && row < s.rows;
        put(y + p * ys + k, there ? load<W>(x + (from * s.pixels + p % s.pixels) * xs + k, aligned) : zeros<W>(), add, aligned);
    }
}

void gather_rows_cuda(const context *c, row_size s, const int32_t *index, const real *x, int64_t xs, real *y, int64_t ys, int add)
{
    LAUNCH_EACH_PACK(gather_kernel, s.samples * s.taken * s.pixels, s.channels, 1, c->stream, s, index, x, xs, y, ys, add,
                     is_aligned(x, xs) && is_aligned(y, ys));
}

static __global__ void list_takers(row_size s, const int32_t *index, sort_entry *e)
{
    for EACH_OF_GRID(k, s.samples * s.taken) e[k].key = index[k] >= 0 ? (uint64_t)index[k] : UINT64_MAX, e[k].place = k % s.taken;
}

template <int W> static __global__ void scatter_kernel(row_size s, const sort_entry *e, const real *y, int64_t ys, real *x, int64_t xs,
                                                       int add, int aligned)
{
    EACH_PACK(W, s.samples * s.rows * s.pixels, s.channels) {
        const int64_t to = p / s.pixels, first = to / s.rows * s.taken, last = first + s.taken;
        const uint64_t row = (uint64_t)(to % s.rows);
        int64_t low = first, high = last;
        while (low < high) {                                   /* the first that names this row */
            const int64_t mid = (low + high) / 2;
            if (e[mid].key < row) low = mid + 1;
            else high = mid;
        }
        pack<real, W> sum = add ? load<W>(x + p * xs + k, aligned) : zeros<W>();
        for (; low < last && e[low].key == row; low++)
            accumulate(&sum, load<W>(y + ((first + e[low].place) * s.pixels + p % s.pixels) * ys + k, aligned));
        store(x + p * xs + k, sum, aligned);
    }
}

void scatter_rows_cuda(const context *c, row_size s, const int32_t *index, const real *y, int64_t ys, real *x, int64_t xs, int add,
                          void *work)
{
    sort_entry *a = (sort_entry *)work;
    const int64_t takers = s.samples * s.taken;
    LAUNCH_EACH(list_takers, takers, c->stream, s, index, a);
    a = sort_entries(c, s.samples, s.taken, a, a + takers);
    LAUNCH_EACH_PACK(scatter_kernel, s.samples * s.rows * s.pixels, s.channels, 1, c->stream, s, (const sort_entry *)a, y, ys, x, xs, add,
                     is_aligned(x, xs) && is_aligned(y, ys));
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
    LAUNCH_EACH(pick_kernel, s.rows * s.pixels * s.width, c->stream, s, index, x, xs, y, ys);
}

static __global__ void pick_slopes(pick_size s, const int32_t *index, const real *gy, int64_t gys, real *gx, int64_t gxs,
                                int add)
{
    for EACH_OF_GRID(g, s.rows * s.pixels * s.channels) {
        const int64_t p = g / s.channels, j = g % s.channels;
        real *to = gx + p * gxs + j;
        *to = (add ? *to : 0) + (j / s.width == index[p / s.pixels] ? gy[p * gys + j % s.width] : 0);
    }
}

void pick_rows_backward_cuda(const context *c, pick_size s, const int32_t *index, const real *gy, int64_t gys, real *gx, int64_t gxs,
                                int add)
{
    LAUNCH_EACH(pick_slopes, s.rows * s.pixels * s.channels, c->stream, s, index, gy, gys, gx, gxs, add);
}
