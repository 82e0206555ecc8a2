/* metrics_test.c - segmentation metrics against golden pairs, against an O(n^2) restatement of their definitions on random maps,
 * and the conventions for empty masks. */
#include "tests/test.h"
#include "base/rng.h"
#include "eval/metrics.h"
#include <jansson.h>

static void read_mask(const json_t *rows, uint8_t *out, int64_t h, int64_t w)
{
    for (int64_t y = 0; y < h; y++)
        for (int64_t x = 0; x < w; x++) out[y * w + x] = json_string_value(json_array_get(rows, (size_t)y))[x] == '#';
}

/* A key that expected has not, or null, must be missing; else the same number. */
static void same(const char *pair, const metrics *m, int metric, const json_t *expected)
{
    quantity q = m->of[metric];
    const json_t *want = json_is_object(expected) ? json_object_get(expected, metric_table[metric].name) : expected;
    if (json_is_number(want) != !q.why) fail_msg("%s: %s is %s", pair, metric_table[metric].name, q.why ? q.why : "a number");
    if (!q.why) near(q.value, json_number_value(want), 1e-12);
}

static const json_t *or_null(const json_t *j) { return j ? j : json_null(); }

static void golden_pair(const json_t *c)
{
    const json_t *ref = json_object_get(c, "ref"), *e = json_object_get(c, "expected"), *s = json_object_get(c, "spacing_row_col");
    int64_t h = (int64_t)json_array_size(ref), w = (int64_t)strlen(json_string_value(json_array_get(ref, 0)));
    uint8_t *p = xalloc((size_t)(h * w)), *t = xalloc((size_t)(h * w));
    read_mask(ref, t, h, w), read_mask(json_object_get(c, "pred"), p, h, w);
    double spacing[2] = { json_number_value(json_array_get(s, 1)), json_number_value(json_array_get(s, 0)) };
    const char *name = json_string_value(json_object_get(c, "name")), *taus[] = { "1.0", "2.0" };
    for (int k = 0; k < 2; k++) {
        metrics m[255];
        int n = metrics_image(p, t, h, w, spacing, atof(taus[k]), m), both = !strcmp(json_string_value(json_object_get(e, "case")), "both");
        if (!n) m[0] = metrics_absent(1);
        assert_int_equal(m[0].value, 1);
        assert_int_equal(n, strcmp(json_string_value(json_object_get(e, "case")), "both_empty") != 0);
        for (int i = 0; i < METRIC_HD95_PENALISED; i++) if (i != METRIC_NSD) same(name, &m[0], i, e);
        same(name, &m[0], METRIC_NSD, json_object_get(json_object_get(e, "NSD"), taus[k]));
        if (both) {
            assert_int_equal(m[0].truth_border, json_integer_value(json_array_get(json_object_get(e, "n_border"), 0)));
            assert_int_equal(m[0].pred_border, json_integer_value(json_array_get(json_object_get(e, "n_border"), 1)));
        }
        const char *penalty = both ? "HD95" : "penalty_distance";
        same(name, &m[0], METRIC_HD95_PENALISED, or_null(json_object_get(e, penalty)));
        same(name, &m[0], METRIC_ASSD_PENALISED, or_null(json_object_get(e, both ? "ASSD" : penalty)));
    }
    free(p), free(t);
}

static void golden_pairs(void **state)
{
    (void)state;
    json_error_t err;
    json_t *all = json_load_file("tests/golden/metric_examples.json", 0, &err), *list = json_object_get(all, "segmentation");
    assert_int_equal(json_array_size(list), 8);
    for (size_t i = 0; i < 8; i++) golden_pair(json_array_get(list, i));
    json_decref(all);
}

/* The definitions, word for word, over all pairs of pixels. */
static int is(const uint8_t *m, int64_t h, int64_t w, int64_t y, int64_t x, int v)
{
    return y >= 0 && y < h && x >= 0 && x < w && m[y * w + x] == v;
}
static int64_t slow_border(const uint8_t *m, int64_t h, int64_t w, int v, int64_t *at)
{
    int64_t n = 0;
    for (int64_t y = 0; y < h; y++)
        for (int64_t x = 0; x < w; x++)
            if (is(m, h, w, y, x, v) && !(is(m, h, w, y - 1, x, v) && is(m, h, w, y + 1, x, v) &&
                                          is(m, h, w, y, x - 1, v) && is(m, h, w, y, x + 1, v)))
                at[n++] = y * w + x;
    return n;
}
static double slow_nearest(int64_t i, const int64_t *at, int64_t n, int64_t w, const double s[2])
{
    double best = INFINITY;
    for (int64_t k = 0; k < n; k++) best = fmin(best, hypot(s[0] * (double)(at[k] % w - i % w), s[1] * (double)(at[k] / w - i / w)));
    return best;
}
static void slow_check(const uint8_t *p, const uint8_t *t, int64_t h, int64_t w, const double s[2], double tau, const metrics *m)
{
    int v = m->value;
    double tp = 0, fp = 0, fn = 0;
    for (int64_t i = 0; i < h * w; i++) tp += p[i] == v && t[i] == v, fp += p[i] == v && t[i] != v, fn += p[i] != v && t[i] == v;
    near(m->of[METRIC_DSC].value, 2 * tp / (2 * tp + fp + fn), 1e-15);
    near(m->of[METRIC_IOU].value, tp / (tp + fp + fn), 1e-15);
    if (tp + fp > 0) near(m->of[METRIC_PRECISION].value, tp / (tp + fp), 1e-15);
    if (tp + fn > 0) near(m->of[METRIC_RECALL].value, tp / (tp + fn), 1e-15);
    int64_t *bp = xalloc((size_t)(h * w) * 8), *bt = xalloc((size_t)(h * w) * 8), np = slow_border(p, h, w, v, bp), nt = slow_border(t, h, w, v, bt);
    double *d = xalloc((size_t)(np + nt) * 8), sp = 0, st = 0, within = 0;
    assert_int_equal(m->of[METRIC_HD].why != 0, !np || !nt);
    if (np && nt) {
        for (int64_t i = 0; i < np; i++) d[i] = slow_nearest(bp[i], bt, nt, w, s), sp += d[i];
        for (int64_t i = 0; i < nt; i++) d[np + i] = slow_nearest(bt[i], bp, np, w, s), st += d[np + i];
        for (int64_t i = 0; i < np + nt; i++) within += d[i] <= tau + 1e-9;
        stats_sort(d, np), stats_sort(d + np, nt);
        near(m->of[METRIC_HD].value, fmax(d[np - 1], d[np + nt - 1]), 1e-10);
        near(m->of[METRIC_HD95].value, fmax(stats_percentile(d, np, 95), stats_percentile(d + np, nt, 95)), 1e-10);
        near(m->of[METRIC_ASSD].value, (sp + st) / (double)(np + nt), 1e-10);
        near(m->of[METRIC_MASD].value, (sp / (double)np + st / (double)nt) / 2, 1e-10);
        near(m->of[METRIC_NSD].value, within / (double)(np + nt), 1e-15);
        near(m->of[METRIC_HD95_PENALISED].value, m->of[METRIC_HD95].value, 0);
    } else {
        near(m->of[METRIC_HD95_PENALISED].value, hypot(s[0] * (double)w, s[1] * (double)h), 1e-10);
        near(m->of[METRIC_NSD].value, 0, 0);
    }
    free(bp), free(bt), free(d);
}

/* Random boxes of up to 5 classes painted over each other, or pure noise. */
static void paint(uint8_t *m, int64_t h, int64_t w, uint32_t image, uint32_t which)
{
    for (uint32_t k = 0; k < 12; k++) {
        rng4 r = rng_draw(3, RNG_TEST, image, which, k), c = rng_draw(3, RNG_TEST, image, which + 2, k);
        int64_t y0 = rng_below(r.v[0], (uint32_t)h), x0 = rng_below(r.v[1], (uint32_t)w);
        int64_t bh = 1 + rng_below(r.v[2], 9), bw = 1 + rng_below(r.v[3], 9);
        for (int64_t y = y0; y < h && y < y0 + bh; y++)
            for (int64_t x = x0; x < w && x < x0 + bw; x++) m[y * w + x] = (uint8_t)(c.v[0] % 6 == 5 ? 255 : c.v[0] % 6);
    }
    if (image % 7 == 0) for (int64_t i = 0; i < h * w; i++) m[i] = (uint8_t)(rng_draw(5, RNG_TEST, image, which, (uint64_t)i).v[0] % 3);
}

static void equals_brute_force(void **state)
{
    (void)state;
    for (uint32_t image = 0; image < 120; image++) {
        rng4 r = rng_draw(1, RNG_TEST, image, 0, 0);
        int64_t h = 1 + rng_below(r.v[0], 31), w = 1 + rng_below(r.v[1], 31);
        double spacing[2] = { 1, 1 }, tau = 2;
        if (image % 2) spacing[0] = rng_range(r.v[2], 0.05, 2), spacing[1] = rng_range(r.v[3], 0.05, 2), tau = 1;
        uint8_t *p = xalloc((size_t)(h * w)), *t = xalloc((size_t)(h * w)), seen[256] = { 0 };
        paint(p, h, w, image, 0), paint(t, h, w, image, 1);
        metrics m[255];
        int n = metrics_image(p, t, h, w, image % 2 ? spacing : 0, tau, m);
        for (int64_t i = 0; i < h * w; i++) seen[p[i]] = seen[t[i]] = 1;
        for (int k = 0; k < n; k++) {
            assert_true(seen[m[k].value] && (!k || m[k].value > m[k - 1].value));
            seen[m[k].value] = 0;
            slow_check(p, t, h, w, spacing, tau, &m[k]);
        }
        for (int v = 1; v < 256; v++) assert_false(seen[v]);               /* none left out */
        free(p), free(t);
    }
}

static void empty_masks_have_reasons(void **state)
{
    (void)state;
    uint8_t none[12] = { 0 }, some[12] = { 0, 0, 0, 0, 0, 3 };
    metrics m[255];
    assert_int_equal(metrics_image(none, none, 3, 4, 0, 2, m), 0);
    assert_int_equal(metrics_image(none, some, 3, 4, 0, 2, m), 1);
    assert_int_equal(m[0].value, 3);
    assert_string_equal(m[0].of[METRIC_PRECISION].why, "nothing was predicted");
    assert_string_equal(m[0].of[METRIC_HD95].why, "nothing was predicted");
    near(m[0].of[METRIC_HD95_PENALISED].value, 5, 1e-15);
    near(m[0].of[METRIC_RECALL].value, 0, 0);
    assert_int_equal(metrics_image(some, none, 3, 4, 0, 2, m), 1);
    assert_string_equal(m[0].of[METRIC_RECALL].why, "the truth has none");
    assert_string_equal(m[0].of[METRIC_ASSD].why, "the truth has none");
    near(m[0].of[METRIC_NSD].value, 0, 0);
    m[0] = metrics_absent(3);
    for (int i = 0; i < METRICS; i++) assert_string_equal(m[0].of[i].why, "the class is in neither map");
}

/* 3 x 0.1 mm is 0.30000000000000004 in binary; the border that lies exactly tau away counts as within. */
static void tau_is_met_in_spite_of_rounding(void **state)
{
    (void)state;
    uint8_t p[8] = { 1 }, t[8] = { 0, 0, 0, 1 };
    double spacing[2] = { 0.1, 0.1 };
    metrics m[255];
    assert_int_equal(metrics_image(p, t, 1, 8, spacing, 0.3, m), 1);
    near(m[0].of[METRIC_NSD].value, 1, 0);
    assert_int_equal(metrics_image(p, t, 1, 8, spacing, 0.29, m), 1);
    near(m[0].of[METRIC_NSD].value, 0, 0);
}

static void counts_add_up(void **state)
{
    (void)state;
    uint8_t p[40], t[40];
    overlap o[256] = { 0 };
    for (int i = 0; i < 40; i++) p[i] = i < 20, t[i] = i >= 10 && i < 30 ? 1 : i >= 35 ? 255 : 0;
    metrics_count(o, p, t, 40, -1);
    assert_int_equal(o[1].pred, 20), assert_int_equal(o[1].truth, 20), assert_int_equal(o[1].both, 10), assert_int_equal(o[255].truth, 5);
    near(metrics_dsc(&o[1]).value, 0.5, 0);
    p[39] = 1, t[0] = 255;
    metrics_count(o, p, t, 40, 255);                                       /* pixels 0 and 35-39 are left out */
    assert_int_equal(o[1].pred, 39), assert_int_equal(o[1].truth, 40), assert_int_equal(o[1].both, 20), assert_int_equal(o[255].truth, 5);
    assert_string_equal(metrics_dsc(&o[7]).why, "the class is in neither map");
}

/* Twins 1 and 2: the naming whose best overlap is the larger; only the pair's pixels change; what is ignored does not vote. */
static void twins_take_the_names_of_the_truth(void **state)
{
    (void)state;
    uint8_t twin[256];
    for (int v = 0; v < 256; v++) twin[v] = (uint8_t)v;
    const uint8_t truth[12] = { 0, 1, 1, 1, 2, 2, 2, 3, 0, 0, 0, 0 }, crossed[12] = { 0, 2, 2, 2, 1, 1, 0, 3, 3, 1, 0, 2 };
    const uint8_t want[12] = { 0, 1, 1, 1, 2, 2, 0, 3, 3, 2, 0, 1 };
    uint8_t p[13];
    memcpy(p, crossed, 12);
    assert_int_equal(metrics_rename(p, truth, 12, -1, twin), 0);           /* no pair: nothing happens */
    assert_memory_equal(p, crossed, 12);
    twin[1] = 2, twin[2] = 1;
    assert_int_equal(metrics_rename(p, truth, 12, -1, twin), 1);
    assert_memory_equal(p, want, 12);
    assert_int_equal(metrics_rename(p, truth, 12, -1, twin), 0);           /* right already */
    const uint8_t alone[4] = { 2, 2, 0, 0 }, first[4] = { 1, 1, 0, 0 }, both[4] = { 1, 2, 1, 2 }, even[4] = { 1, 1, 2, 2 };
    memcpy(p, alone, 4);
    assert_int_equal(metrics_rename(p, first, 4, -1, twin), 1);            /* one head on either side, by another name */
    assert_memory_equal(p, first, 4);
    memcpy(p, both, 4);
    assert_int_equal(metrics_rename(p, even, 4, -1, twin), 0);             /* equals stay */
    /* IoU decides, not the number of pixels: 1 over the truth's 2 is 4 of 13, 2 over it is 3 of 7 */
    const uint8_t big[13] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2 }, small[13] = { 2, 2, 2, 2, 0, 0, 0, 0, 0, 0, 2, 2, 2 };
    memcpy(p, big, 13);
    assert_int_equal(metrics_rename(p, small, 13, -1, twin), 0);
    /* 1 over 1 is 1 of 3 pixels that count, as much as 2 over 1; with the ignored ones it would be 1 of 9 */
    const uint8_t partly[10] = { 1, 1, 1, 0, 255, 255, 255, 255, 255, 255 }, over[10] = { 2, 1, 0, 0, 1, 1, 1, 1, 1, 1 };
    for (int ignoring = 0; ignoring < 2; ignoring++) {
        memcpy(p, over, 10);
        assert_int_equal(metrics_rename(p, partly, 10, ignoring ? 255 : -1, twin), !ignoring);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_pairs), cmocka_unit_test(equals_brute_force), cmocka_unit_test(empty_masks_have_reasons),
        cmocka_unit_test(tau_is_met_in_spite_of_rounding), cmocka_unit_test(counts_add_up),
        cmocka_unit_test(twins_take_the_names_of_the_truth),
    };
    return RUN_TESTS(tests);
}
