/* cuda_emu_test.cu - the emulator itself: what is right comes out right, and each thing that is wrong is reported, in a child of its
 * own that must end with a nonzero status and the words of the report. Built with both sanitizers; plain C++, no cmocka. */
#include "kernels/cuda.h"
#include <cstdio>
#include <cstdlib>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

void cuda_check(cudaError_t, const char *, const char *, int) {}        /* the plugin's; what a launch meets here ends the program at once */

static int failures;
static void check(bool ok, const std::string &what)
{
    printf("[%s] %s\n", ok ? "       OK " : "  FAILED  ", what.c_str());   /* as cmocka says it: tests/run counts these lines */
    failures += !ok;
}

template <typename T> struct array {                           /* on the device */
    T *p;
    size_t n;
    explicit array(size_t count) : n(count) { cudaMalloc(&p, sizeof(T) * n); }
    ~array() { cudaFree(p); }
    void put(const std::vector<T> &v) { cudaMemcpy(p, v.data(), sizeof(T) * n, cudaMemcpyHostToDevice); }
    std::vector<T> get() const
    {
        std::vector<T> v(n);
        cudaMemcpy(v.data(), p, sizeof(T) * n, cudaMemcpyDeviceToHost);
        return v;
    }
};

/* ---- what is right ---- */
template <int WARPS> static __global__ void sums(const int *x, int n, int *y)
{
    __shared__ int part[WARPS];
    SHARED(int, all);
    int v = 0;
    for (int i = (int)(blockIdx.x * blockDim.x + threadIdx.x); i < n; i += (int)(gridDim.x * blockDim.x)) v += x[i];
    all[threadIdx.x] = v;
    v = warp_sum(v);
    if (threadIdx.x % 32 == 0) part[threadIdx.x / 32] = v;
    __syncthreads();
    if (threadIdx.x < 32) {
        v = warp_sum((int)threadIdx.x < WARPS ? part[threadIdx.x] : 0);
        int again = 0;
        for (int i = (int)threadIdx.x; i < WARPS * 32; i += 32) again += all[i];
        again = warp_sum(again);
        if (threadIdx.x == 0) y[blockIdx.x] = v == again ? v : -1;
    }
}

static void reduction()
{
    enum { N = 100003, BLOCKS = 64 };
    array<int> x(N), y(BLOCKS);
    std::vector<int> v(N);
    long want = 0, got = 0;
    for (int i = 0; i < N; i++) want += v[(size_t)i] = i % 97 - 11;
    x.put(v);
    LAUNCH(sums<8>, BLOCKS, 256, 256 * sizeof(int), NULL, x.p, N, y.p);
    for (int s : y.get()) got += s;
    check(got == want, "a sum by shuffles and shared memory: 64 blocks of 256 threads");
}

static __global__ void warp_words(int *y)
{
    const int lane = (int)threadIdx.x % 32;
    int *out = y + threadIdx.x * 8;
    out[0] = __shfl_sync(0xffffffffu, lane, 5);
    out[1] = __shfl_up_sync(0xffffffffu, lane, 3);
    out[2] = __shfl_down_sync(0xffffffffu, lane, 3, 8);
    out[3] = __shfl_xor_sync(0xffffffffu, lane, 7);
    out[4] = (int)__ballot_sync(0xffffffffu, lane % 3 == 0);
    out[5] = __any_sync(0xffffffffu, lane == 9) + 2 * __all_sync(0xffffffffu, lane < 31);
    if (lane < 4) out[6] = __shfl_xor_sync(0xfu, lane, 1);
    __syncwarp();
    out[7] = __syncthreads_count(threadIdx.x < 40);
}

static void lanes()
{
    array<int> y(64 * 8);
    LAUNCH(warp_words, 1, 64, 0, NULL, y.p);
    const std::vector<int> v = y.get();
    bool ok = true;
    int ballot = 0;
    for (int i = 0; i < 32; i += 3) ballot |= (int)(1u << i);
    for (int t = 0; t < 64; t++) {
        const int *o = &v[(size_t)t * 8], l = t % 32;
        ok = ok && o[0] == 5 && o[1] == (l < 3 ? l : l - 3) && o[2] == (l % 8 < 5 ? l + 3 : l) && o[3] == (l ^ 7) && o[4] == ballot
             && o[5] == 1 && (l > 3 || o[6] == (l ^ 1)) && o[7] == 40;
    }
    check(ok, "shuffles with and without width, votes, a part of a warp, a count over the block");
}

static __global__ void counts(unsigned *n, const unsigned short *x) { atomicAdd(&n[x[blockIdx.x * blockDim.x + threadIdx.x]], 1); }

static __global__ void exchanged(int *y)
{
    int mine[2] = { (int)threadIdx.x, 7 }, all[64];
    emu_warp_exchange(mine, sizeof mine, all);
    for (int i = 0; i < 32; i++) y[threadIdx.x] += all[2 * i] * all[2 * i + 1];
}

static __global__ void copied(const float4 *x, float4 *y)
{
    __shared__ float4 s[32];
    __pipeline_memcpy_async(&s[threadIdx.x], &x[threadIdx.x], 16);
    __pipeline_commit();
    y[threadIdx.x].x = s[threadIdx.x].x;                       /* too early: what stands there is NaN */
    __pipeline_wait_prior(0);
    y[threadIdx.x].y = s[threadIdx.x].x;
}

static void others()
{
    array<unsigned> n(4);
    array<unsigned short> x(96);
    array<int> y(32);
    array<float4> a(32), b(32);
    n.put({ 0, 0, 0, 0 });
    std::vector<unsigned short> v(96);
    for (size_t i = 0; i < 96; i++) v[i] = i % 4 == 3 ? 1 : 0;
    x.put(v);
    LAUNCH(counts, 3, 32, 0, NULL, n.p, x.p);
    check(n.get()[0] == 72 && n.get()[1] == 24, "integer atomics");
    cudaMemset(y.p, 0, 128);
    LAUNCH(exchanged, 1, 32, 0, NULL, y.p);
    check(y.get()[13] == 7 * 31 * 16, "an exchange of a warp");
    std::vector<float4> f(32);
    for (size_t i = 0; i < 32; i++) f[i].x = (float)i;
    a.put(f);
    LAUNCH(copied, 1, 32, 0, NULL, a.p, b.p);
    check(std::isnan(b.get()[3].x) && b.get()[3].y == 3, "an asynchronous copy arrives when it is waited for");
    check(__bfloat162float(__float2bfloat16_rn(1.00390625f)) == 1 && __bfloat162float(__float2bfloat16_rn(1.01171875f)) == 1.015625f, "bf16: ties to even");
}

static __global__ void racy(int *y)                            /* reads its neighbour's word without a barrier between */
{
    __shared__ int s[32];
    s[threadIdx.x] = (int)threadIdx.x;
    y[threadIdx.x] = s[(threadIdx.x + 1) % 32];
}

static void order()
{
    array<int> y(32);
    LAUNCH(racy, 1, 32, 0, NULL, y.p);
    const std::vector<int> forward = y.get();
    setenv("CUDA_EMU_ORDER", "reverse", 1);
    LAUNCH(racy, 1, 32, 0, NULL, y.p);
    unsetenv("CUDA_EMU_ORDER");
    check(forward != y.get(), "a race shows between the two orders");
}

static __global__ void plus(const int *x, int n, int *y) { *y = *x + n; }

struct pair_of_streams { cudaStream_t s[2]; cudaEvent_t e; int *host; };
static const pair_of_streams &beside()                         /* two streams, pinned memory */
{
    static pair_of_streams p;
    if (p.host) return p;
    for (auto &s : p.s) cudaStreamCreate(&s);
    cudaEventCreate(&p.e), cudaMallocHost(&p.host, sizeof *p.host);
    return p;
}

/* What a kernel of the first stream sees of a copy in the second, which it waits for or not; and a copy that should wait for the kernel */
static int seen(bool waits, const char *late)
{
    const pair_of_streams &p = beside();
    array<int> x(1), y(1);
    x.put({ 1 });
    setenv("CUDA_EMU_LATE", late, 1);
    *p.host = 7;
    cudaMemcpyAsync(x.p, p.host, sizeof(int), cudaMemcpyDefault, p.s[1]);
    cudaEventRecord(p.e, p.s[1]);
    if (waits) cudaStreamWaitEvent(p.s[0], p.e);
    LAUNCH(plus, 1, 1, 0, p.s[0], x.p, 10, y.p);
    cudaEventRecord(p.e, p.s[0]);
    if (waits) cudaStreamWaitEvent(p.s[1], p.e), cudaEventSynchronize(p.e);
    if (waits) *p.host = 30;
    cudaMemcpyAsync(x.p, p.host, sizeof(int), cudaMemcpyDefault, p.s[1]);
    const int v = y.get()[0];
    unsetenv("CUDA_EMU_LATE");
    return v;
}

static void streams()
{
    const pair_of_streams &p = beside();
    check(seen(true, "others") == 17 && seen(true, "first") == 17, "a copy that a kernel waits for, and one that waits for it");
    check(seen(false, "others") == 11, "a copy that is not waited for comes late");
    array<int> x(1), y(1);
    cudaGraph_t g;
    cudaGraphExec_t e;
    int n = 5;
    x.put({ 1 }), y.put({ 0 });
    cudaStreamBeginCapture(p.s[0], cudaStreamCaptureModeThreadLocal);
    LAUNCH(plus, 1, 1, 0, p.s[0], x.p, n, x.p);
    LAUNCH(plus, 1, 1, 0, p.s[0], x.p, 100, y.p);
    cudaStreamEndCapture(p.s[0], &g), cudaGraphInstantiateWithFlags(&e, g, 0), cudaGraphDestroy(g);
    const bool untouched = x.get()[0] == 1 && y.get()[0] == 0;
    n = 50;
    cudaGraphLaunch(e, p.s[0]), cudaGraphLaunch(e, p.s[0]);
    check(untouched && x.get()[0] == 11 && y.get()[0] == 111, "what is captured runs when it is launched, with the numbers of then");
    cudaGraphExecDestroy(e);
}

/* ---- what is wrong ---- */
static __global__ void missed(int *y) { if (threadIdx.x == 9) return; __syncthreads(); *y = 1; }
static __global__ void two_barriers(int *y)
{
    if (threadIdx.x < 32) __syncthreads();
    else
        __syncthreads();
    *y = 1;
}
static __global__ void gone(int *y) { if (threadIdx.x == 9) return; *y = warp_sum(1); }
static __global__ void outside(int *y) { if (threadIdx.x < 8) *y = __shfl_sync(0xffu, 1, 8); }
static __global__ void not_named(int *y) { *y = __shfl_sync(0xffu, 1, 2); }
static __global__ void different(int *y)
{
    if (threadIdx.x < 16) *y = __shfl_sync(0xffffffffu, 1, 2);
    else
        *y = __shfl_sync(0xffffffffu, 1, 2);
}
static __global__ void barrier_and_shuffle(int *y) { if (threadIdx.x == 3) __syncthreads(); *y = warp_sum(1); }
static __global__ void half_exchange(int *y) { int all[32], one = 1; emu_warp_exchange(&one, 4, all); *y = all[3]; }
static __global__ void beyond(int *y, int n) { y[threadIdx.x + (unsigned)n] = 1; }
static __global__ void beyond_shared(int *y, int n) { __shared__ int s[32]; int *q = s; q[threadIdx.x + (unsigned)n] = 1; *y = s[0]; }
static __global__ void beyond_dynamic(int *y, int n) { SHARED(int, s); s[threadIdx.x + (unsigned)n] = 1; *y = s[0]; }
static __global__ void misaligned(float *x) { *(float4 *)(x + threadIdx.x) = make_float4(1, 2, 3, 4); }
static __global__ void nothing(const int *) {}

static int *block_of(size_t n) { int *p; cudaMalloc(&p, n * sizeof *p); return p; }

struct wrong { const char *what, *says; void (*run)(); };
static const wrong wrongs[] = {
    { "a barrier that a thread misses", "missed, block (0,0,0), thread (0,0,0): waits at __syncthreads", [] { LAUNCH(missed, 1, 64, 0, NULL, block_of(1)); } },
    { "two barriers for one", "two_barriers", [] { LAUNCH(two_barriers, 1, 64, 0, NULL, block_of(1)); } },
    { "a shuffle from a lane that has returned", "a shuffle from lane 9, which does not take part", [] { LAUNCH(gone, 1, 32, 0, NULL, block_of(1)); } },
    { "a shuffle from a lane outside the mask", "a shuffle from lane 8, which does not take part", [] { LAUNCH(outside, 1, 32, 0, NULL, block_of(1)); } },
    { "a lane that is not in its own mask", "in which its own lane is not", [] { LAUNCH(not_named, 1, 32, 0, NULL, block_of(1)); } },
    { "lanes at different shuffles", "waits at a shuffle", [] { LAUNCH(different, 1, 32, 0, NULL, block_of(1)); } },
    { "a lane at a barrier, the others at a shuffle", "while thread 3 waits at __syncthreads", [] { LAUNCH(barrier_and_shuffle, 1, 32, 0, NULL, block_of(1)); } },
    { "an exchange of half a warp", "an exchange of a warp that has not 32 lanes", [] { LAUNCH(half_exchange, 1, 16, 0, NULL, block_of(1)); } },
    { "a write beyond device memory", "beyond, block (0,0,0), thread (31,0,0)", [] { LAUNCH(beyond, 1, 32, 0, NULL, block_of(34), 3); } },
    { "a write beyond a shared array", "beyond_shared, block (0,0,0), thread (31,0,0)", [] { LAUNCH(beyond_shared, 1, 32, 0, NULL, block_of(1), 1); } },
    { "a write beyond dynamic shared memory", "beyond_dynamic, block (0,0,0), thread (31,0,0)", [] { LAUNCH(beyond_dynamic, 1, 32, 128, NULL, block_of(1), 1); } },
    { "a 16-byte access at an address that is none", "misaligned", [] { LAUNCH(misaligned, 1, 2, 0, NULL, (float *)block_of(8)); } },
    { "a kernel that gets host memory", "nothing: argument 0", [] { int v = 0; LAUNCH(nothing, 1, 32, 0, NULL, &v); } },
    { "the host in device memory", "use-after-poison", [] { *(volatile int *)block_of(4) = 1; } },
    { "1025 threads", "a block of 1025 x 1 x 1", [] { LAUNCH(nothing, 1, 1025, 0, NULL, NULL); } },
    { "65536 blocks in y", "a grid of 1 x 65536 x 1", [] { LAUNCH(nothing, dim3(1, 65536), 32, 0, NULL, NULL); } },
    { "more than 48 KiB of shared memory", "49153 bytes of dynamic shared memory", [] { LAUNCH(nothing, 1, 32, 49153, NULL, NULL); } },
    { "more than 99 KiB of shared memory", "at most 101376", [] { cudaFuncSetAttribute(nothing, cudaFuncAttributeMaxDynamicSharedMemorySize, 102400); } },
    { "a copy beyond a block", "8 bytes at", [] { int v[2] = { 0 }; cudaMemcpy(block_of(1), v, sizeof v, cudaMemcpyHostToDevice); } },
    { "a copy the wrong way round", "is device memory", [] { int v[2] = { 0 }; cudaMemcpy(v, block_of(2), sizeof v, cudaMemcpyHostToHost); } },
    { "a free of what is no block", "cudaFree of", [] { cudaFree(block_of(2) + 1); } },
    { "a copy beside kernels from memory that is not pinned", "which are not pinned",
      [] { int v = 0; cudaMemcpyAsync(block_of(1), &v, sizeof v, cudaMemcpyHostToDevice, beside().s[1]); } },
    { "a copy that waits while a stream is captured", "cudaMemcpy while a stream is captured",
      [] { int v, *p = block_of(1); cudaStreamBeginCapture(beside().s[0], cudaStreamCaptureModeThreadLocal); cudaMemcpy(&v, p, sizeof v, cudaMemcpyDeviceToHost); } },
    { "a kernel in the default stream while one is captured", "the default stream is used while a stream is captured",
      [] { int *p = block_of(1); cudaStreamBeginCapture(beside().s[0], cudaStreamCaptureModeThreadLocal); LAUNCH(plus, 1, 1, 0, NULL, p, 1, p); } },
    { "the host waits for a stream that is captured", "cudaStreamSynchronize on a stream that is captured",
      [] { cudaStreamBeginCapture(beside().s[0], cudaStreamCaptureModeThreadLocal); cudaStreamSynchronize(beside().s[0]); } },
    { "pinned memory that was not", "which was not pinned", [] { cudaFreeHost(block_of(1)); } },
};

static void reported(const wrong &w)
{
    int ends[2], status = 0;
    std::string text;
    char part[4096];
    fflush(stdout);
    if (pipe(ends)) abort();
    const pid_t child = fork();
    if (!child) {
        dup2(ends[1], 2);
        w.run();
        _exit(0);
    }
    close(ends[1]);
    for (ssize_t n; (n = read(ends[0], part, sizeof part)) > 0;) text.append(part, (size_t)n);
    close(ends[0]);
    waitpid(child, &status, 0);
    const bool ok = status != 0 && text.find(w.says) != std::string::npos;
    check(ok, w.what);
    if (!ok) printf("       status %d, wanted '%s', got: %s\n", status, w.says, text.c_str());
}

int main()
{
    reduction(), lanes(), others(), order(), streams();
    for (const wrong &w : wrongs) reported(w);
    reduction();
    printf("%d failed\n", failures);
    return failures != 0;
}
