/* layers.c - see layers.h. A filter is what makes one output channel: the last size of a convolution's weights, the first of a matrix. */
#include "train/layers.h"
#include "base/die.h"
#include <math.h>
#include <stdlib.h>

real *layers_before(const model *m)
{
    real *x = xalloc_n(m->p->trainable, sizeof *x);
    m->p->dev->get(m->p->dev, x, m->p->x, m->p->trainable * sizeof *x);
    return x;
}

static double dead_share(const param *q, const real *g)
{
    const int matrix = q->s.nd == 2;
    const size_t filters = (size_t)q->s.d[matrix ? 0 : q->s.nd - 1], row = (size_t)q->s.d[q->s.nd - 1];
    uint8_t *alive = xalloc(filters);
    size_t dead = 0;
    for (size_t i = 0; i < q->count; i++) if (g[i] != 0) alive[matrix ? i / row : i % filters] = 1;
    for (size_t i = 0; i < filters; i++) dead += !alive[i];
    free(alive);
    return (double)dead / (double)filters;
}

layer_step *layers_measure(const model *m, real *before, int *n)
{
    const params *p = m->p;
    layer_step *out = xalloc_n((size_t)p->n, sizeof *out);
    *n = 0;
    for (int i = 0; i < p->n; i++) {
        const param *q = &p->p[i];
        if (q->role != PARAM || !q->decay || q->frozen) continue;
        real *x = xalloc_n(q->count, sizeof *x), *g = xalloc_n(q->count, sizeof *g);
        double weight = 0, gradient = 0, update = 0, was = 0;
        p->dev->get(p->dev, x, p->x + q->at, q->count * sizeof *x);
        p->dev->get(p->dev, g, p->g + q->at, q->count * sizeof *g);
        for (size_t j = 0; j < q->count; j++) {
            const double old = before[q->at + j], change = x[j] - old;
            weight += (double)x[j] * x[j], gradient += (double)g[j] * g[j], update += change * change, was += old * old;
        }
        const double count = (double)q->count;
        out[(*n)++] = (layer_step){ q->name, sqrt(weight / count), sqrt(gradient / count), sqrt(update / count),
                                    was > 0 ? sqrt(update / was) : NAN, dead_share(q, g) };
        free(x), free(g);
    }
    free(before);
    return out;
}
