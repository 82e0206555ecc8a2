/* kernel.h - what a kernel is: a function on plain arrays that knows nothing of graphs, with one signature for every device.
 *
 * KERNEL(f, args) declares f_cpu and f_cuda; RUN(f, args) calls the one of the device the caller is compiled for. The code that
 * calls kernels (nn/ops) is compiled once for the CPU into the program and once with -DDARKSPINE_CUDA into the plugin, which is
 * linked with --no-undefined: a missing CUDA kernel is a link error there, never a silent copy to the CPU.
 *
 * Maps are NHWC. A map argument is a pointer and a pixel stride: channel c of pixel p of x stands at x[p * xs + c], xs >= c, so a
 * kernel can write straight into some channels of a wider map and a concat costs nothing.
 * `add`: 0 sets the output, 1 adds to what stands there (gradients of a value that is used more than once).
 * One source gives every precision: `real` is float, or double in the build that checks gradients. Maps are of `elem`: that is real,
 * but CPU files that can do with maps in bf16 are compiled once more with -DMAPS_BF16, which gives f_bf16 beside f_cpu. They define
 * CPU(f) and touch maps by elem.h only; whatever is no map stays real. */
#ifndef KERNELS_KERNEL_H
#define KERNELS_KERNEL_H
#include <stddef.h>
#include <stdint.h>

#ifndef REAL
#define REAL float
#endif
typedef REAL real;
typedef struct { uint16_t bits; } bf16;  /* the upper half of a float; bf16.h */
#ifdef MAPS_BF16
typedef bf16 elem;
#else
typedef real elem;
#endif

/* The vendor's library where it is found, only what gives the same bits every run; the same whatever its bits; our own kernels */
enum by { BY_LIBRARY, BY_FASTEST, BY_OWN };

/* What changes from one training step to the next, in the memory of a GPU. A step that is recorded once and replayed reads it there,
 * since the numbers that a launch is given are part of the record (train/replay.h). */
typedef struct live_numbers {
    uint32_t step, micro;                /* as in the context */
    real lr, root, take, shrink;         /* as in optim_rule; shrink: of parameters that decay */
    int first;
    int stop;                            /* set by the device, as all that follows: norm or loss is not finite, nothing may be updated */
    real scale;                          /* the clip factor */
    double norm;                         /* of the gradient */
} live_numbers;

typedef struct context {                 /* where and how kernels run */
    const struct device *dev;
    void *stream;                        /* cudaStream_t on a GPU, NULL on the CPU */
    int bf16;                            /* convolutions multiply bf16 numbers and add in float32; maps may be stored in bf16 */
    int tf32;                            /* the same with TF32, where the device has it (a CPU has not) */
    int by;                              /* who computes convolutions and matrix products on a GPU: enum by */
    int winograd;                        /* convolutions may use Winograd's algorithm where it is faster; it rounds more */
    int training;                        /* batch statistics, dropout; 0: running statistics, no dropout, no side effect */
    uint64_t seed;                       /* of this run, for dropout */
    uint32_t step;                       /* optimiser steps done so far */
    uint32_t micro;                      /* which micro-batch of the step */
    int accumulate;                      /* parameter gradients add to what stands there (micro-batches after the first) */
    double loss_scale;                   /* the gradient a loss starts from: 1 / micro-batches */
    void *work;                          /* scratch memory of the running step; nothing in it outlives the step */
    live_numbers *live;                  /* on a GPU, in its memory: what holds instead of step, micro and the rule; NULL: those hold */
} context;

#ifdef __cplusplus
#define KERNEL_C extern "C"
#else
#define KERNEL_C
#endif
#ifdef MAPS_BF16
#define KERNEL(f, ...) void f##_bf16(const context *, __VA_ARGS__)
#define CPU(f) f##_bf16
#define KERNEL_HERE(f) f##_bf16
#else
#define KERNEL(f, ...) KERNEL_C void f##_cpu(const context *, __VA_ARGS__); KERNEL_C void f##_cuda(const context *, __VA_ARGS__)
#define CPU(f) f##_cpu
#ifdef DARKSPINE_CUDA
#define KERNEL_HERE(f) f##_cuda
#else
#define KERNEL_HERE(f) f##_cpu
#endif
#endif
#define RUN(f, ...) KERNEL_HERE(f)(c, __VA_ARGS__)

#ifdef __CUDACC__
#define DEVICE __host__ __device__       /* the scalar formulas that a CPU and a CUDA kernel share */
#else
#define DEVICE
#endif
#endif
