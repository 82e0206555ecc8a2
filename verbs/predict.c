/* predict.c - `darkspine predict WEIGHTS INPUT... --out DIR`: label maps of films from trained weights. */
#include "verbs/verb.h"
#include "base/die.h"
#include "base/file.h"
#include "base/machine.h"
#include "base/words.h"
#include "eval/predict.h"
#include "verbs/compute.h"
#include "verbs/flags.h"
#include "verbs/object.h"
#include "verbs/progress.h"
#include "verbs/trained.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const flag own[] = {
    { "--split", "train|val|test|foldN", "of stores, only the cases of this split" },
    { "--probabilities", NULL, "also the probability of every class at every pixel, in predictions.h5" },
    { "--overlay", "SHARE", "opacity of the classes over the film in DIR/overlay, 0 to 1; 0: no overlays (default 0.35)" },
    TRAINED_FLAGS,
    { "--ensemble", "W2,W3,...", "average with the predictions of these weights too; input, classes and fit must be those of WEIGHTS" },
    { "--tile", "SCALE|full", "see the film SCALE times as large as the net's input, or at its own size, through overlapping windows, blended" },
    { "--overlap", "SHARE", "of neighbouring windows, with --tile: 0 to 0.9 (default 0.5)" },
    { 0 }
};
static const usage how = { "predict", "WEIGHTS INPUT...",
    "Predicts a label map for every film. WEIGHTS is a checkpoint of `train`, or the folder of a run, whose best.h5 is taken; an INPUT is a\n"
    "film, a folder of films or a store.\n"
    "Writes DIR/masks/STEM.png and DIR/overlay/STEM.png at each film's own size, and DIR/predictions.h5. Nothing is written before all films\n"
    "are known to be readable. Of a detector, settings that it was not trained with may be given: detector.score=0.3 (`darkspine help detector`);\n"
    "a film whose name holds a = stands behind --.",
    own, FLAG_JSON | FLAG_QUIET | FLAG_FORCE | FLAG_OUT | FLAG_COMPUTE, 2, -1, 1 };

static void may_write(const flags *f, const films *list, const char *folder, int overlays)
{
    char *h5 = path_join(folder, "predictions.h5");
    flags_may_write(f, h5);
    free(h5);
    for (int64_t i = 0; i < list->n; i++) {
        static const char *const kinds[] = { "masks", "overlay" };
        for (int k = 0; k < (overlays ? 2 : 1); k++) {
            char *path = xprintf("%s/%s/%s.png", folder, kinds[k], list->e[i].stem);
            flags_may_write(f, path);
            free(path);
        }
    }
}

static predict_how how_of(const flags *f)
{
    const char *tile = flags_text(f, "--tile", NULL);
    predict_how h = trained_how(f);
    h.overlap = flags_real(f, "--overlap", 0.5, 0, 0.9);
    if (!tile && flags_has(f, "--overlap")) die_at("--overlap", "got no --tile with it");
    if (tile) h.tile = strcmp(tile, "full") ? flags_real(f, "--tile", 1, 1, 64) : PREDICT_FULL;
    return h;
}

/* The weights of --ensemble. */
static void join(predictor *p, const flags *f, const char *const *words, int n)
{
    char *list = xdup(flags_text(f, "--ensemble", "")), *save;
    for (char *path = strtok_r(list, ",", &save); path; path = strtok_r(NULL, ",", &save)) {
        checkpoint *k = trained_checkpoint(path);
        run *r = trained_run(k);
        net *t = run_net(r, 1);
        classes table = classes_parse(k->classes ? k->classes : "", k->path);
        const meaning m = trained_meaning(r, &t->conf, &table, k->path);
        predictor_join(p, k, &r->data.fit, &m, words, n);
        classes_free(&table), net_free(t), run_free(r), checkpoint_close(k);
    }
    free(list);
}

static void advance(void *bar, int64_t films) { progress_step(bar, films, NULL); }

static void report(const films *list, const double *each, double seconds, const char *folder, int overlays, int json)
{
    const double rate = (double)list->n / seconds;
    const int64_t peak = machine_peak_rss();
    if (!json) {
        printf("%" PRId64 " film%s in %.2f s, %.2f a second, peak memory %s: %s/masks, %s/predictions.h5", list->n, plural(list->n), seconds, rate,
               BYTES(peak), folder, folder);
        if (overlays) printf(", %s/overlay", folder);
        putchar('\n');
        return;
    }
    json_t *cases = json_array();
    for (int64_t i = 0; i < list->n; i++) {
        const film *e = &list->e[i];
        char *mask = xprintf("%s/masks/%s.png", folder, e->stem);
        object_append(cases, json_pack("{s:o s:o s:o s:f}", "case", object_text(e->stem), "file", object_text(e->s ? store_path(e->s) : e->source),
                                       "mask", object_text(mask), "seconds", each[i]));
        free(mask);
    }
    object_print(json_pack("{s:o s:f s:f s:I s:o}", "cases", cases, "seconds", seconds, "films_per_second", rate, "peak_rss", (json_int_t)peak,
                           "out", object_text(folder)));
}

int verb_predict(int argc, char **argv)
{
    flags *f = flags_parse(&how, argc, argv);
    if (!f) return EXIT_OK;
    compute c = compute_begin(f);
    const char *folder = flags_text(f, "--out", NULL);
    if (!folder) die_at("--out", "missing, wanted the folder to write to");
    double overlay = flags_real(f, "--overlay", 0.35, 0, 1);
    const predict_how seen = how_of(f);
    char *given = flags_given(f);
    int nwords;
    const char **words = trained_words(f, &nwords);
    if (f->nset) die("%s: wanted detector.KEY=value, or a film of this name behind --", f->set[0]);
    trained t = trained_open(f->input[0], &seen, words, nwords, c.dev);
    trained namer = trained_namer(&t, f, words, nwords, c.dev);
    films list = films_find(f->input + 1, f->n - 1, flags_text(f, "--split", NULL));
    may_write(f, &list, folder, overlay > 0);
    films_check(&list);
    if (predictor_detects(t.p) && flags_has(f, "--probabilities")) die_at("--probabilities", "got it for a detector, which has none for every pixel");
    join(t.p, f, words, nwords);
    compute_tell(&c);
    progress bar = progress_begin("predict", list.n, flags_has(f, "--quiet"));
    predict_job job = { &list, t.p, folder, t.k->path, given, flags_has(f, "--probabilities"), overlay, advance, &bar, NULL };
    double *each = xalloc_n((size_t)list.n, sizeof *each);
    predict_all(&job, each);
    double seconds = progress_seconds(&bar);
    progress_end(&bar);
    report(&list, each, seconds, folder, overlay > 0, flags_has(f, "--json"));
    free(each), free(given), free(words), films_free(&list), trained_close(&t), trained_close(&namer), flags_free(f);
    return EXIT_OK;
}
