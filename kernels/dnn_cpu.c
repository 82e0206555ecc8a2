/* dnn_cpu.c - oneDNN behind conv_make and dnn_gemm. Written for its 2.x C interface; what 3.x changed stands in the descriptions,
 * map_layout .. bias_layout, and in pick and describe.
 *
 * Maps stay NHWC and weights stay ours; a step of its own packs the weights into the form the primitive asks for, and weight gradients are
 * unpacked from scratch. oneDNN has fast kernels for contiguous maps only, so a view is copied through scratch. A transposed convolution is
 * the adjoint of a convolution from its output to its input: `problem` is always that convolution, and only the pass changes.
 * Stride-1 backward data runs through the *forward* primitive, weights turned by 180 degrees and input and output channels
 * exchanged: in NHWC it is 1.0 to 2 times as fast as the backward-data primitive, most in deep layers.
 * The trap: where oneDNN has no fast kernel it silently offers "ref" loops, a hundred times slower. pick() refuses them. */
#include "kernels/dnn_cpu.h"
#include "kernels/bf16.h"
#include "kernels/loop.h"
#include "base/die.h"
#include <dnnl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check(dnnl_status_t status, const char *what)
{
    if (status != dnnl_success) die_machine("oneDNN: %s failed with status %d", what, (int)status);
}
#define CHECK(call) check(call, #call)

typedef dnnl_memory_desc_t layout_of;

/* A primitive and the arguments it runs on, in the order in which they were added. */
typedef struct { dnnl_primitive_t p; int n; dnnl_exec_arg_t arg[6]; } call;

/* What the passes run as, seen as a convolution from src to dst. */
typedef struct {
    dnnl_dims_t src, dst;                /* n c h w */
    dnnl_dims_t w, at;                   /* [groups] out in h w, and where each index leads in our weights */
    dnnl_dims_t stride, dilation, before, after;     /* h w; dilation 0: none */
    int nw, bias;
    dnnl_data_type_t type, result;       /* of what is multiplied and of the map that comes out: float32 or bf16; sums are float32 */
} problem;

typedef enum { AS_FORWARD, AS_DATA, AS_WEIGHTS } kind;

typedef struct {
    dnnl_engine_t engine; dnnl_stream_t stream;
    call run[2];                         /* 0 sets the output, 1 adds to it (p NULL: added from scratch) */
    call pack[2];                        /* weights to the primitive; weight gradients from it, setting and adding */
    int64_t n_in[2], c_in[2], s_in[2];   /* pixels, channels and stride of the maps read (AS_WEIGHTS: of src and dst) */
    int64_t n_out, c_out, s_out;
    int in16[2], out16, result16;        /* these maps lie in bf16; the primitive's result does */
    int turn, swap, bias, bf16;          /* swap: x is dst, gy is src; bf16: the type that is multiplied */
    int64_t blocks, taps, block;         /* of our weights, for turning: [blocks taps block] */
    size_t at_turned, at_packed, at_in[2], at_out, at_own;     /* in scratch; at_packed: of weight gradients */
} state;

/* ---- descriptions ---- */

static layout_of map_layout(const dnnl_dims_t d, dnnl_data_type_t type)
{
    layout_of m;
    CHECK(dnnl_memory_desc_init_by_tag(&m, 4, d, type, dnnl_nhwc));
    return m;
}
static layout_of src_layout(const problem *p, kind as) { return map_layout(p->src, as == AS_DATA ? p->result : p->type); }
static layout_of dst_layout(const problem *p, kind as) { return map_layout(p->dst, as == AS_FORWARD ? p->result : p->type); }
static layout_of any_weights(const problem *p, kind as)
{
    layout_of m;
    CHECK(dnnl_memory_desc_init_by_tag(&m, p->nw, p->w, as == AS_WEIGHTS ? dnnl_f32 : p->type, dnnl_format_tag_any));
    return m;
}
static layout_of our_weights(const problem *p)
{
    layout_of m;
    CHECK(dnnl_memory_desc_init_by_strides(&m, p->nw, p->w, dnnl_f32, p->at));
    return m;
}
static layout_of bias_layout(const problem *p)
{
    layout_of m;
    dnnl_dims_t d = { p->dst[1] };
    CHECK(dnnl_memory_desc_init_by_tag(&m, 1, d, dnnl_f32, dnnl_a));
    return m;
}

static int64_t reach(const problem *p, int axis) { return (p->w[p->nw - 2 + axis] - 1) * (p->dilation[axis] + 1) + 1; }

/* padding behind the map: what the sizes imply, since rows that no tap reaches need none */
static void set_after(problem *p)
{
    for (int i = 0; i < 2; i++)
        p->after[i] = most(0, (p->dst[2 + i] - 1) * p->stride[i] + reach(p, i) - p->src[2 + i] - p->before[i]);
}

static problem problem_of(const conv_shape *s)
{
    int64_t cg = s->c / s->groups, kg = s->k / s->groups, taps = s->kh * s->kw;
    problem p = { .stride = { s->sh, s->sw }, .dilation = { s->dh - 1, s->dw - 1 }, .before = { s->top, s->left }, .bias = s->bias };
    int64_t x[] = { s->n, s->c, s->h, s->w }, y[] = { s->n, s->k, s->oh, s->ow };
    memcpy(p.src, s->transposed ? y : x, sizeof x);
    memcpy(p.dst, s->transposed ? x : y, sizeof x);
    int64_t plain[] = { s->k, s->c, s->kh, s->kw }, plain_at[] = { 1, s->k, s->kw * s->c * s->k, s->c * s->k };
    int64_t deconv[] = { s->c, s->k, s->kh, s->kw }, deconv_at[] = { taps * s->k, 1, s->kw * s->k, s->k };
    int64_t grouped[] = { s->groups, kg, cg, s->kh, s->kw }, grouped_at[] = { kg, 1, s->k, s->kw * cg * s->k, cg * s->k };
    p.nw = s->groups > 1 ? 5 : 4;
    memcpy(p.w, s->groups > 1 ? grouped : s->transposed ? deconv : plain, (size_t)p.nw * sizeof *p.w);
    memcpy(p.at, s->groups > 1 ? grouped_at : s->transposed ? deconv_at : plain_at, (size_t)p.nw * sizeof *p.at);
    set_after(&p);
    return p;
}

static void exchange(int64_t *a, int64_t *b) { int64_t t = *a; *a = *b, *b = t; }

/* The stride-1 convolution that computes p's backward data, weights turned; 0 where there is none. */
static int turned(problem *p)
{
    if (p->stride[0] != 1 || p->stride[1] != 1) return 0;
    for (int i = 0; i < 4; i++) exchange(&p->src[i], &p->dst[i]);
    exchange(&p->w[p->nw - 4], &p->w[p->nw - 3]);
    exchange(&p->at[p->nw - 4], &p->at[p->nw - 3]);
    for (int i = 0; i < 2; i++) {
        p->before[i] = reach(p, i) - 1 - p->before[i];
        if (p->before[i] < 0 || p->dst[2 + i] - 1 + reach(p, i) - p->src[2 + i] - p->before[i] < 0) return 0;
    }
    set_after(p);
    return 1;
}

/* ---- building ---- */

static void call_arg(call *c, dnnl_engine_t e, int what, const layout_of *m)
{
    dnnl_memory_t memory;
    CHECK(dnnl_memory_create(&memory, m, e, DNNL_MEMORY_NONE));
    c->arg[c->n++] = (dnnl_exec_arg_t){ what, memory };
}

static void call_run(const call *c, dnnl_stream_t s, void *const *at)
{
    for (int i = 0; i < c->n; i++) CHECK(dnnl_memory_set_data_handle(c->arg[i].memory, at[i]));
    CHECK(dnnl_primitive_execute(c->p, s, c->n, c->arg));
    CHECK(dnnl_stream_wait(s));
}

static void call_free(call *c)
{
    for (int i = 0; i < c->n; i++) dnnl_memory_destroy(c->arg[i].memory);
    if (c->p) dnnl_primitive_destroy(c->p);
    *c = (call){ 0 };
}

/* The first implementation that is compiled code, or NULL. */
static dnnl_primitive_desc_t pick(const void *desc, dnnl_primitive_attr_t attr, dnnl_engine_t e, dnnl_primitive_desc_t hint)
{
    dnnl_primitive_desc_iterator_t it;
    if (dnnl_primitive_desc_iterator_create(&it, desc, attr, e, hint) != dnnl_success) return NULL;
    dnnl_primitive_desc_t found = NULL;
    do {
        const char *name = "";
        dnnl_primitive_desc_t pd = dnnl_primitive_desc_iterator_fetch(it);
        CHECK(dnnl_primitive_desc_query(pd, dnnl_query_impl_info_str, 0, &name));
        if (!strstr(name, "ref")) found = pd;
        else CHECK(dnnl_primitive_desc_destroy(pd));
    } while (!found && dnnl_primitive_desc_iterator_next(it) == dnnl_success);
    CHECK(dnnl_primitive_desc_iterator_destroy(it));
    return found;
}

static dnnl_primitive_attr_t attributes(const conv_shape *s, int activate, int add)
{
    dnnl_primitive_attr_t a;
    dnnl_post_ops_t after;
    CHECK(dnnl_primitive_attr_create(&a));
    CHECK(dnnl_primitive_attr_set_scratchpad_mode(a, dnnl_scratchpad_mode_user));
    CHECK(dnnl_post_ops_create(&after));
    if (add) CHECK(dnnl_post_ops_append_sum(after, 1));
    if (activate) CHECK(dnnl_post_ops_append_eltwise(after, 1, dnnl_eltwise_relu, s->act == ACT_LEAKY ? s->slope : 0, 0));
    CHECK(dnnl_primitive_attr_set_post_ops(a, after));
    CHECK(dnnl_post_ops_destroy(after));
    return a;
}

/* The description of one pass; w: the layout of the weights, any or chosen. NULL: no fast kernel. */
static dnnl_primitive_desc_t describe(const problem *p, kind as, const layout_of *w, dnnl_primitive_attr_t attr, dnnl_engine_t e)
{
    layout_of src = src_layout(p, as), dst = dst_layout(p, as), b = bias_layout(p), hint_w = any_weights(p, AS_FORWARD);
    layout_of hint_src = src_layout(p, AS_FORWARD);
    dnnl_convolution_desc_t d, fd;
    dnnl_primitive_desc_t hint, found;
    if (dnnl_dilated_convolution_forward_desc_init(&fd, dnnl_forward_training, dnnl_convolution_direct, &hint_src,
            as == AS_FORWARD ? w : &hint_w, as == AS_FORWARD && p->bias ? &b : NULL, &dst, p->stride, p->dilation, p->before, p->after) != dnnl_success) return NULL;
    if (as == AS_FORWARD) return pick(&fd, attr, e, NULL);
    if (as == AS_DATA)
        CHECK(dnnl_dilated_convolution_backward_data_desc_init(&d, dnnl_convolution_direct, &src, w, &dst, p->stride, p->dilation,
            p->before, p->after));
    else
        CHECK(dnnl_dilated_convolution_backward_weights_desc_init(&d, dnnl_convolution_direct, &src, w, NULL, &dst, p->stride,
            p->dilation, p->before, p->after));
    if (dnnl_primitive_desc_create(&hint, &fd, NULL, e, NULL) != dnnl_success) return NULL;
    found = pick(&d, attr, e, hint);
    CHECK(dnnl_primitive_desc_destroy(hint));
    return found;
}

static const layout_of *asks(dnnl_primitive_desc_t pd, dnnl_query_t what) { return dnnl_primitive_desc_query_md(pd, what, 0); }

/* Makes the primitive of pd with its arguments in the order of run_map and run_sums, frees pd; bytes of its own scratch. */
static size_t finish_call(call *c, state *t, dnnl_primitive_desc_t pd, const problem *p, kind as, const layout_of *w)
{
    static const int args[][3] = { { DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST },
        { DNNL_ARG_DIFF_DST, DNNL_ARG_WEIGHTS, DNNL_ARG_DIFF_SRC }, { DNNL_ARG_SRC, DNNL_ARG_DIFF_DST, DNNL_ARG_DIFF_WEIGHTS } };
    layout_of src = src_layout(p, as), dst = dst_layout(p, as), b = bias_layout(p), own = *asks(pd, dnnl_query_scratchpad_md);
    const layout_of *order[][3] = { { &src, w, &dst }, { &dst, w, &src }, { &src, &dst, w } };
    for (int i = 0; i < 3; i++) call_arg(c, t->engine, args[as][i], order[as][i]);
    call_arg(c, t->engine, DNNL_ARG_SCRATCHPAD, &own);
    if (as == AS_FORWARD && p->bias) call_arg(c, t->engine, DNNL_ARG_BIAS, &b);
    CHECK(dnnl_primitive_create(&c->p, pd));
    CHECK(dnnl_primitive_desc_destroy(pd));
    return dnnl_memory_desc_get_size(&own);
}

static size_t reorder(call *c, state *t, const layout_of *from, const layout_of *to, int add)
{
    dnnl_primitive_attr_t attr = attributes(NULL, 0, add);
    dnnl_primitive_desc_t pd;
    CHECK(dnnl_reorder_primitive_desc_create(&pd, from, t->engine, to, t->engine, attr));
    layout_of own = *asks(pd, dnnl_query_scratchpad_md);
    call_arg(c, t->engine, DNNL_ARG_FROM, from);
    call_arg(c, t->engine, DNNL_ARG_TO, to);
    call_arg(c, t->engine, DNNL_ARG_SCRATCHPAD, &own);
    CHECK(dnnl_primitive_create(&c->p, pd));
    CHECK(dnnl_primitive_desc_destroy(pd));
    CHECK(dnnl_primitive_attr_destroy(attr));
    return dnnl_memory_desc_get_size(&own);
}

/* ---- running ---- */

/* y (+)= x + bias, pixels of `channels` with their strides; x16, y16: the map lies in bf16 */
static inline __attribute__((always_inline)) void copy_as(int x16, int y16, int64_t pixels, int64_t channels, const void *x, int64_t xs,
                                                          const real *bias, void *y, int64_t ys, int add)
{
    #pragma omp parallel for schedule(static)
    for (int64_t p = 0; p < pixels; p++) {
        const bf16 *restrict in16 = (const bf16 *)x + p * xs;
        bf16 *restrict out16 = (bf16 *)y + p * ys;
        const float *restrict in = (const float *)x + p * xs;
        float *restrict out = (float *)y + p * ys;
        #pragma omp simd
        for (int64_t i = 0; i < channels; i++) {
            float v = (x16 ? bf16_get(in16[i]) : in[i]) + (bias ? bias[i] : 0);
            if (y16) out16[i] = bf16_put(v + (add ? bf16_get(out16[i]) : 0));
            else out[i] = v + (add ? out[i] : 0);
        }
    }
}

static void copy_map(int x16, int y16, int64_t pixels, int64_t channels, const void *x, int64_t xs, const real *bias, void *y, int64_t ys,
                     int add)
{
    if (x16) copy_as(1, 1, pixels, channels, x, xs, bias, y, ys, add);         /* never to float32 */
    else if (y16) copy_as(0, 1, pixels, channels, x, xs, bias, y, ys, add);
    else copy_as(0, 0, pixels, channels, x, xs, bias, y, ys, add);
}

static void round_map(int64_t pixels, int64_t channels, const float *x, int64_t xs, bf16 *y)
{
    #pragma omp parallel for schedule(static)
    for (int64_t p = 0; p < pixels; p++) {
        const float *restrict in = x + p * xs;
        bf16 *restrict out = y + p * channels;
        #pragma omp simd
        for (int64_t i = 0; i < channels; i++) out[i] = bf16_put(in[i]);
    }
}

/* input i, copied to scratch if it is a view or has to be rounded */
static const void *contiguous(const context *c, const state *t, int i, const real *x)
{
    void *copy = (char *)c->work + t->at_in[i];
    if (t->bf16 && !t->in16[i]) round_map(t->n_in[i], t->c_in[i], x, t->s_in[i], copy);
    else if (t->s_in[i] != t->c_in[i]) copy_map(t->in16[i], t->in16[i], t->n_in[i], t->c_in[i], x, t->s_in[i], NULL, copy, t->c_in[i], 0);
    else return x;
    return copy;
}

static const real *turn(const context *c, const state *t, const real *w)
{
    real *out = (real *)((char *)c->work + t->at_turned);
    #pragma omp parallel for schedule(static)
    for (int64_t i = 0; i < t->blocks * t->taps; i++) {
        int64_t from = i / t->taps * t->taps + t->taps - 1 - i % t->taps;
        memcpy(out + i * t->block, w + from * t->block, (size_t)t->block * sizeof *out);
    }
    return out;
}

static void pack(const context *c, const conv_kernel *k, const real *w, void *to)
{
    const state *t = k->state;
    const real *from = t->turn ? turn(c, t, w) : w;
    call_run(&t->pack[0], t->stream, (void *[]){ (void *)from, to, (char *)c->work + t->at_own });
}

static void run_map(const context *c, const conv_kernel *k, const real *a, const real *packed, const real *bias, real *out, int add)
{
    const state *t = k->state;
    char *work = c->work;
    int late = bias && !t->bias, through = t->s_out != t->c_out || late || (add && !t->run[1].p);
    void *to = through ? work + t->at_out : (void *)out;
    call_run(&t->run[add && !through], t->stream,
        (void *[]){ (void *)contiguous(c, t, 0, a), (void *)packed, to, work + t->at_own, (void *)bias });
    if (through) copy_map(t->result16, t->out16, t->n_out, t->c_out, to, t->c_out, late ? bias : NULL, out, t->s_out, add);
}

static void run_sums(const context *c, const conv_kernel *k, const real *x, const real *gy, const real *bias, real *gw, int add)
{
    const state *t = k->state;
    char *work = c->work;
    const void *src = contiguous(c, t, 0, t->swap ? gy : x), *dst = contiguous(c, t, 1, t->swap ? x : gy);
    (void)bias;
    call_run(&t->run[0], t->stream, (void *[]){ (void *)src, (void *)dst, work + t->at_packed, work + t->at_own });
    call_run(&t->pack[add], t->stream, (void *[]){ work + t->at_packed, gw, work + t->at_own });
}

/* ---- choosing ---- */

static void release(conv_kernel *k)
{
    state *t = k->state;
    for (int i = 0; i < 2; i++) call_free(&t->run[i]), call_free(&t->pack[i]);
    if (t->stream) dnnl_stream_destroy(t->stream);
    if (t->engine) dnnl_engine_destroy(t->engine);
    free(t);
}

static size_t take(size_t *work, size_t bytes)
{
    size_t at = *work;
    *work += (bytes + 63) / 64 * 64;
    return at;
}

static void set_map(const dnnl_dims_t d, int64_t stride, int64_t *pixels, int64_t *channels, int64_t *s)
{
    *pixels = d[0] * d[2] * d[3], *channels = d[1], *s = stride;
}

/* Primitives, reorders and scratch of one pass; 0: no fast kernel. */
static int build(state *t, const conv_shape *s, const problem *p, kind as, conv_pass pass, conv_kernel *k)
{
    layout_of any = any_weights(p, as), ours = our_weights(p), chosen;
    int activate = as == AS_FORWARD && s->act != ACT_LINEAR;
    dnnl_primitive_attr_t set = attributes(s, activate, 0), sum = attributes(s, activate, 1);
    dnnl_primitive_desc_t pd = describe(p, as, &any, set, t->engine), pd_sum = NULL;
    const char *name = "";
    size_t own = 0;
    if (pd) {
        CHECK(dnnl_primitive_desc_query(pd, dnnl_query_impl_info_str, 0, &name));
        snprintf(k->name, sizeof k->name, "dnnl %s%s%.34s", t->bf16 ? "bf16 " : "", t->turn ? "as forward " : "", name);
        chosen = *asks(pd, as == AS_WEIGHTS ? dnnl_query_diff_weights_md : dnnl_query_weights_md);
        if (as == AS_FORWARD && pass == CONV_DATA) pd_sum = describe(p, as, &chosen, sum, t->engine);
        own = finish_call(&t->run[0], t, pd, p, as, &chosen);
        if (pd_sum) own = (size_t)most((int64_t)own, (int64_t)finish_call(&t->run[1], t, pd_sum, p, as, &chosen));
        for (int i = 0; i < (as == AS_WEIGHTS ? 2 : 1); i++)
            own = (size_t)most((int64_t)own, (int64_t)reorder(&t->pack[i], t, as == AS_WEIGHTS ? &chosen : &ours,
                as == AS_WEIGHTS ? &ours : &chosen, i));
        t->at_own = take(&k->work, own);
        if (as == AS_WEIGHTS) t->at_packed = take(&k->work, dnnl_memory_desc_get_size(&chosen));
        else k->packed = dnnl_memory_desc_get_size(&chosen), k->pack = pack;
    }
    CHECK(dnnl_primitive_attr_destroy(set));
    CHECK(dnnl_primitive_attr_destroy(sum));
    return pd != NULL;
}

static size_t bytes_each(int half) { return half ? sizeof(bf16) : sizeof(float); }

static void set_maps(state *t, const conv_shape *s, const problem *p, kind as, conv_pass pass, size_t *work)
{
    int64_t stride_src = s->transposed ? s->ys : s->xs, stride_dst = s->transposed ? s->xs : s->ys;
    int inputs = as == AS_WEIGHTS ? 2 : 1;
    if (as == AS_WEIGHTS) {
        set_map(p->src, stride_src, &t->n_in[0], &t->c_in[0], &t->s_in[0]);
        set_map(p->dst, stride_dst, &t->n_in[1], &t->c_in[1], &t->s_in[1]);
    } else {
        int forward = as == AS_FORWARD;                        /* a turned problem has src and dst exchanged already */
        set_map(forward ? p->src : p->dst, pass == CONV_FORWARD ? s->xs : s->ys, &t->n_in[0], &t->c_in[0], &t->s_in[0]);
        set_map(forward ? p->dst : p->src, pass == CONV_FORWARD ? s->ys : s->xs, &t->n_out, &t->c_out, &t->s_out);
        int late = pass == CONV_FORWARD && s->bias && !t->bias, may_add = pass == CONV_DATA && !t->run[1].p;
        if (t->s_out != t->c_out || late || may_add) t->at_out = take(work, (size_t)(t->n_out * t->c_out) * bytes_each(t->result16));
    }
    for (int i = 0; i < inputs; i++)
        if (t->bf16 != t->in16[i] || t->s_in[i] != t->c_in[i])
            t->at_in[i] = take(work, (size_t)(t->n_in[i] * t->c_in[i]) * bytes_each(t->bf16));
}

static int make(const conv_shape *s, conv_pass pass, dnnl_data_type_t type, conv_kernel *k)
{
    int big = s->n * s->h * s->w * s->c > INT32_MAX || s->n * s->oh * s->ow * s->k > INT32_MAX || conv_weights(s) > INT32_MAX;
    if (big) return 0;                                         /* its kernels index with int */
    conv_pass backward = s->transposed ? CONV_FORWARD : CONV_DATA;
    kind as = pass == CONV_WEIGHTS ? AS_WEIGHTS : pass == backward ? AS_DATA : AS_FORWARD;
    problem p = problem_of(s);
    p.type = type, p.result = (pass == CONV_FORWARD ? s->y16 : s->x16) ? dnnl_bf16 : dnnl_f32;
    problem other = p;
    state *t = xalloc(sizeof *t);
    t->bf16 = type == dnnl_bf16, t->out16 = p.result == dnnl_bf16;
    t->in16[0] = pass == CONV_FORWARD ? s->x16 : s->y16;       /* weights are summed from float32 maps only */
    conv_kernel made = { .s = *s, .run = pass == CONV_WEIGHTS ? run_sums : run_map, .release = release, .state = t };
    if (as == AS_DATA && turned(&other)) p = other, as = AS_FORWARD, t->turn = 1;
    p.bias = p.bias && pass == CONV_FORWARD;
    t->bias = p.bias && as == AS_FORWARD;
    if (p.bias && !t->bias) p.result = dnnl_f32;               /* rounded once, with its bias */
    t->result16 = p.result == dnnl_bf16;
    t->swap = s->transposed;
    t->taps = s->kh * s->kw, t->blocks = s->transposed ? s->c : 1, t->block = s->transposed ? s->k : s->c / s->groups * s->k;
    t->turn = t->turn && t->taps > 1;
    CHECK(dnnl_engine_create(&t->engine, dnnl_cpu, 0));
    CHECK(dnnl_stream_create(&t->stream, t->engine, dnnl_stream_default_flags));
    conv_shape plain = *s;
    if (pass != CONV_FORWARD) plain.act = ACT_LINEAR;
    int activates = plain.act == ACT_LINEAR || (as == AS_FORWARD && (plain.act == ACT_RELU || plain.act == ACT_LEAKY));
    if (!activates || !build(t, &plain, &p, as, pass, &made)) { release(&made); return 0; }
    set_maps(t, s, &p, as, pass, &made.work);
    if (t->turn) t->at_turned = take(&made.work, (size_t)conv_weights(s) * sizeof(real));
    *k = made;
    return 1;
}

int dnn_multiplies_bf16(void)
{
    return (dnnl_get_effective_cpu_isa() & dnnl_cpu_isa_avx512_core_bf16) == dnnl_cpu_isa_avx512_core_bf16;
}

/* bf16 only where the processor multiplies it (oneDNN would emulate it) and the maps lie in it or both sides have channels enough to gain,
 * and not for weight gradients: with AMX, oneDNN 2.6.3's kernel gives infinities at 4x896x320, 16 to 16 channels, and does not end at
 * other shapes. */
int dnn_conv_make(const conv_shape *s, conv_pass pass, conv_kernel *k)
{
    const int halves = s->x16 || s->y16, gain = halves || (s->bf16 && s->c >= 8 && s->k >= 8);
    if (pass != CONV_WEIGHTS && gain && dnn_multiplies_bf16() && make(s, pass, dnnl_bf16, k)) return 1;
    return !halves && make(s, pass, dnnl_f32, k);
}

int dnn_gemm(const gemm_shape *s, real alpha, const real *a, const real *b, real *y, int add)
{
    CHECK(dnnl_sgemm(s->ta ? 'T' : 'N', s->tb ? 'T' : 'N', s->m, s->n, s->k, alpha, a, s->lda, b, s->ldb, add ? 1 : 0, y, s->ldc));
    return 1;
}
