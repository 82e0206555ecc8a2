/* transunet_test.c - TransUNet R50-ViT-B/16 at full width against the reference at 64 x 64: exact parameter counts and multiply-adds,
 * every stage, evaluation logits, losses, and every parameter gradient with its random projections. The double build meets the strict
 * bounds. In float32 about half of the gradients feel a ReLU whose input lies within rounding of zero, as the reference's own do. */
#include "tests/test.h"
#include "tests/golden.h"
#include "tests/reference.h"

static const double strict = sizeof(real) == 8;

static void check_values(const char *name, const double *v, const golden_stat *want)
{
    double sum = 0, abs = 0, sq = 0, tol = strict ? 1e-8 : 1e-4;
    const int64_t n = shape_volume(&want->s);
    for (int64_t i = 0; i < n; i++) sum += v[i], abs += fabs(v[i]), sq += v[i] * v[i];
    if (fabs(abs - want->abs) > tol * want->abs) print_error("%s\n", name);
    near(sum, want->sum, tol * want->abs);
    near(abs, want->abs, tol * want->abs);
    near(sq, want->sq, tol * want->sq);
    for (int i = 0; i < want->n; i++) near(v[want->at[i]], want->v[i], tol * fmax(fabs(want->min), fabs(want->max)));
}

/* Maps are n,c,h,w there, tokens n,t,c: ours as they stand. */
static void check_stage(const reference *m, const golden *g, const char *theirs, const char *ours)
{
    char name[64];
    snprintf(name, sizeof name, "eval.%s", theirs);
    golden_stat want = golden_stats(g, name);
    const tensor *t = graph_find(m->t->g, ours);
    assert_non_null(t);
    const int64_t n = shape_volume(&t->s);
    assert_int_equal(shape_volume(&want.s), n);
    double *v = want.s.nd == 4 ? reference_nchw(t) : xalloc_n((size_t)n, sizeof *v);
    for (int64_t i = 0; want.s.nd == 3 && i < n; i++) v[i] = (double)((const real *)t->x.p)[i];
    check_values(name, v, &want);
    free(v);
}

static void check_logits(const reference *m, const golden *g)
{
    shape s, all = m->t->output->s;
    double *want = golden_tensor(g, "eval.logits_ch0to2", &s), *got = reference_nchw(m->t->output), worst = 0;
    double *best = golden_tensor(g, "eval.argmax", NULL);
    const int64_t plane = all.d[1] * all.d[2];
    assert_int_equal(s.d[1], 3);
    for (int64_t n = 0; n < all.d[0]; n++)
        for (int64_t i = 0; i < 3 * plane; i++) worst = fmax(worst, fabs(got[n * 9 * plane + i] - want[n * 3 * plane + i]));
    near(worst, 0, strict ? 1e-7 : 10 * golden_scalar(g, "eval.f32err"));
    for (int64_t n = 0; n < all.d[0]; n++)
        for (int64_t i = 0; i < plane; i++) {
            int64_t top = 0;
            for (int64_t c = 1; c < 9; c++) if (got[(n * 9 + c) * plane + i] > got[(n * 9 + top) * plane + i]) top = c;
            assert_int_equal(top, (int64_t)best[n * plane + i]);
        }
    free(want), free(got), free(best);
}

static void the_reference_run(void **state)
{
    (void)state;
    static const char *const stage[][2] = {
        { "root", "root" }, { "block1", "block1.unit3" }, { "block2", "block2.unit4" }, { "block3", "block3.unit9" },
        { "patch_embeddings", "patch" }, { "layer0.attn_out", "layer0.attention" }, { "layer0.ffn", "layer0.fc2" },
        { "encoder_norm", "encoder_norm" }, { "conv_more", "conv_more" }, { "dec0", "dec0.conv2" }, { "dec1", "dec1.conv2" },
        { "dec2", "dec2.conv2" }, { "dec3", "dec3.conv2" }, { "logits", "head" },
    };
    golden *g = golden_open("tests/golden/transunet");
    reference m = reference_new(&(reference_case){ "configs/nets/transunet.cfg", "transunet", "transunet/", "x", "y", 2, 64, 64, "transunet", "0.5,0.5", EXACT });
    schedule_run_part(&m.plan, &m.c, 0, m.forward);
    for (size_t i = 0; i < sizeof stage / sizeof *stage; i++) check_stage(&m, g, stage[i][0], stage[i][1]);
    check_logits(&m, g);
    m.c.training = 1;
    schedule_run(&m.plan, &m.c);
    near(*(real *)m.ce->x.p, golden_scalar(g, "train.ce"), strict ? 1e-9 : 1e-5);
    near(*(real *)m.dice->x.p, golden_scalar(g, "train.dice"), strict ? 1e-9 : 1e-5);
    near(*(real *)m.loss->x.p, golden_scalar(g, "train.total"), strict ? 1e-9 : 1e-5);
    const double whole = golden_scalar(g, "train.grad_norm"), bound = strict ? 3e-6 : 0.15;
    near(reference_gradient_norm(&m), whole, bound / 3 * whole);
    reference_check_gradients(&m, "tests/golden/transunet_projections.tsv", "train", whole, bound);
    reference_free(&m), golden_free(g);
}

static void counts(void **state)
{
    (void)state;
    static const struct { int classes, size; int64_t parameters; double giga; } want[] = {
        { 9, 224, 105277081, 29.226 }, { 1, 224, 105275921, 0 }, { 2, 224, 105276066, 0 }, { 4, 224, 105276356, 0 }, { 6, 224, 105276646, 0 },
        { 9, 256, 105323161, 38.460 }, { 9, 512, 105912985, 168.397 },
    };
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        char set[3][32];
        snprintf(set[0], 32, "net.classes=%d", want[i].classes);
        snprintf(set[1], 32, "net.height=%d", want[i].size), snprintf(set[2], 32, "net.width=%d", want[i].size);
        net *t = net_load("configs/nets/transunet.cfg", (const char *const[]){ set[0], set[1], set[2] }, 3);
        int64_t n = 0;
        for (int k = 0; k < t->g->nt; k++) if (t->g->tensor[k]->role == PARAM) n += shape_volume(&t->g->tensor[k]->s);
        assert_int_equal(n, want[i].parameters);
        if (want[i].giga > 0) near(1e-9 * (double)net_macs(t), want[i].giga, 0.0006);
        net_free(t);
    }
}

/* Every entry of the reference's checkpoint is one of our parameters with that shape, or a counter; and none is missing. */
static void checkpoint_keys(void **state)
{
    (void)state;
    net *t = net_load("configs/nets/transunet.cfg", NULL, 0);
    params *p = params_new(t->g, &device_cpu, 0);
    const key_map *map = key_map_find("transunet");
    char line[256], key[160], size[64], name[160], text[64];
    int found = 0, counters = 0;
    FILE *f = fopen("tests/golden/transunet_keys.tsv", "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        if (*line == '#') continue;
        assert_int_equal(sscanf(line, "%159s %63s", key, size), 2);
        if (strstr(key, "num_batches_tracked")) { counters++; continue; }
        assert_non_null(key_map_ours(map, key, name));
        const param *q = params_find(p, name);
        if (!q) fail_msg("%s: no parameter %s", key, name);
        shape s = reference_shape(q);
        assert_string_equal(shape_text(&s, text), size);
        assert_string_equal(key_map_theirs(map, name, key), strtok(line, "\t"));
        found++;
    }
    fclose(f);
    assert_int_equal(found, p->n);
    assert_int_equal(found + counters, 409);
    params_free(p), net_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(counts), cmocka_unit_test(checkpoint_keys), cmocka_unit_test(the_reference_run) };
    return RUN_TESTS(tests);
}
