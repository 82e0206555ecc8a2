/* fill.c - a contour back into a mask, by polygon.c. */
#include "geometry/geometry.h"
#include "geometry/polygon.h"

_Static_assert(sizeof(geo_point) == 2 * sizeof(double), "a contour is an array of x, y");

int64_t geo_mask_fill(const geo_contour *polygon, uint8_t *mask, int64_t h, int64_t w, uint8_t value)
{
    if (!polygon || !mask || h < 1 || w < 1) return GEO_BAD;
    int64_t n = polygon_fill(&polygon->p->x, polygon->n, mask, h, w, value);
    return n < 0 ? GEO_BAD : n;
}
