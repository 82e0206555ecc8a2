/* runs.c - `darkspine runs [DIR...]`: which runs lie here, how far and how good they are, and in what they differ. */
#include "verbs/verb.h"
#include "base/die.h"
#include "base/file.h"
#include "eval/plots.h"
#include "eval/table.h"
#include "train/log.h"
#include "train/past.h"
#include "train/run.h"
#include "verbs/flags.h"
#include "verbs/object.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH = 4 };                                      /* folders below DIR that are looked into */

static const flag own[] = {
    { "--curves", "FILE.svg|png", "draw loss and validation of all runs over each other" },
    { "--sort", "best|name", "order of the rows (default best, the highest first)" },
    { 0 }
};
static const usage how = { "runs", "[DIR...]",
    "Lists the runs in these folders and below (default: the working directory): status, epochs, best validation, loss, time; and every key of\n"
    "their run.cfg in which they differ. A run that is still going on, or was stopped, is listed with what its log says so far.",
    own, FLAG_JSON | FLAG_FORCE, 0, -1, 0 };

typedef struct list { past_run *r; int n; } list;

static void find(list *l, const char *folder, int depth)
{
    int n;
    if (past_is(folder)) {
        l->r = xgrow(l->r, (size_t)(l->n + 1) * sizeof *l->r);
        l->r[l->n++] = past_read(folder);
    }
    char **name = depth ? file_list(folder, NULL, &n) : NULL;
    for (int i = 0; name && i < n; i++) {
        char *path = path_join(folder, name[i]);
        if (file_is_folder(path)) find(l, path, depth - 1);
        free(path), free(name[i]);
    }
    free(name);
}

static int by_name(const void *a, const void *b) { return strcmp(((const past_run *)a)->folder, ((const past_run *)b)->folder); }

static int by_best(const void *a, const void *b)
{
    const past_run *p = a, *q = b;
    const int none = isnan(p->best) - isnan(q->best);
    if (none) return none;
    if (isfinite(p->best) && p->best != q->best) return p->best > q->best ? -1 : 1;
    return by_name(a, b);
}

/* A run of an older version lacks keys that are newer than it: it did what is their default now. */
static const char *setting(const past_run *r, const char *name, const key *k)
{
    const char *v = past_setting(r, name);
    return v ? v : k->def;
}

/* A fresh list of the keys, "solver.lr", that are not the same in all runs that have a run.cfg. */
static char **differing(const list *l, int *n)
{
    char **out = NULL;
    *n = 0;
    for (const run_section *s = run_sections; s->name; s++)
        for (const key *k = s->keys; k->name; k++) {
            char *name = xprintf("%s.%s", s->name, k->name);
            const char *first = NULL;
            int differ = 0, seen = 0;
            for (int i = 0; i < l->n; i++) {
                const char *v = setting(&l->r[i], name, k);
                if (!l->r[i].settings) continue;
                if (!seen++) first = v;
                differ |= (v == NULL) != (first == NULL) || (v && strcmp(v, first));
            }
            if (differ) out = xgrow(out, (size_t)(*n + 1) * sizeof *out), out[(*n)++] = name;
            else free(name);
        }
    return out;
}

static void number_or(table *t, double x, const char *why)
{
    if (isfinite(x)) table_number(t, x);
    else table_missing(t, why);
}

static void print_table(const list *l)
{
    table *t = table_new("Runs");
    table_column(t, "run", "", COLUMN_TEXT, 0), table_column(t, "status", "", COLUMN_TEXT, 0), table_column(t, "epochs", "", COLUMN_TEXT, 0);
    table_column(t, "metric", "", COLUMN_TEXT, 0), table_column(t, "best", "", COLUMN_NUMBER, 4), table_column(t, "epoch", "", COLUMN_COUNT, 0);
    table_column(t, "loss", "", COLUMN_NUMBER, 4), table_column(t, "time", "s", COLUMN_NUMBER, 0);
    table_column(t, "images/s", "", COLUMN_NUMBER, 1), table_column(t, "parameters", "", COLUMN_COUNT, 0);
    for (int i = 0; i < l->n; i++) {
        const past_run *r = &l->r[i];
        char *epochs = r->epochs ? xprintf("%lld/%lld", (long long)r->epoch, (long long)r->epochs) : xprintf("%lld", (long long)r->epoch);
        table_text(t, r->folder), table_text(t, r->status), table_text(t, epochs), table_text(t, r->metric);
        number_or(t, r->best, "no validation yet");
        if (r->best_epoch) table_count(t, r->best_epoch);
        else table_missing(t, "no validation yet");
        number_or(t, r->loss, "no epoch yet");
        table_number(t, r->seconds), number_or(t, r->images_per_second, "no epoch yet");
        table_count(t, r->parameters);
        free(epochs);
    }
    table_write(t, stdout, TABLE_PLAIN);
    table_free(t);
}

static void print_differences(const list *l, char **name, int n)
{
    if (n) printf("\nWhat differs\n");
    for (int i = 0; n && i < l->n; i++) {
        printf("%s:", l->r[i].folder);
        for (int k = 0; k < n; k++) {
            const char *v = past_setting(&l->r[i], name[k]);
            if (v) printf(" %s=%s", name[k], v);
        }
        putchar('\n');
    }
}

static void print_json(const list *l, char **name, int n)
{
    json_t *runs = json_array();
    for (int i = 0; i < l->n; i++) {
        const past_run *r = &l->r[i];
        json_t *differs = json_object(), *o;
        for (int k = 0; k < n; k++) {
            const char *v = past_setting(r, name[k]);
            json_object_set_new(differs, name[k], v ? object_text(v) : json_null());
        }
        o = json_pack("{s:o,s:o,s:I,s:I,s:s,s:o,s:o,s:o,s:f,s:o,s:I,s:o,s:o,s:o}", "run", object_text(r->folder), "status", object_text(r->status),
                      "epoch", (json_int_t)r->epoch, "epochs", (json_int_t)r->epochs, "metric", r->metric, "best", object_real(r->best), "best_epoch",
                      r->best_epoch ? json_integer(r->best_epoch) : json_null(), "loss", object_real(r->loss), "seconds", r->seconds,
                      "images_per_second", object_real(r->images_per_second), "parameters", (json_int_t)r->parameters, "commit",
                      object_text(r->commit), "version", object_text(r->version), "differs", differs);
        if (o && !r->best_epoch) json_object_set_new(o, "best_why", json_string("no validation yet")), json_object_set_new(o, "best_epoch_why", json_string("no validation yet"));
        if (o && isnan(r->loss)) json_object_set_new(o, "loss_why", json_string("no epoch yet"));
        object_append(runs, o);
    }
    object_print(json_pack("{s:o}", "runs", runs));
}

static void draw(const list *l, const char *path)
{
    plot_series *loss = xalloc_n((size_t)l->n, sizeof *loss), *metric = xalloc_n((size_t)l->n, sizeof *metric);
    double top = 1;                          /* of the axis: 0, by the values, where a metric wants that */
    for (int i = 0; i < l->n; i++) {
        const past_run *r = &l->r[i];
        top = fmin(top, log_metric_find(r->metric)->top);
        loss[i] = (plot_series){ r->folder, r->losses.x, r->losses.y, r->losses.n, 0, PLOT_MARK_NONE };
        metric[i] = (plot_series){ r->folder, r->metrics.x, r->metrics.y, r->metrics.n, 0, PLOT_MARK_HIGHEST };
    }
    const plot_panel panels[] = { { "Training loss", "epoch", "loss", loss, l->n, 0, 0 },
                                  { "Validation", "epoch", "as each run says", metric, l->n, 0, top } };
    plot_curves(path, panels, 2);
    free(loss), free(metric);
}

int verb_runs(int argc, char **argv)
{
    static const char *const orders[] = { "best", "name" };
    flags *f = flags_parse(&how, argc, argv);
    if (!f) return EXIT_OK;
    const char *picture = flags_text(f, "--curves", NULL);
    const int order = flags_word(f, "--sort", orders, 2, 0);
    int n;
    list l = { 0 };
    if (picture) flags_may_write(f, picture);
    if (!f->n) find(&l, ".", DEPTH);
    for (int i = 0; i < f->n; i++) {
        if (!file_is_folder(f->input[i])) die("%s: no such folder", f->input[i]);
        find(&l, f->input[i], DEPTH);
    }
    if (!l.n) die("runs: no run in %s or below: a run is a folder that `train --out` made", f->n ? f->input[0] : "the working directory");
    qsort(l.r, (size_t)l.n, sizeof *l.r, order ? by_name : by_best);
    char **name = differing(&l, &n);
    if (picture) draw(&l, picture);
    if (flags_has(f, "--json")) print_json(&l, name, n);
    else {
        print_table(&l), print_differences(&l, name, n);
        if (picture) printf("\ncurves: %s\n", picture);
    }
    for (int i = 0; i < n; i++) free(name[i]);
    for (int i = 0; i < l.n; i++) past_free(&l.r[i]);
    free(name), free(l.r), flags_free(f);
    return EXIT_OK;
}
