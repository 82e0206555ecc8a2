/* op_test.c - every op in every case of tests/cases/ is held to the same laws, dense and as channels of wider maps, in training and
 * in evaluation:
 *   1 the shapes inferred, all of the outputs written and nothing else;    2 the values of tests/naive.h;
 *   4 the gradient is the central difference of sum(r * y), element by element (double build; a float difference proves nothing);
 *   5 a gradient that is added to comes out as before + gradient;          6 what backward does not declare to read can be anything;
 *   7 the same bits again, and with 1, 2 and 3 threads;                    8 evaluation has no side effect;
 *   9 maps in bf16 give what reals of the same numbers give, but for one rounding, and meet laws 1, 5 to 8 and 10 too;
 *   10 the output made again (op.again) is the output, to the bit, and nothing else has changed.
 * Law 3, the other device computes the same, stands in device_test.c; the laws that both share in laws.h.
 * Then the table itself is walked: help, a case, and a gradient or a reason for each op; declared reads that matter. */
#include "tests/laws.h"
#include "kernels/math.h"

enum { LARGE = 2500 };                   /* inputs with more elements are tried along a direction rather than one by one */

/* the running statistics follow from the ones before and the moments of x */
static void check_running(const rig *r, const shot *before)
{
    const place4 s = size4(r->n->in[0]);
    const double count = (double)(s.n * s.h * s.w), m = setting(r, "momentum"), tol = sizeof(real) == 8 ? 1e-12 : 1e-6;
    for (int64_t c = 0; c < s.c; c++) {
        double mean, var;
        moments(r, 0, s.n, c, c + 1, &mean, &var);
        near(slot_get(&r->x[3], c), (1 - m) * (double)((real *)before->x[3])[c] + m * mean, tol);
        near(slot_get(&r->x[4], c), (1 - m) * (double)((real *)before->x[4])[c] + m * var * count / (count - 1), tol);
    }
}

static void law2_values(const bench *b)
{
    rig *r = b->r;
    size_t i = 0;
    while (i < sizeof naive / sizeof *naive && strcmp(naive[i].op, r->n->op->name)) i++;
    if (i == sizeof naive / sizeof *naive) fail_msg("law 2: tests/naive.h has no %s", r->n->op->name);
    double *want = xalloc_n((size_t)r->y[0].n, sizeof *want), largest = 1;
    fill(b);
    shot before = shot_take(r);
    rig_forward(r);
    if (!strcmp(r->n->op->name, "batch_norm") && r->c.training) {
        check_running(r, &before);
        fill(b);                                               /* the values were computed with what stood there before */
    }
    naive[i].f(r, want);
    for (int64_t k = 0; k < r->y[0].n; k++) if (fabs(want[k]) > largest) largest = fabs(want[k]);
    const double tol = (sizeof(real) == 8 ? 1e-12 : 1e-5) * largest;
    for (int64_t k = 0; k < r->y[0].n; k++)
        if (!(fabs(y_at(r, k) - want[k]) <= tol))
            fail_msg("law 2: element %lld is %.9g, wanted %.9g +- %.2g", (long long)k, y_at(r, k), want[k], tol);
    free(want), shot_free(&before);
}

/* In long double: two of these are subtracted, and what thousands of terms lose in double shows then, more on one processor than on another. */
static double objective(rig *r)
{
    long double sum = 0;
    rig_forward(r);
    for (int o = 0; o < r->n->nout; o++)
        for (int64_t i = 0; i < r->gy[o].n; i++) sum += (long double)slot_get(&r->gy[o], i) * (long double)slot_get(&r->y[o], i);
    return (double)sum;
}

static void one_by_one(rig *r, int j, const real *analytic)
{
    const double h = 1e-5;
    for (int64_t i = 0; i < r->x[j].n; i++) {
        const real keep = slot_get(&r->x[j], i);
        slot_put(&r->x[j], i, (real)((double)keep + h));
        const double up = objective(r);
        slot_put(&r->x[j], i, (real)((double)keep - h));
        const double slope = (up - objective(r)) / (2 * h), err = fabs(slope - (double)analytic[i]);
        slot_put(&r->x[j], i, keep);
        if (!(err <= 1e-8 * (1 + fabs(slope))))
            fail_msg("law 4: gradient %d, element %lld is %.10g, the difference says %.10g", j, (long long)i, (double)analytic[i], slope);
    }
}

static void along_direction(rig *r, int j, const real *analytic)
{
    const double h = 1e-7;
    double want = 0, size = 1, value[2];
    for (int side = 0; side < 2; side++) {
        for (int64_t i = 0; i < r->x[j].n; i++) {
            const double d = rig_u(50, i) > 0 ? 1 : -1;
            slot_put(&r->x[j], i, (real)((double)slot_get(&r->x[j], i) + (side ? -2 * h : h) * d));
            if (!side) want += d * (double)analytic[i], size += fabs((double)analytic[i]);
        }
        value[side] = objective(r);
    }
    if (!(fabs((value[0] - value[1]) / (2 * h) - want) <= 1e-6 * size))
        fail_msg("law 4: gradient %d along a direction is %.10g, the difference says %.10g", j, want, (value[0] - value[1]) / (2 * h));
}

static void law4_gradient(const bench *b)
{
    rig *r = b->r;
    if (sizeof(real) != 8 || r->n->op->surrogate) return;      /* of surrogates: vq_test.c */
    run(b);
    shot clean = shot_take(r);
    for (int j = 0; j < r->n->nin; j++) {
        if (!r->gx[j].base) continue;
        fill(b);
        if (r->x[j].n > LARGE) along_direction(r, j, (real *)clean.g[j]);
        else if (r->x[0].n <= LARGE || j == 0) one_by_one(r, j, (real *)clean.g[j]);
    }
    shot_free(&clean);
}

/* The numbers of b, and to their nearest bf16, in both: maps and weights, which are multiplied in bf16. */
static void share_rounded(bench *b, bench *half)
{
    rig *r = b->r, *h = half->r;
    for (int i = 0; i < r->n->nin; i++)
        for (int64_t k = 0; k < r->x[i].n && tensor_differentiable(r->n->in[i]); k++) {
            const real v = slot_get(&r->x[i], k), rounded = (real)bf16_get(bf16_put((float)v));
            const int round = r->n->in[i]->s.nd == 4 || (i == 1 && r->n->op->pack);
            slot_put(&r->x[i], k, round ? rounded : v), slot_put(&h->x[i], k, round ? rounded : v);
        }
    for (int64_t k = 0; k < r->gy[0].n; k++) {
        const real v = (real)bf16_get(bf16_put((float)slot_get(&r->gy[0], k)));
        slot_put(&r->gy[0], k, v), slot_put(&h->gy[0], k, v);
    }
    for (int side = 0; side < 2; side++) {
        bench *to = side ? half : b;
        for (int i = 0; i < r->n->nin; i++) free(to->x[i]), to->x[i] = slot_copy(&to->r->x[i]);
        free(to->gy[0]), to->gy[0] = slot_copy(&to->r->gy[0]);
    }
}

/* Half a unit of a bf16 that has eight bits, and beside the largest the sums' own rounding, or `more`: what the op rounds on its way */
static void compare_half(const slot *want, const slot *got, double more, const char *what, int i)
{
    double largest = 0;
    for (int64_t k = 0; k < want->n; k++) largest = fmax(largest, fabs((double)slot_get(want, k)));
    for (int64_t k = 0; k < want->n; k++) {
        const double w = (double)slot_get(want, k), tol = (got->each == sizeof(bf16) ? fabs(w) / 256 : 0) + fmax(more, 1e-5) * largest;
        if (!(fabs((double)slot_get(got, k) - w) <= tol))
            fail_msg("law 9: %s %d, element %lld is %.9g, wanted %.9g +- %.2g", what, i, (long long)k, (double)slot_get(got, k), w, tol);
    }
}

static void law9_halves(const op_case *k, lay how, int training, int halves)
{
    bench b = bench_on((context){ .dev = &device_cpu }, k, how, training);
    bench half = bench_typed((context){ .dev = &device_cpu, .bf16 = 1 }, k, how, training, halves);
    law1_written(half.r, k);
    law5_add(&half);
    law6_reads(&half);
    law7_bits(&half);
    law8_side_effects(&half);
    law10_again(&half);
    share_rounded(&b, &half);
    run(&b), run(&half);
    const op *o = b.r->n->op;                                  /* more than two maps are added one by one; backward may read a rounded y */
    compare_half(&b.r->y[0], &half.r->y[0], strcmp(o->name, "add") ? 0 : (k->n - 2) / 256.0, "output", 0);
    for (int i = 0; i < k->n; i++) if (b.r->gx[i].base) compare_half(&b.r->gx[i], &half.r->gx[i], o->reads_y ? 8e-3 : 0, "gradient", i);
    rig_intact(half.r);
    bench_free(&b), bench_free(&half);
}

/* Maps of ops that have them in one type: all; of convolutions: also only those that come in, or go out. Of ops that pack weights and have no
 * rows for such maps (linear): none, but the factors are rounded. */
static void all_halves(const op_case *k)
{
    const op *o = op_row(ops_bf16, k->op);
    for (int way = 0; way < 4 && !o && op_find(k->op)->pack; way++) law9_halves(k, way & 1 ? ODD : DENSE, way < 2, 0);
    for (int halves = HALF_X; o && halves <= (HALF_X | HALF_Y); halves++)
        for (int way = 0; way < 4 && (o->mixed || halves == (HALF_X | HALF_Y)); way++) law9_halves(k, way & 1 ? ODD : DENSE, way < 2, halves);
}

static void all_laws(void **state)
{
    const op_case *k = *state;
    omp_set_num_threads(1);                                    /* thousands of tiny runs; law 7 takes more */
    all_halves(k);
    for (int way = 0; way < 4; way++) {
        bench b = bench_on((context){ .dev = &device_cpu, .winograd = 1 }, k, way & 1 ? ODD : DENSE, way < 2);
        law1_written(b.r, k);
        law2_values(&b);
        law4_gradient(&b);
        law5_add(&b);
        law6_reads(&b);
        law7_bits(&b);
        law8_side_effects(&b);
        law10_again(&b);
        rig_intact(b.r);
        bench_free(&b);
    }
}

/* ---- the table ---- */
static case_list cases;

static void table_is_whole(void **state)
{
    (void)state;
    for (int i = 0; ops[i]; i++) {
        const op *o = ops[i];
        int seen = 0;
        for (int j = 0; j < cases.n; j++) seen += !strcmp(cases.k[j].op, o->name);
        if (seen < 3) fail_msg("%s has %d cases, wanted three or more", o->name, seen);
        if (!o->help || !*o->help) fail_msg("%s has no help", o->name);
        if (!o->backward == !(o->why && *o->why)) fail_msg("%s needs a gradient or a reason, and not both", o->name);
        assert_ptr_equal(op_find(o->name), o);
        for (const key *k = o->keys; k && k->name; k++) if (!k->help || !*k->help) fail_msg("%s.%s has no help", o->name, k->name);
    }
    assert_null(op_find("no_such_op"));
}

/* after all cases: what an op declares to read keeps memory alive, so it must have mattered somewhere */
static void reads_matter(void **state)
{
    (void)state;
    for (int i = 0; ops[i]; i++) {
        if (mattered_x[i] != ops[i]->reads_x) fail_msg("%s declares to read inputs %x, but reads %x", ops[i]->name, ops[i]->reads_x, mattered_x[i]);
        if (mattered_y[i] != ops[i]->reads_y) fail_msg("%s declares to read outputs %x, but reads %x", ops[i]->name, ops[i]->reads_y, mattered_y[i]);
    }
}

int main(void)
{
    cases = read_cases();
    struct CMUnitTest *t = xalloc_n((size_t)cases.n + 2, sizeof *t);
    for (int i = 0; i < cases.n; i++) t[i] = (struct CMUnitTest){ cases.k[i].text, all_laws, NULL, NULL, &cases.k[i] };
    t[cases.n] = (struct CMUnitTest)cmocka_unit_test(table_is_whole);
    t[cases.n + 1] = (struct CMUnitTest)cmocka_unit_test(reads_matter);
    return _cmocka_run_group_tests(__FILE__, t, (size_t)cases.n + 2, NULL, NULL);
}
