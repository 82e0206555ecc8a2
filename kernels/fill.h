/* fill.h - one number all over: the gradient that a loss starts from. Where the number is the host's, a kernel carries it along: a copy
 * would make the host wait for the device. */
#ifndef KERNELS_FILL_H
#define KERNELS_FILL_H
#include "kernels/kernel.h"

KERNEL(fill, size_t n, real *x, real v);
#endif
