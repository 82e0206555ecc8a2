/* conv_test.c - convolutions and matrix products. Data are small integers, so that every sum is exact in float whatever its order:
 * the loops equal the textbook sum and its adjoint, and whatever conv_choose picks equals the loops, bit for bit. Maps are views in
 * wider maps with sentinels in the other channels, and so is the scratch memory. */
#include "tests/test.h"
#include "kernels/conv.h"
#include "kernels/gemm.h"
#include "nn/graph.h"
#include <omp.h>

enum { SENTINEL = -77, GUARD = 64 };

static uint32_t seed = 1;
static int small(int range) { seed = seed * 1664525u + 1013904223u; return (int)(seed >> 16) % (2 * range + 1) - range; }

/* n numbers between guards; range 0: sentinels */
static real *numbers(int64_t n, int range)
{
    real *p = aligned_alloc(64, (size_t)((n + 2 * GUARD + 15) / 16 * 16) * sizeof *p);
    for (int64_t i = 0; i < n + 2 * GUARD; i++) p[i] = i < GUARD || i >= n + GUARD || !range ? SENTINEL : (real)small(range);
    return p + GUARD;
}
static void numbers_free(real *p) { free(p - GUARD); }

static void guards_intact(const real *p, int64_t n)
{
    for (int i = 0; i < GUARD; i++) assert_true(p[-1 - i] == SENTINEL && p[n + i] == SENTINEL);
}

/* a map of `pixels` with sentinels in channels c..stride-1 */
static real *map(int64_t pixels, int64_t c, int64_t stride, int range)
{
    real *p = numbers(pixels * stride, range);
    for (int64_t i = 0; i < pixels * stride; i++) if (i % stride >= c) p[i] = SENTINEL;
    return p;
}
static real *copy(const real *p, int64_t n)
{
    real *q = numbers(n, 0);
    memcpy(q, p, (size_t)n * sizeof *q);
    return q;
}

typedef struct {
    const char *what;
    int transposed;
    int64_t n, h, w, c, k, kh, kw, sh, sw, dh, dw, top, bottom, left, right, groups, extra, wide_x, wide_y;
    activation act;
} shape_case;

#define ONES .sh = 1, .sw = 1, .dh = 1, .dw = 1, .groups = 1
#define PAD(t, b, l, r) .top = t, .bottom = b, .left = l, .right = r
static const shape_case cases[] = {
    { "3x3",              0, 2, 8, 8, 16, 16, 3, 3, ONES, PAD(1, 1, 1, 1) },
    { "3x3 odd",          0, 2, 7, 9, 3, 5, 3, 3, ONES, PAD(1, 1, 1, 1) },
    { "3x3 views",        0, 2, 7, 9, 3, 5, 3, 3, ONES, PAD(1, 1, 1, 1), .wide_x = 2, .wide_y = 3 },
    { "3x3 view in",      0, 1, 8, 6, 32, 64, 3, 3, ONES, PAD(1, 1, 1, 1), .wide_x = 32 },
    { "3x3 view out",     0, 1, 8, 6, 64, 32, 3, 3, ONES, PAD(1, 1, 1, 1), .wide_y = 32 },
    { "3x3 no pad",       0, 1, 9, 8, 4, 6, 3, 3, ONES },
    { "3x3 relu",         0, 1, 9, 8, 4, 6, 3, 3, ONES, PAD(1, 1, 1, 1), .act = ACT_RELU },
    { "3x3 leaky, view",  0, 1, 9, 8, 4, 6, 3, 3, ONES, PAD(1, 1, 1, 1), .act = ACT_LEAKY, .wide_y = 3 },
    { "3x3 tanh",         0, 1, 5, 4, 4, 6, 3, 3, ONES, PAD(1, 1, 1, 1), .act = ACT_TANH },
    { "1 channel in",     0, 2, 17, 13, 1, 64, 3, 3, ONES, PAD(1, 1, 1, 1) },
    { "wide",             0, 1, 6, 5, 130, 70, 3, 3, ONES, PAD(1, 1, 1, 1) },
    { "to 3",             0, 2, 7, 13, 48, 3, 3, 3, ONES, PAD(1, 1, 1, 1) },
    { "to 3, views",      0, 2, 5, 6, 32, 3, 3, 3, ONES, PAD(1, 1, 1, 1), .wide_x = 3, .wide_y = 2 },
    { "to 1, 4x4",        0, 1, 9, 8, 64, 1, 4, 4, ONES, PAD(1, 1, 1, 1), .act = ACT_LEAKY },
    { "to 2, 7x7",        0, 1, 9, 20, 16, 2, 7, 7, ONES, PAD(3, 3, 3, 3), .act = ACT_RELU },
    { "to 4, pad 0 2 1 0", 0, 2, 6, 17, 80, 4, 3, 3, ONES, PAD(0, 2, 1, 0), .wide_y = 1 },
    { "to 4, 1x4 tanh",   0, 1, 2, 3, 16, 4, 1, 4, ONES, PAD(0, 0, 2, 3), .act = ACT_TANH },
    { "to 3, many rows",  0, 1, 130, 120, 64, 3, 3, 3, ONES, PAD(1, 1, 1, 1) },
    { "1x1 to 2",         0, 2, 9, 7, 64, 2, 1, 1, ONES },
    { "1x1 padded",       0, 1, 4, 5, 3, 4, 1, 1, ONES, PAD(1, 1, 1, 1) },
    { "1x1 stride 2",     0, 1, 7, 6, 4, 5, 1, 1, .sh = 2, .sw = 2, .dh = 1, .dw = 1, .groups = 1 },
    { "7x7 stride 2",     0, 1, 15, 14, 3, 16, 7, 7, .sh = 2, .sw = 2, .dh = 1, .dw = 1, .groups = 1, PAD(3, 3, 3, 3) },
    { "4x4 stride 2",     0, 2, 9, 8, 3, 4, 4, 4, .sh = 2, .sw = 2, .dh = 1, .dw = 1, .groups = 1, PAD(1, 1, 1, 1) },
    { "3x3 s2 view",      0, 1, 9, 8, 16, 16, 3, 3, .sh = 2, .sw = 2, .dh = 1, .dw = 1, .groups = 1, PAD(0, 1, 0, 1), .wide_x = 8, .wide_y = 8 },
    { "pad 0 1 2 3",      0, 1, 6, 7, 5, 4, 4, 4, ONES, PAD(0, 1, 2, 3) },
    { "1x5 s 2,1",        0, 1, 9, 8, 3, 4, 1, 5, .sh = 2, .sw = 1, .dh = 1, .dw = 1, .groups = 1, PAD(0, 0, 2, 2) },
    { "dilation 2",       0, 1, 11, 9, 8, 16, 3, 3, .sh = 1, .sw = 1, .dh = 2, .dw = 2, .groups = 1, PAD(2, 2, 2, 2) },
    { "dilation 1,3 s2",  0, 1, 11, 13, 3, 4, 3, 3, .sh = 2, .sw = 2, .dh = 1, .dw = 3, .groups = 1, PAD(1, 1, 2, 2) },
    { "groups 2",         0, 1, 7, 6, 8, 12, 3, 3, .sh = 1, .sw = 1, .dh = 1, .dw = 1, .groups = 2, PAD(1, 1, 1, 1) },
    { "groups 4 s2 view", 0, 2, 7, 6, 8, 4, 3, 3, .sh = 2, .sw = 2, .dh = 1, .dw = 1, .groups = 4, PAD(1, 1, 1, 1), .wide_x = 1, .wide_y = 1 },
    { "depthwise",        0, 1, 9, 7, 16, 16, 3, 3, .sh = 1, .sw = 1, .dh = 1, .dw = 1, .groups = 16, PAD(1, 1, 1, 1) },
    { "2x2 up",           1, 2, 5, 7, 16, 8, 2, 2, .sh = 2, .sw = 2, .dh = 1, .dw = 1, .groups = 1 },
    { "2x2 up views",     1, 2, 5, 7, 6, 3, 2, 2, .sh = 2, .sw = 2, .dh = 1, .dw = 1, .groups = 1, .wide_x = 2, .wide_y = 5 },
    { "2x2 up, columns",  1, 2, 3, 31, 40, 70, 2, 2, .sh = 2, .sw = 2, .dh = 1, .dw = 1, .groups = 1, .wide_x = 1, .wide_y = 9 },
    { "2x1 up, leaky",    1, 1, 9, 16, 33, 48, 2, 1, .sh = 2, .sw = 1, .dh = 1, .dw = 1, .groups = 1, .act = ACT_LEAKY },
    { "2x2 up, bands",    1, 1, 37, 45, 5, 160, 2, 2, .sh = 2, .sw = 2, .dh = 1, .dw = 1, .groups = 1, .wide_y = 3 },
    { "2x3 up relu",      1, 1, 4, 3, 3, 4, 2, 3, .sh = 2, .sw = 3, .dh = 1, .dw = 1, .groups = 1, .act = ACT_RELU },
    { "4x4 up",           1, 1, 5, 4, 16, 8, 4, 4, .sh = 2, .sw = 2, .dh = 1, .dw = 1, .groups = 1, PAD(1, 1, 1, 1) },
    { "4x4 up views",     1, 1, 5, 4, 3, 5, 4, 4, .sh = 2, .sw = 2, .dh = 1, .dw = 1, .groups = 1, PAD(1, 1, 1, 1), .wide_x = 1, .wide_y = 2 },
    { "3x3 up extra 1",   1, 1, 5, 4, 3, 5, 3, 3, .sh = 2, .sw = 2, .dh = 1, .dw = 1, .groups = 1, PAD(1, 1, 1, 1), .extra = 1 },
    { "3x3 adjoint s1",   1, 2, 6, 5, 7, 4, 3, 3, ONES, PAD(1, 1, 1, 1), .wide_y = 1 },
    { "3x3 adj. leaky",   1, 1, 6, 5, 7, 4, 3, 3, ONES, PAD(0, 1, 1, 0), .act = ACT_LEAKY },
    { "3x3 dilated up",   1, 1, 4, 5, 3, 4, 3, 3, .sh = 2, .sw = 2, .dh = 2, .dw = 2, .groups = 1, PAD(1, 1, 1, 1) },
};
enum { CASES = sizeof cases / sizeof *cases };

static conv_shape shape_from(const shape_case *q)
{
    conv_shape s = { .n = q->n, .h = q->h, .w = q->w, .c = q->c, .xs = q->c + q->wide_x, .k = q->k, .ys = q->k + q->wide_y, .kh = q->kh,
        .kw = q->kw, .sh = q->sh, .sw = q->sw, .dh = q->dh, .dw = q->dw, .top = q->top, .bottom = q->bottom, .left = q->left,
        .right = q->right, .groups = q->groups, .transposed = q->transposed, .act = q->act, .slope = (real)0.25 };
    s.oh = q->transposed ? deconv_size(q->h, q->kh, q->sh, q->dh, q->top + q->bottom, q->extra)
                         : conv_size(q->h, q->kh, q->sh, q->dh, q->top + q->bottom);
    s.ow = q->transposed ? deconv_size(q->w, q->kw, q->sw, q->dw, q->left + q->right, q->extra)
                         : conv_size(q->w, q->kw, q->sw, q->dw, q->left + q->right);
    return s;
}

/* The textbook sum: for every pair of an input and an output pixel that a tap joins, out += in w. */
static void textbook(const conv_shape *s, const real *x, const real *w, const real *b, real *y)
{
    int64_t cg = s->c / s->groups, kg = s->k / s->groups, big_h = s->transposed ? s->oh : s->h, big_w = s->transposed ? s->ow : s->w;
    int64_t small_h = s->transposed ? s->h : s->oh, small_w = s->transposed ? s->w : s->ow;
    for (int64_t p = 0; p < s->n * s->oh * s->ow; p++) for (int64_t o = 0; o < s->k; o++) y[p * s->ys + o] = b ? b[o] : 0;
    for (int64_t n = 0; n < s->n; n++) for (int64_t i = 0; i < small_h; i++) for (int64_t j = 0; j < small_w; j++)
    for (int64_t a = 0; a < s->kh; a++) for (int64_t e = 0; e < s->kw; e++) {
        int64_t u = i * s->sh + a * s->dh - s->top, v = j * s->sw + e * s->dw - s->left;
        if (u < 0 || u >= big_h || v < 0 || v >= big_w) continue;
        int64_t narrow = (n * small_h + i) * small_w + j, broad = (n * big_h + u) * big_w + v;
        const real *in = x + (s->transposed ? narrow : broad) * s->xs;
        real *out = y + (s->transposed ? broad : narrow) * s->ys;
        for (int64_t q = 0; q < s->c; q++) for (int64_t o = 0; o < s->k; o++) {
            if (q / cg != o / kg) continue;
            int64_t at = s->transposed ? ((q * s->kh + a) * s->kw + e) * s->k + o : ((a * s->kw + e) * cg + q % cg) * s->k + o;
            out[o] += in[q] * w[at];
        }
    }
    for (int64_t p = 0; p < s->n * s->oh * s->ow; p++)
        for (int64_t o = 0; o < s->k; o++) y[p * s->ys + o] = act_value(s->act, y[p * s->ys + o], s->slope);
}

static void same(const char *what, const char *which, const real *got, const real *want, int64_t n, double tol)
{
    for (int64_t i = 0; i < n; i++)
        if (!(fabs((double)got[i] - (double)want[i]) <= tol)) fail_msg("%s, %s: [%lld] = %g, wanted %g", what, which, (long long)i,
            (double)got[i], (double)want[i]);
    guards_intact(got, n);
}

static double inner(const real *a, const real *b, int64_t pixels, int64_t c, int64_t stride)
{
    double sum = 0;
    for (int64_t p = 0; p < pixels; p++) for (int64_t i = 0; i < c; i++) sum += (double)a[p * stride + i] * (double)b[p * stride + i];
    return sum;
}

/* what one case works on */
typedef struct { conv_shape s; int64_t nx, ny, nw; real *x, *y, *gy, *gx, *w, *gw, *b; } operands;

static operands operands_new(const shape_case *q)
{
    operands o = { .s = shape_from(q) };
    conv_shape *s = &o.s;
    o.nx = s->n * s->h * s->w, o.ny = s->n * s->oh * s->ow, o.nw = conv_weights(s);
    o.x = map(o.nx, s->c, s->xs, 2), o.gx = map(o.nx, s->c, s->xs, 3), o.gy = map(o.ny, s->k, s->ys, 2), o.y = map(o.ny, s->k, s->ys, 3);
    o.w = numbers(o.nw, 2), o.gw = numbers(o.nw, 3), o.b = numbers(s->k, 4);
    return o;
}
static void operands_free(operands *o)
{
    real *all[] = { o->x, o->y, o->gy, o->gx, o->w, o->gw, o->b };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) numbers_free(all[i]);
}

/* one pass by the loops */
static void loops(const conv_shape *s, conv_pass pass, const real *a, const real *b, const real *bias, real *out, int add)
{
    context c = { 0 };
    if (pass == CONV_FORWARD) (s->transposed ? deconv_forward_cpu : conv_forward_cpu)(&c, s, a, b, bias, out);
    if (pass == CONV_DATA) (s->transposed ? deconv_backward_data_cpu : conv_backward_data_cpu)(&c, s, a, b, out, add);
    if (pass == CONV_WEIGHTS) (s->transposed ? deconv_backward_weights_cpu : conv_backward_weights_cpu)(&c, s, a, b, out, add);
}

static void test_loops(void **state)
{
    (void)state;
    for (int i = 0; i < CASES; i++) {
        operands o = operands_new(&cases[i]);
        conv_shape *s = &o.s;
        real *want = copy(o.y, o.ny * s->ys);
        textbook(s, o.x, o.w, o.b, want);
        loops(s, CONV_FORWARD, o.x, o.w, o.b, o.y, 0);
        same(cases[i].what, "forward", o.y, want, o.ny * s->ys, s->act == ACT_TANH ? 1e-7 : 0);
        s->act = ACT_LINEAR;                                   /* adjoints: <gy, conv(x, w)> = <gx, x> = <gw, w> */
        loops(s, CONV_FORWARD, o.x, o.w, NULL, o.y, 0);
        loops(s, CONV_DATA, o.gy, o.w, NULL, o.gx, 0);
        loops(s, CONV_WEIGHTS, o.x, o.gy, NULL, o.gw, 0);
        double y = inner(o.gy, o.y, o.ny, s->k, s->ys);
        near(inner(o.gx, o.x, o.nx, s->c, s->xs), y, 0);
        near(inner(o.gw, o.w, o.nw, 1, 1), y, 0);
        numbers_free(want);
        operands_free(&o);
    }
}

/* run one pass of what conv_choose picks; scratch guarded */
static void chosen(const shape_case *q, const conv_shape *s, conv_pass pass, const real *a, const real *b, const real *bias, real *out, int add)
{
    conv_kernel k = { 0 };
    context c = { 0 };
    conv_choose_cpu(&c, s, pass, &k);
    int64_t n = (int64_t)((k.work + sizeof(real) - 1) / sizeof(real));
    real *work = numbers(n, 0);
    c.work = work;
    int64_t np = (int64_t)((k.packed + sizeof(real) - 1) / sizeof(real));
    real *packed = numbers(np, 0);
    if (k.pack) k.pack(&c, &k, b, packed);
    k.run(&c, &k, a, k.pack ? packed : b, bias, out, add);
    guards_intact(work, n), guards_intact(packed, np);
    numbers_free(packed);
    if (getenv("CONV_TEST_NAMES") && !add) print_message("%-18s %d %s, %zu bytes\n", q->what, pass, k.name, k.work);
    int fast = sizeof(real) == sizeof(float) && s->groups == 1 && s->dh == 1 && s->dw == 1 && s->act != ACT_TANH;
    if (fast && !strcmp(k.name, "loops")) fail_msg("%s, pass %d: left to the loops", q->what, pass);
    numbers_free(work);
    conv_release(&k);
    assert_null(k.state);
}

/* oneDNN 2.6.3 reads one number beyond a table of its own when it makes AMX kernels. Among glibc's blocks something always follows; at the
 * end of one of the address sanitizer's regions nothing does. */
#ifdef __SANITIZE_ADDRESS__
enum { PRECISIONS = 1 };
#else
enum { PRECISIONS = 2 };
#endif

static void test_chosen(void **state)
{
    (void)state;
    for (int i = 0; i < PRECISIONS * CASES; i++) {             /* small integers are exact in bf16 too */
        const shape_case *k = &cases[i / PRECISIONS];
        operands o = operands_new(k);
        conv_shape *s = &o.s;
        s->bf16 = i % PRECISIONS;
        real *y = copy(o.y, o.ny * s->ys);
        for (s->bias = 0; s->bias < 2; s->bias++) {
            loops(s, CONV_FORWARD, o.x, o.w, s->bias ? o.b : NULL, y, 0);
            chosen(k, s, CONV_FORWARD, o.x, o.w, s->bias ? o.b : NULL, o.y, 0);
            same(k->what, "forward", o.y, y, o.ny * s->ys, 0);
        }
        for (int add = 0; add < 2; add++) {
            real *gx = copy(o.gx, o.nx * s->xs), *gw = copy(o.gw, o.nw);
            loops(s, CONV_DATA, o.gy, o.w, NULL, gx, add);
            chosen(k, s, CONV_DATA, o.gy, o.w, NULL, o.gx, add);
            same(k->what, "backward data", o.gx, gx, o.nx * s->xs, 0);
            loops(s, CONV_WEIGHTS, o.x, o.gy, NULL, gw, add);
            chosen(k, s, CONV_WEIGHTS, o.x, o.gy, NULL, o.gw, add);
            same(k->what, "backward weights", o.gw, gw, o.nw, 0);
            numbers_free(gx), numbers_free(gw);
        }
        numbers_free(y);
        operands_free(&o);
    }
}

/* numbers that do not add up exactly */
static void roughen(real *p, int64_t n) { for (int64_t i = 0; i < n; i++) p[i] = (real)small(10000) / 9973; }

/* The same bits when repeated, and from the loops for any number of threads. */
static void test_same_bits(void **state)
{
    static const shape_case table[] = {
        { "3x3", 0, 2, 33, 31, 24, 40, 3, 3, ONES, PAD(1, 1, 1, 1) },
        { "2x2 up", 1, 2, 17, 19, 24, 16, 2, 2, .sh = 2, .sw = 2, .dh = 1, .dw = 1, .groups = 1 },
        { "1 channel", 0, 1, 64, 64, 1, 64, 3, 3, ONES, PAD(1, 1, 1, 1) },
        { "to 3", 0, 2, 60, 70, 64, 3, 3, 3, ONES, PAD(1, 1, 1, 1) },
    };
    int threads = omp_get_max_threads();
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        operands o = operands_new(&table[i]);
        roughen(o.x, o.nx * o.s.xs), roughen(o.gy, o.ny * o.s.ys), roughen(o.w, o.nw);
        for (conv_pass pass = CONV_FORWARD; pass < CONV_PASSES; pass++) {
            real *out = pass == CONV_FORWARD ? o.y : pass == CONV_DATA ? o.gx : o.gw;
            int64_t n = pass == CONV_FORWARD ? o.ny * o.s.ys : pass == CONV_DATA ? o.nx * o.s.xs : o.nw;
            const real *a = pass == CONV_DATA ? o.gy : o.x, *b = pass == CONV_WEIGHTS ? o.gy : o.w;
            chosen(&table[i], &o.s, pass, a, b, NULL, out, 0);
            real *first = copy(out, n);
            for (int again = 0; again < 3; again++) {
                chosen(&table[i], &o.s, pass, a, b, NULL, out, 0);
                assert_memory_equal(out, first, (size_t)n * sizeof(real));
            }
            for (int t = 1; t <= 2; t++) {
                omp_set_num_threads(t);
                loops(&o.s, pass, a, b, NULL, t == 1 ? first : out, 0);
            }
            omp_set_num_threads(threads);
            assert_memory_equal(out, first, (size_t)n * sizeof(real));
            numbers_free(first);
        }
        operands_free(&o);
    }
}

static void test_bias_backward(void **state)
{
    static const int64_t table[][3] = { { 1, 3, 3 }, { 257, 5, 8 }, { 70000, 2, 2 }, { 5000, 33, 40 } };   /* pixels, channels, stride */
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        int64_t n = table[i][0], k = table[i][1], stride = table[i][2];
        real *gy = map(n, k, stride, 3), *gb = numbers(k, 5), *start = copy(gb, k), *one = numbers(k, 0);
        int64_t room = (int64_t)(bias_work(n, k) / sizeof(real));
        real *work = numbers(room, 0);
        context c = { .work = work };
        for (int add = 1; add >= 0; add--) {
            bias_backward_cpu(&c, n, k, gy, stride, gb, add);
            for (int64_t j = 0; j < k; j++) {
                double sum = add ? (double)start[j] : 0;
                for (int64_t p = 0; p < n; p++) sum += (double)gy[p * stride + j];
                near(gb[j], sum, 0);
            }
            guards_intact(gb, k), guards_intact(work, room);
        }
        roughen(gy, n * stride);
        int threads = omp_get_max_threads();
        bias_backward_cpu(&c, n, k, gy, stride, gb, 0);
        omp_set_num_threads(1);
        bias_backward_cpu(&c, n, k, gy, stride, one, 0);
        omp_set_num_threads(threads);
        assert_memory_equal(gb, one, (size_t)k * sizeof(real));
        numbers_free(gy), numbers_free(gb), numbers_free(start), numbers_free(one), numbers_free(work);
    }
}

static void test_gemm(void **state)
{
    static const int64_t sizes[][3] = { { 1, 1, 1 }, { 33, 65, 67 }, { 5, 130, 3 }, { 100, 7, 200 }, { 64, 64, 64 } };
    (void)state;
    for (int i = 0; i < 5 * 8; i++) {
        const int64_t *d = sizes[i / 8];
        int ta = i & 1, tb = i >> 1 & 1, add = i >> 2 & 1;
        gemm_shape s = { d[0], d[1], d[2], ta, tb, (ta ? d[0] : d[2]) + 3, (tb ? d[2] : d[1]) + 2, d[1] + 1 };
        real *a = numbers((ta ? s.k : s.m) * s.lda, 2), *b = numbers((tb ? s.n : s.k) * s.ldb, 2), *y = map(s.m, s.n, s.ldc, 3);
        real *want = copy(y, s.m * s.ldc);
        context c = { 0 };
        for (int64_t r = 0; r < s.m; r++) for (int64_t q = 0; q < s.n; q++) {
            real sum = 0;
            for (int64_t p = 0; p < s.k; p++) sum += a[ta ? p * s.lda + r : r * s.lda + p] * b[tb ? q * s.ldb + p : p * s.ldb + q];
            want[r * s.ldc + q] = (add ? want[r * s.ldc + q] : 0) + 2 * sum;
        }
        gemm_cpu(&c, &s, 2, a, b, y, add);
        same("gemm", ta ? "a transposed" : tb ? "b transposed" : "plain", y, want, s.m * s.ldc, 0);
        numbers_free(a), numbers_free(b), numbers_free(y), numbers_free(want);
    }
}

/* an op of this name on inputs of these shapes */
static void add_node(const char *name, const char *words, int nin, const shape *s)
{
    graph *g = graph_new();
    tensor *in[4];
    const op *o = op_find(name);
    void *conf = xalloc(o->conf);
    key_words(o->keys, conf, words, "net.cfg:3");
    for (int i = 0; i < nin; i++) in[i] = graph_leaf(g, "leaf", s[i], REAL_TYPE, i ? PARAM : VALUE);
    tensor *y = graph_add(g, o, "y", "net.cfg:3", nin, in, conf);
    assert_int_equal(y->s.d[1], 3);
    free(conf);
    graph_free(g);
}

static void test_errors(void **state)
{
    const shape x = SHAPE4(1, 5, 6, 4);
    (void)state;
    add_node("conv", "", 3, (shape[]){ x, SHAPE4(3, 3, 4, 2), SHAPE1(2) });
    dies(EXIT_INPUT, "net.cfg:3: conv: got weights for 3 channels, wanted 4", add_node("conv", "", 2, (shape[]){ x, SHAPE4(3, 3, 3, 2) }));
    dies(EXIT_INPUT, "got groups=3, wanted a divisor of 4", add_node("conv", "groups=3", 2, (shape[]){ x, SHAPE4(3, 3, 1, 3) }));
    dies(EXIT_INPUT, "got a bias of 3 numbers, wanted 2", add_node("conv", "", 3, (shape[]){ x, SHAPE4(3, 3, 4, 2), SHAPE1(3) }));
    dies(EXIT_INPUT, "got 1 inputs", add_node("conv", "", 1, &x));
    dies(EXIT_INPUT, "got weights with 1 sizes", add_node("conv", "", 2, (shape[]){ x, SHAPE1(4) }));
    dies(EXIT_INPUT, "got a 5x6 map for a 7x7 kernel", add_node("conv", "dilation=3", 2, (shape[]){ x, SHAPE4(3, 3, 4, 2) }));
    dies(EXIT_INPUT, "deconv: got groups=2, wanted 1", add_node("deconv", "groups=2", 2, (shape[]){ x, SHAPE4(4, 2, 2, 2) }));
    dies(EXIT_INPUT, "got output_pad=2, wanted less than the stride, 2",
         add_node("deconv", "stride=2 output_pad=2", 2, (shape[]){ x, SHAPE4(4, 2, 2, 2) }));
    dies(EXIT_INPUT, "deconv: got a 5x6 map", add_node("deconv", "pad=4", 2, (shape[]){ x, SHAPE4(4, 2, 2, 2) }));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_loops), cmocka_unit_test(test_chosen), cmocka_unit_test(test_same_bits),
        cmocka_unit_test(test_bias_backward), cmocka_unit_test(test_gemm), cmocka_unit_test(test_errors),
    };
    return RUN_TESTS(tests);
}
