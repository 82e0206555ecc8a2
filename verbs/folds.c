/* folds.c - `darkspine train RUN.cfg --out DIR --folds`: a cross-validation. Every fold is a run of its own in DIR/foldN, trained on the other
 * folds; its best weights then predict the films of its fold, which they have not seen, and one evaluation takes all films together. So
 * each film counts once, and intervals are over all patients. With --resume, folds that are done stay, and the others go on. */
#include "verbs/train.h"
#include "base/clock.h"
#include "base/die.h"
#include "base/file.h"
#include "datasets/store.h"
#include "eval/stats.h"
#include "verbs/object.h"
#include "verbs/progress.h"
#include "verbs/scored.h"
#include "verbs/trained.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static int count_folds(const char *path)
{
    store *s = store_open(path);
    int n = 0;
    for (int64_t i = 0; i < store_count(s); i++) if (store_at(s, i)->fold > n) n = store_at(s, i)->fold;
    store_close(s);
    if (n < 2) die("%s: it has no folds: `darkspine split --folds 5` assigns them", path);
    return n;
}

static void advance(void *bar, int64_t films) { progress_step(bar, films, NULL); }

/* The films of this fold by the best weights of its run, as FOLDER/fold/predictions.h5 with masks and overlays. */
static void predict_fold(const flags *f, const compute *c, const char *folder, const char *fold, const char *path)
{
    char *best = path_join(folder, "best.h5"), *out = path_join(folder, "fold");
    trained t = trained_open(best, &(predict_how){ 0 }, (const char *const *)&f->precision, f->precision != NULL, c->dev);
    films list = films_find((char *const[]){ (char *)path }, 1, fold);
    progress bar = progress_begin("predict", list.n, flags_has(f, "--quiet"));
    predict_job job = { &list, t.p, out, best, f->precision ? f->precision : "", 0, 0.35, advance, &bar, NULL };
    double *each = xalloc_n((size_t)list.n, sizeof *each);
    predict_all(&job, each);
    progress_end(&bar);
    free(each), films_free(&list), trained_close(&t);
    free(best), free(out);
}

/* One score over the predictions of all folds. */
static score *score_folds(const char *folder, const char *path, int folds, uint64_t seed)
{
    const char *name[256] = { 0 };
    uint8_t twin[256];
    pairs *p[STORE_FOLDS];
    int64_t known = 0, n = 0, excluded = 0;
    for (int k = 0; k < folds; k++) {
        char *part = xprintf("fold%d", k + 1), *pred = xprintf("%s/%s/fold/predictions.h5", folder, part);
        p[k] = pairs_open(pred, path, part);
        n += pairs_count(p[k]), excluded += pairs_excluded(p[k]);
        for (int64_t i = 0; i < pairs_count(p[k]); i++) known += pairs_at(p[k], i)->spacing[0] > 0;
        free(part), free(pred);
    }
    classes names = pairs_classes(p[0]);
    for (int i = 0; i < names.n; i++) name[names.c[i].value] = names.c[i].name;
    classes_twins(&names, twin);
    score_options o = { .names = name, .twin = twin, .in_mm = known == n, .seed = (int64_t)seed, .excluded = excluded,
                        .units_why = known == n ? NULL : "some cases have no pixel spacing" };
    score *s = score_new(&o);
    for (int k = 0; k < folds; k++) {
        for (int64_t i = 0; i < pairs_count(p[k]); i++) {
            const pair *e = pairs_at(p[k], i);
            int64_t h, w;
            uint8_t *pred, *truth;
            pairs_load(p[k], i, &h, &w, &pred, &truth);
            score_add(s, e->id, e->patient, e->spacing, h, w, pred, truth);
            free(pred), free(truth);
        }
        pairs_close(p[k]);
    }
    score_finish(s);
    classes_free(&names);
    return s;
}

static table *fold_table(const train_result *t, int folds)
{
    double best[STORE_FOLDS];
    int n = 0;
    table *out = table_new("Folds: the best validation of each run, chosen on the fold itself");
    table_column(out, "fold", "", COLUMN_COUNT, 0), table_column(out, "epochs", "", COLUMN_COUNT, 0);
    table_column(out, "best epoch", "", COLUMN_COUNT, 0), table_column(out, t->metric, "", COLUMN_NUMBER, 4);
    for (int k = 0; k < folds; k++) {
        table_count(out, k + 1), table_count(out, t[k].epochs), table_count(out, t[k].best_epoch);
        if (isfinite(t[k].best)) table_number(out, best[n++] = t[k].best);
        else table_missing(out, "no class was found or wanted");
    }
    if (n > 1) {
        char *note = xprintf("mean %.4f, sd %.4f over %d folds", stats_mean(best, n), stats_sd(best, n), n);
        table_note(out, note);
        free(note);
    }
    return out;
}

static void report(const flags *f, const char *folder, const train_result *t, int folds, const score *s)
{
    table *each = fold_table(t, folds);
    char *path = path_join(folder, "folds.csv");
    FILE *csv = file_begin(path);
    table_write(each, csv, TABLE_CSV);
    file_commit(csv, path);
    free(path);
    if (flags_has(f, "--json")) {
        json_t *o = score_json(s), *list = json_array();
        for (int k = 0; k < folds; k++)
            object_append(list, json_pack("{s:i,s:I,s:I,s:f,s:o}", "fold", k + 1, "steps", (json_int_t)t[k].steps, "epochs",
                                          (json_int_t)t[k].epochs, "seconds", t[k].seconds, "best", train_best(&t[k])));
        json_object_set_new(o, "folds", list);
        object_print(o);
    } else {
        table_write(each, stdout, TABLE_PLAIN);
        putchar('\n');
        scored_print(&(scored){ .s = s });
    }
    table_free(each);
}

/* Is there a run in this folder to go on with? */
static int begun(const char *folder)
{
    char *last = path_join(folder, "last.h5"), *previous = path_join(folder, "last.prev.h5");
    const int yes = file_exists(last) || file_exists(previous);
    free(last), free(previous);
    return yes;
}

int folds_train(const flags *f, compute *c, const char *folder)
{
    if (!f->n) die("train: no input, wanted RUN.cfg with --folds, also to resume");
    run *first = train_read(f, c, folder, 1);
    const int folds = count_folds(first->data.store), resume = flags_has(f, "--resume");
    const double began = clock_now();
    train_result t[STORE_FOLDS];
    char *path = xdup(first->data.store), *joined = path_join(folder, "eval");
    run_free(first);
    for (int k = 1; k <= folds && !resume; k++) {
        char *own = xprintf("%s/fold%d", folder, k);
        train_check_folder(f, own, 0);
        free(own);
    }
    for (int k = 1; k <= folds; k++) {
        char *own = xprintf("%s/fold%d", folder, k), *part = xprintf("fold%d", k);
        run *r = train_read(f, c, own, k);
        if (!flags_has(f, "--quiet")) fprintf(stderr, "fold %d of %d\n", k, folds);
        const int status = train_session(f, c, r, own, resume && begun(own), clock_now() - began, &t[k - 1]);
        run_free(r);
        if (status != EXIT_OK) {
            fprintf(stderr, "stopped in fold %d of %d; the same call with --resume goes on\n", k, folds);
            return status;
        }
        if (!t[k - 1].best_epoch) die_numbers("%s: no validation gave a number: there are no best weights to predict the fold with", own);
        predict_fold(f, c, own, part, path);
        free(own), free(part);
    }
    score *s = score_folds(folder, path, folds, c->seed);
    static const char maps_alone[] = "cross-validation compares label maps";
    scored_write(&(scored){ .s = s, .why = maps_alone, .no_instances = maps_alone }, joined);
    report(f, folder, t, folds, s);
    score_free(s), free(path), free(joined);
    return EXIT_OK;
}
