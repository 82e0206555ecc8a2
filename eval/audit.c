/* audit.c - reads a table, holds the list of rules, collects what they say; see audit.h. */
#include "eval/audit_parts.h"
#include "geometry/geometry.h"
#include <ctype.h>
#include <stdarg.h>

const audit_rule audit_rules[] = {
    { "pi_identity", audit_pi, "PI = PT + SS in every row, within 0.05 degrees; a warning where only the printed digits break it" },
    { "pi_missing", audit_pi_missing, "PT and SS are given without PI" },
    { "mean_difference", audit_differences, "a row or column of differences is the difference of the two before it, in value and in sign" },
    { "mixed_units", audit_units_mixed, "lengths are not averaged with angles" },
    { "gap_sum", audit_gap, "the GAP total is the sum of its five scores" },
    { "row_alignment", audit_alignment, "columns of one parameter correlate (r > 0.5) and spread alike, or rows belong to different "
        "patients" },
    { "average", audit_averages, "averages follow from the figures they average, and are rounded, not cut off" },
    { "mae_bias", audit_mae_bias, "MAE is at least |bias| and at most RMSE" },
    { "ratio", audit_ratios, "SD of |error| at most 1.5 MAE; relative gains and LDI follow from the figures beside them" },
    { "percent_points", audit_gains, "a gain in percent is relative, not in points" },
    { "percent_of_n", audit_feasible, "a share is k of n for a whole number k and the n that is declared" },
    { "signed_mean", audit_coverage, "a mean difference is a bias, not an error; and what share of cases it stands for" },
    { "split_sum", audit_splits, "training, validation and test add up to the total; no part has more images than exist" },
    { "duplicate", audit_duplicates, "no figure of four or more digits stands twice in a column" },
    { "range", audit_ranges, "low below high; no range printed for several quantities; the example lies inside" },
    { "unit_missing", audit_units, "every value has a unit where the table has a column for it" },
    { "class_count", audit_counts, "the number of classes is the length of their list" },
    { "n_missing", audit_n_missing, "a mean comes with n and a spread" },
    { "decimal_comma", audit_commas, "numbers have decimal points" },
    { 0 }
};

void audit_say(audit *a, const char *rule, int error, int row, int column, const char *fmt, ...)
{
    va_list args;
    char *text;
    va_start(args, fmt);
    if (vasprintf(&text, fmt, args) < 0) die_machine("out of memory");
    va_end(args);
    a->f = xgrow(a->f, (size_t)(a->n + 1) * sizeof *a->f);
    a->f[a->n++] = (audit_finding){ rule, error, row, column < 0 ? NULL : xdup(a->t.name[column]), text };
    a->errors += error;
}

int audit_word(const char *text, const char *word)
{
    size_t n = strlen(word);
    for (const char *p = text; *p; p++)
        if ((p == text || !isalnum((unsigned char)p[-1])) && !strncasecmp(p, word, n) && !isalnum((unsigned char)p[n])) return 1;
    return 0;
}

int audit_column(const audit *a, const char *words)
{
    char *copy = xdup(words), *save;
    int found = -1;
    for (char *w = strtok_r(copy, " ", &save); w && found < 0; w = strtok_r(NULL, " ", &save))
        for (int i = 0; i < a->t.ncols && found < 0; i++) if (audit_word(a->t.name[i], w)) found = i;
    free(copy);
    return found;
}

/* "SVA_S1 (mm)" without its unit. */
static void bare(const char *heading, char out[64])
{
    snprintf(out, 64, "%.*s", (int)strcspn(heading, "(["), heading);
    for (size_t n = strlen(out); n && out[n - 1] == ' ';) out[--n] = 0;
}

int audit_named(const audit *a, const char *name, const char *suffix)
{
    char want[64], have[64];
    snprintf(want, sizeof want, "%s%s", name, suffix);
    for (int i = 0; i < a->t.ncols; i++) if (bare(a->t.name[i], have), !strcmp(have, want)) return i;
    return -1;
}

int audit_numeric(const audit *a, int column)
{
    int numbers = 0, filled = 0;
    for (int i = 0; i < a->t.nrows; i++) filled += *csv_cell(&a->t, i, column) != 0, numbers += audit_has(a, i, column);
    return 2 * numbers > filled;
}

int audit_decimals(const audit *a, int column)
{
    int most = 0;
    for (int i = 0; i < a->t.nrows; i++) if (audit_has(a, i, column) && audit_at(a, i, column)->decimals > most)
        most = audit_at(a, i, column)->decimals;
    return most;
}

const char *audit_label(const audit *a, int row, char room[32])
{
    const char *first = csv_cell(&a->t, row, 0);
    if (*first && !audit_has(a, row, 0)) return first;
    snprintf(room, 32, "row %d", row + 1);
    return room;
}

int audit_row(const audit *a, const char *word, int from)
{
    for (int i = from; i < a->t.nrows; i++) if (audit_word(csv_cell(&a->t, i, 0), word)) return i;
    return -1;
}

const char *audit_unit(const char *heading)
{
    char name[64];
    bare(heading, name);
    name[strcspn(name, "_ ")] = 0;
    int p = geo_parameter_find(name);
    return p >= 0 ? geo_parameter_unit(p) : !strcasecmp(name, "cobb") ? "deg" : NULL;
}

/* "12.50", "+3.27%", "4.54% inc" */
static audit_cell parse(const char *s)
{
    audit_cell c = { 0 };
    s += strspn(s, " ");
    size_t n = strspn(s, "+-0123456789.eE");
    char word[64], *end;
    if (!n || n >= sizeof word || !strpbrk(s, "0123456789")) return c;
    snprintf(word, sizeof word, "%.*s", (int)n, s);
    double value = strtod(word, &end);
    const char *rest = s + n + strspn(s + n, " "), *point = strchr(word, '.');
    const char *power = strpbrk(word, "eE");
    if (*end || !isfinite(value) || (*rest && *rest != '%') || (power && strlen(power) > 5)) return c;
    return (audit_cell){ 1, (point ? (int)strspn(point + 1, "0123456789") : 0) - (power ? atoi(power + 1) : 0), *rest == '%', value };
}

/* Rows belong together by their place, columns by their names. */
static void check_reference(const audit *a, const char *path, const char *reference)
{
    int shared = 0;
    if (a->t.nrows != a->reference.nrows)
        die_at("--reference", "%s has %d rows, %s has %d: wanted the same films in the same order", reference, a->reference.nrows, path, a->t.nrows);
    for (int k = 0; k < a->t.ncols; k++) shared += audit_unit(a->t.name[k]) && csv_column(&a->reference, a->t.name[k]) >= 0;
    if (!shared) die_at("--reference", "%s and %s share no column of parameters", reference, path);
}

audit audit_table(const char *path, const char *reference)
{
    enum { MOST_ROWS = 20000, MOST_COLUMNS = 1000 };             /* some rules look at pairs of rows or columns */
    audit a = { .t = csv_read(path) };
    if (reference) a.reference = csv_read(reference);
    if (a.t.nrows > MOST_ROWS || a.t.ncols > MOST_COLUMNS)
        die("%s: got %d rows and %d columns, wanted a table of results: at most %d and %d", path, a.t.nrows, a.t.ncols, MOST_ROWS, MOST_COLUMNS);
    a.cell = xalloc_n((size_t)(a.t.nrows * a.t.ncols), sizeof *a.cell);
    for (int i = 0; i < a.t.nrows * a.t.ncols; i++) a.cell[i] = parse(a.t.cell[i]);
    if (reference) check_reference(&a, path, reference);
    for (const audit_rule *r = audit_rules; r->id; r++) r->look(&a);
    return a;
}

void audit_free(audit *a)
{
    for (int i = 0; i < a->n; i++) free(a->f[i].column), free(a->f[i].text);
    csv_free(&a->t), csv_free(&a->reference), free(a->cell), free(a->f);
    *a = (audit){ 0 };
}
