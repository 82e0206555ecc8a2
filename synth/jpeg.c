/* jpeg.c - what a lossy file leaves of a film: the rounding of cosine coefficients, without the file. Source: ITU-T T.81 (1992), annexes A
 * and K; the scaling of its table by quality is the one that the Independent JPEG Group made common. */
#include "synth/looks.h"
#include "base/die.h"
#include <math.h>
#include <stdlib.h>

enum { SIDE = 8, CELLS = SIDE * SIDE };

static const int luminance[CELLS] = { 16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14,
    17, 22, 29, 51, 87, 80, 62,
    18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103,
        99 };

/* out = a b, each 8 x 8 */
static void product(const float *a, const float *b, float *out)
{
    for (int i = 0; i < SIDE; i++) {
        float sum[SIDE] = { 0 };
        for (int k = 0; k < SIDE; k++) for (int j = 0; j < SIDE; j++) sum[j] += a[i * SIDE + k] * b[k * SIDE + j];
        for (int j = 0; j < SIDE; j++) out[i * SIDE + j] = sum[j];
    }
}

void look_jpeg(float *grey, int64_t h, int64_t w, int quality)
{
    const int scale = quality < 50 ? 5000 / quality : 200 - 2 * quality;
    float basis[CELLS], back[CELLS], step[CELLS], block[CELLS], t[CELLS];
    for (int u = 0; u < SIDE; u++)
        for (int x = 0; x < SIDE; x++) {
            basis[u * SIDE + x] = (float)(sqrt(u ? 0.25 : 0.125) * cos((2 * x + 1) * u * M_PI / 16)),
                back[x * SIDE + u] = basis[u * SIDE + x];
            step[u * SIDE + x] = (float)fmax(1, (luminance[u * SIDE + x] * scale + 50) / 100);
        }
    for (int64_t y = 0; y + SIDE <= h; y += SIDE)
        for (int64_t x = 0; x + SIDE <= w; x += SIDE) {
            for (int i = 0; i < CELLS; i++) block[i] = 255 * grey[(y + i / SIDE) * w + x + i % SIDE] - 128;
            product(basis, block, t), product(t, back, block);
            for (int i = 0; i < CELLS; i++) block[i] = step[i] * rintf(block[i] / step[i]);
            product(back, block, t), product(t, basis, block);
            for (int i = 0; i < CELLS; i++) {
                const float v = (block[i] + 128) / 255;
                grey[(y + i / SIDE) * w + x + i % SIDE] = v < 0 ? 0 : v > 1 ? 1 : v;
            }
        }
}
