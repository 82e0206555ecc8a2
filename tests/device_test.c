/* device_test.c - law 3: a GPU computes what the CPU computes. Every case of tests/cases, in three layouts (and in evaluation, where
 * that differs), forward and backward, against the CPU's kernels; then the laws of tests/laws.h on the device itself.
 *
 * Values agree to 1e-5 of the largest; where a convolution or matrix product meets whole numbers that its precision holds exactly, to
 * the bit. The device is the plugin that DARKSPINE_CUDA_PLUGIN names, build/emu's where it is not set: the emulator, under
 * AddressSanitizer. Words on the command line: first `fake`: with what stands for cuDNN and cuBLASLt in tests, or `brief`: larger cases in
 * one layout each, by turns; then only the ops of these names; `refusals`, `optim`, `training`, `replay`, `library` (with fake): what comes last; 1/2,
 * 2/2: every second case. */
#include "tests/device_replay.h"
#include "tests/device_steps.h"
#include "tests/laws.h"
#include <dlfcn.h>
#include <unistd.h>

#define EMULATOR "build/emu/libdarkspine-cuda.so"      /* not there in a bundle */

static const device *gpu;
static int brief;
static const context exact = { .dev = &device_cpu };     /* no bf16, no Winograd */

static double largest(const slot *s)
{
    double most = 0;
    for (int64_t i = 0; i < s->n; i++) if (fabs((double)slot_get(s, i)) > most) most = fabs((double)slot_get(s, i));
    return most;
}

/* Elements of type real: the same NaNs, and numbers within tol of the largest, or of `least` where that is more */
static void agree(const slot *cpu, const slot *far, double tol, double least, const char *what, int which)
{
    const double bound = tol * fmax(largest(cpu), least);
    for (int64_t i = 0; i < cpu->n && cpu->base; i++) {
        const double want = (double)slot_get(cpu, i), got = (double)slot_get(far, i);
        if (!(fabs(got - want) <= bound) && !(isnan(want) && isnan(got)))
            fail_msg("law 3: %s %d, element %lld is %.9g, the CPU says %.9g, bound %.3g", what, which, (long long)i, got, want, bound);
    }
}

static void law3_same(const bench *cpu, const bench *far, double tol)
{
    const node *n = cpu->r->n;
    /* where a norm has few values, or attention one key, the gradient is a difference of numbers of this size: only their rounding */
    const double least = strstr(n->op->name, "norm") || !strcmp(n->op->name, "attention") ? 0.3 : 0;
    run(cpu), run(far);
    for (int o = 0; o < n->nout; o++) {
        unsigned char *want = slot_copy(&cpu->r->y[o]);
        if (n->out[o]->type == REAL_TYPE) agree(&cpu->r->y[o], &far->r->y[o], tol, least, "output", o);
        else if (!slot_same(&far->r->y[o], want)) fail_msg("law 3: output %d, whole numbers, differs from the CPU's", o);
        free(want);
    }
    for (int i = 0; i < n->nin; i++) {
        if (n->in[i]->type != REAL_TYPE) continue;
        agree(&cpu->r->gx[i], &far->r->gx[i], tol, least, "gradient", i);
    }
}

/* Forward changes the running statistics of a norm, on both alike, and no other input. */
static void law3_inputs(const bench *cpu, const bench *far)
{
    for (int i = 0; i < cpu->r->n->nin; i++)
        if (cpu->r->n->in[i]->type == REAL_TYPE) agree(&cpu->r->x[i], &far->r->x[i], 1e-5, 0.3, "input", i);
}

/* Whole numbers from -2 to 2 everywhere: their products and sums are exact in float32, and in bf16 and tf32 on the way in */
static real small_number(uint32_t i, int64_t k) { return (real)lrint(2 * rig_u(i, k)); }

/* The same but for the input, which lies half way between two bf16 numbers; and what rounding to the even one makes of it */
static real half_way(uint32_t i, int64_t k) { return i ? small_number(i, k) : (real)(257 + 2 * (k % 4)); }
static real to_even(uint32_t i, int64_t k) { return i ? small_number(i, k) : (real)(256 + 4 * ((k % 4 + 1) / 2)); }

static void fill_by(bench *b, real (*number)(uint32_t i, int64_t k))
{
    for (int i = 0; i < RIG_SLOTS; i++) {
        const slot *s = rig_slot(b->r, i);
        const int given = i < MAX_IN || (i >= 2 * MAX_IN + MAX_OUT && i < 2 * MAX_IN + 2 * MAX_OUT);
        for (int64_t k = 0; given && s->base && k < s->n; k++) slot_put(s, k, number((uint32_t)i, k));
    }
    for (int i = 0; i < b->r->n->nin; i++) free(b->x[i]), b->x[i] = slot_copy(&b->r->x[i]);
    for (int i = 0; i < b->r->n->nout; i++) free(b->gy[i]), b->gy[i] = slot_copy(&b->r->gy[i]);
}

/* precision: 0 float32, 1 bf16, 2 tf32 */
static void products(const op_case *k, lay how, int precision)
{
    bench cpu = bench_on(exact, k, how, 1), far = bench_on((context){ .dev = gpu, .bf16 = precision == 1, .tf32 = precision == 2 }, k, how, 1);
    if (precision) law3_same(&cpu, &far, precision == 1 ? 0.02 : 0.002);
    fill_by(&cpu, small_number), fill_by(&far, small_number);
    law3_same(&cpu, &far, 0);
    if (!strncmp(far.r->n->kernel, "tiles bf16 | tiles bf16 | tiles bf16", 36)) {
        fill_by(&cpu, to_even), fill_by(&far, half_way);
        law3_same(&cpu, &far, 0);
    }
    bench_free(&cpu), bench_free(&far);
}

/* Does the op tell training from evaluation? */
static int has_modes(const op_case *k) { return !strcmp(k->op, "batch_norm") || !strcmp(k->op, "dropout"); }

/* Does it lie so in this run? Its turn is by its text, so that another case does not change it. */
static int lies(const op_case *k, lay how)
{
    enum { LARGE = 2000 };
    unsigned sum = 0;
    if (!brief || shape_volume(&k->s[0]) < LARGE) return 1;
    for (const char *c = k->text; *c; c++) sum = 31 * sum + (unsigned char)*c;
    return sum % LAYS == how;
}

static void all_laws(void **state)
{
    const op_case *k = *state;
    for (int way = 0; way < 2 * LAYS; way++) {
        const lay how = (lay)(way / 2);
        if ((way % 2 == 0 && !has_modes(k)) || !lies(k, how)) continue;
        bench cpu = bench_on(exact, k, how, way % 2), far = bench_on((context){ .dev = gpu }, k, how, way % 2);
        law3_same(&cpu, &far, 1e-5);
        law3_inputs(&cpu, &far);
        law1_written(far.r, k);
        law5_add(&far);
        law6_reads(&far);
        law7_bits(&far);
        law8_side_effects(&far);
        rig_intact(far.r);
        bench_free(&cpu), bench_free(&far);
    }
    for (int way = 0; way < 3 * LAYS && rig_weighted(op_find(k->op)); way++)
        if (lies(k, (lay)(way / 3))) products(k, (lay)(way / 3), way % 3);
}

/* Losses agree to 1e-5 of themselves, norms of gradients to 1e-4, weights to 1e-5, and the device agrees with itself to the bit. */
static void training_steps(void **state)
{
    (void)state;
    const course cpu = course_of(&device_cpu), far = course_of(gpu), again = course_of(gpu);
    double most = 0;
    for (size_t i = 0; i < cpu.n; i++) most = fmax(most, fabs((double)far.x[i] - (double)cpu.x[i]));
    for (int i = 0; i < COURSE_STEPS; i++)
        printf("step %d: loss %.7f, on the CPU %.7f; norm %.7f, on the CPU %.7f\n", i, far.loss[i], cpu.loss[i], far.norm[i], cpu.norm[i]);
    printf("weights differ by %.2g at most\n", most);
    for (int i = 0; i < COURSE_STEPS; i++) {
        near(far.loss[i] / cpu.loss[i], 1, 1e-5);
        near(far.norm[i] / cpu.norm[i], 1, 1e-4);
    }
    near(most, 0, 1e-5);
    if (!(cpu.loss[COURSE_STEPS - 1] < cpu.loss[0])) fail_msg("the loss goes from %g to %g", cpu.loss[0], cpu.loss[COURSE_STEPS - 1]);
    assert_memory_equal(far.x, again.x, cpu.n * sizeof *cpu.x);
    free(cpu.x), free(far.x), free(again.x);
}

static void replays(void **state) { (void)state, replay_same_bits(gpu); }
static void replays_stop(void **state) { (void)state, replay_stops(gpu); }
static void replays_judge(void **state) { (void)state, replay_judges(gpu); }
static void replays_train(void **state) { (void)state, replay_trains(gpu); }
static void replays_hindered(void **state) { (void)state, replay_hindered(gpu); }

static void optimisers(void **state)
{
    (void)state;
    static const char *const words[] = {
        "optimiser=sgd momentum=0.9 decay=1e-2 clip=1", "optimiser=sgd momentum=0.9 nesterov=1 decay=1e-3 decay_norm=1 ema=0.99",
        "optimiser=adam decay=1e-2", "optimiser=adamw decay=0.1 clip=0.5 ema=0.9 ema_warmup=0", "optimiser=rmsprop momentum=0.9 decay=1e-3",
    };
    for (size_t k = 0; k < sizeof words / sizeof *words; k++) {
        size_t n, m;
        real *cpu = optim_course(&device_cpu, words[k], &n), *far = optim_course(gpu, words[k], &m), *again = optim_course(gpu, words[k], &m);
        for (size_t i = 0; i < n; i++)
            if (!(fabs((double)far[i] - (double)cpu[i]) <= 2e-6 * fmax(1, fabs((double)cpu[i]))))
                fail_msg("%s: weight %zu is %.9g, the CPU says %.9g", words[k], i, (double)far[i], (double)cpu[i]);
        assert_memory_equal(far, again, n * sizeof *far);
        free(cpu), free(far), free(again);
    }
}

/* What prepares for this op, shapes and context: the kernels' names as `plan` prints them */
static void prepares(context c, const char *op, const char *words, const shape *s, const char *kernels)
{
    c.dev = gpu;
    rig *r = rig_on(c, op, words, 2, s, (const dtype[]){ REAL_TYPE, REAL_TYPE }, DENSE);
    if (strcmp(r->n->kernel, kernels)) fail_msg("%s %s is computed by %s, wanted %s", op, words, r->n->kernel, kernels);
    rig_free(r);
}

/* Of what the library offers only that is taken which may be: by the arithmetic, the order of its sums, the key `conv`. */
static void library_choices(void **state)
{
    (void)state;
    static const shape map[] = { { 4, { 1, 6, 5, 4 } }, { 4, { 3, 3, 4, 8 } } }, even[] = { { 4, { 1, 6, 6, 4 } }, { 4, { 3, 3, 4, 8 } } },
        by_three[] = { { 4, { 1, 6, 5, 3 } }, { 4, { 3, 3, 3, 8 } } }, grouped[] = { { 4, { 1, 6, 5, 4 } }, { 4, { 3, 3, 2, 8 } } },
        up[] = { { 4, { 1, 3, 4, 8 } }, { 4, { 8, 2, 2, 4 } } };
    const context exact_one = { .dev = gpu };
    prepares(exact_one, "conv", "pad=1", map, "cudnn implicit precomp gemm | cudnn algorithm 1 | cudnn algorithm 1");
    prepares(exact_one, "conv", "pad=1", by_three, "cudnn implicit gemm | cudnn algorithm 1 | cudnn algorithm 1");
    prepares(exact_one, "deconv", "stride=2", up, "cudnn algorithm 1 | cudnn implicit precomp gemm | cudnn algorithm 1");
    prepares((context){ .winograd = 1 }, "conv", "pad=1", map, "cudnn winograd | cudnn winograd | cudnn winograd nonfused");
    prepares((context){ .tf32 = 1 }, "conv", "pad=1", map,
             "cudnn implicit precomp gemm tf32 | cudnn algorithm 1 tf32 | cudnn algorithm 1 tf32");
    prepares((context){ .by = BY_FASTEST }, "conv", "pad=1", map,
             "cudnn implicit precomp gemm | cudnn algorithm 0, bits vary | cudnn algorithm 0, bits vary");
    prepares((context){ .by = BY_OWN }, "conv", "pad=1", map, "tiles vector | tiles vector | tiles vector");
    prepares((context){ .bf16 = 1 }, "conv", "pad=1", map, "tiles bf16 | tiles bf16 | tiles bf16");
    prepares(exact_one, "conv", "pad=2 dilation=2 groups=2", grouped, "loops | loops | loops");
    prepares(exact_one, "conv", "pad_top=1 pad_left=1 stride=2", even,
             "cudnn implicit precomp gemm | cudnn algorithm 1 | cudnn algorithm 1");
    prepares(exact_one, "conv", "pad_top=1 pad_left=1", even, "tiles vector | tiles vector | tiles vector");
}

/* Bias and activation, as at inference, in one call and in several: where the library fuses them, and where not */
static void library_activations(void **state)
{
    (void)state;
    static const struct { const char *op, *words; shape s[3]; } k[] = {
        { "conv", "pad=1 activation=relu", { { 4, { 2, 6, 5, 4 } }, { 4, { 3, 3, 4, 8 } }, { 1, { 8 } } } },
        { "conv", "pad=1 groups=2 activation=relu", { { 4, { 2, 6, 5, 4 } }, { 4, { 3, 3, 2, 8 } }, { 1, { 8 } } } },
        { "conv", "activation=leaky slope=0.2", { { 4, { 2, 6, 5, 3 } }, { 4, { 3, 3, 3, 8 } }, { 1, { 8 } } } },
        { "deconv", "stride=2 activation=relu", { { 4, { 2, 3, 4, 8 } }, { 4, { 8, 2, 2, 4 } }, { 1, { 4 } } } },
    };
    static const dtype types[] = { REAL_TYPE, REAL_TYPE, REAL_TYPE };
    for (size_t i = 0; i < sizeof k / sizeof *k; i++) {
        rig *r[2] = { rig_on(exact, k[i].op, k[i].words, 3, k[i].s, types, DENSE),
                      rig_on((context){ .dev = gpu }, k[i].op, k[i].words, 3, k[i].s, types, DENSE) };
        for (int d = 0; d < 2; d++) {
            for (int j = 0; j < 3; j++) for (int64_t e = 0; e < r[d]->x[j].n; e++) slot_put(&r[d]->x[j], e, small_number((uint32_t)j, e));
            rig_forward(r[d]);
        }
        if (!strstr(r[1]->n->kernel, "cudnn")) fail_msg("%s %s is computed by %s", k[i].op, k[i].words, r[1]->n->kernel);
        agree(&r[0]->y[0], &r[1]->y[0], 0, 0, k[i].words, 0);
        rig_intact(r[1]);
        rig_free(r[0]), rig_free(r[1]);
    }
}

/* The CPU refuses a truth that is none; a GPU, where nobody looks, must not learn from it. */
static void bad_truths(void **state)
{
    (void)state;
    static const struct { double box[4]; int32_t class_; } truth[] = { { { 1, 2, 6, 9 }, 0 }, { { 1, 2, 1, 9 }, 0 }, { { 1, NAN, 6, 9 }, 0 }, { { 1, 2, 6, 9 }, 3 } };
    for (size_t k = 0; k < sizeof truth / sizeof *truth; k++) {
        const context c = { .dev = gpu };
        rig *a = rig_on(c, "anchor_targets", "sizes=8 strides=8 samples=8 background=0", 3, (shape[]){ SHAPE4(1, 2, 1, 4), SHAPE1(1), SHAPE4(1, 3, 3, 3) },
                        (const dtype[]){ REAL_TYPE, I32, REAL_TYPE }, DENSE);
        rig *b = rig_on(c, "roi_targets", "samples=6 background_class=3 append=0", 5,
                        (shape[]){ SHAPE4(1, 4, 1, 4), SHAPE1(1), SHAPE4(1, 2, 1, 4), SHAPE1(1), { 2, { 1, 2 } } },
                        (const dtype[]){ REAL_TYPE, I32, REAL_TYPE, I32, I32 }, DENSE);
        *(int32_t *)a->x[1].p = *(int32_t *)b->x[3].p = 1, *(int32_t *)b->x[1].p = 0, *(int32_t *)b->x[4].p = truth[k].class_;
        for (int i = 0; i < 4; i++) slot_put(&a->x[0], i, (real)truth[k].box[i]), slot_put(&b->x[2], i, (real)truth[k].box[i]);
        rig_forward(a), rig_forward(b);
        assert_int_equal(isnan((double)slot_get(&a->y[2], 0)) != 0, k == 1 || k == 2);
        assert_int_equal(isnan((double)slot_get(&b->y[5], 0)) != 0, k > 0);
        rig_free(a), rig_free(b);
    }
}

/* Of two truths in one place a box belongs to the first. */
static void first_of_equals(void **state)
{
    (void)state;
    rig *r = rig_on((context){ .dev = gpu }, "roi_targets", "samples=4 positive=1 background_class=3", 5,
                    (shape[]){ SHAPE4(1, 1, 1, 4), SHAPE1(1), SHAPE4(1, 2, 1, 4), SHAPE1(1), { 2, { 1, 2 } } },
                    (const dtype[]){ REAL_TYPE, I32, REAL_TYPE, I32, I32 }, DENSE);
    static const double place[4] = { 1, 2, 6, 9 };
    *(int32_t *)r->x[1].p = 0, *(int32_t *)r->x[3].p = 2;
    for (int i = 0; i < 8; i++) slot_put(&r->x[2], i, (real)place[i % 4]);
    for (int i = 0; i < 2; i++) ((int32_t *)r->x[4].p)[i] = i;
    rig_forward(r);
    assert_int_equal(*(int32_t *)r->y[1].p, 2);
    for (int i = 0; i < 2; i++) assert_int_equal(((int32_t *)r->y[3].p)[i], 0);
    rig_free(r);
}

/* The plugin refuses a program whose structs are not its own, and a GPU that is not there. */
static void refusals(void **state)
{
    (void)state;
    char why[256] = "";
    void *plugin = dlopen(getenv("DARKSPINE_CUDA_PLUGIN"), RTLD_NOW);
    device_open *open;
    assert_non_null(plugin);
    *(void **)&open = dlsym(plugin, DEVICE_OPEN);
    assert_null(open(device_layout() + 1, 0, why));
    assert_non_null(strstr(why, "another version"));
    assert_null(device_cuda(4096, why));
    assert_non_null(strstr(why, "wanted number 4096"));
}

/* Is case i, or what comes last (i = -1), of this name, asked for? No words: all; 1/2: every second one, from the first. */
static int chosen(const char *name, int i, int argc, char **argv)
{
    int found = argc < 2, part, parts;
    for (int k = 1; k < argc; k++) {
        if (sscanf(argv[k], "%d/%d", &part, &parts) == 2 && parts > 0) found |= i < 0 ? part == parts : i % parts == part - 1;
        else found |= !strcmp(name, argv[k]);
    }
    return found;
}

int main(int argc, char **argv)
{
    char why[256];
    const case_list cases = read_cases();
    struct CMUnitTest *t = xalloc_n((size_t)cases.n + 12, sizeof *t);
    int n = 0, fake = argc > 1 && !strcmp(argv[1], "fake");
    if (!access(EMULATOR, F_OK)) setenv("DARKSPINE_CUDA_PLUGIN", EMULATOR, 0);
    if (fake) setenv("DARKSPINE_CUDNN", "build/emu/libfake_cudnn.so", 1), argc--, argv++;
    brief = argc > 1 && !strcmp(argv[1], "brief");
    if (brief) argc--, argv++;
    gpu = device_cuda(0, why);
    if (!gpu) die_machine("%s", why);
    printf("law 3 on %s\n", gpu->name);
    for (int i = 0; i < cases.n; i++)
        if (chosen(cases.k[i].op, i, argc, argv)) t[n++] = (struct CMUnitTest){ cases.k[i].text, all_laws, NULL, NULL, &cases.k[i] };
    if (fake && chosen("library", -1, argc, argv)) {
        t[n++] = (struct CMUnitTest)cmocka_unit_test(library_choices);
        t[n++] = (struct CMUnitTest)cmocka_unit_test(library_activations);
    }
    if (chosen("refusals", -1, argc, argv)) t[n++] = (struct CMUnitTest)cmocka_unit_test(refusals);
    if (chosen("optim", -1, argc, argv)) t[n++] = (struct CMUnitTest)cmocka_unit_test(optimisers);
    if (chosen("refusals", -1, argc, argv)) {
        t[n++] = (struct CMUnitTest)cmocka_unit_test(bad_truths);
        t[n++] = (struct CMUnitTest)cmocka_unit_test(first_of_equals);
    }
    if (chosen("training", -1, argc, argv)) t[n++] = (struct CMUnitTest)cmocka_unit_test(training_steps);
    if (chosen("replay", -1, argc, argv)) {
        t[n++] = (struct CMUnitTest)cmocka_unit_test(replays);
        t[n++] = (struct CMUnitTest)cmocka_unit_test(replays_stop);
        t[n++] = (struct CMUnitTest)cmocka_unit_test(replays_train);
        t[n++] = (struct CMUnitTest)cmocka_unit_test(replays_judge);
        t[n++] = (struct CMUnitTest)cmocka_unit_test(replays_hindered);
    }
    return _cmocka_run_group_tests(__FILE__, t, (size_t)n, NULL, NULL);
}
