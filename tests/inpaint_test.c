/* inpaint_test.c - filters, Telea's march, erasing, finding implants and the whole of inpainting: against a reference where there is one, else
 * against what must hold of any film. */
#include "tests/test.h"
#include "tests/golden.h"
#include "base/rng.h"
#include "datasets/erase.h"
#include "eval/grey.h"
#include "eval/inpaint.h"
#include "eval/telea.h"
#include <omp.h>

static float *greys_of(const golden *g, const char *name, shape *s)
{
    double *v = golden_tensor(g, name, s);
    float *a = xalloc_n((size_t)shape_volume(s), sizeof *a);
    for (int64_t i = 0; i < shape_volume(s); i++) a[i] = (float)v[i];
    free(v);
    return a;
}

/* Mean and largest |difference| of rounded greys */
static void differ(const golden *g, const char *name, const float *got, double mean, double most)
{
    shape s;
    float *want = greys_of(g, name, &s);
    double sum = 0, top = 0;
    for (int64_t i = 0; i < shape_volume(&s); i++) {
        const double d = fabs(floor((double)got[i] + 0.5) - (double)want[i]);
        sum += d, top = fmax(top, d);
    }
    sum /= (double)shape_volume(&s);
    if (!(sum <= mean && top <= most)) fail_msg("%s: differs by %.3f in the mean and %.0f at most, wanted %.3f and %.0f", name, sum, top, mean, most);
    free(want);
}

/* ---- the reference's values ---------------------------------------------------------------------------------------------------------- */

static void filters_are_the_reference_s(void **state)
{
    (void)state;
    golden *g = golden_open("tests/golden/preprocess");
    shape s;
    float *a = greys_of(g, "img", &s);
    const int64_t h = s.d[0], w = s.d[1];
    int64_t count[256] = { 0 };
    for (int64_t i = 0; i < h * w; i++) count[(int)a[i]]++;
    assert_int_equal(grey_otsu(count), (int)golden_scalar(g, "otsu_threshold"));
    grey_smooth(a, h, w), differ(g, "gauss_5x5_s0", a, 0.01, 1);
    free(a), a = greys_of(g, "inpaint.mask", &s);
    grey_dilate(a, h, w, 1), differ(g, "dilate_3x3", a, 0, 0);
    free(a), a = greys_of(g, "inpaint.mask", &s);
    grey_erode(a, h, w, 1), grey_dilate(a, h, w, 1), differ(g, "open_3x3", a, 0, 0);
    free(a), golden_free(g);
}

static void resizes_are_the_reference_s(void **state)
{
    (void)state;
    static const struct { const char *name; int64_t h, w; int labels; } of[] = { { "pil_bilinear_down_33x40", 33, 40, 0 },
        { "pil_bilinear_up_100x121", 100, 121, 0 }, { "cv2_linear_up_100x121", 100, 121, 0 }, { "pil_nearest_down_33x40", 33, 40, 1 },
        { "pil_nearest_up_100x121", 100, 121, 1 } };
    golden *g = golden_open("tests/golden/preprocess");
    shape s;
    float *a = greys_of(g, "img", &s), out[100 * 121];
    uint8_t *bytes = xalloc((size_t)shape_volume(&s)), map[100 * 121];
    for (int64_t i = 0; i < shape_volume(&s); i++) bytes[i] = (uint8_t)a[i];
    for (size_t k = 0; k < sizeof of / sizeof *of; k++) {
        if (of[k].labels) {
            resize_labels(bytes, s.d[0], s.d[1], map, of[k].h, of[k].w);
            for (int64_t i = 0; i < of[k].h * of[k].w; i++) out[i] = map[i];
        } else resize_smooth(a, s.d[0], s.d[1], out, of[k].h, of[k].w);
        differ(g, of[k].name, out, of[k].labels ? 0 : 0.2, of[k].labels ? 0 : 1);
    }
    free(a), free(bytes), golden_free(g);
}

static void telea_is_near_the_reference(void **state)
{
    (void)state;
    golden *g = golden_open("tests/golden/preprocess");
    shape s;
    float *a = greys_of(g, "img", &s), *m = greys_of(g, "inpaint.mask", &s), *want = greys_of(g, "inpaint.telea_r3", &s);
    const int64_t n = shape_volume(&s);
    uint8_t *mask = xalloc((size_t)n);
    double sum = 0, pixels = 0;
    for (int64_t i = 0; i < n; i++) mask[i] = m[i] > 0;
    telea(a, s.d[0], s.d[1], mask, 3);
    for (int64_t i = 0; i < n; i++) {
        if (!mask[i]) assert_true(a[i] == want[i]);
        else sum += fabs((double)a[i] - (double)want[i]), pixels++;
    }
    if (!(sum / pixels <= 3)) fail_msg("inside the holes it differs by %.2f greys in the mean, wanted at most 3", sum / pixels);
    free(a), free(m), free(want), free(mask), golden_free(g);
}

/* ---- Telea's march ------------------------------------------------------------------------------------------------------------------- */

enum { H = 60, W = 50 };

/* A disc and a bar up to the edge of the picture */
static void holes(uint8_t *mask)
{
    for (int i = 0; i < H * W; i++) {
        const int y = i / W, x = i % W;
        mask[i] = hypot(x - 20, y - 25) < 9 || (x >= 35 && x < 40 && y >= 40);
    }
}

static void telea_continues_what_is_simple(void **state)
{
    (void)state;
    uint8_t mask[H * W];
    float a[H * W];
    holes(mask);
    for (int i = 0; i < H * W; i++) a[i] = mask[i] ? 1000 : 7.25f;
    telea(a, H, W, mask, 4);
    for (int i = 0; i < H * W; i++) near(a[i], 7.25, 1e-5);
    for (int k = 0; k < 3; k++) {
        for (int i = 0; i < H * W; i++) a[i] = mask[i] ? -1000.f : (float)((k != 1 ? i % W : 0) + (k != 0 ? i / W : 0));
        telea(a, H, W, mask, 4);
        for (int i = 0; i < H * W; i++) near(a[i], (k != 1 ? i % W : 0) + (k != 0 ? i / W : 0), 1e-3);
    }
}

static void telea_stays_within_its_mask(void **state)
{
    (void)state;
    uint8_t mask[H * W];
    float a[H * W], b[H * W], before[H * W];
    holes(mask);
    for (int i = 0; i < H * W; i++) a[i] = before[i] = (float)rng_u01(rng_draw(5, RNG_TEST, 0, 0, (uint64_t)i).v[0]);
    memcpy(b, a, sizeof a);
    telea(a, H, W, mask, 5);
    for (int i = 0; i < H * W; i++) {
        if (!mask[i]) assert_true(a[i] == before[i]);
        else b[i] = 1e6f;                                          /* what stood in the hole must not matter */
    }
    telea(b, H, W, mask, 5);
    assert_memory_equal(a, b, sizeof a);
    for (int i = 0; i < H * W; i++) assert_true(a[i] > -0.5f && a[i] < 1.5f);
    memcpy(a, before, sizeof a), memset(mask, 1, sizeof mask);
    telea(a, H, W, mask, 5);
    assert_memory_equal(a, before, sizeof a);
    memset(mask, 0, sizeof mask);
    telea(a, H, W, mask, 5);
    assert_memory_equal(a, before, sizeof a);
}

/* An edge that runs into the hole comes out of it at the other side, not as a grey blur: this is what gradients and levels are for. */
static void telea_carries_an_edge_on(void **state)
{
    (void)state;
    uint8_t mask[H * W] = { 0 };
    float a[H * W];
    for (int i = 0; i < H * W; i++) {
        const int y = i / W, x = i % W;
        mask[i] = abs(x - 25) < 4 && abs(y - 30) < 12, a[i] = y < 30 ? 0.f : 1.f;
    }
    telea(a, H, W, mask, 5);
    for (int y = 22; y < 38; y++) if (abs(y - 30) > 2) near(a[y * W + 25], y < 30 ? 0 : 1, 0.25);
}

/* ---- filters, as they are defined ---------------------------------------------------------------------------------------------------- */

static void extremes_are_those_of_the_square(void **state)
{
    (void)state;
    float a[H * W], b[H * W], c[H * W];
    for (int i = 0; i < H * W; i++) a[i] = (float)rng_u01(rng_draw(6, RNG_TEST, 0, 0, (uint64_t)i).v[0]);
    for (int r = 0; r < 80; r = r * 2 + 1) {
        memcpy(b, a, sizeof a), memcpy(c, a, sizeof a);
        grey_dilate(b, H, W, r), grey_erode(c, H, W, r);
        for (int i = 0; i < H * W; i += 7) {
            float most = -1, least = 2;
            for (int y = i / W - r; y <= i / W + r; y++)
                for (int x = i % W - r; x <= i % W + r; x++)
                    if (y >= 0 && x >= 0 && y < H && x < W) most = fmaxf(most, a[y * W + x]), least = fminf(least, a[y * W + x]);
            assert_true(b[i] == most && c[i] == least);
        }
    }
}

static void similarity_is_one_of_equal_films_alone(void **state)
{
    (void)state;
    float a[H * W], b[H * W], s[H * W];
    double noisy = 0, shifted = 0;
    for (int i = 0; i < H * W; i++) a[i] = 0.5f + 0.4f * (float)sin(i % W * 0.5) * (float)cos(i / W * 0.3);
    grey_similarity(a, a, H, W, 1, s);
    for (int i = 0; i < H * W; i++) near(s[i], 1, 1e-4);
    for (int i = 0; i < H * W; i++) b[i] = a[i] + 0.2f * (float)(rng_u01(rng_draw(7, RNG_TEST, 0, 0, (uint64_t)i).v[0]) - 0.5);
    grey_similarity(a, b, H, W, 1, s);
    for (int i = 0; i < H * W; i++) noisy += (double)s[i] / (H * W);
    for (int i = 0; i < H * W; i++) b[i] = a[i] + 0.03f;
    grey_similarity(a, b, H, W, 1, s);
    for (int i = 0; i < H * W; i++) shifted += (double)s[i] / (H * W);
    assert_true(noisy < 0.95 && noisy > 0.3 && shifted > 0.97 && shifted < 0.9999);
    /* two flat films: only the first factor is left, (2 x y + c1) / (x x + y y + c1) */
    for (int i = 0; i < H * W; i++) a[i] = 0.2f, b[i] = 0.6f;
    grey_similarity(a, b, H, W, 1, s);
    for (int i = 0; i < H * W; i++) near(s[i], (2 * 0.2 * 0.6 + 1e-4) / (0.04 + 0.36 + 1e-4), 1e-3);
}

/* ---- erasing ------------------------------------------------------------------------------------------------------------------------- */

static void erased_parts_are_means_of_what_is_near(void **state)
{
    (void)state;
    uint8_t mask[H * W];
    float a[H * W];
    holes(mask);
    for (int i = 0; i < H * W; i++) a[i] = mask[i] ? 99.f : i % W < 25 ? 1.f : 2.f;
    erase_fill(a, H, W, mask);
    for (int i = 0; i < H * W; i++) {
        if (!mask[i]) assert_true(a[i] == (i % W < 25 ? 1.f : 2.f));
        else assert_true(a[i] >= 1 && a[i] <= 2);
    }
    assert_true(a[25 * W + 12] < 1.1f && a[45 * W + 39] > 1.9f);   /* near ones decide */
    for (int i = 0; i < H * W; i++) a[i] = mask[i] ? -5.f : 0.3f;
    erase_fill(a, H, W, mask);
    for (int i = 0; i < H * W; i++) near(a[i], 0.3, 1e-6);
    memset(mask, 1, sizeof mask);
    erase_fill(a, H, W, mask);
    for (int i = 0; i < H * W; i++) near(a[i], 0.3, 1e-6);
}

static void strokes_are_drawn_by_number(void **state)
{
    (void)state;
    uint8_t a[H * W], b[H * W];
    int differ_at = 0;
    double share = 0;
    for (uint32_t i = 0; i < 100; i++) {
        erase_strokes(1, i, 0, H, W, a), erase_strokes(1, i, 0, H, W, b);
        assert_memory_equal(a, b, sizeof a);
        erase_strokes(1, i, 1, H, W, b);
        differ_at += memcmp(a, b, sizeof a) != 0;
        for (int k = 0; k < H * W; k++) share += a[k] / (100. * H * W);
    }
    assert_int_equal(differ_at, 100);
    assert_true(share > 0.005 && share < 0.1);
}

/* ---- the whole ----------------------------------------------------------------------------------------------------------------------- */

enum { FH = 200, FW = 160 };

/* A body on black, a bright disc (a marker), and with metal a screw with its rod; dark: black and white exchanged */
static image film_of(int metal, int dark, int bits, uint8_t *truth)
{
    image m = image_new(FH, FW, bits);
    for (int i = 0; i < FH * FW; i++) {
        const int y = i / FW, x = i % FW;
        const double noise = 0.02 * (rng_u01(rng_draw(8, RNG_TEST, 0, 0, (uint64_t)i).v[0]) - 0.5);
        double v = hypot((x - 80) / 60., (y - 100) / 95.) < 1 ? 0.35 + 0.001 * y + noise : 0;
        const int screw = (x >= 50 && x < 92 && abs(y - 90) < 4) || (x >= 50 && x < 92 && abs(y - 130) < 4) || (abs(x - 94) < 4 && y > 80 && y < 140);
        if (hypot(x - 90, y - 50) < 5) v = 0.95;
        if (metal && screw) v = 0.97;
        if (truth) truth[i] = (uint8_t)(metal && screw);
        v = dark ? 1 - v : v;
        if (bits == 16) ((uint16_t *)m.p)[i] = (uint16_t)(v * 65535);
        else ((uint8_t *)m.p)[i] = (uint8_t)(v * 255);
    }
    return m;
}

static inpaint_conf defaults(void)
{
    inpaint_conf c;
    key_defaults(inpaint_keys, &c);
    return c;
}

static void metal_is_found_and_filled(void **state)
{
    (void)state;
    const inpaint_conf c = defaults();
    static uint8_t truth[FH * FW];
    for (int k = 0; k < 4; k++) {
        image clean = film_of(0, k & 1, k & 2 ? 16 : 8, NULL), film = film_of(1, k & 1, k & 2 ? 16 : 8, truth);
        inpainted o = inpaint_film(&c, NULL, &film, NULL);
        const inpaint_gain g = inpaint_measure(&o, &film, &clean, truth);
        assert_int_equal(o.method, INPAINT_TELEA), assert_int_equal(o.found.dark, k & 1), assert_int_equal(o.changed_outside, 0);
        assert_true(g.dice > 0.6), assert_true(g.psnr > g.psnr_before + 15), assert_true(g.ssim > g.ssim_before);
        for (int i = 0; i < FH * FW; i++) {
            if (truth[i]) assert_true(o.mask[i]);                  /* metal is covered whole */
            if (!o.mask[i]) assert_int_equal(image_at(&o.restored, i), image_at(&film, i));
            if (hypot(i % FW - 90, i / FW - 50) < 5) assert_false(o.mask[i]);      /* a disc is no screw */
        }
        inpainted_free(&o), image_free(&clean), image_free(&film);
    }
}

/* Black and white exchanged, and more than half of the film air: the middle of all greys is air itself */
static void most_of_a_film_may_be_air(void **state)
{
    (void)state;
    const inpaint_conf c = defaults();
    image film = film_of(1, 1, 8, NULL);
    for (int i = 0; i < FH * FW; i++) if (i / FW < 70 || i / FW >= 150) ((uint8_t *)film.p)[i] = 255;
    inpainted o = inpaint_film(&c, NULL, &film, NULL);
    assert_int_equal(o.found.dark, 1);
    assert_true(o.mask[90 * FW + 70] && o.mask[130 * FW + 70]);
    inpainted_free(&o), image_free(&film);
}

static void a_film_without_metal_comes_back_as_it_was(void **state)
{
    (void)state;
    const inpaint_conf c = defaults();
    for (int k = 0; k < 4; k++) {
        image film = film_of(0, k & 1, k & 2 ? 16 : 8, NULL);
        inpainted o = inpaint_film(&c, NULL, &film, NULL);
        assert_int_equal(o.pixels, 0), assert_int_equal(o.found.pieces, 0);
        assert_memory_equal(o.restored.p, film.p, (size_t)(FH * FW * film.bits / 8));
        inpainted_free(&o), image_free(&film);
    }
    for (int bits = 8; bits <= 16; bits += 8) {                    /* flat films, and films of one pixel */
        image film = image_new(40, 30, bits), one = image_new(1, 1, bits);
        inpainted o = inpaint_film(&c, NULL, &film, NULL), p = inpaint_film(&c, NULL, &one, NULL);
        assert_int_equal(o.pixels + p.pixels, 0);
        inpainted_free(&o), inpainted_free(&p), image_free(&film), image_free(&one);
    }
}

/* A bar that is dim, or whose sides are soft, is no metal; a bright one with sharp sides is. */
static void metal_is_bright_and_sharp(void **state)
{
    (void)state;
    static const struct { double grey, soft; int found; } bars[] = { { 0.97, 0.5, 1 }, { 0.68, 0.5, 0 }, { 0.97, 6, 0 } };
    const inpaint_conf c = defaults();
    for (int k = 0; k < 3; k++) {
        image film = film_of(0, 0, 16, NULL);
        for (int i = 0; i < FH * FW; i++) {
            const int x = i % FW, y = i / FW;
            const double beyond = fmax(fmax(45 - x, x - 115), fmax(104 - y, y - 109)) / bars[k].soft, share = beyond <= 0 ? 1 : exp(-beyond * beyond / 2);
            const double bright = fmax(hypot(x - 80, y - 155) - 16, 0) / 6;            /* tissue in full light, wider than metal */
            const double under = fmax(((uint16_t *)film.p)[i] / 65535., 0.97 * exp(-bright * bright / 2));
            ((uint16_t *)film.p)[i] = (uint16_t)(65535 * fmax(under, under + share * (bars[k].grey - under)));
        }
        inpainted o = inpaint_film(&c, NULL, &film, NULL);
        if ((o.found.pieces == 1) != bars[k].found) fail_msg("bar %d: %lld pieces", k, (long long)o.found.pieces);
        inpainted_free(&o), image_free(&film);
    }
}

/* The border of the mask fades: the pixel next to the outside keeps a share of the film. */
static void the_border_is_feathered(void **state)
{
    (void)state;
    inpaint_conf c = defaults();
    image film = image_new(40, 40, 16);
    uint8_t mask[1600];
    for (int i = 0; i < 1600; i++) mask[i] = i / 40 >= 10 && i / 40 < 30 && i % 40 >= 10 && i % 40 < 30, ((uint16_t *)film.p)[i] = mask[i] ? 60000 : 30000;
    c.feather = 2;
    inpainted o = inpaint_film(&c, NULL, &film, mask);
    const int want[] = { 30000, 50000, 40000, 30000, 30000 };      /* outside; a third, two thirds, all of the filling */
    for (int k = 0; k < 5; k++) near(image_at(&o.restored, 20 * 40 + 9 + k), want[k], 2);
    assert_int_equal(o.pixels, 400);
    inpainted_free(&o);
    memset(mask, 1, sizeof mask);                                  /* nothing to go by */
    o = inpaint_film(&c, NULL, &film, mask);
    assert_memory_equal(o.restored.p, film.p, 3200);
    inpainted_free(&o), image_free(&film);
}

/* A hole of 400 pixels on one grey, of which 200 were metal twice as bright */
static void measures_are_those_inside_the_true_implant(void **state)
{
    (void)state;
    inpaint_conf c = defaults();
    image film = image_new(40, 40, 16), clean = image_new(40, 40, 16);
    uint8_t mask[1600], metal[1600] = { 0 };
    c.feather = 0;
    for (int i = 0; i < 1600; i++) {
        mask[i] = i / 40 >= 10 && i / 40 < 30 && i % 40 >= 10 && i % 40 < 30, metal[i] = mask[i] && i / 40 < 20;
        ((uint16_t *)clean.p)[i] = 30000, ((uint16_t *)film.p)[i] = metal[i] ? 60000 : 30000;
    }
    inpainted o = inpaint_film(&c, NULL, &film, mask);
    const inpaint_gain g = inpaint_measure(&o, &film, &clean, metal);
    near(g.dice, 2. * 200 / (400 + 200), 1e-9);
    near(g.psnr_before, 20 * log10(65535. / 30000), 1e-3);
    near(g.psnr, 100, 0);
    near(g.ssim, 1, 1e-3);
    assert_true(g.ssim_before < 0.9);
    memset(metal, 0, sizeof metal);
    assert_true(isnan(inpaint_measure(&o, &film, &clean, metal).psnr));
    inpainted_free(&o), image_free(&film), image_free(&clean);
}

/* Only what the network does not show is taken for metal: a bright bar that it rebuilds stays. */
static void what_a_network_rebuilds_is_no_metal(void **state)
{
    (void)state;
    const inpaint_conf c = defaults();
    image film = film_of(1, 0, 16, NULL), clean = film_of(0, 0, 16, NULL);
    static float a[FH * FW], b[FH * FW];
    static uint8_t mask[FH * FW];
    image_to_float(&film, a), image_to_float(&clean, b);
    assert_true(implant_find(&c.find, a, b, FH, FW, mask).pieces == 1);
    assert_true(implant_find(&c.find, a, a, FH, FW, mask).pieces == 0);
    for (int rule = RULE_ROBUST; rule <= RULE_PERCENTILE; rule++) {
        inpaint_conf r = c;
        r.find.rule = rule;
        assert_true(implant_find(&r.find, a, b, FH, FW, mask).pieces == 1);
    }
    image_free(&film), image_free(&clean);
}

static void threads_change_no_bit(void **state)
{
    (void)state;
    const inpaint_conf c = defaults();
    image film = film_of(1, 0, 16, NULL);
    const int before = omp_get_max_threads();
    omp_set_num_threads(1);
    inpainted a = inpaint_film(&c, NULL, &film, NULL);
    omp_set_num_threads(3);
    inpainted b = inpaint_film(&c, NULL, &film, NULL);
    omp_set_num_threads(before);
    assert_memory_equal(a.restored.p, b.restored.p, 2 * FH * FW), assert_memory_equal(a.mask, b.mask, FH * FW);
    inpainted_free(&a), inpainted_free(&b), image_free(&film);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(filters_are_the_reference_s), cmocka_unit_test(resizes_are_the_reference_s), cmocka_unit_test(telea_is_near_the_reference),
        cmocka_unit_test(telea_continues_what_is_simple), cmocka_unit_test(telea_stays_within_its_mask), cmocka_unit_test(telea_carries_an_edge_on),
        cmocka_unit_test(extremes_are_those_of_the_square), cmocka_unit_test(similarity_is_one_of_equal_films_alone),
        cmocka_unit_test(erased_parts_are_means_of_what_is_near), cmocka_unit_test(strokes_are_drawn_by_number),
        cmocka_unit_test(metal_is_found_and_filled), cmocka_unit_test(most_of_a_film_may_be_air), cmocka_unit_test(a_film_without_metal_comes_back_as_it_was),
        cmocka_unit_test(metal_is_bright_and_sharp), cmocka_unit_test(the_border_is_feathered), cmocka_unit_test(measures_are_those_inside_the_true_implant),
        cmocka_unit_test(what_a_network_rebuilds_is_no_metal), cmocka_unit_test(threads_change_no_bit),
    };
    return RUN_TESTS(tests);
}
