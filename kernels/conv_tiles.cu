/* conv_tiles.cu - convolution as a matrix product whose factors are gathered on the way (implicit GEMM), all passes of both kinds.
 *
 * Every convolution joins a larger map and a smaller one (strides lead from one to the other), so there are three products:
 *   down     to the smaller map: conv forward, deconv backward data.  [pixels, channels out], depth: taps x channels in
 *   up       to the larger map: conv backward data, deconv forward.   The same, once per phase
 *   weights  [taps x channels of the larger map, channels of the smaller], depth: pixels of the smaller map
 * Up with stride s: output positions that agree modulo s are reached by the same taps, and for them the gather has stride 1. So each
 * of the s * s phases is a dense product over its own taps (a 2x2 deconv of stride 2: four phases of one tap), and no
 * multiplication by a zero between pixels is ever done. `axis` describes a phase; down is the case of one phase.
 * Weights: the depth is cut into parts, by the shape alone, whose sums are added in order by a second kernel.
 * The trap: vector loads need channels, strides and addresses of 4 numbers; addresses are known when it runs, so run_* asks. */
#include "kernels/conv.h"
#include "kernels/tile_gemm.cuh"
#include <assert.h>
#include <stdio.h>

/* ---- down and up ---- */

/* Along one axis, of one phase: output position first + i * step sums, over j < taps, tap (tap + j * tap_step) times input
 * position base + i * scale + j * along, where that is one of 0 .. size - 1. */
struct axis { int first, step, out, tap, tap_step, taps, scale, along, base, size; };

/* Along one axis: the convolution's kernel, stride, dilation and padding before, and the sizes of what is read and written */
struct reach { int kernel, stride, dilation, pad, size, out; };

static __device__ axis axis_down(const reach &r)
{
    return { 0, 1, r.out, 0, 1, r.kernel, r.stride, r.dilation, -r.pad, r.size };
}
static __device__ axis axis_up(const reach &r, int phase)
{
    int a = r.dilation, b = r.stride, tap = 0;
    while (b) { const int rest = a % b; a = b, b = rest; }
    const int tap_step = r.stride / a;                         /* taps reach the same phase again after stride / gcd(dilation, stride) */
    while (tap < tap_step && tap * r.dilation % r.stride != phase) tap++;
    const int first = ((phase - r.pad) % r.stride + r.stride) % r.stride;
    const int taps = tap < tap_step && tap < r.kernel ? (r.kernel - tap + tap_step - 1) / tap_step : 0;
    return { first, r.stride, r.out, tap, tap_step, taps, 1, -(tap_step * r.dilation / r.stride),
             taps ? (first + r.pad - tap * r.dilation) / r.stride : 0, r.size };
}

struct map_job {
    const real *in, *w, *bias;
    real *out;
    int64_t in_stride, out_stride;
    reach h, v;                          /* along h and w */
    int up, channels, outputs, add;      /* channels are those of the input */
    int rows;                            /* pixels of one phase, over all images */
    int tap_step, channel_step, output_step;                   /* in w */
    divider by_channels, by_image, by_row;                     /* row -> image, i, j */
    activation act;
    real slope;
};

/* The map that is read: a line is an output pixel, along the depth taps and their channels follow each other. */
struct map_source {
    const map_job &q;
    const axis &h, &v;
    const divider &by_taps;              /* of v */
    int end;
    struct line { int image, i, j; };
    __device__ inline int deep() const { return 1; }
    __device__ inline line at(int row) const
    {
        const int n = divide(row, q.by_image), rest = row - n * (int)q.by_image.by;
        const int i = divide(rest, q.by_row), j = rest - i * (int)q.by_row.by;
        const int there = row < q.rows && h.first + i * h.step < h.out && v.first + j * v.step < v.out;
        return { n * h.size * v.size, there ? i * h.scale + h.base : -(1 << 30), j * v.scale + v.base };
    }
    __device__ inline const real *find(const line &l, int d) const
    {
        const int t = divide(d, q.by_channels), a = divide(t, by_taps);
        const int i = l.i + a * h.along, j = l.j + (t - a * v.taps) * v.along;
        const int there = d < end && (unsigned)i < (unsigned)h.size && (unsigned)j < (unsigned)v.size;
        return there ? q.in + (l.image + i * v.size + j) * q.in_stride + (d - t * q.channels) : NULL;
    }
};

/* Its weights: a line is an output channel. */
struct map_weights {
    const map_job &q;
    const axis &h, &v;
    const divider &by_taps;
    int end;
    typedef int line;
    __device__ inline int deep() const { return q.channel_step == 1; }
    __device__ inline line at(int output) const { return output; }
    __device__ inline const real *find(line output, int d) const
    {
        const int t = divide(d, q.by_channels), a = divide(t, by_taps);
        const int tap = (h.tap + a * h.tap_step) * q.v.kernel + v.tap + (t - a * v.taps) * v.tap_step;
        const int at = tap * q.tap_step + (d - t * q.channels) * q.channel_step + output * q.output_step;
        return output < q.outputs && d < end ? q.w + at : NULL;
    }
};

/* out = act(sum + bias), or out += sum */
struct map_sink {
    const map_job &q;
    const axis &h, &v;
    __device__ inline real value(real sum, int column, real before) const
    {
        const real x = sum + (q.bias ? q.bias[column] : 0) + before;
        return q.act == ACT_RELU ? act_value(ACT_RELU, x, 0) : q.act == ACT_LEAKY ? act_value(ACT_LEAKY, x, q.slope) : x;
    }
    template <int VECTOR, int RUN, typename T> __device__ inline void put(int row, int column, const T *sums) const
    {
        struct alignas(RUN * sizeof(real)) run { real v[RUN]; };
        const int n = divide(row, q.by_image), rest = row - n * (int)q.by_image.by;
        const int i = divide(rest, q.by_row), j = rest - i * (int)q.by_row.by;
        const int y = h.first + i * h.step, x = v.first + j * v.step;
        if (row >= q.rows || y >= h.out || x >= v.out || column >= q.outputs) return;
        real *to = q.out + ((int64_t)(n * h.out + y) * v.out + x) * q.out_stride + column;
        if (VECTOR) {
            run r = { { 0 } };
            if (q.add) r = *(const run *)to;
            #pragma unroll
            for (int e = 0; e < RUN; e++) r.v[e] = value((real)sums[e], column + e, r.v[e]);
            *(run *)to = r;
        } else {
            #pragma unroll
            for (int e = 0; e < RUN; e++)
                if (column + e < q.outputs) to[e] = value((real)sums[e], column + e, q.add ? to[e] : 0);
        }
    }
};

template <class WAY, class TILE, int VECTOR>
static __global__ void __launch_bounds__(TILE_THREADS, WAY::BLOCKS) map_tiles(map_job q)
{
    const int across = (q.outputs + TILE::N - 1) / TILE::N, i = blockIdx.x / across, j = blockIdx.x % across, phase = blockIdx.y;
    const axis h = q.up ? axis_up(q.h, phase / q.v.stride) : axis_down(q.h), v = q.up ? axis_up(q.v, phase % q.v.stride) : axis_down(q.v);
    const divider by_taps = divider_by(v.taps > 0 ? v.taps : 1);
    const int end = h.taps * v.taps * q.channels;
    const map_source a = { q, h, v, by_taps, end };
    const map_weights b = { q, h, v, by_taps, end };
    const map_sink y = { q, h, v };
    tile_product<WAY, TILE, VECTOR>(a, b, i * TILE::M, j * TILE::N, 0, end, y);
}

template <class WAY, class TILE, int VECTOR> static void launch_map(const context *c, const map_job &q)
{
    const int64_t blocks = ((int64_t)q.rows + TILE::M - 1) / TILE::M * ((q.outputs + TILE::N - 1) / TILE::N);
    const int phases = q.up ? q.h.stride * q.v.stride : 1;
    LAUNCH((map_tiles<WAY, TILE, VECTOR>), dim3((unsigned)blocks, (unsigned)phases), dim3(TILE_THREADS), 0, c->stream, q);
}

/* ---- weights ---- */

struct weights_job {
    const real *large, *little;          /* the maps */
    real *out;                           /* [parts, rows, columns] */
    int64_t large_stride, little_stride;
    reach h, v;                          /* size: of the larger map, out: of the smaller */
    int rows, columns, pixels, parts, add;
    divider by_channels, by_kernel, by_image, by_row;          /* of the larger map; kernel width; pixel of the smaller -> image, i, j */
};

/* The larger map: a line is a tap and a channel, the depth is the pixel of the smaller map that the tap is applied at. */
struct tap_source {
    const weights_job &q;
    int end;
    struct line { int i, j, channel; };
    __device__ inline int deep() const { return 0; }
    __device__ inline line at(int row) const
    {
        const int t = divide(row, q.by_channels), a = divide(t, q.by_kernel), b = t - a * (int)q.by_kernel.by;
        return { row < q.rows ? a * q.h.dilation - q.h.pad : -(1 << 30), b * q.v.dilation - q.v.pad, row - t * (int)q.by_channels.by };
    }
    __device__ inline const real *find(const line &l, int pixel) const
    {
        const int n = divide(pixel, q.by_image), rest = pixel - n * (int)q.by_image.by, y = divide(rest, q.by_row);
        const int i = l.i + y * q.h.stride, j = l.j + (rest - y * (int)q.by_row.by) * q.v.stride;
        const int there = pixel < end && (unsigned)i < (unsigned)q.h.size && (unsigned)j < (unsigned)q.v.size;
        return there ? q.large + ((int64_t)(n * q.h.size + i) * q.v.size + j) * q.large_stride + l.channel : NULL;
    }
};

template <class WAY, class TILE, int VECTOR>
static __global__ void __launch_bounds__(TILE_THREADS, WAY::BLOCKS) weights_tiles(weights_job q)
{
    const int across = (q.columns + TILE::N - 1) / TILE::N, i = blockIdx.x / across, j = blockIdx.x % across, part = blockIdx.y;
    const int begin = (int)part_begin(q.pixels, q.parts, part), end = (int)part_begin(q.pixels, q.parts, part + 1);
    const tap_source a = { q, end };
    const matrix_source b = { q.little, q.columns, end, 1, (int)q.little_stride };
    const matrix_sink y = { q.out + (int64_t)part * q.rows * q.columns, 1, q.rows, q.columns, q.add, q.columns };
    tile_product<WAY, TILE, VECTOR>(a, b, i * TILE::M, j * TILE::N, begin, end, y);
}

template <class WAY, class TILE, int VECTOR> static void launch_weights(const context *c, const weights_job &q)
{
    const int64_t blocks = ((int64_t)q.rows + TILE::M - 1) / TILE::M * ((q.columns + TILE::N - 1) / TILE::N);
    LAUNCH((weights_tiles<WAY, TILE, VECTOR>), dim3((unsigned)blocks, (unsigned)q.parts), dim3(TILE_THREADS), 0, c->stream, q);
}

/* gw (+)= the parts in order; turned: gw lies [columns rows] */
static __global__ void add_parts(int parts, int rows, int columns, int turned, const real *sums, real *gw, int add)
{
    const int64_t n = (int64_t)rows * columns;
    for (int64_t i = blockIdx.x * (int64_t)blockDim.x + threadIdx.x; i < n; i += (int64_t)gridDim.x * blockDim.x) {
        const int64_t from = turned ? i % rows * columns + i / rows : i;
        real sum = 0;
        for (int p = 0; p < parts; p++) sum += sums[p * n + from];
        gw[i] = (add ? gw[i] : 0) + sum;
    }
}

/* ---- which tiles ---- */

enum { SMALL, WIDE, NARROW, SIZES };

static const struct { int m, n; } sizes[SIZES] = { { 64, 64 }, { 128, 128 }, { 128, 32 } };

static int64_t tiles(int size, int64_t rows, int64_t columns)
{
    return (rows + sizes[size].m - 1) / sizes[size].m * ((columns + sizes[size].n - 1) / sizes[size].n);
}

/* The tile of a product; blocks: how many times its rows and columns are computed. Wide tiles do the most work for what they load,
 * if there are enough of them for the machine. */
static int tile_size(int64_t rows, int64_t columns, int64_t blocks)
{
    if (columns <= 32) return NARROW;
    return columns > 64 && rows >= 128 && tiles(WIDE, rows, columns) * blocks >= multiprocessors() ? WIDE : SMALL;
}

/* A way to multiply, with a kernel for each size of tile. */
struct way {
    const char *name;
    void (*map[SIZES])(const context *, const map_job &);
    void (*weights[SIZES])(const context *, const weights_job &);
};
#define WAY(name, way, wide, vector) { name, \
    { launch_map<way, small_tile, vector>, launch_map<way, wide, vector>, launch_map<way, narrow_tile, vector> }, \
    { launch_weights<way, small_tile, vector>, launch_weights<way, wide, vector>, launch_weights<way, narrow_tile, vector> } }

/* the first takes any channels and addresses, the others need fours */
static const way any_way = WAY("tiles", exactly, small_tile, 0), exact_way = WAY("tiles vector", exactly, wide_tile, 1),
    tf32_way = WAY("tiles tf32", in_tf32, wide_tile, 1), bf16_way = WAY("tiles bf16", in_bf16, wide_tile, 1);

/* ---- the passes ---- */

/* The larger map's side of each axis stands first in a convolution and last in a transposed one. */
static reach reach_h(const conv_shape *s, int up)
{
    const int large = (int)(s->transposed ? s->oh : s->h), little = (int)(s->transposed ? s->h : s->oh);
    return { (int)s->kh, (int)s->sh, (int)s->dh, (int)s->top, up ? little : large, up ? large : little };
}
static reach reach_w(const conv_shape *s, int up)
{
    const int large = (int)(s->transposed ? s->ow : s->w), little = (int)(s->transposed ? s->w : s->ow);
    return { (int)s->kw, (int)s->sw, (int)s->dw, (int)s->left, up ? little : large, up ? large : little };
}

static void run_map(const context *c, const conv_kernel *k, int forward, const real *in, const real *w, const real *bias,
                    real *out, int add)
{
    const conv_shape *s = &k->s;
    const int up = forward == s->transposed, taps = (int)(s->kh * s->kw);
    const int late = forward && s->act != ACT_LINEAR && s->act != ACT_RELU && s->act != ACT_LEAKY;
    map_job q = {};
    q.in = in, q.w = w, q.bias = bias, q.out = out, q.add = add, q.up = up;
    q.in_stride = forward ? s->xs : s->ys, q.out_stride = forward ? s->ys : s->xs;
    q.channels = (int)(forward ? s->c : s->k), q.outputs = (int)(forward ? s->k : s->c);
    q.h = reach_h(s, up), q.v = reach_w(s, up);
    q.tap_step = (int)(s->transposed ? s->k : s->c * s->k);
    const int of_c = (int)(s->transposed ? taps * s->k : s->k);                /* from one c to the next in w; from one k: 1 */
    q.channel_step = forward ? of_c : 1, q.output_step = forward ? 1 : of_c;
    const int rows = up ? (q.h.out + q.h.stride - 1) / q.h.stride : q.h.out;
    const int columns = up ? (q.v.out + q.v.stride - 1) / q.v.stride : q.v.out;
    q.rows = (int)s->n * rows * columns;
    q.by_channels = divider_by(q.channels), q.by_image = divider_by(rows * columns), q.by_row = divider_by(columns);
    q.act = forward && !late ? s->act : ACT_LINEAR, q.slope = s->slope;
    const int fours = whole_quads(in, q.channels, q.in_stride) && whole_quads(out, q.outputs, q.out_stride) && whole_quads(w, 4, 4);
    const way *by = fours ? (const way *)k->state : &any_way;
    by->map[tile_size(q.rows, q.outputs, up ? q.h.stride * q.v.stride : 1)](c, q);
    if (late) act_forward_cuda(c, s->n * s->oh * s->ow, s->k, out, s->ys, out, s->ys, s->act, s->slope);
}

static void run_forward(const context *c, const conv_kernel *k, const real *x, const real *w, const real *bias, real *y, int add)
{
    assert(!add);
    run_map(c, k, 1, x, w, bias, y, 0);
}
static void run_data(const context *c, const conv_kernel *k, const real *gy, const real *w, const real *, real *gx, int add)
{
    run_map(c, k, 0, gy, w, NULL, gx, add);
}

typedef struct { int64_t rows, columns, pixels, parts; int size; } cut;

/* How a pass to weights is cut: parts of the pixels until there are blocks enough, but none of less than 256 pixels */
static cut cut_of(const conv_shape *s)
{
    cut u = { s->kh * s->kw * (s->transposed ? s->k : s->c), s->transposed ? s->c : s->k,
              s->n * (s->transposed ? s->h * s->w : s->oh * s->ow), 1, SMALL };
    const int64_t most_parts = most(1, u.pixels / 256);
    u.size = tile_size(u.rows, u.columns, most_parts);
    u.parts = least(most_parts, most(1, 480 / tiles(u.size, u.rows, u.columns)));
    return u;
}
/* One part of a convolution goes straight to gw. */
static int direct(const conv_shape *s, const cut *u) { return u->parts == 1 && !s->transposed; }

static void run_weights(const context *c, const conv_kernel *k, const real *x, const real *gy, const real *, real *gw, int add)
{
    const conv_shape *s = &k->s;
    const cut u = cut_of(s);
    const int64_t channels = s->transposed ? s->k : s->c;
    weights_job q = {};
    q.large = s->transposed ? gy : x, q.little = s->transposed ? x : gy;
    q.large_stride = s->transposed ? s->ys : s->xs, q.little_stride = s->transposed ? s->xs : s->ys;
    q.out = direct(s, &u) ? gw : (real *)c->work, q.add = direct(s, &u) && add;
    q.h = reach_h(s, 0), q.v = reach_w(s, 0);
    q.rows = (int)u.rows, q.columns = (int)u.columns, q.pixels = (int)u.pixels, q.parts = (int)u.parts;
    q.by_channels = divider_by((int)channels), q.by_kernel = divider_by((int)s->kw);
    q.by_image = divider_by(q.h.out * q.v.out), q.by_row = divider_by(q.v.out);
    const int fours = whole_quads(q.large, channels, q.large_stride) && whole_quads(q.little, u.columns, q.little_stride)
        && whole_quads(q.out, 4, 4);
    (fours ? (const way *)k->state : &any_way)->weights[u.size](c, q);
    if (!direct(s, &u))
        LAUNCH(add_parts, dim3(blocks_for(u.rows * u.columns, 256)), dim3(256), 0, c->stream, q.parts, q.rows, q.columns, s->transposed,
               (const real *)c->work, gw, add);
}

/* The state is a way: a constant, nothing to free. */
int conv_tiles_make(const conv_shape *s, conv_pass pass, conv_kernel *k)
{
    const int64_t limit = 1 << 30, cut_down = s->sh * s->sw;
    const int fours = s->c % 4 == 0 && s->k % 4 == 0 && s->xs % 4 == 0 && s->ys % 4 == 0;
    const int cores = fours && (s->bf16 || s->tf32) && mma_there();
    if (s->groups != 1 || s->n * s->h * s->w >= limit || s->n * s->oh * s->ow >= limit || conv_weights(s) >= limit) return 0;
    if (cut_down > 65535 || s->xs >= limit || s->ys >= limit) return 0;
    const way *by = !fours ? &any_way : !cores ? &exact_way : s->bf16 ? &bf16_way : &tf32_way;
    const cut u = cut_of(s);
    *k = {};
    k->s = *s, k->state = (void *)by, k->run = pass == CONV_FORWARD ? run_forward : pass == CONV_DATA ? run_data : run_weights;
    if (pass == CONV_WEIGHTS && !direct(s, &u)) k->work = (size_t)(u.parts * u.rows * u.columns) * sizeof(real);
    snprintf(k->name, sizeof k->name, "%s", by->name);
    return 1;
}
