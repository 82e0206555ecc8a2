/* distance.c - see distance.h. With equal spacing all sums are of integers and nothing rounds before the last square root. */
#include "eval/distance.h"
#include "base/die.h"
#include <assert.h>
#include <math.h>
#include <stdlib.h>

/* rows[y * w + x] = rows from pixel (x, y) to the nearest seed of its column; `none` or more where the column has none. */
static int32_t *column_distances(int64_t h, int64_t w, int32_t none, const int64_t *seed, int64_t seeds)
{
    int32_t *rows = malloc((size_t)(h * w) * sizeof *rows);
    if (!rows) die_machine("got no memory for a distance map of %lld x %lld", (long long)h, (long long)w);
    for (int64_t i = 0; i < h * w; i++) rows[i] = none;
    for (int64_t i = 0; i < seeds; i++) rows[seed[i]] = 0;
    for (int64_t y = 1; y < h; y++)
        for (int64_t x = 0; x < w; x++) {
            int32_t above = rows[(y - 1) * w + x] + 1;
            if (rows[y * w + x] > above) rows[y * w + x] = above;
        }
    for (int64_t y = h - 2; y >= 0; y--)
        for (int64_t x = 0; x < w; x++) {
            int32_t below = rows[(y + 1) * w + x] + 1;
            if (rows[y * w + x] > below) rows[y * w + x] = below;
        }
    return rows;
}

/* Parabola k has its vertex at column[k], height[k] = its value at column 0, and is lowest from column from[k] to from[k+1]. */
typedef struct { int64_t *column; double *height, *from; } envelope;

/* The lower envelope of the parabolas (sy rows[c])^2 + sx^2 (x - c)^2 of the n columns c that hold a seed. Returns how many remain. */
static int64_t envelope_of(envelope e, const int32_t *rows, const int64_t *columns, int64_t n, double sx, double sy)
{
    int64_t k = 0;
    for (int64_t i = 0; i < n; i++) {
        double c = (double)columns[i], g = sy * rows[columns[i]], height = g * g + sx * sx * c * c, cross = -INFINITY;
        for (; k > 0; k--) {
            cross = (height - e.height[k - 1]) / (2 * sx * sx * (c - (double)e.column[k - 1]));
            if (cross > e.from[k - 1]) break;
        }
        e.column[k] = columns[i], e.height[k] = height, e.from[k] = k ? cross : -INFINITY;
        k++;
    }
    return k;
}

void distance_to(int64_t h, int64_t w, double sx, double sy, const int64_t *seed, int64_t seeds,
                 const int64_t *query, int64_t queries, double *out)
{
    assert(seeds >= 1 && h < INT32_MAX / 2);
    int32_t none = (int32_t)h, *rows = column_distances(h, w, none, seed, seeds);
    int64_t *columns = xalloc_n((size_t)w, sizeof *columns), n = 0;
    for (int64_t x = 0; x < w; x++) if (rows[x] < none) columns[n++] = x;      /* a column with a seed has one for every row */
    envelope e = { xalloc_n((size_t)n, sizeof *e.column), xalloc_n((size_t)n, sizeof *e.height), xalloc_n((size_t)n, sizeof *e.from) };
    int64_t row = -1, k = 0, count = 0;
    for (int64_t i = 0; i < queries; i++) {
        int64_t y = query[i] / w, x = query[i] % w;
        if (y != row) row = y, k = 0, count = envelope_of(e, rows + y * w, columns, n, sx, sy);
        while (k + 1 < count && e.from[k + 1] < (double)x) k++;
        double dx = sx * (double)(x - e.column[k]), dy = sy * rows[y * w + e.column[k]];
        out[i] = sqrt(dx * dx + dy * dy);
    }
    free(rows), free(columns), free(e.column), free(e.height), free(e.from);
}
