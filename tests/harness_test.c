/* harness_test.c - what surrounds the loop: folds, warm start and frozen tensors, early stop, averaged weights, layers in the log, TensorBoard
 * events, run.json, the worst films. */
#include "tests/tiny_run.h"
#include "datasets/split.h"
#include "nn/checkpoint.h"
#include "train/events.h"
#include "train/layers.h"
#include "train/model.h"
#include "train/rate.h"
#include "train/worst.h"

#define QUICK "solver.epochs=2 solver.batch=3 solver.lr=0.01 evaluate.worst=0"

static char *product(const char *run, const char *name) { return xprintf("%s/%s/%s", folder, run, name); }

/* The weights of a checkpoint of the tiny net; params_free. */
static params *weights_of(const char *run, const char *name)
{
    struct run *r = run_of("");
    net *t = run_net(r, 1);
    char *path = product(run, name);
    params *p = params_new(t->g, &device_cpu, 0);
    checkpoint *k = checkpoint_open(path);
    checkpoint_load(k, p, NULL);
    checkpoint_close(k), free(path), net_free(t), run_free(r);
    return p;
}

static int same_tensor(const params *a, const params *b, const char *name)
{
    const param *q = params_find(a, name);
    assert_non_null(q);
    return !memcmp(a->x + q->at, b->x + q->at, q->count * sizeof(real));
}

/* ---- folds ---- */

static void folds_keep_patients_whole(void **state)
{
    (void)state;
    enum { N = 40 };
    char *path = path_join(folder, "folds.h5");
    classes none = { 0 };
    store *s = store_create(path, &none);
    uint8_t film[4] = { 0, 1, 2, 3 };
    for (int i = 0; i < N; i++) {
        char id[16], patient[16];
        snprintf(id, sizeof id, "c%02d", i), snprintf(patient, sizeof patient, "p%d", i / 3);
        store_add(s, &(store_case){ .id = id, .patient = patient, .h = 2, .w = 2, .bits = 8,
                                    .split = i >= 36 ? SPLIT_TEST : SPLIT_NONE }, film, NULL, NULL, NULL);
    }
    store_commit(s);
    int fold[N], count[5] = { 0 };
    s = store_open(path);
    split_folds(s, 4, 7, fold);
    store_close(s);
    for (int i = 0; i < N; i++) {
        assert_int_equal(fold[i] == 0, i >= 36);
        if (i < 36) assert_int_equal(fold[i], fold[i / 3 * 3]);
        count[fold[i]]++;
    }
    for (int k = 1; k <= 4; k++) assert_int_equal(count[k], 9);
    store_fold(path, fold, N);
    s = store_open(path);
    for (int i = 0; i < N; i++) {
        assert_int_equal(store_at(s, i)->fold, fold[i]), assert_int_equal(store_at(s, i)->split, i >= 36 ? SPLIT_TEST : SPLIT_NONE);
        for (int k = 1; k <= 4; k++) {
            const part in = { PART_FOLD, k }, out = { PART_REST, k };
            assert_int_equal(part_has(&in, store_at(s, i)), fold[i] == k);
            assert_int_equal(part_has(&out, store_at(s, i)), fold[i] && fold[i] != k);
        }
    }
    store_close(s), free(path);
}

static void parts_have_names(void **state)
{
    (void)state;
    static const char *const wrong[] = { "", "fold", "fold0", "fold100", "foldx", "rest", "trian", "fold1 " };
    part p;
    assert_true(part_find("rest12", &p) && p.kind == PART_REST && p.number == 12);
    assert_true(part_find("val", &p) && p.kind == PART_SPLIT && p.number == SPLIT_VAL);
    assert_true(part_find("none", &p) && p.kind == PART_NONE);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) assert_false(part_find(wrong[i], &p));
    dies(2, "--split: got part 'trian', wanted train, val, test, foldN, restN, all or none (did you mean train?)", part_get("trian", "--split"));
}

static void a_fold_is_left_out(void **state)
{
    (void)state;
    dies(2, "no case is in part rest1, it has no folds: `darkspine split --folds 5`", train_some("nofold", QUICK " data.fold=1", 0, -1, 0, NULL));
    store_fold(films, (const int[]){ 1, 1, 2, 2, 1, 1, 0, 0 }, CASES);
    char *log = NULL, *path = NULL, *text = NULL;
    assert_int_equal(train_some("fold", QUICK " data.fold=2 evaluate.worst=1", 0, -1, 0, NULL), EXIT_OK);
    log = log_of("fold");
    assert_non_null(strstr(log, "\"cases\": 4, \"kind\": \"run\"")), assert_non_null(strstr(log, "\"validation_cases\": 2"));
    path = product("fold", "worst.csv"), text = file_read(path, 1 << 16, NULL);
    assert_non_null(strstr(text, "\"case2\"")), assert_non_null(strstr(text, "\"case3\"")), assert_null(strstr(text, "\"case4\""));
    free(log), free(path), free(text);
    dies(2, "train: got all, which data.fold does not use", train_some("nofold", QUICK " data.fold=1 data.train=all", 0, -1, 0, NULL));
    dies(2, "no case is in part fold3: its folds are 1 to 2 (data.fold=0: no cross-validation)", train_some("nofold", QUICK " data.fold=3", 0, -1, 0, NULL));
    store_fold(films, (const int[CASES]){ 0 }, CASES);
}

/* ---- warm start, frozen tensors ---- */

static void a_run_starts_from_weights(void **state)
{
    (void)state;
    assert_int_equal(train_some("base", QUICK, 0, -1, 0, NULL), EXIT_OK);
    char *words = xprintf(QUICK " solver.start=%s/base/last.h5 solver.lr=0 solver.seed=5", folder);
    assert_int_equal(train_some("warm", words, 0, 1, 0, NULL), EXIT_STOPPED);          /* a step of rate 0: the weights as they came */
    params *base = weights_of("base", "last.h5"), *warm = weights_of("warm", "last.h5");
    assert_true(same_tensor(base, warm, "enc.weight")), assert_true(same_tensor(base, warm, "out.weight"));
    params_free(warm), free(words);
    words = xprintf(QUICK " solver.start=%s/base/last.h5 solver.start_without=out.* solver.lr=0 solver.seed=5", folder);
    assert_int_equal(train_some("head", words, 0, 1, 0, NULL), EXIT_STOPPED);
    warm = weights_of("head", "last.h5");
    assert_true(same_tensor(base, warm, "enc.weight")), assert_false(same_tensor(base, warm, "out.weight"));
    params_free(warm), params_free(base), free(words);
    words = xprintf(QUICK " solver.start=%s/base/last.h5 net.classes=3 out.filters=3 data.labels=1,7", folder);
    dies(2, "out.weight: got 1x1x8x2, wanted 1x1x8x3", train_some("never", words, 0, -1, 0, NULL));
    char *fewer = xprintf("%s solver.start_without=out*", words);
    assert_int_equal(train_some("wider", fewer, 0, 1, 0, NULL), EXIT_STOPPED);         /* another head on the same body */
    free(words), free(fewer);
    words = xprintf(QUICK " solver.start=%s/base/last.h5 solver.start_without=uot*", folder);
    dies(2, "solver.start_without: 'uot*' fits no tensor of the network", train_some("never", words, 0, -1, 0, NULL));
    free(words);
    dies(2, "start_without: got out*, which no solver.start does not use", train_some("never", QUICK " solver.start_without=out*", 0, -1, 0, NULL));
}

static void frozen_tensors_stand_still(void **state)
{
    (void)state;
    static const char *const still[] = { "enc.weight", "enc.norm.weight", "enc.norm.running_mean", "enc.norm.running_var" };
    static const char *const moved[] = { "low.weight", "low.norm.running_mean", "out.weight", "out.bias" };
    char *words = xprintf(QUICK " solver.start=%s/base/last.h5 solver.freeze=enc* solver.optimiser=adamw", folder);
    assert_int_equal(train_some("frozen", words, 0, -1, 0, NULL), EXIT_OK);
    params *base = weights_of("base", "last.h5"), *now = weights_of("frozen", "last.h5");
    for (int i = 0; i < 4; i++) {
        if (!same_tensor(base, now, still[i])) fail_msg("%s moved", still[i]);
        if (same_tensor(base, now, moved[i])) fail_msg("%s stood still", moved[i]);
    }
    params_free(base), params_free(now), free(words);
    dies(2, "solver.freeze=* leaves nothing to train", train_some("never", QUICK " solver.freeze=*", 0, -1, 0, NULL));
    dies(2, "solver.freeze: 'encoder*' fits no tensor", train_some("never", QUICK " solver.freeze=encoder*", 0, -1, 0, NULL));
}

/* ---- sampling ---- */

/* Weights and losses of the cases, as the state holds them. */
static char *cases_of(const char *run)
{
    char *path = product(run, "last.h5");
    checkpoint *k = checkpoint_open(path);
    char *text = xdup(checkpoint_text(k, "sampling"));
    checkpoint_close(k), free(path);
    return text;
}

static void hard_cases_resume_to_the_bit(void **state)
{
    (void)state;
    static const char words[] = "solver.epochs=3 solver.batch=2 solver.subdivisions=2 solver.lr=0.02 data.sampling=hard evaluate.worst=0";
    assert_int_equal(train_some("hard", words, 0, -1, 0, NULL), EXIT_OK);
    params *want = weights_of("hard", "last.h5");
    char *log = log_of("hard"), *cases = cases_of("hard");
    for (int cut = 2; cut < 9; cut += 2) {                         /* 3 steps an epoch: in the middle and at the ends */
        assert_int_equal(train_some("hardcut", words, 0, cut, 0, NULL), EXIT_STOPPED);
        assert_int_equal(train_some("hardcut", words, 1, -1, 0, NULL), EXIT_OK);
        params *got = weights_of("hardcut", "last.h5");
        char *other = log_of("hardcut"), *again = cases_of("hardcut");
        assert_memory_equal(got->x, want->x, want->total * sizeof(real)), assert_string_equal(log, other), assert_string_equal(cases, again);
        params_free(got), free(other), free(again);
    }
    params_free(want), free(log), free(cases);
    static const char other[] = "solver.epochs=3 solver.batch=2 solver.subdivisions=2 solver.lr=0.02";
    dies(2, "data.sampling: got uniform, but", train_some("hard", other, 1, -1, 0, NULL));
}

/* ---- early stop ---- */

#define EARLY "solver.epochs=50 solver.batch=3 solver.lr=0 evaluate.worst=0 evaluate.patience="

/* How memory is saved may be another when a run goes on: the bits are the same. */
static void memory_may_change_on_the_way(void **state)
{
    (void)state;
#define PLAIN "solver.epochs=2 solver.batch=2 solver.lr=0.02 solver.optimiser=adam solver.ema=0.9 solver.freeze=enc*"
    train_result part;
    assert_int_equal(train_some("kept", PLAIN " solver.recompute=never solver.fuse_step=0", 0, -1, 0, &part), EXIT_OK);
    assert_int_equal(train_some("mixed", PLAIN " solver.recompute=never solver.fuse_step=0", 0, 2, 0, &part), EXIT_STOPPED);
    assert_int_equal(train_some("mixed", PLAIN " solver.recompute=always", 1, -1, 0, &part), EXIT_OK);
    params *a = weights_of("kept", "last.h5"), *b = weights_of("mixed", "last.h5");
    assert_memory_equal(a->x, b->x, a->total * sizeof(real));
    params_free(a), params_free(b);
}

static void patience_ends_a_run(void **state)
{
    (void)state;
    train_result t;
    assert_int_equal(train_some("early", EARLY "3", 0, -1, 0, &t), EXIT_OK);
    assert_true(t.early);                                          /* running statistics may better it once or twice, then nothing changes */
    assert_int_equal(t.epochs, t.best_epoch + 3);
    const int64_t epochs = t.epochs;
    assert_int_equal(train_some("early", EARLY "3", 1, -1, 0, &t), EXIT_OK);
    assert_int_equal(t.epochs, epochs);                            /* resumed: nothing left to do */
    assert_int_equal(train_some("early", EARLY "5", 1, -1, 0, &t), EXIT_OK);
    assert_int_equal(t.epochs, t.best_epoch + 5);                  /* more patience goes on */
    dies(2, "patience: got 2, which listens to validation", train_some("never", QUICK " evaluate.patience=2 data.val=none", 0, -1, 0, NULL));
}

/* ---- averaged weights ---- */

#define SWA "solver.epochs=4 solver.batch=3 solver.lr=0.02 solver.swa=3 evaluate.worst=0"

static void averaged_weights_are_the_mean(void **state)
{
    (void)state;
    train_result t;
    assert_int_equal(train_some("swa", SWA, 0, -1, 0, &t), EXIT_OK);
    assert_true(t.swa >= 0 && t.swa <= 1);
    assert_int_equal(train_some("swa3", SWA, 0, 6, 0, &t), EXIT_STOPPED);              /* the end of epoch 3 of the same run */
    params *third = weights_of("swa3", "last.h5"), *fourth = weights_of("swa", "last.h5"), *mean = weights_of("swa", "swa.h5");
    double statistics = 0;
    for (int i = 0; i < mean->n; i++) {
        const param *q = &mean->p[i];
        for (size_t j = q->at; j < q->at + q->count; j++) {
            const double want = 0.5 * (third->x[j] + fourth->x[j]);
            if (q->role == PARAM) near(mean->x[j], want, 1e-6);
            else statistics = fmax(statistics, fabs(mean->x[j] - want));
        }
    }
    assert_true(statistics > 1e-6);                                /* taken anew, not averaged */
    params_free(third), params_free(fourth);
    for (int cut = 5; cut < 8; cut++) {
        char name[16];
        snprintf(name, sizeof name, "swacut%d", cut);
        assert_int_equal(train_some(name, SWA, 0, cut, 0, &t), EXIT_STOPPED);
        assert_int_equal(train_some(name, SWA, 1, -1, 0, &t), EXIT_OK);
        params *other = weights_of(name, "swa.h5");
        assert_memory_equal(other->x, mean->x, mean->total * sizeof(real));
        params_free(other);
        char *one = log_of("swa"), *two = log_of(name);
        assert_string_equal(one, two);
        free(one), free(two);
    }
    params_free(mean);
    dies(2, "swa: got 3 with ema=0.9", train_some("never", SWA " solver.ema=0.9", 0, -1, 0, NULL));
    dies(2, "solver.swa: got 0, but", train_some("swa", QUICK " solver.epochs=4 solver.lr=0.02 solver.swa=0", 1, -1, 0, NULL));
}

/* ---- layers ---- */

static void steps_are_measured(void **state)
{
    (void)state;
    run *r = run_of("solver.batch=2 solver.optimiser=sgd solver.momentum=0 solver.decay=0 solver.freeze=dec*");
    net *t = run_net(r, 2);
    run_check(r, t);
    model *m = model_plan(r, t, &device_cpu);
    model_take(m, r);
    const param *low = params_find(m->p, "low.weight");
    int n = 0;
    real *before = layers_before(m->p, 0, m->p->trainable), *g = xalloc_n(m->p->trainable, sizeof *g);
    for (size_t j = 0; j < low->count; j++) {
        m->p->x[low->at + j] *= 1.01f;                             /* a step of a hundredth of every weight */
        g[low->at + j] = j % 16 < 4 ? 0 : 2;                 /* 4 of its 16 filters without gradient */
    }
    layer_step *s = xalloc_n((size_t)m->p->n, sizeof *s);
    layers_measure(s, m->p, 0, m->p->trainable, before, g);
    for (int i = 0; i < m->p->n; i++) {
        if (!s[i].name) continue;
        n++;
        const int it = !strcmp(s[i].name, "low.weight");
        near(s[i].ratio, it ? 0.01 : 0, 1e-5);
        near(s[i].dead, it ? 0.25 : 1, 0);
        near(s[i].gradient, it ? sqrt(3) : 0, 1e-6);
    }
    assert_int_equal(n, 4);                                        /* enc, low, up, out: no bias, no norm, not what is frozen */
    free(s), free(before), free(g), model_free(m), run_free(r);
}

static char noted[4096];
static void note(void *arg, const char *line) { (void)arg, strncat(noted, line, sizeof noted - strlen(noted) - 1); }

static void dead_layers_are_told(void **state)
{
    (void)state;
    char *dir = path_join(folder, "dead"), *log;
    run *r = run_of(QUICK " solver.lr=0");
    train_options o = { .out = dir, .dev = &device_cpu, .watch = { .note = note } };
    train_result t;
    noted[0] = 0;
    assert_int_equal(train(r, &o, &t), EXIT_OK);
    assert_null(strstr(noted, "no gradient reaches"));             /* the tiny net is alive */
    run_free(r);
    params *p = weights_of("dead", "last.h5");
    const param *gamma = params_find(p, "low.norm.weight"), *beta = params_find(p, "low.norm.bias");
    for (size_t j = 0; j < gamma->count; j++) p->x[gamma->at + j] = 0.01f, p->x[beta->at + j] = -9;         /* ReLU sees -9 only */
    char *start = path_join(folder, "dead.h5"), *words = xprintf(QUICK " solver.lr=0 solver.start=%s", start);
    checkpoint k = { .best_epoch = -1 };
    checkpoint_write(start, &k, CHECKPOINT_WEIGHTS, p, NULL);
    r = run_of(words);
    assert_int_equal(train(r, &o, &t), EXIT_OK);
    const char *first = strstr(noted, "no gradient reaches 100 % of the filters of low.weight");
    assert_non_null(first), assert_null(strstr(first + 50, "of low.weight"));             /* once, in two epochs */
    log = log_of("dead");
    assert_non_null(strstr(log, "\"dead\": 1.0"));
    free(log), free(dir), free(start), free(words), params_free(p), run_free(r);
}

/* ---- the rate ---- */

static void a_rate_is_suggested(void **state)
{
    (void)state;
    rate_test t = { .n = RATE_STEPS };
    for (int i = 0; i < t.n; i++) {                                /* falls around 1e-3, lowest near 1e-1.5, then rises */
        const double x = -6 + 7.0 * i / (RATE_STEPS - 1);
        t.rate[i] = pow(10, x), t.loss[i] = 1 - 1 / (1 + exp(-4 * (x + 3))) + (x > -1 ? (x + 1) * (x + 1) : 0);
    }
    rate_judge(&t);
    assert_true(t.suggested > 3e-4 && t.suggested < 8e-3);         /* the running mean lags behind */
    assert_true(t.lowest > 1e-2 && t.lowest < 0.5);
    for (int i = 0; i < t.n; i++) t.loss[i] = i;
    rate_judge(&t);
    assert_true(isnan(t.suggested));
    char *path = path_join(folder, "rate.svg");
    run *r = run_of("solver.batch=2 solver.optimiser=adam");
    const train_options o = { .dev = &device_cpu };
    t = rate_find(r, &o);
    assert_true(t.n > 50 && t.suggested > 1e-6 && t.suggested <= t.lowest);
    rate_draw(&t, path);
    assert_true(file_exists(path));
    free(path), run_free(r);
}

/* ---- events ---- */

static uint32_t word(const uint8_t *p) { uint32_t v; memcpy(&v, p, 4); return v; }

/* The last value of a tag in an event file, whose records must be whole; *n gets how often it stands there. */
static double scalar(const char *path, const char *tag, int *n)
{
    size_t size;
    uint8_t *p = (uint8_t *)file_read(path, 1 << 24, &size);
    double last = NAN;
    size_t at = 0;
    *n = 0;
    while (at < size) {
        const uint32_t length = word(p + at), c = crc32c(p + at, 8);
        assert_true(at + 16 + length <= size);
        assert_int_equal(word(p + at + 8), (c >> 15 | c << 17) + 0xa282ead8u);
        const uint8_t *body = p + at + 12;
        const uint32_t d = crc32c(body, length);
        assert_int_equal(word(body + length), (d >> 15 | d << 17) + 0xa282ead8u);
        const uint8_t *found = memmem(body, length, tag, strlen(tag));
        if (found && found[-1] == strlen(tag) && found[strlen(tag)] == (2 << 3 | 5)) {
            float v;
            memcpy(&v, found + strlen(tag) + 1, 4);
            last = v, ++*n;
        }
        at += 16 + length;
    }
    free(p);
    return last;
}

static void events_are_whole(void **state)
{
    (void)state;
    assert_int_equal(crc32c("123456789", 9), 0xe3069283u);
    assert_int_equal(crc32c("", 0), 0);
    int n;
    train_result t;
    assert_int_equal(train_some("events", QUICK, 0, 3, 0, &t), EXIT_STOPPED);
    assert_int_equal(train_some("events", QUICK, 1, -1, 0, &t), EXIT_OK);
    char *path = product("events", "events.out.tfevents.darkspine");
    const double dice = scalar(path, "validation/dice", &n);
    if (t.best_epoch == 2) near(dice, t.best, 1e-6);
    assert_true(dice <= t.best + 1e-6), assert_int_equal(n, 2);
    scalar(path, "step/loss", &n), assert_int_equal(n, 4);          /* no step twice after the resume */
    near(scalar(path, "step/lr", &n), 0.01, 1e-8);
    scalar(path, "low.weight/ratio", &n), assert_int_equal(n, 2);
    scalar(path, "class 1/dice", &n), assert_int_equal(n, 2);
    free(path);
}

/* ---- run.json, worst films ---- */

static void a_run_says_what_it_is(void **state)
{
    (void)state;
    char *path = product("base", "run.json");
    json_t *o = json_load_file(path, 0, NULL);
    assert_string_equal(json_string_value(json_object_get(o, "status")), "finished");
    assert_string_equal(json_string_value(json_object_get(o, "format")), "darkspine-run");
    assert_int_equal(json_integer_value(json_object_get(o, "step")), 4), assert_int_equal(json_integer_value(json_object_get(o, "epoch")), 2);
    assert_non_null(strstr(json_string_value(json_object_get(json_object_get(o, "data"), "cases")), "6 cases, "));
    assert_true(json_real_value(json_object_get(o, "loss")) > 0);
    json_decref(o), free(path);
}

static void the_worst_films_are_kept(void **state)
{
    (void)state;
    store *s = store_open(films);
    run *r = run_of("");
    samples *set = samples_new(s, &r->data, "all", 2, -1, 32, 32, 0, 0);
    static const double dice[CASES] = { 0.5, 0.25, NAN, 0.75, 0.25, 0.1, 0.9, 0.3 };
    uint8_t map[H * W] = { 0 };
    worst w = worst_new(set, 3);
    for (int i = 0; i < CASES; i++) map[0] = (uint8_t)i, worst_take(&w, i, dice[i], map, map);
    assert_int_equal(w.n, 3);
    static const int want[3] = { 5, 1, 4 };
    for (int i = 0; i < 3; i++) assert_int_equal(w.e[i].i, want[i]), assert_int_equal(w.e[i].pred[0], want[i]);
    char *dir = path_join(folder, "drawn"), *csv = path_join(dir, "worst.csv"), *stale = path_join(dir, "worst/07_old.png"),
         *mine = path_join(dir, "worst/mine.png"), *first = path_join(dir, "worst/01_case5.png"), *own = path_join(dir, "worst");
    file_make_folders(own);
    file_write(stale, "x", 1), file_write(mine, "x", 1);
    worst_write(&w, dice, 9, dir);
    assert_false(file_exists(stale)), assert_true(file_exists(mine)), assert_true(file_exists(first));
    char *half = path_join(dir, "worst/02_case1.png.tmp77");
    file_write(half, "x", 1);
    worst_clear(dir, 1);
    assert_false(file_exists(half)), assert_true(file_exists(first));
    worst_clear(dir, 0);
    assert_false(file_exists(first)), assert_true(file_exists(mine));
    free(half);
    char *text = file_read(csv, 1 << 16, NULL);
    assert_non_null(strstr(text, "rank,case,patient,epoch,DSC\n1,\"case5\",\"p2\",9,0.1\n2,\"case1\",\"p0\",9,0.25\n3,\"case4\","));
    assert_non_null(strstr(text, "\n8,\"case2\",\"p1\",9,\n"));
    worst_free(&w), samples_free(set), store_close(s), run_free(r);
    free(text), free(dir), free(csv), free(stale), free(mine), free(first), free(own);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folds_keep_patients_whole), cmocka_unit_test(parts_have_names), cmocka_unit_test(a_fold_is_left_out),
        cmocka_unit_test(a_run_starts_from_weights), cmocka_unit_test(frozen_tensors_stand_still), cmocka_unit_test(memory_may_change_on_the_way), cmocka_unit_test(patience_ends_a_run),
        cmocka_unit_test(hard_cases_resume_to_the_bit),
        cmocka_unit_test(averaged_weights_are_the_mean), cmocka_unit_test(steps_are_measured), cmocka_unit_test(dead_layers_are_told),
        cmocka_unit_test(a_rate_is_suggested), cmocka_unit_test(events_are_whole),
        cmocka_unit_test(a_run_says_what_it_is), cmocka_unit_test(the_worst_films_are_kept),
    };
    return _cmocka_run_group_tests(__FILE__, tests, sizeof tests / sizeof *tests, set_up, tear_down);
}
