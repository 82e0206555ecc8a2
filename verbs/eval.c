/* eval.c - `darkspine eval PRED TRUTH`: how well label maps agree with the truth. */
#include "verbs/verb.h"
#include "base/die.h"
#include "base/file.h"
#include "base/words.h"
#include "verbs/compute.h"
#include "verbs/flags.h"
#include "verbs/object.h"
#include "verbs/progress.h"
#include "verbs/scored.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const flag own[] = {
    { "--split", "train|val|test|foldN", "only the cases of this split of the store TRUTH" },
    { "--spacing", "SX,SY", "mm per pixel, x first, of every film (default: what the store TRUTH knows, else pixels)" },
    { "--tau", "T", "tolerance of the NSD (default 2 px, or 1 mm where spacing is known)" },
    { "--labels", "all|any|LIST", "how to read TRUTH: every value a class, all but 0 class 1, or these values (8-19,20), others background\n"
      "                          (default: as the run of predictions.h5 read its data.labels, else all)" },
    { "--classes", "FILE.csv", "names of the values: value,name,kind (default: those of the store or predictions)" },
    { 0 }
};
static const usage how = { "eval", "PRED TRUTH",
    "Compares predicted with true label maps: DSC, IoU, precision, recall, HD95, ASSD and NSD, class by class and case by case.\n"
    "Each of the two is a store, a predictions.h5 or a folder of label maps (*.png, or masks/*.png), paired by case or stem.\n"
    "Confidence intervals resample patients. --out DIR writes table.{txt,md,csv}, borders.{txt,md,csv}, cases.csv,\n"
    "presence.csv, eval.json, dsc.svg and dsc.png.",
    own, FLAG_JSON | FLAG_QUIET | FLAG_FORCE | FLAG_OUT | FLAG_COMPUTE, 2, 2, 0 };

static void may_write(const flags *f, const char *folder)
{
    for (size_t i = 0; folder && scored_products[i]; i++) {
        char *path = path_join(folder, scored_products[i]);
        flags_may_write(f, path);
        free(path);
    }
}

static score_options options(const flags *f, const pairs *p, const classes *names, const char **name, const double *given, uint64_t seed,
                             char why[96])
{
    int64_t known = 0, n = pairs_count(p);
    for (int64_t i = 0; i < n; i++) known += given || pairs_at(p, i)->spacing[0] > 0;
    for (int i = 0; i < names->n; i++) name[names->c[i].value] = names->c[i].name;
    score_options o = { .names = name, .in_mm = known == n, .seed = (int64_t)seed, .excluded = pairs_excluded(p) };
    if (flags_has(f, "--tau")) o.tau = flags_real(f, "--tau", 0, 1e-6, 1e6);
    if (!known) snprintf(why, 96, "no case has a pixel spacing");
    else snprintf(why, 96, "%" PRId64 " of %" PRId64 " cases have no pixel spacing", n - known, n);
    if (known < n) o.units_why = why;
    return o;
}

static void add_all(score *s, const pairs *p, const double *given, int quiet)
{
    int64_t n = pairs_count(p);
    progress bar = progress_begin("eval", n, quiet);
    for (int64_t i = 0; i < n; i++) {
        const pair *e = pairs_at(p, i);
        int64_t h, w;
        uint8_t *pred, *truth;
        pairs_load(p, i, &h, &w, &pred, &truth);
        score_add(s, e->id, e->patient, given ? given : e->spacing, h, w, pred, truth);
        free(pred), free(truth);
        progress_step(&bar, i + 1, NULL);
    }
    progress_end(&bar);
    score_finish(s);
}

int verb_eval(int argc, char **argv)
{
    flags *f = flags_parse(&how, argc, argv);
    if (!f) return EXIT_OK;
    const compute c = compute_begin(f);
    double given[2];
    char why[96];
    const char *name[256] = { 0 }, *folder = flags_text(f, "--out", NULL), *file = flags_text(f, "--classes", NULL);
    const double *spacing = flags_pair(f, "--spacing", given) ? given : NULL;
    may_write(f, folder);
    pairs *p = pairs_open(f->input[0], f->input[1], flags_text(f, "--split", NULL));
    if (flags_has(f, "--labels")) pairs_read_as(p, flags_text(f, "--labels", NULL), "--labels");
    else if (strcmp(pairs_labels(p), "all") && !flags_has(f, "--quiet"))
        fprintf(stderr, "%s: its run read label maps by data.labels=%s, and so is %s read (--labels all: every class)\n", f->input[0],
                pairs_labels(p), f->input[1]);
    classes names = file ? classes_read(file) : pairs_classes(p);
    score_options o = options(f, p, &names, name, spacing, c.seed, why);
    score *s = score_new(&o);
    if (pairs_excluded(p) && !flags_has(f, "--quiet"))
        warn("%s: %" PRId64 " case%s left out: `check --exclude` marked what is faulty", f->input[1], pairs_excluded(p), plural(pairs_excluded(p)));
    add_all(s, p, spacing, flags_has(f, "--quiet"));
    if (folder) scored_write(s, folder);
    if (flags_has(f, "--json")) object_print(score_json(s));
    else {
        scored_print(s);
        if (folder) printf("\ntables and pictures: %s\n", folder);
    }
    score_free(s), classes_free(&names), pairs_close(p), flags_free(f);
    return EXIT_OK;
}
