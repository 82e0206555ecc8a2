/* roi.c - ops that take something out of the maps of a feature pyramid, fine to coarse: regions (roi_align) and rows by number
 * (level_rows). The maps come last, 1 to 5 of them; what says where to look comes first and gets no gradient. */
#include "nn/ops/check.h"
#include "kernels/roi_align.h"

/* The inputs from `first` on as a pyramid; without values */
static pyramid levels_of(const node *n, int first)
{
    const int64_t *d = n->in[first]->s.d;
    pyramid p = { .levels = n->nin - first, .images = d[0], .channels = d[3] };
    for (int l = 0; l < p.levels; l++) p.h[l] = n->in[first + l]->s.d[1], p.w[l] = n->in[first + l]->s.d[2], p.xs[l] = XS(first + l);
    return p;
}
static pyramid maps_of(const node *n, int first)
{
    pyramid p = levels_of(n, first);
    for (int l = 0; l < p.levels; l++) p.x[l] = X(first + l);
    return p;
}

static void check_levels(const node *n, int first)
{
    check_inputs(n, first + 1, first + PYRAMID_LEVELS);
    for (int i = first; i < n->nin; i++) {
        check_map(n, i);
        shape want = n->in[i]->s;
        want.d[0] = n->in[first]->s.d[0], want.d[3] = n->in[first]->s.d[3];
        check_shape(n, i, want, REAL_TYPE);
    }
}

typedef struct { int64_t height, width, sampling; int aligned, level_inside; double level_add; key_list strides; } roi_conf;
static const key roi_keys[] = {
    { "height", K_INT, offsetof(roi_conf, height), "7", "bins of a box, from top to bottom", 1, 1024, NULL },
    { "width", K_INT, offsetof(roi_conf, width), "7", "bins from left to right", 1, 1024, NULL },
    { "sampling", K_INT, offsetof(roi_conf, sampling), "2", "samples of a bin along each axis; 0: one a pixel", 0, 64, NULL },
    { "aligned", K_BOOL, offsetof(roi_conf, aligned), "0",
      "pixels count from their centres; 0: from their corners, and no box is below 1", 0, 0, NULL },
    { "strides", K_LIST, offsetof(roi_conf, strides), "4,8,16,32", "of each map, in pixels of the boxes", 1, 1 << 20, NULL },
    { "level_add", K_REAL, offsetof(roi_conf, level_add), "1e-6", "added to the logarithm that chooses the map of a box", 0, 1, NULL },
    { "level_inside", K_BOOL, offsetof(roi_conf, level_inside), "0", "added to its argument instead", 0, 0, NULL },
    { 0 }
};
enum { ROI_MAPS = 2 };

static roi_rule rule_of(const node *n)
{
    const roi_conf *f = n->conf;
    roi_rule r = { n->in[0]->s.d[1], f->height, f->width, f->sampling, f->aligned, { 0 }, (int)lround(log2(f->strides.v[0])),
                   f->level_add, f->level_inside };
    for (int l = 0; l < f->strides.n && l < PYRAMID_LEVELS; l++) r.scale[l] = (real)(1 / f->strides.v[l]);
    return r;
}
static const int32_t *count_of(const node *n) { return n->in[1]->x.p; }
static void roi_infer(node *n)
{
    const roi_conf *f = n->conf;
    check_levels(n, ROI_MAPS);
    const int64_t *d = n->in[ROI_MAPS]->s.d;
    check_map(n, 0);
    check_shape(n, 0, SHAPE4(d[0], n->in[0]->s.d[1], 1, 4), REAL_TYPE);
    check_shape(n, 1, SHAPE1(d[0]), I32);
    if (f->strides.n != n->nin - ROI_MAPS)
        die_at(n->at, "roi_align: strides: got %d, wanted %d, one a map", f->strides.n, n->nin - ROI_MAPS);
    const roi_rule r = rule_of(n);
    n->work = roi_align_work(d[0] * r.boxes);
    node_output(n, SHAPE4(d[0] * r.boxes, r.out_h, r.out_w, d[3]), REAL_TYPE)->count = n->in[1];
}
static void roi_forward(const context *c, const node *n)
{
    RUN(roi_align_forward, maps_of(n, ROI_MAPS), rule_of(n), X(0), XS(0), count_of(n), Y, YS, c->work);
}
static void roi_backward(const context *c, const node *n, const step *s)
{
    for (int i = ROI_MAPS; i < n->nin; i++)
        if (WANT(i)) RUN(roi_align_backward, levels_of(n, ROI_MAPS), i - ROI_MAPS, rule_of(n), X(0), XS(0), count_of(n), GY, YS,
                         GX(i), XS(i), ADD(i), c->work);
}

typedef struct { int64_t width; } rows_conf;
static const key rows_keys[] = {
    { "width", K_INT, offsetof(rows_conf, width), "1", "channels of a row", 1, 1 << 20, NULL },
    { 0 }
};
static int64_t width_of(const node *n) { return ((const rows_conf *)n->conf)->width; }
static int64_t taken_of(const node *n) { return n->in[0]->s.d[1]; }
static const int32_t *index_of(const node *n) { return n->in[0]->x.p; }
static void rows_infer(node *n)
{
    check_levels(n, 1);
    const int64_t images = n->in[1]->s.d[0], channels = n->in[1]->s.d[3], width = width_of(n);
    check_shape(n, 0, (shape){ 2, { images, taken_of(n) } }, I32);
    if (channels % width) die_at(n->at, "level_rows: width: got %lld, wanted a divisor of %lld", (long long)width, (long long)channels);
    node_output(n, SHAPE4(images, taken_of(n), 1, width), REAL_TYPE);
}
static void rows_forward(const context *c, const node *n)
{
    RUN(level_rows_forward, maps_of(n, 1), width_of(n), taken_of(n), index_of(n), Y, YS);
}
static void rows_backward(const context *c, const node *n, const step *s)
{
    for (int i = 1; i < n->nin; i++)
        if (WANT(i)) RUN(level_rows_backward, levels_of(n, 1), i - 1, width_of(n), taken_of(n), index_of(n), GY, YS, GX(i), XS(i), ADD(i));
}

const op op_roi_align = {
    .name = "roi_align", .help = "boxes of maps as maps of one size (He et al. 2017)", .conf = sizeof(roi_conf), .keys = roi_keys,
    .reads_x = 3, .stops = 1, .infer = roi_infer, .forward = roi_forward, .backward = roi_backward,
};
const op op_level_rows = {
    .name = "level_rows", .help = "the rows of channels that an index names, counted over the maps of a pyramid", .conf = sizeof(rows_conf),
    .keys = rows_keys, .reads_x = 1, .infer = rows_infer, .forward = rows_forward, .backward = rows_backward,
};
