/* gather.h - rows by number: gather, its adjoint, and picking a row's own channels by its class.
 *
 * What has no size of its own (proposals, positives) is a fixed number of rows, and an index says where each comes from. A row is
 * pixels x channels of a map; index entries that are no row, -1 above all, stand for no row: they give zeros and get no gradient.
 * The adjoint works in gather form: each destination sums the rows that name it, in their order, so the bits are always the same. */
#ifndef KERNELS_GATHER_H
#define KERNELS_GATHER_H
#include "kernels/kernel.h"

/* Each sample of x has `rows` rows, of the index and of y `taken`, and an index counts within its sample. A row is pixels x channels. */
typedef struct { int64_t samples, rows, taken, pixels, channels; } row_size;

size_t scatter_work(row_size s);            /* bytes of scratch for scatter_rows */

/* y [samples, taken] = x [samples, rows] by index [samples, taken] */
KERNEL(gather_rows, row_size s, const int32_t *index, const real *x, int64_t xs, real *y, int64_t ys, int add);
/* x [samples, rows]: row r of a sample is the sum of its rows k of y with index[k] = r */
KERNEL(scatter_rows, row_size s, const int32_t *index, const real *y, int64_t ys, real *x, int64_t xs, int add, void *work);

/* y [rows, pixels, width]: channels index[i] * width .. of row i of x [rows, pixels, channels]; width divides channels */
typedef struct { int64_t rows, pixels, channels, width; } pick_size;
KERNEL(pick_rows, pick_size s, const int32_t *index, const real *x, int64_t xs, real *y, int64_t ys);
KERNEL(pick_rows_backward, pick_size s, const int32_t *index, const real *gy, int64_t gys, real *gx, int64_t gxs, int add);
#endif
