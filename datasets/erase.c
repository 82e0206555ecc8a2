/* erase.c - see erase.h. */
#include "datasets/erase.h"
#include "base/die.h"
#include "base/rng.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- filling ------------------------------------------------------------------------------------------------------------------------- */

/* Sums over everything above and left, (h + 1, w + 1): of the greys outside the mask, and how many they are. */
typedef struct sums { int64_t h, w; double *grey; int64_t *n; } sums;

static sums sums_of(const float *a, int64_t h, int64_t w, const uint8_t *mask)
{
    const int64_t line = w + 1;
    sums s = { h, w, xalloc_n((size_t)((h + 1) * line), sizeof *s.grey), xalloc_n((size_t)((h + 1) * line), sizeof *s.n) };
    for (int64_t y = 0; y < h; y++) {
        double grey = 0;
        int64_t n = 0;
        for (int64_t x = 0; x < w; x++) {
            if (!mask[y * w + x]) grey += (double)a[y * w + x], n++;
            s.grey[(y + 1) * line + x + 1] = s.grey[y * line + x + 1] + grey, s.n[(y + 1) * line + x + 1] = s.n[y * line + x + 1] + n;
        }
    }
    return s;
}

static float mean_round(const sums *s, int64_t y, int64_t x)
{
    const int64_t line = s->w + 1, longest = s->h > s->w ? s->h : s->w;
    double grey = 0, n = 0, weight = 1;
    for (int64_t r = 4; r < 2 * longest + 8; r *= 2, weight /= 16) {
        const int64_t y0 = y < r ? 0 : y - r, x0 = x < r ? 0 : x - r, y1 = y + r < s->h ? y + r + 1 : s->h, x1 = x + r < s->w ? x + r + 1 : s->w;
        const int64_t a = y0 * line + x0, b = y0 * line + x1, c = y1 * line + x0, d = y1 * line + x1;
        grey += weight * (s->grey[d] - s->grey[b] - s->grey[c] + s->grey[a]);
        n += weight * (double)(s->n[d] - s->n[b] - s->n[c] + s->n[a]);
    }
    return (float)(grey / n);
}

void erase_fill(float *a, int64_t h, int64_t w, const uint8_t *mask)
{
    sums s = sums_of(a, h, w, mask);
    if (s.n[(h + 1) * (w + 1) - 1] > 0) {
#pragma omp parallel for schedule(static)
        for (int64_t y = 0; y < h; y++)
            for (int64_t x = 0; x < w; x++) if (mask[y * w + x]) a[y * w + x] = mean_round(&s, y, x);
    }
    free(s.grey), free(s.n);
}

/* ---- strokes ------------------------------------------------------------------------------------------------------------------------- */

/* Pixels within `half` of the line from (x, y) of that length and direction */
static void stroke(uint8_t *mask, int64_t h, int64_t w, double x, double y, double angle, double length, double half)
{
    const double dx = cos(angle), dy = sin(angle);
    for (int64_t j = 0; j < h; j++)
        for (int64_t i = 0; i < w; i++) {
            const double u = (double)i - x, v = (double)j - y, t = fmin(fmax(u * dx + v * dy, 0), length);
            if (hypot(u - t * dx, v - t * dy) <= half) mask[j * w + i] = 1;
        }
}

void erase_strokes(uint64_t seed, uint32_t step, uint32_t sample, int64_t h, int64_t w, uint8_t *mask)
{
    const double side = (double)(h < w ? h : w);
    const rng4 of = rng_draw(seed, RNG_ERASE, step, sample, 0);
    const int n = 1 + (int)rng_below(of.v[0], 6);
    const double angle[2] = { rng_range(of.v[1], 0, 2 * M_PI), rng_range(of.v[2], 0, 2 * M_PI) };
    memset(mask, 0, (size_t)(h * w));
    for (int k = 0; k < n; k++) {
        const rng4 r = rng_draw(seed, RNG_ERASE, step, sample, (uint64_t)(1 + 2 * k)),
                   q = rng_draw(seed, RNG_ERASE, step, sample, (uint64_t)(2 + 2 * k));
        stroke(mask, h, w, rng_range(r.v[0], 0, (double)w), rng_range(r.v[1], 0, (double)h), angle[r.v[2] & 1] + rng_range(r.v[3], -0.2, 0.2),
               side * rng_range(q.v[0], 0.1, 0.4), side * rng_range(q.v[1], 0.005, 0.025));
    }
}
