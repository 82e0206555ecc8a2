/* cobb.c - Cobb angles of a frontal film, by two conventions; see geometry.h.
 *
 * The conventions differ by more than a degree on most real films, so the method is named. midline is that of the public AASCE labels:
 * the main angle is the largest difference of two bodies' tilts; where the upper and the lower curve are looked for depends on whether the
 * spine is S-shaped and, if so, on where in the film the main curve lies. */
#include "geometry/tracing.h"
#include "geometry/vec.h"

static const char *const grades[GEO_COBB_GRADES] = { "none", "mild", "moderate", "severe" };

const char *geo_cobb_grade(int grade) { return grade >= 0 && grade < GEO_COBB_GRADES ? grades[grade] : ""; }

int cobb_grade(double main) { return main < 10 ? 0 : main < 20 ? 1 : main < 40 ? 2 : 3; }

enum { MOST = 64 };                              /* bodies */
typedef struct column { int n; double sup[MOST], inf[MOST], mid[MOST]; geo_point ends[2 * MOST]; } column;

/* Tilt in degrees, + where the right side of the image is lower. */
static double tilt(geo_point left, geo_point right) { return heading(sub(right, left)); }

static double apart_deg(double a, double b) { return fabs(wrap(a - b)); }

static void find_main(const column *c, int method, geo_cobb *out)
{
    out->main = -1;
    for (int i = 0; i < c->n; i++)
        for (int j = i + 1; j < c->n; j++) {
            double d = method == GEO_COBB_ENDPLATE ? apart_deg(c->sup[i], c->inf[j]) : apart_deg(c->mid[i], c->mid[j]);
            if (d > out->main) out->main = d, out->upper_end = i, out->lower_end = j;
        }
}

/* Does the line of plate middles cross the chord from its first to its last point? */
static int is_s_shaped(const column *c)
{
    geo_point chord = sub(c->ends[2 * c->n - 1], c->ends[0]);
    int left = 0, right = 0;
    for (int i = 1; i < 2 * c->n - 2; i++) {
        double side = cross(chord, sub(c->ends[i], c->ends[0]));
        left |= side > 0, right |= side < 0;
    }
    return left && right;
}

/* Largest difference to body k among from..to; *at: which. */
static double largest(const column *c, int k, int from, int to, int *at)
{
    double best = 0;
    *at = k;
    for (int i = from; i <= to; i++) if (apart_deg(c->mid[i], c->mid[k]) > best) best = apart_deg(c->mid[i], c->mid[k]), *at = i;
    return best;
}

static void find_others(const column *c, double height, geo_cobb *out)
{
    int i = out->upper_end, j = out->lower_end, last = c->n - 1, k, ignore;
    out->s_shaped = is_s_shaped(c);
    if (!out->s_shaped) {
        out->upper = apart_deg(c->mid[0], c->mid[i]), out->lower = apart_deg(c->mid[last], c->mid[j]);
        return;
    }
    out->upper = largest(c, i, 0, i, &k);
    if (c->ends[2 * i].y + c->ends[2 * j].y < height) out->lower = largest(c, j, j, last, &ignore);
    else out->lower = largest(c, k, 0, k, &ignore);
}

/* Bodies stand across the spine: where the curve bulges to the right, the upper end's right side is the higher one. */
static int convexity(const column *c, const geo_cobb *o)
{
    double turn = wrap(c->mid[o->upper_end] - c->mid[o->lower_end]);
    return (turn < 0) - (turn > 0);
}

int geo_cobb_find(const geo_quad *body, int n, double sx, double sy, double height, int method, geo_cobb *out)
{
    column c = { .n = n };
    *out = (geo_cobb){ .grade = grades[0] };
    if (!body || n < 2 || n > MOST || !(sx > 0) || !(sy > 0) || !(height >= 0)) return GEO_BAD;
    for (int i = 0; i < n; i++) {
        geo_point p[4];
        for (int k = 0; k < 4; k++) {
            p[k] = vec(body[i].p[k].x * sx, body[i].p[k].y * sy);
            if (!is_finite(p[k])) return GEO_BAD;
        }
        if (apart(p[0], p[1]) < 1e-6 || apart(p[2], p[3]) < 1e-6) return GEO_DEGENERATE;
        geo_point left = middle(p[0], p[3]), right = middle(p[1], p[2]);
        if (apart(left, right) < 1e-6) return GEO_DEGENERATE;
        c.sup[i] = tilt(p[0], p[1]), c.inf[i] = tilt(p[3], p[2]), c.mid[i] = tilt(left, right);
        c.ends[2 * i] = middle(p[0], p[1]), c.ends[2 * i + 1] = middle(p[3], p[2]);
    }
    find_main(&c, method, out);
    if (method == GEO_COBB_MIDLINE) find_others(&c, height * sy, out);
    out->convex = convexity(&c, out);
    out->scoliosis = cobb_grade(out->main) > 0;
    out->grade = grades[cobb_grade(out->main)];
    return GEO_OK;
}
