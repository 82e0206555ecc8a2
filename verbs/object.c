/* object.c - JSON out; see object.h. */
#include "verbs/object.h"
#include "base/die.h"
#include "base/file.h"
#include <math.h>
#include <stdio.h>

enum { FORM = JSON_INDENT(1) };

void object_print(json_t *o)
{
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
