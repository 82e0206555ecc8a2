/* resample.c - resampling on the CPU; see resample.h. Positions are worked out once a row and pixel, channels are the vector
 * direction. */
#include "kernels/resample.h"
#include "kernels/elem.h"
#include "kernels/loop.h"

void CPU(resample_forward)(const context *c, resample_size s, const elem *x, int64_t xs, elem *y, int64_t ys)
{
    (void)c;
    #pragma omp parallel for collapse(2) schedule(static) if (s.samples * s.oh * s.ow * s.channels > SERIAL)
    for (int64_t n = 0; n < s.samples; n++)
        for (int64_t i = 0; i < s.oh; i++) {
            const resample_tap v = resample_read(i, s.h, s.oh, s.mode, s.align_corners);
            const elem *top = x + (n * s.h + v.at) * s.w * xs, *low = x + (n * s.h + v.next) * s.w * xs;
            for (int64_t j = 0; j < s.ow; j++) {
                const resample_tap u = resample_read(j, s.w, s.ow, s.mode, s.align_corners);
                const elem *a = top + u.at * xs, *b = top + u.next * xs, *d = low + u.at * xs, *e = low + u.next * xs;
                elem *to = y + ((n * s.oh + i) * s.ow + j) * ys;
                if (s.mode == RESAMPLE_NEAREST) {
                    #pragma omp simd
                    for (int64_t k = 0; k < s.channels; k++) to[k] = a[k];
                } else {
                    const real wa = (1 - v.more) * (1 - u.more), wb = (1 - v.more) * u.more, wd = v.more * (1 - u.more), we = v.more * u.more;
                    #pragma omp simd
                    for (int64_t k = 0; k < s.channels; k++) to[k] = put(wa * get(a[k]) + wb * get(b[k]) + wd * get(d[k]) + we * get(e[k]));
                }
            }
        }
}

void CPU(resample_backward)(const context *c, resample_size s, const elem *gy, int64_t gys, elem *gx, int64_t gxs, int add)
{
    (void)c;
    #pragma omp parallel for collapse(2) schedule(static) if (s.samples * s.h * s.w * s.channels > SERIAL)
    for (int64_t n = 0; n < s.samples; n++)
        for (int64_t i = 0; i < s.h; i++) {
            int64_t i0, i1;
            real sum[ROW];
            resample_readers(i, s.h, s.oh, s.mode, s.align_corners, &i0, &i1);
            for (int64_t j = 0; j < s.w; j++) {
                elem *g = gx + ((n * s.h + i) * s.w + j) * gxs;
                int64_t j0, j1;
                resample_readers(j, s.w, s.ow, s.mode, s.align_corners, &j0, &j1);
                for (int64_t at = 0; at < s.channels; at += ROW) {
                    const int64_t m = least(ROW, s.channels - at);
                    row_begin(m, g + at, sum, add);
                    for (int64_t p = i0; p <= i1; p++) {
                        const real wi = resample_weight(resample_read(p, s.h, s.oh, s.mode, s.align_corners), i);
                        for (int64_t q = j0; q <= j1 && wi != 0; q++) {
                            const real w = wi * resample_weight(resample_read(q, s.w, s.ow, s.mode, s.align_corners), j);
                            const elem *t = gy + ((n * s.oh + p) * s.ow + q) * gys + at;
                            if (w == 0) continue;
                            #pragma omp simd
                            for (int64_t k = 0; k < m; k++) sum[k] += w * get(t[k]);
                        }
                    }
                    row_end(m, sum, g + at);
                }
            }
        }
}
