/* device.h - the whole backend interface besides kernels: memory and copies, and the table of the code that computes there.
 * The memory of a GPU cannot be read by the host: values go through put, get and zero only. */
#ifndef NN_DEVICE_H
#define NN_DEVICE_H
#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

struct device;

/* What a GPU does while the host goes on: two queues, each in its order, and kernels that are recorded to be run again (nn/device_queue.cu).
 * What struct device does (put, get, zero, sync) waits for both; context.stream is that of the kernels. An event is the place in a queue where it was marked last. */
enum queue { QUEUE_KERNELS, QUEUE_COPIES };
typedef struct device_queues {
    void *stream[2];
    void *(*pin)(const struct device *, size_t bytes);                 /* memory of the host that copy may touch; NULL: refused */
    void  (*unpin)(const struct device *, void *);
    /* Of pinned or the device's memory, later: pinned memory must stay as it is until then. */
    void  (*copy)(const struct device *, enum queue, void *to, const void *from, size_t bytes);
    void *(*event)(const struct device *);
    void  (*drop_event)(const struct device *, void *event);
    void  (*mark)(const struct device *, void *event, enum queue);
    void  (*wait)(const struct device *, void *event, enum queue);     /* what comes to the queue now waits for the event */
    void  (*await)(const struct device *, void *event);                /* the host does; at once where it was never marked */
    /* Between begin and end kernels are recorded instead of run; nothing else may be asked of the device. run: once more, in the queue of
     * kernels, with the numbers and addresses of then. */
    void  (*begin)(const struct device *);
    void *(*end)(const struct device *);
    void  (*run)(const struct device *, void *record);
    void  (*drop_record)(const struct device *, void *record);
} device_queues;

typedef struct device {
    const char *name;                                            /* "cpu", "cuda:0" */
    void  *(*alloc)(const struct device *, size_t bytes);        /* 64-byte aligned or better, not cleared; NULL: refused */
    void   (*free)(const struct device *, void *);
    void   (*put)(const struct device *, void *dst, const void *host, size_t bytes);
    void   (*get)(const struct device *, void *host, const void *src, size_t bytes);
    void   (*zero)(const struct device *, void *, size_t bytes);
    void   (*sync)(const struct device *);
    size_t (*room)(const struct device *);                       /* bytes that can still be had */
    const struct backend *code;                                  /* ops and kernels */
    const device_queues *queues;                                 /* NULL on the CPU, which does everything at once */
} device;

extern const device device_cpu;
/* Its alloc, and the same set to zero, which do not return where the memory is refused: one line with what it was for, what was wanted and
 * what can be had, status 4. */
void *device_alloc(const device *, size_t bytes, const char *what);
void *device_zeroed(const device *, size_t bytes, const char *what);
/* The GPU of this index, by the plugin libdarkspine-cuda.so: the file DARKSPINE_CUDA_PLUGIN names, or the one beside the program, or in
 * ../lib/darkspine from there. NULL where there is none to use, and why in words. Stays open to the end of the program. */
const device *device_cuda(int index, char why[256]);

/* What the plugin exports: as device_cuda. layout: device_layout() of the caller, which must be the plugin's own. */
typedef const device *device_open(uint64_t layout, int index, char why[256]);
#define DEVICE_OPEN "darkspine_cuda_open"
uint64_t device_layout(void);            /* differs where the structs that program and plugin share differ; nn/backend.c */
#ifdef __cplusplus
}
#endif
#endif
