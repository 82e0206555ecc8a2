/* naive.h - every op once more, from its definition, one output element at a time, in double: what tests/op_test.c holds the kernels
 * to. Nothing here is shared with the kernels but the order of the words in a key table. */
#ifndef TESTS_NAIVE_H
#define TESTS_NAIVE_H
#include "tests/rig.h"

/* a setting of the node's op, as a number; a word as its position */
static inline double setting(const rig *r, const char *name)
{
    const key *k = key_find(r->n->op->keys, name);
    const char *field = (const char *)r->n->conf + k->at;
    if (k->type == K_INT) return (double)*(const int64_t *)field;
    return k->type == K_REAL ? *(const double *)field : *(const int *)field;
}

typedef struct { int64_t n, h, w, c; } place4;
static inline place4 size4(const tensor *t) { return (place4){ t->s.d[0], t->s.d[1], t->s.d[2], t->s.d[3] }; }
static inline int64_t flat(const tensor *t, int64_t n, int64_t h, int64_t w, int64_t c)
{
    const int64_t *d = t->s.d;
    return ((n * d[1] + h) * d[2] + w) * d[3] + c;
}
static inline int within(const tensor *t, int64_t h, int64_t w) { return h >= 0 && h < t->s.d[1] && w >= 0 && w < t->s.d[2]; }
static inline double x_at(const rig *r, int i, int64_t n, int64_t h, int64_t w, int64_t c)
{
    return (double)slot_get(&r->x[i], flat(r->n->in[i], n, h, w, c));
}
static inline double p_at(const rig *r, int i, int64_t k) { return (double)slot_get(&r->x[i], k); }

/* y[...] = value for every output element n,h,w,c */
#define EACH_OUT(value) do { const tensor *o_ = r->n->out[0]; const place4 e_ = size4(o_); \
    for (int64_t n = 0; n < e_.n; n++) for (int64_t h = 0; h < e_.h; h++) for (int64_t w = 0; w < e_.w; w++) \
    for (int64_t c = 0; c < e_.c; c++) y[flat(o_, n, h, w, c)] = (value); } while (0)

static inline double f_of(int a, double slope, double x)
{
    switch (a) {
    case 1: return x > 0 ? x : 0;
    case 2: return x > 0 ? x : slope * x;
    case 3: return 1 / (1 + exp(-x));
    case 4: return tanh(x);
    case 5: return x / (1 + exp(-x));
    case 6: return x * 0.5 * erfc(-x / sqrt(2));
    default: return x;
    }
}

/* mean and variance over the samples n0..n1-1 and channels c0..c1-1 */
static inline void moments(const rig *r, int64_t n0, int64_t n1, int64_t c0, int64_t c1, double *mean, double *var)
{
    const place4 s = size4(r->n->in[0]);
    const double count = (double)((n1 - n0) * s.h * s.w * (c1 - c0));
    *mean = *var = 0;
    for (int pass = 0; pass < 2; pass++)
        for (int64_t n = n0; n < n1; n++) for (int64_t h = 0; h < s.h; h++) for (int64_t w = 0; w < s.w; w++) for (int64_t c = c0; c < c1; c++) {
            const double v = x_at(r, 0, n, h, w, c);
            if (pass) *var += (v - *mean) * (v - *mean) / count;
            else *mean += v / count;
        }
}

static inline double normed(const rig *r, double x, int64_t c, double mean, double var)
{
    return f_of((int)setting(r, "activation"), setting(r, "slope"), (x - mean) / sqrt(var + setting(r, "eps")) * p_at(r, 1, c) + p_at(r, 2, c));
}

static inline void naive_batch_norm(const rig *r, double *y)
{
    const place4 s = size4(r->n->in[0]);
    double *mean = xalloc_n((size_t)s.c, sizeof *mean), *var = xalloc_n((size_t)s.c, sizeof *var);
    for (int64_t c = 0; c < s.c; c++) {
        if (r->c.training) moments(r, 0, s.n, c, c + 1, &mean[c], &var[c]);
        else mean[c] = p_at(r, 3, c), var[c] = p_at(r, 4, c);
    }
    EACH_OUT(normed(r, x_at(r, 0, n, h, w, c), c, mean[c], var[c]));
    free(mean), free(var);
}

static inline void naive_fixed_norm(const rig *r, double *y)
{
    EACH_OUT(normed(r, x_at(r, 0, n, h, w, c), c, p_at(r, 3, c), p_at(r, 4, c)));
}

static inline void naive_group_norm(const rig *r, double *y)
{
    const place4 s = size4(r->n->in[0]);
    const int64_t groups = (int64_t)setting(r, "groups"), each = s.c / groups;
    double *mean = xalloc_n((size_t)(s.n * groups), sizeof *mean), *var = xalloc_n((size_t)(s.n * groups), sizeof *var);
    for (int64_t n = 0; n < s.n; n++)
        for (int64_t g = 0; g < groups; g++) moments(r, n, n + 1, g * each, (g + 1) * each, &mean[n * groups + g], &var[n * groups + g]);
    EACH_OUT(normed(r, x_at(r, 0, n, h, w, c), c, mean[n * groups + c / each], var[n * groups + c / each]));
    free(mean), free(var);
}

static inline void naive_activation(const rig *r, double *y)
{
    EACH_OUT(f_of((int)setting(r, "activation"), setting(r, "slope"), x_at(r, 0, n, h, w, c)));
}

static inline double sum_at(const rig *r, int64_t n, int64_t h, int64_t w, int64_t c)
{
    double v = 0;
    for (int i = 0; i < r->n->nin; i++) v += x_at(r, i, n, h, w, c);
    return v;
}
static inline void naive_add(const rig *r, double *y) { EACH_OUT(sum_at(r, n, h, w, c)); }

static inline double concat_at(const rig *r, int64_t n, int64_t h, int64_t w, int64_t c)
{
    int i = 0;
    for (; c >= r->n->in[i]->s.d[3]; i++) c -= r->n->in[i]->s.d[3];
    return x_at(r, i, n, h, w, c);
}
static inline void naive_concat(const rig *r, double *y) { EACH_OUT(concat_at(r, n, h, w, c)); }

static inline double framed(const rig *r, int64_t n, int64_t h, int64_t w, int64_t c)
{
    return within(r->n->in[0], h, w) ? x_at(r, 0, n, h, w, c) : 0;
}
static inline void naive_pad(const rig *r, double *y) { EACH_OUT(framed(r, n, h - (int64_t)setting(r, "top"), w - (int64_t)setting(r, "left"), c)); }
static inline void naive_crop(const rig *r, double *y) { EACH_OUT(framed(r, n, h + (int64_t)setting(r, "top"), w + (int64_t)setting(r, "left"), c)); }

static inline double pooled(const rig *r, int64_t n, int64_t h, int64_t w, int64_t c)
{
    double m = -INFINITY;
    for (int64_t i = 0; i < (int64_t)setting(r, "size_h"); i++)
        for (int64_t j = 0; j < (int64_t)setting(r, "size_w"); j++) {
            const int64_t u = h * (int64_t)setting(r, "stride_h") - (int64_t)setting(r, "pad_top") + i;
            const int64_t v = w * (int64_t)setting(r, "stride_w") - (int64_t)setting(r, "pad_left") + j;
            if (within(r->n->in[0], u, v)) m = fmax(m, x_at(r, 0, n, u, v, c));
        }
    return m;
}
static inline void naive_maxpool(const rig *r, double *y) { EACH_OUT(pooled(r, n, h, w, c)); }

#include "tests/naive_layers.h"

static inline double source(int64_t d, int64_t in, int64_t out, int corners)
{
    if (corners) return out == 1 ? 0 : (double)d * (double)(in - 1) / (double)(out - 1);
    return fmax(((double)d + 0.5) * (double)in / (double)out - 0.5, 0);
}
static inline double resampled(const rig *r, int64_t n, int64_t h, int64_t w, int64_t c)
{
    const place4 a = size4(r->n->in[0]), b = size4(r->n->out[0]);
    if (!setting(r, "mode")) return x_at(r, 0, n, h * a.h / b.h, w * a.w / b.w, c);
    if (setting(r, "mode") > 1) return tapped(r, n, h, w, c, setting(r, "mode") == 2);
    const int corners = (int)setting(r, "align_corners");
    const double u = source(h, a.h, b.h, corners), v = source(w, a.w, b.w, corners);
    double sum = 0;
    for (int64_t i = 0; i < a.h; i++)                          /* every input by its hat function; beyond the last, the last */
        for (int64_t j = 0; j < a.w; j++) {
            const double du = fabs(fmin(u, (double)(a.h - 1)) - (double)i), dv = fabs(fmin(v, (double)(a.w - 1)) - (double)j);
            if (du < 1 && dv < 1) sum += (1 - du) * (1 - dv) * x_at(r, 0, n, i, j, c);
        }
    return sum;
}
static inline void naive_upsample(const rig *r, double *y) { EACH_OUT(resampled(r, n, h, w, c)); }

/* softmax of pixel p of input 0, at channel c; of one channel or `flat`, the logistic */
static inline double chance(const rig *r, int64_t p, int64_t c, int logistic)
{
    const int64_t all = tensor_channels(r->n->in[0]);
    double sum = 0;
    if (logistic) return 1 / (1 + exp(-p_at(r, 0, p * all + c)));
    for (int64_t k = 0; k < all; k++) sum += exp(p_at(r, 0, p * all + k) - p_at(r, 0, p * all + c));
    return 1 / sum;
}
static inline void naive_softmax(const rig *r, double *y) { EACH_OUT(chance(r, flat(o_, n, h, w, 0) / e_.c, c, 0)); }

static inline int label_at(const rig *r, int64_t p) { return *(uint8_t *)slot_at(&r->x[1], p); }

static inline void naive_cross_entropy(const rig *r, double *y)
{
    const key_list *w = (const key_list *)((const char *)r->n->conf + key_find(r->n->op->keys, "weights")->at);
    double sum = 0, weight = 0;
    for (int64_t p = 0; p < r->x[1].n; p++) {
        const int t = label_at(r, p);
        if (t == (int)setting(r, "ignore")) continue;
        const double k = w->n ? w->v[t] : 1;
        sum -= k * log(chance(r, p, t, 0)), weight += k;
    }
    *y = sum / weight;
}

static inline void naive_bce(const rig *r, double *y)
{
    double sum = 0, count = 0;
    for (int64_t p = 0; p < r->x[1].n; p++) {
        const double q = chance(r, p, 0, 1);
        if (label_at(r, p) == (int)setting(r, "ignore")) continue;
        sum -= label_at(r, p) ? log(q) : log(1 - q), count++;
    }
    *y = sum / count;
}

/* 2 sum p t, sum p + sum t (or squares) over samples n0..n1-1 and classes c0..c1-1 */
static inline double ratio(const rig *r, int64_t n0, int64_t n1, int64_t c0, int64_t c1, int squares, int logistic, double eps)
{
    const int64_t pixels = r->n->in[0]->s.d[1] * r->n->in[0]->s.d[2];
    double both = 0, size = 0;
    for (int64_t p = n0 * pixels; p < n1 * pixels; p++)
        for (int64_t c = c0; c < c1; c++) {
            if (label_at(r, p) == (int)setting(r, "ignore")) continue;
            const double q = chance(r, p, c, logistic), t = label_at(r, p) == c + logistic;
            both += 2 * q * t, size += (squares ? q * q : q) + t;
        }
    return (both + eps) / (size + eps);
}

static inline void naive_dice(const rig *r, double *y)
{
    enum { MILESIAL, TRANSUNET, NNUNET_BATCH, NNUNET_SAMPLE, PECI };
    const int type = (int)setting(r, "type");
    const int64_t n = r->n->in[0]->s.d[0], c = r->n->in[0]->s.d[3];
    const int logistic = c == 1 || type == PECI;
    double sum = 0;
    if (type == MILESIAL) { *y = 1 - ratio(r, 0, n, 0, c, 0, logistic, 1e-6); return; }
    if (type == TRANSUNET || type == PECI) {
        for (int64_t k = 0; k < c; k++) sum += 1 - ratio(r, 0, n, k, k + 1, 1, logistic, 1e-5);
        *y = sum / (double)c;
        return;
    }
    const int64_t first = logistic ? 0 : 1, parts = type == NNUNET_SAMPLE ? n : 1;
    for (int64_t i = 0; i < parts; i++)
        for (int64_t k = first; k < c; k++) sum -= ratio(r, i * n / parts, (i + 1) * n / parts, k, k + 1, 0, logistic, 1e-5);
    *y = sum / (double)(parts * (c - first));
}

static inline void naive_total(const rig *r, double *y)
{
    const key_list *w = (const key_list *)((const char *)r->n->conf + key_find(r->n->op->keys, "weights")->at);
    *y = 0;
    for (int i = 0; i < r->n->nin; i++) *y += (w->n ? w->v[i] : 1) * p_at(r, i, 0);
}

/* one of two settings: the second unless it says "see the first" */
static inline int64_t either(const rig *r, const char *common, const char *own, double unset)
{
    return (int64_t)(setting(r, own) == unset ? setting(r, common) : setting(r, own));
}
static inline double conv_at(const rig *r, int64_t n, int64_t h, int64_t w, int64_t k)
{
    const tensor *x = r->n->in[0], *f = r->n->in[1];           /* f: H W I/groups O */
    const int64_t groups = (int64_t)setting(r, "groups"), step = (int64_t)setting(r, "dilation"), g = k / (f->s.d[3] / groups);
    double sum = r->n->nin > 2 ? p_at(r, 2, k) : 0;
    for (int64_t i = 0; i < f->s.d[0]; i++) for (int64_t j = 0; j < f->s.d[1]; j++) for (int64_t c = 0; c < f->s.d[2]; c++) {
        const int64_t u = h * either(r, "stride", "stride_h", 0) - either(r, "pad", "pad_top", -1) + i * step;
        const int64_t v = w * either(r, "stride", "stride_w", 0) - either(r, "pad", "pad_left", -1) + j * step;
        if (within(x, u, v)) sum += x_at(r, 0, n, u, v, g * f->s.d[2] + c) * p_at(r, 1, flat(f, i, j, c, k));
    }
    return sum;
}
static inline void naive_conv(const rig *r, double *y) { EACH_OUT(conv_at(r, n, h, w, c)); }

static inline double deconv_at(const rig *r, int64_t n, int64_t h, int64_t w, int64_t k)
{
    const tensor *x = r->n->in[0], *f = r->n->in[1];           /* f: I H W O; input pixel u writes u * stride + i * dilation - pad */
    const int64_t sh = either(r, "stride", "stride_h", 0), sw = either(r, "stride", "stride_w", 0), step = (int64_t)setting(r, "dilation");
    double sum = r->n->nin > 2 ? p_at(r, 2, k) : 0;
    for (int64_t c = 0; c < f->s.d[0]; c++) for (int64_t i = 0; i < f->s.d[1]; i++) for (int64_t j = 0; j < f->s.d[2]; j++) {
        const int64_t u = h + either(r, "pad", "pad_top", -1) - i * step, v = w + either(r, "pad", "pad_left", -1) - j * step;
        if (u % sh || v % sw || !within(x, u / sh, v / sw) || u < 0 || v < 0) continue;
        sum += x_at(r, 0, n, u / sh, v / sw, c) * p_at(r, 1, flat(f, c, i, j, k));
    }
    return sum;
}
static inline void naive_deconv(const rig *r, double *y) { EACH_OUT(deconv_at(r, n, h, w, c)); }

static inline double reflected(const rig *r, int64_t n, int64_t h, int64_t w, int64_t c)
{
    const place4 x = size4(r->n->in[0]);
    h -= (int64_t)setting(r, "top"), w -= (int64_t)setting(r, "left");
    while (h < 0 || h >= x.h) h = x.h == 1 ? 0 : h < 0 ? -h : 2 * (x.h - 1) - h;
    while (w < 0 || w >= x.w) w = x.w == 1 ? 0 : w < 0 ? -w : 2 * (x.w - 1) - w;
    return x_at(r, 0, n, h, w, c);
}
static inline void naive_reflect(const rig *r, double *y) { EACH_OUT(reflected(r, n, h, w, c)); }

/* Dropout has no value to expect, only a rule: 0 or x / (1 - p). What it should have been is read off the result. */
static inline double dropout_rule(const rig *r, int64_t i)
{
    const double p = r->c.training ? setting(r, "probability") : 0;
    return p > 0 && slot_get(&r->y[0], i) == 0 ? 0 : p_at(r, 0, i) / (1 - p);
}
static inline void naive_dropout(const rig *r, double *y) { EACH_OUT(dropout_rule(r, flat(o_, n, h, w, c))); }

#include "tests/naive_loss.h"
#include "tests/naive_vq.h"

#include "tests/naive_choice.h"

static const struct { const char *op; void (*f)(const rig *, double *); } naive[] = {
    { "conv", naive_conv }, { "deconv", naive_deconv }, { "batch_norm", naive_batch_norm }, { "fixed_norm", naive_fixed_norm },
    { "group_norm", naive_group_norm },
    { "activation", naive_activation }, { "add", naive_add }, { "dropout", naive_dropout }, { "softmax", naive_softmax },
    { "concat", naive_concat }, { "pad", naive_pad }, { "crop", naive_crop }, { "maxpool", naive_maxpool }, { "upsample", naive_upsample },
    { "avgpool", naive_avgpool }, { "reduce", naive_reduce }, { "layer_norm", naive_layer_norm }, { "weight_standardize", naive_weight_standardize },
    { "linear", naive_linear }, { "add_table", naive_add_table }, { "multiply", naive_multiply }, { "reshape", naive_reshape },
    { "attention", naive_attention }, { "fold_norm", naive_fold_norm },
    { "cross_entropy", naive_cross_entropy }, { "bce", naive_bce }, { "dice", naive_dice }, { "total", naive_total },
    { "element_loss", naive_element_loss }, { "soft_dice", naive_soft_dice }, { "distill", naive_distill }, { "gather", naive_gather },
    { "scatter", naive_scatter }, { "pick", naive_pick }, { "top_k", naive_top_k }, { "maximum", naive_maximum }, { "argmax", naive_argmax },
    { "roi_align", naive_roi_align }, { "level_rows", naive_level_rows },
    { "proposals", naive_proposals }, { "detections", naive_detections }, { "widen_boxes", naive_widen_boxes }, { "anchor_targets", naive_anchor_targets },
    { "roi_targets", naive_roi_targets }, { "mask_targets", naive_mask_targets },
    { "reflect", naive_reflect }, { "quantize", naive_quantize }, { "codebook_loss", naive_codebook_loss }, { "codebook_update", naive_codebook_update },
    { "unit_difference", naive_unit_difference }, { "affine", naive_affine }, { "balance", naive_balance },
};
#endif
