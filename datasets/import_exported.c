/* import_exported.c - what export wrote, back into a store, with nothing lost: truth.json says which pictures belong to a case and holds
 * the
 * rest of it. Whatever the file names must lie below SRC. */
#include "datasets/import_kinds.h"
#include "datasets/export.h"
#include "base/file.h"
#include "datasets/json_file.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_LIMIT = 1 << 30 };

/* SRC/name, or NULL and a bad task where the name is none or leads out of SRC. */
static char *below(const char *src, const char *name, task *t)
{
    if (name && *name && name[0] != '/' && strcmp(name, "..") && strncmp(name, "../", 3) && !strstr(name, "/..")) return path_join(src,
        name);
    task_bad(t, "truth.json: '%.200s' is no file below the folder", name ? name : "");
    return NULL;
}

static int two(const json_t *v, double out[2])
{
    return json_array_size(v) >= 2 && json_number(json_array_get(v, 0), &out[0]) && json_number(json_array_get(v, 1), &out[1]);
}

static int fits(task *t, const char *name)
{
    if (strlen(name) >= STORE_NAME) task_bad(t, "truth.json: the name '%.40s...' is too long", name);
    return strlen(name) < STORE_NAME;
}

/* Which way the patient looks, as the case says it by a word: 1 right, -1 left, else 0. */
static int side_of(const json_t *o)
{
    const char *facing = json_word(o, "facing");
    return !facing ? 0 : !strcmp(facing, "right") ? 1 : !strcmp(facing, "left") ? -1 : 0;
}

/* side: which way the patient looks, so whether anterior (SA, IA) is left or right; corners may also be named as on the film. 0: bad. */
static int read_body(task *t, const char *level, const json_t *o, int side)
{
    const char *const *name = export_corners[json_object_get(o, "UL") ? 1 : side + 1];
    corners *c = &t->labels.corners[t->labels.ncorners];
    if (!fits(t, level)) return 0;
    for (int k = 0; k < 4; k++)
        if (!two(json_object_get(o, name[k]), c->p[k])) { task_bad(t, "truth.json: %s has no %s", level, name[k]); return 0; }
    snprintf(c->level, sizeof c->level, "%s", level), t->labels.ncorners++;
    return 1;
}

static void read_corners(const json_t *o, task *t)
{
    const json_t *order = json_object_get(o, "order"), *all = json_object_get(o, "vertebrae"), *s1 = json_object_get(o, "S1"), *v;
    const int side = side_of(o);
    size_t i;
    t->labels.corners = xalloc_n(json_array_size(order) + 1, sizeof *t->labels.corners);
    if (json_object_size(all) > json_array_size(order)) { task_bad(t, "truth.json: order does not name every vertebra"); return; }
    json_array_foreach((json_t *)order, i, v) {
        const char *level = json_string_value(v) ? json_string_value(v) : "";
        if (!read_body(t, level, json_object_get(all, level), side)) return;
    }
    if (s1 && !json_is_null(s1)) read_body(t, "S1", s1, side);
}

static void read_points(const json_t *all, task *t)
{
    labels *l = &t->labels;
    for (void *it = json_object_iter((json_t *)all); it; it = json_object_iter_next((json_t *)all, it)) {
        const char *name = json_object_iter_key(it);
        const json_t *p = json_object_iter_value(it);
        landmark *m = &l->landmarks[l->nlandmarks];
        double xy[2];
        if (!fits(t, name)) return;
        if (!two(p, xy)) { task_bad(t, "truth.json: the landmark %s is no point", name); return; }
        m->x = xy[0], m->y = xy[1];
        json_number(json_array_get(p, 2), &m->r);
        snprintf(m->name, sizeof m->name, "%s", name), l->nlandmarks++;
    }
}

static void read_landmarks(const json_t *o, task *t)
{
    const json_t *named = json_object_get(o, "landmarks"), *points = json_object_get(o, "points"), *heads = json_object_get(o, "FH");
    labels *l = &t->labels;
    if (heads && !json_is_null(heads) && !json_is_array(heads)) { task_bad(t, "truth.json: FH is no list of heads"); return; }
    l->landmarks = xalloc_n(json_object_size(named) + json_object_size(points) + json_array_size(heads), sizeof *l->landmarks);
    read_points(named, t), read_points(points, t);
    for (size_t i = 0; i < json_array_size(heads); i++) {
        const json_t *p = json_array_get(heads, i);
        landmark *m = &l->landmarks[l->nlandmarks];
        double xy[2];
        if (!two(p, xy)) { task_bad(t, "truth.json: a femoral head is no point"); return; }
        m->x = xy[0], m->y = xy[1];
        if (json_array_size(p) > 2 && !json_number(json_array_get(p, 2), &m->r)) { task_bad(t, "truth.json: the radius of a femoral head is no number"); return; }
        snprintf(m->name, sizeof m->name, "femoral_head_%zu", i + 1), l->nlandmarks++;
    }
}

static int read_value(task *t, const char *name, const char *unit, const json_t *value)
{
    measured *q = &t->labels.values[t->labels.nvalues];
    if (!fits(t, name) || !fits(t, unit)) return 0;
    if (!json_number(value, &q->value)) q->value = NAN;                                       /* null: a value that is not finite */
    snprintf(q->name, sizeof q->name, "%s", name), snprintf(q->unit, sizeof q->unit, "%s", unit), t->labels.nvalues++;
    return 1;
}

/* Which way the patient looks is a word of the case, by which corners are named, and a value of the store: they must not contradict each other. */
static void read_facing(const json_t *o, task *t)
{
    const int side = side_of(o);
    for (int i = 0; i < t->labels.nvalues; i++)
        if (!strcmp(t->labels.values[i].name, "facing")) {
            if (side && t->labels.values[i].value != side) task_bad(t, "truth.json: facing is %s, but about.facing is %g", json_word(o, "facing"), t->labels.values[i].value);
            return;
        }
    json_t *value = json_integer(side);
    if (side) read_value(t, "facing", "side", value);
    json_decref(value);
}

/* The units name them all, in the store's order; what somebody has added without one comes after. */
static void read_values(const json_t *o, task *t)
{
    const json_t *all = json_object_get(o, "values"), *about = json_object_get(o, "about"), *units = json_object_get(o, "units"), *value;
    t->labels.values = xalloc_n(json_object_size(units) + json_object_size(all) + json_object_size(about) + 1, sizeof *t->labels.values);
    for (void *it = json_object_iter((json_t *)units); it; it = json_object_iter_next((json_t *)units, it)) {
        const char *name = json_object_iter_key(it), *unit = json_word(units, name);
        if (!(value = json_object_get(all, name)) && !(value = json_object_get(about, name))) continue;
        if (!read_value(t, name, unit ? unit : "", value)) return;
    }
    for (int k = 0; k < 2; k++) {
        const json_t *more = k ? about : all;
        for (void *it = json_object_iter((json_t *)more); it; it = json_object_iter_next((json_t *)more, it)) {
            const char *name = json_object_iter_key(it), *unit = strcmp(name, "facing") ? "" : "side";
            if (!json_object_get(units, name) && !read_value(t, name, unit, json_object_iter_value(it))) return;
        }
    }
    read_facing(o, t);
}

static void read_pictures(const json_t *o, const char *src, task *t)
{
    const json_t *planes = json_object_get(o, "planes"), *list = json_object_get(o, "instances"), *v;
    const char *mask = json_word(o, "mask");
    size_t i;
    if (mask) t->mask = below(src, mask, t);
    t->has_planes = json_is_array(planes);
    json_array_foreach((json_t *)planes, i, v) {
        const json_int_t k = json_integer_value(v);
        if (k < 1 || k > 31) { task_bad(t, "truth.json: plane %lld, wanted 1 to 31", (long long)k); return; }
        char *name = xprintf("planes/%d/%s.png", (int)k, t->id);
        free(t->planes[k]), t->planes[k] = below(src, name, t), free(name);
    }
    json_array_foreach((json_t *)list, i, v) {
        const char *level = json_word(v, "level");
        const json_int_t value = json_integer_value(json_object_get(v, "value"));
        char *path = below(src, json_word(v, "file"), t);
        if (!path || !fits(t, level ? level : "")) { free(path); return; }
        if (value < 1 || value > CLASS_MAX) { task_bad(t, "truth.json: instance %zu is of class %lld", i + 1, (long long)value);
            free(path); return; }
        shape *s = task_shape(t, (int)value, level ? level : "");
        s->file = path, s->may_be_empty = 1;
    }
}

static void read_row(const json_t *o, task *t)
{
    const char *patient = json_word(o, "patient"), *source = json_word(o, "source"), *part = json_word(o, "split");
    const json_t *size = json_object_get(o, "labelled_size");
    double xy[2];
    if (patient) free(t->patient), t->patient = xdup(patient);
    t->source = xdup(source ? source : "");
    const int k = part ? split_find(part) : SPLIT_NONE;
    if (k < 0) task_bad(t, "truth.json: got split '%.40s', wanted train, val, test or nothing", part); else t->split = (split)k;
    t->excluded = json_is_true(json_object_get(o, "excluded"));
    if (two(json_object_get(o, "spacing"), xy)) task_spacing(t, xy, json_word(o, "spacing_source"));
    if (two(size, xy) && xy[0] >= 1 && xy[1] >= 1 && xy[0] <= IMAGE_MAX_SIDE && xy[1] <= IMAGE_MAX_SIDE)
        t->labelled_w = (int64_t)xy[0], t->labelled_h = (int64_t)xy[1];
}

static void read_case(const import_options *o, const json_t *v, tasks *l)
{
    const char *id = json_word(v, "id");
    char *file = json_text(v, "file");
    task *t = tasks_add(l, NULL, file, xdup(id ? id : ""));
    t->film = below(o->src, file, t);
    if (!t->film) t->film = xdup("");
    read_row(v, t), read_corners(v, t), read_landmarks(v, t), read_values(v, t), read_pictures(v, o->src, t);
}

void tasks_exported(const import_options *o, classes *table, tasks *l)
{
    char *path = path_join(o->src, "truth.json"), *own = path_join(o->src, "classes.csv");
    json_t *file = json_file(path, FILE_LIMIT);
    const json_t *cases = json_object_get(file, "cases"), *v;
    size_t i;
    if (!json_is_array(cases)) die("%s: no list of cases", path);
    if (!table->n && file_exists(own)) *table = classes_read(own);
    json_array_foreach((json_t *)cases, i, v) read_case(o, v, l);
    tasks_know(o, l, NULL);
    json_decref(file), free(path), free(own);
}
