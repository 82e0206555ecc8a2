/* types.h - CUDA's vector types, bit casts, integer and bf16 helpers for the emulator, in plain C++. Alignment is the GPU's, so that
 * the undefined-behaviour sanitizer sees a 16-byte access at an address that is none. */
#ifndef CUDA_EMU_TYPES_H
#define CUDA_EMU_TYPES_H
#include <cmath>
#include <cstdint>
#include <cstring>

struct dim3 {
    unsigned x, y, z;
    constexpr dim3(unsigned a = 1, unsigned b = 1, unsigned c = 1) : x(a), y(b), z(c) {}
};

#define EMU_VECTOR(type, name) \
    struct alignas(2 * sizeof(type)) name##2 { type x, y; }; \
    struct name##3 { type x, y, z; }; \
    struct alignas(sizeof(type) < 4 ? 4 * sizeof(type) : 16) name##4 { type x, y, z, w; }; \
    static inline name##2 make_##name##2(type x, type y) { return { x, y }; } \
    static inline name##3 make_##name##3(type x, type y, type z) { return { x, y, z }; } \
    static inline name##4 make_##name##4(type x, type y, type z, type w) { return { x, y, z, w }; }
EMU_VECTOR(float, float)
EMU_VECTOR(double, double)
EMU_VECTOR(int, int)
EMU_VECTOR(unsigned, uint)
EMU_VECTOR(unsigned short, ushort)
EMU_VECTOR(unsigned char, uchar)
#undef EMU_VECTOR
struct alignas(16) longlong2 { long long x, y; };
struct alignas(16) ulonglong2 { unsigned long long x, y; };

template <typename T, typename F> static inline T emu_bits(F f)
{
    static_assert(sizeof(T) == sizeof(F), "bits of another size");
    T t;
    memcpy(&t, &f, sizeof t);
    return t;
}
static inline unsigned __float_as_uint(float v) { return emu_bits<unsigned>(v); }
static inline int __float_as_int(float v) { return emu_bits<int>(v); }
static inline float __uint_as_float(unsigned v) { return emu_bits<float>(v); }
static inline float __int_as_float(int v) { return emu_bits<float>(v); }
static inline long long __double_as_longlong(double v) { return emu_bits<long long>(v); }
static inline double __longlong_as_double(long long v) { return emu_bits<double>(v); }

/* min and max as CUDA has them: of two of one type */
#define EMU_LEAST(name, op, real_f, real_d) \
    static inline int name(int a, int b) { return a op b ? a : b; } \
    static inline unsigned name(unsigned a, unsigned b) { return a op b ? a : b; } \
    static inline long name(long a, long b) { return a op b ? a : b; } \
    static inline unsigned long name(unsigned long a, unsigned long b) { return a op b ? a : b; } \
    static inline long long name(long long a, long long b) { return a op b ? a : b; } \
    static inline unsigned long long name(unsigned long long a, unsigned long long b) { return a op b ? a : b; } \
    static inline float name(float a, float b) { return real_f(a, b); } \
    static inline double name(double a, double b) { return real_d(a, b); }
EMU_LEAST(min, <, fminf, fmin)
EMU_LEAST(max, >, fmaxf, fmax)
#undef EMU_LEAST

static inline float rsqrtf(float x) { return 1 / sqrtf(x); }
static inline double rsqrt(double x) { return 1 / sqrt(x); }
static inline float __saturatef(float x) { return x > 0 ? x < 1 ? x : 1 : 0; }
static inline float __fmaf_rn(float a, float b, float c) { return fmaf(a, b, c); }
static inline int __popc(unsigned v) { return __builtin_popcount(v); }
static inline int __popcll(unsigned long long v) { return __builtin_popcountll(v); }
static inline int __clz(int v) { return v ? __builtin_clz((unsigned)v) : 32; }
static inline int __ffs(int v) { return __builtin_ffs(v); }
static inline unsigned __umulhi(unsigned a, unsigned b) { return (unsigned)((uint64_t)a * b >> 32); }
static inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b)
{
    return (unsigned long long)((unsigned __int128)a * b >> 64);
}
template <typename T> static inline T __ldg(const T *p) { return *p; }

/* The part of cuda_bf16.h that kernels use */
struct __nv_bfloat16 { uint16_t x; };
struct alignas(4) __nv_bfloat162 { __nv_bfloat16 x, y; };

static inline __nv_bfloat16 __float2bfloat16_rn(float f)       /* to nearest, ties to even; NaN stays NaN */
{
    const uint32_t v = __float_as_uint(f);
    if (f != f) return { 0x7fff };
    return { (uint16_t)((v + 0x7fff + (v >> 16 & 1)) >> 16) };
}
static inline __nv_bfloat16 __float2bfloat16(float f) { return __float2bfloat16_rn(f); }
static inline float __bfloat162float(__nv_bfloat16 b) { return __uint_as_float((uint32_t)b.x << 16); }
static inline unsigned short __bfloat16_as_ushort(__nv_bfloat16 b) { return b.x; }
static inline __nv_bfloat16 __ushort_as_bfloat16(unsigned short v) { return { v }; }
static inline __nv_bfloat162 __floats2bfloat162_rn(float a, float b) { return { __float2bfloat16_rn(a), __float2bfloat16_rn(b) }; }
static inline __nv_bfloat162 __halves2bfloat162(__nv_bfloat16 a, __nv_bfloat16 b) { return { a, b }; }
static inline __nv_bfloat16 __low2bfloat16(__nv_bfloat162 v) { return v.x; }
static inline __nv_bfloat16 __high2bfloat16(__nv_bfloat162 v) { return v.y; }
static inline float2 __bfloat1622float2(__nv_bfloat162 v) { return { __bfloat162float(v.x), __bfloat162float(v.y) }; }
#endif
