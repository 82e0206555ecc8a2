/* drawing_panel.c - the table beside the film: values, units, normal ranges, what is outside them, scores and warnings; and what the marks
 * on the film mean. The letters are made as small as the number of lines needs. */
#include "eval/drawing_parts.h"
#include "base/die.h"
#include "base/utf8.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINES = 110 };
typedef struct line { char *cell[4]; int kind; } line;            /* name, value, unit, normal */
enum { VALUE, OUTSIDE, DOUBTED, HEADING, TEXT, GAP_LINE };
typedef struct lines { int n; line l[LINES]; } lines;

static void add(lines *t, int kind, const char *a, const char *b, const char *c, const char *d)
{
    const char *cell[4] = { a, b, c, d };
    if (t->n == LINES) return;
    for (int i = 0; i < 4; i++) t->l[t->n].cell[i] = utf8_clean(cell[i]);
    t->l[t->n++].kind = kind;
}

/* Text broken into lines of at most `wide` bytes at blanks. */
static void add_text(lines *t, const char *text, size_t wide)
{
    while (*text) {
        size_t n = strlen(text);
        if (n > wide) for (n = wide; n > 1 && text[n] != ' ';) n--;
        if (n <= 1) n = strlen(text) < wide ? strlen(text) : wide;
        char *part = xprintf("%.*s", (int)n, text);
        add(t, TEXT, part, "", "", "");
        free(part), text += n + (text[n] == ' ');
    }
}

static void add_values(lines *t, const findings *f, const ranges *normal)
{
    finding *row;
    int n = findings_rows(f, normal, &row);
    for (int g = 0; g < FINDINGS_GROUPS; g++) {
        int any = 0;
        for (int i = 0; i < n; i++) {
            const finding *r = &row[i];
            char value[48], range[48];
            if (r->v.code || strcmp(r->group, findings_groups[g])) continue;
            if (!any++) add(t, HEADING, findings_groups[g], "", "", "");
            snprintf(value, sizeof value, "%.*f", strcmp(r->unit, "ratio") ? 1 : 2, fabs(r->v.value) < 0.05 ? 0 : r->v.value);
            const char *unit = !strcmp(r->unit, "deg") ? "°" : !strcmp(r->unit, "percent") ? "%" : strcmp(r->unit, "ratio") ? r->unit : "";
            char *limits = xprintf("%s%s", r->normal ? range_text(r->normal, range) : "",
                r->side < 0 ? "  LOW" : r->side > 0 ? "  HIGH" : "");
            add(t, r->side ? OUTSIDE : r->v.marks ? DOUBTED : VALUE, r->name, value, unit, limits), free(limits);
        }
    }
    free(row);
}

static void add_scores(lines *t, const findings *f)
{
    geo_gap g;
    double pill = findings_value(f, "PILL"), pt = findings_value(f, "PT"), sva = findings_value(f, "SVA"), ss = findings_value(f, "SS");
    add(t, GAP_LINE, "", "", "", "");
    if (findings_wants_gap(f) && !geo_result_gap(f->chain.result, &g)) {
        char *text = xprintf("GAP %d of 13 (%s)", g.total, g.category);
        add(t, TEXT, text, "", "", ""), free(text);
    }
    if (isfinite(pill) && isfinite(pt)) {
        char *text = xprintf("Schwab PI-LL %s, PT %s%s%s", geo_schwab("PI-LL", pill), geo_schwab("PT", pt), isfinite(sva) ? ", SVA " : "",
                             isfinite(sva) ? geo_schwab("SVA", sva) : "");
        add(t, TEXT, text, "", "", ""), free(text);
    }
    if (isfinite(ss)) {
        char *text = xprintf("Roussouly type %s", geo_roussouly(ss, pt, findings_value(f, "PI")));
        add(t, TEXT, text, "", "", ""), free(text);
    }
}

static void add_frontal(lines *t, const findings *f)
{
    const geo_cobb *g = &f->chain.cobb;
    char value[32];
    if (f->chain.cobb_status) {
        add(t, TEXT, "no Cobb angle: fewer than two usable bodies", "", "", "");
        return;
    }
    add(t, HEADING, "coronal Cobb", "", "", "");
    snprintf(value, sizeof value, "%.1f", g->main);
    add(t, g->scoliosis ? OUTSIDE : VALUE, "main", value, "°", g->scoliosis ? g->grade : "no scoliosis");
    for (int i = 0; i < 2 && f->cobb_method == GEO_COBB_MIDLINE; i++) {
        snprintf(value, sizeof value, "%.1f", i ? g->lower : g->upper);
        add(t, VALUE, i ? "lower" : "upper", value, "°", "");
    }
    char *text = xprintf("%s to %s, convex to the %s", findings_level(f, g->upper_end), findings_level(f, g->lower_end),
                         g->convex > 0 ? "right" : g->convex < 0 ? "left" : "neither side");
    add(t, TEXT, text, "", "", ""), free(text);
    add(t, TEXT, f->cobb_method == GEO_COBB_MIDLINE ? "method: midline" : "method: endplate", "", "", "");
}

static void add_rest(lines *t, const findings *f)
{
    int n = f->frontal ? f->chain.warnings : geo_result_warnings(f->chain.result);
    char *all = xdup("");
    for (int i = 0; i < n; i++) {
        char *more = xprintf("%s%s%s", all, i ? " " : "", f->frontal ? f->chain.warning[i] : geo_result_warning(f->chain.result, i));
        free(all), all = more;
    }
    if (n) add(t, HEADING, "warnings", "", "", ""), add_text(t, all, 38);
    free(all);
    add(t, HEADING, "marks, where there are any", "", "", "");
    if (f->frontal) add(t, TEXT, "orange, dashed: corners of low quality", "", "", "");
    else {
        add(t, TEXT, "orange, dashed, name in (): interpolated", "", "", "");
        add(t, TEXT, "orange diamonds: corners of low quality", "", "", "");
    }
    add(t, TEXT, "grey, dashed: left out", "", "", "");
}

static void put(cairo_t *c, double x, double y, double anchor, double size, int bold, const char *text)
{
    cairo_text_extents_t e;
    cairo_select_font_face(c, "sans-serif", CAIRO_FONT_SLANT_NORMAL, bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(c, size);
    cairo_text_extents(c, text, &e);
    cairo_move_to(c, x - anchor * e.x_advance, y), cairo_show_text(c, text);
}

/* The size at which a text takes at most this width: a number cut off at the edge would be read as another one. */
static double size_within(cairo_t *c, const char *text, double size, int bold, double width)
{
    cairo_text_extents_t e;
    cairo_select_font_face(c, "sans-serif", CAIRO_FONT_SLANT_NORMAL, bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(c, size);
    cairo_text_extents(c, text, &e);
    return e.x_advance > width ? size * width / e.x_advance : size;
}

static void put_line(cairo_t *c, const line *l, double y, double width, double size)
{
    static const double colour[][3] = { [VALUE] = { 0.93, 0.93, 0.93 }, [OUTSIDE] = { 1, 0.55, 0.3 }, [DOUBTED] = { 1, 0.8, 0.55 },
                                        [HEADING] = { 0.95, 0.9, 0.3 }, [TEXT] = { 0.75, 0.75, 0.75 }, [GAP_LINE] = { 0, 0, 0 } };
    const double *k = colour[l->kind];
    int bold = l->kind == HEADING || l->kind == OUTSIDE;
    cairo_set_source_rgb(c, k[0], k[1], k[2]);
    put(c, 0.04 * width, y, 0, size_within(c, l->cell[0], size, bold, (*l->cell[1] ? 0.3 : 0.92) * width), bold, l->cell[0]);
    put(c, 0.45 * width, y, 1, size, bold, l->cell[1]);
    put(c, 0.465 * width, y, 0, size, bold, l->cell[2]);
    put(c, 0.57 * width, y, 0, 0.9 * size, bold, l->cell[3]);
}

void draw_panel(cairo_t *c, double width, double height, const findings *f, const ranges *normal)
{
    lines *t = xalloc(sizeof *t);
    char *view = xprintf("%s film%s", f->frontal ? "frontal" : "lateral", f->sx > 0 ? "" : ", spacing not known");
    cairo_set_source_rgb(c, 0.08, 0.08, 0.1), cairo_rectangle(c, 0, 0, width, height), cairo_fill(c);
    add(t, HEADING, f->id, "", "", ""), add(t, TEXT, view, "", "", "");
    free(view);
    if (f->failed) add(t, OUTSIDE, f->failed, "", "", "");
    else if (f->frontal) add_frontal(t, f), add_rest(t, f);
    else if (geo_result_error(f->chain.result)[0]) add(t, OUTSIDE, geo_result_error(f->chain.result), "", "", "");
    else add_values(t, f, normal), add_scores(t, f), add_rest(t, f);
    double step = fmin(height / (t->n + 2), width / 15), size = fmin(0.78 * step, width / 25);
    for (int i = 0; i < t->n; i++) put_line(c, &t->l[i], (i + 1.5) * step, width, size);
    for (int i = 0; i < t->n; i++) for (int k = 0; k < 4; k++) free(t->l[i].cell[k]);
    free(t);
}
