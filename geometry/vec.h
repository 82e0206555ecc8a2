/* vec.h - points of the plane and angles, as inline functions; internal to geometry/. */
#ifndef GEOMETRY_VEC_H
#define GEOMETRY_VEC_H
#include "geometry/geometry.h"
#include <math.h>

#define DEGREES 57.295779513082320877           /* degrees in a radian */

static inline geo_point vec(double x, double y)            { geo_point p = { x, y }; return p; }
static inline geo_point add(geo_point a, geo_point b)      { return vec(a.x + b.x, a.y + b.y); }
static inline geo_point sub(geo_point a, geo_point b)      { return vec(a.x - b.x, a.y - b.y); }
static inline geo_point scale(geo_point a, double k)       { return vec(a.x * k, a.y * k); }
static inline geo_point along(geo_point a, geo_point d, double t) { return vec(a.x + t * d.x, a.y + t * d.y); }
static inline geo_point middle(geo_point a, geo_point b)   { return vec(0.5 * (a.x + b.x), 0.5 * (a.y + b.y)); }
static inline geo_point blend(geo_point a, geo_point b, double t) { return vec(a.x + t * (b.x - a.x), a.y + t * (b.y - a.y)); }
static inline geo_point turn(geo_point a)                  { return vec(-a.y, a.x); }      /* x towards y: clockwise on the screen */
static inline double dot(geo_point a, geo_point b)         { return a.x * b.x + a.y * b.y; }
static inline double cross(geo_point a, geo_point b)       { return a.x * b.y - a.y * b.x; }
static inline double norm(geo_point a)                     { return sqrt(a.x * a.x + a.y * a.y); }
static inline double apart(geo_point a, geo_point b)       { return norm(sub(a, b)); }
static inline int    is_finite(geo_point a)                { return isfinite(a.x) && isfinite(a.y); }
/* Length one; (0, 0) stays. */
static inline geo_point unit(geo_point a)                  { double n = norm(a); return n > 0 ? scale(a, 1 / n) : a; }
static inline geo_point rotate(geo_point a, double degrees)
{
    double c = cos(degrees / DEGREES), s = sin(degrees / DEGREES);
    return vec(c * a.x - s * a.y, s * a.x + c * a.y);
}
/* Degrees from the x axis towards y. */
static inline double heading(geo_point a)                  { return atan2(a.y, a.x) * DEGREES; }
/* Into (-180, 180]. */
static inline double wrap(double degrees)
{
    double d = remainder(degrees, 360);
    return d <= -180 ? d + 360 : d;
}
/* Angle between two lines, 0..90. */
static inline double line_angle(geo_point a, geo_point b)  { return atan2(fabs(cross(a, b)), fabs(dot(a, b))) * DEGREES; }
/* Where p + s d and q + t e meet: s in *at; 0 where they are parallel. */
static inline int lines_meet(geo_point p, geo_point d, geo_point q, geo_point e, double *at)
{
    double c = cross(d, e);
    if (!(fabs(c) > 1e-12 * norm(d) * norm(e))) return 0;
    *at = cross(sub(q, p), e) / c;
    return 1;
}
#endif
