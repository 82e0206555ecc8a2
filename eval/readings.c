/* readings.c - see readings.h. */
#include "eval/readings.h"
#include "base/die.h"
#include "base/file.h"
#include "datasets/csv.h"
#include "geometry/geometry.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- parameters ---------------------------------------------------------------------------------------------------------------------- */

int readings_parameters(void) { return geo_parameters() + 1; }
const char *readings_name(int p) { return p < geo_parameters() ? geo_parameter_name(p) : "cobb"; }
const char *readings_unit(int p) { return p < geo_parameters() ? geo_parameter_unit(p) : "deg"; }
int readings_find(const char *name) { return strcmp(name, "cobb") ? geo_parameter_find(name) : geo_parameters(); }

readings readings_new(const char *path)
{
    int n = readings_parameters();
    return (readings){ .path = xdup(path), .nparameters = n, .given = xalloc_n((size_t)n, sizeof(int)) };
}

reading *readings_add(readings *s, const char *id, const char *patient, int line)
{
    if (s->n == s->room) s->r = xgrow(s->r, (size_t)(s->room = s->room ? 2 * s->room : 64) * sizeof *s->r);
    reading *r = &s->r[s->n++];
    *r = (reading){ xdup(id), xdup(patient), line, NAN, xalloc_n((size_t)s->nparameters, sizeof(double)) };
    for (int p = 0; p < s->nparameters; p++) r->value[p] = NAN;
    return r;
}

void readings_free(readings *s)
{
    for (int64_t i = 0; i < s->n; i++) free(s->r[i].id), free(s->r[i].patient), free(s->r[i].value);
    free(s->r), free(s->given), free(s->path), *s = (readings){ 0 };
}

/* ---- a file -------------------------------------------------------------------------------------------------------------------------- */

/* "SVA (mm)", "SVA [mm]", "SVA_mm", "SVA": name and unit ("" where none is written). */
static void split_heading(const char *heading, char name[64], char unit[32])
{
    static const char *const written[] = { "mm", "cm", "m", "deg", "rad", "px", "percent", "ratio" };
    size_t n = strcspn(heading, "([");
    snprintf(name, 64, "%.*s", (int)n, heading), *unit = 0;
    if (heading[n]) snprintf(unit, 32, "%.*s", (int)strcspn(heading + n + 1, ")]"), heading + n + 1);
    for (size_t k = strlen(name); k && name[k - 1] == ' ';) name[--k] = 0;
    char *low = strrchr(name, '_');
    for (size_t i = 0; low && !*unit && i < sizeof written / sizeof *written; i++)
        if (!strcmp(low + 1, written[i])) snprintf(unit, 32, "%s", low + 1), *low = 0;
}

static int same_unit(const char *got, const char *want)
{
    static const char *const degrees[] = { "deg", "°", "degrees", "degree" };
    if (!strcmp(got, want) || (!strcmp(want, "percent") && !strcmp(got, "%"))) return 1;
    for (int i = 0; i < 4 && !strcmp(want, "deg"); i++) if (!strcmp(got, degrees[i])) return 1;
    return 0;
}

static int heading_find(const char *heading, char unit[32])
{
    char name[64];
    split_heading(heading, name, unit);
    return readings_find(name);
}

static int first_column(const csv *t, const char *const *names)
{
    for (; *names; names++)
        for (int k = 0; k < t->ncols; k++) if (!strcasecmp(t->name[k], *names)) return k;
    return -1;
}

static const char *const ids[] = { "case", "film", "file", "image", "id", "patient", NULL }, *const patients[] = { "patient", NULL };
static const char *const ages[] = { "age", NULL };
static const char *const asides[] = { "reader", "age", "sex", "date", "note", "comment", NULL };

static _Noreturn void unknown_heading(const char *path, const char *heading)
{
    int n = readings_parameters();
    const char **names = xalloc_n((size_t)n + 2, sizeof *names);
    for (int p = 0; p < n; p++) names[p] = readings_name(p);
    names[n] = "case", names[n + 1] = "patient";
    char hint[128];
    snprintf(hint, sizeof hint, "%s", die_nearest(heading, names, n + 2));
    free(names);
    die("%s:1: got the column '%.40s', wanted case, patient, %s or a parameter such as TK or SVA (mm)%s", path, heading,
        "reader, age, sex, date, note", hint);
}

static int is_comma_number(const char *s)
{
    s += *s == '-' || *s == '+';
    size_t a = strspn(s, "0123456789"), b = s[a] == ',' ? strspn(s + a + 1, "0123456789") : 0;
    return a && b && !s[a + 1 + b];
}

/* A cell; NAN where it is empty. */
static double read_value(const char *path, int line, int p, const char *cell)
{
    double x, most = !strcmp(readings_unit(p), "deg") ? 360 : 1e4;
    if (!*cell) return NAN;
    if (is_comma_number(cell)) die("%s:%d: %s: got '%.40s', wanted a decimal point", path, line, readings_name(p), cell);
    if (!text_real(cell, &x)) die("%s:%d: %s: got '%.40s', wanted a number, or nothing where there is no value", path, line,
        readings_name(p), cell);
    if (fabs(x) > most) die("%s:%d: %s: got %g, wanted %s within %g", path, line, readings_name(p), x, readings_unit(p), most);
    return x;
}

/* The patient's age of a row, NAN where there is none. */
static double read_age(const char *path, int line, const char *cell)
{
    double x;
    if (!*cell) return NAN;
    if (!text_real(cell, &x) || x < 0 || x > 130)
        die("%s:%d: age: got '%.40s', wanted years, or nothing where it is not known", path, line, cell);
    return x;
}

/* Spreadsheets of many countries write semicolons, and commas in numbers. */
static csv read_table(const char *path)
{
    enum { LIMIT = 256 << 20 };
    die_trap trap;
    csv t;
    char *text = file_read(path, LIMIT, NULL);
    text[strcspn(text, "\n")] = 0;
    int commas = strchr(text, ',') != NULL, semicolons = strchr(text, ';') != NULL, tabs = strchr(text, '\t') != NULL;
    free(text);
    if (!commas && semicolons) die("%s:1: got fields separated by semicolons, wanted commas, and points in numbers", path);
    if (!commas && tabs) die("%s:1: got fields separated by tabs, wanted commas", path);
    die_trap_push(&trap);
    if (!setjmp(trap.jump)) t = csv_read(path), die_trap_pop(&trap);
    else if (strstr(trap.text, "fields, wanted")) die("%s (a comma as decimal mark?)", trap.text);
    else die_again(&trap);
    return t;
}

static int by_text(const void *a, const void *b, void *arg)
{
    const reading *r = arg;
    int64_t i = *(const int64_t *)a, j = *(const int64_t *)b;
    int order = strcmp(r[i].id, r[j].id);
    return order ? order : (i > j) - (i < j);
}

int64_t *readings_sorted(const readings *s)
{
    int64_t *at = xalloc_n((size_t)s->n, sizeof *at);
    for (int64_t i = 0; i < s->n; i++) at[i] = i;
    qsort_r(at, (size_t)s->n, sizeof *at, by_text, s->r);
    return at;
}

static void refuse_duplicates(const readings *s)
{
    int64_t *at = readings_sorted(s);
    for (int64_t i = 1; i < s->n; i++)
        if (!strcmp(s->r[at[i]].id, s->r[at[i - 1]].id))
            die("%s:%d: %s stands twice, first in line %d", s->path, s->r[at[i]].line, s->r[at[i]].id, s->r[at[i - 1]].line);
    free(at);
}

/* A row a film. */
static void read_wide(readings *s, const csv *t, int id, int patient, int age)
{
    int *parameter = xalloc_n((size_t)t->ncols, sizeof *parameter), any = 0;
    for (int k = 0; k < t->ncols; k++) {
        char unit[32];
        int p = parameter[k] = heading_find(t->name[k], unit);
        if (p < 0 && k != id && k != patient && first_column(&(csv){ .ncols = 1, .name = &t->name[k] }, asides) < 0)
            unknown_heading(s->path, t->name[k]);
        if (p < 0) continue;
        if (*unit && !same_unit(unit, readings_unit(p))) die("%s:1: %s: got %s, wanted %s", s->path, readings_name(p), unit,
            readings_unit(p));
        if (s->given[p]++) die("%s:1: %s stands in two columns", s->path, readings_name(p));
        any = 1;
    }
    if (!any) die("%s:1: got no column of a parameter, wanted some of TK, TLK, LL, PI, PT, SS, SVA ...", s->path);
    for (int i = 0; i < t->nrows; i++) {
        if (!*csv_cell(t, i, id)) die("%s:%d: got no %s, wanted the film's", s->path, t->line[i], t->name[id]);
        reading *r = readings_add(s, csv_cell(t, i, id), patient >= 0 ? csv_cell(t, i, patient) : "", t->line[i]);
        if (age >= 0) r->age = read_age(s->path, t->line[i], csv_cell(t, i, age));
        for (int k = 0; k < t->ncols; k++) if (parameter[k] >= 0) r->value[parameter[k]] = read_value(s->path, t->line[i], parameter[k],
            csv_cell(t, i, k));
    }
    free(parameter);
    refuse_duplicates(s);
}

/* A row a value: rows of one film stand together. */
static void read_long(readings *s, const csv *t, int id, int patient, int age, int name, int value)
{
    int unit = csv_column(t, "unit");
    for (int i = 0; i < t->nrows; i++) {
        const char *film = csv_cell(t, i, id);
        int p = readings_find(csv_cell(t, i, name));
        if (!*film) die("%s:%d: got no %s, wanted the film's", s->path, t->line[i], t->name[id]);
        if (p < 0) die("%s:%d: got the parameter '%.40s', wanted one such as TK or SVA", s->path, t->line[i], csv_cell(t, i, name));
        if (unit >= 0 && *csv_cell(t, i, unit) && !same_unit(csv_cell(t, i, unit), readings_unit(p)))
            die("%s:%d: %s: got %s, wanted %s", s->path, t->line[i], readings_name(p), csv_cell(t, i, unit), readings_unit(p));
        reading *r = s->n && !strcmp(s->r[s->n - 1].id, film) ? &s->r[s->n - 1]
                                                              : readings_add(s, film, patient >= 0 ? csv_cell(t, i, patient) : "",
                                                                  t->line[i]);
        if (age >= 0) r->age = read_age(s->path, t->line[i], csv_cell(t, i, age));
        if (!isnan(r->value[p])) die("%s:%d: %s of %s stands twice", s->path, t->line[i], readings_name(p), film);
        s->given[p] = 1, r->value[p] = read_value(s->path, t->line[i], p, csv_cell(t, i, value));
    }
    refuse_duplicates(s);
}

readings readings_csv(const char *path)
{
    readings s = readings_new(path);
    csv t = read_table(path);
    int id = first_column(&t, ids), patient = first_column(&t, patients), age = first_column(&t, ages);
    int name = csv_column(&t, "parameter"), value = csv_column(&t, "value");
    if (id < 0) die("%s:1: got no column case, wanted one that names the film (case, film, image or patient)", path);
    if (!t.nrows) die("%s: got no row", path);
    if (patient == id && first_column(&t, ids) != patient) patient = -1;
    if (name >= 0 && value >= 0) read_long(&s, &t, id, patient, age, name, value);
    else read_wide(&s, &t, id, patient, age);
    csv_free(&t);
    return s;
}

int readings_table(const char *path)
{
    const size_t n = strlen(path);
    return n >= 4 && !strcasecmp(path + n - 4, ".csv") && file_exists(path) && !file_is_folder(path);
}

int readings_like(const char *path)
{
    if (!readings_table(path)) return 0;
    csv t = read_table(path);
    int yes = csv_column(&t, "parameter") >= 0 && csv_column(&t, "value") >= 0;
    char unit[32];
    for (int k = 0; k < t.ncols && !yes; k++) yes = heading_find(t.name[k], unit) >= 0;
    csv_free(&t);
    return yes;
}
