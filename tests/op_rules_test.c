/* op_rules_test.c - what the laws of op_test.c cannot say in one case line: concat in place, what dropout draws, hostile labels, ties
 * and NaN in a maximum, statistics of data far from zero, exp, log, tanh and erf to the last places, and every message of infer. */
#include "tests/rig.h"
#include "kernels/activation.h"

static const dtype R[] = { REAL_TYPE, REAL_TYPE, REAL_TYPE, REAL_TYPE, REAL_TYPE };
static const dtype LABELLED[] = { REAL_TYPE, U8 };

static void fill_plain(const slot *s, uint32_t which) { for (int64_t i = 0; i < s->n; i++) slot_put(s, i, (real)rig_u(which, i)); }

/* in1 is moved into the output: its value is where it belongs, its gradient is the slice, and nothing else differs */
static void concat_in_place(void **state)
{
    (void)state;
    const shape s[] = { SHAPE4(2, 3, 4, 2), SHAPE4(2, 3, 4, 5), SHAPE4(2, 3, 4, 1) };
    rig *r = rig_new("concat", " ", 3, s, R, 0), *q = rig_new("concat", " ", 3, s, R, 0);
    tensor *t = r->n->in[1], *y = r->n->out[0];
    t->of = y, t->offset = 2, t->x.p = (real *)y->x.p + 2, t->g.p = (real *)y->g.p + 2;
    for (int i = 0; i < 3; i++) fill_plain(&r->x[i], (uint32_t)i), fill_plain(&q->x[i], (uint32_t)i);
    fill_plain(&r->gy[0], 9), fill_plain(&q->gy[0], 9);
    for (int64_t p = 0; p < 24; p++) for (int64_t c = 0; c < 5; c++) ((real *)t->x.p)[p * 8 + c] = slot_get(&q->x[1], p * 5 + c);
    r->n->op->forward(&r->c, r->n);
    rig_forward(q);
    for (int64_t i = 0; i < q->y[0].n; i++) near(slot_get(&r->y[0], i), slot_get(&q->y[0], i), 0);
    rig_backward(r), rig_backward(q);
    for (int i = 0; i < 3; i += 2) for (int64_t k = 0; k < q->gx[i].n; k++) near(slot_get(&r->gx[i], k), slot_get(&q->gx[i], k), 0);
    for (int64_t p = 0; p < 24; p++) for (int64_t c = 0; c < 5; c++) near(((real *)t->g.p)[p * 8 + c], slot_get(&q->gx[1], p * 5 + c), 0);
    rig_free(r), rig_free(q);
}

static int64_t kept(rig *r, const char *name, uint64_t seed, uint32_t step, uint32_t micro, unsigned char mask[1000])
{
    int64_t n = 0;
    snprintf(r->n->out[0]->name, sizeof r->n->out[0]->name, "%s", name);
    r->c.seed = seed, r->c.step = step, r->c.micro = micro;
    rig_forward(r);
    for (int64_t i = 0; i < 1000; i++) n += mask[i] = slot_get(&r->y[0], i) != 0;
    return n;
}

/* The share that is kept is 1 - p, the mask is that of base/rng.h, and seed, step, micro-batch and node each change it. */
static void dropout_draws(void **state)
{
    (void)state;
    rig *r = rig_new("dropout", "probability=0.3", 1, (shape[]){ SHAPE4(1, 10, 20, 5) }, R, 0);
    unsigned char first[1000], other[1000];
    for (int64_t i = 0; i < 1000; i++) slot_put(&r->x[0], i, 1);
    near(kept(r, "drop", 1, 2, 0, first), 700, 5 * sqrt(1000 * 0.3 * 0.7));
    for (int64_t i = 0; i < 1000; i++) if (first[i]) near(slot_get(&r->y[0], i), 1 / 0.7, 1e-6);
    uint32_t h = 2166136261u;
    for (const char *p = "drop"; *p; p++) h = (h ^ (unsigned char)*p) * 16777619u;
    for (int64_t i = 0; i < 1000; i++) assert_int_equal(first[i], rng_u01(rng_draw(1, RNG_DROPOUT, 2, h, (uint64_t)i / 4).v[i % 4]) >= 0.3);
    kept(r, "drop", 1, 2, 0, other), assert_memory_equal(first, other, 1000);
    kept(r, "drop", 7, 2, 0, other), assert_memory_not_equal(first, other, 1000);
    kept(r, "drop", 1, 3, 0, other), assert_memory_not_equal(first, other, 1000);
    kept(r, "drop", 1, 2, 1, other), assert_memory_not_equal(first, other, 1000);
    kept(r, "drip", 1, 2, 0, other), assert_memory_not_equal(first, other, 1000);
    rig_free(r);
}

static double loss_with(const char *op, const char *words, int64_t channels, int label, double *gradient)
{
    rig *r = rig_new(op, words, 2, (shape[]){ SHAPE4(2, 3, 3, channels), SHAPE4(2, 3, 3, 1) }, LABELLED, 0);
    fill_plain(&r->x[0], 3);
    slot_fill(&r->x[1], label);
    slot_put(&r->gy[0], 0, 1);
    rig_forward(r), rig_backward(r);
    const double y = (double)slot_get(&r->y[0], 0);
    *gradient = 0;
    for (int64_t i = 0; i < r->gx[0].n; i++) *gradient += fabs((double)slot_get(&r->gx[0], i));
    rig_intact(r);
    rig_free(r);
    return y;
}

/* A label that names no class stops the run by a NaN; a batch in which nothing counts gives 0 and a gradient of 0, not 0 / 0. */
static void labels_of_all_kinds(void **state)
{
    (void)state;
    double g;
    assert_true(isnan(loss_with("cross_entropy", " ", 3, 3, &g)));
    assert_true(isnan(loss_with("cross_entropy", "ignore=4", 3, 255, &g)));
    assert_true(isnan(loss_with("bce", " ", 1, 2, &g)));
    assert_true(isnan(loss_with("dice", "type=milesial", 3, 3, &g)));
    assert_true(isnan(loss_with("dice", "type=nnunet_sample", 1, 2, &g)));
    assert_true(isnan(loss_with("dice", "type=peci", 3, 4, &g)));
    assert_false(isnan(loss_with("dice", "type=peci", 3, 3, &g)));
    near(loss_with("cross_entropy", "ignore=255", 3, 255, &g), 0, 0);
    near(g, 0, 0);
    near(loss_with("bce", "ignore=255", 1, 255, &g), 0, 0);
    near(g, 0, 0);
    near(loss_with("dice", "ignore=255", 3, 255, &g), 0, 1e-12);   /* nothing to find, nothing found: ratio 1 */
    near(g, 0, 0);
    near(loss_with("cross_entropy", "weights=0,1,1", 3, 0, &g), 0, 0);
    near(g, 0, 0);
}

/* Confident logits: no overflow, no log 0 */
static void large_logits(void **state)
{
    (void)state;
    rig *r = rig_new("cross_entropy", " ", 2, (shape[]){ SHAPE4(1, 1, 2, 2), SHAPE4(1, 1, 2, 1) }, LABELLED, 0);
    rig *b = rig_new("bce", " ", 2, (shape[]){ SHAPE4(1, 1, 2, 1), SHAPE4(1, 1, 2, 1) }, LABELLED, 0);
    const real x[] = { 500, -500, -500, 500 };                 /* the first pixel right, the second wrong by 1000 */
    for (int i = 0; i < 4; i++) slot_put(&r->x[0], i, x[i]);
    for (int i = 0; i < 2; i++) slot_put(&b->x[0], i, i ? -800 : 800), *(uint8_t *)slot_at(&b->x[1], i) = 1, *(uint8_t *)slot_at(&r->x[1], i) = 0;
    rig_forward(r), rig_forward(b);
    near(slot_get(&r->y[0], 0), 500, 1e-4);
    near(slot_get(&b->y[0], 0), 400, 1e-4);
    rig_free(r), rig_free(b);
    for (int64_t channels = 3; channels < 40; channels += 30) {                /* turned in tiles, and a pixel for itself */
        rig *p = rig_new("softmax", " ", 1, (shape[]){ SHAPE4(1, 1, 1, channels) }, R, 0);
        for (int64_t k = 0; k < channels; k++) slot_put(&p->x[0], k, k == 1 ? 700 : -700);
        rig_forward(p);
        for (int64_t k = 0; k < channels; k++) near(slot_get(&p->y[0], k), k == 1, 1e-6);
        rig_free(p);
    }
}

/* Scores of some thousands, all above or all below zero, over more keys than a block holds, the largest at the end or the start: no
 * overflow, each query gets the value of its key, and a gradient that is flat there. */
static void scores_of(double sign, int64_t best)
{
    rig *r = rig_new("attention", " ", 3, (shape[]){ SHAPE4(1, 1, 3, 2), SHAPE4(1, 1, 300, 2), SHAPE4(1, 1, 300, 2) }, R, 0);
    for (int64_t i = 0; i < 3; i++) slot_put(&r->x[0], 2 * i, (real)(100 * sign)), slot_put(&r->x[0], 2 * i + 1, (real)(i - 1));
    for (int64_t j = 0; j < 300; j++) slot_put(&r->x[1], 2 * j, (real)(j + 5)), slot_put(&r->x[1], 2 * j + 1, 0);
    for (int64_t k = 0; k < 600; k++) slot_put(&r->x[2], k, (real)k);
    for (int64_t k = 0; k < 6; k++) slot_put(&r->gy[0], k, 1);
    rig_forward(r), rig_backward(r);
    for (int64_t k = 0; k < 6; k++) near(slot_get(&r->y[0], k), 2 * best + k % 2, 1e-4);
    for (int64_t k = 0; k < 600; k++) {
        near(slot_get(&r->gx[1], k), 0, 1e-4);
        near(slot_get(&r->gx[2], k), k / 2 == best ? 3 : 0, 1e-5);
    }
    rig_free(r);
}
static void large_scores(void **state) { (void)state, scores_of(1, 299), scores_of(-1, 0); }

static void maximum_of_ties_and_nan(void **state)
{
    (void)state;
    rig *r = rig_new("maxpool", " ", 1, (shape[]){ SHAPE4(1, 4, 2, 1) }, R, 0);
    const real x[] = { 1, 2, 2, 2, 3, NAN, -INFINITY, 9 };
    for (int i = 0; i < 8; i++) slot_put(&r->x[0], i, x[i]);
    slot_put(&r->gy[0], 0, 5), slot_put(&r->gy[0], 1, 7);
    rig_forward(r), rig_backward(r);
    near(slot_get(&r->y[0], 0), 2, 0);
    assert_true(isnan((double)slot_get(&r->y[0], 1)));
    for (int i = 0; i < 8; i++) near(slot_get(&r->gx[0], i), i == 1 ? 5 : i == 5 ? 7 : 0, 0);
    slot_fill(&r->x[0], 0);
    for (int i = 0; i < 8; i++) slot_put(&r->x[0], i, -INFINITY);
    rig_forward(r), rig_backward(r);
    for (int i = 0; i < 8; i++) near(slot_get(&r->gx[0], i), i == 0 ? 5 : i == 4 ? 7 : 0, 0);
    rig_free(r);
}

/* mean 1000, deviation about 0.3: a sum of squares in float would be off by more than the variance */
static void far_from_zero(void **state)
{
    (void)state;
    rig *r = rig_new("batch_norm", "eps=1e-12", 5, (shape[]){ SHAPE4(2, 20, 20, 3), SHAPE1(3), SHAPE1(3), SHAPE1(3), SHAPE1(3) }, R, 0);
    for (int i = 1; i < 5; i++) for (int k = 0; k < 3; k++) slot_put(&r->x[i], k, i == 1);
    for (int64_t i = 0; i < r->x[0].n; i++) slot_put(&r->x[0], i, (real)(1000 + 0.5 * rig_u(4, i)));
    rig_forward(r);
    for (int64_t c = 0; c < 3; c++) {
        double mean = 0, var = 0;
        for (int64_t p = 0; p < 800; p++) mean += (double)slot_get(&r->x[0], p * 3 + c) / 800;
        for (int64_t p = 0; p < 800; p++) var += pow((double)slot_get(&r->x[0], p * 3 + c) - mean, 2) / 800;
        near(slot_get(&r->saved[1], c) * sqrt(var), 1, 1e-5);
    }
    rig_free(r);
}

/* the same for the channels of one token and for a filter; a filter whose weights are all alike comes out as zeros */
static void layers_far_from_zero(void **state)
{
    (void)state;
    rig *r = rig_new("layer_norm", "eps=1e-12", 3, (shape[]){ SHAPE4(1, 1, 2, 768), SHAPE1(768), SHAPE1(768) }, R, 0);
    rig *w = rig_new("weight_standardize", " ", 1, (shape[]){ SHAPE4(3, 3, 64, 2) }, R, 0);
    for (int i = 1; i < 3; i++) for (int k = 0; k < 768; k++) slot_put(&r->x[i], k, i == 1);
    for (int64_t i = 0; i < r->x[0].n; i++) slot_put(&r->x[0], i, (real)(1000 + 0.5 * rig_u(4, i)));
    for (int64_t i = 0; i < w->x[0].n; i++) slot_put(&w->x[0], i, i % 2 ? (real)0.7 : (real)(100 + rig_u(5, i)));
    rig_forward(r), rig_forward(w);
    for (int64_t p = 0; p < 2; p++) {
        double mean = 0, var = 0;
        for (int64_t k = 0; k < 768; k++) mean += (double)slot_get(&r->x[0], p * 768 + k) / 768;
        for (int64_t k = 0; k < 768; k++) var += pow((double)slot_get(&r->x[0], p * 768 + k) - mean, 2) / 768;
        near(slot_get(&r->saved[1], p) * sqrt(var), 1, 1e-5);
    }
    double square = 0;
    for (int64_t i = 0; i < w->y[0].n; i += 2) square += pow((double)slot_get(&w->y[0], i), 2) / 576;
    near(square, 1, 1e-3);
    for (int64_t i = 1; i < w->y[0].n; i += 2) near(slot_get(&w->y[0], i), 0, 1e-4);
    rig_free(r), rig_free(w);
}

static void exp_and_log(void **state)
{
    (void)state;
    const double ulp = sizeof(real) == 8 ? 2.3e-16 : 1.2e-7, reach = sizeof(real) == 8 ? 700 : 86;
    double worst_exp = 0, worst_log = 0;
    for (int64_t i = 0; i < 200000; i++) {
        const double scale = i % 2 ? 1 : reach;
        const real x = (real)(scale * rig_u(8, i)), y = (real)exp(scale * rig_u(9, i)), z = (real)(1 + 0.5 * rig_u(10, i));
        worst_exp = fmax(worst_exp, fabs((double)real_exp(x) / exp((double)x) - 1) / ulp);
        worst_log = fmax(worst_log, fabs((double)real_log(y) - log((double)y)) / (ulp * fmax(fabs(log((double)y)), 1e-3)));
        worst_log = fmax(worst_log, fabs((double)real_log(z) - log((double)z)) / (ulp * fabs(log((double)z))));
    }
    near(worst_exp, 0, 2);
    near(worst_log, 0, 2);
    near(real_exp(0), 1, 0);
    near(real_log(1), 0, 0);
    near(real_exp(-1e30f), 0, 1e-37);
    assert_true(isnan((double)real_exp((real)NAN)));
    assert_true(isnan((double)real_log((real)NAN)));
}

static void tanh_and_erf(void **state)
{
    (void)state;
    const double ulp = sizeof(real) == 8 ? 2.3e-16 : 1.2e-7;
    double worst_tanh = 0, worst_erf = 0;
    for (int64_t i = 0; i < 200000; i++) {
        const real x = (real)((i % 3 ? i % 3 == 1 ? 1 : 5 : 1e-3) * rig_u(12, i));
        worst_tanh = fmax(worst_tanh, fabs((double)real_tanh(x) / tanh((double)x) - 1) / ulp);
        worst_erf = fmax(worst_erf, fabs((double)real_erf(x) / erf((double)x) - 1) / ulp);
    }
    near(worst_tanh, 0, 2);
    near(worst_erf, 0, 2);
    for (int sign = -1; sign < 2; sign += 2) {
        near(real_tanh((real)(sign * 1e30)), sign, 0);
        near(real_erf((real)(sign * 1e30)), sign, 0);
        near(real_tanh((real)(sign * INFINITY)), sign, 0);
        near(real_erf((real)(sign * INFINITY)), sign, 0);
    }
    near(real_tanh(0), 0, 0);
    near(real_erf(0), 0, 0);
    assert_true(isnan((double)real_tanh((real)NAN)) && isnan((double)real_erf((real)NAN)));
}

/* The slopes of tanh and gelu to a few places of themselves even where they are small */
static void slopes_far_out(void **state)
{
    (void)state;
    const double tol = sizeof(real) == 8 ? 1e-14 : 2e-6;
    for (double x = -8; x <= 8; x += 0.25) {
        const double e = exp(-2 * fabs(x)), want = 4 * e / ((1 + e) * (1 + e));
        const double gelu = 0.5 * erfc(-x * 0.70710678118654752) + x * 0.39894228040143268 * exp(-0.5 * x * x);
        near((double)act_slope(ACT_TANH, (real)x, 0) / want, 1, tol);
        near(act_slope(ACT_GELU, (real)x, 0), gelu, tol);
    }
}

/* A logit that is NaN shows in the loss, whichever class it is of: log must not turn the NaN of a sum into a number */
static void nan_shows(void **state)
{
    (void)state;
    for (int channel = 0; channel < 3; channel++) {
        rig *r = rig_new("cross_entropy", " ", 2, (shape[]){ SHAPE4(1, 2, 3, 3), SHAPE4(1, 2, 3, 1) }, LABELLED, 0);
        fill_plain(&r->x[0], 3);
        slot_fill(&r->x[1], 1);
        slot_put(&r->x[0], 3 + channel, (real)NAN);
        rig_forward(r);
        assert_true(isnan((double)slot_get(&r->y[0], 0)));
        rig_free(r);
    }
}

typedef struct { const char *op, *words; int n; shape s[5]; const char *says; } refused;
static void refuse(const refused *k, const dtype *types) { dies(EXIT_INPUT, k->says, rig_new(k->op, k->words, k->n, k->s, types, 0)); }

/* What infer must refuse, and the words it must say it with */
static void bad_shapes(void **state)
{
    (void)state;
    const shape m = SHAPE4(2, 4, 4, 3), v = SHAPE1(3), w = SHAPE1(4), one = SHAPE1(1);
    const refused bad[] = {
        { "batch_norm", " ", 4, { m, v, v, v }, "got 4 inputs, wanted 5" },
        { "batch_norm", " ", 5, { m, v, w, v, v }, "in2 is 4, wanted 3" },
        { "batch_norm", " ", 5, { v, v, v, v, v }, "wanted a map n,h,w,c" },
        { "group_norm", "groups=2", 3, { m, v, v }, "groups: got 2, wanted a divisor of 3" },
        { "group_norm", " ", 3, { m, v, v }, "groups: got 0" },
        { "add", " ", 1, { m }, "got 1 inputs, wanted 2 to 16" },
        { "add", " ", 2, { m, SHAPE4(2, 4, 4, 1) }, "in1 is 2x4x4x1, wanted 2x4x4x3" },
        { "concat", " ", 2, { m, SHAPE4(2, 4, 5, 3) }, "wanted the same n,h,w" },
        { "concat", " ", 2, { m, v }, "wanted a map" },
        { "softmax", " ", 1, { SHAPE4(1, 1, 1, 257) }, "got 257 channels, wanted at most 256" },
        { "crop", "top=4", 1, { m }, "nothing is left of 2x4x4x3" },
        { "maxpool", "size_h=17 size_w=16", 1, { SHAPE4(1, 40, 40, 1) }, "wanted at most 256 pixels" },
        { "maxpool", "pad_top=2", 1, { m }, "padding must be smaller than the window" },
        { "maxpool", "size_h=5 size_w=2", 1, { m }, "a window of 5 x 2 does not fit 2x4x4x3" },
        { "upsample", "height=8", 1, { m }, "height and width must be given together" },
        { "upsample", "align_corners=1", 1, { m }, "needs mode=bilinear" },
        { "upsample", "mode=area align_corners=1", 1, { m }, "needs mode=bilinear or bicubic" },
        { "avgpool", "pad_left=2", 1, { m }, "avgpool: the padding must be smaller than the window" },
        { "avgpool", "size_h=5", 1, { m }, "avgpool: a window of 5 x 2 does not fit 2x4x4x3" },
        { "reduce", " ", 1, { v }, "wanted a map n,h,w,c" },
        { "layer_norm", " ", 3, { m, w, v }, "in1 is 4, wanted 3" },
        { "weight_standardize", " ", 1, { v }, "in0 is 3, wanted weights h,w,i,o" },
        { "linear", " ", 2, { m, { 2, { 5, 4 } } }, "in1 is 5x4, wanted outputs x 3" },
        { "linear", " ", 3, { m, { 2, { 5, 3 } }, v }, "in2 is 3, wanted 5" },
        { "add_table", " ", 2, { m, { 3, { 1, 15, 3 } } }, "in1 is 1x15x3, wanted 1x16x3 or 1,h,w,c" },
        { "multiply", " ", 2, { m, SHAPE4(2, 4, 4, 1) }, "in1 is 2x4x4x1, wanted 2x4x4x3" },
        { "reshape", "height=5", 1, { m }, "2x4x4x3 does not divide into 5 x 1 pixels" },
        { "attention", "heads=2", 3, { m, m, m }, "heads: got 2, wanted a divisor of 3" },
        { "attention", " ", 3, { m, SHAPE4(2, 4, 4, 6), SHAPE4(2, 4, 4, 6) }, "wanted the same n and c" },
        { "attention", " ", 3, { m, m, SHAPE4(2, 4, 5, 3) }, "in2 is 2x4x5x3, wanted 2x4x4x3" },
        { "cross_entropy", " ", 2, { SHAPE4(2, 4, 4, 1), SHAPE4(2, 4, 4, 1) }, "has 1 channels, wanted 2 to 256" },
        { "cross_entropy", " ", 2, { m, SHAPE4(2, 4, 4, 3) }, "in1 is 2x4x4x3, wanted 2x4x4x1" },
        { "cross_entropy", " ", 2, { m, SHAPE4(2, 4, 4, 1) }, "in1 has the wrong element type" },
        { "bce", " ", 2, { m, SHAPE4(2, 4, 4, 1) }, "has 3 channels, wanted 1 to 1" },
        { "dice", " ", 1, { m }, "got 1 inputs, wanted 2" },
        { "total", "weights=1,2", 1, { one }, "weights: got 2, wanted 1" },
        { "total", " ", 1, { v }, "in0 is 3, wanted 1" },
    };
    const refused weights = { "cross_entropy", "weights=1,2", 2, { m, SHAPE4(2, 4, 4, 1) }, "weights: got 2, wanted 3" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) refuse(&bad[i], R);
    refuse(&weights, LABELLED);
}

/* To the nearest, ties to even, by the bits: a number, what bf16 it becomes */
static void rounding_to_bf16(void **state)
{
    static const uint32_t table[][2] = {
        { 0x3f800000, 0x3f80 }, { 0x3f807fff, 0x3f80 }, { 0x3f808000, 0x3f80 }, { 0x3f808001, 0x3f81 }, { 0x3f818000, 0x3f82 },
        { 0xbf818000, 0xbf82 }, { 0x80000000, 0x8000 }, { 0x00008001, 0x0001 }, { 0x7f7f7fff, 0x7f7f }, { 0x7f7f8000, 0x7f80 },
        { 0x7f800000, 0x7f80 }, { 0xff800000, 0xff80 }, { 0x7f800001, 0x7fc0 }, { 0xffffffff, 0x7fc0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        float f;
        memcpy(&f, &table[i][0], sizeof f);
        assert_int_equal(bf16_put(f).bits, table[i][1]);
    }
    for (uint32_t b = 0; b < 65536; b++) {                     /* what is a bf16 stays one */
        const bf16 v = { (uint16_t)b };
        if (!isnan((double)bf16_get(v))) assert_int_equal(bf16_put(bf16_get(v)).bits, b);
    }
}

int main(void)
{
    const struct CMUnitTest t[] = {
        cmocka_unit_test(concat_in_place), cmocka_unit_test(dropout_draws), cmocka_unit_test(labels_of_all_kinds), cmocka_unit_test(large_logits),
        cmocka_unit_test(large_scores), cmocka_unit_test(maximum_of_ties_and_nan), cmocka_unit_test(far_from_zero),
        cmocka_unit_test(layers_far_from_zero), cmocka_unit_test(exp_and_log), cmocka_unit_test(tanh_and_erf),
        cmocka_unit_test(slopes_far_out), cmocka_unit_test(nan_shows), cmocka_unit_test(bad_shapes),
        cmocka_unit_test(rounding_to_bf16),
    };
    return RUN_TESTS(t);
}
