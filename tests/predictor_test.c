/* predictor_test.c - films in windows and by ensembles, with networks of one 1x1 convolution, whose answer at every pixel is known: class 1 where
 * the grey value is above a threshold. */
#include "tests/test.h"
#include "base/file.h"
#include "base/rng.h"
#include "eval/predict.h"

enum { H = 90, W = 71, SIDE = 32 };
static char *folder;
static image noise;
static const fit_conf letterbox = { .mode = FIT_LETTERBOX, .normalise = FIT_SCALE };
static const meaning two = { .n = 2, .value = { 0, 7 }, .name = { "background", "body" }, .swap = { 0, 1 } };

/* A checkpoint whose scores are weight (n) times grey plus bias (n). */
static checkpoint *linear(const char *name, int side, int n, const real *weight, const real *bias)
{
    char *text = xprintf("[net]\nbatch=1\nheight=%d\nwidth=%d\nchannels=1\nclasses=%d\n[convolutional]\nname=out\nfilters=%d\nsize=1\n",
                         side, side, n, n);
    char *path = path_join(folder, name);
    net *t = net_parse(text, "one.cfg", NULL, 0);
    params *p = params_new(t->g, &device_cpu, 0);
    memcpy(p->x + params_find(p, "out.weight")->at, weight, (size_t)n * sizeof *weight);
    memcpy(p->x + params_find(p, "out.bias")->at, bias, (size_t)n * sizeof *bias);
    checkpoint k = { .net = xdup(text), .best_epoch = -1 };
    checkpoint_write(path, &k, CHECKPOINT_WEIGHTS, p, NULL);
    checkpoint_clear(&k), params_free(p), net_free(t), free(text);
    checkpoint *out = checkpoint_open(path);
    free(path);
    return out;
}

/* Scores are 0 and 8 (grey - threshold). */
static checkpoint *weights_of(const char *name, double threshold, int side)
{
    return linear(name, side, 2, (const real[]){ 0, 8 }, (const real[]){ 0, (real)(-8 * threshold) });
}

static int set_up(void **state)
{
    (void)state;
    folder = test_scratch(), noise = image_new(H, W, 8);
    for (int i = 0; i < H * W; i++) ((uint8_t *)noise.p)[i] = (uint8_t)rng_below(rng_draw(1, RNG_TEST, 1, 0, (uint64_t)i).v[0], 256);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    image_free(&noise), test_scratch_remove(folder);
    return 0;
}

static int64_t wrong(const uint8_t *labels, double threshold)
{
    int64_t n = 0;
    for (int i = 0; i < H * W; i++) n += labels[i] != (((uint8_t *)noise.p)[i] / 255.0 > threshold ? 7 : 0);
    return n;
}

/* With data.sizes a film is seen as by a network of the size that suits it; in windows, at the net's own. */
static void a_film_is_seen_at_its_size(void **state)
{
    (void)state;
    checkpoint *k = weights_of("sizes.h5", 0.501, SIDE);
    fit_conf many = letterbox;
    many.sizes = "32x40,40x32";
    static const predict_how how[2] = { { 0 }, { .tile = 1, .overlap = 0.5 } };
    uint8_t got[2][H * W], want[3][H * W];
    float *a = xalloc_n(5 * H * W * 2, sizeof *a);
    char *own = k->net;
    for (int i = 0; i < 5; i++) {                        /* many sizes, whole and in windows; then 40 x 32 alone, and the net's own, likewise */
        net *t = net_parse(own, "x", (const char *const[]){ "net.height=40" }, i == 2);
        k->net = net_text(t);
        predictor *p = predictor_new(k, i < 2 ? &many : &letterbox, &two, &how[i == 1 || i == 4], NULL, 0, &device_cpu);
        predictor_run(p, &noise, i < 2 ? got[i] : want[i - 2], a + i * H * W * 2);
        predictor_free(p), net_free(t), free(k->net);
    }
    k->net = own;
    assert_memory_equal(got[0], want[0], H * W), assert_memory_equal(a, a + 2 * H * W * 2, H * W * 2 * sizeof *a);
    assert_memory_not_equal(a, a + 3 * H * W * 2, H * W * 2 * sizeof *a);
    assert_memory_equal(got[1], want[2], H * W), assert_memory_equal(a + H * W * 2, a + 4 * H * W * 2, H * W * 2 * sizeof *a);
    checkpoint *other = weights_of("other.h5", 0.501, SIDE);
    predictor *p = predictor_new(k, &many, &two, &how[0], NULL, 0, &device_cpu);
    dies(2, "other.h5: its run fits films in another way", predictor_join(p, other, &letterbox, &two, NULL, 0));
    predictor_join(p, other, &many, &two, NULL, 0);
    predictor_run(p, &noise, got[1], a + H * W * 2);
    assert_memory_equal(got[0], got[1], H * W);
    for (int i = 0; i < H * W * 2; i++) near(a[H * W * 2 + i], a[i], 1e-6);              /* the mean of two that are the same */
    predictor_free(p), checkpoint_close(other), checkpoint_close(k), free(a);
}

static void windows_at_full_size_miss_no_pixel(void **state)
{
    (void)state;
    static const double overlap[] = { 0, 0.5, 0.9 };
    checkpoint *k = weights_of("half.h5", 0.501, SIDE);
    uint8_t labels[H * W];
    float *probabilities = xalloc_n(H * W * 2, sizeof *probabilities);
    for (int i = 0; i < 6; i++) {
        const predict_how how = { .mirror = i >= 3, .tile = PREDICT_FULL, .overlap = overlap[i % 3] };
        predictor *p = predictor_new(k, &letterbox, &two, &how, NULL, 0, &device_cpu);
        predictor_run(p, &noise, labels, probabilities);
        assert_int_equal(wrong(labels, 0.501), 0);
        for (int j = 0; j < H * W; j++) {
            const double score = 8 * (((uint8_t *)noise.p)[j] / 255.0 - 0.501);
            near(probabilities[2 * j + 1], 1 / (1 + exp(-score)), 1e-5);         /* shares of the windows add up to 1 everywhere */
        }
        predictor_free(p);
    }
    predictor *p = predictor_new(k, &letterbox, &two, &(predict_how){ 0 }, NULL, 0, &device_cpu);
    predictor_run(p, &noise, labels, NULL);
    assert_true(wrong(labels, 0.501) > 500);                       /* whole, the noise is averaged away */
    predictor_free(p), checkpoint_close(k), free(probabilities);
}

static void a_scale_of_one_is_the_whole_film(void **state)
{
    (void)state;
    checkpoint *k = weights_of("half.h5", 0.501, SIDE);
    uint8_t whole[H * W], one[H * W], two_and_a_half[H * W];
    const predict_how how[] = { { .tile = 0 }, { .tile = 1, .overlap = 0.5 }, { .tile = 2.5, .overlap = 0.25 } };
    uint8_t *const out[] = { whole, one, two_and_a_half };
    for (int i = 0; i < 3; i++) {
        predictor *p = predictor_new(k, &letterbox, &two, &how[i], NULL, 0, &device_cpu);
        predictor_run(p, &noise, out[i], NULL);
        predictor_free(p);
    }
    assert_memory_equal(whole, one, sizeof whole);
    assert_true(wrong(two_and_a_half, 0.501) < wrong(whole, 0.501));
    checkpoint_close(k);
}

static void an_ensemble_is_the_mean_of_scores(void **state)
{
    (void)state;
    const predict_how how = { .tile = PREDICT_FULL };
    checkpoint *a = weights_of("a.h5", 0.3, SIDE), *b = weights_of("b.h5", 0.5, SIDE), *c = weights_of("c.h5", 0.703, SIDE);
    checkpoint *d = weights_of("d.h5", 0.5, 16);
    uint8_t labels[H * W];
    predictor *p = predictor_new(a, &letterbox, &two, &how, NULL, 0, &device_cpu);
    predictor_join(p, b, &letterbox, &two, NULL, 0), predictor_join(p, c, &letterbox, &two, NULL, 0);
    predictor_run(p, &noise, labels, NULL);
    assert_int_equal(wrong(labels, 0.501), 0);
    meaning other = two;
    fit_conf stretched = letterbox;
    other.value[1] = 8, stretched.mode = FIT_STRETCH;
    dies(2, "d.h5: its network takes 16x16x1 and gives 2 classes, wanted 32x32x1", predictor_join(p, d, &letterbox, &two, NULL, 0));
    predictor_free(p);
    p = predictor_new(a, &letterbox, &two, &how, NULL, 0, &device_cpu);
    dies(2, "b.h5: data.labels gives its classes other values", predictor_join(p, b, &letterbox, &other, NULL, 0));
    predictor_free(p);
    p = predictor_new(a, &letterbox, &two, &how, NULL, 0, &device_cpu);
    dies(2, "b.h5: its run fits films in another way", predictor_join(p, b, &stretched, &two, NULL, 0));
    predictor_free(p);
    checkpoint_close(a), checkpoint_close(b), checkpoint_close(c), checkpoint_close(d);
}

/* Two bodies that touch in a darker line, the lower one brighter; a network of another size, fitted in another way, names what the first one draws,
 * which has one channel or two. */
static void one_network_draws_and_one_names(void **state)
{
    (void)state;
    static const fit_conf stretched = { .mode = FIT_STRETCH, .normalise = FIT_SCALE };
    static const meaning levels = { .n = 3, .value = { 0, 23, 24 }, .name = { "background", "L4", "L5" }, .swap = { 0, 1, 2 } };
    static const predict_how plain = { 0 }, chained = { .chain = 1 };
    image film = image_new(H, W, 8);
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++) {
            const int line = y >= 43 && y < 47, upper = y >= 10 && y < 43, lower = y >= 47 && y < 80;
            ((uint8_t *)film.p)[y * W + x] = x < 20 || x >= 52 ? 0 : line ? 88 : upper ? 153 : lower ? 230 : 0;
        }
    /* L4 in grey around 0.6 of the range and L5 in brighter: 0, 40 (g - 0.3), 80 (g - 0.3) - 18 */
    checkpoint *names = linear("names.h5", 48, 3, (const real[]){ 0, 40, 80 }, (const real[]){ 0, -12, -42 });
    checkpoint *bone[2] = { linear("one.h5", SIDE, 1, (const real[]){ 9 }, (const real[]){ -2.7f }), weights_of("bone.h5", 0.3, SIDE) };
    predictor *alone = predictor_new(names, &stretched, &levels, &chained, NULL, 0, &device_cpu);
    uint8_t drawn[H * W], named[H * W];
    float *p = xalloc_n(H * W * 3, sizeof *p), *q = xalloc_n(H * W * 2, sizeof *q);
    predictor_run(alone, &film, named, p);
    assert_true(named[25 * W + 35] == 23 && named[65 * W + 35] == 24 && named[25 * W + 5] == 0);
    for (int i = 0; i < H * W; i++) near(p[3 * i] + p[3 * i + 1] + p[3 * i + 2], 1, 1e-5);
    for (int k = 1; k <= 2; k++) {
        predictor *draws = predictor_new(bone[k - 1], &letterbox, &two, &plain, NULL, 0, &device_cpu);
        predictor_run(draws, &film, drawn, q);
        predictor_name_by(draws, alone, "bone.h5", "names.h5");
        assert_int_equal(predictor_channels(draws), 3);
        assert_ptr_equal(predictor_meaning(draws), &alone->classes);
        predictor_run(draws, &film, named, p);
        int bodies = 0;
        for (int i = 0; i < H * W; i++) {                   /* the first one's border and probability to the pixel, the second one's levels */
            const int y = i / W, level = named[i] == 23 ? 1 : 2;
            assert_int_equal(named[i] != 0, drawn[i] != 0);
            if (drawn[i] && (y < 40 || y > 50)) assert_int_equal(named[i], y < 45 ? 23 : 24);
            if (drawn[i]) {
                near(p[3 * i + level], q[k * i + k - 1], 1e-6);
                near(p[3 * i + 3 - level], 0, 1e-6);
            }
            near(p[3 * i] + p[3 * i + 1] + p[3 * i + 2], 1, 1e-5);
            bodies += drawn[i] != 0;
        }
        assert_in_range(bodies, 2000, 2600);
        if (k == 2) {
            dies(2, "bone.h5: --levels wants a network with a class for each", predictor_name_by(draws, draws, "bone.h5", "bone.h5"));
            dies(2, "names.h5: --levels wants a network of one class", predictor_name_by(alone, draws, "names.h5", "bone.h5"));
            dies(2, "bone.h5: --chain wants a network", predictor_new(bone[1], &letterbox, &two, &chained, NULL, 0, &device_cpu));
        }
        predictor_free(draws);
    }
    predictor_free(alone), checkpoint_close(bone[0]), checkpoint_close(bone[1]), checkpoint_close(names), image_free(&film);
    free(p), free(q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_film_is_seen_at_its_size), cmocka_unit_test(windows_at_full_size_miss_no_pixel), cmocka_unit_test(a_scale_of_one_is_the_whole_film),
        cmocka_unit_test(an_ensemble_is_the_mean_of_scores), cmocka_unit_test(one_network_draws_and_one_names),
    };
    return _cmocka_run_group_tests(__FILE__, tests, sizeof tests / sizeof *tests, set_up, tear_down);
}
