/* audit.c - `darkspine audit TABLE.csv`: what the figures of a result table contradict. */
#include "verbs/verb.h"
#include "base/die.h"
#include "base/utf8.h"
#include "base/words.h"
#include "eval/audit.h"
#include "verbs/flags.h"
#include "verbs/object.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const flag own[] = {
    { "--reference", "FILE.csv", "a table of the same films in the same order: its columns of the same names must correlate" },
    { "--rules", NULL, "list the rules and what each looks for" },
    { 0 }
};
static const usage how = { "audit", "TABLE.csv",
    "Recomputes what a result table implies and names what does not follow, with the arithmetic: identities, differences, averages,\n"
    "shares of n, ratios, ranges, units, duplicates. Which rules apply follows from the headings; --rules lists them.\n"
    "Exit status 2 where a figure contradicts another (an error); warnings alone are status 0.",
    own, FLAG_JSON | FLAG_QUIET, 0, 1, 0 };

static void list_rules(int json)
{
    json_t *list = json_array();
    for (const audit_rule *r = audit_rules; r->id; r++) {
        object_append(list, json_pack("{s:s, s:s}", "rule", r->id, "text", r->help));
        if (!json) printf("%-16s %s\n", r->id, r->help);
    }
    if (json) object_print(json_pack("{s:O}", "rules", list));
    json_decref(list);
}

static void print_json(const audit *a)
{
    json_t *list = json_array();
    for (int i = 0; i < a->n; i++) {
        const audit_finding *f = &a->f[i];
        char room[32];
        json_t *o = json_pack("{s:s, s:s, s:o, s:o}", "rule", f->rule, "level", f->error ? "error" : "warning", "row",
                              f->row < 0 ? json_null() : json_integer(f->row + 1), "text", object_text(f->text));
        if (f->row < 0) json_object_set_new(o, "row_why", json_string("concerns the table as a whole"));
        else {
            json_object_set_new(o, "line", json_integer(a->t.line[f->row]));
            json_object_set_new(o, "label", object_text(audit_label(a, f->row, room)));
        }
        json_object_set_new(o, "column", f->column ? object_text(f->column) : json_null());
        if (!f->column) json_object_set_new(o, "column_why", json_string("concerns no single column"));
        object_append(list, o);
    }
    object_print(json_pack("{s:o, s:i, s:i}", "findings", list, "errors", a->errors, "warnings", a->n - a->errors));
}

static void print_text(const audit *a, const char *path)
{
    for (int i = 0; i < a->n; i++) {
        const audit_finding *f = &a->f[i];
        char where[32] = "-";
        if (f->row >= 0) snprintf(where, sizeof where, "%d", a->t.line[f->row]);
        char *text = utf8_clean(f->text);
        printf("%-7s  %-15s  line %-4s  %s\n", f->error ? "error" : "warning", f->rule, where, text);
        free(text);
    }
    printf("%s: %d rows, %d errors, %d warnings\n", path, a->t.nrows, a->errors, a->n - a->errors);
}

int verb_audit(int argc, char **argv)
{
    flags *f = flags_parse(&how, argc, argv);
    if (!f) return EXIT_OK;
    if (flags_has(f, "--rules")) return list_rules(flags_has(f, "--json")), flags_free(f), EXIT_OK;
    if (!f->n) die("audit: got 0 inputs, wanted: darkspine audit TABLE.csv");
    audit a = audit_table(f->input[0], flags_text(f, "--reference", NULL));
    if (flags_has(f, "--json")) print_json(&a);
    else print_text(&a, f->input[0]);
    int status = a.errors ? EXIT_INPUT : EXIT_OK;
    if (a.errors) fprintf(stderr, "darkspine: %s: %d contradiction%s\n", f->input[0], a.errors, plural(a.errors));
    audit_free(&a), flags_free(f);
    return status;
}
