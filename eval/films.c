/* films.c - the films that `predict` is given; see predict.h. */
#include "base/die.h"
#include "base/file.h"
#include "datasets/split.h"
#include "eval/predict.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char suffixes[] = "|.png|.jpg|.jpeg|.bmp|.pgm|.ppm|.pnm|.PNG|.JPG|.JPEG|.BMP|.PGM|.PPM|.PNM|";

static void add(films *f, film e)
{
    if ((f->n & (f->n + 1)) == 0) f->e = xgrow(f->e, (size_t)(2 * (f->n + 1)) * sizeof *f->e);
    if (!*e.stem || *e.stem == '.') die("%s: the film's name must not be empty or begin with a dot: its results are named after it", e.source);
    f->e[f->n++] = e;
}

static void add_file(films *f, const char *path) { add(f, (film){ .stem = path_stem(path), .source = xdup(path) }); }

static void add_folder(films *f, const char *folder)
{
    int n;
    char **name = file_list(folder, suffixes, &n);
    if (!n) die("%s: no film in this folder (PNG, JPEG, BMP, PNM)", folder);
    for (int i = 0; i < n; i++) {
        char *path = path_join(folder, name[i]);
        add_file(f, path);
        free(path), free(name[i]);
    }
    free(name);
}

static void add_store(films *f, const char *path, const char *part)
{
    const struct part which = part_get(part ? part : "all", "--split");
    store *s = store_open(path);
    f->s = xgrow(f->s, (size_t)(f->stores + 1) * sizeof *f->s);
    f->s[f->stores++] = s;
    int64_t before = f->n;
    for (int64_t i = 0; i < store_count(s); i++) {
        const store_case *c = store_at(s, i);
        if (part_has(&which, c)) add(f, (film){ .stem = xdup(c->id), .source = xprintf("%s:%s", path, c->id), .s = s, .at = i });
    }
    if (f->n == before) die("%s: no case%s%s", path, part ? " is in the split " : "", part ? part : "");
}

static int by_stem(const void *a, const void *b) { return strcmp((*(const film *const *)a)->stem, (*(const film *const *)b)->stem); }

static void refuse_doubles(const films *f)
{
    const film **order = xalloc_n((size_t)f->n, sizeof *order);
    for (int64_t i = 0; i < f->n; i++) order[i] = &f->e[i];
    qsort(order, (size_t)f->n, sizeof *order, by_stem);
    for (int64_t i = 1; i < f->n; i++)
        if (!strcmp(order[i]->stem, order[i - 1]->stem))
            die("%s and %s: two films called %s; their results would be one file", order[i - 1]->source, order[i]->source, order[i]->stem);
    free(order);
}

films films_find(char *const *inputs, int n, const char *part)
{
    films f = { 0 };
    for (int i = 0; i < n; i++) {
        if (file_is_folder(inputs[i])) add_folder(&f, inputs[i]);
        else if (!file_exists(inputs[i])) die("%s: no such film, folder or store", inputs[i]);
        else if (store_like(inputs[i])) add_store(&f, inputs[i], part);
        else add_file(&f, inputs[i]);
    }
    if (part && !f.stores) die_at("--split", "none of the inputs is a store: only a store knows its splits");
    refuse_doubles(&f);
    return f;
}

void films_check(const films *f)
{
    char (*why)[IMAGE_WHY] = xalloc_n((size_t)f->n, sizeof *why);
    #pragma omp parallel for schedule(dynamic)
    for (int64_t i = 0; i < f->n; i++) {
        image m;
        if (!f->e[i].s && film_try(f->e[i].source, &m, why[i])) image_free(&m);
    }
    for (int64_t i = 0; i < f->n; i++) {
        const film *e = &f->e[i];
        if (*why[i]) die("%s: %s", e->source, why[i]);
        if (!e->s) continue;
        image m = image_new(store_at(e->s, e->at)->h, store_at(e->s, e->at)->w, store_at(e->s, e->at)->bits);
        store_read_image(e->s, e->at, m.p);
        image_free(&m);
    }
    free(why);
}

void films_free(films *f)
{
    for (int64_t i = 0; i < f->n; i++) free(f->e[i].stem), free(f->e[i].source);
    for (int i = 0; i < f->stores; i++) store_close(f->s[i]);
    free(f->e), free(f->s);
    *f = (films){ 0 };
}
