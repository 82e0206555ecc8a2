/* clahe_test.c - equalisation of local contrast: against the reference, and where the answer is known without one. */
#include "tests/test.h"
#include "tests/golden.h"
#include "datasets/clahe.h"

static uint8_t *bytes_of(const golden *g, const char *name, shape *s)
{
    double *v = golden_tensor(g, name, s);
    uint8_t *b = xalloc((size_t)shape_volume(s));
    for (int64_t i = 0; i < shape_volume(s); i++) b[i] = (uint8_t)v[i];
    free(v);
    return b;
}

/* 67 x 80: 8 and 4 divide the columns and not the rows. Every grey value is the reference's. */
static void every_pixel_is_the_reference_s(void **state)
{
    (void)state;
    static const struct { double clip; int tiles; } runs[] = { { 2, 8 }, { 4, 4 }, { 40, 8 } };
    golden *g = golden_open("tests/golden/clahe");
    for (int i = 0; i < 3; i++) {
        shape s;
        char name[2][64];
        uint8_t *p = bytes_of(g, "img", &s);
        snprintf(name[0], 64, "clahe_clip%g_tile%d", runs[i].clip, runs[i].tiles);
        snprintf(name[1], 64, "clahe_twice_clip%g_tile%d", runs[i].clip, runs[i].tiles);
        for (int twice = 0; twice < 2; twice++) {
            uint8_t *want = bytes_of(g, name[twice], &s), *out = xalloc((size_t)shape_volume(&s));
            clahe(p, s.d[0], s.d[1], runs[i].clip, runs[i].tiles, runs[i].tiles, out);
            for (int64_t j = 0; j < shape_volume(&s); j++)
                if (out[j] != want[j]) fail_msg("%s: pixel %lld: %d, wanted %d", name[twice], (long long)j, out[j], want[j]);
            clahe(p, s.d[0], s.d[1], runs[i].clip, runs[i].tiles, runs[i].tiles, p);          /* in place */
            assert_memory_equal(p, want, (size_t)shape_volume(&s));
            free(want), free(out);
        }
        free(p);
    }
    golden_free(g);
}

/* All 256 greys equally often in each tile: the table is the line from 1/256 to 1, whatever the limit. */
static void an_even_histogram_is_left_alone(void **state)
{
    (void)state;
    uint8_t film[64 * 32], out[64 * 32];
    for (int i = 0; i < 64 * 32; i++) film[i] = (uint8_t)(i % 16 + 16 * (i / 32 % 16));
    for (int clip = 0; clip < 50; clip += 7) {
        clahe(film, 64, 32, clip, 4, 2, out);
        for (int i = 0; i < 64 * 32; i++) assert_int_equal(out[i], (int)nearbyint((film[i] + 1) * 255. / 256));
    }
}

/* Clipped to the mean, every histogram is flat and nothing changes by more than the rounding, however uneven it was. */
static void the_smallest_limit_changes_little(void **state)
{
    (void)state;
    uint8_t film[128 * 128], out[128 * 128];
    int changed = 0;
    for (int i = 0; i < 128 * 128; i++) film[i] = (uint8_t)(100 + i * 7 % 31);
    clahe(film, 128, 128, 1, 1, 1, out);                               /* 64 pixels a bin: half a thousand in each of 31 */
    for (int i = 0; i < 128 * 128; i++) near(out[i], film[i], 32);
    clahe(film, 128, 128, 0, 1, 1, out);                               /* without a limit the 31 greys fill the range */
    for (int i = 0; i < 128 * 128; i++) changed += out[i] < 10 || out[i] > 250;
    assert_true(changed > 128 * 128 / 31);
}

/* Only the order of greys counts without a limit and within one tile: a brighter and a darker film become the same. */
static void one_tile_without_limit_is_plain_equalisation(void **state)
{
    (void)state;
    uint8_t film[60 * 50], other[60 * 50], a[60 * 50], b[60 * 50];
    for (int i = 0; i < 60 * 50; i++) film[i] = (uint8_t)(i * i % 97), other[i] = (uint8_t)(40 + 2 * film[i]);
    clahe(film, 60, 50, 0, 1, 1, a), clahe(other, 60, 50, 0, 1, 1, b);
    assert_memory_equal(a, b, sizeof a);
    for (int i = 0; i < 60 * 50; i++) {
        int below = 0;
        for (int j = 0; j < 60 * 50; j++) below += film[j] <= film[i];
        near(a[i], below * 255. / 3000, 0.5001);
    }
}

static void any_size_and_number_of_tiles(void **state)
{
    (void)state;
    static const int64_t sizes[] = { 1, 2, 3, 7, 8, 9, 64 }, tiles[] = { 1, 2, 8, 13, 64 };
    for (int a = 0; a < 7; a++)
        for (int b = 0; b < 7; b++)
            for (int t = 0; t < 5; t++)
                for (int u = 0; u < 5; u++) {
                    const size_t n = (size_t)(sizes[a] * sizes[b]);
                    uint8_t *film = xalloc(n), *out = xalloc(n), *again = xalloc(n);   /* sizes to the byte: the sanitizer watches */
                    for (size_t i = 0; i < n; i++) film[i] = (uint8_t)(i * 37);
                    clahe(film, sizes[a], sizes[b], 1e300, tiles[t], tiles[u], out);
                    clahe(film, sizes[a], sizes[b], 0, tiles[t], tiles[u], again);     /* a limit never reached is none */
                    assert_memory_equal(out, again, n);
                    memset(film, 90, n);
                    clahe(film, sizes[a], sizes[b], 2, tiles[t], tiles[u], out);
                    for (size_t i = 1; i < n; i++) assert_int_equal(out[i], out[0]);   /* one grey stays one */
                    free(film), free(out), free(again);
                }
    uint8_t one = 17;
    clahe(&one, 1, 1, 0, 8, 8, &one);
    assert_int_equal(one, 255);                                        /* all of its tile is as dark as it or darker */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pixel_is_the_reference_s), cmocka_unit_test(an_even_histogram_is_left_alone),
        cmocka_unit_test(the_smallest_limit_changes_little), cmocka_unit_test(one_tile_without_limit_is_plain_equalisation),
        cmocka_unit_test(any_size_and_number_of_tiles),
    };
    return RUN_TESTS(tests);
}
