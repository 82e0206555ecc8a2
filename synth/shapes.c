/* shapes.c - balls, tubes and plates into path-length maps; see shapes.h. Distances are taken at pixel centres; edges are soft by
 * themselves, because the length along the beam goes to 0 there. */
#include "synth/shapes.h"
#include "base/die.h"
#include "synth/filter.h"
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static box ball_box(const maps *m, const ball *o)
{
    const double c = cos(o->angle), s = sin(o->angle), x = hypot(o->a * c, o->b * s), y = hypot(o->a * s, o->b * c);
    return maps_box(m, (double[2]){ o->at[0] - x, o->at[1] - y }, (double[2]){ o->at[0] + x, o->at[1] + y });
}

static void draw_ball(maps *m, enum material what, ball o, int haze)
{
    const box b = ball_box(m, &o);
    if (b.x1 <= b.x0 || b.y1 <= b.y0 || o.a <= 0 || o.b <= 0) return;
    const double c = cos(o.angle), s = sin(o.angle);
    const float ux = (float)(c / o.a * m->spacing), uy = (float)(s / o.a), vx = (float)(-s / o.b * m->spacing), vy = (float)(c / o.b);
    const float depth = (float)(0.1 * o.depth), x0 = (float)((m->origin[0] - o.at[0]) / m->spacing);
    float *to = maps_of(m, what);
    for (int64_t y = b.y0; y < b.y1; y++) {
        const float dy = (float)(m->origin[1] + (double)y * m->spacing - o.at[1]);
        for (int64_t x = b.x0; x < b.x1; x++) {
            const float dx = x0 + (float)x, u = ux * dx + uy * dy, v = vx * dx + vy * dy, r = 1 - u * u - v * v;
            to[y * m->w + x] += depth * (r <= 0 ? 0 : haze ? r * r * (3 - 2 * r) : sqrtf(r));
        }
    }
}

void shape_ball(maps *m, enum material what, ball o) { draw_ball(m, what, o, 0); }
void shape_haze(maps *m, enum material what, ball o) { draw_ball(m, what, o, 1); }

void shape_shell(maps *m, enum material what, ball o, double thick)
{
    const double side = fmin(o.a, o.b), k = 1 - thick / side;
    shape_ball(m, what, o);
    if (k <= 0) return;
    o.depth = -(o.depth - 2 * thick), o.a -= thick, o.b -= thick;
    shape_ball(m, what, o);
}

typedef struct nearest_point { float d2, radius, stretch; } nearest_point;

static void segment(const maps *m, const tube *t, int i, box b, nearest_point *best)
{
    const double *p = t->p[i], *q = t->p[i + 1], dx = q[0] - p[0], dy = q[1] - p[1], len = dx * dx + dy * dy;
    const double r = fmax(t->radius[i], t->radius[i + 1]) + m->spacing;
    const box s = maps_box(m, (double[2]){ fmin(p[0], q[0]) - r, fmin(p[1], q[1]) - r },
        (double[2]){ fmax(p[0], q[0]) + r, fmax(p[1], q[1]) + r });
    const float kx = (float)(len > 0 ? dx / len : 0), ky = (float)(len > 0 ? dy / len : 0);
    for (int64_t y = s.y0 > b.y0 ? s.y0 : b.y0; y < s.y1 && y < b.y1; y++)
        for (int64_t x = s.x0 > b.x0 ? s.x0 : b.x0; x < s.x1 && x < b.x1; x++) {
            const float ex = (float)(m->origin[0] + (double)x * m->spacing - p[0]),
                ey = (float)(m->origin[1] + (double)y * m->spacing - p[1]);
            float k = ex * kx + ey * ky;
            k = k < 0 ? 0 : k > 1 ? 1 : k;
            const float fx = ex - k * (float)dx, fy = ey - k * (float)dy, d2 = fx * fx + fy * fy;
            nearest_point *o = &best[(y - b.y0) * (b.x1 - b.x0) + x - b.x0];
            if (d2 >= o->d2) continue;
            o->d2 = d2, o->radius = (float)(t->radius[i] + k * (t->radius[i + 1] - t->radius[i]));
            o->stretch = (float)(t->stretch[i] + k * (t->stretch[i + 1] - t->stretch[i]));
        }
}

static float chord(float r, float d2) { return r * r > d2 ? 2 * sqrtf(r * r - d2) : 0; }

void shape_tube(maps *m, enum material core, enum material shell, const tube *t, double shell_mm, double gain)
{
    double lo[2] = { INFINITY, INFINITY }, hi[2] = { -INFINITY, -INFINITY };
    assert(t->n >= 2 && t->n <= TUBE_POINTS);
    for (int i = 0; i < t->n; i++)
        for (int k = 0; k < 2; k++) lo[k] = fmin(lo[k], t->p[i][k] - t->radius[i] - 1), hi[k] = fmax(hi[k], t->p[i][k] + t->radius[i] + 1);
    const box b = maps_box(m, lo, hi);
    if (b.x1 <= b.x0 || b.y1 <= b.y0) return;
    const int64_t w = b.x1 - b.x0, size = w * (b.y1 - b.y0);
    const float thin = 0.8f * (float)m->spacing;
    nearest_point *best = xalloc_n((size_t)size, sizeof *best);
    for (int64_t i = 0; i < size; i++) best[i].d2 = INFINITY;
    for (int i = 0; i + 1 < t->n; i++) segment(m, t, i, b, best);
    float *to_core = maps_of(m, core), *to_shell = maps_of(m, shell);
    for (int64_t i = 0; i < size; i++) {
        const float r = best[i].radius, wide = r > thin ? r : thin, k = 0.1f * (float)gain * (r / wide) * (r / wide);
        if (best[i].d2 >= wide * wide) continue;
        const int64_t at = (b.y0 + i / w) * m->w + b.x0 + i % w;
        const float all = chord(wide, best[i].d2), inner = shell_mm > 0 && r > shell_mm ? chord(wide - (float)shell_mm, best[i].d2) : 0;
        to_core[at] += k * best[i].stretch * inner, to_shell[at] += k * best[i].stretch * (all - inner);
    }
    free(best);
}

int shape_round(const double (*p)[2], int n, double (*out)[2])
{
    double half[2 * SHAPE_CORNERS][2];
    const double (*from)[2] = p;
    for (int round = 0; round < 2; round++, n *= 2, from = (const double (*)[2])half) {
        double (*to)[2] = round ? out : half;
        for (int i = 0; i < n; i++)
            for (int k = 0; k < 2; k++) {
                const double a = from[i][k], b = from[(i + 1) % n][k];
                to[2 * i][k] = 0.75 * a + 0.25 * b, to[2 * i + 1][k] = 0.25 * a + 0.75 * b;
            }
    }
    return n;
}

void shape_plate(maps *m, enum material what, const double (*given)[2], int n, double thick, double rim, double edge_mm)
{
    double outline[4 * SHAPE_CORNERS][2];
    assert(n >= 3 && n <= SHAPE_CORNERS);
    if (rim > 0) n = shape_round(given, n, outline);
    else memcpy(outline, given, (size_t)n * sizeof *given);
    double lo[2] = { INFINITY, INFINITY }, hi[2] = { -INFINITY, -INFINITY };
    for (int i = 0; i < n; i++)
        for (int k = 0; k < 2; k++) lo[k] = fmin(lo[k], outline[i][k] - 2 * edge_mm), hi[k] = fmax(hi[k], outline[i][k] + 2 * edge_mm);
    const box b = maps_box(m, lo, hi);
    if (b.x1 <= b.x0 || b.y1 <= b.y0) return;
    const int64_t w = b.x1 - b.x0, h = b.y1 - b.y0;
    float *cover = xalloc_n((size_t)(2 * h * w), sizeof *cover), *soft = cover + h * w, *to = maps_of(m, what),
        *bone = maps_of(m, MATERIAL_CORTICAL);
    cover_polygon(m, (const double (*)[2])outline, n, b, cover);
    for (int64_t i = 0; i < h * w; i++) soft[i] = cover[i];
    filter_gauss(soft, h, w, edge_mm / m->spacing, edge_mm / m->spacing);
    for (int64_t i = 0; i < h * w; i++) {
        const int64_t at = (b.y0 + i / w) * m->w + b.x0 + i % w;
        const float in = cover[i] * (2 * soft[i] - 1);         /* 0 at the border, 1 well inside */
        to[at] += 0.1f * (float)thick * (rim > 0 ? cover[i] : soft[i]);
        if (rim > 0) bone[at] += 0.1f * (float)rim * (cover[i] - (in > 0 ? in : 0));
    }
    free(cover);
}
