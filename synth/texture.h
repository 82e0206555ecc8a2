/* texture.h - noise with a spectrum that falls with the frequency: trabeculae, lung markings, bowel content, folds of skin.
 * One periodic tile a film, sampled at any scale, direction and offset; mean 0, SD 1. */
#ifndef SYNTH_TEXTURE_H
#define SYNTH_TEXTURE_H
#include <stdint.h>

enum { TEXTURE = 256 };                  /* side of the tile */
typedef struct texture { float *p; } texture;              /* (TEXTURE, TEXTURE), periodic */

/* Octaves of smoothed random numbers, each twice as fine as the last and 2^(-beta/2) times as strong, which makes the power fall as
 * 1/f^beta. */
texture texture_new(uint64_t seed, uint32_t index, double beta);
void    texture_free(texture *t);

/* Linear interpolation; x, y in tile pixels, anywhere. */
static inline float texture_at(const texture *t, float x, float y)
{
    const float fx = __builtin_floorf(x), fy = __builtin_floorf(y), u = x - fx, v = y - fy;
    const int i = (int)fx & (TEXTURE - 1), j = (int)fy & (TEXTURE - 1), i1 = (i + 1) & (TEXTURE - 1), j1 = (j + 1) & (TEXTURE - 1);
    const float a = t->p[j * TEXTURE + i], b = t->p[j * TEXTURE + i1], c = t->p[j1 * TEXTURE + i], d = t->p[j1 * TEXTURE + i1];
    return a + u * (b - a) + v * (c - a + u * (a - b - c + d));
}
#endif
