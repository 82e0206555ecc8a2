/* bench.c - timing, and the machine's ceilings; see bench.h.
 *
 * The arithmetic ceiling is a loop of independent fused multiply-adds that never leaves the registers, one copy of it compiled for
 * each width of vector and chosen by what the processor has, so that a portable build measures the same peak as a native one. */
#include "eval/bench.h"
#include "base/clock.h"
#include "base/die.h"
#include "base/machine.h"
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef float v4 __attribute__((vector_size(16)));
typedef float v8 __attribute__((vector_size(32)));
typedef float v16 __attribute__((vector_size(64)));

enum { ROUNDS = 1 << 23 };

/* CHAINS multiply-adds in flight hide the latency of one: at least latency x ports of them, and no more than there are registers. */
#define PEAK(name, attributes, vector, CHAINS) \
    attributes static double name(void) \
    { \
        vector a[CHAINS], x = (vector){ 0 } + 0.999f, y = (vector){ 0 } + 1e-3f; \
        for (int i = 0; i < CHAINS; i++) a[i] = (vector){ 0 } + (float)i; \
        for (int r = 0; r < ROUNDS; r++) { \
            _Pragma("GCC unroll 16") \
            for (int i = 0; i < CHAINS; i++) a[i] = a[i] * x + y; \
        } \
        for (int i = 1; i < CHAINS; i++) a[0] += a[i]; \
        volatile float keep = a[0][0]; \
        (void)keep; \
        return 2.0 * ROUNDS * CHAINS * (double)(sizeof(vector) / sizeof(float)); \
    }
#ifdef __x86_64__
PEAK(peak_avx512, __attribute__((target("avx512f,prefer-vector-width=512"))), v16, 16)
PEAK(peak_avx2, __attribute__((target("avx2,fma"))), v8, 12)
#endif
PEAK(peak_plain, , v4, 12)

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_time(void (*fn)(void *), void *arg, int repeats)
{
    double *t = xalloc_n((size_t)repeats, sizeof *t), median;
    fn(arg);
    for (int i = 0; i < repeats; i++) {
        double start = clock_now();
        fn(arg);
        t[i] = clock_now() - start;
    }
    qsort(t, (size_t)repeats, sizeof *t, ascending);
    median = repeats % 2 ? t[repeats / 2] : (t[repeats / 2 - 1] + t[repeats / 2]) / 2;
    free(t);
    return median;
}

typedef struct { double (*loop)(void); double work; int threads; } arithmetic;

static void all_cores(void *arg)
{
    arithmetic *a = arg;
    double work = 0;
    #pragma omp parallel num_threads(a->threads) reduction(+ : work)
    work += a->loop();
    a->work = work;
}

static void ceiling_flops(bench *b)
{
    arithmetic a = { peak_plain, 0, b->threads };
    b->vectors = "plain";
#ifdef __x86_64__
    machine m = machine_read();
    if (machine_has(&m, "avx2") && machine_has(&m, "fma")) a.loop = peak_avx2, b->vectors = "AVX2";
    if (machine_has(&m, "avx512f")) a.loop = peak_avx512, b->vectors = "AVX-512";
#endif
    double seconds = bench_time(all_cores, &a, b->repeats);
    b->flops = a.work / seconds * 1e-9;
    snprintf(bench_add(b, "float32 multiply-add peak", seconds, a.work * 1e-9, "GFLOP/s", b->flops)->note, sizeof b->row->note, "%s", b->vectors);
}

enum { COPY_BYTES = 256 << 20 };                              /* far beyond any cache */
typedef struct { char *from, *to; int threads; } copying;

static void copy(void *arg)
{
    const copying *c = arg;
    #pragma omp parallel num_threads(c->threads)
    {
        size_t n = (size_t)omp_get_num_threads(), i = (size_t)omp_get_thread_num();
        size_t first = COPY_BYTES / n * i, last = i + 1 == n ? COPY_BYTES : COPY_BYTES / n * (i + 1);
        memcpy(c->to + first, c->from + first, last - first);
    }
}

static void ceiling_copy(bench *b)
{
    copying c = { xalloc(COPY_BYTES), xalloc(COPY_BYTES), b->threads };
    memset(c.from, 1, COPY_BYTES);                            /* real pages: untouched ones all share one page of zeros */
    double seconds = bench_time(copy, &c, b->repeats), bytes = 2.0 * COPY_BYTES;
    free(c.from), free(c.to);
    b->copy = bytes / seconds * 1e-9;
    bench_add(b, "memory copy", seconds, bytes * 1e-9, "GB/s", b->copy);
}

bench bench_begin(int threads, int repeats)
{
    bench b = { .threads = threads, .repeats = repeats };
    ceiling_flops(&b);
    ceiling_copy(&b);
    return b;
}

void bench_free(bench *b)
{
    free(b->row);
    *b = (bench){ 0 };
}

bench_row *bench_add(bench *b, const char *name, double seconds, double work, const char *unit, double ceiling)
{
    b->row = xgrow(b->row, (size_t)(b->n + 1) * sizeof *b->row);
    bench_row *r = &b->row[b->n++];
    *r = (bench_row){ .seconds = seconds, .rate = work / seconds, .unit = unit, .ceiling = ceiling };
    snprintf(r->name, sizeof r->name, "%s", name);
    return r;
}

void bench_print(const bench *b)
{
    printf("%d thread%s, medians of %d\n", b->threads, b->threads == 1 ? "" : "s", b->repeats);
    printf("%-52s %12s %12s %-9s %10s %7s %10s  %s\n", "what", "seconds", "rate", "", "ceiling", "share", "peak MiB", "");
    for (int i = 0; i < b->n; i++) {
        const bench_row *r = &b->row[i];
        printf("%-52s %12.6f %12.2f %-9s ", r->name, r->seconds, r->rate, r->unit);
        if (r->ceiling > 0) printf("%10.1f %6.1f%% ", r->ceiling, 100 * r->rate / r->ceiling);
        else printf("%10s %7s ", "-", "-");
        if (r->peak_rss) printf("%10.1f", (double)r->peak_rss / (1 << 20));
        else printf("%10s", "-");
        printf("%s%s\n", *r->note ? "  " : "", r->note);
    }
}
