/* winograd_test.c - Winograd convolutions against textbook sums in double: odd sizes, views, add, bias, activations, every plan, nothing
 * written beside outputs and scratch, the same bits for any number of threads, rounding errors by depth. Maps are float in every build. */
#include "tests/test.h"
#include "kernels/winograd.h"
#include "base/machine.h"
#include "base/rng.h"
#include <omp.h>

enum { GUARD = 64 };
static const float SENTINEL = -77;

#define need_avx512() do { if (!__builtin_cpu_supports("avx512f")) skip(); } while (0)

/* about normal, of standard deviation 1 */
static float draw(uint32_t which, int64_t i)
{
    rng4 r = rng_draw(41, RNG_TEST, which, 0, (uint64_t)i);
    return (float)((rng_u01(r.v[0]) + rng_u01(r.v[1]) + rng_u01(r.v[2]) + rng_u01(r.v[3]) - 2) * 1.7320508);
}

/* rows x n numbers, stride apart, sentinels between and around; which 0: sentinels only */
typedef struct { float *base, *p; int64_t rows, n, stride; } map;
static map map_new(int64_t rows, int64_t n, int64_t stride, uint32_t which)
{
    map m = { .rows = rows, .n = n, .stride = stride };
    int64_t size = (rows * stride + 2 * GUARD + 15) / 16 * 16;
    m.base = aligned_alloc(64, (size_t)size * sizeof *m.base), m.p = m.base + GUARD;
    for (int64_t i = 0; i < size; i++) m.base[i] = SENTINEL;
    for (int64_t i = 0; which && i < rows * n; i++) m.p[i / n * stride + i % n] = draw(which, i);
    return m;
}
static float at(const map *m, int64_t i) { return m->p[i / m->n * m->stride + i % m->n]; }
static void map_intact(const map *m, const char *what)
{
    int64_t size = (m->rows * m->stride + 2 * GUARD + 15) / 16 * 16;
    for (int64_t i = 0; i < size; i++) {
        int64_t j = i - GUARD;
        int ours = j >= 0 && j < m->rows * m->stride && j % m->stride < m->n;
        if (!ours && m->base[i] != SENTINEL) fail_msg("%s: wrote outside, at %lld", what, (long long)j);
    }
}

static conv_shape shape_of(int64_t n, int64_t h, int64_t w, int64_t c, int64_t k, int wide)
{
    return (conv_shape){ .n = n, .h = h, .w = w, .c = c, .xs = c + 16 * wide, .oh = h, .ow = w, .k = k, .ys = k + 5 * wide,
        .kh = 3, .kw = 3, .sh = 1, .sw = 1, .dh = 1, .dw = 1, .top = 1, .bottom = 1, .left = 1, .right = 1, .groups = 1, .winograd = 1 };
}

/* What a pass reads, a and b, and writes, out; before: what stood in out. */
typedef struct { conv_shape s; conv_pass pass; map x, y, w, bias, work, packed; conv_kernel k; double *want; float *before; } problem;
static map *output(problem *p) { return p->pass == CONV_FORWARD ? &p->y : p->pass == CONV_DATA ? &p->x : &p->w; }

static void textbook(problem *p, int add)
{
    const conv_shape *s = &p->s;
    map *out = output(p);
    for (int64_t i = 0; i < out->rows * out->n; i++)
        p->want[i] = add ? (double)p->before[i] : p->pass == CONV_FORWARD && s->bias ? (double)at(&p->bias, i % s->k) : 0;
    for (int64_t q = 0; q < s->n * s->h * s->w; q++)
        for (int64_t t = 0; t < 9; t++) {
            int64_t i = q / s->w % s->h + t / 3 - 1, j = q % s->w + t % 3 - 1, from = (q / (s->h * s->w) * s->h + i) * s->w + j;
            if (i < 0 || i >= s->h || j < 0 || j >= s->w) continue;
            for (int64_t c = 0; c < s->c; c++) {
                const float *gy = p->y.p + q * p->y.stride, *w = p->w.p + (t * s->c + c) * s->k;
                double x = (double)p->x.p[from * p->x.stride + c], sum = 0;
                if (p->pass == CONV_FORWARD) for (int64_t k = 0; k < s->k; k++) p->want[q * s->k + k] += x * (double)w[k];
                if (p->pass == CONV_DATA) for (int64_t k = 0; k < s->k; k++) sum += (double)gy[k] * (double)w[k];
                if (p->pass == CONV_DATA) p->want[from * s->c + c] += sum;
                if (p->pass == CONV_WEIGHTS) for (int64_t k = 0; k < s->k; k++) p->want[(t * s->c + c) * s->k + k] += x * (double)gy[k];
            }
        }
    for (int64_t i = 0; p->pass == CONV_FORWARD && i < out->rows * out->n; i++)
        p->want[i] = p->want[i] > 0 || s->act == ACT_LINEAR ? p->want[i] : s->act == ACT_LEAKY ? s->slope * p->want[i] : 0;
}

static problem problem_new(conv_shape s, conv_pass pass)
{
    problem p = { .s = s, .pass = pass, .bias = map_new(1, s.k, s.k, 4) };
    int64_t pixels = s.n * s.h * s.w;
    p.x = map_new(pixels, s.c, s.xs, 1), p.y = map_new(pixels, s.k, s.ys, 2), p.w = map_new(9 * s.c, s.k, s.k, 3);
    map *out = output(&p);
    p.want = xalloc_n((size_t)(out->rows * out->n), sizeof *p.want), p.before = xalloc_n((size_t)(out->rows * out->n), sizeof *p.before);
    for (int64_t i = 0; i < out->rows * out->n; i++) p.before[i] = at(out, i);
    assert_int_equal(winograd_build(&s, pass, &p.k), 1);
    p.work = map_new(1, (int64_t)(p.k.work / sizeof(float)), (int64_t)(p.k.work / sizeof(float)), 0);
    p.packed = map_new(1, (int64_t)(p.k.packed / sizeof(float)), (int64_t)(p.k.packed / sizeof(float)), 0);
    return p;
}
static void problem_free(problem *p)
{
    free(p->x.base), free(p->y.base), free(p->w.base), free(p->bias.base), free(p->work.base), free(p->packed.base), free(p->want), free(p->before);
    conv_release(&p->k);
}

/* Runs on scratch full of NaN; nothing outside scratch and output changes. */
static void solve(problem *p, int add)
{
    const map *a = p->pass == CONV_DATA ? &p->y : &p->x, *b = p->pass == CONV_WEIGHTS ? &p->y : &p->w;
    map *out = output(p);
    context c = { .work = p->work.p };
    for (int64_t i = 0; i < out->rows * out->n; i++) out->p[i / out->n * out->stride + i % out->n] = add ? p->before[i] : NAN;
    for (int64_t i = 0; i < p->work.n; i++) p->work.p[i] = NAN;
    for (int64_t i = 0; i < p->packed.n; i++) p->packed.p[i] = NAN;
    if (p->k.pack) p->k.pack(&c, &p->k, (const real *)(const void *)b->p, p->packed.p), b = &p->packed;
    p->k.run(&c, &p->k, (const real *)(const void *)a->p, (const real *)(const void *)b->p,
        p->pass == CONV_FORWARD && p->s.bias ? (const real *)(const void *)p->bias.p : NULL, (real *)(void *)out->p, add);
    map_intact(&p->x, "x"), map_intact(&p->y, "y"), map_intact(&p->w, "weights"), map_intact(&p->work, "scratch");
    map_intact(&p->packed, "packed weights");
}

/* errors: the largest over the largest value, and rms over rms */
static void errors(problem *p, double *largest, double *rms)
{
    map *out = output(p);
    double worst = 0, big = 0, e2 = 0, v2 = 0;
    for (int64_t i = 0; i < out->rows * out->n; i++) {
        double e = fabs((double)at(out, i) - p->want[i]), v = fabs(p->want[i]);
        if (!(e <= worst)) worst = e;
        if (v > big) big = v;
        e2 += e * e, v2 += v * v;
    }
    *largest = worst / big, *rms = sqrt(e2 / v2);
}

static void check(conv_shape s, conv_pass pass, int add)
{
    double largest, rms;
    problem p = problem_new(s, pass);
    solve(&p, add);
    textbook(&p, add);
    errors(&p, &largest, &rms);
    if (!(largest <= 2e-5)) fail_msg("%lldx%lldx%lld, %lld to %lld channels, pass %d, add %d, %s: off by %g of the largest value",
        (long long)s.n, (long long)s.h, (long long)s.w, (long long)s.c, (long long)s.k, pass, add, p.k.name, largest);
    problem_free(&p);
}

static const int64_t maps[][2] = { { 5, 7 }, { 13, 9 }, { 33, 17 }, { 8, 8 }, { 1, 1 } }, channels[] = { 16, 49, 64, 33, 100 };

/* Every map with every pair of channels, dense or a view, set or added to, with and without bias, in turn. */
static void test_values(void **state)
{
    need_avx512();
    (void)state;
    for (int i = 0; i < 5 * 25 * CONV_PASSES; i++) {
        conv_pass pass = (conv_pass)(i % CONV_PASSES);
        int q = i / CONV_PASSES;
        conv_shape s = shape_of(q / 25 == 2 ? 1 : 2, maps[q / 25][0], maps[q / 25][1], channels[q / 5 % 5], channels[q % 5], q % 2);
        s.bias = pass == CONV_FORWARD && q % 3;
        check(s, pass, pass != CONV_FORWARD && q % 3 == 1);
    }
}

static void test_activations(void **state)
{
    need_avx512();
    (void)state;
    for (int i = 0; i < 4; i++) {
        conv_shape s = shape_of(1, 10, 6, 32, 40, i % 2);
        s.act = i / 2 ? ACT_LEAKY : ACT_RELU, s.slope = (real)0.2, s.bias = 1;
        check(s, CONV_FORWARD, 0);
        check(s, CONV_DATA, 0);                                /* gets the gradient of what stands before the activation */
    }
}

/* Shapes of every plan; planned for 1 to 4 threads and run with 1 to 3, each gives the same bits. */
static void test_threads(void **state)
{
    static const struct { int64_t n, h, w, c, k; conv_pass pass; const char *name; } table[] = {
        { 2, 45, 47, 32, 33, CONV_FORWARD, "winograd 4x4" },          { 2, 45, 47, 32, 40, CONV_DATA, "winograd 4x4" },
        { 2, 45, 47, 300, 32, CONV_FORWARD, "winograd 4x4" },         { 1, 25, 41, 80, 48, CONV_FORWARD, "winograd 4x4 fused" },
        { 1, 25, 41, 64, 100, CONV_DATA, "winograd 4x4 fused" },      { 2, 45, 47, 32, 33, CONV_WEIGHTS, "winograd 4x4 parts" },
        { 1, 33, 61, 64, 48, CONV_WEIGHTS, "winograd 4x4" },          { 1, 8, 9, 48, 70, CONV_WEIGHTS, "winograd 4x4" },
    };
    int threads = omp_get_max_threads();
    need_avx512();
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        float *first = NULL;
        conv_shape s = shape_of(table[i].n, table[i].h, table[i].w, table[i].c, table[i].k, 1);
        check(s, table[i].pass, 0);
        for (int q = 0; q < 12; q++) {
            omp_set_num_threads(q / 3 + 1);
            problem p = problem_new(s, table[i].pass);
            map *out = output(&p);
            size_t size = (size_t)(out->rows * out->stride) * sizeof *first;
            assert_string_equal(p.k.name, table[i].name);
            omp_set_num_threads(q % 3 + 1);
            solve(&p, 0);
            if (!first) memcpy(first = xalloc(size), out->p, size);
            assert_memory_equal(first, out->p, size);
            problem_free(&p);
        }
        free(first);
    }
    omp_set_num_threads(threads);
}

/* A map that is larger than a cache and aligned is stored past it: the same bits as one that is not. */
static void test_streams(void **state)
{
    need_avx512();
    (void)state;
    conv_shape s = shape_of(1, 260, 260, 32, 64, 0), t = s;
    t.ys++;
    problem p = problem_new(s, CONV_FORWARD), q = problem_new(t, CONV_FORWARD);
    solve(&p, 0), solve(&q, 0);
    for (int64_t i = 0; i < p.y.rows * p.y.n; i++) if (at(&p.y, i) != at(&q.y, i)) fail_msg("differs at %lld", (long long)i);
    problem_free(&p), problem_free(&q);
}

/* The rounding error by the depth of the sum: channels, or pixels of a weights pass. */
static void test_errors(void **state)
{
    static const struct { int64_t depth, side; double largest[CONV_PASSES], rms[CONV_PASSES]; } table[] = {
        { 64, 8, { 1.5e-5, 1.5e-5, 5e-6 }, { 2.2e-6, 2.2e-6, 1.3e-6 } }, { 256, 16, { 2e-5, 2e-5, 5e-6 }, { 4e-6, 4e-6, 1.5e-6 } },
        { 1024, 32, { 2e-5, 2e-5, 1e-5 }, { 4e-6, 4e-6, 2.5e-6 } },
    };
    need_avx512();
    (void)state;
    for (int i = 0; i < 3 * CONV_PASSES; i++) {
        conv_pass pass = (conv_pass)(i % CONV_PASSES);
        int64_t depth = table[i / 3].depth, side = pass == CONV_WEIGHTS ? table[i / 3].side : 64;
        problem p = problem_new(shape_of(1, side, side, pass == CONV_FORWARD ? depth : 32, pass == CONV_DATA ? depth : 32, 0), pass);
        double largest, rms;
        solve(&p, 0);
        textbook(&p, 0);
        errors(&p, &largest, &rms);
        near(largest, 0, table[i / 3].largest[pass]);
        near(rms, 0, table[i / 3].rms[pass]);
        problem_free(&p);
    }
}

/* What winograd_make answers; it fills k only where it takes the pass. */
static int made(conv_shape s, conv_pass pass)
{
    conv_kernel k = { 0 };
    int taken = winograd_make(&s, pass, &k);
    assert_int_equal(taken, k.run != NULL);
    conv_release(&k);
    return taken;
}

static void test_refusals(void **state)
{
    const int able = sizeof(real) == sizeof(float) && __builtin_cpu_supports("avx512f");
    const conv_shape good = shape_of(2, 16, 16, 64, 32, 1);
    const machine m = machine_read();
    const int amx = machine_has(&m, "amx_bf16");
    (void)state;
    for (conv_pass pass = CONV_FORWARD; pass < CONV_PASSES; pass++) {
        conv_shape bad[16];
        int n = 0;
        for (int i = 0; i < 16; i++) bad[i] = good;
        bad[n++].winograd = 0;
        bad[n].kh = 1, bad[n++].oh = 18;
        bad[n].kw = 5, bad[n++].ow = 14;
        bad[n].sh = 2, bad[n++].oh = 8;
        bad[n].sw = 2, bad[n++].ow = 8;
        bad[n].dh = 2, bad[n++].oh = 14;
        bad[n].dw = 2, bad[n++].ow = 14;
        bad[n].top = 2, bad[n++].oh = 17;
        bad[n].bottom = 0, bad[n++].oh = 15;
        bad[n].left = 2, bad[n++].ow = 17;
        bad[n].right = 0, bad[n++].ow = 15;
        bad[n++].groups = 2;
        bad[n++].transposed = 1;
        bad[n++].c = 15;
        bad[n++].k = 15;
        bad[n].n = 1, bad[n].h = 8, bad[n].oh = 8, bad[n].w = 12, bad[n++].ow = 12;
        for (int i = 0; i < n; i++) if (made(bad[i], pass)) fail_msg("pass %d took shape %d", pass, i);
        assert_int_equal(made(good, pass), able);
        conv_shape s = good;
        s.act = ACT_TANH;
        assert_int_equal(made(s, pass), able && pass != CONV_FORWARD);
        s = good, s.bf16 = 1;
        assert_int_equal(made(s, pass), able && (pass == CONV_WEIGHTS || !(amx || machine_has(&m, "avx512_bf16"))));
        s.k = 64;
        assert_int_equal(made(s, pass), able && (pass == CONV_WEIGHTS || !amx));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values), cmocka_unit_test(test_activations), cmocka_unit_test(test_threads), cmocka_unit_test(test_streams),
        cmocka_unit_test(test_errors), cmocka_unit_test(test_refusals),
    };
    return RUN_TESTS(tests);
}
