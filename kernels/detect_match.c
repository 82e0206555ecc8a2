/* detect_match.c - which truth a box belongs to, and which boxes a step learns from; see detect.h. The rule of matches is that of
 * Faster R-CNN (Ren et al. 2015) as both reference codes have it, quirk included: with keep_best every box as good as the best
 * one for some truth is kept, but for its own best truth, which may be another. */
#include "kernels/detect.h"
#include "base/die.h"
#include <stdlib.h>

/* The truth of highest IoU, the first of equals */
static int64_t best_truth(box b, int64_t truths, const box *truth, real *iou)
{
    int64_t at = 0;
    *iou = box_iou(b, truth[0]);
    for (int64_t t = 1; t < truths; t++) {
        const real v = box_iou(b, truth[t]);
        if (v > *iou) *iou = v, at = t;
    }
    return at;
}

static int is_best(box b, int64_t truths, const box *truth, const real *best)
{
    for (int64_t t = 0; t < truths; t++) if (box_iou(b, truth[t]) == best[t]) return 1;
    return 0;
}

void match_boxes(int64_t n, const box *b, int64_t truths, const box *truth, double low, double high, int keep_best, int32_t *match,
                 real *best)
{
    if (!truths) {
        for (int64_t i = 0; i < n; i++) match[i] = MATCH_NONE;
        return;
    }
    #pragma omp parallel for schedule(static) if (keep_best && truths * n > 1 << 14)
    for (int64_t t = 0; t < truths * keep_best; t++) {
        best[t] = 0;
        for (int64_t i = 0; i < n; i++) {
            const real v = box_iou(b[i], truth[t]);
            if (v > best[t]) best[t] = v;
        }
    }
    #pragma omp parallel for schedule(static) if (truths * n > 1 << 14)
    for (int64_t i = 0; i < n; i++) {
        real iou;
        const int64_t at = best_truth(b[i], truths, truth, &iou);
        const int kept = iou >= (real)high || (keep_best && is_best(b[i], truths, truth, best));
        match[i] = kept ? (int32_t)at : iou < (real)low ? MATCH_NONE : MATCH_IGNORE;
    }
}

static int by_place(const void *p, const void *q)
{
    const int32_t a = *(const int32_t *)p, b = *(const int32_t *)q;
    return (a > b) - (a < b);
}

/* `take` of the places whose match is of one kind, into place[], in their order. space: for all of them. The best are the smallest
 * numbers, or, where all are the same, the first. */
static void sample_kind(int64_t n, const int32_t *match, int positive, int64_t take, sample_mode mode, sample_key k, candidate *space,
                        int32_t *place)
{
    int64_t have = 0;
    for (int64_t i = 0; i < n; i++) {
        if (positive ? match[i] < 0 : match[i] != MATCH_NONE) continue;
        const uint32_t number = mode == SAMPLE_RANDOM ? sample_number(&k, i) : 0;
        space[have++] = (candidate){ .score = -(real)number, .place = i };
    }
    candidates_top(space, have, take);
    for (int64_t i = 0; i < take; i++) place[i] = (int32_t)space[i].place;
    qsort(place, (size_t)take, sizeof *place, by_place);
}

sample_count sample_boxes(int64_t n, const int32_t *match, sample_rule r, sample_key k, int32_t *place)
{
    int64_t positives = 0, negatives = 0;
    for (int64_t i = 0; i < n; i++) positives += match[i] >= 0, negatives += match[i] == MATCH_NONE;
    candidate *space = xalloc_n((size_t)(positives > negatives ? positives : negatives), sizeof *space);
    const int64_t most = sample_most(&r);
    if (positives > most) positives = most;
    if (negatives > r.size - positives) negatives = r.size - positives;
    sample_kind(n, match, 1, positives, r.mode, k, space, place);
    sample_kind(n, match, 0, negatives, r.mode, k, space, place + positives);
    for (int64_t i = positives + negatives; i < r.size; i++) place[i] = -1;
    free(space);
    return (sample_count){ positives, positives + negatives };
}
