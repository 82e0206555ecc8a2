/* pooling.c - [maxpool] and [upsample]: layers that change the size of a map. */
#include "nn/layer.h"

typedef struct { key_list size, stride, padding; } maxpool_layer;

static const key maxpool_keys[] = {
    { "size",    K_LIST, offsetof(maxpool_layer, size),    "2", "window, rows[,columns]", 1, 99, 0 },
    { "stride",  K_LIST, offsetof(maxpool_layer, stride),  "2", "rows[,columns]", 1, 99, 0 },
    { "padding", K_LIST, offsetof(maxpool_layer, padding), "0", "of minus infinity: all sides, or rows,columns, or top,bottom,left,right", 0, 99, 0 },
    { 0 }
};

static tensor *maxpool_build(const place *p, const void *values, tensor **from, int nfrom)
{
    (void)nfrom;
    const maxpool_layer *v = values;
    int64_t size[2], stride[2], pad[4];
    layer_pair(p, "size", &v->size, size);
    layer_pair(p, "stride", &v->stride, stride);
    layer_padding(p, &v->padding, pad);
    return layer_node(p, "maxpool", NULL, 1, from,
                      "size_h=%lld size_w=%lld stride_h=%lld stride_w=%lld pad_top=%lld pad_bottom=%lld pad_left=%lld pad_right=%lld",
                      (long long)size[0], (long long)size[1], (long long)stride[0], (long long)stride[1], (long long)pad[0], (long long)pad[1],
                      (long long)pad[2], (long long)pad[3]);
}

typedef struct { int64_t stride, height, width; int mode, align_corners; } upsample_layer;

static const key upsample_keys[] = {
    { "stride",        K_INT,  offsetof(upsample_layer, stride), "2", "how many times larger", 1, 99, 0 },
    { "height",        K_INT,  offsetof(upsample_layer, height), "0", "rows of the output instead of stride (with width)", 0, 16384, 0 },
    { "width",         K_INT,  offsetof(upsample_layer, width),  "0", "columns of the output instead of stride", 0, 16384, 0 },
    { "mode",          K_WORD, offsetof(upsample_layer, mode),   "nearest", "interpolation", 0, 0, "nearest|bilinear" },
    { "align_corners", K_BOOL, offsetof(upsample_layer, align_corners), "0", "bilinear: corner pixels keep their values", 0, 0, 0 },
    { 0 }
};

static tensor *upsample_build(const place *p, const void *values, tensor **from, int nfrom)
{
    (void)nfrom;
    const upsample_layer *v = values;
    return layer_node(p, "upsample", NULL, 1, from, "stride=%lld height=%lld width=%lld mode=%s align_corners=%d", (long long)v->stride,
                      (long long)v->height, (long long)v->width, v->mode ? "bilinear" : "nearest", v->align_corners);
}

const layer layer_maxpool = { "maxpool", "maximum over windows", maxpool_keys, sizeof(maxpool_layer), 1, 1, maxpool_build };
const layer layer_upsample = { "upsample", "a larger map by interpolation", upsample_keys, sizeof(upsample_layer), 1, 1, upsample_build };
