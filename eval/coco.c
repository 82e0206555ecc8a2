/* coco.c - see coco.h: marks of all films, class by class in falling order of score, become precision at recalls, and their means.
 *
 * The one idea: precision at a recall is the best of all points at that recall or beyond, and only a hit raises recall or precision; so
 * each hit notes its precision at the highest of the 101 recalls that it reaches, and a walk from the top down takes the best so far. A film
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

/* True objects that count. weight: how often each film of the set stands for itself, NULL: once. */
static int64_t truths_of(const class_marks *c, int range, const int32_t *weight)
{
    int64_t n = 0;
    for (int64_t i = 0; i < c->films; i++) n += c->film[i].truths[range] * (weight ? weight[c->film[i].film] : 1);
    return n;
}

/* What thresholds gather while the marks of a class go by: weights of hits and of misses, and the precisions that were noted. */
typedef struct curve { int64_t hits, misses; double best[COCO_RECALLS]; } curve;

static void note(curve *c, int64_t truths)
{
    const double recall = (double)c->hits / (double)truths, precision = (double)c->hits / ((double)(c->hits + c->misses) + DBL_EPSILON);
    int r = (int)(recall * (COCO_RECALLS - 1));
    while (r + 1 < COCO_RECALLS && (r + 1) * 0.01 <= recall) r++;          /* as searchsorted finds it among the doubles 0.01 r */
    while (r * 0.01 > recall) r--;
    if (precision > c->best[r]) c->best[r] = precision;
}

/* Average precision of a class by threshold; truths > 0 of them in the films as weighted. */
static void precisions(const class_marks *c, int range, int64_t truths, const int32_t *weight, double at[COCO_THRESHOLDS])
{
    curve all[COCO_THRESHOLDS] = { 0 };
    for (int64_t i = 0; i < c->n; i++) {
        const coco_mark *m = &c->mark[i];
        const int w = weight ? weight[m->film] : 1;
        for (int t = 0; t < COCO_THRESHOLDS && w; t++) {
            if (m->none[range] >> t & 1) continue;
            if (m->hit[range] >> t & 1) all[t].hits += w, note(&all[t], truths);
            else all[t].misses += w;
        }
    }
    for (int t = 0; t < COCO_THRESHOLDS; t++) {
        double best = 0, sum = 0;
        for (int r = COCO_RECALLS - 1; r >= 0; r--) {
            if (all[t].best[r] > best) best = all[t].best[r];
            sum += best;
        }
        at[t] = sum / COCO_RECALLS;
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
static void figures(const class_marks *c, quantity of[COCO_FIGURES], double at[COCO_THRESHOLDS])
{
    double x[COCO_THRESHOLDS];
    for (int k = 0; k < COCO_FIGURES; k++) {
        const int64_t truths = truths_of(c, figure[k].range, NULL);
        of[k] = quantity_missing(figure[k].range ? "no true object of that size" : "no true object");
        if (!truths) continue;
        if (figure[k].recall) recalls(c, figure[k].range, figure[k].cut, truths, x);
        else precisions(c, figure[k].range, truths, NULL, x);
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

typedef struct resampled { const class_marks *c; const int *class; int n; int64_t films; const int64_t *unit; double whole; } resampled;

/* AP of the films of the patients drawn. Draws without a true object have no AP and stand where the estimate does. */
static double ap_of_patients(const void *data, const int64_t *unit, int64_t n)
{
    const resampled *r = data;
    int32_t *times = xalloc_n((size_t)r->films, 2 * sizeof *times), *weight = times + r->films;
    double at[COCO_THRESHOLDS], sum = 0;
    int classes = 0;
    for (int64_t i = 0; i < n; i++) times[unit[i]]++;
    for (int64_t i = 0; i < r->films; i++) weight[i] = times[r->unit[i]];
    for (int k = 0; k < r->n; k++) {
        const class_marks *c = &r->c[r->class[k]];
        const int64_t truths = truths_of(c, 0, weight);
        if (truths) precisions(c, 0, truths, weight, at), sum += mean(at), classes++;
    }
    free(times);
    return classes ? sum / classes : r->whole;
}

typedef struct owner { int64_t patient, film; } owner;

static int by_patient(const void *a, const void *b)
{
    const owner *p = a, *q = b;
    return (p->patient > q->patient) - (p->patient < q->patient);
}

static void resample(coco *c, const object_set *s, const class_marks *marks, int64_t draws, uint64_t seed)
{
    owner *o = xalloc_n((size_t)s->n, sizeof *o);
    int64_t *unit = xalloc_n((size_t)s->n, sizeof *unit), units = 0;
    int *class = xalloc_n((size_t)c->n, sizeof *class);
    for (int64_t i = 0; i < s->n; i++) o[i] = (owner){ s->film[i].patient, i };
    if (s->n) qsort(o, (size_t)s->n, sizeof *o, by_patient);
    for (int64_t i = 0; i < s->n; i++) units += !i || o[i].patient != o[i - 1].patient, unit[o[i].film] = units - 1;
    for (int k = 0; k < c->n; k++) class[k] = c->class[k].class;
    const char *why = c->of[COCO_AP].why ? c->of[COCO_AP].why : units < 2 ? "one patient" : draws ? NULL : "not asked for";
    c->lo = c->hi = quantity_missing(why);
    if (!why) {
        const resampled r = { marks, class, c->n, s->n, unit, c->of[COCO_AP].value };
        const interval i = stats_bootstrap(ap_of_patients, &r, units, draws, seed, 0.95);
        c->lo = quantity_of(i.lo), c->hi = quantity_of(i.hi);
    }
    free(o), free(unit), free(class);
}

coco coco_of(const object_set *s, enum object_kind kind, int64_t draws, uint64_t seed)
{
    class_marks *marks = gather(s, kind);
    coco c = { .kind = kind, .class = xalloc_n((size_t)s->nclasses, sizeof *c.class) };
    double (*at)[COCO_THRESHOLDS] = xalloc_n((size_t)s->nclasses, sizeof *at);
    int64_t *preds = xalloc_n((size_t)s->nclasses, sizeof *preds);
    for (int64_t i = 0; i < s->n; i++)
        for (int k = 0; k < s->film[i].npred; k++) preds[s->film[i].pred[k].class]++;
    for (int k = 0; k < s->nclasses; k++) {
        if (!marks[k].films) continue;
        coco_class *to = &c.class[c.n];
        *to = (coco_class){ .class = k, .truths = truths_of(&marks[k], 0, NULL), .preds = preds[k] };
        figures(&marks[k], to->of, at[c.n++]);
    }
    mean_over_classes(&c, (const double (*)[COCO_THRESHOLDS])at);
    resample(&c, s, marks, draws, seed);
    marks_free(marks, s->nclasses), free(at), free(preds);
    return c;
}

void coco_free(coco *c) { free(c->class), *c = (coco){ 0 }; }
