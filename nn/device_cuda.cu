/* device_cuda.cu - a GPU as a device, and what the plugin exports; see device.h. Compiled by the emulator's rules the "GPU" is this
 * processor, and all else stays as it is.
 *
 * put, get and zero go to the default stream, which waits for all others, as they for it (device_queue.cu): put and get wait for the
 * kernels before them, zero and kernels do not wait. An error of a kernel therefore shows at a later launch
 * or copy; CUDA_LAUNCH_BLOCKING=1 makes it show at its own launch. */
#include "kernels/cuda.h"
#include "base/die.h"
#include "base/die_end.h"
#include "nn/device.h"
#include <cstdio>
#include <cstdlib>

extern const struct backend backend_here;
const device_queues *queues_open();                             /* device_queue.cu */
extern "C" __attribute__((visibility("default"))) const device *darkspine_cuda_open(uint64_t layout, int index, char why[256]);
extern "C" __attribute__((visibility("default"))) void darkspine_cuda_errors(die_ending *end, int quiet);

void cuda_check(cudaError_t e, const char *what, const char *file, int line)
{
    if (e != cudaSuccess) die_machine("the GPU failed, %s: %s (%s:%d)", what, cudaGetErrorString(e), file, line);
}
#define check CUDA_CHECK

static void *gpu_alloc(const device *, size_t bytes)
{
    void *p = nullptr;
    const cudaError_t e = cudaMalloc(&p, bytes ? bytes : 1);
    if (e == cudaSuccess) return p;
    if (e != cudaErrorMemoryAllocation) check(e, "allocating memory");
    cudaGetLastError();                                        /* refused is an answer, not an error that the next call should find */
    return nullptr;
}

static void gpu_free(const device *, void *p) { check(cudaFree(p), "freeing memory"); }
static void gpu_put(const device *, void *to, const void *host, size_t n) { check(cudaMemcpy(to, host, n, cudaMemcpyHostToDevice), "copying to it"); }
static void gpu_get(const device *, void *host, const void *from, size_t n) { check(cudaMemcpy(host, from, n, cudaMemcpyDeviceToHost), "copying from it"); }
static void gpu_zero(const device *, void *p, size_t n) { check(cudaMemsetAsync(p, 0, n), "clearing memory"); }
static void gpu_sync(const device *) { check(cudaDeviceSynchronize(), "computing"); }

static size_t gpu_room(const device *)
{
    size_t free = 0, total;
    check(cudaMemGetInfo(&free, &total), "asking for its memory");
    return free;
}

static __global__ void probe() {}

/* The name, or NULL and why it cannot be used */
static char *name_of(int index, char why[256])
{
    int n = 0;
    cudaDeviceProp p;
    cudaFuncAttributes a;
    cudaError_t e = cudaGetDeviceCount(&n);
    if (e == cudaSuccess && index >= n) { snprintf(why, 256, "there are %d GPUs, wanted number %d, counted from 0", n, index); return nullptr; }
    if (e == cudaSuccess) e = cudaSetDevice(index);
    if (e == cudaSuccess) e = cudaGetDeviceProperties(&p, index);
    if (e != cudaSuccess) { snprintf(why, 256, "%s", cudaGetErrorString(e)); return nullptr; }
    if (cudaFuncGetAttributes(&a, probe) != cudaSuccess) {
        snprintf(why, 256, "the plugin has no code for %.120s (compute capability %d.%d): build it with ARCHS=%d%d", p.name, p.major, p.minor,
                 p.major, p.minor);
        return nullptr;
    }
    char *name = (char *)malloc(sizeof p.name + 32);
    if (name) snprintf(name, sizeof p.name + 32, "cuda:%d (%s)", index, p.name);
    return name;
}

void darkspine_cuda_errors(die_ending *end, int quiet) { die_hand_over(end, quiet); }

const device *darkspine_cuda_open(uint64_t layout, int index, char why[256])
{
    if (layout != device_layout()) { snprintf(why, 256, "the CUDA plugin was built from another version of darkspine"); return nullptr; }
    char *name = name_of(index, why);
    device *d = name ? (device *)malloc(sizeof *d) : nullptr;
    if (d) *d = device{ name, gpu_alloc, gpu_free, gpu_put, gpu_get, gpu_zero, gpu_sync, gpu_room, &backend_here, queues_open() };
    return d;
}
