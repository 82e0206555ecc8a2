/* conv_bf16_test.c - weight gradients from bf16 factors, by every path this CPU has, against sums in double. The maps hold numbers
 * that are bf16 already, so that only the float32 sums may differ: by 1e-5 of the largest. Maps are views with NaN in the other
 * channels, so that a read beside the view shows; results and scratch stand between sentinels. */
#include "tests/test.h"
#include "kernels/conv_bf16.h"
#include <omp.h>

enum { SENTINEL = -77, GUARD = 64 };
static const char *const path_names[] = { "amx", "avx512" };

typedef struct {
    int64_t n, h, w, c, k, kh, kw, sh, sw, top, bottom, left, right, wide_x, wide_y;
    int transposed;
} shape_case;

#define KERNEL_OF(h, w, down, right) .kh = h, .kw = w, .sh = down, .sw = right
#define PAD(t, b, l, r) .top = t, .bottom = b, .left = l, .right = r
#define SQUARE(size, step, pad) KERNEL_OF(size, size, step, step), PAD(pad, pad, pad, pad)
#define VIEW(x, y) .wide_x = x, .wide_y = y
static const shape_case cases[] = {
    { 1, 1, 1, 8, 8, SQUARE(1, 1, 0) },
    { 1, 1, 1, 8, 8, SQUARE(3, 1, 1) },
    { 2, 7, 5, 16, 16, SQUARE(3, 1, 1) },
    { 1, 9, 33, 17, 8, SQUARE(3, 1, 1), VIEW(3, 5) },
    { 2, 8, 31, 8, 17, SQUARE(3, 1, 1), VIEW(1, 0) },
    { 1, 13, 6, 33, 64, SQUARE(3, 1, 1), VIEW(0, 7) },
    { 1, 6, 15, 64, 33, SQUARE(3, 1, 1), VIEW(31, 31) },
    { 3, 5, 4, 40, 150, SQUARE(3, 1, 1) },                     /* two groups of narrow channels */
    { 2, 5, 3, 24, 300, SQUARE(1, 1, 0) },                     /* three */
    { 1, 10, 12, 16, 24, SQUARE(1, 1, 0), VIEW(2, 2) },
    { 2, 3, 5, 400, 410, SQUARE(1, 1, 0) },                       /* more channels than a task takes of either */
    { 1, 4, 5, 8, 9, SQUARE(1, 1, 1) },
    { 2, 9, 8, 33, 16, SQUARE(1, 2, 0) },
    { 1, 11, 14, 16, 16, SQUARE(2, 1, 0) },
    { 2, 15, 13, 16, 33, SQUARE(3, 2, 1), VIEW(4, 4) },
    { 1, 16, 14, 9, 16, SQUARE(4, 2, 1) },
    { 1, 12, 35, 16, 8, SQUARE(5, 1, 2) },
    { 1, 12, 9, 8, 16, SQUARE(5, 2, 2) },
    { 1, 17, 20, 10, 11, SQUARE(7, 1, 3), VIEW(1, 1) },
    { 1, 19, 18, 16, 16, SQUARE(7, 2, 3) },
    { 1, 9, 40, 16, 16, SQUARE(3, 1, 0) },
    { 2, 8, 9, 16, 20, KERNEL_OF(1, 7, 1, 1), PAD(0, 0, 3, 3) },
    { 2, 9, 8, 20, 16, KERNEL_OF(7, 1, 2, 1), PAD(3, 3, 0, 0) },
    { 1, 8, 11, 12, 8, KERNEL_OF(3, 5, 1, 2), PAD(0, 1, 2, 3) },     /* a different padding on every side */
    { 1, 7, 8, 12, 8, KERNEL_OF(2, 3, 2, 1), PAD(3, 0, 4, 1), VIEW(2, 3) },  /* and more than the kernel */
    { 2, 70, 700, 16, 16, SQUARE(3, 1, 1), VIEW(0, 16) },     /* several chunks an image, the last one smaller */
    { 2, 61, 333, 48, 40, SQUARE(3, 2, 1) },                   /* many depths of two by two blocks */
    { 9, 33, 150, 8, 8, SQUARE(3, 1, 1) },
    { 1, 5, 7, 16, 8, SQUARE(2, 2, 0), VIEW(2, 5), .transposed = 1 },
    { 2, 9, 35, 33, 17, SQUARE(2, 2, 0), .transposed = 1 },
    { 1, 5, 4, 8, 20, SQUARE(4, 2, 1), .transposed = 1 },
    { 1, 6, 5, 16, 9, SQUARE(3, 1, 1), VIEW(1, 3), .transposed = 1 },
    { 1, 5, 6, 150, 16, SQUARE(3, 2, 0), .transposed = 1 },
    { 2, 130, 161, 16, 8, SQUARE(2, 2, 0), .transposed = 1 },
};
enum { CASES = sizeof cases / sizeof *cases };
static const shape_case large = { 4, 896, 320, 16, 16, SQUARE(3, 1, 1) };

static uint64_t seed = 1;
/* of -1 .. 1, with the 8 significant bits of bf16 */
static float draw(void)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (float)((int)(seed >> 56) - 128) / 128 * (seed >> 55 & 1 ? 1 : 0.0625f);
}

static conv_shape shape_from(const shape_case *q)
{
    conv_shape s = { .n = q->n, .h = q->h, .w = q->w, .c = q->c, .xs = q->c + q->wide_x, .k = q->k, .ys = q->k + q->wide_y, .kh = q->kh,
        .kw = q->kw, .sh = q->sh, .sw = q->sw, .dh = 1, .dw = 1, .top = q->top, .bottom = q->bottom, .left = q->left, .right = q->right,
        .groups = 1, .transposed = q->transposed, .bf16 = 1 };
    s.oh = s.transposed ? deconv_size(s.h, s.kh, s.sh, 1, s.top + s.bottom, 0) : conv_size(s.h, s.kh, s.sh, 1, s.top + s.bottom);
    s.ow = s.transposed ? deconv_size(s.w, s.kw, s.sw, 1, s.left + s.right, 0) : conv_size(s.w, s.kw, s.sw, 1, s.left + s.right);
    return s;
}

/* a map with NaN in the channels c.. of every pixel and no room behind its last view */
static real *map_new(int64_t pixels, int64_t c, int64_t stride)
{
    int64_t n = (pixels - 1) * stride + c;
    real *p = malloc((size_t)n * sizeof *p);
    for (int64_t i = 0; i < n; i++) p[i] = i % stride < c ? (real)draw() : (real)NAN;
    return p;
}

/* gw [taps c k], or [c taps k] where transposed */
static double *textbook(const conv_shape *s, const real *x, const real *gy)
{
    const int64_t taps = s->kh * s->kw, small_h = s->transposed ? s->h : s->oh, small_w = s->transposed ? s->w : s->ow;
    const int64_t big_h = s->transposed ? s->oh : s->h, big_w = s->transposed ? s->ow : s->w;
    double *gw = calloc((size_t)(taps * s->c * s->k), sizeof *gw);
    #pragma omp parallel for schedule(dynamic)
    for (int64_t t = 0; t < taps; t++)
        for (int64_t p = 0; p < s->n * small_h * small_w; p++) {
            const int64_t n = p / (small_h * small_w), u = p / small_w % small_h * s->sh + t / s->kw - s->top;
            const int64_t v = p % small_w * s->sw + t % s->kw - s->left, q = (n * big_h + u) * big_w + v;
            if (u < 0 || u >= big_h || v < 0 || v >= big_w) continue;
            const real *a = x + (s->transposed ? p : q) * s->xs, *b = gy + (s->transposed ? q : p) * s->ys;
            for (int64_t i = 0; i < s->c; i++) {
                double *to = gw + (s->transposed ? i * taps + t : t * s->c + i) * s->k;
                for (int64_t j = 0; j < s->k; j++) to[j] += (double)a[i] * (double)b[j];
            }
        }
    return gw;
}

/* n numbers between sentinels, 64-byte aligned; all sentinels at first */
static real *guarded(int64_t n)
{
    real *p = aligned_alloc(64, (size_t)((n + 2 * GUARD + 15) / 16 * 16) * sizeof *p);
    for (int64_t i = 0; i < n + 2 * GUARD; i++) p[i] = SENTINEL;
    return p + GUARD;
}
static void guarded_free(real *p, int64_t n)
{
    for (int i = 0; i < GUARD; i++) assert_true(p[-1 - i] == SENTINEL && p[n + i] == SENTINEL);
    free(p - GUARD);
}

/* Runs it with so many threads, in scratch of the declared size full of NaN. 0: this CPU lacks the path. */
static int weights(bf16_path path, const conv_shape *s, const real *x, const real *gy, real *gw, int add, int made_for, int threads)
{
    const int before = omp_get_max_threads();
    conv_kernel k = { 0 };
    context c = { 0 };
    omp_set_num_threads(made_for);
    const int able = bf16_weights_make_by(path, s, &k);
    omp_set_num_threads(threads);
    if (able) {
        const int64_t n = (int64_t)((k.work + sizeof(real) - 1) / sizeof(real));
        real *work = guarded(n);
        memset(work, 0xff, k.work);
        c.work = work;
        k.run(&c, &k, x, gy, NULL, gw, add);
        guarded_free(work, n);
        conv_release(&k);
    }
    omp_set_num_threads(before);
    return able;
}

static void check_case(bf16_path path, const shape_case *q)
{
    const conv_shape s = shape_from(q);
    const int64_t n = conv_weights(&s);
    real *x = map_new(s.n * s.h * s.w, s.c, s.xs), *gy = map_new(s.n * s.oh * s.ow, s.k, s.ys), *gw = guarded(n);
    double *want = textbook(&s, x, gy), largest = 0;
    for (int64_t i = 0; i < n; i++) largest = fmax(largest, fabs(want[i]));
    for (int add = 0; add < 2; add++) {
        assert_true(weights(path, &s, x, gy, gw, add, 2, 2));
        for (int64_t i = 0; i < n; i++) {
            const double g = (double)gw[i], w = (1 + add) * want[i];
            if (!(fabs(g - w) <= 1e-5 * (1 + add) * largest))
                fail_msg("%s, %lldx%lldx%lldx%lld to %lld, kernel %lldx%lld, add %d: [%lld] = %.8g, wanted %.8g", path_names[path],
                         (long long)s.n, (long long)s.h, (long long)s.w, (long long)s.c, (long long)s.k, (long long)s.kh, (long long)s.kw,
                         add, (long long)i, g, w);
        }
    }
    guarded_free(gw, n);
    free(x), free(gy), free(want);
}

static int has(bf16_path path)
{
    const conv_shape s = shape_from(&cases[2]);
    conv_kernel k = { 0 };
    const int able = bf16_weights_make_by(path, &s, &k);
    if (able) conv_release(&k);
    return able;
}

static void check_path(bf16_path path)
{
    if (!has(path)) skip();
    for (int i = 0; i < CASES; i++) check_case(path, &cases[i]);
    check_case(path, &large);
}
static void test_amx(void **state) { (void)state; check_path(BF16_AMX); }
static void test_avx512(void **state) { (void)state; check_path(BF16_AVX512); }

/* The same bits with any number of threads, more than it was made for too. */
static void test_same_bits(void **state)
{
    static const int threads[][2] = { { 1, 1 }, { 2, 2 }, { 3, 3 }, { 2, 1 }, { 1, 3 } };      /* made for, run with */
    (void)state;
    if (!has(BF16_AVX512)) skip();
    for (bf16_path path = 0; path < BF16_PATHS; path++)
        for (int i = 0; has(path) && i < CASES; i++) {
            const conv_shape s = shape_from(&cases[i]);
            const int64_t n = conv_weights(&s);
            real *x = map_new(s.n * s.h * s.w, s.c, s.xs), *gy = map_new(s.n * s.oh * s.ow, s.k, s.ys);
            real *first = guarded(n), *gw = guarded(n);
            for (size_t t = 0; t < sizeof threads / sizeof *threads; t++) {
                weights(path, &s, x, gy, t ? gw : first, 0, threads[t][0], threads[t][1]);
                if (t) assert_memory_equal(gw, first, (size_t)n * sizeof *gw);
            }
            guarded_free(first, n), guarded_free(gw, n);
            free(x), free(gy);
        }
}

/* Factors are rounded to the nearest bf16, halves to even. */
static void test_rounding(void **state)
{
    static const double table[][2] = { { 1.0009765625, 1 }, { 1.00390625, 1 }, { 1.01171875, 1.015625 }, { -1.0046875, -1.0078125 } };
    const conv_shape s = shape_from(&cases[0]);
    (void)state;
    if (!has(BF16_AVX512)) skip();
    for (bf16_path path = 0; path < BF16_PATHS; path++)
        for (size_t i = 0; has(path) && i < sizeof table / sizeof *table; i++) {
            real x[8] = { 0 }, gy[8] = { 0 }, *gw = guarded(64);
            x[3] = (real)table[i][0], gy[5] = (real)3;
            weights(path, &s, x, gy, gw, 0, 1, 1);
            for (int j = 0; j < 64; j++) near(gw[j], j == 3 * 8 + 5 ? 3 * table[i][1] : 0, 0);
            guarded_free(gw, 64);
        }
}

/* What is left to others: it says no and leaves k alone. */
static void test_refuses(void **state)
{
    conv_shape plain = shape_from(&cases[2]), s[8];
    (void)state;
    for (int i = 0; i < 8; i++) s[i] = plain;
    s[0].groups = 2, s[1].dh = 2, s[2].dw = 2, s[3].c = 7, s[4].k = 7, s[5].kh = 8, s[6].sw = 3, s[7].bf16 = 0;
    for (int i = 0; i < 8; i++)
        for (conv_pass pass = CONV_FORWARD; pass < CONV_PASSES; pass++) {
            conv_kernel k = { 0 };
            assert_false(bf16_weights_make(&s[i], pass, &k));
            assert_null(k.run);
        }
    for (conv_pass pass = CONV_FORWARD; pass < CONV_WEIGHTS; pass++) assert_false(bf16_weights_make(&plain, pass, &(conv_kernel){ 0 }));
    for (bf16_path path = 0; path < BF16_PATHS; path++)
        for (int i = 0; i < 7; i++) assert_false(bf16_weights_make_by(path, &s[i], &(conv_kernel){ 0 }));
    if (!has(BF16_AMX)) return;
    conv_kernel k = { 0 };
    context c = { 0 };
    conv_choose_cpu(&c, &plain, CONV_WEIGHTS, &k);             /* the table asks it first */
    assert_string_equal(k.name, "bf16 amx");
    conv_release(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_amx), cmocka_unit_test(test_avx512), cmocka_unit_test(test_same_bits), cmocka_unit_test(test_rounding),
        cmocka_unit_test(test_refuses),
    };
    return RUN_TESTS(tests);
}
