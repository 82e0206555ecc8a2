/* stats_test.c - descriptions and bootstrap intervals against golden values (made with numpy) and against their definitions. */
#include "tests/test.h"
#include "eval/stats.h"
#include <jansson.h>

static json_t *golden(const char *key)
{
    json_error_t e;
    json_t *all = json_load_file("tests/golden/metric_examples.json", 0, &e), *part = json_object_get(all, key);
    if (!part) fail_msg("tests/golden/metric_examples.json: %s", e.text);
    json_incref(part), json_decref(all);
    return part;
}
static double number(const json_t *o, const char *key) { return json_number_value(json_object_get(o, key)); }

/* |AI - reference| of the twelve patients of the agreement example. */
static void errors_of(const json_t *g, double e[12])
{
    const json_t *ai = json_object_get(g, "ai"), *ref = json_object_get(g, "ref");
    for (size_t i = 0; i < 12; i++) e[i] = fabs(json_number_value(json_array_get(ai, i)) - json_number_value(json_array_get(ref, i)));
}

static void describes(void **state)
{
    (void)state;
    json_t *g = golden("agreement"), *want = json_object_get(g, "expected");
    double e[12], sorted[12];
    errors_of(g, e), errors_of(g, sorted);
    stats_sort(sorted, 12);
    near(stats_mean(e, 12), number(want, "MAE"), 1e-14);
    near(stats_sd(e, 12), number(want, "SD_abs"), 1e-14);
    near(stats_percentile(sorted, 12, 50), number(want, "median_abs"), 1e-15);
    near(stats_percentile(sorted, 12, 90), number(want, "P90_abs"), 1e-15);
    json_decref(g);
}

static void percentile_is_linear_between_ranks(void **state)
{
    (void)state;
    double x[] = { 7, 1, 4, 2 }, one = 3;
    stats_sort(x, 4);
    double want[][2] = { { 0, 1 }, { 100, 7 }, { 50, 3 }, { 25, 1.75 }, { 95, 6.55 } };
    for (int i = 0; i < 5; i++) near(stats_percentile(x, 4, want[i][0]), want[i][1], 1e-14);
    near(stats_percentile(&one, 1, 95), 3, 0);
}

static void sd_survives_an_offset(void **state)
{
    (void)state;
    double x[] = { 1e9 + 1, 1e9 + 2, 1e9 + 3 };
    near(stats_sd(x, 3), 1, 1e-9);
}

static void normal_and_its_inverse(void **state)
{
    (void)state;
    json_t *g = golden("quantiles"), *row = json_array_get(json_object_get(g, "norm_ppf"), 0);
    near(stats_normal_inverse(json_number_value(json_array_get(row, 0))), json_number_value(json_array_get(row, 1)), 1e-14);
    json_decref(g);
    near(stats_normal_inverse(0.5), 0, 1e-15);
    for (double p = 1e-12; p < 1; p = p < 0.1 ? p * 10 : p + 0.1) near(stats_normal(stats_normal_inverse(p)) / p, 1, 1e-13);
}

static void splitmix64_stream(void **state)
{
    (void)state;
    json_t *g = golden("splitmix64"), *first = json_object_get(g, "first5");
    uint64_t s = (uint64_t)json_integer_value(json_object_get(g, "seed"));
    assert_int_equal(json_array_size(first), 5);
    for (size_t i = 0; i < 5; i++)
        assert_true(stats_splitmix64(&s) == strtoull(json_string_value(json_array_get(first, i)), 0, 10));
    json_decref(g);
}

static void bootstrap_as_published(void **state)
{
    (void)state;
    json_t *g = golden("agreement"), *want = json_object_get(json_object_get(g, "expected"), "bootstrap_bca_mae");
    double e[12];
    errors_of(g, e);
    interval r;
    assert_true(stats_bootstrap_mean(e, 0, 12, json_integer_value(json_object_get(want, "B")),
                                     (uint64_t)json_integer_value(json_object_get(want, "seed")), 0.95, &r));
    near(r.estimate, number(want, "est"), 1e-12);
    near(r.z0, number(want, "z0"), 1e-12);
    near(r.a, number(want, "a"), 1e-12);
    near(r.lo, number(want, "lo"), 1e-12);
    near(r.hi, number(want, "hi"), 1e-12);
    json_decref(g);
}

/* Ten films of each of six patients, alike within a patient: to draw films would pretend to 60 independent cases. */
static void bootstrap_draws_patients(void **state)
{
    (void)state;
    double x[60], mean[6] = { 0.9, 0.5, 0.7, 0.8, 0.6, 0.95 };
    int64_t patient[60];
    for (int i = 0; i < 60; i++) patient[i] = 100 - i % 6, x[i] = mean[i % 6];
    interval by_film, by_patient, of_means;
    assert_true(stats_bootstrap_mean(x, 0, 60, 2000, 1, 0.95, &by_film));
    assert_true(stats_bootstrap_mean(x, patient, 60, 2000, 1, 0.95, &by_patient));
    double reversed[6];
    for (int i = 0; i < 6; i++) reversed[i] = mean[5 - i];               /* patient numbers descend with i */
    assert_true(stats_bootstrap_mean(reversed, 0, 6, 2000, 1, 0.95, &of_means));
    near(by_patient.lo, of_means.lo, 1e-12); near(by_patient.hi, of_means.hi, 1e-12);
    assert_true(by_patient.hi - by_patient.lo > 2.5 * (by_film.hi - by_film.lo));
}

/* Patients with different numbers of films: the mean of the films drawn, not of the patients' means. */
static void bootstrap_weighs_films(void **state)
{
    (void)state;
    double x[] = { 1, 1, 1, 1, 1, 1, 1, 0, 0 };
    int64_t patient[] = { 4, 4, 4, 4, 4, 4, 4, 9, 9 };
    interval r;
    assert_true(stats_bootstrap_mean(x, patient, 9, 1000, 7, 0.95, &r));
    near(r.estimate, 7.0 / 9, 1e-15);
    near(r.lo, 0, 0); near(r.hi, 1, 0);            /* only 0, 7/9 and 1 can be drawn */
}

static void bootstrap_at_the_edge(void **state)
{
    (void)state;
    double same[] = { 0.3, 0.3, 0.3, 0.3, 0.3 };
    int64_t one[] = { 2, 2, 2, 2, 2 };
    interval r = { .lo = -1 };
    assert_true(stats_bootstrap_mean(same, 0, 5, 500, 1, 0.95, &r));
    near(r.lo, 0.3, 1e-15); near(r.hi, 0.3, 1e-15); near(r.z0, 0, 1e-12); near(r.a, 0, 0);
    r.lo = -1;
    assert_false(stats_bootstrap_mean(same, one, 5, 500, 1, 0.95, &r));  /* one patient: no interval */
    near(r.lo, -1, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(describes), cmocka_unit_test(percentile_is_linear_between_ranks), cmocka_unit_test(sd_survives_an_offset),
        cmocka_unit_test(normal_and_its_inverse), cmocka_unit_test(splitmix64_stream), cmocka_unit_test(bootstrap_as_published),
        cmocka_unit_test(bootstrap_draws_patients), cmocka_unit_test(bootstrap_weighs_films), cmocka_unit_test(bootstrap_at_the_edge),
    };
    return RUN_TESTS(tests);
}
