/* clahe.h - contrast-limited adaptive histogram equalisation of 8-bit images, by the rule (and to the grey value) of OpenCV's CLAHE.
 *
 * Every tile of the image gets the table that would equalise its histogram, cut at a limit so that noise is not blown up with the rest;
 * a pixel mixes the tables of the four nearest tile centres, so that no border between tiles shows.
 * The trap is the size that the tiles do not divide: the image is then extended by reflection (its edge row not repeated), and an axis
 * that they do divide is extended too, by a whole pixel per tile. */
#ifndef DATASETS_CLAHE_H
#define DATASETS_CLAHE_H
#include <stdint.h>

/* src, dst (h, w) grey, dst may be src; h, w, tiles_y, tiles_x >= 1, in any proportion. clip: how many times the mean of a tile's histogram
 * a bin may hold (at least one pixel); 0: no limit. An image of one grey stays one of one grey, but not of the same.
 * K. Zuiderveld, Contrast limited adaptive histogram equalization, Graphics Gems IV, 1994. One thread: loader workers call it. */
void clahe(const uint8_t *src, int64_t h, int64_t w, double clip, int64_t tiles_y, int64_t tiles_x, uint8_t *dst);
#endif
