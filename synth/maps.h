/* maps.h - what the beam meets on its way to each pixel: one map of path lengths in cm for every material that occurs.
 *
 * SOFT is the whole thickness of the body with everything in it; the other maps hold what displaces it, so that a bone of 1 cm adds
 * (mu_bone - mu_soft) * 1 cm, and gas is soft tissue taken away. Maps come into being, zeroed, when somebody first adds to them.
 * Pixel (x, y) has its centre at millimetres origin + (x, y) * spacing of the frame of solid.h, before the film is mirrored. */
#ifndef SYNTH_MAPS_H
#define SYNTH_MAPS_H
#include "synth/solid.h"
#include <stdint.h>

typedef struct maps {
    int64_t h, w;
    double spacing, origin[2];
    float *m[MATERIALS];                 /* (h, w) each, or NULL: nowhere on the film */
} maps;

typedef struct box { int64_t x0, y0, x1, y1; } box;              /* pixels x0 <= x < x1, y0 <= y < y1; empty where x1 <= x0 or y1 <= y0 */

maps   maps_new(int64_t h, int64_t w, double spacing, const double origin[2]);
void   maps_free(maps *m);
float *maps_of(maps *m, enum material what);                     /* (h, w) */
/* Pixels that the rectangle lo..hi (mm) touches, and one round it, within the film. */
box    maps_box(const maps *m, const double lo[2], const double hi[2]);

/* Exact areas: cover (of b) gets for every pixel the share of its square that the closed polygon (n, 2) in millimetres covers, 0..1, by
 * adding up the signed areas under its edges. Where it overlaps itself the winding number counts, cut at 1. */
void   cover_polygon(const maps *m, const double (*outline)[2], int n, box b, float *cover);
#endif
