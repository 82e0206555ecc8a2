/* spatial.c - ops that change the size of a map: concat, pad, crop, maxpool, avgpool, upsample.
 * An input of a concat that is a view into its output is already there, and so is its gradient: nothing is copied either way. */
#include "nn/ops/check.h"
#include "kernels/map.h"
#include "kernels/avgpool.h"
#include "kernels/pool.h"
#include "kernels/taps.h"
#include <assert.h>

static void concat_infer(node *n)
{
    char a[64], b[64];
    check_inputs(n, 1, MAX_IN);
    check_map(n, 0);
    shape s = n->in[0]->s;
    for (int i = 1; i < n->nin; i++) {
        check_map(n, i);
        const shape *t = &n->in[i]->s;
        if (t->d[0] != s.d[0] || t->d[1] != s.d[1] || t->d[2] != s.d[2])
            die_at(n->at, "concat: %s is %s and %s is %s, wanted the same n,h,w", n->in[0]->name, shape_text(&n->in[0]->s, a), n->in[i]->name,
                   shape_text(t, b));
        s.d[3] += t->d[3];
    }
    node_output(n, s, REAL_TYPE);
}

static int in_place(const node *n, int i) { return n->in[i]->of == n->out[0]; }

static void concat_forward(const context *c, const node *n)
{
    int64_t at = 0;
    for (int i = 0; i < n->nin; at += tensor_channels(n->in[i++]))
        if (!in_place(n, i)) RUN(map_copy, tensor_pixels(n->in[i]), tensor_channels(n->in[i]), X(i), XS(i), Y + at, YS, 0);
}

static void concat_backward(const context *c, const node *n, const step *s)
{
    int64_t at = 0;
    for (int i = 0; i < n->nin; at += tensor_channels(n->in[i++])) {
        assert(!(in_place(n, i) && WANT(i) && ADD(i)));
        if (WANT(i) && !in_place(n, i)) RUN(map_copy, tensor_pixels(n->in[i]), tensor_channels(n->in[i]), GY + at, YS, GX(i), XS(i), ADD(i));
    }
}

typedef struct { int64_t top, bottom, left, right; } frame_conf;
static const key frame_keys[] = {
    { "top",    K_INT, offsetof(frame_conf, top),    "0", "rows added (pad) or taken off (crop)", 0, 16384, NULL },
    { "bottom", K_INT, offsetof(frame_conf, bottom), "0", "rows", 0, 16384, NULL },
    { "left",   K_INT, offsetof(frame_conf, left),   "0", "columns", 0, 16384, NULL },
    { "right",  K_INT, offsetof(frame_conf, right),  "0", "columns", 0, 16384, NULL },
    { 0 }
};

static void frame_infer(node *n, int sign)
{
    char a[64];
    const frame_conf *f = n->conf;
    check_inputs(n, 1, 1);
    check_map(n, 0);
    shape s = n->in[0]->s;
    s.d[1] += sign * (f->top + f->bottom), s.d[2] += sign * (f->left + f->right);
    if (s.d[1] < 1 || s.d[2] < 1) die_at(n->at, "%s: nothing is left of %s", n->op->name, shape_text(&n->in[0]->s, a));
    node_output(n, s, REAL_TYPE);
}
static void pad_infer(node *n) { frame_infer(n, 1); }
static void crop_infer(node *n) { frame_infer(n, -1); }

/* from one map to another of another size, moved by sign * (top, left) */
static window_size moved(const node *n, const shape *from, const shape *to, int sign)
{
    const frame_conf *f = n->conf;
    return (window_size){ to->d[0], to->d[3], from->d[1], from->d[2], to->d[1], to->d[2], sign * f->top, sign * f->left };
}

static void frame_forward(const context *c, const node *n, int sign)
{
    RUN(map_window, moved(n, &n->in[0]->s, &n->out[0]->s, sign), X(0), XS(0), Y, YS, 0);
}
static void frame_backward(const context *c, const node *n, const step *s, int sign)
{
    if (WANT(0)) RUN(map_window, moved(n, &n->out[0]->s, &n->in[0]->s, -sign), GY, YS, GX(0), XS(0), ADD(0));
}
static void pad_forward(const context *c, const node *n) { frame_forward(c, n, 1); }
static void crop_forward(const context *c, const node *n) { frame_forward(c, n, -1); }
static void pad_backward(const context *c, const node *n, const step *s) { frame_backward(c, n, s, 1); }
static void crop_backward(const context *c, const node *n, const step *s) { frame_backward(c, n, s, -1); }

typedef struct { int64_t size_h, size_w, stride_h, stride_w, top, bottom, left, right; int count_pad; } pool_conf;
#define POOL_KEYS(of) \
    { "size_h",     K_INT, offsetof(pool_conf, size_h),   "2", "rows of the window", 1, POOL_MAX, NULL }, \
    { "size_w",     K_INT, offsetof(pool_conf, size_w),   "2", "columns of the window", 1, POOL_MAX, NULL }, \
    { "stride_h",   K_INT, offsetof(pool_conf, stride_h), "2", "rows from one window to the next", 1, 16384, NULL }, \
    { "stride_w",   K_INT, offsetof(pool_conf, stride_w), "2", "columns from one window to the next", 1, 16384, NULL }, \
    { "pad_top",    K_INT, offsetof(pool_conf, top),      "0", "rows of " of, 0, POOL_MAX, NULL }, \
    { "pad_bottom", K_INT, offsetof(pool_conf, bottom),   "0", "rows of " of, 0, POOL_MAX, NULL }, \
    { "pad_left",   K_INT, offsetof(pool_conf, left),     "0", "columns of " of, 0, POOL_MAX, NULL }, \
    { "pad_right",  K_INT, offsetof(pool_conf, right),    "0", "columns of " of, 0, POOL_MAX, NULL }
static const key pool_keys[] = { POOL_KEYS("minus infinity"), { 0 } };
static const key avgpool_keys[] = {
    POOL_KEYS("zeros"),
    { "count_pad",  K_BOOL, offsetof(pool_conf, count_pad), "1", "1: divide by the window's size; 0: by its pixels in the map", 0, 0, NULL },
    { 0 }
};

static void pool_output(node *n)
{
    char a[64];
    const pool_conf *f = n->conf;
    const char *name = n->op->name;
    check_inputs(n, 1, 1);
    check_map(n, 0);
    shape s = n->in[0]->s;
    if (f->top >= f->size_h || f->bottom >= f->size_h || f->left >= f->size_w || f->right >= f->size_w)
        die_at(n->at, "%s: the padding must be smaller than the window, or a window would hold nothing", name);
    if (s.d[1] + f->top + f->bottom < f->size_h || s.d[2] + f->left + f->right < f->size_w)
        die_at(n->at, "%s: a window of %lld x %lld does not fit %s", name, (long long)f->size_h, (long long)f->size_w, shape_text(&s, a));
    s.d[1] = (s.d[1] + f->top + f->bottom - f->size_h) / f->stride_h + 1;
    s.d[2] = (s.d[2] + f->left + f->right - f->size_w) / f->stride_w + 1;
    node_output(n, s, REAL_TYPE);
}

static void pool_infer(node *n)
{
    const pool_conf *f = n->conf;
    if (f->size_h * f->size_w > POOL_MAX)
        die_at(n->at, "maxpool: got a window of %lld x %lld, wanted at most %d pixels", (long long)f->size_h, (long long)f->size_w, POOL_MAX);
    pool_output(n);
    node_saved(n, "which", n->out[0]->s, U8);
}

static pool_size pool_of(const node *n)
{
    const pool_conf *f = n->conf;
    const int64_t *x = n->in[0]->s.d, *y = n->out[0]->s.d;
    return (pool_size){ x[0], x[3], x[1], x[2], y[1], y[2], f->size_h, f->size_w, f->stride_h, f->stride_w, f->top, f->left };
}

static void pool_forward(const context *c, const node *n) { RUN(pool_forward, pool_of(n), X(0), XS(0), Y, YS, SAVED(0)); }
static void pool_backward(const context *c, const node *n, const step *s)
{
    if (WANT(0)) RUN(pool_backward, pool_of(n), SAVED(0), GY, YS, GX(0), XS(0), ADD(0));
}

static int count_pad(const node *n) { return ((const pool_conf *)n->conf)->count_pad; }
static void avgpool_forward(const context *c, const node *n) { RUN(avgpool_forward, pool_of(n), count_pad(n), X(0), XS(0), Y, YS); }
static void avgpool_backward(const context *c, const node *n, const step *s)
{
    if (WANT(0)) RUN(avgpool_backward, pool_of(n), count_pad(n), GY, YS, GX(0), XS(0), ADD(0));
}

typedef struct { int64_t stride, height, width; int mode, align_corners; } upsample_conf;
static const key upsample_keys[] = {
    { "mode",          K_WORD, offsetof(upsample_conf, mode),          "nearest", "interpolation; area: means over fitting windows", 0, 0, RESAMPLE_WORDS },
    { "stride",        K_INT,  offsetof(upsample_conf, stride),        "2", "how many times larger, where height and width are 0", 1, 1024, NULL },
    { "height",        K_INT,  offsetof(upsample_conf, height),        "0", "rows of the output", 0, 16384, NULL },
    { "width",         K_INT,  offsetof(upsample_conf, width),         "0", "columns of the output", 0, 16384, NULL },
    { "align_corners", K_BOOL, offsetof(upsample_conf, align_corners), "0", "bilinear, bicubic: corner pixels keep their values", 0, 0, NULL },
    { 0 }
};

static void upsample_infer(node *n)
{
    const upsample_conf *f = n->conf;
    check_inputs(n, 1, 1);
    check_map(n, 0);
    shape s = n->in[0]->s;
    if (!f->height != !f->width) die_at(n->at, "upsample: height and width must be given together");
    if (f->align_corners && (f->mode == RESAMPLE_NEAREST || f->mode == RESAMPLE_AREA))
        die_at(n->at, "upsample: align_corners=1 needs mode=bilinear or bicubic");
    s.d[1] = f->height ? f->height : s.d[1] * f->stride;
    s.d[2] = f->width ? f->width : s.d[2] * f->stride;
    node_output(n, s, REAL_TYPE);
}

static resample_size resample_of(const node *n)
{
    const upsample_conf *f = n->conf;
    const int64_t *x = n->in[0]->s.d, *y = n->out[0]->s.d;
    return (resample_size){ x[0], x[3], x[1], x[2], y[1], y[2], (resample_mode)f->mode, f->align_corners };
}

static void upsample_forward(const context *c, const node *n)
{
    const resample_size s = resample_of(n);
    if (s.mode <= RESAMPLE_BILINEAR) RUN(resample_forward, s, X(0), XS(0), Y, YS);
    else RUN(taps_forward, s, X(0), XS(0), Y, YS);
}

static void upsample_backward(const context *c, const node *n, const step *s)
{
    const resample_size size = resample_of(n);
    if (!WANT(0)) return;
    if (size.mode <= RESAMPLE_BILINEAR) RUN(resample_backward, size, GY, YS, GX(0), XS(0), ADD(0));
    else RUN(taps_backward, size, GY, YS, GX(0), XS(0), ADD(0));
}

const op OP(concat) = {
    .name = "concat", .help = "the channels of several maps side by side", .maps = ~0u,
    .infer = concat_infer, .forward = concat_forward, .backward = concat_backward,
};
const op OP(pad) = {
    .name = "pad", .help = "a frame of zeros around a map", .conf = sizeof(frame_conf), .keys = frame_keys, .maps = 1,
    .infer = pad_infer, .forward = pad_forward, .backward = pad_backward,
};
const op OP(crop) = {
    .name = "crop", .help = "a map without its outer rows and columns", .conf = sizeof(frame_conf), .keys = frame_keys, .maps = 1,
    .infer = crop_infer, .forward = crop_forward, .backward = crop_backward,
};
const op OP(maxpool) = {
    .name = "maxpool", .help = "the maximum of each window", .conf = sizeof(pool_conf), .keys = pool_keys, .maps = 1,
    .infer = pool_infer, .forward = pool_forward, .backward = pool_backward, .again = pool_forward,
};
const op OP(avgpool) = {
    .name = "avgpool", .help = "the mean of each window", .conf = sizeof(pool_conf), .keys = avgpool_keys, .maps = 1,
    .infer = pool_output, .forward = avgpool_forward, .backward = avgpool_backward,
};
const op OP(upsample) = {
    .name = "upsample", .help = "a map at another size by interpolation", .conf = sizeof(upsample_conf), .keys = upsample_keys, .maps = 1,
    .infer = upsample_infer, .forward = upsample_forward, .backward = upsample_backward, .again = upsample_forward,
};
