/* distributions.h - Student's t and Fisher's F: what the intervals of agreement need beside the normal distribution of stats.h.
 *
 * Both follow from the regularised incomplete beta function (continued fraction, Lentz 1976; DLMF 8.17.22). Degrees of freedom need not be
 * whole (Satterthwaite's are not). Inverses are by bisection, to the last bits of a double. */
#ifndef EVAL_DISTRIBUTIONS_H
#define EVAL_DISTRIBUTIONS_H

/* I_x(a, b) for a, b > 0 and 0 <= x <= 1. */
double beta_regular(double a, double b, double x);

/* Probability below t of Student's distribution with v > 0 degrees of freedom, and its inverse for 0 < p < 1. */
double student_below(double t, double v);
double student_inverse(double p, double v);

/* Probability below f of Fisher's distribution with a and b > 0 degrees of freedom, and its inverse for 0 < p < 1. */
double fisher_below(double f, double a, double b);
double fisher_inverse(double p, double a, double b);
#endif
