/* filter_test.c - smoothing, texture and the looks of films, where the answer is known. */
#include "tests/test.h"
#include "synth/filter.h"
#include "synth/looks.h"
#include "synth/texture.h"

enum { H = 61, W = 83 };

static void smoothing_keeps_what_is_even_and_the_sum(void **state)
{
    (void)state;
    float a[H * W], b[H * W];
    for (int i = 0; i < H * W; i++) a[i] = 3.25f;
    filter_gauss(a, H, W, 1.3, 2.1), filter_wide(a, H, W, 17, b);
    for (int i = 0; i < H * W; i++) { near(a[i], 3.25, 1e-5); near(b[i], 3.25, 1e-5); }
    memset(a, 0, sizeof a), a[30 * W + 40] = 100;
    filter_gauss(a, H, W, 2, 3);
    double sum = 0, xx = 0, yy = 0;
    for (int y = 0; y < H; y++) for (int x = 0; x < W; x++) sum += a[y * W + x], xx += a[y * W + x] * (x - 40) * (x - 40),
        yy += a[y * W + x] * (y - 30) * (y - 30);
    near(sum, 100, 1e-3); near(xx / sum, 4, 0.15); near(yy / sum, 9, 0.3);
}

/* The wide Gaussian on a shrunk copy against the same in full, of a ramp with a step in it. */
static void the_wide_one_is_a_gaussian(void **state)
{
    (void)state;
    enum { N = 256 };
    float *a = xalloc_n(N * N, sizeof *a), *b = xalloc_n(N * N, sizeof *b);
    for (int y = 0; y < N; y++) for (int x = 0; x < N; x++) a[y * N + x] = (float)(0.01 * x + (y > 100) + (x > 180 && y > 60));
    filter_wide(a, N, N, 20, b);
    filter_gauss(a, N, N, 20, 20);
    for (int y = 0; y < N; y++) for (int x = 0; x < N; x++) near(b[y * N + x], a[y * N + x], 0.02);
    free(a), free(b);
}

static void shrinking_and_growing_agree(void **state)
{
    (void)state;
    float a[H * W], small[16 * 21], back[H * W];
    for (int y = 0; y < H; y++) for (int x = 0; x < W; x++) a[y * W + x] = (float)(0.5 * x - 0.25 * y);
    filter_shrink(a, H, W, 4, small);
    near(small[0], 0.5 * 1.5 - 0.25 * 1.5, 1e-5); near(small[21 * 2 + 3], 0.5 * 13.5 - 0.25 * 9.5, 1e-5);
    filter_grow(small, H, W, 4, back);
    for (int y = 2; y < 56; y++) for (int x = 2; x < 78; x++) near(back[y * W + x], a[y * W + x], 1e-4);        /* a ramp is given back */
}

static void texture_is_noise_that_falls(void **state)
{
    (void)state;
    texture t = texture_new(5, 9, 1.8), u = texture_new(5, 10, 1.8);
    double sum = 0, square = 0, near_ = 0, far = 0, other = 0;
    for (int y = 0; y < TEXTURE; y++)
        for (int x = 0; x < TEXTURE; x++) {
            const double v = t.p[y * TEXTURE + x];
            sum += v, square += v * v, near_ += v * t.p[y * TEXTURE + (x + 1) % TEXTURE],
                far += v * t.p[y * TEXTURE + (x + 100) % TEXTURE], other += v * u.p[y * TEXTURE + x];
        }
    const double n = TEXTURE * TEXTURE;
    near(sum / n, 0, 1e-4); near(square / n, 1, 1e-3); assert_true(near_ / n > 0.8); near(far / n, 0, 0.4); near(other / n, 0, 0.4);
    near(texture_at(&t, 7, 11), t.p[11 * TEXTURE + 7], 1e-6);
        near(texture_at(&t, 7 - TEXTURE, 11 + 2 * TEXTURE), t.p[11 * TEXTURE + 7], 1e-5);
    near(texture_at(&t, 7.5f, 11), 0.5 * (t.p[11 * TEXTURE + 7] + t.p[11 * TEXTURE + 8]), 1e-5);
    texture_free(&t), texture_free(&u);
}

/* Blocks of one grey stay; a smooth ramp moves by less than the coarsest step; fine detail goes at low quality and stays at 100. */
static void the_lossy_format_rounds(void **state)
{
    (void)state;
    float a[64 * 64], b[64 * 64];
    for (int i = 0; i < 64 * 64; i++) a[i] = (float)(128.0 / 255);
    look_jpeg(a, 64, 64, 75);
    for (int i = 0; i < 64 * 64; i++) near(a[i], 128.0 / 255, 1e-6);
    for (int i = 0; i < 64 * 64; i++) a[i] = 200.0f / 255, b[i] = (float)(0.2 + 0.6 * (i % 64) / 64 + 0.1 * (i / 64) / 64);
    look_jpeg(a, 64, 64, 75), look_jpeg(b, 64, 64, 100);
    for (int i = 0; i < 64 * 64; i++) {
        near(a[i], 200.0 / 255, 1e-5);
        near(b[i], 0.2 + 0.6 * (i % 64) / 64 + 0.1 * (i / 64) / 64, 2.0 / 255);
    }
    for (int i = 0; i < 64 * 64; i++) a[i] = b[i] = (float)(0.5 + 0.008 * ((i + i / 64) % 2 ? 1 : -1));
    look_jpeg(a, 64, 64, 100), look_jpeg(b, 64, 64, 75);
    near(a[64 * 9 + 9] - a[64 * 9 + 10], -0.016, 0.008); near(b[64 * 9 + 9] - b[64 * 9 + 10], 0, 1e-4);
}

/* The window is that of the spine's surroundings: a bright block far from it changes nothing; greys follow the log image. */
static void windows_are_set_by_the_spine(void **state)
{
    (void)state;
    enum { N = 128 };
    float *log_ = xalloc_n(N * N, sizeof *log_), *grey = xalloc_n(N * N, sizeof *grey), centre[N];
    for (int y = 0; y < N; y++) for (int x = 0; x < N; x++) log_[y * N + x] = (float)(x > 100 ? 9 : 3 + 0.02 * x);
    for (int y = 0; y < N; y++) centre[y] = y < 20 ? NAN : 50;
    const look_settings k = { .look = LOOK_WINDOW, .low = 0, .high = 100, .gamma = 1 };
    look_range r = look_measure(&k, log_, N, N, 1, centre, 30);
    near(r.low, 3.4, 0.03); near(r.high, 4.6, 0.03);
    look_apply(&k, &r, log_, N, N, grey);
    near(grey[64 * N + 50], (4.0 - r.low) / (r.high - r.low), 0.002); near(grey[64 * N + 10], 0, 1e-6); near(grey[64 * N + 120], 1, 1e-6);
    look_range_free(&r), free(log_), free(grey);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(smoothing_keeps_what_is_even_and_the_sum), cmocka_unit_test(the_wide_one_is_a_gaussian),
            cmocka_unit_test(shrinking_and_growing_agree),
        cmocka_unit_test(texture_is_noise_that_falls), cmocka_unit_test(the_lossy_format_rounds),
            cmocka_unit_test(windows_are_set_by_the_spine),
    };
    return RUN_TESTS(tests);
}
