/* simplify.c - Ramer-Douglas-Peucker: to a tolerance, and to exactly four vertices. See geometry.h.
 *
 * Sources: Ramer 1972; Douglas and Peucker 1973. A closed contour is cut at its two farthest points. A vertex of the recursion lives
 * while the tolerance is below its own deviation and that of all its ancestors, so "the tolerance that leaves four vertices" needs no
 * search: the two vertices with the largest such limit are the ones, if the third largest is smaller. */
#include "geometry/shape.h"
#include "geometry/vec.h"
#include <stdlib.h>

typedef struct span { int64_t from, to; double limit; } span;       /* indices, to may be n (= index 0 again) */

/* The vertex farthest from the chord of the span, strictly between its ends; -1: none. */
static int64_t farthest(const geo_contour *c, const span *s, double *deviation)
{
    geo_point a = c->p[s->from % c->n], e = sub(c->p[s->to % c->n], a);
    double length = norm(e);
    int64_t at = -1;
    *deviation = -1;
    for (int64_t i = s->from + 1; i < s->to; i++) {
        geo_point v = sub(c->p[i % c->n], a);
        double d = length > 0 ? fabs(cross(e, v)) / length : norm(v);
        if (d > *deviation) *deviation = d, at = i;
    }
    return at;
}

/* The two vertices farthest apart; both are vertices of the hull. */
static int diameter(const geo_contour *c, int64_t *a, int64_t *b)
{
    int64_t *h = malloc((size_t)(c->n + 1) * sizeof *h), m = h ? shape_hull(c->p, c->n, h) : -1;
    double best = -1;
    for (int64_t i = 0; i < m; i++)
        for (int64_t k = i + 1; k < m; k++) {
            double d = apart(c->p[h[i]], c->p[h[k]]);
            if (d > best) best = d, *a = h[i] < h[k] ? h[i] : h[k], *b = h[i] < h[k] ? h[k] : h[i];
        }
    free(h);
    return m < 0 ? GEO_MEMORY : best > 0 ? GEO_OK : GEO_DEGENERATE;
}

/* keep (n) gets a 1 for every vertex that lives at this tolerance. The spans still to cut never number more than n. */
static int cut(const geo_contour *c, int64_t a, int64_t b, double tolerance, uint8_t *keep)
{
    span *s = malloc((size_t)(c->n + 4) * sizeof *s);
    int64_t m = 0;
    if (!s) return GEO_MEMORY;
    s[m++] = (span){ a, b, 0 }, s[m++] = (span){ b, a + c->n, 0 };
    keep[a] = keep[b] = 1;
    while (m > 0) {
        span now = s[--m];
        double d;
        int64_t at = farthest(c, &now, &d);
        if (at < 0 || !(d > tolerance)) continue;
        keep[at % c->n] = 1;
        s[m++] = (span){ now.from, at, 0 }, s[m++] = (span){ at, now.to, 0 };
    }
    free(s);
    return GEO_OK;
}

int geo_simplify(const geo_contour *c, double tolerance, geo_contour *out)
{
    int64_t a, b;
    *out = (geo_contour){ NULL, 0 };
    if (c->n < 1) return GEO_EMPTY;
    if (!(tolerance >= 0)) return GEO_BAD;
    int status = diameter(c, &a, &b);
    uint8_t *keep = status ? NULL : calloc((size_t)c->n, 1);
    if (!status) status = keep ? cut(c, a, b, tolerance, keep) : GEO_MEMORY;
    if (!status) status = geo_contour_copy(c, out);
    if (!status) {
        out->n = 0;
        for (int64_t i = 0; i < c->n; i++) if (keep[i]) out->p[out->n++] = c->p[i];
    }
    free(keep);
    return status;
}

static int to_four(const geo_contour *c, int64_t index[4])
{
    int64_t a, b, at[6], n = 0, first[2];
    double limit[6], d;
    int status = c->n < 4 ? GEO_DEGENERATE : diameter(c, &a, &b);
    if (status) return status;
    span half[2] = { { a, b, INFINITY }, { b, a + c->n, INFINITY } };
    for (int k = 0; k < 2; k++) {                           /* the first cut of each half, and the cuts of its two parts */
        int64_t top = farthest(c, &half[k], &d);
        if (top < 0) continue;
        first[0] = n, at[n] = top, limit[n++] = d;
        span part[2] = { { half[k].from, top, d }, { top, half[k].to, d } };
        for (int j = 0; j < 2; j++) {
            int64_t next = farthest(c, &part[j], &d);
            if (next >= 0) at[n] = next, limit[n++] = fmin(d, limit[first[0]]);
        }
    }
    for (int64_t i = 0; i < n; i++)                         /* by falling limit; equal limits cannot be told apart by a tolerance */
        for (int64_t j = i + 1; j < n; j++)
            if (limit[j] > limit[i]) {
                double t = limit[i]; limit[i] = limit[j], limit[j] = t;
                int64_t s = at[i]; at[i] = at[j], at[j] = s;
            }
    if (n < 2 || !(limit[1] > 0) || (n > 2 && limit[2] == limit[1])) return GEO_DEGENERATE;
    index[0] = a, index[1] = b, index[2] = at[0] % c->n, index[3] = at[1] % c->n;
    for (int i = 0; i < 4; i++)
        for (int j = i + 1; j < 4; j++) if (index[j] < index[i]) { int64_t s = index[i]; index[i] = index[j], index[j] = s; }
    return GEO_OK;
}

/* The binomial filter (1 2 1) / 4 a few times: takes the stairs of the pixels off, which otherwise decide between neighbouring vertices.
 * On a large outline, whose corners are rounder in pixels, more often. */
enum { LARGE = 250, PASSES = 2, PASSES_LARGE = 4 };         /* points of an outline, about one a pixel */
static int smooth(const geo_contour *c, geo_contour *out)
{
    int status = geo_contour_copy(c, out);
    if (status) return status;
    geo_point *p = out->p;
    for (int pass = 0; pass < (c->n > LARGE ? PASSES_LARGE : PASSES); pass++) {
        geo_point first = p[0], before = p[c->n - 1];
        for (int64_t i = 0; i < c->n; i++) {
            geo_point now = p[i], after = i + 1 < c->n ? p[i + 1] : first;
            p[i] = add(scale(now, 0.5), scale(add(before, after), 0.25)), before = now;
        }
    }
    return GEO_OK;
}

/* The vertex farthest from a chord is the one with the largest error outwards among its fellows, so it is drawn in: this share of the way
 * that smoothing has taken it goes on. (A vertex of the hull does not say which one of the outline it was.) */
static const double DRAWN_IN = 0.3;

int corners_rdp(const geo_contour *c, int hull, geo_point four[4])
{
    geo_contour s, h;
    int64_t at[4];
    int status = smooth(c, &s);
    if (status) return status;
    if (hull && !(status = geo_hull(&s, &h))) {
        status = to_four(&h, at);
        for (int i = 0; i < 4 && !status; i++) four[i] = h.p[at[i]];
        geo_contour_free(&h);
    }
    if (!hull && !(status = to_four(&s, at)))
        for (int i = 0; i < 4; i++) four[i] = add(s.p[at[i]], scale(sub(s.p[at[i]], c->p[at[i]]), DRAWN_IN));
    geo_contour_free(&s);
    return status;
}
