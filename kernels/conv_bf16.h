/* conv_bf16.h - weight gradients of convolutions from bf16 factors, summed in float32, on CPUs that multiply bf16. In the double
 * build and on other machines every function here answers 0. */
#ifndef KERNELS_CONV_BF16_H
#define KERNELS_CONV_BF16_H
#include "kernels/conv.h"
#include "kernels/dnn_cpu.h"

typedef enum { BF16_AMX, BF16_AVX512, BF16_PATHS } bf16_path;

#if DNN_TAKES(REAL) && defined __x86_64__
/* The row of the table: CONV_WEIGHTS with s->bf16, by the path that is a gain on this CPU, if any. Scratch is counted for the threads of
 * this moment; a run with more threads uses no more than those. */
conv_make bf16_weights_make;
/* The same by one path, whether s->bf16 or not; 0 where the CPU does not have it or the shape is not taken: groups, dilation, kernels
 * beyond 7 x 7, strides beyond 2, fewer than 8 channels on a side (where a map lies in bf16, any number). */
int bf16_weights_make_by(bf16_path path, const conv_shape *s, conv_kernel *k);
#else
static inline int bf16_weights_make(const conv_shape *s, conv_pass pass, conv_kernel *k) { (void)s, (void)pass, (void)k; return 0; }
static inline int bf16_weights_make_by(bf16_path path, const conv_shape *s, conv_kernel *k) { (void)path, (void)s, (void)k; return 0; }
#endif
#endif
