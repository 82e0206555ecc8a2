/* optim.c - optimiser steps on the CPU; see optim.h. Every pass is bound by memory: three to five arrays are read and two to
 * four written once. The rule is copied to the stack first, so that the compiler knows it cannot change under the loop. */
#include "kernels/optim.h"
#include <string.h>

/* `one` on every element i, and the average where there is one: two loops, so that neither asks */
#define EACH(n, one) do { \
    if (e) { _Pragma("omp parallel for simd schedule(static)") for (size_t i = 0; i < (n); i++) { one; e[i] = optim_mean(e[i], x[i], r.take); } } \
    else { _Pragma("omp parallel for simd schedule(static)") for (size_t i = 0; i < (n); i++) one; } } while (0)

void optim_sgd_cpu(const context *c, size_t n, real *restrict x, const real *restrict g, real *restrict m, real *restrict e,
                   const optim_rule *rule)
{
    (void)c;
    const optim_rule r = *rule;
    EACH(n, optim_sgd_one(&x[i], g[i], &m[i], &r));
}

void optim_adam_cpu(const context *c, size_t n, real *restrict x, const real *restrict g, real *restrict m, real *restrict v,
                    real *restrict e, const optim_rule *rule)
{
    (void)c;
    const optim_rule r = *rule;
    EACH(n, optim_adam_one(&x[i], g[i], &m[i], &v[i], &r));
}

void optim_rmsprop_cpu(const context *c, size_t n, real *restrict x, const real *restrict g, real *restrict m, real *restrict v,
                       real *restrict e, const optim_rule *rule)
{
    (void)c;
    const optim_rule r = *rule;
    EACH(n, optim_rmsprop_one(&x[i], g[i], &m[i], &v[i], &r));
}

/* Sixteen running sums side by side: a vector register wide, and an order that the compiler may not change. */
static double squares(size_t n, const real *g)
{
    enum { LANES = 16 };
    double lane[LANES] = { 0 }, sum = 0;
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int j = 0; j < LANES; j++) lane[j] += (double)g[i + (size_t)j] * (double)g[i + (size_t)j];
    for (; i < n; i++) lane[i % LANES] += (double)g[i] * (double)g[i];
    for (int j = 0; j < LANES; j++) sum += lane[j];
    return sum;
}

void optim_squares_cpu(const context *c, size_t n, const real *g, double *partial)
{
    (void)c;
    #pragma omp parallel for schedule(static)
    for (size_t i = 0; i < n; i += OPTIM_BLOCK) partial[i / OPTIM_BLOCK] = squares(n - i < OPTIM_BLOCK ? n - i : OPTIM_BLOCK, g + i);
}

void optim_average_cpu(const context *c, size_t n, const real *restrict x, real *restrict e, double keep)
{
    (void)c;
    const real take = (real)(1 - keep);
    #pragma omp parallel for simd schedule(static)
    for (size_t i = 0; i < n; i++) e[i] = optim_mean(e[i], x[i], take);
}
