/* pattern.c - see pattern.h. glob(3) finds the files; what the stars stand for is then read off the names, the shortest text first. */
#include "datasets/pattern.h"
#include "base/die.h"
#include "base/file.h"
#include <glob.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 8 };                           /* stars */

int pattern_stars(const char *s) { int n = 0; for (; *s; s++) n += *s == '*'; return n; }

/* Matches text with a pattern; star k gets [from[k], to[k]). Returns the stars used or -1. */
static int match(const char *pattern, const char *text, int k, const char **from, const char **to)
{
    for (; *pattern && *pattern != '*'; pattern++, text++) if (*pattern != *text) return -1;
    if (!*pattern) return *text ? -1 : k;
    if (k == MOST) return -1;
    for (const char *end = text;; end++) {
        from[k] = text, to[k] = end;
        int n = match(pattern + 1, end, k + 1, from, to);
        if (n >= 0) return n;
        if (!*end || *end == '/') return -1;
    }
}

/* The folder's own name is no pattern. */
static void expand(const char *folder, const char *pattern, glob_t *g)
{
    char *safe = xalloc(2 * strlen(folder) + 1), *to = safe;
    for (const char *p = folder; *p; p++) { if (strchr("*?[]\\", *p)) *to++ = '\\'; *to++ = *p; }
    char *whole = path_join(safe, pattern);
    int e = glob(whole, 0, NULL, g);
    if (e && e != GLOB_NOMATCH) die("--map: '%s' cannot be listed", whole);
    if (e == GLOB_NOMATCH || !g->gl_pathc) die("--map: no file matches '%s'", whole);
    free(safe), free(whole);
}

static int by_id(const void *a, const void *b)
{
    const found *p = a, *q = b;
    const int c = strcmp(p->id, q->id);
    return c ? c : strcmp(p->name, q->name);
}

found_list pattern_find(const char *folder, const char *pattern, int stars)
{
    glob_t g;
    const char *from[MOST], *to[MOST];
    expand(folder, pattern, &g);
    found_list l = { 0, xalloc_n(g.gl_pathc, sizeof *l.f) };
    char *probe = path_join(folder, "x");                       /* how many bytes of a found path are the folder */
    const size_t skip = strlen(probe) - 1;
    free(probe);
    for (size_t i = 0; i < g.gl_pathc; i++) {
        const char *name = g.gl_pathv[i] + skip;
        if (match(pattern, name, 0, from, to) < stars) continue;
        char *id = xprintf("%.*s", (int)(to[0] - from[0]), from[0]);
        for (int k = 1; k < stars; k++) { char *more = xprintf("%s_%.*s", id, (int)(to[k] - from[k]), from[k]); free(id), id = more; }
        l.f[l.n++] = (found){ xdup(g.gl_pathv[i]), xdup(name), id, 0 };
    }
    globfree(&g);
    if (l.n) qsort(l.f, (size_t)l.n, sizeof *l.f, by_id);
    return l;
}

void found_free(found_list *l)
{
    for (int64_t i = 0; i < l->n; i++) free(l->f[i].path), free(l->f[i].name), free(l->f[i].id);
    free(l->f);
    *l = (found_list){ 0 };
}

int64_t found_at(const found_list *l, const char *id)
{
    int64_t lo = 0, hi = l->n;
    while (lo < hi) {
        const int64_t mid = (lo + hi) / 2;
        if (strcmp(l->f[mid].id, id) < 0) lo = mid + 1; else hi = mid;
    }
    return lo < l->n && !strcmp(l->f[lo].id, id) ? lo : -1;
}
