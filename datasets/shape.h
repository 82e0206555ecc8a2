/* shape.h - one object of a film as the formats of others describe it: polygons, COCO's runs, or a picture of its own.
 *
 * All of them end as an 8-bit picture of 0 and 1, from which the store's instances and the label map are made. Coordinates are ours
 * (pixel centres are whole numbers): an importer shifts before it makes a shape. */
#ifndef DATASETS_SHAPE_H
#define DATASETS_SHAPE_H
#include "datasets/store.h"

typedef struct shape {
    int value;                               /* class; 0: as the picture says, see shape_paint */
    char level[STORE_NAME];
    char *file;                              /* a PNG of 0 and one other value; NULL: not of this kind */
    int may_be_empty;                        /* a picture of nothing is the object, not a fault: its class is value */
    int64_t nparts, *part; double *xy;       /* polygons: part k has part[k] vertices, one after the other; the object is their union */
    int64_t nruns; uint32_t *runs;           /* COCO's, down the columns of an image (h, w) */
    int64_t h, w;
} shape;

/* Adds a polygon of n vertices (n, 2), moved by shift. */
void shape_polygon(shape *s, const double *xy, int64_t n, double shift);
void shape_free(shape *s);
/* Paints it as 1 into one (h, w), which is all 0 before. A picture's pixel value is the class where it is above 1 (0 and 255 alone mean 0
 * and 1); else value, or 1. Returns the class, or 0 with the reason in why. */
int  shape_paint(const shape *s, uint8_t *one, int64_t h, int64_t w, char why[IMAGE_WHY]);
#endif
