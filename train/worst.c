/* worst.c - see worst.h. */
#include "train/worst.h"
#include "base/die.h"
#include "base/file.h"
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

worst worst_new(const samples *set, int64_t most)
{
    return (worst){ .set = set, .most = most, .e = xalloc_n((size_t)most + 1, sizeof(worst_film)) };
}

static void film_free(worst_film *f) { free(f->pred), free(f->truth); }

void worst_free(worst *w)
{
    for (int64_t i = 0; i < w->n; i++) film_free(&w->e[i]);
    free(w->e);
    *w = (worst){ 0 };
}

void worst_take(worst *w, int64_t i, double dice, const uint8_t *pred, const uint8_t *truth)
{
    const store_case *c = samples_case(w->set, i);
    const size_t area = (size_t)(c->h * c->w);
    if (!w->most || isnan(dice) || (w->n == w->most && dice >= w->e[w->n - 1].dice)) return;
    int64_t at = w->n;
    while (at > 0 && dice < w->e[at - 1].dice) at--;
    memmove(w->e + at + 1, w->e + at, (size_t)(w->n - at) * sizeof *w->e);
    w->e[at] = (worst_film){ i, dice, xalloc(area), xalloc(area) };
    memcpy(w->e[at].pred, pred, area), memcpy(w->e[at].truth, truth, area);
    if (w->n == w->most) film_free(&w->e[w->n]);
    else w->n++;
}

static void draw(const worst *w, const worst_film *e, const char *path)
{
    enum { SCALE = 384 };                            /* film pixels to a pixel of line and letter */
    const store_case *c = samples_case(w->set, e->i);
    const int64_t n = c->h * c->w, side = c->h < c->w ? c->h : c->w;
    const int thick = side < 2 * SCALE ? 1 : (int)(side / SCALE);
    image film = image_new(c->h, c->w, c->bits);
    uint8_t *rgb = xalloc_n((size_t)n, 3), *truth = xalloc((size_t)n);
    char *text = xprintf("DSC %.3f", e->dice);
    store_read_image(w->set->s, w->set->at[e->i], film.p);
    for (int64_t i = 0; i < n; i++) truth[i] = e->truth[i] == IGNORED ? 0 : e->truth[i];
    overlay_grey(&film, rgb);
    overlay_labels(rgb, e->pred, c->h, c->w, 0.35, 0);
    overlay_labels(rgb, truth, c->h, c->w, 0, thick);
    overlay_text(rgb, c->h, c->w, 4 * thick, 4 * thick, thick, (const uint8_t[]){ 255, 255, 255 }, text);
    image_write_rgb(path, rgb, c->h, c->w);
    image_free(&film), free(rgb), free(truth), free(text);
}

/* "01_", as worst_write begins a name. */
static int is_ours(const char *name)
{
    size_t k = 0;
    while (isdigit((unsigned char)name[k])) k++;
    return k >= 2 && name[k] == '_';
}

void worst_clear(const char *folder, int only_temporaries)
{
    int n;
    char *own = path_join(folder, "worst");
    if (file_is_folder(own)) {
        char **name = file_list(own, NULL, &n);
        for (int i = 0; i < n; i++) {
            char *path = path_join(own, name[i]);
            const int ours = is_ours(name[i]) && (!only_temporaries || strstr(name[i], ".png.tmp"));
            if (ours && unlink(path) && errno != ENOENT) die_machine("%s: cannot be removed: %s", path, strerror(errno));
            free(path), free(name[i]);
        }
        free(name);
    }
    free(own);
}

typedef struct row { double dice; int64_t i; } row;

/* Worst first; films without a DSC last; equals in their order. */
static int by_dice(const void *a, const void *b)
{
    const row *p = a, *q = b;
    const int none = isnan(p->dice) - isnan(q->dice);
    if (none || (!isnan(p->dice) && p->dice != q->dice)) return none ? none : p->dice < q->dice ? -1 : 1;
    return (p->i > q->i) - (p->i < q->i);
}

static void write_quoted(FILE *f, const char *text)
{
    fputc('"', f);
    for (; *text; text++) fputs(*text == '"' ? "\"\"" : (char[]){ *text, 0 }, f);
    fputc('"', f);
}

static void write_list(const worst *w, const double *case_dice, int64_t epoch, const char *folder)
{
    const int64_t n = w->set->n;
    row *r = xalloc_n((size_t)n, sizeof *r);
    for (int64_t i = 0; i < n; i++) r[i] = (row){ case_dice[i], i };
    qsort(r, (size_t)n, sizeof *r, by_dice);
    char *path = path_join(folder, "worst.csv");
    FILE *f = file_begin(path);
    fprintf(f, "rank,case,patient,epoch,DSC\n");
    for (int64_t i = 0; i < n; i++) {
        const store_case *c = samples_case(w->set, r[i].i);
        fprintf(f, "%lld,", (long long)i + 1), write_quoted(f, c->id), fputc(',', f), write_quoted(f, c->patient);
        fprintf(f, ",%lld,", (long long)epoch);
        if (isnan(r[i].dice)) fputc('\n', f); else fprintf(f, "%.9g\n", r[i].dice);
    }
    file_commit(f, path);
    free(path), free(r);
}

void worst_write(const worst *w, const double *case_dice, int64_t epoch, const char *folder)
{
    char *own = path_join(folder, "worst");
    write_list(w, case_dice, epoch, folder);
    if (w->most) file_make_folders(own);
    worst_clear(folder, 0);
    for (int64_t i = 0; i < w->n; i++) {
        char *path = xprintf("%s/%02lld_%s.png", own, (long long)i + 1, samples_case(w->set, w->e[i].i)->id);
        draw(w, &w->e[i], path);
        free(path);
    }
    free(own);
}
