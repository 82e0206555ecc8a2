/* npz.h - arrays that NumPy has saved: a zip archive of .npy files, stored or deflated. For weights that were published in that form.
 *
 * Reading is strict: the archive's directory must describe plain files inside the archive, every member must be a C-ordered array of
 * little-endian float32, float64 or float16 with at most four axes, and its data must have exactly the size of its shape. */
#ifndef NN_NPZ_H
#define NN_NPZ_H
#include "nn/tensor.h"

typedef struct npz_array {
    char *name;                          /* of the member, without ".npy" */
    shape s;                             /* nd 0: one number */
    int bytes;                           /* of one number: 2, 4 or 8 */
    uint64_t at, packed, size;           /* where the member's data begin, their size in the file and unpacked */
    uint64_t header;                     /* of the unpacked member: the numbers follow */
    uint32_t crc;                        /* of the unpacked member, checked where all of it is read */
    int deflated;
} npz_array;

typedef struct npz { char *path; int fd; npz_array *a; int n; } npz;

npz *npz_open(const char *path);         /* the directory and every header; dies 2 on anything that is not exactly right */
int  npz_find(const npz *f, const char *name);               /* -1: none */
void npz_get(const npz *f, int i, real *out);                /* shape_volume numbers; dies 2 where the data are damaged */
void npz_close(npz *f);
#endif
