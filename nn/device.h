/* device.h - the whole backend interface besides kernels: memory and copies. */
#ifndef NN_DEVICE_H
#define NN_DEVICE_H
#include <stddef.h>

typedef struct device {
    const char *name;                                            /* "cpu", "cuda:0" */
    void  *(*alloc)(const struct device *, size_t bytes);        /* 64-byte aligned or better, not cleared; NULL: refused */
    void   (*free)(const struct device *, void *);
    void   (*put)(const struct device *, void *dst, const void *host, size_t bytes);
    void   (*get)(const struct device *, void *host, const void *src, size_t bytes);
    void   (*zero)(const struct device *, void *, size_t bytes);
    void   (*sync)(const struct device *);
    size_t (*room)(const struct device *);                       /* bytes that can still be had */
} device;

extern const device device_cpu;
#endif
