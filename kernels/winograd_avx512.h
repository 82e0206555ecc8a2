/* winograd_avx512.h - the pieces of a Winograd convolution: tiles into the transformed domain and out of it, and the products there.
 *
 * F(4x4, 3x3): a tile of 4x4 outputs comes from a patch of 6x6 inputs by 36 products instead of 144 (points 0, +-1, +-2, infinity;
 * Lavin and Gray, "Fast algorithms for convolutional neural networks", 2015). A patch becomes 36 numbers per channel, one in each of
 * 36 planes; each plane is then a matrix product of its own. Layouts, of floats, with P the distance between planes:
 *   inputs    V [36][depth / 16][tiles][16]       gradients Y [36][channels / 32][tiles][32]
 *   filters   U [36][depth][32]                   products  M [36][tiles][32]         filter gradients D [36][16][32]
 * Rows are padded with zeros to 16 channels here and nowhere else; of 32 the upper half is neither written nor read where no channel is
 * in it (`half` of the products). All pieces want V, Y, U, M, D 64-byte aligned and a processor
 * with AVX-512 F, whatever level the program was compiled for. Maps are float, by pixel stride in floats; sizes in numbers. */
#ifndef KERNELS_WINOGRAD_AVX512_H
#define KERNELS_WINOGRAD_AVX512_H
#include "kernels/activation.h"
#include <immintrin.h>

#define AVX512 __attribute__((target("avx512f")))              /* compiled for it at every level; called where the processor has it */
#define INLINE static inline __attribute__((always_inline)) AVX512
#define PRAGMA(x) _Pragma(#x)
#define UNROLL(n) PRAGMA(GCC unroll n)

typedef __m512 vec;                      /* compilers add, subtract and multiply them with + - * */

enum { WINO_PLANES = 36, WINO_LANES = 16, WINO_WIDTH = 32, WINO_UNIT = WINO_PLANES * WINO_LANES * WINO_WIDTH };

/* n maps of h x w pixels, each cut into down x across tiles of 4x4 */
typedef struct tiling { int64_t n, h, w, down, across, tiles; } tiling;

/* What is done to an output before it is stored. stream: past the cache; wants 64-byte aligned pixels, channels % 16 == 0, no add. */
typedef struct wino_finish { const float *bias; activation act; float slope; int add, stream; } wino_finish;

/* The patch of one tile of x, c channels: rows v of the tile in each plane, `block` floats from one block of 16 channels to the next */
void wino_input(const tiling *g, const float *x, int64_t xs, int64_t c, int64_t tile, float *v, size_t plane, size_t block);
/* The same of the 4x4 gradients of one tile: blocks of 32 channels */
void wino_gradient(const tiling *g, const float *gy, int64_t ys, int64_t k, int64_t tile, float *y, size_t plane, size_t block);
/* Channels first .. first + 31 (those below k) of the outputs of one tile, from its row in each plane of M. act: linear, relu, leaky */
void wino_output(const tiling *g, const float *m, size_t plane, int64_t tile, int64_t first, int64_t k, const wino_finish *f, float *y,
                 int64_t ys);
/* Rows from .. to - 1 (multiples of 16) of the filters w [3 3 c k] of 32 outputs from `first` on. turned: of the convolution that
 * computes the gradient of x from that of y: depth k, outputs c, taps turned by 180 degrees */
void wino_filter(const float *w, int64_t c, int64_t k, int turned, int64_t from, int64_t to, int64_t first, float *u, size_t plane);
/* gw [3 3 c k] (+)= the sum of `parts` units D, `stride` floats apart and added in order, for channels c0 .. c0 + 15, k0 .. k0 + 31 */
void wino_filter_gradient(const float *d, size_t stride, int64_t parts, float *gw, int64_t c, int64_t k, int64_t c0, int64_t k0, int add);

/* M [rows][32] (+)= A B, B [16 blocks][32]: block b of 16 columns of A is [rows][16] at a + b * stride */
void wino_multiply(int64_t rows, int64_t blocks, const float *a, size_t stride, const float *b, float *m, int add, int half);
/* D [16][32] (+)= transpose(A) B, A [tiles][16], B [tiles][32] */
void wino_multiply_transposed(int64_t tiles, const float *a, const float *b, float *d, int add, int half);

void wino_fence(void);                   /* after streamed stores, by the thread that made them, before others read */
#endif
