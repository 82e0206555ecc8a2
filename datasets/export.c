/* export.c - see export.h. Pictures are written on all threads; the two tables one case after the other, so their order is the store's. */
#include "datasets/export.h"
#include "base/die.h"
#include "base/file.h"
#include "base/parallel.h"
#include "base/utf8.h"
#include "datasets/json_file.h"
#include "geometry/geometry.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- pictures -------------------------------------------------------------------------------------------------------------------- */

/* DIR/sub/name.png; the caller frees. */
static char *picture(const char *folder, const char *sub, const char *name)
{
    return xprintf("%s/%s/%s.png", folder, sub, name);
}

/* Returns whether there is one. */
static int write_mask(const store *s, int64_t i, const char *path)
{
    const store_case *c = store_at(s, i);
    image m = image_new(c->h, c->w, 8);
    int top = 0, other = 0;
    const int any = store_read_mask(s, i, m.p);
    if (any) {
        for (int64_t k = 0; k < c->h * c->w; k++) { int v = image_at(&m, k); top |= v == 255, other |= v && v != 255; }
        if (top && !other) die("%s: case %s: a label map of 0 and 255 alone would be read back as 0 and 1; give class 255 another value",
            store_path(s), c->id);
        image_write(path, &m);
    }
    image_free(&m);
    return any;
}

/* One label map for each class that occurs in the overlapping planes: DIR/planes/VALUE/ID.png. Returns the classes as bits, and bit 0
 * where the case has planes at all. */
static uint32_t write_planes(const store *s, int64_t i, const char *folder)
{
    const store_case *c = store_at(s, i);
    const int64_t len = c->h * c->w;
    uint32_t *planes = xalloc_n((size_t)len, sizeof *planes), seen = 0;
    int any = store_read_planes(s, i, planes);
    for (int64_t k = 0; any && k < len; k++) seen |= planes[k];
    seen = (seen & ~1u) | (uint32_t)any;
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
    return seen;
}

/* Where the label map, the planes or an object are of a class of kind implant: DIR/implants/ID.png, 0 and 255. No file where none is. */
static void write_implants(const store *s, int64_t i, const labels *l, const char *folder)
{
    const store_case *c = store_at(s, i);
    const classes *t = store_classes(s);
    const int64_t len = c->h * c->w;
    uint8_t implant[256] = { 0 }, *mask = xalloc((size_t)len), any = 0;
    uint32_t *planes = xalloc_n((size_t)len, sizeof *planes), bits = 0;
    for (int k = 0; k < t->n; k++) implant[t->c[k].value] = !strcmp(t->c[k].kind, "implant");
    for (int v = 1; v < 32; v++) bits |= (uint32_t)implant[v] << v;
    store_read_mask(s, i, mask), store_read_planes(s, i, planes);
    image m = image_new(c->h, c->w, 8);
    uint8_t *at = m.p;
    for (int64_t k = 0; k < len; k++) at[k] = (uint8_t)(implant[mask[k]] || (planes[k] & bits) ? 255 : 0);
    for (int k = 0; k < l->ninstances; k++)
        if (implant[l->instances[k].value & 255]) instance_paint(&l->instances[k], at, c->h, c->w, 255);
    for (int64_t k = 0; k < len; k++) any |= at[k];
    if (any) {
        char *sub = path_join(folder, "implants"), *path = picture(folder, "implants", c->id);
        file_make_folders(sub);
        image_write(path, &m);
        free(sub), free(path);
    }
    image_free(&m), free(mask), free(planes);
}

/* instances/ID/NNN_LEVEL.png, the numbers as wide as the last one, so that names sort as they count. */
static char *instance_name(const store_case *c, const labels *l, int k)
{
    const char *level = l->instances[k].level;
    if (strchr(level, '/')) die("%s: the level '%s' cannot be part of a file name", c->id, level);
    const int wide = snprintf(NULL, 0, "%d", l->ninstances);
    return xprintf("instances/%s/%0*d%s%s.png", c->id, wide > 3 ? wide : 3, k + 1, *level ? "_" : "", level);
}

/* 0 and 255 for class 1, 0 and the class for others: what `import instances` takes for the same. */
static void write_instances(const store_case *c, const labels *l, const char *folder)
{
    char *sub = xprintf("%s/instances/%s", folder, c->id);
    file_make_folders(sub);
    for (int k = 0; k < l->ninstances; k++) {
        const instance *o = &l->instances[k];
        char *name = instance_name(c, l, k), *path = path_join(folder, name);
        image m = image_new(c->h, c->w, 8);
        if (o->value == 255) die("%s: class 255 cannot be told from class 1 in a picture of one object; give it another value", c->id);
        instance_paint(o, m.p, c->h, c->w, (uint8_t)(o->value == 1 ? 255 : o->value));
        free(name);
        image_write(path, &m);
        image_free(&m), free(path);
    }
    free(sub);
}

/* What the pictures do not say for themselves. */
typedef struct drawn { int mask; uint32_t planes; } drawn;

static drawn write_pictures(const store *s, int64_t i, const char *folder)
{
    const store_case *c = store_at(s, i);
    char *film = picture(folder, "images", c->id), *mask = picture(folder, "masks", c->id);
    image m = image_new(c->h, c->w, c->bits);
    store_read_image(s, i, m.p);
    image_write(film, &m);
    const drawn d = { write_mask(s, i, mask), write_planes(s, i, folder) };
    labels l = store_read_labels(s, i);
    write_implants(s, i, &l, folder);
    if (l.ninstances) write_instances(c, &l, folder);
    labels_free(&l), image_free(&m), free(film), free(mask);
    return d;
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
    for (int a = 0; a < 2; a++) putc(',', f), fputs(store_spacing_known(c) ? number(c->spacing[a], text) : "", f);
    for (int k = 0; k < values->n; k++) {
        putc(',', f);
        for (int i = 0; i < l->nvalues; i++) if (!strcmp(l->values[i].name, values->name[k])) { fputs(number(l->values[i].value, text),
            f); break; }
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
    fputs("file,patient,width,height,spacing_x,spacing_y", f);
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

static json_t *pair(double a, double b) { return json_pack("[o, o]", real(a), real(b)); }

const char *const export_corners[3][4] = { { "SA", "SP", "IA", "IP" }, { "UL", "UR", "LL", "LR" }, { "SP", "SA", "IP", "IA" } };

/* Which way the patient of a lateral film looks, where the store says so by a value `facing` of the unit `side`: 1 right, -1 left, else 0. */
static int facing_of(const labels *l)
{
    for (int i = 0; i < l->nvalues; i++)
        if (!strcmp(l->values[i].name, "facing") && !strcmp(l->values[i].unit, "side")) return l->values[i].value == 1 ? 1 : l->values[i].value == -1 ? -1 : 0;
    return 0;
}

/* Corners by anterior and posterior where it is known which way the patient looks, the sacrum's plate by itself; else as on the film. */
static void set_corners(json_t *o, const labels *l, int facing)
{
    json_t *order = json_array(), *part = json_object();
    json_object_set_new(o, "order", order), json_object_set_new(o, "vertebrae", part);
    for (int i = 0; i < l->ncorners; i++) {
        const corners *c = &l->corners[i];
        json_t *q = json_object();
        for (int k = 0; k < 4; k++) json_object_set_new(q, export_corners[facing + 1][k], pair(c->p[k][0], c->p[k][1]));
        if (facing && i == l->ncorners - 1 && !strcmp(c->level, "S1")) { json_object_set_new(o, "S1", q); return; }
        json_array_append_new(order, json_clean(c->level)), set(part, c->level, q);
    }
}

/* How many of the landmarks stand before femoral_head_1 and femoral_head_2, where these are the last. */
static int before_heads(const labels *l)
{
    static const char *const name[] = { "femoral_head_1", "femoral_head_2" };
    for (int heads = 2; heads > 0; heads--) {
        int i = 0;
        while (heads <= l->nlandmarks && i < heads && !strcmp(l->landmarks[l->nlandmarks - heads + i].name, name[i])) i++;
        if (i == heads) return l->nlandmarks - heads;
    }
    return l->nlandmarks;
}

/* Landmarks by name, heads as circles. */
static void set_landmarks(json_t *o, const labels *l)
{
    json_t *part = json_object(), *heads = json_array();
    const int n = before_heads(l);
    for (int i = 0; i < l->nlandmarks; i++) {
        const landmark *m = &l->landmarks[i];
        json_t *p = pair(m->x, m->y);
        if (m->r > 0) json_array_append_new(p, real(m->r));
        if (i < n) set(part, m->name, p);
        else json_array_append_new(heads, p);
    }
    if (json_array_size(heads)) json_object_set_new(o, "FH", heads); else json_decref(heads);
    if (json_object_size(part)) json_object_set_new(o, "points", part); else json_decref(part);
}

/* Does `measure` give this value, under its name and in its unit? */
static int is_parameter(const measured *v)
{
    const int k = geo_parameter_find(v->name);
    return k >= 0 && !strcmp(geo_parameter_unit(k), v->unit);
}

/* Values that `measure` gives too; of a lateral film what else is known of it stands under `about`. */
static void set_values(json_t *o, const labels *l, int facing)
{
    json_t *values = json_object(), *about = json_object(), *units = json_object();
    for (int i = 0; i < l->nvalues; i++) {
        const measured *v = &l->values[i];
        set(!facing || is_parameter(v) ? values : about, v->name, real(v->value)), set(units, v->name, json_clean(v->unit));
    }
    json_object_set_new(o, "values", values);
    if (json_object_size(about)) json_object_set_new(o, "about", about); else json_decref(about);
    if (json_object_size(units)) json_object_set_new(o, "units", units); else json_decref(units);
}

/* The case form of `measure`. */
static void set_points(json_t *o, const labels *l)
{
    const int facing = facing_of(l);
    if (facing) json_object_set_new(o, "mode", json_string("lateral")), json_object_set_new(o, "facing", json_string(facing > 0 ? "right" : "left"));
    else if (l->ncorners) json_object_set_new(o, "mode", json_null()), json_object_set_new(o, "mode_why", json_string("the store does not record the view"));
    if (l->ncorners) set_corners(o, l, facing);
    if (l->nlandmarks) set_landmarks(o, l);
    set_values(o, l, facing);
}

static void set_pictures(json_t *o, const store_case *c, const labels *l, const drawn *d)
{
    json_t *list = NULL;
    if (d->mask) { char *mask = xprintf("masks/%s.png", c->id); json_object_set_new(o, "mask", json_clean(mask)); free(mask); }
    if (d->planes) json_object_set_new(o, "planes", list = json_array());
    for (int v = 1; v < 32; v++) if (d->planes >> v & 1) json_array_append_new(list, json_integer(v));
    if (l->ninstances) json_object_set_new(o, "instances", list = json_array());
    for (int k = 0; k < l->ninstances; k++) {
        char *name = instance_name(c, l, k);
        json_array_append_new(list, json_pack("{s:o, s:i, s:o}", "file", json_clean(name), "value", l->instances[k].value, "level",
            json_clean(l->instances[k].level)));
        free(name);
    }
}

/* The case form of `measure`, and with it whatever the index and the labels hold, so that nothing is lost on the way back. */
static json_t *truth_case(const store_case *c, const labels *l, const drawn *d)
{
    json_t *o = json_object();
    char *file = xprintf("images/%s.png", c->id);
    json_object_set_new(o, "id", json_clean(c->id)), json_object_set_new(o, "file", json_clean(file)), json_object_set_new(o, "source",
        json_clean(c->source));
    json_object_set_new(o, "patient", json_clean(c->patient)), json_object_set_new(o, "split", json_string(split_names[c->split]));
    json_object_set_new(o, "excluded", json_boolean(c->excluded));
    json_object_set_new(o, "spacing", store_spacing_known(c) ? pair(c->spacing[0], c->spacing[1]) : json_null());
    if (store_spacing_known(c)) json_object_set_new(o, "spacing_source", json_clean(c->spacing_source));
    else json_object_set_new(o, "spacing_why", json_string("not known"));
    /* a frontal film's middle decides which curve is the lower one */
    json_object_set_new(o, "height", json_integer(c->labelled_h ? c->labelled_h : c->h));
    for (int k = 0; k < l->nvalues; k++)
        if (!strcmp(l->values[k].name, "age") && l->values[k].value >= 0 && l->values[k].value < 200)
            json_object_set_new(o, "age", json_real(l->values[k].value));
    if (c->labelled_w) json_object_set_new(o, "labelled_size", json_pack("[I, I]", (json_int_t)c->labelled_w, (json_int_t)c->labelled_h));
    set_points(o, l), set_pictures(o, c, l, d);
    free(file);
    return o;
}

static void write_truth(const store *s, const labels *all, const drawn *d, const char *folder)
{
    char *path = path_join(folder, "truth.json");
    json_t *cases = json_array(), *o = json_pack("{s:o}", "cases", cases);
    for (int64_t i = 0; i < store_count(s); i++) json_array_append_new(cases, truth_case(store_at(s, i), &all[i], &d[i]));
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

const char *const export_products[] = { "images", "masks", "instances", "planes", "implants", "classes.csv", "labels.csv", "truth.json", NULL };

typedef struct { const store *s; const char *folder; drawn *d; } job;

static void export_case(void *arg, int64_t i)
{
    const job *j = arg;
    j->d[i] = write_pictures(j->s, i, j->folder);
}

void export_store(const store *s, const char *folder, void (*tick)(void *, int64_t, int64_t), void *with)
{
    const int64_t n = store_count(s);
    job j = { s, folder, xalloc_n((size_t)n, sizeof *j.d) };
    char *images = path_join(folder, "images"), *masks = path_join(folder, "masks");
    file_make_folders(images), file_make_folders(masks);
    parallel_for(n, export_case, &j, tick, with);
    labels *all = xalloc_n((size_t)n, sizeof *all);
    for (int64_t i = 0; i < n; i++) {
        all[i] = store_read_labels(s, i);
        for (int k = 0; k < all[i].ninstances; k++)
            free(all[i].instances[k].runs), all[i].instances[k].runs = NULL, all[i].instances[k].nruns = 0;
                /* the tables do not need them */
    }
    write_classes(store_classes(s), folder), write_corners(s, all, folder), write_truth(s, all, j.d, folder);
    for (int64_t i = 0; i < n; i++) labels_free(&all[i]);
    free(all), free(j.d), free(images), free(masks);
}
