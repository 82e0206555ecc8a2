/* pyramid.c - rows of a pyramid by number on the CPU; see pyramid.h. */
#include "kernels/pyramid.h"
#include "kernels/loop.h"

void level_rows_forward_cpu(const context *c, pyramid p, int64_t width, int64_t taken, const int32_t *index, real *y, int64_t ys)
{
    (void)c;
    for (int64_t k = 0; k < p.images * taken; k++) {
        int64_t row = index[k];
        const int l = level_of_row(&p, width, &row);
        const real *from = l < p.levels ? p.x[l] + level_row_at(&p, l, width, k / taken, row, p.xs[l]) : NULL;
        for (int64_t j = 0; j < width; j++) y[k * ys + j] = from ? from[j] : 0;
    }
}

void level_rows_backward_cpu(const context *c, pyramid p, int level, int64_t width, int64_t taken, const int32_t *index, const real *gy,
                             int64_t gys, real *gx, int64_t gxs, int add)
{
    (void)c;
    const int64_t pixels = p.images * p.h[level] * p.w[level];
    #pragma omp parallel for schedule(static) if (pixels * p.channels > SERIAL)
    for (int64_t i = 0; i < pixels; i++) for (int64_t j = 0; j < p.channels && !add; j++) gx[i * gxs + j] = 0;
    for (int64_t k = 0; k < p.images * taken; k++) {
        int64_t row = index[k];
        if (level_of_row(&p, width, &row) != level) continue;
        real *to = gx + level_row_at(&p, level, width, k / taken, row, gxs);
        for (int64_t j = 0; j < width; j++) to[j] += gy[k * gys + j];
    }
}
