/* coco_match.c - see coco_match.h. The trap: a detection may leave a true object that does not count for one that does, and never the
 * other way round; so those that count come first, and the search ends where it would step from one that does to one that does not. */
#include "eval/coco_match.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* As linspace(0.5, 0.95, 10) of NumPy has them: the ninth is one step of a double below 0.9. */
const double coco_thresholds[COCO_THRESHOLDS] = { 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.8999999999999999, 0.95 };

static const double area_range[COCO_AREAS][2] = { { 0, 1e10 }, { 0, 32 * 32 }, { 32 * 32, 96 * 96 }, { 96 * 96, 1e10 } };
static int inside(double area, int range) { return area >= area_range[range][0] && area <= area_range[range][1]; }

/* One class of one film: its detections by falling score, its true objects, and what each pair shares. */
typedef struct pairing { int npred, ntruth; const object **pred, **truth; double *iou; int *order; uint8_t *left_out, *taken; } pairing;

/* True objects that count before those that do not. */
static int64_t set_order(pairing *p, int range)
{
    int n = 0;
    int64_t count = 0;
    for (int g = 0; g < p->ntruth; g++) p->left_out[g] = p->truth[g]->crowd || !inside(p->truth[g]->area, range), count += !p->left_out[g];
    for (int out = 0; out < 2; out++)
        for (int g = 0; g < p->ntruth; g++) if (p->left_out[g] == out) p->order[n++] = g;
    return count;
}

/* The true object that detection d takes at this threshold, or -1. */
static int best_for(const pairing *p, int d, double threshold)
{
    double best = fmin(threshold, 1 - 1e-10);
    int found = -1;
    for (int k = 0; k < p->ntruth; k++) {
        const int g = p->order[k];
        if (p->taken[g] && !p->truth[g]->crowd) continue;
        if (found >= 0 && !p->left_out[found] && p->left_out[g]) break;
        const double iou = p->iou[d * p->ntruth + g];
        if (iou >= best) best = iou, found = g;
    }
    return found;
}

static void match_range(pairing *p, int range, enum object_kind kind, coco_mark *mark)
{
    for (int t = 0; t < COCO_THRESHOLDS; t++) {
        const uint16_t bit = (uint16_t)(1 << t);
        memset(p->taken, 0, (size_t)p->ntruth);
        for (int d = 0; d < p->npred; d++) {
            const int g = best_for(p, d, coco_thresholds[t]);
            if (g >= 0) p->taken[g] = 1, mark[d].hit[range] |= bit;
            if (g >= 0 ? p->left_out[g] : !inside(object_size(p->pred[d], kind), range)) mark[d].none[range] |= bit;
        }
    }
}

static void match_class(pairing *p, enum object_kind kind, coco_film *out, int64_t film, int class)
{
    coco_mark *mark = out->mark + out->n;
    struct coco_count *count = &out->count[out->nclasses++];
    count->class = class;
    for (int d = 0; d < p->npred; d++) {
        mark[d] = (coco_mark){ .score = p->pred[d]->score, .film = film, .class = class, .rank = d };
        for (int g = 0; g < p->ntruth; g++) p->iou[d * p->ntruth + g] = object_iou(p->pred[d], p->truth[g], kind);
    }
    for (int r = 0; r < COCO_AREAS; r++) count->truths[r] = set_order(p, r), match_range(p, r, kind, mark);
    out->n += p->npred;
}

static int by_number(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }

/* The classes of a film on either side, ascending, each once. */
static int classes_of(const object_film *f, int *class)
{
    int n = 0, m = 0;
    for (int i = 0; i < f->npred; i++) class[n++] = f->pred[i].class;
    for (int i = 0; i < f->ntruth; i++) class[n++] = f->truth[i].class;
    if (n) qsort(class, (size_t)n, sizeof *class, by_number);
    for (int i = 0; i < n; i++) if (!m || class[m - 1] != class[i]) class[m++] = class[i];
    return m;
}

coco_film coco_match(const object_film *f, int64_t number, enum object_kind kind)
{
    const size_t np = (size_t)f->npred, nt = (size_t)f->ntruth, most = np < COCO_MOST ? np : COCO_MOST;
    int *class = xalloc_n(np + nt, sizeof *class), *sorted = xalloc_n(np, sizeof *sorted);
    const int nclasses = classes_of(f, class), n = objects_by_score(f->pred, f->npred, -INFINITY, sorted);
    coco_film out = { .mark = xalloc_n(np, sizeof *out.mark), .count = xalloc_n((size_t)nclasses, sizeof *out.count) };
    pairing p = { .pred = xalloc_n(most, sizeof *p.pred), .truth = xalloc_n(nt, sizeof *p.truth), .order = xalloc_n(nt, sizeof *p.order),
                  .iou = xalloc_n(most * nt, sizeof *p.iou), .left_out = xalloc(nt), .taken = xalloc(nt) };
    for (int k = 0; k < nclasses; k++) {
        p.npred = p.ntruth = 0;
        for (int i = 0; i < n && p.npred < COCO_MOST; i++) if (f->pred[sorted[i]].class == class[k]) p.pred[p.npred++] = &f->pred[sorted[i]];
        for (int i = 0; i < f->ntruth; i++) if (f->truth[i].class == class[k]) p.truth[p.ntruth++] = &f->truth[i];
        match_class(&p, kind, &out, number, class[k]);
    }
    free(class), free(sorted), free(p.pred), free(p.truth), free(p.iou), free(p.order), free(p.left_out), free(p.taken);
    return out;
}

void coco_film_free(coco_film *f) { free(f->mark), free(f->count); }
