/* geometry_golden_test.c - the worked examples of tests/golden/spine.txt: from landmarks to every value, error, warning and score, to
 * 1e-6. */
#include "tests/test.h"
#include "geometry/geometry.h"

static const double TOLERANCE = 1e-6;

typedef struct example {
    char id[64], want[2048];
    int coronal, bodies, checks;
    geo_case *c;
    geo_quad body[32];
    char level[32][4];
    double sx, sy;
    geo_result *r;                               /* measured at the first expectation */
} example;

static void measured(example *e) { if (!e->r) e->r = geo_measure(e->c), assert_non_null(e->r); }

static int wanted(const example *e, const char *name)
{
    char padded[64], list[2064];
    snprintf(padded, sizeof padded, " %s ", name), snprintf(list, sizeof list, " %s ", e->want);
    return strstr(list, padded) != NULL;
}

/* ---- lines that describe the film ------------------------------------------------------------------------------------------------- */

static int read_film(example *e, const char *key, const char *rest)
{
    double v[8];
    char name[64], side[16];
    if (!strcmp(key, "mode")) e->coronal = !strncmp(rest, "coronal", 7);
    else if (!strcmp(key, "spacing") && sscanf(rest, "%lf %lf", &e->sx, &e->sy) == 2)
        assert_int_equal(geo_case_spacing(e->c, e->sx, e->sy), 0);
    else if (!strcmp(key, "facing") && sscanf(rest, "%15s", side) == 1) geo_case_facing(e->c, strcmp(side, "left") ? 1 : -1);
    else if (!strcmp(key, "age")) assert_int_equal(geo_case_age(e->c, atof(rest)), 0);
    else if (!strcmp(key, "vertebra")) {
        assert_int_equal(sscanf(rest, "%63s %lf %lf %lf %lf %lf %lf %lf %lf", name, v, v + 1, v + 2, v + 3, v + 4, v + 5, v + 6, v + 7), 9);
        geo_corners q = { { v[0], v[1] }, { v[2], v[3] }, { v[4], v[5] }, { v[6], v[7] } };
        /* frontal films: upper left, upper right, lower left, lower right */
        e->body[e->bodies] = (geo_quad){ { q.sa, q.sp, q.ip, q.ia } };
        snprintf(e->level[e->bodies++], 4, "%.3s", name);
        assert_int_equal(geo_case_vertebra(e->c, geo_level_parse(name), &q), 0);
    } else if (!strcmp(key, "s1")) {
        assert_int_equal(sscanf(rest, "%lf %lf %lf %lf", v, v + 1, v + 2, v + 3), 4);
        assert_int_equal(geo_case_s1(e->c, (geo_point){ v[0], v[1] }, (geo_point){ v[2], v[3] }), 0);
    } else if (!strcmp(key, "head")) {
        assert_int_equal(sscanf(rest, "%lf %lf %lf", v, v + 1, v + 2), 3);
        assert_int_equal(geo_case_head(e->c, (geo_circle){ v[0], v[1], v[2] }), 0);
    } else if (!strcmp(key, "point")) {
        assert_int_equal(sscanf(rest, "%63s %lf %lf", name, v, v + 1), 3);
        assert_int_equal(geo_case_named(e->c, name, (geo_point){ v[0], v[1] }), 0);
    } else if (!strcmp(key, "want")) snprintf(e->want, sizeof e->want, "%s", rest);
    else return 0;
    return 1;
}

/* ---- lines that say what must come out -------------------------------------------------------------------------------------------- */

static void must_value(example *e, const char *rest, int pixels)
{
    char name[64];
    double want;
    geo_value got;
    assert_int_equal(sscanf(rest, "%63s %lf", name, &want), 2);
    assert_true(geo_parameter_find(name) >= 0);
    geo_result_value(e->r, geo_parameter_find(name), &got);
    if (!pixels && got.code) fail_msg("%s: %s is %s, wanted %.10g", e->id, name, got.error, want);
    if (!(fabs((pixels ? got.pixels : got.value) - want) <= TOLERANCE))
        fail_msg("%s: %s = %.10g, wanted %.10g", e->id, name, got.value, want);
}

static void must_error(example *e, const char *rest)
{
    char name[64], text[128];
    geo_value got;
    geo_gap gap;
    assert_int_equal(sscanf(rest, "%63s %127[^\n]", name, text), 2);
    if (!strcmp(name, "*")) assert_string_equal(geo_result_error(e->r), text);
    else if (!strcmp(name, "GAP")) geo_result_gap(e->r, &gap), assert_string_equal(gap.error, text);
    else {
        geo_result_value(e->r, geo_parameter_find(name), &got);
        if (strcmp(got.error, text)) fail_msg("%s: %s is '%s' (%g), wanted '%s'", e->id, name, got.error, got.value, text);
    }
}

static void must_warning(example *e, const char *rest)
{
    for (int i = 0; i < geo_result_warnings(e->r); i++) if (!strncmp(rest, geo_result_warning(e->r, i), strcspn(rest, "\n"))) return;
    fail_msg("%s: no warning %s", e->id, rest);
}

static unsigned near_bits(const char *list)
{
    static const char *const names[] = { "RPV", "RLL", "LDI", "RSA" };
    unsigned bits = 0;
    for (int i = 0; i < 4; i++) if (strstr(list, names[i])) bits |= 1u << i;
    return bits;
}

static void same_gap(const char *id, const geo_gap *g, const int want[6], const char *category, const char *near)
{
    const int got[6] = { g->rpv, g->rll, g->ldi, g->rsa, g->age, g->total };
    for (int i = 0; i < 6; i++) if (got[i] != want[i]) fail_msg("%s: GAP component %d is %d, wanted %d", id, i, got[i], want[i]);
    assert_string_equal(g->category, category);
    assert_int_equal(g->near, near_bits(near));
}

static void must_gap(example *e, const char *rest)
{
    int w[6];
    char category[8], near[32];
    geo_gap g;
    assert_int_equal(sscanf(rest, "%d %d %d %d %d %d %7s %31s", w, w + 1, w + 2, w + 3, w + 4, w + 5, category, near), 8);
    assert_int_equal(geo_result_gap(e->r, &g), 0);
    same_gap(e->id, &g, w, category, near);
}

static double value_of(const example *e, const char *name)
{
    geo_value v;
    return geo_result_value(e->r, geo_parameter_find(name), &v) ? NAN : v.value;
}

static void must_schwab(example *e, const char *rest)
{
    static const char *const names[] = { "PI-LL", "PT", "SVA" }, *const from[] = { "PILL", "PT", "SVA" };
    char want[3][4];
    assert_int_equal(sscanf(rest, "%3s %3s %3s", want[0], want[1], want[2]), 3);
    for (int i = 0; i < 3; i++) assert_string_equal(geo_schwab(names[i], value_of(e, from[i])), strcmp(want[i], "-") ? want[i] : "");
}

static void must_compression(example *e, const char *rest)
{
    double w[7];
    int grade, one;
    char level[8], type[16];
    geo_compression g;
    assert_int_equal(sscanf(rest, "%7s %lf %lf %lf %lf %lf %lf %lf %15s %d %d", level, w, w + 1, w + 2, w + 3, w + 4, w + 5, w + 6, type,
        &grade, &one), 11);
    assert_int_equal(geo_result_compression(e->r, geo_level_parse(level), &g), 0);
    const double got[7] = { g.cr[0], g.cr[1], g.cr[2], g.loss, g.ratio, g.wedge, g.genant_loss };
    for (int i = 0; i < 7; i++) if (!(fabs(got[i] - w[i]) <= TOLERANCE)) fail_msg("%s %s: number %d is %.10g, wanted %.10g", e->id, level,
        i, got[i], w[i]);
    assert_string_equal(g.type, type);
    assert_int_equal(g.grade, grade);
    assert_int_equal(g.one_neighbour, one);
}

static void must_compression_error(example *e, const char *rest)
{
    char level[8], text[64];
    geo_compression g;
    assert_int_equal(sscanf(rest, "%7s %63s", level, text), 2);
    assert_int_equal(geo_result_compression(e->r, geo_level_parse(level), &g), GEO_E_NEIGHBOUR);
    assert_string_equal(g.error, text);
}

static void must_slip(example *e, const char *rest)
{
    char upper[8], lower[8], grade[8];
    double percent, mm;
    geo_slip s;
    assert_int_equal(sscanf(rest, "%7s %7s %lf %lf %7s", upper, lower, &percent, &mm, grade), 5);
    assert_int_equal(geo_result_slip(e->r, geo_level_parse(upper), geo_level_parse(lower), &s), 0);
    near(s.percent, percent, TOLERANCE);
    near(s.mm, mm, TOLERANCE);
    assert_string_equal(s.meyerding, grade);
}

static void must_cobb(example *e, const char *rest)
{
    char upper[8], lower[8], convex[8];
    double angle;
    int scoliosis;
    assert_int_equal(sscanf(rest, "%lf %7s %7s %7s %d", &angle, upper, lower, convex, &scoliosis), 5);
    for (int method = GEO_COBB_MIDLINE; method <= GEO_COBB_ENDPLATE; method++) {
        geo_cobb g;
        assert_int_equal(geo_cobb_find(e->body, e->bodies, e->sx, e->sy, 2000, method, &g), 0);
        near(g.main, angle, TOLERANCE);
        assert_string_equal(e->level[g.upper_end], upper);
        assert_string_equal(e->level[g.lower_end], lower);
        assert_int_equal(g.convex, strcmp(convex, "left") ? 1 : -1);
        assert_int_equal(g.scoliosis, scoliosis);
        assert_string_equal(g.grade, "severe");
    }
}

static void must_side(example *e, const char *rest)
{
    char side[16];
    double want, got;
    assert_int_equal(sscanf(rest, "%15s %lf", side, &want), 2);
    assert_int_equal(geo_result_facing(e->r, &got), strcmp(side, "left") ? 1 : -1);
    near(got, want, 1e-12);
}

static void must_roussouly(example *e, const char *rest)
{
    char want[8];
    assert_int_equal(sscanf(rest, "%7s", want), 1);
    assert_string_equal(geo_roussouly(value_of(e, "SS"), value_of(e, "PT"), value_of(e, "PI")), want);
}

static void must_px(example *e, const char *rest) { must_value(e, rest, 1); }
static void must_number(example *e, const char *rest) { must_value(e, rest, 0); }

static const struct { const char *key; void (*check)(example *, const char *); } expectations[] = {
    { "value", must_number }, { "px", must_px }, { "error", must_error }, { "warning", must_warning }, { "side", must_side },
    { "gap", must_gap }, { "schwab", must_schwab }, { "roussouly", must_roussouly }, { "compression", must_compression },
    { "compression_error", must_compression_error }, { "slip", must_slip }, { "cobb", must_cobb },
};

/* ---- scores without a film -------------------------------------------------------------------------------------------------------- */

static void must_score(const char *rest)
{
    char what[32], want[8];
    double x;
    geo_gap g;
    assert_int_equal(sscanf(rest, "%31s %lf %7s", what, &x, want), 3);
    if (!strncmp(what, "schwab_", 7)) { assert_string_equal(geo_schwab(what + 7, x), want); return; }
    geo_gap_points(!strcmp(what, "RPV") ? x : 0, !strcmp(what, "RLL") ? x : 0, !strcmp(what, "LDI") ? x : 60, !strcmp(what, "RSA") ? x : 0,
        !strcmp(what, "age") ? x : 30, &g);
    int got = !strcmp(what, "RPV") ? g.rpv : !strcmp(what, "RLL") ? g.rll : !strcmp(what, "LDI") ? g.ldi : !strcmp(what, "RSA") ? g.rsa :
        g.age;
    if (got != atoi(want)) fail_msg("%s(%g) = %d, wanted %s", what, x, got, want);
}

static void must_gapcase(const char *rest)
{
    double v[10];
    int w[6];
    char category[8], near_list[32];
    assert_int_equal(sscanf(rest, "%lf %lf %lf %lf %lf %lf %lf %lf %lf %lf %d %d %d %d %d %d %7s %31s", v, v + 1, v + 2, v + 3, v + 4,
        v + 5,
        v + 6, v + 7, v + 8, v + 9, w, w + 1, w + 2, w + 3, w + 4, w + 5, category, near_list), 18);
    near(v[1] - (0.59 * v[0] + 9), v[6], TOLERANCE);        /* that the file agrees with itself */
    near(100 * v[3] / v[2], v[8], TOLERANCE);
    geo_gap g;
    geo_gap_points(v[6], v[7], v[8], v[9], v[5], &g);
    same_gap("gapcase", &g, w, category, near_list);
}

/* ---- the file --------------------------------------------------------------------------------------------------------------------- */

static void finish(example *e, int *cases, int *checks)
{
    if (e->c) {
        assert_true(e->checks > 0);
        *cases += 1, *checks += e->checks;
        geo_value v;
        if (*e->want && e->r) for (int i = 0; i < geo_parameters(); i++) {      /* what was asked for is a value or a known error */
            geo_result_value(e->r, i, &v);
            if (wanted(e, geo_parameter_name(i))) assert_true(isfinite(v.value) && (v.code != 0) == (v.error[0] != 0));
        }
        geo_result_free(e->r), geo_case_free(e->c);
    }
    memset(e, 0, sizeof *e);
}

static void worked_examples(void **state)
{
    (void)state;
    FILE *f = fopen("tests/golden/spine.txt", "r");
    assert_non_null(f);
    char line[4096], key[64];
    example e = { 0 };
    int cases = 0, checks = 0, at, known;
    while (fgets(line, sizeof line, f)) {
        if (line[0] == '#' || sscanf(line, "%63s %n", key, &at) < 1) continue;
        const char *rest = line + at;
        if (!strcmp(key, "score") || !strcmp(key, "gapcase")) {
            finish(&e, &cases, &checks);
            (key[0] == 's' ? must_score : must_gapcase)(rest), checks++;
            continue;
        }
        if (!strcmp(key, "case")) {
            finish(&e, &cases, &checks);
            e.c = geo_case_new();
            assert_int_equal(sscanf(rest, "%63s", e.id), 1);
            continue;
        }
        if (read_film(&e, key, rest)) continue;
        measured(&e), known = 0;
        for (size_t i = 0; i < sizeof expectations / sizeof *expectations; i++)
            if (!strcmp(key, expectations[i].key)) expectations[i].check(&e, rest), known = 1;
        if (!known) fail_msg("spine.txt: unknown word %s", key);
        e.checks++;
    }
    finish(&e, &cases, &checks);
    fclose(f);
    assert_int_equal(cases, 30);
    assert_true(checks > 800);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(worked_examples) };
    return RUN_TESTS(tests);
}
