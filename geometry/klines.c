/* klines.c - the four sides of a body as lines, its corners as their crossings; see corners.h.
 *
 * A side is fitted to the contour between two corners without their neighbourhood, so a lip at a corner, which draws every other estimator
 * outwards, takes no part. The trap is a short side: its line turns with the noise, and the crossings run away. A pixel more or less at the
 * end of a section moves a corner by a fraction of a pixel, which moves the section: two bodies of three never settle. So corners go half
 * the way, and the mean of the last rounds stands for where they swing. */
#include "geometry/corners.h"
#include "geometry/vec.h"
#include <string.h>

/* Lips of drawn osteophytes stand out by 0.10 to 0.27 of the depth, corners of sound bodies with noise by 0.02 to 0.10. A pedicle that
 * leaks into the mask turns the line of its side so that one corner stands out; but that line fits badly, and lips come in pairs. */
static const double LIP = 0.11, SECOND_LIP = 0.06;
static const double FIRST_TRIM = 0.18, TRIM = 0.11;         /* shares of a side */
static const double FARTHEST = 1;                           /* of the depth: how far a corner may move in a round */
enum { SWINGING = 4 };                                      /* from this round on corners swing about their places, if they do */

int corners_sides(const geo_contour *c, const body_frame *b, int rounds, geo_quad *out)
{
    int64_t index[4];
    int status = corners_extreme(c, b, out, index);
    if (status) return status;
    for (int k = 0; k < 4; k++) out->p[k] = c->p[index[k]];
    const double depth = 0.5 * (apart(out->p[0], out->p[1]) + apart(out->p[2], out->p[3]));
    geo_quad sum = { { { 0, 0 } } };
    for (int round = 0; round < rounds; round++) {
        geo_point centre[4], d[4];
        double moved = 0;
        geo_quad q;
        for (int k = 0; k < 4; k++) index[k] = shape_nearest(c, out->p[k]);
        for (int k = 0; k < 4; k++) {
            const geo_point ends[2] = { out->p[k], out->p[(k + 1) % 4] };
            const double trim = round < 2 ? FIRST_TRIM : TRIM;
            if (!endplate_fit(c, index[k], index[(k + 1) % 4], ends, trim, &centre[k], &d[k])) return GEO_DEGENERATE;
        }
        for (int k = 0; k < 4; k++) {
            const int before = (k + 3) % 4;
            double t;
            if (!lines_meet(centre[before], d[before], centre[k], d[k], &t)) return GEO_DEGENERATE;
            q.p[k] = along(centre[before], d[before], t);
            const double step = apart(q.p[k], out->p[k]);
            if (!(step <= FARTHEST * depth)) return GEO_DEGENERATE;
            moved += step;
        }
        for (int k = 0; k < 4; k++) out->p[k] = round < 2 ? q.p[k] : middle(out->p[k], q.p[k]);
        if (moved < 1e-3) return GEO_OK;
        for (int k = 0; k < 4 && round >= SWINGING; k++) sum.p[k] = add(sum.p[k], q.p[k]);
    }
    for (int k = 0; k < 4 && rounds > SWINGING; k++) out->p[k] = scale(sum.p[k], 1. / (rounds - SWINGING));
    return GEO_OK;
}

/* RMS distance of the contour from the line of side k, without its ends. */
static double roughness(const geo_contour *c, const geo_quad *q, int k)
{
    const geo_point from = q->p[k], along_side = sub(q->p[(k + 1) % 4], from);
    const double length = norm(along_side);
    const int64_t i = shape_nearest(c, from), n = (shape_nearest(c, q->p[(k + 1) % 4]) - i + c->n) % c->n;
    double sum = 0, count = 0;
    for (int64_t m = 0; m <= n; m++) {
        geo_point v = sub(c->p[(i + m) % c->n], from);
        const double t = dot(v, along_side) / (length * length), off = cross(along_side, v) / length;
        if (t >= TRIM && t <= 1 - TRIM) sum += off * off, count++;
    }
    return count > 0 ? sqrt(sum / count) : INFINITY;
}

int corners_has_lip(const geo_contour *c, const body_frame *b, const geo_quad *sides, double share)
{
    geo_quad extreme;
    int64_t index[4];
    double lip = 0, second = 0, rough = 0, depth = 0.5 * (apart(sides->p[0], sides->p[1]) + apart(sides->p[2], sides->p[3]));
    if (!(depth > 0) || corners_extreme(c, b, &extreme, index)) return 0;
    for (int k = 0; k < 4; k++) {
        double out = 0;
        for (int side = k; side <= k + 3; side += 3) {      /* outside lies to the left of the way round */
            geo_point from = sides->p[side % 4], e = unit(sub(sides->p[(side + 1) % 4], from));
            out = fmax(out, -cross(e, sub(c->p[index[k]], from)));
        }
        second = fmax(second, fmin(out, lip)), lip = fmax(lip, out), rough = fmax(rough, roughness(c, sides, k));
    }
    return lip > share * LIP * depth && second > share * SECOND_LIP * depth && lip > share * 3.5 * rough;
}
