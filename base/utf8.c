/* utf8.c - see utf8.h. The width table is the coarse one: whole blocks, as terminals treat them. */
#include "base/utf8.h"
#include "base/die.h"
#include <string.h>

static const struct { uint32_t first, last; int width; } blocks[] = {
    { 0x0300, 0x036F, 0 }, { 0x200B, 0x200F, 0 }, { 0x20D0, 0x20FF, 0 }, { 0xFE00, 0xFE0F, 0 },
    { 0x1100, 0x115F, 2 }, { 0x2E80, 0x303E, 2 }, { 0x3041, 0xA4CF, 2 }, { 0xAC00, 0xD7A3, 2 }, { 0xF900, 0xFAFF, 2 },
    { 0xFE30, 0xFE6F, 2 }, { 0xFF00, 0xFF60, 2 }, { 0xFFE0, 0xFFE6, 2 }, { 0x1F300, 0x1FAFF, 2 }, { 0x20000, 0x3FFFD, 2 },
};

/* Bytes of the character at s, its code in *code; 0 where the bytes are not UTF-8 (overlong, surrogate, cut off). */
static int decode(const unsigned char *s, uint32_t *code)
{
    static const uint32_t least[5] = { 0, 0, 0x80, 0x800, 0x10000 };
    int n = s[0] < 0x80 ? 1 : s[0] < 0xC0 ? 0 : s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : s[0] < 0xF8 ? 4 : 0;
    uint32_t c = n == 1 ? s[0] : s[0] & (0xFFu >> (n + 1));
    for (int i = 1; i < n; i++) {
        if ((s[i] & 0xC0) != 0x80) return 0;
        c = c << 6 | (s[i] & 0x3Fu);
    }
    *code = c;
    return n && c >= least[n] && c <= 0x10FFFF && (c < 0xD800 || c > 0xDFFF) ? n : 0;
}

char *utf8_clean(const char *s)
{
    char *out = xalloc_n(strlen(s) + 1, 3), *to = out;             /* one byte becomes at most the three of U+FFFD */
    while (*s) {
        uint32_t c = 0;
        int n = decode((const unsigned char *)s, &c), control = c < 0x20 || (c >= 0x7F && c < 0xA0);
        if (n && !control) memcpy(to, s, (size_t)n), to += n;
        else memcpy(to, "\xEF\xBF\xBD", 3), to += 3;
        s += n ? n : 1;
    }
    return out;
}

int utf8_width(const char *s)
{
    int width = 0;
    for (uint32_t c = 0; *s;) {
        int n = decode((const unsigned char *)s, &c), w = 1;
        for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) if (c >= blocks[i].first && c <= blocks[i].last) w = blocks[i].width;
        width += w, s += n ? n : 1;
    }
    return width;
}
