/* sacrum.c - the upper plate of S1 from the mask of the sacrum; see geometry.h.
 *
 * Rays from the lower plate of L5, along the spine, say which part of the contour is the plate; following the contour from there finds
 * its ends, where it turns away; lines fitted to the plate and to both walls cross at the same ends if the mask is sound. Without L5
 * the longest side of the hull that looks up and forwards takes the place of the rays. */
#include "geometry/shape.h"
#include "geometry/vec.h"
#include <stdlib.h>
#include <string.h>

enum { RAYS = 20 };
/* direction of the plate, left to right; expected length */
typedef struct rim { const geo_contour *c; geo_point d; double length; } rim;

/* First crossing of the ray p + t d, t > from, with the contour. */
static int cast(const geo_contour *c, geo_point p, geo_point d, double from, geo_point *hit)
{
    double best = INFINITY;
    for (int64_t i = 0; i < c->n; i++) {
        geo_point a = c->p[i], b = c->p[i + 1 < c->n ? i + 1 : 0];
        double sa = cross(d, sub(a, p)), sb = cross(d, sub(b, p));
        if ((sa > 0) == (sb > 0)) continue;
        double t = dot(d, sub(blend(a, b, sa / (sa - sb)), p));
        if (t > from && t < best) best = t;
    }
    if (!isfinite(best)) return 0;
    *hit = along(p, d, best);
    return 1;
}

static int by_size(const void *a, const void *b) { double d = *(const double *)a - *(const double *)b; return (d > 0) - (d < 0); }

/* Line through the points without the tenth that lies farthest from it. */
static int trimmed_fit(geo_point *p, int n, geo_point *centre, geo_point *d)
{
    double off[RAYS], sorted[RAYS];
    if (n < 6 || !line_fit(p, n, centre, d)) return 0;
    for (int i = 0; i < n; i++) sorted[i] = off[i] = fabs(cross(*d, sub(p[i], *centre)));
    qsort(sorted, (size_t)n, sizeof *sorted, by_size);
    int m = 0;
    for (int i = 0; i < n; i++) if (off[i] <= sorted[n - 1 - n / 10]) p[m++] = p[i];
    return line_fit(p, m, centre, d);
}

static int find_by_rays(const geo_contour *c, const geo_point *l5, geo_point centre, rim *out, geo_point *start)
{
    geo_point e = sub(l5[1], l5[0]), down = unit(turn(e)), p[RAYS], line;
    double length = norm(e);
    int n = 0;
    if (!(length > 0)) return 0;
    if (dot(sub(centre, middle(l5[0], l5[1])), down) < 0) down = scale(down, -1);
    for (int i = 0; i < RAYS; i++) n += cast(c, along(l5[0], e, -0.1 + 1.2 * i / (RAYS - 1)), down, -0.3 * length, &p[n]);
    if (!trimmed_fit(p, n, start, &line)) return 0;
    *out = (rim){ c, dot(line, e) < 0 ? scale(line, -1) : line, length };
    return 1;
}

static int find_by_hull(const geo_contour *c, double size, int facing, rim *out, geo_point *start)
{
    geo_contour simple, hull;
    geo_point up = facing ? vec(0.64 * facing, -0.77) : vec(0, -1);           /* the normal of a plate of 40 degrees' slope */
    double best = 0;
    if (geo_simplify(c, 0.03 * size, &simple)) return 0;
    int status = geo_hull(&simple, &hull);
    geo_contour_free(&simple);
    if (status) return 0;
    for (int64_t i = 0; i < hull.n; i++) {
        /* clockwise on the screen: outside is to the left */
        geo_point a = hull.p[i], e = sub(hull.p[(i + 1) % hull.n], a), outward = scale(turn(e), -1);
        if (dot(unit(outward), up) < 0.5 || !(norm(e) > best)) continue;
        best = norm(e);
        *out = (rim){ c, unit(e), best }, *start = along(a, e, 0.5);
    }
    geo_contour_free(&hull);
    return best > 0;
}

/* From vertex i on, in steps of way (+1, -1), to where the contour turns by more than 50 degrees from the plate. */
static int64_t follow(const rim *r, int64_t i, int way)
{
    const geo_contour *c = r->c;
    double span = fmax(3, 0.08 * r->length);
    geo_point d = scale(r->d, way);
    for (int64_t k = 0; k < c->n / 2; k++, i = (i + way + c->n) % c->n) {
        int64_t j = i, corner = i;
        double far = -1;
        while (apart(c->p[j], c->p[i]) < span && (j = (j + way + c->n) % c->n) != i) {}
        geo_point chord = sub(c->p[j], c->p[i]);
        if (dot(unit(chord), d) > 0.643) continue;
        for (int64_t q = i; q != j; q = (q + way + c->n) % c->n) {
            double off = fabs(cross(chord, sub(c->p[q], c->p[i])));
            if (off > far) far = off, corner = q;
        }
        return corner;
    }
    return -1;
}

/* Line through the contour from `skip` to `reach` (pixels along the chord) beyond vertex i. */
static int wall_fit(const geo_contour *c, int64_t i, int way, double skip, double reach, geo_point *centre, geo_point *d)
{
    geo_point *p = malloc((size_t)c->n * sizeof *p);
    int64_t n = 0;
    if (!p) return 0;
    for (int64_t k = 1, j = i; k < c->n / 2; k++) {
        j = (j + way + c->n) % c->n;
        double far = apart(c->p[j], c->p[i]);
        if (far > reach) break;
        if (far >= skip) p[n++] = c->p[j];
    }
    int ok = n >= 4 && line_fit(p, n, centre, d);
    free(p);
    return ok;
}

/* Where the plate's line crosses the wall's; kept only near the end that was followed. */
static geo_point crossing(const rim *r, int64_t i, int way, geo_point centre)
{
    geo_point at = r->c->p[i], wall, d;
    double t;
    if (!wall_fit(r->c, i, way, 0.06 * r->length, 0.5 * r->length, &wall, &d) || !lines_meet(centre, r->d, wall, d, &t)) return at;
    geo_point meet = along(centre, r->d, t);
    return apart(meet, at) <= 0.15 * r->length ? meet : at;
}

int geo_sacrum_endplate(const geo_contour *sacrum, const geo_point *l5, int facing, geo_sacrum *out)
{
    moments m;
    rim r;
    geo_point start, centre, line;
    memset(out, 0, sizeof *out);
    if (!sacrum || sacrum->n < 16) return GEO_EMPTY;
    for (int64_t i = 0; i < sacrum->n; i++) if (!is_finite(sacrum->p[i])) return GEO_BAD;
    if (!shape_moments(sacrum->p, sacrum->n, &m)) return GEO_DEGENERATE;
    out->centroid = m.centre;
    out->method = l5 && find_by_rays(sacrum, l5, m.centre, &r, &start) ? GEO_SACRUM_RAYS : GEO_SACRUM_HULL;
    if (out->method == GEO_SACRUM_HULL && !find_by_hull(sacrum, sqrt(m.area), facing, &r, &start)) return GEO_DEGENERATE;
    /* a traced contour runs clockwise: along the upper side it goes from left to right */
    int64_t from = shape_nearest(sacrum, start), right = follow(&r, from, 1), left = right < 0 ? -1 : follow(&r, from, -1);
    if (left < 0 || left == right) return GEO_DEGENERATE;
    r.length = apart(sacrum->p[left], sacrum->p[right]);
    if (!wall_fit(sacrum, left, 1, 0.12 * r.length, 0.88 * r.length, &centre, &line)) return GEO_DEGENERATE;
    if (dot(line, r.d) < 0) line = scale(line, -1);
    r.d = line;
    geo_point a = crossing(&r, left, -1, centre), b = crossing(&r, right, 1, centre), followed = sub(sacrum->p[right], sacrum->p[left]);
    out->disagreement = line_angle(sub(b, a), followed);
    out->left = middle(a, sacrum->p[left]), out->right = middle(b, sacrum->p[right]);
    geo_point plate = sub(out->right, out->left);
    double length = norm(plate);
    if (!(length > 2)) return GEO_DEGENERATE;
    for (int64_t i = left; i != right; i = (i + 1) % sacrum->n)
        out->dome = fmax(out->dome, fabs(cross(plate, sub(sacrum->p[i], out->left))) / (length * length));
    out->ratio = l5 ? length / fmax(apart(l5[0], l5[1]), 1e-9) : 0;
    return GEO_OK;
}
