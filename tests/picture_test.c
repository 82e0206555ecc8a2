/* picture_test.c - the picture of a phantom: areas, path lengths, counts, pairs, threads; on an anatomy made by hand (tests/phantom.h). */
#include "tests/phantom.h"
#include "tests/test.h"
#include "base/parallel.h"
#include "synth/attenuation.h"
#include "synth/detector.h"
#include "synth/picture.h"
#include "synth/project.h"
#include "synth/scene.h"
#include <omp.h>

static const double corner_mm[2] = { 0, 0 };
static double total(const float *a, int64_t n) { double t = 0; for (int64_t i = 0; i < n; i++) t += a[i]; return t; }

static void a_polygon_covers_its_area(void **state)
{
    (void)state;
    maps m = maps_new(40, 50, 0.5, corner_mm);
    const double tri[3][2] = { { 3.3, 2.1 }, { 17.9, 8.4 }, { 6.2, 15.7 } }, low[2] = { 0, 0 }, high[2] = { 25, 20 };
    const double square[4][2] = { { 5, 5 }, { 7.25, 5 }, { 7.25, 6.5 }, { 5, 6.5 } },
        out[4][2] = { { -9, 4 }, { 4.75, 4 }, { 4.75, 8 }, { -9, 8 } };
    const box b = maps_box(&m, low, high);
    float *c = xalloc_n(40 * 50, sizeof *c);
    cover_polygon(&m, tri, 3, b, c);
    near(total(c, 2000) * 0.25, 0.5 * fabs((17.9 - 3.3) * (15.7 - 2.1) - (6.2 - 3.3) * (8.4 - 2.1)), 1e-3);
    cover_polygon(&m, square, 4, b, c);                        /* pixel (12, 12) is centred at 6 mm and lies well inside */
    near(c[12 * 50 + 12], 1, 1e-6); near(c[12 * 50 + 10], 0.5, 1e-5); near(c[8 * 50 + 12], 0, 0); near(total(c, 2000), 3.375 / 0.25, 1e-4);
    cover_polygon(&m, out, 4, b, c);                           /* cut by the film's left edge, at -0.25 mm */
    near(total(c, 2000), 5 * 4 / 0.25, 1e-3);
    free(c), maps_free(&m);
}

static solid *slab(solids *l, double half, double shear)
{
    const double p[4][2] = { { 10, 10 }, { 40, 10 }, { 40, 30 }, { 10, 30 } };
    solid *s = solids_add(l, PART_BODY, 0, p, 4);
    s->half[0] = s->half[1] = half, s->shell_mm = 1, s->shear[1] = shear;
    return s;
}

/* 30 x 20 x 40 mm of bone: the lengths are right, what the shell holds the core does not, and tilting it changes no volume. */
static void a_slab_has_its_volume(void **state)
{
    (void)state;
    const film f = { .h = 100, .w = 120, .spacing = 0.5, .source_distance = 1e9 };
    for (int k = 0; k < 3; k++) {
        solids l = solids_new(1, 8);
        maps m = maps_new(f.h, f.w, f.spacing, corner_mm);
        texture t = { 0 };
        project_solid(&m, slab(&l, 20, k * 0.15), &f, &t, 0);
        const float *core = m.m[MATERIAL_SPONGIOSA], *shell = m.m[MATERIAL_CORTICAL];
        near((total(core, f.h * f.w) + total(shell, f.h * f.w)) * 0.25 * 10, 30 * 20 * 40, 40);
        near(total(core, f.h * f.w) * 0.25 * 10, 28 * 18 * 38, 60);
        near(core[40 * 120 + 50], 3.8, k == 2 ? 0.7 : 0.01); near(core[40 * 120 + 50] + shell[40 * 120 + 50], 4, k == 2 ? 0.7 : 0.01);
        const int64_t reach = llround(20 * k * 0.15 / 0.5);    /* both rims of the upper plate, and nothing beyond */
        assert_true(shell[(20 - reach + 1) * 120 + 50] > 0); near(shell[(20 - reach - 4) * 120 + 50], 0, 1e-6);
        texture_free(&t), maps_free(&m), solids_free(&l);
    }
}

static void coefficients_are_the_table_s(void **state)
{
    (void)state;
    near(attenuation(MATERIAL_SOFT, 60), 0.2171, 1e-12); near(attenuation(MATERIAL_CORTICAL, 60), 0.6044, 1e-12);
    near(attenuation(MATERIAL_TITANIUM, 60), 3.278, 1e-12); near(attenuation(MATERIAL_TANTALUM, 70), 178.3, 1e-9);
    const double t = log(55.0 / 50) / log(60.0 / 50);
    near(attenuation(MATERIAL_LUNG, 55), exp((1 - t) * log(0.05902) + t * log(0.05338)), 1e-12);
    near(spectrum_share[0] + spectrum_share[1] + spectrum_share[2], 1, 1e-12);
}

/* Counts without blur: their mean and variance are those of Poisson's law and the amplifier, where there are many and where there are few.
 * */
static void counts_follow_poisson(void **state)
{
    (void)state;
    enum { N = 128 * 128 };
    for (int k = 0; k < 2; k++) {
        maps m = maps_new(128, 128, 1, corner_mm);
        float *soft = maps_of(&m, MATERIAL_SOFT), *log_ = xalloc_n(N, sizeof *log_);
        for (int i = 0; i < N; i++) soft[i] = 20;
        const double through = spectrum_share[0] * exp(-20 * attenuation(MATERIAL_SOFT, 40)) + spectrum_share[1]
            * exp(-20 * attenuation(MATERIAL_SOFT, 55))
                             + spectrum_share[2] * exp(-20 * attenuation(MATERIAL_SOFT, 70));
        float *plain = detector_primary(&m, NULL), *used = detector_primary(&m, NULL);
        near(plain[77], through, 1e-5 * through);
        const detector d = { .photons = k ? 9 : 900, .electronic = k ? 0.5 : 20 };
        detector_log(&d, &m, plain, used, 3, 5, log_);
        double sum = 0, square = 0;
        const double open = d.photons / through;
        for (int i = 0; i < N; i++) { const double c = open * exp(-log_[i]); sum += c, square += c * c; }
        const double mean = sum / N, want = d.photons + d.electronic * d.electronic;
        near(mean, d.photons, 4 * sqrt(want / N) + (k ? 0.05 : 0)); near(square / N - mean * mean, want, 0.05 * want);
        free(plain), free(used), free(log_), maps_free(&m);
    }
}

/* Scatter lowers contrast by 1 / (1 + its ratio): two thicknesses side by side, both thick. */
static void scatter_takes_contrast(void **state)
{
    (void)state;
    maps m = maps_new(64, 64, 1, corner_mm);
    float *soft = maps_of(&m, MATERIAL_SOFT), clear[64 * 64], veiled[64 * 64];
    for (int i = 0; i < 64 * 64; i++) soft[i] = i % 2 ? 20 : 20.4f;
    for (int k = 0; k < 2; k++) {
        float *plain = detector_primary(&m, NULL), *used = detector_primary(&m, NULL);
        const detector d = { .scatter = k, .scatter_mm = 40 };
        detector_log(&d, &m, plain, used, 1, 1, k ? veiled : clear);
        free(plain), free(used);
    }
    near((veiled[2080] - veiled[2081]) / (clear[2080] - clear[2081]), 0.5, 0.02);
    maps_free(&m);
}

/* How many pixels may an implant reach: blur and motion, three SDs, and the mask's rim. */
static int by_mask(const picture *p, int64_t x, int64_t y, int64_t reach)
{
    for (int64_t i = y - reach < 0 ? 0 : y - reach; i <= y + reach && i < p->h; i++)
        for (int64_t j = x - reach < 0 ? 0 : x - reach; j <= x + reach && j < p->w; j++) if (p->implant[i * p->w + j]) return 1;
    return 0;
}

static void pairs_differ_in_shadows_alone(void **state)
{
    (void)state;
    static const enum region regions[] = { REGION_LUMBAR, REGION_CERVICAL, REGION_AP, REGION_WHOLE };
    int hidden = 0;
    for (int k = 0; k < 4; k++) {
        anatomy *a = phantom_new(regions[k], 8, (uint32_t)k, 320, 192, 2);
        const enum look look = k < 3 ? LOOK_WINDOW : LOOK_BONE;
        const picture_settings with = { LEVEL_TRAINING, 1, look }, without = { LEVEL_TRAINING, 0, look };
        picture *p = picture_new(a, &with), *q = picture_new(a, &without);
        assert_non_null(p->film_with), assert_non_null(p->implant), assert_null(q->film_with), assert_true(*p->implants);
        assert_memory_equal(p->log, q->log, (size_t)(p->h * p->w) * sizeof(float));        /* the same anatomy and the same noise */
        assert_memory_equal(p->film, q->film, (size_t)(p->h * p->w) * sizeof *p->film);    /* and the same window: metal sets none */
        int64_t marked = 0, changed = 0;
        for (int64_t y = 0; y < p->h; y++)
            for (int64_t x = 0; x < p->w; x++) {
                const int64_t at = y * p->w + x;
                marked += p->implant[at], changed += p->implant[at] && p->log_with[at] > p->log[at] + 0.01;
                if (!by_mask(p, x, y, 4)) assert_true(p->log_with[at] == p->log[at]);
                if (!by_mask(p, x, y, 12)) assert_int_equal(p->film_with[at], p->film[at]);        /* 8 more: blocks of the lossy format */
            }
        assert_in_range(marked, 20, p->h * p->w / 4), assert_true(changed > marked / 4);
        for (int l = 0; l < LEVEL_SLOTS; l++) for (int c = 0; c < 4; c++) hidden += p->visible[l][c] < q->visible[l][c],
            assert_true(p->visible[l][c] <= q->visible[l][c]);
        picture_free(p), picture_free(q), phantom_free(a);
    }
    assert_true(hidden > 0);
}

typedef struct films { picture *p[6]; } films;
static void make(void *arg, int64_t i)
{
    anatomy *a = phantom_new(i % 2 ? REGION_AP : REGION_WHOLE, 4, (uint32_t)i, 256, 128, 3);
    const picture_settings s = { i == 5 ? LEVEL_STRESS : LEVEL_TRAINING, 0.5, (int)i % LOOKS };
    ((films *)arg)->p[i] = picture_new(a, &s);
    phantom_free(a);
}

static void threads_change_no_bit(void **state)
{
    (void)state;
    films one, two;
    omp_set_num_threads(1);
    parallel_for(6, make, &one, NULL, NULL);
    omp_set_num_threads(2);
    parallel_for(6, make, &two, NULL, NULL);
    for (int i = 0; i < 6; i++) {
        assert_memory_equal(one.p[i]->film, two.p[i]->film, 256 * 128 * sizeof(uint16_t)),
            assert_memory_equal(one.p[i]->log, two.p[i]->log, 256 * 128 * sizeof(float));
        if (i) assert_memory_not_equal(one.p[i]->film, one.p[0]->film, 256 * 128 * sizeof(uint16_t));
    }
    for (int i = 0; i < 6; i++) picture_free(one.p[i]), picture_free(two.p[i]);
}

/* A patient who looks the other way: the same picture, mirrored (before the letters). */
static void facing_mirrors(void **state)
{
    (void)state;
    anatomy *a = phantom_new(REGION_LUMBAR, 2, 0, 128, 100, 2);
    const picture_settings s = { LEVEL_OVERLAP, 0, LOOK_WINDOW };
    picture *right = picture_new(a, &s);
    a->film.facing = -1;
    picture *left = picture_new(a, &s);
    for (int64_t y = 0; y < 128; y++)
        for (int64_t x = 0; x < 100; x++) {
            assert_true(right->log[y * 100 + x] == left->log[y * 100 + 99 - x]);
            assert_int_equal(right->film[y * 100 + x], left->film[y * 100 + 99 - x]);
        }
    picture_free(right), picture_free(left), phantom_free(a);
}

/* Bone alone: before the spine, where there is none, the film is darker against the bodies than any window makes it. */
static void bone_stands_alone(void **state)
{
    (void)state;
    double ratio[2] = { 0, 0 };
    for (int k = 0; k < 2; k++)
        for (uint32_t i = 0; i < 6; i++) {
            anatomy *a = phantom_new(REGION_LUMBAR, 3, i, 200, 200, 1);
            picture *p = picture_new(a, &(picture_settings){ LEVEL_TRAINING, 0, k ? LOOK_BONE : LOOK_WINDOW });
            double sum[2] = { 0, 0 };
            for (int l = GEO_L2; l <= GEO_L4; l++)
                for (int side = 0; side < 2; side++) {         /* the body's middle; 30 mm before its front */
                    double mm[2] = { side ? 30 : 0, 0 }, px[2];
                    for (int c = 0; c < 4; c++) for (int x = 0; x < 2; x++) mm[x] += a->v[l].corner[c][x] * (side ? (c % 2 ? 0 : 0.5) : 0.25);
                    film_pixel(&a->film, mm, px);
                    const double v = p->film[llround(px[1]) * 200 + llround(px[0])] / 65535.0;
                    sum[side] += p->inverted ? 1 - v : v;
                }
            ratio[k] += sum[1] / sum[0] / 6;
            picture_free(p), phantom_free(a);
        }
    assert_true(ratio[1] < 0.6 && ratio[1] < 0.75 * ratio[0]);
}

static int up(const void *a, const void *b) { return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
    }

/* The median of -log of what gets through, 15 to 45 mm before the spine at a level. */
static double before_spine(const scene *s, const float *through, double level)
{
    double v[31];
    for (int i = 0; i < 31; i++) {
        double p[2];
        scene_place(s, level, 15 + i, p);
        v[i] = -log(through[llround((p[1] - s->m->origin[1]) / s->m->spacing) * s->m->w
            + llround((p[0] - s->m->origin[0]) / s->m->spacing)]);
    }
    qsort(v, 31, sizeof *v, up);
    return v[15];
}

/* What is told of lateral films: 11 to 14 cm of neck let through e^-2.5, the shoulders up to e^-9, the lungs more than the belly below
 * them. */
static void regions_weaken_as_they_should(void **state)
{
    (void)state;
    double neck = 0, shoulder = 0, chest = 0, belly = 0, pelvis = 0;
    enum { FILMS = 12 };
    for (uint32_t i = 0; i < FILMS; i++) {
        anatomy *a = phantom_new(REGION_WHOLE, 6, i, 500, 260, 2);
        maps m = maps_new(500, 260, 2, a->film.origin);
        texture t = texture_new(6, i, 1.8);
        scene s = scene_new(a, &m, &t, 0);
        scene_trunk(&s), scene_lungs(&s);
        float *through = detector_primary(&m, NULL);
        const double v[5] = { before_spine(&s, through, 5), before_spine(&s, through, 10.2), before_spine(&s, through, 15),
            before_spine(&s, through, 22),
                              before_spine(&s, through, 26) };
        for (int k = 0; k < 5; k++) if (!(v[k] > 2 && v[k] < 9.5)) fail_msg("film %u, place %d: e^-%g", i, k, v[k]);
        neck += v[0] / FILMS, shoulder += v[1] / FILMS, chest += v[2] / FILMS, belly += v[3] / FILMS, pelvis += v[4] / FILMS;
        free(through), scene_free(&s), texture_free(&t), maps_free(&m), phantom_free(a);
    }
    near(neck, 2.8, 0.5); near(shoulder, 7.5, 1.5); near(belly, 6.7, 1); near(pelvis, 7.6, 1.2);
    assert_true(chest < belly - 1 && chest > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_polygon_covers_its_area), cmocka_unit_test(a_slab_has_its_volume),
            cmocka_unit_test(coefficients_are_the_table_s),
        cmocka_unit_test(counts_follow_poisson), cmocka_unit_test(scatter_takes_contrast), cmocka_unit_test(pairs_differ_in_shadows_alone),
        cmocka_unit_test(threads_change_no_bit), cmocka_unit_test(facing_mirrors), cmocka_unit_test(bone_stands_alone), cmocka_unit_test(regions_weaken_as_they_should),
    };
    return RUN_TESTS(tests);
}
