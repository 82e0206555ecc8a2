/* optim_test.c - optimisers against five-step trajectories of PyTorch, clipping, the running average, and every learning-rate
 * policy against its closed form. Eight numbers are split over three tensors, so that ranges and padding take part. */
#include "tests/test.h"
#include "base/file.h"
#include "kernels/optim.h"
#include "nn/optim.h"
#include "nn/policy.h"
#include <jansson.h>
#include <omp.h>

static const double exact = sizeof(real) == 8 ? 1e-13 : 3e-7;    /* relative to values near 1 */

static json_t *golden(void)
{
    json_error_t e;
    json_t *j = json_load_file("tests/golden/optim.json", 0, &e);
    if (!j) fail_msg("tests/golden/optim.json: %s", e.text);
    return j;
}

static double at(const json_t *a, size_t i) { return json_number_value(json_array_get(a, i)); }

/* a: 3 weights, b: 1 norm parameter (no decay), c: 4 weights, r: 2 running statistics; n > 0: one tensor of n instead */
static params *model(graph **g, int64_t n)
{
    *g = graph_new();
    tensor *t[3] = { graph_leaf(*g, "a", SHAPE1(n ? n : 3), REAL_TYPE, PARAM), NULL, NULL };
    t[0]->decay = 1;
    if (!n) {
        t[1] = graph_leaf(*g, "b", SHAPE1(1), REAL_TYPE, PARAM), t[2] = graph_leaf(*g, "c", SHAPE1(4), REAL_TYPE, PARAM);
        t[2]->decay = 1;
        graph_leaf(*g, "r", SHAPE1(2), REAL_TYPE, STATE);
    }
    return params_new(*g, &device_cpu, 1);
}

static real *number(real *arena, const params *p, size_t i)        /* i of the eight */
{
    const size_t first[] = { 0, 3, 4, 8 };
    for (int k = 0; k < 3; k++) if (i < first[k + 1]) return arena + p->p[k].at + i - first[k];
    return NULL;
}

static optim *start(const char *words, params *p)
{
    optim_conf conf = { 0 };
    key_words(optim_keys, &conf, words, "test");
    optim_check(&conf, "test");
    return optim_new(&conf, p);
}

static void five_steps_as_pytorch(void **state)
{
    (void)state;
    json_t *j = golden(), *runs = json_object_get(j, "runs"), *grads = json_object_get(j, "gradients"), *run;
    size_t k;
    assert_int_equal(json_array_size(runs), 6);
    json_array_foreach(runs, k, run) {
        graph *g;
        params *p = model(&g, 0);
        optim *o = start(json_string_value(json_object_get(run, "keys")), p);
        const context c = { .dev = &device_cpu };
        const double lr = json_number_value(json_object_get(run, "lr"));
        for (size_t i = 0; i < 8; i++) *number(p->x, p, i) = (real)at(json_object_get(j, "start"), i);
        for (size_t t = 0; t < 5; t++) {
            for (size_t i = 0; i < 8; i++) *number(p->g, p, i) = (real)at(json_array_get(grads, t), i);
            optim_step(o, &c, lr);
            for (size_t i = 0; i < 8; i++) near(*number(p->x, p, i), at(json_array_get(json_object_get(run, "steps"), t), i), exact);
        }
        assert_int_equal(o->step, 5);
        for (size_t i = 0; i < p->trainable; i++) {                /* padding is still zero */
            int inside = 0;
            for (int q = 0; q < p->n; q++) inside |= i >= p->p[q].at && i < p->p[q].at + p->p[q].count;
            if (!inside) assert_true(p->x[i] == 0);
        }
        optim_free(o), params_free(p), graph_free(g);
    }
    json_decref(j);
}

static void clip_scales_the_step(void **state)
{
    (void)state;
    json_t *j = golden(), *grads = json_object_get(j, "gradients");
    const double want = json_number_value(json_object_get(j, "norm"));
    graph *g;
    params *p = model(&g, 40);
    optim *o = start("momentum=0 decay=0 clip=1.5", p);
    const context c = { .dev = &device_cpu };
    for (size_t i = 0; i < 40; i++) p->g[i] = (real)at(json_array_get(grads, i / 8), i % 8);
    near(optim_clip(o, &c), want, want * 1e-14);
    optim_step(o, &c, 1);
    for (size_t i = 0; i < 40; i++) near(p->x[i], -p->g[i] * 1.5 / (want + 1e-6), exact);
    optim_step(o, &c, 1);                                          /* the factor is for one step only */
    for (size_t i = 0; i < 40; i++) near(p->x[i], -p->g[i] * (1 + 1.5 / (want + 1e-6)), 3 * exact);
    o->conf.clip = 4;                                              /* larger than the norm: nothing is scaled */
    optim_clip(o, &c);
    near(o->scale, 1, 0);
    optim_free(o), params_free(p), graph_free(g), json_decref(j);
}

/* Two groups in turn make the step of the whole, to the bit; a norm and its clip are of the group alone. */
static void groups_take_turns(void **state)
{
    (void)state;
    json_t *j = golden(), *grads = json_object_get(j, "gradients");
    const context c = { .dev = &device_cpu };
    graph *g[2];
    params *p[2] = { model(&g[0], 0), model(&g[1], 0) };
    p[1]->p[1].group = 1;                                          /* b, between a and c */
    optim *o[2] = { start("optimiser=adam decay=0.1 decay_norm=0 ema=0.9", p[0]), start("optimiser=adam decay=0.1 decay_norm=0 ema=0.9", p[1]) };
    for (size_t t = 0; t < 5; t++) {
        for (size_t i = 0; i < 8; i++) for (int k = 0; k < 2; k++) *number(p[k]->g, p[k], i) = (real)at(json_array_get(grads, t), i);
        optim_step(o[0], &c, 0.1);
        const real b = *number(p[1]->x, p[1], 3), a = *number(p[1]->x, p[1], 0);
        optim_step_group(o[1], &c, 0.1, 0);
        assert_true(*number(p[1]->x, p[1], 3) == b && *number(p[1]->x, p[1], 0) != a);
        optim_step_group(o[1], &c, 0.1, 1);
        assert_memory_equal(p[0]->x, p[1]->x, p[0]->total * sizeof(real));
        assert_memory_equal(o[0]->ema, o[1]->ema, p[0]->total * sizeof(real));
    }
    assert_int_equal(o[1]->step, 5), assert_int_equal(o[1]->ema_updates, 5);
    const double whole = optim_clip(o[1], &c), one = optim_clip_group(o[1], &c, 1), other = optim_clip_group(o[1], &c, 0);
    near(one, fabs((double)*number(p[1]->g, p[1], 3)), 1e-15);
    near(one * one + other * other, whole * whole, 1e-14 * whole * whole);
    o[1]->conf.clip = one / 2;
    optim_clip_group(o[1], &c, 1);
    near(o[1]->scale, o[1]->conf.clip / (one + 1e-6), 1e-12);
    for (int k = 0; k < 2; k++) optim_free(o[k]), params_free(p[k]), graph_free(g[k]);
    json_decref(j);
}

/* Gradients handed over one by one make the step of the whole; from a bad one on nothing changes, and it is known by name. */
static void gradients_are_spent(void **state)
{
    (void)state;
    const context c = { .dev = &device_cpu };
    graph *g[2];
    params *p[2] = { model(&g[0], 0), model(&g[1], 0) };
    optim *o[2];
    for (int k = 0; k < 2; k++) o[k] = start("optimiser=adamw decay=0.1 decay_norm=0 ema=0.9", p[k]);
    for (int t = 0; t < 3; t++) {
        for (size_t i = 0; i < 8; i++) *number(p[0]->g, p[0], i) = *number(p[1]->g, p[1], i) = (real)sin((double)(8 * t) + (double)i);
        const double norm = optim_clip(o[0], &c);
        optim_step(o[0], &c, 0.1);
        optim_spend_begin(o[1], &c, 0.1, 0);
        for (int q = 2; q >= 0; q--) optim_spend(o[1], &c, p[1]->p[q].at, p[1]->p[q].count, p[1]->g + p[1]->p[q].at);
        near(optim_spend_end(o[1], &c), norm, 1e-14);
        assert_memory_equal(p[0]->x, p[1]->x, p[0]->total * sizeof(real));
        assert_memory_equal(o[0]->ema, o[1]->ema, p[0]->total * sizeof(real));
    }
    assert_int_equal(o[1]->step, 3);
    assert_null(o[1]->bad);
    p[1]->g[p[1]->p[1].at] = NAN;                                  /* b */
    optim_spend_begin(o[1], &c, 0.1, 0);
    for (int q = 2; q >= 0; q--) optim_spend(o[1], &c, p[1]->p[q].at, p[1]->p[q].count, p[1]->g + p[1]->p[q].at);
    assert_false(isfinite(optim_spend_end(o[1], &c)));
    assert_string_equal(o[1]->bad->name, "b");
    assert_true(*number(p[1]->x, p[1], 4) != *number(p[0]->x, p[0], 4));                /* c came before it */
    for (size_t i = 0; i < 4; i++) assert_true(*number(p[1]->x, p[1], i) == *number(p[0]->x, p[0], i));
    for (int k = 0; k < 2; k++) optim_free(o[k]), params_free(p[k]), graph_free(g[k]);
}

static void bad_gradients_are_seen(void **state)
{
    (void)state;
    graph *g;
    params *p = model(&g, 0);
    optim *o = start("clip=1", p);
    const context c = { .dev = &device_cpu };
    const double bad[] = { NAN, INFINITY, -INFINITY };
    for (int i = 0; i < 3; i++) {
        *number(p->g, p, 5) = (real)bad[i];
        assert_false(isfinite(optim_clip(o, &c)));
    }
    optim_free(o), params_free(p), graph_free(g);
}

static void norm_parameters_keep_from_decay(void **state)
{
    (void)state;
    static const char *const words[] = { "momentum=0 decay=0.1 decay_norm=0", "optimiser=adamw decay=0.1 decay_norm=0" };
    for (int k = 0; k < 2; k++) {
        graph *g;
        params *p = model(&g, 0);
        optim *o = start(words[k], p);
        const context c = { .dev = &device_cpu };
        for (size_t i = 0; i < 8; i++) *number(p->x, p, i) = 1;
        optim_step(o, &c, 0.5);                                    /* zero gradients: only decay moves anything */
        for (size_t i = 0; i < 8; i++) near(*number(p->x, p, i), i == 3 ? 1 : 0.95, exact);
        optim_free(o), params_free(p), graph_free(g);
    }
}

static void average_follows_the_weights(void **state)
{
    (void)state;
    for (int warm = 0; warm < 2; warm++) {
        graph *g;
        params *p = model(&g, 0);
        optim *o = start(warm ? "momentum=0 decay=0 ema=0.9" : "momentum=0 decay=0 ema=0.9 ema_warmup=0", p);
        const context c = { .dev = &device_cpu };
        const param *r = params_find(p, "r");
        double x = 2, e = 2;
        *number(p->x, p, 4) = 2, *number(p->x, p, 5) = (real)0.3;
        assert_ptr_equal(optim_weights(o), p->x);                  /* nothing averaged yet */
        for (int n = 0; n < 200; n++) {
            *number(p->g, p, 4) = (real)sin(n), p->x[r->at] = (real)(n + 7);
            optim_step(o, &c, 0.1);
            double decay = warm && (1.0 + n) / (10 + n) < 0.9 ? (1.0 + n) / (10 + n) : 0.9;
            x -= 0.1 * sin(n), e = decay * e + (1 - decay) * x;
            near(*number(o->ema, p, 4), e, 20 * exact);
            assert_true(*number(o->ema, p, 5) == (real)0.3);       /* the average of a constant is that constant */
            assert_true(o->ema[r->at] == n + 7);                   /* copied */
        }
        assert_int_equal(o->ema_updates, 200);
        assert_ptr_equal(optim_weights(o), o->ema);
        optim_free(o), params_free(p), graph_free(g);
    }
}

static void same_bits_on_any_thread_count(void **state)
{
    (void)state;
    enum { N = 3 * OPTIM_BLOCK + 77 };
    static const char *const words[] = { "nesterov=1 ema=0.9", "optimiser=adamw ema=0.9", "optimiser=rmsprop ema=0.9" };
    for (int k = 0; k < 3; k++) {
        real *first = NULL;
        double norm = 0;
        for (int threads = 1; threads <= 5; threads++) {
            graph *g;
            params *p = model(&g, N);
            optim *o = start(words[k], p);
            const context c = { .dev = &device_cpu };
            omp_set_num_threads(threads);
            for (size_t i = 0; i < N; i++) p->x[i] = (real)sin(1.0 * (double)i), p->g[i] = (real)cos(3.0 * (double)i);
            double got = 0;
            for (int t = 0; t < 3; t++) got = optim_clip(o, &c), optim_step(o, &c, 0.1);
            if (!first) {
                first = xalloc_n(2 * N, sizeof *first), norm = got;
                memcpy(first, p->x, N * sizeof *first), memcpy(first + N, o->ema, N * sizeof *first);
            }
            assert_memory_equal(first, p->x, N * sizeof *first);
            assert_memory_equal(first + N, o->ema, N * sizeof *first);
            assert_true(got == norm);
            optim_free(o), params_free(p), graph_free(g);
        }
        free(first);
    }
    omp_set_num_threads(omp_get_num_procs());
}

static void unused_keys_are_errors(void **state)
{
    (void)state;
    graph *g;
    params *p = model(&g, 0);
    dies(2, "beta1: got 0.5, which optimiser=sgd does not use", start("beta1=0.5", p));
    dies(2, "momentum: got 0.5", start("optimiser=adamw momentum=0.5", p));
    dies(2, "nesterov", start("momentum=0 nesterov=1", p));
    dies(2, "wanted sgd|adam|adamw|rmsprop (did you mean adamw?)", start("optimiser=adam2w", p));
    params_free(p), graph_free(g);
}

static policy_conf policy_of(const char *words)
{
    policy_conf p = { 0 };
    key_words(policy_keys, &p, words, "test");
    policy_check(&p, "test");
    return p;
}

static void policies_are_their_formulas(void **state)
{
    (void)state;
    const policy_conf constant = policy_of("lr=0.3"), step = policy_of("policy=step step=10 scale=0.5 lr=0.8"),
        steps = policy_of("policy=steps steps=5,20,21 scales=0.1,10,0.5 lr=2"), expo = policy_of("policy=exp gamma=0.9 lr=2"),
        poly = policy_of("policy=poly power=0.9 lr=0.01"), odd = policy_of("policy=poly_transunet power=0.9 lr=0.01"),
        line = policy_of("policy=linear lr=1 min_lr=0.2"), cosine = policy_of("policy=cosine lr=1 min_lr=0.2"),
        warm = policy_of("policy=cosine lr=1 burn_in=8 burn_in_power=4"), epoch = policy_of("policy=poly lr=0.01 per_epoch=1");
    const int64_t T = 40;
    for (int64_t t = 0; t < T; t++) {
        const double u = (double)t / 40;
        near(policy_lr(&constant, NULL, t, T, 7), 0.3, 0);
        near(policy_lr(&step, NULL, t, T, 7), 0.8 / (1 << t / 10), 1e-15);
        near(policy_lr(&steps, NULL, t, T, 7), t < 5 ? 2 : t < 20 ? 0.2 : t < 21 ? 2 : 1, 1e-15);
        near(policy_lr(&expo, NULL, t, T, 7), 2 * exp((double)t * log(0.9)), 1e-14);
        near(policy_lr(&poly, NULL, t, T, 7), 0.01 * exp(0.9 * log(1 - u)), 1e-16);
        near(policy_lr(&odd, NULL, t, T, 7), t < 2 ? 0.01 : 0.01 * exp(0.9 * log(1 - (double)(t - 1) / 40)), 1e-16);
        near(policy_lr(&line, NULL, t, T, 7), 1 - 0.8 * u, 1e-15);
        near(policy_lr(&cosine, NULL, t, T, 7), 0.6 + 0.4 * cos(M_PI * u), 1e-15);
        near(policy_lr(&warm, NULL, t, T, 7), (0.5 + 0.5 * cos(M_PI * u)) * (t < 8 ? pow((double)(t + 1) / 8, 4) : 1), 1e-15);
        near(policy_lr(&epoch, NULL, t, T, 8), 0.01 * exp(0.9 * log(1 - (double)(t / 8) / 5)), 1e-16);
    }
}

static void policy_mistakes(void **state)
{
    (void)state;
    dies(2, "gamma: got 0.5, which policy=poly does not use", policy_of("policy=poly gamma=0.5"));
    dies(2, "scales: got 1 numbers, wanted one for each of the 2 steps", policy_of("policy=steps steps=1,2 scales=0.1"));
    dies(2, "steps: got none", policy_of("policy=steps"));
    dies(2, "rising", policy_of("policy=steps steps=5,5 scales=1,1"));
    dies(2, "step: got 0", policy_of("policy=step"));
    dies(2, "min_lr", policy_of("policy=cosine lr=0.1 min_lr=0.2"));
    dies(2, "burn_in_power", policy_of("burn_in_power=4"));
    dies(2, "did you mean cosine?", policy_of("policy=cosin"));
}

/* Worked by hand from PyTorch's ReduceLROnPlateau: patience 2, so the third observation without improvement reduces. */
static void plateau_waits_and_reduces(void **state)
{
    (void)state;
    const policy_conf p = policy_of("policy=plateau patience=2 factor=0.1 cooldown=1 lr=1 min_lr=0.05");
    const double metric[] = { 0.5, 0.6, 0.60001, 0.60005, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5 };
    const double want[] =   { 1,   1,   1,       1,       0.1, 0.1, 0.1, 0.1, 0.05, 0.05 };
    policy_state s = { 0 };
    near(policy_lr(&p, &s, 0, 1, 1), 1, 0);
    for (int i = 0; i < 10; i++) {
        int changed = policy_observe(&p, &s, metric[i]);
        near(policy_lr(&p, &s, i, 10, 1), want[i], 1e-15);
        assert_int_equal(changed, i == 4 || i == 8);
    }
    assert_int_equal(s.observed, 10);
    const policy_conf down = policy_of("policy=plateau mode=min patience=0 lr=1");
    policy_state d = { 0 };
    assert_int_equal(policy_observe(&down, &d, NAN), 1);           /* never an improvement */
    assert_int_equal(policy_observe(&down, &d, 3), 0);
    assert_int_equal(policy_observe(&down, &d, 2.9), 0);
    assert_int_equal(policy_observe(&down, &d, 2.8999), 1);
    near(d.lr, 0.01, 1e-15);
    near(d.best, 2.9, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(five_steps_as_pytorch), cmocka_unit_test(clip_scales_the_step), cmocka_unit_test(groups_take_turns),
        cmocka_unit_test(gradients_are_spent), cmocka_unit_test(bad_gradients_are_seen),
        cmocka_unit_test(norm_parameters_keep_from_decay), cmocka_unit_test(average_follows_the_weights),
        cmocka_unit_test(same_bits_on_any_thread_count), cmocka_unit_test(unused_keys_are_errors),
        cmocka_unit_test(policies_are_their_formulas), cmocka_unit_test(policy_mistakes), cmocka_unit_test(plateau_waits_and_reduces),
    };
    return RUN_TESTS(tests);
}
