/* maskrcnn_net_test.c - Mask R-CNN as a cfg: exact parameter counts, the names and shapes of published checkpoints both ways, the layout of a
 * connected layer over maps, and films as its input (sizes by every rule, the reference's own batch). */
#include "tests/test.h"
#include "tests/golden.h"
#include "tests/reference.h"
#include "base/file.h"
#include "nn/detector_input.h"
#include "nn/safetensors.h"
#include <unistd.h>

#define R50 "configs/nets/maskrcnn-r50.cfg"

static int64_t count(const char *path, const char *const *words, int n)
{
    net *t = net_load(path, words, n);
    int64_t sum = 0;
    for (int i = 0; i < t->g->nt; i++) if (t->g->tensor[i]->role == PARAM) sum += shape_volume(&t->g->tensor[i]->s);
    net_free(t);
    return sum;
}

static void counts(void **state)
{
    (void)state;
    static const struct { const char *word[3]; int64_t parameters; } want[] = {
        { { "net.classes=91", "net.frozen_norms=1", "net.training=0" }, 44401393 },
        { { "net.classes=91", "net.frozen_norms=1", "net.training=1" }, 44401393 },
        { { "net.classes=91", "net.frozen_norms=0", "net.training=0" }, 44454513 },
        { { "net.classes=2", "net.frozen_norms=1", "net.training=0" }, 43922395 },
        { { "net.classes=81", "net.frozen_norms=1", "net.training=0" }, 44347573 },
        { { "net.classes=81", "net.frozen_norms=1", "detector.convention=detectron2" }, 44343216 },
    };
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) assert_int_equal(count(R50, want[i].word, 3), want[i].parameters);
    assert_true(count("configs/nets/maskrcnn-small.cfg", NULL, 0) < 3000000);
    net *t = net_load(R50, NULL, 0), *wide = net_load(R50, (const char *const[]){ "detector.mask_size=56" }, 1);
    near(1e-9 * (double)net_macs(t), 230.8, 0.05);
    assert_int_equal(wide->output->s.d[1], 56);
    net_free(t), net_free(wide);
}

/* Every entry of the reference's checkpoint is one of our parameters with that shape, or a counter; and none is missing. */
static void check_keys(const char *tag, const char *const *words, int n, int counters_wanted)
{
    net *t = net_load(R50, words, n);
    params *p = params_new(t->g, &device_cpu, 0);
    const key_map *map = key_map_find(tag);
    char line[256], who[32], key[160], size[64], name[160], text[64];
    int found = 0, counters = 0;
    FILE *f = fopen("tests/golden/maskrcnn_keys.tsv", "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        if (*line == '#') continue;
        assert_int_equal(sscanf(line, "%31s %159s %63s", who, key, size), 3);
        if (strcmp(who, tag)) continue;
        if (strstr(key, "num_batches_tracked")) { counters++; continue; }
        const param *q = key_map_ours(map, key, name) ? params_find(p, name) : NULL;
        if (!q) fail_msg("%s: no parameter", key);
        shape s = reference_shape(q);
        assert_string_equal(shape_text(&s, text), size);
        assert_string_equal(key_map_theirs(map, q->name, name), key);
        found++;
    }
    fclose(f);
    assert_int_equal(found, p->n);
    assert_int_equal(counters, counters_wanted);
    params_free(p), net_free(t);
}

static void checkpoint_keys(void **state)
{
    (void)state;
    check_keys("torchvision", (const char *const[]){ "net.frozen_norms=0" }, 1, 53);
    check_keys("detectron2", (const char *const[]){ "detector.convention=detectron2", "net.classes=81" }, 2, 0);
}

/* A file with the parameters of p under the names of the map, or those of before; with all, some or none of the statistics of norms */
enum { NONE, ALL, SOME };
static void write_renamed(const char *path, const params *p, const key_map *map, int old, int statistics)
{
    char name[160], text[200];
    safetensors_writer *w = safetensors_begin(path);
    for (int pass = 0, k = 0; pass < 2; pass++)
        for (int i = 0; i < p->n; i++) {
            const param *q = &p->p[i];
            if (!statistics && strstr(q->name, ".running_")) continue;
            if (statistics == SOME && !strcmp(q->name, "stem.norm.running_mean")) continue;
            strcpy(text, key_map_theirs(map, q->name, name));
            char *at;
            if (old && (at = strstr(text, "_blocks."))) memmove(at + 9, at + 11, strlen(at + 11) + 1);
            if (old && (at = strstr(text, "rpn.head.conv.0.0."))) memmove(at + 14, at + 18, strlen(at + 18) + 1);
            if (old && (at = strstr(text, "mask_head.")) && at[10] < '9') {
                char rest[64];
                snprintf(rest, sizeof rest, "mask_fcn%c.%s", at[10] + 1, at + 14);
                strcpy(at + 10, rest);
            }
            if (pass == 0) safetensors_declare(w, text, REAL_TYPE, reference_shape(q));
            else safetensors_put(w, k++, p->x + q->at);
        }
    safetensors_commit(w);
}

/* Every value of every parameter comes back where reference_at says that it stands in ours. */
static void read_back(const char *tag, const char *const *words, int nwords, int old, int statistics)
{
    net *t = net_load("configs/nets/maskrcnn-small.cfg", words, nwords);
    params *p = params_new(t->g, &device_cpu, 0), *q = params_new(t->g, &device_cpu, 0);
    char path[64];
    snprintf(path, sizeof path, "/tmp/darkspine-rcnn-%d.safetensors", (int)getpid());
    params_init(p, 7);
    write_renamed(path, p, key_map_find(tag), old, statistics);
    if (statistics == SOME) dies(2, "1 of 168 parameters are not in the file", weights_read(path, q, key_map_find(tag)));
    else assert_int_equal(weights_read(path, q, key_map_find(tag)), statistics ? p->n : p->n - 2 * 26);
    for (int i = 0; i < p->n && statistics != SOME; i++) {
        const param *a = &p->p[i];
        const shape r = reference_shape(a);
        for (int64_t j = 0; j < (int64_t)a->count; j++) near(q->x[a->at + (size_t)reference_at(a, &r, j)], p->x[a->at + (size_t)j], 0);
    }
    unlink(path);
    params_free(p), params_free(q), net_free(t);
}

/* `lecun` and `he_out` say that biases start at 0. */
static void biases_start_at_0(void **state)
{
    (void)state;
    net *t = net_load("configs/nets/maskrcnn-small.cfg", NULL, 0);
    params *p = params_new(t->g, &device_cpu, 0);
    static const char *const names[] = { "p2.bias", "lateral5.bias", "mask0.bias", "mask.up.bias" };
    params_init(p, 7);
    for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
        const param *a = params_find(p, names[k]);
        for (size_t j = 0; j < a->count; j++) near(p->x[a->at + j], 0, 0);
    }
    params_free(p), net_free(t);
}

static void old_names_and_files_without_statistics(void **state)
{
    (void)state;
    read_back("torchvision", NULL, 0, 0, ALL);
    read_back("torchvision", NULL, 0, 1, ALL);
    read_back("detectron2", (const char *const[]){ "detector.convention=detectron2", "detector.mean=0", "detector.std=1" }, 3, 0, ALL);
    read_back("detectron2", (const char *const[]){ "detector.convention=detectron2", "detector.mean=0", "detector.std=1" }, 3, 0, NONE);
    read_back("detectron2", (const char *const[]){ "detector.convention=detectron2", "detector.mean=0", "detector.std=1" }, 3, 0, SOME);
}

static detector_conf conf(int convention)
{
    detector_conf d;
    cfg *c = cfg_parse(convention ? "[detector]\nconvention=detectron2\n" : "[detector]\n", "test");
    detector_fill(&c->s[0], &d);
    cfg_free(c);
    return d;
}

static void sizes(void **state)
{
    (void)state;
    static const struct { int convention, scale; int64_t min, max, h, w, to_h, to_w; } want[] = {
        { 0, SCALE_FLOAT32, 800, 1333, 480, 640, 800, 1066 }, { 0, SCALE_FLOAT32, 800, 1333, 427, 640, 799, 1199 },
        { 0, SCALE_FLOAT32, 800, 1333, 375, 500, 799, 1066 }, { 0, SCALE_FLOAT32, 800, 1333, 1080, 1920, 749, 1333 },
        { 0, SCALE_FLOAT32, 128, 192, 100, 150, 127, 191 },   { 0, SCALE_DOUBLE, 128, 192, 100, 150, 128, 192 },
        { 1, SCALE_ROUND, 800, 1333, 480, 640, 800, 1067 },   { 1, SCALE_ROUND, 800, 1333, 1080, 1920, 750, 1333 },
    };
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        detector_conf d = conf(want[i].convention);
        d.min_size = want[i].min, d.max_size = want[i].max;
        if (want[i].scale == SCALE_DOUBLE) d.resize_scale = SCALE_DOUBLE;
        assert_int_equal(d.resize_scale, want[i].scale);
        const input_size r = detector_resized(&d, (input_size){ want[i].h, want[i].w }), p = detector_padded(&d, r);
        assert_int_equal(r.h, want[i].to_h), assert_int_equal(r.w, want[i].to_w);
        assert_int_equal(p.h % 32, 0), assert_true(p.h >= r.h && p.h < r.h + 32 && p.w >= r.w && p.w < r.w + 32);
    }
}

static void the_reference_batch(void **state)
{
    (void)state;
    static const input_size film[2] = { { 100, 150 }, { 120, 96 } }, want[2] = { { 127, 191 }, { 160, 128 } }, padded = { 160, 192 };
    detector_conf d = conf(CONVENTION_TORCHVISION);
    d.min_size = 128, d.max_size = 192;
    golden *g = golden_open("tests/golden/maskrcnn");
    golden_stat s = golden_stats(g, "transform.batch");
    const int64_t one = 3 * padded.h * padded.w;
    real *batch = xalloc_n((size_t)(2 * one), sizeof *batch);
    double *v = xalloc_n((size_t)(2 * one), sizeof *v), sum = 0, abs = 0, sq = 0;
    for (int k = 0; k < 2; k++) {
        const int64_t area = film[k].h * film[k].w;
        const input_size r = detector_resized(&d, film[k]);
        assert_int_equal(r.h, want[k].h), assert_int_equal(r.w, want[k].w);
        float *pixels = xalloc_n((size_t)(3 * area), sizeof *pixels);
        for (int64_t i = 0; i < 3 * area; i++) pixels[i % area * 3 + i / area] = (float)golden_u01(k ? "maskrcnn/im1" : "maskrcnn/im0", i);
        detector_input(&d, film[k], pixels, r, padded, batch + k * one);
        free(pixels);
    }
    golden_nchw(&s.s, batch, v);
    for (int64_t i = 0; i < 2 * one; i++) sum += v[i], abs += fabs(v[i]), sq += v[i] * v[i];
    near(sum, s.sum, 1e-6 * s.abs);
    near(abs, s.abs, 1e-6 * s.abs);
    near(sq, s.sq, 1e-6 * s.sq);
    for (int i = 0; i < s.n; i++) near(v[s.at[i]], s.v[i], 1e-5);
    free(batch), free(v), golden_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(sizes), cmocka_unit_test(the_reference_batch), cmocka_unit_test(counts),
                                        cmocka_unit_test(checkpoint_keys), cmocka_unit_test(biases_start_at_0), cmocka_unit_test(old_names_and_files_without_statistics) };
    return RUN_TESTS(tests);
}
