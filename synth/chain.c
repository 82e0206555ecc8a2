/* chain.c - walking up from S1 plate by plate; see spine.h. Film frame: y points down, so up the normal of a plate of slope s is (sin s,
 * -cos s). */
#include "synth/plane.h"
#include "synth/spine.h"
#include <string.h>

static const double neck_shear = 10;                                       /* the posterior walls of C3 .. C7 lean back by this much */

/* Shrinks the body to the heights kept; of what is lost the superior plate gives `share` and the inferior plate the rest. */
static void collapse(vertebra *v, const lesion *f)
{
    for (int side = 0; side < 2; side++) {                                 /* anterior, posterior */
        double *s = v->corner[side], *i = v->corner[2 + side], lost = 1 - f->factor[side ? 2 : 0];
        for (int k = 0; k < 2; k++) {
            double h = i[k] - s[k];
            s[k] += h * lost * f->share, i[k] -= h * lost * (1 - f->share);
        }
    }
}

static void lay_body(vertebra *v, int level, const dimension *m, double sup, double inf, const double posterior[2])
{
    int neck = level >= GEO_C3 && level <= GEO_C7;
    memcpy(v->corner[IP], posterior, sizeof v->corner[IP]);
    plane_at(v->corner[IA], posterior, inf, m->depth[1], 0);
    plane_at(v->corner[SP], posterior, 0.5 * (sup + inf) - (neck ? neck_shear : 0), 0, m->height);
    plane_at(v->corner[SA], v->corner[SP], sup, m->depth[0], 0);
    memcpy(v->width, m->width, sizeof v->width);
}

void chain_build(anatomy *a, const slopes *s, const dimension *size, const lesion *lesions, double s1_mm)
{
    double lean = 0, base = s->plate[2 * a->n];                             /* lean: what fractures below turn all that is above by */
    a->s1[1][0] = a->s1[1][1] = 0, plane_at(a->s1[0], a->s1[1], base, s1_mm, 0);
    const double *below = a->s1[1];
    for (int k = a->n - 1; k >= 0; k--) {
        int level = a->chain[k];
        vertebra *v = &a->v[level];
        const lesion *f = &lesions[level];
        double inf = s->plate[2 * k + 1] + lean, sup = s->plate[2 * k] + lean, at[2], slid[2];
        v->there = 1, v->slip = f->slip;
        plane_at(slid, below, base, f->slip, 0);
        plane_at(at, slid, 0.5 * (base + inf), 0, size[level].disc[1] * f->disc);
        lay_body(v, level, &size[level], sup, inf, at);
        memcpy(v->factor, f->factor, sizeof v->factor);
        base = sup;
        if (f->factor[0] < 1 || f->factor[2] < 1) {
            collapse(v, f);
            base = plane_slope(v->corner[SA], v->corner[SP]);
            lean += f->follow * (base - sup);
        }
        below = v->corner[SP];
    }
}

int chain_sound(const anatomy *a, int wide)
{
    const double least = wide ? -14 : -6, most = wide ? 30 : 22, step = wide ? 30 : 18;
    for (int k = 0; k < a->n; k++) {
        const vertebra *v = &a->v[a->chain[k]];
        const double *lower_a = k + 1 < a->n ? a->v[a->chain[k + 1]].corner[SA] : a->s1[0], *lower_p = k + 1 < a->n
            ? a->v[a->chain[k + 1]].corner[SP] : a->s1[1];
        double inf = plane_slope(v->corner[IA], v->corner[IP]), sup = plane_slope(v->corner[SA], v->corner[SP]),
            next = plane_slope(lower_a, lower_p);
        double wedge = next - inf, n[2] = { -sin(DEGREE * next), cos(DEGREE * next) };       /* down from the lower plate */
        double gap_a = (lower_a[0] - v->corner[IA][0]) * n[0] + (lower_a[1] - v->corner[IA][1]) * n[1];
        double gap_p = (lower_p[0] - v->corner[IP][0]) * n[0] + (lower_p[1] - v->corner[IP][1]) * n[1];
        int whole = v->factor[0] == 1 && v->factor[2] == 1;
        if (wedge < least || wedge > most || fmin(gap_a, gap_p) < 0.5 || (whole && fabs(sup - inf) > step)) return 0;
    }
    return 1;
}

double chain_sva(const anatomy *a)
{
    const vertebra *v = &a->v[GEO_C7];
    return 0.25 * (v->corner[SA][0] + v->corner[SP][0] + v->corner[IA][0] + v->corner[IP][0]) - a->s1[1][0];
}
