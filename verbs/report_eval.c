/* report_eval.c - an evaluation in an HTML report, from the eval.json that `eval --out` writes: tables by class, distributions, failures. The
 * trap: the file may be anybody's. Whatever is not there or is of another kind is a missing cell, never a crash. */
#include "verbs/report.h"
#include "base/die.h"
#include "eval/html.h"
#include "eval/html_plots.h"
#include "eval/table.h"
#include "verbs/report_cells.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const json_t *at(const json_t *o, const char *key) { return json_object_get(o, key); }

/* ---- tables -------------------------------------------------------------------------------------------------------------------------- */

/* A column of a class table: a text, a count, the mean over images, or another member of a metric's summary. */
typedef struct column { const char *name, *metric, *member; enum column_kind kind; int length; } column;

static const column overlap[] = { { "class", NULL, NULL, COLUMN_TEXT, 0 }, { "n", "DSC", "n", COLUMN_COUNT, 0 }, { "DSC", "DSC", "mean",
    COLUMN_NUMBER, 0 },
    { "SD", "DSC", "sd", COLUMN_NUMBER, 0 }, { "95 % CI", "DSC", "ci", COLUMN_RANGE, 0 }, { "median", "DSC", "median", COLUMN_NUMBER, 0 },
    { "worst", "DSC", "min", COLUMN_NUMBER, 0 }, { "IoU", "IoU", NULL, COLUMN_SPREAD, 0 }, { "precision", "precision", NULL,
        COLUMN_SPREAD, 0 },
    { "recall", "recall", NULL, COLUMN_SPREAD, 0 }, { 0 } };
static const column borders[] = { { "class", NULL, NULL, COLUMN_TEXT, 0 }, { "n", "HD95", "n", COLUMN_COUNT, 0 }, { "HD95", "HD95", NULL,
    COLUMN_SPREAD, 1 },
    { "HD95, penalised", "HD95_penalised", NULL, COLUMN_SPREAD, 1 }, { "ASSD", "ASSD", NULL, COLUMN_SPREAD, 1 },
    { "ASSD, penalised", "ASSD_penalised", NULL, COLUMN_SPREAD, 1 }, { "NSD", "NSD", NULL, COLUMN_SPREAD, 0 }, { 0 } };

static void class_row(table *t, const column *c, const char *name, const json_t *of)
{
    for (table_text(t, name), c++; c->name; c++) {
        const json_t *m = at(of, c->metric);
        if (c->kind == COLUMN_SPREAD) cell_pair(t, cell_quantity(m, "mean"), cell_quantity(m, "sd"));
        else if (c->kind == COLUMN_RANGE) cell_interval(t, m, c->member);
        else if (c->kind == COLUMN_NUMBER) table_quantity(t, cell_quantity(m, c->member));
        else cell_count(t, m, c->member);
    }
}

static void class_table(FILE *f, const json_t *eval, const char *title, const column *c, const char *note)
{
    table *t = table_new(title);
    const json_t *classes = at(eval, "classes");
    for (const column *k = c; k->name; k++) table_column(t, k->name, k->length ? cell_text(eval, "units", "") : "", k->kind,
        k->length ? 2 : 3);
    for (size_t i = 0; i < json_array_size(classes); i++) class_row(t, c, cell_text(json_array_get(classes, i), "name", "?"),
        json_array_get(classes, i));
    if (json_array_size(classes) > 1) table_rule(t), class_row(t, c, "mean over classes", at(eval, "overall"));
    table_note(t, note), table_html(t, f);
    table_free(t);
}

static void class_tables(FILE *f, const json_t *eval)
{
    const quantity draws = cell_quantity(eval, "draws"), seed = cell_quantity(eval, "seed"), tau = cell_quantity(eval, "tau");
    char *how = xprintf("95 %% CI: BCa bootstrap over patients, %.0f draws, seed %.0f", draws.value, seed.value);
    char *near = xprintf("n: images with the class in both maps; penalised: the image diagonal where only one has it; NSD: within %g %s",
        tau.value,
                         cell_text(eval, "units", ""));
    class_table(f, eval, "Overlap by class, mean ± SD over images", overlap, how);
    class_table(f, eval, "Borders by class, mean ± SD over images", borders, near);
    free(how), free(near);
}

/* ---- figures ------------------------------------------------------------------------------------------------------------------------- */

/* One metric of every case, a row a class. */
static void strips(FILE *f, const json_t *eval, const char *metric, const char *unit, double low, double high)
{
    const json_t *classes = at(eval, "classes"), *cases = at(eval, "cases");
    const size_t nc = json_array_size(classes), n = json_array_size(cases);
    plot_group *g = xalloc_n(nc, sizeof *g);
    double *x = xalloc_n(nc * n, sizeof *x);
    for (size_t k = 0; k < nc; k++) {
        for (size_t i = 0; i < n; i++) {
            const quantity q = cell_quantity(json_array_get(at(json_array_get(cases, i), "classes"), k), metric);
            x[k * n + i] = q.why ? NAN : q.value;
        }
        g[k] = (plot_group){ cell_text(json_array_get(classes, k), "name", "?"), x + k * n, (int64_t)n };
    }
    char *title = xprintf("%s by class", metric), *label = *unit ? xprintf("%s (%s)", metric, unit) : xdup(metric);
    html_strips(f, title, label, g, (int)nc, low, high);
    free(title), free(label), free(g), free(x);
}

static void tile(FILE *f, const char *what, quantity q, const char *form, const char *unit)
{
    char *number = q.why ? xdup("–") : xprintf(form, q.value);
    fputs("<div class=\"tile\"><b>", f), html_text(f, number), html_text(f, unit), fputs("</b><span>", f);
    html_text(f, what), fputs("</span></div>\n", f);
    free(number);
}

void report_headline(FILE *f, const json_t *eval)
{
    static const char *const keys[] = { "DSC", "HD95", "NSD" }, *const names[] = { "mean DSC over classes", "mean HD95 over classes",
        "mean NSD over classes" };
    char *unit = xprintf(" %s", cell_text(eval, "units", ""));
    fputs("<div class=\"tiles\">", f);
    tile(f, "images", quantity_of((double)json_array_size(at(eval, "cases"))), "%.0f", "");
    tile(f, "patients", cell_quantity(eval, "patients"), "%.0f", "");
    for (int i = 0; i < 3; i++) tile(f, names[i], cell_quantity(at(at(eval, "overall"), keys[i]), "mean"), i == 1 ? "%.1f" : "%.3f",
        i == 1 ? unit : "");
    fputs("</div>\n", f);
    free(unit);
}

/* Where no label maps were compared: readers' files, or COCO's. */
static void parameter_headline(FILE *f, const json_t *eval)
{
    const json_t *rows = at(eval, "parameters");
    double films = 0;
    for (size_t i = 0; i < json_array_size(rows); i++) {
        const quantity q = cell_quantity(json_array_get(rows, i), "films");
        if (!q.why) films = fmax(films, q.value);
    }
    if (!json_array_size(rows)) return;
    fputs("<div class=\"tiles\">", f);
    tile(f, "films", quantity_of(films), "%.0f", ""), tile(f, "parameters", quantity_of((double)json_array_size(rows)), "%.0f", "");
    fputs("</div>\n", f);
}

void report_evaluation(FILE *f, int number, const json_t *eval, const char *path)
{
    html_section(f, "evaluation", number, "Evaluation");
    html_paragraph(f, "soft", path);
    if (!json_array_size(at(eval, "cases"))) {
        parameter_headline(f, eval);
        return;
    }
    report_headline(f, eval);
    class_tables(f, eval);
    if (json_array_size(at(eval, "classes"))) {
        fputs("<div class=\"grid\">\n", f);
        strips(f, eval, "DSC", "", 0, 1), strips(f, eval, "HD95", cell_text(eval, "units", ""), 0, 0);
        fputs("</div>\n", f);
    }
}

/* ---- failures ------------------------------------------------------------------------------------------------------------------------ */

/* What went wrong with a class of a case, or NULL: precision has no value where nothing was predicted, recall where nothing was true. */
static const char *failure_of(const json_t *class)
{
    const quantity dsc = cell_quantity(class, "DSC"), precision = cell_quantity(class, "precision");
    const quantity recall = cell_quantity(class, "recall");
    if (dsc.why || dsc.value > 0) return NULL;
    return precision.why ? "missed" : recall.why ? "invented" : "elsewhere: not one pixel in common";
}

void report_failures(FILE *f, int number, const json_t *eval)
{
    enum { MOST = 200 };
    const json_t *cases = at(eval, "cases");
    int found = 0;
    table *t = table_new("");
    table_column(t, "case", "", COLUMN_TEXT, 0), table_column(t, "class", "", COLUMN_TEXT, 0), table_column(t, "what happened", "",
        COLUMN_TEXT, 0);
    for (size_t i = 0; i < json_array_size(cases); i++) {
        const json_t *c = json_array_get(cases, i), *classes = at(c, "classes");
        for (size_t k = 0; k < json_array_size(classes); k++) {
            const char *what = failure_of(json_array_get(classes, k));
            if (!what || found++ >= MOST) continue;
            table_text(t, cell_text(c, "case", "?")), table_text(t, cell_text(json_array_get(classes, k), "name", "?")), table_text(t, what);
        }
    }
    html_section(f, "failures", number, "Failures");
    if (!json_array_size(cases)) {
        html_paragraph(f, "note", "No label maps were compared; what was not measured is listed with the parameters.");
        table_free(t);
        return;
    }
    char *line = xprintf("%d structures of %zu images were missed, invented or found elsewhere%s", found, json_array_size(cases),
                         found > MOST ? "; the first 200 are listed" : "");
    html_paragraph(f, found ? "bad" : "good", line);
    if (found) table_html(t, f);
    table_free(t), free(line);
}

static void settings_line(FILE *f, const char *what, const json_t *of)
{
    const char *given = cell_text(of, "settings", "");
    char *line = *given ? xprintf("%s: %s", what, given) : NULL;
    if (line) html_paragraph(f, "soft", line);
    free(line);
}

void report_provenance(FILE *f, const json_t *eval)
{
    const json_t *from = at(eval, "provenance");
    static const char *const sides[] = { "program", "prediction", "truth", "second_reader", "split", "weights", "cfg" };
    table *t = table_new("What this evaluation was made from");
    int any = 0;
    table_column(t, "", "", COLUMN_TEXT, 0), table_column(t, "which", "", COLUMN_TEXT, 0), table_column(t, "SHA-256", "", COLUMN_TEXT, 0);
    for (size_t i = 0; i < sizeof sides / sizeof *sides; i++) {
        const json_t *side = at(from, sides[i]);
        const char *which = cell_text(side, "path", cell_text(side, "name", cell_text(side, "commit", "")));
        const char *hash = cell_text(side, "sha256", NULL);
        if (!hash) continue;
        table_text(t, sides[i]), table_text(t, which), table_text(t, hash), any = 1;
    }
    if (any) table_html(t, f);
    settings_line(f, "Given to the prediction", at(from, "prediction")), settings_line(f, "Given to the evaluation", from);
    table_free(t);
}
