/* unet_test.c - U-Net at full width against the reference: exact parameter counts, evaluation logits, training features, loss, running
 * statistics and every parameter gradient with its random projections, at 32 x 32 and at 37 x 45 (odd sizes pad on the way up).
 * The double build meets the strict bounds. Float32 meets the looser ones, because a ReLU input within rounding of zero flips. */
#include "tests/test.h"
#include "tests/golden.h"
#include "tests/model.h"

static const double strict = sizeof(real) == 8;

static void check_logits(const model *m, const golden *g, const char *tag)
{
    char name[64];
    shape s;
    snprintf(name, sizeof name, "%s.eval_logits", tag);
    double *want = golden_tensor(g, name, &s), *got = model_nchw(m->t->output), worst = 0;
    snprintf(name, sizeof name, "%s.eval_f32err", tag);
    for (int64_t i = 0; i < shape_volume(&s); i++) if (!(fabs(got[i] - want[i]) <= worst)) worst = fabs(got[i] - want[i]);
    near(worst, 0, strict ? 4e-8 : 10 * golden_scalar(g, name));
    free(want), free(got);
}

static void check_features(const model *m, const golden *g, const char *tag)
{
    static const char *const at[][2] = { { "inc", "inc.conv2" }, { "down1", "down1.conv2" }, { "down2", "down2.conv2" }, { "down3", "down3.conv2" },
        { "down4", "down4.conv2" }, { "up1", "up1.conv2" }, { "up2", "up2.conv2" }, { "up3", "up3.conv2" },
        { "up4", "up4.conv2" }, { "outc", "outc" } };
    for (size_t k = 0; k < sizeof at / sizeof *at; k++) {
        char name[64];
        snprintf(name, sizeof name, "%s.train_feat.%s", tag, at[k][0]);
        golden_stat want = golden_stats(g, name);
        const tensor *t = graph_find(m->t->g, at[k][1]);
        assert_non_null(t);
        double *v = model_nchw(t), sum = 0, abs = 0, tol = strict ? 1e-8 : 1e-4;
        for (int64_t i = 0; i < shape_volume(&t->s); i++) sum += v[i], abs += fabs(v[i]);
        near(sum, want.sum, tol * want.abs + 1e-5);
        near(abs, want.abs, tol * want.abs);
        for (int i = 0; i < want.n; i++) near(v[want.at[i]], want.v[i], (strict ? 1e-8 : 1e-4) * fmax(fabs(want.min), fabs(want.max)));
        free(v);
    }
}

/* bound32: of the float32 build. The reference's own bound is 3e-4 (transposed) and 6e-2 (bilinear: its ReLU inputs sit at a rounding
 * error from zero). At 37 x 45 one ReLU input of up1.conv2, 8e-5 in float64, changes sign in float32 here, which moves every gradient
 * before it by 1e-3 to 2e-3 of its norm; PyTorch 1.13 in float32 has such a change too, in up4.conv1. With Winograd, whose maps are within
 * 2e-5, the larger of two values 6e-5 apart changes in the last pooling at 32 x 32, which moves every gradient before it by up to 7e-3;
 * those behind it are within 6e-5. */
static void run_case(const char *path, const char *stem, const char *tag, int64_t h, int64_t w, int winograd, double bound32)
{
    char table[128], name[64];
    snprintf(table, sizeof table, "tests/golden/%s", stem);
    golden *g = golden_open(table);
    char x[32], y[32];
    snprintf(x, sizeof x, "x/%s", tag), snprintf(y, sizeof y, "y/%s", tag);
    model m = model_new(&(model_case){ path, "milesial", "unet/", x, y, 1, h, w, "milesial", "1,1", winograd });
    schedule_run_part(&m.plan, &m.c, 0, m.forward);
    check_logits(&m, g, tag);
    m.c.training = 1;
    schedule_run(&m.plan, &m.c);
    check_features(&m, g, tag);
    snprintf(name, sizeof name, "%s.ce", tag);
    near(*(real *)m.ce->x.p, golden_scalar(g, name), strict ? 1e-9 : 1e-6);
    snprintf(name, sizeof name, "%s.dice_loss", tag);
    near(*(real *)m.dice->x.p, golden_scalar(g, name), strict ? 1e-9 : 1e-6);
    snprintf(name, sizeof name, "%s.inc_bn0_running_var_after", tag);
    double *var = golden_tensor(g, name, NULL);
    const real *got = m.p->x + params_find(m.p, "inc.conv1.norm.running_var")->at;
    for (int i = 0; i < 64; i++) near(got[i], var[i], 1e-6);
    snprintf(name, sizeof name, "%s.inc_bn0_running_mean_after", tag);
    double *mean = golden_tensor(g, name, NULL);
    got = m.p->x + params_find(m.p, "inc.conv1.norm.running_mean")->at;
    for (int i = 0; i < 64; i++) near(got[i], mean[i], 1e-6);
    snprintf(name, sizeof name, "%s.grad_norm", tag);
    double whole = golden_scalar(g, name), bound = strict ? 3e-6 : bound32;
    near(model_gradient_norm(&m), whole, bound * whole);
    snprintf(table, sizeof table, "tests/golden/%s_projections.tsv", stem);
    model_check_gradients(&m, table, tag, whole, bound);
    free(var), free(mean);
    model_free(&m), golden_free(g);
}

/* With and without Winograd, which is float32 only */
static void run_both(const char *path, const char *stem, const char *tag, int64_t h, int64_t w, double bound32, double winograd32)
{
    run_case(path, stem, tag, h, w, 0, bound32);
    if (!strict) run_case(path, stem, tag, h, w, 1, winograd32);
}

static void transposed_even(void **s) { (void)s; run_both("configs/nets/unet.cfg", "unet_convT", "a32", 32, 32, 3e-4, 3e-2); }
static void transposed_odd(void **s) { (void)s; run_both("configs/nets/unet.cfg", "unet_convT", "b37x45", 37, 45, 1e-2, 1.5e-2); }
static void bilinear_even(void **s) { (void)s; run_both("configs/nets/unet-bilinear.cfg", "unet_bilinear", "a32", 32, 32, 6e-2, 6e-2); }
static void bilinear_odd(void **s) { (void)s; run_both("configs/nets/unet-bilinear.cfg", "unet_bilinear", "b37x45", 37, 45, 6e-2, 6e-2); }

static void counts(void **state)
{
    (void)state;
    static const struct { const char *path; int channels, classes; int64_t parameters; } want[] = {
        { "configs/nets/unet.cfg", 1, 1, 31036481 }, { "configs/nets/unet.cfg", 1, 2, 31036546 },
        { "configs/nets/unet.cfg", 3, 1, 31037633 }, { "configs/nets/unet.cfg", 3, 2, 31037698 },
        { "configs/nets/unet-bilinear.cfg", 1, 1, 17261825 }, { "configs/nets/unet-bilinear.cfg", 1, 2, 17261890 },
        { "configs/nets/unet-bilinear.cfg", 3, 1, 17262977 }, { "configs/nets/unet-bilinear.cfg", 3, 2, 17263042 },
        { "configs/nets/unet-nn.cfg", 1, 2, 33468866 },
    };
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        char channels[32], classes[32];
        snprintf(channels, sizeof channels, "net.channels=%d", want[i].channels);
        snprintf(classes, sizeof classes, "net.classes=%d", want[i].classes);
        net *t = net_load(want[i].path, (const char *const[]){ channels, classes }, 2);
        int64_t n = 0;
        for (int k = 0; k < t->g->nt; k++) if (t->g->tensor[k]->role == PARAM) n += shape_volume(&t->g->tensor[k]->s);
        assert_int_equal(n, want[i].parameters);
        net_free(t);
    }
}

static void macs(void **state)
{
    (void)state;
    static const struct { const char *path; int channels, classes, h, w; double giga; } want[] = {
        { "configs/nets/unet.cfg", 1, 1, 256, 256, 48.092 }, { "configs/nets/unet.cfg", 3, 2, 256, 256, 48.172 },
        { "configs/nets/unet.cfg", 1, 2, 512, 512, 192.384 }, { "configs/nets/unet-bilinear.cfg", 1, 2, 512, 512, 159.635 },
        { "configs/nets/unet.cfg", 3, 2, 572, 572, 238.837 }, { "configs/nets/unet.cfg", 3, 2, 640, 959, 449.303 },
    };
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        char set[4][32];
        snprintf(set[0], 32, "net.channels=%d", want[i].channels), snprintf(set[1], 32, "net.classes=%d", want[i].classes);
        snprintf(set[2], 32, "net.height=%d", want[i].h), snprintf(set[3], 32, "net.width=%d", want[i].w);
        net *t = net_load(want[i].path, (const char *const[]){ set[0], set[1], set[2], set[3] }, 4);
        near(1e-9 * (double)net_macs(t), want[i].giga, 0.0006);
        net_free(t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts), cmocka_unit_test(macs), cmocka_unit_test(transposed_even), cmocka_unit_test(transposed_odd),
        cmocka_unit_test(bilinear_even), cmocka_unit_test(bilinear_odd),
    };
    return RUN_TESTS(tests);
}
