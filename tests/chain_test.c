/* chain_test.c - bodies in a probability map told apart, and their levels in order (geometry/parts.c, eval/chain.c): columns of made-up bodies
 * whose truth is known. */
#include "tests/test.h"
#include "tests/spine.h"
#include "eval/chain.h"

enum { H = 120, W = 40, STEP = 14, TALL = 10, LEFT = 8, WIDE = 24 };
static uint64_t seed = 3;
static float map[H * W];
static int32_t number[H * W];
static int64_t areas[16];

/* Probability `peak` in n bodies one above the other, `line` between them, 0 around. */
static void column(int n, float peak, float line)
{
    memset(map, 0, sizeof map);
    for (int y = 0; y < n * STEP; y++)
        for (int x = LEFT; x < LEFT + WIDE; x++) map[(y + 2) * W + x] = y % STEP < TALL ? peak : y < n * STEP - (STEP - TALL) ? line : 0;
}

static int64_t parts(int64_t least) { return geo_parts_find(map, H, W, least, number, areas, 16); }

static void bodies_that_touch_are_told_apart(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {                           /* apart; touching; one thing with ripples of 1/64; touching at the top of the range */
        column(7, i < 3 ? 0.9f : 1, i == 0 ? 0.2f : i == 1 ? 0.8f : i == 2 ? 0.9f - 1.f / 64 : 1 - 1.f / 32);
        assert_int_equal(parts(50), i != 2 ? 7 : 1);
        int64_t bone = 0, numbered = 0;
        for (int p = 0; p < H * W; p++) bone += map[p] > 0.5f, numbered += number[p] > 0;
        assert_int_equal(numbered, bone);
        if (i == 2) continue;
        for (int b = 0; b < 7; b++) {
            assert_in_range(areas[b], TALL * WIDE, TALL * WIDE + (i & 1 ? (STEP - TALL) * WIDE : 0));
            for (int y = 0; y < TALL; y++) for (int x = 0; x < WIDE; x++) assert_int_equal(number[(2 + b * STEP + y) * W + LEFT + x], b + 1);
        }
    }
}

/* Noise makes many peaks in one body; none of them is of body size far above the place where it meets the others. */
static void noise_cuts_no_body(void **state)
{
    (void)state;
    for (int round = 0; round < 50; round++) {
        column(5, 0.9f, 0.6f);
        for (int p = 0; p < H * W; p++) if (map[p] > 0) map[p] += (float)spine_uniform(&seed, -0.08, 0.08);
        assert_int_equal(parts(80), 5);
        for (int b = 0; b < 5; b++)
            for (int y = 0; y < TALL; y++)
                for (int x = 0; x < WIDE; x++) assert_int_equal(number[(2 + b * STEP + y) * W + LEFT + x], b + 1);
    }
}

static void what_is_small_is_no_body(void **state)
{
    (void)state;
    column(2, 0.9f, 0.1f);
    for (int i = 0; i < 49; i++) map[(100 + i / 7) * W + 10 + i % 7] = 0.99f;
    assert_int_equal(parts(50), 2);
    assert_int_equal(number[100 * W + 10], 0);
    assert_int_equal(parts(49), 3);
    assert_int_equal(areas[2], 49);
    assert_int_equal(number[100 * W + 10], 3);
    for (int p = 0; p < H * W; p++) map[p] = 0.5f;
    assert_int_equal(parts(1), 0);
    map[7] = NAN, map[8] = INFINITY, map[9] = 7;
    assert_int_equal(parts(1), 1);
    assert_int_equal(areas[0], 2);
    assert_int_equal(geo_parts_find(map, H, W, 0, number, NULL, 0), GEO_BAD);
    assert_int_equal(geo_parts_find(map, 0, W, 1, number, NULL, 0), GEO_BAD);
    assert_int_equal(geo_parts_find(map, 1 << 20, 1 << 20, 1, number, NULL, 0), GEO_BAD);
    assert_int_equal(geo_parts_find(NULL, H, W, 1, number, NULL, 0), GEO_BAD);
}

static void fill(int y0, int y1, int x0, int x1, float p)
{
    for (int y = y0; y < y1; y++) for (int x = x0; x < x1; x++) map[y * W + x] = p;
}

/* A line between two bodies goes to the higher one; a body does not lose its rank to wide, low ground that joins it. */
static void borders_and_ranks(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        memset(map, 0, sizeof map);
        fill(0, 10, 0, 20, i ? 0.7f : 0.9f), fill(10, 11, 0, 20, 0.6f), fill(11, 21, 0, 20, i ? 0.9f : 0.7f);
        assert_int_equal(parts(50), 2);
        assert_int_equal(number[10 * W + 5], 1 + i);
        assert_int_equal(areas[i], 220);
    }
    memset(map, 0, sizeof map);
    fill(0, 20, 0, 20, 0.6f), fill(12, 18, 5, 15, 0.9f), fill(20, 21, 0, 20, 0.59f), fill(21, 31, 0, 20, 0.9f);
    assert_int_equal(parts(50), 2);
    assert_in_range(areas[0], 400, 420);
}

/* ---- levels -------------------------------------------------------------------------------------------------------------------------- */

enum { NET = 8 };                                           /* background, sacrum, L1 to L5, something that is no level */
static const char *const names[NET] = { "background", "sacrum", "L1", "L2", "L3", "L4", "L5", "implant" };
enum { L1 = 2, L5 = 6 };

static chain levels(void)
{
    chain c;
    assert_int_equal(chain_of(names, NET, &c), 1);
    return c;
}

/* Probabilities of a column of n bodies: p[b][class] within body b, background elsewhere. */
static void probabilities_of(float *s, int n, const double p[][NET])
{
    for (int i = 0; i < H * W; i++) {
        const int y = i / W - 2, b = y < 0 ? n : y / STEP, in = b < n && y % STEP < TALL && i % W >= LEFT && i % W < LEFT + WIDE;
        for (int k = 0; k < NET; k++) s[i * NET + k] = (float)(in ? p[b][k] : k ? 1e-4 : 1 - 1e-4 * (NET - 1));
    }
}

static uint8_t class[H * W];

static int decide(const float *bone, const float *s)
{
    const chain c = levels();
    return chain_decide(&c, &(chain_canvas){ H, W, 1, 1 }, bone, s, class);
}

static int best(const float *s, int b)                      /* class of the middle of body b by its pixel alone */
{
    const float *at = s + ((2 + b * STEP + TALL / 2) * W + 20) * NET;
    int top = 0;
    for (int k = 1; k < NET; k++) if (at[k] > at[top]) top = k;
    return top;
}

static void body_is(int b, int wanted)                      /* all of it */
{
    for (int y = 0; y < TALL; y++) for (int x = LEFT; x < LEFT + WIDE; x++) assert_int_equal(class[(2 + b * STEP + y) * W + x], wanted);
}

static void levels_follow_each_other(void **state)
{
    (void)state;
    static float s[H * W * NET];
    /* the first is seen as L2, the third leans to its neighbour; the five together can only be L1 to L5 */
    const double p[5][NET] = { { .1, 0, .4, .5 }, { .1, 0, .3, .5, .1 }, { .1, 0, 0, .45, .4, .05 }, { .1, 0, 0, 0, .2, .7 },
                               { .1, 0, 0, 0, 0, .3, .6 } };
    probabilities_of(s, 5, p);
    assert_int_equal(best(s, 0), L1 + 1);
    assert_int_equal(best(s, 2), L1 + 1);
    assert_int_equal(decide(NULL, s), 5);
    for (int b = 0; b < 5; b++) body_is(b, L1 + b);
    assert_int_equal(class[0], L1);                         /* what lies in no body belongs to the nearest */
    assert_int_equal(class[H * W - 1], L5);
}

/* Both neighbours of the chain look like one more of it; the film as a whole says which they are. */
static void a_body_beyond_the_last_level_is_left_out(void **state)
{
    (void)state;
    static float s[H * W * NET];
    const double p[7][NET] = { { .4, 0, .55, .05 }, { .1, 0, .6, .3 }, { .1, 0, .2, .6, .1 }, { .1, 0, 0, .2, .5, .2 }, { .1, 0, 0, 0, .3, .5, .1 },
                               { .1, 0, 0, 0, 0, .3, .6 }, { .1, .35, 0, 0, 0, 0, .55 } };
    probabilities_of(s, 7, p);
    assert_int_equal(best(s, 0), L1);
    assert_int_equal(best(s, 6), L5);
    assert_int_equal(decide(NULL, s), 5);
    body_is(0, 0), body_is(6, 0);
    for (int b = 1; b < 6; b++) body_is(b, L1 + b - 1);
    /* levels are left for all three, but the first is so little of L1 that it is rather none */
    const double few[3][NET] = { { .45, 0, .05, .5 }, { .1, 0, .5, .4 }, { .1, 0, 0, .5, .4 } };
    probabilities_of(s, 3, few);
    assert_int_equal(decide(NULL, s), 2);
    body_is(0, 0), body_is(1, L1), body_is(2, L1 + 1);
}

static void one_body_has_one_name_and_no_name_two(void **state)
{
    (void)state;
    static float s[H * W * NET];
    const double p[3][NET] = { { .1, 0, 0, .8, .1 }, { .1, 0, 0, .1, .7, .1 }, { .1, 0, 0, 0, .1, .7, .1 } };
    probabilities_of(s, 3, p);
    for (int y = 0; y < TALL; y++)                          /* the left third of the middle one is called L2 */
        for (int x = LEFT; x < LEFT + WIDE / 3; x++) {
            float *at = s + ((2 + STEP + y) * W + x) * NET, t = at[L1 + 1];
            at[L1 + 1] = at[L1 + 2], at[L1 + 2] = t;
        }
    static float bone[H * W];
    for (int i = 0; i < H * W; i++) bone[i] = s[i * NET] < 0.5f ? 0.9f : 0.1f;
    for (int k = 0; k < NET; k++) s[((2 + STEP + 3) * W + LEFT + 3) * NET + k] = NAN;       /* and a pixel of it is no number */
    assert_int_equal(decide(bone, s), 3);
    for (int b = 0; b < 3; b++) if (b != 1) body_is(b, L1 + 1 + b);
    for (int x = LEFT; x < LEFT + WIDE; x++) assert_int_equal(class[(2 + STEP + 5) * W + x], L1 + 2);
    const double twice[4][NET] = { { 0, 0, 0, .98 }, { 0, 0, 0, 0, .98 }, { 0, 0, 0, 0, .98 }, { 0, 0, 0, 0, 0, 0, .98 } };
    probabilities_of(s, 4, twice);
    assert_int_equal(decide(NULL, s), 4);
    for (int b = 0; b < 4; b++) body_is(b, L1 + 1 + b);
}

/* Where names are of little hold, a film of bodies is not a film of none; and many bodies are found for few names. */
static void doubt_about_names_leaves_no_film_empty(void **state)
{
    (void)state;
    static float s[H * W * NET], bone[H * W];
    const double p[5][NET] = { { .6, 0, .2, .2 }, { .6, 0, .2, .2 }, { .6, 0, 0, .2, .2 }, { .6, 0, 0, 0, .2, .2 }, { .45, 0, 0, 0, 0, 0, .55 } };
    probabilities_of(s, 5, p);
    for (int i = 0; i < H * W; i++) bone[i] = s[i * NET] < 0.9f ? 0.95f : 0.05f;
    assert_in_range(decide(bone, s), 1, 5);
    body_is(4, L5);
    chain two;
    assert_int_equal(chain_of((const char *const[]){ "background", "L4", "L5" }, 3, &two), 1);
    static float q[H * W * 3];
    for (int i = 0; i < H * W; i++) {
        const int y = i / W - 2, b = y / 6, in = y >= 0 && b < 18 && y % 6 < 4 && i % W >= LEFT && i % W < LEFT + WIDE;
        bone[i] = in ? 0.95f : 0.05f, q[3 * i] = in && b > 15 ? 0.2f : 0.9f, q[3 * i + 1] = in && b == 16 ? 0.8f : 0.05f,
        q[3 * i + 2] = in && b == 17 ? 0.8f : 0.05f;
    }
    assert_int_equal(chain_decide(&two, &(chain_canvas){ H, W, 1, 1 }, bone, q, class), 2);
    for (int b = 0; b < 18; b++) assert_int_equal(class[(2 + b * 6 + 2) * W + 20], b < 16 ? 0 : b - 15);
}

/* The second of five stands beside the others, so it has no turn: it is what the network calls it, if it calls it a vertebra at all. Pixels that are
 * wider than high bend the same line further. */
static void a_body_off_the_line_is_named_by_itself(void **state)
{
    (void)state;
    static float s[H * W * NET], bone[H * W];
    const chain c = levels();
    for (int i = 0; i < 3; i++) {                           /* by itself; none of them; beside the line by the shape of the pixels alone */
        for (int k = 0; k < H * W * NET; k++) s[k] = k % NET ? 0 : 1;
        memset(bone, 0, sizeof bone);
        const int from = i < 2 ? 32 : 5;
        for (int b = 0; b < 5; b++)
            for (int y = b * 16; y < b * 16 + 10; y++)
                for (int x = b == 2 ? from : 0; x < (b == 2 ? from : 0) + 8; x++) {
                    float *at = s + (y * W + x) * NET;
                    const float none = b == 2 && i == 1 ? 0.7f : 0.1f;
                    at[0] = none, at[L1 + (b == 2 && i == 2 ? 4 : b)] = 1 - none, bone[y * W + x] = 0.9f;
                }
        const int named = chain_decide(&c, &(chain_canvas){ H, W, i == 2 ? 6 : 1, 1 }, bone, s, class);
        assert_int_equal(named, i == 0 ? 5 : 4);            /* in the last the line has L5 already */
        for (int b = 0; b < 5; b++)
            assert_int_equal(class[(b * 16 + 5) * W + (b == 2 ? from + 4 : 4)], b != 2 || !i ? L1 + b : 0);
        if (i < 2) continue;
        assert_int_equal(chain_decide(&c, &(chain_canvas){ H, W, 1, 1 }, bone, s, class), 5);
        assert_int_equal(class[(2 * 16 + 5) * W + from + 4], L1 + 2);
    }
}

static void without_bodies_pixels_speak(void **state)
{
    (void)state;
    static float s[H * W * NET];
    probabilities_of(s, 0, NULL);
    s[7 * NET + L1 + 3] = 0.4f;
    assert_int_equal(decide(NULL, s), 0);
    assert_int_equal(class[7], L1 + 3);
    chain none;
    assert_int_equal(chain_of((const char *const[]){ "background", "vertebra", "L3" }, 3, &none), 0);
    assert_int_equal(chain_of((const char *const[]){ "background", "vertebra" }, 2, &none), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_that_touch_are_told_apart),
        cmocka_unit_test(noise_cuts_no_body),
        cmocka_unit_test(what_is_small_is_no_body),
        cmocka_unit_test(borders_and_ranks),
        cmocka_unit_test(levels_follow_each_other),
        cmocka_unit_test(a_body_beyond_the_last_level_is_left_out),
        cmocka_unit_test(one_body_has_one_name_and_no_name_two),
        cmocka_unit_test(a_body_off_the_line_is_named_by_itself),
        cmocka_unit_test(doubt_about_names_leaves_no_film_empty),
        cmocka_unit_test(without_bodies_pixels_speak),
    };
    return RUN_TESTS(tests);
}
