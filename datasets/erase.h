/* erase.h - parts of a picture taken out: what stands there instead, and strokes at random, by which a network learns to fill such holes.
 * Training and inpainting erase in the same way, so that a network meets what it has learned from. */
#ifndef DATASETS_ERASE_H
#define DATASETS_ERASE_H
#include <stdint.h>

/* a (h, w): where mask (h, w) is not 0 the greys become a mean of those outside it, squares of 4, 8, 16, ... pixels round the place each counting
 * a sixteenth of the one before for every pixel, so that near ones decide where there are any. Nothing changes where the mask is everything. */
void erase_fill(float *a, int64_t h, int64_t w, const uint8_t *mask);

/* Strokes of the size of screws and rods, straight with round ends, into mask (h, w), 0 elsewhere: 1 to 6 of them, one or two directions, each
 * a tenth to two fifths of the shorter side long and 1 to 5 % of it wide. A pure function of (seed, step, sample). */
void erase_strokes(uint64_t seed, uint32_t step, uint32_t sample, int64_t h, int64_t w, uint8_t *mask);
#endif
