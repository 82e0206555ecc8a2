/* device_test.c - law 3: a GPU computes what the CPU computes. Every case of tests/cases, in three layouts, in training and in
 * evaluation, forward and backward, against the CPU's kernels; then the laws of tests/laws.h on the device itself.
 *
 * Values agree to 1e-5 of the largest; where a convolution or matrix product meets whole numbers that its precision holds exactly, to
 * the bit. The device is the plugin that DARKSPINE_CUDA_PLUGIN names, build/emu's where it is not set: the emulator, under
 * AddressSanitizer. Words on the command line: only the ops of these names. */
#include "tests/laws.h"

static const device *gpu;

static double largest(const slot *s)
{
    double most = 0;
    for (int64_t i = 0; i < s->n; i++) if (fabs((double)slot_get(s, i)) > most) most = fabs((double)slot_get(s, i));
    return most;
}

/* Elements of type real: the same NaNs, and numbers within tol of the largest */
static void agree(const slot *cpu, const slot *far, double tol, const char *what, int which)
{
    const double bound = tol * largest(cpu);
    for (int64_t i = 0; i < cpu->n && cpu->base; i++) {
        const double want = (double)slot_get(cpu, i), got = (double)slot_get(far, i);
        if (!(fabs(got - want) <= bound) && !(isnan(want) && isnan(got)))
            fail_msg("law 3: %s %d, element %lld is %.9g, the CPU says %.9g, bound %.3g", what, which, (long long)i, got, want, bound);
    }
}

static void law3_same(const bench *cpu, const bench *far, double tol)
{
    const node *n = cpu->r->n;
    run(cpu), run(far);
    for (int o = 0; o < n->nout; o++) {
        unsigned char *want = slot_copy(&cpu->r->y[o]);
        if (n->out[o]->type == REAL_TYPE) agree(&cpu->r->y[o], &far->r->y[o], tol, "output", o);
        else if (!slot_same(&far->r->y[o], want)) fail_msg("law 3: output %d, whole numbers, differs from the CPU's", o);
        free(want);
    }
    for (int i = 0; i < n->nin; i++) {
        if (n->in[i]->type != REAL_TYPE) continue;
        agree(&cpu->r->x[i], &far->r->x[i], tol, "input (running statistics change)", i);
        agree(&cpu->r->gx[i], &far->r->gx[i], tol, "gradient", i);
    }
}

/* Whole numbers from -2 to 2 everywhere: their products and sums are exact in float32, and in bf16 and tf32 on the way in */
static void fill_whole(bench *b)
{
    for (int i = 0; i < RIG_SLOTS; i++) {
        const slot *s = rig_slot(b->r, i);
        const int given = i < MAX_IN || (i >= 2 * MAX_IN + MAX_OUT && i < 2 * MAX_IN + 2 * MAX_OUT);
        for (int64_t k = 0; given && s->base && k < s->n; k++) slot_put(s, k, (real)lrint(2 * rig_u((uint32_t)i, k)));
    }
    for (int i = 0; i < b->r->n->nin; i++) free(b->x[i]), b->x[i] = slot_copy(&b->r->x[i]);
    for (int i = 0; i < b->r->n->nout; i++) free(b->gy[i]), b->gy[i] = slot_copy(&b->r->gy[i]);
}

static void products(const op_case *k, lay how, int bf16)
{
    bench cpu = bench_on(&device_cpu, 0, k, how, 1), far = bench_on(gpu, bf16, k, how, 1);
    if (bf16) law3_same(&cpu, &far, 0.02);
    fill_whole(&cpu), fill_whole(&far);
    law3_same(&cpu, &far, 0);
    bench_free(&cpu), bench_free(&far);
}

static void all_laws(void **state)
{
    const op_case *k = *state;
    for (int way = 0; way < 2 * LAYS; way++) {
        const lay how = (lay)(way / 2);
        bench cpu = bench_on(&device_cpu, 0, k, how, way % 2), far = bench_on(gpu, 0, k, how, way % 2);
        law3_same(&cpu, &far, 1e-5);
        law1_written(far.r, k);
        law5_add(&far);
        law6_reads(&far);
        law7_bits(&far);
        law8_side_effects(&far);
        rig_intact(far.r);
        bench_free(&cpu), bench_free(&far);
    }
    for (int way = 0; way < 2 * LAYS && rig_weighted(op_find(k->op)); way++) products(k, (lay)(way / 2), way % 2);
}

static int chosen(const char *op, int argc, char **argv)
{
    int found = argc < 2;
    for (int i = 1; i < argc; i++) found |= !strcmp(op, argv[i]);
    return found;
}

int main(int argc, char **argv)
{
    char why[256];
    const case_list cases = read_cases();
    struct CMUnitTest *t = xalloc_n((size_t)cases.n, sizeof *t);
    int n = 0;
    setenv("DARKSPINE_CUDA_PLUGIN", "build/emu/libdarkspine-cuda.so", 0);
    gpu = device_cuda(0, why);
    if (!gpu) die("%s", why);
    printf("law 3 on %s\n", gpu->name);
    for (int i = 0; i < cases.n; i++)
        if (chosen(cases.k[i].op, argc, argv)) t[n++] = (struct CMUnitTest){ cases.k[i].text, all_laws, NULL, NULL, &cases.k[i] };
    return _cmocka_run_group_tests(__FILE__, t, (size_t)n, NULL, NULL);
}
