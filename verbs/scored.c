/* scored.c - see scored.h. */
#include "verbs/scored.h"
#include "base/die.h"
#include "base/file.h"
#include "eval/plots.h"
#include "verbs/object.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { WORST = 5 };

const char *const scored_products[] = { "table.txt", "table.md", "table.csv", "borders.txt", "borders.md", "borders.csv", "cases.csv",
                                       "presence.csv", "eval.json", "dsc.svg", "dsc.png", NULL };

static void write_table(table *t, const char *folder, const char *name, enum table_form form)
{
    char *path = path_join(folder, name);
    FILE *out = file_begin(path);
    table_write(t, out, form);
    file_commit(out, path);
    free(path);
}

/* The DSC of every image, a row a class, as dsc.svg and dsc.png. */
static void plot(const score *s, const char *folder)
{
    plot_group *g = xalloc_n((size_t)s->nclasses, sizeof *g);
    double *x = xalloc_n((size_t)s->nclasses * (size_t)s->ncases, sizeof *x);
    for (int k = 0; k < s->nclasses; k++) {
        double *row = x + (int64_t)k * s->ncases;
        for (int64_t i = 0; i < s->ncases; i++) {
            const quantity q = s->cases[i].class[k].of[METRIC_DSC];
            row[i] = q.why ? NAN : q.value;
        }
        g[k] = (plot_group){ s->classes[k].name, row, s->ncases };
    }
    static const char *const files[] = { "dsc.svg", "dsc.png" };
    for (int i = 0; i < 2; i++) {
        char *path = path_join(folder, files[i]);
        plot_strips(path, "DSC by class", "DSC", g, s->nclasses, 0, 1);
        free(path);
    }
    free(g), free(x);
}

void scored_write(const score *s, const char *folder)
{
    table *classes = score_class_table(s), *borders = score_border_table(s), *cases = score_case_table(s, 0), *present = score_presence_table(s);
    file_make_folders(folder);
    write_table(classes, folder, "table.txt", TABLE_PLAIN);
    write_table(classes, folder, "table.md", TABLE_MARKDOWN);
    write_table(classes, folder, "table.csv", TABLE_CSV);
    write_table(borders, folder, "borders.txt", TABLE_PLAIN);
    write_table(borders, folder, "borders.md", TABLE_MARKDOWN);
    write_table(borders, folder, "borders.csv", TABLE_CSV);
    write_table(cases, folder, "cases.csv", TABLE_CSV);
    write_table(present, folder, "presence.csv", TABLE_CSV);
    table_free(classes), table_free(borders), table_free(cases), table_free(present);
    json_t *o = score_json(s);
    char *path = path_join(folder, "eval.json");
    object_write(o, path);
    json_decref(o), free(path);
    plot(s, folder);
}

void scored_print(const score *s)
{
    table *t[] = { score_class_table(s), score_border_table(s), score_case_table(s, WORST) };
    for (int i = 0; i < 3; i++) {
        if (i) putchar('\n');
        table_write(t[i], stdout, TABLE_PLAIN);
        table_free(t[i]);
    }
}
