/* landmarks_fuzz.c - any bytes as landmarks in JSON or as a table of corners: they are refused in one line, or measured to finite values.
 * The first byte says which form, and from which side the film is read. */
#include "base/die.h"
#include "base/file.h"
#include "eval/findings.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void need(int ok) { if (!ok) abort(); }

static void measure_one(const landmark_case *c, int region)
{
    const measure_settings s = { .region = region, .facing = -2, .cobb = -1, .age = -1, .jitter = 0.5, .draws = 3, .seed = 1 };
    findings f = findings_landmarks(c, &s);
    finding *row;
    int n = findings_rows(&f, NULL, &row);
    for (int i = 0; i < n; i++) need(isfinite(row[i].v.value) && isfinite(row[i].v.pixels) && (row[i].v.code != 0) == (row[i].v.error[0] != 0));
    for (int i = 0; i < c->ncompression && f.chain.result; i++) {
        geo_compression g;
        need(geo_result_compression(f.chain.result, c->compression[i], &g) || isfinite(g.genant_loss));
    }
    free(row), findings_free(&f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (!n) return 0;
    const int region = data[0] / 2 % 7 - 1, as_json = data[0] % 2;
    landmark_cases l = { 0 };
    char path[] = "/tmp/darkspine-fuzz-XXXXXX";
    if (region >= GEO_REGIONS) return 0;
    int file = as_json ? -1 : mkstemp(path);
    if (file >= 0) need(write(file, data + 1, n - 1) == (ssize_t)n - 1), close(file);
    die_trap t;
    die_trap_push(&t);
    if (!setjmp(t.jump)) {
        l = as_json ? landmarks_json((const char *)data + 1, n - 1, "fuzz.json", region) : landmarks_csv(path, region);
        for (int64_t i = 0; i < l.n && i < 8; i++) measure_one(&l.c[i], region);
        landmarks_free(&l);
        die_trap_pop(&t);
    } else need(t.status == EXIT_INPUT && !strchr(t.text, '\n'));
    if (file >= 0) unlink(path);
    return 0;
}
