/* instance_score.c - see instance_score.h. */
#include "eval/instance_score.h"
#include "base/die.h"
#include "datasets/json_file.h"
#include "eval/figures.h"
#include <stdlib.h>

static const char *const kind_keys[OBJECT_KINDS] = { "bbox", "segm" }, *const kind_names[OBJECT_KINDS] = { "boxes", "masks" };

instance_options instance_defaults(void) { return (instance_options){ 0.5, 10000, 1000, 1 }; }

instance_score instance_score_of(const object_set *s, const instance_options *o)
{
    instance_score r = { .set = s, .o = *o, .kind = s->has[OBJECT_MASK] ? OBJECT_MASK : OBJECT_BOX };
    const panoptic_options how = { r.kind, o->least, o->draws, o->seed };
    for (int k = 0; k < OBJECT_KINDS; k++) if (s->has[k]) r.ap[k] = coco_of(s, k, o->ap_draws, o->seed);
    r.quality = panoptic_of(s, &how), r.found = detection_of(s, &how);
    return r;
}

void instance_score_free(instance_score *r)
{
    for (int k = 0; k < OBJECT_KINDS; k++) coco_free(&r->ap[k]);
    panoptic_free(&r->quality);
}

/* ---- tables ---------------------------------------------------------------------------------------------------------------------------- */

table *instance_ap_table(const instance_score *r)
{
    table *t = table_new("Average precision and recall of instances (COCO)");
    table_column(t, "compared", "", COLUMN_TEXT, 0);
    for (int k = 0; k < COCO_FIGURES; k++) {
        table_column(t, coco_names[k], "", COLUMN_NUMBER, 3);
        if (k == COCO_AP) table_column(t, "95 % CI", "", COLUMN_RANGE, 3);
    }
    for (int kind = 0; kind < OBJECT_KINDS; kind++) {
        const coco *c = &r->ap[kind];
        if (!r->set->has[kind]) continue;
        table_text(t, kind_names[kind]);
        for (int k = 0; k < COCO_FIGURES; k++) {
            table_quantity(t, c->of[k]);
            if (k == COCO_AP) figure_cell_interval(t, c->lo, c->hi);
        }
    }
    char *note = xprintf("films: %lld; means over classes with true objects; small, medium, large: below, between, above 32² and 96² pixels; "
                         "interval: BCa bootstrap over patients, %lld draws, seed %llu", (long long)r->set->n, (long long)r->o.ap_draws,
                         (unsigned long long)r->o.seed);
    table_note(t, note), free(note);
    return t;
}

static const coco_class *ap_of(const coco *c, int class)
{
    for (int k = 0; k < c->n; k++) if (c->class[k].class == class) return &c->class[k];
    return NULL;
}

static const panoptic_class *quality_of(const panoptic *p, int class)
{
    for (int k = 0; k < p->n; k++) if (p->class[k].class == class) return &p->class[k];
    return NULL;
}

static void quality_cells(table *t, const quantity q[3], const int64_t n[3], int any)
{
    static const char none[] = "no prediction of that score and no true object";
    for (int k = 0; k < 3; k++) if (any) table_quantity(t, q[k]); else table_missing(t, none);
    for (int k = 0; k < 3; k++) if (any) table_count(t, n[k]); else table_missing(t, none);
}

static void class_row(table *t, const instance_score *r, int class)
{
    const panoptic_class *q = quality_of(&r->quality, class), nothing = { 0 };
    const coco_class *any = ap_of(&r->ap[r->kind], class);
    table_text(t, r->set->class[class].name), table_count(t, any->truths), table_count(t, any->preds);
    for (int kind = 0; kind < OBJECT_KINDS; kind++) {
        const coco_class *c = r->set->has[kind] ? ap_of(&r->ap[kind], class) : NULL;
        if (c) table_quantity(t, c->of[COCO_AP]), table_quantity(t, c->of[COCO_AP50]);
    }
    const panoptic_class *p = q ? q : &nothing;
    quality_cells(t, (quantity[3]){ p->pq, p->sq, p->rq }, (int64_t[3]){ p->tp, p->fp, p->fn }, q != NULL);
}

table *instance_class_table(const instance_score *r)
{
    static const char *const counts[] = { "TP", "FP", "FN" }, *const shares[] = { "PQ", "SQ", "RQ" };
    const panoptic *p = &r->quality;
    const coco *c = &r->ap[r->kind];
    int64_t truths = 0, preds = 0;
    table *t = table_new("Instances by class: average precision and panoptic quality");
    table_column(t, "class", "", COLUMN_TEXT, 0), table_column(t, "true", "", COLUMN_COUNT, 0), table_column(t, "predicted", "", COLUMN_COUNT, 0);
    for (int kind = 0; kind < OBJECT_KINDS; kind++)
        for (int k = 0; k < 2 && r->set->has[kind]; k++) {
            char *name = xprintf("%s, %s", coco_names[k ? COCO_AP50 : COCO_AP], kind_names[kind]);
            table_column(t, name, "", COLUMN_NUMBER, 3), free(name);
        }
    for (int k = 0; k < 3; k++) table_column(t, shares[k], "", COLUMN_NUMBER, 3);
    for (int k = 0; k < 3; k++) table_column(t, counts[k], "", COLUMN_COUNT, 0);
    for (int k = 0; k < c->n; k++) class_row(t, r, c->class[k].class), truths += c->class[k].truths, preds += c->class[k].preds;
    if (c->n > 1) {
        table_rule(t), table_text(t, "mean over classes"), table_count(t, truths), table_count(t, preds);
        for (int kind = 0; kind < OBJECT_KINDS; kind++)
            if (r->set->has[kind]) table_quantity(t, r->ap[kind].of[COCO_AP]), table_quantity(t, r->ap[kind].of[COCO_AP50]);
        quality_cells(t, (quantity[3]){ p->pq, p->sq, p->rq }, (int64_t[3]){ p->tp, p->fp, p->fn }, 1);
    }
    char *note = p->lo.why ? xprintf("panoptic quality: of predictions with a score of %g and more, %s with IoU above 0.5", r->o.least, kind_names[r->kind])
        : xprintf("panoptic quality: of predictions with a score of %g and more, %s with IoU above 0.5; PQ of all: 95 %% CI %.3f to %.3f",
                  r->o.least, kind_names[r->kind], p->lo.value, p->hi.value);
    table_note(t, note), free(note);
    return t;
}

/* What detection counts: in the table's order and under JSON's keys. */
enum { RATES = 4 };
typedef struct rate { const char *key, *head; bounded of; } rate;

static void rates(const detection *d, rate r[RATES])
{
    r[0] = (rate){ "detected", "detected, of the true objects", d->rate };
    r[1] = (rate){ "named", "detected by its own class", d->named_rate };
    r[2] = (rate){ "centred", "with a centre of a prediction inside", d->centred_rate };
    r[3] = (rate){ "extra", "predictions that detect nothing, a film", d->extra_rate };
}

table *instance_detection_table(const instance_score *r)
{
    const detection *d = &r->found;
    rate all[RATES];
    table *t = table_new("Are the objects found?");
    rates(d, all);
    table_column(t, "objects", "", COLUMN_TEXT, 0), table_column(t, "rate", "", COLUMN_NUMBER, 3), table_column(t, "95 % CI", "", COLUMN_RANGE, 3);
    for (int k = 0; k < RATES; k++) {
        table_text(t, all[k].head), table_quantity(t, all[k].of.value);
        figure_cell_interval(t, all[k].of.lo, all[k].of.hi);
    }
    char *note = xprintf("films: %lld, true objects: %lld; detected: IoU of %s from 0.5, one to one, whatever the class; predictions: those with a "
                         "score of %g and more", (long long)d->films, (long long)d->truths, kind_names[r->kind], r->o.least);
    table_note(t, note), free(note);
    return t;
}

/* ---- JSON ------------------------------------------------------------------------------------------------------------------------------ */

static json_t *class_json(const object_set *s, int class)
{
    return json_pack("{s:I, s:o}", "value", (json_int_t)s->class[class].value, "name", json_clean(s->class[class].name));
}

static json_t *ap_json(const object_set *s, const coco *c)
{
    json_t *o = json_object(), *at = json_array(), *list = json_array();
    for (int k = 0; k < COCO_FIGURES; k++) figure_json(o, coco_names[k], c->of[k]);
    figure_json_interval(o, coco_names[COCO_AP], c->lo, c->hi);
    for (int k = 0; k < COCO_THRESHOLDS; k++) json_array_append_new(at, c->at[k].why ? json_null() : json_real(c->at[k].value));
    for (int k = 0; k < c->n; k++) {
        json_t *one = class_json(s, c->class[k].class);
        json_object_set_new(one, "truths", json_integer(c->class[k].truths));
        json_object_set_new(one, "predictions", json_integer(c->class[k].preds));
        for (int i = 0; i < COCO_FIGURES; i++) figure_json(one, coco_names[i], c->class[k].of[i]);
        json_array_append_new(list, one);
    }
    json_object_set_new(o, "by_threshold", at), json_object_set_new(o, "classes", list);
    return o;
}

static void set_quality(json_t *o, quantity pq, quantity sq, quantity rq, int64_t tp, int64_t fp, int64_t fn)
{
    figure_json(o, "PQ", pq), figure_json(o, "SQ", sq), figure_json(o, "RQ", rq);
    json_object_set_new(o, "TP", json_integer(tp)), json_object_set_new(o, "FP", json_integer(fp)), json_object_set_new(o, "FN", json_integer(fn));
}

static json_t *quality_json(const object_set *s, const panoptic *p)
{
    json_t *o = json_object(), *list = json_array();
    set_quality(o, p->pq, p->sq, p->rq, p->tp, p->fp, p->fn), figure_json_interval(o, "PQ", p->lo, p->hi);
    for (int k = 0; k < p->n; k++) {
        const panoptic_class *c = &p->class[k];
        json_t *one = class_json(s, c->class);
        set_quality(one, c->pq, c->sq, c->rq, c->tp, c->fp, c->fn);
        json_array_append_new(list, one);
    }
    json_object_set_new(o, "classes", list);
    return o;
}

static json_t *detection_json(const detection *d)
{
    rate all[RATES];
    json_t *o = json_pack("{s:I}", "truths", (json_int_t)d->truths);
    rates(d, all);
    for (int k = 0; k < RATES; k++)
        figure_json(o, all[k].key, all[k].of.value), figure_json_interval(o, all[k].key, all[k].of.lo, all[k].of.hi);
    return o;
}

json_t *instance_json(const instance_score *r)
{
    json_t *o = json_pack("{s:I, s:f, s:s, s:I}", "films", (json_int_t)r->set->n, "score", r->o.least, "compared", kind_keys[r->kind], "ap_draws",
                          (json_int_t)r->o.ap_draws);
    if (!o) die_machine("out of memory");
    for (int k = 0; k < OBJECT_KINDS; k++)
        if (r->set->has[k]) json_object_set_new(o, kind_keys[k], ap_json(r->set, &r->ap[k]));
        else figure_json(o, kind_keys[k], quantity_missing("not every object has one"));
    json_object_set_new(o, "panoptic", quality_json(r->set, &r->quality));
    json_object_set_new(o, "detection", detection_json(&r->found));
    return o;
}
