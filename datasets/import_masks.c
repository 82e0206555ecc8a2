/* import_masks.c - pairing films with label maps: two folders by stem, or two patterns by the text their stars stand for. */
#include "datasets/import_kinds.h"
#include "base/file.h"
#include <glob.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

static const char film_suffixes[] = "|.png|.jpg|.jpeg|.bmp|.pgm|.ppm|.pnm|";

/* ---- two folders --------------------------------------------------------------------------------------------------------------- */

typedef struct named { char *stem, *file; int used; } named;

static int by_stem(const void *a, const void *b) { return strcmp(((const named *)a)->stem, ((const named *)b)->stem); }

static void pair_folders(const import_options *o, tasks *l)
{
    char *films = path_join(o->src, "images"), *masks = path_join(o->src, "masks");
    int nfilms, nmasks;
    char **film = file_list(films, film_suffixes, &nfilms), **mask = file_list(masks, "|.png|", &nmasks);
    named *map = xalloc_n((size_t)nmasks, sizeof *map);
    for (int i = 0; i < nmasks; i++) map[i] = (named){ path_stem(mask[i]), mask[i], 0 };
    if (nmasks) qsort(map, (size_t)nmasks, sizeof *map, by_stem);
    for (int i = 0; i < nfilms; i++) {
        named key = { path_stem(film[i]), NULL, 0 }, *at = nmasks ? bsearch(&key, map, (size_t)nmasks, sizeof *map, by_stem) : NULL;
        task *t = tasks_add(l, path_join(films, film[i]), xprintf("images/%s", film[i]), key.stem);
        if (at) t->mask = path_join(masks, at->file), at->used = 1;
        else task_bad(t, "no label map masks/%s.png", key.stem);
        free(film[i]);
    }
    for (int i = 0; i < nmasks; i++) {
        if (!map[i].used) task_bad(tasks_add(l, xdup(""), xprintf("masks/%s", map[i].file), xdup(map[i].stem)), "no film images/%s.*", map[i].stem);
        free(map[i].stem), free(map[i].file);
    }
    free(film), free(mask), free(map), free(films), free(masks);
}

/* ---- two patterns -------------------------------------------------------------------------------------------------------------- */

/* Matches text with a pattern whose stars stand for anything but a slash; star k gets [from[k], to[k]). Returns the stars used or -1. */
static int match(const char *pattern, const char *text, int k, const char **from, const char **to)
{
    for (; *pattern && *pattern != '*'; pattern++, text++) if (*pattern != *text) return -1;
    if (!*pattern) return *text ? -1 : k;
    if (k == 8) return -1;
    for (const char *end = text;; end++) {
        from[k] = text, to[k] = end;
        int n = match(pattern + 1, end, k + 1, from, to);
        if (n >= 0) return n;
        if (!*end || *end == '/') return -1;
    }
}

/* The pattern with star k replaced by its text. */
static char *fill(const char *pattern, const char *const *from, const char *const *to, int n)
{
    char *out = xdup("");
    for (int k = 0; *pattern; pattern++) {
        char *more = *pattern == '*' && k < n ? xprintf("%s%.*s", out, (int)(to[k] - from[k]), from[k]) : xprintf("%s%c", out, *pattern);
        k += *pattern == '*';
        free(out), out = more;
    }
    return out;
}

static int stars(const char *s) { int n = 0; for (; *s; s++) n += *s == '*'; return n; }

static int by_text(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* All files below SRC that match; the folder's own name is no pattern. */
static void expand(const char *src, const char *pattern, glob_t *g)
{
    char *safe = xalloc(2 * strlen(src) + 1), *to = safe;
    for (const char *p = src; *p; p++) { if (strchr("*?[]\\", *p)) *to++ = '\\'; *to++ = *p; }
    char *whole = path_join(safe, pattern);
    int e = glob(whole, 0, NULL, g);
    if (e && e != GLOB_NOMATCH) die("--map: '%s' cannot be listed", whole);
    if (e == GLOB_NOMATCH || !g->gl_pathc) die("--map: no file matches '%s'", whole);
    free(safe), free(whole);
}

static void pair_patterns(const import_options *o, tasks *l)
{
    char *left = xdup(o->map), *right = strchr(left, ':');
    if (!right || strchr(right + 1, ':') || strpbrk(left, "?[]") || left[0] == '/' || right[1] == '/')
        die_at("--map", "got '%s', wanted 'images/*.png:masks/*.png', relative to %s; * is the only wildcard", o->map, o->src);
    *right++ = 0;
    int n = stars(left);
    if (n < 1 || n > 8 || stars(right) != n) die_at("--map", "got %d and %d stars in '%s', wanted the same number on both sides, 1 to 8", n,
        stars(right), o->map);
    glob_t films, maps;
    const char *from[8], *to[8];
    expand(o->src, left, &films), expand(o->src, right, &maps);
    char *used = xalloc(maps.gl_pathc);
    char *probe = path_join(o->src, "x");                      /* how many bytes of a found path are the folder */
    size_t skip = strlen(probe) - 1;
    free(probe);
    for (size_t i = 0; i < films.gl_pathc; i++) {
        const char *name = films.gl_pathv[i] + skip;
        if (match(left, name, 0, from, to) != n) continue;
        char *id = xprintf("%.*s", (int)(to[0] - from[0]), from[0]);
        for (int k = 1; k < n; k++) { char *more = xprintf("%s_%.*s", id, (int)(to[k] - from[k]), from[k]); free(id), id = more; }
        char *label = fill(right, from, to, n), *path = path_join(o->src, label);
        char **at = bsearch(&path, maps.gl_pathv, maps.gl_pathc, sizeof *maps.gl_pathv, by_text);
        task *t = tasks_add(l, xdup(films.gl_pathv[i]), xdup(name), id);
        if (at) used[at - maps.gl_pathv] = 1; else task_bad(t, "no label map %s", label);
        t->mask = path;
        free(label);
    }
    for (size_t i = 0; i < maps.gl_pathc; i++)
        if (!used[i]) task_bad(tasks_add(l, xdup(""), xdup(maps.gl_pathv[i] + skip), path_stem(maps.gl_pathv[i])), "no film for this label map");
    globfree(&films), globfree(&maps), free(used), free(left);
}

void tasks_masks(const import_options *o, tasks *l)
{
    if (o->map) pair_patterns(o, l); else pair_folders(o, l);
    if (o->patient) tasks_patients(o->patient, l);
}

void tasks_patients(const char *regex, tasks *l)
{
    regex_t r;
    regmatch_t m[2];
    int e = regcomp(&r, regex, REG_EXTENDED);
    if (e) { char why[128]; regerror(e, &r, why, sizeof why); die_at("--patient", "'%s': %s", regex, why); }
    if (r.re_nsub < 1) { regfree(&r); die_at("--patient",
        "got '%s', wanted a column of labels.csv or a regular expression with a group: '^(P[0-9]+)_'", regex); }
    for (int64_t i = 0; i < l->n; i++) {
        task *t = &l->t[i];
        const char *slash = strrchr(t->name, '/'), *name = slash ? slash + 1 : t->name;
        if (regexec(&r, name, 2, m, 0) || m[1].rm_so < 0 || m[1].rm_eo == m[1].rm_so) {
            task_bad(t, "--patient '%s' finds nothing in its name", regex);
            continue;
        }
        free(t->patient), t->patient = xprintf("%.*s", (int)(m[1].rm_eo - m[1].rm_so), name + m[1].rm_so);
    }
    regfree(&r);
}
