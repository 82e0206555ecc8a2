/* spine.h - random spines for the geometry tests: built upwards from the sacrum out of usual sizes and slopes with a person's variation. */
#ifndef TESTS_SPINE_H
#define TESTS_SPINE_H
#include "geometry/geometry.h"

typedef struct spine {
    geo_point corner[GEO_LEVELS][4];             /* SA SP IA IP in (a, u), mm; S1 has SA SP */
    geo_point head[2];
    double radius;
} spine;

typedef struct spine_noise { double person, slope, size, disc, fracture; } spine_noise;
/* person: SD of smooth slope changes along the spine and of the size (x 0.08 per unit), slope: SD of every plate's own slope in
 * degrees, size: SD of every body's relative size, disc: chance of a degenerated disc (height x 0.3 .. 0.8), fracture: chance of an
 * anterior wedge. */

uint64_t spine_random(uint64_t *s);
double   spine_uniform(uint64_t *s, double from, double to);
double   spine_normal(uint64_t *s);
spine    spine_make(uint64_t *seed, const spine_noise *noise);

/* Canonical mm -> image pixels. */
typedef struct spine_view { int facing; double sx, sy, x0, y0, degrees; } spine_view;      /* degrees: counter-clockwise in (a, u) */
geo_point   spine_point(geo_point p, const spine_view *v);
geo_corners spine_body(const spine *s, int level, const spine_view *v);
/* Everything of it into a case, with spacing unless it is 0 (then sx = sy = scale of the pixels). */
geo_case   *spine_case(const spine *s, const spine_view *v, int with_spacing);
/* Drawn into a label map (h, w) with the values of geo_tracing_new. */
void        spine_draw(const spine *s, const spine_view *v, uint8_t *labels, int64_t h, int64_t w);
#endif
