/* solid.c - a list of solids that owns its outlines; see solid.h. */
#include "synth/solid.h"
#include "base/die.h"
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

solids solids_new(int room, int points)
{
    return (solids){ .room = room, .points = points, .s = xalloc_n((size_t)room, sizeof(solid)), .pool = xalloc_n((size_t)points,
        2 * sizeof(double)) };
}

void solids_free(solids *l)
{
    free(l->s), free(l->pool);
    *l = (solids){ 0 };
}

solid *solids_add(solids *l, enum part part, int level, const double (*outline)[2], int n)
{
    assert(n >= 3 && l->n < l->room && l->used + n <= l->points);
    double (*at)[2] = l->pool + l->used, lo[2] = { INFINITY, INFINITY }, hi[2] = { -INFINITY, -INFINITY };
    memcpy(at, outline, (size_t)n * sizeof *at);
    l->used += n;
    for (int i = 0; i < n; i++)
        for (int k = 0; k < 2; k++) lo[k] = fmin(lo[k], at[i][k]), hi[k] = fmax(hi[k], at[i][k]);
    solid *s = &l->s[l->n++];
    *s = (solid){ .part = part, .level = level, .core = MATERIAL_SPONGIOSA, .shell = MATERIAL_CORTICAL, .outline = at, .n = n,
                  .corner = { { hi[0], lo[1] }, { lo[0], lo[1] }, { hi[0], hi[1] }, { lo[0], hi[1] } }, .half = { 5, 5 }, .waist = 1,
                      .wall = 1,
                  .density = 1, .filled = 1 };
    return s;
}
