/* faults.cc - what goes wrong on purpose; see runtime.h. A launch that fails does not run and leaves its error for cudaGetLastError; a
 * device that is lost answers nothing but that any more. */
#include "tests/cuda_emu/cuda_emu.h"
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <unistd.h>

static cudaError_t left;                 /* by a launch */
static bool lost;

/* Is this the deed that CUDA_EMU_FAIL names, by this word? */
static bool is_named(const char *word, long long count)
{
    const char *fail = getenv("CUDA_EMU_FAIL");
    const size_t n = strlen(word);
    return fail && !strncmp(fail, word, n) && fail[n] == ':' && atoll(fail + n + 1) == count;
}

static const char *const words[] = { "launch", "copy", "alloc", "cudnn", "cublas", "" };
static struct tally {
    long long n[EMU_OTHER + 1];
    ~tally()
    {
        for (int i = 0; i < EMU_OTHER && is_named("count", 0); i++) fprintf(stderr, "%s %lld\n", words[i], n[i]);
    }
} count;

cudaError_t emu_fault(emu_deed what)
{
    static const cudaError_t errors[] = { cudaErrorLaunchFailure, cudaErrorInvalidValue, cudaErrorMemoryAllocation, cudaErrorLaunchFailure,
                                          cudaErrorLaunchFailure };
    const long long n = ++count.n[what];
    lost = lost || (what == EMU_LAUNCH && is_named("lost", n));
    const bool fails = what != EMU_OTHER && is_named(words[what], n);
    const cudaError_t e = lost ? cudaErrorDevicesUnavailable : fails ? errors[what] : cudaSuccess;
    if (what == EMU_LAUNCH && e) left = e;
    return e;
}

cudaError_t cudaGetLastError()
{
    const cudaError_t e = lost ? cudaErrorDevicesUnavailable : left;
    left = cudaSuccess;
    return e;
}

size_t emu_memory_size()
{
    const char *bytes = getenv("CUDA_EMU_MEMORY");
    return bytes ? (size_t)atoll(bytes) : (size_t)sysconf(_SC_PHYS_PAGES) * (size_t)sysconf(_SC_PAGESIZE);
}

const char *cudaGetErrorString(cudaError_t e)
{
    static const struct { cudaError_t e; const char *words; } all[] = {
        { cudaSuccess, "no error" }, { cudaErrorMemoryAllocation, "out of memory" }, { cudaErrorLaunchFailure, "unspecified launch failure" },
        { cudaErrorDevicesUnavailable, "CUDA-capable device(s) is/are busy or unavailable" },
    };
    for (const auto &a : all) if (a.e == e) return a.words;
    return "invalid value";
}
