/* csv.c - see csv.h. The text is split in place: fields point into it. */
#include "datasets/csv.h"
#include "base/die.h"
#include "base/file.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_LIMIT = 256 << 20, COLUMNS_LIMIT = 1 << 16 };

typedef struct cursor { char *p; int line; const char *path; } cursor;

static _Noreturn void fault(const cursor *c, int line, const char *what)
{
    char at[512];
    snprintf(at, sizeof at, "%.480s:%d", c->path, line);
    die_at(at, "%s", what);
}

/* The next field, unquoted in place; *last says that it ended its line. NULL at the end of the text. */
static char *field(cursor *c, int *last)
{
    char *start = c->p, *to;
    int began = c->line, quoted = *start == '"';
    if (quoted) {
        for (c->p++, to = start;; *to++ = *c->p++) {
            if (!*c->p) fault(c, began, "a quoted field has no end");
            if (*c->p == '\n') c->line++;
            if (*c->p == '"' && *++c->p != '"') break;
        }
    } else {
        c->p += strcspn(c->p, ",\r\n");
        to = c->p;
    }
    char end = *c->p;
    if (end == '\r' && c->p[1] == '\n') end = *++c->p;
    if (end == '\r' || (end && end != ',' && end != '\n')) fault(c, c->line, end == '\r' ? "a lone carriage return" : "text after a quoted field");
    *last = end != ',';
    if (end) c->p++;
    if (end == '\n') c->line++;
    *to = 0;
    return start;
}

csv csv_read(const char *path)
{
    csv t = { 0 };
    size_t n, room = 0, used = 0;
    t.text = file_read(path, FILE_LIMIT, &n);
    if (strlen(t.text) != n) die("%s: not a text file (it holds zero bytes)", path);
    cursor c = { t.text, 1, path };
    if (!strncmp(c.p, "\xEF\xBB\xBF", 3)) c.p += 3;
    while (*c.p) {
        int line = c.line, fields = 0, last = 0;
        if (*c.p == '\n' || (*c.p == '\r' && c.p[1] == '\n')) { c.p += *c.p == '\r' ? 2 : 1, c.line++; continue; }
        while (!last) {
            char *v = field(&c, &last);
            if (used == room) t.cell = xgrow(t.cell, (room = room ? 2 * room : 1024) * sizeof *t.cell);
            t.cell[used++] = v, fields++;
        }
        if (!t.ncols) {
            if (fields > COLUMNS_LIMIT) fault(&c, line, "more columns than the limit");
            t.ncols = fields, t.name = t.cell, t.cell = NULL, room = used = 0;
            continue;
        }
        if (fields != t.ncols) {
            char *what = xprintf("got %d fields, wanted %d as in the header", fields, t.ncols);
            fault(&c, line, what);
        }
        t.line = xgrow(t.line, (size_t)(t.nrows + 1) * sizeof *t.line);
        t.line[t.nrows++] = line;
    }
    if (!t.ncols) die("%s: empty", path);
    for (int i = 0; i < t.ncols; i++)
        if (csv_column(&t, t.name[i]) != i) die("%s:1: the column %s stands twice", path, t.name[i]);
    return t;
}

void csv_free(csv *t)
{
    free(t->name), free(t->cell), free(t->line), free(t->text);
    *t = (csv){ 0 };
}

int csv_column(const csv *t, const char *name)
{
    for (int i = 0; i < t->ncols; i++) if (!strcmp(t->name[i], name)) return i;
    return -1;
}
