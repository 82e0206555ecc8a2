/* pooling.c - [maxpool] [avgpool] [upsample]: layers that change the size of a map. */
#include "nn/layer.h"
#include "kernels/resample.h"
#include "base/die.h"
#include <stdlib.h>

typedef struct { key_list size, stride, padding; int count_pad; } pool_layer;

#define PADDING "all sides, or rows,columns, or top,bottom,left,right"
static const key maxpool_keys[] = {
    { "size",    K_LIST, offsetof(pool_layer, size),    "2", "window, rows[,columns]", 1, 99, 0 },
    { "stride",  K_LIST, offsetof(pool_layer, stride),  "2", "rows[,columns]", 1, 99, 0 },
    { "padding", K_LIST, offsetof(pool_layer, padding), "0", "of minus infinity: " PADDING, 0, 99, 0 },
    { 0 }
};

static tensor *window_node(const place *p, const char *op, const pool_layer *v, tensor **from, const char *more)
{
    int64_t size[2], stride[2], pad[4];
    layer_pair(p, "size", &v->size, size);
    layer_pair(p, "stride", &v->stride, stride);
    layer_padding(p, &v->padding, pad);
    return layer_node(p, op, NULL, 1, from,
                      "size_h=%lld size_w=%lld stride_h=%lld stride_w=%lld pad_top=%lld pad_bottom=%lld pad_left=%lld pad_right=%lld %s",
                      (long long)size[0], (long long)size[1], (long long)stride[0], (long long)stride[1], (long long)pad[0], (long long)pad[1],
                      (long long)pad[2], (long long)pad[3], more);
}

static tensor *maxpool_build(const place *p, const void *values, tensor **from, int nfrom)
{
    (void)nfrom;
    return window_node(p, "maxpool", values, from, "");
}

static const key avgpool_keys[] = {
    { "size",      K_LIST, offsetof(pool_layer, size),      "0", "window, rows[,columns]; 0: the whole map, one pixel comes out", 0, 99, 0 },
    { "stride",    K_LIST, offsetof(pool_layer, stride),    "0", "rows[,columns]; 0: the window's size", 0, 99, 0 },
    { "padding",   K_LIST, offsetof(pool_layer, padding),   "0", "zeros: " PADDING, 0, 99, 0 },
    { "count_pad", K_BOOL, offsetof(pool_layer, count_pad), "1", "1: the padding counts in the mean; 0: it does not", 0, 0, 0 },
    { 0 }
};

static tensor *avgpool_build(const place *p, const void *values, tensor **from, int nfrom)
{
    (void)nfrom;
    pool_layer v = *(const pool_layer *)values;
    if (v.stride.n == 1 && v.stride.v[0] == 0) v.stride = v.size;
    if (v.size.n > 1 || v.size.v[0] != 0) return window_node(p, "avgpool", &v, from, v.count_pad ? "count_pad=1" : "count_pad=0");
    for (int i = 0; i < v.padding.n; i++) if (v.padding.v[i] != 0) die_at(p->at, "padding needs size=");
    if (v.stride.v[0] != 0) die_at(p->at, "stride needs size=");
    return layer_node(p, "reduce", NULL, 1, from, "over=pixels kind=mean");
}

typedef struct { int64_t stride, height, width; int mode, align_corners; const char *to; } upsample_layer;

static const key upsample_keys[] = {
    { "stride",        K_INT,  offsetof(upsample_layer, stride), "2", "how many times larger", 1, 99, 0 },
    { "height",        K_INT,  offsetof(upsample_layer, height), "0", "rows of the output instead of stride (with width)", 0, 16384, 0 },
    { "width",         K_INT,  offsetof(upsample_layer, width),  "0", "columns of the output instead of stride", 0, 16384, 0 },
    { "to",            K_FROM, offsetof(upsample_layer, to), "", "rows and columns of that layer instead", 0, 0, 0 },
    { "mode",          K_WORD, offsetof(upsample_layer, mode),   "nearest", "interpolation; area: means over fitting windows", 0, 0, RESAMPLE_WORDS },
    { "align_corners", K_BOOL, offsetof(upsample_layer, align_corners), "0", "bilinear, bicubic: corner pixels keep their values", 0, 0, 0 },
    { 0 }
};

static tensor *upsample_build(const place *p, const void *values, tensor **from, int nfrom)
{
    upsample_layer whole = *(const upsample_layer *)values, *v = &whole;
    if (nfrom > 2) die_at(p->at, "to: got %d layers, wanted 1", nfrom - 1);
    if (nfrom > 1) {
        if (v->height || v->width) die_at(p->at, "height=, width= and to= contradict each other");
        v->height = from[1]->s.d[1], v->width = from[1]->s.d[2];
    }
    char *mode = key_word(RESAMPLE_WORDS, v->mode);
    tensor *t = layer_node(p, "upsample", NULL, 1, from, "stride=%lld height=%lld width=%lld mode=%s align_corners=%d", (long long)v->stride,
                           (long long)v->height, (long long)v->width, mode, v->align_corners);
    free(mode);
    return t;
}

const layer layer_maxpool = { "maxpool", "maximum over windows", maxpool_keys, sizeof(pool_layer), 1, 1, maxpool_build };
const layer layer_avgpool = { "avgpool", "mean over windows, or over the whole map", avgpool_keys, sizeof(pool_layer), 1, 1, avgpool_build };
const layer layer_upsample = { "upsample", "a larger map by interpolation", upsample_keys, sizeof(upsample_layer), 1, 1, upsample_build };
