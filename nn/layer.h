/* layer.h - what a cfg section means: a layer turns its keys into one or more nodes. */
#ifndef NN_LAYER_H
#define NN_LAYER_H
#include "nn/graph.h"

typedef struct place {                   /* where a layer is built; passed to build */
    graph *g;
    struct net *net;
    const char *name;                    /* its name= or section_index */
    const char *at;                      /* "unet.cfg:42" */
    const char *share;                   /* parameters of that layer instead of its own, or NULL */
} place;

typedef struct layer {
    const char *section, *help;
    const key *keys;
    size_t size;                         /* bytes of the struct that the keys fill */
    int from_min, from_max;              /* how many inputs it takes; where fewer than from_min are named, the previous layer goes first */
    tensor *(*build)(const place *p, const void *values, tensor **from, int nfrom);
} layer;

extern const layer *const layers[];      /* NULL at the end; nn/layers.c */
const layer *layer_find(const char *section);

/* For build: a parameter of this layer ("NAME.suffix"; or that of the layer it shares with); a node called NAME (suffix NULL) or
 * NAME.suffix, its settings as the words of the op's own key table ("size=3 stride=%d", printf style), the only way in. */
tensor *layer_param(const place *p, const char *suffix, shape s, role r, layout l, init i, int decay);
tensor *layer_node(const place *p, const char *which, const char *suffix, int nin, tensor *const *in, const char *words, ...)
    __attribute__((format(printf, 6, 7)));

/* A layer inside a layer, called NAME.suffix (and sharing with SHARE.suffix): its keys as words. */
tensor *layer_inner(const place *p, const char *section, const char *suffix, int nfrom, tensor *const *from, const char *words, ...)
    __attribute__((format(printf, 6, 7)));

/* What convolutional and deconvolutional layers do after the sum: normalize (batch, instance, group), then the activation. */
typedef struct { int normalize, activation; int64_t norm_groups; double slope, eps, momentum, spread; } layer_tail;     /* spread: of norm weights about 1 */
#define NORM_WORDS "none|batch|instance|group"
enum { NORM_NONE, NORM_BATCH, NORM_INSTANCE, NORM_GROUP };
#define LAYER_TAIL_KEYS(type, tail) \
    { "activation", K_WORD, offsetof(type, tail.activation), "linear", "applied last", 0, 0, ACT_WORDS }, \
    { "slope",      K_REAL, offsetof(type, tail.slope), "0.01", "of leaky, left of 0 (Darknet: 0.1)", 0, 1, 0 }, \
    { "normalize",  K_WORD, offsetof(type, tail.normalize), "none", "normalisation before the activation", 0, 0, NORM_WORDS }, \
    { "norm_groups", K_INT, offsetof(type, tail.norm_groups), "32", "normalize=group: parts the channels are cut into", 1, 65536, 0 }, \
    { "eps",        K_REAL, offsetof(type, tail.eps), "1e-5", "added to the variance", 0, 1, 0 }, \
    { "momentum",   K_REAL, offsetof(type, tail.momentum), "0.1", "share of the new batch in the running statistics", 0, 1, 0 }
/* normalize and activation as the last nodes of the layer; x must be the node before (named NAME.sum). */
tensor *layer_finish(const place *p, const layer_tail *t, tensor *x);
/* Does a layer with this tail add nodes after its sum? (Decides whether the sum is called NAME or NAME.sum.) */
int layer_has_tail(const layer_tail *t);
/* padding= as 1 number (all sides), 2 (rows, columns) or 4 (top, bottom, left, right) -> out[4]; dies at the place otherwise. */
void layer_padding(const place *p, const key_list *l, int64_t out[4]);
void layer_pair(const place *p, const char *what, const key_list *l, int64_t out[2]);     /* size=3 or size=3,5 (rows, columns) */

/* Convolution weights as PyTorch starts them: U(-b, b), b = 1 / sqrt(fan_in) (He et al. 2015 with a = sqrt 5). */
init init_fan_in(int64_t fan_in);
/* He et al. 2015 for leaky slope a: N(0, s), s = sqrt(2 / ((1 + a^2) fan_in)). */
init init_he(int64_t fan_in, double slope);
/* The same with fan_out and a = 0, which keeps the size of gradients rather than that of maps. */
init init_he_out(int64_t fan_out);
init init_constant(double value);
init init_normal(double deviation);
/* Glorot and Bengio 2010: U(-b, b), b = sqrt(6 / (fan_in + fan_out)). */
init init_xavier(int64_t fan_in, int64_t fan_out);
/* LeCun et al. 1998: variance 1 / fan_in, U(-b, b), b = sqrt(3 / fan_in). */
init init_lecun(int64_t fan_in);
#endif
