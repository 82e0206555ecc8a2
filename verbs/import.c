/* import.c - `darkspine import KIND SRC OUT.h5`: folders of films and labels into a store. */
#include "verbs/verb.h"
#include "verbs/compute.h"
#include "verbs/flags.h"
#include "verbs/object.h"
#include "verbs/progress.h"
#include "base/die.h"
#include "base/words.h"
#include "datasets/import.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const flag own[] = {
    { "--map", "FILMS:LABELS", "two patterns below SRC, * being the same text in both: 'train/image/*.png:train/label/*.png';\n"
      "                          kind instances: further stars on the right side, one file an object: 'films/*.png:objects/*/*.png'" },
    { "--images", "DIR", "kinds coco and labelme: the folder of the films (default: beside the JSON file, or images/ there)" },
    { "--patient", "COLUMN|REGEX", "column of the table, or a regular expression whose group 1 in the film's name is the patient\n"
      "                          (default: column patient, else every film its own)" },
    { "--spacing", "SX,SY|...", "millimetres per pixel, x first; or COLUMN, or COLUMN_X,COLUMN_Y of the table; or FILE.csv with the columns\n"
      "                          file, spacing_x, spacing_y (or spacing); or a regular expression: '_([0-9.]+)mm'" },
    { "--table", "FILE.csv", "a table with the column file, for --patient and --spacing (corners: labels.csv; coco: its images)" },
    { "--classes", "FILE", "class table, CSV value,name,kind; or one of classes/ by its bare name: levels, cervical ..." },
    { "--skip-bad", NULL, "leave out cases that cannot be read (and list them) instead of stopping" },
    { 0 } };

static const usage how = { "import", "KIND SRC OUT.h5",
    "Read films with their labels into one store. KIND is one of\n"
    "  masks      SRC/images/STEM.* with label maps SRC/masks/STEM.png, or --map\n"
    "  instances  one PNG an object: SRC/NAME/image.* with SRC/NAME/masks/*.png, or --map\n"
    "  coco       SRC is a COCO JSON file or Detectron2's list: polygons, run lengths, crowds\n"
    "  labelme    SRC/*.json: polygons, rectangles, circles, points\n"
    "  corners    SRC/labels.csv (file, LEVEL_TL_x, LEVEL_TL_y, ... TR BL BR) with SRC/images/\n"
    "  exported   what `export` wrote, whole\n"
    "Films are PNG, JPEG, BMP or binary PNM of 8 or 16 bits. docs/import.md shows each kind.",
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

/* A flag that would be without effect is a mistake. */
static void only_for(const char *kind, const char *flag, const char *value, const char *a, const char *b)
{
    if (value && strcmp(kind, a) && strcmp(kind, b)) die("%s: only for the kinds %s and %s, got %s", flag, a, b, kind);
}

/* One line, with as many of the bad cases as it holds. */
static _Noreturn void refuse(const import_options *o, const import_result *r)
{
    char list[640] = "";
    size_t used = 0;
    int shown = 0;
    for (; shown < r->nbad; shown++) {
        char *one = xprintf("%s%s: %s", shown ? "; " : "", r->bad[shown].file, r->bad[shown].why);
        const size_t n = strlen(one);
        if (shown && used + n >= sizeof list) { free(one); break; }
        used += (size_t)snprintf(list + used, sizeof list - used, "%s", one), free(one);
        if (used >= sizeof list) used = sizeof list - 1;
    }
    char *more = shown < r->nbad ? xprintf("; and %d more", r->nbad - shown) : xdup("");
    die("%.100s: %d case%s cannot be read, nothing is written%s: %s%s", o->src, r->nbad, r->nbad == 1 ? "" : "s",
        o->skip_bad ? "" : " (--skip-bad leaves out and lists them)", list, more);
}

int verb_import(int argc, char **argv)
{
    flags *f = flags_parse(&how, argc, argv);
    if (!f) return EXIT_OK;
    const char *out = f->input[2];
    import_options o = { .kind = f->input[0], .src = f->input[1], .out = out, .map = flags_text(f, "--map", NULL),
                         .patient = flags_text(f, "--patient", NULL), .classes = flags_text(f, "--classes", NULL),
                         .images = flags_text(f, "--images", NULL), .table = flags_text(f, "--table", NULL),
                         .spacing_from = flags_text(f, "--spacing", NULL), .skip_bad = flags_has(f, "--skip-bad") };
    if (o.spacing_from && !o.spacing_from[strspn(o.spacing_from, "0123456789.,+-eE ")]) flags_spacing(f, o.spacing),
        o.spacing_from = NULL;
    only_for(o.kind, "--map", o.map, "masks", "instances"), only_for(o.kind, "--images", o.images, "coco", "labelme");
    flags_may_write(f, out);
    compute_threads(f);
    progress p = progress_begin("import", 0, flags_has(f, "--quiet"));
    o.tick = tick, o.with = &p;
    import_result r = import_run(&o);
    progress_end(&p);
    if (!r.written) refuse(&o, &r);
    for (int i = 0; i < r.nbad && !flags_has(f, "--json"); i++) warn("%s: %s", r.bad[i].file, r.bad[i].why);
    if (flags_has(f, "--json")) print_json(&r, out);
    else {
        printf("%lld case%s in %s", (long long)r.cases, plural(r.cases), out);
        if (r.nbad) printf(", %d left out", r.nbad);
        printf("  (%.1f s)\n", progress_seconds(&p));
    }
    import_result_free(&r), flags_free(f);
    return EXIT_OK;
}
