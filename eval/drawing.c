/* drawing.c - the page of drawing.h: film, masks, and what all views share. What is measured is drawn in drawing_lateral.c and
 * drawing_frontal.c, the table beside it in drawing_panel.c.
 *
 * Everything is drawn in pixels of the film, with widths in units of its longer side, and the page is scaled once. */
#include "eval/drawing_parts.h"
#include "base/die.h"
#include "eval/plots_axis.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LEAST = 1400, MOST = 2400 };              /* of the longer side on the page, pixels */
#define POINTS (72.0 / 200)                      /* a pixel of the page in the units of plots_axis.h */

/* ---- strokes and words --------------------------------------------------------------------------------------------------------------- */

void draw_ink(const canvas *k, enum draw_colour colour, double alpha)
{
    static const unsigned char rgb[DRAW_COLOURS][3] = { [DRAW_WHITE] = { 255, 255, 255 }, [DRAW_CERVICAL] = { 86, 180, 233 },
        [DRAW_THORACIC] = { 0, 158, 115 }, [DRAW_LUMBAR] = { 204, 121, 167 }, [DRAW_SACRUM] = { 230, 159, 0 },
            [DRAW_HEAD] = { 120, 190, 255 },
        [DRAW_ANGLE] = { 240, 228, 66 }, [DRAW_PELVIS] = { 255, 190, 90 }, [DRAW_PLUMB] = { 110, 230, 255 },
            [DRAW_SKULL] = { 190, 255, 160 },
        [DRAW_BAD] = { 255, 110, 60 }, [DRAW_GREY] = { 160, 160, 160 } };
    const unsigned char *c = rgb[colour];
    cairo_set_source_rgba(k->c, c[0] / 255.0, c[1] / 255.0, c[2] / 255.0, alpha);
}

void draw_line(const canvas *k, geo_point a, geo_point b, double width, int dashed)
{
    const double dash[2] = { 5 * k->u, 4 * k->u };
    cairo_set_dash(k->c, dash, dashed ? 2 : 0, 0);
    cairo_move_to(k->c, a.x, a.y), cairo_line_to(k->c, b.x, b.y);
    draw_stroke(k, width);
    cairo_set_dash(k->c, NULL, 0, 0);
}

void draw_stroke(const canvas *k, double width)
{
    cairo_pattern_t *own = cairo_pattern_reference(cairo_get_source(k->c));
    if (k->film) {
        cairo_set_source_rgba(k->c, 0, 0, 0, 0.5), cairo_set_line_width(k->c, (width + 1.4) * k->u);
        cairo_stroke_preserve(k->c);
    }
    cairo_set_source(k->c, own), cairo_pattern_destroy(own);
    cairo_set_line_width(k->c, width * k->u);
    cairo_stroke(k->c);
}

void draw_dot(const canvas *k, geo_point p, double radius)
{
    cairo_new_path(k->c), cairo_arc(k->c, p.x, p.y, radius * k->u, 0, 2 * M_PI);
    cairo_fill_preserve(k->c);
    draw_stroke(k, 0.1);
}

static int is_taken(const word_boxes *w, double x0, double y0, double x1, double y1)
{
    for (int i = 0; i < w->n; i++)
        if (x0 < w->box[i].x1 && w->box[i].x0 < x1 && y0 < w->box[i].y1 && w->box[i].y0 < y1) return 1;
    return 0;
}

/* The free base line nearest to y for words from x on, kept for them; y itself where eight lines up and down are taken. */
static double free_line(const canvas *k, double x, double y, double width, double height)
{
    word_boxes *w = k->words;
    const double least = k->y0 + 1.1 * height, most = k->y1 - 4 * k->u;
    double at = y;
    for (int step = 0; step <= 64; step++) {               /* quarters of a line, down and up in turn */
        const double to = y + (step % 2 ? 0.25 : -0.25) * ((step + 1) / 2) * height;
        if (to < least || to > most || is_taken(w, x, to - 0.8 * height, x + width, to + 0.2 * height)) continue;
        at = to;
        break;
    }
    if (w->n < WORDS) {
        w->box[w->n].x0 = x, w->box[w->n].x1 = x + width;
        w->box[w->n].y0 = at - 0.8 * height, w->box[w->n++].y1 = at + 0.2 * height;
    }
    return at;
}

void draw_words(const canvas *k, geo_point p, double anchor, double size, const char *text)
{
    cairo_text_extents_t e;
    double r, g, b, a;
    cairo_select_font_face(k->c, "sans-serif", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_BOLD);
    cairo_set_font_size(k->c, size * k->u);
    cairo_text_extents(k->c, text, &e);
    double x = p.x - anchor * e.x_advance, room = k->x1 - e.x_advance - 3 * k->u;
    x = fmax(k->x0 + 3 * k->u, fmin(x, room));
    double y = fmax(k->y0 + 1.2 * size * k->u, fmin(p.y + 0.36 * size * k->u, k->y1 - 4 * k->u));
    y = free_line(k, x, y, e.x_advance, 1.15 * size * k->u);
    cairo_pattern_get_rgba(cairo_get_source(k->c), &r, &g, &b, &a);
    cairo_move_to(k->c, x, y), cairo_text_path(k->c, text);
    cairo_set_source_rgba(k->c, 0, 0, 0, 0.75), cairo_set_line_width(k->c, 0.28 * size * k->u);
    cairo_stroke_preserve(k->c);
    cairo_set_source_rgba(k->c, r, g, b, 1), cairo_fill(k->c);
    cairo_set_source_rgba(k->c, r, g, b, a);
}

void draw_value(const canvas *k, geo_point p, double anchor, const char *name, double value, const char *unit)
{
    char *text = xprintf("%s %.1f%s", name, fabs(value) < 0.05 ? 0 : value, unit);
    draw_words(k, p, anchor, 12, text);
    free(text);
}

enum draw_colour draw_level_colour(int level)
{
    if (level >= GEO_S1) return DRAW_SACRUM;
    return level >= GEO_L1 ? DRAW_LUMBAR : level >= GEO_T1 ? DRAW_THORACIC : level ? DRAW_CERVICAL : DRAW_GREY;
}

/* ---- film and masks ------------------------------------------------------------------------------------------------------------------ */

static void paint_film(const canvas *k, const image *film)
{
    uint8_t *rgb = xalloc_n((size_t)film->h * (size_t)film->w, 3);
    cairo_surface_t *s = cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)film->w, (int)film->h);
    if (cairo_surface_status(s)) die_machine("out of memory");
    unsigned char *p = cairo_image_surface_get_data(s);
    int stride = cairo_image_surface_get_stride(s);
    overlay_grey(film, rgb);
    cairo_surface_flush(s);
    for (int64_t y = 0; y < film->h; y++) {
        uint32_t *row = (uint32_t *)(void *)(p + y * stride);
        for (int64_t x = 0; x < film->w; x++) row[x] = rgb[3 * (y * film->w + x)] * 0x010101u;
    }
    cairo_surface_mark_dirty(s);
    cairo_set_source_surface(k->c, s, -0.5, -0.5);
    cairo_paint(k->c);
    cairo_surface_destroy(s), free(rgb);
}

static enum draw_colour role_colour(int role)
{
    if (role == GEO_ROLE_SACRUM) return DRAW_SACRUM;
    if (role == GEO_ROLE_HEAD) return DRAW_HEAD;
    if (role >= GEO_ROLE_PALATE && role <= GEO_ROLE_OPISTHION) return DRAW_SKULL;
    return draw_level_colour(role);
}

/* Translucent, neighbours in turn stronger and weaker; what belongs to nothing is a grey dashed outline. */
static void paint_masks(const canvas *k, const geo_tracing *t)
{
    for (int i = 0; i < geo_tracing_outlines(t); i++) {
        int role;
        const geo_contour *c = geo_tracing_outline(t, i, &role);
        const double dash[2] = { 4 * k->u, 4 * k->u };
        for (int64_t j = 0; j < c->n; j++) cairo_line_to(k->c, c->p[j].x, c->p[j].y);
        cairo_close_path(k->c);
        draw_ink(k, role_colour(role), role == GEO_ROLE_NONE ? 0.05 : (role % 2 ? 0.22 : 0.14) * (k->film ? 1 : 2.2));
        cairo_fill_preserve(k->c);
        draw_ink(k, role_colour(role), 0.9);
        cairo_set_dash(k->c, dash, role == GEO_ROLE_NONE ? 2 : 0, 0), cairo_set_line_width(k->c, 0.7 * k->u);
        cairo_stroke(k->c);
        cairo_set_dash(k->c, NULL, 0, 0);
    }
}

/* ---- the page ------------------------------------------------------------------------------------------------------------------------ */

static void stretch(canvas *k, geo_point p)
{
    k->x0 = fmin(k->x0, p.x), k->x1 = fmax(k->x1, p.x), k->y0 = fmin(k->y0, p.y), k->y1 = fmax(k->y1, p.y);
}

/* Landmarks without a film: everything that is known, with a margin. */
static void fit_landmarks(canvas *k, const findings *f)
{
    k->x0 = k->y0 = INFINITY, k->x1 = k->y1 = -INFINITY;
    for (int i = 0; i < f->chain.n; i++) for (int j = 0; j < 4; j++) stretch(k, f->chain.body[i].quad.p[j]);
    geo_corners q;
    geo_circle head[2];
    geo_point a, p;
    const geo_case *c = f->chain.film;
    for (int i = GEO_C1; c && i <= GEO_L5; i++)
        if (geo_case_corners(c, i, &q)) stretch(k, q.sa), stretch(k, q.sp), stretch(k, q.ia), stretch(k, q.ip);
    if (c && geo_case_plate(c, &a, &p)) stretch(k, a), stretch(k, p);
    for (int i = 0, n = c ? geo_case_heads(c, head) : 0; i < n; i++)
        stretch(k, (geo_point){ head[i].x - head[i].r, head[i].y - head[i].r }),
            stretch(k, (geo_point){ head[i].x + head[i].r, head[i].y + head[i].r });
    for (int i = 0; c && i < GEO_POINTS; i++) if (geo_case_at(c, i, &p)) stretch(k, p);
    if (!(k->x1 > k->x0)) k->x0 = 0, k->x1 = 100;
    if (!(k->y1 > k->y0)) k->y0 = 0, k->y1 = 100;
    double margin = 0.08 * fmax(k->x1 - k->x0, k->y1 - k->y0);
    double wide = f->frontal ? 4 * margin : 2 * margin;         /* the lines of the Cobb angle need room */
    k->x0 -= wide, k->x1 += wide, k->y0 -= margin, k->y1 += margin;
}

void drawing_write(const char *path, const findings *f, const image *film, const ranges *normal)
{
    word_boxes words = { 0 };
    canvas k = { .x0 = -0.5, .y0 = -0.5, .side = 1, .words = &words };
    int64_t h = film ? film->h : f->h, w = film ? film->w : f->w;
    page p;
    if (h && w) k.x1 = (double)w - 0.5, k.y1 = (double)h - 0.5;
    else fit_landmarks(&k, f);
    double width = k.x1 - k.x0, height = k.y1 - k.y0, longer = fmax(width, height),
        zoom = longer < LEAST ? ceil(LEAST / longer) : fmin(1, MOST / longer);
    if (longer < 1) zoom = LEAST / longer;
    double tall = fmax(height * zoom, 900), panel = fmin(0.5 * tall, 900);
    page_open(&p, path, (width * zoom + panel) * POINTS, tall * POINTS);
    k.c = p.cairo, k.u = longer / 900, k.film = film != NULL;
    cairo_scale(k.c, POINTS, POINTS);
    cairo_set_source_rgb(k.c, 0, 0, 0), cairo_paint(k.c);
    cairo_save(k.c);
    cairo_rectangle(k.c, 0, 0, width * zoom, tall), cairo_clip(k.c);
    cairo_scale(k.c, zoom, zoom), cairo_translate(k.c, -k.x0, -k.y0);
    if (film) paint_film(&k, film);
    if (f->t) paint_masks(&k, f->t);
    if (!f->failed && f->frontal) draw_frontal(&k, f);
    if (!f->failed && !f->frontal) k.side = geo_result_facing(f->chain.result, NULL) < 0 ? -1 : 1, draw_lateral(&k, f);
    cairo_restore(k.c);
    cairo_translate(k.c, width * zoom, 0);
    draw_panel(k.c, panel, tall, f, normal);
    page_publish(&p);
}
