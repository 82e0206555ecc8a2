/* fake_cudnn.cc - stands for cuDNN in tests of kernels/dnn_cuda.c: takes the same calls on the emulated memory, checks all that is handed to
 * it, and computes by plain loops. What is wrong ends the program with one line (emu_fail).
 *
 * It tempts its caller: its rankings begin with what may not be used (Fourier transforms, sums whose order varies, factors rounded to
 * half, what it cannot do), and what they compute differs by more than rounding. Scratch is overwritten, all that it asked for.
 * CUDA_EMU_FAIL=cudnn:N lets the Nth ranking, question for scratch or computation fail (cuda_emu/runtime.h). FAKE_TOO_NEW and
 * FAKE_WITHOUT_HANDLE name copies of this library that are so.
 * The trap: a description that is never released shows at the end of the program, so its status is then 70. */
#include "kernels/dnn_cuda_api.h"
#include "tests/cuda_emu/cuda_emu.h"
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <set>
#include <unistd.h>
#include <vector>

#define EXPORTED(result, name, arguments) __attribute__((visibility("default"))) result name arguments;
extern "C" { DNN_CUDNN_CALLS(EXPORTED) }

enum { REFUSED = 3000, FAILED = 5000, WORK = 1234, BARS = 16 };               /* statuses; scratch bytes of some algorithms; alignment of maps */

struct cudnnContext { int streams; cudaStream_t stream; };
struct cudnnTensorStruct { int set, n, c, h, w, ns, cs, hs, ws; };
struct cudnnFilterStruct { int set, k, c, h, w; };
struct cudnnConvolutionStruct { int set, ph, pw, sh, sw, dh, dw, groups, math; };
struct cudnnActivationStruct { int set; };

static std::set<const void *> &living() { static auto *s = new std::set<const void *>; return *s; }     /* outlives all destructors */
__attribute__((destructor)) static void all_released()
{
    if (living().empty() || getenv("CUDA_EMU_FAIL")) return;     /* what fails on purpose ends where it is */
    fprintf(stderr, "fake cuDNN: %zu descriptions were never released\n", living().size());
    _exit(70);
}

/* Is the file that this stands in the one that the variable names, by the end of its path? */
bool fake_is(const char *variable)
{
    Dl_info here;
    const char *name = getenv(variable);
    if (!name || !dladdr((void *)fake_is, &here)) return false;
    const size_t n = strlen(name), m = strlen(here.dli_fname);
    return n <= m && !strcmp(here.dli_fname + m - n, name);
}

template <typename T> static cudnnStatus_t make(T **d) { *d = new T(); living().insert(*d); return CUDNN_STATUS_SUCCESS; }
template <typename T> static cudnnStatus_t release(T *d, const char *what)
{
    if (!living().erase(d)) emu_fail("fake cuDNN: releases a description of %s that is none", what);
    delete d;
    return CUDNN_STATUS_SUCCESS;
}
template <typename T> static const T &of(const T *d, const char *what)
{
    if (!living().count(d)) emu_fail("fake cuDNN: %s: no description", what);
    if (!d->set) emu_fail("fake cuDNN: %s: a description that was never filled", what);
    return *d;
}

/* ---- descriptions ---- */
size_t cudnnGetVersion(void) { return fake_is("FAKE_TOO_NEW") ? 100000 : 91900; }
const char *cudnnGetErrorString(cudnnStatus_t s) { return s == FAILED ? "the fake fails" : s ? "the fake refuses" : "no error"; }
cudnnStatus_t cudnnCreate(cudnnHandle_t *h) { static cudnnContext one; *h = &one; return fake_is("FAKE_WITHOUT_HANDLE") ? (int)FAILED : 0; }
cudnnStatus_t cudnnSetStream(cudnnHandle_t h, struct CUstream_st *s)
{
    h->streams++, h->stream = (cudaStream_t)s;
    return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnCreateTensorDescriptor(cudnnTensorDescriptor_t *d) { return make(d); }
cudnnStatus_t cudnnDestroyTensorDescriptor(cudnnTensorDescriptor_t d) { return release(d, "a map"); }
cudnnStatus_t cudnnCreateFilterDescriptor(cudnnFilterDescriptor_t *d) { return make(d); }
cudnnStatus_t cudnnDestroyFilterDescriptor(cudnnFilterDescriptor_t d) { return release(d, "weights"); }
cudnnStatus_t cudnnCreateConvolutionDescriptor(cudnnConvolutionDescriptor_t *d) { return make(d); }
cudnnStatus_t cudnnDestroyConvolutionDescriptor(cudnnConvolutionDescriptor_t d) { return release(d, "a convolution"); }
cudnnStatus_t cudnnCreateActivationDescriptor(cudnnActivationDescriptor_t *d) { return make(d); }
cudnnStatus_t cudnnDestroyActivationDescriptor(cudnnActivationDescriptor_t d) { return release(d, "an activation"); }

cudnnStatus_t cudnnSetTensor4dDescriptorEx(cudnnTensorDescriptor_t d, cudnnDataType_t type, int n, int c, int h, int w, int ns, int cs,
                                           int hs, int ws)
{
    if (type != CUDNN_DATA_FLOAT || n < 1 || c < 1 || h < 1 || w < 1)
        emu_fail("fake cuDNN: a map of type %d, %d %d %d %d", type, n, c, h, w);
    if (cs != 1 || ws < c || hs != w * ws || ns != h * hs)
        emu_fail("fake cuDNN: a map of %d channels with strides %d %d %d %d", c, ns, cs, hs, ws);
    *d = { 1, n, c, h, w, ns, cs, hs, ws };
    return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnSetFilter4dDescriptor(cudnnFilterDescriptor_t d, cudnnDataType_t type, cudnnTensorFormat_t format, int k, int c,
                                         int h, int w)
{
    if (type != CUDNN_DATA_FLOAT || format != CUDNN_TENSOR_NHWC || k < 1 || c < 1 || h < 1 || w < 1)
        emu_fail("fake cuDNN: weights of type %d, format %d, %d %d %d %d", type, format, k, c, h, w);
    *d = { 1, k, c, h, w };
    return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnSetActivationDescriptor(cudnnActivationDescriptor_t d, cudnnActivationMode_t mode, cudnnNanPropagation_t, double)
{
    if (mode != CUDNN_ACTIVATION_RELU) emu_fail("fake cuDNN: activation %d", mode);
    d->set = 1;
    return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnSetConvolution2dDescriptor(cudnnConvolutionDescriptor_t d, int ph, int pw, int sh, int sw, int dh, int dw,
                                              cudnnConvolutionMode_t mode, cudnnDataType_t sums)
{
    if (mode != CUDNN_CROSS_CORRELATION || sums != CUDNN_DATA_FLOAT || ph < 0 || pw < 0 || sh < 1 || sw < 1 || dh < 1 || dw < 1)
        emu_fail("fake cuDNN: a convolution with padding %d %d, strides %d %d, dilation %d %d, mode %d, sums %d", ph, pw, sh, sw, dh,
                 dw, mode, sums);
    *d = { 1, ph, pw, sh, sw, dh, dw, 1, -1 };
    return CUDNN_STATUS_SUCCESS;
}
cudnnStatus_t cudnnSetConvolutionGroupCount(cudnnConvolutionDescriptor_t d, int groups) { d->groups = groups; return CUDNN_STATUS_SUCCESS; }
cudnnStatus_t cudnnSetConvolutionMathType(cudnnConvolutionDescriptor_t d, cudnnMathType_t math)
{
    if (math != CUDNN_FMA_MATH && math != CUDNN_DEFAULT_MATH) emu_fail("fake cuDNN: arithmetic %d", math);
    d->math = math;
    return CUDNN_STATUS_SUCCESS;
}

/* ---- the choice ---- */
struct problem { cudnnTensorStruct large, little; cudnnFilterStruct w; cudnnConvolutionStruct how; };

static int reach(int size, int pad, int kernel, int stride, int dilation)
{
    return (size + 2 * pad - dilation * (kernel - 1) - 1) / stride + 1;
}

static problem problem_of(cudnnTensorDescriptor_t large, cudnnTensorDescriptor_t little, cudnnFilterDescriptor_t w,
                          cudnnConvolutionDescriptor_t how)
{
    const problem p = { of(large, "the larger map"), of(little, "the smaller map"), of(w, "weights"), of(how, "a convolution") };
    const cudnnTensorStruct &a = p.large, &b = p.little;
    const cudnnConvolutionStruct &h = p.how;
    if (h.math < 0) emu_fail("fake cuDNN: the arithmetic was never chosen");
    if (a.n != b.n || b.c != p.w.k || a.c != p.w.c * h.groups || p.w.k % h.groups || b.h != reach(a.h, h.ph, p.w.h, h.sh, h.dh)
        || b.w != reach(a.w, h.pw, p.w.w, h.sw, h.dw))
        emu_fail("fake cuDNN: from %d %d %d %d to %d %d %d %d by %d x %d x %d x %d in %d groups do not fit", a.n, a.h, a.w, a.c, b.n,
                 b.h, b.w, b.c,
                 p.w.k, p.w.h, p.w.w, p.w.c, h.groups);
    return p;
}

/* Grouped and dilated at once it cannot do at all. */
static int able(const problem &p) { return p.how.groups == 1 || (p.how.dh == 1 && p.how.dw == 1); }

/* off: what it computes is what was asked for times this */
struct offer { int algorithm, status, fixed, math; size_t work; double off; };
static const double WRONG = 1.01, ROUNDS = 1 + 1e-6;
static const offer down[] = {
    { CUDNN_CONVOLUTION_FWD_ALGO_FFT_TILING, 0, 1, 3, WORK, WRONG }, { CUDNN_CONVOLUTION_FWD_ALGO_GEMM, REFUSED, 1, 3, 0, WRONG },
    { CUDNN_CONVOLUTION_FWD_ALGO_DIRECT, 0, 1, CUDNN_TENSOR_OP_MATH_ALLOW_CONVERSION, 0, WRONG },
    { CUDNN_CONVOLUTION_FWD_ALGO_GEMM, 0, 1, 3, (size_t)1 << 30, WRONG },
    { CUDNN_CONVOLUTION_FWD_ALGO_WINOGRAD, 0, 1, 3, 0, ROUNDS }, { CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM, 0, 1, 0, WORK, 1 },
    { CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM, 0, 1, 0, 0, 1 },
};
static const offer up[] = {
    { CUDNN_CONVOLUTION_BWD_DATA_ALGO_0, 0, 0, 3, 0, 1 }, { CUDNN_CONVOLUTION_BWD_DATA_ALGO_FFT_TILING, 0, 1, 3, WORK, WRONG },
    { CUDNN_CONVOLUTION_BWD_DATA_ALGO_WINOGRAD, 0, 1, 3, 0, ROUNDS }, { CUDNN_CONVOLUTION_BWD_DATA_ALGO_1, 0, 1, 0, WORK, 1 },
};
static const offer weights[] = {
    { CUDNN_CONVOLUTION_BWD_FILTER_ALGO_0, 0, 0, 3, 0, 1 }, { CUDNN_CONVOLUTION_BWD_FILTER_ALGO_3, 0, 0, 3, WORK, 1 },
    { CUDNN_CONVOLUTION_BWD_FILTER_ALGO_WINOGRAD_NONFUSED, 0, 1, 3, WORK, ROUNDS }, { CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1, 0, 1, 0,
        WORK, 1 },
};

template <int N> static cudnnStatus_t rank(const problem &p, const offer (&o)[N], int most, int *n, dnn_rating *r)
{
    *n = 0;
    if (emu_fault(EMU_CUDNN)) return FAILED;
    if (!able(p)) return REFUSED;
    for (; *n < N && *n < most; ++*n) {
        const offer &from = o[*n];
        r[*n] = {};
        r[*n].algo = from.algorithm, r[*n].status = from.status, r[*n].memory = from.work, r[*n].determinism = from.fixed,
            r[*n].mathType = from.math;
    }
    return CUDNN_STATUS_SUCCESS;
}

/* The one of this algorithm that computes; a card may not have the fast form for the arithmetic asked for */
template <int N> static const offer *find(const problem &p, const offer (&o)[N], int algorithm)
{
    if (o == (const offer *)down && algorithm == CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM && p.large.c % 3 == 0) return nullptr;
    for (int i = N; i-- > 0;) if (o[i].algorithm == algorithm && !o[i].status && able(p)) return &o[i];
    return nullptr;
}
static cudnnStatus_t need(const offer *o, size_t *bytes)
{
    *bytes = o ? o->work : 0;
    return emu_fault(EMU_CUDNN) ? (int)FAILED : o ? 0 : (int)REFUSED;
}

#define X cudnnTensorDescriptor_t x
#define Y cudnnTensorDescriptor_t y
#define W cudnnFilterDescriptor_t w
#define C cudnnConvolutionDescriptor_t c
#define H cudnnHandle_t h
#define ALGORITHM int most, int *n, dnn_rating *r
#define SCRATCH int algorithm, size_t *bytes
#define RANK(offers) { return (void)h, rank(problem_of(x, y, w, c), offers, most, n, r); }
#define NEED(offers) { const problem p = problem_of(x, y, w, c); return (void)h, need(find(p, offers, algorithm), bytes); }
cudnnStatus_t cudnnGetConvolutionForwardAlgorithm_v7(H, X, W, C, Y, ALGORITHM) RANK(down)
cudnnStatus_t cudnnGetConvolutionBackwardDataAlgorithm_v7(H, W, Y, C, X, ALGORITHM) RANK(up)
cudnnStatus_t cudnnGetConvolutionBackwardFilterAlgorithm_v7(H, X, Y, C, W, ALGORITHM) RANK(weights)
cudnnStatus_t cudnnGetConvolutionForwardWorkspaceSize(H, X, W, C, Y, SCRATCH) NEED(down)
cudnnStatus_t cudnnGetConvolutionBackwardDataWorkspaceSize(H, W, Y, C, X, SCRATCH) NEED(up)
cudnnStatus_t cudnnGetConvolutionBackwardFilterWorkspaceSize(H, X, Y, C, W, SCRATCH) NEED(weights)

/* ---- computing ---- */
static void check_map(const char *what, const cudnnTensorStruct &t, const void *p)
{
    emu_check_range(what, p, sizeof(float) * ((size_t)(t.n * t.h * t.w - 1) * (size_t)t.ws + (size_t)t.c));
    if ((uintptr_t)p % BARS) emu_fail("fake cuDNN: %s at %p, no multiple of %d", what, p, (int)BARS);
}

/* All that every pass checks. */
static const offer &enter(H, const problem &p, const offer *o, const float *large, const float *little, const float *w, void *work,
                          size_t bytes, const float *alpha, const float *beta)
{
    if (!o) emu_fail("fake cuDNN: runs an algorithm that it does not have for this");
    if (!h->streams) emu_fail("fake cuDNN: was never given a stream");
    if (!o->fixed && !getenv("FAKE_CUDNN_MAY_VARY")) emu_fail("fake cuDNN: runs an algorithm whose bits vary, which was not asked for");
    if (bytes < o->work) emu_fail("fake cuDNN: %zu bytes of scratch, wanted %zu", bytes, o->work);
    if (*alpha != 1 || (*beta != 0 && *beta != 1)) emu_fail("fake cuDNN: factors %g and %g, wanted 1, and 0 or 1", *alpha, *beta);
    check_map("fake cuDNN: the larger map", p.large, large), check_map("fake cuDNN: the smaller map", p.little, little);
    emu_check_range("fake cuDNN: weights", w, sizeof(float) * (size_t)(p.w.k * p.w.h * p.w.w * p.w.c));
    if (o->work) emu_check_range("fake cuDNN: scratch", work, o->work);
    return *o;
}

/* A factor as the arithmetic takes it: whole, or rounded to TF32 */
static double factor(const problem &p, float v)
{
    return p.how.math == CUDNN_FMA_MATH ? v : __uint_as_float((__float_as_uint(v) + 0x1000u) & ~0x1fffu);
}

/* fn(place in the larger map, in the smaller, in the weights) for every product of the convolution */
template <typename F> static void products(const problem &p, F fn)
{
    const cudnnTensorStruct &a = p.large, &b = p.little;
    const int per = p.w.k / p.how.groups;
    for (int n = 0; n < b.n; n++) for (int i = 0; i < b.h; i++) for (int j = 0; j < b.w; j++) for (int o = 0; o < b.c; o++)
        for (int r = 0; r < p.w.h; r++) for (int t = 0; t < p.w.w; t++) {
            const int u = i * p.how.sh + r * p.how.dh - p.how.ph, v = j * p.how.sw + t * p.how.dw - p.how.pw;
            if (u < 0 || u >= a.h || v < 0 || v >= a.w) continue;
            for (int q = 0; q < p.w.c; q++)
                fn((int64_t)n * a.ns + u * a.hs + v * a.ws + o / per * p.w.c + q, (int64_t)n * b.ns + i * b.hs + j * b.ws + o,
                   ((int64_t)(o * p.w.h + r) * p.w.w + t) * p.w.c + q);
        }
}

/* y = beta y + sums, over a map. Memory is shut again. */
static void leave(const offer &o, const cudnnTensorStruct &t, const std::vector<double> &sums, float beta, float *y, const float *bias)
{
    for (int64_t p = 0; p < (int64_t)t.n * t.h * t.w; p++)
        for (int c = 0; c < t.c; c++) {
            const double sum = sums[(size_t)(p * t.ws + c)] * o.off + (bias ? bias[c] : 0);
            float &to = y[p * t.ws + c];
            to = (float)(bias && !(sum > 0) ? 0 : sum) + (beta != 0 ? beta * to : 0);
        }
    emu_memory_open(0);
}
/* sum(sums), as many as the map has numbers, and y = beta y + sums: in the stream, with memory open and garbage in the scratch. What `sum`
 * needs must be in it by value. */
template <typename F> static cudnnStatus_t compute(H, const offer &o, void *work, const cudnnTensorStruct &t, const void *beta, void *y,
                                                   const void *bias, F sum)
{
    const float before = beta ? *(const float *)beta : 0;
    emu_enqueue(h->stream, [=, o = o, t = t] {
        emu_memory_open(1);
        if (o.work) memset(work, 0xff, o.work);
        std::vector<double> sums((size_t)t.n * (size_t)t.ns);
        sum(sums);
        leave(o, t, sums, before, (float *)y, (const float *)bias);
        return cudaSuccess;
    });
    return CUDNN_STATUS_SUCCESS;
}

static void to_little(const problem &p, const float *x, const float *w, std::vector<double> &sums)
{
    products(p, [&](int64_t a, int64_t b, int64_t k) { sums[(size_t)b] += factor(p, x[a]) * factor(p, w[k]); });
}

cudnnStatus_t cudnnConvolutionForward(H, const void *alpha, X, const void *from, W, const void *by, C, int algorithm, void *work,
                                      size_t bytes, const void *beta, Y, void *to)
{
    if (emu_fault(EMU_CUDNN)) return FAILED;
    const problem p = problem_of(x, y, w, c);
    const offer &o = enter(h, p, find(p, down, algorithm), (const float *)from, (const float *)to, (const float *)by, work, bytes,
                           (const float *)alpha, (const float *)beta);
    return compute(h, o, work, p.little, beta, to, nullptr,
                   [=](std::vector<double> &sums) { to_little(p, (const float *)from, (const float *)by, sums); });
}

/* Groups it does not fuse. */
cudnnStatus_t cudnnConvolutionBiasActivationForward(H, const void *alpha, X, const void *from, W, const void *by, C, int algorithm,
                                                    void *work, size_t bytes, const void *alpha2, cudnnTensorDescriptor_t z, const void *,
                                                        cudnnTensorDescriptor_t b,
                                                    const void *bias, cudnnActivationDescriptor_t act, Y, void *to)
{
    if (emu_fault(EMU_CUDNN)) return FAILED;
    const problem p = problem_of(x, y, w, c);
    if (p.how.groups > 1) return REFUSED;
    if (of(b, "a bias").c != p.little.c || z != y || *(const float *)alpha2 != 0) emu_fail("fake cuDNN: a bias that does not fit");
    of(act, "an activation");
    emu_check_range("fake cuDNN: the bias", bias, sizeof(float) * (size_t)p.little.c);
    const offer &o = enter(h, p, find(p, down, algorithm), (const float *)from, (const float *)to, (const float *)by, work, bytes,
                           (const float *)alpha, (const float *)alpha2);
    return compute(h, o, work, p.little, nullptr, to, bias,
                   [=](std::vector<double> &sums) { to_little(p, (const float *)from, (const float *)by, sums); });
}

cudnnStatus_t cudnnConvolutionBackwardData(H, const void *alpha, W, const void *by, Y, const void *from, C, int algorithm, void *work,
                                           size_t bytes, const void *beta, X, void *to)
{
    if (emu_fault(EMU_CUDNN)) return FAILED;
    const problem p = problem_of(x, y, w, c);
    const float *in = (const float *)from, *k = (const float *)by;
    const offer &o = enter(h, p, find(p, up, algorithm), (const float *)to, in, k, work, bytes, (const float *)alpha, (const float *)beta);
    return compute(h, o, work, p.large, beta, to, nullptr, [=](std::vector<double> &sums) {
        products(p, [&](int64_t a, int64_t b, int64_t t) { sums[(size_t)a] += factor(p, in[b]) * factor(p, k[t]); });
    });
}

cudnnStatus_t cudnnConvolutionBackwardFilter(H, const void *alpha, X, const void *from, Y, const void *slopes, C, int algorithm,
                                             void *work, size_t bytes, const void *beta, W, void *to)
{
    if (emu_fault(EMU_CUDNN)) return FAILED;
    const problem p = problem_of(x, y, w, c);
    const float *in = (const float *)from, *g = (const float *)slopes;
    const offer &o = enter(h, p, find(p, weights, algorithm), in, g, (const float *)to, work, bytes, (const float *)alpha,
                           (const float *)beta);
    const cudnnTensorStruct flat = { 1, 1, p.w.k * p.w.h * p.w.w * p.w.c, 1, 1, p.w.k * p.w.h * p.w.w * p.w.c, 1, 0,
        p.w.k * p.w.h * p.w.w * p.w.c };
    return compute(h, o, work, flat, beta, to, nullptr, [=](std::vector<double> &sums) {
        products(p, [&](int64_t a, int64_t b, int64_t t) { sums[(size_t)t] += factor(p, in[a]) * factor(p, g[b]); });
    });
}
