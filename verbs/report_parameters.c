/* report_parameters.c - parameters of the spine in an HTML report, from the `parameters` and `values` of eval.json; see report.h. A film counts
 * where the reference has a value; where the prediction then has none it is a failure, and stays in the denominator of every share. */
#include "verbs/report.h"
#include "base/die.h"
#include "eval/html.h"
#include "eval/html_plots.h"
#include "eval/table.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN = 12, TOGETHER = 6, PARAMETERS = 256 };        /* agreement plots; curves in one figure of shares; parameters at most */

static const char *text_of(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    return s ? s : "";
}

static double number_of(const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);
    return json_is_number(v) ? json_number_value(v) : NAN;
}

static const char *sign_of(const char *unit) { return !strcmp(unit, "deg") ? "°" : !strcmp(unit, "percent") ? "%" : unit; }

/* ---- tables -------------------------------------------------------------------------------------------------------------------------- */

/* A cell of a parameter: a number, or the two ends under a key. kind NUMBER, COUNT, RANGE; SPREAD: key and other. */
typedef struct column { const char *name, *key, *other; enum column_kind kind; int decimals; } column;

static const column errors[] = { { "films", "films", NULL, COLUMN_COUNT, 0 }, { "failed", "failed", NULL, COLUMN_COUNT, 0 },
    { "MAE", "MAE", "SD", COLUMN_SPREAD, 2 }, { "95 % CI", "MAE_ci", NULL, COLUMN_RANGE, 2 }, { "median", "median", NULL, COLUMN_NUMBER,
        2 },
    { "P90", "P90", NULL, COLUMN_NUMBER, 2 }, { "worst", "max", NULL, COLUMN_NUMBER, 2 }, { "bias", "bias", NULL, COLUMN_NUMBER, 2 },
    { "within 3", "within3_of_all", NULL, COLUMN_NUMBER, 2 }, { "within 5", "within5_of_all", NULL, COLUMN_NUMBER, 2 }, { 0 } };
static const column agreement[] = { { "n", "n", NULL, COLUMN_COUNT, 0 }, { "limits of agreement", "loa", NULL, COLUMN_RANGE, 2 },
    { "ICC(2,1)", "ICC(2,1)", NULL, COLUMN_NUMBER, 3 }, { "95 % CI", "ICC(2,1)_ci", NULL, COLUMN_RANGE, 3 }, { "CCC", "CCC", NULL,
        COLUMN_NUMBER, 3 },
    { "SEM", "SEM", NULL, COLUMN_NUMBER, 2 }, { "MDC95", "MDC95", NULL, COLUMN_NUMBER, 2 }, { 0 } };

static const column published[] = { { "published", "published", NULL, COLUMN_NUMBER, 2 }, { 0 } }, none[] = { { 0 } };
static const column readers[] = { { "films", "n", NULL, COLUMN_COUNT, 0 },
    { "prediction - reader 1", "prediction_reader1", NULL, COLUMN_NUMBER, 2 },
    { "prediction - reader 2", "prediction_reader2", NULL, COLUMN_NUMBER, 2 }, { "reader 1 - reader 2", "reader1_reader2", NULL, COLUMN_NUMBER, 2 },
    { "excess", "excess", NULL, COLUMN_NUMBER, 2 }, { "95 % CI", "excess_ci", NULL, COLUMN_RANGE, 2 }, { 0 } };

static void cell(table *t, const json_t *row, const column *c)
{
    char *key = xprintf("%s_why", c->key), *other = xprintf("%s_why", c->other ? c->other : c->key);
    const char *why = *text_of(row, key) ? text_of(row, key) : *text_of(row, other) ? text_of(row, other) : "not in the file";
    const json_t *v = json_object_get(row, c->key), *lo = json_array_get(v, 0), *hi = json_array_get(v, 1);
    const double a = number_of(row, c->key), b = c->other ? number_of(row, c->other) : 0;
    if (c->kind == COLUMN_RANGE && json_is_number(lo) && json_is_number(hi)) table_numbers(t, json_number_value(lo), json_number_value(hi));
    else if (c->kind == COLUMN_COUNT && json_is_integer(v)) table_count(t, json_integer_value(v));
    else if (c->kind == COLUMN_SPREAD && isfinite(a) && isfinite(b)) table_numbers(t, a, b);
    else if (c->kind == COLUMN_NUMBER && isfinite(a)) table_number(t, a);
    else table_missing(t, why);
    free(key), free(other);
}

/* c, and more behind it, of every row or of the object that it holds under `inside`. text: printed there, too, or NULL. */
static void write_table(FILE *f, FILE *text, const json_t *rows, const char *title, const column *c, const column *more, const char *inside)
{
    table *t = table_new(title);
    table_column(t, "parameter", "", COLUMN_TEXT, 0), table_column(t, "unit", "", COLUMN_TEXT, 0);
    for (const column *k = c; k->name; k++) table_column(t, k->name, "", k->kind, k->decimals);
    for (const column *k = more; k->name; k++) table_column(t, k->name, "", k->kind, k->decimals);
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *row = json_array_get(rows, i), *from = inside ? json_object_get(row, inside) : row;
        table_text(t, text_of(row, "name")), table_text(t, sign_of(text_of(row, "unit")));
        for (const column *k = c; k->name; k++) cell(t, from, k);
        for (const column *k = more; k->name; k++) cell(t, from, k);
    }
    if (c == readers) table_note(t, "mean absolute differences; excess: mean squared difference from the readers less that between them, below 0: "
                                    "closer than readers are");
    if (more == published) table_note(t, "published: other films and other readers, beside ours without a verdict");
    table_html(t, f);
    if (text) table_write(t, text, TABLE_PLAIN);
    table_free(t);
}

/* ---- pairs --------------------------------------------------------------------------------------------------------------------------- */

/* One parameter on the films whose reference has a value (all); on n of these the prediction has one too. */
typedef struct paired { const char *name, *unit; int64_t n, all; double *a, *b, *e; } paired;

static paired *pair_of(paired *r, int *n, const json_t *v, size_t room)
{
    for (int i = 0; i < *n; i++) if (!strcmp(r[i].name, text_of(v, "name"))) return &r[i];
    if (*n == PARAMETERS) return NULL;
    r[*n] = (paired){ .name = text_of(v, "name"), .unit = text_of(v, "unit"), .a = xalloc_n(room, 8), .b = xalloc_n(room, 8),
        .e = xalloc_n(room, 8) };
    return &r[(*n)++];
}

static int collect(const json_t *values, paired r[PARAMETERS])
{
    int n = 0;
    for (size_t i = 0; i < json_array_size(values); i++) {
        const json_t *v = json_array_get(values, i);
        const double a = number_of(v, "prediction"), b = number_of(v, "reference"), e = number_of(v, "error");
        paired *p = *text_of(v, "name") && isfinite(b) ? pair_of(r, &n, v, json_array_size(values)) : NULL;
        if (!p) continue;
        p->all++;
        if (isfinite(a)) p->a[p->n] = a, p->b[p->n] = isfinite(e) ? a - e : b, p->e[p->n++] = fabs(isfinite(e) ? e : a - b);
    }
    return n;
}

/* The shares of one unit, a few parameters at a time. */
static void shares(FILE *f, const paired *r, int n, const char *unit)
{
    html_errors e[TOGETHER];
    int k = 0;
    for (int i = 0; i <= n; i++) {
        if (i < n && !strcmp(r[i].unit, unit)) e[k++] = (html_errors){ r[i].name, r[i].e, r[i].n, r[i].all };
        if (k && (k == TOGETHER || i == n)) html_error_shares(f, "Share of films within an error", sign_of(unit), e, k), k = 0;
    }
}

static void figures(FILE *f, const paired *r, int n)
{
    static const char *const units[] = { "deg", "mm", "percent", "ratio" };
    fputs("<div class=\"grid\">\n", f);
    for (int u = 0; u < 4; u++) shares(f, r, n, units[u]);
    for (int i = 0, shown = 0; i < n && shown < SHOWN; i++)
        if (r[i].n >= 3) html_agreement(f, r[i].name, sign_of(r[i].unit), r[i].a, r[i].b, r[i].n), shown++;
    fputs("</div>\n", f);
}

/* Film by film, the parameters that the prediction did not give. */
static void failed_table(FILE *f, const json_t *values)
{
    enum { MOST = 200 };
    int found = 0;
    table *t = table_new("Not measured on the prediction");
    table_column(t, "case", "", COLUMN_TEXT, 0), table_column(t, "parameters", "", COLUMN_TEXT, 0);
    for (size_t i = 0, next; i < json_array_size(values); i = next) {
        const char *id = text_of(json_array_get(values, i), "case");
        char *names = NULL;
        for (next = i; next < json_array_size(values) && !strcmp(text_of(json_array_get(values, next), "case"), id); next++) {
            const json_t *v = json_array_get(values, next);
            if (!isfinite(number_of(v, "reference")) || isfinite(number_of(v, "prediction"))) continue;
            char *more = names ? xprintf("%s, %s", names, text_of(v, "name")) : xdup(text_of(v, "name"));
            free(names), names = more;
        }
        if (names && found++ < MOST) table_text(t, id), table_text(t, names);
        free(names);
    }
    if (found > MOST) table_note(t, "the first 200 are listed");
    if (found) table_html(t, f);
    table_free(t);
}

/* Has any row a value, or an object, of this key? */
static int any_has(const json_t *rows, const char *key)
{
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const json_t *v = json_object_get(json_array_get(rows, i), key);
        if (v && !json_is_null(v)) return 1;
    }
    return 0;
}

/* What the reference is: measured like the prediction, or read. */
static void introduce(FILE *f, const json_t *eval, int two)
{
    static const char rest[] = "; differences are prediction - reference. films: those whose reference has a value; failed: the prediction gave none. Errors "
                               "are over the others, shares (within 3, within 5) over all films.";
    const int maps = json_array_size(json_object_get(eval, "cases")) > 0;
    char *line = xprintf("%s%s", maps ? "Measured the same way on both sides" : two ? "The reference is the mean of two readers" :
                                 "The reference is a reader's file", rest);
    html_paragraph(f, "soft", line), free(line);
}

void report_parameters(FILE *f, FILE *text, int number, const json_t *eval)
{
    const json_t *rows = json_object_get(eval, "parameters"), *values = json_object_get(eval, "values");
    html_section(f, "parameters", number, "Parameters");
    if (!json_array_size(rows)) {
        const char *why = text_of(eval, "parameters_why");
        html_paragraph(f, "note", *why ? why : "None were compared.");
        return;
    }
    const int two = any_has(rows, "readers");
    introduce(f, eval, two);
    write_table(f, text, rows, "Errors", errors, any_has(rows, "published") ? published : none, NULL);
    write_table(f, NULL, rows, "Agreement", agreement, none, NULL);
    if (two) write_table(f, NULL, rows, "The prediction and two readers", readers, none, "readers");
    paired *r = xalloc_n(PARAMETERS, sizeof *r);
    const int n = collect(values, r);
    figures(f, r, n), failed_table(f, values);
    for (int i = 0; i < n; i++) free(r[i].a), free(r[i].b), free(r[i].e);
    free(r);
}
