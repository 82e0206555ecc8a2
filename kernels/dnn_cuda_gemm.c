/* dnn_cuda_gemm.c - matrix products by cuBLASLt; see dnn_cuda.h. Its matrices lie by columns, ours by rows, so it computes the
 * transpose of the result from the factors in exchange: y' = b' a'; the bias of a row of ours is that of a column there.
 * Its heuristic is asked at every call, which is cheaper than a launch, and told one of two alignments, so that the bits follow from the
 * shape and from whether all addresses are multiples of 16 bytes, which they are or are not by the network alone. */
#include "kernels/dnn_cuda.h"
#include "kernels/dnn_cuda_library.h"

enum { WORK = 4 << 20, WIDE_BYTES = 16 };

typedef struct product {
    cublasLtMatmulDesc_t how;
    cublasLtMatrixLayout_t b, a, y;
} product;

static void set(const dnn_library *l, cublasLtMatmulDesc_t d, cublasLtMatmulDescAttributes_t what, const void *value, size_t bytes)
{
    BLAS_CHECK(l, cublasLtMatmulDescSetAttribute(d, what, value, bytes), "describing a matrix product (attribute %d)", (int)what);
}

static product describe(const dnn_library *l, const context *c, const gemm_shape *s, const real *bias)
{
    const int32_t across = s->tb ? CUBLAS_OP_T : CUBLAS_OP_N, down = s->ta ? CUBLAS_OP_T : CUBLAS_OP_N, biased = CUBLASLT_EPILOGUE_BIAS;
    const uint64_t m = (uint64_t)s->m, n = (uint64_t)s->n, k = (uint64_t)s->k;
    product p;
    BLAS_CHECK(l, cublasLtMatmulDescCreate(&p.how, c->tf32 ? CUBLAS_COMPUTE_32F_FAST_TF32 : CUBLAS_COMPUTE_32F, CUDA_R_32F),
               "describing a matrix product");
    set(l, p.how, CUBLASLT_MATMUL_DESC_TRANSA, &across, sizeof across), set(l, p.how, CUBLASLT_MATMUL_DESC_TRANSB, &down, sizeof down);
    if (bias) {
        set(l, p.how, CUBLASLT_MATMUL_DESC_EPILOGUE, &biased, sizeof biased);
        set(l, p.how, CUBLASLT_MATMUL_DESC_BIAS_POINTER, &bias, sizeof bias);
    }
    BLAS_CHECK(l, cublasLtMatrixLayoutCreate(&p.b, CUDA_R_32F, s->tb ? k : n, s->tb ? n : k, s->ldb), "describing the second factor");
    BLAS_CHECK(l, cublasLtMatrixLayoutCreate(&p.a, CUDA_R_32F, s->ta ? m : k, s->ta ? k : m, s->lda), "describing the first factor");
    BLAS_CHECK(l, cublasLtMatrixLayoutCreate(&p.y, CUDA_R_32F, n, m, s->ldc), "describing the product");
    return p;
}

static void release(const dnn_library *l, const product *p)
{
    BLAS_CHECK(l, cublasLtMatmulDescDestroy(p->how), "releasing a description");
    BLAS_CHECK(l, cublasLtMatrixLayoutDestroy(p->b), "releasing a description");
    BLAS_CHECK(l, cublasLtMatrixLayoutDestroy(p->a), "releasing a description");
    BLAS_CHECK(l, cublasLtMatrixLayoutDestroy(p->y), "releasing a description");
}

/* The heuristic's first answer; 0: it has none, by these statuses (invalid value, another architecture, not supported) or by its count */
static int choose(const dnn_library *l, const product *p, uint32_t alignment, cublasLtMatmulHeuristicResult_t *r)
{
    cublasLtMatmulPreference_t wish;
    const uint64_t most = WORK;
    int n = 0;
    BLAS_CHECK(l, cublasLtMatmulPreferenceCreate(&wish), "choosing a matrix product");
    BLAS_CHECK(l, cublasLtMatmulPreferenceSetAttribute(wish, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &most, sizeof most),
               "choosing a matrix product");
    for (int what = CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES; what <= CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES; what++)
        BLAS_CHECK(l, cublasLtMatmulPreferenceSetAttribute(wish, what, &alignment, sizeof alignment), "choosing a matrix product");
    const int status = l->cublasLtMatmulAlgoGetHeuristic(l->blas, p->how, p->b, p->a, p->y, p->y, wish, 1, r, &n);
    if (status != 7 && status != 8 && status != 15)
        dnn_check(l->cublasLtGetStatusString, status, __FILE__, __LINE__, "choosing a matrix product");
    BLAS_CHECK(l, cublasLtMatmulPreferenceDestroy(wish), "choosing a matrix product");
    return !status && n > 0 && !r->state && r->workspaceSize <= WORK;
}

int dnn_cuda_gemm(const context *c, const gemm_shape *s, real alpha, const real *a, const real *b, const real *bias, real *y, int add)
{
    const dnn_library *l = c->by == BY_OWN ? NULL : dnn_library_open();
    if (!l || !l->blas) return 0;
    const int wide = ((uintptr_t)a | (uintptr_t)b | (uintptr_t)y | (uintptr_t)bias) % WIDE_BYTES == 0
        && (s->lda | s->ldb | s->ldc) % 4 == 0;
    const float before = add ? 1 : 0;
    const product p = describe(l, c, s, bias);
    cublasLtMatmulHeuristicResult_t r;
    const int found = choose(l, &p, wide ? WIDE_BYTES : sizeof(real), &r);
    if (found)
        BLAS_CHECK(l, cublasLtMatmul(l->blas, p.how, &alpha, b, p.b, a, p.a, &before, y, p.y, y, p.y, &r.algo, c->work, r.workspaceSize,
                                     (struct CUstream_st *)c->stream),
                   "multiplying %lldx%lld by %lldx%lld", (long long)s->m, (long long)s->k, (long long)s->k, (long long)s->n);
    release(l, &p);
    return found;
}

size_t dnn_cuda_gemm_work(const context *c)
{
    return c->by != BY_OWN && dnn_library_open()->blas ? WORK : 0;
}
