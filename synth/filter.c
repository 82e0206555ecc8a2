/* filter.c - separable smoothing and resampling; see filter.h. Down the columns all pixels of a row go together, so both directions are
 * vector loops. */
#include "synth/filter.h"
#include "base/die.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 64 };                      /* taps on one side */

static int64_t held(int64_t i, int64_t n) { return i < 0 ? 0 : i >= n ? n - 1 : i; }

static int taps(double sd, float k[MOST + 1])
{
    int r = (int)ceil(3 * sd);
    double sum = 0;
    r = r > MOST ? MOST : r;
    for (int i = -r; i <= r; i++) sum += exp(-0.5 * i * i / (sd * sd));
    for (int i = 0; i <= r; i++) k[i] = (float)(exp(-0.5 * i * i / (sd * sd)) / sum);
    return r;
}

static void along_rows(float *a, int64_t h, int64_t w, double sd)
{
    float k[MOST + 1], *wide = xalloc_n((size_t)(w + 2 * MOST), sizeof *wide);
    const int r = taps(sd, k);
    for (int64_t y = 0; y < h; y++) {
        float *row = a + y * w, *mid = wide + MOST;
        memcpy(mid, row, (size_t)w * sizeof *row);
        for (int i = 1; i <= r; i++) mid[-i] = row[0], mid[w - 1 + i] = row[w - 1];
        for (int64_t x = 0; x < w; x++) row[x] = k[0] * mid[x];
        for (int i = 1; i <= r; i++) for (int64_t x = 0; x < w; x++) row[x] += k[i] * (mid[x - i] + mid[x + i]);
    }
    free(wide);
}

static void along_columns(float *a, int64_t h, int64_t w, double sd)
{
    float k[MOST + 1];
    const int r = taps(sd, k), ring = r + 1;
    float *kept = xalloc_n((size_t)(ring * w), sizeof *kept), *sum = xalloc_n((size_t)w, sizeof *sum);    /* the rows above as they were */
    for (int64_t y = 0; y < h; y++) {
        memcpy(kept + y % ring * w, a + y * w, (size_t)w * sizeof *a);
        for (int64_t x = 0; x < w; x++) sum[x] = k[0] * a[y * w + x];
        for (int i = 1; i <= r; i++) {
            const float *up = kept + held(y - i, h) % ring * w, *down = a + held(y + i, h) * w;
            for (int64_t x = 0; x < w; x++) sum[x] += k[i] * (up[x] + down[x]);
        }
        memcpy(a + y * w, sum, (size_t)w * sizeof *a);
    }
    free(kept), free(sum);
}

void filter_gauss(float *a, int64_t h, int64_t w, double sx, double sy)
{
    if (sx > 0.05) along_rows(a, h, w, sx);
    if (sy > 0.05) along_columns(a, h, w, sy);
}

void filter_shrink(const float *a, int64_t h, int64_t w, int side, float *out)
{
    const int64_t H = (h + side - 1) / side, W = (w + side - 1) / side;
    memset(out, 0, (size_t)(H * W) * sizeof *out);
    for (int64_t y = 0; y < H * side; y++) {
        const float *row = a + held(y, h) * w;
        float *to = out + y / side * W;
        for (int64_t X = 0; X < w / side; X++) {
            float sum = 0;
            for (int k = 0; k < side; k++) sum += row[X * side + k];
            to[X] += sum;
        }
        for (int64_t x = w / side * side; x < W * side; x++) to[x / side] += row[held(x, w)];
    }
    for (int64_t i = 0; i < H * W; i++) out[i] /= (float)(side * side);
}

void filter_grow(const float *small, int64_t h, int64_t w, int side, float *out)
{
    const int64_t H = (h + side - 1) / side, W = (w + side - 1) / side;
    float *row = xalloc_n((size_t)W, sizeof *row);
    for (int64_t y = 0; y < h; y++) {
        const double v = ((double)y + 0.5) / side - 0.5, fv = floor(v);
        const float *a = small + held((int64_t)fv, H) * W, *b = small + held((int64_t)fv + 1, H) * W, t = (float)(v - fv);
        for (int64_t x = 0; x < W; x++) row[x] = a[x] + t * (b[x] - a[x]);
        for (int64_t X = -1; X < W; X++) {                     /* between the centres of squares X and X + 1 */
            const float left = row[held(X, W)], step = (row[held(X + 1, W)] - left) / (float)side;
            const int64_t from = X * side + side / 2, to = from + side;
            for (int64_t x = from < 0 ? 0 : from; x < to && x < w; x++)
                out[y * w + x] = left + step * ((float)(x - from) + (side % 2 ? 0 : 0.5f));
        }
    }
    free(row);
}

void filter_wide(const float *a, int64_t h, int64_t w, double sd, float *out)
{
    int side = 2;
    while (side < 32 && side * 12 < sd) side *= 2;
    const int64_t H = (h + side - 1) / side, W = (w + side - 1) / side;
    float *small = xalloc_n((size_t)(H * W), sizeof *small);
    filter_shrink(a, h, w, side, small);
    filter_gauss(small, H, W, sd / side, sd / side);
    filter_grow(small, h, w, side, out);
    free(small);
}
