/* bench.h - how fast things run, beside what the machine could do at best, measured in the same run.
 *
 * A row is a thing that was timed: the median of several repeats after a warm-up, a rate (work per second), and the ceiling of that
 * kind of work. A convolution by Winograd's method does fewer multiplications than it is credited with, so its share of the
 * arithmetic ceiling can be above 1. The trap is another job on the machine: compare only rows of one run. */
#ifndef EVAL_BENCH_H
#define EVAL_BENCH_H
#include <stddef.h>
#include <stdint.h>
#include "nn/schedule.h"
#include "nn/device.h"

typedef struct bench_row {
    char   name[112];
    double seconds, rate;                /* one repeat; `unit` a second */
    const char *unit;                    /* "GFLOP/s", "GB/s", "images/s", "films/s" */
    double ceiling;                      /* in the same unit; 0: none is known */
    int64_t peak_rss;                    /* bytes; 0: not measured */
    char   note[64];                     /* the kernel that ran, the size; "" none */
} bench_row;

typedef struct bench {
    bench_row *row; int n;
    int threads, repeats;
    double flops, flops_bf16;            /* ceilings: GFLOP/s of multiply-adds (2 each); bf16: 0 where the processor has none */
    double copy, triad;                  /* GB/s copied (read + written), and of a = b + k c (two read, one written; no cache line counted
                                            that is read only to be written) */
    const char *vectors;                 /* what the arithmetic ceiling was measured with: "AVX-512", "AVX2", "plain" */
} bench;

/* Measures the ceilings on this many threads; they are the first rows. */
bench bench_begin(int threads, int repeats);
void  bench_free(bench *b);
void  bench_ceilings(bench *b);          /* what bench_begin does: ceilings.c */
/* The median time of `repeats` calls of fn(arg), after one call that is not counted. */
double bench_time(void (*fn)(void *), void *arg, int repeats);
/* A row; work is in units of the rate (10^9 operations, 10^9 bytes, images). Returned so that peak_rss and note can be set. */
bench_row *bench_add(bench *b, const char *name, double seconds, double work, const char *unit, double ceiling);
/* The layers of a 31 M U-Net one by one: convolutions forward, backward to the data and to the weights; norm, pooling, upsampling,
 * losses. */
void  bench_ops(bench *b, const device *dev, int bf16);     /* bf16: net.precision=bf16 */
/* Every step of a placed schedule, in its place and order, and its share of the time; fixed steps are left out. */
void  bench_steps(bench *b, const char *prefix, const schedule *s, context *c);
/* From a label map to parameters: speed, and the precision of corners (140 drawn bodies a setting and repeat). Rates of the latter are
 * errors. */
void  bench_geometry(bench *b);
void  bench_print(const bench *b);       /* aligned text on stdout */
#endif
