/* readings_match.c - two sources of the same films set side by side, and what must not be compared; see readings.h.
 *
 * What holds throughout a file is an error of its form and refused. What holds in one row may be what the reader saw: it is named, with its
 * line, and left as it is. Both sides measured by us are never refused: a network that is wrong is what an evaluation is for. */
#include "eval/readings.h"
#include "base/die.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FEW = 3, SOME = 5 };              /* films that can say what holds throughout: FEW if all of them do, SOME if most do */

typedef struct { double x, y; const reading *r; } both;

/* One unit taken for another: y is factor times x. */
typedef struct mistake { double factor; const char *unit, *in, *of; } mistake;
static const mistake mistakes[] = { { 0.1, "mm", "cm", "mm" }, { 10, "mm", "mm", "cm" }, { 0.001, "mm", "m", "mm" },
    { 1000, "mm", "mm", "m" }, { 0.017453292519943295, "deg", "radians", "degrees" }, { 57.29577951308232, "deg", "degrees", "radians" } };
enum { MISTAKES = sizeof mistakes / sizeof *mistakes };

/* ---- films --------------------------------------------------------------------------------------------------------------------------- */

typedef struct lost { int64_t n; const reading *first; } lost;

static void add_lost(lost *l, const reading *r) { if (!l->n++) l->first = r; }

static void refuse_lost(const readings *in, const readings *from, const lost *l)
{
    if (!l->n) return;
    char *more = l->n > 1 ? xprintf(", nor have %lld more", (long long)l->n - 1) : xdup("");
    char *line = l->first->line ? xprintf(":%d", l->first->line) : xdup("");
    die("%s%s: %s has no row in %s%s; a film without a value is a row with empty cells", from->path, line, l->first->id, in->path, more);
}

static int64_t *places(const readings *a, const readings *b)
{
    int64_t *in_a = readings_sorted(a), *in_b = readings_sorted(b), *place = xalloc_n((size_t)a->n, sizeof *place), i = 0, j = 0;
    lost of_a = { 0 }, of_b = { 0 };
    while (i < a->n || j < b->n) {
        const int where = i == a->n ? 1 : j == b->n ? -1 : strcmp(a->r[in_a[i]].id, b->r[in_b[j]].id);
        if (where < 0) add_lost(&of_a, &a->r[in_a[i++]]);
        else if (where > 0) add_lost(&of_b, &b->r[in_b[j++]]);
        else place[in_a[i++]] = in_b[j++];
    }
    refuse_lost(b, a, &of_a), refuse_lost(a, b, &of_b);
    free(in_a), free(in_b);
    return place;
}

/* Of one film there is one patient, and one age; a birthday may lie between two readings. */
static void refuse_people(const readings *a, const readings *b, const int64_t *order)
{
    for (int64_t i = 0; i < a->n; i++) {
        const reading *x = &a->r[i], *y = &b->r[order[i]];
        if (*x->patient && *y->patient && strcmp(x->patient, y->patient))
            die("%s:%d: patient of %s: got %s where %s has %s, wanted one name, or no column patient", b->path, y->line, y->id, y->patient,
                a->path, x->patient);
        if (fabs(x->age - y->age) > 1)
            die("%s:%d: age of %s: got %g where %s has %g, wanted one patient", b->path, y->line, y->id, y->age, a->path, x->age);
    }
}

/* ---- units and signs throughout ------------------------------------------------------------------------------------------------------ */

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Values of one parameter on both sides that are not zero. */
static int collect(const readings *a, const readings *b, const int64_t *order, int p, both *out)
{
    int n = 0;
    for (int64_t i = 0; i < a->n && a->given[p] && b->given[p]; i++) {
        double x = a->r[i].value[p], y = b->r[order[i]].value[p];
        if (!isnan(x) && !isnan(y) && x != 0 && y != 0) out[n++] = (both){ x, y, &b->r[order[i]] };
    }
    return n;
}

/* Values that are throughout a tenth, ten times, or the radians of the others: the median is, or of a few films all are. */
static void refuse_units(const readings *a, const readings *b, int p, const both *v, int n)
{
    double *ratio = xalloc_n((size_t)n, sizeof *ratio);
    for (int i = 0; i < n; i++) ratio[i] = fabs(v[i].y / v[i].x);
    qsort(ratio, (size_t)n, sizeof *ratio, ascending);
    const double middle = ratio[n / 2], low = n < SOME ? ratio[0] : middle, high = n < SOME ? ratio[n - 1] : middle;
    free(ratio);
    for (int k = 0; k < MISTAKES; k++)
        if (!strcmp(readings_unit(p), mistakes[k].unit) && low > 0.8 * mistakes[k].factor && high < 1.25 * mistakes[k].factor)
            die("%s:%d: %s: got %g where %s has %g, and so throughout (median ratio %.3g): %s against %s? wanted %s in both", b->path,
                v[0].r->line, readings_name(p), v[0].y, a->path, v[0].x, middle, mistakes[k].in, mistakes[k].of, readings_unit(p));
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
            "forward are positive)", b->path, v[first].r->line, readings_name(p), v[first].y, a->path, v[first].x, opposite, n);
}

static int of_a_file(const readings *s) { return s->n && s->r[0].line; }

void readings_match(const readings *a, const readings *b, int64_t **order)
{
    int64_t *place = places(a, b);
    both *v = xalloc_n((size_t)a->n, sizeof *v);
    for (int p = 0; p < a->nparameters && (of_a_file(a) || of_a_file(b)); p++) {
        const int n = collect(a, b, place, p, v);
        if (n >= FEW) refuse_units(a, b, p, v, n), refuse_signs(a, b, p, v, n);
    }
    refuse_people(a, b, place);
    free(v);
    *order = place;
}

/* ---- single rows --------------------------------------------------------------------------------------------------------------------- */

static void doubt(doubts *d, char *line)
{
    d->line = xgrow(d->line, (size_t)(d->n + 1) * sizeof *d->line);
    d->line[d->n++] = line;
}

/* What would explain y beside x, or NULL. Small values of either sign, and small ratios of small values, say nothing. */
static const char *explanation(double x, double y, const char *unit)
{
    enum { CLEAR = 10 };                 /* degrees or mm */
    if (x * y < 0 && fmin(fabs(x), fabs(y)) >= CLEAR && fabs(x + y) < 0.25 * fabs(x - y)) return "the sign";
    for (int k = 0; k < MISTAKES; k++) {
        const double ratio = fabs(y / x) / mistakes[k].factor;
        if (!strcmp(unit, mistakes[k].unit) && ratio > 0.9 && ratio < 1.1 && fmax(fabs(x), fabs(y)) >= CLEAR) return mistakes[k].in;
    }
    return NULL;
}

static void doubt_values(doubts *d, const readings *a, const readings *b, const int64_t *order, both *v)
{
    for (int p = 0; p < a->nparameters; p++) {
        const int n = collect(a, b, order, p, v);
        for (int i = 0; i < n; i++) {
            const char *why = explanation(v[i].x, v[i].y, readings_unit(p));
            if (!why) continue;
            doubt(d, xprintf("%s:%d: %s of %s: got %g where %s has %g: %s?", b->path, v[i].r->line, readings_name(p), v[i].r->id, v[i].y,
                             a->path, v[i].x, why));
        }
    }
}

/* Have both rows values, FEW at least, and the same ones wherever one of them has one? */
static int same_values(const reading *x, const reading *y, int n)
{
    int same = 0;
    for (int p = 0; p < n; p++) {
        if (isnan(x->value[p]) && isnan(y->value[p])) continue;
        if (x->value[p] != y->value[p]) return 0;
        same++;
    }
    return same >= FEW;
}

/* Every row with every earlier one, so only in files that a person may have typed */
static void doubt_copies(doubts *d, const readings *s)
{
    enum { MOST = 5000 };
    for (int64_t i = 1; i < s->n && s->n <= MOST; i++)
        for (int64_t k = 0; k < i; k++) {
            if (!same_values(&s->r[i], &s->r[k], s->nparameters)) continue;
            doubt(d, xprintf("%s:%d: %s has all the values of %s in line %d: copied?", s->path, s->r[i].line, s->r[i].id, s->r[k].id,
                             s->r[k].line));
            break;
        }
}

void doubts_add(doubts *d, const readings *a, const readings *b)
{
    int64_t *order;
    readings_match(a, b, &order);
    both *v = xalloc_n((size_t)a->n, sizeof *v);
    doubt_values(d, a, b, order, v), doubt_copies(d, b);
    free(v), free(order);
}

void doubts_free(doubts *d)
{
    for (int i = 0; i < d->n; i++) free(d->line[i]);
    free(d->line), *d = (doubts){ 0 };
}
