/* unet_model.c - see unet_model.h. Parameters are regenerated from their reference names by golden_fill, never stored. */
#include "tests/unet_model.h"
#include "tests/golden.h"
#include "base/die.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Our parameter's name -> the reference's state_dict key. */
void reference_key(const char *name, char key[160])
{
    const char *conv = strstr(name, ".conv"), *dot = strchr(name, '.');
    if (!conv) {
        snprintf(key, 160, strncmp(name, "outc", 4) ? "%s%s" : "%.4s.conv%s",
                 strncmp(name, "outc", 4) ? name : "outc", strncmp(name, "outc", 4) ? "" : dot);
        return;
    }
    const char *rest = conv + 6, *norm = strstr(rest, ".norm");
    const char *block = !strncmp(name, "down", 4) ? ".maxpool_conv.1" : !strncmp(name, "up", 2) ? ".conv" : "";
    snprintf(key, 160, "%.*s%s.double_conv.%d%s", (int)(conv - name), name, block, (conv[5] == '2' ? 3 : 0) + (norm != NULL), norm ? norm + 5 : rest);
}

static void scale_of(const param *q, const shape *ref, double *scale, double *offset)
{
    const char *end = strrchr(q->name, '.') + 1;
    int norm = strstr(q->name, ".norm.") != NULL;
    *scale = 0.1, *offset = 0;
    if (norm && !strcmp(end, "weight")) *scale = 0.25, *offset = 1;
    else if (!strcmp(end, "running_var")) *scale = 0.5, *offset = 1;
    else if (!norm && !strcmp(end, "weight")) {
        int64_t fan = q->layout == LAYOUT_DECONV ? ref->d[0] * ref->d[2] * ref->d[3] : ref->d[1] * ref->d[2] * ref->d[3];
        *scale = sqrt(3.0 / (double)fan);
    }
}

/* The shape in the reference's layout: O,I,H,W or I,O,H,W. */
shape reference_shape(const param *q)
{
    const int64_t *d = q->s.d;
    if (q->layout == LAYOUT_CONV) return SHAPE4(d[3], d[2], d[0], d[1]);
    if (q->layout == LAYOUT_DECONV) return SHAPE4(d[0], d[3], d[1], d[2]);
    return q->s;
}

/* Where element i of the reference's layout stands in ours. */
int64_t reference_at(const param *q, const shape *r, int64_t i)
{
    if (q->layout == LAYOUT_PLAIN) return i;
    int64_t w = i % r->d[3], h = i / r->d[3] % r->d[2], b = i / (r->d[3] * r->d[2]) % r->d[1], a = i / (r->d[3] * r->d[2] * r->d[1]);
    if (q->layout == LAYOUT_CONV) return ((h * r->d[3] + w) * r->d[1] + b) * r->d[0] + a;
    return ((a * r->d[2] + h) * r->d[3] + w) * r->d[1] + b;
}

static void fill_parameters(params *p)
{
    for (int i = 0; i < p->n; i++) {
        const param *q = &p->p[i];
        shape r = reference_shape(q);
        char key[160], full[180];
        double scale, offset;
        reference_key(q->name, key);
        snprintf(full, sizeof full, "unet/%s", key);
        scale_of(q, &r, &scale, &offset);
        real *flat = xalloc_n(q->count, sizeof *flat);
        golden_fill(full, scale, offset, (int64_t)q->count, flat);
        for (int64_t j = 0; j < (int64_t)q->count; j++) p->x[q->at + (size_t)reference_at(q, &r, j)] = flat[j];
        free(flat);
    }
}

unet unet_new(const char *path, int64_t h, int64_t w, const char *tag, int how)
{
    unet m = { .c = { .dev = &device_cpu, .winograd = how == WINOGRAD, .bf16 = how == HALVES, .loss_scale = 1 } };
    char height[40], width[40], key[40];
    snprintf(height, sizeof height, "net.height=%lld", (long long)h);
    snprintf(width, sizeof width, "net.width=%lld", (long long)w);
    const char *set[] = { "net.batch=1", height, width };
    m.t = net_load(path, set, 3);
    graph *g = m.t->g;
    m.truth = graph_leaf(g, "truth", SHAPE4(1, h, w, 1), U8, INPUT);
    tensor *in[2] = { m.t->output, m.truth };
    void *conf = xalloc(4096);
    key_words(op_find("cross_entropy")->keys, conf, " ", "test");
    m.ce = graph_add(g, op_find("cross_entropy"), "ce", "test", 2, in, conf);
    key_words(op_find("dice")->keys, conf, "type=milesial", "test");
    m.dice = graph_add(g, op_find("dice"), "dice", "test", 2, in, conf);
    key_words(op_find("total")->keys, conf, "weights=1,1", "test");
    m.loss = graph_add(g, op_find("total"), "loss", "test", 2, (tensor *[]){ m.ce, m.dice }, conf);
    free(conf);
    m.p = params_new(g, &device_cpu, 1);
    fill_parameters(m.p);
    params_bind(m.p, g);
    tensor *wrt[512];
    int n = 0;
    for (int i = 0; i < g->nt; i++) if (g->tensor[i]->role == PARAM) wrt[n++] = g->tensor[i];
    schedule_forward(&m.plan, g, (tensor *[]){ m.loss, m.t->output }, 2);
    m.forward = m.plan.n;
    schedule_backward(&m.plan, g, m.loss, wrt, n);
    plan_make(&m.plan, &m.c, 0);                               /* apart: features are looked at after the run */
    m.t->input->x.p = xalloc(m.t->input->x.size), m.truth->x.p = xalloc(m.truth->x.size);
    plan_place(&m.plan, &device_cpu);
    for (int64_t i = 0; i < h * w; i++) {
        snprintf(key, sizeof key, "unet/x/%s", tag);
        ((real *)m.t->input->x.p)[i] = (real)golden_u01(key, i);
        snprintf(key, sizeof key, "unet/y/%s", tag);
        ((uint8_t *)m.truth->x.p)[i] = (uint8_t)(2 * golden_u01(key, i));
    }
    return m;
}

void unet_free(unet *m)
{
    free(m->t->input->x.p), free(m->truth->x.p);
    schedule_free(&m->plan), params_free(m->p), net_free(m->t);
}
