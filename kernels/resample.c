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

/* READERS: outputs that read one input, in one list. COLUMNS: inputs of a row whose first lists serve all rows below. */
enum { READERS = 16, COLUMNS = 64 };
typedef struct { int64_t n, at[READERS]; real w[READERS]; } reader_list;

/* The outputs that read input i, with their weights; without the first `skip` of them */
static void list_readers(const resample_size *s, int64_t i, int64_t in, int64_t out, int64_t skip, reader_list *r)
{
    int64_t first, last;
    resample_readers(i, in, out, s->mode, s->align_corners, &first, &last);
    r->n = 0;
    for (int64_t q = first; q <= last && r->n < READERS; q++) {
        const real w = resample_weight(resample_read(q, in, out, s->mode, s->align_corners), i);
        if (w != 0 && --skip < 0) r->at[r->n] = q, r->w[r->n++] = w;
    }
}

/* sum += v times the pixels in the list of a row of outputs, m channels of each; four pixels at a time, because sums live in memory */
static inline void add_readers(const reader_list *r, real v, const elem *row, int64_t stride, int64_t m, real *sum)
{
    int64_t q = 0;
    for (; q + 4 <= r->n; q += 4) {
        const elem *a = row + r->at[q] * stride, *b = row + r->at[q + 1] * stride, *c = row + r->at[q + 2] * stride, *d = row + r->at[q + 3] * stride;
        const real wa = v * r->w[q], wb = v * r->w[q + 1], wc = v * r->w[q + 2], wd = v * r->w[q + 3];
        #pragma omp simd
        for (int64_t k = 0; k < m; k++) sum[k] += wa * get(a[k]) + wb * get(b[k]) + (wc * get(c[k]) + wd * get(d[k]));
    }
    for (; q < r->n; q++) {
        const elem *a = row + r->at[q] * stride;
        const real wa = v * r->w[q];
        #pragma omp simd
        for (int64_t k = 0; k < m; k++) sum[k] += wa * get(a[k]);
    }
}

/* How many lists hold all readers of any input: one, up to a map seven times as large */
static int64_t lists(int64_t in, int64_t out) { return (2 * ((out - 1) / most(in - 1, 1) + 2) + READERS - 1) / READERS; }

/* sum += what all readers of input (i, j) have, m channels; later lists than the first are made again for each pixel */
static void gather(const resample_size *s, int64_t i, int64_t j, const reader_list *down, const reader_list *across, const elem *gy, int64_t gys,
                   int64_t m, real *sum)
{
    reader_list later_down, later_across;
    for (int64_t a = 0; a < lists(s->h, s->oh); a++) {
        if (a) list_readers(s, i, s->h, s->oh, a * READERS, &later_down), down = &later_down;
        const reader_list *columns = across;
        for (int64_t b = 0; b < lists(s->w, s->ow); b++) {
            if (b) list_readers(s, j, s->w, s->ow, b * READERS, &later_across), columns = &later_across;
            for (int64_t p = 0; p < down->n; p++) add_readers(columns, down->w[p], gy + down->at[p] * s->ow * gys, gys, m, sum);
        }
    }
}

/* Columns j0 .. j0 + COLUMNS - 1 of one sample's gradient */
static void backward_columns(const resample_size *s, int64_t j0, const elem *gy, int64_t gys, elem *gx, int64_t gxs, int add)
{
    const int64_t columns = least(COLUMNS, s->w - j0);
    reader_list across[COLUMNS], down;
    real sum[ROW];
    for (int64_t j = 0; j < columns; j++) list_readers(s, j0 + j, s->w, s->ow, 0, &across[j]);
    for (int64_t i = 0; i < s->h; i++) {
        list_readers(s, i, s->h, s->oh, 0, &down);
        for (int64_t j = 0; j < columns; j++)
            for (int64_t at = 0; at < s->channels; at += ROW) {
                elem *g = gx + (i * s->w + j0 + j) * gxs + at;
                const int64_t m = least(ROW, s->channels - at);
                row_begin(m, g, sum, add);
                gather(s, i, j0 + j, &down, &across[j], gy + at, gys, m, sum);
                row_end(m, sum, g);
            }
    }
}

void CPU(resample_backward)(const context *c, resample_size s, const elem *gy, int64_t gys, elem *gx, int64_t gxs, int add)
{
    (void)c;
    #pragma omp parallel for collapse(2) schedule(static) if (s.samples * s.h * s.w * s.channels > SERIAL)
    for (int64_t n = 0; n < s.samples; n++)
        for (int64_t j = 0; j < s.w; j += COLUMNS)
            backward_columns(&s, j, gy + n * s.oh * s.ow * gys, gys, gx + n * s.h * s.w * gxs, gxs, add);
}
