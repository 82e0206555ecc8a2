/* import_coco.c - a COCO JSON file, or Detectron2's list of films: objects as polygons, runs or compressed runs. See import.h.
 *
 * COCO puts (0, 0) on the corner of the top left pixel, the store on its centre: polygons move by -0.5; runs do not, nor do keypoints,
 * which COCO gives as places of pixels (datasets/import_points.c). A crowd (iscrowd = 1) is one instance of level "crowd". The trap is a file that half fits: an annotation of no film, a size that is not the film's and a
 * category without a class are each reported, none is guessed. */
#include "datasets/import_kinds.h"
#include "base/file.h"
#include "datasets/check.h"
#include "datasets/json_file.h"
#include "datasets/shape_coco.h"
#include <stdlib.h>
#include <string.h>

enum { FILE_LIMIT = 1 << 30 };
#define SHIFT (-0.5)

/* ---- one object --------------------------------------------------------------------------------------------------------------------- */

static void add_object(task *t, const json_t *a, int value, const char *name)
{
    const json_t *seg = json_object_get(a, "segmentation"), *crowd = json_object_get(a, "iscrowd");
    const int many = json_is_true(crowd) || json_integer_value(crowd) == 1;
    const char *own = json_word(a, "level");                     /* `export --coco` says it */
    if (own && strlen(own) >= STORE_NAME) { task_bad(t, "the level '%.40s...' is too long", own); return; }
    if (json_object_get(a, "keypoints") && !json_object_size(seg) && !json_array_size(seg)) return;         /* landmarks alone */
    shape *s = task_shape(t, value, many ? "crowd" : own ? own : level_rank(name) ? name : "");
    const char *why = shape_coco(s, seg);
    char *id = json_text(a, "id");
    if (why) task_bad(t, "annotation %s: %s", *id ? id : "(without id)", why);
    free(id);
}

/* ---- categories --------------------------------------------------------------------------------------------------------------------- */

/* alone: of landmarks, without objects, and so no class; twin: another category has keypoints of the same names */
typedef struct category { int64_t id; const char *name; int value, alone, twin; const json_t *json; } category;
typedef struct categories { int64_t n; category *c; const char *path; json_t *met; } categories;     /* met: objects with keypoints, by film and category */

static int by_id(const void *a, const void *b) { const category *p = a, *q = b; return (p->id > q->id) - (p->id < q->id); }

static int64_t id_of(const json_t *o, const char *key, const char *path, const char *what)
{
    const json_t *v = json_object_get(o, key);
    int64_t id = 0;
    if (json_is_integer(v)) return json_integer_value(v);
    if (json_is_string(v) && text_int(json_string_value(v), &id)) return id;
    die("%s: %s without a whole number %s", path, what, key);
}

/* Keypoints that two categories call the same are told apart by the category's name. */
static void find_twins(categories *all)
{
    json_t *first = json_object(), *v;
    size_t i;
    for (int64_t k = 0; k < all->n; k++)
        json_array_foreach(json_object_get(all->c[k].json, "keypoints"), i, v) {
            const char *name = json_string_value(v);
            if (!name) die("%s: category %s: a keypoint without a name", all->path, all->c[k].name);
            const json_t *q = json_object_get(first, name);
            if (!q) json_object_set_new(first, name, json_integer(k));
            else if (json_integer_value(q) != k) all->c[k].twin = all->c[json_integer_value(q)].twin = 1;
            else die("%s: category %s: two keypoints are called %s", all->path, all->c[k].name, name);
        }
    json_decref(first);
}

/* Its kind as a class: the supercategory, where it can be one. */
static const char *kind_of(const category *c)
{
    const char *kind = json_word(c->json, "supercategory");
    if (kind && *kind && strlen(kind) < CLASS_NAME && !strpbrk(kind, ",\"\r\n")) return kind;
    return level_rank(c->name) ? "vertebra" : "";
}

/* Their classes: those of the given table by name; without one, the ids themselves, or 1, 2, ... in their order where an id is no class. */
static categories read_categories(const json_t *file, const char *path, classes *table)
{
    const json_t *list = json_object_get(file, "categories"), *c;
    categories all = { (int64_t)json_array_size(list), NULL, path, json_object() };
    size_t i;
    int fits = 1, next = 0;
    const int given = table->n > 0;
    if (!all.n) die("%s: no list of categories", path);
    all.c = xalloc_n((size_t)all.n, sizeof *all.c);
    json_array_foreach((json_t *)list, i, c) {
        const char *kind = json_word(c, "supercategory");
        const int alone = kind && !strcmp(kind, LANDMARKS);
        all.c[i] = (category){ id_of(c, "id", path, "a category"), json_word(c, "name"), 0, alone, 0, c };
        if (!all.c[i].name) die("%s: category %lld has no name", path, (long long)all.c[i].id);
        fits &= alone || (all.c[i].id >= 1 && all.c[i].id <= CLASS_MAX);
    }
    find_twins(&all);
    qsort(all.c, (size_t)all.n, sizeof *all.c, by_id);
    for (int64_t k = 0; k < all.n; k++) {
        category *q = &all.c[k];
        if (k && q->id == q[-1].id) die("%s: two categories have the id %lld", path, (long long)q->id);
        if (q->alone) continue;
        if (given) { q->value = class_of_level(table, q->name); continue; }
        if (next++ == CLASS_MAX) die("%s: %lld categories, a label map tells %d apart", path, (long long)all.n, CLASS_MAX);
        q->value = fits ? (int)q->id : next;
        classes_add(table, q->value, q->name, kind_of(q));
    }
    if (!given && !fits) warn("%s: category ids that are no classes (1 to %d): classes are 1, 2, ... in the order of the ids", path,
        CLASS_MAX);
    return all;
}

/* NULL, and a bad task, where it has no class. */
static const category *category_of(const categories *all, const json_t *a, task *t)
{
    const category key = { .id = id_of(a, "category_id", all->path, "an annotation") };
    const category *c = all->n ? bsearch(&key, all->c, (size_t)all->n, sizeof *all->c, by_id) : NULL;
    if (!c) task_bad(t, "category_id %lld is not among the categories", (long long)key.id);
    else if (!c->value && !c->alone) task_bad(t, "no class is called %s", c->name);
    return c && (c->value || c->alone) ? c : NULL;
}

/* The keypoints of an annotation of this film, the row of the images. */
static void add_points(const categories *all, const category *c, const json_t *a, task *t, int64_t film)
{
    if (!json_object_get(a, "keypoints")) return;
    char *which = xprintf("%lld %lld", (long long)film, (long long)c->id);
    const int number = 1 + (int)json_integer_value(json_object_get(all->met, which));
    json_object_set_new(all->met, which, json_integer(number));
    task_keypoints(t, a, json_object_get(c->json, "keypoints"), c->twin ? c->name : "", number, 0);
    free(which);
}

/* ---- films -------------------------------------------------------------------------------------------------------------------------- */

static int images_have(const columns *c, const char *name)
{
    const json_t *list = c->table;
    for (size_t i = 0; i < json_array_size(list); i++) if (json_object_get(json_array_get(list, i), name)) return 1;
    return 0;
}
static char *images_text(const columns *c, int64_t row, const char *name) { return json_text(json_array_get(c->table, (size_t)row), name); }

/* "a/b.png" -> id a_b; of an absolute path only the file counts */
static char *id_of_name(const char *name)
{
    char *stem = path_stem(name), *folder = path_folder(name);
    char *id = name[0] == '/' || !strcmp(folder, ".") ? xdup(stem) : xprintf("%s_%s", folder, stem);
    for (char *p = id; *p; p++) if (*p == '/') *p = '_';
    free(stem), free(folder);
    return id;
}

static task *add_film(const import_options *o, const json_t *film, int64_t row, tasks *l)
{
    const char *name = json_word(film, "file_name");
    if (!name || !*name) die("%s: image %lld has no file_name", o->src, (long long)row + 1);
    char *path = film_beside(o, o->src, name);
    task *t = tasks_add(l, path ? path : xdup(""), xdup(name), id_of_name(name));
    if (!path) task_bad(t, "its name leaves the folder of the films");
    t->row = row, t->drawn = t->exact = 1;
    t->labelled_h = json_whole(json_object_get(film, "height")), t->labelled_w = json_whole(json_object_get(film, "width"));
    if (t->labelled_h < 1 || t->labelled_w < 1) task_bad(t, "no height and width in %s", o->src);
    return t;
}

typedef struct numbered { int64_t id, task; } numbered;
static int by_number(const void *a, const void *b) { const numbered *p = a, *q = b; return (p->id > q->id) - (p->id < q->id); }

static void coco(const import_options *o, const json_t *file, classes *table, tasks *l)
{
    const json_t *images = json_object_get(file, "images"), *list = json_object_get(file, "annotations"), *v;
    size_t i, n = json_array_size(images);
    if (!json_is_array(images) || !json_is_array(list)) die("%s: no COCO file: wanted the lists images, annotations and categories",
        o->src);
    categories all = read_categories(file, o->src, table);
    numbered *at = xalloc_n(n, sizeof *at);
    json_array_foreach((json_t *)images, i, v) at[i] = (numbered){ id_of(v, "id", o->src, "an image"), (int64_t)i }, add_film(o, v,
        (int64_t)i, l);
    if (n) qsort(at, n, sizeof *at, by_number);
    for (i = 1; i < n; i++) if (at[i].id == at[i - 1].id) die("%s: two images have the id %lld", o->src, (long long)at[i].id);
    json_array_foreach((json_t *)list, i, v) {
        const numbered key = { id_of(v, "image_id", o->src, "an annotation"), 0 };
        const numbered *q = n ? bsearch(&key, at, n, sizeof *at, by_number) : NULL;
        if (!q) die("%s: annotation %zu is of image %lld, which is not among the images", o->src, i + 1, (long long)key.id);
        task *t = &l->t[q->task];
        const category *c = category_of(&all, v, t);
        if (!c) continue;
        if (!c->alone) add_object(t, v, c->value, c->name);
        add_points(&all, c, v, t, q->task);
    }
    const columns c = { images_have, images_text, images, NULL };
    tasks_know(o, l, &c);
    json_decref(all.met), free(all.c), free(at);
}

/* Detectron2: one object a film with its annotations in it; categories are numbered from 0 and have no names, keypoints are numbered from 1,
 * and (0, 0) is the corner of a pixel for them too. */
static void detectron(const import_options *o, const json_t *file, tasks *l)
{
    size_t i, k;
    const json_t *film, *a;
    json_array_foreach((json_t *)file, i, film) {
        task *t = add_film(o, film, (int64_t)i, l);
        int number = 0;
        json_array_foreach(json_object_get(film, "annotations"), k, a) {
            const int64_t id = id_of(a, "category_id", o->src, "an annotation");
            if (id < 0 || id >= CLASS_MAX) task_bad(t, "category_id %lld, wanted 0 to %d", (long long)id, CLASS_MAX - 1);
            else add_object(t, a, (int)id + 1, "");
            if (json_object_get(a, "keypoints")) task_keypoints(t, a, NULL, "", ++number, SHIFT);
        }
    }
    const columns c = { images_have, images_text, file, NULL };
    tasks_know(o, l, &c);
}

void tasks_coco(const import_options *o, classes *table, tasks *l)
{
    json_t *file = json_file(o->src, FILE_LIMIT);
    if (json_is_array(file)) detectron(o, file, l); else coco(o, file, table, l);
    json_decref(file);
}
