/* dnn_cuda_api.h - what is called of cuDNN and cuBLASLt, in their own names: so the plugin is built where their headers are not, and finds
 * the libraries when it runs. The functions are a list, from which come the table of pointers (struct dnn_api), the names that are
 * looked up, and what tests/fake_cudnn.cc defines; tests/tools/cudnn_api.c repeats the list and the values under the real headers, where a
 * difference does not compile (part of `make cuda` where those headers stand).
 * The trap: the legacy calls and these values are the same in cuDNN 8 and 9; what is older is refused by its version. */
#ifndef KERNELS_DNN_CUDA_API_H
#define KERNELS_DNN_CUDA_API_H
#include <stddef.h>
#include <stdint.h>

enum { DNN_MOST_ALGORITHMS = 16 };

struct CUstream_st;

/* V(name, value) */
#define DNN_VALUES(V) \
    V(CUDNN_STATUS_SUCCESS, 0) V(CUDNN_DATA_FLOAT, 0) V(CUDNN_TENSOR_NHWC, 1) V(CUDNN_CROSS_CORRELATION, 1) V(CUDNN_DETERMINISTIC, 1) \
    V(CUDNN_DEFAULT_MATH, 0) V(CUDNN_TENSOR_OP_MATH_ALLOW_CONVERSION, 2) V(CUDNN_FMA_MATH, 3) V(CUDNN_NOT_PROPAGATE_NAN, 0) \
    V(CUDNN_ACTIVATION_RELU, 1) \
    V(CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM, 0) V(CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM, 1) \
    V(CUDNN_CONVOLUTION_FWD_ALGO_GEMM, 2) V(CUDNN_CONVOLUTION_FWD_ALGO_DIRECT, 3) V(CUDNN_CONVOLUTION_FWD_ALGO_FFT, 4) \
    V(CUDNN_CONVOLUTION_FWD_ALGO_FFT_TILING, 5) V(CUDNN_CONVOLUTION_FWD_ALGO_WINOGRAD, 6) \
    V(CUDNN_CONVOLUTION_FWD_ALGO_WINOGRAD_NONFUSED, 7) \
    V(CUDNN_CONVOLUTION_BWD_DATA_ALGO_0, 0) V(CUDNN_CONVOLUTION_BWD_DATA_ALGO_1, 1) \
    V(CUDNN_CONVOLUTION_BWD_DATA_ALGO_FFT, 2) V(CUDNN_CONVOLUTION_BWD_DATA_ALGO_FFT_TILING, 3) \
    V(CUDNN_CONVOLUTION_BWD_DATA_ALGO_WINOGRAD, 4) V(CUDNN_CONVOLUTION_BWD_DATA_ALGO_WINOGRAD_NONFUSED, 5) \
    V(CUDNN_CONVOLUTION_BWD_FILTER_ALGO_0, 0) V(CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1, 1) V(CUDNN_CONVOLUTION_BWD_FILTER_ALGO_3, 3) \
    V(CUDNN_CONVOLUTION_BWD_FILTER_ALGO_FFT, 2) V(CUDNN_CONVOLUTION_BWD_FILTER_ALGO_FFT_TILING, 6) \
    V(CUDNN_CONVOLUTION_BWD_FILTER_ALGO_WINOGRAD, 4) V(CUDNN_CONVOLUTION_BWD_FILTER_ALGO_WINOGRAD_NONFUSED, 5) \
    V(CUBLAS_STATUS_SUCCESS, 0) V(CUBLAS_OP_N, 0) V(CUBLAS_OP_T, 1) V(CUBLAS_COMPUTE_32F, 68) V(CUBLAS_COMPUTE_32F_FAST_TF32, 77) \
    V(CUDA_R_32F, 0) V(CUBLASLT_MATMUL_DESC_TRANSA, 3) V(CUBLASLT_MATMUL_DESC_TRANSB, 4) V(CUBLASLT_MATMUL_DESC_EPILOGUE, 7) \
    V(CUBLASLT_MATMUL_DESC_BIAS_POINTER, 8) V(CUBLASLT_EPILOGUE_DEFAULT, 1) V(CUBLASLT_EPILOGUE_BIAS, 4) \
    V(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, 1) V(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, 5) \
    V(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, 6) V(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, 7) \
    V(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, 8)

#ifndef DNN_TYPES_GIVEN                  /* by the real headers */
#define DNN_VALUE(name, value) name = value,
enum { DNN_VALUES(DNN_VALUE) };
#undef DNN_VALUE
typedef int cudnnStatus_t, cudnnDataType_t, cudnnTensorFormat_t, cudnnConvolutionMode_t, cudnnMathType_t, cudnnNanPropagation_t,
    cudnnActivationMode_t, cudnnConvolutionFwdAlgo_t, cudnnConvolutionBwdDataAlgo_t, cudnnConvolutionBwdFilterAlgo_t;
typedef int cublasStatus_t, cublasComputeType_t, cudaDataType, cublasLtMatmulDescAttributes_t, cublasLtMatmulPreferenceAttributes_t;
typedef struct cudnnContext *cudnnHandle_t;
typedef struct cudnnTensorStruct *cudnnTensorDescriptor_t;
typedef struct cudnnFilterStruct *cudnnFilterDescriptor_t;
typedef struct cudnnConvolutionStruct *cudnnConvolutionDescriptor_t;
typedef struct cudnnActivationStruct *cudnnActivationDescriptor_t;
typedef struct dnn_rating {              /* an algorithm as cuDNN rates it: one struct under three names there */
    int algo;
    cudnnStatus_t status;
    float time;
    size_t memory;
    int determinism, mathType, reserved[3];
} dnn_rating;
typedef dnn_rating cudnnConvolutionFwdAlgoPerf_t, cudnnConvolutionBwdDataAlgoPerf_t, cudnnConvolutionBwdFilterAlgoPerf_t;
typedef struct cublasLtContext *cublasLtHandle_t;
typedef struct cublasLtMatmulDesc *cublasLtMatmulDesc_t;
typedef struct cublasLtMatrixLayout *cublasLtMatrixLayout_t;
typedef struct cublasLtMatmulPreference *cublasLtMatmulPreference_t;
typedef struct cublasLtMatmulAlgo_t { uint64_t data[8]; } cublasLtMatmulAlgo_t;
typedef struct cublasLtMatmulHeuristicResult_t {
    cublasLtMatmulAlgo_t algo;
    size_t workspaceSize;
    cublasStatus_t state;
    float wavesCount;
    int reserved[4];
} cublasLtMatmulHeuristicResult_t;
#endif

/* F(result, name, (arguments)) */
#define DNN_CUDNN_CALLS(F) \
    F(size_t, cudnnGetVersion, (void)) \
    F(const char *, cudnnGetErrorString, (cudnnStatus_t)) \
    F(cudnnStatus_t, cudnnCreate, (cudnnHandle_t *)) \
    F(cudnnStatus_t, cudnnSetStream, (cudnnHandle_t, struct CUstream_st *)) \
    F(cudnnStatus_t, cudnnCreateTensorDescriptor, (cudnnTensorDescriptor_t *)) \
    F(cudnnStatus_t, cudnnSetTensor4dDescriptorEx, (cudnnTensorDescriptor_t, cudnnDataType_t, int n, int c, int h, int w, int ns, \
        int cs, int hs, int ws)) \
    F(cudnnStatus_t, cudnnDestroyTensorDescriptor, (cudnnTensorDescriptor_t)) \
    F(cudnnStatus_t, cudnnCreateFilterDescriptor, (cudnnFilterDescriptor_t *)) \
    F(cudnnStatus_t, cudnnSetFilter4dDescriptor, (cudnnFilterDescriptor_t, cudnnDataType_t, cudnnTensorFormat_t, int k, int c, int h, \
        int w)) \
    F(cudnnStatus_t, cudnnDestroyFilterDescriptor, (cudnnFilterDescriptor_t)) \
    F(cudnnStatus_t, cudnnCreateActivationDescriptor, (cudnnActivationDescriptor_t *)) \
    F(cudnnStatus_t, cudnnSetActivationDescriptor, (cudnnActivationDescriptor_t, cudnnActivationMode_t, cudnnNanPropagation_t, \
        double ceiling)) \
    F(cudnnStatus_t, cudnnDestroyActivationDescriptor, (cudnnActivationDescriptor_t)) \
    F(cudnnStatus_t, cudnnCreateConvolutionDescriptor, (cudnnConvolutionDescriptor_t *)) \
    F(cudnnStatus_t, cudnnSetConvolution2dDescriptor, (cudnnConvolutionDescriptor_t, int ph, int pw, int sh, int sw, int dh, int dw, \
                                                       cudnnConvolutionMode_t, cudnnDataType_t sums)) \
    F(cudnnStatus_t, cudnnSetConvolutionGroupCount, (cudnnConvolutionDescriptor_t, int)) \
    F(cudnnStatus_t, cudnnSetConvolutionMathType, (cudnnConvolutionDescriptor_t, cudnnMathType_t)) \
    F(cudnnStatus_t, cudnnDestroyConvolutionDescriptor, (cudnnConvolutionDescriptor_t)) \
    F(cudnnStatus_t, cudnnGetConvolutionForwardAlgorithm_v7, (cudnnHandle_t, cudnnTensorDescriptor_t x, cudnnFilterDescriptor_t, \
        cudnnConvolutionDescriptor_t, cudnnTensorDescriptor_t y, int most, int *n, cudnnConvolutionFwdAlgoPerf_t *)) \
    F(cudnnStatus_t, cudnnGetConvolutionBackwardDataAlgorithm_v7, (cudnnHandle_t, cudnnFilterDescriptor_t, cudnnTensorDescriptor_t dy, \
        cudnnConvolutionDescriptor_t, cudnnTensorDescriptor_t dx, int most, int *n, cudnnConvolutionBwdDataAlgoPerf_t *)) \
    F(cudnnStatus_t, cudnnGetConvolutionBackwardFilterAlgorithm_v7, (cudnnHandle_t, cudnnTensorDescriptor_t x, cudnnTensorDescriptor_t dy, \
        cudnnConvolutionDescriptor_t, cudnnFilterDescriptor_t, int most, int *n, cudnnConvolutionBwdFilterAlgoPerf_t *)) \
    F(cudnnStatus_t, cudnnGetConvolutionForwardWorkspaceSize, (cudnnHandle_t, cudnnTensorDescriptor_t x, cudnnFilterDescriptor_t, \
        cudnnConvolutionDescriptor_t, cudnnTensorDescriptor_t y, cudnnConvolutionFwdAlgo_t, size_t *)) \
    F(cudnnStatus_t, cudnnGetConvolutionBackwardDataWorkspaceSize, (cudnnHandle_t, cudnnFilterDescriptor_t, cudnnTensorDescriptor_t dy, \
        cudnnConvolutionDescriptor_t, cudnnTensorDescriptor_t dx, cudnnConvolutionBwdDataAlgo_t, size_t *)) \
    F(cudnnStatus_t, cudnnGetConvolutionBackwardFilterWorkspaceSize, (cudnnHandle_t, cudnnTensorDescriptor_t x, \
        cudnnTensorDescriptor_t dy, \
        cudnnConvolutionDescriptor_t, cudnnFilterDescriptor_t, cudnnConvolutionBwdFilterAlgo_t, size_t *)) \
    F(cudnnStatus_t, cudnnConvolutionForward, (cudnnHandle_t, const void *alpha, cudnnTensorDescriptor_t, const void *x, \
        cudnnFilterDescriptor_t, const void *w, cudnnConvolutionDescriptor_t, cudnnConvolutionFwdAlgo_t, void *work, size_t bytes, \
        const void *beta, cudnnTensorDescriptor_t, void *y)) \
    F(cudnnStatus_t, cudnnConvolutionBiasActivationForward, (cudnnHandle_t, const void *alpha, cudnnTensorDescriptor_t, const void *x, \
        cudnnFilterDescriptor_t, const void *w, cudnnConvolutionDescriptor_t, cudnnConvolutionFwdAlgo_t, void *work, size_t bytes, \
        const void *alpha2, cudnnTensorDescriptor_t, const void *z, cudnnTensorDescriptor_t, const void *bias, \
        cudnnActivationDescriptor_t, \
        cudnnTensorDescriptor_t, void *y)) \
    F(cudnnStatus_t, cudnnConvolutionBackwardData, (cudnnHandle_t, const void *alpha, cudnnFilterDescriptor_t, const void *w, \
        cudnnTensorDescriptor_t, const void *dy, cudnnConvolutionDescriptor_t, cudnnConvolutionBwdDataAlgo_t, void *work, size_t bytes, \
        const void *beta, cudnnTensorDescriptor_t, void *dx)) \
    F(cudnnStatus_t, cudnnConvolutionBackwardFilter, (cudnnHandle_t, const void *alpha, cudnnTensorDescriptor_t, const void *x, \
        cudnnTensorDescriptor_t, const void *dy, cudnnConvolutionDescriptor_t, cudnnConvolutionBwdFilterAlgo_t, void *work, size_t bytes, \
        const void *beta, cudnnFilterDescriptor_t, void *dw))

#define DNN_CUBLAS_CALLS(F) \
    F(size_t, cublasLtGetVersion, (void)) \
    F(const char *, cublasLtGetStatusString, (cublasStatus_t)) \
    F(cublasStatus_t, cublasLtCreate, (cublasLtHandle_t *)) \
    F(cublasStatus_t, cublasLtMatmulDescCreate, (cublasLtMatmulDesc_t *, cublasComputeType_t, cudaDataType scale)) \
    F(cublasStatus_t, cublasLtMatmulDescSetAttribute, (cublasLtMatmulDesc_t, cublasLtMatmulDescAttributes_t, const void *, size_t)) \
    F(cublasStatus_t, cublasLtMatmulDescDestroy, (cublasLtMatmulDesc_t)) \
    F(cublasStatus_t, cublasLtMatrixLayoutCreate, (cublasLtMatrixLayout_t *, cudaDataType, uint64_t rows, uint64_t columns, \
        int64_t pitch)) \
    F(cublasStatus_t, cublasLtMatrixLayoutDestroy, (cublasLtMatrixLayout_t)) \
    F(cublasStatus_t, cublasLtMatmulPreferenceCreate, (cublasLtMatmulPreference_t *)) \
    F(cublasStatus_t, cublasLtMatmulPreferenceSetAttribute, (cublasLtMatmulPreference_t, cublasLtMatmulPreferenceAttributes_t, \
        const void *, size_t)) \
    F(cublasStatus_t, cublasLtMatmulPreferenceDestroy, (cublasLtMatmulPreference_t)) \
    F(cublasStatus_t, cublasLtMatmulAlgoGetHeuristic, (cublasLtHandle_t, cublasLtMatmulDesc_t, cublasLtMatrixLayout_t a, \
        cublasLtMatrixLayout_t b, \
        cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d, cublasLtMatmulPreference_t, int most, cublasLtMatmulHeuristicResult_t *, \
        int *n)) \
    F(cublasStatus_t, cublasLtMatmul, (cublasLtHandle_t, cublasLtMatmulDesc_t, const void *alpha, const void *a, cublasLtMatrixLayout_t, \
        const void *b, cublasLtMatrixLayout_t, const void *beta, const void *c, cublasLtMatrixLayout_t, void *d, cublasLtMatrixLayout_t, \
        const cublasLtMatmulAlgo_t *, void *work, size_t bytes, struct CUstream_st *))
#endif
