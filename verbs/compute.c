/* compute.c - device, threads, seed and precision of a verb; see compute.h. */
#include "verbs/compute.h"
#include "base/die.h"
#include "base/machine.h"
#include <omp.h>
#include <stdio.h>
#include <stdlib.h>

int compute_threads(const flags *f)
{
    enum { MOST_THREADS = 1024 };
    machine m = machine_read();
    int n = (int)flags_int(f, "--threads", getenv("OMP_NUM_THREADS") ? omp_get_max_threads() : machine_threads(&m), 1, MOST_THREADS);
    omp_set_dynamic(0);
    omp_set_num_threads(n);
    return n;
}

int compute_on_cpu(const flags *f)
{
    static const char *const devices[] = { "cpu", "auto" };
    flags_word(f, "--device", devices, 2, 0);
    return compute_threads(f);
}

enum { CPU, CUDA, AUTO };

int compute_words(const flags *f)
{
    static const char *const devices[] = { "cpu", "cuda", "auto" };
    return flags_word(f, "--device", devices, 3, AUTO);
}

compute compute_begin(const flags *f)
{
    const int asked = compute_words(f);
    compute c = { 0 };
    if (asked != CPU) c.dev = device_cuda(0, c.no_gpu);
    if (asked == CUDA && !c.dev) die("--device: got cuda, wanted cpu or auto: %s", c.no_gpu);
    if (asked == CPU) snprintf(c.no_gpu, sizeof c.no_gpu, "--device cpu");
    if (!c.dev) c.dev = &device_cpu;
    c.seed = (uint64_t)flags_int(f, "--seed", 1, 0, INT64_MAX);
    c.threads = compute_threads(f);
    c.told = asked == CPU || c.dev != &device_cpu || flags_has(f, "--quiet");
    return c;
}

void compute_tell(compute *c)
{
    if (!c->told++) fprintf(stderr, "no GPU: %s; using the CPU\n", c->no_gpu);
}
