/* polygon.c - scan-line filling with the winding number; see polygon.h.
 *
 * For each row y, every edge that passes the line y (half-open in y: top vertex included, bottom one not) gives one crossing with a
 * direction; between crossings sorted by x the winding number is constant. The trap is an integer conversion of a coordinate
 * that is far outside: it is clipped as a double first. */
#include "geometry/polygon.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct crossing { double x; int way; } crossing;

static int by_x(const void *a, const void *b)
{
    double d = ((const crossing *)a)->x - ((const crossing *)b)->x;
    return (d > 0) - (d < 0);
}

/* Crossings of all edges with the line y; returns their number (at most n). */
static int64_t cross_row(const double *xy, int64_t n, double y, crossing *c)
{
    int64_t m = 0;
    for (int64_t i = 0; i < n; i++) {
        const double *a = xy + 2 * i, *b = xy + 2 * ((i + 1) % n);
        int way = a[1] <= y && b[1] > y ? 1 : b[1] <= y && a[1] > y ? -1 : 0;
        if (!way) continue;
        if (way < 0) { const double *t = a; a = b, b = t; }                /* downwards always, so that a shared edge rounds the same for both sides */
        c[m].x = a[0] + (y - a[1]) / (b[1] - a[1]) * (b[0] - a[0]), c[m++].way = way;
    }
    qsort(c, (size_t)m, sizeof *c, by_x);
    return m;
}

/* Pixels x with from <= x < to, inside the row. */
static int64_t fill_span(uint8_t *row, int64_t w, double from, double to, uint8_t value)
{
    double lo = ceil(fmax(from, 0)), hi = ceil(fmin(to, (double)w));
    if (!(lo < hi)) return 0;
    memset(row + (int64_t)lo, value, (size_t)(hi - lo));
    return (int64_t)(hi - lo);
}

int64_t polygon_fill(const double *xy, int64_t n, uint8_t *out, int64_t h, int64_t w, uint8_t value)
{
    if (n < 3) return 0;
    double top = INFINITY, bottom = -INFINITY;
    for (int64_t i = 0; i < n; i++) {
        if (!(fabs(xy[2 * i]) < 1e150 && fabs(xy[2 * i + 1]) < 1e150)) return -1;
        top = fmin(top, xy[2 * i + 1]), bottom = fmax(bottom, xy[2 * i + 1]);
    }
    crossing *c = malloc((size_t)n * sizeof *c);
    if (!c) return -1;
    int64_t set = 0;
    double first = ceil(fmax(top, 0)), last = floor(fmin(bottom, (double)(h - 1)));
    for (double y = first; y <= last; y++) {
        int64_t m = cross_row(xy, n, y, c), winding = 0;
        double from = 0;
        for (int64_t k = 0; k < m; k++) {
            int64_t before = winding;
            winding += c[k].way;
            if (!before) from = c[k].x;
            else if (!winding) set += fill_span(out + (int64_t)y * w, w, from, c[k].x, value);
        }
    }
    free(c);
    return set;
}

double polygon_area(const double *xy, int64_t n)
{
    double twice = 0;
    for (int64_t i = 0; i < n; i++) {
        const double *a = xy + 2 * i, *b = xy + 2 * ((i + 1) % n);
        twice += (a[0] - xy[0]) * (b[1] - xy[1]) - (b[0] - xy[0]) * (a[1] - xy[1]);          /* about a vertex: keeps digits far from the origin */
    }
    return twice / 2;
}

static double side(const double a[2], const double b[2], const double p[2])
{
    return (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0]);
}

double polygon_common(const double *a, int64_t n, const double *b, int64_t m)
{
    double buffers[2][2 * 64], *in = buffers[0], *out = buffers[1];
    if (n < 3 || m < 3 || n + m > 64) return 0;
    memcpy(in, a, (size_t)n * 2 * sizeof *in);
    for (int64_t j = 0; j < m && n; j++) {                                  /* keep what lies right of each edge of b; adds at most one vertex */
        const double *p = b + 2 * j, *q = b + 2 * ((j + 1) % m);
        int64_t k = 0;
        for (int64_t i = 0; i < n; i++) {
            const double *u = in + 2 * i, *v = in + 2 * ((i + 1) % n), su = side(p, q, u), sv = side(p, q, v);
            if (su >= 0 && k < 64) memcpy(out + 2 * k++, u, 2 * sizeof *u);
            if (((su > 0 && sv < 0) || (su < 0 && sv > 0)) && k < 64) {
                double t = su / (su - sv);
                out[2 * k] = u[0] + t * (v[0] - u[0]), out[2 * k + 1] = u[1] + t * (v[1] - u[1]), k++;
            }
        }
        double *swap = in;
        in = out, out = swap, n = k;
    }
    return n < 3 ? 0 : polygon_area(in, n);
}

int segments_cross(const double a[2], const double b[2], const double c[2], const double d[2])
{
    double p = side(a, b, c), q = side(a, b, d), r = side(c, d, a), s = side(c, d, b);
    return ((p > 0 && q < 0) || (p < 0 && q > 0)) && ((r > 0 && s < 0) || (r < 0 && s > 0));
}
