/* resample.c - resampling on the CPU; see resample.h. Positions are worked out once a row and pixel, channels are the vector
 * direction. */
#include "kernels/resample.h"
#include "kernels/loop.h"

void resample_forward_cpu(const context *c, resample_size s, const real *x, int64_t xs, real *y, int64_t ys)
{
    (void)c;
    #pragma omp parallel for collapse(2) schedule(static) if (s.samples * s.oh * s.ow * s.channels > SERIAL)
    for (int64_t n = 0; n < s.samples; n++)
        for (int64_t i = 0; i < s.oh; i++) {
            const resample_tap v = resample_read(i, s.h, s.oh, s.mode, s.align_corners);
            const real *top = x + (n * s.h + v.at) * s.w * xs, *low = x + (n * s.h + v.next) * s.w * xs;
            for (int64_t j = 0; j < s.ow; j++) {
                const resample_tap u = resample_read(j, s.w, s.ow, s.mode, s.align_corners);
                const real *a = top + u.at * xs, *b = top + u.next * xs, *d = low + u.at * xs, *e = low + u.next * xs;
                real *to = y + ((n * s.oh + i) * s.ow + j) * ys;
                if (s.mode == RESAMPLE_NEAREST) {
                    #pragma omp simd
                    for (int64_t k = 0; k < s.channels; k++) to[k] = a[k];
                } else {
                    const real wa = (1 - v.more) * (1 - u.more), wb = (1 - v.more) * u.more, wd = v.more * (1 - u.more), we = v.more * u.more;
                    #pragma omp simd
                    for (int64_t k = 0; k < s.channels; k++) to[k] = wa * a[k] + wb * b[k] + wd * d[k] + we * e[k];
                }
            }
        }
}

/* The weights with which outputs first..last read input i along one axis; the first HELD are worked out once, where that is enough */
enum { HELD = 16 };
typedef struct { int64_t i, in, out, first, last; resample_mode mode; int align_corners; real w[HELD]; } readers;

static real weight_of(const readers *r, int64_t d)
{
    return resample_weight(resample_read(d, r->in, r->out, r->mode, r->align_corners), r->i);
}
static readers readers_of(const resample_size *s, int64_t i, int64_t in, int64_t out)
{
    readers r = { .i = i, .in = in, .out = out, .mode = s->mode, .align_corners = s->align_corners };
    resample_readers(i, in, out, s->mode, s->align_corners, &r.first, &r.last);
    for (int64_t d = r.first; d <= r.last && d - r.first < HELD; d++) r.w[d - r.first] = weight_of(&r, d);
    return r;
}
static real reader_weight(const readers *r, int64_t d) { return d - r->first < HELD ? r->w[d - r->first] : weight_of(r, d); }

void resample_backward_cpu(const context *c, resample_size s, const real *gy, int64_t gys, real *gx, int64_t gxs, int add)
{
    (void)c;
    #pragma omp parallel for collapse(2) schedule(static) if (s.samples * s.oh * s.ow * s.channels > SERIAL)
    for (int64_t n = 0; n < s.samples; n++)
        for (int64_t i = 0; i < s.h; i++) {
            const readers v = readers_of(&s, i, s.h, s.oh);
            for (int64_t j = 0; j < s.w; j++) {
                real *g = gx + ((n * s.h + i) * s.w + j) * gxs;
                const readers u = readers_of(&s, j, s.w, s.ow);
                int sum = add;
                for (int64_t p = v.first; p <= v.last; p++) {
                    const real wi = reader_weight(&v, p);
                    for (int64_t q = u.first; q <= u.last && wi != 0; q++) {
                        const real w = wi * reader_weight(&u, q);
                        const real *t = gy + ((n * s.oh + p) * s.ow + q) * gys;
                        if (w == 0) continue;
                        #pragma omp simd
                        for (int64_t k = 0; k < s.channels; k++) g[k] = (sum ? g[k] : 0) + w * t[k];
                        sum = 1;
                    }
                }
                if (!sum) for (int64_t k = 0; k < s.channels; k++) g[k] = 0;
            }
        }
}
