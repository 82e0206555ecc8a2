/* cuda_emu.h - CUDA C for a plain C++ compiler (g++ or clang++, C++17): a kernels/x.cu file compiled with it runs on the CPU.
 *
 * Blocks run in turn, the threads of a block are fibers, and a thread runs until it must wait for others; a kernel without barriers
 * costs no switch. What CUDA calls undefined ends the program with one line that names the kernel, the block and the thread: a missed
 * barrier, lanes of a warp that meet at different shuffles, a shuffle from a lane that is not there, launch limits, a kernel
 * argument that points to no device memory; AddressSanitizer and UBSan, where they are on, add accesses out of bounds and misaligned.
 * Shared memory starts as NaN in each block. CUDA_EMU_ORDER=reverse runs blocks and threads backwards: results that differ show a race.
 * The traps: a __shared__ array is a static, so two blocks never run at once; static shared memory does not count towards the limit
 * here (ptxas counts it); a template kernel is named with all its arguments in LAUNCH. */
#ifndef CUDA_EMU_H
#define CUDA_EMU_H
#include "tests/cuda_emu/types.h"
#include "tests/cuda_emu/runtime.h"
#include <tuple>
#include <type_traits>
#include <utility>

#define __global__
#define __device__
#define __host__
#define __constant__ static const
#define __forceinline__ inline
#define __launch_bounds__(...)
#define __align__(n) alignas(n)
#define __shared__ static __attribute__((section("emu_shared")))

/* Seen by what stands for a vendor's library, which is linked apart: it opens device memory while it computes, and dies by the second
 * unless these bytes lie in one block of it. */
#define EMU_EXPORT __attribute__((visibility("default")))
EMU_EXPORT void emu_memory_open(int open);
EMU_EXPORT void emu_check_range(const char *what, const void *p, size_t bytes);

/* What can go wrong on purpose (runtime.h): counts one more of these; the error that it is to end in */
enum emu_deed { EMU_LAUNCH, EMU_COPY, EMU_ALLOC, EMU_CUDNN, EMU_CUBLAS, EMU_OTHER };
EMU_EXPORT cudaError_t emu_fault(emu_deed what);

struct emu_place { uint3 thread, block; dim3 block_size, grid_size; };
extern emu_place emu_here;               /* of the thread that runs */
#define threadIdx (static_cast<const uint3 &>(emu_here.thread))
#define blockIdx  (static_cast<const uint3 &>(emu_here.block))
#define blockDim  (static_cast<const dim3 &>(emu_here.block_size))
#define gridDim   (static_cast<const dim3 &>(emu_here.grid_size))
static const int warpSize = 32;

/* ---- launch ---- */
struct emu_launch { const char *kernel; const void *address; dim3 grid, block; size_t shared; };
void emu_run(const emu_launch &l, void (*body)(void *), void *arg);
void emu_check_argument(const emu_launch &l, int i, const void *p);          /* dies unless p is NULL or in device memory */
void *emu_dynamic_shared();

template <typename... P> struct emu_kernel {
    emu_launch l;
    void (*f)(P...);
    cudaStream_t stream;
    template <typename T> void check(int i, const T &v) const
    {
        if constexpr (std::is_pointer<T>::value) emu_check_argument(l, i, (const void *)v);
        else (void)i, (void)v;
    }
    void operator()(P... p) const
    {
        int i = 0;
        (check(i++, p), ...);
        if (emu_fault(EMU_LAUNCH)) return;
        emu_enqueue(stream, [l = l, f = f, given = std::tuple<P...>(p...)] {
            auto body = [&] { std::apply(f, given); };
            emu_run(l, [](void *b) { (*(decltype(body) *)b)(); }, &body);
            return cudaSuccess;
        });
    }
};
template <typename... P> emu_kernel<P...> emu_bind(const char *name, void (*f)(P...), dim3 grid, dim3 block, size_t shared, void *stream)
{
    return { { name, (const void *)f, grid, block, shared }, f, (cudaStream_t)stream };
}

#define LAUNCH(kernel, grid, block, shared, stream, ...) do { \
    const dim3 launch_grid = (grid), launch_block = (block); \
    if (launch_grid.x && launch_grid.y && launch_grid.z) { \
        emu_bind(#kernel, kernel, launch_grid, launch_block, (shared), (stream))(__VA_ARGS__); \
        CUDA_CHECK(cudaGetLastError(), "launching " #kernel); \
    } } while (0)
#define SHARED(type, name) type *const name = reinterpret_cast<type *>(emu_dynamic_shared())

/* ---- what threads do together. line: where it stands, so that lanes that meet at different places are told apart ---- */
enum emu_meeting { EMU_SYNCTHREADS, EMU_VOTE_BLOCK, EMU_SYNCWARP, EMU_SHUFFLE, EMU_VOTE, EMU_EXCHANGE };
void emu_barrier(emu_meeting what, int line, int mine, int *votes);          /* votes: threads that brought other than 0; may be NULL */
/* Every lane of `mask` brings `bytes` and gets all 32 x bytes; a lane that is not there leaves 0xff. Returns the lanes that were. */
unsigned emu_meet(emu_meeting what, int line, unsigned mask, const void *mine, size_t bytes, void *all);
int emu_lane();
[[noreturn]] EMU_EXPORT void emu_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#define EMU_LINE int line = __builtin_LINE()
static inline void __syncthreads(EMU_LINE) { emu_barrier(EMU_SYNCTHREADS, line, 0, nullptr); }
static inline int __syncthreads_count(int p, EMU_LINE) { int n; emu_barrier(EMU_VOTE_BLOCK, line, p != 0, &n); return n; }
static inline int __syncthreads_or(int p, EMU_LINE) { return __syncthreads_count(p, line) > 0; }
static inline int __syncthreads_and(int p, EMU_LINE) { return !__syncthreads_count(!p, line); }
static inline void __syncwarp(unsigned mask = 0xffffffffu, EMU_LINE) { emu_meet(EMU_SYNCWARP, line, mask, nullptr, 0, nullptr); }
static inline void __threadfence() {}
static inline void __threadfence_block() {}

/* For emulated forms of what a whole warp computes (matrix fragments): all 32 lanes bring `bytes` and get 32 x bytes, in lane order. */
static inline void emu_warp_exchange(const void *mine, size_t bytes, void *all, EMU_LINE)
{
    if (emu_meet(EMU_EXCHANGE, line, 0xffffffffu, mine, bytes, all) != 0xffffffffu) emu_fail("an exchange of a warp that has not 32 lanes");
}

template <typename T> static inline T emu_shuffle(unsigned mask, T v, int from, int line)
{
    T all[32];
    const unsigned there = emu_meet(EMU_SHUFFLE, line, mask, &v, sizeof v, all);
    if (!(there >> from & 1)) emu_fail("a shuffle from lane %d, which does not take part (line %d)", from, line);
    return all[from];
}
/* First and last lane of this lane's segment of `width` */
static inline int emu_first(int width) { return emu_lane() & ~(width - 1); }
template <typename T> static inline T __shfl_sync(unsigned mask, T v, int from, int width = 32, EMU_LINE)
{
    return emu_shuffle(mask, v, emu_first(width) + (from & (width - 1)), line);
}
template <typename T> static inline T __shfl_xor_sync(unsigned mask, T v, int with, int width = 32, EMU_LINE)
{
    const int from = emu_lane() ^ with;
    return emu_shuffle(mask, v, from < emu_first(width) + width ? from : emu_lane(), line);
}
template <typename T> static inline T __shfl_up_sync(unsigned mask, T v, unsigned by, int width = 32, EMU_LINE)
{
    const int from = emu_lane() - (int)by;
    return emu_shuffle(mask, v, from >= emu_first(width) ? from : emu_lane(), line);
}
template <typename T> static inline T __shfl_down_sync(unsigned mask, T v, unsigned by, int width = 32, EMU_LINE)
{
    const int from = emu_lane() + (int)by;
    return emu_shuffle(mask, v, from < emu_first(width) + width ? from : emu_lane(), line);
}
static inline unsigned __ballot_sync(unsigned mask, int p, EMU_LINE)
{
    unsigned char mine = p != 0, all[32];
    unsigned there = emu_meet(EMU_VOTE, line, mask, &mine, 1, all), votes = 0;
    for (int i = 0; i < 32; i++) if (there >> i & 1 && all[i]) votes |= 1u << i;
    return votes;
}
static inline int __any_sync(unsigned mask, int p, EMU_LINE) { return __ballot_sync(mask, p, line) != 0; }
static inline int __all_sync(unsigned mask, int p, EMU_LINE) { return __ballot_sync(mask, !p, line) == 0; }

/* ---- integer atomics; none on floats, whose order would show in the bits ---- */
template <typename T, typename F> static inline T emu_atomic(T *p, F f)
{
    static_assert(std::is_integral<T>::value, "atomics on integers only");
    const T old = *p;
    *p = f(old);
    return old;
}
/* the operand has the pointer's type, as in CUDA, whatever it was written as */
template <typename T> struct emu_same { typedef T type; };
#define EMU_ATOMIC(name, value) \
    template <typename T> static inline T name(T *p, typename emu_same<T>::type v) { return emu_atomic(p, [=](T old) { return (T)(value); }); }
EMU_ATOMIC(atomicAdd, old + v)
EMU_ATOMIC(atomicSub, old - v)
EMU_ATOMIC(atomicMax, old > v ? old : v)
EMU_ATOMIC(atomicMin, old < v ? old : v)
EMU_ATOMIC(atomicOr, old | v)
EMU_ATOMIC(atomicAnd, old & v)
EMU_ATOMIC(atomicExch, ((void)old, v))
#undef EMU_ATOMIC
template <typename T> static inline T atomicCAS(T *p, typename emu_same<T>::type is, typename emu_same<T>::type then)
{
    return emu_atomic(p, [=](T old) { return old == is ? then : old; });
}

/* ---- cuda_pipeline.h: the bytes arrive when they are waited for, not before ---- */
void __pipeline_memcpy_async(void *shared, const void *global, size_t bytes, size_t zeros = 0);
void __pipeline_commit();
void __pipeline_wait_prior(size_t groups);
#endif
