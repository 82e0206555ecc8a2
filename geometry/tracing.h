/* tracing.h - what a geo_tracing holds; internal to geometry/. */
#ifndef GEOMETRY_TRACING_H
#define GEOMETRY_TRACING_H
#include "geometry/film.h"

struct geo_tracing {
    int64_t h, w;
    int role[256];
    geo_contour contour[256];                    /* by value, pixels */
    double dropped[256], *sd[256];               /* sd: of every vertex of an outline from a probability map, else NULL */
    uint8_t *c1;                                 /* mask of C1 within c1_box, or NULL */
    geo_box c1_box;
};

/* The landmarks of these contours instead of t's own. */
int tracing_landmarks(const geo_tracing *t, const geo_contour contour[256], geo_case *c);
#endif
