/* sacrum.c - the upper plate of S1 from the mask of the sacrum; see geometry.h.
 *
 * Rays from the lower plate of L5, along the spine, say which part of the contour is the plate; following the contour from there finds
 * its ends, where it turns away; lines fitted to the plate and to both walls cross at the same ends if the mask is sound. Without L5,
 * or where what the rays find is too short, too long or has doubtful ends, the longest side of the hull that looks up and forwards takes
 * their place. */
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

/* Line through the hits that lie on one side of the sacrum: those within NEAR of the line through two of them, for the two with the most
 * such fellows (the straighter lot of equals). Rays beyond the promontory or behind the posterior edge meet the walls; a line through
 * everything would be neither. */
static const double NEAR = 0.04;                            /* of the length of L5's plate */
static int consensus_fit(const geo_point *p, int n, geo_point e, geo_point *centre, geo_point *d)
{
    const double reach = NEAR * norm(e);
    double best = 0;
    geo_point lot[RAYS];
    int m = 0;
    for (int i = 0; i < n; i++)
        for (int k = i + 1; k < n; k++) {
            const geo_point way = unit(sub(p[k], p[i]));
            double score = 0;
            if (fabs(dot(way, unit(e))) < 0.643) continue;          /* more than 50 degrees from L5's plate: a wall */
            for (int j = 0; j < n; j++) score += fmax(0, 2 - fabs(cross(way, sub(p[j], p[i]))) / reach);
            if (score <= best) continue;
            best = score, m = 0;
            for (int j = 0; j < n; j++) if (fabs(cross(way, sub(p[j], p[i]))) <= reach) lot[m++] = p[j];
        }
    return m >= 6 && line_fit(lot, m, centre, d);
}

static int find_by_rays(const geo_contour *c, const geo_point *l5, geo_point centre, rim *out, geo_point *start)
{
    geo_point e = sub(l5[1], l5[0]), down = unit(turn(e)), p[RAYS], line;
    double length = norm(e);
    int n = 0;
    if (!(length > 0)) return 0;
    if (dot(sub(centre, middle(l5[0], l5[1])), down) < 0) down = scale(down, -1);
    for (int i = 0; i < RAYS; i++) n += cast(c, along(l5[0], e, -0.1 + 1.2 * i / (RAYS - 1)), down, -0.3 * length, &p[n]);
    if (!consensus_fit(p, n, e, start, &line)) return 0;
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

/* From a line along the plate to its ends, and what they are worth. */
static int measure_plate(const geo_contour *sacrum, rim r, geo_point start, geo_sacrum *out)
{
    geo_point centre, line;
    /* a traced contour runs clockwise: along the upper side it goes from left to right */
    int64_t from = shape_nearest(sacrum, start), right = follow(&r, from, 1), left = right < 0 ? -1 : follow(&r, from, -1);
    if (left < 0 || left == right) return GEO_DEGENERATE;
    r.length = apart(sacrum->p[left], sacrum->p[right]);
    if (!wall_fit(sacrum, left, 1, 0.12 * r.length, 0.88 * r.length, &centre, &line)) return GEO_DEGENERATE;
    if (dot(line, r.d) < 0) line = scale(line, -1);
    r.d = line;
    geo_point a = crossing(&r, left, -1, centre), b = crossing(&r, right, 1, centre), followed = sub(sacrum->p[right], sacrum->p[left]);
    out->disagreement = line_angle(sub(b, a), followed), out->dome = 0;
    out->left = middle(a, sacrum->p[left]), out->right = middle(b, sacrum->p[right]);
    geo_point plate = sub(out->right, out->left);
    double length = norm(plate);
    if (!(length > 2)) return GEO_DEGENERATE;
    for (int64_t i = left; i != right; i = (i + 1) % sacrum->n)
        out->dome = fmax(out->dome, fabs(cross(plate, sub(sacrum->p[i], out->left))) / (length * length));
    return GEO_OK;
}

static int is_sound(const geo_sacrum *s) { return s->ratio >= 0.8 && s->ratio <= 1.3 && s->disagreement <= 6; }

int geo_sacrum_endplate(const geo_contour *sacrum, const geo_point *l5, int facing, geo_sacrum *out)
{
    moments m;
    rim r;
    geo_point start;
    int status = GEO_DEGENERATE;
    memset(out, 0, sizeof *out);
    if (!sacrum || sacrum->n < 16) return GEO_EMPTY;
    for (int64_t i = 0; i < sacrum->n; i++) if (!is_finite(sacrum->p[i])) return GEO_BAD;
    if (!shape_moments(sacrum->p, sacrum->n, &m)) return GEO_DEGENERATE;
    out->centroid = m.centre;
    for (int method = l5 ? GEO_SACRUM_RAYS : GEO_SACRUM_HULL; method <= GEO_SACRUM_HULL; method++) {
        geo_sacrum s = { .centroid = m.centre, .method = method };
        int found = method == GEO_SACRUM_RAYS ? find_by_rays(sacrum, l5, m.centre, &r, &start)
                                              : find_by_hull(sacrum, sqrt(m.area), facing, &r, &start);
        if (!found || measure_plate(sacrum, r, start, &s)) continue;
        s.ratio = l5 ? apart(s.left, s.right) / fmax(apart(l5[0], l5[1]), 1e-9) : 0;
        if (status || is_sound(&s)) *out = s, status = GEO_OK;  /* the first; the second one only where it alone is sound */
        if (is_sound(out)) break;
    }
    return status;
}
