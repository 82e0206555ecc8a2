/* preview.c - see preview.h. Samples come out of the loader's own function: the sheet cannot show anything but what is trained on. */
#include "train/preview.h"
#include "base/die.h"
#include "datasets/image.h"
#include "train/loader.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { GAP = 4 };

/* One sample into its place on the sheet, rgb (*, sheet_w, 3) from the place's first pixel on. */
static void place_sample(const float *image, int64_t channels, const uint8_t *labels, int64_t h, int64_t w, float lo, float hi, uint8_t *rgb,
                         int64_t sheet_w)
{
    uint8_t *tile = xalloc_n((size_t)(h * w), 3);
    for (int64_t i = 0; i < h * w; i++) {
        float v = (image[i * channels] - lo) / (hi > lo ? hi - lo : 1) * 255;
        memset(tile + 3 * i, (int)fminf(255, fmaxf(0, v + 0.5f)), 3);
    }
    overlay_labels(tile, labels, h, w, 0.15, 1);
    for (int64_t y = 0; y < h; y++) memcpy(rgb + y * sheet_w * 3, tile + y * w * 3, (size_t)(3 * w));
    free(tile);
}

void preview(run *r, const char *path, int rows, int columns)
{
    net *t = run_net(r, 1);
    run_check(r, t);
    const int64_t h = t->conf.height, w = t->conf.width, c = t->conf.channels, k = t->conf.classes, step_y = h + GAP, step_x = w + GAP;
    store *s = store_open(r->data.store);
    char *part = run_part(r, 0);
    samples *set = samples_new(s, &r->data, part, k == 1 ? 2 : k, r->objective.ignore, h, w, (size_t)r->data.cache << 20, rows);
    free(part);
    if (set->n < rows) rows = (int)set->n;
    if (!rows) die("%s: data.train=none: nothing to show", r->path);
    loader_conf conf = { .set = set, .seed = (uint64_t)r->solver.seed, .channels = c };
    augment_check(&r->augment, 256, r->path, conf.swap);
    const int64_t sheet_h = rows * step_y - GAP, sheet_w = columns * step_x - GAP;
    uint8_t *rgb = xalloc_n((size_t)(sheet_h * sheet_w), 3), *labels = xalloc((size_t)(h * w));
    float *image = xalloc_n((size_t)(h * w * c), sizeof *image);
    loader_scratch scratch = { 0 };
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < columns; j++) {
            conf.augment = j ? &r->augment : NULL;
            loader_sample(&conf, j ? j - 1 : 0, i, 0, &scratch, image, labels);
            sample one = samples_get(set, i);
            place_sample(image, c, labels, h, w, one.source.lo, one.source.hi, rgb + 3 * (i * step_y * sheet_w + j * step_x), sheet_w);
            samples_done(&one);
        }
    image_write_rgb(path, rgb, sheet_h, sheet_w);
    loader_scratch_free(&scratch);
    free(rgb), free(labels), free(image);
    samples_free(set), store_close(s), net_free(t);
}
