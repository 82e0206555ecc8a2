/* panoptic.c - see panoptic.h. The trap: a true object that two predictions overlap by more than half, which masks that may overlap
 * allow; the better score takes it. */
#include "eval/panoptic.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int any_class(const object *p, const object *t) { (void)p, (void)t; return 1; }
static int same_class(const object *p, const object *t) { return p->class == t->class; }

/* Share of p that lies in crowds. */
static double in_crowds(const object_film *f, const object *p, enum object_kind kind, int (*may)(const object *, const object *))
{
    double common = 0, size = object_size(p, kind);
    for (int g = 0; g < f->ntruth; g++) if (f->truth[g].crowd && may(p, &f->truth[g])) common += object_common(p, &f->truth[g], kind);
    return size > 0 ? common / size : 0;
}

/* of (npred): the true object that each prediction finds, or MISS, or ASIDE where it does not count. */
enum { MISS = -1, ASIDE = -2 };
typedef struct found { int *of; double *iou; } found;

static found find(const object_film *f, const panoptic_options *o, double half, int (*may)(const object *, const object *))
{
    found r = { xalloc_n((size_t)f->npred, sizeof *r.of), xalloc_n((size_t)f->npred, sizeof *r.iou) };
    int *order = xalloc_n((size_t)f->npred, sizeof *order);
    uint8_t *taken = xalloc((size_t)f->ntruth);
    for (int i = 0; i < f->npred; i++) r.of[i] = ASIDE;
    for (int i = 0, n = objects_by_score(f->pred, f->npred, o->least, order); i < n; i++) {
        const object *p = &f->pred[order[i]];
        int best = MISS;
        double most = half;
        for (int g = 0; g < f->ntruth; g++) {
            if (taken[g] || f->truth[g].crowd || !may(p, &f->truth[g])) continue;
            const double iou = object_iou(p, &f->truth[g], o->kind);
            if (iou > most) most = iou, best = g;
        }
        if (best >= 0) taken[best] = 1;
        else if (in_crowds(f, p, o->kind, may) > 0.5) best = ASIDE;
        r.of[order[i]] = best, r.iou[order[i]] = most;
    }
    free(order), free(taken);
    return r;
}

static void found_free(found *r) { free(r->of), free(r->iou); }

/* ---- panoptic quality ------------------------------------------------------------------------------------------------------------------ */

typedef struct tally { int64_t tp, fp, fn; double overlap; } tally;

static void add(tally *to, const tally *t) { to->tp += t->tp, to->fp += t->fp, to->fn += t->fn, to->overlap += t->overlap; }
static int  counts(const tally *t) { return t->tp || t->fp || t->fn; }
static double weight(const tally *t) { return (double)t->tp + 0.5 * (double)t->fp + 0.5 * (double)t->fn; }

static void tally_film(const object_film *f, const panoptic_options *o, tally *t)
{
    found r = find(f, o, 0.5, same_class);
    for (int i = 0; i < f->ntruth; i++) t[f->truth[i].class].fn += !f->truth[i].crowd;
    for (int i = 0; i < f->npred; i++) {
        tally *of = &t[f->pred[i].class];
        if (r.of[i] >= 0) of->tp++, of->fn--, of->overlap += r.iou[i];
        else of->fp += r.of[i] == MISS;
    }
    found_free(&r);
}

typedef struct by_patients { const tally *t; int nclasses; } by_patients;

static double pq_of_patients(const void *data, const int64_t *unit, int64_t n)
{
    const by_patients *p = data;
    long double sum = 0;
    int classes = 0;
    for (int k = 0; k < p->nclasses; k++) {
        long double overlap = 0;
        tally all = { 0 };
        for (int64_t i = 0; i < n; i++) add(&all, &p->t[unit[i] * p->nclasses + k]), overlap += p->t[unit[i] * p->nclasses + k].overlap;
        if (counts(&all)) sum += overlap / weight(&all), classes++;
    }
    return (double)(sum / classes);
}

/* One row a patient of whose films anything counts, so that every draw has a PQ. rows: (films, n), changed. */
static void resample(panoptic *p, const object_set *s, tally *rows, const panoptic_options *o)
{
    const size_t n = (size_t)p->n;
    int64_t units = 0, *who = xalloc_n((size_t)s->n, sizeof *who);
    for (int64_t i = 0; i < s->n; i++) {
        int64_t at = 0, any = 0;
        for (size_t k = 0; k < n; k++) any |= counts(&rows[(size_t)i * n + k]);
        if (!any) continue;
        while (at < units && who[at] != s->film[i].patient) at++;
        if (at == units) who[units++] = s->film[i].patient, memmove(rows + (size_t)at * n, rows + (size_t)i * n, n * sizeof *rows);
        else for (size_t k = 0; k < n; k++) add(&rows[(size_t)at * n + k], &rows[(size_t)i * n + k]);
    }
    p->lo = p->hi = quantity_missing(p->pq.why ? p->pq.why : "one patient");
    if (units > 1) {
        const by_patients b = { rows, p->n };
        const interval i = stats_bootstrap(pq_of_patients, &b, units, o->draws, o->seed, 0.95);
        p->lo = quantity_of(i.lo), p->hi = quantity_of(i.hi);
    }
    free(who);
}

static void qualities(panoptic *p)
{
    double pq = 0, sq = 0, rq = 0;
    int with = 0;
    for (int k = 0; k < p->n; k++) {
        panoptic_class *c = &p->class[k];
        const tally t = { c->tp, c->fp, c->fn, c->overlap };
        c->pq = quantity_of(c->overlap / weight(&t)), c->rq = quantity_of((double)c->tp / weight(&t));
        c->sq = c->tp ? quantity_of(c->overlap / (double)c->tp) : quantity_missing("no object is found");
        pq += c->pq.value, rq += c->rq.value, sq += c->tp ? c->sq.value : 0, with += c->tp > 0;
        p->tp += c->tp, p->fp += c->fp, p->fn += c->fn;
    }
    p->pq = p->n ? quantity_of(pq / p->n) : quantity_missing("no object on either side");
    p->rq = p->n ? quantity_of(rq / p->n) : quantity_missing("no object on either side");
    p->sq = with ? quantity_of(sq / with) : quantity_missing(p->n ? "no object is found" : "no object on either side");
}

panoptic panoptic_of(const object_set *s, const panoptic_options *o)
{
    const size_t all = (size_t)s->nclasses;
    tally *t = xalloc_n((size_t)s->n * all, sizeof *t), *sum = xalloc_n(all, sizeof *sum), *kept;
    panoptic p = { .class = xalloc_n(all, sizeof *p.class) };
    #pragma omp parallel for schedule(dynamic)
    for (int64_t i = 0; i < s->n; i++) tally_film(&s->film[i], o, t + (size_t)i * all);
    for (size_t i = 0; i < (size_t)s->n * all; i++) add(&sum[i % all], &t[i]);
    for (int k = 0; k < s->nclasses; k++)
        if (counts(&sum[k])) p.class[p.n++] = (panoptic_class){ .class = k, .tp = sum[k].tp, .fp = sum[k].fp, .fn = sum[k].fn, .overlap = sum[k].overlap };
    qualities(&p);
    kept = xalloc_n((size_t)s->n * (size_t)p.n, sizeof *kept);
    for (int64_t i = 0; i < s->n; i++) for (int k = 0; k < p.n; k++) kept[i * p.n + k] = t[(size_t)i * all + (size_t)p.class[k].class];
    resample(&p, s, kept, o);
    free(t), free(sum), free(kept);
    return p;
}

void panoptic_free(panoptic *p) { free(p->class), *p = (panoptic){ 0 }; }

/* ---- detection ------------------------------------------------------------------------------------------------------------------------- */

enum { TRUTHS, DETECTED, CENTRED, NAMED, EXTRA, FILMS, COUNTS };

static void count_film(const object_film *f, const panoptic_options *o, double *n, int64_t stride)
{
    found r = find(f, o, nextafter(0.5, 0), any_class);
    n[FILMS * stride] = 1;
    for (int g = 0; g < f->ntruth; g++) {
        int centred = 0;
        for (int i = 0; i < f->npred && !centred && !f->truth[g].crowd; i++)
            centred = f->pred[i].score >= o->least && object_centred_in(&f->pred[i], &f->truth[g]);
        n[TRUTHS * stride] += !f->truth[g].crowd, n[CENTRED * stride] += centred;
    }
    for (int i = 0; i < f->npred; i++) {
        n[EXTRA * stride] += r.of[i] == MISS;
        if (r.of[i] >= 0) n[DETECTED * stride]++, n[NAMED * stride] += f->truth[r.of[i]].class == f->pred[i].class;
    }
    found_free(&r);
}

detection detection_of(const object_set *s, const panoptic_options *o)
{
    double *n = xalloc_n((size_t)s->n * COUNTS, sizeof *n), sum[COUNTS] = { 0 };
    int64_t *patient = xalloc_n((size_t)s->n, sizeof *patient);
    #pragma omp parallel for schedule(dynamic)
    for (int64_t i = 0; i < s->n; i++) patient[i] = s->film[i].patient, count_film(&s->film[i], o, n + i, s->n);
    for (int k = 0; k < COUNTS; k++) for (int64_t i = 0; i < s->n; i++) sum[k] += n[k * s->n + i];
    #define RATE(over, under) ratio_of(n + (over) * s->n, n + (under) * s->n, patient, s->n, o->draws, o->seed)
    const detection d = { (int64_t)sum[FILMS], (int64_t)sum[TRUTHS], (int64_t)sum[DETECTED], (int64_t)sum[CENTRED], (int64_t)sum[NAMED],
                          (int64_t)sum[EXTRA], RATE(DETECTED, TRUTHS), RATE(CENTRED, TRUTHS), RATE(NAMED, TRUTHS), RATE(EXTRA, FILMS) };
    #undef RATE
    free(n), free(patient);
    return d;
}
