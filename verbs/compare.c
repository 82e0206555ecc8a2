/* compare.c - `darkspine compare A B`: which of two methods is better on the same films, by how much, and whether it could be chance. */
#include "eval/compare.h"
#include "base/die.h"
#include "base/file.h"
#include "verbs/compute.h"
#include "verbs/flags.h"
#include "verbs/object.h"
#include "verbs/verb.h"
#include <stdlib.h>
#include <string.h>

static const flag own[] = {
    { "--only", "SUFFIX", "only the films whose names end so, as they are in A and in B (`synth pairs=1`: _implants)" },
    { "--twins", "SUFFIX", "A's films whose names end so against B's of the same names without it; those without a twin are left out" },
    { 0 }
};
static const usage how = { "compare", "A B",
    "Compares two methods on the same films. A and B are eval.json files, folders of `eval --out`, or what `eval --json` printed.\n"
    "Overlap is compared class by class; errors of the parameters at common coverage, on the films that both have measured, with each\n"
    "one's failures beside them. Differences are A - B, with intervals and tests by patient, corrected (Holm) over the rows of a table. --out DIR writes\n"
    "compare-classes and compare-parameters as .txt .md .csv .tex, and compare.json.",
    own, FLAG_JSON | FLAG_QUIET | FLAG_FORCE | FLAG_OUT | FLAG_COMPUTE | FLAG_NO_NET, 2, 2, 0 };

enum { DRAWS = 10000 };
static const char *const stems[] = { "compare-classes", "compare-parameters" };

static json_t *evaluation_read(const char *path)
{
    json_error_t e;
    char *file = file_is_folder(path) ? path_join(path, "eval.json") : xdup(path);
    char *text = text_read(file, (size_t)1 << 30);
    json_t *o = json_loads(text, JSON_REJECT_DUPLICATES, &e);
    if (!o) die("%s:%d: %s", file, e.line, e.text);
    free(text), free(file);
    return o;
}

/* Of a list of an evaluation, the rows whose case's name ends so (with: 1) or does not; the ending is taken off. */
static void keep_rows(json_t *rows, const char *ending, int with)
{
    const size_t tail = strlen(ending);
    for (size_t i = json_array_size(rows); i-- > 0;) {
        json_t *row = json_array_get(rows, i), *name = json_object_get(row, "case");
        const size_t n = json_string_length(name);
        const int ends = n > tail && !strcmp(json_string_value(name) + n - tail, ending);
        if (ends != with) json_array_remove(rows, i);
        else if (ends) json_object_set_new(row, "case", json_stringn(json_string_value(name), n - tail));
    }
}

static void keep(json_t *o, const char *ending, int with)
{
    keep_rows(json_object_get(o, "cases"), ending, with), keep_rows(json_object_get(o, "values"), ending, with);
}

/* Of a list of a, the rows of films that b's list has too. */
static void keep_common(json_t *a, const json_t *b, const char *list)
{
    json_t *rows = json_object_get(a, list), *there = json_object();
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(b, list), i, row) {
        const char *name = json_string_value(json_object_get(row, "case"));
        if (name) json_object_set_new(there, name, json_true());
    }
    for (i = json_array_size(rows); i-- > 0;) {
        const char *name = json_string_value(json_object_get(json_array_get(rows, i), "case"));
        if (name && !json_object_get(there, name)) json_array_remove(rows, i);
    }
    json_decref(there);
}

static void choose_films(const flags *f, json_t *a, json_t *b)
{
    const char *only = flags_text(f, "--only", NULL), *twins = flags_text(f, "--twins", NULL);
    if (only && twins) die_at("--twins", "got it beside --only, wanted one of them");
    if (only) keep(a, only, 1), keep(b, only, 1);
    if (!twins) return;
    static const char *const lists[] = { "cases", "values" };
    keep(a, twins, 1), keep(b, twins, 0);
    for (int k = 0; k < 2; k++) keep_common(a, b, lists[k]), keep_common(b, a, lists[k]);
}

/* One table in one form; where: its path. */
static void each_file(const flags *f, const char *folder, table *const t[2], const json_t *o)
{
    for (int k = 0; k < 2; k++)
        for (enum table_form form = 0; form < TABLE_FORMS; form++) {
            char *name = xprintf("%s.%s", stems[k], table_suffix[form]), *path = path_join(folder, name);
            if (!o) flags_may_write(f, path);
            else if (t[k]) {
                FILE *out = file_begin(path);
                table_write(t[k], out, form);
                file_commit(out, path);
            }
            free(name), free(path);
        }
    char *path = path_join(folder, "compare.json");
    if (o) object_write(o, path);
    else flags_may_write(f, path);
    free(path);
}

int verb_compare(int argc, char **argv)
{
    flags *f = flags_parse(&how, argc, argv);
    if (!f) return EXIT_OK;
    compute_on_cpu(f);
    const char *folder = flags_text(f, "--out", NULL);
    if (folder) each_file(f, folder, (table *[2]){ 0 }, NULL);
    json_t *a = evaluation_read(f->input[0]), *b = evaluation_read(f->input[1]);
    choose_films(f, a, b);
    comparison c = comparison_of(a, f->input[0], b, f->input[1], DRAWS, (uint64_t)flags_int(f, "--seed", 1, 0, INT64_MAX));
    if (!c.nclasses && !c.nparameters) die("%s and %s have no class and no parameter in common", f->input[0], f->input[1]);
    table *t[2] = { comparison_class_table(&c), comparison_parameter_table(&c) };
    json_t *o = comparison_json(&c);
    if (folder) file_make_folders(folder), each_file(f, folder, t, o);
    if (flags_has(f, "--json")) object_print(o);
    else {
        for (int k = 0; k < 2; k++) {
            if (!t[k]) continue;
            if (k && t[0]) putchar('\n');
            table_write(t[k], stdout, TABLE_PLAIN);
        }
        if (*c.left_out) printf("\nnot compared, since only one of the two has it: %s\n", c.left_out);
        json_decref(o);
    }
    for (int k = 0; k < 2; k++) if (t[k]) table_free(t[k]);
    json_decref(a), json_decref(b), comparison_free(&c), flags_free(f);
    return EXIT_OK;
}
