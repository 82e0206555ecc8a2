/* report_cells.c - see report_cells.h. */
#include "verbs/report_cells.h"
#include "base/die.h"
#include <math.h>
#include <stdlib.h>

const char *cell_text(const json_t *o, const char *key, const char *otherwise)
{
    const char *s = json_string_value(json_object_get(o, key));
    return s ? s : otherwise;
}

/* o[key], or the reason that stands beside it. */
quantity cell_quantity(const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);
    if (json_is_number(v) && isfinite(json_number_value(v))) return quantity_of(json_number_value(v));
    char *why = xprintf("%s_why", key);
    const quantity q = quantity_missing(cell_text(o, why, "not in the file"));
    free(why);
    return q;
}

void cell_pair(table *t, quantity a, quantity b)
{
    if (a.why || b.why) table_missing(t, a.why ? a.why : b.why);
    else table_numbers(t, a.value, b.value);
}

void cell_interval(table *t, const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key), *lo = json_array_get(v, 0), *hi = json_array_get(v, 1);
    char *why = xprintf("%s_why", key);
    if (json_is_number(lo) && json_is_number(hi)) table_numbers(t, json_number_value(lo), json_number_value(hi));
    else table_missing(t, cell_text(o, why, "not in the file"));
    free(why);
}

void cell_count(table *t, const json_t *o, const char *key)
{
    if (json_is_integer(json_object_get(o, key))) table_count(t, json_integer_value(json_object_get(o, key)));
    else table_missing(t, "not in the file");
}
