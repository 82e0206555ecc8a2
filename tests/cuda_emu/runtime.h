/* runtime.h - the part of the CUDA runtime that the emulator answers: memory, streams and events, the properties of the device.
 *
 * Device memory is malloc'd to the exact byte. Where AddressSanitizer runs, it is poisoned while no kernel runs, so that a host
 * that follows a device pointer is reported. What goes to the default stream happens at once, when
 * all else is done; a stream of its own is a list (streams.cc): the first that is made is worked off as it comes, those after it as late as
 * may be, when an event or somebody who waits asks for it. CUDA_EMU_LATE=first turns that round. So what should have been waited for, and
 * was not, shows as old numbers. What is captured is kept with its arguments of then. Host memory of such copies must be pinned.
 * Faults on purpose: CUDA_EMU_FAIL=launch:N, copy:N, alloc:N, cudnn:N or cublas:N (calls of the fakes) lets the Nth of these fail,
 * lost:N the Nth launch and all that follows it; count:0 tells at the end how many there were of each. CUDA_EMU_MEMORY=BYTES is all the memory that there is. */
#ifndef CUDA_EMU_RUNTIME_H
#define CUDA_EMU_RUNTIME_H
#include <cstddef>
#include <functional>

enum cudaError_t {
    cudaSuccess = 0, cudaErrorInvalidValue = 1, cudaErrorMemoryAllocation = 2, cudaErrorInvalidConfiguration = 9,
    cudaErrorDevicesUnavailable = 46, cudaErrorNotReady = 600, cudaErrorLaunchFailure = 719
};
enum cudaMemcpyKind { cudaMemcpyHostToHost, cudaMemcpyHostToDevice, cudaMemcpyDeviceToHost, cudaMemcpyDeviceToDevice, cudaMemcpyDefault };
enum cudaFuncAttribute { cudaFuncAttributeMaxDynamicSharedMemorySize, cudaFuncAttributePreferredSharedMemoryCarveout };
enum cudaDeviceAttr { cudaDevAttrMaxSharedMemoryPerBlockOptin = 97, cudaDevAttrMultiProcessorCount = 16 };
enum { cudaStreamNonBlocking = 1, cudaEventDisableTiming = 2, cudaHostAllocDefault = 0 };
struct emu_stream;
struct emu_graph;
struct emu_event { double at; emu_stream *of; long long place; };          /* seconds; the stream and how much of it, where it was recorded */
typedef emu_stream *cudaStream_t;
typedef emu_event *cudaEvent_t;
typedef emu_graph *cudaGraph_t, *cudaGraphExec_t;
enum cudaStreamCaptureMode { cudaStreamCaptureModeGlobal, cudaStreamCaptureModeThreadLocal, cudaStreamCaptureModeRelaxed };
struct cudaFuncAttributes { int maxThreadsPerBlock; };
struct cudaDeviceProp { char name[256]; size_t totalGlobalMem, sharedMemPerBlockOptin; int major, minor, multiProcessorCount, warpSize; };

cudaError_t cudaMalloc(void **p, size_t bytes);
cudaError_t cudaFree(void *p);
cudaError_t cudaMallocHost(void **p, size_t bytes);
cudaError_t cudaFreeHost(void *p);
cudaError_t cudaMemcpy(void *to, const void *from, size_t bytes, cudaMemcpyKind kind);
cudaError_t cudaMemset(void *p, int byte, size_t bytes);
cudaError_t cudaMemGetInfo(size_t *free, size_t *total);
cudaError_t cudaGetDeviceCount(int *n);
cudaError_t cudaSetDevice(int i);
cudaError_t cudaGetDevice(int *i);
cudaError_t cudaGetDeviceProperties(cudaDeviceProp *p, int device);
cudaError_t cudaDeviceGetAttribute(int *value, cudaDeviceAttr what, int device);
cudaError_t cudaEventCreate(cudaEvent_t *e);
cudaError_t cudaEventDestroy(cudaEvent_t e);
cudaError_t cudaEventRecord(cudaEvent_t e, cudaStream_t s = nullptr);
cudaError_t cudaEventElapsedTime(float *ms, cudaEvent_t from, cudaEvent_t to);
const char *cudaGetErrorString(cudaError_t e);
size_t emu_memory_size();                /* all the memory that there is */
cudaError_t emu_shared_limit(const void *kernel, int bytes);

template <typename T> static inline cudaError_t cudaMalloc(T **p, size_t bytes) { return cudaMalloc((void **)p, bytes); }
template <typename T> static inline cudaError_t cudaMallocHost(T **p, size_t bytes) { return cudaMallocHost((void **)p, bytes); }
static inline cudaError_t cudaMemsetAsync(void *p, int byte, size_t n, cudaStream_t = nullptr) { return cudaMemset(p, byte, n); }
static inline cudaError_t cudaEventCreateWithFlags(cudaEvent_t *e, unsigned) { return cudaEventCreate(e); }
cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t n, cudaMemcpyKind kind, cudaStream_t s = nullptr);
cudaError_t cudaStreamCreate(cudaStream_t *s);
cudaError_t cudaStreamSynchronize(cudaStream_t s);
cudaError_t cudaStreamWaitEvent(cudaStream_t s, cudaEvent_t e, unsigned flags = 0);
cudaError_t cudaEventSynchronize(cudaEvent_t e);
cudaError_t cudaDeviceSynchronize();
cudaError_t cudaStreamBeginCapture(cudaStream_t s, cudaStreamCaptureMode mode);
cudaError_t cudaStreamEndCapture(cudaStream_t s, cudaGraph_t *g);
cudaError_t cudaGraphInstantiateWithFlags(cudaGraphExec_t *e, cudaGraph_t g, unsigned long long flags);
cudaError_t cudaGraphDestroy(cudaGraph_t g);
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t e);
cudaError_t cudaGraphLaunch(cudaGraphExec_t e, cudaStream_t s);

/* For what computes on the device: does it in this stream, now or in its turn. What it needs of the host goes along by value. */
__attribute__((visibility("default"))) void emu_enqueue(cudaStream_t s, std::function<cudaError_t()> work);
void emu_settle(const char *who);        /* all streams are worked off; dies where one is being captured */
/* What kind of copy is meant by addresses, and is the host's side pinned? Dies where it is not. */
cudaMemcpyKind emu_copy_kind(const void *to, const void *from, size_t n);
cudaError_t cudaGetLastError();          /* of a fault on purpose (faults.cc): what else would set it ends the program here */
static inline cudaError_t cudaPeekAtLastError() { return cudaSuccess; }
template <typename F> static inline cudaError_t cudaFuncGetAttributes(cudaFuncAttributes *a, F *) { a->maxThreadsPerBlock = 1024; return cudaSuccess; }
template <typename F> static inline cudaError_t cudaFuncSetAttribute(F *kernel, cudaFuncAttribute what, int value)
{
    return what == cudaFuncAttributeMaxDynamicSharedMemorySize ? emu_shared_limit((const void *)kernel, value) : cudaSuccess;
}
#endif
