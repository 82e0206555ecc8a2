/* measure_test.c - `darkspine measure` from outside on label maps and instances drawn from a spine, lateral and frontal. */
#include "tests/measure_rig.h"

static void test_label_map(void **state)
{
    (void)state;
    json_t *o = object("measure film.png --spacing .7,.7 --age 50 --json");
    const json_t *c = only(o);
    has(c, "id values errors warnings facing facing_score GAP Schwab Roussouly_by_SS compression slip vertebrae S1 FH points interpolated");
    assert_string_equal(json_string_value(at(c, "id")), "film");
    assert_string_equal(json_string_value(at(c, "facing")), "right");
    true_values(c, 4);
    char *found = json_dumps(c, 0);              /* what was found is landmarks again: measured once more, the same comes out */
    write_text("found.json", found), free(found);
    json_t *again = object("measure found.json --json");
    near(number(at(only(again), "values"), "PI"), number(at(c, "values"), "PI"), 1e-9);
    near(number(at(only(again), "values"), "TK"), number(at(c, "values"), "TK"), 1e-9);
    json_decref(again), json_decref(o);
    o = object("measure film.png --json");
    assert_string_equal(json_string_value(at(at(only(o), "errors"), "SVA")), "E_NO_SPACING");
    assert_true(number(at(only(o), "values_px"), "SVA") != 0 && number(at(only(o), "values_S1"), "SVA") != 0);
    assert_string_equal(json_string_value(at(at(only(o), "errors"), "GAP")), "E_NO_AGE");
    json_decref(o);
}

/* Two bodies do not say which way they look, so their corners have no names; that is a result, also when it is read back. */
static void test_nothing_named(void **state)
{
    (void)state;
    uint8_t *two = xalloc(FH * FW);
    for (int64_t i = 0; i < FH * FW; i++) two[i] = labels_drawn[i] == GEO_L2 || labels_drawn[i] == GEO_L3 ? labels_drawn[i] : 0;
    save("two.png", two), free(two);
    json_t *o = object("measure two.png --spacing .7,.7 --json");
    char *found = json_dumps(only(o), 0);
    write_text("two.json", found), free(found);
    json_t *again = object("measure two.json --json"), *const both[] = { o, again };
    for (int i = 0; i < 2; i++) {
        assert_int_equal(json_object_size(at(only(both[i]), "values")), 0);
        assert_string_equal(json_string_value(at(at(only(both[i]), "errors"), "*")), "E_FACING_AMBIGUOUS");
    }
    json_decref(again), json_decref(o);
}

static void test_choices(void **state)
{
    (void)state;
    json_t *a = object("measure film.png --spacing .7,.7 --json"),
        *b = object("measure film.png --spacing .7,.7 --json TK=T2-T12 measure.SVA=corner");
    assert_true(fabs(number(at(only(a), "values"), "TK") - number(at(only(b), "values"), "TK")) > 0.5);
    assert_true(fabs(number(at(only(a), "values"), "SVA") - number(at(only(b), "values"), "SVA")) > 4);
    json_decref(a), json_decref(b);
    refused("measure film.png TK=T3-T12", "T3-T12");
    refused("measure film.png TKK=T2-T12", "did you mean TK?");
    refused("measure film.png cobb_method=cobb", "midline, endplate");
    json_t *e = object("measure film.png --spacing .7,.7 --corners extreme --json");
    true_values(only(e), 6);
    json_decref(e);
}

static void test_mirrored(void **state)
{
    (void)state;
    uint8_t *flipped = xalloc(FH * FW);
    for (int64_t i = 0; i < FH * FW; i++) flipped[i] = labels_drawn[i / FW * FW + FW - 1 - i % FW];
    save("flipped.png", flipped), free(flipped);
    json_t *o = object("measure flipped.png --spacing .7,.7 --json");
    assert_string_equal(json_string_value(at(only(o), "facing")), "left");
    true_values(only(o), 4);
    json_decref(o);
}

/* A side that is given and the same side found by votes lead to the same film: also where L5 is missing and the plate of the sacrum must be
 * looked for without it. */
static void test_side_given_or_found(void **state)
{
    (void)state;
    uint8_t *m = xalloc(FH * FW);
    for (int k = 0; k < 2; k++) {
        for (int64_t i = 0; i < FH * FW; i++) m[i] = k && labels_drawn[i] == GEO_L5 ? 0 : labels_drawn[i];
        save("side.png", m);
        json_t *o[2] = { object("measure side.png --spacing .7,.7 --json"),
                         object("measure side.png --spacing .7,.7 --facing right --json") };
        assert_string_equal(json_string_value(at(only(o[0]), "facing")), "right");
        for (int j = 0; j < 2; j++)
            json_object_del((json_t *)only(o[j]), "seconds"), json_object_del((json_t *)only(o[j]), "facing_score");
        if (!json_equal(only(o[0]), only(o[1])))
            fail_msg("%s:\n%s\n%s", k ? "without L5" : "whole", json_dumps(only(o[0]), 0), json_dumps(only(o[1]), 0));
        json_decref(o[0]), json_decref(o[1]);
    }
    free(m);
}

static void test_missing_body(void **state)
{
    (void)state;
    uint8_t *gone = xalloc(FH * FW);
    for (int64_t i = 0; i < FH * FW; i++) gone[i] = labels_drawn[i] == GEO_T12 ? 0 : labels_drawn[i];
    save("gone.png", gone);
    json_t *o = object("measure gone.png --spacing .7,.7 --json");
    assert_true(warned(only(o), "W_INTERPOLATED:T12"));
    assert_string_equal(json_string_value(json_array_get(at(only(o), "interpolated"), 0)), "T12");
    true_values(only(o), 9);
    json_decref(o);
    for (int64_t i = 0; i < FH * FW; i++) if (gone[i] >= 26) gone[i] = 0;
    save("nohips.png", gone), free(gone);
    o = object("measure nohips.png --spacing .7,.7 --json");
    assert_string_equal(json_string_value(at(at(only(o), "errors"), "PT")), "E_MISSING:femoral_heads");
    json_decref(o);
}

static const char whole_csv[] = "value,name,kind\n2,C2,vertebra\n3,vertebra,vertebra\n25,sacrum,sacrum\n26,femoral_head,femoral_head\n";

/* One class for all vertebrae, named by the anchors; and each vertebra an instance. */
static void test_unnamed(void **state)
{
    (void)state;
    uint8_t *m = xalloc(FH * FW);
    for (int64_t i = 0; i < FH * FW; i++)
        m[i] = labels_drawn[i] > 3 && labels_drawn[i] < 25 ? 3 : labels_drawn[i] == 27 ? 26 : labels_drawn[i];
    save("unnamed.png", m);
    write_text("whole.csv", whole_csv);
    json_t *o = object("measure unnamed.png --classes whole.csv --spacing .7,.7 --json");
    true_values(only(o), 4);
    json_decref(o);
    refused("measure unnamed.png --classes nowhere.csv", "nowhere.csv");
    o = object("measure film.png --classes levels --spacing .7,.7 --json");
    true_values(only(o), 4);
    json_t *part = object("measure film.png --region lumbar --facing right --json");       /* levels, though C2 is on no lumbar film */
    near(number(at(only(part), "values"), "SS"), number(at(only(o), "values"), "SS"), 1e-9);
    const json_t *types = at(only(part), "Schwab");
    assert_true(json_is_null(at(types, "SVA")) && (json_string_value(at(types, "SVA_why")) || json_string_value(at(at(only(part), "errors"), "SVA"))));
    json_decref(part);
    for (int64_t i = 0; i < FH * FW; i++) m[i] = labels_drawn[i] >= GEO_L1 && labels_drawn[i] <= GEO_L5 ? labels_drawn[i] : 0;
    save("lumbar.png", m), free(m), json_decref(o);              /* without an anchor the numbers are a guess, and say so */
    o = object("measure lumbar.png --instances --region lumbar --facing right --json");
    assert_string_equal(json_string_value(at(at(only(o), "errors"), "SS")), "E_MISSING:S1");
    assert_null(at(at(only(o), "errors"), "TK"));
    assert_int_equal(json_object_size(at(only(o), "vertebrae")), 5);
    json_decref(o);
}

/* DIR/NNN_LEVEL.png, 0 and 255, as export writes them; and as separate words. */
static void test_instances(void **state)
{
    (void)state;
    uint8_t *m = xalloc(FH * FW);
    for (int v = GEO_C2; v <= 27; v++) {
        char name[64];
        snprintf(name, sizeof name, "instances/one/%03d_%s.png", v,
            v < 25 ? geo_level_name(v) : v == 25 ? "sacrum" : v == 26 ? "femoral_head_1" : "femoral_head_2");
        for (int64_t i = 0; i < FH * FW; i++) m[i] = labels_drawn[i] == v ? 255 : 0;
        save(name, m);
    }
    free(m);
    json_t *o = object("measure instances/one --spacing .7,.7 --json"),
        *p = object("measure instances/one/0*.png --instances --spacing .7,.7 --json");
    assert_string_equal(json_string_value(at(only(o), "id")), "one");
    true_values(only(o), 4), true_values(only(p), 4);
    json_decref(o), json_decref(p);
    map("instances/two/001_L3.png", 3, 4, "110011000000"), map("instances/two/002_L4.png", 3, 3, "110110000");
    refused("measure instances/two", "as the first instance");
}

static void test_frontal_map(void **state)
{
    (void)state;
    uint8_t *m = xalloc(FH * FW);
    for (int i = 0; i < 17; i++) {
        double x = 280 + 40 * sin(i * 0.35), slope = atan2(40 * 0.35 * cos(i * 0.35), 60), c = cos(slope), n = sin(slope);
        static const double u[4] = { -28, 28, 27, -27 }, v[4] = { -20, -20, 20, 20 };
        geo_point p[4];
        for (int k = 0; k < 4; k++) p[k] = (geo_point){ x + c * u[k] + n * v[k], 60 + 60 * i - n * u[k] + c * v[k] };
        geo_mask_fill(&(geo_contour){ p, 4 }, m, FH, FW, (uint8_t)(i + 1));
    }
    save("ap.png", m);
    json_t *ids = object("measure ap.png --region ap --json");
    for (int64_t i = 0; i < FH * FW; i++) m[i] = m[i] ? 255 : 0;
    save("ap2.png", m), free(m);
    json_t *binary = object("measure ap2.png --region ap --json");
    near(number(only(ids), "cobb"), 26, 2.5);
    near(number(only(ids), "cobb"), number(only(binary), "cobb"), 1e-9);
    assert_int_equal(json_array_size(at(only(ids), "order")), 17);
    assert_string_equal(json_string_value(json_array_get(at(only(binary), "order"), 16)), "L5");
    json_t *jittered = object("measure ap.png --region ap --uncertainty 1 --json");
    const json_t *sd = at(only(jittered), "sd"), *grade = at(only(jittered), "grade_probability");
    assert_true(number(sd, "cobb") > 0.2 && number(sd, "cobb") < 4 && number(sd, "cobb_upper") > 0 && number(sd, "cobb_lower") > 0);
    near(number(grade, "none") + number(grade, "mild") + number(grade, "moderate") + number(grade, "severe"), 1, 1e-9);
    assert_true(number(grade, "moderate") > 0.9);
    near(number(only(jittered), "cobb"), number(only(ids), "cobb"), 0);
    result r = call("measure ap.png --region ap --uncertainty 1");
    assert_int_equal(r.status, 0);
    assert_non_null(strstr(r.out, "° ± "));
    assert_non_null(strstr(r.out, "  probability: no scoliosis 0.00, mild 0."));
    drop(&r), json_decref(ids), json_decref(binary), json_decref(jittered);
}

static int run(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_label_map),
        cmocka_unit_test(test_nothing_named), cmocka_unit_test(test_choices),
        cmocka_unit_test(test_mirrored),
        cmocka_unit_test(test_side_given_or_found),
        cmocka_unit_test(test_missing_body),
        cmocka_unit_test(test_unnamed),
        cmocka_unit_test(test_instances),
        cmocka_unit_test(test_frontal_map),
    };
    return RUN_TESTS(tests);
}

int main(void) { return run_drawn(run); }
