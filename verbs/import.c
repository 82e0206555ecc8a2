/* import.c - `darkspine import KIND SRC OUT.h5`: folders of films and labels into a store. */
#include "verbs/verb.h"
#include "verbs/compute.h"
#include "verbs/flags.h"
#include "verbs/object.h"
#include "verbs/progress.h"
#include "base/die.h"
#include "datasets/import.h"
#include <stdio.h>
#include <string.h>

static const flag own[] = {
    { "--map", "FILMS:LABELS", "kind masks: two patterns below SRC, * being the same text in both: 'train/image/*.png:train/label/*.png'" },
    { "--patient", "COLUMN|REGEX", "column of labels.csv, or a regular expression whose group 1 in the film's name is the patient\n"
      "                          (default: column patient, else every film its own)" },
    { "--spacing", "SX,SY", "millimetres per pixel, x first" },
    { "--classes", "FILE", "class table, CSV value,name,kind" },
    { "--skip-bad", NULL, "leave out cases that cannot be read (and list them) instead of stopping" },
    { 0 } };

static const usage how = { "import", "KIND SRC OUT.h5",
    "Read films with their labels into one store. KIND is one of\n"
    "  masks    SRC/images/STEM.* with label maps SRC/masks/STEM.png, or --map\n"
    "  corners  SRC/labels.csv (file, LEVEL_TL_x, LEVEL_TL_y, ... TR BL BR) with SRC/images/",
    own, FLAG_JSON | FLAG_QUIET | FLAG_FORCE | FLAG_THREADS, 3, 3, 0 };

static void tick(void *with, int64_t done, int64_t total)
{
    progress *p = with;
    p->total = total;
    progress_step(p, done, NULL);
}

static void print_json(const import_result *r, const char *path)
{
    json_t *skipped = json_array();
    for (int i = 0; i < r->nbad; i++)
        object_append(skipped, json_pack("{s:o, s:o}", "file", object_text(r->bad[i].file), "why", object_text(r->bad[i].why)));
    object_print(json_pack("{s:I, s:o, s:o}", "cases", (json_int_t)r->cases, "skipped", skipped, "store", object_text(path)));
}

int verb_import(int argc, char **argv)
{
    flags *f = flags_parse(&how, argc, argv);
    if (!f) return EXIT_OK;
    const char *out = f->input[2];
    import_options o = { .kind = f->input[0], .src = f->input[1], .out = out, .map = flags_text(f, "--map", NULL),
                         .patient = flags_text(f, "--patient", NULL), .classes = flags_text(f, "--classes", NULL),
                         .skip_bad = flags_has(f, "--skip-bad") };
    flags_pair(f, "--spacing", o.spacing);
    if (o.map && strcmp(o.kind, "masks")) die("--map: only for kind masks, got %s", o.kind);
    flags_may_write(f, out);
    compute_threads(f);
    progress p = progress_begin("import", 0, flags_has(f, "--quiet"));
    o.tick = tick, o.with = &p;
    import_result r = import_run(&o);
    progress_end(&p);
    if (r.nbad && !(flags_has(f, "--json") && r.written))
        for (int i = 0; i < r.nbad; i++) warn("%s: %s", r.bad[i].file, r.bad[i].why);
    if (!r.written)
        die("%s: %d case%s cannot be read, nothing is written%s", o.src, r.nbad, r.nbad == 1 ? "" : "s",
            o.skip_bad ? "" : " (--skip-bad leaves them out)");
    if (flags_has(f, "--json")) print_json(&r, out);
    else {
        printf("%lld cases in %s", (long long)r.cases, out);
        if (r.nbad) printf(", %d left out", r.nbad);
        printf("  (%.1f s)\n", progress_seconds(&p));
    }
    import_result_free(&r), flags_free(f);
    return EXIT_OK;
}
