/* gemm.cu - the matrix product on the GPU: cuBLASLt where it is there (dnn_cuda.h), else one launch of tiles (tile_gemm.cuh), large
 * ones where they fill the machine. */
#include "kernels/gemm.h"
#include "kernels/dnn_cuda.h"
#include "kernels/rows.h"
#include "kernels/tile_gemm.cuh"
#include <assert.h>

enum { RUN = 32 };                       /* the depth is cut at multiples of this, so that no vector is */

/* Part blockIdx.y of the depth; where there are more than one: into scratch, [parts m n] */
template <class WAY, class TILE, int VECTOR>
static __global__ void __launch_bounds__(TILE_THREADS, WAY::BLOCKS) gemm_tiles(matrix_source a, matrix_source b, matrix_sink y)
{
    const int across = (b.lines + TILE::N - 1) / TILE::N, i = blockIdx.x / across, j = blockIdx.x % across;
    const int64_t runs = (a.end + RUN - 1) / RUN;
    const int begin = (int)part_begin(runs, gridDim.y, blockIdx.y) * RUN;
    const int end = (int)least(part_begin(runs, gridDim.y, blockIdx.y + 1) * RUN, a.end);
    a.end = b.end = end, y.out += (int64_t)blockIdx.y * y.rows * y.columns;
    tile_product<WAY, TILE, VECTOR>(a, b, i * TILE::M, j * TILE::N, begin, end, y);
}

template <class WAY, class TILE, int VECTOR>
static void launch(const context *c, const matrix_source &a, const matrix_source &b, const matrix_sink &y, int64_t parts)
{
    const int64_t blocks = ((int64_t)a.lines + TILE::M - 1) / TILE::M * (((int64_t)b.lines + TILE::N - 1) / TILE::N);
    LAUNCH((gemm_tiles<WAY, TILE, VECTOR>), dim3((unsigned)blocks, (unsigned)parts), dim3(TILE_THREADS), 0, c->stream, a, b, y);
}

/* y (+)= the parts in order; a row of y is `pitch` long */
static __global__ void add_parts(int64_t parts, int64_t m, int64_t n, int64_t pitch, const real *sums, real *y, int add)
{
    for (int64_t i = blockIdx.x * (int64_t)blockDim.x + threadIdx.x; i < m * n; i += (int64_t)gridDim.x * blockDim.x) {
        real sum = 0, *to = y + i / n * pitch + i % n;
        for (int64_t p = 0; p < parts; p++) sum += sums[p * m * n + i];
        *to = (add ? *to : 0) + sum;
    }
}

/* Parts of the depth, by the shape alone: a gradient of weights is a small matrix of long sums. */
static int64_t parts_of(const gemm_shape *s)
{
    enum { BUSY = 256, DEPTH = 512 };
    const int64_t blocks = (s->m + small_tile::M - 1) / small_tile::M * ((s->n + small_tile::N - 1) / small_tile::N);
    return most(1, least(s->k / DEPTH, BUSY / blocks));
}

static void tiles(const context *c, const gemm_shape *s, real alpha, const real *a, const real *b, real *y, int add)
{
    assert(s->m < 1 << 30 && s->n < 1 << 30 && s->k < 1 << 30 && s->lda < 1 << 30 && s->ldb < 1 << 30 && s->ldc < 1 << 30);
    const int64_t parts = parts_of(s);
    const matrix_source from_a = { a, (int)s->m, (int)s->k, s->ta ? 1 : (int)s->lda, s->ta ? (int)s->lda : 1 };
    const matrix_source from_b = { b, (int)s->n, (int)s->k, s->tb ? (int)s->ldb : 1, s->tb ? 1 : (int)s->ldb };
    const matrix_sink whole = { y, alpha, (int)s->m, (int)s->n, add, (int)s->ldc };
    const matrix_sink apart = { (real *)c->work, alpha, (int)s->m, (int)s->n, 0, (int)s->n }, to = parts > 1 ? apart : whole;
    const int vector = whole_quads(a, s->ta ? s->m : s->k, s->lda) && whole_quads(b, s->tb ? s->k : s->n, s->ldb)
        && whole_quads(to.out, s->n, to.pitch);
    const int large = parts == 1 && s->m >= 128 && s->n >= 128 && s->m * s->n >= (int64_t)128 * 128 * multiprocessors();
    (!vector ? launch<exactly, small_tile, 0> : large ? launch<exactly, wide_tile, 1> : launch<exactly, small_tile, 1>)
        (c, from_a, from_b, to, parts);
    if (parts > 1)
        LAUNCH(add_parts, dim3(blocks_for(s->m * s->n, TILE_THREADS)), dim3(TILE_THREADS), 0, c->stream, parts, s->m, s->n, s->ldc,
               (const real *)c->work, y, add);
}

void gemm_cuda(const context *c, const gemm_shape *s, real alpha, const real *a, const real *b, real *y, int add)
{
    if (!dnn_cuda_gemm(c, s, alpha, a, b, NULL, y, add)) tiles(c, s, alpha, a, b, y, add);
}

void gemm_bias_cuda(const context *c, const gemm_shape *s, const real *a, const real *b, const real *bias, real *y)
{
    if (dnn_cuda_gemm(c, s, 1, a, b, bias, y, 0)) return;
    tiles(c, s, 1, a, b, y, 0);
    if (bias) table_add_cuda(c, s->m, 1, s->n, y, s->ldc, bias, s->n, y, s->ldc);
}

void gemm_work_cuda(const context *c, const gemm_shape *s, size_t *bytes)
{
    const int64_t parts = parts_of(s);
    const size_t own = parts > 1 ? (size_t)(parts * s->m * s->n) * sizeof(real) : 0, library = dnn_cuda_gemm_work(c);
    *bytes = own > library ? own : library;                    /* the library may have nothing for this shape */
}
