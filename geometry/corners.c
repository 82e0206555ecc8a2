/* corners.c - four corners of a vertebral body from its contour; see geometry.h and corners.h.
 *
 * Two estimators that fail differently are always run: the extreme points of the body's own frame (a leak at mid height cannot reach them)
 * and lines through the plates. Their mean is the result and their difference its quality. The trap is a body higher than deep, whose long
 * axis is its height: an axis within 26 degrees of `up` (45 where the body is nearly square) is not taken for the depth. */
#include "geometry/corners.h"
#include "geometry/vec.h"
#include <limits.h>
#include <string.h>

/* e is the axis of the mask nearest to level, seen with `up` upwards: a body higher than deep is not turned by 90 degrees. */
static int frame_find(const moments *m, geo_point up, body_frame *out)
{
    geo_point right = turn(up), e = m->axis;
    if (!(m->spread[1] > 1e-6 * m->spread[0]) || !(norm(up) > 0)) return GEO_DEGENERATE;
    double steep = fabs(dot(e, up)) / norm(up), limit = m->spread[0] > 1.1 * m->spread[1] ? 0.9 : 0.7071;
    if (steep > limit) e = turn(e);                         /* higher than deep */
    out->m = *m, out->e = dot(e, right) < 0 ? scale(e, -1) : e;
    out->f = turn(out->e);
    return GEO_OK;
}

/* Plates get longer along themselves and move apart along f: their tilts stay. */
static void grow(geo_quad *q, const body_frame *b, double by)
{
    static const int end[2][2] = { { 0, 1 }, { 3, 2 } };
    for (int k = 0; k < 2 && by > 0; k++) {
        geo_point *l = &q->p[end[k][0]], *r = &q->p[end[k][1]], d = unit(sub(*r, *l)), out = scale(b->f, k ? by : -by);
        *l = add(along(*l, d, -by), out), *r = add(along(*r, d, by), out);
    }
}

/* ---- estimators ----------------------------------------------------------------------------------------------------------------- */

/* The extreme vertex is one step off as often as not: all that come within REACH pixels of it count, the nearer the more. Rounding to
 * whole pixels has an SD of 0.29; a wider reach would also even out what is no rounding, as the tip of a lip. */
static const double REACH = 0.3;

int corners_extreme(const geo_contour *c, const body_frame *b, geo_quad *out, int64_t index[4])
{
    static const double along_e[4] = { -1, 1, 1, -1 }, along_f[4] = { -1, -1, 1, 1 };
    double most_e = 0, most_f = 0, best[4] = { -INFINITY, -INFINITY, -INFINITY, -INFINITY };
    for (int64_t i = 0; i < c->n; i++) {
        geo_point v = sub(c->p[i], b->m.centre);
        most_e = fmax(most_e, fabs(dot(v, b->e))), most_f = fmax(most_f, fabs(dot(v, b->f)));
    }
    if (!(most_e > 0) || !(most_f > 0)) return GEO_DEGENERATE;
    geo_point u = scale(b->e, 1 / most_e), w = scale(b->f, 1 / most_f);
    for (int64_t i = 0; i < c->n; i++) {
        geo_point v = sub(c->p[i], b->m.centre);
        double s = dot(v, u), t = dot(v, w);
        for (int k = 0; k < 4; k++) {
            double reach = along_e[k] * s + along_f[k] * t;
            if (reach > best[k]) best[k] = reach, index[k] = i;
        }
    }
    double near = REACH / (0.5 * (most_e + most_f)), weight[4] = { 0 };
    memset(out, 0, sizeof *out);
    for (int64_t i = 0; i < c->n; i++) {
        geo_point v = sub(c->p[i], b->m.centre);
        double s = dot(v, u), t = dot(v, w);
        for (int k = 0; k < 4; k++) {
            double share = along_e[k] * s + along_f[k] * t - best[k] + near;
            if (share > 0) out->p[k] = along(out->p[k], v, share), weight[k] += share;
        }
    }
    for (int k = 0; k < 4; k++) out->p[k] = along(b->m.centre, out->p[k], 1 / weight[k]);
    return GEO_OK;
}

int corners_axis(const body_frame *b, geo_quad *out)
{
    /* the rectangle of the same second moments has half sides sqrt(3) SD */
    int long_e = fabs(dot(b->m.axis, b->e)) > 0.5;
    geo_point u = scale(b->e, sqrt(3) * b->m.spread[!long_e]), w = scale(b->f, sqrt(3) * b->m.spread[long_e]), c = b->m.centre;
    out->p[0] = sub(sub(c, u), w), out->p[1] = sub(add(c, u), w), out->p[2] = add(add(c, u), w), out->p[3] = add(sub(c, u), w);
    return GEO_OK;
}

void corners_order(const geo_point four[4], const body_frame *b, geo_quad *out)
{
    geo_quad q;
    memcpy(q.p, four, sizeof q.p);
    if (quad_area(&q) < 0) {
        geo_point t = q.p[1];
        q.p[1] = q.p[3], q.p[3] = t;
    }
    double best = -INFINITY;
    for (int k = 0; k < 4; k++) {                           /* of the four ways to start: upper edge most to the right and highest */
        geo_point edge = sub(add(q.p[(k + 1) % 4], q.p[(k + 2) % 4]), add(q.p[k], q.p[(k + 3) % 4]));
        geo_point down = sub(add(q.p[(k + 2) % 4], q.p[(k + 3) % 4]), add(q.p[k], q.p[(k + 1) % 4]));
        double fits = dot(unit(edge), b->e) + dot(unit(down), b->f);
        if (fits <= best) continue;
        best = fits;
        for (int i = 0; i < 4; i++) out->p[i] = q.p[(k + i) % 4];
    }
}

/* Corners moved along the cross direction onto the line (centre, d); b's plates are nowhere near parallel to f. */
static int snap(geo_quad *q, int left, int right, geo_point centre, geo_point d, const body_frame *b)
{
    double s, t;
    if (!lines_meet(q->p[left], b->f, centre, d, &s) || !lines_meet(q->p[right], b->f, centre, d, &t)) return GEO_DEGENERATE;
    q->p[left] = along(q->p[left], b->f, s), q->p[right] = along(q->p[right], b->f, t);
    return GEO_OK;
}

/* share 1: the fitted lines themselves; below: so much of the way from the corner-to-corner chord to the line, about the chord's middle.
 * The chord is that of the extreme vertices by themselves: smoothed corners err with the line, single ones beside it, so that their mean
 * is better. *apart_deg: the larger angle between line and chord. */
static int from_lines(const geo_contour *c, const body_frame *b, double share, double trim, geo_quad *out, double *apart_deg)
{
    static const int end[2][2] = { { 0, 1 }, { 3, 2 } };
    int64_t index[4];
    int status = corners_extreme(c, b, out, index);
    *apart_deg = 0;
    for (int k = 0; k < 2 && !status; k++) {
        int l = end[k][0], r = end[k][1];
        const geo_point ends[2] = { c->p[index[l]], c->p[index[r]] };
        geo_point centre, d, chord = unit(sub(ends[1], ends[0]));
        if (!endplate_fit(c, index[l], index[r], ends, trim, &centre, &d)) return GEO_DEGENERATE;
        double off = atan2(cross(chord, d), dot(chord, d)) * DEGREES;
        *apart_deg = fmax(*apart_deg, fabs(off));
        if (share < 1) centre = middle(out->p[l], out->p[r]);
        status = snap(out, l, r, centre, rotate(chord, share * off), b);
    }
    return status;
}

typedef struct limits { double angle_from, angle_to, aspect_from, aspect_to, common, area, wedge; } limits;

/* Tests of a quadrilateral by itself: bits of GEO_FAULT_*. */
static unsigned faults_of(const geo_quad *q, const geo_contour *c, const body_frame *b, int cervical, int fractured)
{
    const limits l = { 60, 120, fractured ? 0.25 : cervical ? 0.45 : 0.35, cervical ? 1.2 : 1.4, cervical ? 0.85 : 0.90, 0.12, 25 };
    unsigned bad = 0;
    double area = quad_area(q);
    for (int k = 0; k < 4; k++) {
        geo_point u = sub(q->p[(k + 1) % 4], q->p[k]), v = sub(q->p[(k + 3) % 4], q->p[k]);
        double angle = atan2(cross(u, v), dot(u, v)) * DEGREES;
        if (!(angle >= l.angle_from && angle <= l.angle_to)) bad |= GEO_FAULT_ANGLE;
    }
    if (!(area > 0)) return bad | GEO_FAULT_ORDER;
    double depth = 0.5 * (apart(q->p[0], q->p[1]) + apart(q->p[2], q->p[3])),
        height = 0.5 * (apart(q->p[0], q->p[3]) + apart(q->p[1], q->p[2]));
    if (!(height >= l.aspect_from * depth && height <= l.aspect_to * depth)) bad |= GEO_FAULT_ASPECT;
    if (line_angle(sub(q->p[1], q->p[0]), sub(q->p[2], q->p[3])) > l.wedge) bad |= GEO_FAULT_WEDGE;
    if (fabs(area / b->m.area - 1) > l.area) bad |= GEO_FAULT_AREA;
    if (!(bad & (GEO_FAULT_ANGLE | GEO_FAULT_AREA))) {
        double common = shape_common(c->p, c->n, q);
        if (!(common >= l.common * (area + b->m.area - common))) bad |= GEO_FAULT_COMMON;
    }
    return bad;
}

/* c: the contour as given; o: its rim. */
static int estimate(const geo_contour *c, const rim *o, const body_frame *b, int method, double trim, geo_quad *out, double *apart_deg)
{
    geo_point four[4];
    int64_t index[4];
    int status = GEO_BAD;
    switch (method) {
    case GEO_CORNERS_AXIS: return corners_axis(b, out);
    case GEO_CORNERS_RDP:
    case GEO_CORNERS_RDP_HULL:
        status = corners_rdp(c, method == GEO_CORNERS_RDP_HULL, four);
        if (!status) corners_order(four, b, out);
        return status;
    case GEO_CORNERS_MEAN: status = from_lines(&o->c, b, 0.5, trim, out, apart_deg); break;
    case GEO_CORNERS_LINES: status = from_lines(&o->c, b, 1, trim, out, apart_deg); break;
    case GEO_CORNERS_SIDES: status = corners_sides(&o->c, b, SIDES_ROUNDS, out); break;
    case GEO_CORNERS_EXTREME: status = corners_extreme(&o->c, b, out, index); break;
    case GEO_CORNERS_RECTANGLE:
        status = geo_rectangle(&o->c, four);
        if (!status) corners_order(four, b, out);
    }
    if (!status) grow(out, b, o->inside);
    return status;
}

void geo_corners_defaults(geo_corners_options *o)
{
    *o = (geo_corners_options){ .size = sizeof *o, .method = GEO_CORNERS_AUTO, .trim = 0.05, .up = { 0, -1 } };
}

/* Is there a lip on a body that is large enough for lines through all its sides? One round tells most bodies, which have none. */
static int has_lip(const rim *o, const body_frame *b)
{
    geo_quad q;
    if (!(sqrt(12) * b->m.spread[0] >= 80) || corners_sides(&o->c, b, 1, &q) || !corners_has_lip(&o->c, b, &q, 0.6)) return 0;
    return !corners_sides(&o->c, b, SIDES_ROUNDS, &q) && corners_has_lip(&o->c, b, &q, 1);
}

/* The first method of the list without a fault, else the one with the fewest. */
static int choose(const geo_contour *c, const rim *l, const body_frame *b, const geo_corners_options *o, geo_body *out)
{
    static const int order[] = { GEO_CORNERS_SIDES, GEO_CORNERS_MEAN, GEO_CORNERS_EXTREME, GEO_CORNERS_LINES, GEO_CORNERS_RECTANGLE,
        GEO_CORNERS_AXIS };
    geo_quad first = { { { 0, 0 } } };
    double off = 0, ignore;
    int have = !estimate(c, l, b, GEO_CORNERS_MEAN, o->trim, &first, &off), status = GEO_DEGENERATE;
    out->disagreement = have ? off : 180;
    int all = o->method == GEO_CORNERS_AUTO, n = all ? (int)(sizeof order / sizeof *order) : 1, least = INT_MAX;
    for (int k = all && !has_lip(l, b); k < n && least; k++) {
        int method = all ? order[k] : o->method;
        geo_quad q = first;
        if (method == GEO_CORNERS_MEAN) status = have ? GEO_OK : GEO_DEGENERATE;
        else status = estimate(c, l, b, method, o->trim, &q, &ignore);
        if (status) continue;
        unsigned faults = faults_of(&q, c, b, o->cervical, o->fractured);
        if (__builtin_popcount(faults) >= least) continue;
        least = __builtin_popcount(faults);
        out->quad = q, out->method = method, out->faults = faults;
    }
    if (least == INT_MAX) return status;
    return all && least ? GEO_DEGENERATE : GEO_OK;
}

int geo_corners_find(const geo_contour *c, const geo_corners_options *options, geo_body *out)
{
    geo_corners_options o;
    body_frame b;
    rim l;
    geo_corners_defaults(&o);
    if (options) memcpy(&o, options, options->size < sizeof o ? options->size : sizeof o);
    memset(out, 0, sizeof *out);
    if (!c || !c->p) return GEO_BAD;
    for (int64_t i = 0; i < c->n; i++) if (!is_finite(c->p[i])) return GEO_BAD;
    int status = rim_of(c, &l);
    if (status) return status;
    status = frame_find(&l.m, o.up, &b);
    out->centre = l.m.centre, out->area = l.m.area;
    if (!status) status = choose(c, &l, &b, &o, out);
    geo_contour_free(&l.c);
    return status;
}

geo_corners geo_corners_name(const geo_quad *q, int facing)
{
    if (facing >= 0) return (geo_corners){ q->p[1], q->p[0], q->p[2], q->p[3] };
    return (geo_corners){ q->p[0], q->p[1], q->p[3], q->p[2] };
}

geo_quad geo_corners_quad(const geo_corners *c, int facing)
{
    if (facing >= 0) return (geo_quad){ { c->sp, c->sa, c->ia, c->ip } };
    return (geo_quad){ { c->sa, c->sp, c->ip, c->ia } };
}
