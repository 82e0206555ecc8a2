/* params.h - all parameters of a model in one allocation, their gradients in another, in one order: an optimiser is one kernel,
 * a norm one reduction, a checkpoint one walk. Several nets (training, validation at another size) bind to the same arena by name. */
#ifndef NN_PARAMS_H
#define NN_PARAMS_H
#include "nn/device.h"
#include "nn/graph.h"

typedef struct param {
    char   name[96];
    shape  s;
    role   role;                         /* PARAM or STATE */
    int    decay;
    int    frozen;                       /* an optimiser leaves it as it is, and holds no state for it */
    int    group;                        /* which objective trains it: 0, 1, ... */
    layout layout;
    int64_t pixels;                      /* LAYOUT_FLAT */
    init   init;
    size_t at, count;                    /* elements, offset in the arena */
} param;

typedef struct params {
    param *p; int n;                     /* PARAMs in graph order, then STATEs */
    size_t trainable, total;             /* elements; those of PARAMs that are not frozen come first. Padding between tensors stays 0 */
    real *x, *g;                         /* total and trainable elements, on the device */
    const device *dev;
} params;

params *params_new(const graph *g, const device *dev, int gradients);   /* gradients = 0: inference only, p->g stays NULL */
/* frozen: the names of those that are not trained; NULL: all are */
params *params_new_frozen(const graph *g, const device *dev, int gradients, int (*frozen)(const void *arg, const char *name), const void *arg);
void    params_free(params *p);
void    params_bind(const params *p, graph *g);          /* points the graph's leaves at the arena; dies on a name or shape that differs */
void    params_init(params *p, uint64_t seed);           /* every tensor from its initialiser: Philox keyed (seed, INIT, tensor, element) */
const param *params_find(const params *p, const char *name);
/* "enc*,head.weight": does one of these patterns (by comma; * ? [abc] as in a shell) fit the name? patterns NULL: none does. */
int     params_fits(const char *patterns, const char *name);
int64_t params_count(const params *p, role r);           /* numbers, without padding */
#endif
