/* device.c - the CPU as a device; see device.h. Large blocks are aligned to 2 MiB and offered to the kernel as huge pages:
 * a training arena is walked end to end every step, and 4 KiB pages would miss the TLB all the way. */
#include "nn/device.h"
#include "nn/backend.h"
#include "base/die.h"
#include "base/words.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void *cpu_alloc(const device *d, size_t bytes)
{
    (void)d;
    const size_t huge = (size_t)2 << 20, align = bytes >= huge ? huge : 64;
    if (bytes > SIZE_MAX - align) return NULL;
    size_t whole = (bytes + align - 1) / align * align;
    void *p = aligned_alloc(align, whole ? whole : align);
    if (p && align == huge) madvise(p, whole, MADV_HUGEPAGE);
    return p;
}

static void cpu_free(const device *d, void *p) { (void)d; free(p); }
static void cpu_put(const device *d, void *dst, const void *host, size_t n) { (void)d; memcpy(dst, host, n); }
static void cpu_get(const device *d, void *host, const void *src, size_t n) { (void)d; memcpy(host, src, n); }

/* Each thread clears the part that it walks in an optimiser's step, so that on a machine of several memories it lies near that thread. */
static void cpu_zero(const device *d, void *p, size_t n)
{
    (void)d;
    #pragma omp parallel for schedule(static) if (n > (size_t)2 << 20)
    for (size_t i = 0; i < n; i += 4096) memset((char *)p + i, 0, n - i < 4096 ? n - i : 4096);
}

static void cpu_sync(const device *d) { (void)d; }

static size_t cpu_room(const device *d)
{
    (void)d;
    return (size_t)sysconf(_SC_AVPHYS_PAGES) * (size_t)sysconf(_SC_PAGESIZE);
}

const device device_cpu = { "cpu", cpu_alloc, cpu_free, cpu_put, cpu_get, cpu_zero, cpu_sync, cpu_room, &backend_here, NULL };

void *device_alloc(const device *d, size_t bytes, const char *what)
{
    void *p = d->alloc(d, bytes);
    if (!p) die_machine("out of memory on %s: need %s for %s, have %s", d->name, BYTES(bytes), what, BYTES(d->room(d)));
    return p;
}

void *device_zeroed(const device *d, size_t bytes, const char *what)
{
    void *p = device_alloc(d, bytes, what);
    d->zero(d, p, bytes);
    return p;
}
