/* reproduce.c - `darkspine reproduce quick|full`: from nothing to the tables of the systems, on phantoms. What is run is data
 * (configs/reproduce/), and so are the bands (results/reproduce/); the parts of the verb are in reproduce_*.c. */
#include "verbs/reproduce.h"
#include "verbs/verb.h"
#include "base/die.h"
#include "base/file.h"
#include "base/share.h"
#include "base/version.h"
#include "base/words.h"
#include "eval/table.h"
#include "verbs/compute.h"
#include "verbs/flags.h"
#include "verbs/object.h"
#include "verbs/stop.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const flag own[] = {
    { "--bands", "FILE.csv", "the recorded runs to judge by (default: those of the project; of a folder its bands.csv)" },
    { "--record", "FILE.csv", "add this run's figures to a file of recorded runs" },
    { "--plan", NULL, "print the systems, steps and minutes, and end" },
    { 0 }
};
static const usage how = { "reproduce", "quick|full|FOLDER [SYSTEM...]",
    "Makes phantoms, trains, predicts, measures and evaluates, system by system, and prints our figures with PASS or FAIL against the\n"
    "band of our own recorded runs. Published figures stand beside them without a verdict: they are of other films. FOLDER holds\n"
    "experiments of your own (docs/reproduce.md); SYSTEM chooses (S2, cervical-unet). Everything lands in results/reproduce/quick\n"
    "(--out DIR). A call that was stopped, or killed, goes on where it was when it is made again; --force begins anew. Ends with 1 where\n"
    "a figure fails.\n"
    "--seed and --precision make another run, with other films: it lands in a folder of its own (results/reproduce/quick-seed2-bf16), and is\n"
    "judged only by runs that were recorded with them. --device and --threads say where a run is computed, not which one it is.",
    own, FLAG_JSON | FLAG_QUIET | FLAG_FORCE | FLAG_OUT | FLAG_COMPUTE, 1, -1, 0 };

/* Where experiments, bands and results are. */
typedef struct places { char *from, *out, *bands; } places;

static places find_places(const flags *f, const variation *v)
{
    const char *which = f->input[0], *bands = flags_text(f, "--bands", NULL), *out = flags_text(f, "--out", NULL);
    const int ours = !strcmp(which, "quick") || !strcmp(which, "full");
    char *stem = path_stem(which), *name = xprintf(ours ? "configs/reproduce/%s" : "%s", which);
    char *recorded = ours ? xprintf("results/reproduce/%s.csv", which) : path_join(which, "bands.csv");
    places p = { .from = ours ? share_path(name) : xdup(name) };
    if (!p.from || !file_is_folder(p.from))
        die("reproduce: got %s, wanted quick, full or a folder of experiments%s", which,
            ours ? ": its files are not with the program" : die_nearest(which, (const char *const[]){ "quick", "full" }, 2));
    if (bands && !file_exists(bands)) die_at("--bands", "%s: no such file", bands);
    p.bands = bands ? xdup(bands) : ours ? share_path(recorded) : xdup(recorded);
    p.out = out ? xdup(out) : xprintf("results/reproduce/%s%s", stem, v->suffix);
    free(stem), free(name), free(recorded);
    return p;
}

static void print_plan(FILE *f, const char *which, const variation *v, const experiment *e, int n)
{
    int all = 0, done = 0;
    for (int i = 0; i < n; i++) for (int k = 0; k < e[i].nsteps; k++) all++, done += e[i].step[k].done;
    fprintf(f, "%s%s: %d experiment%s, %d steps, %d of them done; about %.0f min on two cores\n", which, v->flags, n, plural(n), all, done,
            reproduce_minutes(e, n));
    for (int i = 0; i < n; i++)
        fprintf(f, "  %-4s %-20s %5.1f min  %s\n", e[i].system, e[i].name, reproduce_minutes(&e[i], 1), e[i].title);
}

static json_t *plan_json(const experiment *e, int n)
{
    json_t *list = json_array();
    for (int i = 0; i < n; i++) {
        json_t *steps = json_array();
        for (int k = 0; k < e[i].nsteps; k++) {
            const step *s = &e[i].step[k];
            object_append(steps, json_pack("{s:o, s:o, s:f, s:b}", "step", object_text(s->name), "run", object_text(s->run), "seconds",
                                           60 * s->minutes, "done", s->done));
        }
        object_append(list, json_pack("{s:o, s:o, s:o, s:f, s:o}", "experiment", object_text(e[i].name), "system",
                                      object_text(e[i].system), "title", object_text(e[i].title), "seconds", 60 * reproduce_minutes(&e[i], 1),
                                      "steps", steps));
    }
    return json_pack("{s:f, s:o}", "seconds", 60 * reproduce_minutes(e, n), "experiments", list);
}

static void set_quantity(json_t *o, const char *name, quantity q)
{
    char *why = xprintf("%s_why", name);
    json_object_set_new(o, name, q.why ? json_null() : json_real(q.value));
    if (q.why) json_object_set_new(o, why, json_string(q.why));
    free(why);
}

static json_t *row_json(const experiment *e, const figure *f)
{
    json_t *o = json_pack("{s:o, s:o, s:o, s:s}", "system", object_text(e->system), "experiment", object_text(e->name), "measure",
                          object_text(f->measure), "unit", f->unit ? f->unit : "");
    if (!o) die_machine("out of memory");
    set_quantity(o, "ours", f->ours);
    json_object_set_new(o, "band", f->runs ? json_pack("[f,f]", f->low, f->high) : json_null());
    if (!f->runs) json_object_set_new(o, "band_why", json_string(f->why));
    json_object_set_new(o, "runs", json_integer(f->runs)), json_object_set_new(o, "verdict", json_string(figure_verdict(f)));
    set_quantity(o, "published", f->printed);
    if (f->published) json_object_set_new(o, "published_from", object_text(f->published));
    return o;
}

static json_t *results_json(const char *which, const variation *v, const experiment *e, int n, const char *out)
{
    json_t *rows = json_array();
    for (int i = 0; i < n; i++) for (int k = 0; k < e[i].nfigures; k++) object_append(rows, row_json(&e[i], &e[i].figure[k]));
    return json_pack("{s:o, s:I, s:s, s:o, s:s, s:s, s:o}", "which", object_text(which), "seed", (json_int_t)v->seed, "precision",
                     v->precision ? v->precision : "as the networks say", "rows", rows, "version", DARKSPINE_VERSION, "commit",
                     version_commit(), "out", object_text(out));
}

static table *results_table(const variation *v, const experiment *e, int n)
{
    char *title = xprintf("Figures of this run on phantoms (synthetic films)%s%s", *v->flags ? "," : "", v->flags);
    table *t = table_new(title);
    free(title);
    table_column(t, "system", "", COLUMN_TEXT, 0), table_column(t, "experiment", "", COLUMN_TEXT, 0);
    table_column(t, "measure", "", COLUMN_TEXT, 0), table_column(t, "unit", "", COLUMN_TEXT, 0);
    table_column(t, "ours", "", COLUMN_NUMBER, 3), table_column(t, "band", "", COLUMN_RANGE, 3);
    table_column(t, "verdict", "", COLUMN_TEXT, 0), table_column(t, "published", "", COLUMN_NUMBER, 3);
    for (int i = 0; i < n; i++) {
        if (i) table_rule(t);
        for (int k = 0; k < e[i].nfigures; k++) {
            const figure *f = &e[i].figure[k];
            table_text(t, e[i].system), table_text(t, e[i].name), table_text(t, f->measure), table_text(t, f->unit ? f->unit : "");
            table_quantity(t, f->ours);
            if (f->runs) table_numbers(t, f->low, f->high);
            else table_missing(t, f->why);
            table_text(t, figure_verdict(f)), table_quantity(t, f->printed);
        }
    }
    table_note(t, "band: what our recorded runs span, widened by the tolerance that the experiment states");
    table_note(t, "published: other films, other readers; no verdict follows");
    return t;
}

static void write_results(const table *t, const json_t *o, const char *out)
{
    for (enum table_form form = 0; form < TABLE_FORMS; form++) {
        char *name = xprintf("table.%s", table_suffix[form]), *path = path_join(out, name);
        FILE *f = file_begin(path);
        table_write(t, f, form);
        file_commit(f, path);
        free(name), free(path);
    }
    char *path = path_join(out, "reproduce.json");
    object_write(o, path);
    free(path);
}

/* One HTML file of all evaluations and trainings, by `report`; a run without any has none. */
static int write_report(const char *out)
{
    char *words[] = { "darkspine", "report", ".", "--force", "--quiet", NULL };
    return reproduce_call(out, words, NULL) == EXIT_OK;
}

static int count_verdicts(const experiment *e, int n, const char *verdict)
{
    int count = 0;
    for (int i = 0; i < n; i++)
        for (int k = 0; k < e[i].nfigures; k++) count += !strcmp(figure_verdict(&e[i].figure[k]), verdict);
    return count;
}

/* Judges, writes, prints. Returns the exit status. */
static int finish(const flags *f, const variation *v, experiment *e, int n, const places *p)
{
    const char *record = flags_text(f, "--record", NULL);
    reproduce_judge(e, n, p->bands);
    const int failed = count_verdicts(e, n, "FAIL");
    table *t = results_table(v, e, n);
    json_t *o = results_json(f->input[0], v, e, n, p->out);
    if (!o) die_machine("out of memory");
    write_results(t, o, p->out);
    const int page = write_report(p->out);
    if (record) {
        char *command = xprintf("darkspine reproduce %s%s", f->input[0], v->flags);
        reproduce_record(e, n, record, command);
        free(command);
    }
    if (flags_has(f, "--json")) object_print(o);
    else {
        table_write(t, stdout, TABLE_PLAIN);
        printf("\n%d PASS, %d FAIL, %d without a band: %s/table.md", count_verdicts(e, n, "PASS"), failed,
               count_verdicts(e, n, "no band yet"), p->out);
        if (page) printf(", %s/report.html", p->out);
        putchar('\n');
        json_decref(o);
    }
    table_free(t);
    return failed ? EXIT_OTHER : EXIT_OK;
}

int verb_reproduce(int argc, char **argv)
{
    flags *f = flags_parse(&how, argc, argv);
    if (!f) return EXIT_OK;
    int n, status;
    compute_words(f);
    variation v = variation_of(flags_int(f, "--seed", 1, 1, 1000000000), flags_text(f, "--precision", NULL));
    places p = find_places(f, &v);
    const int plan = flags_has(f, "--plan"), json = flags_has(f, "--json");
    const reproduction r = { flags_has(f, "--quiet"), flags_text(f, "--device", NULL), flags_text(f, "--threads", NULL) };
    flags_int(f, "--threads", 1, 1, 1024);
    experiment *e = experiments_read(p.from, p.out, &v, f->input + 1, f->n - 1, &n);
    if (!plan) file_make_folders(p.out), reproduce_lock(p.out);
    reproduce_find_done(e, n, flags_has(f, "--force") && !plan);
    if (plan && json) object_print(plan_json(e, n));
    else if (plan || !r.quiet) print_plan(plan ? stdout : stderr, f->input[0], &v, e, n);
    stop_catch();
    status = plan ? EXIT_OK : reproduce_run(e, n, &r);
    if (!plan && !status) status = finish(f, &v, e, n, &p);
    else if (status == EXIT_STOPPED) fprintf(stderr, "stopped; the same call goes on from here\n");
    experiments_free(e, n);
    free(p.from), free(p.out), free(p.bands), variation_free(&v), flags_free(f);
    return status;
}
