/* gemm.h - the matrix product. Row-major; a matrix is a pointer and the elements from one row to the next.
 *
 * float goes through oneDNN, double through a blocked loop. The same bits every run; float with the same number of threads. */
#ifndef KERNELS_GEMM_H
#define KERNELS_GEMM_H
#include "kernels/kernel.h"

typedef struct gemm_shape {
    int64_t m, n, k;
    int ta, tb;                          /* a lies k x m rather than m x k; b lies n x k rather than k x n */
    int64_t lda, ldb, ldc;
} gemm_shape;

/* c [m n] = alpha a b, or c + alpha a b with add */
KERNEL(gemm, const gemm_shape *s, real alpha, const real *a, const real *b, real *y, int add);
#endif
