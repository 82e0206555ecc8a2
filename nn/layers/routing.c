/* routing.c - layers that join, cut and frame maps: [route] [shortcut] [pad] [crop]. */
#include "nn/layer.h"
#include "kernels/activation.h"
#include "base/die.h"

typedef struct { const char *layers; } route_layer;
static const key route_keys[] = {
    { "layers", K_FROM, offsetof(route_layer, layers), "", "the layers to join, in the order of their channels", 0, 0, 0 },
    { 0 }
};

static tensor *route_build(const place *p, const void *values, tensor **from, int nfrom)
{
    (void)values;
    return nfrom == 1 ? from[0] : layer_node(p, "concat", NULL, nfrom, from, " ");
}

typedef struct { layer_tail tail; } shortcut_layer;
static const key shortcut_keys[] = {
    { "activation", K_WORD, offsetof(shortcut_layer, tail.activation), "linear", "applied to the sum", 0, 0, ACT_WORDS },
    { "slope",      K_REAL, offsetof(shortcut_layer, tail.slope), "0.01", "of leaky, left of 0", 0, 1, 0 },
    { 0 }
};

static tensor *shortcut_build(const place *p, const void *values, tensor **from, int nfrom)
{
    const shortcut_layer *v = values;
    tensor *x = layer_node(p, "add", layer_has_tail(&v->tail) ? "sum" : NULL, nfrom, from, " ");
    return layer_finish(p, &v->tail, x);
}

typedef struct { key_list padding; const char *to; int64_t multiple; int mode; } frame_layer;
enum { ZEROS, REFLECT };
static const key pad_keys[] = {
    { "padding", K_LIST, offsetof(frame_layer, padding), "0", "all sides, or rows,columns, or top,bottom,left,right", 0, 16384, 0 },
    { "to",      K_FROM, offsetof(frame_layer, to), "", "pad to the size of that layer, the odd row and column at the bottom and right", 0, 0, 0 },
    { "multiple", K_INT, offsetof(frame_layer, multiple), "1", "pad to the next multiple of it instead, the odd row and column likewise", 1, 4096, 0 },
    { "mode", K_WORD, offsetof(frame_layer, mode), "zero", "what the frame is filled with: zeros, or the map's mirror image", 0, 0, "zero|reflect" },
    { 0 }
};
static const key crop_keys[] = {
    { "padding", K_LIST, offsetof(frame_layer, padding), "0", "pixels cut off: all sides, or rows,columns, or top,bottom,left,right", 0, 16384, 0 },
    { "to",      K_FROM, offsetof(frame_layer, to), "", "crop to the size of that layer, the odd row and column at the bottom and right", 0, 0, 0 },
    { 0 }
};

/* sign +1 pads, -1 crops. A frame of nothing adds no node. */
static tensor *frame(const place *p, const char *op, int sign, const frame_layer *v, tensor **from, int nfrom)
{
    int64_t f[4];
    layer_padding(p, &v->padding, f);
    if (nfrom > 1) {
        char a[64], b[64];
        if (f[0] | f[1] | f[2] | f[3]) die_at(p->at, "padding= and to= contradict each other");
        if (nfrom > 2) die_at(p->at, "to: got %d layers, wanted 1", nfrom - 1);
        for (int i = 0; i < 2; i++) {
            int64_t d = sign * (from[1]->s.d[1 + i] - from[0]->s.d[1 + i]);
            if (d < 0) die_at(p->at, "cannot %s %s to the size of %s", op, shape_text(&from[0]->s, a), shape_text(&from[1]->s, b));
            f[2 * i] = d / 2, f[2 * i + 1] = d - d / 2;
        }
    }
    if (!(f[0] | f[1] | f[2] | f[3])) return from[0];
    return layer_node(p, op, NULL, 1, from, "top=%lld bottom=%lld left=%lld right=%lld", (long long)f[0], (long long)f[1],
                      (long long)f[2], (long long)f[3]);
}

static tensor *pad_build(const place *p, const void *values, tensor **from, int nfrom)
{
    frame_layer v = *(const frame_layer *)values;
    if (v.multiple > 1) {
        int64_t f[4];
        layer_padding(p, &v.padding, f);
        if (nfrom > 1 || f[0] | f[1] | f[2] | f[3]) die_at(p->at, "multiple= contradicts padding= and to=");
        v.padding.n = 4;
        for (int i = 0; i < 2; i++) {
            const int64_t d = (v.multiple - from[0]->s.d[1 + i] % v.multiple) % v.multiple;
            v.padding.v[2 * i] = (double)(d / 2), v.padding.v[2 * i + 1] = (double)(d - d / 2);
        }
    }
    return frame(p, v.mode == REFLECT ? "reflect" : "pad", 1, &v, from, nfrom);
}
static tensor *crop_build(const place *p, const void *values, tensor **from, int nfrom) { return frame(p, "crop", -1, values, from, nfrom); }

const layer layer_route = { "route", "channels of several layers side by side", route_keys, sizeof(route_layer), 1, MAX_IN, route_build };
const layer layer_shortcut = { "shortcut", "the sum of this and earlier layers", shortcut_keys, sizeof(shortcut_layer), 2, MAX_IN, shortcut_build };
const layer layer_pad = { "pad", "a frame of zeros or mirrored pixels", pad_keys, sizeof(frame_layer), 1, 1, pad_build };
const layer layer_crop = { "crop", "the inner part of a map", crop_keys, sizeof(frame_layer), 1, 1, crop_build };
