/* scored.c - see scored.h. Every table is a row of `tables`: its name as a file, whether it is printed, and how it is made; every one is
 * written in every form. A folder of before may hold tables that this evaluation has not: they are removed, so that what lies there is of
 * one evaluation. */
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

/* NULL: this evaluation has none. */
static table *of_overlap(const scored *r) { return r->s ? score_class_table(r->s) : NULL; }
static table *of_borders(const scored *r) { return r->s ? score_border_table(r->s) : NULL; }
static table *of_presences(const scored *r) { return r->s ? score_presence_table(r->s) : NULL; }
static table *of_worst(const scored *r) { return r->s ? score_case_table(r->s, WORST, METRICS_REPORTED) : NULL; }
static table *of_cases(const scored *r) { return r->s ? score_case_table(r->s, 0, METRICS_REPORTED) : NULL; }
static table *of_errors(const scored *r) { return r->p ? parameters_error_table(r->p) : NULL; }
static table *of_bias(const scored *r) { return r->p ? parameters_bias_table(r->p) : NULL; }
static table *of_reliability(const scored *r) { return r->p ? parameters_agreement_table(r->p) : NULL; }
static table *of_classifications(const scored *r) { return r->p ? parameters_class_table(r->p) : NULL; }
static table *of_readers(const scored *r) { return r->p && r->p->readers == 2 ? parameters_reader_table(r->p) : NULL; }
static table *of_values(const scored *r) { return r->p ? parameters_film_table(r->pred, r->ref, r->second) : NULL; }
static table *of_precision(const scored *r) { return r->i ? instance_ap_table(r->i) : NULL; }
static table *of_panoptic(const scored *r) { return r->i ? instance_class_table(r->i) : NULL; }
static table *of_detection(const scored *r) { return r->i ? instance_detection_table(r->i) : NULL; }
static table *of_named(const scored *r) { return r->l ? levels_table(r->l, r->draws, r->seed) : NULL; }

static const struct { const char *stem; int printed; table *(*make)(const scored *); } tables[] = {       /* stem NULL: no file */
    { "table", 1, of_overlap }, { "borders", 1, of_borders }, { NULL, 1, of_worst }, { "cases", 0, of_cases }, { "presence", 0, of_presences },
    { "parameters", 1, of_errors }, { "bias", 0, of_bias }, { "reliability", 1, of_reliability }, { "classifications", 1, of_classifications },
    { "readers", 1, of_readers }, { "values", 0, of_values }, { "instances", 1, of_precision }, { "panoptic", 1, of_panoptic },
    { "detection", 1, of_detection }, { "levels", 1, of_named },
};
enum { TABLES = sizeof tables / sizeof *tables };
static const char *const pictures[] = { "dsc.svg", "dsc.png" };

static char *table_path(const char *folder, const char *stem, enum table_form form)
{
    char *name = xprintf("%s.%s", stem, table_suffix[form]), *path = path_join(folder, name);
    free(name);
    return path;
}

char **scored_products(const char *folder, int *n)
{
    char **path = xalloc_n(TABLES * TABLE_FORMS + 3, sizeof *path);
    *n = 0;
    for (int i = 0; i < TABLES; i++)
        for (enum table_form form = 0; form < TABLE_FORMS && tables[i].stem; form++) path[(*n)++] = table_path(folder, tables[i].stem, form);
    for (int i = 0; i < 2; i++) path[(*n)++] = path_join(folder, pictures[i]);
    path[(*n)++] = path_join(folder, "eval.json");
    return path;
}

/* All that one may want of a film stands in the CSV alone: other forms would be too wide. */
static void write_cases(const scored *r, const char *path)
{
    table *t = score_case_table(r->s, 0, METRICS);
    FILE *out = file_begin(path);
    table_write(t, out, TABLE_CSV);
    file_commit(out, path), table_free(t);
}

static void write_table(const scored *r, int i, const char *folder)
{
    table *t = tables[i].make(r);
    for (enum table_form form = 0; form < TABLE_FORMS; form++) {
        char *path = table_path(folder, tables[i].stem, form);
        if (!t) remove(path);
        else if (form == TABLE_CSV && tables[i].make == of_cases) write_cases(r, path);
        else {
            FILE *out = file_begin(path);
            table_write(t, out, form);
            file_commit(out, path);
        }
        free(path);
    }
    if (t) table_free(t);
}

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
    for (int i = 0; i < 2; i++) {
        char *path = path_join(folder, pictures[i]);
        plot_strips(path, "DSC by class", "DSC", g, s->nclasses, 0, 1);
        free(path);
    }
    free(g), free(x);
}

void scored_write(const scored *r, const char *folder)
{
    file_make_folders(folder);
    for (int i = 0; i < TABLES; i++) if (tables[i].stem) write_table(r, i, folder);
    for (int i = 0; i < 2 && !r->s; i++) {
        char *path = path_join(folder, pictures[i]);
        remove(path), free(path);
    }
    if (r->s) plot(r->s, folder);
    json_t *o = scored_json(r);
    char *path = path_join(folder, "eval.json");
    object_write(o, path);
    json_decref(o), free(path);
}

void scored_print(const scored *r)
{
    for (int i = 0, any = 0; i < TABLES; i++) {
        table *t = tables[i].printed ? tables[i].make(r) : NULL;
        if (!t) continue;
        if (any++) putchar('\n');
        table_write(t, stdout, TABLE_PLAIN);
        table_free(t);
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

static json_t *doubts_json(const doubts *d)
{
    json_t *list = json_array();
    for (int i = 0; d && i < d->n; i++) object_append(list, object_text(d->line[i]));
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
        json_object_set_new(o, "doubts", doubts_json(r->odd));
    } else json_object_set_new(o, "parameters_why", json_string(r->why));
    set_part(o, "instances", r->i ? instance_json(r->i) : NULL, r->no_instances);
    set_part(o, "levels", r->l ? levels_json(r->l, r->draws, r->seed) : NULL, r->l ? "no film has a true level" : "nothing of a spine was measured");
    json_object_set(o, "provenance", r->provenance);
    return o;
}
