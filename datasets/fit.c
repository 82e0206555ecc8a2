/* fit.c - films into net inputs and net maps back onto films; see fit.h. */
#include "datasets/fit.h"
#include "base/die.h"
#include "datasets/clahe.h"
#include <omp.h>
#include <stdlib.h>
#include <string.h>

fit fit_make(const fit_conf *c, int64_t h, int64_t w, int64_t net_h, int64_t net_w)
{
    fit f = { .conf = *c, .h = h, .w = w, .net_h = net_h, .net_w = net_w };
    double fy = (double)h / (double)net_h, fx = (double)w / (double)net_w;                   /* film pixels per net pixel */
    if (c->mode == FIT_LETTERBOX) fy = fx = fmax(fy, fx);
    f.to_film = affine_axes(fx, fy, (0.5 - 0.5 * (double)net_w) * fx + 0.5 * (double)w - 0.5,
                            (0.5 - 0.5 * (double)net_h) * fy + 0.5 * (double)h - 0.5);
    f.ky = (int64_t)fmax(1, floor(fy + 1e-9));
    f.kx = (int64_t)fmax(1, floor(fx + 1e-9));
    f.ly = (f.ky + 1) / 2, f.lx = (f.kx + 1) / 2;
    return f;
}

/* One row of blocks: sums of ky x kx pixels into sum (sw); n = pixels of each full block column. */
#define SUM_ROWS(type) \
    for (int64_t y = y0; y < y1; y++) { \
        const type *row = (const type *)pixels + y * f->w; \
        if (f->kx == 1) for (int64_t x = 0; x < f->w; x++) sum[x] += row[x]; \
        else for (int64_t X = 0; X < sw; X++) { \
            int64_t x0 = X * f->kx, x1 = x0 + f->kx < f->w ? x0 + f->kx : f->w; \
            uint64_t t = 0; \
            for (int64_t x = x0; x < x1; x++) t += row[x]; \
            sum[X] += t; \
        } \
    }

static void reduce_grey(const fit *f, const void *pixels, int bits, fit_source *s)
{
    const int64_t sw = s->w;
    const double unit = bits == 16 ? 1 : 257;                                               /* 255 * 257 = 65535 */
    uint64_t *sum = xalloc_n((size_t)sw, sizeof *sum);
    for (int64_t Y = 0; Y < s->h; Y++) {
        int64_t y0 = Y * f->ky, y1 = y0 + f->ky < f->h ? y0 + f->ky : f->h;
        memset(sum, 0, (size_t)sw * sizeof *sum);
        if (bits == 16) SUM_ROWS(uint16_t) else SUM_ROWS(uint8_t)
        for (int64_t X = 0; X < sw; X++) {
            int64_t x1 = (X + 1) * f->kx < f->w ? (X + 1) * f->kx : f->w;
            s->p[Y * sw + X] = (uint16_t)((double)sum[X] * unit / (double)((y1 - y0) * (x1 - X * f->kx)) + 0.5);
        }
    }
    free(sum);
}

/* The commonest value of a block, the smallest of several. count: 256 zeros, and zeros again afterwards. */
static uint8_t commonest(const uint8_t *p, int64_t stride, int64_t h, int64_t w, int64_t count[256])
{
    int best = p[0], other = 0;
    for (int64_t y = 0; y < h; y++)
        for (int64_t x = 0; x < w; x++) other |= p[y * stride + x] ^ p[0];
    if (!other) return p[0];
    for (int64_t y = 0; y < h; y++)
        for (int64_t x = 0; x < w; x++) count[p[y * stride + x]]++;
    for (int64_t y = 0; y < h; y++)
        for (int64_t x = 0; x < w; x++) {
            int v = p[y * stride + x];
            if (count[v] > count[best] || (count[v] == count[best] && v < best)) best = v;
        }
    for (int64_t y = 0; y < h; y++)
        for (int64_t x = 0; x < w; x++) count[p[y * stride + x]] = 0;
    return (uint8_t)best;
}

static void reduce_labels(const fit *f, const uint8_t *mask, fit_source *s)
{
    s->lh = (f->h + f->ly - 1) / f->ly, s->lw = (f->w + f->lx - 1) / f->lx;
    s->labels = xalloc((size_t)(s->lh * s->lw));
    int64_t count[256] = { 0 };
    if (f->lx == 1 && f->ly == 1) { memcpy(s->labels, mask, (size_t)(s->lh * s->lw)); return; }
    for (int64_t Y = 0; Y < s->lh; Y++)
        for (int64_t X = 0; X < s->lw; X++) {
            int64_t y = Y * f->ly, x = X * f->lx, h = f->h - y < f->ly ? f->h - y : f->ly, w = f->w - x < f->lx ? f->w - x : f->lx;
            s->labels[Y * s->lw + X] = commonest(mask + y * f->w + x, f->w, h, w, count);
        }
}

/* The smallest grey that at least share of the n pixels do not exceed. */
static int percentile(const uint32_t *histogram, double n, double share)
{
    double seen = 0;
    int v = 0;
    for (; v < 65535; v++) if ((seen += histogram[v]) >= share * n && seen > 0) break;
    return v;
}

static uint32_t *histogram_of(const fit_source *s)
{
    uint32_t *histogram = xalloc_n(65536, sizeof *histogram);
    for (int64_t i = 0; i < s->h * s->w; i++) histogram[s->p[i]]++;
    return histogram;
}

/* s->sub, s->mul: the percentile low becomes 0, high becomes 1, a film of one grey 0. */
static void spread(const fit_conf *c, const uint32_t *histogram, fit_source *s)
{
    const double n = (double)(s->h * s->w);
    int lo = percentile(histogram, n, c->low / 100), hi = percentile(histogram, n, c->high / 100);
    s->sub = (float)lo, s->mul = 1.f / (float)(hi > lo ? hi - lo : 1);
}

/* CLAHE knows 256 greys: what lies between the percentiles is spread over them before, and they over 0..65535 afterwards. */
static void equalise(const fit_conf *c, fit_source *s)
{
    const int64_t n = s->h * s->w;
    uint32_t *histogram = histogram_of(s);
    uint8_t *grey = xalloc((size_t)n);
    spread(c, histogram, s);
    for (int64_t i = 0; i < n; i++) {
        float v = ((float)s->p[i] - s->sub) * s->mul;
        grey[i] = (uint8_t)((v < 0 ? 0 : v > 1 ? 1 : v) * 255 + 0.5f);
    }
    clahe(grey, s->h, s->w, c->clahe, c->clahe_tiles, c->clahe_tiles, grey);
    for (int64_t i = 0; i < n; i++) s->p[i] = (uint16_t)(257 * grey[i]);
    s->sub = 0;
    free(grey), free(histogram);
}

static void spread_grey(const fit *f, fit_source *s)
{
    const int64_t n = s->h * s->w;
    s->lo = 0, s->hi = 1, s->mul = 1.f / 65535;
    if (f->conf.normalise == FIT_SCALE || (f->conf.normalise == FIT_PERCENTILE && f->conf.clahe > 0)) return;
    uint32_t *histogram = histogram_of(s);
    if (f->conf.normalise == FIT_PERCENTILE) spread(&f->conf, histogram, s);
    else {
        double mean = 0, var = 0;
        for (int v = 0; v < 65536; v++) mean += (double)v * histogram[v];
        mean /= (double)n;
        for (int v = 0; v < 65536; v++) var += (v - mean) * (v - mean) * histogram[v];
        double sd = sqrt(var / (double)n);
        s->sub = (float)mean, s->mul = (float)(1 / (sd > 0 ? sd : 1));
        s->lo = ((float)percentile(histogram, (double)n, 0) - s->sub) * s->mul;
        s->hi = ((float)percentile(histogram, (double)n, 1) - s->sub) * s->mul;
    }
    free(histogram);
}

static void statistics(const fit *f, fit_source *s)
{
    spread_grey(f, s);
    if (f->conf.range != FIT_SIGNED || f->conf.normalise == FIT_ZSCORE) return;
    s->sub += 0.5f / s->mul, s->mul *= 2, s->lo = -1;
}

fit_source fit_reduce(const fit *f, const void *pixels, int bits, const uint8_t *mask)
{
    fit_source s = { .h = (f->h + f->ky - 1) / f->ky, .w = (f->w + f->kx - 1) / f->kx };
    s.p = xalloc_n((size_t)(s.h * s.w), sizeof *s.p);
    reduce_grey(f, pixels, bits, &s);
    if (f->conf.clahe > 0) equalise(&f->conf, &s);
    statistics(f, &s);
    if (mask) reduce_labels(f, mask, &s);
    return s;
}

void fit_source_free(fit_source *s)
{
    free(s->p), free(s->labels);
    *s = (fit_source){ 0 };
}

size_t fit_source_bytes(const fit_source *s) { return (size_t)(2 * s->h * s->w + s->lh * s->lw); }

/* The plane has one more row and column than the source, copies of the last, so that every tap may read its right and lower neighbour. */
size_t fit_plane_floats(const fit_source *s) { return (size_t)((s->h + 1) * (s->w + 1)); }

static void normalised(const fit_source *s, float *plane)
{
    const float sub = s->sub, mul = s->mul, lo = s->lo, hi = s->hi;
    for (int64_t y = 0; y <= s->h; y++) {
        const uint16_t *row = s->p + (y < s->h ? y : s->h - 1) * s->w;
        float *to = plane + y * (s->w + 1);
        for (int64_t x = 0; x < s->w; x++) {
            float v = ((float)row[x] - sub) * mul;
            to[x] = v < lo ? lo : v > hi ? hi : v;
        }
        to[s->w] = to[s->w - 1];
    }
}

/* Bilinear at (x, y), coordinates held to the plane. */
static inline float tap(const float *plane, int stride, float xmax, float ymax, float x, float y)
{
    x = x < 0 ? 0 : x > xmax ? xmax : x;
    y = y < 0 ? 0 : y > ymax ? ymax : y;
    int ix = (int)x, iy = (int)y, i = iy * stride + ix;
    float fx = x - (float)ix, fy = y - (float)iy;
    float top = plane[i] + fx * (plane[i + 1] - plane[i]), low = plane[i + stride] + fx * (plane[i + stride + 1] - plane[i + stride]);
    return top + fy * (low - top);
}

/* acc[X] += share * bilinear(plane, x0 + X m0, y0 + X m3), X = 0..n-1. */
static void add_taps(const float *plane, const fit_source *s, float x0, float y0, const double m[6], float share, float *acc, int n)
{
    const float xmax = (float)(s->w - 1), ymax = (float)(s->h - 1), ax = (float)m[0], ay = (float)m[3];
    const int stride = (int)s->w + 1;
#pragma omp simd
    for (int X = 0; X < n; X++) acc[X] += share * tap(plane, stride, xmax, ymax, x0 + (float)X * ax, y0 + (float)X * ay);
}

/* The same with displaced pixels. */
static void add_shifted_taps(const float *plane, const fit_source *s, float x0, float y0, const double m[6], const float *dx,
    const float *dy,
                             float share, float *acc, int n)
{
    const float xmax = (float)(s->w - 1), ymax = (float)(s->h - 1);
    const float ax = (float)m[0], bx = (float)m[1], ay = (float)m[3], by = (float)m[4];
    const int stride = (int)s->w + 1;
#pragma omp simd
    for (int X = 0; X < n; X++) {
        const float u = (float)X + dx[X];
        acc[X] += share * tap(plane, stride, xmax, ymax, x0 + u * ax + dy[X] * bx, y0 + u * ay + dy[X] * by);
    }
}

/* film pixel -> pixel of the reduced source, after to_film: net pixel -> source pixel */
static affine to_source(const fit *f, const affine *to_film)
{
    affine shrink = affine_axes(1 / (double)f->kx, 1 / (double)f->ky, 0.5 / (double)f->kx - 0.5, 0.5 / (double)f->ky - 0.5);
    return affine_then(to_film, &shrink);
}

/* The film pixels (x, y: net_w each, of which the part's are filled) where row Y of the net looks. */
static void look(const fit *f, const fit_view *v, int64_t Y, double *x, double *y)
{
    const double *m = v->to_film.m;
    const float *dx = v->dx ? v->dx + Y * f->net_w : NULL, *dy = v->dx ? v->dy + Y * f->net_w : NULL;
    for (int64_t X = v->part.x0; X < v->part.x1; X++) {
        const double u = (double)X + (dx ? (double)dx[X] : 0), w = (double)Y + (dx ? (double)dy[X] : 0);
        x[X] = m[0] * u + m[1] * w + m[2], y[X] = m[3] * u + m[4] * w + m[5];
    }
}

/* Clears what lies off the film and says where that is: a centre is on the film when it is within half a pixel of a centre. */
static void cut(const fit *f, const fit_part *part, const double *x, const double *y, float *row, uint8_t *inside)
{
    const double w = (double)f->w - 0.5, h = (double)f->h - 0.5;
    for (int64_t X = part->x0; X < part->x1; X++) {
        const int in = (x[X] >= -0.5) & (x[X] <= w) & (y[X] >= -0.5) & (y[X] <= h);
        row[X] = in ? row[X] : 0;
        if (inside) inside[X] = (uint8_t)in;
    }
}

void fit_sample_view(const fit *f, const fit_source *s, const fit_view *v, float *plane, float *out, uint8_t *inside)
{
    const affine a = to_source(f, &v->to_film);
    const int tx = (int)fmax(1, ceil(affine_step_x(&a) - 0.25)), ty = (int)fmax(1, ceil(affine_step_y(&a) - 0.25));
    const int64_t x0 = v->part.x0, n = v->part.x1 - x0;
    if (n <= 0) return;
    double *x = xalloc_n((size_t)f->net_w, 2 * sizeof *x), *y = x + f->net_w;
    normalised(s, plane);
    for (int64_t Y = v->part.y0; Y < v->part.y1; Y++) {
        float *row = out + Y * f->net_w;
        memset(row + x0, 0, (size_t)n * sizeof *row);
        for (int i = 0; i < ty; i++)
            for (int j = 0; j < tx; j++) {
                const float share = 1.f / (float)(tx * ty);
                const int64_t at = Y * f->net_w + x0;
                double p[2];
                affine_apply(&a, (double)x0 + (j + 0.5) / tx - 0.5, (double)Y + (i + 0.5) / ty - 0.5, p);
                if (v->dx) add_shifted_taps(plane, s, (float)p[0], (float)p[1], a.m, v->dx + at, v->dy + at, share, row + x0, (int)n);
                else add_taps(plane, s, (float)p[0], (float)p[1], a.m, share, row + x0, (int)n);
            }
        look(f, v, Y, x, y);
        cut(f, &v->part, x, y, row, inside ? inside + Y * f->net_w : NULL);
    }
    free(x);
}

void fit_sample(const fit *f, const fit_source *s, const affine *to_film, float *plane, float *out, uint8_t *inside)
{
    const fit_view v = { *to_film, NULL, NULL, { 0, f->net_h, 0, f->net_w } };
    fit_sample_view(f, s, &v, plane, out, inside);
}

/* The block that holds place v (0 is the film's edge) of an axis of n blocks of l pixels; v on the far edge belongs to the last one. A
 * product
 * and a half in place of a division: of whole numbers below 2^16 it is as exact, and it vectorises. */
static inline int32_t block_of(double v, double per_l, int32_t n)
{
    const int32_t i = (int32_t)(((double)(int32_t)v + 0.5) * per_l);
    return i < n ? i : n - 1;
}

void fit_sample_labels_view(const fit *f, const fit_source *s, const fit_view *v, uint8_t *out)
{
    double *x = xalloc_n((size_t)f->net_w, 2 * sizeof *x), *y = x + f->net_w;
    int32_t *at = xalloc_n((size_t)f->net_w, sizeof *at);
    const double w = (double)f->w, h = (double)f->h, per_y = 1 / (double)f->ly, per_x = 1 / (double)f->lx;
    const int32_t lh = (int32_t)s->lh, lw = (int32_t)s->lw;
    for (int64_t Y = v->part.y0; Y < v->part.y1; Y++) {
        uint8_t *row = out + Y * f->net_w;
        look(f, v, Y, x, y);
#pragma omp simd
        for (int64_t X = v->part.x0; X < v->part.x1; X++) {
            const double p = x[X] + 0.5, q = y[X] + 0.5;
            const int in = (p >= 0) & (p <= w) & (q >= 0) & (q <= h);
            const int32_t i = block_of(in ? q : 0, per_y, lh), j = block_of(in ? p : 0, per_x, lw);
            at[X] = in ? i * lw + j : -1;
        }
        for (int64_t X = v->part.x0; X < v->part.x1; X++) row[X] = at[X] < 0 ? 0 : s->labels[at[X]];
    }
    free(x), free(at);
}

void fit_sample_labels(const fit *f, const fit_source *s, const affine *to_film, uint8_t *out)
{
    const fit_view v = { *to_film, NULL, NULL, { 0, f->net_h, 0, f->net_w } };
    fit_sample_labels_view(f, s, &v, out);
}

void fit_film(const fit *f, const void *pixels, int bits, int64_t channels, float *out)
{
    fit_source s = fit_reduce(f, pixels, bits, NULL);
    const int64_t n = f->net_h * f->net_w;
    float *plane = xalloc_n(fit_plane_floats(&s), sizeof *plane), *grey = channels == 1 ? out : xalloc_n((size_t)n, sizeof *grey);
    fit_sample(f, &s, &f->to_film, plane, grey, NULL);
    if (grey != out) {
        for (int64_t i = 0; i < n * channels; i++) out[i] = grey[i / channels];
        free(grey);
    }
    free(plane);
    fit_source_free(&s);
}

void fit_mask(const fit *f, const uint8_t *mask, uint8_t *out)
{
    fit_source s = { 0 };
    reduce_labels(f, mask, &s);
    fit_sample_labels(f, &s, &f->to_film, out);
    fit_source_free(&s);
}

/* v (k): scores of one film pixel -> its label; with q (k), its probabilities too. */
static uint8_t decide(const float *v, int64_t k, float *q)
{
    if (k == 1) {
        if (q) q[0] = 1 / (1 + expf(-v[0]));
        return v[0] > 0;                                                                    /* sigmoid > 0.5 */
    }
    int64_t best = 0;
    for (int64_t c = 1; c < k; c++) if (v[c] > v[best]) best = c;
    if (q) {
        float sum = 0;
        for (int64_t c = 0; c < k; c++) sum += q[c] = expf(v[c] - v[best]);
        for (int64_t c = 0; c < k; c++) q[c] /= sum;
    }
    return (uint8_t)best;
}

/* position on an axis of n pixels, held to it: whole part in *i, with i + 1 < n where n > 1; fraction returned */
static float split_at(double x, int64_t n, int64_t *i)
{
    x = x < 0 ? 0 : x > (double)(n - 1) ? (double)(n - 1) : x;
    *i = (int64_t)x;
    if (*i > n - 2) *i = n > 1 ? n - 2 : 0;
    return (float)(x - (double)*i);
}

void fit_back(const fit *f, const float *scores, int64_t k, uint8_t *labels, float *probabilities)
{
    const affine to_net = affine_inverse(&f->to_film);
    const int64_t nw = f->net_w, line = nw * k, right = nw > 1 ? k : 0, below = f->net_h > 1 ? line : 0;
    const int threads = omp_get_max_threads();
    float *rows = xalloc_n((size_t)threads * (size_t)line, sizeof *rows);
#pragma omp parallel for schedule(static)
    for (int64_t y = 0; y < f->h; y++) {
        float *row = rows + omp_get_thread_num() * line, v[256];
        int64_t i, j;
        float t = split_at(to_net.m[4] * (double)y + to_net.m[5], f->net_h, &i);
        const float *up = scores + i * line;
        for (int64_t x = 0; x < line; x++) row[x] = up[x] + t * (up[x + below] - up[x]);
        for (int64_t x = 0; x < f->w; x++) {
            t = split_at(to_net.m[0] * (double)x + to_net.m[2], nw, &j);
            const float *a = row + j * k;
            for (int64_t c = 0; c < k; c++) v[c] = a[c] + t * (a[c + right] - a[c]);
            labels[y * f->w + x] = decide(v, k, probabilities ? probabilities + (y * f->w + x) * k : NULL);
        }
    }
    free(rows);
}

void fit_back_map(const fit *f, const float *map, float *out)
{
    const affine to_net = affine_inverse(&f->to_film);
    const int64_t right = f->net_w > 1, below = f->net_h > 1 ? f->net_w : 0;
#pragma omp parallel for schedule(static)
    for (int64_t y = 0; y < f->h; y++) {
        int64_t i, j;
        const float t = split_at(to_net.m[4] * (double)y + to_net.m[5], f->net_h, &i);
        for (int64_t x = 0; x < f->w; x++) {
            const float u = split_at(to_net.m[0] * (double)x + to_net.m[2], f->net_w, &j), *p = map + i * f->net_w + j;
            const float up = p[0] + u * (p[right] - p[0]), low = p[below] + u * (p[below + right] - p[below]);
            out[y * f->w + x] = up + t * (low - up);
        }
    }
}
