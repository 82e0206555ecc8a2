/* measure.c - `darkspine measure INPUT...`: parameters of the spine from masks or landmarks. Its parts are in measure_*.c. */
#include "verbs/measure.h"
#include "base/die.h"
#include "base/file.h"
#include "base/words.h"
#include "verbs/compute.h"
#include "verbs/object.h"
#include "verbs/progress.h"
#include "verbs/verb.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const flag own[] = {
    MEASURE_FLAGS,
    { "--instances", NULL, "the PNGs of INPUT hold instances of one film: each value, or each file, is one vertebra" },
    { "--overlay", "FILE.png|svg", "draw what was measured; for several films the folder to draw into" },
    { "--film", "FILE", "the radiograph to draw on (default: the one in the store, else the masks alone)" },
    { 0 }
};
static const usage how = { "measure", "INPUT...",
    "Measures the spine: 43 parameters with errors, warnings and normal ranges. INPUT is a label map or instances (PNG), a folder of\n"
    "them (as `predict` leaves it), a store, predictions.h5, landmarks (JSON, see docs/measure.md) or a CSV of corners.\n"
    "--out FILE.txt|csv|json writes the report. Where papers differ: TK=T4-T12|T5-T12|T2-T12,\n"
    "LL=L1-S1|T12-S1, SVA=centroid|corner, GT=middle|corner, T1S=T1|C7,\n"
    "cobb_method=midline|endplate.",
    own, FLAG_JSON | FLAG_QUIET | FLAG_FORCE | FLAG_OUT | FLAG_COMPUTE | FLAG_NO_NET, 1, -1, 1 };

/* What all films leave behind. */
typedef struct collected {
    const flags *f;
    const ranges *normal;
    json_t *cases;                               /* NULL: no JSON is wanted */
    measure_summary summary;
    table *list;                                 /* NULL: not wanted */
    int64_t total, done;                         /* total: one more than there are where several inputs were given */
    const image *film;                           /* --film, or NULL */
    const char *overlay;
    int64_t drawn, ambiguous;                    /* pictures written; films that do not say which way the patient looks */
    char *picture;                               /* the last one */
    FILE *out;                                   /* the report of a single film, in memory */
    progress bar;
} collected;

/* ---- what becomes of a film ---------------------------------------------------------------------------------------------------------- */

/* FILE for one film, DIR/ID.png for several. */
static void draw(collected *k, const findings *f, const image *film)
{
    const char *slash = strrchr(k->overlay, '/');
    int one = strchr(slash ? slash + 1 : k->overlay, '.') != NULL;
    if (one && k->total > 1) die_at("--overlay", "got the file %s for %lld films, wanted a folder", k->overlay, (long long)k->total);
    if (!one) file_make_folders(k->overlay);
    char *name = xprintf("%s.png", f->id), *path = one ? xdup(k->overlay) : path_join(k->overlay, name);
    for (char *c = name; *c; c++) if (*c == '/') die("%s: the name of a film that is drawn cannot hold a slash", f->id);
    if (k->film) film = k->film;
    if (film && f->from_masks && (film->h != f->h || film->w != f->w))
        die_at("--film", "got %lld x %lld pixels, wanted the size of the masks, %lld x %lld (w x h)", (long long)film->w,
            (long long)film->h,
               (long long)f->w, (long long)f->h);
    flags_may_write(k->f, path);
    drawing_write(path, f, film, k->normal);
    k->drawn++, free(k->picture), k->picture = path;
    free(name);
}

static void take(void *arg, findings *f, const image *film)
{
    collected *k = arg;
    if (k->cases) object_append(k->cases, measure_json(f, k->normal));
    if (k->list) measure_list_add(k->list, f, k->normal);
    if (k->out && k->total == 1) measure_print(k->out, f, k->normal);
    else if (k->out) measure_summary_add(&k->summary, f);
    if (k->overlay) draw(k, f, film);
    k->ambiguous += !f->failed && !f->frontal && !geo_result_facing(f->chain.result, NULL);
    k->bar.total = k->total - (k->f->n > 1 && k->total > 1);
    progress_step(&k->bar, ++k->done, NULL);
}

static void print_summary(const collected *k, FILE *to)
{
    for (int i = 0, any = 0; i < 2; i++) {
        if (!k->summary.rows[i]) continue;
        if (any++) fputc('\n', to);
        table_write(k->summary.view[i], to, TABLE_PLAIN);
    }
}

static int ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);
    return n > m && !strcasecmp(s + n - m, end);
}

static const char *read_out(const flags *f)
{
    const char *out = flags_text(f, "--out", NULL);
    if (out && !ends_with(out, ".txt") && !ends_with(out, ".csv") && !ends_with(out, ".json"))
        die_at("--out", "got %s, wanted a name that ends in .txt, .csv or .json", out);
    if (out) flags_may_write(f, out);
    return out;
}

static void finish(collected *k, json_t *whole, const char *text, const char *out)
{
    if (out && ends_with(out, ".json")) object_write(whole, out);
    else if (out) {
        FILE *to = file_begin(out);
        if (k->list) table_write(k->list, to, TABLE_CSV);
        else fputs(text, to);
        file_commit(to, out);
    }
    if (flags_has(k->f, "--json")) object_print(json_incref(whole));
    else if (!out) fputs(text, stdout);
    else printf("%lld film%s measured: %s\n", (long long)k->done, plural(k->done), out);
    if (!flags_has(k->f, "--json") && k->drawn == 1) printf("\ndrawn: %s\n", k->picture);
    else if (!flags_has(k->f, "--json") && k->drawn) printf("\n%lld films drawn: %s\n", (long long)k->drawn, k->overlay);
    if (k->ambiguous) warn("%lld film%s not say which way the patient looks (E_FACING_AMBIGUOUS): nothing that has a front is measured; "
        "--facing left or --facing right says it", (long long)k->ambiguous, k->ambiguous == 1 ? " does" : "s do");
}

int verb_measure(int argc, char **argv)
{
    flags *f = flags_parse(&how, argc, argv);
    if (!f) return EXIT_OK;
    geo_case *base;
    compute_on_cpu(f);
    measure_settings s = measure_settings_read(f, &base);
    const char *out = read_out(f), *file = flags_text(f, "--film", NULL);
    ranges normal = measure_ranges_read(f);
    image film = file ? film_read(file) : (image){ 0 };
    char *text = NULL, *settings = flags_given(f);
    size_t size = 0;
    collected k = { .f = f, .normal = &normal, .film = file ? &film : NULL, .overlay = flags_text(f, "--overlay", NULL),
                    .cases = json_array(), .summary = measure_summary_new(s.region),
                    .list = out && ends_with(out, ".csv") ? measure_list_new() : NULL, .out = open_memstream(&text, &size) };
    if (!k.out || !k.cases) die_machine("out of memory");
    k.bar = progress_begin("measure", 0, flags_has(f, "--quiet"));
    measure_job job = { s, flags_text(f, "--classes", NULL), flags_has(f, "--instances"), 0, &k.total, take, &k };
    if (f->n > 1 && job.instances) {
        k.total = 1;
        char *id = path_stem(f->input[0]);
        measure_instances(&job, f->input, f->n, id), free(id);
    } else {
        if (f->n > 1) k.total = 1;               /* more than one film whatever the first input holds */
        for (int i = 0; i < f->n; i++) measure_input(&job, f->input[i]);
    }
    progress_end(&k.bar);
    if (k.summary.rows[0] + k.summary.rows[1]) print_summary(&k, k.out);
    if (fclose(k.out)) die_machine("out of memory");
    json_t *whole = json_pack("{s:o s:o}", "settings", object_text(settings), "cases", k.cases);
    finish(&k, whole, text, out);
    json_decref(whole), measure_summary_free(&k.summary), free(text);
    if (k.list) table_free(k.list);
    ranges_free(&normal), image_free(&film), geo_case_free(base), flags_free(f), free(k.picture), free(settings);
    return EXIT_OK;
}
