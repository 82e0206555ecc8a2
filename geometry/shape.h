/* shape.h - sizes, hulls and simplification of contours; internal to geometry/. Contours are closed by themselves. */
#ifndef GEOMETRY_SHAPE_H
#define GEOMETRY_SHAPE_H
#include "geometry/geometry.h"

/* Area (positive), centre of mass and the direction of the longest axis (a unit vector); 0 where the contour encloses nothing. */
/* spread: SD along axis and across, pixels */
typedef struct moments { double area; geo_point centre, axis; double spread[2]; } moments;
int shape_moments(const geo_point *p, int64_t n, moments *out);
/* The same from central second moments per area. */
moments moments_from(double area, geo_point centre, double xx, double xy, double yy);

/* Indices of the convex hull's vertices, in order round it (the same sense as polygon_area > 0); index (n) is scratch and result.
 * Returns their number. Source: Andrew 1979. */
int64_t shape_hull(const geo_point *p, int64_t n, int64_t *index);

/* Area common to a closed contour and a convex quadrilateral. */
double shape_common(const geo_point *p, int64_t n, const geo_quad *q);
double quad_area(const geo_quad *q);                        /* positive where the four are in the order of geometry.h */

/* The vertex nearest to p, the first of equals; n > 0. */
int64_t shape_nearest(const geo_contour *c, geo_point p);

/* Total-least-squares line through n points: centre and unit direction; 0 where the points have none (fewer than 2, one place, a round
 * cloud). */
int line_fit(const geo_point *p, int64_t n, geo_point *centre, geo_point *direction);
#endif
