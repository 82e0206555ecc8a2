/* bench.c - `darkspine bench`: speed of ops, whole networks, the geometry core and the loader, beside the machine's own limits. */
#include "verbs/verb.h"
#include "base/die.h"
#include "base/file.h"
#include "base/share.h"
#include "eval/bench.h"
#include "verbs/bench_nets.h"
#include "verbs/compute.h"
#include "verbs/flags.h"
#include "verbs/object.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const flag own[] = {
    { "--repeats", "N", "times that each thing is measured; the median counts (default 5)" },
    { "--batch", "N", "nets: images in one pass (default: what the network's file says)" },
    { "--pass", "inference|training|both", "nets: what to measure (default both)" },
    { "--steps", NULL, "nets: also every step by itself, and its share of the time" },
    { 0 }
};
static const usage how = { "bench", "ops|nets|geometry|loader [NET.cfg...]",
    "Measures speed beside the machine's own limits, which are measured first on the same threads: multiply-adds in float32 and bf16,\n"
    "memory copied, and the triad a = b + k c.\n"
    "ops: the layers of a 31 M U-Net one by one. nets: inference and a full training step (loss, gradients, SGD with momentum) of every\n"
    "network of configs/nets, or of those named. loader: films of 1024 x 512 with masks from a store, on 1 and 2 threads, and what augmentation costs.\n"
    "geometry: from a label map of 4000 x 1800 to parameters, and the RMSE of endplate tilts by every way to find corners on drawn bodies.",
    own, FLAG_JSON | FLAG_QUIET | FLAG_COMPUTE, 1, -1, 1 };

static const char *const kinds[] = { "ops", "nets", "geometry", "loader" };
enum { OPS, NETS, GEOMETRY, LOADER, KINDS };
static const char *const passes[] = { "inference", "training", "both" };

static int kind_of(const flags *f)
{
    const char *word = f->input[0];
    for (int i = 0; i < KINDS; i++) {
        if (strcmp(word, kinds[i])) continue;
        if (i != NETS && f->n > 1) die("bench %s: got %s, wanted nothing more", word, f->input[1]);
        return i;
    }
    die("bench: got %s, wanted ops, nets, geometry or loader%s", word, die_nearest(word, kinds, KINDS));
}

/* Critics and features are parts of a training (train/adversary.h) and no networks of their own. */
static int is_part(const char *file) { return !strncmp(file, "patchgan", 8) || !strncmp(file, "vgg16", 5); }

static void bench_nets(bench *b, const flags *f, compute *c)
{
    int n = f->n - 1, which = flags_word(f, "--pass", passes, 3, 2);
    compute_tell(c);
    char **found = NULL, *batch = NULL;
    const char **word = xalloc_n((size_t)f->nset + 1, sizeof *word);
    int words = 0;
    for (; words < f->nset; words++) word[words] = f->set[words];
    if (flags_has(f, "--batch")) word[words++] = batch = xprintf("net.batch=%lld", (long long)flags_int(f, "--batch", 1, 1, 4096));
    char *folder = n ? NULL : share_path("configs/nets");
    if (!n && !folder) die("bench: no configs/nets beside the program, wanted bench nets NET.cfg...");
    if (!n) found = file_list(folder, "|.cfg|", &n);
    for (int i = 0; i < n; i++) {
        if (found && is_part(found[i])) { free(found[i]); continue; }
        char *path = found ? path_join(folder, found[i]) : xdup(f->input[1 + i]);
        if (which != 1) bench_inference(b, path, word, words, c->dev, flags_has(f, "--steps"));
        if (which != 0) bench_training(b, path, word, words, c->dev, flags_has(f, "--steps"));
        free(path);
        if (found) free(found[i]);
    }
    free(found), free(folder), free(batch), free(word);
}

static json_t *object(const bench *b, const char *kind)
{
    json_t *rows = json_array();
    for (int i = 0; i < b->n; i++) {
        const bench_row *r = &b->row[i];
        json_t *o = json_pack("{s:s s:f s:f s:s}", "name", r->name, "seconds", r->seconds, "rate", r->rate, "unit", r->unit);
        if (r->ceiling > 0) {
            json_object_set_new(o, "ceiling", json_real(r->ceiling));
            json_object_set_new(o, "share", json_real(r->rate / r->ceiling));
        } else {
            json_object_set_new(o, "ceiling", json_null()), json_object_set_new(o, "share", json_null());
            json_object_set_new(o, "ceiling_why", json_string("no one limit of the machine sets this rate"));
            json_object_set_new(o, "share_why", json_string("there is no ceiling"));
        }
        if (r->peak_rss) json_object_set_new(o, "peak_rss", json_integer(r->peak_rss));
        if (*r->note) json_object_set_new(o, "note", json_string(r->note));
        json_array_append_new(rows, o);
    }
    return json_pack("{s:s s:i s:i s:s s:o}", "kind", kind, "threads", b->threads, "repeats", b->repeats, "vectors", b->vectors, "rows",
        rows);
}

int verb_bench(int argc, char **argv)
{
    flags *f = flags_parse(&how, argc, argv);
    if (!f) return EXIT_OK;
    compute c = compute_begin(f);
    int kind = kind_of(f);
    bench b = bench_begin(c.threads, (int)flags_int(f, "--repeats", 5, 1, 1000));
    if (kind == OPS) compute_tell(&c), bench_ops(&b, c.dev, f->precision && !strcmp(f->precision, "net.precision=bf16"));
    if (kind == NETS) bench_nets(&b, f, &c);
    if (kind == GEOMETRY) bench_geometry(&b);
    if (kind == LOADER) bench_loader(&b);
    if (flags_has(f, "--json")) object_print(object(&b, kinds[kind]));
    else bench_print(&b);
    bench_free(&b), flags_free(f);
    return EXIT_OK;
}
