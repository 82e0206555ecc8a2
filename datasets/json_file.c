/* json_file.c - see json_file.h. */
#include "datasets/json_file.h"
#include "base/die.h"
#include "base/file.h"
#include "base/utf8.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST_CORNERS = 100000 };              /* of one polygon: filling takes corners times rows */

json_t *json_try(const char *path, size_t limit, char **why)
{
    size_t n;
    json_error_t e;
    char *text = NULL;
    die_trap t;
    *why = NULL;
    die_trap_push(&t);
    if (setjmp(t.jump)) {
        if (t.status == EXIT_MACHINE) die_again(&t);
        *why = xdup(t.text);
        return NULL;
    }
    text = file_read(path, limit, &n);
    die_trap_pop(&t);
    json_t *o = json_loadb(text, n, JSON_REJECT_DUPLICATES, &e);
    free(text);
    if (!o) *why = xprintf("%s:%d: no JSON: %s", path, e.line, e.text);
    return o;
}

json_t *json_file(const char *path, size_t limit)
{
    char *why;
    json_t *o = json_try(path, limit, &why);
    if (!o) die("%s", why);
    return o;
}

const char *json_word(const json_t *o, const char *key) { return json_string_value(json_object_get(o, key)); }

int json_number(const json_t *v, double *out)
{
    if (!json_is_number(v)) return 0;
    *out = json_number_value(v);
    return isfinite(*out);
}

int64_t json_whole(const json_t *v)
{
    double x;
    return json_number(v, &x) && fabs(x) < 1e15 && x == floor(x) ? (int64_t)x : 0;
}

char *json_text(const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);
    if (json_is_string(v)) return xdup(json_string_value(v));
    if (json_is_integer(v)) return xprintf("%lld", (long long)json_integer_value(v));
    return json_is_real(v) ? xprintf("%.17g", json_real_value(v)) : xdup("");
}

json_t *json_clean(const char *s)
{
    char *clean = utf8_clean(s);
    json_t *j = json_string(clean);
    free(clean);
    if (!j) die_machine("out of memory");
    return j;
}

double *json_points(const json_t *list, int64_t *n, const char **why)
{
    const size_t m = json_array_size(list);
    const int pairs = json_is_array(json_array_get(list, 0));
    *why = NULL;
    if (!json_is_array(list) || !m || (!pairs && m % 2)) *why = "corners that are no list of x, y";
    else if ((pairs ? m : m / 2) > MOST_CORNERS) *why = "a polygon of more than 100,000 corners";
    if (*why) return NULL;
    *n = (int64_t)(pairs ? m : m / 2);
    double *xy = xalloc_n((size_t)*n, 2 * sizeof *xy);
    for (int64_t i = 0; i < 2 * *n && !*why; i++) {
        const json_t *pair = pairs ? json_array_get(list, (size_t)i / 2) : NULL;
        const json_t *v = pairs ? json_array_get(pair, (size_t)i % 2) : json_array_get(list, (size_t)i);
        if ((pairs && json_array_size(pair) != 2) || !json_number(v, &xy[i])) *why = "a coordinate that is no number";
    }
    if (!*why) return xy;
    free(xy);
    return NULL;
}
