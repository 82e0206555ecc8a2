/* objects_coco.c - COCO's JSON as a set of objects; see objects_films.h. Masks are compared where every object has one, boxes where every
 * object has one or a mask to draw one round. The trap: runs go down columns here. */
#include "eval/objects_films.h"
#include "base/file.h"
#include "datasets/json_file.h"
#include "datasets/rle.h"
#include "datasets/shape_coco.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_LIMIT = 1 << 30 };

typedef struct numbered { int64_t id, at; } numbered;            /* ascending by id */
typedef struct reading {
    object_set *s;
    const char *path;                    /* of the file being read */
    numbered *image, *category;
    int64_t *h, *w;                      /* (films) */
    int64_t boxes, masks, objects;       /* objects with each */
} reading;

static int by_id(const void *a, const void *b)
{
    const numbered *p = a, *q = b;
    return (p->id > q->id) - (p->id < q->id);
}

static int64_t whole(const reading *r, const json_t *o, const char *key, const char *what, size_t place)
{
    const json_t *v = json_object_get(o, key);
    if (!json_is_integer(v)) die("%s: %s %zu: %s: got no whole number", r->path, what, place + 1, key);
    return json_integer_value(v);
}

/* The list under key, numbered by id and in order of it. */
static numbered *number(const reading *r, const json_t *list, const char *what)
{
    const size_t n = json_array_size(list);
    numbered *t = xalloc_n(n, sizeof *t);
    for (size_t i = 0; i < n; i++) t[i] = (numbered){ whole(r, json_array_get(list, i), "id", what, i), (int64_t)i };
    qsort(t, n, sizeof *t, by_id);
    for (size_t i = 1; i < n; i++) if (t[i].id == t[i - 1].id) die("%s: two of its %ss have the id %" PRId64, r->path, what, t[i].id);
    return t;
}

static int64_t place_of(const numbered *t, int64_t n, int64_t id)
{
    const numbered key = { .id = id }, *q = n ? bsearch(&key, t, (size_t)n, sizeof *t, by_id) : NULL;
    return q ? q - t : -1;
}

/* ---- films and classes ----------------------------------------------------------------------------------------------------------------- */

static void read_films(reading *r, const json_t *images)
{
    json_t *patients = json_object();
    const size_t n = json_array_size(images);
    r->image = number(r, images, "image");
    r->h = xalloc_n(n, sizeof *r->h), r->w = xalloc_n(n, sizeof *r->w);
    for (size_t i = 0; i < n; i++) {
        const json_t *o = json_array_get(images, (size_t)r->image[i].at);
        const char *file = json_word(o, "file_name"), *patient = json_word(o, "patient");
        char *id = xprintf("%" PRId64, r->image[i].id), *who = patient && *patient ? xprintf("p%s", patient) : xprintf("i%s", id);
        const json_t *known = json_object_get(patients, who);
        const int64_t number = known ? json_integer_value(known) : (int64_t)json_object_size(patients);
        if (!known) json_object_set_new(patients, who, json_integer(number));
        objects_add(r->s, file ? file : id, number);
        r->h[i] = json_whole(json_object_get(o, "height")), r->w[i] = json_whole(json_object_get(o, "width"));
        free(id), free(who);
    }
    json_decref(patients);
}

static void read_classes(reading *r, const json_t *categories)
{
    object_set *s = r->s;
    r->category = number(r, categories, "category");
    s->nclasses = (int)json_array_size(categories), s->class = xalloc_n((size_t)s->nclasses, sizeof *s->class);
    for (int k = 0; k < s->nclasses; k++) {
        const char *name = json_word(json_array_get(categories, (size_t)r->category[k].at), "name");
        s->class[k] = (object_class){ r->category[k].id, name ? xdup(name) : xprintf("%" PRId64, r->category[k].id) };
    }
}

/* ---- objects --------------------------------------------------------------------------------------------------------------------------- */

/* Its mask, where it has one; the reason why it is none. */
static const char *take_mask(object *o, const json_t *segmentation, int64_t h, int64_t w, int box)
{
    shape s = { .value = 1 };
    char text[IMAGE_WHY] = "";
    int64_t n = 0, sum = 0;
    const char *why = h < 1 || w < 1 || h > IMAGE_MAX_SIDE || w > IMAGE_MAX_SIDE || h * w > IMAGE_MAX_PIXELS ? "its image has no height and width that can be"
        : shape_coco(&s, segmentation);
    if (!why && s.runs && (s.h != h || s.w != w)) why = "a mask of another size than its image";
    if (!why && s.nparts) {
        uint8_t *one = xalloc((size_t)(h * w));
        if (!shape_paint(&s, one, h, w, text)) why = "polygons that cannot be painted";
        else s.runs = rle_runs(one, h, w, &n), s.nruns = n;
        free(one);
    }
    for (int64_t i = 0; !why && i < s.nruns && sum <= h * w; i++) sum += s.runs[i];
    if (!why && sum != h * w) why = "runs that do not add up to the size of its image";
    if (!why) object_take(o, s.runs, s.nruns, h, 1, box), s.runs = NULL;
    shape_free(&s);
    return why;
}

/* A box x, y, width, height; 0 where it is none. */
static int take_box(object *o, const json_t *box)
{
    for (size_t k = 0; k < 4; k++) if (!json_number(json_array_get(box, k), &o->box[k]) || !isfinite(o->box[k])) return 0;
    return json_array_size(box) == 4 && o->box[2] >= 0 && o->box[3] >= 0;
}

static void read_object(reading *r, const json_t *o, size_t place, int truth)
{
    const char *what = truth ? "annotation" : "result", *why = NULL;
    const json_t *box = json_object_get(o, "bbox"), *seg = json_object_get(o, "segmentation"), *crowd = json_object_get(o, "iscrowd");
    const int64_t image = whole(r, o, "image_id", what, place), film = place_of(r->image, r->s->n, image);
    const int64_t class = place_of(r->category, r->s->nclasses, whole(r, o, "category_id", what, place));
    if (film < 0) die("%s: %s %zu: image_id %" PRId64 " is not among the images", r->path, what, place + 1, image);
    const int masked = json_object_size(seg) || json_array_size(seg), boxed = json_array_size(box) > 0;
    if (class < 0 || (json_object_get(o, "keypoints") && !masked)) return;       /* categories say what is compared; landmarks alone are no object */
    object_film *f = &r->s->film[film];
    object *to = truth ? objects_append(&f->truth, &f->ntruth) : objects_append(&f->pred, &f->npred);
    to->class = (int)class, to->score = 1, to->crowd = truth && (json_is_true(crowd) || json_integer_value(crowd) == 1);
    if (boxed && !take_box(to, box)) why = "its bbox is none, wanted [x, y, width, height]";
    if (!why && masked) why = take_mask(to, seg, r->h[film], r->w[film], !boxed);
    if (!why && !truth && (!json_number(json_object_get(o, "score"), &to->score) || !isfinite(to->score))) why = "its score is no number";
    if (!json_number(json_object_get(o, "area"), &to->area)) to->area = masked ? (double)to->pixels : to->box[2] * to->box[3];
    else if (!why && !isfinite(to->area)) why = "its area is no number";
    if (why) die("%s: %s %zu: %s", r->path, what, place + 1, why);
    r->objects++, r->boxes += masked || boxed, r->masks += masked;
}

object_set objects_coco(const char *results, const char *annotations)
{
    object_set s = { 0 };
    reading r = { .s = &s, .path = annotations };
    json_t *truth = json_file(annotations, FILE_LIMIT), *found = json_file(results, FILE_LIMIT);
    const json_t *images = json_object_get(truth, "images"), *categories = json_object_get(truth, "categories");
    const json_t *list = json_object_get(truth, "annotations");
    if (!json_array_size(images) || !json_array_size(categories) || !json_is_array(list))
        die("%s: no COCO annotations: wanted the lists images, annotations and categories", annotations);
    if (!json_is_array(found)) die("%s: no COCO results: wanted a list of {image_id, category_id, score, bbox, segmentation}", results);
    read_films(&r, images), read_classes(&r, categories);
    for (size_t i = 0; i < json_array_size(list); i++) read_object(&r, json_array_get(list, i), i, 1);
    r.path = results;
    for (size_t i = 0; i < json_array_size(found); i++) read_object(&r, json_array_get(found, i), i, 0);
    s.has[OBJECT_BOX] = r.boxes == r.objects, s.has[OBJECT_MASK] = r.masks == r.objects;
    if (!s.has[OBJECT_BOX] && !s.has[OBJECT_MASK]) die("%s: neither has every object a bbox nor every object a segmentation", results);
    free(r.image), free(r.category), free(r.h), free(r.w), json_decref(truth), json_decref(found);
    return s;
}
