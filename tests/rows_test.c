/* rows_test.c - what the laws of op_test.c cannot say of losses with weights, rows by number, order and maxima: hostile indices and
 * values, ties, a sort as large as a detector's, the order of a sum's terms, a chain of top_k and gather, and the messages of infer. */
#include "tests/rig.h"
#include "nn/plan.h"
#include "nn/schedule.h"
#include "kernels/sort.h"
#include <omp.h>

static const dtype R[] = { REAL_TYPE, REAL_TYPE, REAL_TYPE, REAL_TYPE }, INDEXED[] = { REAL_TYPE, I32 };

static void fill_plain(const slot *s, uint32_t which) { for (int64_t i = 0; i < s->n; i++) slot_put(s, i, (real)rig_u(which, i)); }
static void put_index(const rig *r, int64_t i, int32_t v) { *(int32_t *)slot_at(&r->x[1], i) = v; }
static double sum_of(const slot *s)
{
    double sum = 0;
    for (int64_t i = 0; i < s->n; i++) sum += fabs((double)slot_get(s, i));
    return sum;
}

/* A row of weight 0 may hold anything; where nothing counts, loss and gradient are 0 and not 0 / 0. */
static void weight_of_nothing(void **state)
{
    (void)state;
    static const char *const words[] = { "type=smooth_l1", "type=bce", "type=mse norm=sum", "type=hinge" };
    for (int k = 0; k < 4; k++) {
        rig *r = rig_new("element_loss", words[k], 3, (shape[]){ SHAPE4(3, 1, 1, 2), SHAPE4(3, 1, 1, 2), SHAPE4(3, 1, 1, 1) }, R, 0);
        fill_plain(&r->x[0], 1), fill_plain(&r->x[1], 2);
        slot_put(&r->x[0], 2, NAN), slot_put(&r->x[1], 3, INFINITY), slot_put(&r->gy[0], 0, 1);
        r->s.want = 3;
        for (int i = 0; i < 3; i++) slot_put(&r->x[2], i, i != 1);
        rig_forward(r), rig_backward(r);
        assert_true(isfinite((double)slot_get(&r->y[0], 0)) && slot_get(&r->y[0], 0) != 0);
        assert_true(isfinite(sum_of(&r->gx[0])) && sum_of(&r->gx[0]) > 0);
        for (int i = 2; i < 4; i++) assert_true(slot_get(&r->gx[0], i) == 0 && slot_get(&r->gx[1], i) == 0);
        slot_fill(&r->x[2], 0);
        rig_forward(r), rig_backward(r);
        near(slot_get(&r->y[0], 0), 0, 0);
        near(sum_of(&r->gx[0]) + sum_of(&r->gx[1]), 0, 0);
        rig_free(r);
    }
}

/* A weight for a sample is that weight for each of its pixels. */
static void weights_by_sample_and_by_pixel(void **state)
{
    (void)state;
    const shape m = SHAPE4(3, 4, 5, 2);
    rig *a = rig_new("element_loss", "type=mse", 3, (shape[]){ m, m, SHAPE4(3, 1, 1, 1) }, R, 0);
    rig *b = rig_new("element_loss", "type=mse", 3, (shape[]){ m, m, SHAPE4(3, 4, 5, 1) }, R, 1);
    for (int i = 0; i < 2; i++) fill_plain(&a->x[i], (uint32_t)i), fill_plain(&b->x[i], (uint32_t)i);
    for (int64_t i = 0; i < 3; i++) slot_put(&a->x[2], i, (real)(i + 1));
    for (int64_t i = 0; i < 60; i++) slot_put(&b->x[2], i, (real)(i / 20 + 1));
    rig_forward(a), rig_forward(b);
    near(slot_get(&a->y[0], 0), slot_get(&b->y[0], 0), 1e-7);
    rig_free(a), rig_free(b);
}

/* A student that says what its teacher says has nothing to learn; at high temperature the gradient hardly depends on it. */
static void distillation(void **state)
{
    (void)state;
    double norm[3];
    const shape m[] = { SHAPE4(1, 4, 5, 3), SHAPE4(1, 4, 5, 3) };
    static const char *const words[] = { "temperature=1", "temperature=50", "temperature=100" };
    for (int k = 0; k < 3; k++) {
        rig *r = rig_new("distill", words[k], 2, m, R, 0);
        fill_plain(&r->x[0], 1), fill_plain(&r->x[1], 1), slot_put(&r->gy[0], 0, 1);
        rig_forward(r), rig_backward(r);
        near(slot_get(&r->y[0], 0), 0, 1e-4);
        near(sum_of(&r->gx[0]), 0, 1e-6);
        near(sum_of(&r->gx[1]), 0, 1e-5);
        fill_plain(&r->x[1], 2);
        rig_forward(r), rig_backward(r);
        norm[k] = sum_of(&r->gx[0]);
        rig_free(r);
    }
    assert_true(norm[0] > 0.1);
    near(norm[1] / norm[2], 1, 0.02);
}

/* An index that is no row stands for nothing: no read and no write outside, zeros forward, nothing backward. */
static void indices_of_all_kinds(void **state)
{
    (void)state;
    static const int32_t bad[] = { -1, -7, INT32_MIN, 3, 4, INT32_MAX };
    for (int way = 0; way < 3; way++) {
        static const char *const name[] = { "gather", "scatter", "pick" }, *const words[] = { " ", "rows=3", "width=2" };
        rig *r = rig_new(name[way], words[way], 2, (shape[]){ SHAPE4(way ? 6 : 3, 2, 2, 6), SHAPE1(6) }, INDEXED, 1);
        fill_plain(&r->x[0], 3), fill_plain(&r->gy[0], 4);
        for (int i = 0; i < 6; i++) put_index(r, i, bad[i]);
        rig_forward(r), rig_backward(r);
        near(sum_of(&r->y[0]), 0, 0);
        near(sum_of(&r->gx[0]), 0, 0);
        rig_intact(r);
        rig_free(r);
    }
}

/* Rows that name one destination are added in their order: the bits of that sum and of no other. */
static void scatter_keeps_the_order(void **state)
{
    (void)state;
    rig *r = rig_new("scatter", "rows=2", 2, (shape[]){ SHAPE4(200, 1, 1, 1), SHAPE1(200) }, INDEXED, 0);
    real want[2] = { 0 };
    for (int64_t i = 0; i < 200; i++) {
        const int32_t to = rig_u(7, i) > 0;
        const real v = (real)(rig_u(8, i) * pow(10, (double)(i * 7 % 12)));
        slot_put(&r->x[0], i, v), put_index(r, i, to);
        want[to] += v;
    }
    rig_forward(r);
    for (int i = 0; i < 2; i++) assert_true(slot_get(&r->y[0], i) == want[i]);
    rig_free(r);
}

typedef struct { real v; int32_t at; } keyed;
static int by_value(const void *p, const void *q)                    /* larger first, then by place, NaN last */
{
    const keyed *a = p, *b = q;
    const int na = a->v != a->v, nb = b->v != b->v;
    if (na != nb) return na - nb;
    if (!na && a->v != b->v) return a->v < b->v ? 1 : -1;
    return (a->at > b->at) - (a->at < b->at);
}

/* As many scores as a detector has anchors, with ties, both zeros, infinities and NaN */
static void sort_of_300000(void **state)
{
    (void)state;
    enum { N = 300000 };
    static const real odd[] = { NAN, (real)-0.0, 0, INFINITY, -INFINITY };
    const sort_size s = { 1, N / 3, 3, N, 0 };
    real *x = xalloc_n(N, sizeof *x), *y = xalloc_n(N, sizeof *y);
    int32_t *order = xalloc_n(N, sizeof *order);
    keyed *want = xalloc_n(N, sizeof *want);
    void *work = xalloc(sort_work(s));
    for (int32_t i = 0; i < N; i++) {
        const rng4 d = rng_draw(9, RNG_TEST, 1, 0, (uint64_t)i);
        x[i] = d.v[0] % 50 == 0 ? odd[d.v[1] % 5] : (real)((int)(d.v[1] % 20001) - 10000) / 128;
        want[i] = (keyed){ x[i], i };
    }
    qsort(want, N, sizeof *want, by_value);
    for (int threads = 1; threads <= 2; threads++) {
        omp_set_num_threads(threads);
        sort_rows_cpu(NULL, s, x, 3, NULL, y, 1, order, work);
        for (int64_t i = 0; i < N; i++)
            if (order[i] != want[i].at || memcmp(&y[i], &x[order[i]], sizeof *y)) fail_msg("place %lld", (long long)i);
    }
    free(x), free(y), free(order), free(want), free(work);
}

static void order_of_few(void **state)
{
    (void)state;
    static const real x[] = { 2, NAN, -0.0, 0, 5, NAN, -INFINITY, 2 };
    static const int32_t down[] = { 4, 0, 7, 2, 3, 6, 1, 5 }, up[] = { 6, 2, 3, 0, 7, 4, 1, 5 };
    for (int way = 0; way < 2; way++) {
        rig *r = rig_new("top_k", way ? "order=ascending" : " ", 1, (shape[]){ SHAPE4(1, 2, 2, 2) }, R, 1);
        for (int i = 0; i < 8; i++) slot_put(&r->x[0], i, x[i]);
        rig_forward(r);
        for (int i = 0; i < 8; i++) assert_int_equal(*(int32_t *)slot_at(&r->y[1], i), way ? up[i] : down[i]);
        rig_free(r);
    }
}

static void maximum_of_ties_and_nan(void **state)
{
    (void)state;
    rig *r = rig_new("maximum", "over=channels", 1, (shape[]){ SHAPE4(1, 1, 4, 3) }, R, 0);
    rig *a = rig_new("argmax", " ", 1, (shape[]){ SHAPE4(1, 1, 4, 3) }, R, 1);
    static const real x[] = { 1, 3, 3, 2, NAN, NAN, -INFINITY, -INFINITY, -INFINITY, 0, -0.0, -1 };
    static const int at[] = { 1, 1, 0, 0 };
    for (int i = 0; i < 12; i++) slot_put(&r->x[0], i, x[i]), slot_put(&a->x[0], i, x[i]);
    fill_plain(&r->gy[0], 5);
    rig_forward(r), rig_backward(r), rig_forward(a);
    for (int p = 0; p < 4; p++) {
        assert_int_equal(*(int32_t *)slot_at(&a->y[0], p), at[p]);
        assert_memory_equal(slot_at(&r->y[0], p), &x[3 * p + at[p]], sizeof(real));
        for (int k = 0; k < 3; k++) near(slot_get(&r->gx[0], 3 * p + k), k == at[p] ? (double)slot_get(&r->gy[0], p) : 0, 0);
    }
    rig_free(r), rig_free(a);
}

static tensor *add(graph *g, const char *name, const char *words, int n, tensor *const *in)
{
    return graph_words(g, name, name, name, n, in, words);
}

/* The best pixels of each sample by one map, taken from another, as a detector does it; planned, run, and back through the schedule. */
static void top_k_then_gather(void **state)
{
    (void)state;
    graph *g = graph_new();
    tensor *score = graph_leaf(g, "score", SHAPE4(2, 3, 5, 1), REAL_TYPE, INPUT);
    tensor *box = graph_leaf(g, "box", SHAPE4(2, 3, 5, 4), REAL_TYPE, INPUT);
    tensor *best = add(g, "top_k", "k=4", 1, &score);
    tensor *taken = add(g, "gather", " ", 2, (tensor *[]){ box, best->from->out[1] });
    tensor *loss = add(g, "element_loss", "type=linear target=0 norm=sum", 1, &taken);
    schedule s = { 0 };
    context c = { .dev = &device_cpu, .training = 1, .loss_scale = 1 };
    schedule_forward(&s, g, &loss, 1);
    schedule_backward(&s, g, loss, (tensor *[]){ box }, 1);
    box->x.p = xalloc_n(120, sizeof(real)), score->x.p = xalloc_n(30, sizeof(real));
    plan_make(&s, &c, 1);
    plan_place(&s, &device_cpu);
    memset(s.base, 0xff, s.arena);
    real *x = score->x.p, *b = box->x.p;
    double want = 0;
    for (int i = 0; i < 30; i++) x[i] = (real)(i * 7 % 15);            /* each of 0..14 once in a sample */
    for (int i = 0; i < 120; i++) b[i] = (real)rig_u(3, i), want += x[i / 4] >= 11 ? (double)b[i] : 0;
    schedule_run(&s, &c);
    near(*(real *)loss->x.p, want, 1e-5);
    for (int i = 0; i < 120; i++) near(((real *)box->g.p)[i], x[i / 4] >= 11, 0);
    free(box->x.p), free(score->x.p);
    schedule_free(&s);
    graph_free(g);
}

typedef struct { const char *op, *words; int n; shape s[3]; const dtype *t; const char *message; } refused;
static void refuses(const refused *r) { dies(2, r->message, rig_new(r->op, r->words, r->n, r->s, r->t, 0)); }

static void bad_shapes(void **state)
{
    (void)state;
    const shape m = SHAPE4(2, 4, 4, 3), k = SHAPE1(2);
    const refused bad[] = {
        { "element_loss", "type=l1", 2, { m, SHAPE4(2, 4, 4, 1) }, R, "in1 is 2x4x4x1, wanted 2x4x4x3" },
        { "element_loss", "type=l1", 3, { m, m, SHAPE4(2, 4, 1, 1) }, R, "in2 is 2x4x1x1, wanted 2x4x4x1" },
        { "element_loss", "type=l1 beta=0.5", 2, { m, m }, R, "beta: got 0.5, which this type does not use" },
        { "element_loss", "type=bce target=0", 2, { m, m }, R, "target: got 0, which a map of targets does not use" },
        { "soft_dice", "weights=1,2", 2, { m, m }, R, "weights: got 2, wanted 3" },
        { "distill", " ", 1, { m }, R, "got 1 inputs, wanted 2 to 2" },
        { "gather", " ", 2, { m, SHAPE4(2, 1, 1, 1) }, INDEXED, "in1 is 2x1x1x1, wanted 2" },
        { "gather", " ", 2, { m, { 2, { 3, 5 } } }, INDEXED, "in1 is 3x5, wanted 2x5" },
        { "gather", " ", 2, { m, k }, R, "in1 has the wrong element type" },
        { "scatter", "rows=9", 2, { m, SHAPE1(3) }, INDEXED, "in1 names 3 rows, wanted 2" },
        { "scatter", "rows=9", 2, { m, { 2, { 2, 5 } } }, INDEXED, "in1 names 5 rows, wanted 16" },
        { "pick", "width=2", 2, { m, k }, INDEXED, "width: got 2, wanted a divisor of 3" },
        { "top_k", "k=49", 1, { m }, R, "k: got 49, wanted at most 48" },
        { "top_k", " ", 2, { m, SHAPE1(3) }, INDEXED, "in1 is 3, wanted 2" },
        { "maximum", "over=all", 1, { k }, R, "wanted a map" },
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) refuses(&bad[i]);
}

int main(void)
{
    const struct CMUnitTest t[] = {
        cmocka_unit_test(weight_of_nothing), cmocka_unit_test(weights_by_sample_and_by_pixel), cmocka_unit_test(distillation),
        cmocka_unit_test(indices_of_all_kinds), cmocka_unit_test(scatter_keeps_the_order), cmocka_unit_test(sort_of_300000),
        cmocka_unit_test(order_of_few), cmocka_unit_test(maximum_of_ties_and_nan), cmocka_unit_test(top_k_then_gather),
        cmocka_unit_test(bad_shapes),
    };
    return RUN_TESTS(t);
}
