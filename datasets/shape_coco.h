/* shape_coco.h - the `segmentation` of an annotation or a result in COCO's JSON: polygons, runs, or runs as text. */
#ifndef DATASETS_SHAPE_COCO_H
#define DATASETS_SHAPE_COCO_H
#include "datasets/shape.h"
#include <jansson.h>

/* Adds it to a shape: polygons in our coordinates, runs as they stand with their size. NULL, or the reason why it is none. */
const char *shape_coco(shape *s, const json_t *segmentation);
#endif
