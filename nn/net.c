/* net.c - cfg sections to a graph; see net.h. One loop: find the layer by its section, fill its struct from its key table, resolve
 * where its inputs come from, call its build, note what it made. */
#include "nn/net.h"
#include "nn/detector_input.h"
#include "nn/fold.h"
#include "base/die.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const key net_keys[] = {
    { "batch",     K_INT,  offsetof(net_conf, batch),     "1",       "images in one pass", 1, 4096, 0 },
    { "height",    K_INT,  offsetof(net_conf, height),    "256",     "rows of the input, pixels", 1, 16384, 0 },
    { "width",     K_INT,  offsetof(net_conf, width),     "256",     "columns of the input, pixels", 1, 16384, 0 },
    { "channels",  K_INT,  offsetof(net_conf, channels),  "1",       "channels of the input", 1, 64, 0 },
    { "classes",   K_INT,  offsetof(net_conf, classes),   "2",       "classes of the output, background included; 1: one sigmoid", 1, 255, 0 },
    { "winograd",  K_BOOL, offsetof(net_conf, winograd),  "1",       "1: 3x3 convolutions by Winograd's algorithm where that is faster (float32, AVX-512); it rounds more", 0, 0, 0 },
    { "conv",      K_WORD, offsetof(net_conf, conv),      "auto",    "who computes convolutions and matrix products on a GPU: cuDNN and cuBLASLt where they are found, by what gives the same bits every run; fast: by whatever is fastest; own: our own kernels", 0, 0, "auto|fast|own" },
    { "precision", K_WORD, offsetof(net_conf, precision), "float32", "of the factors in convolutions, where the machine can, and with bf16 on a CPU of most maps; sums and all else are float32 (tf32: on a GPU only)", 0, 0, "float32|bf16|tf32" },
    { "graph",     K_BOOL, offsetof(net_conf, graph),     "1",       "1: on a GPU a training step is recorded once and then run as a whole (a CUDA graph); 0: kernel by kernel, to the same bits", 0, 0, 0 },
    { "fold",      K_BOOL, offsetof(net_conf, fold),      "1",       "1: at inference batch norms become part of the convolutions before them; 0: as in training", 0, 0, 0 },
    { "frozen_norms", K_BOOL, offsetof(net_conf, frozen_norms), "0", "1: scale, shift and statistics of all batch norms stay as they are", 0, 0, 0 },
    { "training",  K_BOOL, offsetof(net_conf, training),  "0",       "1: a detector as training needs it: the truth goes in, sampled boxes go through its heads", 0, 0, 0 },
    { "output",    K_TEXT, offsetof(net_conf, output),    "",        "name of the layer whose map is the result (default: the last)", 0, 0, 0 },
    { 0 }
};

/* Keys that every layer takes besides its own. */
typedef struct { const char *name, *from, *share; } common;
const key layer_keys[] = {
    { "name",  K_TEXT, offsetof(common, name),  "", "what other layers call it, and the start of its parameters' names", 0, 0, 0 },
    { "from",  K_FROM, offsetof(common, from),  "", "where the input comes from: names or indices (default: the layer before)", 0, 0, 0 },
    { "share", K_TEXT, offsetof(common, share), "", "use the parameters of that layer", 0, 0, 0 },
    { 0 }
};

/* "enc1", "3" (a layer's index), "-2" (relative), or "input" */
static tensor *resolve(const net *t, const char *word, const char *where)
{
    int64_t i;
    if (text_int(word, &i)) {
        int64_t k = i < 0 ? t->n + i : i;
        if (k < 0 || k >= t->n) die_at(where, "got layer %s, wanted 0 to %d, or -1 to -%d", word, t->n - 1, t->n);
        return t->layer[k].out;
    }
    if (!strcmp(word, "input")) return t->input;
    for (int k = t->n; k-- > 0;) if (!strcmp(t->layer[k].name, word)) return t->layer[k].out;
    const char *names[256];
    int n = 0;
    for (int k = t->n; k-- > 0 && n < 256;) names[n++] = t->layer[k].name;
    die_at(where, "got %s, wanted the name of an earlier layer%s", word, die_nearest(word, names, n));
}

static int resolve_list(const net *t, const char *list, const char *where, tensor **from, int n)
{
    char *copy = xdup(list);
    for (char *save, *w = strtok_r(copy, ", ", &save); w; w = strtok_r(NULL, ", ", &save)) {
        if (n == MAX_IN) die_at(where, "more than %d inputs", MAX_IN);
        from[n++] = resolve(t, w, where);
    }
    free(copy);
    return n;
}

/* The inputs of a layer: its from= (or layers=), the previous layer in front where too few are given, then its other K_FROM keys. */
static int inputs(const net *t, const layer *l, cfg_section *s, const common *c, const void *values, tensor **from)
{
    int n = 0;
    char where[640];
    snprintf(where, sizeof where, "%s: %s.from", s->at, s->name);
    const key *list = key_find(l->keys, "layers");
    const char *names = list ? *(const char *const *)((const char *)values + list->at) : NULL;
    if (names && c->from) die_at(s->at, "%s: from= and layers= are the same thing: give one", s->name);
    n = resolve_list(t, names ? names : c->from ? c->from : "", where, from, n);
    if (n < l->from_min) {
        if (n == MAX_IN) die_at(where, "more than %d inputs", MAX_IN);
        memmove(from + 1, from, (size_t)n * sizeof *from);
        from[0] = t->n ? t->layer[t->n - 1].out : t->input;
        n++;
    }
    if (n < l->from_min || n > l->from_max) die_at(where, "got %d inputs, wanted %d to %d", n, l->from_min, l->from_max);
    for (const key *k = l->keys; k->name; k++) {
        const char *more = k->type == K_FROM && k != list ? *(const char *const *)((const char *)values + k->at) : NULL;
        if (!more) continue;
        snprintf(where, sizeof where, "%s: %s.%s", s->at, s->name, k->name);
        n = resolve_list(t, more, where, from, n);
    }
    return n;
}

static void add_layer(net *t, cfg_section *s)
{
    const layer *l = layer_find(s->name);
    if (!l) {
        const char *names[64];
        int n = 0;
        for (; layers[n] && n < 63; n++) names[n] = layers[n]->section;
        die_at(s->at, "unknown section [%s]%s", s->name, die_nearest(s->name, names, n));
    }
    common c;
    cfg_fill(s, layer_keys, &c);
    void *values = xalloc(l->size);
    cfg_fill(s, l->keys, values);
    cfg_check_used(s, (const key *const[]){ l->keys, layer_keys }, 2);
    if ((t->n & (t->n + 1)) == 0) t->layer = xgrow(t->layer, (size_t)(2 * (t->n + 1)) * sizeof *t->layer);
    net_layer row = { .l = l, .first = t->g->n };
    if (c.name) snprintf(row.name, sizeof row.name, "%s", c.name);
    else snprintf(row.name, sizeof row.name, "%s_%d", s->name, t->n);
    int64_t number;
    if (c.name && (text_int(c.name, &number) || !strcmp(c.name, "input")))
        die_at(s->at, "%s.name: got %s, which means an index or the input elsewhere: wanted another name", s->name, c.name);
    if (c.name && strpbrk(c.name, "/, ")) die_at(s->at, "%s.name: got '%s', wanted a name without slash, comma and space", s->name, c.name);
    if (c.name && strlen(c.name) >= sizeof row.name) die_at(s->at, "%s.name: longer than %zu characters", s->name, sizeof row.name - 1);
    for (int i = 0; i < t->n; i++)
        if (!strcmp(t->layer[i].name, row.name)) die_at(s->at, "%s.name: %s is taken by the layer at %s", s->name, row.name, t->layer[i].at);
    snprintf(row.at, sizeof row.at, "%s", s->at);
    tensor *from[MAX_IN + 4];
    int n = inputs(t, l, s, &c, values, from), before = t->g->nt;
    char where[640], own[96], shared[96];
    snprintf(where, sizeof where, "%s: %s", s->at, s->name);
    const char *of = c.share ? c.share : t->share ? row.name : NULL;
    if (snprintf(own, sizeof own, "%s%s", t->prefix ? t->prefix : "", row.name) >= (int)sizeof own
        || snprintf(shared, sizeof shared, "%s%s", t->share ? t->share : t->prefix ? t->prefix : "", of ? of : "") >= (int)sizeof shared)
        die_at(where, "name: too long with %s before it", t->prefix ? t->prefix : "");
    place p = { t->g, t, own, where, of ? shared : NULL };
    row.out = l->build(&p, values, from, n);
    row.count = t->g->n - row.first;
    for (int i = row.first; i < t->g->n; i++) t->g->node[i]->layer = t->n;
    for (int i = before; i < t->g->nt; i++) if (t->g->tensor[i]->role == PARAM) row.parameters += shape_volume(&t->g->tensor[i]->s);
    t->layer[t->n++] = row;
    free(values);
}

/* All that a detector's sections make, of the sizes that reading what it found relies on. */
static void check_detector(const net *t)
{
    const detector *d = t->detector;
    const shape *s = &t->output->s;
    const char *at = t->layer[t->n - 1].at;
    enum { LOSSES = sizeof d->term / sizeof *d->term };
    if (t->conf.training && d->terms != LOSSES)
        die_at(at, "a detector in training has %d losses, got %d: wanted one [rpn], [detections] and [masks] each", LOSSES, d->terms);
    if (!t->conf.training && (!d->boxes || s->d[0] != t->conf.batch * d->boxes->s.d[1] || s->d[1] != s->d[2] || s->d[3] != 1))
        die_at(at, "the output %s is not what [masks] puts out, one square map for each box of [detections]", t->output->name);
}

static void check_output(net *t)
{
    char text[64];
    if (t->conf.output) {
        char where[600];
        snprintf(where, sizeof where, "%s: net.output", t->text->path);
        t->output = resolve(t, t->conf.output, where);
    } else t->output = t->layer[t->n - 1].out;
    t->output->keep = 1;
    if (t->detector) { check_detector(t); return; }
    shape want = SHAPE4(t->conf.batch, t->conf.height, t->conf.width, t->conf.classes);
    if (!shape_same(&t->output->s, &want))
        die_at(t->layer[t->n - 1].at, "the output %s is %s, wanted %lldx%lldx%lldx%lld (batch, height, width, classes)", t->output->name,
               shape_text(&t->output->s, text), (long long)want.d[0], (long long)want.d[1], (long long)want.d[2], (long long)want.d[3]);
}

static void add_detector(net *t, cfg_section *s)
{
    detector *d = t->detector = xalloc(sizeof *d);
    detector_fill(s, &d->conf);
    const int64_t n = t->conf.batch, g = d->conf.instances;
    if (t->conf.classes < 2) die_at(s->at, "net.classes: got 1, wanted 2 or more, the background among them");
    if (d->conf.mean.n != t->conf.channels)
        die_at(s->at, "detector.mean: got %d numbers, wanted %lld, one a channel", d->conf.mean.n, (long long)t->conf.channels);
    if (t->conf.height % d->conf.multiple || t->conf.width % d->conf.multiple)
        die_at(s->at, "net.height, net.width: got %lld x %lld, wanted multiples of %lld (detector.multiple)", (long long)t->conf.height,
               (long long)t->conf.width, (long long)d->conf.multiple);
    d->extent = graph_leaf(t->g, "extent", (shape){ 2, { n, 2 } }, I32, INPUT);
    if (!t->conf.training) return;
    d->truth_boxes = graph_leaf(t->g, "truth.boxes", SHAPE4(n, g, 1, 4), REAL_TYPE, INPUT);
    d->truth_count = graph_leaf(t->g, "truth.count", SHAPE1(n), I32, INPUT);
    d->truth_class = graph_leaf(t->g, "truth.class", (shape){ 2, { n, g } }, I32, INPUT);
    d->truth_masks = graph_leaf(t->g, "truth.masks", SHAPE4(n, g, t->conf.height, t->conf.width), U8, INPUT);
}

static net *build(cfg *text, const char *const *overrides, int noverrides)
{
    static const char *const known[] = { "net", NULL };
    net *t = xalloc(sizeof *t);
    t->text = text;
    for (int i = 0; i < noverrides; i++) cfg_override(text, overrides[i], known);
    if (!text->n || strcmp(text->s[0].name, "net"))
        die_at(text->n ? text->s[0].at : text->path, "got %s%s%s, wanted [net] as the first section", text->n ? "[" : "an empty file",
               text->n ? text->s[0].name : "", text->n ? "]" : "");
    cfg_fill(&text->s[0], net_keys, &t->conf);
    cfg_check_used(&text->s[0], (const key *const[]){ net_keys }, 1);
    t->g = graph_new();
    t->input = graph_leaf(t->g, "input", SHAPE4(t->conf.batch, t->conf.height, t->conf.width, t->conf.channels), REAL_TYPE, INPUT);
    const int detects = text->n > 1 && !strcmp(text->s[1].name, "detector");
    if (detects) add_detector(t, &text->s[1]);
    for (int i = 1 + detects; i < text->n; i++) add_layer(t, &text->s[i]);
    if (!t->n) die_at(text->path, "no layer follows [net]");
    check_output(t);
    graph_views(t->g);
    return t;
}

tensor *net_extend(net *t, const char *path, const char *prefix, const char *share, tensor *input)
{
    net sub = { .text = cfg_read(path), .g = t->g, .input = input, .prefix = prefix, .share = share };
    const int before = t->g->n;
    assert(!input->of);
    if (!sub.text->n || strcmp(sub.text->s[0].name, "net")) die_at(path, "wanted [net] as the first section");
    cfg_fill(&sub.text->s[0], net_keys, &sub.conf);
    cfg_check_used(&sub.text->s[0], (const key *const[]){ net_keys }, 1);
    for (int i = 1; i < sub.text->n; i++) add_layer(&sub, &sub.text->s[i]);
    if (!sub.n) die_at(path, "no layer follows [net]");
    tensor *out = sub.conf.output ? resolve(&sub, sub.conf.output, path) : sub.layer[sub.n - 1].out;
    for (int i = before; i < t->g->n; i++) t->g->node[i]->layer = t->n - 1;
    graph_views(t->g);
    cfg_free(sub.text), free(sub.layer);
    return out;
}

net *net_load(const char *path, const char *const *overrides, int n) { return build(cfg_read(path), overrides, n); }
net *net_parse(const char *text, const char *path, const char *const *overrides, int n) { return build(cfg_parse(text, path), overrides, n); }

void net_free(net *t)
{
    if (!t) return;
    graph_free(t->g), cfg_free(t->text), free(t->layer), free(t->detector), free(t);
}

int64_t net_layer_macs(const net *t, int i)
{
    int64_t macs = 0;
    for (int k = t->layer[i].first; k < t->layer[i].first + t->layer[i].count; k++) {
        const node *n = t->g->node[k];
        if (n->op->macs) macs += n->op->macs(n);
    }
    return macs / t->conf.batch;
}

int64_t net_macs(const net *t)
{
    int64_t macs = 0;
    for (int i = 0; i < t->n; i++) macs += net_layer_macs(t, i);
    return macs;
}

char *net_text(const net *t) { return cfg_text(t->text); }

context net_context(const net *t, const device *dev)
{
    return (context){ .dev = dev, .bf16 = t->conf.precision == 1, .tf32 = t->conf.precision == 2, .stream = dev && dev->queues ? dev->queues->stream[QUEUE_KERNELS] : NULL,
                      .by = t->conf.conv, .winograd = t->conf.winograd, .loss_scale = 1 };
}

/* Nodes have come and gone: which are whose? Those of a layer still stand together. */
static void count_nodes(net *t)
{
    for (int i = 0; i < t->n; i++) t->layer[i].count = 0;
    for (int i = t->g->n; i-- > 0;) t->layer[t->g->node[i]->layer].first = i, t->layer[t->g->node[i]->layer].count++;
}

int net_inference(net *t, schedule *s)
{
    const int norms = t->conf.fold ? graph_fold(t->g) : 0;
    count_nodes(t);
    const detector *d = t->detector;
    if (d && t->conf.training) die("%s: net.training=1 is a detector's graph for training: wanted 0", t->text->path);
    if (d) schedule_forward(s, t->g, (tensor *[]){ t->output, d->boxes, d->count, d->scores, d->label }, 5);
    else schedule_forward(s, t->g, &t->output, 1);
    schedule_settle(s);
    return norms;
}

static void put_extent(const net_program *r, const int32_t extent[2])
{
    const tensor *e = r->t->detector->extent;
    int32_t *host = xalloc(e->x.size);
    for (int64_t i = 0; i < 2 * r->t->conf.batch; i++) host[i] = extent[i % 2];
    r->c.dev->put(r->c.dev, e->x.p, host, e->x.size);
    free(host);
}

net_program *net_program_new(const char *text, const char *path, const char *const *overrides, int n, const params *p, const device *d)
{
    net_program *r = xalloc(sizeof *r);
    r->t = net_parse(text, path, overrides, n);
    r->c = net_context(r->t, d);
    net_inference(r->t, &r->plan);
    params_bind(p, r->t->g);
    plan_make(&r->plan, &r->c, 1);
    r->t->input->x.p = device_alloc(d, r->t->input->x.size, "a film");
    if (r->t->detector) r->t->detector->extent->x.p = device_alloc(d, r->t->detector->extent->x.size, "a film's extent");
    plan_place(&r->plan, d);
    return r;
}

detected net_program_detected(const net_program *r)
{
    const device *d = r->c.dev;
    const detector *t = r->t->detector;
    const tensor *from[5] = { t->boxes, t->count, t->scores, t->label, r->t->output };
    const int64_t keep = t->boxes->s.d[1], size = r->t->output->s.d[1];
    detected f = { .image = xalloc_n((size_t)r->t->conf.batch, sizeof *f.image) };
    for (int i = 0; i < 5; i++) {
        f.memory[i] = xalloc(from[i]->x.size);
        d->get(d, f.memory[i], from[i]->x.p, from[i]->x.size);
    }
    for (int64_t n = 0; n < r->t->conf.batch; n++)
        f.image[n] = (found){ ((const int32_t *)f.memory[1])[n], size, (const box *)f.memory[0] + n * keep, (const real *)f.memory[2] + n * keep,
                              (const int32_t *)f.memory[3] + n * keep, (const real *)f.memory[4] + n * keep * size * size };
    return f;
}

void detected_free(detected *f)
{
    for (int i = 0; i < 5; i++) free(f->memory[i]);
    free(f->image);
}

static void paint(const net_program *r, real *output)
{
    const net_conf *c = &r->t->conf;
    detected f = net_program_detected(r);
    for (int64_t n = 0; n < c->batch; n++)
        detector_paint(&r->t->detector->conf, &f.image[n], c->height, c->width, c->classes, output + n * c->height * c->width * c->classes);
    detected_free(&f);
}

static void run_on(net_program *r, const real *input)
{
    const device *d = r->c.dev;
    d->put(d, r->t->input->x.p, input, r->t->input->x.size);
    schedule_run_part(&r->plan, &r->c, r->settled ? r->plan.fixed : 0, r->plan.n);
    r->settled = 1;
}

void net_program_detect(net_program *r, const real *input, const int32_t extent[2])
{
    put_extent(r, extent);
    run_on(r, input);
}

void net_program_run(net_program *r, const real *input, real *output)
{
    const device *d = r->c.dev;
    if (!r->t->detector) {
        run_on(r, input);
        d->get(d, output, r->t->output->x.p, r->t->output->x.size);
        return;
    }
    real *normal = xalloc(r->t->input->x.size);
    memcpy(normal, input, r->t->input->x.size);
    detector_normalise(&r->t->detector->conf, shape_volume(&r->t->input->s), normal);
    net_program_detect(r, normal, (const int32_t[]){ (int32_t)r->t->conf.height, (int32_t)r->t->conf.width });
    paint(r, output);
    free(normal);
}

void net_program_changed(net_program *r) { r->settled = 0; }

void net_program_free(net_program *r)
{
    if (!r) return;
    r->c.dev->free(r->c.dev, r->t->input->x.p);
    if (r->t->detector) r->c.dev->free(r->c.dev, r->t->detector->extent->x.p);
    schedule_free(&r->plan);
    net_free(r->t);
    free(r);
}
