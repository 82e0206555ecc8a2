/* detector.c - [rpn] [roi_align] [detections] [masks]: the two stages of Mask R-CNN (He et al. 2017). What they compute by is the [detector]
 * section; the ops are described in docs/detection.md.
 *
 * A list of boxes is the first output of its node and its count the next, so a layer that is given boxes finds the count beside them.
 * The trap: with net.training=1 the same sections build another middle: [rpn] puts out sampled regions, [detections] the positive ones among
 * them, and each of the three adds its losses to the net's; there is nothing to detect then. */
#include "nn/layer.h"
#include "nn/net.h"
#include "kernels/detect.h"
#include "base/die.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BOX = 4 };                        /* numbers of a box */

static detector *need(const place *p)
{
    if (!p->net->detector) die_at(p->at, "a detector's layer, but the file has no [detector] section after [net]");
    return p->net->detector;
}

/* The output of t's node that stands `by` places behind it */
static tensor *beside(const place *p, tensor *t, int by)
{
    const node *n = t->from;
    for (int i = 0; n && i + by < n->nout; i++) if (n->out[i] == t) return n->out[i + by];
    die_at(p->at, "%s is no list of boxes: wanted a layer [rpn] or [detections]", t->name);
}

static void add_term(const place *p, const char *name, tensor *loss)
{
    detector *d = p->net->detector;
    if (d->terms == sizeof d->term / sizeof *d->term) die_at(p->at, "a second section of this kind, or of [rpn], [detections] or [masks]: wanted one each");
    snprintf(loss->name, sizeof loss->name, "loss.%s", name);
    loss->keep = 1;
    d->term[d->terms++] = loss;
}

/* ---- [rpn] ---- */

typedef struct { int64_t filters, convs; } rpn_layer;
static const key rpn_keys[] = {
    { "filters", K_INT, offsetof(rpn_layer, filters), "256", "channels of its 3x3 convolutions", 1, 65536, 0 },
    { "convs",   K_INT, offsetof(rpn_layer, convs),   "1",   "3x3 convolutions before the two 1x1 of every level", 1, 8, 0 },
    { 0 }
};

/* The head on one level; levels behind the first share its parameters. */
static void rpn_level(const place *p, const rpn_layer *v, int level, tensor *x, tensor **objectness, tensor **deltas)
{
    const int64_t anchors = detector_anchors(&p->net->detector->conf);
    char *own = level ? xprintf("%s.%d", p->name, level) : xdup(p->name), suffix[32];
    place q = { p->g, p->net, own, p->at, level ? p->name : p->share };
    for (int64_t i = 0; i < v->convs; i++) {
        snprintf(suffix, sizeof suffix, i ? "conv%lld" : "conv", (long long)i + 1);
        x = layer_inner(&q, "convolutional", suffix, 1, &x, "filters=%lld size=3 padding=1 init=normal activation=relu", (long long)v->filters);
    }
    *objectness = layer_inner(&q, "convolutional", "objectness", 1, &x, "filters=%lld init=normal", (long long)anchors);
    *deltas = layer_inner(&q, "convolutional", "deltas", 1, &x, "filters=%lld init=normal", (long long)(BOX * anchors));
    free(own);
}

static char *list_text(const key_list *l)
{
    char *text = xdup("");
    for (int i = 0; i < l->n; i++) {
        char *more = xprintf("%s%s%.17g", text, i ? "," : "", l->v[i]);
        free(text);
        text = more;
    }
    return text;
}

/* The words by which an op knows the anchors; fresh */
static char *anchor_words(const place *p)
{
    const detector_conf *d = &p->net->detector->conf;
    const int grid = d->anchor_stride == ANCHOR_STRIDE_GRID;
    char *sizes = list_text(&d->anchor_sizes), *ratios = list_text(&d->anchor_ratios), *strides = list_text(&d->anchor_strides);
    char *text = xprintf("sizes=%s ratios=%s strides=%s round=%d height=%lld width=%lld", sizes, ratios, strides, d->anchor_round,
                         grid ? (long long)p->net->conf.height : 0, grid ? (long long)p->net->conf.width : 0);
    free(sizes), free(ratios), free(strides);
    return text;
}

static const char *sampler(const detector_conf *d) { return d->sampler == SAMPLE_FIRST ? "first" : "random"; }

/* Objectness and boxes of the anchors that were sampled, against their targets. */
static void rpn_losses(const place *p, int levels, tensor *const *objectness, tensor *const *deltas, const char *anchors)
{
    const detector *t = p->net->detector;
    const detector_conf *d = &t->conf;
    tensor *in[2 + DETECTOR_LEVELS] = { t->truth_boxes, t->truth_count };
    memcpy(in + 2, objectness, (size_t)levels * sizeof *in);
    tensor *index = layer_node(p, "anchor_targets", "targets", 2 + levels, in, "%s foreground=%.17g background=%.17g samples=%lld positive=%.17g sampler=%s mean=%d",
                               anchors, d->rpn_positive, d->rpn_negative, (long long)d->rpn_batch, d->rpn_share, sampler(d),
                               d->rpn_norm == RPN_NORM_SAMPLED);
    const node *n = index->from;
    tensor *rows[1 + DETECTOR_LEVELS] = { index };
    memcpy(rows + 1, objectness, (size_t)levels * sizeof *rows);
    tensor *x[3] = { layer_node(p, "level_rows", "sampled_objectness", 1 + levels, rows, "width=1"), n->out[1], n->out[2] };
    add_term(p, "objectness", layer_node(p, "element_loss", "objectness_loss", 3, x, "type=bce norm=sum"));
    memcpy(rows + 1, deltas, (size_t)levels * sizeof *rows);
    tensor *y[3] = { layer_node(p, "level_rows", "sampled_deltas", 1 + levels, rows, "width=%d", BOX), n->out[3], n->out[4] };
    add_term(p, "rpn_box", layer_node(p, "element_loss", "delta_loss", 3, y, "type=smooth_l1 norm=sum beta=%.17g", d->rpn_beta));
}

static tensor *sample_regions(const place *p, tensor *boxes)
{
    const detector *t = p->net->detector;
    const detector_conf *d = &t->conf;
    char *weights = list_text(&d->box_weights);
    tensor *in[5] = { boxes, beside(p, boxes, 1), t->truth_boxes, t->truth_count, t->truth_class };
    boxes = layer_node(p, "roi_targets", NULL, 5, in, "foreground=%.17g background=%.17g samples=%lld positive=%.17g sampler=%s weights=%s append=%d background_class=%lld",
                       d->roi_positive, d->roi_negative, (long long)d->roi_batch, d->roi_share, sampler(d), weights, d->append_truth,
                       d->background == BACKGROUND_LAST ? (long long)p->net->conf.classes - 1 : 0);
    free(weights);
    return boxes;
}

static tensor *rpn_build(const place *p, const void *values, tensor **from, int nfrom)
{
    const detector_conf *d = &need(p)->conf;
    const int training = p->net->conf.training;
    if (nfrom != d->anchor_sizes.n) die_at(p->at, "got %d maps, wanted %d: detector.anchor_sizes has one size a map", nfrom, d->anchor_sizes.n);
    tensor *in[1 + 2 * DETECTOR_LEVELS] = { p->net->detector->extent }, **objectness = in + 1, **deltas = in + 1 + nfrom;
    for (int i = 0; i < nfrom; i++) rpn_level(p, values, i, from[i], &objectness[i], &deltas[i]);
    char *anchors = anchor_words(p);
    tensor *boxes = layer_node(p, "proposals", training ? "proposals" : NULL, 1 + 2 * nfrom, in, "%s pre=%lld post=%lld overlap=%.17g side=%.17g strict=%d sigmoid=%d",
                               anchors, (long long)(training ? d->rpn_before_train : d->rpn_before),
                               (long long)(training ? d->rpn_after_train : d->rpn_after), d->rpn_nms, d->rpn_small, !(d->rpn_small > 0),
                               d->rpn_score == RPN_SCORE_SIGMOID);
    if (training) {
        rpn_losses(p, nfrom, objectness, deltas, anchors);
        boxes = sample_regions(p, boxes);
    }
    free(anchors);
    return boxes;
}

/* ---- [roi_align] ---- */

typedef struct { int64_t size; } roi_align_layer;
static const key roi_align_keys[] = {
    { "size", K_INT, offsetof(roi_align_layer, size), "7", "rows and columns that come out for each box", 1, 512, 0 },
    { 0 }
};

static tensor *roi_align_build(const place *p, const void *values, tensor **from, int nfrom)
{
    const detector_conf *d = &need(p)->conf;
    const int64_t size = ((const roi_align_layer *)values)->size;
    tensor *in[MAX_IN] = { from[0], beside(p, from[0], 1) };
    memcpy(in + 2, from + 1, (size_t)(nfrom - 1) * sizeof *in);
    if (nfrom - 1 > d->anchor_strides.n) die_at(p->at, "got %d maps, wanted at most %d: detector.anchor_strides has one a map", nfrom - 1, d->anchor_strides.n);
    key_list of_maps = d->anchor_strides;
    of_maps.n = nfrom - 1;
    char *strides = list_text(&of_maps);
    tensor *t = layer_node(p, "roi_align", NULL, nfrom + 1, in, "height=%lld width=%lld sampling=%lld aligned=%d level_inside=%d level_add=%s strides=%s",
                           (long long)size, (long long)size, (long long)d->roi_samples, d->roi_aligned, d->level_eps == LEVEL_INSIDE,
                           d->level_eps == LEVEL_INSIDE ? "1e-8" : "1e-6", strides);
    free(strides);
    return t;
}

/* ---- [detections] ---- */

static const key no_keys[] = { { 0 } };

/* Columns of boxes and masks: the background has one where it stands first, which nothing uses. */
static int64_t regressions(const place *p) { return p->net->conf.classes - (p->net->detector->conf.background == BACKGROUND_LAST); }

/* The boxes that masks lie in: these, with detector.mask_margin. */
static tensor *mask_frames(const place *p, tensor *boxes, tensor *count, tensor *class)
{
    const double share = p->net->detector->conf.mask_margin;
    return share > 0 ? layer_node(p, "widen_boxes", "frames", 3, (tensor *[]){ boxes, count, class }, "share=%.17g", share) : boxes;
}

static tensor *box_losses(const place *p, tensor *logits, tensor *deltas, tensor *regions)
{
    const detector *t = p->net->detector;
    const node *n = regions->from;
    if (!n || strcmp(n->op->name, "roi_targets")) die_at(p->at, "%s is not what [rpn] puts out: wanted from=FEATURES,RPN", regions->name);
    tensor *a[2] = { logits, n->out[2] }, *b[2] = { deltas, n->out[3] };
    add_term(p, "class", layer_node(p, "cross_entropy", "class_loss", 2, a, "ignore=255"));
    tensor *c[3] = { layer_node(p, "pick", "own_deltas", 2, b, "width=%d", BOX), n->out[4], n->out[5] };
    add_term(p, "box", layer_node(p, "element_loss", "box_loss", 3, c, "type=smooth_l1 norm=sum beta=%.17g", t->conf.roi_beta));
    const int64_t positives = (int64_t)fmax(1, floor((double)t->conf.roi_batch * t->conf.roi_share));
    tensor *m[4] = { mask_frames(p, regions, n->out[1], n->out[3]), n->out[3], n->out[6], t->truth_masks };
    return layer_node(p, "mask_targets", "targets", 4, m, "size=%lld positives=%lld aligned=%d hard=%d", (long long)t->conf.mask_size, (long long)positives,
                      t->conf.mask_target == MASK_TARGET_HARD, t->conf.mask_target == MASK_TARGET_HARD)->from->out[2];
}

static tensor *detections_build(const place *p, const void *values, tensor **from, int nfrom)
{
    (void)values, (void)nfrom;
    detector *t = need(p);
    const detector_conf *d = &t->conf;
    const int last = d->background == BACKGROUND_LAST;
    tensor *logits = layer_inner(p, "connected", "classes", 1, from, "output=%lld%s", (long long)p->net->conf.classes, last ? " init=normal" : "");
    tensor *deltas = layer_inner(p, "connected", "boxes", 1, from, "output=%lld%s", (long long)(BOX * regressions(p)),
                                 last ? " init=normal init_deviation=0.001" : "");
    if (p->net->conf.training) return box_losses(p, logits, deltas, from[1]);
    char *weights = list_text(&d->box_weights);
    tensor *in[5] = { logits, deltas, from[1], beside(p, from[1], 1), t->extent };
    t->boxes = layer_node(p, "detections", NULL, 5, in, "keep=%lld score=%.17g overlap=%.17g side=%.17g weights=%s background_last=%d", (long long)d->detections,
                          d->score, d->nms, d->small, weights, last);
    t->count = t->boxes->from->out[1], t->scores = t->boxes->from->out[2], t->label = t->boxes->from->out[3];
    free(weights);
    return mask_frames(p, t->boxes, t->count, t->label);
}

/* ---- [masks] ---- */

/* Doubled by transposed convolutions, NAME.up1 and so on, until it has this size */
static tensor *larger(const place *p, tensor *x, int64_t size)
{
    char suffix[16];
    const int64_t was = x->s.d[1];
    for (int i = 1; x->s.d[1] < size; i++) {
        snprintf(suffix, sizeof suffix, "up%d", i);
        x = layer_inner(p, "deconvolutional", suffix, 1, &x, "filters=%lld size=2 stride=2 init=he_out activation=relu", (long long)tensor_channels(x));
    }
    if (x->s.d[1] != size || x->s.d[2] != size)
        die_at(p->at, "got maps of %lld x %lld, wanted detector.mask_size, %lld, or that divided by 2, 4, ...", (long long)was, (long long)was, (long long)size);
    return x;
}

static tensor *masks_build(const place *p, const void *values, tensor **from, int nfrom)
{
    (void)values, (void)nfrom;
    const detector_conf *d = &need(p)->conf;
    from[0] = larger(p, from[0], d->mask_size);
    const char *start = d->background == BACKGROUND_LAST ? "init=normal init_deviation=0.001" : "init=he_out";
    tensor *in[2] = { layer_inner(p, "convolutional", "logits", 1, from, "filters=%lld %s", (long long)regressions(p), start) };
    const node *boxes = beside(p, from[1], 1)->from;
    in[1] = boxes->out[boxes->nout - 1];                         /* the class, of detections and of mask_targets alike */
    tensor *own = layer_node(p, "pick", p->net->conf.training ? "own" : "own_logits", 2, in, "width=1");
    if (!p->net->conf.training) return layer_node(p, "activation", NULL, 1, &own, "activation=logistic");
    tensor *x[3] = { own, boxes->out[0], boxes->out[1] };
    add_term(p, "mask", layer_node(p, "element_loss", "loss", 3, x, "type=bce norm=sum"));
    return own;
}

const layer layer_rpn = {
    "rpn", "region proposal network: boxes that may hold an instance (Ren et al. 2015)", rpn_keys, sizeof(rpn_layer), 1, DETECTOR_LEVELS, rpn_build
};
const layer layer_roi_align = {
    "roi_align", "what lies in each box of the first input, from the pyramid level of its size (He et al. 2017)", roi_align_keys,
    sizeof(roi_align_layer), 2, 1 + DETECTOR_LEVELS, roi_align_build
};
const layer layer_detections = {
    "detections", "class and box of each region from its features (first input), and the best of them", no_keys, 1, 2, 2, detections_build
};
const layer layer_masks = {
    "masks", "the mask of each detection (second input) from its features: the map of its class", no_keys, 1, 2, 2, masks_build
};
