/* predictions_fuzz.c - a predictions.h5 whose bytes were changed: opening and reading it ends in maps of the stated sizes or in an error
 * of status 2, never in a crash. The input is a list of patches (where, what) on a small sound file. */
#include "eval/predictions.h"
#include "base/die.h"
#include "base/file.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[64], *base;
static size_t size;

/* HDF5 asks for what a hostile size says and copes with a refusal; what die() leaves behind is not given back. */
const char *__asan_default_options(void);
const char *__asan_default_options(void) { return "allocator_may_return_null=1:detect_leaks=0"; }

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    enum { H = 6, W = 5 };
    static const int value[] = { 0, 3, 7 };
    static const char *const name[] = { "background", "L4", "" };
    snprintf(path, sizeof path, "%s/predictions-fuzz-%ld.h5", access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm", (long)getpid());
    predictions *p = predictions_create(path, "best.h5", 3, value, name);
    for (int k = 0; k < 2; k++) {
        uint8_t map[H * W];
        float probability[H * W * 3];
        for (int i = 0; i < H * W; i++) map[i] = (uint8_t)value[i % 3];
        for (int i = 0; i < H * W * 3; i++) probability[i] = (float)i;
        predictions_add(p, k ? "b" : "a", "films/x.png", H, W, map, k ? probability : NULL);
    }
    predictions_commit(p);
    base = file_read(path, 1 << 24, &size);
    return 0;
}

static void read_all(void)
{
    predictions *volatile p = NULL;
    die_trap t;
    die_trap_push(&t);
    if (!setjmp(t.jump)) {
        p = predictions_open(path);
        for (int64_t i = 0; i < predictions_count(p) && i < 4; i++) {
            int64_t h, w;
            predictions_size(p, i, &h, &w);
            uint8_t map[4096];
            if (h * w <= 4096) predictions_read(p, i, map);
        }
        classes c = predictions_classes(p);
        classes_free(&c);
        die_trap_pop(&t);
    } else if (t.status != EXIT_INPUT) abort();
    predictions_close(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    char *b = malloc(size);
    memcpy(b, base, size);
    for (size_t i = 0; i + 4 <= n; i += 4) b[((size_t)data[i] << 16 | (size_t)data[i + 1] << 8 | data[i + 2]) % size] = (char)data[i + 3];
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(b, 1, size, f) != size) abort();
    fclose(f), free(b);
    read_all();
    return 0;
}
