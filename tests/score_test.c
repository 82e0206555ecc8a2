/* score_test.c - the evaluation of small sets whose every figure can be worked out by hand: what counts, what does not, and what a
 * script finds in the JSON. */
#include "tests/test.h"
#include "eval/score.h"

enum { H = 8, W = 8 };

/* An H x W map with `n` pixels of class 1 from pixel `from` on, and m of class 2 in the last row. */
static void paint(uint8_t *map, int from, int n, int m)
{
    memset(map, 0, H * W);
    memset(map + from, 1, (size_t)n), memset(map + H * W - W, 2, (size_t)m);
}

/* Six cases of four patients; a and b belong together, f has no patient. DSC of class 1: 1, .5, 0, .75, none, 0; of class 2: 1 in d. */
static score *example(const score_options *o)
{
    static const struct { const char *id, *patient; int at_p, n_p, at_t, n_t, two_p, two_t; } in[] = {
        { "a", "P1", 0, 8, 0, 8, 0, 0 }, { "b", "P1", 4, 8, 0, 8, 0, 0 }, { "c", "P2", 0, 0, 0, 8, 0, 0 },
        { "d", "P3", 2, 8, 0, 8, 3, 3 }, { "e", "P3", 0, 0, 0, 0, 0, 0 }, { "f", NULL, 0, 4, 0, 0, 0, 0 },
    };
    score *s = score_new(o);
    uint8_t p[H * W], t[H * W];
    double spacing[2] = { 0.5, 0.25 };
    for (size_t i = 0; i < sizeof in / sizeof *in; i++) {
        paint(p, in[i].at_p, in[i].n_p, in[i].two_p), paint(t, in[i].at_t, in[i].n_t, in[i].two_t);
        score_add(s, in[i].id, in[i].patient, spacing, H, W, p, t);
    }
    score_finish(s);
    return s;
}

static void by_class(void **state)
{
    (void)state;
    score_options o = { .seed = 1, .draws = 1000 };
    score *s = example(&o);
    assert_int_equal(s->nclasses, 2);
    assert_int_equal(s->npatients, 4);
    assert_int_equal(s->unknown_patients, 1);
    const summary *dsc = &s->classes[0].of[METRIC_DSC];
    double x[] = { 1, 0.5, 0, 0.75, 0 };
    int64_t patient[] = { 0, 0, 1, 2, 3 };
    assert_int_equal(dsc->n, 5);                                        /* e has no class 1 anywhere and does not count */
    near(dsc->mean.value, 0.45, 1e-15);
    near(dsc->sd.value, stats_sd(x, 5), 1e-15);
    near(dsc->median.value, 0.5, 1e-15);
    near(dsc->least.value, 0, 0);
    interval r;
    stats_bootstrap_mean(x, patient, 5, 1000, 1, 0.95, &r);
    near(dsc->lo.value, r.lo, 1e-15);
    near(dsc->hi.value, r.hi, 1e-15);
    assert_int_equal(s->classes[0].of[METRIC_PRECISION].n, 4);          /* c predicts nothing */
    assert_int_equal(s->classes[0].of[METRIC_RECALL].n, 4);             /* f has no truth */
    assert_int_equal(s->classes[0].of[METRIC_HD95].n, 3);
    assert_int_equal(s->classes[0].of[METRIC_HD95_PENALISED].n, 5);
    near(s->classes[0].of[METRIC_HD95_PENALISED].most.value, hypot(H, W), 1e-12);
    assert_int_equal(s->classes[0].of[METRIC_NSD].n, 5);
    presence seen = s->classes[0].seen;
    assert_int_equal(seen.both, 3); assert_int_equal(seen.only_truth, 1); assert_int_equal(seen.only_pred, 1); assert_int_equal(seen.neither, 1);
    score_free(s);
}

static void one_image_has_no_spread(void **state)
{
    (void)state;
    score_options o = { .seed = 1, .draws = 500 };
    score *s = example(&o);
    const summary *two = &s->classes[1].of[METRIC_DSC];
    assert_int_equal(s->classes[1].value, 2);
    assert_int_equal(two->n, 1);
    near(two->mean.value, 1, 0);
    assert_string_equal(two->sd.why, "one image has a value");
    assert_string_equal(two->lo.why, "one patient has a value");
    const summary *all = &s->overall[METRIC_DSC];
    assert_int_equal(all->n, 2);                                        /* classes */
    near(all->mean.value, (0.45 + 1) / 2, 1e-15);
    assert_true(all->lo.value < all->mean.value && all->hi.value > all->mean.value && all->hi.value <= 1);
    score_free(s);
}

static void worst_first(void **state)
{
    (void)state;
    score_options o = { .seed = 1, .draws = 500 };
    score *s = example(&o);
    const char *order = "cfbdae";                                       /* 0, 0, .5, (.75 + 1) / 2, 1, none */
    for (int i = 0; i < 6; i++) assert_int_equal(s->cases[s->worst[i]].id[0], order[i]);
    near(s->cases[3].dsc.value, 0.875, 1e-15);
    assert_string_equal(s->cases[4].dsc.why, "no class is in either map");
    score_free(s);
}

/* In mm the spacing counts: d is shifted by 2 pixels and so runs over into the next row, 1 px or 0.25 mm away. */
static void spacing_and_tau(void **state)
{
    (void)state;
    score_options px = { .seed = 1, .draws = 500 }, mm = { .in_mm = 1, .seed = 1, .draws = 500 };
    score *a = example(&px), *b = example(&mm);
    near(a->options.tau, 2, 0);
    near(b->options.tau, 1, 0);
    near(a->cases[3].class[0].of[METRIC_HD].value, 1, 1e-12);
    near(b->cases[3].class[0].of[METRIC_HD].value, 0.25, 1e-12);
    near(b->cases[2].class[0].of[METRIC_HD95_PENALISED].value, hypot(W * 0.5, H * 0.25), 1e-12);
    uint8_t map[H * W] = { 1 };
    score *s = score_new(&mm);
    dies(EXIT_INPUT, "film9: got no pixel spacing", score_add(s, "film9", "P", NULL, H, W, map, map));
    score_free(a); score_free(b); score_free(s);
}

/* Every null has its KEY_why, and no number stands beside one. Returns how many nulls there are. */
static int nulls(const json_t *j)
{
    int n = 0;
    size_t i;
    const char *key;
    json_t *v;
    json_array_foreach(j, i, v) n += nulls(v);
    json_object_foreach((json_t *)j, key, v) {
        char why[64];
        snprintf(why, sizeof why, "%s_why", key);
        const json_t *reason = json_object_get(j, why);
        if (json_is_null(v) != json_is_string(reason)) fail_msg("%s is null without %s, or the other way round", key, why);
        n += json_is_null(v) + nulls(v);
    }
    return n;
}
static double at(const json_t *j, const char *list, size_t i, const char *key, const char *field)
{
    const json_t *o = json_object_get(json_array_get(json_object_get(j, list), i), key);
    if (field) o = json_object_get(o, field);
    if (!json_is_number(o)) fail_msg("%s[%zu].%s.%s is no number", list, i, key, field ? field : "");
    return json_number_value(o);
}

static void json_for_scripts(void **state)
{
    (void)state;
    const char *names[256] = { [1] = "body \xff", [2] = "sacrum" };
    score_options o = { .seed = 1, .draws = 500, .names = names, .tau = 3 };
    score *s = example(&o);
    json_t *j = score_json(s), *ci = json_object_get(json_object_get(json_array_get(json_object_get(j, "classes"), 0), "DSC"), "ci");
    char *text = json_dumps(j, 0);
    assert_non_null(text);
    assert_null(strstr(text, "nan")); assert_null(strstr(text, "inf"));
    assert_true(nulls(j) > 20);
    assert_string_equal(json_string_value(json_object_get(j, "units")), "px");
    near(json_number_value(json_object_get(j, "tau")), 3, 0);
    near(at(j, "classes", 0, "DSC", "mean"), 0.45, 1e-15);
    near(at(j, "classes", 0, "DSC", "sd"), s->classes[0].of[METRIC_DSC].sd.value, 0);
    near(at(j, "classes", 0, "n", NULL), 5, 0);
    near(at(j, "classes", 1, "value", NULL), 2, 0);
    near(json_number_value(json_array_get(ci, 0)), s->classes[0].of[METRIC_DSC].lo.value, 0);
    near(json_number_value(json_array_get(ci, 1)), s->classes[0].of[METRIC_DSC].hi.value, 0);
    static const char *const keys[] = { "DSC", "IoU", "precision", "recall", "HD95", "ASSD", "NSD" };
    const json_t *first = json_array_get(json_object_get(j, "cases"), 0);
    for (int i = 0; i < 7; i++) {
        assert_true(json_is_number(json_object_get(json_array_get(json_object_get(first, "classes"), 0), keys[i])));
        at(j, "classes", 0, keys[i], "mean");
    }
    assert_string_equal(json_string_value(json_object_get(first, "case")), "a");
    assert_string_equal(json_string_value(json_object_get(json_array_get(json_object_get(first, "classes"), 1), "name")), "sacrum");
    assert_int_equal(json_array_size(json_object_get(j, "cases")), 6);
    assert_true(json_is_array(json_object_get(j, "parameters")));
    free(text), json_decref(j), score_free(s);
}

/* The table as text; free it. */
static char *written(table *t, enum table_form form)
{
    char *text = 0;
    size_t n;
    FILE *f = open_memstream(&text, &n);
    table_write(t, f, form);
    fclose(f), table_free(t);
    return text;
}

static void tables(void **state)
{
    (void)state;
    const char *names[256] = { [1] = "body" };
    score_options o = { .seed = 1, .draws = 500, .names = names, .units_why = "1 of 6 cases has no pixel spacing" };
    score *s = example(&o);
    char *by_class = written(score_class_table(s), TABLE_PLAIN), *presence = written(score_presence_table(s), TABLE_CSV);
    char *borders = written(score_border_table(s), TABLE_PLAIN), *worst = written(score_case_table(s, 2, METRICS_REPORTED), TABLE_CSV);
    char *cases = written(score_case_table(s, 0, METRICS), TABLE_CSV);
    assert_non_null(strstr(by_class, "body"));
    assert_non_null(strstr(by_class, "0.450"));
    assert_non_null(strstr(by_class, "mean over classes"));
    assert_non_null(strstr(by_class, "images: 6, patients: 4"));
    assert_non_null(strstr(borders, "1 of 6 cases has no pixel spacing"));
    assert_non_null(strstr(borders, "\nbody               3  "));                /* a, b, d have it in both maps */
    assert_non_null(strstr(borders, "within 2 px"));
    assert_non_null(strstr(by_class, "without a patient, counted as one each: 1"));
    assert_string_equal(presence, "class,found,missed,invented,rightly absent,sensitivity,specificity,missing\n"
                                  "body,3,1,1,1,0.75,0.5,\n2,1,0,0,5,1,1,\n");
    assert_non_null(strstr(worst, "\nc,P2,body,0,0,,0,"));
    assert_non_null(strstr(worst, "\nf,,body,0,0,0,,"));
    assert_null(strstr(worst, "\na,"));
    int lines = 0;
    for (const char *p = cases; *p; p++) lines += *p == '\n';
    assert_int_equal(lines, 1 + 6 * 2);
    free(by_class), free(borders), free(presence), free(worst), free(cases), score_free(s);
}

/* Found in one of four images that have it, invented in one of three that have not. */
static void presence_by_image(void **state)
{
    (void)state;
    static const int has[7][2] = { { 1, 1 }, { 0, 1 }, { 0, 1 }, { 0, 1 }, { 1, 0 }, { 0, 0 }, { 0, 0 } };       /* predicted, true */
    score_options o = { .seed = 1, .draws = 100 };
    score *s = score_new(&o);
    for (int i = 0; i < 7; i++) {
        uint8_t p[4] = { (uint8_t)has[i][0] }, t[4] = { (uint8_t)has[i][1] };
        score_add(s, "film", NULL, NULL, 2, 2, p, t);
    }
    score_finish(s);
    char *text = written(score_presence_table(s), TABLE_CSV);
    assert_non_null(strstr(text, "\n1,1,3,1,2,0.25,0.66666666666666"));
    free(text), score_free(s);
}

/* Twins named the other way round on one of two images: found, said in notes and JSON, and the caller's map is left alone. */
static void twins(void **state)
{
    (void)state;
    uint8_t twin[256];
    const char *names[256] = { [1] = "femoral_head_1", [2] = "femoral_head_2" };
    for (int v = 0; v < 256; v++) twin[v] = (uint8_t)v;
    twin[1] = 2, twin[2] = 1;
    for (int with = 0; with < 2; with++) {
        score_options o = { .seed = 1, .draws = 100, .names = names, .twin = with ? twin : NULL };
        score *s = score_new(&o);
        const uint8_t t[6] = { 1, 1, 0, 0, 2, 2 }, p[2][6] = { { 1, 1, 0, 0, 2, 2 }, { 2, 2, 0, 0, 1, 1 } };
        for (int i = 0; i < 2; i++) score_add(s, "film", NULL, NULL, 2, 3, p[i], t);
        assert_int_equal(p[1][0], 2);
        score_finish(s);
        for (int k = 0; k < 2; k++) near(s->classes[k].of[METRIC_DSC].mean.value, with ? 1 : 0.5, 1e-15);
        json_t *j = score_json(s), *pairs = json_object_get(j, "exchangeable");
        char *text = written(score_class_table(s), TABLE_CSV), *page = written(score_class_table(s), TABLE_PLAIN);
        assert_int_equal(json_array_size(pairs), with);
        assert_int_equal(json_integer_value(json_object_get(j, "renamed")), with);
        if (with) assert_int_equal(json_integer_value(json_array_get(json_array_get(pairs, 0), 1)), 2);
        assert_true(!strstr(page, "femoral_head_1 and femoral_head_2 are exchangeable") == !with);
        free(text), free(page), json_decref(j), score_free(s);
    }
}

static void nothing_at_all(void **state)
{
    (void)state;
    score_options o = { .seed = 1 };
    score *s = score_new(&o);
    score_finish(s);
    json_t *j = score_json(s);
    assert_int_equal(json_array_size(json_object_get(j, "classes")), 0);
    assert_true(nulls(j) > 0);
    json_decref(j), score_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_class), cmocka_unit_test(one_image_has_no_spread), cmocka_unit_test(worst_first), cmocka_unit_test(spacing_and_tau),
        cmocka_unit_test(json_for_scripts), cmocka_unit_test(tables), cmocka_unit_test(presence_by_image), cmocka_unit_test(twins),
        cmocka_unit_test(nothing_at_all),
    };
    return RUN_TESTS(tests);
}
