/* export.c - see export.h. Pictures are written on all threads; the two tables one case after the other, so their order is the store's. */
#include "datasets/export.h"
#include "base/die.h"
#include "base/file.h"
#include "base/parallel.h"
#include "base/utf8.h"
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- pictures -------------------------------------------------------------------------------------------------------------------- */

/* DIR/sub/name.png; the caller frees. */
static char *picture(const char *folder, const char *sub, const char *name)
{
    return xprintf("%s/%s/%s.png", folder, sub, name);
}

static void write_mask(const store *s, int64_t i, const char *path)
{
    const store_case *c = store_at(s, i);
    image m = image_new(c->h, c->w, 8);
    int top = 0, other = 0;
    if (store_read_mask(s, i, m.p)) {
        for (int64_t k = 0; k < c->h * c->w; k++) { int v = image_at(&m, k); top |= v == 255, other |= v && v != 255; }
        if (top && !other) die("%s: case %s: a label map of 0 and 255 alone would be read back as 0 and 1; give class 255 another value",
            store_path(s), c->id);
        image_write(path, &m);
    }
    image_free(&m);
}

/* One label map for each class that occurs in the overlapping planes: DIR/planes/VALUE/ID.png. */
static void write_planes(const store *s, int64_t i, const char *folder)
{
    const store_case *c = store_at(s, i);
    const int64_t len = c->h * c->w;
    uint32_t *planes = xalloc_n((size_t)len, sizeof *planes), seen = 0;
    int any = store_read_planes(s, i, planes);
    for (int64_t k = 0; any && k < len; k++) seen |= planes[k];
    for (int v = 1; v < 32; v++) {
        if (!(seen >> v & 1)) continue;
        image m = image_new(c->h, c->w, 8);
        for (int64_t k = 0; k < len; k++) ((uint8_t *)m.p)[k] = (uint8_t)(planes[k] >> v & 1 ? v : 0);
        char *sub = xprintf("%s/planes/%d", folder, v), *path = xprintf("%s/%s.png", sub, c->id);
        file_make_folders(sub);
        image_write(path, &m);
        image_free(&m), free(sub), free(path);
    }
    free(planes);
}

static void write_instances(const store_case *c, const labels *l, const char *folder)
{
    char *sub = xprintf("%s/instances/%s", folder, c->id);
    file_make_folders(sub);
    for (int k = 0; k < l->ninstances; k++) {
        const instance *o = &l->instances[k];
        char *path = xprintf("%s/%03d%s%s.png", sub, k + 1, o->level[0] ? "_" : "", o->level);
        image m = image_new(c->h, c->w, 8);
        if (strchr(o->level, '/')) die("%s: the level '%s' cannot be part of a file name", c->id, o->level);
        instance_paint(o, m.p, c->h, c->w, 255);
        image_write(path, &m);
        image_free(&m), free(path);
    }
    free(sub);
}

static void write_pictures(const store *s, int64_t i, const char *folder)
{
    const store_case *c = store_at(s, i);
    char *film = picture(folder, "images", c->id), *mask = picture(folder, "masks", c->id);
    image m = image_new(c->h, c->w, c->bits);
    store_read_image(s, i, m.p);
    image_write(film, &m);
    write_mask(s, i, mask);
    write_planes(s, i, folder);
    labels l = store_read_labels(s, i);
    if (l.ninstances) write_instances(c, &l, folder);
    labels_free(&l), image_free(&m), free(film), free(mask);
}

/* ---- tables ---------------------------------------------------------------------------------------------------------------------- */

/* The shortest decimal text that reads back as the same double. */
static const char *number(double v, char out[32])
{
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(out, 32, "%.*g", digits, v);
        if (strtod(out, NULL) == v) break;
    }
    return out;
}

/* A CSV field, quoted where it must be. */
static void put_field(FILE *f, const char *text)
{
    if (!strpbrk(text, ",\"\r\n")) { fputs(text, f); return; }
    putc('"', f);
    for (; *text; text++) { if (*text == '"') putc('"', f); putc(*text, f); }
    putc('"', f);
}

typedef struct names { int n; char (*name)[STORE_NAME]; } names;

static int names_add(names *l, const char *name)
{
    for (int i = 0; i < l->n; i++) if (!strcmp(l->name[i], name)) return i;
    l->name = xgrow(l->name, (size_t)(l->n + 1) * sizeof *l->name);
    snprintf(l->name[l->n], STORE_NAME, "%s", name);
    return l->n++;
}

static void put_row(FILE *f, const store_case *c, const labels *l, const names *levels, const names *values)
{
    char text[32];
    char *file = xprintf("%s.png", c->id);
    put_field(f, file), putc(',', f), put_field(f, c->patient);
    fprintf(f, ",%lld,%lld", (long long)(c->labelled_w ? c->labelled_w : c->w), (long long)(c->labelled_h ? c->labelled_h : c->h));
    for (int k = 0; k < values->n; k++) {
        putc(',', f);
        for (int i = 0; i < l->nvalues; i++) if (!strcmp(l->values[i].name, values->name[k])) { fputs(number(l->values[i].value, text), f); break; }
    }
    for (int k = 0; k < levels->n; k++) {
        const corners *q = NULL;
        for (int i = 0; i < l->ncorners && !q; i++) if (!strcmp(l->corners[i].level, levels->name[k])) q = &l->corners[i];
        for (int j = 0; j < 8; j++) putc(',', f), fputs(q ? number(q->p[j / 2][j % 2], text) : "", f);
    }
    putc('\n', f);
    free(file);
}

/* labels.csv for the cases that have corners; a value's column is NAME_UNIT. */
static void write_corners(const store *s, const labels *all, const char *folder)
{
    static const char *const corner[4] = { "TL", "TR", "BL", "BR" };
    names levels = { 0 }, values = { 0 }, units = { 0 };
    for (int64_t i = 0; i < store_count(s); i++)
        for (int k = 0; k < all[i].ncorners; k++) {
            names_add(&levels, all[i].corners[k].level);
            for (int v = 0; k == 0 && v < all[i].nvalues; v++) {
                const measured *q = &all[i].values[v];
                if (names_add(&values, q->name) < units.n) continue;
                units.name = xgrow(units.name, (size_t)(units.n + 1) * sizeof *units.name);
                memcpy(units.name[units.n++], q->unit, STORE_NAME);
            }
        }
    if (!levels.n) return;
    char *path = path_join(folder, "labels.csv");
    FILE *f = file_begin(path);
    fputs("file,patient,width,height", f);
    for (int v = 0; v < values.n; v++) {
        char *name = xprintf("%s%s%s", values.name[v], units.name[v][0] ? "_" : "", units.name[v]);
        putc(',', f), put_field(f, name), free(name);
    }
    for (int k = 0; k < levels.n; k++)
        for (int j = 0; j < 8; j++) {
            char *name = xprintf("%s_%s_%c", levels.name[k], corner[j / 2], "xy"[j % 2]);
            putc(',', f), put_field(f, name), free(name);
        }
    putc('\n', f);
    for (int64_t i = 0; i < store_count(s); i++) if (all[i].ncorners) put_row(f, store_at(s, i), &all[i], &levels, &values);
    file_commit(f, path);
    free(path), free(levels.name), free(values.name), free(units.name);
}

/* Text of the store, which need not be UTF-8 outside its ids. */
static json_t *text(const char *s)
{
    char *clean = utf8_clean(s);
    json_t *j = json_string(clean);
    free(clean);
    if (!j) die_machine("out of memory");
    return j;
}

static json_t *real(double v)
{
    json_t *j = json_real(v);                                  /* NULL where v is not finite */
    return j ? j : json_null();
}

/* Under a key that is a text of the store. */
static void set(json_t *o, const char *key, json_t *value)
{
    char *clean = utf8_clean(key);
    if (json_object_set_new(o, clean, value)) die_machine("out of memory");
    free(clean);
}

/* The case form of `measure`: corners under UL UR LL LR, landmarks by name, values by name. A store does not record from which side a
 * film was taken, so the mode is left to the reader. */
static json_t *truth_case(const store_case *c, const labels *l)
{
    static const char *const corner[4] = { "UL", "UR", "LL", "LR" };
    json_t *o = json_object(), *part = NULL, *order;
    char *file = xprintf("images/%s.png", c->id);
    json_object_set_new(o, "id", text(c->id)), json_object_set_new(o, "file", text(file));
    json_object_set_new(o, "patient", text(c->patient)), json_object_set_new(o, "split", json_string(split_names[c->split]));
    json_object_set_new(o, "spacing", store_spacing_known(c) ? json_pack("[o, o]", real(c->spacing[0]), real(c->spacing[1])) : json_null());
    if (!store_spacing_known(c)) json_object_set_new(o, "spacing_why", json_string("not known"));
    if (l->ncorners) {
        json_object_set_new(o, "mode", json_null()), json_object_set_new(o, "mode_why", json_string("the store does not record the view"));
        json_object_set_new(o, "order", order = json_array()), json_object_set_new(o, "vertebrae", part = json_object());
        for (int i = 0; i < l->ncorners; i++) {
            json_t *q = json_object();
            for (int k = 0; k < 4; k++) json_object_set_new(q, corner[k],
                json_pack("[o, o]", real(l->corners[i].p[k][0]), real(l->corners[i].p[k][1])));
            json_array_append_new(order, text(l->corners[i].level)), set(part, l->corners[i].level, q);
        }
    }
    if (l->nlandmarks) json_object_set_new(o, "landmarks", part = json_object());
    for (int i = 0; i < l->nlandmarks; i++) {
        const landmark *m = &l->landmarks[i];
        json_t *p = json_pack("[o, o]", real(m->x), real(m->y));
        if (m->r > 0) json_array_append_new(p, real(m->r));
        set(part, m->name, p);
    }
    json_object_set_new(o, "values", part = json_object());
    for (int i = 0; i < l->nvalues; i++) set(part, l->values[i].name, real(l->values[i].value));
    free(file);
    return o;
}

static void write_truth(const store *s, const labels *all, const char *folder)
{
    char *path = path_join(folder, "truth.json");
    json_t *cases = json_array(), *o = json_pack("{s:o}", "cases", cases);
    for (int64_t i = 0; i < store_count(s); i++) json_array_append_new(cases, truth_case(store_at(s, i), &all[i]));
    FILE *f = file_begin(path);
    json_dumpf(o, f, JSON_INDENT(1) | JSON_REAL_PRECISION(17));
    putc('\n', f);
    file_commit(f, path);
    json_decref(o), free(path);
}

static void write_classes(const classes *t, const char *folder)
{
    if (!t->n) return;
    char *path = path_join(folder, "classes.csv");
    FILE *f = file_begin(path);
    fputs("value,name,kind\n", f);
    for (int i = 0; i < t->n; i++) fprintf(f, "%d,%s,%s\n", t->c[i].value, t->c[i].name, t->c[i].kind);
    file_commit(f, path);
    free(path);
}

const char *const export_products[] = { "images", "masks", "instances", "planes", "classes.csv", "labels.csv", "truth.json", NULL };

typedef struct { const store *s; const char *folder; } job;

static void export_case(void *arg, int64_t i)
{
    const job *j = arg;
    write_pictures(j->s, i, j->folder);
}

void export_store(const store *s, const char *folder, void (*tick)(void *, int64_t, int64_t), void *with)
{
    const int64_t n = store_count(s);
    job j = { s, folder };
    char *images = path_join(folder, "images"), *masks = path_join(folder, "masks");
    file_make_folders(images), file_make_folders(masks);
    parallel_for(n, export_case, &j, tick, with);
    labels *all = xalloc_n((size_t)n, sizeof *all);
    for (int64_t i = 0; i < n; i++) {
        all[i] = store_read_labels(s, i);
        for (int k = 0; k < all[i].ninstances; k++) free(all[i].instances[k].runs);            /* the tables do not need them */
        free(all[i].instances), all[i].instances = NULL, all[i].ninstances = 0;
    }
    write_classes(store_classes(s), folder), write_corners(s, all, folder), write_truth(s, all, folder);
    for (int64_t i = 0; i < n; i++) labels_free(&all[i]);
    free(all), free(images), free(masks);
}
