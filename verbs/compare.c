/* compare.c - `darkspine compare A.json B.json`: is one of two methods better on the same films? Reads what `eval --json` printed for each.
 *
 * Everything is paired: a film, class or parameter counts where both evaluations have a value, patients are resampled and tested, and failures
 * stand beside errors. The trap is two evaluations of different films, or against different truths: that is an error, never a smaller table. */
#include "verbs/verb.h"
#include "base/die.h"
#include "datasets/json_file.h"
#include "eval/paired.h"
#include "eval/table.h"
#include "verbs/flags.h"
#include "verbs/object.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LIMIT = 1 << 28, DRAWS = 10000 };

static const usage how = { "compare", "A.json B.json",
    "Compares two methods film by film: A.json and B.json are what `darkspine eval ... --json` printed (or wrote as eval.json) for predictions of\n"
    "the same films against the same truth. By class: both mean DSC where both have one, their difference A - B with a 95 % interval (BCa\n"
    "bootstrap over patients), Wilcoxon's signed ranks of the patients' differences, and Holm's correction over the classes. By parameter:\n"
    "failures, MAE where both have a value, and the difference of the absolute errors likewise. A negative difference of errors is for A.",
    NULL, FLAG_JSON | FLAG_QUIET | FLAG_SEED, 2, 2, 0 };

/* Rows of one kind (classes, or parameters) of both evaluations: [rows][films] */
typedef struct grid { int rows; int64_t films; char **name, **unit; double *a, *b, *reference; } grid;

static double *row_of(double *v, const grid *g, int row) { return v + (size_t)row * (size_t)g->films; }

static grid grid_new(int64_t films) { return (grid){ .films = films }; }

static void fill_missing(double *v, size_t n) { for (size_t i = 0; i < n; i++) v[i] = NAN; }

static int grid_row(grid *g, const char *name, const char *unit)
{
    for (int i = 0; i < g->rows; i++) if (!strcmp(g->name[i], name)) return i;
    const size_t had = (size_t)g->rows * (size_t)g->films, more = had + (size_t)g->films;
    double **v[] = { &g->a, &g->b, &g->reference };
    for (int k = 0; k < 3; k++) *v[k] = xgrow(*v[k], more * sizeof(double)), fill_missing(*v[k] + had, (size_t)g->films);
    g->name = xgrow(g->name, (size_t)(g->rows + 1) * sizeof *g->name), g->unit = xgrow(g->unit, (size_t)(g->rows + 1) * sizeof *g->unit);
    g->name[g->rows] = xdup(name), g->unit[g->rows] = xdup(unit);
    return g->rows++;
}

static void grid_free(grid *g)
{
    for (int i = 0; i < g->rows; i++) free(g->name[i]), free(g->unit[i]);
    free(g->name), free(g->unit), free(g->a), free(g->b), free(g->reference);
}

typedef struct evaluation { const char *path; json_t *o; int64_t n; const char **id; const json_t *of; } evaluation;

static const char *word_of(const evaluation *e, const json_t *o, const char *key)
{
    const char *w = json_word(o, key);
    if (!w) die("%s: got an entry without %s, wanted what `darkspine eval --json` prints", e->path, key);
    return w;
}

static evaluation read_evaluation(const char *path)
{
    evaluation e = { .path = path, .o = json_file(path, LIMIT) };
    e.of = json_object_get(e.o, "cases");
    if (!json_is_array(e.of) || !json_array_size(e.of)) die("%s: got no list `cases`, wanted what `darkspine eval --json` prints of label maps", path);
    e.n = (int64_t)json_array_size(e.of), e.id = xalloc_n((size_t)e.n, sizeof *e.id);
    for (int64_t i = 0; i < e.n; i++) e.id[i] = word_of(&e, json_array_get(e.of, (size_t)i), "case");
    return e;
}

static void evaluation_free(evaluation *e) { free(e->id), json_decref(e->o); }

static int64_t film_of(const evaluation *e, const char *id)
{
    for (int64_t i = 0; i < e->n; i++) if (!strcmp(e->id[i], id)) return i;
    return -1;
}

static void check_same(const evaluation *a, const evaluation *b)
{
    const char *sha[2];
    for (int k = 0; k < 2; k++) sha[k] = json_word(json_object_get(json_object_get((k ? b : a)->o, "provenance"), "truth"), "sha256");
    for (int k = 0; k < 2; k++) {
        const evaluation *x = k ? b : a, *y = k ? a : b;
        for (int64_t i = 0; i < x->n; i++) {
            if (film_of(x, x->id[i]) != i) die("%s: the film %s stands twice", x->path, x->id[i]);
            if (film_of(y, x->id[i]) < 0) die("%s: got no film %s, which %s has: wanted two evaluations of the same films", y->path, x->id[i], x->path);
        }
    }
    if (sha[0] && sha[1] && strcmp(sha[0], sha[1])) die("%s: its truth is not that of %s: wanted two evaluations against the same", b->path, a->path);
}

/* DSC by class and film of one side into g, and the number of the patient of every film */
static void take_classes(const evaluation *e, const evaluation *order, grid *g, int second)
{
    for (int64_t i = 0; i < e->n; i++) {
        const json_t *of = json_array_get(e->of, (size_t)i), *list = json_object_get(of, "classes"), *c;
        const int64_t film = film_of(order, e->id[i]);
        size_t k;
        double dsc;
        json_array_foreach((json_t *)list, k, c) {
            const int row = grid_row(g, word_of(e, c, "name"), "");
            if (json_number(json_object_get(c, "DSC"), &dsc)) row_of(second ? g->b : g->a, g, row)[film] = dsc;
        }
        const int mean = grid_row(g, "mean over classes", "");
        if (json_number(json_object_get(of, "DSC"), &dsc)) row_of(second ? g->b : g->a, g, mean)[film] = dsc;
    }
    for (size_t i = 0; i < (size_t)g->rows * (size_t)g->films; i++) g->reference[i] = 0;
}

static void take_parameters(const evaluation *e, const evaluation *order, grid *g, int second)
{
    const json_t *list = json_object_get(e->o, "values"), *v;
    size_t k;
    json_array_foreach((json_t *)list, k, v) {
        const char *name = word_of(e, v, "name"), *id = word_of(e, v, "case");
        const int row = grid_row(g, name, word_of(e, v, "unit"));
        const int64_t film = film_of(order, id);
        double x, *ref;
        if (film < 0) die("%s: values: got the film %s, which is not among its cases", e->path, id);
        if (!json_number(json_object_get(v, "reference"), &x)) continue;
        ref = &row_of(g->reference, g, row)[film];
        if (second && !(fabs(*ref - x) <= 1e-9 * fmax(1, fabs(x))))
            die("%s: %s of film %s: got the reference %g, the other evaluation has %g: wanted the same truth", e->path, name, id, x, *ref);
        *ref = x;
        if (json_number(json_object_get(v, "prediction"), &x)) row_of(second ? g->b : g->a, g, row)[film] = x;
    }
}

/* Films without a patient are patients of their own. */
static int64_t *patients_of(const evaluation *e)
{
    int64_t *p = xalloc_n((size_t)e->n, sizeof *p);
    for (int64_t i = 0; i < e->n; i++) {
        const char *name = json_word(json_array_get(e->of, (size_t)i), "patient");
        p[i] = i;
        for (int64_t j = 0; j < i && name; j++) {
            const char *other = json_word(json_array_get(e->of, (size_t)j), "patient");
            if (other && !strcmp(name, other)) { p[i] = p[j]; break; }
        }
    }
    return p;
}

/* One family of tests: every row but `whole`, which sums the others up (or -1), takes part in Holm's correction. */
static compared *compare_rows(const grid *g, const int64_t *patient, uint64_t seed, int whole, double *holm)
{
    compared *c = xalloc_n((size_t)g->rows + 1, sizeof *c);
    double *p = xalloc_n((size_t)g->rows + 1, sizeof *p);
    int64_t n = 0;
    for (int i = 0; i < g->rows; i++) {
        c[i] = compare_methods(row_of(g->a, g, i), row_of(g->b, g, i), row_of(g->reference, g, i), patient, g->films, DRAWS, seed);
        if (i != whole && !c[i].test.p.why) p[n++] = c[i].test.p.value;
    }
    holm_adjust(p, n, p);
    for (int i = 0, k = 0; i < g->rows; i++) holm[i] = i != whole && !c[i].test.p.why ? p[k++] : NAN;
    free(p);
    return c;
}

static quantity holm_of(const compared *c, double holm)
{
    if (!isnan(holm)) return quantity_of(holm);
    return quantity_missing(c->test.p.why ? c->test.p.why : "it sums up the others");
}

static void range_cell(table *t, const bounded *b)
{
    if (b->lo.why) table_missing(t, b->lo.why);
    else table_numbers(t, b->lo.value, b->hi.value);
}

static void print_rows(const grid *g, const compared *c, const double *holm, int errors, const char *title)
{
    table *t = table_new(title);
    const int d = errors ? 2 : 3;
    table_column(t, errors ? "parameter" : "class", "", COLUMN_TEXT, 0), table_column(t, "n", "", COLUMN_COUNT, 0);
    if (errors) table_column(t, "failed A", "", COLUMN_COUNT, 0), table_column(t, "failed B", "", COLUMN_COUNT, 0);
    table_column(t, errors ? "MAE A" : "DSC A", "", COLUMN_NUMBER, d), table_column(t, errors ? "MAE B" : "DSC B", "", COLUMN_NUMBER, d);
    table_column(t, "A - B", "", COLUMN_NUMBER, d), table_column(t, "95 % CI", "", COLUMN_RANGE, d);
    table_column(t, "p", "", COLUMN_NUMBER, 4), table_column(t, "p Holm", "", COLUMN_NUMBER, 4);
    for (int i = 0; i < g->rows; i++) {
        char *name = *g->unit[i] ? xprintf("%s (%s)", g->name[i], g->unit[i]) : xdup(g->name[i]);
        table_text(t, name), table_count(t, c[i].n);
        if (errors) table_count(t, c[i].failed_a), table_count(t, c[i].failed_b);
        table_quantity(t, c[i].mae_a), table_quantity(t, c[i].mae_b), table_quantity(t, c[i].difference.value), range_cell(t, &c[i].difference);
        table_quantity(t, c[i].test.p), table_quantity(t, holm_of(&c[i], holm[i]));
        free(name);
    }
    table_write(t, stdout, TABLE_PLAIN), table_free(t);
}

static void set(json_t *o, const char *key, quantity q)
{
    char *why = xprintf("%s_why", key);
    json_object_set_new(o, key, q.why ? json_null() : object_real(q.value));
    if (q.why) json_object_set_new(o, why, json_string(q.why));
    free(why);
}

static json_t *rows_json(const grid *g, const compared *c, const double *holm, int errors)
{
    json_t *list = json_array();
    for (int i = 0; i < g->rows; i++) {
        json_t *o = json_pack("{s:o, s:I}", "name", object_text(g->name[i]), "n", (json_int_t)c[i].n);
        if (errors)
            json_object_set_new(o, "unit", json_string(g->unit[i])), json_object_set_new(o, "films", json_integer(c[i].films)),
                json_object_set_new(o, "failed_a", json_integer(c[i].failed_a)), json_object_set_new(o, "failed_b", json_integer(c[i].failed_b));
        set(o, errors ? "MAE_a" : "DSC_a", c[i].mae_a), set(o, errors ? "MAE_b" : "DSC_b", c[i].mae_b);
        set(o, "difference", c[i].difference.value), set(o, "low", c[i].difference.lo), set(o, "high", c[i].difference.hi);
        set(o, "p", c[i].test.p), set(o, "p_holm", holm_of(&c[i], holm[i]));
        object_append(list, o);
    }
    return list;
}

int verb_compare(int argc, char **argv)
{
    flags *f = flags_parse(&how, argc, argv);
    if (!f) return EXIT_OK;
    const uint64_t seed = (uint64_t)flags_int(f, "--seed", 1, 0, INT64_MAX);
    evaluation a = read_evaluation(f->input[0]), b = read_evaluation(f->input[1]);
    check_same(&a, &b);
    grid of[2] = { grid_new(a.n), grid_new(a.n) };
    take_classes(&a, &a, &of[0], 0), take_classes(&b, &a, &of[0], 1);
    if (json_object_get(a.o, "values") && json_object_get(b.o, "values"))             /* eval --no-parameters has none */
        take_parameters(&a, &a, &of[1], 0), take_parameters(&b, &a, &of[1], 1);
    int64_t *patient = patients_of(&a);
    json_t *o = json_object();
    for (int k = 0; k < 2; k++) {
        double *holm = xalloc_n((size_t)of[k].rows + 1, sizeof *holm);
        const int whole = k ? -1 : grid_row(&of[0], "mean over classes", "");
        compared *c = compare_rows(&of[k], patient, seed, whole, holm);
        if (flags_has(f, "--json")) json_object_set_new(o, k ? "parameters" : "classes", rows_json(&of[k], c, holm, k));
        else if (of[k].rows) print_rows(&of[k], c, holm, k, k ? "Absolute errors of parameters, by film" : "DSC by class, by film");
        free(c), free(holm);
    }
    if (flags_has(f, "--json")) object_print(o);
    else {
        json_decref(o);
        printf("A: %s\nB: %s\n%" PRId64 " films; n: films with a value of both; 95 %% CI: BCa bootstrap over patients, %d draws; p: Wilcoxon's signed ranks\n",
               a.path, b.path, a.n, DRAWS);
    }
    for (int k = 0; k < 2; k++) grid_free(&of[k]);
    free(patient), evaluation_free(&a), evaluation_free(&b), flags_free(f);
    return EXIT_OK;
}
