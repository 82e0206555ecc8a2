/* geometry_views_test.c - the whole way in one call for what is no label map of a lateral film: instances, frontal films, landmarks with
 * noise, fractures that only a mask shows, and nothing at all. */
#include "tests/chain_rig.h"

/* Instances that overlap, in any order; the worse one of a pair of duplicates goes. */
static void instances(void **state)
{
    (void)state;
    static uint8_t mask[FH * FW];
    spine s;
    int status;
    draw(&s, &right);
    geo_tracing *t = geo_tracing_empty(FH, FW, &status);
    for (int k = 0; k < 2; k++)
        for (int v = 27; v >= 2; v--) {
            if (k && v != GEO_T7) continue;
            for (int64_t i = 0; i < FH * FW; i++) mask[i] = film[i] == v;
            int role = v == 25 ? GEO_ROLE_SACRUM : v >= 26 ? GEO_ROLE_HEAD : v == GEO_C2 ? GEO_C2 : GEO_ROLE_BODY;
            assert_int_equal(geo_tracing_add(t, mask, role, k ? 0.4 : 0.9), GEO_OK);
        }
    memset(mask, 0, sizeof mask);
    assert_int_equal(geo_tracing_add(t, mask, GEO_ROLE_BODY, 1), GEO_EMPTY);
    assert_int_equal(geo_tracing_add(t, mask, 77, 1), GEO_BAD);
    geo_choices o;
    geo_chain c;
    geo_choices_defaults(&o);
    o.sx = o.sy = 0.35;
    assert_int_equal(geo_chain_measure(t, &o, &c), GEO_OK);
    assert_int_equal(c.n, 23);
    assert_int_equal(c.dropped, 1);
    for (int i = 0; i < c.n; i++) assert_int_equal(c.body[i].level, GEO_C2 + i);
    geo_chain_free(&c), geo_tracing_free(t);
}

/* A biconcave body: its corners are right, and the middle height is seen all the same. */
static void biconcave(void **state)
{
    (void)state;
    spine s;
    draw(&s, &right);
    geo_corners q = spine_body(&s, GEO_L2, &right);
    double h = hypot((q.sa.x + q.sp.x - q.ia.x - q.ip.x) / 2, (q.sa.y + q.sp.y - q.ia.y - q.ip.y) / 2);
    geo_point m = { (q.sa.x + q.sp.x) / 2, (q.sa.y + q.sp.y) / 2 }, down = { (q.ia.x + q.ip.x) / 2 - m.x, (q.ia.y + q.ip.y) / 2 - m.y };
    geo_point bite[3] = { { q.sa.x * 0.8 + q.sp.x * 0.2, q.sa.y * 0.8 + q.sp.y * 0.2 }, { m.x + 0.3 * down.x, m.y + 0.3 * down.y },
                          { q.sa.x * 0.2 + q.sp.x * 0.8, q.sa.y * 0.2 + q.sp.y * 0.8 } };
    geo_mask_fill(&(geo_contour){ bite, 3 }, film, FH, FW, 0);
    measured_film f = measure(&s, &right, as_levels, GEO_REGION_WHOLE, 0);
    geo_compression g;
    assert_int_equal(geo_result_compression(f.chain.result, GEO_L2, &g), 0);
    assert_true(h > 20);
    near(g.cr[1], 0.7, 0.06);
    assert_string_equal(g.type, "biconcave");
    drop(&f);
}

/* 17 bodies across a curve, value 1, in film and as corners. */
static void draw_frontal_curve(geo_quad q[17])
{
    memset(film, 0, sizeof film);
    for (int i = 0; i < 17; i++) {
        double x = 500 + 90 * sin(i * 0.35), slope = atan2(90 * 0.35 * cos(i * 0.35), 100), c = cos(slope), n = sin(slope);
        static const double u[4] = { -42, 42, 40, -40 }, v[4] = { -33, -33, 33, 33 };
        geo_point p[4];
        for (int k = 0; k < 4; k++) p[k] = q[i].p[k] = (geo_point){ x + c * u[k] + n * v[k], 150 + 100 * i - n * u[k] + c * v[k] };
        geo_mask_fill(&(geo_contour){ p, 4 }, film, FH, FW, 1);
    }
}

static void frontal(void **state)
{
    (void)state;
    geo_quad q[17];
    draw_frontal_curve(q);
    for (int method = GEO_COBB_MIDLINE; method <= GEO_COBB_ENDPLATE; method++) {
        int role[256] = { [1] = GEO_ROLE_BODY }, status;
        geo_tracing *t = geo_tracing_new(film, FH, FW, role, &status);
        geo_cobb want;
        geo_chain c;
        geo_choices o;
        geo_choices_defaults(&o);
        o.region = GEO_REGION_AP, o.cobb = method;
        assert_int_equal(geo_chain_measure(t, &o, &c), GEO_OK);
        assert_int_equal(geo_cobb_find(q, 17, 1, 1, FH, method, &want), GEO_OK);
        assert_int_equal(c.n, 17);
        assert_int_equal(c.cobb_status, GEO_OK);
        assert_true(want.main > 20 && !c.film && !c.result);
        near(c.cobb.main, want.main, 2);
        assert_int_equal(c.cobb.convex, want.convex);
        for (int i = 0; i < 17; i++) assert_int_equal(c.body[i].level, GEO_T1 + i);
        assert_int_equal(c.warnings, 1);         /* that pixels are taken for square */
        geo_chain_free(&c), geo_tracing_free(t);
    }
}

/* A body askew to the spine would be the whole Cobb angle; named ones far apart are nobody's mistake. */
static void frontal_askew(void **state)
{
    (void)state;
    int status;
    geo_chain c;
    geo_choices o;
    memset(film, 0, sizeof film);
    for (int i = 0; i < 17; i++) {
        double turn = i == 8 ? 0.7 : 0.02 * (i - 8), cs = cos(turn), sn = sin(turn);
        static const double u[4] = { -42, 42, 42, -42 }, v[4] = { -22, -22, 22, 22 };
        geo_point p[4];
        for (int k = 0; k < 4; k++) p[k] = (geo_point){ 500 + cs * u[k] - sn * v[k], 150 + 100 * i + sn * u[k] + cs * v[k] };
        geo_mask_fill(&(geo_contour){ p, 4 }, film, FH, FW, (uint8_t)(GEO_T1 + i));
    }
    geo_tracing *t = geo_tracing_new(film, FH, FW, NULL, &status);
    geo_choices_defaults(&o);
    o.region = GEO_REGION_AP, o.sx = o.sy = 0.2;
    assert_int_equal(geo_chain_measure(t, &o, &c), GEO_OK);
    near(c.cobb.main, 0.32 * 57.29578, 1.5);
    assert_int_equal(c.cobb.upper_end, 0);
    assert_int_equal(c.cobb.lower_end, 16);
    int found = 0;
    for (int i = 0; i < c.warnings; i++) found |= !strcmp(c.warning[i], "W_ODD_TILT:T9");
    assert_true(found && !c.count);
    for (int i = 0; i < c.n; i++) assert_true(!c.body[i].missing && c.body[i].level == GEO_T1 + i);      /* wide gaps, and nobody missing */
    geo_chain_free(&c), geo_tracing_free(t);
}

/* A body below the lowest level has none, and counts neither in the angle nor in its spread. */
static void frontal_without_a_level(void **state)
{
    (void)state;
    int status, role[256] = { [1] = GEO_ROLE_BODY, [2] = GEO_L5 };
    geo_quad q[17];
    geo_chain c;
    geo_choices o;
    draw_frontal_curve(q);
    for (int y = 1650; y < FH; y++) for (int x = 0; x < FW; x++) film[y * FW + x] = 0;          /* the lowest two */
    for (int k = 15; k < 17; k++) {
        const double turn = k == 16 ? 0.36 : 0, cs = cos(turn), sn = sin(turn);
        static const double u[4] = { -42, 42, 42, -42 }, v[4] = { -33, -33, 33, 33 };
        geo_point p[4];
        for (int i = 0; i < 4; i++) p[i] = (geo_point){ 455 + cs * u[i] - sn * v[i], 150 + 100 * k + sn * u[i] + cs * v[i] };
        geo_mask_fill(&(geo_contour){ p, 4 }, film, FH, FW, k == 15 ? 2 : 1);
    }
    geo_tracing *t = geo_tracing_new(film, FH, FW, role, &status);
    geo_choices_defaults(&o);
    o.region = GEO_REGION_AP;
    assert_int_equal(geo_chain_measure(t, &o, &c), GEO_OK);
    assert_int_equal(c.cobb_status, GEO_OK);
    int without = 0;
    for (int i = 0; i < c.n; i++) without += !c.body[i].level;
    assert_int_equal(without, 1);
    assert_true(c.body[c.cobb.upper_end].level && c.body[c.cobb.lower_end].level);
    geo_chain_free(&c), geo_tracing_free(t);
}

static void nothing_and_nonsense(void **state)
{
    (void)state;
    int status;
    geo_chain c;
    geo_choices o;
    memset(film, 0, sizeof film);
    for (int y = 5; y < 40; y++) for (int x = 5; x < 30; x++) film[y * FW + x] = 29;
    geo_tracing *t = geo_tracing_new(film, FH, FW, NULL, &status);
    geo_choices_defaults(&o);
    o.region = 9;
    assert_int_equal(geo_chain_measure(t, &o, &c), GEO_BAD);
    geo_choices_defaults(&o);
    o.region = GEO_REGION_AP;
    assert_int_equal(geo_chain_measure(t, &o, &c), GEO_OK);
    assert_int_equal(c.cobb_status, GEO_EMPTY);
    o.region = GEO_REGION_WHOLE, o.sx = 0.1;
    assert_int_equal(geo_chain_measure(t, &o, &c), GEO_BAD);
    assert_int_equal(geo_chain_measure(NULL, NULL, &c), GEO_BAD);
    geo_tracing_free(t);
    assert_string_equal(geo_region_name(GEO_REGION_AP), "ap");
    assert_string_equal(geo_region_name(5), "");
}

/* Two draws of the same noise agree, and it is about what an independent program found (1 mm a landmark: SS 2.4, PT 0.5, PI 2.5). */
static void noise_of_points(void **state)
{
    (void)state;
    spine s = spine_make(&seed, &(spine_noise){ 0, 0, 0, 0, 0 });
    geo_case *c = spine_case(&s, &right, 1);
    geo_spread *a = calloc((size_t)geo_parameters(), sizeof *a), *b = calloc((size_t)geo_parameters(), sizeof *b);
    geo_jitter o;
    double share[3];
    geo_jitter_defaults(&o);
    o.draws = 2000, o.sd = 1 / 0.35;
    assert_int_equal(geo_uncertainty_points(c, &o, a, share), GEO_OK);
    assert_int_equal(geo_uncertainty_points(c, &o, b, NULL), GEO_OK);
    static const struct { const char *name; double sd; } rows[] = { { "SS", 2.4 }, { "PT", 0.5 }, { "PI", 2.5 }, { "PILL", 2.4 },
        { "TPA", 0.45 },
                                                                    { "SVA", 1.1 } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int p = geo_parameter_find(rows[i].name);
        near(a[p].sd, rows[i].sd, 0.15 * rows[i].sd);
        assert_true(a[p].n == 2000 && a[p].sd == b[p].sd);
    }
    near(share[0] + share[1] + share[2], 1, 1e-12);
    o.draws = 1;
    assert_int_equal(geo_uncertainty_points(c, &o, a, share), GEO_BAD);
    free(a), free(b), geo_case_free(c);
}

/* Outlines of a frontal film: repeatable, growing with the noise, and the tracing is as it was before. Free tilts of single bodies make the
 * largest of many differences larger, so the mean lies above the angle. */
static void noise_of_frontal_outlines(void **state)
{
    (void)state;
    geo_quad q[17];
    int role[256] = { [1] = GEO_ROLE_BODY }, status;
    geo_chain c;
    geo_choices o;
    geo_jitter j;
    geo_cobb_spread a, b, wide, plates;
    draw_frontal_curve(q);
    geo_choices_defaults(&o), geo_jitter_defaults(&j);
    o.region = GEO_REGION_AP, j.draws = 40;
    geo_tracing *t = geo_tracing_new(film, FH, FW, role, &status);
    assert_int_equal(geo_chain_measure(t, &o, &c), GEO_OK);
    assert_int_equal(geo_uncertainty_cobb(t, &o, &j, &a), GEO_OK);
    assert_int_equal(geo_uncertainty_cobb(t, &o, &j, &b), GEO_OK);
    assert_memory_equal(&a, &b, sizeof a);
    assert_true(a.main.n == 40 && a.upper.n == 40 && a.lower.n == 40);
    assert_true(a.main.sd > 0.2 && a.main.sd < 2 && a.main.mean > c.cobb.main - 0.5 && a.main.mean < c.cobb.main + 3);
    near(a.grade[0] + a.grade[1] + a.grade[2] + a.grade[3], 1, 1e-12);
    assert_true(a.grade[2] + a.grade[3] == 1);              /* 34 degrees */
    j.sd = 3;
    assert_int_equal(geo_uncertainty_cobb(t, &o, &j, &wide), GEO_OK);
    assert_true(wide.main.sd > 1.5 * a.main.sd);
    o.cobb = GEO_COBB_ENDPLATE, j.sd = 1;
    assert_int_equal(geo_uncertainty_cobb(t, &o, &j, &plates), GEO_OK);
    assert_true(plates.main.n == 40 && plates.upper.n == 0 && plates.lower.n == 0 && plates.main.sd > a.main.sd);
    o.cobb = GEO_COBB_MIDLINE;
    geo_chain again;
    assert_int_equal(geo_chain_measure(t, &o, &again), GEO_OK);
    assert_true(again.cobb.main == c.cobb.main && again.n == c.n);
    j.draws = 1;
    assert_int_equal(geo_uncertainty_cobb(t, &o, &j, &a), GEO_BAD);
    assert_int_equal(geo_uncertainty_cobb(NULL, &o, &j, &a), GEO_BAD);
    geo_chain_free(&c), geo_chain_free(&again), geo_tracing_free(t);
}

/* Two bodies 100 pixels wide, 10 degrees apart. The end of a middle line is the mean of two corners, so each tilt has an SD of 1 / 100 and
 * their difference one of sqrt(2) / 100; half of the draws are no scoliosis. */
static void noise_of_frontal_corners(void **state)
{
    (void)state;
    geo_quad q[2];
    for (int i = 0; i < 2; i++) {
        const double tilt = (i ? -5 : 5) / 57.29577951308232, c = cos(tilt), s = sin(tilt);
        static const double u[4] = { -50, 50, 50, -50 }, v[4] = { -30, -30, 30, 30 };
        for (int k = 0; k < 4; k++) q[i].p[k] = (geo_point){ 200 + c * u[k] - s * v[k], 100 + 90 * i + s * u[k] + c * v[k] };
    }
    geo_jitter j;
    geo_cobb_spread a, plates;
    geo_jitter_defaults(&j);
    j.draws = 4000;
    assert_int_equal(geo_uncertainty_quads(q, 2, 0.2, 0.2, 300, GEO_COBB_MIDLINE, &j, &a), GEO_OK);
    near(a.main.mean, 10, 0.05);
    near(a.main.sd, sqrt(2) / 100 * 57.29577951308232, 0.03);
    near(a.grade[0], 0.5, 0.03);
    near(a.grade[1], 0.5, 0.03);
    near(a.grade[2] + a.grade[3], 0, 0);
    assert_int_equal(geo_uncertainty_quads(q, 2, 0.2, 0.2, 300, GEO_COBB_ENDPLATE, &j, &plates), GEO_OK);
    near(plates.main.sd, 2. / 100 * 57.29577951308232, 0.05);
    assert_int_equal(plates.upper.n, 0);
    assert_int_equal(geo_uncertainty_quads(q, 1, 0.2, 0.2, 300, GEO_COBB_MIDLINE, &j, &a), GEO_BAD);
    assert_int_equal(geo_uncertainty_quads(q, 2, 0, 0.2, 300, GEO_COBB_MIDLINE, &j, &a), GEO_BAD);
    assert_string_equal(geo_cobb_grade(2), "moderate");
    assert_string_equal(geo_cobb_grade(4), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(instances),
        cmocka_unit_test(biconcave),
        cmocka_unit_test(frontal),
        cmocka_unit_test(frontal_askew),
        cmocka_unit_test(frontal_without_a_level),
        cmocka_unit_test(nothing_and_nonsense),
        cmocka_unit_test(noise_of_points),
        cmocka_unit_test(noise_of_frontal_outlines),
        cmocka_unit_test(noise_of_frontal_corners),
    };
    return cmocka_run_group_tests(tests, make_roles, NULL);
}
