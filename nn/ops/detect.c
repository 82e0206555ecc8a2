/* detect.c - what a detector chooses while it runs: proposals of the anchors, and detections of the regions. Choices have no gradient.
 * Detections are for the host, and made there (host.h). Rules in kernels/detect.h; shapes in docs/detection.md. */
#include "nn/ops/anchors.h"
#include "nn/ops/choice.h"
#include "nn/ops/host.h"

/* ---- proposals: extent, objectness of all levels, deltas of all levels ---- */
typedef struct { anchor_conf anchors; int64_t pre, post; double overlap, side; int strict, sigmoid; } proposal_conf;
static const key proposal_keys[] = {
    ANCHOR_KEYS(proposal_conf, anchors),
    { "pre", K_INT, offsetof(proposal_conf, pre), "1000", "best anchors of each map that take part", 1, 1 << 20, NULL },
    { "post", K_INT, offsetof(proposal_conf, post), "1000", "proposals of an image", 1, 1 << 20, NULL },
    { "overlap", K_REAL, offsetof(proposal_conf, overlap), "0.7", "IoU with a better one of the same map above which one is dropped", 0,
      1, NULL },
    { "side", K_REAL, offsetof(proposal_conf, side), "1e-3", "least height and width within the image", 0, 1e6, NULL },
    { "strict", K_BOOL, offsetof(proposal_conf, strict), "0", "sides must be above `side`; 0: at least", 0, 0, NULL },
    { "sigmoid", K_BOOL, offsetof(proposal_conf, sigmoid), "1", "scores are the logistic of objectness; 0: objectness", 0, 0, NULL },
    { 0 }
};

static int levels_of(const node *n) { return (n->nin - 1) / 2; }
static void proposals_infer(node *n)
{
    const proposal_conf *f = n->conf;
    check_inputs(n, 3, 1 + 2 * DETECT_LEVELS);
    const int levels = levels_of(n);
    if (n->nin != 1 + 2 * levels) die_at(n->at, "proposals: got %d maps, wanted as many of objectness as of deltas", n->nin - 1);
    check_anchors(n, &f->anchors, 1, levels);
    const int64_t images = n->in[1]->s.d[0];
    check_shape(n, 0, (shape){ 2, { images, 2 } }, I32);
    for (int l = 1; l <= levels; l++) {
        shape want = n->in[l]->s;
        want.d[3] *= 4;
        check_shape(n, levels + l, want, REAL_TYPE);
    }
    node_output(n, SHAPE4(images, f->post, 1, 4), REAL_TYPE);
    node_output(n, SHAPE1(images), I32);
    node_output(n, SHAPE4(images, f->post, 1, 1), REAL_TYPE);
}

static proposal_rule proposal_rule_of(const node *n)
{
    const proposal_conf *f = n->conf;
    return (proposal_rule){ f->pre, f->post, f->overlap, f->side, f->strict, f->sigmoid };
}
static anchors proposal_anchors(const node *n) { return anchors_of(n, &((const proposal_conf *)n->conf)->anchors, 1, levels_of(n)); }

static void proposals_prepare(const context *c, node *n)
{
    (void)c;
    n->work = CHOICE_WORK(proposals_work(proposal_anchors(n), proposal_rule_of(n).pre));
}

static void proposals_forward(const context *c, const node *n)
{
    const int levels = levels_of(n);
    proposal_maps m = { .images = n->in[0]->s.d[0], .extent = n->in[0]->x.p };
    for (int l = 0; l < levels; l++) m.logit[l] = given_rows_of(n->in[1 + l]), m.delta[l] = given_rows_of(n->in[1 + levels + l]);
    const proposal_rows o = { real_rows_of(n->out[0]), real_rows_of(n->out[2]), n->out[1]->x.p };
    RUN(proposals, proposal_anchors(n), proposal_rule_of(n), m, o, c->work);
}

/* ---- detections: class logits, deltas, proposals, their count, extent ---- */
typedef struct { key_list weights; double score, overlap, side; int64_t keep; int background_last; } detection_conf;
static const key detection_keys[] = {
    { "weights", K_LIST, offsetof(detection_conf, weights), "10,10,5,5", "that deltas were multiplied by: x, y, width, height", 1e-6,
      1e6, NULL },
    { "score", K_REAL, offsetof(detection_conf, score), "0.05", "probability above which a class is a detection", 0, 1, NULL },
    { "overlap", K_REAL, offsetof(detection_conf, overlap), "0.5", "IoU with a better one of its class above which one is dropped", 0,
      1, NULL },
    { "side", K_REAL, offsetof(detection_conf, side), "1e-2", "least height and width within the image; below 0: any", -1, 1e6, NULL },
    { "keep", K_INT, offsetof(detection_conf, keep), "100", "detections of an image", 1, 1 << 20, NULL },
    { "background_last", K_BOOL, offsetof(detection_conf, background_last), "0",
      "the background is the last class, and has no deltas; 0: the first", 0, 0, NULL },
    { 0 }
};

static void detections_infer(node *n)
{
    const detection_conf *f = n->conf;
    check_inputs(n, 5, 5);
    check_map(n, 0), check_map(n, 2);
    const int64_t images = n->in[2]->s.d[0], rows = images * n->in[2]->s.d[1], classes = n->in[0]->s.d[3];
    if (classes < 2) die_at(n->at, "detections: %s has %lld channels, wanted 2 or more", n->in[0]->name, (long long)classes);
    if (f->weights.n != 4) die_at(n->at, "detections: weights: got %d, wanted 4", f->weights.n);
    check_shape(n, 0, SHAPE4(rows, 1, 1, classes), REAL_TYPE);
    check_shape(n, 1, SHAPE4(rows, 1, 1, 4 * (classes - f->background_last)), REAL_TYPE);
    check_shape(n, 2, SHAPE4(images, n->in[2]->s.d[1], 1, 4), REAL_TYPE);
    check_shape(n, 3, SHAPE1(images), I32);
    check_shape(n, 4, (shape){ 2, { images, 2 } }, I32);
    node_output(n, SHAPE4(images, f->keep, 1, 4), REAL_TYPE);
    node_output(n, SHAPE1(images), I32);
    node_output(n, SHAPE4(images, f->keep, 1, 1), REAL_TYPE);
    node_output(n, SHAPE1(images * f->keep), I32);
}

static void detections_forward(const context *c, const node *n)
{
    const detection_conf *f = n->conf;
    const double *w = f->weights.v;
    const int64_t images = n->in[2]->s.d[0], rows = n->in[2]->s.d[1], classes = n->in[0]->s.d[3], deltas = n->in[1]->s.d[3];
    const detection_rule r = { classes, f->background_last, { w[0], w[1], w[2], w[3] }, f->score, f->overlap, f->side, f->keep };
    const real *logit = host_in(c, n, 0), *delta = host_in(c, n, 1);
    const box *proposal = host_in(c, n, 2);
    const int32_t *given = host_in(c, n, 3), *extent = host_in(c, n, 4);
    box *boxes = host_out(n, 0);
    int32_t *count = host_out(n, 1), *label = host_out(n, 3);
    real *score = host_out(n, 2);
    candidate *space = xalloc_n((size_t)(rows * (classes - 1)), sizeof *space);
    for (int64_t i = 0; i < images; i++) {
        const int64_t have = given[i] < 0 ? 0 : given[i] < rows ? given[i] : rows, at = i * f->keep;
        count[i] = (int32_t)detections_make(r, have, proposal + i * rows, logit + i * rows * classes, delta + i * rows * deltas,
                                            extent[2 * i], extent[2 * i + 1], space, boxes + at, score + at, label + at);
        for (int64_t k = count[i]; k < f->keep; k++) label[at + k] = -1;
    }
    free(space);
    host_done(c, n);
}

/* ---- widen_boxes: boxes, their count, their classes ---- */
typedef struct { double share; } widen_conf;
static const key widen_keys[] = {
    { "share", K_REAL, offsetof(widen_conf, share), "0", "of its width or height by which each side of a box moves outwards", 0, 1, NULL },
    { 0 }
};

static void widen_boxes_infer(node *n)
{
    check_inputs(n, 3, 3);
    check_map(n, 0);
    const int64_t images = n->in[0]->s.d[0], room = n->in[0]->s.d[1];
    check_shape(n, 0, SHAPE4(images, room, 1, 4), REAL_TYPE);
    check_shape(n, 1, SHAPE1(images), I32), check_shape(n, 2, SHAPE1(images * room), I32);
    node_output(n, n->in[0]->s, REAL_TYPE);
    for (int i = 1; i < 3; i++) node_output(n, n->in[i]->s, I32);
}

static void widen_boxes_forward(const context *c, const node *n)
{
    const wide_rows o = { real_rows_of(n->out[0]), n->out[1]->x.p, n->out[2]->x.p };
    RUN(widen_boxes, box_lists_of(n, 0), n->in[2]->x.p, ((const widen_conf *)n->conf)->share, o);
}

const op op_proposals = {
    .name = "proposals", .help = "the best anchors of a pyramid, moved by their deltas, without those that overlap a better one",
    CHOICE, .conf = sizeof(proposal_conf), .keys = proposal_keys,
    .infer = proposals_infer, .prepare = proposals_prepare, .forward = proposals_forward,
};
const op op_detections = {
    .name = "detections", .help = "the objects found: likely regions of each class, moved by its deltas, and none that overlaps a better one",
    CHOICE, ON_HOST, .conf = sizeof(detection_conf), .keys = detection_keys,
    .infer = detections_infer, .forward = detections_forward,
};
const op op_widen_boxes = {
    .name = "widen_boxes", .help = "boxes with a margin, beside their count and classes as they were", CHOICE, .conf = sizeof(widen_conf),
    .keys = widen_keys, .infer = widen_boxes_infer, .forward = widen_boxes_forward,
};
