/* levels_test.c - which levels are named right: what is known of small sets, film by film and over patients. */
#include "tests/test.h"
#include "eval/levels.h"
#include <jansson.h>

static const double mm[2] = { 1, 1 };
static void about(double got, double want) { near(got, want, 1e-12); }

static double number(const json_t *o, const char *key)
{
    if (!json_is_number(json_object_get(o, key))) fail_msg("%s: no number", key);
    return json_number_value(json_object_get(o, key));
}

static int points(const json_t *list, level_point *p)
{
    const int n = (int)json_array_size(list);
    for (int i = 0; i < n; i++) {
        const json_t *e = json_array_get(list, (size_t)i);
        p[i] = (level_point){ geo_level_parse(json_string_value(json_array_get(e, 0))), json_number_value(json_array_get(e, 1)),
                              json_number_value(json_array_get(e, 2)) };
        assert_true(p[i].level > 0);
    }
    return n;
}

static void as_published(void **state)
{
    (void)state;
    json_error_t e;
    json_t *all = json_load_file("tests/golden/instances.json", 0, &e);
    const json_t *list = json_object_get(all, "levels");
    assert_int_equal(json_array_size(list), 3);
    for (size_t i = 0; i < 3; i++) {
        const json_t *g = json_array_get(list, i);
        level_point t[8], p[8];
        const int nt = points(json_object_get(g, "truth"), t), np = points(json_object_get(g, "found"), p);
        const level_counts c = levels_count(t, nt, p, np, mm, number(g, "limit"));
        double sum = 0;
        const int n = levels_distance(t, nt, p, np, mm, &sum);
        about((double)c.identified / c.truths, number(g, "identified")), about((double)c.detected / c.truths, number(g, "detected"));
        about((double)c.precise / c.preds, number(g, "precision")), about(sum / n, number(g, "distance"));
        assert_int_equal(c.whole, i == 0), assert_int_equal(c.shifted, i == 1), assert_int_equal(c.next, i == 1 ? 4 : 0);
    }
    json_decref(all);
}

/* The limit is strict; the nearest true level decides; a body without a name detects; two bodies may say the same. */
static void rules(void **state)
{
    (void)state;
    const level_point t[] = { { GEO_T12, 0, 0 }, { GEO_L1, 0, 30 } };
    level_point p[] = { { GEO_T12, 0, 10 }, { GEO_L1, 0, 14 }, { 0, 0, 29 }, { GEO_L1, 0, 31 } };
    level_counts c = levels_count(t, 2, p, 1, mm, 10);
    assert_true(!c.detected && !c.identified && !c.precise && !c.shifted);
    c = levels_count(t, 2, p, 1, mm, 10.001);
    assert_true(c.detected == 1 && c.identified == 1 && c.precise == 1 && !c.whole);
    c = levels_count(t, 2, p + 1, 1, mm, INFINITY);                          /* L1's body is nearer to T12 */
    assert_true(c.detected == 1 && !c.identified && c.next == 1 && c.shifted);
    c = levels_count(t, 2, p, 3, mm, 20);                                    /* T12 by its own body as well as by L1's; L1 without a name */
    assert_true(c.detected == 2 && c.identified == 1 && c.precise == 1 && c.next == 0 && c.preds == 3 && !c.shifted);
    c = levels_count(t, 2, p, 4, mm, 20);
    assert_true(c.identified == 2 && c.whole && c.precise == 2);
    const double tall[2] = { 1, 3 };
    c = levels_count(t, 2, p, 4, tall, 20);                                  /* rows of 3 mm: the first is 30 mm off */
    assert_true(c.identified == 1 && c.detected == 1);
    p[0].level = GEO_T11, p[3].level = GEO_L2;
    c = levels_count(t, 2, (level_point[2]){ p[0], p[3] }, 2, mm, 20);       /* one above, one below: not one shift */
    assert_true(c.next == 2 && !c.shifted);
}

static void over_films(void **state)
{
    (void)state;
    const level_point t[] = { { GEO_L4, 0, 0 }, { GEO_L5, 0, 30 } }, off[] = { { GEO_L3, 0, 0 }, { GEO_L4, 0, 30 } };
    const double none[2] = { 0, 0 };
    levels l = { 0 };
    assert_null(levels_table(&l, 500, 1));
    levels_add(&l, 3, t, 0, off, 2, mm);                                     /* nothing true: stands nowhere */
    assert_null(levels_json(&l, 500, 1));
    levels_add(&l, 1, t, 2, t, 2, mm), levels_add(&l, 2, t, 2, off, 2, mm), levels_add(&l, 2, t, 2, NULL, 0, mm);
    json_t *o = levels_json(&l, 2000, 1), *row = json_array_get(json_object_get(o, "limits"), 0);
    about(number(o, "films"), 3), about(number(o, "levels"), 6), about(number(o, "predicted"), 4);
    about(number(row, "limit"), 20), about(number(row, "identified"), 2.0 / 6), about(number(row, "detected"), 4.0 / 6);
    about(number(row, "precision"), 0.5), about(number(row, "off_by_one"), 2.0 / 6), about(number(row, "whole_films"), 1.0 / 3);
    about(number(row, "shifted_films"), 1.0 / 3), about(number(o, "distance"), 30.0 / 3);
    const json_t *ci = json_object_get(row, "identified_ci");
    about(json_number_value(json_array_get(ci, 0)), 0), about(json_number_value(json_array_get(ci, 1)), 1);
    json_decref(o);
    levels_add(&l, 4, t, 2, t, 2, none);                                     /* no millimetres: only what needs none is left */
    o = levels_json(&l, 500, 1), row = json_array_get(json_object_get(o, "limits"), 0);
    assert_true(json_is_null(json_object_get(row, "identified"))), assert_true(json_is_string(json_object_get(row, "identified_why")));
    row = json_array_get(json_object_get(o, "limits"), LEVEL_NO_LIMIT);
    assert_true(json_is_null(json_object_get(row, "limit"))), about(number(row, "identified"), 4.0 / 8);
    assert_true(json_is_null(json_object_get(o, "distance")));
    table *table = levels_table(&l, 500, 1);
    assert_non_null(table);
    table_free(table), json_decref(o), levels_free(&l);
}

/* What has corners keeps its place; the other instances of a level come in, once each; the sacrum and nameless ones do not. */
static void of_instances(void **state)
{
    (void)state;
    static const char *const name[] = { "L4", "L5", "L5", "", "", "sacrum" };
    static const int value[] = { 1, 1, 1, 1, 24, 2 };
    instance o[6];
    uint8_t map[5 * 8];
    classes t = { 0 };
    level_point p[8] = { { GEO_L4, 50, 50 } };
    classes_add(&t, 1, "vertebra", "vertebra"), classes_add(&t, 24, "L3", "vertebra");
    for (int k = 0; k < 6; k++) {
        memset(map, 0, sizeof map), memset(map + 8 * (k % 4) + 2, 1, 3), memset(map + 8 * (k % 4 + 1) + 2, 1, 3);
        o[k] = instance_from_mask(map, 5, 8, value[k], name[k]);
    }
    const labels l = { .ninstances = 6, .instances = o };
    assert_int_equal(levels_of_instances(&l, &t, 8, p, 1, 8), 3);
    assert_int_equal(p[0].level, GEO_L4), about(p[0].x, 50);
    assert_int_equal(p[1].level, GEO_L5), about(p[1].x, 3), about(p[1].y, 1.5);
    assert_int_equal(p[2].level, GEO_L3), about(p[2].y, 0.5);
    assert_int_equal(levels_of_instances(&l, &t, 8, p, 1, 2), 2);
    for (int k = 0; k < 6; k++) free(o[k].runs);
    classes_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(as_published), cmocka_unit_test(rules), cmocka_unit_test(over_films),
                                        cmocka_unit_test(of_instances) };
    return RUN_TESTS(tests);
}
