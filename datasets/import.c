/* import.c - carries out a list of import tasks: decode on all threads, write in order; see import.h.
 *
 * Films are decoded a block at a time in parallel and added one after the other, so the store's order is the list's. After the first
 * bad case (without skip_bad) the rest is still read, to list everything at once, but nothing more is written. */
#include "datasets/import_kinds.h"
#include "base/file.h"
#include "base/parallel.h"
#include "geometry/polygon.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const import_kinds[] = { "masks", "corners" };
const int import_nkinds = 2;

task *tasks_add(tasks *l, char *film, char *name, char *id)
{
    if (l->n == l->room) l->t = xgrow(l->t, (size_t)(l->room = l->room ? 2 * l->room : 64) * sizeof *l->t);
    task *t = &l->t[l->n++];
    *t = (task){ .film = film, .name = name, .id = id, .patient = xdup(id) };
    return t;
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

void tasks_free(tasks *l)
{
    for (int64_t i = 0; i < l->n; i++) {
        task *t = &l->t[i];
        free(t->film), free(t->name), free(t->mask), free(t->id), free(t->patient), free(t->bad), labels_free(&t->labels);
    }
    free(l->t);
    *l = (tasks){ 0 };
}

/* ---- one case -------------------------------------------------------------------------------------------------------------------- */

typedef struct sample { image film, mask; int seen[256]; } sample;             /* seen: which label values occur */

static void sample_free(sample *s) { image_free(&s->film), image_free(&s->mask); }

static void load_mask(task *t, sample *s)
{
    char why[IMAGE_WHY];
    if (!labels_try(t->mask, &s->mask, why)) { task_bad(t, "its label map: %s", why); return; }
    if (s->mask.h != s->film.h || s->mask.w != s->film.w) {
        task_bad(t, "its label map is %lld x %lld, the film %lld x %lld", (long long)s->mask.w, (long long)s->mask.h, (long long)s->film.w,
            (long long)s->film.h);
        return;
    }
    image small = image_new(s->mask.h, s->mask.w, 8);
    for (int64_t i = 0, len = small.h * small.w; i < len; i++) {
        int v = image_at(&s->mask, i);
        if (v > CLASS_MAX) { task_bad(t, "its label map holds the value %d, a class is at most %d", v, CLASS_MAX); break; }
        ((uint8_t *)small.p)[i] = (uint8_t)v, s->seen[v] = 1;
    }
    image_free(&s->mask), s->mask = small;
}

/* Corners to a mask and instances: the order round the quad is TL TR BR BL. */
static void draw_corners(task *t, sample *s, const classes *table)
{
    int64_t h = s->film.h, w = s->film.w;
    labels *l = &t->labels;
    uint8_t *one = xalloc((size_t)(h * w));
    s->mask = image_new(h, w, 8);
    l->instances = xalloc_n((size_t)l->ncorners, sizeof *l->instances);
    for (int i = 0; i < l->ncorners; i++) {
        const corners *c = &l->corners[i];
        double xy[8];
        const int round[4] = { CORNER_TL, CORNER_TR, CORNER_BR, CORNER_BL };
        for (int k = 0; k < 4; k++) xy[2 * k] = c->p[round[k]][0], xy[2 * k + 1] = c->p[round[k]][1];
        int value = class_of_level(table, c->level);
        memset(one, 0, (size_t)(h * w));
        if (polygon_fill(xy, 4, one, h, w, 1) < 0) { task_bad(t, "%s: a corner is too far outside", c->level); break; }
        polygon_fill(xy, 4, s->mask.p, h, w, (uint8_t)value);
        l->instances[l->ninstances++] = instance_from_mask(one, h, w, value, c->level);
    }
    free(one);
}

/* As it goes into the store; strings stay the task's. */
static store_case row_of(const task *t, const sample *s, const import_options *o)
{
    return (store_case){ .id = t->id, .patient = t->patient, .source = t->name, .h = s->film.h, .w = s->film.w, .bits = s->film.bits,
                         .spacing = { o->spacing[0], o->spacing[1] }, .spacing_source = o->spacing[0] > 0 ? "given" : "",
                         .labelled_h = t->labelled_h, .labelled_w = t->labelled_w };
}

static void load(task *t, sample *s, const classes *table, const import_options *o)
{
    char why[IMAGE_WHY];
    const char *bad;
    if (t->bad) return;
    if (!film_try(t->film, &s->film, why)) { task_bad(t, "%s", why); return; }
    const store_case row = row_of(t, s, o);
    if ((bad = store_case_fault(&row))) { task_bad(t, "it cannot be a case: %s", bad); return; }
    if (t->mask) load_mask(t, s); else draw_corners(t, s, table);
}

/* One block, all threads. */
typedef struct { task *t; sample *s; const classes *table; const import_options *o; } block;

static void load_one(void *arg, int64_t i)
{
    const block *b = arg;
    load(&b->t[i], &b->s[i], b->table, b->o);
}

static void write_case(store *out, const task *t, const sample *s, const import_options *o)
{
    const store_case row = row_of(t, s, o);
    store_add(out, &row, s->film.p, s->mask.p, NULL, &t->labels);
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

static classes table_of(const import_options *o, int corners)
{
    classes t = { 0 };
    if (o->classes) return classes_read(o->classes);
    if (corners) classes_add(&t, 1, "vertebra", "vertebra");
    return t;
}

import_result import_run(const import_options *o)
{
    int corners = !strcmp(o->kind, "corners"), seen[256] = { 0 }, any_bad = 0;
    if (!corners && strcmp(o->kind, "masks"))
        die("import: got the kind '%s', wanted masks or corners%s", o->kind, die_nearest(o->kind, import_kinds, import_nkinds));
    if (!file_is_folder(o->src)) die("%s: no such folder", o->src);
    classes table = table_of(o, corners);
    tasks l = { 0 };
    if (corners) tasks_corners(o, &table, &l); else tasks_masks(o, &l);
    if (!l.n) die("%s: no films in it", o->src);
    mark_twins(&l);
    store *out = store_create(o->out, &table);
    import_result r = { 0 };
    enum { BLOCK = 16 };
    for (int64_t at = 0; at < l.n; at += BLOCK) {
        int64_t n = l.n - at < BLOCK ? l.n - at : BLOCK;
        sample *s = xalloc_n(BLOCK, sizeof *s);
        block b = { &l.t[at], s, &table, o };
        parallel_for(n, load_one, &b, NULL, NULL);
        for (int64_t i = 0; i < n; i++) {
            any_bad |= l.t[at + i].bad != NULL;
            if (!l.t[at + i].bad && (o->skip_bad || !any_bad)) {
                write_case(out, &l.t[at + i], &s[i], o), r.cases++;
                for (int v = 1; v < 256; v++) seen[v] |= s[i].seen[v];
            }
            sample_free(&s[i]), labels_free(&l.t[at + i].labels);
            if (o->tick) o->tick(o->with, at + i + 1, l.n);
        }
        free(s);
    }
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
