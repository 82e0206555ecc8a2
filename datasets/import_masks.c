/* import_masks.c - pairing films with label maps: two folders by stem, or two patterns by the text their stars stand for. */
#include "datasets/import_kinds.h"
#include "base/file.h"
#include <stdlib.h>
#include <string.h>

const char film_suffixes[] = "|.png|.jpg|.jpeg|.bmp|.pgm|.ppm|.pnm|";

/* ---- two folders --------------------------------------------------------------------------------------------------------------- */

typedef struct named { char *stem, *file; int used; } named;

static int by_stem(const void *a, const void *b) { return strcmp(((const named *)a)->stem, ((const named *)b)->stem); }

static void pair_folders(const import_options *o, tasks *l)
{
    char *films = path_join(o->src, "images"), *masks = path_join(o->src, "masks");
    int nfilms, nmasks;
    if (!file_is_folder(films) || !file_is_folder(masks))
        die("%s: holds no folder %s, wanted the films in %s/images and their label maps in %s/masks, or --map", o->src,
            file_is_folder(films) ? "masks" : "images", o->src, o->src);
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
        if (!map[i].used) task_bad(tasks_add(l, xdup(""), xprintf("masks/%s", map[i].file), xdup(map[i].stem)), "no film images/%s.*",
            map[i].stem);
        free(map[i].stem), free(map[i].file);
    }
    free(film), free(mask), free(map), free(films), free(masks);
}

/* ---- two patterns -------------------------------------------------------------------------------------------------------------- */

int tasks_map(const import_options *o, int more, found_list *films, found_list *maps)
{
    char *left = xdup(o->map), *right = strchr(left, ':');
    if (!right || strchr(right + 1, ':') || strpbrk(left, "?[]") || left[0] == '/' || right[1] == '/')
        die_at("--map", "got '%s', wanted 'images/*.png:masks/*.png', relative to %s; * is the only wildcard", o->map, o->src);
    *right++ = 0;
    const int n = pattern_stars(left), m = pattern_stars(right);
    if (n < 1 || n > 8 || (more ? m < n || m > 8 : m != n)) die_at("--map", "got %d and %d stars in '%s', wanted %s, 1 to 8", n, m, o->map,
        more ? "as many or more on the right side" : "the same number on both sides");
    *films = pattern_find(o->src, left, n), *maps = pattern_find(o->src, right, n);
    free(left);
    return n;
}

void tasks_orphans(tasks *l, const found_list *maps, const char *what)
{
    for (int64_t i = 0; i < maps->n; i++)
        if (!maps->f[i].used) task_bad(tasks_add(l, xdup(""), xdup(maps->f[i].name), xdup(maps->f[i].id)), "no film for this %s", what);
}

static void pair_patterns(const import_options *o, tasks *l)
{
    found_list films, maps;
    tasks_map(o, 0, &films, &maps);
    for (int64_t i = 0; i < films.n; i++) {
        const found *f = &films.f[i];
        const int64_t at = found_at(&maps, f->id);
        task *t = tasks_add(l, xdup(f->path), xdup(f->name), xdup(f->id));
        if (at >= 0) maps.f[at].used = 1, t->mask = xdup(maps.f[at].path);
        else task_bad(t, "no label map for it");
    }
    tasks_orphans(l, &maps, "label map");
    found_free(&films), found_free(&maps);
}

void tasks_masks(const import_options *o, classes *table, tasks *l)
{
    (void)table;
    if (o->map) pair_patterns(o, l); else pair_folders(o, l);
    tasks_know(o, l, NULL);
}
