/* mma.h - the matrix multiply-add of a warp (tensor cores, sm_80 and later), for CUDA files only.
 *
 * c [16 8] += a [16 8 words] b [8 words, 8]: a word is one TF32 number, or two bf16 numbers that follow each other along the depth.
 * With g = lane / 4 and t = lane % 4 a lane holds
 *     a: (row g, word t) (row g + 8, t) (row g, t + 4) (row g + 8, t + 4)      b: (word t, column g) (t + 4, g)
 *     c: (row g, column 2t) (g, 2t + 1) (g + 8, 2t) (g + 8, 2t + 1)
 * as the PTX manual draws the fragments of mma.m16n8k8 and mma.m16n8k16. The plain form is the definition and runs in
 * the emulator. A GPU without tensor cores for these types has no form at all: mma_there() says no there, and who asks multiplies by FMA.
 * The trap: all 32 lanes must come, with threadIdx.x counting them. */
#ifndef KERNELS_MMA_H
#define KERNELS_MMA_H
#include "kernels/cuda.h"

#if defined __CUDA_ARCH__ && __CUDA_ARCH__ >= 800
#define MMA_PTX 1
#else
#define MMA_PTX 0
#endif

#ifdef __CUDACC__
static __global__ void mma_probe() {}
#endif

/* 1 if the code that the GPU in use runs has fragments: not the GPU alone counts, a newer one may run what was built for an older one */
static inline int mma_there(void)
{
#ifdef __CUDACC__
    cudaFuncAttributes code;
    CUDA_CHECK(cudaFuncGetAttributes(&code, mma_probe), "asking for what its code was built");
    return code.ptxVersion >= 80;
#else
    return 1;
#endif
}

/* v rounded to bf16, to the nearest and even; NaN stays NaN */
static __device__ inline uint32_t bf16_bits(float v)
{
    const uint32_t u = __float_as_uint(v);
    return (u & 0x7fffffffu) > 0x7f800000u ? 0x7fc0u : (u + 0x7fffu + (u >> 16 & 1)) >> 16;
}

/* Two numbers as one word of bf16, the first in the low half */
static __device__ inline uint32_t bf16_pair(float low, float high)
{
#if MMA_PTX
    uint32_t word;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(word) : "f"(high), "f"(low));
    return word;
#else
    return bf16_bits(low) | bf16_bits(high) << 16;
#endif
}

/* v rounded to TF32 (10 bits of fraction), to the nearest, ties away from zero */
static __device__ inline uint32_t tf32_word(float v)
{
#if MMA_PTX
    uint32_t word;
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(word) : "f"(v));
    return word;
#else
    const uint32_t u = __float_as_uint(v);
    return (u & 0x7f800000u) == 0x7f800000u ? u : (u + 0x1000u) & ~0x1fffu;
#endif
}

static __device__ inline float tf32_product(float sum, uint32_t a, uint32_t b)
{
    return sum + __uint_as_float(a) * __uint_as_float(b);
}
static __device__ inline float bf16_product(float sum, uint32_t a, uint32_t b)
{
    const uint32_t high = 0xffff0000u;
    sum += __uint_as_float(a << 16) * __uint_as_float(b << 16);
    return sum + __uint_as_float(a & high) * __uint_as_float(b & high);
}

/* The definition, for the emulator; product adds the product of two words to a sum. Nothing launches it on a GPU (see mma_there). */
template <float (*product)(float, uint32_t, uint32_t)>
static __device__ inline void mma_plain(float *c, const uint32_t *a, const uint32_t *b)
{
#ifdef __CUDACC__
    (void)c, (void)a, (void)b;
    __trap();
#else
    const int g = threadIdx.x % 32 / 4, t = threadIdx.x % 4;
    const uint32_t mine[6] = { a[0], a[1], a[2], a[3], b[0], b[1] };
    uint32_t all[32][6];
    emu_warp_exchange(mine, sizeof mine, all);
    for (int i = 0; i < 4; i++)
        for (int s = 0; s < 4; s++) {
            const uint32_t *row = all[g * 4 + s] + i / 2, *column = all[(2 * t + i % 2) * 4 + s] + 4;
            c[i] = product(product(c[i], row[0], column[0]), row[2], column[1]);
        }
#endif
}

static __device__ inline void mma_tf32(float *c, const uint32_t *a, const uint32_t *b)
{
#if MMA_PTX
    asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3]) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#else
    mma_plain<tf32_product>(c, a, b);
#endif
}

static __device__ inline void mma_bf16(float *c, const uint32_t *a, const uint32_t *b)
{
#if MMA_PTX
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
        : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3]) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#else
    mma_plain<bf16_product>(c, a, b);
#endif
}
#endif
