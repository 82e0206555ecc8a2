/* compute.c - device, threads, seed and precision of a verb; see compute.h. */
#include "verbs/compute.h"
#include "base/die.h"
#include "base/machine.h"
#include <omp.h>
#include <stdlib.h>
#include <unistd.h>

const char *compute_no_gpu(void)
{
    if (access("/dev/nvidiactl", F_OK)) return "no NVIDIA driver on this machine (/dev/nvidiactl is missing)";
    return "there is an NVIDIA driver, but this program was built without its CUDA plugin, libdarkspine-cuda.so";
}

int compute_threads(const flags *f)
{
    enum { MOST_THREADS = 1024 };
    machine m = machine_read();
    int n = (int)flags_int(f, "--threads", getenv("OMP_NUM_THREADS") ? omp_get_max_threads() : machine_threads(&m), 1, MOST_THREADS);
    omp_set_dynamic(0);
    omp_set_num_threads(n);
    return n;
}

compute compute_begin(const flags *f)
{
    static const char *const devices[] = { "cpu", "cuda", "auto" }, *const precisions[] = { "float32", "bf16" };
    if (flags_word(f, "--device", devices, 3, 2) == 1) die_at("--device", "got cuda, wanted cpu or auto: %s", compute_no_gpu());
    compute c = { .dev = &device_cpu, .precision = flags_word(f, "--precision", precisions, 2, -1) };
    c.seed = (uint64_t)flags_int(f, "--seed", 1, 0, INT64_MAX);
    c.threads = compute_threads(f);
    return c;
}
