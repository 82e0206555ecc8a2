/* store_fuzz.c - stores whose bytes were changed: opening and reading everything ends in data of the stated sizes or in an error
 * of status 2, never in a crash. The input is a list of patches (where, what) on a small sound store. */
#include "datasets/store.h"
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
    snprintf(path, sizeof path, "%s/store-fuzz-%ld.h5", access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm", (long)getpid());
    classes table = { 0 };
    classes_add(&table, 1, "vertebra", "vertebra");
    store *s = store_create(path, &table);
    for (int k = 0; k < 2; k++) {
        uint16_t film[H * W];
        uint8_t mask[H * W];
        uint32_t planes[H * W];
        for (int i = 0; i < H * W; i++) film[i] = (uint16_t)(i * 999), mask[i] = i % 4 == 0, planes[i] = 1u << i % 32;
        corners c = { "L1", { { 1, 1 }, { 4, 1 }, { 1, 3 }, { 4, 3 } } };
        landmark m = { "head", 2, 2, 1 };
        measured v = { "cobb", "deg", 12.5 };
        instance o = instance_from_mask(mask, H, W, 1, "L1");
        labels l = { 1, 1, 1, 1, &c, &m, &v, &o };
        store_case row = { .id = k ? "b" : "a", .patient = "P", .h = H, .w = W, .bits = k ? 8 : 16 };
        store_add(s, &row, film, mask, planes, &l);
        free(o.runs);
    }
    store_commit(s);
    base = file_read(path, 1 << 24, &size);
    classes_free(&table);
    return 0;
}

static void read_all(void)
{
    store *volatile s = NULL;
    die_trap t;
    die_trap_push(&t);
    if (!setjmp(t.jump)) {
        s = store_open(path);
        for (int64_t i = 0; i < store_count(s) && i < 4; i++) {
            const store_case *c = store_at(s, i);
            if (c->h * c->w > 4096) continue;
            uint8_t b[4096 * 4];
            store_read_image(s, i, b), store_read_mask(s, i, b), store_read_planes(s, i, (uint32_t *)(void *)b);
            labels l = store_read_labels(s, i);
            labels_free(&l);
        }
        die_trap_pop(&t);
    } else if (t.status != 2) abort();
    store_close(s);
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
