/* push.c - outlines that move along their own normals: erosion, dilation, and the ragged edge of a net or a hand. */
#include "base/die.h"
#include "synth/failure.h"
#include "synth/plane.h"
#include <stdlib.h>

static double perimeter(const outline *o)
{
    double l = 0;
    for (int i = 0; i < o->n; i++) l += plane_distance(o->p[i], o->p[(i + 1) % o->n]);
    return l;
}

/* The outline at about one point a pixel, evenly spaced. */
static outline resampled(const outline *o, double length)
{
    outline out = { .n = (int)fmax(16, fmin(20000, length)) };
    out.p = xalloc_n((size_t)out.n, sizeof *out.p);
    double step = length / out.n, at = 0, start = 0;
    int i = 0;
    for (int k = 0; k < out.n; k++, at += step) {
        double side = plane_distance(o->p[i], o->p[(i + 1) % o->n]);
        while (i < o->n - 1 && start + side < at) start += side, i++, side = plane_distance(o->p[i], o->p[(i + 1) % o->n]);
        plane_mix(out.p[k], o->p[i], o->p[(i + 1) % o->n], side > 0 ? fmin(1, (at - start) / side) : 0);
    }
    return out;
}

/* White noise smoothed round the outline by a Gaussian of this length, scaled to SD 1: correlation length `length`. */
static double *noise_round(int n, double length, draws *d)
{
    double *white = xalloc_n((size_t)n, sizeof *white), *out = xalloc_n((size_t)n, sizeof *out), sum = 0;
    const int reach = (int)fmin(n / 2 - 1, ceil(3 * length));
    for (int i = 0; i < n; i++) white[i] = draws_normal(d, 0, 1);
    for (int k = -reach; k <= reach; k++) sum += exp(-k * k / (length * length));
    for (int i = 0; i < n; i++)
        for (int k = -reach; k <= reach; k++) out[i] += white[(i + k + n) % n] * exp(-0.5 * k * k / (length * length)) / sqrt(sum);
    free(white);
    return out;
}

void outline_push(outline *o, double shift, double sd, double length, draws *d)
{
    if (o->n < 3) return;
    outline u = resampled(o, perimeter(o));
    double *noise = sd > 0 ? noise_round(u.n, length, d) : NULL, (*moved)[2] = xalloc_n((size_t)u.n, sizeof *moved), area = 0;
    for (int i = 0; i < u.n; i++) { const double *p = u.p[i], *q = u.p[(i + 1) % u.n]; area += p[0] * q[1] - p[1] * q[0]; }
    for (int i = 0; i < u.n; i++) {
        const double *p = u.p[(i + u.n - 2) % u.n], *q = u.p[(i + 2) % u.n], l = fmax(1e-9, plane_distance(p, q)), side = area > 0 ? 1 : -1;
        const double by = shift + (noise ? sd * noise[i] : 0);
        moved[i][0] = u.p[i][0] + side * by * (q[1] - p[1]) / l, moved[i][1] = u.p[i][1] - side * by * (q[0] - p[0]) / l;
    }
    free(o->p), free(u.p), free(noise);
    o->p = moved, o->n = u.n;
}
