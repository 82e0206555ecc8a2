/* person.c - the population; see person.h. The four core angles are one Gaussian block, everything else a regression on them. */
#include "synth/person.h"
#include <math.h>

const char *const pathology_names[PATHOLOGIES] = { "none", "flatback", "kyphosis", "slip", "junction", "lstv", "dome" };

enum { PI, PT, LL, TK, CORE };
static const double mean[CORE] = { 52.0, 12.5, 57.4, 37.4 }, sd[CORE] = { 10.7, 7.3, 11.3, 10.9 };
/* Lower Cholesky factor of the correlations PI-PT .62, PI-LL .58, PT-LL -.02, PI-TK 0, PT-TK -.05, LL-TK .60. */
static const double factor[CORE][CORE] = {
    { 1 },
    { 0.62, 0.78460180983732 },
    { 0.58, -0.48381229209592, 0.65538207636225 },
    { 0, -0.06372659274182, 0.86845263492302, 0.49165937626856 },
};
static const double middle_age = 40.4, per_year[CORE] = { 0, 0.08, -0.12, 0.16 };

static int accepted(const person *p)
{
    return p->pi >= 25 && p->pi <= 90 && p->pt >= -8 && p->pt <= 45 && p->ss >= 5 && p->ss <= 70 && p->ll >= 15 && p->ll <= 95 &&
        p->tk >= 5 && p->tk <= 85;
}

static void draw_core(person *p, draws *d)
{
    double e[CORE], v[CORE];
    for (int i = 0; i < CORE; i++) e[i] = draws_normal(d, 0, 1);
    for (int i = 0; i < CORE; i++) {
        v[i] = mean[i] + per_year[i] * (p->age - middle_age);
        for (int k = 0; k <= i; k++) v[i] += sd[i] * factor[i][k] * e[k];
    }
    p->pi = v[PI], p->pt = v[PT], p->ll = v[LL], p->tk = v[TK], p->ss = p->pi - p->pt;
}

/* T1 slope from TK, cervical lordosis from T1 slope (MEANS). */
static void draw_neck(person *p, double lean, draws *d)
{
    p->t1s = draws_normal(d, 23 + 0.42 * (p->tk - 37.4) + lean, 6.4);
    p->cl = draws_normal(d, -24.5 + 1.1 * p->t1s, 9.2);
}

person person_draw(draws *d)
{
    person p = { .age = draws_range(d, 18, 80), .male = draws_chance(d, 0.5) };
    p.size = (p.male ? 1.04 : 0.96) * draws_normal(d, 1, 0.07);
    do draw_core(&p, d); while (!accepted(&p));
    draw_neck(&p, 0, d);
    p.tlj = draws_normal(d, 5.0, 1.5);
    return p;
}

enum pathology pathology_draw(draws *d)
{
    static const struct { enum pathology what; double share; } mixture[] = { { PATH_FLATBACK, 0.20 }, { PATH_KYPHOSIS, 0.08 },
        { PATH_SLIP, 0.05 },
        { PATH_JUNCTION, 0.05 }, { PATH_LSTV, 0.04 }, { PATH_DOME, 0.03 } };
    double u = draws_u01(d);
    for (size_t i = 0; i < sizeof mixture / sizeof *mixture; i++)
        if ((u -= mixture[i].share) < 0) return mixture[i].what;
    return PATH_NONE;
}

static void turn_pelvis(person *p, double pt) { p->pt = pt, p->ss = p->pi - pt; }

void person_afflict(person *p, enum pathology what, draws *d, double *sva)
{
    *sva = NAN;
    switch (what) {
    case PATH_FLATBACK:
        p->age = draws_range(d, 50, 80), p->ll -= draws_range(d, 15, 40), p->tk = fmax(3, p->tk - draws_range(d, 5, 15));
        turn_pelvis(p, fmin(p->pt + draws_range(d, 8, 25), p->pi - 2));
        *sva = draws_range(d, 40, 120), draw_neck(p, 0.1 * *sva, d);
        break;
    case PATH_KYPHOSIS: {
        double before = p->tk;
        p->tk = draws_range(d, 60, 90), p->ll += 0.35 * (p->tk - before), p->age = draws_range(d, 25, 80);
        *sva = draws_normal(d, 10, 30), draw_neck(p, 0, d);
        break;
    }
    case PATH_SLIP: case PATH_DOME:
        p->pi += 10, p->ll += 6, turn_pelvis(p, p->pt + 4);
        break;
    case PATH_JUNCTION:
        p->age = draws_range(d, 40, 80), p->tk += draws_range(d, 10, 25), *sva = draws_normal(d, 40, 25), draw_neck(p, 3, d);
        break;
    default: break;
    }
}
