/* plane.h - points of the film plane (mm, x anterior, y down) and frames laid on them. */
#ifndef SYNTH_PLANE_H
#define SYNTH_PLANE_H
#include <math.h>

static const double DEGREE = 0.017453292519943295, TURN = 6.283185307179586;

/* Slope of the line from posterior to anterior, degrees, + anterior lower (geometry.h's endplate slope). */
static inline double plane_slope(const double anterior[2], const double posterior[2])
{
    return atan2(anterior[1] - posterior[1], anterior[0] - posterior[0]) / DEGREE;
}
/* out = from + forward * (along the slope) + upward * (normal to it). */
static inline void plane_at(double out[2], const double from[2], double slope, double forward, double upward)
{
    const double c = cos(DEGREE * slope), s = sin(DEGREE * slope), x = from[0], y = from[1];
    out[0] = x + forward * c + upward * s, out[1] = y + forward * s - upward * c;
}
static inline void plane_mix(double out[2], const double a[2], const double b[2], double t)
{
    const double x = a[0] + t * (b[0] - a[0]), y = a[1] + t * (b[1] - a[1]);
    out[0] = x, out[1] = y;
}
static inline double plane_distance(const double a[2], const double b[2]) { return hypot(a[0] - b[0], a[1] - b[1]); }
/* Turns p about the pivot, + clockwise on the screen. */
static inline void plane_turn(double p[2], const double pivot[2], double degrees)
{
    const double c = cos(DEGREE * degrees), s = sin(DEGREE * degrees), x = p[0] - pivot[0], y = p[1] - pivot[1];
    p[0] = pivot[0] + c * x - s * y, p[1] = pivot[1] + s * x + c * y;
}
#endif
