/* polygon_test.c - filling: pixel centres, shared edges, the non-zero rule, clipping; areas and crossings by hand. */
#include "tests/test.h"
#include "geometry/polygon.h"

enum { H = 12, W = 16 };
static uint8_t map[H * W];

static int64_t fill(const double *xy, int64_t n, uint8_t v)
{
    memset(map, 0, sizeof map);
    return polygon_fill(xy, n, map, H, W, v);
}

static void centres_decide(void **state)
{
    (void)state;
    const double r[] = { 1.5, 2.5, 4.5, 2.5, 4.5, 5.5, 1.5, 5.5 };             /* x 2..4, y 3..5 */
    assert_int_equal(fill(r, 4, 7), 9);
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++) assert_int_equal(map[y * W + x], x >= 2 && x <= 4 && y >= 3 && y <= 5 ? 7 : 0);
    const double on[] = { 2, 3, 4, 3, 4, 5, 2, 5 };                             /* edges on centres: left and top in, right and bottom out */
    assert_int_equal(fill(on, 4, 1), 4);
    assert_int_equal(map[3 * W + 2], 1);
    assert_int_equal(map[5 * W + 4], 0);
}

/* Every pixel of a fan of triangles belongs to exactly one of them, whichever way round they run. */
static void shared_edges(void **state)
{
    (void)state;
    const double c[2] = { 7.3, 5.1 }, ring[5][2] = { { 0.2, 0.9 }, { 13.7, 0.1 }, { 15.2, 8.4 }, { 6.1, 11.3 }, { 0.4, 9.9 } };
    int64_t parts = 0, whole = fill(ring[0], 5, 1);
    uint8_t all[H * W], count[H * W] = { 0 };
    memcpy(all, map, sizeof map);
    for (int i = 0; i < 5; i++) {
        const double *p = ring[i], *q = ring[(i + 1) % 5];
        const double t[] = { p[0], p[1], c[0], c[1], q[0], q[1] }, u[] = { q[0], q[1], c[0], c[1], p[0], p[1] };
        int64_t n = fill(i % 2 ? t : u, 3, 1);
        parts += n;
        for (int k = 0; k < H * W; k++) count[k] = (uint8_t)(count[k] + map[k]);
    }
    assert_int_equal(parts, whole);
    assert_memory_equal(all, count, sizeof all);
}

/* Against the definition: the winding number of every pixel centre, by angles, for random polygons that cut themselves. */
static void same_as_winding_number(void **state)
{
    (void)state;
    unsigned seed = 1;
    for (int round = 0; round < 200; round++) {
        double xy[14];
        int n = 3 + round % 5;
        for (int k = 0; k < 2 * n; k++) seed = seed * 1664525u + 1013904223u, xy[k] = (seed >> 8) / 16777216.0 * (k % 2 ? H + 6 : W + 6) - 3;
        fill(xy, n, 1);
        for (int y = 0; y < H; y++)
            for (int x = 0; x < W; x++) {
                double turn = 0;
                for (int k = 0; k < n; k++) {
                    double ax = xy[2 * k] - x, ay = xy[2 * k + 1] - y, bx = xy[2 * ((k + 1) % n)] - x, by = xy[2 * ((k + 1) % n) + 1] - y;
                    turn += atan2(ax * by - ay * bx, ax * bx + ay * by);
                }
                assert_int_equal(map[y * W + x], fabs(turn) > 3 ? 1 : 0);
            }
    }
}

static void clips_and_refuses(void **state)
{
    (void)state;
    const double big[] = { -1e9, -1e9, 1e9, -1e9, 1e9, 1e9, -1e9, 1e9 }, away[] = { 100, 100, 120, 100, 110, 120 }, bad[] = { 0, 0, NAN, 0, 3, 3 };
    assert_int_equal(fill(big, 4, 1), H * W);
    assert_int_equal(fill(away, 3, 1), 0);
    assert_int_equal(fill(big, 2, 1), 0);
    assert_int_equal(fill(bad, 3, 1), -1);
    for (int k = 0; k < H * W; k++) assert_int_equal(map[k], 0);
}

static void areas(void **state)
{
    (void)state;
    const double a[] = { 0, 0, 4, 0, 4, 3, 0, 3 }, b[] = { 2, 1, 8, 1, 8, 9, 2, 9 }, c[] = { 5, 0, 9, 0, 9, 3, 5, 3 }, back[] = { 0, 3, 4, 3, 4, 0,
        0, 0 };
    const double diamond[] = { 2, -0.5, 4, 1.5, 2, 3.5, 0, 1.5 };
    near(polygon_area(a, 4), 12, 1e-12);
    near(polygon_area(back, 4), -12, 1e-12);
    near(polygon_common(a, 4, b, 4), 4, 1e-12);
    near(polygon_common(a, 4, c, 4), 0, 0);
    near(polygon_common(a, 4, a, 4), 12, 1e-12);
    near(polygon_common(a, 4, diamond, 4), 8 - 2 * 0.25, 1e-12);               /* two tips of base 1 and height 1/2 stand out */
}

static void crossings(void **state)
{
    (void)state;
    const double a[] = { 0, 0 }, b[] = { 4, 4 }, c[] = { 0, 4 }, d[] = { 4, 0 }, e[] = { 1, 0 }, f[] = { 5, 4 };
    assert_true(segments_cross(a, b, c, d));
    assert_false(segments_cross(a, c, b, d));
    assert_false(segments_cross(a, b, e, f));
    assert_false(segments_cross(a, b, b, d));                                   /* a common end is no crossing */
}

int main(void)
{
    const struct CMUnitTest table[] = { cmocka_unit_test(centres_decide), cmocka_unit_test(shared_edges), cmocka_unit_test(same_as_winding_number),
                                        cmocka_unit_test(clips_and_refuses), cmocka_unit_test(areas), cmocka_unit_test(crossings) };
    return RUN_TESTS(table);
}
