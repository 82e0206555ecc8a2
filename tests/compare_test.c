/* compare_test.c - two methods on the same films: figures worked out by hand, what is refused, and the verb from outside. */
#include "tests/cli.h"
#include "eval/compare.h"

#define CASE(film, who, dsc) "{\"case\":\"" film "\",\"patient\":" who ",\"classes\":[{\"value\":1,\"name\":\"L1\",\"DSC\":" dsc "}]}"
#define VALUE(film, prediction, reference) \
    "{\"case\":\"" film "\",\"name\":\"SS\",\"unit\":\"deg\",\"prediction\":" prediction ",\"reference\":" reference "}"
#define EVAL(cases, values) "{\"classes\":[{\"value\":1,\"name\":\"L1\"}],\"cases\":[" cases "]," \
                            "\"parameters\":[{\"name\":\"SS\",\"unit\":\"deg\"}],\"values\":[" values "]}"

static json_t *parsed(const char *text)
{
    json_error_t e;
    json_t *o = json_loads(text, 0, &e);
    if (!o) fail_msg("%s: %s", text, e.text);
    return o;
}

/* Three films of two patients. Overlap: a .9 .8 -, b .7 .9 .5: both on two films, means .85 and .8. Errors: a 1 3 -, b 2 -1 4: at common
 * coverage 2 against 1.5; one patient has both films. */
static const char first[] = EVAL(CASE("x", "\"P\"", "0.9") "," CASE("y", "\"P\"", "0.8") "," CASE("z", "null", "null"),
                                 VALUE("x", "31", "30") "," VALUE("y", "43", "40") "," VALUE("z", "null", "20"));
static const char second[] = EVAL(CASE("z", "null", "0.5") "," CASE("x", "\"P\"", "0.7") "," CASE("y", "\"P\"", "0.9"),
                                  VALUE("y", "39", "40") "," VALUE("x", "32", "30") "," VALUE("z", "24", "20"));

static void worked_by_hand(void **state)
{
    (void)state;
    json_t *a = parsed(first), *b = parsed(second);
    comparison c = comparison_of(a, "a", b, "b", 500, 1);
    assert_int_equal(c.films, 3), assert_int_equal(c.patients, 2), assert_int_equal(c.nclasses, 1), assert_int_equal(c.nparameters, 1);
    const compared *d = &c.class[0].of, *e = &c.parameter[0].of;
    assert_int_equal(d->n, 2);
    near(d->mae_a.value, 0.85, 1e-12); near(d->mae_b.value, 0.8, 1e-12); near(d->difference.value.value, 0.05, 1e-12);
    assert_int_equal(e->films, 3), assert_int_equal(e->n, 2), assert_int_equal(e->failed_a, 1), assert_int_equal(e->failed_b, 0);
    near(e->mae_a.value, 2, 1e-12); near(e->mae_b.value, 1.5, 1e-12); near(e->difference.value.value, 0.5, 1e-12);
    assert_int_equal(e->test.n, 1);                                                 /* x and y are one patient */
    near(c.parameter[0].effect.value, 1, 0); near(c.class[0].effect.value, 1, 0);
    comparison_free(&c);
    c = comparison_of(b, "b", a, "a", 500, 1);                                      /* the other way round */
    near(c.parameter[0].of.difference.value.value, -0.5, 1e-12); near(c.parameter[0].effect.value, -1, 0);
    assert_int_equal(c.parameter[0].of.failed_b, 1);
    comparison_free(&c);
    c = comparison_of(a, "a", a, "a", 500, 1);
    assert_string_equal(c.parameter[0].effect.why, "no patient differs");
    comparison_free(&c), json_decref(a), json_decref(b);
}

static void refuses(const char *other, const char *says)
{
    json_t *a = parsed(first), *b = parsed(other);
    dies(EXIT_INPUT, says, comparison_of(a, "a", b, "b", 500, 1));
    json_decref(a), json_decref(b);
}

static void other_films_are_refused(void **state)
{
    (void)state;
    refuses("{}", "b: no classes, cases and parameters in it");
    refuses("[]", "b: no classes, cases and parameters in it");
    refuses("{\"classes\":[],\"cases\":[],\"parameters\":[]}", "b: no film in it");
    refuses(EVAL("{\"patient\":\"P\"}", ""), "b: a row without the name of its case");
    refuses(EVAL(CASE("x", "\"P\"", "0.7") "," CASE("y", "\"P\"", "0.9"), ""), "a: has the film z, and b has not");
    refuses(EVAL(CASE("x", "\"P\"", "0.7") "," CASE("w", "\"P\"", "0.9"), ""), "b: has the film w, and a has not");
    refuses(EVAL(CASE("x", "\"P\"", "0.7") "," CASE("y", "\"P\"", "0.9") "," CASE("z", "null", "1"), VALUE("y", "39", "40.5")),
            "b: the reference of SS in y is 40.5, in a it is 40: wanted the same truth in both");
}

/* Three p-values of one table are corrected together. */
static void rows_are_a_family(void **state)
{
    (void)state;
    char *text[2];
    for (int m = 0; m < 2; m++) {
        size_t n;
        FILE *f = open_memstream(&text[m], &n);
        fputs("{\"classes\":[{\"name\":\"u\"},{\"name\":\"v\"},{\"name\":\"mine\"}],\"parameters\":[],\"cases\":[", f);
        for (int i = 0; i < 8; i++)
            fprintf(f, "%s{\"case\":\"c%d\",\"classes\":[{\"name\":\"u\",\"DSC\":%g},{\"name\":\"v\",\"DSC\":%g}]}", i ? "," : "", i,
                    0.5 + 0.01 * m * (i + 1), 0.5 + 0.01 * m * (i + 1) * (i < 2 ? -1 : 1));
        fputs("]}", f), fclose(f);
    }
    json_t *a = parsed(text[0]), *b = parsed(text[1]);
    json_object_set_new(b, "classes", json_pack("[{s:s},{s:s},{s:s}]", "name", "v", "name", "u", "name", "yours"));
    comparison c = comparison_of(a, "a", b, "b", 500, 1);
    assert_int_equal(c.nclasses, 2);
    near(c.class[0].of.test.p.value, 2.0 / 256, 1e-12);                             /* eight of one sign */
    near(c.class[0].holm.value, 4.0 / 256, 1e-12);
    near(c.class[1].holm.value, c.class[1].of.test.p.value, 1e-12);
    near(c.class[1].effect.value, (3 - 33) / 36.0, 1e-12);
    assert_string_equal(c.left_out, "yours, mine");
    comparison_free(&c), json_decref(a), json_decref(b), free(text[0]), free(text[1]);
}

static void the_verb(void **state)
{
    (void)state;
    make_maps();
    succeeds("eval pred truth --out a --quiet", "DSC");
    succeeds("eval truth truth --out b --quiet", "DSC");
    json_t *o = object("compare a b/eval.json --json --out both");
    const json_t *one = json_array_get(json_object_get(o, "classes"), 0);
    near(number(one, "n"), 2, 0); near(number(one, "DSC_a"), (0.75 + 2.0 / 3) / 2, 1e-12); near(number(one, "DSC_b"), 1, 0);
    near(number(one, "difference"), (0.75 + 2.0 / 3) / 2 - 1, 1e-12);
    assert_true(json_is_array(json_object_get(o, "parameters")));
    char *path = in("both/compare-classes.md"), *json = in("both/compare.json"), *none = in("both/compare-parameters.md");
    assert_true(file_exists(path) && file_exists(json) && !file_exists(none));
    json_decref(o), free(path), free(json), free(none);
    refused("compare a b --out both", "compare-classes.txt: exists already");
    refused("compare a none.json", "none.json");
    write_text("bad.json", "{\"classes\": [");
    refused("compare a bad.json", "bad.json:1:");
    /* readers' files: failures and patients come through eval.json */
    write_text("truth.csv", "case,patient,SS\na,P1,30\nb,P1,40\nc,P2,35\n");
    write_text("one.csv", "case,SS\na,31\nb,42\nc,\n");
    write_text("two.csv", "case,SS\na,30.5\nb,41\nc,50\n");
    succeeds("eval one.csv truth.csv --out one --quiet", "SS");
    succeeds("eval two.csv truth.csv --out two --quiet", "SS");
    o = object("compare one two --json");
    const json_t *row = json_array_get(json_object_get(o, "parameters"), 0);
    near(number(row, "failed_a"), 1, 0); near(number(row, "failed_b"), 0, 0); near(number(row, "n"), 2, 0);
    near(number(o, "patients"), 2, 0);
    near(number(row, "MAE_a"), 1.5, 1e-12); near(number(row, "MAE_b"), 0.75, 1e-12);
    json_decref(o);
    succeeds("compare one two", "common coverage");
}

/* Pairs in one evaluation: a film, and the same with implants. */
static void some_films_only(void **state)
{
    (void)state;
    write_text("pairs_truth.csv", "case,patient,SS\na,P1,30\na_in,P1,30\nb,P2,40\nb_in,P2,40\nc,P3,20\n");
    write_text("pairs.csv", "case,SS\na,30.5\na_in,33\nb,40.5\nb_in,44\nc,21\n");
    succeeds("eval pairs.csv pairs_truth.csv --out pairs --quiet", "SS");
    static const struct { const char *words; double n, a, b; } chosen[] = { { "", 5, 1.8, 1.8 }, { "--only _in", 2, 3.5, 3.5 }, { "--twins _in", 2, 3.5, 0.5 } };
    for (size_t i = 0; i < sizeof chosen / sizeof *chosen; i++) {
        char *line = xprintf("compare pairs pairs %s --json", chosen[i].words);
        json_t *o = object(line);
        const json_t *row = json_array_get(json_object_get(o, "parameters"), 0);
        near(number(row, "n"), chosen[i].n, 0); near(number(row, "MAE_a"), chosen[i].a, 1e-12); near(number(row, "MAE_b"), chosen[i].b, 1e-12);
        json_decref(o), free(line);
    }
    refused("compare pairs pairs --only _out", "no film in it");
    refused("compare pairs pairs --only _in --twins _in", "wanted one of them");
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(worked_by_hand), cmocka_unit_test(other_films_are_refused),
                                        cmocka_unit_test(rows_are_a_family), cmocka_unit_test(the_verb),
                                        cmocka_unit_test(some_films_only) };
    folder = test_scratch();
    int failed = RUN_TESTS(tests);
    test_scratch_remove(folder), folder = NULL;
    return failed;
}
