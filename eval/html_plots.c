/* html_plots.c - see html_plots.h. Everything is laid out in a box of 400 points by the height of the figure, which the page scales. Points
 * are one path of strokes of no length with round ends: a tenth of the bytes of as many circles. */
#include "eval/html_plots.h"
#include "base/die.h"
#include "eval/html.h"
#include "eval/plots_axis.h"
#include "eval/stats.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 400, HEIGHT = 270, LEFT = 54, RIGHT = 14, TOP = 30, BOTTOM = 42, COLOURS = 7, DASHES = 4, ROW = 24, LABELS = 116 };
static const char *const dashes[DASHES] = { "none", "7 3", "2 3", "8 3 2 3" };
static const char *const samples[DASHES] = { "━━", "╍╍", "┅┅", "━╍" };

static int drawable(double x) { return fabs(x) <= PLOT_LARGEST; }

static void begin(FILE *f, const char *title, double height)
{
    fputs("<figure class=\"plot\"><svg role=\"img\" viewBox=\"0 0 ", f);
    fprintf(f, "%d %g\" aria-label=\"", WIDTH, height), html_text(f, title);
    fputs("\"><text class=\"head\" x=\"4\" y=\"16\">", f), html_text(f, title), fputs("</text>\n", f);
}

static void end(FILE *f) { fputs("</figure>\n", f); }

static void words_at(FILE *f, const char *class, double x, double y, const char *anchor, const char *text)
{
    fprintf(f, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", class, x, y, anchor);
    html_text(f, text), fputs("</text>\n", f);
}

static void line(FILE *f, const char *class, double x0, double y0, double x1, double y1)
{
    fprintf(f, "<path class=\"%s\" d=\"M%.1f %.1fL%.1f %.1f\"/>\n", class, x0, y0, x1, y1);
}

static void draw_axes(FILE *f, const axis *x, const axis *y, const char *x_label, const char *y_label)
{
    double v;
    char *label;
    for (int k = 0; axis_tick(y, k, &v, &label); k++) {
        const double at = axis_at(y, v);
        line(f, "gridline", x->from, at, x->to, at), words_at(f, "tick", x->from - 6, at + 4, "end", label);
        free(label);
    }
    for (int k = 0; axis_tick(x, k, &v, &label); k++) {
        const double at = axis_at(x, v);
        line(f, "axis", at, y->from, at, y->from + 4), words_at(f, "tick", at, y->from + 16, "middle", label);
        free(label);
    }
    fprintf(f, "<path class=\"axis\" d=\"M%.1f %.1fV%.1fH%.1f\"/>\n", x->from, y->to, y->from, x->to);
    words_at(f, "tick", (x->from + x->to) / 2, y->from + 34, "middle", x_label);
    const double middle = (y->from + y->to) / 2;
    fprintf(f, "<text class=\"tick\" transform=\"translate(13 %.1f) rotate(-90)\" text-anchor=\"middle\">", middle);
    html_text(f, y_label), fputs("</text>\n", f);
}

/* Few points stand alone and must be seen, many lie over each other. */
static double opacity(int64_t n) { return n <= 50 ? 0.95 : 0.5; }

static void points(FILE *f, const axis *x, const axis *y, const double *a, const double *b, int64_t n, int colour, double size,
    double alpha)
{
    fprintf(f, "<path style=\"stroke:var(--s%d)\" stroke-opacity=\"%g\" stroke-width=\"%g\" stroke-linecap=\"round\" fill=\"none\" d=\"",
        colour % COLOURS,
            alpha, size);
    for (int64_t i = 0; i < n; i++)
        if (drawable(a[i]) && drawable(b[i])) fprintf(f, "M%.1f %.1fh0", axis_at(x, a[i]), axis_at(y, b[i]));
    fputs("\"/>\n", f);
}

static void key_begin(FILE *f) { fputs("<p class=\"note\">", f); }

static void key(FILE *f, int i, const char *label)
{
    fprintf(f, "<span style=\"color:var(--s%d)\">%s</span> ", i % COLOURS, samples[i % DASHES]);
    html_text(f, label), fputs(" &nbsp; ", f);
}

/* ---- curves -------------------------------------------------------------------------------------------------------------------------- */

static void curve(FILE *f, const axis *x, const axis *y, const plot_series *s, int i)
{
    fprintf(f, "<path style=\"stroke:var(--s%d)\" stroke-dasharray=\"%s\" stroke-width=\"%s\" stroke-linejoin=\"round\" fill=\"none\" d=\"", i % COLOURS,
            dashes[i % DASHES], s->faint ? "0.8" : "1.8");
    int pen = 0;
    for (int64_t k = 0; k < s->n; k++) {
        const int seen = drawable(s->x[k]) && drawable(s->y[k]) && s->y[k] >= y->low && s->y[k] <= y->high;
        if (seen) fprintf(f, "%c%.1f %.1f", pen ? 'L' : 'M', axis_at(x, s->x[k]), axis_at(y, s->y[k]));
        pen = seen;
    }
    fputs("\"/>\n", f);
    if (s->n <= 40) points(f, x, y, s->x, s->y, s->n, i, 4.5, 1);
}

static char *curve_label(const plot_series *s)
{
    int64_t best = -1;
    for (int64_t k = 0; k < s->n && s->mark; k++)
        if (drawable(s->y[k]) && (best < 0 || (s->mark == PLOT_MARK_HIGHEST ? s->y[k] > s->y[best] : s->y[k] < s->y[best]))) best = k;
    if (best < 0) return xdup(s->label);
    return xprintf("%s: %s %.4g at %.10g", s->label, s->mark == PLOT_MARK_HIGHEST ? "highest" : "lowest", s->y[best], s->x[best]);
}

void html_curves(FILE *f, const plot_panel *p)
{
    double x0 = INFINITY, x1 = -INFINITY, y0 = INFINITY, y1 = -INFINITY;
    for (int i = 0; i < p->n; i++)
        for (int64_t k = 0; k < p->series[i].n; k++) {
            const double x = p->series[i].x[k], y = p->series[i].y[k];
            if (drawable(x) && drawable(y)) x0 = fmin(x0, x), x1 = fmax(x1, x), y0 = fmin(y0, y), y1 = fmax(y1, y);
        }
    const int fixed = p->y_low < p->y_high, none = x0 > x1;
    const axis x = axis_make(x0, x1, 0, 1, LEFT, WIDTH - RIGHT);
    const axis y = axis_make(fixed ? p->y_low : y0, fixed ? p->y_high : y1, fixed, 0, HEIGHT - BOTTOM, TOP);
    begin(f, p->title, HEIGHT);
    draw_axes(f, &x, &y, p->x_label, p->y_label);
    for (int i = 0; i < p->n; i++) curve(f, &x, &y, &p->series[i], i);
    if (none) words_at(f, "tick", WIDTH / 2, HEIGHT / 2, "middle", "no values yet");
    fputs("</svg>", f), key_begin(f);
    for (int i = 0; i < p->n; i++) {
        char *label = curve_label(&p->series[i]);
        key(f, i, label), free(label);
    }
    fputs("</p>", f), end(f);
}

/* ---- agreement ----------------------------------------------------------------------------------------------------------------------- */

void html_agreement(FILE *f, const char *title, const char *unit, const double *a, const double *b, int64_t n)
{
    double *mean = xalloc_n((size_t)n, sizeof *mean), *gap = xalloc_n((size_t)n, sizeof *gap), x0 = INFINITY, x1 = -INFINITY;
    for (int64_t i = 0; i < n; i++) mean[i] = (a[i] + b[i]) / 2, gap[i] = a[i] - b[i], x0 = fmin(x0, mean[i]), x1 = fmax(x1, mean[i]);
    const double bias = stats_mean(gap, n), sd = stats_sd(gap, n), level[3] = { bias + 1.96 * sd, bias, bias - 1.96 * sd };
    double y0 = fmin(0, level[2]), y1 = fmax(0, level[0]);
    for (int64_t i = 0; i < n; i++) y0 = fmin(y0, gap[i]), y1 = fmax(y1, gap[i]);
    const axis x = axis_make(x0, x1, 0, 0, LEFT, WIDTH - RIGHT - 40), y = axis_make(y0, y1, 0, 0, HEIGHT - BOTTOM, TOP);
    char *x_label = xprintf("mean of predicted and true (%s)", unit), *y_label = xprintf("predicted - true (%s)", unit);
    begin(f, title, HEIGHT);
    draw_axes(f, &x, &y, x_label, y_label);
    points(f, &x, &y, mean, gap, n, 0, 5.5, opacity(n));
    double before = -INFINITY;                   /* labels of lines that nearly meet are moved apart */
    for (int i = 0; i < 3; i++) {
        const double at = axis_at(&y, level[i]), text = fmax(at + 4, before + 12);
        char *value = xprintf("%+.2f", level[i]);
        line(f, i == 1 ? "rule" : "rule dash", x.from, at, x.to, at), words_at(f, "tick", x.to + 5, text, "start", value);
        free(value), before = text;
    }
    char *note = xprintf("n = %lld; bias %+.2f, limits of agreement %+.2f to %+.2f %s", (long long)n, bias, level[2], level[0], unit);
    fputs("</svg>", f), html_paragraph(f, "note", note), end(f);
    free(note), free(x_label), free(y_label), free(mean), free(gap);
}

/* ---- errors -------------------------------------------------------------------------------------------------------------------------- */

/* The errors, ascending; fresh. */
static double *sorted_of(const html_errors *e)
{
    double *x = xalloc_n((size_t)e->n, sizeof *x);
    for (int64_t i = 0; i < e->n; i++) x[i] = e->error[i];
    stats_sort(x, e->n);
    return x;
}

static void error_steps(FILE *f, const axis *x, const axis *y, const html_errors *e, int i)
{
    double *sorted = sorted_of(e);
    fprintf(f, "<path style=\"stroke:var(--s%d)\" stroke-dasharray=\"%s\" stroke-width=\"1.8\" fill=\"none\" d=\"M%.1f %.1f",
        i % COLOURS, dashes[i % DASHES],
            x->from, y->from);
    for (int64_t k = 0; k < e->n && sorted[k] <= x->high; k++)
        fprintf(f, "H%.1fV%.1f", axis_at(x, sorted[k]), axis_at(y, 100.0 * (double)(k + 1) / (double)e->all));
    fprintf(f, "H%.1f\"/>\n", x->to);
    free(sorted);
}

void html_error_shares(FILE *f, const char *title, const char *unit, const html_errors *e, int n)
{
    double most = 0;
    for (int i = 0; i < n; i++) {
        double *sorted = sorted_of(&e[i]);
        if (e[i].n) most = fmax(most, stats_percentile(sorted, e[i].n, 90));           /* a few wild values do not flatten the rest */
        free(sorted);
    }
    const axis x = axis_make(0, most > 0 ? 1.2 * most : 1, 1, 0, LEFT, WIDTH - RIGHT), y = axis_make(0, 100, 1, 0, HEIGHT - BOTTOM, TOP);
    char *x_label = xprintf("absolute error (%s)", unit);
    begin(f, title, HEIGHT);
    draw_axes(f, &x, &y, x_label, "films within (%)");
    for (int i = 0; i < n; i++) if (e[i].all) error_steps(f, &x, &y, &e[i], i);
    fputs("</svg>", f), key_begin(f);
    for (int i = 0; i < n; i++) key(f, i, e[i].label);
    fputs("</p>", f), html_paragraph(f, "note", "of all films, failed ones included; the axis ends at 1.2 times the largest P90"), end(f);
    free(x_label);
}

/* ---- strips -------------------------------------------------------------------------------------------------------------------------- */

static void strip(FILE *f, const axis *a, const plot_group *g, double y)
{
    double *x = xalloc_n((size_t)g->n, sizeof *x), *row = xalloc_n((size_t)g->n, sizeof *row);
    int64_t n = 0;
    for (int64_t i = 0; i < g->n; i++) if (drawable(g->x[i])) x[n++] = g->x[i];
    stats_sort(x, n);
    for (int64_t i = 0; i < n; i++) row[i] = fmod(0.5 + (double)i * 0.6180339887498949, 1) - 0.5;        /* golden ratio: even, no pattern */
    const axis across = { .low = -0.5, .high = 0.5, .from = y - 8, .to = y + 8 };
    if (n) {
        const double q[3] = { axis_at(a, stats_percentile(x, n, 25)), axis_at(a, stats_percentile(x, n, 50)), axis_at(a,
            stats_percentile(x, n, 75)) };
        fprintf(f, "<rect style=\"fill:var(--s0)\" fill-opacity=\"0.18\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"16\"/>\n", q[0],
            y - 8, q[2] - q[0]);
        points(f, a, &across, x, row, n, 0, 3.5, opacity(n));
        fprintf(f, "<path class=\"rule\" d=\"M%.1f %.1fV%.1f\"/>\n", q[1], y - 8, y + 8);
    }
    char *count = xprintf("n = %lld", (long long)n);
    words_at(f, "tick", WIDTH - 4, y + 4, "end", count);
    free(count), free(x), free(row);
}

void html_strips(FILE *f, const char *title, const char *x_label, const plot_group *g, int n, double low, double high)
{
    double least = INFINITY, most = -INFINITY, v;
    char *label;
    for (int i = 0; i < n; i++)
        for (int64_t k = 0; k < g[i].n; k++) if (drawable(g[i].x[k])) least = fmin(least, g[i].x[k]), most = fmax(most, g[i].x[k]);
    const int fixed = low < high;
    const double bottom = TOP + n * ROW;
    const axis a = axis_make(fixed ? low : least, fixed ? high : most, fixed, 0, LABELS, WIDTH - 54);
    begin(f, title, bottom + BOTTOM);
    for (int k = 0; axis_tick(&a, k, &v, &label); k++) {
        const double at = axis_at(&a, v);
        line(f, "gridline", at, TOP, at, bottom), words_at(f, "tick", at, bottom + 15, "middle", label);
        free(label);
    }
    words_at(f, "tick", (a.from + a.to) / 2, bottom + 33, "middle", x_label);
    for (int i = 0; i < n; i++) {
        const double y = TOP + (i + 0.5) * ROW;
        const size_t letters = strlen(g[i].label);
        fprintf(f, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\"%s>", LABELS - 8, y + 4,
            letters > 15 ? " textLength=\"108\" lengthAdjust=\"spacingAndGlyphs\"" : "");
        html_text(f, g[i].label), fputs("</text>\n", f);
        strip(f, &a, &g[i], y);
    }
    fputs("</svg>", f), html_paragraph(f, "note", "box: quartiles; line: median; every dot is a film"), end(f);
}
