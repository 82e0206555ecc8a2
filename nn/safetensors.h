/* safetensors.h - the safetensors file format: 8 bytes of header length (little endian), a JSON header, the data.
 *
 * Reading is strict, so that a file cannot mean two things: every byte of the data belongs to exactly one tensor, no name stands
 * twice, nothing follows the last tensor, and only known fields and types occur. Sizes are checked before anything is read. */
#ifndef NN_SAFETENSORS_H
#define NN_SAFETENSORS_H
#include "nn/tensor.h"

enum { SAFETENSORS_HEADER = 1 << 24 };                   /* bytes of JSON accepted */

typedef struct safetensor {
    char *name;
    dtype type;                                          /* F32, F64, BF16 or I64; half: F16, which is read as F32 */
    int half;
    shape s;                                             /* at most four axes; nd 0: one number */
    size_t at, size;                                     /* bytes, from the start of the data */
} safetensor;

typedef struct safetensors {
    char *path;
    safetensor *t; int n;                                /* in the order of the data */
    size_t data;                                         /* where the data begins in the file */
    int fd;
} safetensors;

safetensors *safetensors_open(const char *path);         /* the header; dies 2 on anything that is not exactly right */
int  safetensors_find(const safetensors *f, const char *name);         /* -1: none */
/* Tensor i as `real`, in the file's own order; shape_volume numbers. Dies 2 where the file has become shorter. Not for I64. */
void safetensors_get(const safetensors *f, int i, real *out);
void safetensors_close(safetensors *f);

/* Writing: begin, declare every tensor (the wider types first: data stay aligned), put each in that order, commit. */
typedef struct safetensors_writer safetensors_writer;
safetensors_writer *safetensors_begin(const char *path);
void safetensors_declare(safetensors_writer *w, const char *name, dtype type, shape s);
void safetensors_put(safetensors_writer *w, int i, const void *data);
void safetensors_commit(safetensors_writer *w);          /* dies 4 on a full disk; the old file stays */
#endif
