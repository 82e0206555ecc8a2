/* winograd.h - 3x3 convolutions of stride 1 by Winograd's F(4x4, 3x3), a row of conv.c's table: a quarter of the multiply-adds, two to
 * three times the speed where there are channels enough, at ten times the rounding error (about 1e-6 of the result's size, rms). */
#ifndef KERNELS_WINOGRAD_H
#define KERNELS_WINOGRAD_H
#include "kernels/conv.h"

/* Takes 3x3, stride 1, 1 pixel of padding on every side, no dilation, no groups, activation linear, relu or leaky, where s->winograd
 * is set, the processor has AVX-512, reals are float, and it is a gain; see conv_make in conv.h. */
conv_make winograd_make;
/* The same without asking whether it is wanted or a gain. Its maps are float whatever `real` is. */
conv_make winograd_build;
#endif
