/* drawing_parts.h - what the files of drawing.h share: the canvas, in pixels of the film, and strokes and words that grow with it. */
#ifndef EVAL_DRAWING_PARTS_H
#define EVAL_DRAWING_PARTS_H
#include "eval/drawing.h"
#include <cairo.h>

enum draw_colour { DRAW_WHITE, DRAW_CERVICAL, DRAW_THORACIC, DRAW_LUMBAR, DRAW_SACRUM, DRAW_HEAD, DRAW_ANGLE, DRAW_PELVIS, DRAW_PLUMB,
                   DRAW_SKULL, DRAW_BAD, DRAW_GREY, DRAW_COLOURS };

/* Where words stand, so that later ones make room. */
enum { WORDS = 128 };
typedef struct word_boxes { int n; struct { double x0, y0, x1, y1; } box[WORDS]; } word_boxes;

typedef struct canvas {
    cairo_t *c;                                  /* one unit is one pixel of the film, (0,0) the centre of the first */
    double u;                                    /* a thin line's width; letters are 9 to 14 of it */
    double x0, y0, x1, y1;                       /* what is seen of the film */
    int side;                                    /* +1: anterior is to the right */
    int film;                                    /* there is one below, which must stay visible */
    word_boxes *words;
} canvas;

void draw_ink(const canvas *k, enum draw_colour colour, double alpha);
void draw_line(const canvas *k, geo_point a, geo_point b, double width, int dashed);
/* Strokes the path: with a dark rim over a film, so that it is seen on bright bone too. */
void draw_stroke(const canvas *k, double width);
void draw_dot(const canvas *k, geo_point p, double radius);
/* Words with a dark rim; anchor 0 starts at p, 0.5 is centred, 1 ends there; size in u. Kept inside the film; a few lines higher or lower
 * where other words stand there already. */
void draw_words(const canvas *k, geo_point p, double anchor, double size, const char *text);
/* The same with a number: "PT %.1f°". */
void draw_value(const canvas *k, geo_point p, double anchor, const char *name, double value, const char *unit);
enum draw_colour draw_level_colour(int level);

/* drawing_lateral.c */
void draw_lateral(const canvas *k, const findings *f);
/* drawing_frontal.c */
void draw_frontal(const canvas *k, const findings *f);
/* drawing_panel.c: in pixels of the page, from (0, 0). */
void draw_panel(cairo_t *c, double width, double height, const findings *f, const ranges *normal);
#endif
