/* html_plots.h - the figures of a report as inline SVG: text is text, colours are the page's, so that they follow light, dark and paper.
 *
 * The same data as eval/plots.h, whose figures are for papers. Numbers that cannot be drawn (not finite, beyond PLOT_LARGEST) are left out. */
#ifndef EVAL_HTML_PLOTS_H
#define EVAL_HTML_PLOTS_H
#include "eval/plots.h"
#include <stdio.h>

/* y_low < y_high of the panel fixes its axis. Series differ in colour and dashes. */
void html_curves(FILE *f, const plot_panel *p);

/* Agreement of two measurements of the same n films (Bland and Altman 1986, Lancet 327:307): the difference a - b over the mean of both,
 * with the bias and the limits of agreement, bias +- 1.96 SD. a, b: (n), finite; n >= 2. */
void html_agreement(FILE *f, const char *title, const char *unit, const double *a, const double *b, int64_t n);

/* How large errors are: the share of ALL films, measured or not, whose error is at most x. So a curve ends at the share that was measured,
 * and leaving out hard films is no gain. error (n): absolute, in any order; all >= n. */
typedef struct { const char *label; const double *error; int64_t n, all; } html_errors;
void html_error_shares(FILE *f, const char *title, const char *unit, const html_errors *e, int n);

/* A row a group: every value a dot, over quartiles and median. low < high fixes the axis. */
void html_strips(FILE *f, const char *title, const char *x_label, const plot_group *g, int n, double low, double high);
#endif
