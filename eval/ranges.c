/* ranges.c - see ranges.h. */
#include "eval/ranges.h"
#include "base/die.h"
#include "datasets/csv.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CODE, LOW, HIGH, UNIT, POPULATION, SOURCE, COLUMNS };
static const char *const columns[COLUMNS] = { "code", "low", "high", "unit", "population", "source" };

static double limit(const csv *t, const char *path, int row, int column, double otherwise)
{
    const char *cell = csv_cell(t, row, column);
    double x;
    if (!*cell) return otherwise;
    if (!text_real(cell, &x)) die("%s:%d: %s: got '%.40s', wanted a number or nothing", path, t->line[row], t->name[column], cell);
    return x;
}

ranges ranges_read(const char *path)
{
    csv t = csv_read(path);
    int at[COLUMNS];
    for (int k = 0; k < COLUMNS; k++)
        if ((at[k] = csv_column(&t, columns[k])) < 0)
            die("%s:1: the column %s is missing, wanted code,low,high,unit,population,source", path, columns[k]);
    ranges out = { t.nrows, xalloc_n((size_t)t.nrows, sizeof *out.r) };
    for (int i = 0; i < t.nrows; i++) {
        range *r = &out.r[i];
        *r = (range){ xdup(csv_cell(&t, i, at[CODE])), xdup(csv_cell(&t, i, at[UNIT])), xdup(csv_cell(&t, i, at[POPULATION])),
                      xdup(csv_cell(&t, i, at[SOURCE])), limit(&t, path, i, at[LOW], -INFINITY), limit(&t, path, i, at[HIGH], INFINITY) };
        if (!(r->low < r->high)) die("%s:%d: %.40s: got low %g and high %g, wanted low below high", path, t.line[i], r->code, r->low,
            r->high);
    }
    csv_free(&t);
    return out;
}

void ranges_free(ranges *t)
{
    for (int i = 0; i < t->n; i++) free(t->r[i].code), free(t->r[i].unit), free(t->r[i].population), free(t->r[i].source);
    free(t->r), *t = (ranges){ 0 };
}

const range *ranges_find(const ranges *t, const char *code)
{
    for (int i = 0; i < t->n; i++) if (!strcmp(t->r[i].code, code)) return &t->r[i];
    return NULL;
}

int range_side(const range *r, double value) { return value < r->low ? -1 : value > r->high; }

const char *range_text(const range *r, char out[48])
{
    if (isinf(r->low)) snprintf(out, 48, "up to %g", r->high);
    else if (isinf(r->high)) snprintf(out, 48, "from %g", r->low);
    else snprintf(out, 48, "%g to %g", r->low, r->high);
    return out;
}
