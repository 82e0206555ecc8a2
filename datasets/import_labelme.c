/* import_labelme.c - labelme's JSON files, one a film: polygons, rectangles and circles become objects, points and circles landmarks.
 *
 * Like COCO, labelme puts (0, 0) on the corner of the top left pixel: -0.5. Shapes of one label with the same group_id are parts of one
 * object.
 * What is neither (lines, pixel masks) is counted and said. */
#include "datasets/import_kinds.h"
#include "base/file.h"
#include "base/utf8.h"
#include "datasets/check.h"
#include "datasets/json_file.h"
#include "datasets/landmarks.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_LIMIT = 512 << 20, ROUND = 256 };        /* corners of a circle */
#define SHIFT (-0.5)

/* One object or landmark of a film, before its label has a class. */
typedef struct drawn { char *label; int64_t group; int has_group; double *xy; int64_t n; double r; int point, circle, shape; } drawn;
typedef struct sheet { int64_t n; drawn *d; } sheet;                    /* of one film */

static void circle_corners(drawn *d)
{
    double *xy = xalloc_n(ROUND, 2 * sizeof *xy);
    for (int i = 0; i < ROUND; i++)
        xy[2 * i] = d->xy[0] + d->r * cos(2 * M_PI * i / ROUND), xy[2 * i + 1] = d->xy[1] + d->r * sin(2 * M_PI * i / ROUND);
    free(d->xy);
    d->xy = xy, d->n = ROUND;
}

/* What a shape is by its type; NULL, or what is wrong with it. *skip: nothing that is imported. */
static const char *form(drawn *d, const char *type, int *skip)
{
    *skip = 0;
    if (!strcmp(type, "polygon")) return d->n < 3 ? "a polygon of fewer than 3 corners" : NULL;
    if (!strcmp(type, "point")) return d->point = 1, d->n != 1 ? "a point of more than one place" : NULL;
    if (!strcmp(type, "circle")) {
        if (d->n != 2) return "a circle without centre and edge";
        d->r = hypot(d->xy[2] - d->xy[0], d->xy[3] - d->xy[1]), d->circle = 1;
        return NULL;
    }
    if (!strcmp(type, "rectangle")) {
        if (d->n == 4) return NULL;
        if (d->n != 2) return "a rectangle without two corners";
        const double x0 = d->xy[0], y0 = d->xy[1], x1 = d->xy[2], y1 = d->xy[3], four[8] = { x0, y0, x1, y0, x1, y1, x0, y1 };
        d->xy = xgrow(d->xy, sizeof four), d->n = 4;
        memcpy(d->xy, four, sizeof four);
        return NULL;
    }
    *skip = 1;
    return NULL;
}

static sheet read_sheet(const json_t *file, task *t, int64_t *skipped)
{
    const json_t *list = json_object_get(file, "shapes"), *v;
    sheet s = { 0, xalloc_n(json_array_size(list), sizeof *s.d) };
    size_t i;
    if (!json_is_array(list)) task_bad(t, "no list of shapes");
    json_array_foreach((json_t *)list, i, v) {
        drawn d = { .label = json_text(v, "label") };
        const char *type = json_word(v, "shape_type"), *why = NULL;
        const json_t *group = json_object_get(v, "group_id");
        int skip = 0;
        d.has_group = json_is_integer(group), d.group = json_integer_value(group);
        if (!*d.label) why = "no label";
        else if ((d.xy = json_points(json_object_get(v, "points"), &d.n, &why))) why = form(&d, type ? type : "polygon", &skip);
        if (why) task_bad(t, "shape %zu: %s", i + 1, why);
        if (why || skip) { *skipped += skip; free(d.label), free(d.xy); continue; }
        s.d[s.n++] = d;
    }
    return s;
}

static void add_landmark(task *t, const drawn *d)
{
    labels *l = &t->labels;
    l->landmarks = xgrow(l->landmarks, (size_t)(l->nlandmarks + 1) * sizeof *l->landmarks);
    landmark *m = &l->landmarks[l->nlandmarks];
    *m = (landmark){ .x = d->xy[0] + SHIFT, .y = d->xy[1] + SHIFT, .r = d->r };
    if (strlen(d->label) >= STORE_NAME - 4) { task_bad(t, "the label '%.40s...' is too long", d->label); return; }
    int same = 1;                                        /* a name stands once: the second one is called NAME_2 */
    for (int i = 0; i < l->nlandmarks; i++) {
        const size_t n = strlen(d->label);
        const char *rest = l->landmarks[i].name + n;         /* "L3_SM" is no second "L3", "femoral_head_2" is one of "femoral_head" */
        same += !strncmp(l->landmarks[i].name, d->label, n) && 
            (!*rest || (*rest == '_' && rest[1] && !rest[1 + strspn(rest + 1, "0123456789")]));
    }
    if (same > 1) snprintf(m->name, STORE_NAME, "%.50s_%d", d->label, same); else snprintf(m->name, STORE_NAME, "%s", d->label);
    l->nlandmarks++;
}

/* Objects and landmarks of a film. */
static void add_all(task *t, sheet *s, const classes *table)
{
    for (int64_t i = 0; i < s->n; i++) {
        drawn *d = &s->d[i];
        if (d->point || d->circle) add_landmark(t, d);
        if (d->point) continue;
        if (d->circle) circle_corners(d);
        const int value = class_of_level(table, d->label);
        if (!value) { task_bad(t, "no class is called %s", d->label); continue; }
        d->shape = t->nshapes;
        for (int64_t k = 0; k < i && d->has_group; k++) {
            const drawn *e = &s->d[k];
            if (!e->point && e->has_group && e->group == d->group && !strcmp(e->label, d->label)) { d->shape = e->shape; break; }
        }
        shape *to = d->shape < t->nshapes ? &t->shapes[d->shape] : task_shape(t, value, level_rank(d->label) ? d->label : "");
        shape_polygon(to, d->xy, d->n, SHIFT);
    }
}

static int by_text(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* Without a table: the labels of all objects in the order of the alphabet are 1, 2, ... */
static void name_classes(const sheet *s, int n, const char *src, classes *table)
{
    int64_t m = 0, k = 0;
    for (int i = 0; i < n; i++) m += s[i].n;
    const char **name = xalloc_n((size_t)m, sizeof *name);
    for (int i = 0; i < n; i++) for (int64_t j = 0; j < s[i].n; j++) if (!s[i].d[j].point) name[k++] = s[i].d[j].label;
    if (k) qsort(name, (size_t)k, sizeof *name, by_text);
    for (int64_t i = 0; i < k; i++) {
        if (i && !strcmp(name[i], name[i - 1])) continue;
        if (table->n == CLASS_MAX) die("%s: more than %d different labels", src, CLASS_MAX);
        classes_add(table, table->n + 1, name[i], level_rank(name[i]) ? "vertebra" : "");
    }
    free(name);
}

/* Points are stored whatever they are called, but measuring goes by names: one line says which it will not know. */
static void warn_strangers(const sheet *s, int n, const char *src)
{
    enum { TOLD = 8 };
    int64_t m = 0, k = 0, different = 0;
    for (int i = 0; i < n; i++) m += s[i].n;
    const char **name = xalloc_n((size_t)m, sizeof *name);
    for (int i = 0; i < n; i++)
        for (int64_t j = 0; j < s[i].n; j++) if (s[i].d[j].point && !landmark_known(s[i].d[j].label)) name[k++] = s[i].d[j].label;
    if (k) qsort(name, (size_t)k, sizeof *name, by_text);
    char *list = xdup("");
    for (int64_t i = 0; i < k; i++) {
        if ((i && !strcmp(name[i], name[i - 1])) || different++ >= TOLD) continue;
        char *clean = utf8_clean(name[i]), *longer = xprintf("%s%s %.60s%s", list, *list ? "," : "", clean, landmark_nearest(name[i]));
        free(clean), free(list), list = longer;
    }
    if (different > TOLD) warn("%s: `measure` knows no points called%s and %lld more; they are stored", src, list, (long long)(different - TOLD));
    else if (k) warn("%s: `measure` knows no points called%s; they are stored", src, list);
    free(list), free(name);
}

static sheet read_file(const import_options *o, const char *name, tasks *l, int64_t *skipped)
{
    char *path = path_join(o->src, name), *why;
    json_t *file = json_try(path, FILE_LIMIT, &why);
    if (!file) {
        task_bad(tasks_add(l, xdup(""), xdup(name), path_stem(name)), "%s", why);
        free(path), free(why);
        return (sheet){ 0 };
    }
    const char *film = json_word(file, "imagePath");
    const char *slash = film ? strrchr(film, '/') : NULL, *back = film ? strrchr(film, '\\') : NULL;
    const char *base = back ? back + 1 : slash ? slash + 1 : film;
    char *at = base && *base ? film_beside(o, path, base) : NULL;
    task *t = tasks_add(l, at ? at : xdup(""), base && *base ? xdup(base) : xdup(name), path_stem(name));
    if (!at) task_bad(t, "%s has no imagePath", name);
    t->drawn = t->exact = 1;
    t->labelled_h = json_whole(json_object_get(file, "imageHeight")), t->labelled_w = json_whole(json_object_get(file, "imageWidth"));
    sheet s = read_sheet(file, t, skipped);
    json_decref(file), free(path);
    return s;
}

void tasks_labelme(const import_options *o, classes *table, tasks *l)
{
    int n;
    int64_t skipped = 0;
    char **name = file_list(o->src, "|.json|", &n);
    sheet *s = xalloc_n((size_t)n, sizeof *s);
    for (int i = 0; i < n; i++) s[i] = read_file(o, name[i], l, &skipped), free(name[i]);
    if (!table->n) name_classes(s, n, o->src, table);
    warn_strangers(s, n, o->src);
    for (int i = 0; i < n; i++) {
        add_all(&l->t[i], &s[i], table);
        for (int64_t k = 0; k < s[i].n; k++) free(s[i].d[k].label), free(s[i].d[k].xy);
        free(s[i].d);
    }
    if (skipped) warn("%s: %lld shape%s not imported: neither polygon, rectangle, circle nor point", o->src, (long long)skipped,
        skipped == 1 ? " is" : "s are");
    free(name), free(s);
    tasks_know(o, l, NULL);
}
