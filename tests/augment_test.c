/* augment_test.c - augmentation moves film, labels and points by one affine, and is a pure function of (seed, epoch, sample, turn). */
#include "tests/test.h"
#include "train/augment.h"

enum { H = 240, W = 160, N = 128 };
static const fit_conf letterbox = { FIT_LETTERBOX, FIT_SCALE, 0, 100, 0, 8, FIT_UNIT, NULL };

static augment_conf conf_of(const char *words)
{
    augment_conf c;
    key_words(augment_keys, &c, words, "test");
    return c;
}

/* The change of greys on a row of n pixels. */
static void greys(const augmentation *a, float lo, float hi, const uint8_t *inside, int64_t n, float *image)
{
    const fit f = { .net_h = 1, .net_w = n };
    const fit_part all = { 0, 1, 0, n };
    float *spare = xalloc_n((size_t)n, sizeof *spare);
    augment_grey(a, &f, &all, lo, hi, inside, spare, image);
    free(spare);
}

static void nothing_is_nothing(void **state)
{
    (void)state;
    augment_conf c = conf_of("rotate=0 scale=1,1 shift=0 gamma=1,1 contrast=1,1 brightness=0 noise=0");
    fit f = fit_make(&letterbox, H, W, N, N);
    float image[4] = { 0.f, 0.25f, 0.5f, 1.f }, was[4];
    const uint8_t inside[4] = { 1, 1, 1, 1 };
    memcpy(was, image, sizeof was);
    for (int i = 0; i < 20; i++) {
        augmentation a = augment_draw(&c, &f, 1, 0, i, 0);
        for (int j = 0; j < 6; j++) near(a.to_film.m[j], f.to_film.m[j], 1e-9);
        greys(&a, 0, 1, inside, 4, image);
    }
    assert_memory_equal(image, was, sizeof was);
}

static void a_pure_function(void **state)
{
    (void)state;
    augment_conf c = conf_of("flip=0.5");
    fit f = fit_make(&letterbox, H, W, N, N);
    int differ = 0;
    for (int i = 0; i < 50; i++) {
        augmentation a = augment_draw(&c, &f, 7, 3, i, 0), b = augment_draw(&c, &f, 7, 3, i, 0);
        assert_memory_equal(&a, &b, sizeof a);
        augmentation other[] = { augment_draw(&c, &f, 8, 3, i, 0), augment_draw(&c, &f, 7, 4, i, 0), augment_draw(&c, &f, 7, 3, i + 1, 0),
                                 augment_draw(&c, &f, 7, 3, i, 1) };
        for (int j = 0; j < 4; j++) differ += other[j].to_film.m[0] != a.to_film.m[0] && other[j].gamma != a.gamma;
    }
    assert_int_equal(differ, 200);
}

/* What the words allow is what is drawn: ranges are met and filled. */
static void ranges_hold(void **state)
{
    (void)state;
    augment_conf c = conf_of("flip=0.3 rotate=20 scale=0.5,2 shift=0.1 gamma=0.5,2 noise=0.1 "
                             "brightness=0.2 contrast=0.5,1.5 geometry=0.8 intensity=0.6");
    fit f = fit_make(&letterbox, H, W, N, N);
    int mirrored = 0, still = 0, plain = 0;
    double most_angle = 0, least_scale = 9, most_scale = 0, most_gamma = 0;
    enum { DRAWS = 4000 };
    for (int i = 0; i < DRAWS; i++) {
        augmentation a = augment_draw(&c, &f, 1, 0, i, 0);
        affine inverse = affine_inverse(&f.to_film), move = affine_then(&inverse, &a.to_film);
        double s = 1 / affine_step_x(&move), angle = fabs(atan2(move.m[3], fabs(move.m[0]))) * 57.29577951308232;
        mirrored += a.mirrored, still += fabs(fabs(move.m[0]) - 1) < 1e-12, plain += a.gamma == 1;
        assert_true((move.m[0] < 0) == a.mirrored);
        assert_true(s > 0.4999 && s < 2.0001 && angle < 20.0001 && a.gamma > 0.4999 && a.gamma < 2.0001 && a.noise >= 0 && a.noise <= 0.1);
        assert_true(fabs(a.brightness) <= 0.2 && a.contrast >= 0.5 && a.contrast <= 1.5);
        most_angle = fmax(most_angle, angle), least_scale = fmin(least_scale, s);
        most_scale = fmax(most_scale, s), most_gamma = fmax(most_gamma, a.gamma);
    }
    near((double)mirrored / DRAWS, 0.3, 0.03); near((double)still / DRAWS, 0.2, 0.03); near((double)plain / DRAWS, 0.4, 0.03);
    assert_true(most_angle > 19.5 && least_scale < 0.52 && most_scale > 1.95 && most_gamma > 1.95);
}

static double net_point(const affine *to_film, double x, double y, double out[2])
{
    affine back = affine_inverse(to_film);
    affine_apply(&back, x, y, out);
    return out[0];
}

/* A film of a checkerboard with a bright blob at a known place: after the warp the blob's centre of mass, and the corners of the board in
 * the label map, lie where the affine says that the points lie. */
static void film_labels_and_points_move_together(void **state)
{
    (void)state;
    augment_conf c = conf_of("flip=0.5 rotate=25 scale=0.8,1.3 shear=8 shift=0.05 gamma=1,1 contrast=1,1 brightness=0 noise=0");
    fit f = fit_make(&letterbox, H, W, N, N);
    uint8_t *film = xalloc(H * W), *mask = xalloc(H * W), labels[N * N], inside[N * N];
    const double bx = 60, by = 150;
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++) {
            film[y * W + x] = (uint8_t)(250 * exp(-(pow(x - bx, 2) + pow(y - by, 2)) / 72));
            mask[y * W + x] = (uint8_t)(1 + (x / 20 + y / 20) % 2);
        }
    fit_source s = fit_reduce(&f, film, 8, mask);
    float *plane = xalloc_n(fit_plane_floats(&s), sizeof *plane), image[N * N];
    for (int k = 0; k < 40; k++) {
        augmentation a = augment_draw(&c, &f, 5, 0, k, 0);
        fit_sample(&f, &s, &a.to_film, plane, image, inside);
        fit_sample_labels(&f, &s, &a.to_film, labels);
        double sum = 0, mx = 0, my = 0, p[2], q[2];
        for (int i = 0; i < N * N; i++) sum += image[i], mx += image[i] * (i % N), my += image[i] * (i / N);
        net_point(&a.to_film, bx, by, p);
        near(mx / sum, p[0], 0.15); near(my / sum, p[1], 0.15);
        int agree = 0, seen = 0;
        for (int i = 0; i < N * N; i++) {
            affine_apply(&a.to_film, i % N, i / N, q);
            double fx = q[0] + 0.5, fy = q[1] + 0.5;
            assert_int_equal(inside[i], fx >= 0 && fy >= 0 && fx <= W && fy <= H);
            assert_int_equal(labels[i] > 0, inside[i]);
            if (!inside[i] || fmin(fmod(fx, 20), fmod(fy, 20)) < 1 || fmax(fmod(fx, 20), fmod(fy, 20)) > 19) continue;
                /* off the edges */
            seen++, agree += labels[i] == 1 + ((int)(fx / 20) + (int)(fy / 20)) % 2;
        }
        assert_true(seen > 2000);
        assert_int_equal(agree, seen);
    }
    free(film), free(mask), free(plane), fit_source_free(&s);
}

/* Lengths and angles keep their proportion on the film even where the net's two sides are scaled apart. */
static void rotation_is_rigid_on_the_film(void **state)
{
    (void)state;
    const fit_conf stretch = { FIT_STRETCH, FIT_SCALE, 0, 100, 0, 8, FIT_UNIT, NULL };
    augment_conf c = conf_of("rotate=45 scale=1,1 shift=0.1");
    fit f = fit_make(&stretch, 400, 100, 64, 64);
    for (int k = 0; k < 20; k++) {
        augmentation a = augment_draw(&c, &f, 5, 0, k, 0);
        affine inverse = affine_inverse(&f.to_film), move = affine_then(&inverse, &a.to_film);
        near(affine_step_x(&move), 1, 1e-12); near(affine_step_y(&move), 1, 1e-12);
        near(move.m[0] * move.m[1] + move.m[3] * move.m[4], 0, 1e-12);
    }
}

static void a_mirror_swaps_pairs(void **state)
{
    (void)state;
    uint8_t swap[256], labels[6] = { 0, 1, 2, 3, 4, 5 }, want[6] = { 0, 1, 4, 3, 2, 5 };
    augment_conf c = conf_of("flip=1 pairs=2:4 rotate=0 scale=1,1 shift=0");
    augment_check(&c, 6, "test", swap);
    fit f = fit_make(&letterbox, H, W, N, N);
    augmentation a = augment_draw(&c, &f, 1, 0, 0, 0);
    assert_int_equal(a.mirrored, 1);
    augment_labels(&a, swap, 6, labels);
    assert_memory_equal(labels, want, 6);
    augment_labels(&a, swap, 6, labels);
    assert_int_equal(labels[2], 2);
    double p[2];
    affine_apply(&a.to_film, N - 1 - 40, 70, p);
    double q[2];
    affine_apply(&f.to_film, 40, 70, q);
    near(p[0], q[0], 1e-9); near(p[1], q[1], 1e-9);
    c.flip_vertical = 1;                                           /* both: half a turn, no mirror */
    a = augment_draw(&c, &f, 1, 0, 0, 0);
    assert_int_equal(a.mirrored, 0);
}

/* out (n, n): a turned `quarters` times to the left, as numpy's rot90, then upside down (axis 0) or left to right (axis 1). */
static void turn_and_mirror(int n, const int *a, int quarters, int axis, int *out)
{
    int was[64], now[64];
    memcpy(now, a, (size_t)(n * n) * sizeof *now);
    for (; quarters > 0; quarters--) {
        memcpy(was, now, sizeof was);
        for (int i = 0; i < n; i++) for (int j = 0; j < n; j++) now[i * n + j] = was[j * n + n - 1 - i];
    }
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) out[i * n + j] = axis ? now[i * n + n - 1 - j] : now[(n - 1 - i) * n + j];
}

/* Every sample is one of the pictures that rot90 and a flip make, each of the four that differ as often as the others, and counts as mirrored. */
static void quarter_turns(void **state)
{
    (void)state;
    enum { SIDE = 5, DRAWS = 2000 };
    augment_conf c = conf_of("quarters=1 rotate=20");
    int film[SIDE * SIDE], want[8][SIDE * SIDE], times[8] = { 0 };
    for (int p = 0; p < SIDE * SIDE; p++) film[p] = p;
    for (int k = 0; k < 8; k++) turn_and_mirror(SIDE, film, k / 2, k % 2, want[k]);
    fit f = fit_make(&letterbox, SIDE, SIDE, SIDE, SIDE);
    for (int i = 0; i < DRAWS; i++) {
        augmentation a = augment_draw(&c, &f, 1, 0, i, 0);
        int got[SIDE * SIDE], k = 0;
        for (int p = 0; p < SIDE * SIDE; p++) {
            double at[2];
            affine_apply(&a.to_film, p % SIDE, p / SIDE, at);
            near(at[0], round(at[0]), 1e-9); near(at[1], round(at[1]), 1e-9);
            got[p] = (int)(round(at[1]) * SIDE + round(at[0]));
        }
        while (k < 8 && memcmp(got, want[k], sizeof got)) k++;
        assert_true(k < 8 && a.mirrored);
        times[k]++;
    }
    int kinds = 0;
    for (int k = 0; k < 8; k++) kinds += times[k] > 0;
    assert_int_equal(kinds, 4);
    for (int k = 0; k < 8; k++) if (times[k]) near((double)times[k] / DRAWS, 0.25, 0.04);
    fit wide = fit_make(&letterbox, H, W, N, N);                   /* about the film's centre, so that all of it stays in the square */
    augmentation a = augment_draw(&c, &wide, 1, 0, 3, 0);
    for (int corner = 0; corner < 4; corner++) {
        double net[2];
        augment_net_point(&a, &wide, (double[2]){ corner % 2 ? W - 1 : 0, corner / 2 ? H - 1 : 0 }, net);
        assert_true(net[0] > -0.5 && net[0] < N - 0.5 && net[1] > -0.5 && net[1] < N - 0.5);
    }
}

/* TransUNet's: half of the samples turned and mirrored, half of the rest rotated by whole degrees from -20 to 19, a quarter as they are. */
static void published_shares(void **state)
{
    (void)state;
    enum { DRAWS = 4000 };
    augment_conf c = conf_of("quarters=0.5 geometry=0.5 rotate=20 whole_degrees=1 scale=1,1 shift=0 intensity=0");
    fit f = fit_make(&letterbox, H, W, N, N);
    int mirrored = 0, still = 0, seen[40] = { 0 };
    for (int i = 0; i < DRAWS; i++) {
        augmentation a = augment_draw(&c, &f, 3, 0, i, 0);
        affine inverse = affine_inverse(&f.to_film), move = affine_then(&inverse, &a.to_film);
        const double angle = atan2(move.m[3], move.m[0]) * 57.29577951308232;
        assert_true(a.gamma == 1 && a.noise == 0);
        mirrored += a.mirrored;
        if (a.mirrored) continue;
        near(angle, round(angle), 1e-9);
        assert_true(angle > -20.5 && angle < 19.5);
        still += fabs(move.m[2]) < 1e-9 && fabs(angle) < 1e-9;
        seen[(int)round(angle) + 20]++;
    }
    near((double)mirrored / DRAWS, 0.5, 0.03); near((double)still / DRAWS, 0.25 + 0.25 / 40, 0.03);
    for (int k = 0; k < 40; k++) assert_true(seen[k] > 0);
}

static void grey_changes_as_the_formula_says(void **state)
{
    (void)state;
    augmentation a = { .gamma = 2, .contrast = 0.5, .brightness = 0.1 };
    float image[101];
    uint8_t inside[101];
    for (int i = 0; i <= 100; i++) image[i] = (float)(-1 + 0.02 * i), inside[i] = i != 50;
    greys(&a, -1, 1, inside, 101, image);                         /* range -1..1 */
    for (int i = 0; i <= 100; i++) near(image[i], i == 50 ? 0 : -1 + 2 * ((pow(i / 100., 2) - 0.5) * 0.5 + 0.6), 2e-6);
}

static void noise_is_normal_enough(void **state)
{
    (void)state;
    enum { M = 100001 };
    augmentation a = { .gamma = 1, .contrast = 1, .noise = 0.1, .seed = 1, .epoch = 2, .sample = 3 };
    float *image = xalloc_n(M, sizeof *image), *again = xalloc_n(M, sizeof *again);
    uint8_t *inside = xalloc(M);
    memset(inside, 1, M - 1);
    greys(&a, 0, 4, inside, M, image), greys(&a, 0, 4, inside, M, again);
    assert_memory_equal(image, again, M * sizeof *image);
    double mean = 0, var = 0, four = 0, next = 0;
    for (int i = 0; i < M - 1; i++) mean += image[i] / (M - 1);
    for (int i = 0; i < M - 1; i++) var += pow(image[i] - mean, 2) / (M - 1), four += pow(image[i] - mean, 4) / (M - 1),
        next += i ? image[i] * image[i - 1] / (M - 1) : 0;
    near(mean, 0, 0.005); near(sqrt(var), 0.4, 0.004); near(four / (var * var), 2.7, 0.05); near(next / var, 0, 0.01);
    near(image[M - 1], 0, 0);
    a.sample = 4;
    greys(&a, 0, 4, inside, M, again);
    assert_memory_not_equal(image, again, 64);
    free(image), free(again), free(inside);
}

static void bad_settings(void **state)
{
    (void)state;
    uint8_t swap[256];
    augment_conf c = conf_of("pairs=1:9");
    dies(2, "pairs: got 1:9, wanted two different classes of 1 to 4", augment_check(&c, 5, "run.cfg:3: augment", swap));
    c = conf_of("pairs=1-2");
    dies(2, "wanted LEFT:RIGHT", augment_check(&c, 5, "x", swap));
    c = conf_of("pairs=1:2,2:3");
    dies(2, "each once", augment_check(&c, 5, "x", swap));
    c = conf_of("scale=1.2,0.8");
    dies(2, "scale: got 2 numbers, wanted the smallest and the largest", augment_check(&c, 5, "x", swap));
    c = conf_of("gamma=1");
    dies(2, "gamma: got 0 to 2, wanted at least 0.05", augment_check(&c, 5, "x", swap));
    c = conf_of("gamma=0.25 scale=0.1");
    augment_check(&c, 5, "x", swap);
    dies(2, "wanted 0 to 1", conf_of("flip=2"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_nothing), cmocka_unit_test(a_pure_function), cmocka_unit_test(ranges_hold),
        cmocka_unit_test(film_labels_and_points_move_together), cmocka_unit_test(rotation_is_rigid_on_the_film),
        cmocka_unit_test(a_mirror_swaps_pairs), cmocka_unit_test(quarter_turns), cmocka_unit_test(published_shares),
        cmocka_unit_test(grey_changes_as_the_formula_says), cmocka_unit_test(noise_is_normal_enough), cmocka_unit_test(bad_settings),
    };
    return RUN_TESTS(tests);
}
