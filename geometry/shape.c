/* shape.c - moments, hull, smallest rectangle, common area, lines; see shape.h and geometry.h. */
#include "geometry/shape.h"
#include "geometry/vec.h"
#include <stdlib.h>
#include <string.h>

moments moments_from(double area, geo_point centre, double xx, double xy, double yy)
{
    double angle = 0.5 * atan2(2 * xy, xx - yy), mean = 0.5 * (xx + yy), half = hypot(0.5 * (xx - yy), xy);
    return (moments){ area, centre, vec(cos(angle), sin(angle)), { sqrt(fmax(0, mean + half)), sqrt(fmax(0, mean - half)) } };
}

int shape_moments(const geo_point *p, int64_t n, moments *out)
{
    double a = 0, x = 0, y = 0, xx = 0, xy = 0, yy = 0;
    memset(out, 0, sizeof *out);
    for (int64_t i = 0; i < n; i++) {                       /* triangles from p[0]: no digits are lost far from the origin */
        geo_point u = sub(p[i], p[0]), v = sub(p[i + 1 < n ? i + 1 : 0], p[0]);
        double c = cross(u, v);
        a += c, x += c * (u.x + v.x), y += c * (u.y + v.y);
        xx += c * (u.x * u.x + u.x * v.x + v.x * v.x), yy += c * (u.y * u.y + u.y * v.y + v.y * v.y);
        xy += c * (2 * u.x * u.y + u.x * v.y + v.x * u.y + 2 * v.x * v.y);
    }
    if (!(fabs(a) > 1e-12) || !isfinite(a)) return 0;
    x /= 3 * a, y /= 3 * a;
    *out = moments_from(fabs(a) / 2, add(p[0], vec(x, y)), xx / (6 * a) - x * x, xy / (12 * a) - x * y, yy / (6 * a) - y * y);
    return 1;
}

typedef struct ranked { geo_point p; int64_t i; } ranked;

static int by_place(const void *a, const void *b)
{
    const ranked *u = a, *v = b;
    if (u->p.x != v->p.x) return u->p.x < v->p.x ? -1 : 1;
    if (u->p.y != v->p.y) return u->p.y < v->p.y ? -1 : 1;
    return (u->i > v->i) - (u->i < v->i);
}

/* In a traced contour most vertices of a column lie between two others: only the ends of each run of equal x can be hull vertices, but
 * a general contour need not be so, hence the plain sort. */
int64_t shape_hull(const geo_point *p, int64_t n, int64_t *index)
{
    ranked *s = malloc((size_t)(n + 1) * sizeof *s);
    int64_t *h = malloc((size_t)(2 * n + 1) * sizeof *h), m = 0;
    if (!s || !h) return free(s), free(h), GEO_MEMORY;
    for (int64_t i = 0; i < n; i++) s[i] = (ranked){ p[i], i };
    qsort(s, (size_t)n, sizeof *s, by_place);
    for (int pass = 0; pass < 2; pass++) {
        int64_t floor = m + (pass ? 0 : 1);
        for (int64_t k = pass ? 1 : 0; k < n; k++) {
            const ranked *r = &s[pass ? n - 1 - k : k];
            while (m > floor && m >= 2 && cross(sub(p[h[m - 1]], p[h[m - 2]]), sub(r->p, p[h[m - 2]])) <= 0) m--;
            h[m++] = r->i;
        }
    }
    if (m > 1) m--;                                         /* the first one again */
    memcpy(index, h, (size_t)(m < n ? m : n) * sizeof *h);
    free(s), free(h);
    return m < n ? m : n;
}

int geo_hull(const geo_contour *c, geo_contour *out)
{
    *out = (geo_contour){ NULL, 0 };
    if (c->n < 1) return GEO_EMPTY;
    int64_t *index = malloc((size_t)c->n * sizeof *index), m = index ? shape_hull(c->p, c->n, index) : GEO_MEMORY;
    if (m > 0) *out = (geo_contour){ malloc((size_t)m * sizeof *out->p), m };
    if (out->p) for (int64_t i = 0; i < m; i++) out->p[i] = c->p[index[i]];
    free(index);
    return out->p ? GEO_OK : (out->n = 0, GEO_MEMORY);
}

int geo_rectangle(const geo_contour *c, geo_point corner[4])
{
    geo_contour h;
    int status = geo_hull(c, &h);
    double best = INFINITY;
    if (status) return status;
    for (int64_t i = 0; i < h.n; i++) {
        geo_point e = unit(sub(h.p[(i + 1) % h.n], h.p[i])), f = turn(e);
        if (!(norm(e) > 0)) continue;
        double u0 = INFINITY, u1 = -INFINITY, v0 = INFINITY, v1 = -INFINITY;
        for (int64_t k = 0; k < h.n; k++) {
            double u = dot(h.p[k], e), v = dot(h.p[k], f);
            u0 = fmin(u0, u), u1 = fmax(u1, u), v0 = fmin(v0, v), v1 = fmax(v1, v);
        }
        if ((u1 - u0) * (v1 - v0) >= best) continue;
        best = (u1 - u0) * (v1 - v0);
        for (int k = 0; k < 4; k++) corner[k] = add(scale(e, k == 0 || k == 3 ? u0 : u1), scale(f, k < 2 ? v0 : v1));
    }
    geo_contour_free(&h);
    return isfinite(best) ? GEO_OK : GEO_DEGENERATE;
}

int64_t shape_nearest(const geo_contour *c, geo_point p)
{
    int64_t best = 0;
    double least = INFINITY;
    for (int64_t i = 0; i < c->n; i++) {
        geo_point v = sub(c->p[i], p);
        if (dot(v, v) < least) least = dot(v, v), best = i;
    }
    return best;
}

double quad_area(const geo_quad *q)
{
    return 0.5 * (cross(sub(q->p[2], q->p[0]), sub(q->p[3], q->p[1])));
}

/* Cutting with one edge after the other keeps signed areas right for a contour that is not convex: the slivers along the edge cancel. */
double shape_common(const geo_point *p, int64_t n, const geo_quad *q)
{
    int64_t room = 2 * n + 16, m = n;
    geo_point *a = malloc((size_t)room * 8 * sizeof *a), *b = a ? a + 4 * room : NULL;
    if (!a) return 0;
    memcpy(a, p, (size_t)n * sizeof *a);
    for (int k = 0; k < 4; k++) {
        geo_point from = q->p[k], e = sub(q->p[(k + 1) % 4], from);
        int64_t j = 0;
        for (int64_t i = 0; i < m; i++) {
            geo_point u = a[i], v = a[i + 1 < m ? i + 1 : 0];
            double su = cross(e, sub(u, from)), sv = cross(e, sub(v, from));
            if (su >= 0) b[j++] = u;
            if ((su > 0 && sv < 0) || (su < 0 && sv > 0)) b[j++] = blend(u, v, su / (su - sv));
        }
        memcpy(a, b, (size_t)(m = j < 4 * room ? j : 4 * room) * sizeof *a);
    }
    double twice = 0;
    for (int64_t i = 0; i < m; i++) twice += cross(sub(a[i], a[0]), sub(a[i + 1 < m ? i + 1 : 0], a[0]));
    free(a);
    return fabs(twice) / 2;
}

int line_fit(const geo_point *p, int64_t n, geo_point *centre, geo_point *direction)
{
    if (n < 2) return 0;
    geo_point c = vec(0, 0);
    for (int64_t i = 0; i < n; i++) c = add(c, sub(p[i], p[0]));
    c = along(p[0], c, 1.0 / (double)n);
    double a = 0, b = 0, d = 0;
    for (int64_t i = 0; i < n; i++) {
        geo_point v = sub(p[i], c);
        a += v.x * v.x, b += v.x * v.y, d += v.y * v.y;
    }
    if (!(hypot(a - d, 2 * b) > 1e-9 * (a + d)) || !(a + d > 0)) return 0;
    double angle = 0.5 * atan2(2 * b, a - d);
    *centre = c, *direction = vec(cos(angle), sin(angle));
    return 1;
}
