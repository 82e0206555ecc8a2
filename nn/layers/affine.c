/* affine.c - [affine]: constants that a map is moved and scaled by, such as the mean and deviation of the pictures that weights were trained on. */
#include "nn/layer.h"
#include "base/die.h"
#include <stdlib.h>

typedef struct { key_list shift, scale; } affine_layer;
static const key affine_keys[] = {
    { "shift", K_LIST, offsetof(affine_layer, shift), "0", "subtracted: one number, or one a channel", 0, 0, 0 },
    { "scale", K_LIST, offsetof(affine_layer, scale), "1", "then divided by", 1e-6, 1e6, 0 },
    { 0 }
};

static tensor *affine_build(const place *p, const void *values, tensor **from, int nfrom)
{
    (void)nfrom;
    char *shift = key_text(&affine_keys[0], values), *scale = key_text(&affine_keys[1], values);
    tensor *t = layer_node(p, "affine", NULL, 1, from, "shift=%s scale=%s", shift, scale);
    free(shift), free(scale);
    return t;
}

const layer layer_affine = { "affine", "(x - shift) / scale, by constants", affine_keys, sizeof(affine_layer), 1, 1, affine_build };
