/* report_instances.c - what a detector's objects are worth, in an HTML report, from `instances` and `levels` of eval.json; see report.h. */
#include "verbs/report.h"
#include "base/die.h"
#include "eval/table.h"
#include "verbs/report_cells.h"
#include <stdlib.h>

static const struct { const char *key, *name; } kinds[] = { { "bbox", "boxes" }, { "segm", "masks" } };
enum { KINDS = sizeof kinds / sizeof *kinds };

static const json_t *at(const json_t *o, const char *key) { return json_object_get(o, key); }

static void precision_table(FILE *f, const json_t *o)
{
    static const char *const figures[] = { "AP", "AP50", "AP75", "AP_small", "AP_medium", "AP_large", "AR1", "AR10", "AR100" };
    enum { FIGURES = sizeof figures / sizeof *figures };
    table *t = table_new("Average precision and recall over the thresholds of overlap 0.50 to 0.95");
    table_column(t, "compared", "", COLUMN_TEXT, 0);
    for (int k = 0; k < FIGURES; k++) {
        table_column(t, figures[k], "", COLUMN_NUMBER, 3);
        if (!k) table_column(t, "95 % CI", "", COLUMN_RANGE, 3);
    }
    for (int i = 0; i < KINDS; i++) {
        const json_t *of = at(o, kinds[i].key);
        if (!json_is_object(of)) continue;
        table_text(t, kinds[i].name);
        for (int k = 0; k < FIGURES; k++) {
            table_quantity(t, cell_quantity(of, figures[k]));
            if (!k) cell_interval(t, of, "AP_ci");
        }
    }
    table_html(t, f), table_free(t);
}

static const json_t *of_value(const json_t *list, const json_t *value)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (json_equal(at(json_array_get(list, i), "value"), value)) return json_array_get(list, i);
    return NULL;
}

static void class_table(FILE *f, const json_t *o)
{
    static const char *const shares[] = { "PQ", "SQ", "RQ" }, *const counts[] = { "TP", "FP", "FN" };
    const json_t *list = at(at(o, cell_text(o, "compared", "")), "classes"), *quality = at(o, "panoptic");
    char *note = xprintf("panoptic quality: of predictions with a score of %g and more", cell_quantity(o, "score").value);
    table *t = table_new("Instances by class");
    table_column(t, "class", "", COLUMN_TEXT, 0), table_column(t, "true", "", COLUMN_COUNT, 0);
    table_column(t, "predicted", "", COLUMN_COUNT, 0);
    table_column(t, "AP", "", COLUMN_NUMBER, 3), table_column(t, "AP50", "", COLUMN_NUMBER, 3);
    for (int k = 0; k < 3; k++) table_column(t, shares[k], "", COLUMN_NUMBER, 3);
    for (int k = 0; k < 3; k++) table_column(t, counts[k], "", COLUMN_COUNT, 0);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *c = json_array_get(list, i), *q = of_value(at(quality, "classes"), at(c, "value"));
        table_text(t, cell_text(c, "name", "?")), cell_count(t, c, "truths"), cell_count(t, c, "predictions");
        table_quantity(t, cell_quantity(c, "AP")), table_quantity(t, cell_quantity(c, "AP50"));
        for (int k = 0; k < 3; k++) table_quantity(t, cell_quantity(q, shares[k]));
        for (int k = 0; k < 3; k++) cell_count(t, q, counts[k]);
    }
    table_note(t, note), table_html(t, f);
    table_free(t), free(note);
}

static void detection_table(FILE *f, const json_t *o)
{
    static const struct { const char *key, *name; } rates[] = { { "detected", "detected, of the true objects" },
        { "named", "detected by its own class" }, { "centred", "with a centre of a prediction inside" },
        { "extra", "predictions that detect nothing, a film" } };
    table *t = table_new("Are the objects found?");
    table_column(t, "objects", "", COLUMN_TEXT, 0), table_column(t, "rate", "", COLUMN_NUMBER, 3);
    table_column(t, "95 % CI", "", COLUMN_RANGE, 3);
    for (size_t k = 0; k < sizeof rates / sizeof *rates; k++) {
        char *interval = xprintf("%s_ci", rates[k].key);
        table_text(t, rates[k].name), table_quantity(t, cell_quantity(o, rates[k].key)), cell_interval(t, o, interval);
        free(interval);
    }
    table_html(t, f), table_free(t);
}

static void level_table(FILE *f, const json_t *o)
{
    table *t = table_new("Levels named right");
    table_column(t, "within", "mm", COLUMN_NUMBER, 0), table_column(t, "identified", "", COLUMN_NUMBER, 3);
    table_column(t, "95 % CI", "", COLUMN_RANGE, 3);
    table_column(t, "off by one", "", COLUMN_NUMBER, 3), table_column(t, "films all right", "", COLUMN_NUMBER, 3);
    for (size_t i = 0; i < json_array_size(at(o, "limits")); i++) {
        const json_t *row = json_array_get(at(o, "limits"), i);
        table_quantity(t, cell_quantity(row, "limit")), table_quantity(t, cell_quantity(row, "identified"));
        cell_interval(t, row, "identified_ci");
        table_quantity(t, cell_quantity(row, "off_by_one")), table_quantity(t, cell_quantity(row, "whole_films"));
    }
    table_html(t, f), table_free(t);
}

void report_instances(FILE *f, const json_t *eval)
{
    const json_t *o = at(eval, "instances"), *levels = at(eval, "levels");
    if (json_is_object(o)) precision_table(f, o), class_table(f, o), detection_table(f, at(o, "detection"));
    if (json_is_object(levels)) level_table(f, levels);
}
