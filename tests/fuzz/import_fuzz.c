/* import_fuzz.c - the JSON files of others (COCO, labelme, what export wrote) and COCO's run lengths, as hostile as they come: each
 * input is a file
 * that is imported beside a small film, or a text of run lengths. The end is a store or an error of status 2, never a crash or a hang. */
#include "base/die.h"
#include "base/file.h"
#include "datasets/import.h"
#include "datasets/rle.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[64], *out, *json[3];
static const char *const kinds[3] = { "coco", "labelme", "exported" };

const char *__asan_default_options(void);
const char *__asan_default_options(void) { return "allocator_may_return_null=1:detect_leaks=0"; }

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    static const char *const names[3] = { "x.json", "labelme/x.json", "exported/truth.json" };
    static const char *const films[4] = { "a.png", "labelme/a.png", "exported/images/a.png", "exported/masks/a.png" };
    (void)argc, (void)argv;
    store_library();
    snprintf(folder, sizeof folder, "%s/fuzz-%ld", access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm", (long)getpid());
    image m = image_new(6, 8, 8);
    ((uint8_t *)m.p)[5] = 1;
    for (int i = 0; i < 4; i++) {
        char *path = path_join(folder, films[i]), *parent = path_folder(path);
        file_make_folders(parent), image_write(path, &m);
        free(path), free(parent);
    }
    for (int i = 0; i < 3; i++) json[i] = path_join(folder, names[i]);
    out = path_join(folder, "out.h5");
    image_free(&m);
    return 0;
}

static void run_lengths(const uint8_t *data, size_t n)
{
    const char *why;
    int64_t runs;
    uint8_t pixels[64] = { 0 };
    char *text = xalloc(n + 1);
    memcpy(text, data, n);
    uint32_t *r = rle_parse(text, &runs, &why);
    if (!r != !!why) abort();
    if (r) rle_paint(r, runs, pixels, 8, 8);
    free(r), free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (!n) return 0;
    const int kind = data[0] % 4;
    if (kind == 3) { run_lengths(data + 1, n - 1); return 0; }
    FILE *f = fopen(json[kind], "wb");
    if (!f || fwrite(data + 1, 1, n - 1, f) != n - 1) abort();
    fclose(f);
    char *parent = path_folder(json[kind]);
    const import_options o = { .kind = kinds[kind], .src = kind ? parent : json[0], .out = out, .skip_bad = 1, .images = kind ? NULL
        : folder };
    die_trap t;
    die_trap_push(&t);
    if (!setjmp(t.jump)) {
        import_result r = import_run(&o);
        import_result_free(&r);
        die_trap_pop(&t);
    } else if (t.status != 2) abort();
    file_discard(out);
    free(parent);
    return 0;
}
