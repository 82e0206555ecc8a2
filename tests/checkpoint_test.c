/* checkpoint_test.c - checkpoints: exact, strict, whole or absent.
 *
 * Failing writes are made here: this program defines write, pwrite, fsync, rename and link itself, and the dynamic linker gives
 * these to the HDF5 library too. Each failing call is tried in a child process, because a library that lost a write keeps its
 * file open until the process ends. */
#include "tests/test.h"
#include "base/file.h"
#include "nn/checkpoint.h"
#include "nn/seal.h"
#include <errno.h>
#include <fcntl.h>
#include <hdf5.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int calls, fail_at;                                         /* 0: no call fails */
static int fails(void) { return ++calls == fail_at ? (errno = ENOSPC, 1) : 0; }
ssize_t write(int fd, const void *p, size_t n) { return fd > 2 && fails() ? -1 : syscall(SYS_write, fd, p, n); }
ssize_t pwrite(int fd, const void *p, size_t n, off_t at) { return fails() ? -1 : syscall(SYS_pwrite64, fd, p, n, at); }
ssize_t pwrite64(int fd, const void *p, size_t n, off64_t at) { return fails() ? -1 : syscall(SYS_pwrite64, fd, p, n, at); }
int fsync(int fd) { (void)fd; return fails() ? -1 : 0; }
int rename(const char *from, const char *to) { return fails() ? -1 : (int)syscall(SYS_rename, from, to); }
int link(const char *from, const char *to) { return fails() ? -1 : (int)syscall(SYS_link, from, to); }

typedef struct model { graph *g; params *p; optim *o; } model;

static model model_new(const char *words, int64_t filters)
{
    model m = { .g = graph_new() };
    tensor *t = graph_leaf(m.g, "enc1.conv.weight", SHAPE4(3, 3, 2, filters), REAL_TYPE, PARAM);
    t->layout = LAYOUT_CONV, t->decay = 1, t->init = (init){ INIT_NORMAL, 1 };
    graph_leaf(m.g, "enc1.norm.weight", SHAPE1(filters), REAL_TYPE, PARAM)->init = (init){ INIT_CONSTANT, 1 };
    graph_leaf(m.g, "enc1.norm.running_var", SHAPE1(filters), REAL_TYPE, STATE)->init = (init){ INIT_UNIFORM, 1 };
    graph_leaf(m.g, "out.bias", SHAPE1(2), REAL_TYPE, PARAM);
    m.p = params_new(m.g, &device_cpu, 1);
    params_init(m.p, 7);
    optim_conf conf = { 0 };
    key_words(optim_keys, &conf, words, "test");
    m.o = optim_new(&conf, m.p);
    return m;
}

static void model_free(model *m) { optim_free(m->o), params_free(m->p), graph_free(m->g); }

static void train(model *m, int from, int to)
{
    const context c = { .dev = &device_cpu };
    for (int t = from; t < to; t++) {
        for (int i = 0; i < m->p->n && m->p->p[i].role == PARAM; i++)
            for (size_t j = 0; j < m->p->p[i].count; j++) m->p->g[m->p->p[i].at + j] = (real)sin((double)(j + 1) * (t + 1));
        for (size_t i = m->p->trainable; i < m->p->total; i++) m->p->x[i] *= (real)0.9;
        optim_clip(m->o, &c);
        optim_step(m->o, &c, 0.01);
    }
}

static void same_arena(const model *a, const real *x, const real *y, size_t n)
{
    (void)a;
    assert_true((x != NULL) == (y != NULL));
    if (x) assert_memory_equal(x, y, n * sizeof *x);
}

static void same_model(const model *a, const model *b)
{
    same_arena(a, a->p->x, b->p->x, a->p->total);
    same_arena(a, a->o->m, b->o->m, a->p->trainable);
    same_arena(a, a->o->v, b->o->v, a->p->trainable);
    same_arena(a, a->o->ema, b->o->ema, a->p->total);
    assert_int_equal(a->o->step, b->o->step);
    assert_int_equal(a->o->ema_updates, b->o->ema_updates);
}

static checkpoint example(void)
{
    checkpoint k = { .seed = 0xFEDCBA9876543210u, .step = 5, .epoch = 2, .position = 48, .micro = 1, .log_bytes = 123456789012,
                     .best = -0.0, .best_epoch = -1, .policy = { 4, NAN, 2, 1, 1e-300 } };
    k.run = xdup("[solver]\nlr=0.1\n"), k.net = xdup("[net]\n# Wirbels\xc3\xa4ule\n"), k.metric = xdup("DSC"), k.version = xdup("");
    checkpoint_put_text(&k, "data", "first");
    checkpoint_put_text(&k, "data", "sha256:00");
    checkpoint_put_number(&k, "spacing", 0.1);
    return k;
}

static void all_is_read_back_exactly(void **state)
{
    char *folder = *state, *path = path_join(folder, "last.h5");
    static const char *const words[] = { "nesterov=1", "optimiser=adamw ema=0.99", "optimiser=rmsprop ema=0.9 ema_warmup=0", "optimiser=adam" };
    for (int i = 0; i < 4; i++) {
        model a = model_new(words[i], 5), b = model_new(words[i], 5);
        checkpoint k = example();
        double number;
        train(&a, 0, 5);
        a.p->x[3] = NAN, a.p->x[4] = (real)-0.0, a.p->x[5] = (real)1e-42;
        checkpoint_write(path, &k, CHECKPOINT_STATE, a.p, a.o);
        checkpoint *r = checkpoint_open(path);
        checkpoint_load(r, b.p, b.o);
        same_model(&a, &b);
        assert_string_equal(r->run, k.run), assert_string_equal(r->net, k.net), assert_string_equal(r->metric, "DSC");
        assert_string_equal(r->version, ""), assert_null(r->classes), assert_string_equal(r->weights, "raw");
        assert_memory_equal(&r->seed, &k.seed, offsetof(checkpoint, extra) - offsetof(checkpoint, seed));
        assert_string_equal(checkpoint_text(r, "data"), "sha256:00"), assert_null(checkpoint_text(r, "spacing"));
        assert_true(checkpoint_number(r, "spacing", &number) && number == 0.1);
        assert_false(checkpoint_number(r, "data", &number) || checkpoint_number(r, "none", &number));
        checkpoint_close(r), checkpoint_clear(&k), model_free(&a), model_free(&b);
    }
    free(path);
}

static void resuming_changes_no_bit(void **state)
{
    char *folder = *state, *path = path_join(folder, "last.h5"), *whole = path_join(folder, "whole.h5");
    static const char *const words[] = { "nesterov=1 clip=0.5", "optimiser=adamw ema=0.99 decay_norm=0", "optimiser=rmsprop ema=0.9" };
    for (int i = 0; i < 3; i++) {
        size_t na, nb;
        checkpoint k = example();
        model a = model_new(words[i], 5), b = model_new(words[i], 5), c = model_new(words[i], 5);
        train(&a, 0, 10), train(&b, 0, 5);
        checkpoint_write(path, &k, CHECKPOINT_STATE, b.p, b.o);
        checkpoint *r = checkpoint_open(path);
        checkpoint_load(r, c.p, c.o);
        checkpoint_close(r);
        train(&c, 5, 10);
        same_model(&a, &c);
        checkpoint_write(whole, &k, CHECKPOINT_STATE, a.p, a.o), checkpoint_write(path, &k, CHECKPOINT_STATE, c.p, c.o);
        char *fa = file_read(whole, 1 << 20, &na), *fb = file_read(path, 1 << 20, &nb);
        assert_true(na == nb && !memcmp(fa, fb, na));              /* the files too, byte for byte */
        free(fa), free(fb), checkpoint_clear(&k), model_free(&a), model_free(&b), model_free(&c);
    }
    free(path), free(whole);
}

static void weights_are_what_was_evaluated(void **state)
{
    char *path = path_join(*state, "best.h5"), *last = path_join(*state, "last2.h5"), *previous = checkpoint_previous(path);
    model a = model_new("ema=0.9", 5), b = model_new("", 5), c = model_new("", 5), d = model_new("ema=0.9", 5);
    checkpoint k = example(), *r;
    train(&a, 0, 5);
    checkpoint_write(path, &k, CHECKPOINT_WEIGHTS, a.p, a.o);
    checkpoint_write(path, &k, CHECKPOINT_WEIGHTS, a.p, a.o);
    assert_false(file_exists(previous));
    r = checkpoint_open(path);
    assert_string_equal(r->weights, "ema");
    checkpoint_load(r, b.p, NULL);
    assert_memory_equal(b.p->x, a.o->ema, a.p->total * sizeof(real));
    dies(2, "holds weights only", checkpoint_load(r, b.p, b.o));
    checkpoint_write(last, &k, CHECKPOINT_STATE, a.p, a.o);        /* the state of the same run gives the same weights */
    r = checkpoint_open(last);
    checkpoint_load(r, c.p, NULL);
    assert_memory_equal(c.p->x, a.o->ema, a.p->total * sizeof(real));
    checkpoint_close(r);
    checkpoint_write(last, &k, CHECKPOINT_STATE, d.p, d.o);        /* before the first step there is no average yet */
    r = checkpoint_open(last);
    assert_string_equal(r->weights, "raw");
    checkpoint_load(r, c.p, NULL);
    assert_memory_equal(c.p->x, d.p->x, d.p->total * sizeof(real));
    checkpoint_close(r);
    checkpoint_clear(&k), model_free(&a), model_free(&b), model_free(&c), model_free(&d), free(path), free(last), free(previous);
}

static char *good(const char *folder, char **path, size_t *n)      /* a whole checkpoint's bytes; *path: where copies may stand */
{
    char *whole = path_join(folder, "good.h5");
    model a = model_new("ema=0.9", 5);
    checkpoint k = example();
    train(&a, 0, 3);
    checkpoint_write(whole, &k, CHECKPOINT_STATE, a.p, a.o);
    char *bytes = file_read(whole, 1 << 20, n);
    checkpoint_clear(&k), model_free(&a), free(whole);
    *path = path_join(folder, "copy.h5");
    return bytes;
}

static void rejected(const char *path, const char *words) { dies(2, words, checkpoint_open(path)); }

static void damage_is_noticed(void **state)
{
    char *path, *bytes;
    size_t n;
    bytes = good(*state, &path, &n);
    for (size_t cut = 0; cut < n; cut += cut < 520 ? 37 : n / 60) {
        file_write(path, bytes, cut);
        rejected(path, cut < SEAL_SIZE ? "is not a darkspine checkpoint" : "is damaged");
    }
    for (size_t at = 0; at < n; at += at < 640 ? 23 : n / 200) {
        bytes[at] ^= (char)(1 << at % 8);
        file_write(path, bytes, n);
        rejected(path, "copy.h5 is ");
        bytes[at] ^= (char)(1 << at % 8);
    }
    bytes = xgrow(bytes, n + 1), bytes[n] = 0;
    file_write(path, bytes, n + 1);
    rejected(path, "is damaged");
    memcpy(bytes, "\x89HDF\r\n\x1a\n", 8);
    file_write(path, bytes, n);
    rejected(path, "HDF5, but films, predictions or other data; weights are wanted here");
    rejected("none.h5", "none.h5 cannot be opened: No such file");
    rejected(*state, "cannot be opened: not a file");
    free(bytes), free(path);
}

static int changes_tried;

/* A whole, sealed file that lies: what() alters it, and loading must say so. */
static void lie(const char *path, const char *bytes, size_t n, void (*what)(hid_t), const char *words)
{
    file_write(path, bytes, n);
    hid_t f = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    assert_true(f > 0);
    what(f);
    assert_true(H5Fclose(f) >= 0);
    int fd = open(path, O_RDWR);
    assert_true(seal_write(fd) && close(fd) == 0);
    model m = model_new("ema=0.9", 5);
    dies(2, words, checkpoint_load(checkpoint_open(path), m.p, m.o));
    model_free(&m), changes_tried++;
}

static void put(hid_t f, const char *name, hid_t type, int nd, const hsize_t *dim, hid_t list)
{
    hid_t s = nd ? H5Screate_simple(nd, dim, NULL) : H5Screate(H5S_SCALAR), d = H5Dcreate2(f, name, type, s, H5P_DEFAULT, list, H5P_DEFAULT);
    assert_true(d >= 0);
    H5Dclose(d), H5Sclose(s);
}
static void renamed(hid_t f) { H5Lmove(f, "parameters/out.bias", f, "parameters/out.bios", H5P_DEFAULT, H5P_DEFAULT); }
static void one_more(hid_t f) { put(f, "ema/out.biass", H5T_IEEE_F32LE, 1, (hsize_t[]){ 2 }, H5P_DEFAULT); }
static void drop(hid_t f) { H5Ldelete(f, "optimiser/m/out.bias", H5P_DEFAULT); }
static void no_group(hid_t f) { H5Ldelete(f, "parameters", H5P_DEFAULT); }
static void huge(hid_t f) { drop(f), put(f, "optimiser/m/out.bias", H5T_IEEE_F32LE, 2, (hsize_t[]){ 1ull << 40, 1ull << 18 }, H5P_DEFAULT); }
static void whole_numbers(hid_t f) { drop(f), put(f, "optimiser/m/out.bias", H5T_STD_I32LE, 1, (hsize_t[]){ 2 }, H5P_DEFAULT); }
static void doubles(hid_t f) { drop(f), put(f, "optimiser/m/out.bias", H5T_IEEE_F64LE, 1, (hsize_t[]){ 2 }, H5P_DEFAULT); }
static void unwritten(hid_t f) { drop(f), put(f, "optimiser/m/out.bias", H5T_IEEE_F32LE, 1, (hsize_t[]){ 2 }, H5P_DEFAULT); }
static void soft(hid_t f) { drop(f), H5Lcreate_soft("/ema/out.bias", f, "optimiser/m/out.bias", H5P_DEFAULT, H5P_DEFAULT); }
static void outside(hid_t f) { drop(f), H5Lcreate_external("good.h5", "/ema/out.bias", f, "optimiser/m/out.bias", H5P_DEFAULT, H5P_DEFAULT); }
static void chunked(hid_t f)
{
    hid_t list = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(list, 1, (hsize_t[]){ 2 });
    drop(f), put(f, "optimiser/m/out.bias", H5T_IEEE_F32LE, 1, (hsize_t[]){ 2 }, list);
    H5Pclose(list);
}
static void long_text(hid_t f)
{
    hid_t t = H5Tcopy(H5T_C_S1);
    H5Tset_size(t, (size_t)1 << 30);
    H5Ldelete(f, "texts/net.cfg", H5P_DEFAULT), put(f, "texts/net.cfg", t, 0, NULL, H5P_DEFAULT);
    H5Tclose(t);
}
static void step_as_float(hid_t f)
{
    hid_t s = H5Screate(H5S_SCALAR);
    H5Adelete(f, "step");
    hid_t a = H5Acreate2(f, "step", H5T_IEEE_F64LE, s, H5P_DEFAULT, H5P_DEFAULT);
    H5Aclose(a), H5Sclose(s);
}
static void no_seed(hid_t f) { H5Adelete(f, "seed"); }
static void newer(hid_t f)
{
    const int64_t schema = 2;
    hid_t a = H5Aopen(f, "schema", H5P_DEFAULT);
    H5Awrite(a, H5T_NATIVE_INT64, &schema), H5Aclose(a);
}

static void lies_are_noticed(void **state)
{
    char *path, *bytes;
    size_t n;
    bytes = good(*state, &path, &n);
    lie(path, bytes, n, renamed, "parameters/out.bias: got none, wanted 2 (did you mean out.bios?)");
    lie(path, bytes, n, one_more,
        "ema: the file has out.biass, which the network has not (5 tensors in the file, 4 in the network) (did you mean out.bias?)");
    lie(path, bytes, n, drop, "optimiser/m/out.bias: got none, wanted 2");
    lie(path, bytes, n, no_group, "parameters: not as darkspine writes it");
    lie(path, bytes, n, huge, "out.bias: got 1099511627776x262144, wanted 2");
    lie(path, bytes, n, whole_numbers, "out.bias: not as");
    lie(path, bytes, n, doubles, sizeof(real) == 4 ? "out.bias: got float64, wanted float32" : "out.bias: not as");
    lie(path, bytes, n, unwritten, "out.bias: not as");
    lie(path, bytes, n, soft, "out.bias: not as");
    lie(path, bytes, n, outside, "out.bias: not as");
    lie(path, bytes, n, chunked, "out.bias: not as");
    lie(path, bytes, n, long_text, "net.cfg: not as");
    lie(path, bytes, n, step_as_float, "step: not as");
    lie(path, bytes, n, no_seed, "seed: not as");
    lie(path, bytes, n, newer, "got schema 2, wanted 1");
    assert_int_equal(changes_tried, 15);
    file_write(path, bytes, n);
    model wide = model_new("ema=0.9", 6), adam = model_new("optimiser=adam ema=0.9", 5), none = model_new("", 5);
    dies(2, "parameters/enc1.conv.weight: got 3x3x2x5, wanted 3x3x2x6", checkpoint_load(checkpoint_open(path), wide.p, wide.o));
    dies(2, "solver.optimiser: got adam, wanted sgd, which the run began with", checkpoint_load(checkpoint_open(path), adam.p, adam.o));
    dies(2, "solver.ema: got 0, but the run began with an average", checkpoint_load(checkpoint_open(path), none.p, none.o));
    model_free(&wide), model_free(&adam), model_free(&none), free(bytes), free(path);
}

static void last_two_are_kept(void **state)
{
    char *path = path_join(*state, "run.h5"), *previous = checkpoint_previous(path);
    model a = model_new("", 5);
    checkpoint k = example();
    for (k.step = 1; k.step <= 3; k.step++) {
        checkpoint_write(path, &k, CHECKPOINT_STATE, a.p, a.o);
        checkpoint *r = checkpoint_open(path);
        assert_int_equal(r->step, k.step);
        assert_string_equal(r->path, path);
        checkpoint_close(r);
        assert_int_equal(file_exists(previous), k.step > 1);
    }
    for (int missing = 0; missing < 2; missing++) {                /* run.h5 damaged, then gone: the one before it is used */
        if (missing) unlink(path);
        else file_write(path, "half", 4);
        checkpoint *r = checkpoint_open(path);
        assert_int_equal(r->step, 2);
        assert_string_equal(r->path, previous);
        checkpoint_close(r);
    }
    file_write(previous, "half", 4);
    dies(2, "run.h5 cannot be opened", checkpoint_open(path));
    checkpoint_clear(&k), model_free(&a), free(path), free(previous);
}

/* Runs checkpoint_write in a child with the k-th call failing (or a limit on file size); returns its exit status. */
static int write_in_child(const char *path, const checkpoint *k, const model *m, int failing, rlim_t limit, const char *words)
{
    fflush(NULL);
    pid_t child = fork();
    if (!child) {
        int fd = open(words, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        dup2(fd, 2), dup2(fd, 1);
        signal(SIGXFSZ, SIG_IGN);
        if (limit) setrlimit(RLIMIT_FSIZE, &(struct rlimit){ limit, limit });
        calls = 0, fail_at = failing;
        checkpoint_write(path, k, CHECKPOINT_STATE, m->p, m->o);
        exit(calls < failing ? 99 : 0);                            /* 99: there is no such call any more */
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int lines_in(const char *path)
{
    int n = 0;
    char *text = file_read(path, 1 << 16, NULL);
    for (char *s = text; *s; s++) n += *s == '\n';
    free(text);
    return n;
}

static void every_failing_call_leaves_a_whole_checkpoint(void **state)
{
    char *path = path_join(*state, "full.h5"), *words = path_join(*state, "words"), why[160];
    model a = model_new("optimiser=adam ema=0.9", 70);
    checkpoint k = example();
    checkpoint_write(path, &k, CHECKPOINT_STATE, a.p, a.o);
    int failed = 0, status = 0;
    for (int call = 1; (status = write_in_child(path, &k, &a, call, 0, words)) != 99; call++) {
        if (status != EXIT_MACHINE && status != EXIT_OK)             /* EXIT_OK: a folder that cannot be synced, a refused link */
            fail_msg("status %d after failing call %d: %s", status, call, file_read(words, 1 << 16, NULL));
        assert_int_equal(lines_in(words), status == EXIT_MACHINE);
        failed += status == EXIT_MACHINE;
        if (!seal_check(path, why)) fail_msg("after failing call %d: %s", call, why);
    }
    assert_true(failed > 5);
    k.step = 6;
    struct stat s;
    assert_int_equal(stat(path, &s), 0);
    for (off_t room = 2048; room < s.st_size; room += s.st_size / 25) {
        assert_int_equal(write_in_child(path, &k, &a, 0, (rlim_t)room, words), EXIT_MACHINE);
        assert_int_equal(lines_in(words), 1);
        checkpoint *r = checkpoint_open(path);
        assert_int_equal(r->step, 5);
        checkpoint_close(r);
    }
    int n;
    char **left = file_list(*state, NULL, &n);                     /* no temporary is left behind */
    for (int i = 0; i < n; i++) {
        if (strstr(left[i], ".tmp")) fail_msg("%s was left behind", left[i]);
        free(left[i]);
    }
    free(left), checkpoint_clear(&k), model_free(&a), free(path), free(words);
}

static void a_missing_folder_is_the_users(void **state)
{
    (void)state;
    model a = model_new("", 5);
    checkpoint k = example();
    dies(2, "none/last.h5: cannot be written: No such file", checkpoint_write("none/last.h5", &k, CHECKPOINT_STATE, a.p, a.o));
    checkpoint_clear(&k), model_free(&a);
}

static int folder_new(void **state) { return (*state = test_scratch()) == NULL; }
static int folder_remove(void **state) { test_scratch_remove(*state); return 0; }
#define IN_FOLDER(f) cmocka_unit_test_setup_teardown(f, folder_new, folder_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(all_is_read_back_exactly), IN_FOLDER(resuming_changes_no_bit), IN_FOLDER(weights_are_what_was_evaluated),
        IN_FOLDER(damage_is_noticed), IN_FOLDER(lies_are_noticed), IN_FOLDER(last_two_are_kept),
        IN_FOLDER(every_failing_call_leaves_a_whole_checkpoint), IN_FOLDER(a_missing_folder_is_the_users),
    };
    return RUN_TESTS(tests);
}
