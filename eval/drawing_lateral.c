/* drawing_lateral.c - bodies, plates, pelvis, plumb lines, angles and the skull base of a lateral film; see drawing_parts.h.
 *
 * Every value that is drawn stands at the lines it was measured between, so that a reader can see what was taken for what. */
#include "eval/drawing_parts.h"
#include "base/die.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static geo_point at(double x, double y) { return (geo_point){ x, y }; }
static geo_point mid(geo_point a, geo_point b) { return at(0.5 * (a.x + b.x), 0.5 * (a.y + b.y)); }
static geo_point along(geo_point a, geo_point b, double t) { return at(a.x + t * (b.x - a.x), a.y + t * (b.y - a.y)); }
static double apart(geo_point a, geo_point b) { return hypot(a.x - b.x, a.y - b.y); }

static int there(const findings *f, const char *name) { return isfinite(findings_value(f, name)); }

/* ---- bodies -------------------------------------------------------------------------------------------------------------------------- */

/* A hollow diamond: do not trust this corner. */
static void draw_doubt(const canvas *k, geo_point p)
{
    double r = 4.5 * k->u;
    draw_ink(k, DRAW_BAD, 1);
    cairo_move_to(k->c, p.x, p.y - r), cairo_line_to(k->c, p.x + r, p.y), cairo_line_to(k->c, p.x, p.y + r),
        cairo_line_to(k->c, p.x - r, p.y);
    cairo_close_path(k->c), draw_stroke(k, 1.3);
}

static int fracture_grade(const findings *f, int level)
{
    geo_compression g;
    return level >= GEO_T4 && !geo_result_compression(f->chain.result, level, &g) ? g.grade : 0;
}

static void draw_name(const canvas *k, const findings *f, int level)
{
    geo_corners body, *q = &body;
    unsigned marks = geo_case_marks(f->chain.film, level);
    if (!geo_case_corners(f->chain.film, level, q)) return;
    int grade = fracture_grade(f, level);
    char *fracture = grade ? xprintf(" Genant %d", grade) : xdup("");
    char *text = xprintf(marks & GEO_MARK_INTERPOLATED ? "(%s)%s%s" : "%s%s%s", geo_level_name(level),
        marks & GEO_MARK_AMBIGUOUS ? "?" : "", fracture);
    double x = k->side > 0 ? fmax(q->sa.x, q->ia.x) : fmin(q->sa.x, q->ia.x);
    draw_ink(k, grade || marks & (GEO_MARK_LOW_QUALITY | GEO_MARK_INTERPOLATED) ? DRAW_BAD : DRAW_WHITE, 1);
    draw_words(k, at(x + 5 * k->side * k->u, mid(q->sa, q->ia).y), k->side > 0 ? 0 : 1, 11, text);
    free(text), free(fracture);
}

static void draw_body(const canvas *k, const findings *f, int level)
{
    geo_corners q;
    unsigned marks = geo_case_marks(f->chain.film, level);
    if (!geo_case_corners(f->chain.film, level, &q)) return;
    const geo_point p[4] = { q.sa, q.sp, q.ip, q.ia };
    int made = (marks & GEO_MARK_INTERPOLATED) != 0;
    if (!f->t) {
        for (int i = 0; i < 4; i++) cairo_line_to(k->c, p[i].x, p[i].y);
        cairo_close_path(k->c), draw_ink(k, draw_level_colour(level), (level % 2 ? 0.45 : 0.3) * (k->film ? 0.4 : 1)), cairo_fill(k->c);
    }
    draw_ink(k, made ? DRAW_BAD : DRAW_WHITE, 0.9);
    for (int i = 0; i < 4; i++) draw_line(k, p[i], p[(i + 1) % 4], made ? 1.2 : 0.8, made);
    for (int i = 0; i < 4 && !made; i++) {
        if (marks & GEO_MARK_LOW_QUALITY) draw_doubt(k, p[i]);
        else draw_ink(k, DRAW_WHITE, 1), draw_dot(k, p[i], 1.6);
    }
}

/* ---- angles between plates ----------------------------------------------------------------------------------------------------------- */

typedef struct plate { geo_point a, p; } plate;

static int plate_of(const findings *f, int level, int inferior, plate *out)
{
    geo_corners q;
    if (level == GEO_S1) return geo_case_plate(f->chain.film, &out->a, &out->p);
    if (!geo_case_corners(f->chain.film, level, &q)) return 0;
    *out = inferior ? (plate){ q.ia, q.ip } : (plate){ q.sa, q.sp };
    return 1;
}

/* Both plates drawn out behind the spine by `reach` of their length, joined by a curve with the value. */
static void draw_angle(const canvas *k, const findings *f, const char *name, int upper, int upper_inferior, int lower, int lower_inferior,
    double reach)
{
    plate u, l;
    if (!there(f, name) || !findings_wants(f, name) || !plate_of(f, upper, upper_inferior, &u) ||
        !plate_of(f, lower, lower_inferior, &l)) return;
    double length = 0.5 * (apart(u.a, u.p) + apart(l.a, l.p));
    geo_point a = along(u.a, u.p, 1 + reach * length / apart(u.a, u.p)), b = along(l.a, l.p, 1 + reach * length / apart(l.a, l.p));
    double behind = k->side > 0 ? fmin(a.x, b.x) : fmax(a.x, b.x), out = behind - k->side * 0.55 * length;
    draw_ink(k, DRAW_ANGLE, 0.95);
    draw_line(k, u.a, u.p, 2.2, 0), draw_line(k, l.a, l.p, 2.2, 0);
    draw_line(k, u.p, a, 1, 1), draw_line(k, l.p, b, 1, 1);
    cairo_move_to(k->c, a.x, a.y), cairo_curve_to(k->c, out, a.y, out, b.y, b.x, b.y);
    draw_stroke(k, 1.2);
    geo_point m = at(0.125 * a.x + 0.75 * out + 0.125 * b.x, 0.5 * (a.y + b.y));
    draw_value(k, at(m.x - 4 * k->side * k->u, m.y), k->side > 0 ? 1 : 0, name, findings_value(f, name), "°");
}

/* ---- pelvis -------------------------------------------------------------------------------------------------------------------------- */

/* Arc round o from direction d to e (unit or not), the short way, with a value at its middle. */
static void draw_arc(const canvas *k, geo_point o, geo_point d, geo_point e, double radius, const char *name, double value)
{
    double from = atan2(d.y, d.x), to = from + remainder(atan2(e.y, e.x) - from, 2 * M_PI), middle = 0.5 * (from + to);
    cairo_new_path(k->c);
    if (to > from) cairo_arc(k->c, o.x, o.y, radius, from, to);
    else cairo_arc_negative(k->c, o.x, o.y, radius, from, to);
    draw_stroke(k, 1.2);
    geo_point p = at(o.x + (radius + 5 * k->u) * cos(middle), o.y + (radius + 5 * k->u) * sin(middle));
    draw_value(k, p, cos(middle) > 0.2 ? 0 : cos(middle) < -0.2 ? 1 : 0.5, name, value, "°");
}

static void draw_pelvis(const canvas *k, const findings *f)
{
    geo_point a, p, hips = { 0, 0 };
    geo_circle head[2];
    int n = geo_case_heads(f->chain.film, head);
    for (int i = 0; i < n; i++) {
        geo_point c = at(head[i].x, head[i].y);
        draw_ink(k, DRAW_HEAD, 1);
        cairo_new_path(k->c), cairo_arc(k->c, c.x, c.y, head[i].r, 0, 2 * M_PI), draw_stroke(k, 1.2);
        draw_dot(k, c, 1.8), hips = at(hips.x + c.x / n, hips.y + c.y / n);
    }
    if (!geo_case_plate(f->chain.film, &a, &p)) return;
    geo_point m = mid(a, p), e = at(a.x - p.x, a.y - p.y);
    double length = apart(a, p);
    draw_ink(k, DRAW_PELVIS, 1);
    draw_line(k, a, p, 2.6, 0), draw_dot(k, a, 2), draw_dot(k, p, 2), draw_dot(k, m, 2.2);
    if (geo_case_marks(f->chain.film, GEO_S1) & GEO_MARK_LOW_QUALITY) draw_doubt(k, a), draw_doubt(k, p);
    draw_ink(k, DRAW_PELVIS, 1);
    if (there(f, "SS") && findings_wants(f, "SS")) {
        geo_point level = at(p.x + k->side * 1.5 * length, p.y);
        draw_line(k, p, level, 0.9, 1), draw_line(k, a, along(p, a, 1.35), 0.9, 0);
        draw_arc(k, p, at(k->side, 0), e, 1.3 * length, "SS", findings_value(f, "SS"));
    }
    if (!n || !there(f, "PI")) return;
    double far = apart(m, hips), sign = k->side > 0 ? 1 : -1;
    geo_point normal = at(-e.y / length * sign, e.x / length * sign), to = at(hips.x - m.x, hips.y - m.y);
    draw_line(k, m, hips, 1.4, 0), draw_dot(k, hips, 2.4);
    draw_line(k, m, at(m.x + 0.62 * far * normal.x, m.y + 0.62 * far * normal.y), 0.9, 1);
    draw_line(k, hips, at(hips.x, hips.y - 1.02 * far), 0.9, 1);
    if (findings_wants(f, "PI")) draw_arc(k, m, normal, to, 0.42 * far, "PI", findings_value(f, "PI"));
    if (findings_wants(f, "PT")) draw_arc(k, hips, at(0, -1), at(-to.x, -to.y), 0.62 * far, "PT", findings_value(f, "PT"));
}

/* ---- plumb lines --------------------------------------------------------------------------------------------------------------------- */

static geo_point centroid(const geo_corners *q) { return mid(mid(q->sa, q->sp), mid(q->ia, q->ip)); }

/* From `top` down to the height of `foot`, and across to it, with the distance. */
static void draw_plumb(const canvas *k, const findings *f, const char *name, geo_point top, geo_point foot)
{
    geo_value v;
    geo_result_value(f->chain.result, geo_parameter_find(name), &v);
    if ((v.code && v.code != GEO_E_NO_SPACING) || !findings_wants(f, name)) return;
    geo_point end = at(top.x, foot.y);
    draw_ink(k, DRAW_PLUMB, 1);
    draw_dot(k, top, 2.2), draw_line(k, top, at(end.x, end.y + 6 * k->u), 1.1, 1);
    draw_line(k, end, foot, 2, 0), draw_dot(k, foot, 1.8);
    char *text = xprintf("%s %+.1f %s", name, v.code ? v.pixels : v.value, v.code ? "px" : "mm");
    draw_words(k, at(fmin(end.x, foot.x) - 6 * k->u, foot.y - 9 * k->u), 1, 12, text);
    free(text);
}

static void draw_plumbs(const canvas *k, const findings *f)
{
    geo_corners c2, c7;
    geo_point a, p;
    int has7 = geo_case_corners(f->chain.film, GEO_C7, &c7);
    if (has7 && geo_case_plate(f->chain.film, &a, &p)) draw_plumb(k, f, "SVA", centroid(&c7), p);
    if (has7 && geo_case_corners(f->chain.film, GEO_C2, &c2)) draw_plumb(k, f, "cSVA", centroid(&c2), c7.sp);
}

/* ---- skull base ---------------------------------------------------------------------------------------------------------------------- */

/* Lines crowd above the dens: every label has a place of its own, `t` of the way along its line and dx, dy (anterior, down; in u) from
 * it. */
typedef struct skull_line { const char *parameter, *label; int from, to, dashed; double width, t, dx, dy, anchor; } skull_line;
static const skull_line skull_lines[] = {
    { "McG_dist", "McGregor", GEO_OCCIPUT_LOW, GEO_HARD_PALATE, 0, 1.1, 0.1, 0, 11, 0 },
    { "Chamb_dist", "Chamberlain", GEO_OPISTHION, GEO_HARD_PALATE, 1, 1.1, 0.8, 0, -11, 0 },
    { "McRae_dist", "McRae", GEO_OPISTHION, GEO_BASION, 1, 1.1, 0.3, 0, -13, 1 },
    { "BDI", "BDI", GEO_BASION, GEO_DENS_TIP, 0, 2, 0.3, 7, 0, 0 },
};

static void draw_label(const canvas *k, const findings *f, const char *parameter, const char *label, geo_point p, double dx, double dy,
    double anchor)
{
    draw_value(k, at(p.x + k->side * dx * k->u, p.y + dy * k->u), k->side > 0 ? anchor : 1 - anchor, label, findings_value(f, parameter),
        " mm");
}

/* p to the line through q and r, with the distance beside the point of the way where t says. */
static void draw_distance(const canvas *k, const findings *f, const char *name, int point, int low, int high, double dx, double dy,
    double anchor)
{
    geo_point p, q, r;
    if (!there(f, name) || !findings_wants(f, name) || !geo_case_at(f->chain.film, point, &p) || !geo_case_at(f->chain.film, low, &q) ||
        !geo_case_at(f->chain.film, high, &r)) return;
    double ex = r.x - q.x, ey = r.y - q.y, t = ((p.x - q.x) * ex + (p.y - q.y) * ey) / (ex * ex + ey * ey);
    geo_point foot = at(q.x + t * ex, q.y + t * ey);
    draw_ink(k, DRAW_PLUMB, 1);
    draw_line(k, t > 1 ? foot : r, t < 0 ? foot : q, 0.9, 1), draw_line(k, p, foot, 2, 0), draw_dot(k, p, 1.8);
    draw_label(k, f, name, name, p, dx, dy, anchor);
}

static void draw_skull(const canvas *k, const findings *f)
{
    geo_point a, b;
    for (size_t i = 0; i < sizeof skull_lines / sizeof *skull_lines; i++) {
        const skull_line *l = &skull_lines[i];
        if (!there(f, l->parameter) || !findings_wants(f, l->parameter) || !geo_case_at(f->chain.film, l->from, &a) ||
            !geo_case_at(f->chain.film, l->to, &b)) continue;
        draw_ink(k, DRAW_SKULL, 1);
        draw_line(k, a, b, l->width, l->dashed), draw_dot(k, a, 1.8), draw_dot(k, b, 1.8);
        draw_label(k, f, l->parameter, l->label, along(a, b, l->t), l->dx, l->dy, l->anchor);
    }
    draw_distance(k, f, "ADI", GEO_C1_ANT_ARCH_POST, GEO_DENS_ANT_INF, GEO_DENS_ANT_SUP, 6, 6, 0);
    draw_distance(k, f, "SAC", GEO_C1_POST_ARCH_ANT, GEO_DENS_POST_INF, GEO_DENS_POST_SUP, -5, 0, 1);
    draw_distance(k, f, "BAI", GEO_BASION, GEO_C2_POST_INF, GEO_C2_POST_SUP, 5, -12, 0);
}

void draw_lateral(const canvas *k, const findings *f)
{
    for (int i = GEO_C1; i <= GEO_L5; i++) draw_body(k, f, i);
    if (!geo_result_facing(f->chain.result, NULL)) return;
    draw_angle(k, f, "CL", GEO_C2, 1, GEO_C7, 1, 0.5);
    draw_angle(k, f, "TK", GEO_T4, 0, GEO_T12, 1, 0.5);
    draw_angle(k, f, "TLK", GEO_T10, 0, GEO_L2, 1, 1);
    draw_angle(k, f, "LL", GEO_L1, 0, GEO_S1, 0, 0.5);
    draw_plumbs(k, f), draw_pelvis(k, f), draw_skull(k, f);
    for (int i = GEO_C1; i <= GEO_L5; i++) draw_name(k, f, i);
}
