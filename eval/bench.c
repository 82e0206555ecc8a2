/* bench.c - timing and rows; see bench.h. */
#include "eval/bench.h"
#include "base/clock.h"
#include "base/die.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

bench bench_begin(int threads, int repeats)
{
    bench b = { .threads = threads, .repeats = repeats };
    bench_ceilings(&b);
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
