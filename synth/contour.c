/* contour.c - see contour.h. Every side is sampled between two rounded rims; a rim is a quadratic Bezier arc that passes through the
 * corner. */
#include "synth/contour.h"
#include "synth/plane.h"
#include <assert.h>

enum { SIDE_POINTS = 17, RIM_POINTS = 7 };

shape shape_draw(int level, const double sunken[2], draws *d)
{
    /* plate hollow from .. to (the lower part of what is published, so that a sound body is no biconcave one), walls, rim, uncinate step */
    static const struct { double plate[2], front[2], back[2], rim[2], uncinate[2]; } usual[3] = {
        { { 0.4, 0.9 }, { 0.4, 1.0 }, { 0.2, 0.6 }, { 1.0, 1.6 }, { 0.5, 1.3 } },
        { { 0.5, 1.3 }, { 0.8, 1.8 }, { 0.4, 1.0 }, { 1.0, 2.0 }, { 0, 0 } },
        { { 0.9, 2.0 }, { 1.2, 2.6 }, { 0.5, 1.4 }, { 1.5, 2.5 }, { 0, 0 } },
    };
    int r = level <= GEO_C7 ? 0 : level <= GEO_T12 ? 1 : 2;
    shape s = { .wall = { draws_range(d, usual[r].front[0], usual[r].front[1]), draws_range(d, usual[r].back[0], usual[r].back[1]) },
                .rim = draws_range(d, usual[r].rim[0], usual[r].rim[1]), .uncinate = draws_range(d, usual[r].uncinate[0],
                    usual[r].uncinate[1]) };
    for (int k = 0; k < 2; k++) {
        s.plate[k] = draws_range(d, usual[r].plate[0], usual[r].plate[1]) * (k ? 1.15 : 0.9) + sunken[k];
        s.apex[k] = draws_range(d, 0.4, 0.6);
    }
    return s;
}

/* Depth of a hollow of 1 with its deepest place at apex: a parabola in a warped coordinate, flattened towards the rims. */
static double hollow(double t, double apex)
{
    double u = pow(t, log(0.5) / log(apex)), p = 4 * u * (1 - u);
    return p * (0.4 + 0.6 * p);
}

typedef struct side { const double *from, *to; double depth, apex, bump; } side;

/* Point t of a side; inwards is to the right of the way from -> to (clockwise on the screen). */
static void side_at(const side *s, double t, double out[2])
{
    double dx = s->to[0] - s->from[0], dy = s->to[1] - s->from[1], l = hypot(dx, dy);
    double in = s->depth * hollow(t, s->apex) - s->bump * exp(-pow((t - 0.16) / 0.1, 2));
    out[0] = s->from[0] + t * dx - in * dy / l, out[1] = s->from[1] + t * dy + in * dx / l;
}

int contour_make(const double corner[4][2], const shape *s, double out[CONTOUR_MOST][2], double middle[2][2])
{
    const side sides[4] = {
        { corner[SP], corner[SA], s->plate[0], 1 - s->apex[0], s->uncinate }, { corner[SA], corner[IA], s->wall[0], 0.5, 0 },
        { corner[IA], corner[IP], s->plate[1], s->apex[1], 0 }, { corner[IP], corner[SP], s->wall[1], 0.5, 0 },
    };
    int n = 0;
    double cut[4][2];                                                  /* where each side begins and ends, as t */
    for (int k = 0; k < 4; k++) cut[k][0] = fmin(0.3, s->rim / plane_distance(sides[k].from, sides[k].to)), cut[k][1] = 1 - cut[k][0];
    for (int k = 0; k < 4; k++) {
        for (int i = 0; i < SIDE_POINTS; i++) side_at(&sides[k], cut[k][0] + (cut[k][1] - cut[k][0]) * i / (SIDE_POINTS - 1), out[n++]);
        double a[2], b[2], c[2];
        const double *tip = sides[k].to;
        side_at(&sides[k], cut[k][1], a), side_at(&sides[(k + 1) % 4], cut[(k + 1) % 4][0], b);
        for (int i = 0; i < 2; i++) c[i] = 2 * tip[i] - 0.5 * (a[i] + b[i]);                 /* so that the arc's middle is the corner */
        for (int i = 1; i <= RIM_POINTS; i++, n++) {
            double t = (double)i / (RIM_POINTS + 1);
            for (int j = 0; j < 2; j++) out[n][j] = (1 - t) * (1 - t) * a[j] + 2 * t * (1 - t) * c[j] + t * t * b[j];
        }
    }
    assert(n <= CONTOUR_MOST);
    side_at(&sides[0], 0.5, middle[0]), side_at(&sides[2], 0.5, middle[1]);
    return n;
}
