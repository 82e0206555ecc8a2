/* affine.h - maps of the plane: x' = m0 x + m1 y + m2, y' = m3 x + m4 y + m5. Pixel (0,0) has its centre at (0,0), x right, y down. */
#ifndef DATASETS_AFFINE_H
#define DATASETS_AFFINE_H
#include <math.h>

typedef struct affine { double m[6]; } affine;

static inline affine affine_axes(double sx, double sy, double tx, double ty) { return (affine){ { sx, 0, tx, 0, sy, ty } }; }

static inline void affine_apply(const affine *a, double x, double y, double out[2])
{
    out[0] = a->m[0] * x + a->m[1] * y + a->m[2];
    out[1] = a->m[3] * x + a->m[4] * y + a->m[5];
}

/* first, then second */
static inline affine affine_then(const affine *first, const affine *second)
{
    const double *a = first->m, *b = second->m;
    return (affine){ { b[0] * a[0] + b[1] * a[3], b[0] * a[1] + b[1] * a[4], b[0] * a[2] + b[1] * a[5] + b[2],
                       b[3] * a[0] + b[4] * a[3], b[3] * a[1] + b[4] * a[4], b[3] * a[2] + b[4] * a[5] + b[5] } };
}

/* a must not be singular */
static inline affine affine_inverse(const affine *a)
{
    const double *m = a->m, d = 1 / (m[0] * m[4] - m[1] * m[3]);
    return (affine){ { m[4] * d, -m[1] * d, (m[1] * m[5] - m[4] * m[2]) * d, -m[3] * d, m[0] * d, (m[3] * m[2] - m[0] * m[5]) * d } };
}

/* How many source pixels one step along x, and one along y, covers: the lengths of the columns. */
static inline double affine_step_x(const affine *a) { return hypot(a->m[0], a->m[3]); }
static inline double affine_step_y(const affine *a) { return hypot(a->m[1], a->m[4]); }
#endif
