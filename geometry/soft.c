/* soft.c - outlines from probability maps, and how sure the map is of every place of them; see geometry.h.
 *
 * Where an edge lies at x with a normal error of SD s, the probability of being inside falls from 0.7 to 0.3 within 1.0488 s (the
 * quantiles of the normal distribution): the local width of that band is the local SD. A map that saturates within a pixel still has the
 * interpolation's width, which is the least that is claimed. */
#include "geometry/tracing.h"
#include "geometry/vec.h"
#include <stdlib.h>

typedef struct soft_map { const float *p; int64_t h, w; } soft_map;

/* Bilinear; 0 beyond the border. */
static double at(const soft_map *m, geo_point q)
{
    double fx = floor(q.x), fy = floor(q.y), value = 0;
    for (int k = 0; k < 4; k++) {
        double x = fx + (k & 1), y = fy + (k >> 1), weight = (1 - fabs(q.x - x)) * (1 - fabs(q.y - y));
        if (x >= 0 && y >= 0 && x < (double)m->w && y < (double)m->h) value += weight * m->p[(int64_t)y * m->w + (int64_t)x];
    }
    return value;
}

/* How far from q in direction d the map reaches `level`, which lies below (sign -1) or above (1) the value at q; at most REACH. */
static double reach(const soft_map *m, geo_point q, geo_point d, double level, int sign)
{
    static const double STEP = 0.25, REACH = 12;
    double before = at(m, q);
    for (double t = STEP; t <= REACH; t += STEP) {
        double now = at(m, along(q, d, t));
        if ((now - level) * sign >= 0) return now == before ? t : t - STEP * (now - level) / (now - before);
        before = now;
    }
    return REACH;
}

int geo_tracing_soft(geo_tracing *t, uint8_t value, const float *map)
{
    outline *o = NULL;
    for (int i = 0; t && i < t->n && !o; i++) if (t->o[i].value == value) o = &t->o[i];
    if (!o || !map) return GEO_BAD;
    geo_contour c;
    double dropped;
    int status = geo_contour_soft(map, t->h, t->w, 0.5, &c, &dropped);
    double *sd = status ? NULL : malloc((size_t)c.n * sizeof *sd);
    if (!status && !sd) status = GEO_MEMORY, geo_contour_free(&c);
    if (status) return status;
    const soft_map m = { map, t->h, t->w };
    for (int64_t i = 0; i < c.n; i++) {          /* clockwise on the screen: the turned tangent points inwards */
        geo_point before = c.p[(i + c.n - 2) % c.n], after = c.p[(i + 2) % c.n], in = unit(turn(sub(after, before)));
        sd[i] = (reach(&m, c.p[i], in, 0.7, 1) + reach(&m, c.p[i], scale(in, -1), 0.3, -1)) / 1.0488;
    }
    outline_reshape(o, c, sd);
    o->dropped = dropped;
    return GEO_OK;
}
