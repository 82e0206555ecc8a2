/* params.c - the parameter arena; see params.h. Every tensor starts on a 64-byte line; the gaps are zero and stay zero under
 * every optimiser, so whole-arena kernels may run over them. */
#include "nn/params.h"
#include "base/die.h"
#include "base/rng.h"
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

static void list(params *p, const graph *g, role r)
{
    for (int i = 0; i < g->nt; i++) {
        const tensor *t = g->tensor[i];
        if (t->role != r) continue;
        if (params_find(p, t->name)) die("two parameters are named %s: give the layers different names", t->name);
        if ((p->n & (p->n + 1)) == 0) p->p = xgrow(p->p, (size_t)(2 * (p->n + 1)) * sizeof *p->p);
        param *q = &p->p[p->n++];
        *q = (param){ .s = t->s, .role = r, .decay = t->decay, .layout = t->layout, .pixels = t->pixels, .init = t->init,
                      .count = (size_t)shape_volume(&t->s) };
        memcpy(q->name, t->name, sizeof q->name);
    }
}

/* Places for those of this kind, after what has one already */
static void place(params *p, role r, int frozen)
{
    const size_t line = 64 / sizeof(real);
    for (int i = 0; i < p->n; i++) {
        param *q = &p->p[i];
        if (q->role != r || q->frozen != frozen) continue;
        q->at = p->total;
        p->total += (q->count + line - 1) / line * line;
    }
}

static real *cleared(const device *dev, size_t n) { return device_zeroed(dev, n * sizeof(real), "parameters"); }

params *params_new_frozen(const graph *g, const device *dev, int gradients, int (*frozen)(const void *arg, const char *name), const void *arg)
{
    params *p = xalloc(sizeof *p);
    p->dev = dev;
    list(p, g, PARAM), list(p, g, STATE);
    for (int i = 0; i < p->n && frozen; i++) p->p[i].frozen = p->p[i].role == PARAM && frozen(arg, p->p[i].name);
    place(p, PARAM, 0);
    p->trainable = p->total;
    place(p, PARAM, 1), place(p, STATE, 0);
    p->x = cleared(dev, p->total);
    if (gradients) p->g = cleared(dev, p->trainable);
    return p;
}

params *params_new(const graph *g, const device *dev, int gradients) { return params_new_frozen(g, dev, gradients, NULL, NULL); }

void params_free(params *p)
{
    if (!p) return;
    p->dev->free(p->dev, p->x);
    if (p->g) p->dev->free(p->dev, p->g);
    free(p->p), free(p);
}

const param *params_find(const params *p, const char *name)
{
    for (int i = 0; i < p->n; i++) if (!strcmp(p->p[i].name, name)) return &p->p[i];
    return NULL;
}

void params_bind(const params *p, graph *g)
{
    char a[64], b[64];
    for (int i = 0; i < g->nt; i++) {
        tensor *t = g->tensor[i];
        if (t->role != PARAM && t->role != STATE) continue;
        const param *q = params_find(p, t->name);
        if (!q) die("the network has a parameter %s that the model has not", t->name);
        if (!shape_same(&q->s, &t->s))
            die("parameter %s: the model has %s, the network wants %s", t->name, shape_text(&q->s, a), shape_text(&t->s, b));
        t->x.p = p->x + q->at;
        t->g.p = t->role == PARAM && !q->frozen && p->g ? p->g + q->at : NULL;
    }
}

void params_init(params *p, uint64_t seed)
{
    for (int i = 0; i < p->n; i++) {
        const param *q = &p->p[i];
        real *host = xalloc_n(q->count, sizeof *host);
        for (size_t j = 0; j < q->count; j++) {
            rng4 r = rng_draw(seed, RNG_INIT, (uint32_t)i, 0, j);
            double v = q->init.value;
            if (q->init.kind == INIT_UNIFORM) v = rng_range(r.v[0], -v, v);
            if (q->init.kind == INIT_NORMAL) v *= rng_normal(r.v[0], r.v[1]);
            if (q->init.kind == INIT_ABOUT_1) v = 1 + v * rng_normal(r.v[0], r.v[1]);
            host[j] = (real)(float)v;
        }
        p->dev->put(p->dev, p->x + q->at, host, q->count * sizeof *host);
        free(host);
    }
}

int64_t params_count(const params *p, role r)
{
    int64_t n = 0;
    for (int i = 0; i < p->n; i++) if (p->p[i].role == r) n += (int64_t)p->p[i].count;
    return n;
}

int params_fits(const char *patterns, const char *name)
{
    if (!patterns) return 0;
    int fits = 0;
    char *copy = xdup(patterns), *save;
    for (char *w = strtok_r(copy, ", ", &save); w && !fits; w = strtok_r(NULL, ", ", &save)) fits = !fnmatch(w, name, 0);
    free(copy);
    return fits;
}
