/* truth.h - what is known about a film, in its own pixels: objects with outlines, corners, points, and the parameters measured on them.
 *
 * Values are always recomputed from these corners by geometry.h, never taken from what was drawn. An object's value is that of
 * classes/levels.csv (a level of geometry.h, 25 sacrum, 26 and 27 heads, 28 palate, 29 basion, 30 opisthion), and 32 for an L6. Reader
 * noise
 * (truth_reread) and failures (failure.h) change objects and corners; values stay what they are. */
#ifndef SYNTH_TRUTH_H
#define SYNTH_TRUTH_H
#include "synth/anatomy.h"
#include "synth/draws.h"

enum { CODE_SACRUM = 25, CODE_HEAD = 26, CODE_PALATE = 28, CODE_BASION = 29, CODE_OPISTHION = 30, CODE_L6 = 32,
       TRUTH_OBJECTS = 48, TRUTH_PIECES = 4, TRUTH_NAME = 24, TRUTH_VALUES = 256 };

typedef struct outline { double (*p)[2]; int n; } outline;                 /* pixels, owned */
/* The union of its pieces (an atlas has two). */
typedef struct object { int code; char name[TRUTH_NAME]; int n; outline piece[TRUTH_PIECES]; } object;
typedef struct body { int level; double p[4][2]; } body;   /* TL TR BL BR as on the screen; level GEO_S1: the first sacral body */
typedef struct spot { char name[TRUTH_NAME]; double x, y, r; } spot;       /* named as geo_case_named wants it; r > 0: a femoral head */
typedef struct value { char name[TRUTH_NAME], unit[12]; double v; } value;

typedef struct truth {
    int64_t h, w; double spacing; int facing, frontal;
    int nobjects, nbodies, nspots, nvalues;
    object object[TRUTH_OBJECTS]; body body[LEVEL_SLOTS]; spot spot[3 * LEVEL_SLOTS + GEO_POINTS]; value value[TRUTH_VALUES];
} truth;

/* Only what lies on the film: objects of which a part does, corners of which all four do. */
truth *truth_new(const anatomy *a);
void   truth_free(truth *t);
/* The film as geometry.h takes it, facing and spacing given, or NULL on a frontal film. The caller frees it. */
geo_case *truth_case(const truth *t, double age);
/* Notes how many screws (by level) an implanted film has in each body, as values LEVEL_screws; 0 is not told. */
void   truth_implanted(truth *t, const int screws[LEVEL_SLOTS]);
/* Notes which corners (by level, SA SP IA IP) the finished picture does not show, as values LEVEL_visible: bits TL 1, TR 2, BL 4, BR 8. */
void   truth_see(truth *t, const int visible[LEVEL_SLOTS][4]);
/* As one reader would have drawn it: corners off by sd mm (half of it common to a body), outlines with them, one film in a hundred
 * numbered one level off. */
void   truth_reread(truth *t, double sd_mm, draws *d);
/* Adds an object to (h, w) masks: sets its pixels to value. Returns how many it has on the film. */
int64_t object_paint(const object *o, uint8_t *mask, int64_t h, int64_t w, uint8_t value);
void    object_add(object *o, const double (*p)[2], int n);               /* copies one more piece */
void    object_free(object *o);
#endif
