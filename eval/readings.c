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

/* Films in the order of their ids. */
static int64_t *sorted(const readings *s)
{
    int64_t *at = xalloc_n((size_t)s->n, sizeof *at);
    for (int64_t i = 0; i < s->n; i++) at[i] = i;
    qsort_r(at, (size_t)s->n, sizeof *at, by_text, s->r);
    return at;
}

static void refuse_duplicates(const readings *s)
{
    int64_t *at = sorted(s);
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

int readings_like(const char *path)
{
    size_t n = strlen(path);
    if (n < 4 || strcasecmp(path + n - 4, ".csv") || file_is_folder(path) || !file_exists(path)) return 0;
    csv t = read_table(path);
    int yes = csv_column(&t, "parameter") >= 0 && csv_column(&t, "value") >= 0;
    char unit[32];
    for (int k = 0; k < t.ncols && !yes; k++) yes = heading_find(t.name[k], unit) >= 0;
    csv_free(&t);
    return yes;
}

/* ---- two sources --------------------------------------------------------------------------------------------------------------------- */

static _Noreturn void missing(const readings *in, const readings *from, const reading *r)
{
    if (r->line) die("%s:%d: %s has no row in %s; a film without a value is a row with empty cells", from->path, r->line, r->id, in->path);
    die("%s: %s has no row in %s; a film without a value is a row with empty cells", from->path, r->id, in->path);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

typedef struct { double x, y; int line; } both;

/* At least five films whose values are clearly not zero are needed to say what holds throughout. */
static int collect(const readings *a, const readings *b, const int64_t *order, int p, both *out)
{
    int n = 0;
    for (int64_t i = 0; i < a->n; i++) {
        double x = a->r[i].value[p], y = b->r[order[i]].value[p];
        if (!isnan(x) && !isnan(y) && x != 0 && y != 0) out[n++] = (both){ x, y, b->r[order[i]].line };
    }
    return n;
}

/* Values that are throughout a tenth, ten times, or the radians of the others. */
static void refuse_units(const readings *a, const readings *b, int p, const both *v, int n)
{
    static const struct { double factor; const char *unit, *in, *of; } others[] = { { 0.1, "mm", "cm", "mm" }, { 10, "mm", "mm", "cm" },
        { 0.001, "mm", "m", "mm" }, { 1000, "mm", "mm", "m" }, { 0.017453292519943295, "deg", "radians", "degrees" },
        { 57.29577951308232, "deg", "degrees", "radians" } };
    double *ratio = xalloc_n((size_t)n, sizeof *ratio);
    for (int i = 0; i < n; i++) ratio[i] = fabs(v[i].y / v[i].x);
    qsort(ratio, (size_t)n, sizeof *ratio, ascending);
    double middle = ratio[n / 2];
    free(ratio);
    for (size_t k = 0; k < sizeof others / sizeof *others; k++)
        if (!strcmp(readings_unit(p), others[k].unit) && middle > 0.8 * others[k].factor && middle < 1.25 * others[k].factor)
            die("%s:%d: %s: got %g where %s has %g, and so throughout (median ratio %.3g): %s against %s? wanted %s in both", b->path,
                v[0].line, readings_name(p),
                v[0].y, a->path, v[0].x, middle, others[k].in, others[k].of, readings_unit(p));
}

/* Values of the opposite sign nearly throughout, where changing the sign would halve the differences. */
static void refuse_signs(const readings *a, const readings *b, int p, const both *v, int n)
{
    int opposite = 0, first = -1;
    double now = 0, changed = 0;
    for (int i = 0; i < n; i++) {
        now += fabs(v[i].x - v[i].y), changed += fabs(v[i].x + v[i].y);
        if (v[i].x * v[i].y < 0 && !opposite++) first = i;
    }
    if (5 * opposite >= 4 * n && 2 * changed < now)
        die("%s:%d: %s: got %g where %s has %g, and the opposite sign in %d of %d films: wanted one convention (lordosis, kyphosis and "
            "forward are positive)", b->path,
            v[first].line, readings_name(p), v[first].y, a->path, v[first].x, opposite, n);
}

/* Of one film there is one age; a birthday may lie between two readings. */
static void refuse_ages(const readings *a, const readings *b, const int64_t *order)
{
    for (int64_t i = 0; i < a->n; i++) {
        const reading *x = &a->r[i], *y = &b->r[order[i]];
        if (fabs(x->age - y->age) > 1)
            die("%s:%d: age of %s: got %g where %s has %g, wanted one patient", b->path, y->line, y->id, y->age, a->path, x->age);
    }
}

void readings_match(const readings *a, const readings *b, int64_t **order)
{
    int64_t *in_a = sorted(a), *in_b = sorted(b), *place = xalloc_n((size_t)a->n, sizeof *place), i = 0, j = 0;
    while (i < a->n || j < b->n) {
        int where = i == a->n ? 1 : j == b->n ? -1 : strcmp(a->r[in_a[i]].id, b->r[in_b[j]].id);
        if (where < 0) missing(b, a, &a->r[in_a[i]]);
        if (where > 0) missing(a, b, &b->r[in_b[j]]);
        place[in_a[i++]] = in_b[j++];
    }
    both *v = xalloc_n((size_t)a->n, sizeof *v);
    for (int p = 0; p < a->nparameters; p++) {
        int n = a->given[p] && b->given[p] ? collect(a, b, place, p, v) : 0;
        if (n >= 5) refuse_units(a, b, p, v, n), refuse_signs(a, b, p, v, n);
    }
    refuse_ages(a, b, place);
    free(v), free(in_a), free(in_b);
    *order = place;
}
