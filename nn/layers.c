/* layers.c - the table of layers and what they share; see layer.h. */
#include "nn/net.h"
#include "kernels/activation.h"
#include "base/die.h"
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

extern const layer layer_convolutional, layer_deconvolutional, layer_maxpool, layer_upsample, layer_route, layer_shortcut, layer_batchnorm,
    layer_instancenorm, layer_activation, layer_dropout, layer_pad, layer_crop, layer_softmax, layer_avgpool, layer_connected,
    layer_layernorm, layer_groupnorm, layer_attention, layer_position, layer_bottleneck, layer_rpn, layer_roi_align, layer_detections,
    layer_masks, layer_quantize, layer_affine;

const layer *const layers[] = {
    &layer_convolutional, &layer_deconvolutional, &layer_maxpool, &layer_upsample, &layer_route, &layer_shortcut, &layer_batchnorm,
    &layer_instancenorm, &layer_activation, &layer_dropout, &layer_pad, &layer_crop, &layer_softmax, &layer_avgpool, &layer_connected,
    &layer_layernorm, &layer_groupnorm, &layer_attention, &layer_position, &layer_bottleneck, &layer_rpn, &layer_roi_align,
    &layer_detections, &layer_masks, &layer_quantize, &layer_affine, NULL
};

const layer *layer_find(const char *section)
{
    static const struct { const char *alias, *name; } darknet[] = {
        { "conv", "convolutional" }, { "deconv", "deconvolutional" }, { "max", "maxpool" }, { "avg", "avgpool" }, { "conn", "connected" }
    };
    for (size_t i = 0; i < sizeof darknet / sizeof *darknet; i++) if (!strcmp(section, darknet[i].alias)) section = darknet[i].name;
    for (int i = 0; layers[i]; i++) if (!strcmp(layers[i]->section, section)) return layers[i];
    return NULL;
}

tensor *layer_param(const place *p, const char *suffix, shape s, role r, layout l, init i, int decay)
{
    char name[96], a[64], b[64];
    int n = snprintf(name, sizeof name, "%s.%s", p->share ? p->share : p->name, suffix);
    if (n >= (int)sizeof name) die_at(p->at, "the name %s.%s is longer than %zu characters", p->name, suffix, sizeof name - 1);
    tensor *t = graph_find(p->g, name);
    if (p->share) {
        if (!t || (t->role != PARAM && t->role != STATE)) die_at(p->at, "share=%s: that layer has no %s", p->share, suffix);
        if (!shape_same(&t->s, &s)) die_at(p->at, "share=%s: %s is %s there, wanted %s", p->share, suffix, shape_text(&t->s, a), shape_text(&s, b));
        return t;
    }
    if (t) die_at(p->at, "the name %s is taken", name);
    t = graph_leaf(p->g, name, s, REAL_TYPE, r);
    t->layout = l, t->init = i, t->decay = decay;
    return t;
}

tensor *layer_node(const place *p, const char *which, const char *suffix, int nin, tensor *const *in, const char *words, ...)
{
    char name[96], text[512];
    va_list ap;
    va_start(ap, words);
    vsnprintf(text, sizeof text, words, ap);
    va_end(ap);
    if (snprintf(name, sizeof name, suffix ? "%s.%s" : "%s", p->name, suffix) >= (int)sizeof name) die_at(p->at, "the layer's name is too long");
    const op *o = op_find(which);
    char *conf = xalloc(o->conf);
    key_words(o->keys, conf, text, p->at);
    tensor *t = graph_add(p->g, o, name, p->at, nin, in, conf);
    free(conf);
    return t;
}

tensor *layer_inner(const place *p, const char *section, const char *suffix, int nfrom, tensor *const *from, const char *words, ...)
{
    const layer *l = layer_find(section);
    va_list ap;
    va_start(ap, words);
    char *text = NULL, *name = xprintf("%s.%s", p->name, suffix), *share = p->share ? xprintf("%s.%s", p->share, suffix) : NULL;
    if (vasprintf(&text, words, ap) < 0) die_machine("out of memory");
    va_end(ap);
    void *values = xalloc(l->size);
    key_words(l->keys, values, text, p->at);
    place inner = { p->g, p->net, name, p->at, share };
    tensor *in[MAX_IN];
    memcpy(in, from, (size_t)nfrom * sizeof *in);
    tensor *t = l->build(&inner, values, in, nfrom);
    free(values), free(text), free(name), free(share);
    return t;
}

int layer_has_tail(const layer_tail *t) { return t->normalize != NORM_NONE || t->activation != ACT_LINEAR; }

tensor *layer_finish(const place *p, const layer_tail *t, tensor *x)
{
    char *act = key_word(ACT_WORDS, t->activation), *words = xprintf("activation=%s slope=%.17g", act, t->slope);
    int64_t c = tensor_channels(x);
    if (t->normalize == NORM_NONE) {
        if (t->activation != ACT_LINEAR) x = layer_node(p, "activation", NULL, 1, &x, "%s", words);
    } else {
        const int frozen = t->normalize == NORM_BATCH && p->net->conf.frozen_norms;
        const role r = frozen ? STATE : PARAM;
        tensor *in[5] = { x, layer_param(p, "norm.weight", SHAPE1(c), r, LAYOUT_PLAIN, (init){ INIT_ABOUT_1, t->spread }, 0),
                          layer_param(p, "norm.bias", SHAPE1(c), r, LAYOUT_PLAIN, init_constant(0), 0) };
        const int64_t groups = t->normalize == NORM_INSTANCE ? c : t->norm_groups;
        if (t->normalize != NORM_BATCH) x = layer_node(p, "group_norm", NULL, 3, in, "groups=%lld eps=%.17g %s", (long long)groups, t->eps, words);
        else {
            in[3] = layer_param(p, "norm.running_mean", SHAPE1(c), STATE, LAYOUT_PLAIN, init_constant(0), 0);
            in[4] = layer_param(p, "norm.running_var", SHAPE1(c), STATE, LAYOUT_PLAIN, init_constant(1), 0);
            const int inside = t->activation == ACT_LINEAR || act_rectifies((activation)t->activation);
            if (frozen) x = layer_node(p, "fixed_norm", inside ? NULL : "norm", 5, in, "eps=%.17g %s", t->eps, inside ? words : "");
            if (frozen && !inside) x = layer_node(p, "activation", NULL, 1, &x, "%s", words);
            if (!frozen) x = layer_node(p, "batch_norm", NULL, 5, in, "eps=%.17g momentum=%.17g %s", t->eps, t->momentum, words);
        }
    }
    free(act), free(words);
    return x;
}

static int64_t whole(const place *p, const char *what, double v)
{
    if (v != floor(v)) die_at(p->at, "%s: got %g, wanted whole numbers", what, v);
    return (int64_t)v;
}

void layer_padding(const place *p, const key_list *l, int64_t out[4])
{
    static const int map[5][4] = { { 0 }, { 0, 0, 0, 0 }, { 0, 0, 1, 1 }, { 0 }, { 0, 1, 2, 3 } };
    if (l->n != 1 && l->n != 2 && l->n != 4) die_at(p->at, "padding: got %d numbers, wanted 1, 2 (rows,columns) or 4 (top,bottom,left,right)", l->n);
    for (int i = 0; i < 4; i++) out[i] = whole(p, "padding", l->v[map[l->n][i]]);
}

void layer_pair(const place *p, const char *what, const key_list *l, int64_t out[2])
{
    if (l->n != 1 && l->n != 2) die_at(p->at, "%s: got %d numbers, wanted 1 or 2 (rows,columns)", what, l->n);
    for (int i = 0; i < 2; i++) out[i] = whole(p, what, l->v[l->n == 2 ? i : 0]);
}

init init_fan_in(int64_t fan_in) { return (init){ INIT_UNIFORM, 1 / sqrt((double)fan_in) }; }
init init_he(int64_t fan_in, double slope) { return (init){ INIT_NORMAL, sqrt(2 / ((1 + slope * slope) * (double)fan_in)) }; }
init init_he_out(int64_t fan_out) { return init_he(fan_out, 0); }
init init_constant(double value) { return (init){ INIT_CONSTANT, value }; }
init init_normal(double deviation) { return (init){ INIT_NORMAL, deviation }; }
init init_xavier(int64_t fan_in, int64_t fan_out) { return (init){ INIT_UNIFORM, sqrt(6 / (double)(fan_in + fan_out)) }; }
init init_lecun(int64_t fan_in) { return (init){ INIT_UNIFORM, sqrt(3 / (double)fan_in) }; }
