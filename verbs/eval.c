/* eval.c - `darkspine eval PRED TRUTH`: how well label maps, and the parameters measured on them, agree with the truth or with readers. */
#include "verbs/verb.h"
#include "base/die.h"
#include "base/file.h"
#include "base/words.h"
#include "eval/provenance.h"
#include "geometry/geometry.h"
#include "train/augment.h"
#include "verbs/compute.h"
#include "verbs/eval_instances.h"
#include "verbs/eval_parameters.h"
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
    { "--labels", "all|any|LIST", "how to read TRUTH: every value a class, all but 0 class 1 (PRED too), or these values (8-19,20), others background\n"
      "                          (default: as the run of predictions.h5 read its data.labels, else all)" },
    { "--classes", "FILE.csv", "names of the values: value,name,kind (default: those of the store or predictions)" },
    { "--region", "whole|cervical|thoracic|lumbar|ap", "what the films show, for the parameters (default whole)" },
    { "--facing", "left|right|auto", "which way the patients look, for the parameters (default auto: by votes of the anatomy)" },
    { "--exchangeable", "A:B|none", "two classes whose names are arbitrary: each film's prediction takes the names of the truth that it overlaps\n"
      "                          more (default: femoral_head_1 and femoral_head_2, where both are classes)" },
    { "--no-parameters", NULL, "compare label maps only" },
    { "--reader2", "FILE.csv", "a second reader: the reference is the mean of both, and each stands beside it" },
    { "--published", "FILE.csv", "parameter,value: published mean absolute differences to stand beside ours" },
    { "--margin", "D", "test equivalence of the parameters within D degrees or mm" },
    { "--score", "S", "instances predicted with this score and more count as given (default 0.5); average precision takes all" },
    { 0 }
};
static const usage how = { "eval", "PRED TRUTH",
    "Compares predicted with true label maps: DSC, IoU, precision, recall, HD95, ASSD and NSD, class by class and case by case; and the\n"
    "parameters of the spine measured on both. Each of the two is a store, a predictions.h5 or a folder of label maps (*.png, or\n"
    "masks/*.png), paired by case or stem. TRUTH may also be a reader's CSV file (case,patient,TK,LL,...): then the parameters alone are\n"
    "compared, and PRED is another such file or whatever `measure` reads. Where both sides hold instances (a detector's predictions.h5 or\n"
    "a store, and a store; or COCO's RESULTS.json and ANNOTATIONS.json, by themselves): average precision and recall as COCO has them,\n"
    "panoptic quality, and what is detected; and the levels of the spine that are named right. Confidence intervals resample patients.\n"
    "--out DIR writes table, borders, cases, presence, parameters, bias, reliability, classifications, readers, values, instances, panoptic,\n"
    "detection and levels as .txt .md .csv .tex, eval.json, dsc.svg and dsc.png. docs/evaluation.md says what each means.",
    own, FLAG_JSON | FLAG_QUIET | FLAG_FORCE | FLAG_OUT | FLAG_COMPUTE, 2, 2, 0 };

static void may_write(const flags *f, const char *folder)
{
    int n = 0;
    char **path = folder ? scored_products(folder, &n) : NULL;
    for (int i = 0; i < n; i++) flags_may_write(f, path[i]), free(path[i]);
    free(path);
}

static score_options options(const flags *f, const pairs *p, const classes *names, const char **name, const double *given, uint64_t seed,
                             char why[96], uint8_t twin[256])
{
    const char *word = flags_text(f, "--exchangeable", NULL);
    int64_t known = 0, n = pairs_count(p);
    for (int64_t i = 0; i < n; i++) known += given || pairs_at(p, i)->spacing[0] > 0;
    for (int i = 0; i < names->n; i++) name[names->c[i].value] = names->c[i].name;
    score_options o = { .names = name, .in_mm = known == n, .seed = (int64_t)seed, .excluded = pairs_excluded(p), .twin = twin };
    if (word) augment_pairs(strcmp(word, "none") ? word : "", "--exchangeable", 256, "eval", twin);
    else classes_twins(names, twin);
    if (flags_has(f, "--tau")) o.tau = flags_real(f, "--tau", 0, 1e-6, 1e6);
    if (!known) snprintf(why, 96, "no case has a pixel spacing");
    else snprintf(why, 96, "%" PRId64 " of %" PRId64 " cases have no pixel spacing", n - known, n);
    if (known < n) o.units_why = why;
    return o;
}

/* What the flags say about parameters; published is the caller's to free. */
static parameter_options parameter_choices(const flags *f, uint64_t seed, double **published)
{
    const char *file = flags_text(f, "--published", NULL);
    parameter_options o = { .agreement = agreement_defaults(), .published_from = file };
    o.agreement.seed = seed, o.published = *published = file ? published_read(file) : NULL;
    if (flags_has(f, "--margin")) o.margin = flags_real(f, "--margin", 0, 1e-6, 1e4);
    return o;
}

static instance_options instance_choices(const flags *f, uint64_t seed)
{
    instance_options o = instance_defaults();
    o.seed = seed;
    if (flags_has(f, "--score")) o.least = flags_real(f, "--score", 0, -1e9, 1e9);
    return o;
}

static eval_film film_of(const flags *f)
{
    static const char *const sides[] = { "left", "auto", "right" };
    return (eval_film){ flags_word(f, "--region", eval_regions, GEO_REGIONS, -1), flags_word(f, "--facing", sides, 3, 1) - 1 };
}

/* Every pair scored, its instances kept in q, and measured where m is there; 0 where its classes name nothing of a spine. */
static int add_all(score *s, both_sides *m, both_objects *q, const pairs *p, const classes *names, const double *given, const flags *f)
{
    int64_t n = pairs_count(p);
    int spine = m != NULL;
    const eval_film shown = film_of(f);
    progress bar = progress_begin("eval", n, flags_has(f, "--quiet"));
    for (int64_t i = 0; i < n; i++) {
        const pair *e = pairs_at(p, i);
        int64_t h, w;
        uint8_t *pred, *truth;
        pairs_load(p, i, &h, &w, &pred, &truth);
        score_add(s, e->id, e->patient, given ? given : e->spacing, h, w, pred, truth);
        instances found;
        const int detects = pairs_found(p, i, &found);
        const both_maps maps = { h, w, s->cases[i].patient, pred, truth, detects ? &found : NULL };
        objects_pair(q, p, i, &maps);
        if (spine) spine = measured_add(m, p, i, &maps, names, given, shown);
        free(pred), free(truth), free(found.number);
        progress_step(&bar, i + 1, NULL);
    }
    progress_end(&bar);
    score_finish(s);
    return spine;
}

/* id (n): the films that were evaluated. */
static void finish(const flags *f, scored *r, int64_t n, const char *const *id)
{
    const char *folder = flags_text(f, "--out", NULL);
    char *settings = flags_given(f);
    if (folder || flags_has(f, "--json"))
        r->provenance = provenance_json(&(provenance){ .prediction = f->input[0], .truth = f->input[1], .second = flags_text(f, "--reader2", NULL),
                                                       .settings = settings, .split = flags_text(f, "--split", NULL), .cases = n, .id = id });
    if (folder) scored_write(r, folder);
    if (flags_has(f, "--json")) object_print(scored_json(r));
    else {
        scored_print(r);
        if (folder) printf("\ntables and pictures: %s\n", folder);
    }
    json_decref(r->provenance), free(settings);
}

static void eval_maps(const flags *f, const double *given, uint64_t seed)
{
    char why[96];
    uint8_t twin[256];
    const char *name[256] = { 0 }, *file = flags_text(f, "--classes", NULL);
    double *published;
    if (flags_has(f, "--reader2")) die_at("--reader2", "got %s, wanted TRUTH to be a reader's CSV file too",
        flags_text(f, "--reader2", NULL));
    parameter_options how_parameters = parameter_choices(f, seed, &published);
    pairs *p = pairs_open(f->input[0], f->input[1], flags_text(f, "--split", NULL));
    const char *labels = flags_text(f, "--labels", NULL);
    if (labels && file && !strcmp(labels, "any")) die_at("--classes", "got it beside --labels any, which leaves one class, called any");
    if (labels) pairs_read_as(p, labels, "--labels");
    else if (strcmp(pairs_labels(p), "all") && !flags_has(f, "--quiet"))
        fprintf(stderr, "%s: its run read label maps by data.labels=%s, and so is %s read (--labels all: every class)\n", f->input[0],
                pairs_labels(p), f->input[1]);
    classes names = file ? classes_given("--classes", file) : pairs_classes(p);
    score_options o = options(f, p, &names, name, given, seed, why, twin);
    score *s = score_new(&o);
    both_sides m = measured_new(f->input[0], f->input[1]);
    int skip = flags_has(f, "--no-parameters");
    if (pairs_excluded(p) && !flags_has(f, "--quiet"))
        warn("%s: %" PRId64 " case%s left out: `check --exclude` marked what is faulty", f->input[1], pairs_excluded(p),
             plural(pairs_excluded(p)));
    both_objects q = objects_new(&names);
    int spine = add_all(s, skip ? NULL : &m, &q, p, &names, given, f);
    parameters found = spine ? parameters_compare(&m.pred, &m.ref, NULL, 0, &how_parameters) : (parameters){ 0 };
    const instance_options how_instances = instance_choices(f, seed);
    instance_score compared = q.why ? (instance_score){ 0 } : instance_score_of(&q.set, &how_instances);
    scored r = { .s = s, .p = spine ? &found : NULL, .pred = &m.pred, .ref = &m.ref,
                 .why = skip ? "--no-parameters" : "the classes name no vertebra, sacrum, femoral head or skull",
                 .i = q.why ? NULL : &compared, .no_instances = q.why, .l = spine ? &m.named : NULL, .draws = how_instances.draws, .seed = seed };
    const char **id = xalloc_n((size_t)pairs_count(p), sizeof *id);
    for (int64_t i = 0; i < pairs_count(p); i++) id[i] = pairs_at(p, i)->id;
    finish(f, &r, pairs_count(p), id);
    if (!q.why) instance_score_free(&compared);
    both_objects_free(&q);
    free(id), free(published), parameters_free(&found), measured_free(&m), score_free(s), classes_free(&names), pairs_close(p);
}

static void tell_doubts(const doubts *d)
{
    enum { MOST = 10 };
    for (int i = 0; i < d->n && i < MOST; i++) warn("%s", d->line[i]);
    if (d->n > MOST) warn("and %d more: doubts in --json", d->n - MOST);
}

static void eval_readings(const flags *f, const double *given, uint64_t seed)
{
    static const char *const maps_only[] = { "--split", "--tau", "--no-parameters", "--labels", "--score", "--exchangeable" };
    for (size_t i = 0; i < sizeof maps_only / sizeof *maps_only; i++) if (flags_has(f, maps_only[i])) die_at(maps_only[i],
        "%s is a reader's file: there are no label maps to compare", f->input[1]);
    const char *file = flags_text(f, "--reader2", NULL);
    double *published;
    parameter_options o = parameter_choices(f, seed, &published);
    readings ref = readings_csv(f->input[1]), second = file ? readings_csv(file) : (readings){ 0 };
    readings pred = readings_from(f->input[0], flags_text(f, "--classes", NULL), given, film_of(f), flags_has(f, "--quiet"));
    parameters found = parameters_compare(&pred, &ref, file ? &second : NULL, file ? 2 : 1, &o);
    doubts odd = { 0 };
    doubts_add(&odd, &pred, &ref);
    if (file) doubts_add(&odd, &pred, &second);
    if (!flags_has(f, "--quiet")) tell_doubts(&odd);
    if (!found.n) die("%s and %s have no parameter in common", f->input[0], f->input[1]);
    if (*found.left_out && !flags_has(f, "--quiet")) warn("not compared, since not every source gives it: %s", found.left_out);
    scored r = { .p = &found, .pred = &pred, .ref = &ref, .second = file ? &second : NULL, .odd = &odd,
                 .no_instances = "readers' files hold none" };
    const char **id = xalloc_n((size_t)pred.n, sizeof *id);
    for (int64_t i = 0; i < pred.n; i++) id[i] = pred.r[i].id;
    finish(f, &r, pred.n, id);
    free(id), free(published), parameters_free(&found), doubts_free(&odd), readings_free(&pred), readings_free(&ref);
    if (file) readings_free(&second);
}

/* COCO's own files: objects, and nothing else. */
static void eval_coco(const flags *f, uint64_t seed)
{
    static const char *const others[] = { "--split", "--spacing", "--tau", "--labels", "--classes", "--region", "--facing", "--no-parameters", "--exchangeable", "--reader2",
                                          "--published", "--margin" };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (flags_has(f, others[i])) die_at(others[i], "%s is COCO's annotations: there are instances to compare, and nothing else", f->input[1]);
    const instance_options o = instance_choices(f, seed);
    object_set s = objects_coco(f->input[0], f->input[1]);
    instance_score compared = instance_score_of(&s, &o);
    scored r = { .i = &compared, .why = "COCO's files hold instances alone" };
    const char **id = xalloc_n((size_t)s.n, sizeof *id);
    for (int64_t i = 0; i < s.n; i++) id[i] = s.film[i].id;
    finish(f, &r, s.n, id);
    free(id), instance_score_free(&compared), objects_free(&s);
}

int verb_eval(int argc, char **argv)
{
    flags *f = flags_parse(&how, argc, argv);
    if (!f) return EXIT_OK;
    const compute c = compute_begin(f);
    double given[2];
    const double *spacing = flags_spacing(f, given) ? given : NULL;
    may_write(f, flags_text(f, "--out", NULL));
    if (coco_like(f->input[0], f->input[1])) eval_coco(f, c.seed);
    else if (readings_table(f->input[1])) eval_readings(f, spacing, c.seed);
    else eval_maps(f, spacing, c.seed);
    flags_free(f);
    return EXIT_OK;
}
