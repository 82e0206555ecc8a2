/* image_test.c - films and label maps: exact values, refusals, resampling against hand-worked numbers, overlays. */
#include "tests/test.h"
#include "datasets/image.h"
#include "base/file.h"
#include <png.h>

static char *scratch;
static int set_up(void **s) { (void)s; scratch = test_scratch(); return 0; }
static int tear_down(void **s) { (void)s; test_scratch_remove(scratch); return 0; }
static char *at(const char *name) { return path_join(scratch, name); }

/* A PNG of any kind through libpng, rows as given. */
static char *png(const char *name, int w, int h, int depth, int colour, const void *rows, int interlace)
{
    char *path = at(name);
    FILE *f = fopen(path, "wb");
    png_structp p = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop i = png_create_info_struct(p);
    png_init_io(p, f);
    png_set_IHDR(p, i, (png_uint_32)w, (png_uint_32)h, depth, colour, interlace ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, 0, 0);
    png_color palette[4] = { { 255, 0, 0 }, { 0, 255, 0 }, { 9, 9, 9 }, { 200, 100, 50 } };
    if (colour == PNG_COLOR_TYPE_PALETTE) png_set_PLTE(p, i, palette, 4);
    png_write_info(p, i);
    size_t row = png_get_rowbytes(p, i);
    png_bytep *lines = xalloc_n((size_t)h, sizeof *lines);
    for (int y = 0; y < h; y++) lines[y] = (png_bytep)(uintptr_t)rows + (size_t)y * row;
    png_write_image(p, lines);
    png_write_end(p, NULL);
    png_destroy_write_struct(&p, &i), fclose(f), free(lines);
    return path;
}

static void expect(image m, int bits, int64_t h, int64_t w, const int *v)
{
    assert_int_equal(m.bits, bits);
    assert_int_equal(m.h, h);
    assert_int_equal(m.w, w);
    for (int64_t i = 0; i < h * w; i++) assert_int_equal(image_at(&m, i), v[i]);
    image_free(&m);
}

static void sixteen_bits_survive(void **state)
{
    (void)state;
    image m = image_new(256, 256, 16);
    for (int i = 0; i < 65536; i++) ((uint16_t *)m.p)[i] = (uint16_t)i;
    char *path = at("ramp.png");
    image_write(path, &m);
    image back = film_read(path), map = labels_read(path);
    assert_int_equal(back.bits, 16);
    assert_memory_equal(back.p, m.p, 2 * 65536);
    assert_memory_equal(map.p, m.p, 2 * 65536);
    char *pgm = at("deep.pgm");
    file_write(pgm, "P5\n# comment\n2 1\n65535\n\x12\x34\xff\x00", 27);
    expect(film_read(pgm), 16, 1, 2, (int[]){ 0x1234, 0xff00 });
    image_free(&m), image_free(&back), image_free(&map), free(path), free(pgm);
}

static void colour_becomes_grey(void **state)
{
    (void)state;
    const uint8_t rgba[] = { 255, 0, 0, 255, 0, 255, 0, 0, 0, 0, 255, 7, 10, 20, 30, 99 }, ga[] = { 17, 0, 200, 255 };
    char *p = png("rgba.png", 4, 1, 8, PNG_COLOR_TYPE_RGB_ALPHA, rgba, 0), *q = png("ga.png", 2, 1, 8, PNG_COLOR_TYPE_GRAY_ALPHA, ga, 0);
    expect(film_read(p), 8, 1, 4, (int[]){ 76, 150, 29, 18 });                   /* 76.245, 149.685, 29.07, 18.15 */
    expect(film_read(q), 8, 1, 2, (int[]){ 17, 200 });
    const uint8_t rgb16[] = { 0xff, 0xff, 0, 0, 0, 0, 0, 1, 0, 1, 0, 1 };
    char *r = png("rgb16.png", 2, 1, 16, PNG_COLOR_TYPE_RGB, rgb16, 0), *ppm = at("c.ppm");
    expect(film_read(r), 16, 1, 2, (int[]){ 19595, 1 });                         /* 19594.965 */
    file_write(ppm, "P6 1 1 255\n\xff\x00\x00", 14);
    expect(film_read(ppm), 8, 1, 1, (int[]){ 76 });
    free(p), free(q), free(r), free(ppm);
}

static void labels_keep_values(void **state)
{
    (void)state;
    const uint8_t two[] = { 0x1b }, four[] = { 0x0f, 0x30 }, one[] = { 0xa0 }, grey[] = { 0, 3, 255, 7 }, only[] = { 0, 255, 255, 0 }, rgb[] = { 5,
        5, 5, 9, 9, 9 };
    char *p;
    expect(labels_read(p = png("pal.png", 4, 1, 2, PNG_COLOR_TYPE_PALETTE, two, 0)), 8, 1, 4, (int[]){ 0, 1, 2, 3 }), free(p);
    expect(labels_read(p = png("g4.png", 3, 1, 4, PNG_COLOR_TYPE_GRAY, four, 0)), 8, 1, 3, (int[]){ 0, 15, 3 }), free(p);
    expect(labels_read(p = png("g1.png", 3, 1, 1, PNG_COLOR_TYPE_GRAY, one, 0)), 8, 1, 3, (int[]){ 1, 0, 1 }), free(p);
    expect(labels_read(p = png("g8.png", 2, 2, 8, PNG_COLOR_TYPE_GRAY, grey, 1)), 8, 2, 2, (int[]){ 0, 3, 255, 7 }), free(p);
    expect(labels_read(p = png("bw.png", 4, 1, 8, PNG_COLOR_TYPE_GRAY, only, 0)), 8, 1, 4, (int[]){ 0, 1, 1, 0 }), free(p);
    expect(labels_read(p = png("rgb.png", 2, 1, 8, PNG_COLOR_TYPE_RGB, rgb, 0)), 8, 1, 2, (int[]){ 5, 9 }), free(p);
}

static void labels_refuse(void **state)
{
    (void)state;
    const uint8_t rgb[] = { 5, 5, 5, 9, 8, 9 }, alpha[] = { 1, 1, 1, 255 };
    char *a = png("col.png", 2, 1, 8, PNG_COLOR_TYPE_RGB, rgb, 0), *b = png("alpha.png", 1, 1, 8, PNG_COLOR_TYPE_RGB_ALPHA, alpha, 0),
        *c = at("x.jpg");
    dies(2, "a colour image (pixel 1,0 is 9,8,9)", labels_read(a));
    dies(2, "alpha channel", labels_read(b));
    file_write(c, "\xff\xd8\xff\xe0 not a png", 14);
    dies(2, "not a PNG file", labels_read(c));
    dies(2, "No such file", labels_read("/no/such.png"));
    free(a), free(b), free(c);
}

/* Every truncation and every flipped byte of a PNG: an error text, or (nowhere) a picture that differs. */
static void damaged_png(void **state)
{
    (void)state;
    image m = image_new(9, 11, 8), got;
    for (int i = 0; i < 99; i++) ((uint8_t *)m.p)[i] = (uint8_t)(i * 37);
    char *path = at("whole.png"), why[IMAGE_WHY];
    size_t n;
    image_write(path, &m);
    unsigned char *b = image_file_bytes(path, &n, why);
    assert_int_equal(film_decode(b, n, &got, why), 1);
    image_free(&got);
    for (size_t cut = 0; cut < n; cut++) {
        assert_int_equal(film_decode(b, cut, &got, why), 0);
        assert_int_equal(labels_decode(b, cut, &got, why), 0);
        assert_null(got.p);
    }
    for (size_t k = 0; k < n; k++) {
        b[k] ^= 0x41;
        assert_int_equal(film_decode(b, n, &got, why), 0);
        if (labels_decode(b, n, &got, why)) assert_memory_equal(got.p, m.p, 99),
            image_free(&got);      /* the closing chunk's checksum does not touch pixels */
        b[k] ^= 0x41;
    }
    image_free(&m), free(b), free(path);
}

static void lying_headers(void **state)
{
    (void)state;
    char why[IMAGE_WHY];
    image got;
    const char *huge = "P5 60000 60000 255\n\x01\x02", *side = "P5 70000 1 255\n\x01", *cut = "P5 4 4 255\n123456789012345";
    assert_int_equal(film_decode((const unsigned char *)huge, strlen(huge), &got, why), 0);
    assert_non_null(strstr(why, "more than the limit"));
    assert_int_equal(film_decode((const unsigned char *)side, strlen(side), &got, why), 0);
    assert_int_equal(film_decode((const unsigned char *)cut, strlen(cut), &got, why), 0);
    assert_string_equal(why, "truncated PNM");
    assert_int_equal(film_decode((const unsigned char *)"GIF89a..", 8, &got, why), 0);
    assert_non_null(strstr(why, "not an image of a known kind"));
    assert_int_equal(film_decode(NULL, 0, &got, why), 0);
    assert_string_equal(why, "an empty file");
    dies(2, "not a file", film_read(scratch));
}

static void truncated_jpeg(void **state)
{
    (void)state;
    size_t n;
    char why[IMAGE_WHY];
    image got;
    unsigned char *b = image_file_bytes("tests/golden/tiny.jpg", &n, why);
    assert_non_null(b);
    assert_int_equal(film_decode(b, n, &got, why), 1);
    assert_int_equal(got.h, 24);
    assert_int_equal(got.w, 16);
    near(image_at(&got, 0), 40, 3);                                             /* two flat halves, 40 over 200 */
    near(image_at(&got, 23 * 16 + 15), 200, 3);
    image_free(&got);
    for (size_t cut = 0; cut < n; cut++) assert_int_equal(film_decode(b, cut, &got, why), 0);
    free(b);
}

static void smooth_resize(void **state)
{
    (void)state;
    const float ramp[8] = { 0, 1, 2, 3, 4, 5, 6, 7 }, two[2] = { 0, 1 };
    float out[16];
    resize_smooth(ramp, 1, 8, out, 1, 8);
    for (int i = 0; i < 8; i++) near(out[i], i, 0);
    resize_smooth(two, 1, 2, out, 1, 4);                                        /* centres at -1/4, 1/4, 3/4, 5/4 */
    near(out[0], 0, 1e-7);
    near(out[1], 0.25, 1e-7);
    near(out[2], 0.75, 1e-7);
    near(out[3], 1, 1e-7);
    resize_smooth(ramp, 1, 8, out, 1, 4);                                       /* weights 1/8 3/8 3/8 1/8, and 3/7 3/7 1/7 at the ends */
    near(out[0], 5 / 7.0, 1e-6);
    near(out[1], 2.5, 1e-6);
    near(out[2], 4.5, 1e-6);
    near(out[3], 7 - 5 / 7.0, 1e-6);
    resize_smooth(ramp, 8, 1, out, 4, 1);
    near(out[0], 5 / 7.0, 1e-6);
    near(out[1], 2.5, 1e-6);
    float flat[35], back[6];
    for (int i = 0; i < 35; i++) flat[i] = 3.25f;
    resize_smooth(flat, 5, 7, back, 2, 3);
    for (int i = 0; i < 6; i++) near(back[i], 3.25, 1e-6);
}

static void label_resize(void **state)
{
    (void)state;
    const uint8_t src[6] = { 1, 2, 3, 4, 5, 6 };
    uint8_t out[24];
    resize_labels(src, 2, 3, out, 4, 6);
    for (int y = 0; y < 4; y++) for (int x = 0; x < 6; x++) assert_int_equal(out[y * 6 + x], src[y / 2 * 3 + x / 2]);
    resize_labels(src, 1, 6, out, 1, 2);
    assert_int_equal(out[0], 2);
    assert_int_equal(out[1], 5);
}

static void overlays(void **state)
{
    (void)state;
    image film = image_new(4, 5, 8);
    uint8_t rgb[60], labels[20] = { 0 };
    for (int i = 0; i < 20; i++) ((uint8_t *)film.p)[i] = (uint8_t)(100 + i);
    overlay_grey(&film, rgb);
    assert_int_equal(rgb[0], 0);
    assert_int_equal(rgb[59], 255);
    for (int k = 6; k <= 13; k++) if (k % 5 >= 1 && k % 5 <= 3) labels[k] = 2;
    overlay_labels(rgb, labels, 4, 5, 0.5, 1);
    assert_memory_equal(rgb + 3 * 6, overlay_colour(2), 3);                      /* an outline pixel is opaque */
    overlay_line(rgb, 4, 5, -3, 0, 9, 0, 1, (const uint8_t[]){ 1, 2, 3 });
    for (int x = 0; x < 5; x++) assert_int_equal(rgb[3 * x + 2], 3);
    overlay_line(rgb, 4, 5, NAN, 0, 1e300, 0, 1, (const uint8_t[]){ 9, 9, 9 });
    assert_int_equal(rgb[2], 3);
    char *path = at("rgb.png");
    image_write_rgb(path, rgb, 4, 5);
    image back = film_read(path);
    assert_int_equal(image_at(&back, 0), (299 * 1 + 587 * 2 + 114 * 3 + 500) / 1000);
    image_free(&back), image_free(&film), free(path);
}

int main(void)
{
    const struct CMUnitTest table[] = {
        cmocka_unit_test(sixteen_bits_survive), cmocka_unit_test(colour_becomes_grey), cmocka_unit_test(labels_keep_values),
            cmocka_unit_test(labels_refuse),
        cmocka_unit_test(damaged_png), cmocka_unit_test(lying_headers), cmocka_unit_test(truncated_jpeg), cmocka_unit_test(smooth_resize),
        cmocka_unit_test(label_resize), cmocka_unit_test(overlays) };
    return _cmocka_run_group_tests(__FILE__, table, sizeof table / sizeof *table, set_up, tear_down);
}
