/* coco.c - see coco.h: marks of all films, class by class in falling order of score, become precision at recalls, and their means.
 *
 * The one idea: precision at a recall is the best of all points at that recall or beyond, and only a hit raises recall or precision; so
 * hits note their precision at the highest of the 101 recalls that they reach, and a walk from the top down takes the best so far. A film
 * drawn twice by the bootstrap is a weight of two on its marks. */
#include "eval/coco_match.h"
#include <float.h>
#include <stdlib.h>
#include <string.h>

const char *const coco_names[COCO_FIGURES] = { "AP", "AP50", "AP75", "AP_small", "AP_medium", "AP_large", "AR1", "AR10", "AR100", "AR_small",
                                               "AR_medium", "AR_large" };

/* Where a figure comes from: recall or precision, the range of sizes, the one threshold (-1: mean of all), detections of a film. */
static const struct { int recall, range, threshold, cut; } figure[COCO_FIGURES] = {
    [COCO_AP] = { 0, 0, -1, 100 }, [COCO_AP50] = { 0, 0, 0, 100 }, [COCO_AP75] = { 0, 0, 5, 100 }, [COCO_AP_SMALL] = { 0, 1, -1, 100 },
    [COCO_AP_MEDIUM] = { 0, 2, -1, 100 }, [COCO_AP_LARGE] = { 0, 3, -1, 100 }, [COCO_AR1] = { 1, 0, -1, 1 }, [COCO_AR10] = { 1, 0, -1, 10 },
    [COCO_AR100] = { 1, 0, -1, 100 }, [COCO_AR_SMALL] = { 1, 1, -1, 100 }, [COCO_AR_MEDIUM] = { 1, 2, -1, 100 },
    [COCO_AR_LARGE] = { 1, 3, -1, 100 } };

/* The marks of one class by falling score, and the films that show true objects of it. */
typedef struct shown { int64_t film, truths[COCO_AREAS]; } shown;
typedef struct class_marks { int64_t n, films; coco_mark *mark; shown *film; } class_marks;

static int by_score(const void *a, const void *b)
{
    const coco_mark *p = a, *q = b;
    if (p->score != q->score) return (p->score < q->score) - (p->score > q->score);
    return p->film != q->film ? (p->film > q->film) - (p->film < q->film) : p->rank - q->rank;
}

/* (nclasses) of the set's table. */
static class_marks *gather(const object_set *s, enum object_kind kind)
{
    coco_film *f = xalloc_n((size_t)s->n, sizeof *f);
    class_marks *c = xalloc_n((size_t)s->nclasses, sizeof *c);
    #pragma omp parallel for schedule(dynamic)
    for (int64_t i = 0; i < s->n; i++) f[i] = coco_match(&s->film[i], i, kind);
    for (int64_t i = 0; i < s->n; i++) {
        for (int k = 0; k < f[i].n; k++) c[f[i].mark[k].class].n++;
        for (int k = 0; k < f[i].nclasses; k++) c[f[i].count[k].class].films++;
    }
    for (int k = 0; k < s->nclasses; k++) {
        c[k].mark = xalloc_n((size_t)c[k].n, sizeof *c->mark), c[k].film = xalloc_n((size_t)c[k].films, sizeof *c->film);
        c[k].n = c[k].films = 0;
    }
    for (int64_t i = 0; i < s->n; i++) {
        for (int k = 0; k < f[i].n; k++) { class_marks *to = &c[f[i].mark[k].class]; to->mark[to->n++] = f[i].mark[k]; }
        for (int k = 0; k < f[i].nclasses; k++) {
            class_marks *to = &c[f[i].count[k].class];
            to->film[to->films].film = i;
            memcpy(to->film[to->films++].truths, f[i].count[k].truths, sizeof to->film->truths);
        }
        coco_film_free(&f[i]);
    }
    #pragma omp parallel for schedule(dynamic)
    for (int k = 0; k < s->nclasses; k++) if (c[k].n) qsort(c[k].mark, (size_t)c[k].n, sizeof *c->mark, by_score);
    free(f);
    return c;
}

static void marks_free(class_marks *c, int n)
{
    for (int k = 0; k < n; k++) free(c[k].mark), free(c[k].film);
    free(c);
}

/* True objects that count. weight: how often each film of the set stands for itself. */
static int64_t truths_of(const class_marks *c, int range, const int32_t *weight)
{
    int64_t n = 0;
    for (int64_t i = 0; i < c->films; i++) n += c->film[i].truths[range] * weight[c->film[i].film];
    return n;
}

/* Marks of a class at one threshold by falling score, misses [0] and hits [1]: the film of each, and, after each run of hits without a miss
 * between them, how many of both have gone by. Within a run the last hit has both the most recall and the most precision, so it speaks for all. */
typedef struct steps { int64_t n[2], runs; int32_t *film[2], *gone[2]; } steps;

static steps steps_of(const class_marks *c, int range, int threshold)
{
    steps s = { 0 };
    for (int hit = 0; hit < 2; hit++)
        s.film[hit] = xalloc_n((size_t)c->n, sizeof **s.film), s.gone[hit] = xalloc_n((size_t)c->n + 1, sizeof **s.gone);
    int last = 0;
    for (int64_t i = 0; i < c->n; i++) {
        const coco_mark *m = &c->mark[i];
        if (m->none[range] >> threshold & 1) continue;
        const int hit = m->hit[range] >> threshold & 1;
        s.runs += hit && !last, last = hit;
        s.film[hit][s.n[hit]++] = (int32_t)m->film;
        if (hit) s.gone[0][s.runs - 1] = (int32_t)s.n[0], s.gone[1][s.runs - 1] = (int32_t)s.n[1];
    }
    return s;
}

static void steps_free(steps *s) { for (int hit = 0; hit < 2; hit++) free(s->film[hit]), free(s->gone[hit]); }

/* Average precision at one threshold, of `truths` > 0 true objects in the films as weighted. Most of the bootstrap's time goes here: sums
 * first, then figures, so that neither loop has to guess. */
static double precision_of(const steps *s, int64_t truths, const int32_t *weight)
{
    double at[COCO_RECALLS] = { 0 }, best = 0, sum = 0;
    int32_t *count = xalloc_n((size_t)(s->n[0] + s->n[1]) + 2, sizeof *count), *side[2] = { count, count + s->n[0] + 1 };
    for (int hit = 0; hit < 2; hit++)
        for (int64_t i = 0; i < s->n[hit]; i++) side[hit][i + 1] = side[hit][i] + weight[s->film[hit][i]];
    for (int64_t k = 0; k < s->runs; k++) {
        const double misses = side[0][s->gone[0][k]], hits = side[1][s->gone[1][k]];
        const double recall = hits / (double)truths, precision = hits / (hits + misses + DBL_EPSILON);
        int r = (int)(recall * (COCO_RECALLS - 1));                          /* as searchsorted finds it among the doubles 0.01 r */
        r += r + 1 < COCO_RECALLS && (double)(r + 1) * 0.01 <= recall;
        r -= (double)r * 0.01 > recall;
        at[r] = precision > at[r] ? precision : at[r];
    }
    for (int r = COCO_RECALLS - 1; r >= 0; r--) {
        if (at[r] > best) best = at[r];
        sum += best;
    }
    free(count);
    return sum / COCO_RECALLS;
}

/* By threshold. */
static void precisions(const class_marks *c, int range, int64_t truths, const int32_t *once, double at[COCO_THRESHOLDS])
{
    for (int t = 0; t < COCO_THRESHOLDS; t++) {
        steps s = steps_of(c, range, t);
        at[t] = precision_of(&s, truths, once);
        steps_free(&s);
    }
}

static void recalls(const class_marks *c, int range, int cut, int64_t truths, double at[COCO_THRESHOLDS])
{
    int64_t hits[COCO_THRESHOLDS] = { 0 };
    for (int64_t i = 0; i < c->n; i++)
        for (int t = 0; t < COCO_THRESHOLDS && c->mark[i].rank < cut; t++) hits[t] += c->mark[i].hit[range] >> t & ~(c->mark[i].none[range] >> t) & 1;
    for (int t = 0; t < COCO_THRESHOLDS; t++) at[t] = (double)hits[t] / (double)truths;
}

static double mean(const double *x)
{
    double sum = 0;
    for (int t = 0; t < COCO_THRESHOLDS; t++) sum += x[t];
    return sum / COCO_THRESHOLDS;
}

/* All figures of a class; at: its AP by threshold, where it has one. */
static void figures(const class_marks *c, const int32_t *once, quantity of[COCO_FIGURES], double at[COCO_THRESHOLDS])
{
    double x[COCO_THRESHOLDS];
    for (int k = 0; k < COCO_FIGURES; k++) {
        const int64_t truths = truths_of(c, figure[k].range, once);
        of[k] = quantity_missing(figure[k].range ? "no true object of that size" : "no true object");
        if (!truths) continue;
        if (figure[k].recall) recalls(c, figure[k].range, figure[k].cut, truths, x);
        else precisions(c, figure[k].range, truths, once, x);
        of[k] = quantity_of(figure[k].threshold < 0 ? mean(x) : x[figure[k].threshold]);
        if (k == COCO_AP) memcpy(at, x, sizeof x);
    }
}

/* ---- over the classes ------------------------------------------------------------------------------------------------------------------ */

static void mean_over_classes(coco *c, const double (*at)[COCO_THRESHOLDS])
{
    for (int k = 0; k < COCO_FIGURES + COCO_THRESHOLDS; k++) {
        const int t = k - COCO_FIGURES;
        double sum = 0;
        int n = 0;
        for (int i = 0; i < c->n; i++) {
            const quantity q = c->class[i].of[t < 0 ? k : COCO_AP];
            if (!q.why) sum += t < 0 ? q.value : at[i][t], n++;
        }
        *(t < 0 ? &c->of[k] : &c->at[t]) = n ? quantity_of(sum / n)
            : quantity_missing(t < 0 && figure[k].range ? "no true object of that size" : "no true object");
    }
}

/* Films, the place of each one's patient, and the classes with true objects: their marks, and their steps (COCO_THRESHOLDS each). */
typedef struct resampled { int64_t films; const int64_t *unit; int n; const class_marks **c; steps *s; double whole; } resampled;

/* AP of the films of the patients drawn. Draws without a true object have no AP and stand where the estimate does. */
static double ap_of_patients(const void *data, const int64_t *unit, int64_t n)
{
    const resampled *r = data;
    int32_t *times = xalloc_n((size_t)r->films, 2 * sizeof *times), *weight = times + r->films;
    double sum = 0;
    int classes = 0;
    for (int64_t i = 0; i < n; i++) times[unit[i]]++;
    for (int64_t i = 0; i < r->films; i++) weight[i] = times[r->unit[i]];
    for (int k = 0; k < r->n; k++) {
        const int64_t truths = truths_of(r->c[k], 0, weight);
        for (int t = 0; t < COCO_THRESHOLDS && truths; t++) sum += precision_of(&r->s[k * COCO_THRESHOLDS + t], truths, weight);
        classes += truths > 0;
    }
    free(times);
    return classes ? sum / COCO_THRESHOLDS / classes : r->whole;
}

typedef struct owner { int64_t patient, film; } owner;

static int by_patient(const void *a, const void *b)
{
    const owner *p = a, *q = b;
    return (p->patient > q->patient) - (p->patient < q->patient);
}

/* unit (films): the number of each one's patient. Returns how many there are. */
static int64_t units_of(const object_set *s, int64_t *unit)
{
    owner *o = xalloc_n((size_t)s->n, sizeof *o);
    int64_t units = 0;
    for (int64_t i = 0; i < s->n; i++) o[i] = (owner){ s->film[i].patient, i };
    if (s->n) qsort(o, (size_t)s->n, sizeof *o, by_patient);
    for (int64_t i = 0; i < s->n; i++) units += !i || o[i].patient != o[i - 1].patient, unit[o[i].film] = units - 1;
    free(o);
    return units;
}

static void resample(coco *c, const object_set *s, const class_marks *marks, int64_t draws, uint64_t seed)
{
    const char *why = c->of[COCO_AP].why ? c->of[COCO_AP].why : draws ? "one patient" : "not asked for";
    int64_t *unit = xalloc_n((size_t)s->n, sizeof *unit), units = units_of(s, unit);
    resampled r = { s->n, unit, 0, xalloc_n((size_t)c->n, sizeof *r.c), xalloc_n((size_t)c->n * COCO_THRESHOLDS, sizeof *r.s), c->of[COCO_AP].value };
    c->lo = c->hi = quantity_missing(why);
    for (int k = 0; k < c->n; k++) {
        const class_marks *m = &marks[c->class[k].class];
        if (!c->class[k].truths) continue;
        for (int t = 0; t < COCO_THRESHOLDS; t++) r.s[r.n * COCO_THRESHOLDS + t] = steps_of(m, 0, t);
        r.c[r.n++] = m;
    }
    if (r.n && draws && units > 1) {
        const interval i = stats_bootstrap(ap_of_patients, &r, units, draws, seed, 0.95);
        c->lo = quantity_of(i.lo), c->hi = quantity_of(i.hi);
    }
    for (int k = 0; k < r.n * COCO_THRESHOLDS; k++) steps_free(&r.s[k]);
    free(r.c), free(r.s), free(unit);
}

coco coco_of(const object_set *s, enum object_kind kind, int64_t draws, uint64_t seed)
{
    class_marks *marks = gather(s, kind);
    coco c = { .kind = kind, .class = xalloc_n((size_t)s->nclasses, sizeof *c.class) };
    double (*at)[COCO_THRESHOLDS] = xalloc_n((size_t)s->nclasses, sizeof *at);
    int64_t *preds = xalloc_n((size_t)s->nclasses, sizeof *preds);
    int32_t *once = xalloc_n((size_t)s->n, sizeof *once);
    for (int64_t i = 0; i < s->n; i++) {
        once[i] = 1;
        for (int k = 0; k < s->film[i].npred; k++) preds[s->film[i].pred[k].class]++;
    }
    for (int k = 0; k < s->nclasses; k++) {
        if (!marks[k].films) continue;
        coco_class *to = &c.class[c.n];
        *to = (coco_class){ .class = k, .truths = truths_of(&marks[k], 0, once), .preds = preds[k] };
        figures(&marks[k], once, to->of, at[c.n++]);
    }
    mean_over_classes(&c, (const double (*)[COCO_THRESHOLDS])at);
    resample(&c, s, marks, draws, seed);
    marks_free(marks, s->nclasses), free(at), free(preds), free(once);
    return c;
}

void coco_free(coco *c) { free(c->class), *c = (coco){ 0 }; }
