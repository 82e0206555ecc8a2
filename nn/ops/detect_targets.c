/* detect_targets.c - what a detector learns from: samples of anchors, of regions, and masks, each with its targets. Made on the host
 * (host.h); rules in kernels/detect.h; shapes in docs/detection.md. Weights hold the losses' normalisers, so that losses are sums.
 * The trap: the capacity of a sample is not its size; rows that were not filled have index, class and match -1 and weight 0. */
#include "base/rng.h"
#include "kernels/detect.h"
#include "nn/ops/anchors.h"
#include "nn/ops/host.h"

enum { NO_LABEL = 255 };

typedef struct { double positive, foreground, background; int64_t samples; int sampler; } sampling_conf;
#define SAMPLING_KEYS(type, f, samples_, positive_, foreground_, background_) \
    { "samples", K_INT, offsetof(type, f.samples), samples_, "of an image", 1, 1 << 20, NULL }, \
    { "positive", K_REAL, offsetof(type, f.positive), positive_, "largest share of positives", 0, 1, NULL }, \
    { "foreground", K_REAL, offsetof(type, f.foreground), foreground_, "IoU with a truth from which on a box is positive", 0, 1, NULL }, \
    { "background", K_REAL, offsetof(type, f.background), background_, "IoU with all truths below which it is negative", 0, 1, NULL }, \
    { "sampler", K_WORD, offsetof(type, f.sampler), "random", "first: in the order of places, for tests", 0, 0, SAMPLE_WORDS }

static sample_rule rule_of(const sampling_conf *f) { return (sample_rule){ f->samples, f->positive, (sample_mode)f->sampler }; }
static sample_key key_of(const context *c, uint32_t purpose, int64_t image)
{
    return (sample_key){ c->seed, purpose, c->step, (uint32_t)image + c->micro * 0x9E3779B9u };
}

/* How many boxes of image i there are, each with a height and a width */
static int64_t truths_of(const node *n, const box *truth, int32_t count, int64_t capacity, int64_t i)
{
    const int64_t have = count < 0 ? 0 : count < capacity ? count : capacity;
    for (int64_t t = 0; t < have; t++)
        if (!box_finite(truth[t]) || !box_large(truth[t], 0, 1))
            die_at(n->at, "%s: box %lld of image %lld is %g %g %g %g, wanted x2 > x1 and y2 > y1", n->op->name, (long long)t, (long long)i,
                   (double)truth[t].x1, (double)truth[t].y1, (double)truth[t].x2, (double)truth[t].y2);
    return have;
}

/* in[i]: boxes of truth images,capacity,1,4; in[i + 1]: their count */
static void check_truth(const node *n, int i, int64_t images)
{
    check_map(n, i);
    check_shape(n, i, SHAPE4(images, n->in[i]->s.d[1], 1, 4), REAL_TYPE);
    check_shape(n, i + 1, SHAPE1(images), I32);
}

/* ---- anchor_targets: truth boxes, their count, objectness of all levels ---- */
typedef struct { anchor_conf anchors; sampling_conf sampling; int mean; } anchor_target_conf;
static const key anchor_target_keys[] = {
    ANCHOR_KEYS(anchor_target_conf, anchors),
    SAMPLING_KEYS(anchor_target_conf, sampling, "256", "0.5", "0.7", "0.3"),
    { "mean", K_BOOL, offsetof(anchor_target_conf, mean), "1", "weights are 1 / samples there are; 0: 1 / (samples x images)", 0, 0, NULL },
    { 0 }
};

static void anchor_targets_infer(node *n)
{
    const anchor_target_conf *f = n->conf;
    check_inputs(n, 3, 2 + DETECT_LEVELS);
    check_anchors(n, &f->anchors, 2, n->nin - 2);
    const int64_t images = n->in[2]->s.d[0], samples = f->sampling.samples;
    check_truth(n, 0, images);
    node_output(n, (shape){ 2, { images, samples } }, I32);
    for (int i = 1; i < 5; i++) node_output(n, SHAPE4(images, samples, 1, i == 3 ? 4 : 1), REAL_TYPE);
}

static box *anchors_all(const anchor_grid *g)
{
    box *all = xalloc_n((size_t)anchor_count(g, g->levels), sizeof *all), cell[DETECT_CELLS];
    int64_t at = 0;
    for (int l = 0; l < g->levels; l++) {
        const int64_t count = anchor_count(g, l);
        anchor_cell(g, l, cell);
        for (int64_t i = 0; i < count; i++) all[at++] = anchor_at(g, l, cell, i);
    }
    return all;
}

static void anchor_targets_forward(const context *c, const node *n)
{
    const anchor_target_conf *f = n->conf;
    const anchor_grid g = anchors_of(n, &f->anchors, 2, n->nin - 2);
    const int64_t images = n->in[0]->s.d[0], capacity = n->in[0]->s.d[1], samples = f->sampling.samples, all = anchor_count(&g, g.levels);
    const box *truths = host_in(c, n, 0);
    const int32_t *count = host_in(c, n, 1);
    int32_t *index = host_out(n, 0), *match = xalloc_n((size_t)all, sizeof *match);
    real *label = host_out(n, 1), *weight = host_out(n, 2), *delta = host_out(n, 3), *delta_weight = host_out(n, 4);
    real *best = xalloc_n((size_t)capacity, sizeof *best);
    box *anchors = anchors_all(&g);
    int64_t taken = 0;
    for (int64_t i = 0; i < images; i++) {
        const box *truth = truths + i * capacity;
        match_boxes(all, anchors, truths_of(n, truth, count[i], capacity, i), truth, f->sampling.background, f->sampling.foreground, 1,
                    match, best);
        const sample_count s = sample_boxes(all, match, rule_of(&f->sampling), key_of(c, RNG_ANCHORS, i), index + i * samples);
        for (int64_t k = i * samples; k < i * samples + s.positives; k++) {
            label[k] = 1;
            box_encode(anchors[index[k]], truth[match[index[k]]], (box_weights){ 1, 1, 1, 1 }, delta + 4 * k);
        }
        taken += s.all;
    }
    const real each = (real)1 / (real)(f->mean ? taken > 0 ? taken : 1 : samples * images);
    for (int64_t k = 0; k < images * samples; k++) weight[k] = index[k] >= 0 ? each : 0, delta_weight[k] = label[k] > 0 ? each : 0;
    free(match), free(best), free(anchors);
    host_done(c, n);
}

/* ---- roi_targets: proposals, their count, truth boxes, their count, their classes ---- */
typedef struct { sampling_conf sampling; key_list weights; int append; int64_t background_class; } roi_target_conf;
static const key roi_target_keys[] = {
    SAMPLING_KEYS(roi_target_conf, sampling, "512", "0.25", "0.5", "0.5"),
    { "weights", K_LIST, offsetof(roi_target_conf, weights), "10,10,5,5", "deltas are multiplied by: x, y, width, height", 1e-6, 1e6,
      NULL },
    { "append", K_BOOL, offsetof(roi_target_conf, append), "1", "the truth is among the proposals", 0, 0, NULL },
    { "background_class", K_INT, offsetof(roi_target_conf, background_class), "0", "the column of the background", 0, NO_LABEL - 1, NULL },
    { 0 }
};

static void roi_targets_infer(node *n)
{
    const roi_target_conf *f = n->conf;
    check_inputs(n, 5, 5);
    check_map(n, 0);
    const int64_t images = n->in[0]->s.d[0], samples = f->sampling.samples, rows = images * samples;
    check_truth(n, 0, images), check_truth(n, 2, images);
    check_shape(n, 4, (shape){ 2, { images, n->in[2]->s.d[1] } }, I32);
    if (f->weights.n != 4) die_at(n->at, "roi_targets: weights: got %d, wanted 4", f->weights.n);
    node_output(n, SHAPE4(images, samples, 1, 4), REAL_TYPE);
    node_output(n, SHAPE1(images), I32);
    node_output(n, SHAPE4(rows, 1, 1, 1), U8);
    node_output(n, SHAPE1(rows), I32);
    node_output(n, SHAPE4(rows, 1, 1, 4), REAL_TYPE);
    node_output(n, SHAPE4(rows, 1, 1, 1), REAL_TYPE);
    node_output(n, (shape){ 2, { images, samples } }, I32);
}

typedef struct { box *boxes; int32_t *count, *class_, *match; uint8_t *label; real *delta, *weight; } roi_rows;

/* Row k: box b, of truth t or of none */
static void roi_row(const node *n, const roi_rows *o, int64_t k, box b, int32_t t, const box *truth, const int32_t *classes)
{
    const roi_target_conf *f = n->conf;
    const double *w = f->weights.v;
    o->boxes[k] = b;
    o->label[k] = (uint8_t)f->background_class;
    if (t < 0) return;
    if (classes[t] < 0 || classes[t] >= NO_LABEL || classes[t] == f->background_class)
        die_at(n->at, "roi_targets: a truth has class %d, wanted 0 to %d but not %lld, the background", classes[t], NO_LABEL - 1,
               (long long)f->background_class);
    o->label[k] = (uint8_t)classes[t], o->class_[k] = classes[t], o->match[k] = t;
    box_encode(b, truth[t], (box_weights){ w[0], w[1], w[2], w[3] }, o->delta + 4 * k);
}

static void roi_targets_forward(const context *c, const node *n)
{
    const roi_target_conf *f = n->conf;
    const int64_t images = n->in[0]->s.d[0], given = n->in[0]->s.d[1], capacity = n->in[2]->s.d[1], samples = f->sampling.samples;
    const box *proposals = host_in(c, n, 0), *truths = host_in(c, n, 2);
    const int32_t *count = host_in(c, n, 1), *truth_count = host_in(c, n, 3), *classes = host_in(c, n, 4);
    const roi_rows o = { host_out(n, 0), host_out(n, 1), host_out(n, 3), host_out(n, 6), host_out(n, 2), host_out(n, 4), host_out(n, 5) };
    box *all = xalloc_n((size_t)(given + capacity), sizeof *all);
    int32_t *match = xalloc_n((size_t)(given + capacity), sizeof *match), *place = xalloc_n((size_t)samples, sizeof *place);
    int64_t taken = 0;
    for (int64_t k = 0; k < images * samples; k++) o.label[k] = NO_LABEL, o.class_[k] = o.match[k] = -1;
    for (int64_t i = 0; i < images; i++) {
        const box *truth = truths + i * capacity;
        const int64_t have = truths_of(n, truth, truth_count[i], capacity, i);
        const int64_t first = count[i] < 0 ? 0 : count[i] < given ? count[i] : given;
        const int64_t candidates = first + (f->append ? have : 0);
        memcpy(all, proposals + i * given, (size_t)first * sizeof *all);
        memcpy(all + first, truth, (size_t)(candidates - first) * sizeof *all);
        match_boxes(candidates, all, have, truth, f->sampling.background, f->sampling.foreground, 0, match, NULL);
        const sample_count s = sample_boxes(candidates, match, rule_of(&f->sampling), key_of(c, RNG_REGIONS, i), place);
        for (int64_t k = 0; k < s.all; k++)
            roi_row(n, &o, i * samples + k, all[place[k]], k < s.positives ? match[place[k]] : -1, truth, classes + i * capacity);
        o.count[i] = (int32_t)s.all, taken += s.all;
    }
    for (int64_t k = 0; k < images * samples; k++) o.weight[k] = o.class_[k] >= 0 ? (real)1 / (real)taken : 0;
    free(all), free(match), free(place);
    host_done(c, n);
}

/* ---- mask_targets: boxes, class and match of roi_targets, truth masks ---- */
typedef struct { int64_t size, positives; int aligned, hard; } mask_target_conf;
static const key mask_target_keys[] = {
    { "size", K_INT, offsetof(mask_target_conf, size), "28", "rows and columns of a target", 1, 1024, NULL },
    { "positives", K_INT, offsetof(mask_target_conf, positives), "128", "of an image at most", 1, 1 << 20, NULL },
    { "aligned", K_BOOL, offsetof(mask_target_conf, aligned), "0", "as of roi_align", 0, 0, NULL },
    { "hard", K_BOOL, offsetof(mask_target_conf, hard), "0",
      "1 where half of the place or more is covered, else 0; 0: the share that is", 0, 0, NULL },
    { 0 }
};

static void mask_targets_infer(node *n)
{
    const mask_target_conf *f = n->conf;
    check_inputs(n, 4, 4);
    check_map(n, 0);
    const int64_t images = n->in[0]->s.d[0], rows = n->in[0]->s.d[1], all = images * f->positives;
    check_shape(n, 0, SHAPE4(images, rows, 1, 4), REAL_TYPE);
    check_shape(n, 1, SHAPE1(images * rows), I32);
    check_shape(n, 2, (shape){ 2, { images, rows } }, I32);
    shape masks = n->in[3]->s;
    masks.nd = 4, masks.d[0] = images;
    check_shape(n, 3, masks, U8);
    node_output(n, SHAPE4(all, f->size, f->size, 1), REAL_TYPE);
    node_output(n, SHAPE4(all, 1, 1, 1), REAL_TYPE);
    node_output(n, SHAPE4(images, f->positives, 1, 4), REAL_TYPE);
    node_output(n, SHAPE1(images), I32);
    node_output(n, SHAPE1(all), I32);
}

static void mask_targets_forward(const context *c, const node *n)
{
    const mask_target_conf *f = n->conf;
    const int64_t images = n->in[0]->s.d[0], rows = n->in[0]->s.d[1], *d = n->in[3]->s.d;
    const int64_t all = images * f->positives, pixels = f->size * f->size;
    const box *from = host_in(c, n, 0);
    const int32_t *class_ = host_in(c, n, 1), *match = host_in(c, n, 2);
    const uint8_t *masks = host_in(c, n, 3);
    real *target = host_out(n, 0), *weight = host_out(n, 1);
    box *boxes = host_out(n, 2);
    int32_t *count = host_out(n, 3), *label = host_out(n, 4), *source = xalloc_n((size_t)all, sizeof *source);
    int64_t taken = 0;
    for (int64_t k = 0; k < all; k++) label[k] = -1;
    for (int64_t k = 0; k < images * rows; k++) {
        const int64_t i = k / rows, to = i * f->positives + count[i];
        if (class_[k] < 0 || match[k] < 0 || match[k] >= d[1] || count[i] == f->positives) continue;
        boxes[to] = from[k], label[to] = class_[k], source[to] = match[k], count[i]++, taken++;
    }
    #pragma omp parallel for schedule(dynamic, 1)
    for (int64_t k = 0; k < all; k++) {
        if (label[k] < 0) continue;
        mask_target(masks + (k / f->positives * d[1] + source[k]) * d[2] * d[3], d[2], d[3], boxes[k], f->size, f->aligned, f->hard,
                    target + k * pixels);
        weight[k] = (real)1 / (real)(taken * pixels);
    }
    free(source);
    host_done(c, n);
}

const op op_anchor_targets = {
    .name = "anchor_targets", .help = "a sample of the anchors of a pyramid, what is to be found there, and how far from it they lie",
    CHOICE, .conf = sizeof(anchor_target_conf), .keys = anchor_target_keys, .infer = anchor_targets_infer, .forward = anchor_targets_forward,
};
const op op_roi_targets = {
    .name = "roi_targets", .help = "a sample of the proposals, their classes, and how far from the truth they lie", CHOICE,
    .conf = sizeof(roi_target_conf), .keys = roi_target_keys, .infer = roi_targets_infer, .forward = roi_targets_forward,
};
const op op_mask_targets = {
    .name = "mask_targets", .help = "the masks of the positive regions, in the frames of their boxes", CHOICE,
    .conf = sizeof(mask_target_conf), .keys = mask_target_keys, .infer = mask_targets_infer, .forward = mask_targets_forward,
};
