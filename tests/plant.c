/* plant.c - see plant.h. A kind of damage is a row of the table: what it needs, what it does to a case in memory, and the codes that
 * count. */
#include "tests/plant.h"
#include "base/die.h"
#include "base/file.h"
#include "base/rng.h"
#include "datasets/check.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- a case in memory -------------------------------------------------------------------------------------------------------------- */

typedef struct loaded {
    store_case row;
    image film;
    uint8_t *mask; uint32_t *planes;         /* NULL: none */
    labels l;
    char id[220], patient[STORE_TEXT + 1];
    uint64_t seed; uint32_t draws;
    const store *s;
    const uint8_t *chosen;                   /* cases that are to be damaged */
    int64_t other;                           /* another case, for damage that takes something from there; -1: none was taken */
} loaded;

static double draw(loaded *c, double lo, double hi) { return rng_range(rng_draw(c->seed, RNG_TEST, 77, c->draws++, 0).v[0], lo, hi); }
static int pick(loaded *c, int n) { return (int)rng_below(rng_draw(c->seed, RNG_TEST, 77, c->draws++, 0).v[0], (uint32_t)n); }

static loaded read_case(const store *s, int64_t i)
{
    const store_case *row = store_at(s, i);
    const size_t len = (size_t)(row->h * row->w);
    loaded c = { .row = *row, .film = image_new(row->h, row->w, row->bits), .s = s, .other = -1 };
    snprintf(c.id, sizeof c.id, "%s", row->id), snprintf(c.patient, sizeof c.patient, "%s", row->patient);
    store_read_image(s, i, c.film.p);
    c.mask = xalloc(len), c.planes = xalloc_n(len, sizeof *c.planes);
    if (!store_read_mask(s, i, c.mask)) free(c.mask), c.mask = NULL;
    if (!store_read_planes(s, i, c.planes)) free(c.planes), c.planes = NULL;
    c.l = store_read_labels(s, i);
    return c;
}

static void write_case(store *out, loaded *c)
{
    c->row.id = c->id, c->row.patient = c->patient, c->row.sha256_image = c->row.sha256_labels = NULL;
    c->row.h = c->film.h, c->row.w = c->film.w;
    store_add(out, &c->row, c->film.p, c->mask, c->planes, &c->l);
}

static void drop_case(loaded *c) { image_free(&c->film), free(c->mask), free(c->planes), labels_free(&c->l); }

/* ---- damage ------------------------------------------------------------------------------------------------------------------------ */

static void exchange(corners *q, int a, int b)
{
    for (int k = 0; k < 2; k++) { const double t = q->p[a][k]; q->p[a][k] = q->p[b][k], q->p[b][k] = t; }
}

static int has_spine(const loaded *c) { return c->l.ncorners >= 8; }
static corners *some(loaded *c) { return &c->l.corners[1 + pick(c, c->l.ncorners - 2)]; }
static double height_of(const corners *q) { return hypot(q->p[CORNER_BL][0] - q->p[CORNER_TL][0],
    q->p[CORNER_BL][1] - q->p[CORNER_TL][1]); }
static double width_of(const corners *q) { return hypot(q->p[CORNER_TR][0] - q->p[CORNER_TL][0], q->p[CORNER_TR][1] - q->p[CORNER_TL][1]); }

static void two_corners(loaded *c)
{
    static const int pair[4][2] = { { CORNER_TL, CORNER_TR }, { CORNER_BL, CORNER_BR }, { CORNER_TL, CORNER_BL }, { CORNER_TR,
        CORNER_BR } };
    const int k = pick(c, 4);
    exchange(some(c), pair[k][0], pair[k][1]);
}
static void mirrored(loaded *c) { corners *q = some(c); exchange(q, CORNER_TL, CORNER_TR), exchange(q, CORNER_BL, CORNER_BR); }

static void levels(loaded *c)
{
    corners *q = some(c);
    char t[STORE_NAME];
    memcpy(t, q->level, STORE_NAME), memcpy(q->level, q[1].level, STORE_NAME), memcpy(q[1].level, t, STORE_NAME);
}
static void level_twice(loaded *c) { corners *q = some(c); memcpy(q->level, q[1].level, STORE_NAME); }
static void outside(loaded *c) { some(c)->p[pick(c, 4)][pick(c, 2)] = draw(c, 0, 1) < 0.5 ? -draw(c, 2, 50)
    : (double)(c->row.w + c->row.h); }

/* One corner pulled away by one to two heights of the body, in any direction. */
static void dragged(loaded *c)
{
    corners *q = some(c);
    const double by = height_of(q) * draw(c, 1, 2), angle = draw(c, 0, 6.283);
    double *p = q->p[pick(c, 4)];
    p[0] += by * cos(angle), p[1] += by * sin(angle);
}

static void moved(corners *q, double dx, double dy) { for (int k = 0; k < 4; k++) q->p[k][0] += dx, q->p[k][1] += dy; }
static void aside(loaded *c) { corners *q = some(c); moved(q, (pick(c, 2) ? 1.4 : -1.4) * width_of(q), 0); }
static void on_the_next(loaded *c) { corners *q = some(c); moved(q, q[1].p[0][0] - q->p[0][0], q[1].p[0][1] - q->p[0][1]); }
static void shrunk(loaded *c)
{
    corners *q = some(c);
    double x = 0, y = 0;
    for (int k = 0; k < 4; k++) x += q->p[k][0] / 4, y += q->p[k][1] / 4;
    for (int k = 0; k < 4; k++) q->p[k][0] = x + 0.45 * (q->p[k][0] - x), q->p[k][1] = y + 0.45 * (q->p[k][1] - y);
}

static int unlike(const loaded *c) { return c->row.h * 10 > c->row.w * 14; }           /* films with a way up: tall ones */
static int any(const loaded *c) { (void)c; return 1; }
static int has_mask(const loaded *c)
{
    for (int64_t i = 0; c->mask && i < c->row.h * c->row.w; i++) if (c->mask[i]) return 1;
    return 0;
}

/* Pixel (x, y) of the new film comes from (from_x, from_y); labels as pictures only. side: rows become columns. */
static void *turned_plane(const void *p, int64_t h, int64_t w, size_t bytes, int side)
{
    char *to = xalloc_n((size_t)(h * w), bytes);
    const char *from = p;
    for (int64_t y = 0; y < h; y++)
        for (int64_t x = 0; x < w; x++) {
            const int64_t at = side ? x * h + (h - 1 - y) : (h - 1 - y) * w + (w - 1 - x);
            memcpy(to + (size_t)at * bytes, from + (size_t)(y * w + x) * bytes, bytes);
        }
    return to;
}

/* The film and all its labels turned by a half or a quarter: what a scanner or a viewer did before anybody labelled. */
static void turned(loaded *c, int side)
{
    const int64_t h = c->film.h, w = c->film.w;
    void *film = turned_plane(c->film.p, h, w, (size_t)c->film.bits / 8, side);
    free(c->film.p), c->film.p = film;
    if (c->mask) { void *m = turned_plane(c->mask, h, w, 1, side); free(c->mask), c->mask = m; }
    if (c->planes) { void *m = turned_plane(c->planes, h, w, 4, side); free(c->planes), c->planes = m; }
    for (int i = 0; i < c->l.ninstances; i++) {
        instance *o = &c->l.instances[i];
        uint8_t *one = xalloc((size_t)(h * w)), *to;
        instance_paint(o, one, h, w, 1);
        to = turned_plane(one, h, w, 1, side);
        const instance n = instance_from_mask(to, side ? w : h, side ? h : w, o->value, o->level);
        free(o->runs), *o = n, free(one), free(to);
    }
    for (int i = 0; i < c->l.ncorners; i++)
        for (int k = 0; k < 4; k++) {
            double *p = c->l.corners[i].p[k];
            const double x = p[0], y = p[1];
            p[0] = side ? (double)(h - 1) - y : (double)(w - 1) - x, p[1] = side ? x : (double)(h - 1) - y;
        }
    for (int i = 0; i < c->l.nlandmarks; i++) {
        landmark *m = &c->l.landmarks[i];
        const double x = m->x, y = m->y;
        m->x = side ? (double)(h - 1) - y : (double)(w - 1) - x, m->y = side ? x : (double)(h - 1) - y;
    }
    const int64_t lh = c->row.labelled_h;
    if (side) c->film.h = w, c->film.w = h, c->row.labelled_h = c->row.labelled_w, c->row.labelled_w = lh;
}
static void sideways(loaded *c) { turned(c, 1); }
static void upside_down(loaded *c) { turned(c, 0); }

static int get(const image *m, int64_t i) { return image_at(m, i); }
static void set(image *m, int64_t i, int v) { if (m->bits == 16) ((uint16_t *)m->p)[i] = (uint16_t)v;
    else ((uint8_t *)m->p)[i] = (uint8_t)v; }
static int white(const image *m) { return m->bits == 16 ? 65535 : 255; }

static void inverted(loaded *c) { for (int64_t i = 0; i < c->film.h * c->film.w; i++) set(&c->film, i, white(&c->film) - get(&c->film,
    i)); }
static void constant(loaded *c) { const int v = pick(c, 256); for (int64_t i = 0; i < c->film.h * c->film.w; i++) set(&c->film, i, v); }
static void few_greys(loaded *c) { for (int64_t i = 0; i < c->film.h * c->film.w; i++) set(&c->film, i, get(&c->film,
    i) * 9 / white(&c->film)); }

static void mask_emptied(loaded *c) { memset(c->mask, 0, (size_t)(c->row.h * c->row.w)); }
static int has_table(const loaded *c) { return has_mask(c) && store_classes(c->s)->n > 0 && !classes_find(store_classes(c->s), 251); }
static void class_unknown(loaded *c) { for (int64_t i = 0; i < c->row.h * c->row.w; i++) if (c->mask[i]) c->mask[i] = 251; }

static int has_objects_or_spine(const loaded *c) { return has_mask(c) && (has_spine(c) || c->l.ninstances >= 3) && store_count(c->s) > 2; }

/* The label map of another case, brought to this size. */
static void mask_of_another(loaded *c)
{
    for (int tries = 0; tries < 20; tries++) {
        const int64_t k = pick(c, (int)store_count(c->s));
        const store_case *q = store_at(c->s, k);
        uint8_t *m = xalloc((size_t)(q->h * q->w));
        if (strcmp(q->id, c->id) && store_read_mask(c->s, k, m)) { resize_labels(m, q->h, q->w, c->mask, c->row.h, c->row.w); free(m);
            return; }
        free(m);
    }
}

static int has_objects(const loaded *c) { return c->l.ninstances > 0; }
static instance *add_object(loaded *c)
{
    c->l.instances = xgrow(c->l.instances, (size_t)(c->l.ninstances + 1) * sizeof *c->l.instances);
    return &c->l.instances[c->l.ninstances++];
}
static void object_twice(loaded *c)
{
    const int k = pick(c, c->l.ninstances);
    instance *o = add_object(c);
    *o = c->l.instances[k];
    o->runs = xalloc_n((size_t)o->nruns, sizeof *o->runs);
    memcpy(o->runs, c->l.instances[k].runs, (size_t)o->nruns * sizeof *o->runs);
}
static void object_empty(loaded *c)
{
    uint8_t *none = xalloc((size_t)(c->row.h * c->row.w));
    *add_object(c) = instance_from_mask(none, c->row.h, c->row.w, c->l.instances[0].value, "");
    free(none);
}

static int has_spacing(const loaded *c) { return store_spacing_known(&c->row); }
static void spacing_wrong(loaded *c)
{
    const double wrong[] = { NAN, 0, -1, 1e4 };
    const int k = pick(c, 5);
    if (k < 4) c->row.spacing[pick(c, 2)] = wrong[k]; else c->row.spacing[0] *= 1000, c->row.spacing[1] *= 1000;
}
static void spacing_gone(loaded *c) { c->row.spacing[0] = c->row.spacing[1] = 0; }
static void spacing_times_ten(loaded *c) { const double f = pick(c, 2) ? 10 : 0.1; c->row.spacing[0] *= f, c->row.spacing[1] *= f; }
static void size_wrong(loaded *c) { c->row.labelled_h = c->row.h + 1 + pick(c, 50), c->row.labelled_w = c->row.w; }

/* The film of another case (which then is the fellow), under this case's name. Its own labels stay. */
static void take_film(loaded *c)
{
    do c->other = pick(c, (int)store_count(c->s)); while (c->chosen[c->other]);           /* one that stays as it is */
    const store_case *q = store_at(c->s, c->other);
    image_free(&c->film);
    c->film = image_new(q->h, q->w, q->bits), store_read_image(c->s, c->other, c->film.p);
    free(c->mask), free(c->planes), labels_free(&c->l);
    c->mask = xalloc((size_t)(q->h * q->w)), c->planes = NULL;
    if (!store_read_mask(c->s, c->other, c->mask)) free(c->mask), c->mask = NULL;
    c->l = store_read_labels(c->s, c->other);
    c->row.bits = q->bits, c->row.h = q->h, c->row.w = q->w, c->row.labelled_h = q->labelled_h, c->row.labelled_w = q->labelled_w;
}
static int several(const loaded *c)
{
    int64_t left = 0;
    for (int64_t i = 0; i < store_count(c->s); i++) left += !c->chosen[i];
    return left > 0;
}
static void film_twice(loaded *c) { take_film(c); }

/* The same film brighter by a little and with noise in the last bit: saved again by another program. */
static void film_again(loaded *c)
{
    take_film(c);
    const int top = white(&c->film), more = top / 85 + 1;
    for (int64_t i = 0; i < c->film.h * c->film.w; i++) {
        const int v = get(&c->film, i) + more + (int)(rng_draw(c->seed, RNG_TEST, 78, 0, (uint64_t)i).v[0] & 1);
        set(&c->film, i, v > top ? top : v);
    }
}

/* Into the part where the patient has no other film. */
static int shares_patient(const loaded *c)
{
    int64_t with = 0;
    for (int64_t i = 0; i < store_count(c->s); i++) with += store_at(c->s, i)->split == c->row.split && !strcmp(store_at(c->s,
        i)->patient, c->patient);
    return c->patient[0] && c->row.split != SPLIT_NONE && with >= 3;
}
static void leaked(loaded *c) { c->row.split = c->row.split == SPLIT_TRAIN ? SPLIT_VAL : SPLIT_TRAIN; }

/* ---- the table --------------------------------------------------------------------------------------------------------------------- */

#define GEOMETRY "corner_order corner_outside side_ratio tilt corner_chain overlap area_outlier vertebra_twice vertebra_order gap offset mask_corners mask_level "
static const struct kind {
    const char *name;
    int (*fits)(const loaded *c);
    void (*apply)(loaded *c);
    const char *codes;
} kinds[] = {
    { "two corners exchanged", has_spine, two_corners, "corner_order tilt side_ratio " },
    { "quad mirrored", has_spine, mirrored, "corner_order tilt " },
    { "two levels exchanged", has_spine, levels, "vertebra_order " },
    { "a level twice", has_spine, level_twice, "level_twice " },
    { "corner outside the film", has_spine, outside, "corner_outside " },
    { "corner dragged by 1-2 heights", has_spine, dragged, GEOMETRY },
    { "vertebra beside the spine", has_spine, aside, "offset overlap mask_corners tilt corner_outside " },
    { "vertebra on the next one", has_spine, on_the_next, "vertebra_twice overlap vertebra_order gap corner_chain " },
    { "vertebra shrunk by half", has_spine, shrunk, "area_outlier mask_corners " },
    { "film and labels sideways", unlike, sideways, "film_sideways spine_sideways " },
    { "film and labels upside down", unlike, upside_down, "film_upside_down spine_upside_down " },
    { "film inverted", unlike, inverted, "film_inverted " },
    { "film of one grey", any, constant, "image_constant " },
    { "film of ten greys", any, few_greys, "low_contrast " },
    { "mask empty", has_mask, mask_emptied, "mask_empty " },
    { "class outside the table", has_table, class_unknown, "class_unknown " },
    { "mask of another film", has_objects_or_spine, mask_of_another, "mask_corners mask_object labels_twice " },
    { "object twice", has_objects, object_twice, "object_twice " },
    { "object without a pixel", has_objects, object_empty, "object_empty " },
    { "spacing no number, 0, < 0, m", has_spacing, spacing_wrong, "spacing_absurd " },
    { "spacing missing", has_spacing, spacing_gone, "spacing_missing " },
    { "spacing times or by ten", has_spacing, spacing_times_ten, "spacing_unusual spacing_absurd " },
    { "size of another film", any, size_wrong, "size_mismatch " },
    { "film twice", several, film_twice, "image_twice " },
    { "film twice, saved again", several, film_again, "image_similar image_leak " },
    { "patient in two parts", shares_patient, leaked, "patient_leak " },
};
enum { KINDS = sizeof kinds / sizeof *kinds };

/* ---- planting and counting --------------------------------------------------------------------------------------------------------- */

/* text NULL: any. */
static int listed(const faults *f, int64_t at, const char *code, const char *text, int error)
{
    for (int64_t i = 0; i < f->n; i++) if (f->f[i].at == at && !strcmp(f->f[i].code, code) && (!error || f->f[i].error) &&
        (!text || !strcmp(f->f[i].text, text))) return 1;
    return 0;
}

/* What was done to a case. kind -1: nothing; fellow: the case that it was copied from, -1: none; copied: this case is such a fellow. Of two
 * equal films the later one gets the fault. */
typedef struct done { int kind; int64_t fellow; int copied; } done;

static void plant(const store *s, const char *path, uint64_t seed, double share, const char *only, done *to)
{
    store *out = store_create(path, store_classes(s));
    uint8_t *chosen = xalloc((size_t)store_count(s));
    for (int64_t i = 0; i < store_count(s); i++) chosen[i] = rng_u01(rng_draw(seed, RNG_TEST, 76, (uint32_t)i, 0).v[0]) < share;
    for (int64_t i = 0; i < store_count(s); i++) {
        loaded c = read_case(s, i);
        c.seed = seed * 1000003 + (uint64_t)i, c.chosen = chosen;
        to[i].kind = -1;
        if (chosen[i])
            for (int tries = 0; tries < 100 && to[i].kind < 0; tries++) {
                const int k = pick(&c, KINDS);
                if ((only && strcmp(only, kinds[k].name)) || !kinds[k].fits(&c)) continue;
                kinds[k].apply(&c), to[i].kind = k;
            }
        if ((to[i].fellow = c.other) >= 0) to[c.other].copied = 1;
        write_case(out, &c);
        drop_case(&c);
    }
    store_commit(out);
    free(chosen);
}

/* The first new fault of a case; NULL where there is none. With codes, one of these, in words that were not there; without, of a code that
 * was not there (numbers in a text may change with the rest of the store). */
static const fault *news(const faults *after, const faults *before, int64_t at, const char *codes, int error)
{
    for (int64_t i = 0; i < after->n; i++) {
        const fault *f = &after->f[i];
        char word[64];
        snprintf(word, sizeof word, "%s ", f->code);
        if (f->at != at || (error && !f->error) || (codes && !strstr(codes, word))) continue;
        if (!listed(before, at, f->code, codes ? f->text : NULL, f->error)) return f;
    }
    return NULL;
}

static void count(const store *s, const faults *before, const faults *after, const done *to, plant_result *r)
{
    for (int64_t i = 0; i < store_count(s); i++) {
        const char *codes = to[i].kind < 0 ? NULL : kinds[to[i].kind].codes;
        const fault *f = news(after, before, i, codes, 0);
        if (codes) {
            plant_count *k = &r->kind[to[i].kind];
            const int64_t b = to[i].fellow;
            if (!f && b >= 0) f = news(after, before, b, codes, 0);
            k->planted++, k->found += f != NULL;
            k->as_error += news(after, before, i, codes, 1) || (b >= 0 && news(after, before, b, codes, 1));
            if (!f && !r->first_missed[0]) snprintf(r->first_missed, sizeof r->first_missed, "%s: %s", store_at(s, i)->id, k->name);
        } else if (!to[i].copied) {
            r->left_alone++, r->alarms += f != NULL, r->alarm_errors += news(after, before, i, NULL, 1) != NULL;
            if (f && !r->first_alarm[0]) snprintf(r->first_alarm, sizeof r->first_alarm, "%.80s: %s: %.140s", store_at(s, i)->id,
                f->code, f->text);
        }
    }
}

void plant_measure(const char *path, const char *folder, uint64_t seed, double share, const char *only, plant_result *r)
{
    char *damaged = path_join(folder, "planted.h5");
    store *s = store_open(path);
    const size_t n = (size_t)store_count(s);
    done *to = xalloc_n(n, sizeof *to);
    r->kinds = KINDS;
    for (int k = 0; k < KINDS; k++) r->kind[k].name = kinds[k].name;
    plant(s, damaged, seed, share, only, to);
    store *d = store_open(damaged);
    faults before = check_store(s, NULL, NULL), after = check_store(d, NULL, NULL);
    count(s, &before, &after, to, r);
    faults_free(&before), faults_free(&after), store_close(s), store_close(d);
    free(to), free(damaged);
}
