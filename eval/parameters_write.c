/* parameters_write.c - parameters as tables and as JSON; see parameters.h. */
#include "eval/parameters.h"
#include "base/die.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- tables -------------------------------------------------------------------------------------------------------------------------- */

static void range_cell(table *t, quantity lo, quantity hi)
{
    if (lo.why || hi.why) table_missing(t, lo.why ? lo.why : hi.why);
    else table_numbers(t, lo.value, hi.value);
}

static void add_notes(const parameters *p, table *t)
{
    static const char *const against[] = { "the truth", "one reader", "the mean of two readers" };
    char *note = xprintf("error = prediction - %s; films: %lld, patients: %lld; 95 %% CI of MAE: BCa bootstrap over patients, %lld "
        "draws, seed %llu", against[p->readers],
                         (long long)p->films, (long long)p->patients, (long long)p->o.agreement.draws,
                             (unsigned long long)p->o.agreement.seed);
    table_note(t, note), free(note);
    if (p->unknown_patients) note = xprintf("films without a patient, counted as one each: %lld", (long long)p->unknown_patients),
        table_note(t, note), free(note);
    if (*p->left_out) note = xprintf("not compared, since not every source gives it: %s", p->left_out), table_note(t, note), free(note);
}

static const char *unit_of(const parameter_row *r) { return readings_unit(r->parameter); }

static void begin_row(table *t, const parameter_row *r) { table_text(t, readings_name(r->parameter)), table_text(t, unit_of(r)); }

static table *begin_table(const char *title)
{
    table *t = table_new(title);
    table_column(t, "parameter", "", COLUMN_TEXT, 0), table_column(t, "unit", "", COLUMN_TEXT, 0);
    return t;
}

typedef struct { const char *title; enum column_kind kind; int decimals; } heading;

static void add_headings(table *t, const heading *h, int n)
{
    for (int i = 0; i < n; i++) table_column(t, h[i].title, "", h[i].kind, h[i].decimals);
}
#define HEADINGS(t, list) add_headings(t, list, (int)(sizeof(list) / sizeof *(list)))

static void mean_note(table *t, const char *what, quantity q, const char *unit)
{
    if (q.why) return;
    char *note = xprintf("mean of the MAE over %s: %.2f %s", what, q.value, unit);
    table_note(t, note), free(note);
}

table *parameters_error_table(const parameters *p)
{
    static const heading h[] = { { "films", COLUMN_COUNT, 0 }, { "failed", COLUMN_COUNT, 0 }, { "MAE", COLUMN_SPREAD, 2 }, { "95 % CI",
        COLUMN_RANGE, 2 },
        { "median", COLUMN_NUMBER, 2 }, { "P90", COLUMN_NUMBER, 2 }, { "max", COLUMN_NUMBER, 2 }, { "bias", COLUMN_NUMBER, 2 },
            { "within 5", COLUMN_NUMBER, 3 } };
    table *t = begin_table("Parameters: absolute errors, mean ± SD over films");
    HEADINGS(t, h);
    if (p->o.published) table_column(t, "published", "", COLUMN_NUMBER, 2);
    for (int i = 0; i < p->n; i++) {
        const parameter_row *r = &p->row[i];
        const agreement *a = &r->of;
        begin_row(t, r), table_count(t, a->films), table_count(t, a->failed);
        if (a->mae.value.why || a->sd_abs.why) table_missing(t, a->mae.value.why ? a->mae.value.why : a->sd_abs.why);
        else table_numbers(t, a->mae.value.value, a->sd_abs.value);
        range_cell(t, a->mae.lo, a->mae.hi);
        table_quantity(t, a->median), table_quantity(t, a->p90), table_quantity(t, a->max), table_quantity(t, a->bias.value),
            table_quantity(t, a->within[1].value);
        if (!p->o.published) continue;
        if (isnan(r->published)) table_missing(t, "not published");
        else table_number(t, r->published);
    }
    add_notes(p, t), mean_note(t, "angles", p->angles, "deg"), mean_note(t, "lengths", p->lengths, "mm");
    table_note(t, "failed: films with a reference and without a prediction; within 5: share of the others within 5 degrees or mm");
    if (!p->o.published) return t;
    char *note = xprintf("published (%s): other films and other readers, beside ours without a verdict", p->o.published_from);
    table_note(t, note), free(note);
    return t;
}

table *parameters_bias_table(const parameters *p)
{
    static const heading h[] = { { "n", COLUMN_COUNT, 0 }, { "bias", COLUMN_NUMBER, 2 }, { "bias 95 % CI", COLUMN_RANGE, 2 }, { "SD",
        COLUMN_NUMBER, 2 },
        { "limits of agreement", COLUMN_RANGE, 2 }, { "lower limit 95 % CI", COLUMN_RANGE, 2 }, { "upper limit 95 % CI", COLUMN_RANGE,
            2 }, { "slope", COLUMN_NUMBER, 3 },
        { "RMSE", COLUMN_NUMBER, 2 }, { "p", COLUMN_NUMBER, 4 }, { "p Holm", COLUMN_NUMBER, 4 }, { "within 3", COLUMN_NUMBER, 3 },
            { "within 5", COLUMN_NUMBER, 3 },
        { "within 10", COLUMN_NUMBER, 3 }, { "within 5 of all", COLUMN_NUMBER, 3 } };
    table *t = begin_table("Parameters: bias and limits of agreement");
    HEADINGS(t, h);
    if (p->o.margin > 0) table_column(t, "p equivalence", "", COLUMN_NUMBER, 4),
        table_column(t, "p equivalence Holm", "", COLUMN_NUMBER, 4);
    for (int i = 0; i < p->n; i++) {
        const parameter_row *r = &p->row[i];
        const agreement *a = &r->of;
        begin_row(t, r), table_count(t, a->n), table_quantity(t, a->bias.value), range_cell(t, a->bias.lo, a->bias.hi),
            table_quantity(t, a->sd);
        range_cell(t, a->loa_low.value, a->loa_high.value), range_cell(t, a->loa_low.lo, a->loa_low.hi),
            range_cell(t, a->loa_high.lo, a->loa_high.hi);
        table_quantity(t, a->slope), table_quantity(t, a->rmse), table_quantity(t, r->bias.p), table_quantity(t, r->bias_holm);
        for (int k = 0; k < WITHINS; k++) table_quantity(t, a->within[k].value);
        table_quantity(t, a->within_all[1].value);
        if (p->o.margin > 0) table_quantity(t, r->same.p), table_quantity(t, r->same_holm);
    }
    add_notes(p, t);
    table_note(t, "limits: bias ± 1.96 SD (Bland and Altman); slope: of the error on the mean of both; p: Wilcoxon's signed ranks of the "
        "patients' errors, Holm over the parameters");
    table_note(t, "within 5 of all: a failure counts as a miss");
    if (p->o.margin > 0) {
        char *note = xprintf("equivalence: two one-sided t tests, margin %g deg or mm", p->o.margin);
        table_note(t, note), free(note);
    }
    return t;
}

table *parameters_agreement_table(const parameters *p)
{
    static const heading h[] = { { "n", COLUMN_COUNT, 0 }, { "ICC(2,1)", COLUMN_NUMBER, 3 }, { "95 % CI", COLUMN_RANGE, 3 }, { "ICC(3,1)",
        COLUMN_NUMBER, 3 },
        { "ICC(1,1)", COLUMN_NUMBER, 3 }, { "r", COLUMN_NUMBER, 3 }, { "r 95 % CI", COLUMN_RANGE, 3 }, { "Spearman", COLUMN_NUMBER, 3 },
            { "CCC", COLUMN_NUMBER, 3 },
        { "SEM", COLUMN_NUMBER, 2 }, { "MDC95", COLUMN_NUMBER, 2 } };
    table *t = begin_table("Parameters: reliability");
    HEADINGS(t, h);
    for (int i = 0; i < p->n; i++) {
        const parameter_row *r = &p->row[i];
        const agreement *a = &r->of;
        begin_row(t, r), table_count(t, a->n), table_quantity(t, a->icc[ICC_2_1].value),
            range_cell(t, a->icc[ICC_2_1].lo, a->icc[ICC_2_1].hi);
        table_quantity(t, a->icc[ICC_3_1].value), table_quantity(t, a->icc[ICC_1_1].value), table_quantity(t, a->pearson.value);
        range_cell(t, a->pearson.lo, a->pearson.hi), table_quantity(t, a->spearman), table_quantity(t, a->ccc), table_quantity(t, a->sem),
            table_quantity(t, a->mdc);
    }
    add_notes(p, t);
    table_note(t, "ICC(2,1): absolute agreement, ICC(3,1): consistency; they depend on how far the patients spread, SEM (of agreement) "
        "and MDC95 do not");
    return t;
}

table *parameters_reader_table(const parameters *p)
{
    static const heading h[] = { { "films", COLUMN_COUNT, 0 }, { "prediction - reader 1", COLUMN_NUMBER, 2 }, { "prediction - reader 2",
        COLUMN_NUMBER, 2 },
        { "reader 1 - reader 2", COLUMN_NUMBER, 2 }, { "excess", COLUMN_NUMBER, 2 }, { "excess 95 % CI", COLUMN_RANGE, 2 } };
    table *t = begin_table("Parameters: the prediction and two readers, mean absolute differences");
    HEADINGS(t, h);
    for (int i = 0; i < p->n; i++) {
        const triad *r = &p->row[i].readers;
        begin_row(t, &p->row[i]), table_count(t, r->n), table_quantity(t, r->ai_r1.value), table_quantity(t, r->ai_r2.value),
            table_quantity(t, r->r1_r2.value);
        table_quantity(t, r->excess.value), range_cell(t, r->excess.lo, r->excess.hi);
    }
    add_notes(p, t);
    table_note(t, "films: those that all three have measured; excess: mean squared difference from the readers less that between them "
        "(deg², mm²), below 0: closer than readers are");
    return t;
}

/* ---- JSON ---------------------------------------------------------------------------------------------------------------------------- */

static void set(json_t *o, const char *key, quantity q)
{
    json_object_set_new(o, key, q.why ? json_null() : json_real(q.value));
    if (!q.why) return;
    char *why = xprintf("%s_why", key);
    json_object_set_new(o, why, json_string(q.why)), free(why);
}

static void set_pair(json_t *o, const char *key, quantity lo, quantity hi)
{
    const char *missing = lo.why ? lo.why : hi.why;
    json_object_set_new(o, key, missing ? json_null() : json_pack("[f,f]", lo.value, hi.value));
    if (!missing) return;
    char *why = xprintf("%s_why", key);
    json_object_set_new(o, why, json_string(missing)), free(why);
}

/* NAME and NAME_ci */
static void set_bounded(json_t *o, const char *key, bounded b)
{
    char *ci = xprintf("%s_ci", key);
    set(o, key, b.value), set_pair(o, ci, b.lo, b.hi), free(ci);
}

static json_t *readers_json(const triad *t)
{
    json_t *o = json_object();
    json_object_set_new(o, "n", json_integer(t->n));
    set_bounded(o, "prediction_reader1", t->ai_r1), set_bounded(o, "prediction_reader2", t->ai_r2),
        set_bounded(o, "reader1_reader2", t->r1_r2);
    set_bounded(o, "excess", t->excess);
    return o;
}

static json_t *row_json(const parameters *p, const parameter_row *r)
{
    const agreement *a = &r->of;
    json_t *o = json_object();
    json_object_set_new(o, "name", json_string(readings_name(r->parameter)));
    json_object_set_new(o, "unit", json_string(unit_of(r)));
    const struct { const char *key; int64_t n; } counts[] = { { "films", a->films }, { "n", a->n }, { "failed", a->failed }, { "patients",
        a->patients } };
    for (int i = 0; i < 4; i++) json_object_set_new(o, counts[i].key, json_integer(counts[i].n));
    set_bounded(o, "failure_rate", a->failure), set_bounded(o, "MAE", a->mae), set_bounded(o, "bias", a->bias);
    const struct { const char *key; quantity q; } single[] = { { "SD", a->sd_abs }, { "median", a->median }, { "P90", a->p90 }, { "max",
        a->max }, { "RMSE", a->rmse },
        { "SD_error", a->sd }, { "slope", a->slope }, { "spearman", a->spearman }, { "CCC", a->ccc }, { "SEM", a->sem },
            { "SEM_consistency", a->sem_consistency },
        { "MDC95", a->mdc }, { "p", r->bias.p }, { "p_holm", r->bias_holm } };
    for (size_t i = 0; i < sizeof single / sizeof *single; i++) set(o, single[i].key, single[i].q);
    set_pair(o, "loa", a->loa_low.value, a->loa_high.value), set_pair(o, "loa_low_ci", a->loa_low.lo, a->loa_low.hi),
        set_pair(o, "loa_high_ci", a->loa_high.lo, a->loa_high.hi);
    set_bounded(o, "pearson", a->pearson);
    for (int i = 0; i < ICCS; i++) set_bounded(o, icc_names[i], a->icc[i]);
    for (int i = 0; i < WITHINS; i++) {
        char *key = xprintf("within%g", p->o.agreement.limit[i]), *all = xprintf("%s_of_all", key);
        set_bounded(o, key, a->within[i]), set_bounded(o, all, a->within_all[i]);
        free(key), free(all);
    }
    if (p->readers == 2) json_object_set_new(o, "readers", readers_json(&r->readers));
    if (p->o.margin > 0) set(o, "p_equivalence", r->same.p), set(o, "p_equivalence_holm", r->same_holm);
    if (p->o.published) set(o, "published", isnan(r->published) ? quantity_missing("not published") : quantity_of(r->published));
    return o;
}

json_t *parameters_json(const parameters *p)
{
    json_t *list = json_array();
    for (int i = 0; i < p->n; i++) json_array_append_new(list, row_json(p, &p->row[i]));
    return list;
}
