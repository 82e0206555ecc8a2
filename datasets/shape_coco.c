/* shape_coco.c - see shape_coco.h. */
#include "datasets/shape_coco.h"
#include "base/die.h"
#include "datasets/json_file.h"
#include "datasets/rle.h"
#include <stdlib.h>

#define SHIFT (-0.5)                             /* COCO puts (0, 0) on the corner of the top left pixel */

static const char *add_runs(shape *s, const json_t *seg)
{
    const json_t *counts = json_object_get(seg, "counts"), *size = json_object_get(seg, "size");
    const char *why = NULL;
    double v;
    if (json_array_size(size) != 2) return "run lengths without size: [height, width]";
    s->h = json_whole(json_array_get(size, 0)), s->w = json_whole(json_array_get(size, 1));
    if (json_is_string(counts)) s->runs = rle_parse(json_string_value(counts), &s->nruns, &why);
    else if (!json_is_array(counts)) why = "counts that are neither a list nor a text";
    else {
        s->nruns = (int64_t)json_array_size(counts);
        s->runs = xalloc_n((size_t)s->nruns, sizeof *s->runs);
        for (int64_t i = 0; i < s->nruns && !why; i++) {
            if (!json_number(json_array_get(counts, (size_t)i), &v) || !(v >= 0 &&
                v <= UINT32_MAX)) why = "a run length that is no whole number";
            else s->runs[i] = (uint32_t)v;
        }
    }
    return why;
}

static const char *add_polygons(shape *s, const json_t *seg)
{
    const char *why;
    size_t i;
    const json_t *part;
    if (!json_array_size(seg)) return "no segmentation";
    json_array_foreach((json_t *)seg, i, part) {
        int64_t n;
        double *xy = json_points(part, &n, &why);
        if (!xy) return why;
        if (n >= 3) shape_polygon(s, xy, n, SHIFT);
        free(xy);
        if (n < 3) return "a polygon of fewer than 3 corners";
    }
    return NULL;
}

const char *shape_coco(shape *s, const json_t *segmentation)
{
    if (json_is_object(segmentation)) return add_runs(s, segmentation);
    return json_is_array(segmentation) ? add_polygons(s, segmentation) : "no segmentation";
}
