/* dnn_cuda_library.h - cuDNN and cuBLASLt as they are open in this process, for kernels/dnn_cuda*.c alone: C files, because the names of the
 * libraries cannot stand beside those of the CUDA runtime, which shares some of them. */
#ifndef KERNELS_DNN_CUDA_LIBRARY_H
#define KERNELS_DNN_CUDA_LIBRARY_H
#include "kernels/dnn_cuda_api.h"

#define DNN_POINTER(result, name, arguments) result (*name) arguments;
typedef struct dnn_library {
    DNN_CUDNN_CALLS(DNN_POINTER)
    DNN_CUBLAS_CALLS(DNN_POINTER)
    cudnnHandle_t dnn;                   /* NULL: not there, */
    cublasLtHandle_t blas;
    const char *dnn_is, *blas_is;        /* "cuDNN 9.19.0", or why it is not there; what was passed over */
} dnn_library;
#undef DNN_POINTER

const dnn_library *dnn_library_open(void);       /* from any thread; opens at the first call, and warns then of what is missing */

/* Dies 4 with the place, what was being done and the library's own words unless status is 0. */
#define DNN_CHECK(l, call, ...) dnn_check((l)->cudnnGetErrorString, (l)->call, __FILE__, __LINE__, __VA_ARGS__)
#define BLAS_CHECK(l, call, ...) dnn_check((l)->cublasLtGetStatusString, (l)->call, __FILE__, __LINE__, __VA_ARGS__)
void dnn_check(const char *(*words)(int), int status, const char *file, int line, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
#endif
