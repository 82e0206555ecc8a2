/* compare_test.c - `darkspine compare` from outside: two small evaluations whose every figure can be worked out by hand, and what is refused. */
#include "tests/cli.h"

/* Six films of six patients (and one more film of the first). DSC of class L1 by film as given, negative: no value; SS: the prediction, negative: none. */
static void write_evaluation(const char *name, const char *sha, const double dsc[7], const double ss[7])
{
    char *text = xprintf("{\"provenance\":{\"truth\":{\"sha256\":\"%s\"}},\"cases\":[", sha);
    for (int i = 0; i < 7; i++) {
        char v[40] = "null", *more;
        if (dsc[i] >= 0) snprintf(v, sizeof v, "%.17g", dsc[i]);
        more = xprintf("%s%s{\"case\":\"f%d\",\"patient\":\"P%d\",\"DSC\":%s,\"classes\":[{\"value\":1,\"name\":\"L1\",\"DSC\":%s}]}", text, i ? "," : "", i, i % 6, v, v);
        free(text), text = more;
    }
    char *values = xprintf("%s],\"values\":[", text);
    free(text);
    for (int i = 0; i < 7; i++) {
        char v[40] = "null", *more;
        if (ss[i] >= 0) snprintf(v, sizeof v, "%.17g", ss[i]);
        more = xprintf("%s%s{\"case\":\"f%d\",\"name\":\"SS\",\"unit\":\"deg\",\"prediction\":%s,\"reference\":40}", values, i ? "," : "", i, v);
        free(values), values = more;
    }
    text = xprintf("%s]}", values);
    write_text(name, text);
    free(values), free(text);
}

static double figure(const json_t *o, const char *list, size_t i, const char *key)
{
    const json_t *v = json_object_get(json_array_get(json_object_get(o, list), i), key);
    if (!json_is_number(v)) fail_msg("%s[%zu].%s is no number", list, i, key);
    return json_number_value(v);
}

static int set_up(void **state)
{
    (void)state;
    folder = test_scratch();
    write_evaluation("a.json", "00", (double[]){ .9, .8, .9, .7, .95, .85, .9 }, (double[]){ 41, 42, 38, 40, 45, 41, 43 });
    write_evaluation("b.json", "00", (double[]){ .8, .7, .8, .6, -1, .65, .6 }, (double[]){ 44, 44, 35, 43, 47, -1, 46 });
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    test_scratch_remove(folder);
    return 0;
}

/* DSC: film 4 has none in B. Differences .1 .1 .1 .1 - .2 .3; patient 0 has films 0 and 6: .2. Five patients, all for A: exact p has no ties rule,
 * so the normal one with ties. SS: film 5 failed in B; errors A 1 2 2 0 5 3, B 4 4 5 3 7 6. */
static void by_hand(void **state)
{
    (void)state;
    json_t *o = object("compare a.json b.json --json");
    const json_t *first = json_array_get(json_object_get(o, "classes"), 0);
    assert_string_equal(json_string_value(json_object_get(first, "name")), "L1");
    near(figure(o, "classes", 0, "n"), 6, 0);
    near(figure(o, "classes", 0, "DSC_a"), (.9 + .8 + .9 + .7 + .85 + .9) / 6, 1e-12);
    near(figure(o, "classes", 0, "DSC_b"), (.8 + .7 + .8 + .6 + .65 + .6) / 6, 1e-12);
    near(figure(o, "classes", 0, "difference"), .9 / 6, 1e-12);
    assert_true(figure(o, "classes", 0, "low") > .09 && figure(o, "classes", 0, "high") < .31);
    near(figure(o, "classes", 0, "p"), 0.0533, 5e-4);                                     /* z = 7 / sqrt(13.125) */
    near(figure(o, "classes", 0, "p_holm"), figure(o, "classes", 0, "p"), 1e-15);        /* a family of one */
    near(figure(o, "classes", 1, "difference"), .9 / 6, 1e-12);                          /* mean over classes */
    assert_true(json_is_null(json_object_get(json_array_get(json_object_get(o, "classes"), 1), "p_holm")));
    near(figure(o, "parameters", 0, "films"), 7, 0);
    near(figure(o, "parameters", 0, "n"), 6, 0);
    near(figure(o, "parameters", 0, "failed_a"), 0, 0);
    near(figure(o, "parameters", 0, "failed_b"), 1, 0);
    near(figure(o, "parameters", 0, "MAE_a"), 13. / 6, 1e-12);
    near(figure(o, "parameters", 0, "MAE_b"), 29. / 6, 1e-12);
    near(figure(o, "parameters", 0, "difference"), -16. / 6, 1e-12);
    json_decref(o);
    o = object("compare b.json a.json --json");
    near(figure(o, "classes", 0, "difference"), -.9 / 6, 1e-12);
    near(figure(o, "parameters", 0, "failed_a"), 1, 0);
    json_decref(o);
    succeeds("compare a.json b.json", "mean over classes");
    succeeds("compare a.json b.json", "SS (deg)");
    succeeds("compare a.json a.json", "7 films");
}

static void refusals(void **state)
{
    (void)state;
    const double dsc[7] = { .9, .8, .9, .7, .95, .85, .9 }, ss[7] = { 41, 42, 38, 40, 45, 41, 43 };
    refused("compare a.json", "A.json B.json");
    refused("compare a.json nothing.json", "nothing.json");
    write_text("other.json", "{\"faults\":[]}");
    refused("compare a.json other.json", "got no list `cases`");
    write_evaluation("sha.json", "01", dsc, ss);
    refused("compare a.json sha.json", "its truth is not that of a.json");
    write_text("films.json", "{\"cases\":[{\"case\":\"f0\",\"DSC\":0.5,\"classes\":[]}]}");
    refused("compare a.json films.json", "got no film f1");
    refused("compare films.json a.json", "got no film f1");
    write_text("twice.json", "{\"cases\":[{\"case\":\"f0\"},{\"case\":\"f0\"}]}");
    refused("compare twice.json twice.json", "the film f0 stands twice");
    write_text("one.json", "{\"cases\":[{\"case\":\"f\",\"DSC\":1,\"classes\":[]}],\"values\":[{\"case\":\"f\",\"name\":\"SS\",\"unit\":\"deg\",\"prediction\":1,\"reference\":2}]}");
    write_text("two.json", "{\"cases\":[{\"case\":\"f\",\"DSC\":1,\"classes\":[]}],\"values\":[{\"case\":\"f\",\"name\":\"SS\",\"unit\":\"deg\",\"prediction\":1,\"reference\":3}]}");
    refused("compare one.json two.json", "SS of film f: got the reference 3, the other evaluation has 2");
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(by_hand), cmocka_unit_test(refusals) };
    return _cmocka_run_group_tests(__FILE__, tests, sizeof tests / sizeof *tests, set_up, tear_down);
}
