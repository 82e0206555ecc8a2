/* image.c - label maps and PNG files through libpng, and resampling; see image.h. Films are decoded in film.c, overlays drawn in overlay.c.
 *
 * libpng leaves by longjmp: everything that must be freed lives in one struct that is set up before setjmp. */
#include "datasets/image.h"
#include "base/die.h"
#include "base/file.h"
#include <math.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>

image image_new(int64_t h, int64_t w, int bits)
{
    image m = { h, w, bits, NULL };
    m.p = xalloc_n((size_t)h * (size_t)w, (size_t)bits / 8);
    return m;
}

void image_free(image *m)
{
    free(m->p);
    *m = (image){ 0 };
}

/* ---- reading label maps ------------------------------------------------------------------------------------------------------ */

typedef struct reader {
    const unsigned char *bytes; size_t n, at;
    png_structp png; png_infop info;
    unsigned char *pixels; png_bytep *rows;
    char why[IMAGE_WHY];
} reader;

static void take_bytes(png_structp png, png_bytep out, png_size_t n)
{
    reader *r = png_get_io_ptr(png);
    if (n > r->n - r->at) png_error(png, "truncated PNG");
    memcpy(out, r->bytes + r->at, n), r->at += n;
}

static void on_error(png_structp png, png_const_charp text)
{
    reader *r = png_get_error_ptr(png);
    snprintf(r->why, sizeof r->why, r->bytes ? "damaged PNG (%s)" : "%s", text);
    png_longjmp(png, 1);
}
static void on_warning(png_structp png, png_const_charp text) { (void)png, (void)text; }

static void reader_end(reader *r)
{
    png_destroy_read_struct(&r->png, &r->info, NULL);
    free(r->pixels), free(r->rows);
}

/* Samples (h, w, channels) of 1 or 2 bytes -> the map; RGB needs r = g = b. 0 with the reason otherwise. */
static int to_labels(reader *r, int channels, image *out)
{
    int64_t len = out->h * out->w;
    int two = out->bits == 16, other = 0, top = 0;
    uint8_t *d8 = out->p;
    uint16_t *d16 = out->p;
    for (int64_t i = 0; i < len; i++) {
        int v[3];
        for (int c = 0; c < channels; c++)
            v[c] = two ? ((uint16_t *)(void *)r->pixels)[i * channels + c] : r->pixels[i * channels + c];
        if (channels == 3 && (v[0] != v[1] || v[0] != v[2])) {
            snprintf(r->why, sizeof r->why, "a colour image (pixel %lld,%lld is %d,%d,%d), wanted a label map (grey, palette, or r = g = b)",
                     (long long)(i % out->w), (long long)(i / out->w), v[0], v[1], v[2]);
            return 0;
        }
        if (two) d16[i] = (uint16_t)v[0]; else d8[i] = (uint8_t)v[0];
        other |= v[0] != 0 && v[0] != 255, top |= v[0] == 255;
    }
    if (top && !other)
        for (int64_t i = 0; i < len; i++) { if (two) d16[i] = d16[i] != 0; else d8[i] = d8[i] != 0; }
    return 1;
}

static int decode(reader *r, image *out)
{
    png_set_read_fn(r->png, r, take_bytes);
    png_set_user_limits(r->png, IMAGE_MAX_SIDE, IMAGE_MAX_SIDE);
    png_read_info(r->png, r->info);
    int64_t w = png_get_image_width(r->png, r->info), h = png_get_image_height(r->png, r->info);
    int depth = png_get_bit_depth(r->png, r->info), colour = png_get_color_type(r->png, r->info);
    if (w * h > IMAGE_MAX_PIXELS) return snprintf(r->why, sizeof r->why, "%lld x %lld pixels, more than the limit of %d million",
        (long long)w, (long long)h, IMAGE_MAX_PIXELS >> 20), 0;
    if (colour & PNG_COLOR_MASK_ALPHA) return snprintf(r->why, sizeof r->why,
        "has an alpha channel, wanted a label map (grey, palette, or r = g = b)"), 0;
    if (depth < 8) png_set_packing(r->png);
    if (depth == 16) png_set_swap(r->png);
    png_set_interlace_handling(r->png);
    png_read_update_info(r->png, r->info);
    size_t row = png_get_rowbytes(r->png, r->info);
    r->pixels = xalloc_n(row, (size_t)h), r->rows = xalloc_n((size_t)h, sizeof *r->rows);
    for (int64_t y = 0; y < h; y++) r->rows[y] = r->pixels + (size_t)y * row;
    png_read_image(r->png, r->rows);
    png_read_end(r->png, NULL);
    *out = image_new(h, w, depth == 16 ? 16 : 8);
    if (to_labels(r, colour == PNG_COLOR_TYPE_RGB ? 3 : 1, out)) return 1;
    image_free(out);
    return 0;
}

int labels_decode(const unsigned char *bytes, size_t n, image *out, char why[IMAGE_WHY])
{
    *out = (image){ 0 };
    if (n < 8 || png_sig_cmp(bytes, 0, 8)) return snprintf(why, IMAGE_WHY, n ? "not a PNG file (label maps are PNG)" : "an empty file"), 0;
    reader *r = xalloc(sizeof *r);
    r->bytes = bytes, r->n = n;
    r->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, r, on_error, on_warning);
    r->info = r->png ? png_create_info_struct(r->png) : NULL;
    if (!r->info) die_machine("out of memory: libpng");
    volatile int ok = 0;
    if (!setjmp(png_jmpbuf(r->png))) ok = decode(r, out);
    if (!ok) snprintf(why, IMAGE_WHY, "%s", r->why);
    reader_end(r), free(r);
    return ok;
}

int labels_try(const char *path, image *out, char why[IMAGE_WHY])
{
    size_t n;
    unsigned char *b = image_file_bytes(path, &n, why);
    *out = (image){ 0 };
    if (!b) return 0;
    int ok = labels_decode(b, n, out, why);
    free(b);
    return ok;
}

image labels_read(const char *path)
{
    char why[IMAGE_WHY];
    image m;
    if (!labels_try(path, &m, why)) die("%s: %s", path, why);
    return m;
}

/* ---- writing PNG --------------------------------------------------------------------------------------------------------------- */

/* pixels: h lines of `row` bytes each. */
static void write_png(const char *path, const uint8_t *pixels, int64_t h, int64_t w, size_t row, int depth, int colour)
{
    FILE *f = file_begin(path);
    reader *r = xalloc(sizeof *r);
    r->png = png_create_write_struct(PNG_LIBPNG_VER_STRING, r, on_error, on_warning);
    r->info = r->png ? png_create_info_struct(r->png) : NULL;
    if (!r->info) die_machine("out of memory: libpng");
    if (!setjmp(png_jmpbuf(r->png))) {
        png_init_io(r->png, f);
        png_set_compression_level(r->png, 4);
        png_set_IHDR(r->png, r->info, (png_uint_32)w, (png_uint_32)h, depth, colour, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
            PNG_FILTER_TYPE_DEFAULT);
        png_write_info(r->png, r->info);
        if (depth == 16) png_set_swap(r->png);
        for (int64_t y = 0; y < h; y++) png_write_row(r->png, pixels + (size_t)y * row);
        png_write_end(r->png, NULL);
        png_destroy_write_struct(&r->png, &r->info), free(r);
        file_commit(f, path);
        return;
    }
    char why[IMAGE_WHY];
    snprintf(why, sizeof why, "%s", r->why);
    png_destroy_write_struct(&r->png, &r->info), free(r);
    fclose(f), file_discard(path);
    die_machine("%s: cannot be written: %s", path, why);
}

void image_write(const char *path, const image *m)
{
    write_png(path, m->p, m->h, m->w, (size_t)m->w * (size_t)m->bits / 8, m->bits, PNG_COLOR_TYPE_GRAY);
}

void image_write_rgb(const char *path, const uint8_t *rgb, int64_t h, int64_t w)
{
    write_png(path, rgb, h, w, (size_t)w * 3, 8, PNG_COLOR_TYPE_RGB);
}

/* ---- resampling ---------------------------------------------------------------------------------------------------------------- */

void image_to_float(const image *m, float *dst)
{
    int64_t len = m->h * m->w;
    const uint8_t *s8 = m->p;
    const uint16_t *s16 = m->p;
    if (m->bits == 8) for (int64_t i = 0; i < len; i++) dst[i] = (float)s8[i] * (1 / 255.0f);
    else for (int64_t i = 0; i < len; i++) dst[i] = (float)s16[i] * (1 / 65535.0f);
}

/* The taps of one axis: output i is the sum of weight[i * room + k] * source[first[i] + k], k < count[i]. */
typedef struct taps { int64_t room, *first, *count; float *weight; } taps;

static taps taps_new(int64_t from, int64_t to)
{
    double scale = (double)from / (double)to, reach = scale > 1 ? scale : 1;
    taps t = { (int64_t)ceil(reach) * 2 + 1, xalloc_n((size_t)to, sizeof(int64_t)), xalloc_n((size_t)to, sizeof(int64_t)), NULL };
    t.weight = xalloc_n((size_t)to * (size_t)t.room, sizeof(float));
    for (int64_t i = 0; i < to; i++) {
        double centre = ((double)i + 0.5) * scale - 0.5, sum = 0;
        int64_t lo = (int64_t)ceil(centre - reach), hi = (int64_t)floor(centre + reach);
        if (lo < 0) lo = 0;
        if (hi > from - 1) hi = from - 1;
        for (int64_t j = lo; j <= hi; j++) sum += fmax(0, 1 - fabs((double)j - centre) / reach);
        t.first[i] = lo, t.count[i] = hi - lo + 1;
        for (int64_t j = lo; j <= hi; j++) t.weight[i * t.room + j - lo] = (float)(fmax(0, 1 - fabs((double)j - centre) / reach) / sum);
    }
    return t;
}

static void taps_free(taps *t) { free(t->first), free(t->count), free(t->weight); }

void resize_smooth(const float *src, int64_t h, int64_t w, float *dst, int64_t H, int64_t W)
{
    taps x = taps_new(w, W), y = taps_new(h, H);
    float *half = xalloc_n((size_t)h * (size_t)W, sizeof *half);                             /* (h, W): width done, height not yet */
    for (int64_t j = 0; j < h; j++)
        for (int64_t i = 0; i < W; i++) {
            const float *s = src + j * w + x.first[i], *k = x.weight + i * x.room;
            float sum = 0;
            for (int64_t c = 0; c < x.count[i]; c++) sum += s[c] * k[c];
            half[j * W + i] = sum;
        }
    memset(dst, 0, (size_t)H * (size_t)W * sizeof *dst);
    for (int64_t j = 0; j < H; j++)
        for (int64_t c = 0; c < y.count[j]; c++) {
            const float *s = half + (y.first[j] + c) * W, k = y.weight[j * y.room + c];
            for (int64_t i = 0; i < W; i++) dst[j * W + i] += s[i] * k;
        }
    free(half), taps_free(&x), taps_free(&y);
}

void resize_labels(const uint8_t *src, int64_t h, int64_t w, uint8_t *dst, int64_t H, int64_t W)
{
    int64_t *at = xalloc_n((size_t)W, sizeof *at);
    for (int64_t i = 0; i < W; i++) at[i] = (2 * i + 1) * w / (2 * W);                       /* floor((i + 0.5) w / W), exactly */
    for (int64_t j = 0; j < H; j++) {
        const uint8_t *s = src + (2 * j + 1) * h / (2 * H) * w;
        for (int64_t i = 0; i < W; i++) dst[j * W + i] = s[at[i]];
    }
    free(at);
}
