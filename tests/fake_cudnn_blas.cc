/* fake_cudnn_blas.cc - stands for cuBLASLt in the same library as fake_cudnn.cc, in the same spirit: matrices lie by columns. An algorithm
 * is good for the very product that the heuristic was asked about, which a sum over the question tells. */
#include "kernels/dnn_cuda_api.h"
#include "tests/cuda_emu/cuda_emu.h"
#include <cstdio>
#include <cstdlib>
#include <set>
#include <unistd.h>
#include <vector>

#define EXPORTED(result, name, arguments) __attribute__((visibility("default"))) result name arguments;
extern "C" { DNN_CUBLAS_CALLS(EXPORTED) }

enum { WORK = 777, NOT_SUPPORTED = 15, FAILED = 13 };
bool fake_is(const char *variable);               /* fake_cudnn.cc */

struct cublasLtContext { int open; };
struct cublasLtMatmulDesc { int compute, ta, tb, epilogue; const float *bias; };
struct cublasLtMatrixLayout { int64_t rows, columns, pitch; };
struct cublasLtMatmulPreference { uint64_t work; uint32_t alignment[4]; };

static std::set<const void *> &living() { static auto *s = new std::set<const void *>; return *s; }     /* outlives all destructors */
__attribute__((destructor)) static void all_released()
{
    if (living().empty() || getenv("CUDA_EMU_FAIL")) return;
    fprintf(stderr, "fake cuBLASLt: %zu descriptions were never released\n", living().size());
    _exit(70);
}
template <typename T> static cublasStatus_t release(T *d)
{
    if (!living().erase(d)) emu_fail("fake cuBLASLt: releases a description that is none");
    delete d;
    return CUBLAS_STATUS_SUCCESS;
}
template <typename T> static const T &of(const T *d)
{
    if (!living().count(d)) emu_fail("fake cuBLASLt: no description");
    return *d;
}

size_t cublasLtGetVersion(void) { return fake_is("FAKE_TOO_NEW") ? 140000 : 130100; }
const char *cublasLtGetStatusString(cublasStatus_t s) { return s == FAILED ? "the fake fails" : s ? "the fake refuses" : "no error"; }
cublasStatus_t cublasLtCreate(cublasLtHandle_t *h) { static cublasLtContext one; *h = &one; return fake_is("FAKE_WITHOUT_HANDLE") ? (int)FAILED : 0; }
cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t d) { return release(d); }
cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t d) { return release(d); }
cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t d) { return release(d); }

cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t *d, cublasComputeType_t compute, cudaDataType scale)
{
    if ((compute != CUBLAS_COMPUTE_32F && compute != CUBLAS_COMPUTE_32F_FAST_TF32) || scale != CUDA_R_32F)
        emu_fail("fake cuBLASLt: arithmetic %d, factors of type %d", compute, scale);
    *d = new cublasLtMatmulDesc{ compute, CUBLAS_OP_N, CUBLAS_OP_N, CUBLASLT_EPILOGUE_DEFAULT, nullptr };
    living().insert(*d);
    return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t d, cublasLtMatmulDescAttributes_t what, const void *v, size_t bytes)
{
    of(d);
    if (bytes != (what == CUBLASLT_MATMUL_DESC_BIAS_POINTER ? 8 : 4)) emu_fail("fake cuBLASLt: %zu bytes for attribute %d", bytes, what);
    switch (what) {
    case CUBLASLT_MATMUL_DESC_TRANSA: d->ta = *(const int *)v; break;
    case CUBLASLT_MATMUL_DESC_TRANSB: d->tb = *(const int *)v; break;
    case CUBLASLT_MATMUL_DESC_EPILOGUE: d->epilogue = *(const int *)v; break;
    case CUBLASLT_MATMUL_DESC_BIAS_POINTER: d->bias = *(const float *const *)v; break;
    default: emu_fail("fake cuBLASLt: attribute %d", what);
    }
    return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t *d, cudaDataType type, uint64_t rows, uint64_t columns, int64_t pitch)
{
    if (type != CUDA_R_32F || !rows || !columns || pitch < (int64_t)rows)
        emu_fail("fake cuBLASLt: a matrix of type %d, %llu rows and %llu columns, %lld apart", type, (unsigned long long)rows,
                 (unsigned long long)columns, (long long)pitch);
    *d = new cublasLtMatrixLayout{ (int64_t)rows, (int64_t)columns, pitch };
    living().insert(*d);
    return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t *d)
{
    *d = new cublasLtMatmulPreference{ 0, { 256, 256, 256, 256 } };
    living().insert(*d);
    return CUBLAS_STATUS_SUCCESS;
}
cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t d, cublasLtMatmulPreferenceAttributes_t what,
                                                    const void *v, size_t bytes)
{
    const int i = what - CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES;
    of(d);
    if (what == CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES && bytes == 8) d->work = *(const uint64_t *)v;
    else if (i >= 0 && i < 4 && bytes == 4) d->alignment[i] = *(const uint32_t *)v;
    else emu_fail("fake cuBLASLt: wish %d of %zu bytes", what, bytes);
    return CUBLAS_STATUS_SUCCESS;
}

struct problem { cublasLtMatmulDesc how; cublasLtMatrixLayout a, b, c, d; int64_t m, n, k; };

static problem problem_of(cublasLtMatmulDesc_t how, cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b, cublasLtMatrixLayout_t c,
                          cublasLtMatrixLayout_t d)
{
    problem p = { of(how), of(a), of(b), of(c), of(d), 0, 0, 0 };
    p.m = p.how.ta ? a->columns : a->rows, p.k = p.how.ta ? a->rows : a->columns, p.n = p.how.tb ? b->rows : b->columns;
    if ((p.how.tb ? b->columns : b->rows) != p.k || d->rows != p.m || d->columns != p.n || c->rows != p.m || c->columns != p.n)
        emu_fail("fake cuBLASLt: %lld x %lld by %lld deep do not fit", (long long)p.m, (long long)p.n, (long long)p.k);
    if (!(p.how.epilogue == CUBLASLT_EPILOGUE_BIAS ? p.how.bias != nullptr : p.how.epilogue == CUBLASLT_EPILOGUE_DEFAULT))
        emu_fail("fake cuBLASLt: epilogue %d", p.how.epilogue);
    return p;
}

static uint64_t sum_of(const problem &p)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (int64_t v : { p.m, p.n, p.k, p.a.pitch, p.b.pitch, p.c.pitch, p.d.pitch,
         (int64_t)(p.how.compute + 100 * p.how.ta + 200 * p.how.tb + 400 * p.how.epilogue) })
        h = (h ^ (uint64_t)v) * 0x100000001b3u;
    return h;
}

/* It has nothing for depths that 7 divides. */
cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t, cublasLtMatmulDesc_t how, cublasLtMatrixLayout_t a,
                                              cublasLtMatrixLayout_t b,
                                              cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d, cublasLtMatmulPreference_t wish, int most,
                                              cublasLtMatmulHeuristicResult_t *r, int *n)
{
    const problem p = problem_of(how, a, b, c, d);
    *n = 0;
    if (emu_fault(EMU_CUBLAS)) return FAILED;
    if (most < 1 || of(wish).work < WORK || p.k % 7 == 0) return NOT_SUPPORTED;
    *r = {};
    r->algo.data[0] = sum_of(p), r->algo.data[1] = wish->alignment[0], r->workspaceSize = WORK, *n = 1;
    for (int i = 1; i < 4; i++) if (wish->alignment[i] != wish->alignment[0]) emu_fail("fake cuBLASLt: alignments differ, which this fake cannot remember");
    return CUBLAS_STATUS_SUCCESS;
}

static void check_matrix(const char *what, const cublasLtMatrixLayout &l, const void *p, uint64_t alignment)
{
    emu_check_range(what, p, sizeof(float) * (size_t)((l.columns - 1) * l.pitch + l.rows));
    if ((uintptr_t)p % alignment || (size_t)l.pitch * sizeof(float) % alignment)
        emu_fail("%s: at %p, %lld apart, which does not keep to %llu bytes", what, p, (long long)l.pitch, (unsigned long long)alignment);
}

static double factor(const problem &p, float v)
{
    return p.how.compute == CUBLAS_COMPUTE_32F ? v : __uint_as_float((__float_as_uint(v) + 0x1000u) & ~0x1fffu);
}

cublasStatus_t cublasLtMatmul(cublasLtHandle_t, cublasLtMatmulDesc_t how, const void *alpha, const void *a_, cublasLtMatrixLayout_t a,
                              const void *b_,
                              cublasLtMatrixLayout_t b, const void *beta, const void *c_, cublasLtMatrixLayout_t c, void *d_,
                                  cublasLtMatrixLayout_t d,
                              const cublasLtMatmulAlgo_t *algorithm, void *work, size_t bytes, struct CUstream_st *stream)
{
    if (emu_fault(EMU_CUBLAS)) return FAILED;
    const problem p = problem_of(how, a, b, c, d);
    const float *x = (const float *)a_, *y = (const float *)b_, scale = *(const float *)alpha, before = *(const float *)beta;
    float *out = (float *)d_;
    if (algorithm->data[0] != sum_of(p)) emu_fail("fake cuBLASLt: an algorithm that was chosen for another product");
    if (bytes < WORK) emu_fail("fake cuBLASLt: %zu bytes of scratch, wanted %d", bytes, (int)WORK);
    if (c_ != d_) emu_fail("fake cuBLASLt: adds another matrix than it writes");
    check_matrix("fake cuBLASLt: the first factor", p.a, x, algorithm->data[1]), check_matrix("fake cuBLASLt: the second factor", p.b,
        y, algorithm->data[1]);
    check_matrix("fake cuBLASLt: the product", p.d, out, algorithm->data[1]), emu_check_range("fake cuBLASLt: scratch", work, WORK);
    if (p.how.bias) emu_check_range("fake cuBLASLt: the bias", p.how.bias, sizeof(float) * (size_t)p.m);
    const int64_t pa = a->pitch, pb = b->pitch, pd = d->pitch;
    emu_enqueue((cudaStream_t)stream, [=] {
        emu_memory_open(1);
        memset(work, 0xff, WORK);
        for (int64_t j = 0; j < p.n; j++)
            for (int64_t i = 0; i < p.m; i++) {
                double sum = 0;
                for (int64_t k = 0; k < p.k; k++)
                    sum += factor(p, p.how.ta ? x[i * pa + k] : x[k * pa + i]) * factor(p, p.how.tb ? y[k * pb + j] : y[j * pb + k]);
                float &to = out[j * pd + i];
                to = (float)(scale * sum + (p.how.bias ? p.how.bias[i] : 0)) + (before != 0 ? before * to : 0);
            }
        emu_memory_open(0);
        return cudaSuccess;
    });
    return CUBLAS_STATUS_SUCCESS;
}
