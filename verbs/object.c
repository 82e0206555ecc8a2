/* object.c - JSON out; see object.h. */
#include "verbs/object.h"
#include "base/die.h"
#include "base/file.h"
#include "base/utf8.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { FORM = JSON_INDENT(1) };

json_t *object_text(const char *s)
{
    char *clean = utf8_clean(s);
    json_t *o = json_string(clean);
    if (!o) die_machine("out of memory");
    free(clean);
    return o;
}

void object_append(json_t *list, json_t *o)
{
    if (!o || json_array_append_new(list, o)) die_machine("out of memory");
}

void object_print(json_t *o)
{
    if (!o) die_machine("out of memory");
    int bad = json_dumpf(o, stdout, FORM) < 0 || putchar('\n') == EOF || fflush(stdout) != 0;
    if (bad) die_machine("standard output: cannot be written");
    json_decref(o);
}

void object_write(const json_t *o, const char *path)
{
    FILE *f = file_begin(path);
    int bad = json_dumpf(o, f, FORM) < 0;
    fputc('\n', f);
    if (bad && !ferror(f)) die_machine("%s: out of memory", path);
    file_commit(f, path);
}

json_t *object_real(double x) { return isfinite(x) ? json_real(x) : json_null(); }
