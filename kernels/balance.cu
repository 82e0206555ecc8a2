/* balance.cu - see balance.h. One thread: the numbers are on the GPU and stay there. */
#include "kernels/balance.h"
#include "kernels/cuda.h"

static __global__ void forward(balance_rule r, const real *g, const real *a, const real *b, real *y, real *w)
{
    *w = (real)balance_weight(r, a, b);
    *y = *w * *g;
}
void balance_forward_cuda(const context *c, balance_rule r, const real *g, const real *a, const real *b, real *y, real *w)
{
    LAUNCH(forward, dim3(1), dim3(1), 0, c->stream, r, g, a, b, y, w);
}

static __global__ void backward(const real *w, const real *gy, real *gg, int add) { *gg = (add ? *gg : 0) + *w * *gy; }
void balance_backward_cuda(const context *c, const real *w, const real *gy, real *gg, int add)
{
    LAUNCH(backward, dim3(1), dim3(1), 0, c->stream, w, gy, gg, add);
}
