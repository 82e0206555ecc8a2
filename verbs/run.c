/* run.c - `darkspine run FILM --region R --weights W`: a film to masks, corners, parameters, a drawing and a report, in one go. It is `predict`
 * and `measure` on the same film in memory: while one film is computed, the one before is measured, drawn and written down. */
#include "verbs/verb.h"
#include "base/die.h"
#include "base/file.h"
#include "base/machine.h"
#include "base/share.h"
#include "eval/html.h"
#include "verbs/compute.h"
#include "verbs/measure.h"
#include "verbs/object.h"
#include "verbs/progress.h"
#include "verbs/report.h"
#include "verbs/trained.h"
#include <stdlib.h>
#include <string.h>

enum { EMBEDDED = 24 };                          /* films whose drawing is in the report; those of others lie in DIR/overlay */

static const flag own[] = {
    { "--weights", "FILE.h5", "a checkpoint of `train` (default: weights/REGION.h5 beside the program or in its share folder)" },
    { "--split", "train|val|test|foldN", "of stores, only the cases of this split" },
    TRAINED_FLAGS,
    MEASURE_FLAGS,
    { 0 }
};
static const usage how = { "run", "FILM...",
    "From films (files, folders, stores) to masks/STEM.png, overlay/STEM.png (what was measured, drawn on the film), measure.json (corners and\n"
    "values, as `measure` reads them back), parameters.csv, predictions.h5 and report.html in the folder --out (default: STEM-run, after\n"
    "the first input). Choices where papers differ are given as to `measure`, settings of a detector as detector.KEY=value (`darkspine help detector`).",
    own, FLAG_JSON | FLAG_QUIET | FLAG_FORCE | FLAG_OUT | FLAG_COMPUTE, 1, -1, 1 };

/* What films leave behind, one after the other. */
typedef struct session {
    const flags *f;
    films list;
    char *folder;
    ranges normal;
    measure_settings settings;
    classes table;                               /* what the values of the label maps mean */
    json_t *cases;
    table *values;                               /* a row a value */
    measure_summary summary;
    FILE *text, *films;                          /* both in memory: the report of one film for people; the films' part of the HTML */
    int64_t at;                                  /* the film that is being measured */
    progress bar;
} session;

static char *product(const session *s, const char *kind, int64_t i) { return xprintf("%s/%s/%s.png", s->folder, kind, s->list.e[i].stem); }

static const char *const names[] = { "predictions.h5", "measure.json", "parameters.csv", "report.html" };
static const char *const keys[] = { "predictions", "corners", "parameters", "report" };
enum { NAMES = sizeof names / sizeof *names };

static void may_write(const session *s)
{
    for (int k = 0; k < NAMES; k++) {
        char *path = path_join(s->folder, names[k]);
        flags_may_write(s->f, path), free(path);
    }
    for (int64_t i = 0; i < s->list.n; i++) {
        char *mask = product(s, "masks", i), *drawing = product(s, "overlay", i);
        flags_may_write(s->f, mask), flags_may_write(s->f, drawing);
        free(mask), free(drawing);
    }
}

/* --out, or "STEM-run" in the working directory. */
static char *folder_of(const flags *f)
{
    const char *out = flags_text(f, "--out", NULL);
    if (out) return xdup(out);
    char *stem = path_stem(f->input[0]), *folder = xprintf("%s-run", stem);
    free(stem);
    return folder;
}

static char *weights_of(const flags *f)
{
    const char *given = flags_text(f, "--weights", NULL), *region = flags_text(f, "--region", "whole");
    if (given) return xdup(given);
    char *name = xprintf("weights/%s.h5", region), *path = share_path(name);
    if (!path) die_at("--weights", "missing, and there is no %s beside the program, wanted a checkpoint of `train`", name);
    free(name);
    return path;
}

/* ---- a film -------------------------------------------------------------------------------------------------------------------------- */

static void take(void *arg, findings *m, const image *film)
{
    session *s = arg;
    char *mask = product(s, "masks", s->at), *drawing = product(s, "overlay", s->at);
    drawing_write(drawing, m, film, &s->normal);
    json_t *o = measure_json(m, &s->normal);
    json_object_set_new(o, "files", json_pack("{s:o s:o}", "mask", object_text(mask), "overlay", object_text(drawing)));
    object_append(s->cases, o);
    measure_list_add(s->values, m, &s->normal);
    measure_summary_add(&s->summary, m);
    if (s->list.n == 1) measure_print(s->text, m, &s->normal);
    fprintf(s->films, "<h3 id=\"film%lld\">", (long long)s->at);
    html_text(s->films, m->id), fputs("</h3>\n", s->films);
    report_film(s->films, m, &s->normal, s->at < EMBEDDED ? drawing : NULL);
    free(mask), free(drawing);
}

static void measure_film(void *arg, int64_t i, const image *film, const segmentation *seen)
{
    session *s = arg;
    const struct film *e = &s->list.e[i];
    geo_case *base = NULL;
    measure_job job = { .settings = s->settings, .each = take, .arg = s };
    if (e->s) job.settings = measure_settings_case(&s->settings, e->s, e->at, &base);
    s->at = i;
    measure_segmentation(&job, e->source, e->stem, film, seen, &s->table);
    if (base) geo_case_free(base);
}

static void advance(void *arg, int64_t done) { progress_step(&((session *)arg)->bar, done, NULL); }

/* ---- all of them --------------------------------------------------------------------------------------------------------------------- */

static FILE *memory(char **text, size_t *n)
{
    FILE *f = open_memstream(text, n);
    if (!f) die_machine("out of memory");
    return f;
}

/* namer: the weights of --levels, or NULL. */
static void write_report(const session *s, const char *weights, const char *namer, const char *settings, const char *html, double seconds)
{
    static const char *const id[] = { "summary", "films", "environment", "files" }, *const heading[] = { "Summary", "Films",
        "Environment", "Files" };
    const int many = s->list.n > 1;
    char *path = path_join(s->folder, "report.html"), *measured = path_join(s->folder, "measure.json"),
         *title = many ? xprintf("%lld films measured", (long long)s->list.n) : xprintf("%s, measured", s->list.e[0].stem);
    FILE *f = file_begin(path);
    html_begin(f, title);
    char *line = xprintf("Computed in %.1f s. What a network has drawn is to be looked at before its numbers are believed.", seconds);
    html_paragraph(f, "soft", line);
    html_contents(f, id + !many, heading + !many, 4 - !many);
    if (many) html_section(f, id[0], 1, heading[0]);
    for (int k = 0; k < 2 && many; k++) if (s->summary.rows[k]) table_html(s->summary.view[k], f);
    html_section(f, id[1], 1, many ? heading[1] : "Film");
    fputs(html, f);
    if (s->list.n > EMBEDDED) html_paragraph(f, "note", "The drawings of the other films lie in the folder overlay beside this file.");
    report_environment(f);
    if (*settings) {
        char *given = xprintf("Given: %s", settings);
        html_paragraph(f, "soft", given), free(given);
    }
    char *files[] = { (char *)weights, (char *)namer, many || s->list.e[0].s ? NULL : s->list.e[0].source, measured };
    report_files(f, files, 4);
    html_end(f);
    file_commit(f, path);
    free(path), free(measured), free(title), free(line);
}

static void write_values(const session *s, const json_t *whole)
{
    char *json = path_join(s->folder, "measure.json"), *csv = path_join(s->folder, "parameters.csv");
    object_write(whole, json);
    FILE *f = file_begin(csv);
    table_write(s->values, f, TABLE_CSV);
    file_commit(f, csv);
    free(json), free(csv);
}

/* measure's object, and where everything lies. Of one film its own pictures too. */
static void print_json(const session *s, json_t *whole, double seconds)
{
    json_t *files = json_object();
    for (int k = 0; k < NAMES; k++) {
        char *path = path_join(s->folder, names[k]);
        json_object_set_new(files, keys[k], object_text(path)), free(path);
    }
    if (s->list.n == 1) json_object_update(files, json_object_get(json_array_get(s->cases, 0), "files"));
    json_object_set_new(whole, "files", files), json_object_set_new(whole, "seconds", json_real(seconds));
    json_object_set_new(whole, "peak_rss", json_integer((json_int_t)machine_peak_rss()));
    object_print(whole);
}

static void finish(session *s, const char *text, json_t *whole, double seconds)
{
    if (flags_has(s->f, "--json")) { print_json(s, whole, seconds); return; }
    fputs(text, stdout);
    for (int k = 0; k < 2 && s->list.n > 1; k++) if (s->summary.rows[k]) table_write(s->summary.view[k], stdout, TABLE_PLAIN);
    printf("\n%lld film%s in %.2f s: %s/report.html\n", (long long)s->list.n, s->list.n == 1 ? "" : "s", seconds, s->folder);
    json_decref(whole);
}

static session begin(const flags *f, geo_case **base)
{
    session s = { .f = f, .folder = folder_of(f), .settings = measure_settings_read(f, base), .normal = measure_ranges_read(f),
                  .cases = json_array(), .values = measure_list_new() };
    s.summary = measure_summary_new(s.settings.region);
    if (!s.cases) die_machine("out of memory");
    return s;
}

static void end(session *s)
{
    table_free(s->values), measure_summary_free(&s->summary);
    ranges_free(&s->normal), classes_free(&s->table), films_free(&s->list), free(s->folder);
}

int verb_run(int argc, char **argv)
{
    flags *f = flags_parse(&how, argc, argv);
    if (!f) return EXIT_OK;
    compute c = compute_begin(f);
    geo_case *base;
    char *text = NULL, *html = NULL, *weights = weights_of(f), *settings = flags_given(f);
    size_t ntext, nhtml;
    int nwords;
    const char **words = trained_words(f, &nwords);
    const predict_how seen = trained_how(f);
    session s = begin(f, &base);
    trained t = trained_open(weights, &seen, words, nwords, c.dev);
    trained namer = trained_namer(&t, f, words, nwords, c.dev);
    const char *given = flags_text(f, "--classes", NULL);
    s.table = given ? classes_given("--classes", given) : trained_classes(namer.p ? &namer : &t);
    s.list = films_find(f->input, f->n, flags_text(f, "--split", NULL));
    may_write(&s), films_check(&s.list);
    compute_tell(&c);
    s.text = memory(&text, &ntext), s.films = memory(&html, &nhtml);
    char *drawings = path_join(s.folder, "overlay");
    file_make_folders(drawings), free(drawings);
    s.bar = progress_begin("run", s.list.n, flags_has(f, "--quiet"));
    double *each = xalloc_n((size_t)s.list.n, sizeof *each);
    predict_all(&(predict_job){ &s.list, t.p, s.folder, t.k->path, settings, 0, 0, advance, &s, measure_film }, each);
    const double seconds = progress_seconds(&s.bar);
    progress_end(&s.bar);
    if (fclose(s.text) || fclose(s.films)) die_machine("out of memory");
    json_t *whole = json_pack("{s:o s:o s:O}", "weights", object_text(t.k->path), "settings", object_text(settings), "cases", s.cases);
    write_values(&s, whole);
    write_report(&s, t.k->path, namer.p ? namer.k->path : NULL, settings, html, seconds);
    finish(&s, text, whole, seconds);
    json_decref(s.cases), end(&s), trained_close(&t), trained_close(&namer), geo_case_free(base);
    free(each), free(text), free(html), free(weights), free(settings), free(words), flags_free(f);
    return EXIT_OK;
}
