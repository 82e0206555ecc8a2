/* balance.h - how strongly an adversary's loss counts beside a reconstruction's: so that their gradients at one place are of one size
 * (Esser et al. 2021). With A and B the sums of squares of the two gradients at the decoder's last weights,
 *   w = weight min(sqrt A / (sqrt B + floor), limit),   y = w g
 * and the weight is a constant to the gradient. The weight multiplies after the limit. */
#ifndef KERNELS_BALANCE_H
#define KERNELS_BALANCE_H
#include <math.h>
#include "kernels/kernel.h"

typedef struct { double weight, floor, limit; } balance_rule;

/* a, b, g, y, w: one number each; a and b NULL: w = weight */
KERNEL(balance_forward, balance_rule r, const real *g, const real *a, const real *b, real *y, real *w);
KERNEL(balance_backward, const real *w, const real *gy, real *gg, int add);

static inline DEVICE double balance_weight(balance_rule r, const real *a, const real *b)
{
    if (!a) return r.weight;
    const double ratio = sqrt((double)*a) / (sqrt((double)*b) + r.floor);
    return r.weight * (ratio < r.limit ? ratio : r.limit);
}
#endif
