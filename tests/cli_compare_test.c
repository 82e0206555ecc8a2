/* cli_compare_test.c - `darkspine compare` from outside: figures that can be worked out by hand, cases that do not fit, and files that are none. */
#include "tests/cli.h"

static int begin(void **state) { (void)state; folder = test_scratch(); return 0; }
static int end(void **state) { (void)state; test_scratch_remove(folder); return 0; }

/* n cases NAMEk + suffix of patients pk, class 1 with DSC base + k * step, and one parameter whose error is slip */
static void evaluation(const char *name, const char *suffix, int n, double base, double step, double slip)
{
    char *text = xdup("{\"classes\": [{\"value\": 1, \"name\": \"L1\"}], \"cases\": ["), *more;
    for (int k = 0; k < n; k++) {
        more = xprintf("%s%s{\"case\": \"f%d%s\", \"patient\": \"p%d\", \"classes\": [{\"value\": 1, \"name\": \"L1\", \"DSC\": %.17g}, "
                       "{\"value\": 2, \"name\": \"L2\", \"DSC\": %s}]}", text, k ? ", " : "", k, suffix, k, base + k * step, k ? "null" : "0.5");
        free(text), text = more;
    }
    more = xprintf("%s], \"values\": [", text), free(text), text = more;
    for (int k = 0; k < n; k++) {
        more = xprintf("%s%s{\"case\": \"f%d%s\", \"name\": \"SS\", \"unit\": \"deg\", \"error\": %.17g}", text, k ? ", " : "", k, suffix, k & 1 ? -slip : slip);
        free(text), text = more;
    }
    more = xprintf("%s]}", text), free(text);
    write_text(name, more), free(more);
}

/* Six patients, changes 0.01, 0.02, ... 0.06: all positive, so p = 2 / 64; their mean is 0.035 and their SD 0.0187. */
static void changes_are_those_of_the_pairs(void **state)
{
    (void)state;
    evaluation("a.json", "_x", 6, 0.70, 0.01, 4), evaluation("b.json", "_x", 6, 0.71, 0.02, 3), evaluation("c.json", "", 6, 0.9, 0, 1);
    json_t *o = object("compare a.json b.json --ceiling c.json --only _x --json");
    const json_t *l1 = json_array_get(json_object_get(o, "classes"), 0), *ss = json_array_get(json_object_get(o, "parameters"), 0);
    assert_int_equal((int)number(o, "cases"), 6);
    assert_string_equal(json_string_value(json_object_get(l1, "name")), "L1");
    near(number(l1, "a"), 0.725, 1e-9); near(number(l1, "b"), 0.76, 1e-9); near(number(l1, "ceiling"), 0.9, 1e-9);
    near(number(l1, "change"), 0.035, 1e-9); near(number(l1, "relative"), 0.035 / 0.725, 1e-9); near(number(l1, "p"), 2. / 64, 1e-9);
    near(number(l1, "effect"), 0.035 / 0.0187082869338697, 1e-6);
    const json_t *ci = json_object_get(l1, "ci");
    const double lo = json_number_value(json_array_get(ci, 0)), hi = json_number_value(json_array_get(ci, 1));
    assert_true(lo > 0.01 && lo < 0.035 && hi > 0.035 && hi < 0.06);
    near(number(ss, "a"), 4, 1e-9); near(number(ss, "b"), 3, 1e-9); near(number(ss, "change"), -1, 1e-9);      /* absolute errors, whatever their sign */
    const json_t *l2 = json_array_get(json_object_get(o, "classes"), 1);
    assert_int_equal((int)number(l2, "n"), 1), assert_true(json_is_null(json_object_get(l2, "p")));
    const json_t *mean = json_array_get(json_object_get(o, "classes"), 2);
    assert_int_equal((int)number(mean, "n"), 6);
    near(number(mean, "change"), (0.01 / 2 + 0.02 + 0.03 + 0.04 + 0.05 + 0.06) / 6, 1e-9);         /* case 0 has two classes */
    json_decref(o);
    succeeds("compare a.json b.json", "DSC by class");
}

static void one_and_the_same_is_no_change(void **state)
{
    (void)state;
    evaluation("a.json", "", 5, 0.70, 0.01, 4);
    json_t *o = object("compare a.json a.json --json");
    const json_t *l1 = json_array_get(json_object_get(o, "classes"), 0);
    near(number(l1, "change"), 0, 0);
    assert_true(json_is_null(json_object_get(l1, "p")));
    json_decref(o);
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    evaluation("a.json", "", 5, 0.70, 0.01, 4), evaluation("few.json", "", 4, 0.70, 0.01, 4), evaluation("other.json", "_y", 5, 0.70, 0.01, 4);
    write_text("none.json", "{\"rows\": []}"), write_text("broken.json", "{");
    refused("compare a.json few.json", "has 4 of the 5 cases");
    refused("compare a.json other.json", "has 0 of the 5 cases");
    refused("compare a.json a.json --only _z", "whose name ends in _z");
    refused("compare a.json none.json", "wanted a result of `eval --json`");
    refused("compare a.json broken.json", "broken.json");
    refused("compare a.json missing.json", "missing.json");
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(changes_are_those_of_the_pairs), cmocka_unit_test(one_and_the_same_is_no_change),
        cmocka_unit_test(what_does_not_fit_is_refused) };
    return _cmocka_run_group_tests(__FILE__, tests, sizeof tests / sizeof *tests, begin, end);
}
