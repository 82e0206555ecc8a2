/* random.h - SplitMix64 (Steele, Lea and Flood 2014), seeded by the caller; internal to geometry/. */
#ifndef GEOMETRY_RANDOM_H
#define GEOMETRY_RANDOM_H
#include <math.h>
#include <stdint.h>

static inline uint64_t random_next(uint64_t *s)
{
    uint64_t z = *s += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u, z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}
/* [0, 1) */
static inline double random_uniform(uint64_t *s) { return (double)(random_next(s) >> 11) * 0x1p-53; }
/* 0 .. n - 1 */
static inline int64_t random_below(uint64_t *s, int64_t n) { return (int64_t)(random_uniform(s) * (double)n); }
/* Box and Muller 1958. */
static inline double random_normal(uint64_t *s)
{
    double u = random_uniform(s) + 1e-300, v = random_uniform(s);
    return sqrt(-2 * log(u)) * cos(6.283185307179586 * v);
}
#endif
