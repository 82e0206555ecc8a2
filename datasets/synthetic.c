/* synthetic.c - see synthetic.h. */
#include "datasets/synthetic.h"
#include "base/die.h"
#include "synth/truth.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- layouts ---------------------------------------------------------------------------------------------------- */

/* codes from .. to of truth.h have this value */
typedef struct layout_row { int value; const char *name, *kind; int from, to; } layout_row;

#define VERTEBRA(value, code, name) { value, name, "vertebra", code, code }
#define HEADS(value, which) { value, "femoral_head_" #which, "femoral_head", CODE_HEAD + which - 1, CODE_HEAD + which - 1 }
#define SKULL(value) { value, "hard_palate", "skull", CODE_PALATE, CODE_PALATE }, \
    { value + 1, "basion", "skull", CODE_BASION, CODE_BASION }, \
    { value + 2, "opisthion", "skull", CODE_OPISTHION, CODE_OPISTHION }

static const layout_row rows[LAYOUTS][36] = {
    [LAYOUT_WHOLE] = { VERTEBRA(1, GEO_C2, "C2"), { 2, "vertebra", "vertebra", GEO_C3, GEO_L5 }, VERTEBRA(2, CODE_L6, "vertebra"), { 3,
        "sacrum", "sacrum", CODE_SACRUM, CODE_SACRUM },
        { 4, "femoral_head", "femoral_head", CODE_HEAD, CODE_HEAD + 1 } },
    [LAYOUT_CERVICAL] = { SKULL(1), VERTEBRA(4, GEO_C1, "C1"), VERTEBRA(5, GEO_C2, "C2"), VERTEBRA(6, GEO_C3, "C3"), VERTEBRA(7, GEO_C4,
        "C4"), VERTEBRA(8, GEO_C5, "C5"),
        VERTEBRA(9, GEO_C6, "C6"), VERTEBRA(10, GEO_C7, "C7") },
    [LAYOUT_THORACIC] = { { 1, "vertebra", "vertebra", GEO_C2, GEO_L5 }, VERTEBRA(1, CODE_L6, "vertebra") },
    [LAYOUT_LUMBAR] = { { 1, "vertebra", "vertebra", GEO_C2, GEO_L5 }, VERTEBRA(1, CODE_L6, "vertebra"), { 2, "sacrum", "sacrum",
        CODE_SACRUM, CODE_SACRUM } },
    [LAYOUT_AP] = { { 1, "vertebra", "vertebra", GEO_T1, GEO_L5 } },
    [LAYOUT_HSPINE] = { VERTEBRA(1, GEO_L1, "L1"), VERTEBRA(2, GEO_L2, "L2"), VERTEBRA(3, GEO_L3, "L3"), VERTEBRA(4, GEO_L4, "L4"),
        VERTEBRA(5, GEO_L5, "L5"),
        { 6, "sacrum", "sacrum", CODE_SACRUM, CODE_SACRUM }, HEADS(7, 1), HEADS(8, 2) },
};

static const layout_row level_rows[] = { { 25, "sacrum", "sacrum", CODE_SACRUM, CODE_SACRUM }, HEADS(26, 1), HEADS(27, 2), SKULL(28),
    { IMPLANT_VALUE, "implant", "implant", -1, -1 }, VERTEBRA(32, CODE_L6, "L6") };

classes layout_classes(enum layout layout, int implants)
{
    classes t = { 0 };
    if (layout == LAYOUT_LEVELS) {
        for (int l = GEO_C1; l <= GEO_L5; l++) classes_add(&t, l, geo_level_name(l), "vertebra");
        for (size_t i = 0; i < sizeof level_rows / sizeof *level_rows; i++) classes_add(&t, level_rows[i].value, level_rows[i].name,
            level_rows[i].kind);
        return t;
    }
    for (const layout_row *r = rows[layout]; r->name; r++) if (!classes_find(&t, r->value)) classes_add(&t, r->value, r->name, r->kind);
    if (implants) classes_add(&t, IMPLANT_VALUE, "implant", "implant");
    return t;
}

int layout_value(enum layout layout, int code)
{
    if (layout == LAYOUT_LEVELS) return code;
    for (const layout_row *r = rows[layout]; r->name; r++) if (code >= r->from && code <= r->to) return r->value;
    return 0;
}

/* ---- from truth to labels ------------------------------------------------------------------------------------------- */

static void add_instance(labels *l, const uint8_t *mask, int64_t h, int64_t w, int value, const char *level)
{
    l->instances = xgrow(l->instances, (size_t)(l->ninstances + 1) * sizeof *l->instances);
    l->instances[l->ninstances++] = instance_from_mask(mask, h, w, value, level);
}

static void objects(const truth *t, enum layout layout, uint8_t *mask, labels *l)
{
    enum { LEAST = 12 };                                               /* pixels: less of an object is nothing to learn from */
    uint8_t *one = xalloc_n((size_t)t->h, (size_t)t->w);
    for (int i = 0; i < t->nobjects; i++) {
        const object *o = &t->object[i];
        const int value = layout_value(layout, o->code);
        if (!value) continue;
        memset(one, 0, (size_t)(t->h * t->w));
        if (object_paint(o, one, t->h, t->w, 1) < LEAST) continue;
        object_paint(o, mask, t->h, t->w, (uint8_t)value), add_instance(l, one, t->h, t->w, value, o->name);
    }
    free(one);
}

static labels labels_of(const truth *t, enum layout layout, uint8_t *mask)
{
    labels l = { .ncorners = t->nbodies, .nlandmarks = t->nspots, .nvalues = t->nvalues };
    l.corners = xalloc_n((size_t)t->nbodies + 1, sizeof *l.corners), l.landmarks = xalloc_n((size_t)t->nspots + 1, sizeof *l.landmarks);
    l.values = xalloc_n((size_t)t->nvalues + 1, sizeof *l.values);
    for (int i = 0; i < t->nbodies; i++) {
        snprintf(l.corners[i].level, STORE_NAME, "%s", level_name(t->body[i].level));
        memcpy(l.corners[i].p, t->body[i].p, sizeof l.corners[i].p);
    }
    for (int i = 0; i < t->nspots; i++) {
        snprintf(l.landmarks[i].name, STORE_NAME, "%s", t->spot[i].name);
        l.landmarks[i].x = t->spot[i].x, l.landmarks[i].y = t->spot[i].y, l.landmarks[i].r = t->spot[i].r;
    }
    for (int i = 0; i < t->nvalues; i++) {
        snprintf(l.values[i].name, STORE_NAME, "%s", t->value[i].name), snprintf(l.values[i].unit, STORE_NAME, "%s", t->value[i].unit);
        l.values[i].value = t->value[i].v;
    }
    objects(t, layout, mask, &l);
    return l;
}

/* ---- the test set in strata ------------------------------------------------------------------------------------------ */

enum stratum { PLAIN, IMPLANTS, FRACTURES, HIDDEN, LSTV, TURNED, STRATA };

const char *synthetic_stratum(synthetic_settings *s, uint32_t index)
{
    static const struct { const char *name; int until; } strata[STRATA] = { { "plain", 20 }, { "implants", 32 }, { "fractures", 42 },
        { "hidden_c7", 50 }, { "lstv", 55 }, { "turned", 60 } };
    const int place = (int)(index % 60 * 37 % 60);                     /* 37: so that a few films show all of them */
    int k = 0;
    while (place >= strata[k].until) k++;
    s->anatomy.pathology = k == LSTV ? PATH_LSTV : PATH_NONE, s->anatomy.fractures = k == FRACTURES ? FRACTURES_ALWAYS : FRACTURES_NEVER;
    s->anatomy.hidden = k == HIDDEN, s->anatomy.turned = k == TURNED;
    s->picture.implants = k == IMPLANTS, s->pairs = k == IMPLANTS;
    return strata[k].name;
}

/* ---- a film ---------------------------------------------------------------------------------------------------- */

static truth *told(const synthetic_settings *s, const anatomy *a, const picture *p, char diagnosis[DIAGNOSIS])
{
    truth *t = truth_new(a);
    draws reader = draws_begin(a->seed, a->index, STAGE_READER), failure = draws_begin(a->seed, a->index, STAGE_FAILURE);
    truth_see(t, p->visible);
    if (s->reader > 0) truth_reread(t, s->reader, &reader);
    failure_apply(t, s->failure, &failure, diagnosis);
    return t;
}

static void *take(uint16_t **film)
{
    void *p = *film;
    *film = NULL;
    return p;
}

static void name(synthetic *f, const anatomy *a, const picture *p, const synthetic_settings *s, const char *diagnosis, const char *stratum)
{
    const char *region = region_names[a->region];
    for (int k = 0; k < f->n; k++)
        snprintf(f->id[k], sizeof f->id[k], "%s_%llu_%05u%s", region, (unsigned long long)a->seed, a->index, f->n == 2 && k == 1
            ? "_implants" : "");
    snprintf(f->patient, sizeof f->patient, "P%llu_%05u", (unsigned long long)a->seed, a->index);
    snprintf(f->source, sizeof f->source, "synth region=%s seed=%llu film=%u level=L%d pathology=%s implants=%s%s failure=%s%s%s", region,
        (unsigned long long)a->seed,
             a->index, s->picture.level, pathology_names[a->pathology], p->film_with ? p->implants : "none", s->reader > 0
                 ? " reader" : "", diagnosis, stratum ? " stratum=" : "", stratum ? stratum : "");
    for (int k = 0; k < f->n; k++)
        f->row[k] = (store_case){ .id = f->id[k], .patient = f->patient, .source = f->source, .h = p->h, .w = p->w, .bits = 16,
                                  .spacing = { a->film.spacing, a->film.spacing }, .spacing_source = "synth" };
}

synthetic *synthetic_new(const synthetic_settings *asked, uint64_t seed, uint32_t index)
{
    synthetic *f = xalloc(sizeof *f);
    char diagnosis[DIAGNOSIS];
    synthetic_settings own = *asked, *s = &own;
    static const enum region turn[] = { REGION_WHOLE, REGION_THORACIC, REGION_LUMBAR };
    if (s->mixed) s->anatomy.region = turn[index % 3];
    const char *stratum = s->strata ? synthetic_stratum(s, index) : NULL;
    anatomy *a = anatomy_new(&s->anatomy, seed, index);
    picture *p = picture_new(a, &s->picture);
    truth *t = told(s, a, p, diagnosis);
    f->n = s->pairs && p->film_with ? 2 : 1;
    f->mask = xalloc_n((size_t)t->h, (size_t)t->w);
    name(f, a, p, s, diagnosis, stratum);
    f->pixels[0] = take(f->n == 1 && p->film_with ? &p->film_with : &p->film);
    if (f->n == 2) f->pixels[1] = take(&p->film_with);
    const int last = f->n - 1;
    for (int k = 0; k < f->n; k++) {
        if (k == last && p->implant) truth_implanted(t, p->screws);
        f->labels[k] = labels_of(t, s->layout, f->mask);
    }
    if (p->implant && (s->pairs || s->layout == LAYOUT_LEVELS)) add_instance(&f->labels[last], p->implant, t->h, t->w, IMPLANT_VALUE,
        "implant");
    truth_free(t), picture_free(p), anatomy_free(a);
    return f;
}

void synthetic_store(store *out, const synthetic *f)
{
    for (int k = 0; k < f->n; k++) store_add(out, &f->row[k], f->pixels[k], f->mask, NULL, &f->labels[k]);
}

void synthetic_free(synthetic *f)
{
    if (!f) return;
    for (int k = 0; k < f->n; k++) free(f->pixels[k]), labels_free(&f->labels[k]);
    free(f->mask), free(f);
}
