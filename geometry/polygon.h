/* polygon.h - filling polygons: which pixels have their centre inside.
 *
 * Plain arrays in double precision; depends on nothing. Pixel (0,0) has its centre at (0,0), x right, y down. Inside is decided by
 * the non-zero winding rule, so a polygon that overlaps itself is filled as a whole. A centre exactly on an edge counts as inside on
 * left and top edges and as outside on right and bottom ones: two polygons that share an edge share no pixel and leave no gap. */
#ifndef GEOMETRY_POLYGON_H
#define GEOMETRY_POLYGON_H
#include <stdint.h>

/* xy (n, 2): vertices in order, closed by itself, pixels. Sets the pixels of out (h, w) that are inside to value and leaves the rest.
 * Vertices may lie outside the image and are clipped. Returns the number of pixels set; 0 for fewer than 3 vertices; -1, with
 * nothing painted, where a coordinate is not finite or memory ran out. Source: scan-line filling with the winding number
 * (Foley et al., Computer Graphics, 1990, ch. 3). */
int64_t polygon_fill(const double *xy, int64_t n, uint8_t *out, int64_t h, int64_t w, uint8_t value);

/* Signed area, pixels squared: positive where the vertices run clockwise as seen on the screen (y down). */
double polygon_area(const double *xy, int64_t n);

/* Area common to two convex polygons a (n, 2) and b (m, 2), both clockwise on the screen, n + m <= 64; 0 where they do not meet.
 * Source: Sutherland and Hodgman 1974. */
double polygon_common(const double *a, int64_t n, const double *b, int64_t m);

/* Do the closed segments a-b and c-d share an interior point (a proper crossing)? Each (2): x, y. */
int segments_cross(const double a[2], const double b[2], const double c[2], const double d[2]);
#endif
