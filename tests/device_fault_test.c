/* device_fault_test.c - a GPU that fails, on the emulator's: launches, copies, the libraries, memory, the whole device. Each ends a training with
 * status 4 and one line that says what was being done, where, and the step from which --resume goes on; and it does go on, to the same end. Then
 * the search for cuDNN and cuBLASLt, among files that load and do not work.
 * A word on the command line: only the test of this name. The plugin is the one that DARKSPINE_CUDA_PLUGIN names, build/emu's where it is not set.
 * The trap: a fault comes by its number, so the whole run counts first, and what is asked for is what holds in an early part and in a late one. */
#include "tests/cli.h"
#include <dlfcn.h>
#include <math.h>

#define HOW "--quiet --threads 1 --device cuda data.store=films.h5 solver.lr=0.05 solver.batch=2 solver.epochs=2 evaluate.worst=0"
#define TINY "tiny.cfg net.graph=0 " HOW
#define RECORDED "tiny.cfg " HOW                          /* the steps after the first two are graphs */
#define FAKE "build/emu/libfake_cudnn.so"

static int make_films(void **state)
{
    (void)state;
    write_text("tiny.cfg", "[net]\nbatch=2\nheight=24\nwidth=16\nclasses=2\n"
               "[convolutional]\nname=one\nfilters=4\nsize=3\npad=1\nactivation=relu\n[convolutional]\nname=two\nsize=1\n");
    succeeds("synth films.h5 region=stack n=6 height=96 width=64 --quiet", "6");
    succeeds("split films.h5 --parts train=.7,val=.3", "train");
    return 0;
}

/* The last mean loss that the run's log knows */
static double last_loss(const char *out)
{
    char *log = xprintf("%s/log.jsonl", out), *path = in(log), *text = file_read(path, 1 << 20, NULL), *save;
    double loss = NAN;
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        json_t *o = json_loads(line, 0, NULL);
        const char *kind = json_string_value(json_object_get(o, "kind"));
        if (kind && !strcmp(kind, "epoch")) loss = number(o, "loss");
        json_decref(o);
    }
    free(log), free(path), free(text);
    return loss;
}

/* The training ends with status 4, and one line on stderr that has all of these words, which end in NULL. */
static void fails(const char *before, const char *words, const char *const *says)
{
    result r = call_after(before, words);
    const char *end = strchr(r.err, '\n');
    if (r.status != 4 || *r.out) fail_msg("%s %s: status %d, wanted 4; stdout '%s', stderr '%s'", before, words, r.status, r.out, r.err);
    if (!end || end[1]) fail_msg("%s %s: stderr is '%s', wanted one line", before, words, r.err);
    for (; *says; says++) if (!strstr(r.err, *says)) fail_msg("%s %s: stderr is '%s', wanted '%s' in it", before, words, r.err, *says);
    drop(&r);
}
#define SAYS(...) (const char *const[]){ __VA_ARGS__, NULL }

static void trains(const char *before, const char *words)
{
    result r = call_after(before, words);
    if (r.status) fail_msg("%s %s: status %d: %s", before, words, r.status, r.err);
    drop(&r);
}

/* The run in this folder is recorded as failed; resumed it ends at this loss. */
static void goes_on(const char *out, double loss)
{
    char *words = xprintf("train " TINY " --out %s --resume", out), *run = xprintf("%s/run.json", out), *path = in(run);
    char *text = file_read(path, 1 << 20, NULL);
    if (!strstr(text, "\"failed\"")) fail_msg("%s: %s", run, text);
    trains("", words);
    if (!(last_loss(out) == loss)) fail_msg("%s ends at a loss of %.17g, wanted %.17g", out, last_loss(out), loss);
    free(words), free(run), free(path), free(text);
}

static double whole;                             /* the last loss of a run without faults, */
static int launches, copies;                     /* and how many it took */

static int run_whole(void **state)
{
    (void)state;
    if (launches) return 0;
    result r = call_after("CUDA_EMU_FAIL=count:0", "train " TINY " --out whole");
    if (r.status || sscanf(r.err, "launch %d copy %d", &launches, &copies) != 2) fail_msg("status %d: %s", r.status, r.err);
    whole = last_loss("whole");
    assert_true(isfinite(whole));
    drop(&r);
    return 0;
}

/* An early fault and late ones: of two epochs with two steps each, what is saved is the start, then the state after the first epoch. */
static void failures(void **state)
{
    (void)state;
    const struct { const char *fault; int n; const char *says; int step; } k[] = {
        { "launch", launches / 10, "the GPU failed, launching ", 0 },
        { "launch", launches * 3 / 4, "unspecified launch failure (kernels/", 2 },
        { "lost", launches * 3 / 4, "busy or unavailable (", 2 },
        { "copy", copies * 3 / 4, "invalid value (nn/device", 2 },         /* a queued one shows where the host next waits */
    };
    for (size_t i = 0; i < sizeof k / sizeof *k; i++) {
        char *before = xprintf("CUDA_EMU_FAIL=%s:%d", k[i].fault, k[i].n), *words = xprintf("train " TINY " --out k%zu", i), *out = xprintf("k%zu", i);
        char *saved = xprintf("%s/last.h5 holds the state after step %d, from which --resume goes on\n", out, k[i].step);
        fails(before, words, SAYS("darkspine: the GPU failed, ", k[i].says, saved));
        goes_on(out, whole);
        free(before), free(words), free(out), free(saved);
    }
}

static int launches_of(const char *words)
{
    result r = call_after("CUDA_EMU_FAIL=count:0", words);
    int n = 0;
    if (r.status || sscanf(r.err, "launch %d", &n) != 1) fail_msg("status %d: %s", r.status, r.err);
    drop(&r);
    return n;
}

/* The start of a recorded step fails: the last of the run, before the launches of the one validation at its end. */
static void recorded(void **state)
{
    (void)state;
    const int twice = launches_of("train " RECORDED " --out twice"), once = launches_of("train " RECORDED " evaluate.every=9 --out once");
    assert_true(once < launches * 3 / 4 && twice > once);
    char *before = xprintf("CUDA_EMU_FAIL=launch:%d", once - (twice - once));
    fails(before, "train " RECORDED " evaluate.every=9 --out graph", SAYS("the GPU failed, running a recorded step: unspecified launch failure (nn/", "after step 2, "));
    trains("", "train " RECORDED " evaluate.every=9 --out graph --resume");
    assert_true(last_loss("graph") == whole);
    free(before);
}

/* A fault while a failed run is resumed leaves what it was resumed from. */
static void resuming(void **state)
{
    (void)state;
    char *before = xprintf("CUDA_EMU_FAIL=launch:%d", launches * 3 / 4);
    fails(before, "train " TINY " --out again", SAYS("after step 2, "));
    fails("CUDA_EMU_FAIL=alloc:2", "train " TINY " --out again --resume", SAYS("out of memory on cuda:0 (emulated): need ", ", have ", "after step 2, "));
    fails("CUDA_EMU_FAIL=lost:1", "train " TINY " --out again --resume", SAYS("busy or unavailable", "after step 2, "));
    goes_on("again", whole);
    free(before);
}

/* Memory that is refused before a new run begins: nothing is written, and what an earlier run left is not said to be this one's. */
static void refused_memory(void **state)
{
    (void)state;
    fails("CUDA_EMU_FAIL=alloc:2", "train " TINY " --out none", SAYS("out of memory on cuda:0 (emulated): need ", ", have "));
    result r = call_after("CUDA_EMU_FAIL=alloc:2", "train " TINY " --out whole --force");
    if (r.status != 4 || strstr(r.err, "--resume")) fail_msg("status %d: %s", r.status, r.err);
    drop(&r);
    char *last = in("none/last.h5");
    assert_false(file_exists(last));
    free(last);
    assert_true(last_loss("whole") == whole);
}

/* Before a training begins: what it needs, what there is, and the largest batch that fits, which does fit, and one more does not. */
static void memory(void **state)
{
    (void)state;
    fails("CUDA_EMU_MEMORY=100", "train " TINY " --out small",
          SAYS("not enough memory on cuda:0 (emulated): the run needs ", ", it has 100 B; ", "not even one image at a time fits"));
    result r = call_after("CUDA_EMU_MEMORY=150000", "train " TINY " --out small solver.batch=4");
    const char *most = strstr(r.err, "the largest batch that fits is solver.batch=");
    if (r.status != 4 || !most || !strstr(r.err, "it has 146.5 KiB; ")) fail_msg("status %d: %s", r.status, r.err);
    const int batch = atoi(strchr(most, '=') + 1);
    if (batch < 1 || batch > 3) fail_msg("%s", r.err);
    for (int parts = 1; parts <= 2; parts++)
        for (int more = 0; more < 2; more++) {
            char *words = xprintf("train " TINY " --out small --force solver.batch=%d solver.subdivisions=%d", (batch + more) * parts, parts);
            char *most_now = xprintf("the largest batch that fits is solver.batch=%d;", batch * parts);
            if (more) fails("CUDA_EMU_MEMORY=150000", words, SAYS(most_now));
            else trains("CUDA_EMU_MEMORY=150000", words);
            free(words), free(most_now);
        }
    drop(&r);
}

/* Statuses of cuDNN and cuBLASLt: while the run is planned, and while it is computed */
static void libraries(void **state)
{
    (void)state;
    static const struct { const char *fault, *says, *saved; } k[] = {
        { "cudnn:1", "the GPU failed, ranking its algorithms: the fake fails (kernels/dnn_cuda.c:", "" },
        { "cudnn:2", "the GPU failed, asking for an algorithm's scratch: the fake fails (kernels/dnn_cuda.c:", "" },
        { "cudnn:40", "the GPU failed, convolving to the ", "from which --resume goes on" },
        { "cublas:1", "the GPU failed, choosing a matrix product: the fake fails (kernels/dnn_cuda_gemm.c:", "step 0, " },
        { "cublas:2", "the GPU failed, multiplying 32x4 by 4x4: the fake fails (kernels/dnn_cuda_gemm.c:", "step 0, " },
    };
    write_text("mixed.cfg", "[net]\nbatch=2\nheight=8\nwidth=8\nclasses=2\n[convolutional]\nfilters=4\nsize=2\nstride=2\n"
               "[attention]\nheads=1\n[upsample]\n[convolutional]\nsize=1\n");
    for (size_t i = 0; i < sizeof k / sizeof *k; i++) {
        char *before = xprintf("DARKSPINE_CUDNN=\"$ROOT/" FAKE "\" CUDA_EMU_FAIL=%s", k[i].fault);
        fails(before, "train mixed.cfg " HOW " --out mixed --force", SAYS(k[i].says, k[i].saved));
        free(before);
    }
}

/* Copies of the fake under the names that are looked for, in the folder `libs` */
static void copy_fake(const char *const *names)
{
    for (; *names; names++) {
        char *line = xprintf("mkdir -p '%s/libs' && cp " FAKE " '%s/libs/%s'", folder, folder, *names);
        assert_int_equal(system(line), 0);
        free(line);
    }
}

/* The first that works is taken, and what was passed over is named with the reason: no library at all, without a handle, of another version. */
static void first_that_works(void **state)
{
    (void)state;
    copy_fake(SAYS("libcudnn.so.8", "libcublasLt.so.13", "libcublasLt.so.12", "libcublasLt.so.11"));
    write_text("libs/libcudnn.so.9", "no library");
    result r = call_after("DARKSPINE_CUDNN=libs FAKE_WITHOUT_HANDLE=libcublasLt.so.13 FAKE_TOO_NEW=libcublasLt.so.12", "doctor");
    const char *const says[] = {
        "cuDNN 9.19.0 (passed over: /", "/libs/libcudnn.so.9: file too short)", "cuBLASLt 13.1.0 (passed over: ",
        "libs/libcublasLt.so.13: no handle can be made: the fake fails; ", "libs/libcublasLt.so.12: it is version 14.0.0, wanted 11 to 13)",
    };
    for (size_t i = 0; i < sizeof says / sizeof *says; i++)
        if (r.status || !strstr(r.out, says[i])) fail_msg("status %d, stdout '%s', wanted '%s' in it; stderr '%s'", r.status, r.out, says[i], r.err);
    if (strstr(r.err, "our own kernels")) fail_msg("%s", r.err);
    drop(&r);
}

/* Where none works our own kernels compute, which is said once, with what is wrong with each; where none is there, with the place. */
static void none_works(void **state)
{
    (void)state;
    Dl_info other;
    assert_true(dladdr((void *)json_loads, &other));             /* a library without the functions */
    char *line = xprintf("cd '%s' && mkdir -p libs2 && cp '%s' libs2/libcudnn.so.9", folder, other.dli_fname);
    assert_int_equal(system(line), 0);
    result r = call_after("DARKSPINE_CUDNN=libs2", "doctor");
    const char *const says[] = {
        "warning: cuDNN: none works in DARKSPINE_CUDNN=libs2: /", "/libs2/libcudnn.so.9: it has no cudnn", ": our own kernels compute convolutions\n",
        "warning: cuBLASLt: no libcublasLt.so.13 in DARKSPINE_CUDNN=libs2: our own kernels compute matrix products\n",
    };
    for (size_t i = 0; i < sizeof says / sizeof *says; i++)
        if (r.status || !strstr(r.err, says[i])) fail_msg("status %d, stderr '%s', wanted '%s' in it", r.status, r.err, says[i]);
    drop(&r), free(line);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest t[] = { cmocka_unit_test_setup(failures, run_whole), cmocka_unit_test_setup(recorded, run_whole),
                                    cmocka_unit_test_setup(resuming, run_whole),
                                    cmocka_unit_test_setup(refused_memory, run_whole), cmocka_unit_test(memory), cmocka_unit_test(libraries),
                                    cmocka_unit_test(first_that_works), cmocka_unit_test(none_works) };
    char root[4096];
    if (!getcwd(root, sizeof root)) return 1;
    char *plugin = path_join(root, "build/emu/libdarkspine-cuda.so");
    setenv("DARKSPINE_CUDA_PLUGIN", plugin, 0);
    setenv("DARKSPINE_CUDNN", "none", 1);                        /* but where a test names one */
    folder = test_scratch();
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    const int failed = cmocka_run_group_tests(t, make_films, NULL);
    test_scratch_remove(folder);
    free(plugin);
    return failed;
}
