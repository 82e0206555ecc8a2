/* compare.c - `darkspine compare A.json B.json`: two evaluations of the same films, paired film by film: did B do better, by how much, and is
 * that more than chance? With a third one as the ceiling it is the table of an experiment that repairs films: damaged, repaired, never damaged. */
#include "verbs/verb.h"
#include "base/die.h"
#include "base/file.h"
#include "datasets/json_file.h"
#include "eval/paired.h"
#include "eval/table.h"
#include "verbs/flags.h"
#include "verbs/object.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const flag own[] = {
    { "--ceiling", "C.json", "an evaluation of the same films as they should be, for a column beside" },
    { "--only", "SUFFIX", "only cases whose name ends so; the ceiling's have the name without it (`synth pairs=1`: _implants)" },
    { 0 }
};
static const usage how = { "compare", "A.json B.json",
    "Compares two results of `eval --json` on the same cases: per class the mean DSC of both, the change with its 95 % interval (BCa over\n"
    "patients) and Wilcoxon's signed-rank test on patients' means, p corrected by Holm over the classes; the same for absolute errors of\n"
    "parameters. A positive change of a DSC and a negative one of an error mean that B is better.",
    own, FLAG_JSON | FLAG_SEED, 2, 2, 0 };

enum { SIDES = 3, A = 0, B, CEILING, MOST_ROWS = 512 };
static const int64_t draws = 10000;

/* A class or a parameter: a value a case and side, NAN where there is none. */
typedef struct row { char *name, *unit; int value, parameter; double *x[SIDES]; } row;
typedef struct comparison {
    int64_t n;                                   /* cases */
    char **id;
    int64_t *patient;
    int nrows, sides;
    row *r;
} comparison;

static const char *text_of(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    return s ? s : "";
}

/* ---- reading ------------------------------------------------------------------------------------------------------------------------- */

static json_t *result_of(const char *path)
{
    json_t *o = json_file(path, (size_t)256 << 20);
    if (!json_is_array(json_object_get(o, "cases")) || !json_is_array(json_object_get(o, "classes")))
        die("%s: no `cases` and `classes` in it, wanted a result of `eval --json` (eval.json)", path);
    return o;
}

static int ends(const char *s, const char *with)
{
    const size_t n = strlen(s), m = strlen(with);
    return n >= m && !strcmp(s + n - m, with);
}

static int64_t find_case(const comparison *c, const char *id)
{
    for (int64_t i = 0; i < c->n; i++) if (!strcmp(c->id[i], id)) return i;
    return -1;
}

/* The cases of A, and whose they are: a case without a patient is a patient of its own. */
static comparison cases_of(const json_t *a, const char *path, const char *only, int sides)
{
    const json_t *cases = json_object_get(a, "cases");
    const size_t all = json_array_size(cases);
    comparison c = { .sides = sides, .id = xalloc_n(all + 1, sizeof *c.id), .patient = xalloc_n(all + 1, sizeof *c.patient),
                     .r = xalloc_n(MOST_ROWS, sizeof *c.r) };
    const char **name = xalloc_n(all + 1, sizeof *name);
    for (size_t i = 0; i < all; i++) {
        const json_t *o = json_array_get(cases, i);
        const char *id = text_of(o, "case");
        if (only && !ends(id, only)) continue;
        if (find_case(&c, id) >= 0) die("%s: case %s stands twice", path, id);
        name[c.n] = text_of(o, "patient");
        c.patient[c.n] = c.n;
        for (int64_t k = 0; k < c.n && *name[c.n]; k++) if (!strcmp(name[k], name[c.n])) { c.patient[c.n] = c.patient[k]; break; }
        c.id[c.n++] = xdup(id);
    }
    free(name);
    if (!c.n) die("%s: no case%s%s", path, only ? " whose name ends in " : "", only ? only : "");
    return c;
}

static row *row_of(comparison *c, const char *name, const char *unit, int value, int parameter)
{
    for (int i = 0; i < c->nrows; i++)
        if (c->r[i].parameter == parameter && c->r[i].value == value && (!parameter || !strcmp(c->r[i].name, name))) return &c->r[i];
    if (c->nrows == MOST_ROWS) die("more than %d classes and parameters", MOST_ROWS);
    row *r = &c->r[c->nrows++];
    *r = (row){ .name = xdup(name), .unit = xdup(unit), .value = value, .parameter = parameter };
    for (int k = 0; k < SIDES; k++) {
        r->x[k] = xalloc_n((size_t)c->n, sizeof **r->x);
        for (int64_t i = 0; i < c->n; i++) r->x[k][i] = NAN;
    }
    return r;
}

/* The case of A that a case of this side is; -1: none that is looked at */
static int64_t place(const comparison *c, int side, const char *id, const char *only)
{
    if (side != CEILING || !only) return find_case(c, id);
    char *whole = xprintf("%s%s", id, only);
    const int64_t at = find_case(c, whole);
    free(whole);
    return at;
}

static void read_side(comparison *c, int side, const json_t *o, const char *path, const char *only)
{
    const json_t *cases = json_object_get(o, "cases"), *values = json_object_get(o, "values");
    int64_t met = 0;
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *one = json_array_get(cases, i), *list = json_object_get(one, "classes");
        const int64_t at = place(c, side, text_of(one, "case"), only);
        if (at < 0) continue;
        met++;
        for (size_t k = 0; k < json_array_size(list); k++) {
            const json_t *e = json_array_get(list, k), *dsc = json_object_get(e, "DSC");
            row *r = row_of(c, text_of(e, "name"), "", (int)json_integer_value(json_object_get(e, "value")), 0);
            if (json_is_number(dsc)) r->x[side][at] = json_number_value(dsc);
        }
    }
    if (met != c->n)
        die("%s: has %lld of the %lld cases, wanted all of them: only the same films can be compared", path, (long long)met, (long long)c->n);
    for (size_t i = 0; i < json_array_size(values); i++) {
        const json_t *e = json_array_get(values, i), *error = json_object_get(e, "error");
        const int64_t at = place(c, side, text_of(e, "case"), only);
        if (at >= 0 && json_is_number(error))
            row_of(c, text_of(e, "name"), text_of(e, "unit"), 0, 1)->x[side][at] = fabs(json_number_value(error));
    }
}

/* ---- comparing ----------------------------------------------------------------------------------------------------------------------- */

/* Over the cases that A and B both have a value of: means, and the change B - A. effect: its mean over its SD (Cohen's d of pairs). */
typedef struct change { int64_t n, only_a, only_b; double mean[SIDES], change, effect, p, holm; interval ci; int has_ci, has_p; } change;

static change change_of(const comparison *c, const row *r, uint64_t seed)
{
    change o = { .p = NAN, .holm = NAN, .effect = NAN, .change = NAN };
    double *d = xalloc_n((size_t)c->n, 3 * sizeof *d), *pair = d + c->n, *mean = pair + c->n, sum[SIDES] = { 0 };
    int64_t *patient = xalloc_n((size_t)c->n, sizeof *patient), ceilings = 0;
    for (int64_t i = 0; i < c->n; i++) {
        const int a = isfinite(r->x[A][i]), b = isfinite(r->x[B][i]);
        o.only_a += a && !b, o.only_b += b && !a;
        pair[i] = r->x[B][i] - r->x[A][i];
        if (!a || !b) continue;
        d[o.n] = pair[i], patient[o.n++] = c->patient[i];
        sum[A] += r->x[A][i], sum[B] += r->x[B][i];
        if (isfinite(r->x[CEILING][i])) sum[CEILING] += r->x[CEILING][i], ceilings++;
    }
    for (int k = 0; k < SIDES; k++) o.mean[k] = sum[k] / (double)(k == CEILING ? ceilings : o.n);
    if (o.n) o.change = stats_mean(d, o.n);
    if (o.n > 1) {
        const double sd = stats_sd(d, o.n);
        if (sd > 0) o.effect = o.change / sd;
        o.has_ci = stats_bootstrap_mean(d, patient, o.n, draws, seed, 0.95, &o.ci);
        const wilcoxon w = wilcoxon_of(mean, stats_by_patient(pair, c->patient, c->n, mean));
        if (!w.p.why) o.p = w.p.value, o.has_p = 1;
    }
    free(d), free(patient);
    return o;
}

/* Corrected over the classes, and over the parameters, each for itself */
static void correct(const comparison *c, change *o)
{
    for (int parameter = 0; parameter < 2; parameter++) {
        double p[MOST_ROWS];
        int at[MOST_ROWS], n = 0;
        for (int i = 0; i < c->nrows; i++) if (c->r[i].parameter == parameter && o[i].has_p) p[n] = o[i].p, at[n++] = i;
        if (n) holm_adjust(p, n, p);
        for (int k = 0; k < n; k++) o[at[k]].holm = p[k];
    }
}

/* A row of its own for the mean over the classes of every case that all sides have them of */
static void add_mean(comparison *c)
{
    const int n = c->nrows;
    row *all = row_of(c, "mean over classes", "", -1, 0);
    for (int k = 0; k < c->sides; k++)
        for (int64_t i = 0; i < c->n; i++) {
            double sum = 0;
            int classes = 0;
            for (int j = 0; j < n; j++)
                if (!c->r[j].parameter && isfinite(c->r[j].x[A][i]) && isfinite(c->r[j].x[B][i]) && isfinite(c->r[j].x[k][i]))
                    sum += c->r[j].x[k][i], classes++;
            all->x[k][i] = classes ? sum / classes : NAN;
        }
}

/* ---- showing ------------------------------------------------------------------------------------------------------------------------- */

static void number_or(table *t, double x, const char *why) { if (isfinite(x)) table_number(t, x); else table_missing(t, why); }

static void print(const comparison *c, const change *o, int parameter)
{
    table *t = table_new(parameter ? "Absolute errors of parameters" : "DSC by class");
    table_column(t, parameter ? "parameter" : "class", "", COLUMN_TEXT, 0), table_column(t, "n", "", COLUMN_COUNT, 0);
    static const char *const side[SIDES] = { "A", "B", "ceiling" };
    const int digits = parameter ? 2 : 3;
    int rows = 0;
    for (int k = 0; k < c->sides; k++) table_column(t, side[k], "", COLUMN_NUMBER, digits);
    table_column(t, "change", "", COLUMN_NUMBER, digits), table_column(t, "of A", "%", COLUMN_NUMBER, 1);
    table_column(t, "95 % interval", "", COLUMN_RANGE, digits), table_column(t, "effect", "", COLUMN_NUMBER, 2);
    table_column(t, "p", "", COLUMN_NUMBER, 4), table_column(t, "p Holm", "", COLUMN_NUMBER, 4);
    for (int i = 0; i < c->nrows; i++) {
        const row *r = &c->r[i];
        if (r->parameter != parameter || !o[i].n) continue;
        char *name = *r->unit ? xprintf("%s (%s)", r->name, r->unit) : xdup(r->name);
        rows++;
        table_text(t, name), table_count(t, o[i].n), free(name);
        for (int k = 0; k < c->sides; k++) number_or(t, o[i].mean[k], "no case has it");
        table_number(t, o[i].change), number_or(t, 100 * o[i].change / o[i].mean[A], "A is 0");
        if (o[i].has_ci) table_numbers(t, o[i].ci.lo, o[i].ci.hi);
        else table_missing(t, "fewer than two patients");
        if (isfinite(o[i].effect)) table_number(t, o[i].effect);
        else table_missing(t, "the change has no spread");
        for (int k = 0; k < 2; k++) {
            if (o[i].has_p) table_number(t, k ? o[i].holm : o[i].p);
            else table_missing(t, "no difference is other than zero");
        }
    }
    if (rows) table_write(t, stdout, TABLE_PLAIN);
    table_free(t);
}

static json_t *json_of(const comparison *c, const change *o, int parameter)
{
    json_t *list = json_array();
    for (int i = 0; i < c->nrows; i++) {
        const row *r = &c->r[i];
        if (r->parameter != parameter) continue;
        json_t *e = json_pack("{s:o s:I s:I s:I s:o s:o s:o s:o s:o s:o s:o s:o}", "name", object_text(r->name), "n", (json_int_t)o[i].n, "only_a",
            (json_int_t)o[i].only_a, "only_b", (json_int_t)o[i].only_b, "a", object_real(o[i].mean[A]), "b", object_real(o[i].mean[B]), "change",
            object_real(o[i].change), "relative", object_real(o[i].change / o[i].mean[A]), "ci",
            o[i].has_ci ? json_pack("[f, f]", o[i].ci.lo, o[i].ci.hi) : json_null(), "effect", object_real(o[i].effect), "p", object_real(o[i].p),
            "p_holm", object_real(o[i].holm));
        if (!e) die_machine("out of memory");
        if (parameter) json_object_set_new(e, "unit", object_text(r->unit));
        else json_object_set_new(e, "value", r->value < 0 ? json_null() : json_integer(r->value));
        if (c->sides > CEILING) json_object_set_new(e, "ceiling", object_real(o[i].mean[CEILING]));
        object_append(list, e);
    }
    return list;
}

int verb_compare(int argc, char **argv)
{
    flags *f = flags_parse(&how, argc, argv);
    if (!f) return EXIT_OK;
    const char *path[SIDES] = { f->input[0], f->input[1], flags_text(f, "--ceiling", NULL) }, *only = flags_text(f, "--only", NULL);
    json_t *side[SIDES] = { NULL };
    const int sides = path[CEILING] ? SIDES : 2;
    for (int k = 0; k < sides; k++) side[k] = result_of(path[k]);
    comparison c = cases_of(side[A], path[A], only, sides);
    for (int k = 0; k < sides; k++) read_side(&c, k, side[k], path[k], only);
    add_mean(&c);
    change *o = xalloc_n((size_t)c.nrows, sizeof *o);
    for (int i = 0; i < c.nrows; i++) o[i] = change_of(&c, &c.r[i], (uint64_t)flags_int(f, "--seed", 0, 0, INT64_MAX));
    correct(&c, o);
    if (flags_has(f, "--json"))
        object_print(json_pack("{s:I s:o s:o}", "cases", (json_int_t)c.n, "classes", json_of(&c, o, 0), "parameters", json_of(&c, o, 1)));
    else print(&c, o, 0), print(&c, o, 1);
    for (int k = 0; k < sides; k++) json_decref(side[k]);
    for (int i = 0; i < c.nrows; i++) for (int k = 0; k < SIDES; k++) free(c.r[i].x[k]);
    for (int i = 0; i < c.nrows; i++) free(c.r[i].name), free(c.r[i].unit);
    for (int64_t i = 0; i < c.n; i++) free(c.id[i]);
    free(c.id), free(c.patient), free(c.r), free(o), flags_free(f);
    return EXIT_OK;
}
