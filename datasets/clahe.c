/* clahe.c - see clahe.h. First the table of every tile, then one pass over the pixels: what depends on the column alone (which two
 * tables, in what proportion) is computed once. The trap is the mixed value that ends in one half: products and sums are rounded one by
 * one here (no fused multiply-add), or the machine would decide about the last grey value. */
#include "datasets/clahe.h"
#include "base/die.h"
#include <math.h>
#include <stdlib.h>

#pragma GCC optimize("fp-contract=off")

enum { GREYS = 256 };

/* one axis: n pixels in tiles tiles of size pixels, the last ones beyond the image */
typedef struct axis { int64_t n, tiles, size; } axis;

/* Position i on an endless reflection of 0..n-1 that does not repeat the ends: 0 1 2 1 0 1 ... */
static int64_t reflected(int64_t i, int64_t n)
{
    if (n == 1) return 0;
    i %= 2 * n - 2;
    return i < n ? i : 2 * n - 2 - i;
}

static void count_greys(const uint8_t *src, const axis *y, const axis *x, int64_t ty, int64_t tx, int64_t histogram[GREYS])
{
    const int64_t x0 = tx * x->size, x1 = x0 + x->size, within = x1 < x->n ? x1 : x->n;
    for (int v = 0; v < GREYS; v++) histogram[v] = 0;
    for (int64_t i = ty * y->size; i < (ty + 1) * y->size; i++) {
        const uint8_t *row = src + reflected(i, y->n) * x->n;
        int64_t j = x0;
        for (; j < within; j++) histogram[row[j]]++;
        for (; j < x1; j++) histogram[row[reflected(j, x->n)]]++;
    }
}

/* What exceeds the limit is dealt out: evenly, and the rest one each to bins at equal distances from 0. */
static void cut(int64_t histogram[GREYS], int64_t limit)
{
    int64_t excess = 0;
    for (int v = 0; v < GREYS; v++)
        if (histogram[v] > limit) excess += histogram[v] - limit, histogram[v] = limit;
    int64_t rest = excess % GREYS;
    for (int v = 0; v < GREYS; v++) histogram[v] += excess / GREYS;
    if (!rest) return;
    for (int64_t v = 0, step = GREYS / rest; v < GREYS && rest; v += step, rest--) histogram[v]++;
}

static void fill_table(const int64_t histogram[GREYS], float scale, uint8_t table[GREYS])
{
    int64_t sum = 0;
    for (int v = 0; v < GREYS; v++) {
        const float grey = rintf((float)(sum += histogram[v]) * scale);               /* halves to the even one */
        table[v] = (uint8_t)(grey > 255 ? 255 : grey);
    }
}

/* Between which two tile centres position i lies, as first[i] and second[i] in units of step, and how far towards the second.
 * Outside the outermost centres both are the same tile. */
typedef struct place { int64_t first, second; float towards; } place;

static place place_of(const axis *a, int64_t i, int64_t step)
{
    const float at = (float)i * (1.f / (float)a->size) - 0.5f, below = floorf(at);
    const int64_t t = (int64_t)below, last = a->tiles - 1;
    return (place){ (t < 0 ? 0 : t > last ? last : t) * step, (t + 1 > last ? last : t + 1) * step, at - below };
}

static void mix(const uint8_t *src, const axis *y, const axis *x, const uint8_t *tables, uint8_t *dst)
{
    place *column = xalloc_n((size_t)x->n, sizeof *column);
    for (int64_t j = 0; j < x->n; j++) column[j] = place_of(x, j, GREYS);
    for (int64_t i = 0; i < y->n; i++) {
        const place row = place_of(y, i, x->tiles * GREYS);
        const uint8_t *upper = tables + row.first, *lower = tables + row.second;
        const float down = row.towards, up = 1 - down;
        for (int64_t j = 0; j < x->n; j++) {
            const place c = column[j];
            const int64_t v = src[i * x->n + j], a = c.first + v, b = c.second + v;
            const float right = c.towards, left = 1 - right;
            const float grey = (upper[a] * left + upper[b] * right) * up + (lower[a] * left + lower[b] * right) * down;
            dst[i * x->n + j] = (uint8_t)lrintf(grey);
        }
    }
    free(column);
}

void clahe(const uint8_t *src, int64_t h, int64_t w, double clip, int64_t tiles_y, int64_t tiles_x, uint8_t *dst)
{
    const int even = h % tiles_y == 0 && w % tiles_x == 0;
    const axis y = { h, tiles_y, even ? h / tiles_y : h / tiles_y + 1 }, x = { w, tiles_x, even ? w / tiles_x : w / tiles_x + 1 };
    const int64_t area = y.size * x.size;
    const double limit = clip > 0 ? fmin(fmax(1, clip * (double)area / GREYS), (double)area) : (double)area;
    uint8_t *tables = xalloc_n((size_t)(tiles_y * tiles_x), GREYS);
    for (int64_t i = 0; i < tiles_y; i++)
        for (int64_t j = 0; j < tiles_x; j++) {
            int64_t histogram[GREYS];
            count_greys(src, &y, &x, i, j, histogram);
            cut(histogram, (int64_t)limit);
            fill_table(histogram, 255.f / (float)area, tables + (i * tiles_x + j) * GREYS);
        }
    mix(src, &y, &x, tables, dst);
    free(tables);
}
