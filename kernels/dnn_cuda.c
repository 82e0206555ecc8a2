/* dnn_cuda.c - convolutions by cuDNN; see dnn_cuda.h.
 *
 * To cuDNN both kinds are one convolution, from a larger map to a smaller one: a transposed one has its passes forward and backward data
 * swapped, and its maps. Its weights want the channels of the smaller map first (KRSC): a transposed convolution has them so, those of
 * a convolution are packed, and their gradient is turned back out of scratch.
 * An algorithm is chosen when the plan is made, from cuDNN's own ranking without trying them out: the choice follows from shape, card
 * and library alone. Its ranking is asked for a size of scratch again, for the very arithmetic that will run.
 * The trap: cuDNN's padding is the same before and after; what differs is taken where the output has the same size all the same. */
#include "kernels/dnn_cuda.h"
#include "kernels/dnn_cuda_library.h"
#include "kernels/rows.h"
#include "base/die.h"
#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

/* What cuDNN is asked for: to the smaller map, to the larger one, to the weights */
typedef enum { DOWN, UP, WEIGHTS } way;

typedef struct job {
    const dnn_library *l;
    way to;
    cudnnTensorDescriptor_t large, little, bias;
    cudnnFilterDescriptor_t weights;
    cudnnConvolutionDescriptor_t conv;
    cudnnActivationDescriptor_t relu;
    int algorithm;
    size_t work;                         /* cuDNN's own part of the scratch; what follows is ours */
} job;

enum { ALIGN = 256, MOST_WORK = 256 << 20 };                   /* bytes: of what follows cuDNN's scratch; of scratch that speed may cost */

/* Names of the algorithms, for `plan`, and which of them do other sums than products in order */
static const struct { const char *name[8]; int winograd[2], fft[2]; } algorithms[] = {
    [DOWN] = { { "implicit gemm", "implicit precomp gemm", "gemm", "direct", "fft", "fft tiling", "winograd", "winograd nonfused" },
               { CUDNN_CONVOLUTION_FWD_ALGO_WINOGRAD, CUDNN_CONVOLUTION_FWD_ALGO_WINOGRAD_NONFUSED },
               { CUDNN_CONVOLUTION_FWD_ALGO_FFT, CUDNN_CONVOLUTION_FWD_ALGO_FFT_TILING } },
    [UP] = { { "algorithm 0", "algorithm 1", "fft", "fft tiling", "winograd", "winograd nonfused" },
             { CUDNN_CONVOLUTION_BWD_DATA_ALGO_WINOGRAD, CUDNN_CONVOLUTION_BWD_DATA_ALGO_WINOGRAD_NONFUSED },
             { CUDNN_CONVOLUTION_BWD_DATA_ALGO_FFT, CUDNN_CONVOLUTION_BWD_DATA_ALGO_FFT_TILING } },
    [WEIGHTS] = { { "algorithm 0", "algorithm 1", "fft", "algorithm 3", "winograd", "winograd nonfused", "fft tiling" },
                  { CUDNN_CONVOLUTION_BWD_FILTER_ALGO_WINOGRAD, CUDNN_CONVOLUTION_BWD_FILTER_ALGO_WINOGRAD_NONFUSED },
                  { CUDNN_CONVOLUTION_BWD_FILTER_ALGO_FFT, CUDNN_CONVOLUTION_BWD_FILTER_ALGO_FFT_TILING } },
};

static way way_of(const conv_shape *s, conv_pass pass)
{
    return pass == CONV_WEIGHTS ? WEIGHTS : (pass == CONV_FORWARD) == !s->transposed ? DOWN : UP;
}

/* A map of cuDNN's convolution: n h w c with a pixel stride */
typedef struct { int64_t n, h, w, c, stride; } map;
static map in_of(const conv_shape *s) { return (map){ s->n, s->h, s->w, s->c, s->xs }; }
static map out_of(const conv_shape *s) { return (map){ s->n, s->oh, s->ow, s->k, s->ys }; }
static map large_of(const conv_shape *s) { return s->transposed ? out_of(s) : in_of(s); }
static map little_of(const conv_shape *s) { return s->transposed ? in_of(s) : out_of(s); }

/* Rows of a convolution's weights: taps and input channels; its columns are the output channels */
static int64_t weight_rows(const conv_shape *s) { return conv_weights(s) / s->k; }

/* Can each pixel be read by 16 bytes, or does the map at least lie alone? */
static int lies_well(const map *m) { return m->stride == m->c || (m->stride % 4 == 0 && m->c % 4 == 0); }

static int takes(const conv_shape *s)
{
    const map a = large_of(s), b = little_of(s);
    return s->by != BY_OWN && !s->bf16 && !s->x16 && !s->y16 && !s->apart && lies_well(&a) && lies_well(&b)
        && conv_size(a.h, s->kh, s->sh, s->dh, 2 * s->top) == b.h && conv_size(a.w, s->kw, s->sw, s->dw, 2 * s->left) == b.w
        && a.n * a.h * a.w * a.stride <= INT_MAX && b.n * b.h * b.w * b.stride <= INT_MAX && conv_weights(s) <= INT_MAX;
}

static void describe_map(const dnn_library *l, cudnnTensorDescriptor_t *d, const map *m)
{
    DNN_CHECK(l, cudnnCreateTensorDescriptor(d), "describing a map");
    const int n = (int)m->n, h = (int)m->h, w = (int)m->w, c = (int)m->c, stride = (int)m->stride;
    DNN_CHECK(l, cudnnSetTensor4dDescriptorEx(*d, CUDNN_DATA_FLOAT, n, c, h, w, h * w * stride, 1, w * stride, stride),
              "describing a map of %dx%dx%dx%d with a stride of %d", n, h, w, c, stride);
}

static void describe(job *j, const conv_shape *s)
{
    const dnn_library *l = j->l;
    const map large = large_of(s), little = little_of(s), bias = { 1, 1, 1, s->k, s->k };
    describe_map(l, &j->large, &large), describe_map(l, &j->little, &little), describe_map(l, &j->bias, &bias);
    DNN_CHECK(l, cudnnCreateFilterDescriptor(&j->weights), "describing weights");
    const int k = (int)little.c, c = (int)(large.c / s->groups);
    DNN_CHECK(l, cudnnSetFilter4dDescriptor(j->weights, CUDNN_DATA_FLOAT, CUDNN_TENSOR_NHWC, k, c, (int)s->kh, (int)s->kw), "describing weights");
    DNN_CHECK(l, cudnnCreateConvolutionDescriptor(&j->conv), "describing a convolution");
    DNN_CHECK(l, cudnnSetConvolution2dDescriptor(j->conv, (int)s->top, (int)s->left, (int)s->sh, (int)s->sw, (int)s->dh, (int)s->dw,
                                                 CUDNN_CROSS_CORRELATION, CUDNN_DATA_FLOAT), "describing a convolution");
    DNN_CHECK(l, cudnnSetConvolutionGroupCount(j->conv, (int)s->groups), "describing a convolution of %lld groups", (long long)s->groups);
    DNN_CHECK(l, cudnnCreateActivationDescriptor(&j->relu), "describing an activation");
    DNN_CHECK(l, cudnnSetActivationDescriptor(j->relu, CUDNN_ACTIVATION_RELU, CUDNN_NOT_PROPAGATE_NAN, 0), "describing an activation");
}

static void job_free(job *j)
{
    const dnn_library *l = j->l;
    DNN_CHECK(l, cudnnDestroyTensorDescriptor(j->large), "releasing a description");
    DNN_CHECK(l, cudnnDestroyTensorDescriptor(j->little), "releasing a description");
    DNN_CHECK(l, cudnnDestroyTensorDescriptor(j->bias), "releasing a description");
    DNN_CHECK(l, cudnnDestroyFilterDescriptor(j->weights), "releasing a description");
    DNN_CHECK(l, cudnnDestroyConvolutionDescriptor(j->conv), "releasing a description");
    DNN_CHECK(l, cudnnDestroyActivationDescriptor(j->relu), "releasing a description");
    free(j);
}

/* ---- the choice ---- */

/* 1: it does that; 0: it says that it has nothing for it, which is an answer and no failure. By cuDNN 8: bad parameter, invalid value, another
 * architecture, not supported; cuDNN 9 has the thousands 2 and 3 for these. Dies on all else: a cuDNN 9 that lacks one of its own libraries, which
 * shows here first, ends the run with its words rather than on slower kernels. */
static int does(const dnn_library *l, int status, int line, const char *what)
{
    const int refuses = status == 3 || status == 5 || status == 6 || status == 9 || (status >= 2000 && status < 4000);
    if (!refuses) dnn_check(l->cudnnGetErrorString, status, __FILE__, line, "%s", what);
    return !status;
}

static int rank(const job *j, dnn_rating *r)
{
    const dnn_library *l = j->l;
    int n = 0;
    enum { MOST = DNN_MOST_ALGORITHMS };
    const int status = j->to == DOWN
        ? l->cudnnGetConvolutionForwardAlgorithm_v7(l->dnn, j->large, j->weights, j->conv, j->little, MOST, &n, r)
        : j->to == UP ? l->cudnnGetConvolutionBackwardDataAlgorithm_v7(l->dnn, j->weights, j->little, j->conv, j->large, MOST, &n, r)
        : l->cudnnGetConvolutionBackwardFilterAlgorithm_v7(l->dnn, j->large, j->little, j->conv, j->weights, MOST, &n, r);
    return does(l, status, __LINE__, "ranking its algorithms") ? n : 0;
}

/* 1 and its scratch if cuDNN can run this algorithm with the arithmetic of j->conv */
static int can_run(const job *j, int algorithm, size_t *work)
{
    const dnn_library *l = j->l;
    return does(l, j->to == DOWN ? l->cudnnGetConvolutionForwardWorkspaceSize(l->dnn, j->large, j->weights, j->conv, j->little, algorithm, work)
        : j->to == UP ? l->cudnnGetConvolutionBackwardDataWorkspaceSize(l->dnn, j->weights, j->little, j->conv, j->large, algorithm, work)
        : l->cudnnGetConvolutionBackwardFilterWorkspaceSize(l->dnn, j->large, j->little, j->conv, j->weights, algorithm, work),
        __LINE__, "asking for an algorithm's scratch");
}

static int is_one_of(const int two[2], int algorithm) { return algorithm == two[0] || algorithm == two[1]; }

/* The first algorithm of the ranking that may be used, into j and its name; 0: none */
static int choose(job *j, const conv_shape *s, char name[60])
{
    dnn_rating r[DNN_MOST_ALGORITHMS];
    DNN_CHECK(j->l, cudnnSetConvolutionMathType(j->conv, s->tf32 ? CUDNN_DEFAULT_MATH : CUDNN_FMA_MATH), "choosing its arithmetic");
    const int n = rank(j, r);
    for (int i = 0; i < n; i++) {
        const int a = r[i].algo;
        const int fixed = r[i].determinism == CUDNN_DETERMINISTIC, known = a >= 0 && a < 8 && algorithms[j->to].name[a];
        if (r[i].status || !known || (!fixed && s->by != BY_FASTEST) || r[i].mathType == CUDNN_TENSOR_OP_MATH_ALLOW_CONVERSION) continue;
        if (is_one_of(algorithms[j->to].fft, a) || (is_one_of(algorithms[j->to].winograd, a) && !s->winograd)) continue;
        if (!can_run(j, a, &j->work) || j->work > MOST_WORK) continue;
        j->algorithm = a;
        snprintf(name, 60, "cudnn %s%s%s", algorithms[j->to].name[a], s->tf32 ? " tf32" : "", fixed ? "" : ", bits vary");
        return 1;
    }
    return 0;
}

/* ---- the passes ---- */

static size_t padded(size_t n) { return (n + ALIGN - 1) / ALIGN * ALIGN; }

static const job *begin(const context *c, const conv_kernel *k)
{
    const job *j = k->state;
    DNN_CHECK(j->l, cudnnSetStream(j->l->dnn, (struct CUstream_st *)c->stream), "naming its stream");
    return j;
}

static void pack(const context *c, const conv_kernel *k, const real *w, void *to)
{
    dnn_turn(c, weight_rows(&k->s), k->s.k, w, to, 0);
}

/* 1 if cuDNN has done the bias and the activation too. What it does not fuse is no failure: it then has done nothing. */
static int run_fused(const context *c, const conv_kernel *k, const real *in, const real *w, const real *bias, real *out)
{
    const job *j = k->state;
    const dnn_library *l = j->l;
    const float one = 1, none = 0;
    return j->to == DOWN && bias && k->s.act == ACT_RELU
        && does(l, l->cudnnConvolutionBiasActivationForward(l->dnn, &one, j->large, in, j->weights, w, j->conv, j->algorithm, c->work, j->work,
                                                            &none, j->little, out, j->bias, bias, j->relu, j->little, out),
                __LINE__, "convolving with bias and activation");
}

static void run_down(const context *c, const conv_kernel *k, const real *in, const real *w, real *out, int add)
{
    const job *j = k->state;
    const float one = 1, before = add ? 1 : 0;
    DNN_CHECK(j->l, cudnnConvolutionForward(j->l->dnn, &one, j->large, in, j->weights, w, j->conv, j->algorithm, c->work, j->work,
                                            &before, j->little, out), "convolving to the smaller map (%s)", k->name);
}

static void run_up(const context *c, const conv_kernel *k, const real *in, const real *w, real *out, int add)
{
    const job *j = k->state;
    const float one = 1, before = add ? 1 : 0;
    DNN_CHECK(j->l, cudnnConvolutionBackwardData(j->l->dnn, &one, j->weights, w, j->little, in, j->conv, j->algorithm, c->work, j->work,
                                                 &before, j->large, out), "convolving to the larger map (%s)", k->name);
}

static void run_forward(const context *c, const conv_kernel *k, const real *x, const real *w, const real *bias, real *y, int add)
{
    const conv_shape *s = &k->s;
    const int64_t pixels = s->n * s->oh * s->ow;
    begin(c, k);
    assert(!add && ((uintptr_t)x | (uintptr_t)y | (uintptr_t)w) % 16 == 0);
    if (run_fused(c, k, x, w, bias, y)) return;
    (s->transposed ? run_up : run_down)(c, k, x, w, y, 0);
    if (bias) table_add_cuda(c, pixels, 1, s->k, y, s->ys, bias, s->k, y, s->ys);
    if (s->act != ACT_LINEAR) act_forward_cuda(c, pixels, s->k, y, s->ys, y, s->ys, s->act, s->slope);
}

static void run_data(const context *c, const conv_kernel *k, const real *gy, const real *w, const real *bias, real *gx, int add)
{
    (void)bias;
    begin(c, k);
    assert(((uintptr_t)gy | (uintptr_t)gx | (uintptr_t)w) % 16 == 0);
    (k->s.transposed ? run_down : run_up)(c, k, gy, w, gx, add);
}

static void run_weights(const context *c, const conv_kernel *k, const real *x, const real *gy, const real *bias, real *gw, int add)
{
    const job *j = begin(c, k);
    const conv_shape *s = &k->s;
    const real *large = s->transposed ? gy : x, *little = s->transposed ? x : gy;
    const float one = 1, before = s->transposed && add ? 1 : 0;
    real *out = s->transposed ? gw : (real *)((char *)c->work + padded(j->work));
    (void)bias;
    assert(((uintptr_t)x | (uintptr_t)gy | (uintptr_t)out) % 16 == 0);
    DNN_CHECK(j->l, cudnnConvolutionBackwardFilter(j->l->dnn, &one, j->large, large, j->little, little, j->conv, j->algorithm, c->work,
                                                   j->work, &before, j->weights, out), "convolving to the weights (%s)", k->name);
    if (!s->transposed) dnn_turn(c, s->k, weight_rows(s), out, gw, add);
}

static void release(conv_kernel *k) { job_free(k->state); }

int dnn_cuda_conv_make(const conv_shape *s, conv_pass pass, conv_kernel *k)
{
    if (!takes(s)) return 0;
    const dnn_library *l = dnn_library_open();
    if (!l->dnn) return 0;
    job *j = xalloc(sizeof *j);
    char name[60];
    j->l = l, j->to = way_of(s, pass);
    describe(j, s);
    if (!choose(j, s, name)) { job_free(j); return 0; }
    const size_t turned = s->transposed ? 0 : (size_t)conv_weights(s) * sizeof(real);
    *k = (conv_kernel){ .s = *s, .state = j, .release = release, 
                         .run = pass == CONV_FORWARD ? run_forward : pass == CONV_DATA ? run_data : run_weights };
    k->work = pass == CONV_WEIGHTS ? padded(j->work) + turned : j->work;
    if (pass != CONV_WEIGHTS && turned) k->packed = turned, k->pack = pack;
    snprintf(k->name, sizeof k->name, "%s", name);
    return 1;
}
