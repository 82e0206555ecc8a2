/* detect.h - what a detector of the R-CNN family chooses between its networks: anchors, boxes, matches, samples, proposals, detections,
 * masks. Plain functions on dense host arrays; the ops around them (nn/ops/detect.c) bring the arrays here, from a GPU too.
 *
 * Boxes are x1 y1 x2 y2 in pixels of the padded input, areas without + 1. A list of boxes has a fixed capacity and a count; what stands
 * behind the count is zero and means nothing. Orders are strict: larger score first, then the lower place, so that no result depends
 * on threads or on a sort's ways. torchvision and Detectron2 share the network and differ in nearly every number; whatever they differ
 * in is an argument here.
 * The trap: the order of an image's samples. Positives come first, each kind in the order of its places. */
#ifndef KERNELS_DETECT_H
#define KERNELS_DETECT_H
#include "kernels/kernel.h"

enum { DETECT_LEVELS = 5, DETECT_CELLS = 32 };           /* most maps of a pyramid, most anchors of one place */

typedef struct { real x1, y1, x2, y2; } box;
typedef struct { double x, y, w, h; } box_weights;       /* deltas are multiplied by these: 1 1 1 1 and 10 10 5 5 */

/* ---- boxes; detect_box.c ---- */
static inline real box_width(box b) { return b.x2 - b.x1; }
static inline real box_height(box b) { return b.y2 - b.y1; }
static inline real box_area(box b) { return box_width(b) * box_height(b); }
real box_iou(box a, box b);                              /* 0 where both are empty */
box  box_clip(box b, real width, real height);           /* to [0, width] x [0, height] */
box  box_widened(box b, double share);                   /* every side moved outwards by this share of the width or height */
int  box_finite(box b);
int  box_large(box b, double side, int strict);          /* both sides >= side, or > side */
/* How `to` lies as seen from `from`: dx dy dw dh (Girshick et al. 2014), and back; dw, dh are held to log(1000 / 16) from above. */
void box_encode(box from, box to, box_weights w, real delta[4]);
box  box_decode(box from, const real delta[4], box_weights w);

/* ---- anchors; detect_box.c ---- */
typedef struct {
    int levels, ratios, scales;
    double size[DETECT_LEVELS], ratio[DETECT_CELLS], scale[DETECT_CELLS];    /* side of each level's; height / width; factors of the side */
    int round;                           /* half sides to whole numbers, half to even */
    int scales_last;                     /* of one place the anchors of one scale follow each other (1), or those of one ratio (0) */
    int64_t h[DETECT_LEVELS], w[DETECT_LEVELS];          /* of the maps */
    real step_h[DETECT_LEVELS], step_w[DETECT_LEVELS];   /* pixels of the input from one place to the next */
} anchor_grid;
int     anchor_cells(const anchor_grid *g);              /* anchors of one place: ratios x scales, at most DETECT_CELLS */
void    anchor_cell(const anchor_grid *g, int level, box cell[DETECT_CELLS]);       /* those of the place 0, 0 */
int64_t anchor_count(const anchor_grid *g, int level);   /* of a level; level = levels: of all */
box     anchor_at(const anchor_grid *g, int level, const box *cell, int64_t i);     /* i: row, column, cell */

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
typedef struct { int64_t positives, all; } sample_count;
/* place: [size] the places of the sample, positives first; behind them -1. Of match[i] >= 0 at most floor(size x positive), of
 * MATCH_NONE as many as then fit: the first, or those of the smallest random numbers, 24 bits that key and place decide. */
sample_count sample_boxes(int64_t n, const int32_t *match, sample_rule r, sample_key k, int32_t *place);

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
int64_t proposals_space(const anchor_grid *g);           /* candidates of scratch for one image */
/* One image. logit[l]: [h w cells], delta[l]: [h w cells 4] of its levels. height, width: of the image without padding.
 * boxes, scores: [post]; the count. What is not finite is left out. */
int64_t proposals_make(const anchor_grid *g, proposal_rule r, const real *const *logit, const real *const *delta, int64_t height,
                       int64_t width, candidate *space, box *boxes, real *scores);

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
/* target: [size size] of one truth mask [h w] of 0 and other (1) in box b: RoIAlign with scale 1 and adaptive sampling; hard: then 0 or 1,
 * from a half on */
void mask_target(const uint8_t *mask, int64_t h, int64_t w, box b, int64_t size, int aligned, int hard, real *target);
/* The map of one detection, [size size] of probabilities, as it lies in a film h x w: out [h w]. grid: sampled at the centres of pixels
 * (Detectron2); 0: resized to whole pixels (torchvision) */
void mask_paste(int grid, int64_t size, const real *map, box b, int64_t h, int64_t w, real *out);
/* The part of the film that this can make other than 0, and the same for that part alone: out [h w] is left as it is elsewhere. */
typedef struct { int64_t y1, x1, y2, x2; } mask_patch;   /* rows y1 <= i < y2, columns x1 <= j < x2; y2 <= y1 or x2 <= x1: nothing */
mask_patch mask_patch_of(int grid, int64_t size, box b, int64_t h, int64_t w);
void mask_paste_patch(int grid, int64_t size, const real *map, box b, mask_patch p, int64_t w, real *out);
#endif
