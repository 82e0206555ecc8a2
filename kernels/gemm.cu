/* gemm.cu - the matrix product on the GPU: one launch of tiles (tile_gemm.cuh), large ones where they fill the machine. */
#include "kernels/gemm.h"
#include "kernels/tile_gemm.cuh"
#include <assert.h>

template <class WAY, class TILE, int VECTOR>
static __global__ void __launch_bounds__(TILE_THREADS, WAY::BLOCKS) gemm_tiles(matrix_source a, matrix_source b, matrix_sink y)
{
    const int across = (b.lines + TILE::N - 1) / TILE::N, i = blockIdx.x / across, j = blockIdx.x % across;
    tile_product<WAY, TILE, VECTOR>(a, b, i * TILE::M, j * TILE::N, 0, a.end, y);
}

template <class WAY, class TILE, int VECTOR>
static void launch(const context *c, const matrix_source &a, const matrix_source &b, const matrix_sink &y)
{
    const int64_t blocks = ((int64_t)a.lines + TILE::M - 1) / TILE::M * (((int64_t)b.lines + TILE::N - 1) / TILE::N);
    LAUNCH((gemm_tiles<WAY, TILE, VECTOR>), dim3((unsigned)blocks), dim3(TILE_THREADS), 0, c->stream, a, b, y);
}

void gemm_cuda(const context *c, const gemm_shape *s, real alpha, const real *a, const real *b, real *y, int add)
{
    assert(s->m < 1 << 30 && s->n < 1 << 30 && s->k < 1 << 30 && s->lda < 1 << 30 && s->ldb < 1 << 30 && s->ldc < 1 << 30);
    const matrix_source from_a = { a, (int)s->m, (int)s->k, s->ta ? 1 : (int)s->lda, s->ta ? (int)s->lda : 1 };
    const matrix_source from_b = { b, (int)s->n, (int)s->k, s->tb ? (int)s->ldb : 1, s->tb ? 1 : (int)s->ldb };
    const matrix_sink to = { y, alpha, (int)s->m, (int)s->n, add, (int)s->ldc };
    const int vector = whole_quads(a, s->ta ? s->m : s->k, s->lda) && whole_quads(b, s->tb ? s->k : s->n, s->ldb)
        && whole_quads(y, s->n, s->ldc);
    const int large = s->m >= 128 && s->n >= 128 && s->m * s->n >= (int64_t)128 * 128 * multiprocessors();
    (!vector ? launch<exactly, small_tile, 0> : large ? launch<exactly, wide_tile, 1> : launch<exactly, small_tile, 1>)
        (c, from_a, from_b, to);
}
