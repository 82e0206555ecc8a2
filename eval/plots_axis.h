/* plots_axis.h - what curves and strips share, for plots*.c only: the page in memory, text, and axes with round ticks.
 *
 * Units are points (1/72 inch), y down. */
#ifndef EVAL_PLOTS_AXIS_H
#define EVAL_PLOTS_AXIS_H
#include <cairo.h>
#include <stddef.h>

/* A page of width x height that becomes the file at path on page_publish. Dies 2 on an ending other than .svg and .png. */
typedef struct { cairo_surface_t *surface; cairo_t *cairo; char *bytes; size_t n, room; int svg; const char *path; } page;
void page_open(page *p, const char *path, double width, double height);
void page_publish(page *p);

/* Okabe and Ito's colours, i modulo their number; shade 0 (black) to 1 (white) grey. */
void ink(cairo_t *c, int i, double alpha);
void grey(cairo_t *c, double shade);

/* Text of any bytes at (x, y): anchor 0 starts at x, 0.5 is centred on it, 1 ends there; y is the baseline. Widths in points. */
void   words(cairo_t *c, double x, double y, double anchor, double size, int bold, const char *text);
double words_width(cairo_t *c, double size, const char *text);

/* A scale of values onto points: low..high at from..to (from > to where y grows upwards), ticks at multiples of step. */
typedef struct { double low, high, from, to, step; int decimals; } axis;

/* Fits low..high with some margin and round ticks; fixed: as given, without margin. low > high (no data) gives 0..1. whole: only whole
 * steps, for epochs. */
axis   axis_make(double low, double high, int fixed, int whole, double from, double to);
double axis_at(const axis *a, double value);
/* The k-th tick's value and label (fresh), k from 0; 0 where there are no more. */
int    axis_tick(const axis *a, int k, double *value, char **label);
#endif
