/* train.c - `darkspine train RUN.cfg --out DIR`: trains a network, and continues a training that was stopped. */
#include "verbs/verb.h"
#include "base/die.h"
#include "base/file.h"
#include "base/machine.h"
#include "base/words.h"
#include "train/preview.h"
#include "train/rate.h"
#include "train/train.h"
#include "verbs/compute.h"
#include "verbs/flags.h"
#include "verbs/object.h"
#include "verbs/progress.h"
#include "verbs/stop.h"
#include "verbs/train.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const flag own[] = {
    { "--resume", NULL, "continue the run in DIR from its last.h5, to the bit; RUN.cfg may be left out" },
    { "--overfit", "N", "train on the first N cases without augmentation and validate on them: the loss must come near 0" },
    { "--folds", NULL, "train every fold of `split --folds` into DIR/fold1, fold2, ...; then one table over the films that each had not seen" },
    { "--preview", "FILE.png", "draw a sheet of augmented training samples with their labels, and end" },
    { "--find-rate", "FILE.svg|png", "draw the loss while the learning rate rises from 1e-6 to 10, suggest one, and end (Smith 2017)" },
    { "--max-time", "H:M:S", "save and stop after this time, as if by a signal" },
    { 0 }
};
static const usage how = { "train", "RUN.cfg|NET.cfg",
    "Trains the network of a run, or a bare network with data.store=STORE.h5 and every other value at its default (`darkspine help solver`).\n"
    "DIR gets run.cfg (resolved), log.jsonl, log.csv, curves.svg, curves.png, last.h5 (the state) and best.h5 (the best weights).\n"
    "SIGINT, SIGTERM, SIGUSR1 or a file DIR/STOP save the state and end with status 75; a second signal ends at once with 128 + its number.\n"
    "--seed N stands for solver.seed=N; without either the seed is the one of the cfg, or 1.",
    own, FLAG_JSON | FLAG_QUIET | FLAG_FORCE | FLAG_OUT | FLAG_COMPUTE, 0, 1, 1 };

/* before: steps of earlier sessions, left out of the bar; -1: no step yet */
typedef struct screen { progress bar; int64_t before; int quiet; compute *c; } screen;

static void note(void *arg, const char *line)
{
    const screen *s = arg;
    if (s->quiet) return;
    compute_tell(s->c);
    fprintf(stderr, "%s\n", line);
}

static void stepped(void *arg, const train_status *t)
{
    screen *s = arg;
    if (s->before < 0) s->bar = progress_begin("train", t->total - t->done + 1, s->quiet), s->before = t->done - 1;
    progress_step(&s->bar, t->done - s->before, "epoch %lld/%lld step %lld/%lld  loss %.4f  lr %.3g  %.1f img/s  %.0f %% waiting for data",
                  (long long)t->epoch, (long long)t->epochs, (long long)t->step, (long long)t->steps, t->loss, t->lr, t->images_per_second,
                  100 * t->waiting);
}

static void validated(void *arg, int64_t epoch, const validation *v, double metric, int best)
{
    const screen *s = arg;
    if (s->quiet) return;
    fprintf(stderr, "%sepoch %lld: validation %.4f on %lld film%s in %.1f s%s\n", s->bar.terminal ? "\r\033[K" : "", (long long)epoch, metric,
            (long long)v->cases, plural(v->cases), v->seconds, best ? ", the best so far" : "");
}

static int stop(void *arg)
{
    (void)arg;
    return stop_asked();
}

/* "90", "5:00", "23:50:00" -> seconds */
static double duration(const char *text)
{
    double sum = 0, v;
    char *copy = xdup(text), *save;
    int n = 0;
    for (char *w = strtok_r(copy, ":", &save); w; w = strtok_r(NULL, ":", &save), n++) {
        if (n == 3 || !text_real(w, &v) || v < 0) die_at("--max-time", "got %s, wanted hours:minutes:seconds", text);
        sum = 60 * sum + v;
    }
    if (!(sum > 0)) die_at("--max-time", "got %s, wanted a time above 0", text);
    free(copy);
    return sum;
}

/* --seed and the fold are words for the cfg like any other. */
run *train_read(const flags *f, const compute *c, const char *folder, int fold)
{
    const char **word = xalloc_n((size_t)f->nset + 2, sizeof *word);
    char *seed = xprintf("solver.seed=%llu", (unsigned long long)c->seed), *which = xprintf("data.fold=%d", fold);
    int n = 0;
    for (; n < f->nset; n++) word[n] = f->set[n];
    if (flags_has(f, "--seed")) word[n++] = seed;
    if (fold) word[n++] = which;
    run *r = f->n ? run_read(f->input[0], word, n) : train_stored(folder, word, n);
    free(word), free(seed), free(which);
    return r;
}

/* A folder that holds a run is continued or, with --force, emptied of it (by train, once all else is known to be right); never mixed. */
void train_check_folder(const flags *f, const char *folder, int resume)
{
    for (int i = 0; train_products[i]; i++) {
        char *path = path_join(folder, train_products[i]);
        if (resume && !strcmp(train_products[i], "last.h5")) {
            char *previous = path_join(folder, "last.prev.h5");
            if (!file_exists(path) && !file_exists(previous)) die_at("--resume", "%s holds no last.h5 to continue from", folder);
            free(previous);
        }
        if (!resume && file_exists(path) && !flags_has(f, "--force"))
            die("%s is there already: --resume continues that run, --force replaces it", path);
        free(path);
    }
}

json_t *train_best(const train_result *t)
{
    json_t *best = json_pack("{s:s,s:o,s:o}", "metric", t->metric, "value", object_real(t->best), "epoch",
                             t->best_epoch ? json_integer(t->best_epoch) : json_null());
    if (!t->best_epoch) {
        json_object_set_new(best, "value_why", json_string("no validation yet"));
        json_object_set_new(best, "epoch_why", json_string("no validation yet"));
    }
    return best;
}

static void summary(const train_result *t, const char *out, int64_t overfit, int status, int json)
{
    const int64_t peak = machine_peak_rss();
    if (json) {
        json_t *o = json_pack("{s:I,s:I,s:f,s:o,s:I,s:f,s:f,s:b,s:b,s:o}", "steps", (json_int_t)t->steps, "epochs", (json_int_t)t->epochs, "seconds",
                               t->seconds, "best", train_best(t), "peak_rss", (json_int_t)peak, "images_per_second", t->images_per_second,
                               "waiting_for_data", t->waiting, "stopped", status == EXIT_STOPPED, "early", t->early, "out", object_text(out));
        if (o && isfinite(t->swa)) json_object_set_new(o, "swa", json_real(t->swa));
        object_print(o);
        return;
    }
    printf("%s after %lld step%s, %lld epoch%s, %.1f s; %.1f images a second, %.1f %% of the time waiting for data; peak memory %s\n",
           status == EXIT_STOPPED ? "stopped" : "trained", (long long)t->steps, plural(t->steps), (long long)t->epochs, plural(t->epochs), t->seconds,
           t->images_per_second, 100 * t->waiting, BYTES(peak));
    if (t->best_epoch) printf("best validation %s %.4f in epoch %lld: %s/best.h5\n", t->metric, t->best, (long long)t->best_epoch, out);
    if (isfinite(t->swa)) printf("averaged weights: %s %.4f: %s/swa.h5\n", t->metric, t->swa, out);
    if (status != EXIT_STOPPED) return;
    printf("`darkspine train --out %s --resume", out);
    if (overfit) printf(" --overfit %lld", (long long)overfit);
    printf("` continues it\n");
}

int train_session(const flags *f, compute *c, run *r, const char *folder, int resume, double used, train_result *out)
{
    const char *limit = flags_text(f, "--max-time", NULL);
    screen s = { .before = -1, .quiet = flags_has(f, "--quiet"), .c = c };
    const train_options o = { .out = folder, .resume = resume, .overfit = flags_int(f, "--overfit", 0, 1, 1 << 30),
                              .max_seconds = limit ? fmax(duration(limit) - used, 1e-3) : 0, .dev = c->dev,
                              .watch = { &s, note, stepped, validated, stop } };
    stop_catch();
    const int status = train(r, &o, out);
    if (s.before >= 0) progress_end(&s.bar);
    return status;
}

static void make_sheet(const flags *f, run *r, const char *sheet)
{
    flags_may_write(f, sheet);
    preview(r, sheet, 4, 5);
    if (flags_has(f, "--json")) object_print(json_pack("{s:o}", "preview", object_text(sheet)));
    else printf("what the network sees of the training films: %s\n", sheet);
}

static void find_rate(const flags *f, compute *c, run *r, const char *picture)
{
    screen s = { .before = -1, .quiet = flags_has(f, "--quiet"), .c = c };
    const train_options o = { .dev = c->dev, .watch = { .arg = &s, .note = note, .stepped = stepped, .stop = stop } };
    flags_may_write(f, picture);
    stop_catch();
    rate_test t = rate_find(r, &o);
    if (s.before >= 0) progress_end(&s.bar);
    if (t.n < 20) die_numbers("--find-rate: the loss was not finite, or rose, within %d steps: is something wrong with data or weights?", t.n);
    rate_draw(&t, picture);
    if (flags_has(f, "--json")) {
        json_t *rates = json_array(), *losses = json_array();
        for (int i = 0; i < t.n; i++) object_append(rates, json_real(t.rate[i])), object_append(losses, json_real(t.smooth[i]));
        json_t *o = json_pack("{s:o,s:o,s:o,s:o,s:o}", "suggested", object_real(t.suggested), "lowest", object_real(t.lowest), "rates", rates,
                              "losses", losses, "picture", object_text(picture));
        if (o && isnan(t.suggested)) json_object_set_new(o, "suggested_why", json_string("the loss never fell"));
        if (o && isnan(t.lowest)) json_object_set_new(o, "lowest_why", json_string("the loss never fell"));
        object_print(o);
    } else if (isnan(t.suggested)) printf("the loss never fell in %d steps up to a rate of %.3g: %s\n", t.n, t.rate[t.n - 1], picture);
    else printf("solver.lr=%.2g: there the loss falls fastest; it is lowest at %.2g, and the test ended at %.2g: %s\n", t.suggested, t.lowest,
                t.rate[t.n - 1], picture);
}

int verb_train(int argc, char **argv)
{
    flags *f = flags_parse(&how, argc, argv);
    if (!f) return EXIT_OK;
    compute c = compute_begin(f);
    const char *folder = flags_text(f, "--out", NULL), *sheet = flags_text(f, "--preview", NULL);
    const char *picture = flags_text(f, "--find-rate", NULL);
    const int resume = flags_has(f, "--resume");
    int status = EXIT_OK;
    if (!f->n && !(resume && folder)) die("train: no input, wanted RUN.cfg, or --resume with --out DIR");
    if (sheet && picture) die_at("--find-rate", "got --preview as well, wanted one of them");
    const int look = sheet || picture;               /* before a training: there is no folder */
    if (!folder && !look) die_at("--out", "missing, wanted the folder of the run");
    if (flags_has(f, "--folds") && !look) {
        status = folds_train(f, &c, folder);
        flags_free(f);
        return status;
    }
    if (folder && !look) train_check_folder(f, folder, resume);
    run *r = train_read(f, &c, folder, 0);
    if (sheet) make_sheet(f, r, sheet);
    else if (picture) find_rate(f, &c, r, picture);
    else {
        train_result t;
        status = train_session(f, &c, r, folder, resume, 0, &t);
        summary(&t, folder, flags_int(f, "--overfit", 0, 1, 1 << 30), status, flags_has(f, "--json"));
    }
    run_free(r), flags_free(f);
    return status;
}
