/* gemm.h - the matrix product. Row-major; a matrix is a pointer and the elements from one row to the next.
 *
 * On a CPU float goes through oneDNN, double through a blocked loop; on a GPU cuBLASLt or our own tiles compute. The same bits every run;
 * float with the same number of threads. */
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
/* c = a b, and bias [n] added to every row where it is not NULL */
KERNEL(gemm_bias, const gemm_shape *s, const real *a, const real *b, const real *bias, real *y);
/* Both want scratch, this many bytes for this shape on this device. */
KERNEL(gemm_work, const gemm_shape *s, size_t *bytes);
#endif
