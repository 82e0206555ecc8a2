/* plots_strips.c - the distribution of a number class by class: every case a dot, over the box that sums them up; see plots.h. The dots are
 * spread across the row by a fixed sequence, so that the same data give the same figure. */
#include "eval/plots.h"
#include "eval/plots_axis.h"
#include "eval/stats.h"
#include "base/die.h"
#include <math.h>
#include <stdlib.h>

enum { WIDTH = 460, ROW = 26, TOP = 30, BOTTOM = 50, RIGHT = 62, PAD = 8, LONGEST_LABEL = 150 };

/* The values of a group that can be drawn, sorted; fresh, *n of them. */
static double *drawable(const plot_group *g, int64_t *n)
{
    double *x = xalloc_n((size_t)g->n, sizeof *x);
    *n = 0;
    for (int64_t i = 0; i < g->n; i++) if (fabs(g->x[i]) <= PLOT_LARGEST) x[(*n)++] = g->x[i];
    stats_sort(x, *n);
    return x;
}

static void line(cairo_t *c, double x0, double y0, double x1, double y1) { cairo_move_to(c, x0, y0), cairo_line_to(c, x1, y1), cairo_stroke(c); }

static void draw_box(cairo_t *c, const double *x, int64_t n, const axis *a, double y)
{
    double at[5], percent[5] = { 5, 25, 50, 75, 95 }, mean = axis_at(a, stats_mean(x, n));
    for (int i = 0; i < 5; i++) at[i] = axis_at(a, stats_percentile(x, n, percent[i]));
    ink(c, 0, 0.16);
    cairo_rectangle(c, at[1], y - 7, at[3] - at[1], 14), cairo_fill(c);
    ink(c, 0, 0.28);
    for (int64_t i = 0; i < n; i++) {
        double spread = fmod(0.5 + (double)i * 0.6180339887498949, 1) - 0.5;          /* golden ratio: even, without a pattern */
        cairo_arc(c, axis_at(a, x[i]), y + 11 * spread, 1.5, 0, 2 * M_PI), cairo_fill(c);
    }
    ink(c, 0, 1);
    cairo_set_line_width(c, 0.9);
    cairo_rectangle(c, at[1], y - 7, at[3] - at[1], 14), cairo_stroke(c);
    line(c, at[0], y, at[1], y), line(c, at[3], y, at[4], y), line(c, at[0], y - 3, at[0], y + 3), line(c, at[4], y - 3, at[4], y + 3);
    grey(c, 0.1);
    cairo_set_line_width(c, 2);
    line(c, at[2], y - 7, at[2], y + 7);
    ink(c, 1, 1);
    cairo_move_to(c, mean, y - 4), cairo_line_to(c, mean + 4, y), cairo_line_to(c, mean, y + 4), cairo_line_to(c, mean - 4, y), cairo_close_path(c);
    cairo_fill_preserve(c), grey(c, 1), cairo_set_line_width(c, 0.7), cairo_stroke(c);
}

static void draw_scale(cairo_t *c, const axis *a, double top, double bottom, const char *x_label)
{
    double value;
    char *label;
    for (int k = 0; axis_tick(a, k, &value, &label); k++) {
        double x = axis_at(a, value);
        grey(c, 0.88), cairo_set_line_width(c, 0.5), line(c, x, top, x, bottom);
        grey(c, 0.25), cairo_set_line_width(c, 0.8), line(c, x, bottom, x, bottom + 3.5);
        words(c, x, bottom + 13, 0.5, 8.5, 0, label);
        free(label);
    }
    line(c, a->from, bottom, a->to, bottom);
    words(c, 0.5 * (a->from + a->to), bottom + 27, 0.5, 9.5, 0, x_label);
    grey(c, 0.45);
    words(c, 0.5 * (a->from + a->to), bottom + 40, 0.5, 7.5, 0, "box: quartiles and median; whiskers: 5th to 95th percentile; diamond: mean");
}

void plot_strips(const char *path, const char *title, const char *x_label, const plot_group *groups, int n, double low, double high)
{
    page p;
    page_open(&p, path, WIDTH, TOP + n * ROW + BOTTOM);
    cairo_t *c = p.cairo;
    double labels = 20, least = INFINITY, most = -INFINITY, bottom = TOP + n * ROW;
    for (int i = 0; i < n; i++) {
        labels = fmin(fmax(labels, words_width(c, 9, groups[i].label)), LONGEST_LABEL);
        for (int64_t k = 0; k < groups[i].n; k++) {
            double x = groups[i].x[k];
            if (fabs(x) <= PLOT_LARGEST) least = fmin(least, x), most = fmax(most, x);
        }
    }
    int fixed = low < high;
    axis a = axis_make(fixed ? low : least, fixed ? high : most, fixed, 0, PAD + labels + 10, WIDTH - RIGHT);
    grey(c, 0.1);
    words(c, PAD, 18, 0, 11, 1, title);
    draw_scale(c, &a, TOP, bottom, x_label);
    for (int i = 0; i < n; i++) {
        double y = TOP + (i + 0.5) * ROW, wide = words_width(c, 9, groups[i].label);
        int64_t count;
        double *x = drawable(&groups[i], &count);
        grey(c, 0.1);
        words(c, a.from - 10, y + 3, 1, wide > labels ? 9 * labels / wide : 9, 0, groups[i].label);
        if (count) draw_box(c, x, count, &a, y);
        char *text = xprintf("n = %lld", (long long)count);
        grey(c, 0.45), words(c, a.to + 10, y + 3, 0, 8.5, 0, text);
        free(text), free(x);
    }
    page_publish(&p);
}
