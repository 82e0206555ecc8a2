/* rebuild_test.c - a whole training of a network that rebuilds its films: it gets better, a stopped run ends where an uninterrupted one does,
 * and what does not go with a critic is refused. */
#include "tests/tiny_run.h"
#include "nn/checkpoint.h"

static char *critic;
static const char rebuild_cfg[] =
    "[net]\nbatch=1\nheight=32\nwidth=32\nchannels=1\nclasses=1\n"
    "[convolutional]\nname=in\nfilters=16\nsize=3\nstride=2\npadding=0,1,0,1\nactivation=swish\n"
    "[convolutional]\nname=low\nfilters=8\nsize=3\npad=1\n"
    "[quantize]\nname=codes\ncodes=16\ntype=ema\ndecay=0.9\nrestart=4\n"
    "[convolutional]\nname=up\nfilters=16\nsize=3\npad=1\nactivation=swish\n[upsample]\n"
    "[convolutional]\nname=out\nsize=3\npad=1\n";
static const char critic_cfg[] =
    "[net]\nclasses=1\n[convolutional]\nname=main.0\nfilters=8\nsize=4\nstride=2\npadding=1\nbatch_normalize=1\nactivation=leaky\nslope=0.2\n"
    "[convolutional]\nname=main.2\nsize=4\npadding=1\n";
static const char common[] = "data.mode=stretch data.range=signed solver.batch=2 solver.optimiser=adam solver.decay=0 solver.lr=0.003 ";

static int begin(void **state)
{
    set_up(state);
    free(net_path);
    net_path = path_join(folder, "rebuild.cfg"), critic = path_join(folder, "critic.cfg");
    file_write(net_path, rebuild_cfg, sizeof rebuild_cfg - 1), file_write(critic, critic_cfg, sizeof critic_cfg - 1);
    return 0;
}
static int end(void **state) { free(critic); return tear_down(state); }

static char *words(const char *more) { return xprintf("%sadversary.critic=%s adversary.start=6 %s", common, critic, more); }

static void it_learns_and_continues(void **state)
{
    (void)state;
    char *w = words("solver.epochs=20");
    train_result whole, parts;
    assert_int_equal(train_some("whole", w, 0, -1, 0, &whole), EXIT_OK);
    assert_string_equal(whole.metric, "psnr");
    assert_true(whole.best > 12 && whole.best_epoch > 1);          /* a film of its mean grey has less */
    assert_int_equal(train_some("parts", w, 0, 5, 0, NULL), EXIT_STOPPED);
    assert_int_equal(train_some("parts", w, 1, 20, 0, NULL), EXIT_STOPPED);
    assert_int_equal(train_some("parts", w, 1, -1, 0, &parts), EXIT_OK);
    char *a = log_of("whole"), *b = log_of("parts");
    assert_string_equal(a, b);
    assert_non_null(strstr(a, "\"psnr\"")), assert_non_null(strstr(a, "\"perplexity\"")), assert_non_null(strstr(a, "\"balance\""));
    free(a), free(b), free(w);
}

/* best.h5 of a training with these words holds the network alone: the critic stays behind. */
static void result_is_the_network(const char *name, const char *more)
{
    char *w = words(more), *path = xprintf("%s/%s/best.h5", folder, name);
    assert_int_equal(train_some(name, w, 0, -1, 0, NULL), EXIT_OK);
    checkpoint *k = checkpoint_open(path);
    net *t = net_parse(k->net, path, NULL, 0);
    params *p = params_new(t->g, &device_cpu, 0);
    checkpoint_load(k, p, NULL);                                   /* dies of what the network has not */
    assert_non_null(params_find(p, "codes.embedding.weight"));
    params_free(p), net_free(t), checkpoint_close(k), free(path), free(w);
}

static void the_result_is_the_network(void **state) { (void)state, result_is_the_network("result", "solver.epochs=1"); }

static void without_validation_its_end_is_the_result(void **state) { (void)state, result_is_the_network("unseen", "solver.epochs=1 data.val=none"); }

static void numbers_that_go_wrong_stop_it(void **state)
{
    (void)state;
    char *w = words("solver.epochs=50 solver.optimiser=sgd solver.lr=1e6 solver.momentum=0.99"), *path = path_join(folder, "wrong/failed.h5");
    dies(3, "first bad tensor", train_some("wrong", w, 0, -1, 0, NULL));
    assert_true(file_exists(path));
    free(w), free(path);
}

static void refused(const char *more, const char *message)
{
    char *w = words(more);
    dies(2, message, train_some("bad", w, 0, 1, 0, NULL));
    free(w);
}

static void what_does_not_go_together(void **state)
{
    (void)state;
    static const struct { const char *words, *message; } bad[] = {
        { "solver.subdivisions=2", "solver.subdivisions: got 2, wanted 1" }, { "objective.loss=bce", "loss" }, { "net.classes=2", "wanted as many" },
        { "adversary.features=f.cfg", "features and features_weights: got one, wanted both or none" }, { "adversary.dropout=1", "dropout" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) refused(bad[i].words, bad[i].message);
    dies(2, "weight", train_some("bad", "adversary.weight=2", 0, 1, 0, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(it_learns_and_continues), cmocka_unit_test(the_result_is_the_network),
        cmocka_unit_test(numbers_that_go_wrong_stop_it), cmocka_unit_test(without_validation_its_end_is_the_result),
        cmocka_unit_test(what_does_not_go_together) };
    return _cmocka_run_group_tests(__FILE__, tests, sizeof tests / sizeof *tests, begin, end);
}
