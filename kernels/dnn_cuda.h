/* dnn_cuda.h - what cuDNN and cuBLASLt compute for us on a GPU, and the only door to them.
 *
 * The libraries are not linked: they are looked for when a kernel is first chosen (dnn_cuda_load.c says where) and stay open. Where one
 * is missing that is said once, and our own kernels compute. What goes to them is float32, or TF32 where that is asked for; with bf16
 * our own tiles multiply, because the legacy calls would round the results, too. */
#ifndef KERNELS_DNN_CUDA_H
#define KERNELS_DNN_CUDA_H
#include "kernels/conv.h"
#include "kernels/gemm.h"

/* Any pass that cuDNN has a fitting algorithm for; see conv_make in conv.h. */
KERNEL_C conv_make dnn_cuda_conv_make;

/* As gemm, plus bias [n] in each row (NULL: none). 1: done. scratch: dnn_cuda_gemm_work bytes in context.work */
KERNEL_C int dnn_cuda_gemm(const context *c, const gemm_shape *s, real alpha, const real *a, const real *b, const real *bias, real *y,
                           int add);
KERNEL_C size_t dnn_cuda_gemm_work(const context *c);

/* "cuDNN 9.19.0", or why it is not used; 1: cuBLASLt; from 2 on NULL. Finds them when first asked. */
KERNEL_C const char *dnn_cuda_library(int i);

/* to [columns rows] (+)= from [rows columns] */
KERNEL_C void dnn_turn(const context *c, int64_t rows, int64_t columns, const real *from, real *to, int add);
#endif
