/* detect_anchors.c - the anchors of a grid; see box.h. */
#include "kernels/box.h"

anchors anchors_make(const anchor_grid *g)
{
    anchors a = { .levels = g->levels, .cells = g->ratios * g->scales };
    for (int l = 0; l < g->levels; l++) {
        a.h[l] = g->h[l], a.w[l] = g->w[l], a.step_h[l] = g->step_h[l], a.step_w[l] = g->step_w[l];
        for (int i = 0; i < a.cells; i++) {
            const int ratio = g->scales_last ? i % g->ratios : i / g->scales, scale = g->scales_last ? i / g->ratios : i % g->scales;
            const double side = g->size[l] * g->scale[scale], root = sqrt(g->ratio[ratio]);
            double w = side / root / 2, h = side * root / 2;
            if (g->round) w = nearbyint(w), h = nearbyint(h);      /* half to even */
            a.cell[l][i] = (box){ (real)-w, (real)-h, (real)w, (real)h };
        }
    }
    return a;
}
