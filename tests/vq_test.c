/* vq_test.c - the codebook: a reference's numbers, gradients that are no derivatives against their definition, ties, and what becomes of
 * codes after a batch. What all ops have to hold stands in op_test.c. */
#include "tests/golden.h"
#include "tests/rig.h"
#include "nn/schedule.h"

enum { ROWS = 12, CHANNELS = 3, CODES = 5 };
static const double strict = sizeof(real) == 8;

static rig *vq_rig(const char *op, const char *words, int nin, shape map, int64_t codes)
{
    const int64_t c = map.d[3];
    const shape s[] = { map, { 2, { codes, c } }, { 3, { map.d[0], map.d[1], map.d[2] } }, SHAPE1(codes), SHAPE1(codes), { 2, { codes, c } } };
    const dtype t[] = { REAL_TYPE, REAL_TYPE, I32, REAL_TYPE, REAL_TYPE, REAL_TYPE };
    rig *r = rig_new(op, words, nin, s, t, DENSE);
    for (int i = 0; i < nin; i++)
        for (int64_t k = 0; k < r->x[i].n && t[i] == REAL_TYPE; k++) slot_put(&r->x[i], k, (real)rig_u((uint32_t)i, k));
    return r;
}
static int32_t *whole(const slot *s, int64_t i) { return slot_at(s, i); }

/* ---- the reference's numbers ---- */

static void put_map(const golden *g, const char *name, const slot *to)
{
    shape s;
    double *v = golden_tensor(g, name, &s);
    real *o = xalloc_n((size_t)to->n, sizeof *o);
    assert_int_equal(shape_volume(&s), to->n);
    if (s.nd == 4) golden_nhwc(&s, v, o);
    for (int64_t i = 0; i < to->n; i++) slot_put(to, i, s.nd == 4 ? o[i] : (real)v[i]);
    free(v), free(o);
}

static void check(const golden *g, const char *type, const char *field, const slot *got, const slot *more)
{
    shape s;
    char *name = xprintf("%s.%s", type, field);
    double *v = golden_tensor(g, name, &s), largest = 0;
    real *o = xalloc_n((size_t)got->n, sizeof *o);
    for (int64_t i = 0; i < got->n; i++) o[i] = (real)v[i];
    if (s.nd == 4) golden_nhwc(&s, v, o);
    for (int64_t i = 0; i < got->n; i++) largest = fmax(largest, fabs(v[i]));
    for (int64_t i = 0; i < got->n; i++)
        near((double)slot_get(got, i) + (more ? (double)slot_get(more, i) : 0), (double)o[i], (strict ? 6e-8 : 1e-6) * largest);
    free(v), free(o), free(name);
}

/* loss + sum(gout * zq): the map's gradient has two parts, the codes' one */
static void reference(void **state)
{
    const char *type = *state;
    golden *g = golden_open("tests/golden/ops_vq");
    char *words = xprintf("type=%s", type), *name = xprintf("%s.index", type), *scalar = xprintf("%s.loss", type);
    rig *q = vq_rig("quantize", " ", 2, SHAPE4(1, 3, 3, 4), 16), *l = vq_rig("codebook_loss", words, 3, SHAPE4(1, 3, 3, 4), 16);
    put_map(g, "z", &q->x[0]), put_map(g, "z", &l->x[0]), put_map(g, "codebook", &q->x[1]), put_map(g, "codebook", &l->x[1]);
    put_map(g, "gout", &q->gy[0]), slot_put(&l->gy[0], 0, 1);
    rig_forward(q);
    double *index = golden_tensor(g, name, NULL);
    for (int i = 0; i < 9; i++) assert_int_equal(*whole(&q->y[1], i), (int)index[i]), *whole(&l->x[2], i) = *whole(&q->y[1], i);
    rig_forward(l), rig_backward(l), rig_backward(q);
    near(slot_get(&l->y[0], 0), golden_scalar(g, scalar), strict ? 1e-12 : 1e-6);
    check(g, type, "zq", &q->y[0], NULL);
    check(g, type, "dz", &q->gx[0], &l->gx[0]);
    check(g, type, "dcodebook", &l->gx[1], NULL);
    assert_null(q->gx[1].base);
    free(index), free(words), free(name), free(scalar), rig_free(q), rig_free(l), golden_free(g);
}

/* ---- gradients from their definition ---- */

static void loss_pulls(const char *words, double on_map, double on_codes)
{
    rig *r = vq_rig("codebook_loss", words, 3, SHAPE4(1, 3, 4, CHANNELS), CODES);
    const double gy = 0.7, n = ROWS * CHANNELS;
    for (int i = 0; i < ROWS; i++) *whole(&r->x[2], i) = i % (CODES - 1) - (i == 7);      /* one row names none, one code has no row */
    *whole(&r->x[2], 4) = -1;
    slot_put(&r->gy[0], 0, (real)gy);
    rig_forward(r), rig_backward(r);
    double want[CODES * CHANNELS] = { 0 };
    for (int i = 0; i < ROWS * CHANNELS; i++) {
        const int32_t k = *whole(&r->x[2], i / CHANNELS);
        const double d = k < 0 ? 0 : (double)slot_get(&r->x[0], i) - (double)slot_get(&r->x[1], k * CHANNELS + i % CHANNELS);
        near(slot_get(&r->gx[0], i), 2 * gy * on_map * d / n, strict ? 1e-15 : 1e-7);
        if (k >= 0) want[k * CHANNELS + i % CHANNELS] -= 2 * gy * on_codes * d / n;
    }
    for (int i = 0; i < CODES * CHANNELS; i++) near(slot_get(&r->gx[1], i), want[i], strict ? 1e-15 : 1e-7);
    rig_free(r);
}
static void pulls(void **state)
{
    (void)state;
    loss_pulls("type=legacy beta=0.3", 1, 0.3), loss_pulls("type=corrected beta=0.3", 0.3, 1), loss_pulls("type=ema beta=0.3", 0.3, 0);
}

static void straight_through(void **state)
{
    (void)state;
    rig *r = vq_rig("quantize", " ", 2, SHAPE4(2, 2, 3, CHANNELS), CODES);
    for (int64_t i = 0; i < r->gy[0].n; i++) slot_put(&r->gy[0], i, (real)rig_u(9, i));
    rig_forward(r), rig_backward(r);
    for (int64_t i = 0; i < r->gy[0].n; i++) assert_true(slot_get(&r->gx[0], i) == slot_get(&r->gy[0], i));
    rig_free(r);
}

/* A schedule asks for no gradient where an op stops it: the decoder teaches the codes nothing. */
static void codes_stop_the_gradient(void **state)
{
    (void)state;
    graph *g = graph_new();
    tensor *in[2] = { graph_leaf(g, "z", SHAPE4(1, 2, 2, 3), REAL_TYPE, PARAM), graph_leaf(g, "codes", (shape){ 2, { 4, 3 } }, REAL_TYPE, PARAM) };
    tensor *q = graph_words(g, "quantize", "q", "test", 2, in, " "), *loss = graph_words(g, "reduce", "loss", "test", 1, &q, "over=all");
    schedule s = { 0 };
    int found = 0;
    schedule_forward(&s, g, &loss, 1), schedule_backward(&s, g, loss, in, 2);
    for (int i = 0; i < s.n; i++) if (s.s[i].n == q->from && s.s[i].backward) found++, assert_int_equal(s.s[i].want, 1);
    assert_int_equal(found, 1);
    schedule_free(&s), graph_free(g);
}

/* Codes 1 and 3 are the same, and code 4 is as far on the other side of a vector half way: the first is taken. NaN is code 0's. */
static void ties(void **state)
{
    (void)state;
    static const double codes[CODES] = { 8, 2, -4, 2, 4 }, z[4] = { 1.9, 3, 2, NAN };
    static const int32_t want[4] = { 1, 1, 1, 0 };
    rig *r = vq_rig("quantize", " ", 2, SHAPE4(1, 1, 4, 1), CODES);
    for (int k = 0; k < CODES; k++) slot_put(&r->x[1], k, (real)codes[k]);
    for (int i = 0; i < 4; i++) slot_put(&r->x[0], i, (real)z[i]);
    rig_forward(r);
    for (int i = 0; i < 4; i++) assert_int_equal(*whole(&r->y[1], i), want[i]), assert_true(slot_get(&r->y[0], i) == (real)codes[want[i]]);
    rig_free(r);
}

/* ---- after a batch ---- */

/* Two steps: code 0 takes eight vectors each time, code 1 four, the others none. */
static void running_means(void **state)
{
    (void)state;
    const double decay = 0.9, eps = 1e-3;
    rig *r = vq_rig("codebook_update", "decay=0.9 eps=1e-3", 6, SHAPE4(1, 3, 4, CHANNELS), CODES);
    double size[CODES], sum[CODES][CHANNELS];
    for (int k = 0; k < CODES; k++) {
        slot_put(&r->x[4], k, 0), size[k] = 1;
        for (int j = 0; j < CHANNELS; j++) sum[k][j] = (double)slot_get(&r->x[1], k * CHANNELS + j);
    }
    for (int i = 0; i < ROWS; i++) *whole(&r->x[2], i) = i >= 8;
    for (int step = 0; step < 2; step++) {
        double total = 0;
        rig_forward(r);
        for (int k = 0; k < CODES; k++) {
            size[k] = decay * size[k] + (1 - decay) * (k == 0 ? 8 : k == 1 ? 4 : 0), total += size[k];
            for (int j = 0; j < CHANNELS; j++) sum[k][j] *= decay;
        }
        for (int i = 0; i < ROWS; i++) for (int j = 0; j < CHANNELS; j++) sum[i >= 8][j] += (1 - decay) * (double)slot_get(&r->x[0], i * CHANNELS + j);
        for (int k = 0; k < CODES; k++)
            for (int j = 0; j < CHANNELS; j++)
                near(slot_get(&r->x[1], k * CHANNELS + j), sum[k][j] / ((size[k] + eps) / (total + CODES * eps) * total), strict ? 1e-12 : 1e-5);
    }
    near(slot_get(&r->y[0], 0), exp(-2.0 / 3 * log(2.0 / 3) - 1.0 / 3 * log(1.0 / 3)), 1e-6);
    rig_free(r);
}

static int is_row(const rig *r, int64_t code)
{
    for (int i = 0; i < ROWS; i++) {
        int same = 1;
        for (int j = 0; j < CHANNELS; j++) same &= slot_get(&r->x[1], code * CHANNELS + j) == slot_get(&r->x[0], i * CHANNELS + j);
        if (same) return 1;
    }
    return 0;
}

/* Codes 2 to 4 are used by nothing: they stay twice, and move the third time. Evaluation moves nothing. */
static void restarts(void **state)
{
    (void)state;
    rig *r = vq_rig("codebook_update", "restart=3", 4, SHAPE4(1, 3, 4, CHANNELS), CODES);
    for (int k = 0; k < CODES; k++) slot_put(&r->x[3], k, 0);
    for (int i = 0; i < ROWS; i++) *whole(&r->x[2], i) = i >= 8;
    for (int step = 1; step <= 4; step++) {
        r->c.step = (uint32_t)step, r->c.training = step != 3;
        rig_forward(r);
        for (int k = 0; k < CODES; k++) assert_int_equal(is_row(r, k), step == 4 && k >= 2);
    }
    for (int k = 0; k < CODES; k++) assert_true(slot_get(&r->x[3], k) == 0);
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        { "legacy", reference, NULL, NULL, (void *)"legacy" }, { "corrected", reference, NULL, NULL, (void *)"corrected" }, cmocka_unit_test(pulls),
        cmocka_unit_test(straight_through), cmocka_unit_test(codes_stop_the_gradient), cmocka_unit_test(ties),
        cmocka_unit_test(running_means), cmocka_unit_test(restarts),
    };
    return RUN_TESTS(tests);
}
