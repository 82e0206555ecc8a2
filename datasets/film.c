/* film.c - decoding films with stb_image; see image.h. The only file that holds stb's implementation.
 *
 * stb is lenient: it fills what a truncated JPEG, BMP or PNM lacks and skips every checksum of a PNG. So each format has a `whole`
 * check here that walks the container first, without decoding: a damaged film must not become a plausible one. */
#include "datasets/image.h"
#include "base/die.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#define STBI_ONLY_PNG
#define STBI_ONLY_JPEG
#define STBI_ONLY_BMP
#define STBI_ONLY_PNM
#define STBI_NO_STDIO
#define STBI_NO_LINEAR
#define STBI_NO_FAILURE_STRINGS
#define STBI_MAX_DIMENSIONS 65500
#define STB_IMAGE_IMPLEMENTATION
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wunused-but-set-variable"
#pragma GCC diagnostic ignored "-Wsign-compare"
#include <stb/stb_image.h>
#pragma GCC diagnostic pop

enum { FILE_LIMIT = 512 << 20 };

static uint32_t be32(const unsigned char *p) { return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]; }
static uint32_t le32(const unsigned char *p) { return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0]; }

/* Chunks up to IEND: each inside the file and with the right CRC. */
static const char *png_whole(const unsigned char *b, size_t n, int64_t w, int64_t h)
{
    (void)w, (void)h;
    for (size_t at = 8; at + 12 <= n;) {
        size_t len = be32(b + at);
        if (len > n - at - 12) return "truncated PNG";
        if (be32(b + at + 8 + len) != (uint32_t)crc32(0, b + at + 4, (uInt)len + 4)) return "damaged PNG (a checksum is wrong)";
        if (!memcmp(b + at + 4, "IEND", 4)) return NULL;
        at += 12 + len;
    }
    return "truncated PNG";
}

/* Segments by their lengths, entropy-coded data by looking for the next marker, up to the end-of-image marker. */
static const char *jpeg_whole(const unsigned char *b, size_t n, int64_t w, int64_t h)
{
    (void)w, (void)h;
    for (size_t at = 2; at + 2 <= n;) {
        if (b[at] != 0xFF) { at++; continue; }
        int m = b[at + 1];
        if (m == 0xD9) return NULL;
        if (m == 0xFF) { at++; continue; }
        if (m == 0 || m == 1 || (m >= 0xD0 && m <= 0xD7)) { at += 2; continue; }
        if (at + 4 > n) break;
        at += 2 + ((size_t)b[at + 2] << 8 | b[at + 3]);
    }
    return "truncated JPEG";
}

static const char *bmp_whole(const unsigned char *b, size_t n, int64_t w, int64_t h)
{
    if (n < 34) return "truncated BMP";
    uint32_t offset = le32(b + 10), depth = le32(b + 14) == 12 ? b[24] : b[28];
    uint64_t row = ((uint64_t)w * depth + 31) / 32 * 4;
    return offset > n || row * (uint64_t)h > n - offset ? "truncated BMP" : NULL;
}

/* Where the samples of a binary PNM start: after three numbers, between which comments may stand. 0: no such place. */
static size_t pnm_samples(const unsigned char *b, size_t n, long *most)
{
    size_t at = 2;
    for (int k = 0; k < 3; k++) {
        while (at < n && (strchr(" \t\r\n\v\f", b[at]) ? b[at] != 0 : b[at] == '#'))
            if (b[at] == '#') while (at < n && b[at] != '\n' && b[at] != '\r') at++;
            else at++;
        for (*most = 0; at < n && b[at] >= '0' && b[at] <= '9'; at++) if ((*most = *most * 10 + b[at] - '0') > 65535) return 0;
    }
    return at < n ? at + 1 : 0;
}

static const char *pnm_whole(const unsigned char *b, size_t n, int64_t w, int64_t h)
{
    long most;
    size_t at = pnm_samples(b, n, &most);
    if (!at || most < 1) return "damaged PNM header";
    uint64_t need = (uint64_t)w * (uint64_t)h * (b[1] == '6' ? 3 : 1) * (most > 255 ? 2 : 1);
    return at > n || need > n - at ? "truncated PNM" : NULL;
}

static const struct format {
    const char *name, *magic; size_t nmagic;
    const char *(*whole)(const unsigned char *, size_t, int64_t, int64_t);
    int swapped;                                      /* stb leaves 16-bit samples in the file's byte order */
} formats[] = {
    { "PNG",  "\x89PNG\r\n\x1a\n", 8, png_whole, 0 }, { "JPEG", "\xff\xd8\xff", 3, jpeg_whole, 0 }, { "BMP", "BM", 2, bmp_whole, 0 },
    { "PNM",  "P5", 2, pnm_whole, 1 }, { "PNM", "P6", 2, pnm_whole, 1 },
};

static int refuse(char why[IMAGE_WHY], const char *fmt, ...) PRINTF(2, 3);
static int refuse(char why[IMAGE_WHY], const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(why, IMAGE_WHY, fmt, ap);
    va_end(ap);
    return 0;
}

static unsigned grey(unsigned r, unsigned g, unsigned b) { return (299 * r + 587 * g + 114 * b + 500) / 1000; }

/* Interleaved samples (h, w, channels) to one channel; channels 2 and 4 carry alpha, which is left out. */
static void to_grey(const void *from, int channels, image *out)
{
    int64_t len = out->h * out->w, c = channels;
    const uint8_t *s8 = from;
    const uint16_t *s16 = from;
    uint8_t *d8 = out->p;
    uint16_t *d16 = out->p;
    if (out->bits == 8)
        for (int64_t i = 0; i < len; i++) d8[i] = (uint8_t)(c < 3 ? s8[i * c] : grey(s8[i * c], s8[i * c + 1], s8[i * c + 2]));
    else
        for (int64_t i = 0; i < len; i++) d16[i] = (uint16_t)(c < 3 ? s16[i * c] : grey(s16[i * c], s16[i * c + 1], s16[i * c + 2]));
}

int film_decode(const unsigned char *b, size_t n, image *out, char why[IMAGE_WHY])
{
    *out = (image){ 0 };
    const struct format *f = NULL;
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (n > formats[i].nmagic && !memcmp(b, formats[i].magic, formats[i].nmagic)) { f = &formats[i]; break; }
    if (!f) return refuse(why, n ? "not an image of a known kind (PNG, JPEG, BMP, binary PNM)" : "an empty file");
    int w = 0, h = 0, channels = 0;
    if (n > FILE_LIMIT) return refuse(why, "larger than %d MiB, the limit", FILE_LIMIT >> 20);
    if (!stbi_info_from_memory(b, (int)n, &w, &h, &channels) || w < 1 || h < 1) return refuse(why, "damaged %s header", f->name);
    if (w > IMAGE_MAX_SIDE || h > IMAGE_MAX_SIDE || (int64_t)w * h > IMAGE_MAX_PIXELS)
        return refuse(why, "%d x %d pixels, more than the limit of %d million", w, h, IMAGE_MAX_PIXELS >> 20);
    const char *bad = f->whole(b, n, w, h);
    if (bad) return refuse(why, "%s", bad);
    int deep = stbi_is_16_bit_from_memory(b, (int)n), w2, h2;
    void *p = deep ? (void *)stbi_load_16_from_memory(b, (int)n, &w2, &h2, &channels, 0) : stbi_load_from_memory(b, (int)n, &w2, &h2, &channels, 0);
    if (!p) return refuse(why, "damaged or unsupported %s", f->name);
    if (w2 != w || h2 != h || channels < 1 || channels > 4) { stbi_image_free(p); return refuse(why, "damaged %s header", f->name); }
    if (deep && f->swapped) {
        uint16_t *v = p;
        for (int64_t i = 0; i < (int64_t)w * h * channels; i++) v[i] = (uint16_t)(v[i] << 8 | v[i] >> 8);
    }
    *out = image_new(h, w, deep ? 16 : 8);
    to_grey(p, channels, out);
    stbi_image_free(p);
    return 1;
}

unsigned char *image_file_bytes(const char *path, size_t *n, char why[IMAGE_WHY])
{
    struct stat s;
    FILE *f = fopen(path, "rbe");
    if (!f) { refuse(why, "%s", strerror(errno)); return NULL; }
    unsigned char *b = NULL;
    if (fstat(fileno(f), &s) || !S_ISREG(s.st_mode)) refuse(why, "not a file");
    else if (s.st_size > FILE_LIMIT) refuse(why, "larger than %d MiB, the limit", FILE_LIMIT >> 20);
    else {
        b = xalloc((size_t)s.st_size + 1);
        *n = fread(b, 1, (size_t)s.st_size, f);
        if (ferror(f)) { refuse(why, "cannot be read"); free(b), b = NULL; }
    }
    fclose(f);
    return b;
}

int film_try(const char *path, image *out, char why[IMAGE_WHY])
{
    size_t n;
    unsigned char *b = image_file_bytes(path, &n, why);
    *out = (image){ 0 };
    if (!b) return 0;
    int ok = film_decode(b, n, out, why);
    free(b);
    return ok;
}

image film_read(const char *path)
{
    char why[IMAGE_WHY];
    image m;
    if (!film_try(path, &m, why)) die("%s: %s", path, why);
    return m;
}
