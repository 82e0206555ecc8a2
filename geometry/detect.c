/* detect.c - bodies that are missing, merged, split, cut off or odd; see geometry.h.
 *
 * Missing ones are found by the gap between facing plates over the height of the bodies around: the step from centre to centre also
 * grows next to fractures and where sizes change, and gives fifty times as many false alarms. */
#include "geometry/shape.h"
#include "geometry/tracing.h"
#include "geometry/vec.h"
#include <stdlib.h>
#include <string.h>

static int by_size(const void *a, const void *b) { double d = *(const double *)a - *(const double *)b; return (d > 0) - (d < 0); }

static double median(double *v, int n)
{
    qsort(v, (size_t)n, sizeof *v, by_size);
    return n % 2 ? v[n / 2] : 0.5 * (v[n / 2 - 1] + v[n / 2]);
}

/* ---- gaps ---------------------------------------------------------------------------------------------------------------------------- */

int geo_gaps_find(const geo_corners *body, int n, double threshold, double *gap, int *missing)
{
    enum { AROUND = 3 };
    if (!body || n < 2 || !gap || !missing) return GEO_BAD;
    if (!(threshold > 0)) threshold = 0.85;
    for (int i = 0; i + 1 < n; i++) {
        double height[2 * AROUND + 2];
        int m = 0;
        for (int k = i - AROUND; k <= i + 1 + AROUND; k++)
            if (k >= 0 && k < n) height[m++] = 0.5 * (apart(body[k].sa, body[k].ia) + apart(body[k].sp, body[k].ip));
        double h = median(height, m), d = apart(middle(body[i].ia, body[i].ip), middle(body[i + 1].sa, body[i + 1].sp));
        if (!(h > 0) || !isfinite(d)) return GEO_DEGENERATE;
        gap[i] = d / h;
        missing[i] = gap[i] > threshold ? (int)fmax(1, fmin(1000, round((gap[i] - 0.22) / 1.25))) : 0;
    }
    return GEO_OK;
}

/* ---- oddities ------------------------------------------------------------------------------------------------------------------------ */

/* Direction of the spine at body i, downwards. */
static geo_point tangent(const geo_body *b, int n, int i)
{
    return unit(sub(b[i + 1 < n ? i + 1 : i].centre, b[i ? i - 1 : 0].centre));
}

static double height(const geo_quad *q) { return 0.5 * (apart(q->p[0], q->p[3]) + apart(q->p[1], q->p[2])); }
static double depth(const geo_quad *q)  { return 0.5 * (apart(q->p[0], q->p[1]) + apart(q->p[3], q->p[2])); }

/* Median over the bodies up to two away, without itself. 0: none. */
static double around(const double *v, int n, int i)
{
    double near[4];
    int m = 0;
    for (int k = i - 2; k <= i + 2; k++) if (k != i && k >= 0 && k < n) near[m++] = v[k];
    return m ? median(near, m) : 0;
}

/* Does a corner lie on the edge of an image of h x w? */
static int quad_at_border(const geo_quad *q, int64_t h, int64_t w)
{
    for (int k = 0; k < 4 && h > 0 && w > 0; k++)
        if (q->p[k].x < 0.5 || q->p[k].y < 0.5 || q->p[k].x > (double)w - 1.5 || q->p[k].y > (double)h - 1.5) return 1;
    return 0;
}

static void check_sizes(geo_body *b, int n, int64_t h, int64_t w, double *area, double *high, double *step, unsigned *odd)
{
    for (int i = 0; i < n; i++) area[i] = b[i].area, high[i] = height(&b[i].quad),
        step[i] = i + 1 < n ? apart(b[i].centre, b[i + 1].centre) : 0;
    for (int i = 0; i < n; i++) {
        double a = around(area, n, i), t = around(high, n, i), s = i + 1 < n ? around(step, n - 1, i) : 0;
        int cut = quad_at_border(&b[i].quad, h, w);
        if (cut) b[i].faults |= GEO_FAULT_BORDER;
        if (a > 0 && area[i] > 1.6 * a && high[i] > 1.5 * t) odd[i] |= GEO_ODD_MERGED;
        else if ((a > 0 && area[i] < 0.6 * a) || cut) odd[i] |= GEO_ODD_TRUNCATED;
        if (t > 0 && fabs(high[i] / t - 1) > 0.25) odd[i] |= GEO_ODD_HEIGHT;
        if (s > 0 && step[i] < 0.55 * s && area[i] + area[i + 1] < 1.4 * around(area, n, i))
            odd[i] |= GEO_ODD_SPLIT, odd[i + 1] |= GEO_ODD_SPLIT;
    }
}

static void check_tilts(geo_body *b, int n, double *tilt, double *scratch, unsigned *odd)
{
    for (int i = 0; i < n; i++) {
        const geo_point *p = b[i].quad.p;
        geo_point across = add(sub(p[1], p[0]), sub(p[2], p[3])), t = tangent(b, n, i);
        tilt[i] = scratch[i] = wrap(heading(across) - heading(t) + 90);
    }
    double usual = median(scratch, n);
    for (int i = 0; i < n; i++) scratch[i] = fabs(wrap(tilt[i] - usual));
    double mad = 1.4826 * median(scratch, n);
    for (int i = 0; i < n; i++) {
        double off = fabs(wrap(tilt[i] - usual));
        if (off > 25) b[i].faults |= GEO_FAULT_TILT;
        if (off > 8 && off > 3 * mad) odd[i] |= GEO_ODD_TILT;
    }
}

int geo_chain_check(geo_body *b, int n, int64_t h, int64_t w, unsigned *odd)
{
    if (!b || n < 1 || !odd) return GEO_BAD;
    memset(odd, 0, (size_t)n * sizeof *odd);
    double *v = malloc((size_t)n * 3 * sizeof *v);
    if (!v) return GEO_MEMORY;
    check_sizes(b, n, h, w, v, v + n, v + 2 * n, odd);
    if (n > 2) check_tilts(b, n, v, v + n, odd);
    for (int i = 0; i < n; i++) v[i] = depth(&b[i].quad);
    for (int i = 0; i < n; i++) {
        double usual = around(v, n, i);
        if (usual > 0 && fabs(v[i] / usual - 1) > 0.25) b[i].faults |= GEO_FAULT_LENGTH;
    }
    free(v);
    return GEO_OK;
}

/* ---- mending contours ---------------------------------------------------------------------------------------------------------------- */

/* Both parts of a contour cut by the line through `at`: part 0 lies in direction up. */
static int cut(const geo_contour *c, geo_point at, geo_point up, geo_contour part[2])
{
    for (int k = 0; k < 2; k++) {
        geo_point d = k ? scale(up, -1) : up;
        part[k] = (geo_contour){ malloc((size_t)(2 * c->n) * sizeof *part[k].p), 0 };
        if (!part[k].p) return GEO_MEMORY;
        for (int64_t i = 0; i < c->n; i++) {
            geo_point u = c->p[i], v = c->p[i + 1 < c->n ? i + 1 : 0];
            double su = dot(sub(u, at), d), sv = dot(sub(v, at), d);
            if (su >= 0) part[k].p[part[k].n++] = u;
            if ((su > 0 && sv < 0) || (su < 0 && sv > 0)) part[k].p[part[k].n++] = blend(u, v, su / (su - sv));
        }
    }
    return part[0].n >= 3 && part[1].n >= 3 ? GEO_OK : GEO_DEGENERATE;
}

/* Width of the contour across `up` at height t. */
static double width_at(const geo_contour *c, geo_point centre, geo_point up, double t)
{
    double lo = INFINITY, hi = -INFINITY;
    for (int64_t i = 0; i < c->n; i++) {
        geo_point a = sub(c->p[i], centre), b = sub(c->p[i + 1 < c->n ? i + 1 : 0], centre);
        double ta = dot(a, up) - t, tb = dot(b, up) - t;
        if ((ta > 0) == (tb > 0)) continue;
        double s = cross(up, blend(a, b, ta / (ta - tb)));
        lo = fmin(lo, s), hi = fmax(hi, s);
    }
    return hi - lo;
}

int geo_contour_split(const geo_contour *c, geo_point up, geo_contour part[2])
{
    enum { PLACES = 64 };
    moments m;
    part[0] = part[1] = (geo_contour){ NULL, 0 };
    up = unit(up);
    if (!c || !shape_moments(c->p, c->n, &m) || !(norm(up) > 0)) return GEO_DEGENERATE;
    double low = INFINITY, high = -INFINITY, best = INFINITY, at = 0;
    for (int64_t i = 0; i < c->n; i++) low = fmin(low, dot(sub(c->p[i], m.centre), up)), high = fmax(high, dot(sub(c->p[i], m.centre), up));
    for (int k = 0; k <= PLACES; k++) {          /* the middle third; nearest to its middle where equal */
        double t = low + (high - low) * (1 + (double)k / PLACES) / 3,
            w = width_at(c, m.centre, up, t) + 1e-6 * fabs(t - 0.5 * (low + high));
        if (w < best) best = w, at = t;
    }
    int status = isfinite(best) ? cut(c, along(m.centre, up, at), up, part) : GEO_DEGENERATE;
    if (status) geo_contour_free(&part[0]), geo_contour_free(&part[1]);
    return status;
}

int geo_contour_union(const geo_contour *a, const geo_contour *b, geo_contour *out)
{
    geo_contour both = { malloc((size_t)(a->n + b->n + 1) * sizeof *both.p), a->n + b->n };
    *out = (geo_contour){ NULL, 0 };
    if (!both.p) return GEO_MEMORY;
    memcpy(both.p, a->p, (size_t)a->n * sizeof *both.p), memcpy(both.p + a->n, b->p, (size_t)b->n * sizeof *both.p);
    int status = geo_hull(&both, out);
    geo_contour_free(&both);
    return status;
}
