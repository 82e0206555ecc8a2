/* check_plant_test.c - faults freshly planted in stores of made-up films: what check must find of them, and that it leaves the rest
 * alone. */
#include "tests/test.h"
#include "tests/plant.h"
#include "base/file.h"
#include "base/rng.h"
#include "datasets/check.h"
#include "datasets/check_turned.h"
#include "datasets/stack.h"

static char *scratch;
static int set_up(void **s) { (void)s; scratch = test_scratch(); return 0; }
static int tear_down(void **s) { (void)s; test_scratch_remove(scratch); return 0; }

/* Tall films with a way up and corners, two a patient, in two parts, with spacing; each body is an object too. */
static char *make_store(int n)
{
    char *path = path_join(scratch, "sound.h5");
    classes table = { 0 };
    classes_add(&table, 1, "body", "vertebra");
    store *s = store_create(path, &table);
    for (int i = 0; i < n; i++) {
        stack_film f = stack_make(5, (uint32_t)i, 192, 96);
        uint8_t *one = xalloc(192 * 96);
        instance o[3];
        char id[16], patient[16];
        for (int64_t p = 0; p < 192 * 96; p++) {                                     /* darker downwards: what makes it stand */
            uint8_t *v = (uint8_t *)f.film.p + p;
            *v = (uint8_t)(*v * (1.0 - 0.6 * (double)(p / 96) / 192));
        }
        for (int k = 0; k < 3; k++) {
            memset(one, 0, 192 * 96);
            for (int y = 0; y < 192; y++) for (int x = 0; x < 96; x++) one[y * 96 + x] = f.mask[y * 96 + x] && y * 3 / 192 == k;
            o[k] = instance_from_mask(one, 192, 96, 1, "");
        }
        snprintf(id, sizeof id, "f%03d", i), snprintf(patient, sizeof patient, "P%d", i / 4);
        const store_case row = { .id = id, .patient = patient, .h = 192, .w = 96, .bits = 8, .split = i / 4 % 2 ? SPLIT_VAL : SPLIT_TRAIN,
            .spacing = { 0.9, 0.9 + 0.001 * i } };
        const labels l = { .ncorners = STACK_BODIES, .corners = f.body, .ninstances = 3, .instances = o };
        store_add(s, &row, f.film.p, f.mask, NULL, &l);
        for (int k = 0; k < 3; k++) free(o[k].runs);
        free(one), stack_free(&f);
    }
    store_commit(s), classes_free(&table);
    return path;
}

/* Nine of ten at least of what is planted is found, of the kinds that are no matter of degree all; nothing else is accused of an error. */
static void planted_faults_are_found(void **state)
{
    (void)state;
    char *path = make_store(60);
    plant_result r = { 0 };
    for (uint64_t seed = 1; seed <= 12; seed++) plant_measure(path, scratch, seed, 0.2, NULL, &r);
    static const char *const degree[] = { "corner dragged by 1-2 heights", "vertebra beside the spine", "film twice, saved again",
        "two corners exchanged" };
    int64_t planted = 0, found = 0;
    for (int k = 0; k < r.kinds; k++) {
        const plant_count *c = &r.kind[k];
        int sure = 1;
        for (size_t i = 0; i < sizeof degree / sizeof *degree; i++) sure &= strcmp(c->name, degree[i]) != 0;
        planted += c->planted, found += c->found;
        if (!c->planted) fail_msg("%s was never planted", c->name);
        if (sure && c->found < c->planted) fail_msg("%s: found %d of %d; first missed: %s", c->name, (int)c->found, (int)c->planted,
            r.first_missed);
    }
    if ((double)found < 0.95 * (double)planted) fail_msg("found %d of %d; first missed: %s", (int)found, (int)planted, r.first_missed);
    if (r.alarm_errors || r.alarms * 100 > r.left_alone) fail_msg("%d alarms, %d errors; first: %s", (int)r.alarms, (int)r.alarm_errors,
        r.first_alarm);
    free(path);
}

/* A store that is damaged in nothing gives no news, and every kind that fits can be asked for by name. */
static void nothing_planted_nothing_found(void **state)
{
    (void)state;
    char *path = make_store(30);
    plant_result r = { 0 };
    plant_measure(path, scratch, 1, 0, NULL, &r);
    assert_int_equal(r.left_alone, 30);
    assert_int_equal(r.alarms, 0);
    plant_measure(path, scratch, 1, 0.5, "object twice", &r);
    for (int k = 0; k < r.kinds; k++) assert_true(r.kind[k].planted == 0 || !strcmp(r.kind[k].name, "object twice"));
    free(path);
}

/* Pictures that are all alike but for noise: turns and negatives are told from each other, mirrors are let be, few or unlike ones too. */
static void turned_pictures(void **state)
{
    (void)state;
    enum { N = 20, SIZE = THUMB * THUMB };
    float *t = xalloc_n(N * SIZE, sizeof *t);
    turned out[N];
    for (int unlike = 0; unlike < 2; unlike++) {
        for (int i = 0; i < N; i++) {
            double mean = 0, norm = 0;
            for (int p = 0; p < SIZE; p++) {
                int x = p % THUMB, y = p / THUMB;
                if (i == 3) { const int k = x; x = y, y = k; }                       /* on its side */
                if (i == 5) y = THUMB - 1 - y;                                     /* over */
                if (i == 9) x = THUMB - 1 - x;                                     /* mirrored */
                const double v = unlike ? 0 : sin(0.2 * x) * exp(-0.1 * y) + 0.4 * (y > 18), noise = rng_u01(rng_draw(1, RNG_TEST, 5,
                    (uint32_t)i, (uint64_t)p).v[0]);
                t[i * SIZE + p] = (float)((i == 7 ? -v : v) + (unlike ? 1 : 0.2) * noise);
            }
            for (int p = 0; p < SIZE; p++) mean += t[i * SIZE + p] / SIZE;
            for (int p = 0; p < SIZE; p++) t[i * SIZE + p] -= (float)mean, norm += pow(t[i * SIZE + p], 2);
            for (int p = 0; p < SIZE; p++) t[i * SIZE + p] = i == 11 ? 0 : (float)(t[i * SIZE + p] / sqrt(norm));
        }
        check_turned(t, N, out);
        for (int i = 0; i < N; i++)
            assert_int_equal(out[i].how, unlike ? TURNED_NOT : i == 3 ? TURNED_SIDEWAYS : i == 5 ? TURNED_OVER : i == 7 ? TURNED_NEGATIVE
                : TURNED_NOT);
        check_turned(t, 7, out);                                                     /* too few to say anything */
        for (int i = 0; i < 7; i++) assert_int_equal(out[i].how, TURNED_NOT);
    }
    free(t);
}

/* Objects alone: empty, twice, one in another of its class, beside the label map; what touches, is of other classes or a crowd is let
 * be. */
static void objects(void **state)
{
    (void)state;
    enum { H = 4, W = 10 };
    const char *drawn[] = { "1111000000111100000000000000000000000000", "0000000000111111110000000000000000000000",
        "0110000000000000000000000000000000000000", "0000000000000000000000000000000000000000",
            "1111000000111100000000000000000000000000" };
    instance o[5];
    uint8_t one[H * W], mask[H * W] = { 0 };
    for (int k = 0; k < 5; k++) {
        for (int i = 0; i < H * W; i++) one[i] = drawn[k][i] == '1', mask[i] |= k == 1 && one[i];
        o[k] = instance_from_mask(one, H, W, 1, "");
    }
    const struct { int n, of[2]; const char *code, *level; int value, error; } want[] = {
        { 2, { 0, 1 }, NULL, "", 1, 0 }, { 2, { 0, 2 }, "object_nested", "", 1, 0 }, { 2, { 0, 2 }, NULL, "", 2, 0 }, { 2, { 0, 2 },
            NULL, "crowd", 1, 0 },
        { 2, { 0, 4 }, "object_twice", "", 1, 1 }, { 1, { 3 }, "object_empty", "", 1, 1 } };
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        instance two[2] = { o[want[i].of[0]], o[want[i].of[1]] };
        two[1].value = want[i].value, snprintf(two[1].level, STORE_NAME, "%s", want[i].level);
        const labels l = { .ninstances = want[i].n, .instances = two };
        faults f = { 0 };
        check_objects(&f, 0, &l, NULL);
        assert_int_equal(f.n, want[i].code != NULL);
        if (want[i].code) { assert_string_equal(f.f[0].code, want[i].code); assert_int_equal(f.f[0].error, want[i].error); }
        faults_free(&f);
    }
    const labels l = { .ninstances = 2, .instances = o };
    faults f = { 0 };
    check_objects(&f, 0, &l, mask);                                                   /* object 1 has half its pixels there, which will do */
    assert_int_equal(f.n, 0);
    memset(mask, 0, W + 1), check_objects(&f, 0, &l, mask);
    assert_int_equal(f.n, 1);
    assert_string_equal(f.f[0].code, "mask_object");
    faults_free(&f);
    for (int k = 0; k < 5; k++) free(o[k].runs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(planted_faults_are_found), cmocka_unit_test(nothing_planted_nothing_found), cmocka_unit_test(turned_pictures),
        cmocka_unit_test(objects),
    };
    return _cmocka_run_group_tests(__FILE__, tests, sizeof tests / sizeof *tests, set_up, tear_down);
}
