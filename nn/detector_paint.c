/* detector_paint.c - see detector_paint.h. */
#include "nn/detector_paint.h"
#include "base/die.h"
#include <stdlib.h>

int64_t detector_class(const detector_conf *d, int64_t column) { return column + (d->background == BACKGROUND_LAST); }
int64_t detector_column(const detector_conf *d, int64_t class) { return class - (d->background == BACKGROUND_LAST); }

void detector_paint(const detector_conf *d, const found *f, int64_t h, int64_t w, int64_t classes, real *logits)
{
    real *map = xalloc_n((size_t)(h * w), sizeof *map);
    for (int64_t i = 0; i < h * w * classes; i++) logits[i] = i % classes ? -1 : 0;
    for (int64_t k = 0; k < f->n; k++) {
        const int64_t c = detector_class(d, f->label[k]);
        if (c < 1 || c >= classes) continue;
        const box frame = box_widened(f->boxes[k], d->mask_margin);
        const mask_patch p = mask_patch_of(d->paste == PASTE_SAMPLED, f->size, frame, h, w);
        mask_paste_patch(d->paste == PASTE_SAMPLED, f->size, f->maps + k * f->size * f->size, frame, p, w, map);
        for (int64_t y = p.y1; y < p.y2; y++)
            for (int64_t i = y * w + p.x1; i < y * w + p.x2; i++) {
                const real v = f->scores[k] * (map[i] - (real)d->mask_threshold);
                if (map[i] > 0 && v > logits[i * classes + c]) logits[i * classes + c] = v;
            }
    }
    free(map);
}
