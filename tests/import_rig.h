/* import_rig.h - what the tests of the importers share: a scratch folder, small pictures and texts in it, imports that must or must not
 * succeed. */
#ifndef TESTS_IMPORT_RIG_H
#define TESTS_IMPORT_RIG_H
#include "tests/test.h"
#include "base/file.h"
#include "datasets/export.h"
#include "datasets/import.h"
#include <unistd.h>

static char *scratch;
static inline int set_up(void **s) { (void)s; scratch = test_scratch(); return 0; }
static inline int tear_down(void **s) { (void)s; test_scratch_remove(scratch); return 0; }

enum { H = 6, W = 8 };

/* A picture of H x W below the scratch folder; text: one digit a pixel, NULL: a ramp. bits 8 or 16; a digit d becomes d * step. */
static inline void picture(const char *name, const char *text, int bits, int step)
{
    char *path = path_join(scratch, name), *folder = path_folder(path);
    file_make_folders(folder);
    image m = image_new(H, W, bits);
    for (int i = 0; i < H * W; i++) {
        const int v = text ? (text[i] - '0') * step : bits == 16 ? i * 1300 + 7 : i * 5;
        if (bits == 16) ((uint16_t *)m.p)[i] = (uint16_t)v; else ((uint8_t *)m.p)[i] = (uint8_t)v;
    }
    image_write(path, &m);
    image_free(&m), free(path), free(folder);
}

static inline void text(const char *name, const char *words)
{
    char *path = path_join(scratch, name), *folder = path_folder(path);
    file_make_folders(folder);
    file_write(path, words, strlen(words));
    free(path), free(folder);
}

static inline import_result take(const char *kind, const char *src, const char *out, import_options o)
{
    char *from = path_join(scratch, src), *to = path_join(scratch, out);
    o.kind = kind, o.src = from, o.out = to;
    import_result r = import_run(&o);
    free(from), free(to);
    return r;
}

static inline store *opened(const char *name)
{
    char *path = path_join(scratch, name);
    store *s = store_open(path);
    free(path);
    return s;
}

static inline store *taken(const char *kind, const char *src, const char *out, import_options o)
{
    import_result r = take(kind, src, out, o);
    if (r.nbad) fail_msg("%s: %s", r.bad[0].file, r.bad[0].why);
    import_result_free(&r);
    return opened(out);
}

/* What an import says on stderr. */
static inline char *errors_of(const char *kind, const char *src, const char *out)
{
    char *path = path_join(scratch, "errors");
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fflush(stderr);
    const int keep = dup(2);
    dup2(fileno(f), 2);
    import_result r = take(kind, src, out, (import_options){ 0 });
    fflush(stderr), dup2(keep, 2), close(keep), fclose(f);
    import_result_free(&r);
    char *said = file_read(path, 1 << 20, NULL);
    free(path);
    return said;
}

/* All that is refused is said of this file with these words, in one line. */
static inline void bad(const char *kind, const char *src, import_options o, const char *file, const char *words)
{
    import_result r = take(kind, src, "bad.h5", o);
    int found = 0;
    for (int i = 0; i < r.nbad; i++) found |= !strcmp(r.bad[i].file, file) && strstr(r.bad[i].why, words) && !strchr(r.bad[i].why, '\n');
    if (!found) fail_msg("%s: wanted '%s', got %d bad, the first: %s: %s", file, words, r.nbad, r.nbad ? r.bad[0].file : "",
        r.nbad ? r.bad[0].why : "");
    assert_int_equal(r.written, 0);
    import_result_free(&r);
}

/* The mask of case i is this text, one digit a pixel. */
static inline void mask_is(const store *s, int64_t i, const char *want)
{
    uint8_t m[H * W];
    assert_int_equal(store_read_mask(s, i, m), 1);
    for (int k = 0; k < H * W; k++) if (m[k] != want[k] - '0') fail_msg("case %d: pixel %d,%d is %d, wanted %c", (int)i, k % W, k / W,
        m[k], want[k]);
}

static inline void instance_is(const labels *l, int k, int value, const char *level, const char *want)
{
    uint8_t m[H * W] = { 0 };
    assert_true(k < l->ninstances);
    assert_int_equal(l->instances[k].value, value);
    assert_string_equal(l->instances[k].level, level);
    instance_paint(&l->instances[k], m, H, W, 1);
    for (int i = 0; i < H * W; i++) if (m[i] != want[i] - '0') fail_msg("instance %d: pixel %d,%d is %d, wanted %c", k, i % W, i / W,
        m[i], want[i]);
}

#define ONE "110000001100000000000000000000000000000000000000"
#define TWO "010000000100000000000000000000000000000000000011"

#endif
