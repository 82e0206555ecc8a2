/* attention.c - [attention] and [position]: with [layernorm], [connected] each=pixel and [shortcut] they make a transformer. Pixels are
 * tokens, so a map needs no reshape on the way in or out. */
#include "nn/layer.h"
#include "kernels/resample.h"
#include "base/die.h"
#include <stdio.h>

typedef struct { int64_t heads; int products; } attention_layer;
enum { LINEAR, CONV };
static const key attention_keys[] = {
    { "heads", K_INT, offsetof(attention_layer, heads), NULL, "parts the channels are cut into, each with probabilities of its own", 1, 65536, 0 },
    { "products", K_WORD, offsetof(attention_layer, products), "linear",
      "what its four products are: matrices, as in transformers, or 1x1 convolutions, as in networks of maps", 0, 0, "linear|conv" },
    { 0 }
};

/* One of the four products: weights NAME.which.weight (c x c, outputs x inputs; or a filter) and NAME.which.bias; its node is called suffix. */
static tensor *project(const place *p, int products, const char *which, const char *suffix, tensor *x)
{
    char weight[32], bias[32];
    const int64_t c = tensor_channels(x);
    snprintf(weight, sizeof weight, "%s.weight", which), snprintf(bias, sizeof bias, "%s.bias", which);
    const int conv = products == CONV;
    tensor *in[3] = { x, layer_param(p, weight, conv ? SHAPE4(1, 1, c, c) : (shape){ 2, { c, c } }, PARAM, conv ? LAYOUT_CONV : LAYOUT_PLAIN,
                                     init_fan_in(c), 1),
                      layer_param(p, bias, SHAPE1(c), PARAM, LAYOUT_PLAIN, init_fan_in(c), 0) };
    return layer_node(p, conv ? "conv" : "linear", suffix, 3, in, " ");
}

static tensor *attention_build(const place *p, const void *values, tensor **from, int nfrom)
{
    (void)nfrom;
    const attention_layer *v = values;
    tensor *in[3] = { project(p, v->products, "query", "query", from[0]), project(p, v->products, "key", "key", from[0]),
                      project(p, v->products, "value", "value", from[0]) };
    tensor *heads = layer_node(p, "attention", "heads", 3, in, "heads=%lld", (long long)v->heads);
    return project(p, v->products, "out", NULL, heads);
}

typedef struct { key_list grid; } position_layer;
static const key position_keys[] = {
    { "grid", K_LIST, offsetof(position_layer, grid), "0", "rows[,columns] of the table; 0: those of the map. Another map gets it interpolated",
      0, 4096, 0 },
    { 0 }
};

/* The table is 1,t,c, as checkpoints of vision transformers have it (without a class token). */
static tensor *position_build(const place *p, const void *values, tensor **from, int nfrom)
{
    (void)nfrom;
    int64_t grid[2];
    const shape *x = &from[0]->s;
    layer_pair(p, "grid", &((const position_layer *)values)->grid, grid);
    if (!grid[0] != !grid[1]) die_at(p->at, "grid: got %lld,%lld, wanted two sizes or 0", (long long)grid[0], (long long)grid[1]);
    if (!grid[0]) grid[0] = x->d[1], grid[1] = x->d[2];
    tensor *table = layer_param(p, "table", (shape){ 3, { 1, grid[0] * grid[1], x->d[3] } }, PARAM, LAYOUT_PLAIN, init_constant(0), 1);
    if (grid[0] != x->d[1] || grid[1] != x->d[2]) {
        tensor *map = layer_node(p, "reshape", "grid", 1, &table, "height=%lld width=%lld", (long long)grid[0], (long long)grid[1]);
        table = layer_node(p, "upsample", "resized", 1, &map, "height=%lld width=%lld mode=bilinear align_corners=1", (long long)x->d[1],
                           (long long)x->d[2]);
    }
    return layer_node(p, "add_table", NULL, 2, (tensor *[]){ from[0], table }, " ");
}

const layer layer_attention = {
    "attention", "multi-head self-attention over the pixels of a map, its four products included (Vaswani et al. 2017)", attention_keys,
    sizeof(attention_layer), 1, 1, attention_build
};
const layer layer_position = {
    "position", "adds a learned number to every channel of every place (Dosovitskiy et al. 2021)", position_keys, sizeof(position_layer), 1, 1,
    position_build
};
