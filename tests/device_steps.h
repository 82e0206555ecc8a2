/* device_steps.h - a few training steps (dropout, clipping, momentum, decay, average) of a U-Net of one halving, on any device. */
#ifndef TESTS_DEVICE_STEPS_H
#define TESTS_DEVICE_STEPS_H
#include "nn/device.h"
#include "kernels/kernel.h"

enum { COURSE_STEPS = 3 };
typedef struct course { double loss[COURSE_STEPS], norm[COURSE_STEPS]; real *x; size_t n; } course;    /* x: the averaged weights */

course course_of(const device *d);       /* always from the same start; free() its x */
/* The same number of optimiser steps alone, under these settings, with gradients that are given: the weights, *n of them; free() them. */
real *optim_course(const device *d, const char *words, size_t *n);
#endif
