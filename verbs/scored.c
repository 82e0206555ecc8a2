/* scored.c - see scored.h. Every table is a row of `tables`: which file it goes into, in which forms, and how it is made. */
#include "verbs/scored.h"
#include "base/die.h"
#include "base/file.h"
#include "eval/plots.h"
#include "verbs/object.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORST = 5 };

const char *const scored_products[] = { "table.txt", "table.md", "table.csv", "table.tex", "borders.txt", "borders.md", "borders.csv",
    "borders.tex", "cases.csv",
    "presence.csv", "parameters.txt", "parameters.md", "parameters.csv", "parameters.tex", "bias.txt", "bias.md", "bias.csv", "bias.tex",
        "reliability.txt",
    "reliability.md", "reliability.csv", "reliability.tex", "classifications.txt", "classifications.md", "classifications.csv",
    "classifications.tex", "readers.txt", "readers.md", "readers.csv", "readers.tex", "values.csv", "instances.txt", "instances.md",
    "instances.csv", "instances.tex", "panoptic.txt", "panoptic.md", "panoptic.csv", "panoptic.tex", "detection.txt", "detection.md",
    "detection.csv", "detection.tex", "levels.txt", "levels.md", "levels.csv", "levels.tex", "eval.json", "dsc.svg", "dsc.png", NULL };

static void write_form(const table *t, const char *folder, const char *stem, enum table_form form)
{
    char *name = xprintf("%s.%s", stem, table_suffix[form]), *path = path_join(folder, name);
    FILE *out = file_begin(path);
    table_write(t, out, form);
    file_commit(out, path);
    free(path), free(name);
}

static void write_all(table *t, const char *folder, const char *stem)
{
    for (enum table_form form = 0; form < TABLE_FORMS; form++) write_form(t, folder, stem, form);
    table_free(t);
}

static void write_csv(table *t, const char *folder, const char *stem) { write_form(t, folder, stem, TABLE_CSV), table_free(t); }

/* The DSC of every image, a row a class, as dsc.svg and dsc.png. */
static void plot(const score *s, const char *folder)
{
    plot_group *g = xalloc_n((size_t)s->nclasses, sizeof *g);
    double *x = xalloc_n((size_t)s->nclasses * (size_t)s->ncases, sizeof *x);
    for (int k = 0; k < s->nclasses; k++) {
        double *row = x + (int64_t)k * s->ncases;
        for (int64_t i = 0; i < s->ncases; i++) {
            const quantity q = s->cases[i].class[k].of[METRIC_DSC];
            row[i] = q.why ? NAN : q.value;
        }
        g[k] = (plot_group){ s->classes[k].name, row, s->ncases };
    }
    static const char *const files[] = { "dsc.svg", "dsc.png" };
    for (int i = 0; i < 2; i++) {
        char *path = path_join(folder, files[i]);
        plot_strips(path, "DSC by class", "DSC", g, s->nclasses, 0, 1);
        free(path);
    }
    free(g), free(x);
}

void scored_write(const scored *r, const char *folder)
{
    file_make_folders(folder);
    if (r->s) {
        write_all(score_class_table(r->s), folder, "table"), write_all(score_border_table(r->s), folder, "borders");
        write_csv(score_case_table(r->s, 0), folder, "cases"), write_csv(score_presence_table(r->s), folder, "presence");
        plot(r->s, folder);
    }
    if (r->p) {
        write_all(parameters_error_table(r->p), folder, "parameters"), write_all(parameters_bias_table(r->p), folder, "bias");
        write_all(parameters_agreement_table(r->p), folder, "reliability");
        table *classes = parameters_class_table(r->p);
        if (classes) write_all(classes, folder, "classifications");
        if (r->p->readers == 2) write_all(parameters_reader_table(r->p), folder, "readers");
        write_csv(parameters_film_table(r->pred, r->ref, r->second), folder, "values");
    }
    if (r->i) {
        write_all(instance_ap_table(r->i), folder, "instances"), write_all(instance_class_table(r->i), folder, "panoptic");
        write_all(instance_detection_table(r->i), folder, "detection");
    }
    table *named = r->l ? levels_table(r->l, r->draws, r->seed) : NULL;
    if (named) write_all(named, folder, "levels");
    json_t *o = scored_json(r);
    char *path = path_join(folder, "eval.json");
    object_write(o, path);
    json_decref(o), free(path);
}

void scored_print(const scored *r)
{
    table *t[12];
    int n = 0;
    if (r->s) t[n++] = score_class_table(r->s), t[n++] = score_border_table(r->s), t[n++] = score_case_table(r->s, WORST);
    if (r->p) t[n++] = parameters_error_table(r->p), t[n++] = parameters_agreement_table(r->p), t[n++] = parameters_class_table(r->p);
    if (r->p && r->p->readers == 2) t[n++] = parameters_reader_table(r->p);
    if (r->i) t[n++] = instance_ap_table(r->i), t[n++] = instance_class_table(r->i), t[n++] = instance_detection_table(r->i);
    if (r->l) t[n++] = levels_table(r->l, r->draws, r->seed);
    for (int i = 0; i < n; i++) {
        if (!t[i]) continue;
        if (i) putchar('\n');
        table_write(t[i], stdout, TABLE_PLAIN);
        table_free(t[i]);
    }
}

static void set_value(json_t *o, const char *key, double x)
{
    json_object_set_new(o, key, object_real(x));
    if (!isnan(x)) return;
    char *why = xprintf("%s_why", key);
    json_object_set_new(o, why, json_string("no value")), free(why);
}

/* [{case, name, unit, prediction, reference, (second_reader,) error}]: every parameter of every film that has a reference. */
static json_t *values_json(const scored *r)
{
    json_t *list = json_array();
    int64_t *order, *other = NULL;
    readings_match(r->pred, r->ref, &order);
    if (r->second) readings_match(r->pred, r->second, &other);
    for (int64_t i = 0; i < r->pred->n; i++)
        for (int k = 0; k < r->pred->nparameters; k++) {
            double p = r->pred->r[i].value[k], a = r->ref->r[order[i]].value[k], b = r->second ? r->second->r[other[i]].value[k] : a;
            if (isnan(a)) continue;
            json_t *o = json_pack("{s:o, s:s, s:s}", "case", object_text(r->pred->r[i].id), "name", readings_name(k), "unit",
                readings_unit(k));
            const char *patient = *r->ref->r[order[i]].patient ? r->ref->r[order[i]].patient : r->pred->r[i].patient;
            if (*patient) json_object_set_new(o, "patient", object_text(patient));
            set_value(o, "prediction", p), set_value(o, "reference", a);
            if (r->second) set_value(o, "second_reader", b);
            set_value(o, "error", p - 0.5 * (a + b));
            object_append(list, o);
        }
    free(order), free(other);
    return list;
}

static void set_part(json_t *o, const char *key, json_t *part, const char *why)
{
    json_object_set_new(o, key, part ? part : json_null());
    if (part) return;
    char *name = xprintf("%s_why", key);
    json_object_set_new(o, name, object_text(why)), free(name);
}

json_t *scored_json(const scored *r)
{
    json_t *o = r->s ? score_json(r->s) : json_pack("{s:s, s:[], s:[]}", "units", "mm", "classes", "cases");
    if (!o) die_machine("out of memory");
    json_object_set_new(o, "parameters", r->p ? parameters_json(r->p) : json_array());
    if (r->p) {
        json_object_set_new(o, "classifications", parameters_class_json(r->p));
        json_object_set_new(o, "values", values_json(r));
        json_object_set_new(o, "not_compared", json_string(r->p->left_out));
    } else json_object_set_new(o, "parameters_why", json_string(r->why));
    set_part(o, "instances", r->i ? instance_json(r->i) : NULL, r->no_instances);
    set_part(o, "levels", r->l ? levels_json(r->l, r->draws, r->seed) : NULL, r->l ? "no film has a true level" : "nothing of a spine was measured");
    json_object_set(o, "provenance", r->provenance);
    return o;
}
