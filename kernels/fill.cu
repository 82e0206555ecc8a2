/* fill.cu - see fill.h. */
#include "kernels/fill.h"
#include "kernels/grid.cuh"

static __global__ void fill(int64_t n, real *x, real v)
{
    for EACH_OF_GRID(i, n) x[i] = v;
}

void fill_cuda(const context *c, size_t n, real *x, real v) { LAUNCH_EACH(fill, (int64_t)n, c->stream, (int64_t)n, x, v); }
