/* rows.c - ops on a fixed number of rows that an index names: gather, scatter, pick, top_k. A row is a sample of a map. Index entries
 * that are no row stand for nothing (kernels/rows.h), so a count can be smaller than the capacity. */
#include "nn/ops/check.h"
#include "kernels/rows.h"
#include "kernels/sort.h"

static int64_t inner(const tensor *t) { return t->s.d[1] * t->s.d[2]; }
static const int32_t *index_of(const node *n) { return n->in[1]->x.p; }

static void check_index(node *n, int64_t rows) { check_shape(n, 1, SHAPE1(rows), I32); }

static row_size gather_size(const node *n) { return (row_size){ n->in[0]->s.d[0], n->in[1]->s.d[0], inner(n->in[0]), tensor_channels(n->in[0]) }; }
static void gather_infer(node *n)
{
    check_inputs(n, 2, 2);
    check_map(n, 0);
    check_index(n, n->in[1]->s.d[0]);
    shape s = n->in[0]->s;
    s.d[0] = n->in[1]->s.d[0];
    n->work = rows_work(gather_size(n));
    node_output(n, s, REAL_TYPE);
}
static void gather_forward(const context *c, const node *n) { RUN(rows_gather, gather_size(n), index_of(n), X(0), XS(0), Y, YS, 0); }
static void gather_backward(const context *c, const node *n, const step *s)
{
    if (WANT(0)) RUN(rows_scatter, gather_size(n), index_of(n), GY, YS, GX(0), XS(0), ADD(0), c->work);
}

typedef struct { int64_t rows; } scatter_conf;
static const key scatter_keys[] = {
    { "rows", K_INT, offsetof(scatter_conf, rows), NULL, "of the output", 1, 1 << 30, NULL },
    { 0 }
};
static row_size scatter_size(const node *n) { return (row_size){ n->out[0]->s.d[0], n->in[0]->s.d[0], inner(n->in[0]), tensor_channels(n->in[0]) }; }
static void scatter_infer(node *n)
{
    check_inputs(n, 2, 2);
    check_map(n, 0);
    check_index(n, n->in[0]->s.d[0]);
    shape s = n->in[0]->s;
    s.d[0] = ((const scatter_conf *)n->conf)->rows;
    node_output(n, s, REAL_TYPE);
    n->work = rows_work(scatter_size(n));
}
static void scatter_forward(const context *c, const node *n)
{
    RUN(rows_scatter, scatter_size(n), index_of(n), X(0), XS(0), Y, YS, 0, c->work);
}
static void scatter_backward(const context *c, const node *n, const step *s)
{
    if (WANT(0)) RUN(rows_gather, scatter_size(n), index_of(n), GY, YS, GX(0), XS(0), ADD(0));
}

typedef struct { int64_t width; } pick_conf;
static const key pick_keys[] = {
    { "width", K_INT, offsetof(pick_conf, width), "1", "channels that belong to one class", 1, 1 << 20, NULL },
    { 0 }
};
static pick_size pick_of(const node *n)
{
    return (pick_size){ n->in[0]->s.d[0], inner(n->in[0]), tensor_channels(n->in[0]), ((const pick_conf *)n->conf)->width };
}
static void pick_infer(node *n)
{
    check_inputs(n, 2, 2);
    check_map(n, 0);
    check_index(n, n->in[0]->s.d[0]);
    shape s = n->in[0]->s;
    if (s.d[3] % pick_of(n).width) die_at(n->at, "pick: width: got %lld, wanted a divisor of %lld", (long long)pick_of(n).width, (long long)s.d[3]);
    s.d[3] = pick_of(n).width;
    node_output(n, s, REAL_TYPE);
}
static void pick_forward(const context *c, const node *n) { RUN(rows_pick, pick_of(n), index_of(n), X(0), XS(0), Y, YS); }
static void pick_backward(const context *c, const node *n, const step *s)
{
    if (WANT(0)) RUN(rows_pick_backward, pick_of(n), index_of(n), GY, YS, GX(0), XS(0), ADD(0));
}

typedef struct { int64_t k; int order; } top_conf;
static const key top_keys[] = {
    { "k", K_INT, offsetof(top_conf, k), "0", "how many of a sample; 0: all", 0, 1 << 30, NULL },
    { "order", K_WORD, offsetof(top_conf, order), "descending", "which come first", 0, 0, "descending|ascending" },
    { 0 }
};
static sort_size sort_of(const node *n)
{
    const top_conf *f = n->conf;
    const tensor *x = n->in[0];
    return (sort_size){ x->s.d[0], inner(x), tensor_channels(x), f->k ? f->k : inner(x) * tensor_channels(x), f->order };
}
static int32_t *places(const node *n) { return n->out[1]->x.p; }
static void top_infer(node *n)
{
    check_inputs(n, 1, 2);
    check_map(n, 0);
    const sort_size s = sort_of(n);
    if (n->nin > 1) check_index(n, s.samples);
    if (s.take > s.pixels * s.channels)
        die_at(n->at, "top_k: k: got %lld, wanted at most %lld", (long long)s.take, (long long)(s.pixels * s.channels));
    n->work = sort_work(s);
    node_output(n, SHAPE4(s.samples, s.take, 1, 1), REAL_TYPE);
    node_output(n, (shape){ 2, { s.samples, s.take } }, I32);
}
static void top_forward(const context *c, const node *n)
{
    RUN(sort_rows, sort_of(n), X(0), XS(0), n->nin > 1 ? index_of(n) : NULL, Y, YS, places(n), c->work);
}
static void top_backward(const context *c, const node *n, const step *s)
{
    if (WANT(0)) RUN(sort_backward, sort_of(n), places(n), GY, YS, GX(0), XS(0), ADD(0));
}

const op op_gather = {
    .name = "gather", .help = "the rows that an index names; zeros where it names none", .reads_x = 2,
    .infer = gather_infer, .forward = gather_forward, .backward = gather_backward,
};
const op op_scatter = {
    .name = "scatter", .help = "each row added to the row that an index names", .conf = sizeof(scatter_conf), .keys = scatter_keys, .reads_x = 2,
    .infer = scatter_infer, .forward = scatter_forward, .backward = scatter_backward,
};
const op op_pick = {
    .name = "pick", .help = "of each row the channels of its class", .conf = sizeof(pick_conf), .keys = pick_keys, .reads_x = 2,
    .infer = pick_infer, .forward = pick_forward, .backward = pick_backward,
};
const op op_top_k = {
    .name = "top_k", .help = "the first elements of each sample in order, and their places", .conf = sizeof(top_conf), .keys = top_keys,
    .reads_y = 2, .infer = top_infer, .forward = top_forward, .backward = top_backward,
};
