/* geometry_params_test.c - laws that hold for every spine: identities between parameters, what a mirror, a turn and a scale may change,
 * choices, and which error or warning each fault of a case gives. */
#include "tests/test.h"
#include "tests/spine.h"
#include "geometry/geometry.h"

static const spine_noise person = { 1, 2.5, 0.04, 0.2, 0.04 };
static const spine_view right = { 1, 0.143, 0.143, 900, 2600, 0 };
static uint64_t seed = 11;

static double get(const geo_result *r, const char *name)
{
    geo_value v;
    int i = geo_parameter_find(name);
    assert_true(i >= 0);
    if (geo_result_value(r, i, &v)) fail_msg("%s: %s", name, v.error);
    return v.value;
}

static const char *error_of(const geo_result *r, const char *name)
{
    static geo_value v;
    geo_result_value(r, geo_parameter_find(name), &v);
    return v.error;
}

static int warned(const geo_result *r, const char *w)
{
    for (int i = 0; i < geo_result_warnings(r); i++) if (!strcmp(geo_result_warning(r, i), w)) return 1;
    return 0;
}

static geo_result *measure(geo_case *c)
{
    geo_result *r = geo_measure(c);
    geo_case_free(c);
    return r;
}

static void identities(void **state)
{
    (void)state;
    for (int round = 0; round < 3000; round++) {
        spine s = spine_make(&seed, &person);
        spine_view v = right;
        v.degrees = spine_uniform(&seed, -20, 20);
        geo_result *r = measure(spine_case(&s, &v, 1));
        double pi = get(r, "PI"), pt = get(r, "PT"), ss = get(r, "SS"), ll = get(r, "LL"), c7vt = get(r, "C7VT"), gt = get(r, "GT");
        near(pi, pt + ss, 1e-9);
        near(pi, gt + get(r, "C7ST"), 1e-9);
        near(gt, pt + c7vt, 1e-9);
        near(get(r, "SSA"), 90 + ss - c7vt, 1e-9);
        near(get(r, "TPA"), pt + get(r, "T1SPi"), 1e-9);
        near(get(r, "PILL"), pi - ll, 1e-9);
        near(get(r, "RPV"), 0.41 * pi - pt - 9, 1e-9);
        near(get(r, "RSA"), gt - 0.48 * pi + 15, 1e-9);
        near(get(r, "RLL"), ll - 0.62 * pi - 29, 1e-9);
        near(get(r, "LDI") * ll, 100 * get(r, "L4S1"), 1e-6);
        near(get(r, "TSCL"), get(r, "T1S") - get(r, "CL"), 1e-9);
        geo_heights h;
        double lumbar = 0, thoracic = 0, junction = 0;       /* sums of bodies and discs: LL, TK and TLK telescope */
        for (int i = GEO_T4; i <= GEO_L5; i++) {
            assert_int_equal(geo_result_body(r, i, &h), 0);
            if (i >= GEO_L1) lumbar -= h.angle;
            if (i <= GEO_T12) thoracic += h.angle;
            if (i >= GEO_T10 && i <= GEO_L2) junction += h.angle;
            assert_int_equal(geo_result_disc(r, i, &h), 0);
            if (i >= GEO_L1) lumbar += h.angle;
            if (i < GEO_T12) thoracic -= h.angle;
            if (i >= GEO_T10 && i < GEO_L2) junction -= h.angle;
        }
        near(lumbar, ll, 1e-9);
        near(thoracic, get(r, "TK"), 1e-9);
        near(junction, get(r, "TLK"), 1e-9);
        geo_result_free(r);
    }
}

/* Same values from another view of the same spine; factor: of lengths. */
static void same(const geo_result *a, const geo_result *b, double factor)
{
    geo_value x, y;
    for (int i = 0; i < geo_parameters(); i++) {
        assert_int_equal(geo_result_value(a, i, &x), geo_result_value(b, i, &y));
        double k = strcmp(geo_parameter_unit(i), "mm") ? 1 : factor;
        if (!(fabs(k * x.value - y.value) <= 1e-7)) fail_msg("%s: %.9g and %.9g", geo_parameter_name(i), k * x.value, y.value);
    }
}

static void mirror_scale_and_pixels(void **state)
{
    (void)state;
    for (int round = 0; round < 500; round++) {
        spine s = spine_make(&seed, &person);
        spine_view left = { -1, 0.143, 0.143, -50, 100, 0 }, flat = { 1, 0.143, 0.175, 0, 0, 0 }, moved = right;
        moved.x0 += 1000, moved.y0 -= 333;
        geo_result *a = measure(spine_case(&s, &right, 1)), *b = measure(spine_case(&s, &left, 1)), *c = measure(spine_case(&s, &flat, 1)),
                   *d = measure(spine_case(&s, &moved, 1));
        same(a, b, 1), same(a, c, 1), same(a, d, 1);
        geo_case *big = spine_case(&s, &right, 1);
        geo_case_spacing(big, 0.286, 0.286);
        geo_result *e = measure(big);
        same(a, e, 2);
        geo_gap g, k;
        geo_result_gap(a, &g), geo_result_gap(b, &k);
        assert_memory_equal(&g, &k, sizeof g);
        geo_result_free(a), geo_result_free(b), geo_result_free(c), geo_result_free(d), geo_result_free(e);
    }
}

static void a_turn_changes_what_it_may(void **state)
{
    (void)state;
    static const char *const fixed[] = { "PI", "LL", "L4S1", "LDI", "TK", "TLK", "CL", "PILL", "GT", "TPA", "L1PA", "SSA", "C7ST", "RLL",
        "RSA" };
    static const struct { const char *name; int way; } moving[] = { { "SS", -1 }, { "PT", 1 }, { "T1S", -1 }, { "C7S", -1 }, { "C2S", -1 },
        { "C7VT", -1 }, { "T1SPi", -1 }, { "RPV", -1 } };
    for (int round = 0; round < 500; round++) {
        spine s = spine_make(&seed, &person);
        spine_view v = right;
        v.degrees = spine_uniform(&seed, -15, 15);
        geo_result *a = measure(spine_case(&s, &right, 1)), *b = measure(spine_case(&s, &v, 1));
        for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++) near(get(a, fixed[i]), get(b, fixed[i]), 1e-8);
        for (size_t i = 0; i < sizeof moving / sizeof *moving; i++)
            near(get(a, moving[i].name) + moving[i].way * v.degrees, get(b, moving[i].name), 1e-8);
        geo_compression p, q;
        geo_slip x, y;
        assert_int_equal(geo_result_compression(a, GEO_T9, &p), geo_result_compression(b, GEO_T9, &q));
        for (int k = 0; k < 3; k++) near(p.cr[k], q.cr[k], 1e-9);
        near(p.genant_loss, q.genant_loss, 1e-8);
        assert_int_equal(geo_result_slip(a, GEO_L5, GEO_S1, &x), 0);
        assert_int_equal(geo_result_slip(b, GEO_L5, GEO_S1, &y), 0);
        near(x.percent, y.percent, 1e-8);
        geo_result_free(a), geo_result_free(b);
    }
}

static void order_of_input_is_nothing(void **state)
{
    (void)state;
    spine s = spine_make(&seed, &person);
    geo_case *c = geo_case_new();
    geo_case_spacing(c, right.sx, right.sy), geo_case_facing(c, 1), geo_case_age(c, 50);
    for (int k = 1; k >= 0; k--) {
        geo_point p = spine_point(s.head[k], &right);
        geo_case_head(c, (geo_circle){ p.x, p.y, s.radius / right.sx });
    }
    geo_case_s1(c, spine_point(s.corner[GEO_S1][0], &right), spine_point(s.corner[GEO_S1][1], &right));
    for (int i = GEO_C2; i <= GEO_L5; i++) {
        geo_corners q = spine_body(&s, i, &right);
        geo_case_vertebra(c, i, &q);
    }
    geo_result *a = measure(c), *b = measure(spine_case(&s, &right, 1));
    same(a, b, 1);
    geo_result_free(a), geo_result_free(b);
}

static void choices_differ(void **state)
{
    (void)state;
    spine s = spine_make(&seed, &(spine_noise){ 0 });
    static const struct { const char *what, *choice, *name; double more; } rows[] = {
        { "TK", "T5-T12", "TK", -4 }, { "TK", "T2-T12", "TK", 6.5 }, { "LL", "T12-S1", "LL", 2.5 }, { "LL", "T12-S1", "PILL", -2.5 } };
    geo_result *a = measure(spine_case(&s, &right, 1));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        geo_case *c = spine_case(&s, &right, 1);
        assert_int_equal(geo_case_choose(c, rows[i].what, rows[i].choice), GEO_OK);
        geo_result *b = measure(c);
        near(get(b, rows[i].name), get(a, rows[i].name) + rows[i].more, 1e-9);
        geo_result_free(b);
    }
    geo_case *c = spine_case(&s, &right, 1);
    assert_int_equal(geo_case_choose(c, "TK", "T6-T12"), GEO_BAD);
    geo_case_choose(c, "SVA", "corner"), geo_case_choose(c, "GT", "corner");
    geo_result *b = measure(c);
    double back = get(a, "SVA") - get(b, "SVA");             /* the posterior superior corner of C7 lies behind its centroid */
    assert_true(back > 5 && back < 12);
    assert_true(fabs(get(b, "GT") - get(a, "GT")) > 0.05 && fabs(get(b, "GT") - get(a, "GT")) < 12);
    geo_result_free(a), geo_result_free(b);
}

/* ---- errors and warnings ---------------------------------------------------------------------------------------------------------- */

static spine plain;
static geo_case *without(int level)              /* the plain spine without one body */
{
    geo_case *c = geo_case_new();
    geo_case_spacing(c, right.sx, right.sy), geo_case_facing(c, 1);
    for (int i = GEO_C2; i <= GEO_L5; i++) {
        geo_corners q = spine_body(&plain, i, &right);
        if (i != level) geo_case_vertebra(c, i, &q);
    }
    if (level != GEO_S1) geo_case_s1(c, spine_point(plain.corner[GEO_S1][0], &right), spine_point(plain.corner[GEO_S1][1], &right));
    return c;
}

static void errors_and_their_order(void **state)
{
    (void)state;
    plain = spine_make(&seed, &(spine_noise){ 0 });
    geo_case *numbered = without(GEO_C7);                               /* missing goes before a level that is not sure */
    geo_case_mark(numbered, GEO_C2, GEO_MARK_AMBIGUOUS);
    geo_result *r = measure(numbered);
    assert_string_equal(error_of(r, "cSVA"), "E_MISSING:C7");
    geo_result_free(r);
    r = measure(without(GEO_S1));
    assert_string_equal(error_of(r, "PI"), "E_MISSING:S1");            /* before the heads, */
    geo_result_free(r);
    r = measure(without(GEO_C7));
    assert_string_equal(error_of(r, "GT"), "E_MISSING:femoral_heads"); /* and these before a vertebra */
    assert_string_equal(error_of(r, "cSVA"), "E_MISSING:C7");
    assert_string_equal(error_of(r, "ODHA"), "E_MISSING:femoral_heads");
    assert_string_equal(error_of(r, "BDI"), "E_MISSING:basion");
    geo_result_free(r);

    geo_case *c = without(0);                                           /* a plate below a quarter of its neighbours' */
    geo_corners q = spine_body(&plain, GEO_L1, &right);
    q.sa.x = q.sp.x + 0.2 * (q.sa.x - q.sp.x), q.sa.y = q.sp.y + 0.2 * (q.sa.y - q.sp.y);
    geo_case_vertebra(c, GEO_L1, &q), geo_case_mark(c, GEO_T12, GEO_MARK_AMBIGUOUS);
    r = measure(c);
    assert_string_equal(error_of(r, "LL"), "E_DEGENERATE:L1sup");
    assert_string_equal(error_of(r, "LDI"), "E_DEGENERATE:L1sup");
    assert_string_equal(error_of(r, "TK"), "E_LEVEL_AMBIGUOUS:T12");
    get(r, "L4S1"), get(r, "TLK");
    geo_result_free(r);

    c = without(0), q = spine_body(&plain, GEO_L4, &right);             /* a bow-tie */
    geo_point t = q.ia;
    q.ia = q.ip, q.ip = t;
    geo_case_vertebra(c, GEO_L4, &q);
    r = measure(c);
    assert_string_equal(error_of(r, "L4S1"), "E_DEGENERATE:corner_order");
    geo_compression g;
    assert_int_equal(geo_result_compression(r, GEO_L4, &g), GEO_E_DEGENERATE);
    geo_result_free(r);

    c = without(0), q = spine_body(&plain, GEO_L3, &right);             /* seen the wrong way round */
    geo_corners back = { q.sp, q.sa, q.ip, q.ia };
    geo_case_vertebra(c, GEO_L2, &back);
    r = measure(c);
    assert_string_equal(error_of(r, "TLK"), "E_DEGENERATE:corner_order");
    geo_result_free(r);

    r = measure(geo_case_new());
    assert_string_equal(geo_result_error(r), "E_FACING_AMBIGUOUS");
    for (int i = 0; i < geo_parameters(); i++) assert_string_equal(error_of(r, geo_parameter_name(i)), "E_FACING_AMBIGUOUS");
    geo_result_free(r);
}

static void votes_and_the_tag(void **state)
{
    (void)state;
    double score;
    spine s = spine_make(&seed, &(spine_noise){ 0 });
    for (int facing = -1; facing <= 1; facing += 2) {
        spine_view v = right;
        v.facing = facing;
        geo_case *c = spine_case(&s, &v, 1);
        geo_case_facing(c, 0);
        geo_case *tagged = geo_case_copy(c), *wrong = geo_case_copy(c);
        geo_result *r = measure(c);
        assert_int_equal(geo_result_facing(r, &score), facing);
        near(score, 7 * facing, 0);
        geo_result_free(r);
        geo_case_orientation(tagged, facing), r = measure(tagged);
        assert_int_equal(geo_result_facing(r, &score), facing);
        near(score, 17 * facing, 0);
        assert_false(warned(r, "W_FACING_CONFLICT"));
        geo_result_free(r);
        geo_case_orientation(wrong, -facing), r = measure(wrong);       /* the anatomy has 7 against the tag */
        assert_int_equal(geo_result_facing(r, &score), facing);
        assert_true(warned(r, "W_FACING_CONFLICT"));
        geo_result_free(r);
    }
    geo_case *c = geo_case_new();                                       /* the tag alone decides */
    geo_case_orientation(c, -1);
    geo_result *r = measure(c);
    assert_int_equal(geo_result_facing(r, &score), -1);
    geo_result_free(r);
}

/* Where the sacrum is not seen, the two bows of the spine must agree; one alone, and two against each other, are no answer. */
static void bows_without_a_sacrum(void **state)
{
    (void)state;
    plain = spine_make(&seed, &(spine_noise){ 0 });
    for (int facing = -1; facing <= 1; facing += 2)
        for (int from = GEO_C2; from <= GEO_L1; from += GEO_L1 - GEO_C2) {       /* the whole column; the lumbar spine alone */
            spine_view v = right;
            double score;
            geo_case *c = geo_case_new();
            v.facing = facing;
            for (int i = from; i <= GEO_L5; i++) {
                geo_corners q = spine_body(&plain, i, &v);
                geo_case_vertebra(c, i, &q);
            }
            geo_result *r = measure(c);
            assert_int_equal(geo_result_facing(r, &score), from == GEO_C2 ? facing : 0);
            near(score, (from == GEO_C2 ? 4 : 2) * facing, 0);
            geo_result_free(r);
        }
    geo_case *c = geo_case_new();                                       /* one bow all the way down */
    for (int i = GEO_T1; i <= GEO_L5; i++) {
        const double t = 0.12 * (i - GEO_T12), x = 300 * cos(t), y = 1000 + 900 * t;
        geo_case_vertebra(c, i, &(geo_corners){ { x + 20, y - 15 }, { x - 20, y - 15 }, { x + 20, y + 15 }, { x - 20, y + 15 } });
    }
    geo_result *r = measure(c);
    assert_string_equal(geo_result_error(r), "E_FACING_AMBIGUOUS");
    geo_result_free(r);
}

static void warnings_of_a_case(void **state)
{
    (void)state;
    spine s = spine_make(&seed, &(spine_noise){ 0 });
    s.head[1] = (geo_point){ s.head[0].x + 36, s.head[0].y };
    geo_case *c = spine_case(&s, &right, 0);
    geo_case_mark(c, GEO_T7, GEO_MARK_LOW_QUALITY), geo_case_mark(c, GEO_L1, GEO_MARK_INTERPOLATED);
    assert_int_equal(geo_case_warn(c, "W_LSTV"), GEO_OK);
    assert_int_equal(geo_case_warn(c, "no code"), GEO_BAD);
    geo_result *r = geo_measure(c);
    static const char *const want[] = { "W_SQUARE_PIXELS_ASSUMED", "W_LOW_QUALITY:T7", "W_INTERPOLATED:L1", "W_LSTV" };
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) if (!warned(r, want[i])) fail_msg("no %s", want[i]);
    geo_value v;
    assert_int_equal(geo_result_value(r, geo_parameter_find("LL"), &v), 0);
    assert_int_equal(v.marks, GEO_MARK_INTERPOLATED);
    assert_int_equal(geo_result_value(r, geo_parameter_find("TK"), &v), 0);
    assert_int_equal(v.marks, 0);
    assert_int_equal(geo_result_value(r, geo_parameter_find("SVA"), &v), GEO_E_NO_SPACING);
    near(v.plates * 34 / right.sx, v.pixels, 1e-6);
    geo_compression g;
    assert_int_equal(geo_result_compression(r, GEO_L1, &g), GEO_E_DEGENERATE);     /* what was made up is not graded, */
    assert_int_equal(geo_result_compression(r, GEO_L2, &g), 0);
    assert_true(g.one_neighbour);                                                  /* nor is it a measure for others */
    geo_slip p;
    assert_int_equal(geo_result_slip(r, GEO_L1, GEO_L2, &p), GEO_E_MISSING);
    geo_result_free(r);
    geo_case_spacing(c, right.sx, right.sy), geo_case_uncalibrated(c);
    r = measure(c);
    assert_true(warned(r, "W_FH_SEPARATION:36"));
    assert_true(warned(r, "W_UNCALIBRATED_MM"));
    geo_result_free(r);
}

static void t1_from_c7_and_c2_from_mask(void **state)
{
    (void)state;
    plain = spine_make(&seed, &(spine_noise){ 0 });
    geo_case *c = without(GEO_T1);
    geo_case_choose(c, "T1S", "C7"), geo_case_head(c, (geo_circle){ 1000, 3400, 160 });
    geo_result *r = measure(c);
    near(get(r, "T1S"), get(r, "C7S"), 1e-12);
    assert_true(warned(r, "W_T1_FROM_C7"));
    assert_string_equal(error_of(r, "T1SPi"), "E_MISSING:T1");
    geo_result_free(r);
    c = without(GEO_C2);
    geo_corners q = spine_body(&plain, GEO_C2, &right);
    geo_case_centroid(c, GEO_C2, q.sp);
    r = measure(c);
    get(r, "cSVA");
    assert_string_equal(error_of(r, "CL"), "E_MISSING:C2");
    assert_true(warned(r, "W_C2_MASK_CENTROID"));
    geo_result_free(r);
}

/* T8 and its neighbours, anterior heights of 94 % (what is usual there), then of 70 %: the usual wedging is no loss of height. */
static void genant_less_usual_wedging(void **state)
{
    (void)state;
    static const double share[] = { 0.94, 0.70 }, plain[] = { 6, 30 };
    for (int k = 0; k < 2; k++) {
        geo_case *c = geo_case_new();
        geo_case_facing(c, 1);
        for (int level = GEO_T7; level <= GEO_T9; level++) {
            const double y = 60. * (level - GEO_T7), front = 40 * (level == GEO_T8 ? share[k] : 0.94);
            geo_corners q = { { 60, y }, { 0, y }, { 60, y + front }, { 0, y + 40 } };
            geo_case_vertebra(c, level, &q);
        }
        geo_result *r = measure(c);
        geo_compression g;
        geo_genant n;
        assert_int_equal(geo_result_compression(r, GEO_T8, &g), 0);
        assert_int_equal(geo_result_genant(r, GEO_T8, &n), 0);
        near(g.genant_loss, plain[k], 1e-6);
        near(n.loss, 100 * (1 - share[k] / 0.94), 1e-6);
        assert_int_equal(n.grade, k ? 2 : 0);
        assert_string_equal(n.type, k ? "wedge" : "none");
        assert_true(geo_result_genant(r, GEO_L1, &n) != 0 && n.error[0] && n.grade == 0);
        geo_result_free(r);
    }
}

static void setters_refuse_nonsense(void **state)
{
    (void)state;
    geo_case *c = geo_case_new();
    geo_corners q = { { 0, 0 }, { 1, NAN }, { 2, 2 }, { 3, 3 } };
    assert_int_equal(geo_case_vertebra(c, GEO_L1, &q), GEO_BAD);
    q.sp.y = 0;
    assert_int_equal(geo_case_vertebra(c, GEO_S1, &q), GEO_BAD);
    assert_int_equal(geo_case_vertebra(c, 0, &q), GEO_BAD);
    assert_int_equal(geo_case_spacing(c, 0, 1), GEO_BAD);
    static const double odd[][2] = { { 0.004, 0.04 }, { 9, 11 }, { 0.1, 1.01 }, { 1.01, 0.1 }, { NAN, 1 }, { 1, INFINITY } };
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) assert_int_equal(geo_case_spacing(c, odd[i][0], odd[i][1]), GEO_BAD);
    assert_true(geo_spacing_sound(0.005, 0.05) && geo_spacing_sound(10, 10));
    assert_int_equal(geo_case_age(c, NAN), GEO_BAD);
    assert_int_equal(geo_case_named(c, "L9_SM", (geo_point){ 0, 0 }), GEO_BAD);
    assert_int_equal(geo_case_named(c, "elbow", (geo_point){ 0, 0 }), GEO_BAD);
    assert_int_equal(geo_case_head(c, (geo_circle){ 0, 0, INFINITY }), GEO_BAD);
    assert_int_equal(geo_parameter_find("nothing"), -1);
    assert_string_equal(geo_parameter_name(-1), "");
    for (int i = GEO_C1; i < GEO_LEVELS; i++) assert_int_equal(geo_level_parse(geo_level_name(i)), i);
    for (int i = 0; i < geo_parameters(); i++) assert_int_equal(geo_parameter_find(geo_parameter_name(i)), i);
    geo_case_free(c);
}

/* A Cobb angle by hand, its neighbours, and what a mirror does. */
static void cobb_of_an_s(void **state)
{
    (void)state;
    enum { N = 12 };
    static const double tilt[N] = { 2, 8, 12, 6, -4, -14, -18, -10, 0, 9, 14, 6 };
    geo_quad q[N], m[N];
    double x = 200;
    for (int i = 0; i < N; i++) {
        double t = tilt[i] / 57.29577951308232, c = cos(t), s = sin(t), y = 40 + 45 * i;
        x -= 45 * tan(t);
        q[i] = (geo_quad){ { { x - 25 * c, y - 25 * s }, { x + 25 * c, y + 25 * s }, { x + 25 * c - 30 * s, y + 25 * s + 30 * c },
            { x - 25 * c - 30 * s, y - 25 * s + 30 * c } } };
        for (int k = 0; k < 4; k++) m[i].p[k ^ 1] = (geo_point){ 500 - q[i].p[k].x, q[i].p[k].y };
    }
    geo_cobb a, b;
    assert_int_equal(geo_cobb_find(q, N, 1, 1, 2000, GEO_COBB_MIDLINE, &a), 0);
    near(a.main, 32, 1e-9);                                             /* -18 against 14 */
    assert_int_equal(a.upper_end, 6);
    assert_int_equal(a.lower_end, 10);
    assert_true(a.s_shaped);
    near(a.upper, 30, 1e-9);                                            /* 12 against -18 */
    near(a.lower, 8, 1e-9);
    assert_int_equal(a.convex, 1);
    assert_string_equal(a.grade, "moderate");
    assert_int_equal(geo_cobb_find(m, N, 1, 1, 2000, GEO_COBB_MIDLINE, &b), 0);
    near(b.main, a.main, 1e-9);
    assert_int_equal(b.convex, -1);
    assert_int_equal(geo_cobb_find(q, 1, 1, 1, 2000, GEO_COBB_MIDLINE, &b), GEO_BAD);
    q[3] = (geo_quad){ { { 0, 0 } } };
    assert_int_equal(geo_cobb_find(q, N, 1, 1, 2000, GEO_COBB_ENDPLATE, &b), GEO_DEGENERATE);
}

/* One millimetre of noise on every landmark of the usual spine: SDs known from an independent Monte Carlo study. */
static void noise_of_landmarks(void **state)
{
    (void)state;
    static const struct { const char *name; double sd; } rows[] = { { "SS", 2.405 }, { "PT", 0.499 }, { "PI", 2.464 }, { "LL", 3.374 },
        { "L4S1", 3.295 }, { "LDI", 5.013 }, { "PILL", 2.387 }, { "TK", 4.174 }, { "TLK", 3.528 }, { "SVA", 1.108 }, { "GT", 0.575 },
        { "TPA", 0.452 }, { "L1PA", 0.419 }, { "RPV", 1.024 }, { "RLL", 2.535 }, { "RSA", 1.197 }, { "T1S", 4.409 }, { "C7S", 4.502 },
        { "C2S", 5.285 }, { "CL", 7.158 }, { "TSCL", 8.350 }, { "cSVA", 1.137 } };
    enum { ROWS = sizeof rows / sizeof *rows, DRAWS = 4000 };
    double sum[ROWS] = { 0 }, square[ROWS] = { 0 };
    for (int k = 0; k < DRAWS; k++) {
        uint64_t same = 1;
        spine s = spine_make(&same, &(spine_noise){ 0 });
        for (int i = GEO_C2; i <= GEO_S1; i++)
            for (int c = 0; c < 4; c++) s.corner[i][c].x += spine_normal(&seed), s.corner[i][c].y += spine_normal(&seed);
        for (int c = 0; c < 2; c++) s.head[c].x += spine_normal(&seed), s.head[c].y += spine_normal(&seed);
        geo_result *r = measure(spine_case(&s, &right, 1));
        for (int i = 0; i < ROWS; i++) sum[i] += get(r, rows[i].name), square[i] += get(r, rows[i].name) * get(r, rows[i].name);
        geo_result_free(r);
    }
    for (int i = 0; i < ROWS; i++) {
        double mean = sum[i] / DRAWS, sd = sqrt(square[i] / DRAWS - mean * mean);
        if (!(fabs(sd / rows[i].sd - 1) < 0.08)) fail_msg("%s: SD %.3f, known %.3f", rows[i].name, sd, rows[i].sd);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(identities), cmocka_unit_test(mirror_scale_and_pixels),
        cmocka_unit_test(a_turn_changes_what_it_may), cmocka_unit_test(order_of_input_is_nothing), cmocka_unit_test(choices_differ),
        cmocka_unit_test(errors_and_their_order), cmocka_unit_test(votes_and_the_tag), cmocka_unit_test(bows_without_a_sacrum), cmocka_unit_test(warnings_of_a_case),
        cmocka_unit_test(t1_from_c7_and_c2_from_mask), cmocka_unit_test(setters_refuse_nonsense), cmocka_unit_test(cobb_of_an_s),
        cmocka_unit_test(genant_less_usual_wedging), cmocka_unit_test(noise_of_landmarks) };
    return RUN_TESTS(tests);
}
