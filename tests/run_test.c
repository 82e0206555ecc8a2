/* run_test.c - run files: a run beside its network or in one file with it, lines and words that override, and what is wrong in them. */
#include "tests/test.h"
#include "base/file.h"
#include "train/run.h"

static char *folder, *net_path, *path;           /* path: where a run file beside the network's would stand */

static const char net_cfg[] = "[net]\nbatch=1\nheight=32\nwidth=32\nchannels=1\nclasses=2\n\n"
                              "[convolutional]\nname=enc\nfilters=8\nsize=3\npad=1\n\n[convolutional]\nfilters=2\nsize=1\n";

static int set_up(void **state)
{
    (void)state;
    folder = test_scratch(), net_path = path_join(folder, "tiny.cfg"), path = path_join(folder, "r.cfg");
    file_write(net_path, net_cfg, sizeof net_cfg - 1);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    test_scratch_remove(folder);
    free(net_path), free(path);
    return 0;
}

/* A run file beside the network's: lines keep their numbers, keys of [net] override, words override both. */
static void run_files(void **state)
{
    (void)state;
    const char *words[] = { "solver.lr=0.5", "enc.filters=4", "net.width=64" };
    run *r = run_parse("# a run\n[data]\nstore=x.h5\n\n[net]\nfile=tiny.cfg\nheight=64\n[solver]\nepochs=7\nlr=0.25 # overridden\n", path, words, 3);
    net *t = run_net(r, 3);
    assert_int_equal(t->conf.height, 64), assert_int_equal(t->conf.width, 64), assert_int_equal(t->conf.batch, 3),
        assert_int_equal(t->layer[0].out->s.d[3], 4);
    assert_int_equal(r->solver.epochs, 7), assert_int_equal(r->solver.batch, 4);
    near(r->solver.policy.lr, 0.5, 0);
    run_check(r, t);
    assert_string_equal(r->objective.loss, "cross_entropy,dice");
    char *text = run_text(r, t);
    run *again = run_parse(text, "again.cfg", NULL, 0);
    net *u = run_net(again, 0);
    run_check(again, u);
    char *second = run_text(again, u);
    assert_string_equal(text, second);
    net_free(t), net_free(u), run_free(r), run_free(again), free(text), free(second);
}

static void parse(const char *text) { run_free(run_parse(text, path, NULL, 0)); }

static void wrong_files_are_refused(void **state)
{
    (void)state;
    dies(2, "data.store: missing", run_read(net_path, NULL, 0));
    dies(2, "r.cfg: no network", parse("[solver]\nepochs=3\n"));
    dies(2, "r.cfg:9: solver.epochs: got 0, wanted 1 to", parse("[data]\nstore=x\n\n[net]\nfile=tiny.cfg\n\n[solver]\n\nepochs=0\n"));
    dies(2, "r.cfg:3: unknown section [sovler] beside net.file (did you mean solver?)", parse("[net]\nfile=tiny.cfg\n[sovler]\nepochs=3\n"));
    dies(2, "r.cfg:4: detector.ratio: unknown key", parse("[net]\nfile=tiny.cfg\n[detector]\nratio=3\n"));
    dies(2, "r.cfg:5: unknown section [sovler] beside net.file", parse("[net]\nfile=tiny.cfg\n[detector]\nscore=0.1\n[sovler]\n"));
    dies(2, "r.cfg:2: net.file: no such file", parse("\n[net]\nfile=none.cfg\n"));
    dies(2, "loss: got 'cross_entropy dice', wanted", parse("[data]\nstore=x\n[net]\n[objective]\nloss=cross_entropy dice\n"));
    run *d = run_parse("[data]\nstore=x\n[net]\nfile=tiny.cfg\nwidth=64\n[detector]\nscore=0.1\n", path, (const char *const[]){ "net.height=32" }, 1);
    assert_int_equal(d->words, 3);
    assert_string_equal(d->word[1], "detector.score=0.1"), assert_string_equal(d->word[2], "net.height=32");
    run_free(d);
    run *r = run_parse("[net]\nheight=8\nwidth=8\n[dense]\n[data]\nstore=x\n", path, NULL, 0);
    dies(2, "r.cfg:4: unknown section [dense]", run_net(r, 0));
    run_free(r);
    dies(2, "r.cfg:4: net.batch: got -5, wanted 1 to 4096", parse("[data]\nstore=x\n[net]\nbatch=-5\nheight=8\nwidth=8\n[convolutional]\nfilters=2\nsize=1\n"));
    char *empty = path_join(folder, "empty.cfg");
    file_write(empty, "# nothing\n", 10);
    run *e = run_parse("[data]\nstore=x\n[net]\nfile=empty.cfg\n", path, NULL, 0);
    dies(2, "empty.cfg: got an empty file", run_net(e, 0));
    run_free(e), free(empty);
    run *c = run_parse("[data]\nstore=x\n[net]\nfile=tiny.cfg\n[adversary]\ncritic=tiny.cfg\n", path, NULL, 0);       /* found, and kept as it was named */
    char *critic = run_file(c, c->adversary.critic), *none = run_file(c, "none.cfg");
    assert_string_equal(c->adversary.critic, "tiny.cfg"), assert_string_equal(critic, net_path), assert_string_equal(none, "none.cfg");
    free(critic), free(none), run_free(c);
    char *zero = path_join(folder, "zero.cfg");
    file_write(zero, "[net]\n\0", 7);
    dies(2, "zero.cfg: not a text file", parse("[data]\nstore=x\n[net]\nfile=zero.cfg\n"));
    dies(2, "zero.cfg: not a text file", run_read(zero, NULL, 0));
    free(zero);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(run_files), cmocka_unit_test(wrong_files_are_refused) };
    return _cmocka_run_group_tests(__FILE__, tests, sizeof tests / sizeof *tests, set_up, tear_down);
}
