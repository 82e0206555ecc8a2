/* reproduce_judge.c - our figures, the band of the recorded runs, and the published ones; see reproduce.h.
 *
 * The file of bands holds a line for every figure of every recorded run, and of which steps it was (their last mark). The band is what
 * those runs of just these steps span, widened by the figure's tolerance: an experiment that was changed has none until it is recorded
 * again. */
#include "verbs/reproduce.h"
#include "base/die.h"
#include "base/file.h"
#include "base/machine.h"
#include "base/share.h"
#include "base/version.h"
#include "datasets/csv.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MARK_DIGITS = 16 };                       /* of a mark, in the file of bands */

/* ---- ours ---------------------------------------------------------------------------------------------------------------------------- */

/* The member of a list whose key says so: "name=SS]" -> o; *rest behind the bracket. NULL: none. */
static const json_t *list_member(const json_t *list, const char *words, const char **rest)
{
    const char *equals = strchr(words, '='), *end = strchr(words, ']');
    const json_t *found = NULL;
    if (!equals || !end || equals > end) return NULL;
    char *name = xprintf("%.*s", (int)(equals - words), words), *value = xprintf("%.*s", (int)(end - equals - 1), equals + 1);
    for (size_t i = 0; i < json_array_size(list) && !found; i++) {
        const char *text = json_string_value(json_object_get(json_array_get(list, i), name));
        if (text && !strcmp(text, value)) found = json_array_get(list, i);
    }
    free(name), free(value);
    *rest = end + 1;
    return found;
}

quantity json_find(const json_t *o, const char *path)
{
    while (o && *path) {
        if (*path == '[') {
            o = list_member(o, path + 1, &path);
            continue;
        }
        path += *path == '.';
        const size_t n = strcspn(path, ".[");
        char *name = xprintf("%.*s", (int)n, path);
        o = json_object_get(o, name), path += n;
        free(name);
    }
    if (!o) return quantity_missing("not in what the step printed");
    return json_is_number(o) ? quantity_of(json_number_value(o)) : quantity_missing("the step found no value");
}

static quantity ours(const experiment *e, const figure *f)
{
    for (int i = 0; i < e->nsteps; i++) {
        if (strcmp(e->step[i].name, f->from)) continue;
        char *path = step_record(e, &e->step[i]);
        json_t *o = e->step[i].done ? json_load_file(path, 0, NULL) : NULL;
        quantity q = o ? json_find(json_object_get(o, "result"), f->find) : quantity_missing("the step was not run");
        json_decref(o), free(path);
        return q;
    }
    return quantity_missing("no such step");
}

/* ---- published ----------------------------------------------------------------------------------------------------------------------- */

/* Does the row say what all of "column=value" words (n) ask for? */
static int row_says(const csv *t, int row, char *const *word, int n, const char *at)
{
    for (int i = 0; i < n; i++) {
        char *equals = strchr(word[i], '=');
        if (!equals) die_at(at, "row.published: got %s, wanted COLUMN=VALUE", word[i]);
        char *name = xprintf("%.*s", (int)(equals - word[i]), word[i]);
        const int column = csv_column(t, name);
        if (column < 0) die_at(at, "row.published: no column %s", name);
        free(name);
        if (strcmp(csv_cell(t, row, column), equals + 1)) return 0;
    }
    return 1;
}

double published_value(const experiment *e, const char *words, const char *at)
{
    char *text = xdup(words), *save, *word[16];
    int n = 0;
    for (char *w = strtok_r(text, " ", &save); w && n < 16; w = strtok_r(NULL, " ", &save)) word[n++] = w;
    if (n < 2) die_at(at, "row.published: got %s, wanted FILE COLUMN=VALUE ... COLUMN", words);
    char *name = xprintf("results/published/%s", word[0]), *path = path_join(e->beside, word[0]);
    if (!file_exists(path)) free(path), path = share_path(name);
    if (!path) die_at(at, "row.published: %s: no such file beside the experiment or in results/published of the program", word[0]);
    csv t = csv_read(path);
    const char *heading = word[n - 1], *percent = strstr(heading, "_percent");
    const int column = csv_column(&t, heading);
    double x = NAN;
    if (column < 0) die_at(at, "row.published: %s has no column %s", word[0], heading);
    for (int i = 0; i < t.nrows; i++)
        if (isnan(x) && row_says(&t, i, word + 1, n - 2, at) && !text_real(csv_cell(&t, i, column), &x)) x = NAN;
    if (isnan(x)) die_at(at, "row.published: %s has no such row, or no number in it", word[0]);
    if (percent && !percent[8]) x /= 100;
    csv_free(&t), free(path), free(name), free(text);
    return x;
}

/* ---- bands --------------------------------------------------------------------------------------------------------------------------- */

static const char *const band_columns[] = { "experiment", "measure", "value", "steps", "version", "commit", "processor", "command" };
enum { EXPERIMENT, MEASURE, VALUE, STEPS, COLUMNS = 8 };

static csv bands_read(const char *path, int column[COLUMNS])
{
    csv t = csv_read(path);
    for (int i = 0; i < COLUMNS; i++) {
        column[i] = csv_column(&t, band_columns[i]);
        if (column[i] < 0) die_at(path, "got no column %s, wanted a file of `reproduce --record`", band_columns[i]);
    }
    return t;
}

static int same_steps(const char *cell, const experiment *e)
{
    return strlen(cell) == MARK_DIGITS && !strncmp(cell, e->step[e->nsteps - 1].mark, MARK_DIGITS);
}

static void band_of(const experiment *e, figure *f, const csv *t, const int *column, const char *path)
{
    f->runs = 0, f->why = *e->flags ? "no band yet: none was recorded with this seed and precision" : "no band yet";
    for (int i = 0; i < t->nrows; i++) {
        const char *value = csv_cell(t, i, column[VALUE]);
        double x;
        if (strcmp(csv_cell(t, i, column[EXPERIMENT]), e->name) || strcmp(csv_cell(t, i, column[MEASURE]), f->measure)) continue;
        if (!text_real(value, &x)) die("%s:%d: value: got '%.40s', wanted a number", path, t->line[i], value);
        if (!same_steps(csv_cell(t, i, column[STEPS]), e)) {
            if (!*e->flags) f->why = "no band yet: the recorded runs had other steps, another seed or another precision";
            continue;
        }
        f->low = f->runs ? fmin(f->low, x) : x, f->high = f->runs ? fmax(f->high, x) : x, f->runs++;
    }
    if (f->runs) f->low -= f->tolerance, f->high += f->tolerance, f->why = NULL;
}

void reproduce_judge(experiment *e, int n, const char *bands)
{
    int column[COLUMNS];
    csv t = { 0 };
    const int any = bands && file_exists(bands);
    if (any) t = bands_read(bands, column);
    for (int i = 0; i < n; i++)
        for (int k = 0; k < e[i].nfigures; k++) {
            figure *f = &e[i].figure[k];
            f->ours = ours(&e[i], f);
            band_of(&e[i], f, &t, column, bands);
        }
    if (any) csv_free(&t);
}

const char *figure_verdict(const figure *f)
{
    if (!f->runs) return "no band yet";
    return !f->ours.why && f->ours.value >= f->low && f->ours.value <= f->high ? "PASS" : "FAIL";
}

static void write_cell(FILE *f, const char *text, const char *after)
{
    fputc('"', f);
    for (; *text; text++) {
        if (*text == '"') fputc('"', f);
        fputc(*text == '\n' ? ' ' : *text, f);
    }
    fprintf(f, "\"%s", after);
}

void reproduce_record(const experiment *e, int n, const char *bands, const char *command)
{
    int column[COLUMNS];
    size_t size = 0;
    const machine m = machine_read();
    char *had = NULL;
    if (file_exists(bands)) {
        csv t = bands_read(bands, column);       /* refused rather than made worse */
        csv_free(&t);
        had = file_read(bands, 1 << 24, &size);
    }
    FILE *f = file_begin(bands);
    if (had) {
        fwrite(had, 1, size, f);
        if (size && had[size - 1] != '\n') fputc('\n', f);    /* as some editors leave it */
    }
    else for (int i = 0; i < COLUMNS; i++) fprintf(f, "%s%s", band_columns[i], i + 1 < COLUMNS ? "," : "\n");
    for (int i = 0; i < n; i++)
        for (int k = 0; k < e[i].nfigures; k++) {
            const figure *g = &e[i].figure[k];
            if (g->ours.why) continue;
            write_cell(f, e[i].name, ","), write_cell(f, g->measure, ",");
            fprintf(f, "%.17g,%.*s,%s,%s,", g->ours.value, MARK_DIGITS, e[i].step[e[i].nsteps - 1].mark, DARKSPINE_VERSION,
                    version_commit());
            write_cell(f, m.cpu, ","), write_cell(f, command, "\n");
        }
    file_commit(f, bands);
    free(had);
}
