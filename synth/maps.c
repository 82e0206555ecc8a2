/* maps.c - path-length maps and the areas that polygons cover; see maps.h. An edge adds to each pixel it crosses the area between itself
 * and the pixel's right side, and the rest of its height to the next pixel; the sums along a row are then the areas. */
#include "synth/maps.h"
#include "base/die.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

maps maps_new(int64_t h, int64_t w, double spacing, const double origin[2])
{
    return (maps){ .h = h, .w = w, .spacing = spacing, .origin = { origin[0], origin[1] } };
}

void maps_free(maps *m)
{
    for (int i = 0; i < MATERIALS; i++) free(m->m[i]);
    *m = (maps){ 0 };
}

float *maps_of(maps *m, enum material what)
{
    if (!m->m[what]) m->m[what] = xalloc_n((size_t)(m->h * m->w), sizeof(float));
    return m->m[what];
}

static int64_t within(double v, int64_t n) { return v < 0 ? 0 : v > (double)n ? n : (int64_t)v; }

box maps_box(const maps *m, const double lo[2], const double hi[2])
{
    return (box){ within(floor((lo[0] - m->origin[0]) / m->spacing) - 1, m->w),
        within(floor((lo[1] - m->origin[1]) / m->spacing) - 1, m->h),
                  within(ceil((hi[0] - m->origin[0]) / m->spacing) + 2, m->w),
                      within(ceil((hi[1] - m->origin[1]) / m->spacing) + 2, m->h) };
}

/* The part of an edge within one row: from (x0, at) to (x1, at + dy) with its sign; x in 0..w. row (w + 1) */
static void edge_in_row(float *row, double x0, double x1, double dy)
{
    double lo = fmin(x0, x1), hi = fmax(x0, x1);
    int64_t i = (int64_t)lo, last = (int64_t)ceil(hi) - 1;
    if (last <= i) {                                           /* within one pixel: a trapezium */
        const double share = 0.5 * (x0 + x1) - (double)i;
        row[i] += (float)(dy * (1 - share)), row[i + 1] += (float)(dy * share);
        return;
    }
    const double per = dy / (hi - lo);                         /* height per pixel of width */
    double before = 0;
    for (; i <= last; i++) {
        const double a = fmax(lo, (double)i), b = fmin(hi, (double)i + 1), part = per * (b - a);
        const double area = part * ((double)i + 1 - 0.5 * (a + b));
        row[i] += (float)(area + before);
        before = part - area;
    }
    row[i] += (float)before;
}

static void edge(float *sums, int64_t w, int64_t h, double x0, double y0, double x1, double y1)
{
    double sign = 1;
    if (y0 == y1) return;
    if (y0 > y1) {
        double t = x0; x0 = x1, x1 = t;
        t = y0, y0 = y1, y1 = t, sign = -1;
    }
    const double slope = (x1 - x0) / (y1 - y0), end = fmin(y1, (double)h);
    double y = fmax(y0, 0), x = x0 + (y - y0) * slope;
    while (y < end) {
        const int64_t r = (int64_t)y;
        const double next = fmin(end, (double)r + 1), to = x + (next - y) * slope, W = (double)w;
        edge_in_row(sums + r * (w + 1), fmin(fmax(x, 0), W), fmin(fmax(to, 0), W), sign * (next - y));
        y = next, x = to;
    }
}

void cover_polygon(const maps *m, const double (*outline)[2], int n, box b, float *cover)
{
    const int64_t w = b.x1 - b.x0, h = b.y1 - b.y0;
    if (w <= 0 || h <= 0) return;
    float *sums = xalloc_n((size_t)(h * (w + 1) + 1), sizeof *sums);
    for (int i = 0; i < n; i++) {
        const double *p = outline[i], *q = outline[(i + 1) % n], k = 1 / m->spacing;
        const double ox = m->origin[0] * k + (double)b.x0 - 0.5, oy = m->origin[1] * k + (double)b.y0 - 0.5;
        edge(sums, w, h, p[0] * k - ox, p[1] * k - oy, q[0] * k - ox, q[1] * k - oy);
    }
    for (int64_t y = 0; y < h; y++) {
        float sum = 0;
        for (int64_t x = 0; x < w; x++) {
            sum += sums[y * (w + 1) + x];
            const float a = fabsf(sum);
            cover[y * w + x] = a > 1 ? 1 : a < 1e-5f ? 0 : a;
        }
    }
    free(sums);
}
