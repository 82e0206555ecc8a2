/* distance.h - exact Euclidean distances between two sets of pixels.
 *
 * The distance transform of Felzenszwalb and Huttenlocher (2012; the same as Meijster 2000): columns first, then in every row the
 * lower envelope of one parabola a column. Linear in the area, exact for any spacing. Only the rows that are asked about are done. */
#ifndef EVAL_DISTANCE_H
#define EVAL_DISTANCE_H
#include <stdint.h>

/* out[i] = the distance from pixel query[i] to the nearest of seed[0..seeds), in the unit of the spacing (sx, sy: size of a pixel in x
 * and y, > 0). Pixels are y * w + x in a window of h x w; query ascends, seeds >= 1. */
void distance_to(int64_t h, int64_t w, double sx, double sy, const int64_t *seed, int64_t seeds,
                 const int64_t *query, int64_t queries, double *out);
#endif
