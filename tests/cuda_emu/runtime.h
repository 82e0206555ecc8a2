/* runtime.h - the part of the CUDA runtime that the emulator answers: memory, streams and events, the properties of the device.
 *
 * Device memory is malloc'd to the exact byte. Where AddressSanitizer runs, it is poisoned while no kernel runs, so that a host
 * that follows a device pointer is reported. Everything happens at once: a stream is a name, an event a time.
 * Faults on purpose: CUDA_EMU_FAIL=launch:N, copy:N, alloc:N, cudnn:N or cublas:N (calls of the fakes) lets the Nth of these fail,
 * lost:N the Nth launch and all that follows it; count:0 tells at the end how many there were of each. CUDA_EMU_MEMORY=BYTES is all the memory that there is. */
#ifndef CUDA_EMU_RUNTIME_H
#define CUDA_EMU_RUNTIME_H
#include <cstddef>

enum cudaError_t {
    cudaSuccess = 0, cudaErrorInvalidValue = 1, cudaErrorMemoryAllocation = 2, cudaErrorInvalidConfiguration = 9,
    cudaErrorDevicesUnavailable = 46, cudaErrorNotReady = 600, cudaErrorLaunchFailure = 719
};
enum cudaMemcpyKind { cudaMemcpyHostToHost, cudaMemcpyHostToDevice, cudaMemcpyDeviceToHost, cudaMemcpyDeviceToDevice };
enum cudaFuncAttribute { cudaFuncAttributeMaxDynamicSharedMemorySize, cudaFuncAttributePreferredSharedMemoryCarveout };
enum cudaDeviceAttr { cudaDevAttrMaxSharedMemoryPerBlockOptin = 97, cudaDevAttrMultiProcessorCount = 16 };
enum { cudaStreamNonBlocking = 1, cudaEventDisableTiming = 2, cudaHostAllocDefault = 0 };
struct emu_stream;
struct emu_event { double at; };         /* seconds */
typedef emu_stream *cudaStream_t;
typedef emu_event *cudaEvent_t;
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
static inline cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t n, cudaMemcpyKind k, cudaStream_t = nullptr) { return cudaMemcpy(to, from, n, k); }
static inline cudaError_t cudaMemsetAsync(void *p, int byte, size_t n, cudaStream_t = nullptr) { return cudaMemset(p, byte, n); }
static inline cudaError_t cudaStreamCreate(cudaStream_t *s) { *s = nullptr; return cudaSuccess; }
static inline cudaError_t cudaStreamCreateWithFlags(cudaStream_t *s, unsigned) { *s = nullptr; return cudaSuccess; }
static inline cudaError_t cudaStreamDestroy(cudaStream_t) { return cudaSuccess; }
static inline cudaError_t cudaStreamSynchronize(cudaStream_t) { return cudaSuccess; }
static inline cudaError_t cudaStreamWaitEvent(cudaStream_t, cudaEvent_t, unsigned = 0) { return cudaSuccess; }
static inline cudaError_t cudaEventCreateWithFlags(cudaEvent_t *e, unsigned) { return cudaEventCreate(e); }
static inline cudaError_t cudaEventSynchronize(cudaEvent_t) { return cudaSuccess; }
cudaError_t cudaDeviceSynchronize();
cudaError_t cudaGetLastError();          /* of a fault on purpose (faults.cc): what else would set it ends the program here */
template <typename F> static inline cudaError_t cudaFuncGetAttributes(cudaFuncAttributes *a, F *) { a->maxThreadsPerBlock = 1024; return cudaSuccess; }
template <typename F> static inline cudaError_t cudaFuncSetAttribute(F *kernel, cudaFuncAttribute what, int value)
{
    return what == cudaFuncAttributeMaxDynamicSharedMemorySize ? emu_shared_limit((const void *)kernel, value) : cudaSuccess;
}
#endif
