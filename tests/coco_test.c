/* coco_test.c - instances compared: overlaps of masks and boxes, average precision by COCO's rules one by one, panoptic quality, detection.
 * What they give together is held to pycocotools by tests/coco. */
#include "tests/test.h"
#include "eval/instance_score.h"
#include <jansson.h>

static void about(double got, double want, double tol) { near(got, want, tol); }
static void is(quantity q, double want)
{
    if (q.why) fail_msg("missing: %s, wanted %.10g", q.why, want);
    near(q.value, want, 1e-12);
}
static void is_missing(quantity q) { assert_non_null(q.why); }

/* A set of films without masks. */
static object_set new_set(int classes)
{
    object_set s = { .has = { 1, 0 }, .nclasses = classes, .class = xalloc_n((size_t)classes, sizeof *s.class) };
    for (int k = 0; k < classes; k++) s.class[k] = (object_class){ k + 1, xprintf("class %d", k + 1) };
    return s;
}

static object *put(object **list, int *n, int class, double x, double y, double w, double h, double score)
{
    object *o = objects_append(list, n);
    o->class = class, o->score = score, o->area = w * h;
    o->box[0] = x, o->box[1] = y, o->box[2] = w, o->box[3] = h;
    return o;
}
static object *truth(object_film *f, int class, double x, double y, double w, double h)
{
    return put(&f->truth, &f->ntruth, class, x, y, w, h, 1);
}
static void found(object_film *f, int class, double x, double y, double w, double h, double score)
{
    put(&f->pred, &f->npred, class, x, y, w, h, score);
}

static coco ap(object_set *s, enum object_kind kind) { return coco_of(s, kind, 0, 1); }

/* ---- golden ---------------------------------------------------------------------------------------------------------------------------- */

static json_t *golden;
static const json_t *part(const char *key)
{
    json_error_t e;
    if (!golden) golden = json_load_file("tests/golden/instances.json", 0, &e);
    if (!json_object_get(golden, key)) fail_msg("tests/golden/instances.json: %s: %s", key, golden ? "not there" : e.text);
    return json_object_get(golden, key);
}
static double number(const json_t *o, const char *key)
{
    if (!json_is_number(json_object_get(o, key))) fail_msg("%s: no number", key);
    return json_number_value(json_object_get(o, key));
}

static object_set golden_set(const json_t *films)
{
    object_set s = new_set(1);
    size_t i, k;
    const json_t *f, *b;
    double v[5];
    json_array_foreach((json_t *)films, i, f) {
        object_film *to = objects_add(&s, "", (int64_t)i);
        for (int side = 0; side < 2; side++)
            json_array_foreach(json_object_get(f, side ? "found" : "truth"), k, b) {
                for (size_t j = 0; j < 5; j++) v[j] = json_number_value(json_array_get(b, j));
                if (side) found(to, 0, v[0], v[1], v[2] - v[0], v[3] - v[1], v[4]);
                else truth(to, 0, v[0], v[1], v[2] - v[0], v[3] - v[1]);
            }
    }
    return s;
}

static void as_published(void **state)
{
    (void)state;
    const json_t *g = part("boxes"), *at = json_object_get(g, "by_threshold");
    object_set s = golden_set(json_object_get(g, "films"));
    instance_options o = instance_defaults();
    about(o.least, number(g, "least"), 0);
    instance_score r = instance_score_of(&s, &o);
    const coco *c = &r.ap[OBJECT_BOX];
    assert_int_equal(s.n, 4), assert_int_equal(r.kind, OBJECT_BOX);
    is(c->of[COCO_AP], number(g, "AP")), is(c->of[COCO_AP50], number(g, "AP50")), is(c->of[COCO_AP75], number(g, "AP75"));
    for (int t = 0; t < COCO_THRESHOLDS; t++) is(c->at[t], json_number_value(json_array_get(at, (size_t)t)));
    is(r.quality.pq, number(g, "PQ")), is(r.quality.sq, number(g, "SQ")), is(r.quality.rq, number(g, "RQ"));
    about(r.quality.tp, number(g, "TP"), 0), about(r.quality.fp, number(g, "FP"), 0), about(r.quality.fn, number(g, "FN"), 0);
    assert_int_equal(r.found.truths, 6), assert_int_equal(r.found.extra, 1);     /* IoU of exactly one half detects, and is no hit of PQ */
    assert_int_equal(r.found.detected, 5), assert_int_equal(r.found.named, 5);
    assert_true(!c->lo.why && c->lo.value >= 0 && c->lo.value < c->of[COCO_AP].value && c->hi.value > c->of[COCO_AP].value);
    instance_score_free(&r), objects_free(&s);
}

/* ---- objects --------------------------------------------------------------------------------------------------------------------------- */

enum { H = 6, W = 9 };
static const char *const picture[H] = { "aa.......", ".aa....bb", "bb..c....", "..cccc...", "...dd....", "........." };

static object drawn(char letter, int columns)
{
    uint8_t map[H * W];
    uint32_t *runs[4];
    int64_t n[4];
    object o = { 0 };
    for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++) {
            const char c = picture[y][x];
            map[columns ? x * H + y : y * W + x] = (uint8_t)(c == '.' ? 0 : c - 'a' + 1);
        }
    objects_runs(map, H * W, 4, runs, n);
    for (int k = 0; k < 4; k++) if (k != letter - 'a') free(runs[k]);
    object_take(&o, runs[letter - 'a'], n[letter - 'a'], columns ? H : W, columns, 1);
    return o;
}

/* Pixels, and the box round them, whichever way the runs go; b goes round the end of a row. */
static void masks_are_measured(void **state)
{
    (void)state;
    static const struct { char letter; int pixels; double box[4]; } want[] = { { 'a', 4, { 0, 0, 3, 2 } }, { 'b', 4, { 0, 1, 9, 2 } },
        { 'c', 5, { 2, 2, 4, 2 } }, { 'd', 2, { 3, 4, 2, 1 } } };
    for (int columns = 0; columns < 2; columns++)
        for (int k = 0; k < 4; k++) {
            object o = drawn(want[k].letter, columns);
            assert_int_equal(o.pixels, want[k].pixels);
            for (int j = 0; j < 4; j++) about(o.box[j], want[k].box[j], 0);
            about(object_common(&o, &o, OBJECT_MASK), o.pixels, 0), about(object_iou(&o, &o, OBJECT_MASK), 1, 0);
            assert_true(object_centred_in(&o, &o) == (want[k].letter != 'b'));     /* b's lies between its two parts */
            free(o.runs);
        }
    uint32_t *none = xalloc(1);
    object empty = { 0 }, full = drawn('c', 0);
    object_take(&empty, none, 0, W, 0, 1);
    about(empty.box[2], 0, 0), about(object_iou(&empty, &full, OBJECT_MASK), 0, 0), about(object_iou(&empty, &empty, OBJECT_MASK), 0, 0);
    assert_false(object_centred_in(&empty, &full));
    free(empty.runs), free(full.runs);
}

static object span(int from, int to)
{
    uint32_t *runs = xalloc_n(2, sizeof *runs);
    object o = { 0 };
    runs[0] = (uint32_t)from, runs[1] = (uint32_t)(to - from);
    object_take(&o, runs, 2, 100, 0, 1);
    return o;
}

static void overlaps(void **state)
{
    (void)state;
    object a = span(10, 30), b = span(20, 60), c = span(30, 40);
    about(object_iou(&a, &b, OBJECT_MASK), 10.0 / 50, 1e-15), about(object_iou(&b, &a, OBJECT_MASK), 0.2, 1e-15);
    about(object_iou(&a, &b, OBJECT_BOX), 0.2, 1e-15), about(object_iou(&a, &c, OBJECT_MASK), 0, 0), about(object_iou(&a, &c, OBJECT_BOX), 0, 0);
    b.crowd = 1;
    about(object_iou(&a, &b, OBJECT_MASK), 0.5, 1e-15), about(object_iou(&a, &b, OBJECT_BOX), 0.5, 1e-15);
    assert_true(object_centred_in(&c, &b)), assert_false(object_centred_in(&a, &c));
    free(a.runs), free(b.runs), free(c.runs);
}

/* ---- average precision ----------------------------------------------------------------------------------------------------------------- */

/* One true box and a detection with an IoU of 0.8 to it. */
static object_film *simple(object_set *s)
{
    object_film *f = objects_add(s, "", s->n);
    truth(f, 0, 0, 0, 100, 10);
    return f;
}

static void one_detection(void **state)
{
    (void)state;
    object_set s = new_set(2);
    object_film *f = simple(&s);
    found(f, 0, 0, 0, 80, 10, 0.9), found(f, 1, 0, 0, 80, 10, 0.99);         /* there is no true object of the second class */
    coco c = ap(&s, OBJECT_BOX);
    for (int t = 0; t < COCO_THRESHOLDS; t++) is(c.at[t], t <= 6);
    is(c.of[COCO_AP], 0.7), is(c.of[COCO_AP50], 1), is(c.of[COCO_AP75], 1), is(c.of[COCO_AR1], 0.7), is(c.of[COCO_AP_SMALL], 0.7);
    is_missing(c.of[COCO_AP_LARGE]), is_missing(c.lo);
    assert_int_equal(c.n, 2), is_missing(c.class[1].of[COCO_AP]), assert_int_equal(c.class[1].truths, 0), assert_int_equal(c.class[1].preds, 1);
    coco_free(&c);
    f = objects_add(&s, "", 7);
    found(f, 0, 0, 0, 10, 10, 0.95);                                         /* a miss before the hit: precision 1/2 at every recall */
    c = ap(&s, OBJECT_BOX);
    is(c.of[COCO_AP50], 0.5), is(c.of[COCO_AR100], 0.7);
    coco_free(&c), objects_free(&s);
}

/* Equal scores: the film that comes first, then as they stand. */
static void ties(void **state)
{
    (void)state;
    for (int last = 0; last < 2; last++) {
        object_set s = new_set(1);
        if (last) found(objects_add(&s, "", 0), 0, 0, 0, 10, 10, 0.5);
        found(simple(&s), 0, 0, 0, 100, 10, 0.5);
        if (!last) found(objects_add(&s, "", 0), 0, 0, 0, 10, 10, 0.5);
        coco c = ap(&s, OBJECT_BOX);
        is(c.of[COCO_AP], last ? 0.5 : 1);
        coco_free(&c), objects_free(&s);
    }
    object_set s = new_set(1);
    object_film *f = simple(&s);
    found(f, 0, 0, 0, 80, 10, 0.5), found(f, 0, 0, 0, 100, 10, 0.5);         /* the first takes it where it may, the second above */
    coco c = ap(&s, OBJECT_BOX);
    is(c.at[0], 1), is(c.at[6], 1), is(c.at[7], 0.5);
    coco_free(&c), objects_free(&s);
}

/* A detection takes what it overlaps most; what is taken is gone. */
static void best_overlap(void **state)
{
    (void)state;
    object_set s = new_set(1);
    object_film *f = simple(&s);
    truth(f, 0, 10, 0, 100, 10);
    found(f, 0, 8, 0, 100, 10, 0.9), found(f, 0, 6, 0, 100, 10, 0.8);        /* IoU with each: .852 and .961; .887 and .923 */
    coco c = ap(&s, OBJECT_BOX);
    is(c.at[7], 1);
    about(c.at[8].value, 51.0 / 101, 1e-12);                                  /* at 0.9 the second finds only what is taken: recall one half */
    coco_free(&c), objects_free(&s);
}

/* A crowd takes any number, which count neither way; it is never missed; a true object that counts comes first. */
static void crowds(void **state)
{
    (void)state;
    object_set s = new_set(1);
    object_film *f = simple(&s);
    truth(f, 0, 0, 50, 100, 100)->crowd = 1;
    for (int k = 0; k < 5; k++) found(f, 0, 0, 50 + 10 * k, 50, 10, 0.9);    /* inside */
    found(f, 0, 0, 0, 100, 10, 0.1);
    coco c = ap(&s, OBJECT_BOX);
    is(c.of[COCO_AP], 1), assert_int_equal(c.class[0].truths, 1), is(c.of[COCO_AR1], 0), is(c.of[COCO_AR10], 1);
    coco_free(&c);
    found(f, 0, 0, 40, 50, 20, 0.95);                                        /* half of it in the crowd: at 0.5 it does not count, above it is a miss */
    c = ap(&s, OBJECT_BOX);
    is(c.at[0], 1), is(c.at[1], 0.5);
    coco_free(&c), objects_free(&s);
}

static void hundred_detections(void **state)
{
    (void)state;
    for (int n = 99; n <= 100; n++) {
        object_set s = new_set(2);
        object_film *f = simple(&s);
        for (int k = 0; k < n; k++) found(f, 0, 0, 100 + k, 5, 5, 0.9), found(f, 1, 0, 0, 5, 5, 0.95);
        found(f, 0, 0, 0, 100, 10, 0.1);
        coco c = ap(&s, OBJECT_BOX);
        is(c.of[COCO_AP], n == 99 ? 0.01 : 0), is(c.of[COCO_AR100], n == 99);
        coco_free(&c), objects_free(&s);
    }
}

/* 32 x 32 pixels is small and medium; a detection without a partner counts where its own size belongs. */
static void sizes(void **state)
{
    (void)state;
    object_set s = new_set(1);
    object_film *f = objects_add(&s, "", 0);
    truth(f, 0, 0, 0, 32, 32), truth(f, 0, 200, 0, 100, 100);
    found(f, 0, 0, 0, 32, 32, 0.5), found(f, 0, 500, 0, 10, 10, 0.9), found(f, 0, 200, 0, 100, 100, 0.6);
    coco c = ap(&s, OBJECT_BOX);
    is(c.of[COCO_AP_SMALL], 0.5), is(c.of[COCO_AP_MEDIUM], 1), is(c.of[COCO_AP_LARGE], 1), is(c.of[COCO_AR_MEDIUM], 1);
    about(c.of[COCO_AP].value, 2.0 / 3, 1e-12);
    coco_free(&c), objects_free(&s);
}

/* Two patients with the same films: every draw is the same. One: no interval. Draws weigh films as often as their patient is drawn. */
static void intervals(void **state)
{
    (void)state;
    object_set s = new_set(1);
    for (int k = 0; k < 4; k++) {
        object_film *f = simple(&s);
        f->patient = k / 2;
        found(f, 0, 0, 0, 100, 10, 0.5);
        if (k % 2) found(f, 0, 0, 50, 10, 10, 0.9);
    }
    coco c = coco_of(&s, OBJECT_BOX, 200, 3);
    is(c.lo, c.of[COCO_AP].value), is(c.hi, c.of[COCO_AP].value);
    coco_free(&c);
    for (int k = 0; k < 4; k++) s.film[k].patient = 5;
    c = coco_of(&s, OBJECT_BOX, 200, 3);
    is_missing(c.lo), is_missing(c.hi);
    coco_free(&c);
    for (int k = 0; k < 4; k++) s.film[k].patient = k % 2;                   /* AP: 1, 2/3 (two misses first, three in four hits) or 1/2 */
    c = coco_of(&s, OBJECT_BOX, 2000, 3);
    is(c.of[COCO_AP], 2.0 / 3), is(c.lo, 0.5), is(c.hi, 1);
    coco_free(&c), objects_free(&s);
}

/* ---- found or not ---------------------------------------------------------------------------------------------------------------------- */

static panoptic_options boxes(double least) { return (panoptic_options){ OBJECT_BOX, least, 500, 1 }; }

static void panoptic_by_class(void **state)
{
    (void)state;
    object_set s = new_set(4);
    object_film *f = simple(&s);                                             /* class 1: IoU .8; of another class beside it; .5 is none */
    found(f, 0, 0, 0, 80, 10, 0.9), found(f, 1, 0, 0, 100, 10, 0.9), found(f, 0, 0, 0, 100, 10, 0.4);
    truth(f, 2, 0, 500, 100, 10), found(f, 2, 0, 500, 50, 10, 0.7);
    panoptic_options o = boxes(0.5);
    panoptic p = panoptic_of(&s, &o);
    assert_int_equal(p.n, 3);
    is(p.class[0].pq, 0.8), is(p.class[0].sq, 0.8), is(p.class[0].rq, 1);
    is(p.class[1].pq, 0), is_missing(p.class[1].sq), is(p.class[2].pq, 0);
    assert_int_equal(p.class[1].fp, 1), assert_int_equal(p.class[2].fp, 1), assert_int_equal(p.class[2].fn, 1);
    is(p.pq, 0.8 / 3), is(p.sq, 0.8), is(p.rq, 1.0 / 3), is_missing(p.lo);
    assert_true(p.tp == 1 && p.fp == 2 && p.fn == 1);
    panoptic_free(&p);
    detection d = detection_of(&s, &o);
    assert_true(d.truths == 2 && d.detected == 2 && d.named == 2 && d.extra == 1 && d.films == 1 && d.centred == 2);
    o.least = 0.95;
    d = detection_of(&s, &o);
    is(d.rate.value, 0), is(d.centred_rate.value, 0), is(d.extra_rate.value, 0), is_missing(d.rate.lo);
    p = panoptic_of(&s, &o);
    assert_int_equal(p.n, 2), is(p.pq, 0), is_missing(p.sq);
    panoptic_free(&p), objects_free(&s);
}

static void crowds_are_left_aside(void **state)
{
    (void)state;
    object_set s = new_set(2);
    object_film *f = simple(&s);
    truth(f, 0, 0, 50, 100, 100)->crowd = 1;
    found(f, 0, 0, 60, 50, 10, 0.9), found(f, 0, 0, 40, 50, 19, 0.9);        /* inside; less than half of it inside */
    found(f, 1, 0, 60, 50, 10, 0.9);                                         /* a crowd of another class */
    panoptic_options o = boxes(0);
    panoptic p = panoptic_of(&s, &o);
    detection d = detection_of(&s, &o);
    assert_true(p.tp == 0 && p.fp == 2 && p.fn == 1);
    assert_true(d.truths == 1 && d.detected == 0 && d.extra == 1);
    panoptic_free(&p), objects_free(&s);
}

static void shares_of_patients(void **state)
{
    (void)state;
    const double over[] = { 1, 0, 3, 0 }, under[] = { 1, 1, 4, 0 };
    const int64_t patient[] = { 4, 4, 9, 11 };
    bounded r = ratio_of(over, under, patient, 4, 2000, 1);
    is(r.value, 4.0 / 6), is(r.lo, 0.5), is(r.hi, 0.75);
    r = ratio_of(over, under, patient, 2, 2000, 1);
    is(r.value, 0.5), is_missing(r.lo);
    r = ratio_of(over + 3, under + 3, patient, 1, 2000, 1);
    is_missing(r.value);
}

/* PQ by patients: (1 hit of 1), (1 of 2); the third has nothing that counts. */
static void panoptic_interval(void **state)
{
    (void)state;
    object_set s = new_set(1);
    found(simple(&s), 0, 0, 0, 100, 10, 0.9);
    simple(&s)->patient = 1, found(simple(&s), 0, 0, 0, 100, 10, 0.9), s.film[2].patient = 1;
    objects_add(&s, "", 9);
    panoptic_options o = boxes(0.5);
    o.draws = 2000;
    panoptic p = panoptic_of(&s, &o);
    is(p.pq, 2 / 2.5), is(p.lo, 1 / 1.5), is(p.hi, 1);
    panoptic_free(&p), objects_free(&s);
}

/* The tables and the JSON say the same, and what is missing says why. */
static void written(void **state)
{
    (void)state;
    object_set s = golden_set(json_object_get(part("boxes"), "films"));
    instance_options o = instance_defaults();
    instance_score r = instance_score_of(&s, &o);
    json_t *j = instance_json(&r);
    const json_t *box = json_object_get(j, "bbox"), *q = json_object_get(j, "panoptic"), *d = json_object_get(j, "detection");
    about(number(box, "AP"), r.ap[0].of[COCO_AP].value, 0), about(number(q, "PQ"), r.quality.pq.value, 0), about(number(d, "detected"), 5.0 / 6, 1e-12);
    about(json_number_value(json_array_get(json_object_get(box, "AP_ci"), 0)), r.ap[0].lo.value, 0);
    assert_true(json_is_null(json_object_get(j, "segm"))), assert_true(json_is_string(json_object_get(j, "segm_why")));
    assert_true(json_is_null(json_object_get(box, "AP_large"))), assert_true(json_is_string(json_object_get(box, "AP_large_why")));
    assert_int_equal(json_array_size(json_object_get(box, "by_threshold")), 10);
    table *t[] = { instance_ap_table(&r), instance_class_table(&r), instance_detection_table(&r) };
    static const char *const words[] = { "0.501", "0.581", "0.833" }, *const digits[] = { "0.50056", "0.58089", "0.83333" };
    for (int k = 0; k < 3; k++)
        for (enum table_form form = 0; form < TABLE_FORMS; form++) {
            char *text;
            size_t n;
            FILE *f = open_memstream(&text, &n);
            table_write(t[k], f, form), fclose(f);
            if (!strstr(text, form == TABLE_CSV ? digits[k] : words[k])) fail_msg("table %d, form %d: %s", k, form, text);
            free(text);
        }
    for (int k = 0; k < 3; k++) table_free(t[k]);
    json_decref(j), instance_score_free(&r), objects_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_published), cmocka_unit_test(masks_are_measured), cmocka_unit_test(overlaps), cmocka_unit_test(one_detection),
        cmocka_unit_test(ties), cmocka_unit_test(best_overlap), cmocka_unit_test(crowds), cmocka_unit_test(hundred_detections),
        cmocka_unit_test(sizes), cmocka_unit_test(intervals), cmocka_unit_test(panoptic_by_class), cmocka_unit_test(crowds_are_left_aside),
        cmocka_unit_test(shares_of_patients), cmocka_unit_test(panoptic_interval), cmocka_unit_test(written),
    };
    const int failed = RUN_TESTS(tests);
    json_decref(golden);
    return failed;
}
