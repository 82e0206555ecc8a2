/* distance.c - exact Euclidean distance transform in linear time. See geometry.h.
 *
 * Squared distances along columns first, then along rows as the lower envelope of parabolas (Felzenszwalb and Huttenlocher 2012,
 * Theory of Computing 8:415). The trap is infinity minus infinity in the intersection: columns without a pixel are left out. */
#include "geometry/geometry.h"
#include <math.h>
#include <stdlib.h>

/* f (n) squared distances at positions i * step -> their lower envelope in out. v (n) indices, z (n + 1) borders: scratch. */
static void envelope(const double *f, int64_t n, double step, double *out, int64_t *v, double *z)
{
    int64_t k = -1;
    for (int64_t q = 0; q < n; q++) {
        if (isinf(f[q])) continue;
        double x = (double)q * step, s = -INFINITY;
        for (; k >= 0; k--) {
            double p = (double)v[k] * step;
            s = ((f[q] + x * x) - (f[v[k]] + p * p)) / (2 * (x - p));
            if (s > z[k]) break;
        }
        if (k < 0) s = -INFINITY;
        v[++k] = q, z[k] = s, z[k + 1] = INFINITY;
    }
    if (k < 0) {
        for (int64_t q = 0; q < n; q++) out[q] = INFINITY;
        return;
    }
    for (int64_t q = 0, j = 0; q < n; q++) {
        double x = (double)q * step;
        while (z[j + 1] < x) j++;
        double d = x - (double)v[j] * step;
        out[q] = d * d + f[v[j]];
    }
}

int geo_distance(const uint8_t *mask, int64_t h, int64_t w, double sx, double sy, double *out)
{
    if (!mask || !out || h < 1 || w < 1 || !(sx > 0) || !(sy > 0)) return GEO_BAD;
    int64_t longest = h > w ? h : w, *v = malloc((size_t)longest * sizeof *v);
    double *f = malloc((size_t)longest * sizeof *f), *g = malloc((size_t)longest * sizeof *g),
        *z = malloc((size_t)(longest + 1) * sizeof *z);
    int status = v && f && g && z ? GEO_OK : GEO_MEMORY;
    for (int64_t x = 0; x < w && !status; x++) {
        for (int64_t y = 0; y < h; y++) f[y] = mask[y * w + x] ? 0 : INFINITY;
        envelope(f, h, sy, g, v, z);
        for (int64_t y = 0; y < h; y++) out[y * w + x] = g[y];
    }
    for (int64_t y = 0; y < h && !status; y++) {
        envelope(out + y * w, w, sx, g, v, z);
        for (int64_t x = 0; x < w; x++) out[y * w + x] = sqrt(g[x]);
    }
    free(v), free(f), free(g), free(z);
    return status;
}
