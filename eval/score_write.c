/* score_write.c - a finished score as tables and as JSON; see score.h. The metric table decides names, units and order everywhere, so
 * that text, CSV and JSON cannot disagree. The trap: jansson takes no NaN and no text that is not UTF-8; both come out as nothing. */
#include "eval/score.h"
#include "base/utf8.h"
#include "base/die.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const char *unit_of(const score *s, int metric) { return !metric_table[metric].is_length ? "" : s->options.in_mm ? "mm" : "px"; }
static int decimals_of(int metric) { return metric_table[metric].is_length ? 2 : 3; }

static void add_excluded(const score *s, table *t)
{
    if (!s->options.excluded) return;
    char *note = xprintf("images left out because they are marked as faulty: %lld", (long long)s->options.excluded);
    table_note(t, note), free(note);
}

/* Which classes of the set count as exchangeable: as a note, or as pairs of values. */
static void add_twins(const score *s, table *t)
{
    for (int a = 1; a < 256; a++) {
        if (s->twin[a] <= a) continue;
        char *note = xprintf("%s and %s are exchangeable: each image's prediction is given the names by which it overlaps the truth more (IoU, greedy)",
                             s->names[a], s->names[s->twin[a]]);
        table_note(t, note), free(note);
    }
}

static json_t *twins_json(const score *s)
{
    json_t *list = json_array();
    for (int a = 1; a < 256; a++) if (s->twin[a] > a) json_array_append_new(list, json_pack("[i,i]", a, (int)s->twin[a]));
    return list;
}

/* How the figures above were made: what a reader needs to make them again. */
static void add_notes(const score *s, table *t)
{
    const score_options *o = &s->options;
    char *note = xprintf("images: %lld, patients: %lld; 95 %% CI: BCa bootstrap over patients, %lld draws, seed %lld", (long long)s->ncases,
                         (long long)s->npatients, (long long)o->draws, (long long)o->seed);
    table_note(t, note), free(note);
    if (s->unknown_patients) {
        note = xprintf("images without a patient, counted as one each: %lld", (long long)s->unknown_patients);
        table_note(t, note), free(note);
    }
    add_twins(s, t);
    add_excluded(s, t);
}

static void spread_cell(table *t, const summary *m)
{
    if (m->mean.why || m->sd.why) table_missing(t, m->mean.why ? m->mean.why : m->sd.why);
    else table_numbers(t, m->mean.value, m->sd.value);
}

static void class_row(table *t, const char *name, const summary *of)
{
    const summary *dsc = &of[METRIC_DSC];
    table_text(t, name), table_count(t, dsc->n), table_quantity(t, dsc->mean), table_quantity(t, dsc->sd);
    if (dsc->lo.why) table_missing(t, dsc->lo.why);
    else table_numbers(t, dsc->lo.value, dsc->hi.value);
    table_quantity(t, dsc->median), table_quantity(t, dsc->least);
    for (int i = METRIC_IOU; i <= METRIC_RECALL; i++) spread_cell(t, &of[i]);
}

static const char over_classes[] = "mean over classes", of_class_means[] = "mean over classes: n, SD, median and worst are of the class means";

table *score_class_table(const score *s)
{
    table *t = table_new("Overlap by class, mean ± SD over images");
    static const struct { const char *title; enum column_kind kind; } columns[] = {
        { "class", COLUMN_TEXT }, { "n", COLUMN_COUNT }, { "DSC", COLUMN_NUMBER }, { "SD", COLUMN_NUMBER }, { "95 % CI", COLUMN_RANGE },
        { "median", COLUMN_NUMBER }, { "worst", COLUMN_NUMBER } };
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) table_column(t, columns[i].title, "", columns[i].kind, 3);
    for (int i = METRIC_IOU; i <= METRIC_RECALL; i++) table_column(t, metric_table[i].name, "", COLUMN_SPREAD, 3);
    for (int k = 0; k < s->nclasses; k++) class_row(t, s->classes[k].name, s->classes[k].of);
    if (s->nclasses > 1) table_rule(t), class_row(t, over_classes, s->overall), table_note(t, of_class_means);
    add_notes(s, t);
    return t;
}

static const int border_metrics[] = { METRIC_HD95, METRIC_HD95_PENALISED, METRIC_ASSD, METRIC_ASSD_PENALISED, METRIC_NSD };
enum { BORDER_METRICS = sizeof border_metrics / sizeof *border_metrics };

static void border_row(table *t, const char *name, const summary *of)
{
    table_text(t, name), table_count(t, of[METRIC_HD95].n);
    for (int i = 0; i < BORDER_METRICS; i++) spread_cell(t, &of[border_metrics[i]]);
}

table *score_border_table(const score *s)
{
    table *t = table_new("Borders by class, mean ± SD over images");
    table_column(t, "class", "", COLUMN_TEXT, 0);
    table_column(t, "n", "", COLUMN_COUNT, 0);
    for (int i = 0; i < BORDER_METRICS; i++) {
        int m = border_metrics[i];
        table_column(t, metric_table[m].name, unit_of(s, m), COLUMN_SPREAD, decimals_of(m));
    }
    for (int k = 0; k < s->nclasses; k++) border_row(t, s->classes[k].name, s->classes[k].of);
    if (s->nclasses > 1) table_rule(t), border_row(t, over_classes, s->overall);
    char *note = xprintf("n: images with the class in both maps; NSD: within %g %s", s->options.tau, s->options.in_mm ? "mm" : "px");
    table_note(t, note), free(note);
    table_note(t, "penalised: the image diagonal stands where only one of the maps has the class");
    if (s->options.units_why) table_note(t, s->options.units_why);
    add_excluded(s, t);
    return t;
}

table *score_case_table(const score *s, int64_t most, int metrics)
{
    table *t = table_new(most ? "The worst images, by mean DSC over their classes" : "Image by image");
    table_column(t, "case", "", COLUMN_TEXT, 0);
    table_column(t, "patient", "", COLUMN_TEXT, 0);
    table_column(t, "class", "", COLUMN_TEXT, 0);
    for (int i = 0; i < metrics; i++) table_column(t, metric_table[i].name, unit_of(s, i), COLUMN_NUMBER, decimals_of(i));
    for (int64_t n = 0; n < s->ncases && (!most || n < most); n++) {
        const score_case *c = &s->cases[most ? s->worst[n] : n];
        for (int k = 0; k < s->nclasses; k++) {
            if (most && c->class[k].of[METRIC_DSC].why) continue;          /* of the worst only the classes that are there */
            table_text(t, c->id), table_text(t, s->patient[c->patient]), table_text(t, s->classes[k].name);
            for (int i = 0; i < metrics; i++) table_quantity(t, c->class[k].of[i]);
        }
    }
    return t;
}

/* a of a + b, or why there is no share. */
static quantity share(int64_t a, int64_t b, const char *why) { return a + b ? quantity_of((double)a / (double)(a + b)) : quantity_missing(why); }
static quantity sensitivity(const presence *p) { return share(p->both, p->only_truth, "no truth has the class"); }
static quantity specificity(const presence *p) { return share(p->neither, p->only_pred, "every truth has the class"); }

table *score_presence_table(const score *s)
{
    table *t = table_new("Is the class found where it is, and only there? (image by image)");
    static const char *const counts[] = { "found", "missed", "invented", "rightly absent" };
    table_column(t, "class", "", COLUMN_TEXT, 0);
    for (int i = 0; i < 4; i++) table_column(t, counts[i], "", COLUMN_COUNT, 0);
    table_column(t, "sensitivity", "", COLUMN_NUMBER, 3);
    table_column(t, "specificity", "", COLUMN_NUMBER, 3);
    for (int k = 0; k < s->nclasses; k++) {
        const presence *p = &s->classes[k].seen;
        table_text(t, s->classes[k].name);
        table_count(t, p->both), table_count(t, p->only_truth), table_count(t, p->only_pred), table_count(t, p->neither);
        table_quantity(t, sensitivity(p)), table_quantity(t, specificity(p));
    }
    return t;
}

/* key: number, or key: null and key_why: reason. */
static void set_quantity(json_t *o, const char *key, quantity q)
{
    json_object_set_new(o, key, q.why ? json_null() : json_real(q.value));
    if (!q.why) return;
    char *why = xprintf("%s_why", key);
    json_object_set_new(o, why, json_string(q.why));
    free(why);
}

/* Text from outside may hold bytes that are no UTF-8, which JSON cannot: those bytes are replaced as in the tables. */
static json_t *outside_text(const char *s)
{
    char *clean = utf8_clean(s);
    json_t *j = json_string(clean);
    free(clean);
    return j;
}

static json_t *summary_json(const summary *m)
{
    json_t *o = json_object(), *ci = m->lo.why ? json_null() : json_pack("[f,f]", m->lo.value, m->hi.value);
    set_quantity(o, "mean", m->mean), set_quantity(o, "sd", m->sd);
    json_object_set_new(o, "ci", ci);
    if (m->lo.why) json_object_set_new(o, "ci_why", json_string(m->lo.why));
    json_object_set_new(o, "n", json_integer(m->n));
    const struct { const char *key; quantity q; } rest[] = { { "min", m->least }, { "p5", m->p5 }, { "p25", m->p25 }, { "median", m->median },
                                                             { "p75", m->p75 }, { "p95", m->p95 }, { "max", m->most } };
    for (size_t i = 0; i < sizeof rest / sizeof *rest; i++) set_quantity(o, rest[i].key, rest[i].q);
    return o;
}

static void set_summaries(json_t *o, const summary *of)
{
    for (int i = 0; i < METRICS; i++) json_object_set_new(o, metric_table[i].name, summary_json(&of[i]));
}

static json_t *class_json(const score_class *c)
{
    json_t *o = json_object(), *seen = json_object();
    json_object_set_new(o, "value", json_integer(c->value));
    json_object_set_new(o, "name", outside_text(c->name));
    json_object_set_new(o, "n", json_integer(c->of[METRIC_DSC].n));
    set_summaries(o, c->of);
    const struct { const char *key; int64_t n; } counts[] = { { "found", c->seen.both }, { "missed", c->seen.only_truth },
                                                              { "invented", c->seen.only_pred }, { "rightly_absent", c->seen.neither } };
    for (int i = 0; i < 4; i++) json_object_set_new(seen, counts[i].key, json_integer(counts[i].n));
    set_quantity(seen, "sensitivity", sensitivity(&c->seen)), set_quantity(seen, "specificity", specificity(&c->seen));
    json_object_set_new(o, "presence", seen);
    return o;
}

static json_t *case_json(const score *s, const score_case *c)
{
    json_t *o = json_object(), *list = json_array();
    json_object_set_new(o, "case", outside_text(c->id));
    json_object_set_new(o, "patient", *s->patient[c->patient] ? outside_text(s->patient[c->patient]) : json_null());
    if (!*s->patient[c->patient]) json_object_set_new(o, "patient_why", json_string("not known"));
    set_quantity(o, "DSC", c->dsc);
    for (int k = 0; k < s->nclasses; k++) {
        json_t *one = json_object();
        json_object_set_new(one, "value", json_integer(s->classes[k].value));
        json_object_set_new(one, "name", outside_text(s->classes[k].name));
        for (int i = 0; i < METRICS; i++) set_quantity(one, metric_table[i].name, c->class[k].of[i]);
        json_array_append_new(list, one);
    }
    json_object_set_new(o, "classes", list);
    return o;
}

json_t *score_json(const score *s)
{
    assert(s->worst);
    const score_options *o = &s->options;
    json_t *all = json_object(), *classes = json_array(), *cases = json_array(), *worst = json_array(), *overall = json_object();
    json_object_set_new(all, "units", json_string(o->in_mm ? "mm" : "px"));
    if (o->units_why) json_object_set_new(all, "units_why", outside_text(o->units_why));
    json_object_set_new(all, "tau", json_real(o->tau));
    json_object_set_new(all, "draws", json_integer(o->draws));
    json_object_set_new(all, "seed", json_integer(o->seed));
    json_object_set_new(all, "patients", json_integer(s->npatients));
    json_object_set_new(all, "cases_without_patient", json_integer(s->unknown_patients));
    json_object_set_new(all, "excluded", json_integer(o->excluded));
    json_object_set_new(all, "exchangeable", twins_json(s));
    json_object_set_new(all, "renamed", json_integer(s->renamed));
    for (int k = 0; k < s->nclasses; k++) json_array_append_new(classes, class_json(&s->classes[k]));
    for (int64_t i = 0; i < s->ncases; i++) json_array_append_new(cases, case_json(s, &s->cases[i]));
    for (int64_t i = 0; i < s->ncases && i < 5; i++) {
        const score_case *c = &s->cases[s->worst[i]];
        json_t *one = json_object();
        json_object_set_new(one, "case", outside_text(c->id));
        set_quantity(one, "DSC", c->dsc);
        json_array_append_new(worst, one);
    }
    set_summaries(overall, s->overall);
    json_object_set_new(all, "classes", classes);
    json_object_set_new(all, "overall", overall);
    json_object_set_new(all, "worst", worst);
    json_object_set_new(all, "cases", cases);
    json_object_set_new(all, "parameters", json_array());
    return all;
}
