/* device_queue.cu - what a GPU does while the host goes on: a stream for kernels, one for copies, events between them, and launches that
 * are recorded as a CUDA graph; see device.h.
 *
 * Both streams are of the kind that the default stream waits for and that waits for it, so that whoever knows of neither (put, get, a context
 * without a stream) is right all the same. The trap: a step that is recorded must have run before, because modules are loaded and
 * limits of shared memory are set by the first launch, and it may ask nothing of the default stream. */
#include "kernels/cuda.h"
#include "nn/device.h"

const device_queues *queues_open();

static device_queues queues;
static cudaStream_t stream(enum queue q) { return (cudaStream_t)queues.stream[q]; }

static void *queue_pin(const device *, size_t bytes)
{
    void *p = nullptr;
    const cudaError_t e = cudaMallocHost(&p, bytes);
    if (e == cudaSuccess) return p;
    if (e != cudaErrorMemoryAllocation) CUDA_CHECK(e, "pinning memory");
    cudaGetLastError();                                        /* an answer: the next call is not to find it */
    return nullptr;
}
static void queue_unpin(const device *, void *p) { CUDA_CHECK(cudaFreeHost(p), "freeing pinned memory"); }

static void queue_copy(const device *, enum queue q, void *to, const void *from, size_t n)
{
    CUDA_CHECK(cudaMemcpyAsync(to, from, n, cudaMemcpyDefault, stream(q)), "copying beside the kernels");
}

static void *queue_event(const device *)
{
    cudaEvent_t e;
    CUDA_CHECK(cudaEventCreateWithFlags(&e, cudaEventDisableTiming), "making an event");
    return e;
}
static void queue_drop_event(const device *, void *e) { CUDA_CHECK(cudaEventDestroy((cudaEvent_t)e), "freeing an event"); }
static void queue_mark(const device *, void *e, enum queue q) { CUDA_CHECK(cudaEventRecord((cudaEvent_t)e, stream(q)), "marking an event"); }
static void queue_wait(const device *, void *e, enum queue q) { CUDA_CHECK(cudaStreamWaitEvent(stream(q), (cudaEvent_t)e, 0), "ordering its queues"); }
static void queue_await(const device *, void *e) { CUDA_CHECK(cudaEventSynchronize((cudaEvent_t)e), "computing"); }

/* Of this thread: loaders ask nothing of the GPU. */
static void queue_begin(const device *)
{
    CUDA_CHECK(cudaStreamBeginCapture(stream(QUEUE_KERNELS), cudaStreamCaptureModeThreadLocal), "beginning to record a step");
}

static void *queue_end(const device *)
{
    cudaGraph_t graph;
    cudaGraphExec_t record;
    CUDA_CHECK(cudaStreamEndCapture(stream(QUEUE_KERNELS), &graph), "recording a step");
    CUDA_CHECK(cudaGraphInstantiateWithFlags(&record, graph, 0), "making a graph of a step");
    CUDA_CHECK(cudaGraphDestroy(graph), "freeing what was recorded");
    return record;
}

static void queue_run(const device *, void *record) { CUDA_CHECK(cudaGraphLaunch((cudaGraphExec_t)record, stream(QUEUE_KERNELS)), "running a recorded step"); }
static void queue_drop_record(const device *, void *record) { CUDA_CHECK(cudaGraphExecDestroy((cudaGraphExec_t)record), "freeing a recorded step"); }

const device_queues *queues_open()
{
    cudaStream_t made[2];
    if (queues.run) return &queues;
    for (int q = 0; q < 2; q++) CUDA_CHECK(cudaStreamCreate(&made[q]), "making its queues");
    queues = device_queues{ { made[QUEUE_KERNELS], made[QUEUE_COPIES] }, queue_pin, queue_unpin, queue_copy, queue_event, queue_drop_event,
                            queue_mark, queue_wait, queue_await, queue_begin, queue_end, queue_run, queue_drop_record };
    return &queues;
}
