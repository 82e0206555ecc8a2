/* texture.c - a periodic tile of 1/f noise; see texture.h. */
#include "synth/texture.h"
#include "base/die.h"
#include "base/rng.h"
#include "synth/picture.h"
#include <math.h>
#include <stdlib.h>

/* Adds gain times a grid of cells^2 random numbers, smoothly interpolated. */
static void octave(float *p, const float *grid, int cells, float gain)
{
    const int step = TEXTURE / cells;
    float weight[TEXTURE];
    for (int k = 0; k < step; k++) {
        const float u = ((float)k + 0.5f) / (float)step;
        weight[k] = step == 1 ? 0 : u * u * (3 - 2 * u);
    }
    for (int y = 0; y < TEXTURE; y++) {
        const float *a = grid + y / step * cells, *b = grid + (y / step + 1) % cells * cells, v = weight[y % step];
        for (int c = 0; c < cells; c++) {
            const int next = (c + 1) % cells;
            const float left = a[c] + v * (b[c] - a[c]), right = a[next] + v * (b[next] - a[next]);
            for (int k = 0; k < step; k++) p[y * TEXTURE + c * step + k] += gain * (left + weight[k] * (right - left));
        }
    }
}

texture texture_new(uint64_t seed, uint32_t index, double beta)
{
    enum { FIRST = 4, N = TEXTURE * TEXTURE };
    texture t = { xalloc_n(N, sizeof *t.p) };
    float *grid = xalloc_n(N, sizeof *grid);
    double sum = 0, square = 0, gain = 1;
    for (int cells = FIRST; cells <= TEXTURE; cells *= 2, gain *= pow(2, -0.5 * beta)) {
        draws d = draws_begin(seed, index, STAGE_TEXTURE);
        d.k = (uint64_t)cells << 20;
        for (int i = 0; i < cells * cells; i++) grid[i] = (float)draws_range(&d, -1, 1);
        octave(t.p, grid, cells, (float)gain);
    }
    for (int i = 0; i < N; i++) sum += t.p[i], square += (double)t.p[i] * t.p[i];
    const double mean = sum / N, sd = sqrt(square / N - mean * mean);
    for (int i = 0; i < N; i++) t.p[i] = (float)((t.p[i] - mean) / sd);
    free(grid);
    return t;
}

void texture_free(texture *t)
{
    free(t->p);
    t->p = NULL;
}
