/* plots_axis.c - see plots_axis.h. The page is drawn into memory and written in one piece, so that errors of the disk are handled where
 * all files are. The trap: a cairo context that has met an error ignores all that follows, so the status is checked at the end. */
#include "eval/plots_axis.h"
#include "base/utf8.h"
#include "base/die.h"
#include "base/file.h"
#include <cairo-svg.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PNG_SCALE (200.0 / 72)

static cairo_status_t collect(void *to, const unsigned char *bytes, unsigned n)
{
    page *p = to;
    if (p->n + n > p->room) p->room = 2 * (p->n + n), p->bytes = xgrow(p->bytes, p->room);
    memcpy(p->bytes + p->n, bytes, n);
    p->n += n;
    return CAIRO_STATUS_SUCCESS;
}

void page_open(page *p, const char *path, double width, double height)
{
    const char *end = strrchr(path, '.');
    *p = (page){ .path = path, .svg = end && !strcmp(end, ".svg") };
    if (!p->svg && !(end && !strcmp(end, ".png"))) die_at(path, "got a figure with this ending, wanted .svg or .png");
    p->surface = p->svg ? cairo_svg_surface_create_for_stream(collect, p, width, height)
                        : cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)ceil(width * PNG_SCALE), (int)ceil(height * PNG_SCALE));
    p->cairo = cairo_create(p->surface);
    if (!p->svg) cairo_scale(p->cairo, PNG_SCALE, PNG_SCALE);
    cairo_set_line_cap(p->cairo, CAIRO_LINE_CAP_ROUND);
    cairo_set_line_join(p->cairo, CAIRO_LINE_JOIN_ROUND);
    grey(p->cairo, 1);
    cairo_paint(p->cairo);
}

void page_publish(page *p)
{
    cairo_status_t bad = cairo_status(p->cairo);
    cairo_destroy(p->cairo);
    if (!bad && !p->svg) bad = cairo_surface_write_to_png_stream(p->surface, collect, p);
    cairo_surface_finish(p->surface);
    if (!bad) bad = cairo_surface_status(p->surface);
    cairo_surface_destroy(p->surface);
    if (bad) die_machine("%s: got no figure from cairo: %s", p->path, cairo_status_to_string(bad));
    file_write(p->path, p->bytes, p->n);
    free(p->bytes);
}

void ink(cairo_t *c, int i, double alpha)
{
    static const unsigned char colour[7][3] = { { 0, 114, 178 }, { 213, 94, 0 }, { 0, 158, 115 }, { 204, 121, 167 }, { 86, 180, 233 },
                                                { 230, 159, 0 }, { 60, 60, 60 } };
    const unsigned char *k = colour[i % 7];
    cairo_set_source_rgba(c, k[0] / 255.0, k[1] / 255.0, k[2] / 255.0, alpha);
}

void grey(cairo_t *c, double shade) { cairo_set_source_rgb(c, shade, shade, shade); }

static void font(cairo_t *c, double size, int bold)
{
    cairo_select_font_face(c, "sans-serif", CAIRO_FONT_SLANT_NORMAL, bold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(c, size);
}

void words(cairo_t *c, double x, double y, double anchor, double size, int bold, const char *text)
{
    char *clean = utf8_clean(text);
    cairo_text_extents_t e;
    font(c, size, bold);
    cairo_text_extents(c, clean, &e);
    cairo_move_to(c, x - anchor * e.x_advance, y);
    cairo_show_text(c, clean);
    cairo_new_path(c);
    free(clean);
}

double words_width(cairo_t *c, double size, const char *text)
{
    char *clean = utf8_clean(text);
    cairo_text_extents_t e;
    font(c, size, 0);
    cairo_text_extents(c, clean, &e);
    free(clean);
    return e.x_advance;
}

/* The smallest of 1, 2, 5 times a power of ten that divides the range into at most `most` parts. */
static double round_step(double range, int most)
{
    double power = pow(10, floor(log10(range / most))), times = range / most / power;
    return power * (times <= 1.0000001 ? 1 : times <= 2.0000001 ? 2 : times <= 5.0000001 ? 5 : 10);
}

axis axis_make(double low, double high, int fixed, int whole, double from, double to)
{
    axis a = { .from = from, .to = to };
    if (!(low <= high)) low = 0, high = 1, fixed = 1;
    double size = fmax(fabs(low), fabs(high)), range = high - low, margin = 0;
    if (!fixed) margin = range > 0 ? (whole ? 0.03 : 0.05) * range : whole || !size ? 1 : 0.1 * size;
    if (range < 1e-9 * size) margin = fmax(margin, 1e-9 * size);       /* else neighbouring ticks would be the same double */
    a.low = low - margin, a.high = high + margin;
    a.step = round_step(a.high - a.low, (int)fmax(2, fabs(to - from) / (from > to ? 27 : 40)));
    if (whole && a.step < 1) a.step = 1;
    a.decimals = (int)fmax(0, -floor(log10(a.step) + 1e-9));
    return a;
}

double axis_at(const axis *a, double value) { return a->from + (value - a->low) / (a->high - a->low) * (a->to - a->from); }

int axis_tick(const axis *a, int k, double *value, char **label)
{
    double first = ceil(a->low / a->step - 1e-9);
    *value = (first + k) * a->step;
    if (*value > a->high + 1e-9 * a->step) return 0;
    if (first + k == 0) *value = 0;                                  /* no "-0" */
    double size = fmax(fabs(a->low), fabs(a->high));
    *label = size < 1e-3 || size >= 1e6 ? xprintf("%.10g", *value) : xprintf("%.*f", a->decimals, *value);
    return 1;
}
