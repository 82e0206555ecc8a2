/* cli_test.c - the front door, plan and eval from outside; see cli.h. */
#include "tests/cli.h"

/* ---- the front door --------------------------------------------------------------------------------------------------------------- */

static void test_help(void **state)
{
    (void)state;
    succeeds("", "predict");
    succeeds("help", "predict");
    succeeds("--help", "usage: darkspine VERB");
    succeeds("help eval", "--spacing");
    succeeds("eval --help", "--spacing");
    succeeds("help convolutional", "filters");
    succeeds("help '[convolutional]'", "filters");
    succeeds("help net", "winograd");
    succeeds("help solver", "momentum");
    refused("help convolutionel", "did you mean convolutional?");
    refused("help eval predict", "help");
}

static void test_every_verb_has_help(void **state)
{
    (void)state;
    static const char *const names[] = { "plan", "import", "export", "split", "check", "synth", "train", "runs", "predict", "eval", "compare", "measure", "audit", "bench",
                                         "convert", "doctor", "help" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *words = xprintf("%s --help", names[i]), *usage = xprintf("usage: darkspine %s", names[i]);
        succeeds(words, usage);
        free(words), free(usage);
    }
}

static void test_version(void **state)
{
    (void)state;
    succeeds("--version", "commit");
    succeeds("--version", "HDF5");
    succeeds("--version", "CUDA");
    succeeds("--version", "oneDNN");
}

static void test_unknown(void **state)
{
    (void)state;
    refused("evla a b", "did you mean eval?");
    refused("--jsn", "--jsn");
    refused("doctor --jsno", "did you mean --json?");
    refused("doctor --threads 0", "--threads");
    refused("doctor --threads two", "--threads");
    refused("doctor --threads", "--threads");
    refused("doctor --json --json", "twice");
    refused("doctor more", "more");
}

/* A GPU that is asked for and not there: a flag that is wrong here. With the driver's file there, this is not the machine to test it on. */
static void test_no_gpu(void **state)
{
    (void)state;
    if (!access("/dev/nvidiactl", F_OK)) skip();
    result r = call("doctor --device cuda");
    const char *end = strchr(r.err, '\n');
    if (r.status != 2 || *r.out || !end || end[1] || !strstr(r.err, "--device: got cuda, wanted cpu or auto: no NVIDIA driver"))
        fail_msg("status %d, stdout '%s', stderr '%s'", r.status, r.out, r.err);
    drop(&r);
}

static void test_doctor(void **state)
{
    (void)state;
    json_t *o = object("doctor --json --threads 1");
    has(o, "version commit cpu features threads memory gpu gpu_why libraries kernels precision device");
    near(number(json_object_get(o, "threads"), "used"), 1, 0);
    assert_true(number(json_object_get(o, "memory"), "total") > 0);
    json_decref(o);
    succeeds("doctor", "threads");
}

static void test_pipe_closed(void **state)
{
    (void)state;
    char root[4096];
    const char *program = getenv("DARKSPINE") ? getenv("DARKSPINE") : "./darkspine";
    assert_non_null(getcwd(root, sizeof root));
    char *full = path_join(root, program), *err = in("pipe"), *status = in("status");
    /* after the sleep the reader is gone */
    char *line = xprintf("{ sleep 0.3; '%s' help convolutional; echo $? >'%s'; } 2>'%s' | true", full, status, err);
    assert_int_equal(system(line), 0);
    char *text = file_read(err, 1 << 20, NULL), *how = file_read(status, 100, NULL);
    assert_string_equal(text, "");
    assert_string_equal(how, "141\n");           /* 128 + SIGPIPE: the program did write, and was ended without a word */
    free(text), free(how), free(line), free(err), free(status), free(full);
}

/* ---- plan ---------------------------------------------------------------------------------------------------------------------------- */

static void test_plan(void **state)
{
    (void)state;
    json_t *o = object("plan $ROOT/configs/nets/unet.cfg --json");
    has(o, "net input parameters trainable macs layers memory");
    near(number(o, "parameters"), 31036546, 0);
    near(number(o, "trainable"), 31036546, 0);
    static const int input[] = { 2, 256, 256, 1 };
    for (size_t i = 0; i < 4; i++) near(json_number_value(json_array_get(json_object_get(o, "input"), i)), input[i], 0);
    const json_t *layers = json_object_get(o, "layers"), *memory = json_object_get(o, "memory");
    double parameters = 0, macs = 0;
    for (size_t i = 0; i < json_array_size(layers); i++) {
        const json_t *l = json_array_get(layers, i);
        has(l, "index name section shape parameters macs kernel");
        near(number(l, "index"), i, 0);
        parameters += number(l, "parameters"), macs += number(l, "macs");
    }
    near(parameters, 31036546, 0);
    near(macs, number(o, "macs"), 0);
    near(number(json_array_get(layers, 0), "macs"), 9.0 * 64 * 256 * 256, 0);
    has(memory, "parameters training_peak inference_peak workspace");
    assert_true(number(memory, "training_peak") > number(memory, "inference_peak"));
    assert_true(number(memory, "inference_peak") > number(memory, "parameters"));
    json_decref(o);
    o = object("plan $ROOT/configs/nets/unet-bilinear.cfg --json");
    near(number(o, "parameters"), 17261890, 0);
    json_decref(o);
    o = object("plan $ROOT/configs/nets/maskrcnn-small.cfg --json");           /* whose training computes more objects than inference */
    layers = json_object_get(o, "layers"), macs = 0;
    for (size_t i = 0; i < json_array_size(layers); i++) macs += number(json_array_get(layers, i), "macs");
    near(macs, number(o, "macs"), 0);
    json_decref(o);
}

static void test_plan_settings(void **state)
{
    (void)state;
    json_t *a = object("plan $ROOT/configs/nets/unet-small.cfg --json"), *b = object("plan $ROOT/configs/nets/unet-small.cfg net.batch=6 --json");
    near(json_number_value(json_array_get(json_object_get(b, "input"), 0)), 6, 0);
    near(number(a, "macs"), number(b, "macs"), 0);
    near(number(a, "parameters"), number(b, "parameters"), 0);
    json_decref(a), json_decref(b);
    succeeds("plan $ROOT/configs/nets/unet-small.cfg --memory", "arena");
    succeeds("plan $ROOT/configs/nets/unet-small.cfg --dot", "digraph");
    refused("plan missing.cfg", "missing.cfg");
    refused("plan $ROOT/configs/nets/unet-small.cfg net.batsh=2", "batsh");
    refused("plan $ROOT/configs/nets/unet-small.cfg --dot --json", "--json");
    write_text("broken.cfg", "[net]\nbatch=1\nheight=32\nwidth=32\n[convolutional]\nfilters=2\nsise=3\n");
    refused("plan broken.cfg", "did you mean size?");
}

static void test_plan_of_a_run(void **state)
{
    (void)state;
    write_text("net.cfg", "[net]\nbatch=1\nheight=32\nwidth=48\nclasses=3\n"
               "[convolutional]\nfilters=4\nsize=3\npad=1\nbatch_normalize=1\n[convolutional]\nsize=1\n");
    write_text("run.cfg", "[data]\nstore=none.h5\n[net]\nfile=net.cfg\n[solver]\nbatch=6\nsubdivisions=2\noptimiser=adam\n");
    json_t *net = object("plan net.cfg --json"), *run = object("plan run.cfg --json");
    near(json_number_value(json_array_get(json_object_get(net, "input"), 0)), 1, 0);
    near(json_number_value(json_array_get(json_object_get(run, "input"), 0)), 3, 0);
    near(number(net, "parameters"), 9 * 4 + 2 * 4 + 4 * 3 + 3, 0);
    near(number(net, "macs"), 32 * 48 * (9 * 4 + 4 * 3), 0);
    near(number(json_object_get(net, "memory"), "parameters"), 4 * (9 * 4 + 4 * 4 + 4 * 3 + 3), 0);     /* running statistics with them */
    assert_string_equal(json_string_value(json_object_get(net, "loss")), "cross_entropy");
    assert_true(number(json_object_get(run, "memory"), "training_peak") > number(json_object_get(net, "memory"), "training_peak"));
    json_decref(net), json_decref(run);
}

/* ---- eval ---------------------------------------------------------------------------------------------------------------------------- */

static void test_eval(void **state)
{
    (void)state;
    make_maps();
    json_t *o = object("eval pred truth --json");
    has(o, "units classes cases parameters excluded");
    assert_string_equal(json_string_value(json_object_get(o, "units")), "px");
    const json_t *one = class_of(o, 1), *two = class_of(o, 2);
    has(one, "value name n DSC IoU precision recall HD95 ASSD NSD");
    near(number(one, "n"), 2, 0);
    near(number(json_object_get(one, "DSC"), "mean"), (0.75 + 2.0 / 3) / 2, 1e-12);
    near(number(json_object_get(one, "DSC"), "sd"), (0.75 - 2.0 / 3) / sqrt(2), 1e-12);
    near(number(json_object_get(one, "IoU"), "mean"), (0.6 + 0.5) / 2, 1e-12);
    near(number(json_object_get(one, "recall"), "mean"), (0.75 + 0.5) / 2, 1e-12);
    near(number(two, "n"), 1, 0);
    near(number(json_object_get(two, "DSC"), "mean"), 0, 0);
    const json_t *a = json_array_get(json_object_get(o, "cases"), 0), *first = json_array_get(json_object_get(a, "classes"), 0);
    assert_string_equal(json_string_value(json_object_get(a, "case")), "a");
    near(number(first, "DSC"), 0.75, 1e-12);
    json_decref(o);
}

static void test_eval_forms(void **state)
{
    (void)state;
    make_maps();
    map("folder/masks/a.png", 3, 4, "110011000000"), map("folder/masks/b.png", 3, 4, "110011000022");
    write_text("names.csv", "value,name,kind\n1,left,vertebra\n2,right,vertebra\n");
    json_t *o = object("eval folder truth --json --classes names.csv --spacing 0.5,0.25");
    assert_string_equal(json_string_value(json_object_get(o, "units")), "mm");
    assert_string_equal(json_string_value(json_object_get(class_of(o, 2), "name")), "right");
    near(number(json_object_get(class_of(o, 1), "DSC"), "mean"), 1, 0);
    json_decref(o);
    succeeds("eval pred truth", "DSC");
    succeeds("eval pred truth", "HD95");
    succeeds("eval pred truth --out table --quiet", "DSC");
    static const char *const files[] = { "table.txt", "table.md", "table.csv", "borders.txt", "borders.md", "borders.csv", "cases.csv", "cases.txt",
                                         "cases.md", "cases.tex", "presence.csv", "presence.md", "eval.json", "dsc.svg", "dsc.png" };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char *name = xprintf("table/%s", files[i]), *path = in(name);
        if (!file_exists(path)) fail_msg("%s is missing", name);
        free(name), free(path);
    }
    refused("eval pred truth --out table", "--force");
    succeeds("eval pred truth --out table --force", "DSC");
}

static void test_eval_refuses(void **state)
{
    (void)state;
    make_maps();
    map("small/a.png", 3, 4, "110011000000"), map("small/b.png", 2, 4, "11001100");
    refused("eval small truth", "b");
    refused("eval small truth --json", "3 x 4");
    map("short/a.png", 3, 4, "110011000000");
    refused("eval short truth", "unpaired");
    refused("eval truth short", "unpaired");
    refused("eval pred nowhere", "nowhere");
    refused("eval pred", "eval");
    refused("eval pred truth --split val", "--split");
    refused("eval pred truth --tau 0", "--tau");
    refused("eval pred truth --spacing 1", "--spacing");
}

static void test_eval_unreadable(void **state)
{
    (void)state;
    make_maps();
    map("other/a.png", 3, 4, "110011000000");
    write_text("other/b.png", "not a picture");
    refused("eval other truth", "other/b.png");
    write_text("fake.h5", "\x89HDF\r\n\x1a\n and nothing else");
    refused("eval fake.h5 truth", "fake.h5");
    refused("eval truth fake.h5", "fake.h5");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_help), cmocka_unit_test(test_every_verb_has_help), cmocka_unit_test(test_version),
        cmocka_unit_test(test_unknown), cmocka_unit_test(test_no_gpu), cmocka_unit_test(test_doctor), cmocka_unit_test(test_pipe_closed), cmocka_unit_test(test_plan),
        cmocka_unit_test(test_plan_settings), cmocka_unit_test(test_plan_of_a_run), cmocka_unit_test(test_eval),
        cmocka_unit_test(test_eval_forms), cmocka_unit_test(test_eval_refuses), cmocka_unit_test(test_eval_unreadable),
    };
    folder = test_scratch();
    int failed = RUN_TESTS(tests);
    test_scratch_remove(folder);
    return failed;
}
