/* tracing.h - what a geo_tracing holds: the outlines of a film, one a structure, and what each is; internal to geometry/. */
#ifndef GEOMETRY_TRACING_H
#define GEOMETRY_TRACING_H
#include "geometry/film.h"

enum { OUTLINES = 256 };                         /* a film has some thirty */

typedef struct outline {
    geo_contour c;                               /* pixels */
    int role, value;                             /* a level, or GEO_ROLE_*; the value in the map, or the number of the instance from 1 */
    double dropped, score;                       /* share of pixels that were left out; of a detector */
    double *sd;                                  /* of every vertex, where it comes from a probability map, else NULL */
    unsigned odd;                                /* GEO_ODD_* found by tracing_number */
    int unsure;                                  /* its level may be another */
} outline;

struct geo_tracing {
    int64_t h, w;
    int n, method;                               /* GEO_CORNERS_*: how corners are found */
    int overlapping;                             /* made of masks that may overlap */
    int repair;                                  /* most bodies in a row to make up; 0 none */
    uint8_t no_room[GEO_LEVELS];                 /* 1: between this level and the next that is there no body fits, whatever the names say */
    outline o[OUTLINES];
    uint8_t *c1;                                 /* mask of C1 within c1_box, or NULL */
    geo_box c1_box;
};

/* Gives an outline another contour (its own from now on), and an SD for each of its vertices or NULL. */
void outline_reshape(outline *o, geo_contour c, double *sd);

/* The landmarks of these contours (n) instead of t's own; bodies made up where t says so. */
int tracing_landmarks(const geo_tracing *t, const geo_contour *contour, geo_case *c);

/* Body of an outline in pixels of equal sides; c2: of the lower part only, the body of C2. */
int tracing_body(const geo_contour *c, int level, int method, geo_point up, geo_body *out);

/* Orders, mends and numbers the bodies: roles become levels. Spacing counts only as sy / sx. */
int tracing_number(geo_tracing *t, const geo_choices *o, geo_chain *out);

/* cobb.c: 0 none .. 3 severe */
int cobb_grade(double main);

/* repair.c: geo_case_repair, but nothing between level and the next one that is there where no_room[level]; NULL: anywhere. */
int case_repair(geo_case *c, int most, const uint8_t *no_room);
#endif
