/* detect.h - what a detector of the R-CNN family chooses between its networks: matches, samples, proposals, detections, masks. The ops around
 * it are nn/ops/detect.c and detect_targets.c. What a training step needs is a kernel on both devices; detections, which a host
 * looks at anyway, are plain functions on host arrays.
 *
 * A list of boxes has a fixed capacity and a count; what stands behind the count is zero and means nothing. Orders are strict: larger
 * score first, then the lower place, so that no result depends on threads, devices or a sort's ways. torchvision and Detectron2 share
 * the network and differ in nearly every number; whatever they differ in is an argument here.
 * The trap: the order of an image's samples. Positives come first, each kind in the order of its places. */
#ifndef KERNELS_DETECT_H
#define KERNELS_DETECT_H
#include "base/rng.h"
#include "kernels/box.h"
#include "kernels/roi_align.h"

/* Rows of a map of rows: row i at p + i * stride */
typedef struct { real *p; int64_t stride; } real_rows;
typedef struct { const real *p; int64_t stride; } given_rows;
static inline DEVICE void box_put(const real_rows *to, int64_t row, box b)
{
    real *p = to->p + row * to->stride;
    p[0] = b.x1, p[1] = b.y1, p[2] = b.x2, p[3] = b.y2;
}
static inline DEVICE void delta_put(const real_rows *to, int64_t row, const real v[4])
{
    for (int k = 0; k < 4; k++) to->p[row * to->stride + k] = v[k];
}
/* Boxes of images, at most `most` of each, and how many there are */
typedef struct { int64_t images, most; given_rows box; const int32_t *count; } box_lists;
static inline DEVICE int64_t boxes_in(const box_lists *l, int64_t image)
{
    const int32_t n = l->count[image];
    return n < 0 ? 0 : n < l->most ? n : l->most;
}
static inline DEVICE box box_in(const box_lists *l, int64_t image, int64_t i)
{
    const real *p = l->box.p + (image * l->most + i) * l->box.stride;
    const box b = { p[0], p[1], p[2], p[3] };
    return b;
}

/* ---- matches and samples; detect_match.c ---- */
enum { MATCH_NONE = -1, MATCH_IGNORE = -2 };
/* match: [n] for each box the truth of highest IoU (the first of equals), MATCH_NONE where that is below `low`, MATCH_IGNORE between
 * low and high. keep_best: a box that is the best, or as good, for some truth keeps its own best truth whatever the IoU.
 * best: [truths] scratch, used with keep_best. No truths: all MATCH_NONE. */
void match_boxes(int64_t n, const box *b, int64_t truths, const box *truth, double low, double high, int keep_best, int32_t *match,
                 real *best);

typedef enum { SAMPLE_RANDOM, SAMPLE_FIRST } sample_mode;
#define SAMPLE_WORDS "random|first"
typedef struct { int64_t size; double positive; sample_mode mode; } sample_rule;    /* positive: the largest share of positives */
typedef struct { uint64_t seed; uint32_t purpose, step, image; } sample_key;
/* Of an image of the context's batch; step, micro: the context's, or those of live_numbers */
static inline DEVICE sample_key sample_key_of(uint64_t seed, uint32_t purpose, uint32_t step, uint32_t micro, int64_t image)
{
    const sample_key k = { seed, purpose, step, (uint32_t)image + micro * 0x9E3779B9u };
    return k;
}
/* 24 bits, which a float holds */
static inline DEVICE uint32_t sample_number(const sample_key *k, int64_t place)
{
    return rng_draw(k->seed, k->purpose, k->step, k->image, (uint64_t)place).v[0] >> 8;
}
typedef struct { int64_t positives, all; } sample_count;
static inline DEVICE int64_t sample_most(const sample_rule *r) { return (int64_t)floor((double)r->size * r->positive); }   /* positives */
/* place: [size] the places of the sample, positives first; behind them -1. Of match[i] >= 0 at most floor(size x positive), of
 * MATCH_NONE as many as then fit: the first, or those of the smallest random numbers, 24 bits that key and place decide. */
sample_count sample_boxes(int64_t n, const int32_t *match, sample_rule r, sample_key k, int32_t *place);

/* What a detector learns from. A box is positive from `foreground` on, negative below `background`. A truth that is no box with a height and
 * a width, or of the background's class, is refused by nn/ops on the CPU; on a GPU the weights are NaN then, and so is the loss. */
typedef struct { sample_rule sample; double foreground, background; } target_rule;
static inline DEVICE int truth_bad(box b) { return !box_finite(b) || !box_large(b, 0, 1); }

/* Of each image sample.size anchors: the place of each (-1: none), whether it is positive, how its truth lies from it; weights hold the
 * losses' normaliser: 1 / anchors there are (mean), or 1 / (size x images). */
typedef struct { int32_t *index; real_rows label, weight, delta, delta_weight; } anchor_rows;
KERNEL(anchor_targets, anchors a, box_lists truth, target_rule r, int mean, anchor_rows o, void *work);

/* Of each image sample.size proposals (append: or truths), in the same way. classes: [images most] of the truths. Rows that are not positive
 * have class and match -1, rows that are none the label NO_LABEL. */
enum { NO_LABEL = 255 };
typedef struct { target_rule target; box_weights weights; int append; int32_t background_class; } region_rule;
static inline DEVICE int class_bad(const region_rule *r, int32_t class_) { return class_ < 0 || class_ >= NO_LABEL || class_ == r->background_class; }
typedef struct { real_rows box; int32_t *count, *class_, *match; uint8_t *label; int64_t label_stride; real_rows delta, weight; } region_rows;
KERNEL(roi_targets, box_lists proposals, box_lists truth, const int32_t *classes, region_rule r, region_rows o, void *work);

/* The masks of the first `most` positive rows of each image, from truth masks [images most h w] of 0 and other, by RoIAlign with scale 1 and
 * adaptive sampling; hard: then 0 or 1, from a half on. rows: of roi_targets (the count is not read). */
typedef struct { int64_t size, most; int aligned, hard; } mask_rule;
typedef struct { const uint8_t *p; int64_t stride, most, h, w; } truth_masks;    /* stride: from one row of a mask to the next */
typedef struct { real *target; int64_t stride; real_rows weight, box; int32_t *count, *class_; } mask_rows;  /* stride: of a target's pixels */
KERNEL(mask_targets, box_lists rows, const int32_t *class_, const int32_t *match, truth_masks m, mask_rule r, mask_rows o, void *work);

/* Bytes of scratch that the CUDA kernels take; those of the CPU take their own memory while they run. */
KERNEL_C size_t anchor_targets_work(int64_t images, anchors a, int64_t truths);
KERNEL_C size_t roi_targets_work(int64_t images, int64_t proposals, int64_t truths, int64_t size);
KERNEL_C size_t mask_targets_work(int64_t images, int64_t most);
KERNEL_C size_t proposals_work(anchors a, int64_t pre);

/* Every side `share` of the width or height further out; counts and classes [images most] as they are */
typedef struct { real_rows box; int32_t *count, *class_; } wide_rows;
KERNEL(widen_boxes, box_lists from, const int32_t *class_, double share, wide_rows o);

/* ---- suppression, proposals, detections; detect_select.c ---- */
/* One that may be chosen; `group`: boxes of different groups do not suppress each other. place: the order among equal scores */
typedef struct { real score; int32_t group; int64_t place; box b; } candidate;
/* The first k of n by score, at c[0..], in order; how many */
int64_t candidates_top(candidate *c, int64_t n, int64_t k);
/* Greedy suppression of whatever overlaps a better one of its group with IoU > overlap; the first `keep` survivors at c[0..], by score */
int64_t candidates_suppress(candidate *c, int64_t n, double overlap, int64_t keep);

typedef struct {
    int64_t pre, post;                   /* of a level before, of an image after suppression */
    double overlap, side;                /* IoU; pixels */
    int strict;                          /* both sides within the image are more than `side`; 0: at least */
    int sigmoid;                         /* scores are the logistic of the logits, which can make ties; 0: the logits */
} proposal_rule;
/* logit[l]: [images h w cells], delta[l]: [images h w 4 cells], each with a pixel's stride; extent: [images 2] height and width without padding */
typedef struct { int64_t images; given_rows logit[DETECT_LEVELS], delta[DETECT_LEVELS]; const int32_t *extent; } proposal_maps;
typedef struct { real_rows box, score; int32_t *count; } proposal_rows;       /* [images post] */
static inline DEVICE real proposal_score(const proposal_rule *r, real logit) { return r->sigmoid ? 1 / (1 + (real)exp((double)-logit)) : logit; }
/* Whether a decoded box takes part: what is not finite is left out, as is what is too small within the image, 0 0 width height */
static inline DEVICE int proposal_there(const proposal_rule *r, real score, box b, box limit)
{
    return isfinite(score) && box_finite(b) && box_large(box_clip(b, limit.x2, limit.y2), r->side, r->strict);
}
KERNEL(proposals, anchors a, proposal_rule r, proposal_maps m, proposal_rows o, void *work);

typedef struct {
    int64_t classes;                     /* columns of the logits, the background among them */
    int background_last;
    box_weights weights;
    double score, overlap, side;         /* score > this; IoU; both sides at least */
    int64_t keep;
} detection_rule;
/* One image: n proposals b, logits [n classes], deltas [n regressions 4], regressions = classes, or classes - 1 where the background is
 * last. space: n x (classes - 1) candidates. boxes, scores, labels (columns of the logits): [keep]; the count. */
int64_t detections_make(detection_rule r, int64_t n, const box *b, const real *logits, const real *deltas, int64_t height, int64_t width,
                        candidate *space, box *boxes, real *scores, int32_t *labels);
/* Boxes of a resized film as boxes of the film: times to / from per axis, in float32. clip: to the film, and without those that are empty
 * then (Detectron2). place: [n] which one each was; the count. */
int64_t detections_rescale(int clip, int64_t n, box *b, const int64_t from[2], const int64_t to[2], int32_t *place);

/* ---- masks; detect_mask.c ---- */
/* The sum of a row of a mask by the weights of one bin of an axis */
static inline DEVICE real mask_row_sum(const roi_axis *a, int64_t bin, const uint8_t *row, int64_t w)
{
    real sum = 0;
    roi_sample s;
    for (int64_t i = 0; i < a->n; i++)
        if (roi_sample_of(a, bin, i, w, &s)) sum += s.at_low * (real)(row[s.low] != 0) + s.at_high * (real)(row[s.high] != 0);
    return sum;
}
static inline DEVICE roi mask_roi(box b, int64_t size, int aligned)
{
    const real edges[4] = { b.x1, b.y1, b.x2, b.y2 };
    roi_rule r = { 0, size, size, 0, aligned, { 0 }, 0, 0, 0 };
    r.scale[0] = 1;
    return roi_of(&r, 1, edges, 1);
}
/* Element (row, column) of a target: m[h w], rows `stride` apart, in the frame of a box (mask_roi); hard: 0 or 1, from a half on */
static inline DEVICE real mask_target_at(const uint8_t *m, int64_t stride, int64_t h, int64_t w, const roi *o, int64_t row, int64_t column, int hard)
{
    real sum = 0;
    roi_sample s;
    for (int64_t i = 0; i < o->y.n; i++)
        if (roi_sample_of(&o->y, row, i, h, &s))
            sum += s.at_low * mask_row_sum(&o->x, column, m + s.low * stride, w) + s.at_high * mask_row_sum(&o->x, column, m + s.high * stride, w);
    return hard ? (real)(sum >= (real)0.5) : sum;
}
/* target: [size size] of a truth mask [h w] of 0 and other in box b */
void mask_target(const uint8_t *mask, int64_t stride, int64_t h, int64_t w, box b, const mask_rule *r, real *target);
/* The map of one detection, [size size] of probabilities, as it lies in a film h x w: out [h w]. grid: sampled at the centres of pixels
 * (Detectron2); 0: resized to whole pixels (torchvision) */
void mask_paste(int grid, int64_t size, const real *map, box b, int64_t h, int64_t w, real *out);
/* The part of the film that this can make other than 0, and the same for that part alone: out [h w] is left as it is elsewhere. */
typedef struct { int64_t y1, x1, y2, x2; } mask_patch;   /* rows y1 <= i < y2, columns x1 <= j < x2; y2 <= y1 or x2 <= x1: nothing */
mask_patch mask_patch_of(int grid, int64_t size, box b, int64_t h, int64_t w);
void mask_paste_patch(int grid, int64_t size, const real *map, box b, mask_patch p, int64_t w, real *out);
#endif
