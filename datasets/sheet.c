/* sheet.c - the contact sheet of `check --sheet`: many small films with their labels on one picture; see check.h. */
#include "datasets/check.h"
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { CELL = 92400, GAP = 8, NAME = 18, MOST_WIDE = 12 };          /* CELL: pixels of a film */

static const uint8_t white[3] = { 255, 255, 255 }, good[3] = { 86, 180, 233 }, wrong[3] = { 213, 94, 0 };       /* Okabe and Ito, 2008 */

/* Is the word in the text, not as a part of a longer one (T1 in T12)? */
static int has_word(const char *text, const char *word)
{
    size_t n = strlen(word);
    for (const char *p = text; n && (p = strstr(p, word)); p += n)
        if ((p == text || !isalnum((unsigned char)p[-1])) && !isalnum((unsigned char)p[n])) return 1;
    return 0;
}

static int named(const faults *f, int64_t at, const char *level)
{
    for (int64_t i = 0; i < f->n; i++) if (f->f[i].at == at && has_word(f->f[i].text, level)) return 1;
    return 0;
}

static void draw_quads(uint8_t *rgb, int64_t h, int64_t w, const labels *l, const faults *f, int64_t at, double scale)
{
    static const int order[5] = { CORNER_TL, CORNER_TR, CORNER_BR, CORNER_BL, CORNER_TL };
    for (int i = 0; i < l->ncorners; i++) {
        const uint8_t *colour = named(f, at, l->corners[i].level) ? wrong : good;
        double p[5][2];
        for (int k = 0; k < 5; k++)
            for (int a = 0; a < 2; a++) p[k][a] = (l->corners[i].p[order[k]][a] + 0.5) * scale - 0.5;
        for (int k = 0; k < 4; k++) overlay_line(rgb, h, w, p[k][0], p[k][1], p[k + 1][0], p[k + 1][1], colour == wrong ? 2 : 1, colour);
    }
}

/* rgb (h, w, 3), cut into equal cells of cell_h x cell_w with a name above each */
typedef struct canvas { uint8_t *rgb; int64_t h, w, cell_h, cell_w; } canvas;

/* The case as a picture (*h, *w, 3) that fits the cell. */
static uint8_t *thumbnail(const canvas *sheet, const store *s, int64_t at, const faults *f, int64_t *h, int64_t *w)
{
    const store_case *c = store_at(s, at);
    double scale = fmin((double)sheet->cell_h / (double)c->h, (double)sheet->cell_w / (double)c->w);
    *h = (int64_t)fmax(1, floor((double)c->h * scale)), *w = (int64_t)fmax(1, floor((double)c->w * scale));
    image film = image_new(c->h, c->w, c->bits);
    store_read_image(s, at, film.p);
    uint8_t *rgb = xalloc_n((size_t)(c->h * c->w), 3), *small = xalloc_n((size_t)(*h * *w), 3);
    float *from = xalloc_n((size_t)(c->h * c->w), sizeof *from), *to = xalloc_n((size_t)(*h * *w), sizeof *to);
    overlay_grey(&film, rgb);
    for (int64_t i = 0; i < c->h * c->w; i++) from[i] = rgb[3 * i];
    resize_smooth(from, c->h, c->w, to, *h, *w);
    for (int64_t i = 0; i < *h * *w; i++) memset(small + 3 * i, (int)lrintf(to[i]), 3);
    labels l = store_read_labels(s, at);
    uint8_t *mask = xalloc((size_t)(c->h * c->w)), *map = xalloc((size_t)(*h * *w));
    if (store_read_mask(s, at, mask)) resize_labels(mask, c->h, c->w, map, *h, *w), overlay_labels(small, map, *h, *w, 0.25, l.ncorners ? 0 : 1);
    draw_quads(small, *h, *w, &l, f, at, scale);
    labels_free(&l), image_free(&film), free(rgb), free(from), free(to), free(mask), free(map);
    return small;
}

/* One case with its top left corner there. Damaged data leave the cell empty: check has named them. */
static void draw_cell(const canvas *sheet, const store *s, int64_t at, const faults *f, int64_t top, int64_t left)
{
    die_trap t;
    overlay_text(sheet->rgb, sheet->h, sheet->w, left, top, 2, white, store_at(s, at)->id);
    die_trap_push(&t);
    if (setjmp(t.jump)) return;
    int64_t h, w;
    uint8_t *small = thumbnail(sheet, s, at, f, &h, &w);
    die_trap_pop(&t);
    for (int64_t y = 0; y < h; y++) memcpy(sheet->rgb + 3 * ((top + NAME + y) * sheet->w + left), small + 3 * y * w, (size_t)w * 3);
    free(small);
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Height over width of the middle film, within 1/3 and 3: cells of that shape waste least of the sheet. */
static double middle_shape(const store *s, const int64_t *cases, int64_t n)
{
    double shape[SHEET_MOST];
    for (int64_t i = 0; i < n; i++) shape[i] = (double)store_at(s, cases[i])->h / (double)store_at(s, cases[i])->w;
    qsort(shape, (size_t)n, sizeof *shape, ascending);
    return n ? fmin(3, fmax(1 / 3.0, shape[n / 2])) : 1;
}

void check_sheet(const store *s, const int64_t *cases, int64_t n, const faults *f, const char *path)
{
    const int64_t shown = n < SHEET_MOST ? n : SHEET_MOST;
    const double shape = middle_shape(s, cases, shown);
    const int64_t across = shown < MOST_WIDE ? shown : (int64_t)ceil(sqrt(shape * (double)shown)), rows = shown ? (shown + across - 1) / across : 0;
    canvas sheet = { .cell_h = (int64_t)sqrt(CELL * shape), .cell_w = (int64_t)sqrt(CELL / shape) };
    sheet.h = rows * (sheet.cell_h + NAME + GAP) + GAP, sheet.w = across * (sheet.cell_w + GAP) + GAP;
    sheet.rgb = xalloc_n((size_t)(sheet.h * sheet.w), 3);
    for (int64_t k = 0; k < shown; k++) draw_cell(&sheet, s, cases[k], f, GAP + k / across * (sheet.cell_h + NAME + GAP),
        GAP + k % across * (sheet.cell_w + GAP));
    image_write_rgb(path, sheet.rgb, sheet.h, sheet.w);
    free(sheet.rgb);
}
