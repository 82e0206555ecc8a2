/* plots_test.c - figures are read back as pixels: is there ink where the data are, and none where they are not? */
#include "tests/test.h"
#include "base/file.h"
#include "eval/plots.h"
#include "eval/plots_axis.h"

static char *folder;
static int make_folder(void **state) { (void)state; folder = test_scratch(); return 0; }
static int remove_folder(void **state) { (void)state; test_scratch_remove(folder); return 0; }

static cairo_surface_t *pixels_of(const char *path)
{
    cairo_surface_t *s = cairo_image_surface_create_from_png(path);
    assert_int_equal(cairo_surface_status(s), CAIRO_STATUS_SUCCESS);
    return s;
}

/* Pixels of the first series' colour (0, 114, 178) in the part x0..x1, y0..y1 of the picture, given as shares of its sides. */
static int blue(cairo_surface_t *s, double x0, double x1, double y0, double y1)
{
    int w = cairo_image_surface_get_width(s), h = cairo_image_surface_get_height(s), stride = cairo_image_surface_get_stride(s), n = 0;
    const unsigned char *data = cairo_image_surface_get_data(s);
    for (int y = (int)(y0 * h); y < (int)(y1 * h); y++)
        for (int x = (int)(x0 * w); x < (int)(x1 * w); x++) {
            uint32_t p;
            memcpy(&p, data + (size_t)y * (size_t)stride + 4 * (size_t)x, 4);
            n += (p & 0xFFFFFF) == (0u << 16 | 114u << 8 | 178u);
        }
    return n;
}

/* The picture of one series on a y axis of 0..1. */
static cairo_surface_t *curve(const double *x, const double *y, int64_t n, enum plot_mark mark)
{
    plot_series s = { "DSC", x, y, n, 0, mark };
    plot_panel p = { "Agreement", "epoch", "DSC", &s, 1, 0, 1 };
    char *path = path_join(folder, "curve.png");
    plot_curves(path, &p, 1);
    cairo_surface_t *pixels = pixels_of(path);
    free(path);
    return pixels;
}

static void a_curve_and_its_gap(void **state)
{
    (void)state;
    double x[] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 }, y[11], gap[11];
    for (int i = 0; i < 11; i++) y[i] = gap[i] = 0.5;
    gap[4] = gap[5] = gap[6] = NAN;
    cairo_surface_t *whole = curve(x, y, 11, 0), *broken = curve(x, gap, 11, 0), *none = curve(x, y, 0, 0);
    assert_true(blue(whole, 0.53, 0.59, 0.4, 0.8) > 20);                 /* x = 5 is in the middle of the axis */
    assert_int_equal(blue(broken, 0.53, 0.59, 0.4, 0.8), 0);
    assert_true(blue(broken, 0.25, 0.35, 0.4, 0.8) > 20);
    assert_true(blue(broken, 0.8, 0.9, 0.4, 0.8) > 20);
    assert_int_equal(blue(none, 0, 1, 0.25, 1), 0);
    cairo_surface_destroy(whole), cairo_surface_destroy(broken), cairo_surface_destroy(none);
}

/* A value at 0.9 is high in the picture, one at 0.1 low; a lone point among 41 is seen even without neighbours. */
static void height_is_the_value(void **state)
{
    (void)state;
    double x[41], high[41], low[41];
    for (int i = 0; i < 41; i++) x[i] = i, high[i] = i == 20 ? 0.9 : NAN, low[i] = i == 20 ? 0.1 : NAN;
    cairo_surface_t *h = curve(x, high, 41, 0), *l = curve(x, low, 41, 0);
    assert_true(blue(h, 0, 1, 0.2, 0.4) > 5);
    assert_int_equal(blue(h, 0, 1, 0.4, 1), 0);
    assert_true(blue(l, 0, 1, 0.6, 0.9) > 5);
    assert_int_equal(blue(l, 0, 1, 0.2, 0.6), 0);
    cairo_surface_destroy(h), cairo_surface_destroy(l);
}

static void the_best_point_has_a_ring(void **state)
{
    (void)state;
    double x[] = { 0, 1, 2 }, y[] = { 0.2, 0.9, 0.4 };
    cairo_surface_t *plain = curve(x, y, 3, PLOT_MARK_NONE), *best = curve(x, y, 3, PLOT_MARK_HIGHEST), *worst = curve(x, y, 3, PLOT_MARK_LOWEST);
    assert_true(blue(best, 0.5, 0.62, 0.2, 0.4) != blue(plain, 0.5, 0.62, 0.2, 0.4));
    assert_int_equal(blue(worst, 0.5, 0.62, 0.2, 0.4), blue(plain, 0.5, 0.62, 0.2, 0.4));
    assert_true(blue(worst, 0.15, 0.25, 0.55, 0.85) != blue(plain, 0.15, 0.25, 0.55, 0.85));
    cairo_surface_destroy(plain), cairo_surface_destroy(best), cairo_surface_destroy(worst);
}

/* One spike in 200,000 steps must stay in sight, and the file small. */
static void many_steps(void **state)
{
    (void)state;
    enum { N = 200000 };
    double *x = xalloc(N * 8), *y = xalloc(N * 8);
    for (int i = 0; i < N; i++) x[i] = i, y[i] = 0.3 + 0.05 * (i % 7) / 6;
    y[N / 2 + 1] = 0.95;
    cairo_surface_t *s = curve(x, y, N, 0);
    assert_true(blue(s, 0.53, 0.59, 0.25, 0.4) > 3);
    assert_int_equal(blue(s, 0.2, 0.5, 0.25, 0.5), 0);
    plot_series one = { "loss", x, y, N, 0, 0 };
    plot_panel p = { "Loss", "step", "loss", &one, 1, 0, 0 };
    char *path = path_join(folder, "many.svg");
    size_t n;
    plot_curves(path, &p, 1);
    free(file_read(path, 1 << 20, &n));
    assert_in_range(n, 1000, 200000);
    free(path), free(x), free(y), cairo_surface_destroy(s);
}

static void odd_input_is_drawn_and_repeatable(void **state)
{
    (void)state;
    double x[] = { 1, 2, 3, 4 }, y[] = { 3, INFINITY, 1e300, 2 }, z[] = { 1e9, 1e9, 1e9 + 1e-7, 1e9 };
    plot_series s[] = { { "a < b & \xff \n", x, y, 4, 1, 0 }, { "flat", x, z, 4, 0, PLOT_MARK_LOWEST }, { "", 0, 0, 0, 0, PLOT_MARK_HIGHEST } };
    plot_panel p[] = { { "one", "x", "y", s, 3, 0, 0 },
                       { "two", "x", "y", s + 1, 1, 0, 0 }, { "three", "", "", s + 2, 1, 0, 0 },
                        { "", "", "", 0, 0, 0, 0 }, { "", "", "", s, 1, 2, 3 } };
    char *svg = path_join(folder, "panels.svg"), *png = path_join(folder, "panels.png");
    for (int n = 1; n <= 5; n++) {
        size_t first, second;
        plot_curves(svg, p, n);
        char *text = file_read(svg, 1 << 20, &first);
        assert_non_null(strstr(text, "</svg>"));
        assert_null(strstr(text, "nan")); assert_null(strstr(text, "inf"));
        plot_curves(png, p, n);
        char *a = file_read(png, 1 << 20, &first);
        plot_curves(png, p, n);
        char *b = file_read(png, 1 << 20, &second);
        assert_int_equal(first, second);
        assert_memory_equal(a, b, first);
        free(text), free(a), free(b);
    }
    free(svg), free(png);
}

static void ticks_are_round(void **state)
{
    (void)state;
    static const struct { double low, high; int fixed, whole; double step; const char *first, *last; } cases[] = {
        { 0, 1, 1, 0, 0.2, "0.0", "1.0" }, { 0.71, 0.93, 0, 0, 0.05, "0.70", "0.90" }, { 1, 60, 0, 1, 20, "0", "60" },
        { 3, 3, 0, 1, 1, "2", "4" }, { -2, 2, 1, 0, 1, "-2", "2" }, { 0, 3e-5, 1, 0, 1e-5, "0", "3e-05" }, { 1, 0, 0, 0, 0.2, "0.0", "1.0" },
        { 1e9, 1e9 + 1.2e-7, 1, 0, 0.5, "999999999", "1000000001" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        axis a = axis_make(cases[i].low, cases[i].high, cases[i].fixed, cases[i].whole, 200, 50);
        near(a.step / cases[i].step, 1, 1e-9);
        near(axis_at(&a, a.low), 200, 1e-9);
        near(axis_at(&a, a.high), 50, 1e-9);
        char *label, *last = 0;
        double value, before = 0;
        for (int k = 0; axis_tick(&a, k, &value, &label); k++) {
            if (!k) assert_string_equal(label, cases[i].first);
            near(fmod(fabs(value) / a.step + 0.5, 1), 0.5, 1e-6);
            if (k) near((value - before) / a.step, 1, 1e-6);
            before = value;
            free(last), last = label;
        }
        assert_string_equal(last, cases[i].last);
        free(last);
    }
}

static void strips_show_every_class(void **state)
{
    (void)state;
    double a[] = { 0.1, 0.12, 0.14, NAN }, b[] = { 0.9 };
    plot_group g[] = { { "left", a, 4 }, { "empty", NULL, 0 }, { "right", b, 1 } };
    char *path = path_join(folder, "strip.png"), *svg = path_join(folder, "strip.svg");
    plot_strips(path, "DSC", "DSC", g, 3, 0, 1);
    cairo_surface_t *s = pixels_of(path);
    assert_true(blue(s, 0, 0.4, 0.15, 0.4) > 20);                        /* the box of the first row, on the left */
    assert_int_equal(blue(s, 0.5, 1, 0.15, 0.4), 0);
    assert_int_equal(blue(s, 0, 1, 0.37, 0.49), 0);                      /* the empty row */
    /* Quartiles of 0.1 ... 0.5 at 0.2 and 0.4: the sides of the box, seen between its corners and the ends of the whiskers. */
    double five[] = { 0.1, 0.2, 0.3, 0.4, 0.5 };
    plot_group one = { "a", five, 5 };
    plot_strips(path, "DSC", "DSC", &one, 1, 0, 1);
    cairo_surface_t *box = pixels_of(path);
    double left = 38 / 460.0, width = 360 / 460.0, top = 37.0 / 106, bottom = 38.6 / 106;
    for (int i = 0; i < 5; i++) {
        int ink_there = blue(box, left + width * (five[i] - 0.02), left + width * (five[i] + 0.02), top, bottom);
        assert_int_equal(ink_there > 0, i == 1 || i == 3);
    }
    cairo_surface_destroy(box);
    plot_strips(svg, "DSC", "DSC", g, 0, 0, 0);
    assert_true(file_exists(svg));
    cairo_surface_destroy(s), free(path), free(svg);
}

static void wrong_names_die(void **state)
{
    (void)state;
    plot_panel p = { "t", "x", "y", 0, 0, 0, 0 };
    char *pdf = path_join(folder, "a.pdf"), *nowhere = path_join(folder, "no/such/a.svg");
    dies(EXIT_INPUT, "wanted .svg or .png", plot_curves(pdf, &p, 1));
    dies(EXIT_INPUT, "wanted .svg or .png", plot_curves("noending", &p, 1));
    dies(EXIT_INPUT, "no/such", plot_curves(nowhere, &p, 1));
    assert_false(file_exists(pdf));
    free(pdf), free(nowhere);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_curve_and_its_gap), cmocka_unit_test(height_is_the_value), cmocka_unit_test(the_best_point_has_a_ring),
        cmocka_unit_test(many_steps), cmocka_unit_test(odd_input_is_drawn_and_repeatable), cmocka_unit_test(ticks_are_round),
        cmocka_unit_test(strips_show_every_class), cmocka_unit_test(wrong_names_die),
    };
    return _cmocka_run_group_tests(__FILE__, tests, sizeof tests / sizeof *tests, make_folder, remove_folder);
}
