/* scene.h - what stands round the spine on a film: the body's outline, thorax, head and neck, pelvis, gas, objects. None of it has truth;
 * it is placed relative to the spine by continuous level numbers (GEO_C2 = 2 .. GEO_S1 = 25, between and beyond them by the chain's own
 * pitch) and millimetres forwards of the bodies' middle line, so that it follows whatever spine the anatomy made. Each part draws from its
 * own stage. */
#ifndef SYNTH_SCENE_H
#define SYNTH_SCENE_H
#include "synth/anatomy.h"
#include "synth/draws.h"
#include "synth/maps.h"
#include "synth/shapes.h"
#include "synth/texture.h"

enum { KNOTS = LEVEL_SLOTS + 4 };
typedef struct scene {
    const anatomy *a;
    maps *m;
    const texture *t;
    /* draw what lies over the spine (ribs, shoulders, gas); 0: the body's outline and the lungs only */
    int    overlap;
    int    knots;
    double level[KNOTS], y[KNOTS], x[KNOTS];        /* the middle line of the bodies, from above */
    double size, fat;                    /* of the skeleton; of what lies over it: 1 on average */
    /* (h): middle line and level at every row of the film; what the skin follows, straighter than the spine */
    float *row_x, *row_level, *row_skin;
} scene;

scene scene_new(const anatomy *a, maps *m, const texture *t, int overlap);
void  scene_free(scene *s);
/* The point this far forwards (in frontal films: to the right of the image) of the middle line at a level. */
void  scene_place(const scene *s, double level, double forwards, double p[2]);
/* The same for a point z mm off the mid-sagittal plane, + towards the source, as the beam projects it. */
void  scene_project(const scene *s, const double p[2], double z, double out[2]);
/* A table's value, linear between its rows (level, value), held at its ends. */
typedef struct by_level { double level, value; } by_level;
double scene_table(const by_level *t, int n, double level);

/* Each adds its part to the maps. */
void scene_trunk(scene *s);              /* lateral: skin to skin */
void scene_grain(scene *s, double share);                        /* muscle and fat are no water: soft tissue uneven by this share (SD) */
void scene_lungs(scene *s);              /* lateral: lungs, heart, aorta, diaphragm */
void scene_ribs(scene *s);               /* lateral: ribs, sternum, shoulder blades, arms */
void scene_head(scene *s);               /* lateral: skull, jaw, teeth, hyoid, airway */
void scene_pelvis(scene *s);             /* lateral: iliac wings, hip bones */
void scene_gas(scene *s);                /* both: bowel gas and its content */
void scene_frontal(scene *s);            /* frontal: trunk, lungs, heart, ribs, shoulders, pelvis */
void scene_objects(scene *s);            /* both: clips, leads, buttons: metal and plastic over the film, no implants */
#endif
