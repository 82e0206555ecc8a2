/* dnn_cpu.h - what oneDNN computes for us, and the only door to it: float32 on the CPU. In the double build every function here
 * answers 0, the caller's own loops serve, and neither dnn_cpu.c nor the library is needed. */
#ifndef KERNELS_DNN_CPU_H
#define KERNELS_DNN_CPU_H
#include "kernels/conv.h"
#include "kernels/gemm.h"

#define DNN_TAKES_float 1
#define DNN_TAKES_double 0
#define DNN_TAKES_(type) DNN_TAKES_##type
#define DNN_TAKES(type) DNN_TAKES_(type)

#if DNN_TAKES(REAL)
int dnn_multiplies_bf16(void);            /* 1: this processor does, so that maps in bf16 are a gain */
/* Takes any pass for which oneDNN has a compiled kernel (never its reference loops); see conv_make in conv.h. Primitives are built
 * here, once, for the number of threads of this moment; their scratch is counted in k->work. */
conv_make dnn_conv_make;
/* 1: done. oneDNN takes packing buffers of its own for it, some megabytes. */
int dnn_gemm(const gemm_shape *s, real alpha, const real *a, const real *b, real *y, int add);
#else
static inline int dnn_multiplies_bf16(void) { return 0; }
static inline int dnn_conv_make(const conv_shape *s, conv_pass pass, conv_kernel *k) { (void)s, (void)pass, (void)k; return 0; }
static inline int dnn_gemm(const gemm_shape *s, real alpha, const real *a, const real *b, real *y, int add)
{
    (void)s, (void)alpha, (void)a, (void)b, (void)y, (void)add;
    return 0;
}
#endif
#endif
