/* transunet_run_test.c - the small TransUNet from a store to predictions: one batch of films that are not square learnt by heart and found again
 * at their own size, though the names of the two discs on them are arbitrary; the same bits twice and after a resume; a published rotation and
 * mirror as its run would draw them. */
#include "tests/tiny_run.h"
#include "eval/metrics.h"
#include "nn/checkpoint.h"
#include "nn/net.h"
#include "train/augment_apply.h"

#define SMALL "configs/nets/transunet-small.cfg"
#define WORDS "net.height=64 net.width=64 net.classes=3 data.exchangeable=1:2 "

/* Two discs side by side; which of them is class 1 changes from film to film, and their looks are the same. */
static void draw_twins(int which, uint8_t *film, uint8_t *mask)
{
    for (int p = 0; p < H * W; p++) {
        const double x = p % W, y = p / W;
        const int left = hypot(x - 14, y - 25 - 2 * which) < 9, right = hypot(x - 35, y - 43 + which) < 9;
        mask[p] = (uint8_t)(left ? 1 + which % 2 : right ? 2 - which % 2 : 0);
        film[p] = (uint8_t)(50 + 90 * (mask[p] > 0) + rng_range(rng_draw(4, RNG_TEST, (uint32_t)which, 0, (uint64_t)p).v[0], 0, 30));
    }
}

static int set_up_twins(void **state)
{
    (void)state;
    classes table = { 0 };
    omp_set_num_threads(1);
    folder = test_scratch(), films = path_join(folder, "films.h5"), net_path = xdup(SMALL);
    classes_add(&table, 1, "femoral_head_1", "femoral_head"), classes_add(&table, 2, "femoral_head_2", "femoral_head");
    store *s = store_create(films, &table);
    uint8_t film[H * W], mask[H * W];
    for (int i = 0; i < CASES; i++) {
        char id[16];
        snprintf(id, sizeof id, "case%d", i);
        draw_twins(i, film, mask);
        store_add(s, &(store_case){ .id = id, .patient = id, .h = H, .w = W, .bits = 8, .split = i < 6 ? SPLIT_TRAIN : SPLIT_VAL }, film, mask, NULL, NULL);
    }
    store_commit(s);
    classes_free(&table);
    return 0;
}

/* The labels of a film at its own size, by the weights of this run: padded to the square, and cut back. */
static void predict(net_program *r, const uint8_t *film, uint8_t *labels)
{
    static const fit_conf square = { .mode = FIT_LETTERBOX, .normalise = FIT_PERCENTILE, .low = 0.5, .high = 99.5 };
    const fit f = fit_make(&square, H, W, 64, 64);
    float grey[64 * 64], scores[64 * 64 * 3];
    real in[64 * 64], out[64 * 64 * 3];
    fit_film(&f, film, 8, 1, grey);
    for (int p = 0; p < 64 * 64; p++) in[p] = (real)grey[p];
    net_program_run(r, in, out);
    for (int p = 0; p < 64 * 64 * 3; p++) scores[p] = (float)out[p];
    fit_back(&f, scores, 3, labels, NULL);
}

/* Of the two films learnt one is named left to right and the other right to left: only by place, and compared by overlap, can both be right. */
static void learnt_by_heart(void **state)
{
    (void)state;
    train_result r;
    train_some("heart", WORDS "solver.batch=2 solver.epochs=60 solver.optimiser=adamw solver.lr=0.003 augment.geometry=0 augment.intensity=0 "
                              "evaluate.every=60", 0, -1, 2, &r);
    if (!(r.best > 0.9)) fail_msg("DSC %g", r.best);
    char *path = path_join(folder, "heart/best.h5");
    checkpoint *k = checkpoint_open(path);
    net *t = net_parse(k->net, k->path, NULL, 0);
    params *p = params_new(t->g, &device_cpu, 0);
    checkpoint_load(k, p, NULL);
    net_program *program = net_program_new(k->net, k->path, (const char *const[]){ "net.batch=1" }, 1, p, &device_cpu);
    for (int i = 0; i < 2; i++) {
        uint8_t film[H * W], truth[H * W], labels[H * W];
        static const uint8_t twin[256] = { [1] = 2, [2] = 1 };
        overlap count[256] = { 0 };
        draw_twins(i, film, truth);
        predict(program, film, labels);
        assert_int_equal(metrics_rename(labels, truth, H * W, -1, twin), i);
        metrics_count(count, labels, truth, H * W, -1);
        for (int c = 1; c < 3; c++)
            if (!(metrics_dsc(&count[c]).value > 0.9)) fail_msg("film %d class %d: DSC %g", i, c, metrics_dsc(&count[c]).value);
    }
    net_program_free(program), params_free(p), net_free(t), checkpoint_close(k), free(path);
}

static real *weights_of(const char *name, size_t *n)
{
    char *path = xprintf("%s/%s/last.h5", folder, name);
    checkpoint *k = checkpoint_open(path);
    net *t = net_parse(k->net, k->path, NULL, 0);
    params *p = params_new(t->g, &device_cpu, 0);
    checkpoint_load(k, p, NULL);
    real *copy = xalloc_n(p->total, sizeof *copy);
    memcpy(copy, p->x, p->total * sizeof *copy), *n = p->total;
    params_free(p), net_free(t), checkpoint_close(k), free(path);
    return copy;
}

#define PUBLISHED "solver.optimiser=sgd solver.momentum=0.9 solver.decay=1e-4 solver.policy=poly_transunet solver.lr=0.01 " \
    "objective.loss=cross_entropy,dice objective.weights=0.5,0.5 objective.dice=transunet augment.quarters=0.5 augment.geometry=0.5 " \
    "augment.rotate=20 augment.whole_degrees=1 augment.scale=1,1 augment.shift=0 augment.intensity=0 "

/* With the published solver, loss and augmentation, and dropout as the cfg has it. */
static void the_same_bits(void **state)
{
    (void)state;
    static const char *const name[] = { "first", "second", "resumed" };
    real *w[3];
    size_t n;
    for (int i = 0; i < 2; i++) train_some(name[i], WORDS PUBLISHED "solver.batch=2 solver.epochs=2 evaluate.every=2", 0, -1, 0, NULL);
    train_some("resumed", WORDS PUBLISHED "solver.batch=2 solver.epochs=2 evaluate.every=2", 0, 4, 0, NULL);
    train_some("resumed", WORDS PUBLISHED "solver.batch=2 solver.epochs=2 evaluate.every=2", 1, -1, 0, NULL);
    for (int i = 0; i < 3; i++) w[i] = weights_of(name[i], &n);
    for (int i = 1; i < 3; i++) assert_memory_equal(w[0], w[i], n * sizeof(real));
    for (int i = 0; i < 3; i++) free(w[i]);
}

/* A sample's labels: the disc further left is class 1, whatever was drawn, mirrored and turned, and however the film names them. */
static void named_by_place(void **state)
{
    (void)state;
    run *r = run_of(WORDS PUBLISHED);
    store *s = store_open(films);
    samples *set = samples_new(s, &r->data, "train", 3, -1, 64, 64, 1 << 20, 0);
    augment_scratch t = { 0 };
    uint8_t swap[256], labels[64 * 64];
    float image[64 * 64];
    augment_check(&r->augment, 3, "test", swap);
    for (int64_t i = 0; i < set->n; i++)
        for (int64_t epoch = 0; epoch < 8; epoch++) {
            double x[3] = { 0 }, n[3] = { 0 };
            augment_sample(&r->augment, set, swap, 1, epoch, i, 0, 1, &t, image, labels);
            for (int p = 0; p < 64 * 64; p++) x[labels[p]] += p % 64, n[labels[p]]++;
            if (!(n[1] > 100 && n[2] > 100 && x[1] / n[1] < x[2] / n[2]))
                fail_msg("film %d epoch %d: %g and %g pixels, at %g and %g", (int)i, (int)epoch, n[1], n[2], x[1] / n[1], x[2] / n[2]);
        }
    augment_scratch_free(&t), samples_free(set), store_close(s), run_free(r);
}

/* One that is alone gets the lower number; a pair that is none is refused. */
static void one_alone_and_faults(void **state)
{
    (void)state;
    run *r = run_of("net.height=64 net.width=64 net.classes=3 data.exchangeable=1:2 data.labels=3,2");
    store *s = store_open(films);
    samples *set = samples_new(s, &r->data, "train", 3, -1, 64, 64, 1 << 20, 0);
    augment_scratch t = { 0 };
    uint8_t swap[256], labels[64 * 64];
    float image[64 * 64];
    int64_t n[3] = { 0 };
    augment_check(&r->augment, 3, "test", swap);
    augment_sample(NULL, set, swap, 1, 0, 0, 0, 1, &t, image, labels);       /* value 2 is class 2 of the run, and value 3 is nowhere */
    for (int p = 0; p < 64 * 64; p++) n[labels[p]]++;
    assert_true(n[1] > 100 && n[2] == 0);
    augment_scratch_free(&t), samples_free(set), store_close(s), run_free(r);
    dies(2, "data: exchangeable: got 2:3, wanted two different classes of 1 to 2",
         train_some("bad", "net.height=64 net.width=64 net.classes=3 data.exchangeable=2:3", 0, 1, 0, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(named_by_place), cmocka_unit_test(one_alone_and_faults), cmocka_unit_test(the_same_bits),
                                        cmocka_unit_test(learnt_by_heart) };
    return _cmocka_run_group_tests(__FILE__, tests, sizeof tests / sizeof *tests, set_up_twins, tear_down);
}
