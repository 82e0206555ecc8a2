/* rng.h - random numbers as a pure function: Philox4x32-10 (Salmon et al., SC 2011; Random123), keyed (seed, purpose), counted
 * (a, b, element). There is no state to save: a worker count, a rank count, a device or a resume cannot change a run.
 * Every place that draws has its own purpose, so that two of them never share a number. Compiles as C, C++ and CUDA. */
#ifndef BASE_RNG_H
#define BASE_RNG_H
#include <stdint.h>
#include <math.h>
#include <Random123/philox.h>

#ifdef __CUDACC__
#define RNG_INLINE static inline __host__ __device__
#else
#define RNG_INLINE static inline
#endif

enum rng_purpose { RNG_INIT = 1, RNG_DROPOUT, RNG_SHUFFLE, RNG_AUGMENT, RNG_NOISE, RNG_SPLIT, RNG_FILM, RNG_TEST, RNG_ELASTIC, RNG_PHANTOM,
                   RNG_ANCHORS, RNG_REGIONS, RNG_CODE, RNG_ERASE };

typedef struct { uint32_t v[4]; } rng4;

/* Four independent 32-bit numbers. a: epoch or step; b: sample; element: position within it. */
RNG_INLINE rng4 rng_draw(uint64_t seed, uint32_t purpose, uint32_t a, uint32_t b, uint64_t element)
{
    philox4x32_ctr_t c = {{ (uint32_t)element, (uint32_t)(element >> 32), a, b }};
    philox4x32_key_t k = {{ (uint32_t)seed, (uint32_t)(seed >> 32) ^ (purpose * 0x9E3779B9u) }};
    philox4x32_ctr_t r = philox4x32(c, k);
    rng4 o = {{ r.v[0], r.v[1], r.v[2], r.v[3] }};
    return o;
}
RNG_INLINE double rng_u01(uint32_t v) { return (v + 0.5) * (1.0 / 4294967296.0); }              /* in (0, 1) */
RNG_INLINE double rng_range(uint32_t v, double lo, double hi) { return lo + (hi - lo) * rng_u01(v); }
RNG_INLINE uint32_t rng_below(uint32_t v, uint32_t n) { return (uint32_t)(((uint64_t)v * n) >> 32); }   /* 0..n-1 */
/* Standard normal from two numbers (Box and Muller 1958). */
RNG_INLINE double rng_normal(uint32_t v, uint32_t w) { return sqrt(-2 * log(rng_u01(v))) * cos(6.283185307179586 * rng_u01(w)); }
#endif
