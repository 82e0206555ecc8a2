/* quantize.c - [quantize]: a codebook. Beside the quantised map it makes a loss, NAME.loss, which pulls map and codes together, and
 * NAME.perplexity, how many codes are in use; both are there for training and cost nothing at inference. */
#include "nn/layer.h"
#include "base/die.h"
#include <stdlib.h>

#define TYPE_WORDS "legacy|corrected|ema"
enum { TYPE_EMA = 2 };
typedef struct { int64_t codes, restart; double beta, decay, eps; int type; } quantize_layer;

#define AT(field) offsetof(quantize_layer, field)
static const key quantize_keys[] = {
    { "codes",   K_INT,  AT(codes),   NULL,     "vectors in the codebook", 1, 1 << 20, 0 },
    { "type",    K_WORD, AT(type),    "legacy", "how codes learn: by their loss, beta weakening the pull on the codes (legacy: as published "
                                                "models were trained) or on the map (corrected: as in the paper); ema: as running means", 0, 0, TYPE_WORDS },
    { "beta",    K_REAL, AT(beta),    "0.25",   "strength of the weaker side of the loss", 0, 1e6, 0 },
    { "decay",   K_REAL, AT(decay),   "0.99",   "type=ema: of the running means", 1e-6, 0.999999, 0 },
    { "eps",     K_REAL, AT(eps),     "1e-5",   "type=ema: spread over the running sizes", 0, 1, 0 },
    { "restart", K_INT,  AT(restart), "0",      "a code that nothing chose for so many batches is put onto a vector of the batch; 0: never", 0, 1 << 20, 0 },
    { 0 }
};

static tensor *state(const place *p, const char *suffix, shape s) { return layer_param(p, suffix, s, STATE, LAYOUT_PLAIN, init_constant(0), 0); }

static void add_update(const place *p, const quantize_layer *v, tensor *z, tensor *codes, tensor *index)
{
    const int ema = v->type == TYPE_EMA;
    const shape each = SHAPE1(v->codes);
    tensor *in[6] = { z, codes, index };
    if (ema || v->restart) in[3] = state(p, "idle", each);
    if (ema) in[4] = state(p, "size", each), in[5] = state(p, "sum", codes->s);
    layer_node(p, "codebook_update", "perplexity", ema ? 6 : v->restart ? 4 : 3, in, "decay=%.17g eps=%.17g restart=%lld", ema ? v->decay : 0, v->eps,
               (long long)v->restart);
}

static tensor *quantize_build(const place *p, const void *values, tensor **from, int nfrom)
{
    (void)nfrom;
    const quantize_layer *v = values;
    const int ema = v->type == TYPE_EMA;
    char *choice = key_word(TYPE_WORDS, v->type), *type = xprintf("type=%s", choice);
    key_unused(quantize_keys, v, "decay", ema, type, p->at), key_unused(quantize_keys, v, "eps", ema, type, p->at);
    tensor *codes = layer_param(p, "embedding.weight", (shape){ 2, { v->codes, tensor_channels(from[0]) } }, ema ? STATE : PARAM, LAYOUT_PLAIN,
                                (init){ INIT_UNIFORM, 1 / (double)v->codes }, 0);
    tensor *q = layer_node(p, "quantize", NULL, 2, (tensor *[]){ from[0], codes }, " ");
    tensor *in[3] = { from[0], codes, q->from->out[1] };
    layer_node(p, "codebook_loss", "loss", 3, in, "%s beta=%.17g", type, v->beta);
    add_update(p, v, from[0], codes, in[2]);
    free(choice), free(type);
    return q;
}

const layer layer_quantize = {
    "quantize", "every pixel becomes the nearest vector of a codebook (van den Oord et al. 2017)", quantize_keys, sizeof(quantize_layer), 1, 1,
    quantize_build
};
