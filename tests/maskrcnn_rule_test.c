/* maskrcnn_rule_test.c - detector.input=rule: films of any size through programs of a few padded sizes, and boxes back on the films; bytes
 * resized as Pillow does; what a [detector] section cannot say. */
#include "tests/test.h"
#include "base/file.h"
#include "base/rng.h"
#include "eval/predict.h"
#include "nn/detector_input.h"

#define SMALL "configs/nets/maskrcnn-small.cfg"

/* A checkpoint of the small detector at its starting values */
static checkpoint *weights(char *folder)
{
    static const char *const word[] = { "net.batch=1", "net.height=64", "net.width=64", "detector.input=rule", "detector.min_size=64", "detector.max_size=128",
                                        "detector.detections=6", "detector.rpn_after=20" };
    net *t = net_load(SMALL, word, 8);
    params *p = params_new(t->g, &device_cpu, 0);
    params_init(p, 3);
    char *path = path_join(folder, "w.h5");
    checkpoint k = { .net = net_text(t), .best_epoch = -1 };
    checkpoint_write(path, &k, CHECKPOINT_WEIGHTS, p, NULL);
    checkpoint_clear(&k), params_free(p), net_free(t);
    checkpoint *out = checkpoint_open(path);
    free(path);
    return out;
}

static image noise(int64_t h, int64_t w)
{
    image film = image_new(h, w, 8);
    for (int64_t i = 0; i < h * w; i++) ((uint8_t *)film.p)[i] = (uint8_t)rng_below(rng_draw(1, RNG_TEST, 1, 0, (uint64_t)i).v[0], 256);
    return film;
}

static void a_program_for_each_padded_size(void **state)
{
    (void)state;
    static const meaning two = { .n = 2, .value = { 0, 7 }, .name = { "background", "body" }, .swap = { 0, 1 } };
    static const struct { int64_t h, w; int programs; } film[] = { { 100, 80, 1 }, { 70, 60, 1 }, { 50, 90, 2 }, { 100, 80, 2 }, { 200, 60, 3 } };
    char *folder = test_scratch();
    checkpoint *k = weights(folder);
    predictor *p = predictor_new(k, &(fit_conf){ .normalise = FIT_SCALE }, &two, &(predict_how){ 0 }, NULL, 0, &device_cpu);
    uint8_t *first = NULL, labels[200 * 90];
    for (size_t i = 0; i < sizeof film / sizeof *film; i++) {
        image f = noise(film[i].h, film[i].w);
        instances o = predictor_detect(p, &f, labels);
        assert_int_equal(p->buckets, film[i].programs);
        assert_true(o.n > 0 && o.n <= 6);
        for (int j = 0; j < o.n; j++) {
            assert_true(o.box[j][0] >= 0 && o.box[j][1] >= 0 && o.box[j][2] <= (float)f.w && o.box[j][3] <= (float)f.h && o.class[j] == 7);
            assert_true(o.box[j][2] > o.box[j][0] && o.box[j][3] > o.box[j][1]);
        }
        for (int64_t q = 0; q < f.h * f.w; q++) assert_int_equal(labels[q], o.number[q] ? 7 : 0);
        if (i == 3) assert_memory_equal(first, o.number, (size_t)(f.h * f.w));       /* the first film again, after others */
        if (i) free(o.number);
        else first = o.number;
        image_free(&f);
    }
    free(first), predictor_free(p), checkpoint_close(k), test_scratch_remove(folder);
}

/* Made with Pillow: bytes 7 i^2 mod 256 in rows of 7, 5 rows, to 4 x 3 and to 10 x 9 by its bilinear filter */
static void bytes_as_pillow_resizes_them(void **state)
{
    (void)state;
    static const uint8_t small[12] = { 58, 71, 124, 203, 74, 95, 176, 211, 117, 142, 73, 172 }, large[90] = {
        0, 4, 12, 27, 51, 80, 115, 159, 210, 252, 29, 51, 61, 39, 81, 103, 106, 173, 208, 221, 77, 129, 142, 58, 131, 142, 90,
        195, 205, 169, 89, 109, 101, 35, 145, 184, 146, 210, 216, 195, 92, 63, 29, 2, 150, 227, 220, 222, 231, 240, 49, 50, 55,
        65, 159, 175, 113, 154, 200, 239, 26, 57, 92, 121, 159, 123, 26, 105, 176, 230, 80, 141, 178, 146, 123, 75, 16, 132,
        179, 184, 112, 191, 230, 161, 101, 46, 10, 149, 180, 156 };
    static const struct { input_size to; const uint8_t *want; } way[] = { { { 3, 4 }, small }, { { 9, 10 }, large } };
    detector_conf d;
    cfg *c = cfg_parse("[detector]\nconvention=detectron2\nmean=0\nstd=1\n", "test");
    detector_fill(&c->s[0], &d), cfg_free(c);
    float film[35];
    real out[90];
    for (int i = 0; i < 35; i++) film[i] = (float)(7 * i * i % 256) / 255;
    for (int k = 0; k < 2; k++) {
        detector_input(&d, (input_size){ 5, 7 }, film, way[k].to, way[k].to, out);
        for (int64_t i = 0; i < way[k].to.h * way[k].to.w; i++) near(out[i], way[k].want[i], 1e-3);
    }
}

static void bad_word(const char *word, const char *says) { dies(2, says, net_load(SMALL, &word, 1)); }

static void sections_that_contradict_themselves(void **state)
{
    (void)state;
    static const struct { const char *word, *says; } bad[] = {
        { "detector.mean=0.4,0.5", "mean, std: got 2 and 1" }, { "detector.anchor_sizes=8,16", "anchor_sizes has one size a map" },
        { "detector.box_weights=1,1", "box_weights: got 2 numbers, wanted 4" }, { "detector.rpn_negative=0.8", "rpn_negative" },
        { "detector.roi_negative=0.8", "roi_negative" }, { "detector.max_size=100", "max_size" }, { "net.height=500", "wanted multiples of 32" },
        { "net.classes=1", "wanted 2 or more" }, { "detector.mask_size=40", "wanted detector.mask_size, 40" }, { "net.channels=3", "one a channel" },
        { "detector.convention=torchvison", "did you mean torchvision?" }, { "masks.from=mask.up,fc7", "is no list of boxes" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) bad_word(bad[i].word, bad[i].says);
    dies(2, "no [detector] section", net_parse("[net]\n[rpn]\n", "test", NULL, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(sections_that_contradict_themselves), cmocka_unit_test(bytes_as_pillow_resizes_them),
                                        cmocka_unit_test(a_program_for_each_padded_size) };
    return RUN_TESTS(tests);
}
