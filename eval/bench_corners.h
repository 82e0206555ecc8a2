/* bench_corners.h - how well each way of finding corners recovers the tilt of endplates, on noisy masks of drawn bodies.
 *
 * A body is a quadrilateral with concave plates, waisted walls and rounded corners; its outline is displaced by smooth noise and filled.
 * Every drawing is a function of (cell, trial) alone, so that any cell can be repeated by itself. */
#ifndef EVAL_BENCH_CORNERS_H
#define EVAL_BENCH_CORNERS_H
#include <stdint.h>
#include "geometry/geometry.h"

enum { CORNERS_CELLS = 81, CORNERS_METHODS = 8, CORNERS_SIDE = 160 };

typedef struct corners_cell {
    const char *scenario;                        /* clean, pedicle_leak, osteophytes */
    double depth, length, noise;                 /* pixels: anteroposterior size; correlation length and SD of the outline's noise */
    double dsc;                                  /* mean of noisy against true mask */
    struct {
        double rmse, p95, worst;                 /* degrees, both plates of all bodies */
        double corner;                           /* RMSE of the corners, pixels */
        double failed;                           /* share of bodies without a result */
        int64_t n;                               /* plates */
    } by[CORNERS_METHODS];
} corners_cell;

extern const struct corners_method { const char *name; int method; } corners_methods[CORNERS_METHODS];

/* Cell 0..80, `trials` bodies (700 in the recorded table). */
corners_cell bench_corners(int cell, int trials);
/* One body: mask (CORNERS_SIDE squared) as noisy, truth as drawn, its four true corners. */
void body_draw(int cell, int trial, uint8_t *mask, uint8_t *truth, geo_quad *corners);
#endif
