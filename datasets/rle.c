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

uint32_t *rle_runs(const uint8_t *mask, int64_t h, int64_t w, int64_t *n)
{
    int64_t room = 64;
    uint32_t *runs = xalloc_n((size_t)room, sizeof *runs);
    int inside = 0;
    *n = 0;
    for (int64_t x = 0; x < w; x++)
        for (int64_t y = 0; y < h; y++) {
            if ((mask[y * w + x] != 0) != inside) {
                inside = !inside;
                if (++*n == room) runs = xgrow(runs, (size_t)(room *= 2) * sizeof *runs);
                runs[*n] = 0;
            }
            runs[*n]++;
        }
    ++*n;
    return runs;
}

char *rle_text(const uint32_t *runs, int64_t n)
{
    enum { MOST = 7 };                                       /* characters of a number of 33 bits with its sign */
    char *text = xalloc((size_t)n * MOST + 1), *to = text;
    for (int64_t i = 0; i < n; i++) {
        int64_t v = (int64_t)runs[i] - (i > 2 ? (int64_t)runs[i - 2] : 0);
        for (int more = 1; more;) {
            const int c = (int)(v & 31);
            v = (v - c) / 32;                                /* rounds down, as a shift with the sign would */
            more = c & 16 ? v != -1 : v != 0;
            *to++ = (char)(48 + c + (more ? 32 : 0));
        }
    }
    *to = 0;
    return text;
}
