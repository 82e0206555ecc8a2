/* balance.c - see balance.h. */
#include "kernels/balance.h"

void balance_forward_cpu(const context *c, balance_rule r, const real *g, const real *a, const real *b, real *y, real *w)
{
    (void)c;
    *w = (real)balance_weight(r, a, b);
    *y = *w * *g;
}

void balance_backward_cpu(const context *c, const real *w, const real *gy, real *gg, int add)
{
    (void)c;
    *gg = (add ? *gg : 0) + *w * *gy;
}
