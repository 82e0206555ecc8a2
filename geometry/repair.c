/* repair.c - bodies made up between two that are there; see geometry.h.
 *
 * In the lumbar spine the discs carry most of the lordosis, so tilts taken half way between the neighbours are 3 degrees off: the
 * level's usual offset from the facing plates (template.h) takes that bias away. What is made up is marked, and is never used where it
 * would be measured for its own sake (heights, slip). */
#include "geometry/tracing.h"
#include "geometry/template.h"
#include "geometry/vec.h"
#include <math.h>

/* corners about the centre, level, of size 1 */
typedef struct shape4 { geo_point corner[4]; geo_point centre; double tilt, size; } shape4;

static int is_there(const film *f, int level) { return f->level[level].given & GIVEN_CORNERS && !f->level[level].bad; }

static double tilt_of(const level_frame *v) { return v->sup.slope + 0.5 * wrap(v->inf.slope - v->sup.slope); }

/* Slopes fall where anterior is lower, angles in (a, u) the other way round: turning by -slope lays a plate of that slope level. */
static shape4 shape_of(const level_frame *v)
{
    shape4 s = { .centre = v->centre, .tilt = tilt_of(v) };
    s.size = sqrt(fabs(0.5 * cross(sub(v->corner[IP], v->corner[SA]), sub(v->corner[IA], v->corner[SP]))));
    for (int k = 0; k < 4; k++) s.corner[k] = rotate(scale(sub(v->corner[k], v->centre), 1 / s.size), s.tilt);
    return s;
}

/* Usual heights add up to where between two centres the centre of a level is. */
static double usual_step(int level)              /* from the centre of level to that of the next */
{
    const usual_body *a = &usual[level], *b = &usual[level + 1];
    return 0.25 * (a->height * (1 + a->ratio) + b->height * (1 + b->ratio)) + 0.5 * (a->disc_ant + a->disc_post);
}

/* Hermite curve from p1 to p2 at fraction t; p0 and p3 lie beyond, at distances (in steps) s0 and s2 from them, with s1 between. */
static geo_point curve(geo_point p0, geo_point p1, geo_point p2, geo_point p3, double s0, double s1, double s2, double t)
{
    geo_point v1 = scale(sub(p2, p0), s1 / (s0 + s1)), v2 = scale(sub(p3, p1), s1 / (s1 + s2));
    double a = 2 * t * t * t - 3 * t * t + 1, b = t * t * t - 2 * t * t + t, c = -2 * t * t * t + 3 * t * t, d = t * t * t - t * t;
    return add(add(scale(p1, a), scale(v1, b)), add(scale(p2, c), scale(v2, d)));
}

static double steps(int from, int to)
{
    double s = 0;
    for (int i = from; i < to; i++) s += usual_step(i);
    return s;
}

static geo_point centre_at(const film *f, int up, int down, int level)
{
    double s1 = steps(up, down), t = steps(up, level) / s1, s0 = s1, s2 = s1;
    geo_point p1 = f->level[up].centre, p2 = f->level[down].centre, p0 = sub(scale(p1, 2), p2), p3 = sub(scale(p2, 2), p1);
    if (up > GEO_C2 && is_there(f, up - 1)) p0 = f->level[up - 1].centre, s0 = usual_step(up - 1);
    if (down < GEO_L5 && is_there(f, down + 1)) p3 = f->level[down + 1].centre, s2 = usual_step(down);
    else if (down == GEO_L5 && f->level[GEO_S1].given && !f->level[GEO_S1].bad) p3 = f->m, s2 = 0.5 * usual_step(GEO_L4);
    return curve(p0, p1, p2, p3, s0, s1, s2, t);
}

/* Slope of a plate of `level` at fraction t between the facing plates, with the level's usual offset from them. */
static double slope_at(const film *f, int up, int down, double t, double own)
{
    double above = f->level[up].inf.slope, between = above + t * wrap(f->level[down].sup.slope - above);
    double usual_between = usual[up].inf + t * (usual[down].sup - usual[up].inf);
    return between + own - usual_between;
}

static void make(const film *f, int up, int down, int level, geo_point out[4])
{
    shape4 a = shape_of(&f->level[up]), b = shape_of(&f->level[down]);
    double t = steps(up, level) / steps(up, down), size = a.size + t * (b.size - a.size);
    double sup = slope_at(f, up, down, t, usual[level].sup), inf = slope_at(f, up, down, t, usual[level].inf),
        mid = sup + 0.5 * (inf - sup);
    geo_point centre = centre_at(f, up, down, level);
    for (int k = 0; k < 4; k++) out[k] = scale(blend(a.corner[k], b.corner[k], t), size);
    const int pair[2][2] = { { SA, SP }, { IA, IP } };
    for (int k = 0; k < 2; k++) {                /* each plate keeps its middle and length and gets its slope */
        geo_point m = middle(out[pair[k][0]], out[pair[k][1]]), half = vec(0.5 * apart(out[pair[k][0]], out[pair[k][1]]), 0);
        half = rotate(half, -wrap((k ? inf : sup) - mid));
        out[pair[k][0]] = add(m, half), out[pair[k][1]] = sub(m, half);
    }
    for (int k = 0; k < 4; k++) out[k] = add(centre, rotate(out[k], -mid));
}

/* Corners are named, so they say which way the patient looks even where no vote would. */
static int facing_of(const geo_case *c)
{
    double sum = 0;
    for (int i = GEO_C2; i <= GEO_S1; i++)
        if (c->level[i].given & GIVEN_CORNERS) sum += c->level[i].corner[SA].x > c->level[i].corner[SP].x ? 1 : -1;
    return sum < 0 ? -1 : 1;
}

int geo_case_repair(geo_case *c, int most) { return case_repair(c, most, NULL); }

int case_repair(geo_case *c, int most, const uint8_t *no_room)
{
    film f;
    int made = 0, facing = facing_of(c);
    film_build(c, facing, &f);
    double kx = facing * (c->sx > 0 ? c->sx : 1), ky = -(c->sy > 0 ? c->sy : 1);
    for (int up = GEO_C2, down; up < GEO_L5; up = down) {
        for (down = up + 1; down <= GEO_L5 && !is_there(&f, down); down++) {}
        if (!is_there(&f, up) || down > GEO_L5 || down - up - 1 > most || (no_room && no_room[up])) continue;
        for (int level = up + 1; level < down; level++) {
            geo_point p[4];
            if (c->level[level].given & GIVEN_CORNERS) continue;           /* there, but of no use: not ours to replace */
            make(&f, up, down, level, p);
            for (int k = 0; k < 4; k++) p[k] = vec(p[k].x / kx, p[k].y / ky);
            if (!geo_case_vertebra(c, level, &(geo_corners){ p[SA], p[SP], p[IA], p[IP] }))
                geo_case_mark(c, level, GEO_MARK_INTERPOLATED), made++;
        }
    }
    return made;
}
