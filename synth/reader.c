/* reader.c - the truth as one reader would have drawn it; see truth.h. Readers differ more about where a whole body sits than about its
 * form: half of
 * a corner's variance is common to its body. */
#include "synth/failure.h"
#include "synth/plane.h"
#include <stdio.h>
#include <string.h>

/* Moves p as the four corners of its body were moved, bilinear in the body's own frame (clamped, so that a dens follows its plate). */
static void follow(double p[2], const body *b, const double move[4][2])
{
    const double *o = b->p[0], u[2] = { b->p[1][0] - o[0], b->p[1][1] - o[1] }, v[2] = { b->p[2][0] - o[0], b->p[2][1] - o[1] },
        det = u[0] * v[1] - u[1] * v[0];
    const double x = p[0] - o[0], y = p[1] - o[1], s = fmin(1, fmax(0, (x * v[1] - y * v[0]) / det)), t = fmin(1, fmax(0,
        (u[0] * y - u[1] * x) / det));
    for (int k = 0; k < 2; k++) p[k] += (1 - t) * ((1 - s) * move[0][k] + s * move[1][k]) + t * ((1 - s) * move[2][k] + s * move[3][k]);
}

static object *object_of(truth *t, int level)
{
    for (int i = 0; i < t->nobjects; i++) if (!strcmp(t->object[i].name, level == GEO_S1
        ? "sacrum" : level_name(level))) return &t->object[i];
    return NULL;
}

static void renumber(truth *t, int by)
{
    for (int i = 0; i < t->nbodies; i++) {
        const int level = t->body[i].level;
        object *o = object_of(t, level);
        if (level <= GEO_C2 || level >= GEO_S1 || level + by <= GEO_C2 || level + by > GEO_L5) continue;
        t->body[i].level = level + by;
        if (o) o->code = -(level + by);                                /* named below, so that nothing is renamed twice */
    }
    for (int i = 0; i < t->nobjects; i++) {
        object *o = &t->object[i];
        if (o->code < 0) o->code = -o->code, snprintf(o->name, sizeof o->name, "%s", level_name(o->code));
    }
}

void truth_reread(truth *t, double sd_mm, draws *d)
{
    const double sd = sd_mm / t->spacing * sqrt(0.5);
    for (int i = 0; i < t->nbodies; i++) {
        body *b = &t->body[i];
        object *o = object_of(t, b->level);
        double move[4][2], whole[2] = { draws_normal(d, 0, sd), draws_normal(d, 0, sd) };
        for (int c = 0; c < 4; c++) for (int k = 0; k < 2; k++) move[c][k] = whole[k] + draws_normal(d, 0, sd);
        for (int j = 0; o && j < o->n; j++) for (int k = 0; k < o->piece[j].n; k++) follow(o->piece[j].p[k], b, (const double (*)[2])move);
        for (int c = 0; c < 4; c++) for (int k = 0; k < 2; k++) b->p[c][k] += move[c][k];
        for (int j = 0; o && j < o->n; j++) outline_push(&o->piece[j], 0, 0.3 * sd, 8, d);
    }
    for (int i = 0; i < t->nspots; i++) t->spot[i].x += draws_normal(d, 0, sd), t->spot[i].y += draws_normal(d, 0, sd);
    if (draws_chance(d, 0.01)) renumber(t, draws_chance(d, 0.5) ? 1 : -1);
}
