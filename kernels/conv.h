/* conv.h - convolution and transposed convolution: their shape, their three passes, and the choice of who computes a pass.
 *
 * The loop nests conv_forward .. deconv_backward_weights are the definition. What a network runs is chosen once per layer and pass
 * by conv_choose, from a table of implementations of which the loop nests are the last row; a faster one is one more row.
 * Weights lie H, W, I / groups, O for a convolution and I, H, W, O for a transposed one (LAYOUT_CONV, LAYOUT_DECONV), both with the
 * output channels together, so that the innermost loops run over neighbours.
 * The trap: paddings are those of the convolution. A transposed convolution is the backward-data pass of the convolution that
 * leads from its output to its input, and its paddings are cut off its output. */
#ifndef KERNELS_CONV_H
#define KERNELS_CONV_H
#include "kernels/activation.h"
#include "kernels/kernel.h"

typedef struct conv_shape {
    int64_t n, h, w, c, xs;              /* input map n h w c and its pixel stride; its gradient lies alike */
    int64_t oh, ow, k, ys;               /* output map n oh ow k and its pixel stride */
    int64_t kh, kw, sh, sw, dh, dw;      /* kernel, stride, dilation (1: none), along h and w */
    int64_t top, bottom, left, right;    /* pixels of zero padding */
    int64_t groups;                      /* of channels; 1 in a transposed convolution */
    int transposed, bias;                /* bias: forward adds one, [k] */
    activation act; real slope;          /* what forward applies last: linear in training, where backward wants the value before */
    int bf16;                            /* factors may be rounded to bf16 where that is faster; sums are float32 */
    int tf32;                            /* the same as bf16 with TF32, where the device has it */
    int x16, y16;                        /* the input map, the output map lies in bf16, its gradient too: pointers to it are bf16 * */
    int by;                              /* who may compute it on a GPU: enum by */
    int apart;                           /* a map starts at no multiple of 4 channels of the map it lies in */
    int winograd;                        /* Winograd's algorithm may be used where that is faster; it rounds more */
} conv_shape;

/* The output size along one axis: pad is the sum of both sides; of a transposed one, extra is its output padding. */
static inline int64_t conv_size(int64_t n, int64_t kernel, int64_t stride, int64_t dilation, int64_t pad)
{
    int64_t room = n + pad - dilation * (kernel - 1) - 1;
    return room < 0 ? 0 : room / stride + 1;
}
static inline int64_t deconv_size(int64_t n, int64_t kernel, int64_t stride, int64_t dilation, int64_t pad, int64_t extra)
{
    return (n - 1) * stride + dilation * (kernel - 1) + 1 - pad + extra;
}

/* Along one axis: the position that tap a of position i of the smaller map reads in the larger one, or -1 outside its size. */
static inline DEVICE int64_t conv_reads(int64_t i, int64_t a, int64_t stride, int64_t dilation, int64_t pad, int64_t size)
{
    int64_t p = i * stride + a * dilation - pad;
    return p >= 0 && p < size ? p : -1;
}
/* The other way: the position of the smaller map whose tap a reads position i of the larger one, or -1. */
static inline DEVICE int64_t conv_read_by(int64_t i, int64_t a, int64_t stride, int64_t dilation, int64_t pad, int64_t size)
{
    int64_t p = i + pad - a * dilation;
    return p >= 0 && p % stride == 0 && p / stride < size ? p / stride : -1;
}
KERNEL_C int64_t conv_macs(const conv_shape *s);                  /* multiply-adds of one pass, border taps counted like the others */
KERNEL_C int64_t conv_weights(const conv_shape *s);               /* numbers in its weights */

/* x [n h w c], w [kh kw c/groups k], b [k] or NULL, y [n oh ow k]; maps by pixel stride. Cross-correlation, as every framework has it. */
KERNEL(conv_forward, const conv_shape *s, const real *x, const real *w, const real *b, real *y);
KERNEL(conv_backward_data, const conv_shape *s, const real *gy, const real *w, real *gx, int add);
KERNEL(conv_backward_weights, const conv_shape *s, const real *x, const real *gy, real *gw, int add);    /* on a GPU with scratch: conv.cu */
/* The same with w [c kh kw k]: y[i sh + a dh - top, j sw + b dw - left, :] sums x[i, j, c] w[c, a, b, :] */
KERNEL(deconv_forward, const conv_shape *s, const real *x, const real *w, const real *b, real *y);
KERNEL(deconv_backward_data, const conv_shape *s, const real *gy, const real *w, real *gx, int add);
KERNEL(deconv_backward_weights, const conv_shape *s, const real *x, const real *gy, real *gw, int add);

/* gb [k] = sums of gy over pixels; scratch: bias_work bytes */
KERNEL(bias_backward, int64_t pixels, int64_t k, const real *gy, int64_t gys, real *gb, int add);
KERNEL_C size_t bias_work(int64_t pixels, int64_t k);

typedef enum { CONV_FORWARD, CONV_DATA, CONV_WEIGHTS, CONV_PASSES } conv_pass;

typedef struct conv_kernel {             /* one pass of one layer, ready to run; zero is a valid state */
    char name[60];                       /* for `plan` */
    size_t work;                         /* scratch bytes it wants in context.work, 64-byte aligned */
    size_t packed;                       /* bytes of the weights in the form that run reads; 0: it reads them as they are */
    conv_shape s;
    /* Brings w into that form, at `packed` bytes from `to`, 64-byte aligned; NULL where packed is 0. Holds until w changes. */
    void (*pack)(const context *c, const struct conv_kernel *k, const real *w, void *to);
    /* forward: a = x, b = w or packed, out = y.  data: a = gy, b = w or packed, out = gx.  weights: a = x, b = gy, out = gw.
     * bias: forward only. */
    void (*run)(const context *c, const struct conv_kernel *k, const real *a, const real *b, const real *bias, real *out, int add);
    /* weights, where gy is of a type that bias_backward does not read: its sums over pixels; scratch: bias_work bytes. Else NULL */
    void (*bias)(const context *c, const struct conv_kernel *k, const real *gy, real *gb, int add);
    void (*release)(struct conv_kernel *k);              /* frees state; NULL: nothing to free */
    void *state;
} conv_kernel;

/* Fills k with the first implementation that takes this pass on this machine. */
KERNEL(conv_choose, const conv_shape *s, conv_pass pass, conv_kernel *k);
KERNEL_C void conv_release(conv_kernel *k);

/* A row of the table: 1 and k filled, or 0 and k untouched where it does not take the shape or is no gain. */
typedef int conv_make(const conv_shape *s, conv_pass pass, conv_kernel *k);
conv_make deconv_gemm_make;              /* kernel = stride: a matrix product and a shuffle (deconv.c) */
conv_make conv_few_make;                 /* to four outputs at most: lanes along the channels of x, float32 with AVX-512 */
conv_make deconv_avx512_make;            /* the same without the shuffle, float32 with AVX-512 */
conv_make conv_through_make;              /* maps in bf16 by kernels that know reals only: through copies of them (conv_through.c) */
void conv_bias_bf16(const context *c, const conv_kernel *k, const real *gy, real *gb, int add);      /* conv_kernel.bias where gy is bf16 */
KERNEL_C conv_make conv_tiles_make;      /* on the GPU: tiles of a matrix product that gather their factors (conv_tiles.cu) */
#endif
