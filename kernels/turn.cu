/* turn.cu - a matrix turned round on its way: how weights become what cuDNN reads, and their gradients what we read.
 * A block moves a square through shared memory, so that both sides are read and written in rows. */
#include "kernels/vector.cuh"
#include "kernels/dnn_cuda.h"

enum { SQUARE = 32, ROWS = THREADS / SQUARE };

static __global__ void turn(int64_t rows, int64_t columns, const real *from, real *to, int add)
{
    __shared__ real square[SQUARE][SQUARE + 1];                /* one more: no bank conflict down a column */
    const int64_t across = (columns + SQUARE - 1) / SQUARE, i = blockIdx.x / across * SQUARE, j = blockIdx.x % across * SQUARE;
    const int x = threadIdx.x;
    for (int y = threadIdx.y; y < SQUARE; y += ROWS) if (i + y < rows && j + x < columns) square[y][x] = from[(i + y) * columns + j + x];
    __syncthreads();
    for (int y = threadIdx.y; y < SQUARE; y += ROWS)
        if (j + y < columns && i + x < rows) {
            const int64_t at = (j + y) * rows + i + x;
            to[at] = (add ? to[at] : 0) + square[x][y];
        }
}

void dnn_turn(const context *c, int64_t rows, int64_t columns, const real *from, real *to, int add)
{
    const int64_t squares = (rows + SQUARE - 1) / SQUARE * ((columns + SQUARE - 1) / SQUARE);
    LAUNCH(turn, dim3((unsigned)squares), dim3(SQUARE, ROWS), 0, c->stream, rows, columns, from, to, add);
}
