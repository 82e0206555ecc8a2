/* taps.c - bicubic and area resampling on the CPU; see taps.h. Channels are the vector direction. */
#include "kernels/taps.h"
#include "kernels/elem.h"

/* y = sum over the taps v (rows) and u (columns) of one sample's map x */
static void gather(const resample_size *s, const tap_list *v, const tap_list *u, const elem *x, int64_t xs, elem *y)
{
    real sum[ROW];
    for (int64_t at = 0; at < s->channels; at += ROW) {
        const int64_t m = least(ROW, s->channels - at);
        row_begin(m, NULL, sum, 0);
        for (int64_t a = 0; a < v->count; a++)
            for (int64_t b = 0; b < u->count; b++) {
                const real w = tap_weight(v, a) * tap_weight(u, b);
                const elem *from = x + (tap_at(v, a, s->h) * s->w + tap_at(u, b, s->w)) * xs + at;
                #pragma omp simd
                for (int64_t k = 0; k < m; k++) sum[k] += w * get(from[k]);
            }
        row_end(m, sum, y + at);
    }
}

void CPU(taps_forward)(const context *c, resample_size s, const elem *x, int64_t xs, elem *y, int64_t ys)
{
    (void)c;
    #pragma omp parallel for collapse(2) schedule(static) if (s.samples * s.oh * s.ow * s.channels > SERIAL)
    for (int64_t n = 0; n < s.samples; n++)
        for (int64_t i = 0; i < s.oh; i++) {
            const tap_list v = taps_read(i, s.h, s.oh, s.mode, s.align_corners);
            for (int64_t j = 0; j < s.ow; j++) {
                const tap_list u = taps_read(j, s.w, s.ow, s.mode, s.align_corners);
                gather(&s, &v, &u, x + n * s.h * s.w * xs, xs, y + ((n * s.oh + i) * s.ow + j) * ys);
            }
        }
}

void CPU(taps_backward)(const context *c, resample_size s, const elem *gy, int64_t gys, elem *gx, int64_t gxs, int add)
{
    (void)c;
    #pragma omp parallel for collapse(2) schedule(static) if (s.samples * s.h * s.w * s.channels > SERIAL)
    for (int64_t n = 0; n < s.samples; n++)
        for (int64_t i = 0; i < s.h; i++) {
            int64_t i0, i1;
            real sum[ROW];
            taps_readers(i, s.h, s.oh, s.mode, s.align_corners, &i0, &i1);
            for (int64_t j = 0; j < s.w; j++) {
                elem *g = gx + ((n * s.h + i) * s.w + j) * gxs;
                int64_t j0, j1;
                taps_readers(j, s.w, s.ow, s.mode, s.align_corners, &j0, &j1);
                for (int64_t at = 0; at < s.channels; at += ROW) {
                    const int64_t m = least(ROW, s.channels - at);
                    row_begin(m, g + at, sum, add);
                    for (int64_t p = i0; p <= i1; p++) {
                        const tap_list v = taps_read(p, s.h, s.oh, s.mode, s.align_corners);
                        const real wi = taps_weight(&v, i, s.h);
                        for (int64_t q = j0; q <= j1 && wi != 0; q++) {
                            const tap_list u = taps_read(q, s.w, s.ow, s.mode, s.align_corners);
                            const real w = wi * taps_weight(&u, j, s.w);
                            const elem *t = gy + ((n * s.oh + p) * s.ow + q) * gys + at;
                            #pragma omp simd
                            for (int64_t k = 0; k < m; k++) sum[k] += w * get(t[k]);
                        }
                    }
                    row_end(m, sum, g + at);
                }
            }
        }
}
