/* geometry_mask_test.c - masks and contours against definitions written out: components, holes, runs, distances, outlines,
 * simplification. */
#include "tests/test.h"
#include "tests/spine.h"
#include "geometry/geometry.h"

enum { H = 17, W = 23 };
static uint64_t seed = 7;

static void random_mask(uint8_t *m, double share)
{
    for (int i = 0; i < H * W; i++) m[i] = spine_uniform(&seed, 0, 1) < share ? (uint8_t)(1 + spine_random(&seed) % 255) : 0;
}

/* Flood fill by repeated passes: slow and plain. */
static int flood(const uint8_t *m, int inside, int corners, int32_t *label)
{
    int n = 0;
    for (int i = 0; i < H * W; i++) label[i] = 0;
    for (int i = 0; i < H * W; i++) {
        if ((m[i] != 0) != inside || label[i]) continue;
        label[i] = ++n;
        for (int changed = 1; changed; ) {
            changed = 0;
            for (int k = 0; k < H * W; k++) {
                if ((m[k] != 0) != inside || label[k]) continue;
                for (int dy = -1; dy <= 1; dy++)
                    for (int dx = -1; dx <= 1; dx++) {
                        int y = k / W + dy, x = k % W + dx;
                        if ((!corners && dx && dy) || y < 0 || x < 0 || y >= H || x >= W) continue;
                        if (label[y * W + x] == n && !label[k]) label[k] = n, changed = 1;
                    }
            }
        }
    }
    return n;
}

static void components_are_floods(void **state)
{
    (void)state;
    uint8_t m[H * W];
    int32_t want[H * W], got[H * W];
    for (int round = 0; round < 60; round++) {
        int64_t areas[H * W];
        random_mask(m, round % 10 / 10.);
        int n = flood(m, 1, 0, want);
        assert_int_equal(geo_components(m, H, W, got, areas, H * W), n);
        assert_memory_equal(got, want, sizeof got);
        for (int k = 0; k < n; k++) {
            int64_t area = 0;
            for (int i = 0; i < H * W; i++) area += want[i] == k + 1;
            assert_int_equal(areas[k], area);
        }
    }
}

static void clean_keeps_one_and_fills(void **state)
{
    (void)state;
    uint8_t m[H * W], out[H * W], want[H * W];
    int32_t label[H * W];
    for (int round = 0; round < 100; round++) {
        double dropped;
        random_mask(m, 0.3 + round % 10 * 0.06);
        int n = flood(m, 1, 0, label), best = 0;
        int64_t area[H * W + 1] = { 0 }, all = 0;
        for (int i = 0; i < H * W; i++) area[label[i]] += label[i] > 0, all += label[i] > 0;
        for (int k = 1; k <= n; k++) if (area[k] > area[best]) best = k;
        for (int i = 0; i < H * W; i++) want[i] = label[i] == best;
        int holes = flood(want, 0, 1, label);
        for (int k = 1; k <= holes; k++) {
            int open = 0;
            for (int i = 0; i < H * W; i++) if (label[i] == k) open |= i / W == 0 || i / W == H - 1 || i % W == 0 || i % W == W - 1;
            for (int i = 0; i < H * W && !open; i++) if (label[i] == k) want[i] = 1;
        }
        assert_int_equal(geo_mask_clean(m, H, W, out, &dropped), GEO_OK);
        assert_memory_equal(out, want, sizeof out);
        near(dropped, (double)(all - area[best]) / (double)all, 1e-12);
    }
    memset(m, 0, sizeof m);
    assert_int_equal(geo_mask_clean(m, H, W, out, NULL), GEO_EMPTY);
}

static void runs_come_back(void **state)
{
    (void)state;
    uint8_t m[H * W], back[H * W];
    uint32_t counts[H * W + 2];
    for (int round = 0; round < 40; round++) {
        random_mask(m, round / 39.);
        int64_t n = geo_rle_encode(m, H, W, NULL, 0);
        assert_int_equal(geo_rle_encode(m, H, W, counts, H * W + 2), n);
        assert_int_equal(geo_rle_decode(counts, n, H, W, back), GEO_OK);
        for (int i = 0; i < H * W; i++) assert_int_equal(back[i], m[i] != 0);
        counts[0]++;
        assert_int_equal(geo_rle_decode(counts, n, H, W, back), GEO_BAD);
    }
    const uint8_t two[6] = { 0, 1, 0, 1, 1, 0 };                   /* rows 0 1 0 / 1 1 0: columns 01, 11, 00 */
    const uint32_t want[3] = { 1, 3, 2 };
    assert_int_equal(geo_rle_encode(two, 2, 3, counts, 8), 3);
    assert_memory_equal(counts, want, sizeof want);
    const uint8_t first[2] = { 1, 1 };
    assert_int_equal(geo_rle_encode(first, 1, 2, counts, 8), 2);  /* a mask that starts inside starts with a run of 0 zeros */
    assert_int_equal(counts[0], 0);
}

static void distances_are_exact(void **state)
{
    (void)state;
    uint8_t m[H * W];
    double d[H * W];
    for (int round = 0; round < 12; round++) {
        double sx = 1 + round % 3 * 0.37, sy = 1 + round % 2 * 0.61;
        random_mask(m, round ? 0.02 * round : 0);
        assert_int_equal(geo_distance(m, H, W, sx, sy, d), GEO_OK);
        for (int i = 0; i < H * W; i++) {
            double least = INFINITY;
            for (int k = 0; k < H * W; k++) if (m[k]) least = fmin(least, hypot((i % W - k % W) * sx, (i / W - k / W) * sy));
            if (isinf(least)) assert_true(isinf(d[i]));
            else near(d[i], least, 1e-12);
        }
    }
}

static double area_of(const geo_contour *c)
{
    double s = 0;
    for (int64_t i = 0; i < c->n; i++) {
        geo_point a = c->p[i], b = c->p[(i + 1) % c->n];
        s += a.x * b.y - a.y * b.x;
    }
    return s / 2;
}

/* An outline filled again is the cleaned mask; one vertex a crack; clockwise on the screen. */
static void outline_and_back(void **state)
{
    (void)state;
    uint8_t m[H * W], clean[H * W], back[H * W];
    for (int round = 0; round < 100; round++) {
        geo_contour c;
        random_mask(m, 0.2 + round % 10 * 0.08);
        geo_mask_clean(m, H, W, clean, NULL);
        assert_int_equal(geo_contour_trace(m, H, W, &c, NULL), GEO_OK);
        int64_t cracks = 0;
        for (int i = 0; i < H * W; i++) {
            int x = i % W, y = i / W;
            if (!clean[i]) continue;
            cracks += (x == 0 || !clean[i - 1]) + (x == W - 1 || !clean[i + 1]) + (y == 0 || !clean[i - W]) + (y == H - 1 || !clean[i + W]);
        }
        assert_int_equal(c.n, cracks);
        assert_true(area_of(&c) > 0);
        memset(back, 0, sizeof back);
        geo_mask_fill(&c, back, H, W, 1);
        for (int i = 0; i < H * W; i++) assert_int_equal(back[i], clean[i]);
        geo_contour_free(&c);
    }
}

/* A disc of a soft edge: the outline at 0.5 is the circle to a few hundredths of a pixel. */
static void soft_outline_is_sub_pixel(void **state)
{
    (void)state;
    enum { N = 64 };
    float map[N * N];
    geo_contour c;
    for (int i = 0; i < N * N; i++) map[i] = (float)(1 / (1 + exp(hypot(i % N - 31.3, i / N - 30.6) - 20.25)));
    assert_int_equal(geo_contour_soft(map, N, N, 0.5, &c, NULL), GEO_OK);
    for (int64_t i = 0; i < c.n; i++) near(hypot(c.p[i].x - 31.3, c.p[i].y - 30.6), 20.25, 0.03);
    geo_contour_free(&c);
    map[5] = NAN;
    assert_int_equal(geo_contour_soft(map, N, N, 0.5, &c, NULL), GEO_BAD);
}

static void labels_in_boxes(void **state)
{
    (void)state;
    uint8_t m[H * W], one[H * W];
    geo_box box[256];
    for (int i = 0; i < H * W; i++) m[i] = (uint8_t)(spine_random(&seed) % 4);
    geo_boxes(m, H, W, box);
    for (int v = 1; v < 4; v++) {
        geo_contour a, b;
        int64_t area = 0;
        for (int i = 0; i < H * W; i++) one[i] = m[i] == v, area += one[i];
        assert_int_equal(box[v].area, area);
        assert_int_equal(geo_contour_label(m, H, W, (uint8_t)v, &box[v], &a, NULL), GEO_OK);
        assert_int_equal(geo_contour_trace(one, H, W, &b, NULL), GEO_OK);
        assert_int_equal(a.n, b.n);
        assert_memory_equal(a.p, b.p, (size_t)a.n * sizeof *a.p);
        geo_contour_free(&a), geo_contour_free(&b);
    }
    assert_int_equal(box[9].area, 0);
}

static void simplified_stays_near(void **state)
{
    (void)state;
    for (int round = 0; round < 50; round++) {
        enum { N = 90 };
        geo_point p[N];
        geo_contour c = { p, N }, s, hull;
        for (int i = 0; i < N; i++) {
            double r = 20 + 3 * sin(5 * i * 0.0698) + spine_normal(&seed);
            p[i] = (geo_point){ r * cos(i * 0.0698) + 50, r * sin(i * 0.0698) + 40 };
        }
        double tolerance = 0.2 * (1 + round % 8);
        assert_int_equal(geo_simplify(&c, tolerance, &s), GEO_OK);
        assert_true(s.n >= 2 && s.n <= N);
        for (int i = 0; i < N; i++) {
            double least = INFINITY;
            for (int64_t k = 0; k < s.n; k++) {
                geo_point a = s.p[k], b = s.p[(k + 1) % s.n];
                double ex = b.x - a.x, ey = b.y - a.y, t = ((p[i].x - a.x) * ex + (p[i].y - a.y) * ey) / (ex * ex + ey * ey);
                t = fmax(0, fmin(1, t)), least = fmin(least, hypot(p[i].x - a.x - t * ex, p[i].y - a.y - t * ey));
            }
            assert_true(least <= tolerance + 1.5);             /* lines, not segments, decide: a little more at sharp ends */
        }
        assert_int_equal(geo_hull(&c, &hull), GEO_OK);
        for (int64_t k = 0; k < hull.n; k++) {
            geo_point a = hull.p[k], b = hull.p[(k + 1) % hull.n];
            for (int i = 0; i < N; i++) assert_true((b.x - a.x) * (p[i].y - a.y) - (b.y - a.y) * (p[i].x - a.x) >= -1e-9);
        }
        geo_contour_free(&s), geo_contour_free(&hull);
    }
}

static void smallest_rectangle(void **state)
{
    (void)state;
    geo_point p[4], q[4];
    for (int round = 0; round < 20; round++) {
        double t = spine_uniform(&seed, 0, 1.5), w = spine_uniform(&seed, 5, 20), h = spine_uniform(&seed, 21, 40);
        for (int k = 0; k < 4; k++) {
            double x = k == 0 || k == 3 ? 0 : w, y = k < 2 ? 0 : h;
            p[k] = (geo_point){ 9 + x * cos(t) - y * sin(t), 3 + x * sin(t) + y * cos(t) };
        }
        assert_int_equal(geo_rectangle(&(geo_contour){ p, 4 }, q), GEO_OK);
        near(fabs(area_of(&(geo_contour){ q, 4 })), w * h, 1e-9);
    }
}

static void nonsense_is_refused(void **state)
{
    (void)state;
    uint8_t m[4] = { 1, 1, 1, 1 }, one[1] = { 1 };
    geo_contour c;
    assert_int_equal(geo_contour_trace(NULL, 2, 2, &c, NULL), GEO_BAD);
    assert_int_equal(geo_contour_trace(m, 0, 2, &c, NULL), GEO_BAD);
    assert_int_equal(geo_contour_trace(one, 1, 1, &c, NULL), GEO_OK);          /* one pixel: a diamond */
    near(area_of(&c), 0.5, 1e-12);
    geo_contour_free(&c);
    assert_int_equal(geo_contour_trace(m, 2, 2, &c, NULL), GEO_OK);            /* all of the image */
    assert_int_equal(c.n, 8);
    geo_contour_free(&c);
    geo_point p[3] = { { 0, 0 }, { NAN, 1 }, { 1, 1 } };
    assert_int_equal(geo_mask_fill(&(geo_contour){ p, 3 }, m, 2, 2, 1), GEO_BAD);
    assert_string_equal(geo_version(), "1.4");
    assert_string_equal(geo_status_text(GEO_EMPTY), "nothing there");
}

/* A pixel stays where a disc that lies in the mask covers it; beyond the border there is no mask. */
static void opening_is_discs_that_fit(void **state)
{
    (void)state;
    uint8_t m[H * W], got[H * W];
    for (int round = 0; round < 60; round++) {
        const double radius = 0.5 * (round % 7);
        random_mask(m, 0.75 + round % 5 * 0.06);
        assert_int_equal(geo_mask_open(m, H, W, radius, got), GEO_OK);
        for (int i = 0; i < H * W; i++) {
            int covered = 0;
            for (int k = 0; k < H * W && !covered; k++) {
                int fits = hypot(k % W - i % W, k / W - i / W) <= radius;
                for (int y = -1; y <= H && fits; y++)
                    for (int x = -1; x <= W; x++) {
                        const int inside = x >= 0 && y >= 0 && x < W && y < H && m[y * W + x];
                        fits &= inside || hypot(x - k % W, y - k / W) > radius;
                    }
                covered = fits;
            }
            assert_int_equal(got[i], covered);
        }
    }
    assert_int_equal(geo_mask_open(m, H, W, -1, got), GEO_BAD);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(components_are_floods), cmocka_unit_test(clean_keeps_one_and_fills),
        cmocka_unit_test(runs_come_back), cmocka_unit_test(distances_are_exact), cmocka_unit_test(outline_and_back),
        cmocka_unit_test(soft_outline_is_sub_pixel), cmocka_unit_test(labels_in_boxes), cmocka_unit_test(simplified_stays_near),
        cmocka_unit_test(smallest_rectangle), cmocka_unit_test(opening_is_discs_that_fit), cmocka_unit_test(nonsense_is_refused) };
    return RUN_TESTS(tests);
}
