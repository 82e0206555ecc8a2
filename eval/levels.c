/* levels.c - see levels.h. */
#include "eval/levels.h"
#include "base/die.h"
#include <math.h>
#include <stdlib.h>

const double level_limits[LEVEL_LIMITS] = { 20, 10, INFINITY };

static int add_body(level_point *out, int n, int level, const geo_point *p)
{
    if (level == GEO_S1) return n;
    out[n] = (level_point){ level, 0, 0 };
    for (int k = 0; k < 4; k++) out[n].x += 0.25 * p[k].x, out[n].y += 0.25 * p[k].y;
    return isfinite(out[n].x) && isfinite(out[n].y) ? n + 1 : n;
}

int levels_of(const findings *f, int truth, level_point *out, int most)
{
    int n = 0;
    for (int i = 0; i < f->chain.n && n < most; i++) {
        const geo_found *b = &f->chain.body[i];
        const int level = geo_level_parse(findings_level(f, i));
        if (!truth || (level && !b->unsure)) n = add_body(out, n, level, b->quad.p);
    }
    for (int level = GEO_C1; level <= GEO_L5 && !f->chain.n && f->chain.film && n < most; level++) {          /* landmarks of a lateral film */
        geo_corners c;
        const unsigned unsure = GEO_MARK_INTERPOLATED | (truth ? GEO_MARK_AMBIGUOUS : 0);
        if (geo_case_corners(f->chain.film, level, &c) && !(geo_case_marks(f->chain.film, level) & unsure))
            n = add_body(out, n, level, (const geo_point[4]){ c.sa, c.sp, c.ia, c.ip });
    }
    return n;
}

static int level_of(const instance *o, const classes *names)
{
    const class *c = classes_find(names, o->value);
    const int level = geo_level_parse(*o->level || !c ? o->level : c->name);
    return level == GEO_S1 ? 0 : level;
}

int levels_of_instances(const labels *l, const classes *names, int64_t w, level_point *out, int n, int most)
{
    for (int k = 0; k < l->ninstances && n < most; k++) {
        const instance *o = &l->instances[k];
        level_point p = { .level = level_of(o, names) };
        double pixels = 0;
        int there = !p.level;
        for (int i = 0; i < n; i++) there |= out[i].level == p.level;
        for (int64_t i = 0, at = 0; i < o->nruns && !there; at += o->runs[i++])
            for (int64_t q = at; i % 2 && q < at + o->runs[i]; q++) p.x += (double)(q % w), p.y += (double)(q / w), pixels++;
        if (pixels > 0) p.x /= pixels, p.y /= pixels, out[n++] = p;
    }
    return n;
}

/* ---- one film -------------------------------------------------------------------------------------------------------------------------- */

static double distance(const level_point *a, const level_point *b, const double spacing[2])
{
    return hypot((a->x - b->x) * spacing[0], (a->y - b->y) * spacing[1]);
}

/* The true level nearest to a body within the limit, or -1. Of equally near ones the first. */
static int nearest_truth(const level_point *truth, int n, const level_point *p, const double spacing[2], double limit)
{
    int best = -1;
    double least = limit;
    for (int i = 0; i < n; i++) {
        const double d = distance(&truth[i], p, spacing);
        if (d < least) least = d, best = i;
    }
    return best;
}

level_counts levels_count(const level_point *truth, int ntruth, const level_point *pred, int npred, const double spacing[2], double limit)
{
    level_counts c = { .truths = ntruth, .preds = npred };
    int *by = xalloc_n((size_t)ntruth, sizeof *by), up = 0, down = 0;            /* bit 0 detected, 1 identified, 2 and 3 the one above, below */
    for (int i = 0; i < npred; i++) {
        const int t = nearest_truth(truth, ntruth, &pred[i], spacing, limit);
        if (t < 0) continue;
        const int step = pred[i].level ? pred[i].level - truth[t].level : 99;
        by[t] |= 1 | (step == 0) << 1 | (step == -1) << 2 | (step == 1) << 3;
        c.precise += step == 0;
    }
    for (int t = 0; t < ntruth; t++) {
        c.detected += by[t] & 1, c.identified += by[t] >> 1 & 1;
        if (by[t] & 2) continue;
        c.next += by[t] >> 2 != 0, up += by[t] >> 2 & 1, down += by[t] >> 3 & 1;
    }
    c.whole = c.identified == ntruth;
    c.shifted = c.detected && !c.identified && (up == c.detected || down == c.detected);
    free(by);
    return c;
}

int levels_distance(const level_point *truth, int ntruth, const level_point *pred, int npred, const double spacing[2], double *sum)
{
    int n = 0;
    for (int t = 0; t < ntruth; t++)
        for (int i = 0; i < npred; i++)
            if (pred[i].level == truth[t].level) *sum += distance(&truth[t], &pred[i], spacing), n++;
    return n;
}

void levels_add(levels *l, int64_t patient, const level_point *truth, int ntruth, const level_point *pred, int npred, const double spacing[2])
{
    const int known = spacing[0] > 0 && spacing[1] > 0;
    const double pixels[2] = { 1, 1 }, *step = known ? spacing : pixels;
    if (!(l->n & (l->n + 1))) l->film = xgrow(l->film, (size_t)(2 * (l->n + 1)) * sizeof *l->film);
    level_film *f = &l->film[l->n++];
    *f = (level_film){ .patient = patient, .counted = ntruth > 0 };
    if (!ntruth) return;
    l->without_spacing += !known;
    for (int k = 0; k < LEVEL_LIMITS; k++)
        if (known || k == LEVEL_NO_LIMIT) f->of[k] = levels_count(truth, ntruth, pred, npred, step, level_limits[k]);
    if (known) f->distances = levels_distance(truth, ntruth, pred, npred, step, &f->distance);
}

void levels_free(levels *l) { free(l->film), *l = (levels){ 0 }; }
