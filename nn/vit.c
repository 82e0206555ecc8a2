/* vit.c - see vit.h. Convolutions lie there as they lie here (h,w,in,out); products are in,out, with heads as axes of their own, and are
 * turned; the position table begins with a class token that TransUNet has not. */
#include "nn/vit.h"
#include "base/die.h"
#include "nn/npz.h"
#include "nn/weights.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK "Transformer/encoderblock_#/"
#define HEADS BLOCK "MultiHeadDotProductAttention_1/"
static const key_rule rules[] = {
    { "conv_root/kernel", "root.weight" }, { "gn_root/scale", "root.norm.weight" }, { "gn_root/bias", "root.norm.bias" },
    { "block#/unit#/conv#/kernel", "block#.unit#.conv#.weight" }, { "block#/unit#/conv_proj/kernel", "block#.unit#.proj.weight" },
    { "block#/unit#/gn#/scale", "block#.unit#.conv#.norm.weight" }, { "block#/unit#/gn#/bias", "block#.unit#.conv#.norm.bias" },
    { "block#/unit#/gn_proj/scale", "block#.unit#.proj.norm.weight" }, { "block#/unit#/gn_proj/bias", "block#.unit#.proj.norm.bias" },
    { "embedding/kernel", "patch.weight" }, { "embedding/bias", "patch.bias" },
    { "Transformer/posembed_input/pos_embedding", "position.table" },
    { BLOCK "LayerNorm_0/scale", "layer#.attention_norm.norm.weight" }, { BLOCK "LayerNorm_0/bias", "layer#.attention_norm.norm.bias" },
    { BLOCK "LayerNorm_2/scale", "layer#.ffn_norm.norm.weight" }, { BLOCK "LayerNorm_2/bias", "layer#.ffn_norm.norm.bias" },
    { HEADS "query/kernel", "layer#.attention.query.weight" }, { HEADS "query/bias", "layer#.attention.query.bias" },
    { HEADS "key/kernel", "layer#.attention.key.weight" },     { HEADS "key/bias", "layer#.attention.key.bias" },
    { HEADS "value/kernel", "layer#.attention.value.weight" }, { HEADS "value/bias", "layer#.attention.value.bias" },
    { HEADS "out/kernel", "layer#.attention.out.weight" },     { HEADS "out/bias", "layer#.attention.out.bias" },
    { BLOCK "MlpBlock_3/Dense_0/kernel", "layer#.fc1.weight" }, { BLOCK "MlpBlock_3/Dense_0/bias", "layer#.fc1.bias" },
    { BLOCK "MlpBlock_3/Dense_1/kernel", "layer#.fc2.weight" }, { BLOCK "MlpBlock_3/Dense_1/bias", "layer#.fc2.bias" },
    { "Transformer/encoder_norm/scale", "encoder_norm.norm.weight" }, { "Transformer/encoder_norm/bias", "encoder_norm.norm.bias" },
    { NULL, NULL },
};
static const key_map map = { .name = "vit", .about = "vision transformers' own .npz", .rule = rules };

static int is_classifier(const char *name)
{
    static const char *const parts[] = { "head/", "pre_logits/", "cls" };
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) if (!strncmp(name, parts[i], strlen(parts[i]))) return 1;
    return 0;
}

static _Noreturn void wrong_shape(const npz *f, const npz_array *a, const param *q)
{
    char got[64], want[64];
    die("%s: %s: got %s, which does not fit the parameter %s, %s", f->path, a->name, shape_text(&a->s, got), q->name, shape_text(&q->s, want));
}

/* Do the leading axes multiply to n? (heads stand as an axis of their own, before or after the cut) */
static int splits_at(const shape *s, int64_t n)
{
    int64_t v = 1;
    for (int i = 0; i <= s->nd; v *= i < s->nd ? s->d[i] : 1, i++) if (v == n) return 1;
    return 0;
}

/* Linear interpolation that keeps the corners: what SciPy's zoom of order 1 does. */
static void resize_table(const real *from, int64_t n, real *to, int64_t m, int64_t c)
{
    const double step = m > 1 ? (double)(n - 1) / (double)(m - 1) : 0;
    for (int64_t y = 0; y < m; y++)
        for (int64_t x = 0; x < m; x++) {
            const int64_t y0 = (int64_t)fmin(floor((double)y * step), (double)(n - 1)), x0 = (int64_t)fmin(floor((double)x * step), (double)(n - 1));
            const int64_t y1 = y0 + (y0 < n - 1), x1 = x0 + (x0 < n - 1);
            const double v = (double)y * step - (double)y0, u = (double)x * step - (double)x0;
            for (int64_t k = 0; k < c; k++)
                to[(y * m + x) * c + k] = (real)((1 - v) * ((1 - u) * (double)from[(y0 * n + x0) * c + k] + u * (double)from[(y0 * n + x1) * c + k])
                                                 + v * ((1 - u) * (double)from[(y1 * n + x0) * c + k] + u * (double)from[(y1 * n + x1) * c + k]));
        }
}

static int64_t side_of(int64_t tokens)
{
    const int64_t side = (int64_t)llround(sqrt((double)tokens));
    return side * side == tokens ? side : 0;
}

static void fill_table(const npz *f, const npz_array *a, const param *q, const real *from, real *to)
{
    const int64_t c = q->s.d[2], n = a->s.nd == 3 && a->s.d[0] == 1 && a->s.d[2] == c ? side_of(a->s.d[1] - 1) : 0, m = side_of(q->s.d[1]);
    if (!n || !m) wrong_shape(f, a, q);
    resize_table(from + c, n, to, m, c);                     /* token 0 is the class token */
}

/* A stem for colour in a network for grey films: what a film seen three times would meet, but for the standardisation of the weights. */
static int sum_colours(const npz_array *a, const param *q, const real *from, real *to)
{
    const shape grey = SHAPE4(a->s.d[0], a->s.d[1], 1, a->s.d[3]);
    if (q->s.nd != 4 || a->s.nd != 4 || a->s.d[2] != 3 || !shape_same(&q->s, &grey)) return 0;
    for (size_t i = 0; i < q->count; i++) {
        const real *w = from + i / (size_t)grey.d[3] * 3 * (size_t)grey.d[3] + i % (size_t)grey.d[3];
        to[i] = w[0] + w[grey.d[3]] + w[2 * grey.d[3]];
    }
    return 1;
}

/* Returns 1 where colours were summed. */
static int fill(const npz *f, int i, const param *q, real *to)
{
    const npz_array *a = &f->a[i];
    const int64_t count = shape_volume(&a->s);
    if (count / 64 > (int64_t)q->count) wrong_shape(f, a, q);            /* before memory is taken: a table may be larger, not that much */
    real *from = xalloc_n((size_t)count + 1, sizeof *from);
    npz_get(f, i, from);
    const int summed = sum_colours(a, q, from, to);
    if (q->s.nd == 3) fill_table(f, a, q, from, to);
    else if (!summed && count != (int64_t)q->count) wrong_shape(f, a, q);
    else if (q->s.nd == 2) {
        const int64_t out = q->s.d[0], in = q->s.d[1];
        if (!splits_at(&a->s, in)) wrong_shape(f, a, q);
        for (int64_t o = 0; o < out; o++) for (int64_t k = 0; k < in; k++) to[o * in + k] = from[k * out + o];
    } else if (!summed) {
        if (q->s.nd == 4 && !shape_same(&q->s, &a->s)) wrong_shape(f, a, q);
        memcpy(to, from, q->count * sizeof *to);
    }
    free(from);
    return summed;
}

/* Every parameter that has a name there must be filled; counts both kinds. */
static void check_all_filled(const npz *f, const params *p, const char *filled, vit_read *r)
{
    char name[160];
    for (int i = 0; i < p->n; i++) {
        const int64_t count = p->p[i].role == PARAM ? (int64_t)p->p[i].count : 0;
        if (filled[i]) r->filled += count;
        else if (key_map_theirs(&map, p->p[i].name, name)) die("%s: no %s in the file, for the parameter %s", f->path, name, p->p[i].name);
        else r->kept += count;
    }
    if (!r->filled) die("%s: fills no parameter of this network", f->path);
}

vit_read vit_weights_read(const char *path, params *p)
{
    npz *f = npz_open(path);
    vit_read r = { 0, 0, 0, 0 };
    char name[160], *filled = xalloc((size_t)p->n + 1);
    for (int i = 0; i < f->n; i++) {
        if (is_classifier(f->a[i].name)) continue;
        const param *q = key_map_ours(&map, f->a[i].name, name) ? params_find(p, name) : NULL;
        if (!q) die("%s: %s: the network has no such parameter", path, f->a[i].name);
        real *to = xalloc_n(q->count, sizeof *to);
        r.summed |= fill(f, i, q, to);
        p->dev->put(p->dev, p->x + q->at, to, q->count * sizeof *to);
        free(to);
        filled[q - p->p] = 1, r.arrays++;
    }
    check_all_filled(f, p, filled, &r);
    free(filled), npz_close(f);
    return r;
}
