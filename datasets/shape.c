/* shape.c - see shape.h. */
#include "datasets/shape.h"
#include "base/die.h"
#include "datasets/rle.h"
#include "geometry/polygon.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void shape_polygon(shape *s, const double *xy, int64_t n, double shift)
{
    int64_t before = 0;
    for (int64_t k = 0; k < s->nparts; k++) before += s->part[k];
    s->part = xgrow(s->part, (size_t)(s->nparts + 1) * sizeof *s->part);
    s->xy = xgrow(s->xy, (size_t)(before + n) * 2 * sizeof *s->xy);
    for (int64_t i = 0; i < 2 * n; i++) s->xy[2 * before + i] = xy[i] + shift;
    s->part[s->nparts++] = n;
}

void shape_free(shape *s)
{
    free(s->file), free(s->part), free(s->xy), free(s->runs);
    *s = (shape){ 0 };
}

/* A file of the object's own. Returns the class. */
static int paint_file(const shape *s, uint8_t *one, int64_t h, int64_t w, char why[IMAGE_WHY])
{
    image m;
    int value = 0;
    if (!labels_try(s->file, &m, why)) return 0;
    if (m.h != h || m.w != w) {
        snprintf(why, IMAGE_WHY, "%lld x %lld pixels, the film has %lld x %lld", (long long)m.w, (long long)m.h, (long long)w,
            (long long)h);
        image_free(&m);
        return 0;
    }
    for (int64_t i = 0; i < h * w; i++) {
        const int v = image_at(&m, i);
        if (!v) continue;
        if (value && v != value) { snprintf(why, IMAGE_WHY, "holds %d and %d, wanted one object: 0 and one other value", value, v);
            value = 0; break; }
        value = v, one[i] = 1;
    }
    if (value > CLASS_MAX) snprintf(why, IMAGE_WHY, "holds the value %d, a class is at most %d", value, CLASS_MAX), value = 0;
    else if (!value && !*why && s->may_be_empty) value = s->value;
    else if (!value && !*why) snprintf(why, IMAGE_WHY, "nothing is drawn in it");
    image_free(&m);
    return value > 1 ? value : value && s->value ? s->value : value;
}

int shape_paint(const shape *s, uint8_t *one, int64_t h, int64_t w, char why[IMAGE_WHY])
{
    const double *xy = s->xy;
    *why = 0;
    if (s->file) return paint_file(s, one, h, w, why);
    if (s->runs) {
        const char *bad = s->h != h || s->w != w ? "run lengths of an image of another size" : rle_paint(s->runs, s->nruns, one, h, w);
        if (bad) snprintf(why, IMAGE_WHY, "%s", bad);
        return bad ? 0 : s->value;
    }
    for (int64_t k = 0; k < s->nparts; xy += 2 * s->part[k++])
        if (polygon_fill(xy, s->part[k], one, h, w, 1) < 0) { snprintf(why, IMAGE_WHY, "a corner that is not finite"); return 0; }
    return s->value;
}
