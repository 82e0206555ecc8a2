/* corners.h - the estimators of a body's four corners, one by one; internal to geometry/. corners.c chooses among them.
 *
 * All take the frame of the body and give corners in the order upper left, upper right, lower right, lower left, seen with `up`
 * upwards. */
#ifndef GEOMETRY_CORNERS_H
#define GEOMETRY_CORNERS_H
#include "geometry/shape.h"

/* What the estimators look at: the contour itself (inside 0), or the centres of the pixels along one traced from a mask, which lie half
 * a pixel inside it; m: moments of the contour, or of the pixels within. On failure there is nothing to free. */
typedef struct rim { geo_contour c; double inside; moments m; } rim;
int  rim_of(const geo_contour *c, rim *out);                               /* rim.c; GEO_DEGENERATE below 8 vertices */

/* e: to the right along the plates, f: downwards; unit vectors */
typedef struct body_frame { moments m; geo_point e, f; } body_frame;

int  corners_rdp(const geo_contour *c, int hull, geo_point four[4]);        /* simplify.c; in the order of the contour, or of its hull */

int  corners_extreme(const geo_contour *c, const body_frame *b, geo_quad *out, int64_t index[4]);
int  corners_axis(const body_frame *b, geo_quad *out);
/* Four points in cyclic order, named by the frame. */
void corners_order(const geo_point four[4], const body_frame *b, geo_quad *out);

/* klines.c: crossings of lines through the four sides, fitted anew between them in every round; GEO_DEGENERATE where they do not settle. */
enum { SIDES_ROUNDS = 12 };
int corners_sides(const geo_contour *c, const body_frame *b, int rounds, geo_quad *out);
/* Do extreme vertices stand out beyond straight sides, as osteophytes do? By this share of the limits: 1. */
int corners_has_lip(const geo_contour *c, const body_frame *b, const geo_quad *sides, double share);

/* endplate.c: the line through the contour from index i to index j (the shorter way), without `trim` of the length of the chord between the
 * two ends at either of them. direction points from i to j. 0: too few points. */
int  endplate_fit(const geo_contour *c, int64_t i, int64_t j, const geo_point end[2], double trim, geo_point *centre, geo_point *direction);
#endif
