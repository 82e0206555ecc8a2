/* geometry_chain_test.c - the whole way in one call: what it does with films whose names, bodies or pixels are missing, merged, split or
 * wrong. The truth is that of the drawn spine. */
#include "tests/chain_rig.h"

static void named_and_unnamed(void **state)
{
    (void)state;
    for (int k = 0; k < 6; k++) {
        spine s;
        spine_view v = right;
        v.facing = k % 2 ? -1 : 1, v.sy = k == 5 ? 0.42 : 0.35, v.y0 = k == 5 ? 1500 : 1750;
        draw(&s, &v);
        for (int unnamed = 0; unnamed < 2; unnamed++) {
            if (unnamed) forget_names();
            measured_film m = measure(&s, &v, unnamed ? as_whole : as_levels, GEO_REGION_WHOLE, 0);
            assert_int_equal(m.chain.n, 23);
            assert_int_equal(m.chain.made + m.chain.dropped + m.chain.count, 0);
            right_levels(&m, &s, &v, 1);
            close_to_truth(&m, 2.5, 2);
            geo_circle head[2];
            int heads = geo_case_heads(m.chain.film, head);             /* two that lie on each other are one outline, and count as one */
            assert_true(unnamed ? heads > 0 : heads == 2);
            drop(&m);
        }
    }
}

static void missing_is_made_up(void **state)
{
    (void)state;
    static const int gone[] = { GEO_T8, GEO_L3, GEO_C5, GEO_T12, GEO_T4 };
    for (size_t k = 0; k < sizeof gone / sizeof *gone; k++)
        for (int unnamed = 0; unnamed < 2; unnamed++) {
            spine s;
            char text[32];
            draw(&s, &right);
            paint(gone[k], 0);
            if (unnamed) forget_names();
            measured_film m = measure(&s, &right, unnamed ? as_whole : as_levels, GEO_REGION_WHOLE, 0);
            snprintf(text, sizeof text, "W_INTERPOLATED:%s", geo_level_name(gone[k]));
            if (!warned(&m, text)) fail_msg("no warning %s", text);
            assert_int_equal(m.chain.made, 1);
            assert_int_equal(m.chain.count, 0);
            right_levels(&m, &s, &right, 1);
            close_to_truth(&m, 9, 3);
            assert_int_equal((value(m.chain.result, "TK").marks & GEO_MARK_INTERPOLATED) != 0, gone[k] == GEO_T12 || gone[k] == GEO_T4);
            drop(&m);
        }
}

/* At the ends nothing is made up. */
static void missing_at_an_end(void **state)
{
    (void)state;
    spine s;
    draw(&s, &right);
    paint(GEO_L5, 0), paint(GEO_C2, 0);
    forget_names();
    measured_film m = measure(&s, &right, as_whole, GEO_REGION_WHOLE, 0);
    assert_int_equal(m.chain.made, 0);
    assert_int_equal(m.chain.body[m.chain.n - 1].missing, 1);
    right_levels(&m, &s, &right, 1);
    assert_string_equal(value(m.chain.result, "CL").error, "E_MISSING:C2");
    drop(&m);
}

static void merged_is_cut(void **state)
{
    (void)state;
    for (int k = 0; k < 8; k++) {
        spine s;
        int unnamed = k % 2;
        draw(&s, &right);
        merge(&s, &right, GEO_T9, GEO_T9);
        if (unnamed) forget_names();
        measured_film m = measure(&s, &right, unnamed ? as_whole : as_levels, GEO_REGION_WHOLE, 0);
        assert_int_equal(m.chain.n, 23);
        right_levels(&m, &s, &right, 1);
        assert_true(warned(&m, "W_LOW_QUALITY:T9") && warned(&m, "W_LOW_QUALITY:T10"));
        close_to_truth(&m, 6, 2);
        drop(&m);
    }
}

/* Half of T11 is above the film: its height is not its own, so neither is a fracture, and it makes none of T12. Its upper corners are
 * rounded by so many pixels. */
static void edge_in_t11(int radius)
{
    spine s;
    draw(&s, &right);
    const geo_corners q = spine_body(&s, GEO_T11, &right);
    const int64_t top = (int64_t)((q.sa.y + q.sp.y + q.ia.y + q.ip.y) / 4);
    memmove(film, film + top * FW, (size_t)((FH - top) * FW)), memset(film + (FH - top) * FW, 0, (size_t)(top * FW));
    for (int64_t y = 0; y < radius; y++) {
        int64_t x0 = 0, x1 = FW - 1;
        while (x0 < x1 && film[y * FW + x0] != GEO_T11) x0++;
        while (x0 < x1 && film[y * FW + x1] != GEO_T11) x1--;
        const double up = (double)radius - (double)y;
        const size_t n = (size_t)(radius - sqrt((double)radius * radius - up * up));
        memset(film + y * FW + x0, 0, n), memset(film + y * FW + x1 + 1 - (int64_t)n, 0, n);
    }
    measured_film m = measure(&s, &right, as_levels, GEO_REGION_LUMBAR, 0);
    geo_compression g;
    assert_int_equal(geo_case_marks(m.chain.film, GEO_T11) & (GEO_MARK_CUT | GEO_MARK_LOW_QUALITY), GEO_MARK_CUT | GEO_MARK_LOW_QUALITY);
    assert_int_equal(geo_case_marks(m.chain.film, GEO_T12) & GEO_MARK_CUT, 0);
    assert_int_not_equal(geo_result_compression(m.chain.result, GEO_T11, &g), 0);
    assert_int_equal(geo_result_compression(m.chain.result, GEO_T12, &g), 0);
    assert_int_equal(g.grade, 0), assert_int_equal(g.fractured[0], 0), assert_int_equal(g.one_neighbour, 1);
    drop(&m);
}

/* A network rounds the corners of what the edge cuts, so that none lies on it. */
static void a_body_at_the_edge_is_not_graded(void **state)
{
    (void)state;
    for (int radius = 0; radius <= 24; radius += 6) edge_in_t11(radius);
}

/* What lies above the lowest body is no hip, however round and large: with a skull for a head, PT was 162 degrees on a predicted film. */
static void a_skull_is_no_femoral_head(void **state)
{
    (void)state;
    spine s;
    geo_circle head[2];
    draw(&s, &right);
    paint(27, 0);
    for (int64_t y = 10; y < 130; y++)
        for (int64_t x = 10; x < 130; x++) if ((x - 70) * (x - 70) + (y - 70) * (y - 70) < 3600) film[y * FW + x] = 27;
    measured_film m = measure(&s, &right, as_levels, GEO_REGION_WHOLE, 0);
    const int n = geo_case_heads(m.chain.film, head);
    assert_true(n > 0);
    for (int i = 0; i < n; i++) assert_true(head[i].y > FH / 2.0);
    near(value(m.chain.result, "PT").value, value(m.want, "PT").value, 4);
    drop(&m);
}

static void split_is_joined(void **state)
{
    (void)state;
    for (int k = 0; k < 8; k++) {
        spine s;
        int unnamed = k % 2;
        draw(&s, &right);
        geo_corners q = spine_body(&s, GEO_L2, &right);
        geo_point a = { (q.sa.x + q.ia.x) / 2, (q.sa.y + q.ia.y) / 2 }, p = { (q.sp.x + q.ip.x) / 2, (q.sp.y + q.ip.y) / 2 };
        geo_point cut[4] = { { a.x + 9, a.y - 1.5 }, { p.x - 9, p.y - 1.5 }, { p.x - 9, p.y + 1.5 }, { a.x + 9, a.y + 1.5 } };
        geo_mask_fill(&(geo_contour){ cut, 4 }, film, FH, FW, 0);
        if (unnamed) forget_names();
        measured_film m = measure(&s, &right, unnamed ? as_whole : as_levels, GEO_REGION_WHOLE, 0);
        assert_int_equal(m.chain.n, 23);
        right_levels(&m, &s, &right, 1);
        assert_true(warned(&m, "W_LOW_QUALITY:L2"));
        close_to_truth(&m, 4, 2);
        drop(&m);
    }
}

static void wrong_names(void **state)
{
    (void)state;
    spine s;
    draw(&s, &right);
    paint(GEO_T6, 99), paint(GEO_T7, GEO_T6), paint(99, GEO_T7);        /* two change places */
    measured_film m = measure(&s, &right, as_levels, GEO_REGION_WHOLE, 0);
    right_levels(&m, &s, &right, 1);
    assert_true(warned(&m, "W_RELABELLED:T6") && warned(&m, "W_RELABELLED:T7"));
    drop(&m);

    /* T12 is never given: all above are one off, and no body is missing */
    draw(&s, &right);
    for (int i = GEO_C3; i <= GEO_T12; i++) paint(i, i - 1);
    paint(GEO_C2, 0);
    m = measure(&s, &right, as_levels, GEO_REGION_WHOLE, 0);
    assert_int_equal(m.chain.made, 0);                                  /* there is no room for one */
    assert_string_equal(value(m.chain.result, "TK").error, "E_MISSING:T12");
    assert_true(m.chain.count > 0);
    drop(&m);
}

static void disc(double x, double y, double r, uint8_t v)
{
    geo_point p[90];
    for (int i = 0; i < 90; i++) p[i] = (geo_point){ x + r * cos(i * 0.0698), y + r * sin(i * 0.0698) };
    geo_mask_fill(&(geo_contour){ p, 90 }, film, FH, FW, v);
}

/* With its dens C2 is more than twice as large as C3, and longer: it is one body all the same. */
static void a_long_dens_is_no_second_body(void **state)
{
    (void)state;
    for (int k = 0; k < 4; k++) {
        spine s;
        draw(&s, &right);
        geo_corners q = spine_body(&s, GEO_C2, &right);
        geo_point top = part(q.sa, q.sp, 0.4), foot = part(q.ia, q.ip, 0.4);
        for (int i = 0; i <= 30; i++)
            disc(top.x + (top.x - foot.x) * 0.055 * i, top.y + (top.y - foot.y) * 0.055 * i, 0.4 * hypot(q.sa.x - q.sp.x, q.sa.y - q.sp.y),
                 GEO_C2);
        if (k % 2) forget_names();
        measured_film m = measure(&s, &right, k % 2 ? as_whole : as_levels, GEO_REGION_WHOLE, 0);
        assert_int_equal(m.chain.n, 23);
        assert_int_equal(m.chain.count, 0);
        for (int i = 0; i < 23; i++) assert_int_equal(m.chain.body[i].level, GEO_C2 + i);
        close_to_truth(&m, 4, 2);
        drop(&m);
    }
}

/* Both heads in one class, apart; and specks of any class, which are no structures. */
static void components_of_a_class(void **state)
{
    (void)state;
    spine s;
    draw(&s, &right);
    forget_names();
    paint(26, 0);
    geo_point hips = spine_point(s.head[0], &right);
    disc(hips.x - 70, hips.y, 60, 26), disc(hips.x + 75, hips.y + 4, 62, 26), disc(hips.x, hips.y - 200, 8, 26);
    for (int i = 0; i < 5; i++) disc(700 + 30 * i, 400 + 200 * i, 3, GEO_C3);
    measured_film m = measure(&s, &right, as_whole, GEO_REGION_WHOLE, 0);
    geo_circle head[2];
    assert_int_equal(geo_case_heads(m.chain.film, head), 2);
    near(fmin(head[0].x, head[1].x), hips.x - 70, 1);
    near(fmax(head[0].x, head[1].x), hips.x + 75, 1);
    assert_int_equal(m.chain.n, 23);
    assert_int_equal(m.chain.dropped, 0);
    drop(&m);
}

/* Two in one mask, and no name left for the second: it stays one, and says so. */
static void no_name_left(void **state)
{
    (void)state;
    spine s;
    draw(&s, &right);
    merge(&s, &right, GEO_T9, GEO_T9);
    for (int i = GEO_T11; i <= GEO_L5; i++) paint(i, i - 1);
    measured_film m = measure(&s, &right, as_levels, GEO_REGION_WHOLE, 0);
    assert_int_equal(m.chain.n, 22);
    for (int i = 1; i < m.chain.n; i++) assert_true(m.chain.body[i].level > m.chain.body[i - 1].level);
    assert_true(warned(&m, "W_LOW_QUALITY:T9") && m.chain.count > 0);
    drop(&m);
}

static void false_body_is_dropped(void **state)
{
    (void)state;
    spine s;
    draw(&s, &right);
    forget_names();
    for (int y = 900; y < 960; y++) for (int x = 30; x < 110; x++) film[y * FW + x] = GEO_C3;
    measured_film m = measure(&s, &right, as_whole, GEO_REGION_WHOLE, 0);
    assert_int_equal(m.chain.n, 23);
    assert_int_equal(m.chain.dropped, 1);
    assert_true(warned(&m, "W_DROPPED:1"));
    right_levels(&m, &s, &right, 1);
    drop(&m);
}

/* One vertebra too many between both anchors: cervical from above, lumbar from below, thoracic unsure. */
static void count_mismatch(void **state)
{
    (void)state;
    spine s;
    draw(&s, &right);
    paint(GEO_T5, 0);                                                   /* no body, and its place closed: all above moved down */
    geo_corners t5 = spine_body(&s, GEO_T5, &right), t6 = spine_body(&s, GEO_T6, &right);
    int dy = (int)lround((t6.sa.y + t6.sp.y - t5.sa.y - t5.sp.y) / 2), dx = (int)lround((t6.sa.x + t6.sp.x - t5.sa.x - t5.sp.x) / 2);
    int limit = (int)fmin(t5.sa.y, t5.sp.y);
    for (int y = limit; y >= 0; y--)
        for (int x = 0; x < FW; x++) {
            uint8_t v = film[y * FW + x];
            if (!v || v >= GEO_T5) continue;
            film[y * FW + x] = 0;
            if (y + dy < FH && x + dx >= 0 && x + dx < FW) film[(y + dy) * FW + x + dx] = v;
        }
    forget_names();
    measured_film m = measure(&s, &right, as_whole, GEO_REGION_WHOLE, 1);
    assert_int_equal(m.chain.n, 22);
    assert_int_equal(m.chain.count, 21);
    assert_true(warned(&m, "W_COUNT_MISMATCH:21"));
    assert_true(!strncmp(value(m.chain.result, "TK").error, "E_LEVEL_AMBIGUOUS", 17));
    assert_int_equal(value(m.chain.result, "LL").code, 0);
    assert_int_equal(value(m.chain.result, "CL").code, 0);
    drop(&m);
}

static void no_anchor(void **state)
{
    (void)state;
    spine s;
    draw(&s, &right);
    for (int i = 1; i < 32; i++) if (i < GEO_T3 || i > GEO_T12) paint(i, 0);
    forget_names();
    measured_film m = measure(&s, &right, as_whole, GEO_REGION_THORACIC, 1);
    assert_int_equal(m.chain.n, 10);
    assert_true(m.chain.body[0].unsure);
    assert_string_equal(value(m.chain.result, "TK").error, "E_LEVEL_AMBIGUOUS:T4");
    drop(&m);
}

/* One vertebra that somebody has named is an anchor, wherever it stands. */
static void one_name(void **state)
{
    (void)state;
    spine s;
    int role[256];
    memcpy(role, as_whole, sizeof role);
    role[99] = GEO_T7;
    draw(&s, &right);
    for (int i = 1; i < 32; i++) if (i < GEO_T3 || i > GEO_T12) paint(i, 0);
    paint(GEO_T7, 99), paint(GEO_T9, 0);
    forget_names();
    measured_film m = measure(&s, &right, role, GEO_REGION_THORACIC, 1);
    assert_int_equal(m.chain.n, 9);
    right_levels(&m, &s, &right, 1);
    assert_true(warned(&m, "W_INTERPOLATED:T9"));
    assert_int_equal(value(m.chain.result, "TK").code, 0);
    drop(&m);
}

static void lumbar_film(void **state)
{
    (void)state;
    spine s;
    draw(&s, &right);
    for (int i = 1; i < GEO_L1; i++) paint(i, 0);
    forget_names();
    measured_film m = measure(&s, &right, as_whole, GEO_REGION_LUMBAR, 0);
    assert_int_equal(m.chain.n, 5);
    right_levels(&m, &s, &right, 1);
    assert_int_equal(value(m.chain.result, "LL").code, 0);
    assert_true(geo_region_shows(GEO_REGION_LUMBAR, geo_parameter_find("LL")) &&
        !geo_region_shows(GEO_REGION_LUMBAR, geo_parameter_find("TK")));
    assert_true(!geo_region_shows(GEO_REGION_LUMBAR, -1) && geo_region_shows(GEO_REGION_WHOLE, -1));
    drop(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(named_and_unnamed),
        cmocka_unit_test(missing_is_made_up),
        cmocka_unit_test(missing_at_an_end),
        cmocka_unit_test(merged_is_cut), cmocka_unit_test(a_body_at_the_edge_is_not_graded), cmocka_unit_test(a_skull_is_no_femoral_head),
        cmocka_unit_test(a_long_dens_is_no_second_body),
        cmocka_unit_test(split_is_joined),
        cmocka_unit_test(wrong_names),
        cmocka_unit_test(false_body_is_dropped),
        cmocka_unit_test(count_mismatch),
        cmocka_unit_test(no_anchor),
        cmocka_unit_test(one_name),
        cmocka_unit_test(no_name_left),
        cmocka_unit_test(components_of_a_class),
        cmocka_unit_test(lumbar_film),
    };
    return cmocka_run_group_tests(tests, make_roles, NULL);
}
