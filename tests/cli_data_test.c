/* cli_data_test.c - predict, split, import, check, export, convert, bench and full disks from outside; see cli.h. */
#include "tests/cli.h"
#include <math.h>

/* ---- predict, bench ---------------------------------------------------------------------------------------------------------------- */

static void test_predict_refuses(void **state)
{
    (void)state;
    make_maps();
    refused("predict", "predict");
    refused("predict missing.h5 truth --out p", "missing.h5");
    refused("predict truth/a.png truth --out p", "truth/a.png");
    refused("predict missing.h5 truth", "--out");
    char *made = in("p");
    assert_false(file_exists(made));
    free(made);
}

/* Films, a net of two layers, a short training: what the tests below predict with. */
static void make_run(void)
{
    char *best = in("run/best.h5");
    int made = file_exists(best);
    free(best);
    if (made) return;
    write_text("tiny.cfg", "[net]\nbatch=2\nheight=96\nwidth=64\nclasses=2\n"
               "[convolutional]\nfilters=4\nsize=3\npad=1\nactivation=relu\n[convolutional]\nsize=1\n");
    succeeds("synth films.h5 region=stack n=6 height=96 width=64 --quiet", "6");
    json_t *o = object("train tiny.cfg --out run --quiet --json --threads 1 data.store=films.h5 data.train=all data.val=all solver.epochs=6 "
                       "solver.optimiser=adam solver.lr=0.05 solver.batch=2");
    char *path = in("best.json");
    assert_int_equal(json_dump_file(o, path, 0), 0);
    json_decref(o), free(path);
}

/* What predict and eval say of the films of the validation is what the validation said. */
static void test_predict_agrees_with_validation(void **state)
{
    (void)state;
    make_run();
    char *path = in("best.json");
    json_t *trained = json_load_file(path, 0, NULL),
        *o = object("predict run/best.h5 films.h5 --out pred-run --json --quiet --probabilities");
    double best = number(json_object_get(trained, "best"), "value");
    has(o, "cases seconds films_per_second peak_rss");
    assert_int_equal(json_array_size(json_object_get(o, "cases")), 6);
    has(json_array_get(json_object_get(o, "cases"), 0), "case file seconds");
    json_decref(o);
    assert_true(best > 0.2);                     /* else the agreement below would say nothing */
    static const char *const forms[] = { "eval pred-run films.h5 --json --quiet", "eval pred-run/predictions.h5 films.h5 --json --quiet" };
    for (int i = 0; i < 2; i++) {
        o = object(forms[i]);
        near(number(json_object_get(class_of(o, 1), "DSC"), "mean"), best, 1e-9);
        assert_string_equal(json_string_value(json_object_get(class_of(o, 1), "name")), "body");
        json_decref(o);
    }
    json_decref(trained), free(path);
}

static void test_split_chooses(void **state)
{
    (void)state;
    make_run();
    succeeds("synth parts.h5 region=stack n=6 height=96 width=64 seed=2 --quiet", "6");
    json_t *o = object("split parts.h5 --by patient --parts train=.5,val=.5 --json");
    double val = number(o, "val");
    assert_true(val > 0 && val < 6);
    json_decref(o);
    refused("split parts.h5 --by patient --parts train=.98,val=.01,test=.01", "too few patients (6 in 6 films): ");
    result r = call("split parts.h5 --by patient --parts train=.5,val=.5");
    assert_int_equal(r.status, 0);
    assert_string_equal(r.err, "");                            /* the same parts as before */
    drop(&r);
    succeeds("synth moved.h5 region=stack n=6 height=96 width=64 seed=2 --quiet", "6");
    succeeds("split moved.h5 --by patient --parts train=.5,val=.5", "val");
    r = call("split moved.h5 --by patient --parts train=.5,test=.5");
    assert_non_null(strstr(r.err, "of 6 films were in another part before"));
    drop(&r);
    o = object("predict run/best.h5 parts.h5 --split val --out pred-val --json --quiet");
    assert_int_equal(json_array_size(json_object_get(o, "cases")), (size_t)val);
    json_decref(o);
    succeeds("predict run/best.h5 parts.h5 --out pred-all --quiet", "6 films");
    json_t *a = object("eval pred-val parts.h5 --split val --json --quiet"),
        *b = object("eval pred-all parts.h5 --split val --json --quiet");
    assert_true(same_result(a, b));
    assert_int_equal(json_array_size(json_object_get(a, "cases")), (size_t)val);
    json_decref(a), json_decref(b);
    refused("eval pred-val parts.h5", "unpaired");
    refused("eval pred-all parts.h5 --split vall", "did you mean val?");
}

/* A sheet of one film: its cell has the film's shape (height over width), but for the name above it and the rims. */
static void sheet_of_shape(const char *name, double shape)
{
    char *path = in(name);
    image m = film_read(path);
    assert_in_range(fabs((double)(m.h - 34) / (double)(m.w - 16) - shape) * 1000, 0, 10);
    image_free(&m), free(path);
}

/* A run's folder stands for its best weights; pictures are named; one is no plural. */
static void test_what_is_said(void **state)
{
    (void)state;
    make_run();
    succeeds("predict run films.h5 --out by-folder --quiet", "by-folder/masks, by-folder/predictions.h5, by-folder/overlay\n");
    succeeds("predict run/best.h5 films.h5 --out by-file --overlay 0 --quiet", "by-file/predictions.h5\n");
    json_t *a = object("eval by-folder films.h5 --json --quiet"), *b = object("eval by-file films.h5 --json --quiet");
    assert_true(same_result(a, b));
    json_decref(a), json_decref(b);
    result right = call("eval by-folder films.h5 --json"), swapped = call("eval films.h5 by-folder --json");
    assert_int_equal(swapped.status, 0);
    assert_true(!strstr(right.err, "in this order?") && strstr(swapped.err, "in this order?"));
    drop(&right), drop(&swapped);
    write_text("nothing.txt", "x");
    char *none = in("none");
    file_make_folders(none), free(none);
    refused("predict none films.h5 --out by-none", "none: a folder without best.h5 and last.h5");
    succeeds("synth single.h5 region=stack n=1 height=96 width=64 --quiet", "1 film of 96 x 64");
    succeeds("check single.h5 --sheet sheet.png --quiet", "drawn: sheet.png\n");
    succeeds("synth wide.h5 region=stack n=1 height=64 width=96 --quiet", "1 film of 64 x 96");
    succeeds("check wide.h5 --sheet wide.png --quiet", "drawn: wide.png\n");
    sheet_of_shape("sheet.png", 96 / 64.0);
    sheet_of_shape("wide.png", 64 / 96.0);
    succeeds("predict run single.h5 --out by-one --quiet", "1 film in ");
    succeeds("eval by-one single.h5 --out by-one/eval --quiet", "tables and pictures: by-one/eval\n");
    succeeds("runs run --curves seen.png", "curves: seen.png\n");
    succeeds("synth lumbar.h5 region=lumbar n=3 height=128 width=96 --quiet", "3 films");
    succeeds("export lumbar.h5 lumbar --quiet", "3 cases");
    json_t *measured = object("measure lumbar/truth.json --json");
    char *path = in("lumbar/truth.json");
    json_t *truth = json_load_file(path, 0, NULL);
    for (size_t i = 0; i < 3; i++) {                 /* the form of measure, and its values under the same names */
        const json_t *c = json_array_get(json_object_get(truth, "cases"), i), *m = json_array_get(json_object_get(measured, "cases"), i), *value;
        const char *key;
        has(c, "mode facing order vertebrae S1 FH points values about units");
        assert_non_null(json_object_get(json_object_get(json_object_get(c, "vertebrae"), "L3"), "SA"));
        has(json_object_get(c, "values"), "SS PT PI LL L4S1"), has(json_object_get(c, "about"), "age facing tilt");
        json_object_foreach(json_object_get(c, "values"), key, value) near(number(json_object_get(m, "values"), key), json_number_value(value), 1e-6);
    }
    succeeds("import exported lumbar lumbar-again.h5 --quiet", "3 cases");
    succeeds("export lumbar-again.h5 lumbar-again --quiet", "3 cases");
    char *second = in("lumbar-again/truth.json");
    json_t *again = json_load_file(second, 0, NULL);
    assert_true(json_equal(truth, again));
    json_decref(measured), json_decref(truth), json_decref(again), free(path), free(second);
    succeeds("import masks lumbar unnamed.h5 --quiet", "3 cases");
    result r = call("measure unnamed.h5 --region lumbar"), quiet = call("measure unnamed.h5 --region lumbar --quiet");
    const char *said = strstr(r.err, "the values are not levels of a lumbar film");
    assert_true(said && !strstr(said + 1, "the values are not levels"));       /* what is true of every film is said of the first */
    assert_string_equal(quiet.err, "");
    drop(&r), drop(&quiet);
}

/* Truth with classes 1 and 2, read as a run with data.labels=any or a list would: DSC of b is 2 * 2 / (2 + 6), or that of class 1 alone. */
static void test_eval_reads_labels(void **state)
{
    (void)state;
    make_maps();
    json_t *o = object("eval pred truth --labels any --json --quiet");
    assert_int_equal(json_array_size(json_object_get(o, "classes")), 1);
    near(number(json_object_get(class_of(o, 1), "DSC"), "mean"), (0.75 + 0.5) / 2, 1e-12);
    json_decref(o);
    o = object("eval truth pred --labels any --json --quiet");              /* values that only the prediction has are bone as well */
    assert_int_equal(json_array_size(json_object_get(o, "classes")), 1);
    near(number(json_object_get(class_of(o, 1), "DSC"), "mean"), (0.75 + 0.5) / 2, 1e-12);
    json_decref(o);
    o = object("eval pred truth --labels 1 --json --quiet");
    assert_int_equal(json_array_size(json_object_get(o, "classes")), 1);
    near(number(json_object_get(class_of(o, 1), "DSC"), "mean"), (0.75 + 4.0 / 6) / 2, 1e-12);
    json_decref(o);
    refused("eval pred truth --labels any --classes levels", "--classes: got it beside --labels any");
    refused("eval pred truth --labels 1-300", "--labels: got '1-300', wanted all, any, or values");
}

static image mirrored(const image *m)
{
    image out = image_new(m->h, m->w, m->bits);
    for (int64_t y = 0; y < m->h; y++)
        for (int64_t x = 0; x < m->w; x++) ((uint8_t *)out.p)[y * m->w + x] = ((const uint8_t *)m->p)[y * m->w + m->w - 1 - x];
    return out;
}

/* What was given beside the weights stands in what comes of it; what changes no result does not. */
static void test_settings_are_told(void **state)
{
    (void)state;
    make_run();
    succeeds("predict run films.h5 --out told --tta --precision bf16 --tile 1.5 --overlap=0.25 --threads 1 --quiet --force", "told/masks");
    json_t *o = object("eval told films.h5 --tau 3 --json --quiet");
    const json_t *from = json_object_get(o, "provenance"), *side = json_object_get(from, "prediction");
    assert_string_equal(json_string_value(json_object_get(side, "settings")), "--precision bf16 --tta --tile 1.5 --overlap 0.25");
    assert_string_equal(json_string_value(json_object_get(from, "settings")), "--tau 3");
    json_decref(o);
}

/* With --tta the prediction of a mirrored film is the mirrored prediction, to the pixel; without, it need not be. */
static void test_predict_mirror(void **state)
{
    (void)state;
    make_run();
    succeeds("export films.h5 plain", "6");
    char *folder_in = in("plain/images"), *both = in("both");
    int n;
    char **name = file_list(folder_in, "|.png|", &n);
    char *source = path_join(folder_in, name[0]), *a = in("both/film.png"), *b = in("both/mirror.png");
    image film = film_read(source), turned = mirrored(&film);
    file_make_folders(both);
    image_write(a, &film), image_write(b, &turned);
    succeeds("predict run/best.h5 both --out tta --tta --quiet", "2 films");
    char *pa = in("tta/masks/film.png"), *pb = in("tta/masks/mirror.png"), *overlay = in("tta/overlay/film.png");
    image ma = labels_read(pa), mb = labels_read(pb), back = mirrored(&mb);
    assert_true(file_exists(overlay));
    assert_int_equal(ma.h * ma.w, film.h * film.w);
    assert_memory_equal(ma.p, back.p, (size_t)(ma.h * ma.w));
    int64_t set = 0;
    for (int64_t i = 0; i < ma.h * ma.w; i++) set += image_at(&ma, i);
    assert_true(set > 0 && set < ma.h * ma.w);
    image_free(&film), image_free(&turned), image_free(&ma), image_free(&mb), image_free(&back);
    for (int i = 0; i < n; i++) free(name[i]);
    free(name), free(folder_in), free(both), free(source), free(a), free(b), free(pa), free(pb), free(overlay);
}

static void test_predict_whole_or_nothing(void **state)
{
    (void)state;
    make_run();
    map("mixed/good.png", 4, 4, "0101010101010101");
    write_text("mixed/rotten.png", "\x89PNG\r\n\x1a\n and no more");
    refused("predict run/best.h5 mixed --out half", "mixed/rotten.png");
    char *half = in("half");
    assert_false(file_exists(half));
    free(half);
    refused("predict run/best.h5 mixed/good.png mixed/good.png --out half", "two films");
    refused("predict run/best.h5 mixed/none.png --out half", "mixed/none.png");
    refused("predict run/best.h5 films.h5 --split vall --out half", "did you mean val?");
    refused("predict run/best.h5 mixed/good.png --split val --out half", "--split");
    succeeds("predict run/best.h5 mixed/good.png --out once --overlay 0 --quiet", "1 film");
    char *overlay = in("once/overlay");
    assert_false(file_exists(overlay));
    free(overlay);
    refused("predict run/best.h5 mixed/good.png --out once", "--force");
    succeeds("predict run/best.h5 mixed/good.png --out once --force --quiet", "1 film");
}

/* ---- import, check, export, convert ------------------------------------------------------------------------------------------------ */

static void test_import_skips(void **state)
{
    (void)state;
    map("set/images/a.png", 3, 4, "012301230123"), map("set/masks/a.png", 3, 4, "110011000000");
    map("set/images/b.png", 3, 4, "012301230123"), map("set/masks/b.png", 2, 4, "11001100");
    map("set/images/c\xff.png", 3, 4, "012301230123"), map("set/masks/c\xff.png", 3, 4, "110011000000");
    result r = call("import masks set set.h5 --quiet");
    assert_int_equal(r.status, 2);
    assert_string_equal(r.out, "");
    assert_non_null(strstr(r.err, "2 cases cannot be read"));
    drop(&r);
    json_t *o = object("import masks set set.h5 --skip-bad --json --quiet --threads 1");
    has(o, "cases skipped store");
    near(number(o, "cases"), 1, 0);
    const json_t *skipped = json_object_get(o, "skipped"), *second = json_array_get(skipped, 1);
    assert_int_equal(json_array_size(skipped), 2);
    has(json_array_get(skipped, 0), "file why");
    assert_string_equal(json_string_value(json_object_get(second, "file")), "images/c\xef\xbf\xbd.png");
    assert_non_null(strstr(json_string_value(json_object_get(second, "why")), "UTF-8"));
    json_decref(o);
}

/* A COCO file from outside: films elsewhere, spacing from a column, what is wrong listed; flags without effect are refused. */
static void test_import_coco(void **state)
{
    (void)state;
    map("films/a.png", 3, 4, "012301230123"), map("films/b.png", 3, 4, "212301230123");
    write_text("ann.json", "{\"images\":[{\"id\":1,\"file_name\":\"a.png\",\"height\":3,\"width\":4,\"mm\":0.5},"
        "{\"id\":2,\"file_name\":\"b.png\",\"height\":3,\"width\":4,\"mm\":0.25}],\"categories\":[{\"id\":4,\"name\":\"L1\"}],"
        "\"annotations\":[{\"id\":9,\"image_id\":1,\"category_id\":4,\"segmentation\":[[1,1,3,1,3,3,1,3]]},"
        "{\"id\":10,\"image_id\":2,\"category_id\":4,\"segmentation\":{\"size\":[3,4],\"counts\":[99]}}]}");
    result r = call("import coco ann.json coco.h5 --images films --quiet");
    assert_int_equal(r.status, 2);
    assert_non_null(strstr(r.err, "b.png: L1: run lengths that do not add up"));
    drop(&r);
    json_t *o = object("import coco ann.json coco.h5 --images films --spacing mm --skip-bad --json --quiet --threads 1");
    near(number(o, "cases"), 1, 0);
    const json_t *first = json_array_get(json_object_get(o, "skipped"), 0);
    assert_string_equal(json_string_value(json_object_get(first, "file")), "b.png");
    json_decref(o);
    succeeds("export coco.h5 coco-out --quiet", "1 case in");
    map("want.png", 3, 4, "000004400440");
    char *got = in("coco-out/masks/a.png"), *want = in("want.png");
    image g = labels_read(got), w = labels_read(want);
    assert_memory_equal(g.p, w.p, 12);
    succeeds("import exported coco-out coco-again.h5 --quiet", "1 case in");
    succeeds("export coco.h5 coco-two --coco --quiet", "1 case in");
    succeeds("import coco coco-two/coco.json coco-third.h5 --quiet", "1 case in");
    succeeds("export coco-third.h5 coco-three --quiet", "1 case in");
    image_free(&g), free(got), got = in("coco-three/masks/a.png"), g = labels_read(got);
    assert_memory_equal(g.p, w.p, 12);
    refused("import coco ann.json x.h5 --map 'a*:b*'", "--map: only for the kinds masks and instances, got coco");
    refused("import masks set x.h5 --images films", "--images: only for the kinds coco and labelme, got masks");
    refused("import masks set x.h5 --spacing 0,1", "--spacing");
    refused("import coco films x.h5", "films");
    image_free(&g), image_free(&w), free(got), free(want);
}

static void test_check_and_export(void **state)
{
    (void)state;
    map("twice/images/a.png", 3, 4, "012301230123"), map("twice/masks/a.png", 3, 4, "110011000000");
    map("twice/images/b.png", 3, 4, "012301230123"), map("twice/masks/b.png", 3, 4, "110011000000");
    succeeds("import masks twice twice.h5 --quiet", "2 cases");
    result r = call("check twice.h5 --json --quiet --threads 1");
    json_t *o = json_loads(r.out, 0, NULL);
    assert_int_equal(r.status, 2);                           /* a film twice is an error, and is told on stdout */
    has(o, "faults cases faulty errors warnings");
    assert_true(number(o, "errors") > 0);
    assert_int_equal(json_array_size(json_object_get(o, "faults")), number(o, "errors") + number(o, "warnings"));
    has(json_array_get(json_object_get(o, "faults"), 0), "case level code text");
    drop(&r), json_decref(o);
    o = object("export twice.h5 plain-twice --json --quiet --threads 1");
    near(number(o, "cases"), 2, 0);
    json_decref(o);
    refused("export twice.h5 plain-twice", "--force");
    map("some/masks/z.png", 1, 1, "1");
    refused("export twice.h5 some", "some/masks: exists already");
    succeeds("export twice.h5 some --force --quiet", "2 cases");
}

static void test_convert_round_trip(void **state)
{
    (void)state;
    make_run();
    json_t *o = object("convert run/best.h5 w.safetensors --json --quiet");
    has(o, "tensors parameters file");
    near(number(o, "tensors"), 4, 0);
    json_decref(o);
    succeeds("convert w.safetensors again.h5 --net tiny.cfg --quiet", "4 tensors");
    succeeds("convert again.h5 w2.safetensors --quiet", "4 tensors");
    char *one = in("w.safetensors"), *two = in("w2.safetensors");
    size_t n, m;
    char *a = file_read(one, 1 << 20, &n), *b = file_read(two, 1 << 20, &m);
    assert_int_equal(n, m);
    assert_memory_equal(a, b, n);
    free(one), free(two), free(a), free(b);
}

/* Files may not grow beyond 16 KiB: whatever is half written goes, and the status says that it was the machine. */
static void test_disk_full(void **state)
{
    (void)state;
    make_run();
    static const char *const words[] = { "synth big.h5 region=stack n=40 --quiet",
                                         "predict run/best.h5 films.h5 --out full --probabilities --quiet" };
    for (int i = 0; i < 2; i++) {
        result r = call_after("ulimit -f 32;", words[i]);
        if (r.status != 4) fail_msg("%s: status %d, wanted 4: %s", words[i], r.status, r.err);
        assert_non_null(strstr(r.err, "cannot be written"));
        drop(&r);
    }
    static const char *const texts[] = { "help", "--version", "plan configs/nets/unet-small.cfg", "audit --rules" };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        char *err = in("err"), *full = xprintf("%s %s >/dev/full 2>'%s'", getenv("DARKSPINE") ? getenv("DARKSPINE") : "./darkspine", texts[i], err);
        const int status = system(full);
        char *said = file_read(err, 1 << 20, NULL);
        if (WEXITSTATUS(status) != 4 || !strstr(said, "standard output: cannot be written")) fail_msg("%s: status %d: %s", full, WEXITSTATUS(status), said);
        free(err), free(full), free(said);
    }
    char *line = xprintf("find '%s' -name '*.tmp*' | grep -q .", folder), *big = in("big.h5"), *h5 = in("full/predictions.h5");
    assert_int_not_equal(system(line), 0);
    assert_false(file_exists(big));
    assert_false(file_exists(h5));
    free(line), free(big), free(h5);
}

static void test_bench_refuses(void **state)
{
    (void)state;
    refused("bench", "bench");
    char *taken = in("taken.h5");
    file_make_folders(taken), free(taken);
    refused("synth taken.h5 region=stack n=1 --force", "taken.h5: is a folder, wanted a file to write");
    refused("synth twice.h5 region=stack n=1 seed=5 --seed 6", "--seed: got 6 beside seed=5, wanted one of them");
    refused("bench op", "did you mean ops?");
    refused("bench ops more", "more");
    refused("bench nets --pass none", "--pass");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_predict_refuses), cmocka_unit_test(test_predict_agrees_with_validation), cmocka_unit_test(test_what_is_said), cmocka_unit_test(test_eval_reads_labels), cmocka_unit_test(test_split_chooses),
        cmocka_unit_test(test_settings_are_told), cmocka_unit_test(test_predict_mirror), cmocka_unit_test(test_predict_whole_or_nothing), cmocka_unit_test(test_import_skips),
            cmocka_unit_test(test_import_coco),
        cmocka_unit_test(test_check_and_export), cmocka_unit_test(test_convert_round_trip), cmocka_unit_test(test_disk_full),
        cmocka_unit_test(test_bench_refuses),
    };
    folder = test_scratch();
    int failed = RUN_TESTS(tests);
    test_scratch_remove(folder);
    return failed;
}
