/* detector_paint.h - what a detector found, as scores of classes at every pixel: for whatever works with label maps (validation, prediction,
 * overlays). The background scores 0, a class what the best of its masks there gives it, above 0 from detector.mask_threshold on. */
#ifndef NN_DETECTOR_PAINT_H
#define NN_DETECTOR_PAINT_H
#include "kernels/detect.h"
#include "nn/detector.h"

typedef struct found {                   /* the detections of one image, best first */
    int64_t n, size;                     /* how many; side of their maps */
    const box *boxes; const real *scores; const int32_t *label; const real *maps;      /* (n), (n), (n) columns, (n, size, size) */
} found;

/* logits: (h, w, classes). */
void detector_paint(const detector_conf *d, const found *f, int64_t h, int64_t w, int64_t classes, real *logits);
/* The class, counted from 1 with background 0, that a column of the logits means; and back. */
int64_t detector_class(const detector_conf *d, int64_t column);
int64_t detector_column(const detector_conf *d, int64_t class);
#endif
