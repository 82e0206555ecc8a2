/* cli.h - calling the program from outside, as the command-line tests do: exit status, what stands on stdout and stderr, the keys of the
 * JSON. The program is the one that the environment names as DARKSPINE, else ./darkspine; a test that cannot find it fails. */
#ifndef TESTS_CLI_H
#define TESTS_CLI_H
#include "tests/test.h"
#include "base/file.h"
#include "datasets/image.h"
#include <jansson.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct { int status; char *out, *err; } result;

static char *folder;                             /* scratch of this program */

static inline char *in(const char *name) { return path_join(folder, name); }

/* The program with these words (shell syntax; $ROOT is the folder that the tests were started in), run in the scratch folder. before:
 * shell commands that come first, each with its semicolon. */
static inline result call_after(const char *before, const char *words)
{
    char *out = in("stdout"), *err = in("stderr"), root[4096];
    const char *program = getenv("DARKSPINE") ? getenv("DARKSPINE") : "./darkspine";
    assert_non_null(getcwd(root, sizeof root));
    char *full = path_join(root, program);
    char *line = xprintf("cd '%s' && ROOT='%s' && %s '%s' %s >'%s' 2>'%s' </dev/null", folder, root, before, full, words, out, err);
    int status = system(line);
    result r = { WIFEXITED(status) ? WEXITSTATUS(status) : -1, file_read(out, 1 << 24, NULL), file_read(err, 1 << 20, NULL) };
    free(line), free(full), free(out), free(err);
    return r;
}

static inline result call(const char *words) { return call_after("", words); }

static inline void drop(result *r) { free(r->out), free(r->err); }

static inline void succeeds(const char *words, const char *says)
{
    result r = call(words);
    if (r.status) fail_msg("%s: status %d: %s", words, r.status, r.err);
    if (!strstr(r.out, says)) fail_msg("%s: printed '%s', wanted '%s' in it", words, r.out, says);
    drop(&r);
}

/* Exit 2, nothing on stdout, one line on stderr that begins with the program's name and holds these words. */
static inline void refused(const char *words, const char *says)
{
    result r = call(words);
    if (r.status != 2) fail_msg("%s: status %d, wanted 2: %s", words, r.status, r.err);
    if (*r.out) fail_msg("%s: stdout is '%s', wanted nothing", words, r.out);
    const char *end = strchr(r.err, '\n');
    if (!end || end[1]) fail_msg("%s: stderr is '%s', wanted one line", words, r.err);
    if (strncmp(r.err, "darkspine: ", 11) || !strstr(r.err, says)) fail_msg("%s: stderr is '%s', wanted '%s' in it", words, r.err, says);
    drop(&r);
}

/* The object that a call prints; fails where stdout is anything else. */
static inline json_t *object(const char *words)
{
    result r = call(words);
    json_error_t e;
    if (r.status) fail_msg("%s: status %d: %s", words, r.status, r.err);
    json_t *o = json_loads(r.out, 0, &e);
    if (!json_is_object(o)) fail_msg("%s: stdout is no JSON object: %s", words, e.text);
    drop(&r);
    return o;
}

/* Do two calls of `eval --json` say the same, whatever files it was made from? */
static inline int same_result(json_t *a, json_t *b)
{
    assert_int_equal(json_object_del(a, "provenance"), 0);
    assert_int_equal(json_object_del(b, "provenance"), 0);
    return json_equal(a, b);
}

static inline double number(const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);
    if (!json_is_number(v)) fail_msg("%s: missing or no number", key);
    return json_number_value(v);
}

static inline void has(const json_t *o, const char *keys)
{
    char *copy = xdup(keys), *save;
    for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
        if (!json_object_get(o, w)) fail_msg("no key %s", w);
    free(copy);
}

/* A label map under the scratch folder. text: one digit a pixel, rows after each other. */
static inline void map(const char *name, int64_t h, int64_t w, const char *text)
{
    image m = image_new(h, w, 8);
    char *path = in(name), *parent = path_folder(path);
    for (int64_t i = 0; i < h * w; i++) ((uint8_t *)m.p)[i] = (uint8_t)(text[i] - '0');
    file_make_folders(parent);
    image_write(path, &m);
    image_free(&m), free(path), free(parent);
}

static inline void write_text(const char *name, const char *text)
{
    char *path = in(name);
    file_write(path, text, strlen(text));
    free(path);
}

/* Two 3 x 4 films. a, class 1: 4 predicted, 4 true, 3 in both: DSC 6 / 8, IoU 3 / 5. b: 2 predicted, 4 true, 2 in both: 4 / 6, 2 / 4; class
 * 2 in the truth of b alone: 0. */
static inline void make_maps(void)
{
    map("truth/a.png", 3, 4, "110011000000"), map("pred/a.png", 3, 4, "110001100000");
    map("truth/b.png", 3, 4, "110011000022"), map("pred/b.png", 3, 4, "110000000000");
}

static inline const json_t *class_of(const json_t *o, int value)
{
    const json_t *rows = json_object_get(o, "classes");
    for (size_t i = 0; i < json_array_size(rows); i++) if (number(json_array_get(rows, i), "value") == value) return json_array_get(rows, i);
    fail_msg("no class %d", value);
    return NULL;
}
#endif
