/* import_corners.c - a table of vertebral corners: one row a film, columns LEVEL_TL_x, LEVEL_TL_y, ... LEVEL_BR_y for any levels.
 *
 * Corners are taken as given. A level whose eight cells are empty is not on that film; some of them empty is a bad case. */
#include "datasets/import_kinds.h"
#include "base/file.h"
#include "datasets/csv.h"
#include <stdlib.h>
#include <string.h>

static const char *const corner_names[4] = { "TL", "TR", "BL", "BR" };

typedef struct level { char name[STORE_NAME]; int column[4][2]; } level;           /* columns of x and y; -1: not seen */
typedef struct header { int file, width, height, nlevels; level *level; char *plain; } header;   /* plain (ncols): a column of values */

/* "T12_TL_x" -> level T12, corner 0, axis 0. */
static int corner_column(const char *name, char level_name[STORE_NAME], int *corner, int *axis)
{
    size_t n = strlen(name);
    if (n < 6 || n - 5 >= STORE_NAME || name[n - 5] != '_' || name[n - 2] != '_') return 0;
    *axis = name[n - 1] == 'x' ? 0 : name[n - 1] == 'y' ? 1 : -1;
    for (*corner = 0; *corner < 4 && strncmp(name + n - 4, corner_names[*corner], 2); ++*corner) {}
    if (*axis < 0 || *corner == 4) return 0;
    snprintf(level_name, STORE_NAME, "%.*s", (int)(n - 5), name);
    return 1;
}

static level *level_named(header *h, const char *name)
{
    for (int i = 0; i < h->nlevels; i++) if (!strcmp(h->level[i].name, name)) return &h->level[i];
    h->level = xgrow(h->level, (size_t)(h->nlevels + 1) * sizeof *h->level);
    level *v = &h->level[h->nlevels++];
    snprintf(v->name, sizeof v->name, "%s", name);
    memset(v->column, -1, sizeof v->column);
    return v;
}

/* Does an option speak of this column (name, or one of two names)? */
static int named_by(const char *option, const char *usual, const char *name)
{
    const char *words = option ? option : usual, *at = strstr(words, name);
    const size_t n = strlen(name);
    return at && (at == words || at[-1] == ',') && (!at[n] || at[n] == ',');
}

static header header_read(const csv *t, const char *path, const import_options *o)
{
    header h = { csv_column(t, "file"), csv_column(t, "width"), csv_column(t, "height"), 0, NULL, NULL };
    if (h.file < 0) die("%s:1: no column 'file'%s", path, die_nearest("file", (const char *const *)t->name, t->ncols));
    h.plain = xalloc((size_t)t->ncols);
    for (int i = 0; i < t->ncols; i++) {
        char name[STORE_NAME];
        int corner, axis;
        if (corner_column(t->name[i], name, &corner, &axis)) level_named(&h, name)->column[corner][axis] = i;
        else h.plain[i] = i != h.file && i != h.width && i != h.height && !named_by(o->patient, "patient", t->name[i]) &&
            !named_by("patient,spacing_x,spacing_y", "", t->name[i]) && !named_by(o->spacing_from, "", t->name[i]);
        if (strlen(t->name[i]) >= STORE_NAME) die("%s:1: the name of column %d is too long, wanted at most %d bytes", path, i + 1,
            STORE_NAME - 1);
    }
    if (!h.nlevels) die("%s:1: no corner columns, wanted LEVEL_TL_x, LEVEL_TL_y, ... LEVEL_BR_y", path);
    for (int i = 0; i < h.nlevels; i++)
        for (int k = 0; k < 8; k++)
            if (h.level[i].column[k / 2][k % 2] < 0) die("%s:1: the column %s_%s_%c is missing", path, h.level[i].name, corner_names[k / 2],
                "xy"[k % 2]);
    for (int i = 0; i < t->ncols; i++)                                            /* a column with a word in it holds no values */
        for (int r = 0; h.plain[i] && r < t->nrows; r++) {
            double v;
            if (!csv_cell(t, r, i)[0] || text_real(csv_cell(t, r, i), &v)) continue;
            warn("%s: the column %s is not numeric and is not imported", path, t->name[i]);
            h.plain[i] = 0;
        }
    return h;
}

static void read_corners(const csv *t, const header *h, int row, task *k)
{
    k->labels.corners = xalloc_n((size_t)h->nlevels, sizeof(corners));
    for (int i = 0; i < h->nlevels; i++) {
        corners *c = &k->labels.corners[k->labels.ncorners];
        int given = 0;
        for (int j = 0; j < 8; j++) {
            const char *cell = csv_cell(t, row, h->level[i].column[j / 2][j % 2]);
            if (!*cell) continue;
            given++;
            if (!text_real(cell, &c->p[j / 2][j % 2])) task_bad(k, "line %d: %s: got '%s', wanted a number", t->line[row],
                t->name[h->level[i].column[j / 2][j % 2]], cell);
        }
        if (!given) continue;
        if (given < 8) task_bad(k, "line %d: %s has %d of its 8 coordinates", t->line[row], h->level[i].name, given);
        memcpy(c->level, h->level[i].name, STORE_NAME), k->labels.ncorners++;
    }
    if (!k->labels.ncorners) task_bad(k, "line %d: no corners", t->line[row]);
}

/* "cobb_main_deg" -> name cobb_main, unit deg. */
static void read_values(const csv *t, const header *h, int row, task *k)
{
    static const char *const units[] = { "_deg", "_mm", "_px", "_percent", "_years" };
    k->labels.values = xalloc_n((size_t)t->ncols, sizeof(measured));
    for (int i = 0; i < t->ncols; i++) {
        measured *q = &k->labels.values[k->labels.nvalues];
        if (!h->plain[i] || !text_real(csv_cell(t, row, i), &q->value)) continue;
        snprintf(q->name, sizeof q->name, "%s", t->name[i]);
        for (size_t u = 0; u < sizeof units / sizeof *units; u++) {
            size_t n = strlen(q->name), m = strlen(units[u]);
            if (n <= m || strcmp(q->name + n - m, units[u])) continue;
            snprintf(q->unit, sizeof q->unit, "%s", units[u] + 1), q->name[n - m] = 0;
            break;
        }
        k->labels.nvalues++;
    }
}

static int64_t read_size(const csv *t, int row, int column, task *k)
{
    int64_t v = 0;
    if (column < 0 || !*csv_cell(t, row, column)) return 0;
    if (!text_int(csv_cell(t, row, column), &v) || v < 1 || v > IMAGE_MAX_SIDE)
        task_bad(k, "line %d: %s: got '%s', wanted a whole number", t->line[row], t->name[column], csv_cell(t, row, column)), v = 0;
    return v;
}

int class_of_level(const classes *t, const char *name)
{
    for (int i = 0; i < t->n; i++) if (!strcmp(t->c[i].name, name)) return t->c[i].value;
    for (int i = 0; i < t->n; i++) if (!strcmp(t->c[i].name, "vertebra")) return t->c[i].value;
    for (int i = 0; i < t->n; i++) if (!strcmp(t->c[i].kind, "vertebra")) return t->c[i].value;
    return 0;
}

/* Quads as shapes: the order round one is TL TR BR BL. */
static void add_quads(task *t, const classes *table)
{
    static const int round[4] = { CORNER_TL, CORNER_TR, CORNER_BR, CORNER_BL };
    for (int i = 0; i < t->labels.ncorners; i++) {
        const corners *c = &t->labels.corners[i];
        double xy[8];
        for (int k = 0; k < 4; k++) xy[2 * k] = c->p[round[k]][0], xy[2 * k + 1] = c->p[round[k]][1];
        shape_polygon(task_shape(t, class_of_level(table, c->level), c->level), xy, 4, 0);
    }
}

void tasks_corners(const import_options *o, classes *table, tasks *l)
{
    char *path = path_join(o->src, "labels.csv"), *films = path_join(o->src, "images");
    if (!file_is_folder(films)) die("%s: no such folder, wanted %s and its folder images/", films, path);
    csv t = csv_read(path);
    if (!table->n) classes_add(table, 1, "vertebra", "vertebra");
    header h = header_read(&t, path, o);
    for (int i = 0; i < h.nlevels; i++)
        if (!class_of_level(table, h.level[i].name))
            die("--classes: no class is called %s or vertebra, and none is of kind vertebra", h.level[i].name);
    for (int row = 0; row < t.nrows; row++) {
        const char *file = csv_cell(&t, row, h.file);
        task *k = tasks_add(l, path_join(films, file), xprintf("images/%s", file), path_stem(file));
        k->row = row, k->drawn = 1;
        if (!*file || strchr(file, '/')) task_bad(k, "line %d: got file '%s', wanted a name in images/", t.line[row], file);
    }
    const columns c = columns_csv(&t);
    tasks_know(o, l, &c);
    for (int row = 0; row < t.nrows; row++) {
        task *k = &l->t[row];
        k->labelled_w = read_size(&t, row, h.width, k), k->labelled_h = read_size(&t, row, h.height, k);
        read_corners(&t, &h, row, k), read_values(&t, &h, row, k), add_quads(k, table);
    }
    free(h.level), free(h.plain), csv_free(&t), free(path), free(films);
}
