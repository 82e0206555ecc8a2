/* scene.c - the middle line of the spine as the measure of everything else; see scene.h. */
#include "synth/scene.h"
#include "base/die.h"
#include "synth/picture.h"
#include "synth/project.h"
#include <math.h>
#include <stdlib.h>

static void knot(scene *s, double level, double x, double y)
{
    if (s->knots && y < s->y[s->knots - 1] + 0.5) y = s->y[s->knots - 1] + 0.5;
    s->level[s->knots] = level, s->x[s->knots] = x, s->y[s->knots] = y;
    s->knots++;
}

static void chain_knots(scene *s)
{
    const anatomy *a = s->a;
    for (int i = 0; i < a->n; i++) {
        const vertebra *v = &a->v[a->chain[i]];
        double x = 0, y = 0, level = a->chain[i] == LEVEL_L6 ? GEO_L5 + 0.5 : a->chain[i];
        for (int k = 0; k < 4; k++) x += 0.25 * v->corner[k][0], y += 0.25 * v->corner[k][1];
        if (i == 0) knot(s, level - 3, x, y - 3 * 20 * s->size);
        knot(s, level, x, y);
    }
    const double x = 0.5 * (a->s1[0][0] + a->s1[1][0]), y = 0.5 * (a->s1[0][1] + a->s1[1][1]);
    knot(s, GEO_S1, x - 4 * s->size, y + 12 * s->size), knot(s, GEO_S1 + 10, x - 10, y + 332 * s->size);
}

static double between(const double *from, const double *to, int n, double v)
{
    int i = 0;
    while (i < n - 2 && v > from[i + 1]) i++;
    return to[i] + (to[i + 1] - to[i]) * (v - from[i]) / (from[i + 1] - from[i]);
}

static double x_at(const scene *s, double level) { return between(s->level, s->x, s->knots, level); }

scene scene_new(const anatomy *a, maps *m, const texture *t, int overlap)
{
    scene s = { .a = a, .m = m, .t = t, .overlap = overlap, .size = a->person.size };
    draws d = draws_begin(a->seed, a->index, STAGE_TISSUE);
    s.fat = fmin(fmax(draws_normal(&d, 1, 0.14), 0.7), 1.4);
    chain_knots(&s);
    s.row_x = xalloc_n((size_t)m->h, 3 * sizeof *s.row_x), s.row_level = s.row_x + m->h, s.row_skin = s.row_x + 2 * m->h;
    const by_level straight[] = { { 1, x_at(&s, 2) }, { 8, x_at(&s, 8.5) }, { 15, x_at(&s, 14) }, { 23, x_at(&s, 23) },
        { 27, x_at(&s, 26) }, { 33, x_at(&s, 30) } };
    for (int64_t y = 0; y < m->h; y++) {
        const double mm = m->origin[1] + (double)y * m->spacing;
        s.row_x[y] = (float)between(s.y, s.x, s.knots, mm), s.row_level[y] = (float)between(s.y, s.level, s.knots, mm);
        s.row_skin[y] = 0.35f * s.row_x[y] + 0.65f * (float)scene_table(straight, 6, s.row_level[y]);
    }
    return s;
}

void scene_free(scene *s)
{
    free(s->row_x);
    s->row_x = NULL;
}

void scene_place(const scene *s, double level, double forwards, double p[2])
{
    p[0] = between(s->level, s->x, s->knots, level) + forwards * s->size, p[1] = between(s->level, s->y, s->knots, level);
}

void scene_project(const scene *s, const double p[2], double z, double out[2])
{
    double shift[2];
    project_beam(&s->a->film, p, shift);
    out[0] = p[0] + z * shift[0], out[1] = p[1] + z * shift[1];
}

double scene_table(const by_level *t, int n, double level)
{
    int i = 0;
    if (level <= t[0].level) return t[0].value;
    if (level >= t[n - 1].level) return t[n - 1].value;
    while (level > t[i + 1].level) i++;
    const double u = (level - t[i].level) / (t[i + 1].level - t[i].level);
    return t[i].value + (t[i + 1].value - t[i].value) * u * u * (3 - 2 * u);
}
