/* geometry_rules_test.c - rules beyond single values: targets by age, curve types, the junction, the shape of the lordosis, fractured
 * neighbours, middles of plates, C1 in pixels that are not square, and outlines from probability maps. */
#include "tests/test.h"
#include "tests/spine.h"
#include "geometry/geometry.h"
#include "geometry/template.h"

static const spine_view right = { 1, 0.143, 0.143, 900, 2600, 0 };
static uint64_t seed = 47;

static geo_result *measure(geo_case *c)
{
    geo_result *r = geo_measure(c);
    geo_case_free(c);
    return r;
}

static double get(const geo_result *r, const char *name)
{
    geo_value v;
    if (geo_result_value(r, geo_parameter_find(name), &v)) fail_msg("%s: %s", name, v.error);
    return v.value;
}

static int warned(const geo_result *r, const char *text)
{
    for (int i = 0; i < geo_result_warnings(r); i++) if (!strcmp(geo_result_warning(r, i), text)) return 1;
    return 0;
}

static void targets_by_age(void **state)
{
    (void)state;
    geo_targets t;
    geo_age_targets(55, &t);
    assert_true(t.pt == 20 && t.pill == 3 && t.sva == 25 && t.tpa == 16 && !t.has_ll);
    geo_age_targets(70, &t);
    assert_true(t.pt == 25 && t.pill == 10.5 && t.sva == 55 && t.tpa == 23.5);
    spine s = spine_make(&seed, &(spine_noise){ 1, 2, 0.02, 0, 0 });
    geo_case *c = spine_case(&s, &right, 1);
    geo_case_age(c, 40);
    geo_result *r = measure(c);
    assert_int_equal(geo_result_targets(r, &t), 0);
    assert_true(t.has_ll);
    near(t.ll, get(r, "PI") - 0.3 * get(r, "TK") - 20 + 10, 1e-9);
    near(t.pt, 15, 1e-9);
    geo_result_free(r);
    c = geo_case_new(), geo_case_facing(c, 1), r = measure(c);
    assert_int_equal(geo_result_targets(r, &t), GEO_E_NO_AGE);
    assert_string_equal(t.error, "E_NO_AGE");
    geo_result_free(r);
    c = geo_case_new(), geo_case_facing(c, 1), geo_case_age(c, 80), r = measure(c);
    assert_int_equal(geo_result_targets(r, &t), 0);
    assert_true(!t.has_ll && t.ll == 0 && t.sva == 75);
    geo_result_free(r);
}

static void grades_of_single_values(void **state)
{
    (void)state;
    static const struct { const char *modifier; double value; const char *grade; } rows[] = { { "cSVA", 39.99, "0" }, { "cSVA", 40, "1" },
        { "cSVA", 80, "1" }, { "cSVA", 80.01, "2" }, { "TS-CL", 14.9, "0" }, { "TS-CL", 15, "1" }, { "TS-CL", 20, "1" },
        { "TS-CL", 20.1, "2" }, { "SVA", 39, "0" }, { "SVA", 95, "1" }, { "SVA", 96, "2" }, { "PT", 5, "" }, { "cSVA", NAN, "" } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) assert_string_equal(geo_ames(rows[i].modifier, rows[i].value), rows[i].grade);
    static const struct { double thoracic, lumbar; const char *type; } types[] = { { 29.9, 29.9, "N" }, { 30, 29, "T" }, { 10, 30, "L" },
        { 45, 31, "D" }, { NAN, 40, "" } };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        assert_string_equal(geo_schwab_coronal(types[i].thoracic, types[i].lumbar), types[i].type);
    assert_true(geo_pjk(2, 12) && geo_pjk(-5, 10) && !geo_pjk(2.1, 12) && !geo_pjk(-5, 9.9));
}

static void junction_and_disc(void **state)
{
    (void)state;
    for (int round = 0; round < 200; round++) {
        spine s = spine_make(&seed, &(spine_noise){ 1, 2, 0.02, 0, 0 });
        geo_result *r = measure(spine_case(&s, &right, 1));
        geo_angle a;
        geo_heights body, disc;
        int uiv = GEO_T4 + (int)(spine_random(&seed) % 12);
        double sum = 0;
        for (int i = uiv - 2; i <= uiv; i++) {
            assert_int_equal(geo_result_body(r, i, &body), 0);
            assert_int_equal(geo_result_disc(r, i, &disc), 0);
            sum += body.angle - (i < uiv ? disc.angle : 0);
        }
        assert_int_equal(geo_result_pja(r, uiv, 2, &a), 0);
        near(a.value, sum, 1e-9);                /* bodies and discs between add up to it */
        assert_int_equal(geo_result_pja(r, uiv, 3, &a), GEO_E_MISSING);
        assert_int_equal(geo_result_pja(r, GEO_C3, 2, &a), GEO_E_MISSING);
        assert_int_equal(geo_result_disc_index(r, uiv, &a), 0);
        near(a.value * 2 * disc.depth, disc.anterior + disc.posterior, 1e-9);
        geo_result_free(r);
    }
}

static void shape_of_the_lordosis(void **state)
{
    (void)state;
    spine s = spine_make(&seed, &(spine_noise){ 0 });
    geo_result *r = measure(spine_case(&s, &right, 1));
    geo_lordosis l;
    assert_int_equal(geo_result_lordosis(r, &l), 0);
    assert_int_equal(l.inflection, GEO_T12);     /* the usual spine: -18 degrees there, L1 -17.75 */
    assert_int_equal(l.vertebrae, 6);
    assert_true(l.apex == GEO_L3 && l.apex_is_disc);
    assert_string_equal(geo_roussouly_shape(30, 10, 40, &l), "2");
    assert_string_equal(geo_roussouly_shape(40, 10, 50, &l), "3");
    assert_string_equal(geo_roussouly_shape(30, 10, 40, NULL), "1|2");
    assert_string_equal(geo_roussouly_shape(30, 10, 40, &(geo_lordosis){ .apex = GEO_L4, .apex_is_disc = 1, .vertebrae = 3 }), "1");
    assert_string_equal(geo_roussouly_shape(30, 10, 40, &(geo_lordosis){ .apex = GEO_L4, .vertebrae = 3 }), "1|2");
    assert_string_equal(geo_roussouly_shape(30, 10, 40, &(geo_lordosis){ .apex = GEO_L5, .vertebrae = 4 }), "1|2");
    geo_result_free(r);
    geo_case *c = geo_case_new();                /* without S1 */
    geo_case_facing(c, 1);
    for (int i = GEO_T1; i <= GEO_L5; i++) {
        geo_corners q = spine_body(&s, i, &right);
        geo_case_vertebra(c, i, &q);
    }
    r = measure(c);
    assert_int_equal(geo_result_lordosis(r, &l), GEO_E_MISSING);
    assert_string_equal(l.error, "E_MISSING:S1");
    geo_result_free(r);
}

/* Heights of one body of the usual spine scaled at its upper plate. */
static geo_case *with_fracture(int level, double anterior, double posterior)
{
    spine s = spine_make(&seed, &(spine_noise){ 0 });
    geo_point *p = s.corner[level];
    p[0].x = p[2].x + anterior * (p[0].x - p[2].x), p[0].y = p[2].y + anterior * (p[0].y - p[2].y);
    p[1].x = p[3].x + posterior * (p[1].x - p[3].x), p[1].y = p[3].y + posterior * (p[1].y - p[3].y);
    return spine_case(&s, &right, 1);
}

static void fractured_neighbours(void **state)
{
    (void)state;
    static const struct { int level; double anterior, posterior; } rows[] = { { GEO_L1, 0.55, 1 }, { GEO_T8, 0.6, 0.6 },
        { GEO_L3, 0.6, 0.65 }, { GEO_T12, 0.5, 0.9 } };
    geo_result *intact = measure(with_fracture(GEO_L1, 1, 1));
    for (int i = GEO_C3; i <= GEO_L5; i++) {
        geo_compression c, d;
        char text[40];
        snprintf(text, sizeof text, "W_NEIGHBOUR_FRACTURED:%s", geo_level_name(i));
        assert_false(warned(intact, text));
        assert_int_equal(geo_result_compression(intact, i, &c), 0);
        assert_int_equal(geo_result_compression_sound(intact, i, &d), 0);
        assert_memory_equal(&c, &d, sizeof c);   /* nothing to mend */
    }
    for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
        int level = rows[k].level;
        geo_result *r = measure(with_fracture(level, rows[k].anterior, rows[k].posterior));
        geo_compression spoilt, sound, truth;
        char text[40];
        snprintf(text, sizeof text, "W_NEIGHBOUR_FRACTURED:%s", geo_level_name(level));
        assert_true(warned(r, text));
        for (int i = level - 1; i <= level + 1; i += 2) {
            assert_int_equal(geo_result_compression(r, i, &spoilt), 0);
            assert_int_equal(geo_result_compression_sound(r, i, &sound), 0);
            assert_int_equal(geo_result_compression(intact, i, &truth), 0);
            assert_int_equal(spoilt.fractured[i < level], level);
            assert_int_equal(spoilt.fractured[i > level], 0);
            assert_true(spoilt.cr[0] > 1.15);
            for (int m = 0; m < 3; m++) near(sound.cr[m], truth.cr[m], 0.01);
        }
        assert_int_equal(geo_result_compression_sound(r, level, &sound), 0);
        assert_true(sound.grade >= 2 && !sound.one_neighbour);
        int lower = geo_parameter_find("LL"), upper = geo_parameter_find("L4S1");
        assert_int_equal(geo_result_fractured(r, lower), level == GEO_L1 ? GEO_L1 : 0);
        assert_int_equal(geo_result_fractured(r, upper), 0);
        assert_int_equal(geo_result_fractured(r, geo_parameter_find("TK")), level == GEO_T12 ? GEO_T12 : 0);
        geo_result_free(r);
    }
    assert_int_equal(geo_result_fractured(intact, -1), 0);
    geo_result_free(intact);
}

/* Persons with sound bodies: how many get the warning for nothing. */
static void few_sound_bodies_are_blamed(void **state)
{
    (void)state;
    int blamed = 0;
    enum { PEOPLE = 1000 };
    for (int k = 0; k < PEOPLE; k++) {
        spine s = spine_make(&seed, &(spine_noise){ 1, 1, 0.03, 0.2, 0 });
        geo_result *r = measure(spine_case(&s, &right, 1));
        for (int i = 0; i < geo_result_warnings(r); i++) blamed += !strncmp(geo_result_warning(r, i), "W_NEIGHBOUR", 11);
        geo_result_free(r);
    }
    printf("fractured neighbours: %d of %d sound bodies blamed\n", blamed, 22 * PEOPLE);
    assert_true(blamed < 22 * PEOPLE / 500);
}

/* ---- from masks --------------------------------------------------------------------------------------------------------------------- */

enum { FH = 2200, FW = 1100 };
static uint8_t film[FH * FW];

static geo_result *traced(double sx, double sy, geo_case **keep)
{
    int status;
    geo_tracing *t = geo_tracing_new(film, FH, FW, NULL, &status);
    geo_case *c = geo_case_new();
    assert_non_null(t);
    geo_case_spacing(c, sx, sy), geo_case_facing(c, 1);
    assert_true(geo_tracing_landmarks(t, c) > 0);
    geo_tracing_free(t);
    if (keep) *keep = geo_case_copy(c);
    return measure(c);
}

/* Both plates of L2 hollowed out: only the middle height tells. */
static void biconcave_body_of_a_mask(void **state)
{
    (void)state;
    spine s = spine_make(&seed, &(spine_noise){ 0 });
    spine_view v = { 1, 0.35, 0.35, FW / 2, 1750, 0 };
    geo_compression before, after;
    spine_draw(&s, &v, film, FH, FW);
    geo_result *r = traced(0.35, 0.35, NULL);
    assert_int_equal(geo_result_compression(r, GEO_L2, &before), 0);
    assert_int_equal(before.grade, 0);
    near(before.cr[1], 1, 0.06);
    geo_result_free(r);
    geo_corners q = spine_body(&s, GEO_L2, &v);
    double depth = hypot(q.sa.x - q.sp.x, q.sa.y - q.sp.y), bite = 0.16 * hypot(q.sa.x - q.ia.x, q.sa.y - q.ia.y);
    for (int y = 0; y < FH; y++)
        for (int x = 0; x < FW; x++)
            for (int k = 0; k < 2; k++) {
                geo_point a = k ? q.ia : q.sa, p = k ? q.ip : q.sp, o = k ? q.sp : q.ip;
                double ex = (a.x - p.x) / depth, ey = (a.y - p.y) / depth, t = ((x - p.x) * ex + (y - p.y) * ey) / depth;
                double in = fabs((x - p.x) * ey - (y - p.y) * ex), far = fabs((x - o.x) * ey - (y - o.y) * ex);
                int bitten = t > 0 && t < 1 && in < far && in < bite * pow(sin(3.14159265 * t), 2);
                if (film[y * FW + x] == GEO_L2 && bitten) film[y * FW + x] = 0;
            }
    r = traced(0.35, 0.35, NULL);
    assert_int_equal(geo_result_compression(r, GEO_L2, &after), 0);
    near(after.cr[1], before.cr[1] - 0.32, 0.05);
    near(after.cr[0], before.cr[0], 0.05);
    assert_string_equal(after.type, "biconcave");
    assert_int_equal(after.grade, 2);
    geo_result_free(r);
}

static void fill_box(geo_point centre, double w, double h, double sx, double sy, uint8_t value)
{
    geo_point p[4];
    for (int k = 0; k < 4; k++)
        p[k] = (geo_point){ (centre.x + (k == 1 || k == 2 ? w : -w) / 2) / sx, (centre.y + (k < 2 ? -h : h) / 2) / sy };
    geo_mask_fill(&(geo_contour){ p, 4 }, film, FH, FW, value);
}

/* C2 with its dens and two arches of C1, in mm; the same in square pixels and in pixels that are higher or lower than wide. */
static void c1_in_any_pixels(void **state)
{
    (void)state;
    static const double sy[] = { 0.1, 0.07, 0.15, 0.2 };
    for (size_t k = 0; k < sizeof sy / sizeof *sy; k++) {
        memset(film, 0, sizeof film);
        fill_box((geo_point){ 50, 52 }, 18, 22, 0.1, sy[k], GEO_C2), fill_box((geo_point){ 50, 34 }, 9, 20, 0.1, sy[k], GEO_C2);
        fill_box((geo_point){ 59, 34 }, 6, 10, 0.1, sy[k], GEO_C1), fill_box((geo_point){ 25, 36 }, 8, 9, 0.1, sy[k], GEO_C1);
        geo_case *c;
        geo_result *r = traced(0.1, sy[k], &c);
        near(get(r, "ADI"), 1.5, 0.25);
        near(get(r, "SAC"), 16.5, 0.25);
        assert_false(warned(r, "W_LOW_QUALITY:C1"));
        geo_result_free(r), geo_case_free(c);
    }
}

/* Edges blurred by a normal distribution of SD 1 and 2 pixels: the map's own band tells the SD, and the values spread with it. */
static void probability_maps(void **state)
{
    (void)state;
    spine s = spine_make(&seed, &(spine_noise){ 0 });
    spine_view v = { 1, 0.5, 0.5, FW / 2, 1300, 0 };
    int status, n = geo_parameters(), ll = geo_parameter_find("LL");
    float *map = calloc((size_t)FH * FW, sizeof *map);
    geo_spread *known = calloc((size_t)n, sizeof *known), *told = calloc((size_t)n, sizeof *told);
    spine_draw(&s, &v, film, FH, FW);
    geo_case *c = geo_case_new();
    geo_case_spacing(c, v.sx, v.sy), geo_case_facing(c, 1);
    for (int sd = 1; sd <= 2; sd++) {
        geo_tracing *hard = geo_tracing_new(film, FH, FW, NULL, &status), *soft = geo_tracing_new(film, FH, FW, NULL, &status);
        for (int level = GEO_L1; level <= 25; level += level == GEO_L1 ? 4 : 1) {          /* L1, L5, S1: what LL rests on */
            const geo_contour *o = geo_tracing_contour(hard, (uint8_t)level);
            uint8_t *m = calloc((size_t)FH * FW, 1);
            double *in = malloc((size_t)FH * FW * sizeof *in), *out = malloc((size_t)FH * FW * sizeof *out);
            assert_non_null(o);
            for (int i = 0; i < FH * FW; i++) m[i] = film[i] == level;
            geo_distance(m, FH, FW, 1, 1, out);
            for (int i = 0; i < FH * FW; i++) m[i] = !m[i];
            geo_distance(m, FH, FW, 1, 1, in);
            for (int i = 0; i < FH * FW; i++) map[i] = (float)(0.5 * erfc((out[i] > 0 ? out[i] - 0.5 : 0.5 - in[i]) / (sd * 1.41421356)));
            assert_int_equal(geo_tracing_soft(soft, (uint8_t)level, map), GEO_OK);
            free(m), free(in), free(out);
        }
        geo_jitter o;
        geo_jitter_defaults(&o);
        o.draws = 60, o.sd = sd;
        assert_int_equal(geo_uncertainty(hard, c, &o, known, NULL), GEO_OK);
        o.sd = 5;                                /* what the maps say goes before it */
        assert_int_equal(geo_uncertainty(soft, c, &o, told, NULL), GEO_OK);
        near(told[ll].sd / known[ll].sd, 1, 0.25);
        near(told[ll].mean, known[ll].mean, 0.8 * sd);
        geo_tracing_free(hard), geo_tracing_free(soft);
    }
    geo_tracing *t = geo_tracing_new(film, FH, FW, NULL, &status);
    memset(map, 0, (size_t)FH * FW * sizeof *map);
    assert_int_equal(geo_tracing_soft(t, GEO_L1, map), GEO_EMPTY);
    assert_true(geo_tracing_contour(t, GEO_L1) != NULL);                /* the old outline stays */
    assert_int_equal(geo_tracing_soft(t, 0, map), GEO_BAD);
    map[5] = NAN;
    assert_int_equal(geo_tracing_soft(t, GEO_L1, map), GEO_BAD);
    geo_tracing_free(t), geo_case_free(c), free(map), free(known), free(told);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(targets_by_age), cmocka_unit_test(grades_of_single_values),
        cmocka_unit_test(junction_and_disc), cmocka_unit_test(shape_of_the_lordosis), cmocka_unit_test(fractured_neighbours),
        cmocka_unit_test(few_sound_bodies_are_blamed), cmocka_unit_test(biconcave_body_of_a_mask), cmocka_unit_test(c1_in_any_pixels),
        cmocka_unit_test(probability_maps) };
    return RUN_TESTS(tests);
}
