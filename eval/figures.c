/* figures.c - see figures.h. */
#include "eval/figures.h"
#include "base/die.h"
#include <stdlib.h>

static void set(json_t *o, const char *key, const char *suffix, json_t *value, const char *why)
{
    char *name = xprintf("%s%s", key, suffix), *reason = xprintf("%s%s_why", key, suffix);
    json_object_set_new(o, name, why ? json_null() : value);
    if (why) json_object_set_new(o, reason, json_string(why));
    free(name), free(reason);
}

void figure_json(json_t *o, const char *key, quantity q) { set(o, key, "", q.why ? NULL : json_real(q.value), q.why); }

void figure_json_interval(json_t *o, const char *key, quantity lo, quantity hi)
{
    const char *why = lo.why ? lo.why : hi.why;
    set(o, key, "_ci", why ? NULL : json_pack("[f,f]", lo.value, hi.value), why);
}

void figure_cell_interval(table *t, quantity lo, quantity hi)
{
    if (lo.why || hi.why) table_missing(t, lo.why ? lo.why : hi.why);
    else table_numbers(t, lo.value, hi.value);
}
