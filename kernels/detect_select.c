/* detect_select.c - the best first: top k, suppression, proposals of the anchors, detections of the proposals; see detect.h.
 *
 * Suppression goes group by group, as a loop over classes and a sort of the survivors would (not by moving the groups apart, which
 * rounds the boxes): one pass in the order of scores, in which a candidate meets the survivors of its own group only. */
#include "kernels/detect.h"
#include "base/die.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Larger score first, then the lower place; NaN last */
static int before(const candidate *a, const candidate *b)
{
    const int na = a->score != a->score, nb = b->score != b->score;
    if (na != nb) return nb;
    if (!na && a->score != b->score) return a->score > b->score;
    return a->place < b->place;
}
static int by_score(const void *p, const void *q) { return before(p, q) ? -1 : before(q, p) ? 1 : 0; }

/* c[0..k) is a heap with the last in order at the top; c[i] sinks to its place */
static void sink_in(candidate *c, int64_t k, int64_t i)
{
    for (;;) {
        int64_t last = i;
        for (int64_t j = 2 * i + 1; j <= 2 * i + 2 && j < k; j++) if (before(&c[last], &c[j])) last = j;
        if (last == i) return;
        const candidate t = c[i];
        c[i] = c[last], c[last] = t, i = last;
    }
}

int64_t candidates_top(candidate *c, int64_t n, int64_t k)
{
    if (k > n) k = n;
    if (k < 1) return 0;
    for (int64_t i = k / 2; k < n && i-- > 0;) sink_in(c, k, i);
    for (int64_t i = k; i < n; i++) if (before(&c[i], &c[0])) c[0] = c[i], sink_in(c, k, 0);
    qsort(c, (size_t)k, sizeof *c, by_score);
    return k;
}

int64_t candidates_suppress(candidate *c, int64_t n, double overlap, int64_t keep)
{
    int32_t groups = 0;
    int64_t kept = 0;
    qsort(c, (size_t)n, sizeof *c, by_score);
    for (int64_t i = 0; i < n; i++) if (c[i].group >= groups) groups = c[i].group + 1;
    int64_t *last = xalloc_n((size_t)groups, sizeof *last), *previous = xalloc_n((size_t)n, sizeof *previous);
    /* of a group, and before a survivor: numbers of survivors + 1; 0: none */
    for (int64_t i = 0; i < n && kept < keep; i++) {
        int64_t j = last[c[i].group];
        while (j && !(box_iou(c[j - 1].b, c[i].b) > (real)overlap)) j = previous[j - 1];
        if (j) continue;
        previous[kept] = last[c[i].group], last[c[i].group] = kept + 1;
        c[kept++] = c[i];
    }
    free(last), free(previous);
    return kept;
}

/* The best of one level of an image at c[0..]; how many. logit, delta: of this image */
static int64_t level_best(const anchors *a, const proposal_rule *r, int level, given_rows logit, given_rows delta, box limit, candidate *c)
{
    const int64_t n = anchor_count(a, level), cells = a->cells;
    for (int64_t p = 0; p < n / cells; p++)
        for (int64_t k = 0; k < cells; k++) c[p * cells + k] = (candidate){ .score = logit.p[p * logit.stride + k], .group = level, .place = p * cells + k };
    const int64_t best = candidates_top(c, n, r->pre);
    int64_t left = 0;
    for (int64_t k = 0; k < best; k++) {
        const int64_t i = c[k].place;
        const real score = proposal_score(r, c[k].score);
        const box b = box_decode(anchor_at(a, level, i), delta.p + i / cells * delta.stride + 4 * (i % cells), (box_weights){ 1, 1, 1, 1 });
        if (!proposal_there(r, score, b, limit)) continue;
        /* levels in their order where scores are equal */
        c[left++] = (candidate){ score, level, level * r->pre + k, box_clip(b, limit.x2, limit.y2) };
    }
    return left;
}

/* One image into its rows; how many */
static int64_t propose(const anchors *a, const proposal_rule *r, const proposal_maps *m, int64_t image, candidate *space, const proposal_rows *o)
{
    const box limit = { 0, 0, (real)m->extent[2 * image + 1], (real)m->extent[2 * image] };
    int64_t n = 0;
    for (int l = 0; l < a->levels; l++) {
        const int64_t first = image * a->h[l] * a->w[l];
        const given_rows logit = { m->logit[l].p + first * m->logit[l].stride, m->logit[l].stride };
        const given_rows delta = { m->delta[l].p + first * m->delta[l].stride, m->delta[l].stride };
        n += level_best(a, r, l, logit, delta, limit, space + n);
    }
    const int64_t kept = candidates_suppress(space, n, r->overlap, r->post);
    for (int64_t k = 0; k < r->post; k++) {
        const int64_t row = image * r->post + k;
        const candidate c = k < kept ? space[k] : (candidate){ 0 };
        box_put(&o->box, row, c.b);
        o->score.p[row * o->score.stride] = c.score;
    }
    return kept;
}

void proposals_cpu(const context *c, anchors a, proposal_rule r, proposal_maps m, proposal_rows o, void *work)
{
    (void)c, (void)work;
    candidate *space = xalloc_n((size_t)anchor_first(&a, a.levels), sizeof *space);
    for (int64_t i = 0; i < m.images; i++) o.count[i] = (int32_t)propose(&a, &r, &m, i, space, &o);
    free(space);
}

/* Column k of the softmax of n logits */
static void softmax_of(int64_t n, const real *logit, real *p)
{
    real high = logit[0], sum = 0;
    for (int64_t k = 1; k < n; k++) if (logit[k] > high) high = logit[k];
    for (int64_t k = 0; k < n; k++) p[k] = (real)exp((double)(logit[k] - high)), sum += p[k];
    for (int64_t k = 0; k < n; k++) p[k] /= sum;
}

int64_t detections_make(detection_rule r, int64_t n, const box *b, const real *logits, const real *deltas, int64_t height, int64_t width,
                        candidate *space, box *boxes, real *scores, int32_t *labels)
{
    const int64_t objects = r.classes - 1, first = r.background_last ? 0 : 1, regressions = r.classes - r.background_last;
    real *p = xalloc_n((size_t)r.classes, sizeof *p);
    int64_t found = 0;
    for (int64_t i = 0; i < n; i++) {
        softmax_of(r.classes, logits + i * r.classes, p);
        for (int64_t k = first; k < first + objects; k++) {
            if (!(p[k] > (real)r.score)) continue;
            const box d = box_decode(b[i], deltas + (i * regressions + k) * 4, r.weights);
            if (!box_finite(d)) continue;
            const box clipped = box_clip(d, (real)width, (real)height);
            if (box_large(clipped, r.side, 0)) space[found++] = (candidate){ p[k], (int32_t)k, i * objects + k - first, clipped };
        }
    }
    free(p);
    const int64_t kept = candidates_suppress(space, found, r.overlap, r.keep);
    for (int64_t k = 0; k < kept; k++) boxes[k] = space[k].b, scores[k] = space[k].score, labels[k] = space[k].group;
    return kept;
}

int64_t detections_rescale(int clip, int64_t n, box *b, const int64_t from[2], const int64_t to[2], int32_t *place)
{
    const float y = (float)to[0] / (float)from[0], x = (float)to[1] / (float)from[1];
    int64_t left = 0;
    for (int64_t i = 0; i < n; i++) {
        box v = { b[i].x1 * x, b[i].y1 * y, b[i].x2 * x, b[i].y2 * y };
        if (clip) v = box_clip(v, (real)to[1], (real)to[0]);
        if (clip && !box_large(v, 0, 1)) continue;
        b[left] = v, place[left++] = (int32_t)i;
    }
    return left;
}
