/* detector.h - the [detector] section: every convention in which implementations of Mask R-CNN differ, each a key of its own.
 *
 * The network graph of a detector is the same everywhere; its numbers are not, and weights trained under one set of conventions are
 * worth little under another. `convention=` gives all keys their defaults; a key that is given stands by itself. The section comes right
 * after [net], and makes the network one that finds instances rather than one that labels pixels.
 * Two conventions: torchvision's maskrcnn_resnet50_fpn (0.14), and Detectron2's mask_rcnn_R_50_FPN with its base configuration. */
#ifndef NN_DETECTOR_H
#define NN_DETECTOR_H
#include "nn/cfg.h"

enum { CONVENTION_TORCHVISION, CONVENTION_DETECTRON2 };
enum { INPUT_FIT, INPUT_RULE };                  /* films fill the network's input; or each gets the size that a rule gives it */
enum { COLOURS_RGB, COLOURS_BGR };
enum { RESIZE_TENSOR, RESIZE_IMAGE };            /* the normalised tensor, no antialiasing; the bytes, antialiased, before normalisation */
enum { SCALE_FLOAT32, SCALE_DOUBLE, SCALE_ROUND };
enum { STRIDE_IN_3X3, STRIDE_IN_1X1 };
enum { ANCHOR_STRIDE_GRID, ANCHOR_STRIDE_FIXED };
enum { RPN_NORM_SAMPLED, RPN_NORM_CAPACITY };
enum { RPN_SCORE_SIGMOID, RPN_SCORE_LOGIT };
enum { LEVEL_AFTER, LEVEL_INSIDE };
enum { MASK_TARGET_SOFT, MASK_TARGET_HARD };
enum { BACKGROUND_FIRST, BACKGROUND_LAST };
enum { PASTE_EXPANDED, PASTE_SAMPLED };

enum { DETECTOR_LEVELS = 8 };            /* most maps that anchors stand on */

typedef struct detector_conf {
    int convention;
    int input, colours, resize, resize_scale;
    int64_t min_size, max_size, multiple;
    double full_scale;                   /* what white is after scaling: 1 or 255 */
    key_list mean, std;
    int stride_in;
    double norm_eps;
    key_list anchor_sizes, anchor_ratios, anchor_strides;
    int anchor_round, anchor_stride;
    int64_t rpn_before, rpn_before_train, rpn_after, rpn_after_train;
    double rpn_nms, rpn_small;
    int rpn_score;
    double rpn_positive, rpn_negative, rpn_share, rpn_beta;
    int rpn_norm;
    int64_t rpn_batch;
    int append_truth, sampler;
    double roi_positive, roi_negative, roi_share, roi_beta;
    int64_t roi_batch;
    key_list box_weights;
    int level_eps, roi_aligned;
    int64_t roi_samples;
    int mask_target, background;
    int64_t mask_size;
    double score, small, nms;
    int64_t detections, instances;
    int paste;
    double mask_threshold, mask_margin;
} detector_conf;

/* The keys with the defaults of a convention: CONVENTION_... */
const key *detector_keys(int convention);
/* Fills from the section; dies with its place on anything unknown or that contradicts itself. */
void detector_fill(cfg_section *s, detector_conf *d);
int64_t detector_anchors(const detector_conf *d);        /* at each cell */
#endif
