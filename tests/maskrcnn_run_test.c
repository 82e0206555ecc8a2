/* maskrcnn_run_test.c - a detector from a store to predictions: one batch learnt by heart until its discs are found again, the same bits
 * twice and after a resume; `run` from film and store to bodies in order; instances in predictions.h5; the truth of a batch from maps of
 * numbers; findings painted; and what a user can have wrong. */
#include "tests/tiny_run.h"
#include "datasets/fit.h"
#include "datasets/image.h"
#include "eval/instances.h"
#include "eval/predictions.h"
#include "nn/checkpoint.h"
#include "nn/net.h"
#include "train/instances.h"
#include "verbs/verb.h"

#define SMALL "configs/nets/maskrcnn-small.cfg"
#define SIZES "net.height=64 net.width=64 detector.anchor_sizes=12,20,32,48,64 detector.rpn_before_train=100 detector.rpn_after_train=50 " \
    "detector.rpn_after=30 detector.roi_batch=32 detector.detections=10 detector.instances=8 "
enum { SIDE = 64, DISCS = 2 };
static const double disc[CASES][DISCS][3] = {       /* x y radius */
    { { 16, 18, 9 }, { 42, 44, 12 } }, { { 40, 16, 11 }, { 20, 46, 9 } }, { { 18, 30, 12 }, { 48, 24, 9 } }, { { 30, 14, 9 }, { 34, 46, 13 } },
    { { 14, 14, 8 }, { 40, 40, 14 } }, { { 46, 46, 10 }, { 16, 16, 10 } }, { { 32, 18, 9 }, { 20, 46, 10 } }, { { 46, 20, 10 }, { 40, 48, 8 } },
};

static int inside(int which, int k, int p) { return hypot(p % SIDE - disc[which][k][0], p / SIDE - disc[which][k][1]) < disc[which][k][2]; }

/* shown: of its discs; with no more instances than these */
static void add_film(store *s, int i, split part, int shown, int instances)
{
    uint8_t film[SIDE * SIDE], mask[DISCS + 1][SIDE * SIDE];
    instance list[DISCS];
    char id[16];
    snprintf(id, sizeof id, "case%d", i);
    for (int p = 0; p < SIDE * SIDE; p++) {
        mask[DISCS][p] = 0;
        for (int k = 0; k < shown; k++) mask[DISCS][p] |= mask[k][p] = (uint8_t)inside(i, k, p);
        film[p] = (uint8_t)(60 + 100 * mask[DISCS][p] + rng_range(rng_draw(4, RNG_TEST, (uint32_t)i, 0, (uint64_t)p).v[0], 0, 30));
    }
    for (int k = 0; k < instances; k++) list[k] = instance_from_mask(mask[k], SIDE, SIDE, 1, "");
    labels l = { .ninstances = instances, .instances = list };
    store_add(s, &(store_case){ .id = id, .patient = id, .h = SIDE, .w = SIDE, .bits = 8, .split = part }, film, mask[DISCS], NULL, &l);
    for (int k = 0; k < instances; k++) free(list[k].runs);
}

static int set_up_discs(void **state)
{
    (void)state;
    classes table = { 0 };
    omp_set_num_threads(1);
    folder = test_scratch(), films = path_join(folder, "films.h5"), net_path = xdup(SMALL);
    classes_add(&table, 1, "body", "vertebra");
    store *s = store_create(films, &table);
    for (int i = 0; i < CASES; i++) add_film(s, i, i == 7 ? SPLIT_TEST : i < 6 ? SPLIT_TRAIN : SPLIT_VAL, DISCS, i == 7 ? 0 : DISCS);
    store_commit(s);
    char *empty = path_join(folder, "empty.h5");
    s = store_create(empty, &table);
    for (int i = 0; i < 4; i++) add_film(s, i, i < 3 ? SPLIT_TRAIN : SPLIT_VAL, i ? 0 : DISCS, i ? 0 : DISCS);
    store_commit(s), free(empty);
    classes_free(&table);
    return 0;
}

static double overlap_of(const instances *o, int number, int which, int k)
{
    double both = 0, either = 0;
    for (int p = 0; p < SIDE * SIDE; p++) both += o->number[p] == number && inside(which, k, p), either += o->number[p] == number || inside(which, k, p);
    return both / either;
}

static void check_film(net_program *r, const store *s, int i)
{
    static const fit_conf whole = { .mode = FIT_LETTERBOX, .normalise = FIT_PERCENTILE, .low = 0.5, .high = 99.5 };
    uint8_t film[SIDE * SIDE];
    float grey[SIDE * SIDE];
    real in[SIDE * SIDE], out[2 * SIDE * SIDE];
    const fit f = fit_make(&whole, SIDE, SIDE, SIDE, SIDE);
    store_read_image(s, i, film);
    fit_film(&f, film, 8, 1, grey);
    for (int p = 0; p < SIDE * SIDE; p++) in[p] = (real)grey[p];
    net_program_run(r, in, out);
    instances o = instances_of(r, &f);
    for (int k = 0; k < DISCS; k++) {
        double best = 0;
        for (int j = 1; j <= o.n; j++) best = fmax(best, overlap_of(&o, j, i, k));
        if (!(best > 0.6)) fail_msg("film %d disc %d: IoU %g", i, k, best);
    }
    detected raw = net_program_detected(r);
    const real *first = &raw.image->boxes->x1;
    for (int j = 0; j < 4; j++) near(o.box[0][j], first[j], 1e-3);       /* the film is the input, pixel by pixel */
    detected_free(&raw);
    for (int j = 0; j < o.n; j++) assert_true(o.class[j] == 1 && o.box[j][2] > o.box[j][0] && o.box[j][2] <= SIDE && o.score[j] > 0.05f);
    free(o.number);
}

/* measure.json of `run` on this input, as a frontal film */
/* more: what the detector is told beyond what its weights were trained with */
static json_t *run_on(char *input, char *weights, const char *name, char *more)
{
    char *out = path_join(folder, name), *path = path_join(out, "measure.json"), *found = path_join(out, "predictions.h5");
    char *word[] = { "run", input, "--region", "ap", "--weights", weights, "--out", out, "--quiet", "--precision", "float32", more, NULL };
    assert_int_equal(verb_run(more ? 12 : 11, word), EXIT_OK);
    json_t *o = json_load_file(path, 0, NULL);
    assert_non_null(o);
    assert_true(predictions_is(found));
    free(out), free(path), free(found);
    return o;
}

/* Axis k of the middle of a body: a disc has no corners of its own. */
static double middle(const json_t *o, size_t body, int k)
{
    static const char *const corner[] = { "UL", "UR", "LL", "LR" };
    const char *name = json_string_value(json_array_get(json_object_get(o, "order"), body));
    const json_t *at = json_object_get(json_object_get(o, "vertebrae"), name);
    double sum = 0;
    for (int i = 0; i < 4; i++) sum += json_number_value(json_array_get(json_object_get(at, corner[i]), (size_t)k)) / 4;
    return sum;
}

/* From a store, and from a file: what was found is put in order and measured, and both ways are the same. */
static void measures(char *weights)
{
    image film = image_new(SIDE, SIDE, 8);
    store *s = store_open(films);
    store_read_image(s, 0, film.p), store_close(s);
    char *png = path_join(folder, "film.png");
    image_write(png, &film), image_free(&film);
    json_t *store_ = run_on(films, weights, "of_store", NULL), *file = run_on(png, weights, "of_file", NULL);
    json_t *one = run_on(png, weights, "of_one", "detector.detections=1");
    assert_int_equal(json_array_size(json_object_get(json_array_get(json_object_get(one, "cases"), 0), "order")), 1);
    dies(2, "wanted detector.KEY=value with one of score, small, nms", run_on(png, weights, "of_none", "detector.roi_aligned=1"));
    assert_int_equal(json_array_size(json_object_get(store_, "cases")), CASES);
    const json_t *a = json_array_get(json_object_get(store_, "cases"), 0), *b = json_array_get(json_object_get(file, "cases"), 0);
    assert_int_equal(json_array_size(json_object_get(a, "order")), DISCS);
    for (size_t i = 0; i < DISCS; i++) for (int k = 0; k < 2; k++) near(middle(a, i, k), disc[0][i][k], 5);
    assert_true(json_equal(json_object_get(a, "vertebrae"), json_object_get(b, "vertebrae")));
    json_decref(store_), json_decref(file), json_decref(one), free(png);
}

static void learnt_by_heart(void **state)
{
    (void)state;
    train_result r;
    train_some("heart", SIZES "detector.mask_margin=0.3 solver.batch=2 solver.epochs=90 solver.lr=0.01 solver.clip=10 evaluate.every=10", 0, -1, 2, &r);
    char *path = path_join(folder, "heart/best.h5");
    checkpoint *k = checkpoint_open(path);
    net *t = net_parse(k->net, k->path, NULL, 0);
    params *p = params_new(t->g, &device_cpu, 0);
    checkpoint_load(k, p, NULL);
    net_program *program = net_program_new(k->net, k->path, (const char *const[]){ "net.batch=1" }, 1, p, &device_cpu);
    store *s = store_open(films);
    if (!(r.best > 0.8)) fail_msg("DSC %g", r.best);
    for (int i = 0; i < 2; i++) check_film(program, s, i);
    measures(path);
    store_close(s), net_program_free(program), params_free(p), net_free(t), checkpoint_close(k), free(path);
}

static char *bytes_of(const char *name, size_t *n)
{
    char *path = xprintf("%s/%s/last.h5", folder, name);
    checkpoint *k = checkpoint_open(path);
    net *t = net_parse(k->net, k->path, NULL, 0);
    params *p = params_new(t->g, &device_cpu, 0);
    checkpoint_load(k, p, NULL);
    *n = p->total * sizeof(real);
    char *copy = xalloc(*n);
    memcpy(copy, p->x, *n);
    params_free(p), net_free(t), checkpoint_close(k), free(path);
    return copy;
}

static void the_same_bits(void **state)
{
    (void)state;
#define WORDS SIZES "solver.batch=2 solver.epochs=2 solver.lr=0.01 augment.rotate=10 evaluate.every=2"
    static const char *const name[] = { "first", "second", "resumed" };
    char *bytes[3];
    size_t n;
    train_some("first", WORDS, 0, -1, 0, NULL);
    train_some("second", WORDS, 0, -1, 0, NULL);
    train_some("resumed", WORDS, 0, 4, 0, NULL), train_some("resumed", WORDS, 1, -1, 0, NULL);
    for (int i = 0; i < 3; i++) bytes[i] = bytes_of(name[i], &n);
    for (int i = 1; i < 3; i++) assert_memory_equal(bytes[0], bytes[i], n);
    for (int i = 0; i < 3; i++) free(bytes[i]);
}

/* Films that show no object teach where there is none: two of three here, and so whole batches, and the one that is judged */
static void films_without_objects(void **state)
{
    (void)state;
    char *empty = path_join(folder, "empty.h5"), *words = xprintf(SIZES "data.store=%s data.check=0 solver.batch=1 solver.epochs=3 solver.lr=0.01", empty);
    train_result r;
    train_some("empty", words, 0, -1, 0, &r);
    assert_int_equal(r.steps, 9);
    size_t n;
    real *x = (real *)bytes_of("empty", &n);
    for (size_t i = 0; i < n / sizeof *x; i++) assert_true(isfinite(x[i]));
    free(empty), free(words), free(x);
}

static void faults(void **state)
{
    (void)state;
    char *bad = path_join(folder, "bad");
    dies(2, "has no instances", train_some("bad", SIZES "data.train=test data.val=none solver.epochs=1", 0, -1, 0, NULL));
    dies(2, "a detector has its own five", train_some("bad", SIZES "objective.loss=dice", 0, -1, 0, NULL));
    dies(2, "detector.input=rule is for prediction", train_some("bad", SIZES "detector.input=rule", 0, -1, 0, NULL));
    dies(2, "mosaic", train_some("bad", SIZES "augment.mosaic=0.5", 0, -1, 0, NULL));
    assert_false(file_exists(bad)), free(bad);
    char *none = path_join(folder, "crowd");
    dies(2, "case case0 has 2 instances, more than detector.instances=1", train_some("crowd", SIZES "detector.instances=1 solver.epochs=1", 0, -1, 0, NULL));
    assert_false(file_exists(none)), free(none);
}

/* Numbers 1 (class 1, 3 x 2 pixels), 2 (too small), 3 (class 0: not of this run), 5 (class 2) in an image of 32 x 32; in the next one
 * number 1 is of class 2 */
static void truth_from_numbers(void **state)
{
    (void)state;
    net *t = net_load(SMALL, (const char *const[]){ "net.height=32", "net.width=32", "net.batch=2", "net.training=1", "net.classes=3" }, 5);
    uint8_t number[2 * 32 * 32] = { 0 }, class[2 * INSTANCE_IDS] = { 0, 1, 1, 0, 0, 2 };
    class[INSTANCE_IDS + 1] = 2;
    for (int i = 0; i < 8; i++) number[1024 + i] = 1;
    for (int y = 4; y < 6; y++) for (int x = 7; x < 10; x++) number[y * 32 + x] = 1;
    number[0] = number[1] = 2;
    for (int i = 0; i < 20; i++) number[320 + i] = 3;
    for (int y = 28; y < 32; y++) for (int x = 30; x < 32; x++) number[y * 32 + x] = 5;
    instances_take(t, &device_cpu);
    instances_put(t, &device_cpu, number, class);
    const detector *d = t->detector;
    const real *b = d->truth_boxes->x.p;
    const int32_t *c = d->truth_class->x.p, *extent = d->extent->x.p;
    const uint8_t *mask = d->truth_masks->x.p;
    assert_int_equal(((int32_t *)d->truth_count->x.p)[0], 2);
    assert_int_equal(((int32_t *)d->truth_count->x.p)[1], 1);
    assert_int_equal(c[d->conf.instances], 2);
    assert_true(extent[0] == 32 && extent[1] == 32 && c[0] == 1 && c[1] == 2);
    static const double want[8] = { 7, 4, 10, 6, 30, 28, 32, 32 };
    for (int i = 0; i < 8; i++) near(b[i], want[i], 0);
    for (int i = 0; i < 32 * 32; i++) assert_true(mask[i] == (number[i] == 1) && mask[1024 + i] == (number[i] == 5));
    instances_free(t, &device_cpu), net_free(t);
}

/* With a margin, masks are learnt in wider boxes, too, than those that are found. */
static void targets_have_the_margin(void **state)
{
    (void)state;
    for (int margin = 0; margin < 2; margin++) {
        net *t = net_load(SMALL, (const char *const[]){ "net.training=1", margin ? "detector.mask_margin=0.1" : "detector.mask_margin=0" }, 2);
        int targets = 0;
        for (int i = 0; i < t->g->n; i++) {
            const node *n = t->g->node[i];
            if (strcmp(n->op->name, "mask_targets")) continue;
            assert_string_equal(n->in[0]->from->op->name, margin ? "widen_boxes" : "roi_targets");
            targets++;
        }
        assert_int_equal(targets, 1);
        net_free(t);
    }
}

static void pair(const real *x, double one, double two)
{
    near(x[1], one, 1e-6);
    near(x[2], two, 1e-6);
}

/* Two findings that overlap, in both class layouts */
static void painted(void **state)
{
    (void)state;
    real map[2 * 28 * 28], scores[2] = { (real)0.9, (real)0.5 }, out[32 * 32 * 3];
    const box b[2] = { { 4, 4, 20, 20 }, { 12, 12, 28, 28 } };
    for (int i = 0; i < 2 * 28 * 28; i++) map[i] = (real)0.9;
    for (int convention = 0; convention < 2; convention++) {
        detector_conf d;
        cfg *c = cfg_parse(convention ? "[detector]\nconvention=detectron2\n" : "[detector]\n", "test");
        detector_fill(&c->s[0], &d), cfg_free(c);
        const int32_t label[2] = { convention ? 0 : 1, convention ? 1 : 2 };
        detector_paint(&d, &(found){ 2, 28, b, scores, label, map }, 32, 32, 3, out);
        const real *in_both = out + 3 * (15 * 32 + 15), *in_first = out + 3 * (8 * 32 + 8), *in_second = out + 3 * (24 * 32 + 24), *in_none = out + 3 * (2 * 32 + 30);
        near(in_both[0], 0, 0);
        pair(in_both, 0.9 * 0.4, 0.5 * 0.4), pair(in_first, 0.9 * 0.4, -1), pair(in_second, -1, 0.5 * 0.4), pair(in_none, -1, -1);
        assert_int_equal(detector_class(&d, label[1]), 2), assert_int_equal(detector_column(&d, 2), label[1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(truth_from_numbers), cmocka_unit_test(targets_have_the_margin), cmocka_unit_test(painted), cmocka_unit_test(faults),
                                        cmocka_unit_test(the_same_bits), cmocka_unit_test(films_without_objects), cmocka_unit_test(learnt_by_heart) };
    return _cmocka_run_group_tests(__FILE__, tests, sizeof tests / sizeof *tests, set_up_discs, tear_down);
}
