/* layers.c - see layers.h. A filter is what makes one output channel: the last size of a convolution's weights, the first of a matrix. */
#include "train/layers.h"
#include "base/die.h"
#include <math.h>
#include <stdlib.h>

static real *fetch(const params *p, const real *x, size_t count)
{
    real *host = xalloc_n(count, sizeof *host);
    p->dev->get(p->dev, host, x, count * sizeof *host);
    return host;
}

real *layers_before(const params *p, size_t at, size_t count) { return fetch(p, p->x + at, count); }

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

static layer_step measured(const params *p, const param *q, const real *before, const real *gradients)
{
    real *x = fetch(p, p->x + q->at, q->count), *g = fetch(p, gradients, q->count);
    double weight = 0, gradient = 0, update = 0, was = 0;
    for (size_t j = 0; j < q->count; j++) {
        const double old = before[j], change = x[j] - old;
        weight += (double)x[j] * x[j], gradient += (double)g[j] * g[j], update += change * change, was += old * old;
    }
    const double count = (double)q->count;
    const layer_step s = { q->name, sqrt(weight / count), sqrt(gradient / count), sqrt(update / count), was > 0 ? sqrt(update / was) : NAN, dead_share(q, g) };
    free(x), free(g);
    return s;
}

void layers_measure(layer_step *out, const params *p, size_t at, size_t count, const real *before, const real *g)
{
    for (int i = 0; i < p->n; i++) {
        const param *q = &p->p[i];
        if (q->role != PARAM || !q->decay || q->frozen || q->at < at || q->at >= at + count) continue;
        out[i] = measured(p, q, before + (q->at - at), g + (q->at - at));
    }
}

void layers_spend(layer_step *out, optim *o, const context *c, const tensor *t)
{
    const params *p = o->p;
    const size_t at = (size_t)((const real *)t->x.p - p->x), count = (size_t)shape_volume(&t->s);
    real *before = out ? layers_before(p, at, count) : NULL;
    optim_spend(o, c, at, count, t->g.p);
    if (out) layers_measure(out, p, at, count, before, t->g.p);
    free(before);
}
