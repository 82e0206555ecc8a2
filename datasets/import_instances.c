/* import_instances.c - one PNG an object: a folder a film, or two patterns. See import.h.
 *
 * A file's name may say what the object is: "004_T12.png" (as export writes it) is of level T12, "L1.png" or "L1_2.png" of L1 where that
 * is a
 * class or a vertebra. Its pixels say the class where their value is above 1; see shape.h. */
#include "datasets/import_kinds.h"
#include "base/file.h"
#include "datasets/check.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int known(const classes *t, const char *name)
{
    for (int i = 0; i < t->n; i++) if (!strcmp(t->c[i].name, name)) return 1;
    return level_rank(name) > 0;
}

/* What the file's name says, "" where nothing. */
static void level_of(const classes *t, const char *file, char level[STORE_NAME])
{
    char *stem = path_stem(file);
    const size_t digits = strspn(stem, "0123456789");
    *level = 0;
    if (digits && stem[digits] == '_' && strlen(stem + digits + 1) < STORE_NAME) snprintf(level, STORE_NAME, "%s", stem + digits + 1);
    else {
        char *last = strrchr(stem, '_');
        if (last && last[1] && !last[1 + strspn(last + 1, "0123456789")]) *last = 0;
        if (strlen(stem) < STORE_NAME && known(t, stem)) snprintf(level, STORE_NAME, "%s", stem);
    }
    free(stem);
}

static void add_object(task *t, const classes *table, char *path)
{
    char level[STORE_NAME];
    level_of(table, path, level);
    shape *s = task_shape(t, *level ? class_of_level(table, level) : 0, level);
    s->file = path;
}

/* The film of SRC/NAME: image.*, or the only file of image/ or images/. NULL with a bad task otherwise. */
static char *film_of(const char *folder, const char **bad)
{
    static const char *const subs[] = { "image", "images" };
    char *film = NULL;
    int n, films = 0;
    char **name = file_list(folder, film_suffixes, &n);
    for (int i = 0; i < n; i++) {
        char *stem = path_stem(name[i]);
        if (!strcmp(stem, "image") && !films++) film = path_join(folder, name[i]);
        free(stem), free(name[i]);
    }
    free(name);
    for (int k = 0; k < 2; k++) {
        char *sub = path_join(folder, subs[k]);
        if (file_is_folder(sub)) {
            name = file_list(sub, film_suffixes, &n);
            for (int i = 0; i < n; i++) { if (!films++) film = path_join(sub, name[i]); free(name[i]); }
            free(name);
        }
        free(sub);
    }
    *bad = !films ? "no film: image.*, or one in image/ or images/" : films > 1 ? "more than one film" : NULL;
    return film ? film : xdup("");
}

static void list_folders(const import_options *o, const classes *table, tasks *l)
{
    int n, m;
    char **name = file_list(o->src, NULL, &n);
    for (int i = 0; i < n; i++) {
        char *folder = path_join(o->src, name[i]), *masks = path_join(folder, "masks");
        const char *bad;
        if (!file_is_folder(folder)) { free(folder), free(masks), free(name[i]); continue; }
        char *film = film_of(folder, &bad);
        task *t = tasks_add(l, film, xdup(*film ? film + strlen(o->src) + (o->src[strlen(o->src) - 1] != '/') : name[i]), name[i]);
        t->drawn = 1;
        if (bad) task_bad(t, "%s", bad);
        if (!file_is_folder(masks)) task_bad(t, "no folder masks/ (an empty one where there are no objects)");
        else {
            char **object = file_list(masks, "|.png|", &m);
            for (int k = 0; k < m; k++) add_object(t, table, path_join(masks, object[k])), free(object[k]);
            free(object);
        }
        free(folder), free(masks);
    }
    free(name);
}

static void list_patterns(const import_options *o, const classes *table, tasks *l)
{
    found_list films, objects;
    tasks_map(o, 1, &films, &objects);
    for (int64_t i = 0; i < films.n; i++) {
        task *t = tasks_add(l, xdup(films.f[i].path), xdup(films.f[i].name), xdup(films.f[i].id));
        t->drawn = 1;
        int64_t at = found_at(&objects, films.f[i].id);
        for (; at >= 0 && at < objects.n && !strcmp(objects.f[at].id, films.f[i].id); at++)
            add_object(t, table, xdup(objects.f[at].path)), objects.f[at].used = 1;
    }
    tasks_orphans(l, &objects, "object");
    found_free(&films), found_free(&objects);
}

void tasks_instances(const import_options *o, classes *table, tasks *l)
{
    if (o->map) list_patterns(o, table, l); else list_folders(o, table, l);
    tasks_know(o, l, NULL);
}
