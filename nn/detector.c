/* detector.c - the table of conventions; see detector.h. One row a key, with both defaults side by side: the table is written once and
 * expanded twice. */
#include "nn/detector.h"
#include "base/die.h"
#include "kernels/detect.h"
#include <string.h>

#define AT(field) offsetof(detector_conf, field)
#define FIRST(torchvision, detectron2)  torchvision
#define SECOND(torchvision, detectron2) detectron2

#define ROWS(D) { \
    { "convention", K_WORD, AT(convention), D("torchvision", "detectron2"), "whose defaults the other keys take", 0, 0, "torchvision|detectron2" }, \
    { "input", K_WORD, AT(input), D("fit", "fit"), "films come fitted to the network's height and width, as in training; or in prediction by" \
      " resize, resize_scale, min_size, max_size, multiple, which is how published weights were made", 0, 0, "fit|rule" }, \
    { "colours", K_WORD, AT(colours), D("rgb", "bgr"), "order of the input's channels (grey films: that of mean and std)", 0, 0, "rgb|bgr" }, \
    { "full_scale", K_REAL, AT(full_scale), D("1", "255"), "what white becomes before mean and std", 1e-6, 1e6, 0 }, \
    { "mean", K_LIST, AT(mean), D("0.485,0.456,0.406", "103.530,116.280,123.675"), "subtracted, one a channel", 0, 0, 0 }, \
    { "std", K_LIST, AT(std), D("0.229,0.224,0.225", "1,1,1"), "divided by, one a channel", 1e-12, 1e6, 0 }, \
    { "resize", K_WORD, AT(resize), D("tensor", "image"), \
      "what is resized: the normalised numbers, without antialiasing, or the bytes, antialiased, before", 0, 0, "tensor|image" }, \
    { "resize_scale", K_WORD, AT(resize_scale), D("float32", "round"), \
      "new size: the scale in float32 or in double, rounded down, or in double and rounded to the nearest", 0, 0, "float32|double|round" }, \
    { "min_size", K_INT, AT(min_size), D("800", "800"), "the shorter side becomes this long", 1, 16384, 0 }, \
    { "max_size", K_INT, AT(max_size), D("1333", "1333"), "unless the longer one would become longer than this", 1, 16384, 0 }, \
    { "multiple", K_INT, AT(multiple), D("32", "32"), "zeros below and to the right up to a multiple of this", 1, 1024, 0 }, \
    { "stride_in", K_WORD, AT(stride_in), D("3x3", "1x1"), "the convolution of a bottleneck that has its stride", 0, 0, "3x3|1x1" }, \
    { "norm_eps", K_REAL, AT(norm_eps), D("1e-5", "1e-5"), "batch norms of the backbone; 0 for torchvision's published COCO weights", 0, 1, 0 }, \
    { "anchor_sizes", K_LIST, AT(anchor_sizes), D("32,64,128,256,512", "32,64,128,256,512"), "one a level: side of a square anchor, pixels", 1, 16384, 0 }, \
    { "anchor_ratios", K_LIST, AT(anchor_ratios), D("0.5,1,2", "0.5,1,2"), "heights / widths, on every level", 0.01, 100, 0 }, \
    { "anchor_strides", K_LIST, AT(anchor_strides), D("4,8,16,32,64", "4,8,16,32,64"), "one a level: pixels from one anchor to the next", 1, 1024, 0 }, \
    { "anchor_round", K_BOOL, AT(anchor_round), D("1", "0"), "corners of anchors are whole numbers", 0, 0, 0 }, \
    { "anchor_stride", K_WORD, AT(anchor_stride), D("grid", "fixed"), "padded size / size of the level, rounded down, or anchor_strides", 0, 0, "grid|fixed" }, \
    { "rpn_before", K_INT, AT(rpn_before), D("1000", "1000"), "boxes of each level that go into the suppression", 1, 100000, 0 }, \
    { "rpn_before_train", K_INT, AT(rpn_before_train), D("2000", "2000"), "the same in training", 1, 100000, 0 }, \
    { "rpn_after", K_INT, AT(rpn_after), D("1000", "1000"), "boxes of an image that come out", 1, 100000, 0 }, \
    { "rpn_after_train", K_INT, AT(rpn_after_train), D("2000", "1000"), "the same in training", 1, 100000, 0 }, \
    { "rpn_nms", K_REAL, AT(rpn_nms), D("0.7", "0.7"), "IoU above which the lower score of a level goes", 0, 1, 0 }, \
    { "rpn_small", K_REAL, AT(rpn_small), D("1e-3", "0"), "boxes go whose sides are smaller (0: that have no area)", 0, 16384, 0 }, \
    { "rpn_score", K_WORD, AT(rpn_score), D("sigmoid", "logit"), "what boxes are sorted by", 0, 0, "sigmoid|logit" }, \
    { "rpn_positive", K_REAL, AT(rpn_positive), D("0.7", "0.7"), "IoU from which an anchor is an instance", 0, 1, 0 }, \
    { "rpn_negative", K_REAL, AT(rpn_negative), D("0.3", "0.3"), "IoU below which it is background", 0, 1, 0 }, \
    { "rpn_batch", K_INT, AT(rpn_batch), D("256", "256"), "anchors of an image that are sampled", 1, 100000, 0 }, \
    { "rpn_share", K_REAL, AT(rpn_share), D("0.5", "0.5"), "of them positive at most", 0, 1, 0 }, \
    { "rpn_norm", K_WORD, AT(rpn_norm), D("sampled", "capacity"), "both losses are divided by: the sampled anchors, or rpn_batch", 0, 0, "sampled|capacity" }, \
    { "rpn_beta", K_REAL, AT(rpn_beta), D("0.1111111111111111", "0"), "smooth L1 of boxes: where the parabola ends; 0: L1", 0, 1e6, 0 }, \
    { "sampler", K_WORD, AT(sampler), D("random", "random"), "which anchors and proposals are sampled; first: in their order, for comparisons", 0, 0, SAMPLE_WORDS }, \
    { "append_truth", K_BOOL, AT(append_truth), D("1", "1"), "the instances themselves are proposals, in training", 0, 0, 0 }, \
    { "roi_positive", K_REAL, AT(roi_positive), D("0.5", "0.5"), "IoU from which a proposal is an instance", 0, 1, 0 }, \
    { "roi_negative", K_REAL, AT(roi_negative), D("0.5", "0.5"), "IoU below which it is background", 0, 1, 0 }, \
    { "roi_batch", K_INT, AT(roi_batch), D("512", "512"), "proposals of an image that are sampled", 1, 100000, 0 }, \
    { "roi_share", K_REAL, AT(roi_share), D("0.25", "0.25"), "of them positive at most", 0, 1, 0 }, \
    { "roi_beta", K_REAL, AT(roi_beta), D("0.1111111111111111", "0"), "smooth L1 of boxes: where the parabola ends; 0: L1", 0, 1e6, 0 }, \
    { "box_weights", K_LIST, AT(box_weights), D("10,10,5,5", "10,10,5,5"), "of dx, dy, dw, dh in the box head's code", 1e-6, 1e6, 0 }, \
    { "level_eps", K_WORD, AT(level_eps), D("after", "inside"), "level of a box: 1e-6 after the logarithm, or 1e-8 inside it", 0, 0, "after|inside" }, \
    { "roi_samples", K_INT, AT(roi_samples), D("2", "0"), "points along a bin's side in ROIAlign; 0: as many as it has pixels", 0, 64, 0 }, \
    { "roi_aligned", K_BOOL, AT(roi_aligned), D("0", "1"), "ROIAlign moves boxes by half a pixel, and does not stretch small ones", 0, 0, 0 }, \
    { "mask_target", K_WORD, AT(mask_target), D("soft", "hard"), "targets of masks: as resampled, or 1 from a half on", 0, 0, "soft|hard" }, \
    { "mask_size", K_INT, AT(mask_size), D("28", "28"), "side of the maps that the mask head makes", 1, 512, 0 }, \
    { "mask_margin", K_REAL, AT(mask_margin), D("0", "0"), \
      "masks are learnt and looked for in boxes whose sides lie further out by this share of width or height: a box that is too small" \
      " cuts off no edge", 0, 1, 0 }, \
    { "background", K_WORD, AT(background), D("first", "last"), "its column; first: boxes and masks have one too, which is not used", 0, 0, "first|last" }, \
    { "score", K_REAL, AT(score), D("0.05", "0.05"), "detections must score higher", 0, 1, 0 }, \
    { "small", K_REAL, AT(small), D("1e-2", "0"), "detections go whose sides are smaller", 0, 16384, 0 }, \
    { "nms", K_REAL, AT(nms), D("0.5", "0.5"), "IoU above which the lower score of a class goes", 0, 1, 0 }, \
    { "detections", K_INT, AT(detections), D("100", "100"), "of an image, at most", 1, 4096, 0 }, \
    { "instances", K_INT, AT(instances), D("64", "64"), "room for the truth of an image, in training", 1, 254, 0 }, \
    { "paste", K_WORD, AT(paste), D("expanded", "sampled"), \
      "a mask onto the film: the map widened by a zero rim and resized to whole pixels, or sampled at every pixel's centre", 0, 0, "expanded|sampled" }, \
    { "mask_threshold", K_REAL, AT(mask_threshold), D("0.5", "0.5"), "probability from which a pixel is the instance's", 0, 1, 0 }, \
    { 0 } }

static const key torchvision[] = ROWS(FIRST), detectron2[] = ROWS(SECOND);

const key *detector_keys(int convention) { return convention == CONVENTION_DETECTRON2 ? detectron2 : torchvision; }

static void check(const cfg_section *s, const detector_conf *d)
{
    const int levels = d->anchor_sizes.n;
    if (levels < 1 || levels > DETECTOR_LEVELS) die_at(s->at, "detector.anchor_sizes: got %d, wanted 1 to %d", levels, DETECTOR_LEVELS);
    if (d->anchor_ratios.n < 1) die_at(s->at, "detector.anchor_ratios: got none, wanted at least one");
    if (d->anchor_stride == ANCHOR_STRIDE_FIXED && d->anchor_strides.n != levels)
        die_at(s->at, "detector.anchor_strides: got %d, wanted %d, one a level", d->anchor_strides.n, levels);
    if (d->mean.n != d->std.n || d->mean.n < 1) die_at(s->at, "detector.mean, std: got %d and %d numbers, wanted one a channel", d->mean.n, d->std.n);
    if (d->box_weights.n != 4) die_at(s->at, "detector.box_weights: got %d numbers, wanted 4", d->box_weights.n);
    if (d->rpn_negative > d->rpn_positive) die_at(s->at, "detector.rpn_negative: got %g, wanted at most rpn_positive, %g", d->rpn_negative, d->rpn_positive);
    if (d->roi_negative > d->roi_positive) die_at(s->at, "detector.roi_negative: got %g, wanted at most roi_positive, %g", d->roi_negative, d->roi_positive);
    if (d->max_size < d->min_size) die_at(s->at, "detector.max_size: got %lld, wanted at least min_size, %lld", (long long)d->max_size, (long long)d->min_size);
}

void detector_fill(cfg_section *s, detector_conf *d)
{
    static const key only[] = { { "convention", K_WORD, AT(convention), "torchvision", "", 0, 0, "torchvision|detectron2" }, { 0 } };
    memset(d, 0, sizeof *d);
    cfg_fill(s, only, d);
    const key *keys = detector_keys(d->convention);
    cfg_fill(s, keys, d);
    cfg_check_used(s, (const key *const[]){ keys }, 1);
    check(s, d);
}

int64_t detector_anchors(const detector_conf *d) { return d->anchor_ratios.n; }
