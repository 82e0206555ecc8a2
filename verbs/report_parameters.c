/* report_parameters.c - parameters of the spine measured on predicted and on true films, in an HTML report; see report.h. Both sides go through
 * the same measuring, so what differs comes from the network alone. A film counts where the truth has a value; where the prediction then has
 * none it is a failure, and stays in the denominator of every share. */
#include "verbs/report.h"
#include "base/die.h"
#include "eval/html.h"
#include "eval/html_plots.h"
#include "eval/predictions.h"
#include "verbs/measure.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN = 12, TOGETHER = 6 };               /* parameters with an agreement plot; curves in one figure of shares */

/* Values of all parameters (and the Cobb angle, last) on n films: value[side][parameter * n + film], NaN where there is none. */
typedef struct both { int parameters; int64_t n, at; int side; double *value[2]; char (*why)[64]; } both;

static const char *name_of(const both *b, int p) { return p == b->parameters - 1 ? "cobb" : geo_parameter_name(p); }
static const char *unit_of(const both *b, int p) { return p == b->parameters - 1 ? "deg" : geo_parameter_unit(p); }
static const char *sign_of(const char *unit) { return !strcmp(unit, "deg") ? "°" : !strcmp(unit, "percent") ? "%" : unit; }

static void take(void *arg, findings *m, const image *film)
{
    both *b = arg;
    finding *row;
    const int n = findings_rows(m, NULL, &row);
    (void)film;
    for (int i = 0; i < n; i++) {
        const int p = m->frontal ? b->parameters - 1 : geo_parameter_find(row[i].name);
        if (p < 0) continue;
        if (!row[i].v.code) b->value[b->side][p * b->n + b->at] = row[i].v.value;
        else if (b->side == 0) snprintf(b->why[p * b->n + b->at], sizeof *b->why, "%s", row[i].v.error);
    }
    if (m->failed && b->side == 0) for (int p = 0; p < b->parameters; p++) snprintf(b->why[p * b->n + b->at], sizeof *b->why, "%s", m->failed);
    free(row);
}

static both measure_both(const predictions *p, const store *s, int region)
{
    both b = { .parameters = geo_parameters() + 1, .n = predictions_count(p) };
    const size_t room = (size_t)b.parameters * (size_t)b.n;
    for (int k = 0; k < 2; k++) {
        b.value[k] = xalloc_n(room, sizeof **b.value);
        for (size_t i = 0; i < room; i++) b.value[k][i] = NAN;
    }
    b.why = xalloc_n(room, sizeof *b.why);
    classes predicted = predictions_classes(p);
    geo_case *none = geo_case_new();
    if (!none) die_machine("out of memory");
    measure_job job = { .settings = { .region = region, .facing = -2, .cobb = -1, .age = -1, .base = none }, .each = take, .arg = &b };
    for (b.at = 0; b.at < b.n; b.at++) {
        const char *stem = predictions_stem(p, b.at);
        const int64_t i = store_find(s, stem);
        image film = { .bits = 8 };
        predictions_size(p, b.at, &film.h, &film.w);
        if (i < 0 || store_at(s, i)->h != film.h || store_at(s, i)->w != film.w) continue;
        geo_case *base;
        measure_job own = job;
        own.settings = measure_settings_case(&job.settings, s, i, &base);
        uint8_t *labels = xalloc_n((size_t)film.h, (size_t)film.w);
        predictions_read(p, b.at, labels);
        b.side = 0, measure_segmentation(&own, "predictions", stem, &film, &(segmentation){ .labels = labels }, &predicted);
        b.side = 1, measure_case(&job, s, i, store_classes(s));
        free(labels), geo_case_free(base);
    }
    geo_case_free(none), classes_free(&predicted);
    return b;
}

/* The films with a true value (all) and, of these, both values side by side: a predicted, c true, e their absolute difference. */
typedef struct paired { int p; int64_t n, all; double *a, *c, *e; } paired;

static paired pair_up(const both *b, int p)
{
    paired r = { .p = p, .a = xalloc_n((size_t)b->n, 8), .c = xalloc_n((size_t)b->n, 8), .e = xalloc_n((size_t)b->n, 8) };
    for (int64_t i = 0; i < b->n; i++) {
        const double pred = b->value[0][p * b->n + i], truth = b->value[1][p * b->n + i];
        if (!isfinite(truth)) continue;
        r.all++;
        if (isfinite(pred)) r.a[r.n] = pred, r.c[r.n] = truth, r.e[r.n++] = fabs(pred - truth);
    }
    return r;
}

static void row_of(table *t, const both *b, const paired *r)
{
    static const char few[] = "fewer than two films";
    double *gap = xalloc_n((size_t)r->n, 8), *sorted = xalloc_n((size_t)r->n, 8), within = 0;
    for (int64_t i = 0; i < r->n; i++) gap[i] = r->a[i] - r->c[i], sorted[i] = r->e[i], within += r->e[i] <= 5;
    stats_sort(sorted, r->n);
    table_text(t, name_of(b, r->p)), table_text(t, sign_of(unit_of(b, r->p))), table_count(t, r->all), table_count(t, r->all - r->n);
    if (r->n < 2) for (int i = 0; i < 7; i++) table_missing(t, few);
    else {
        const double bias = stats_mean(gap, r->n), sd = stats_sd(gap, r->n);
        table_numbers(t, stats_mean(sorted, r->n), stats_sd(sorted, r->n));
        table_number(t, stats_percentile(sorted, r->n, 50)), table_number(t, stats_percentile(sorted, r->n, 90)), table_number(t, sorted[r->n - 1]);
        table_number(t, bias), table_numbers(t, bias - 1.96 * sd, bias + 1.96 * sd), table_number(t, 100 * within / (double)r->all);
    }
    free(gap), free(sorted);
}

static void error_table(FILE *f, FILE *text, const both *b, const paired *r, int n)
{
    static const struct { const char *name, *unit; enum column_kind kind; int decimals; } columns[] = { { "parameter", "", COLUMN_TEXT, 0 },
        { "unit", "", COLUMN_TEXT, 0 }, { "films", "", COLUMN_COUNT, 0 }, { "failed", "", COLUMN_COUNT, 0 }, { "MAE", "", COLUMN_SPREAD, 2 },
        { "median", "", COLUMN_NUMBER, 2 }, { "P90", "", COLUMN_NUMBER, 2 }, { "worst", "", COLUMN_NUMBER, 2 }, { "bias", "", COLUMN_NUMBER, 2 },
        { "limits of agreement", "", COLUMN_RANGE, 2 }, { "within 5", "%", COLUMN_NUMBER, 1 } };
    table *t = table_new("Errors, predicted - true");
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++) table_column(t, columns[i].name, columns[i].unit, columns[i].kind, columns[i].decimals);
    for (int i = 0; i < n; i++) row_of(t, b, &r[i]);
    table_note(t, "films: those whose truth has a value; failed: the prediction gave none; MAE ± SD of the absolute error over the others; within 5 "
                  "units: share of all films, failed ones included");
    table_html(t, f), table_write(t, text, TABLE_PLAIN);
    table_free(t);
}

/* The shares of one unit, a few parameters at a time. */
static void shares(FILE *f, const both *b, const paired *r, int n, const char *unit)
{
    html_errors e[TOGETHER];
    int k = 0;
    for (int i = 0; i <= n; i++) {
        if (i < n && !strcmp(unit_of(b, r[i].p), unit)) e[k++] = (html_errors){ name_of(b, r[i].p), r[i].e, r[i].n, r[i].all };
        if (k && (k == TOGETHER || i == n)) html_error_shares(f, "Share of films within an error", sign_of(unit), e, k), k = 0;
    }
}

static int failed(const both *b, int64_t at) { return isfinite(b->value[1][at]) && !isfinite(b->value[0][at]); }

/* Film by film, the parameters that one reason stands in the way of. */
static void failed_table(FILE *f, const both *b, const paired *r, int n, const predictions *p)
{
    enum { MOST = 200 };
    int64_t found = 0;
    table *t = table_new("Not measured on the prediction");
    table_column(t, "case", "", COLUMN_TEXT, 0), table_column(t, "why", "", COLUMN_TEXT, 0), table_column(t, "parameters", "", COLUMN_TEXT, 0);
    for (int64_t i = 0; i < b->n; i++)
        for (int k = 0; k < n; k++) {
            char *names = NULL;
            for (int j = 0; j < n; j++) {
                const int64_t at = r[j].p * b->n + i, own = r[k].p * b->n + i;
                if (!failed(b, at) || !failed(b, own) || strcmp(b->why[at], b->why[own])) continue;
                if (j < k) { free(names), names = NULL; break; }             /* told with parameter j */
                char *more = names ? xprintf("%s, %s", names, name_of(b, r[j].p)) : xdup(name_of(b, r[j].p));
                free(names), names = more;
            }
            if (!names || found++ >= MOST) { free(names); continue; }
            const char *why = b->why[r[k].p * b->n + i];
            table_text(t, predictions_stem(p, i)), table_text(t, *why ? why : "not found"), table_text(t, names);
            free(names);
        }
    if (found > MOST) table_note(t, "the first 200 are listed");
    if (found) table_html(t, f);
    table_free(t);
}

static void figures(FILE *f, const both *b, const paired *r, int n)
{
    static const char *const units[] = { "deg", "mm", "percent", "ratio" };
    fputs("<div class=\"grid\">\n", f);
    for (int u = 0; u < 4; u++) shares(f, b, r, n, units[u]);
    for (int i = 0, shown = 0; i < n && shown < SHOWN; i++) {
        if (r[i].n < 3) continue;
        html_agreement(f, name_of(b, r[i].p), sign_of(unit_of(b, r[i].p)), r[i].a, r[i].c, r[i].n), shown++;
    }
    fputs("</div>\n", f);
}

static void compare(FILE *f, FILE *text, const predictions *p, const store *s, int region)
{
    both b = measure_both(p, s, region);
    paired *r = xalloc_n((size_t)b.parameters, sizeof *r);
    int n = 0;
    for (int i = 0; i < b.parameters; i++) {
        r[n] = pair_up(&b, i);
        if (r[n].all) n++;
        else free(r[n].a), free(r[n].c), free(r[n].e);
    }
    if (n) error_table(f, text, &b, r, n), figures(f, &b, r, n), failed_table(f, &b, r, n, p);
    else html_paragraph(f, "note", "None: on no film do the true structures give a parameter.");
    for (int i = 0; i < n; i++) free(r[i].a), free(r[i].c), free(r[i].e);
    free(r), free(b.value[0]), free(b.value[1]), free(b.why);
}

void report_parameters(FILE *f, FILE *text, int number, const char *pred, const char *truth, int region)
{
    html_section(f, "parameters", number, "Parameters");
    if (!pred || !truth) {
        html_paragraph(f, "note", !pred ? "None: there is no predictions.h5 of these cases in this folder." :
                       "None: the store with the true films was not found; --truth names it.");
        return;
    }
    html_paragraph(f, "soft", "Measured the same way on the predicted and on the true structures; differences are predicted - true.");
    predictions *p = predictions_open(pred);
    store *s = store_open(truth);
    compare(f, text, p, s, region);
    predictions_close(p), store_close(s);
}
