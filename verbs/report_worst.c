/* report_worst.c - the worst cases of an evaluation as pictures, truth beside prediction; see report.h. A film is shown no larger than a screen
 * needs, so that ten of them stay a file that can be sent by mail. */
#include "verbs/report.h"
#include "base/die.h"
#include "datasets/store.h"
#include "eval/html.h"
#include "eval/predictions.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 640, GAP = 8 };                    /* longer side of a film, and the gap between two, in pixels of the picture */

typedef struct worst { const char *id; double dsc; const json_t *classes; } worst;

static int by_dsc(const void *a, const void *b)
{
    const worst *p = a, *q = b;
    return p->dsc != q->dsc ? (p->dsc > q->dsc) - (p->dsc < q->dsc) : strcmp(p->id, q->id);
}

/* The cases that have a DSC, worst first; fresh. */
static worst *rank(const json_t *eval, int *n)
{
    const json_t *cases = json_object_get(eval, "cases");
    worst *w = xalloc_n(json_array_size(cases), sizeof *w);
    *n = 0;
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *c = json_array_get(cases, i), *dsc = json_object_get(c, "DSC"), *id = json_object_get(c, "case");
        if (json_is_number(dsc) && json_is_string(id))
            w[(*n)++] = (worst){ json_string_value(id), json_number_value(dsc), json_object_get(c, "classes") };
    }
    qsort(w, (size_t)*n, sizeof *w, by_dsc);
    return w;
}

/* "DSC 0.71; lowest: L5 0.12, sacrum 0.40", fresh. */
static char *caption_of(const worst *w)
{
    double low[3] = { 1, 1, 1 };
    const char *name[3] = { 0 };
    for (size_t k = 0; k < json_array_size(w->classes); k++) {
        const json_t *c = json_array_get(w->classes, k), *dsc = json_object_get(c, "DSC");
        if (!json_is_number(dsc) || !json_is_string(json_object_get(c, "name"))) continue;
        double x = json_number_value(dsc);
        const char *called = json_string_value(json_object_get(c, "name"));
        for (int i = 0; i < 3; i++)
            if (x < low[i]) {
                const double keep = low[i];
                const char *kept = name[i];
                low[i] = x, name[i] = called, x = keep, called = kept;
            }
    }
    char *text = xprintf("%s: mean DSC %.3f", w->id, w->dsc);
    for (int i = 0; i < 3 && name[i]; i++) {
        char *more = xprintf("%s%s %s %.3f", text, i ? "," : "; lowest", name[i], low[i]);
        free(text), text = more;
    }
    return text;
}

static int64_t index_of(const predictions *p, const char *stem)
{
    for (int64_t i = 0; i < predictions_count(p); i++) if (!strcmp(predictions_stem(p, i), stem)) return i;
    return -1;
}

/* Film and labels (h, w), made small, as one pane of rgb (H, *, 3) at column x; stride: columns of rgb. */
static void pane(uint8_t *rgb, int64_t stride, int64_t x, const image *film, const uint8_t *labels, int64_t H, int64_t W)
{
    const size_t pixels = (size_t)(film->h * film->w);
    float *full = xalloc_n(pixels, sizeof *full), *small = xalloc_n((size_t)(H * W), sizeof *small);
    image grey = image_new(H, W, 16);
    uint8_t *map = xalloc_n((size_t)H, (size_t)W), *out = xalloc_n((size_t)(H * W), 3);
    image_to_float(film, full);
    resize_smooth(full, film->h, film->w, small, H, W), resize_labels(labels, film->h, film->w, map, H, W);
    for (int64_t i = 0; i < H * W; i++) ((uint16_t *)grey.p)[i] = (uint16_t)lrintf(65535 * fminf(1, fmaxf(0, small[i])));
    overlay_grey(&grey, out), overlay_labels(out, map, H, W, 0.3, 1);
    for (int64_t y = 0; y < H; y++) memcpy(rgb + 3 * (y * stride + x), out + 3 * y * W, (size_t)(3 * W));
    image_free(&grey), free(full), free(small), free(map), free(out);
}

/* 0 where the case is not in both files at the same size. */
static int show(FILE *f, const worst *w, const predictions *p, const store *s)
{
    const int64_t i = index_of(p, w->id), k = store_find(s, w->id);
    int64_t h, wide;
    if (i < 0 || k < 0) return 0;
    const store_case *c = store_at(s, k);
    predictions_size(p, i, &h, &wide);
    if (c->h != h || c->w != wide) return 0;
    image film = image_new(h, wide, c->bits);
    uint8_t *pred = xalloc_n((size_t)h, (size_t)wide), *truth = xalloc_n((size_t)h, (size_t)wide);
    store_read_image(s, k, film.p), store_read_mask(s, k, truth), predictions_read(p, i, pred);
    const double scale = fmin(1, (double)SIDE / (double)(h > wide ? h : wide));
    const int64_t H = (int64_t)fmax(1, round(scale * (double)h)), W = (int64_t)fmax(1, round(scale * (double)wide)), stride = 2 * W + GAP;
    uint8_t *rgb = xalloc_n((size_t)(H * stride), 3);
    pane(rgb, stride, 0, &film, truth, H, W), pane(rgb, stride, W + GAP, &film, pred, H, W);
    char *caption = caption_of(w), *alt = xprintf("%s: truth on the left, prediction on the right", w->id);
    html_rgb(f, rgb, H, stride, alt, caption);
    free(caption), free(alt), free(rgb), free(pred), free(truth), image_free(&film);
    return 1;
}

/* Which colour is which class. */
static void legend(FILE *f, const json_t *eval)
{
    const json_t *classes = json_object_get(eval, "classes");
    fputs("<p class=\"note\">", f);
    for (size_t k = 0; k < json_array_size(classes); k++) {
        const json_t *c = json_array_get(classes, k), *value = json_object_get(c, "value"), *name = json_object_get(c, "name");
        if (!json_is_integer(value) || json_integer_value(value) < 1 || json_integer_value(value) > 255 || !json_is_string(name)) continue;
        const uint8_t *rgb = overlay_colour((int)json_integer_value(value));
        fprintf(f, "<span style=\"color:#%02x%02x%02x\">■</span> ", rgb[0], rgb[1], rgb[2]);
        html_text(f, json_string_value(name)), fputs(" &nbsp; ", f);
    }
    fputs("</p>\n", f);
}

void report_worst(FILE *f, int number, const json_t *eval, const char *pred, const char *truth)
{
    int n;
    worst *w = rank(eval, &n);
    predictions *p = pred ? predictions_open(pred) : NULL;
    store *s = truth ? store_open(truth) : NULL;
    html_section(f, "worst", number, "The worst images");
    if (!n) {
        html_paragraph(f, "note", "No image has a DSC.");
        predictions_close(p), store_close(s), free(w);
        return;
    }
    html_paragraph(f, "soft", "By mean DSC over the classes that are there. Truth on the left, prediction on the right.");
    if (!p || !s) html_paragraph(f, "note", !p ? "No pictures: there is no predictions.h5 of these cases in this folder." :
                                 "No pictures: the store with the true films was not found; --truth names it.");
    if (p && s) legend(f, eval);
    fputs("<div class=\"grid\">\n", f);
    for (int i = 0; i < n && i < REPORT_WORST; i++) {
        if (p && s && show(f, &w[i], p, s)) continue;
        char *caption = caption_of(&w[i]);
        html_paragraph(f, "", caption), free(caption);
    }
    fputs("</div>\n", f);
    predictions_close(p), store_close(s), free(w);
}
