/* preview.c - see preview.h. Samples come out of the loader's own function: the sheet cannot show anything but what is trained on. */
#include "train/preview.h"
#include "base/die.h"
#include "datasets/image.h"
#include "train/loader.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GAP = 4 };

/* Every kind of variation with the share of samples that it touches: what is shown alone below the samples where that is above 0. */
static const struct { const char *name; size_t at; } alone[] = {
    { "flip", offsetof(augment_conf, flip) }, { "flip_vertical", offsetof(augment_conf, flip_vertical) }, { "geometry",
        offsetof(augment_conf, geometry) },
    { "quarters", offsetof(augment_conf, quarters) }, { "crop", offsetof(augment_conf, crop) }, { "elastic", offsetof(augment_conf, elastic) }, { "mosaic", offsetof(augment_conf, mosaic) },
    { "intensity", offsetof(augment_conf, intensity) }, { "clahe", offsetof(augment_conf, clahe) },
    { "low_contrast", offsetof(augment_conf, low_contrast) }, { "invert", offsetof(augment_conf, invert) }, { "blur",
        offsetof(augment_conf, blur) },
    { "cutout", offsetof(augment_conf, cutout) } };
enum { KINDS = sizeof alone / sizeof *alone };

static double *share_of(augment_conf *c, int kind) { return (double *)((char *)c + alone[kind].at); }

/* The settings of the run with this kind on every sample, and no other. */
static augment_conf only(const augment_conf *c, int kind)
{
    augment_conf one = *c;
    for (int k = 0; k < KINDS; k++) *share_of(&one, k) = k == kind;
    return one;
}

static const uint8_t white[3] = { 255, 255, 255 };

/* What a detector learns from: outlines, boxes, and the number of the class in each box's corner. labels: numbers of instances */
static void draw_instances(uint8_t *rgb, uint8_t *labels, const uint8_t *classes, int64_t h, int64_t w)
{
    instance_seen seen[INSTANCE_IDS];
    uint8_t shown[INSTANCE_IDS] = { 0 };
    char text[8];
    const int n = instances_seen(labels, classes, h, w, seen);
    for (int k = 0; k < n; k++) shown[seen[k].number] = (uint8_t)seen[k].number;
    for (int64_t i = 0; i < h * w; i++) labels[i] = shown[labels[i]];
    overlay_labels(rgb, labels, h, w, 0.15, 1);
    for (int k = 0; k < n; k++) {
        const uint8_t *colour = overlay_colour(seen[k].number);
        const double x[5] = { seen[k].b.x1, seen[k].b.x2 - 1, seen[k].b.x2 - 1, seen[k].b.x1, seen[k].b.x1 };
        const double y[5] = { seen[k].b.y1, seen[k].b.y1, seen[k].b.y2 - 1, seen[k].b.y2 - 1, seen[k].b.y1 };
        for (int i = 0; i < 4; i++) overlay_line(rgb, h, w, x[i], y[i], x[i + 1], y[i + 1], 1, colour);
        snprintf(text, sizeof text, "%d", seen[k].class);
        overlay_text(rgb, h, w, (int64_t)x[0] + 2, (int64_t)y[0] + 2, h >= 768 ? 2 : 1, white, text);
    }
}

/* One sample into its place on the sheet, rgb (*, sheet_w, 3) from the place's first pixel on. classes: of a detector's instances, or NULL */
static void place_sample(const float *image, int64_t channels, uint8_t *labels, const uint8_t *classes, int64_t h, int64_t w, float lo, float hi,
                         uint8_t *rgb, int64_t sheet_w)
{
    uint8_t *tile = xalloc_n((size_t)(h * w), 3);
    for (int64_t i = 0; i < h * w; i++) {
        float v = (image[i * channels] - lo) / (hi > lo ? hi - lo : 1) * 255;
        memset(tile + 3 * i, (int)fminf(255, fmaxf(0, v + 0.5f)), 3);
    }
    if (classes) draw_instances(tile, labels, classes, h, w);
    else overlay_labels(tile, labels, h, w, 0.15, 1);
    for (int64_t y = 0; y < h; y++) memcpy(rgb + y * sheet_w * 3, tile + y * w * 3, (size_t)(3 * w));
    free(tile);
}

void preview(run *r, const char *path, int rows, int columns)
{
    net *t = run_net(r, 1);
    run_check(r, t);
    const int64_t c = t->conf.channels;
    store *s = store_open(r->data.store);
    char *part = run_part(r, 0);
    samples *set = samples_new(s, &r->data, part, run_values(r, t), r->objective.ignore, t->conf.height, t->conf.width, (size_t)r->data.cache << 20, 0);
    free(part);
    if (r->data.check) samples_drop_faulty(s, set, NULL);
    set->instances = t->detector != NULL;
    int64_t h = 0, w = 0;                                    /* of a place: it holds the largest size */
    for (int i = 0; i < set->sizes.n; i++) h = set->sizes.h[i] > h ? set->sizes.h[i] : h, w = set->sizes.w[i] > w ? set->sizes.w[i] : w;
    const int64_t step_y = h + GAP, step_x = w + GAP;
    if (set->n < rows) rows = (int)set->n;
    if (!rows) die("%s: data.train=none: nothing to show", r->path);
    loader_conf conf = { .set = set, .seed = (uint64_t)r->solver.seed, .channels = c };
    augment_check(&r->augment, 256, r->path, conf.swap);
    int kind[KINDS], kinds = 0;
    for (int k = 0; k < KINDS; k++) if (*share_of(&r->augment, k) > 0) kind[kinds++] = k;
    const int64_t sheet_h = (rows + kinds) * step_y - GAP, sheet_w = columns * step_x - GAP;
    uint8_t *rgb = xalloc_n((size_t)(sheet_h * sheet_w), 3), *labels = xalloc((size_t)(h * w));
    float *image = xalloc_n((size_t)(h * w * c), sizeof *image);
    loader_scratch scratch = { 0 };
    for (int i = 0; i < rows + kinds; i++) {
        const int64_t which = i < rows ? i : (i - rows) % rows;
        augment_conf alone_here = i < rows ? r->augment : only(&r->augment, kind[i - rows]);
        for (int j = 0; j < columns; j++) {
            conf.augment = j ? &alone_here : NULL;
            loader_sample(&conf, j ? j - 1 : 0, which, 0, &scratch, image, labels);
            sample one = samples_get(set, which);
            place_sample(image, c, labels, set->instances ? scratch.classes : NULL, one.f.net_h, one.f.net_w, one.source.lo, one.source.hi,
                         rgb + 3 * (i * step_y * sheet_w + j * step_x), sheet_w);
            samples_done(&one);
        }
        if (i >= rows) overlay_text(rgb, sheet_h, sheet_w, 4, i * step_y + 4, h >= 256 ? 3 : 2, white, alone[kind[i - rows]].name);
    }
    image_write_rgb(path, rgb, sheet_h, sheet_w);
    loader_scratch_free(&scratch);
    free(rgb), free(labels), free(image);
    samples_free(set), store_close(s), net_free(t);
}
