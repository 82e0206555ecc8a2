/* maximum.cu - maxima on a GPU; see maximum.h. Parts of a group first: with channels apart a thread a channel, else a warp a
 * part, or a thread where the group is small. */
#include "kernels/grid.cuh"
#include "kernels/maximum.h"

enum { SMALL = 64 };                     /* elements of a group that one thread looks through */

static __global__ void channel_parts(maximum_size s, int64_t parts, const real *x, int64_t xs, maximum_best *part)
{
    for EACH_OF_GRID(g, s.groups * parts * s.channels) {
        const int64_t k = g % s.channels, j = g / s.channels % parts, i = g / s.channels / parts;
        maximum_best best = { 0, -1 };
        for (int64_t p = part_begin(s.pixels, parts, j); p < part_begin(s.pixels, parts, j + 1); p++) {
            const maximum_best b = { x[(i * s.pixels + p) * xs + k], p * s.channels + k };
            if (maximum_beats(b, best)) best = b;
        }
        part[g] = best;
    }
}

/* the best of every by-th element of part j of group i, from element `first` of it on */
static __device__ maximum_best search(const maximum_size &s, int64_t parts, const real *x, int64_t xs, int64_t i, int64_t j, int first, int by)
{
    maximum_best best = { 0, -1 };
    const int64_t end = part_begin(s.pixels, parts, j + 1) * s.channels;
    for (int64_t e = part_begin(s.pixels, parts, j) * s.channels + first; e < end; e += by) {
        const maximum_best b = { x[(i * s.pixels + e / s.channels) * xs + e % s.channels], e };
        if (maximum_beats(b, best)) best = b;
    }
    return best;
}

static __global__ void small_parts(maximum_size s, int64_t parts, const real *x, int64_t xs, maximum_best *part)
{
    for EACH_OF_GRID(g, s.groups * parts) part[g] = search(s, parts, x, xs, g / parts, g % parts, 0, 1);
}

static __global__ void whole_parts(maximum_size s, int64_t parts, const real *x, int64_t xs, maximum_best *part)
{
    const int64_t g = ((int64_t)blockIdx.x * THREADS + threadIdx.x) / 32;
    if (g >= s.groups * parts) return;
    maximum_best best = search(s, parts, x, xs, g / parts, g % parts, threadIdx.x % 32, 32);
    for (int by = 16; by; by /= 2) {
        const maximum_best b = { __shfl_xor_sync(0xffffffffu, best.v, by), __shfl_xor_sync(0xffffffffu, best.at, by) };
        if (maximum_beats(b, best)) best = b;
    }
    if (threadIdx.x % 32 == 0) part[g] = best;
}

static __global__ void best_part(maximum_size s, int64_t parts, const maximum_best *part, real *y, int64_t ys, int32_t *which)
{
    const int64_t width = maximum_width(s);
    for EACH_OF_GRID(g, s.groups * width) {
        const int64_t i = g / width, k = g % width;
        maximum_best best = part[i * parts * width + k];
        for (int64_t j = 1; j < parts; j++)
            if (maximum_beats(part[(i * parts + j) * width + k], best)) best = part[(i * parts + j) * width + k];
        if (y) y[i * ys + k] = best.v;
        which[g] = (int32_t)best.at;
    }
}

void maximum_forward_cuda(const context *c, maximum_size s, const real *x, int64_t xs, real *y, int64_t ys, int32_t *which, void *work)
{
    const int64_t parts = part_count(s.pixels);
    maximum_best *part = (maximum_best *)work;
    if (s.keep) LAUNCH_EACH(channel_parts, s.groups * parts * s.channels, c->stream, s, parts, x, xs, part);
    else if (s.pixels * s.channels <= SMALL) LAUNCH_EACH(small_parts, s.groups * parts, c->stream, s, parts, x, xs, part);
    else LAUNCH_EACH(whole_parts, s.groups * parts * 32, c->stream, s, parts, x, xs, part);
    LAUNCH_EACH(best_part, s.groups * maximum_width(s), c->stream, s, parts, (const maximum_best *)part, y,
           ys, which);
}

static __global__ void maximum_slopes(maximum_size s, const int32_t *which, const real *gy, int64_t gys, real *gx, int64_t gxs, int add)
{
    const int64_t each = s.pixels * s.channels, width = maximum_width(s);
    for EACH_OF_GRID(g, s.groups * each) {
        const int64_t i = g / each, e = g % each, of = s.keep ? e % s.channels : 0;
        real *to = gx + g / s.channels * gxs + e % s.channels;
        *to = (add ? *to : 0) + (which[i * width + of] == e ? gy[i * gys + of] : 0);
    }
}

void maximum_backward_cuda(const context *c, maximum_size s, const int32_t *which, const real *gy, int64_t gys, real *gx, int64_t gxs,
                           int add)
{
    LAUNCH_EACH(maximum_slopes, s.groups * s.pixels * s.channels, c->stream, s, which, gy, gys, gx, gxs, add);
}
