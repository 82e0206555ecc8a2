/* rows.h - rows by number: gather, its adjoint, and picking a row's own channels by its class.
 *
 * What has no size of its own (proposals, positives) is a fixed number of rows, and an index says where each comes from. A row is
 * pixels x channels of a map; index entries that are no row, -1 above all, stand for no row: they give zeros and get no gradient.
 * The adjoint works in gather form: each destination sums the rows that name it, in their order, so the bits are always the same. */
#ifndef KERNELS_ROWS_H
#define KERNELS_ROWS_H
#include "kernels/kernel.h"

/* x has `rows` rows, the index and y have `taken`; a row is pixels x channels */
typedef struct { int64_t rows, taken, pixels, channels; } row_size;

size_t rows_work(row_size s);            /* bytes of scratch for rows_scatter */

/* y [taken] = x [rows] by index [taken] */
KERNEL(rows_gather, row_size s, const int32_t *index, const real *x, int64_t xs, real *y, int64_t ys, int add);
/* x [rows]: row r is the sum of all rows k of y [taken] with index[k] = r */
KERNEL(rows_scatter, row_size s, const int32_t *index, const real *y, int64_t ys, real *x, int64_t xs, int add, void *work);

/* y [rows, pixels, width]: channels index[i] * width .. of row i of x [rows, pixels, channels]; width divides channels */
typedef struct { int64_t rows, pixels, channels, width; } pick_size;
KERNEL(rows_pick, pick_size s, const int32_t *index, const real *x, int64_t xs, real *y, int64_t ys);
KERNEL(rows_pick_backward, pick_size s, const int32_t *index, const real *gy, int64_t gys, real *gx, int64_t gxs, int add);
#endif
