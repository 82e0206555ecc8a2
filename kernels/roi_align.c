/* roi_align.c - RoIAlign on the CPU; see roi_align.h. The samples of a bin become a short list of pixels and weights along each axis,
 * in which neighbouring samples share pixels; the inner loops run over channels. Backward cuts a map into bands of rows: a thread adds to
 * its band what falls there, box by box, so that nobody waits and the order of a sum is that of the boxes. */
#include "kernels/roi_align.h"
#include "kernels/loop.h"

enum { CHUNK = 32, BAND = 8 };           /* samples of an axis whose weights are held at a time; rows of a band */
typedef struct { int n; int64_t at[2 * CHUNK]; real w[2 * CHUNK]; } taps;

size_t roi_align_work(int64_t boxes) { return (size_t)boxes * sizeof(roi); }

static void place_boxes(const pyramid *p, const roi_rule *r, const real *boxes, int64_t bs, const int32_t *count, roi *o)
{
    for (int64_t k = 0; k < p->images * r->boxes; k++) o[k] = roi_of(r, p->levels, boxes + k * bs, k % r->boxes < count[k / r->boxes]);
}

static void tap(taps *t, int64_t at, real w)
{
    for (int k = t->n - 1; k >= 0 && k >= t->n - 2; k--) if (t->at[k] == at) { t->w[k] += w; return; }
    t->at[t->n] = at, t->w[t->n++] = w;
}

/* The pixels first <= i < last that samples from.. of a bin touch */
static void taps_of(const roi_axis *a, int64_t bin, int64_t from, int64_t length, int64_t first, int64_t last, taps *t)
{
    roi_sample s;
    t->n = 0;
    for (int64_t i = from; i < a->n && i < from + CHUNK; i++) {
        if (!roi_sample_of(a, bin, i, length, &s)) continue;
        if (s.low >= first && s.low < last) tap(t, s.low, s.at_low);
        if (s.high >= first && s.high < last) tap(t, s.high, s.at_high);
    }
}

static void bin_forward(const pyramid *p, int64_t image, const roi *o, int64_t row, int64_t column, real *y)
{
    const int l = o->level;
    const int64_t h = p->h[l], w = p->w[l], xs = p->xs[l], channels = p->channels;
    const real *x = p->x[l] + image * h * w * xs;
    taps v, u;
    for (int64_t k = 0; k < channels; k++) y[k] = 0;
    for (int64_t i = 0; i < o->y.n; i += CHUNK) {
        taps_of(&o->y, row, i, h, 0, h, &v);
        for (int64_t j = 0; v.n && j < o->x.n; j += CHUNK) {
            taps_of(&o->x, column, j, w, 0, w, &u);
            for (int a = 0; a < v.n; a++)
                for (int b = 0; b < u.n; b++) {
                    const real weight = v.w[a] * u.w[b], *from = x + (v.at[a] * w + u.at[b]) * xs;
                    #pragma omp simd
                    for (int64_t k = 0; k < channels; k++) y[k] += weight * from[k];
                }
        }
    }
}

void roi_align_forward_cpu(const context *c, pyramid p, roi_rule r, const real *boxes, int64_t bs, const int32_t *count, real *y,
                           int64_t ys, void *work)
{
    (void)c;
    roi *o = work;
    const int64_t all = p.images * r.boxes, bins = r.out_h * r.out_w;
    place_boxes(&p, &r, boxes, bs, count, o);
    #pragma omp parallel for schedule(dynamic, 4) if (all * bins * p.channels > SERIAL)
    for (int64_t k = 0; k < all; k++)
        for (int64_t i = 0; i < bins; i++) {
            real *to = y + (k * bins + i) * ys;
            if (o[k].level >= 0) bin_forward(&p, k / r.boxes, &o[k], i / r.out_w, i % r.out_w, to);
            else for (int64_t j = 0; j < p.channels; j++) to[j] = 0;
        }
}

/* One box into the rows first <= i < last of its map; x, gy: of its image, of its bins */
static void box_backward(const pyramid *p, const roi_rule *r, const roi *o, const real *gy, int64_t gys, int64_t first, int64_t last,
                         real *gx, int64_t gxs)
{
    const int64_t h = p->h[o->level], w = p->w[o->level];
    taps v, u;
    for (int64_t row = 0; row < r->out_h; row++)
        for (int64_t i = 0; i < o->y.n; i += CHUNK) {
            taps_of(&o->y, row, i, h, first, last, &v);
            for (int64_t column = 0; v.n && column < r->out_w; column++)
                for (int64_t j = 0; j < o->x.n; j += CHUNK) {
                    const real *g = gy + (row * r->out_w + column) * gys;
                    taps_of(&o->x, column, j, w, 0, w, &u);
                    for (int a = 0; a < v.n; a++)
                        for (int b = 0; b < u.n; b++) {
                            const real weight = v.w[a] * u.w[b];
                            real *to = gx + (v.at[a] * w + u.at[b]) * gxs;
                            #pragma omp simd
                            for (int64_t k = 0; k < p->channels; k++) to[k] += weight * g[k];
                        }
                }
        }
}

void roi_align_backward_cpu(const context *c, pyramid p, int level, roi_rule r, const real *boxes, int64_t bs, const int32_t *count,
                            const real *gy, int64_t gys, real *gx, int64_t gxs, int add, void *work)
{
    (void)c;
    roi *o = work;
    const int64_t h = p.h[level], w = p.w[level], bands = (h + BAND - 1) / BAND, bins = r.out_h * r.out_w;
    place_boxes(&p, &r, boxes, bs, count, o);
    #pragma omp parallel for schedule(dynamic, 1) if (p.images * h * w * p.channels > SERIAL)
    for (int64_t i = 0; i < p.images * bands; i++) {
        const int64_t image = i / bands, first = i % bands * BAND, last = least(first + BAND, h);
        real *to = gx + image * h * w * gxs;
        for (int64_t k = first * w; k < last * w && !add; k++) for (int64_t j = 0; j < p.channels; j++) to[k * gxs + j] = 0;
        for (int64_t k = image * r.boxes; k < (image + 1) * r.boxes; k++)
            if (o[k].level == level) box_backward(&p, &r, &o[k], gy + k * bins * gys, gys, first, last, to, gxs);
    }
}
