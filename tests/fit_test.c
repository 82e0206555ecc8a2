/* fit_test.c - films into net inputs and back: positions, antialiasing, normalisation, labels, the way back. */
#include "tests/test.h"
#include "datasets/fit.h"
#include "base/rng.h"
#include "datasets/clahe.h"
#include "nn/key.h"

static const fit_conf letterbox = { FIT_LETTERBOX, FIT_SCALE, 0, 100, 0, 8, FIT_UNIT, NULL }, stretch = { FIT_STRETCH, FIT_SCALE, 0, 100, 0, 8, FIT_UNIT, NULL };

static void same_size_is_the_identity(void **state)
{
    (void)state;
    uint8_t film[6 * 5], mask[30], labels[30];
    float out[30];
    for (int i = 0; i < 30; i++) film[i] = (uint8_t)(8 * i), mask[i] = (uint8_t)(i % 7);
    fit f = fit_make(&letterbox, 6, 5, 6, 5);
    fit_film(&f, film, 8, 1, out);
    fit_mask(&f, mask, labels);
    for (int i = 0; i < 30; i++) near(out[i], film[i] / 255., 1e-6);
    assert_memory_equal(mask, labels, 30);
}

static void corners_of_the_film_meet_the_net(void **state)
{
    (void)state;
    double p[2];
    fit f = fit_make(&stretch, 100, 60, 32, 16);                  /* edge to edge on both sides */
    affine_apply(&f.to_film, -0.5, -0.5, p);
    near(p[0], -0.5, 1e-9); near(p[1], -0.5, 1e-9);
    affine_apply(&f.to_film, 15.5, 31.5, p);
    near(p[0], 59.5, 1e-9); near(p[1], 99.5, 1e-9);
    f = fit_make(&letterbox, 100, 60, 32, 32);                    /* shape kept: 100 rows fill 32, 60 columns take 19.2 in the middle */
    affine_apply(&f.to_film, 15.5, 31.5, p);
    near(p[0], 29.5, 1e-9); near(p[1], 99.5, 1e-9);
    affine_apply(&f.to_film, 15.5 - 9.6, 15.5, p);
    near(p[0], -0.5, 1e-9); near(p[1], 49.5, 1e-9);
    affine inverse = affine_inverse(&f.to_film), one = affine_then(&f.to_film, &inverse);
    for (int i = 0; i < 6; i++) near(one.m[i], i % 4 == 0, 1e-12);
}

/* A grey ramp stays a ramp at any size: value at a net pixel = value of the ramp where the affine says it lies. */
static void ramp(int64_t h, int64_t w, int64_t H, int64_t W, const fit_conf *c)
{
    uint16_t *film = xalloc_n((size_t)(h * w), 2);
    float *out = xalloc_n((size_t)(H * W), sizeof *out);
    for (int64_t i = 0; i < h * w; i++) film[i] = (uint16_t)(100 * (i % w) + 50 * (i / w));
    fit f = fit_make(c, h, w, H, W);
    fit_film(&f, film, 16, 1, out);
    int checked = 0;
    for (int64_t Y = 0; Y < H; Y++)
        for (int64_t X = 0; X < W; X++) {
            double p[2], bx = f.to_film.m[0] + 1, by = f.to_film.m[4] + 1;               /* off the border, where taps are held back */
            affine_apply(&f.to_film, (double)X, (double)Y, p);
            if (p[0] < bx || p[1] < by || p[0] > (double)w - 1 - 2 * bx || p[1] > (double)h - 1 - 2 * by) continue;
            near(out[Y * W + X] * 65535, 100 * p[0] + 50 * p[1], 1.5);
            checked++;
        }
    assert_true(checked > H * W / 4);
    free(film), free(out);
}

static void ramps_keep_their_place(void **state)
{
    (void)state;
    ramp(97, 61, 32, 20, &stretch), ramp(97, 61, 48, 48, &stretch), ramp(40, 30, 90, 75, &stretch), ramp(97, 61, 40, 40, &letterbox);
    ramp(200, 64, 64, 64, &stretch), ramp(64, 33, 64, 33, &letterbox);
}

static void shrinking_averages(void **state)
{
    (void)state;
    uint8_t film[64 * 64];
    for (int i = 0; i < 64 * 64; i++) film[i] = (uint8_t)(((i % 64) ^ (i / 64)) & 1 ? 255 : 0);   /* finest checkerboard: mean 0.5 */
    for (int n = 9; n <= 40; n++) {
        fit f = fit_make(&stretch, 64, 64, n, n);
        float out[40 * 40];
        fit_film(&f, film, 8, 1, out);
        for (int i = 0; i < n * n; i++) near(out[i], 0.5, n <= 32 ? 0.15 : 0.3);
    }
}

static void padding_is_zero_and_not_inside(void **state)
{
    (void)state;
    uint8_t film[20 * 10];
    memset(film, 200, sizeof film);
    fit_conf z = { FIT_LETTERBOX, FIT_ZSCORE, 0, 100, 0, 8, FIT_UNIT, NULL };
    for (int i = 0; i < 100; i++) film[i] = 100;
    fit f = fit_make(&z, 20, 10, 20, 20);
    fit_source s = fit_reduce(&f, film, 8, NULL);
    float *plane = xalloc_n(fit_plane_floats(&s), sizeof *plane), out[400];
    uint8_t inside[400];
    fit_sample(&f, &s, &f.to_film, plane, out, inside);
    for (int i = 0; i < 400; i++) {
        int in = i % 20 >= 5 && i % 20 < 15;
        assert_int_equal(inside[i], in);
        near(out[i], in ? (i < 200 ? -1 : 1) : 0, 1e-5);
    }
    near(s.lo, -1, 1e-5); near(s.hi, 1, 1e-5);
    free(plane), fit_source_free(&s);
}

static void percentiles_clip(void **state)
{
    (void)state;
    uint16_t film[1000];
    float out[1000];
    for (int i = 0; i < 1000; i++) film[i] = (uint16_t)(1000 + i);
    film[999] = 65535;                                             /* a burnt-in letter */
    fit_conf c = { FIT_STRETCH, FIT_PERCENTILE, 1, 99, 0, 8, FIT_UNIT, NULL };
    fit f = fit_make(&c, 20, 50, 20, 50);
    fit_film(&f, film, 16, 1, out);
    near(out[0], 0, 1e-6); near(out[999], 1, 1e-6); near(out[500], (1500. - 1009) / (1989 - 1009), 1e-5);
    memset(film, 0, sizeof film);
    fit_film(&f, film, 16, 1, out);
    near(out[17], 0, 0);                                           /* a film of one grey */
}

/* range=signed is twice the other less 1, clipped where that is clipped; zscore knows no range */
static void signed_films(void **state)
{
    (void)state;
    static const int how[] = { FIT_SCALE, FIT_PERCENTILE, FIT_PERCENTILE, FIT_ZSCORE };
    uint16_t film[1000];
    for (int i = 0; i < 1000; i++) film[i] = (uint16_t)(500 + 37 * i % 1000 * 60);
    for (int k = 0; k < 4; k++) {
        float out[2][1000];
        for (int range = 0; range < 2; range++) {
            const fit_conf c = { FIT_STRETCH, how[k], 2, 98, k == 2 ? 2 : 0, 2, range ? FIT_SIGNED : FIT_UNIT, NULL };
            fit f = fit_make(&c, 20, 50, 20, 50);
            fit_film(&f, film, 16, 1, out[range]);
        }
        for (int i = 0; i < 1000; i++) near(out[1][i], how[k] == FIT_ZSCORE ? out[0][i] : 2 * out[0][i] - 1, 2e-6);
    }
}

static void labels_take_the_commonest(void **state)
{
    (void)state;
    const uint8_t mask[16] = { 1, 1, 0, 0,  1, 2, 3, 0,  4, 4, 5, 5,  6, 6, 7, 5 };
    const uint8_t want[4] = { 1, 0, 4, 5 };                        /* of 4, 4, 6, 6 the smaller */
    fit f = fit_make(&stretch, 4, 4, 1, 1);                        /* four to one: label blocks of 2 x 2 */
    fit_source s = fit_reduce(&f, mask, 8, mask);
    assert_int_equal(s.lh * s.lw, 4);
    assert_memory_equal(s.labels, want, 4);
    fit_source_free(&s);
}

static void scores_come_back(void **state)
{
    (void)state;
    enum { H = 37, W = 23, K = 3 };
    fit f = fit_make(&letterbox, H, W, 16, 16);
    float scores[16 * 16 * K], *q = xalloc_n(H * W * K, sizeof *q);
    uint8_t labels[H * W];
    for (int i = 0; i < 16 * 16; i++) scores[K * i] = 0, scores[K * i + 1] = (float)(i % 16) - 7.5f, scores[K * i + 2] = (float)(i / 16) - 7.5f;
    fit_back(&f, scores, K, labels, q);
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++) {
            affine back = affine_inverse(&f.to_film);
            double p[2];
            affine_apply(&back, x, y, p);
            double a = fmin(fmax(p[0], 0), 15) - 7.5, b = fmin(fmax(p[1], 0), 15) - 7.5, sum = 1 + exp(a) + exp(b);
            near(q[(y * W + x) * K], 1 / sum, 1e-5); near(q[(y * W + x) * K + 1], exp(a) / sum, 1e-5);
            if (fabs(a - b) > 1e-3 && fabs(a) > 1e-3 && fabs(b) > 1e-3) assert_int_equal(labels[y * W + x], a > 0 && a > b ? 1 : b > 0 ? 2 : 0);
        }
    for (int i = 0; i < 256; i++) scores[i] = i % 16 < 8 ? -1 : 1;
    fit_back(&f, scores, 1, labels, q);                            /* one class: sigmoid over a half */
    assert_int_equal(labels[0], 0), assert_int_equal(labels[W - 1], 1);
    near(q[W - 1], 1 / (1 + exp(-1)), 1e-6);
    free(q);
}

/* A mask through the net's size and back keeps its area and place to within the net's resolution. */
static void a_disc_survives_the_round_trip(void **state)
{
    (void)state;
    enum { H = 300, W = 180, N = 96 };
    uint8_t *mask = xalloc(H * W), *back = xalloc(H * W), net[N * N];
    float scores[N * N];
    for (int i = 0; i < H * W; i++) mask[i] = hypot(i % W - 80, i / W - 150) < 50;
    fit f = fit_make(&letterbox, H, W, N, N);
    fit_mask(&f, mask, net);
    for (int i = 0; i < N * N; i++) scores[i] = net[i] - 0.5f;
    fit_back(&f, scores, 1, back, NULL);
    double both = 0, either = 0;
    for (int i = 0; i < H * W; i++) both += mask[i] & back[i], either += mask[i] + back[i];
    assert_true(2 * both / either > 0.98);
    free(mask), free(back);
}

static void odd_sizes(void **state)
{
    (void)state;
    const int64_t sizes[] = { 1, 2, 3, 7, 33 };
    for (int a = 0; a < 5; a++)
        for (int b = 0; b < 5; b++)
            for (int n = 1; n < 6; n += 2)
                for (int mode = 0; mode < 2; mode++) {
                    int64_t h = sizes[a], w = sizes[b];
                    uint8_t film[33 * 33], mask[33 * 33], small[25];
                    float out[3 * 25], scores[25] = { 0 };
                    memset(film, 255, sizeof film), memset(mask, 3, sizeof mask);
                    fit_conf c = { mode, FIT_SCALE, 0, 100, 0, 8, FIT_UNIT, NULL };
                    fit f = fit_make(&c, h, w, n, n + 1 > 5 ? 5 : n);
                    fit_film(&f, film, 8, 3, out), fit_mask(&f, mask, small);
                    fit_back(&f, scores, 1, mask, NULL);
                    for (int64_t i = 0; i < f.net_h * f.net_w; i++) {
                        assert_true(small[i] == 3 || (mode == FIT_LETTERBOX && small[i] == 0));
                        near(out[3 * i], small[i] ? 1 : 0, 1e-6); near(out[3 * i + 2], out[3 * i], 0);
                    }
                    for (int64_t i = 0; i < h * w; i++) assert_int_equal(mask[i], 0);
                }
}

static const key fit_keys[] = { FIT_KEYS(0), { 0 } };

enum { TALL = 120, WIDE = 70 };

/* faint stripes on a steep ramp, 16 bits */
static void striped(uint16_t film[TALL * WIDE])
{
    for (int i = 0; i < TALL * WIDE; i++) film[i] = (uint16_t)(3000 + 400 * (i / WIDE) + 250 * (i % WIDE / 3 % 2));
}

/* mean step from one pixel to its right neighbour */
static double contrast(const fit_source *s)
{
    double sum = 0;
    for (int64_t i = 0; i < s->h * s->w; i++)
        if ((i + 1) % s->w) sum += fabsf((float)(s->p[i + 1] - s->p[i]) * s->mul);
    return sum / (double)(s->h * s->w);
}

static void clahe_is_off_unless_asked_for(void **state)
{
    (void)state;
    uint16_t film[TALL * WIDE];
    fit_conf c, more;
    striped(film);
    key_words(fit_keys, &c, "low=0 high=100", "fit"), key_words(fit_keys, &more, "low=0 high=100 clahe=0 clahe_tiles=3", "fit");
    assert_true(c.clahe == 0 && c.clahe_tiles == 8);
    fit f = fit_make(&c, TALL, WIDE, TALL, WIDE), g = fit_make(&more, TALL, WIDE, TALL, WIDE);
    fit_source s = fit_reduce(&f, film, 16, NULL), t = fit_reduce(&g, film, 16, NULL);
    assert_memory_equal(s.p, film, sizeof film), assert_memory_equal(t.p, film, sizeof film);
    near(s.sub, 3000, 0); near(t.sub, 3000, 0); near(s.mul, t.mul, 0); near(s.mul, 1.f / (400 * 119 + 250), 0);
    fit_source_free(&s), fit_source_free(&t);
    dies(2, "wanted 0 to 256", key_words(fit_keys, &c, "clahe=-1", "fit"));
    dies(2, "wanted 1 to 64", key_words(fit_keys, &c, "clahe_tiles=0", "fit"));
}

static void clahe_raises_local_contrast(void **state)
{
    (void)state;
    uint16_t film[TALL * WIDE];
    fit_conf off, on;
    striped(film);
    key_words(fit_keys, &off, "normalise=scale", "fit"), key_words(fit_keys, &on, "normalise=scale clahe=2", "fit");
    fit f = fit_make(&off, TALL, WIDE, TALL, WIDE), g = fit_make(&on, TALL, WIDE, TALL, WIDE);
    fit_source s = fit_reduce(&f, film, 16, NULL), t = fit_reduce(&g, film, 16, NULL);
    assert_true(contrast(&t) > 2 * contrast(&s));
    fit_source_free(&s), fit_source_free(&t);
}

/* What the net sees is clahe() of the film spread over 0..255, under each normalisation. */
static void clahe_then_normalise(void **state)
{
    (void)state;
    uint8_t film[TALL * WIDE], want[TALL * WIDE];
    float out[TALL * WIDE];
    double mean = 0, var = 0, least = 255, most = 0;
    for (int i = 0; i < TALL * WIDE; i++) film[i] = (uint8_t)(50 + i * i / 7 % 52);             /* 52 greys: 51 steps of 5 */
    for (int i = 0; i < TALL * WIDE; i++) want[i] = (uint8_t)((film[i] - 50) * 5);
    clahe(want, TALL, WIDE, 3, 4, 4, want);
    for (int i = 0; i < TALL * WIDE; i++) mean += want[i] / (double)(TALL * WIDE), least = fmin(least, want[i]), most = fmax(most, want[i]);
    for (int i = 0; i < TALL * WIDE; i++) var += (want[i] - mean) * (want[i] - mean) / (TALL * WIDE);
    for (int normalise = FIT_SCALE; normalise <= FIT_PERCENTILE; normalise++) {
        const fit_conf c = { FIT_STRETCH, normalise, 0, 100, 3, 4, FIT_UNIT, NULL };
        const fit f = fit_make(&c, TALL, WIDE, TALL, WIDE);
        const int z = normalise == FIT_ZSCORE;
        fit_film(&f, film, 8, 1, out);
        for (int i = 0; i < TALL * WIDE; i++) near(out[i], z ? (want[i] - mean) / sqrt(var) : want[i] / 255., 1e-5);
        fit_source s = fit_reduce(&f, film, 8, NULL);                                            /* gamma works from lo to hi: no pixel beyond */
        for (int i = 0; i < TALL * WIDE; i++) assert_true(out[i] >= s.lo && out[i] <= s.hi);
        near(s.lo, z ? (least - mean) / sqrt(var) : 0, 1e-5); near(s.hi, z ? (most - mean) / sqrt(var) : 1, 1e-5);
        fit_source_free(&s);
    }
}

/* Validation reduces film and labels together and samples later, prediction goes through fit_film with the settings that the run stored. */
static void clahe_is_the_same_in_validation_and_prediction(void **state)
{
    (void)state;
    uint16_t film[TALL * WIDE];
    uint8_t mask[TALL * WIDE];
    float a[32 * 32], b[32 * 32], plain[32 * 32];
    fit_conf c, stored, off;
    striped(film), memset(mask, 1, sizeof mask);
    key_words(fit_keys, &c, "clahe=2.5 clahe_tiles=5", "fit");
    key_defaults(fit_keys, &stored), key_words(fit_keys, &off, "", "fit");
    for (const key *k = fit_keys; k->name; k++) {
        char *text = key_text(k, &c);
        key_set(k, &stored, text, "fit");
        free(text);
    }
    fit f = fit_make(&c, TALL, WIDE, 32, 32), g = fit_make(&stored, TALL, WIDE, 32, 32), h = fit_make(&off, TALL, WIDE, 32, 32);
    fit_source s = fit_reduce(&f, film, 16, mask);
    float *plane = xalloc_n(fit_plane_floats(&s), sizeof *plane);
    fit_sample(&f, &s, &f.to_film, plane, a, NULL);
    fit_film(&g, film, 16, 1, b), fit_film(&h, film, 16, 1, plain);
    assert_memory_equal(a, b, sizeof a);
    assert_memory_not_equal(a, plain, sizeof a);
    free(plane), fit_source_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_size_is_the_identity), cmocka_unit_test(corners_of_the_film_meet_the_net), cmocka_unit_test(ramps_keep_their_place),
        cmocka_unit_test(shrinking_averages), cmocka_unit_test(padding_is_zero_and_not_inside), cmocka_unit_test(percentiles_clip),
        cmocka_unit_test(signed_films),
        cmocka_unit_test(labels_take_the_commonest), cmocka_unit_test(scores_come_back), cmocka_unit_test(a_disc_survives_the_round_trip),
        cmocka_unit_test(odd_sizes), cmocka_unit_test(clahe_is_off_unless_asked_for), cmocka_unit_test(clahe_raises_local_contrast),
        cmocka_unit_test(clahe_then_normalise), cmocka_unit_test(clahe_is_the_same_in_validation_and_prediction),
    };
    return RUN_TESTS(tests);
}
