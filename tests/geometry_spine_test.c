/* geometry_spine_test.c - chains of bodies: order, levels, what is missing and how well that is found and filled, what is odd. */
#include "tests/test.h"
#include "tests/spine.h"
#include "geometry/geometry.h"

static const spine_view view = { 1, 0.143, 0.143, 900, 2600, 0 };
static const spine_noise people = { 1, 1.6, 0.04, 0.22, 0.04 };
static uint64_t seed = 23;

static geo_point centre(const geo_corners *q)
{
    return (geo_point){ (q->sa.x + q->sp.x + q->ia.x + q->ip.x) / 4, (q->sa.y + q->sp.y + q->ia.y + q->ip.y) / 4 };
}

/* Bodies in any order, some missing, some false ones beside the spine: the chain comes out from cranial to caudal. */
static void order_of_bodies(void **state)
{
    (void)state;
    for (int round = 0; round < 300; round++) {
        spine s = spine_make(&seed, &people);
        spine_view v = view;
        v.degrees = spine_uniform(&seed, -70, 70), v.facing = round % 2 ? 1 : -1;          /* lying down, too */
        geo_point p[32];
        double size[32];
        int level[32], n = 0, order[32], gone = round % 3 ? GEO_T3 + (int)(spine_random(&seed) % 14) : 0, bottom = round % 4 != 3;
        uint8_t dropped[32];
        for (int i = GEO_C3; i <= GEO_L5; i++) {
            geo_corners q = spine_body(&s, i, &v);
            if (i == gone || i == gone + 1) continue;
            p[n] = centre(&q), size[n] = hypot(q.sa.x - q.sp.x, q.sa.y - q.sp.y), level[n++] = i;
        }
        geo_corners q = spine_body(&s, GEO_T10, &v);
        p[n] = centre(&q), p[n].x += 3 * (q.sa.x - q.sp.x), p[n].y += 3 * (q.sa.y - q.sp.y), size[n] = size[n - 1], level[n++] = 0;
        for (int i = n - 1; i > 0; i--) {
            int k = (int)(spine_random(&seed) % (uint64_t)(i + 1)), l = level[i];
            geo_point t = p[i];
            double z = size[i];
            p[i] = p[k], p[k] = t, size[i] = size[k], size[k] = z, level[i] = level[k], level[k] = l;
        }
        geo_point s1 = spine_point(s.corner[GEO_S1][0], &v), c2 = spine_point(s.corner[GEO_C2][0], &v), anchor = bottom ? s1 : c2;
        int m = geo_chain_order(p, size, n, &anchor, bottom, order, dropped);
        assert_int_equal(m, n - 1);
        for (int i = 0; i < m; i++) {
            assert_true(level[order[i]] > 0 && !dropped[order[i]]);
            if (i) assert_true(level[order[i]] > level[order[i - 1]]);
        }
        for (int i = 0; i < n; i++) assert_int_equal(dropped[i], level[i] == 0);
    }
    int order[1];
    uint8_t dropped[1];
    geo_point one = { 5, 5 }, bad = { NAN, 0 };
    double size = 3;
    assert_int_equal(geo_chain_order(&one, &size, 1, NULL, 1, order, dropped), 1);
    assert_int_equal(geo_chain_order(&bad, &size, 1, NULL, 1, order, dropped), GEO_BAD);
    assert_int_equal(geo_chain_order(NULL, NULL, 0, NULL, 1, order, dropped), 0);
}

/* A false body beside the anchor, nearer to it than the first true one: the walk that begins there goes nowhere, so it begins elsewhere. */
static void led_astray(void **state)
{
    (void)state;
    for (int round = 0; round < 100; round++) {
        spine s = spine_make(&seed, &people);
        spine_view v = view;
        v.degrees = spine_uniform(&seed, -70, 70), v.facing = round % 2 ? 1 : -1;
        geo_point p[32];
        double size[32];
        int n = 0, order[32];
        uint8_t dropped[32];
        for (int i = GEO_C3; i <= GEO_L5; i++) {
            const geo_corners q = spine_body(&s, i, &v);
            p[n] = centre(&q), size[n++] = hypot(q.sa.x - q.sp.x, q.sa.y - q.sp.y);
        }
        const geo_point anchor = spine_point(s.corner[GEO_S1][0], &v);
        const double side = 0.6 * size[n - 1] / hypot(p[n - 1].x - anchor.x, p[n - 1].y - anchor.y), down = round % 4 < 2 ? 0.1 : 0.4;
        const double x = anchor.x - p[n - 1].x, y = anchor.y - p[n - 1].y, left = round % 8 < 4 ? -1 : 1;
        p[n] = (geo_point){ anchor.x + left * side * y * 0.9 + down * x, anchor.y - left * side * x * 0.9 + down * y };
        size[n] = 0.5 * size[n - 1], n++;
        const int m = geo_chain_order(p, size, n, &anchor, 1, order, dropped);
        assert_int_equal(m, n - 1);
        for (int i = 0; i < m; i++) assert_true(order[i] == i && !dropped[i]);
        assert_true(dropped[n - 1]);
    }
}

/* More false bodies beside the spine than true ones: the spine stands. */
static void not_given_up(void **state)
{
    (void)state;
    const geo_point p[] = { { 0, -40 }, { 0, -80 }, { 0, -120 }, { 30, -35 }, { 35, -75 }, { 35, -115 }, { 75, -155 } }, anchor = { 0, 0 };
    const double size[] = { 40, 40, 40, 40, 40, 40, 40 };
    int order[7];
    uint8_t dropped[7];
    assert_int_equal(geo_chain_order(p, size, 7, &anchor, 1, order, dropped), 3);
    for (int i = 0; i < 3; i++) assert_int_equal(order[i], 2 - i);
}

/* The rates that the rule was chosen for: at 0.8 one person in 1000 with a false alarm, 99.9 % of single gaps found. */
static void gaps_are_found(void **state)
{
    (void)state;
    enum { PEOPLE = 1500 };
    int alarms[2] = { 0 }, found[2] = { 0 }, right = 0, two_found = 0, two_right = 0;
    double gap[32];
    int missing[32];
    for (int k = 0; k < PEOPLE; k++) {
        spine s = spine_make(&seed, &(spine_noise){ 1, 1.6, 0.04, spine_uniform(&seed, 0.15, 0.3), 0.04 });
        geo_corners all[32], some[32];
        int n = 0;
        for (int i = GEO_C3; i <= GEO_L5; i++, n++) {
            /* 1 mm a corner */
            for (int c = 0; c < 4; c++) s.corner[i][c].x += spine_normal(&seed), s.corner[i][c].y += spine_normal(&seed);
            all[n] = spine_body(&s, i, &view);
        }
        for (int t = 0; t < 2; t++) {            /* 0.8, and the default 0.85 */
            assert_int_equal(geo_gaps_find(all, n, t ? 0 : 0.8, gap, missing), GEO_OK);
            int any = 0;
            for (int i = 0; i + 1 < n; i++) any |= missing[i];
            alarms[t] += any != 0;
        }
        int out = 1 + (int)(spine_random(&seed) % (uint64_t)(n - 3));
        for (int many = 1; many <= 2; many++) {
            int m = 0;
            for (int i = 0; i < n; i++) if (i < out || i >= out + many) some[m++] = all[i];
            for (int t = 0; t < 2; t++) {
                geo_gaps_find(some, m, t ? 0 : 0.8, gap, missing);
                if (many == 1) found[t] += missing[out - 1] > 0;
            }
            if (many == 1) right += missing[out - 1] == 1;
            else two_found += missing[out - 1] > 0, two_right += missing[out - 1] == 2;
        }
    }
    printf("gaps: false alarms %.2f %% (0.8) %.2f %% (0.85) of people, one missing found %.2f %% and %.2f %%, counted right %.1f %%; "
        "two: %.2f %%, %.1f %%\n",
        100. * alarms[0] / PEOPLE, 100. * alarms[1] / PEOPLE, 100. * found[0] / PEOPLE, 100. * found[1] / PEOPLE, 100. * right / PEOPLE,
        100. * two_found / PEOPLE, 100. * two_right / PEOPLE);
    assert_true(alarms[0] <= 0.005 * PEOPLE && alarms[1] <= 0.002 * PEOPLE);
    assert_true(found[0] >= 0.998 * PEOPLE && found[1] >= 0.995 * PEOPLE);
    assert_true(two_found == PEOPLE && right >= 0.97 * PEOPLE && two_right >= 0.9 * PEOPLE);
}

static void levels_from_anchors(void **state)
{
    (void)state;
    int level[32], missing[32] = { 0 };
    uint8_t unsure[32];
    assert_int_equal(geo_chain_number(22, NULL, GEO_C3, GEO_L5, level, unsure), 0);
    for (int i = 0; i < 22; i++) assert_true(level[i] == GEO_C3 + i && !unsure[i]);
    missing[5] = 2;                                                     /* two missing, found: still consistent */
    assert_int_equal(geo_chain_number(20, missing, GEO_C3, GEO_L5, level, unsure), 0);
    assert_int_equal(level[5], GEO_C3 + 5);
    assert_int_equal(level[6], GEO_C3 + 8);
    assert_int_equal(geo_chain_number(21, NULL, GEO_C3, GEO_L5, level, unsure), -1);      /* one too few, and no gap seen */
    assert_int_equal(level[0], GEO_C3);
    assert_int_equal(level[20], GEO_L5);
    assert_int_equal(level[16], GEO_L1);
    for (int i = 0; i < 21; i++) assert_int_equal(unsure[i], i >= 5 && i < 16);
    assert_int_equal(geo_chain_number(23, NULL, GEO_C3, GEO_L5, level, unsure), 1);       /* one too many */
    assert_int_equal(geo_chain_number(5, NULL, 0, GEO_L5, level, unsure), 0);
    assert_true(level[0] == GEO_L1 && level[4] == GEO_L5 && !unsure[2]);
    assert_int_equal(geo_chain_number(5, NULL, GEO_C3, 0, level, unsure), 0);
    assert_int_equal(level[4], GEO_C7);
    assert_int_equal(geo_chain_number(5, NULL, 0, 0, level, unsure), 0);
    assert_true(level[0] == 0 && unsure[0]);
    assert_int_equal(geo_chain_number(0, NULL, 0, 0, level, unsure), GEO_BAD);
}

/* A net that confuses neighbours but means T5..T12: the chain of levels is right even where single bodies are not; without knowledge it
 * says so. */
static void levels_from_probabilities(void **state)
{
    (void)state;
    enum { N = 8 };
    int wrong = 0, level[N];
    double sure, least = 1, most = 0;
    for (int round = 0; round < 200; round++) {
        double p[N * GEO_LEVELS];
        for (int i = 0; i < N; i++)
            for (int l = 0; l < GEO_LEVELS; l++) {
                int truth = GEO_T5 + i, d = abs(l - truth);
                p[i * GEO_LEVELS + l] = (d == 0 ? log(0.45) : d == 1 ? log(0.25) : log(0.05 / 22)) + 0.4 * spine_normal(&seed);
            }
        assert_int_equal(geo_levels_decode(p, N, level, &sure), GEO_OK);
        for (int i = 0; i < N; i++) wrong += level[i] != GEO_T5 + i;
        least = fmin(least, sure), most = fmax(most, sure);
    }
    printf("levels: %d of %d bodies wrong, confidence %.2f to %.2f\n", wrong, 200 * N, least, most);
    assert_true(wrong <= 16 && least > 0.3 && most <= 1 + 1e-9);
    double flat[N * GEO_LEVELS] = { 0 };
    assert_int_equal(geo_levels_decode(flat, N, level, &sure), GEO_OK);
    assert_true(sure < 0.2);
    flat[3] = NAN;
    assert_int_equal(geo_levels_decode(flat, N, level, &sure), GEO_BAD);
    double gap[3 * GEO_LEVELS];                                         /* one body between the second and the third was not seen */
    for (int i = 0; i < 3 * GEO_LEVELS; i++) gap[i] = -12;
    gap[0 * GEO_LEVELS + GEO_L1] = gap[1 * GEO_LEVELS + GEO_L2] = gap[2 * GEO_LEVELS + GEO_L4] = 0;
    assert_int_equal(geo_levels_decode(gap, 3, level, &sure), GEO_OK);
    assert_true(level[0] == GEO_L1 && level[1] == GEO_L2 && level[2] == GEO_L4);
}

static double slope(geo_point a, geo_point p) { return atan2(a.y - p.y, a.x - p.x) * 57.29577951308232; }

/* Single bodies made up: tilts without bias and within the person's own irregularity, centres within 2 mm. */
static void made_up_bodies(void **state)
{
    (void)state;
    enum { PEOPLE = 300 };
    double worst = 0, all = 0, shift = 0;
    int n = 0;
    for (int level = GEO_C4; level <= GEO_L4; level++) {
        double square[2] = { 0 }, sum[2] = { 0 }, far = 0;
        for (int k = 0; k < PEOPLE; k++) {
            spine s = spine_make(&seed, &(spine_noise){ 1, 1.6, 0.02, 0, 0 });
            spine_view v = view;
            v.facing = k % 2 ? 1 : -1;
            geo_case *full = spine_case(&s, &v, k % 3), *c = geo_case_new();
            if (k % 3) geo_case_spacing(c, v.sx, v.sy);
            geo_corners truth, got;
            for (int i = GEO_C2; i <= GEO_L5; i++) if (i != level && geo_case_corners(full, i, &truth)) geo_case_vertebra(c, i, &truth);
            geo_case_s1(c, spine_point(s.corner[GEO_S1][0], &v), spine_point(s.corner[GEO_S1][1], &v));
            assert_int_equal(geo_case_repair(c, 2), 1);
            assert_true(geo_case_corners(c, level, &got) && geo_case_corners(full, level, &truth));
            double e[2] = { slope(got.sa, got.sp) - slope(truth.sa, truth.sp), slope(got.ia, got.ip) - slope(truth.ia, truth.ip) };
            for (int i = 0; i < 2; i++) e[i] = remainder(e[i], 360) * v.facing, square[i] += e[i] * e[i], sum[i] += e[i];
            geo_point a = centre(&got), b = centre(&truth);
            far += pow(hypot(a.x - b.x, a.y - b.y) * v.sx, 2);
            geo_case_facing(c, v.facing);
            geo_result *r = geo_measure(c);
            char want[32];
            int seen = 0;
            snprintf(want, sizeof want, "W_INTERPOLATED:%s", geo_level_name(level));
            for (int i = 0; i < geo_result_warnings(r); i++) seen |= !strcmp(geo_result_warning(r, i), want);
            assert_true(seen);
            geo_result_free(r), geo_case_free(c), geo_case_free(full);
        }
        for (int i = 0; i < 2; i++) {
            double rmse = sqrt(square[i] / PEOPLE);
            if (fabs(sum[i] / PEOPLE) > 0.6) fail_msg("%s: bias %.2f", geo_level_name(level), sum[i] / PEOPLE);
            worst = fmax(worst, rmse), all += rmse, n++;
        }
        shift = fmax(shift, sqrt(far / PEOPLE));
    }
    printf("made up: tilt RMSE mean %.2f, worst %.2f degrees; worst centre RMSE %.2f mm\n", all / n, worst, shift);
    assert_true(all / n < 2.3 && worst < 3 && shift < 3);
}

static void repair_knows_its_limits(void **state)
{
    (void)state;
    spine s = spine_make(&seed, &people);
    geo_case *c = geo_case_new();
    geo_corners q;
    for (int i = GEO_T5; i <= GEO_L2; i++)
        if (i != GEO_T8 && i != GEO_T9 && i != GEO_T10) q = spine_body(&s, i, &view), geo_case_vertebra(c, i, &q);
    assert_int_equal(geo_case_repair(c, 2), 0);                         /* three in a row are too many */
    assert_int_equal(geo_case_repair(c, 3), 3);
    assert_int_equal(geo_case_repair(c, 3), 0);
    assert_false(geo_case_corners(c, GEO_T4, &q));                      /* nothing beyond the ends */
    geo_case_free(c);
}

static geo_body body_at(double x, double y, double w, double h, double degrees)
{
    double c = cos(degrees / 57.29577951308232), s = sin(degrees / 57.29577951308232);
    geo_body b = { .centre = { x, y }, .area = w * h };
    for (int k = 0; k < 4; k++) {
        double u = (k == 0 || k == 3 ? -0.5 : 0.5) * w, v = (k < 2 ? -0.5 : 0.5) * h;
        b.quad.p[k] = (geo_point){ x + c * u - s * v, y + s * u + c * v };
    }
    return b;
}

static void odd_bodies(void **state)
{
    (void)state;
    enum { N = 9 };
    geo_body b[N];
    unsigned odd[N];
    for (int i = 0; i < N; i++) b[i] = body_at(100, 60 + 40 * i, 45, 30, i % 2);
    assert_int_equal(geo_chain_check(b, N, 600, 300, odd), GEO_OK);
    for (int i = 0; i < N; i++) assert_true(odd[i] == 0 && b[i].faults == 0);
    b[4] = body_at(100, 220, 45, 70, 0);                                /* two in one */
    geo_chain_check(b, N, 600, 300, odd);
    assert_true(odd[4] & GEO_ODD_MERGED);
    b[4] = body_at(100, 220, 45, 30, 30);
    geo_chain_check(b, N, 600, 300, odd);
    assert_true(odd[4] & GEO_ODD_TILT && b[4].faults & GEO_FAULT_TILT && !(odd[3] & GEO_ODD_TILT));
    b[4] = body_at(100, 220, 45, 18, 0);
    geo_chain_check(b, N, 600, 300, odd);
    assert_true(odd[4] & GEO_ODD_HEIGHT);
    b[4] = body_at(100, 220, 25, 26, 0);
    geo_chain_check(b, N, 600, 300, odd);
    assert_true(odd[4] & GEO_ODD_TRUNCATED && b[4].faults & GEO_FAULT_LENGTH);
    geo_body split[N + 1];                                              /* one body in two pieces */
    for (int i = 0; i < 4; i++) split[i] = b[i];
    split[4] = body_at(100, 213, 45, 14, 0), split[5] = body_at(100, 228, 45, 14, 0);
    for (int i = 5; i < N; i++) split[i + 1] = b[i];
    unsigned odd2[N + 1];
    geo_chain_check(split, N + 1, 600, 300, odd2);
    assert_true(odd2[4] & GEO_ODD_SPLIT && odd2[5] & GEO_ODD_SPLIT && !(odd2[2] & GEO_ODD_SPLIT));
    b[4] = body_at(100, 220, 45, 30, 0), b[8] = body_at(100, 380, 45, 30, 0);
    geo_chain_check(b, N, 390, 300, odd);
    assert_true(b[8].faults & GEO_FAULT_BORDER && odd[8] & GEO_ODD_TRUNCATED);
}

static void split_and_union(void **state)
{
    (void)state;
    enum { S = 120 };
    static uint8_t m[S * S];
    geo_contour c, part[2], whole;
    for (int i = 0; i < S * S; i++) {
        int x = i % S, y = i / S;
        m[i] = (x >= 30 && x < 75 && ((y >= 20 && y < 50) || (y >= 58 && y < 90))) || (x >= 40 && x < 60 && y >= 20 && y < 90);
    }
    assert_int_equal(geo_contour_trace(m, S, S, &c, NULL), GEO_OK);
    assert_int_equal(geo_contour_split(&c, (geo_point){ 0, -1 }, part), GEO_OK);
    for (int64_t i = 0; i < part[0].n; i++) assert_true(part[0].p[i].y <= 58);
    for (int64_t i = 0; i < part[1].n; i++) assert_true(part[1].p[i].y >= 49);
    assert_int_equal(geo_contour_union(&part[0], &part[1], &whole), GEO_OK);
    uint8_t back[S * S] = { 0 };
    geo_mask_fill(&whole, back, S, S, 1);
    for (int i = 0; i < S * S; i++) if (m[i]) assert_int_equal(back[i], 1);
    geo_contour pair[3] = { c, part[0], part[1] };
    double score[3] = { 0.9, 0.95, 0.3 };
    uint8_t drop[3];
    assert_int_equal(geo_duplicates_find(pair, score, 3, drop), GEO_OK);
    assert_true(drop[0] && !drop[1] && !drop[2]);                      /* the whole repeats its upper half, which scores higher */
    geo_contour_free(&c), geo_contour_free(&whole), geo_contour_free(&part[0]), geo_contour_free(&part[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(order_of_bodies), cmocka_unit_test(led_astray), cmocka_unit_test(not_given_up), cmocka_unit_test(gaps_are_found),
        cmocka_unit_test(levels_from_anchors),
        cmocka_unit_test(levels_from_probabilities), cmocka_unit_test(made_up_bodies), cmocka_unit_test(repair_knows_its_limits),
        cmocka_unit_test(odd_bodies), cmocka_unit_test(split_and_union) };
    return RUN_TESTS(tests);
}
