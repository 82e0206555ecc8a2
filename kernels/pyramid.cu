/* pyramid.cu - rows of a pyramid by number on a GPU; see pyramid.h. In the adjoint the first row that names a place adds up all that
 * do, in their order: a sample of anchors is a few hundred, so looking through it costs less than sorting. */
#include "kernels/pyramid.h"
#include "kernels/grid.cuh"

static __global__ void rows_kernel(pyramid p, int64_t width, int64_t taken, const int32_t *index, real *y, int64_t ys)
{
    for EACH_OF_GRID(i, p.images * taken * width) {
        const int64_t k = i / width, j = i % width;
        int64_t row = index[k];
        const int l = level_of_row(&p, width, &row);
        y[k * ys + j] = l < p.levels ? p.x[l][level_row_at(&p, l, width, k / taken, row, p.xs[l]) + j] : 0;
    }
}

void level_rows_forward_cuda(const context *c, pyramid p, int64_t width, int64_t taken, const int32_t *index, real *y, int64_t ys)
{
    LAUNCH_EACH(rows_kernel, p.images * taken * width, c->stream, p, width, taken, index, y, ys);
}

static __global__ void clear_kernel(int64_t pixels, int64_t channels, real *gx, int64_t gxs)
{
    for EACH_OF_GRID(i, pixels * channels) gx[i / channels * gxs + i % channels] = 0;
}

static __global__ void add_kernel(pyramid p, int level, int64_t width, int64_t taken, const int32_t *index, const real *gy, int64_t gys,
                                  real *gx, int64_t gxs)
{
    for EACH_OF_GRID(i, p.images * taken * width) {
        const int64_t k = i / width, j = i % width, first = k / taken * taken;
        int64_t row = index[k], earlier = first;
        if (level_of_row(&p, width, &row) != level) continue;
        while (index[earlier] != index[k]) earlier++;
        if (earlier < k) continue;
        real *to = gx + level_row_at(&p, level, width, k / taken, row, gxs) + j;
        for (int64_t m = k; m < first + taken; m++) if (index[m] == index[k]) *to += gy[m * gys + j];
    }
}

void level_rows_backward_cuda(const context *c, pyramid p, int level, int64_t width, int64_t taken, const int32_t *index, const real *gy,
                              int64_t gys, real *gx, int64_t gxs, int add)
{
    const int64_t pixels = p.images * p.h[level] * p.w[level];
    if (!add) LAUNCH_EACH(clear_kernel, pixels * p.channels, c->stream, pixels, p.channels, gx, gxs);
    LAUNCH_EACH(add_kernel, p.images * taken * width, c->stream, p, level, width, taken, index, gy, gys, gx, gxs);
}
