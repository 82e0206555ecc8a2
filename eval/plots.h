/* plots.h - figures for logs and papers: curves over epochs, and distributions class by class.
 *
 * One drawing for both forms: the name's ending decides between .svg (letters as outlines, no fonts needed to view it) and .png (200
 * dots an inch). Colours are those of Okabe and Ito (2008), told apart by the colour-blind; series also differ in their dashes. Files
 * are whole or absent; a wrong ending or folder dies 2, a full disk 4. */
#ifndef EVAL_PLOTS_H
#define EVAL_PLOTS_H
#include <stdint.h>

enum plot_mark { PLOT_MARK_NONE, PLOT_MARK_HIGHEST, PLOT_MARK_LOWEST };

/* What is not a number or is larger cannot be drawn (a loss that blew up): a gap in a curve. */
#define PLOT_LARGEST 1e100

/* n points; where x or y cannot be drawn there is a gap. x ascends. faint: thin, pale and in the colour of the series after it, for the
 * noise behind a smoothed curve. mark: a ring at the (first) highest or lowest point, whose value the legend gives. */
typedef struct { const char *label; const double *x, *y; int64_t n; int faint; enum plot_mark mark; } plot_series;

/* One pair of axes. y_low < y_high fixes the y axis, else it fits the data. */
typedef struct { const char *title, *x_label, *y_label; const plot_series *series; int n; double y_low, y_high; } plot_panel;

/* n >= 1 panels, up to three side by side, more in rows. Any number of points, 0 included. */
void plot_curves(const char *path, const plot_panel *panels, int n);

/* The values of one class: one dot each, over a box of quartiles with the median, whiskers from the 5th to the 95th percentile and a
 * diamond for the mean. What cannot be drawn is not in the n printed. */
typedef struct { const char *label; const double *x; int64_t n; } plot_group;

/* n groups, top to bottom. low < high fixes the axis, else it fits the data. */
void plot_strips(const char *path, const char *title, const char *x_label, const plot_group *groups, int n, double low, double high);
#endif
