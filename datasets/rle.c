/* rle.c - see rle.h. */
#include "datasets/rle.h"
#include "base/die.h"
#include <stdlib.h>
#include <string.h>

/* One signed number at *p, which moves behind it; 0 where the text ends within it or it is too long. */
static int number(const char **p, int64_t *out)
{
    uint64_t v = 0;
    for (int shift = 0; shift <= 35; shift += 5) {
        const int c = (unsigned char)**p - 48;
        if (c < 0 || c > 63) return 0;
        ++*p;
        v |= (uint64_t)(c & 31) << shift;
        if (c & 32) continue;
        if (c & 16) v |= ~(uint64_t)0 << (shift + 5);
        *out = (int64_t)v;
        return 1;
    }
    return 0;
}

uint32_t *rle_parse(const char *text, int64_t *n, const char **why)
{
    uint32_t *runs = xalloc_n(strlen(text), sizeof *runs);                   /* no run takes less than a character */
    *n = 0, *why = NULL;
    while (*text) {
        int64_t v = 0;
        if (!number(&text, &v)) *why = "damaged run lengths";
        else if (*n > 2) v += runs[*n - 2];
        if (!*why && (v < 0 || v > UINT32_MAX)) *why = "a run length that is negative or too large";
        if (*why) { free(runs); return NULL; }
        runs[(*n)++] = (uint32_t)v;
    }
    return runs;
}

const char *rle_paint(const uint32_t *runs, int64_t n, uint8_t *out, int64_t h, int64_t w)
{
    int64_t sum = 0, y = 0, x = 0;
    for (int64_t i = 0; i < n && sum <= h * w; i++) sum += runs[i];
    if (sum != h * w) return "run lengths that do not add up to the size of the image";
    for (int64_t i = 0; i < n; i++)
        for (uint32_t k = 0; k < runs[i]; k++) {
            if (i % 2) out[y * w + x] = 1;
            if (++y == h) y = 0, x++;
        }
    return NULL;
}
