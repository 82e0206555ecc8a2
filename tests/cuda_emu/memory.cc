/* memory.cc - the emulator's device memory: exact blocks, a list of them, and every copy checked against it; see runtime.h. */
#include "tests/cuda_emu/cuda_emu.h"
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <map>
#include <unistd.h>
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#endif

static const size_t SHARED_DEFAULT = 48 << 10, SHARED_MOST = 99 << 10;      /* bytes of dynamic shared memory a block */

static std::map<const char *, size_t> &memory() { static std::map<const char *, size_t> m; return m; }   /* start -> bytes */
static std::map<const char *, size_t> &pinned() { static std::map<const char *, size_t> m; return m; }
static std::map<const void *, size_t> &limits() { static std::map<const void *, size_t> m; return m; }   /* kernel -> shared bytes */

static void bar(const char *p, size_t bytes, int open)
{
#ifdef __SANITIZE_ADDRESS__
    if (open) __asan_unpoison_memory_region(p, bytes);
    else __asan_poison_memory_region(p, bytes);
#else
    (void)p, (void)bytes, (void)open;
#endif
}

void emu_memory_open(int open) { for (const auto &m : memory()) bar(m.first, m.second, open); }

/* Bytes from p to the end of its block of this memory, and the block's start; -1 where p is in none */
static long long room_in(const std::map<const char *, size_t> &blocks, const void *p, const char **start)
{
    auto after = blocks.upper_bound((const char *)p);
    if (after == blocks.begin()) return -1;
    const auto m = std::prev(after);
    if ((const char *)p > m->first + m->second) return -1;
    *start = m->first;
    return m->first + m->second - (const char *)p;
}
static long long room_at(const void *p, const char **start) { return room_in(memory(), p, start); }

/* Device memory, or host memory that is pinned? */
static bool is_device(const void *p, size_t n)
{
    const char *start;
    if (room_at(p, &start) > 0) return true;
    if (room_in(pinned(), p, &start) < (long long)n) emu_fail("cudaMemcpyAsync: %zu bytes at %p, which are not pinned", n, p);
    return false;
}

cudaMemcpyKind emu_copy_kind(const void *to, const void *from, size_t n)
{
    const bool a = is_device(to, n), b = is_device(from, n);
    return a ? b ? cudaMemcpyDeviceToDevice : cudaMemcpyHostToDevice : b ? cudaMemcpyDeviceToHost : cudaMemcpyHostToHost;
}

void emu_check_argument(const emu_launch &l, int i, const void *p)
{
    const char *start;
    if (p && room_at(p, &start) < 0) emu_fail("%s: argument %d, %p, points to no device memory", l.kernel, i, p);
}

void emu_check_range(const char *what, const void *p, size_t bytes)
{
    const char *start;
    const long long room = room_at(p, &start);
    if (room < 0) emu_fail("%s: %p is no device memory", what, p);
    if ((size_t)room < bytes) emu_fail("%s: %zu bytes at %p, of which %lld are in the block", what, bytes, p, room);
}

static size_t taken()
{
    size_t bytes = 0;
    for (const auto &m : memory()) bytes += m.second;
    return bytes;
}

cudaError_t cudaMalloc(void **p, size_t bytes)
{
    if (const cudaError_t e = emu_fault(EMU_ALLOC)) return e;
    emu_settle("cudaMalloc");
    if (taken() + bytes > emu_memory_size() || posix_memalign(p, 256, bytes ? bytes : 1)) return cudaErrorMemoryAllocation;
    memory()[(char *)*p] = bytes;
    memset(*p, 0xff, bytes);
    bar((char *)*p, bytes, 0);
    return cudaSuccess;
}

cudaError_t cudaFree(void *p)
{
    if (const cudaError_t e = emu_fault(EMU_OTHER)) return e;
    if (!p) return cudaSuccess;
    emu_settle("cudaFree");
    auto m = memory().find((char *)p);
    if (m == memory().end()) emu_fail("cudaFree of %p, which is no block of device memory", p);
    bar(m->first, m->second, 1);
    memory().erase(m);
    free(p);
    return cudaSuccess;
}

cudaError_t cudaMallocHost(void **p, size_t bytes)
{
    if (posix_memalign(p, 256, bytes ? bytes : 1)) return cudaErrorMemoryAllocation;
    pinned()[(char *)*p] = bytes;
    return cudaSuccess;
}
cudaError_t cudaFreeHost(void *p)
{
    emu_settle("cudaFreeHost");
    if (p && !pinned().erase((char *)p)) emu_fail("cudaFreeHost of %p, which was not pinned", p);
    free(p);
    return cudaSuccess;
}

/* Checks one side of a copy; opens device memory for it, or shuts it again. */
static void side(const char *what, const void *p, size_t bytes, int device, int open)
{
    const char *start = nullptr;
    const long long room = room_at(p, &start);
    if (device && room < 0) emu_fail("%s: %p is no device memory", what, p);
    if (!device && room >= 0 && p < start + room) emu_fail("%s: %p is device memory", what, p);
    if (device && (size_t)room < bytes) emu_fail("%s: %zu bytes at %p, of which %lld are in the block", what, bytes, p, room);
    if (device) bar(start, (size_t)((const char *)p - start) + (size_t)room, open);
}

/* At once, in the turn of a stream */
cudaError_t emu_copy(void *to, const void *from, size_t bytes, cudaMemcpyKind kind)
{
    const int to_device = kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice;
    const int from_device = kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice;
    if (const cudaError_t e = emu_fault(EMU_COPY)) return e;
    if (!bytes) return cudaSuccess;
    side("cudaMemcpy to", to, bytes, to_device, 1);
    side("cudaMemcpy from", from, bytes, from_device, 1);
    memmove(to, from, bytes);
    side("cudaMemcpy to", to, bytes, to_device, 0);
    side("cudaMemcpy from", from, bytes, from_device, 0);
    return cudaSuccess;
}

cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes, cudaMemcpyKind kind)
{
    emu_settle("cudaMemcpy");
    return emu_copy(to, from, bytes, kind);
}

cudaError_t cudaMemset(void *p, int byte, size_t bytes)
{
    if (const cudaError_t e = emu_fault(EMU_COPY)) return e;
    emu_settle("cudaMemset");
    if (!bytes) return cudaSuccess;
    side("cudaMemset", p, bytes, 1, 1);
    memset(p, byte, bytes);
    side("cudaMemset", p, bytes, 1, 0);
    return cudaSuccess;
}

cudaError_t cudaMemGetInfo(size_t *free, size_t *total)
{
    const size_t here = (size_t)sysconf(_SC_AVPHYS_PAGES) * (size_t)sysconf(_SC_PAGESIZE);
    *total = emu_memory_size(), *free = getenv("CUDA_EMU_MEMORY") ? *total - taken() : here;
    return emu_fault(EMU_OTHER);
}

/* ---- limits and properties ---- */
size_t emu_shared_limit_of(const void *kernel)
{
    const auto l = limits().find(kernel);
    return l == limits().end() ? SHARED_DEFAULT : l->second;
}

cudaError_t emu_shared_limit(const void *kernel, int bytes)
{
    if (bytes < 0 || (size_t)bytes > SHARED_MOST) emu_fail("cudaFuncSetAttribute: %d bytes of shared memory; at most %zu", bytes, SHARED_MOST);
    limits()[kernel] = (size_t)bytes > SHARED_DEFAULT ? (size_t)bytes : SHARED_DEFAULT;
    return cudaSuccess;
}

cudaError_t cudaGetDeviceCount(int *n) { *n = 1; return cudaSuccess; }
cudaError_t cudaSetDevice(int i) { return i ? cudaErrorInvalidValue : cudaSuccess; }
cudaError_t cudaGetDevice(int *i) { *i = 0; return cudaSuccess; }

cudaError_t cudaGetDeviceProperties(cudaDeviceProp *p, int device)
{
    size_t free;
    if (device) return cudaErrorInvalidValue;
    *p = cudaDeviceProp();
    snprintf(p->name, sizeof p->name, "emulated");
    cudaMemGetInfo(&free, &p->totalGlobalMem);
    p->sharedMemPerBlockOptin = SHARED_MOST, p->major = 8, p->minor = 0, p->multiProcessorCount = 2, p->warpSize = 32;
    return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int *value, cudaDeviceAttr what, int device)
{
    if (device) return cudaErrorInvalidValue;
    *value = what == cudaDevAttrMultiProcessorCount ? 2 : (int)SHARED_MOST;
    return cudaSuccess;
}

/* ---- events ---- */
cudaError_t cudaEventCreate(cudaEvent_t *e) { *e = new emu_event(); return cudaSuccess; }
cudaError_t cudaEventDestroy(cudaEvent_t e) { delete e; return cudaSuccess; }
cudaError_t cudaEventElapsedTime(float *ms, cudaEvent_t from, cudaEvent_t to) { *ms = (float)(1e3 * (to->at - from->at)); return cudaSuccess; }
