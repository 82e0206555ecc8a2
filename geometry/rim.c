/* rim.c - a contour traced from a mask, seen as the pixels it runs around; see corners.h.
 *
 * * Such a contour lies on the cracks between pixels: its extreme vertex is on top of a pixel at one corner and beside it at the other,
 * which tilts a plate of 24 pixels by up to a degree, and it has more vertices on a steep flank than the flank has pixels. So corners
 * and plates are looked for among the centres of the pixels along it, and the result is grown by the half pixel that they lie inside.
 * The trap is that a contour may come from elsewhere (a soft map, stretched to square pixels, a polygon): that one is taken as it is. */
#include "geometry/corners.h"
#include "geometry/vec.h"

static int is_half(double x) { return x - floor(x) == 0.5; }

static int along_cracks(const geo_contour *c)
{
    double twice = 0;
    for (int64_t i = 0; i < c->n; i++) {
        geo_point p = c->p[i], q = c->p[i + 1 < c->n ? i + 1 : 0];
        int x = is_half(p.x), y = is_half(p.y);
        if (x == y || (x ? p.y != floor(p.y) : p.x != floor(p.x)) || fabs(p.x - q.x) > 1 || fabs(p.y - q.y) > 1) return 0;
        twice += cross(sub(p, c->p[0]), sub(q, c->p[0]));
    }
    return twice > 0;                                       /* clockwise on the screen, as traced */
}

/* Where vertex i leads, over its neighbours; the inside lies to the right. */
static geo_point way_at(const geo_contour *c, int64_t i)
{
    return sub(c->p[i + 1 < c->n ? i + 1 : 0], c->p[i ? i - 1 : c->n - 1]);
}

/* Moments of the pixels within: every crack to the left or right of a pixel ends a run of its row, and the sums over all pixels up to there
 * are polynomials. */
static int pixel_moments(const geo_contour *c, moments *out)
{
    double n = 0, x = 0, y = 0, xx = 0, xy = 0, yy = 0;
    const geo_point from = vec(floor(c->p[0].x), floor(c->p[0].y));
    for (int64_t i = 0; i < c->n; i++) {
        if (!is_half(c->p[i].x)) continue;
        double side = way_at(c, i).y > 0 ? 1 : -1, u = c->p[i].x - 0.5 - from.x, v = c->p[i].y - from.y;
        double run = side * (u + 1), sum = side * u * (u + 1) / 2;
        n += run, x += sum, y += v * run;
        xx += side * u * (u + 1) * (2 * u + 1) / 6, xy += v * sum, yy += v * v * run;
    }
    if (!(n > 0)) return 0;
    x /= n, y /= n;
    *out = moments_from(n, add(from, vec(x, y)), xx / n - x * x + 1 / 12., xy / n - x * y, yy / n - y * y + 1 / 12.);
    return 1;
}

int rim_of(const geo_contour *c, rim *out)
{
    int cracks = along_cracks(c), status = c->n < 8 ? GEO_DEGENERATE : geo_contour_copy(c, &out->c);
    out->inside = cracks ? 0.5 : 0;
    if (status) return status;
    if (!(cracks ? pixel_moments(c, &out->m) : shape_moments(c->p, c->n, &out->m))) status = GEO_DEGENERATE;
    if (cracks) out->c.n = 0;
    for (int64_t i = 0; i < c->n && cracks; i++) {          /* a pixel with several cracks in a row counts once, the first one too */
        geo_point p = c->p[i], way = way_at(c, i);
        if (is_half(p.x)) p.x += way.y > 0 ? -0.5 : 0.5;
        else p.y += way.x > 0 ? 0.5 : -0.5;
        const geo_point *last = out->c.n ? &out->c.p[out->c.n - 1] : NULL;
        if (!last || last->x != p.x || last->y != p.y) out->c.p[out->c.n++] = p;
    }
    const geo_point *end = &out->c.p[out->c.n - 1];
    if (cracks && end->x == out->c.p[0].x && end->y == out->c.p[0].y) out->c.n--;
    if (!status && out->c.n < 8) status = GEO_DEGENERATE;
    if (status) geo_contour_free(&out->c);
    return status;
}
