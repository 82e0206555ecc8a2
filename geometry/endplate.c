/* endplate.c - a line through the part of a contour that is an endplate; see corners.h.
 *
 * Total least squares: the smallest eigenvector of the scatter. Robustness lies in which part of the contour is used, not in the loss:
 * more trimming or down-weighting shortens the lever arm and tilts the fit on concave plates. */
#include "geometry/corners.h"
#include "geometry/vec.h"
#include <stdlib.h>

int endplate_fit(const geo_contour *c, int64_t i, int64_t j, const geo_point end[2], double trim, geo_point *centre, geo_point *direction)
{
    geo_point a = end[0], e = sub(end[1], a);
    double length = norm(e);
    int64_t there = (j - i + c->n) % c->n, from = i, n = there, m = 0;
    if (!(there < c->n - there)) from = j, n = c->n - there;  /* of two equal ways round, the one from j */
    if (!(length > 0) || n < 4) return 0;
    geo_point u = scale(e, 1 / length);
    geo_point *p = malloc((size_t)(n + 1) * sizeof *p);
    if (!p) return 0;
    for (int64_t k = 0; k <= n; k++) {
        geo_point q = c->p[(from + k) % c->n];
        double t = dot(sub(q, a), u) / length;                      /* a point at trim itself: the unit first, then the part */
        if (t >= trim && t <= 1 - trim) p[m++] = q;
    }
    int ok = m >= 4 && line_fit(p, m, centre, direction);
    free(p);
    if (ok && dot(*direction, e) < 0) *direction = scale(*direction, -1);
    return ok;
}
