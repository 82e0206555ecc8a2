/* cli_test.c - the program from outside: exit status, what stands on stdout and stderr, the keys of the JSON. The program is the one that
 * the environment names as DARKSPINE, else ./darkspine; a test that cannot find it fails. */
#include "tests/test.h"
#include "base/file.h"
#include "datasets/image.h"
#include <jansson.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct { int status; char *out, *err; } result;

static char *folder;                             /* scratch of this program */

static char *in(const char *name) { return path_join(folder, name); }

/* The program with these words (shell syntax; $ROOT is the folder that the tests were started in), run in the scratch folder. before:
 * shell commands that come first, each with its semicolon. */
static result call_after(const char *before, const char *words)
{
    char *out = in("stdout"), *err = in("stderr"), root[4096];
    const char *program = getenv("DARKSPINE") ? getenv("DARKSPINE") : "./darkspine";
    assert_non_null(getcwd(root, sizeof root));
    char *full = path_join(root, program);
    char *line = xprintf("cd '%s' && ROOT='%s' && %s '%s' %s >'%s' 2>'%s' </dev/null", folder, root, before, full, words, out, err);
    int status = system(line);
    result r = { WIFEXITED(status) ? WEXITSTATUS(status) : -1, file_read(out, 1 << 24, NULL), file_read(err, 1 << 20, NULL) };
    free(line), free(full), free(out), free(err);
    return r;
}

static result call(const char *words) { return call_after("", words); }

static void drop(result *r) { free(r->out), free(r->err); }

static void succeeds(const char *words, const char *says)
{
    result r = call(words);
    if (r.status) fail_msg("%s: status %d: %s", words, r.status, r.err);
    if (!strstr(r.out, says)) fail_msg("%s: printed '%s', wanted '%s' in it", words, r.out, says);
    drop(&r);
}

/* Exit 2, nothing on stdout, one line on stderr that begins with the program's name and holds these words. */
static void refused(const char *words, const char *says)
{
    result r = call(words);
    if (r.status != 2) fail_msg("%s: status %d, wanted 2: %s", words, r.status, r.err);
    if (*r.out) fail_msg("%s: stdout is '%s', wanted nothing", words, r.out);
    const char *end = strchr(r.err, '\n');
    if (!end || end[1]) fail_msg("%s: stderr is '%s', wanted one line", words, r.err);
    if (strncmp(r.err, "darkspine: ", 11) || !strstr(r.err, says)) fail_msg("%s: stderr is '%s', wanted '%s' in it", words, r.err, says);
    drop(&r);
}

/* The object that a call prints; fails where stdout is anything else. */
static json_t *object(const char *words)
{
    result r = call(words);
    json_error_t e;
    if (r.status) fail_msg("%s: status %d: %s", words, r.status, r.err);
    json_t *o = json_loads(r.out, 0, &e);
    if (!json_is_object(o)) fail_msg("%s: stdout is no JSON object: %s", words, e.text);
    drop(&r);
    return o;
}

static double number(const json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);
    if (!json_is_number(v)) fail_msg("%s: missing or no number", key);
    return json_number_value(v);
}

static void has(const json_t *o, const char *keys)
{
    char *copy = xdup(keys), *save;
    for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
        if (!json_object_get(o, w)) fail_msg("no key %s", w);
    free(copy);
}

/* A label map under the scratch folder. text: one digit a pixel, rows after each other. */
static void map(const char *name, int64_t h, int64_t w, const char *text)
{
    image m = image_new(h, w, 8);
    char *path = in(name), *parent = path_folder(path);
    for (int64_t i = 0; i < h * w; i++) ((uint8_t *)m.p)[i] = (uint8_t)(text[i] - '0');
    file_make_folders(parent);
    image_write(path, &m);
    image_free(&m), free(path), free(parent);
}

static void write_text(const char *name, const char *text)
{
    char *path = in(name);
    file_write(path, text, strlen(text));
    free(path);
}

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
    static const char *const names[] = { "plan", "import", "export", "split", "check", "synth", "train", "predict", "eval", "bench", "convert",
                                         "doctor", "help" };
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
    refused("doctor --device cuda", "cuda");
    refused("doctor more", "more");
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

/* Two 3 x 4 films. a, class 1: 4 predicted, 4 true, 3 in both: DSC 6 / 8, IoU 3 / 5. b: 2 predicted, 4 true, 2 in both: 4 / 6, 2 / 4; class
 * 2 in the truth of b alone: 0. */
static void make_maps(void)
{
    map("truth/a.png", 3, 4, "110011000000"), map("pred/a.png", 3, 4, "110001100000");
    map("truth/b.png", 3, 4, "110011000022"), map("pred/b.png", 3, 4, "110000000000");
}

static const json_t *class_of(const json_t *o, int value)
{
    const json_t *rows = json_object_get(o, "classes");
    for (size_t i = 0; i < json_array_size(rows); i++) if (number(json_array_get(rows, i), "value") == value) return json_array_get(rows, i);
    fail_msg("no class %d", value);
    return NULL;
}

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
    static const char *const files[] = { "table.txt", "table.md", "table.csv", "borders.txt", "borders.md", "borders.csv", "cases.csv",
                                         "presence.csv", "eval.json", "dsc.svg", "dsc.png" };
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

/* ---- predict, bench ------------------------------------------------------------------------------------------------------------------- */

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
    json_t *trained = json_load_file(path, 0, NULL), *o = object("predict run/best.h5 films.h5 --out pred-run --json --quiet --probabilities");
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
    o = object("predict run/best.h5 parts.h5 --split val --out pred-val --json --quiet");
    assert_int_equal(json_array_size(json_object_get(o, "cases")), (size_t)val);
    json_decref(o);
    succeeds("predict run/best.h5 parts.h5 --out pred-all --quiet", "6 films");
    json_t *a = object("eval pred-val parts.h5 --split val --json --quiet"), *b = object("eval pred-all parts.h5 --split val --json --quiet");
    assert_true(json_equal(a, b));
    assert_int_equal(json_array_size(json_object_get(a, "cases")), (size_t)val);
    json_decref(a), json_decref(b);
    refused("eval pred-val parts.h5", "unpaired");
    refused("eval pred-all parts.h5 --split vall", "did you mean val?");
}

static image mirrored(const image *m)
{
    image out = image_new(m->h, m->w, m->bits);
    for (int64_t y = 0; y < m->h; y++)
        for (int64_t x = 0; x < m->w; x++) ((uint8_t *)out.p)[y * m->w + x] = ((const uint8_t *)m->p)[y * m->w + m->w - 1 - x];
    return out;
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

/* ---- import, check, export, convert --------------------------------------------------------------------------------------------------- */

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
    refused("bench op", "did you mean ops?");
    refused("bench ops more", "more");
    refused("bench nets --pass none", "--pass");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_help), cmocka_unit_test(test_every_verb_has_help), cmocka_unit_test(test_version),
        cmocka_unit_test(test_unknown), cmocka_unit_test(test_doctor), cmocka_unit_test(test_pipe_closed),
        cmocka_unit_test(test_plan), cmocka_unit_test(test_plan_settings), cmocka_unit_test(test_plan_of_a_run),
        cmocka_unit_test(test_eval), cmocka_unit_test(test_eval_forms), cmocka_unit_test(test_eval_refuses),
        cmocka_unit_test(test_eval_unreadable), cmocka_unit_test(test_predict_refuses), cmocka_unit_test(test_predict_agrees_with_validation),
        cmocka_unit_test(test_split_chooses), cmocka_unit_test(test_predict_mirror), cmocka_unit_test(test_predict_whole_or_nothing),
        cmocka_unit_test(test_bench_refuses), cmocka_unit_test(test_import_skips), cmocka_unit_test(test_check_and_export),
        cmocka_unit_test(test_convert_round_trip), cmocka_unit_test(test_disk_full),
    };
    folder = test_scratch();
    int failed = RUN_TESTS(tests);
    test_scratch_remove(folder);
    return failed;
}
