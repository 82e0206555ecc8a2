/* drawing_frontal.c - bodies of a frontal film, and the lines between which the Cobb angle stands; see drawing_parts.h. */
#include "eval/drawing_parts.h"
#include "base/die.h"
#include <math.h>
#include <stdlib.h>

static geo_point mid(geo_point a, geo_point b) { return (geo_point){ 0.5 * (a.x + b.x), 0.5 * (a.y + b.y) }; }
static geo_point out_from(geo_point a, geo_point b, double t) { return (geo_point){ a.x + t * (b.x - a.x), a.y + t * (b.y - a.y) }; }

static int doubtful(const geo_found *g)
{
    return g->faults || g->disagreement > 6 || g->odd & (GEO_ODD_MERGED | GEO_ODD_SPLIT | GEO_ODD_TRUNCATED);
}

static void draw_body(const canvas *k, const findings *f, int i, int is_end)
{
    const geo_found *g = &f->chain.body[i];
    const geo_point *p = g->quad.p;
    int bad = doubtful(g);
    if (!f->t) {
        for (int j = 0; j < 4; j++) cairo_line_to(k->c, p[j].x, p[j].y);
        cairo_close_path(k->c), draw_ink(k, draw_level_colour(g->level), (i % 2 ? 0.45 : 0.3) * (k->film ? 0.4 : 1)), cairo_fill(k->c);
    }
    draw_ink(k, bad ? DRAW_BAD : DRAW_WHITE, 0.9);
    for (int j = 0; j < 4; j++) draw_line(k, p[j], p[(j + 1) % 4], 0.8, bad), draw_dot(k, p[j], 1.6);
    draw_ink(k, is_end ? DRAW_ANGLE : bad ? DRAW_BAD : DRAW_WHITE, 1);
    double side = k->side, x = side > 0 ? fmax(p[1].x, p[2].x) : fmin(p[0].x, p[3].x);
    draw_words(k, (geo_point){ x + 5 * side * k->u, side > 0 ? mid(p[1], p[2]).y : mid(p[0], p[3]).y }, side > 0 ? 0 : 1, 11,
        findings_level(f, i));
}

/* The line whose tilt counts: through the middles of both sides, or a plate. */
static void tilt_line(const findings *f, int i, int lower, geo_point *a, geo_point *b)
{
    const geo_point *p = f->chain.body[i].quad.p;
    if (f->cobb_method == GEO_COBB_MIDLINE) *a = mid(p[0], p[3]), *b = mid(p[1], p[2]);
    else *a = lower ? p[3] : p[0], *b = lower ? p[2] : p[1];
}

void draw_frontal(const canvas *given, const findings *f)
{
    const geo_cobb *g = &f->chain.cobb;
    canvas k = *given;
    int found = !f->chain.cobb_status;
    k.side = found && g->convex < 0 ? -1 : 1;    /* names on the convex side: the angle stands on the concave one */
    for (int i = 0; i < f->chain.n; i++) draw_body(&k, f, i, found && (i == g->upper_end || i == g->lower_end));
    if (!found) return;
    geo_point end[2];
    draw_ink(&k, DRAW_ANGLE, 1);
    for (int i = 0; i < 2; i++) {                /* drawn out to the concave side, where they meet */
        geo_point a, b;
        tilt_line(f, i ? g->lower_end : g->upper_end, i, &a, &b);
        int left = g->convex > 0;
        double room = left ? (b.x - k.x0 - 60 * k.u) / fmax(b.x - a.x, 1e-6) : (k.x1 - 60 * k.u - a.x) / fmax(b.x - a.x, 1e-6);
        end[i] = left ? out_from(b, a, fmax(1.2, fmin(3.2, room))) : out_from(a, b, fmax(1.2, fmin(3.2, room)));
        draw_line(&k, a, b, 2.2, 0), draw_line(&k, left ? a : b, end[i], 1.1, 1);
    }
    double out = (g->convex > 0 ? fmin(end[0].x, end[1].x) : fmax(end[0].x, end[1].x)) - (g->convex > 0 ? 1 : -1) * 24 * k.u;
    cairo_move_to(k.c, end[0].x, end[0].y), cairo_curve_to(k.c, out, end[0].y, out, end[1].y, end[1].x, end[1].y);
    draw_stroke(&k, 1.2);
    geo_point m = { 0.125 * end[0].x + 0.75 * out + 0.125 * end[1].x, 0.5 * (end[0].y + end[1].y) };
    draw_value(&k, (geo_point){ m.x - (g->convex > 0 ? 5 : -5) * k.u, m.y }, g->convex > 0 ? 1 : 0, "Cobb", g->main, "°");
}
