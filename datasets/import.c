/* import.c - carries out a list of import tasks: decode on all threads, write in order; see import.h.
 *
 * Films are decoded a block at a time in parallel and added one after the other, so the store's order is the list's. After the first
 * bad case (without skip_bad) the rest is still read, to list everything at once, but nothing more is written. */
#include "datasets/import_kinds.h"
#include "base/file.h"
#include "base/parallel.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const import_kinds[] = { "masks", "instances", "coco", "labelme", "corners", "exported" };
static import_kind *const list_of[] = { tasks_masks, tasks_instances, tasks_coco, tasks_labelme, tasks_corners, tasks_exported };
const int import_nkinds = sizeof import_kinds / sizeof *import_kinds;

task *tasks_add(tasks *l, char *film, char *name, char *id)
{
    if (l->n == l->room) l->t = xgrow(l->t, (size_t)(l->room = l->room ? 2 * l->room : 64) * sizeof *l->t);
    task *t = &l->t[l->n++];
    *t = (task){ .film = film, .name = name, .id = id, .patient = xdup(id), .row = -1, .spacing_source = xdup("") };
    return t;
}

shape *task_shape(task *t, int value, const char *level)
{
    if ((t->nshapes & (t->nshapes - 1)) == 0) t->shapes = xgrow(t->shapes, (size_t)(t->nshapes ? 2 * t->nshapes : 1) * sizeof *t->shapes);
    shape *s = &t->shapes[t->nshapes++];
    *s = (shape){ .value = value };
    snprintf(s->level, sizeof s->level, "%s", level);
    return s;
}

void task_spacing(task *t, const double xy[2], const char *source)
{
    t->spacing[0] = xy[0], t->spacing[1] = xy[1];
    free(t->spacing_source), t->spacing_source = xdup(source ? source : "");
}

char *film_beside(const import_options *o, const char *json, const char *name)
{
    char *own = path_folder(json), *sub = path_join(own, "images");
    const char *folder = o->images ? o->images : file_is_folder(sub) ? sub : own;
    if (name[0] == '/') name = strrchr(name, '/') + 1;                       /* a path of the machine that wrote the file */
    char *path = NULL;
    if (*name && strcmp(name, "..") && strncmp(name, "../", 3) && !strstr(name, "/../")) path = path_join(folder, name);
    free(own), free(sub);
    return path;
}

void task_bad(task *t, const char *fmt, ...)
{
    char text[512];
    if (t->bad) return;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    t->bad = xdup(text);
}

/* What only loading and writing need. */
static void task_drop(task *t)
{
    for (int k = 0; k < t->nshapes; k++) shape_free(&t->shapes[k]);
    free(t->shapes), t->shapes = NULL, t->nshapes = 0;
    labels_free(&t->labels);
}

void tasks_free(tasks *l)
{
    for (int64_t i = 0; i < l->n; i++) {
        task *t = &l->t[i];
        for (int v = 0; v < 32; v++) free(t->planes[v]);
        task_drop(t);
        free(t->film), free(t->name), free(t->mask), free(t->id), free(t->patient), free(t->source), free(t->spacing_source), free(t->bad);
    }
    free(l->t);
    *l = (tasks){ 0 };
}

/* ---- one case -------------------------------------------------------------------------------------------------------------------- */

typedef struct sample { image film, mask; uint32_t *planes; int seen[256]; } sample;             /* seen: which label values occur */

static void sample_free(sample *s) { image_free(&s->film), image_free(&s->mask), free(s->planes), s->planes = NULL; }

/* A label map of the film's size, 8 bits. 0 where it cannot be read, which makes the task bad. */
static int read_map(task *t, const sample *s, const char *path, const char *what, image *out)
{
    char why[IMAGE_WHY];
    if (!labels_try(path, out, why)) { task_bad(t, "its %s: %s", what, why); return 0; }
    if (out->h == s->film.h && out->w == s->film.w) return 1;
    task_bad(t, "its %s is %lld x %lld, the film %lld x %lld", what, (long long)out->w, (long long)out->h, (long long)s->film.w,
        (long long)s->film.h);
    image_free(out);
    return 0;
}

static void load_mask(task *t, sample *s)
{
    image m;
    if (!read_map(t, s, t->mask, "label map", &m)) return;
    s->mask = image_new(m.h, m.w, 8);
    for (int64_t i = 0, len = m.h * m.w; i < len; i++) {
        int v = image_at(&m, i);
        if (v > CLASS_MAX) { task_bad(t, "its label map holds the value %d, a class is at most %d", v, CLASS_MAX); break; }
        ((uint8_t *)s->mask.p)[i] = (uint8_t)v, s->seen[v] = 1;
    }
    image_free(&m);
}

/* Shapes to instances, and to the label map where they are all there is. */
static void draw_shapes(task *t, sample *s)
{
    const int64_t h = s->film.h, w = s->film.w;
    labels *l = &t->labels;
    char why[IMAGE_WHY];
    uint8_t *one = xalloc((size_t)(h * w));
    if (t->drawn) s->mask = image_new(h, w, 8);
    l->instances = xalloc_n((size_t)t->nshapes, sizeof *l->instances);
    for (int i = 0; i < t->nshapes; i++) {
        const shape *q = &t->shapes[i];
        if (i) memset(one, 0, (size_t)(h * w));
        const int value = shape_paint(q, one, h, w, why);
        if (!value) { task_bad(t, "%s: %s", q->file ? strrchr(q->file, '/') + 1 : *q->level ? q->level : "an object", why); break; }
        l->instances[l->ninstances++] = instance_from_mask(one, h, w, value, q->level);
        if (t->drawn) instance_paint(&l->instances[i], s->mask.p, h, w, (uint8_t)value);
        s->seen[value] = 1;
    }
    free(one);
}

static void load_planes(task *t, sample *s)
{
    const int64_t len = s->film.h * s->film.w;
    s->planes = xalloc_n((size_t)len, sizeof *s->planes);
    for (int v = 1; v < 32; v++) {
        image m;
        if (!t->planes[v]) continue;
        if (!read_map(t, s, t->planes[v], "plane", &m)) return;
        for (int64_t i = 0; i < len; i++) s->planes[i] |= (uint32_t)(image_at(&m, i) != 0) << v;
        image_free(&m);
        s->seen[v] = 1;
    }
}

/* As it goes into the store; strings stay the task's. */
static store_case row_of(const task *t, const sample *s)
{
    return (store_case){ .id = t->id, .patient = t->patient, .source = t->source ? t->source : t->name, .h = s->film.h, .w = s->film.w,
                         .bits = s->film.bits, .spacing = { t->spacing[0], t->spacing[1] }, .spacing_source = t->spacing_source,
                         .labelled_h = t->labelled_h, .labelled_w = t->labelled_w, .split = t->split, .excluded = t->excluded };
}

static void load(task *t, sample *s)
{
    char why[IMAGE_WHY];
    const char *bad;
    if (t->bad) return;
    if (!film_try(t->film, &s->film, why)) { task_bad(t, "%s", why); return; }
    const store_case row = row_of(t, s);
    if ((bad = store_case_fault(&row))) { task_bad(t, "it cannot be a case: %s", bad); return; }
    if (t->exact && (t->labelled_h != s->film.h || t->labelled_w != s->film.w)) {
        task_bad(t, "its labels speak of %lld x %lld pixels, the film has %lld x %lld", (long long)t->labelled_w, (long long)t->labelled_h,
            (long long)s->film.w, (long long)s->film.h);
        return;
    }
    if (t->mask) load_mask(t, s);
    if (t->has_planes) load_planes(t, s);
    if (!t->bad && (t->drawn || t->nshapes)) draw_shapes(t, s);
}

/* One block, all threads. */
typedef struct { task *t; sample *s; } block;

static void load_one(void *arg, int64_t i)
{
    const block *b = arg;
    load(&b->t[i], &b->s[i]);
}

static void write_case(store *out, const task *t, const sample *s)
{
    const store_case row = row_of(t, s);
    store_add(out, &row, s->film.p, s->mask.p, s->planes, &t->labels);
}

/* ---- all of them ----------------------------------------------------------------------------------------------------------------- */

static int by_id(const void *a, const void *b) { return strcmp((*(task *const *)a)->id, (*(task *const *)b)->id); }

/* Two films under one id are two bad cases, not a race for the name. */
static void mark_twins(tasks *l)
{
    task **at = xalloc_n((size_t)l->n, sizeof *at);
    int64_t n = 0;
    for (int64_t i = 0; i < l->n; i++) if (!l->t[i].bad) at[n++] = &l->t[i];
    if (n) qsort(at, (size_t)n, sizeof *at, by_id);
    for (int64_t i = 1; i < n; i++)
        if (!strcmp(at[i]->id, at[i - 1]->id)) {
            task_bad(at[i], "the id '%s' is also that of %s", at[i]->id, at[i - 1]->name);
            task_bad(at[i - 1], "the id '%s' is also that of %s", at[i]->id, at[i]->name);
        }
    free(at);
}

/* One line a bad case, freshly allocated; the order of the list. */
static void collect(import_result *r, const tasks *l)
{
    for (int64_t i = 0; i < l->n; i++) {
        if (!l->t[i].bad) continue;
        r->bad = xgrow(r->bad, (size_t)(r->nbad + 1) * sizeof *r->bad);
        r->bad[r->nbad++] = (bad_file){ xdup(l->t[i].name), xdup(l->t[i].bad) };
    }
}

/* The list of the kind's tasks; *table is filled where it is given or the kind knows it. */
static tasks list_tasks(const import_options *o, classes *table)
{
    int kind = 0;
    while (kind < import_nkinds && strcmp(o->kind, import_kinds[kind])) kind++;
    if (kind == import_nkinds) die("import: got the kind '%s', wanted masks, instances, coco, labelme, corners or exported%s", o->kind,
        die_nearest(o->kind, import_kinds, import_nkinds));
    if (list_of[kind] != tasks_coco && !file_is_folder(o->src)) die("%s: no such folder", o->src);
    if (o->classes) *table = classes_given("--classes", o->classes);
    tasks l = { 0 };
    list_of[kind](o, table, &l);
    if (!l.n) die("%s: no films in it", o->src);
    mark_twins(&l);
    return l;
}

/* Films n at a time: read in parallel, written in their order. Returns how many were written. */
static int64_t carry_out(const import_options *o, tasks *l, store *out, int seen[256])
{
    enum { BLOCK = 16 };
    int any_bad = 0;
    int64_t cases = 0;
    for (int64_t at = 0; at < l->n; at += BLOCK) {
        int64_t n = l->n - at < BLOCK ? l->n - at : BLOCK;
        sample *s = xalloc_n(BLOCK, sizeof *s);
        block b = { &l->t[at], s };
        parallel_for(n, load_one, &b, NULL, NULL);
        for (int64_t i = 0; i < n; i++) {
            any_bad |= l->t[at + i].bad != NULL;
            if (!l->t[at + i].bad && (o->skip_bad || !any_bad)) {
                write_case(out, &l->t[at + i], &s[i]), cases++;
                for (int v = 1; v < 256; v++) seen[v] |= s[i].seen[v];
            }
            sample_free(&s[i]), task_drop(&l->t[at + i]);
            if (o->tick) o->tick(o->with, at + i + 1, l->n);
        }
        free(s);
    }
    return cases;
}

import_result import_run(const import_options *o)
{
    int seen[256] = { 0 };
    classes table = { 0 };
    tasks l = list_tasks(o, &table);
    store *out = store_create(o->out, &table);
    import_result r = { .cases = carry_out(o, &l, out, seen) };
    collect(&r, &l);
    r.written = r.cases > 0 && (o->skip_bad || !r.nbad);
    if (!table.n) {
        char name[16];
        for (int v = 1; v < 256; v++) if (seen[v]) classes_add(&table, v, classes_name(&table, v, name), "");
        store_set_classes(out, &table);
    }
    if (r.written) store_commit(out); else store_close(out), r.cases = 0;
    tasks_free(&l), classes_free(&table);
    return r;
}

void import_result_free(import_result *r)
{
    for (int i = 0; i < r->nbad; i++) free(r->bad[i].file), free(r->bad[i].why);
    free(r->bad);
    *r = (import_result){ 0 };
}
