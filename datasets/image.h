/* image.h - films and label maps in files and in memory: reading, writing, resizing, drawing.
 *
 * A film is one grey channel of 8 or 16 bits, row by row from the top. A label map has the same form, but its pixel VALUE is
 * the class (or instance id) and is never rescaled, smoothed or interpolated. Pixel (0,0) has its centre at (0,0): x right, y down.
 * The trap: a decoder that "repairs" a damaged file. Sizes are checked in the header before a pixel is decoded, and truncated or
 * damaged files are refused with a text. */
#ifndef DATASETS_IMAGE_H
#define DATASETS_IMAGE_H
#include <stdint.h>
#include <stddef.h>

enum { IMAGE_MAX_PIXELS = 64 << 20, IMAGE_MAX_SIDE = 65500, IMAGE_WHY = 256 };

typedef struct image {
    int64_t h, w;
    int bits;                    /* 8: p is uint8_t[h][w]; 16: p is uint16_t[h][w] */
    void *p;                     /* owned; image_free */
} image;

image image_new(int64_t h, int64_t w, int bits);             /* zeroed pixels */
void  image_free(image *m);                                  /* leaves a zero image; harmless twice */
static inline int image_at(const image *m, int64_t i) { return m->bits == 16 ? ((const uint16_t *)m->p)[i] : ((const uint8_t *)m->p)[i]; }

/* A film: PNG, JPEG, BMP or binary PNM, 8 or 16 bits. Colour becomes grey by 0.299 R + 0.587 G + 0.114 B, rounded; alpha is ignored.
 * film_try returns 1, or 0 with the reason in why (no file name in it) and *out zero; film_read dies 2 with "path: reason". */
int   film_try(const char *path, image *out, char why[IMAGE_WHY]);
image film_read(const char *path);
/* The same from bytes in memory: what the fuzzer feeds. */
int   film_decode(const unsigned char *bytes, size_t n, image *out, char why[IMAGE_WHY]);

/* A label map: PNG, grey (1, 2, 4, 8, 16 bits: the value is the class), palette (the index is the class), or RGB with r = g = b
 * everywhere. Alpha is refused. A file with only the values 0 and 255 means 0 and 1. 16-bit files give 16-bit maps, all else 8. */
int   labels_try(const char *path, image *out, char why[IMAGE_WHY]);
image labels_read(const char *path);
int   labels_decode(const unsigned char *bytes, size_t n, image *out, char why[IMAGE_WHY]);

/* The bytes of an image file (at most 512 MiB), or NULL with the reason; free() them. */
unsigned char *image_file_bytes(const char *path, size_t *n, char why[IMAGE_WHY]);

/* PNG files, whole or absent (base/file.h). Grey of 8 or 16 bits; RGB from rgb (h, w, 3). Die 4 on a write error. */
void  image_write(const char *path, const image *m);
void  image_write_rgb(const char *path, const uint8_t *rgb, int64_t h, int64_t w);

/* Resampling of plain arrays, src (h, w) to dst (H, W). Both images cover the same field of view, edge to edge: the centre of
 * destination pixel X lies at x = (X + 0.5) w / W - 0.5 of the source (PyTorch: align_corners=False). Sides may differ in scale.
 * resize_smooth: a triangle filter whose half-width is max(1, w / W) source pixels, so it is bilinear upwards and antialiased
 * downwards (PyTorch: antialias=True); weights are normalised and edges repeat nothing from outside. Values are not rounded.
 * resize_labels: the value of the source pixel whose area holds that point; for label maps and bit-planes. */
void  resize_smooth(const float *src, int64_t h, int64_t w, float *dst, int64_t H, int64_t W);
void  resize_labels(const uint8_t *src, int64_t h, int64_t w, uint8_t *dst, int64_t H, int64_t W);
/* Film pixels to floats, value / 255 or / 65535: dst (h, w) in 0..1. */
void  image_to_float(const image *m, float *dst);

/* Overlays, rgb (h, w, 3). overlay_grey spreads the film's own range (1st to 99.5th percentile) over 0..255. overlay_labels blends
 * the colour of each class over it with this opacity (0..1) and draws the outline of every region opaque, thick pixels wide.
 * overlay_line draws a straight line between two points (x right, y down, pixels); parts outside are left out. */
void  overlay_grey(const image *film, uint8_t *rgb);
void  overlay_labels(uint8_t *rgb, const uint8_t *labels, int64_t h, int64_t w, double opacity, int thick);
void  overlay_line(uint8_t *rgb, int64_t h, int64_t w, double x0, double y0, double x1, double y1, int thick, const uint8_t colour[3]);
/* Capital letters, digits and - _ . in a 3 x 5 dot font, scale pixels a dot, (x, y) the top left; a character takes 4 dots. Small letters are
 * written as capitals, others as a blank. */
void  overlay_text(uint8_t *rgb, int64_t h, int64_t w, int64_t x, int64_t y, int scale, const uint8_t colour[3], const char *text);
/* Colour of a class value: Okabe and Ito's palette (2008), safe for the colour-blind, repeated after 7 values. 0 gives black. */
const uint8_t *overlay_colour(int value);
#endif
