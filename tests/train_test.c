/* train_test.c - whole trainings of a tiny U-Net: resumed anywhere = uninterrupted, bit for bit; overfitting; numbers that go wrong; stopping;
 * settings that are refused. */
#include "tests/tiny_run.h"
#include "nn/checkpoint.h"
#include "train/log.h"
#include "train/model.h"
#include "verbs/verb.h"
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS "solver.epochs=4 solver.batch=4 solver.subdivisions=2 solver.lr=0.02 solver.policy=poly solver.ema=0.9 solver.optimiser=adam " \
    "evaluate.every=2"
/* 6 samples, batch 4: 2 steps an epoch, 8 in all; the second step of each epoch wraps round. */

static void same_state(const char *a, const char *b)
{
    char *pa = xprintf("%s/%s/last.h5", folder, a), *pb = xprintf("%s/%s/last.h5", folder, b);
    checkpoint *ka = checkpoint_open(pa), *kb = checkpoint_open(pb);
    run *r = run_of(WORDS);
    net *t = run_net(r, 2);
    optim_conf c = r->solver.optim;
    params *x = params_new(t->g, &device_cpu, 1), *y = params_new(t->g, &device_cpu, 1);
    optim *ox = optim_new(&c, x), *oy = optim_new(&c, y);
    checkpoint_load(ka, x, ox), checkpoint_load(kb, y, oy);
    assert_int_equal(ka->step, kb->step), assert_int_equal(ka->best_epoch, kb->best_epoch);
    near(ka->best, kb->best, 0);
    assert_memory_equal(x->x, y->x, x->total * sizeof(real));
    assert_memory_equal(ox->m, oy->m, x->trainable * sizeof(real)), assert_memory_equal(ox->v, oy->v, x->trainable * sizeof(real));
    assert_memory_equal(ox->ema, oy->ema, x->total * sizeof(real));
    optim_free(ox), optim_free(oy), params_free(x), params_free(y), net_free(t), run_free(r);
    checkpoint_close(ka), checkpoint_close(kb), free(pa), free(pb);
}

static void resumed_anywhere_is_uninterrupted(void **state)
{
    (void)state;
    train_result whole, part;
    assert_int_equal(train_some("whole", WORDS, 0, -1, 0, &whole), EXIT_OK);
    assert_int_equal(whole.steps, 8), assert_int_equal(whole.epochs, 4);
    assert_true(whole.best > 0 && whole.best_epoch >= 2);
    char *want = log_of("whole");
    for (int cut = 1; cut < 8; cut++) {                            /* at every step, in the middle of epochs and at their ends */
        char name[16];
        snprintf(name, sizeof name, "cut%d", cut);
        assert_int_equal(train_some(name, WORDS " data.workers=1", 0, cut, 0, &part), EXIT_STOPPED);
        assert_int_equal(part.steps, cut);
        assert_int_equal(train_some(name, WORDS " data.workers=3 data.cache=0", 1, -1, 0, &part), EXIT_OK);
        assert_int_equal(part.steps, 8);
        same_state("whole", name);
        char *got = log_of(name);
        assert_string_equal(want, got);
        free(got);
    }
    assert_int_equal(train_some("cut3", WORDS, 1, -1, 0, &part), EXIT_OK);       /* nothing left to do: nothing done */
    same_state("whole", "cut3");
    free(want);
}

static void products_are_there(void **state)
{
    (void)state;
    for (int i = 0; train_products[i]; i++) {
        char *path = xprintf("%s/whole/%s", folder, train_products[i]);
        assert_int_equal(file_exists(path), strcmp(train_products[i], "failed.h5") && strcmp(train_products[i], "swa.h5"));
        free(path);
    }
    char *csv = xprintf("%s/whole/log.csv", folder), *text = file_read(csv, 1 << 20, NULL);
    int lines = 0;
    for (char *p = text; *p; p++) lines += *p == '\n';
    assert_int_equal(lines, 5);                                    /* a head and four epochs */
    free(csv), free(text);
}

static void the_resolved_run_is_the_same_run(void **state)
{
    (void)state;
    char *cfg = xprintf("%s/whole/run.cfg", folder), *again = path_join(folder, "again");
    run *r = run_read(cfg, NULL, 0);
    steps_left = -1;
    train_options o = { .out = again, .dev = &device_cpu, .watch = { .stop = stop_after } };
    train_result t;
    assert_int_equal(train(r, &o, &t), EXIT_OK);
    same_state("whole", "again");
    char *text = file_read(cfg, 1 << 20, NULL), *second = xprintf("%s/run.cfg", again), *other = file_read(second, 1 << 20, NULL);
    assert_string_equal(text, other);
    free(text), free(other), free(second), free(cfg), free(again), run_free(r);
}

static void resuming_something_else_is_refused(void **state)
{
    (void)state;
    dies(2, "solver.lr: got 0.5", train_some("whole", WORDS " solver.lr=0.5", 1, -1, 0, NULL));
    dies(2, "filters: got 4", train_some("whole", WORDS " enc.filters=4", 1, -1, 0, NULL));
    dies(2, "--overfit: got 3, but", train_some("whole", WORDS, 1, -1, 3, NULL));
    train_result t;
    assert_int_equal(train_some("whole", WORDS " solver.epochs=5", 1, -1, 0, &t), EXIT_OK);      /* longer is allowed */
    assert_int_equal(t.steps, 10);
}

/* Writes the weights of folder/whole/last.h5 to folder/NAME/last.h5, with the counters of *k and the texts of the old file. */
static void store_changed(const char *name, void (*change)(checkpoint *k))
{
    char *from = xprintf("%s/whole/last.h5", folder), *dir = path_join(folder, name), *to = path_join(dir, "last.h5");
    char *log = path_join(dir, "log.jsonl");
    checkpoint *k = checkpoint_open(from);
    run *r = run_of(WORDS);
    net *t = run_net(r, 2);
    params *p = params_new(t->g, &device_cpu, 1);
    optim *o = optim_new(&r->solver.optim, p);
    checkpoint_load(k, p, o);
    change(k);
    file_make_folders(dir), file_write(log, "", 0);
    checkpoint_write(to, k, CHECKPOINT_STATE, p, o);
    optim_free(o), params_free(p), net_free(t), run_free(r), checkpoint_close(k);
    free(from), free(dir), free(to), free(log);
}

static void step_below(checkpoint *k) { k->step = -1; }
static void step_beyond(checkpoint *k) { k->step = INT64_MAX; }
static void log_below(checkpoint *k) { k->log_bytes = INT64_MIN; }
static void best_beyond(checkpoint *k) { k->best_epoch = 99; }
static void closed_beyond(checkpoint *k) { checkpoint_put_number(k, "closed_epochs", 1e18); }
static void closed_nowhere(checkpoint *k) { checkpoint_put_number(k, "closed_epochs", NAN); }
static void other_films(checkpoint *k) { checkpoint_put_text(k, "validation_cases", "2 cases, 00"); }

static void changed_is_refused(void (*change)(checkpoint *k), const char *want)
{
    char *cfg = xprintf("%s/hostile/run.cfg", folder);
    store_changed("hostile", change);
    dies(2, want, train_some("hostile", WORDS, 1, -1, 0, NULL));
    assert_false(file_exists(cfg));
    free(cfg);
}

/* A checkpoint whose seal is right may still say anything. */
static void hostile_counters_are_refused(void **state)
{
    (void)state;
    static const struct { void (*change)(checkpoint *); const char *want; } tries[] = {
        { step_below, "step -1, " }, { step_beyond, "more than solver.epochs=4 makes (8)" }, { log_below, "log_bytes -9223372036854775808" },
        { best_beyond, "in epoch 99: not what training writes" }, { closed_beyond, "closed_epochs: got 1e+18, wanted 0 to 4" },
        { closed_nowhere, "closed_epochs: got nan, wanted 0 to 4" }, { other_films, "its validation cases (2 cases, " },
    };
    for (size_t i = 0; i < sizeof tries / sizeof *tries; i++) changed_is_refused(tries[i].change, tries[i].want);
}

/* A log that is too short for the checkpoint is found before the folder is changed; what a killed process left is cleared away. */
static void a_cut_log_is_refused(void **state)
{
    (void)state;
    char *cfg = xprintf("%s/cut2/run.cfg", folder), *log = xprintf("%s/cut2/log.jsonl", folder), *temp = xprintf("%s/cut2/last.h5.tmp77", folder);
    file_write(cfg, "mine", 4), file_write(log, "", 0), file_write(temp, "", 0);
    dies(2, "has 0 bytes, the checkpoint was written when it had", train_some("cut2", WORDS, 1, -1, 0, NULL));
    char *text = file_read(cfg, 100, NULL);
    assert_string_equal(text, "mine"), assert_false(file_exists(temp));
    free(text), free(cfg), free(log), free(temp);
}

/* Films with a label value 9 that is ignored; those of the validation part are of one grey, a fault. */
static void ignored_values_and_faulty_validation(void **state)
{
    (void)state;
    char *path = path_join(folder, "ignore.h5"), *dir = path_join(folder, "ignore");
    classes table = { 0 };
    classes_add(&table, 1, "body", "vertebra"), classes_add(&table, 9, "metal", "other");
    store *s = store_create(path, &table);
    uint8_t film[H * W], mask[H * W];
    for (int i = 0; i < 4; i++) {
        char id[16];
        snprintf(id, sizeof id, "case%d", i);
        draw(i, film, mask);
        for (int p = 0; p < 3 * W; p++) mask[p] = 9;
        if (i == 3) memset(film, 7, sizeof film);
        store_add(s, &(store_case){ .id = id, .h = H, .w = W, .bits = 8, .split = i < 3 ? SPLIT_TRAIN : SPLIT_VAL }, film, mask, NULL, NULL);
    }
    store_commit(s);
    const char *words[] = { "solver.epochs=1", "data.val=train", NULL, NULL };
    words[2] = xprintf("data.store=%s", path), words[3] = "objective.ignore=9";
    train_options o = { .out = dir, .dev = &device_cpu };
    train_result t;
    run *r = run_read(net_path, words, 4);
    assert_int_equal(train(r, &o, &t), EXIT_OK);
    assert_true(t.best >= 0 && t.best <= 1);
    run_free(r);
    r = run_read(net_path, words, 3);
    dies(2, "has a class of value 9 (metal)", train(r, &o, &t));
    run_free(r);
    words[1] = "data.val=val", r = run_read(net_path, words, 4);
    dies(2, "all 1 validation cases have faults", train(r, &o, &t));
    run_free(r), free((char *)words[2]), free(path), free(dir), classes_free(&table);
}

static void a_huge_log_is_not_drawn(void **state)
{
    (void)state;
    char *dir = path_join(folder, "huge"), *csv = path_join(dir, "log.csv");
    file_make_folders(dir);
    run_log *l = log_open(dir, 0);
    l->bytes = (int64_t)LOG_MAX + 1;
    log_draw(l, "dice"), log_draw(l, "dice");
    assert_int_equal(l->warned, 1), assert_false(file_exists(csv));
    log_close(l), free(dir), free(csv);
}

static void overfits_a_batch(void **state)
{
    (void)state;
    train_result t;
    assert_int_equal(train_some("overfit", "solver.epochs=150 solver.batch=2 solver.lr=0.01 solver.optimiser=adam evaluate.every=150 "
                                "objective.loss=cross_entropy,dice objective.dice=milesial", 0, -1, 2, &t), EXIT_OK);
    assert_true(last_loss < 0.1);
    assert_true(t.best > 0.9);
}

static void numbers_that_go_wrong_stop_it(void **state)
{
    (void)state;
    dies(3, "first bad tensor", train_some("bad", "solver.epochs=50 solver.lr=1e6 solver.momentum=0.99 solver.optimiser=sgd solver.decay=0.9", 0,
                                           -1, 0, NULL));
    char *path = xprintf("%s/bad/failed.h5", folder);
    assert_true(file_exists(path));
    free(path);
}

/* A NaN in the input is named as such. The weights stay as they were, or where gradients are spent one by one take none that is bad. */
static void bad_input_is_named(const char *words, int spends)
{
    run *r = run_of(words);
    net *t = run_net(r, 2);
    run_check(r, t);
    model *m = model_plan(r, t, &device_cpu);
    model_take(m, r);
    assert_int_equal(m->spends, spends);
    float image[2 * 32 * 32] = { 0 };
    uint8_t labels[2 * 32 * 32] = { 0 };
    real *before = xalloc_n(m->p->trainable, sizeof *before);
    double loss;
    char bad[160];
    memcpy(before, m->p->x, m->p->trainable * sizeof *before);
    image[1500] = NAN;
    assert_false(isfinite(model_step(m, 0, 0.1, 0, image, labels, &loss)));
    if (spends) for (size_t i = 0; i < m->p->trainable; i++) assert_true(isfinite(m->p->x[i]));
    else assert_memory_equal(before, m->p->x, m->p->trainable * sizeof *before);
    model_first_bad(m, 0, image, labels, bad);
    assert_string_equal(bad, "input");
    image[1500] = 0, labels[7] = 9;                                /* no such class */
    memcpy(before, m->p->x, m->p->trainable * sizeof *before);
    assert_false(isfinite(model_step(m, 0, 0.1, 0, image, labels, &loss)));
    assert_memory_equal(before, m->p->x, m->p->trainable * sizeof *before);              /* a bad loss is seen before any gradient */
    model_first_bad(m, 0, image, labels, bad);
    assert_non_null(strstr(bad, "loss."));
    free(before), model_free(m), run_free(r);
}

static void a_bad_input_is_named(void **state)
{
    (void)state;
    bad_input_is_named("solver.batch=2", 1);
    bad_input_is_named("solver.batch=2 solver.fuse_step=0", 0);
}

/* Gradients spent one by one, maps made again: the weights of the plain run to the bit, and as much in the log but for a norm's last digits */
static void memory_is_saved_for_nothing(void **state)
{
    (void)state;
    static const char *const optimisers[] = {
        "solver.optimiser=sgd solver.nesterov=1 solver.decay_norm=0", "solver.optimiser=adam solver.ema=0.9 solver.freeze=enc*", "solver.optimiser=rmsprop" };
    for (size_t k = 0; k < sizeof optimisers / sizeof *optimisers; k++) {
        model *m[2];
        run *r[2];
        for (int i = 0; i < 2; i++) {
            char *words = xprintf("solver.batch=2 %s solver.fuse_step=%d solver.recompute=%s", optimisers[k], i, i ? "always" : "never");
            r[i] = run_of(words);
            net *t = run_net(r[i], 2);
            run_check(r[i], t);
            m[i] = model_plan(r[i], t, &device_cpu);
            model_take(m[i], r[i]);
            free(words);
        }
        assert_true(!m[0]->spends && m[1]->spends && m[0]->p->g && !m[1]->p->g);
        assert_true(m[1]->of[0].plan.arena < m[0]->of[0].plan.arena);
        assert_true(model_state_bytes(m[1], r[1]) < model_state_bytes(m[0], r[0]));
        for (int step = 0; step < 4; step++) {
            float image[2 * 32 * 32];
            uint8_t labels[2 * 32 * 32];
            double loss[2], norm[2];
            for (int i = 0; i < 2 * 32 * 32; i++) {
                const rng4 u = rng_draw(2, RNG_TEST, (uint32_t)step, 9, (uint64_t)i);
                image[i] = (float)rng_u01(u.v[0]), labels[i] = (uint8_t)(u.v[1] & 1);
            }
            for (int i = 0; i < 2; i++) {
                m[i]->layers = xalloc_n((size_t)m[i]->p->n, sizeof *m[i]->layers);
                norm[i] = model_step(m[i], step, 0.05 / (step + 1), 0, image, labels, &loss[i]);
            }
            near(loss[0], loss[1], 0);
            near(norm[0], norm[1], 1e-12 * norm[0]);
            assert_memory_equal(m[0]->p->x, m[1]->p->x, m[0]->p->total * sizeof(real));
            if (m[0]->o->ema) assert_memory_equal(m[0]->o->ema, m[1]->o->ema, m[0]->p->total * sizeof(real));
            for (int i = 0; i < m[0]->p->n; i++) {
                const layer_step *a = &m[0]->layers[i], *b = &m[1]->layers[i];
                assert_true(!a->name == !b->name && a->weight == b->weight && a->gradient == b->gradient && a->update == b->update && a->dead == b->dead);
            }
            for (int i = 0; i < 2; i++) free(m[i]->layers);
        }
        for (int i = 0; i < 2; i++) m[i]->layers = NULL, model_free(m[i]), run_free(r[i]);
    }
}

static void parts_of_a_batch_add_up(void **state)
{
    (void)state;
    double loss[2], norm[2];
    float image[4 * 32 * 32];
    uint8_t labels[4 * 32 * 32];
    for (int i = 0; i < 4 * 32 * 32; i++) {
        rng4 u = rng_draw(1, RNG_TEST, 9, 9, (uint64_t)i % 1024);  /* four times the same image: batch statistics are the same in parts */
        image[i] = (float)rng_u01(u.v[0]), labels[i] = (uint8_t)(u.v[1] & 1);
    }
    for (int i = 0; i < 2; i++) {
        run *r = run_of(i ? "solver.batch=4 solver.subdivisions=4" : "solver.batch=4");
        net *t = run_net(r, i ? 1 : 4);
        for (int k = 0; k < t->g->n; k++) if (!strcmp(t->g->node[k]->op->name, "dropout")) *(double *)t->g->node[k]->conf = 0;
        run_check(r, t);
        model *m = model_plan(r, t, &device_cpu);
        model_take(m, r);
        norm[i] = model_step(m, 0, 0.1, 0, image, labels, &loss[i]);
        model_free(m), run_free(r);
    }
    near(loss[1], loss[0], 1e-5);
    near(norm[1] / norm[0], 1, 1e-4);
}

static void leave_stop(void *arg, const train_status *s)
{
    if (s->done == 3) file_write(arg, "", 0);
}

static void a_stop_file_or_the_time_stops_it(void **state)
{
    (void)state;
    char *dir = path_join(folder, "stopped"), *file = path_join(dir, "STOP");
    run *r = run_of(WORDS " solver.epochs=1000");
    train_options o = { .out = dir, .dev = &device_cpu, .watch = { .arg = file, .stepped = leave_stop } };
    train_result t;
    assert_int_equal(train(r, &o, &t), EXIT_STOPPED);
    assert_int_equal(t.steps, 3);
    assert_false(file_exists(file));
    o = (train_options){ .out = dir, .resume = 1, .dev = &device_cpu, .max_seconds = 1 };
    assert_int_equal(train(r, &o, &t), EXIT_STOPPED);
    assert_true(t.steps > 3 && t.steps < 2000);
    free(dir), free(file), run_free(r);
}

/* Runs `darkspine train` in a child, sends it a signal once its log has three steps, and returns its exit status. */
static int train_and_signal(const char *out, int number)
{
    char *log = path_join(out, "log.jsonl"), *store = xprintf("data.store=%s", films);
    char *argv[] = { "train", net_path, store, "solver.epochs=100000", "--out", (char *)out, "--quiet", "--threads", "1", NULL };
    pid_t child = fork();
    assert_true(child >= 0);
    if (!child) {
        if (!freopen("/dev/null", "w", stdout)) _exit(9);
        _exit(verb_train(9, argv));
    }
    for (int i = 0; i < 500; i++) {
        struct stat s;
        if (!stat(log, &s) && s.st_size > 500) break;
        usleep(10000);
    }
    assert_int_equal(kill(child, number), 0);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    free(log), free(store);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void signals_save_and_end_with_75(void **state)
{
    (void)state;
    static const int numbers[] = { SIGINT, SIGTERM, SIGUSR1 };
    for (int i = 0; i < 3; i++) {
        char *dir = xprintf("%s/signal%d", folder, i), *last = path_join(dir, "last.h5");
        assert_int_equal(train_and_signal(dir, numbers[i]), EXIT_STOPPED);
        checkpoint *k = checkpoint_open(last);
        assert_true(k->step > 0);
        checkpoint_close(k), free(dir), free(last);
    }
}

static void fails(const char *words, const char *want)
{
    dies(2, want, train_some("refused", words, 0, -1, 0, NULL));
    char *dir = xprintf("%s/refused/run.cfg", folder);
    assert_false(file_exists(dir));
    free(dir);
}

static void wrong_settings_are_refused(void **state)
{
    (void)state;
    fails("solver.epoch=3", "unknown key (did you mean epochs?)");
    fails("solvr.epochs=3", "no section or name solvr (did you mean");
    fails("epochs=3", "got 'epochs=3', wanted section.key=value (did you mean solver.epochs?)");
    fails("net.batch=-5", "net.batch: got -5, wanted 1 to 4096");
    fails("heigt=64", "(did you mean net.height?)");
    fails("nothinglikethat=3", "got 'nothinglikethat=3', wanted section.key=value");
    fails("solver.batch=3 solver.subdivisions=2", "subdivisions: got 2, wanted a divisor of batch=3");
    fails("objective.loss=bce", "bce is for a net of one class, this one has 2");
    fails("objective.loss=focal", "loss: got 'focal', wanted cross_entropy, bce or dice");
    fails("objective.loss=dice,", "loss: got '', wanted");
    fails("objective.loss=,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,", "loss: got '', wanted");
    fails("objective.loss=dice objective.class_weights=1,2", "class_weights: got 1,2, which loss=dice does not use");
    fails("objective.loss=cross_entropy objective.dice=milesial", "dice: got milesial, which loss=cross_entropy does not use");
    fails("objective.ignore=1", "ignore: got 1, which is class 1 by data.labels=all");
    fails("objective.ignore=0 data.labels=any", "ignore: got 0, which is class 0 by data.labels=any");
    fails("objective.ignore=3 data.labels=3", "ignore: got 3, which is class 1 by data.labels=3");
    fails("solver.policy=plateau data.val=none", "got plateau, which listens to validation");
    fails("solver.policy=plateau solver.mode=min", "mode: got min, wanted max: a larger dice");
    fails("objective.loss=dice,dice", "dice stands twice");
    fails("objective.weights=1", "weights: got 1 numbers");
    fails("objective.class_weights=1,2,3", "class_weights: got 3 numbers, wanted 2");
    fails("data.classes=5", "classes: got 5, but the network tells 2 apart");
    fails("data.train=test", "no case is in part test");
    fails("data.labels=1,2", "makes 3 classes with background");
    fails("augment.pairs=1:2", "pairs: got 1:2");
    fails("net.height=33", "32");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signals_save_and_end_with_75),                /* first: it forks, and OpenMP does not like to be forked */
        cmocka_unit_test(wrong_settings_are_refused), cmocka_unit_test(resumed_anywhere_is_uninterrupted),
        cmocka_unit_test(products_are_there), cmocka_unit_test(the_resolved_run_is_the_same_run), cmocka_unit_test(hostile_counters_are_refused),
        cmocka_unit_test(resuming_something_else_is_refused), cmocka_unit_test(a_cut_log_is_refused), cmocka_unit_test(a_huge_log_is_not_drawn),
        cmocka_unit_test(ignored_values_and_faulty_validation),
        cmocka_unit_test(overfits_a_batch), cmocka_unit_test(numbers_that_go_wrong_stop_it), cmocka_unit_test(a_bad_input_is_named),
        cmocka_unit_test(memory_is_saved_for_nothing),
        cmocka_unit_test(parts_of_a_batch_add_up), cmocka_unit_test(a_stop_file_or_the_time_stops_it),
    };
    return _cmocka_run_group_tests(__FILE__, tests, sizeof tests / sizeof *tests, set_up, tear_down);
}
