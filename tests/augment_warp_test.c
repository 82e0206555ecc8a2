/* augment_warp_test.c - what bends, crops and joins: film, labels, corners and polygons move together, nothing folds, four films meet in
 * one
 * point; and what changes greys alone: each does what its words say, on the film and nowhere else. */
#include "tests/test.h"
#include "datasets/clahe.h"
#include "geometry/polygon.h"
#include "train/augment.h"

enum { H = 240, W = 160, N = 128 };
static const fit_conf letterbox = { FIT_LETTERBOX, FIT_SCALE, 0, 100, 0, 8, FIT_UNIT, NULL };
static const fit_part all = { 0, N, 0, N };
#define STILL "geometry=0 intensity=0 "

static augment_conf conf_of(const char *words)
{
    augment_conf c;
    key_words(augment_keys, &c, words, "test");
    return c;
}

/* ---- what moves -------------------------------------------------------------------------------------------------------------------- */

/* There and back is the same point, for points on and off the film; the map keeps its orientation everywhere: it does not fold. */
static void points_go_there_and_back(void **state)
{
    (void)state;
    augment_conf c = conf_of("elastic=1 elastic_size=0.24 elastic_cells=9 crop=0.5 flip=0.5 shear=5");
    fit f = fit_make(&letterbox, H, W, N, N);
    for (int k = 0; k < 10; k++) {
        const augmentation a = augment_draw(&c, &f, 4, 1, k, 0);
        const double cell = (double)N / 9, sign = a.mirrored ? -1 : 1;
        assert_true(a.elastic > 0.239 * cell && a.elastic < 0.241 * cell);
        for (int i = 0; i < 400; i++) {
            const double net[2] = { i % 20 * 8 - 15.3, i / 20 * 8 - 14.7 }, e = 0.01;
            double film[2], back[2], right[2], below[2];
            augment_film_point(&a, &f, net, film), augment_net_point(&a, &f, film, back);
            near(back[0], net[0], 1e-6); near(back[1], net[1], 1e-6);
            augment_film_point(&a, &f, (double[2]){ net[0] + e, net[1] }, right);
            augment_film_point(&a, &f, (double[2]){ net[0], net[1] + e }, below);
            assert_true(sign * ((right[0] - film[0]) * (below[1] - film[1]) - (right[1] - film[1]) * (below[0] - film[0])) > 0);
        }
    }
}

/* The maps of shifts say what the points say; within the size, used to its full, and smooth. */
static void shifts_are_the_points(void **state)
{
    (void)state;
    augment_conf c = conf_of(STILL "elastic=1 elastic_size=0.2 elastic_cells=5");
    fit f = fit_make(&letterbox, H, W, 96, N);
    float *dx = xalloc_n(96 * N, sizeof *dx), *dy = xalloc_n(96 * N, sizeof *dy);
    double most = 0, step = 0;
    for (int k = 0; k < 6; k++) {
        const augmentation a = augment_draw(&c, &f, 4, 1, k, 0);
        augment_shifts(&a, &f, dx, dy);
        for (int i = 0; i < 96 * N; i++) {
            double film[2], plain[2];
            augment_film_point(&a, &f, (double[2]){ i % N, i / N }, film);
            affine_apply(&a.to_film, i % N + (double)dx[i], i / N + (double)dy[i], plain);
            near(film[0], plain[0], 1e-4); near(film[1], plain[1], 1e-4);
            most = fmax(most, fmax(fabsf(dx[i]), fabsf(dy[i])));
            if (i % N) step = fmax(step, fabs((double)dx[i] - (double)dx[i - 1]));
        }
    }
    const double size = 0.2 * N / 5;
    assert_true(most < size && most > 0.5 * size && step < 0.4 && step > 0.02);
    free(dx), free(dy);
}

/* A checkerboard film: after bending and cropping, its squares lie in film and label map where the points say, and so does a bright blob. A
 * polygon whose corners are moved one by one covers what the label map shows of it. */
static void film_labels_corners_and_polygons(void **state)
{
    (void)state;
    augment_conf c = conf_of("elastic=1 elastic_size=0.15 elastic_cells=4 crop=0.6 crop_side=0.6,0.9 flip=0.5 rotate=15 intensity=0");
    fit f = fit_make(&letterbox, H, W, N, N);
    uint8_t *film = xalloc(H * W), *mask = xalloc(H * W), labels[N * N], inside[N * N], poly[N * N];
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++) {
            mask[y * W + x] = (uint8_t)(1 + (x / 20 + y / 20) % 2);
            film[y * W + x] = (uint8_t)(100 * mask[y * W + x]);
        }
    fit_source s = fit_reduce(&f, film, 8, mask);
    float *plane = xalloc_n(fit_plane_floats(&s), sizeof *plane), image[N * N], *shift = xalloc_n(2 * N * N, sizeof *shift);
    for (int k = 0; k < 30; k++) {
        const augmentation a = augment_draw(&c, &f, 5, 0, k, 0);
        augment_shifts(&a, &f, shift, shift + N * N);
        const fit_view v = { a.to_film, shift, shift + N * N, all };
        fit_sample_view(&f, &s, &v, plane, image, inside), fit_sample_labels_view(&f, &s, &v, labels);
        int seen = 0;
        for (int i = 0; i < N * N; i++) {
            double q[2];
            augment_film_point(&a, &f, (double[2]){ i % N, i / N }, q);
            const double fx = q[0] + 0.5, fy = q[1] + 0.5;
            if (fmin(fmin(fx, fy), fmin(W - fx, H - fy)) < -0.01) { assert_int_equal(inside[i], 0); assert_int_equal(labels[i], 0);
                continue; }
            if (fmin(fmin(fx, fy), fmin(W - fx, H - fy)) < 0.01) continue;
            assert_int_equal(inside[i], 1);
            if (fmin(fmod(fx, 20), fmod(fy, 20)) < 3.5 || fmax(fmod(fx, 20), fmod(fy, 20)) > 16.5) continue;     /* off the edges */
            const int want = 1 + ((int)(fx / 20) + (int)(fy / 20)) % 2;
            seen++;
            assert_int_equal(labels[i], want);
            near(image[i], want * 100 / 255., 1e-5);
        }
        assert_true(seen > 1500);
        /* One square as a polygon with many corners on its sides, moved corner by corner. */
        double xy[80][2], p[2];
        for (int i = 0; i < 80; i++) {
            const double t = i % 20, side[4][2] = { { 79.5 + t, 99.5 }, { 99.5, 99.5 + t }, { 99.5 - t, 119.5 }, { 79.5, 119.5 - t } };
            augment_net_point(&a, &f, side[i / 20], p), xy[i][0] = p[0], xy[i][1] = p[1];
        }
        memset(poly, 0, sizeof poly);
        polygon_fill(xy[0], 80, poly, N, N, 1);
        for (int i = 0; i < N * N; i++) {
            double q[2];
            augment_film_point(&a, &f, (double[2]){ i % N, i / N }, q);
            const double in = fmin(fmin(q[0] - 79.5, 99.5 - q[0]), fmin(q[1] - 99.5, 119.5 - q[1]));
            if (fabs(in) > 0.05) assert_int_equal(poly[i], in > 0);
        }
    }
    free(film), free(mask), free(plane), free(shift), fit_source_free(&s);
}

/* A crop is a part of the film, whole sides inside it, that fills what the film filled. */
static void crops_lie_on_the_film(void **state)
{
    (void)state;
    augment_conf c = conf_of(STILL "crop=1 crop_side=0.4,0.7");
    fit f = fit_make(&letterbox, H, W, N, N);
    const affine to_net = affine_inverse(&f.to_film);
    double low = 9, high = 0, corner[2][2], net[2];
    for (int k = 0; k < 500; k++) {
        const augmentation a = augment_draw(&c, &f, 5, 0, k, 0);
        for (int i = 0; i < 2; i++) affine_apply(&to_net, i ? W - 0.5 : -0.5, i ? H - 0.5 : -0.5, net), affine_apply(&a.to_film, net[0],
            net[1], corner[i]);
        const double side = (corner[1][0] - corner[0][0]) / W;
        near((corner[1][1] - corner[0][1]) / H, side, 1e-9);
        assert_true(corner[0][0] > -0.500001 && corner[0][1] > -0.500001 && corner[1][0] < W - 0.499999 && corner[1][1] < H - 0.499999);
        low = fmin(low, side), high = fmax(high, side);
    }
    assert_true(low > 0.4 && low < 0.41 && high < 0.7 && high > 0.69);
}

static void mosaics_meet_in_a_point(void **state)
{
    (void)state;
    augment_conf c = conf_of(STILL "mosaic=0.5 mosaic_scale=0.5,1");
    int mosaics = 0, who[7] = { 0 };
    for (int i = 0; i < 400; i++) {
        augment_mosaic m, again;
        fit f = fit_make(&letterbox, H, W, 96, N);
        if (!augment_mosaic_draw(&c, &f, 7, 3, 2, i % 7, i, &m)) continue;
        mosaics++;
        assert_int_equal(augment_mosaic_draw(&c, &f, 7, 3, 2, i % 7, i, &again), 1);
        assert_int_equal(m.x, again.x);
        assert_int_equal(m.sample[0], i % 7);
        assert_true(m.x >= 38 && m.x <= 90 && m.y >= 28 && m.y <= 68);
        int cover[96 * N] = { 0 };
        for (int k = 0; k < 4; k++) {
            const fit q = fit_make(&letterbox, 100 + 40 * k, 90, 96, N);                       /* films of different sizes */
            augmentation a = augment_draw(&c, &q, 3, 2, m.sample[k], m.turn[k]);
            augment_mosaic_place(&m, k, &q, &a);
            double p[2];
            affine_apply(&a.to_film, (double)m.x - 0.5, (double)m.y - 0.5, p);                 /* the film's corner lies on the point */
            near(p[0], k % 2 ? -0.5 : 89.5, 1e-9); near(p[1], k / 2 ? -0.5 : 99.5 + 40 * k, 1e-9);
            near(affine_step_x(&a.to_film) / affine_step_x(&q.to_film), 1 / m.scale[k], 1e-9);
            assert_true(m.scale[k] >= 0.5 && m.scale[k] <= 1 && m.sample[k] >= 0 && m.sample[k] < 7);
            who[m.sample[k]] += k > 0;
            for (int64_t y = m.part[k].y0; y < m.part[k].y1; y++)
                for (int64_t x = m.part[k].x0; x < m.part[k].x1; x++) cover[y * N + x]++;
        }
        for (int p = 0; p < 96 * N; p++) assert_int_equal(cover[p], 1);
    }
    assert_true(mosaics > 160 && mosaics < 240);
    for (int i = 0; i < 7; i++) assert_true(who[i] > 40);
}

/* Switching one kind on leaves the draws of all others as they were. */
static void kinds_do_not_disturb_each_other(void **state)
{
    (void)state;
    augment_conf plain = conf_of("flip=0.4"), more = conf_of("flip=0.4 elastic=1 blur=1 clahe=1 cutout=1 mosaic=1 invert=1");
    fit f = fit_make(&letterbox, H, W, N, N);
    for (int k = 0; k < 50; k++) {
        const augmentation a = augment_draw(&plain, &f, 1, 0, k, 0), b = augment_draw(&more, &f, 1, 0, k, 0);
        assert_memory_equal(&a.to_film, &b.to_film, sizeof a.to_film);
        assert_true(a.gamma == b.gamma && a.contrast == b.contrast && a.noise == b.noise && a.mirrored == b.mirrored);
        assert_true(!a.elastic && !a.blur && !a.clahe && !a.ncuts && !a.inverted);
        assert_true(b.elastic > 0 && b.blur >= 0.5 && b.blur <= 1.5 && b.clahe >= 1 && b.clahe <= 4 && b.ncuts >= 1 && b.ncuts <= 3 &&
            b.inverted);
    }
}

/* ---- what changes greys ------------------------------------------------------------------------------------------------------------ */

static float picture[N * N], before[N * N], spare[N * N];
static uint8_t inside[N * N];

/* A film of waves, 8 pixels of the border off it, in the range -1..3. */
static void new_picture(void)
{
    for (int i = 0; i < N * N; i++) {
        const int x = i % N, y = i / N;
        inside[i] = x >= 8 && x < N - 8;
        before[i] = picture[i] = inside[i] ? (float)(1 + 1.9 * sin(x * 0.3) * cos(y * 0.21)) : 0;
    }
}

static void change(const augmentation *a, const fit_part *part)
{
    fit f = fit_make(&letterbox, N, N, N, N);
    augment_grey(a, &f, part, -1, 3, inside, spare, picture);
    for (int i = 0; i < N * N; i++) if (!inside[i]) assert_true(picture[i] == 0);
}

static void inversion_and_low_contrast(void **state)
{
    (void)state;
    const augmentation inverted = { .gamma = 1, .contrast = 1, .inverted = 1 };
    new_picture(), change(&inverted, &all);
    for (int i = 0; i < N * N; i++) if (inside[i]) near(picture[i], 2 - (double)before[i], 2e-5);
    augment_conf c = conf_of(STILL "low_contrast=1 low_contrast_factor=0.25,0.5");
    fit f = fit_make(&letterbox, H, W, N, N);
    for (int k = 0; k < 100; k++) {
        const augmentation a = augment_draw(&c, &f, 1, 0, k, 0);
        assert_true(a.contrast >= 0.25 && a.contrast <= 0.5 && a.gamma == 1 && !a.inverted);
    }
    const augmentation a = augment_draw(&c, &f, 1, 0, 1, 0);
    new_picture(), change(&a, &all);
    for (int i = 0; i < N * N; i++) if (inside[i]) near(picture[i], 1 + a.contrast * ((double)before[i] - 1), 2e-5);
}

/* A blur keeps a flat film flat up to its edge, spreads a point into a Gaussian of its sd, and keeps the sum. */
static void blur_is_gaussian(void **state)
{
    (void)state;
    const augmentation a = { .gamma = 1, .contrast = 1, .blur = 1.7 };
    new_picture();
    for (int i = 0; i < N * N; i++) picture[i] = inside[i] ? 0.75f : 0;
    change(&a, &all);
    for (int i = 0; i < N * N; i++) if (inside[i]) near(picture[i], 0.75, 1e-5);
    memset(picture, 0, sizeof picture);
    picture[60 * N + 50] = 1;
    change(&a, &all);
    double sum = 0, var = 0;
    for (int i = 0; i < N * N; i++) sum += picture[i], var += picture[i] * pow(i % N - 50, 2);
    near(sum, 1, 1e-5); near(sqrt(var / sum), 1.7, 0.03);
    near(picture[60 * N + 52] / picture[60 * N + 50], exp(-0.5 * 4 / (1.7 * 1.7)), 1e-4);
    near(picture[63 * N + 50] / picture[60 * N + 50], exp(-0.5 * 9 / (1.7 * 1.7)), 1e-4);
}

static void clahe_is_the_one_of_the_fit(void **state)
{
    (void)state;
    const augmentation a = { .gamma = 1, .contrast = 1, .clahe = 2, .clahe_tiles = 4 };
    uint8_t grey[N * N];
    new_picture();
    for (int i = 0; i < N * N; i++) grey[i] = (uint8_t)((before[i] + 1) / 4 * 255 + 0.5f);
    clahe(grey, N, N, 2, 4, 4, grey);
    change(&a, &all);
    int differ = 0;
    for (int i = 0; i < N * N; i++) {
        if (!inside[i]) continue;
        near(picture[i], -1 + 4 * grey[i] / 255., 1e-5);
        differ += fabsf(picture[i] - before[i]) > 0.02f;
    }
    assert_true(differ > 1000);
}

static void patches_cover_what_they_say(void **state)
{
    (void)state;
    const augmentation a = { .gamma = 1, .contrast = 1, .ncuts = 2, .cut = { { 0.5, 0.25, 0.25, 0.125, 0.5 }, { 0, 1, 0.5, 0.25, 1 } } };
    new_picture(), change(&a, &all);
    for (int i = 0; i < N * N; i++) {
        const int x = i % N, y = i / N, first = x >= 48 && x < 80 && y >= 24 && y < 40, second = x < 32 && y >= 112;
        if (inside[i]) near(picture[i], first ? 1 : second ? 3 : (double)before[i], 1e-6);
    }
}

/* In a part of the picture everything happens as in the whole, and beside it nothing. */
static void parts_are_parts(void **state)
{
    (void)state;
    const augmentation a = { .gamma = 0.8, .contrast = 0.9, .brightness = 0.1, .noise = 0.1, .seed = 5, .inverted = 1,
        .ncuts = 1, .cut = { { 0.4, 0.4, 0.3, 0.3, 0.2 } } };
    float whole[N * N];
    const fit_part part = { 20, 77, 31, 90 };                                             /* odd edges: noise is drawn in pairs */
    new_picture(), change(&a, &all), memcpy(whole, picture, sizeof whole);
    new_picture(), change(&a, &part);
    for (int i = 0; i < N * N; i++) {
        const int in = i % N >= part.x0 && i % N < part.x1 && i / N >= part.y0 && i / N < part.y1;
        assert_true(picture[i] == (in ? whole[i] : before[i]));
    }
}

static void bad_settings(void **state)
{
    (void)state;
    uint8_t swap[256];
    augment_conf c = conf_of("blur_sd=2,1");
    dies(2, "blur_sd: got 2 numbers, wanted the smallest and the largest, or one", augment_check(&c, 5, "x", swap));
    dies(2, "wanted 0 to 0.24", conf_of("elastic_size=0.3"));
    dies(2, "wanted 1 to 8", conf_of("cutout_count=9"));
    dies(2, "wanted 0.05 to 1", conf_of("crop_side=0.01,1"));
    c = conf_of("crop_side=0.5 mosaic_scale=1 clahe_clip=2 low_contrast_factor=0.5 blur_sd=1 cutout_side=0.1");
    augment_check(&c, 5, "x", swap);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(points_go_there_and_back), cmocka_unit_test(shifts_are_the_points),
            cmocka_unit_test(film_labels_corners_and_polygons),
        cmocka_unit_test(crops_lie_on_the_film), cmocka_unit_test(mosaics_meet_in_a_point),
            cmocka_unit_test(kinds_do_not_disturb_each_other),
        cmocka_unit_test(inversion_and_low_contrast), cmocka_unit_test(blur_is_gaussian), cmocka_unit_test(clahe_is_the_one_of_the_fit),
        cmocka_unit_test(patches_cover_what_they_say), cmocka_unit_test(parts_are_parts), cmocka_unit_test(bad_settings),
    };
    return RUN_TESTS(tests);
}
