/* slopes.c - the slope of every plate; see spine.h. Shares after the usual distribution of lordosis and kyphosis over the segments. */
#include "synth/spine.h"
#include <assert.h>
#include <math.h>

static const double jitter_sd = 1.5, c7_t1_disc = 1.5;

int chain_levels(int lstv, int level[LEVEL_SLOTS])
{
    int n = 0, last = lstv < 0 ? GEO_L4 : GEO_L5;
    for (int l = GEO_C2; l <= last; l++) level[n++] = l;
    if (lstv == 1) level[n++] = LEVEL_L6;
    return n;
}

static int place(const int *level, int n, int wanted)
{
    for (int k = 0; k < n; k++) if (level[k] == wanted) return k;
    return -1;
}

/* Deals the difference between two known plates out over the segments between them: share (to - from), of any sum. */
static void deal(slopes *s, int from, int to, const double *share, draws *d)
{
    double noise[PLATES], mean = 0, sum = 0, total = s->plate[to] - s->plate[from];
    int n = to - from;
    for (int i = 0; i < n; i++) noise[i] = draws_normal(d, 0, jitter_sd), mean += noise[i] / n, sum += share[i];
    for (int i = 0; i < n - 1; i++) s->plate[from + i + 1] = s->plate[from + i] + total * share[i] / sum + noise[i] - mean;
}

/* The lower two lumbar units carry about two thirds of the lordosis, more where PI is small; the bodies of the lowest two are wedged,
 * the others hardly. A unit is a body and the disc below it. */
static void lumbar_shares(const person *p, int bodies, double *share)
{
    static const double unit[7][6] = { [4] = { 0.09, 0.17, 0.30, 0.44 }, [5] = { 0.06, 0.11, 0.17, 0.26, 0.40 }, [6] = { 0.05, 0.07, 0.12,
        0.17, 0.24, 0.35 } };
    assert(bodies >= 4 && bodies <= 6);
    double low = -0.0050 * (p->pi - 52) - 0.018, sum = 0;
    for (int k = 0; k < bodies - 2; k++) sum += unit[bodies][k];
    for (int k = 0; k < bodies; k++) {
        int below = bodies - 1 - k;
        double u = unit[bodies][k], body = below == 0 ? 0.35 : below == 1 ? 0.25 : 0.03;
        u *= below < 2 ? 1 + low / (1 - sum) : 1 - low / sum;
        share[2 * k] = u * body, share[2 * k + 1] = u * (1 - body);
    }
}

/* A bell about T7; three fifths in the bodies. A junction above instrumentation takes a lump of its own. */
static void thoracic_shares(const int *level, int first, int last, int uiv, double *share)
{
    for (int k = first; k <= last; k++) {
        double t = (level[k] - GEO_T7 - 0.25) / 3.6, bell = exp(-0.5 * t * t) + (uiv && level[k] == uiv - 1 ? 1.6 : 0);
        share[2 * (k - first)] = 0.6 * bell;
        if (k < last) share[2 * (k - first) + 1] = 0.4 * exp(-0.5 * pow((level[k] + 0.25 - GEO_T7) / 3.6, 2));
    }
}

slopes slopes_draw(const person *p, const int *level, int n, int uiv, draws d)
{
    slopes s = { .n = 2 * n + 1 };
    static const double even[12] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 };
    double lumbar[12] = { 0 }, thoracic[18] = { 0 }, *v = s.plate;
    int c7 = place(level, n, GEO_C7), t1 = c7 + 1, t4 = place(level, n, GEO_T4), t12 = place(level, n, GEO_T12), l1 = t12 + 1;
    v[2 * n] = p->ss, v[2 * l1] = p->ss - p->ll, v[2 * t12 + 1] = v[2 * l1] - p->tlj, v[2 * t4] = v[2 * t12 + 1] + p->tk;
    v[2 * t1] = p->t1s, v[2 * c7 + 1] = p->t1s - c7_t1_disc, v[1] = v[2 * c7 + 1] - p->cl;
    lumbar_shares(p, n - l1, lumbar), thoracic_shares(level, t4, t12, uiv, thoracic);
    deal(&s, 2 * l1, 2 * n, lumbar, &d), deal(&s, 2 * t4, 2 * t12 + 1, thoracic, &d);
    deal(&s, 2 * t1, 2 * t4, even, &d), deal(&s, 1, 2 * c7 + 1, even, &d);
    v[0] = v[1] + draws_normal(&d, 0, 1);
    return s;
}
