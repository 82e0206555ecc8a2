/* golden_ops_test.c - single ops and losses against the numbers in tests/golden/ops_*: outputs, every gradient, running statistics.
 * The double build must agree to the rounding of the stored float32; float to a few times its own. */
#include "tests/golden.h"
#include "tests/rig.h"

static golden *basic, *loss;

static char *join(const char *tag, const char *field) { return xprintf("%s.%s", tag, field); }

/* theirs, n c h w, n t c or n c, as n h w c */
static shape nhwc(const shape *s)
{
    if (s->nd == 3) return SHAPE4(s->d[0], 1, s->d[1], s->d[2]);
    return s->nd == 4 ? SHAPE4(s->d[0], s->d[2], s->d[3], s->d[1]) : SHAPE4(s->d[0], 1, 1, s->d[1]);
}

typedef enum { MAP, FILTER, FILTER_T, PLAIN } form;

/* values in the order of the reference <-> a slot in ours; deconvolution: i,o,h,w -> i,h,w,o is the map rule */
static real *ours_of(const double *v, const shape *s, form f)
{
    real *out = xalloc_n((size_t)shape_volume(s), sizeof *out);
    if (f == FILTER) golden_filter(s, v, out);
    else if (f == PLAIN || s->nd == 3) for (int64_t i = 0; i < shape_volume(s); i++) out[i] = (real)v[i];
    else golden_nhwc(s, v, out);
    return out;
}

static void put(const golden *g, const char *name, form f, const slot *to)
{
    shape s;
    double *v = golden_tensor(g, name, &s);
    real *o = ours_of(v, &s, f);
    assert_int_equal(shape_volume(&s), to->n);
    for (int64_t i = 0; i < to->n; i++) slot_put(to, i, o[i]);
    free(v), free(o);
}

static void compare(const golden *g, const char *name, form f, const slot *got)
{
    shape s;
    double *v = golden_tensor(g, name, &s), largest = 0;
    real *want = ours_of(v, &s, f);
    assert_int_equal(shape_volume(&s), got->n);
    for (int64_t i = 0; i < got->n; i++) if (fabs(v[i]) > largest) largest = fabs(v[i]);
    for (int64_t i = 0; i < got->n; i++) {
        double w = (double)want[i], tol = sizeof(real) == 8 ? 6e-8 * fabs(w) + 1e-9 * largest : 3e-6 * largest;
        if (!(fabs((double)slot_get(got, i) - w) <= tol))
            fail_msg("%s, element %lld: %.9g, wanted %.9g +- %.2g", name, (long long)i, (double)slot_get(got, i), w, tol);
    }
    free(v), free(want);
}

static shape shape_of(const golden *g, const char *name)
{
    shape s;
    free(golden_tensor(g, name, &s));
    return s;
}

typedef struct { const char *tag, *op, *words; int inputs; form weights; } layer_case;
static const layer_case layers_of[] = {
    { "bilin_ac1_s2",     "upsample", "mode=bilinear align_corners=1 stride=2", 1, PLAIN },
    { "bilin_ac0_s2",     "upsample", "mode=bilinear stride=2", 1, PLAIN },
    { "bilin_ac0_to_11x6", "upsample", "mode=bilinear height=11 width=6", 1, PLAIN },
    { "bilin_ac1_to_11x6", "upsample", "mode=bilinear align_corners=1 height=11 width=6", 1, PLAIN },
    { "bilin_ac0_down_3x4", "upsample", "mode=bilinear height=3 width=4", 1, PLAIN },
    { "bilin_ac0_scale1.7_recompute", "upsample", "mode=bilinear height=8 width=11", 1, PLAIN },
    { "bilin_ac0_scale0.6_recompute", "upsample", "mode=bilinear height=3 width=4", 1, PLAIN },
    { "nearest_s2",       "upsample", "mode=nearest stride=2", 1, PLAIN },
    { "nearest_to_9x13",  "upsample", "mode=nearest height=9 width=13", 1, PLAIN },
    { "nearest_to_3x5",   "upsample", "mode=nearest height=3 width=5", 1, PLAIN },
    { "nearest_scale1.7_recompute", "upsample", "mode=nearest height=8 width=11", 1, PLAIN },
    { "maxpool3s2p0",     "maxpool", "size_h=3 size_w=3", 1, PLAIN },
    { "maxpool3s2p1",     "maxpool", "size_h=3 size_w=3 pad_top=1 pad_bottom=1 pad_left=1 pad_right=1", 1, PLAIN },
    { "maxpool2s2",       "maxpool", " ", 1, PLAIN },
    { "maxpool1s2",       "maxpool", "size_h=1 size_w=1", 1, PLAIN },
    { "avgpool2s2",       "avgpool", " ", 1, PLAIN },
    { "layernorm_e-6",    "layer_norm", "eps=1e-6", 3, PLAIN },
    { "gn32_64_e-6",      "group_norm", "groups=32 eps=1e-6", 3, PLAIN },
    { "gn_eq_channels_e-5", "group_norm", "groups=8 eps=1e-5", 3, PLAIN },
    { "batchnorm_train",  "batch_norm", "eps=1e-5 momentum=0.1", 5, PLAIN },
    { "gelu_erf",         "activation", "activation=gelu", 1, PLAIN },
    { "swish",            "activation", "activation=swish", 1, PLAIN },
    { "leaky0.2",         "activation", "activation=leaky slope=0.2", 1, PLAIN },
    { "sigmoid",          "activation", "activation=logistic", 1, PLAIN },
    { "conv3x3_p1",       "conv", "pad_top=1 pad_bottom=1 pad_left=1 pad_right=1", 3, FILTER },
    { "conv7x7_s2_p3",    "conv", "stride_h=2 stride_w=2 pad_top=3 pad_bottom=3 pad_left=3 pad_right=3", 2, FILTER },
    { "conv1x1_s2",       "conv", "stride_h=2 stride_w=2", 3, FILTER },
    { "conv4x4_s2_p1",    "conv", "stride_h=2 stride_w=2 pad_top=1 pad_bottom=1 pad_left=1 pad_right=1", 3, FILTER },
    { "vq_downsample_pad0101", "conv", "stride_h=2 stride_w=2 pad_bottom=1 pad_right=1", 3, FILTER },
    { "convT2x2_s2",      "deconv", "stride_h=2 stride_w=2", 3, FILTER_T },
};

static void run_layer(const layer_case *k, int strided)
{
    static const char *const field[] = { "x", "w", "b", "running_mean0", "running_var0" }, *const slope[] = { "dx", "dw", "db" };
    shape s[5];
    dtype type[5];
    char *name;
    for (int i = 0; i < k->inputs; i++, free(name)) {
        name = join(k->tag, field[i]);
        s[i] = shape_of(basic, name), type[i] = REAL_TYPE;
        if (i == 0) s[i] = nhwc(&s[i]);
        else if (k->weights == FILTER && i == 1) s[i] = SHAPE4(s[i].d[2], s[i].d[3], s[i].d[1], s[i].d[0]);
        else if (k->weights == FILTER_T && i == 1) s[i] = SHAPE4(s[i].d[0], s[i].d[2], s[i].d[3], s[i].d[1]);
    }
    rig *r = rig_new(k->op, k->words, k->inputs, s, type, strided);
    for (int i = 0; i < k->inputs; i++, free(name)) put(basic, name = join(k->tag, field[i]), i == 0 ? MAP : i == 1 ? k->weights : PLAIN, &r->x[i]);
    put(basic, name = join(k->tag, "gout"), MAP, &r->gy[0]), free(name);
    rig_forward(r);
    compare(basic, name = join(k->tag, "y"), MAP, &r->y[0]), free(name);
    rig_backward(r);
    for (int i = 0; i < k->inputs && i < 3; i++, free(name))
        compare(basic, name = join(k->tag, slope[i]), i == 0 ? MAP : i == 1 ? k->weights : PLAIN, &r->gx[i]);
    if (!strcmp(k->op, "batch_norm")) {
        compare(basic, "batchnorm_train.running_mean1", PLAIN, &r->x[3]);
        compare(basic, "batchnorm_train.running_var1", PLAIN, &r->x[4]);
    }
    rig_intact(r);
    rig_free(r);
}

static void one_layer(void **state)
{
    run_layer(*state, 0), run_layer(*state, 1);
}

/* upsampled x padded to the size of skip, the odd row and column at the bottom and right; concat [skip, x] */
static void unet_pad_concat(void **state)
{
    (void)state;
    const dtype t[] = { REAL_TYPE, REAL_TYPE };
    rig *pad = rig_new("pad", "top=1 bottom=2 left=1 right=2", 1, (shape[]){ SHAPE4(1, 4, 6, 1) }, t, 0);
    rig *cat = rig_new("concat", " ", 2, (shape[]){ SHAPE4(1, 7, 9, 1), SHAPE4(1, 7, 9, 1) }, t, 0);
    put(basic, "unet_pad_concat.x", MAP, &pad->x[0]);
    put(basic, "unet_pad_concat.skip", MAP, &cat->x[0]);
    rig_forward(pad);
    for (int64_t i = 0; i < cat->x[1].n; i++) slot_put(&cat->x[1], i, slot_get(&pad->y[0], i));
    rig_forward(cat);
    compare(basic, "unet_pad_concat.y", MAP, &cat->y[0]);
    put(basic, "unet_pad_concat.gout", MAP, &cat->gy[0]);
    rig_backward(cat);
    for (int64_t i = 0; i < cat->x[1].n; i++) slot_put(&pad->gy[0], i, slot_get(&cat->gx[1], i));
    rig_backward(pad);
    compare(basic, "unet_pad_concat.dskip", MAP, &cat->gx[0]);
    compare(basic, "unet_pad_concat.dx", MAP, &pad->gx[0]);
    rig_free(pad), rig_free(cat);
}

static void move(const slot *from, const slot *to)
{
    assert_int_equal(from->n, to->n);
    for (int64_t i = 0; i < from->n; i++) slot_put(to, i, slot_get(from, i));
}

/* a convolution with standardised weights is two ops */
static void standardised_convolution(void **state)
{
    (void)state;
    const dtype t[] = { REAL_TYPE, REAL_TYPE };
    rig *w = rig_new("weight_standardize", "eps=1e-5", 1, (shape[]){ SHAPE4(3, 3, 3, 4) }, t, 0);
    rig *conv = rig_new("conv", "pad=1", 2, (shape[]){ SHAPE4(1, 5, 5, 3), SHAPE4(3, 3, 3, 4) }, t, 0);
    put(basic, "stdconv.w", FILTER, &w->x[0]);
    put(basic, "stdconv.x", MAP, &conv->x[0]);
    put(basic, "stdconv.gout", MAP, &conv->gy[0]);
    rig_forward(w);
    move(&w->y[0], &conv->x[1]);
    rig_forward(conv);
    compare(basic, "stdconv.y", MAP, &conv->y[0]);
    rig_backward(conv);
    compare(basic, "stdconv.dx", MAP, &conv->gx[0]);
    move(&conv->gx[1], &w->gy[0]);
    rig_backward(w);
    compare(basic, "stdconv.dw", FILTER, &w->gx[0]);
    rig_free(w), rig_free(conv);
}

static void run_attention(int strided)
{
    static const char *const in[] = { "mha_t5_d8_h2.q", "mha_t5_d8_h2.k", "mha_t5_d8_h2.v" };
    static const char *const out[] = { "mha_t5_d8_h2.dq", "mha_t5_d8_h2.dk", "mha_t5_d8_h2.dv" };
    const dtype t[] = { REAL_TYPE, REAL_TYPE, REAL_TYPE };
    const shape s = SHAPE4(1, 1, 5, 8);
    rig *r = rig_new("attention", "heads=2", 3, (shape[]){ s, s, s }, t, strided);
    for (int i = 0; i < 3; i++) put(basic, in[i], MAP, &r->x[i]);
    put(basic, "mha_t5_d8_h2.gout", MAP, &r->gy[0]);
    rig_forward(r);
    compare(basic, "mha_t5_d8_h2.y", MAP, &r->y[0]);
    rig_backward(r);
    for (int i = 0; i < 3; i++) compare(basic, out[i], MAP, &r->gx[i]);
    rig_intact(r);
    rig_free(r);
}
static void attention(void **state) { (void)state, run_attention(0), run_attention(1); }

/* A loss is one or two ops with weights; its gradient adds up in the logits, as a schedule does it. */
typedef struct { const char *tag; int binary; struct { const char *op, *words; double weight; } part[2]; } loss_case;
static const loss_case losses[] = {
    { "ce_mean", 0, { { "cross_entropy", " ", 1 } } },
    { "dice_milesial_softmax_multiclass", 0, { { "dice", "type=milesial", 1 } } },
    { "milesial_total_ce_plus_dice", 0, { { "cross_entropy", " ", 1 }, { "dice", "type=milesial", 1 } } },
    { "dice_transunet", 0, { { "dice", "type=transunet", 1 } } },
    { "transunet_total_0.5ce_0.5dice", 0, { { "cross_entropy", " ", 0.5 }, { "dice", "type=transunet", 0.5 } } },
    { "nnunet_dice_batch", 0, { { "dice", "type=nnunet_batch", 1 } } },
    { "nnunet_dice_sample", 0, { { "dice", "type=nnunet_sample", 1 } } },
    { "nnunet_total_ce_plus_dice_batch", 0, { { "cross_entropy", " ", 1 }, { "dice", "type=nnunet_batch", 1 } } },
    { "bce_logits_mean", 1, { { "bce", " ", 1 } } },
    { "milesial_binary_bce_plus_dice", 1, { { "bce", " ", 1 }, { "dice", "type=milesial", 1 } } },
    { "peci_sigmoid_dice_one_channel", 1, { { "dice", "type=peci", 1 } } },
};

/* binary logits are stored n h w, which is n h w 1 already */
static void put_logits(const loss_case *k, rig *r)
{
    put(loss, k->binary ? "binary_logits" : "logits", k->binary ? PLAIN : MAP, &r->x[0]);
    double *label = golden_tensor(loss, k->binary ? "binary_target" : "labels", NULL);
    for (int64_t i = 0; i < r->x[1].n; i++) *(uint8_t *)slot_at(&r->x[1], i) = (uint8_t)label[i];
    free(label);
}

static void one_loss(void **state)
{
    const loss_case *k = *state;
    const int64_t c = k->binary ? 1 : 3;
    const dtype t[] = { REAL_TYPE, U8 };
    double value = 0;
    rig *r[2] = { 0 };
    for (int i = 0; i < 2 && k->part[i].op; i++) {
        r[i] = rig_new(k->part[i].op, k->part[i].words, 2, (shape[]){ SHAPE4(2, 4, 5, c), SHAPE4(2, 4, 5, 1) }, t, 0);
        put_logits(k, r[i]);
        rig_forward(r[i]);
        value += k->part[i].weight * (double)slot_get(&r[i]->y[0], 0);
        slot_put(&r[i]->gy[0], 0, (real)k->part[i].weight);
        if (i) for (int64_t j = 0; j < r[i]->gx[0].n; j++) slot_put(&r[i]->gx[0], j, slot_get(&r[0]->gx[0], j));
        r[i]->s.add = i;
        rig_backward(r[i]);
    }
    near(value, golden_scalar(loss, k->tag), sizeof(real) == 8 ? 1e-12 : 2e-6);
    char *name = join(k->tag, "dlogits");
    compare(loss, name, k->binary ? PLAIN : MAP, &r[r[1] != NULL]->gx[0]);
    free(name);
    for (int i = 0; i < 2 && r[i]; i++) rig_free(r[i]);
}

static void generator(void **state)
{
    (void)state;
    static const double want[] = { 0.851774156, 0.142112434, 0.574915469, 0.240576625 };
    static const double weight[] = { 0.406193793, -0.413252980, 0.0865049288, -0.299556315 };
    real w[4];
    golden_fill("unet/inc.double_conv.0.weight", sqrt(3.0 / 9), 0, 4, w);
    for (int i = 0; i < 4; i++) {
        near(golden_u01("unet/inc.double_conv.0.weight", i), want[i], 1e-9);
        near(w[i], weight[i], 1e-9);
    }
    near(golden_u01("vqgan/quantize.embedding.weight", 3), 0.138295889, 1e-9);
}

static int tagged(const char *name, const char *tag)
{
    const char *end = name + strlen(tag);
    return !strncmp(name, tag, strlen(tag)) && (!*end || *end == '.');
}

/* nothing stands in ops_basic that no test above reads */
static void all_of_basic(void **state)
{
    (void)state;
    for (int i = 0; i < golden_count(basic); i++) {
        const char *name = golden_name(basic, i);
        int known = tagged(name, "unet_pad_concat") || tagged(name, "stdconv") || tagged(name, "mha_t5_d8_h2");
        for (size_t k = 0; k < sizeof layers_of / sizeof *layers_of; k++) known |= tagged(name, layers_of[k].tag);
        if (!known) fail_msg("no test reads %s", name);
    }
}

int main(void)
{
    enum { LAYERS = sizeof layers_of / sizeof *layers_of, LOSSES = sizeof losses / sizeof *losses, OTHERS = 5 };
    struct CMUnitTest t[LAYERS + LOSSES + OTHERS] = {
        cmocka_unit_test(generator), cmocka_unit_test(unet_pad_concat), cmocka_unit_test(standardised_convolution), cmocka_unit_test(attention),
        cmocka_unit_test(all_of_basic)
    };
    basic = golden_open("tests/golden/ops_basic"), loss = golden_open("tests/golden/ops_loss");
    for (int i = 0; i < LAYERS; i++) t[OTHERS + i] = (struct CMUnitTest){ layers_of[i].tag, one_layer, NULL, NULL, (void *)&layers_of[i] };
    for (int i = 0; i < LOSSES; i++) t[OTHERS + LAYERS + i] = (struct CMUnitTest){ losses[i].tag, one_loss, NULL, NULL, (void *)&losses[i] };
    return RUN_TESTS(t);
}
