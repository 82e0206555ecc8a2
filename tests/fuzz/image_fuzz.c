/* image_fuzz.c - films and label maps from hostile bytes: a picture of a sane size or an error text, never a crash.
 *
 * The first byte picks a seed picture (or none: the bytes as they are); the rest are patches (where, what) on it, after which a
 * PNG's checksums are put right again, so that the mutations reach the decoders. */
#include "datasets/image.h"
#include "base/die.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STBI_WRITE_NO_STDIO
#include <stb/stb_image_write.h>

enum { SEEDS = 6, LIMIT = 4096 };
static struct { unsigned char b[LIMIT]; size_t n; } seed[SEEDS];

static void keep(void *with, void *data, int n)
{
    size_t k = (size_t)(intptr_t)with;
    if (seed[k].n + (size_t)n <= LIMIT) memcpy(seed[k].b + seed[k].n, data, (size_t)n), seed[k].n += (size_t)n;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    unsigned char p[24 * 17 * 3];
    char name[] = "/tmp/image-fuzz-XXXXXX", why[IMAGE_WHY];
    int fd = mkstemp(name);
    close(fd);
    for (size_t i = 0; i < sizeof p; i++) p[i] = (unsigned char)(i * i / 7);
    stbi_write_jpg_to_func(keep, (void *)0, 24, 17, 1, p, 80);
    stbi_write_jpg_to_func(keep, (void *)1, 24, 17, 3, p, 95);
    stbi_write_bmp_to_func(keep, (void *)2, 24, 17, 3, p);
    stbi_write_png_to_func(keep, (void *)3, 24, 17, 3, p, 24 * 3);
    keep((void *)4, "P5\n24 17\n65535\n", 15), keep((void *)4, p, 24 * 17 * 2);
    image m = { 17, 24, 16, p };
    image_write(name, &m);
    unsigned char *b = image_file_bytes(name, &seed[5].n, why);
    memcpy(seed[5].b, b, seed[5].n);
    free(b), unlink(name);
    return 0;
}

static void mend_png(unsigned char *b, size_t n)
{
    for (size_t at = 8; at + 12 <= n;) {
        size_t len = (size_t)b[at] << 24 | (size_t)b[at + 1] << 16 | (size_t)b[at + 2] << 8 | b[at + 3];
        if (len > n - at - 12) return;
        uint32_t sum = (uint32_t)crc32(0, b + at + 4, (uInt)len + 4);
        for (int k = 0; k < 4; k++) b[at + 8 + len + (size_t)k] = (unsigned char)(sum >> (24 - 8 * k));
        at += 12 + len;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (!n || n > LIMIT) return 0;
    unsigned char *b = malloc(LIMIT);
    size_t len = n - 1, k = data[0] % (SEEDS + 1);
    if (k == SEEDS) memcpy(b, data + 1, len);
    else {
        len = seed[k].n;
        memcpy(b, seed[k].b, len);
        for (size_t i = 1; i + 3 <= n; i += 3) b[(data[i] << 8 | data[i + 1]) % len] = data[i + 2];
        if (!memcmp(b, "\x89PNG", 4)) mend_png(b, len);
    }
    image m;
    char why[IMAGE_WHY];
    for (int which = 0; which < 2; which++) {
        if (!(which ? labels_decode : film_decode)(b, len, &m, why)) { if (m.p || !why[0]) abort(); continue; }
        if (m.h < 1 || m.w < 1 || m.h * m.w > IMAGE_MAX_PIXELS) abort();
        image_free(&m);
    }
    free(b);
    return 0;
}
