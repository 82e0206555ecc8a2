/* implants.c - which implants a film has, and those that are no screw: cages, cement, hip prostheses, plates before the neck. */
#include "synth/implants.h"
#include "synth/picture.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static void between(const double a[2], const double b[2], double t, double out[2])
{
    out[0] = a[0] + t * (b[0] - a[0]), out[1] = a[1] + t * (b[1] - a[1]);
}

/* The plate below body i of the chain: the next body's superior one, or that of S1. */
static void plate_below(const anatomy *a, int i, double p[2][2])
{
    for (int k = 0; k < 2; k++)
        for (int e = 0; e < 2; e++) p[e][k] = i + 1 < a->n ? a->v[a->chain[i + 1]].corner[e ? SP : SA][k] : a->s1[e][k];
}

void implant_cage(const scene *s, maps *m, draws *d, int above)
{
    const vertebra *v = &s->a->v[s->a->chain[above]];
    const int titanium = draws_chance(d, 0.35);
    const double from = draws_range(d, 0.05, 0.35), to = from + draws_range(d, 0.5, 0.6);
    double low[2][2], p[4][2];
    plate_below(s->a, above, low);
    between(v->corner[IA], v->corner[IP], from, p[0]), between(v->corner[IA], v->corner[IP], to, p[1]);
    between(low[0], low[1], to, p[2]), between(low[0], low[1], from, p[3]);
    if (titanium) {                                            /* a lattice: its frame and two struts */
        tube t = { .n = 2, .radius = { 0.8, 0.8 }, .stretch = { 4, 4 } };
        shape_plate(m, MATERIAL_TITANIUM, (const double (*)[2])p, 4, 1.6, 0, 0.4);
        for (int i = 0; i < 6; i++) {
            if (i < 4) memcpy(t.p[0], p[i], sizeof *p), memcpy(t.p[1], p[(i + 1) % 4], sizeof *p);
            else between(p[0], p[1], i == 4 ? 0.33 : 0.67, t.p[0]), between(p[3], p[2], i == 4 ? 0.33 : 0.67, t.p[1]);
            shape_tube(m, MATERIAL_TITANIUM, MATERIAL_TITANIUM, &t, 0, 1);
        }
        return;
    }
    shape_plate(m, MATERIAL_PEEK, (const double (*)[2])p, 4, 22, 0, 0.5);
    for (int i = 0; i < 4; i++) {                              /* beads in the corners tell where it is */
        double c[2];
        between(p[i], p[(i + 2) % 4], 0.12, c);
        const double r = draws_range(d, 0.4, 0.5);
        tube t = { .n = 2, .p = { { c[0], c[1] - 0.6 }, { c[0], c[1] + 0.6 } }, .radius = { r, r }, .stretch = { 1, 1 } };
        if (i < 3 || draws_chance(d, 0.5)) shape_tube(m, MATERIAL_TANTALUM, MATERIAL_TANTALUM, &t, 0, 1);
    }
}

/* Is the middle of body i well within the film? */
static int on_film(const scene *s, int i)
{
    const vertebra *v = &s->a->v[s->a->chain[i]];
    double lo[2], hi[2], c[2] = { 0, 0 };
    for (int k = 0; k < 4; k++) c[0] += 0.25 * v->corner[k][0], c[1] += 0.25 * v->corner[k][1];
    for (int k = 0; k < 2; k++) lo[k] = s->m->origin[k] + 15,
        hi[k] = s->m->origin[k] + s->m->spacing * (double)(k ? s->m->h : s->m->w) - 15;
    return c[0] > lo[0] && c[0] < hi[0] && c[1] > lo[1] && c[1] < hi[1];
}

void implant_cement(const scene *s, maps *m, draws *d, char words[IMPLANT_WORDS])
{
    const int level = draws_chance(d, 0.7) ? GEO_T11 + draws_below(d, 4) : GEO_T6 + draws_below(d, 12);
    const enum material what = draws_chance(d, 0.6) ? MATERIAL_CEMENT_BARIUM : MATERIAL_CEMENT_ZIRCONIUM;
    int at = -1;
    for (int i = 0; i < s->a->n; i++) if (s->a->chain[i] == level) at = i;
    if (at < 0 || !on_film(s, at)) return;
    const vertebra *v = &s->a->v[level];
    float *map = maps_of(m, what);
    double c[2], up[2], low[2];
    const int blobs = 1 + draws_below(d, 3);
    for (int i = 0; i < blobs; i++) {
        const double q = draws_range(d, 0.28, 0.68), size = draws_range(d, 4, 8) / (blobs > 1 ? 1.3 : 1);
        between(v->corner[SA], v->corner[SP], q, up), between(v->corner[IA], v->corner[IP], q, low),
            between(up, low, draws_range(d, 0.35, 0.65), c);
        for (int k = 0; k < 9; k++) {                          /* a lump: balls about one place */
            const double r = size * draws_range(d, 0.35, 0.7), far = size * draws_range(d, 0, 0.75), t = draws_range(d, 0, 6.28);
            shape_ball(m, what, (ball){ { c[0] + far * cos(t), c[1] + 0.7 * far * sin(t) }, r, r * draws_range(d, 0.5, 1), t, 0.8 * r });
        }
    }
    if (draws_chance(d, 0.1)) shape_ball(m, what, (ball){ { up[0], up[1] - 2 }, 4, 1.3, 0.1, 3 });         /* a leak into the disc */
    for (int64_t i = 0; i < m->h * m->w; i++) {
        if (map[i] <= 0) continue;
        const float grain = texture_at(s->t, 1.7f * (float)(i % m->w * m->spacing), 1.7f * (float)(i / m->w * m->spacing));
        map[i] *= grain > -2 ? 1 + 0.3f * grain : 0.4f;
    }
    snprintf(words, IMPLANT_WORDS, "cement %s", level_name(level));
}

void implant_hip(const scene *s, maps *m, draws *d, char words[IMPLANT_WORDS])
{
    if (s->a->heads < 1) return;
    const double *head = s->a->head[draws_below(d, s->a->heads)], r = draws_range(d, 14, 18), turn = draws_range(d, -0.2, 0.25);
    if (head[1] + r > m->origin[1] + m->spacing * (double)m->h || head[0] - r < m->origin[0]) return;
    const enum material ball_of = draws_chance(d, 0.7) ? MATERIAL_COBALT : MATERIAL_TITANIUM;
    shape_ball(m, ball_of, (ball){ { head[0], head[1] }, r, r, 0, 2 * r });
    shape_shell(m, MATERIAL_TITANIUM, (ball){ { head[0] + 2, head[1] - 2 }, r + 9, r + 9, 0, 2 * r + 10 }, 3);
    tube stem = { .n = 4, .radius = { 5.5, 6, 8.5, 4.5 }, .stretch = { 1, 1, 1, 1 } };
    const double path[4][2] = { { 0, 4 }, { 6, 28 }, { 4, 55 }, { 0, 175 } };
    for (int i = 0; i < 4; i++) stem.p[i][0] = head[0] - path[i][0] - path[i][1] * sin(turn),
        stem.p[i][1] = head[1] + path[i][1] * cos(turn);
    shape_tube(m, MATERIAL_TITANIUM, MATERIAL_TITANIUM, &stem, 0, 1);
    snprintf(words, IMPLANT_WORDS, "hip prosthesis");
}

void implant_neck(const scene *s, maps *m, draws *d, char words[IMPLANT_WORDS])
{
    const int first = GEO_C3 + draws_below(d, 3), last = first + 1 + draws_below(d, 2) < GEO_C7 ? first + 1 + draws_below(d, 2) : GEO_C7;
    tube plate = { 0 };
    const vertebra *v = NULL;
    for (int i = 0; i < s->a->n; i++) {
        const int level = s->a->chain[i];
        if (level < first || level > last || !on_film(s, i)) continue;
        v = &s->a->v[level];
        for (int end = 0; end < 2; end++) {
            double at[2], axis[2], len = 0;
            between(v->corner[SA], v->corner[IA], end ? 0.72 : 0.28, at);
            for (int k = 0; k < 2; k++) axis[k] = v->corner[end ? IP : SP][k] - v->corner[end ? IA : SA][k], len += axis[k] * axis[k];
            at[0] -= 1.8 * axis[0] / sqrt(len), at[1] -= 1.8 * axis[1] / sqrt(len);
            memcpy(plate.p[plate.n], at, sizeof at), plate.radius[plate.n] = 1.25, plate.stretch[plate.n] = 6.5, plate.n++;
            tube screw = { .n = 14 };
            const double reach = draws_range(d, 13, 15), tilt = (end ? -1 : 1) * draws_range(d, 0, 0.2), c = cos(tilt), n = sin(tilt);
            for (int k = 0; k < screw.n; k++) {
                const double f = reach * k / (screw.n - 1) / sqrt(len);
                screw.p[k][0] = at[0] + f * (axis[0] * c - axis[1] * n), screw.p[k][1] = at[1] + f * (axis[0] * n + axis[1] * c);
                screw.radius[k] = k == 0 ? 2.8 : k == screw.n - 1 ? 0.8 : 1.75 + (k % 2 ? 0.35 : -0.25), screw.stretch[k] = 1;
            }
            shape_tube(m, MATERIAL_TITANIUM, MATERIAL_TITANIUM, &screw, 0, 1.6);
        }
        if (level < last) implant_cage(s, m, d, i);
    }
    if (plate.n < 2) return;
    shape_tube(m, MATERIAL_TITANIUM, MATERIAL_TITANIUM, &plate, 0, 1);
    snprintf(words, IMPLANT_WORDS, "plate %s-%s, screws, cages", level_name(first), level_name(last));
}

static int anywhere(const maps *m)
{
    for (int what = 0; what < MATERIALS; what++)
        for (int64_t i = 0; m->m[what] && i < m->h * m->w; i++) if (m->m[what][i] > 0) return 1;
    return 0;
}

int implants_draw(const scene *s, maps *into, double probability, implants *which)
{
    char *words = which->words;
    const int broken = s->a->set.fractures == FRACTURES_SCREWED;       /* what was asked for are screws through the fracture */
    draws d = draws_begin(s->a->seed, s->a->index, STAGE_IMPLANTS);
    const int any = draws_chance(&d, probability);
    const double kind = draws_u01(&d);
    *which = (implants){ 0 };
    if (!any) return 0;
    if (broken) implant_construct(s, into, &d, which);
    else if (s->a->region == REGION_CERVICAL || (s->a->region == REGION_WHOLE && kind > 0.9)) implant_neck(s, into, &d, words);
    else if (kind < 0.14 && s->a->region != REGION_AP) implant_cement(s, into, &d, words);
    else if (kind < 0.22 && s->a->region == REGION_WHOLE) implant_hip(s, into, &d, words);
    else implant_construct(s, into, &d, which);
    if (!anywhere(into)) *which = (implants){ 0 };                         /* drawn, but beyond the film */
    return words[0] != 0;
}
