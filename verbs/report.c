/* report.c - `darkspine report DIR`: one self-contained HTML file of what lies in DIR and below: the run that was trained, evaluations,
 * predictions. What belongs together is found by the names of the cases, so it does not matter how the folders are called. */
#include "verbs/report.h"
#include "base/die.h"
#include "base/file.h"
#include "eval/html.h"
#include "eval/html_plots.h"
#include "eval/predictions.h"
#include "eval/table.h"
#include "train/log.h"
#include "train/past.h"
#include "verbs/flags.h"
#include "verbs/object.h"
#include "verbs/verb.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { DEPTH = 3, MOST = 64, EVAL_LIMIT = 512 << 20, CFG_LIMIT = 1 << 22 };

static const flag own[] = {
    { "--truth", "STORE.h5", "the true films for the pictures (default: what the evaluation was made from, a store in DIR, the run's data.store)" },
    { 0 }
};
static const usage how = { "report", "DIR",
    "Writes DIR/report.html (or --out FILE.html) from what lies in DIR and in folders below: runs of `train`, eval.json of `eval --out`,\n"
    "predictions.h5 of `predict`. Tables, curves, agreement and errors of parameters, the ten worst cases with pictures, failures,\n"
    "environment, hashes: one file that needs no network and no script, in light and dark, and on paper. Prints the errors of the parameters.",
    own, FLAG_JSON | FLAG_QUIET | FLAG_FORCE | FLAG_OUT, 1, 1, 0 };

typedef struct paths { char *p[MOST]; int n; } paths;
typedef struct found { paths runs, evals, predictions, stores; } found;

static void keep(paths *list, const char *path)
{
    if (list->n == MOST) die("%s: more than %d of a kind below this folder, wanted the folder of one run", path, MOST);
    list->p[list->n++] = xdup(path);
}

static int ends_with(const char *s, const char *end)
{
    const size_t n = strlen(s), m = strlen(end);
    return n >= m && !strcmp(s + n - m, end);
}

static void look(found *l, const char *folder, int depth)
{
    int n;
    char **name = file_list(folder, NULL, &n);
    if (past_is(folder)) keep(&l->runs, folder);
    for (int i = 0; i < n; i++) {
        char *path = path_join(folder, name[i]);
        if (file_is_folder(path)) { if (depth) look(l, path, depth - 1); }
        else if (!strcmp(name[i], "eval.json")) keep(&l->evals, path);
        else if (ends_with(name[i], ".h5") && predictions_is(path)) keep(&l->predictions, path);
        else if (ends_with(name[i], ".h5") && store_like(path)) keep(&l->stores, path);
        free(path), free(name[i]);
    }
    free(name);
}

static void forget(paths *l) { for (int i = 0; i < l->n; i++) free(l->p[i]); }

/* ---- what belongs together ----------------------------------------------------------------------------------------------------------- */

typedef int64_t holds(const char *path, const json_t *cases);        /* how many of these cases the file has */

static const char *id_of(const json_t *cases, size_t i) { return json_string_value(json_object_get(json_array_get(cases, i), "case")); }

static int64_t predictions_hold(const char *path, const json_t *cases)
{
    predictions *p = predictions_open(path);
    int64_t n = 0;
    for (size_t i = 0; i < json_array_size(cases); i++)
        for (int64_t k = 0; id_of(cases, i) && k < predictions_count(p); k++)
            if (!strcmp(predictions_stem(p, k), id_of(cases, i))) { n++; break; }
    predictions_close(p);
    return n;
}

static int64_t store_holds(const char *path, const json_t *cases)
{
    if (!store_like(path) || predictions_is(path)) return 0;
    store *s = store_open(path);
    int64_t n = 0;
    for (size_t i = 0; i < json_array_size(cases); i++) n += id_of(cases, i) && store_find(s, id_of(cases, i)) >= 0;
    store_close(s);
    return n;
}

static size_t shared_path(const char *a, const char *b)
{
    size_t n = 0;
    while (a[n] && a[n] == b[n]) n++;
    return n;
}

/* The file with most of an evaluation's cases; of several the one whose path has most in common with the evaluation's. NULL: none has any. */
static const char *best_of(const paths *l, holds *count, const json_t *cases, const char *eval)
{
    const char *best = NULL;
    int64_t most = 0;
    for (int i = 0; i < l->n; i++) {
        const int64_t n = count(l->p[i], cases);
        if (n > most || (n && n == most && shared_path(l->p[i], eval) > shared_path(best, eval))) best = l->p[i], most = n;
    }
    return best;
}

/* The path that the evaluation says it was made from, if it is still there. */
static const char *said(const json_t *eval, const char *side)
{
    const char *path = json_string_value(json_object_get(json_object_get(json_object_get(eval, "provenance"), side), "path"));
    struct stat s;                           /* a pipe or a device could be waited for for ever */
    return path && !stat(path, &s) && (S_ISREG(s.st_mode) || S_ISDIR(s.st_mode)) ? path : NULL;
}

/* The predictions with the cases: those the evaluation names, as a file or as the folder that `predict` wrote, else those found. Fresh, or
 * NULL. */
static char *predictions_of(const found *l, const json_t *eval, const char *path)
{
    const json_t *cases = json_object_get(eval, "cases");
    const char *named = said(eval, "prediction");
    char *own = named ? file_is_folder(named) ? path_join(named, "predictions.h5") : xdup(named) : NULL;
    if (own && file_exists(own) && predictions_is(own) && predictions_hold(own, cases)) return own;
    free(own);
    const char *best = best_of(&l->predictions, predictions_hold, cases, path);
    return best ? xdup(best) : NULL;
}

/* The store with the cases: --truth, the one that the evaluation names, one that was found, the data.store of a run. Fresh, or NULL. */
static char *truth_of(const found *l, const flags *f, const json_t *eval, const char *path)
{
    const json_t *cases = json_object_get(eval, "cases");
    const char *given = flags_text(f, "--truth", NULL), *named = said(eval, "truth");
    if (given && !file_exists(given)) die_at("--truth", "%s: no such store", given);
    if (given && !store_holds(given, cases)) die_at("--truth", "%s holds none of the cases of %s", given, path);
    if (given) return xdup(given);
    if (named && store_holds(named, cases)) return xdup(named);
    const char *best = best_of(&l->stores, store_holds, cases, path);
    if (best) return xdup(best);
    for (int i = 0; i < l->runs.n; i++) {
        past_run r = past_read(l->runs.p[i]);
        const char *set = past_setting(&r, "data.store");
        char *own = set && file_exists(set) && store_holds(set, cases) ? xdup(set) : NULL;
        past_free(&r);
        if (own) return own;
    }
    return NULL;
}

/* ---- the run ------------------------------------------------------------------------------------------------------------------------- */

static void facts(FILE *f, const past_run *r)
{
    char *line = xprintf("%s; %lld of %lld epochs in %.0f s; %lld parameters", r->status, (long long)r->epoch, (long long)r->epochs,
        r->seconds,
                         (long long)r->parameters);
    html_paragraph(f, "soft", line), free(line);
    if (isfinite(r->best)) {
        line = xprintf("best validation %s %.4f at epoch %lld", r->metric, r->best, (long long)r->best_epoch);
        html_paragraph(f, "", line), free(line);
    }
    if (*r->commit) line = xprintf("trained by version %s, commit %s", r->version, r->commit), html_paragraph(f, "soft", line), free(line);
}

void report_training(FILE *f, int number, const char *folder)
{
    past_run r = past_read(folder);
    html_section(f, "training", number, "Training");
    html_paragraph(f, "soft", folder);
    facts(f, &r);
    const plot_series loss = { "training", r.losses.x, r.losses.y, r.losses.n, 0, PLOT_MARK_LOWEST },
                      metric = { "validation", r.metrics.x, r.metrics.y, r.metrics.n, 0, PLOT_MARK_HIGHEST };
    fputs("<div class=\"grid\">\n", f);
    html_curves(f, &(plot_panel){ "Loss", "epoch", "loss", &loss, 1, 0, 0 });
    const log_metric *judged = log_metric_find(r.metric);
    html_curves(f, &(plot_panel){ judged->title, "epoch", judged->axis, &metric, 1, 0, judged->top });
    fputs("</div>\n", f);
    char *path = path_join(folder, "run.cfg"), *text = file_exists(path) ? text_read(path, CFG_LIMIT) : NULL;
    if (text) fputs("<details><summary>Every setting of the run (run.cfg)</summary>\n", f), html_lines(f, text), fputs("</details>\n", f);
    free(path), free(text), past_free(&r);
}

/* ---- the file ------------------------------------------------------------------------------------------------------------------------ */

static json_t *eval_read(const char *path)
{
    size_t n;
    json_error_t e;
    char *text = file_read(path, EVAL_LIMIT, &n);
    json_t *o = json_loadb(text, n, 0, &e);
    if (!json_is_object(o) || !json_is_array(json_object_get(o, "classes")) || !json_is_array(json_object_get(o, "cases")))
        die("%s:%d: %s, wanted what `eval --out` or `eval --json` writes", path, o ? 1 : e.line, o ? "no classes and cases in it" : e.text);
    free(text);
    return o;
}

static void evaluation(FILE *f, FILE *text, int number, const found *l, const flags *v)
{
    const char *path = l->evals.p[number - 1];
    json_t *eval = eval_read(path);
    char *pred = predictions_of(l, eval, path), *truth = truth_of(l, v, eval, path);
    report_evaluation(f, number, eval, path), report_instances(f, eval), report_parameters(f, text, number, eval);
    report_worst(f, number, eval, pred, truth), report_failures(f, number, eval), report_provenance(f, eval);
    json_decref(eval), free(pred), free(truth);
}

static void contents(FILE *f, const found *l)
{
    static const char *const all[][2] = { { "evaluation", "Evaluation" }, { "parameters", "Parameters" }, { "worst", "The worst images" },
        { "failures", "Failures" }, { "training", "Training" }, { "environment", "Environment" }, { "files", "Files" } };
    enum { ALL = sizeof all / sizeof *all, OF_EVALUATION = 4, TRAINING = 4 };
    const char *id[ALL], *heading[ALL];
    int n = 0;
    for (int i = 0; i < ALL; i++)
        if (i < OF_EVALUATION ? l->evals.n : i > TRAINING || l->runs.n) id[n] = all[i][0], heading[n++] = all[i][1];
    html_contents(f, id, heading, n);
}

/* Files that the report rests on, with their hashes. */
static void hashes(FILE *f, const found *l)
{
    static const char *const of_run[] = { "run.cfg", "best.h5" };
    const paths *const kinds[] = { &l->evals, &l->predictions, &l->stores };
    char **path = xalloc_n(5 * MOST, sizeof *path);
    int n = 0;
    for (int i = 0; i < l->runs.n; i++)
        for (int k = 0; k < 2; k++) {
            path[n] = path_join(l->runs.p[i], of_run[k]);
            if (file_exists(path[n])) n++;
            else free(path[n]);
        }
    for (int k = 0; k < 3; k++) for (int i = 0; i < kinds[k]->n; i++) path[n++] = xdup(kinds[k]->p[i]);
    report_files(f, path, n);
    for (int i = 0; i < n; i++) free(path[i]);
    free(path);
}

static void write_all(FILE *f, FILE *text, const found *l, const flags *v)
{
    char *whole = realpath(v->input[0], NULL), *last = whole ? strrchr(whole, '/') : NULL;
    char *title = xprintf("Report of %s", last && last[1] ? last + 1 : v->input[0]);
    html_begin(f, title), free(title), free(whole);
    contents(f, l);
    for (int i = 1; i <= l->evals.n; i++) evaluation(f, text, i, l, v);
    for (int i = 1; i <= l->runs.n; i++) report_training(f, i, l->runs.p[i - 1]);
    report_environment(f), hashes(f, l);
    html_end(f);
}

int verb_report(int argc, char **argv)
{
    flags *v = flags_parse(&how, argc, argv);
    if (!v) return EXIT_OK;
    const char *given = flags_text(v, "--out", NULL);
    if (!file_is_folder(v->input[0])) die("%s: no such folder", v->input[0]);
    char *path = given ? xdup(given) : path_join(v->input[0], "report.html");
    if (!ends_with(path, ".html")) die_at("--out", "got %s, wanted a name that ends in .html", path);
    flags_may_write(v, path);
    found l = { 0 };
    look(&l, v->input[0], DEPTH);
    if (!l.runs.n && !l.evals.n) die("%s: neither a run (log.jsonl) nor an evaluation (eval.json) in it or below", v->input[0]);
    char *text = NULL;
    size_t n;
    FILE *f = file_begin(path), *people = open_memstream(&text, &n);
    if (!people) die_machine("out of memory");
    write_all(f, people, &l, v);
    file_commit(f, path);
    if (fclose(people)) die_machine("out of memory");
    if (flags_has(v, "--json")) object_print(json_pack("{s:o s:i s:i s:i}", "file", object_text(path), "evaluations", l.evals.n, "runs",
        l.runs.n,
                                                       "predictions", l.predictions.n));
    else printf("%s%s%s\n", text, *text ? "\n" : "", path);
    forget(&l.runs), forget(&l.evals), forget(&l.predictions), forget(&l.stores), free(path), free(text), flags_free(v);
    return EXIT_OK;
}
