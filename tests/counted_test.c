/* counted_test.c - maps of which only the first samples of each image count: those come out as they do without counts, parts in which none
 * counts are not looked at (NaN stands there) and become 0, forward and backward, and gradients of weights add up over parts. */
#include "tests/test.h"
#include "base/rng.h"
#include "nn/device.h"
#include "nn/graph.h"
#include "nn/plan.h"
#include "nn/schedule.h"

enum { IMAGES = 2, ROOM = 24, SAMPLES = IMAGES * ROOM, PART = 16, SIDE = 6, C = 16, OUT = 8 };
enum { X, W1, B1, W2, B2, TARGET, WEIGHT, LEAVES };

static real noise(int what, int64_t i) { return (real)rng_range(rng_draw(9, RNG_TEST, (uint32_t)what, 0, (uint64_t)i).v[0], -1, 1); }
static int counts(const int32_t count[IMAGES], int64_t sample) { return sample % ROOM < count[sample / ROOM]; }
/* Is there a sample that counts among those that are computed together with this one? */
static int computed(const int32_t count[IMAGES], int64_t sample)
{
    for (int64_t i = sample / PART * PART; i < sample / PART * PART + PART; i++) if (counts(count, i)) return 1;
    return 0;
}

typedef struct { graph *g; tensor *leaf[LEAVES], *count, *y, *out, *loss; schedule plan; context c; } model;

static model model_new(const int32_t count[IMAGES], int with)
{
    static const shape size[LEAVES] = { SHAPE4(SAMPLES, SIDE, SIDE, C), SHAPE4(3, 3, C, C), SHAPE1(C), SHAPE4(C, 2, 2, OUT), SHAPE1(OUT),
                                        SHAPE4(SAMPLES, 2 * SIDE, 2 * SIDE, OUT), SHAPE4(SAMPLES, 1, 1, 1) };
    model m = { .g = graph_new(), .c = { .dev = &device_cpu, .loss_scale = 1, .training = 1 } };
    for (int k = 0; k < LEAVES; k++) {
        tensor *t = m.leaf[k] = graph_leaf(m.g, "leaf", size[k], REAL_TYPE, k >= W1 && k <= B2 ? PARAM : INPUT);
        real *x = t->x.p = xalloc(t->x.size);
        if (t->role == PARAM) t->g.p = xalloc(t->g.size);      /* gradients of inputs lie in the plan */
        for (int64_t i = 0; i < shape_volume(&t->s); i++) {
            const int64_t sample = t->s.d[0] == SAMPLES ? i / (shape_volume(&t->s) / SAMPLES) : 0;
            if (k == WEIGHT) x[i] = (real)counts(count, sample);
            else x[i] = k != X || counts(count, sample) ? noise(k, i) : with && !computed(count, sample) ? (real)NAN : 0;
        }
    }
    m.count = graph_leaf(m.g, "count", SHAPE1(IMAGES), I32, INPUT);
    m.count->x.p = xalloc(m.count->x.size);
    memcpy(m.count->x.p, count, m.count->x.size);
    if (with) m.leaf[X]->count = m.count;
    m.y = graph_words(m.g, "conv", "y", "test", 3, (tensor *[]){ m.leaf[X], m.leaf[W1], m.leaf[B1] }, "pad=1");
    tensor *a = graph_words(m.g, "activation", "a", "test", 1, &m.y, "activation=relu");
    m.out = graph_words(m.g, "deconv", "out", "test", 3, (tensor *[]){ a, m.leaf[W2], m.leaf[B2] }, "stride=2");
    m.loss = graph_words(m.g, "element_loss", "loss", "test", 3, (tensor *[]){ m.out, m.leaf[TARGET], m.leaf[WEIGHT] }, "type=smooth_l1 norm=sum");
    m.y->keep = m.out->keep = 1;
    schedule_forward(&m.plan, m.g, &m.loss, 1);
    schedule_backward(&m.plan, m.g, m.loss, m.leaf, B2 + 1);
    plan_make(&m.plan, &m.c, 0);
    plan_place(&m.plan, &device_cpu);
    memset(m.plan.base, 0xff, m.plan.arena);                   /* NaN: nothing may rely on fresh memory */
    return m;
}

static void model_free(model *m)
{
    for (int k = 0; k < LEAVES; k++) {
        free(m->leaf[k]->x.p);
        if (m->leaf[k]->role == PARAM) free(m->leaf[k]->g.p);
    }
    free(m->count->x.p), schedule_free(&m->plan), graph_free(m->g);
}

/* Samples that count are the same; those of no part are 0 */
static void check_map(const int32_t count[IMAGES], const tensor *t, const real *got, const real *want)
{
    const int64_t each = shape_volume(&t->s) / SAMPLES;
    for (int64_t i = 0; i < shape_volume(&t->s); i++) {
        if (counts(count, i / each)) near(got[i], want[i], 1e-5 * (1 + fabs((double)want[i])));
        else if (!computed(count, i / each)) near(got[i], 0, 0);
        else assert_true(isfinite(got[i]));
    }
}

static void check(int32_t first, int32_t second)
{
    const int32_t count[IMAGES] = { first, second };
    model all = model_new(count, 0), some = model_new(count, 1);
    for (int k = X; k <= B2; k++) for (int64_t i = 0; i < shape_volume(&some.leaf[k]->s); i++) ((real *)some.leaf[k]->g.p)[i] = (real)NAN;
    assert_ptr_equal(some.out->count, some.count);
    assert_null(all.out->count);
    assert_non_null(strstr(some.y->from->kernel, "16 samples at a time"));
    assert_null(strstr(all.y->from->kernel, "samples"));
    schedule_run(&all.plan, &all.c), schedule_run(&some.plan, &some.c);
    check_map(count, some.y, some.y->x.p, all.y->x.p);
    check_map(count, some.out, some.out->x.p, all.out->x.p);
    check_map(count, some.leaf[X], some.leaf[X]->g.p, all.leaf[X]->g.p);
    near(*(real *)some.loss->x.p, *(real *)all.loss->x.p, 1e-4 * (1 + *(real *)all.loss->x.p));
    for (int k = W1; k <= B2; k++) {
        const real *got = some.leaf[k]->g.p, *want = all.leaf[k]->g.p;
        double sum = 0;
        for (int64_t i = 0; i < shape_volume(&all.leaf[k]->s); i++) {
            near(got[i], want[i], 1e-4 * (1 + fabs((double)want[i])));
            sum += fabs((double)want[i]);
        }
        assert_int_equal(sum > 0, first + second > 0);
    }
    model_free(&all), model_free(&some);
}

static void those_that_count(void **state)
{
    (void)state;
    check(3, 20), check(24, 24), check(0, 9), check(17, 1), check(24, 0);
}

static void none(void **state) { (void)state; check(0, 0); }

/* 7 samples cannot be cut, and neither can a map that lies in a wider one: both are computed whole. */
static void what_cannot_be_cut(void **state)
{
    (void)state;
    graph *g = graph_new();
    tensor *count = graph_leaf(g, "count", SHAPE1(1), I32, INPUT), *w = graph_leaf(g, "w", SHAPE4(1, 1, 4, 4), REAL_TYPE, PARAM);
    tensor *x = graph_leaf(g, "x", SHAPE4(7, 2, 2, 4), REAL_TYPE, INPUT);
    x->count = count;
    const context c = { .dev = &device_cpu };
    node *n = graph_words(g, "conv", "y", "test", 2, (tensor *[]){ x, w }, " ")->from;
    n->want = 0;
    node_prepare(&c, n);
    assert_null(strstr(n->kernel, "samples"));
    graph_free(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(those_that_count), cmocka_unit_test(none), cmocka_unit_test(what_cannot_be_cut) };
    return RUN_TESTS(tests);
}
