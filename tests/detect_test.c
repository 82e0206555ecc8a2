/* detect_test.c - what the laws of op_test.c cannot say of a detector's choices: many boxes against counting, ties and NaN, the same bits
 * for any number of threads, what the random sampler draws, hostile boxes and truths, messages, and that gradients go through regions
 * and not through choices. */
#include "tests/rig.h"
#include "nn/plan.h"
#include "nn/schedule.h"
#include "kernels/detect.h"
#include <omp.h>

static box random_box(uint32_t which, int64_t i, double image, double side)
{
    const double x = image * fabs(rig_u(which, 4 * i)), y = image * fabs(rig_u(which, 4 * i + 1));
    const double w = 1 + side * fabs(rig_u(which, 4 * i + 2)), h = 1 + side * fabs(rig_u(which, 4 * i + 3));
    return (box){ (real)x, (real)y, (real)(x + w), (real)(y + h) };
}

/* Scores with many ties, and a few that are no numbers */
static real tied_score(int64_t i) { return i % 97 == 5 ? (real)NAN : (real)(rng_draw(3, RNG_TEST, 0, 0, (uint64_t)i).v[0] % 200) / 200; }

static int comes_before(const candidate *a, const candidate *b)
{
    const int na = isnan((double)a->score), nb = isnan((double)b->score);
    if (na || nb) return na == nb ? a->place < b->place : nb;
    return a->score > b->score || (a->score == b->score && a->place < b->place);
}

static candidate *crowd(int64_t n, int groups)
{
    candidate *c = xalloc_n((size_t)n, sizeof *c);
    for (int64_t i = 0; i < n; i++) c[i] = (candidate){ tied_score(i), (int32_t)(i * 7 % groups), i, random_box(1, i, 300, 60) };
    return c;
}

static void top_of_many(void **state)
{
    (void)state;
    enum { N = 3000 };
    static const int64_t take[] = { 0, 1, 2, 100, N - 1, N, N + 5 };
    candidate *given = crowd(N, 1), *c = xalloc_n(N, sizeof *c);
    for (size_t k = 0; k < sizeof take / sizeof *take; k++) {
        memcpy(c, given, N * sizeof *c);
        const int64_t want = take[k] < N ? take[k] : N;
        assert_int_equal(candidates_top(c, N, take[k]), want);
        for (int64_t i = 0; i < want; i++) {
            int64_t ahead = 0;
            for (int64_t j = 0; j < N; j++) ahead += comes_before(&given[j], &c[i]);
            assert_int_equal(ahead, i);
        }
    }
    free(given), free(c);
}

/* Kept, by definition: no kept one of its group that comes before overlaps it by more */
static void suppression_of_many(void **state)
{
    (void)state;
    enum { N = 2000 };
    candidate *given = crowd(N, 3), *c = xalloc_n(N, sizeof *c);
    memcpy(c, given, N * sizeof *c);
    candidates_top(given, N, N);                               /* by score */
    char kept[N] = { 0 };
    int64_t want = 0;
    for (int64_t i = 0; i < N; i++) {
        kept[i] = 1;
        for (int64_t j = 0; j < i; j++)
            if (kept[j] && given[j].group == given[i].group && box_iou(given[j].b, given[i].b) > (real)0.4) kept[i] = 0;
        want += kept[i];
    }
    assert_in_range(want, 200, 1800);
    const int64_t got = candidates_suppress(c, N, 0.4, N);
    assert_int_equal(got, want);
    for (int64_t i = 0, k = 0; i < N; i++) if (kept[i]) assert_int_equal(c[k++].place, given[i].place);
    memcpy(c, given, N * sizeof *c);
    assert_int_equal(candidates_suppress(c, N, 0.4, 50), 50);
    for (int64_t i = 0, k = 0; k < 50; i++) if (kept[i]) assert_int_equal(c[k++].place, given[i].place);
    free(given), free(c);
}

static void matches_of_many(void **state)
{
    (void)state;
    enum { N = 20000, TRUTHS = 17 };
    box *b = xalloc_n(N, sizeof *b), truth[TRUTHS];
    int32_t *match[3];
    real best[TRUTHS];
    int64_t kind[3] = { 0 };                                   /* positives, none, between */
    for (int64_t i = 0; i < N; i++) b[i] = random_box(2, i / 2, 500, 80);      /* in pairs: ties for the best */
    for (int t = 0; t < TRUTHS; t++) truth[t] = random_box(3, t % (TRUTHS - 2), 500, 80);       /* two come twice: the first of equals */
    for (int threads = 1; threads <= 3; threads++) {
        omp_set_num_threads(threads);
        match[threads - 1] = xalloc_n(N, sizeof **match);
        match_boxes(N, b, TRUTHS, truth, 0.3, 0.99, 1, match[threads - 1], best);
        assert_memory_equal(match[threads - 1], match[0], N * sizeof **match);
    }
    for (int64_t i = 0; i < N; i++) {
        int at = 0, is_best = 0;
        for (int t = 0; t < TRUTHS; t++) {
            const real v = box_iou(b[i], truth[t]);
            if (v > box_iou(b[i], truth[at])) at = t;
            int better = 0;
            for (int64_t j = 0; j < N && v > 0 && !better; j++) better = box_iou(b[j], truth[t]) > v;
            is_best |= v > 0 && !better;
        }
        const double v = (double)box_iou(b[i], truth[at]);
        const int want = is_best || v >= 0.99 ? at : v < 0.3 ? MATCH_NONE : MATCH_IGNORE;
        if (match[0][i] != want) fail_msg("box %lld matches %d, wanted %d", (long long)i, match[0][i], want);
        kind[want >= 0 ? 0 : -want]++;
        assert_int_equal(match[0][i], match[0][i / 2 * 2]);
    }
    assert_true(kind[0] >= TRUTHS && kind[1] > N / 2 && kind[2] > 100);
    match_boxes(N, b, 0, truth, 0.3, 0.7, 1, match[0], best);
    for (int64_t i = 0; i < N; i++) assert_int_equal(match[0][i], MATCH_NONE);
    free(b);
    for (int k = 0; k < 3; k++) free(match[k]);
}

/* Each positive is drawn as often as any other over many images; another step, image, seed or purpose draws others. */
static void random_samples(void **state)
{
    (void)state;
    enum { N = 400, TAKE = 40, IMAGES = 4000 };
    int32_t match[N], place[TAKE], again[TAKE];
    int drawn[N] = { 0 }, same = 0;
    for (int i = 0; i < N; i++) match[i] = i % 8 == 0 ? i % 3 : i % 8 == 1 ? MATCH_IGNORE : MATCH_NONE;      /* 50, 50, 300 */
    const sample_rule r = { TAKE, 0.25, SAMPLE_RANDOM };
    for (uint32_t image = 0; image < IMAGES; image++) {
        const sample_count c = sample_boxes(N, match, r, (sample_key){ 9, RNG_TEST, 4, image }, place);
        assert_int_equal(c.positives, 10);
        assert_int_equal(c.all, TAKE);
        for (int k = 0; k < TAKE; k++) {
            drawn[place[k]]++;
            assert_true(k < 10 ? match[place[k]] >= 0 : match[place[k]] == MATCH_NONE);
            assert_true(k % 10 == 0 ? k == 0 || k > 10 || place[k] != place[k - 1] : place[k] > place[k - 1]);
        }
    }
    for (int i = 0; i < N; i++) {                              /* 800 and 400 expected, SD 25 and 19 */
        if (match[i] == MATCH_IGNORE) assert_int_equal(drawn[i], 0);
        else near(drawn[i], match[i] >= 0 ? IMAGES * 10 / 50 : IMAGES * 30 / 300, match[i] >= 0 ? 130 : 100);
    }
    const sample_key keys[] = {
        { 9, RNG_TEST, 4, 0 }, { 9, RNG_TEST, 4, 0 }, { 10, RNG_TEST, 4, 0 }, { 9, RNG_NOISE, 4, 0 }, { 9, RNG_TEST, 5, 0 }, { 9, RNG_TEST, 4, 1 },
    };
    for (int k = 0; k < 6; k++) {
        sample_boxes(N, match, r, keys[k], k ? again : place);
        if (k) same += !memcmp(place, again, sizeof place);
    }
    assert_int_equal(same, 1);
}

/* Fewer than there is room for: all of them, -1 behind; first: by place */
static void samples_of_few(void **state)
{
    (void)state;
    const int32_t match[] = { -1, 0, -2, 1, -1, 2, 0, -1 };
    int32_t place[9];
    static const struct { sample_rule r; int positives, all; int32_t want[9]; } k[] = {
        { { 4, 0.5, SAMPLE_FIRST }, 2, 4, { 1, 3, 0, 4 } },
        { { 9, 0.9, SAMPLE_FIRST }, 4, 7, { 1, 3, 5, 6, 0, 4, 7, -1, -1 } },
        { { 9, 0.9, SAMPLE_RANDOM }, 4, 7, { 1, 3, 5, 6, 0, 4, 7, -1, -1 } },
        { { 9, 0.25, SAMPLE_FIRST }, 2, 5, { 1, 3, 0, 4, 7, -1, -1, -1, -1 } },
        { { 3, 0, SAMPLE_FIRST }, 0, 3, { 0, 4, 7 } },
    };
    for (size_t i = 0; i < sizeof k / sizeof *k; i++) {
        const sample_count c = sample_boxes(8, match, k[i].r, (sample_key){ 1, RNG_TEST, 0, 0 }, place);
        assert_int_equal(c.positives, k[i].positives);
        assert_int_equal(c.all, k[i].all);
        for (int64_t j = 0; j < k[i].r.size; j++) assert_int_equal(place[j], k[i].want[j]);
    }
}

static void boxes_to_the_film(void **state)
{
    (void)state;
    const box given[] = { { 10, 20, 30, 40 }, { 90, 10, 130, 20 }, { 101, 5, 120, 9 } };
    box b[3];
    int32_t place[3];
    memcpy(b, given, sizeof b);
    assert_int_equal(detections_rescale(0, 3, b, (int64_t[]){ 50, 100 }, (int64_t[]){ 100, 150 }, place), 3);
    near(b[1].x2, 195, 1e-4); near(b[1].y1, 20, 1e-4); near(b[0].x1, 15, 1e-4); near(b[0].y2, 80, 1e-4);
    memcpy(b, given, sizeof b);
    assert_int_equal(detections_rescale(1, 3, b, (int64_t[]){ 50, 100 }, (int64_t[]){ 100, 150 }, place), 2);
    near(b[1].x2, 150, 1e-4); near(b[1].x1, 135, 1e-4);
    assert_int_equal(place[1], 1);
}

/* Boxes that no image holds, and counts beyond the capacity: every output is a number, none comes from outside the maps */
static void hostile_regions(void **state)
{
    (void)state;
    static const double odd[][4] = {
        { NAN, 0, 4, 4 }, { 0, 0, INFINITY, 4 }, { -INFINITY, -INFINITY, INFINITY, INFINITY }, { 1e30, 1e30, 1e31, 1e31 },
        { 5, 5, 5, 5 }, { 9, 9, 2, 2 }, { -1e9, -1e9, 1e9, 1e9 }, { 0, 0, 1e-30, 1e-30 },
    };
    static const char *const words[] = { "strides=4,8 height=2 width=2", "strides=4,8 height=2 width=2 sampling=0 aligned=1",
        "strides=4,8 height=1 width=1 sampling=1 aligned=1" };
    enum { N = sizeof odd / sizeof *odd };
    for (int k = 0; k < 3; k++) {
        rig *r = rig_new("roi_align", words[k], 4, (shape[]){ SHAPE4(1, N, 1, 4), SHAPE1(1), SHAPE4(1, 5, 6, 2), SHAPE4(1, 3, 3, 2) },
                         (dtype[]){ REAL_TYPE, I32, REAL_TYPE, REAL_TYPE }, ODD);
        for (int i = 0; i < 4 * N; i++) slot_put(&r->x[0], i, (real)odd[i / 4][i % 4]);
        for (int i = 2; i < 4; i++) for (int64_t j = 0; j < r->x[i].n; j++) slot_put(&r->x[i], j, 1);
        for (int64_t j = 0; j < r->gy[0].n; j++) slot_put(&r->gy[0], j, 1);
        *(int32_t *)r->x[1].p = INT32_MAX;
        rig_forward(r), rig_backward(r);
        for (int64_t j = 0; j < r->y[0].n; j++) assert_in_range(1e6 * (double)slot_get(&r->y[0], j), 0, 1000010);
        for (int i = 2; i < 4; i++) for (int64_t j = 0; j < r->gx[i].n; j++) assert_true(isfinite((double)slot_get(&r->gx[i], j)));
        rig_intact(r);
        *(int32_t *)r->x[1].p = -3;
        rig_forward(r);
        for (int64_t j = 0; j < r->y[0].n; j++) near(slot_get(&r->y[0], j), 0, 0);
        rig_free(r);
    }
}

/* Logits and deltas that are no numbers give no proposals and no detections */
static void choices_of_nan(void **state)
{
    (void)state;
    rig *r = rig_new("proposals", "sizes=16 strides=8 ratios=1 post=9 pre=9", 3,
                     (shape[]){ { 2, { 1, 2 } }, SHAPE4(1, 3, 3, 1), SHAPE4(1, 3, 3, 4) }, (dtype[]){ I32, REAL_TYPE, REAL_TYPE }, DENSE);
    rig *d = rig_new("detections", "keep=9", 5,
                     (shape[]){ SHAPE4(3, 1, 1, 2), SHAPE4(3, 1, 1, 8), SHAPE4(1, 3, 1, 4), SHAPE1(1), { 2, { 1, 2 } } },
                     (dtype[]){ REAL_TYPE, REAL_TYPE, REAL_TYPE, I32, I32 }, DENSE);
    for (int i = 0; i < 2; i++) ((int32_t *)r->x[0].p)[i] = ((int32_t *)d->x[4].p)[i] = 24;
    slot_fill(&r->x[1], 0), slot_fill(&r->x[2], 0), slot_fill(&d->x[0], 0), slot_fill(&d->x[1], 0);
    for (int i = 0; i < 3; i++) for (int j = 0; j < 4; j++) slot_put(&d->x[2], 4 * i + j, (real)(i + j / 2 * 5));
    *(int32_t *)d->x[3].p = 3;
    slot_put(&r->x[1], 0, NAN), slot_put(&r->x[2], 4, INFINITY), slot_put(&r->x[1], 2, INFINITY);
    slot_put(&d->x[0], 1, NAN), slot_put(&d->x[1], 13, NAN);
    rig_forward(r), rig_forward(d);
    assert_int_equal(*(int32_t *)r->y[1].p, 7);                /* infinite objectness is a score of 1 */
    assert_int_equal(*(int32_t *)d->y[1].p, 1);
    for (int64_t i = 0; i < r->y[0].n; i++) assert_true(isfinite((double)slot_get(&r->y[0], i)));
    for (int64_t i = 0; i < d->y[0].n; i++) assert_true(isfinite((double)slot_get(&d->y[0], i)));
    rig_free(r), rig_free(d);
}

/* Equal scores: levels in their order, within a level places in theirs; of two groups none suppresses the other */
static void proposals_of_equal_scores(void **state)
{
    (void)state;
    rig *r = rig_new("proposals", "sizes=8,12 strides=16,16 ratios=1 post=9 pre=4", 5,
                     (shape[]){ { 2, { 1, 2 } }, SHAPE4(1, 2, 2, 1), SHAPE4(1, 2, 2, 1), SHAPE4(1, 2, 2, 4), SHAPE4(1, 2, 2, 4) },
                     (dtype[]){ I32, REAL_TYPE, REAL_TYPE, REAL_TYPE, REAL_TYPE }, DENSE);
    for (int i = 0; i < 2; i++) ((int32_t *)r->x[0].p)[i] = 64;
    for (int i = 1; i < 5; i++) slot_fill(&r->x[i], 0);
    rig_forward(r);
    assert_int_equal(*(int32_t *)r->y[1].p, 8);
    for (int k = 0; k < 8; k++) {
        near(slot_get(&r->y[0], 4 * k + 2), 16 * (k % 2) + (k < 4 ? 4 : 6), 1e-6);
        near(slot_get(&r->y[0], 4 * k + 3), 16 * (k / 2 % 2) + (k < 4 ? 4 : 6), 1e-6);
        near(slot_get(&r->y[2], k), 0.5, 1e-7);
    }
    rig_free(r);
}

/* No truth at all: everything is background, and no weight is infinite */
static void images_without_truth(void **state)
{
    (void)state;
    rig *a = rig_new("anchor_targets", "sizes=16 strides=8 samples=8", 3, (shape[]){ SHAPE4(1, 2, 1, 4), SHAPE1(1), SHAPE4(1, 3, 3, 3) },
                     (dtype[]){ REAL_TYPE, I32, REAL_TYPE }, DENSE);
    rig *b = rig_new("roi_targets", "samples=6 background_class=3", 5,
                     (shape[]){ SHAPE4(1, 4, 1, 4), SHAPE1(1), SHAPE4(1, 2, 1, 4), SHAPE1(1), { 2, { 1, 2 } } },
                     (dtype[]){ REAL_TYPE, I32, REAL_TYPE, I32, I32 }, DENSE);
    *(int32_t *)a->x[1].p = 0, *(int32_t *)b->x[3].p = 0;
    for (int given = 0; given <= 4; given += 4) {
        *(int32_t *)b->x[1].p = given;
        slot_fill(&b->x[0], 0);
        rig_forward(a), rig_forward(b);
        for (int i = 0; i < 8; i++) {
            near(slot_get(&a->y[1], i), 0, 0); near(slot_get(&a->y[4], i), 0, 0); near(slot_get(&a->y[2], i), 0.125, 1e-7);
        }
        assert_int_equal(*(int32_t *)b->y[1].p, given);
        for (int i = 0; i < 6; i++) {
            assert_int_equal(b->y[2].p[i], i < given ? 3 : 255);
            near(slot_get(&b->y[5], i), 0, 0);
        }
    }
    rig_free(a), rig_free(b);
}

static void bad_truth(void **state)
{
    (void)state;
    rig *b = rig_new("roi_targets", "samples=6", 5,
                     (shape[]){ SHAPE4(1, 4, 1, 4), SHAPE1(1), SHAPE4(1, 2, 1, 4), SHAPE1(1), { 2, { 1, 2 } } },
                     (dtype[]){ REAL_TYPE, I32, REAL_TYPE, I32, I32 }, DENSE);
    const double boxes[] = { 1, 2, 5, 9, 3, 3, 3, 8 };
    *(int32_t *)b->x[1].p = 0, *(int32_t *)b->x[3].p = 2;
    for (int i = 0; i < 8; i++) slot_put(&b->x[2], i, (real)boxes[i]);
    ((int32_t *)b->x[4].p)[0] = ((int32_t *)b->x[4].p)[1] = 0;
    dies(2, "box 1 of image 0 is 3 3 3 8, wanted x2 > x1 and y2 > y1", rig_forward(b));
    slot_put(&b->x[2], 6, 4);
    dies(2, "a truth has class 0, wanted 0 to 254 but not 0, the background", rig_forward(b));
    ((int32_t *)b->x[4].p)[0] = 255;
    dies(2, "a truth has class 255", rig_forward(b));
    rig_free(b);
}

typedef struct { const char *op, *words; int n; shape s[5]; dtype t[5]; const char *message; } refused;
static void refuses(const refused *r) { dies(2, r->message, rig_new(r->op, r->words, r->n, r->s, r->t, DENSE)); }
static void bad_shapes(void **state)
{
    (void)state;
    const shape m = SHAPE4(2, 4, 4, 3), b = SHAPE4(2, 5, 1, 4), two = { 2, { 2, 2 } };
    const refused bad[] = {
        { "roi_align", "strides=4", 3, { b, SHAPE1(2), SHAPE4(3, 4, 4, 3) }, { REAL_TYPE, I32, REAL_TYPE },
          "in0 is 2x5x1x4, wanted 3x5x1x4" },
        { "roi_align", "strides=4,8", 3, { b, SHAPE1(2), m }, { REAL_TYPE, I32, REAL_TYPE }, "strides: got 2, wanted 1, one a map" },
        { "roi_align", "strides=4,8", 4, { b, SHAPE1(2), m, SHAPE4(2, 2, 2, 4) }, { REAL_TYPE, I32, REAL_TYPE, REAL_TYPE },
          "in3 is 2x2x2x4, wanted 2x2x2x3" },
        { "roi_align", " ", 2, { b, SHAPE1(2) }, { REAL_TYPE, I32 }, "got 2 inputs, wanted 3 to 7" },
        { "level_rows", "width=2", 2, { two, m }, { I32, REAL_TYPE }, "width: got 2, wanted a divisor of 3" },
        { "level_rows", " ", 2, { { 2, { 3, 2 } }, m }, { I32, REAL_TYPE }, "in0 is 3x2, wanted 2x2" },
        { "proposals", "sizes=8 strides=4", 3, { two, m, SHAPE4(2, 4, 4, 9) }, { I32, REAL_TYPE, REAL_TYPE },
          "in2 is 2x4x4x9, wanted 2x4x4x12" },
        { "proposals", "sizes=8 strides=4 ratios=1,2", 3, { two, m, SHAPE4(2, 4, 4, 12) }, { I32, REAL_TYPE, REAL_TYPE },
          "in1 is 2x4x4x3, wanted 2x4x4x2" },
        { "proposals", "sizes=8,16 strides=4", 3, { two, m, SHAPE4(2, 4, 4, 12) }, { I32, REAL_TYPE, REAL_TYPE },
          "sizes: got 2, wanted 1, one a map" },
        { "proposals", "sizes=8 height=9", 3, { two, m, SHAPE4(2, 4, 4, 12) }, { I32, REAL_TYPE, REAL_TYPE },
          "got one of height and width, wanted both or none" },
        { "proposals", "sizes=8 height=9 width=3", 3, { two, m, SHAPE4(2, 4, 4, 12) }, { I32, REAL_TYPE, REAL_TYPE },
          "is larger than height and width, 9 x 3" },
        { "proposals", "sizes=8 strides=4", 4, { two, m, m, m }, { I32, REAL_TYPE, REAL_TYPE, REAL_TYPE },
          "got 3 maps, wanted as many of objectness as of deltas" },
        { "detections", " ", 5, { SHAPE4(10, 1, 1, 3), SHAPE4(10, 1, 1, 8), b, SHAPE1(2), two }, { REAL_TYPE, REAL_TYPE,
          REAL_TYPE, I32, I32 }, "in1 is 10x1x1x8, wanted 10x1x1x12" },
        { "detections", "weights=1", 5, { SHAPE4(10, 1, 1, 3), SHAPE4(10, 1, 1, 12), b, SHAPE1(2), two }, { REAL_TYPE, REAL_TYPE,
          REAL_TYPE, I32, I32 }, "weights: got 1, wanted 4" },
        { "widen_boxes", " ", 3, { b, SHAPE1(2), SHAPE1(9) }, { REAL_TYPE, I32, I32 }, "in2 is 9, wanted 10" },
        { "anchor_targets", "sizes=8 strides=4", 3, { SHAPE4(1, 5, 1, 4), SHAPE1(2), m }, { REAL_TYPE, I32, REAL_TYPE },
          "in0 is 1x5x1x4, wanted 2x5x1x4" },
        { "roi_targets", " ", 5, { b, SHAPE1(2), b, SHAPE1(2), two }, { REAL_TYPE, I32, REAL_TYPE, I32, I32 }, "in4 is 2x2, wanted 2x5" },
        { "mask_targets", " ", 4, { b, SHAPE1(10), { 2, { 2, 5 } }, SHAPE4(3, 1, 4, 4) }, { REAL_TYPE, I32, I32, U8 },
          "in3 is 3x1x4x4, wanted 2x1x4x4" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) refuses(&bad[i]);
}

static tensor *add(graph *g, const char *name, const char *words, int n, tensor *const *in)
{
    return graph_words(g, name, name, name, n, in, words);
}

/* Proposals of a map, regions of it, a sum: the gradient is 1 for each region's bin, shared out; nothing asks the choice for its own. */
static void gradients_pass_by(void **state)
{
    (void)state;
    graph *g = graph_new();
    tensor *map = graph_leaf(g, "map", SHAPE4(1, 8, 8, 4), REAL_TYPE, INPUT);
    tensor *extent = graph_leaf(g, "extent", (shape){ 2, { 1, 2 } }, I32, INPUT);
    tensor *logits = add(g, "reduce", "over=channels kind=sum", 1, &map);
    tensor *found = add(g, "proposals", "sizes=12 strides=4 ratios=1 pre=64 post=10", 3, (tensor *[]){ extent, logits, map });
    tensor *regions = add(g, "roi_align", "strides=4 height=1 width=1", 3, (tensor *[]){ found, found->from->out[1], map });
    tensor *loss = add(g, "reduce", "over=all kind=sum", 1, &regions);
    schedule s = { 0 };
    context c = { .dev = &device_cpu, .training = 1, .loss_scale = 1 };
    schedule_forward(&s, g, (tensor *[]){ loss, found->from->out[1] }, 2);
    schedule_backward(&s, g, loss, (tensor *[]){ map }, 1);
    map->x.p = xalloc_n(256, sizeof(real)), extent->x.p = xalloc_n(2, sizeof(int32_t));
    plan_make(&s, &c, 1);
    plan_place(&s, &device_cpu);
    memset(s.base, 0xff, s.arena);
    double sum = 0;
    for (int i = 0; i < 256; i++) ((real *)map->x.p)[i] = (real)(0.3 * rig_u(4, i));
    for (int i = 0; i < 2; i++) ((int32_t *)extent->x.p)[i] = 32;
    schedule_run(&s, &c);
    for (int i = 0; i < 256; i++) sum += (double)((real *)map->g.p)[i];
    const int32_t count = *(int32_t *)found->from->out[1]->x.p;
    assert_in_range(count, 3, 10);
    near(sum, 4.0 * count, 1e-4);                              /* all samples lie within the map */
    for (int i = 0; i < s.n; i++) assert_true(!s.s[i].backward || !s.s[i].n || s.s[i].n->op != op_find("proposals"));
    free(map->x.p), free(extent->x.p);
    schedule_free(&s);
    graph_free(g);
}

/* Backward steps of a schedule, and what the last of them wants */
static int backward_steps(const schedule *s, unsigned *want)
{
    int n = 0;
    for (int i = 0; i < s->n; i++) if (s->s[i].backward && s->s[i].n) n++, *want = s->s[i].want;
    return n;
}

/* Nothing is computed towards what stands before a choice, and boxes get no gradient even where one is asked for. */
static void gradients_end(void **state)
{
    (void)state;
    graph *g = graph_new();
    tensor *map = graph_leaf(g, "map", SHAPE4(1, 8, 8, 4), REAL_TYPE, INPUT), *extent = graph_leaf(g, "extent", (shape){ 2, { 1, 2 } }, I32, INPUT);
    tensor *boxes = graph_leaf(g, "boxes", SHAPE4(1, 5, 1, 4), REAL_TYPE, INPUT), *count = graph_leaf(g, "count", SHAPE1(1), I32, INPUT);
    tensor *logits = add(g, "reduce", "over=channels kind=sum", 1, &map);
    tensor *found = add(g, "proposals", "sizes=12 strides=4 ratios=1", 3, (tensor *[]){ extent, logits, map });
    tensor *regions = add(g, "roi_align", "strides=4", 3, (tensor *[]){ boxes, count, map });
    tensor *loss[] = { add(g, "reduce", "over=all", 1, &found), add(g, "reduce", "over=all", 1, &regions) };
    for (int k = 0; k < 2; k++) {
        schedule s = { 0 };
        unsigned want = 0;
        schedule_forward(&s, g, loss, 2);
        schedule_backward(&s, g, loss[k], (tensor *[]){ boxes, map }, 2);
        assert_int_equal(backward_steps(&s, &want), k ? 2 : 0);
        assert_int_equal(want, k ? 1 << 2 : 0);
        schedule_free(&s);
    }
    graph_free(g);
}

int main(void)
{
    const struct CMUnitTest t[] = {
        cmocka_unit_test(top_of_many), cmocka_unit_test(suppression_of_many), cmocka_unit_test(matches_of_many),
        cmocka_unit_test(random_samples), cmocka_unit_test(samples_of_few), cmocka_unit_test(boxes_to_the_film),
        cmocka_unit_test(hostile_regions), cmocka_unit_test(choices_of_nan), cmocka_unit_test(proposals_of_equal_scores),
        cmocka_unit_test(images_without_truth), cmocka_unit_test(bad_truth), cmocka_unit_test(bad_shapes), cmocka_unit_test(gradients_pass_by),
        cmocka_unit_test(gradients_end),
    };
    return RUN_TESTS(t);
}
