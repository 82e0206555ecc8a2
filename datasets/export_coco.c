/* export_coco.c - a store's films, objects and landmarks as one COCO JSON file; see export.h. Runs are exact, polygons would not be. The trap is
 * the order of pixels: COCO's runs go down the columns, a store's along the rows. */
#include "datasets/export.h"
#include "base/die.h"
#include "base/file.h"
#include "base/utf8.h"
#include "datasets/import_kinds.h"
#include "datasets/json_file.h"
#include "datasets/rle.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct coco {
    json_t *images, *annotations, *points;       /* points: the landmarks' names, in the order of their first film */
    json_t *place;                               /* name -> its place in points */
    uint8_t used[256];                           /* classes that objects are of */
} coco;

static json_t *list_of(const double *v, int n)
{
    json_t *list = json_array();
    for (int i = 0; i < n; i++) json_array_append_new(list, json_real(v[i]));
    return list;
}

/* What every annotation has. box: x, y, width, height. */
static json_t *annotation(const coco *c, int64_t film, int category, const double box[4], double area, int crowd)
{
    return json_pack("{s:I, s:I, s:i, s:o, s:f, s:i}", "id", (json_int_t)json_array_size(c->annotations) + 1, "image_id", (json_int_t)film + 1,
                     "category_id", category, "bbox", list_of(box, 4), "area", area, "iscrowd", crowd);
}

/* The pixels of mask (h, w) that are not 0. */
static void add_object(coco *c, int64_t film, const uint8_t *mask, int64_t h, int64_t w, int value, const char *level)
{
    int64_t n, x0 = w, y0 = h, x1 = 0, y1 = 0, area = 0;
    for (int64_t y = 0; y < h; y++)
        for (int64_t x = 0; x < w; x++) {
            if (!mask[y * w + x]) continue;
            area++;
            if (x < x0) x0 = x;
            if (x >= x1) x1 = x + 1;
            if (y < y0) y0 = y;
            y1 = y + 1;
        }
    const double box[4] = { (double)(area ? x0 : 0), (double)(area ? y0 : 0), (double)(area ? x1 - x0 : 0), (double)(area ? y1 - y0 : 0) };
    const int crowd = !strcmp(level, "crowd");
    uint32_t *runs = rle_runs(mask, h, w, &n);
    char *text = rle_text(runs, n);
    json_t *o = annotation(c, film, value, box, (double)area, crowd);
    json_object_set_new(o, "segmentation", json_pack("{s:[I, I], s:s}", "size", (json_int_t)h, (json_int_t)w, "counts", text));
    if (!crowd) json_object_set_new(o, "level", json_clean(level));
    json_array_append_new(c->annotations, o);
    c->used[value] = 1;
    free(runs), free(text);
}

static void add_objects(coco *c, const store *s, int64_t i, const labels *l)
{
    const store_case *e = store_at(s, i);
    const size_t len = (size_t)(e->h * e->w);
    uint8_t *one = xalloc(len), *map = xalloc(len);
    for (int k = 0; k < l->ninstances; k++) {
        if (k) memset(one, 0, len);
        instance_paint(&l->instances[k], one, e->h, e->w, 1);
        add_object(c, i, one, e->h, e->w, l->instances[k].value, l->instances[k].level);
    }
    if (!l->ninstances && store_read_mask(s, i, map))
        for (int v = 1; v < 256; v++) {
            if (!memchr(map, v, len)) continue;
            for (size_t p = 0; p < len; p++) one[p] = map[p] == v;
            add_object(c, i, one, e->h, e->w, v, "");
        }
    free(one), free(map);
}

/* A landmark's place among the keypoints; a new one where it has none yet. */
static json_int_t place_of(coco *c, const landmark *m)
{
    char *name = utf8_clean(m->name);
    json_t *at = json_object_get(c->place, name);
    if (!at) {
        json_object_set_new(c->place, name, at = json_integer((json_int_t)json_array_size(c->points)));
        json_array_append_new(c->points, json_string(name));
    }
    free(name);
    return json_integer_value(at);
}

/* Keypoints come last, when all names are known: every annotation of landmarks has a place for each. */
static void add_landmarks(coco *c, int64_t film, const labels *l)
{
    const int n = (int)json_array_size(c->points);
    int known = 0;
    double *v = xalloc_n((size_t)n, 3 * sizeof *v), *r = xalloc_n((size_t)n, sizeof *r), box[4] = { INFINITY, INFINITY, -INFINITY, -INFINITY };
    for (int k = 0; k < l->nlandmarks; k++) {
        const landmark *m = &l->landmarks[k];
        const json_int_t at = place_of(c, m);
        if (!isfinite(m->x) || !isfinite(m->y)) continue;
        known += v[3 * at + 2] == 0;
        v[3 * at] = m->x, v[3 * at + 1] = m->y, v[3 * at + 2] = 2, r[at] = isfinite(m->r) ? m->r : 0;
        box[0] = fmin(box[0], m->x), box[1] = fmin(box[1], m->y), box[2] = fmax(box[2], m->x), box[3] = fmax(box[3], m->y);
    }
    if (known) {
        box[2] -= box[0], box[3] -= box[1];
        json_t *o = annotation(c, film, CLASS_MAX + 1, box, box[2] * box[3], 0);
        json_object_set_new(o, "segmentation", json_array()), json_object_set_new(o, "keypoints", list_of(v, 3 * n));
        json_object_set_new(o, "num_keypoints", json_integer(known)), json_object_set_new(o, "radii", list_of(r, n));
        json_array_append_new(c->annotations, o);
    }
    free(v), free(r);
}

static void add_film(coco *c, const store *s, int64_t i, const labels *l)
{
    const store_case *e = store_at(s, i);
    char *file = xprintf("%s.png", e->id);
    json_t *o = json_pack("{s:I, s:o, s:I, s:I, s:o}", "id", (json_int_t)i + 1, "file_name", json_clean(file), "height", (json_int_t)e->h, "width",
                          (json_int_t)e->w, "patient", json_clean(e->patient));
    if (store_spacing_known(e))
        json_object_set_new(o, "spacing_x", json_real(e->spacing[0])), json_object_set_new(o, "spacing_y", json_real(e->spacing[1]));
    json_array_append_new(c->images, o);
    for (int k = 0; k < l->nlandmarks; k++) place_of(c, &l->landmarks[k]);
    free(file);
}

static json_t *categories(const coco *c, const classes *t)
{
    json_t *list = json_array();
    char name[16];
    for (int v = 1; v < 256; v++) {
        const class *k = classes_find(t, v);
        if (k || c->used[v])
            json_array_append_new(list, json_pack("{s:i, s:o, s:o}", "id", v, "name", json_clean(classes_name(t, v, name)), "supercategory",
                                                  json_clean(k ? k->kind : "")));
    }
    if (json_array_size(c->points))
        json_array_append_new(list, json_pack("{s:i, s:s, s:s, s:O, s:[]}", "id", CLASS_MAX + 1, "name", LANDMARKS, "supercategory", LANDMARKS,
                                              "keypoints", c->points, "skeleton"));
    return list;
}

void export_coco(const store *s, const char *folder)
{
    coco c = { .images = json_array(), .annotations = json_array(), .points = json_array(), .place = json_object() };
    const int64_t n = store_count(s);
    for (int64_t i = 0; i < n; i++) {
        labels l = store_read_labels(s, i);
        add_film(&c, s, i, &l), add_objects(&c, s, i, &l);
        labels_free(&l);
    }
    for (int64_t i = 0; i < n && json_array_size(c.points); i++) {
        labels l = store_read_labels(s, i);
        add_landmarks(&c, i, &l);
        labels_free(&l);
    }
    json_t *all = json_pack("{s:o, s:o, s:o}", "images", c.images, "annotations", c.annotations, "categories", categories(&c, store_classes(s)));
    if (!all) die_machine("out of memory");
    char *path = path_join(folder, "coco.json");
    FILE *f = file_begin(path);
    json_dumpf(all, f, JSON_COMPACT | JSON_REAL_PRECISION(17));
    putc('\n', f);
    file_commit(f, path);
    json_decref(all), json_decref(c.points), json_decref(c.place), free(path);
}
