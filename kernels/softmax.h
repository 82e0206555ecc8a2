/* softmax.h - softmax over the channels of each pixel. A tile of TILE pixels is transposed to [channels][TILE], so that the vector
 * direction is the pixels: class counts are small, maps are large. The losses share the tile. */
#ifndef KERNELS_SOFTMAX_H
#define KERNELS_SOFTMAX_H
#include "kernels/kernel.h"

enum { SOFTMAX_MAX = 256 };              /* channels: a label map's byte can name no more classes */

KERNEL(softmax_forward, int64_t pixels, int64_t channels, const elem *x, int64_t xs, elem *y, int64_t ys);
/* gx = y * (gy - sum over channels of gy * y) */
KERNEL(softmax_backward, int64_t pixels, int64_t channels, const elem *y, int64_t ys, const elem *gy, int64_t gys, elem *gx, int64_t gxs, int add);
#endif
