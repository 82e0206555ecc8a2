/* cudnn_api.c - kernels/dnn_cuda_api.h against the real headers of cuDNN and cuBLASLt: every function declared a second time, every value
 * and every layout compared. It is compiled by `make cuda` where those headers stand, and never linked. */
#include <cublasLt.h>
#include <cudnn.h>
#define DNN_TYPES_GIVEN
#include "kernels/dnn_cuda_api.h"
#include <stddef.h>

#define SAME_CALL(result, name, arguments) result name arguments;
#define SAME_VALUE(name, value) _Static_assert((int)name == value, #name);
DNN_CUDNN_CALLS(SAME_CALL)
DNN_CUBLAS_CALLS(SAME_CALL)
DNN_VALUES(SAME_VALUE)

/* dnn_rating there and here, and the answer of the heuristic */
struct rating { int algo, status; float time; size_t memory; int determinism, mathType, reserved[3]; };
#define SAME_PLACE(there, here, field) _Static_assert(offsetof(there, field) == offsetof(here, field), #there "." #field);
#define SAME_RATING(there) _Static_assert(sizeof(there) == sizeof(struct rating), #there); \
    SAME_PLACE(there, struct rating, algo) SAME_PLACE(there, struct rating, status) SAME_PLACE(there, struct rating, memory) \
    SAME_PLACE(there, struct rating, determinism) SAME_PLACE(there, struct rating, mathType)
SAME_RATING(cudnnConvolutionFwdAlgoPerf_t)
SAME_RATING(cudnnConvolutionBwdDataAlgoPerf_t)
SAME_RATING(cudnnConvolutionBwdFilterAlgoPerf_t)
struct answer { uint64_t algo[8]; size_t workspaceSize; int state; float wavesCount; int reserved[4]; };
_Static_assert(sizeof(cublasLtMatmulHeuristicResult_t) == sizeof(struct answer), "the heuristic's answer");
SAME_PLACE(cublasLtMatmulHeuristicResult_t, struct answer, workspaceSize)
SAME_PLACE(cublasLtMatmulHeuristicResult_t, struct answer, state)
