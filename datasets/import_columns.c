/* import_columns.c - what is known of a film beside its pixels: its patient and its pixel spacing, from a column of a table, from a
 * regular expression on its name, or from a CSV file of their own. One place for all kinds of import.
 *
 * The trap is a film that the table does not name: it is a bad case, not one of unknown spacing. An empty cell means not known. */
#include "datasets/import_kinds.h"
#include "base/file.h"
#include "geometry/geometry.h"
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- a CSV file with a column `file` ----------------------------------------------------------------------------------------------- */

static int csv_has(const columns *c, const char *name) { return csv_column(c->table, name) >= 0; }
static char *csv_text(const columns *c, int64_t row, const char *name)
{
    const csv *t = c->table;
    const int k = csv_column(t, name);
    return xdup(k < 0 ? "" : csv_cell(t, (int)row, k));
}

columns columns_csv(const csv *t) { return (columns){ csv_has, csv_text, t, t->line }; }

static const char *base_of(const char *path) { const char *slash = strrchr(path, '/'); return slash ? slash + 1 : path; }

/* Gives every task its row of the table: the cell `file` is the film's name, with folders and suffix or without, or its id. */
static int64_t *rows_of(const tasks *l, const csv *t, const char *path)
{
    const int file = csv_column(t, "file");
    if (file < 0) die("%s:1: no column 'file'%s", path, die_nearest("file", (const char *const *)t->name, t->ncols));
    int64_t *row = xalloc_n((size_t)l->n, sizeof *row);
    for (int64_t i = 0; i < l->n; i++) {
        const char *base = base_of(l->t[i].name);
        char *stem = path_stem(l->t[i].name);
        row[i] = -1;
        for (int r = 0; r < t->nrows && row[i] < 0; r++) {
            const char *cell = csv_cell(t, r, file), *name = base_of(cell);
            if (!strcmp(name, base) || !strcmp(name, stem) || !strcmp(cell, l->t[i].id)) row[i] = r;
        }
        free(stem);
    }
    return row;
}

/* ---- regular expressions ------------------------------------------------------------------------------------------------------------ */

static regex_t compile(const char *flag, const char *text, const char *else_what)
{
    regex_t r;
    int e = regcomp(&r, text, REG_EXTENDED);
    if (e) { char why[128]; regerror(e, &r, why, sizeof why); die_at(flag, "'%s': %s", text, why); }
    if (r.re_nsub < 1) { regfree(&r); die_at(flag, "got '%s', wanted %s", text, else_what); }
    return r;
}

/* Group 1 and group 2 (or group 1 again) of the match in the film's name without its folders; 0 where it does not match. */
static int groups(const regex_t *r, const task *t, char *out[2])
{
    regmatch_t m[3];
    const char *name = base_of(t->name);
    if (regexec(r, name, 3, m, 0) || m[1].rm_so < 0 || m[1].rm_eo == m[1].rm_so) return 0;
    for (int k = 0; k < 2; k++) {
        const regmatch_t *g = &m[k && r->re_nsub > 1 && m[2].rm_so >= 0 ? 2 : 1];
        out[k] = xprintf("%.*s", (int)(g->rm_eo - g->rm_so), name + g->rm_so);
    }
    return 1;
}

/* ---- the patient -------------------------------------------------------------------------------------------------------------------- */

static char *where(const columns *c, const task *t) { return c->line ? xprintf("line %d: ", c->line[t->row]) : xdup(""); }

static void patients_by_column(tasks *l, const columns *c, const char *name)
{
    for (int64_t i = 0; i < l->n; i++) {
        task *t = &l->t[i];
        char *text = t->row < 0 ? xdup("") : c->text(c, t->row, name), *at = t->row < 0 ? xdup("no row of the table: ") : where(c, t);
        if (*text) free(t->patient), t->patient = xdup(text);
        else task_bad(t, "%sno patient", at);
        free(text), free(at);
    }
}

static void patients_by_name(tasks *l, const char *text)
{
    regex_t r = compile("--patient", text, "a column of labels.csv or a regular expression with a group: '^(P[0-9]+)_'");
    for (int64_t i = 0; i < l->n; i++) {
        char *g[2];
        task *t = &l->t[i];
        if (!groups(&r, t, g)) { task_bad(t, "--patient '%s' finds nothing in its name", text); continue; }
        free(t->patient), t->patient = g[0], free(g[1]);
    }
    regfree(&r);
}

/* ---- the spacing -------------------------------------------------------------------------------------------------------------------- */

/* Two texts become the spacing; both empty: not known. at: what messages begin with. */
static void set_spacing(task *t, const char *x, const char *y, const char *at, const char *source)
{
    double v[2];
    if (!*x && !*y) return;
    if (!text_real(x, &v[0]) || !text_real(y, &v[1]) || !geo_spacing_sound(v[0], v[1]))
        task_bad(t, "%sspacing: got '%s' and '%s', wanted %s", at, x, y, GEO_SPACING_WANTED);
    else task_spacing(t, v, source);
}

static void spacing_by_columns(tasks *l, const columns *c, const int64_t *row, const char *x, const char *y, const char *source)
{
    for (int64_t i = 0; i < l->n; i++) {
        task *t = &l->t[i];
        const int64_t r = row ? row[i] : t->row;
        if (r < 0) { task_bad(t, "no row of the table with its spacing"); continue; }
        char *tx = c->text(c, r, x), *ty = c->text(c, r, y), *at = c->line ? xprintf("line %d: ", c->line[r]) : xdup("");
        set_spacing(t, tx, ty, at, source);
        free(tx), free(ty), free(at);
    }
}

/* A CSV file: file and spacing_x, spacing_y, or spacing for both. */
static void spacing_by_file(tasks *l, const char *path)
{
    csv t = csv_read(path);
    const columns c = columns_csv(&t);
    const int two = csv_has(&c, "spacing_x") && csv_has(&c, "spacing_y");
    if (!two && !csv_has(&c, "spacing")) die("%s:1: no columns 'spacing_x' and 'spacing_y', nor 'spacing'", path);
    int64_t *row = rows_of(l, &t, path);
    spacing_by_columns(l, &c, row, two ? "spacing_x" : "spacing", two ? "spacing_y" : "spacing", "table");
    free(row), csv_free(&t);
}

static void spacing_by_name(tasks *l, const char *text)
{
    regex_t r = compile("--spacing", text,
        "SX,SY, one or two columns of the table, a .csv file with the columns file, spacing_x and spacing_y, "
        "or a regular expression with a group: '_([0-9.]+)mm'");
    for (int64_t i = 0; i < l->n; i++) {
        char *g[2];
        if (!groups(&r, &l->t[i], g)) { task_bad(&l->t[i], "--spacing '%s' finds nothing in its name", text); continue; }
        set_spacing(&l->t[i], g[0], g[1], "", "file name");
        free(g[0]), free(g[1]);
    }
    regfree(&r);
}

static int by_columns(const columns *c, const char *words, char *x, char *y)
{
    const char *comma = strchr(words, ',');
    if (!c || strlen(words) >= STORE_TEXT) return 0;
    snprintf(x, STORE_TEXT, "%.*s", (int)(comma ? comma - words : (long)strlen(words)), words);
    snprintf(y, STORE_TEXT, "%s", comma ? comma + 1 : words);
    return c->has(c, x) && c->has(c, y);
}

static void spacings(const import_options *o, tasks *l, const columns *c)
{
    char x[STORE_TEXT], y[STORE_TEXT];
    const char *words = o->spacing_from;
    const size_t n = words ? strlen(words) : 0;
    if (o->spacing[0] > 0)
        for (int64_t i = 0; i < l->n; i++) task_spacing(&l->t[i], o->spacing, "given");
    else if (!words) { if (c && by_columns(c, "spacing_x,spacing_y", x, y)) spacing_by_columns(l, c, NULL, x, y, "table"); }
    else if (n > 4 && !strcmp(words + n - 4, ".csv")) spacing_by_file(l, words);
    else if (by_columns(c, words, x, y)) spacing_by_columns(l, c, NULL, x, y, "table");
    else spacing_by_name(l, words);
}

void tasks_know(const import_options *o, tasks *l, const columns *c)
{
    csv t = { 0 };
    columns own;
    if (o->table) {
        t = csv_read(o->table), own = columns_csv(&t), c = &own;
        int64_t *row = rows_of(l, &t, o->table);
        for (int64_t i = 0; i < l->n; i++) if ((l->t[i].row = row[i]) < 0) task_bad(&l->t[i], "no row of %s names it", o->table);
        free(row);
    }
    if (o->patient && !(c && c->has(c, o->patient))) patients_by_name(l, o->patient);
    else if (o->patient || (c && c->has(c, "patient"))) patients_by_column(l, c, o->patient ? o->patient : "patient");
    spacings(o, l, c);
    csv_free(&t);
}
