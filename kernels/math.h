/* math.h - exp, log, tanh and erf that a compiler can put into vector loops: no table, no branch, no errno.
 *
 * real_exp: x = k ln 2 + r, |r| <= ln 2 / 2, e^r by its Taylor series; the argument is held to the range where 2^k is a normal
 * number. real_log: x = 2^k m, m in [sqrt 1/2, sqrt 2), log m = 2 artanh((m - 1) / (m + 1)); x must be positive and normal.
 * real_tanh, real_erf: in float, an odd polynomial near 0, and 1 minus something small elsewhere: tanh x = 1 - 2 / (e^2x + 1),
 * erf x = 1 - e^-g(x), g a polynomial. The polynomials are least in the largest relative error of the result (weighted least squares
 * with Lawson's weights) and add less than 0.1 units. In double they are libm's.
 * Measured against libm: within 2 units in the last place, in float and in double (tests/op_rules_test.c). NaN stays NaN. */
#ifndef KERNELS_MATH_H
#define KERNELS_MATH_H
#include <math.h>
#include <string.h>
#include "kernels/kernel.h"

static inline DEVICE float exp_float(float x)
{
    x = x < -87.0f ? -87.0f : x > 88.0f ? 88.0f : x;
    const float shift = 12582912.0f;                           /* 1.5 * 2^23: adding it rounds to a whole number, in the low bits */
    float whole = x * 1.44269504f + shift, k = whole - shift, r = x - k * 0.693145752f - k * 1.42860677e-6f, p = 1.0f / 5040, two;
    uint32_t bits;
    p = p * r + 1.0f / 720, p = p * r + 1.0f / 120, p = p * r + 1.0f / 24, p = p * r + 1.0f / 6, p = p * r + 0.5f;
    memcpy(&bits, &whole, sizeof bits);
    bits = (bits + 127) << 23;
    memcpy(&two, &bits, sizeof two);
    return (p * r * r + r + 1) * two;
}

static inline DEVICE double exp_double(double x)
{
    x = x < -708.0 ? -708.0 : x > 709.0 ? 709.0 : x;
    const double shift = 6755399441055744.0;                   /* 1.5 * 2^52 */
    double whole = x * 1.4426950408889634 + shift, k = whole - shift, two, p = 1.0 / 6227020800;
    double r = x - k * 6.93147180369123816490e-01 - k * 1.90821492927058770002e-10;
    uint64_t bits;
    p = p * r + 1.0 / 479001600, p = p * r + 1.0 / 39916800, p = p * r + 1.0 / 3628800, p = p * r + 1.0 / 362880, p = p * r + 1.0 / 40320;
    p = p * r + 1.0 / 5040, p = p * r + 1.0 / 720, p = p * r + 1.0 / 120, p = p * r + 1.0 / 24, p = p * r + 1.0 / 6, p = p * r + 0.5;
    memcpy(&bits, &whole, sizeof bits);
    bits = (bits + 1023) << 52;
    memcpy(&two, &bits, sizeof two);
    return (p * r * r + r + 1) * two;
}

static inline DEVICE float log_float(float x)
{
    const float given = x;
    uint32_t bits;
    memcpy(&bits, &x, sizeof x);
    int32_t k = (int32_t)(bits - 0x3f3504f3u) >> 23;
    bits -= (uint32_t)k << 23;
    memcpy(&x, &bits, sizeof x);
    float f = x - 1, s = f / (x + 1), z = s * s, p = 2.0f / 9;
    p = p * z + 2.0f / 7, p = p * z + 2.0f / 5, p = p * z + 2.0f / 3;
    f = (float)k * 0.693145752f + (f - (s * (f - p * z) - (float)k * 1.42860677e-6f));
    return given == given ? f : given;
}

static inline DEVICE double log_double(double x)
{
    const double given = x;
    uint64_t bits;
    memcpy(&bits, &x, sizeof x);
    int64_t k = (int64_t)(bits - 0x3fe6a09e667f3bcdu) >> 52;
    bits -= (uint64_t)k << 52;
    memcpy(&x, &bits, sizeof x);
    double f = x - 1, s = f / (x + 1), z = s * s, p = 2.0 / 21;
    p = p * z + 2.0 / 19, p = p * z + 2.0 / 17, p = p * z + 2.0 / 15, p = p * z + 2.0 / 13, p = p * z + 2.0 / 11;
    p = p * z + 2.0 / 9, p = p * z + 2.0 / 7, p = p * z + 2.0 / 5, p = p * z + 2.0 / 3;
    f = (double)k * 6.93147180369123816490e-01 + (f - (s * (f - p * z) - (double)k * 1.90821492927058770002e-10));
    return given == given ? f : given;
}

static inline DEVICE float tanh_float(float x)
{
    const float size = x < 0 ? -x : x, z = x * x, far = 1 - 2 / (exp_float(2 * size) + 1);
    float p = -5.717044696e-3f;
    p = p * z + 2.065058611e-2f, p = p * z - 5.374349654e-2f, p = p * z + 1.333149076e-1f, p = p * z - 3.333328366e-1f;
    return size < 0.625f ? x + x * z * p : x < 0 ? -far : far;
}

static inline DEVICE float erf_float(float x)
{
    float size = x < 0 ? -x : x, z = x * x, p = 8.185089973e-5f, g = -1.936067711e-4f;
    p = p * z - 8.097702521e-4f, p = p * z + 5.196951795e-3f, p = p * z - 2.685770579e-2f, p = p * z + 1.128366366e-1f;
    p = p * z - 3.761263192e-1f, p = p * z + 1.28379226e-1f;
    size = size > 4 ? 4 : size;                                /* erf(4) is 1 to all places; beyond, the polynomial goes astray */
    g = g * size + 3.020255361e-3f, g = g * size - 2.213494480e-2f, g = g * size + 1.037397906e-1f, g = g * size + 6.374019980e-1f;
    g = g * size + 1.127544284f, g = g * size + 2.276559826e-4f;
    const float far = 1 - exp_float(-g);
    return size < 0.94f ? x + x * p : x < 0 ? -far : far;
}

static inline DEVICE real real_exp(real x) { return sizeof(real) == 8 ? (real)exp_double(x) : (real)exp_float((float)x); }
static inline DEVICE real real_log(real x) { return sizeof(real) == 8 ? (real)log_double(x) : (real)log_float((float)x); }
static inline DEVICE real real_tanh(real x) { return sizeof(real) == 8 ? (real)tanh((double)x) : (real)tanh_float((float)x); }
static inline DEVICE real real_erf(real x) { return sizeof(real) == 8 ? (real)erf((double)x) : (real)erf_float((float)x); }
#endif
