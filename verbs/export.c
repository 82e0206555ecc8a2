/* export.c - `darkspine export STORE.h5 DIR`: a store back into plain files. Pixels and label values come out bit for bit. */
#include "verbs/verb.h"
#include "verbs/compute.h"
#include "verbs/flags.h"
#include "verbs/object.h"
#include "verbs/progress.h"
#include "base/die.h"
#include "base/file.h"
#include "base/words.h"
#include "datasets/export.h"
#include <stdio.h>
#include <stdlib.h>

static const flag own[] = { { "--coco", NULL, "also DIR/coco.json: objects as run lengths and landmarks as keypoints, for other programs and `import coco`" }, { 0 } };

static const usage how = { "export", "STORE.h5 DIR",
    "Write a store as plain files: DIR/images/ID.png, DIR/masks/ID.png (label maps: the pixel value is the class), DIR/instances/ID/N.png\n"
    "where there are instances, DIR/implants/ID.png where a class is an implant, DIR/planes/CLASS/ID.png where structures overlap,\n"
    "DIR/classes.csv, DIR/labels.csv where there are corners, and DIR/truth.json (corners, landmarks, values, the index). `import exported`\n"
    "reads all of it back.",
    own, FLAG_JSON | FLAG_QUIET | FLAG_FORCE | FLAG_THREADS, 2, 2, 0 };

static void tick(void *with, int64_t done, int64_t total)
{
    progress *p = with;
    p->total = total;
    progress_step(p, done, NULL);
}

int verb_export(int argc, char **argv)
{
    flags *f = flags_parse(&how, argc, argv);
    if (!f) return EXIT_OK;
    const char *folder = f->input[1];
    compute_threads(f);
    for (const char *const *product = export_products; *product; product++) {
        char *path = path_join(folder, *product);
        flags_may_replace(f, path);
        free(path);
    }
    const int with_coco = flags_has(f, "--coco");
    char *coco = path_join(folder, "coco.json");
    if (with_coco) flags_may_write(f, coco);
    store *s = store_open(f->input[0]);
    progress p = progress_begin("export", store_count(s), flags_has(f, "--quiet"));
    export_store(s, folder, tick, &p);
    if (with_coco) export_coco(s, folder);
    progress_end(&p);
    if (flags_has(f, "--json")) object_print(json_pack("{s:I}", "cases", (json_int_t)store_count(s)));
    else printf("%lld case%s in %s\n", (long long)store_count(s), plural(store_count(s)), folder);
    store_close(s), flags_free(f), free(coco);
    return EXIT_OK;
}
