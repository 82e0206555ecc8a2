/* cli_train_test.c - cross-validation, ensembles, runs, the rate test, and trainings that the machine fails, from outside; see cli.h. */
#include "tests/cli.h"

#define TINY "tiny.cfg --quiet --threads 1 data.store=films.h5 solver.optimiser=adam solver.lr=0.05 solver.batch=2"

static void make_films(void)
{
    char *films = in("films.h5");
    if (!file_exists(films)) {
        write_text("tiny.cfg", "[net]\nbatch=2\nheight=96\nwidth=64\nclasses=2\n"
                   "[convolutional]\nname=one\nfilters=4\nsize=3\npad=1\nactivation=relu\n[convolutional]\nname=two\nsize=1\n");
        succeeds("synth films.h5 region=stack n=6 height=96 width=64 --quiet", "6");
        json_t *o = object("split films.h5 --folds 3 --json");
        assert_int_equal(json_array_size(json_object_get(o, "folds")), 3);
        for (size_t i = 0; i < 3; i++) assert_int_equal(json_integer_value(json_array_get(json_object_get(o, "folds"), i)), 2);
        near(number(o, "test"), 0, 0);
        json_decref(o);
    }
    free(films);
}

static void test_split_folds_refuses(void **state)
{
    (void)state;
    make_films();
    refused("split films.h5 --folds 1", "--folds: got '1', wanted a whole number from 2 to 99");
    refused("split films.h5 --folds 7", "too few patients: fold 7 would get no film");
    refused("split films.h5 --folds 3 --parts train=.5,val=.5", "--folds: got --parts as well");
    refused("predict none.h5 films.h5 --split fold0 --out p", "none.h5");
}

#define FOLDS "train " TINY " --folds --out cv solver.epochs=3 evaluate.worst=1"

static void test_cross_validation(void **state)
{
    (void)state;
    make_films();
    refused("train tiny.cfg --quiet --folds --out cv data.store=none.h5", "none.h5");
    json_t *o = object(FOLDS " --json"), *folds = json_object_get(o, "folds");
    has(o, "classes cases folds overall");
    assert_int_equal(json_array_size(folds), 3);
    assert_int_equal(json_array_size(json_object_get(o, "cases")), 6);              /* every film once */
    refused(FOLDS, "cv/fold1/run.cfg is there already");
    json_t *again = object(FOLDS " --resume --json");                               /* all done: the table once more */
    assert_true(json_equal(json_object_get(o, "cases"), json_object_get(again, "cases")));
    json_decref(again);
    /* the predictions of a fold are those of its best weights on its films */
    double sum = 0;
    for (int k = 1; k <= 3; k++) {
        char *words = xprintf("predict cv/fold%d/best.h5 films.h5 --split fold%d --out alone%d --quiet --json", k, k, k);
        char *judge = xprintf("eval alone%d films.h5 --split fold%d --quiet --json", k, k);
        json_decref(object(words));
        json_t *e = object(judge);
        sum += 2 * number(json_object_get(class_of(e, 1), "DSC"), "mean");
        json_decref(e), free(words), free(judge);
    }
    near(number(json_object_get(class_of(o, 1), "DSC"), "mean"), sum / 6, 1e-9);
    json_decref(o);
    char *table = in("cv/eval/table.md"), *csv = in("cv/folds.csv");
    assert_true(file_exists(table)), assert_true(file_exists(csv));
    free(table), free(csv);
}

static void test_runs(void **state)
{
    (void)state;
    json_t *o = object("runs cv --json --curves runs.svg"), *list = json_object_get(o, "runs");
    assert_int_equal(json_array_size(list), 3);
    double before = 2;
    for (size_t i = 0; i < 3; i++) {
        const json_t *r = json_array_get(list, i);
        assert_string_equal(json_string_value(json_object_get(r, "status")), "finished");
        assert_int_equal(json_object_size(json_object_get(r, "differs")), 1);
        has(json_object_get(r, "differs"), "data.fold");
        near(number(r, "epoch"), 3, 0);
        assert_true(number(r, "best") <= before);
        before = number(r, "best");
    }
    json_decref(o);
    char *svg = in("runs.svg");
    assert_true(file_exists(svg));
    free(svg);
    succeeds("runs cv --sort name", "cv/fold1: data.fold=1");
    refused("runs cv --curves runs.svg", "exists already");
    char *empty = in("empty"), *broken = in("broken"), *cut = in("cut");
    file_make_folders(empty), file_make_folders(broken), file_make_folders(cut);
    free(empty), free(broken), free(cut);
    refused("runs empty", "no run in empty or below");
    refused("runs nowhere", "nowhere: no such folder");
    write_text("broken/log.jsonl", "{\"kind\":\"run\"}\nno json\n");
    refused("runs broken", "broken/log.jsonl: a line is not a JSON object");
    write_text("cut/log.jsonl", "{\"kind\":\"run\"}\n{\"kind\":\"epoch\",\"epoch\":1,\"loss\":0.5,\"seconds\":2}\n{\"kind\":\"ste");
    o = object("runs cut --json");                                                  /* as a killed process leaves it */
    near(number(json_array_get(json_object_get(o, "runs"), 0), "loss"), 0.5, 0);
    json_decref(o);
}

static void test_ensembles_and_windows(void **state)
{
    (void)state;
    succeeds("predict cv/fold1/best.h5 films.h5 --ensemble cv/fold2/best.h5,cv/fold3/best.h5 --out many --quiet", "6 films");
    succeeds("predict cv/fold1/best.h5 films.h5 --ensemble cv/fold1/best.h5 --out twice --quiet", "6 films");
    succeeds("predict cv/fold1/best.h5 films.h5 --tile 1.5 --tta --out tiles --quiet", "6 films");
    succeeds("predict cv/fold1/best.h5 films.h5 --out once --quiet", "6 films");
    json_t *a = object("eval once films.h5 --json --quiet"), *b = object("eval twice films.h5 --json --quiet");
    assert_true(same_result(a, b));                                                 /* the mean of the same is the same */
    json_decref(a), json_decref(b);
    refused("predict cv/fold1/best.h5 films.h5 --overlap 0.5 --out p", "--overlap: got no --tile with it");
    refused("predict cv/fold1/best.h5 films.h5 --tile 0.5 --out p", "--tile: got '0.5'");
    refused("predict cv/fold1/best.h5 films.h5 --ensemble missing.h5 --out p", "missing.h5");
}

/* A run that knows levels names what another one draws; what it says is of its own classes. */
static void test_levels(void **state)
{
    (void)state;
    succeeds("synth named.h5 region=lumbar n=2 height=96 width=64 classes=levels --quiet", "2 films");
    succeeds("train " TINY " --out names data.store=named.h5 data.train=all data.val=none data.labels=20-24 net.classes=6 solver.epochs=2",
             "trained after 2 steps");
    succeeds("predict cv/fold1/best.h5 named.h5 --levels names --tta --out named --probabilities --quiet", "2 films");
    json_t *o = object("eval named named.h5 --json --quiet");                  /* the levels of the second are what comes out */
    assert_int_equal(json_array_size(json_object_get(o, "classes")), 5);
    assert_non_null(class_of(o, 24));
    json_decref(o);
    o = object("eval named named.h5 --labels any --json --quiet");
    assert_int_equal(json_array_size(json_object_get(o, "classes")), 1);
    json_decref(o);
    o = object("eval named.h5 named.h5 --labels any --json --quiet");          /* a store is itself, whatever its classes */
    near(number(json_object_get(class_of(o, 1), "DSC"), "mean"), 1, 0);
    near(number(json_object_get(json_object_get(o, "instances"), "segm"), "AP"), 1, 0);
    json_decref(o);
    succeeds("predict names named.h5 --chain --out chained --quiet", "2 films");
    succeeds("run named.h5 --weights cv/fold1 --levels names --region lumbar --out both --quiet", "2 films in");
    size_t size;
    char *path = in("both/report.html"), *html = file_read(path, 1 << 24, &size);
    assert_true(strstr(html, "fold1&#47;best.h5") && strstr(html, "names&#47;last.h5"));     /* both networks, with their hashes */
    free(path), free(html);
    succeeds("run named.h5 --weights names --chain --region lumbar --out measured --quiet", "2 films in");
    refused("predict cv/fold1/best.h5 films.h5 --chain --out p", "cv/fold1/best.h5: --chain wants a network with a class for each of");
    refused("predict cv/fold1/best.h5 films.h5 --levels cv/fold2 --out p", "cv/fold2/best.h5: --levels wants a network with a class for each");
    refused("predict names films.h5 --levels names --out p", "names/last.h5: --levels wants a network of one class");
    refused("predict cv/fold1/best.h5 films.h5 --levels names --chain --out p", "--chain: got it beside --levels, which means it");
    refused("predict cv/fold1/best.h5 films.h5 --levels nothing.h5 --out p", "nothing.h5");
}

static void test_find_rate(void **state)
{
    (void)state;
    make_films();
    json_t *o = object("train " TINY " data.train=all --find-rate rate.png --json");
    has(o, "suggested lowest rates losses picture");
    assert_true(json_array_size(json_object_get(o, "rates")) == json_array_size(json_object_get(o, "losses")));
    json_decref(o);
    refused("train " TINY " data.train=all --find-rate rate.png", "rate.png: exists already");
    refused("train " TINY " --find-rate a.png --preview b.png", "got --preview as well");
}

/* Runs these shell words in the scratch folder; $P is the program. */
static int shell(const char *words)
{
    char root[4096];
    const char *program = getenv("DARKSPINE") ? getenv("DARKSPINE") : "./darkspine";
    assert_non_null(getcwd(root, sizeof root));
    char *full = path_join(root, program), *line = xprintf("cd '%s' && P='%s' && %s", folder, full, words);
    const int status = system(line);
    free(full), free(line);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static char *weights(const char *run, size_t *n)
{
    char *words = xprintf("convert %s/last.h5 %s.safetensors --force", run, run), *name = xprintf("%s.safetensors", run), *path = in(name);
    succeeds(words, "tensors");
    char *bytes = file_read(path, 1 << 24, n);
    free(words), free(name), free(path);
    return bytes;
}

static void same_weights(const char *a, const char *b)
{
    size_t n, m;
    char *x = weights(a, &n), *y = weights(b, &m);
    assert_int_equal(n, m);
    assert_memory_equal(x, y, n);
    free(x), free(y);
}

#define FAILING "train " TINY " data.train=all data.val=none data.cache=0 solver.epochs=60"

/* The log outgrows what a file may be, in the middle of an epoch; the state before it is whole, and goes on when there is room. */
static void test_disk_full_in_training(void **state)
{
    (void)state;
    make_films();
    succeeds(FAILING " --out room", "trained after 180 steps");
    result r = call_after("ulimit -f 96;", FAILING " --out full");
    if (r.status != 4) fail_msg("status %d, wanted 4: %s", r.status, r.err);
    if (!strstr(r.err, "cannot be written") || !strstr(r.err, ", from which --resume goes on\n")) fail_msg("said '%s'", r.err);
    drop(&r);
    succeeds(FAILING " --out full --resume", "trained after 180 steps");
    same_weights("room", "full");
}

/* The store is cut short while it is read: the run ends naming store and case, and goes on to the same bits once it is back. */
static void test_a_store_that_disappears(void **state)
{
    (void)state;
    make_films();
    const int status = shell("cp films.h5 keep.h5; \"$P\" " FAILING " --out gone >gone.out 2>gone.err & child=$!; "
                             "while ! grep -q '\"epoch\":3,' gone/log.jsonl 2>/dev/null; do kill -0 $child || break; sleep 0.02; done; "
                             "truncate -s 4096 films.h5; wait $child; s=$?; cp keep.h5 films.h5; exit $s");
    char *err = in("gone.err"), *text = file_read(err, 1 << 16, NULL);
    if (status != 2) fail_msg("status %d, wanted 2: %s", status, text);
    assert_non_null(strstr(text, "films.h5")), assert_non_null(strstr(text, "stack_1_"));
    succeeds(FAILING " --out gone --resume", "trained after 180 steps");
    same_weights("room", "gone");
    refused("train --out gone --resume data.store=nowhere.h5", "nowhere.h5");
    free(err), free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_split_folds_refuses), cmocka_unit_test(test_cross_validation), cmocka_unit_test(test_runs),
        cmocka_unit_test(test_ensembles_and_windows), cmocka_unit_test(test_levels), cmocka_unit_test(test_find_rate), cmocka_unit_test(test_disk_full_in_training),
        cmocka_unit_test(test_a_store_that_disappears),
    };
    folder = test_scratch();
    int failed = RUN_TESTS(tests);
    test_scratch_remove(folder);
    return failed;
}
