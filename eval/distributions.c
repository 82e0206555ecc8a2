/* distributions.c - see distributions.h. The trap: the continued fraction converges fast only below the mean of the beta distribution;
 * above it the tails change places. */
#include "eval/distributions.h"
#include <assert.h>
#include <math.h>

/* The continued fraction of I_x(a, b), by Lentz's method; `tiny` stands in for a denominator of zero. */
static double fraction(double a, double b, double x)
{
    const double tiny = 1e-300;
    double c = 1, d = 1 - (a + b) * x / (a + 1), f;
    d = 1 / (fabs(d) < tiny ? tiny : d), f = d;
    for (int m = 1; m < 10000; m++) {
        double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)), odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        for (int i = 0; i < 2; i++) {
            double term = i ? odd : even;
            d = 1 + term * d, c = 1 + term / c;
            d = 1 / (fabs(d) < tiny ? tiny : d);
            if (fabs(c) < tiny) c = tiny;
            f *= c * d;
        }
        if (fabs(c * d - 1) < 1e-16) break;
    }
    return f;
}

double beta_regular(double a, double b, double x)
{
    assert(a > 0 && b > 0 && x >= 0 && x <= 1);
    if (x == 0 || x == 1) return x;
    double front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x));
    return x < (a + 1) / (a + b + 2) ? front * fraction(a, b, x) / a : 1 - front * fraction(b, a, 1 - x) / b;
}

double student_below(double t, double v)
{
    assert(v > 0);
    double share = t * t / (v + t * t);                          /* the smaller of the two shares keeps all digits */
    if (share < 0.5) return 0.5 + copysign(0.5 * beta_regular(0.5, 0.5 * v, share), t);
    double tail = 0.5 * beta_regular(0.5 * v, 0.5, v / (v + t * t));
    return t > 0 ? 1 - tail : tail;
}

double fisher_below(double f, double a, double b)
{
    assert(a > 0 && b > 0);
    return f <= 0 ? 0 : beta_regular(0.5 * a, 0.5 * b, a * f / (a * f + b));
}

double student_inverse(double p, double v)
{
    assert(p > 0 && p < 1 && v > 0);
    if (p > 0.5) return -student_inverse(1 - p, v);
    double lo = -1, hi = 0;
    while (student_below(lo, v) > p) lo *= 2;
    for (;;) {                                                   /* ends when no double lies between */
        double mid = 0.5 * (lo + hi);
        if (mid <= lo || mid >= hi) return mid;
        if (student_below(mid, v) < p) lo = mid; else hi = mid;
    }
}

double fisher_inverse(double p, double a, double b)
{
    assert(p > 0 && p < 1 && a > 0 && b > 0);
    double lo = 0, hi = 1;
    while (fisher_below(hi, a, b) < p && hi < 1e300) hi *= 2;
    for (;;) {
        double mid = 0.5 * (lo + hi);
        if (mid <= lo || mid >= hi) return mid;
        if (fisher_below(mid, a, b) < p) lo = mid; else hi = mid;
    }
}
