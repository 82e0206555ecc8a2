/* plots.c - see plots.h. One idea: a figure is laid out in points and drawn once, on whichever surface. The traps: an epoch without a value
 * (a gap) must break the line, a point between two gaps must still be seen, and a hundred thousand steps must not become a hundred
 * thousand line segments. */
#include "eval/plots.h"
#include "eval/plots_axis.h"
#include "eval/stats.h"
#include "base/die.h"
#include <assert.h>
#include <math.h>
#include <stdlib.h>

enum { PANEL_W = 300, PANEL_H = 236, LEFT = 48, RIGHT = 12, TITLE = 24, LEGEND = 15, BOTTOM = 38, PAD = 6 };
static const double dashes[4][4] = { { 0 }, { 6, 2.5 }, { 1.5, 2.5 }, { 7, 2.5, 1.5, 2.5 } };
static const int dash_parts[4] = { 0, 2, 2, 4 };

static int is_point(const plot_series *s, int64_t i) { return fabs(s->x[i]) <= PLOT_LARGEST && fabs(s->y[i]) <= PLOT_LARGEST; }

/* The frame of the data: only x and y axes, light lines at the ticks of y. */
static void draw_axes(cairo_t *c, const axis *x, const axis *y, const char *x_label, const char *y_label)
{
    double value;
    char *label;
    cairo_set_line_width(c, 0.5);
    for (int k = 0; axis_tick(y, k, &value, &label); k++) {
        double at = axis_at(y, value);
        grey(c, 0.88);
        cairo_move_to(c, x->from, at), cairo_line_to(c, x->to, at), cairo_stroke(c);
        grey(c, 0.25);
        words(c, x->from - 5, at + 3, 1, 8.5, 0, label);
        free(label);
    }
    grey(c, 0.25);
    cairo_set_line_width(c, 0.8);
    for (int k = 0; axis_tick(x, k, &value, &label); k++) {
        double at = axis_at(x, value);
        cairo_move_to(c, at, y->from), cairo_line_to(c, at, y->from + 3.5), cairo_stroke(c);
        words(c, at, y->from + 13, 0.5, 8.5, 0, label);
        free(label);
    }
    cairo_move_to(c, x->from, y->to), cairo_line_to(c, x->from, y->from), cairo_line_to(c, x->to, y->from), cairo_stroke(c);
    words(c, 0.5 * (x->from + x->to), y->from + 28, 0.5, 9.5, 0, x_label);
    cairo_save(c);
    cairo_translate(c, x->from - LEFT + 11, 0.5 * (y->from + y->to));
    cairo_rotate(c, -M_PI / 2);
    words(c, 0, 0, 0.5, 9.5, 0, y_label);
    cairo_restore(c);
}

static void set_line(cairo_t *c, const plot_series *s, int colour)
{
    ink(c, colour, s->faint ? 0.35 : 1);
    cairo_set_line_width(c, s->faint ? 0.7 : 1.5);
    int dash = s->faint ? 0 : colour % 4;
    cairo_set_dash(c, dashes[dash], dash_parts[dash], 0);
}

/* Points first..last-1 hold no gap. Where many fall on half a point of x, their first, lowest, highest and last are drawn,
 * which looks the same as all of them. */
static void draw_run(cairo_t *c, const plot_series *s, int64_t first, int64_t last, const axis *x, const axis *y)
{
    cairo_move_to(c, axis_at(x, s->x[first]), axis_at(y, s->y[first]));
    for (int64_t i = first; i < last;) {
        int64_t low = i, high = i, end = i;
        double bin = floor(2 * axis_at(x, s->x[i]));
        for (; end < last && floor(2 * axis_at(x, s->x[end])) == bin; end++) {
            if (s->y[end] < s->y[low]) low = end;
            if (s->y[end] > s->y[high]) high = end;
        }
        int64_t corner[4] = { i, low < high ? low : high, low < high ? high : low, end - 1 };
        for (int k = 0; k < 4; k++) if (!k || corner[k] != corner[k - 1]) cairo_line_to(c, axis_at(x, s->x[corner[k]]), axis_at(y, s->y[corner[k]]));
        i = end;
    }
    cairo_stroke(c);
}

static void dot(cairo_t *c, double x, double y, double radius) { cairo_arc(c, x, y, radius, 0, 2 * M_PI), cairo_fill(c); }

static void draw_series(cairo_t *c, const plot_series *s, int colour, const axis *x, const axis *y)
{
    cairo_save(c);
    cairo_rectangle(c, x->from - 3, y->to - 3, x->to - x->from + 6, y->from - y->to + 6);      /* a fixed axis may leave data outside */
    cairo_clip(c);
    for (int64_t i = 0; i < s->n;) {
        int64_t end = i;
        while (end < s->n && is_point(s, end)) end++;
        set_line(c, s, colour);
        if (end - i > 1) draw_run(c, s, i, end, x, y);
        int few = s->n <= 30 && !s->faint;
        for (int64_t k = i; k < end && (few || end - i == 1); k++) dot(c, axis_at(x, s->x[k]), axis_at(y, s->y[k]), few ? 1.9 : 1.4);
        i = end + 1;
    }
    cairo_restore(c);
}

/* The first highest or lowest point, or -1. */
static int64_t marked(const plot_series *s)
{
    int64_t best = -1;
    for (int64_t i = 0; i < s->n && s->mark; i++) {
        if (!is_point(s, i)) continue;
        if (best < 0 || (s->mark == PLOT_MARK_HIGHEST ? s->y[i] > s->y[best] : s->y[i] < s->y[best])) best = i;
    }
    return best;
}

/* A ring; the value stands in the legend, where it covers no data. */
static void draw_mark(cairo_t *c, const plot_series *s, int colour, const axis *x, const axis *y)
{
    int64_t i = marked(s);
    if (i < 0 || s->y[i] < y->low || s->y[i] > y->high) return;
    double px = axis_at(x, s->x[i]), py = axis_at(y, s->y[i]);
    cairo_set_dash(c, NULL, 0, 0);
    grey(c, 1), dot(c, px, py, 4.6);
    ink(c, colour, 1);
    cairo_set_line_width(c, 1.5);
    cairo_arc(c, px, py, 3.6, 0, 2 * M_PI), cairo_stroke(c);
}

/* The label, with the marked point where there is one: "validation: highest 0.8731 at 42". Fresh. */
static char *entry(const plot_series *s)
{
    int64_t i = marked(s);
    if (i < 0) return xdup(s->label);
    return xprintf("%s: %s %.4g at %.10g", s->label, s->mark == PLOT_MARK_HIGHEST ? "highest" : "lowest", s->y[i], s->x[i]);
}

/* A faint series has the colour of the one after it, which it is the noise of. */
static int colour_of(const plot_panel *p, int series)
{
    int k = 0;
    for (int i = 0; i < series; i++) k += !p->series[i].faint;
    return k;
}

/* The legend, one or more lines from (x0, y0) within width; draws or, with draw = 0, only counts the lines. */
static int legend(cairo_t *c, const plot_panel *p, double x0, double y0, double width, int draw)
{
    double x = x0;
    int lines = p->n > 0;
    for (int i = 0; i < p->n; i++) {
        char *text = entry(&p->series[i]);
        double wide = 23 + words_width(c, 8.5, text);
        if (x > x0 && x + wide > x0 + width) x = x0, y0 += LEGEND, lines++;
        if (draw) {
            set_line(c, &p->series[i], colour_of(p, i));
            cairo_move_to(c, x, y0 - 3), cairo_line_to(c, x + 18, y0 - 3), cairo_stroke(c);
            grey(c, 0.15);
            words(c, x + 23, y0, 0, 8.5, 0, text);
        }
        x += wide + 12;
        free(text);
    }
    cairo_set_dash(c, NULL, 0, 0);
    return lines;
}

static void draw_panel(cairo_t *c, const plot_panel *p, double left, double top)
{
    double x_low = INFINITY, x_high = -INFINITY, y_low = INFINITY, y_high = -INFINITY, inner = PANEL_W - LEFT - RIGHT;
    int whole = 1;
    for (int i = 0; i < p->n; i++)
        for (int64_t k = 0; k < p->series[i].n; k++) {
            const plot_series *s = &p->series[i];
            if (!is_point(s, k)) continue;
            x_low = fmin(x_low, s->x[k]), x_high = fmax(x_high, s->x[k]), y_low = fmin(y_low, s->y[k]), y_high = fmax(y_high, s->y[k]);
            whole &= s->x[k] == floor(s->x[k]);
        }
    int fixed = p->y_low < p->y_high, empty = x_low > x_high;
    if (fixed) y_low = p->y_low, y_high = p->y_high;
    double head = top + TITLE + LEGEND * legend(c, p, 0, 0, inner, 0) + PAD;
    axis x = axis_make(x_low, x_high, 0, whole, left + LEFT, left + PANEL_W - RIGHT);
    axis y = axis_make(y_low, y_high, fixed, 0, top + PANEL_H - BOTTOM, head);
    grey(c, 0.1);
    words(c, left + LEFT, top + 15, 0, 11, 1, p->title);
    legend(c, p, left + LEFT, top + TITLE + 9, inner, 1);
    draw_axes(c, &x, &y, p->x_label, p->y_label);
    grey(c, 0.5);
    if (empty) words(c, 0.5 * (x.from + x.to), 0.5 * (y.from + y.to), 0.5, 9.5, 0, "no values yet");
    for (int i = 0; i < p->n; i++) if (p->series[i].faint) draw_series(c, &p->series[i], colour_of(p, i), &x, &y);
    for (int i = 0; i < p->n; i++) if (!p->series[i].faint) draw_series(c, &p->series[i], colour_of(p, i), &x, &y);
    for (int i = 0; i < p->n; i++) draw_mark(c, &p->series[i], colour_of(p, i), &x, &y);
}

void plot_curves(const char *path, const plot_panel *panels, int n)
{
    assert(n >= 1);
    int across = n == 4 ? 2 : n < 3 ? n : 3, rows = (n + across - 1) / across;
    page p;
    page_open(&p, path, across * PANEL_W + 2 * PAD, rows * PANEL_H + 2 * PAD);
    for (int i = 0; i < n; i++) draw_panel(p.cairo, &panels[i], PAD + i % across * PANEL_W, PAD + i / across * PANEL_H);
    page_publish(&p);
}
