/* gather.c - ops on a fixed number of rows that an index names: gather, scatter, pick, top_k. A row is a sample of a map. Index entries
 * that are no row stand for nothing (kernels/gather.h), so a count can be smaller than the capacity. */
#include "nn/ops/check.h"
#include "kernels/gather.h"
#include "kernels/sort.h"

static const int32_t *index_of(const node *n) { return n->in[1]->x.p; }

/* An index n,k counts the pixels of each sample, and a row is a pixel; an index k counts the samples, and a row is a sample. */
static int within_samples(const node *n) { return n->in[1]->s.nd == 2; }

/* from: the size of the side that has `rows` rows; its `taken` side has as many as the index */
static row_size rows_within(const node *n, const shape *from)
{
    const int64_t *d = from->d, *k = n->in[1]->s.d;
    return within_samples(n) ? (row_size){ d[0], d[1] * d[2], k[1], 1, d[3] } : (row_size){ 1, d[0], k[0], d[1] * d[2], d[3] };
}

static void check_rows(node *n)
{
    check_inputs(n, 2, 2);
    check_map(n, 0);
    const shape *k = &n->in[1]->s;
    check_shape(n, 1, within_samples(n) ? (shape){ 2, { n->in[0]->s.d[0], k->d[1] } } : SHAPE1(k->d[0]), I32);
}

static row_size gather_size(const node *n) { return rows_within(n, &n->in[0]->s); }
static void gather_infer(node *n)
{
    check_rows(n);
    const int64_t *d = n->in[0]->s.d, *k = n->in[1]->s.d;
    n->work = scatter_work(gather_size(n));
    node_output(n, within_samples(n) ? SHAPE4(d[0], k[1], 1, d[3]) : SHAPE4(k[0], d[1], d[2], d[3]), REAL_TYPE);
}
static void gather_forward(const context *c, const node *n) { RUN(gather_rows, gather_size(n), index_of(n), X(0), XS(0), Y, YS, 0); }
static void gather_backward(const context *c, const node *n, const step *s)
{
    if (WANT(0)) RUN(scatter_rows, gather_size(n), index_of(n), GY, YS, GX(0), XS(0), ADD(0), c->work);
}

typedef struct { int64_t rows; } scatter_conf;
static const key scatter_keys[] = {
    { "rows", K_INT, offsetof(scatter_conf, rows), NULL, "of the output, or of each of its samples", 1, 1 << 30, NULL },
    { 0 }
};
static row_size scatter_size(const node *n) { return rows_within(n, &n->out[0]->s); }
static void scatter_infer(node *n)
{
    check_rows(n);
    const int64_t *d = n->in[0]->s.d, rows = ((const scatter_conf *)n->conf)->rows, named = n->in[1]->s.d[within_samples(n)];
    const int64_t have = within_samples(n) ? d[1] * d[2] : d[0];
    if (have != named) die_at(n->at, "scatter: %s names %lld rows, wanted %lld", n->in[1]->name, (long long)named, (long long)have);
    node_output(n, within_samples(n) ? SHAPE4(d[0], rows, 1, d[3]) : SHAPE4(rows, d[1], d[2], d[3]), REAL_TYPE);
    n->work = scatter_work(scatter_size(n));
}
static void scatter_forward(const context *c, const node *n)
{
    RUN(scatter_rows, scatter_size(n), index_of(n), X(0), XS(0), Y, YS, 0, c->work);
}
static void scatter_backward(const context *c, const node *n, const step *s)
{
    if (WANT(0)) RUN(gather_rows, scatter_size(n), index_of(n), GY, YS, GX(0), XS(0), ADD(0));
}

typedef struct { int64_t width; } pick_conf;
static const key pick_keys[] = {
    { "width", K_INT, offsetof(pick_conf, width), "1", "channels that belong to one class", 1, 1 << 20, NULL },
    { 0 }
};
static pick_size pick_of(const node *n)
{
    const int64_t *d = n->in[0]->s.d;
    return (pick_size){ d[0], d[1] * d[2], d[3], ((const pick_conf *)n->conf)->width };
}
static void pick_infer(node *n)
{
    check_inputs(n, 2, 2);
    check_map(n, 0);
    check_shape(n, 1, SHAPE1(n->in[0]->s.d[0]), I32);
    shape s = n->in[0]->s;
    const int64_t width = pick_of(n).width;
    if (s.d[3] % width) die_at(n->at, "pick: width: got %lld, wanted a divisor of %lld", (long long)width, (long long)s.d[3]);
    s.d[3] = width;
    node_output(n, s, REAL_TYPE);
}
static void pick_forward(const context *c, const node *n) { RUN(pick_rows, pick_of(n), index_of(n), X(0), XS(0), Y, YS); }
static void pick_backward(const context *c, const node *n, const step *s)
{
    if (WANT(0)) RUN(pick_rows_backward, pick_of(n), index_of(n), GY, YS, GX(0), XS(0), ADD(0));
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
    const int64_t *d = n->in[0]->s.d, pixels = d[1] * d[2];
    return (sort_size){ d[0], pixels, d[3], f->k ? f->k : pixels * d[3], f->order };
}
static int32_t *places(const node *n) { return n->out[1]->x.p; }
static void top_infer(node *n)
{
    check_inputs(n, 1, 2);
    check_map(n, 0);
    const sort_size s = sort_of(n);
    if (n->nin > 1) check_shape(n, 1, SHAPE1(s.samples), I32);
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
    .name = "scatter", .help = "each row added to the row that an index names", .conf = sizeof(scatter_conf),
    .keys = scatter_keys, .reads_x = 2, .infer = scatter_infer, .forward = scatter_forward, .backward = scatter_backward,
};
const op op_pick = {
    .name = "pick", .help = "of each row the channels of its class", .conf = sizeof(pick_conf), .keys = pick_keys, .reads_x = 2,
    .infer = pick_infer, .forward = pick_forward, .backward = pick_backward,
};
const op op_top_k = {
    .name = "top_k", .help = "the first elements of each sample in order, and their places", .conf = sizeof(top_conf), .keys = top_keys,
    .reads_y = 2, .infer = top_infer, .forward = top_forward, .backward = top_backward,
};
