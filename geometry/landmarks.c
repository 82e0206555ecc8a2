/* landmarks.c - dens, arches of C1 and points of the skull base from their masks; see geometry.h.
 *
 * Everything is measured along and across the axis of C2, not along the image: neck films are taken bent forwards and backwards. */
#include "geometry/shape.h"
#include "geometry/vec.h"
#include <stdlib.h>
#include <string.h>

/* Along the axis from the lowest (0) to the highest (1) vertex, and forwards across it. */
typedef struct c2_frame { geo_point centre, axis, front; double low, high; } c2_frame;

static double height_of(const c2_frame *f, geo_point p) { return (dot(sub(p, f->centre), f->axis) - f->low) / (f->high - f->low); }
static double front_of(const c2_frame *f, geo_point p)  { return dot(sub(p, f->centre), f->front); }

static int c2_frame_find(const geo_contour *c, int facing, c2_frame *f)
{
    moments m;
    if (c->n < 16 || !shape_moments(c->p, c->n, &m)) return 0;
    f->centre = m.centre, f->axis = vec(0, -1);
    for (int pass = 0; pass < 3; pass++) {       /* the axis runs through the middle of the upper third, which depends on the axis */
        f->low = INFINITY, f->high = -INFINITY;
        for (int64_t i = 0; i < c->n; i++) {
            double t = dot(sub(c->p[i], f->centre), f->axis);
            f->low = fmin(f->low, t), f->high = fmax(f->high, t);
        }
        if (!(f->high > f->low)) return 0;
        geo_point sum = vec(0, 0);
        int64_t n = 0;
        for (int64_t i = 0; i < c->n; i++) if (height_of(f, c->p[i]) > 2. / 3) sum = add(sum, sub(c->p[i], f->centre)), n++;
        if (pass < 2 && n && norm(sum) > 0) f->axis = unit(sum);
    }
    f->front = scale(turn(f->axis), facing < 0 ? -1 : 1);
    return 1;
}

/* Line through the anterior (side 1) or posterior (-1) contour between two heights; its points at these heights. */
static int side_line(const geo_contour *c, const c2_frame *f, int side, double from, double to, geo_point *low, geo_point *high)
{
    geo_point *p = malloc((size_t)c->n * sizeof *p), centre, d;
    int64_t n = 0;
    double middle_front = 0, s, t;
    if (!p) return 0;
    for (int64_t i = 0; i < c->n; i++) {         /* first all of the section: its middle parts front from back */
        double h = height_of(f, c->p[i]);
        if (h >= from && h <= to) middle_front += front_of(f, c->p[i]), n++;
    }
    middle_front /= n ? (double)n : 1, n = 0;
    for (int64_t i = 0; i < c->n; i++) {
        double h = height_of(f, c->p[i]);
        if (h >= from && h <= to && (front_of(f, c->p[i]) - middle_front) * side > 0) p[n++] = c->p[i];
    }
    int ok = n >= 4 && line_fit(p, n, &centre, &d);
    free(p);
    geo_point base = along(f->centre, f->axis, f->low + from * (f->high - f->low)),
        top = along(f->centre, f->axis, f->low + to * (f->high - f->low));
    if (!ok || !lines_meet(centre, d, base, f->front, &s) || !lines_meet(centre, d, top, f->front, &t)) return 0;
    *low = along(centre, d, s), *high = along(centre, d, t);
    return 1;
}

/* Highest point: the peak of a parabola through the vertices near the highest one. */
static geo_point peak(const geo_contour *c, const c2_frame *f)
{
    int64_t top = 0;
    for (int64_t i = 0; i < c->n; i++) if (height_of(f, c->p[i]) > height_of(f, c->p[top])) top = i;
    double reach = 0.06 * (f->high - f->low), x0 = front_of(f, c->p[top]), s[5] = { 0 }, b[3] = { 0 };
    for (int64_t i = 0; i < c->n; i++) {
        double x = front_of(f, c->p[i]) - x0, y = dot(sub(c->p[i], f->centre), f->axis) - f->high;
        if (fabs(x) > reach || y < -2 * reach) continue;
        for (int k = 0; k < 5; k++) s[k] += pow(x, k);
        for (int k = 0; k < 3; k++) b[k] += y * pow(x, k);
    }
    double det = s[0] * (s[2] * s[4] - s[3] * s[3]) - s[1] * (s[1] * s[4] - s[3] * s[2]) + s[2] * (s[1] * s[3] - s[2] * s[2]);
    if (!(fabs(det) > 1e-9)) return c->p[top];
    double c1 = (s[0] * (b[1] * s[4] - b[2] * s[3]) - b[0] * (s[1] * s[4] - s[3] * s[2]) + s[2] * (s[1] * b[2] - b[1] * s[2])) / det;
    double c2 = (s[0] * (s[2] * b[2] - s[3] * b[1]) - s[1] * (s[1] * b[2] - s[2] * b[1]) + b[0] * (s[1] * s[3] - s[2] * s[2])) / det;
    double x = c2 < 0 ? -c1 / (2 * c2) : 0;
    if (!(fabs(x) <= reach) || c2 >= 0) return c->p[top];
    double c0 = (b[0] - c1 * s[1] - c2 * s[2]) / s[0];
    return along(along(f->centre, f->front, x0 + x), f->axis, f->high + c0 + c1 * x + c2 * x * x);
}

int geo_dens_find(const geo_contour *c2, int facing, geo_dens *out)
{
    /* the body is the lower 60 % of the mask; the dens, above it, is used between 15 and 85 % of its own height */
    static const double BODY = 0.6, FROM = 0.66, TO = 0.94;
    c2_frame f;
    memset(out, 0, sizeof *out);
    if (!c2 || !c2->p) return GEO_EMPTY;
    for (int64_t i = 0; i < c2->n; i++) if (!is_finite(c2->p[i])) return GEO_BAD;
    if (!c2_frame_find(c2, facing, &f)) return GEO_DEGENERATE;
    out->centre = f.centre, out->axis = f.axis, out->tip = peak(c2, &f);
    if (!side_line(c2, &f, 1, FROM, TO, &out->ant_inf, &out->ant_sup) || !side_line(c2, &f, -1, FROM, TO, &out->post_inf, &out->post_sup) ||
        !side_line(c2, &f, -1, 0.1 * BODY, 0.9 * BODY, &out->wall_inf, &out->wall_sup)) return GEO_DEGENERATE;
    return GEO_OK;
}

/* ---- C1 ------------------------------------------------------------------------------------------------------------------------------ */

/* One side of the ring: pixels, their mean, and the span along the axis. */
typedef struct arch { int64_t n; double low, high; } arch;

/* Pixel i belongs to which arch: 0 anterior, 1 posterior, -1 none. In one piece the ring is cut at the axis; else components are taken
 * whole. */
static int arch_of(int32_t label, const int *side_of, int pieces, double front)
{
    return !label || side_of[label] < 0 ? -1 : pieces > 1 ? side_of[label] : front > 0 ? 0 : 1;
}

static geo_point extreme_of(const int32_t *labels, int64_t h, int64_t w, const int *side_of, int pieces, int which, const geo_dens *d,
    geo_point front,
    double from, double to)
{
    double best = -INFINITY, n = 0;              /* all pixels of the outermost column share the point */
    geo_point total = vec(0, 0);
    for (int pass = 0; pass < 2; pass++)
        for (int64_t i = 0; i < h * w; i++) {
            geo_point v = sub(vec((double)(i % w), (double)(i / w)), d->centre);
            double t = dot(v, d->axis), s = dot(v, front), out = which ? s : -s;
            if (arch_of(labels[i], side_of, pieces, s) != which || t < from || t > to) continue;
            if (!pass) best = fmax(best, out);
            else if (out > best - 1) n++, total = add(total, scale(d->axis, t));
        }
    if (!(n > 0)) return vec(NAN, NAN);
    double s = (which ? 1 : -1) * (best + 0.5);  /* the border of the pixel, not its centre */
    return add(add(d->centre, scale(front, s)), scale(total, 1 / n));
}

int geo_c1_arches(const uint8_t *mask, int64_t h, int64_t w, const geo_dens *d, int facing, geo_point *anterior, geo_point *posterior,
    int *found)
{
    int64_t areas[64], most = 0, pieces = 0;
    int side_of[65];
    *found = 0;
    if (!mask || h < 1 || w < 1 || h > INT32_MAX / w || !d) return GEO_BAD;
    int32_t *labels = malloc((size_t)(h * w) * sizeof *labels);
    if (!labels) return GEO_MEMORY;
    int64_t n = geo_components(mask, h, w, labels, areas, 64);
    geo_point front = scale(turn(d->axis), facing < 0 ? -1 : 1), *to[2] = { anterior, posterior };
    if (n < 1 || n > 64) return free(labels), n < 0 ? (int)n : n ? GEO_DEGENERATE : GEO_EMPTY;
    double sum[65] = { 0 };
    arch a[2] = { { 0, INFINITY, -INFINITY }, { 0, INFINITY, -INFINITY } };
    for (int64_t i = 0; i < n; i++) if (areas[i] > most) most = areas[i];
    for (int64_t i = 0; i < h * w; i++) if (labels[i]) sum[labels[i]] += dot(sub(vec((double)(i % w), (double)(i / w)), d->centre), front);
    for (int64_t k = 1; k <= n; k++) side_of[k] = areas[k - 1] <= 0.03 * (double)most ? -1 : sum[k] > 0 ? 0 : 1, pieces += side_of[k] >= 0;
    for (int64_t i = 0; i < h * w; i++) {
        geo_point v = sub(vec((double)(i % w), (double)(i / w)), d->centre);
        int k = arch_of(labels[i], side_of, (int)pieces, dot(v, front));
        if (k >= 0) a[k].n++, a[k].low = fmin(a[k].low, dot(v, d->axis)), a[k].high = fmax(a[k].high, dot(v, d->axis));
    }
    double level = dot(sub(middle(d->ant_sup, d->ant_inf), d->centre), d->axis);
    for (int k = 0; k < 2; k++) {
        if (!a[k].n || (double)a[k].n <= 0.03 * (double)(a[0].n + a[1].n)) continue;
        double reach = 0.3 * (a[k].high - a[k].low + 1), at = fmin(fmax(level, a[k].low), a[k].high);
        *to[k] = extreme_of(labels, h, w, side_of, (int)pieces, k, d, front, k ? -INFINITY : at - reach, k ? INFINITY : at + reach);
        if (is_finite(*to[k])) *found |= 1 << k;
    }
    free(labels);
    return *found ? GEO_OK : GEO_EMPTY;
}

/* ---- skull base ---------------------------------------------------------------------------------------------------------------------- */

/* Mean of the vertices within `share` of the extent, from the extreme in direction d. */
static int extreme_vertex(const geo_contour *c, geo_point d, double share, geo_point *out)
{
    double lo = INFINITY, hi = -INFINITY, n = 0;
    if (!c || c->n < 3) return GEO_EMPTY;
    for (int64_t i = 0; i < c->n; i++) {
        if (!is_finite(c->p[i])) return GEO_BAD;
        lo = fmin(lo, dot(c->p[i], d)), hi = fmax(hi, dot(c->p[i], d));
    }
    if (!(hi > lo)) return GEO_DEGENERATE;
    geo_point sum = vec(0, 0);
    for (int64_t i = 0; i < c->n; i++) if (dot(c->p[i], d) >= hi - share * (hi - lo)) sum = add(sum, sub(c->p[i], c->p[0])), n++;
    *out = along(c->p[0], sum, 1 / n);
    *out = along(*out, d, hi - dot(*out, d));    /* as far out as the extreme itself */
    return GEO_OK;
}

int geo_palate_tip(const geo_contour *c, int facing, geo_point *out)
{
    return extreme_vertex(c, vec(facing < 0 ? 1 : -1, 0), 0.05, out);
}

int geo_skull_point(const geo_contour *c, int facing, int dot_, geo_point *out)
{
    moments m;
    if (!dot_) return extreme_vertex(c, unit(vec(facing < 0 ? -1 : 1, 1)), 0.02, out);
    if (!c || c->n < 3) return GEO_EMPTY;
    if (!shape_moments(c->p, c->n, &m)) return GEO_DEGENERATE;
    *out = m.centre;
    return GEO_OK;
}
