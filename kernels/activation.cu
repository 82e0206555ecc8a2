/* activation.cu - y = f(x) and its gradient over maps, on a GPU; see activation.h. Bound by memory: each thread takes 16 bytes at a time
 * where the maps allow it, else one element, and strides over what the grid leaves. */
#include "kernels/vector.cuh"
#include "kernels/activation.h"

static const unsigned BLOCKS = 4096;

/* May maps of these strides and addresses be moved 16 bytes at a time? */
static int wide(int64_t channels, int64_t xs, int64_t ys, const void *x, const void *y, const void *z)
{
    return (channels | xs | ys) % WIDE == 0 && ((uintptr_t)x | (uintptr_t)y | (uintptr_t)z) % 16 == 0;
}

template <int V> static __global__ void values(int64_t n, int64_t channels, const real *x, int64_t xs, real *y, int64_t ys, activation a, real slope)
{
    const int64_t step = (int64_t)gridDim.x * blockDim.x * V;
    for (int64_t i = ((int64_t)blockIdx.x * blockDim.x + threadIdx.x) * V; i < n; i += step) {
        const int64_t p = i / channels, c = i % channels;
        pack<real, V> v = load<V>(x + p * xs + c, 1);
        for (int k = 0; k < V; k++) v.v[k] = act_value(a, v.v[k], slope);
        store(y + p * ys + c, v, 1);
    }
}

template <int V> static __global__ void slopes(int64_t n, int64_t channels, const real *x, int64_t xs, const real *gy, int64_t gys, real *gx,
                                               int64_t gxs, activation a, real slope, int add)
{
    const int64_t step = (int64_t)gridDim.x * blockDim.x * V;
    for (int64_t i = ((int64_t)blockIdx.x * blockDim.x + threadIdx.x) * V; i < n; i += step) {
        const int64_t p = i / channels, c = i % channels;
        const pack<real, V> v = load<V>(x + p * xs + c, 1), g = load<V>(gy + p * gys + c, 1);
        pack<real, V> out = add ? load<V>((const real *)gx + p * gxs + c, 1) : zeros<V>();
        for (int k = 0; k < V; k++) out.v[k] += g.v[k] * act_slope(a, v.v[k], slope);
        store(gx + p * gxs + c, out, 1);
    }
}

static unsigned blocks(int64_t n)
{
    const unsigned all = blocks_for(n, THREADS);
    return all < BLOCKS ? all : BLOCKS;
}

void act_forward_cuda(const context *c, int64_t pixels, int64_t channels, const real *x, int64_t xs, real *y, int64_t ys, activation a,
                      real slope)
{
    const int64_t n = pixels * channels;
    if (wide(channels, xs, ys, x, y, NULL))
        LAUNCH(values<WIDE>, blocks(n / WIDE), THREADS, 0, c->stream, n, channels, x, xs, y, ys, a, slope);
    else
        LAUNCH(values<1>, blocks(n), THREADS, 0, c->stream, n, channels, x, xs, y, ys, a, slope);
}

void act_backward_cuda(const context *c, int64_t pixels, int64_t channels, const real *x, int64_t xs, const real *gy, int64_t gys, real *gx,
                       int64_t gxs, activation a, real slope, int add)
{
    const int64_t n = pixels * channels;
    if (wide(channels, xs | gxs, gys, x, gy, gx))
        LAUNCH(slopes<WIDE>, blocks(n / WIDE), THREADS, 0, c->stream, n, channels, x, xs, gy, gys, gx, gxs, a, slope, add);
    else
        LAUNCH(slopes<1>, blocks(n), THREADS, 0, c->stream, n, channels, x, xs, gy, gys, gx, gxs, a, slope, add);
}
