/* ceilings.c - what the machine can do at best, as rows of a bench; see bench.h.
 *
 * The arithmetic ceilings are loops of independent multiply-adds that never leave the registers, one copy compiled for each kind of
 * vector and chosen by what the processor has, so that a portable build measures the same peak as a native one. */
#include "eval/bench.h"
#include "base/words.h"
#include "base/die.h"
#include "base/machine.h"
#include <omp.h>
#include <stdio.h>
#include <string.h>
#ifdef __x86_64__
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

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

#ifdef __x86_64__
/* The same of bf16 pairs, summed in float32, in vectors */
__attribute__((target("avx512f,avx512bf16"))) static double peak_bf16_vectors(void)
{
    enum { CHAINS = 16, EACH = ROUNDS / 4 };
    __m512 a[CHAINS];
    __m512bh x = (__m512bh)_mm512_set1_epi16(0x3f7f), y = (__m512bh)_mm512_set1_epi16(0x3a83);
    for (int i = 0; i < CHAINS; i++) a[i] = _mm512_set1_ps((float)i);
    for (int r = 0; r < EACH; r++) {
        _Pragma("GCC unroll 16")
        for (int i = 0; i < CHAINS; i++) a[i] = _mm512_dpbf16_ps(a[i], x, y);
    }
    for (int i = 1; i < CHAINS; i++) a[0] = _mm512_add_ps(a[0], a[i]);
    volatile float keep = _mm512_cvtss_f32(a[0]);
    (void)keep;
    return 2.0 * EACH * CHAINS * 32;
}

static int tiles_granted(void)
{
    enum { REQUEST_PERMISSION = 0x1023, TILE_DATA = 18 };      /* Linux gives the tiles' memory to who asks for it */
    return !syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA);
}

/* and in tiles: four sums of 16 x 16, each from two tiles of 16 x 32, that stay in the registers (zeros: the time does not depend on
 * values) */
__attribute__((target("amx-tile,amx-bf16"))) static double peak_bf16_tiles(void)
{
    enum { EACH = ROUNDS / 16 };
    const struct { uint8_t palette, start, zero[14]; uint16_t bytes[16]; uint8_t rows[16]; } config =
        { .palette = 1, .bytes = { 64, 64, 64, 64, 64, 64, 64, 64 }, .rows = { 16, 16, 16, 16, 16, 16, 16, 16 } };
    __asm__ volatile("ldtilecfg %0" :: "m"(config));
    _tile_zero(0); _tile_zero(1); _tile_zero(2); _tile_zero(3); _tile_zero(4); _tile_zero(5); _tile_zero(6); _tile_zero(7);
    for (int r = 0; r < EACH; r++) { _tile_dpbf16ps(0, 4, 6); _tile_dpbf16ps(1, 5, 6); _tile_dpbf16ps(2, 4, 7); _tile_dpbf16ps(3, 5, 7); }
    __asm__ volatile("tilerelease");
    return 2.0 * EACH * 4 * 16 * 16 * 32;
}
#endif

typedef struct { double (*loop)(void); double work; int threads; } arithmetic;

static void all_cores(void *arg)
{
    arithmetic *a = arg;
    double work = 0;
    #pragma omp parallel num_threads(a->threads) reduction(+ : work)
    work += a->loop();
    a->work = work;
}

/* GFLOP/s of this loop on all threads, a row of its own; 0: no such loop here */
static double ceiling_flops(bench *b, double (*loop)(void), const char *name, const char *note)
{
    arithmetic a = { loop, 0, b->threads };
    if (!loop) return 0;
    double seconds = bench_time(all_cores, &a, b->repeats), rate = a.work / seconds * 1e-9;
    snprintf(bench_add(b, name, seconds, a.work * 1e-9, "GFLOP/s", rate)->note, sizeof b->row->note, "%s", note);
    return rate;
}

/* ---- memory ---- */

enum { ARRAY = 64 << 20 };                                     /* floats of an array: far beyond any cache */
typedef struct { float *a, *b, *c; int threads; } arrays;

static void copy(void *arg)
{
    const arrays *m = arg;
    #pragma omp parallel num_threads(m->threads)
    {
        size_t n = (size_t)omp_get_num_threads(), i = (size_t)omp_get_thread_num(), first = ARRAY * i / n, last = ARRAY * (i + 1) / n;
        memcpy(m->a + first, m->b + first, (last - first) * sizeof *m->a);
    }
}

/* McCalpin 1995: the fourth kernel of STREAM */
static void triad(void *arg)
{
    const arrays *m = arg;
    float *restrict a = m->a;
    const float *restrict b = m->b, *restrict c = m->c;
    #pragma omp parallel for simd schedule(static) num_threads(m->threads)
    for (size_t i = 0; i < ARRAY; i++) a[i] = b[i] + 0.5f * c[i];
}

static double ceiling_memory(bench *b, void (*run)(void *), arrays *m, int moved, const char *name)
{
    double seconds = bench_time(run, m, b->repeats), bytes = (double)moved * ARRAY * sizeof(float);
    bench_add(b, name, seconds, bytes * 1e-9, "GB/s", bytes / seconds * 1e-9);
    return bytes / seconds * 1e-9;
}

/* On memory as the networks have it (huge pages), touched first by the threads that use it */
static void ceilings_memory(bench *b)
{
    const size_t bytes = ARRAY * sizeof(float);
    arrays m = { .threads = b->threads };
    m.a = device_cpu.alloc(&device_cpu, bytes), m.b = device_cpu.alloc(&device_cpu, bytes), m.c = device_cpu.alloc(&device_cpu, bytes);
    if (!m.a || !m.b || !m.c) die_machine("out of memory: need %s to measure the memory", BYTES(3 * bytes));
    #pragma omp parallel for schedule(static) num_threads(b->threads)
    for (size_t i = 0; i < ARRAY; i++) m.a[i] = 0, m.b[i] = 1, m.c[i] = 2;
    b->copy = ceiling_memory(b, copy, &m, 2, "memory copy");
    b->triad = ceiling_memory(b, triad, &m, 3, "memory triad a = b + k c");
    device_cpu.free(&device_cpu, m.a), device_cpu.free(&device_cpu, m.b), device_cpu.free(&device_cpu, m.c);
}

void bench_ceilings(bench *b)
{
    double (*loop)(void) = peak_plain, (*bf16)(void) = NULL;
    const char *how = "";
    b->vectors = "plain";
#ifdef __x86_64__
    machine m = machine_read();
    if (machine_has(&m, "avx2") && machine_has(&m, "fma")) loop = peak_avx2, b->vectors = "AVX2";
    if (machine_has(&m, "avx512f")) loop = peak_avx512, b->vectors = "AVX-512";
    if (machine_has(&m, "avx512_bf16")) bf16 = peak_bf16_vectors, how = "AVX512-BF16";
    if (machine_has(&m, "amx_bf16") && tiles_granted()) bf16 = peak_bf16_tiles, how = "AMX";
#endif
    b->flops = ceiling_flops(b, loop, "float32 multiply-add peak", b->vectors);
    b->flops_bf16 = ceiling_flops(b, bf16, "bf16 multiply-add peak", how);
    ceilings_memory(b);
}
