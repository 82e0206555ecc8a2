/* geometry_corners_test.c - corners of bodies: as precise as was once measured, and honest about what is no body. */
#include "tests/test.h"
#include "eval/bench_corners.h"
#include "geometry/corners.h"

/* Every tenth cell of the 81, with the recorded 700 bodies, against tests/golden/corners.tsv (`darkspine bench geometry` runs all). */
static void as_precise_as_recorded(void **state)
{
    (void)state;
    FILE *f = fopen("tests/golden/corners.tsv", "r");
    assert_non_null(f);
    char line[256], scenario[32];
    int cell = 0;
    while (fgets(line, sizeof line, f)) {
        double depth, length, noise, want[CORNERS_METHODS];
        if (sscanf(line, "%31s %lf %lf %lf %lf %lf %lf %lf %lf %lf %lf %lf", scenario, &depth, &length, &noise, want, want + 1, want + 2,
            want + 3, want + 4, want + 5, want + 6, want + 7) != 12) continue;
        if (cell % 10 == 0) {
            corners_cell c = bench_corners(cell, 700);
            assert_string_equal(c.scenario, scenario);
            assert_true(c.depth == depth && c.length == length && c.noise == noise);
            for (int m = 0; m < CORNERS_METHODS; m++) {
                if (!(c.by[m].rmse <= want[m] + 0.0051))            /* recorded to 0.01 degrees */
                    fail_msg("%s %g %g %g: %s has %.2f, recorded %.2f", scenario, depth, length, noise, corners_methods[m].name,
                        c.by[m].rmse, want[m]);
                assert_true(c.by[m].failed < (corners_methods[m].method == GEO_CORNERS_SIDES ? 0.1 : 0.005));    /* a leak bends a side */
            }
        }
        cell++;
    }
    fclose(f);
    assert_int_equal(cell, CORNERS_CELLS);
}

static geo_point p[400];
/* A quadrilateral with 100 points a side. */
static geo_contour sides(const double xy[8])
{
    for (int i = 0; i < 400; i++) {
        const double *a = xy + 2 * (i / 100), *b = xy + 2 * ((i / 100 + 1) % 4), t = i % 100 / 100.;
        p[i] = (geo_point){ a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1]) };
    }
    return (geo_contour){ p, 400 };
}

static void all_methods_on_a_clean_body(void **state)
{
    (void)state;
    for (int turn = -60; turn <= 60; turn += 5) {
        double xy[8], c = cos(turn / 57.29577951308232), s = sin(turn / 57.29577951308232);
        static const double level[8] = { -40, -26, 40, -28, 41, 27, -39, 26 };
        for (int k = 0; k < 4; k++) xy[2 * k] = 200 + c * level[2 * k] - s * level[2 * k + 1],
            xy[2 * k + 1] = 300 + s * level[2 * k] + c * level[2 * k + 1];
        geo_contour q = sides(xy);
        for (int method = GEO_CORNERS_AUTO; method <= GEO_CORNERS_SIDES; method++) {
            geo_corners_options o;
            geo_body b;
            geo_corners_defaults(&o);
            o.method = method, o.up = (geo_point){ s, -c };
            assert_int_equal(geo_corners_find(&q, &o, &b), GEO_OK);
            assert_int_equal(b.faults, 0);
            assert_int_equal(b.method, method == GEO_CORNERS_AUTO ? GEO_CORNERS_MEAN : method);
            for (int k = 0; k < 4; k++)
                near(hypot(b.quad.p[k].x - xy[2 * k], b.quad.p[k].y - xy[2 * k + 1]), 0, method == GEO_CORNERS_AXIS ||
                    method == GEO_CORNERS_RECTANGLE ? 3 : 1);
            assert_true(b.disagreement < 2);
            geo_corners named = geo_corners_name(&b.quad, -1);
            geo_quad back = geo_corners_quad(&named, -1);
            assert_memory_equal(&back, &b.quad, sizeof back);
        }
    }
}

static void what_is_no_body_is_said(void **state)
{
    (void)state;
    static const struct { double xy[8]; unsigned faults; } rows[] = {
        { { 0, 0, 100, 0, 100, 20, 0, 20 }, GEO_FAULT_ASPECT },
        { { 0, 0, 100, 0, 100, 200, 0, 200 }, GEO_FAULT_ASPECT },
        { { 0, 0, 100, 0, 60, 80, 0, 40 }, GEO_FAULT_WEDGE },
        { { 0, 0, 100, 60, 200, 60, 100, 0 }, GEO_FAULT_ANGLE },
    };
    geo_body b;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        geo_contour q = sides(rows[i].xy);
        geo_corners_options o;
        geo_corners_defaults(&o);
        o.method = GEO_CORNERS_EXTREME;
        assert_int_equal(geo_corners_find(&q, &o, &b), GEO_OK);
        if (!(b.faults & rows[i].faults)) fail_msg("row %d: faults %x", (int)i, b.faults);
    }
    double flat[8] = { 0, 0, 100, 0, 100, 0, 0, 0 }, nan[8] = { 0, 0, NAN, 0, 100, 50, 0, 50 };
    geo_contour q = sides(flat);
    assert_int_equal(geo_corners_find(&q, NULL, &b), GEO_DEGENERATE);
    q = sides(nan);
    assert_int_equal(geo_corners_find(&q, NULL, &b), GEO_BAD);
    q.n = 0;
    assert_int_equal(geo_corners_find(&q, NULL, &b), GEO_DEGENERATE);
    for (int i = 0; i < 400; i++) p[i] = (geo_point){ 50 + 30 * cos(i * 0.0157), 50 + 30 * sin(i * 0.0157) };
    q.n = 400;
    int status = geo_corners_find(&q, NULL, &b);                        /* a disc has no corners */
    assert_true(status == GEO_DEGENERATE || b.method == GEO_CORNERS_AXIS || b.method == GEO_CORNERS_RECTANGLE);
}

/* Lips at the corners draw all estimators outwards but the crossings of the sides; the automatic choice takes these, and where there is
 * no lip it does not. */
static void osteophytes_are_survived(void **state)
{
    (void)state;
    static uint8_t mask[CORNERS_SIDE * CORNERS_SIDE], truth[CORNERS_SIDE * CORNERS_SIDE];
    double square[2][3] = { { 0 } };                        /* [mean, auto][scenario] */
    int sides[3] = { 0 }, n = 60;
    for (int t = 0; t < 3 * n; t++) {
        const int scenario = t / n;
        geo_quad q;
        geo_contour c;
        body_draw(27 * scenario + 18 + 3, t % n, mask, truth, &q);          /* 80 pixels deep, noise of 0.4 */
        assert_int_equal(geo_contour_trace(mask, CORNERS_SIDE, CORNERS_SIDE, &c, NULL), GEO_OK);
        for (int k = 0; k < 2; k++) {
            geo_corners_options o;
            geo_body b;
            geo_corners_defaults(&o);
            o.method = k ? GEO_CORNERS_AUTO : GEO_CORNERS_MEAN, o.fractured = 1;
            geo_corners_find(&c, &o, &b);
            const geo_point *p = b.quad.p, *r = q.p;
            const double e = (atan2(p[1].y - p[0].y, p[1].x - p[0].x) - atan2(r[1].y - r[0].y, r[1].x - r[0].x)) * 57.29577951308232;
            square[k][scenario] += e * e / n, sides[scenario] += k && b.method == GEO_CORNERS_SIDES;
        }
        geo_contour_free(&c);
    }
    assert_true(sides[0] == 0 && sides[1] == 0 && sides[2] > 0.9 * n);
    assert_true(sqrt(square[1][2]) < 1.6 && sqrt(square[0][2]) > 2.2);
}

/* A leak sends RDP's corners to its tip; the automatic choice does not follow it. */
static void a_leak_is_survived(void **state)
{
    (void)state;
    static uint8_t mask[CORNERS_SIDE * CORNERS_SIDE], truth[CORNERS_SIDE * CORNERS_SIDE];
    double worst[2] = { 0 };
    for (int t = 0; t < 60; t++) {
        geo_quad q;
        geo_contour c;
        body_draw(27 + 18, t, mask, truth, &q);
        assert_int_equal(geo_contour_trace(mask, CORNERS_SIDE, CORNERS_SIDE, &c, NULL), GEO_OK);
        for (int k = 0; k < 2; k++) {
            geo_corners_options o;
            geo_body b;
            geo_corners_defaults(&o);
            o.method = k ? GEO_CORNERS_AUTO : GEO_CORNERS_RDP;
            if (geo_corners_find(&c, &o, &b) == GEO_OK)
                for (int i = 0; i < 4; i++) worst[k] = fmax(worst[k], hypot(b.quad.p[i].x - q.p[i].x, b.quad.p[i].y - q.p[i].y));
        }
        geo_contour_free(&c);
    }
    assert_true(worst[0] > 15 && worst[1] < 12);
}

/* Pixels along the outline, each once, and the moments of all within, counted pixel by pixel. */
static void a_rim_is_its_pixels(void **state)
{
    (void)state;
    enum { SIDE = 40 };
    static uint8_t mask[SIDE * SIDE], clean[SIDE * SIDE];
    uint64_t seed = 3;
    for (int t = 0; t < 200; t++) {
        for (int i = 0; i < SIDE * SIDE; i++) {             /* a disc with teeth */
            const double x = i % SIDE - 19.3, y = i / SIDE - 20.1;
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            mask[i] = hypot(x, 0.7 * y) < 9 + 4 * (double)(seed >> 33) / 0x1p31;
        }
        geo_contour c;
        rim r;
        double n = 0, sx = 0, sy = 0, xx = 0, xy = 0, yy = 0;
        int64_t edge = 0;
        assert_int_equal(geo_mask_clean(mask, SIDE, SIDE, clean, NULL), GEO_OK);
        assert_int_equal(geo_contour_trace(mask, SIDE, SIDE, &c, NULL), GEO_OK);
        assert_int_equal(rim_of(&c, &r), GEO_OK);
        for (int i = 0; i < SIDE * SIDE; i++) if (clean[i]) n++, sx += i % SIDE, sy += i / SIDE;
        for (int i = 0; i < SIDE * SIDE; i++) {
            const double x = i % SIDE - sx / n, y = i / SIDE - sy / n;
            if (!clean[i]) continue;
            xx += x * x / n, xy += x * y / n, yy += y * y / n;
            edge += !(clean[i - 1] && clean[i + 1] && clean[i - SIDE] && clean[i + SIDE]);
        }
        near(r.m.area, n, 1e-6);
        near(r.m.centre.x, sx / n, 1e-9);
        near(r.m.centre.y, sy / n, 1e-9);
        near(r.m.spread[0] * r.m.spread[0] + r.m.spread[1] * r.m.spread[1], xx + yy + 1 / 6., 1e-8);
        near(r.m.axis.x * r.m.axis.y * (xx - yy), (r.m.axis.x * r.m.axis.x - r.m.axis.y * r.m.axis.y) * xy, 1e-8);
        near(r.inside, 0.5, 0);
        assert_true(r.c.n >= edge);                         /* a bridge one pixel wide is passed on both sides */
        for (int64_t i = 0; i < r.c.n; i++) {
            const geo_point p = r.c.p[i], q = r.c.p[i + 1 < r.c.n ? i + 1 : 0];
            assert_true(clean[(int)p.y * SIDE + (int)p.x] && (p.x != q.x || p.y != q.y) && fabs(p.x - q.x) <= 1 && fabs(p.y - q.y) <= 1);
        }
        geo_contour_free(&r.c), geo_contour_free(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(as_precise_as_recorded), cmocka_unit_test(all_methods_on_a_clean_body),
        cmocka_unit_test(what_is_no_body_is_said), cmocka_unit_test(osteophytes_are_survived), cmocka_unit_test(a_leak_is_survived),
        cmocka_unit_test(a_rim_is_its_pixels) };
    return RUN_TESTS(tests);
}
