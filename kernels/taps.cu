/* taps.cu - bicubic and area resampling on a GPU; see taps.h. A thread works out its pixel's taps once and walks the channels with them.
 * The positions are in double, which many GPUs do slowly; no network resamples this way in its inner layers. */
#include "kernels/taps.h"
#include "kernels/vector.cuh"

template <int W> static __global__ void forward(resample_size s, const real *x, int64_t xs, real *y, int64_t ys, int aligned)
{
    EACH_PLACE(s.samples, s.oh, s.ow) {
        const tap_list v = taps_read(i, s.h, s.oh, s.mode, s.align_corners), u = taps_read(j, s.w, s.ow, s.mode, s.align_corners);
        for (int64_t k = (int64_t)threadIdx.x * W; k < s.channels; k += (int64_t)blockDim.x * W) {
            pack<real, W> sum = zeros<W>();
            for (int64_t a = 0; a < v.count; a++)
                for (int64_t b = 0; b < u.count; b++)
                    add_scaled(&sum, tap_weight(&v, a) * tap_weight(&u, b),
                               load<W>(x + ((n * s.h + tap_at(&v, a, s.h)) * s.w + tap_at(&u, b, s.w)) * xs + k, aligned));
            store(y + ((n * s.oh + i) * s.ow + j) * ys + k, sum, aligned);
        }
    }
}

void taps_forward_cuda(const context *c, resample_size s, const real *x, int64_t xs, real *y, int64_t ys)
{
    LAUNCH_EACH_PLACE(forward, s.samples, s.oh, s.ow, s.channels, c->stream, s, x, xs, y, ys, is_aligned(x, xs) && is_aligned(y, ys));
}

template <int W> static __global__ void backward(resample_size s, const real *gy, int64_t gys, real *gx, int64_t gxs, int add, int aligned)
{
    EACH_PLACE(s.samples, s.h, s.w) {
        real *to = gx + ((n * s.h + i) * s.w + j) * gxs;
        int64_t i0, i1, j0, j1;
        taps_readers(i, s.h, s.oh, s.mode, s.align_corners, &i0, &i1);
        taps_readers(j, s.w, s.ow, s.mode, s.align_corners, &j0, &j1);
        for (int64_t k = (int64_t)threadIdx.x * W; k < s.channels; k += (int64_t)blockDim.x * W) {
            pack<real, W> sum = add ? load<W>(to + k, aligned) : zeros<W>();
            for (int64_t p = i0; p <= i1; p++) {
                const tap_list v = taps_read(p, s.h, s.oh, s.mode, s.align_corners);
                const real wi = taps_weight(&v, i, s.h);
                for (int64_t q = j0; q <= j1 && wi != 0; q++) {
                    const tap_list u = taps_read(q, s.w, s.ow, s.mode, s.align_corners);
                    add_scaled(&sum, wi * taps_weight(&u, j, s.w), load<W>(gy + ((n * s.oh + p) * s.ow + q) * gys + k, aligned));
                }
            }
            store(to + k, sum, aligned);
        }
    }
}

void taps_backward_cuda(const context *c, resample_size s, const real *gy, int64_t gys, real *gx, int64_t gxs, int add)
{
    LAUNCH_EACH_PLACE(backward, s.samples, s.h, s.w, s.channels, c->stream, s, gy, gys, gx, gxs, add, is_aligned(gy, gys) && is_aligned(gx, gxs));
}
