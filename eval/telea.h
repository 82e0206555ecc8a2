/* telea.h - holes of a picture filled from their border inwards (A. Telea, An image inpainting technique based on the fast marching method,
 * J Graphics Tools 9:23, 2004): the classical way, which knows nothing of what films show. */
#ifndef EVAL_TELEA_H
#define EVAL_TELEA_H
#include <stdint.h>

/* a (h, w): greys; mask (h, w): 1 where they are to be made. A pixel follows from those within `radius` (>= 1) pixels of it that are known by
 * then. What is not in the mask stays as it is, and of a mask without a pixel beside it everything does. A linear picture is
 * continued exactly but for rounding. Takes a time that grows with the pixels of the mask times the square of the radius. */
void telea(float *a, int64_t h, int64_t w, const uint8_t *mask, int radius);
#endif
