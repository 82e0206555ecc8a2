/* compare.c - see compare.h. Films and patients are numbered by dictionaries, for which jansson's objects serve. */
#include "eval/compare.h"
#include "base/die.h"
#include "datasets/json_file.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One row, film by film; NAN: no value. */
typedef struct columns { int64_t n; double *a, *b, *ref; int64_t *patient; } columns;

typedef struct source { const json_t *o, *cases, *values; const char *name; } source;

static source source_of(const json_t *o, const char *name)
{
    source s = { o, json_object_get(o, "cases"), json_object_get(o, "values"), name };
    if (!json_is_array(json_object_get(o, "classes")) || !json_is_array(s.cases) || !json_is_array(json_object_get(o, "parameters")))
        die("%s: no classes, cases and parameters in it, wanted what `eval --json` prints", name);
    return s;
}

static const char *text_of(const json_t *o, const char *key)
{
    const char *text = json_string_value(json_object_get(o, key));
    return text ? text : "";
}

static double real_of(const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);
    return json_is_number(v) ? json_number_value(v) : NAN;
}

static int64_t number_in(json_t *dictionary, const char *name)
{
    const json_t *v = json_object_get(dictionary, name);
    return v ? json_integer_value(v) : -1;
}

static int64_t number_for(json_t *dictionary, const char *name)
{
    if (number_in(dictionary, name) < 0) json_object_set_new(dictionary, name, json_integer((json_int_t)json_object_size(dictionary)));
    return number_in(dictionary, name);
}

/* {film: its patient's name, "" unknown}, whichever list has it. */
static json_t *films_of(const source *s)
{
    json_t *films = json_object();
    for (int list = 0; list < 2; list++) {
        const json_t *rows = list ? s->values : s->cases;
        for (size_t i = 0; i < json_array_size(rows); i++) {
            const json_t *r = json_array_get(rows, i);
            if (!*text_of(r, "case")) die("%s: a row without the name of its case, wanted what `eval --json` prints", s->name);
            if (!json_object_get(films, text_of(r, "case")))
                json_object_set_new(films, text_of(r, "case"), json_string(text_of(r, "patient")));
        }
    }
    if (!json_object_size(films)) die("%s: no film in it", s->name);
    return films;
}

/* {film: its number}; patients to patient. Dies where a film is in one source alone. */
static json_t *number_films(const source *a, const source *b, int64_t **patient, int64_t *patients)
{
    json_t *in_a = films_of(a), *in_b = films_of(b), *number = json_object(), *who = json_object(), *name;
    const char *film;
    json_object_foreach(in_b, film, name)
        if (!json_object_get(in_a, film)) die("%s: has the film %s, and %s has not: wanted the same films in both", b->name, film, a->name);
    *patient = xalloc_n(json_object_size(in_a), sizeof **patient);
    json_object_foreach(in_a, film, name) {
        if (!json_object_get(in_b, film)) die("%s: has the film %s, and %s has not: wanted the same films in both", a->name, film, b->name);
        const char *known = json_string_value(name);
        char *own = *known ? xprintf("p%s", known) : xprintf("f%s", film);           /* a film without a patient is one of its own */
        (*patient)[number_for(number, film)] = number_for(who, own);
        free(own);
    }
    *patients = (int64_t)json_object_size(who);
    json_decref(in_a), json_decref(in_b), json_decref(who);
    return number;
}

/* The member of a list whose name is this; NULL: none. */
static const json_t *named(const json_t *list, const char *name)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (!strcmp(text_of(json_array_get(list, i), "name"), name)) return json_array_get(list, i);
    return NULL;
}

static void clear(columns *c)
{
    for (int64_t i = 0; i < c->n; i++) c->a[i] = c->b[i] = c->ref[i] = NAN;
}

/* Overlaps are distances from 0, so that compare_methods compares them too. Where neither has a value the class is not there. */
static void class_column(const source *s, const json_t *films, const char *name, double *out, double *ref)
{
    for (size_t i = 0; i < json_array_size(s->cases); i++) {
        const json_t *r = json_array_get(s->cases, i);
        const int64_t at = number_in((json_t *)films, text_of(r, "case"));
        out[at] = real_of(named(json_object_get(r, "classes"), name), "DSC");
        if (!isnan(out[at])) ref[at] = 0;
    }
}

static void parameter_column(const source *s, const source *first, const json_t *films, const char *name, double *out, double *ref)
{
    for (size_t i = 0; i < json_array_size(s->values); i++) {
        const json_t *r = json_array_get(s->values, i);
        if (strcmp(text_of(r, "name"), name)) continue;
        const int64_t at = number_in((json_t *)films, text_of(r, "case"));
        double truth = real_of(r, "reference");
        if (json_object_get(r, "second_reader")) truth = 0.5 * (truth + real_of(r, "second_reader"));
        if (s != first && fabs(truth - ref[at]) > 1e-6 * (1 + fabs(truth)))
            die("%s: the reference of %s in %s is %g, in %s it is %g: wanted the same truth in both", s->name, name, text_of(r, "case"),
                truth, first->name, ref[at]);
        out[at] = real_of(r, "prediction"), ref[at] = truth;
    }
}

static compared_row row_of(const columns *c, const char *name, const char *unit, int64_t draws, uint64_t seed)
{
    compared_row r = { .name = xdup(name), .unit = xdup(unit), .of = compare_methods(c->a, c->b, c->ref, c->patient, c->n, draws, seed) };
    const wilcoxon *t = &r.of.test;
    const double sum = t->w_plus + t->w_minus;
    r.effect = sum > 0 ? quantity_of((t->w_plus - t->w_minus) / sum) : quantity_missing("no patient differs");
    return r;
}

static void correct(compared_row *row, int n)
{
    double *p = xalloc_n((size_t)n + 1, sizeof *p);
    int k = 0;
    for (int i = 0; i < n; i++) if (!row[i].of.test.p.why) p[k++] = row[i].of.test.p.value;
    holm_adjust(p, k, p);
    for (int i = k = 0; i < n; i++) row[i].holm = row[i].of.test.p.why ? row[i].of.test.p : quantity_of(p[k++]);
    free(p);
}

static void leave_out(comparison *c, const char *name)
{
    char *more = xprintf("%s%s%s", c->left_out, *c->left_out ? ", " : "", name);
    free(c->left_out), c->left_out = more;
}

/* All rows of one list, `classes` or `parameters`. */
static int compare_list(comparison *c, const source *a, const source *b, const char *list, columns *col, const json_t *films, uint64_t seed,
                        compared_row **out)
{
    const json_t *in_a = json_object_get(a->o, list), *in_b = json_object_get(b->o, list);
    const int maps = !strcmp(list, "classes");
    int n = 0;
    *out = xalloc_n(json_array_size(in_a) + 1, sizeof **out);
    for (size_t i = 0; i < json_array_size(in_b); i++)
        if (!named(in_a, text_of(json_array_get(in_b, i), "name"))) leave_out(c, text_of(json_array_get(in_b, i), "name"));
    for (size_t i = 0; i < json_array_size(in_a); i++) {
        const char *name = text_of(json_array_get(in_a, i), "name"), *unit = text_of(json_array_get(in_a, i), "unit");
        if (!named(in_b, name)) {
            leave_out(c, name);
            continue;
        }
        clear(col);
        if (maps) class_column(a, films, name, col->a, col->ref), class_column(b, films, name, col->b, col->ref);
        else parameter_column(a, a, films, name, col->a, col->ref), parameter_column(b, a, films, name, col->b, col->ref);
        (*out)[n++] = row_of(col, name, maps ? "" : unit, c->draws, seed);
    }
    correct(*out, n);
    return n;
}

comparison comparison_of(const json_t *a, const char *name_a, const json_t *b, const char *name_b, int64_t draws, uint64_t seed)
{
    const source x = source_of(a, name_a), y = source_of(b, name_b);
    comparison c = { .a = xdup(name_a), .b = xdup(name_b), .draws = draws, .left_out = xdup("") };
    columns col = { 0 };
    json_t *films = number_films(&x, &y, &col.patient, &c.patients);
    c.films = col.n = (int64_t)json_object_size(films);
    double *room = xalloc_n((size_t)(3 * col.n), sizeof *room);
    col.a = room, col.b = room + col.n, col.ref = room + 2 * col.n;
    c.nclasses = compare_list(&c, &x, &y, "classes", &col, films, seed, &c.class);
    c.nparameters = compare_list(&c, &x, &y, "parameters", &col, films, seed, &c.parameter);
    json_decref(films), free(room), free(col.patient);
    return c;
}

void comparison_free(comparison *c)
{
    for (int i = 0; i < c->nclasses; i++) free(c->class[i].name), free(c->class[i].unit);
    for (int i = 0; i < c->nparameters; i++) free(c->parameter[i].name), free(c->parameter[i].unit);
    free(c->class), free(c->parameter), free(c->a), free(c->b), free(c->left_out), *c = (comparison){ 0 };
}

/* ---- what is said -------------------------------------------------------------------------------------------------------------------- */

static void add_rows(table *t, const compared_row *row, int n, int failures)
{
    for (int i = 0; i < n; i++) {
        const compared *c = &row[i].of;
        table_text(t, row[i].name);
        if (failures) table_text(t, row[i].unit), table_count(t, c->films), table_count(t, c->failed_a), table_count(t, c->failed_b);
        table_count(t, c->n);
        table_quantity(t, c->mae_a), table_quantity(t, c->mae_b), table_quantity(t, c->difference.value);
        if (c->difference.lo.why) table_missing(t, c->difference.lo.why);
        else table_numbers(t, c->difference.lo.value, c->difference.hi.value);
        table_quantity(t, c->test.p), table_quantity(t, row[i].holm), table_quantity(t, row[i].effect);
    }
}

static table *begin(const comparison *c, const char *title, const char *of, int failures, int decimals)
{
    table *t = table_new(title);
    char *a = xprintf("%s a", of), *b = xprintf("%s b", of), *names = xprintf("a: %s, b: %s", c->a, c->b);
    table_column(t, failures ? "parameter" : "class", "", COLUMN_TEXT, 0);
    if (failures) {
        table_column(t, "unit", "", COLUMN_TEXT, 0), table_column(t, "films", "", COLUMN_COUNT, 0);
        table_column(t, "failed a", "", COLUMN_COUNT, 0), table_column(t, "failed b", "", COLUMN_COUNT, 0);
    }
    table_column(t, "both", "", COLUMN_COUNT, 0), table_column(t, a, "", COLUMN_NUMBER, decimals);
    table_column(t, b, "", COLUMN_NUMBER, decimals), table_column(t, "a - b", "", COLUMN_NUMBER, decimals);
    table_column(t, "95 % CI", "", COLUMN_RANGE, decimals), table_column(t, "p", "", COLUMN_NUMBER, 4);
    table_column(t, "p Holm", "", COLUMN_NUMBER, 4), table_column(t, "effect", "", COLUMN_NUMBER, 2);
    table_note(t, names);
    free(a), free(b), free(names);
    return t;
}

table *comparison_class_table(const comparison *c)
{
    if (!c->nclasses) return NULL;
    table *t = begin(c, "Overlap of two methods (DSC), on the images where both have a value", "DSC", 0, 3);
    add_rows(t, c->class, c->nclasses, 0);
    table_note(t, "CI: BCa bootstrap over patients; p: Wilcoxon on patients' means; effect: (W+ - W-) / (W+ + W-), above 0 for a");
    return t;
}

table *comparison_parameter_table(const comparison *c)
{
    if (!c->nparameters) return NULL;
    table *t = begin(c, "Absolute errors of two methods at common coverage: the films that both have measured", "MAE", 1, 2);
    add_rows(t, c->parameter, c->nparameters, 1);
    table_note(t, "CI: BCa bootstrap over patients; p: Wilcoxon on patients' means; effect: (W+ - W-) / (W+ + W-), below 0 for a");
    return t;
}

static void set(json_t *o, const char *key, quantity q)
{
    char *why = xprintf("%s_why", key);
    json_object_set_new(o, key, q.why ? json_null() : json_real(q.value));
    if (q.why) json_object_set_new(o, why, json_string(q.why));
    free(why);
}

static json_t *rows_json(const compared_row *row, int n, const char *figure)
{
    json_t *list = json_array();
    for (int i = 0; i < n; i++) {
        const compared *c = &row[i].of;
        const bounded *d = &c->difference;
        char *a = xprintf("%s_a", figure), *b = xprintf("%s_b", figure);
        json_t *o = json_pack("{s:s, s:s, s:I, s:I, s:I, s:I}", "name", row[i].name, "unit", row[i].unit, "films", (json_int_t)c->films,
                              "n", (json_int_t)c->n, "failed_a", (json_int_t)c->failed_a, "failed_b", (json_int_t)c->failed_b);
        if (!o) die_machine("out of memory");
        set(o, a, c->mae_a), set(o, b, c->mae_b), set(o, "difference", d->value);
        json_object_set_new(o, "ci", d->lo.why ? json_null() : json_pack("[f,f]", d->lo.value, d->hi.value));
        if (d->lo.why) json_object_set_new(o, "ci_why", json_string(d->lo.why));
        set(o, "p", c->test.p), set(o, "p_holm", row[i].holm), set(o, "effect", row[i].effect);
        json_object_set_new(o, "exact", json_boolean(c->test.exact));
        json_array_append_new(list, o);
        free(a), free(b);
    }
    return list;
}

json_t *comparison_json(const comparison *c)
{
    json_t *classes = rows_json(c->class, c->nclasses, "DSC"), *parameters = rows_json(c->parameter, c->nparameters, "MAE");
    json_t *o = json_pack("{s:o, s:o, s:s, s:I, s:I, s:I, s:o, s:o, s:s}", "a", json_clean(c->a), "b", json_clean(c->b),
                          "sign", "a - b", "films", (json_int_t)c->films, "patients", (json_int_t)c->patients, "draws",
                          (json_int_t)c->draws, "classes", classes, "parameters", parameters, "left_out", c->left_out);
    if (!o) die_machine("out of memory");
    return o;
}
