/* detector_input.c - see detector_input.h. Two ways to resize: bilinear between the centres of pixels on normalised numbers, whatever the
 * scale (torchvision), and on bytes with a triangle as wide as a new pixel, rows after columns, each rounded to bytes (Pillow). */
#include "nn/detector_input.h"
#include "base/die.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* torchvision 0.14 computes the scale in float32, step by step, and later ones in double; both round sizes down. Detectron2 rounds to the
 * nearest, the shorter side first. */
static double scale_of(const detector_conf *d, double low, double high)
{
    if (d->resize_scale == SCALE_FLOAT32) {
        const float r = 1 / (float)low, a = r * (float)d->min_size, b = 1 / (float)high * (float)d->max_size;
        return a < b ? a : b;
    }
    return fmin((double)d->min_size / low, (double)d->max_size / high);
}

input_size detector_resized(const detector_conf *d, input_size film)
{
    const double low = (double)(film.h < film.w ? film.h : film.w), high = (double)(film.h < film.w ? film.w : film.h);
    if (d->resize_scale != SCALE_ROUND) {
        const double s = scale_of(d, low, high);
        const input_size out = { (int64_t)floor((double)film.h * s), (int64_t)floor((double)film.w * s) };
        return (input_size){ out.h < 1 ? 1 : out.h, out.w < 1 ? 1 : out.w };
    }
    double s = (double)d->min_size / low;
    double h = film.h < film.w ? (double)d->min_size : s * (double)film.h, w = film.h < film.w ? s * (double)film.w : (double)d->min_size;
    if (fmax(h, w) > (double)d->max_size) s = (double)d->max_size / fmax(h, w), h *= s, w *= s;
    return (input_size){ (int64_t)(h + 0.5), (int64_t)(w + 0.5) };
}

input_size detector_padded(const detector_conf *d, input_size r)
{
    const int64_t m = d->multiple;
    return (input_size){ (r.h + m - 1) / m * m, (r.w + m - 1) / m * m };
}

static double normal(const detector_conf *d, int64_t i, double v)
{
    const int64_t c = i % d->mean.n;
    return (v * d->full_scale - d->mean.v[c]) / d->std.v[c];
}

void detector_normalise(const detector_conf *d, int64_t n, real *x)
{
    for (int64_t i = 0; i < n; i++) x[i] = (real)normal(d, i, (double)x[i]);
}

/* Weights of the source pixels from `at` on for one new pixel, n of them */
typedef struct { int64_t at, n; double *w; } taps;

static taps bilinear_taps(int64_t i, int64_t in, int64_t out, double *w)
{
    double x = ((double)i + 0.5) * ((double)in / (double)out) - 0.5;
    if (x < 0) x = 0;
    const int64_t at = (int64_t)x < in - 1 ? (int64_t)x : in - 1;
    const double f = at < in - 1 ? x - (double)at : 0;
    w[0] = 1 - f, w[1] = f;
    return (taps){ at, at < in - 1 ? 2 : 1, w };
}

static taps triangle_taps(int64_t i, int64_t in, int64_t out, double *w)
{
    const double scale = (double)in / (double)out, wide = fmax(scale, 1), centre = ((double)i + 0.5) * scale;
    int64_t from = (int64_t)(centre - wide + 0.5), to = (int64_t)(centre + wide + 0.5);
    double sum = 0;
    from = from < 0 ? 0 : from, to = to > in ? in : to;
    for (int64_t j = from; j < to; j++) sum += w[j - from] = fmax(0, 1 - fabs(((double)j - centre + 0.5) / wide));
    for (int64_t j = from; j < to; j++) w[j - from] /= sum;
    return (taps){ from, to - from, w };
}

static double byte(double v) { return fmin(255, fmax(0, floor(v + 0.5))); }

/* Along one axis: bilinear between centres, or (bytes) with a triangle and rounded to bytes */
typedef struct { int64_t outer, n, m, inner; int bytes; } axis;          /* (outer, n, inner) -> (outer, m, inner) */

static void resize_axis(axis a, const double *from, double *to)
{
    const size_t room = (size_t)ceil(2 * fmax(1, (double)a.n / (double)a.m)) + 2;
    double *w = xalloc_n(room, sizeof *w);
    for (int64_t i = 0; i < a.m; i++) {
        const taps t = a.bytes ? triangle_taps(i, a.n, a.m, w) : bilinear_taps(i, a.n, a.m, w);
        for (int64_t o = 0; o < a.outer; o++)
            for (int64_t k = 0; k < a.inner; k++) {
                double sum = 0;
                for (int64_t j = 0; j < t.n; j++) sum += t.w[j] * from[(o * a.n + t.at + j) * a.inner + k];
                to[(o * a.m + i) * a.inner + k] = a.bytes ? byte(sum) : sum;
            }
    }
    free(w);
}

void detector_input(const detector_conf *d, input_size film, const float *pixels, input_size resized, input_size padded, real *out)
{
    const int64_t c = d->mean.n;
    const int bytes = d->resize == RESIZE_IMAGE;
    const size_t n = (size_t)(film.h * film.w * c);
    double *full = xalloc_n(n, sizeof *full), *wide = xalloc_n((size_t)(film.h * resized.w * c), sizeof *wide);
    double *new = xalloc_n((size_t)(resized.h * resized.w * c), sizeof *new);
    for (size_t i = 0; i < n; i++)
        full[i] = bytes ? byte(255 * (double)pixels[i]) : normal(d, (int64_t)i, (double)pixels[i]);
    resize_axis((axis){ film.h, film.w, resized.w, c, bytes }, full, wide);
    resize_axis((axis){ 1, film.h, resized.h, resized.w * c, bytes }, wide, new);
    memset(out, 0, (size_t)(padded.h * padded.w * c) * sizeof *out);
    for (int64_t y = 0; y < resized.h; y++)
        for (int64_t i = 0; i < resized.w * c; i++) {
            const double v = new[y * resized.w * c + i];
            out[y * padded.w * c + i] = (real)(bytes ? normal(d, i, v / 255) : v);
        }
    free(full), free(wide), free(new);
}
