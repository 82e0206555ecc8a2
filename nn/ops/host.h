/* host.h - ops that compute on the host wherever maps lie: what the host looks at anyway. Their inputs come dense to host_in, their
 * outputs are written dense where host_out says, and host_done puts these where they belong. On the CPU nothing is copied but what
 * lies in channels of a wider map; on a GPU each run waits for it twice, which is the price of such an op. */
#ifndef NN_OPS_HOST_H
#define NN_OPS_HOST_H
#include <stdlib.h>
#include <string.h>
#include "nn/device.h"
#include "nn/ops/check.h"

typedef struct { void *in[MAX_IN], *out[MAX_OUT]; } host_state;

#ifdef DARKSPINE_CUDA
static inline int host_direct(const tensor *t) { (void)t; return 0; }
static inline void host_get(const context *c, void *to, const void *from, size_t n) { c->dev->get(c->dev, to, from, n); }
static inline void host_put(const context *c, void *to, const void *from, size_t n) { c->dev->put(c->dev, to, from, n); }
#else
static inline int host_direct(const tensor *t) { return tensor_stride(t) == tensor_channels(t); }
static inline void host_get(const context *c, void *to, const void *from, size_t n) { (void)c; memcpy(to, from, n); }
static inline void host_put(const context *c, void *to, const void *from, size_t n) { (void)c; memcpy(to, from, n); }
#endif

static inline void host_release(node *n)
{
    host_state *h = n->state;
    for (int i = 0; h && i < MAX_IN; i++) free(h->in[i]);
    for (int i = 0; h && i < MAX_OUT; i++) free(h->out[i]);
    free(h), n->state = NULL;
}

static inline void host_prepare(const context *c, node *n)
{
    (void)c;
    host_release(n);
    host_state *h = n->state = xalloc(sizeof *h);
    for (int i = 0; i < n->nin; i++) if (!host_direct(n->in[i])) h->in[i] = xalloc(n->in[i]->x.size);
    for (int i = 0; i < n->nout; i++) if (!host_direct(n->out[i])) h->out[i] = xalloc(n->out[i]->x.size);
}

/* Pixel by pixel where the tensor is channels of a wider one, else at once */
static inline size_t host_runs(const tensor *t, int64_t *runs)
{
    const int dense = tensor_stride(t) == tensor_channels(t);
    *runs = dense ? 1 : tensor_pixels(t);
    return t->x.size / (size_t)*runs;
}

static inline const void *host_in(const context *c, const node *n, int i)
{
    const tensor *t = n->in[i];
    char *to = ((const host_state *)n->state)->in[i];
    int64_t runs;
    if (!to) return t->x.p;
    const size_t bytes = host_runs(t, &runs), step = (size_t)tensor_stride(t) * dtype_size(t->type);
    for (int64_t k = 0; k < runs; k++) host_get(c, to + (size_t)k * bytes, (const char *)t->x.p + (size_t)k * step, bytes);
    return to;
}

/* Cleared */
static inline void *host_out(const node *n, int i)
{
    void *own = ((const host_state *)n->state)->out[i], *to = own ? own : n->out[i]->x.p;
    return memset(to, 0, n->out[i]->x.size);
}

static inline void host_done(const context *c, const node *n)
{
    for (int i = 0; i < n->nout; i++) {
        const tensor *t = n->out[i];
        const char *from = ((const host_state *)n->state)->out[i];
        int64_t runs;
        if (!from) continue;
        const size_t bytes = host_runs(t, &runs), step = (size_t)tensor_stride(t) * dtype_size(t->type);
        for (int64_t k = 0; k < runs; k++) host_put(c, (char *)t->x.p + (size_t)k * step, from + (size_t)k * bytes, bytes);
    }
}

/* The rows of such an op */
#define ON_HOST .host = 1, .prepare = host_prepare, .release = host_release
#endif
