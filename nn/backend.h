/* backend.h - the code of one device: what nn/ calls that is compiled once per device. The program holds the CPU's; the CUDA plugin
 * holds its own, made from the same files (nn/ops.c, nn/ops, nn/backend.c) with -DDARKSPINE_CUDA.
 * Kernels that no op calls stand here by name; everything else is reached through the rows of ops. */
#ifndef NN_BACKEND_H
#define NN_BACKEND_H
#include "kernels/fill.h"
#include "kernels/optim.h"
#include "nn/op.h"

typedef struct backend {
    const op *const *ops;                /* NULL at the end */
    const op *const *ops_bf16;           /* those that work where maps lie in bf16; NULL: none */
    int (*maps_bf16)(void);              /* is that a gain here? NULL: no */
    void (*sgd)(const context *, size_t, real *, const real *, real *, real *, const optim_rule *);
    void (*adam)(const context *, size_t, real *, const real *, real *, real *, real *, const optim_rule *);
    void (*rmsprop)(const context *, size_t, real *, const real *, real *, real *, real *, const optim_rule *);
    void (*squares)(const context *, size_t, const real *, double *);
    void (*average)(const context *, size_t, const real *, real *, double);
    void (*note)(const context *, const real *, real *);                          /* these two NULL on the CPU */
    void (*judge)(const context *, size_t, const double *, double, int, const real *);
    void (*fill)(const context *, size_t, real *, real);
    /* The vendor's libraries, found when first asked for: "cuDNN 9.19.0", or why it is not used; NULL after the last. NULL: none such */
    const char *(*library)(int i);
} backend;

extern const backend backend_here;       /* of the device this file was compiled for */
#endif
