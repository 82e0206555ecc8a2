/* detect_targets.c - what a detector learns from: samples of anchors, of regions, and masks, each with its targets. Rules in
 * kernels/detect.h; shapes in docs/detection.md. Weights hold the losses' normalisers, so that losses are sums.
 * The trap: the capacity of a sample is not its size; rows that were not filled have index, class and match -1 and weight 0. */
#include "nn/ops/anchors.h"
#include "nn/ops/choice.h"

typedef struct { double positive, foreground, background; int64_t samples; int sampler; } sampling_conf;
#define SAMPLING_KEYS(type, f, samples_, positive_, foreground_, background_) \
    { "samples", K_INT, offsetof(type, f.samples), samples_, "of an image", 1, 1 << 20, NULL }, \
    { "positive", K_REAL, offsetof(type, f.positive), positive_, "largest share of positives", 0, 1, NULL }, \
    { "foreground", K_REAL, offsetof(type, f.foreground), foreground_, "IoU with a truth from which on a box is positive", 0, 1, NULL }, \
    { "background", K_REAL, offsetof(type, f.background), background_, "IoU with all truths below which it is negative", 0, 1, NULL }, \
    { "sampler", K_WORD, offsetof(type, f.sampler), "random", "first: in the order of places, for tests", 0, 0, SAMPLE_WORDS }

static target_rule rule_of(const sampling_conf *f)
{
    return (target_rule){ { f->samples, f->positive, (sample_mode)f->sampler }, f->foreground, f->background };
}

#ifdef DARKSPINE_CUDA
/* Nobody looks at them there: the kernels make the weights NaN, and the loss says so. */
static void check_truths(const node *n, const box_lists *l) { (void)n, (void)l; }
static void check_classes(const node *n, const box_lists *l, const region_rule *r, const int32_t *classes) { (void)n, (void)l, (void)r, (void)classes; }
#else
static void check_truths(const node *n, const box_lists *l)
{
    for (int64_t i = 0; i < l->images; i++)
        for (int64_t t = 0; t < boxes_in(l, i); t++) {
            const box b = box_in(l, i, t);
            if (truth_bad(b))
                die_at(n->at, "%s: box %lld of image %lld is %g %g %g %g, wanted x2 > x1 and y2 > y1", n->op->name, (long long)t, (long long)i,
                       (double)b.x1, (double)b.y1, (double)b.x2, (double)b.y2);
        }
}

static void check_classes(const node *n, const box_lists *l, const region_rule *r, const int32_t *classes)
{
    for (int64_t i = 0; i < l->images; i++)
        for (int64_t t = i * l->most; t < i * l->most + boxes_in(l, i); t++)
            if (class_bad(r, classes[t]))
                die_at(n->at, "roi_targets: a truth has class %d, wanted 0 to %d but not %d, the background", classes[t], NO_LABEL - 1, r->background_class);
}
#endif

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

static anchors target_anchors(const node *n) { return anchors_of(n, &((const anchor_target_conf *)n->conf)->anchors, 2, n->nin - 2); }

static void anchor_targets_prepare(const context *c, node *n)
{
    (void)c;
    n->work = CHOICE_WORK(anchor_targets_work(n->in[0]->s.d[0], target_anchors(n), n->in[0]->s.d[1]));
}

static void anchor_targets_forward(const context *c, const node *n)
{
    const anchor_target_conf *f = n->conf;
    const box_lists truth = box_lists_of(n, 0);
    const anchor_rows o = { n->out[0]->x.p, real_rows_of(n->out[1]), real_rows_of(n->out[2]), real_rows_of(n->out[3]), real_rows_of(n->out[4]) };
    check_truths(n, &truth);
    RUN(anchor_targets, target_anchors(n), truth, rule_of(&f->sampling), f->mean, o, c->work);
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

static void roi_targets_prepare(const context *c, node *n)
{
    (void)c;
    n->work = CHOICE_WORK(roi_targets_work(n->in[0]->s.d[0], n->in[0]->s.d[1], n->in[2]->s.d[1], n->out[0]->s.d[1]));
}

static void roi_targets_forward(const context *c, const node *n)
{
    const roi_target_conf *f = n->conf;
    const double *w = f->weights.v;
    const box_lists truth = box_lists_of(n, 2);
    const int32_t *classes = n->in[4]->x.p;
    const region_rule r = { rule_of(&f->sampling), { w[0], w[1], w[2], w[3] }, f->append, (int32_t)f->background_class };
    const region_rows o = { real_rows_of(n->out[0]), n->out[1]->x.p, n->out[3]->x.p, n->out[6]->x.p, n->out[2]->x.p, tensor_stride(n->out[2]),
                            real_rows_of(n->out[4]), real_rows_of(n->out[5]) };
    check_truths(n, &truth), check_classes(n, &truth, &r, classes);
    RUN(roi_targets, box_lists_of(n, 0), truth, classes, r, o, c->work);
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

static void mask_targets_prepare(const context *c, node *n)
{
    (void)c;
    n->work = CHOICE_WORK(mask_targets_work(n->in[0]->s.d[0], ((const mask_target_conf *)n->conf)->positives));
}

static void mask_targets_forward(const context *c, const node *n)
{
    const mask_target_conf *f = n->conf;
    const int64_t *d = n->in[3]->s.d;
    const box_lists rows = { n->in[0]->s.d[0], n->in[0]->s.d[1], given_rows_of(n->in[0]), NULL };
    const truth_masks m = { n->in[3]->x.p, tensor_stride(n->in[3]), d[1], d[2], d[3] };
    const mask_rule r = { f->size, f->positives, f->aligned, f->hard };
    const mask_rows o = { Y, YS, real_rows_of(n->out[1]), real_rows_of(n->out[2]), n->out[3]->x.p, n->out[4]->x.p };
    RUN(mask_targets, rows, n->in[1]->x.p, n->in[2]->x.p, m, r, o, c->work);
}

const op op_anchor_targets = {
    .name = "anchor_targets", .help = "a sample of the anchors of a pyramid, what is to be found there, and how far from it they lie",
    CHOICE, .conf = sizeof(anchor_target_conf), .keys = anchor_target_keys, .infer = anchor_targets_infer, .prepare = anchor_targets_prepare, .forward = anchor_targets_forward,
};
const op op_roi_targets = {
    .name = "roi_targets", .help = "a sample of the proposals, their classes, and how far from the truth they lie", CHOICE,
    .conf = sizeof(roi_target_conf), .keys = roi_target_keys, .infer = roi_targets_infer, .prepare = roi_targets_prepare, .forward = roi_targets_forward,
};
const op op_mask_targets = {
    .name = "mask_targets", .help = "the masks of the positive regions, in the frames of their boxes", CHOICE,
    .conf = sizeof(mask_target_conf), .keys = mask_target_keys, .infer = mask_targets_infer, .prepare = mask_targets_prepare, .forward = mask_targets_forward,
};
